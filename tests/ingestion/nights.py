"""Nights of one connection against the doubles of the vendors' APIs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ingestion.connections import GithubConnection, JiraConnection, PagerdutyConnection
from ingestion.load import Warehouse
from ingestion.stream import StreamRun
from ingestion.sync import sync_connection

SECRET = "s3cret-planted-token"


def jira_connection(url: str, projects: Any = "*", **more: Any) -> JiraConnection:
    """A connection to a Jira double."""
    values = {
        "name": "jira",
        "type": "jira",
        "base_url": url,
        "user": "bot@acme.example",
        "start_date": date(2026, 1, 1),
    }
    return JiraConnection(**{**values, "projects": projects, "secret": SecretStr(SECRET), **more})


def github_connection(server: Any, repositories: Any = ("acme/*",), **more: Any) -> GithubConnection:
    """A connection to a GitHub double."""
    values = {
        "name": "github", "type": "github", "base_url": server.github_url, "graphql_url": server.graphql_url,
        "repositories": list(repositories), "start_date": date(2026, 1, 1), "secret": SecretStr(SECRET),
    }  # fmt: skip
    return GithubConnection(**{**values, **more})


def pagerduty_connection(url: str, **more: Any) -> PagerdutyConnection:
    """A connection to a PagerDuty double."""
    values = {"name": "pagerduty", "type": "pagerduty", "base_url": url, "start_date": date(2026, 1, 1)}
    return PagerdutyConnection(**{**values, "secret": SecretStr(SECRET), **more})


class Nights:
    """Runs nights over one data folder. `waits`: what the client slept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.waits: list[float] = []

    @contextmanager
    def warehouse(self) -> Generator[Warehouse]:
        with Warehouse(self.folder / "warehouse" / "warehouse.duckdb") as warehouse:
            warehouse.ensure_tables()
            yield warehouse

    def run(self, connection: Any, as_of: datetime, *, full: bool = False) -> dict[str, StreamRun]:
        """One night; the stream runs by stream."""
        with self.warehouse() as warehouse:
            runs = sync_connection(
                connection,
                config=None,
                data=self.folder,
                warehouse=warehouse,
                as_of=as_of,
                full=full,
                sleep=self.waits.append,
            )
        return {run.stream: run for run in runs}

    def query(self, sql: str) -> list[tuple]:
        """Rows of the warehouse."""
        with self.warehouse() as warehouse:
            return warehouse.query(sql)

    def raw(self, table: str, columns: str = "id, updated_at, payload::varchar") -> list[tuple]:
        """Rows of a raw table by id."""
        return self.query(f"select {columns} from raw_{table} order by id")


def errors(runs: dict[str, StreamRun]) -> dict[str, str]:
    """What went wrong, by stream."""
    return {name: f"{run.status}: {run.error}" for name, run in runs.items() if run.status != "ok"}
