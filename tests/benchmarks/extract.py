"""Extraction benchmark: Flowlight against dlt over the same loopback server, in one run. `make benchmark`.

N Jira issues of about 13 kB (default 100,000) are read page by page, loaded and merged by key. Printed as a Markdown
table: records/s and peak memory (the largest process, as the operating system counts it) of both and of the limit:
DuckDB's `read_json` of the same bytes into Parquet. Flowlight runs a second time with a tenth of the pages, to show
that memory does not grow with their number. dlt lives in an environment of its own under the data folder
(tests/benchmarks/requirements.lock).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
LIMIT = """
import duckdb, sys
duckdb.sql("set memory_limit='4GB'; set preserve_insertion_order=false")
columns = "{id: 'VARCHAR', updated_at: 'TIMESTAMP', fetched_at: 'TIMESTAMP', payload: 'JSON'}"
pages = f"read_json('{sys.argv[1]}/*.zst', format='newline_delimited', columns={columns})"
duckdb.sql(f"copy (select * from {pages}) to '{sys.argv[2]}' (compression zstd)")
print(duckdb.sql(f"select count(*) from '{sys.argv[2]}'").fetchall()[0][0])
"""


@dataclass(frozen=True)
class Result:
    """One process: records, seconds, peak memory in MB."""

    name: str
    records: int
    seconds: float
    megabytes: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds


def measured(name: str, records: int, command: list[str], environment: dict[str, str] | None = None) -> Result:
    """Run a command to its end; it prints the number of rows it has in the end, which must be `records`."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    if int(printed.split()[-1]) != records:
        raise SystemExit(f"{name}: {records} records were served, {printed.split()[-1]!r} arrived")
    return Result(name, records, seconds, usage.ru_maxrss / 1024)


@contextmanager
def server(issues: int) -> Iterator[str]:
    """The bare page server as a process; its URL."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "jira_pages.py"), str(issues)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def dlt_python(data: Path) -> Path:
    """The interpreter of dlt's environment; made where it is missing."""
    home = data / "benchmark" / "dlt"
    python = home / "bin" / "python"
    if not (home / ".ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        lock = str(HERE / "requirements.lock")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock], check=True)
        (home / ".ready").touch()
    return python


def run(issues: int, data: Path) -> list[Result]:
    """All measurements, in order: Flowlight with a tenth, Flowlight, dlt, the limit."""
    python = dlt_python(data)
    folder = Path(tempfile.mkdtemp(prefix="benchmark-", dir=data))
    quiet = {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DATA_WRITER__DISABLE_COMPRESSION": "true",  # gzip between the steps would be most of its time
        "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
    }
    ours = [sys.executable, str(HERE / "with_flowlight.py")]
    try:
        for name in ("tenth", "whole", "dlt"):
            (folder / name).mkdir()
        with server(issues // 10) as url:
            tenth = measured("Flowlight, a tenth of the pages", issues // 10, [*ours, url, str(folder / "tenth")])
        with server(issues) as url:
            whole = measured("Flowlight", issues, [*ours, url, str(folder / "whole")])
            other = measured("dlt", issues, [str(python), str(HERE / "with_dlt.py"), url, str(folder / "dlt")], quiet)
        pages = str(folder / "whole" / "landing" / "jira" / "issues")
        limit = measured(
            "limit: read_json to Parquet", issues, [sys.executable, "-c", LIMIT, pages, str(folder / "limit.parquet")]
        )
        return [tenth, whole, other, limit]
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Print the table; exit 1 where Flowlight misses what is asked of it (6 times the records/s, half the memory)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=100_000)
    arguments = parser.parse_args()
    data = Path(os.environ.get("FLOWLIGHT_DATA", ROOT / "data"))
    data.mkdir(parents=True, exist_ok=True)
    results = run(arguments.issues, data)
    _, whole, other, limit = results
    print("| | records | seconds | records/s | peak memory MB |\n|---|---|---|---|---|")
    for r in results:
        print(f"| {r.name} | {r.records:,} | {r.seconds:.1f} | {r.rate:,.0f} | {r.megabytes:,.0f} |")
    faster, memory = whole.rate / other.rate, whole.megabytes / other.megabytes
    print(f"\nFlowlight / dlt: {faster:.1f} x the records/s at {memory:.2f} x the peak memory.")
    print(f"Share of the limit: {whole.rate / limit.rate:.0%}.")
    sys.exit(0 if faster >= 6 and memory <= 0.5 else 1)


if __name__ == "__main__":
    main()
