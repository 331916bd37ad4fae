"""What several streams of a Jira connection look up in the warehouse: payloads read before, projects in scope."""

from __future__ import annotations

from typing import Any

import orjson

from ingestion.errors import StopStream
from ingestion.stream import Context


def payloads(context: Context, stream: str) -> list[dict[str, Any]]:
    """The payloads of a stream of this connection that are in the warehouse, by id."""
    rows = context.known(f'select payload::varchar from raw_jira."{stream}" where connection = $1 order by id')
    return [orjson.loads(row[0]) for row in rows]


def visible_projects(context: Context) -> set[str]:
    """Keys of the projects that the account sees."""
    rows = context.known("select payload->>'$.key' from raw_jira.projects where connection = $1")
    return {row[0] for row in rows}


def what_is_seen(context: Context) -> str:
    """The first twenty of these keys, for a message."""
    keys = sorted(visible_projects(context))
    return ", ".join(keys[:20]) + (" ..." if len(keys) > 20 else "") or "no project at all"


def in_scope(connection: Any, project: str) -> bool:
    """Whether a project (key) is one of those that the connection reads."""
    return "*" in connection.projects or project in connection.projects


def projects_in_scope(context: Context) -> list[str]:
    """Keys of the projects that are read and can be seen; StopStream where there is none."""
    found = sorted(key for key in visible_projects(context) if in_scope(context.connection, key))
    if not found:
        raise StopStream(
            f"{context.connection.base_url}: none of the projects {', '.join(context.connection.projects)} can be seen",
            f"the account sees {what_is_seen(context)}; correct `projects` or give it the permission to browse them",
        )
    return found
