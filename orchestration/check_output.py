"""What `flowlight check` prints: the effective mapping, what is unmapped, what changed rules would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.rule_changes import FIRST, LAST, Change
from orchestration.sandbox_process import iso
from orchestration.unmapped import Unmapped

Row = Mapping[str, Any]

WIDTH_WITHOUT_TERMINAL = 160
PLURALS = {"repository": "repositories", "tool_service": "services of incident tools"}
UNMAPPED = "[red]unmapped[/red]"
PROPOSED = ".proposed"
MAPPING_FILES = ("status_mappings", "type_mappings")


@dataclass(frozen=True, slots=True)
class Preview:
    """What changed rules would do against the night of `as_of`; `reason`: why nobody can say."""

    changes: Sequence[Change] = field(default_factory=tuple)
    as_of: datetime | None = None
    reason: str = ""


def printer() -> Console:
    """A console that is wide enough for tables where the output is no terminal."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    return console


def show_statuses(rows: Sequence[Row], console: Console) -> None:
    """Every status with its flow state, stage, order and whether it blocks; a line for each different answer."""
    table = new_table("status", "category", "flow state", "stage", "order", "blocked", "where")
    by_status: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        by_status[(row["connection"], row["status_id"], row["status"], row["category"])].append(row)
    partly = []
    for (connection, _, status, category), every in by_status.items():
        columns = ("flow_state", "stage", "stage_order", "is_blocked")
        groups = _grouped(every, *columns)
        if len(groups) > 1 and any(state is None for (state, *_), _ in groups):
            partly.append(status)
        for (state, stage, order, is_blocked), some in groups:
            named = plain(f"{connection}: {status}", category)
            blocked = "yes" if is_blocked == "yes" else ""
            table.add_row(*named, state or UNMAPPED, *plain(stage, order, blocked, where(some, every)))
    print_table("statuses -> flow state", table, console)
    if partly:
        console.print(f"mapped for some projects or issue types only: {', '.join(partly)}", markup=False)


def show_types(rows: Sequence[Row], console: Console) -> None:
    """Every issue type with its flow item type and level, under every condition on labels, components and boards."""
    table = new_table("issue type", "condition", "flow item type", "level", "where")
    by_type: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        condition = f"{row['condition_field']} = {row['condition_value']}" if row["condition_field"] else ""
        by_type[(row["connection"], row["issue_type"], condition)].append(row)
    for (connection, issue_type, condition), every in by_type.items():
        for (flow_item_type, level), some in _grouped(every, "flow_item_type", "item_level"):
            shown = flow_item_type or (UNMAPPED if level in (None, "flow_item", "initiative") else "")
            named = plain(f"{connection}: {issue_type}", condition)
            table.add_row(*named, shown, *plain(level, where(some, every)))
    print_table("issue types -> flow item type", table, console)


def show_owned(kind: str, rows: Sequence[Row], file: str, console: Console) -> list[str]:
    """Every repository, or service of a tool (`kind`), with our service and its team; a sentence on those without.

    file: the organisation file that names the service.
    """
    if not rows:
        return []
    table = new_table(kind.replace("_", "'s "), "service", "team")
    missing = []
    for row in rows:
        named, service, team = plain(
            f"{row['connection']}: {row[kind]}",
            row["service_name"] or row["service_id"],
            row["team_name"] or row["team_id"],
        )
        table.add_row(named, service or UNMAPPED, team or UNMAPPED)
        if not service or not team:
            missing.append(row[kind] if not service else f"{row[kind]} (no owner of {service})")
    print_table(f"{PLURALS[kind]} -> service -> team", table, console)
    if not missing:
        return []
    names = ", ".join(missing)
    return [f"{PLURALS[kind]} unmapped: {len(missing)}: {names}; add rows to {file} or service_owners.csv"]


def show_unmapped(found: Sequence[Unmapped], folder: Path, console: Console) -> None:
    """What has no mapping, the items behind it, and the lines to add to the files of a folder."""
    for table, what in zip(MAPPING_FILES, ("statuses", "issue types"), strict=True):
        some = [each for each in found if each.table == table]
        if not some:
            continue
        console.print(f"{what} unmapped: {len(some)}", style="yellow")
        for each in some:
            places = "everywhere" if each.is_everywhere else where(each.rows, ())
            lacks = "" if each.line else "; its row has no flow_item_type, write one into it"
            console.print(f"  {each.title}, {places}: {each.counted}{lacks}", markup=False, style="yellow")
        lines = dict.fromkeys(each.line for each in some if each.line)
        if lines:
            went_by = "category and name" if table == "status_mappings" else "the name"
            console.print(f"to add to {folder / table}.csv (proposed from {went_by}; correct it first):", markup=False)
            for line in lines:
                console.print(line, markup=False)
        console.print()


