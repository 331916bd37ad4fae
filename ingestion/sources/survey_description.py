"""What the YAML file beside survey results declares: the instrument, the waves, and where in the files things stand.

Nothing is guessed and nothing undeclared lands. A column is named in one of four ways:

- `"Header text"`: a cell of any header row; white space and case do not matter; `...` at the end leaves the rest open;
- `12`: its position, 1 is the first column;
- `["First row", "Second row"]`: one text a header row, for repeated sub-headers (a blank cell of an upper row continues
  the text to its left, as in merged cells);
- `{any_of: [...]}`: the first of these that the file has, for columns that drift from wave to wave.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ingestion.validation import Strict, suggestion

Kind = Literal["likert", "nps", "yes_no", "number"]
SCALES: dict[str, tuple[float, float] | None] = {"likert": (1, 5), "nps": (0, 10), "yes_no": (0, 1), "number": None}
YES_NO: dict[str, float | None] = {"yes": 1, "no": 0, "true": 1, "false": 0, "y": 1, "n": 0}
ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column as declared: exactly one of text, position (1-based), path (one text a header row) or alternatives."""

    text: str | None = None
    position: int | None = None
    path: tuple[str, ...] = ()
    any_of: tuple[ColumnRef, ...] = ()

    def __str__(self) -> str:
        if self.any_of:
            return " or ".join(str(each) for each in self.any_of)
        if self.path:
            return " / ".join(f"'{shortened(part)}'" for part in self.path)
        return f"number {self.position}" if self.position is not None else f"'{shortened(self.text or '')}'"


