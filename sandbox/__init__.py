"""A simulated company with known truth, and doubles of the vendors' APIs that serve it."""

from datetime import UTC, datetime

DEFAULT_CLOCK = datetime(2026, 7, 1, 2, tzinfo=UTC)
