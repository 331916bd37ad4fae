"""Results files as rows of text: CSV, TSV, XLSX and JSON, also gzipped, with the line each row stands on."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import openpyxl

from ingestion.sources.survey_description import ColumnRef, ReadOptions, near, normalized
from ingestion.validation import ConfigError, Problem, decode

FORMATS = {".csv": "csv", ".tsv": "tsv", ".txt": "csv", ".xlsx": "xlsx", ".json": "json"}
OTHER_FORMATS = (".xls", ".ods", ".sav", ".numbers")


@dataclass(frozen=True, slots=True)
class ResultsTable:
    """A results file: its header rows (all `width` columns wide) and its rows as (line, cells)."""

    file: str
    header: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    width: int

    def find(self, ref: ColumnRef) -> int | None:
        """Index of a declared column; None if the file does not have it. ValueError if several columns would do."""
        if ref.any_of:
            return next((index for each in ref.any_of if (index := self.find(each)) is not None), None)
        if ref.position is not None:
            return ref.position - 1 if ref.position <= self.width else None
        if ref.path:
            found = [index for index in range(self.width) if self._follows(index, ref.path)]
        else:
            rows = self.header
            found = sorted({i for row in rows for i, cell in enumerate(row) if cell and _matches(ref.text or "", cell)})
        if len(found) > 1:
            places = ", ".join(str(index + 1) for index in found[:5])
            raise ValueError(f"column {ref} is ambiguous (columns {places}); name all its header rows or its position")
        return found[0] if found else None

    def find_group(self, ref: ColumnRef) -> dict[int, str]:
        """The columns below a header, with their own header: {index: answer}. Empty if the file does not have it."""
        if ref.any_of:
            return next((group for each in ref.any_of if (group := self.find_group(each))), {})
        wanted = ref.path or ((ref.text,) if ref.text else ())
        if len(self.header) >= 2:
            upper = [_filled(row) for row in self.header[:-1]]
            return {
                index: self.header[-1][index].lstrip("-–— ").strip()
                for index in range(self.width)
                if all(_matches(text, row[index]) for text, row in zip(wanted, upper, strict=False))
            }
        text = normalized(wanted[0]) if wanted else ""
        cells = self.header[0] if self.header else ()
        rest = {
            index: normalized(cell)[len(text) :]
            for index, cell in enumerate(cells)
            if normalized(cell).startswith(text)
        }
        return {index: each.strip(" -–—:_[]()") for index, each in rest.items() if each[:1] and each[0] in " -–—:_[("}

    def missing(self, ref: ColumnRef) -> str:
        """Why a column was not found, with the nearest header."""
        texts = list(dict.fromkeys(cell for row in self.header for cell in row if cell))
        word = ref.any_of[0].text if ref.any_of else ref.text or (ref.path[0] if ref.path else "")
        return f"column {ref} is not in {self.file}{near(word or '', texts)}"

    def _follows(self, index: int, path: tuple[str, ...]) -> bool:
        """Whether a column's header rows read like a path; a blank upper cell continues the text to its left."""
        last = len(self.header) - 1
        rows = [row if position == last else _filled(row) for position, row in enumerate(self.header)]
        return len(path) <= len(rows) and all(_matches(part, rows[i][index]) for i, part in enumerate(path))


def read_results(data: bytes, file: str, options: ReadOptions) -> ResultsTable:
    """Parse a results file. Blank rows are left out. Raises ConfigError if it cannot be read as declared."""
    name = file.lower()
    if name.endswith(".gz"):
        name = name[:-3]
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            raise _error(file, None, "is not a whole gzip file; export it again") from None
    ending = name[name.rfind(".") :]
    kind = options.format or FORMATS.get(ending)
    if kind is None:
        raise _error(file, None, f"'{ending}' files are not read; save it as CSV (UTF-8) or XLSX")
    if kind == "xlsx":
        rows = list(_xlsx_rows(data, file, options))
    elif kind == "json":
        rows = list(_json_rows(data, file, options))
    else:
        rows = list(_csv_rows(data, file, options, "\t" if kind == "tsv" else ","))
    rows = [(line, cells) for line, cells in rows if line > options.skip_rows]
    count = 1 if kind == "json" else options.header_rows
    if len(rows) < count:
        raise _error(file, None, f"has no {count} header rows; correct `header_rows` or the file")
    width = max((len(cells) for _, cells in (rows[:count] or rows)), default=0)
    header = tuple((*cells, *[""] * (width - len(cells))) for _, cells in rows[:count])
    answers = tuple((line, cells) for line, cells in rows[count:] if any(cells))
    return ResultsTable(file, header, answers, width)


