"""Qualtrics (API v3): the responses of declared surveys, by an export job: start, ask for its progress, download a zip.

The zip holds one CSV with three header lines: the question's name, its text, and its id as JSON (with the time zone of
dates). Of a response's metadata only id, time and status are asked for: no address, place or e-mail leaves Qualtrics.
Previews, tests and what Qualtrics takes for spam are left out. Answers come as numbers (recode values), which do not
change with the language of whoever made the token.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from ingestion.errors import NotFound, StopStream
from ingestion.sources.survey_description import ReadOptions
from ingestion.sources.survey_forms import RESPONSE, SUBMITTED, form_streams
from ingestion.sources.survey_tables import ResultsTable, read_results
from ingestion.stream import Context, Endpoint, Request, Source

HEADER = ReadOptions(header_rows=3)
METADATA = ("_recordId", "recordedDate", "status", "finished")
NOT_ANSWERS = 0b1011  # bits of a status: preview, test, spam
POLL_SECONDS = (1, 2, 3, 5, 8, 10)
LONGEST_EXPORT_SECONDS = 1800


def endpoint(connection: Any) -> Endpoint:
    """How to reach Qualtrics: an API token in a header of its own."""
    secret = connection.token.get_secret_value() if connection.token else ""
    return Endpoint(
        root=connection.base_url,
        authorization=secret,
        authorization_header="X-API-TOKEN",
        quota_ceiling=connection.quota_ceiling,
        cure=f"check the API token in {connection.token_env or 'token_env'} (Account Settings, Qualtrics IDs), and "
        "that base_url names the data centre of the account",
    )


def download(context: Context, survey: str, since: datetime, until: datetime | None) -> ResultsTable:
    """The responses of a survey as its export has them, without previews, with a time that tells its zone."""
    exports = f"/API/v3/surveys/{survey}/export-responses"
    window = {"startDate": _text(since)}
    if until is not None:
        window["endDate"] = _text(until)
    body = {"format": "csv", "compress": True, "useLabels": False, "surveyMetadataIds": list(METADATA), **window}
    started = _result(context, Request("POST", exports, json=body))
    content = context.http.send(
        Request("GET", f"{exports}/{_finished(context, survey, exports, started)}/file", is_file=True)
    ).body
    return _answers(read_results(_unzipped(survey, content), f"{survey}.csv", HEADER), survey)


def _finished(context: Context, survey: str, exports: str, progress: Mapping[str, Any]) -> str:
    """The id of the file once the job is done; StopStream where it fails or takes too long."""
    job, waited = progress.get("progressId"), 0
    if not job:
        raise StopStream(f"survey {survey}: Qualtrics began an export without telling its id", "run again later")
    for number in range(LONGEST_EXPORT_SECONDS):
        if progress.get("status") == "failed":
            raise StopStream(f"survey {survey}: Qualtrics could not export it", "run again later, or ask their support")
        if progress.get("status") == "complete" and progress.get("fileId"):
            return progress["fileId"]
        if waited >= LONGEST_EXPORT_SECONDS:
            break
        seconds = POLL_SECONDS[min(number, len(POLL_SECONDS) - 1)]
        context.http.wait(seconds)
        waited += seconds
        try:
            progress = _result(context, Request("GET", f"{exports}/{job}"))
        except NotFound:
            raise StopStream(f"survey {survey}: Qualtrics lost its export", "run again later") from None
    raise StopStream(
        f"survey {survey}: its export was not ready after {LONGEST_EXPORT_SECONDS // 60} minutes", "run again later"
    )


def _result(context: Context, request: Request) -> dict[str, Any]:
    body = context.http.send(request).body
    return body.get("result") or {} if isinstance(body, dict) else {}


def _unzipped(survey: str, content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) == 1:
                return archive.read(names[0])
            what = f"the export holds {len(names)} CSV files in place of one"
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError):
        what = "the export is no whole zip file"
    raise StopStream(f"survey {survey}: {what}", "run again later, and report it if it stays")


def _answers(table: ResultsTable, survey: str) -> ResultsTable:
    """The table with our names for id and time in a further header row, times in UTC, without what is no answer."""
    names = {name: index for index, name in enumerate(table.header[0])}
    missing = [name for name in ("ResponseId", "RecordedDate", "Status") if name not in names]
    if missing:
        raise StopStream(f"survey {survey}: the export lacks {', '.join(missing)}", "the vendor's export has changed")
    recorded, status = names["RecordedDate"], names["Status"]
    zone = _zone(table.header[2][recorded], survey)
    ours = {names["ResponseId"]: RESPONSE, recorded: SUBMITTED}
    rows = tuple(
        (line, tuple(_in_utc(cell, zone) if index == recorded else cell for index, cell in enumerate(cells)))
        for line, cells in table.rows
        if len(cells) != table.width or _is_answer(cells[status])
    )
    return replace(table, header=(tuple(ours.get(i, "") for i in range(table.width)), *table.header), rows=rows)


def _is_answer(status: str) -> bool:
    return not (status.isdigit() and int(status) & NOT_ANSWERS)


def _zone(header: str, survey: str) -> ZoneInfo:
    """The time zone that the third header line tells of a date: `{"ImportId": "recordedDate", "timeZone": "..."}`."""
    try:
        name = str(json.loads(header).get("timeZone") or "UTC")
    except (ValueError, AttributeError):
        name = ""
    name = "UTC" if name == "Z" else name
    if name not in available_timezones():
        raise StopStream(f"survey {survey}: the export's dates are in no known time zone ({header})", "report it")
    return ZoneInfo(name)


def _in_utc(text: str, zone: ZoneInfo) -> str:
    """A time of the export in UTC; as it is where it is none, for the reading to judge."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).isoformat()


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


QUALTRICS = Source("surveys", form_streams(download), endpoint=endpoint, check=Request("GET", "/API/v3/whoami"))
