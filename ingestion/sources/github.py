"""GitHub (GraphQL v4, REST v3): repositories, pull requests with their children, issues, commits, deployments; releases
and tags, workflow runs and security alerts are in modules of their own.

One probe lists the repositories with the time of the latest change of each kind; what has not changed is not read. Pull
requests come newest update first until the last night's time: whatever changes while we read moves to the front, which
pushes others back (they may come twice) and never hides one; a last look at the front catches what moved meanwhile.
Everything is keyed by node id, so a renamed or transferred repository stays the same one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from ingestion.errors import NotFound, StopStream, TooExpensive
from ingestion.pagination import GraphQLCursor, LinkHeader, LoopGuard
from ingestion.sources import github_queries as queries
from ingestion.sources.github_actions import ACTIONS
from ingestion.sources.github_releases import RELEASES
from ingestion.sources.github_scope import reference, repositories_in_scope, start_of
from ingestion.sources.github_security import SECURITY
from ingestion.sources.github_texts import account, co_authors, reverts, scrubbed
from ingestion.stream import Context, Endpoint, Problem, Record, Request, Slice, Source, Stream, graphql

PULL_REQUESTS_PER_PAGE = 50
PULL_REQUESTS_PER_REREAD = 40
PULL_REQUESTS_PER_LAST_LOOK = 10
DEPLOYMENTS_PER_REREAD = 100
NAMES_PER_PROBE = 50
PARENTS_PER_CHILD_QUERY = 20
SETTLING_DAYS = 14
FINAL_STATES = ("SUCCESS", "FAILURE", "ERROR", "INACTIVE", "DESTROYED", "ABANDONED")
BY_UPDATE = {"field": "UPDATED_AT", "direction": "DESC"}
BY_CREATION = {"field": "CREATED_AT", "direction": "ASC"}


def endpoint(connection: Any) -> Endpoint:
    """How to reach GitHub: bearer token, REST root and GraphQL address."""
    secret = connection.token.get_secret_value() if connection.token else ""
    return Endpoint(
        root=connection.base_url,
        graphql_url=connection.graphql_url,
        authorization=f"Bearer {secret}",
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
        quota_ceiling=connection.quota_ceiling,
        cure=f"check the token in {connection.token_env or 'token_env'}: it needs read access to the repositories' "
        "contents, pull requests, issues, deployments, actions and security alerts, and must not have expired",
    )


def _probe(context: Context) -> Iterable[Record]:
    """Every repository that the connection reads, with the time of its latest changes."""
    found: dict[str, dict[str, Any]] = {}
    patterns = [name for name in context.connection.repositories if _is_pattern(name)]
    for repository in _named(context, [n for n in context.connection.repositories if not _is_pattern(n)]):
        found[repository["id"]] = repository
    for owner in dict.fromkeys(pattern.split("/", 1)[0] for pattern in patterns):
        listed = list(_owned(context, owner))
        wanted = [pattern for pattern in patterns if pattern.split("/", 1)[0] == owner]
        for pattern in wanted:
            matching = [r for r in listed if not r["isFork"] and _matches(r["nameWithOwner"], pattern)]
            found |= {r["id"]: r for r in matching}
            if not matching:
                context.problems.append(
                    Problem(f"no repository matches {pattern}", "check the pattern, and that the token may see them")
                )
    context.memory["repositories"] = list(found.values())
    return [Record(id_, None, repository) for id_, repository in sorted(found.items())]


def _is_pattern(name: str) -> bool:
    return any(character in name for character in "*?[")


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name.lower(), pattern.lower())


def _named(context: Context, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(names), NAMES_PER_PROBE):
        chunk = names[start : start + NAMES_PER_PROBE]
        variables: dict[str, str] = {}
        for i, name in enumerate(chunk):
            variables[f"owner{i}"], variables[f"name{i}"] = name.split("/", 1)
        try:
            data = _send(context, graphql(queries.named_query(len(chunk)), **variables))
        except NotFound:
            data = {}
        for i, name in enumerate(chunk):
            repository = data.get(f"r{i}")
            if repository is not None:
                yield repository
                continue
            known = context.known(
                """select count(*) from raw_github.repositories
                where connection = $1 and payload->>'$.nameWithOwner' = $2""",
                name,
            )
            context.problems.append(
                Problem(
                    f"repository {name} cannot be seen",
                    "check the name, and that the token may read it",
                    stale=known[0][0] > 0,
                )
            )


def _owned(context: Context, owner: str) -> Iterator[dict[str, Any]]:
    request: Request | None = graphql(queries.OWNER, owner=owner)
    paginator, guard = GraphQLCursor("data.repositoryOwner.repositories"), LoopGuard()
    while request is not None:
        guard.check(request)
        page = context.http.send(request)
        owned = page.body["data"]["repositoryOwner"]
        if owned is None:
            return
        yield from (repository for repository in owned["repositories"]["nodes"] if repository)
        request = paginator.next(request, page)


def _send(context: Context, request: Request, *, may_shrink: bool = False) -> dict[str, Any]:
    return context.http.send(request, may_shrink=may_shrink).body["data"]


def _head(repository: Mapping[str, Any], name: str, member: str) -> str | None:
    nodes = (repository.get(name) or {}).get("nodes") or [None]
    return nodes[0][member] if nodes[0] else None


def _changed(
    context: Context, name: str, member: str
) -> Iterator[tuple[dict[str, Any], str, dict[str, Any], datetime]]:
    """(repository, head, slice base, since) of those whose head is not the one that was read last.

    since: the start date on a first load, else the last watermark less the overlap.
    """
    start = start_of(context)
    for repository in repositories_in_scope(context):
        head = _head(repository, name, member)
        cursor = context.cursors.get(repository["id"]) or {}
        is_known = cursor.get("start_date") == str(context.connection.start_date)
        if head is None or (is_known and cursor.get("head") == head):
            continue
        since = start
        if is_known and cursor.get("since"):
            overlap = timedelta(minutes=context.connection.overlap_minutes)
            since = max(start, datetime.fromisoformat(cursor["since"]) - overlap)
        yield repository, head, {"key": repository["id"], "label": f"repository {repository['nameWithOwner']}"}, since


def _cursor(context: Context, head: str) -> dict[str, Any]:
    return {"head": head, "since": "{watermark}", "start_date": str(context.connection.start_date)}


def _is_first(context: Context, since: datetime) -> bool:
    return since == start_of(context)


def _pull_request_slices(context: Context) -> Sequence[Slice]:
    """A first load: updated since the start date, then those still open, then once more what changed meanwhile."""
    plan: list[Slice] = []
    for repository, head, base, since in _changed(context, "latestPullRequest", "updatedAt"):
        values = {"repository": repository["id"], "order": BY_UPDATE}
        if _is_first(context, since):
            plan.append(Slice(**base, values=values, until=since))
            plan.append(Slice(**base, values={**values, "order": BY_CREATION, "states": ["OPEN"]}))
            since, values = context.as_of, {**values, "first": PULL_REQUESTS_PER_LAST_LOOK}
        plan.append(Slice(**base, values=values, until=since, cursor=_cursor(context, head)))
    return plan


def _open_pull_requests(context: Context) -> Sequence[Slice]:
    """Those that are open in our copy and were not just read: a merge may leave no other trace."""
    rows = context.known(
        "select id from raw_github.pull_requests where connection = $1 and payload->>'$.state' = 'OPEN' order by id"
    )
    read = context.read()
    return _again(queries.PULL_REQUESTS_AGAIN, [row[0] for row in rows if row[0] not in read], PULL_REQUESTS_PER_REREAD)


def _again(query: str, ids: Sequence[str], size: int) -> list[Slice]:
    return [
        Slice(
            key="again", request=graphql(query, ids=list(ids[i : i + size])), records="data.nodes", label="read again"
        )
        for i in range(0, len(ids), size)
    ]


def _issue_slices(context: Context) -> Sequence[Slice]:
    plan: list[Slice] = []
    for repository, head, base, since in _changed(context, "latestIssue", "updatedAt"):
        values = {"repository": repository["id"], "since": since.isoformat()}
        if _is_first(context, since):
            plan.append(Slice(**base, values=values))
            values = {"repository": repository["id"], "states": ["OPEN"]}
        plan.append(Slice(**base, values=values, cursor=_cursor(context, head)))
    return plan


def _deployment_slices(context: Context) -> Sequence[Slice]:
    return [
        Slice(**base, values={"repository": repository["id"]}, until=since, cursor=_cursor(context, head))
        for repository, head, base, since in _changed(context, "latestDeployment", "createdAt")
    ]


def _unsettled_deployments(context: Context) -> Sequence[Slice]:
    """Those without a final status, and young ones: a status that comes later moves nothing that a listing shows."""
    rows = context.known(
        f"""select id from raw_github.deployments where connection = $1 and (
            coalesce(payload->>'$.state', '') not in {FINAL_STATES} or (payload->>'$.createdAt')::timestamp >= $2)
        order by id""",
        (context.as_of - timedelta(days=SETTLING_DAYS)).astimezone(UTC).replace(tzinfo=None),
    )
    read = context.read()
    return _again(queries.DEPLOYMENTS_AGAIN, [row[0] for row in rows if row[0] not in read], DEPLOYMENTS_PER_REREAD)


def _with_children(parent: str) -> Any:
    """The hook that completes the child connections of a page's records."""

    def complete(context: Context, records: list[dict[str, Any]], _: Slice) -> list[dict[str, Any]]:
        records = [record for record in records if record.get("id")]
        unfinished = [(record, open_) for record in records if (open_ := _unfinished(parent, record))]
        seen: set[tuple[str, str, str]] = set()
        while unfinished:
            chunk, unfinished = unfinished[:PARENTS_PER_CHILD_QUERY], unfinished[PARENTS_PER_CHILD_QUERY:]
            marks = {(record["id"], name, cursor) for record, open_ in chunk for name, cursor in open_.items()}
            if marks & seen:
                raise StopStream("a cursor of a pull request's children came twice", "run again later")
            seen |= marks
            unfinished += [
                (record, open_)
                for record in _next_children(context, parent, chunk)
                if (open_ := _unfinished(parent, record))
            ]
        for record in records:
            for name in queries.CHILDREN[parent]:
                record[name] = {"nodes": [n for n in (record.get(name) or {}).get("nodes") or () if n]}
        return records

    return complete


