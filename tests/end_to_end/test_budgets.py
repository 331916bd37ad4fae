"""How many requests a night makes, counted by the doubles' own request log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Server, serve
from tests.end_to_end.small_world import NIGHT, START_DATE, counts, cut, load_ids, raw_rows
from tests.ingestion.nights import Nights, errors, github_connection, jira_connection, pagerduty_connection

pytestmark = pytest.mark.xdist_group("small_world")
PER_THOUSAND_ISSUES = 25
PER_THOUSAND_PULL_REQUESTS = 60
PER_THOUSAND_LOG_ENTRIES = 15
UNCHANGED_NIGHT = 30
"""Of all connections; workflow runs are counted apart."""
RUNS_PER_PAGE = 100
RUN_LISTINGS_PER_REPOSITORY_AND_NIGHT = 1
ALERT_LISTINGS_PER_REPOSITORY = 3
PAGES_OF_RELEASES_AND_TAGS = 2


@dataclass(frozen=True, slots=True)
class FirstLoad:
    """A first load of about 1,200 issues and 1,000 pull requests; requests: by service, what was asked how often."""

    server: Server
    nights: Nights
    requests: dict[str, Counter[str]]
    rows: dict[str, int]


def asked(server: Server) -> dict[str, Counter[str]]:
    """Requests since the last look, by service and operation."""
    found: dict[str, Counter[str]] = {"jira": Counter(), "github": Counter(), "pagerduty": Counter()}
    for request in server.requests:
        found[request["service"]][str(request["operation"])] += 1
    server.requests.clear()
    return found


def of_runs(github: Counter[str]) -> Counter[str]:
    """Those for workflow runs: listing, attempt, jobs."""
    found: Counter[str] = Counter()
    for operation, count in github.items():
        if "/actions/" in operation:
            found[re.sub(r".*/actions/runs(/\d+(/\w+)(/\d+)?)?$", r"runs\2", operation)] += count
    return found


def of_alerts(github: Counter[str]) -> int:
    return sum(count for operation, count in github.items() if operation.endswith("/alerts"))


def others(asked: dict[str, Counter[str]]) -> int:
    """Requests of a night that are not for workflow runs."""
    return sum(counter.total() for counter in asked.values()) - of_runs(asked["github"]).total()


def night(server: Server, nights: Nights, as_of: Any) -> dict[str, Counter[str]]:
    for connection in (
        jira_connection(server.jira_url, start_date=START_DATE),
        github_connection(server, start_date=START_DATE),
        pagerduty_connection(server.pagerduty_url, start_date=START_DATE),
    ):
        assert errors(nights.run(connection, as_of)) == {}
    return asked(server)


def load(
    projects: tuple[str, ...], repositories: tuple[str, ...], tool_services: tuple[str, ...], folder: Path
) -> Iterator[FirstLoad]:
    nights = Nights(folder)
    with serve(cut(projects, repositories, tool_services), clock=NIGHT) as server:
        requests = night(server, nights, NIGHT)
        rows = counts(raw_rows(folder / "warehouse" / "warehouse.duckdb"))
        yield FirstLoad(server, nights, requests, rows)


@pytest.fixture(scope="module")
def first_load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstLoad]:
    projects = ("TOOL", "PARC", "BILL")
    repositories = ("acme/toolbox", "acme/reverse-logistics", "acme/storefront")
    services = ("PORDERS", "PCHKAPI", "PCHKWEB", "PSTORE1", "PPAYMNT", "PWAREHS", "PRETURN")
    yield from load(projects, repositories, services, tmp_path_factory.mktemp("budgets"))


def check_first_load(loaded: FirstLoad) -> None:
    issues, pull_requests = loaded.rows["jira.issues"], loaded.rows["github.pull_requests"]
    assert loaded.rows["jira.changelogs"] == issues
    of_jira = loaded.requests["jira"].total()
    assert of_jira <= PER_THOUSAND_ISSUES * issues / 1000, loaded.requests["jira"]
    github = loaded.requests["github"]
    of_pull_requests = (
        sum(count for name, count in github.items() if "PullRequest" in name) + github["OwnerRepositories"]
    )
    assert of_pull_requests <= PER_THOUSAND_PULL_REQUESTS * pull_requests / 1000, github
    pagerduty = loaded.requests["pagerduty"]
    assert loaded.rows["pagerduty.incidents"] > 200
    assert pagerduty.total() <= PER_THOUSAND_LOG_ENTRIES * loaded.rows["pagerduty.log_entries"] / 1000 + 10, pagerduty
    repositories, runs = loaded.rows["github.repositories"], of_runs(github)
    attempts, distinct_runs = loaded.nights.query(
        "select count(*), count(distinct payload->>'$.id') from raw_github.workflow_runs"
    )[0]
    with_jobs = loaded.nights.query("select count(distinct payload->>'$.run_id') from raw_github.workflow_jobs")[0][0]
    assert runs["runs"] <= distinct_runs / RUNS_PER_PAGE + repositories
    assert (runs["runs/attempts"], runs["runs/jobs"]) == (attempts - distinct_runs, with_jobs)
    assert with_jobs > 0
    assert of_alerts(github) <= ALERT_LISTINGS_PER_REPOSITORY * repositories
    of_releases = loaded.rows["github.releases"] + loaded.rows["github.tags"]
    assert github["Releases"] + github["Tags"] <= of_releases / 100 + PAGES_OF_RELEASES_AND_TAGS * repositories


def test_first_load_stays_within_its_budgets(first_load: FirstLoad) -> None:
    assert first_load.rows["jira.issues"] > 900 and first_load.rows["github.pull_requests"] > 900
    check_first_load(first_load)


def test_unchanged_night_makes_few_requests_and_changes_no_raw_row(first_load: FirstLoad) -> None:
    warehouse = first_load.nights.folder / "warehouse" / "warehouse.duckdb"
    rows, loads = raw_rows(warehouse), load_ids(warehouse)
    repositories = first_load.rows["github.repositories"]
    for as_of in (NIGHT, NIGHT + timedelta(hours=6)):
        asked_again = night(first_load.server, first_load.nights, as_of)
        assert others(asked_again) <= UNCHANGED_NIGHT, asked_again
        runs = of_runs(asked_again["github"])
        assert runs == {"runs": RUN_LISTINGS_PER_REPOSITORY_AND_NIGHT * repositories}
    assert raw_rows(warehouse) == rows
    assert load_ids(warehouse) == loads


@pytest.mark.soak
def test_whole_company_stays_within_its_budgets(tmp_path: Path) -> None:
    from tests.end_to_end.small_world import company

    world = company().world
    assert world.jira is not None and world.github is not None and world.pagerduty is not None
    projects = tuple(project["key"] for project in world.jira.projects)
    repositories = tuple(repository.name_with_owner for repository in world.github.repositories)
    services = tuple(service["id"] for service in world.pagerduty.services)
    for loaded in load(projects, repositories, services, tmp_path):
        check_first_load(loaded)
        again = night(loaded.server, loaded.nights, NIGHT)
        assert others(again) <= UNCHANGED_NIGHT, again
