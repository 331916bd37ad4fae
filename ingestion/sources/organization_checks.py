"""What must hold between rows and files of the organisation: references, histories without overlap or gap, weights."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from ingestion.sources.organization_columns import Table
from ingestion.sources.organization_purpose_checks import PURPOSE_CHECKS
from ingestion.sources.organization_reading import Reading, Row, near
from ingestion.sources.organization_tables import TABLES

WEIGHT_TOLERANCE = Decimal("0.0001")


def check(reading: Reading, connections: Collection[str] | None) -> None:
    """Note every problem between rows. Histories that hold a wrong value are left out: it is one problem, not two."""
    _check_references(reading, connections)
    for table in TABLES:
        every = reading.rows.get(table.name, [])
        wrong = {row.key(table.key[:1]) for row in every if row.wrong}
        rows = [row for row in every if row.key(table.key[:1]) not in wrong]
        _check_history(table, rows, reading)
        if table.name in CHECKS:
            CHECKS[table.name](rows, reading)


def _check_references(reading: Reading, connections: Collection[str] | None) -> None:
    """Every id that a row names is in the file that defines it; a file that cannot be read is held against no other."""
    for table in TABLES:
        for column in table.columns:
            target = column.references
            if target is None or target in reading.unreadable or (target == "connections" and connections is None):
                continue
            known = set(connections or ()) if target == "connections" else reading.ids(target)
            place = "connections.yml" if target == "connections" else f"{target}.csv"
            for row in reading.rows.get(table.name, ()):
                value = row.values.get(column.name)
                if value is not None and column.name not in row.wrong and value not in known:
                    message = f"'{value}' is not in {place}{near(value, known) or '; add it there or correct it here'}"
                    reading.problem(table.name, row.line, column.name, message)


def _check_history(table: Table, rows: list[Row], reading: Reading) -> None:
    """No row twice; and what the table's kind of history asks for."""
    seen: dict[tuple[str, ...], int] = {}
    unique = []
    for row in rows:
        first = seen.setdefault(row.key(table.identity), row.line)
        if first != row.line:
            reading.problem(
                table.name, row.line, "", f"repeats line {first} ({_about(table.key, row)}); keep one of them"
            )
        else:
            unique.append(row)
    if table.history == "none":
        return
    clean = _check_overlaps(table, table.key, unique, reading)
    if table.history == "weights" and clean:
        _check_weights(table.name, table.key[:1], unique, reading)


def _check_overlaps(table: Table, key: Sequence[str], rows: list[Row], reading: Reading) -> bool:
    """Rows of one key follow one another without overlap and, in a continuous history, without a gap."""
    before = len(reading.problems)
    for group in _groups(rows, key):
        for earlier, later in pairwise(group):
            if later.start < earlier.end:
                what = f"overlaps line {earlier.line} ({_about(key, later)} {_span(earlier)})"
                message = f"{what}; end one where the next begins"
                reading.problem(table.name, later.line, "valid_from", message)
            elif later.start > earlier.end and table.history == "continuous":
                message = (
                    f"leaves a gap after line {earlier.line} ({_about(key, later)} {_span(earlier)}); "
                    f"begin on {earlier.end}, or end line {earlier.line} on {later.start}"
                )
                reading.problem(table.name, later.line, "valid_from", message)
    return len(reading.problems) == before


def _check_weights(table: str, key: Sequence[str], rows: list[Row], reading: Reading) -> None:
    """The weights of the rows of one key sum to 1 on each day from its first to its last."""
    for group in _groups(rows, key):
        edges = sorted({edge for row in group for edge in (row.start, row.end)})
        last: Decimal | None = None
        for start in edges[:-1]:
            active = [row for row in group if row.start <= start < row.end]
            total = sum((Decimal(row.values["weight"] or "1") for row in active), Decimal(0))
            if abs(total - 1) > WEIGHT_TOLERANCE and total != last:
                line = active[0].line if active else next(row.line for row in group if row.end == start)
                since = "" if start == date.min else f" from {start}"
                what = (
                    f"weights of {_about(key, group[0])} sum to {total.normalize():f}{since}"
                    if active
                    else (f"{_about(key, group[0])} has no row from {start} on, but again later")
                )
                cure = "they must sum to 1 on each day" if active else "close the gap"
                reading.problem(table, line, "weight" if active else "valid_to", f"{what}; {cure}")
            last = total


