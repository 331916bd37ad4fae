"""The daily work of a team: items arrive, wait, are built, reviewed, tested, released; some go astray."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import log

from sandbox import texts
from sandbox.card import Card
from sandbox.clock import DAY, HOUR, WorkCalendar, is_frozen, moment
from sandbox.people import Person, Staff
from sandbox.process import UNPLANNED_LABEL, workflow_of
from sandbox.releases import Train
from sandbox.teams import END, FIRST_DAY, LAST_DAY, Team, pace
from sandbox.truth import Planted

_TYPES = ("10001", "10002", "10003", "10004", "10005", "10006")
_WEIGHTS = (0.40, 0.22, 0.21, 0.09, 0.04, 0.04)
_PARCELIO_TYPES, _PARCELIO_WEIGHTS = ("10041", "10042", "10043"), (0.6, 0.25, 0.15)
_SIZE = {"10001": 1.25, "10002": 0.8, "10003": 0.6, "10004": 1.2, "10005": 0.9, "10006": 0.7, "10008": 1.0,
         "10041": 1.2, "10042": 0.6, "10043": 0.9, "10007": 0.4}  # fmt: skip
_HAS_CODE = {"10001": 0.74, "10002": 0.52, "10003": 0.78, "10004": 0.86, "10005": 0.1, "10006": 0.8, "10008": 0.5,
             "10041": 0.75, "10042": 0.8, "10043": 0.8}  # fmt: skip
_IS_TESTED = {"10001": 0.85, "10002": 0.45, "10003": 0.8, "10004": 0.4, "10005": 0.0, "10006": 0.5, "10008": 0.5}
_NEIGHBOURS = {"CHK": "PAY", "PAY": "BILL", "BILL": "PAY", "OMS": "WHS", "SRCH": "CHK", "RET": "OMS", "WHS": "OMS"}


@dataclass(slots=True)
class Round:
    """One round of review: asked at, begun at, ended at, by whom."""

    ready: int
    begun: int
    ended: int
    reviewer: Person


@dataclass(slots=True)
class Build:
    """Code written for an item: from the first keystroke through the rounds of review; merged unless cut short."""

    card: Card
    repository: str
    developer: Person
    begun: int
    rounds: list[Round] = field(default_factory=list)
    is_merged: bool = True


@dataclass(slots=True)
class Work:
    """What a team did: its cards, the code for them, and names that slipped into texts."""

    cards: list[Card] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    planted: list[tuple[Card, Planted]] = field(default_factory=list)


@dataclass(slots=True)
class Effort:
    """An initiative's card and the time in which items are cut from it."""

    card: Card
    opens: int
    closes: int


