"""Each method of deployment_rules.csv over a part of Acme: what it finds is what really happened, and nothing twice."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from ingestion.config import load_config
from sandbox.server import serve
from sandbox.truth import Truth
from tests.end_to_end.one_night import Night, live_through
from tests.end_to_end.small_world import NIGHT, company, cut
from tests.end_to_end.test_truth import differences
from tests.oracle.deployment_rules import delivery_rows
from tests.oracle.periods import Key, Row, Rows

REPOSITORIES = ("acme/returns", "acme/mobile-app", "acme/search-engine", "acme/toolbox", "acme/parcel-hub")
TOOL_SERVICES = ("PRETURN", "PMOBILE", "PSEARCH", "PPARCEL")
METHODS = {
    "acme/returns": "workflow", "acme/mobile-app": "release", "acme/search-engine": "tag", "acme/toolbox": "merge",
}  # fmt: skip
CONNECTIONS = """\
organization: {name: Part of Acme, time_zone: Europe/Berlin, working_hours: "09:00-17:30"}
connections:
  - {name: github, type: github, base_url: 'https://api.example.com', token_env: TOKEN, repositories: ["acme/*"],
     start_date: 2024-12-01}
  - {name: pagerduty, type: pagerduty, base_url: 'https://pd.example.com', token_env: TOKEN, start_date: 2024-12-01}
  - {name: organization, type: organization_files}
