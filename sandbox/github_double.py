"""A double of GitHub (REST and GraphQL) over a GithubWorld: authentication, rate limits, GraphQL.

REST paths are in `github_rest`. Served like Enterprise Server under /api/v3 and /api/graphql; /graphql is the same.
"""

import time
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.faults import fault_of
from sandbox.github_graphql import Execution, Listing, NotFound, Query, QueryError
from sandbox.github_releases import release_listing, tag_listing
from sandbox.github_rest import RestReplies
from sandbox.github_state import Host, Node, RepositoryState, moment
from sandbox.replies import Settings, bearer_token, iso, reply
from sandbox.world import Actor, GithubWorld

_ORDER_KEYS = {
    "CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt", "PUSHED_AT": "pushedAt", "NAME": "name",
    "COMMENTS": "createdAt", "STARGAZERS": "name",
}  # fmt: skip
_EVENT_TYPES = {
    "CLOSED_EVENT": "ClosedEvent", "CONVERT_TO_DRAFT_EVENT": "ConvertToDraftEvent",
    "HEAD_REF_FORCE_PUSHED_EVENT": "HeadRefForcePushedEvent", "LABELED_EVENT": "LabeledEvent",
    "MERGED_EVENT": "MergedEvent", "READY_FOR_REVIEW_EVENT": "ReadyForReviewEvent",
    "REOPENED_EVENT": "ReopenedEvent", "REVIEW_REQUESTED_EVENT": "ReviewRequestedEvent",
    "REVIEW_REQUEST_REMOVED_EVENT": "ReviewRequestRemovedEvent", "UNLABELED_EVENT": "UnlabeledEvent",
}  # fmt: skip


