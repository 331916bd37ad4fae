"""The small world: tracker, forge and organisation together, how they live from day to day, and how they are read."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from ingestion.errors import StopStream
from ingestion.sources import SOURCES
from ingestion.sources.jira_census import judge
from ingestion.stream import Context, Record, Source, Stream
from tests.incremental import goals, portfolio
from tests.incremental.forge import Forge, Repository
from tests.incremental.organization import SERVICES, SIZES, Organization, small_organization
from tests.incremental.tracker import (
    CANCELLED,
    EPIC,
    HOLD,
    KEY_RESULT_TYPE,
    PARKED,
    PROJECTS,
    TEAM_NAMES,
    WORKFLOW,
    Item,
    Tracker,
)

ORIGIN = datetime(2025, 12, 1, tzinfo=UTC)  # a Monday
DAYS_BEFORE_FIRST_NIGHT = 91
ITEMS_PER_DAY = 2.6
DAYS_PER_SPRINT = 14
OUTCOMES = ("Fewer abandoned carts", "tbd", "", "Faster payouts", None)
VERDICTS = ("Achieved", "Partly", "Not achieved", "Too early", "Hooray")
OUTCOME_TYPES = ("Customer", "Risk", "Cost", "Odd", None)


@dataclass
class World:
    """Everything there is. `now` is its present; `down` names connections that do not answer."""

    seed: object
    origin: datetime = ORIGIN
    tracker: Tracker = field(default_factory=Tracker)
    copies: int = 1
    down: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"world {self.seed}")
        self.trouble = random.Random(f"trouble {self.seed}")
        self.scans = random.Random(f"scans {self.seed}")
        self.alerts = random.Random(f"alerts {self.seed}")
        self.reviews = random.Random(f"reviews {self.seed}")
        self.goals = random.Random(f"goals {self.seed}")
        self.plans = random.Random(f"plans {self.seed}")
        self.now = self.origin
        self.forge = Forge([
            Repository("R_web", "small/web", self.origin - timedelta(days=400)),
            Repository("R_ledger", "small/ledger", self.origin - timedelta(days=400)),
        ])  # fmt: skip
        start = (self.origin + timedelta(days=2)).date()
        self.organization: Organization = small_organization(start)
        for number in range(14):
            planned = self.origin + timedelta(days=DAYS_PER_SPRINT * number, hours=8)
            late = timedelta(hours=self.chance.randint(0, 30))
            self.tracker.sprints.append({
                "id": number + 1, "name": f"App Sprint {number + 1}", "created": planned - timedelta(days=14),
                "planned": planned, "start": planned + late, "end": planned + timedelta(days=13),
                "close": planned + timedelta(days=13) + late,
            })  # fmt: skip
        for number, day in enumerate((40, 100)):
            on = (self.origin + timedelta(days=day)).date()
            self.organization.open_wave(f"W{number + 1}", on, on + timedelta(days=10))

    # --- life --------------------------------------------------------------------------------------------------------
    def live(self, until: datetime) -> None:
        """Normal work until a moment. Nothing of it is backdated."""
        while self.now.date() < until.date():
            day = self.now.replace(hour=0)
            for _ in range(self._arrivals(day)):
                self._new_item(day)
            goals.set_goals(self.tracker, self.origin, day)
            for item in self.tracker.existing(day):
                if goals.is_goal(item):
                    goals.look_at(self.tracker, item, day, self.goals)
                    continue
                self._advance(item, day)
                self._review(item, day)
            if day.weekday() < 5:
                self.forge.live(self.chance, day)
                self._run_services(day)
                self._scan_services(day)
                self.forge.scan(self.alerts, day)
            self._answer_surveys(day)
            portfolio.live(self.organization.inbox["initiatives"], self.plans, day, self.keys(day))
            self.now = day + timedelta(days=1)
        self.now = until

    def moment(self, day: datetime) -> datetime:
        """Some second of a day's work, 6 to 18 h UTC."""
        return day + timedelta(seconds=self.chance.randint(6 * 3600, 18 * 3600))

    def keys(self, day: datetime) -> list[str]:
        """The keys that the tracker's issues have on a day."""
        return [item.state(day)["key"] for item in self.tracker.existing(day)]

    def _arrivals(self, day: datetime) -> int:
        mean = ITEMS_PER_DAY * (1.2 if day.weekday() < 5 else 0.3)
        return int(mean) + (self.chance.random() < mean % 1)

    def _new_item(self, day: datetime) -> Item:
        chance, at = self.chance, self.moment(day)
        epics = [item for item in self.tracker.existing(day) if item.fields["type"] == EPIC]
        project = chance.choices(["APP", "PAY", "OPS"], [5, 4, 3])[0]
        type_ = EPIC if chance.random() < 0.09 else chance.choices(["101", "102", "103", "104", "105", "106"],
                                                                  [50, 20, 15, 5, 6, 4])[0]  # fmt: skip
        values: dict[str, Any] = {}
        if type_ == EPIC:
            values["outcome"] = chance.choice(OUTCOMES)
            values["key_result"] = chance.choice([None, "KR-1", "KR-9"])
            if self.tracker.last_id % 3 == 0:
                values["key_result"] = "kr-2"
            values["cost_of_delay"] = chance.choice([None, 500.0, 1200.0])
            values |= self._goal_of_epic(day)
        elif epics and chance.random() < 0.6:
            values["parent"] = chance.choice(epics).id
        if project == "APP" and chance.random() < 0.3:
            values["components"] = ("501",)
        if project == "OPS" and chance.random() < 0.8:
            values["team"] = chance.choice(list(TEAM_NAMES))
        labels = {"APP": "security", "PAY": "payout", "OPS": "shared"}
        if chance.random() < 0.25:
            values["labels"] = (labels[project],)
        elif chance.random() < 0.08:
            values["labels"] = ("interrupt",)
        if chance.random() < 0.5:
            values["points"] = float(chance.choice([1, 2, 3, 5, 8]))
        if type_ in (EPIC, "106"):
            values["outcome_type"] = self.reviews.choice(OUTCOME_TYPES)
        if type_ == "102":
            values["found_in"] = ("production", "test", None)[self.tracker.last_id % 3]
        return self.tracker.create(at, project, type_, f"Work {self.tracker.last_id}", **values)

    def _goal_of_epic(self, day: datetime) -> dict[str, Any]:
        """The key result's issue that some epics name, or lie below."""
        issues = [i for i in self.tracker.existing(day) if i.fields["type"] == KEY_RESULT_TYPE]
        match self.tracker.last_id % 5:
            case 1:
                return {"key_result": self.goals.choice(goals.KEYS).lower()}
            case 2 | 3 if issues:
                return {"key_result": None, "parent": self.goals.choice(issues).id}
        return {}

    def _advance(self, item: Item, day: datetime) -> None:
        chance, tracker = self.chance, self.tracker
        values, at = item.state(day + timedelta(days=1)), self.moment(day)
        at = max(
            [at, item.created + timedelta(minutes=1), *(change.at + timedelta(minutes=1) for change in item.changes)]
        )
        status, dice = values["status"], chance.random()
        if values["flagged"] and dice < 0.4:
            tracker.put(item, at, "flagged", False)
        elif status in WORKFLOW[:-1] and dice < (0.08 if values["type"] == EPIC else 0.3):
            to = WORKFLOW[WORKFLOW.index(status) + 1]
            to = CANCELLED if dice < 0.006 else HOLD if dice < 0.012 else PARKED if dice < 0.014 else to
            to = WORKFLOW[-1] if status == "1" and 0.014 < dice < 0.022 else to
            tracker.put(item, at, "status", to)
        elif status in (HOLD, PARKED) and dice < 0.5:
            tracker.put(item, at, "status", "3")
        elif status in ("3", "4", "5") and dice > 0.985:
            tracker.put(item, at, "flagged", True)
        elif (status in ("4", "5") and dice > 0.96) or (status == "6" and dice > 0.995):
            tracker.put(item, at, "status", "3")
        elif values["project"] == "APP" and status in ("1", "2") and dice > 0.8:
            current = [s["id"] for s in tracker.sprints if s["planned"] <= at < s["end"]]
            sprints = tuple(dict.fromkeys((*values["sprints"], *current)))
            tracker.put(item, at, "sprints", sprints)
        elif 0.5 < dice < 0.502:
            others = [o for o in tracker.existing(day) if o.id != item.id and not goals.is_goal(o)]
            if others and not values["links"]:
                tracker.link(item, chance.choice(others), at)

    def _review(self, item: Item, day: datetime) -> None:
        """A finished initiative is looked at, and looked at again; sometimes its promise is made to fit.

        The first one of all is finished soon, and nobody ever looks at it.
        """
        if item.fields["type"] != EPIC:
            return
        at = max([day + timedelta(hours=19), *(change.at + timedelta(minutes=1) for change in item.changes)])
        dice = self.reviews.random()
        if item.id == min(each.id for each in self.tracker.items.values() if each.fields["type"] == EPIC):
            if day < self.origin + timedelta(days=20) and item.state(at)["status"] != WORKFLOW[-1]:
                self.tracker.put(item, at, "status", WORKFLOW[-1])
        elif item.state(at)["status"] == WORKFLOW[-1]:
            if dice < 0.03:
                self.tracker.put(item, at, "actual_outcome", self.reviews.choice(["Fell by a fifth", "tbd", None]))
            elif dice < 0.06:
                self.tracker.put(item, at, "verdict", self.reviews.choice(VERDICTS))
        elif dice < 0.02:
            self.tracker.put(item, at, "outcome", self.reviews.choice(OUTCOMES))
        elif dice < 0.03:
            self.tracker.put(item, at, "outcome_type", self.reviews.choice(OUTCOME_TYPES))

    def _run_services(self, day: datetime) -> None:
        """What the inbox is told: releases of till, and incidents of all services."""
        chance, inbox = self.trouble, self.organization.inbox
        at = day + timedelta(hours=18, minutes=chance.randrange(60))
        if chance.random() < 0.3:
            id_ = f"t{len(inbox['deployments'])}"
            inbox["deployments"][id_] = {
                "id": id_, "service": "till", "environment": "production",
                "started_at": _text(at), "finished_at": _text(at + timedelta(minutes=20)),
                "status": chance.choices(["success", "failed", "failed_before_users"], [8, 1, 1])[0],
            }  # fmt: skip
        if chance.random() < 0.25:
            self.report(chance, at)

    def report(self, chance: random.Random, at: datetime) -> str:
        """An incident that began at some time and was resolved within three hours; its id."""
        incidents = self.organization.inbox["incidents"]
        id_ = f"i{len(incidents)}"
        incidents[id_] = {
            "id": id_, "service": chance.choice(SERVICES), "severity": chance.choice(["high", "medium", "low"]),
            "started_at": _text(at), "resolved_at": _text(at + timedelta(minutes=chance.randint(5, 180))),
        }  # fmt: skip
        return id_

    def _scan_services(self, day: datetime) -> None:
        """What two scanners tell the inbox: findings, of which they make some both, and what becomes of them."""
        chance, findings = self.scans, self.organization.inbox["security_findings"]
        for finding in findings.values():
            if finding["state"] == "open" and chance.random() < 0.08:
                finding["state"] = chance.choices(["fixed", "dismissed", "false_positive"], [8, 1, 1])[0]
                finding["closed_at"] = _text(day + timedelta(hours=12))
        if chance.random() < 0.3:
            place = {"service": chance.choice(SERVICES)} if chance.random() < 0.7 else {"repository": "small/web"}
            advisory, severity = f"CVE-2026-{chance.randint(1000, 1030)}", chance.choice(["high", "medium", "low"])
            for scanner in ("one", "two") if chance.random() < 0.3 else ("one",):
                id_ = f"{scanner}{len(findings)}"
                at = day + timedelta(hours=chance.randint(1, 11))
                findings[id_] = {
                    "id": id_, "scanner": scanner, "advisory": advisory, "severity": severity, "state": "open",
                    "opened_at": _text(at), **place,
                }  # fmt: skip

    def _answer_surveys(self, day: datetime) -> None:
        for wave in self.organization.waves:
            if wave["wave_date"] <= day.date().isoformat() <= wave["closes_on"]:
                for team, size in SIZES.items():
                    for number in range(size):
                        if self.chance.random() < 0.15:
                            self.respond(wave["wave"], team, number, self.moment(day))

    def respond(self, wave: str, team: str, number: int, at: datetime) -> None:
        """A member's answers to a wave."""
        scores = [self.chance.randint(1, 5) for _ in range(3)]
        self.organization.answer(wave, f"{wave}-{team}-{number}", team, at, scores)

    # --- how it is read ----------------------------------------------------------------------------------------------
    def sources(self) -> dict[str, Source]:
        """Jira and GitHub by connection type: the real streams, with this world in place of the vendors' answers."""
        tracker, forge = self.tracker, self.forge
        jira = {"sprints": tracker.sprint_records} | {
            name: getattr(tracker, name)
            for name in ("projects", "issue_types", "statuses", "fields", "issues", "changelogs", "boards",
                         "board_configurations")
        }  # fmt: skip
        github = {
            "repositories": forge.repository_records, "pull_requests": forge.pull_requests, "issues": forge.issues,
            "commits": forge.commits, "deployments": forge.deployment_records,
            "dependabot_alerts": forge.dependabot_alerts,
        }  # fmt: skip
        others = {stream.name: _nothing for stream in SOURCES["github"].streams}
        return {
            "jira": self._source(SOURCES["jira"], jira, prepare=self._take_census),
            "github": self._source(SOURCES["github"], others | github),
        }

    def _source(
        self, source: Source, listings: dict[str, Any], prepare: Callable[[Context], None] | None = None
    ) -> Source:
        def simulated(stream: Stream, listing: Callable[[datetime], Iterable[Record]]) -> Stream:
            def derive(context: Context) -> Iterator[Record]:
                if source.name in self.down:
                    raise StopStream(f"{source.name} does not answer", "wait")
                return iter(self._copied(source.name, stream.name, listing(self.now)))

            return replace(stream, derive=derive)

        def prepared(stream: Stream) -> Stream:
            derive = stream.derive
            if prepare is None or derive is None or not stream.name.endswith("_availability"):
                return stream

            def judged(context: Context) -> Iterable[Any]:
                prepare(context)
                return derive(context)

            return replace(stream, derive=judged)

        streams = (
            simulated(stream, listings[stream.name]) if stream.name in listings else prepared(stream)
            for stream in source.streams
        )
        return replace(source, endpoint=None, check=None, streams=tuple(streams))

    def _take_census(self, context: Context) -> None:
        """Put into the run's memory what the census of this world says, by ingestion's own rule."""
        if "jira" in self.down:
            raise StopStream("jira does not answer", "wait")
        now, tracker = self.now, self.tracker
        listed = {record.id for record in self._copied("jira", "issues", tracker.issues(now))}
        known = dict(
            context.known("select id, payload->>'$.fields.project.key' from raw_jira.issues where connection = $1")
        )
        issues, projects = (
            [
                orjson.loads(row)
                for (row,) in context.known(f"select payload::varchar from raw_jira.{name} where connection = $1")
            ]
            for name in ("issue_availability", "project_availability")
        )
        context.memory["judgement"] = judge(
            known=known, listed=listed, visible={key for key in PROJECTS if not tracker.is_hidden(key, now)},
            in_scope=lambda project: True, issues_before={row["issue_id"]: row for row in issues},
            projects_before={row["project_key"]: row for row in projects}, at=context.as_of.isoformat(),
            find=lambda ids: {id_: known[id_] for id_ in ids if id_ in listed},
        )  # fmt: skip

    def _copied(self, source: str, stream: str, records: Iterable[Record]) -> Iterable[Record]:
        """The records; where the world has `copies`, every issue and changelog as often, under ids of their own."""
        if self.copies == 1 or (source, stream) not in (("jira", "issues"), ("jira", "changelogs")):
            return records
        return [copy for record in records for copy in _copies(record, self.copies)]


