"""What may stand in `organization:` of connections.yml."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator

from ingestion.validation import Strict, list_or_star, suggestion

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class OrganizationSettings(Strict):
    """The part `organization:` of connections.yml: what holds for every number."""

    name: str = Field(
        "Organization", min_length=1, description="The organisation's name, as published", examples=["Acme"]
    )
    time_zone: str = Field(
        "UTC", description="IANA time zone in which days, weeks and months begin", examples=["Europe/Berlin"]
    )
    schedule: str = Field(
        "0 2 * * *", description="Cron expression of the nightly, in `time_zone`", examples=['"0 2 * * *"']
    )
    min_team_size: int = Field(3, ge=1, description="A team with fewer members gets no row of its own", examples=[3])
    min_respondents: int = Field(
        5, ge=3, description="A survey cell with fewer respondents is never published", examples=[5]
    )
    done_grace_minutes: int = Field(
        0, ge=0, description="An item that leaves Done within these minutes was a misclick", examples=[0]
    )
    publish_titles: bool = Field(
        False, description="Whether item facts carry titles (after the identity scrub)", examples=["false"]
    )
    keep_publications: int = Field(5, ge=1, description="How many past publications are kept", examples=[5])
    currency: str = Field("EUR", description="ISO 4217 code of amounts such as cost of delay", examples=["EUR"])
    working_hours: str = Field(
        "09:00-17:00",
        description="When a working day begins and ends, in `time_zone`; holidays stand in calendar.csv",
        examples=['"09:00-17:00"'],
    )
    working_days: tuple[str, ...] = Field(
        WEEKDAYS[:5], description="Days of the week on which people work", examples=["[mon, tue, wed, thu, fri]"]
    )

    experience_drivers: tuple[str, ...] = Field(
        (
            "speed_of_delivery",
            "ease_of_delivery",
            "quality",
            "interruptions",
            "review_turnaround",
            "tooling",
            "psychological_safety",
            "autonomy",
            "role_clarity",
            "cognitive_load",
            "clarity_of_purpose",
            "framing",
            "support_and_belonging",
        ),
        description="Survey drivers whose mean is the experience index; a quarter that lacks one has none",
        examples=["[speed_of_delivery, ease_of_delivery, quality]"],
    )
    outcome_min_words: int = Field(
        2,
        ge=0,
        description="An outcome of fewer words is none (two characters of Chinese or Thai are a word)",
        examples=[2],
    )
    outcome_template: str = Field(
        "",
        description="The text that the tracker offers for an outcome: what stands as it was, or in part, is none",
        examples=['"Who will be able to do what, measured by which number?"'],
    )

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, value: str) -> str:
        zones = available_timezones()
        if value not in zones:
            near = suggestion(value, zones) if zones else ""
            near = near if "did you mean" in near else "; write an IANA name such as Europe/Berlin or UTC"
            raise ValueError(f"'{value}' is not a time zone{near}")
        return value

    @field_validator("schedule")
    @classmethod
    def _valid_cron(cls, value: str) -> str:
        problem = _cron_problem(value)
        if problem:
            raise ValueError(
                f"'{value}' is not a cron expression ({problem}); write minute hour day month weekday, "
                'such as "0 2 * * *"'
            )
        return value

    @field_validator("currency")
    @classmethod
    def _currency_code(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise ValueError(f"'{value}' is not a currency; write its ISO 4217 code, such as EUR")
        return value

    @field_validator("working_hours")
    @classmethod
    def _begin_and_end(cls, value: str) -> str:
        begin, _, end = value.partition("-")
        cure = 'write begin and end of one day, such as "09:00-17:00"'
        if not all(re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) for text in (begin, end)):
            raise ValueError(f"'{value}' are no hours; {cure}")
        if begin >= end:
            raise ValueError(f"'{value}' end before they begin; {cure}")
        return value

    @field_validator("working_days", mode="before")
    @classmethod
    def _days_of_the_week(cls, value: Any) -> Any:
        days = list_or_star(value, "days", "[mon, tue, wed, thu, fri]")
        for day in days:
            if day not in WEEKDAYS:
                raise ValueError(f"'{day}' is not a day{suggestion(day, WEEKDAYS)}")
        return tuple(day for day in WEEKDAYS if day in days)

    @field_validator("experience_drivers", mode="before")
    @classmethod
    def _drivers(cls, value: Any) -> Any:
        drivers = list_or_star(value, "drivers", "[speed_of_delivery, quality]")
        for driver in drivers:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", driver):
                raise ValueError(
                    f"'{driver}' is no driver; write it as the survey's YAML does, such as speed_of_delivery"
                )
        return drivers

    @property
    def workday(self) -> tuple[str, str]:
        """Begin and end of a working day, each 'HH:MM'."""
        begin, _, end = self.working_hours.partition("-")
        return begin, end

    @property
    def zone(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.time_zone)


def _cron_problem(expression: str) -> str:
    """What is wrong with a five-field cron expression; empty if nothing."""
    names = {"jan feb mar apr may jun jul aug sep oct nov dec": 1, "sun mon tue wed thu fri sat": 0}
    numbers = {name: str(first + i) for words, first in names.items() for i, name in enumerate(words.split())}
    parts = expression.split()
    if len(parts) != 5:
        return f"{len(parts)} of 5 fields"
    limits = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
    for text, (name, low, high) in zip(parts, limits, strict=True):
        for part in text.lower().split(","):
            match = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-9]\d*))?", part)
            if not match:
                return f"{name} '{text}'"
            edges = [numbers.get(edge, edge) for edge in match.groups()[:2] if edge is not None]
            if not all(edge.isdigit() and low <= int(edge) <= high for edge in edges) or edges != sorted(
                edges, key=int
            ):
                return f"{name} '{text}' is not within {low}-{high}"
    return ""
