"""Deployments as a rule of another method finds them, from what really happened (METRICS.md sections 0 and 2)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.company import Company
from sandbox.truth import Deployment, Truth
from sandbox.world import Repository
from tests.oracle.company import Rules, first_day, observable, reviews
from tests.oracle.delivery import DeliveryOracle
from tests.oracle.organization import Organization, Table
from tests.oracle.periods import Calendar, Rows
from tests.oracle.raw_data import Settings
from tests.oracle.timeline import LocalTime, micros
from tests.oracle.working_time import WorkingTime


class Graph:
    """The commits of a repository and their parents."""

    def __init__(self, repository: Repository) -> None:
        commits = [*repository.commits, *(c for pull in repository.pull_requests for c in pull.commits)]
        self.parents = {commit.oid: commit.parents for commit in commits}
        self.committed_at = {commit.oid: commit.committed_at for commit in commits}

    def ancestors(self, oid: str, known: set[str]) -> set[str]:
        """The commit and all before it, without those of `known`, which holds the ancestors of all its own."""
        found, todo = set(), [oid]
        while todo:
            each = todo.pop()
            if each not in found and each not in known:
                found.add(each)
                todo += self.parents.get(each, [])
        return found


def delivery_rows(
    company: Company,
    clock: datetime,
    tables: Mapping[str, Table],
    repositories: Iterable[Repository],
    methods: Mapping[str, str],
    rules: Rules | None = None,
) -> Rows:
    """The delivery metrics where these repositories and PagerDuty's incidents of their services are all that is read.

    tables: the organisation's files. methods: repository -> workflow, release, tag or merge; else deployments are what
    Acme's records say, which its workflows write.
    """
    rules = rules or Rules()
    read = {each.name_with_owner: each for each in repositories}
    services = {str(row["repository"]): str(row["service_id"]) for row in tables["repository_services"]}
    truth = _of_repositories(observable(company, clock, rules), read, services)
    for name, method in methods.items():
        if method != "workflow":
            _redeploy(truth, Graph(read[name]), name, services[name], method, clock)
    zone = ZoneInfo(rules.time_zone)
    calendar = Calendar(zone, first_day(truth, zone), clock)
    organization = Organization(tables, calendar, rules.min_team_size)
    settings = Settings(
        as_of=micros(clock),
        zone=calendar.zone,
        min_team_size=rules.min_team_size,
        done_grace_minutes=0,
        workday_end=rules.workday_end,
    )
    days = (calendar.first - timedelta(days=1), organization.today)
    working_time = WorkingTime(settings, tables["calendar"], LocalTime(calendar.zone), *days)
    return DeliveryOracle(
        truth,
        organization,
        calendar,
        {name: (each.created_at, services.get(name)) for name, each in read.items()},
        rules.start_date,
        reviews(company, clock),
        lambda begun, ended: working_time.days(micros(begun), micros(ended)),
        rules.min_respondents,
        tables,
    ).rows()


def _of_repositories(truth: Truth, read: Mapping[str, Repository], services: Mapping[str, str]) -> Truth:
    """What happened in the repositories, and the incidents that PagerDuty has of their services."""
    watched = {services[name] for name in read if name in services}
    incidents = {
        id_: incident
        for id_, incident in truth.incidents.items()
        if incident.source == "pagerduty" and incident.service in watched
    }
    return Truth(
        pull_requests={
            k: replace(p, service=services.get(p.repository))
            for k, p in truth.pull_requests.items()
            if p.repository in read
        },
        direct_pushes={
            k: replace(p, service=services.get(p.repository))
            for k, p in truth.direct_pushes.items()
            if p.repository in read
        },
        deployments={k: d for k, d in truth.deployments.items() if d.repository in read},
        releases={k: r for k, r in truth.releases.items() if r.repository in read},
        incidents=incidents,
    )


def _redeploy(truth: Truth, graph: Graph, repository: str, service: str, method: str, clock: datetime) -> None:
    """Put what the rule finds in the place of the records, and ship the changes with it."""
    made = sorted({*_made(truth, graph, repository, method, clock)})
    deployments = [
        Deployment(f"{method} {at} {oid}", repository, service, "", True, oid, at, "success", at) for at, oid in made
    ]
    _roll_back(deployments, graph)
    kept = {id_: d for id_, d in truth.deployments.items() if d.repository != repository}
    truth.deployments = kept | {d.deployment_id: d for d in deployments}
    changes = {c.merge_oid: c for c in truth.pull_requests.values() if c.repository == repository and c.merged_at}
    changes |= {c.oid: c for c in truth.direct_pushes.values() if c.repository == repository}
    for change in changes.values():
        change.deployed_at = change.deployment_id = change.deployed_by = None
    shipped: set[str] = set()
    for deployment in deployments:
        oid = deployment.commit_oid
        new = graph.ancestors(oid, shipped)
        shipped |= new
        for change in (changes[each] for each in new if each in changes):
            is_own = change is changes.get(oid)
            # what the first known one carried beside its own commit cannot be told
            if is_own or deployment is not deployments[0]:
                change.deployed_at, change.deployment_id = deployment.finished_at, deployment.deployment_id
                change.deployed_by = "direct" if is_own else "range"


def _made(truth: Truth, graph: Graph, repository: str, method: str, clock: datetime) -> Iterable[tuple[datetime, str]]:
    """(when, commit) of each thing that a rule takes for a deployment."""
    versions = [
        each
        for each in truth.releases.values()
        if each.repository == repository and (each.deleted_at is None or each.deleted_at > clock)
    ]
    if method == "release":
        for each in versions:
            if each.published_at and not each.is_prerelease:
                yield each.published_at, each.commit_oid
    elif method == "tag":
        for each in versions:  # plain tags: they have no time but their commit's
            yield graph.committed_at[each.commit_oid], each.commit_oid
    else:
        for pull in truth.pull_requests.values():
            if pull.repository == repository and pull.merged_at and pull.merge_oid:
                yield pull.merged_at, pull.merge_oid
        for push in truth.direct_pushes.values():
            if push.repository == repository:
                yield push.pushed_at, push.oid


def _roll_back(deployments: list[Deployment], graph: Graph) -> None:
    """One that brings back an ancestor of what was live undoes the last release of that."""
    for place, deployment in enumerate(deployments[1:], 1):
        live = deployments[place - 1].commit_oid
        if deployment.commit_oid != live and deployment.commit_oid in graph.ancestors(live, set()):
            forward = [d for d in deployments[:place] if d.commit_oid == live and d.rollback_of is None]
            deployment.rollback_of = (forward or deployments[:place])[-1].deployment_id
