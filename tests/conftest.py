"""One night over the whole simulated company, run once per test session and shared by all tests and workers."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT, Settings

PLANTED_SECRET = "pl4nted-s3cret-0123456789"
SECONDS_FOR_A_NIGHT = 1500


@dataclass(frozen=True)
class SandboxNightly:
    """After a first night. `output`: what `flowlight nightly` printed; `home`: an empty home folder."""

    data: Path
    home: Path
    output: str
    secret: str = PLANTED_SECRET

    @property
    def settings(self) -> Settings:
        """Where everything lies."""
        return Settings(PROJECT_ROOT, PROJECT_ROOT / "config", self.data)

    @property
    def published(self) -> Path:
        """The folder that readers see."""
        return self.data / "published"

    @property
    def manifest(self) -> dict[str, Any]:
        """The publication's manifest."""
        return json.loads((self.published / "manifest.json").read_text())

    def flowlight(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command on this installation (to change it, copy it first: others read it)."""
        return run_flowlight(self.data, self.home, *arguments, **environment)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Rows of a statement on the published file."""
        with duckdb.connect(str(self.published / "flowlight.duckdb"), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            cursor = connection.execute(sql, list(parameters))
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def run_flowlight(data: Path, home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`flowlight ARGUMENTS` with a data folder and a home of the test's own, and the planted secret as token."""
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=PROJECT_ROOT,
        env={
            **os.environ,
            "HOME": str(home),
            "FLOWLIGHT_CONFIG": str(PROJECT_ROOT / "config"),
            "FLOWLIGHT_DATA": str(data),
            "SANDBOX_TOKEN": PLANTED_SECRET,
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS_FOR_A_NIGHT,
    )


@pytest.fixture(scope="session")
def sandbox_nightly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxNightly]:
    """The installation after one night of the shipped configuration. Read it; to change it, copy it first."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "sandbox_nightly"
    with (shared / "sandbox_nightly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        outcome = folder / "outcome.json"
        if not outcome.exists():
            (folder / "home").mkdir(parents=True)
            ended = run_flowlight(folder / "data", folder / "home", "nightly")
            outcome.write_text(json.dumps({"exit_code": ended.returncode, "output": ended.stdout}))
        found = json.loads(outcome.read_text())
    assert found["exit_code"] == 0, found["output"]
    yield SandboxNightly(folder / "data", folder / "home", found["output"])
