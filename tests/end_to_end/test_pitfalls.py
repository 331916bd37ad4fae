"""Traps that users of the peers fell into, lived through on worlds that can be worked out by hand.

Those of Jira's census, moved issues and long changelogs are in tests/ingestion/test_jira_source.py; of quotas and of
GraphQL's costs (12, 13) in tests/ingestion; of delivery metrics (14 to 17, 22) in test_delivery_pitfalls.py; of people
(24, 30) in test_people.py. The numbers are those of the collection of such traps that the project was built after.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Server, serve
from sandbox.world import GithubWorld, Review, World
from tests.ingestion.nights import Nights, errors, github_connection, jira_connection
from tests.sandbox.tiny_world import (
    BEN,
    CLOCK,
    at,
    commit,
    github,
    issue,
    jira,
    many_issues,
    many_pull_requests,
    move,
    oid,
    tiny_world,
)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


@pytest.fixture
def tiny() -> Iterator[Server]:
    with serve(tiny_world(), clock=at("02-05T02:00")) as server:
        yield server


def pull_requests(nights: Nights, member: str) -> dict[str, Any]:
    return dict(nights.query(f"select id, payload->>'{member}' from raw_github.pull_requests order by id"))


def test_token_paging_gives_every_issue_once(nights: Nights) -> None:
    with serve(many_issues(331), clock=CLOCK) as server:
        connection = jira_connection(server.jira_url)
        assert errors(nights.run(connection, CLOCK)) == {}
        pages = [r for r in server.requests if r["path"].endswith("search/jql")]
    assert [row[0] for row in nights.raw("jira.issues", "id")] == sorted(str(5000 + n) for n in range(1, 332))
    assert len(pages) == 4 + 1, "four pages of issues and one of the census"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_time_zone_of_the_api_user_loses_nothing(tmp_path: Path, zone: str) -> None:
    world = many_issues(48)
    assert world.jira is not None
    world.jira.time_zone = zone
    nights = Nights(tmp_path)
    for number, one in enumerate(world.jira.issues):
        when = at("02-01") + timedelta(hours=number)
        one.histories.append(replace(move(str(900 + number), "02-01", "To Do", "Done"), created=when))
    with serve(world, clock=at("01-31")) as server:
        for hours in range(0, 60, 20):
            server.clock = at("01-31") + timedelta(hours=hours + 22)
            server.refresh()
            assert errors(nights.run(jira_connection(server.jira_url), server.clock)) == {}
        server.clock = at("02-04")
        assert errors(nights.run(jira_connection(server.jira_url), server.clock)) == {}
    done = nights.query("select count(*) from raw_jira.issues where payload->>'$.fields.status.name' = 'Done'")
    assert done == [(48,)]
    changelogs = nights.query(
        "select count(*) from raw_jira.changelogs where (payload->>'$.histories[0].id') is not null"
    )
    assert changelogs == [(48,)]


def test_left_truncation_takes_what_was_open(nights: Nights) -> None:
    world = World(CLOCK, jira(), github())
    assert world.jira is not None
    started, finished = move("910", "01-03", "To Do", "In Progress"), move("911", "01-04", "In Progress", "Done")
    world.jira.issues.append(issue("900", "SHOP-9", "01-02", started, finished))
    start = date(2026, 2, 8)
    with serve(world, clock=at("02-09")) as server:
        assert errors(nights.run(jira_connection(server.jira_url, start_date=start), server.clock)) == {}
        assert errors(nights.run(github_connection(server, start_date=start), server.clock)) == {}
    found = dict(nights.query("select id, payload->>'$.fields.status.name' from raw_jira.issues"))
    assert found == {"1002": "In Progress", "1003": "To Do", "1004": "To Do"}, "done before the start: not read"
    changes = nights.query("select payload->>'$.histories[0].id' from raw_jira.changelogs where id = '1002'")
    assert changes == [("203",)], "the history of an open issue is whole, also from before the start"
    assert pull_requests(nights, "$.state")["PR_3"] == "OPEN", "open since before the start date"


def test_pitfall_07_open_pull_request_is_read_again_until_it_is_merged(nights: Nights) -> None:
    world = GithubWorld([github().repositories[0]])
    request = world.repositories[0].pull_requests[1]
    request.updated_at = at("02-20T09:00")  # as on a host whose merge leaves no trace in `updatedAt`
    with serve(World(CLOCK, github=world), clock=at("02-21")) as server:
        connection = github_connection(server)
        assert errors(nights.run(connection, server.clock)) == {}
        assert pull_requests(nights, "$.state")["PR_2"] == "OPEN"
        request.merged_at = request.closed_at = at("02-21T10:00")
        request.merge_commit_oid = oid(3)
        server.clock = at("02-22")
        server.refresh()
        assert errors(nights.run(connection, server.clock)) == {}
    assert pull_requests(nights, "$.state")["PR_2"] == "MERGED"


def test_pitfall_08_commits_and_reviews_added_without_an_update_are_read(nights: Nights) -> None:
    world = GithubWorld([github().repositories[0]])
    request = world.repositories[0].pull_requests[1]
    request.updated_at = at("02-20T09:00")
    with serve(World(CLOCK, github=world), clock=at("02-21")) as server:
        connection = github_connection(server)
        assert errors(nights.run(connection, server.clock)) == {}
        request.commits.append(commit(22, "02-21T08:00", oid(21)))
        request.reviews.append(Review("PRR_9", BEN, "APPROVED", at("02-21T09:00")))
        server.clock = at("02-22")
        server.refresh()
        assert errors(nights.run(connection, server.clock)) == {}
        rows = nights.query(
            "select payload->>'$.updatedAt', payload->>'$.commits.nodes[1].commit.oid', "
            "payload->>'$.reviews.nodes[0].id' from raw_github.pull_requests where id = 'PR_2'"
        )
    assert rows == [("2026-02-20T09:00:00Z", oid(22), "PRR_9")]


def test_rows_missing_though_green_cannot_be(nights: Nights) -> None:
    """The night's copy against the vendor's own count, per project, and after issues that a page jumped over."""
    world = many_issues(260)
    assert world.jira is not None
    with serve(world, clock=CLOCK) as server:
        connection = jira_connection(server.jira_url)
        assert errors(nights.run(connection, CLOCK)) == {}
        with nights.warehouse() as warehouse:  # as if a page had jumped over them
            warehouse.query("delete from raw_jira.issues where id in ('5100', '5101', '5102')")
        later = CLOCK + timedelta(days=1)
        server.clock = later
        assert errors(nights.run(connection, later)) == {}
        counted = server.jira.count  # type: ignore[union-attr]
        assert b'"count":260' in bytes(counted(None, {"jql": 'project = "SHOP"'}).body)  # type: ignore[arg-type]
    assert nights.query("select count(*) from raw_jira.issues") == [(260,)]
    assert nights.query("select payload->>'$.known', payload->>'$.missing' from raw_jira.project_availability "
                        "where id = 'SHOP'") == [("260", "0")]  # fmt: skip


@pytest.mark.parametrize("named", [True, False])
def test_pitfall_11_deleted_repository_does_not_poison_the_night(nights: Nights, named: bool) -> None:
    world = many_pull_requests(7)
    assert world.github is not None
    (shop,) = world.github.repositories
    other = replace(
        shop, id="R_9", name_with_owner="acme/pay", renamed_from=[], issues=[], deployments=[], pull_requests=[
            replace(shop.pull_requests[0], id="PR_pay", updated_at=None)
        ],
    )  # fmt: skip
    world.github.repositories.append(other)
    names = ("acme/shop", "acme/pay") if named else ("acme/*",)
    with serve(world, clock=CLOCK) as server:
        connection = github_connection(server, names)
        assert errors(nights.run(connection, CLOCK)) == {}
        shop.deleted_at = CLOCK + timedelta(hours=1)
        other.pull_requests[0].closed_at = CLOCK + timedelta(hours=2)
        later = CLOCK + timedelta(days=1)
        server.clock = later
        server.refresh()
        runs = nights.run(connection, later)
        if named:
            assert runs["repositories"].status == "stale"
            assert "repository acme/shop cannot be seen" in str(runs["repositories"].error)
            assert "check the name, and that the token may read it" in str(runs["repositories"].cure)
        assert {name: text for name, text in errors(runs).items() if name != "repositories"} == {}
    states = pull_requests(nights, "$.state")
    assert states.pop("PR_pay") == "CLOSED", "the other repository goes on"
    assert set(states.values()) == {"OPEN"} and len(states) == 7, "what was read of it stays"


def test_pitfall_11_transferred_pull_request_keeps_its_rows_and_the_night_goes_on(nights: Nights) -> None:
    world = many_pull_requests(5)
    assert world.github is not None
    (shop,) = world.github.repositories
    with serve(world, clock=CLOCK) as server:
        connection = github_connection(server)
        assert errors(nights.run(connection, CLOCK)) == {}
        gone = shop.pull_requests.pop(2)
        shop.pull_requests[0].merged_at = shop.pull_requests[0].closed_at = CLOCK + timedelta(hours=2)
        server.clock = CLOCK + timedelta(days=1)
        server.refresh()
        assert errors(nights.run(connection, server.clock)) == {}
    states = pull_requests(nights, "$.state")
    assert states[gone.id] == "OPEN"
    assert states["PR_0001"] == "MERGED"
    assert len(states) == 5


def test_renamed_repository_stays_the_same(tiny: Server, nights: Nights) -> None:
    tiny.clock = datetime.fromisoformat("2026-01-31T02:00:00+00:00")
    connection = github_connection(tiny)
    assert errors(nights.run(connection, tiny.clock)) == {}
    before = nights.raw("github.repositories", "id, payload->>'$.nameWithOwner'")
    tiny.clock = at("02-05T02:00")
    assert errors(nights.run(connection, tiny.clock)) == {}
    after = nights.raw("github.repositories", "id, payload->>'$.nameWithOwner'")
    assert before == [("R_1", "acme/store"), ("R_2", "acme/empty")]
    assert after == [("R_1", "acme/shop"), ("R_2", "acme/empty")]
    assert nights.query("select count(distinct id), count(*) from raw_github.pull_requests") == [(2, 2)]
