"""`flowlight nightly`: Dagster's job in this process, on the persistent instance, with what a person wants to see."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration import alerts, progress
from orchestration.errors import AlreadyRunning, FlowlightError, GateError
from orchestration.lock import nightly_lock
from orchestration.night import as_of_for, checked_only, read_config
from orchestration.sandbox_process import iso, running_sandbox, sandbox_connections, stop_sandboxes
from orchestration.settings import Settings

EXAMPLE_QUERY = "select * from flow.fct_flow_metrics where scope_type = 'organization' limit 10"


def run_nightly(*, as_of: str | None = None, only: Sequence[str] = (), full: bool = False) -> dict[str, Any]:
    """Run one nightly and return its record (`Night.record`).

    Raises InputError and AlreadyRunning before anything is touched. An alert goes out for all but a second nightly.
    """
    settings = Settings.from_environment()
    try:
        with shown_progress():
            return _run(settings, as_of, tuple(only), full)
    except AlreadyRunning:
        raise
    except FlowlightError as error:
        alerts.send(f"Flowlight: the night did not begin: {error}", {"run_id": None, "exit_code": error.exit_code})
        raise
    finally:
        stop_sandboxes()


@contextlib.contextmanager
def shown_progress() -> Generator[None]:
    """A live display where stderr is a terminal, else plain lines on it."""
    if sys.stderr.isatty():
        with progress.TerminalProgress() as display, progress.current(display):
            yield
    else:
        with progress.lines_to(logging.StreamHandler(sys.stderr)):
            yield


def _run(settings: Settings, as_of: str | None, only: tuple[str, ...], full: bool) -> dict[str, Any]:
    settings.prepare()
    with nightly_lock(settings.lock):
        config = read_config(settings)
        only = checked_only(config, only)
        clock = as_of_for(config, as_of)
        progress.reporter().phase(f"starting the night of {iso(clock)}")
        if sandbox_connections(config):
            running_sandbox(settings, clock)  # comes up while Dagster is imported
        return _execute(settings, {"as_of": iso(clock), "only": list(only), "full": full})


def _execute(settings: Settings, options: Mapping[str, Any]) -> dict[str, Any]:
    import dagster as dg

    from orchestration.definitions import build_definitions
    from orchestration.schedules import JOB

    run_id = str(uuid.uuid4())
    with dg.DagsterInstance.get() as instance:
        result = (
            build_definitions(settings)
            .resolve_job_def(JOB)
            .execute_in_process(
                instance=instance,
                run_id=run_id,
                run_config={
                    "resources": {"night": {"config": dict(options)}},
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                raise_on_error=False,
            )
        )
    record = last_night(settings)
    if record is None or record["run_id"] != run_id:
        failures = [event.message for event in result.all_events if event.is_failure]
        raise GateError(f"the night did not begin: {failures[-1] if failures else 'see Dagster'}")
    return record


def last_night(settings: Settings) -> dict[str, Any] | None:
    """The record of the last night that ended, or None."""
    try:
        return json.loads(settings.last_night.read_bytes())
    except (OSError, ValueError):
        return None


def closing_lines(settings: Settings, record: Mapping[str, Any], began: float) -> list[str]:
    """What `flowlight nightly` ends with: what became of the night, where the file is, how to open it."""
    from orchestration.publish import current_publication

    lines: list[str] = []
    publication = current_publication(settings)
    seconds = time.monotonic() - began
    if record["problems"] or record["publication"] is None:
        lines += [record.get("alert", "nothing was published")]
    elif record["exit_code"]:
        lines += [record["alert"]]
    for warning in record["tests"].get("warned", []):
        lines.append(f"warning: {warning['test']} on {warning['model']}: {warning['rows']:,} rows")
    if publication is None:
        return lines
    rows = sum(table["rows"] for table in publication["tables"].values())
    if record["problems"]:
        said = "Still published"
    else:
        said = "Nothing changed since it was published" if record["unchanged"] else "Published"
    lines += [
        f"{said}: {settings.published_file} (as of {publication['as_of']}, {len(publication['tables'])} tables, "
        f"{rows:,} rows; {seconds:.0f} s)",
        f'Open it: {_command()} sql "{EXAMPLE_QUERY}"',
        f"     or: in any DuckDB, attach '{settings.published_file}' as flowlight (read_only);",
    ]
    return lines


def _command() -> str:
    """How to call `flowlight` from where we are."""
    path = Path(sys.executable).with_name("flowlight")
    return "flowlight" if shutil.which("flowlight") or not path.exists() else os.path.relpath(path)
