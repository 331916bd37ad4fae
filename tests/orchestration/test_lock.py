"""One nightly at a time, whoever starts it, however the other one ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.errors import AlreadyRunning
from orchestration.lock import holder_of, nightly_lock

HOLDER = """
import sys
from pathlib import Path
from orchestration.lock import nightly_lock
with nightly_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "nightly.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()


def test_second_nightly_is_told_who_runs_since_when(tmp_path: Path, holder: subprocess.Popen) -> None:
    expected = rf"process {holder.pid}, since 20\d\d-"
    with pytest.raises(AlreadyRunning, match=expected) as raised, nightly_lock(tmp_path / "nightly.lock"):
        pass
    assert raised.value.exit_code == 4
    assert (holder_of(tmp_path / "nightly.lock") or {})["pid"] == holder.pid


def test_lock_of_a_killed_nightly_is_free(tmp_path: Path, holder: subprocess.Popen) -> None:
    holder.kill()
    holder.wait()
    assert holder_of(tmp_path / "nightly.lock") is None
    with nightly_lock(tmp_path / "nightly.lock"):
        pass


def test_same_process_may_take_it_again(tmp_path: Path) -> None:
    path = tmp_path / "nightly.lock"
    with nightly_lock(path):
        with nightly_lock(path):
            pass
        assert holder_of(path) is not None
    assert holder_of(path) is None


def test_looking_at_the_lock_never_keeps_a_nightly_out(tmp_path: Path) -> None:
    path = tmp_path / "nightly.lock"
    path.touch()
    for _ in range(50):
        assert holder_of(path) is None
        with nightly_lock(path):
            pass
