"""Dependabot, code-scanning and secret-scanning alerts of the GitHub double (REST), at the host's clock.

`hide_secret` is not known, as on an older Enterprise Server: a client that must not hold secrets has to drop them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.github_graphql import read_cursor, write_cursor
from sandbox.github_state import WEB, RepositoryState
from sandbox.github_words import API, MOST_PER_PAGE, Refused
from sandbox.replies import iso, reply
from sandbox.world import Actor, Alert

if TYPE_CHECKING:
    from sandbox.github_rest import RestReplies

PATHS = {"dependabot": "dependabot", "code_scanning": "code-scanning", "secret_scanning": "secret-scanning"}
_REFUSALS = {
    "dependabot": (403, "Dependabot alerts are disabled for this repository."),
    "code_scanning": (403, "Code scanning is not enabled for this repository."),
    "secret_scanning": (404, "Secret scanning is disabled on this repository."),
}
_DISMISSER = Actor("security-champion")


class AlertReplies:
    """The listings of alerts of a repository and of an organisation."""

    def __init__(self, rest: RestReplies) -> None:
        self.rest = rest

    def paths(self) -> dict[str, Callable[[Request], Response]]:
        """Handlers by path."""
        found: dict[str, Callable[[Request], Response]] = {}
        for kind, path in PATHS.items():
            found[f"/repos/{{owner}}/{{name}}/{path}/alerts"] = lambda request, kind=kind: self.of_one(request, kind)
            found[f"/orgs/{{owner}}/{path}/alerts"] = lambda request, kind=kind: self.of_all(request, kind)
        return found

    def of_one(self, request: Request, kind: str) -> Response:
        """GET repos/{owner}/{repo}/.../alerts?state&sort&direction."""
        state = self.rest.state_of(request)
        if kind in state.repository.switched_off:
            raise Refused(*_REFUSALS[kind])
        return self._listed(request, [(state, alert) for alert in _alerts(state, kind)], with_repository=False)

    def of_all(self, request: Request, kind: str) -> Response:
        """GET orgs/{org}/.../alerts: those of every repository that has them."""
        host = self.rest.double.host
        if not host.owned_by(request.path_params["owner"]):
            raise Refused(404, "Not Found")
        if not self.rest.double.world.is_security_manager:
            raise Refused(403, "You are not authorized to perform this operation.")
        found = [
            (state, alert)
            for state in host.owned_by(request.path_params["owner"])
            if kind not in state.repository.switched_off
            for alert in _alerts(state, kind)
        ]
        return self._listed(request, found, with_repository=True)

    def _listed(
        self, request: Request, found: list[tuple[RepositoryState, Alert]], *, with_repository: bool
    ) -> Response:
        """Sorted, and paged by cursor: the Link header's `after` holds the place."""
        query = request.query_params
        changed = query.get("sort", "created") == "updated"

        def key(pair: tuple[RepositoryState, Alert]) -> tuple[datetime, str, int]:
            state, alert = pair
            at = _latest(alert, state.clock)[0] if changed else alert.created_at
            return at, state.repository.id, alert.number

        found.sort(key=key, reverse=query.get("direction", "desc") == "desc")
        shown = [self._alert(state, alert, with_repository) for state, alert in found]
        if query.get("state"):
            shown = [alert for alert in shown if alert["state"] in query["state"].split(",")]
        size = min(MOST_PER_PAGE, max(1, int(query.get("per_page", 30))))
        start = int(read_cursor(query["after"])) if query.get("after") else 0
        headers = None
        if start + size < len(shown):
            url = request.url.include_query_params(after=write_cursor(str(start + size)))
            headers = {"link": f'<{url}>; rel="next"'}
        return reply(shown[start : start + size], headers=headers)

    def _alert(self, state: RepositoryState, alert: Alert, with_repository: bool) -> dict[str, Any]:
        at, now, reason = _latest(alert, state.clock)
        path = f"{PATHS[alert.kind]}/alerts/{alert.number}"
        own = f"{API}/repos/{state.name}/{path}"
        shape: dict[str, Any] = {
            "number": alert.number, "state": now, "created_at": iso(alert.created_at), "updated_at": iso(at),
            "url": own, "html_url": f"{WEB}/{state.name}/security/{alert.number}", **alert.data,
        }  # fmt: skip
        actor = self.rest.user(self.rest.double.host.actor(_DISMISSER))
        if alert.kind == "secret_scanning":
            is_closed = now == "resolved"
            shape |= {
                "locations_url": f"{own}/locations", "resolution": reason if is_closed else None,
                "resolved_at": iso(at) if is_closed else None, "resolved_by": actor if is_closed else None,
                "resolution_comment": "Seen with Marta Kowalska" if is_closed else None,
            }  # fmt: skip
        else:
            is_closed = now == "dismissed"
            shape |= {
                "fixed_at": iso(at) if now == "fixed" else None, "dismissed_at": iso(at) if is_closed else None,
                "dismissed_reason": reason if is_closed else None, "dismissed_by": actor if is_closed else None,
                "dismissed_comment": "As agreed with Marta Kowalska" if is_closed else None,
            }  # fmt: skip
        if alert.kind == "dependabot":
            shape["auto_dismissed_at"] = iso(at) if now == "auto_dismissed" else None
        if alert.kind == "code_scanning":
            shape["instances_url"] = f"{own}/instances"
        if with_repository:
            full = self.rest.repository(state, full=False)
            shape["repository"] = {
                name: value for name, value in full.items() if not name.endswith(("_at", "_count")) or name == "url"
            }
        return shape


def _alerts(state: RepositoryState, kind: str) -> list[Alert]:
    return [a for a in state.repository.alerts if a.kind == kind and a.created_at <= state.clock]


def _latest(alert: Alert, clock: datetime) -> tuple[datetime, str, str | None]:
    """When an alert changed last, to which state, and why."""
    past = [change for change in alert.changes if change[0] <= clock]
    return past[-1] if past else (alert.created_at, "open", None)
