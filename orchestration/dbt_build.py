"""dbt in this process: manifest, build, failing tests in words, a clean close of its DuckDB files. Knows no Dagster."""

from __future__ import annotations

import csv
import fcntl
import json
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from orchestration.errors import GateError
from orchestration.fingerprint import project_fingerprint
from orchestration.settings import Settings

QUIET = ("--quiet", "--no-print", "--no-use-colors", "--log-level", "none", "--log-level-file", "info")
RESULT_EVENTS = {"LogSeedResult", "LogModelResult", "LogSnapshotResult", "LogTestResult"}
FAILING_ROWS_KEPT = 100
FAILURES_NAMED = 10


def prepared_manifest(settings: Settings) -> dict[str, Any]:
    """dbt's manifest of the project as it is now; parsed (2 to 5 s) only where the project changed since.

    Needs neither network nor data. Raises GateError with dbt's words where the project does not parse.
    """
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    path, stamp = settings.dbt_target / "manifest.json", settings.dbt_target / "manifest.stamp"
    wanted = f"{project_fingerprint(settings.dbt_project)} {version('dbt-core')} {settings.warehouse}"
    with (settings.dbt_target.parent / "parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (path.exists() and stamp.exists() and stamp.read_text() == wanted):
            from dbt.cli.main import dbtRunner

            result = dbtRunner().invoke(["parse", *QUIET])
            if not result.success:
                raise GateError(f"dbt_project does not parse: {one_line(result.exception)}")
            stamp.write_text(wanted)
        return json.loads(path.read_bytes())


def one_line(error: object) -> str:
    """dbt's message without its line breaks."""
    return " ".join(str(error).split())


@dataclass(slots=True)
class TestOutcome:
    """One dbt test of this build: pass, warn, fail or error; `rows` that broke the rule; the query that finds them."""

    name: str
    unique_id: str
    model: str
    status: str
    rows: int
    message: str
    query: str = ""
    query_file: str = ""
    rows_file: str = ""


@dataclass(slots=True)
class DbtOutcome:
    """What a build ended with. `errors`: models that failed, as (name, message)."""

    success: bool = False
    exception: str = ""
    models: int = 0
    tests: list[TestOutcome] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)

    @property
    def failures(self) -> list[TestOutcome]:
        """Tests of severity error that found rows or could not run."""
        return [test for test in self.tests if test.status in ("fail", "error")]

    @property
    def summary(self) -> dict[str, Any]:
        """Counts, and the tests that warned, as JSON values."""
        warned = [test for test in self.tests if test.status == "warn"]
        return {
            "models": self.models,
            "passed": sum(test.status == "pass" for test in self.tests),
            "warned": [{"test": test.name, "model": test.model, "rows": test.rows} for test in warned],
            "failed": [{"test": test.name, "model": test.model, "rows": test.rows} for test in self.failures],
        }


