"""`flowlight check` after a night over the whole simulated company, against the raw payloads of that night."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import PROJECT_ROOT
from tests.conftest import SandboxNightly


def payloads(nightly: SandboxNightly, stream: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(nightly.settings.warehouse), read_only=True) as connection:
        return [json.loads(row[0]) for row in connection.execute(f"select payload from raw_jira.{stream}").fetchall()]


def ever_in(nightly: SandboxNightly, status: str) -> int:
    """How many issues were ever in a status, by their current fields and their changelogs."""
    found = {one["id"] for one in payloads(nightly, "issues") if one["fields"]["status"]["name"] == status}
    for one in payloads(nightly, "changelogs"):
        moves = [item for each in one["histories"] for item in each["items"] if item.get("fieldId") == "status"]
        if any(status in (item["fromString"], item["toString"]) for item in moves):
            found.add(one["issueId"])
    return len(found)


def ever_of_type(nightly: SandboxNightly, issue_type: str) -> int:
    found = {one["id"] for one in payloads(nightly, "issues") if one["fields"]["issuetype"]["name"] == issue_type}
    for one in payloads(nightly, "changelogs"):
        changes = [item for each in one["histories"] for item in each["items"] if item.get("fieldId") == "issuetype"]
        if any(issue_type in (item["fromString"], item["toString"]) for item in changes):
            found.add(one["issueId"])
    return len(found)


def test_check_names_what_is_unmapped_its_items_and_the_line_to_add(sandbox_nightly: SandboxNightly) -> None:
    before = {path: os.stat(path).st_mtime_ns for path in sandbox_nightly.data.rglob("*")}
    ended = sandbox_nightly.flowlight("check")
    assert ended.returncode == 0, ended.stdout
    assert {path: os.stat(path).st_mtime_ns for path in sandbox_nightly.data.rglob("*")} == before
    parked, improvements = ever_in(sandbox_nightly, "Parked"), ever_of_type(sandbox_nightly, "Improvement")
    folder = PROJECT_ROOT / "config" / "organization"
    expected = f"""\
the rules of statuses, types and teams are those of the night of 2026-07-01T02:00:00Z

statuses unmapped: 1
  jira: Parked (In Progress), everywhere: {parked} items were ever in it
to add to {folder}/status_mappings.csv (proposed from category and name; correct it first):
jira,,,Parked,waiting,development,20,,,

issue types unmapped: 1
  jira: Improvement, everywhere: {improvements} items were ever of this type
to add to {folder}/type_mappings.csv (proposed from the name; correct it first):
jira,,Improvement,,,feature,flow_item,,
"""
    assert expected in ended.stdout


def test_check_previews_the_first_mapping_of_a_status(sandbox_nightly: SandboxNightly, tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    file = config / "organization" / "status_mappings.csv"
    line = len(file.read_text().splitlines()) + 1
    file.write_text(file.read_text() + "jira,,,Parked,waiting,development,20,,,\n")
    shown = sandbox_nightly.flowlight("check", FLOWLIGHT_CONFIG=str(config)).stdout
    assert "statuses unmapped" not in shown
    assert f"  status_mappings.csv:{line}: jira / Parked: nothing -> waiting, development, 20\n" in shown
    (effect,) = (text for text in shown.splitlines() if "first mapping:" in text)
    count = int(effect.split()[2].replace(",", ""))
    assert count == ever_in(sandbox_nightly, "Parked")


def test_check_shows_what_a_deployment_of_each_service_is_and_what_it_matched(sandbox_nightly: SandboxNightly) -> None:
    shown = [" ".join(line.split()) for line in sandbox_nightly.flowlight("check").stdout.splitlines()]
    counts = sandbox_nightly.query(
        """select services.service_name as service, count(distinct deployments.deployment_key) as n
        from core.dim_services as services
        left join quality.fct_deployments as deployments
            on services.service_id = deployments.service_id and deployments.outcome in ('success', 'failure')
            and coalesce(deployments.deployed_at, deployments.failed_at)
                > timestamp '2026-07-01 02:00' - interval 90 day
        group by 1"""
    )
    jobs = "jobs deploy-production* of deploy.yml, jobs deploy-production* of rollback.yml"
    rules = {"Returns": jobs, "Reverse Logistics": jobs, "Parcel Hub": "records in prod-*",
             "Seller Portal": "tags seller-portal-v*", "Payouts": "releases payouts-v*"}  # fmt: skip
    expected = {f"{row['service']} {rules.get(row['service'], 'records in production*')} {row['n']}" for row in counts}
    assert expected <= set(shown), expected - set(shown)
    assert len(counts) == 14 and all(row["n"] for row in counts)
    assert "repositories without a deployment in 90 days: acme/toolbox" in shown
    assert not any("are not read" in line or "has run yet" in line for line in shown)


def test_check_says_when_a_rule_names_a_workflow_whose_jobs_are_not_read(
    sandbox_nightly: SandboxNightly, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    file = config / "organization" / "deployment_rules.csv"
    text = file.read_text()
    file.write_text(text.replace("returns,workflow,,deploy.yml", "returns,workflow,,ci.yml"))
    ended = sandbox_nightly.flowlight("check", FLOWLIGHT_CONFIG=str(config))
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith("returns,workflow,,deploy.yml"))
    assert ended.returncode == 0
    assert (
        f"deployment_rules.csv:{line}: the jobs of what it names are not read; add ci.yml to deploy_workflows of github"
        in ended.stdout
    )
    changed = "deployment_rules.csv has changed since the night of 2026-07-01T02:00:00Z: the counts are its own"
    assert changed in ended.stdout
