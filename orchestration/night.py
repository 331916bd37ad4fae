"""One nightly: its options, its clock, what became of it; lock, log, record and alert are opened and closed here."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion.config import SANDBOX, Config, ConfigError, load_config
from orchestration import alerts, progress
from orchestration.errors import (
    BAD_INPUT,
    NOT_PUBLISHED,
    OK,
    PUBLISHED_BUT_RED,
    STOPPED,
    FlowlightError,
    InputError,
)
from orchestration.lock import nightly_lock
from orchestration.sandbox_process import (
    SHOWN_URLS,
    default_clock,
    iso,
    running_sandbox,
    sandbox_connections,
)
from orchestration.settings import Settings, parse_as_of, write_atomically

LOG = logging.getLogger("flowlight")
INTERRUPTED = "stopped from outside; run it again, it goes on where it was"


@dataclass(slots=True)
class Night:
    """A nightly in the making; the assets write into it what became of their part.

    stream_runs: what ingestion recorded. streams: freshness and rows of every stream, as `flowlight status` shows them.
    publication: the manifest of what this night published, or of what stands when nothing changed.
    problems: why something was not published, one text each.
    """

    settings: Settings
    config: Config
    as_of: datetime
    started_at: datetime
    run_id: str
    log: Path
    only: tuple[str, ...] = ()
    full: bool = False
    stream_runs: list[Any] = field(default_factory=list)
    streams: list[dict[str, Any]] = field(default_factory=list)
    tests: dict[str, Any] = field(default_factory=dict)
    raw_fingerprint: str = ""
    fingerprint: str = ""
    unchanged: bool = False
    publication: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list)
    failure_code: int = NOT_PUBLISHED

    @property
    def secrets(self) -> list[str]:
        """The values that must not leave this process."""
        return secrets_of(self.config)

    @property
    def failed_runs(self) -> list[Any]:
        """Stream runs that need a person: failed, or kept older data because part of a system could not be read."""
        return [run for run in self.stream_runs if run.status in ("failed", "stale")]

    @property
    def exit_code(self) -> int:
        """What `flowlight nightly` returns for this night."""
        if self.problems or self.publication is None:
            return self.failure_code
        return PUBLISHED_BUT_RED if self.failed_runs else OK

    @contextmanager
    def part(self, name: str) -> Generator[None]:
        """A part of the night: what ends it goes to `problems` and the log, then on to the caller."""
        try:
            yield
        except FlowlightError as error:
            self.problems.append(progress.redacted(str(error), self.secrets))
            self.failure_code = error.exit_code
            LOG.error("%s: %s", name, error)
            raise
        except Exception as error:
            self.problems.append(progress.redacted(f"{name}: {type(error).__name__}: {error}", self.secrets))
            LOG.error("%s: %s", name, traceback.format_exc())
            raise
        except BaseException:
            self.problems.append(INTERRUPTED)
            self.failure_code = STOPPED
            raise

    def record(self) -> dict[str, Any]:
        """What the night did, as JSON values, for `flowlight status`, the alert and the CLI."""
        return {
            "run_id": self.run_id,
            "as_of": iso(self.as_of),
            "started_at": iso(self.started_at),
            "finished_at": iso(datetime.now(UTC)),
            "exit_code": self.exit_code,
            "unchanged": self.unchanged,
            "organization": self.config.organization.name,
            "publication": self.publication and self.publication["publication"],
            "connections": connection_outcomes(self),
            "streams": self.streams,
            "tests": self.tests,
            "problems": self.problems,
            "log": str(self.log),
        }


def connection_outcomes(night: Night) -> list[dict[str, Any]]:
    """Per connection of this night: status (the worst of its streams), records, requests, errors with their cures."""
    order = ("failed", "stale", "not_available", "ok")
    outcomes: dict[str, dict[str, Any]] = {}
    for run in night.stream_runs:
        outcome = outcomes.setdefault(
            run.connection,
            {"connection": run.connection, "status": "ok", "records": 0, "requests": 0, "errors": []},
        )
        outcome["status"] = min(outcome["status"], run.status, key=order.index)
        outcome["records"] += run.records
        outcome["requests"] += run.requests
        if run.status != "ok" and run.error:
            outcome["errors"].append(
                {
                    "stream": run.stream,
                    "status": run.status,
                    "error": progress.redacted(run.error, night.secrets),
                    "cure": progress.redacted(run.cure or "", night.secrets),
                }
            )
    return list(outcomes.values())


def read_config(settings: Settings, *, require_secrets: bool = True) -> Config:
    """The configuration, for a run over the data folder. Raises InputError with every problem."""
    try:
        return load_config(settings.config, require_secrets=require_secrets).with_data(settings.data)
    except ConfigError as error:
        raise InputError(str(error)) from error


def as_of_for(config: Config, asked: str | None) -> datetime:
    """The night's clock: as asked, else the sandbox's own present where it is connected, else now."""
    if asked:
        return parse_as_of(asked)
    if sandbox_connections(config):
        return default_clock()
    return datetime.now(UTC).replace(microsecond=0)


def with_sandbox(settings: Settings, config: Config, clock: datetime) -> Config:
    """The configuration with the running sandbox's address in place of `sandbox`; starts it where it is asked for."""
    wanted = sandbox_connections(config)
    if not wanted:
        return config
    urls = running_sandbox(settings, clock).urls
    return config.with_base_urls({connection.name: urls[f"{connection.type}_url"] for connection in wanted})


