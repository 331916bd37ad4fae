from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.client import Client
from ingestion.errors import RepeatedPage
from ingestion.pagination import LinkHeaderInWindow
from ingestion.sources.github import GITHUB
from ingestion.sources.github_actions import may_deploy
from ingestion.stream import Page, Request
from sandbox.faults import Faults
from sandbox.server import Server, serve
from sandbox.world import GithubWorld, Repository, RunAttempt, WorkflowRun, World
from tests.ingestion.nights import Nights, errors, github_connection
from tests.ingestion.specs import github_rest, needs_specs
from tests.sandbox.tiny_world import ANN, CLOCK, at, attempt, oid, run, tiny_world
from tests.sandbox.tiny_world import shop as tiny_shop

DAY = timedelta(days=1)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def payloads(nights: Nights, stream: str) -> dict[str, dict]:
    return {id_: json.loads(payload) for id_, _, payload in nights.raw(f"github.{stream}")}


def asked(server: Server) -> list[str]:
    found = [r["path"].partition("/acme/")[2] for r in server.requests if "/actions/" in r["path"]]
    server.requests.clear()
    return found


def busy(*runs: WorkflowRun) -> World:
    """acme/busy with these runs."""
    return World(CLOCK, github=GithubWorld([Repository("R_9", "acme/busy", at("01-01"), workflow_runs=list(runs))]))


def minutes(count: int, *, seconds: int = 60) -> World:
    """acme/busy with a run every minute from 01-02 on."""
    runs = []
    for n in range(count):
        begun = at("01-02") + n * timedelta(seconds=seconds)
        passed = RunAttempt(begun, begun + timedelta(minutes=3), "success")
        runs.append(run(1000 + n, "CI", "push", "main", oid(1), passed))
    return busy(*runs)


# --- runs and attempts --------------------------------------------------------------------------------------------
def test_every_attempt_is_a_row_and_all_carry_the_runs_creation(nights: Nights) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        assert errors(nights.run(github_connection(server), CLOCK)) == {}
    rows = payloads(nights, "workflow_runs")
    assert {id_: (row["conclusion"], row["created_at"], row["run_started_at"]) for id_, row in rows.items()} == {
        "9001:1": ("success", "2026-01-09T09:01:00Z", "2026-01-09T09:01:00Z"),
        "9002:1": ("failure", "2026-01-12T09:01:00Z", "2026-01-12T09:01:00Z"),
        "9002:2": ("success", "2026-01-12T09:01:00Z", "2026-01-12T09:20:00Z"),
        "9003:1": ("failure", "2026-01-13T08:55:00Z", "2026-01-13T08:55:00Z"),
        "9003:2": ("success", "2026-01-13T08:55:00Z", "2026-01-13T09:30:00Z"),
        "9004:1": (None, "2026-03-02T01:30:00Z", "2026-03-02T01:30:00Z"),
    }
    assert {row["repository"]["id"] for row in rows.values()} == {"R_1"}


def test_a_run_lands_without_titles_commits_and_names(nights: Nights) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        nights.run(github_connection(server), CLOCK)
    row = payloads(nights, "workflow_runs")["9001:1"]
    assert row["actor"] == {"login": "ann", "type": "User"} and row["head_branch"] == "cart"
    text = json.dumps(payloads(nights, "workflow_runs")) + json.dumps(payloads(nights, "workflow_jobs"))
    assert "by Ann" not in text and "@example" not in text and "Hosted Agent" not in text


def test_nights_find_the_attempts_that_a_first_load_finds(nights: Nights, tmp_path: Path) -> None:
    world = tiny_world()
    whole = Nights(tmp_path / "whole")
    with serve(world, clock=at("01-08")) as server:
        connection = github_connection(server)
        for day in (0, 2, 4, 5, 6, 12, 20, 30, 40, 45, 53):
            server.clock = at("01-08T02:00") + day * DAY
            assert errors(nights.run(connection, server.clock)) == {}
        assert errors(whole.run(connection, server.clock)) == {}
    for table in ("workflow_runs", "workflow_jobs", "releases", "tags", "dependabot_alerts", "secret_scanning_alerts"):
        assert payloads(nights, table) == payloads(whole, table), table


