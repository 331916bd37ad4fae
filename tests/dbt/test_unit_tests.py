"""Every dbt unit test: hand-computed rows beside each computed model. A night leaves them out: they need no data."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from orchestration.settings import PROJECT_ROOT
from tests.conftest import SandboxNightly

FEWEST = 50


def test_unit_tests_of_the_models(sandbox_nightly: SandboxNightly, tmp_path: Path) -> None:
    for name in ("warehouse.duckdb", "marts.duckdb"):  # dbt takes the columns' types from the tables
        shutil.copyfile(sandbox_nightly.data / "warehouse" / name, tmp_path / name)
    project = str(PROJECT_ROOT / "dbt_project")
    ended = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "test", "--select", "test_type:unit"],
        cwd=tmp_path,
        env={
            **os.environ,
            "FLOWLIGHT_WAREHOUSE": str(tmp_path / "warehouse.duckdb"),
            "FLOWLIGHT_MARTS": str(tmp_path / "marts.duckdb"),
            "DBT_PROJECT_DIR": project,
            "DBT_PROFILES_DIR": project,
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ended.stdout.splitlines()
    end = next((line for line in lines if "Done. PASS=" in line), "")
    assert ended.returncode == 0, "\n".join(lines[-60:])
    assert " ERROR=0 " in end and int(end.partition("PASS=")[2].split()[0]) >= FEWEST, end
