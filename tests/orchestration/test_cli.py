"""The command as a new user meets it: quick, and every mistake is one clear text with its own exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli import main
from orchestration.settings import PROJECT_ROOT, Settings
from tests.orchestration.marts import publish_version, settings_in


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty configuration and data folder of the test's own."""
    for name, value in Settings(PROJECT_ROOT, tmp_path / "config", tmp_path / "data").environment().items():
        monkeypatch.setenv(name, value)
    return tmp_path / "data"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_help_names_every_command() -> None:
    shown = run("--help").output
    for command in ("init", "check", "nightly", "sandbox", "status", "sql", "dev"):
        assert f"\n  {command} " in shown
    options = run("nightly", "--help").output
    for option in ("--as-of", "--only CONNECTION", "--full"):
        assert option in options


@pytest.mark.parametrize("arguments", [["--help"], ["nightly", "--help"], ["sql", "select 1"]])
def test_small_commands_do_not_import_dagster_or_dbt(arguments: list[str], data: Path) -> None:
    program = (
        "import sys\nfrom orchestration.cli import main\n"
        f"try: main({arguments})\nexcept SystemExit: pass\n"
        "print([m for m in ('dagster', 'dbt', 'requests') if m in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"


def test_configuration_that_is_not_there(data: Path) -> None:
    ended = run("nightly")
    assert ended.exit_code == 2
    assert "connections.yml: is not in" in ended.output
    assert "write one with `flowlight init" in ended.output


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "projects: [SHOP, PAY]",
            "project: [SHOP, PAY]",
            "connections.yml:26: connections[0].project: unknown key 'project'; did you mean 'projects'?",
        ),
        (
            "start_date: 2025-01-01    #",
            "start_date: 2025-13-01    #",
            "connections.yml:27: connections[0].start_date: '2025-13-01' is not a date; write YYYY-MM-DD",
        ),
        ("", "", "connections[0].token_env: environment variable JIRA_TOKEN is not set; "),
    ],
)
def test_mistake_in_connections_yml_is_named_with_line_and_cure(
    data: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, expected: str
) -> None:
    monkeypatch.delenv("JIRA_TOKEN", raising=False)
    config = data.parent / "config"
    assert run("init", str(config)).exit_code == 0
    path = config / "connections.yml"
    path.write_text(path.read_text().replace(old, new))
    for command in ("nightly", "check"):
        ended = run(command)
        assert ended.exit_code == 2
        assert expected in ended.output
        assert "Traceback" not in ended.output
    assert not (data / "warehouse" / "warehouse.duckdb").exists()


def test_starter_is_whole_and_never_written_over_something(data: Path) -> None:
    folder = data.parent / "mine"
    ended = run("init", str(folder))
    assert ended.exit_code == 0
    assert f"FLOWLIGHT_CONFIG={folder} flowlight check" in ended.output
    (folder / "connections.yml").write_text("mine")
    again = run("init", str(folder))
    assert again.exit_code == 2
    assert "is there already and is not overwritten" in again.output
    assert "to propose mappings for a configuration: flowlight init --propose" in again.output
    assert (folder / "connections.yml").read_text() == "mine"


def test_time_that_is_none(data: Path) -> None:
    run("init")
    ended = run("check", "--as-of", "yesterday")
    assert ended.exit_code == 2


def test_data_folder_that_cannot_be_written(data: Path) -> None:
    data.write_text("a file")
    ended = run("nightly")
    assert ended.exit_code == 2
    assert len(ended.output.splitlines()) == 1
    assert f"flowlight: data folder {data}: cannot write" in ended.output


def test_second_nightly_leaves_with_its_own_code(data: Path) -> None:
    data.mkdir()
    program = (
        "import sys; from pathlib import Path; from orchestration.lock import nightly_lock\n"
        f"with nightly_lock(Path({str(data / 'nightly.lock')!r})): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        ended = run("nightly")
        assert f"running now: process {holder.pid}" in run("status").output
        holder.kill()
    assert ended.exit_code == 4
    assert f"a nightly is already running (process {holder.pid}, since " in ended.output


def test_sql_prints_a_table_or_csv(data: Path) -> None:
    publish_version(settings_in(data), 7)
    query = "select number, version from flow.fct_flow_items where number < 2 order by 1"
    assert run("sql", query, "--csv").output == "number,version\n0,7\n1,7\n"
    table = run("sql", query).output.split()
    assert table[:2] == ["number", "version"]
    assert table[-4:] == ["0", "7", "1", "7"]
    assert "only the first 200 rows are shown; --csv prints all of them" in run("sql", "from range(300)").output


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select * from flow.fct_flow_item", 'Did you mean "fct_flow_items"'),
        ("selekt 1", "syntax error"),
        ("delete from flow.fct_flow_items", "read-only"),
    ],
)
def test_sql_that_cannot_run_is_a_clear_text(data: Path, query: str, expected: str) -> None:
    publish_version(settings_in(data), 7)
    ended = run("sql", query)
    assert ended.exit_code == 2
    assert expected in ended.output
    assert "Traceback" not in ended.output


def test_sql_before_the_first_publication_says_what_to_do(data: Path) -> None:
    ended = run("sql", "select 1")
    assert ended.exit_code == 2
    assert "nothing is published yet" in ended.output


def test_status_before_the_first_night(data: Path) -> None:
    ended = run("status")
    assert ended.exit_code == 0
    assert "no night has ended yet" in ended.output
    assert "publication: none" in ended.output


def test_old_python_is_told_which_one_is_needed() -> None:
    code = (PROJECT_ROOT / "orchestration" / "__init__.py").read_text()
    program = f"import sys\nsys.version_info = (3, 9, 18)\nsys.version = '3.9.18 (main)'\nexec({code!r})"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Flowlight needs Python 3.11 or newer; this is 3.9.18")
    assert len(ended.stderr.splitlines()) == 1


def test_makefile_tells_an_old_or_absent_python(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\ncase "$1" in --version) echo "Python 3.9.18";; *) exit 1;; esac\n')
    old.chmod(0o755)
    for name, expected in ((str(old), "is Python 3.9.18"), ("no-such-python", "needs python3")):
        variables = [f"PYTHON={name}", f"VENV={tmp_path / 'venv'}"]
        command = ["make", "-C", str(PROJECT_ROOT), "venv", *variables]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert ended.returncode == 2
        assert expected in ended.stdout
        assert not (tmp_path / "venv").exists()
