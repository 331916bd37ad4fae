"""What must hold between objectives, key results, check-ins and costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from ingestion.sources.organization_reading import Reading, Row, near

LEVELS = ("company", "value_stream", "team")
OWNERS = {"value_stream": "value_streams", "team": "teams"}


def _check_objectives(rows: list[Row], reading: Reading) -> None:
    """An objective has the owner of its level, ends after it starts and serves one of a higher level, in no circle."""
    by_id = {row.values["objective_id"] or "": row for row in rows}
    for row in rows:
        _check_owner(row, reading)
        if row.day("ends_on") < row.day("starts_on"):
            reading.problem("objectives", row.line, "ends_on", f"'{row.values['ends_on']}' is before starts_on")
        parent = by_id.get(row.values["parent_objective_id"] or "")
        if parent is None:
            continue
        if _leads_back(row, by_id):
            message = f"'{row.values['parent_objective_id']}' leads back to this objective; take one of them out"
            reading.problem("objectives", row.line, "parent_objective_id", message)
        elif LEVELS.index(parent.values["level"] or "") > LEVELS.index(row.values["level"] or ""):
            message = (
                f"'{row.values['parent_objective_id']}' (line {parent.line}) is of level {parent.values['level']}, "
                f"below {row.values['level']}; an objective serves one of its own level or a higher one"
            )
            reading.problem("objectives", row.line, "parent_objective_id", message)


def _check_owner(row: Row, reading: Reading) -> None:
    level, owner = row.values["level"] or "", row.values["owner_id"]
    table = OWNERS.get(level)
    if table is None:
        if owner is not None:
            reading.problem("objectives", row.line, "owner_id", f"'{owner}' must be blank for level company")
    elif table not in reading.unreadable and owner not in reading.ids(table):
        hint = near(owner or "", reading.ids(table)) or "; add it there or correct it here"
        message = f"'{owner}' is not in {table}.csv{hint}" if owner else f"is blank; write an id of {table}.csv"
        reading.problem("objectives", row.line, "owner_id", message)


def _leads_back(row: Row, by_id: dict[str, Row]) -> bool:
    seen: set[str] = set()
    place = row.values["parent_objective_id"]
    while place in by_id and place not in seen:
        if place == row.values["objective_id"]:
            return True
        seen.add(place)
        place = by_id[place].values["parent_objective_id"]
    return False


def _check_key_results(rows: list[Row], reading: Reading) -> None:
    """A key result lies within its objective, has a way to go, and goes that way."""
    objectives = {row.values["objective_id"]: row for row in reading.rows.get("objectives", ()) if not row.wrong}
    for row in rows:
        first, last = row.day("starts_on"), row.day("ends_on")
        objective = objectives.get(row.values["objective_id"])
        if last <= first:
            reading.problem("key_results", row.line, "ends_on", f"'{row.values['ends_on']}' is not after starts_on")
        elif objective is not None and not objective.day("starts_on") <= first <= last <= objective.day("ends_on"):
            column = "starts_on" if first < objective.day("starts_on") else "ends_on"
            span = f"{objective.values['starts_on']} to {objective.values['ends_on']}"
            message = (
                f"'{row.values[column]}' is outside objective '{row.values['objective_id']}' ({span}); "
                "correct one of them"
            )
            reading.problem("key_results", row.line, column, message)
        baseline, target = Decimal(row.values["baseline"] or 0), Decimal(row.values["target"] or 0)
        if baseline == target:
            message = "is the same as baseline, so progress cannot be computed; correct one of them"
            reading.problem("key_results", row.line, "target", message)
        elif row.values["direction"] not in (None, "up" if target > baseline else "down"):
            message = f"{row.values['direction']} is not the way from baseline {baseline} to target {target}"
            reading.problem("key_results", row.line, "direction", f"{message}; correct one of them")


def _check_check_ins(rows: list[Row], reading: Reading) -> None:
    """A check-in is about a day of its key result."""
    spans: dict[str, list[Row]] = defaultdict(list)
    for row in reading.rows.get("key_results", ()):
        if not row.wrong:
            spans[row.values["key_result_id"] or ""].append(row)
    for row in rows:
        found = spans.get(row.values["key_result_id"] or "", [])
        if found and not any(each.day("starts_on") <= row.day("date") <= each.day("ends_on") for each in found):
            span = f"{found[0].values['starts_on']} to {found[0].values['ends_on']}"
            message = f"'{row.values['date']}' is outside key result '{row.values['key_result_id']}' ({span})"
            reading.problem("key_result_check_ins", row.line, "date", f"{message}; write a day of it")


def _check_team_costs(rows: list[Row], reading: Reading) -> None:
    """Costs are for a month or for days, in one currency; those of a team follow one another without gap or overlap."""
    teams: dict[str, list[tuple[date, date, Row]]] = defaultdict(list)
    for row in rows:
        if row.values["currency"] != rows[0].values["currency"]:
            first = f"{rows[0].values['currency']} as at line {rows[0].line}"
            message = f"{row.values['currency']} is not {first}; use one currency"
            reading.problem("team_costs", row.line, "currency", message)
        span = _days_of_cost(row, reading)
        if span:
            teams[row.values["team_id"] or ""].append((*span, row))
    for team, spans in teams.items():
        for (_, end, earlier), (start, _, later) in pairwise(sorted(spans, key=lambda span: (span[0], span[2].line))):
            column = "month" if later.values["month"] else "starts_on"
            if start < end:
                message = f"overlaps line {earlier.line} (team '{team}'); a day of a team has one cost"
                reading.problem("team_costs", later.line, column, message)
            elif start > end:
                message = f"leaves {end} to {start - timedelta(days=1)} without a cost after line {earlier.line}"
                reading.problem("team_costs", later.line, column, f"{message} (team '{team}'); write 0 if it has none")


def _days_of_cost(row: Row, reading: Reading) -> tuple[date, date] | None:
    """First day and the day after the last; None where they cannot be told, which is noted."""
    month, first, last = row.values["month"], row.values["starts_on"], row.values["ends_on"]
    if (month is None) == (first is None) or (first is None) != (last is None):
        message = "write either month, or starts_on and ends_on"
        reading.problem("team_costs", row.line, "month", f"is {'blank' if month is None else 'not alone'}; {message}")
        return None
    if month is not None:
        return row.day("month"), (row.day("month") + timedelta(days=32)).replace(day=1)
    if row.day("ends_on") < row.day("starts_on"):
        reading.problem("team_costs", row.line, "ends_on", f"'{last}' is before starts_on")
        return None
    return row.day("starts_on"), row.day("ends_on") + timedelta(days=1)


PURPOSE_CHECKS: dict[str, Callable[[list[Row], Reading], None]] = {
    "objectives": _check_objectives,
    "key_results": _check_key_results,
    "key_result_check_ins": _check_check_ins,
    "team_costs": _check_team_costs,
}
