"""Two-week sprints: some start or are closed a day late, and unfinished work is carried into the next one."""

import random
from bisect import bisect_right
from datetime import date, timedelta
from typing import Any

from sandbox import truth
from sandbox.card import Card
from sandbox.clock import DAY, HOUR, WorkCalendar, jira_time, moment, utc
from sandbox.people import Staff
from sandbox.process import POINTS, RANK, SITE, UNPLANNED_LABEL, workflow_of
from sandbox.teams import END, PROJECTS, TEAMS, Team

_FIRST = date(2025, 1, 7)
_NEVER = 0.06
_PLANNED_IF_FINISHED, _PLANNED_IF_NOT = 0.88, 0.35
_BESIDE = 0.45
_REMOVED = 0.12
_PLANNED_AGAIN = 0.1
"""Shares of cards: never in a sprint; planned for one; begun beside the sprint; taken out; not carried at once."""


def make_boards() -> list[dict[str, Any]]:
    """The agile boards, one for each team, with their columns."""
    boards = []
    for number, team in enumerate(TEAMS, 1):
        project_id, name = PROJECTS[team.project]
        boards.append({
            "id": number, "self": f"{SITE}/rest/agile/1.0/board/{number}", "name": f"{team.name} board",
            "type": "scrum" if team.scrum else "kanban", "isPrivate": False,
            "location": {"projectId": int(project_id), "projectKey": team.project, "projectName": name,
                         "displayName": f"{name} ({team.project})", "name": f"{name} ({team.project})",
                         "projectTypeKey": "software"},
            "configuration": _configuration(number, team),
        })  # fmt: skip
    return boards


def _configuration(number: int, team: Team) -> dict[str, Any]:
    """A board's columns: the statuses of its project's workflow, those of one stage together."""
    project_id, name = PROJECTS[team.project]
    flow = workflow_of(team.project)
    columns = (
        ("To Do", (flow.new, flow.ready)), ("In Progress", (flow.coding,)), ("Review", (flow.review_wait, flow.review)),
        ("Test", (flow.test_wait, flow.test)), ("Release", (flow.release,)), ("Done", (flow.done, flow.cancelled)),
    )  # fmt: skip
    shown = [(title, [status for status in statuses if status]) for title, statuses in columns]
    location = {"type": "project", "key": team.project, "id": project_id, "name": name,
                "self": f"{SITE}/rest/api/3/project/{project_id}"}  # fmt: skip
    configuration: dict[str, Any] = {
        "self": f"{SITE}/rest/agile/1.0/board/{number}/configuration",
        "location": location,
        "filter": {"id": str(10_100 + number), "self": f"{SITE}/rest/api/2/filter/{10_100 + number}"},
        "subQuery": {"query": "fixVersion in unreleasedVersions() OR fixVersion is EMPTY"},
        "columnConfig": {
            "columns": [
                {
                    "name": title,
                    "statuses": [{"id": id_, "self": f"{SITE}/rest/api/2/status/{id_}"} for id_ in statuses],
                }
                for title, statuses in shown
                if statuses
            ],
            "constraintType": "none",
        },
        "ranking": {"rankCustomFieldId": int(RANK.removeprefix("customfield_"))},
    }
    if team.scrum:
        field = {"fieldId": POINTS, "displayName": "Story point estimate"}
        configuration["estimation"] = {"type": "field", "field": field}
        del configuration["subQuery"]
    return configuration


def make_sprints(seed: int, calendar: WorkCalendar) -> dict[str, list[dict[str, Any]]]:
    """The sprints of each team that works in them, in Jira's shape with the real start and close."""
    made: dict[str, list[dict[str, Any]]] = {}
    number = 100
    for board, team in enumerate(TEAMS, 1):
        if not team.scrum:
            continue
        rng = random.Random(f"{seed}:sprints:{team.team_id}")
        day, sprints = _FIRST, []
        while day < date(2026, 9, 30):
            planned = calendar.opening(day) + HOUR
            start = planned + rng.randint(0, 2 * HOUR) + (DAY if rng.random() < 0.15 else 0)
            if sprints:
                start = max(start, sprints[-1]["_closed"] + 900)
            end = moment(f"{(day + timedelta(days=14)).isoformat()}T09:30")
            late = rng.choice((0, 0, 0, 0, 1, 2, 3))
            closed = calendar.opening(day + timedelta(days=14 + late)) + rng.randint(1800, 3500)
            number += 1
            sprints.append({
                "id": number, "self": f"{SITE}/rest/agile/1.0/sprint/{number}",
                "name": f"{team.project} Sprint {len(sprints) + 1}", "originBoardId": board,
                "startDate": jira_time(planned), "activatedDate": jira_time(start), "endDate": jira_time(end),
                "completeDate": jira_time(closed) if closed <= END else None,
                "createdDate": jira_time(start - 12 * DAY), "goal": "",
                "state": "closed" if closed <= END else "active",
                "_start": start, "_end": end, "_closed": closed,
            })  # fmt: skip
            day += timedelta(days=14)
        made[team.team_id] = sprints
    return made