def with_shown_urls(config: Config) -> Config:
    """The configuration with the address that data may show in place of `sandbox`."""
    return config.with_base_urls(
        {connection.name: SHOWN_URLS[connection.type] for connection in sandbox_connections(config)}
    )


def secrets_of(config: Config) -> list[str]:
    """Every secret of the configuration, except the word that stands for the sandbox's."""
    tokens = [connection.token for connection in config.connections if connection.token is not None]
    return [value for token in tokens if (value := token.get_secret_value()) != SANDBOX]


def checked_only(config: Config, only: tuple[str, ...]) -> tuple[str, ...]:
    """The names given with --only, each of which must be a connection. Raises InputError with a suggestion."""
    try:
        return tuple(config.connection(name).name for name in only)
    except ConfigError as error:
        raise InputError(f"--only: {error}") from error


@contextmanager
def open_night(options: Mapping[str, Any], run_id: str) -> Generator[Night]:
    """Begin a night and close it whatever happens: lock, log, record, alert.

    options: {"as_of": ISO text or None, "only": [connection], "full": bool}. Raises InputError or AlreadyRunning before
    anything is touched.
    """
    settings = Settings.from_environment()
    started_at = datetime.now(UTC)
    settings.prepare()
    with nightly_lock(settings.lock):
        config = read_config(settings)
        only = checked_only(config, tuple(options.get("only") or ()))
        night = Night(
            settings,
            config,
            as_of_for(config, options.get("as_of")),
            started_at,
            run_id,
            settings.logs / f"nightly-{started_at:%Y%m%dT%H%M%SZ}-{run_id[:8]}.log",
            only,
            bool(options.get("full")),
        )
        redaction = progress.Redaction(night.secrets)
        LOG.addFilter(redaction)
        try:
            with progress.night_log(night.log):
                LOG.info("night of %s, run %s, configuration %s", iso(night.as_of), run_id, settings.config)
                try:
                    yield night
                finally:
                    close_night(night)
        finally:
            LOG.removeFilter(redaction)


def close_night(night: Night) -> None:
    """Write down what became of the night, and send the alert of a red one."""
    record = night.record()
    if night.exit_code != OK:
        record["alert"] = alerts.compose(record)
        record["alert_sent"] = alerts.send(record["alert"], record)
    write_atomically(night.settings.last_night, json.dumps(record, indent=1).encode())
    LOG.info("night ended: %s", describe_end(record))


def describe_end(record: Mapping[str, Any]) -> str:
    """The end of a night in a word or two."""
    if record["exit_code"] == OK:
        return "nothing new, the publication stands" if record["unchanged"] else "published"
    if record["exit_code"] == PUBLISHED_BUT_RED:
        return "published, with connections that failed"
    return "bad input" if record["exit_code"] == BAD_INPUT else "nothing published"
