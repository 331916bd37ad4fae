"""PagerDuty (REST API v2): services, priorities, log entries, incidents.

Whatever happens to an incident leaves a log entry, and a log entry never changes. So a night reads the account's log
entries since the last one (100 a request; an incident has five to ten), and these incidents:

- those created since the last night less `LOOK_BACK`, which is when most of them change;
- all that are open, whatever their age;
- by id, those that a log entry names and that are older, or that are open in our copy and no longer listed.

A first load reads windows of at most half a year (the vendor's limit) since the start date; what was open then has
log entries since, or is open now. An incident that cannot be found by id (deleted, or a right was lost) is marked
`absent_since` and the stream is stale; a later night that does not find it either confirms it
(`absent_confirmed_at`). For `ASKED_AGAIN_FOR` it is asked for again, and the log is read again from that time on:
what happened while a right was lost is read when it comes back. A merged incident is resolved with a reason that
names the other one. People, teams, notes and notifications are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ingestion.pagination import WindowOffset
from ingestion.stream import Context, Endpoint, Problem, Request, Slice, Source, Stream

PER_PAGE = 100
LOOK_BACK = timedelta(days=2)
WINDOW = timedelta(days=180)
ASKED_AGAIN_FOR = timedelta(days=30)
OPEN = ("triggered", "acknowledged")
SILENT_ENTRIES = ("notify_log_entry",)  # who was told how: nothing but people
SERVICE_MEMBERS = ("id", "name", "status", "created_at", "html_url")
PRIORITY_MEMBERS = ("id", "name", "rank")
INCIDENT_MEMBERS = (
    "id", "incident_number", "title", "status", "urgency", "created_at", "updated_at", "last_status_change_at",
    "resolved_at", "html_url", "alert_counts", "incident_type", "absent_since", "absent_confirmed_at",
)  # fmt: skip
PAGED = {"limit": PER_PAGE, "offset": 0}
UTC_TIMES = {"time_zone": "UTC"}


def endpoint(connection: Any) -> Endpoint:
    """How to reach PagerDuty: an API key, and the version in the Accept header."""
    secret = connection.token.get_secret_value() if connection.token else ""
    return Endpoint(
        root=connection.base_url,
        authorization=f"Token token={secret}",
        headers={"Accept": "application/vnd.pagerduty+json;version=2", "Content-Type": "application/json"},
        quota_ceiling=connection.quota_ceiling,
        cure=f"check the API key in {connection.token_env or 'token_env'}: a read-only one will do (Integrations, API "
        "Access Keys); an account in the EU has its API at https://api.eu.pagerduty.com",
    )


def _service(record: dict[str, Any], _: Slice) -> dict[str, Any]:
    return _some(record, SERVICE_MEMBERS)


def _priority(record: dict[str, Any], _: Slice) -> dict[str, Any]:
    return _some(record, PRIORITY_MEMBERS)


def _ranked(_: Context, priorities: list[dict[str, Any]], slice_: Slice) -> list[dict[str, Any]]:
    """Priorities are listed from most to least severe."""
    del slice_
    return [{**priority, "rank": rank} for rank, priority in enumerate(priorities, 1)]


def _log_entry(record: dict[str, Any], _: Slice) -> dict[str, Any] | None:
    """What happened when to which incident; of who did it only whether it was a person."""
    if record["type"] in SILENT_ENTRIES:
        return None
    return {
        **_some(record, ("id", "type", "created_at")),
        "incident": {"id": record["incident"]["id"]},
        "agent": _some(record.get("agent") or {}, ("type",)),
        "channel": _some(record.get("channel") or {}, ("type",)),
    }


def _incident(record: dict[str, Any], _: Slice) -> dict[str, Any]:
    """Without people and teams, alerts' contents and notes."""
    reason = record.get("resolve_reason") or {}
    return {
        **_some(record, INCIDENT_MEMBERS),
        "service": _some(record.get("service") or {}, ("id", "summary")),
        "priority": _some(record.get("priority") or {}, ("id", "summary")) or None,
        "resolve_reason": {"type": reason.get("type"), "incident": _some(reason.get("incident") or {}, ("id",))}
        if reason
        else None,
    }


