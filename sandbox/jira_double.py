"""A double of Jira Cloud's REST API v3 (and the agile API's boards and sprints) over a JiraWorld.

Strict where the vendor is: bounded JQL, page caps, tokens that expire, capped `expand=changelog`, unknown request
properties refused. Source: Atlassian's OpenAPI documents, which the tests validate every answer against.
"""

import zlib
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.faults import fault_of
from sandbox.jira_agile import AgileReplies
from sandbox.jira_replies import Refused, errors, page_of, site_url
from sandbox.jira_state import IssueState, SiteState, history_bytes, milliseconds
from sandbox.jql import JqlError, parse_jql
from sandbox.replies import BadToken, Settings, basic_credentials, read_token, reply, write_token
from sandbox.world import History, JiraWorld

SEVEN_DAYS = 7 * 86_400
EXPANDED_IN_SEARCH, EXPANDED_IN_ISSUE = 40, 100  # most recent changes only: the trap that bulkfetch is there for
IDS_ONLY_PAGE, FIELDS_PAGE = 5000, 100  # as measured on a Cloud site: any field beside id and key caps the page
_SEARCH_KEYS = {
    "jql", "nextPageToken", "maxResults", "fields", "expand", "properties", "fieldsByKeys", "reconcileIssues",
}  # fmt: skip


