from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingestion.load
from ingestion.landing import StreamZone, envelope, utc_text
from ingestion.load import META_TABLES, Warehouse
from ingestion.sources import SOURCES
from ingestion.stream import Quarantined, Record, Source, Stream, StreamRun

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
THINGS = Source("toy", (Stream("things"), Stream("listed", mode="snapshot")))


def land(zone: StreamZone, *pages: list[Any], as_of: datetime = NIGHT, snapshot: bool = False) -> None:
    run = zone.begin([], as_of=as_of, full=False)
    for page in pages:
        zone.write_page(run, [envelope(record, utc_text(as_of) or "") for record in page])
        zone.commit(run)
    zone.finish(run, snapshot=snapshot)


def load(
    warehouse: Warehouse, zone: StreamZone, stream: str = "things", as_of: datetime = NIGHT, name: str = "c"
) -> int:
    return warehouse.load(zone, connection=name, source="toy", stream=stream, as_of=as_of)


def rows(warehouse: Warehouse, stream: str = "things") -> list[tuple]:
    return warehouse.query(
        f"select id, updated_at, payload::varchar, load_id from raw_toy.{stream} order by connection, id"
    )


def at(day: int) -> datetime:
    return datetime(2026, 1, day, tzinfo=UTC)


@pytest.fixture
def zone(tmp_path: Path) -> StreamZone:
    return StreamZone(tmp_path / "landing")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with Warehouse(tmp_path / "warehouse.duckdb") as opened:
        opened.ensure_tables([THINGS])
        yield opened


def test_every_raw_table_exists_when_nothing_is_connected(tmp_path: Path) -> None:
    with Warehouse(tmp_path / "w.duckdb") as warehouse:
        warehouse.ensure_tables()
        warehouse.ensure_tables()
        found = set(
            warehouse.query("select schema_name, table_name from duckdb_tables() where database_name = 'warehouse'")
        )
    expected = {(f"raw_{s.name}", stream.name) for s in SOURCES.values() for stream in s.streams}
    assert found == expected | {("raw_ingestion", name) for name in META_TABLES}


def test_newer_replaces_older_and_never_the_other_way(warehouse: Warehouse, zone: StreamZone) -> None:
    land(zone, [Record("1", at(2), {"v": "b"}), Record("2", at(2), {"v": "b"})])
    load(warehouse, zone)
    land(zone, [Record("1", at(3), {"v": "c"}), Record("2", at(1), {"v": "a"})], as_of=NIGHT + timedelta(days=1))
    load(warehouse, zone)
    assert rows(warehouse) == [
        ("1", datetime(2026, 1, 3), '{"v":"c"}', 2),
        ("2", datetime(2026, 1, 2), '{"v":"b"}', 1),
    ]


def test_record_that_says_nothing_new_keeps_its_load_id(warehouse: Warehouse, zone: StreamZone) -> None:
    land(zone, [Record("1", at(2), {"v": "b"}), Record("2", None, {"v": "x"})])
    load(warehouse, zone)
    before = warehouse.query("select * from raw_toy.things order by id")
    land(zone, [Record("1", at(2), {"v": "b"}), Record("2", None, {"v": "x"})], as_of=NIGHT + timedelta(days=1))
    load(warehouse, zone)
    assert warehouse.query("select * from raw_toy.things order by id") == before


def test_same_time_with_another_payload_takes_the_one_fetched_later(warehouse: Warehouse, zone: StreamZone) -> None:
    land(zone, [Record("1", at(2), {"v": "b"}), Record("2", None, {"v": "x"})], as_of=NIGHT + timedelta(days=1))
    land(zone, [Record("1", at(2), {"v": "older"}), Record("2", None, {"v": "older"})])
    land(zone, [Record("1", at(2), {"v": "newest"})], as_of=NIGHT + timedelta(days=2))
    load(warehouse, zone)
    assert [row[2] for row in rows(warehouse)] == ['{"v":"newest"}', '{"v":"x"}']


def test_repeated_record_over_pages_counts_once(warehouse: Warehouse, zone: StreamZone) -> None:
    land(zone, [Record("1", at(1), {"v": 1})], [Record("1", at(1), {"v": 2})], [Record("2", at(1), {})])
    assert load(warehouse, zone) == 3
    assert [row[::2] for row in rows(warehouse)] == [("1", '{"v":2}'), ("2", "{}")]


def test_page_is_loaded_once_and_the_ledger_knows_it(warehouse: Warehouse, zone: StreamZone) -> None:
    land(zone, [Record("1", at(1), {})], [Record("2", at(1), {})])
    assert load(warehouse, zone) == 2
    assert load(warehouse, zone) == 0
    ledger = warehouse.query(
        "select load_id, connection, source, stream, page, records, as_of from raw_ingestion.loads"
    )
    assert ledger == [(1, "c", "toy", "things", page.name, 1, datetime(2026, 3, 2, 2)) for page in zone.pages()]


