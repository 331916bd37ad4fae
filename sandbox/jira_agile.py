"""The agile part of the Jira double: boards, their configuration, and sprints as at the clock."""

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
_OF_A_BOARD = ("sprints", "configuration")
_ORDER = {"closed": 0, "active": 1, "future": 2}
_HIDDEN = "The requested {} cannot be viewed because it either does not exist or you do not have permission to view it."


class AgileReplies:
    """Boards and sprints of the world of a JiraDouble."""

    def __init__(self, double: "JiraDouble") -> None:
        self.double = double
        self.world = double.world
        self.settings = double.settings

    def paths(self) -> dict[str, tuple[Any, ...]]:
        """Path -> handler and method."""
        handlers = {
            "board": self.boards,
            "board/{board}/configuration": self.board_configuration,
            "board/{board}/sprint": self.board_sprints,
            "sprint/{sprint}": self.get_sprint,
        }
        return {f"/rest/agile/1.0/{path}": (self._licensed(handler), "GET") for path, handler in handlers.items()}

    def _licensed(self, handler: Any) -> Any:
        def answer(request: Request, body: dict[str, Any]) -> Response:
            if not self.world.has_agile:
                raise Refused(403, "The user does not have a valid license")
            return handler(request, body)

        return answer

    def boards(self, request: Request, body: dict[str, Any]) -> Response:
        """GET board: those whose project the API user sees, at most 50 a page; filter `projectKeyOrId`."""
        wanted = request.query_params.get("projectKeyOrId")
        project = self.double.site.project(wanted) if wanted else None
        if wanted and project is None:
            raise Refused(400, f"No project could be found with key or id '{wanted}'.")
        boards = [
            {name: value for name, value in board.items() if name not in _OF_A_BOARD}
            for board in self._visible()
            if project is None or _project_of(board) == project["key"]
        ]
        return reply(page_of(request, boards, MOST_PER_PAGE))

    def board_configuration(self, request: Request, body: dict[str, Any]) -> Response:
        """GET board/{id}/configuration: its columns with their statuses, what it estimates by, its filter."""
        board = self._board(request)
        return reply(
            {"id": board["id"], "name": board["name"], "type": board["type"], **board.get("configuration", {})}
        )

    def board_sprints(self, request: Request, body: dict[str, Any]) -> Response:
        """GET board/{id}/sprint: closed, active, future; at most 50 a page; filter `state`.

        Refused for a board without sprints: a kanban one, or one whose `sprints` are None (some team-managed ones).
        """
        board = self._board(request)
        if board["type"] == "kanban" or board.get("sprints", ()) is None:
            raise Refused(400, "The board does not support sprints")
        of_board = {str(sprint["id"]) for sprint in board.get("sprints") or ()}
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

    def _visible(self) -> list[dict[str, Any]]:
        projects = {project["key"] for project in self.double.site.projects}
        return [board for board in self.world.boards if _project_of(board) in projects | {None}]

    def _board(self, request: Request) -> dict[str, Any]:
        board = next((b for b in self._visible() if str(b["id"]) == request.path_params["board"]), None)
        if board is None:
            raise Refused(404, _HIDDEN.format("board"))
        return board

    def _sprints(self) -> list[dict[str, Any]]:
        """Every sprint with the times that have come, oldest id first; its state follows from them."""
        now = milliseconds(self.settings.clock)
        every = [*self.world.sprints, *(sprint for board in self.world.boards for sprint in board.get("sprints") or ())]
        visible = []
        for sprint in {str(sprint["id"]): sprint for sprint in every}.values():
            shown = {k: v for k, v in sprint.items() if k not in _IN_TIME or (v and _milliseconds_of(v) <= now)}
            if "createdDate" in sprint and "createdDate" not in shown:
                continue
            started = shown.get("activatedDate" if "activatedDate" in sprint else "startDate")
            active = bool(started) and _milliseconds_of(started) <= now
            shown["state"] = "closed" if "completeDate" in shown else "active" if active else "future"
            visible.append(shown)
        return visible


def _project_of(board: dict[str, Any]) -> str | None:
    return board.get("location", {}).get("projectKey")


def _milliseconds_of(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text))
