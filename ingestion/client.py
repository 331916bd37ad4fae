"""HTTP: one session per connection, with time-outs, retries, rate limits, and no secret anywhere it could be read.

What happens to an answer (`Client.send`):

| answer | what is done |
|---|---|
| refused or reset, time-out, body shorter than announced, JSON cut off, 5xx, 408 | again, after a jittered pause |
| 429, 403 of a rate limit, GraphQL RATE_LIMITED | again, after `Retry-After` or the quota's reset |
| time-out, 502, 504 or a node limit where the page can be smaller | `TooExpensive` |
| 404, GraphQL NOT_FOUND or FORBIDDEN | `NotFound` (or the part that could be read, see `Page.errors`) |
| 401 | `StopConnection` |
| 400, 403 without a rate limit | `Refused` with the vendor's words |
| any other 4xx, GraphQL error, HTML in place of JSON | `StopStream`/`StopConnection` with the vendor's words |
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Self
from urllib.parse import quote, urljoin, urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter

from ingestion.errors import IngestionError, NotFound, Refused, StopConnection, StopStream, TooExpensive, Unavailable
from ingestion.quota import Quotas, retry_after
from ingestion.stream import Endpoint, Page, Request

LOG = logging.getLogger("flowlight")

ATTEMPTS = 6
BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3900.0
MOST_WAITS = 20
TOLD_WAIT_SECONDS = 15.0
MOST_REDIRECTS = 5
CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 60.0
ANSWER_TIMEOUT_SECONDS = 300.0
CHUNK_BYTES = 1 << 20
SHORTEST_SECRET = 8
LONGEST_WORDS = 300
PASSING = {"SERVICE_UNAVAILABLE", "INTERNAL", "INTERNAL_ERROR", "INTERNAL_SERVER_ERROR", "BAD_GATEWAY", "LOADING"}
UNREADABLE = {"NOT_FOUND", "FORBIDDEN"}
TOO_EXPENSIVE = {"MAX_NODE_LIMIT_EXCEEDED", "RESOURCE_LIMITS_EXCEEDED", "TIMEOUT", "NODE_LIMIT_EXCEEDED"}


class _Retry(IngestionError):
    """Something passing: try again after `wait` seconds (None: the usual backoff); `stop` is what it is if it stays."""

    def __init__(
        self,
        error: str,
        cure: str = "run again later",
        *,
        wait: float | None = None,
        shrink: bool = False,
        stop: type[IngestionError] = Unavailable,
    ) -> None:
        super().__init__(error, cure)
        self.wait = wait
        self.shrink = shrink
        self.stop = stop


class Client:
    """Requests to one connection. Not shared between threads.

    `requests` counts every HTTP request sent; `quota_left` is the share (0-1) left of the vendor's tightest quota.
    `sleep` and `now` (seconds since the epoch) are replaceable for tests.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        timeout: tuple[float, float] = (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
    ) -> None:
        self.endpoint = endpoint
        self.requests = 0
        self._sleep = sleep
        self._timeout = timeout
        self._quotas = Quotas(endpoint.quota_ceiling, now)
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(max_retries=0))
        self._session.mount("https://", HTTPAdapter(max_retries=0))
        self._session.headers.update({"Accept": "application/json", "User-Agent": "flowlight", **endpoint.headers})
        self._session.auth = lambda prepared: prepared  # no .netrc; the token is set per request, see _headers
        self._secrets = _secrets(endpoint.authorization)
        self._origins = {_origin(url) for url in (endpoint.root, endpoint.graphql_url) if url}

    def __repr__(self) -> str:
        return f"Client({self.endpoint.root})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the session's connections."""
        self._session.close()

    @property
    def quota_left(self) -> float | None:
        """Share (0-1) of the tightest quota that is left, None where the vendor gives none."""
        return self._quotas.left

    def hide(self, text: str) -> str:
        """A text without the credentials, which a careless vendor may repeat in its answers."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def wait(self, seconds: float) -> None:
        """Let time pass between two looks at something that the vendor prepares."""
        self._sleep(seconds)

    def send(self, request: Request, *, may_shrink: bool = False) -> Page:
        """The parsed answer to a request; see the module's table for the errors.

        may_shrink: the caller can ask for a smaller page, so an answer that is too big is not asked for again as it is.
        """
        try:
            return self._send(request, may_shrink)
        except IngestionError as error:
            raise type(error)(self.hide(error.error), self.hide(error.cure)) from None

    def _send(self, request: Request, may_shrink: bool) -> Page:
        failures = waits = 0
        while True:
            self._sleep_off(self._quotas.pause(request.graphql), request)
            try:
                return self._attempt(request)
            except _Retry as again:
                if again.shrink and may_shrink:
                    raise TooExpensive(again.error, again.cure) from None
                if again.wait is None:
                    failures += 1
                    if failures >= ATTEMPTS:
                        raise again.stop(f"{again.error} ({ATTEMPTS} attempts)", again.cure) from None
                    self._sleep(_backoff(failures))
                else:
                    waits += 1
                    if waits > MOST_WAITS:
                        raise again.stop(f"{again.error} ({waits} times in a row)", again.cure) from None
                    self._sleep_off(max(again.wait, _backoff(waits) if again.wait == 0 else 0.0), request)

    def _sleep_off(self, seconds: float, request: Request) -> None:
        if seconds > LONGEST_WAIT_SECONDS:
            raise StopConnection(
                f"{self._url(request)}: the quota is used up for another {seconds / 60:.0f} minutes",
                "run again later; the next run goes on where this one stopped",
            )
        if seconds > 0:
            if seconds > TOLD_WAIT_SECONDS:
                LOG.warning("%s: waiting %.0f s for the rate limit", self.hide(_bare(self._url(request))), seconds)
            self._sleep(seconds)

    def _url(self, request: Request) -> str:
        if request.graphql:
            return self.endpoint.graphql_url
        return urljoin(self.endpoint.root.rstrip("/") + "/", request.path.lstrip("/"))

    def _headers(self, url: str) -> dict[str, str]:
        if self.endpoint.authorization and _origin(url) in self._origins:
            return {self.endpoint.authorization_header: self.endpoint.authorization}
        return {}

    def _attempt(self, request: Request) -> Page:
        url = self._url(request)
        params: Mapping[str, Any] | None = request.params or None
        for _ in range(MOST_REDIRECTS + 1):
            status, headers, body, location = self._exchange(request, url, params)
            if location is None:
                return self._judge(request, url, status, headers, body)
            if request.method != "GET" and status not in (307, 308):
                raise StopConnection(
                    f"{url} answers {status} and points to {_bare(urljoin(url, location))}",
                    "set base_url to the address that the API itself has",
                )
            url, params = urljoin(url, location), None
        raise StopConnection(f"{self._url(request)} redirects more than {MOST_REDIRECTS} times", "check base_url")

    def _exchange(
        self, request: Request, url: str, params: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], bytes, str | None]:
        data = orjson.dumps(request.json) if request.json is not None else None
        headers = self._headers(url)
        if data is not None:
            headers["Content-Type"] = "application/json"
        self.requests += 1
        deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
        try:
            with self._session.request(
                request.method,
                url,
                params=params,
                data=data,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                chunks = []
                for chunk in answer.iter_content(CHUNK_BYTES):
                    chunks.append(chunk)
                    if time.monotonic() > deadline:
                        raise requests.exceptions.ReadTimeout
                body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
                location = answer.headers.get("Location") if answer.is_redirect else None
                return answer.status_code, answer.headers, body, location
        except requests.exceptions.ConnectTimeout:
            raise _Retry(
                f"{_bare(url)} cannot be reached (no connection in time)",
                "check base_url and the network, then run again",
                stop=StopConnection,
            ) from None
        except requests.exceptions.Timeout:
            raise _Retry(f"{_bare(url)} gives no answer in time", shrink=True) from None
        except requests.exceptions.SSLError as error:
            raise StopConnection(
                f"{_bare(url)}: the TLS certificate is refused ({_words(error)})",
                "check base_url; for a private authority set REQUESTS_CA_BUNDLE",
            ) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise StopConnection(f"{_bare(url)!r} is no HTTP address", "write base_url as https://host") from None
        except requests.exceptions.ChunkedEncodingError:
            raise _Retry(f"{_bare(url)}: the answer was cut off") from None
        except requests.exceptions.RequestException as error:
            raise _Retry(
                f"{_bare(url)} cannot be reached ({_words(error)})",
                "check base_url and the network, then run again",
                stop=StopConnection,
            ) from None

    def _judge(self, request: Request, url: str, status: int, headers: Mapping[str, str], body: bytes) -> Page:
        where = f"{request.method} {_bare(url)}"
        self._quotas.note(request.graphql, headers)
        limited = status == 429 or (status == 403 and _is_rate_limit(headers, body))
        if limited:
            raise _Retry(f"{where}: rate limit", wait=self._wait(request, headers))
        if status >= 500 or status == 408:
            wait = retry_after(headers, self._quotas.now)
            raise _Retry(f"{where} answers {status}", wait=wait, shrink=status in (502, 504) and wait is None)
        if status == 401:
            raise StopConnection(f"{where}: the credentials are refused (401)", self._cure("check the token"))
        if status >= 400:
            self._refuse(where, status, body)
        if status == 204 or (not body and status != 200):
            return Page(None, headers, url)
        if request.is_file:
            return Page(body, headers, url)
        value = _parse(where, headers, body)
        return (
            self._judge_graphql(request, where, Page(value, headers, url))
            if request.graphql
            else Page(value, headers, url)
        )

    def _refuse(self, where: str, status: int, body: bytes) -> None:
        said = self.hide(_said(body))[:LONGEST_WORDS]
        error = f"{where} answers {status}" + (f": {said}" if said else "")
        if status in (404, 409, 422):
            raise NotFound(error, "check the name, and that the token may see it" + self.endpoint.hint)
        if status == 403:
            raise Refused(error, self._cure("give the token the missing permission"))
        if status == 410:
            raise StopStream(error, "the vendor has removed this address; update Flowlight")
        raise Refused(error, "check the configuration of this connection")

    def _judge_graphql(self, request: Request, where: str, page: Page) -> Page:
        if not isinstance(page.body, dict):
            raise StopStream(f"{where}: the answer is no GraphQL result", "check graphql_url")
        data = page.body.get("data")
        self._quotas.note_graphql((data or {}).get("rateLimit"))
        errors = page.body.get("errors") or ()
        if not errors:
            if data is None:
                raise _Retry(f"{where}: a GraphQL answer without data", shrink=True)
            return page
        kinds = {str(e.get("type") or (e.get("extensions") or {}).get("code") or "") for e in errors}
        said = "; ".join(sorted({self.hide(str(e.get("message", "")))[:LONGEST_WORDS] for e in errors}))
        error = f"{where}: {said}"
        if "RATE_LIMITED" in kinds:
            raise _Retry(error, wait=self._wait(request, page.headers))
        if kinds & TOO_EXPENSIVE or "Something went wrong" in said or "timeout" in said.lower():
            raise _Retry(error, shrink=True)
        if kinds & PASSING:
            raise _Retry(error)
        if kinds <= UNREADABLE:
            if data is None or all(v is None for k, v in data.items() if k != "rateLimit"):
                raise NotFound(error, "check the name, and that the token may see it")
            return Page(page.body, page.headers, page.url, tuple(errors))
        if "INSUFFICIENT_SCOPES" in kinds:
            raise StopConnection(error, self._cure("give the token the missing scope"))
        raise StopStream(error, "check the configuration of this connection")

    def _wait(self, request: Request, headers: Mapping[str, str]) -> float:
        wait = retry_after(headers, self._quotas.now)
        return wait if wait is not None else self._quotas.until_reset(request.graphql)

    def _cure(self, otherwise: str) -> str:
        return self.endpoint.cure or otherwise


def _secrets(authorization: str) -> tuple[str, ...]:
    """What must be hidden of a header: its value, the part behind the scheme, the token in it; the longest first."""
    scheme, _, value = authorization.partition(" ")
    found = {authorization, value}
    if value.startswith("token="):
        found.add(value.removeprefix("token="))
    if scheme.lower() == "basic":
        with suppress(binascii.Error, UnicodeDecodeError):
            found.add(base64.b64decode(value, validate=True).decode().partition(":")[2])
    found |= {quote(secret, safe="") for secret in found}
    return tuple(sorted((s for s in found if len(s) >= SHORTEST_SECRET), key=len, reverse=True))


def _backoff(failures: int) -> float:
    """Seconds before the next attempt: exponential, with jitter between half and the whole."""
    return min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** (failures - 1)) * random.uniform(0.5, 1.0)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _bare(url: str) -> str:
    """The address without query and user info, which may hold what nobody should read."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _words(error: BaseException) -> str:
    """The innermost cause of a network error, in a few words and without the URL's query."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    text = str(error).split("] ")[-1].split("(")[0].strip(" :,'\"")
    return text[:120] or type(error).__name__


def _is_rate_limit(headers: Mapping[str, str], body: bytes) -> bool:
    return (
        "Retry-After" in headers or headers.get("x-ratelimit-remaining") == "0" or b"rate limit" in body[:2000].lower()
    )


def _said(body: bytes) -> str:
    """The vendor's own words in an error answer."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(value, dict):
        return ""
    words = [str(w) for w in value.get("errorMessages") or []]
    fields = value.get("errors")
    words += [f"{k}: {v}" for k, v in fields.items()] if isinstance(fields, dict) else []
    words += [str(value["message"])] if value.get("message") else []
    error = value.get("error")
    if isinstance(error, dict):
        words += [str(word) for word in (error.get("message"), *(error.get("errors") or ())) if word]
    return "; ".join(words)


def _parse(where: str, headers: Mapping[str, str], body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    if body[:200].lstrip()[:1] == b"<" or "text/html" in headers.get("Content-Type", ""):
        raise StopConnection(
            f"{where} answers with an HTML page in place of JSON",
            "base_url must be the API's address, not a sign-in page or a proxy; open it in a browser to see the page",
        )
    try:  # a lone surrogate is legal for some vendors' JSON writers
        return json.loads(json.dumps(json.loads(body)).encode("utf-8", "replace"), object_hook=_without_surrogates)
    except ValueError:
        raise _Retry(f"{where}: the JSON is cut off or broken") from None


def _without_surrogates(value: dict[str, Any]) -> dict[str, Any]:
    return {_clean(k): _clean(v) for k, v in value.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return [_clean(v) for v in value] if isinstance(value, list) else value