def shortened(text: str, length: int = 60) -> str:
    """A text for a message, cut off where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."


def parse_column(value: Any) -> Any:
    """A column reference from YAML; ValueError tells the four ways to write one."""
    match value:
        case None | ColumnRef():
            return value
        case str() if value.strip():
            return ColumnRef(text=value.strip())
        case int() if not isinstance(value, bool) and value >= 1:
            return ColumnRef(position=value)
        case list() if len(value) >= 2 and all(isinstance(part, str | int | float) for part in value):
            return ColumnRef(path=tuple(str(part) for part in value))
        case {"any_of": list() as alternatives} if len(value) == 1 and alternatives:
            return ColumnRef(any_of=tuple(parse_column(each) for each in alternatives))
    raise ValueError(
        'is no column; write its header text, its position (1 is the first), ["row 1", "row 2"] of its header rows, '
        "or {any_of: [...]} of these"
    )


def _labels(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    for label, number in value.items():
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
            raise ValueError(f"'{label}' must lead to a number, or to null where it is no answer")
    return {normalized(str(label)): number for label, number in value.items()}


def normalized(text: str) -> str:
    """A header or label for comparison: without case and with single spaces."""
    return " ".join(text.split()).casefold()


Column = Annotated[ColumnRef | None, BeforeValidator(parse_column)]
Labels = Annotated[dict[str, float | None], BeforeValidator(_labels)]


class ReadOptions(Strict):
    """How a results file is written."""

    format: Literal["csv", "tsv", "xlsx", "json"] | None = Field(None, description="By the file's ending when left out")
    encoding: str = Field("utf-8", description="Encoding of a text file", examples=["latin-1"])
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="Between values", examples=['";"'])
    sheet: str | int = Field(1, description="Sheet of a workbook by name or position", examples=["Answers"])
    skip_rows: int = Field(0, ge=0, description="Rows above the header", examples=[1])
    header_rows: int = Field(1, ge=0, le=5, description="Header rows; 0 = none, columns by position only", examples=[2])
    records: str = Field("", description="Where the list stands in a JSON file, with dots", examples=["responses"])

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError(f"'{value}' is not an encoding; write utf-8, latin-1, cp1252 or utf-16") from None
        return value


class AnswerColumns(Strict):
    """Where one item's answers stand and how they are written."""

    column: Column = Field(None, description="The column that holds the answer", examples=["Speed"])
    one_hot: Column = Field(
        None,
        description="Header above one column per answer, where the chosen one is filled in; the columns' own headers "
        "are the answers (a leading '-' is left out)",
        examples=['"How satisfied are you?"'],
    )
    labels: Labels = Field(
        {}, description="Answer text -> value; null = no answer", examples=["{Agree: 4, Strongly agree: 5}"]
    )
    scale: tuple[float, float] | None = Field(None, description="Lowest and highest value", examples=["[1, 5]"])
    wording: int | None = Field(
        None,
        ge=1,
        description="Raised where the question means something else than before: its driver gets a new baseline, as it "
        "does by itself where the scale changes",
        examples=[2],
    )

    @field_validator("scale")
    @classmethod
    def _upwards(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and value[0] >= value[1]:
            raise ValueError("must be [lowest, highest]; use `reversed: true` where a high value is bad")
        return value


class Item(AnswerColumns):
    """One question of the instrument. `any_of` stands where the question is written differently from wave to wave."""

    item: str = Field(pattern=ID, description="Short id that stays the same over all waves", examples=["speed"])
    driver: str = Field(pattern=ID, description="The driver it belongs to", examples=["speed_of_delivery"])
    text: str | None = Field(None, description="The question", examples=["We deliver fast enough."])
    kind: Kind = Field("likert", description="likert, nps, yes_no or number", examples=["likert"])
    formerly: str | None = Field(
        None,
        pattern=ID,
        description="The id under which it was first asked, where an earlier version of the instrument (a YAML of its "
        "own with the same `survey`) has it under another one",
        examples=["pace"],
    )
    reversed: bool = Field(False, description="A high value is bad", examples=["true"])
    optional: bool = Field(False, description="Some waves do not ask it", examples=["true"])
    any_of: tuple[AnswerColumns, ...] = Field((), description="The first of these that the file has")

    @model_validator(mode="after")
    def _one_place(self) -> Item:
        places = [self.column is not None, self.one_hot is not None, bool(self.any_of)]
        if sum(places) != 1:
            raise ValueError(f"item '{self.item}' needs exactly one of column, one_hot and any_of")
        for place in self.any_of:
            if (place.column is None) == (place.one_hot is None):
                raise ValueError(f"each entry of any_of of item '{self.item}' needs exactly one of column and one_hot")
        if self.kind == "nps" and any(p.scale not in (None, (0, 10)) for p in (self, *self.any_of)):
            raise ValueError(f"item '{self.item}' is nps, whose scale is [0, 10]; leave scale out or use kind likert")
        return self

    def places(self) -> tuple[AnswerColumns, ...]:
        """The places to look in, each with the scale and labels that hold there."""
        found = []
        for place in self.any_of or (self,):
            scale = place.scale or self.scale or SCALES[self.kind]
            labels = place.labels or self.labels or (YES_NO if self.kind == "yes_no" else {})
            wording = place.wording or self.wording
            found.append(
                AnswerColumns(column=place.column, one_hot=place.one_hot, labels=labels, scale=scale, wording=wording)
            )
        return tuple(found)


class Unit(Strict):
    """The team or value stream of an answer: one for all, or by a column."""

    constant: str | None = Field(None, description="The same for every row", examples=["checkout"])
    column: Column = Field(None, description="The column that tells it", examples=["Team"])
    values: dict[str, str | None] = Field(
        {}, description="What stands in the column -> id; null = none", examples=["{Check-out: checkout}"]
    )

    @field_validator("values")
    @classmethod
    def _comparable(cls, value: dict[str, str | None]) -> dict[str, str | None]:
        return {normalized(label): unit for label, unit in value.items()}

    @model_validator(mode="after")
    def _one_of_both(self) -> Unit:
        if (self.constant is None) == (self.column is None):
            raise ValueError("write an id, or {column: ..., values: {...}}")
        return self


class SubmittedAt(Strict):
    """When an answer was given."""

    column: Column = Field(description="The column that holds it", examples=["End Date"])
    formats: tuple[str, ...] = Field(
        ("iso", "excel"),
        min_length=1,
        description="Formats in turn: iso, excel (serial number) or a strptime pattern",
        examples=['["%m/%d/%Y %I:%M:%S %p"]'],
    )
    time_zone: str | None = Field(None, description="IANA zone of the times; the organisation's when left out")

    @field_validator("formats")
    @classmethod
    def _known_formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            if pattern not in ("iso", "excel") and "%" not in pattern:
                raise ValueError(f"'{pattern}' is no format; write iso, excel or a pattern such as %d.%m.%Y %H:%M")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in available_timezones():
            raise ValueError(f"'{value}' is not a time zone; write an IANA name such as Europe/Berlin or UTC")
        return value


def _unit(value: Any) -> Any:
    return {"constant": value} if isinstance(value, str) else value


def _submitted_at(value: Any) -> Any:
    plain = value is None or (isinstance(value, Mapping) and "column" in value)
    return value if plain else {"column": value}


UnitField = Annotated[Unit | None, BeforeValidator(_unit)]
SubmittedAtField = Annotated[SubmittedAt | None, BeforeValidator(_submitted_at)]


class ResultsFile(Strict):
    """One of several files of a wave."""

    file: str = Field(description="Name of the results file, beside the YAML", examples=["pulse-checkout.csv"])
    team: UnitField = Field(None, description="The team of this file's answers", examples=["checkout"])


class Places(Strict):
    """What a survey declares for all waves and a wave may declare anew; null there takes it away."""

    read: ReadOptions = Field(ReadOptions(), description="How the files are written")
    respondent: Column = Field(
        None, description="Column with an id of the respondent; lands only as a salted hash", examples=["Respondent ID"]
    )
    submitted_at: SubmittedAtField = Field(
        None, description="When an answer was given; the wave's date when left out", examples=["End Date"]
    )
    team: UnitField = Field(None, description="Team of an answer: an id, or {column: ..., values: {...}}")
    value_stream: UnitField = Field(None, description="Value stream of an answer, where it is not its team's")


class Wave(Places):
    """One round of the survey."""

    wave: str = Field(pattern=ID, description="Its name", examples=["2025-Q1"])
    wave_date: date = Field(description="Day of the invitation; teams and invited people are those of this day")
    closes_on: date = Field(description="Last day for answers; published after it")
    file: str | None = Field(None, description="Name of the results file, beside the YAML", examples=["pulse.csv"])
    files: tuple[ResultsFile, ...] = Field((), description="Several files of one wave, such as one a team")
    invited: int | dict[str, int] | None = Field(
        None, description="Invited people: a number, or by team", examples=["{checkout: 9, payments: 11}"]
    )

    @field_validator("invited", mode="before")
    @classmethod
    def _counts(cls, value: Any) -> Any:
        counts = value.values() if isinstance(value, Mapping) else [value]
        for count in counts:
            if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
                raise ValueError("must be a number of people, or such numbers by team: {checkout: 9, payments: 11}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Wave:
        if (self.file is None) == (not self.files):
            raise ValueError(f"wave '{self.wave}' needs exactly one of file and files")
        if self.closes_on < self.wave_date:
            raise ValueError(f"wave '{self.wave}' closes on {self.closes_on}, before its wave_date {self.wave_date}")
        return self

    def results(self) -> tuple[ResultsFile, ...]:
        """The wave's files."""
        return self.files or (ResultsFile(file=self.file or ""),)


class Survey(Places):
    """An instrument with its waves: one YAML file."""

    survey: str = Field(pattern=ID, description="Short id of the instrument", examples=["pulse"])
    version: int = Field(1, ge=1, description="Raised when the meaning of items changes", examples=[1])
    no_answer: tuple[str, ...] = Field(("N/A",), description="Texts that mean no answer", examples=['[N/A, "-"]'])
    items: tuple[Item, ...] = Field(min_length=1, description="The questions whose answers land")
    waves: tuple[Wave, ...] = Field(min_length=1, description="The rounds, each with its file")

    @model_validator(mode="after")
    def _unique(self) -> Survey:
        for what, names in (("item", [i.item for i in self.items]), ("wave", [w.wave for w in self.waves])):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise ValueError(f"{what} '{twice}' stands there twice; give each its own name")
        return self

    def place(self, wave: Wave, name: str) -> Any:
        """What holds for a wave: its own declaration, else the survey's."""
        return getattr(wave, name) if name in wave.model_fields_set else getattr(self, name)


def near(word: str, known: list[str]) -> str:
    """`; did you mean ...?` over header texts, shortened."""
    hint = suggestion(re.sub(r"\.\.\.$", "", word), [shortened(text) for text in known if text])
    return hint if "did you mean" in hint else ""
