"""Survey results in an inbox folder -> `raw_surveys.waves` and `raw_surveys.answers`.

Beside the results lies a YAML file that declares the instrument, its waves and their files (see `survey_description`).
What is wrong with a declaration or a whole file stops the connection, with everything named together; a malformed row
is quarantined and the others load. The inbox is the truth: a file taken out takes its answers out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ingestion.connections import OrganizationFilesConnection
from ingestion.salt import load_salt
from ingestion.sources.organization_files import team_names
from ingestion.sources.survey_answers import Answer, Layout, Rules, find_layout, last_complete, told_apart
from ingestion.sources.survey_description import ResultsFile, Survey, Unit, Wave, normalized
from ingestion.sources.survey_tables import FORMATS, OTHER_FORMATS, ResultsTable, read_results
from ingestion.stream import Quarantined, Record, Source, Stream
from ingestion.validation import ConfigError, Document, Location, Problem, parse, read_document, suggestion

DESCRIPTIONS = (".yml", ".yaml")
SHOWN_LAYOUT_PROBLEMS = 25


@dataclass(frozen=True, slots=True)
class WaveReading:
    """One wave as read: its description, its answers (one a respondent) and the rows that could not be read."""

    survey: Survey
    wave: Wave
    layout: Layout
    answers: tuple[Answer, ...]
    quarantined: tuple[Quarantined, ...]
    teams: Mapping[str, str] | None = None

    @property
    def id(self) -> str:
        """The wave's key."""
        return f"{self.survey.survey}:{self.wave.wave}"

    def record(self) -> Record:
        """The wave as it lands."""
        items = []
        for placed in self.layout.items:
            scale = placed.place.scale or (None, None)
            said = {"text": placed.item.text, "first_item": placed.item.formerly, "wording": placed.place.wording}
            items.append(
                {
                    "item": placed.item.item,
                    "driver": placed.item.driver,
                    **{name: value for name, value in said.items() if value is not None},
                    "scale_min": scale[0],
                    "scale_max": scale[1],
                    "kind": placed.item.kind,
                    "reversed": placed.item.reversed,
                }
            )
        payload = {
            "survey": self.survey.survey,
            "version": self.survey.version,
            "wave": self.wave.wave,
            "wave_date": self.wave.wave_date.isoformat(),
            "closes_on": self.wave.closes_on.isoformat(),
            "items": items,
            "invited": self._invited(),
            "file": ", ".join(results.file for results in self.wave.results()),
        }
        return Record(self.id, None, payload)

    def answer_records(self, salt: bytes) -> Iterator[Record]:
        """The answers as they land."""
        for answer in self.answers:
            payload = answer.payload(self.survey, self.wave, salt)
            yield Record(f"{self.id}:{payload['respondent']}", answer.submitted_at, payload)

    def _invited(self) -> dict[str, int]:
        """Invited people by team; a single number is the constant team's, else the organisation's."""
        invited = self.wave.invited
        if isinstance(invited, int):
            team: Unit | None = self.survey.place(self.wave, "team")
            invited = {team.constant if team is not None and team.constant is not None else "organization": invited}
        return {(self.teams or {}).get(normalized(team), team): count for team, count in (invited or {}).items()}


def read_surveys(
    folder: Path, *, time_zone: str = "UTC", teams: Mapping[str, str] | None = None
) -> tuple[WaveReading, ...]:
    """Read every survey of an inbox. `teams`: id of a team by its id or name in lower case (None: not checked).

    Raises ConfigError with all problems of all descriptions and files; malformed rows are in the readings.
    """
    files = folder_files(folder, ("description", "results"))
    known = None if teams is None else tuple(sorted(teams.items()))
    return _read(folder.name, tuple(files.items()), time_zone, known)


def folder_files(folder: Path, kinds: Collection[str]) -> dict[str, bytes]:
    """The files of some kinds (description, results) in a folder, by name. Raises ConfigError if one cannot be read."""
    if not folder.is_dir():
        cure = "make it, or correct `path` in connections.yml"
        raise ConfigError([Problem(folder.name, None, "", f"there is no folder {folder}; {cure}")])
    files = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and _kind(path.name) in kinds:
            try:
                files[path.name] = path.read_bytes()
            except OSError as error:
                problem = Problem(f"{folder.name}/{path.name}", None, "", f"cannot be read ({error.strerror})")
                raise ConfigError([problem]) from None
    return files


