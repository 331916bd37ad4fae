"""The agile part of the Jira double: boards and sprints as at the clock, minimal."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.jira_replies import Refused, page_of
from sandbox.jira_state import milliseconds
from sandbox.replies import reply

if TYPE_CHECKING:
    from sandbox.jira_double import JiraDouble

MOST_PER_PAGE = 50
_IN_TIME = ("createdDate", "activatedDate", "completeDate")
_ORDER = {"closed": 0, "active": 1, "future": 2}
_HIDDEN = "The requested {} cannot be viewed because it either does not exist or you do not have permission to view it."


class AgileReplies:
    """Boards and sprints of the world of a JiraDouble."""

    def __init__(self, double: "JiraDouble") -> None:
        self.world = double.world
        self.settings = double.settings

    def paths(self) -> dict[str, tuple[Any, ...]]:
        """Path -> handler and method."""
        return {
            "/rest/agile/1.0/board": (self.boards, "GET"),
            "/rest/agile/1.0/board/{board}/sprint": (self.board_sprints, "GET"),
            "/rest/agile/1.0/sprint/{sprint}": (self.get_sprint, "GET"),
        }

    def boards(self, request: Request, body: dict[str, Any]) -> Response:
        """GET board: at most 50 a page."""
        boards = [{name: value for name, value in board.items() if name != "sprints"} for board in self.world.boards]
        return reply(page_of(request, boards, MOST_PER_PAGE))

    def board_sprints(self, request: Request, body: dict[str, Any]) -> Response:
        """GET board/{id}/sprint: closed, active, future; at most 50 a page; filter `state`."""
        board = next((b for b in self.world.boards if str(b["id"]) == request.path_params["board"]), None)
        if board is None:
            raise Refused(404, _HIDDEN.format("board"))
        of_board = {str(sprint["id"]) for sprint in board.get("sprints", ())}
        states = [state for state in request.query_params.get("state", "").split(",") if state]
        found = [
            sprint
            for sprint in self._sprints()
            if (str(sprint["id"]) in of_board or str(sprint.get("originBoardId")) == str(board["id"]))
            and (not states or sprint["state"] in states)
        ]
        return reply(page_of(request, sorted(found, key=lambda sprint: _ORDER[sprint["state"]]), MOST_PER_PAGE))

    def get_sprint(self, request: Request, body: dict[str, Any]) -> Response:
        """GET sprint/{id}."""
        sprint = next((s for s in self._sprints() if str(s["id"]) == request.path_params["sprint"]), None)
        if sprint is None:
            raise Refused(404, _HIDDEN.format("sprint"))
        return reply(sprint)

    def _sprints(self) -> list[dict[str, Any]]:
        """Every sprint with the times that have come, oldest id first; its state follows from them."""
        now = milliseconds(self.settings.clock)
        every = [*self.world.sprints, *(sprint for board in self.world.boards for sprint in board.get("sprints", ()))]
        visible = []
        for sprint in {str(sprint["id"]): sprint for sprint in every}.values():
            shown = {k: v for k, v in sprint.items() if k not in _IN_TIME or (v and _milliseconds_of(v) <= now)}
            if "createdDate" in sprint and "createdDate" not in shown:
                continue
            started = shown.get("activatedDate") or shown.get("startDate")
            active = bool(started) and _milliseconds_of(started) <= now
            shown["state"] = "closed" if "completeDate" in shown else "active" if active else "future"
            visible.append(shown)
        return visible


def _milliseconds_of(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text))
