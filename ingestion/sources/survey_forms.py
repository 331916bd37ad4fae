"""Survey tools that are read over HTTP -> `raw_surveys.waves` and `raw_surveys.answers`, as an inbox of files would be.

A folder of YAML files declares instruments and waves as for results files (see `survey_description`); `file` of a wave
is the id of a form. What a form answers is a table with the headers of the tool, and goes through the same reading:
nothing undeclared lands, a respondent lands as a salted hash, a malformed row is quarantined. A form that serves
several waves is cut at their wave dates. Every declared form is read every night: what was erased there is erased here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from ingestion.connections import OrganizationFilesConnection
from ingestion.errors import NotFound
from ingestion.salt import load_salt
from ingestion.sources.organization_files import team_names
from ingestion.sources.survey_description import ColumnRef, ResultsFile, SubmittedAt, Survey, Wave
from ingestion.sources.survey_files import Inbox, WaveReading, folder_files
from ingestion.sources.survey_tables import ResultsTable
from ingestion.stream import Context, Quarantined, Record, Stream
from ingestion.validation import ConfigError, Document, Location

FORM_ID = r"[A-Za-z0-9_-]+"
RESPONSE, SUBMITTED = "Response", "Submitted"  # headers that every form's table has

Download = Callable[[Context, str, datetime, datetime | None], ResultsTable]
"""(context, form, since, until) -> the form's responses submitted in [since, until)."""


class Forms(Inbox):
    """The reading of a connection's folder, with the results of its forms in place of files."""

    def __init__(self, context: Context, download: Download) -> None:
        config, connection = context.config, context.connection
        folders = [each.path for each in config.connections if isinstance(each, OrganizationFilesConnection)]
        teams = team_names(folders[0]) if folders else None
        files = folder_files(connection.path, ("description",))
        super().__init__(connection.path.name, files, config.organization.time_zone, teams and dict(teams))
        self.context, self.download = context, download

    def read(self) -> tuple[WaveReading, ...]:
        """Every wave of every description; ConfigError with all problems, IngestionError where the tool fails."""
        for name in self.files:
            self.read_description(name)
        if self.problems:
            raise ConfigError(self.problems)
        return tuple(self.readings)

    def read_wave(self, document: Document, survey: Survey, wave: Wave, location: Location) -> WaveReading | None:
        """One wave, once it has begun. Without other declarations a response is a respondent, when it came in."""
        if self._midnight(wave.wave_date) > self.context.as_of:
            return None
        told: dict[str, Any] = {}
        if survey.place(wave, "respondent") is None:
            told["respondent"] = ColumnRef(text=RESPONSE)
        if survey.place(wave, "submitted_at") is None:
            told["submitted_at"] = SubmittedAt(column=ColumnRef(text=SUBMITTED))
        return super().read_wave(document, survey, wave.model_copy(update=told), location)

    def table(
        self, document: Document, survey: Survey, wave: Wave, results: ResultsFile, place: Location
    ) -> ResultsTable | None:
        """The responses of one form for one wave; None, with the problem noted, if there is no such form."""
        if not re.fullmatch(FORM_ID, results.file):
            message = f"'{results.file}' is no id of a form; copy it from the form's address"
            self.problems.append(document.problem(place, message))
            return None
        since = self._midnight(wave.wave_date)
        others = (each.wave_date for each in survey.waves if _asks(each, results.file))
        later = [wave_date for wave_date in others if wave_date > wave.wave_date]
        try:
            return self.download(self.context, results.file, since, self._midnight(min(later)) if later else None)
        except NotFound:
            message = f"the token sees no form {results.file}; correct the id, or share the form with its account"
            self.problems.append(document.problem(place, message))
            return None

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def form_streams(download: Download) -> tuple[Stream, ...]:
    """The streams of a survey tool: waves and answers."""

    def readings(context: Context) -> tuple[WaveReading, ...]:
        if "survey_forms" not in context.memory:
            context.memory["survey_forms"] = Forms(context, download).read()
        return context.memory["survey_forms"]

    def waves(context: Context) -> Iterable[Record]:
        for reading in readings(context):
            yield reading.record()

    def answers(context: Context) -> Iterable[Record | Quarantined]:
        salt = load_salt(context.config.data)
        for reading in readings(context):
            yield from reading.quarantined
            yield from reading.answer_records(salt)

    return (
        Stream("waves", mode="snapshot", derive=waves),
        Stream("answers", mode="snapshot", requires=("waves",), derive=answers),
    )


def form_table(form: str, header: Iterable[Iterable[str]], rows: Iterable[tuple[str, ...]]) -> ResultsTable:
    """A table from what a tool answered; rows are numbered from 1."""
    rows_of_header = tuple(tuple(row) for row in header)
    return ResultsTable(form, rows_of_header, tuple(enumerate(rows, 1)), len(rows_of_header[0]))


def _asks(wave: Wave, form: str) -> bool:
    return any(results.file == form for results in wave.results())