def run_sprints(seed: int, team: Team, sprints: list[dict[str, Any]], cards: list[Card], staff: Staff) -> None:
    """Put a team's cards into sprints: most at a planning hours before the sprint starts, others while it runs.

    People plan what they think they can finish: what will be finished is planned more often than what will not. What
    a sprint does not finish is mostly carried into the next one, as the sprint is closed.
    """
    rng = random.Random(f"{seed}:sprint-work:{team.team_id}")
    for sprint in sprints:
        sprint["_planned"] = sprint["_start"] - rng.randint(1800, 20 * HOUR)
    for card in cards:
        if card.truth.level == "flow_item" and card.truth.started_at is not None and rng.random() >= _NEVER:
            _Membership(rng, team, sprints, card, staff).run()


class _Membership:
    """The way of one card through the sprints of its team. `been`: those that its Sprint field names."""

    def __init__(self, rng: random.Random, team: Team, sprints: list[dict[str, Any]], card: Card, staff: Staff) -> None:
        self.rng, self.team, self.sprints, self.card, self.staff = rng, team, sprints, card, staff
        self.been: list[dict[str, Any]] = []
        ended = card.truth.done_at or card.truth.cancelled_at
        self.end = int(ended.timestamp()) if ended else END + 1

    def run(self) -> None:
        """Enter a first sprint, and follow until the card is finished."""
        index, at = self._entry()
        while index < len(self.sprints) and at < min(self.end, END) and len(self.been) < 9:
            sprint = self.sprints[index]
            if not self._change(at, [*self.been, sprint]):
                return
            leaves = self._removed_at(sprint, at)
            self.card.truth.sprints.append((sprint["id"], utc(at), utc(leaves) if leaves else None))
            if leaves:
                return
            closed = sprint["_closed"]
            index, at = index + 1, closed + self.rng.randint(5, 240)
            if index < len(self.sprints) and self.rng.random() < _PLANNED_AGAIN:
                at = max(self.sprints[index]["_planned"], closed + 300)

    def _entry(self) -> tuple[int, int]:
        """The first sprint (its index) and when the card is put into it."""
        rng, card = self.rng, self.card
        started, begun = _first(card, ("active", "waiting")), _first(card, ("active",))
        index = bisect_right([sprint["_closed"] for sprint in self.sprints], begun)
        if index == len(self.sprints):
            return index, END
        sprint = self.sprints[index]
        is_interrupt = UNPLANNED_LABEL in card.labels
        chance = _PLANNED_IF_FINISHED if self.end <= sprint["_closed"] else _PLANNED_IF_NOT
        if not is_interrupt and card.created < sprint["_planned"] and rng.random() < chance:
            return index, sprint["_planned"] + rng.randint(0, 1500)
        at = started + rng.randint(20, 600)
        index = bisect_right([sprint["_closed"] for sprint in self.sprints], at)
        is_near_the_end = index < len(self.sprints) and self.sprints[index]["_end"] - at < 4 * DAY
        if index + 1 < len(self.sprints) and not is_interrupt and (is_near_the_end or rng.random() < _BESIDE):
            following = self.sprints[index + 1]
            return index + 1, max(following["_planned"] + rng.randint(0, 1500), at)
        return index, at

    def _removed_at(self, sprint: dict[str, Any], at: int) -> int | None:
        """When the card is taken out of a sprint that it will not be finished in; None for most."""
        leaves = sprint["_closed"] - DAY
        if self.end <= sprint["_closed"] or leaves - DAY <= at or leaves > END or self.rng.random() >= _REMOVED:
            return None
        return leaves if self._change(leaves, self.been[:-1]) else None

    def _change(self, at: int, now: list[dict[str, Any]]) -> bool:
        who = self.staff.developers(self.team.team_id, at)[0]
        if not self.card.sprint(at, self.been, now, who):
            return False
        self.been = now
        return True


def _first(card: Card, states: tuple[str, ...]) -> int:
    """When a card that was started was first in one of these states; its start, if it never was before it was done."""
    until = card.truth.done_at
    found = (e.from_at for e in card.truth.episodes if e.state in states and (until is None or e.from_at < until))
    return int((next(found, None) or card.truth.started_at or card.truth.created_at).timestamp())


def sprint_truth(sprints: dict[str, list[dict[str, Any]]]) -> dict[int, truth.Sprint]:
    """How the sprints really ran."""
    return {
        s["id"]: truth.Sprint(
            s["id"], team_id, utc(s["_start"]), utc(s["_end"]), utc(s["_closed"]) if s["_closed"] <= END else None
        )
        for team_id, rows in sprints.items()
        for s in rows
    }


def served(sprints: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The sprints as the doubles know them."""
    return [{k: v for k, v in s.items() if not k.startswith("_")} for rows in sprints.values() for s in rows]