class TeamWork:
    """Simulates one team. Every draw comes from the team's own random streams; `more` is that of later additions."""

    def __init__(self, seed: int, team: Team, staff: Staff, calendar: WorkCalendar, trains: dict[str, Train],
                 efforts: list[Effort]) -> None:  # fmt: skip
        self.team, self.staff, self.calendar, self.trains, self.efforts = team, staff, calendar, trains, efforts
        self.rng, self.more = random.Random(f"{seed}:work:{team.team_id}"), random.Random(f"{seed}:more:{team.team_id}")
        self.flow = workflow_of(team.project)
        self.work = Work()

    def run(self) -> Work:
        """Live through the whole time."""
        rng, team = self.rng, self.team
        day = team.joins or FIRST_DAY
        for _ in range(int(team.size * 0.9)):
            self._live(self.calendar.opening(day) + rng.randint(0, 8 * HOUR))
        while day <= LAST_DAY:
            if self.calendar.is_workday(day):
                opens = self.calendar.opening(day)
                people = len(self.staff.members(team.team_id, day))
                rate = team.arrivals * people * _season(day) * _ambition(team, opens)
                for _ in range(_poisson(rng, rate)):
                    self._live(opens + rng.randint(-HOUR, 9 * HOUR))
            day += timedelta(days=1)
        return self.work

    def _hours(self, median: float, sigma: float = 0.75) -> float:
        return self.rng.lognormvariate(log(median), sigma)

    def _after(self, at: int, median: float, sigma: float = 0.75) -> int:
        return self.calendar.after(at, self._hours(median, sigma))

    def _someone(self, at: int, other: Person | None = None) -> Person:
        people = self.staff.developers(self.team.team_id, at)
        found = self.rng.choice(people)
        while found is other and len(people) > 1:
            found = self.rng.choice(people)
        return found

    # --- one item --------------------------------------------------------------------------------------------------
    def _create(self, at: int) -> Card:
        rng, team = self.rng, self.team
        if team.project == "PARC":
            type_id = rng.choices(_PARCELIO_TYPES, _PARCELIO_WEIGHTS)[0]
        else:
            more = pace(team, at).defects
            type_id = rng.choices(_TYPES, [w * (more if n == 2 else 1) for n, w in enumerate(_WEIGHTS)])[0]
            if team.project in ("CHK", "OMS") and rng.random() < 0.012:
                type_id = "10008"
        author = self._someone(at)
        title = texts.title(rng, team.project, type_id)
        planted: list[tuple[str, str, str]] = []
        if rng.random() < 0.012:
            named = self._someone(at)
            title += rng.choice((" (reported by {})", " as asked by {}", ", see mail of {}")).format(named.name)
            planted.append((named.name, title, "title"))
        labels: tuple[str, ...] = ()
        draw = rng.random()
        if draw < 0.10 and type_id == "10002":
            labels = ("tech-debt",) if draw < 0.06 else ("compliance",)
        elif draw < 0.05 and type_id in ("10003", "10042"):
            labels = ("security",) if type_id == "10003" else ()
        elif draw < 0.2 and team.project == "TOOL":
            labels = ("billing-migration",)
        elif draw > 0.93:
            labels = (rng.choice(("customer", "quick-win", "q-goal", "ops")),)
        if rng.random() < 0.008:
            named = self._someone(at)
            labels = (*labels, f"owner-{named.login}")
            planted.append((named.login, labels[-1], "label"))
        if self.more.random() < 0.06:
            labels = (*labels, UNPLANNED_LABEL)
        name = {"storefront": "Storefront", "mobile": "Mobile"}.get(team.team_id)
        name = None if name and rng.random() < 0.07 else name
        component = rng.choice(team.components) if rng.random() < 0.75 else None
        if component == "Design System" and rng.random() < 0.6:
            component = None
        open_efforts = [e for e in self.efforts if e.opens <= at < e.closes]
        parent = rng.choice(open_efforts).card if open_efforts and rng.random() < 0.85 else None
        draw = rng.random()
        status = self.flow.new
        if draw < 0.07:
            status = self.flow.ready if self.flow.ready and draw < 0.05 else self.flow.coding
        card = Card(
            team.project, type_id, at, author, title, status=status, team_name=name,
            components=(component,) if component else (), labels=labels, parent=parent,
            description=rng.choice(("", f"{title}. See the notes of the last planning.", f"Context: {title.lower()}.")),
            priority=rng.choices(("Highest", "High", "Medium", "Low"), (3, 17, 70, 10))[0],
        )  # fmt: skip
        self.work.cards.append(card)
        self.work.planted.extend((card, Planted(n, t, where, "")) for n, t, where in planted)
        if self.more.random() < 0.05:
            card.cost(at if self.more.random() < 0.6 else at + 1200, self.more.randint(1, 12) * 500.0, author)
            if self.more.random() < 0.2:
                card.cost(at + self.more.randint(2, 30) * DAY, self.more.randint(13, 24) * 500.0, author)
        return card

    def _live(self, created: int) -> None:
        rng, flow = self.rng, self.flow
        card = self._create(created)
        at = max(self._after(created, 0.6), created + 600)
        if card.status == flow.new:
            fate = rng.random()
            if fate < 0.055:
                at = self._after(at, 150, 0.9)
                if fate < 0.035:
                    card.move(at, flow.cancelled, self._someone(at))
                return self._end(card)
            if fate < 0.08:
                at = self._after(at, 14, 1.0)
                card.move(at, flow.done, self._someone(at))
                return self._end(card)
            at = self._after(at, 30 if card.type_id in ("10003", "10042", "10006") else 60, 0.95)
        at = self._before_start(card, at)
        if at > END:
            return self._end(card)
        self._build(card, at)
        self._end(card)

    def _before_start(self, card: Card, at: int) -> int:
        """Refinement and the wait to be picked up; returns when coding may begin."""
        rng, flow, who = self.rng, self.flow, self._someone(at)
        if rng.random() < 0.6:
            card.estimate(at - 120, rng.choice((1, 2, 3, 5, 8)), who)
        if card.team_name is None and self.team.project == "WEB" and rng.random() < 0.75:
            card.set_team(at - 90, self.team.name, who)
        if rng.random() < 0.012 and card.type_id == "10001":
            card.retype(at - 60, "10003", who)
        if rng.random() < 0.03 and card.type_id == "10002" and not card.labels:
            card.label(at - 30, "tech-debt", who)
        if flow.ready and card.status == flow.new and rng.random() < 0.92:
            at = card.move(at, flow.ready, who)
            if rng.random() < 0.025:
                at = card.move(self._after(at, 12), flow.new, who)
                at = card.move(self._after(at, 60), flow.ready, who)
        if card.status == flow.ready:
            at = self._after(at, self.team.ready_hours * pace(self.team, at).waiting, 0.85)
            if self.team.project in ("CHK", "OMS") and rng.random() < 0.012:
                at = card.move(at, "10011", who)
                at = self._after(at, 25)
        if rng.random() < 0.012 and self.team.project in _NEIGHBOURS:
            at = self._after(card.move_project(at, _NEIGHBOURS[self.team.project], who), 1.0)
        return at

    def _build(self, card: Card, at: int) -> None:
        rng, flow, team = self.rng, self.flow, self.team
        developer = self._someone(at)
        if card.status != flow.coding:
            at = card.move(at, flow.coding, developer)
        card.assign(at + 1, developer, developer)
        if self.more.random() < 0.008 and UNPLANNED_LABEL not in card.labels:
            card.label(at + 600, UNPLANNED_LABEL, developer)
        if card.truth.points and self.more.random() < 0.08:
            card.estimate(at + self.more.randint(1, 40) * HOUR, self.more.choice((1, 2, 3, 5, 8, 13)), developer)
        now = pace(team, at)
        at = self._trouble(card, at, developer)
        if rng.random() < 0.022:
            card.move(self._after(at, 9), flow.cancelled, developer)
            return
        build = None
        repository = self._repository(card)
        if repository and rng.random() < _HAS_CODE.get(card.type_id, 0.5):
            build = Build(card, repository, developer, at)
            self.work.builds.append(build)
        size = _SIZE[card.type_id]
        at = self._after(at, team.coding_hours * size * now.coding)
        at = self._review(card, at, build, now.coding * size * team.coding_hours)
        if flow.test and rng.random() < _IS_TESTED.get(card.type_id, 0.8):
            at = self._test(card, at, build, developer)
        at = self._release(card, at, build)
        if at <= END and rng.random() < 0.032 * now.rework and card.status == flow.done:
            at = card.move(self._after(at, 22, 1.1), flow.coding, self._someone(at))
            fix = None
            if repository and rng.random() < 0.6:
                fix = Build(card, repository, developer, at)
                self.work.builds.append(fix)
            at = self._review(card, self._after(at, 5), fix, 4)
            self._release(card, at, fix)

    def _trouble(self, card: Card, at: int, developer: Person) -> int:
        """Impediments and pauses while it is built."""
        rng = self.rng
        if rng.random() < 0.07 * (1.8 if self.team.project == "OMS" else 1):
            start = self._after(at, 3)
            end = self._after(start, 11, 0.9)
            card.flag(start, end, developer)
            at = self.calendar.after(at, 4)
        if self.team.project == "WHS" and self.more.random() < 0.06:
            at = card.move(self.calendar.after(at, 3), "10012", developer)
            at = card.move(self.calendar.after(at, self.more.lognormvariate(2.5, 0.7)), self.flow.coding, developer)
        if self.team.project == "BILL" and rng.random() < 0.03:
            at = card.move(self._after(at, 4), "10010", developer)
            at = card.move(self._after(at, 14), self.flow.coding, developer)
        return at

    def _repository(self, card: Card) -> str | None:
        if "Reverse Logistics" in card.components:
            return "reverse-logistics"
        names = [name for name in self.team.repositories if name != "reverse-logistics"]
        return self.rng.choice(names) if names else None

    def _review(self, card: Card, at: int, build: Build | None, coding_hours: float) -> int:
        """Rounds of review until it passes; returns when it passed."""
        rng, flow, team = self.rng, self.flow, self.team
        if flow.review_wait is None:
            if build:
                build.rounds.append(self._round(at, build.developer, team.review_wait_hours, team.review_hours))
                at = build.rounds[-1].ended
            return at
        for attempt in range(3):
            now = pace(team, at)
            developer = card.assignee or self._someone(at)
            at = card.move(at, flow.review_wait, developer)
            spell = self._round(
                at, developer, team.review_wait_hours * now.review_wait * now.waiting, team.review_hours
            )
            card.move(spell.begun, flow.review or flow.coding, spell.reviewer)
            at = max(spell.ended, card.last + 60)
            if build:
                build.rounds.append(spell)
            if attempt == 2 or rng.random() > 0.15 * now.rework:
                break
            at = card.move(at, flow.coding, spell.reviewer)
            at = self._after(at, max(coding_hours * 0.3, 0.5))
        return at

    def _round(self, ready: int, developer: Person, wait: float, hours: float) -> Round:
        begun = max(self._after(ready, wait, 0.9), ready + 120)
        return Round(ready, begun, max(self._after(begun, hours), begun + 300), self._someone(begun, developer))

    def _test(self, card: Card, at: int, build: Build | None, developer: Person) -> int:
        rng, flow, team = self.rng, self.flow, self.team
        for attempt in range(2):
            now = pace(team, at)
            tester = self._someone(at, developer)
            if flow.test_wait:
                at = card.move(at, flow.test_wait, developer)
                at = self._after(at, team.test_wait_hours * now.waiting, 0.85)
            at = card.move(at, flow.test or flow.done, tester)
            at = self._after(at, team.test_hours)
            if attempt or rng.random() > 0.075 * now.rework:
                break
            at = card.move(at, flow.coding, tester)
            fix = None
            if build:
                fix = Build(card, build.repository, developer, at)
                self.work.builds.append(fix)
            at = self._review(card, self._after(at, 3), fix, 2)
        return at

    def _release(self, card: Card, at: int, build: Build | None) -> int:
        flow = self.flow
        if flow.release:
            at = card.move(at, flow.release, self._someone(at))
            if build and build.repository in self.trains:
                at = self.trains[build.repository].next_release(at) + self.rng.randint(4, 50) * 60
            else:
                at = self._after(at, 4)
        return card.move(at, flow.done, self._someone(at))

    def _end(self, card: Card) -> None:
        """What happens around an item: sub-tasks, noise, deletion, labels set too late."""
        rng = self.rng
        done = card.status == self.flow.done
        last = card.last
        if done and rng.random() < 0.008 and card.type_id == "10002" and not card.labels:
            card.label(last + DAY, "tech-debt", card.author)
        if rng.random() < 0.12:
            card.rank(card.created + rng.randint(60, 4000), card.author, rng.choice(("Ranked higher", "Ranked lower")))
        if card.type_id == "10001" and done and rng.random() < 0.05:
            for _ in range(rng.randint(1, 2)):
                self._subtask(card)
        if rng.random() < (0.006 if done else 0.15 if card.status == self.flow.new else 0):
            card.delete(self._after(last, 60, 0.8))

    def _subtask(self, parent: Card) -> None:
        entered = next((e.from_at for e in parent.truth.episodes if e.state == "active"), None)
        if entered is None:
            return
        rng = self.rng
        at = int(entered.timestamp()) + rng.randint(60, 3600)
        who = self._someone(at)
        card = Card(self.team.project, "10007", at, who, texts.title(rng, self.team.project, "10007"),
                    status=self.flow.new, parent=parent, team_name=parent.team_name)  # fmt: skip
        self.work.cards.append(card)
        begun = card.move(self._after(at, 2), self.flow.coding, who)
        card.move(self._after(begun, 4), self.flow.done, who)


def _ambition(team: Team, at: int) -> float:
    """What a team takes on, beside its size: Orders ever more, teams with AI tools a little more."""
    return 1.12 if team.project == "OMS" and at > moment("2026-01-01") else 1 + 0.2 * pace(team, at).ai_share


def _season(day: date) -> float:
    if is_frozen(day):
        return 0.35
    return {8: 0.75, 7: 0.9, 12: 0.9}.get(day.month, 1.0)


def _poisson(rng: random.Random, rate: float) -> int:
    limit, count, product = 2.718281828459045**-rate, 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
