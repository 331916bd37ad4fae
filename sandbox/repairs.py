"""Acme's repairs: hotfixes after releases that went wrong, and reverts of what a release carried.

They are pull requests and pushes that are there anyway; only what they are called changes. Among the reverts are some
of work that was never released, some that bring back what was reverted, and some that name nothing.
"""

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox import truth
from sandbox.teams import Repo
from sandbox.world import Commit, PullRequest, Repository, TimelineEvent

if TYPE_CHECKING:
    from sandbox.code import Branch

HOTFIX_LABEL = "hotfix"
_Change = truth.PullRequest | truth.DirectPush


def write_repairs(seed: int, repo: Repo, repository: Repository, branch: "Branch", record: truth.Truth) -> None:
    """Turn some of a repository's changes into repairs of its releases."""
    _Writer(seed, repo, repository, branch, record).write()


class _Writer:
    def __init__(self, seed: int, repo: Repo, repository: Repository, branch: "Branch", record: truth.Truth) -> None:
        self.rng = random.Random(f"{seed}:repairs:{repo.name}")
        self.repo, self.repository, self.branch, self.record = repo, repository, branch, record
        self.pulls: dict[str, PullRequest] = {pull.id: pull for pull in repository.pull_requests}
        self.commits: dict[str, Commit] = {commit.oid: commit for commit in repository.commits}
        self.named = {planted.ref for planted in record.planted_names}
        self.used: set[int] = set()

    def write(self) -> None:
        """Hotfixes first, then reverts; a change is at most one of them."""
        rng = self.rng
        releases = [
            d
            for d in self.record.deployments.values()
            if d.repository == self.repository.name_with_owner and d.is_production
        ]
        undone = {d.rollback_of for d in releases}
        for release in releases:
            went_wrong = release.outcome == "failed" or release.deployment_id in undone
            if rng.random() < (0.45 if went_wrong else 0.012):
                self._hotfix(release)
        for release in releases:
            if release.outcome == "success" and release.rollback_of is None and rng.random() < 0.025:
                self._revert_something_of(release)
        self._revert_unreleased()

    # --- hotfixes ----------------------------------------------------------------------------------------------------
    def _hotfix(self, release: truth.Deployment) -> None:
        for place, change in enumerate(self.branch.changes):
            if isinstance(change, truth.PullRequest) and self._follows(place, release, hours=36):
                pull = self.pulls[change.pull_request_id]
                if self.repo.merge_commits or self.repo.name == "storefront" or pull.id in self.named:
                    at = pull.created_at + timedelta(seconds=40)
                    pull.labels.append((HOTFIX_LABEL, at))
                    event = TimelineEvent(
                        f"LEhotfix{pull.id}", "LabeledEvent", at, pull.author, {"label": HOTFIX_LABEL}
                    )
                    pull.timeline.append(event)
                    pull.timeline.sort(key=lambda item: item.created_at)
                else:
                    pull.head_ref = f"hotfix/{pull.head_ref.split('/', 1)[-1]}"
                change.is_hotfix = True
                self.used.add(place)
                return

    def _follows(self, place: int, release: truth.Deployment, hours: int) -> bool:
        """Whether a person began the change at `place` within so many hours after a release."""
        change = self.branch.changes[place]
        if change is None or change.is_bot or place in self.used or release.finished_at is None:
            return False
        begun = change.created_at if isinstance(change, truth.PullRequest) else change.authored_at
        return release.finished_at < begun < release.finished_at + timedelta(hours=hours)

    # --- reverts -----------------------------------------------------------------------------------------------------
    def _revert_something_of(self, release: truth.Deployment) -> None:
        carried = [
            (place, change)
            for place, change in enumerate(self.branch.changes)
            if change and change.deployment_id == release.deployment_id and place not in self.used and not change.is_bot
        ]
        following = [place for place in range(len(self.branch.oids)) if self._follows(place, release, hours=96)]
        if not carried or not following:
            return
        target = self.rng.choice(carried)[0]
        place = next((p for p in following if isinstance(self.branch.changes[p], truth.DirectPush)), following[0])
        self._revert(place, target if self.rng.random() < 0.85 else None)
        later = [p for p in range(place + 1, min(place + 40, len(self.branch.oids))) if self._is_push(p)]
        if later and self.rng.random() < 0.3:
            self._revert(later[0], place)

    def _revert_unreleased(self) -> None:
        """Pushes that take back what came just before them, before anything was released."""
        for place in range(1, len(self.branch.oids)):
            before, change = self.branch.changes[place - 1], self.branch.changes[place]
            if not (before and change and self._is_push(place)) or place - 1 in self.used or before.is_bot:
                continue
            if before.deployment_id == change.deployment_id and self.rng.random() < 0.12:
                self._revert(place, place - 1)

    def _is_push(self, place: int) -> bool:
        change = self.branch.changes[place]
        return isinstance(change, truth.DirectPush) and not change.is_bot and place not in self.used

    def _revert(self, place: int, target: int | None) -> None:
        """Let the change at `place` take back the one at `target`; None: it does not say which."""
        change = self.branch.changes[place]
        undone = self.branch.changes[target] if target is not None else None
        oid = self.branch.oids[target] if target is not None else ""
        headline = self.commits[oid].message.split("\n")[0] if oid else "Quick fix"
        if isinstance(undone, truth.PullRequest):
            headline = self.pulls[undone.pull_request_id].title
        title = f'Revert "{headline}"'
        if isinstance(change, truth.DirectPush):
            body = f"\n\nThis reverts commit {oid}." if oid else ""
            self.commits[change.oid].message = title + body
        elif isinstance(change, truth.PullRequest):
            pull = self.pulls[change.pull_request_id]
            before, pull.title = pull.title, title
            merge = self.commits[self.branch.oids[place]]
            merge.message = merge.message.replace(before, title)
            pull.body = f"This reverts commit {oid[:10]}." if oid else ""
            if isinstance(undone, truth.PullRequest):
                pull.body = f"Reverts {self.repository.name_with_owner}#{undone.number}"
                if pull.id not in self.named and self.repo.name != "storefront":
                    pull.head_ref = f"revert-{undone.number}-{pull.head_ref.split('/', 1)[-1]}"
        else:
            return
        change.is_revert = True
        if undone:
            change.reverts = undone.pull_request_id if isinstance(undone, truth.PullRequest) else undone.oid
        self.used.add(place)