class RateLimit:
    """An hour's points, counted on the wall clock as a client would wait for it. limit 0: switched off."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.reset = int(time.time()) + 3600

    def spend(self, points: int) -> bool:
        """Use points; False when none are left."""
        if time.time() >= self.reset:
            self.used, self.reset = 0, int(time.time()) + 3600
        if self.limit and self.used >= self.limit:
            return False
        self.used += points
        return True

    @property
    def remaining(self) -> int:
        """Points left in this hour."""
        return max(0, self.limit - self.used)

    def headers(self, resource: str) -> dict[str, str]:
        """The x-ratelimit headers; none when limits are off."""
        if not self.limit:
            return {}
        values = {"limit": self.limit, "remaining": self.remaining, "used": self.used, "reset": self.reset}
        return {f"x-ratelimit-{name}": str(value) for name, value in values.items()} | {
            "x-ratelimit-resource": resource
        }


class GithubDouble:
    """Serves one GithubWorld at the clock of `settings`."""

    def __init__(self, world: GithubWorld, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        self.graphql_limit = RateLimit(settings.rate_limit)
        self.rest_limit = RateLimit(settings.rate_limit)
        self._host: Host | None = None
        self._host_of: tuple[datetime, int] | None = None
        self._sorted: dict[tuple[Any, ...], Listing] = {}
        self.rest = RestReplies(self)
        self._fields: dict[tuple[str, str], Callable[[Node, dict[str, Any]], Any]] = {
            ("Repository", "pullRequests"): self._pull_requests,
            ("Repository", "issues"): self._issues,
            ("Repository", "deployments"): self._deployments,
            ("Repository", "releases"): lambda node, a: release_listing(node["_state"], a),
            ("Repository", "refs"): lambda node, a: tag_listing(node["_state"], a),
            ("Repository", "pullRequest"): lambda node, a: _numbered(node["_state"].pull_requests(), a["number"]),
            ("Repository", "issue"): lambda node, a: _numbered(node["_state"].issues(), a["number"]),
            ("Repository", "ref"): lambda node, a: node["_state"].ref(a["qualifiedName"].removeprefix("refs/heads/")),
            ("Repository", "object"): _object,
            ("PullRequest", "reviews"): _reviews,
            ("PullRequest", "timelineItems"): _timeline,
            ("Commit", "history"): self._history,
            ("Commit", "associatedPullRequests"): _associated,
            ("Organization", "repositories"): self._repositories,
            ("Organization", "repository"): self._owned_repository,
        }

    @property
    def host(self) -> Host:
        """The host at the clock."""
        version = (self.settings.clock, self.settings.version)
        if self._host is None:
            self._host = Host(self.world, self.settings.clock)
        if self._host_of != version:
            self._host.show(self.settings.clock, self.settings.touched)
            self._host_of = version
            self._sorted.clear()
        return self._host

    def forget(self) -> None:
        """Drop everything that was derived from the world."""
        self._host = self._host_of = None
        self.rest.forget()

    def routes(self) -> list[Route]:
        """GraphQL and REST routes."""
        paths = ("/graphql", "/api/graphql", "/api/v3/graphql")
        return [*(Route(path, self.graphql, methods=["POST"]) for path in paths), *self.rest.routes()]

    def refusal(self, request: Request) -> Response | None:
        """The 401 for a request without a valid token."""
        token = bearer_token(request)
        if token and (self.settings.token is None or token == self.settings.token):
            return None
        message = "Bad credentials" if token else "Requires authentication"
        return reply({"message": message, "documentation_url": "https://docs.github.com/rest", "status": "401"}, 401)

    async def graphql(self, request: Request) -> Response:
        """POST graphql: {query, variables, operationName}; errors are in a 200, as on GitHub."""
        if (refusal := self.refusal(request)) is not None:
            return refusal
        log = request.scope.get("sandbox.log", {})
        try:
            body = orjson.loads(await request.body())
            if not isinstance(body, dict) or not isinstance(body.get("query"), str):
                raise ValueError
        except ValueError:
            docs = "https://docs.github.com/graphql"
            return reply({"message": "Problems parsing JSON", "documentation_url": docs}, 400)
        try:
            query = Query(body["query"], body.get("variables"), body.get("operationName"))
            log["operation"], log["cost"] = query.name or ",".join(query.roots), query.cost
            if not self.graphql_limit.spend(query.cost):
                raise QueryError([{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}])
            answer = Execution(query, self._roots(query), self._fields, self._paging(request, query)).run()
        except QueryError as refused:
            answer = {"errors": refused.errors}
            if "type" in refused.errors[0] and "path" in refused.errors[0]:  # found by a resolver, not by validation
                answer = {"data": None, **answer}
        return reply(answer, headers=self.graphql_limit.headers("graphql"))

    # --- root fields ---------------------------------------------------------------------------------------------
    def _roots(self, query: Query) -> dict[str, Callable[[dict[str, Any]], Any]]:
        host = self.host
        limit = self.graphql_limit
        reader = host.actor(Actor("flowlight-reader"))
        return {
            "rateLimit": lambda a: {
                "__typename": "RateLimit", "cost": query.cost, "limit": limit.limit, "nodeCount": query.nodes,
                "remaining": limit.remaining, "used": limit.used,
                "resetAt": iso(datetime.fromtimestamp(limit.reset, UTC)),
            },
            "viewer": lambda a: reader,
            "repository": self._root_repository,
            "organization": lambda a: self._root_owner(a["login"], "an Organization"),
            "repositoryOwner": lambda a: self.host.owner(a["login"]),
            "user": lambda a: self._root_user(a["login"]),
            "node": lambda a: self._root_node(a["id"]),
            "nodes": lambda a: [self._node_or_error(id) for id in a["ids"]],
        }  # fmt: skip

    def _root_repository(self, arguments: dict[str, Any]) -> Node:
        owner, name = arguments["owner"], arguments["name"]
        state = self.host.repository(owner, name, arguments.get("followRenames", True))
        if state is None:
            raise NotFound(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return state.node

    def _root_owner(self, login: str, kind: str) -> Node:
        owner = self.host.owner(login)
        if owner is None:
            raise NotFound(f"Could not resolve to {kind} with the login of '{login}'.")
        return owner

    def _root_user(self, login: str) -> Node:
        node = self.host.actors.get(login)
        if node is None or node["__typename"] != "User":
            raise NotFound(f"Could not resolve to a User with the login of '{login}'.")
        return node

    def _root_node(self, id: str) -> Node:
        node = self.host.node(id)
        if node is None:
            raise NotFound(f"Could not resolve to a node with the global id of '{id}'")
        return node

    def _node_or_error(self, id: str) -> Node | NotFound:
        try:
            return self._root_node(id)
        except NotFound as missing:
            return missing

    # --- fields with arguments -----------------------------------------------------------------------------------
    def _pull_requests(self, node: Node, arguments: dict[str, Any]) -> Listing:
        states, base = arguments.get("states"), arguments.get("baseRefName")
        return self._ordered(node, "pull_requests", arguments, lambda pr: (
            (not states or pr["state"] in states) and (base is None or pr["baseRefName"] == base)
        ))  # fmt: skip

    def _issues(self, node: Node, arguments: dict[str, Any]) -> Listing:
        wanted = arguments.get("filterBy") or {}
        states = wanted.get("states") or arguments.get("states")
        since = iso(moment(wanted["since"])) if wanted.get("since") else ""
        labels = set(wanted.get("labels") or ())
        return self._ordered(node, "issues", arguments, lambda issue: (
            (not states or issue["state"] in states)
            and issue["updatedAt"] >= (since or "")
            and labels <= set(issue["labels"].items)
        ))  # fmt: skip

    def _deployments(self, node: Node, arguments: dict[str, Any]) -> Listing:
        environments = arguments.get("environments")
        return self._ordered(node, "deployments", arguments, lambda deployment: (
            not environments or deployment["environment"] in environments
        ))  # fmt: skip

    def _ordered(self, node: Node, name: str, arguments: dict[str, Any], matches: Callable[[Node], bool]) -> Listing:
        """Matching nodes of a repository by `orderBy` (default: created, ascending), kept until the clock moves."""
        paging = ("first", "last", "after", "before")
        kept = (node["id"], name, repr([(k, v) for k, v in sorted(arguments.items()) if k not in paging]))
        listing = self._sorted.get(kept)
        if listing is None:
            order = arguments.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
            field, descending = _ORDER_KEYS[order["field"]], order["direction"] == "DESC"

            def key(item: Node) -> str:
                return f"{item[field]}|{item['id']}"

            found = [item for item in getattr(node["_state"], name)().values() if matches(item)]
            listing = self._sorted[kept] = (sorted(found, key=key, reverse=descending), key, descending)
        return listing

    def _repositories(self, node: Node, arguments: dict[str, Any]) -> Listing:
        archived = arguments.get("isArchived")
        order = arguments.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
        field, descending = _ORDER_KEYS[order["field"]], order["direction"] == "DESC"
        owned = [state.node for state in self.host.owned_by(node["login"])]
        found = [repository for repository in owned if archived is None or repository["isArchived"] == archived]

        def key(item: Node) -> str:
            return f"{item[field]}|{item['id']}"

        return sorted(found, key=key, reverse=descending), key, descending

    def _owned_repository(self, node: Node, arguments: dict[str, Any]) -> Node | None:
        state = self.host.repository(node["login"], arguments["name"], arguments.get("followRenames", True))
        return state.node if state else None

    def _history(self, node: Node, arguments: dict[str, Any]) -> Listing:
        state: RepositoryState = node["_state"]
        since, until = (moment(arguments[name]) if arguments.get(name) else None for name in ("since", "until"))
        commits = self.rest.history(state, node["oid"], since, until)
        return [state.commit(commit.oid) for commit in commits], None, False

    def _paging(self, request: Request, query: Query) -> Callable[[Sequence[Any], dict[str, Any]], int] | None:
        """Acts out the faults of paging: a record is updated while it is paged, or records are repeated."""
        fault = fault_of(request)

        if fault == "moving_records":
            self._move_one(query)
        if fault == "repeated_records":
            return lambda items, arguments: min(3, (arguments.get("first") or 2) // 2)
        return None

    def _move_one(self, query: Query) -> None:
        """Touch one pull request of the first repository that the query reads, so that its place changes."""
        for step in query.plan((query.operation.selection_set,), "Query"):
            if step.name not in ("repository", "node"):
                continue
            try:
                node = self._roots(query)[step.name](step.arguments)
            except NotFound:
                return
            ids = list(node["_state"].pull_requests()) if node["__typename"] == "Repository" else []
            if ids:
                chosen = ids[zlib.crc32(repr(query.variables).encode()) % len(ids)]
                self.settings.touched[chosen] = self.settings.clock
                self.settings.version += 1
            return


def _numbered(nodes: dict[str, Node], number: int) -> Node | None:
    return next((node for node in nodes.values() if node["number"] == number), None)


def _object(node: Node, arguments: dict[str, Any]) -> Node | None:
    state: RepositoryState = node["_state"]
    oid = state.resolve(arguments.get("oid") or arguments.get("expression") or "")
    return state.commit(oid) if oid else None


def _reviews(node: Node, arguments: dict[str, Any]) -> Listing:
    states = arguments.get("states")
    return [r for r in node["reviews"] if r["state"] in states] if states else node["reviews"], None, False


def _timeline(node: Node, arguments: dict[str, Any]) -> Listing:
    items, wanted = node["timelineItems"], arguments.get("itemTypes")
    if wanted is not None:
        types = {_EVENT_TYPES[name] for name in wanted}
        items = [event for event in items if event["__typename"] in types]
    if arguments.get("since"):
        since = iso(moment(arguments["since"])) or ""
        items = [event for event in items if event["createdAt"] >= since]
    return items, None, False


def _associated(node: Node, arguments: dict[str, Any]) -> Listing:
    state: RepositoryState = node["_state"]
    oid = node["oid"]
    found = [
        pull_request
        for pull_request in state.pull_requests().values()
        if (pull_request["mergeCommit"] or {}).get("oid") == oid
        or any(commit.oid == oid for commit in pull_request["commits"].items)
    ]
    return found, None, False
