from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.errors import StopConnection
from ingestion.landing import LandingZone, Run, StreamZone, envelope, read_page
from ingestion.stream import Quarantined, Record, Request, Slice

AS_OF = datetime(2026, 3, 2, 2, tzinfo=UTC)
FETCHED = "2026-03-02T02:00:00"


def lines(*ids: str) -> list[bytes]:
    return [envelope(Record(id_, AS_OF, {"v": id_}), FETCHED) for id_ in ids]


def ids(zone: StreamZone) -> list[str]:
    return [line["id"] for page in zone.pages() for line in read_page(page.path)]


def begin(zone: StreamZone, plan: Sequence[Slice] = (Slice(),)) -> Run:
    return zone.begin(plan, as_of=AS_OF, full=False)


def test_line_has_the_four_envelope_fields_and_the_payload_unchanged() -> None:
    payload = b'{"b":1.50,"a":[1e5,"\\u00e9"]}'
    line = envelope(Record("7", datetime(2026, 1, 1, 5, 30, tzinfo=UTC), payload), FETCHED)
    assert line == (
        b'{"id":"7","updated_at":"2026-01-01T05:30:00","fetched_at":"2026-03-02T02:00:00",'
        b'"payload":{"b":1.50,"a":[1e5,"\\u00e9"]}}'
    )


def test_payload_over_several_lines_becomes_one() -> None:
    assert b"\n" not in envelope(Record("7", None, b'{\n"a": 1\r}'), FETCHED)


def test_quarantined_record_is_a_line_without_id() -> None:
    line = envelope(Quarantined("no key", "answers.csv", 7, "a,b"), FETCHED)
    assert b'"id":null' in line and b'"line":7' in line


def test_page_counts_only_once_it_is_committed(tmp_path: Path) -> None:
    zone = LandingZone(tmp_path).stream("issues")
    run = begin(zone)
    zone.write_page(run, lines("1", "2"))
    assert ids(zone) == []
    zone.commit(run)
    assert ids(zone) == ["1", "2"]
    zone.write_page(run, lines("3"))
    reopened = LandingZone(tmp_path).stream("issues")
    assert ids(reopened) == ["1", "2"]
    assert len(list((tmp_path / "issues").glob("*.zst"))) == 1


def test_position_and_plan_survive_a_kill(tmp_path: Path) -> None:
    plan = [
        Slice(key="a", values={"x": 1}, until=AS_OF, cursor={"since": "{watermark}"}, extra={"n": 1}),
        Slice(key="b", request=Request("POST", "p", json={"ids": [1]}), records="r", otherwise=Request("GET", "q")),
    ]
    zone = StreamZone(tmp_path)
    run = begin(zone, plan)
    run.slice, run.request, run.watermark = 1, Request("GET", "/p", {"page": 2}).to_state(), "2026"
    zone.commit(run, cursor=("a", {"since": "x"}))
    again = StreamZone(tmp_path)
    assert again.run == run
    assert again.plan(run) == plan
    assert again.cursors == {"a": {"since": "x"}}
    assert Request(**run.request) == Request("GET", "/p", {"page": 2})


def test_snapshot_is_the_pages_of_the_latest_complete_run(tmp_path: Path) -> None:
    zone = StreamZone(tmp_path)
    for id_ in ("1", "2"):
        run = begin(zone)
        zone.write_page(run, lines(id_))
        zone.finish(run, snapshot=True)
    assert zone.snapshot == (2, 2)
    zone.finish(begin(zone), snapshot=True)
    assert zone.snapshot == (3, 2)


def test_unchanged_content_leaves_no_page(tmp_path: Path) -> None:
    zone = StreamZone(tmp_path)
    run = begin(zone)
    zone.write_page(run, lines("1"))
    zone.finish(run, snapshot=True, digest="d")
    run = begin(zone)
    zone.write_page(run, lines("1"))
    zone.finish(run, snapshot=True, digest="d", keep=False)
    assert zone.snapshot == (1, 1) and ids(zone) == ["1"] and zone.digest == "d"
    assert len(list(tmp_path.glob("*.zst"))) == 1


def test_page_names_never_repeat_even_when_the_zone_is_deleted(tmp_path: Path) -> None:
    names = set()
    for folder in ("first", "second"):
        zone = StreamZone(tmp_path / folder)
        run = begin(zone)
        zone.write_page(run, lines("1"))
        zone.finish(run)
        names.add(zone.pages()[0].name)
    assert len(names) == 2


def test_broken_state_says_what_to_delete(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(StopConnection, match="delete"):
        StreamZone(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder_is_one_clear_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StopConnection, match="cannot be written"):
        StreamZone(tmp_path / "issues")


def test_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = StreamZone(tmp_path)
    run = begin(zone)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StopConnection, match="No space left on device"):
        zone.write_page(run, lines("1"))
