"""Orchestration: the Dagster job `nightly`, the publication, the command `flowlight`. Nothing imports this package."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the check that gives an old Python one clear line
    sys.exit(
        f"Flowlight needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable}). "
        "Make .venv again with a newer one: rm -r .venv && make nightly PYTHON=/path/to/python3.11"
    )

__version__ = "0.1.0"
