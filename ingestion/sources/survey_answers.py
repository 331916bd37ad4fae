"""One wave's rows -> answers: every declared value is read and checked; a malformed row is quarantined with its reason.

What lands of a row is its declared items as numbers, its unit and its time; the respondent only as a salted hash. What
is quarantined of a row is what could be read of these, and never a text that nobody declared.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from ingestion.salt import hashed
from ingestion.sources.survey_description import (
    AnswerColumns,
    ColumnRef,
    Item,
    SubmittedAt,
    Survey,
    Unit,
    Wave,
    normalized,
    shortened,
)
from ingestion.sources.survey_tables import ResultsTable
from ingestion.stream import Quarantined

EXCEL_EPOCH = datetime(1899, 12, 30)
ISO_PATTERNS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S")
LONGEST_SHOWN_TEXT = 40


class Malformed(ValueError):
    """A row's value that cannot be read; the text says which, why and what would be right."""


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """An item and where its answers stand in one file: one column, or {column: value} of a group."""

    item: Item
    place: AnswerColumns
    column: int | None = None
    group: Mapping[int, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything that a survey declares stands in one file of one wave."""

    items: tuple[PlacedItem, ...]
    respondent: int | None
    submitted_at: int | None
    team: int | None
    value_stream: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One respondent's answers in one wave. `identity` tells respondents apart, before hashing; blank = unknown."""

    line: int
    file: str
    identity: str
    submitted_at: datetime
    team: str | None
    value_stream: str | None
    answers: dict[str, float | int | None]

    @property
    def is_complete(self) -> bool:
        """Whether every item is answered."""
        return None not in self.answers.values()

    def payload(self, survey: Survey, wave: Wave, salt: bytes) -> dict[str, Any]:
        """The record as it lands."""
        return {
            "survey": survey.survey,
            "wave": wave.wave,
            "respondent": hashed(salt, "respondent", self.identity),
            "team": self.team,
            "value_stream": self.value_stream,
            "submitted_at": self.submitted_at.isoformat(),
            "answers": self.answers,
        }


@dataclass(frozen=True, slots=True)
class Rules:
    """What the values of one wave's rows are held against. `teams`: id by id or name (None: any)."""

    survey: Survey
    wave: Wave
    zone: tzinfo
    teams: Mapping[str, str] | None
    team: Unit | None

    def reads(self, table: ResultsTable, layout: Layout) -> tuple[list[Answer], list[Quarantined]]:
        """All rows of a file."""
        answers, quarantined = [], []
        for line, cells in table.rows:
            read: dict[str, float | int | None] = {}
            try:
                answers.append(self._answer(table, layout, line, cells, read))
            except Malformed as error:
                record = json.dumps({"wave": self.wave.wave, "answers": read})
                quarantined.append(Quarantined(str(error), table.file, line, record))
        return answers, quarantined

    def _answer(
        self,
        table: ResultsTable,
        layout: Layout,
        line: int,
        cells: tuple[str, ...],
        read: dict[str, float | int | None],
    ) -> Answer:
        """One row; `read` is filled with what could be read before an error."""
        if len(cells) != table.width:
            few = "few" if len(cells) < table.width else "many"
            raise Malformed(f"too {few} columns: {len(cells)} of {table.width}; check commas and quotes in this row")
        problems = []
        for placed in layout.items:
            try:
                read[placed.item.item] = self._value(placed, cells)
            except Malformed as error:
                problems.append(f"{placed.item.item}: {error}")
        if problems:
            raise Malformed("; ".join(problems))
        if all(value is None for value in read.values()):
            raise Malformed("no declared item is answered")
        respondent = cells[layout.respondent] if layout.respondent is not None else ""
        return Answer(
            line=line,
            file=table.file,
            identity=respondent,
            submitted_at=self._submitted_at(cells[layout.submitted_at] if layout.submitted_at is not None else ""),
            team=self._unit("team", self.team, cells, layout.team, self.teams),
            value_stream=self._unit(
                "value stream", self.survey.place(self.wave, "value_stream"), cells, layout.value_stream, None
            ),
            answers=read,
        )

    def _value(self, placed: PlacedItem, cells: tuple[str, ...]) -> float | int | None:
        """The value of one item in one row; None = not answered."""
        if placed.column is not None:
            return _number(cells[placed.column], placed.place, placed.item, self.survey.no_answer)
        chosen = [value for index, value in placed.group.items() if cells[index]]
        if len(chosen) > 1:
            raise Malformed(f"{len(chosen)} answers are chosen; one is possible")
        return chosen[0] if chosen else None

    def _unit(
        self, what: str, unit: Unit | None, cells: tuple[str, ...], column: int | None, known: Mapping[str, str] | None
    ) -> str | None:
        """The team or value stream of a row; None where it is blank or declared as none."""
        if unit is None:
            return None
        if unit.constant is not None:
            return (known or {}).get(normalized(unit.constant), unit.constant)
        text: str | None = cells[column] if column is not None else ""
        is_declared = normalized(text) in unit.values
        text = unit.values[normalized(text)] if is_declared else text
        if not text:
            return None
        if known is not None and normalized(text) in known:
            return known[normalized(text)]
        if known is None and (is_declared or not unit.values):
            return text
        raise Malformed(f"{what} {_shown(text)} is not known; add it to `values` of the {what} in the YAML")

    def _submitted_at(self, text: str) -> datetime:
        """The time of an answer in UTC; the wave's date where it is blank."""
        declared: SubmittedAt | None = self.survey.place(self.wave, "submitted_at")
        zone = ZoneInfo(declared.time_zone) if declared is not None and declared.time_zone else self.zone
        if declared is None or not text:
            return datetime.combine(self.wave.wave_date, time(), zone).astimezone(UTC)
        for pattern in (*declared.formats, "iso"):  # a workbook's own times are ISO here
            moment = parse_moment(text, pattern)
            if moment is not None:
                return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        formats = ", ".join(declared.formats)
        raise Malformed(f"submitted_at: {_shown(text)} is not a time ({formats}); add its pattern to `formats`")


def parse_moment(text: str, pattern: str) -> datetime | None:
    """A time by one format (iso, excel or a strptime pattern); None if the text is written otherwise."""
    if pattern == "excel":
        if not re.fullmatch(r"\d{5}(\.\d+)?", text):
            return None
        return EXCEL_EPOCH + timedelta(seconds=round(float(text) * 86400))
    if pattern == "iso":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return next((moment for each in ISO_PATTERNS if (moment := parse_moment(text, each)) is not None), None)
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        return None


def find_layout(
    table: ResultsTable, survey: Survey, wave: Wave, team: Unit | None
) -> tuple[Layout, list[tuple[str, str]]]:
    """Where everything stands in a file; and what is not there, as (declared by, what is wrong)."""
    problems: list[tuple[str, str]] = []

    def column(name: str, ref: ColumnRef | None) -> int | None:
        if ref is None:
            return None
        try:
            index = table.find(ref)
        except ValueError as error:
            problems.append((name, str(error)))
            return None
        if index is None:
            problems.append((name, table.missing(ref)))
        return index

    items = []
    for item in survey.items:
        try:
            placed = _place(table, item)
        except ValueError as error:
            problems.append((item.item, str(error)))
            continue
        if placed is not None:
            items.append(placed)
        elif not item.optional:
            first = item.places()[0]
            what = table.missing(first.column or first.one_hot or ColumnRef())
            others = f" (nor its {len(item.any_of) - 1} alternatives)" if len(item.any_of) > 1 else ""
            problems.append(
                (item.item, f"{what}{others}; correct it, or declare `optional: true` if this wave did not ask")
            )
    submitted: SubmittedAt | None = survey.place(wave, "submitted_at")
    value_stream: Unit | None = survey.place(wave, "value_stream")
    layout = Layout(
        tuple(items),
        column("respondent", survey.place(wave, "respondent")),
        column("submitted_at", submitted.column if submitted is not None else None),
        column("team", team.column if team is not None else None),
        column("value_stream", value_stream.column if value_stream is not None else None),
    )
    if not items and not problems:
        problems.append(("items", f"{table.file} has none of the declared items"))
    return layout, problems


def told_apart(answers: list[Answer], wave: str) -> list[Answer]:
    """The answers, those without a respondent's id with an identity made of what they say; equal ones are numbered.

    So a row that comes or goes leaves the others who they were, wherever it stands and whatever the file is called.
    wave: key of the wave, for two waves have no respondent in common then.
    """
    found: list[Answer] = []
    seen: Counter[str] = Counter()
    for answer in answers:
        if not answer.identity:
            said = (wave, answer.team or "", answer.value_stream or "", answer.submitted_at.isoformat())
            text = "\x1f".join((*said, json.dumps(answer.answers, sort_keys=True)))
            seen[text] += 1
            answer = replace(answer, identity=f"{text}\x1f{seen[text]}")
        found.append(answer)
    return found


def last_complete(answers: list[Answer], closed_at: datetime) -> list[Answer]:
    """One answer a respondent, in order of first appearance: the last complete one of those that came in time.

    Where none of these is complete, the last of them; where none came before `closed_at`, the same among the late ones,
    which are kept and not published: an answer that comes after a wave is published must not change it.
    """
    best: dict[str, tuple[tuple[bool, bool, datetime, int], Answer]] = {}
    for position, answer in enumerate(answers):
        rank = (answer.submitted_at < closed_at, answer.is_complete, answer.submitted_at, position)
        if answer.identity not in best or rank > best[answer.identity][0]:
            best[answer.identity] = (rank, answer)
    return [answer for _, answer in best.values()]


def _place(table: ResultsTable, item: Item) -> PlacedItem | None:
    """The first of an item's declared places that the file has."""
    for place in item.places():
        if place.column is not None:
            index = table.find(place.column)
            if index is not None:
                return PlacedItem(item, place, index)
        elif place.one_hot is not None:
            group = _group_values(table.find_group(place.one_hot), place, item)
            if len(group) >= 2:
                return PlacedItem(item, place, None, group)
    return None


def _group_values(group: Mapping[int, str], place: AnswerColumns, item: Item) -> dict[int, float | None]:
    """The columns of a group that are answers, with their values; others (such as 'Other') are no part of it."""
    values: dict[int, float | None] = {}
    for index, label in group.items():
        if normalized(label) not in place.labels and not re.fullmatch(r"-?\d+", label):
            continue
        try:
            values[index] = _number(label, place, item, ())
        except Malformed as error:
            raise ValueError(f"the header '{label}' of column {index + 1} is no answer: {error}") from None
    return values


def _number(text: str, place: AnswerColumns, item: Item, no_answer: Collection[str]) -> float | int | None:
    """A cell as the item's value. Raises Malformed for a text without meaning and a value outside the scale."""
    comparable = normalized(text)
    if comparable in place.labels:
        value = place.labels[comparable]
        if value is None:
            return None
    elif not comparable or comparable in {normalized(each) for each in no_answer}:
        return None
    elif re.fullmatch(r"-?\d{1,9}(\.\d+)?", comparable):
        value = float(comparable)
    else:
        raise Malformed(f"{_shown(text)} is neither a number nor a declared label; add it to `labels` or `no_answer`")
    if place.scale is not None and not place.scale[0] <= value <= place.scale[1]:
        raise Malformed(f"{value:g} is outside the scale {place.scale[0]:g} to {place.scale[1]:g}")
    if item.kind != "number" and value != int(value):
        raise Malformed(f"{value:g} is not a whole number")
    return int(value) if value == int(value) else value


def _shown(text: str) -> str:
    """A cell's text for a reason, unless it is so long that it may be somebody's free text."""
    return f"'{shortened(text)}'" if len(text) <= LONGEST_SHOWN_TEXT else f"a text of {len(text)} characters"
