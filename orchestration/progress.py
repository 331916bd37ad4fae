"""What a person sees while a nightly runs: live counts on a terminal, plain lines elsewhere and in the log file."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

LOG = logging.getLogger("flowlight")
LOGS_KEPT = 60
SECONDS_BETWEEN_LINES = 15.0


class Progress(Protocol):
    """Receives what happens; implementations must be thread-safe and must never raise."""

    def phase(self, text: str) -> None:
        """A part of the night begins."""
        ...

    def stream(self, event: Any) -> None:
        """An `ingestion.stream.ProgressEvent`: counts of one connection's stream so far."""
        ...

    def models(self, done: int, total: int, name: str) -> None:
        """dbt finished one of its nodes."""
        ...


class LogProgress:
    """Plain lines: one per phase, one per stream every `SECONDS_BETWEEN_LINES`."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], float] = {}

    def phase(self, text: str) -> None:
        """See Progress."""
        LOG.info(text)

    def stream(self, event: Any) -> None:
        """See Progress."""
        key, now = (event.connection, event.stream), time.monotonic()
        if now - self._last.setdefault(key, now) >= SECONDS_BETWEEN_LINES:
            self._last[key] = now
            LOG.info("%s", describe_event(event))

    def models(self, done: int, total: int, name: str) -> None:
        """See Progress."""
        if total and done * 4 // total > (done - 1) * 4 // total:
            LOG.info("dbt: %d of %d (%s)", done, total, name)


class TerminalProgress(LogProgress):
    """A live display with a line per stream; the log file gets the plain lines too."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[counts]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[object, Any] = {}
        self._mutex = threading.Lock()

    def __enter__(self) -> TerminalProgress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def phase(self, text: str) -> None:
        """See Progress."""
        super().phase(text)
        with self._mutex:
            for task in self._tasks.values():
                self._bars.remove_task(task)
            self._tasks = {}
        self._bars.console.print(text, highlight=False)

    def stream(self, event: Any) -> None:
        """See Progress."""
        super().stream(event)
        if not event.requests:
            return  # files are read at once
        key = (event.connection, event.stream)
        with self._mutex:
            if key not in self._tasks:
                label = f"  {event.connection}.{event.stream}"
                self._tasks[key] = self._bars.add_task(label, total=None, counts="")
            self._bars.update(self._tasks[key], counts=describe_event(event).partition(": ")[2])

    def models(self, done: int, total: int, name: str) -> None:
        """See Progress."""
        super().models(done, total, name)
        with self._mutex:
            if "dbt" not in self._tasks:
                self._tasks["dbt"] = self._bars.add_task("  models and tests", total=total, counts="")
            self._bars.update(self._tasks["dbt"], completed=done, counts=f"{done} of {total} {name}")


def describe_event(event: Any) -> str:
    """`github.pull_requests: 1,200 records, 24 pages, 31 requests, 240/s, 87% of the quota left`."""
    parts = [
        f"{event.records:,} records",
        f"{event.pages:,} pages",
        f"{event.requests:,} requests",
        f"{event.rate:,.0f}/s",
    ]
    if event.quota_left is not None:
        parts.append(f"{event.quota_left:.0%} of the quota left")
    return f"{event.connection}.{event.stream}: {', '.join(parts)}"


@contextmanager
def current(progress: Progress) -> Generator[None]:
    """Make `progress` the one that the nightly of this process reports to."""
    global _current
    previous, _current = _current, progress
    try:
        yield
    finally:
        _current = previous


def reporter() -> Progress:
    """The progress of this process."""
    return _current


_current: Progress = LogProgress()


class Redaction(logging.Filter):
    """The last net: no log line leaves with a secret of the configuration in it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = tuple(secret for secret in secrets if secret)

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the secrets in the record's finished message."""
        record.msg, record.args = redacted(record.getMessage(), self._secrets), None
        return True


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret (of 4 or more characters) replaced."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return text


def line_format() -> logging.Formatter:
    """`2026-07-01T02:00:00Z INFO    text`."""
    formatter = logging.Formatter("%(asctime)sZ %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    return formatter


@contextmanager
def lines_to(handler: logging.Handler) -> Generator[None]:
    """Send Flowlight's plain lines to a handler as well."""
    handler.setFormatter(line_format())
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    LOG.propagate = False
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        handler.close()


@contextmanager
def night_log(path: Path) -> Generator[None]:
    """Write the night's lines to `path`; keeps the newest LOGS_KEPT log files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with lines_to(logging.FileHandler(path, encoding="utf-8")):
        for old in sorted(path.parent.glob("nightly-*.log"))[:-LOGS_KEPT]:
            old.unlink(missing_ok=True)
        yield
