"""Published flow tables against their recomputation: every disagreement, in words."""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import process_time
from typing import Any

import duckdb

from tests.oracle import flow_tables
from tests.oracle.data_quality import ITEM_CHECKS, data_quality
from tests.oracle.flow_rows import FlowRows
from tests.oracle.flow_world import FlowWorld
from tests.oracle.periods import Key, Row, Rows

CATALOGUE = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "metric_catalogue.csv"
TOLERANCE = 1e-6
"""Relative above 1, absolute below; weights are published with nine decimals."""
LEVEL_PREFIXES = {"flow_item": "", "initiative": "level:initiative"}
PERIOD_KEYS = ("scope_type", "scope_id", "period_grain", "period_start", "item_level")


def catalogued() -> list[str]:
    """Names of the flow metrics that the catalogue promises."""
    with CATALOGUE.open(newline="") as file:
        return [row["metric"] for row in csv.DictReader(file) if row["family"] == "flow"]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A warehouse's flow family worked out in plain Python. seconds: of one core, that it took."""

    world: FlowWorld
    family: FlowRows
    rows: Rows
    seconds: float

    @classmethod
    def of(cls, warehouse: Path) -> "Recomputed":
        """From the raw rows of a warehouse file."""
        begun = process_time()
        world = FlowWorld.of(warehouse)
        family = FlowRows(world)
        rows = family.rows()
        return cls(world, family, rows, process_time() - begun)


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table by item or day: key columns, its recomputation, and which of its rows are compared.

    is_sparse: whether a row that is not there means zero. schema: where it is published.
    """

    keys: tuple[str, ...]
    recompute: Callable[[Recomputed], flow_tables.Table]
    is_sparse: bool = False
    where: str = "true"
    schema: str = "flow"


TABLES = {
    "fct_flow_items": TableSpec(("item_key",), lambda r: flow_tables.flow_items(r.world)),
    "fct_flow_item_states": TableSpec(
        ("item_key", "flow_state", "stage", "status_id"), lambda r: flow_tables.flow_item_states(r.world)
    ),
    "fct_work_item_age": TableSpec(("item_key",), lambda r: flow_tables.work_item_age(r.world)),
    "fct_sprints": TableSpec(("sprint_key",), lambda r: flow_tables.sprints(r.world), where="is_closed"),
    "fct_dependencies": TableSpec(
        ("item_key", "blocking_item_key", "linked_at"), lambda r: flow_tables.dependencies(r.world)
    ),
    "fct_cost_of_delay": TableSpec(("item_key",), lambda r: flow_tables.cost_of_delay(r.world)),
    "fct_work_in_progress": TableSpec(
        ("scope_type", "scope_id", "date_day", "item_level", "flow_state", "flow_item_type"),
        lambda r: flow_tables.work_in_progress(r.family.days),
        is_sparse=True,
    ),
    "fct_cumulative_flow": TableSpec(
        ("scope_type", "scope_id", "date_day", "item_level", "flow_state"),
        lambda r: flow_tables.cumulative_flow(r.family.days),
        is_sparse=True,
    ),
    "fct_data_quality": TableSpec(
        ("check_name", "connection", "subject", "scope_type", "scope_id"),
        lambda r: data_quality(r.world, r.family.waiting_since),
        where=f"check_name in {ITEM_CHECKS}",
        schema="core",
    ),
}


@dataclass(frozen=True)
class Marts:
    """A file of published tables (a publication, or the marts that dbt builds)."""

    path: Path

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows."""
        with closing(duckdb.connect(str(self.path), read_only=True)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            cursor = connection.execute(sql)
            return [column[0] for column in cursor.description or []], cursor.fetchall()

    def columns(self, table: str) -> list[str]:
        """Columns of a table; none where it is not there."""
        _, rows = self.query(
            f"select column_name from information_schema.columns where table_name = '{table}' order by ordinal_position"
        )
        return [name for (name,) in rows]

    def period_tables(self) -> list[str]:
        """Tables of schema flow with a row per scope, period and level."""
        _, rows = self.query("select distinct table_name from information_schema.columns where table_schema = 'flow'")
        return sorted(name for (name,) in rows if set(PERIOD_KEYS) <= set(self.columns(name)))

    def metrics(self) -> Rows:
        """Every flow row of core.fct_metric_values; AssertionError where a key comes twice."""
        _, rows = self.query(
            "select metric, scope_type, scope_id, period_grain, period_start, breakdown, value, numerator,"
            " denominator, coalesce(n, 0), data_quality from core.fct_metric_values where family = 'flow'"
        )
        found = {Key(*row[:6]): Row(*row[6:]) for row in rows}
        assert len(found) == len(rows)
        return found


def is_close(one: object, other: object) -> bool:
    """Whether two values of a column are the same; numbers up to the tolerance."""
    if isinstance(one, int | float) and isinstance(other, int | float) and not isinstance(one, bool):
        return abs(one - other) <= TOLERANCE * max(1.0, abs(one))
    return one == other


def by_metric(rows: Rows) -> dict[str, Rows]:
    """Rows by metric; a metric without rows has none."""
    found: dict[str, Rows] = defaultdict(dict)
    for key, row in rows.items():
        found[key.metric][key] = row
    return found


def metric_differences(ours: Rows, theirs: Rows) -> list[str]:
    """Every disagreement; a row that only one side has is one."""
    found = []
    for key in sorted(ours.keys() | theirs.keys()):
        name = "/".join(map(str, key))
        if key not in theirs:
            found.append(f"{name}: not published, recomputed {tuple(ours[key])}")
        elif key not in ours:
            found.append(f"{name}: published {tuple(theirs[key])}, not recomputed")
        elif what := _disagreement(ours[key], theirs[key]):
            found.append(f"{name}: {what}: recomputed {tuple(ours[key])}, published {tuple(theirs[key])}")
    return found


def _disagreement(ours: Row, theirs: Row) -> str:
    if ours.quality != theirs.quality:
        return "quality"
    names = ("value",) if ours.quality == "no_data" else ("value", "numerator", "denominator", "n")
    return next((name for name in names if not is_close(getattr(ours, name), getattr(theirs, name))), "")


def is_complete_differences(marts: Marts, recomputed: Recomputed) -> list[str]:
    """Rows that say wrongly whether their period is over, or which value was before."""
    _, rows = marts.query(
        "select metric, scope_type, scope_id, period_grain, period_start, breakdown, value, is_complete, previous_value"
        " from core.fct_metric_values where family = 'flow' order by period_start"
    )
    ended = {(p.grain, p.start): p.is_complete for p in recomputed.world.calendar.periods}
    before: dict[tuple[str, ...], float | None] = {}
    found = []
    for *names, value, is_complete, previous in rows:
        key = Key(*names)
        series = (key.metric, key.scope_type, key.scope_id, key.period_grain, key.breakdown)
        is_over = ended[key.period_grain, key.period_start]
        # a rate whose window has not passed is not complete either
        if is_complete != is_over and (is_complete or key.metric != "reopen_rate"):
            found.append(f"{key}: is_complete {is_complete}")
        if previous != before.get(series):
            found.append(f"{key}: previous value {previous}, before it {before.get(series)}")
        before[series] = value
    return found


def table_differences(marts: Marts, table: str, recomputed: Recomputed) -> tuple[list[str], int, list[str]]:
    """Disagreements of a table by item or day, the number of rows compared, and the columns both sides have."""
    spec = TABLES[table]
    ours = dict(spec.recompute(recomputed))
    names, rows = marts.query(f"select * from {spec.schema}.{table} where {spec.where}")
    columns = [name for name in names if name in next(iter(ours.values()), {})]
    places = [names.index(key) for key in spec.keys]
    found = []
    zero = dict.fromkeys(columns, 0.0)
    for row in rows:
        key = tuple(row[place] for place in places)
        expected = ours.pop(key, zero if spec.is_sparse else None)
        if expected is None:
            found.append(f"{table}/{key}: not recomputed")
            continue
        for column in columns:
            if not is_close(expected[column], published := row[names.index(column)]):
                found.append(f"{table}/{key}: {column}: recomputed {expected[column]}, published {published}")
    for key, expected in ours.items():
        if not spec.is_sparse or any(not is_close(expected[column], 0.0) for column in columns):
            found.append(f"{table}/{key}: not published, recomputed {expected}")
    return found, len(rows), columns


def pivot_differences(marts: Marts, table: str, rows: Rows) -> tuple[list[str], int]:
    """Disagreements between the columns of a table by period that are metrics and the rows; and how many values."""
    names, published = marts.query(f"select * from flow.{table}")
    metrics = [name for name in names if name in catalogued()]
    found, compared = [], 0
    for values in published:
        row = dict(zip(names, values, strict=True))
        for metric in metrics:
            expected = rows.get(Key(metric, *(row[key] for key in PERIOD_KEYS[:4]), breakdown=_breakdown(row)))
            compared += 1
            if not is_close(expected.value if expected else None, row[metric]):
                found.append(f"{table}/{[row[k] for k in PERIOD_KEYS]}: {metric}: {expected} and {row[metric]}")
    return found, compared


def _breakdown(row: Mapping[str, Any]) -> str:
    parts = [LEVEL_PREFIXES[row["item_level"]]]
    parts += [f"type:{row['flow_item_type']}" if row.get("flow_item_type") else ""]
    parts += [f"stage:{row['stage']}" if row.get("stage") else ""]
    return "/".join(part for part in parts if part) or "all"


def bottleneck_differences(marts: Marts, recomputed: Recomputed) -> tuple[list[str], int]:
    """Disagreements about for how many periods in a row a stage has been first, and how many rows were compared."""
    names, rows = marts.query("select * from flow.fct_flow_stages")
    known: dict[tuple[tuple[str, str], str], Mapping[tuple[str, date, str], int]] = {}
    found = []
    for values in rows:
        row = dict(zip(names, values, strict=True))
        scope, level = (row["scope_type"], row["scope_id"]), row["item_level"]
        if (scope, level) not in known:
            known[scope, level] = recomputed.family.stages.firsts(scope, level)
        expected = known[scope, level].get((row["period_grain"], row["period_start"], row["stage"]))
        is_hidden = row["data_quality"] == "suppressed"
        if (None if is_hidden else expected) != row["periods_first"]:
            found.append(f"{scope}/{level} {row['period_start']} {row['stage']}: {expected}, {row['periods_first']}")
    return found, len(rows)


def verdict(found: list[str]) -> str:
    """Some of the differences, spread over all of them, with their number by metric or table."""
    kinds: dict[str, int] = Counter(line.split("/")[0] for line in found)
    by_kind: dict[str, list[str]] = defaultdict(list)
    for line in found:
        by_kind[line.split("/")[0]].append(line)
    return "\n".join([f"{len(found)} differences, {dict(kinds)}; for example:", *_some(by_kind.values())])


def _some(groups: Iterable[list[str]]) -> Iterator[str]:
    for lines in groups:
        yield from lines[:: max(1, len(lines) // 5)]