def _updated_at(record: dict[str, Any]) -> str | None:
    return record.get("updated_at") or record.get("last_status_change_at") or record.get("created_at")


def _start(context: Context) -> datetime:
    return datetime.combine(context.connection.start_date, datetime.min.time(), UTC)


def _read_until(context: Context) -> datetime | None:
    """Until when the stream was read, by the same start date; None before the first load."""
    cursor = context.cursors.get("") or {}
    is_known = cursor.get("start_date") == str(context.connection.start_date)
    return datetime.fromisoformat(cursor["until"]) if is_known else None


def _since(context: Context, look_back: timedelta) -> datetime:
    until = _read_until(context)
    return _start(context) if until is None else max(_start(context), until - look_back)


def _windows(since: datetime, until: datetime) -> Iterator[dict[str, str]]:
    """The time from `since` to `until` in parts that the vendor accepts."""
    while since < until:
        end = min(since + WINDOW, until)
        yield {"since": _text(since), "until": _text(end + timedelta(seconds=1))}
        since = end


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _cursor(context: Context, **more: Any) -> dict[str, Any]:
    until = context.as_of.astimezone(UTC).isoformat()
    return {"until": until, "start_date": str(context.connection.start_date), **more}


def _log_entry_slices(context: Context) -> Sequence[Slice]:
    since = _since(context, timedelta(minutes=context.connection.overlap_minutes))
    if (absent := _absent_since(context)) is not None:
        since = max(_start(context), min(since, absent - LOOK_BACK))
    windows = list(_windows(since, context.as_of))
    last = len(windows) - 1
    return [
        Slice(values=window, cursor=_cursor(context) if place == last else None, label=f"log entries {window['since']}")
        for place, window in enumerate(windows)
    ]


def _absent_since(context: Context) -> datetime | None:
    """Since when incidents cannot be found that are still asked for; None if there are none."""
    rows = context.known(
        """select min((payload->>'$.absent_since')::timestamptz) from raw_pagerduty.incidents
        where connection = $1 and (payload->>'$.absent_since')::timestamptz > $2::timestamptz""",
        _text(context.as_of - ASKED_AGAIN_FOR),
    )
    return rows[0][0]


def _incident_slices(context: Context) -> Sequence[Slice]:
    """Older ones that changed, by id; those created since; all that are open."""
    since = _since(context, LOOK_BACK)
    before = context.cursors.get("") or {}
    seen = before.get("log_page", 0) if _read_until(context) else None
    page = _last_log_page(context)
    plan = [] if seen is None else _by_id(context, _changed_before(context, since, seen))
    plan += [Slice(values=window, label=f"incidents {window['since']}") for window in _windows(since, context.as_of)]
    open_ones = Request("GET", "/incidents", {**PAGED, **UTC_TIMES, "date_range": "all", "statuses[]": list(OPEN)})
    return [*plan, Slice(request=open_ones, cursor=_cursor(context, log_page=page), label="open incidents")]


def _last_log_page(context: Context) -> int:
    """Number of the last page of log entries that is loaded; it holds also where the warehouse is made anew."""
    return context.known(
        """select coalesce(max(split_part(page, '-', 1)::bigint), 0) from raw_ingestion.loads
        where connection = $1 and source = 'pagerduty' and stream = 'log_entries'"""
    )[0][0]


def _changed_before(context: Context, since: datetime, page: int) -> list[str]:
    """Known incidents created before a time that log entries of later pages name."""
    rows = context.known(
        """with new_loads as (
            select distinct load_id from raw_ingestion.loads
            where connection = $1 and source = 'pagerduty' and stream = 'log_entries'
                and split_part(page, '-', 1)::bigint > $2
        )
        select distinct incidents.id
        from raw_pagerduty.log_entries as entries
        inner join raw_pagerduty.incidents as incidents
            on entries.connection = incidents.connection and entries.payload->>'$.incident.id' = incidents.id
        where entries.connection = $1 and entries.load_id in (from new_loads)
            and (incidents.payload->>'$.created_at')::timestamptz < $3::timestamptz
        order by 1""",
        page,
        _text(since),
    )
    return [row[0] for row in rows]


