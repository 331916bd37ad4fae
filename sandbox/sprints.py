"""Two-week sprints: some are closed days late, and unfinished work is carried into the next one."""

import random
from bisect import bisect_right
from datetime import date, timedelta
from typing import Any

from sandbox import truth
from sandbox.card import Card
from sandbox.clock import DAY, WorkCalendar, jira_time, moment, utc
from sandbox.people import Staff
from sandbox.process import SITE
from sandbox.teams import END, PROJECTS, TEAMS, Team

_FIRST = date(2025, 1, 7)


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
        })  # fmt: skip
    return boards


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
            start = calendar.opening(day) + rng.randint(3600, 3 * 3600)
            if sprints:
                start = max(start, sprints[-1]["_closed"] + 900)
            end = moment(f"{(day + timedelta(days=14)).isoformat()}T09:30")
            late = rng.choice((0, 0, 0, 0, 1, 2, 3))
            closed = calendar.opening(day + timedelta(days=14 + late)) + rng.randint(1800, 3500)
            number += 1
            sprints.append({
                "id": number, "self": f"{SITE}/rest/agile/1.0/sprint/{number}",
                "name": f"{team.project} Sprint {len(sprints) + 1}", "originBoardId": board,
                "startDate": jira_time(start), "activatedDate": jira_time(start), "endDate": jira_time(end),
                "completeDate": jira_time(closed) if closed <= END else None,
                "createdDate": jira_time(start - 12 * DAY), "goal": "",
                "state": "closed" if closed <= END else "active",
                "_start": start, "_end": end, "_closed": closed,
            })  # fmt: skip
            day += timedelta(days=14)
        made[team.team_id] = sprints
    return made


def run_sprints(seed: int, team: Team, sprints: list[dict[str, Any]], cards: list[Card], staff: Staff) -> None:
    """Put a team's cards into sprints from the moment they are picked, and carry them until they are finished."""
    rng = random.Random(f"{seed}:sprint-work:{team.team_id}")
    closes = [sprint["_closed"] for sprint in sprints]
    for card in cards:
        if card.truth.level != "flow_item":
            continue
        started, done, cancelled = card.truth.started_at, card.truth.done_at, card.truth.cancelled_at
        if started is None or rng.random() < 0.06:
            continue
        at = int(started.timestamp()) + rng.randint(20, 600)
        finished = done or cancelled
        end = int(finished.timestamp()) if finished else END + 1
        index = bisect_right(closes, at)
        if index + 1 < len(sprints) and sprints[index]["_end"] - at < 4 * DAY and rng.random() < 0.8:
            index += 1
        been: list[dict[str, Any]] = []
        while index < len(sprints) and at < end and at <= END:
            sprint, who = sprints[index], staff.developers(team.team_id, at)[0]
            if not card.sprint(at, been, [*been, sprint], who):
                break
            been.append(sprint)
            leaves = sprint["_closed"]
            if end > leaves and rng.random() < 0.05 and leaves - 2 * DAY > at:
                gone = leaves - DAY
                removed = card.sprint(gone, been, been[:-1], who)
                card.truth.sprints.append((sprint["id"], utc(at), utc(gone) if removed else None))
                break
            card.truth.sprints.append((sprint["id"], utc(at), None))
            at = max(leaves, at + 1)
            index += 1
            if len(been) >= 9:
                break


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
