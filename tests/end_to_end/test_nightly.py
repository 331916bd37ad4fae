"""The newcomer's night: the whole company read, built, tested, published; then nothing new, check, and old clients."""

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.sources.organization_files import read_organization
from orchestration.mapping import Rules
from orchestration.settings import PROJECT_ROOT
from tests.conftest import SandboxNightly, run_flowlight

SECONDS_FOR_SECOND_NIGHT = 60
OLD_DUCKDB = "1.0.0"
ON = date(2026, 7, 1)
IN_FORCE = (
    "timestamp '2026-07-01 02:00:00' >= {alias}.valid_from and timestamp '2026-07-01 02:00:00' < {alias}.valid_to"
)


def copied(nightly: SandboxNightly, folder: Path) -> SandboxNightly:
    """The same installation to change at will."""
    shutil.copytree(nightly.data, folder / "data", symlinks=True)
    (folder / "home").mkdir()
    return SandboxNightly(folder / "data", folder / "home", nightly.output)


def test_first_night_publishes_everything_and_says_where(sandbox_nightly: SandboxNightly) -> None:
    manifest = sandbox_nightly.manifest
    assert manifest["as_of"] == "2026-07-01T02:00:00Z"
    assert {title.split(".")[0] for title in manifest["tables"]} == {"core", "flow", "quality", "sentiment", "outcomes"}
    # nothing was published before, so nothing has changed since
    assert {title for title, table in manifest["tables"].items() if not table["rows"]} == {"core.fct_restatements"}
    assert all(table["description"] for table in manifest["tables"].values())
    assert {each["status"] for each in manifest["connections"]} == {"ok"}
    assert manifest["tests"]["passed"] > 100
    for table in manifest["tables"].values():
        assert (sandbox_nightly.published / table["parquet"]).stat().st_size > 0
    last = sandbox_nightly.output.splitlines()[-3:]
    file = sandbox_nightly.published / "flowlight.duckdb"
    assert last[0].startswith(f"Published: {file} (as of 2026-07-01T02:00:00Z, ")
    query = last[1].split('"')[1]
    assert sandbox_nightly.query(query)


def test_nothing_is_written_outside_the_data_folder(sandbox_nightly: SandboxNightly) -> None:
    assert list(sandbox_nightly.home.iterdir()) == []
    for stray in ("dbt_project/target", "dbt_project/logs", "dbt_project/.user.yml", "logs", ".dagster", "tmp"):
        assert not (PROJECT_ROOT / stray).exists()
    beside = {path.name for path in sandbox_nightly.data.iterdir()}
    assert beside <= {
        *("dagster", "dbt", "landing", "logs", "publications", "published", "salt", "warehouse"),
        *("last_night.json", "nightly.lock"),
    }
    assert not list(sandbox_nightly.data.glob("**/*.wal"))


def test_planted_secret_is_nowhere_in_what_a_night_leaves(sandbox_nightly: SandboxNightly) -> None:
    needle = sandbox_nightly.secret.encode()
    assert needle.decode() not in sandbox_nightly.output
    holders = [
        path
        for path in sandbox_nightly.data.rglob("*")
        if path.is_file() and not path.is_symlink() and needle in path.read_bytes()
    ]
    assert holders == []


def test_second_night_with_nothing_new_is_quick_and_changes_no_row(
    sandbox_nightly: SandboxNightly, tmp_path: Path
) -> None:
    nightly = copied(sandbox_nightly, tmp_path)
    before = nightly.manifest
    began = time.monotonic()
    ended = nightly.flowlight("nightly")
    seconds = time.monotonic() - began
    assert ended.returncode == 0, ended.stdout
    assert "Nothing changed since it was published" in ended.stdout
    assert nightly.manifest == before
    if len(os.sched_getaffinity(0)) >= 2 and os.getloadavg()[0] < len(os.sched_getaffinity(0)):
        assert seconds <= SECONDS_FOR_SECOND_NIGHT


@pytest.mark.soak
def test_night_rebuilt_from_nothing_publishes_the_same_rows(sandbox_nightly: SandboxNightly, tmp_path: Path) -> None:
    nightly = copied(sandbox_nightly, tmp_path)
    before = nightly.manifest
    ended = nightly.flowlight("nightly", "--full")
    assert ended.returncode == 0, ended.stdout
    after = nightly.manifest
    assert after["publication"] != before["publication"]
    assert {title: (table["rows"], table["checksum"]) for title, table in after["tables"].items()} == {
        title: (table["rows"], table["checksum"]) for title, table in before["tables"].items()
    }


def test_status_shows_the_night_its_streams_and_the_publication(sandbox_nightly: SandboxNightly) -> None:
    shown = run_flowlight(sandbox_nightly.data, sandbox_nightly.home, "status").stdout
    assert "last night:  published, as of 2026-07-01T02:00:00Z, ended " in shown
    record = json.loads(sandbox_nightly.settings.last_night.read_text())
    for stream in record["streams"]:
        name = f"{stream['connection']}.{stream['stream']}"
        (line,) = (line for line in shown.splitlines() if line.split()[:1] == [name])
        assert line.split()[1:] == [stream["status"], f"{stream['rows']:,}", stream["last_ok"]]
    assert f"publication: {sandbox_nightly.manifest['publication']}, as of 2026-07-01T02:00:00Z, published" in shown


def test_check_shows_what_would_map_to_what_and_touches_no_data(
    sandbox_nightly: SandboxNightly, tmp_path: Path
) -> None:
    ended = run_flowlight(tmp_path / "untouched", sandbox_nightly.home, "check")
    assert ended.returncode == 0, ended.stdout
    assert not (tmp_path / "untouched").exists()
    assert ended.stdout.count("signed in as") == 2
    assert "connection pagerduty: signed in, sees" in ended.stdout
    for title in (
        *("statuses -> flow state", "issue types -> flow item type", "repositories -> service -> team"),
        *(
            "services of incident tools -> service -> team",
            "services of incident tools unmapped: 1: Corporate Website;",
        ),
    ):
        assert title in ended.stdout


