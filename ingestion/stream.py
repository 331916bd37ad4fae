"""Source and Stream: a source is data.

A `Source` is one system (Jira, GitHub, an inbox of survey files), a `Stream` one kind of record of it and, at the same
time, one raw table `raw_<source>.<stream>`. A stream gets its records in exactly one of three ways:

- pages over HTTP: `path` or `query` (GraphQL), `paginator`, `records`; planned by `slices` (one repository, one batch
  of ids, ...);
- `derive`: a small function of what is already in the warehouse and the client (field roles, a census);
- `reader`: a function over files (surveys, organisation files).

All three end in the same landing zone and the same load. Code (a hook) stands only where a vendor really needs it;
every hook is a function of its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ingestion.errors import StopStream

if TYPE_CHECKING:
    from ingestion.client import Client
    from ingestion.load import Warehouse

Mode = Literal["merge", "snapshot"]


class Connection(Protocol):
    """What ingestion needs of one entry of connections.yml; `ingestion.config.Connection` is one."""

    name: str
    type: str
    start_date: date | None


class Secret(Protocol):
    """A value that only shows itself on demand (pydantic's SecretStr)."""

    def get_secret_value(self) -> str:
        """The value itself; the only place that calls this is the one that sets the Authorization header."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """One record on its way to the landing zone.

    `id` is unique within stream and connection; `updated_at` is tz-aware UTC, or None where the source has no such
    time; `payload` is a JSON object (dict, or its bytes, which are kept unchanged).
    """

    id: str
    updated_at: datetime | None
    payload: dict[str, Any] | bytes


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that cannot be loaded: it goes to `raw_ingestion.quarantine`, the others of its page go on.

    `reason` says what is wrong and what would be right; `file` and `line` (1-based) where it stands; `record` is its
    text without personal data.
    """

    reason: str
    file: str | None = None
    line: int | None = None
    record: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Between the records of a `derive`: those before it are whole; they are committed together with this cursor."""

    key: str
    cursor: Any


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, without secrets: it is written to the landing zone's state as it is.

    `path` is relative to the connection's API root, or an absolute URL (from a Link header). `json` is the body of a
    POST; for GraphQL it holds {"query", "variables"} and `graphql` is set. is_file: the answer is a file, not JSON.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    graphql: bool = False
    is_file: bool = False

    def to_state(self) -> dict[str, Any]:
        """The request as JSON values."""
        return {
            "method": self.method,
            "path": self.path,
            "params": dict(self.params),
            "json": dict(self.json) if self.json is not None else None,
            "graphql": self.graphql,
            "is_file": self.is_file,
        }

    def with_values(self, **values: Any) -> Request:
        """The same request with other params (GET), body members (POST) or variables (GraphQL)."""
        if self.graphql:
            body = self.json or {}
            return replace(self, json={**body, "variables": {**body.get("variables", {}), **values}})
        if self.json is not None:
            return replace(self, json={**self.json, **values})
        return replace(self, params={**self.params, **values})


def graphql(query: str, **variables: Any) -> Request:
    """The request of one GraphQL query."""
    return Request("POST", "graphql", json={"query": query, "variables": variables}, graphql=True)


@dataclass(frozen=True, slots=True)
class Page:
    """One parsed answer: `body` is the JSON value (or a file's bytes), `headers` a case-insensitive mapping.

    `errors`: the members of a GraphQL answer that could not be read (not found, forbidden), where the rest could.
    """

    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    errors: tuple[Mapping[str, Any], ...] = ()


class Paginator(Protocol):
    """Gives the request of the next page, or None after the last. Stateless: all it needs is in its arguments."""

    def next(self, request: Request, page: Page) -> Request | None:
        """The next request; raises `RepeatedPage` where the vendor's answer would lead to the same page again."""
        ...


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a stream that is read page by page and finished on its own (a repository, a batch of ids, a query).

    values: fill `{placeholders}` of the path; the rest of them join the params, the JSON body or the GraphQL variables.
    request, records: this slice's own first request and records path, in place of the stream's.
    otherwise: the request to make when the first one is answered "not found" (a commit that no longer exists).
    absent: what stands for the answer where there is none (not found; with absent_if_refused, not allowed either).
    until: the slice ends behind the first page whose last record is older (tz-aware; for listings in descending order
    of the stream's `order_by`).
    cursor: what the stream remembers under `key` once the slice is finished; the text "{watermark}" as one of its
    values becomes the earlier of the run's start and the newest `order_by` seen. None remembers nothing.
    extra: what `shape` and `complete` need to know; never sent. label: how an error names the slice.
    """

    key: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    request: Request | None = None
    records: str | None = None
    otherwise: Request | None = None
    absent: Mapping[str, Any] | None = None
    absent_if_refused: bool = False
    until: datetime | None = None
    cursor: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    def to_state(self) -> dict[str, Any]:
        """The slice as JSON values, for the plan file of a run."""
        return {
            "key": self.key,
            "values": dict(self.values),
            "request": self.request.to_state() if self.request else None,
            "records": self.records,
            "otherwise": self.otherwise.to_state() if self.otherwise else None,
            "absent": dict(self.absent) if self.absent is not None else None,
            "absent_if_refused": self.absent_if_refused,
            "until": self.until.isoformat() if self.until else None,
            "cursor": dict(self.cursor) if self.cursor is not None else None,
            "extra": dict(self.extra),
            "label": self.label,
        }

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> Slice:
        """The inverse of `to_state`."""
        values = dict(state)
        for name in ("request", "otherwise"):
            values[name] = Request(**values[name]) if values[name] else None
        values["until"] = datetime.fromisoformat(values["until"]) if values["until"] else None
        return Slice(**values)


@dataclass
class Context:
    """What a hook may look at while a stream is planned or derived.

    `cursors` are the stream's remembered cursors by slice key (empty when `full`); `problems` collects parts that had
    to be left out (they make the StreamRun 'failed' or 'stale' without stopping it); `read` gives the ids that this run
    has landed so far; `memory` is shared by all streams of the connection during one sync. Its "refusals" hold, by
    optional stream that was read to its end, the vendor's refusal (or None) by slice key.
    """

    connection: Any
    config: Any
    as_of: datetime
    warehouse: Warehouse
    client: Client | None = None
    full: bool = False
    cursors: Mapping[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)
    read: Callable[[], set[str]] = set

    @property
    def http(self) -> Client:
        """The connection's client; StopStream where it has no address."""
        if self.client is None:
            raise StopStream(f"connection {self.connection.name} has no address", "set base_url")
        return self.client

    def known(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Rows of the warehouse; `$1` is the connection's name, further parameters follow."""
        return self.warehouse.query(sql, [self.connection.name, *params])


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a stream that could not be read: what, and the cure. `stale`: our copy has older data of it."""

    error: str
    cure: str
    stale: bool = False


Slices = Callable[[Context], Sequence[Slice]]
Derive = Callable[[Context], Iterable[Record | Quarantined | Checkpoint]]
Reader = Callable[[Any, Any, datetime], Iterable[Record | Quarantined]]
IdOf = Callable[[dict[str, Any], Slice], str]
UpdatedOf = Callable[[dict[str, Any]], datetime | str | int | None]
Shape = Callable[[dict[str, Any], Slice], dict[str, Any] | None]
Complete = Callable[[Context, list[dict[str, Any]], Slice], list[dict[str, Any]]]


def one_slice(context: Context) -> Sequence[Slice]:
    """The plan of a stream that is read in one go."""
    del context
    return (Slice(key=""),)


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record: where it comes from, how it is paged, which of its fields are the key and the time.

    mode: 'merge' keeps what is not listed again; 'snapshot' removes rows that the latest complete listing does not
    have.
    requires: streams of the same source that must not have failed in this run.
    optional: a system may lack it. A slice that it refuses (not found, not allowed, makes no sense) and that was never
    read is left out; where that is all of them, the stream is `not_available`.
    records: dotted path of the list in an answer ('' = the answer itself, '.' = the answer is one record; None entries
    are left out).
    id, updated_at: a field name, or a function of (record, slice) for the id and of the record for the time. order_by:
    the time that `Slice.until` and the watermark look at (default: updated_at).
    page_size: (name of the param or variable, largest size, smallest size); it is halved when the vendor gives up on a
    page.
    shape: (record, slice) -> the payload that may land (without personal data), or None to leave the record out.
    complete: (context, records of a page, slice) -> records; may fetch what belongs to them (children beyond the first
    page).
    whole_slice: the pages of a slice are collected and landed as one (for records that are split over pages).
    slices, again: the plan of a run; `again` makes a second one when the first is finished (records to look at once
    more).
    derive, reader: in place of pages over HTTP; a reader is called with (connection, config, as_of).
    """

    name: str
    mode: Mode = "merge"
    requires: tuple[str, ...] = ()
    optional: bool = False
    method: str = "GET"
    path: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    query: str | None = None
    paginator: Paginator | None = None
    page_size: tuple[str, int, int] | None = None
    records: str = ""
    id: str | IdOf = "id"
    updated_at: str | UpdatedOf | None = None
    order_by: str | UpdatedOf | None = None
    shape: Shape | None = None
    complete: Complete | None = None
    whole_slice: bool = False
    slices: Slices = one_slice
    again: Slices | None = None
    derive: Derive | None = None
    reader: Reader | None = None

    def request(self, slice_: Slice) -> Request:
        """The first request of a slice."""
        if slice_.request is not None:
            return slice_.request
        values = dict(slice_.values)
        if self.page_size is not None:
            values.setdefault(self.page_size[0], self.page_size[1])
        if self.query is not None:
            return graphql(self.query, **values)
        path = self.path
        for name in [name for name in values if "{" + name + "}" in path]:
            path = path.replace("{" + name + "}", str(values.pop(name)))
        body = None if self.body is None else dict(self.body)
        return Request(self.method, path, dict(self.params), body).with_values(**values)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How to talk to one system: where, with which headers, and which of them is the secret.

    `root` is the API root that relative paths join; `graphql_url` the GraphQL address; `authorization` the whole value
    of the header that carries the secret (never printed), `authorization_header` its name. `quota_ceiling`: the share
    of the vendor's quota that may be used. `cure` is said where the credentials are refused, `hint` is added where an
    address is not found.
    """

    root: str
    graphql_url: str = ""
    authorization: str = field(default="", repr=False)
    authorization_header: str = "Authorization"
    headers: Mapping[str, str] = field(default_factory=dict)
    quota_ceiling: float = 0.8
    cure: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One system: its name (schema `raw_<name>`), its streams in the order they are read, how to reach it.

    `endpoint` is None for sources that read files. `check` is the request that proves address and credentials.
    """

    name: str
    streams: tuple[Stream, ...]
    endpoint: Callable[[Any], Endpoint] | None = None
    check: Request | None = None

    def stream(self, name: str) -> Stream:
        """The stream of that name; KeyError names the streams there are."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        raise KeyError(f"{self.name} has no stream {name!r}; it has {', '.join(s.name for s in self.streams)}")


@dataclass(frozen=True, slots=True)
class StreamRun:
    """What became of one stream in one run; a row of `raw_ingestion.stream_runs`."""

    connection: str
    source: str
    stream: str
    as_of: datetime
    status: Literal["ok", "failed", "not_available", "stale"]
    records: int = 0
    pages: int = 0
    requests: int = 0
    error: str | None = None
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """Where a stream stands: counts so far, records per second, share of the quota that is left (None: unknown)."""

    connection: str
    stream: str
    records: int
    pages: int
    requests: int
    rate: float
    quota_left: float | None = None


Progress = Callable[[ProgressEvent], None]
