"""Deployments, incidents, initiatives and security findings in an inbox folder -> `raw_inbox.<kind>`.

Each kind has a folder of its own (`deployments/`, `incidents/`, `initiatives/`, `security_findings/`); every file in it
is JSON lines (.jsonl, .ndjson), JSON or CSV, also gzipped, and every record is checked against
`ingestion/schemas/<kind>.json`, which `flowlight schema <kind>` prints. A record that does not fit is quarantined with
file, line and reason; the others load.

Of several records with one id the one with the latest `updated_at` holds; one without counts as written when its file
was last modified; among equals the one read last (files by name, then lines). What was loaded stays when its file is
taken away; `deleted: true` takes it back. A file is read when its content changes, and of one that only grew (JSON
lines, CSV) only what is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion.schemas import KINDS, RecordSchema, record_schema
from ingestion.sources.inbox_rows import FORMATS, GROWING, format_of, read_rows
from ingestion.stream import Checkpoint, Context, Quarantined, Record, Source, Stream
from ingestion.validation import ConfigError, Problem, suggestion

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a file: its size, time and content, the number of its rows, and by which schema."""

    size: int
    modified: int
    content: str
    rows: int
    schema: str


def _records(kind: str) -> Callable[[Context], Iterator[Record | Quarantined | Checkpoint]]:
    """The reader of one kind's folder."""

    def read(context: Context) -> Iterator[Record | Quarantined | Checkpoint]:
        schema, folder = record_schema(kind), _folder(context.connection.path, kind)
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if not path.is_file() or path.name.startswith((".", "~$")):
                continue
            name = path.relative_to(folder).as_posix()
            before = context.cursors.get(name)
            yield from _file(path, f"{kind}/{name}", name, schema, Reading(**before) if before else None)

    return read


def _folder(inbox: Path, kind: str) -> Path:
    """The folder of a kind; ConfigError where the inbox is not there, or holds what nothing would read."""
    if not inbox.is_dir():
        cure = "make it, or correct `path` in connections.yml"
        raise ConfigError([Problem(inbox.name, None, "", f"there is no folder {inbox}; {cure}")])
    unread = [path for path in sorted(inbox.iterdir()) if path.name not in KINDS]
    problems = [
        Problem(f"{inbox.name}/{path.name}", None, "", f"is read by nothing; {_place(path.stem)}")
        for path in unread
        if not path.name.startswith(".") and path.suffix != ".md"
    ]
    if problems:
        raise ConfigError(problems)
    return inbox / kind


def _place(word: str) -> str:
    return f"put it into a folder{suggestion(word, KINDS)}"


def _file(
    path: Path, shown: str, name: str, schema: RecordSchema, before: Reading | None
) -> Iterator[Record | Quarantined | Checkpoint]:
    """The records of a file that are new since it was read last, and the checkpoint behind them."""
    try:
        status = path.stat()
        size, modified = status.st_size, status.st_mtime_ns
        if before and (before.size, before.modified, before.schema) == (size, modified, schema.digest):
            return
        content, prefix = _digests(path, size, before.size if before else 0)
    except OSError as error:
        yield Quarantined(f"cannot be read ({error.strerror}); check its rights", shown)
        return
    known = 0
    if before and before.schema == schema.digest:
        if before.content == content:
            yield Checkpoint(name, asdict(Reading(size, modified, content, before.rows, schema.digest)))
            return
        if before.content == prefix and format_of(path.name) in GROWING:
            known = before.rows
    rows, written = known, datetime.fromtimestamp(modified / 1e9, UTC)
    if format_of(path.name) is None:
        yield Quarantined(f"is read by nothing; write one of {', '.join(FORMATS)}, perhaps with .gz", shown)
    else:
        for row in read_rows(path, size, schema, known):
            rows += row.is_whole
            yield _record(row.values, schema, written) if row.problem is None else row.quarantined(shown)
    yield Checkpoint(name, asdict(Reading(size, modified, content, rows, schema.digest)))


def _record(values: Mapping[str, Any], schema: RecordSchema, written: datetime) -> Record:
    """A record as it lands: its times in UTC."""
    payload = {name: _in_utc(value, schema.properties.get(name, {})) for name, value in values.items()}
    updated = payload.get("updated_at")
    return Record(values["id"], datetime.fromisoformat(updated) if updated else written, payload)


def _in_utc(value: Any, rule: Mapping[str, Any]) -> Any:
    """A value with every time in it in UTC; `rule`: the part of the schema that describes it."""
    if isinstance(value, list):
        return [_in_utc(each, rule["items"]) for each in value]
    if isinstance(value, dict):
        return {name: _in_utc(each, rule["properties"][name]) for name, each in value.items()}
    if rule.get("format") != "date-time":
        return value
    return value if value.endswith("Z") else datetime.fromisoformat(value).astimezone(UTC).isoformat()[:-6] + "Z"


def _digests(path: Path, size: int, part: int) -> tuple[str, str | None]:
    """Hash of a file's first `size` bytes, and of its first `part` (None where it is shorter)."""
    digest, prefix, done = hashlib.blake2b(digest_size=16), None, 0
    with path.open("rb") as file:
        while done < size:
            step = min(CHUNK_BYTES, size - done, part - done if done < part else size)
            data = file.read(step)
            if not data:
                break
            digest.update(data)
            done += len(data)
            if done == part:
                prefix = digest.hexdigest()
    return digest.hexdigest(), prefix


INBOX = Source("inbox", tuple(Stream(kind, derive=_records(kind)) for kind in KINDS))