def _unfinished(parent: str, record: dict[str, Any]) -> dict[str, str]:
    """End cursors of the child connections that have a further page."""
    infos = ((name, (record.get(name) or {}).get("pageInfo") or {}) for name in queries.CHILDREN[parent])
    return {name: info["endCursor"] for name, info in infos if info.get("hasNextPage") and info.get("endCursor")}


def _next_children(
    context: Context, parent: str, chunk: Sequence[tuple[dict[str, Any], dict[str, str]]]
) -> list[dict[str, Any]]:
    """Append the next page of children to each record of the chunk; the records."""
    variables: dict[str, str] = {}
    for i, (record, open_) in enumerate(chunk):
        variables[f"id{i}"] = record["id"]
        variables |= {f"c{i}_{name}": cursor for name, cursor in open_.items()}
    request = graphql(queries.children_query(parent, [open_ for _, open_ in chunk]), **variables)
    try:
        data = _send(context, request, may_shrink=len(chunk) > 1)
    except TooExpensive:
        half = len(chunk) // 2
        return _next_children(context, parent, chunk[:half]) + _next_children(context, parent, chunk[half:])
    for i, (record, open_) in enumerate(chunk):
        answer = data.get(f"n{i}") or {}
        for name in open_:
            more = answer.get(name) or {"nodes": (), "pageInfo": {}}
            record[name] = {"nodes": [*record[name]["nodes"], *more["nodes"]], "pageInfo": more["pageInfo"]}
    return [record for record, _ in chunk]


