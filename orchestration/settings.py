"""Where everything lies: the configuration folder and the data folder, and nothing outside them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.errors import InputError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MINIMUM_FREE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """The folders of one installation: `root` holds the code, `config` what a user edits, `data` the rest."""

    root: Path
    config: Path
    data: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """FLOWLIGHT_CONFIG and FLOWLIGHT_DATA (relative ones from the current folder), else the project's own."""

        def folder(variable: str, default: str) -> Path:
            named = environ.get(variable)
            return Path(named).expanduser().absolute() if named else PROJECT_ROOT / default

        return cls(PROJECT_ROOT, folder("FLOWLIGHT_CONFIG", "config"), folder("FLOWLIGHT_DATA", "data"))

    @property
    def dbt_project(self) -> Path:
        """The dbt project's folder (with its profiles.yml)."""
        return self.root / "dbt_project"

    @property
    def warehouse(self) -> Path:
        """raw, staging and intermediate; only the nightly opens it."""
        return self.data / "warehouse" / "warehouse.duckdb"

    @property
    def marts(self) -> Path:
        """The marts that dbt writes; published as a copy, never opened by readers."""
        return self.data / "warehouse" / "marts.duckdb"

    @property
    def published(self) -> Path:
        """Symbolic link to the current publication."""
        return self.data / "published"

    @property
    def published_file(self) -> Path:
        """The DuckDB file that analysts and BI tools open."""
        return self.published / "flowlight.duckdb"

    @property
    def publications(self) -> Path:
        """The last publications, a folder each."""
        return self.data / "publications"

    @property
    def dagster_home(self) -> Path:
        """Dagster's storage and configuration."""
        return self.data / "dagster"

    @property
    def dbt_target(self) -> Path:
        """dbt's artifacts: manifest.json, compiled SQL."""
        return self.data / "dbt" / "target"

    @property
    def logs(self) -> Path:
        """One plain log a night, and failing rows of failed tests."""
        return self.data / "logs"

    @property
    def lock(self) -> Path:
        """Held while a nightly runs."""
        return self.data / "nightly.lock"

    @property
    def last_night(self) -> Path:
        """What the last nightly did, for `flowlight status`."""
        return self.data / "last_night.json"

    def environment(self) -> dict[str, str]:
        """The variables that keep Dagster and dbt inside the data folder and quiet."""
        return {
            "FLOWLIGHT_CONFIG": str(self.config),
            "FLOWLIGHT_DATA": str(self.data),
            "FLOWLIGHT_WAREHOUSE": str(self.warehouse),
            "FLOWLIGHT_MARTS": str(self.marts),
            "DAGSTER_HOME": str(self.dagster_home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "DBT_PROJECT_DIR": str(self.dbt_project),
            "DBT_PROFILES_DIR": str(self.dbt_project),
            "DBT_TARGET_PATH": str(self.dbt_target),
            "DBT_LOG_PATH": str(self.data / "dbt" / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_VERSION_CHECK": "false",
        }

    def prepare(self, environ: MutableMapping[str, str] = os.environ) -> None:
        """Make the data folder ready (folders, dagster.yaml) and set the environment.

        Raises InputError with one line where the folder cannot be written or its disk is full.
        """
        with readable_os_errors(self.data):
            for folder in (self.warehouse.parent, self.dagster_home, self.dbt_target, self.logs, self.publications):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.data / f".probe-{os.getpid()}"
            probe.write_bytes(b"flowlight")
            probe.unlink()
            copy_if_different(Path(__file__).with_name("dagster.yaml"), self.dagster_home / "dagster.yaml")
            free = shutil.disk_usage(self.data).free
        if free < MINIMUM_FREE_BYTES:
            raise InputError(
                f"data folder {self.data}: only {free // 2**20} MB free on its disk, a nightly needs at least "
                f"{MINIMUM_FREE_BYTES // 2**20} MB; free some, or set FLOWLIGHT_DATA to a folder on another disk"
            )
        environ.update(self.environment())


@contextmanager
def readable_os_errors(folder: Path):
    """Turn an OSError of this block into one line that names the folder and the cure."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"data folder {folder}: cannot write ({error.strerror or error}: {error.filename or folder}); "
            "make it writable, or set FLOWLIGHT_DATA to a folder that is"
        ) from error


def copy_if_different(source: Path, target: Path) -> None:
    """Copy a small file unless the target has the same bytes; replaces it in one step."""
    content = source.read_bytes()
    if target.exists() and target.read_bytes() == content:
        return
    write_atomically(target, content)


def write_atomically(target: Path, content: bytes) -> None:
    """Write a small file so that a reader, or a kill, sees the old content or the new."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, target)


def parse_as_of(text: str) -> datetime:
    """A moment from ISO text, as aware UTC; text without offset is UTC, a date alone its first moment.

    Raises InputError for anything else.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            f"--as-of: {text!r} is not a time; write it as 2026-07-01 or 2026-07-01T02:00:00Z (UTC without offset)"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
