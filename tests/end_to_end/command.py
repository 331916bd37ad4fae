"""`flowlight` as a user runs it, in a process of its own, over a small installation whose whole night takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.orchestration.mini import write_mini

PROJECT = Path(__file__).resolve().parents[2]
SMALL = (
    "import sys; from pathlib import Path; from orchestration import settings; "
    "settings.PROJECT_ROOT = Path(sys.argv[1]); sys.argv = ['flowlight', *sys.argv[2:]]; "
    "from orchestration.cli import main; main()"
)
REAL = "import sys; sys.argv = ['flowlight', *sys.argv[2:]]; from orchestration.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended: exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Installation:
    """A configuration and a data folder. is_small: with the dbt project of `tests.orchestration.mini`."""

    root: Path
    data: Path
    is_small: bool = True

    @property
    def config(self) -> Path:
        """The configuration folder."""
        return self.root / "config"

    def flowlight(self, *arguments: str, prefix: Sequence[str] = (), **environ: str) -> Ended:
        """Run a command with no other environment than this; prefix: a program that runs it (setpriv ...)."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "FLOWLIGHT_CONFIG": str(self.config),
            "FLOWLIGHT_DATA": str(self.data),
            **environ,
        }
        code = SMALL if self.is_small else REAL
        ended = subprocess.run(
            [*prefix, sys.executable, "-c", code, str(self.root), *arguments],
            cwd=self.root, env=environment, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def connect(self, *connections: str) -> None:
        """Write connections.yml with these entries besides the organisation files."""
        lines = ["organization: {name: Acme}", "connections:", "  - {name: organization, type: organization_files}"]
        (self.config / "connections.yml").write_text("\n".join([*lines, *(f"  - {{{c}}}" for c in connections), ""]))


def small_installation(folder: Path) -> Installation:
    """A small installation in a folder: organisation files only, three marts."""
    write_mini(folder)
    return Installation(folder, folder / "data")


def jira_entry(url: str, more: str = 'projects: "*", start_date: 2026-01-01', token_env: str = "JIRA_TOKEN") -> str:
    """A Jira entry of connections.yml."""
    return f"name: jira, type: jira, base_url: '{url}', user: bot@acme.example, token_env: {token_env}, {more}"


def github_entry(url: str, more: str = 'repositories: ["acme/*"], start_date: 2026-01-01') -> str:
    """A GitHub entry of connections.yml."""
    return f"name: github, type: github, base_url: '{url}', token_env: GITHUB_TOKEN, {more}"
