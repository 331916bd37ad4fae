"""Rate limits as vendors tell them in headers, and how long to pause so that a share of the quota stays free.

Read from the answers, never hard-coded: `Retry-After` (seconds or HTTP date),
`X-RateLimit-Limit/Remaining/Reset/Resource` (the reset as epoch seconds or ISO time),
`RateLimit-Limit/Remaining/Reset` (the reset in seconds from now, as PagerDuty has it), GraphQL's `rateLimit {limit
remaining resetAt}`. A limit of 0 means that limits are switched off (GitHub Enterprise Server). The vendor's own
clock (`Date`) is the reference where it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

UNKNOWN_RESET_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Quota:
    """limit and remaining in the vendor's units; `reset_at` in seconds since the epoch by our own clock."""

    limit: float
    remaining: float
    reset_at: float


class Quotas:
    """The latest state of a connection's quotas, by resource. `ceiling`: the share (0-1] of each that may be used."""

    def __init__(self, ceiling: float, now: Callable[[], float]) -> None:
        self.ceiling = ceiling
        self.now = now
        self._by_resource: dict[bool, Quota] = {}

    @property
    def left(self) -> float | None:
        """Share of the tightest quota that is left, None if none is known."""
        shares = [q.remaining / q.limit for q in self._by_resource.values() if q.limit > 0]
        return min(shares, default=None)

    def note(self, graphql: bool, headers: Mapping[str, str]) -> None:
        """Remember what an answer's headers say."""
        limit, remaining = _number(headers.get("X-RateLimit-Limit")), _number(headers.get("X-RateLimit-Remaining"))
        if limit is not None and remaining is not None:
            reset = _instant(headers.get("X-RateLimit-Reset"))
            self._set(graphql, limit, remaining, reset, _vendor_now(headers))
            return
        limit, remaining = _number(headers.get("RateLimit-Limit")), _number(headers.get("RateLimit-Remaining"))
        if limit is not None and remaining is not None:
            seconds, now = _number(headers.get("RateLimit-Reset")), self.now()
            self._set(graphql, limit, remaining, None if seconds is None else now + seconds, now)

    def note_graphql(self, rate_limit: Any) -> None:
        """Remember what a GraphQL answer's `rateLimit` member says, unless the headers said it already."""
        if not isinstance(rate_limit, dict) or True in self._by_resource:
            return
        limit, remaining = _number(rate_limit.get("limit")), _number(rate_limit.get("remaining"))
        if limit is not None and remaining is not None:
            self._set(True, limit, remaining, _instant(rate_limit.get("resetAt")), None)

    def _set(
        self, graphql: bool, limit: float, remaining: float, reset: float | None, vendor_now: float | None
    ) -> None:
        now = self.now()
        wait = UNKNOWN_RESET_SECONDS if reset is None else max(0.0, reset - (now if vendor_now is None else vendor_now))
        self._by_resource[graphql] = Quota(limit, remaining, now + wait)

    def pause(self, graphql: bool) -> float:
        """Seconds to wait before the next request so that the ceiling holds; 0 where there is room."""
        quota = self._by_resource.get(graphql)
        if quota is None or quota.limit <= 0 or quota.limit - quota.remaining < quota.limit * self.ceiling:
            return 0.0
        del self._by_resource[graphql]  # after the reset, the next answer tells the new state
        return max(0.0, quota.reset_at - self.now())

    def until_reset(self, graphql: bool) -> float:
        """Seconds until the quota of a refused request is full again."""
        quota = self._by_resource.pop(graphql, None)
        return UNKNOWN_RESET_SECONDS if quota is None or quota.limit <= 0 else max(0.0, quota.reset_at - self.now())


def retry_after(headers: Mapping[str, str], now: Callable[[], float]) -> float | None:
    """Seconds that `Retry-After` asks to wait (given in seconds or as an HTTP date), None without the header."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    until = _http_date(value)
    if until is None:
        return None
    vendor = _vendor_now(headers)
    return max(0.0, until - (now() if vendor is None else vendor))


def _vendor_now(headers: Mapping[str, str]) -> float | None:
    return _http_date(headers.get("Date"))


def _http_date(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _instant(value: Any) -> float | None:
    """Seconds since the epoch of an epoch number or an ISO time (Jira sends minutes: 2026-03-01T12:00Z)."""
    number = _number(value)
    if number is not None or value is None:
        return number
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
