"""A dbt build in a process of its own, which somebody else kills; says on its output which models are finished.

Run as `python -m tests.incremental.killed_build MANIFEST dbt-arguments...`; MANIFEST: the pickled manifest.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner


def tell(event: Any) -> None:
    if event.info.name == "LogModelResult":
        # one write a line: dbt calls from several threads
        sys.stdout.write(f"finished {event.data.node_info.node_name}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    manifest = pickle.loads(Path(sys.argv[1]).read_bytes())
    outcome = dbtRunner(manifest=manifest, callbacks=[tell]).invoke(sys.argv[2:])
    print("" if outcome.success else outcome.exception, flush=True)
    sys.exit(not outcome.success)
