"""What changes from publication to publication is told once, whatever fails, is killed or run again in between."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT, Settings

Run = Callable[..., dict[str, Any]]
PROJECT = PROJECT_ROOT / "dbt_project"
COPIED = (
    "macros/metrics.sql", "models/marts/core/fct_restatements.sql",
    "models/staging/ingestion/stg_ingestion__published_metric_values.sql",
    "models/staging/ingestion/stg_ingestion__published_restatements.sql",
)  # fmt: skip
COLUMNS = {
    "fct_metric_values": {
        "metric": "varchar", "definition_version": "integer", "family": "varchar", "scope_type": "varchar",
        "scope_id": "varchar", "period_grain": "varchar", "period_start": "date", "breakdown": "varchar",
        "value": "double", "n": "bigint", "data_quality": "varchar", "is_complete": "boolean",
    },
    "fct_restatements": {
        "metric": "varchar", "family": "varchar", "scope_type": "varchar", "scope_id": "varchar",
        "period_grain": "varchar", "period_start": "date", "breakdown": "varchar", "night": "timestamp",
        "previous_night": "timestamp", "old_value": "double", "new_value": "double", "old_n": "bigint",
        "new_n": "bigint", "old_data_quality": "varchar", "new_data_quality": "varchar",
        "old_definition_version": "integer", "new_definition_version": "integer", "is_new_definition": "boolean",
    },
    "dim_dates": {"date": "date"},
    "metric_catalogue": {"metric": "varchar"},
}  # fmt: skip
# the length of a team's name, for a month that is over and one that is not
METRIC_VALUES = """\
select 'name_length' as metric, 1 as definition_version, 'flow' as family, 'value_stream' as scope_type,
    teams.team_id as scope_id, 'month' as period_grain, months.period_start, 'all' as breakdown,
    cast(length(teams.team_name) as double) as value, cast(1 as bigint) as n, 'ok' as data_quality, months.is_complete