def _check_work_rules(rows: list[Row], reading: Reading) -> None:
    """One rule_order is one condition on a day, its rows share by weight, and a row leads somewhere."""
    condition = ("connection", "project", "field", "value")
    for row in rows:
        if not row.values["team_id"] and not row.values["value_stream_id"]:
            reading.problem(
                "work_rules", row.line, "team_id", "is blank like value_stream_id; name at least one of them"
            )
    clean = True
    for group in _groups(rows, ("rule_order",)):
        for position, row in enumerate(group):
            other = next(
                (o for o in group[:position] if o.end > row.start and o.key(condition) != row.key(condition)), None
            )
            if other is not None:
                clean = False
                message = (
                    f"{row.values['rule_order']} is another condition at line {other.line}; give each its own "
                    "(rows of one order share one condition by weight)"
                )
                reading.problem("work_rules", row.line, "rule_order", message)
    if clean:
        _check_weights("work_rules", ("rule_order", *condition), rows, reading)


def _check_type_mappings(rows: list[Row], reading: Reading) -> None:
    """A condition is complete, and what counts as a flow item has a type."""
    for row in rows:
        if bool(row.values["condition_field"]) != bool(row.values["condition_value"]):
            blank = "condition_value" if row.values["condition_field"] else "condition_field"
            reading.problem("type_mappings", row.line, blank, "is blank; write both condition columns or neither")
        if row.values["item_level"] == "flow_item" and not row.values["flow_item_type"]:
            message = "is blank; an item of level flow_item needs one of feature, defect, risk, debt"
            reading.problem("type_mappings", row.line, "flow_item_type", message)


def _check_defect_rules(rows: list[Row], reading: Reading) -> None:
    """A condition is complete, and a rule does not make everything a defect."""
    for row in rows:
        if bool(row.values["condition_field"]) != bool(row.values["condition_value"]):
            blank = "condition_value" if row.values["condition_field"] else "condition_field"
            reading.problem("defect_rules", row.line, blank, "is blank; write both condition columns or neither")
        elif not row.values["condition_field"] and not row.values["issue_type"]:
            message = f"is blank like condition_field, so every item would be of kind {row.values['kind']}; name one"
            reading.problem("defect_rules", row.line, "issue_type", message)


def _check_work_categories(rows: list[Row], reading: Reading) -> None:
    """A condition is complete."""
    for row in rows:
        if bool(row.values["condition_field"]) != bool(row.values["condition_value"]):
            blank = "condition_value" if row.values["condition_field"] else "condition_field"
            reading.problem("work_categories", row.line, blank, "is blank; write both condition columns or neither")


def _check_security_severities(rows: list[Row], reading: Reading) -> None:
    """A limit leaves some time, and a word of the tracker means one severity on a day."""
    said: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for word in sorted({word.strip().lower() for word in (row.values["tracker_words"] or "").split(";")} - {""}):
            other = next((o for o in said[word] if o.start < row.end and row.start < o.end), None)
            if other is not None and other.values["severity"] != row.values["severity"]:
                message = f"'{word}' means {other.values['severity']} at line {other.line} already; keep one of them"
                reading.problem("security_severities", row.line, "tracker_words", message)
            said[word].append(row)
        if row.values["sla_days"] and int(row.values["sla_days"]) < 1:
            message = (
                f"{row.values['sla_days']} is not a number of days; write 1 or more, or leave it blank for no limit"
            )
            reading.problem("security_severities", row.line, "sla_days", message)


def _check_generated_files(rows: list[Row], reading: Reading) -> None:
    """A pattern is one that can match a path."""
    for row in rows:
        _check_path_pattern("generated_files", row, "pattern", reading, negation="write it without and is_generated no")