def show_changes(found: Preview, zone: ZoneInfo, console: Console) -> None:
    """What rules that have changed since the last night would do to the numbers."""
    if found.as_of is None:
        console.print(f"what changed rules would do is not known: {found.reason}\n", markup=False)
        return
    night = f"the night of {iso(found.as_of)}"
    if not found.changes:
        console.print(f"the rules of statuses, types and teams are those of {night}\n", markup=False)
        return
    console.print(f"what the rules that have changed since {night} would do:")
    for change in found.changes:
        place = f"{change.table}.csv" + (f":{change.line}" if change.line else "")
        key = " / ".join(part for part in change.key if part)
        console.print(f"  {place}: {key}: {_outcomes(change.old)} -> {_outcomes(change.new)}", markup=False)
        console.print(f"    {_effect(change, zone)}", markup=False, style="yellow" if _rewrites(change) else None)
    if any(_rewrites(change) for change in found.changes):
        console.print(
            "  If a correction was meant as a change from a day on: leave the old row, end it on that day (valid_to), "
            "and add a row that begins on it (valid_from)."
        )
    console.print()


def show_waiting_proposals(folder: Path, console: Console) -> None:
    """Say that proposals of `flowlight init --propose` are not in use yet."""
    for table in MAPPING_FILES:
        path = folder / f"{table}.csv{PROPOSED}"
        if path.exists():
            console.print(f"{path} is not read: correct it and rename it to {table}.csv, or delete it", markup=False)


def where(some: Sequence[Row], every: Sequence[Row]) -> str:
    """For which projects and issue types an answer holds: `everywhere`, `PAY`, `Bug`, `PAY/Bug, SHOP/Bug`.

    every: all places there are; without them projects are named only.
    """
    if len(some) == len(every):
        return "everywhere"
    projects = {row["project"] for row in some}
    types = {row["issue_type"] for row in some}
    if not every or len(some) == sum(row["project"] in projects for row in every):
        return ", ".join(sorted(projects))
    if len(some) == sum(row["issue_type"] in types for row in every):
        return ", ".join(sorted(types))
    places = sorted(f"{row['project']}/{row['issue_type']}" for row in some)
    return ", ".join(places[:6]) + (f" and {len(places) - 6} more" if len(places) > 6 else "")


def plain(*texts: str | None) -> list[str]:
    """Texts for a table's cells, whatever brackets they hold."""
    return [escape(text or "") for text in texts]


def new_table(*columns: str) -> Table:
    """A table with these columns, whose long cells are folded."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_table(title: str, table: Table, console: Console) -> None:
    """Print a table that has rows below its title."""
    if table.row_count:
        console.print(f"\n{title}")
        console.print(table)


def _grouped(rows: Sequence[Row], *columns: str) -> list[tuple[tuple[Any, ...], list[Row]]]:
    """Rows by what they map to, the most common answer first."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[column] for column in columns)].append(row)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _outcomes(outcomes: Sequence[Sequence[str]]) -> str:
    return " + ".join(", ".join(part for part in outcome if part) for outcome in outcomes) or "nothing"


def _rewrites(change: Change) -> bool:
    return bool(change.items) and not change.is_dated and not change.was_unmapped


def _effect(change: Change, zone: ZoneInfo) -> str:
    """What a change does, to how many items, from when."""
    items = f"{change.items:,} item{'' if change.items == 1 else 's'}"
    since = change.since.replace(tzinfo=UTC).astimezone(zone).date() if change.since else None
    if change.is_dated:
        what = "dated change" + (" of what had no mapping" if change.was_unmapped else "")
        return f"{what}: {items}, {_stretch(change.start, change.end)}; what is before stays"
    if since is None:
        return "correction of a mistake: no item's numbers change"
    stretch = f"{_stretch(since, change.end)}"
    if change.was_unmapped:
        return f"first mapping: {items} that had none, {stretch}"
    why = "no valid_from" if change.start == FIRST else "changed where it stands"
    return f"correction of a mistake ({why}): rewrites the past of {items}, {stretch}"


def _stretch(start: date, end: date) -> str:
    return f"from {start} on" if end == LAST else f"from {start} to {end}"