def test_two_connections_keep_the_same_id_apart(warehouse: Warehouse, tmp_path: Path) -> None:
    for name in ("a", "b"):
        zone = StreamZone(tmp_path / name)
        land(zone, [Record("1", at(1), {"of": name})])
        load(warehouse, zone, name=name)
    assert warehouse.query("select connection, payload->>'$.of' from raw_toy.things order by 1") == [
        ("a", "a"),
        ("b", "b"),
    ]


def test_uncommitted_page_is_not_loaded(warehouse: Warehouse, zone: StreamZone) -> None:
    run = zone.begin([], as_of=NIGHT, full=False)
    zone.write_page(run, [envelope(Record("1", at(1), {}), "2026-03-02T02:00:00")])
    assert load(warehouse, zone) == 0 and rows(warehouse) == []


def test_bad_record_goes_to_quarantine_and_the_good_ones_load(warehouse: Warehouse, zone: StreamZone) -> None:
    bad = Quarantined("score: 'x' is not a number", "answers.csv", 7, "r1,x")
    land(zone, [Record("1", at(1), {}), bad, Quarantined("no id", record="a")])
    load(warehouse, zone)
    assert len(rows(warehouse)) == 1
    found = warehouse.query(
        "select page, line, reason, record, fetched_at, load_id from raw_ingestion.quarantine order by 3"
    )
    page = zone.pages()[0].path.name
    assert found == [
        (page, None, "no id", "a", datetime(2026, 3, 2, 2), 1),
        ("answers.csv", 7, "score: 'x' is not a number", "r1,x", datetime(2026, 3, 2, 2), 1),
    ]


def test_a_listing_says_what_holds_now_even_with_an_earlier_time(warehouse: Warehouse, zone: StreamZone) -> None:
    land(zone, [Record("a", at(5), {"n": 1})], snapshot=True)
    load(warehouse, zone, "listed")
    land(zone, [Record("a", at(4), {"n": 2})], snapshot=True)
    load(warehouse, zone, "listed")
    assert [row[1:3] for row in rows(warehouse, "listed")] == [(at(4).replace(tzinfo=None), '{"n":2}')]


def test_snapshot_removes_what_the_latest_complete_listing_lacks(warehouse: Warehouse, zone: StreamZone) -> None:
    land(zone, [Record("1", None, {}), Record("2", None, {})], snapshot=True)
    load(warehouse, zone, "listed")
    land(zone, [Record("2", None, {})], as_of=NIGHT + timedelta(days=1))
    load(warehouse, zone, "listed")
    assert [row[0] for row in rows(warehouse, "listed")] == ["1", "2"], "an incomplete listing removes nothing"
    land(zone, [Record("2", None, {})], [Record("3", None, {})], as_of=NIGHT + timedelta(days=2), snapshot=True)
    load(warehouse, zone, "listed")
    assert [row[0] for row in rows(warehouse, "listed")] == ["2", "3"]
    land(zone, as_of=NIGHT + timedelta(days=3), snapshot=True)
    load(warehouse, zone, "listed")
    assert rows(warehouse, "listed") == []


def test_deleted_warehouse_is_rebuilt_from_the_landing_zone(tmp_path: Path, zone: StreamZone) -> None:
    land(zone, [Record("1", at(1), {"v": 1})], [Record("2", at(1), {"v": 1})])
    land(zone, [Record("1", at(2), {"v": 2})], as_of=NIGHT + timedelta(days=1))
    found = []
    for name in ("first.duckdb", "second.duckdb"):
        with Warehouse(tmp_path / name) as warehouse:
            warehouse.ensure_tables([THINGS])
            load(warehouse, zone)
            found.append([row[:3] for row in rows(warehouse)])
    assert (
        found[0]
        == found[1]
        == [
            ("1", datetime(2026, 1, 2), '{"v":2}'),
            ("2", datetime(2026, 1, 1), '{"v":1}'),
        ]
    )


def test_failed_batch_leaves_neither_rows_nor_ledger(warehouse: Warehouse, zone: StreamZone) -> None:
    land(zone, [Record("1", at(1), {})])
    zone.pages()[0].path.write_bytes(b"not zstd")
    with pytest.raises((duckdb.Error, Exception)):
        load(warehouse, zone)
    assert rows(warehouse) == [] and warehouse.query("select * from raw_ingestion.loads") == []


def test_record_beyond_16_mib_is_loaded(warehouse: Warehouse, zone: StreamZone) -> None:
    land(zone, [Record("1", at(1), {"text": "x" * (17 << 20)})])
    load(warehouse, zone)
    assert warehouse.query("select length(payload->>'$.text') from raw_toy.things") == [(17 << 20,)]


