"""Jira Cloud (REST v3): projects, issue types, statuses, fields, issues, complete changelogs, availability, boards.

Issues come by `POST /rest/api/3/search/jql`, ordered by creation: an update never moves an issue within that order, so
a page that is read while issues change shows each of them once (ordered by `updated`, a changed issue would jump to the
end and everything behind it would move up past the page border). What changes while we read is newer than the run's
start and is read again by the next night. Times in JQL are epoch milliseconds, which no user's time zone can shift.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.extract import utc
from ingestion.pagination import LoopGuard, Offset, PageToken
from ingestion.sources.jira_agile import AGILE
from ingestion.sources.jira_census import Judgement, judge
from ingestion.sources.jira_fields import find_roles, person_field_ids
from ingestion.sources.jira_scope import in_scope, payloads, projects_in_scope, visible_projects, what_is_seen
from ingestion.stream import Context, Endpoint, Problem, Record, Request, Slice, Source, Stream

ISSUES_PER_PAGE = 100
IDS_PER_CENSUS_PAGE = 5000
ISSUES_PER_BULKFETCH = 100
ISSUES_PER_CHANGELOG_BATCH = 500
HISTORIES_PER_PAGE = 10000
FIELDS = (
    "summary", "status", "issuetype", "project", "created", "updated", "resolution", "resolutiondate", "priority",
    "labels", "components", "fixVersions", "issuelinks", "parent", "duedate",
)  # fmt: skip
SILENT_ITEMS = {  # people, and texts that may name them
    "assignee", "reporter", "creator", "Approvers", "Request participants", "watchers", "voters",
    "description", "comment", "Comment", "environment", "Attachment", "attachment", "WorklogId",
}  # fmt: skip
PROJECT_MEMBERS = (
    "id", "key", "name", "projectTypeKey", "simplified", "style", "isPrivate", "archived", "projectCategory",
)  # fmt: skip
LINK_TYPE_MEMBERS = ("id", "name", "inward", "outward")
ORDER = "ORDER BY created ASC, key ASC"
SEARCH = "/rest/api/3/search/jql"
TOKEN = PageToken()


def endpoint(connection: Any) -> Endpoint:
    """How to reach a Jira Cloud site: HTTP Basic by the account's address and API token."""
    secret = connection.token.get_secret_value() if connection.token else ""
    basic = base64.b64encode(f"{connection.user or ''}:{secret}".encode()).decode()
    return Endpoint(
        root=connection.base_url,
        authorization=f"Basic {basic}",
        quota_ceiling=connection.quota_ceiling,
        cure=f"check `user` and the API token in {connection.token_env or 'token_env'}, and that it has not expired",
        hint="; base_url must be the root of a Jira Cloud site (Jira Data Center is not supported)",
    )


def _project(record: dict[str, Any], _: Slice) -> dict[str, Any]:
    return {name: record[name] for name in PROJECT_MEMBERS if name in record}


def _without_avatar(record: dict[str, Any], _: Slice) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("avatarId", "iconUrl")}


def _issue(record: dict[str, Any], slice_: Slice) -> dict[str, Any]:
    """Only what was asked for: no people, no descriptions, no comments."""
    fields = {name: record["fields"][name] for name in slice_.extra["fields"] if name in record["fields"]}
    if fields.get("issuelinks"):
        fields["issuelinks"] = [_link(link) for link in fields["issuelinks"]]
    return {"id": record["id"], "key": record["key"], "fields": fields}


def _link(link: dict[str, Any]) -> dict[str, Any]:
    """A link without what the other issue says of itself, which changes with every status of it."""
    others = {side: link[side] for side in ("inwardIssue", "outwardIssue") if side in link}
    return {
        "id": link["id"],
        "type": {name: link["type"][name] for name in LINK_TYPE_MEMBERS if name in link["type"]},
        **{side: {name: other.get(name) for name in ("id", "key")} for side, other in others.items()},
    }


def _field_roles(context: Context) -> Iterable[Record]:
    configured = context.connection.fields.model_dump()
    roles, errors = find_roles(payloads(context, "fields"), configured)
    for error in errors:
        cure = f"write the id or name of a field of {context.connection.base_url}/rest/api/3/field in connections.yml"
        context.problems.append(Problem(error, cure))
    for role in roles:
        payload = {
            "role": role.role,
            "field_id": role.field_id,
            "name": role.name,
            "found_by": role.found_by,
            "also": list(role.also),
        }
        yield Record(role.role, None, payload)


def _wanted_fields(context: Context) -> list[str]:
    roles = payloads(context, "field_roles")
    return sorted({*FIELDS, *(id_ for role in roles for id_ in (role["field_id"], *role.get("also", ())))})


def _since_start(context: Context) -> str:
    """Updated since the start date, or still open: what a first load takes. Once true for an issue, it stays true."""
    start = datetime.combine(context.connection.start_date, datetime.min.time(), UTC)
    return f"(updated >= {_milliseconds(start)} OR statusCategory != Done)"