@pytest.mark.parametrize(
    ("after", "unseen", "seen"), [(timedelta(days=2), (0, 1), 2), (timedelta(days=20), (0, 7, 14, 20), 21)]
)
def test_a_run_that_is_run_again_is_seen_the_next_night_or_within_a_week(
    nights: Nights, after: timedelta, unseen: tuple[int, ...], seen: int
) -> None:
    begun = CLOCK - timedelta(hours=3)
    first = RunAttempt(begun, begun + timedelta(minutes=5), "failure")
    again = RunAttempt(begun + after, begun + after + timedelta(minutes=6), "success")
    with serve(busy(run(1, "CI", "push", "main", oid(1), first, again)), clock=CLOCK) as server:
        connection = github_connection(server)
        for day in unseen:
            server.clock = CLOCK + day * DAY
            nights.run(connection, server.clock)
        assert set(payloads(nights, "workflow_runs")) == {"9001:1"}
        server.clock = CLOCK + seen * DAY
        nights.run(connection, server.clock)
    assert {id_: row["conclusion"] for id_, row in payloads(nights, "workflow_runs").items()} == {
        "9001:1": "failure", "9001:2": "success",
    }  # fmt: skip


def test_a_run_that_waits_for_weeks_is_followed_to_its_end(nights: Nights) -> None:
    begun, ended = CLOCK - timedelta(hours=3), CLOCK + 25 * DAY
    with serve(
        busy(run(1, "Deploy", "push", "main", oid(1), RunAttempt(begun, ended, "success"))), clock=CLOCK
    ) as server:
        connection = github_connection(server)
        for day in (0, 1, 8, 9, 26):
            server.clock = CLOCK + day * DAY
            nights.run(connection, server.clock)
    assert [row["status"] for row in payloads(nights, "workflow_runs").values()] == ["completed"]
    assert [row["conclusion"] for row in payloads(nights, "workflow_jobs").values()] == ["success"]


def test_earlier_attempts_are_asked_for_once(nights: Nights) -> None:
    attempts = [RunAttempt(CLOCK - timedelta(hours=9 - n), CLOCK - timedelta(hours=9 - n, minutes=-5), c)
                for n, c in enumerate(("failure", "cancelled", "success"))]  # fmt: skip
    with serve(busy(run(1, "CI", "push", "main", oid(1), *attempts)), clock=CLOCK) as server:
        connection = github_connection(server)
        nights.run(connection, CLOCK)
        assert asked(server) == ["busy/actions/runs"] + [f"busy/actions/runs/9001/attempts/{n}" for n in (1, 2)]
        nights.run(connection, CLOCK + timedelta(hours=1))
        assert asked(server) == ["busy/actions/runs"]
    assert len(payloads(nights, "workflow_runs")) == 3


def test_more_runs_than_one_query_shows_are_all_read(nights: Nights) -> None:
    with serve(minutes(2350), clock=CLOCK) as server:
        runs = nights.run(github_connection(server), CLOCK)
        assert errors(runs) == {}
        assert runs["workflow_runs"].requests <= 2350 / 100 + 3
    assert len(payloads(nights, "workflow_runs")) == 2350


def test_faults_change_no_row(tmp_path: Path) -> None:
    tables = [stream.name for stream in GITHUB.streams]
    found = []
    for seed in (None, 4, 5):
        shaken = Nights(tmp_path / str(seed))
        world = tiny_world()
        world.github.repositories += minutes(230).github.repositories
        faults = Faults(seed, rate=0.4, slow_seconds=0.01) if seed else None
        with serve(world, clock=CLOCK, faults=faults) as server:
            assert errors(shaken.run(github_connection(server), CLOCK)) == {}
        found.append([shaken.raw(f"github.{table}", "id, payload->>'$.state'") for table in tables])
    assert found[1:] == found[:1] * 2
    assert len(found[0][tables.index("workflow_runs")]) == 236


@needs_specs
def test_every_request_is_one_that_githubs_specification_knows(nights: Nights) -> None:
    paths = github_rest()["paths"]
    sent: set[tuple[str, str, str]] = set()
    send = Client.send

    def spy(self: Client, request: Request, **more: Any) -> Page:
        if not request.graphql:
            url = urlsplit(request.path)
            template = next(p for p in paths if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", p), _path(url.path)))
            params = {**dict(parse_qsl(url.query)), **request.params}
            sent.update((template, name, str(value)) for name, value in params.items())
        return send(self, request, **more)

    world = tiny_world()
    world.github.repositories += minutes(130).github.repositories
    with serve(world, clock=CLOCK) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "send", spy)
        for night in (CLOCK, CLOCK + DAY):
            server.clock = night
            nights.run(github_connection(server), night)
    assert len({template for template, _, _ in sent}) >= 9
    for template, name, value in sent:
        known = {p["name"]: p["schema"] for p in map(_parameter, paths[template]["get"]["parameters"])}
        assert name in known, f"{template} has no parameter {name}"
        assert value in known[name].get("enum", [value]), f"{template}: {name}={value}"


