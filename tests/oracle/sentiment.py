"""Sentiment metrics (METRICS.md sections 0 and 3) from what every respondent really answered, before any hiding.

Cells that must not be shown are marked `suppressed`. Which further cells are hidden so that those cannot be derived is
the publisher's choice; the tests judge it with `is_forced` and `siblings`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.surveys import QUESTIONS, Question
from sandbox.truth import Answer, Truth, Wave
from tests.oracle.organization import ORGANIZATION, SMALL_TEAMS, UNASSIGNED, Organization
from tests.oracle.periods import Calendar, Key, Period, Row, Rows

Scope = tuple[str, str]
SCALES = {"likert": (1, 5), "nps": (0, 10), "yes_no": (0, 1)}
EXPERIENCE = (
    "speed_of_delivery", "ease_of_delivery", "quality", "interruptions", "review_turnaround", "tooling",
    "psychological_safety", "autonomy", "role_clarity", "cognitive_load", "clarity_of_purpose", "framing",
    "support_and_belonging",
)  # fmt: skip
TOP_BOXES = {5: (4, 5), 7: (6, 7), 11: (8, 9, 10), 2: (1,)}


@dataclass(slots=True)
class Cell:
    """The answers of one scope to one driver in one wave; scores: one list of 0-100 per respondent."""

    scores: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    favourable: list[bool] = field(default_factory=list)
    recommendations: list[int] = field(default_factory=list)

    def add(self, respondent: str, question: Question, answer: int) -> None:
        """Count one answer; a reversed question is flipped first."""
        low, high = question.scale or SCALES[question.kind]
        good = low + high - answer if question.is_reversed else answer
        self.scores[respondent].append(100 * (good - low) / (high - low))
        if question.kind != "number":
            self.favourable.append(good - low in [box - low for box in _top_boxes(low, high)])
        if question.kind == "nps":
            self.recommendations.append(good)

    def is_publishable(self, k: int) -> bool:
        """Whether the cell tells nothing of fewer than k people: there are enough, and their answers differ enough."""
        means = sorted(sum(scores) / len(scores) for scores in self.scores.values())
        if len(means) < k:
            return False
        is_open = sum(means[1 - k :]) - sum(means[: k - 1]) >= 10 * (k - 1)
        if not self.favourable:
            slack = min(sum(means), 100 * len(means) - sum(means))
            is_open = is_open or (slack >= 10 * (k - 1) and sum(means[1 - k :]) > sum(means[: k - 1]))
        kinds = {(answer > 6) + (answer > 8) for answer in self.recommendations}
        return is_open and len(set(self.favourable)) != 1 and len(kinds) in (0, 3)


def _top_boxes(low: int, high: int) -> Iterable[int]:
    return TOP_BOXES[high - low + 1]


class SentimentOracle:
    """Collects the cells of the last closed wave of every quarter; `rows` turns them into published numbers."""

    def __init__(self, truth: Truth, organization: Organization, calendar: Calendar, min_respondents: int) -> None:
        self.organization, self.calendar, self.k = organization, calendar, min_respondents
        self.waves: dict[Period, Wave] = {}
        for period in calendar.periods:
            closed = [
                wave
                for wave in truth.waves.values()
                if period.grain == "quarter" and period.start <= wave.closes_on < period.end
                and wave.closes_on < calendar.day(calendar.clock)
            ]  # fmt: skip
            if closed:
                self.waves[period] = max(closed, key=lambda wave: wave.closes_on)
        self.cells: dict[tuple[Period, Scope, str], Cell] = defaultdict(Cell)
        self.respondents: dict[tuple[Period, Scope], set[str]] = defaultdict(set)
        self.invited: dict[tuple[Period, Scope], int] = defaultdict(int)
        self.parents: dict[tuple[Period, Scope], Scope] = {}
        for period, wave in self.waves.items():
            for team, count in wave.invited.items():
                for scope in self._scopes(period, wave, team):
                    self.invited[period, scope] += count
            for answer in truth.answers:
                if answer.wave == wave.wave and calendar.day(answer.submitted_at) <= wave.closes_on:
                    self._count(period, wave, answer)

    def _scopes(self, period: Period, wave: Wave, team: str) -> tuple[Scope, Scope, Scope]:
        """Team, value stream and organisation of a respondent; of several value streams the one with most weight."""
        streams = self.organization.value_streams_at(team, wave.wave_date)
        stream = max(sorted(streams), key=lambda name: streams[name])
        found = (
            ("team", self.organization.team_scope(team, period)),
            ("value_stream", stream),
            (ORGANIZATION, ORGANIZATION),
        )
        self.parents[period, found[0]], self.parents[period, found[1]] = found[1], found[2]
        return found

    def _count(self, period: Period, wave: Wave, answer: Answer) -> None:
        for scope in self._scopes(period, wave, answer.team):
            self.respondents[period, scope].add(answer.respondent)
            for question in QUESTIONS:
                given = answer.answers.get(question.item)
                if given is not None:
                    self.cells[period, scope, question.driver].add(answer.respondent, question, given)

    def is_forced(self, period: Period, scope: Scope, driver: str) -> bool:
        """Whether a cell itself must be hidden: too few respondents, answers too alike, or a small team."""
        if scope == ("team", SMALL_TEAMS):
            return True
        if driver == "all":
            return len(self.respondents[period, scope]) < self.k
        cell = self.cells[period, scope, driver]
        return not cell.is_publishable(self.k) or self.is_forced(period, scope, "all")

    def siblings(self, period: Period, scope: Scope) -> list[Scope]:
        """The other scopes under the same value stream or organisation."""
        parent = self.parents.get((period, scope))
        return [s for (p, s), above in self.parents.items() if p == period and above == parent and s != scope]

    def rows(self) -> Rows:
        """Every sentiment metric of every scope and quarter."""
        found: Rows = {}
        drivers = list(dict.fromkeys(q.driver for q in QUESTIONS))
        for period in self.calendar.periods:
            if period.grain != "quarter":
                continue
            for scope in self.organization.scopes(period):
                for driver in drivers:
                    for metric in ("driver_score", "favourable_share"):
                        key = Key(metric, *scope, period.grain, period.start, f"driver:{driver}")
                        found[key] = self._row(metric, period, scope, driver)
                found[Key("enps", *scope, period.grain, period.start, "all")] = self._row("enps", period, scope, "enps")
                key = Key("response_rate", *scope, period.grain, period.start, "all")
                found[key] = self._row("response_rate", period, scope, "all")
                key = Key("experience_index", *scope, period.grain, period.start, "all")
                found[key] = self._experience([self._row("driver_score", period, scope, d) for d in EXPERIENCE])
        return found

    @staticmethod
    def _experience(scores: list[Row]) -> Row:
        """The mean of the drivers' scores; hidden with one of them, and nothing without one."""
        for quality in ("suppressed", "no_data"):
            if any(score.quality == quality for score in scores):
                return Row(None, None, None, 0, quality)
        quality = "partial" if any(score.quality == "partial" for score in scores) else "ok"
        values = [score.value for score in scores if score.value is not None]
        return Row(sum(values) / len(values), None, None, min(score.n for score in scores), quality)

    def _row(self, metric: str, period: Period, scope: Scope, driver: str) -> Row:
        if self.organization.is_suppressed(*scope, period):
            return Row(None, None, None, 0, "suppressed")
        is_asked = driver == "all" or any((period, (ORGANIZATION,) * 2, driver) == key for key in self.cells)
        if period not in self.waves or not self.invited[period, scope] or UNASSIGNED in scope or not is_asked:
            return Row(None, None, None, 0, "no_data")
        if self.is_forced(period, scope, driver):
            return Row(None, None, None, 0, "suppressed")
        people, invited = len(self.respondents[period, scope]), self.invited[period, scope]
        quality = "partial" if people < 0.5 * invited else "ok"
        if metric == "response_rate":
            return Row(people / invited, people, invited, people, quality)
        cell = self.cells[period, scope, driver]
        means = [sum(scores) / len(scores) for scores in cell.scores.values()]
        if metric == "driver_score":
            return Row(sum(means) / len(means), None, None, len(means), quality)
        if metric == "favourable_share":
            if not cell.favourable:
                return Row(None, None, None, 0, "no_data")
            return Row(sum(cell.favourable) / len(cell.favourable), None, None, len(means), quality)
        promoters = sum(answer >= 9 for answer in cell.recommendations)
        detractors = sum(answer <= 6 for answer in cell.recommendations)
        return Row(100 * (promoters - detractors) / len(cell.recommendations), None, None, len(means), quality)