def _commit_slices(context: Context) -> Sequence[Slice]:
    """A first load lists the default branch since the start date; later, what is between the old and the new head."""
    start = start_of(context).isoformat().replace("+00:00", "Z")
    plan = []
    for repository in repositories_in_scope(context):
        branch = repository.get("defaultBranchRef")
        if not branch or not branch.get("target"):
            continue
        head, name = branch["target"]["oid"], repository["nameWithOwner"]
        cursor = context.cursors.get(repository["id"]) or {}
        reading = {"start_date": str(context.connection.start_date), "branch": branch["name"]}
        is_known = {k: cursor.get(k) for k in reading} == reading
        if is_known and cursor.get("head") == head:
            continue
        listing = Request("GET", f"repos/{name}/commits", {"sha": branch["name"], "since": start, "per_page": 100})
        between = Request("GET", f"repos/{name}/compare/{cursor.get('head')}...{head}", {"per_page": 100, "page": 1})
        plan.append(
            Slice(
                key=repository["id"],
                request=between if is_known else listing,
                otherwise=listing if is_known else None,
                records="commits" if is_known else "",
                cursor={**reading, "head": head},
                extra={"repository": reference(repository)},
                label=f"repository {name}",
            )
        )
    return plan


def _pull_request(record: dict[str, Any], _: Slice) -> dict[str, Any]:
    """Without its description and the messages of its commits, but with what they say they revert and who helped."""
    messages, nodes = [], []
    for node in record["commits"]["nodes"]:
        messages.append(node["commit"].get("message") or "")
        nodes.append({"commit": {name: value for name, value in node["commit"].items() if name != "message"}})
    texts = "\n\n".join((record.get("body") or "", *messages))
    return {
        **{name: value for name, value in record.items() if name != "body"},
        "commits": {"nodes": nodes},
        "coAuthors": co_authors("\n".join(messages)),
        "reverts": reverts(texts),
    }


