"""The sentiment marts from what every respondent of the simulated company answered: a row of each mart per key.

Which cells are hidden is the publisher's choice (`hidden`: suppressed keys of sentiment.fct_sentiment_metrics); what is
hidden there must be hidden in every mart, and in nothing that is computed from it.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sandbox.surveys import QUESTIONS, SURVEY
from sandbox.truth import Truth, Wave
from tests.oracle.organization import Organization
from tests.oracle.periods import Calendar, Period, period_start

CellKey = tuple[str, str, str, str]  # wave, scope_type, scope_id, driver
Measured = Mapping[tuple[str, str, str, date], tuple[float | None, str, bool]]

BOUNDS = {"likert": (1, 5), "nps": (0, 10)}
PAIRS = {
    "speed": ("speed_of_delivery", "flow_time_p50_days"),
    "quality_of_changes": ("quality", "change_fail_rate"),
    "quality_of_work": ("quality", "escaped_defect_rate"),
    "interruptions": ("interruptions", "unplanned_share"),
}
"""Of all four measures less is better."""


@dataclass(slots=True)
class Answers:
    """One scope's answers to one driver in one wave."""

    scores: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    recommendations: list[int] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Mean over respondents, 0 to 100."""
        means = [sum(scores) / len(scores) for scores in self.scores.values()]
        return sum(means) / len(means)

    @property
    def enps(self) -> float | None:
        """-100 to 100; None where the driver has no such question."""
        found = self.recommendations
        return 100 * (sum(a >= 9 for a in found) - sum(a <= 6 for a in found)) / len(found) if found else None


class SentimentMarts:
    """Rows of the marts by their key, floats unrounded."""

    def __init__(
        self, truth: Truth, organization: Organization, calendar: Calendar, hidden: Collection[CellKey]
    ) -> None:
        self.hidden = set(hidden)
        today = calendar.day(calendar.clock)
        self.waves = sorted((w for w in truth.waves.values() if w.closes_on < today), key=lambda wave: wave.closes_on)
        self.cells: dict[CellKey, Answers] = defaultdict(Answers)
        self.people: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self.invited: dict[tuple[str, str, str], int] = defaultdict(int)
        closed = {wave.wave: wave for wave in self.waves}
        scopes = {
            (wave.wave, team): _scopes(organization, calendar, wave, team)
            for wave in self.waves
            for team in wave.invited
        }
        for (wave, team), found in scopes.items():
            for scope in found:
                self.invited[wave, *scope] += closed[wave].invited[team]
        for answer in truth.answers:
            if answer.wave not in closed or calendar.day(answer.submitted_at) > closed[answer.wave].closes_on:
                continue
            for scope in scopes[answer.wave, answer.team]:
                self.people[answer.wave, *scope].add(answer.respondent)
                for question in QUESTIONS:
                    given = answer.answers.get(question.item)
                    if given is not None:
                        low, high = question.scale or BOUNDS[question.kind]
                        good = low + high - given if question.is_reversed else given
                        cell = self.cells[answer.wave, *scope, question.driver]
                        cell.scores[answer.respondent].append(100 * (good - low) / (high - low))
                        if question.kind == "nps":
                            cell.recommendations.append(good)

    def _quality(self, key: CellKey) -> str:
        if key in self.hidden:
            return "suppressed"
        return "partial" if 2 * len(self.people[key[:3]]) < self.invited[key[:3]] else "ok"

    def shown(self, key: CellKey) -> Answers | None:
        """A cell that is not hidden."""
        return self.cells.get(key) if key not in self.hidden else None

    def participation(self) -> dict[tuple[str, str, str], tuple[Any, ...]]:
        """invited_count, responses_count, response_rate, data_quality."""
        rows: dict[tuple[str, str, str], tuple[Any, ...]] = {}
        for key, invited in self.invited.items():
            quality, people = self._quality((*key, "all")), len(self.people[key])
            counts = (None,) * 3 if quality == "suppressed" else (invited, people, people / invited)
            rows[key] = (*counts, quality)
        return rows

    def changes(self) -> dict[CellKey, tuple[Any, ...]]:
        """previous wave, driver_score_change and its error, of every cell; questions never change in this company."""
        rows = {}
        for key, before in self._with_last_wave().items():
            now, last = self.shown(key), self.shown((before or "", *key[1:]))
            change = (None, None)
            if now and last:
                spread = sum(c.score * (100 - c.score) / (len(c.scores) - 1) for c in (now, last))
                change = (now.score - last.score, math.sqrt(spread))
            rows[key] = (_wave_key(before), *change)
        return rows

    def enps(self) -> dict[CellKey, tuple[Any, ...]]:
        """enps, n, previous wave, enps_change and its error, data_quality."""
        rows = {}
        for key, before in self._with_last_wave().items():
            if key[3] != "enps":
                continue
            now, last = self.shown(key), self.shown((before or "", *key[1:]))
            change: tuple[float | None, float | None] = (None, None)
            if now and last and now.enps is not None and last.enps is not None:
                spread = sum((1e4 - (c.enps or 0) ** 2) / (len(c.recommendations) - 1) for c in (now, last))
                change = (now.enps - last.enps, math.sqrt(spread))
            value = (now.enps, len(now.recommendations)) if now else (None, None)
            rows[key] = (*value, _wave_key(before), *change, self._quality(key))
        return rows

    def perceived(self, measured: Measured) -> dict[tuple[str, str, str, str, str], tuple[Any, ...]]:
        """reference wave, score, its change, measured value, its change, agreement; by wave, scope, pair, reference.

        measured: value, data quality and completeness by metric, scope and quarter.
        """
        closes = {wave.wave: wave.closes_on for wave in self.waves}
        first: dict[tuple[str, str, str], str] = {}
        rows = {}
        for key, before in self._with_last_wave().items():
            now = self.shown(key)
            if now:
                first.setdefault(key[1:], key[0])
            baseline = first.get(key[1:])
            references = {"last_wave": before, "baseline": baseline if baseline != key[0] else None}
            for pair, (driver, metric) in PAIRS.items():
                for name, reference in references.items():
                    if driver != key[3]:
                        continue
                    then = self.shown((reference or "", *key[1:]))
                    felt = round(now.score - then.score, 6) if now and then else None
                    value = _value(measured, metric, key[1:3], closes[key[0]])
                    old = _value(measured, metric, key[1:3], closes[reference]) if reference else None
                    is_later = reference and _quarter(closes[reference]) < _quarter(closes[key[0]])
                    moved = round(value - old, 6) if value is not None and old is not None and is_later else None
                    score = now.score if now else None
                    verdict = _agreement(felt, moved)
                    rows[(*key[:3], pair, name)] = (_wave_key(reference), score, felt, value, moved, verdict)
        return rows

    def _with_last_wave(self) -> dict[CellKey, str | None]:
        """Every cell that is published, in the order of the waves, with the wave before that asked its driver."""
        rows: dict[CellKey, str | None] = {}
        asked: dict[str, str] = {}
        for wave in self.waves:
            drivers = sorted({driver for name, _, _, driver in self.cells if name == wave.wave})
            for name, kind, id_ in self.invited:
                if name == wave.wave:
                    rows |= {(name, kind, id_, driver): asked.get(driver) for driver in drivers}
            asked |= dict.fromkeys(drivers, wave.wave)
        return rows


def _scopes(organization: Organization, calendar: Calendar, wave: Wave, team: str) -> list[tuple[str, str]]:
    streams = organization.value_streams_at(team, wave.wave_date)
    stream = max(sorted(streams), key=lambda name: streams[name])
    period: Period = next(p for p in calendar.periods if p.grain == "quarter" and p.start == _quarter(wave.closes_on))
    return [("team", organization.team_scope(team, period)), ("value_stream", stream), ("organization", "organization")]


def _quarter(day: date) -> date:
    return period_start("quarter", day)


def _wave_key(wave: str | None) -> str | None:
    return f"surveys:{SURVEY}:{wave}" if wave else None


def _value(measured: Measured, metric: str, scope: tuple[str, str], day: date) -> float | None:
    value, quality, is_complete = measured.get((metric, *scope, _quarter(day)), (None, "no_data", False))
    return value if is_complete and quality in ("ok", "partial") else None


def _agreement(felt: float | None, moved: float | None) -> str:
    if felt is None or moved is None:
        return "too_few_data"
    if not felt or not moved:
        return "unclear"
    return "agree" if (felt > 0) == (moved < 0) else "disagree"
