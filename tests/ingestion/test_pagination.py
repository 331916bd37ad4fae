from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingestion.errors import RepeatedPage, StopStream
from ingestion.pagination import GraphQLCursor, LinkHeader, LoopGuard, Offset, PageToken, WindowOffset, select
from ingestion.stream import Page, Request, graphql

POST = Request("POST", "/search", json={"jql": "x"})


def read_all(paginator, request, answer, most=1000):
    """Every record that a vendor gives who answers with `answer(request)`."""
    found, guard = [], LoopGuard()
    for _ in range(most):
        guard.check(request)
        page, records = answer(request)
        found += records
        request = paginator.next(request, page)
        if request is None:
            return found
    raise AssertionError("no end")


@given(st.lists(st.integers()), st.integers(1, 7))
def test_page_token_reads_every_record_once(records: list[int], size: int) -> None:
    def answer(request):
        start = int(request.json.get("nextPageToken") or 0)
        more = start + size < len(records)
        body = {"issues": records[start : start + size], "isLast": not more}
        return Page(body | ({"nextPageToken": str(start + size)} if more else {})), body["issues"]

    assert read_all(PageToken(), POST, answer) == records


@given(st.lists(st.integers()), st.integers(1, 7), st.booleans(), st.integers(1, 7))
def test_offset_reads_every_record_once(records: list[int], size: int, with_total: bool, cap: int) -> None:
    def answer(request):
        start = int(request.params.get("startAt") or 0)
        values = records[start : start + min(size, cap)]
        body = {"values": values, "startAt": start}
        return Page(body | ({"total": len(records)} if with_total else {})), values

    assert read_all(Offset(), Request("GET", "/projects"), answer) == records


@given(st.lists(st.integers()), st.integers(1, 7))
def test_cursor_reads_every_record_once(records: list[int], size: int) -> None:
    def answer(request):
        start = int(request.json["variables"].get("after") or 0)
        info = {"hasNextPage": start + size < len(records), "endCursor": str(start + size)}
        nodes = records[start : start + size]
        return Page({"data": {"node": {"things": {"pageInfo": info, "nodes": nodes}}}}), nodes

    assert read_all(GraphQLCursor("data.node.things"), graphql("query"), answer) == records


@given(st.lists(st.integers()), st.integers(1, 7))
def test_link_header_reads_every_record_once(records: list[int], size: int) -> None:
    def answer(request):
        start = int(request.path.split("page=")[1]) if "page=" in request.path else 0
        link = f'<https://h/a?page=0>; rel="first", <https://h/a?page={start + size}>; rel="next"'
        headers = {"Link": link} if start + size < len(records) else {"Link": '<https://h/a?page=0>; rel="first"'}
        return Page(None, headers, f"https://h/a?page={start}"), records[start : start + size]

    assert read_all(LinkHeader(), Request("GET", "a"), answer) == records


@pytest.mark.parametrize(
    ("paginator", "request_", "page"),
    [
        (PageToken(), POST.with_values(nextPageToken="t"), Page({"nextPageToken": "t"})),
        (
            GraphQLCursor("c"),
            graphql("q", after="x"),
            Page({"c": {"pageInfo": {"hasNextPage": True, "endCursor": "x"}}}),
        ),
        (Offset(), Request("GET", "p", {"startAt": 50}), Page({"values": [1], "startAt": 0, "total": 99})),
        (LinkHeader(), Request("GET", "https://h/p"), Page([], {"Link": '<https://h/p>; rel="next"'}, "https://h/p")),
    ],
    ids=["token", "cursor", "offset", "link"],
)
def test_answer_that_leads_back_to_its_page_is_refused(paginator, request_: Request, page: Page) -> None:
    with pytest.raises(RepeatedPage):
        paginator.next(request_, page)


@pytest.mark.parametrize(
    "body", [{}, {"nextPageToken": None}, {"nextPageToken": ""}, {"nextPageToken": "t", "isLast": True}]
)
def test_missing_token_is_the_end(body: dict) -> None:
    assert PageToken().next(POST, Page(body)) is None


@pytest.mark.parametrize("body", [{}, {"c": None}, {"c": {"pageInfo": {"hasNextPage": False, "endCursor": "x"}}}])
def test_missing_cursor_is_the_end(body: dict) -> None:
    assert GraphQLCursor("c").next(graphql("q"), Page(body)) is None


def test_circle_over_several_pages_is_refused() -> None:
    tokens = {None: "a", "a": "b", "b": "a"}

    def answer(request):
        return Page({"nextPageToken": tokens[request.json.get("nextPageToken")]}), []

    with pytest.raises(RepeatedPage, match="circle"):
        read_all(PageToken(), POST, answer)


def test_select_follows_a_path() -> None:
    assert select({"a": {"b": [1]}}, "a.b") == [1]
    assert select({"a": None}, "a.b") is None
    assert select([1], "") == [1]


@given(st.lists(st.integers(0, 40)), st.integers(1, 3), st.booleans())
def test_window_offset_reads_every_record_beyond_the_vendors_reach(
    seconds: list[int], size: int, newest_first: bool
) -> None:
    """At most eight records are counted; a second may hold several, which come twice where a window begins with it."""
    most_in_a_second = max((seconds.count(second) for second in seconds), default=0)
    assume(most_in_a_second <= 8 - 2 * size)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [start + timedelta(seconds=second) for second in seconds]
    records = [{"id": n, "created_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"} for n, at in enumerate(times)]
    records.sort(key=lambda record: record["created_at"], reverse=newest_first)

    def answer(request):
        since, until, offset = (request.params[name] for name in ("since", "until", "offset"))
        assert offset + size <= 8
        window = [record for record in records if since <= record["created_at"] < until]
        page = window[offset : offset + size]
        return Page({"rows": page, "offset": offset, "limit": size, "more": offset + size < len(window)}), page

    request = Request(
        "GET", "/rows", {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "limit": size, "offset": 0}
    )
    found = read_all(WindowOffset("rows", newest_first, reach=8), request, answer)
    assert {record["id"] for record in found} == set(range(len(seconds)))


@pytest.mark.parametrize("params", [{"since": "2026-01-01T00:00:05Z"}, {}], ids=["one second", "no window"])
def test_window_that_cannot_be_made_smaller_is_refused(params: dict) -> None:
    rows = [{"created_at": "2026-01-01T00:00:05Z"}] * 2
    request = Request("GET", "/rows", {"limit": 2, "offset": 6, **params})
    with pytest.raises(StopStream):
        WindowOffset("rows", reach=8).next(request, Page({"rows": rows, "offset": 6, "limit": 2, "more": True}))
