"""One connection, one night: for each stream in order extract -> land -> load, each ending in a StreamRun."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from ingestion import extract as extraction
from ingestion.client import Client
from ingestion.errors import IngestionError, NotAvailable, StopConnection, StopStream
from ingestion.landing import LandingZone, StreamZone
from ingestion.load import Warehouse
from ingestion.sources import SOURCES
from ingestion.stream import Context, Problem, Progress, ProgressEvent, Source, Stream, StreamRun

PROBLEMS_SHOWN = 10
PAGES_BETWEEN_LOADS = 25


def sync_connection(
    connection: Any,
    *,
    config: Any,
    data: Path,
    warehouse: Warehouse,
    as_of: datetime,
    full: bool = False,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[StreamRun]:
    """Read what is new of a connection into the warehouse; the runs of its streams, which are also recorded there.

    A vendor's failure is a StreamRun with status failed, its error and the cure, and stops only what depends on it.
    What was landed before (also by a run that was killed) is loaded in any case. full: read everything from the start
    date.
    """
    config = config.with_data(data) if config is not None else None
    source = SOURCES[connection.type]
    zone = LandingZone(data / "landing" / connection.name)
    night = _Night(connection, source, config, warehouse, as_of, full, progress, zone)
    client = _client(source, connection, sleep)
    try:
        return night.run(client)
    finally:
        if client is not None:
            client.close()


def check_connection(connection: Any) -> str:
    """Prove address and credentials by one request; who we are there ("" where the answer does not say).

    Raises IngestionError with the cure where it fails.
    """
    source = SOURCES[connection.type]
    if source.check is None or source.endpoint is None:
        return ""
    with Client(source.endpoint(connection)) as client:
        body = client.send(source.check).body
    body = (body.get("data") or {}).get("viewer") or body if isinstance(body, dict) else {}
    return str(body.get("login") or body.get("displayName") or "")


def peek(
    connection: Any, stream: str, *, config: Any, warehouse: Warehouse, as_of: datetime
) -> Iterator[dict[str, Any]]:
    """The payloads of a stream straight from the vendor; nothing is landed or loaded (for `flowlight check`)."""
    source = SOURCES[connection.type]
    client = _client(source, connection, time.sleep)
    try:
        context = Context(connection, config, as_of, warehouse, client)
        yield from extraction.read_records(source.stream(stream), context)
    finally:
        if client is not None:
            client.close()


def _client(source: Source, connection: Any, sleep: Callable[[float], None]) -> Client | None:
    return None if source.endpoint is None else Client(source.endpoint(connection), sleep=sleep)


class _Night:
    """The streams of one connection in one run."""

    def __init__(
        self,
        connection: Any,
        source: Source,
        config: Any,
        warehouse: Warehouse,
        as_of: datetime,
        full: bool,
        progress: Progress | None,
        zone: LandingZone,
    ) -> None:
        self.connection, self.source, self.config, self.warehouse = connection, source, config, warehouse
        self.as_of, self.full, self.progress, self.zone = as_of, full, progress, zone
        self.memory: dict[str, Any] = {}
        self.stopped: StopConnection | None = None
        self.failed: dict[str, StreamRun] = {}
        self.absent: dict[str, StreamRun] = {}

    def run(self, client: Client | None) -> list[StreamRun]:
        """Every stream in the source's order."""
        runs = []
        self._load_what_is_landed()
        for stream in self.source.streams:
            run = self._stream_run(stream, client)
            self.warehouse.record_runs([run])
            if run.status == "failed" and not run.pages:
                self.failed[stream.name] = run
            if run.status == "not_available":
                self.absent[stream.name] = run
            runs.append(run)
        return runs

    def _load_what_is_landed(self) -> None:
        """Pages of a run that was killed before their load, or all pages when the warehouse is new."""
        for stream in self.source.streams:
            if (self.zone.folder / stream.name / "state.json").exists():
                self._load(stream, self.zone.stream(stream.name))

    def _load(self, stream: Stream, zone: StreamZone) -> None:
        self.warehouse.load(
            zone,
            connection=self.connection.name,
            source=self.source.name,
            stream=stream.name,
            as_of=self.as_of,
        )

    def _stream_run(self, stream: Stream, client: Client | None) -> StreamRun:
        before, began = client.requests if client else 0, time.monotonic()

        def report(counts: extraction.Progress) -> None:
            if self.progress is not None:
                self.progress(
                    ProgressEvent(
                        self.connection.name,
                        stream.name,
                        counts.records,
                        counts.pages,
                        client.requests - before if client else 0,
                        counts.records / max(time.monotonic() - began, 1e-6),
                        client.quota_left if client else None,
                    )
                )

        counts = extraction.Progress()
        context = Context(
            self.connection, self.config, self.as_of, self.warehouse, client, full=self.full, memory=self.memory
        )
        problems = context.problems
        is_absent = False
        try:
            self._require(stream)
            zone = self.zone.stream(stream.name)
            with _Loading(stream, lambda: self._load(stream, zone)) as loading:

                def landed(counts: extraction.Progress) -> None:
                    report(counts)
                    loading.page()

                counts.report = landed
                extraction.extract(stream, context, zone, counts)
        except StopConnection as error:
            self.stopped = error
            problems.append(Problem(error.error, error.cure))
        except NotAvailable as error:
            problems.append(Problem(error.error, error.cure))
            is_absent = True
        except IngestionError as error:
            problems.append(Problem(error.error, error.cure))
        hide = client.hide if client else str
        return StreamRun(
            self.connection.name,
            self.source.name,
            stream.name,
            self.as_of,
            "not_available" if is_absent else _status(problems),
            counts.records,
            counts.pages,
            client.requests - before if client else 0,
            _joined([hide(p.error) for p in problems]),
            _joined([hide(p.cure) for p in problems if p.cure]),
        )

    def _require(self, stream: Stream) -> None:
        if self.stopped is not None:
            raise StopConnection(self.stopped.error, self.stopped.cure)
        for name in stream.requires:
            if name in self.absent:
                raise NotAvailable(self.absent[name].error or "", self.absent[name].cure or "")
            if name in self.failed:
                error = self.failed[name].error or ""
                needs = f"needs {self.source.name}.{name}, which failed: "
                raise StopStream(error if error.startswith("needs ") else needs + error, "")


