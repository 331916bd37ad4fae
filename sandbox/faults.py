"""Faults by seed: what vendors do to their clients on a bad day, decided per request so that a run can be repeated.

The decision depends on the seed, the request and how often it was made, never on the order of parallel requests. It
is bounded: no request fails more than `in_a_row` times running, so a client that retries always finishes.
"""

import asyncio
import hashlib
import random
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import orjson
from starlette.requests import Request

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PAGES = ("moving_records", "repeated_records")
PASSING = (
    "rate_limited", "server_error", "reset", "cut_body", "truncated_json", "slow_body", "graphql_error", *PAGES,
)  # fmt: skip
"""Faults that a client gets over by asking again (or need not notice): the default."""
KINDS = (*PASSING, "html_page", "graphql_unavailable", "expired_token")
"""Every kind.

rate_limited: 429 (GitHub also 403) with Retry-After (PagerDuty: RateLimit-Reset). server_error: 500, 502, 503 or 504.
reset: the connection is reset before an answer. cut_body: it ends before Content-Length bytes. truncated_json: half
the JSON under a Content-Length that fits it. slow_body: the body drips. html_page: 200 with a login page.
graphql_error: errors in a 200, as GitHub reports a query that took too long. graphql_unavailable: a null and an error
of type SERVICE_UNAVAILABLE in a 200. expired_token: Jira refuses a page token. moving_records: a record is updated
while it is paged. repeated_records: a page begins with records of the one before it.
"""

_SCOPE_KEY = "sandbox.fault"
_LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Log in</title></head><body>Please log in to continue.</body></html>"
_TOKEN = re.compile(rb'"nextPageToken"\s*:\s*"[^"]+"')
_OFFSET = re.compile(r"[?&]offset=[1-9]")
_CURSOR = re.compile(rb'"(?:after|before|cursor|\w*[cC]ursor)"\s*:\s*"[^"]+"|(?:after|before)\s*:\s*\\"[^"]+\\"')


def service_of(path: str) -> str:
    """Which double a path of the server belongs to: jira, github, pagerduty, typeform or qualtrics."""
    first = path.split("/", 2)[1]
    return "jira" if first == "rest" else first if first in ("pagerduty", "typeform", "qualtrics") else "github"


class Faults:
    """Decides which request fails how. Thread-safe.

    rate: share of requests with a fault. kinds: which of KINDS. most: faults in the whole life of the object.
    retry_after: seconds told to the client. slow_seconds: how long a slow body takes.
    """

    def __init__(
        self,
        seed: int,
        rate: float = 0.15,
        kinds: Iterable[str] = PASSING,
        *,
        in_a_row: int = 2,
        most: int = 500,
        retry_after: int = 1,
        slow_seconds: float = 0.2,
    ) -> None:
        self.seed = seed
        self.rate = rate
        self.kinds = tuple(kinds)
        unknown = set(self.kinds) - set(KINDS)
        if unknown:
            raise ValueError(f"unknown fault kinds {sorted(unknown)}; known are {', '.join(KINDS)}")
        self.in_a_row = in_a_row
        self.most = most
        self.retry_after = retry_after
        self.slow_seconds = slow_seconds
        self.injected: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self._running: Counter[str] = Counter()
        self._expired: set[str] = set()
        self._lock = threading.Lock()

    def choose(self, method: str, target: str, body: bytes) -> tuple[str | None, random.Random]:
        """The fault of this request (or None) and the random numbers that its details come from."""
        key = hashlib.blake2s(method.encode() + target.encode() + body, digest_size=12).hexdigest()
        with self._lock:
            self._seen[key] += 1
            chance = random.Random(f"{self.seed}|{key}|{self._seen[key]}")
            kind = None
            if chance.random() < self.rate and self._running[key] < self.in_a_row and self.injected.total() < self.most:
                listing = f"{target.split('?')[0]}|{_TOKEN.sub(b'', body)!r}"
                possible = [kind for kind in self.kinds if self._applies(kind, target, body, listing)]
                kind = chance.choice(possible) if possible else None
            if kind == "expired_token":
                self._expired.add(listing)
            if kind is None or kind in PAGES or kind == "slow_body":
                self._running[key] = 0
            else:
                self._running[key] += 1
            if kind:
                self.injected[kind] += 1
            return kind, chance

    def _applies(self, kind: str, target: str, body: bytes, listing: str) -> bool:
        graphql = target.split("?")[0].endswith("/graphql")
        token = bool(_TOKEN.search(body)) or "nextPageToken=" in target
        service = service_of(target)
        if service == "pagerduty" and kind in (*PAGES, "expired_token"):
            return kind == "repeated_records" and bool(_OFFSET.search(target))
        if kind in ("graphql_error", "graphql_unavailable"):
            return graphql
        if kind == "expired_token":
            return token and listing not in self._expired
        if kind in PAGES:
            return token or (graphql and bool(_CURSOR.search(body)))
        return True