def _copies(record: Record, count: int) -> Sequence[Record]:
    """An issue or a changelog several times; copies link to the same items as the first and lie under its parent's.

    A goal stays one: its key is what others name.
    """
    found = [record]
    if _is_of_goal(int(record.id)):
        return found
    for number in range(1, count):
        offset = 1_000_000 * number
        id_ = str(int(record.id) + offset)
        payload = dict(record.payload) if isinstance(record.payload, dict) else {}
        payload |= {name: id_ for name in ("id", "issueId") if name in payload}
        payload |= {"key": copied_key(payload["key"], number)} if "key" in payload else {}
        fields = payload.get("fields", {})
        if "parent" in fields:
            parent = fields["parent"]
            if not _is_of_goal(int(parent["id"])):
                parent = parent | {"id": str(int(parent["id"]) + offset), "key": copied_key(parent["key"], number)}
            payload["fields"] = fields | {"parent": parent}
        if "histories" in payload:
            payload["histories"] = [
                history | {"items": [_of_copy(item, offset, number) for item in history["items"]]}
                for history in payload["histories"]
            ]
        found.append(replace(record, id=id_, payload=payload))
    return found


def _of_copy(item: dict[str, Any], offset: int, number: int) -> dict[str, Any]:
    """A changelog item; where it changes the parent or the key, it changes to that of a copy."""
    if item["field"] == "Key":
        return item | {end: item[end] and copied_key(item[end], number) for end in ("fromString", "toString")}
    if item["field"] == "IssueParentAssociation":
        for id_, key in (("from", "fromString"), ("to", "toString")):
            if item[id_] is not None and not _is_of_goal(int(item[id_])):
                item = item | {id_: str(int(item[id_]) + offset), key: item[key] and copied_key(item[key], number)}
    return item


def copied_key(key: str, number: int) -> str:
    """The key that a copy of an issue has."""
    return f"{key}0000{number}"


def _is_of_goal(id_: int) -> bool:
    return goals.FIRST_ID <= id_ < goals.FIRST_ID + 1000


def small_world(seed: object, *, origin: datetime = ORIGIN, tracker: Tracker | None = None) -> World:
    """A world with 13 weeks of history: about 220 items, 75 pull requests, 70 deployments, one closed survey wave."""
    world = World(seed, origin, tracker or Tracker())
    world.live(origin + timedelta(days=DAYS_BEFORE_FIRST_NIGHT, hours=1))
    return world


def _nothing(_: datetime) -> Iterable[Record]:
    """The records of a stream that the small company does not use."""
    return ()


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
