"""Which repositories a GitHub connection reads this night, as its probe found them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ingestion.errors import StopStream
from ingestion.stream import Context


def repositories_in_scope(context: Context) -> list[dict[str, Any]]:
    """The repositories of this night's probe."""
    found = context.memory.get("repositories")
    if found is None:
        raise StopStream("the repositories were not listed in this run", "run again")
    return found


def reference(repository: dict[str, Any]) -> dict[str, str]:
    """How a record of REST names its repository: by node id and name."""
    return {"id": repository["id"], "nameWithOwner": repository["nameWithOwner"]}


def start_of(context: Context) -> datetime:
    """The beginning of the connection's first day."""
    return datetime.combine(context.connection.start_date, datetime.min.time(), UTC)


def moment(text: str | None) -> datetime | None:
    """A time of a cursor."""
    return datetime.fromisoformat(text) if text else None
