"""What the REST replies of the GitHub double share: the address in payloads, refusals, pages with Link headers."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

API = "https://api.github.example.com"  # in payloads; paging links carry the double's own address
MOST_PER_PAGE = 100


class Refused(Exception):
    """A REST request that GitHub answers with an error status and a message."""

    def __init__(self, status: int, message: str, location: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.location = location


def page_of(request: Request, items: list[Any], default: int) -> tuple[list[Any], str]:
    """The asked page of items and its Link header ('' when there is one page only)."""
    query = request.query_params
    size = min(MOST_PER_PAGE, max(1, int(query.get("per_page", default))))
    page = max(1, int(query.get("page", 1)))
    last = max(1, -(-len(items) // size))
    rest = [(name, value) for name, value in query.multi_items() if name != "page"]
    base = str(request.url).split("?")[0]
    relations = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = (
        (["prev"] if page > 1 else []) + (["next", "last"] if page < last else []) + (["first"] if page > 1 else [])
    )
    links = [f'<{base}?{urlencode([*rest, ("page", relations[name])])}>; rel="{name}"' for name in wanted]
    return items[(page - 1) * size : page * size], ", ".join(links)
