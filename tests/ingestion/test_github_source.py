from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion.client import Client
from ingestion.sources import github_queries as queries
from ingestion.sources.github import (
    GITHUB,
    PARENTS_PER_CHILD_QUERY,
    PULL_REQUESTS_PER_PAGE,
    PULL_REQUESTS_PER_REREAD,
)
from ingestion.stream import Page, Request
from sandbox.faults import Faults
from sandbox.github_graphql import MOST_NODES, Query
from sandbox.github_state import MOST_FILES
from sandbox.server import serve
from sandbox.world import (
    ChangedFile,
    DeploymentStatus,
    GithubWorld,
    PullRequest,
    Repository,
    Review,
    TimelineEvent,
    World,
)
from tests.ingestion.nights import Nights, errors, github_connection
from tests.ingestion.specs import github_schema, needs_specs
from tests.sandbox.tiny_world import ANN, BEN, CLOCK, at, commit, oid, tiny_world

NIGHT = CLOCK
NEXT = CLOCK + timedelta(days=1)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def payloads(nights: Nights, stream: str) -> dict[str, dict]:
    return {id_: json.loads(payload) for id_, _, payload in nights.raw(f"github.{stream}")}


def busy(count: int, *, children: int = 2, files: int | None = None) -> World:
    """acme/busy with `count` merged pull requests, each with a few commits, reviews, events and files."""
    pull_requests = []
    for n in range(1, count + 1):
        opened = at("01-02") + timedelta(minutes=n)
        pull_requests.append(
            PullRequest(
                f"PR_{n}", n, f"Change {n}", "", ANN, opened, "main", f"b{n}",
                commits=[commit(n * 1000 + i, "01-01T09:00") for i in range(children)],
                reviews=[
                    Review(f"R_{n}_{i}", BEN, "COMMENTED", opened + timedelta(minutes=i)) for i in range(children)
                ],
                timeline=[
                    TimelineEvent(f"E_{n}_{i}", "ReviewRequestedEvent", opened, ANN, {"requestedReviewer": "ben"})
                    for i in range(children)
                ],
                changed_files=children if files is None else files,
                files=[ChangedFile(f"src/{i}.py", i, 1) for i in range(children if files is None else files)],
                closed_at=opened + timedelta(days=1), merged_at=opened + timedelta(days=1),
            )
        )  # fmt: skip
    return World(CLOCK, None, GithubWorld([Repository("R_9", "acme/busy", at("01-01"), pull_requests=pull_requests)]))


def test_everything_of_the_tiny_world_lands(nights: Nights) -> None:
    with serve(tiny_world(), clock=NIGHT) as server:
        runs = nights.run(github_connection(server), NIGHT)
    assert errors(runs) == {}
    repositories = payloads(nights, "repositories")
    assert sorted(r["nameWithOwner"] for r in repositories.values()) == ["acme/empty", "acme/shop"]
    first = payloads(nights, "pull_requests")[min(payloads(nights, "pull_requests"))]
    assert first["number"] == 1 and first["mergedAt"] and first["mergeCommit"]["oid"] == oid(2)
    assert [node["name"] for node in first["labels"]["nodes"]] == ["feature"]
    assert [node["state"] for node in first["reviews"]["nodes"]] == ["CHANGES_REQUESTED", "APPROVED"]
    assert [node["commit"]["oid"] for node in first["commits"]["nodes"]] == [oid(11), oid(12)]
    assert {node["__typename"] for node in first["timelineItems"]["nodes"]} == {
        "ReviewRequestedEvent", "HeadRefForcePushedEvent", "MergedEvent", "ClosedEvent",
    }  # fmt: skip
    assert not any("pageInfo" in first[name] for name in queries.CHILDREN["PullRequest"])
    deployments = payloads(nights, "deployments").values()
    assert {d["environment"]: sorted(n["state"] for n in d["statuses"]["nodes"]) for d in deployments} == {
        "production": ["INACTIVE", "IN_PROGRESS", "SUCCESS"], "staging": ["FAILURE"],
    }  # fmt: skip
    assert [i["title"] for i in payloads(nights, "issues").values()] == ["Cart is slow"]
    assert {f"acme/shop@{oid(n)}" for n in (1, 2, 3)} <= set(payloads(nights, "commits"))


