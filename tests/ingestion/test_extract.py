from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.client import Client
from ingestion.errors import RepeatedPage, StopStream, Unavailable
from ingestion.extract import Progress, encode, extract, utc
from ingestion.landing import StreamZone, read_page
from ingestion.pagination import GraphQLCursor, Offset, PageToken
from ingestion.stream import Context, Page, Problem, Quarantined, Record, Request, Slice, Stream
from tests.ingestion.vendor import Vendor, client_of, ok, vendor

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.fixture
def double() -> Iterator[Vendor]:
    with vendor() as running:
        yield running


def context(client: Client | None, as_of: datetime = NIGHT, *, full: bool = False) -> Context:
    return Context(SimpleNamespace(name="c"), None, as_of, None, client, full=full)  # type: ignore[arg-type]


def run(stream: Stream, zone: StreamZone, client: Client | None, as_of: datetime = NIGHT, **more: Any) -> Context:
    used = context(client, as_of, **more)
    extract(stream, used, zone, Progress())
    return used


def landed(zone: StreamZone) -> list[list[str]]:
    return [[line["id"] for line in read_page(page.path)] for page in zone.pages()]


def paged(records: list[dict[str, Any]], size: int = 2):
    """A vendor that lists records by offset."""

    def reply(request: dict[str, Any]):
        start = int(parse_qs(urlsplit(request["path"]).query).get("startAt", ["0"])[0])
        return ok({"values": records[start : start + size], "total": len(records), "startAt": start})

    return reply


THINGS = [{"id": str(n), "updated": f"2026-01-0{n}T00:00:00Z"} for n in range(1, 8)]
STREAM = Stream("things", path="/things", records="values", paginator=Offset(), updated_at="updated")


def test_pages_land_in_order_with_the_nights_time(double: Vendor, tmp_path: Path) -> None:
    double.reply = paged(THINGS)
    zone = StreamZone(tmp_path)
    run(STREAM, zone, client_of(double))
    assert landed(zone) == [["1", "2"], ["3", "4"], ["5", "6"], ["7"]]
    assert next(read_page(zone.pages()[0].path)) == {
        "id": "1", "updated_at": "2026-01-01T00:00:00", "fetched_at": "2026-03-02T02:00:00", "payload": THINGS[0],
    }  # fmt: skip
    assert zone.run is None


def test_cursor_is_the_newest_time_seen_but_never_after_the_start(double: Vendor, tmp_path: Path) -> None:
    stream = Stream(
        "things", path="/things", records="values", paginator=Offset(), updated_at="updated",
        slices=lambda _: [Slice(cursor={"since": "{watermark}", "fields": 3})],
    )  # fmt: skip
    double.reply = paged(THINGS)
    zone = StreamZone(tmp_path)
    run(stream, zone, client_of(double))
    assert zone.cursors == {"": {"since": "2026-01-07T00:00:00+00:00", "fields": 3}}
    double.reply = paged([{"id": "8", "updated": "2027-01-01T00:00:00Z"}])
    run(stream, zone, client_of(double), NIGHT + timedelta(days=1))
    assert zone.cursors[""]["since"] == "2026-03-03T02:00:00+00:00"


def test_slice_ends_behind_the_page_that_is_old_enough(double: Vendor, tmp_path: Path) -> None:
    stream = Stream(
        "things", path="/things", records="values", paginator=Offset(), updated_at="updated",
        slices=lambda _: [Slice(until=datetime(2026, 1, 4, tzinfo=UTC))],
    )  # fmt: skip
    double.reply = paged(THINGS[::-1])
    zone = StreamZone(tmp_path)
    run(stream, zone, client_of(double))
    assert landed(zone) == [["7", "6"], ["5", "4"], ["3", "2"]]


