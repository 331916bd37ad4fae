"""What changed rules would do: those in the configuration against those of the last night.

Two acts are told apart. A dated change begins on a day on which nothing of the rule began or ended before: from that
day on other numbers, the past stays. A correction holds since the beginning of time, or changes a row where it stands:
it rewrites the past. The items are those whose outcome differs, on pieces of their history between any two edges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.last_night import LastNight

Row = Mapping[str, Any]

FIRST, LAST = date.min, date(9999, 12, 31)
KEYS = {
    "status_mappings": ("connection", "project", "issue_type", "status"),
    "type_mappings": ("connection", "project", "issue_type", "condition_field", "condition_value"),
    "work_rules": ("rule_order", "connection", "project", "field", "value"),
}
OUTCOMES = {
    "status_mappings": ("flow_state", "stage", "stage_order", "is_blocked"),
    "type_mappings": ("flow_item_type", "item_level"),
    "work_rules": ("team_id", "value_stream_id", "weight"),
}
# the weight of a condition among those that make a row more specific, as in the models
SPECIFICITY = {"connection": 1, "project": 2, "issue_type": 4, "condition_field": 8}

RULES = {
    **dict.fromkeys(("rule_id", "key_id", "priority"), "INTEGER"),
    **dict.fromkeys(("is_old", "is_new"), "BOOLEAN"),
    **dict.fromkeys(("connection", "project", "issue_type", "status", "field", "value", "outcome"), "VARCHAR"),
    **dict.fromkeys(("valid_from", "valid_to"), "TIMESTAMP"),
}
WINDOWS = {"change_id": "INTEGER", "key_id": "INTEGER", "valid_from": "TIMESTAMP", "valid_to": "TIMESTAMP"}

# A rule holds for a subject: for statuses every workflow of every status (few, whatever the number of items), for types
# and teams the item. Both end in `differing`: the pieces of time on which the old and the new rules disagree.
MATCH = """
    (rules.connection is null or rules.connection = subjects.connection)
    and (rules.project is null or rules.project = subjects.project_key)
    and (rules.issue_type is null or rules.issue_type in (subjects.issue_type_id, lower(subjects.type_name)))
    and (rules.status is null or rules.status in (subjects.status_id, subjects.status_name))
"""
MATCH_VALUE = """
    rules.field is null
    or (rules.field = 'project' and rules.value = lower(subjects.project_key))
    or (rules.field = 'issue_type' and rules.value in (subjects.issue_type_id, lower(subjects.type_name)))
    or item_values.item_key is not null