@pytest.fixture(scope="module")
def rules(sandbox_nightly: SandboxNightly) -> Rules:
    """What `flowlight check` would answer on the day after the night, over what the night read."""
    organization = read_organization(PROJECT_ROOT / "config" / "organization")
    found = Rules({name: [row.values for row in rows] for name, rows in organization.items()}, ON)
    columns = {
        "projects": "connection, id as project_id, payload ->> 'key' as project from raw_jira.projects",
        "issue_types": "connection, id as issue_type_id, payload ->> 'name' as issue_type from raw_jira.issue_types",
        "statuses": "connection, id as status_id, payload ->> 'name' as status from raw_jira.statuses",
        "repositories": "connection, payload ->> 'nameWithOwner' as repository from raw_github.repositories",
        "tool_services": "connection, id as tool_service_id, payload ->> 'name' as tool_service "
        "from raw_pagerduty.services",
    }
    for table, select in columns.items():
        found.add(table, in_warehouse(sandbox_nightly, f"select {select}"))
    return found


def in_warehouse(nightly: SandboxNightly, sql: str) -> list[dict[str, Any]]:
    """Rows of a statement on the warehouse."""
    with duckdb.connect(str(nightly.settings.warehouse), read_only=True) as connection:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_check_maps_statuses_as_the_models_do(sandbox_nightly: SandboxNightly, rules: Rules) -> None:
    key = ("connection", "project", "issue_type_id", "status_id")
    expected = {tuple(row[k] for k in key): (row["flow_state"], row["stage"]) for row in rules.statuses()}
    modelled = in_warehouse(
        sandbox_nightly,
        f"""
        select distinct profiles.connection, profiles.project_key as project, profiles.issue_type_id, states.status_id,
            states.flow_state, states.stage
        from intermediate.int_workflow_states as states
        inner join intermediate.int_work_profiles as profiles on states.workflow_key = profiles.workflow_key
        where {IN_FORCE.format(alias="states")}
        """,
    )
    assert len(modelled) > 100
    wrong = [row for row in modelled if expected.get(tuple(row[k] for k in key)) != (row["flow_state"], row["stage"])]
    assert wrong == []


def test_check_maps_issue_types_as_the_models_do(sandbox_nightly: SandboxNightly, rules: Rules) -> None:
    key = ("connection", "project", "issue_type_id")
    expected = {
        tuple(row[k] for k in key): (row["flow_item_type"], row["item_level"])
        for row in rules.issue_types()
        if row["condition_field"] is None
    }
    modelled = in_warehouse(
        sandbox_nightly,
        f"""
        select profiles.connection, profiles.project_key as project, profiles.issue_type_id,
            types.flow_item_type, types.item_level
        from intermediate.int_work_profile_types as types
        inner join intermediate.int_work_profiles as profiles on types.profile_key = profiles.profile_key
        where coalesce(profiles.conditions, '') = '' and {IN_FORCE.format(alias="types")}
        """,
    )
    assert len(modelled) > 20
    wrong = [
        row
        for row in modelled
        if expected.get(tuple(row[k] for k in key)) != (row["flow_item_type"], row["item_level"])
    ]
    assert wrong == []


def test_check_maps_repositories_as_the_models_do(sandbox_nightly: SandboxNightly, rules: Rules) -> None:
    expected = {(row["repository"], row["service_id"], row["team_id"] or "unassigned") for row in rules.repositories()}
    modelled = in_warehouse(
        sandbox_nightly,
        f"""
        select distinct repositories.name_with_owner, scopes.service_id, scopes.team_id
        from intermediate.int_repository_scopes as scopes
        inner join intermediate.int_repositories as repositories
            on scopes.place_key = repositories.repository_key
        where '{ON}' >= scopes.valid_from and '{ON}' < scopes.valid_to
        """,
    )
    assert expected == {tuple(row.values()) for row in modelled}


def test_check_maps_services_of_incident_tools_as_the_models_do(sandbox_nightly: SandboxNightly, rules: Rules) -> None:
    expected = {row["tool_service"]: row["service_id"] for row in rules.tool_services()}
    modelled = in_warehouse(
        sandbox_nightly,
        f"""
        select staged.service_name, incidents.service_id
        from intermediate.int_incidents as incidents
        inner join staging.stg_pagerduty__incidents as staged on incidents.incident_key = staged.incident_key
        where incidents.started_date <= '{ON}'
        qualify row_number() over (partition by staged.service_name order by incidents.started_at desc) = 1
        """,
    )
    assert len(modelled) > 10 and None in expected.values()
    assert {row["service_name"]: row["service_id"] for row in modelled} == expected


def test_old_client_opens_the_published_file(sandbox_nightly: SandboxNightly, tmp_path: Path) -> None:
    packages = tmp_path / "old"
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--retries", "0", "--timeout", "10"]
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(packages), f"duckdb=={OLD_DUCKDB}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"duckdb {OLD_DUCKDB} cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
    tables = sandbox_nightly.manifest["tables"]
    program = (
        "import json, sys, duckdb\n"
        f"assert duckdb.__version__ == {OLD_DUCKDB!r}\n"
        "connection = duckdb.connect(sys.argv[1], read_only=True)\n"
        "print(json.dumps({t: connection.execute(f'select count(*) from {t}').fetchone()[0] for t in sys.argv[2:]}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(sandbox_nightly.published / "flowlight.duckdb"), *tables],
        env={**os.environ, "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {title: table["rows"] for title, table in tables.items()}
