"""Extract and load as one call: every connection in a thread of its own, each ending in recorded stream runs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb

from ingestion.config import Config
from ingestion.load import Warehouse
from ingestion.sources import SOURCES
from ingestion.stream import StreamRun
from ingestion.sync import sync_connection
from orchestration import progress
from orchestration.errors import GateError, InputError
from orchestration.fingerprint import raw_fingerprint
from orchestration.night import Night, with_sandbox, with_shown_urls
from orchestration.restatements import remember_published

LOG = logging.getLogger("flowlight")
CONNECTIONS_AT_ONCE = 8


def read_connections(night: Night) -> None:
    """Read what the night asks for into the raw tables; sets the night's `stream_runs`, `streams`, `raw_fingerprint`.

    A connection that fails never stops the others. Raises InputError where nothing can be built from what there is.
    """
    config = with_sandbox(night.settings, night.config, night.as_of)
    wanted = [connection for connection in config.connections if not night.only or connection.name in night.only]
    night.settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with _opened(night.settings.warehouse) as warehouse:
        warehouse.ensure_tables()
        warehouse.write_settings(with_shown_urls(night.config), night.as_of)
        progress.reporter().phase(f"reading {', '.join(connection.name for connection in wanted) or 'nothing'}")
        night.stream_runs = _read_in_threads(night, config, wanted, warehouse)
        night.streams = stream_states(warehouse, config)
        night.raw_fingerprint = raw_fingerprint(warehouse)
        remember_published(night.settings, warehouse)
        _require_an_organization(night, config, warehouse)


def _opened(path: Path) -> Warehouse:
    """The warehouse for writing; GateError in one line where another process has it open."""
    try:
        return Warehouse(path)
    except duckdb.IOException as error:
        reason = str(error).splitlines()[0].removeprefix("IO Error: ")
        raise GateError(f"{path} cannot be opened: {reason}; close it in the other program and run again") from error


def _read_in_threads(night: Night, config: Config, wanted: Sequence[Any], warehouse: Warehouse) -> list[StreamRun]:
    pool = ThreadPoolExecutor(CONNECTIONS_AT_ONCE, thread_name_prefix="connection")
    try:
        futures: dict[str, Future[list[StreamRun]]] = {
            connection.name: pool.submit(
                sync_connection,
                connection,
                config=config,
                data=night.settings.data,
                warehouse=warehouse,
                as_of=night.as_of,
                full=night.full,
                progress=progress.reporter().stream,
            )
            for connection in wanted
        }
        runs = [
            run for connection in wanted for run in _outcome(night, connection, warehouse, futures[connection.name])
        ]
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return runs


def _outcome(night: Night, connection: Any, warehouse: Warehouse, future: Future[list[StreamRun]]) -> list[StreamRun]:
    """The stream runs of a connection; an error that ingestion did not expect becomes failed runs of its streams."""
    try:
        runs = future.result()
    except Exception as error:
        LOG.exception("connection %s", connection.name)
        source = SOURCES[connection.type]
        text = f"unexpected {type(error).__name__}: {progress.redacted(str(error), night.secrets)}"
        cure = f"see {night.log}, run again; if it stays, report it with that log"
        runs = [
            StreamRun(connection.name, source.name, stream.name, night.as_of, "failed", error=text, cure=cure)
            for stream in source.streams
        ]
        warehouse.record_runs(runs)
    for run in runs:
        if run.status != "ok":
            level = logging.INFO if run.status == "not_available" else logging.ERROR
            LOG.log(level, "%s.%s %s: %s %s", run.connection, run.stream, run.status, run.error, run.cure or "")
    records, requests = sum(run.records for run in runs), sum(run.requests for run in runs)
    LOG.info("%s: %d streams, %d records in %d requests", connection.name, len(runs), records, requests)
    return runs


def _require_an_organization(night: Night, config: Config, warehouse: Warehouse) -> None:
    """Without organisation rows every number would be unassigned: stop, and say what is wrong with the files."""
    failed = {
        run.connection: run for run in night.stream_runs if run.status == "failed" and run.source == "organization"
    }
    if failed and not warehouse.query("select count(*) from raw_organization.teams")[0][0]:
        raise InputError("\n".join(dict.fromkeys(run.error or "organisation files failed" for run in failed.values())))


def stream_states(warehouse: Warehouse, config: Config) -> list[dict[str, Any]]:
    """Every configured connection's streams: rows now, status and time of the last run, time of the last good one."""
    last: dict[tuple[str, str], tuple[Any, ...]] = {
        (connection, stream): (status, last_as_of, last_ok)
        for connection, stream, status, last_as_of, last_ok in warehouse.query(
            """
            select connection, stream, max_by(status, as_of), max(as_of), max(as_of) filter (where status = 'ok')
            from raw_ingestion.stream_runs
            group by all
            """
        )
    }
    states = []
    for connection in config.connections:
        source = SOURCES[connection.type]
        for stream in source.streams:
            status, last_as_of, last_ok = last.get((connection.name, stream.name), ("never", None, None))
            rows = warehouse.query(
                f'select count(*) from "raw_{source.name}"."{stream.name}" where connection = $1', [connection.name]
            )[0][0]
            states.append(
                {
                    "connection": connection.name,
                    "source": source.name,
                    "stream": stream.name,
                    "rows": rows,
                    "status": status,
                    "last_run": last_as_of and f"{last_as_of:%Y-%m-%dT%H:%M:%SZ}",
                    "last_ok": last_ok and f"{last_ok:%Y-%m-%dT%H:%M:%SZ}",
                }
            )
    return states
