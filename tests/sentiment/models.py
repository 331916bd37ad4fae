"""The dbt models of the suppression, compiled once and run over made-up waves: all of them in one DuckDB, at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd

from ingestion.load import META_TABLES
from orchestration.dbt_build import QUIET
from orchestration.restatements import KEEP_ANSWERS
from orchestration.settings import PROJECT_ROOT, Settings
from tests.incremental.nights import environment, manifest
from tests.sentiment.hierarchies import DRIVERS, Wave, is_favourable, score

CHAIN = (
    "int_survey_driver_scores", "int_sentiment_cells", "int_sentiment_suppressions", "int_sentiment_shown_cells",
    "int_sentiment_team_blocks", "int_sentiment_blocks", "int_sentiment_block_answers", "int_sentiment_steps",
    "int_sentiment_versions", "int_sentiment_wave_values",
)  # fmt: skip
FIRST_NIGHT = datetime(2026, 7, 1, 2)
ONLY_CELLS_UNDER_K = """
    select wave_key, driver, scope_type, scope_id, n < min_respondents as is_hidden
    from intermediate.int_sentiment_cells
"""
"""What a suppression would be that hides small cells and nothing else."""
TYPES = {
    "as_of": "timestamp", "wave_date": "date", "closes_on": "date", "min_respondents": "integer", "score": "double",
    "invited_count": "bigint",
} | dict.fromkeys(
    ("is_closed", "is_late", "is_small", "is_favourable", "is_promoter", "is_detractor"), "boolean"
)  # fmt: skip


@cache
def compiled() -> dict[str, str]:
    """The SQL of the models, as dbt compiles it."""
    from dbt.cli.main import dbtRunner

    with TemporaryDirectory() as folder:
        settings = Settings(PROJECT_ROOT, PROJECT_ROOT / "config", Path(folder))
        parsed = manifest()
        with environment(settings):
            result: Any = dbtRunner(manifest=parsed).invoke(
                ["compile", "--no-introspect", "--no-write-json", *QUIET, "--select", *CHAIN]
            )
    assert result.success, result.exception
    found = {each.node.name: each.node.compiled_code for each in result.result.results if each.node.name in CHAIN}
    assert found.keys() == set(CHAIN)
    return found


class House:
    """A warehouse with the models' inputs; every `night` runs the models over the waves as they are then."""

    def __init__(self, folder: Path, k: int = 5) -> None:
        self.connection = duckdb.connect(str(folder / "warehouse.duckdb"))
        self.connection.execute("create schema staging; create schema intermediate; create schema raw_ingestion")
        for table in ("published_sentiment_versions", "published_sentiment_answers"):
            self.connection.execute(f"create table raw_ingestion.{table} ({META_TABLES[table]})")
            self.connection.execute(f"create view staging.stg_ingestion__{table} as from raw_ingestion.{table}")
        self.k, self.now = k, FIRST_NIGHT

    def night(
        self, waves: Iterable[Wave], *, complementary: bool = True, published: bool = True
    ) -> list[dict[str, Any]]:
        """Read, build and publish; the rows of int_sentiment_wave_values, which every mart takes its numbers from.

        published: False = a night that ends before it publishes.
        """
        if self.rows("select 1 from duckdb_tables() where table_name = 'int_sentiment_block_answers'"):
            self.connection.execute(KEEP_ANSWERS)
        self._write(list(waves))
        for name in CHAIN:
            sql = compiled()[name]
            if name == "int_sentiment_suppressions" and not complementary:
                sql = ONLY_CELLS_UNDER_K
            self.connection.execute(f"create or replace table intermediate.{name} as {sql}")
        if published:
            self.connection.execute(
                """create or replace table raw_ingestion.published_sentiment_versions as
                from intermediate.int_sentiment_versions"""
            )
        self.now += timedelta(days=1)
        return self.rows("select * from intermediate.int_sentiment_wave_values")

    def versions(self) -> list[dict[str, Any]]:
        """sentiment.fct_sentiment_versions as published."""
        return self.rows("select * from intermediate.int_sentiment_versions")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a statement."""
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _write(self, waves: list[Wave]) -> None:
        closes_on = FIRST_NIGHT.date() - timedelta(days=1)
        self._table("intermediate.int_settings", [{"as_of": self.now, "min_respondents": self.k}])
        self._table("intermediate.int_survey_waves", [
            {"wave_key": wave.key, "survey": "pulse", "wave": wave.key, "wave_date": closes_on, "closes_on": closes_on,
             "is_closed": True}
            for wave in waves
        ])  # fmt: skip
        self._table("intermediate.int_survey_wave_teams", [
            {"wave_key": wave.key, "team": team, "team_id": team, "value_stream_id": stream,
             "invited_count": wave.invited[team], "is_small": wave.invited[team] < 3}
            for wave in waves for team, stream in wave.value_streams.items()
        ])  # fmt: skip
        self._table("staging.stg_surveys__items", [
            {"wave_key": wave.key, "item": driver, "driver": driver, "kind": kind}
            for wave in waves for driver, kind in DRIVERS.items()
        ])  # fmt: skip
        self._table("intermediate.int_survey_answers", [
            {"wave_key": wave.key, "response_key": f"{wave.key}:{person.name}", "team_id": person.team,
             "driver": driver, "score": score(DRIVERS[driver], points),
             "is_favourable": is_favourable(DRIVERS[driver], points),
             "is_promoter": points >= 9 if driver == "enps" else None,
             "is_detractor": points <= 6 if driver == "enps" else None, "is_closed": True, "is_late": False}
            for wave in waves for person in wave.people.values() for driver, points in person.answers.items()
        ])  # fmt: skip

    def _table(self, name: str, rows: list[dict[str, Any]]) -> None:
        columns = ", ".join(f"{column} {TYPES.get(column, 'varchar')}" for column in rows[0])
        self.connection.execute(f"create or replace table {name} ({columns})")
        self.connection.register("rows_of_table", pd.DataFrame(rows, dtype=object))
        self.connection.execute(f"insert into {name} by name from rows_of_table")
        self.connection.unregister("rows_of_table")