def _jql(context: Context, projects: Sequence[str], restriction: str) -> str:
    if "*" in context.connection.projects:
        return f"{restriction} {ORDER}"
    keys = ", ".join(f'"{key}"' for key in projects)
    return f"project in ({keys}) AND {restriction} {ORDER}"


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _issue_slices(context: Context) -> Sequence[Slice]:
    projects, fields = projects_in_scope(context), _wanted_fields(context)
    reading = {"projects": projects, "fields": fields, "start_date": str(context.connection.start_date)}
    cursor = context.cursors.get("")
    restriction = _since_start(context)
    if cursor and cursor["updated"] and {name: cursor.get(name) for name in reading} == reading:
        since = datetime.fromisoformat(cursor["updated"]) - timedelta(minutes=context.connection.overlap_minutes)
        restriction = f"updated >= {_milliseconds(since)}"
    values = {"jql": _jql(context, projects, restriction), "fields": fields, "maxResults": ISSUES_PER_PAGE}
    return (Slice(values=values, cursor={**reading, "updated": "{watermark}"}, extra={"fields": fields}),)


def _unknown_slices(context: Context) -> Sequence[Slice]:
    """Issues that the census lists and that we have never read (moved in, or skipped by a page that shifted)."""
    known = {row[0] for row in context.known("select id from raw_jira.issues where connection = $1")}
    unknown = sorted(_census(context) - known - context.read(), key=_number)
    fields = _wanted_fields(context)
    return [
        Slice(
            key="unknown", request=_bulkfetch(ids, fields), extra={"fields": fields}, label="issues found by the census"
        )
        for ids in _chunks(unknown, ISSUES_PER_BULKFETCH)
    ]


def _bulkfetch(ids: Sequence[str], fields: Sequence[str]) -> Request:
    return Request("POST", "/rest/api/3/issue/bulkfetch", json={"issueIdsOrKeys": list(ids), "fields": list(fields)})


def _census(context: Context) -> set[str]:
    """Ids of all issues that the connection reads and the account sees now; asked for once a night."""
    if "census" not in context.memory:
        jql = _jql(context, projects_in_scope(context), _since_start(context))
        request: Request | None = Request(
            "POST", SEARCH, json={"jql": jql, "fields": ["id"], "maxResults": IDS_PER_CENSUS_PAGE}
        )
        found: set[str] = set()
        guard = LoopGuard()
        while request is not None:
            guard.check(request)
            page = context.http.send(request)
            found |= {str(issue["id"]) for issue in page.body["issues"]}
            request = TOKEN.next(request, page)
        context.memory["census"] = found
    return context.memory["census"]


def _find(context: Context, ids: Sequence[str]) -> dict[str, str]:
    """Project key by id of the issues that can be read by id; one the vendor gives no answer for counts as there."""
    found: dict[str, str] = {}
    for chunk in _chunks(ids, ISSUES_PER_BULKFETCH):
        body = context.http.send(_bulkfetch(chunk, ["project"])).body
        found |= {str(issue["id"]): issue["fields"]["project"]["key"] for issue in body.get("issues") or ()}
        refused = {str(error["id"]) for error in body.get("issueErrors") or ()}
        projects = dict(_known_projects(context)) if refused else {}
        found |= {id_: projects[id_] for id_ in refused if id_ in projects}
    return found


def _known_projects(context: Context) -> list[tuple[Any, ...]]:
    return context.known("select id, payload->>'$.fields.project.key' from raw_jira.issues where connection = $1")


def _judgement(context: Context) -> Judgement:
    if "judgement" not in context.memory:
        visible = visible_projects(context)
        readable = any(in_scope(context.connection, key) for key in visible)
        context.memory["judgement"] = judge(
            known=dict(_known_projects(context)),
            listed=_census(context) if readable else set(),
            visible=visible,
            in_scope=lambda project: in_scope(context.connection, project),
            issues_before={row["issue_id"]: row for row in payloads(context, "issue_availability")},
            projects_before={row["project_key"]: row for row in payloads(context, "project_availability")},
            at=context.as_of.isoformat(),
            find=lambda ids: _find(context, ids),
        )
    return context.memory["judgement"]


def _issue_availability(context: Context) -> Iterable[Record]:
    return [Record(row["issue_id"], None, row) for row in _judgement(context).issues]


def _project_availability(context: Context) -> Iterable[Record]:
    rows = _judgement(context).projects
    for row in rows:
        if row["status"] == "stale":
            error = f"project {row['project_key']}: {row['reason']} ({row['missing']} of {row['known']} issues)"
            cure = "give the account the permission to browse it, or take it out of `projects`; a later night confirms"
            context.problems.append(Problem(error, cure, stale=True))
    told = {row["project_key"] for row in rows}
    for key in sorted(set(context.connection.projects) - told - {"*"}):
        context.problems.append(
            Problem(
                f"project {key} cannot be seen",
                f"the account sees {what_is_seen(context)}; correct `projects` or give it the permission",
            )
        )
    return [Record(row["project_key"], None, row) for row in rows]


