"""Landed pages -> raw tables, in one DuckDB file.

`raw_<source>.<stream>` holds one row per (connection, id): connection, id, updated_at, fetched_at, payload, load_id.
A row is replaced by a newer one only, and a record that says nothing new changes nothing (its load_id stays: what is
built on the row need not be built again). A batch of pages, its quarantine and its ledger rows are one transaction, so
a kill leaves a page loaded or not loaded. Pages that the ledger does not know are loaded: after a kill, or all of them
when the warehouse file was deleted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import duckdb
import zstandard

from ingestion.landing import LandedPage, StreamZone
from ingestion.stream import Source, StreamRun

PAGES_PER_BATCH = 100
BYTES_PER_BATCH = 64_000_000
ROW_GROUP_SIZE = 8192
MEMORY_LIMIT = "384MB"
LARGEST_RECORD_BYTES = 16 << 20
FRAME_HEADER_BYTES = 18

ENVELOPE = "{id: 'VARCHAR', updated_at: 'TIMESTAMP', fetched_at: 'TIMESTAMP', payload: 'JSON'}"
RAW_COLUMNS = """connection varchar not null, id varchar not null, updated_at timestamp, fetched_at timestamp not null,
    payload json using compression zstd, load_id bigint not null"""
META_TABLES = {
    "connections": "connection varchar, type varchar, source varchar, base_url varchar, start_date date, "
    "is_configured boolean",
    "stream_runs": "connection varchar, source varchar, stream varchar, as_of timestamp, status varchar, "
    "records bigint, pages bigint, requests bigint, error varchar, cure varchar",
    "loads": "load_id bigint, connection varchar, source varchar, stream varchar, page varchar, records bigint, "
    "as_of timestamp",
    "quarantine": "connection varchar, source varchar, stream varchar, page varchar, line bigint, reason varchar, "
    "record varchar, fetched_at timestamp, load_id bigint",
    "settings": "as_of timestamp, time_zone varchar, organization_name varchar, min_team_size integer, "
    "min_respondents integer, done_grace_minutes integer, publish_titles boolean, currency varchar, "
    "workday_start varchar, workday_end varchar, working_days varchar, outcome_min_words integer, "
    "outcome_template varchar, experience_drivers varchar",
    "published_metric_values": "as_of timestamp, metric varchar, definition_version integer, family varchar, "
    "scope_type varchar, scope_id varchar, period_grain varchar, period_start date, breakdown varchar, value double, "
    "n bigint, data_quality varchar, is_complete boolean",
    "published_restatements": "metric varchar, family varchar, scope_type varchar, scope_id varchar, "
    "period_grain varchar, period_start date, breakdown varchar, night timestamp, previous_night timestamp, "
    "old_value double, new_value double, old_n bigint, new_n bigint, old_data_quality varchar, "
    "new_data_quality varchar, old_definition_version integer, new_definition_version integer",
    "published_sentiment_versions": "wave_key varchar, driver varchar, scope_type varchar, scope_id varchar, "
    "value_stream_id varchar, version integer, versioned_at timestamp, n bigint, score_sum double, "
    "favourable_answers bigint, favourable_count bigint, promoters_count bigint, passives_count bigint, "
    "detractors_count bigint, invited_count bigint",
    "published_sentiment_answers": "wave_key varchar, driver varchar, scope_type varchar, scope_id varchar, "
    "version integer, answer_hash ubigint",
}


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which record of an id holds: `replaces` (new against old) and `order` among those of one batch, best first."""

    replaces: str
    order: str


NEWER = _Rule(
    """coalesce(new.updated_at, timestamp '-infinity') > coalesce(old.updated_at, timestamp '-infinity')
    or (new.updated_at is not distinct from old.updated_at and new.fetched_at >= old.fetched_at
        and new.payload is distinct from old.payload)""",
    "updated_at desc nulls last, fetched_at desc, filename desc",
)
LISTED_LATER = _Rule(  # a listing (a file, say) says what holds now, also with an earlier time
    """new.fetched_at >= old.fetched_at
    and (new.updated_at is distinct from old.updated_at or new.payload is distinct from old.payload)""",
    "fetched_at desc, filename desc",
)