def _check_repository_services(rows: list[Row], reading: Reading) -> None:
    """A condition is complete, and its path can match one."""
    for row in rows:
        if bool(row.values["condition_field"]) != bool(row.values["condition_value"]):
            blank = "condition_value" if row.values["condition_field"] else "condition_field"
            reading.problem("repository_services", row.line, blank, "is blank; write both condition columns or neither")
        elif row.values["condition_field"] == "path":
            negation = "name the paths that the service has"
            _check_path_pattern("repository_services", row, "condition_value", reading, negation=negation)


def _check_path_pattern(table: str, row: Row, column: str, reading: Reading, *, negation: str) -> None:
    """A path or glob as in .gitignore, without its `!` and its escapes."""
    pattern = row.values[column] or ""
    wrong = None
    if pattern.startswith("!"):
        wrong = f"begins with !; {negation}"
    elif "\\" in pattern:
        wrong = "has a backslash; write / between folders"
    elif pattern.startswith("./") or "//" in pattern or pattern == "/":
        wrong = "is no path from the top of the repository; write it as docs/api or /docs/api"
    elif len(re.sub(r"\[[^\]]*\]", "", pattern)) != len(re.sub(r"\[[^\]]*\]|[\[\]]", "", pattern)):
        wrong = "has a bracket without its partner; close the class"
    if wrong:
        reading.problem(table, row.line, column, f"'{pattern}' {wrong}")


PATTERNS_OF_METHODS = {
    "deployments": ("environment_pattern",),
    "workflow": ("workflow_pattern", "job_pattern"),
    "release": ("tag_pattern",),
    "tag": ("tag_pattern",),
    "merge": (),
}
OPTIONAL_PATTERNS = (("workflow", "job_pattern"), ("release", "tag_pattern"))


def _check_deployment_rules(rows: list[Row], reading: Reading) -> None:
    """A rule has the patterns of its method and no others, and a service has one method on a day."""
    for row in rows:
        method = row.values["method"] or ""
        for column in ("environment_pattern", "workflow_pattern", "job_pattern", "tag_pattern"):
            is_used = column in PATTERNS_OF_METHODS.get(method, ())
            if row.values[column] and not is_used:
                message = f"'{row.values[column]}' says nothing where method is {method}; leave it blank"
                reading.problem("deployment_rules", row.line, column, message)
            elif is_used and not row.values[column] and (method, column) not in OPTIONAL_PATTERNS:
                message = f"is blank; method {method} needs it (* for any)"
                reading.problem("deployment_rules", row.line, column, message)
    for group in _groups(rows, ("service_id",)):
        for position, row in enumerate(group):
            other = next(
                (o for o in group[:position] if o.end > row.start and o.values["method"] != row.values["method"]), None
            )
            if other is not None:
                message = (
                    f"{row.values['method']} is {other.values['method']} at line {other.line} on the same days, so "
                    "deployments would count twice; end one where the next begins"
                )
                reading.problem("deployment_rules", row.line, "method", message)


CHECKS: dict[str, Callable[[list[Row], Reading], None]] = {
    "work_rules": _check_work_rules,
    "type_mappings": _check_type_mappings,
    "defect_rules": _check_defect_rules,
    "security_severities": _check_security_severities,
    "deployment_rules": _check_deployment_rules,
    "generated_files": _check_generated_files,
    "repository_services": _check_repository_services,
    "work_categories": _check_work_categories,
    **PURPOSE_CHECKS,
}


def _groups(rows: Iterable[Row], key: Sequence[str]) -> list[list[Row]]:
    """Rows by key, each group in order of time."""
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.key(key)].append(row)
    return [sorted(group, key=lambda row: (row.start, row.line)) for group in groups.values()]


def _about(key: Sequence[str], row: Row) -> str:
    """What a row is about, for a message; a person's id is not repeated."""
    shown = [f"{column} '{row.values[column]}'" for column in key if row.values.get(column) and column != "member_id"]
    return ", ".join(shown) or "any"


def _span(row: Row) -> str:
    """A row's dates, for a message."""
    return f"{row.values.get('valid_from') or 'always'} to {row.values.get('valid_to') or 'open'}"
