"""A double of Qualtrics' API v3 over a QualtricsWorld: who am I, and the export of a survey's responses.

An export is a job: POST starts it, GET tells its progress, and once it is complete GET .../file answers a zip with one
CSV of three header lines. Its contract stands beside it (qualtrics_contract.json, written from the vendor's
documentation, as there is no machine-readable one); the tests validate every request and answer against it.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.replies import Settings, reply
from sandbox.world import QualtricsSurvey, QualtricsWorld

ROOT = "/qualtrics"
API = f"{ROOT}/API/v3"
FORMATS = ("csv", "json", "ndjson", "spss", "tsv", "xml")
METADATA = {  # id -> name and text in the export, in its order
    "startDate": ("StartDate", "Start Date"), "endDate": ("EndDate", "End Date"), "status": ("Status", "Response Type"),
    "ipAddress": ("IPAddress", "IP Address"), "progress": ("Progress", "Progress"),
    "finished": ("Finished", "Finished"), "recordedDate": ("RecordedDate", "Recorded Date"),
    "_recordId": ("ResponseId", "Response ID"), "recipientEmail": ("RecipientEmail", "Recipient Email"),
}  # fmt: skip
DATES = ("startDate", "endDate", "recordedDate")


class Refused(Exception):
    """A request that the vendor answers with an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class QualtricsDouble:
    """Serves one QualtricsWorld at the clock of `settings`. Jobs live as long as the double."""

    def __init__(self, world: QualtricsWorld, settings: Settings) -> None:
        self.world, self.settings = world, settings
        self._jobs: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        """Lose every job, as a vendor does after a while."""
        self._jobs.clear()

    def routes(self) -> list[Route]:
        """The Starlette routes, each behind authentication and Qualtrics' form of an answer."""
        exports = f"{API}/surveys/{{survey}}/export-responses"
        paths = {
            f"{API}/whoami": (self.whoami, "GET"),
            exports: (self.start, "POST"),
            f"{exports}/{{job}}": (self.progress, "GET"),
            f"{exports}/{{file}}/file": (self.file, "GET"),
        }
        return [Route(path, self._guard(handler), methods=[method]) for path, (handler, method) in paths.items()]

    def _guard(self, handler: Callable[[Request, Any], Any]) -> Any:
        async def endpoint(request: Request) -> Response:
            token = request.headers.get("x-api-token")
            try:
                if not token or self.settings.token not in (None, token):
                    raise Refused(401, "AUTH_6", "Unrecognized X-API-TOKEN.")
                body = await request.body()
                result = handler(request, orjson.loads(body) if body else None)
                if isinstance(result, bytes):
                    return Response(result, media_type="application/zip")
                return reply({"result": result, "meta": {"httpStatus": "200 - OK", "requestId": "r-1"}})
            except Refused as refused:
                error = {"errorCode": refused.code, "errorMessage": refused.message}
                meta = {"httpStatus": f"{refused.status} - Error", "requestId": "r-1", "error": error}
                return reply({"meta": meta}, refused.status)

        return endpoint

    def whoami(self, request: Request, body: Any) -> dict[str, Any]:
        """GET whoami."""
        del request, body
        return {"userId": "UR_1", "userName": "surveys@acme.example", "brandId": "acme", "language": "en"}

    def start(self, request: Request, body: Any) -> dict[str, Any]:
        """POST export-responses: begin a job over what is there now."""
        survey = self._survey(request)
        if not isinstance(body, dict) or body.get("format") not in FORMATS:
            raise Refused(400, "RP_1", f"format must be one of {', '.join(FORMATS)}")
        job = f"ES_{len(self._jobs) + 1}"
        content = _zipped(survey, body, self.settings.clock)
        self._jobs[job] = {"survey": request.path_params["survey"], "polls": 0, "content": content}
        return {"progressId": job, "percentComplete": 0.0, "status": "inProgress"}

    def progress(self, request: Request, body: Any) -> dict[str, Any]:
        """GET export-responses/{job}: complete after as many looks as the world says."""
        del body
        job = self._job(request, request.path_params["job"])
        job["polls"] += 1
        if self.world.fails:
            return {"percentComplete": 100.0, "status": "failed", "fileId": None}
        if job["polls"] <= self.world.polls:
            return {"percentComplete": 100.0 * job["polls"] / (self.world.polls + 1), "status": "inProgress"}
        return {"percentComplete": 100.0, "status": "complete", "fileId": f"{request.path_params['job']}-def"}

    def file(self, request: Request, body: Any) -> bytes:
        """GET export-responses/{file}/file: the zip."""
        del body
        return self._job(request, request.path_params["file"].removesuffix("-def"))["content"]

    def _survey(self, request: Request) -> QualtricsSurvey:
        survey = self.world.surveys.get(request.path_params["survey"])
        if survey is None:
            raise Refused(404, "SURVEY_1", "The requested survey does not exist.")
        return survey

    def _job(self, request: Request, name: str) -> dict[str, Any]:
        job = self._jobs.get(name)
        if job is None or job["survey"] != request.path_params["survey"]:
            raise Refused(404, "EXPORT_1", "The requested export does not exist.")
        return job


def _zipped(survey: QualtricsSurvey, body: dict[str, Any], clock: datetime) -> bytes:
    """The export: metadata that was asked for, then questions and embedded data."""
    asked = body.get("surveyMetadataIds")
    metadata = [name for name in METADATA if asked is None or name in asked]
    zone = ZoneInfo(survey.time_zone)
    since, until = (datetime.fromisoformat(body[n]) if n in body else None for n in ("startDate", "endDate"))
    lines = [
        [*(METADATA[name][0] for name in metadata), *survey.questions],
        [*(METADATA[name][1] for name in metadata), *survey.questions.values()],
        [
            *(json.dumps({"ImportId": n, **({"timeZone": survey.time_zone} if n in DATES else {})}) for n in metadata),
            *(json.dumps({"ImportId": f"QID{number}"}) for number, _ in enumerate(survey.questions, 1)),
        ],
    ]
    for response in survey.responses:
        at = response["recordedDate"]
        if at > clock or (since and at < since) or (until and at >= until):
            continue
        shown = {**response, **{n: f"{response[n].astimezone(zone):%Y-%m-%d %H:%M:%S}" for n in DATES if n in response}}
        lines.append([*(str(shown.get(name, "")) for name in metadata), *(shown.get(q, "") for q in survey.questions)])
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Team pulse.csv", text.getvalue())
    return packed.getvalue()
