from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.server import Server, serve
from sandbox.world import GithubWorld, Release, Repository, Tag, World
from tests.ingestion.nights import Nights, errors, github_connection
from tests.sandbox.tiny_world import ANN, CLOCK, at, commit, oid, tiny_world

DAY = timedelta(days=1)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def payloads(nights: Nights, stream: str) -> dict[str, dict]:
    return {id_: json.loads(payload) for id_, _, payload in nights.raw(f"github.{stream}")}


def asked(server: Server) -> list[str]:
    found = [r["operation"] for r in server.requests if r["operation"] in ("Releases", "Tags")]
    server.requests.clear()
    return found


def many(count: int) -> World:
    """acme/often: a commit a day from 01-01 on, each with a tag and a release."""
    repository = Repository("R_7", "acme/often", at("01-01"))
    for n in range(count):
        when = at("01-01") + timedelta(hours=n)
        made = replace(commit(n + 1, "01-01"), committed_at=when, visible_at=when)
        repository.commits.append(made)
        repository.releases.append(Release(f"RE_{n}", f"v{n}", made.oid, when, when, when, author=ANN))
        repository.tags.append(Tag(f"v{n}", made.oid, when, when))
    return World(CLOCK, github=GithubWorld([repository]))


def test_releases_and_tags_land_with_their_commit_and_times(nights: Nights) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        assert errors(nights.run(github_connection(server), CLOCK)) == {}
    releases = payloads(nights, "releases")
    assert sorted(releases) == ["RE_1", "RE_2", "RE_3"]
    assert releases["RE_1"]["tagCommit"]["oid"] == oid(2)
    assert (releases["RE_1"]["createdAt"], releases["RE_1"]["publishedAt"]) == (
        "2026-01-12T09:00:00Z", "2026-01-13T09:30:00Z",
    )  # fmt: skip
    assert (releases["RE_2"]["isPrerelease"], releases["RE_3"]["isDraft"]) == (True, True)
    tags = {tag["name"]: tag for tag in payloads(nights, "tags").values()}
    assert (tags["v1.0"]["oid"], tags["v1.0"]["isAnnotated"], tags["v1.0"]["taggedAt"]) == (
        oid(2), True, "2026-01-13T09:00:00Z",
    )  # fmt: skip
    assert (tags["v1.1-rc.1"]["oid"], tags["v1.1-rc.1"]["isAnnotated"], tags["v1.1-rc.1"]["taggedAt"]) == (
        oid(3), False, None,
    )  # fmt: skip


def test_a_draft_is_looked_at_until_it_is_published(nights: Nights) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        connection = github_connection(server)
        for days in range(5):
            server.clock = CLOCK + days * DAY
            nights.run(connection, server.clock)
        assert payloads(nights, "releases")["RE_3"]["publishedAt"] == "2026-03-05T00:00:00Z"
        asked(server)
        nights.run(connection, server.clock + timedelta(hours=1))
        assert asked(server) == []


def test_one_that_is_gone_is_deleted_and_one_that_is_back_is_not(nights: Nights) -> None:
    world = many(40)
    repository = world.github.repositories[0]
    gone, tag = repository.releases[39], repository.tags[39]
    with serve(world, clock=CLOCK) as server:
        connection = github_connection(server)
        nights.run(connection, CLOCK)
        repository.releases.remove(gone)
        repository.tags.remove(tag)
        server.refresh()
        nights.run(connection, CLOCK + DAY)  # the newest is another one: what is new is read, which shows no deletion
        assert "isDeleted" not in payloads(nights, "releases")["RE_39"]
        nights.run(connection, CLOCK + 7 * DAY)
        found = payloads(nights, "releases")
        assert found["RE_39"]["isDeleted"] and found["RE_39"]["missingSince"].startswith("2026-03-09")
        assert [id_ for id_, release in found.items() if release.get("isDeleted")] == ["RE_39"]
        assert [t["name"] for t in payloads(nights, "tags").values() if t.get("isDeleted")] == ["v39"]
        repository.releases.append(gone)
        server.refresh()
        nights.run(connection, CLOCK + 8 * DAY)
        assert "isDeleted" not in payloads(nights, "releases")["RE_39"]


def test_many_missing_at_once_are_deleted_only_when_a_later_night_confirms_it(nights: Nights) -> None:
    world = many(40)
    repository = world.github.repositories[0]
    with serve(world, clock=CLOCK) as server:
        connection = github_connection(server)
        nights.run(connection, CLOCK)
        kept = repository.releases
        repository.releases = kept[:20]
        server.refresh()
        nights.run(connection, CLOCK + 7 * DAY)
        found = payloads(nights, "releases").values()
        assert (sum("missingSince" in r for r in found), sum("isDeleted" in r for r in found)) == (20, 0)
        repository.releases = kept[:30]
        server.refresh()
        nights.run(connection, CLOCK + 8 * DAY)
        found = payloads(nights, "releases").values()
        assert (sum("missingSince" in r for r in found), sum("isDeleted" in r for r in found)) == (10, 10)
        assert {r["missingSince"][:10] for r in found if "isDeleted" in r} == {"2026-03-09"}
        asked(server)
        nights.run(connection, CLOCK + 9 * DAY)
        assert asked(server) == []


def test_new_ones_are_read_without_all_the_old_ones(nights: Nights) -> None:
    world = many(350)
    repository = world.github.repositories[0]
    with serve(world, clock=CLOCK + 60 * DAY) as server:
        connection = github_connection(server)
        nights.run(connection, CLOCK + 60 * DAY)
        assert len(payloads(nights, "releases")) == 350 and asked(server) == ["Releases"] * 4 + ["Tags"] * 4
        when = CLOCK + 60 * DAY
        repository.releases.append(Release("RE_new", "v-new", oid(350), when, when, when))
        repository.tags.append(Tag("v-new", oid(350), when, when))
        server.clock = CLOCK + 61 * DAY
        server.refresh()
        nights.run(connection, server.clock)
        assert len(payloads(nights, "releases")) == 351 and asked(server) == ["Releases", "Tags"]
