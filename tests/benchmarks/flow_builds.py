"""dbt over a benchmark's folder, measured from outside: seconds, CPU seconds, peak memory, and each model's seconds."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
from flow_raw import AS_OF, generate

from orchestration.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
FLOW_FAMILY = "+path:models/marts/flow int_work_item_builds"  # the builds end a night, nothing reads them in it
# the metric rows unite these too; the floor has nothing of them, so they stand empty
OTHER_FAMILIES = ["path:models/intermediate/outcomes", "path:models/intermediate/sentiment"]
DBT = [str(Path(sys.executable).with_name("dbt"))]
QUIET = ["--quiet", "--no-print", "--no-use-colors", "--log-level-file", "info"]


@dataclass(frozen=True)
class Measured:
    """One process from start to end: wall and CPU seconds, peak memory in MB, seconds by model (none for the floor)."""

    seconds: float
    cpu_seconds: float
    megabytes: float
    models: dict[str, float]


def measure(command: list[str], environment: dict[str, str] | None = None) -> Measured:
    """Run a command to its end; CalledProcessError where it fails. Its output goes to standard error."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, {})


def settings_of(folder: Path) -> Settings:
    """The installation in a benchmark's folder."""
    return Settings(ROOT, folder / "config", folder)


def prepare(folder: Path, *, only_flow: bool = False) -> None:
    """What a night finds done: the project parsed, the seeds loaded, other families empty (only_flow). Not measured."""
    environment = _environment(folder)
    subprocess.run([*DBT, "seed", *QUIET], cwd=ROOT, env=environment, check=True)
    if only_flow:
        others = [f"+{path}" for path in OTHER_FAMILIES]
        subprocess.run([*DBT, "run", "--empty", "--select", *others, *QUIET], cwd=ROOT, env=environment, check=True)


def build(folder: Path, *, select: str = FLOW_FAMILY, full: bool = False) -> Measured:
    """`dbt run` of the flow family and all it needs, models only: everything (full, or over new files) or what changed.

    The flow family alone leaves other families as `prepare` made them; another selection builds what it names.
    """
    command = [*DBT, "run", "--select", *select.split(), *QUIET]
    if select == FLOW_FAMILY:
        command += ["--exclude", *OTHER_FAMILIES]
    if full:
        command += ["--full-refresh"]
    whole = measure(command, _environment(folder))
    results = json.loads((settings_of(folder).dbt_target / "run_results.json").read_bytes())["results"]
    models = {result["unique_id"].rpartition(".")[2]: result["execution_time"] for result in results}
    return Measured(whole.seconds, whole.cpu_seconds, whole.megabytes, models)


def start_build(folder: Path) -> subprocess.Popen[bytes]:
    """The same build, with everything made anew, left running: a writer beside the readers."""
    return subprocess.Popen(
        [*DBT, "run", "--full-refresh", "--select", *FLOW_FAMILY.split(), "--exclude", *OTHER_FAMILIES, *QUIET],
        cwd=ROOT,
        env=_environment(folder),
    )


def fixed_cost(folder: Path, *, select: str = FLOW_FAMILY) -> tuple[Measured, Measured]:
    """What a build costs without a single item: the first one over new files, and the night after it."""
    shutil.rmtree(folder, ignore_errors=True)
    generate(folder, 0)
    prepare(folder, only_flow=select == FLOW_FAMILY)
    first = build(folder, select=select, full=True)
    generate(folder, 0, as_of=AS_OF + timedelta(days=1))
    return first, build(folder, select=select)


def differences(left: Path, right: Path) -> dict[str, int]:
    """Rows by published table that the two folders' marts do not share, each way, counted with repetition."""
    found = {}
    with duckdb.connect() as connection:
        for name, folder in (("one", left), ("other", right)):
            connection.execute(f"attach '{settings_of(folder).marts}' as {name} (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'one' order by all"
        ).fetchall()
        others = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'other' order by all"
        ).fetchall()
        if tables != others:
            raise SystemExit(f"the two builds have different tables: {sorted(set(tables) ^ set(others))}")
        for schema, table in tables:
            one, other = f"one.{schema}.{table}", f"other.{schema}.{table}"
            found[f"{schema}.{table}"] = connection.execute(
                f"""select (select count(*) from (from {one} except all from {other}))
                + (select count(*) from (from {other} except all from {one}))"""
            ).fetchall()[0][0]
    return found


def _environment(folder: Path) -> dict[str, str]:
    settings = settings_of(folder)
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    return {**os.environ, **settings.environment()}
