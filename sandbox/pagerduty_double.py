"""A double of PagerDuty's REST API v2 over a PagerdutyWorld: services, priorities, incidents and log entries.

Strict where the vendor is, and where it only says so: the version in the Accept header, unknown parameters, pages of at
most 100, nothing beyond the 10,000th record, windows of at most six months. Source: PagerDuty's OpenAPI document, which
the tests validate every answer against.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.faults import fault_of
from sandbox.replies import Settings, iso, reply
from sandbox.world import LogEntry, PagerdutyIncident, PagerdutyWorld

ROOT = "/pagerduty"
VERSION = "application/vnd.pagerduty+json;version=2"
SITE = "https://acme.pagerduty.com"
API = "https://api.pagerduty.com"
LARGEST_PAGE, REACH = 100, 10_000
LONGEST_WINDOW = timedelta(days=184)
REQUESTS_PER_MINUTE = 960
PAGING = {"limit", "offset", "total"}
STATUSES = ("triggered", "acknowledged", "resolved")
OPENING = {
    "acknowledge_log_entry": "acknowledged", "unacknowledge_log_entry": "triggered", "trigger_log_entry": "triggered",
    "escalate_log_entry": "triggered", "resolve_log_entry": "resolved",
}  # fmt: skip


class Refused(Exception):
    """A request that the vendor answers with an error."""

    def __init__(self, status: int, message: str, code: int, *details: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.details = status, message, code, details


class PagerdutyDouble:
    """Serves one PagerdutyWorld at the clock of `settings`."""

    def __init__(self, world: PagerdutyWorld, settings: Settings) -> None:
        self.world, self.settings = world, settings
        self._services = {service["id"]: service for service in world.services}
        self._priorities = {priority["id"]: priority for priority in world.priorities}
        self._log: list[tuple[LogEntry, PagerdutyIncident]] | None = None

    def forget(self) -> None:
        """Drop everything that was derived from the world."""
        self._log = None
        self._services = {service["id"]: service for service in self.world.services}

    def routes(self) -> list[Route]:
        """The Starlette routes, each behind authentication and PagerDuty's form of an error."""
        paths = {
            "/services": self.services,
            "/priorities": self.priorities,
            "/incidents": self.incidents,
            "/incidents/{id}": self.incident,
            "/incidents/{id}/log_entries": self.incident_log_entries,
            "/log_entries": self.log_entries,
        }
        return [Route(ROOT + path, self._guard(handler), methods=["GET"]) for path, handler in paths.items()]

    def _guard(self, handler: Callable[[Request], dict[str, Any]]) -> Any:
        async def endpoint(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" token=")
            limits = {
                "ratelimit-limit": str(REQUESTS_PER_MINUTE), "ratelimit-remaining": str(REQUESTS_PER_MINUTE - 1),
                "ratelimit-reset": "60",
            }  # fmt: skip
            try:
                if scheme != "Token" or not token or (self.settings.token and token != self.settings.token):
                    raise Refused(401, "Unauthorized", 2006)
                if request.headers.get("accept") != VERSION:
                    raise _invalid(f"Accept must be {VERSION}")
                return reply(handler(request), headers=limits)
            except Refused as refused:
                error = {"message": refused.message, "code": refused.code, "errors": list(refused.details)}
                return reply({"error": error}, refused.status, limits)

        return endpoint

    # --- lists -------------------------------------------------------------------------------------------------------
    def services(self, request: Request) -> dict[str, Any]:
        """GET services, by name."""
        _accept(request, PAGING | {"query", "time_zone", "sort_by", "name"})
        found = [s for s in self.world.services if datetime.fromisoformat(s["created_at"]) <= self.settings.clock]
        return _page(request, "services", sorted(found, key=lambda service: service["name"]), lambda service: service)

    def priorities(self, request: Request) -> dict[str, Any]:
        """GET priorities, the most severe first."""
        _accept(request, PAGING)
        if not self.world.has_priorities:
            raise Refused(402, "Account does not have the abilities to perform the action", 2012, "priorities")
        return _page(request, "priorities", self.world.priorities, lambda priority: priority)

    def incidents(self, request: Request) -> dict[str, Any]:
        """GET incidents: by time of creation, or all; by status; by default those of the last month."""
        _accept(request, PAGING | {"date_range", "since", "until", "statuses[]", "sort_by", "time_zone"})
        statuses = request.query_params.getlist("statuses[]") or list(STATUSES)
        if set(statuses) - set(STATUSES):
            raise _invalid("statuses[] must be triggered, acknowledged or resolved")
        found = [incident for incident in self.world.incidents if self._is_seen(incident)]
        if request.query_params.get("date_range") is None:
            since, until = self._window(request, timedelta(days=30))
            found = [incident for incident in found if since <= incident.created_at < until]
        elif request.query_params["date_range"] != "all":
            raise _invalid("date_range must be all")
        found = [incident for incident in found if self._status(incident)[0] in statuses]
        order = request.query_params.get("sort_by", "created_at:desc")
        if order not in ("created_at", "created_at:asc", "created_at:desc"):
            raise _invalid("sort_by is not known")
        found.sort(key=lambda incident: (incident.created_at, incident.number), reverse=order.endswith(":desc"))
        return _page(request, "incidents", found, self._incident, fault_of(request))

    def incident(self, request: Request) -> dict[str, Any]:
        """GET incidents/{id}: 404 for one that does not exist, was deleted or may not be seen."""
        _accept(request, {"time_zone"})
        return {"incident": self._incident(self._one(request))}

    def incident_log_entries(self, request: Request) -> dict[str, Any]:
        """GET incidents/{id}/log_entries: the newest first."""
        _accept(request, PAGING | {"since", "until", "time_zone"})
        incident = self._one(request)
        entries = [entry for entry in reversed(incident.entries) if entry.created_at <= self.settings.clock]
        return _page(request, "log_entries", entries, lambda entry: self._entry(entry, incident))

    def log_entries(self, request: Request) -> dict[str, Any]:
        """GET log_entries: of all incidents, the newest first."""
        _accept(request, PAGING | {"since", "until", "time_zone"})
        since, until = self._window(request, timedelta(days=3650), longest=None)
        clock = self.settings.clock
        if self._log is None:
            entries = ((entry, incident) for incident in self.world.incidents for entry in incident.entries)
            self._log = sorted(entries, key=lambda pair: (pair[0].created_at, pair[0].id), reverse=True)
        found = [p for p in self._log if since <= p[0].created_at < until and p[0].created_at <= clock]
        seen = [pair for pair in found if self._is_seen(pair[1])]
        return _page(request, "log_entries", seen, lambda pair: self._entry(*pair), fault_of(request))

    def _window(
        self, request: Request, default: timedelta, *, longest: timedelta | None = LONGEST_WINDOW
    ) -> tuple[datetime, datetime]:
        since, until = (request.query_params.get(name) for name in ("since", "until"))
        try:
            end = datetime.fromisoformat(until) if until else self.settings.clock + timedelta(seconds=1)
            start = datetime.fromisoformat(since) if since else end - default
        except ValueError:
            raise _invalid("since and until must be ISO 8601 times") from None
        start, end = (t if t.tzinfo else t.replace(tzinfo=UTC) for t in (start, end))
        if start > end or (longest is not None and end - start > longest):
            raise _invalid("The time range must be at most 6 months")
        return start, end

    # --- one incident ------------------------------------------------------------------------------------------------
    def _one(self, request: Request) -> PagerdutyIncident:
        wanted = request.path_params["id"]
        for incident in self.world.incidents:
            if wanted in (incident.id, str(incident.number)) and self._is_seen(incident):
                return incident
        raise Refused(404, "Not Found", 2100)

    def _is_seen(self, incident: PagerdutyIncident) -> bool:
        clock = self.settings.clock
        if incident.created_at > clock or (incident.deleted_at and incident.deleted_at <= clock):
            return False
        return not any(a <= clock < b for a, b in self.world.hidden_services.get(incident.service_id, ()))

    def _status(self, incident: PagerdutyIncident) -> tuple[str, LogEntry]:
        """The status at the clock, and the entry that made it."""
        status, by = "triggered", incident.entries[0]
        for entry in incident.entries:
            new = OPENING.get(entry.type, status)
            if entry.created_at > self.settings.clock:
                break
            if new != status:
                status, by = new, entry
        return status, by

    def _incident(self, incident: PagerdutyIncident) -> dict[str, Any]:
        entries = [entry for entry in incident.entries if entry.created_at <= self.settings.clock]
        status, by = self._status(incident)
        updated = max(entry.created_at for entry in entries)
        people = [entry.agent for entry in entries if entry.agent]
        responder = [_person(people[-1])] if people else []
        priority = self._priorities.get(incident.priority_id or "")
        reason = {"type": "merge_resolve_reason", "incident": self._reference(by.into)} if by.into else None
        return {
            "id": incident.id, "type": "incident", "summary": f"[#{incident.number}] {incident.title}",
            "self": f"{API}/incidents/{incident.id}", "html_url": f"{SITE}/incidents/{incident.id}",
            "incident_number": incident.number, "title": incident.title, "created_at": iso(incident.created_at),
            "updated_at": iso(max(updated, self.settings.touched.get(incident.id, updated))), "status": status,
            "incident_key": f"key-{incident.number}", "service": self._service_reference(incident.service_id),
            "assignments": [{"at": iso(updated), "assignee": each} for each in responder if status != "resolved"],
            "assigned_via": "escalation_policy", "last_status_change_at": iso(by.created_at),
            "resolved_at": iso(by.created_at) if status == "resolved" else None,
            "first_trigger_log_entry": {**_log_reference(incident.entries[0]), "type": "trigger_log_entry_reference"},
            "alert_counts": {"all": 1, "triggered": int(status != "resolved"), "resolved": int(status == "resolved")},
            "is_mergeable": True, "incident_type": {"name": "incident_default"},
            "escalation_policy": _reference("escalation_policy", "PPOLICY", "Default"),
            "teams": [_reference("team", "PTEAM01", "Engineering")], "pending_actions": [],
            "acknowledgements": [
                {"at": iso(by.created_at), "acknowledger": each} for each in responder if status == "acknowledged"
            ],
            "last_status_change_by": _person(by.agent) if by.agent else self._service_reference(incident.service_id),
            "priority": priority and {**_reference("priority", priority["id"], priority["name"]), "type": "priority"},
            "resolve_reason": reason, "incidents_responders": [], "responder_requests": [],
            "urgency": incident.urgency,
        }  # fmt: skip

    def _reference(self, incident_id: str | None) -> dict[str, Any]:
        other = next(incident for incident in self.world.incidents if incident.id == incident_id)
        return _reference("incident", other.id, f"[#{other.number}] {other.title}")

    def _service_reference(self, service_id: str) -> dict[str, Any]:
        return _reference("service", service_id, self._services[service_id]["name"])

    def _entry(self, entry: LogEntry, incident: PagerdutyIncident) -> dict[str, Any]:
        verb = entry.type.removesuffix("_log_entry").replace("_", " ")
        by = f"by {entry.agent}" if entry.agent else f"through the {entry.channel}"
        return {
            **_log_reference(entry), "type": entry.type, "summary": f"{verb.capitalize()} {by}.",
            "created_at": iso(entry.created_at), "channel": {"type": entry.channel},
            "agent": _person(entry.agent) if entry.agent else self._service_reference(incident.service_id),
            "incident": _reference("incident", incident.id, f"[#{incident.number}] {incident.title}"),
            "service": self._service_reference(incident.service_id),
            "teams": [_reference("team", "PTEAM01", "Engineering")], "contexts": [],
        }  # fmt: skip


