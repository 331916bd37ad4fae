"""A warehouse as a night leaves it, of a few items written down by hand: the tables that `flowlight check` looks at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from orchestration.settings import Settings

AS_OF = "2026-03-02 02:00:00"
BEGINNING, FOREVER = "0001-01-01", "9999-12-31"
TABLES = """
create schema intermediate; create schema raw_ingestion; create schema raw_jira; create schema raw_organization;
create table raw_ingestion.settings (as_of timestamp);
create table raw_jira.statuses (connection varchar, id varchar, payload json);
create table raw_jira.sprints (connection varchar, id varchar, payload json);
create table raw_jira.boards (connection varchar, id varchar, payload json);
create table raw_organization.status_mappings (payload json);
create table raw_organization.type_mappings (payload json);
create table raw_organization.work_rules (payload json);
create table intermediate.int_work_items (item_key varchar, created_at timestamp);
create table intermediate.int_work_item_facts (
    item_key varchar, flow_state varchar, last_done_at timestamp, state_since timestamp
);
create table intermediate.int_work_item_profiles (
    item_key varchar, profile_key varchar, connection varchar, project_key varchar, issue_type_id varchar,
    issue_type_name varchar, valid_from timestamp, valid_to timestamp
);
create table intermediate.int_work_profiles (
    profile_key varchar, connection varchar, project_key varchar, issue_type_id varchar, issue_type_name varchar
);
create table intermediate.int_work_item_status_intervals (
    item_key varchar, connection varchar, status_id varchar, status_name varchar, is_deletion boolean,
    valid_from timestamp, valid_to timestamp
);
create table intermediate.int_work_item_values (
    item_key varchar, field varchar, value varchar, value_text varchar, valid_from timestamp, valid_to timestamp
);
create table intermediate.int_work_item_sprints (
    item_key varchar, sprint_key varchar, valid_from timestamp, valid_to timestamp
);
"""
STATUSES = {"1": "To Do", "3": "In Progress", "5": "Done", "9": "Old Review"}


class PastNight:
    """Writes items into the warehouse of an installation that has had one night; `finish` before it is read."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.warehouse
        self.path.parent.mkdir(parents=True, exist_ok=True)
        settings.lock.touch()
        self.connection: duckdb.DuckDBPyConnection | None = None
        self.run(TABLES)
        self.run("insert into raw_ingestion.settings values ($1)", AS_OF)
        for id_, name in STATUSES.items():
            if name != "Old Review":
                self.run("insert into raw_jira.statuses values ('jira', $1, $2)", id_, json.dumps({"name": name}))

    def run(self, sql: str, *values: Any) -> None:
        """Run a statement on the warehouse."""
        if self.connection is None:
            self.connection = duckdb.connect(str(self.path))
        self.connection.execute(sql, list(values))

    def finish(self) -> None:
        """Close the file, as a night does when it ends."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def rules(self, **tables: Sequence[Mapping[str, Any]]) -> None:
        """What that night read of organisation files, in the order of the file."""
        for table, rows in tables.items():
            for line, row in enumerate(rows, 2):
                self.run(f"insert into raw_organization.{table} values ($1)", json.dumps({**row, "_line": line}))

    def item(
        self,
        key: str,
        *moves: tuple[str, str],
        issue_type: tuple[str, str] = ("7", "Story"),
        done: str | None = None,
        **values: str,
    ) -> None:
        """An item of a project (SHOP-1 -> SHOP): its statuses as (time, status id), the first at its creation.

        done: the time of its Done. values: of fields (label, component, team), for all its life.
        """
        item, project = f"jira:{key}", key.split("-")[0]
        tables = "intermediate.int_work_item"
        self.run(f"insert into {tables}s values ($1, $2)", item, moves[0][0])
        state = "done" if done else "active"
        self.run(f"insert into {tables}_facts values ($1, $2, $3, $4)", item, state, done, moves[-1][0])
        self.run(
            f"insert into {tables}_profiles values ($1, $2, 'jira', $3, $4, $5, $6, $7)",
            *(item, f"{project} {issue_type[1]}", project, *issue_type, BEGINNING, FOREVER),
        )
        self.run(
            "insert into intermediate.int_work_profiles values ($1, 'jira', $2, $3, $4)",
            *(f"{project} {issue_type[1]}", project, *issue_type),
        )
        for (start, status), (end, _) in zip(moves, [*moves[1:], (FOREVER, "")], strict=True):
            self.run(
                f"insert into {tables}_status_intervals values ($1, 'jira', $2, $3, false, $4, $5)",
                *(item, status, STATUSES[status], start, end),
            )
        for field, value in {"project": project, **values}.items():
            self.run(
                f"insert into {tables}_values values ($1, $2, $3, $4, $5, $6)",
                *(item, field, value, value, BEGINNING, FOREVER),
            )
