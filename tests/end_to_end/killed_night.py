"""A night of all connections in a process of its own that writes down what it asks and commits, and may be killed.

Run as `python -m tests.end_to_end.killed_night '{"jira_url": ..., "data": ..., "kill": ["request", 12, "before"]}'`.
kill: ["request" | "rename" | "commit", n, "before" | "after"]: at the n-th HTTP request, rename of a landing file, or
commit of the warehouse; ["seconds", s]: after that time. Always SIGKILL: nothing is closed, flushed or rolled back.

The log gets one JSON line per event, in the order in which they happened: begun, sent (connection, what, key, paged),
committed (connection, stream), renamed, transaction, ended.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from ingestion import load
from ingestion.load import Warehouse
from ingestion.sync import sync_connection
from sandbox.faults import service_of
from tests.end_to_end.small_world import START_DATE
from tests.ingestion.nights import github_connection, jira_connection, pagerduty_connection


class Recorder:
    """Writes the log and kills the process at its moment."""

    def __init__(self, log: Path, kill: list[Any] | None) -> None:
        self.file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.kill = kill
        self.counts: dict[str, int] = {}
        self.lock = threading.Lock()
        if kill and kill[0] == "seconds":
            timer = threading.Timer(kill[1], die)
            timer.daemon = True
            timer.start()

    def write(self, kind: str, **more: Any) -> None:
        os.write(self.file, json.dumps({"kind": kind, **more}).encode() + b"\n")

    def moment(self, what: str, when: str) -> None:
        """Called before and after each request, rename and commit."""
        with self.lock:
            if when == "before":
                self.counts[what] = self.counts.get(what, 0) + 1
            if self.kill and [what, when] == self.kill[::2] and self.counts[what] >= self.kill[1]:
                die()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watch_requests(recorder: Recorder) -> None:
    send = requests.Session.send

    def watched(self: Any, prepared: Any, **more: Any) -> Any:
        recorder.moment("request", "before")
        body = json.loads(prepared.body) if prepared.body else {}
        key = hashlib.sha256(f"{prepared.method} {prepared.url} {prepared.body!r}".encode()).hexdigest()[:16]
        connection = service_of(prepared.path_url)
        is_rest = connection == "jira" or prepared.method == "GET"
        what = prepared.path_url.split("?")[0] if is_rest else body["query"].split("(")[0]
        recorder.write(
            "sent", connection=connection, what=what.strip(), key=key, paged=is_page(what, body, prepared.path_url)
        )
        answer = send(self, prepared, **more)
        recorder.moment("request", "after")
        return answer

    requests.Session.send = watched  # type: ignore[method-assign]


def is_page(what: str, body: dict[str, Any], address: str) -> bool:
    """Whether a request asks for a page of a large stream; not the small lists, the census and the children.

    What is open is a list of its own, which every run asks for: also the one after a kill behind it.
    """
    if what.startswith("/rest/"):
        return what.endswith("bulkfetch") or (what.endswith("search/jql") and body.get("fields") != ["id"])
    if what.startswith("/pagerduty/"):
        return what.endswith(("/log_entries", "/incidents")) and "date_range=all" not in address
    if what.startswith("query"):
        return "Children" not in what and "OwnerRepositories" not in what and "NamedRepositories" not in what
    return what.endswith(("/commits", "/actions/runs", "/jobs")) or "/compare/" in what


def watch_files(recorder: Recorder) -> None:
    replace = os.replace

    def watched(source: Any, target: Any, **more: Any) -> None:
        path = Path(target)
        if "landing" not in path.parts:
            replace(source, target, **more)
            return
        recorder.moment("rename", "before")
        replace(source, target, **more)
        if path.name == "state.json":
            recorder.write("committed", connection=path.parts[-3], stream=path.parts[-2])
        recorder.moment("rename", "after")

    os.replace = watched


def watch_loads(recorder: Recorder) -> None:
    leave = load._Transaction.__exit__

    def watched(self: Any, kind: Any, *more: Any) -> None:
        recorder.moment("commit", "before")
        leave(self, kind, *more)
        recorder.moment("commit", "after")

    load._Transaction.__exit__ = watched  # type: ignore[method-assign]


class Urls:
    """The addresses of a server in another process."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.github_url = asked["github_url"]
        self.graphql_url = asked["graphql_url"]


def main() -> None:
    asked = json.loads(sys.argv[1])
    recorder = Recorder(Path(asked["log"]), asked["kill"])
    recorder.write("begun")
    for watch in (watch_requests, watch_files, watch_loads):
        watch(recorder)
    data, as_of = Path(asked["data"]), datetime.fromisoformat(asked["as_of"])
    connections = [
        jira_connection(asked["jira_url"], start_date=START_DATE),
        github_connection(Urls(asked), start_date=START_DATE),
        pagerduty_connection(asked["pagerduty_url"], start_date=START_DATE),
    ]
    with Warehouse(data / "warehouse" / "warehouse.duckdb") as warehouse, ThreadPoolExecutor(3) as pool:
        warehouse.ensure_tables()
        futures = [
            pool.submit(sync_connection, connection, config=None, data=data, warehouse=warehouse, as_of=as_of)
            for connection in connections
        ]
        runs = [run for future in futures for run in future.result()]
    bad = [f"{run.connection}.{run.stream} {run.status}: {run.error}" for run in runs if run.status != "ok"]
    recorder.write("ended", counts=recorder.counts, bad=bad)


if __name__ == "__main__":
    main()
