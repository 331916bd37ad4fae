"""Two small GitHub repositories that remember when what happened; their records are those that ingestion lands."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingestion.stream import Record

PEOPLE = ("ann", "ben", "cem", "dora", "eve")
BOT = "dependabot"


@dataclass(slots=True)
class Commit:
    """A commit of the default branch; `authored` earlier than `at` where it was rewritten."""

    oid: str
    parent: str | None
    at: datetime
    author: str
    message: str
    authored: datetime


@dataclass(slots=True)
class Pull:
    """A pull request; what lies after a moment has not happened yet."""

    number: int
    title: str
    author: str
    created: datetime
    commits: list[tuple[str, datetime]]
    branch: str
    reviews: list[tuple[str, str, datetime]] = field(default_factory=list)
    requested: datetime | None = None
    merged: datetime | None = None
    closed: datetime | None = None
    merge_oid: str | None = None


@dataclass(slots=True)
class Deployment:
    """A deployment with its statuses."""

    number: int
    environment: str
    oid: str
    created: datetime
    statuses: list[tuple[str, datetime]]


@dataclass(slots=True)
class Alert:
    """A Dependabot alert; ended: (when, state)."""

    cve: str
    severity: str
    created: datetime
    ended: tuple[datetime, str] | None = None


@dataclass(slots=True)
class Repository:
    """One repository. `past`: names and default branches it had, each until a moment.

    is_listed_anew: all its commits were read again under its present name, beside those read under an earlier one.
    """

    id: str
    name: str
    created: datetime
    default_branch: str = "main"
    commits: list[Commit] = field(default_factory=list)
    pulls: list[Pull] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    past: list[tuple[datetime, str, str]] = field(default_factory=list)
    is_listed_anew: bool = False
    written: int = 0
    alerts: list[Alert] = field(default_factory=list)

    def commit(self, at: datetime, author: str, message: str, authored: datetime | None = None) -> Commit:
        """Put a commit on the default branch."""
        parent = self.commits[-1].oid if self.commits else None
        commit = Commit(oid(self.id, self.written), parent, at, author, message, authored or at)
        self.written += 1
        self.commits.append(commit)
        return commit

    def rename(self, at: datetime, *, name: str | None = None, default_branch: str | None = None) -> None:
        """Give it another name (or owner), or its default branch another one."""
        self.past.append((at, self.name, self.default_branch))
        self.name, self.default_branch = name or self.name, default_branch or self.default_branch

    def names_at(self, at: datetime) -> tuple[str, str]:
        """Its name and its default branch at a moment."""
        known = (names for until, *names in self.past if at < until)
        name, branch = next(known, (self.name, self.default_branch))
        return name, branch

    def rewrite(self, at: datetime, first: int, *, gone: int) -> list[Commit]:
        """Force a push: commits from `first` on are written anew, but for the one at `gone`. Returns the old ones."""
        old, self.commits = self.commits[first:], self.commits[:first]
        for number, commit in enumerate(old, first):
            if number != gone:
                self.commit(at, commit.author, commit.message, commit.authored)
        return old


@dataclass
class Forge:
    """The account's repositories."""

    repositories: list[Repository]

    def live(self, chance: random.Random, day: datetime) -> None:
        """One working day: pull requests are opened, reviewed, merged, and some of the merges deployed."""
        for repository in self.repositories:
            if chance.random() < 0.55:
                self._open(repository, chance, day + timedelta(minutes=chance.randint(420, 560)))
            open_pulls = [pull for pull in repository.pulls if pull.merged is None and pull.closed is None]
            for number, pull in enumerate(open_pulls):
                if pull.created < day and chance.random() < 0.6:
                    self._finish(repository, pull, chance, day + timedelta(minutes=560 + 40 * number))
            if repository.commits and chance.random() < 0.5:
                self.deploy(repository, chance, day + timedelta(hours=16))

    def _open(self, repository: Repository, chance: random.Random, at: datetime) -> None:
        number = len(repository.pulls) + 1
        author = BOT if chance.random() < 0.12 else chance.choice(PEOPLE)
        revert = chance.random() < 0.05
        commits = [
            (oid(repository.id, number, part), at - timedelta(hours=5 * (3 - part)))
            for part in range(chance.randint(1, 3))
        ]
        title = f'Revert "Change {number - 1}"' if revert else f"Change {number}"
        pull = Pull(number, title, author, at, commits, f"branch-{number}")
        if chance.random() < 0.5:
            pull.requested = at + timedelta(minutes=10)
        repository.pulls.append(pull)

    def _finish(self, repository: Repository, pull: Pull, chance: random.Random, at: datetime) -> None:
        if chance.random() < 0.85:
            reviewer = chance.choice([name for name in PEOPLE if name != pull.author])
            pull.reviews.append((reviewer, "APPROVED", at))
        if chance.random() < 0.1:
            pull.closed = at + timedelta(minutes=5)
            return
        pull.merged = pull.closed = at + timedelta(minutes=20)
        pull.merge_oid = repository.commit(pull.merged, pull.author, f"{pull.title} (#{pull.number})").oid

    def deploy(self, repository: Repository, chance: random.Random, at: datetime) -> None:
        """Deploy the newest commit; some go to staging, some fail."""
        environment = "production" if chance.random() < 0.8 else "staging"
        end = chance.choices(["SUCCESS", "FAILURE", "ERROR"], [0.85, 0.1, 0.05])[0]
        statuses = [("IN_PROGRESS", at + timedelta(minutes=1)), (end, at + timedelta(minutes=9))]
        if end == "SUCCESS":
            statuses.append(("INACTIVE", at + timedelta(days=2)))
        number = len(repository.deployments) + 1
        deployment = Deployment(number, environment, repository.commits[-1].oid, at, statuses)
        repository.deployments.append(deployment)

    def scan(self, chance: random.Random, day: datetime) -> None:
        """One working day of Dependabot: it finds something, and something is fixed or dismissed."""
        for repository in self.repositories:
            for alert in repository.alerts:
                if alert.ended is None and chance.random() < 0.05:
                    alert.ended = (day + timedelta(hours=13), chance.choices(["fixed", "dismissed"], [8, 1])[0])
            if chance.random() < 0.15:
                cve, severity = f"CVE-2026-{chance.randint(1000, 1030)}", chance.choice(["critical", "high", "low"])
                repository.alerts.append(Alert(cve, severity, day + timedelta(hours=chance.randint(1, 11))))

    # --- what the account sees ---------------------------------------------------------------------------------------
    def repository_records(self, now: datetime) -> Iterator[Record]:
        for repository in self.repositories:
            commits = [commit for commit in repository.commits if commit.at <= now]
            head = {"name": repository.default_branch, "target": {"oid": commits[-1].oid}} if commits else None
            yield Record(repository.id, None, {
                "id": repository.id, "nameWithOwner": repository.name, "isArchived": False, "isFork": False,
                "createdAt": github_time(repository.created), "defaultBranchRef": head,
            })  # fmt: skip

    def pull_requests(self, now: datetime) -> Iterator[Record]:
        for repository in self.repositories:
            for pull in repository.pulls:
                if pull.created <= now:
                    yield self._pull(repository, pull, now)

    def _pull(self, repository: Repository, pull: Pull, now: datetime) -> Record:
        reviews = [review for review in pull.reviews if review[2] <= now]
        merged = pull.merged if pull.merged and pull.merged <= now else None
        closed = pull.closed if pull.closed and pull.closed <= now else None
        requested = [pull.requested] if pull.requested and pull.requested <= now else []
        commits = [commit for commit in pull.commits if commit[1] <= now]
        updated = max([pull.created, *(at for *_, at in reviews), *requested, *(at for at in (merged, closed) if at)])
        id_ = f"PR_{repository.id}_{pull.number}"
        name, _ = repository.names_at(updated)
        _, base = repository.names_at(closed or now)
        merge = {"oid": pull.merge_oid, "committedDate": github_time(merged), "parents": {"totalCount": 1}}
        return Record(id_, updated, {
            "id": id_, "number": pull.number, "title": pull.title,
            "url": f"https://github.com/{name}/pull/{pull.number}",
            "state": "MERGED" if merged else "CLOSED" if closed else "OPEN", "isDraft": False,
            "createdAt": github_time(pull.created), "updatedAt": github_time(updated),
            "closedAt": github_time(closed), "mergedAt": github_time(merged), "baseRefName": base,
            "headRefName": pull.branch, "isCrossRepository": False, "additions": 10 + pull.number, "deletions": 1,
            "changedFiles": 3, "files": {"nodes": _files(pull.number)},
            "repository": {"id": repository.id, "nameWithOwner": name},
            "author": actor(pull.author), "mergedBy": actor("ann") if merged else None,
            "mergeCommit": merge if merged else None,
            "labels": {"nodes": [{"name": "service:till"}] if pull.number % 5 == 0 else []},
            "reviews": {"nodes": [
                {"id": f"{id_}_R{number}", "state": state, "submittedAt": github_time(at), "author": actor(login)}
                for number, (login, state, at) in enumerate(reviews)
            ]},
            "commits": {"nodes": [
                {"commit": {"oid": oid_, "authoredDate": github_time(at), "committedDate": github_time(at),
                            "messageHeadline": "Work", "author": {"user": {"login": pull.author}}}}
                for oid_, at in commits
            ]},
            "timelineItems": {"nodes": [
                {"__typename": "ReviewRequestedEvent", "id": f"{id_}_E", "createdAt": github_time(at),
                 "requestedReviewer": actor("ben")}
                for at in requested
            ]},
        })  # fmt: skip

    def issues(self, now: datetime) -> Iterator[Record]:
        del now
        return iter(())

    def commits(self, now: datetime) -> Iterator[Record]:
        for repository in self.repositories:
            for commit in repository.commits:
                if commit.at <= now:
                    name = repository.name if repository.is_listed_anew else repository.names_at(commit.at)[0]
                    author, committer = ({"date": github_time(at)} for at in (commit.authored, commit.at))
                    yield Record(f"{name}@{commit.oid}", commit.at, {
                        "sha": commit.oid,
                        "commit": {"author": author, "committer": committer, "message": commit.message},
                        "parents": [{"sha": commit.parent}] if commit.parent else [],
                        "author": {"login": commit.author, "type": "Bot" if commit.author == BOT else "User"},
                        "repository": {"id": repository.id, "nameWithOwner": name},
                    })  # fmt: skip

    def deployment_records(self, now: datetime) -> Iterator[Record]:
        for repository in self.repositories:
            for deployment in repository.deployments:
                if deployment.created > now:
                    continue
                statuses = [status for status in deployment.statuses if status[1] <= now]
                updated = max([deployment.created, *(at for _, at in statuses)])
                id_ = f"DE_{repository.id}_{deployment.number}"
                yield Record(id_, updated, {
                    "id": id_, "databaseId": deployment.number, "environment": deployment.environment,
                    "originalEnvironment": deployment.environment, "task": "deploy",
                    "state": statuses[-1][0] if statuses else "QUEUED", "commitOid": deployment.oid,
                    "createdAt": github_time(deployment.created), "updatedAt": github_time(updated),
                    "ref": {"name": repository.names_at(deployment.created)[1]}, "creator": actor("ann"),
                    "repository": {"id": repository.id},
                    "statuses": {"nodes": [
                        {"id": f"{id_}_S{number}", "state": state, "createdAt": github_time(at)}
                        for number, (state, at) in enumerate(statuses)
                    ]},
                })  # fmt: skip

    def dependabot_alerts(self, now: datetime) -> Iterator[Record]:
        for repository in self.repositories:
            for number, alert in enumerate(repository.alerts, 1):
                if alert.created <= now:
                    ended_at, state = alert.ended if alert.ended and alert.ended[0] <= now else (None, "open")
                    updated = ended_at or alert.created
                    yield Record(f"{repository.id}:{number}", updated, {
                        "number": number, "state": state, "created_at": github_time(alert.created),
                        "updated_at": github_time(updated), "severity": alert.severity,
                        "fixed_at": github_time(ended_at) if state == "fixed" else None,
                        "dismissed_at": github_time(ended_at) if state == "dismissed" else None,
                        "package": {"ecosystem": "npm", "name": "ws"}, "repository": {"id": repository.id},
                        "advisory": {"cve_id": alert.cve, "ghsa_id": f"GHSA-2345-6789-{alert.cve[-4:]}"},
                    })  # fmt: skip


def _files(number: int) -> list[dict[str, object]]:
    """What a pull request changes: a folder, a library now and then, a lock file; of some nobody knows it."""
    lines = {f"{('web', 'jobs', 'docs')[number % 3]}/part.py": 6, f"libs/{number % 4}.ts": 3, "yarn.lock": number + 1}
    nodes = [{"path": path, "additions": count, "deletions": int(count == 6)} for path, count in lines.items()]
    return nodes[: 0 if number % 7 == 0 else 3]


def oid(*parts: object) -> str:
    """A commit's id from what it is."""
    return hashlib.sha1(repr(parts).encode()).hexdigest()


def actor(login: str) -> dict[str, str]:
    """An account in GraphQL's shape."""
    return {"__typename": "Bot" if login == BOT else "User", "login": login}


def github_time(at: datetime | None) -> str | None:
    """GitHub's form of a UTC time."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S}Z"