def test_slice_that_cannot_be_read_is_left_out_and_told(double: Vendor, tmp_path: Path) -> None:
    def reply(request):
        return (404, {}, b"{}") if "/b/" in request["path"] else ok([{"id": request["path"]}])

    double.reply = reply
    stream = Stream(
        "things", path="/{name}/things",
        slices=lambda _: [Slice(n, {"name": n}, cursor={"head": n}, label=f"repository {n}") for n in "abc"],
    )  # fmt: skip
    zone = StreamZone(tmp_path)
    problems = run(stream, zone, client_of(double)).problems
    assert landed(zone) == [["/a/things"], ["/c/things"]]
    assert sorted(zone.cursors) == ["a", "c"]
    assert [problem.error.split(" answers")[0] for problem in problems] == [f"repository b: GET {double.url}/b/things"]
    assert not problems[0].stale


def test_cursor_of_a_key_is_not_kept_when_an_earlier_slice_of_it_failed(double: Vendor, tmp_path: Path) -> None:
    double.reply = lambda request: (404, {}, b"") if request["path"] == "/a/1" else ok([{"id": "x"}])
    stream = Stream(
        "things", path="/{name}/{part}",
        slices=lambda _: [Slice("a", {"name": "a", "part": 1}), Slice("a", {"name": "a", "part": 2}, cursor={"h": 1})],
    )  # fmt: skip
    zone = StreamZone(tmp_path)
    run(stream, zone, client_of(double))
    assert zone.cursors == {} and [r["path"] for r in double.seen] == ["/a/1"]


def test_not_found_is_asked_otherwise_where_the_slice_says_so(double: Vendor, tmp_path: Path) -> None:
    double.reply = lambda request: (404, {}, b"") if "compare" in request["path"] else ok([{"id": "listed"}])
    stream = Stream(
        "commits",
        slices=lambda _: [
            Slice(request=Request("GET", "compare"), records="commits", otherwise=Request("GET", "list"))
        ],
    )
    zone = StreamZone(tmp_path)
    assert run(stream, zone, client_of(double)).problems == []
    assert landed(zone) == [["listed"]]


def test_pitfall_13_page_gets_smaller_when_the_vendor_gives_up_and_grows_again(double: Vendor, tmp_path: Path) -> None:
    records = [{"id": str(n)} for n in range(200)]
    sizes = []

    def reply(request):
        variables = request["json"]["variables"]
        start, first = int(variables.get("after") or 0), variables["first"]
        sizes.append(first)
        if start < 20 and first > 5:
            return 502, {}, b""
        info = {"hasNextPage": start + first < 200, "endCursor": str(start + first)}
        return ok({"data": {"things": {"pageInfo": info, "nodes": records[start : start + first]}}})

    double.reply = reply
    stream = Stream(
        "things",
        query="query",
        paginator=GraphQLCursor("data.things"),
        records="data.things.nodes",
        page_size=("first", 40, 5),
    )
    zone = StreamZone(tmp_path)
    run(stream, zone, client_of(double))
    assert [id_ for page in landed(zone) for id_ in page] == [str(n) for n in range(200)]
    assert sizes[:8] == [40, 20, 10, 5, 5, 5, 5, 10] and sizes[-1] == 40


def test_circle_of_tokens_stops_the_stream_with_a_clear_error(double: Vendor, tmp_path: Path) -> None:
    tokens = {None: "a", "a": "b", "b": "a"}
    double.reply = lambda r: ok({"values": [{"id": "1"}], "nextPageToken": tokens[r["json"].get("nextPageToken")]})
    stream = Stream("things", method="POST", path="/p", body={}, records="values", paginator=PageToken())
    with pytest.raises(RepeatedPage, match="circle"):
        run(stream, StreamZone(tmp_path), client_of(double))


def test_expired_page_token_begins_the_slice_again(double: Vendor, tmp_path: Path) -> None:
    expired = []

    def reply(request):
        token = request["json"].get("nextPageToken")
        if token == "old":
            expired.append(1)
            return 400, {}, b'{"errorMessages": ["The page token has expired"]}'
        if token is None:
            return ok({"values": [{"id": "1"}], "nextPageToken": "new" if expired else "old"})
        return ok({"values": [{"id": "2"}]})

    double.reply = reply
    stream = Stream("things", method="POST", path="/p", body={}, records="values", paginator=PageToken())
    zone = StreamZone(tmp_path)
    run(stream, zone, client_of(double))
    assert landed(zone) == [["1"], ["1"], ["2"]]


