"""A vendor in a thread: an HTTP server whose answers a test scripts, and a client that does not sleep."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ingestion.client import Client
from ingestion.stream import Endpoint

TOKEN = "Bearer s3cret-planted-token"

Answer = tuple[int, dict[str, str], bytes]


def ok(value: Any, **headers: str) -> Answer:
    """A JSON answer with status 200."""
    return 200, {"Content-Type": "application/json", **headers}, json.dumps(value).encode()


class Vendor:
    """`answers` are given in order, the last one for ever; or `reply(request)` decides. `seen`: the requests."""

    def __init__(self) -> None:
        self.answers: list[Answer | str] = []
        self.reply: Callable[[dict[str, Any]], Answer | str] | None = None
        self.seen: list[dict[str, Any]] = []
        self.url = ""

    def next(self, request: dict[str, Any]) -> Answer | str:
        self.seen.append(request)
        if self.reply is not None:
            return self.reply(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def vendor() -> Generator[Vendor]:
    """A vendor that listens on a free port of 127.0.0.1."""
    double = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            request = {
                "method": self.command,
                "path": self.path,
                "headers": dict(self.headers),
                "json": json.loads(body) if body else None,
            }
            answer = double.next(request)
            if answer == "reset":
                self.connection.close()
                return
            status, headers, content = answer  # type: ignore[misc]
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            if headers.get("Content-Length", str(len(content))) != str(len(content)):
                self.close_connection = True

        do_GET = do_POST = handle_any

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()


class Sleeper:
    """Stands in for time: `sleep` moves `now` on and writes the seconds down."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def now(self) -> float:
        return self.time


def client_of(double: Vendor, sleeper: Sleeper | None = None, *, ceiling: float = 0.8, timeout: float = 2.0) -> Client:
    """A client of the vendor, with a planted token."""
    sleeper = sleeper or Sleeper()
    endpoint = Endpoint(double.url, double.url + "/graphql", TOKEN, quota_ceiling=ceiling)
    return Client(endpoint, sleep=sleeper.sleep, now=sleeper.now, timeout=(2.0, timeout))
