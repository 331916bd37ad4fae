"""The REST side of the GitHub double: repositories, commits, comparisons, deployments, rate limit; workflow runs and
alerts are in modules of their own.

At most 100 records a page, next pages by Link header, conditional requests by ETag. Source: GitHub's OpenAPI
description, which the tests validate every answer against.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.github_actions import ActionReplies
from sandbox.github_alerts import AlertReplies
from sandbox.github_state import WEB, Node, RepositoryState, moment, number_of
from sandbox.github_words import API, MOST_PER_PAGE, Refused, page_of
from sandbox.replies import iso, reply
from sandbox.world import Actor, Commit

if TYPE_CHECKING:
    from sandbox.github_double import GithubDouble

DEFAULT_PAGE, COMPARED_AT_ONCE = 30, 250
_REPOSITORY_URLS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks",
    "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones", "notifications",
    "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees",
)  # fmt: skip
_USER_URLS = (
    "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events",
    "received_events",
)  # fmt: skip
_STATUSES = {
    (False, False): "identical", (True, False): "ahead", (False, True): "behind", (True, True): "diverged",
}  # fmt: skip


class RestReplies:
    """REST endpoints over the host of a GithubDouble."""

    def __init__(self, double: "GithubDouble") -> None:
        self.double = double
        self._commits: dict[str, bytes] = {}
        self._users: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        """Drop serialised commits."""
        self._commits.clear()

    def routes(self) -> list[Route]:
        """Routes under /api/v3."""
        paths: dict[str, Callable[[Request], Response]] = {
            "/rate_limit": self.rate_limit,
            "/user": lambda request: reply(self.user(self.double.host.actor(Actor("flowlight-reader")))),
            "/orgs/{owner}/repos": self.owned_repositories,
            "/users/{owner}/repos": self.owned_repositories,
            "/repos/{owner}/{name}": lambda request: reply(self.repository(self.state_of(request), full=True)),
            "/repos/{owner}/{name}/commits": self.commits,
            "/repos/{owner}/{name}/commits/{revision:path}": self.commit,
            "/repos/{owner}/{name}/compare/{basehead:path}": self.compare,
            "/repos/{owner}/{name}/deployments": self.deployments,
            "/repos/{owner}/{name}/deployments/{deployment:int}/statuses": self.deployment_statuses,
            **ActionReplies(self).paths(),
            **AlertReplies(self).paths(),
        }
        return [Route(f"/api/v3{path}", self._guard(handler), methods=["GET"]) for path, handler in paths.items()]

    def _guard(self, handler: Callable[[Request], Response]) -> Any:
        async def endpoint(request: Request) -> Response:
            if (refusal := self.double.refusal(request)) is not None:
                return refusal
            limit = self.double.rest_limit
            counted = not request.url.path.endswith("/rate_limit")
            if counted and not limit.spend(1):
                return reply({"message": "API rate limit exceeded for user ID 1."}, 403, limit.headers("core"))
            try:
                response = handler(request)
            except Refused as refused:
                headers = {"location": refused.location} if refused.location else {}
                body = {"message": str(refused), "documentation_url": "https://docs.github.com/rest"}
                return reply(body | {"status": str(refused.status)}, refused.status, limit.headers("core") | headers)
            except ValueError as error:
                return reply({"message": f"Validation Failed: {error}"}, 422, limit.headers("core"))
            tag = f'W/"{hashlib.blake2s(response.body, digest_size=16).hexdigest()}"'
            if request.headers.get("if-none-match") == tag:
                limit.used -= 1 if counted else 0
                response = Response(status_code=304)
            response.headers.update(limit.headers("core") | {"etag": tag})
            return response

        return endpoint

    def state_of(self, request: Request) -> RepositoryState:
        """The repository that a request names; Refused where it is not, 301 by a former name."""
        owner, name = request.path_params["owner"], request.path_params["name"]
        state = self.double.host.repository(owner, name)
        if state is None:
            raise Refused(404, "Not Found")
        if state.name.lower() != f"{owner}/{name}".lower():
            target = str(request.url).replace(f"/repos/{owner}/{name}", f"/repos/{state.name}", 1)
            raise Refused(301, "Moved Permanently", target)
        return state

    # --- endpoints -----------------------------------------------------------------------------------------------
    def rate_limit(self, request: Request) -> Response:
        """GET rate_limit (free)."""
        limits = {"core": self.double.rest_limit, "graphql": self.double.graphql_limit}
        resources: dict[str, Any] = {
            name: {"limit": limit.limit, "used": limit.used, "remaining": limit.remaining, "reset": limit.reset}
            for name, limit in limits.items()
        }
        resources["search"] = {"limit": 30, "used": 0, "remaining": 30, "reset": self.double.rest_limit.reset}
        return reply({"resources": resources, "rate": resources["core"]})

    def owned_repositories(self, request: Request) -> Response:
        """GET orgs/{org}/repos and users/{user}/repos."""
        owned = self.double.host.owned_by(request.path_params["owner"])
        if not owned:
            raise Refused(404, "Not Found")
        owned.sort(key=lambda state: state.repository.created_at, reverse=True)
        return self.page(request, owned, lambda state: self.repository(state, full=False))

    def commits(self, request: Request) -> Response:
        """GET commits?sha&since&until: newest first; 409 for an empty repository."""
        state, query = self.state_of(request), request.query_params
        if not state.commits:
            raise Refused(409, "Git Repository is empty.")
        revision = query.get("sha") or state.repository.default_branch
        oid = state.resolve(revision)
        if oid is None:
            raise Refused(404, f"No commit found for SHA: {revision}")
        since, until = (
            moment(query[name].replace(" ", "+")) if query.get(name) else None for name in ("since", "until")
        )
        return self.page(request, self.history(state, oid, since, until), lambda c: self._commit(state, c))

    def commit(self, request: Request) -> Response:
        """GET commits/{ref}."""
        state = self.state_of(request)
        oid = state.resolve(request.path_params["revision"])
        if oid is None:
            raise Refused(422, f"No commit found for SHA: {request.path_params['revision']}")
        return reply(self._commit(state, state.known_commits[oid]))

    def compare(self, request: Request) -> Response:
        """GET compare/{base}...{head}: commits reachable from head and not from base, oldest first."""
        state = self.state_of(request)
        base_name, separator, head_name = request.path_params["basehead"].partition("...")
        base, head = state.resolve(base_name), state.resolve(head_name)
        if not separator or base is None or head is None:
            raise Refused(404, "Not Found")
        before, after = self._ancestors(state, base), self._ancestors(state, head)
        ahead = sorted(after - before, key=lambda oid: state.known_commits[oid].committed_at)
        behind = len(before - after)
        common = max(before & after, key=lambda oid: state.known_commits[oid].committed_at, default=None)
        if common is None:
            raise Refused(404, f"No common ancestor between {base_name} and {head_name}.")
        known, url = state.known_commits, f"{API}/repos/{state.name}/compare/{base_name}...{head_name}"
        web = f"{WEB}/{state.name}/compare/{base_name}...{head_name}"
        paged = "page" in request.query_params or "per_page" in request.query_params
        page, links = page_of(request, ahead, MOST_PER_PAGE) if paged else (ahead[:COMPARED_AT_ONCE], "")
        answer = {
            "url": url, "html_url": web, "permalink_url": web, "diff_url": f"{web}.diff", "patch_url": f"{web}.patch",
            "base_commit": self._commit(state, known[base]), "merge_base_commit": self._commit(state, known[common]),
            "status": _STATUSES[bool(ahead), bool(behind)], "ahead_by": len(ahead), "behind_by": behind,
            "total_commits": len(ahead), "commits": [self._commit(state, known[oid]) for oid in page], "files": [],
        }  # fmt: skip
        return reply(answer, headers={"link": links} if links else None)

    def deployments(self, request: Request) -> Response:
        """GET deployments?environment&sha&ref&task: newest first."""
        state, query = self.state_of(request), request.query_params
        fields = {"environment": "environment", "sha": "commitOid", "task": "task", "ref": "_ref"}
        found = [
            node
            for node in reversed(state.deployments().values())
            if all(node[field] == query[name] for name, field in fields.items() if query.get(name))
        ]
        return self.page(request, found, lambda node: self._deployment(state, node))

    def deployment_statuses(self, request: Request) -> Response:
        """GET deployments/{id}/statuses: newest first."""
        state = self.state_of(request)
        wanted = request.path_params["deployment"]
        node = next((n for n in state.deployments().values() if n["databaseId"] == wanted), None)
        if node is None:
            raise Refused(404, "Not Found")
        return self.page(request, node["statuses"][::-1], lambda status: self._status(state, node, status))

    # --- git -----------------------------------------------------------------------------------------------------
    def history(self, state: RepositoryState, oid: str, since: datetime | None, until: datetime | None) -> list[Commit]:
        """Commits reachable from a commit, newest first, committed between since and until (both inclusive)."""
        if state.commits and oid == state.commits[-1].oid:
            commits = state.commits[::-1]
        else:
            reached = self._ancestors(state, oid)
            commits = [commit for commit in state.commits if commit.oid in reached][::-1]
            own = [commit for o, commit in state.known_commits.items() if o in reached and commit not in commits]
            commits = sorted(own, key=lambda commit: commit.committed_at, reverse=True) + commits
        return [
            commit
            for commit in commits
            if (since is None or commit.committed_at >= since) and (until is None or commit.committed_at <= until)
        ]

    def _ancestors(self, state: RepositoryState, oid: str) -> set[str]:
        known, reached, todo = state.known_commits, set(), [oid]
        while todo:
            current = todo.pop()
            if current not in reached and current in known:
                reached.add(current)
                todo.extend(known[current].parents)
        return reached

    # --- shapes --------------------------------------------------------------------------------------------------
    def user(self, node: Node | None) -> dict[str, Any] | None:
        """An account; None stays None."""
        if node is None:
            return None
        user = self._users.get(node["login"])
        if user is None:
            login = node["login"] + ("[bot]" if node["__typename"] == "Bot" else "")  # GraphQL says it without
            url = f"{API}/users/{login}"
            user = self._users[node["login"]] = {
                "login": login, "id": node["databaseId"], "node_id": node["id"], "type": node["__typename"],
                "site_admin": False, "avatar_url": f"{WEB}/avatars/{node['login']}", "gravatar_id": "", "url": url,
                "html_url": node["url"], **{f"{name}_url": f"{url}/{name}" for name in _USER_URLS},
            }  # fmt: skip
        return user

    def repository(self, state: RepositoryState, *, full: bool) -> dict[str, Any]:
        """A repository as in lists, or in full."""
        node, url = state.node, f"{API}/repos/{state.name}"
        shape = {
            "id": node["databaseId"], "node_id": node["id"], "name": node["name"], "full_name": state.name,
            "owner": self.user(node["owner"]), "private": True, "html_url": node["url"], "description": None,
            "fork": False, "url": url, **{f"{name}_url": f"{url}/{name}" for name in _REPOSITORY_URLS},
            "git_url": f"git:{WEB}", "ssh_url": f"ssh:{WEB}", "clone_url": f"{node['url']}.git", "svn_url": node["url"],
            "mirror_url": None, "homepage": None, "language": None, "archived": node["isArchived"], "disabled": False,
            "visibility": "private", "default_branch": state.repository.default_branch,
            "pushed_at": node["pushedAt"], "created_at": node["createdAt"], "updated_at": node["updatedAt"],
        }  # fmt: skip
        if full:
            counts = "forks forks_count open_issues open_issues_count watchers watchers_count stargazers_count size"
            shape |= dict.fromkeys((*counts.split(), "network_count", "subscribers_count"), 0)
            shape |= dict.fromkeys(("has_issues", "has_projects", "has_wiki", "has_pages", "has_discussions"), False)
            shape["license"] = None
        return shape

    def _commit(self, state: RepositoryState, commit: Commit) -> orjson.Fragment:
        body = self._commits.get(commit.oid)
        if body is None:
            url, web = f"{API}/repos/{state.name}", f"{WEB}/{state.name}/commit"
            user = self.user(self.double.host.actor(commit.author))
            name = commit.author.login if commit.author else "unknown"
            person = {"name": name, "email": f"{name}@example.com"}
            body = self._commits[commit.oid] = orjson.dumps({
                "url": f"{url}/commits/{commit.oid}", "sha": commit.oid, "node_id": f"C_{commit.oid}",
                "html_url": f"{web}/{commit.oid}", "comments_url": f"{url}/commits/{commit.oid}/comments",
                "commit": {
                    "url": f"{url}/git/commits/{commit.oid}", "message": commit.message, "comment_count": 0,
                    "author": person | {"date": iso(commit.authored_at)},
                    "committer": person | {"date": iso(commit.committed_at)},
                    "tree": {"sha": commit.oid, "url": f"{url}/git/trees/{commit.oid}"},
                    "verification": {
                        "verified": False, "reason": "unsigned", "signature": None, "payload": None,
                        "verified_at": None,
                    },
                },
                "author": user, "committer": user,
                "parents": [
                    {"sha": oid, "url": f"{url}/commits/{oid}", "html_url": f"{web}/{oid}"} for oid in commit.parents
                ],
            })  # fmt: skip
        return orjson.Fragment(body)

    def _deployment(self, state: RepositoryState, node: Node) -> dict[str, Any]:
        url = f"{API}/repos/{state.name}"
        own = f"{url}/deployments/{node['databaseId']}"
        return {
            "url": own, "id": node["databaseId"], "node_id": node["id"], "sha": node["commitOid"], "ref": node["_ref"],
            "task": node["task"], "payload": {}, "original_environment": node["environment"],
            "environment": node["environment"], "description": node["description"],
            "creator": self.user(node["creator"]), "created_at": node["createdAt"], "updated_at": node["updatedAt"],
            "statuses_url": f"{own}/statuses", "repository_url": url,
        }  # fmt: skip

    def _status(self, state: RepositoryState, deployment: Node, status: Node) -> dict[str, Any]:
        url = f"{API}/repos/{state.name}"
        own = f"{url}/deployments/{deployment['databaseId']}"
        return {
            "url": f"{own}/statuses/{number_of(status['id'])}", "id": number_of(status["id"]), "node_id": status["id"],
            "state": status["state"].lower(), "creator": self.user(status["creator"]), "description": "",
            "environment": status["environment"], "target_url": "", "created_at": status["createdAt"],
            "updated_at": status["updatedAt"], "deployment_url": own, "repository_url": url,
        }  # fmt: skip

    def page(self, request: Request, items: list[Any], shape: Callable[[Any], Any]) -> Response:
        """The asked page of a list, with its Link header."""
        page, links = page_of(request, items, DEFAULT_PAGE)
        return reply([shape(item) for item in page], headers={"link": links} if links else None)
