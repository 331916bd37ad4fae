"""What a newcomer gets wrong: one clear line with what, where and the cure, the exit code, and nothing lost."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import Server, serve
from tests.end_to_end.command import PROJECT, Ended, Installation, github_entry, jira_entry, small_installation
from tests.ingestion.vendor import vendor
from tests.sandbox.tiny_world import CLOCK, tiny_world

pytestmark = pytest.mark.xdist_group("small_installation")
AS_OF = CLOCK.isoformat()
TOKENS = {"JIRA_TOKEN": "t0ken", "GITHUB_TOKEN": "t0ken"}
BAD_INPUT, PUBLISHED_BUT_RED, NOT_PUBLISHED = 2, 1, 3


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A small installation that has published once."""
    installation = small_installation(tmp_path_factory.mktemp("published"))
    installation.connect()
    ended = installation.flowlight("nightly", "--as-of", AS_OF)
    assert ended.code == 0, ended.text
    return installation


@pytest.fixture
def installation(published: Installation, tmp_path: Path) -> Installation:
    """A copy of it."""
    shutil.copytree(published.root, tmp_path / "copy", symlinks=True)
    return Installation(tmp_path / "copy", tmp_path / "copy" / "data")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(tiny_world(), clock=CLOCK) as running:
        yield running


def publication(installation: Installation) -> dict[str, str]:
    """Checksums of everything that is published."""
    folder = installation.data / "published"
    assert (folder / "flowlight.duckdb").is_file()
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def refused(installation: Installation, *arguments: str, **environ: str) -> str:
    """What a command says that must refuse its input with one line, and change nothing that is published."""
    before = publication(installation)
    ended = installation.flowlight(*(arguments or ("nightly", "--as-of", AS_OF)), **{**TOKENS, **environ})
    assert ended.code == BAD_INPUT, ended.text
    assert publication(installation) == before
    return one_line(ended)


def one_line(ended: Ended) -> str:
    lines = [line for line in ended.text.splitlines() if line.strip()]
    assert len(lines) == 1, ended.text
    assert "Traceback" not in ended.text
    return lines[0]


def test_missing_token_names_the_variable_and_how_to_set_it(installation: Installation) -> None:
    installation.connect(jira_entry("https://acme.example", token_env="NOT_SET_HERE"))
    line = refused(installation)
    assert re.search(
        r"connections\.yml:4: connections\[1\]\.token_env: environment variable NOT_SET_HERE is not set", line
    )
    assert "export NOT_SET_HERE=" in line


def test_unknown_key_is_named_with_its_line_and_the_likely_one(installation: Installation) -> None:
    installation.connect(jira_entry("https://acme.example", 'projects: "*", start_date: 2026-01-01, quota_cieling: 1'))
    line = refused(installation)
    assert (
        "connections.yml:4" in line and "quota_cieling" in line and "did you mean" in line and "quota_ceiling" in line
    )


@pytest.mark.parametrize(
    "url", ["acme.atlassian.net", "http://acme.atlassian.net", "https://acme.example/browse/PAY-1"]
)
def test_wrong_address_is_refused_before_anything_is_asked(installation: Installation, url: str) -> None:
    installation.connect(jira_entry(url))
    line = refused(installation)
    assert "connections.yml:4: connections[1].base_url" in line and "https://" in line


def test_unknown_option_value_names_the_connections_there_are(installation: Installation) -> None:
    installation.connect(jira_entry("https://acme.example"))
    line = refused(installation, "nightly", "--only", "jria")
    assert "--only" in line and "did you mean 'jira'?" in line
    assert "2026-07-01" in refused(installation, "nightly", "--as-of", "yesterday")


def test_missing_configuration_says_how_to_get_one(installation: Installation) -> None:
    line = refused(installation, FLOWLIGHT_CONFIG=str(installation.root / "nowhere"))
    assert "connections.yml" in line and "nowhere" in line and "flowlight init" in line


def test_bad_date_in_a_file_is_named_and_the_last_good_rows_stay(installation: Installation) -> None:
    teams = installation.config / "organization" / "teams.csv"
    header, first, *rest = teams.read_text().splitlines()
    fields = first.split(",")
    names = header.split(",")
    fields[names.index("valid_to")] = "2025-13-01"
    teams.write_text("\n".join([header, ",".join(fields), *rest, ""]))
    before = publication(installation)
    ended = installation.flowlight("nightly", "--as-of", AS_OF)
    assert ended.code == PUBLISHED_BUT_RED, ended.text
    said = [line for line in ended.out.splitlines() if "teams.csv" in line]
    assert len(said) == 1
    assert "organization/teams.csv:2: valid_to: '2025-13-01' is not a date; write YYYY-MM-DD" in said[0]
    tables = {name: sum_ for name, sum_ in publication(installation).items() if "fct_metric_values.parquet" in name}
    assert tables.items() <= before.items()

    checked = installation.flowlight("check")
    assert checked.code == BAD_INPUT
    assert "organization/teams.csv:2: valid_to: '2025-13-01' is not a date" in checked.out


def test_bad_date_on_a_first_night_publishes_nothing(tmp_path: Path) -> None:
    installation = small_installation(tmp_path)
    teams = installation.config / "organization" / "teams.csv"
    teams.write_text(teams.read_text().rstrip("\n") + "\nlate,Late,,2025-13-01\n")
    ended = installation.flowlight("nightly", "--as-of", AS_OF)
    assert ended.code == BAD_INPUT, ended.text
    assert "valid_to: '2025-13-01' is not a date; write YYYY-MM-DD" in ended.text
    assert "Traceback" not in ended.text
    assert not (installation.data / "published").exists()


