"""Dependabot, code-scanning and secret-scanning alerts of GitHub (REST), and what a repository does not have.

Alerts come newest change first, until the last reading. Which repositories have changes is asked once an owner, of the
organisation's own listing; where the account may not read that, every repository is asked. Whatever that says, each
repository is read again once in two weeks, in turns: no listing tells that a part of the product was switched on or
off.

A repository that refuses (403, 404: switched off, or no right) is `not_available` in `availabilities`, with the
vendor's words, and the others are read. No secret, comment or person lands: what is kept is listed by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.errors import NotFound, Refused
from ingestion.extract import REFUSED, utc
from ingestion.pagination import LinkHeader, LoopGuard
from ingestion.sources.github_scope import moment, reference, repositories_in_scope
from ingestion.stream import Context, Record, Request, Shape, Slice, Slices, Stream

TURNS = 14
ORGANIZATION_PAGES = 10
NEWEST_FIRST = {"sort": "updated", "direction": "desc", "per_page": 100}
COMMON = ("number", "state", "created_at", "updated_at", "fixed_at", "dismissed_at", "dismissed_reason")
ADVISORY = ("ghsa_id", "cve_id", "severity", "published_at", "withdrawn_at")
RULE = ("id", "name", "severity", "security_severity_level", "tags")
SECRET = (
    "number", "state", "created_at", "updated_at", "resolved_at", "resolution", "secret_type",
    "secret_type_display_name", "validity", "publicly_leaked", "push_protection_bypassed",
)  # fmt: skip
ADDRESS = re.compile(r"https?://\S*?(?=/repos/)")


def _slices(path: str, params: Mapping[str, Any]) -> Slices:
    """The plan of one kind of alerts: what is new, what changed, and those whose turn it is."""

    def slices(context: Context) -> Sequence[Slice]:
        repositories = sorted(repositories_in_scope(context), key=lambda repository: repository["id"])
        changes = _Changes(context, path, params)
        overlap = timedelta(minutes=context.connection.overlap_minutes)
        plan = []
        for place, repository in enumerate(repositories):
            cursor = context.cursors.get(repository["id"]) or {}
            looked_at = moment(cursor.get("read_at"))
            since = looked_at - overlap if looked_at and not cursor.get(REFUSED) else None
            is_turn = place % TURNS == context.as_of.toordinal() % TURNS
            is_turn &= looked_at is None or looked_at.date() < context.as_of.date()
            if cursor and not is_turn and not changes.may_have(repository["nameWithOwner"], since):
                continue
            plan.append(
                Slice(
                    key=repository["id"],
                    request=Request("GET", f"repos/{repository['nameWithOwner']}/{path}", dict(params)),
                    until=since,
                    cursor={"read_at": context.as_of.astimezone(UTC).isoformat()},
                    extra={"repository": reference(repository)},
                    label=f"repository {repository['nameWithOwner']}",
                )
            )
        return plan

    return slices


class _Changes:
    """When the alerts of an owner's repositories changed last, as far back as needed; asked at most once an owner."""

    def __init__(self, context: Context, path: str, params: Mapping[str, Any]) -> None:
        self._context, self._path, self._params = context, path, params
        self._read: dict[str, tuple[dict[str, datetime], datetime | None]] = {}

    def may_have(self, name: str, since: datetime | None) -> bool:
        """Whether a repository may have alerts that changed since then (None: it refused, has it any at all)."""
        owner = name.split("/")[0].lower()
        if owner not in self._read:
            self._read[owner] = self._of(owner)
        latest, reaches_to = self._read[owner]
        newest = latest.get(name.lower())
        if since is None:
            return newest is not None
        return (newest is not None and newest >= since) or (reaches_to is not None and since < reaches_to)

    def _of(self, owner: str) -> tuple[dict[str, datetime], datetime | None]:
        """Newest change by repository, and how far back that is known (None: to the beginning)."""
        needed = self._oldest_reading(owner)
        latest: dict[str, datetime] = {}
        oldest = self._context.as_of
        request: Request | None = Request("GET", f"orgs/{owner}/{self._path}", dict(self._params))
        guard = LoopGuard()
        for _ in range(ORGANIZATION_PAGES):
            if request is None:
                return latest, None
            guard.check(request)
            try:
                page = self._context.http.send(request)
            except (NotFound, Refused):
                return {}, datetime.max.replace(tzinfo=UTC)
            for alert in page.body:
                at = utc(_changed_at(alert))
                if at is not None:
                    latest.setdefault(alert["repository"]["full_name"].lower(), at)
                    oldest = at
            if oldest < needed:
                break
            request = LinkHeader().next(request, page)
        return latest, oldest

    def _oldest_reading(self, owner: str) -> datetime:
        overlap = timedelta(minutes=self._context.connection.overlap_minutes)
        readings = [
            moment((self._context.cursors.get(repository["id"]) or {}).get("read_at"))
            for repository in repositories_in_scope(self._context)
            if repository["nameWithOwner"].split("/")[0].lower() == owner
        ]
        return min((at for at in readings if at), default=self._context.as_of) - overlap


