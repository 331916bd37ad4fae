"""A night without the orchestrator: ingestion and the dbt project, in this process, into a folder of the test's own."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb

from ingestion.config import Config
from ingestion.load import Warehouse
from ingestion.sources import SOURCES
from ingestion.stream import StreamRun
from ingestion.sync import sync_connection

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Night:
    """What a night left behind: the warehouse (raw, staging, intermediate), the marts, and its stream runs."""

    warehouse: Path
    marts: Path
    runs: tuple[StreamRun, ...]

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows of a statement over the warehouse, with the marts attached as `marts`."""
        with closing(duckdb.connect(str(self.warehouse), read_only=True)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach '{self.marts}' as marts (read_only)")
            cursor = connection.execute(sql, list(parameters))
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def live_through(config: Config, data: Path, as_of: datetime, select: Sequence[str] = ()) -> Night:
    """Read every connection at `as_of` and build all models (or `select`); AssertionError where anything fails."""
    warehouse, marts = data / "warehouse" / "warehouse.duckdb", data / "warehouse" / "marts.duckdb"
    runs = read(config, data, as_of)
    build_models(warehouse, marts, data / "dbt", select)
    return Night(warehouse, marts, runs)


def read(config: Config, data: Path, as_of: datetime) -> tuple[StreamRun, ...]:
    """Read every connection at `as_of` into the warehouse; AssertionError where a stream fails."""
    runs: list[StreamRun] = []
    config = config.with_data(data)
    with Warehouse(data / "warehouse" / "warehouse.duckdb") as raw:
        raw.ensure_tables(SOURCES.values())
        raw.write_settings(config, as_of)
        for connection in config.connections:
            runs += sync_connection(connection, config=config, data=data, warehouse=raw, as_of=as_of)
    assert not (bad := [run for run in runs if run.status not in ("ok", "not_available")]), bad
    return tuple(runs)


def build_models(warehouse: Path, marts: Path, work: Path, select: Sequence[str] = ()) -> None:
    """`dbt build` without unit tests; AssertionError with dbt's words where something fails or a test finds rows."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections
    from dbt.cli.main import dbtRunner

    environment = {
        "FLOWLIGHT_WAREHOUSE": str(warehouse),
        "FLOWLIGHT_MARTS": str(marts),
        "DBT_PROJECT_DIR": str(PROJECT / "dbt_project"),
        "DBT_PROFILES_DIR": str(PROJECT / "dbt_project"),
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
    }
    with mock.patch.dict(os.environ, environment):
        arguments = ["build", "--exclude-resource-type", "unit_test", "--quiet", "--no-partial-parse"]
        # a part is tested by what stands on that part alone
        part = ["--indirect-selection", "cautious", "--select", *select]
        result = dbtRunner().invoke([*arguments, *part] if select else arguments)
        cleanup_connections()
        with DuckDBConnectionManager._LOCK:
            if DuckDBConnectionManager._ENV is not None:
                DuckDBConnectionManager._ENV.close()
            DuckDBConnectionManager._ENV = None
    problems = [
        f"{run.node.name}: {run.message}"
        for run in getattr(result.result, "results", None) or []
        if run.status in ("error", "fail")
    ]
    assert result.success and not problems, (problems, result.exception)
