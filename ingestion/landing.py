"""The landing zone: append-only pages of records and, beside them, where each stream stands.

    <data>/landing/<connection>/<stream>/
        000000001-3f9a01c2.ndjson.zst     a page: one line a record {id, updated_at, fetched_at, payload}, zstd
        plan-3f9a01c2-0.json              the slices of the run that is under way
        state.json                        last committed page, next request, cursors

A page is committed by the rename of `state.json`, and only by that: the file of a page that the state does not count is
left over from a kill and is removed when the zone is opened. So a kill loses at most the page in flight, and a
committed page is never asked for again. Delivery is at least once; the load deduplicates by key.

A line whose `id` is null is a quarantined record: {reason, file, line, record} in its payload.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import zstandard

from ingestion.errors import StopConnection
from ingestion.stream import Quarantined, Record, Slice

FORMAT = 1
SUFFIX = ".ndjson.zst"
LEVEL = 1


@dataclass(frozen=True, slots=True)
class LandedPage:
    """One committed page: its name (unique over all runs, the ledger's key), its file, its number (they grow)."""

    name: str
    path: Path
    number: int


@dataclass(slots=True)
class Run:
    """Where the run of a stream stands.

    `slice` indexes the plan; `request` is the next one (None: the slice's first); `watermark` the newest time seen of
    the slice's key; `skipped` the keys that could not be read.
    """

    id: str
    as_of: str
    full: bool
    phase: int = 0
    slice: int = 0
    request: dict[str, Any] | None = None
    watermark: str | None = None
    first_page: int = 1
    skipped: list[str] = field(default_factory=list)


class StreamZone:
    """The landing zone of one stream. One writer at a time (the nightly lock)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from None
        self._state = self._read_state()
        self._pending = 0
        self._remove_leftovers()

    @property
    def cursors(self) -> dict[str, Any]:
        """What the stream remembers, by slice key."""
        return self._state["cursors"]

    @property
    def run(self) -> Run | None:
        """The run that is under way (also one that a kill interrupted)."""
        return Run(**self._state["run"]) if self._state["run"] else None

    @property
    def last_page(self) -> int:
        """Number of the last committed page; 0 before the first."""
        return self._state["last_page"]

    @property
    def snapshot(self) -> tuple[int, int] | None:
        """First and last page number of the latest complete listing (last < first: it was empty)."""
        return tuple(self._state["snapshot"]) if self._state["snapshot"] else None

    @property
    def digest(self) -> str | None:
        """The content hash of the last complete run, where one was given to `finish`."""
        return self._state["digest"]

    def pages(self, first: int = 1) -> list[LandedPage]:
        """The committed pages from number `first` on, in their order."""
        found = (LandedPage(p.name.removesuffix(SUFFIX), p, _number(p)) for p in self.folder.glob("*" + SUFFIX))
        return sorted((p for p in found if first <= p.number <= self.last_page), key=lambda p: p.number)

    def begin(self, plan: Sequence[Slice], *, as_of: datetime, full: bool) -> Run:
        """Start a run with its plan; an unfinished one is given up (its committed pages stay)."""
        run = Run(secrets.token_hex(4), as_of.isoformat(), full, first_page=self.last_page + 1)
        self._write(self._plan_path(run), orjson.dumps([s.to_state() for s in plan]))
        self._commit(run)
        for path in self.folder.glob("plan-*.json"):
            if path != self._plan_path(run):
                path.unlink()
        return run

    def extend(self, run: Run, plan: Sequence[Slice]) -> list[Slice]:
        """Append the second phase's slices to the plan; the new plan is in force with the state's commit."""
        slices = [*self.plan(run), *plan]
        run.phase += 1
        self._write(self._plan_path(run), orjson.dumps([s.to_state() for s in slices]))
        self._commit(run)
        return slices

    def plan(self, run: Run) -> list[Slice]:
        """The slices of a run."""
        return [Slice.from_state(state) for state in orjson.loads(self._plan_path(run).read_bytes())]

    def write_page(self, run: Run, lines: Iterable[bytes]) -> int:
        """Write a page file, not yet committed; returns the number of its records (0: no file is written)."""
        lines = lines if isinstance(lines, list) else list(lines)
        if not lines:
            return 0
        number = self.last_page + self._pending + 1
        content = zstandard.ZstdCompressor(level=LEVEL).compress(b"\n".join(lines) + b"\n")
        self._write(self.folder / f"{number:09d}-{run.id}{SUFFIX}", content)
        self._pending += 1
        return len(lines)

    def commit(self, run: Run, *, cursor: tuple[str, Any] | None = None) -> None:
        """Commit the written pages together with the run's position and, at the end of a slice, its cursor."""
        if cursor is not None:
            self._state["cursors"][cursor[0]] = cursor[1]
        self._commit(run)

    def finish(self, run: Run, *, snapshot: bool = False, digest: str | None = None, keep: bool = True) -> None:
        """Commit the end of a run.

        snapshot: its pages are a complete listing. digest: hash of its content. keep=False drops what it wrote since
        the last commit (nothing changed).
        """
        if not keep:
            self._pending = 0
        first = run.first_page
        self._state["last_page"] += self._pending
        self._pending = 0
        if snapshot and keep:
            self._state["snapshot"] = [first, self.last_page]
        self._state["digest"] = digest
        self._state["run"] = None
        self._save()
        for path in self.folder.glob("plan-*.json"):
            path.unlink()
        self._remove_leftovers()

    def read_ids(self, first: int) -> set[str]:
        """The ids on the committed pages from number `first` on."""
        return {line["id"] for page in self.pages(first) for line in read_page(page.path) if line["id"] is not None}

    def _plan_path(self, run: Run) -> Path:
        return self.folder / f"plan-{run.id}-{run.phase}.json"

    def _commit(self, run: Run) -> None:
        self._state["last_page"] += self._pending
        self._pending = 0
        self._state["run"] = {name: getattr(run, name) for name in Run.__slots__}
        self._save()

    def _save(self) -> None:
        self._write(self.folder / "state.json", orjson.dumps(self._state, option=orjson.OPT_INDENT_2))
        _sync_folder(self.folder)

    def _read_state(self) -> dict[str, Any]:
        path = self.folder / "state.json"
        if not path.exists():
            return {"format": FORMAT, "last_page": 0, "cursors": {}, "run": None, "snapshot": None, "digest": None}
        try:
            state = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise StopConnection(
                f"{path} cannot be read ({error})",
                f"delete {self.folder}: the stream is then read again from its start",
            ) from None
        if state.get("format") != FORMAT:
            raise StopConnection(
                f"{path} has format {state.get('format')}, this version knows {FORMAT}",
                f"delete {self.folder}: the stream is then read again from its start",
            )
        return state

    def _remove_leftovers(self) -> None:
        for path in self.folder.glob("*" + SUFFIX):
            if _number(path) > self.last_page:
                path.unlink(missing_ok=True)
        for path in self.folder.glob("*.tmp"):
            path.unlink(missing_ok=True)

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file so that it is there whole or not at all."""
        temporary = path.with_name(path.name + ".tmp")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise _unwritable(path, error) from None


class LandingZone:
    """The landing zone of one connection: a folder a stream."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def stream(self, name: str) -> StreamZone:
        """The zone of one stream; made where it is missing."""
        return StreamZone(self.folder / name)


def envelope(record: Record | Quarantined, fetched_at: str) -> bytes:
    """One line of a page. `fetched_at`: ISO time without zone, UTC. A payload given as bytes stays as it is."""
    if isinstance(record, Quarantined):
        payload: Any = {"reason": record.reason, "file": record.file, "line": record.line, "record": record.record}
        return orjson.dumps({"id": None, "updated_at": None, "fetched_at": fetched_at, "payload": payload})
    payload = record.payload
    if isinstance(payload, bytes):
        payload = orjson.loads(payload) if b"\n" in payload or b"\r" in payload else orjson.Fragment(payload)
    return orjson.dumps(
        {"id": record.id, "updated_at": utc_text(record.updated_at), "fetched_at": fetched_at, "payload": payload}
    )


def utc_text(moment: datetime | None) -> str | None:
    """A tz-aware time as ISO text in UTC without zone: '2026-07-01T02:00:00'."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def read_page(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a page as JSON objects."""
    content = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    return (orjson.loads(line) for line in content.splitlines())


def _number(path: Path) -> int:
    return int(path.name.split("-", 1)[0])


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> StopConnection:
    return StopConnection(
        f"{path} cannot be written ({error.strerror})", "check the data folder's permissions and free space"
    )