def _changed_at(record: Mapping[str, Any]) -> str | None:
    """The time of an alert's last change; older servers give secrets none while they are open."""
    return record.get("updated_at") or record.get("resolved_at") or record.get("created_at")


def _dependabot(record: dict[str, Any], slice_: Slice) -> dict[str, Any]:
    dependency, found = record.get("dependency") or {}, record.get("security_vulnerability") or {}
    advisory = record.get("security_advisory") or {}
    return _some(record, (*COMMON, "auto_dismissed_at")) | {
        "package": _some(dependency.get("package") or found.get("package") or {}, ("ecosystem", "name")),
        "manifest_path": dependency.get("manifest_path"),
        "scope": dependency.get("scope"),
        "severity": found.get("severity") or advisory.get("severity"),
        "advisory": _some(advisory, ADVISORY),
        "repository": {"id": slice_.extra["repository"]["id"]},
    }


def _code_scanning(record: dict[str, Any], slice_: Slice) -> dict[str, Any]:
    latest = record.get("most_recent_instance") or {}
    return _some(record, COMMON) | {
        "rule": _some(record.get("rule") or {}, RULE),
        "tool": (record.get("tool") or {}).get("name"),
        "path": (latest.get("location") or {}).get("path"),
        "ref": latest.get("ref"),
        "repository": {"id": slice_.extra["repository"]["id"]},
    }


def _secret_scanning(record: dict[str, Any], slice_: Slice) -> dict[str, Any]:
    """Without the secret, where it was found and who bypassed what."""
    return _some(record, SECRET) | {"repository": {"id": slice_.extra["repository"]["id"]}}


def _some(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: record.get(name) for name in names}


def _alerts(name: str, path: str, shape: Shape, **params: str) -> Stream:
    return Stream(
        name=name,
        optional=True,
        requires=("repositories",),
        paginator=LinkHeader(),
        id=lambda record, slice_: f"{slice_.extra['repository']['id']}:{record['number']}",
        updated_at=_changed_at,
        shape=shape,
        slices=_slices(path, {**NEWEST_FIRST, **params}),
    )


def _availabilities(context: Context) -> Iterable[Record]:
    """For each repository whether it has runs and alerts to read; what was not read tonight stays as it is.

    The reason names the path only: a server that moved to another address is no news.
    """
    before = dict(context.known("select id, payload->>'$.at' from raw_github.availabilities where connection = $1"))
    said = dict(context.known("select id, payload->>'$.reason' from raw_github.availabilities where connection = $1"))
    in_scope = {repository["id"] for repository in repositories_in_scope(context)}
    for stream, refusals in sorted(context.memory.get("refusals", {}).items()):
        for key, refusal in sorted(refusals.items()):
            if key not in in_scope:
                continue
            id_, reason = f"{key}:{stream}", ADDRESS.sub("", refusal or "")
            is_same = id_ in before and bool(said[id_]) == bool(reason)
            yield Record(
                id_,
                None,
                {
                    "repository": {"id": key},
                    "stream": stream,
                    "status": "not_available" if reason else "available",
                    "reason": reason,
                    "at": before[id_] if is_same else context.as_of.astimezone(UTC).isoformat(),
                },
            )


SECURITY = (
    _alerts("dependabot_alerts", "dependabot/alerts", _dependabot),
    _alerts("code_scanning_alerts", "code-scanning/alerts", _code_scanning),
    _alerts("secret_scanning_alerts", "secret-scanning/alerts", _secret_scanning, hide_secret="true"),
    Stream(name="availabilities", requires=("repositories",), derive=_availabilities),
)