def _missing(context: Context) -> Sequence[Slice]:
    """Incidents that a log entry names and that we never read; those open in our copy that were not listed."""
    rows = context.known(
        f"""select distinct entries.payload->>'$.incident.id' from raw_pagerduty.log_entries as entries
        where entries.connection = $1 and not exists (
            select 1 from raw_pagerduty.incidents as incidents
            where incidents.connection = $1 and incidents.id = entries.payload->>'$.incident.id'
        )
        union
        select id from raw_pagerduty.incidents
        where connection = $1 and payload->>'$.status' in {OPEN} and (
            payload->>'$.absent_confirmed_at' is null
            or (payload->>'$.absent_since')::timestamptz > $2::timestamptz
        )
        order by 1""",
        _text(context.as_of - ASKED_AGAIN_FOR),
    )
    read = context.read()
    return _by_id(context, [row[0] for row in rows if row[0] not in read])


def _by_id(context: Context, ids: Sequence[str]) -> list[Slice]:
    known = dict(
        context.known(
            "select id, payload::varchar from raw_pagerduty.incidents where connection = $1 and list_contains($2, id)",
            list(ids),
        )
    )
    return [
        Slice(
            key=id_,
            request=Request("GET", f"/incidents/{id_}", UTC_TIMES),
            records=".",
            absent={"absent": True},
            absent_if_refused=True,
            extra={"known": known.get(id_)},
            label=f"incident {id_}",
        )
        for id_ in ids
    ]


def _found(context: Context, records: list[dict[str, Any]], slice_: Slice) -> list[dict[str, Any]]:
    """The incidents of an answer; our copy, marked, where the vendor has the incident no more."""
    return [
        _absent(context, slice_) if record.get("absent") else record.get("incident") or record for record in records
    ]


def _absent(context: Context, slice_: Slice) -> dict[str, Any]:
    at = context.as_of.astimezone(UTC).isoformat()
    known = orjson.loads(slice_.extra["known"]) if slice_.extra["known"] else {"id": slice_.key}
    if known.get("absent_since"):
        return {"absent_confirmed_at": at, **known}
    context.problems.append(
        Problem(
            f"{slice_.label} is no longer found",
            "give the API key the right to see it; if a later night does not find it either, it counts as deleted",
            stale=True,
        )
    )
    return {**known, "absent_since": at}


def _some(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}


PAGERDUTY = Source(
    name="pagerduty",
    endpoint=endpoint,
    check=Request("GET", "/services", {"limit": 1}),
    streams=(
        Stream(
            name="services",
            mode="snapshot",
            path="/services",
            params=PAGED,
            paginator=WindowOffset("services"),
            records="services",
            shape=_service,
        ),
        Stream(
            name="priorities",
            mode="snapshot",
            optional=True,
            path="/priorities",
            params=PAGED,
            paginator=WindowOffset("priorities"),
            records="priorities",
            shape=_priority,
            complete=_ranked,
            whole_slice=True,
        ),
        Stream(
            name="log_entries",
            path="/log_entries",
            params={**PAGED, **UTC_TIMES},
            paginator=WindowOffset("log_entries", newest_first=True),
            records="log_entries",
            updated_at="created_at",
            shape=_log_entry,
            slices=_log_entry_slices,
        ),
        Stream(
            name="incidents",
            requires=("log_entries",),
            path="/incidents",
            params={**PAGED, **UTC_TIMES, "sort_by": "created_at:asc"},
            paginator=WindowOffset("incidents"),
            records="incidents",
            updated_at=_updated_at,
            shape=_incident,
            complete=_found,
            slices=_incident_slices,
            again=_missing,
        ),
    ),
)
