"""Files of an inbox as rows, one at a time: JSON lines, JSON and CSV, also gzipped, with the line each stands on."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from ingestion.schemas import RecordSchema
from ingestion.stream import Quarantined
from ingestion.validation import suggestion

FORMATS = {".jsonl": "lines", ".ndjson": "lines", ".json": "json", ".csv": "csv"}
GROWING = ("lines", "csv")
DELIMITERS = ",;\t|"
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
NAMES_SHOWN = 500
NUL = b"\\u0000"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: the line it begins on, its values, or what is wrong with it.

    is_whole: whether its end was seen; the last line of a file that is still being written may not have it.
    """

    line: int | None
    values: dict[str, Any]
    problem: str | None = None
    is_whole: bool = True

    def quarantined(self, file: str) -> Quarantined:
        """The row as what cannot be loaded; of its content only the names of its fields."""
        return Quarantined(self.problem or "", file, self.line, ", ".join(self.values)[:NAMES_SHOWN])


def format_of(name: str) -> str | None:
    """How a file is written: lines, json or csv, with `.gz` behind where it is compressed; None: it is not read."""
    plain = name.lower()
    packed = plain.endswith(".gz")
    ending = Path(plain.removesuffix(".gz")).suffix
    return FORMATS[ending] + (".gz" if packed else "") if ending in FORMATS else None


def read_rows(path: Path, size: int, schema: RecordSchema, known: int = 0) -> Iterator[Row]:
    """The rows of a file's first `size` bytes after the first `known`.

    What cannot be read from some line on is one row with a problem.
    """
    kind = (format_of(path.name) or "").removesuffix(".gz")
    reader = {"lines": _json_lines, "csv": _csv_rows, "json": _json_document}[kind]
    line = 0

    def lines() -> Iterator[bytes]:
        nonlocal line
        for each in _lines(path, size):
            line += 1
            yield each.removeprefix(b"\xef\xbb\xbf") if line == 1 else each

    try:
        yield from reader(lines(), schema, known)
    except UnicodeDecodeError:
        yield Row(line, {}, "is not UTF-8 from here on; save the file as UTF-8")
    except csv.Error as error:
        yield Row(line, {}, f"is not valid CSV from here on ({error}); check the quotes")
    except (gzip.BadGzipFile, EOFError, zlib.error):
        yield Row(line or None, {}, "is not a whole gzip file; write it again")
    except OSError as error:
        yield Row(None, {}, f"cannot be read ({error.strerror}); check its rights")


def _lines(path: Path, size: int) -> Iterator[bytes]:
    if path.name.lower().endswith(".gz"):
        with gzip.open(path) as packed:
            yield from packed
        return
    with path.open("rb") as file:
        while size > 0 and (line := file.readline(size)):
            size -= len(line)
            yield line


def _json_lines(lines: Iterator[bytes], schema: RecordSchema, known: int) -> Iterator[Row]:
    rows = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    for number, line in islice(rows, known, None):
        is_whole = line.endswith(b"\n")
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            yield Row(number, {}, "is not valid JSON; write one object a line, in UTF-8", is_whole)
            continue
        yield _checked(number, value, schema, is_whole=is_whole, has_nul=NUL in line)


def _json_document(lines: Iterator[bytes], schema: RecordSchema, known: int) -> Iterator[Row]:
    """A list of objects, or one object; one that changed is read whole."""
    del known
    data = b"".join(lines)
    text = data.decode("utf-8")
    decoder, at, line = json.JSONDecoder(), 0, 1
    is_list = text.lstrip().startswith("[")
    while True:
        begin = at
        while at < len(text) and (text[at].isspace() or (is_list and text[at] in "[,")):
            at += 1
        line += text.count("\n", begin, at)
        if at >= len(text) or (is_list and text[at] == "]"):
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            yield Row(line, {}, "is not valid JSON from here on; write a list of objects")
            return
        yield _checked(line, value, schema, has_nul=NUL in data)
        line += text.count("\n", at, end)
        at = end


def _csv_rows(lines: Iterator[bytes], schema: RecordSchema, known: int) -> Iterator[Row]:
    whole, rows = True, 0

    def texts() -> Iterator[str]:
        nonlocal whole
        for line in lines:
            whole = line.endswith(b"\n")
            yield line.decode("utf-8")

    first = next(texts(), "")
    delimiter = max(DELIMITERS, key=lambda each: sum(n.strip(' "\r\n') in schema.properties for n in first.split(each)))
    names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
    if problem := _header_problem(names, schema):
        yield Row(1, {}, problem)
        return
    reader = csv.reader(texts(), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 2
        cells = next(reader, None)
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        if rows <= known:
            continue
        values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
        if len(cells) != len(names):
            problem = f"has {len(cells)} values, the header has {len(names)}; quote a value that holds the delimiter"
            yield Row(line, values, problem, whole)
            continue
        typed = {name: _typed(value, schema.properties[name]) for name, value in values.items()}
        yield _checked(line, typed, schema, is_whole=whole, has_nul=any("\x00" in cell for cell in cells))


def _header_problem(names: list[str], schema: RecordSchema) -> str | None:
    for name in names:
        if name not in schema.properties:
            return f"column '{name}' is no field{suggestion(name, schema.properties)}"
        if names.count(name) > 1:
            return f"column '{name}' stands there {names.count(name)} times; keep one"
    missing = [name for name in schema.required if name not in names]
    return f"column '{missing[0]}' is missing; add it" if missing else None


def _typed(text: str, rule: Any) -> Any:
    """A cell as its field's type; one that is none stays as it is, for the check to say so."""
    if rule.get("type") == "boolean":
        return WORDS.get(text.lower(), text)
    return text.split() if rule.get("type") == "array" else text


def _checked(line: int, value: Any, schema: RecordSchema, *, is_whole: bool = True, has_nul: bool = False) -> Row:
    values = value if isinstance(value, dict) else {}
    if not isinstance(value, dict):
        return Row(line, values, "must be an object with the fields of the schema", is_whole)
    present = {name: each for name, each in values.items() if each is not None}
    problem = "holds a NUL character; take it out" if has_nul else schema.problem(present)
    return Row(line, present, problem, is_whole)
