"""Extract: the page loop of one stream, from its plan to the committed last page.

A run is a plan of slices; its position (slice, next request) is committed with every page, so a run that was killed
goes on where it stood, also in a later night. A later night first finishes the unfinished run and then makes its own,
so that nothing that changed in between is missed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ingestion.errors import NotAvailable, NotFound, Refused, StopSlice, StopStream, TooExpensive, Unavailable
from ingestion.landing import Run, StreamZone, envelope, utc_text
from ingestion.pagination import LoopGuard, select
from ingestion.stream import Checkpoint, Context, Page, Problem, Quarantined, Record, Request, Slice, Stream

WATERMARK = "{watermark}"
REFUSED = "refused"  # in the cursor of a slice of an optional stream: the vendor's answer
WAS_READ = "was_read"  # beside it: the slice was read before
RECORDS_PER_PAGE = 1000
PAGES_BEFORE_GROWING = 4
QUARANTINED_CHARACTERS = 500


@dataclass(slots=True)
class Progress:
    """Counts of one stream's extraction; `report` is called after every page."""

    records: int = 0
    pages: int = 0
    report: Callable[[Progress], None] = field(default=lambda _: None)

    def add(self, records: int) -> None:
        """Count one landed page."""
        self.records += records
        self.pages += 1
        self.report(self)


def extract(stream: Stream, context: Context, zone: StreamZone, progress: Progress) -> None:
    """Read what is new of a stream into its landing zone.

    Parts that had to be left out are appended to `context.problems`. Raises StopStream or StopConnection (what was
    committed stays, and the next run goes on from there).
    """
    if stream.derive is not None or stream.reader is not None:
        _extract_derived(stream, context, zone, progress)
        return
    run = zone.run
    if run is not None and (run.full or not context.full):
        try:
            _Pages(stream, context, zone, progress).finish(run)
        except Unavailable:
            raise
        except StopStream:
            context.problems.clear()  # the plan is no longer good (a project that is gone): make a new one
        else:
            if datetime.fromisoformat(run.as_of) >= context.as_of:
                return
    context.cursors = {} if context.full else dict(zone.cursors)
    run = zone.begin(stream.slices(context), as_of=context.as_of, full=context.full)
    _Pages(stream, context, zone, progress).finish(run)


def read_records(stream: Stream, context: Context) -> Iterator[dict[str, Any]]:
    """A stream's payloads straight from the vendor, without landing them (for `flowlight check`).

    Parts that cannot be read raise StopStream at the end, all of them in one text.
    """
    if stream.derive is not None:
        yield from (r.payload for r in stream.derive(context) if isinstance(r, Record) and isinstance(r.payload, dict))
        if context.problems:
            errors, cures = ({getattr(p, name): None for p in context.problems} for name in ("error", "cure"))
            raise StopStream("; ".join(errors), "; ".join(cures))
        return
    for slice_ in stream.slices(context):
        request: Request | None = stream.request(slice_)
        guard = LoopGuard()
        while request is not None:
            guard.check(request)
            page = context.http.send(request)
            yield from (r for r in shaped(stream, _records(stream, slice_, page), slice_) if r is not None)
            request = stream.paginator.next(request, page) if stream.paginator else None