def _path(path: str) -> str:
    return "/" + path.removeprefix("/api/v3").lstrip("/")


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    name = parameter.get("$ref", "").rsplit("/", 1)[-1]
    found = github_rest()["components"]["parameters"][name] if name else parameter
    schema = found["schema"].get("$ref", "").rsplit("/", 1)[-1]
    return {**found, "schema": github_rest()["components"]["schemas"][schema] if schema else found["schema"]}


class Listing:
    """A vendor that shows at most `most` runs of a window, newest first."""

    def __init__(self, times: list[int], size: int, most: int) -> None:
        self.runs = [{"id": n, "created_at": f"{t:04d}"} for n, t in enumerate(sorted(times, reverse=True))]
        self.size, self.most = size, most

    def answer(self, request: Request) -> Page:
        path, _, query = request.path.partition("?")
        sent = {**dict(parse_qsl(query)), **request.params}
        first, last = sent["created"].split("..")
        shown = [r for r in self.runs if first <= r["created_at"] <= last][: self.most]
        page = int(sent.get("page", 1))
        headers = {}
        if page * self.size < len(shown):
            url = f"{path}?per_page={self.size}&created={first}..{last}&page={page + 1}"
            headers["Link"] = f'<https://vendor/{url}>; rel="next"'
        body = {"workflow_runs": shown[(page - 1) * self.size : page * self.size]}
        return Page(body, headers, "https://vendor/" + request.path)


def read(listing: Listing) -> list[int]:
    paginator = LinkHeaderInWindow("workflow_runs", most=listing.most)
    request: Request | None = Request("GET", "runs", {"created": "0000..9999", "per_page": listing.size})
    found: list[int] = []
    for _ in range(10_000):
        if request is None:
            return found
        page = listing.answer(request)
        found += [run["id"] for run in page.body["workflow_runs"]]
        request = paginator.next(request, page)
    raise AssertionError("the pages do not end")


@settings(max_examples=200, deadline=None)
@given(
    times=st.lists(st.integers(0, 60), max_size=120),
    size=st.sampled_from([1, 2, 5, 10]),
    pages=st.integers(1, 5),
)
def test_windows_show_every_record_or_refuse(times: list[int], size: int, pages: int) -> None:
    most = size * pages
    listing = Listing(times, size, most)
    if times and max(times.count(t) for t in times) >= most:
        try:
            found = read(listing)
        except RepeatedPage as error:
            assert "of one second" in str(error)
            return
    else:
        found = read(listing)
    assert set(found) == {run["id"] for run in listing.runs}


# --- jobs -----------------------------------------------------------------------------------------------------------
def test_jobs_of_all_attempts_of_what_may_deploy_land_when_it_has_ended(nights: Nights) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        connection = github_connection(server)
        runs = nights.run(connection, CLOCK)
        assert errors(runs) == {} and runs["workflow_jobs"].requests == 1
        jobs = payloads(nights, "workflow_jobs")
        assert {
            (j["run_id"], j["run_attempt"], j["name"], j["conclusion"], j["completed_at"]) for j in jobs.values()
        } == {
            (9003, 1, "build", "success", "2026-01-13T08:59:00Z"),
            (9003, 1, "deploy (production)", "success", "2026-01-13T09:10:00Z"),
            (9003, 1, "smoke test", "failure", "2026-01-13T09:12:00Z"),
            (9003, 2, "smoke test", "success", "2026-01-13T09:33:00Z"),
        }
        server.clock = CLOCK + DAY
        assert nights.run(connection, server.clock)["workflow_jobs"].requests == 1
        assert len(payloads(nights, "workflow_jobs")) == 5
        server.clock = CLOCK + 2 * DAY
        assert nights.run(connection, server.clock)["workflow_jobs"].requests == 0