def _accept(request: Request, known: set[str]) -> None:
    unknown = set(request.query_params) - known
    if unknown:
        raise _invalid(f"unknown parameters {', '.join(sorted(unknown))}")


def _invalid(detail: str) -> Refused:
    return Refused(400, "Invalid Input Provided", 2001, detail)


def _page(
    request: Request, name: str, found: list[Any], shown: Callable[[Any], dict[str, Any]], fault: str | None = None
) -> dict[str, Any]:
    """Classic paging: limit, offset, more; the total only where it is asked for."""
    try:
        limit, offset = int(request.query_params.get("limit", 25)), int(request.query_params.get("offset", 0))
    except ValueError:
        raise _invalid("limit and offset must be integers") from None
    if not 1 <= limit <= LARGEST_PAGE or offset < 0:
        raise _invalid(f"limit must be between 1 and {LARGEST_PAGE}, offset at least 0")
    if limit + offset > REACH:
        raise _invalid(f"limit plus offset must be at most {REACH}")
    first = max(0, offset - 3) if fault == "repeated_records" else offset
    total = len(found) if request.query_params.get("total") == "true" else None
    page: Iterable[Any] = found[first : offset + limit]
    more = offset + limit < len(found)
    return {name: [shown(each) for each in page], "limit": limit, "offset": offset, "total": total, "more": more}


def _reference(kind: str, id_: str, summary: str) -> dict[str, Any]:
    path = {"service": "service-directory", "escalation_policy": "escalation_policies"}.get(kind, f"{kind}s")
    return {
        "id": id_, "type": f"{kind}_reference", "summary": summary, "self": f"{API}/{kind}s/{id_}",
        "html_url": f"{SITE}/{path}/{id_}",
    }  # fmt: skip


def _person(name: str) -> dict[str, Any]:
    return _reference("user", "PU" + name.upper().replace(" ", "")[:6], name)


def _log_reference(entry: LogEntry) -> dict[str, Any]:
    return {
        "id": entry.id, "type": f"{entry.type}_reference", "summary": entry.type, "html_url": None,
        "self": f"{API}/log_entries/{entry.id}",
    }  # fmt: skip