class _Pages:
    """The page loop of one run."""

    def __init__(self, stream: Stream, context: Context, zone: StreamZone, progress: Progress) -> None:
        self.stream, self.context, self.zone, self.progress = stream, context, zone, progress
        self.client = context.http
        self.fetched_at = utc_text(context.as_of) or ""
        self.size = stream.page_size[1] if stream.page_size else 0
        self.good_pages = 0
        self._order = time_of(stream.order_by or stream.updated_at)
        self._cursor: tuple[str, Any] | None = None

    def finish(self, run: Run) -> None:
        """Read every slice of the run from its position on, and end it."""
        plan = self.zone.plan(run)
        self.context.read = lambda: self.zone.read_ids(run.first_page)
        while True:
            for index in range(run.slice, len(plan)):
                self._cursor = None
                if plan[index].key not in run.skipped:
                    try:
                        self._read_or_begin_again(run, plan[index])
                    except (StopSlice, Refused) as error:
                        if isinstance(error, Refused) and not self.stream.optional:
                            raise
                        self._skip(run, plan[index], error)
                run.slice, run.request = index + 1, None
                if index + 1 < len(plan) and plan[index + 1].key != plan[index].key:
                    run.watermark = None
                self.zone.commit(run, cursor=self._cursor)
            if self.stream.again is None or run.phase > 0:
                break
            plan = self.zone.extend(run, self.stream.again(self.context))
        is_listing = self.stream.mode == "snapshot" and not run.skipped
        self.zone.finish(run, snapshot=is_listing)
        if self.stream.optional:
            self._judge_refusals()

    def _judge_refusals(self) -> None:
        """Tell the other streams what was refused; NotAvailable where that is all there is."""
        cursors = self.zone.cursors
        refusals = {key: cursor.get(REFUSED) for key, cursor in cursors.items()}
        self.context.memory.setdefault("refusals", {})[self.stream.name] = refusals
        if refusals and all(refusals.values()) and not any(cursor.get(WAS_READ) for cursor in cursors.values()):
            cure = "nothing, if this part of the product is not in use; else give the account the right to it"
            raise NotAvailable(list(refusals.values())[-1], cure)

    def _skip(self, run: Run, slice_: Slice, error: StopSlice | Refused) -> None:
        run.skipped.append(slice_.key)
        before = self.zone.cursors.get(slice_.key)
        if self.stream.optional:
            if before is None or (before.get(REFUSED) and not before.get(WAS_READ)):
                self._cursor = (slice_.key, {**(slice_.cursor or {}), REFUSED: error.error})
                return
            self._cursor = (slice_.key, {**before, REFUSED: error.error, WAS_READ: True})
        label = f"{slice_.label}: " if slice_.label else ""
        self.context.problems.append(Problem(label + error.error, error.cure, stale=before is not None))

    def _read_or_begin_again(self, run: Run, slice_: Slice) -> None:
        """The pages of one slice; from its beginning where its position is no longer good (an expired page token)."""
        try:
            self._read(run, slice_)
        except Unavailable:
            raise
        except StopStream:
            if run.request is None:
                raise
            run.request = None
            self._read(run, slice_)

    def _read(self, run: Run, slice_: Slice) -> None:
        """The pages of one slice; the last one is left to the caller's commit, which also keeps the cursor."""
        request: Request | None
        if run.request is not None:
            request = Request(**run.request)
        else:
            request = self.stream.request(slice_)
        guard = LoopGuard()
        whole: list[dict[str, Any]] = []
        is_first = run.request is None
        while request is not None:
            guard.check(request)
            try:
                request, page = self._fetch(request, slice_)
            except (NotFound, Refused) as error:
                is_missing = isinstance(error, NotFound)
                if is_first and slice_.absent is not None and (is_missing or slice_.absent_if_refused):
                    page = Page(dict(slice_.absent))
                elif is_first and is_missing and slice_.otherwise:
                    request, page = self._fetch(slice_.otherwise, slice_)
                else:
                    raise
            is_first = False
            records = _records(self.stream, slice_, page)
            following = self.stream.paginator.next(request, page) if self.stream.paginator else None
            if self._is_past(slice_, records):
                following = None
            if self.stream.whole_slice:
                whole += records
                records = [] if following else whole
            if records or not following:
                self._land(run, slice_, records)
            if following is None:
                break
            if not self.stream.whole_slice:
                run.request = following.to_state()
                self.zone.commit(run)
            request = following
        if slice_.cursor is not None:
            self._cursor = (slice_.key, _filled(slice_.cursor, run))

    def _land(self, run: Run, slice_: Slice, records: list[dict[str, Any]]) -> None:
        if self.stream.complete is not None:
            records = self.stream.complete(self.context, records, slice_)
        moments = [moment for moment in map(self._moment, records) if moment is not None]
        if moments:
            newest = max(moments).isoformat()
            run.watermark = max(run.watermark, newest) if run.watermark else newest
        lines = encode(self.stream, records, slice_, self.fetched_at)
        self.progress.add(self.zone.write_page(run, lines))

    def _fetch(self, request: Request, slice_: Slice) -> tuple[Request, Page]:
        """The page of a request, in smaller pieces where the vendor gives up on it; the request as it was answered."""
        if self.stream.page_size is None:
            return request, self.client.send(request)
        name, largest, smallest = self.stream.page_size
        while True:
            size = min(self.size, slice_.values.get(name, largest))
            sized = request.with_values(**{name: size}) if _has_size(request, name) else request
            try:
                page = self.client.send(sized, may_shrink=self.size > smallest and sized is not request)
            except TooExpensive:
                self.size, self.good_pages = max(smallest, self.size // 2), 0
                continue
            self.good_pages += 1
            if self.size < largest and self.good_pages >= PAGES_BEFORE_GROWING:
                self.size, self.good_pages = min(largest, self.size * 2), 0
            return sized, page

    def _moment(self, record: dict[str, Any]) -> datetime | None:
        """When a record was updated; None for one that will be quarantined."""
        try:
            return self._order(record)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    def _is_past(self, slice_: Slice, records: list[dict[str, Any]]) -> bool:
        if slice_.until is None or not records:
            return False
        last = self._moment(records[-1])
        return last is not None and last < slice_.until


def _extract_derived(stream: Stream, context: Context, zone: StreamZone, progress: Progress) -> None:
    """Records of a function: landed in one commit, and not at all when they are those of the last time.

    One that sets checkpoints lands what is before each of them with it, and keeps what stands there as its cursors.
    """
    context.cursors = {} if context.full else dict(zone.cursors)
    run = zone.begin([], as_of=context.as_of, full=context.full)
    found: Iterable[Record | Quarantined | Checkpoint] = ()
    if stream.derive is not None:
        found = stream.derive(context)
    elif stream.reader is not None:
        found = stream.reader(context.connection, context.config, context.as_of)
    fetched_at = utc_text(context.as_of) or ""
    digest = hashlib.blake2b(digest_size=16)
    for checkpoint, records in _pages(found):
        for record in records:
            digest.update(envelope(record, ""))
        if records:
            zone.write_page(run, [envelope(record, fetched_at) for record in _unique(records)])
        if checkpoint is not None:
            zone.commit(run, cursor=(checkpoint.key, checkpoint.cursor))
        if records:
            progress.add(len(records))
    content = digest.hexdigest()
    is_listing = stream.mode == "snapshot" and not any(p.stale for p in context.problems)
    zone.finish(run, snapshot=is_listing, digest=content, keep=content != zone.digest)


def _pages(
    found: Iterable[Record | Quarantined | Checkpoint],
) -> Iterator[tuple[Checkpoint | None, list[Record | Quarantined]]]:
    """(checkpoint or None, the records before it) in pages of at most RECORDS_PER_PAGE."""
    records: list[Record | Quarantined] = []
    for each in found:
        if isinstance(each, Checkpoint):
            yield each, records
            records = []
        else:
            records.append(each)
            if len(records) == RECORDS_PER_PAGE:
                yield None, records
                records = []
    if records:
        yield None, records


def encode(stream: Stream, records: Iterable[dict[str, Any]], slice_: Slice, fetched_at: str) -> list[bytes]:
    """The lines of a page: one a record, the last where an id comes twice; a bad record becomes a quarantined one."""
    of_id, of_time = _id_of(stream), time_of(stream.updated_at)
    lines: dict[str | int, bytes] = {}
    for number, record in enumerate(records):
        try:
            id_ = of_id(record, slice_)
            updated_at = of_time(record)
            payload = record if stream.shape is None else stream.shape(record, slice_)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"{stream.name}: a record without usable key or time ({type(error).__name__}: {error})"
            lines[number] = envelope(Quarantined(reason, record=_names(record)), fetched_at)
            continue
        if payload is not None:
            lines[id_] = orjson.dumps(
                {
                    "id": id_,
                    "updated_at": None if updated_at is None else updated_at.replace(tzinfo=None),
                    "fetched_at": fetched_at,
                    "payload": payload,
                }
            )
    return list(lines.values())


def shaped(stream: Stream, records: Iterable[dict[str, Any]], slice_: Slice) -> Iterator[dict[str, Any] | None]:
    """The payloads as they would land."""
    return (stream.shape(record, slice_) if stream.shape else record for record in records)


def time_of(rule: Any) -> Callable[[dict[str, Any]], datetime | None]:
    """The function that gives a record's time in UTC, by a stream's rule (field name, function, None)."""
    if rule is None:
        return lambda record: None
    if isinstance(rule, str):
        return lambda record: utc(record[rule])
    return lambda record: utc(rule(record))


def utc(value: datetime | str | int | float | None) -> datetime | None:
    """A vendor's time as tz-aware UTC: ISO text (without zone: UTC), epoch seconds or milliseconds, datetime."""
    if value is None:
        return None
    if isinstance(value, int | float):
        seconds = value / 1000 if abs(value) > 1e11 else value
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _records(stream: Stream, slice_: Slice, page: Page) -> list[dict[str, Any]]:
    path = stream.records if slice_.records is None else slice_.records
    if path == "." and isinstance(page.body, dict):
        return [page.body]
    found = page.body if isinstance(page.body, list) else select(page.body, path)
    if not isinstance(found, list):
        raise StopStream(
            f"{page.url}: the answer has no list {path or 'of records'!r}",
            "check base_url; the vendor's API may have changed",
        )
    return [record for record in found if record is not None]


def _has_size(request: Request, name: str) -> bool:
    sent = (request.json or {}).get("variables") if request.graphql else (request.json or request.params)
    return name in (sent or {})


def _filled(cursor: Any, run: Run) -> Any:
    """The cursor with "{watermark}" filled in: at most the run's start, so that a change while paging is read again."""
    start = datetime.fromisoformat(run.as_of).astimezone(UTC).isoformat()
    watermark = min(run.watermark, start) if run.watermark else None
    return {k: watermark if v == WATERMARK else v for k, v in cursor.items()}


def _id_of(stream: Stream) -> Callable[[dict[str, Any], Slice], str]:
    rule = stream.id
    if isinstance(rule, str):
        return lambda record, slice_: str(record[rule])
    return rule


def _unique(records: Iterable[Record | Quarantined]) -> list[Record | Quarantined]:
    """The latest record of each id (among equals the last), and everything without one."""
    kept: dict[str | int, Record | Quarantined] = {}
    for number, record in enumerate(records):
        if isinstance(record, Record):
            before = kept.get(record.id)
            if isinstance(before, Record) and _is_older(record, before):
                continue
            kept[record.id] = record
        else:
            kept[number] = record
    return list(kept.values())


def _is_older(record: Record, other: Record) -> bool:
    return record.updated_at is not None and other.updated_at is not None and record.updated_at < other.updated_at


def _names(record: Any) -> str:
    """The member names of a bad record; its values may be personal."""
    text = ", ".join(record) if isinstance(record, dict) else type(record).__name__
    return text[:QUARANTINED_CHARACTERS]