"""
# a closed item's numbers stand: what its rules say after the moment it was closed changes nothing
LIVES = """
lives as (
    select
        items.item_key,
        items.created_at,
        case facts.flow_state when 'done' then facts.last_done_at when 'cancelled' then facts.state_since end
            + interval 1 microsecond as closed_at
    from intermediate.int_work_items as items
    left join intermediate.int_work_item_facts as facts on items.item_key = facts.item_key
)"""
STATUS_SUBJECTS = """
subjects as (
    select
        concat_ws(chr(9), workflows.connection, project_key, issue_type_id, stays.status_id) as subject,
        workflows.connection, workflows.project_key, workflows.issue_type_id,
        any_value(workflows.issue_type_name) as type_name, stays.status_id,
        any_value(lower(coalesce(listed.payload ->> 'name', stays.status_name))) as status_name,
        timestamp '0001-01-01' as valid_from, timestamp '9999-12-31' as valid_to
    from (
        select connection, status_id, any_value(status_name) as status_name
        from intermediate.int_work_item_status_intervals
        where not is_deletion
        group by all
    ) as stays
    inner join intermediate.int_work_profiles as workflows on stays.connection = workflows.connection
    left join raw_jira.statuses as listed on stays.connection = listed.connection and stays.status_id = listed.id
    group by all
),
item_values as (
    select null::varchar as item_key, null::varchar as field, null::varchar as value, null::timestamp as valid_from,
        null::timestamp as valid_to
    where false
)"""
ITEM_SUBJECTS = """
subjects as (
    select
        types.item_key as subject, types.connection, types.project_key, types.issue_type_id,
        coalesce(named.issue_type_name, types.issue_type_name) as type_name,
        null::varchar as status_id, null::varchar as status_name,
        greatest(types.valid_from, lives.created_at) as valid_from, least(types.valid_to, lives.closed_at) as valid_to
    from intermediate.int_work_item_profiles as types
    inner join lives on types.item_key = lives.item_key
    left join intermediate.int_work_profiles as named on types.profile_key = named.profile_key
),
item_values as (
    select item_key, field, unnest([lower(value), lower(value_text)]) as value, valid_from, valid_to
    from intermediate.int_work_item_values
    where field in ('component', 'team', 'epic')
    union
    select item_key, field, unnest(string_split(lower(value_text), ' ')), valid_from, valid_to
    from intermediate.int_work_item_values
    where field = 'label'
    union
    select
        memberships.item_key, 'board', unnest([boards.id, lower(boards.payload ->> 'name')]),
        memberships.valid_from, memberships.valid_to
    from intermediate.int_work_item_sprints as memberships
    inner join raw_jira.sprints as sprints
        on memberships.sprint_key = sprints.connection || ':' || sprints.id
    inner join raw_jira.boards as boards
        on sprints.connection = boards.connection and sprints.payload ->> 'originBoardId' = boards.id
)"""
DIFFERING = f"""
touched as (
    select distinct subjects.subject
    from subjects
    inner join rules on rules.key_id is not null and {MATCH}
    left join item_values
        on subjects.subject = item_values.item_key
        and rules.field = item_values.field and rules.value = item_values.value
    where {MATCH_VALUE}
),
hits as (
    select
        rules.rule_id, subjects.subject,
        greatest(
            subjects.valid_from, rules.valid_from, coalesce(item_values.valid_from, subjects.valid_from)
        ) as valid_from,
        least(subjects.valid_to, rules.valid_to, coalesce(item_values.valid_to, subjects.valid_to)) as valid_to
    from subjects
    semi join touched on subjects.subject = touched.subject
    inner join rules on {MATCH}
    left join item_values
        on subjects.subject = item_values.item_key
        and rules.field = item_values.field and rules.value = item_values.value
    where ({MATCH_VALUE})
),
edges as (
    select distinct subject, unnest([valid_from, valid_to]) as edge from hits where valid_from < valid_to
),
pieces as (
    select subject, edge as valid_from, lead(edge) over (partition by subject order by edge) as valid_to from edges
),
ranked as (
    select
        pieces.*, rules.key_id, rules.outcome,
        rules.is_old and 1 = rank() over (
            partition by pieces.subject, pieces.valid_from
            order by case when rules.is_old then rules.priority end nulls last
        ) as wins_old,
        rules.is_new and 1 = rank() over (
            partition by pieces.subject, pieces.valid_from
            order by case when rules.is_new then rules.priority end nulls last
        ) as wins_new
    from pieces
    inner join hits
        on pieces.subject = hits.subject
        and pieces.valid_from >= hits.valid_from and pieces.valid_from < hits.valid_to
    inner join rules on hits.rule_id = rules.rule_id
),
outcomes as (
    select
        subject, valid_from, valid_to,
        string_agg(distinct outcome, ';' order by outcome) filter (wins_old) as old_outcome,
        string_agg(distinct outcome, ';' order by outcome) filter (wins_new) as new_outcome,
        list(distinct key_id) filter ((wins_old or wins_new) and key_id is not null) as key_ids
    from ranked
    group by all
),
differing as (
    select subject, valid_from, valid_to, old_outcome is null as was_unmapped, unnest(key_ids) as key_id
    from outcomes
    where old_outcome is distinct from new_outcome
)"""
CONCERNED = """
select
    windows.change_id, count(distinct {item}), min({moment}), bool_and(differing.was_unmapped)
