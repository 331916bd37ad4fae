"""A double of Typeform's Create and Responses APIs over a TypeformWorld: who am I, a form, its responses.

Strict where the vendor is: a bearer token, pages of at most 1000, `before` and `after` as tokens of responses of that
form. Its contract stands beside it (typeform_contract.json, written from the vendor's documentation, as there is no
machine-readable one); the tests validate every request and answer against it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.replies import Settings, reply
from sandbox.world import TypeformForm, TypeformWorld

ROOT = "/typeform"
DEFAULT_PAGE, LARGEST_PAGE = 25, 1000
PARAMETERS = {"page_size", "since", "until", "before", "after", "response_type", "included_response_ids"}


class Refused(Exception):
    """A request that the vendor answers with an error."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status, self.body = status, {"code": code, "description": description}


class TypeformDouble:
    """Serves one TypeformWorld at the clock of `settings`."""

    def __init__(self, world: TypeformWorld, settings: Settings) -> None:
        self.world, self.settings = world, settings

    def forget(self) -> None:
        """Nothing is derived from the world."""

    def routes(self) -> list[Route]:
        """The Starlette routes, each behind authentication and Typeform's form of an error."""
        paths = {"/me": self.me, "/forms/{form}": self.form, "/forms/{form}/responses": self.responses}
        return [Route(ROOT + path, self._guard(handler), methods=["GET"]) for path, handler in paths.items()]

    def _guard(self, handler: Callable[[Request], dict[str, Any]]) -> Any:
        async def endpoint(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            try:
                if scheme.lower() != "bearer" or not token or self.settings.token not in (None, token):
                    raise Refused(403, "AUTHENTICATION_FAILED", "Authentication credentials not found")
                return reply(handler(request))
            except Refused as refused:
                return reply(refused.body, refused.status)

        return endpoint

    def me(self, request: Request) -> dict[str, Any]:
        """GET me."""
        del request
        return {"alias": "acme", "email": "surveys@acme.example", "language": "en", "user_id": "01FTYPEFORM"}

    def form(self, request: Request) -> dict[str, Any]:
        """GET forms/{form}: the definition."""
        return self._form(request).definition

    def responses(self, request: Request) -> dict[str, Any]:
        """GET forms/{form}/responses: complete ones, the newest first; with `before` or `after` those of one side."""
        query = request.query_params
        if unknown := set(query) - PARAMETERS:
            raise Refused(400, "VALIDATION_ERROR", f"unknown parameters {', '.join(sorted(unknown))}")
        if "before" in query and "after" in query:
            raise Refused(400, "VALIDATION_ERROR", "before and after exclude each other")
        size = query.get("page_size", str(DEFAULT_PAGE))
        if not size.isdigit() or not 1 <= int(size) <= LARGEST_PAGE:
            raise Refused(400, "VALIDATION_ERROR", f"page_size must be between 1 and {LARGEST_PAGE}")
        since, until = _moment(query.get("since")), _moment(query.get("until"))
        found = [
            response
            for response in self._form(request).responses
            if (at := datetime.fromisoformat(response["submitted_at"])) <= self.settings.clock
            and (since is None or at >= since)
            and (until is None or at <= until)
        ]
        found.sort(key=lambda response: (response["submitted_at"], response["token"]), reverse=True)
        total = len(found)
        for name in ("before", "after"):
            if name in query:
                places = [place for place, response in enumerate(found) if response["token"] == query[name]]
                if not places:
                    raise Refused(400, "VALIDATION_ERROR", f"{name} is no token of a response")
                found = found[places[0] + 1 :] if name == "before" else found[: places[0]]
        pages = -(-total // int(size))
        return {"total_items": total, "page_count": pages, "items": found[: int(size)]}

    def _form(self, request: Request) -> TypeformForm:
        form = self.world.forms.get(request.path_params["form"])
        if form is None:
            raise Refused(404, "FORM_NOT_FOUND", "Non existing form with uid")
        return form


def _moment(text: str | None) -> datetime | None:
    """A time as the vendor takes it: seconds since the epoch, or ISO 8601 in UTC to the second."""
    if text is None:
        return None
    try:
        moment = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, "VALIDATION_ERROR", "since and until must be times") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
