"""Acme's GitHub: pull requests that grow out of the work, bots, direct pushes, and default branches."""

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox import truth
from sandbox.alerts import write_alerts
from sandbox.clock import DAY, HOUR, WorkCalendar, moment, utc
from sandbox.deployments import deploy
from sandbox.files import write_files
from sandbox.people import Staff
from sandbox.pipelines import write_pipelines
from sandbox.pulls import Draft, PullWriter, write_merge
from sandbox.releases import Train, first_day
from sandbox.repairs import write_repairs
from sandbox.teams import END, LAST_DAY, REPOS, TEAMS, Repo, service_owner
from sandbox.versions import write_versions
from sandbox.work import Build
from sandbox.world import Actor, Commit, GithubIssue, GithubWorld, Repository

_PACKAGES = ("requests", "lodash", "jackson", "netty", "react", "okhttp", "guava", "vite", "log4j", "sqlalchemy")


_BUMPS = ("chore: next version", "chore(release): version bump")
_QUICK_FIXES = ("Fix typo in readme", "Quick fix for the config", "Raise timeout", "Revert flag default", "Pin image")


@dataclass(slots=True)
class Branch:
    """A default branch in order of time: when each commit landed, its id, and the change it is the head of."""

    times: list[int] = field(default_factory=list)
    oids: list[str] = field(default_factory=list)
    changes: list[truth.PullRequest | truth.DirectPush | None] = field(default_factory=list)

    def head(self, at: int) -> int:
        """The position of the head at a moment; -1 before the first commit."""
        return bisect_right(self.times, at) - 1


@dataclass(slots=True)
class _Push:
    at: int
    commit: Commit
    is_bot: bool


def write_code(seed: int, staff: Staff, calendar: WorkCalendar, trains: dict[str, Train], builds: list[Build],
               record: truth.Truth) -> GithubWorld:  # fmt: skip
    """All repositories with their pull requests, commits and deployments; what happened goes into `record`."""
    by_repository: dict[str, list[Build]] = {}
    for build in builds:
        by_repository.setdefault(build.repository, []).append(build)
    repositories = []
    for number, repo in enumerate(REPOS, 1):
        writer = _RepositoryWriter(seed, number, repo, staff, calendar, record)
        writer.write(by_repository.get(repo.name, []))
        if repo.name in trains:
            deploy(seed, number, trains[repo.name], writer.repository, writer.branch, record)
            write_repairs(seed, repo, writer.repository, writer.branch, record)
        write_files(seed, writer.repository, record)
        write_versions(seed, number, repo, writer.repository, writer.branch, record)
        write_pipelines(seed, number, repo, writer.repository, writer.branch, record)
        write_alerts(seed, number, repo, writer.repository, calendar, record)
        repositories.append(writer.repository)
    return GithubWorld(repositories)


