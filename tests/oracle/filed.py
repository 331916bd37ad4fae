"""Initiatives of inbox files (METRICS.md section 4), from the raw records: their life, key result and items."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tests.oracle.flow_items import Item
from tests.oracle.raw_data import Payload
from tests.oracle.timeline import BEGINNING, FOREVER, Timeline, micros


class Stay(NamedTuple):
    """A stay in a state."""

    start: int
    end: int
    state: str


class Fields(NamedTuple):
    """What its fields held through time."""

    connection: str
    key_result: Timeline[str | None]
    outcome: Timeline[str | None]


@dataclass(frozen=True, slots=True)
class Filed:
    """An initiative of a file, as an item of the tracker is told; it is one, of one team, all its life."""

    key: str
    team: str | None
    value_stream: str | None
    created_at: int
    started_at: int | None
    done_at: int | None
    intervals: list[Stay]
    history: Fields
    names: tuple[str, ...]
    has_history: bool
    level: str = "initiative"

    def identity_at(self, moment: int) -> "Filed":
        """What it is at a moment."""
        del moment
        return self


def filed_initiatives(records: Iterable[tuple[str, str, Payload]], as_of: int) -> list[Filed]:
    """Those that there are at the run's clock and whose dates fit each other."""
    found = []
    for connection, id_, record in records:
        created = micros(record["created_at"])
        if not record.get("deleted") and created <= as_of and not _is_contradictory(record):
            found.append(_filed(connection, f"{connection}:{id_}", record, created, as_of))
    return found


def _is_contradictory(record: Payload) -> bool:
    names = ("created_at", "started_at", "done_at", "cancelled_at")
    moments = [micros(record[name]) for name in names if record.get(name)]
    has = {name: bool(record.get(name)) for name in names}
    has_end = has["done_at"] or has["cancelled_at"]
    return moments != sorted(moments) or {
        "new": has["started_at"] or has_end, "active": has_end, "waiting": has_end, "done": has["cancelled_at"],
    }.get(record["state"], False)  # fmt: skip


def _filed(connection: str, key: str, record: Payload, created: int, as_of: int) -> Filed:
    def seen(name: str) -> int | None:
        return micros(record[name]) if record.get(name) and micros(record[name]) <= as_of else None

    is_under_way = record["state"] in ("active", "waiting")
    first = record["state"] if is_under_way and not record.get("started_at") else "new"
    moments = [(created, first), (seen("started_at"), record["state"] if is_under_way else "active"),
               (seen("done_at"), "done"), (seen("cancelled_at"), "cancelled")]  # fmt: skip
    known = [(at, state) for at, state in moments if at is not None]
    ends = [at for at, _ in known[1:]] + [FOREVER]
    stays = [Stay(at, end, state) for (at, state), end in zip(known, ends, strict=True) if at < end]
    fields = (_values(record, name, created, as_of) for name in ("key_result", "anticipated_outcome"))
    return Filed(
        key, record.get("team"), record.get("value_stream"), created, seen("started_at"), seen("done_at"), stays,
        Fields(connection, *fields), tuple(record.get("items") or ()), "history" in record,
    )  # fmt: skip


def _values(record: Payload, name: str, created: int, as_of: int) -> Timeline[str | None]:
    """What a field held: its history, else what stands there now, since there is the initiative."""
    written = [
        (micros(entry["changed_at"]), entry.get("value"))
        for entry in record.get("history") or []
        if entry["field"] == name
    ]
    known = [(at, value) for at, value in written if at <= as_of] if written else [(created, record.get(name))]
    return Timeline([(BEGINNING, None), *known])


def members(filed: Iterable[Filed], items: Iterable[Item], as_of: int) -> Mapping[str, Filed]:
    """By key of an item, the first of the initiatives that name it: by a key that one item has, of no initiative."""
    named: dict[str, set[str]] = defaultdict(set)
    tracked = set()
    for item in items:
        for number in item.history.keys:
            for name in (number, f"{item.history.connection}:{number}"):
                named[name.lower()].add(item.key)
        if item.identity_at(as_of).level == "initiative":
            tracked.add(item.key)
    found: dict[str, Filed] = {}
    for initiative in sorted(filed, key=lambda each: (each.created_at, each.key)):
        for name in initiative.names:
            known = named.get(name.strip().lower(), set())
            if len(known) == 1 and not known & tracked:
                found.setdefault(next(iter(known)), initiative)
    return found
