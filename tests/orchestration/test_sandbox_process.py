"""The simulated company as a child: it never outlives its parent, and its address never gets into data."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.errors import GateError
from orchestration.sandbox_process import SHOWN_URLS, SandboxProcess
from orchestration.settings import PROJECT_ROOT, Settings
from sandbox import github_state, pagerduty_double, process

CLOCK = datetime(2026, 7, 1, 2, tzinfo=UTC)
SECONDS_TO_END = 20.0

PARENT = """
import sys, time
from datetime import UTC, datetime
from orchestration.sandbox_process import SandboxProcess
from orchestration.settings import Settings
print(SandboxProcess(Settings.from_environment(), datetime(2026, 7, 1, 2, tzinfo=UTC)).pid, flush=True)
time.sleep(600)
"""


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")
def test_it_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=PROJECT_ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    end = time.monotonic() + SECONDS_TO_END
    while is_running(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_running(child)


def test_it_says_why_it_did_not_start(tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "__init__.py").write_text("")
    (tmp_path / "sandbox" / "__main__.py").write_text("raise SystemExit('no company today')")
    started = SandboxProcess(Settings(tmp_path, tmp_path, tmp_path), CLOCK)
    with pytest.raises(GateError, match="the sandbox did not start: no company today; try `flowlight sandbox`"):
        _ = started.urls


def test_addresses_shown_in_data_are_those_that_the_doubles_write() -> None:
    shown = {"jira": process.SITE, "github": f"{github_state.WEB}/api/v3", "pagerduty": pagerduty_double.API}
    assert shown == SHOWN_URLS
