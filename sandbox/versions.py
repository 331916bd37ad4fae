"""Acme's releases and tags.

The mobile app is tagged and released with every deployment to production; its candidates, on staging, are prereleases.
Search is only tagged. Toolbox, which is deployed nowhere, releases once a month. They follow the deployments that are
already there and change nothing of them.
"""

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sandbox import truth
from sandbox.clock import DAY, utc
from sandbox.delivery_truth import Release as ReleaseFact
from sandbox.teams import END, Repo
from sandbox.world import Actor, Release, Repository, Tag

if TYPE_CHECKING:
    from sandbox.code import Branch

_RELEASER = Actor("release-manager")


def write_versions(
    seed: int, number: int, repo: Repo, repository: Repository, branch: "Branch", record: truth.Truth
) -> None:
    """Write the releases and tags of a repository."""
    writer = _Writer(random.Random(f"{seed}:versions:{repo.name}"), number, repo, repository, branch, record)
    deployments = [d for d in record.deployments.values() if d.repository == repository.name_with_owner]
    if repo.name == "mobile-app":
        writer.app(deployments)
    elif repo.name == "search-engine":
        writer.tags(deployments)
    elif repo.name == "toolbox":
        writer.monthly()


class _Writer:
    def __init__(
        self, rng: random.Random, number: int, repo: Repo, repository: Repository, branch: "Branch",
        record: truth.Truth,
    ) -> None:  # fmt: skip
        self.rng, self.number, self.repo, self.repository, self.branch = rng, number, repo, repository, branch
        self.record = record
        self.commits = {commit.oid: commit for commit in repository.commits}

    def app(self, deployments: list[truth.Deployment]) -> None:
        """A candidate for each deployment to staging, a release for each that reached users, one draft."""
        minor, candidate = 0, 0
        done = {d.rollback_of for d in deployments if d.rollback_of}
        for fact in deployments:
            version = f"v3.{minor}.0"
            if fact.environment == "staging":
                candidate += 1
                name = f"{version}-rc.{candidate}"
                gone = fact.created_at + timedelta(days=40) if self.rng.random() < 0.08 else None
                self._release(name, fact.commit_oid, fact.created_at, fact.created_at, is_prerelease=True, gone=gone)
            elif fact.is_production and fact.outcome == "success" and fact.rollback_of is None:
                withdrawn = None
                if fact.deployment_id in done:  # what was rolled back is no longer offered
                    withdrawn = (fact.finished_at or fact.created_at) + timedelta(hours=30)
                self._release(version, fact.commit_oid, fact.created_at, fact.finished_at, fact.deployment_id,
                              gone=withdrawn)  # fmt: skip
                minor, candidate = minor + 1, 0
        drafted = datetime.fromisoformat("2026-06-29T10:00:00+00:00")
        oid = self.branch.oids[self.branch.head(int(drafted.timestamp()))]
        self._release(f"v4.{minor}.0", oid, drafted, drafted + timedelta(days=4), has_tag=False)

    def tags(self, deployments: list[truth.Deployment]) -> None:
        """A plain tag for each deployment that reached users; two were removed again."""
        count = 0
        for fact in deployments:
            if fact.is_production and fact.outcome == "success" and fact.rollback_of is None and fact.finished_at:
                count += 1
                name = f"search/{fact.finished_at:%Y.%m.%d}.{count}"
                gone = fact.finished_at + timedelta(days=20) if count in (30, 90) else None
                self._tag(name, fact.commit_oid, fact.finished_at, is_annotated=False, gone=gone)
                self.record.releases[f"{self.repository.name_with_owner}@{name}"] = ReleaseFact(
                    None, self.repository.name_with_owner, self.repo.service, name, fact.commit_oid, fact.finished_at,
                    fact.finished_at, False, fact.deployment_id, gone,
                )  # fmt: skip

    def monthly(self) -> None:
        """A release about every thirty days, of whatever is on the default branch."""
        at, minor = self.branch.times[0] + 40 * DAY, 1
        while at <= END:
            made = at + self.rng.randint(0, 6 * 3600)
            self._release(f"0.{minor}.0", self.branch.oids[self.branch.head(made)], utc(made), utc(made + 900))
            at, minor = at + self.rng.randint(24, 36) * DAY, minor + 1

    def _release(
        self, name: str, oid: str, made: datetime, published: datetime | None, deployment_id: str | None = None, *,
        is_prerelease: bool = False, has_tag: bool = True, gone: datetime | None = None,
    ) -> None:  # fmt: skip
        id_ = f"RE_kwDOK{self.number:03d}{len(self.repository.releases) + 1:05d}"
        committed = self.commits[oid].committed_at
        end = utc(END)
        if made > end:
            return
        published, gone = (at if at is not None and at <= end else None for at in (published, gone))
        self.repository.releases.append(
            Release(id_, name, oid, committed, made, published, is_prerelease, _RELEASER, gone)
        )
        if has_tag or published:
            self._tag(name, oid, made if has_tag else published or made, is_annotated=has_tag, gone=gone)
        self.record.releases[id_] = ReleaseFact(
            id_, self.repository.name_with_owner, self.repo.service, name, oid, made, published, is_prerelease,
            deployment_id, gone,
        )  # fmt: skip

    def _tag(self, name: str, oid: str, at: datetime, *, is_annotated: bool, gone: datetime | None) -> None:
        self.repository.tags.append(Tag(name, oid, self.commits[oid].committed_at, at, is_annotated, gone))
