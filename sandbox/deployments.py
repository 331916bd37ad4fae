"""Deployments: each release goes to staging, then to production; some fail, some are rolled back."""

import random
from typing import TYPE_CHECKING

from sandbox import truth
from sandbox.clock import utc
from sandbox.releases import Slot, Train
from sandbox.teams import END
from sandbox.world import Actor, Deployment, DeploymentStatus, Repository

if TYPE_CHECKING:
    from sandbox.code import Branch

_DEPLOYER = Actor("acme-ci", "Bot")


class _Deployer:
    def __init__(
        self, seed: int, number: int, train: Train, repository: Repository, branch: "Branch", record: truth.Truth
    ) -> None:
        self.rng = random.Random(f"{seed}:deployments:{train.repo.name}")
        self.number, self.train, self.repository, self.branch, self.record = number, train, repository, branch, record
        self.repo = train.repo
        self.serial = 0
        self.live: dict[str, Deployment] = {}
        self.live_position = -1
        self.shipped = -1
        self.is_first = True

    def _statuses(self, deployment: Deployment, outcome: str, created: int, finished: int) -> None:
        begun = min(created + self.rng.randint(10, 40), finished - 2)
        steps = [("QUEUED", created + 2)]
        if outcome != "failed_before":
            steps.append(("IN_PROGRESS", begun))
        steps.append(("SUCCESS" if outcome == "success" else "FAILURE" if outcome == "failed" else "ERROR", finished))
        for place, (state, at) in enumerate(steps):
            if at <= END:
                deployment.statuses.append(DeploymentStatus(f"{deployment.id}S{place}", state, utc(at)))
        if outcome == "success" and finished <= END:
            before = self.live.get(deployment.environment)
            if before:
                before.statuses.append(DeploymentStatus(f"{before.id}S9", "INACTIVE", utc(finished + 1)))
            self.live[deployment.environment] = deployment

    def release(self, environment: str, position: int, created: int, finished: int, outcome: str, *, ref: str = "main",
                oid: str | None = None, rollback_of: str | None = None) -> truth.Deployment | None:  # fmt: skip
        """Write one deployment; None when it lies after the end."""
        if created > END:
            return None
        self.serial += 1
        commit = oid or self.branch.oids[position]
        name = f"DE_kwDOK{self.number:03d}{self.serial:06d}"
        described = f"Rollback of {rollback_of}" if rollback_of else ""
        deployment = Deployment(name, self.number * 1_000_000 + self.serial, environment, ref, commit, utc(created), [],
                                described, "deploy", _DEPLOYER)  # fmt: skip
        self._statuses(deployment, outcome, created, finished)
        self.repository.deployments.append(deployment)
        ended = finished <= END
        fact = truth.Deployment(name, self.repository.name_with_owner, self.repo.service, environment,
                                environment == self.repo.production, commit, utc(created), outcome if ended else None,
                                utc(finished) if ended else None, rollback_of)  # fmt: skip
        self.record.deployments[name] = fact
        return fact

    def ship(self, position: int, fact: truth.Deployment) -> None:
        """Let every change up to `position` that never was in production have reached it with this deployment."""
        for place in range(self.shipped + 1, position + 1):
            change = self.branch.changes[place]
            if change is None or fact.finished_at is None:
                continue
            change.deployed_at, change.deployment_id = fact.finished_at, fact.deployment_id
            is_direct = self.branch.oids[place] == fact.commit_oid
            change.deployed_by = "direct" if is_direct else None if self.is_first else "range"
        self.shipped = max(self.shipped, position)
        self.is_first = False

    def run_slot(self, slot: Slot) -> None:
        """Staging, production, and perhaps the way back."""
        position = self.branch.head(slot.cut)
        if position < 0 or position == self.live_position:
            return
        self.release("staging", position, slot.cut, slot.cut + self.rng.randint(120, 700), "success")
        fact = self.release(self.repo.production, position, slot.created, slot.finished, slot.outcome)
        if fact is None:
            return
        before = self.live_position
        if fact.outcome == "success":
            self.ship(position, fact)
            self.live_position = position
        if slot.rollback_at and before >= 0 and fact.outcome in ("success", "failed"):
            end = slot.rollback_at + self.rng.randint(90, 500)
            self.release(self.repo.production, before, slot.rollback_at, end, "success", rollback_of=fact.deployment_id)
            self.live_position = before

    def previews(self) -> None:
        """Preview environments of pull requests."""
        for pull in self.repository.pull_requests:
            if pull.commits and self.rng.random() < 0.25:
                at = int(pull.created_at.timestamp()) + self.rng.randint(60, 900)
                if at > END:
                    continue
                done = at + self.rng.randint(60, 400)
                outcome = "success" if self.rng.random() < 0.9 else "failed"
                self.release("preview", 0, at, done, outcome, ref=pull.head_ref, oid=pull.commits[0].oid)


def deploy(seed: int, number: int, train: Train, repository: Repository, branch: "Branch", record: truth.Truth) -> None:
    """Write all deployments of a repository."""
    deployer = _Deployer(seed, number, train, repository, branch, record)
    for slot in train.slots:
        deployer.run_slot(slot)
    if train.repo.name == "storefront":
        deployer.previews()
    repository.deployments.sort(key=lambda deployment: (deployment.created_at, deployment.id))
