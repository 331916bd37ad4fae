"""A dbt build in a process of its own, which somebody else kills; says which models are finished and which failed.

Run as `python -m tests.incremental.killed_build MANIFEST dbt-arguments...`; MANIFEST: the pickled manifest.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any


def tell(event: Any) -> None:
    if event.info.name == "LogModelResult":
        how = "failed" if event.info.level == "error" else "finished"
        # one write a line: dbt calls from several threads
        sys.stdout.write(f"{how} {event.data.node_info.node_name}\n")
        sys.stdout.flush()


def failures(outcome: Any) -> list[str]:
    """What failed in dbt's outcome, a line each."""
    found = getattr(outcome.result, "results", None) or []
    failed = [f"{run.node.name}: {run.message}" for run in found if run.status in ("error", "fail")]
    return failed or ([] if outcome.success else [str(outcome.exception)])


if __name__ == "__main__":
    from dbt.cli.main import dbtRunner

    manifest = pickle.loads(Path(sys.argv[1]).read_bytes())
    outcome = dbtRunner(manifest=manifest, callbacks=[tell]).invoke(sys.argv[2:])
    for line in failures(outcome):
        print(line)
    sys.exit(not outcome.success)