class _Loading:
    """Loads a stream's committed pages while more are read, and what is left when the block ends, also by an error.

    A page is loaded after its commit, so a kill changes nothing. A listing is only loaded whole: that removes rows.
    """

    def __init__(self, stream: Stream, load: Callable[[], None]) -> None:
        self._load, self._in_background = load, stream.mode == "merge"
        self._pages, self._pending = 0, Future()
        self._pending.set_result(None)
        self._pool = ThreadPoolExecutor(1)

    def page(self) -> None:
        """A page was written: load in the background, if enough have come and the last load is over."""
        self._pages += 1
        if self._in_background and self._pages >= PAGES_BETWEEN_LOADS and self._pending.done():
            self._pending.result()
            self._pages, self._pending = 0, self._pool.submit(self._load)

    def __enter__(self) -> _Loading:
        return self

    def __exit__(self, *_: object) -> None:
        with self._pool:
            self._pending.result()
        self._load()


def _status(problems: list[Problem]) -> Any:
    if not problems:
        return "ok"
    return "stale" if all(problem.stale for problem in problems) else "failed"


def _joined(texts: list[str]) -> str | None:
    """Different texts, one a line; the first ten and how many more there are."""
    lines = list(dict.fromkeys(texts))
    if len(lines) > PROBLEMS_SHOWN:
        lines = [*lines[:PROBLEMS_SHOWN], f"and {len(lines) - PROBLEMS_SHOWN} more"]
    return "\n".join(lines) or None
