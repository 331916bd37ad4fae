"""Typeform (Create and Responses APIs): the answers to closed questions of declared forms.

A form's definition gives its columns: the title and the ref of each question, and the hidden fields, which tell the
team, the value stream and, if there is one, the respondent. Responses come newest first, a thousand a page, each next
page `before` the last token. Questions that are answered in words are no column: what people write is never read into
a table, whatever a YAML file declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.errors import StopStream
from ingestion.pagination import BeforeToken, LoopGuard
from ingestion.sources.survey_forms import RESPONSE, SUBMITTED, form_streams, form_table
from ingestion.sources.survey_tables import ResultsTable
from ingestion.stream import Context, Endpoint, Request, Source

PER_PAGE = 1000
CLOSED_QUESTIONS = (
    "multiple_choice", "dropdown", "picture_choice", "opinion_scale", "rating", "nps", "yes_no", "legal", "number",
)  # fmt: skip
PAGES = BeforeToken()


def endpoint(connection: Any) -> Endpoint:
    """How to reach Typeform: a personal access token."""
    secret = connection.token.get_secret_value() if connection.token else ""
    return Endpoint(
        root=connection.base_url,
        authorization=f"Bearer {secret}",
        quota_ceiling=connection.quota_ceiling,
        cure=f"check the personal access token in {connection.token_env or 'token_env'}: it needs the scopes "
        "forms:read and responses:read; an account in the EU has its API at https://api.eu.typeform.com",
    )


def download(context: Context, form: str, since: datetime, until: datetime | None) -> ResultsTable:
    """The responses of a form: two header rows (titles, refs), a row a response, the oldest first."""
    definition = context.http.send(Request("GET", f"/forms/{form}")).body
    questions = list(_closed_questions(definition.get("fields") or []))
    hidden = list(definition.get("hidden") or [])
    titles = [RESPONSE, SUBMITTED, *hidden, *(question["title"] for question in questions)]
    refs = ["token", "submitted_at", *(f"hidden:{name}" for name in hidden), *(q.get("ref") or "" for q in questions)]
    ids = [question["id"] for question in questions]
    responses = sorted(_responses(context, form, since, until), key=lambda each: (each["submitted_at"], each["token"]))
    return form_table(form, (titles, refs), (_cells(response, hidden, ids) for response in responses))


def _closed_questions(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Questions that are not answered in words, those of groups and matrices too."""
    for field in fields:
        yield from _closed_questions((field.get("properties") or {}).get("fields") or [])
        if field["type"] in CLOSED_QUESTIONS:
            yield field


def _responses(context: Context, form: str, since: datetime, until: datetime | None) -> Iterator[dict[str, Any]]:
    """Every complete response once; StopStream where fewer come than the vendor counts."""
    window = {"since": _text(since)}
    if until is not None:
        window["until"] = _text(until - timedelta(seconds=1))  # both ends belong to the window
    request: Request | None = Request("GET", f"/forms/{form}/responses", {"page_size": PER_PAGE, **window})
    guard, seen, total = LoopGuard(), set[str](), None
    while request is not None:
        guard.check(request)
        page = context.http.send(request)
        total = page.body["total_items"] if total is None else total
        for response in page.body["items"]:
            if response["token"] not in seen:
                seen.add(response["token"])
                yield response
        request = PAGES.next(request, page)
    if len(seen) < (total or 0):
        raise StopStream(
            f"form {form}: {len(seen)} responses came of the {total} that Typeform counts",
            "run again later, and report it if it stays",
        )


def _cells(response: dict[str, Any], hidden: list[str], ids: list[str]) -> tuple[str, ...]:
    told = response.get("hidden") or {}
    answers = {answer["field"]["id"]: _answer(answer) for answer in response.get("answers") or []}
    return (
        response["token"],
        response["submitted_at"],
        *(str(told.get(name) or "").strip() for name in hidden),
        *(answers.get(id_, "") for id_ in ids),
    )


def _answer(answer: Mapping[str, Any]) -> str:
    """The answer to a closed question as text; an "other" that somebody wrote is none."""
    match answer["type"]:
        case "choice":
            return answer["choice"].get("label") or ""
        case "choices":
            return "; ".join(answer["choices"].get("labels") or [])
        case "number":
            return str(answer["number"])
        case "boolean":
            return "yes" if answer["boolean"] else "no"
        case _:
            return ""


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


TYPEFORM = Source("surveys", form_streams(download), endpoint=endpoint, check=Request("GET", "/me"))