def test_wrong_address_project_and_repository_are_named_and_the_rest_is_published(
    installation: Installation, server: Server
) -> None:
    nowhere = f"{server.url}/nothing/api/v3"
    with vendor() as double:
        double.answers = [(200, {"Content-Type": "text/html"}, b"<html><body>Sign in</body></html>")]
        installation.connect(
            jira_entry(double.url).replace("name: jira", "name: sign-in-page"),
            jira_entry(server.url, "projects: [SHPO], start_date: 2026-01-01").replace(
                "name: jira", "name: no-project"
            ),
            github_entry(nowhere).replace("name: github", "name: something-else"),
            github_entry(server.github_url, "repositories: [acme/shpo], start_date: 2026-01-01").replace(
                "name: github", "name: no-repository"
            ),
        )
        checked = installation.flowlight("check", **TOKENS)
        ended = installation.flowlight("nightly", "--as-of", AS_OF, **TOKENS)
    assert (checked.code, ended.code) == (BAD_INPUT, PUBLISHED_BUT_RED), checked.text + ended.text
    assert "Traceback" not in ended.text + checked.text
    assert (installation.data / "published" / "flowlight.duckdb").is_file()
    wrong = [f"- {line}" for line in checked.out.partition("wrong:")[2].strip().splitlines()]
    causes = [line for line in ended.out.splitlines() if line.startswith("- ")]
    for lines in (wrong, causes):
        sign_in = about(lines, "sign-in-page")
        assert f"{double.url}/rest/api/3/" in sign_in and "answers with an HTML page in place of JSON" in sign_in
        assert "base_url must be the API's address" in sign_in
        something_else = about(lines, "something-else")
        assert f"{server.url}/nothing/api/graphql answers 404" in something_else and "check" in something_else
        no_repository = about(lines, "no-repository")
        assert "repository acme/shpo cannot be seen" in no_repository and "check the name" in no_repository
    no_project = about(causes, "no-project")
    assert "none of the projects SHPO can be seen" in no_project
    assert "the account sees PAY, SHOP; correct `projects`" in no_project
    assert len(wrong) <= 4 and len(causes) <= 8, "said once a cause, not once a stream:\n" + "\n".join(causes)


def about(lines: list[str], connection: str) -> str:
    """What is said about a connection, the first cause first."""
    found = [line for line in lines if line.startswith(f"- {connection}")]
    assert found, lines
    return "\n".join(found)


@pytest.mark.parametrize("folder", ["a file", "/proc/flowlight"])
def test_data_folder_that_cannot_be_made_is_one_line(installation: Installation, folder: str) -> None:
    if folder == "a file":
        folder = str(installation.root / "file" / "data")
        (installation.root / "file").write_text("here")
    line = refused(installation, FLOWLIGHT_DATA=folder)
    assert f"data folder {folder}: cannot write" in line
    assert "make it writable, or set FLOWLIGHT_DATA to a folder that is" in line


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv to be someone else"
)
def test_read_only_data_folder_is_one_line_and_stays_as_it_is(installation: Installation) -> None:
    for path in (installation.root, *installation.root.parents):
        if not path.stat().st_mode & stat.S_IXOTH:
            if path.owner() != "root" or not str(path).startswith(str(Path(os.environ.get("TMPDIR", "/tmp")))):
                pytest.skip(f"{path} is closed to others")
            path.chmod(path.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    before = publication(installation)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    ended = installation.flowlight("nightly", "--as-of", AS_OF, prefix=nobody)
    assert ended.code == BAD_INPUT, ended.text
    line = one_line(ended)
    assert f"data folder {installation.data}: cannot write (Permission denied" in line
    assert publication(installation) == before


def test_published_file_can_be_read_and_what_is_not_there_is_one_line(installation: Installation) -> None:
    good = installation.flowlight("sql", "select metric, value from core.fct_metric_values", "--csv")
    assert (good.code, good.out.splitlines()[0]) == (0, "metric,value")
    for statement in ("select * from core.nothing", "selct 1", "create table core.x as select 1"):
        ended = installation.flowlight("sql", statement)
        assert ended.code in (BAD_INPUT, NOT_PUBLISHED), ended.text
        assert "Traceback" not in ended.text and ended.err.startswith("flowlight: ")
    empty = installation.flowlight("sql", "select 1", FLOWLIGHT_DATA=str(installation.root / "empty"))
    assert empty.code in (BAD_INPUT, NOT_PUBLISHED) and "flowlight nightly" in one_line(empty)


def fake_python(folder: Path, version: str) -> Path:
    """A python that is too old."""
    path = folder / "python-old"
    path.write_text(f'#!/bin/sh\nif [ "$1" = "--version" ]; then echo "Python {version}"; exit 0; fi\nexit 1\n')
    path.chmod(0o755)
    return path


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_old_or_missing_python_is_one_line_and_installs_nothing(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    cases = {
        str(fake_python(tmp_path, "3.9.2")): "Flowlight needs Python 3.11 or newer; {} is Python 3.9.2.",
        str(tmp_path / "no-python"): "Flowlight needs python3 (3.11 or newer) on the PATH",
    }
    for python, expected in cases.items():
        ended = subprocess.run(
            ["make", "--no-print-directory", "-C", str(PROJECT), "nightly", f"PYTHON={python}", f"VENV={venv}"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 2
        assert ended.stdout.count("\n") == 1 and expected.format(python) in ended.stdout, ended
        assert "PYTHON=/path/to/python3.11" in ended.stdout
        assert not venv.exists()