def test_a_pattern_that_is_added_finds_the_runs_of_the_past(nights: Nights) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        nights.run(github_connection(server), CLOCK)
        runs = nights.run(
            github_connection(server, deploy_workflows=("*deploy*", "ci.yml")), CLOCK + timedelta(hours=1)
        )
    assert runs["workflow_jobs"].requests == 1, "of a push; a pull request deploys nothing"
    assert {j["workflow_name"] for j in payloads(nights, "workflow_jobs").values()} == {"Deploy", "CI"}


def test_a_run_without_jobs_or_that_is_gone_is_not_asked_for_again(nights: Nights) -> None:
    world = busy(
        run(1, "Deploy", "push", "main", oid(1), attempt("01-05T09:00", "01-05T09:00", "startup_failure")),
        run(2, "Deploy", "push", "main", oid(1), attempt("01-06T09:00", "01-06T09:10", "success")),
    )
    gone = "actions/runs/9002/jobs"
    with serve(world, clock=CLOCK) as server:
        connection = github_connection(server)
        replies = server.github.rest  # the run is deleted between its listing and its jobs
        original = replies.state_of

        def state_of(request: Any) -> Any:
            if request.url.path.endswith(gone):
                from sandbox.github_words import Refused

                raise Refused(404, "Not Found")
            return original(request)

        replies.state_of = state_of
        assert errors(nights.run(connection, CLOCK)) == {}
        replies.state_of = original
        asked(server)
        assert errors(nights.run(connection, CLOCK + DAY)) == {}
        assert asked(server) == ["busy/actions/runs"]
    rows = payloads(nights, "workflow_jobs")
    assert {id_: (row["id"], row["run_id"]) for id_, row in rows.items()} == {
        "9001:1": (None, 9001), "9002:1": (None, 9002),
    }  # fmt: skip


def test_a_night_reads_jobs_of_a_bounded_number_of_runs(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.sources.github_actions.RUNS_WITH_JOBS_PER_NIGHT", 3)
    runs = [
        run(n, "Deploy", "push", "main", oid(1), attempt(f"01-{n:02d}T09:00", f"01-{n:02d}T09:05", "success"))
        for n in range(10, 15)
    ]
    with serve(busy(*runs), clock=CLOCK) as server:
        connection = github_connection(server)
        first = nights.run(connection, CLOCK)["workflow_jobs"]
        assert (first.status, first.error) == ("stale", "2 runs wait for their jobs to be read")
        assert {j["run_id"] for j in payloads(nights, "workflow_jobs").values()} == {9012, 9013, 9014}, "newest first"
        assert nights.run(connection, CLOCK + timedelta(hours=1))["workflow_jobs"].status == "ok"
    assert len(payloads(nights, "workflow_jobs")) == 5


@pytest.mark.parametrize(
    ("name", "path", "found"),
    [
        ("Deploy to production", ".github/workflows/main.yml", True),
        ("CI", ".github/workflows/Release.yml@refs/heads/main", True),
        ("CI", ".github/workflows/ci.yml", False),
        (None, "dynamic/deploy/page", False),
        (None, None, False),
    ],
)
def test_a_workflow_may_deploy_by_its_name_or_its_files(name: str | None, path: str | None, found: bool) -> None:
    assert may_deploy(["*deploy*", "release.yml"], name, path) is found


def test_repositories_without_actions_are_left_out_and_archived_ones_are_read_once(nights: Nights) -> None:
    world = tiny_world()
    world.github.repositories[1].switched_off = {"actions"}
    world.github.repositories.append(Repository("R_3", "acme/old", at("01-01"), is_archived=True))
    with serve(world, clock=CLOCK) as server:
        connection = github_connection(server)
        assert errors(nights.run(connection, CLOCK)) == {}
        asked(server)
        assert errors(nights.run(connection, CLOCK + timedelta(hours=1))) == {}
        assert sorted(asked(server)) == ["empty/actions/runs", "shop/actions/runs"]
    said = payloads(nights, "availabilities")
    assert said["R_2:workflow_runs"]["status"] == "not_available"
    assert said["R_1:workflow_runs"]["status"] == "available"


def test_a_renamed_repository_keeps_its_runs(nights: Nights) -> None:
    with serve(tiny_world(), clock=at("01-31")) as server:
        nights.run(github_connection(server), at("01-31"))
        assert "store/actions/runs/9003/jobs" in asked(server)
        server.clock = CLOCK
        assert errors(nights.run(github_connection(server), CLOCK)) == {}
    assert len(payloads(nights, "workflow_runs")) == 6
    assert tiny_shop().workflow_runs[0].actor == ANN