class JiraDouble:
    """Serves one JiraWorld at the clock of `settings`. Answers are serialised once per issue state and field list."""

    def __init__(self, world: JiraWorld, settings: Settings) -> None:
        self.world = world
        self.url = site_url(world)
        self.settings = settings
        self._site: SiteState | None = None
        self._site_of: tuple[Any, int] | None = None
        self._histories: dict[tuple[str, str], bytes] = {}
        self._found: dict[tuple[str, int], list[IssueState]] = {}
        self._changes: dict[tuple[str, int], list[tuple[int, int, IssueState, History]]] = {}
        self._field_names = {field["id"]: field["name"] for field in world.fields}
        self._unnavigable = {field["id"] for field in world.fields if field.get("navigable") is False}

    @property
    def site(self) -> SiteState:
        """The site at the clock, rebuilt when the clock moved or an issue was touched."""
        version = (self.settings.clock, self.settings.version)
        if self._site is None or self._site_of != version:
            self._site = SiteState(self.world, self.settings.clock, self.settings.touched, self._site)
            self._site_of = version
            self._found.clear()
            self._changes.clear()
        return self._site

    def forget(self) -> None:
        """Drop everything that was derived from the world."""
        self._site = self._site_of = None
        self._histories.clear()

    def routes(self) -> list[Route]:
        """The Starlette routes, each behind authentication and Jira's form of an error."""
        paths: dict[str, tuple[Any, ...]] = {
            "/rest/api/3/serverInfo": (self.server_info, "GET"),
            "/rest/api/3/myself": (self.myself, "GET"),
            "/rest/api/3/project/search": (self.search_projects, "GET"),
            "/rest/api/3/project/{reference}": (self.get_project, "GET"),
            "/rest/api/3/issuetype": (lambda request, body: reply(self.world.issue_types), "GET"),
            "/rest/api/3/status": (lambda request, body: reply(self.world.statuses), "GET"),
            "/rest/api/3/field": (lambda request, body: reply(self.world.fields), "GET"),
            "/rest/api/3/search/jql": (self.search, "GET", "POST"),
            "/rest/api/3/search/approximate-count": (self.count, "POST"),
            "/rest/api/3/search": (self.removed_search, "GET", "POST"),
            "/rest/api/3/changelog/bulkfetch": (self.bulk_changelogs, "POST"),
            "/rest/api/3/issue/bulkfetch": (self.bulk_issues, "POST"),
            "/rest/api/3/issue/{reference}/changelog": (self.issue_changelog, "GET"),
            "/rest/api/3/issue/{reference}": (self.get_issue, "GET"),
            **AgileReplies(self).paths(),
        }
        return [Route(path, self._guard(handler), methods=list(methods)) for path, (handler, *methods) in paths.items()]

    def _guard(self, handler: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            credentials = basic_credentials(request)
            if not credentials or (self.settings.token and credentials[1] != self.settings.token):
                message = "Client must be authenticated to access this resource."
                headers = {"x-seraph-loginreason": "AUTHENTICATED_FAILED", "www-authenticate": 'Basic realm="Jira"'}
                return reply({"message": message, "status-code": 401}, 401, headers)
            try:
                body = orjson.loads(await request.body()) if request.method == "POST" else {}
                if not isinstance(body, dict):
                    raise Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.")
                return handler(request, body)
            except orjson.JSONDecodeError:
                return errors(400, ["There was an error parsing JSON. Check that your request body is valid."])
            except Refused as refused:
                return errors(refused.status, list(refused.messages))
            except JqlError as error:
                return errors(400, error.messages)
            except BadToken:
                return errors(400, ["The provided next page token is invalid or expired."])

        return endpoint

    # --- site ----------------------------------------------------------------------------------------------------
    def server_info(self, request: Request, body: dict[str, Any]) -> Response:
        """GET serverInfo: deploymentType Cloud."""
        now = self.site.local_time(milliseconds(self.settings.clock))
        return reply({
            "baseUrl": self.url, "displayUrl": self.url, "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100290,
            "buildDate": "2026-01-01T00:00:00.000+0000", "serverTime": now, "scmInfo": "sandbox",
            "serverTitle": "Jira", "serverTimeZone": self.world.time_zone,
        })  # fmt: skip

    def myself(self, request: Request, body: dict[str, Any]) -> Response:
        """GET myself: the API user, with the time zone that JQL dates are read in."""
        user, _ = basic_credentials(request) or ("", "")
        return reply({
            "self": f"{self.url}/rest/api/3/user?accountId=api-user", "accountId": "api-user",
            "accountType": "atlassian", "emailAddress": user, "displayName": "Flowlight reader", "active": True,
            "timeZone": self.world.time_zone, "locale": "en_GB",
        })  # fmt: skip

    def search_projects(self, request: Request, body: dict[str, Any]) -> Response:
        """GET project/search: visible projects, startAt paged, at most 50 a page."""
        query = request.query_params
        keys = {key.lower() for key in query.getlist("keys")}
        found = [p for p in self.site.projects if not keys or p["key"].lower() in keys]
        return reply(page_of(request, sorted(found, key=lambda project: project["key"]), 50))

    def get_project(self, request: Request, body: dict[str, Any]) -> Response:
        """GET project/{key or id}: 404 for an absent project and for one that this user may not see."""
        reference = request.path_params["reference"]
        project = self.site.project(reference)
        if project is None:
            raise Refused(404, f"No project could be found with key '{reference}'.")
        return reply(project)

    # --- search --------------------------------------------------------------------------------------------------
    def search(self, request: Request, body: dict[str, Any]) -> Response:
        """GET or POST search/jql: token paged, no total; `fields` default id only; at most 100 a page with fields."""
        if request.method == "GET":
            body = _search_from_query(request)
        if set(body) - _SEARCH_KEYS:
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        if len(body.get("reconcileIssues") or []) > 50:
            raise Refused(400, "The maximum number of issue ids to reconcile is 50.")
        wanted = body.get("maxResults", 50)
        if not isinstance(wanted, int) or wanted < 0:
            raise Refused(400, "The value of maxResults must be a non-negative integer.")
        jql, fields, expand = body.get("jql") or "", _field_list(body.get("fields")), _expands(body.get("expand"))
        ids_only = set(fields) <= {"id", "key"} and "changelog" not in expand
        size = min(wanted, IDS_ONLY_PAGE if ids_only else FIELDS_PAGE)
        identity = f"{jql}|{sorted(fields)}|{sorted(expand)}"
        token, fault = body.get("nextPageToken"), fault_of(request)
        offset = 0
        if token:
            if fault == "expired_token":
                raise BadToken(token)
            offset = read_token(token, identity, self.settings.clock, SEVEN_DAYS)
        found = self._find(jql)
        if token and fault == "moving_records" and found:
            chosen = found[zlib.crc32(token.encode()) % len(found)]
            self.settings.touched[chosen.id] = self.settings.clock
            self.settings.version += 1
            found = self._find(jql)
        if token and fault == "repeated_records":
            offset = max(0, offset - min(3, size // 2))
        page = found[offset : offset + size]
        answer: dict[str, Any] = {
            "issues": [orjson.Fragment(self._issue_bytes(state, fields, expand, EXPANDED_IN_SEARCH)) for state in page]
        }
        self._expand_names(answer, expand)
        answer["isLast"] = offset + size >= len(found)
        if not answer["isLast"]:
            answer["nextPageToken"] = write_token(offset + size, identity, self.settings.clock)
        return reply(answer)

    def count(self, request: Request, body: dict[str, Any]) -> Response:
        """POST search/approximate-count."""
        return reply({"count": len(self._find(body.get("jql") or ""))})

    def removed_search(self, request: Request, body: dict[str, Any]) -> Response:
        """The old search: gone from Jira Cloud."""
        raise Refused(
            410,
            "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration "
            "guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046",
        )

    def _find(self, jql: str) -> list[IssueState]:
        site = self.site
        key = (jql, self.settings.version)
        if key not in self._found:
            if len(self._found) > 64:
                self._found.clear()
            self._found[key] = parse_jql(jql, site.context).run(site.issues)
        return self._found[key]

    # --- issues --------------------------------------------------------------------------------------------------
    def get_issue(self, request: Request, body: dict[str, Any]) -> Response:
        """GET issue/{id, key or former key}: all fields unless asked; expand=changelog shows the latest 100."""
        state = self._issue(request)
        fields = _field_list(request.query_params.getlist("fields")) if "fields" in request.query_params else ["*all"]
        expand = _expands(request.query_params.get("expand"))
        return Response(self._issue_bytes(state, fields, expand, EXPANDED_IN_ISSUE), media_type="application/json")

    def bulk_issues(self, request: Request, body: dict[str, Any]) -> Response:
        """POST issue/bulkfetch: at most 100 issues; unknown and hidden ones are left out without an error."""
        wanted = body.get("issueIdsOrKeys") or []
        if not 1 <= len(wanted) <= 100:
            raise Refused(400, "The number of issues requested must be between 1 and 100.")
        found = {state.id: state for reference in wanted if (state := self.site.find(reference))}
        fields = _field_list(body.get("fields")) if body.get("fields") else ["*navigable"]
        expand = set(body.get("expand") or [])
        states = sorted(found.values(), key=lambda state: state.number)
        issues = [orjson.Fragment(self._issue_bytes(state, fields, expand, EXPANDED_IN_SEARCH)) for state in states]
        return reply({"issues": issues, "issueErrors": []})

    def _issue(self, request: Request) -> IssueState:
        state = self.site.find(request.path_params["reference"])
        if state is None:
            raise Refused(404, "Issue does not exist or you do not have permission to see it.")
        return state

    def _issue_bytes(self, state: IssueState, fields: list[str], expand: set[str], most_recent: int) -> bytes:
        cache = (tuple(fields), "changelog" in expand, most_recent)
        body = state.bodies.get(cache)
        if body is None:
            answer: dict[str, Any] = {"id": state.id}
            if fields != ["id"]:
                selected = self._select(state.fields, fields)
                answer["key"] = state.key
                answer["self"] = f"{self.url}/rest/api/3/issue/{state.id}"
                answer["expand"] = "renderedFields,names,schema,operations,editmeta,changelog"
                if set(fields) - {"id", "key"}:
                    answer["fields"] = selected
            if "changelog" in expand:
                recent = [orjson.Fragment(self._history(h, "iso")) for h in state.histories[: -most_recent - 1 : -1]]
                answer["changelog"] = {
                    "startAt": 0, "maxResults": len(recent), "total": len(state.histories), "histories": recent,
                }  # fmt: skip
            body = state.bodies[cache] = orjson.dumps(answer)
        return body

    def _select(self, fields: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
        excluded = {name[1:] for name in wanted if name.startswith("-")}
        if "*all" in wanted:
            return {name: value for name, value in fields.items() if name not in excluded}
        if "*navigable" in wanted or (excluded and len(excluded) == len(wanted)):
            excluded |= self._unnavigable
            return {name: value for name, value in fields.items() if name not in excluded}
        return {name: fields[name] for name in wanted if name in fields}

    def _expand_names(self, answer: dict[str, Any], expand: set[str]) -> None:
        if "names" in expand:
            answer["names"] = self._field_names
        if "schema" in expand:
            answer["schema"] = {field["id"]: field["schema"] for field in self.world.fields if field.get("schema")}

    # --- changelogs ----------------------------------------------------------------------------------------------
    def bulk_changelogs(self, request: Request, body: dict[str, Any]) -> Response:
        """POST changelog/bulkfetch: up to 1,000 issues, 10,000 histories a page, oldest first over all issues.

        A page groups its histories by issue; the histories of one issue may continue on the next page.
        """
        wanted, field_ids = body.get("issueIdsOrKeys") or [], body.get("fieldIds") or []
        size = body.get("maxResults", 1000)
        if set(body) - {"issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"}:
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        if not 1 <= len(wanted) <= 1000:
            raise Refused(400, "The number of issue ids or keys must be between 1 and 1000.")
        if len(field_ids) > 10:
            raise Refused(400, "The number of field ids must not exceed 10.")
        if not isinstance(size, int) or not 1 <= size <= 10_000:
            raise Refused(400, "maxResults must be between 1 and 10000.")
        identity = f"{wanted}|{field_ids}"
        offset, token = 0, body.get("nextPageToken")
        if token:
            if fault_of(request) == "expired_token":
                raise BadToken(token)
            offset = read_token(token, identity, self.settings.clock, SEVEN_DAYS)
            if fault_of(request) == "repeated_records":
                offset = max(0, offset - min(3, size // 2))
        changes = self._changes_of(identity, wanted, set(field_ids))
        grouped: dict[str, list[orjson.Fragment]] = {}
        for _, _, state, history in changes[offset : offset + size]:
            fragment = orjson.Fragment(self._history(history, self.settings.history_created))
            grouped.setdefault(state.id, []).append(fragment)
        answer: dict[str, Any] = {
            "issueChangeLogs": [{"issueId": id, "changeHistories": found} for id, found in grouped.items()]
        }
        if offset + size < len(changes):
            answer["nextPageToken"] = write_token(offset + size, identity, self.settings.clock)
        return reply(answer)

    def issue_changelog(self, request: Request, body: dict[str, Any]) -> Response:
        """GET issue/{id}/changelog: startAt paged, at most 100, oldest first, ISO times."""
        state = self._issue(request)
        return reply(page_of(request, state.histories, 100, lambda h: orjson.Fragment(self._history(h, "iso"))))

    def _changes_of(self, identity: str, wanted: list[str], field_ids: set[str]) -> list[Any]:
        site = self.site
        key = (identity, self.settings.version)
        if key not in self._changes:
            if len(self._changes) > 16:
                self._changes.clear()
            states = {state.id: state for reference in wanted if (state := site.find(reference))}
            changes = [
                (milliseconds(history.created), state.number, state, history)
                for state in states.values()
                for history in state.histories
                if not field_ids or any((i.get("fieldId") or i["field"]) in field_ids for i in history.items)
            ]
            changes.sort(key=lambda change: change[:2])
            self._changes[key] = changes
        return self._changes[key]

    def _history(self, history: History, form: str) -> bytes:
        key = (history.id, form)
        body = self._histories.get(key)
        if body is None:
            at = milliseconds(history.created)
            created = {"epoch_ms": at, "epoch_s": at // 1000}.get(form) or self.site.local_time(at)
            body = self._histories[key] = history_bytes(self.world, history, created, self.url)
        return body


def _expands(value: Any) -> set[str]:
    return {part.strip() for part in str(value or "").split(",") if part.strip()}


def _field_list(value: Any) -> list[str]:
    if isinstance(value, str):
        value = [value]
    names = [name.strip() for entry in value or [] for name in str(entry).split(",") if name.strip()]
    return names or ["id"]


def _search_from_query(request: Request) -> dict[str, Any]:
    query = request.query_params
    body: dict[str, Any] = {name: query[name] for name in ("jql", "nextPageToken", "expand") if name in query}
    if "fields" in query:
        body["fields"] = query.getlist("fields")
    if "maxResults" in query:
        body["maxResults"] = int(query["maxResults"]) if query["maxResults"].isdigit() else -1
    return body
