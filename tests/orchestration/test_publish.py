"""Publishing is all or nothing, whatever reads beside it and whenever it is killed."""

import json
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from orchestration import publish as module
from orchestration.errors import GateError
from orchestration.publish import current_publication, published_chain
from orchestration.settings import PROJECT_ROOT
from tests.orchestration.marts import publish_version, settings_in, tables, write_marts

FACTS = {"as_of": "2026-07-01T02:00:00Z", "run_id": "abcdef0123456789", "fingerprint": "f"}


def published_version(folder: Path) -> int:
    with duckdb.connect(str(folder / "published" / "flowlight.duckdb"), read_only=True) as connection:
        found = connection.execute("select distinct version from flow.fct_flow_items").fetchall()
    assert len(found) == 1
    return found[0][0]


def test_publication_holds_file_parquet_and_manifest(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    manifest = publish_version(settings, 1)
    assert (
        manifest == json.loads((tmp_path / "published" / "manifest.json").read_text()) == current_publication(settings)
    )
    assert manifest["publication"] == "20260701T020000Z-run00001"
    assert manifest["as_of"] == "2026-07-01T02:00:00Z"
    assert {title: table["rows"] for title, table in manifest["tables"].items()} == {
        "core.dim_dates": 100,
        "core.fct_metric_values": 100,
        "core.metric_catalogue": 100,
        "flow.fct_flow_items": 100,
    }
    assert manifest["data_quality"] == {"ok": 100}
    assert manifest["storage_version"].startswith("v1.0")
    parquet = tmp_path / "published" / manifest["tables"]["flow.fct_flow_items"]["parquet"]
    assert parquet == tmp_path / "published" / "parquet" / "flow" / "fct_flow_items.parquet"
    assert duckdb.sql(f"select count(*), min(version) from '{parquet}'").fetchall() == [(100, 1)]
    assert (tmp_path / "published").is_symlink()
    assert not list(tmp_path.glob("**/*.wal"))


def test_checksum_depends_on_rows_and_not_on_their_order(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    checksums = []
    for order, rows in (("number", 100), ("hash(number)", 100), ("number", 99)):
        write_marts(settings, 1, rows=rows, order=order)
        manifest = module.publish(settings, tables(), FACTS, keep=2)
        checksums.append(manifest["tables"]["flow.fct_flow_items"]["checksum"])
    assert checksums[0] == checksums[1] != checksums[2]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("drop table marts.flow.fct_flow_items", "flow.fct_flow_items is missing"),
        (
            "alter table marts.flow.fct_flow_items drop column number",
            "flow.fct_flow_items departs from its contract: lacks number",
        ),
        (
            "alter table marts.flow.fct_flow_items add column person text",
            "flow.fct_flow_items departs from its contract: has person beside it",
        ),
        ("delete from marts.core.metric_catalogue", "core.metric_catalogue has no rows"),
        (
            "delete from marts.flow.fct_flow_items",
            "flow.fct_flow_items had 100 rows in the last publication and has none now",
        ),
    ],
)
def test_marts_that_are_not_fit_leave_the_old_publication(tmp_path: Path, statement: str, message: str) -> None:
    settings = settings_in(tmp_path)
    publish_version(settings, 1)
    write_marts(settings, 2)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.marts}' as marts")
        connection.execute(statement)
    with pytest.raises(GateError, match=message):
        module.publish(settings, tables(), FACTS, keep=2)
    assert published_version(tmp_path) == 1
    assert [path.name for path in settings.publications.iterdir()] == published_chain(settings)


def test_emptied_table_is_accepted_after_a_full_night(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    publish_version(settings, 1)
    write_marts(settings, 2)
    with duckdb.connect(str(settings.marts)) as connection:
        connection.execute("delete from flow.fct_flow_items")
    manifest = module.publish(settings, tables(), FACTS, keep=2, accept_emptied=True)
    assert manifest["tables"]["flow.fct_flow_items"]["rows"] == 0


def test_file_that_old_clients_cannot_open_is_refused(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    settings.marts.parent.mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.marts}' as marts (storage_version 'v1.4.0')")
        connection.execute("create schema marts.core; create table marts.core.dim_dates as select 1 as version")
    with pytest.raises(GateError, match=r"its storage version is v1\.4\.\S+, which older clients cannot open"):
        module.publish(settings, tables(), FACTS, keep=2)


def test_full_disk_is_one_line_and_leaves_the_old_publication(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path)
    publish_version(settings, 1)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.shutil, "copyfile", full)
    with pytest.raises(GateError, match=r"failed: No space left on device; the last publication stands") as raised:
        publish_version(settings, 2)
    assert "\n" not in str(raised.value)
    assert published_version(tmp_path) == 1
    assert [path.name for path in settings.publications.iterdir()] == published_chain(settings)


def test_tables_that_are_no_marts_any_more_are_not_published(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    write_marts(settings, 1)
    with duckdb.connect(str(settings.marts)) as connection:
        connection.execute("create table flow.fct_removed_last_month as select 'a person' as name")
        connection.execute("create table flow.fct_flow_items__dbt_tmp as select 1 as version")
    module.publish(settings, tables(), FACTS, keep=2)
    with duckdb.connect(str(settings.published_file), read_only=True) as connection:
        names = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}
    assert names == {table.name for table in tables()}


def test_last_publications_are_kept_and_older_ones_removed(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    for version in range(1, 6):
        publish_version(settings, version, keep=3)
    assert published_chain(settings) == [f"20260701T020000Z-run0000{version}" for version in (5, 4, 3)]
    assert {path.name for path in settings.publications.iterdir()} == set(published_chain(settings))


STEPS = [
    ("shutil.copyfile", 1),
    ("_check_and_export", 1),
    ("_sync_tree", 1),
    ("os.rename", 1),
    ("_sync", 1),
    ("os.replace", 2),
    ("_swap", 2),
]


@pytest.mark.parametrize(("step", "expected"), STEPS, ids=[step for step, _ in STEPS])
def test_kill_at_any_step_leaves_the_old_publication_or_the_new(tmp_path: Path, step: str, expected: int) -> None:
    settings = settings_in(tmp_path)
    publish_version(settings, 1)
    program = [sys.executable, "-m", "tests.orchestration.marts", "publish", str(tmp_path), "2", step]
    ended = subprocess.run(program, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 9, ended.stderr
    assert published_version(tmp_path) == expected
    publish_version(settings, 3)
    assert published_version(tmp_path) == 3
    assert published_chain(settings)[-1] == "20260701T020000Z-run00001"
    assert {path.name for path in settings.publications.iterdir()} == set(published_chain(settings))
    assert not list(tmp_path.glob(".published-*"))


def test_ten_readers_polling_through_publications_see_old_or_new_and_never_a_mixture(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    publish_version(settings, 1)
    program = [sys.executable, "-m", "tests.orchestration.marts", "read", str(tmp_path), "6"]
    readers = [subprocess.Popen(program, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True) for _ in range(10)]
    version = 1
    while any(reader.poll() is None for reader in readers):
        version += 1
        publish_version(settings, version)
        time.sleep(0.2)
    seen = [reader.communicate()[0].split() for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * 10, seen
    for versions in seen:
        assert len(versions) >= 2
        assert [int(each) for each in versions] == sorted(int(each) for each in versions)
