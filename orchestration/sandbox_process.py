"""The simulated company as a child process, for connections whose `base_url` is `sandbox`."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections import deque
from datetime import UTC, datetime
from typing import Any

from orchestration.errors import GateError
from orchestration.settings import Settings

SECONDS_TO_START = 180
# What stands for the sandbox's address in data: the one it is served at changes with every start.
SHOWN_URLS = {
    "jira": "https://acme.atlassian.net",
    "github": "https://github.example.com/api/v3",
    "pagerduty": "https://api.pagerduty.com",
}

# The child ends when its standard input closes, so it never outlives its parent, however that ends.
_GUARD = """
import os, runpy, threading
def end_with_parent():
    while os.read(0, 4096):
        pass
    os._exit(0)
threading.Thread(target=end_with_parent, daemon=True).start()
runpy.run_module("sandbox", run_name="__main__", alter_sys=True)
"""


class SandboxProcess:
    """A running sandbox; starting it returns at once, `urls` waits until it answers."""

    def __init__(self, settings: Settings, clock: datetime) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _GUARD, "serve", "--port", "0", "--clock", iso(clock)],
            cwd=settings.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self._ready = threading.Event()
        self._first_line = b""
        self._last_words: deque[bytes] = deque([b"no output"], maxlen=1)
        self._readers = [
            threading.Thread(target=target, name="sandbox", daemon=True)
            for target in (self._read_output, self._read_errors)
        ]
        for reader in self._readers:
            reader.start()

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        self._first_line = self._process.stdout.readline()
        self._ready.set()
        for _ in self._process.stdout:
            pass

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.strip():
                self._last_words.append(line.strip())

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def urls(self) -> dict[str, str]:
        """{"jira_url", "github_url", "graphql_url", "pagerduty_url"}; GateError where the sandbox does not come up."""
        self._ready.wait(SECONDS_TO_START)
        try:
            return json.loads(self._first_line)
        except ValueError:
            self.stop()
            for reader in self._readers:
                reader.join(timeout=5)
            words = self._last_words[0].decode(errors="replace")
            raise GateError(f"the sandbox did not start: {words}; try `flowlight sandbox`") from None

    def stop(self) -> None:
        """End the child; harmless when it has ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_running: dict[datetime, SandboxProcess] = {}


def running_sandbox(settings: Settings, clock: datetime) -> SandboxProcess:
    """The sandbox of this process at that clock, started if need be; ended at exit."""
    if clock not in _running:
        stop_sandboxes()
        _running[clock] = SandboxProcess(settings, clock)
        atexit.register(stop_sandboxes)
    return _running[clock]


def stop_sandboxes() -> None:
    """End the sandboxes of this process."""
    while _running:
        _running.popitem()[1].stop()


def sandbox_connections(config: Any) -> list[Any]:
    """The connections that ask for the simulated company."""
    return [connection for connection in config.connections if getattr(connection, "is_sandbox", False)]


def default_clock() -> datetime:
    """The sandbox's own present."""
    from sandbox import DEFAULT_CLOCK

    return DEFAULT_CLOCK


def iso(moment: datetime) -> str:
    """`2026-07-01T02:00:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