from differing
inner join windows
    on differing.key_id = windows.key_id
    and differing.valid_from >= windows.valid_from and differing.valid_from < windows.valid_to
{stays}
group by windows.change_id
"""
# the items of a status' subject: those that were in it, at a time when they were of that project and type
STAYS = """
stays as materialized (
    select
        concat_ws(chr(9), types.connection, types.project_key, types.issue_type_id, intervals.status_id) as subject,
        intervals.item_key,
        greatest(intervals.valid_from, types.valid_from) as valid_from,
        least(intervals.valid_to, types.valid_to, lives.closed_at) as valid_to
    from intermediate.int_work_item_status_intervals as intervals
    inner join intermediate.int_work_item_profiles as types
        on intervals.item_key = types.item_key
        and intervals.valid_from < types.valid_to and types.valid_from < intervals.valid_to
    inner join lives on intervals.item_key = lives.item_key
    where
        intervals.status_id in (
            select subjects.status_id
            from subjects
            inner join differing on subjects.subject = differing.subject
        )
)"""
OF_STATUSES = f"with {LIVES}, {STATUS_SUBJECTS}, {DIFFERING}, {STAYS}" + CONCERNED.format(
    item="stays.item_key",
    moment="greatest(stays.valid_from, differing.valid_from)",
    stays="""inner join stays
    on differing.subject = stays.subject
    and stays.valid_from < least(stays.valid_to, differing.valid_to) and differing.valid_from < stays.valid_to""",
)
OF_ITEMS = f"with {LIVES}, {ITEM_SUBJECTS}, {DIFFERING}" + CONCERNED.format(
    item="differing.subject", moment="differing.valid_from", stays=""
)


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of days [start, end) on which a rule says something else than before.

    key: the rule's conditions. old, new: its outcomes (several only where teams share an item), () for none. line: in
    the file, of the row that is there now; None for a row that is gone. items: how many items' numbers change; since:
    the first moment (UTC) of them. was_unmapped: nothing held for these items.
    """

    table: str
    key: tuple[str, ...]
    start: date
    end: date
    old: tuple[tuple[str, ...], ...]
    new: tuple[tuple[str, ...], ...]
    line: int | None
    is_dated: bool
    items: int = 0
    since: datetime | None = None
    was_unmapped: bool = False


def preview(night: LastNight, organization: Mapping[str, Sequence[Row]], zone: ZoneInfo) -> list[Change]:
    """Every change of status_mappings, type_mappings and work_rules since the last night, with its items.

    organization: the rows of each file as they are now, with `_line`. Raises NotThere where the warehouse has none.
    """
    changes: list[Change] = []
    for table in KEYS:
        old, new = night.organization(table), list(organization.get(table, ()))
        found = differences(table, old, new)
        changes += _counted(night, table, old, new, found, zone) if found else []
    return changes


def differences(table: str, old: Sequence[Row], new: Sequence[Row]) -> list[Change]:
    """The stretches of days on which the rows of a file say something else than before, without their items."""
    before, after = _by_key(table, old), _by_key(table, new)
    changes = []
    for key in dict.fromkeys([*after, *before]):
        olds, news = before.get(key, []), after.get(key, [])
        old_edges = {edge for row in olds for edge in _days(row)}
        edges = sorted({FIRST, LAST, *old_edges, *(edge for row in news for edge in _days(row))})
        stretches: list[Change] = []
        for start, end in pairwise(edges):
            was, will = _on(table, olds, start), _on(table, news, start)
            if was == will:
                continue
            if stretches and stretches[-1].end == start and (stretches[-1].old, stretches[-1].new) == (was, will):
                stretches[-1] = replace(stretches[-1], end=end)
                continue
            line = next((row.get("_line") for row in news if _days(row)[0] <= start < _days(row)[1]), None)
            stretches.append(Change(table, _shown_key(table, (news or olds)[0]), start, end, was, will, line, False))
        for each in stretches:
            is_moved = each.end in old_edges and each.end < LAST and each.new == _on(table, olds, each.end)
            is_dated = each.start > FIRST and each.start not in old_edges and not is_moved
            changes.append(replace(each, is_dated=is_dated))
    return sorted(changes, key=lambda change: (change.line is None, change.line or 0, change.start))