def test_pitfall_12_interrupted_run_goes_on_and_then_the_new_night_reads_what_changed(
    double: Vendor, tmp_path: Path
) -> None:
    broken = [True]

    def reply(request):
        if broken and "startAt=4" in request["path"]:
            return 500, {}, b""
        return paged(THINGS)(request)

    double.reply = reply
    zone = StreamZone(tmp_path)
    with pytest.raises(Unavailable):
        run(STREAM, zone, client_of(double))
    assert landed(zone) == [["1", "2"], ["3", "4"]]
    broken.clear()
    double.seen.clear()
    run(STREAM, StreamZone(tmp_path), client_of(double), NIGHT + timedelta(days=1))
    starts = [parse_qs(urlsplit(r["path"]).query).get("startAt", ["0"])[0] for r in double.seen]
    assert starts == ["4", "6", "0", "2", "4", "6"], "first the rest of the old run, then the new night's own"


def test_interrupted_run_of_the_same_night_is_only_finished(double: Vendor, tmp_path: Path) -> None:
    double.reply = lambda r: (500, {}, b"") if "startAt=4" in r["path"] else paged(THINGS)(r)
    zone = StreamZone(tmp_path)
    with pytest.raises(Unavailable):
        run(STREAM, zone, client_of(double))
    double.reply = paged(THINGS)
    double.seen.clear()
    run(STREAM, StreamZone(tmp_path), client_of(double))
    assert len(double.seen) == 2 and landed(StreamZone(tmp_path))[-1] == ["7"]


def test_full_forgets_the_cursors(double: Vendor, tmp_path: Path) -> None:
    seen = []

    def slices(used: Context) -> list[Slice]:
        seen.append(dict(used.cursors))
        return [Slice(cursor={"n": 1})]

    double.reply = paged(THINGS)
    stream = Stream("things", path="/things", records="values", paginator=Offset(), slices=slices)
    zone = StreamZone(tmp_path)
    for full in (False, False, True):
        run(stream, zone, client_of(double), full=full)
    assert seen == [{}, {"": {"n": 1}}, {}]


def test_second_phase_knows_what_the_first_has_read(double: Vendor, tmp_path: Path) -> None:
    double.reply = lambda r: ok([{"id": r["path"]}])
    stream = Stream(
        "things", slices=lambda _: [Slice(request=Request("GET", "a"))],
        again=lambda used: [Slice(request=Request("GET", "b"), label=",".join(used.read()))],
    )  # fmt: skip
    zone = StreamZone(tmp_path)
    run(stream, zone, client_of(double))
    assert landed(zone) == [["/a"], ["/b"]]


def test_record_without_key_is_quarantined_without_its_values() -> None:
    stream = Stream("things", updated_at="updated")
    records = [{"id": "1", "updated": None}, {"name": "Ann Example"}, {"id": "2", "updated": "yesterday"}]
    found = [json.loads(line) for line in encode(stream, records, Slice(), "2026-03-02T02:00:00")]
    assert [line["id"] for line in found] == ["1", None, None]
    assert "Ann" not in json.dumps(found) and found[1]["payload"]["record"] == "name"
    assert "KeyError: 'id'" in found[1]["payload"]["reason"]


def test_record_that_comes_twice_on_a_page_lands_once_as_it_was_last() -> None:
    lines = encode(Stream("things"), [{"id": 1, "v": 1}, {"id": 1, "v": 2}], Slice(), "2026-03-02T02:00:00")
    assert [json.loads(line)["payload"] for line in lines] == [{"id": 1, "v": 2}]