@lru_cache(maxsize=2)
def _read(
    folder: str, files: tuple[tuple[str, bytes], ...], time_zone: str, teams: tuple[tuple[str, str], ...] | None
) -> tuple[WaveReading, ...]:
    """Read an inbox by its contents: both streams of a run share one reading, and a changed file is read anew."""
    contents = dict(files)
    inbox = Inbox(folder, contents, time_zone, None if teams is None else dict(teams))
    for name in contents:
        if _kind(name) == "description":
            inbox.read_description(name)
    inbox.check_undescribed()
    if inbox.problems:
        raise ConfigError(inbox.problems)
    return tuple(inbox.readings)


class Inbox:
    """The reading of one folder: collects waves and problems file by file."""

    def __init__(self, folder: str, files: dict[str, bytes], time_zone: str, teams: dict[str, str] | None) -> None:
        self.folder = folder
        self.files = files
        self.zone = ZoneInfo(time_zone)
        self.teams = teams
        self.readings: list[WaveReading] = []
        self.problems: list[Problem] = []
        self.described: set[str] = set()
        self.waves: dict[tuple[str, str], str] = {}

    def read_description(self, name: str) -> None:
        """One YAML file with all its waves."""
        try:
            document = read_document(self.files[name], f"{self.folder}/{name}")
        except ConfigError as error:
            self.problems += error.problems
            self.described |= {other for other in self.files if _stem(other) == _stem(name)}
            return
        survey, problems = parse(Survey, document)
        self.described |= _mentioned(document)
        self.problems += problems
        if survey is None:
            return
        for index, wave in enumerate(survey.waves):
            location: Location = ("waves", index)
            first = self.waves.setdefault((survey.survey, wave.wave), name)
            if first != name:
                message = f"wave '{wave.wave}' of survey '{survey.survey}' is already declared in {first}"
                self.problems.append(document.problem((*location, "wave"), message))
                continue
            before = len(self.problems)
            self._check_units(document, survey, wave, location)
            reading = self.read_wave(document, survey, wave, location)
            if len(self.problems) == before and reading is not None:
                self.readings.append(reading)

    def check_undescribed(self) -> None:
        """Results that no YAML mentions are not loaded in silence."""
        for name in self.files:
            if _kind(name) == "results" and name not in self.described:
                message = (
                    f"no YAML file here declares it; write {_stem(name)}.yml (see the example of `flowlight init`)"
                )
                self.problems.append(Problem(f"{self.folder}/{name}", None, "", message))

    def _check_units(self, document: Document, survey: Survey, wave: Wave, location: Location) -> None:
        """Declared teams exist."""
        if self.teams is None:
            return
        declared: list[tuple[Location, str]] = []
        for place, source in (((*location, "team"), wave), (("team",), survey)):
            if "team" in source.model_fields_set and source.team is not None:
                unit = source.team
                declared += [(place, team) for team in (unit.constant, *unit.values.values()) if team is not None]
                break
        for index, results in enumerate(wave.files):
            if results.team is not None and results.team.constant is not None:
                declared.append(((*location, "files", index, "team"), results.team.constant))
        if isinstance(wave.invited, dict):
            declared += [((*location, "invited"), team) for team in wave.invited]
        for place, team in declared:
            if normalized(team) not in self.teams:
                hint = suggestion(team, set(self.teams.values()))
                hint = hint if "did you mean" in hint else "; add it there or correct it here"
                self.problems.append(document.problem(place, f"team '{team}' is not in teams.csv{hint}"))

    def read_wave(self, document: Document, survey: Survey, wave: Wave, location: Location) -> WaveReading | None:
        """One wave over all its files; None, with the problems noted, if it cannot be read."""
        answers: list[Answer] = []
        quarantined: list[Quarantined] = []
        layout: Layout | None = None
        for index, results in enumerate(wave.results()):
            place: Location = (*location, "files", index, "file") if wave.files else (*location, "file")
            table = self.table(document, survey, wave, results, place)
            if table is None:
                continue
            team: Unit | None = results.team or survey.place(wave, "team")
            found, problems = find_layout(table, survey, wave, team)
            for name, message in problems[:SHOWN_LAYOUT_PROBLEMS]:
                self.problems.append(document.problem(_declared_at(survey, wave, location, name), message))
            if problems:
                continue
            layout = found if layout is None else _joined(layout, found)
            read, bad = Rules(survey, wave, self.zone, self.teams, team).reads(table, found)
            if bad and not read:
                message = f"none of its {len(bad)} rows can be read; line {bad[0].line}: {bad[0].reason}"
                self.problems.append(Problem(table.file, bad[0].line, "", message))
            answers += read
            quarantined += bad
        if layout is None:
            return None
        closed_at = datetime.combine(wave.closes_on + timedelta(days=1), time(), self.zone)
        counting = last_complete(told_apart(answers, f"{survey.survey}:{wave.wave}"), closed_at)
        return WaveReading(survey, wave, layout, tuple(counting), tuple(quarantined), self.teams)

    def table(
        self, document: Document, survey: Survey, wave: Wave, results: ResultsFile, place: Location
    ) -> ResultsTable | None:
        """One results file as a table; None, with the problem noted, if there is none."""
        if results.file not in self.files:
            known = [name for name in self.files if _kind(name) == "results"]
            hint = suggestion(results.file, known) if known else "; put it there"
            self.problems.append(document.problem(place, f"there is no file {results.file} beside this one{hint}"))
            return None
        shown = f"{self.folder}/{results.file}"
        try:
            return read_results(self.files[results.file], shown, survey.place(wave, "read"))
        except ConfigError as error:
            self.problems += error.problems
            return None


