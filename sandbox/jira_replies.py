"""Shapes that all endpoints of the Jira double share: errors and startAt pages."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.replies import reply
from sandbox.world import JiraWorld


def site_url(world: JiraWorld) -> str:
    """The address of the site in payloads: that of its projects, never the port of the double."""
    return next((p["self"].split("/rest/")[0] for p in world.projects if "self" in p), "https://jira.example.com")


class Refused(Exception):
    """A request that Jira answers with an error status and an ErrorCollection."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(*messages)
        self.status = status
        self.messages = messages


def errors(status: int, messages: list[str]) -> Response:
    """Jira's ErrorCollection."""
    return reply({"errorMessages": messages, "errors": {}}, status)


def page_of(
    request: Request, items: Sequence[Any], most: int, render: Callable[[Any], Any] | None = None
) -> dict[str, Any]:
    """Jira's startAt page of `items`: never more than `most`, whatever `maxResults` asks. Raises Refused."""
    try:
        start = max(0, int(request.query_params.get("startAt", 0)))
        size = min(most, max(1, int(request.query_params.get("maxResults", most))))
    except ValueError as error:
        raise Refused(404, "Not found") from error
    page = items[start : start + size]
    return {
        "maxResults": size, "startAt": start, "total": len(items),
        "isLast": start + size >= len(items), "values": [render(item) for item in page] if render else list(page),
    }  # fmt: skip
