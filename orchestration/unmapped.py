"""What has no mapping, with the number of items behind it and the line to add to the organisation's files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingestion.client import Client
from ingestion.errors import IngestionError
from ingestion.sources import SOURCES
from ingestion.stream import Request
from orchestration.last_night import LastNight
from orchestration.proposals import columns_of, csv_line, meaning_by_name, orders_in_use, type_cells

Row = Mapping[str, Any]

MOST_COUNTS_ASKED = 50
KNOWN_LATER = "number of items known after the first night"


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A status or an issue type without mapping in some projects and for some issue types.

    rows: the answers of Rules without mapping; is_everywhere: there are no others. items: how many items were ever in
    it (by_vendor: are in it now, by the vendor's count), None where nobody knows. line: what to add, '' where a row is
    there already and lacks its flow_item_type.
    """

    table: str
    rows: tuple[Row, ...]
    is_everywhere: bool
    line: str = ""
    items: int | None = None
    by_vendor: bool = False

    @property
    def title(self) -> str:
        """`jira: Parked (In Progress)`."""
        row = self.rows[0]
        if self.table == "status_mappings":
            return f"{row['connection']}: {row['status']} ({row['category']})"
        return f"{row['connection']}: {row['issue_type']}"

    @property
    def counted(self) -> str:
        """The number of items in words."""
        if self.items is None:
            return KNOWN_LATER
        one, many = ("item", "items")
        number = f"{self.items:,} {one if self.items == 1 else many}"
        if self.by_vendor:
            return f"about {number} now"
        were = "was" if self.items == 1 else "were"
        return f"{number} {were} ever " + ("in it" if self.table == "status_mappings" else "of this type")


def unmapped_statuses(rows: Sequence[Row]) -> list[Unmapped]:
    """The statuses of `Rules.statuses` that have no flow state for some project and issue type."""
    return _grouped("status_mappings", rows, ("connection", "status_id"), lambda row: row["flow_state"] is None)


def unmapped_types(rows: Sequence[Row]) -> list[Unmapped]:
    """The issue types of `Rules.issue_types` that have no flow item type (conditions aside) in some project."""
    plain = [row for row in rows if row["condition_field"] is None]
    return _grouped("type_mappings", plain, ("connection", "issue_type_id"), _has_no_type)


def counted(
    found: Sequence[Unmapped], night: LastNight | None, ask: Callable[[str, str], int | None] | None = None
) -> list[Unmapped]:
    """The same with their items, by the last night or else by the vendor's count; those that matter.

    What is unmapped in some places only matters where an item is behind it: one entry a project then.
    ask: (connection, JQL) -> number of items.
    """
    if night is not None:
        split = [part for each in found for part in ([each] if each.is_everywhere else _by_project(each))]
        counts: dict[int, int] = {}
        for table, count in (("status_mappings", night.items_in_statuses), ("type_mappings", night.items_of_types)):
            numbers = [number for number, each in enumerate(split) if each.table == table]
            counts |= dict(zip(numbers, count([split[n].rows for n in numbers]), strict=True)) if numbers else {}
        with_items = [replace(each, items=counts[number]) for number, each in enumerate(split)]
    else:
        with_items = [
            replace(each, items=ask(each.rows[0]["connection"], _jql(each)), by_vendor=True)
            if ask is not None and number < MOST_COUNTS_ASKED
            else each
            for number, each in enumerate(found)
        ]
    return [each for each in with_items if each.is_everywhere or each.items]


def with_lines(found: Sequence[Unmapped], folder: Path, rows: Mapping[str, Sequence[Row]]) -> list[Unmapped]:
    """The same with the lines to add. folder: the organisation's; rows: those of its files."""
    orders = orders_in_use(rows.get("status_mappings", ()))
    columns = {table: columns_of(folder, table) for table in ("status_mappings", "type_mappings")}
    lines = []
    for each in found:
        row = each.rows[0]
        projects = {other["project"] for other in each.rows}
        cells = {"connection": row["connection"]}
        if len(projects) == 1 and (not each.is_everywhere or row.get("only_project_id")):
            cells["project"] = row["project"]
        if each.table == "status_mappings":
            cells |= {"status": row["status"], **meaning_by_name(row["status"], row["category_key"], orders).cells()}
        elif row["item_level"] is not None:
            lines.append(each)
            continue
        else:
            guess, _ = type_cells(row["issue_type"], row["hierarchy_level"], row["is_subtask"])
            cells |= {"issue_type": row["issue_type"], **guess}
        lines.append(replace(each, line=csv_line(columns[each.table], cells)))
    return lines


def vendor_count(connection: Any, jql: str) -> int | None:
    """How many issues match by Jira's own, approximate count; None where it gives none."""
    endpoint = SOURCES["jira"].endpoint
    assert endpoint is not None
    try:
        with Client(endpoint(connection)) as client:
            body = client.send(Request("POST", "/rest/api/3/search/approximate-count", json={"jql": jql})).body
        return int(body["count"])
    except (IngestionError, KeyError, TypeError, ValueError):
        return None


def _has_no_type(row: Row) -> bool:
    return row["flow_item_type"] is None and row["item_level"] in (None, "flow_item", "initiative")


def _grouped(
    table: str, rows: Sequence[Row], columns: Sequence[str], is_unmapped: Callable[[Row], bool]
) -> list[Unmapped]:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[column] for column in columns)].append(row)
    found = []
    for every in groups.values():
        some = tuple(row for row in every if is_unmapped(row))
        if some:
            found.append(Unmapped(table, some, len(some) == len(every)))
    return found


def _by_project(each: Unmapped) -> list[Unmapped]:
    projects: dict[str, list[Row]] = defaultdict(list)
    for row in each.rows:
        projects[row["project"]].append(row)
    return [replace(each, rows=tuple(rows)) for rows in projects.values()]


def _jql(each: Unmapped) -> str:
    """The issues behind it. Jira takes ids in place of names, which need no quoting."""
    projects = ", ".join(f'"{project}"' for project in sorted({row["project"] for row in each.rows}))
    types = ", ".join(sorted({row["issue_type_id"] for row in each.rows}))
    if each.table == "type_mappings":
        return f"project in ({projects}) AND issuetype in ({types})"
    restriction = "" if each.is_everywhere else f" AND issuetype in ({types})"
    return f"project in ({projects}) AND status = {each.rows[0]['status_id']}{restriction}"
