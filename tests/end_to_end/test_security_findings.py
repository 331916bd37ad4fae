"""Traps of security findings, lived through by a part of Acme with Parcel Hub's scanners all switched off."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import zstandard

from ingestion.config import load_config
from sandbox.alerts import WITHOUT_CODE_SCANNING
from sandbox.delivery_truth import Finding
from sandbox.server import serve
from sandbox.shipped import write_config
from sandbox.truth import Truth
from sandbox.world import GithubWorld, World
from tests.end_to_end.one_night import Night, live_through
from tests.end_to_end.small_world import NIGHT, PROJECTS, company, cut

DARK = f"acme/{WITHOUT_CODE_SCANNING}"
REPOSITORIES = ("acme/returns", "acme/warehouse", DARK)
KINDS = {"dependabot", "code_scanning", "secret_scanning"}
CONFIG = """\
organization: {name: Part of Acme, time_zone: Europe/Berlin}
connections:
  - {name: github, type: github, base_url: sandbox, token_env: TOKEN, repositories: ["acme/*"], start_date: 2024-12-01}
  - {name: jira, type: jira, base_url: sandbox, token_env: TOKEN, user: x@example.com, projects: "*",
     start_date: 2024-12-01}
  - {name: pagerduty, type: pagerduty, base_url: sandbox, token_env: TOKEN, start_date: 2024-12-01}
  - {name: inbox, type: inbox}
  - {name: organization, type: organization_files}
"""

pytestmark = pytest.mark.timeout(900)


def world() -> World:
    part = cut(PROJECTS[:1], REPOSITORIES)
    assert part.github is not None
    found = [
        replace(each, switched_off=KINDS) if each.name_with_owner == DARK else each for each in part.github.repositories
    ]
    return replace(part, github=GithubWorld(found))


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder: Path = tmp_path_factory.mktemp("security")
    write_config(company(), folder / "config")
    (folder / "config" / "connections.yml").write_text(CONFIG)
    with serve(world(), clock=NIGHT) as server:
        urls = {"github": server.github_url, "jira": server.jira_url, "pagerduty": server.pagerduty_url}
        config = load_config(folder / "config", environ={"TOKEN": "x"}).with_base_urls(urls)
        return live_through(config, folder / "data", NIGHT)


@pytest.fixture(scope="module")
def now() -> Truth:
    return company().truth.at(NIGHT)


def seen(now: Truth) -> list[Finding]:
    return [f for f in now.findings.values() if f.repository in REPOSITORIES and f.repository != DARK]


def naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def test_an_advisory_of_two_scanners_counts_once_in_a_repository(night: Night, now: Truth) -> None:
    reports = defaultdict(list)
    for alert in seen(now):
        if alert.advisory:
            reports[alert.repository, alert.advisory].append(alert.created_at)
    for each in now.inbox_findings.values():
        reports[each.repository, each.advisory].append(each.opened_at)
    rows = night.query(
        "select repository_name, upper(advisory) as advisory, opened_at, duplicate_of_key"
        " from marts.quality.fct_security_findings where advisory like 'CVE-%' or advisory like 'GHSA-%'"
    )  # fmt: skip
    found = defaultdict(list)
    for row in rows:
        found[row["repository_name"], row["advisory"]].append(row)
    expected = {(name, advisory.upper()): times for (name, advisory), times in reports.items()}
    assert {key: len(copies) for key, copies in found.items()} == {key: len(times) for key, times in expected.items()}
    originals = {key: [row for row in copies if row["duplicate_of_key"] is None] for key, copies in found.items()}
    assert {key: [row["opened_at"] for row in copies] for key, copies in originals.items()} == {
        key: [naive(min(times))] for key, times in expected.items()
    }
    assert {key[0] for key, times in expected.items() if len(times) > 1} >= {"acme/warehouse", "acme/store-terminals"}


def test_a_reopened_finding_keeps_its_first_date(night: Night, now: Truth) -> None:
    expected = {f"github:{f.finding_id.split(':')[0]}:{f.number}/{f.kind}": f for f in seen(now) if f.is_reopened}
    rows = night.query("select * from marts.quality.fct_security_findings")
    found = {row["finding_key"]: row for row in rows if row["finding_key"] in expected}
    assert {key: row["opened_at"] for key, row in found.items()} == {
        key: naive(f.created_at) for key, f in expected.items()
    }
    came_back = {f"inbox:{f.finding_id}": len(f.reopened_times) for f in now.inbox_findings.values()}
    counts = {row["finding_key"]: row["reopened_count"] for row in rows if row["source"] == "inbox"}
    assert {key: counts[key] >= times for key, times in came_back.items()} == dict.fromkeys(came_back, True)
    assert found and max(came_back.values()) == 1
    assert {row["reopened_count"] for row in found.values()} == {None}, "GitHub does not tell"


def test_switched_off_scanners_are_not_zero(night: Night, now: Truth) -> None:
    rows = night.query(
        "select scope_id, severity, security_findings_opened as opened, open_security_findings as still_open,"
        " security_findings_opened_data_quality as quality"
        " from marts.quality.fct_security_metrics"
        " where scope_type = 'service' and period_grain = 'month' and period_start = '2026-05-01'"
    )
    dark = [row for row in rows if row["scope_id"] == WITHOUT_CODE_SCANNING]
    assert {(row["opened"], row["still_open"], row["quality"]) for row in dark} == {(None, None, "not_available")}
    assert len(dark) == 6
    # what is on and found nothing is a real zero; what nobody scans is no data
    infos = [row for row in rows if row["scope_id"] in ("returns", "warehouse") and row["severity"] == "info"]
    assert [(row["opened"], row["still_open"], row["quality"]) for row in infos] == [(0, 0, "ok")] * 2
    others = {row["quality"] for row in rows if row["scope_id"] in ("checkout", "billing")}
    assert others == {"no_data"}
    assert [f for f in now.findings.values() if f.repository == DARK], "there is something to be blind to"


def test_the_literal_of_a_secret_is_nowhere(night: Night) -> None:
    github = company().world.github
    assert github is not None
    secrets = [str(a.data["secret"]) for r in github.repositories for a in r.alerts if a.kind == "secret_scanning"]
    tables = night.query(
        "select table_catalog as db, table_schema as schema, table_name as name from information_schema.tables"
        " where table_name ilike '%secret%' or table_name ilike '%security%' or table_name = 'int_delivery_scope_facts'"
    )
    assert len({table["name"] for table in tables}) >= 8 and secrets
    kept = 0
    for table in tables:
        rows = night.query(
            f'select cast(t as varchar) as line from "{table["db"]}"."{table["schema"]}"."{table["name"]}" t'
        )
        kept += sum("stripe_api_key" in row["line"] for row in rows)
        assert not [row for row in rows if any(secret in row["line"] for secret in secrets)], table
    assert kept, "the kind of secret is told"
    pages = list(night.warehouse.parents[1].glob("landing/github/secret_scanning_alerts/*.zst"))
    lines = [line for page in pages for line in zstandard.open(page, "rt", encoding="utf-8")]
    assert lines and not [line for line in lines if any(secret in line for secret in secrets)]
