"""Acme, simulated from one seed: what its Jira, GitHub, PagerDuty, surveys and files show, and what really happened."""

import gc
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.card import Card
from sandbox.clock import WorkCalendar
from sandbox.code import write_code
from sandbox.defects import find_defects
from sandbox.goals import name_goals, set_goals
from sandbox.inbox import copy_incidents, inbox_files, run_findings, run_releases
from sandbox.incidents import run_incidents
from sandbox.initiatives import plan_initiatives
from sandbox.links import link_items
from sandbox.monorepo import write_monorepo
from sandbox.organization import organization_rows
from sandbox.outcomes import live_on
from sandbox.people import Staff, hire
from sandbox.process import FIELDS, PROJECT_VALUES, STATUSES, TYPE_VALUES, status_value
from sandbox.releases import plan_releases
from sandbox.sprints import make_boards, make_sprints, run_sprints, served, sprint_truth
from sandbox.surveys import WaveFile, run_surveys
from sandbox.teams import TEAMS
from sandbox.tickets import open_tickets
from sandbox.truth import Truth
from sandbox.vulnerabilities import open_vulnerabilities
from sandbox.work import Build, TeamWork
from sandbox.world import JiraWorld, World

DEFAULT_CLOCK = datetime(2026, 7, 1, 2, tzinfo=UTC)
DEFAULT_SEED = 7


@dataclass(slots=True)
class Company:
    """A simulated company. organization: rows by CSV name; surveys: the files of each wave; inbox: text by path."""

    seed: int
    world: World
    truth: Truth
    organization: dict[str, list[dict[str, str]]]
    surveys: list[WaveFile]
    staff: Staff
    inbox: dict[str, str]


def build_world(seed: int = DEFAULT_SEED) -> Company:
    """Simulate Acme from 2024-12-30 to 2026-09-30. The same seed gives the same company, byte by byte."""
    collects = gc.isenabled()
    gc.disable()  # nothing of a company is garbage, and looking for it costs a quarter of the time
    try:
        return _simulate(seed)
    finally:
        if collects:
            gc.enable()


def _simulate(seed: int) -> Company:
    calendar = WorkCalendar()
    staff = hire(seed)
    trains = plan_releases(seed, calendar)
    portfolio = plan_initiatives(seed, staff, calendar)
    sprints = make_sprints(seed, calendar)
    record = Truth(sprints=sprint_truth(sprints), people=[person.name for person in staff.people])
    cards = [card for card, _ in portfolio.initiatives]
    builds: list[Build] = []
    planted = list(portfolio.planted)
    for team in TEAMS:
        work = TeamWork(seed, team, staff, calendar, trains, portfolio.efforts.get(team.team_id, [])).run()
        if team.scrum:
            run_sprints(seed, team, sprints[team.team_id], work.cards, staff)
        cards.extend(work.cards)
        builds.extend(work.builds)
        planted.extend(work.planted)
    _give_keys(cards)
    link_items(seed, cards, staff)
    for card in cards:
        record.work_items[card.id] = card.truth
    for card, initiative in portfolio.initiatives:
        initiative.item_id = card.id
        record.initiatives[card.id] = initiative
    for card, name in planted:
        name.ref = card.key
        record.planted_names.append(name)
    github = write_code(seed, staff, calendar, trains, builds, record)
    run_releases(seed, calendar, record)
    run_findings(seed, record)
    find_defects(seed, cards, staff, record)
    live_on(seed, portfolio.initiatives, cards, staff)
    name_goals(seed, portfolio.initiatives)
    issues = _close(cards, 100_000)
    pagerduty = run_incidents(seed, staff, record)
    copy_incidents(seed, record)
    tickets = open_tickets(seed, staff, record)
    issues += _close(tickets.cards, 900_000)
    tickets.tell(record)
    vulnerabilities = open_vulnerabilities(seed, staff, github, len(tickets.cards) + 1, record)
    issues += _close(vulnerabilities, 960_000)
    for card in vulnerabilities:
        record.work_items[card.id] = card.truth
    goals = set_goals(seed, staff, record)
    issues += _close(goals, 990_000)
    for card in goals:
        record.work_items[card.id] = card.truth
    github.repositories.append(write_monorepo(seed, staff, calendar, record))
    jira = JiraWorld(
        projects=list(PROJECT_VALUES.values()),
        issue_types=list(TYPE_VALUES.values()),
        statuses=[status_value(status.status_id) for status in STATUSES],
        fields=list(FIELDS),
        issues=issues,
        users={person.account_id: person.name for person in staff.people},
        time_zone="America/New_York",
        boards=make_boards(),
        sprints=served(sprints),
    )
    surveys = run_surveys(seed, staff, record)
    world = World(DEFAULT_CLOCK, jira, github, pagerduty)
    inbox = inbox_files(record, DEFAULT_CLOCK)
    return Company(seed, world, record, organization_rows(staff), surveys, staff, inbox)


def _give_keys(cards: list[Card]) -> None:
    """Give ids and keys in order of time."""
    cards.sort(key=lambda card: (card.created, card.project, card.summary))
    counters: dict[str, int] = {}
    events = [(card.created, place, card, None) for place, card in enumerate(cards)]
    events += [(at, place, card, project) for place, card in enumerate(cards) for at, project in card.moves]
    for at, place, card, target in sorted(events, key=lambda event: event[:2]):
        project = target or card.truth.identities[0].project
        counters[project] = counters.get(project, 0) + 1
        key = f"{project}-{counters[project]}"
        card.keys.append((at, key))
        if target is None:
            card.key, card.id = key, str(10000 + place * 3)


def _close(cards: list[Card], first_id: int) -> list[Any]:
    """Close every card's truth and give changelog ids in order of time; the issues, in the order of their cards."""
    for card in cards:
        card.finish()
    issues = [card.issue() for card in cards]
    entries = sorted((h.created, place, n) for place, issue in enumerate(issues) for n, h in enumerate(issue.histories))
    for number, (_, place, n) in enumerate(entries):
        issues[place].histories[n].id = str(first_id + number * 2)
    return issues
