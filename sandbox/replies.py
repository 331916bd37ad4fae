"""HTTP replies shared by the doubles: orjson bodies, opaque page tokens, authentication."""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response


@dataclass(slots=True)
class Settings:
    """What the doubles of one server share; the clock may be moved while the server runs.

    token: the only accepted secret (None: any non-empty one). history_created: how the bulk changelog writes times,
    `epoch_ms`, `epoch_s` or `iso`. rate_limit: GitHub points and requests an hour (0: limits switched off, as on a
    GitHub Enterprise Server without them). touched: node or issue id -> `updated` forced by `touch`.
    """

    url: str
    clock: datetime
    token: str | None = None
    history_created: str = "epoch_ms"
    rate_limit: int = 10_000
    version: int = 0
    touched: dict[str, datetime] = field(default_factory=dict)


class BadToken(ValueError):
    """A page token that was not issued for this query, is damaged, or has expired."""


def reply(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON reply; `data` may hold orjson.Fragment parts that are already serialised."""
    return Response(orjson.dumps(data), status, headers, media_type="application/json")


def write_token(offset: int, query: str, clock: datetime) -> str:
    """An opaque token for the page that starts at `offset` of `query`, issued at `clock`.

    Stateless, so that a client may resume after the double was restarted.
    """
    body = f"{offset}:{_digest(query)}:{int(clock.timestamp())}"
    return base64.urlsafe_b64encode(f"{body}:{_digest(body)[:6]}".encode()).decode().rstrip("=")


def read_token(token: str, query: str, clock: datetime, lifetime_seconds: int) -> int:
    """The offset in a page token. Raises BadToken when it is unknown, of another query, or too old."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        body, _, check = text.rpartition(":")
        offset, digest, issued = body.split(":")
        valid = check == _digest(body)[:6] and digest == _digest(query)
        age = int(clock.timestamp()) - int(issued)
        if valid and age <= lifetime_seconds:
            return int(offset)
    except (ValueError, binascii.Error):
        pass
    raise BadToken(token)


def basic_credentials(request: Request) -> tuple[str, str] | None:
    """User and secret of an HTTP Basic header, or None."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return (user, secret) if user and secret else None


def bearer_token(request: Request) -> str | None:
    """The secret of a Bearer (or GitHub's older `token`) header, or None."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() or None if scheme.lower() in ("bearer", "token") else None


def iso(at: datetime | None) -> str | None:
    """GitHub's form of a time: `2026-07-01T02:00:00Z`, whole seconds."""
    if at is None:
        return None
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat()[:19] + "Z"


def _digest(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()