def test_commit_lands_without_names_and_addresses(nights: Nights) -> None:
    with serve(tiny_world(), clock=NIGHT) as server:
        nights.run(github_connection(server), NIGHT)
    found = payloads(nights, "commits")[f"acme/shop@{oid(1)}"]
    assert set(found) == {
        "sha", "commit", "parents", "author", "committer", "repository", "co_authors", "reverts",
    }  # fmt: skip
    assert set(found["commit"]) == {"author", "committer", "message"}
    assert set(found["commit"]["author"]) == {"date"} and set(found["author"]) == {"login", "type"}
    assert "@example" not in json.dumps(found)


def test_description_and_messages_of_a_pull_request_leave_what_they_revert_and_who_helped(nights: Nights) -> None:
    world = busy(1)
    pull_request = world.github.repositories[0].pull_requests[0]
    pull_request.body = "Reverts acme/busy#7, as Ann asked. This reverts commit 0123abc."
    pull_request.commits[0].message = "Undo\n\nThis reverts commit 89abcdef.\n\nCo-authored-by: Copilot <c@github.com>"
    with serve(world, clock=NIGHT) as server:
        nights.run(github_connection(server), NIGHT)
    landed = payloads(nights, "pull_requests")["PR_1"]
    assert landed["reverts"] == ["acme/busy#7", "0123abc", "89abcdef"] and landed["coAuthors"] == ["Copilot"]
    assert [node["commit"]["messageHeadline"] for node in landed["commits"]["nodes"]] == ["Undo", "Change 1001"]
    assert "body" not in landed and "as Ann asked" not in json.dumps(landed) and "Details" not in json.dumps(landed)


def test_children_beyond_the_first_page_are_completed(nights: Nights) -> None:
    with serve(busy(3, children=130), clock=NIGHT) as server:
        runs = nights.run(github_connection(server), NIGHT)
    assert errors(runs) == {}
    for pull_request in payloads(nights, "pull_requests").values():
        for name in ("reviews", "commits", "timelineItems", "files"):
            nodes = pull_request[name]["nodes"]
            assert len(nodes) == 130 and len({json.dumps(node) for node in nodes}) == 130


def test_files_land_as_path_and_counts(nights: Nights) -> None:
    with serve(tiny_world(), clock=NIGHT) as server:
        assert errors(nights.run(github_connection(server), NIGHT)) == {}
    landed = {pull["number"]: pull["files"] for pull in payloads(nights, "pull_requests").values()}
    assert landed[1] == {
        "nodes": [
            {"path": "src/cart.py", "additions": 6, "deletions": 2},
            {"path": "tests/test_cart.py", "additions": 1, "deletions": 0},
            {"path": "uv.lock", "additions": 3, "deletions": 0},
        ]
    }
    assert landed[2] == {"nodes": []}


def test_files_are_read_to_githubs_limit_and_no_further(nights: Nights) -> None:
    with serve(busy(2, files=MOST_FILES + 50), clock=NIGHT) as server:
        assert errors(nights.run(github_connection(server), NIGHT)) == {}
        pages = [r for r in server.requests if r["operation"] == "PullRequestChildren"]
    for pull_request in payloads(nights, "pull_requests").values():
        assert pull_request["changedFiles"] == MOST_FILES + 50
        assert len({node["path"] for node in pull_request["files"]["nodes"]}) == MOST_FILES
    assert len(pages) == 2 * (MOST_FILES / 100 - 1)  # of both at a time, by the listing and by the last look


