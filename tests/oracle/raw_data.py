"""Raw rows of a warehouse as plain Python objects: payloads as the vendors sent them, and the run's settings."""

import json
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from tests.oracle.timeline import micros

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """The run's clock (microseconds, UTC) and what the organisation chose for all of it."""

    as_of: int
    zone: ZoneInfo
    min_team_size: int
    done_grace_minutes: int
    workday_start: time = time(9)
    workday_end: time = time(17)
    working_days: frozenset[int] = frozenset(range(5))


@dataclass(slots=True)
class RawData:
    """Everything the flow family is made of.

    Lists of (connection, id, payload); `tables`: organisation file -> rows (texts, blank is None); `start_dates`:
    connection -> configured start; `first_events`: connection -> first thing known of it (microseconds);
    `initiatives`: those of inbox files.
    """

    settings: Settings
    jira: dict[str, list[tuple[str, str, Payload]]]
    tables: Mapping[str, list[Payload]]
    sources: dict[str, str]
    start_dates: dict[str, date | None]
    first_events: dict[str, int] = field(default_factory=dict)
    initiatives: list[tuple[str, str, Payload]] = field(default_factory=list)

    def stream(self, name: str) -> list[tuple[str, str, Payload]]:
        """Rows of a Jira stream; none where the tracker has no such stream."""
        return self.jira.get(name, [])


def read(warehouse: Path) -> RawData:
    """The raw rows of a warehouse file, which nobody may be writing."""
    with closing(duckdb.connect(str(warehouse), read_only=True)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        listed = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name like 'raw%'"
        ).fetchall()
        streams: dict[str, list[str]] = defaultdict(list)
        for schema, table in listed:
            streams[schema.removeprefix("raw_")].append(table)
        jira = {name: _payloads(connection, "jira", name) for name in streams["jira"]}
        tables = {
            name: [payload for _, _, payload in _payloads(connection, "organization", name)]
            for name in streams["organization"]
        }
        configured = connection.execute("select connection, source, start_date from raw_ingestion.connections")
        known = configured.fetchall()
        raw = RawData(
            settings=_settings(connection),
            jira=jira,
            tables=tables,
            sources={name: source for name, source, _ in known},
            start_dates={name: start for name, _, start in known},
            initiatives=_payloads(connection, "inbox", "initiatives") if "initiatives" in streams["inbox"] else [],
        )
        firsts: dict[str, list[int]] = defaultdict(list)
        for name, _, payload in raw.stream("issues"):
            firsts[name].append(micros(payload["fields"]["created"]))
        for stream in ("pull_requests", "deployments"):
            for name, _, payload in _payloads(connection, "github", stream) if stream in streams["github"] else ():
                firsts[name].append(micros(payload.get("createdAt") or payload["created_at"]))
        if "answers" in streams["surveys"]:
            answered = connection.execute("select connection, updated_at from raw_surveys.answers").fetchall()
            for name, at in answered:
                firsts[name].append(micros(at))
    raw.first_events = {name: min(moments) for name, moments in firsts.items()}
    return raw


def _payloads(connection: duckdb.DuckDBPyConnection, source: str, stream: str) -> list[tuple[str, str, Payload]]:
    rows = connection.execute(f'select connection, id, payload from raw_{source}."{stream}"').fetchall()
    return [(name, key, json.loads(payload)) for name, key, payload in rows]


def _settings(connection: duckdb.DuckDBPyConnection) -> Settings:
    cursor = connection.execute("select * from raw_ingestion.settings")
    names = [column[0] for column in cursor.description or []]
    (values,) = cursor.fetchall()
    row = dict(zip(names, values, strict=True))
    chosen: dict[str, Any] = {}
    if row.get("workday_start"):
        chosen = {
            "workday_start": time.fromisoformat(row["workday_start"]),
            "workday_end": time.fromisoformat(row["workday_end"]),
            "working_days": frozenset(WEEKDAYS.index(day.strip()) for day in row["working_days"].split(",")),
        }
    return Settings(
        as_of=micros(row["as_of"]),
        zone=ZoneInfo(row["time_zone"]),
        min_team_size=row["min_team_size"],
        done_grace_minutes=row["done_grace_minutes"],
        **chosen,
    )
