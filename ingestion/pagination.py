"""Paginators: which request comes after this answer. Stateless; each refuses an answer that leads back to its page.

`LoopGuard` catches longer circles (A, B, A) over the pages of one slice.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import orjson

from ingestion.errors import RepeatedPage, StopStream
from ingestion.stream import Page, Request

_LINK = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


def select(value: Any, path: str) -> Any:
    """The member of a JSON value at a dotted path ('' = the value itself); None where a step is missing."""
    for step in path.split(".") if path else ():
        value = value.get(step) if isinstance(value, dict) else None
    return value


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """`Link: <https://api.github.com/...&page=2>; rel="next"` (RFC 8288); the last page has no such link."""

    def next(self, request: Request, page: Page) -> Request | None:
        """The request of the `next` link."""
        found = _LINK.search(page.headers.get("Link", ""))
        if not found:
            return None
        url = urljoin(page.url, found.group(1))
        if url in (page.url, request.path):
            raise _repeated(f"{url}: the Link header points back to the same page")
        return replace(request, path=url, params={})


@dataclass(frozen=True, slots=True)
class LinkHeaderInWindow:
    """`Link` pages of a listing, newest first, that shows no more than `most` records of one query (GitHub's runs).

    The query asks for a window of time, `created=2026-01-01T00:00:00Z..2026-02-01T00:00:00Z`. Where its last page ends
    at the limit, the window that ends with the last record's second follows: records of that second come twice.
    """

    records: str
    member: str = "created_at"
    parameter: str = "created"
    most: int = 1000

    def next(self, request: Request, page: Page) -> Request | None:
        """The request of the `next` link, or the one of the earlier window."""
        linked = LinkHeader().next(request, page)
        if linked is not None:
            return linked
        url = urlsplit(request.path)
        sent = {**dict(parse_qsl(url.query)), **{name: str(value) for name, value in request.params.items()}}
        shown = select(page.body, self.records) or []
        if int(sent.get("page", 1)) * int(sent["per_page"]) < self.most or len(shown) < int(sent["per_page"]):
            return None
        first, _, last = sent[self.parameter].partition("..")
        oldest = min(record[self.member] for record in shown)
        if oldest == last:
            raise _repeated(f"{request.path}: more than {self.most} records of one second ({last})")
        sent.pop("page", None)
        return replace(
            request, path=url._replace(query="").geturl(), params={**sent, self.parameter: f"{first}..{oldest}"}
        )


@dataclass(frozen=True, slots=True)
class PageToken:
    """`{"nextPageToken": "abc", ...}`, sent back as `parameter`; the last page has no token (or `isLast`: true)."""

    token: str = "nextPageToken"
    parameter: str = "nextPageToken"
    last: str = "isLast"

    def next(self, request: Request, page: Page) -> Request | None:
        """The same request with the answer's token."""
        token = select(page.body, self.token)
        if not token or (self.last and select(page.body, self.last) is True):
            return None
        sent = (request.json if request.json is not None else request.params).get(self.parameter)
        if token == sent:
            raise _repeated(f"{request.path}: the page token {str(token)[:40]!r} came twice")
        return request.with_values(**{self.parameter: token})


@dataclass(frozen=True, slots=True)
class BeforeToken:
    """`{"total_items": 1200, "items": [{"token": "abc", ...}, ...]}`, the newest first (Typeform).

    The next page holds what came before the last record's token; a page that is not full is the last.
    """

    records: str = "items"
    token: str = "token"
    parameter: str = "before"
    size: str = "page_size"

    def next(self, request: Request, page: Page) -> Request | None:
        """The same request, for what came before the last record."""
        records = select(page.body, self.records) or []
        if len(records) < request.params[self.size]:
            return None
        token = records[-1][self.token]
        if token == request.params.get(self.parameter):
            raise _repeated(f"{request.path}: the records before {str(token)[:40]!r} are that record again")
        return request.with_values(**{self.parameter: token})


@dataclass(frozen=True, slots=True)
class Offset:
    """`{"startAt": 0, "maxResults": 50, "total": 120, "isLast": false, "values": [...]}`.

    The next offset is this one plus the number of records received; it ends at `isLast`, at `total`, or at an empty
    page.
    """

    records: str = "values"
    parameter: str = "startAt"
    total: str = "total"
    last: str = "isLast"

    def next(self, request: Request, page: Page) -> Request | None:
        """The same request from the next offset on."""
        records = select(page.body, self.records)
        total = select(page.body, self.total)
        if not records or select(page.body, self.last) is True:
            return None
        sent = (request.json if request.json is not None else request.params).get(self.parameter) or 0
        said = select(page.body, self.parameter)
        if isinstance(said, int) and said != sent:
            raise _repeated(f"{request.path}: asked from record {sent} on and got those from {said} on")
        if isinstance(total, int) and sent + len(records) >= total:
            return None
        return request.with_values(**{self.parameter: sent + len(records)})


@dataclass(frozen=True, slots=True)
class WindowOffset:
    """`{"offset": 0, "limit": 100, "more": true, "incidents": [{"created_at": ...}, ...]}` of a window since ... until.

    A vendor that does not count beyond `reach` records is asked for the rest of the window: from the last record's time
    on, or up to it where the newest come first. What stands on that edge comes twice.
    """

    records: str
    newest_first: bool = False
    time: str = "created_at"
    reach: int = 10_000

    def next(self, request: Request, page: Page) -> Request | None:
        """The same request from the next offset on, or with a smaller window from its beginning."""
        records = select(page.body, self.records)
        if not records or select(page.body, "more") is not True:
            return None
        sent, said = request.params.get("offset") or 0, select(page.body, "offset")
        if isinstance(said, int) and said != sent:
            raise _repeated(f"{request.path}: asked from record {sent} on and got those from {said} on")
        limit = select(page.body, "limit") or len(records)
        offset = sent + limit
        if offset + limit <= self.reach:
            return request.with_values(offset=offset)
        if "since" not in request.params:
            raise StopStream(
                f"{request.path}: more than {self.reach} records, which the vendor does not list",
                "close or remove old ones there (a PagerDuty service can resolve its incidents by itself)",
            )
        return self._narrowed(request, [_moment(record[self.time]) for record in records])

    def _narrowed(self, request: Request, times: list[datetime]) -> Request:
        name, edge = "since", times[-1]
        if self.newest_first:
            name, edge = "until", times[-1] + timedelta(seconds=1)  # an end may be left out of its window
        narrowed = request.with_values(**{name: f"{edge:%Y-%m-%dT%H:%M:%SZ}", "offset": 0})
        if times != sorted(times, reverse=self.newest_first) or narrowed.params[name] == request.params[name]:
            raise _repeated(f"{request.path}: more than {self.reach} records that no smaller window holds apart")
        return narrowed


@dataclass(frozen=True, slots=True)
class GraphQLCursor:
    """`{"pageInfo": {"hasNextPage": true, "endCursor": "Y3Vy"}, "nodes": [...]}`.

    connection: dotted path of that object. variable: the query's variable that takes the cursor.
    """

    connection: str
    variable: str = "after"

    def next(self, request: Request, page: Page) -> Request | None:
        """The same query with the answer's end cursor."""
        info = select(page.body, self.connection + ".pageInfo") or {}
        cursor = info.get("endCursor")
        if not info.get("hasNextPage") or not cursor:
            return None
        if cursor == ((request.json or {}).get("variables") or {}).get(self.variable):
            raise _repeated(f"{self.connection}: the cursor {cursor[:40]!r} came twice")
        return request.with_values(**{self.variable: cursor})


class LoopGuard:
    """Remembers the requests of one slice (16 bytes each) and refuses one that was made before."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def check(self, request: Request) -> None:
        """Raises `RepeatedPage` if this very request was checked before."""
        text = orjson.dumps([request.method, request.path, request.params, request.json], option=orjson.OPT_SORT_KEYS)
        mark = hashlib.blake2b(text, digest_size=16).digest()
        if mark in self._seen:
            raise _repeated(f"{request.path}: the answers lead in a circle")
        self._seen.add(mark)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _repeated(error: str) -> RepeatedPage:
    return RepeatedPage(error, "the vendor's paging is broken; run again later, and report it if it stays")
