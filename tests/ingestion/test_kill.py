"""`kill -9` of a real process in the middle of a night."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from sandbox.faults import Faults
from sandbox.server import serve
from tests.ingestion.nights import Nights, errors, jira_connection
from tests.sandbox.tiny_world import CLOCK, many_issues

ROOT = Path(__file__).resolve().parents[2]
NIGHT = """
import sys
from datetime import datetime
from pathlib import Path
from tests.ingestion.nights import Nights, jira_connection
from tests.sandbox.tiny_world import CLOCK
print("ready", flush=True)
Nights(Path(sys.argv[2])).run(jira_connection(sys.argv[1]), CLOCK)
"""
TABLES = ("issues", "changelogs", "projects", "field_roles", "project_availability")
COLUMNS = "connection, id, updated_at, fetched_at, payload::varchar"
KILLS = 6


def test_killed_nights_end_in_the_rows_of_an_undisturbed_one(tmp_path: Path) -> None:
    chance = random.Random(7)
    slow = Faults(1, rate=1.0, kinds=["slow_body"], in_a_row=1000, most=100_000, slow_seconds=0.05)
    with serve(many_issues(900), clock=CLOCK, faults=slow) as server:
        plain = Nights(tmp_path / "plain")
        assert errors(plain.run(jira_connection(server.jira_url), CLOCK)) == {}
        server.requests.clear()
        killed = Nights(tmp_path / "killed")
        for _ in range(KILLS):
            process = subprocess.Popen(
                [sys.executable, "-c", NIGHT, server.jira_url, str(killed.folder)], cwd=ROOT, stdout=subprocess.PIPE
            )
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.1, 2.0))
            process.kill()
            process.wait()
            process.stdout.close()
        assert errors(killed.run(jira_connection(server.jira_url), CLOCK)) == {}
    for table in TABLES:
        assert killed.raw(f"jira.{table}", COLUMNS) == plain.raw(f"jira.{table}", COLUMNS), table
    pages = list((killed.folder / "landing" / "jira" / "issues").glob("*.zst"))
    records = Counter(killed.query("select page from raw_ingestion.loads where stream = 'issues'"))
    assert len(pages) == len(records) and max(records.values()) == 1
