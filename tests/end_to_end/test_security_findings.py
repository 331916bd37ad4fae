"""Traps of security findings, lived through by a part of Acme with Parcel Hub's scanners all switched off.

The tickets of the security desk are those of the whole company.
"""

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
from sandbox.process import ISSUE_TYPE
from sandbox.server import serve
from sandbox.shipped import write_config
from sandbox.teams import SERVICES
from sandbox.truth import Truth, WorkItem
from sandbox.vulnerabilities import TYPE
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
    part = cut((PROJECTS[0], "INC"), REPOSITORIES)
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


def tickets(now: Truth) -> dict[str, tuple[WorkItem, str | None]]:
    """Those of the security desk with their services, by their keys."""
    services = {name: service for service, name in SERVICES.items()}
    return {
        f"jira:{id_}": (item, services.get("".join(item.components[-1][1])))
        for id_, item in now.work_items.items()
        if item.current.issue_type == ISSUE_TYPE[TYPE].name
    }


def scanned(now: Truth) -> dict[str, tuple[str | None, str]]:
    """Service and advisory of what scanners found, by its keys."""
    found = {f"github:{f.finding_id.split(':')[0]}:{f.number}/{f.kind}": (f.service, f.advisory) for f in seen(now)}
    found |= {f"inbox:{f.finding_id}": (f.service, f.advisory) for f in now.inbox_findings.values()}
    return {key: (service, advisory) for key, (service, advisory) in found.items() if advisory}


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
        " from marts.quality.fct_security_findings"
        " where source != 'tracker' and (advisory like 'CVE-%' or advisory like 'GHSA-%')"
    )
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


def test_a_ticket_of_a_scanners_advisory_counts_once_in_its_service(night: Night, now: Truth) -> None:
    rows = {row["finding_key"]: row for row in night.query("select * from marts.quality.fct_security_findings")}
    original = {key: row["duplicate_of_key"] or key for key, row in rows.items()}
    alike, unlike = set(), set()
    for key, (item, service) in tickets(now).items():
        advisory = item.advisories[-1][1] if item.advisories else None
        for other, (place, name) in scanned(now).items() if advisory else ():
            if advisory == name and service == place:
                assert original[key] == original[other]
                alike.add(key)
            elif advisory == name:
                assert original[key] != original[other], "the same advisory elsewhere is another finding"
                unlike.add(key)
    assert len(alike) >= 5 and len(unlike - alike) >= 3
    for key in {original[key] for key in alike}:
        copies = [row for row in rows.values() if original[row["finding_key"]] == key]
        whole = rows[key]
        assert whole["sources"] == ", ".join(sorted({row["source"] for row in copies}))
        assert "tracker" in whole["sources"] and whole["sources"] != "tracker"
        assert whole["opened_at"] == min(row["opened_at"] for row in copies)
    stated = [(rows[key]["resolution"], rows[original[key]]["resolution"]) for key in alike]
    assert ("dismissed", "open") in stated or ("fixed", "open") in stated, (
        "one ending closes nothing while another is open"
    )


def test_a_ticket_without_an_advisory_is_a_finding_of_its_own(night: Night, now: Truth) -> None:
    rows = {row["finding_key"]: row for row in night.query("select * from marts.quality.fct_security_findings")}
    states = {"done": "fixed", "cancelled": "dismissed", "new": "open", "active": "open"}
    own = {key: item for key, (item, _) in tickets(now).items() if not item.advisories}
    assert len(own) >= 12
    assert {(rows[key]["duplicate_of_key"], rows[key]["sources"], rows[key]["advisory"]) for key in own} == {
        (None, "tracker", None)
    }
    assert {key: (rows[key]["opened_at"], rows[key]["resolution"], rows[key]["reopened_count"]) for key in own} == {
        key: (naive(item.created_at), states[item.state or ""], len(item.reopened_times)) for key, item in own.items()
    }
    assert {rows[key]["resolution"] for key in own} == {"open", "fixed", "dismissed"}
    placed = {key: service for key, (_, service) in tickets(now).items() if key in own and service != "parcel-hub"}
    assert {key: rows[key]["service_id"] for key in placed} == placed


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
    others = {row["scope_id"]: row["quality"] for row in rows}
    assert (others["reverse-logistics"], others["billing"]) == ("no_data", "ok"), "a ticket told of billing"
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