class DbtBuild:
    """`dbt build` in a thread: iterate for its result events as they come, then read `outcome`.

    Tables that other models made (after an update of Flowlight) are built anew, until a whole build has succeeded.
    """

    def __init__(self, settings: Settings, *, select: Sequence[str] = (), full_refresh: bool = False) -> None:
        self.settings = settings
        self.outcome = DbtOutcome()
        self._stamp = settings.warehouse.with_name("dbt_project.stamp")
        self._project = "" if select else project_fingerprint(settings.dbt_project)
        full_refresh = full_refresh or not (self._stamp.exists() and self._stamp.read_text() == self._project)
        self._arguments = ["build", "--exclude-resource-type", "unit_test", *QUIET]
        self._arguments += ["--select", *select] if select else []
        self._arguments += ["--full-refresh"] if full_refresh else []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Events {"info": ..., "data": ...}; the DuckDB files are closed when the iteration ends, however it ends."""
        events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        results: list[Any] = []
        thread = threading.Thread(target=self._run, args=(events, results), name="dbt", daemon=True)
        thread.start()
        try:
            while (event := events.get()) is not None:
                yield event
        finally:
            thread.join()
            close_dbt(self.settings)
        self._read_result(results[0])

    def _run(self, events: queue.SimpleQueue[dict[str, Any] | None], results: list[Any]) -> None:
        from dbt.cli.main import dbtRunner, dbtRunnerResult
        from google.protobuf.json_format import MessageToDict

        def callback(event: Any) -> None:
            if event.info.name in RESULT_EVENTS:
                events.put(MessageToDict(event, preserving_proto_field_name=True))

        try:
            results.append(dbtRunner(callbacks=[callback]).invoke(list(self._arguments)))
        except BaseException as error:
            results.append(dbtRunnerResult(success=False, exception=error))
        finally:
            events.put(None)

    def _read_result(self, result: Any) -> None:
        self.outcome.success = bool(result.success)
        self.outcome.exception = one_line(result.exception) if result.exception else ""
        for run in getattr(result.result, "results", None) or []:
            node = run.node
            if node.resource_type == "test":
                self.outcome.tests.append(self._test(run, node))
            elif run.status == "error":
                self.outcome.errors.append((node.name, one_line(run.message)))
            else:
                self.outcome.models += run.status == "success"
        _write_failing_rows(self.settings, self.outcome.failures)
        if self.outcome.success and self._project:
            self._stamp.write_text(self._project)

    def _test(self, run: Any, node: Any) -> TestOutcome:
        models = [unique_id.rpartition(".")[2] for unique_id in node.depends_on.nodes]
        attached = getattr(node, "attached_node", None)
        return TestOutcome(
            name=node.name,
            unique_id=node.unique_id,
            model=attached.rpartition(".")[2] if attached else ", ".join(models),
            status=str(run.status),
            rows=run.failures or 0,
            message=one_line(run.message or ""),
            query=node.compiled_code or "",
            query_file=str(node.compiled_path or ""),
        )


def gate(settings: Settings, outcome: DbtOutcome) -> None:
    """Raise GateError, naming the failed models and tests and how to see the rows, unless everything passed."""
    if outcome.success and not outcome.failures and not outcome.errors:
        return
    lines = [f"model {name} failed: {message}" for name, message in outcome.errors]
    for test in outcome.failures:
        if test.status == "error":
            lines.append(f"test {test.name} on {test.model} could not run: {test.message}")
        else:
            where = f"; first rows: {test.rows_file}" if test.rows_file else ""
            lines.append(
                f"test {test.name} on {test.model} found {test.rows:,} rows{where}; its query: {test.query_file}"
            )
    if not lines:
        lines.append(
            f"dbt did not finish: {outcome.exception or 'see its log in ' + str(settings.data / 'dbt' / 'logs')}"
        )
    more = len(lines) - FAILURES_NAMED
    lines = lines[:FAILURES_NAMED] + ([f"... and {more} more"] if more > 0 else [])
    raise GateError("the new state did not pass, nothing was published: " + "\n".join(lines))


def close_dbt(settings: Settings) -> None:
    """Close dbt's DuckDB so that both files are whole on disk; GateError where a write-ahead log stays beside one.

    dbt leaves its environment open when it returns; a copy taken then would lack what is still in the `.wal`.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections

    cleanup_connections()
    with DuckDBConnectionManager._LOCK:
        environment = DuckDBConnectionManager._ENV
        if environment is not None:
            environment.close()
        DuckDBConnectionManager._ENV = None
    for path in (settings.warehouse, settings.marts):
        log = path.with_name(path.name + ".wal")
        if log.exists():
            with duckdb.connect(str(path)) as connection:
                connection.execute("checkpoint")
        if log.exists():
            raise GateError(
                f"{log} is still there after dbt: another process has {path.name} open; end it and run again"
            )


def _write_failing_rows(settings: Settings, failures: Sequence[TestOutcome]) -> None:
    """The first rows of each failed test as CSV in the log folder; a query that cannot run leaves no file."""
    folder = settings.logs / "failing_rows"
    for old in folder.glob("*.csv"):
        old.unlink()
    failures = [test for test in failures if test.status == "fail" and test.query]
    if not failures:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(f"attach {_quoted(settings.marts)} as marts (read_only)")
        connection.execute("set TimeZone = 'UTC'")
        for test in failures:
            path = folder / f"{test.name[:100]}.csv"
            try:
                cursor = connection.execute(f"select * from ({test.query}) limit {FAILING_ROWS_KEPT}")
            except duckdb.Error:
                continue
            with path.open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(column[0] for column in cursor.description or [])
                writer.writerows(cursor.fetchall())
            test.rows_file = str(path)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