def fault_of(request: Request) -> str | None:
    """The fault that a double itself has to act out for this request (`expired_token` and the page faults)."""
    return request.scope.get(_SCOPE_KEY)


class FaultMiddleware:
    """ASGI wrapper that acts out the faults which concern the wire; the others it hands on in the scope."""

    def __init__(self, app: Any, faults: Faults | None) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, perhaps badly."""
        if self.faults is None or scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        target = scope["path"] + "?" + scope["query_string"].decode("latin-1")
        kind, chance = self.faults.choose(scope["method"], target, body)
        scope[_SCOPE_KEY] = kind
        if kind == "reset":
            _reset(send)
            await asyncio.sleep(0)
        elif kind == "rate_limited":
            await _answer(send, *_too_many(service_of(scope["path"]), self.faults.retry_after, chance))
        elif kind == "server_error":
            status = chance.choice([500, 502, 503, 504])
            page = f"<html><body><h1>{status} Server Error</h1></body></html>".encode()
            await _answer(send, status, page, {"content-type": "text/html"})
        elif kind == "html_page":
            await _answer(send, 200, _LOGIN_PAGE, {"content-type": "text/html; charset=utf-8"})
        elif kind in ("graphql_error", "graphql_unavailable"):
            await _answer(send, 200, _graphql_error(kind), {"content-type": "application/json; charset=utf-8"})
        elif kind in ("cut_body", "truncated_json", "slow_body"):
            await self._bad_body(kind, scope, _replay(body), send)
        else:
            await self.app(scope, _replay(body), send)

    async def _bad_body(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the whole good answer, then send it slowly or not to its end."""
        start: dict[str, Any] = {}
        parts: list[bytes] = []

        async def keep(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, receive, keep)
        body = b"".join(parts)
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        half = body[: len(body) // 2]
        length = len(half) if kind == "truncated_json" else len(body)
        await send({**start, "headers": [*headers, (b"content-length", str(length).encode())]})
        if kind == "truncated_json":
            await send({"type": "http.response.body", "body": half})
        elif kind == "cut_body":
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await asyncio.sleep(0)
            _close(send)
            await asyncio.sleep(0)
        else:
            step = max(1, len(body) // 4)
            for at in range(0, len(body), step):
                await send({"type": "http.response.body", "body": body[at : at + step], "more_body": True})
                await asyncio.sleep(self.faults.slow_seconds / 4 if self.faults else 0)
            await send({"type": "http.response.body", "body": b""})


async def _read(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _replay(body: bytes) -> Receive:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _too_many(service: str, retry_after: int, chance: random.Random) -> tuple[int, bytes, dict[str, str]]:
    headers = {"retry-after": str(retry_after), "content-type": "application/json"}
    if service == "pagerduty":
        limits = {"ratelimit-limit": "960", "ratelimit-remaining": "0", "ratelimit-reset": str(retry_after)}
        body = orjson.dumps({"error": {"message": "Rate Limit Exceeded", "code": 2020}})
        return 429, body, {"content-type": "application/json", **limits}
    if service == "github":
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        url = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
        return chance.choice([403, 429]), orjson.dumps({"message": message, "documentation_url": url}), headers
    headers["ratelimit-reason"] = "jira-burst-based"
    return 429, orjson.dumps({"errorMessages": ["Rate limit exceeded."], "errors": {}}), headers


def _graphql_error(kind: str) -> bytes:
    if kind == "graphql_unavailable":
        error = {"type": "SERVICE_UNAVAILABLE", "path": ["repository"], "message": "Service unavailable"}
        return orjson.dumps({"data": {"repository": None}, "errors": [error]})
    message = (
        "Something went wrong while executing your query. This may be the result of a timeout, or it could be a "
        "GitHub bug. Please include `0000:0000:0000000:0000000:00000000` when reporting this issue."
    )
    return orjson.dumps({"data": None, "errors": [{"message": message}]})


def _transport(send: Send) -> Any:
    """The connection under an ASGI `send`: with uvicorn a method of the request's cycle."""
    inner: Any = send
    while not hasattr(inner, "__self__"):
        inner = inner.__wrapped__
    return inner.__self__.transport


def _reset(send: Send) -> None:
    transport = _transport(send)
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _close(send: Send) -> None:
    _transport(send).close()