def _csv_rows(data: bytes, file: str, options: ReadOptions, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Rows of delimited text with the line they begin on."""
    delimiter = options.delimiter or delimiter
    text = decode(data, file, options.encoding)
    first = text.split("\n", 1)[0]
    if delimiter not in first:
        other = next((each for each in ";\t,|" if each != delimiter and first.count(each) >= 2), None)
        if other is not None:
            shown = "\\t" if other == "\t" else other
            raise _error(file, 1, f'is separated by "{shown}"; declare it: `read: {{delimiter: "{shown}"}}`')
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _error(file, line, f"is not valid CSV from here on ({error}); check the quotes") from None
        yield line, tuple(cell.strip() for cell in cells)


def _xlsx_rows(data: bytes, file: str, options: ReadOptions) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Rows of one sheet of a workbook, by their row number."""
    try:
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError):
        raise _error(file, None, "is not an XLSX workbook; save it again as .xlsx or CSV") from None
    names = workbook.sheetnames
    sheet = options.sheet
    if isinstance(sheet, int) and 1 <= sheet <= len(names):
        sheet = names[sheet - 1]
    if sheet not in names:
        raise _error(file, None, f"has no sheet '{sheet}'; it has {', '.join(names)}")
    worksheet = workbook[str(sheet)]
    worksheet.reset_dimensions()
    rows = [tuple(_text(cell) for cell in row) for row in worksheet.iter_rows(values_only=True)]
    width = max((len(_trimmed(row)) for row in rows[: options.skip_rows + max(options.header_rows, 1)]), default=0)
    for line, row in enumerate(rows, 1):
        cells = _trimmed(row)
        yield line, (*cells, *[""] * (width - len(cells)))


def _json_rows(data: bytes, file: str, options: ReadOptions) -> Iterator[tuple[int, tuple[str, ...]]]:
    """A JSON list of objects as rows: a header of all keys (nested ones with dots), then a row an object."""
    try:
        value: Any = json.loads(decode(data, file, options.encoding))
    except json.JSONDecodeError as error:
        raise _error(file, error.lineno, f"is not valid JSON ({error.msg}); export it again") from None
    for key in filter(None, options.records.split(".")):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        where = f"`records: {options.records}`" if options.records else "its top level"
        raise _error(
            file, None, f"has no list of objects at {where}; declare where it stands: `read: {{records: ...}}`"
        )
    flat = [dict(_flattened(record)) for record in value]
    keys = list(dict.fromkeys(key for record in flat for key in record))
    yield options.skip_rows + 1, tuple(keys)
    for number, record in enumerate(flat, 1):
        yield options.skip_rows + number, tuple(_text(record.get(key)) for key in keys)


def _flattened(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a nested object by dotted key; a list of one is its value."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield f"{prefix}{key}", value[0] if len(value) == 1 else json.dumps(value) if value else None
        else:
            yield f"{prefix}{key}", value


def _text(value: Any) -> str:
    """A cell of a workbook or a JSON value as text: 4.0 is '4', a time is ISO."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value).strip()


def _trimmed(row: tuple[str, ...]) -> tuple[str, ...]:
    """A row without blank cells at its end."""
    width = len(row)
    while width and not row[width - 1]:
        width -= 1
    return row[:width]


def _filled(row: tuple[str, ...]) -> list[str]:
    """A header row in which a blank cell continues the text to its left."""
    filled: list[str] = []
    for cell in row:
        filled.append(cell or (filled[-1] if filled else ""))
    return filled


def _matches(wanted: str, cell: str) -> bool:
    """Whether a header cell is what was declared; `...` at the end leaves the rest open."""
    text = normalized(cell)
    if wanted.rstrip().endswith("...") and text != normalized(wanted):
        return bool(text) and text.startswith(normalized(wanted.rstrip()[:-3]))
    return text == normalized(wanted)


def _error(file: str, line: int | None, message: str) -> ConfigError:
    return ConfigError([Problem(file, line, "", message)])
