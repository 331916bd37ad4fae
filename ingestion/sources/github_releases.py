"""Releases and tags of GitHub (GraphQL): what a later rule may count as a deployment.

The probe shows for each repository how many there are and the newest one. Where that changed, or where our copy has a
draft, they are read newest commit first, back to 30 days before the last reading. A whole listing is made the first
time and then once a week; only that sees what was edited further back, and what is gone.

What a listing no longer has gets `isDeleted`, with `missingSince`, the first listing that missed it. Where more than
5 % of a repository's are missing at once, a later listing must confirm it: lost rights look like deletions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ingestion.pagination import GraphQLCursor
from ingestion.sources import github_queries as queries
from ingestion.sources.github_scope import repositories_in_scope
from ingestion.sources.jira_census import MASS_SHARE
from ingestion.stream import Complete, Context, Slice, Slices, Stream

LOOK_BACK = timedelta(days=30)
LISTED_EVERY = timedelta(days=7)


def _slices(table: str, head: str) -> Slices:
    """The plan of a stream: repositories whose head moved, which have drafts, or which are due for a listing."""

    def slices(context: Context) -> Sequence[Slice]:
        unsettled = _unsettled(context, table)
        plan = []
        for repository in repositories_in_scope(context):
            shown = repository.get(head) or {"totalCount": 0, "nodes": []}
            mark = orjson.dumps(shown).decode()
            cursor = context.cursors.get(repository["id"])
            if cursor is None and not shown["totalCount"]:
                continue
            as_of = context.as_of.astimezone(UTC).isoformat()
            listed_at = cursor["listed_at"] if cursor else as_of
            is_due = context.as_of - datetime.fromisoformat(listed_at) >= LISTED_EVERY
            is_listing = cursor is None or is_due or unsettled.get(repository["id"]) == "missing"
            if cursor and cursor["head"] == mark and not is_listing and repository["id"] not in unsettled:
                continue
            until = None if cursor is None or is_listing else datetime.fromisoformat(cursor["read_at"]) - LOOK_BACK
            plan.append(
                Slice(
                    key=repository["id"],
                    values={"repository": repository["id"]},
                    until=until,
                    cursor={"head": mark, "read_at": as_of, "listed_at": as_of if is_listing else listed_at},
                    extra={"is_listing": is_listing},
                    label=f"repository {repository['nameWithOwner']}",
                )
            )
        return plan

    return slices


def _unsettled(context: Context, table: str) -> dict[str, str]:
    """Repositories of which our copy has drafts, or records whose deletion is to be confirmed ("missing")."""
    rows = context.known(
        f"""select payload->>'$.repository.id', case when bool_or((payload->>'$.missingSince') is not null)
            then 'missing' else 'draft' end
        from raw_github.{table}
        where connection = $1 and (payload->>'$.isDeleted') is null
            and ((payload->>'$.isDraft') = 'true' or (payload->>'$.missingSince') is not null)
        group by 1"""
    )
    return dict(rows)


def _with_vanished(table: str, flat: Callable[[dict[str, Any]], dict[str, Any]]) -> Complete:
    """The hook that adds to a listing, as last seen, what it no longer has."""

    def complete(context: Context, records: list[dict[str, Any]], slice_: Slice) -> list[dict[str, Any]]:
        records = [flat(record) for record in records]
        if not slice_.extra["is_listing"]:
            return records
        listed = {record["id"] for record in records}
        rows = context.known(
            f"""select payload::varchar from raw_github.{table}
            where connection = $1 and payload->>'$.repository.id' = $2 and (payload->>'$.isDeleted') is null
            order by id""",
            slice_.key,
        )
        known = [orjson.loads(row[0]) for row in rows]
        missing = [record for record in known if record["id"] not in listed]
        at = context.as_of.astimezone(UTC).isoformat()
        for record in missing:
            since = record.get("missingSince") or at
            is_confirmed = since < at or len(missing) <= MASS_SHARE * len(known)
            records.append({**record, "missingSince": since} | ({"isDeleted": True} if is_confirmed else {}))
        return records

    return complete


def _tag(node: dict[str, Any]) -> dict[str, Any]:
    """A tag with the commit it stands for; `taggedAt` is that of an annotated tag, a plain one has no time."""
    target = node.get("target") or {}
    is_annotated = target.get("__typename") == "Tag"
    commit = (target.get("target") or {}) if is_annotated else target
    return {
        "id": node["id"],
        "name": node["name"],
        "oid": commit.get("oid"),
        "committedDate": commit.get("committedDate"),
        "isAnnotated": is_annotated,
        "taggedAt": (target.get("tagger") or {}).get("date") if is_annotated else None,
        "repository": node["repository"],
    }


def _tag_order(node: dict[str, Any]) -> str:
    target = node["target"]
    return target.get("committedDate") or target["target"]["committedDate"]


RELEASES = (
    Stream(
        name="releases",
        requires=("repositories",),
        query=queries.RELEASES,
        paginator=GraphQLCursor("data.node.releases"),
        page_size=("first", 100, 10),
        records="data.node.releases.nodes",
        updated_at="updatedAt",
        order_by="createdAt",
        complete=_with_vanished("releases", dict),
        whole_slice=True,
        slices=_slices("releases", "latestRelease"),
    ),
    Stream(
        name="tags",
        requires=("repositories",),
        query=queries.TAGS,
        paginator=GraphQLCursor("data.node.refs"),
        page_size=("first", 100, 10),
        records="data.node.refs.nodes",
        order_by=_tag_order,
        complete=_with_vanished("tags", _tag),
        whole_slice=True,
        slices=_slices("tags", "latestTag"),
    ),
)