class _RepositoryWriter:
    def __init__(
        self, seed: int, number: int, repo: Repo, staff: Staff, calendar: WorkCalendar, record: truth.Truth
    ) -> None:
        self.repo, self.staff, self.calendar, self.record = repo, staff, calendar, record
        self.rng = random.Random(f"{seed}:code:{repo.name}")
        self.number = number
        self.name = f"acme/{repo.name}"
        created = datetime.fromisoformat("2023-03-06T09:12:44+00:00") + timedelta(days=number, minutes=7 * number)
        self.imported = moment("2024-11-20T10:00") + number * 61
        if repo.name == "parcel-hub":
            self.imported = moment(f"{first_day(repo).isoformat()}T07:30")
            created = utc(self.imported - 600)
        self.repository = Repository(f"R_kgDOK{number:03d}", self.name, created)
        self.branch = Branch()
        self.pulls = PullWriter(self.rng, number, repo, staff, calendar, record)

    def _team(self, at: int) -> str:
        if self.repo.service is None:
            return "toolsmiths"
        return service_owner(self.repo.service, at) or TEAMS[0].team_id

    def write(self, builds: list[Build]) -> None:
        """Write the repository: drafts first, then numbers in order of time, then the default branch."""
        drafts: list[Draft] = []
        for build in sorted(builds, key=lambda b: (b.begun, b.card.id)):
            drafts.extend(self.pulls.from_build(build))
        drafts.extend(self._dependency_updates())
        drafts = [draft for draft in drafts if draft.created <= END]
        issues = self._github_issues()
        numbered = sorted(
            [(d.created, 0, n) for n, d in enumerate(drafts)] + [(at, 1, n) for n, (at, _) in enumerate(issues)]
        )
        for number, (_, kind, n) in enumerate(numbered, 1):
            if kind:
                issues[n][1].number = number
                self.repository.issues.append(issues[n][1])
            else:
                self.pulls.number(drafts[n], number)
                self.repository.pull_requests.append(drafts[n].pull)
        self._default_branch(drafts, self._direct_pushes())

    def _dependency_updates(self) -> list[Draft]:
        rng, drafts = self.rng, []
        day = max(first_day(self.repo), first_day(REPOS[0]))
        while day <= LAST_DAY:
            if self.calendar.is_workday(day):
                for _ in range(rng.choice((1, 1, 2))):
                    at = moment(f"{day.isoformat()}T05:10") + rng.randint(0, 1800)
                    package = rng.choice(_PACKAGES)
                    bump = f"{rng.randint(1, 9)}.{rng.randint(0, 20)}.{rng.randint(0, 9)}"
                    drafts.append(self.pulls.from_bot(at, package, bump, self.staff.developers(self._team(at), at)))
            day += timedelta(days=rng.randint(8, 17))
        return drafts

    def _github_issues(self) -> list[tuple[int, GithubIssue]]:
        rng, found = self.rng, []
        if self.repo.name not in ("toolbox", "parcel-hub", "mobile-app"):
            return []
        for serial in range(24):
            at = self.calendar.after(self.imported + rng.randint(40, 600) * DAY, rng.uniform(0, 6))
            if at > END or at < self.imported:
                continue
            closed = self.calendar.after(at, rng.lognormvariate(3.5, 1.0))
            title = rng.choice(
                ("Build fails on arm64", "Question about the cache", "Docs are out of date", "Crash on start")
            )
            who = rng.choice(self.staff.developers(self._team(at), at)).actor
            labels = rng.choice(([], ["bug"], ["question"]))
            issue = GithubIssue(f"I_kwDOK{self.number:03d}{serial:04d}", 0, title, who, utc(at), None, labels)
            issue.closed_at = utc(closed) if closed <= END else None
            found.append((at, issue))
        return found

    def _direct_pushes(self) -> list[_Push]:
        """Commits without a pull request: people in a hurry, and the release bot's version bumps."""
        rng, pushes = self.rng, []
        at = max(self.imported, moment("2024-12-30T08:00"))
        while at <= END:
            at = self.calendar.after(at + rng.randint(0, 4) * HOUR, rng.expovariate(1 / 70) + 2)
            is_bot = self.repo.name in ("mobile-app", "billing") and rng.random() < 0.5
            who: Actor | None = (
                Actor("acme-ci", "Bot") if is_bot else rng.choice(self.staff.developers(self._team(at), at)).actor
            )
            if not is_bot and rng.random() < 0.1:
                who = None
            authored = at - rng.randint(60, 5 * HOUR if not is_bot else 61)
            message = rng.choice(_BUMPS if is_bot else _QUICK_FIXES)
            commit = Commit(self.pulls.oid(), [], message, who, utc(authored), utc(at - rng.randint(5, 50)), utc(at),
                            rng.randint(1, 30), rng.randint(0, 12), rng.randint(1, 3))  # fmt: skip
            if at <= END:
                pushes.append(_Push(at, commit, is_bot))
        return pushes

    def _default_branch(self, drafts: list[Draft], pushes: list[_Push]) -> None:
        first = Commit(self.pulls.oid(), [], "Import", Actor("acme-ci", "Bot"), utc(self.imported - 3600),
                       utc(self.imported - 3600), utc(self.imported), 4000, 0, 120)  # fmt: skip
        events: list[tuple[int, int, Draft | _Push]] = [
            (d.merged, n, d) for n, d in enumerate(drafts) if d.merged is not None
        ]
        events += [(push.at, len(drafts) + n, push) for n, push in enumerate(pushes)]
        events.append((self.imported, -1, _Push(self.imported, first, True)))
        commits, branch = self.repository.commits, self.branch
        last = 0
        for at, _, event in sorted(events, key=lambda e: e[:2]):
            at = max(at, last + 3)
            last = at
            parent = branch.oids[-1:]
            change: truth.PullRequest | truth.DirectPush
            if isinstance(event, _Push):
                event.commit.parents = parent
                event.commit.visible_at = utc(at)
                commits.append(event.commit)
                oid = event.commit.oid
                change = truth.DirectPush(
                    oid, self.name, self.repo.service, event.is_bot, event.commit.authored_at, utc(at)
                )
                self.record.direct_pushes[oid] = change
            else:
                self._root(event)
                landed = write_merge(self.rng, self.repo, event, at, parent, self.pulls)
                commits.extend(landed)
                oid, change = landed[-1].oid, event.truth
            branch.times.append(at)
            branch.oids.append(oid)
            branch.changes.append(change)
        for draft in drafts:
            if draft.merged is None:
                self._root(draft)

    def _root(self, draft: Draft) -> None:
        """Let a pull request's first commit stand on the default branch's head of its time."""
        position = self.branch.head(draft.begun)
        parents = [self.branch.oids[max(position, 0)]] if self.branch.oids else []
        for commit in draft.pull.commits:
            commit.parents = parents
            parents = [commit.oid]
