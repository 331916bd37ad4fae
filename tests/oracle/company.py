"""All metrics of the simulated company at a clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatch
from zoneinfo import ZoneInfo

from sandbox.company import Company
from sandbox.truth import Truth
from tests.oracle import outcomes
from tests.oracle.ci import CiOracle
from tests.oracle.delivery import DeliveryOracle
from tests.oracle.flow import true_world
from tests.oracle.flow_rows import FlowRows
from tests.oracle.organization import Organization
from tests.oracle.periods import Calendar, Rows, period_start
from tests.oracle.raw_data import Settings
from tests.oracle.security import KINDS, SecurityOracle
from tests.oracle.sentiment import SentimentOracle
from tests.oracle.timeline import LocalTime, micros
from tests.oracle.working_time import WorkingTime


@dataclass(frozen=True, slots=True)
class Rules:
    """What the organisation chose in its configuration."""

    time_zone: str = "Europe/Berlin"
    workday_end: time = time(17, 30)
    min_team_size: int = 3
    min_respondents: int = 5
    start_date: date = date(2024, 12, 1)


def expected(company: Company, nights: Sequence[datetime], rules: Rules | None = None) -> tuple[Rows, SentimentOracle]:
    """Every number as of the last of the nights (aware UTC) on which the vendors were read, and the survey cells."""
    rules = rules or Rules()
    clock = max(nights)
    truth = observable(company, clock, rules)
    calendar = Calendar(ZoneInfo(rules.time_zone), first_day(truth, ZoneInfo(rules.time_zone)), clock)
    organization = Organization(company.organization, calendar, rules.min_team_size)
    assert company.world.github is not None
    services: dict[str, list[str | None]] = {}
    for row in company.organization["repository_services"]:
        found = services.setdefault(str(row["repository"]), [])
        found += [row["service_id"]] if row["service_id"] not in found else []
    # a repository of several services stands once for each
    repositories = {
        f"{each.name_with_owner}{'#' * place}": (each.created_at, service)
        for each in company.world.github.repositories
        for place, service in enumerate(services.get(each.name_with_owner, [None]))
    }
    settings = Settings(
        as_of=micros(clock),
        zone=calendar.zone,
        min_team_size=rules.min_team_size,
        done_grace_minutes=0,
        workday_end=rules.workday_end,
    )
    first = first_event(truth)
    local = LocalTime(calendar.zone)
    days = (calendar.first - timedelta(days=1), organization.today)
    working_time = WorkingTime(settings, company.organization["calendar"], local, *days)
    sentiment = SentimentOracle(truth, organization, calendar, rules.min_respondents)
    rows = (
        FlowRows(true_world(truth, company.organization, nights, settings, rules.start_date, first)).rows()
        | DeliveryOracle(
            truth,
            organization,
            calendar,
            repositories,
            rules.start_date,
            reviews(company, clock),
            lambda begun, ended: working_time.days(micros(begun), micros(ended)),
            rules.min_respondents,
            company.organization,
        ).rows()
        | CiOracle(
            truth,
            organization,
            calendar,
            repositories,
            [each.name_with_owner for each in company.world.github.repositories if "actions" in each.switched_off],
            rules.start_date,
        ).rows()
        | outcomes.rows(truth, organization, calendar, min(nights))
        | sentiment.rows()
    )
    scans = [
        (service, each.created_at, kind not in each.switched_off)
        for each in company.world.github.repositories
        for service in services.get(each.name_with_owner, [None])
        for kind in KINDS
    ]
    tables = company.organization
    rows |= SecurityOracle(truth, organization, calendar, tables, scans, rules.start_date, nights, rows).rows()
    return rows, sentiment


def reviews(company: Company, clock: datetime) -> Iterator[tuple[str, str, datetime]]:
    """(pull request, reviewer, moment) of the reviews that people gave to others by the clock."""
    assert company.world.github is not None
    patterns = [str(row["pattern"]).replace("[", "[[]") for row in company.organization["bots"]]
    for repository in company.world.github.repositories:
        for pull in repository.pull_requests:
            for review in pull.reviews if pull.base_ref == repository.default_branch else ():
                who = review.author
                is_person = who is not None and who.kind == "User" and not any(fnmatch(who.login, p) for p in patterns)
                if who and is_person and who != pull.author and review.submitted_at <= clock:
                    yield pull.id, who.login, review.submitted_at


def observable(company: Company, clock: datetime, rules: Rules) -> Truth:
    """What had happened between the connections' start date and the clock.

    No vendor tells when a commit was pushed, so a direct push has its commit's time.
    """
    assert company.world.github is not None
    truth = company.truth.at(clock)
    start = datetime.combine(rules.start_date, time(), tzinfo=UTC)
    committed = {
        commit.oid: commit.committed_at for each in company.world.github.repositories for commit in each.commits
    }
    truth.direct_pushes = {
        oid: replace(push, pushed_at=committed[oid])
        for oid, push in truth.direct_pushes.items()
        if committed[oid] >= start
    }
    return truth


def first_event(truth: Truth) -> datetime:
    """When the first thing happened."""
    moments = [item.created_at for item in truth.work_items.values()]
    moments += [pull.created_at for pull in truth.pull_requests.values()]
    moments += [deployment.created_at for deployment in truth.deployments.values()]
    return min(moments)


def first_day(truth: Truth, zone: ZoneInfo) -> date:
    """The first day of the quarter in which the first thing happened, from which on periods are published."""
    return period_start("quarter", first_event(truth).astimezone(zone).date())