def test_pull_request_without_a_list_of_files_lands_with_none(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    send = Client.send

    def without_files(self: Client, request: Request, **more: bool) -> Page:
        page = send(self, request, **more)
        listed = (page.body["data"].get("node") or {}).get("pullRequests") if request.graphql else None
        for node in (listed or {}).get("nodes") or ():
            node["files"] = None
        return page

    monkeypatch.setattr(Client, "send", without_files)
    with serve(tiny_world(), clock=NIGHT) as server:
        assert errors(nights.run(github_connection(server), NIGHT)) == {}
    first = next(pull for pull in payloads(nights, "pull_requests").values() if pull["number"] == 1)
    assert first["files"] == {"nodes": []} and first["changedFiles"] == 3


def test_pushed_commits_bring_their_files(nights: Nights) -> None:
    """An open pull request is read again each night, so that its files follow its commits though nothing else moved."""
    world = tiny_world()
    second = world.github.repositories[0].pull_requests[1]
    with serve(world, clock=NIGHT) as server:
        connection = github_connection(server)
        nights.run(connection, NIGHT)
        second.files, second.additions = [ChangedFile("package.json", 1, 1)], 1
        server.clock = NEXT
        server.refresh()
        assert errors(nights.run(connection, NEXT)) == {}
    landed = {pull["number"]: pull["files"]["nodes"] for pull in payloads(nights, "pull_requests").values()}
    assert landed[2] == [{"path": "package.json", "additions": 1, "deletions": 1}]


def test_largest_page_of_pull_requests_stays_far_below_githubs_node_limit() -> None:
    page = Query(queries.PULL_REQUESTS, {"repository": "R_1", "first": PULL_REQUESTS_PER_PAGE}, None)
    again = Query(queries.PULL_REQUESTS_AGAIN, {"ids": ["PR_1"] * PULL_REQUESTS_PER_REREAD}, None)
    everything = [dict.fromkeys(queries.CHILDREN["PullRequest"], "x")] * PARENTS_PER_CHILD_QUERY
    text = queries.children_query("PullRequest", everything)
    asked = {f"id{n}": "PR_1" for n in range(PARENTS_PER_CHILD_QUERY)}
    asked |= {f"c{n}_{name}": "x" for n in range(PARENTS_PER_CHILD_QUERY) for name in everything[0]}
    for query in (page, again, Query(text, asked, None)):
        assert query.nodes < MOST_NODES / 20


def test_pitfall_13_first_load_stays_within_its_request_budget(nights: Nights) -> None:
    with serve(busy(1000), clock=NIGHT) as server:
        runs = nights.run(github_connection(server), NIGHT)
        assert errors(runs) == {} and len(server.requests) <= 60
        assert server.requests and sum(r["cost"] or 0 for r in server.requests) <= 500
    assert nights.query("select count(*) from raw_github.pull_requests") == [(1000,)]


def test_unchanged_night_reads_the_open_ones_again_and_changes_no_row(nights: Nights) -> None:
    with serve(tiny_world(), clock=NIGHT) as server:
        connection = github_connection(server)
        nights.run(connection, NIGHT)
        tables = [stream.name for stream in GITHUB.streams]
        before = [nights.query(f"select * from raw_github.{table} order by id") for table in tables]
        seen = len(server.requests)
        runs = nights.run(connection, NIGHT + timedelta(minutes=1))
        operations = [request["operation"] for request in server.requests[seen:]]
    assert errors(runs) == {}
    assert [operation for operation in operations if not operation.startswith("/")] == [
        "OwnerRepositories", "PullRequestsAgain",
        "Releases",  # one is a draft
    ]  # fmt: skip
    assert sorted(operation.removeprefix("/api/v3") for operation in operations if operation.startswith("/")) == [
        "/orgs/acme/code-scanning/alerts", "/orgs/acme/dependabot/alerts", "/orgs/acme/secret-scanning/alerts",
        "/repos/acme/empty/actions/runs", "/repos/acme/shop/actions/runs",
    ]  # fmt: skip
    assert [nights.query(f"select * from raw_github.{table} order by id") for table in tables] == before


def test_merge_that_moved_nothing_else_is_seen(nights: Nights) -> None:
    world = tiny_world()
    with serve(world, clock=NIGHT) as server:
        connection = github_connection(server)
        nights.run(connection, NIGHT)
        second = world.github.repositories[0].pull_requests[1]
        second.merged_at = second.closed_at = NIGHT + timedelta(minutes=30)
        second.updated_at = at("02-20T09:00")  # the vendor forgot to move it
        server.clock = NEXT
        server.refresh()
        assert errors(nights.run(connection, NEXT)) == {}
    states = {p["number"]: p["state"] for p in payloads(nights, "pull_requests").values()}
    assert states == {1: "MERGED", 2: "MERGED", 3: "OPEN"}


def test_status_that_comes_after_weeks_of_work_is_read(nights: Nights) -> None:
    world = tiny_world()
    deployment = world.github.repositories[0].deployments[1]
    deployment.statuses[0] = DeploymentStatus("DS_4", "IN_PROGRESS", at("02-14T09:05"))
    with serve(world, clock=NIGHT) as server:
        connection = github_connection(server)
        nights.run(connection, NIGHT)
        deployment.statuses.append(DeploymentStatus("DS_9", "SUCCESS", NIGHT + timedelta(hours=1)))
        server.clock = NEXT
        server.refresh()
        runs = nights.run(connection, NEXT)
    assert errors(runs) == {} and runs["deployments"].requests == 1
    found = [d for d in payloads(nights, "deployments").values() if d["environment"] == "staging"]
    assert {status["state"] for status in found[0]["statuses"]["nodes"]} == {"IN_PROGRESS", "SUCCESS"}


def test_new_commits_come_by_comparing_heads(nights: Nights) -> None:
    world = tiny_world()
    repository = world.github.repositories[0]
    with serve(world, clock=NIGHT) as server:
        connection = github_connection(server)
        nights.run(connection, NIGHT)
        before = set(payloads(nights, "commits"))
        repository.commits.append(commit(4, "03-02T12:00", oid(3)))
        server.clock = NEXT
        server.refresh()
        runs = nights.run(connection, NEXT)
        assert errors(runs) == {} and runs["commits"].records == 1 and runs["commits"].requests == 1
        assert set(payloads(nights, "commits")) - before == {f"acme/shop@{oid(4)}"}
        assert any("/compare/" in request["path"] for request in server.requests)


def test_head_that_no_longer_exists_falls_back_to_the_listing(nights: Nights) -> None:
    world = tiny_world()
    repository = world.github.repositories[0]
    with serve(world, clock=NIGHT) as server:
        connection = github_connection(server)
        nights.run(connection, NIGHT)
        repository.commits[2] = commit(5, "03-02T12:00", oid(2))
        server.clock = NEXT
        server.refresh()
        runs = nights.run(connection, NEXT)
    assert errors(runs) == {}
    assert f"acme/shop@{oid(5)}" in payloads(nights, "commits")


def test_unknown_repository_is_told_and_the_others_are_read(nights: Nights) -> None:
    with serve(tiny_world(), clock=NIGHT) as server:
        runs = nights.run(github_connection(server, ["acme/shop", "acme/shopp", "nobody/*"]), NIGHT)
    assert runs["repositories"].status == "failed"
    assert (runs["repositories"].error or "").splitlines() == [
        "repository acme/shopp cannot be seen", "no repository matches nobody/*",
    ]  # fmt: skip
    assert runs["pull_requests"].status == "ok" and runs["pull_requests"].records > 0


def test_renamed_repository_stays_the_same_one(nights: Nights) -> None:
    world = tiny_world()
    with serve(world, clock=at("01-31")) as server:
        nights.run(github_connection(server), at("01-31"))
        assert [p["repository"]["nameWithOwner"] for p in payloads(nights, "pull_requests").values()] == ["acme/store"]
        server.clock = NIGHT
        assert errors(nights.run(github_connection(server), NIGHT)) == {}
    assert len(payloads(nights, "repositories")) == 2 and len(payloads(nights, "pull_requests")) == 3


def test_faults_change_no_row(tmp_path: Path) -> None:
    tables = [stream.name for stream in GITHUB.streams]
    found = []
    for seed in (None, 1, 2, 3):
        faults = Faults(seed, rate=0.4, slow_seconds=0.01) if seed else None
        shaken = Nights(tmp_path / str(seed))
        with serve(busy(130), clock=NIGHT, faults=faults) as server:
            assert errors(shaken.run(github_connection(server), NIGHT)) == {}
        found.append([shaken.raw(f"github.{table}", "id, payload->>'$.number'") for table in tables])
    assert found[1:] == found[:1] * 3


@needs_specs
def test_every_query_is_valid_in_githubs_schema(nights: Nights) -> None:
    from graphql import parse, validate

    texts = set()
    send = Client.send

    def spy(self: Client, request: Request, **more):
        if request.graphql:
            texts.add(request.json["query"])  # type: ignore[index]
        return send(self, request, **more)

    with serve(busy(3, children=60), clock=NIGHT) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "send", spy)
        nights.run(github_connection(server, ["acme/busy", "acme/*"]), NIGHT)
    texts |= {
        queries.VIEWER,
        queries.PULL_REQUESTS_AGAIN,
        queries.DEPLOYMENTS_AGAIN,
        queries.DEPLOYMENTS,
        queries.ISSUES,
    }
    texts.add(queries.children_query("Deployment", [{"statuses": "x"}]))
    texts.add(queries.children_query("Issue", [{"labels": "x"}, {"labels": "y"}]))
    assert len(texts) >= 9
    for text in texts:
        assert validate(github_schema(), parse(text)) == [], text
