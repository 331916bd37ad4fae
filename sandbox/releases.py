"""When each repository is released: slots planned ahead, so that work can wait for the next one."""

import random
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date, timedelta

from sandbox.clock import HOUR, WorkCalendar, is_frozen, moment
from sandbox.teams import ACQUISITION, END, FIRST_DAY, LAST_DAY, REPOS, TEAM, Repo, pace, service_owner


@dataclass(slots=True)
class Slot:
    """A release: what is on the default branch at `cut` goes to staging, then to production.

    outcome: success, failed (after it had begun) or failed_before. rollback_at: when it was undone, if it was.
    """

    cut: int
    created: int
    finished: int
    outcome: str
    rollback_at: int | None = None


@dataclass(slots=True)
class Train:
    """The slots of one repository in order of time."""

    repo: Repo
    slots: list[Slot] = field(default_factory=list)
    _cuts: list[int] = field(default_factory=list)
    _finished: list[int] = field(default_factory=list)

    def index(self) -> None:
        """Prepare `next_release`."""
        good = [slot for slot in self.slots if slot.outcome == "success" and slot.rollback_at is None]
        self._cuts = [slot.cut for slot in good]
        self._finished = [slot.finished for slot in good]

    def next_release(self, at: int) -> int:
        """When something that is ready at `at` has reached production for good; after the end if never."""
        index = bisect_left(self._cuts, at)
        return self._finished[index] if index < len(self._cuts) else END + 30 * 86400


def first_day(repo: Repo) -> date:
    """The day a repository's work begins at Acme."""
    return ACQUISITION if repo.name == "parcel-hub" else FIRST_DAY


def _slot(rng: random.Random, repo: Repo, calendar: WorkCalendar, cut: int) -> Slot:
    created = cut + rng.randint(15 * 60, 75 * 60)
    finished = created + 30 + int(60 * rng.lognormvariate(2.1, 0.5))
    owner = service_owner(repo.service, cut)
    worse = pace(TEAM[owner], cut) if owner else None
    factor = (1.4 if worse.ai_share else worse.rework) if worse else 1.0
    draw = rng.random()
    if draw < repo.failure_share * factor:
        return Slot(
            cut, created, finished, "failed", finished + rng.randint(10, 50) * 60 if rng.random() < 0.7 else None
        )
    if draw < repo.failure_share * factor + 0.015:
        return Slot(cut, created, created + rng.randint(20, 200), "failed_before")
    slot = Slot(cut, created, finished, "success")
    if rng.random() < 0.018 * factor:
        slot.rollback_at = finished + int(HOUR * rng.lognormvariate(0.4, 0.7))
    return slot


def plan_releases(seed: int, calendar: WorkCalendar) -> dict[str, Train]:
    """The trains of all released repositories, by repository name."""
    trains: dict[str, Train] = {}
    for repo in REPOS:
        if repo.service is None:
            continue
        rng = random.Random(f"{seed}:releases:{repo.name}")
        train = Train(repo)
        busy_until = 0
        day = first_day(repo)
        extra: list[int] = []
        while day <= LAST_DAY:
            if calendar.is_workday(day) and not is_frozen(day):
                rate = repo.releases_per_week / 5 * (0.5 if day.weekday() == 4 else 1.125)
                opens = moment(f"{day.isoformat()}T09:20")
                count = int(rate) + (rng.random() < rate % 1)
                cuts = [opens + rng.randint(0, int(6.8 * HOUR)) for _ in range(count)]
                today = [t for t in extra if t < opens + 8 * HOUR]
                extra = [t for t in extra if t not in today]
                for cut in sorted(cuts + today):
                    if cut > busy_until:
                        slot = _slot(rng, repo, calendar, cut)
                        train.slots.append(slot)
                        busy_until = (slot.rollback_at or slot.finished) + 20 * 60
                        if slot.outcome != "success" or slot.rollback_at:
                            extra.append(calendar.after(busy_until, rng.uniform(1.0, 7.0)))
            day += timedelta(days=1)
        train.index()
        trains[repo.name] = train
    return trains