def test_json_arrives_unchanged(warehouse: Warehouse, zone: StreamZone) -> None:
    payload = '{"z":1,"a":{"ü":"line\\nbreak \\"q\\" \\\\"},"big":9007199254740993,"f":0.1,"n":null,"t":[true,{}]}'
    land(zone, [Record("1", None, payload.encode())])
    load(warehouse, zone)
    assert rows(warehouse)[0][2] == payload


def test_no_wal_is_left_behind(tmp_path: Path, zone: StreamZone) -> None:
    land(zone, [Record("1", at(1), {})])
    with Warehouse(tmp_path / "w.duckdb") as warehouse:
        warehouse.ensure_tables([THINGS])
        load(warehouse, zone)
    assert sorted(p.name for p in tmp_path.glob("w.duckdb*")) == ["w.duckdb"]
    with duckdb.connect(tmp_path / "w.duckdb", read_only=True) as connection:
        assert connection.execute("select count(*) from raw_toy.things").fetchall() == [(1,)]


def test_settings_and_connections_are_written_once_a_run(tmp_path: Path) -> None:
    organization = SimpleNamespace(
        time_zone="Europe/Berlin",
        name="Acme",
        min_team_size=3,
        min_respondents=5,
        done_grace_minutes=0,
        publish_titles=False,
        outcome_min_words=2,
        outcome_template="Who can do what?",
        experience_drivers=("speed", "quality"),
        currency="CHF",
        workday=("08:30", "17:00"),
        working_days=("mon", "tue"),
    )
    jira = SimpleNamespace(name="jira", type="jira", base_url="https://x", start_date=at(1).date())
    files = SimpleNamespace(name="files", type="survey_files", base_url=None, start_date=None)
    with Warehouse(tmp_path / "w.duckdb") as warehouse:
        warehouse.ensure_tables()
        warehouse.query("alter table raw_ingestion.settings drop column currency")  # as an earlier version made it
        warehouse.write_settings(SimpleNamespace(organization=organization, connections=(jira, files)), NIGHT)
        warehouse.write_settings(SimpleNamespace(organization=organization, connections=(jira,)), NIGHT)
        assert warehouse.query("select * from raw_ingestion.settings") == [
            (
                datetime(2026, 3, 2, 2),
                "Europe/Berlin",
                "Acme",
                3,
                5,
                0,
                False,
                "CHF",
                "08:30",
                "17:00",
                "mon,tue",
                2,
                "Who can do what?",
                "speed,quality",
            )
        ]
        columns = "connection, type, source, base_url, is_configured"
        assert warehouse.query(f"select {columns} from raw_ingestion.connections order by 1") == [
            ("files", "survey_files", "surveys", None, False),
            ("jira", "jira", "jira", "https://x", True),
        ]  # fmt: skip


def test_latest_attempt_of_a_stream_run_wins(warehouse: Warehouse) -> None:
    warehouse.record_runs([StreamRun("c", "toy", "things", NIGHT, "failed", error="e", cure="c")])
    warehouse.record_runs([StreamRun("c", "toy", "things", NIGHT, "ok", 3, 1, 2)])
    assert warehouse.query("select status, records, pages, requests, error from raw_ingestion.stream_runs") == [
        ("ok", 3, 1, 2, None)
    ]


records = st.builds(
    lambda id_, day, value: Record(id_, at(day) if day else None, {"v": value}),
    st.sampled_from("abc"), st.integers(0, 4), st.integers(0, 3),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    nights=st.lists(st.lists(st.lists(records, min_size=1, max_size=3), min_size=1, max_size=3), max_size=4),
    cut=st.integers(1, 3),
)
def test_any_batching_gives_the_rows_of_a_plain_replay(nights: list, cut: int) -> None:
    expected: dict[str, tuple] = {}
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingestion.load, "PAGES_PER_BATCH", cut)
        zone = StreamZone(Path(folder) / "landing")
        with Warehouse(Path(folder) / "w.duckdb") as warehouse:
            warehouse.ensure_tables([THINGS])
            for number, pages in enumerate(nights):
                as_of = NIGHT + timedelta(days=number)
                unique = [list({r.id: r for r in page}.values()) for page in pages]
                land(zone, *unique, as_of=as_of)
                for record in (r for page in unique for r in page):
                    rank = (record.updated_at or datetime.min.replace(tzinfo=UTC), as_of)
                    if record.id not in expected or rank >= expected[record.id][0]:
                        expected[record.id] = (rank, record.payload["v"])
                load(warehouse, zone, as_of=as_of)
            found = warehouse.query("select id, (payload->>'$.v')::int from raw_toy.things")
    assert dict(found) == {id_: value for id_, (_, value) in expected.items()}