def _counted(
    night: LastNight, table: str, old: Sequence[Row], new: Sequence[Row], changes: list[Change], zone: ZoneInfo
) -> list[Change]:
    """The changes with how many items they concern; one that begins before all items is no dated change."""
    keys = {key: number for number, key in enumerate(dict.fromkeys(_folded(change.key) for change in changes))}
    night.fill("rules", RULES, _rules(table, old, new, keys, zone))
    windows = [
        {
            "change_id": number,
            "key_id": keys[_folded(change.key)],
            "valid_from": _moment(change.start, zone),
            "valid_to": _moment(change.end, zone),
        }
        for number, change in enumerate(changes)
    ]
    night.fill("windows", WINDOWS, windows)
    rows = night.rows(OF_STATUSES if table == "status_mappings" else OF_ITEMS)
    counts = {number: rest for number, *rest in rows}
    ((first,),) = night.rows("select min(created_at) from intermediate.int_work_items")
    earliest = first.replace(tzinfo=UTC).astimezone(zone).date() if first else LAST
    return [
        replace(
            change,
            is_dated=change.is_dated and change.start > earliest,
            **dict(zip(("items", "since", "was_unmapped"), counts.get(number, ()), strict=False)),
        )
        for number, change in enumerate(changes)
    ]


def _rules(
    table: str, old: Sequence[Row], new: Sequence[Row], keys: Mapping[tuple[str, ...], int], zone: ZoneInfo
) -> list[dict[str, Any]]:
    """The rules of both sides as rows of RULES: an unchanged one once, a changed one once a side."""
    unchanged = [(row, True, True) for row in new if _key_of(table, row) not in keys]
    olds = [(row, True, False) for row in old if _key_of(table, row) in keys]
    news = [(row, False, True) for row in new if _key_of(table, row) in keys]
    every = sorted([*unchanged, *olds, *news], key=lambda rule: _priority(table, rule[0]))
    priorities = {order: number for number, order in enumerate(dict.fromkeys(_priority(table, r) for r, *_ in every))}
    return [
        {
            "rule_id": number,
            "key_id": keys.get(_key_of(table, row)),
            "is_old": is_old,
            "is_new": is_new,
            "priority": priorities[_priority(table, row)],
            "connection": row.get("connection"),
            "project": row.get("project"),
            "issue_type": _lower(row.get("issue_type")),
            "status": _lower(row.get("status")),
            "field": row.get("field") or row.get("condition_field"),
            "value": _lower(row.get("value") or row.get("condition_value")),
            "outcome": "|".join(_outcome(table, row)),
            "valid_from": _moment(_days(row)[0], zone),
            "valid_to": _moment(_days(row)[1], zone),
        }
        for number, (row, is_old, is_new) in enumerate(every)
    ]


def _priority(table: str, row: Row) -> tuple[Any, ...]:
    """What sorts the rule that wins first; equal only for rules that share an item."""
    if table == "work_rules":
        return (int(row["rule_order"]),)
    weight = sum(number for column, number in SPECIFICITY.items() if row.get(column))
    return (-weight, -_days(row)[0].toordinal(), *_outcome(table, row))


def _by_key(table: str, rows: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(_key_of(table, row), []).append(row)
    return groups


def _shown_key(table: str, row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(column) or "") for column in KEYS[table])


def _key_of(table: str, row: Row) -> tuple[str, ...]:
    return _folded(_shown_key(table, row))


def _folded(key: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.casefold() for part in key)


def _outcome(table: str, row: Row) -> tuple[str, ...]:
    values = {"is_blocked": "blocked" if row.get("is_blocked") == "yes" else ""}
    return tuple(str(values.get(column, row.get(column)) or "") for column in OUTCOMES[table])


def _on(table: str, rows: Sequence[Row], day: date) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(_outcome(table, row) for row in rows if _days(row)[0] <= day < _days(row)[1]))


def _days(row: Row) -> tuple[date, date]:
    start, end = row.get("valid_from"), row.get("valid_to")
    return (date.fromisoformat(start) if start else FIRST, date.fromisoformat(end) if end else LAST)


def _moment(day: date, zone: ZoneInfo) -> str:
    """The first moment of a local day in UTC."""
    if day in (FIRST, LAST):
        return datetime.combine(day, time.min).isoformat()
    return datetime.combine(day, time.min, zone).astimezone(UTC).replace(tzinfo=None).isoformat()


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None