def _commit(record: dict[str, Any], slice_: Slice) -> dict[str, Any]:
    """Without names and e-mail addresses."""
    commit = record["commit"]
    message = commit.get("message") or ""
    return {
        "sha": record["sha"],
        "commit": {
            "author": {"date": (commit.get("author") or {}).get("date")},
            "committer": {"date": (commit.get("committer") or {}).get("date")},
            "message": scrubbed(message),
        },
        "co_authors": co_authors(message),
        "reverts": reverts(message),
        "parents": [{"sha": parent["sha"]} for parent in record.get("parents") or ()],
        "author": account(record.get("author")),
        "committer": account(record.get("committer")),
        "repository": dict(slice_.extra["repository"]),
    }


GITHUB = Source(
    name="github",
    endpoint=endpoint,
    check=graphql(queries.VIEWER),
    streams=(
        Stream(name="repositories", derive=_probe),
        Stream(
            name="pull_requests",
            requires=("repositories",),
            query=queries.PULL_REQUESTS,
            paginator=GraphQLCursor("data.node.pullRequests"),
            page_size=("first", PULL_REQUESTS_PER_PAGE, 5),
            records="data.node.pullRequests.nodes",
            updated_at="updatedAt",
            shape=_pull_request,
            complete=_with_children("PullRequest"),
            slices=_pull_request_slices,
            again=_open_pull_requests,
        ),
        Stream(
            name="issues",
            requires=("repositories",),
            query=queries.ISSUES,
            paginator=GraphQLCursor("data.node.issues"),
            page_size=("first", 100, 10),
            records="data.node.issues.nodes",
            updated_at="updatedAt",
            complete=_with_children("Issue"),
            slices=_issue_slices,
        ),
        Stream(
            name="commits",
            requires=("repositories",),
            paginator=LinkHeader(),
            id=lambda record, slice_: f"{slice_.extra['repository']['nameWithOwner']}@{record['sha']}",
            updated_at=lambda record: record["commit"]["committer"]["date"],
            shape=_commit,
            slices=_commit_slices,
        ),
        Stream(
            name="deployments",
            requires=("repositories",),
            query=queries.DEPLOYMENTS,
            paginator=GraphQLCursor("data.node.deployments"),
            page_size=("first", 100, 10),
            records="data.node.deployments.nodes",
            updated_at="updatedAt",
            order_by="createdAt",
            complete=_with_children("Deployment"),
            slices=_deployment_slices,
            again=_unsettled_deployments,
        ),
        *RELEASES,
        *ACTIONS,
        *SECURITY,
    ),
)
