"""One nightly at a time on a data folder: an flock that the kernel drops when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.errors import AlreadyRunning
from orchestration.settings import readable_os_errors

ATTEMPTS = 5
_held: dict[Path, int] = {}
_guard = threading.Lock()


@contextmanager
def nightly_lock(path: Path) -> Generator[None]:
    """Hold the lock file; re-entrant within a process (the CLI takes it before Dagster's run does).

    Raises AlreadyRunning, which says who holds it since when.
    """
    key = path.resolve()
    with _guard:
        count = _held.get(key, 0)
        if count:
            _held[key] = count + 1
    if count:
        try:
            yield
        finally:
            with _guard:
                _held[key] -= 1
        return
    with readable_os_errors(path.parent):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(descriptor)
        holder = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        with _guard:
            _held[key] = 1
        try:
            yield
        finally:
            with _guard:
                _held.pop(key, None)
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder_of(path: Path) -> dict[str, Any] | None:
    """Who runs a nightly now ({"pid", "since"}), or None; never disturbs the holder."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    """Take the lock; tries for a second, since a look at it (`holder_of`) holds it for a moment too."""
    for attempt in range(ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if attempt + 1 == ATTEMPTS:
                raise AlreadyRunning(describe(_read(descriptor))) from None
            time.sleep(1 / ATTEMPTS)


def describe(holder: dict[str, Any]) -> str:
    """One line for the second nightly."""
    who, since = holder.get("pid", "unknown"), holder.get("since", "just now")
    return (
        f"a nightly is already running (process {who}, since {since}); this one leaves and touches nothing: "
        "wait for it, or watch it with `flowlight status`"
    )


def _read(descriptor: int) -> dict[str, Any]:
    try:
        return json.loads(os.pread(descriptor, 4096, 0))
    except ValueError:
        return {}