def _changelog_slices(context: Context) -> Sequence[Slice]:
    """Batches of the issues whose changelog is not the one of their latest update."""
    gone = "select id from raw_jira.issue_availability where connection = $1 and payload->>'$.status' = 'deleted'"
    rows = context.known(
        f"""select i.id, i.updated_at, coalesce(json_array_length(c.payload, '$.histories'), 0) > 0
        from raw_jira.issues i left join raw_jira.changelogs c on c.connection = i.connection and c.id = i.id
        where i.connection = $1 and ($2 or i.updated_at is distinct from c.updated_at) and i.id not in ({gone})""",
        context.full,
    )
    people, kept = sorted(person_field_ids(payloads(context, "fields"))), _wanted_fields(context)
    return [
        Slice(
            values={"issueIdsOrKeys": [row[0] for row in batch]},
            extra={
                "updated": {row[0]: row[1].isoformat() for row in batch},
                "has_history": [row[0] for row in batch if row[2]],
                "people": people,
                "kept": kept,
            },
        )
        for batch in _chunks(sorted(rows, key=lambda row: _number(row[0])), ISSUES_PER_CHANGELOG_BATCH)
    ]


def _whole_changelogs(_: Context, parts: list[dict[str, Any]], slice_: Slice) -> list[dict[str, Any]]:
    """One record per issue of the batch, its histories (split over pages) put together, oldest first.

    An issue that the vendor left out has no changes, unless our copy has some: then it is gone, and our copy stays.
    """
    by_issue: dict[str, dict[str, dict[str, Any]]] = {}
    for part in parts:
        kept = by_issue.setdefault(str(part["issueId"]), {})
        kept.update({str(history["id"]): history for history in part["changeHistories"]})
    missing = slice_.extra["updated"].keys() - by_issue.keys() - set(slice_.extra["has_history"])
    silent = SILENT_ITEMS | set(slice_.extra["people"])
    kept = set(slice_.extra.get("kept", ()))
    return [
        {"issueId": issue, "updated": updated, "histories": _histories(by_issue.get(issue, {}).values(), silent, kept)}
        for issue, updated in slice_.extra["updated"].items()
        if issue in by_issue or issue in missing
    ]


def _histories(histories: Iterable[dict[str, Any]], silent: set[str], kept: set[str]) -> list[dict[str, Any]]:
    ordered = sorted(histories, key=lambda history: (utc(history["created"]), _number(str(history["id"]))))
    return [
        {
            "id": str(history["id"]),
            "created": history["created"],
            "items": [_item(item, silent, kept) for item in history.get("items") or ()],
        }
        for history in ordered
    ]


def _item(item: dict[str, Any], silent: set[str], kept: set[str]) -> dict[str, Any]:
    """A change without its values where its field is silent by id or name; a field to be kept may share a name."""
    if item.get("fieldId") not in kept and not silent.isdisjoint((item.get("field"), item.get("fieldId"))):
        return {name: item[name] for name in ("field", "fieldId", "fieldtype") if name in item}
    return item


def _changelog(record: dict[str, Any], slice_: Slice) -> dict[str, Any]:
    del slice_
    return {"issueId": record["issueId"], "histories": record["histories"]}


def _number(id_: str) -> tuple[int, str]:
    return (int(id_), "") if id_.isdigit() else (1 << 62, id_)


def _chunks(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [values[i : i + size] for i in range(0, len(values), size)]


JIRA = Source(
    name="jira",
    endpoint=endpoint,
    check=Request("GET", "/rest/api/3/myself"),
    streams=(
        Stream(
            name="projects",
            mode="snapshot",
            path="/rest/api/3/project/search",
            params={"maxResults": 100},
            paginator=Offset(),
            records="values",
            shape=_project,
        ),
        Stream(name="issue_types", mode="snapshot", path="/rest/api/3/issuetype", shape=_without_avatar),
        Stream(name="statuses", mode="snapshot", path="/rest/api/3/status"),
        Stream(name="fields", mode="snapshot", path="/rest/api/3/field"),
        Stream(name="field_roles", mode="snapshot", requires=("fields",), derive=_field_roles),
        Stream(
            name="issues",
            requires=("projects", "field_roles"),
            method="POST",
            path=SEARCH,
            body={},
            paginator=TOKEN,
            records="issues",
            updated_at=lambda record: record["fields"]["updated"],
            shape=_issue,
            slices=_issue_slices,
            again=_unknown_slices,
        ),
        Stream(
            name="changelogs",
            requires=("issues",),
            method="POST",
            path="/rest/api/3/changelog/bulkfetch",
            body={"maxResults": HISTORIES_PER_PAGE},
            paginator=TOKEN,
            records="issueChangeLogs",
            id="issueId",
            updated_at="updated",
            shape=_changelog,
            complete=_whole_changelogs,
            whole_slice=True,
            slices=_changelog_slices,
        ),
        Stream(name="issue_availability", requires=("projects", "issues"), derive=_issue_availability),
        Stream(name="project_availability", requires=("projects", "issues"), derive=_project_availability),
        *AGILE,
    ),
)
