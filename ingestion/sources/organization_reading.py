"""One organisation file read by its schema: CSV text -> rows with every column; wrong values are noted with place."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ingestion.sources.organization_columns import RESERVED_IDS, Column, Table
from ingestion.sources.organization_tables import TABLES
from ingestion.validation import ConfigError, Problem, decode, suggestion

DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its 1-based line, its values by column (blank = None), and the columns whose value is wrong."""

    line: int
    values: dict[str, str | None]
    wrong: frozenset[str] = frozenset()

    def day(self, column: str) -> date:
        """A date; blank is the beginning of time, or its end for a column that ends in `_to`."""
        value = self.values.get(column)
        return date.fromisoformat(value) if value else (date.max if column.endswith("_to") else date.min)

    @property
    def start(self) -> date:
        """First day it holds."""
        return self.day("valid_from")

    @property
    def end(self) -> date:
        """First day it no longer holds."""
        return self.day("valid_to")

    def key(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The values of some columns for comparison: without difference of case, blank as ''."""
        return tuple((self.values.get(column) or "").casefold() for column in columns)


@dataclass(slots=True)
class Reading:
    """The rows of all files (an absent optional file has none) and what is wrong with them."""

    folder: str
    rows: dict[str, list[Row]] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, table: str, line: int | None, where: str, message: str) -> None:
        """Note a problem of a file."""
        self.problems.append(Problem(f"{self.folder}/{table}.csv", line, where, message))

    def ids(self, table: str) -> set[str]:
        """The keys that other tables may refer to."""
        column = next(t.key[0] for t in TABLES if t.name == table)
        return {value for row in self.rows.get(table, ()) if (value := row.values.get(column))}


def read_table(table: Table, data: bytes, reading: Reading) -> None:
    """One file: header, then each row's values; what cannot be read is noted and left out."""
    try:
        text = decode(data, f"{reading.folder}/{table.name}.csv")
    except ConfigError as error:
        reading.problems += error.problems
        reading.unreadable.add(table.name)
        return
    before = len(reading.problems)
    records = _csv_records(table, text, reading)
    line, header = next(records, (1, []))
    names = [name.strip() for name in header]
    if not _header_is_usable(table, line, names, reading):
        reading.unreadable.add(table.name)
        return
    rows = []
    for line, cells in records:
        extra = [cell for cell in cells[len(names) :] if cell.strip()]
        if len(cells) < len(names) or extra:
            cure = "quote a value that contains a comma" if extra else "write every comma, also of blank values"
            reading.problem(table.name, line, "", f"has {len(cells)} values, the header has {len(names)}; {cure}")
            continue
        rows.append(_row(table, line, dict(zip(names, cells, strict=False)), reading))
    reading.rows[table.name] = rows
    if len(reading.problems) > before:
        reading.unreadable.add(table.name)


def _csv_records(table: Table, text: str, reading: Reading) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV with the line they begin on; blank lines are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reading.problem(table.name, line, "", f"is not valid CSV from here on ({error}); check the quotes")
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _header_is_usable(table: Table, line: int, names: list[str], reading: Reading) -> bool:
    """Check the header; problems are noted. Optional columns may be left out."""
    known = [column.name for column in table.columns]
    if not names:
        reading.problem(table.name, 1, "", f"is empty; its first line must be {','.join(known)}")
        return False
    if len(names) == 1 and len(known) > 1:
        for delimiter, called in DELIMITERS.items():
            if delimiter in names[0]:
                reading.problem(
                    table.name, line, "", f"is separated by {called}; save it with commas between the values"
                )
                return False
    before = len(reading.problems)
    hints = ""
    for name in dict.fromkeys(names):
        if name not in known:
            hint = suggestion(name, [column for column in known if column not in names] or known)
            what = f"unknown column '{name}'" if name else "a column has no name"
            reading.problem(table.name, line, "", what + hint)
            hints += hint
        elif names.count(name) > 1:
            reading.problem(table.name, line, "", f"column '{name}' stands there {names.count(name)} times; keep one")
    for column in table.columns:
        if column.required and column.name not in names and f"did you mean '{column.name}'" not in hints:
            reading.problem(table.name, line, "", f"column '{column.name}' is missing; add it ({column.description})")
    return len(reading.problems) == before


def _row(table: Table, line: int, cells: Mapping[str, str], reading: Reading) -> Row:
    """One row with every column of its table; wrong values are noted."""
    values: dict[str, str | None] = {}
    wrong = set()
    for column in table.columns:
        value = cells.get(column.name, "").strip() or column.default
        problem = _value_problem(column, value)
        if problem is None and value is not None and column.kind == "id" and column.references is None:
            problem = f"'{value}' is reserved; choose another id" if value.casefold() in RESERVED_IDS else None
        if problem:
            reading.problem(table.name, line, column.name, problem)
            wrong.add(column.name)
        values[column.name] = value
    row = Row(line, values, frozenset(wrong))
    if not wrong & {"valid_from", "valid_to"} and row.start >= row.end:
        span = f"'{values['valid_to']}' is not after valid_from '{values['valid_from']}'"
        message = f"{span}; it is the first day on which the row no longer holds"
        reading.problem(table.name, line, "valid_to", message)
        return Row(line, values, frozenset({*wrong, "valid_to"}))
    return row


def _value_problem(column: Column, value: str | None) -> str | None:
    """What is wrong with one value, and the cure; None if nothing."""
    if value is None:
        return f"is blank; it is required ({column.description})" if column.required else None
    if column.choices and value not in column.choices:
        return f"'{value}' is not known{suggestion(value, column.choices)}"
    match column.kind:
        case "date" | "month":
            if not re.fullmatch(r"\d{4}-\d\d-\d\d", value) or _date(value) is None:
                return f"'{value}' is not a date; write YYYY-MM-DD"
            if column.kind == "month" and not value.endswith("-01"):
                return f"'{value}' is not the first day of a month; write {value[:8]}01"
        case "id" if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", value):
            return f"'{value}' is not an id; use letters, digits, '-', '_' and '.' without spaces"
        case "integer" if not re.fullmatch(r"-?\d{1,9}", value):
            return f"'{value}' is not a whole number"
        case "number" | "amount" | "weight":
            if not re.fullmatch(r"-?\d+(\.\d+)?", value):
                return f"'{value}' is not a number; write digits with a decimal point and no separators, such as 1250.5"
            if column.kind == "weight" and not 0 < Decimal(value) <= 1:
                return f"{value} is not a share; write a number above 0 and at most 1"
            if column.kind == "amount" and Decimal(value) < 0:
                return f"{value} is negative; write 0 or more"
        case "currency" if not re.fullmatch(r"[A-Z]{3}", value):
            return f"'{value}' is not a currency; write its ISO 4217 code, such as EUR"
    return None


def _date(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def near(value: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` if something known is near."""
    hint = suggestion(value, sorted(known))
    return hint if "did you mean" in hint else ""