def test_answer_without_the_list_is_a_clear_error(double: Vendor, tmp_path: Path) -> None:
    double.reply = lambda _: ok({"message": "hello"})
    with pytest.raises(StopStream, match=r"/things: the answer has no list 'values'"):
        run(STREAM, StreamZone(tmp_path), client_of(double))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-07-01T04:00:00.250+0200", datetime(2026, 7, 1, 2, 0, 0, 250000, UTC)),
        ("2026-07-01T02:00:00Z", datetime(2026, 7, 1, 2, tzinfo=UTC)),
        ("2026-07-01T02:00:00", datetime(2026, 7, 1, 2, tzinfo=UTC)),
        (1492070429, datetime(2017, 4, 13, 8, 0, 29, tzinfo=UTC)),
        (1492070429123, datetime(2017, 4, 13, 8, 0, 29, 123000, UTC)),
        (None, None),
    ],
)
def test_times_of_vendors_become_utc(value: Any, expected: datetime | None) -> None:
    assert utc(value) == expected


def test_reader_lands_its_records_and_nothing_when_they_are_the_same(tmp_path: Path) -> None:
    found: list[Any] = [Record("1", None, {"v": 1}), Quarantined("bad", "f.csv", 3), Record("2", NIGHT, {"v": 2})]
    stream = Stream("rows", mode="snapshot", reader=lambda connection, config, as_of: found)
    zone = StreamZone(tmp_path)
    run(stream, zone, None)
    run(stream, zone, None, NIGHT + timedelta(days=1))
    assert landed(zone) == [["1", None, "2"]] and zone.snapshot == (1, 1)
    found.pop()
    run(stream, zone, None, NIGHT + timedelta(days=2))
    assert landed(zone) == [["1", None, "2"], ["1", None]] and zone.snapshot == (2, 2)


def test_reader_that_fails_midway_commits_nothing(tmp_path: Path) -> None:
    def reader(*_: Any) -> Iterator[Record]:
        yield from (Record(str(n), None, {}) for n in range(1500))
        raise StopStream("file 2 is broken", "mend it")

    zone = StreamZone(tmp_path)
    with pytest.raises(StopStream):
        run(Stream("rows", reader=reader), zone, None)
    assert landed(StreamZone(tmp_path)) == []


def test_derived_listing_with_a_stale_part_removes_nothing(tmp_path: Path) -> None:
    def derive(used: Context) -> list[Record]:
        used.problems.append(Problem("not seen", "look", stale=True))
        return [Record("1", None, {})]

    zone = StreamZone(tmp_path)
    run(Stream("rows", mode="snapshot", derive=derive), zone, None)
    assert landed(zone) == [["1"]] and zone.snapshot is None


class Killed(BaseException):
    """Stands for `kill -9`."""


class Pages:
    """A client that answers from a list and counts what is asked for; a kill strikes at the n-th answer or file."""

    def __init__(self, records: list[dict[str, Any]], size: int) -> None:
        self.records, self.size, self.asked = records, size, []

    def send(self, request: Request, *, may_shrink: bool = False) -> Page:
        start = request.params.get("startAt") or 0
        part = (request.params["part"], start)
        self.asked.append(part)
        chosen = [r for r in self.records if r["part"] == part[0]]
        return Page({"values": chosen[start : start + self.size], "total": len(chosen)})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2), max_size=12), st.integers(1, 4), st.lists(st.integers(0, 40), max_size=6))
def test_kill_at_any_moment_loses_at_most_the_page_in_flight(parts: list[int], size: int, kills: list[int]) -> None:
    records = [{"id": str(n), "part": part} for n, part in enumerate(parts)]
    stream = Stream(
        "things", path="/p", records="values", paginator=Offset(),
        slices=lambda _: [Slice(str(part), {"part": part}, cursor={"done": part}) for part in range(3)],
    )  # fmt: skip
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        vendor_ = Pages(records, size)
        replace = Path.replace
        left = [0]

        def deadly(self: Path, target: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return replace(self, target)

        patch.setattr(Path, "replace", deadly)
        lost = 0
        for moves in [*kills, 10_000]:
            left[0] = moves
            try:
                zone = StreamZone(Path(folder))
                if zone.run is None and zone.cursors:
                    break
                run(stream, zone, vendor_)  # type: ignore[arg-type]
            except Killed:
                lost += 1
        found = [id_ for page in landed(StreamZone(Path(folder))) for id_ in page]
    assert sorted(found) == sorted(record["id"] for record in records), "every record once"
    assert len(vendor_.asked) - len(set(vendor_.asked)) <= lost