def _joined(first: Layout, second: Layout) -> Layout:
    """The items that either file of a wave has."""
    known = {placed.item.item for placed in first.items}
    return replace(first, items=(*first.items, *(p for p in second.items if p.item.item not in known)))


def _declared_at(survey: Survey, wave: Wave, location: Location, name: str) -> Location:
    """Where in the YAML something is declared: an item by its id, else the wave's own or the survey's key."""
    for index, item in enumerate(survey.items):
        if item.item == name:
            return ("items", index)
    return (*location, name) if name in wave.model_fields_set else (name,)


def _mentioned(document: Document) -> set[str]:
    """Every file that a description names, whether or not it is valid otherwise."""
    found: set[str] = set()
    waves = document.root.get("waves")
    for wave in waves if isinstance(waves, list) else []:
        if isinstance(wave, dict):
            files = wave.get("files")
            entries = [wave, *(files if isinstance(files, list) else [])]
            found |= {str(entry["file"]) for entry in entries if isinstance(entry, dict) and entry.get("file")}
    return found


def _kind(name: str) -> str:
    """What a file in the inbox is: description, results or other (notes, lock files, examples)."""
    plain = name.lower().removesuffix(".gz")
    ending = plain[plain.rfind(".") :] if "." in plain else ""
    if name.startswith((".", "~$")) or not ending:
        return "other"
    if ending in DESCRIPTIONS:
        return "description"
    return "results" if ending in FORMATS or ending in OTHER_FORMATS else "other"


def _stem(name: str) -> str:
    """A file's name without its endings."""
    return name.removesuffix(".gz").rsplit(".", 1)[0]


def _readings(connection: Any, config: Any) -> tuple[WaveReading, ...]:
    """The readings of a connection, with the teams of the organisation files where there are any."""
    folders = [each.path for each in config.connections if isinstance(each, OrganizationFilesConnection)]
    teams = team_names(folders[0]) if folders else None
    return read_surveys(connection.path, time_zone=config.organization.time_zone, teams=teams)


def _waves(connection: Any, config: Any, as_of: datetime) -> Iterable[Record]:
    del as_of
    for reading in _readings(connection, config):
        yield reading.record()


def _answers(connection: Any, config: Any, as_of: datetime) -> Iterable[Record | Quarantined]:
    del as_of
    salt = load_salt(config.data)
    for reading in _readings(connection, config):
        yield from reading.quarantined
        yield from reading.answer_records(salt)


SURVEYS = Source(
    "surveys",
    (
        Stream("waves", mode="snapshot", reader=_waves),
        Stream("answers", mode="snapshot", requires=("waves",), reader=_answers),
    ),
)