from {{ ref('stg_organization__teams') }} as teams
cross join (values (date '2026-05-01', true), (date '2026-09-01', false)) as months (period_start, is_complete)
"""


@pytest.fixture
def restated(mini: Settings) -> Settings:
    """The small installation with the model under test, over values that an organisation file decides."""
    project = mini.dbt_project
    for name in COPIED:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, project / name)
    sources = project / "models" / "staging" / "sources.yml"
    more = "{name: stream_runs}, {name: published_metric_values}, {name: published_restatements}"
    sources.write_text(sources.read_text().replace("{name: stream_runs}", more))
    clock = "select cast(as_of as timestamp) as as_of from {{ source('ingestion', 'settings') }}\n"
    (project / "models" / "staging" / "int_settings.sql").write_text(clock)
    (project / "models" / "marts" / "core" / "fct_metric_values.sql").write_text(METRIC_VALUES)
    models = [
        {"name": mart, "description": "x", "columns": [{"name": n, "data_type": t} for n, t in columns.items()]}
        for mart, columns in COLUMNS.items()
    ]
    (project / "models" / "marts" / "core" / "marts.yml").write_text(json.dumps({"version": 2, "models": models}))
    return mini


def name_teams(settings: Settings, checkout: str, payments: str = "Payments") -> None:
    """Name the two teams: the values are the lengths of their names."""
    path = settings.config / "organization" / "teams.csv"
    header = path.read_text().splitlines()[0]
    path.write_text(f"{header}\ncheckout,{checkout},,\npayments,{payments},,\n")


def told(settings: Settings) -> list[tuple[Any, ...]]:
    """core.fct_restatements as published: scope, day of the night and of the one before, old, new."""
    with duckdb.connect(str(settings.published_file), read_only=True) as connection:
        return connection.execute(
            """
            select scope_id, day(night), day(previous_night), old_value, new_value
            from core.fct_restatements where period_start = date '2026-05-01' and metric = 'name_length' order by all
            """
        ).fetchall()


def test_changed_values_of_a_month_that_is_over_are_told_once_and_stay(restated: Settings, night: Run) -> None:
    name_teams(restated, "AAAA")
    night("2026-07-01")
    assert told(restated) == []
    name_teams(restated, "AAAAAA")
    night("2026-07-02")
    assert told(restated) == [("checkout", 2, 1, 4, 6)]
    assert night("2026-07-02")["unchanged"]
    night("2026-07-03")
    assert told(restated) == [("checkout", 2, 1, 4, 6)]
    name_teams(restated, "A", "BB")
    night("2026-07-04")
    all_told = [("checkout", 2, 1, 4, 6), ("checkout", 4, 3, 6, 1), ("payments", 4, 3, 8, 2)]
    assert told(restated) == all_told
    restated.warehouse.unlink()
    restated.marts.unlink()
    night("2026-07-04", full=True)
    assert told(restated) == all_told


def test_a_night_run_again_tells_from_the_night_before_it(restated: Settings, night: Run) -> None:
    name_teams(restated, "AAAA")
    night("2026-07-01")
    name_teams(restated, "AAAAAA")
    night("2026-07-02")
    name_teams(restated, "AAAAA", "BB")
    night("2026-07-02")
    assert told(restated) == [("checkout", 2, 1, 4, 5), ("payments", 2, 2, 8, 2)]
    name_teams(restated, "AAAA", "BB")
    night("2026-07-02")
    assert told(restated) == [("payments", 2, 2, 8, 2)]


KILLED = """
import sys
from pathlib import Path
from orchestration import settings
settings.PROJECT_ROOT = Path(sys.argv[1])
from orchestration.run import run_nightly
from tests.orchestration.marts import die_at
die_at(sys.argv[3])
run_nightly(as_of=sys.argv[2])
"""


@pytest.mark.parametrize(("step", "published"), [("_check_and_export", False), ("_swap", True)])
def test_a_killed_night_tells_nothing_twice_and_loses_nothing(
    restated: Settings, night: Run, step: str, published: bool
) -> None:
    name_teams(restated, "AAAA")
    night("2026-07-01")
    name_teams(restated, "AAAAAA")
    command = [sys.executable, "-c", KILLED, str(restated.root), "2026-07-02", step]
    ended = subprocess.run(command, cwd=PROJECT_ROOT, env=dict(os.environ), capture_output=True, check=False)
    assert ended.returncode == 9, ended.stderr
    assert told(restated) == ([("checkout", 2, 1, 4, 6)] if published else [])
    night("2026-07-03")
    assert told(restated) == [("checkout", *((2, 1) if published else (3, 1)), 4, 6)]


def test_a_night_that_did_not_pass_is_no_publication(restated: Settings, night: Run) -> None:
    name_teams(restated, "AAAA")
    night("2026-07-01")
    rule = restated.dbt_project / "models" / "staging" / "stg_organization__teams.yml"
    good = rule.read_text()
    rule.write_text(good.replace("config: {severity: warn}", "config: {severity: error}"))
    name_teams(restated, "AAAAAA")
    assert night("2026-07-02")["exit_code"] == 3
    rule.write_text(good)
    name_teams(restated, "AAA")
    night("2026-07-03")
    assert told(restated) == [("checkout", 3, 1, 4, 3)]


def test_a_publication_of_a_version_without_these_marts_is_the_first(
    mini: Settings, night: Run, request: pytest.FixtureRequest
) -> None:
    assert night("2026-07-01")["exit_code"] == 0
    restated = request.getfixturevalue("restated")
    assert night("2026-07-02")["exit_code"] == 0
    assert told(restated) == []
    name_teams(restated, "AAAAAA")
    night("2026-07-03")
    assert told(restated) == [("checkout", 3, 2, 8, 6)]


def test_a_published_file_that_cannot_be_read_is_named_with_the_cure(restated: Settings, night: Run) -> None:
    night("2026-07-01")
    restated.published_file.write_bytes(b"not a database")
    record = night("2026-07-02")
    assert record["exit_code"] == 3
    (problem,) = record["problems"]
    assert problem.startswith(f"{restated.published_file} cannot be read: ")
    assert problem.endswith(
        f"move {restated.published} away and run again: core.fct_restatements then begins anew, and survey waves are "
        "published anew"
    )
    restated.published.unlink()
    assert night("2026-07-02")["exit_code"] == 0
    assert told(restated) == []
