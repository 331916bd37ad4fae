"""Jira Software (agile API): boards, their columns, sprints with their real start and close.

An unchanged night asks little of it:

- boards are listed every night (50 a request; with named `projects`, one listing a project);
- the configuration of a board is read when the board is new or is listed differently, and else once a week, at most
  ten of the oldest a night;
- the sprints of a board are read when the board is new or is listed differently, while our copy has an active or a
  future sprint of it, and when an issue that was read tonight is in a sprint of it that we do not know; else like
  configurations. Kanban boards have none. A sprint that several boards show is one row.

A site without Jira Software, or an account without the right to it, has no agile API: the streams are `not_available`
and the others go on. A board that refuses (a team-managed one without sprints) is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.pagination import Offset
from ingestion.sources.jira_scope import payloads, projects_in_scope
from ingestion.stream import Context, Slice, Stream

BOARDS = "/rest/agile/1.0/board"
PER_PAGE = 50
GOES_STALE_AFTER = timedelta(days=7)
REFRESHED_A_NIGHT = 10
BOARD_MEMBERS = ("id", "self", "name", "type", "isPrivate")
LOCATION_MEMBERS = ("projectId", "projectKey", "projectName", "projectTypeKey")
CONFIGURATION_MEMBERS = (
    "id", "self", "name", "type", "location", "filter", "subQuery", "columnConfig", "estimation", "ranking",
)  # fmt: skip


def _board(record: dict[str, Any], _: Slice) -> dict[str, Any]:
    """Without avatars and owners; the location of a person's own board says who that is, so only a project's stays."""
    location = record.get("location") or {}
    return _some(record, BOARD_MEMBERS) | {"location": _some(location, LOCATION_MEMBERS)}


def _configuration(record: dict[str, Any], _: Slice) -> dict[str, Any]:
    found = _some(record, CONFIGURATION_MEMBERS)
    if (found.get("location") or {}).get("type") == "user":
        del found["location"]
    return found


def _sprint(record: dict[str, Any], _: Slice) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "goal"}


def _board_slices(context: Context) -> Sequence[Slice]:
    """One listing, or one for each project of a connection that names them (a board may show several)."""
    if "*" in context.connection.projects:
        return (_read_at(context, "*"),)
    return [
        _read_at(context, project, values={"projectKeyOrId": project}, label=f"boards of {project}")
        for project in projects_in_scope(context)
    ]


def _configuration_slices(context: Context) -> Sequence[Slice]:
    return _due(context, _boards(context))


def _sprint_slices(context: Context) -> Sequence[Slice]:
    boards = {board: listed for board, (kind, listed) in _listings(context).items() if kind != "kanban"}
    return _due(context, boards, at_once=_boards_with_open_sprints(context) | _boards_with_unknown_sprints(context))


def _boards(context: Context) -> dict[str, str]:
    return {board: listed for board, (_, listed) in _listings(context).items()}


def _listings(context: Context) -> dict[str, tuple[str, str]]:
    """Kind, and a digest of what is listed, by board id."""
    rows = context.known(
        "select id, payload->>'$.type', md5(payload::varchar) from raw_jira.boards where connection = $1 "
        "order by length(id), id"
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _boards_with_open_sprints(context: Context) -> set[str]:
    rows = context.known(
        """select distinct payload->>'$.originBoardId' from raw_jira.sprints
        where connection = $1 and payload->>'$.state' in ('active', 'future')"""
    )
    return {row[0] for row in rows}


def _boards_with_unknown_sprints(context: Context) -> set[str]:
    """Boards of sprints that an issue read tonight is in and that we have not read."""
    roles = [role for role in payloads(context, "field_roles") if role["role"] == "sprint"]
    found: set[str] = set()
    for field in sorted({field for role in roles for field in (role["field_id"], *role.get("also", ()))}):
        rows = context.known(
            f"""select distinct sprint->>'$.boardId' from (
                select unnest(from_json(payload->'$.fields."{field}"', '["JSON"]')) as sprint from raw_jira.issues
                where connection = $1 and fetched_at = $2 and json_type(payload, '$.fields."{field}"') = 'ARRAY'
            )
            where sprint->>'$.id' not in (select id from raw_jira.sprints where connection = $1)""",
            context.as_of.astimezone(UTC).replace(tzinfo=None),
        )
        found |= {row[0] for row in rows}
    return found


def _due(context: Context, boards: Mapping[str, str], at_once: Collection[str] = ()) -> list[Slice]:
    """One slice for each board that is to be read tonight.

    boards: digest of what is listed by board id. at_once: boards to read whatever their age.
    """
    new, old = [], []
    for board, listed in boards.items():
        cursor = context.cursors.get(board)
        if cursor is None or cursor["listed"] != listed or board in at_once:
            new.append(board)
        elif context.as_of - datetime.fromisoformat(cursor["read_at"]) >= GOES_STALE_AFTER:
            old.append(board)
    old.sort(key=lambda board: context.cursors[board]["read_at"])
    return [
        _read_at(context, board, values={"board": board}, label=f"board {board}", listed=boards[board])
        for board in [*new, *old[:REFRESHED_A_NIGHT]]
    ]


def _read_at(
    context: Context, key: str, *, values: Mapping[str, Any] | None = None, label: str = "", **more: str
) -> Slice:
    """A slice that remembers when it was read."""
    cursor = {"read_at": context.as_of.astimezone(UTC).isoformat(), **more}
    return Slice(key=key, values=values or {}, cursor=cursor, label=label)


def _some(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}


AGILE = (
    Stream(
        name="boards",
        mode="snapshot",
        optional=True,
        requires=("projects",),
        path=BOARDS,
        params={"maxResults": PER_PAGE},
        paginator=Offset(),
        records="values",
        shape=_board,
        slices=_board_slices,
    ),
    Stream(
        name="board_configurations",
        optional=True,
        requires=("boards",),
        path=BOARDS + "/{board}/configuration",
        records=".",
        id=lambda _, slice_: slice_.key,
        shape=_configuration,
        slices=_configuration_slices,
    ),
    Stream(
        name="sprints",
        optional=True,
        requires=("boards",),
        path=BOARDS + "/{board}/sprint",
        params={"maxResults": PER_PAGE},
        paginator=Offset(),
        records="values",
        shape=_sprint,
        slices=_sprint_slices,
    ),
)