"""
RULES = """\
service_id,method,environment_pattern,workflow_pattern,job_pattern,tag_pattern,valid_from,valid_to
,deployments,production*,,,,,
parcel-hub,deployments,prod-*,,,,,
returns,workflow,,deploy.yml,deploy-production*,,,
returns,workflow,,Rollback,deploy-production*,,,
mobile-app,release,,,,v*,,
search,tag,,,,search/*,,
tools,merge,,,,,,
"""
MORE = {
    "services": {"service_id": "tools", "service_name": "Tools"},
    "repository_services": {"connection": "github", "repository": "acme/toolbox", "service_id": "tools"},
    "service_owners": {"service_id": "tools", "team_id": "warehouse"},
}

pytestmark = pytest.mark.timeout(600)


def tables() -> dict[str, list[dict[str, Any]]]:
    """Acme's files without what they say of connections that are not read here; toolbox belongs to a service."""
    found = {
        name: [row for row in rows if (row.get("connection") or "github") in ("github", "pagerduty")]
        for name, rows in company().organization.items()
    }
    for name, row in MORE.items():
        found[name].append(dict.fromkeys(found[name][0], "") | row)
    return found


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("deployment_rules")
    (folder / "connections.yml").write_text(CONNECTIONS)
    (folder / "organization").mkdir()
    for name, rows in tables().items():
        with (folder / "organization" / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(company().organization[name][0]))
            writer.writeheader()
            writer.writerows(rows)
    (folder / "organization" / "deployment_rules.csv").write_text(RULES)
    with serve(cut((), REPOSITORIES, TOOL_SERVICES), clock=NIGHT) as server:
        urls = {"github": server.github_url, "pagerduty": server.pagerduty_url}
        config = load_config(folder, environ={"TOKEN": "x"}).with_base_urls(urls)
        return live_through(config, folder / "data", NIGHT, ["+fct_deployments", "+fct_metric_values"])


@pytest.fixture(scope="module")
def now() -> Truth:
    return company().truth.at(NIGHT)


def plain(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=None) if at else None


def published(night: Night, service: str) -> list[tuple[Any, ...]]:
    """(method, outcome, commit, when it was deployed or failed) of the deployments of a service to production."""
    rows = night.query(
        """select rule_method, outcome, commit_oid, coalesce(deployed_at, failed_at) as at
        from intermediate.int_deployments where service_id = ? and is_production""",
        [service],
    )
    shown = night.query("select count(*) as n from marts.quality.fct_deployments where service_id = ?", [service])
    assert shown == [{"n": len(rows)}]
    return sorted((tuple(row.values()) for row in rows), key=repr)


def test_runs_of_a_workflow_are_the_deployments_that_they_made(night: Night, now: Truth) -> None:
    """As Acme's records of deployments have them, with the runs that were given up before production."""
    outcomes = {"success": "success", "failed": "failure", "failed_before": "aborted"}
    expected = [
        ("workflow", outcomes[each.outcome], each.commit_oid, plain(each.finished_at))
        for each in now.deployments.values()
        if each.repository == "acme/returns" and each.is_production and each.outcome
    ] + [
        ("workflow", "cancelled", run.head_oid, None)
        for run in now.workflow_runs.values()
        if run.repository == "acme/returns" and run.kind == "deploy" and run.deployment_id is None and run.conclusion
    ]
    found = published(night, "returns")
    assert found == sorted(expected, key=repr)
    assert {row[1] for row in found} == {"success", "failure", "aborted", "cancelled"}
    hidden = {
        run.conclusion
        for run in now.workflow_runs.values()
        if run.deployment_id in now.deployments
        and now.deployments[run.deployment_id].outcome == "failed"
        and run.repository == "acme/returns"
    }
    assert "success" in hidden, "a green run whose production job failed is among them"


def test_releases_are_deployed_when_they_are_published(night: Night, now: Truth) -> None:
    expected = [
        ("release", "success", each.commit_oid, plain(each.published_at))
        for each in now.releases.values()
        if each.repository == "acme/mobile-app" and each.published_at and not each.is_prerelease
        and (each.deleted_at is None or each.deleted_at > NIGHT)
    ]  # fmt: skip
    assert published(night, "mobile-app") == sorted(expected, key=repr) and len(expected) > 20


def test_a_plain_tag_is_deployed_with_its_commit(night: Night, now: Truth) -> None:
    commits = {
        each.commit_oid
        for each in now.releases.values()
        if each.repository == "acme/search-engine" and (each.deleted_at is None or each.deleted_at > NIGHT)
    }
    expected = [("tag", "success", oid, plain(committed(oid))) for oid in commits]
    assert published(night, "search") == sorted(expected, key=repr) and len(expected) > 50


def test_every_change_of_a_default_branch_is_a_deployment_that_ships_itself(night: Night, now: Truth) -> None:
    expected = [("merge", "success", oid, plain(at)) for oid, at in changes(now, "acme/toolbox")]
    assert published(night, "tools") == sorted(expected, key=repr) and len(expected) > 20
    shipped = night.query(
        """select count(*) as n, bool_and(change_key = deployment_key and method = 'direct') as by_themselves
        from intermediate.int_change_deployments where service_id = 'tools'"""
    )
    assert shipped == [{"n": len(expected), "by_themselves": True}]


def test_records_beside_another_method_count_nothing(night: Night, now: Truth) -> None:
    found = night.query(
        """select distinct service_id, rule_method from intermediate.int_deployments where is_production order by all"""
    )
    assert [tuple(row.values()) for row in found] == [
        ("mobile-app", "release"), ("parcel-hub", "deployments"), ("returns", "workflow"), ("search", "tag"),
        ("tools", "merge"),
    ]  # fmt: skip
    beside = night.query(
        """select count(distinct deployment_key) as n from intermediate.int_deployments
        where rule_method = 'deployments' and has_rule and not is_production
        and environment like 'production%' and service_id in ('returns', 'mobile-app', 'search')"""
    )
    names = ("acme/returns", "acme/mobile-app", "acme/search-engine")
    records = [d for d in now.deployments.values() if d.repository in names and d.environment.startswith("production")]
    assert beside == [{"n": len(records)}] and records


@pytest.mark.parametrize(
    ("service", "repository"), [("mobile-app", "acme/mobile-app"), ("search", "acme/search-engine")]
)
def test_changes_ship_with_the_first_version_that_holds_them(
    night: Night, now: Truth, service: str, repository: str
) -> None:
    """The first known version claims its own commit only."""
    line = sorted(changes(now, repository), key=lambda change: change[1])
    place = {oid: number for number, (oid, _) in enumerate(line)}
    versions = sorted((row[3], row[2]) for row in published(night, service))
    expected: dict[str, datetime] = {}
    reached = place[versions[0][1]]
    expected[versions[0][1]] = versions[0][0]
    for at, commit in versions[1:]:
        for oid, _ in line[reached + 1 : place[commit] + 1]:
            expected[oid] = at
        reached = max(reached, place[commit])
    found = night.query(
        """select changes.merge_commit_oid as oid, shipments.deployed_at
        from intermediate.int_change_deployments as shipments
        inner join intermediate.int_changes as changes on shipments.change_key = changes.change_key
        where shipments.service_id = ?""",
        [service],
    )
    assert {row["oid"]: row["deployed_at"] for row in found} == expected and len(expected) > 50


@pytest.fixture(scope="module")
def metrics(night: Night) -> Rows:
    rows = night.query(
        """select metric, scope_type, scope_id, period_grain, period_start, breakdown, value, numerator, denominator,
        coalesce(n, 0) as n, data_quality from marts.core.fct_metric_values where family = 'delivery'"""
    )
    return {Key(*list(row.values())[:6]): Row(*list(row.values())[6:]) for row in rows}


def test_every_delivery_metric_is_what_the_rules_find(metrics: Rows) -> None:
    """Worked out in plain Python for every scope and period: what ships what by a walk over the commits."""
    world = cut((), REPOSITORIES, TOOL_SERVICES)
    assert world.github is not None
    truth = delivery_rows(company(), NIGHT, tables(), world.github.repositories, METHODS)
    found = differences(truth, metrics, sorted({key.metric for key in (*truth, *metrics)}))
    kinds = Counter(line.split("/")[0] for line in found)
    assert not found, "\n".join([f"{len(found)} differences, {dict(kinds)}:", *found[:: max(1, len(found) // 25)]])
    for service in ("returns", "mobile-app", "search", "tools"):
        for metric in ("deployment_frequency", "change_lead_time_p50_hours", "change_fail_rate"):
            of_service = [row.value for key, row in truth.items() if (key.metric, key.scope_id) == (metric, service)]
            assert sum(value is not None for value in of_service) >= 4, (service, metric)
    failing = {key.scope_id for key, row in truth.items() if key.metric == "failed_deployments" and row.value}
    assert failing >= {"returns", "mobile-app", "search"}


def changes(now: Truth, repository: str) -> Iterable[tuple[str, datetime]]:
    """(last commit, when it reached the default branch) of what was merged or pushed since the start date."""
    for pull in now.pull_requests.values():
        if pull.repository == repository and pull.merged_at and pull.merge_oid:
            yield pull.merge_oid, pull.merged_at
    for push in now.direct_pushes.values():
        if push.repository == repository and committed(push.oid).isoformat() >= "2024-12-01":
            yield push.oid, committed(push.oid)


def committed(oid: str) -> datetime:
    """When a commit was made, by its own word."""
    return commit_times()[oid]


@cache
def commit_times() -> dict[str, datetime]:
    github = company().world.github
    assert github is not None
    return {commit.oid: commit.committed_at for each in github.repositories for commit in each.commits}