class Warehouse:
    """The warehouse file, open for writing: `with Warehouse(path) as warehouse`. Any thread may call any method.

    While it is open no other process can open the file; `duckdb.IOException` where another one has it open.
    """

    def __init__(self, path: Path, *, memory_limit: str = MEMORY_LIMIT) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.RLock()
        self._connection = duckdb.connect()
        self._connection.execute(
            f"""set memory_limit = '{memory_limit}'; set temp_directory = {_text(str(path.parent / "tmp"))};
            set preserve_insertion_order = false; set checkpoint_threshold = '256MB'; set TimeZone = 'UTC';
            set enable_progress_bar = false"""
        )
        self._connection.execute(
            f"attach {_text(str(path))} as warehouse (row_group_size {ROW_GROUP_SIZE}); use warehouse"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Checkpoint and close; afterwards no `.wal` stands beside the file."""
        with self._lock:
            self._connection.execute("use memory")
            self._connection.execute("detach warehouse")
            self._connection.close()

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement; parameters as `?` or `$1`."""
        with self._lock:
            return self._connection.execute(sql, list(params)).fetchall()

    def ensure_tables(self, sources: Iterable[Source] | None = None) -> None:
        """Create every raw table of every source (default: all there are) and the tables of `raw_ingestion`."""
        if sources is None:
            from ingestion.sources import SOURCES

            sources = SOURCES.values()
        with self._lock:
            for source in sources:
                self._connection.execute(f"create schema if not exists {_schema(source.name)}")
                for stream in source.streams:
                    self._connection.execute(
                        f"create table if not exists {_table(source.name, stream.name)} ({RAW_COLUMNS})"
                    )
            self._connection.execute("create schema if not exists raw_ingestion")
            for name, columns in META_TABLES.items():
                self._connection.execute(f"create table if not exists raw_ingestion.{name} ({columns})")

    def load(self, zone: StreamZone, *, connection: str, source: str, stream: str, as_of: datetime) -> int:
        """Load the committed pages that the ledger does not know, in their order; the number of records read from them.

        After them, rows that the zone's latest complete listing (`zone.snapshot`) does not have are removed.
        """
        known = {row[0] for row in self.query(
            "select page from raw_ingestion.loads where connection = ? and source = ? and stream = ?",
            [connection, source, stream],
        )}  # fmt: skip
        records = 0
        for batch in _batches([page for page in zone.pages() if page.name not in known]):
            rule = NEWER if zone.snapshot is None else LISTED_LATER
            records += self._load_batch(batch, connection, source, stream, as_of, rule)
        if zone.snapshot is not None:
            self._remove_vanished(zone, connection, source, stream)
        return records

    def _load_batch(
        self, pages: Sequence[LandedPage], connection: str, source: str, stream: str, as_of: datetime, rule: _Rule
    ) -> int:
        table, meta = _table(source, stream), [connection, source, stream]
        with self._lock, self._transaction() as sql:
            load_id = sql.execute("select coalesce(max(load_id), 0) + 1 from raw_ingestion.loads").fetchall()[0][0]
            self._read_into("landed", pages)
            ids, different = sql.execute("select count(id), count(distinct id) from landed").fetchall()[0]
            # only where ids repeat: the window carries every payload through a sort
            latest = f"qualify row_number() over (partition by id order by {rule.order}) = 1" if ids > different else ""
            sql.execute(
                f"""merge into {table} as old using (
                    select id, updated_at, fetched_at, payload from landed where id is not null {latest}
                ) as new on old.connection = $1 and old.id = new.id
                when matched and ({rule.replaces})
                then update set updated_at = new.updated_at, fetched_at = new.fetched_at, payload = new.payload,
                    load_id = $2
                when not matched then insert values ($1, new.id, new.updated_at, new.fetched_at, new.payload, $2)""",
                [connection, load_id],
            )
            sql.execute(
                """insert into raw_ingestion.quarantine
                select ?, ?, ?, coalesce(payload->>'$.file', parse_filename(filename)), (payload->>'$.line')::bigint,
                    payload->>'$.reason', payload->>'$.record', fetched_at, ?
                from landed where id is null""",
                [*meta, load_id],
            )
            counts = dict(sql.execute("select filename, count(*) from landed group by filename").fetchall())
            at = _naive(as_of)
            sql.executemany(
                "insert into raw_ingestion.loads values (?, ?, ?, ?, ?, ?, ?)",
                [[load_id, *meta, page.name, counts.get(str(page.path), 0), at] for page in pages],
            )
            sql.execute("drop table landed")
            return sum(counts.values())

    def _read_into(self, name: str, pages: Sequence[LandedPage]) -> None:
        """Read pages into a temporary table; a page with a record beyond 16 MiB needs a larger buffer."""
        statement = (
            f"create or replace temp table {name} as select * from read_json(?, format = 'newline_delimited', "
            f"compression = 'zstd', filename = true, columns = {ENVELOPE}, maximum_object_size = ?)"
        )
        largest = max((_content_bytes(page.path) for page in pages), default=0)
        size = LARGEST_RECORD_BYTES if largest < LARGEST_RECORD_BYTES else min(largest, 1 << 31) + 1024
        self._connection.execute(statement, [[str(page.path) for page in pages], size])

    def _remove_vanished(self, zone: StreamZone, connection: str, source: str, stream: str) -> None:
        first, last = zone.snapshot or (1, 0)
        pages = [page for page in zone.pages(first) if page.number <= last]
        with self._lock, self._transaction() as sql:
            if pages:
                self._read_into("listed", pages)
                condition = "and id not in (select id from listed where id is not null)"
            else:
                condition = ""
            sql.execute(f"delete from {_table(source, stream)} where connection = ? {condition}", [connection])
            sql.execute("drop table if exists listed")

    def record_runs(self, runs: Iterable[StreamRun]) -> None:
        """Keep what became of streams; the latest attempt of one (connection, stream, as_of) wins."""
        with self._lock, self._transaction() as sql:
            for run in runs:
                key = [run.connection, run.source, run.stream, _naive(run.as_of)]
                sql.execute(
                    "delete from raw_ingestion.stream_runs "
                    "where connection = ? and source = ? and stream = ? and as_of = ?",
                    key,
                )
                sql.execute(
                    "insert into raw_ingestion.stream_runs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [*key, run.status, run.records, run.pages, run.requests, run.error, run.cure],
                )

    def write_settings(self, config: Any, as_of: datetime) -> None:
        """Write the one row of `raw_ingestion.settings` (clock, the organisation's rules) and the connections.

        A connection that is no longer configured stays, with `is_configured` false.
        """
        from ingestion.sources import SOURCES

        organization = config.organization
        settings = [
            _naive(as_of),
            organization.time_zone,
            organization.name,
            organization.min_team_size,
            organization.min_respondents,
            organization.done_grace_minutes,
            organization.publish_titles,
            organization.currency,
            *organization.workday,
            ",".join(organization.working_days),
            organization.outcome_min_words,
            organization.outcome_template,
            ",".join(organization.experience_drivers),
        ]
        with self._lock, self._transaction() as sql:
            # made anew each time: an earlier version's table may lack a column
            sql.execute(f"create or replace table raw_ingestion.settings ({META_TABLES['settings']})")
            sql.execute(f"insert into raw_ingestion.settings values ({', '.join('?' * len(settings))})", settings)
            sql.execute("update raw_ingestion.connections set is_configured = false")
            for each in config.connections:
                source = SOURCES[each.type].name
                sql.execute("delete from raw_ingestion.connections where connection = ?", [each.name])
                sql.execute(
                    "insert into raw_ingestion.connections values (?, ?, ?, ?, ?, true)",
                    [each.name, each.type, source, each.base_url, each.start_date],
                )

    def _transaction(self) -> _Transaction:
        return _Transaction(self._connection)


class _Transaction:
    """begin ... commit, or rollback where an error leaves the block."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        self._connection.execute("begin")
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("commit" if kind is None else "rollback")


def _batches(pages: Sequence[LandedPage]) -> Iterator[list[LandedPage]]:
    """Pages in their order, at most 100 and about 64 MB (uncompressed) at a time, so that memory stays bounded."""
    batch: list[LandedPage] = []
    size = 0
    for page in pages:
        content = _content_bytes(page.path)
        if batch and (len(batch) == PAGES_PER_BATCH or size + content > BYTES_PER_BATCH):
            yield batch
            batch, size = [], 0
        batch.append(page)
        size += content
    if batch:
        yield batch


def _content_bytes(path: Path) -> int:
    """Uncompressed size of a page, from the header of its zstd frame."""
    with path.open("rb") as file:
        return max(0, zstandard.frame_content_size(file.read(FRAME_HEADER_BYTES)))


def _schema(source: str) -> str:
    return f"raw_{source}"


def _table(source: str, stream: str) -> str:
    return f'{_schema(source)}."{stream}"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
