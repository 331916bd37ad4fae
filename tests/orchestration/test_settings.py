"""Two folders, and nothing outside them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration import settings as module
from orchestration.errors import InputError
from orchestration.settings import PROJECT_ROOT, Settings, parse_as_of, write_atomically


def test_defaults_lie_in_the_project() -> None:
    found = Settings.from_environment({})
    assert (found.config, found.data) == (PROJECT_ROOT / "config", PROJECT_ROOT / "data")


def test_variables_move_the_folders_relative_to_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = Settings.from_environment({"FLOWLIGHT_CONFIG": "mine", "FLOWLIGHT_DATA": "/somewhere/data"})
    assert (found.config, found.data) == (tmp_path / "mine", Path("/somewhere/data"))


def test_everything_made_at_run_time_lies_under_the_data_folder(tmp_path: Path) -> None:
    found = Settings.from_environment({"FLOWLIGHT_DATA": str(tmp_path / "data")})
    environ: dict[str, str] = {}
    found.prepare(environ)
    folders = {key: value for key, value in environ.items() if "/" in value}
    read_only = {"FLOWLIGHT_CONFIG", "DBT_PROJECT_DIR", "DBT_PROFILES_DIR"}
    assert {key for key, value in folders.items() if not value.startswith(str(tmp_path))} == read_only
    assert "enabled: false" in (tmp_path / "data" / "dagster" / "dagster.yaml").read_text()
    assert environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"


@pytest.mark.parametrize("what", ["a file in the way", "not writable"])
def test_data_folder_that_cannot_be_written_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    if what == "a file in the way":
        (tmp_path / "data").write_text("")
    else:
        monkeypatch.setattr(Path, "write_bytes", _refuse)
    with pytest.raises(InputError) as raised:
        Settings.from_environment({"FLOWLIGHT_DATA": str(tmp_path / "data")}).prepare({})
    text = str(raised.value)
    assert "\n" not in text
    assert str(tmp_path / "data") in text
    assert "set FLOWLIGHT_DATA to a folder that is" in text
    assert raised.value.exit_code == 2


def _refuse(*_: object) -> int:
    raise OSError(30, "Read-only file system")


def test_full_disk_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5 * 2**20})())
    with pytest.raises(InputError, match="only 5 MB free on its disk, a nightly needs at least 200 MB"):
        Settings.from_environment({"FLOWLIGHT_DATA": str(tmp_path)}).prepare({})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-01", datetime(2026, 7, 1, tzinfo=UTC)),
        ("2026-07-01T02:00:00", datetime(2026, 7, 1, 2, tzinfo=UTC)),
        ("2026-07-01T02:00:00Z", datetime(2026, 7, 1, 2, tzinfo=UTC)),
        ("2026-07-01T04:00:00+02:00", datetime(2026, 7, 1, 2, tzinfo=UTC)),
    ],
)
def test_as_of_is_utc_unless_it_says_otherwise(text: str, moment: datetime) -> None:
    assert parse_as_of(text) == moment


def test_as_of_that_is_no_time_is_refused_with_an_example() -> None:
    with pytest.raises(InputError, match="--as-of: 'tomorrow' is not a time; write it as 2026-07-01"):
        parse_as_of("tomorrow")


def test_atomic_write_leaves_no_other_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.json", b"1")
    write_atomically(tmp_path / "a.json", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_bytes() == b"2"
