"""Recorded data of real systems as worlds that the doubles can serve. Reads the given files, copies nothing.

Everything in a recording has happened already: fields are final, histories carry no patch, and the clock is far after.
"""

import csv
import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.world import (
    Actor,
    Commit,
    GithubIssue,
    GithubWorld,
    History,
    Issue,
    JiraWorld,
    PullRequest,
    Release,
    Repository,
    Review,
    Tag,
    World,
)

_FIELD_IDS = {
    "Fix Version": "fixVersions", "Version": "versions", "Component": "components", "Link": "issuelinks",
    "Project": "project", "Key": "issuekey", "Parent": "parent", "Attachment": "attachment", "Comment": "comment",
    "issuetype": "issuetype", "type": "issuetype", "Issue Type": "issuetype",
}  # fmt: skip
_CUSTOM_NAMES = {"customfield_10023": "Story Points", "customfield_10290": "Sprint"}
_SCHEMAS = {
    "Story Points": {"type": "number", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:float"},
    "Sprint": {"type": "array", "items": "json", "custom": "com.pyxis.greenhopper.jira:gh-sprint"},
}
_DEFAULT_BRANCHES = ("main", "master")
_BOTS = ("[bot]", "copilot-pull-request-reviewer", "dependabot", "github-actions")


def jira_world(path: Path) -> World:
    """A world from a gzipped file of REST v2 issue objects with complete `changelog.histories`, one a line.

    Projects, issue types, statuses and fields are those that the issues and their histories mention. A status that
    only histories know gets the category `indeterminate`.
    """
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        recorded = [json.loads(line) for line in lines]
    issues = [
        Issue(
            id=record["id"],
            key=record["key"],
            created=_time(record["fields"]["created"]),
            fields=record["fields"],
            histories=[
                History(
                    id=history["id"],
                    created=_time(history["created"]),
                    author=(history.get("author") or {}).get("name", "unknown"),
                    items=[_item(item) for item in history["items"]],
                )
                for history in sorted(record["changelog"]["histories"], key=lambda history: _time(history["created"]))
            ],
        )
        for record in recorded
    ]
    site = JiraWorld(
        projects=list(_values(issues, "project").values()),
        issue_types=list(_values(issues, "issuetype").values()),
        statuses=_statuses(issues),
        fields=_fields(issues),
        issues=issues,
    )
    last = max(_time(record["fields"]["updated"]) for record in recorded)
    last = max([last, *(history.created for issue in issues for history in issue.histories)])
    return World(default_clock=_far_after(last), jira=site)


def github_world(path: Path) -> World:
    """A world from a gzipped archive {repo, labels, issues, pulls} of one GitHub repository (GraphQL export).

    What the archive does not hold is empty: commits of pull requests, timelines, deployments. A merge commit is
    known by its oid only; it counts as committed when the pull request was merged, to a branch called main or master.
    """
    with gzip.open(path, "rt", encoding="utf-8") as file:
        archive = json.load(file)
    pulls = sorted((_pull_request(pull) for pull in archive["pulls"]), key=lambda pull: pull.number)
    issues = sorted((_github_issue(issue) for issue in archive["issues"]), key=lambda issue: issue.number)
    landed = (p for p in pulls if p.merged_at and p.merge_commit_oid and p.base_ref in _DEFAULT_BRANCHES)
    merged = sorted(landed, key=lambda p: (p.merged_at, p.number))
    commits: list[Commit] = []
    for pull in merged:
        at, oid = pull.merged_at or pull.created_at, pull.merge_commit_oid or ""
        parents = [commits[-1].oid] if commits else []
        commits.append(Commit(oid, parents, pull.title, pull.merged_by, at, at, at))
    repository = Repository(
        id="R_" + archive["repo"],
        name_with_owner=archive["repo"],
        created_at=min(item.created_at for item in (*pulls, *issues)) - timedelta(days=1),
        commits=commits,
        pull_requests=pulls,
        issues=issues,
    )
    clock = _far_after(datetime.fromisoformat(archive["timestamp"]))
    return World(default_clock=clock, github=GithubWorld([repository]))


def git_world(commits_file: Path, tags_file: Path) -> World:
    """A world from the gzipped CSV log of all branches (newest first) and tags of one Git repository; every tag is a
    release too. The default branch ends at the newest commit; commits that it does not hold are known by tags only.

    People are known by a hash only, so commits have no account.
    """
    commits, rows = [], _rows(commits_file)
    parents = {row["sha"]: row["parents"].split() for row in rows}
    todo, held = [rows[0]["sha"]], set()
    while todo:
        if (sha := todo.pop()) not in held:
            held.add(sha)
            todo += parents[sha]
    for row in (row for row in reversed(rows) if row["sha"] in held):
        authored, committed = _time(row["authored_at"]), _time(row["committed_at"])
        commits.append(Commit(row["sha"], row["parents"].split(), row["subject"], None, authored, committed, committed))
    committed_at = {row["sha"]: _time(row["committed_at"]) for row in rows}
    repository = Repository(
        id="R_git",
        name_with_owner="recorded/git",
        created_at=min(commit.committed_at for commit in commits) - timedelta(days=1),
        commits=commits,
    )
    for row in _rows(tags_file):
        oid, made = row["commit_sha"], _time(row["created_at"])
        committed = committed_at.get(oid, made)
        repository.tags.append(Tag(row["tag"], oid, committed, made, row["object_type"] == "tag"))
        repository.releases.append(Release(f"RE_{row['tag']}", row["tag"], oid, committed, made, made))
    last = max([*(commit.committed_at for commit in commits), *(tag.tagged_at for tag in repository.tags)])
    return World(default_clock=_far_after(last), github=GithubWorld([repository]))


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _far_after(last: datetime) -> datetime:
    return (last + timedelta(days=365)).astimezone(UTC).replace(microsecond=0)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """A change with the `fieldId` that Cloud would send; custom fields that are not known by name have none."""
    name = item["field"]
    custom = next((id for id, known in _CUSTOM_NAMES.items() if known == name), None)
    field_id = custom or _FIELD_IDS.get(name) or (name if item["fieldtype"] == "jira" else None)
    return item if field_id is None else {**item, "fieldId": field_id}


def _values(issues: Iterable[Issue], name: str) -> dict[str, dict[str, Any]]:
    return {issue.fields[name]["id"]: issue.fields[name] for issue in issues if issue.fields.get(name)}


def _statuses(issues: list[Issue]) -> list[dict[str, Any]]:
    statuses = _values(issues, "status")
    moves = [item for issue in issues for h in issue.histories for item in h.items if item["field"] == "status"]
    for item in moves:
        for id, name in ((item["from"], item["fromString"]), (item["to"], item["toString"])):
            if id is not None and id not in statuses:
                category = {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"}
                statuses[id] = {"id": id, "name": name, "description": "", "statusCategory": category}
    return list(statuses.values())


def _fields(issues: list[Issue]) -> list[dict[str, Any]]:
    """Every field that an issue has, in the shape of GET /field; unnamed custom fields keep their id as name."""
    fields = []
    for id in dict.fromkeys(name for issue in issues for name in issue.fields):
        custom = id.startswith("customfield_")
        name = _CUSTOM_NAMES.get(id, id)
        plain = {"type": "any"} if custom else {"type": "string", "system": id}
        schema: dict[str, Any] = dict(_SCHEMAS.get(name, plain))
        if custom:
            schema["customId"] = int(id.removeprefix("customfield_"))
        fields.append({
            "id": id, "key": id, "name": name, "custom": custom, "orderable": True, "navigable": True,
            "searchable": True, "clauseNames": [id], "schema": schema,
        })  # fmt: skip
    return fields


def _actor(login: str | None) -> Actor | None:
    if not login:
        return None
    return Actor(login, "Bot" if any(mark in login for mark in _BOTS) else "User")


def _pull_request(pull: dict[str, Any]) -> PullRequest:
    head = pull.get("headRepository")
    return PullRequest(
        id=pull["id"],
        number=pull["number"],
        title=pull["title"],
        body=pull["body"] or "",
        author=_actor(pull["author"]),
        created_at=_time(pull["createdAt"]),
        base_ref=pull["baseRefName"],
        head_ref=pull["headRefName"],
        reviews=[
            Review(
                id=review["id"],
                author=_actor(review["author"]),
                state=review["state"],
                submitted_at=_time(review["createdAt"]),
                comments=len(review["comments"]),
            )
            for review in sorted(pull["reviews"], key=lambda review: review["createdAt"])
        ],
        labels=[(label, _time(pull["createdAt"])) for label in pull["labels"]],
        changed_files=0,
        closed_at=_time(pull["closedAt"]) if pull["closedAt"] else None,
        merged_at=_time(pull["mergedAt"]) if pull["mergedAt"] else None,
        merge_commit_oid=(pull["mergeCommit"] or {}).get("oid"),
        merged_by=_actor(pull["mergedBy"]),
        is_cross_repository=head is not None and head != pull["baseRepository"],
        updated_at=_time(pull["updatedAt"]),
    )


def _github_issue(issue: dict[str, Any]) -> GithubIssue:
    return GithubIssue(
        id=issue["id"],
        number=issue["number"],
        title=issue["title"],
        author=_actor(issue["author"]),
        created_at=_time(issue["createdAt"]),
        closed_at=_time(issue["closedAt"]) if issue["closedAt"] else None,
        labels=list(issue["labels"]),
        updated_at=_time(issue["updatedAt"]),
    )
