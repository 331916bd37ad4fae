"""Acme's monorepo, the marketplace: a service of Storefront, one of Billing, and folders that are nobody's.

It is written last and from a seed of its own, so that nothing else of Acme changes with it.
"""

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime

from sandbox import truth
from sandbox.clock import DAY, HOUR, ZONE, WorkCalendar, moment, utc
from sandbox.delivery_truth import Release as ReleaseFact
from sandbox.files import settle_size
from sandbox.github_state import MOST_FILES
from sandbox.people import Staff
from sandbox.teams import END
from sandbox.world import Actor, ChangedFile, Commit, PullRequest, Release, Repository, Review, Tag, TimelineEvent

NAME, ID, PREFIX = "acme/marketplace", "R_kgDOK015", "kwDOK015"
SELLERS, PAYOUTS = "seller-portal", "payouts"
SERVICES = {SELLERS: ("Seller Portal", "storefront"), PAYOUTS: ("Payouts", "billing")}
"""Name and owning team."""
PAYOUTS_LABEL = "service:payouts"
MONEY_SINCE = date(2026, 2, 1)
"""The first day on which the library for money belongs to Payouts; before, it is nobody's."""
CONDITIONS: tuple[tuple[str, str, str, date | None], ...] = (
    (SELLERS, "path", "services/seller-portal", None), (PAYOUTS, "path", "services/payouts/**", None),
    (PAYOUTS, "path", "/libs/money/", MONEY_SINCE), (PAYOUTS, "label", PAYOUTS_LABEL, None),
)  # fmt: skip
"""What Acme's people wrote into repository_services.csv: service, field, value, valid_from."""
RULES = ((SELLERS, "tag", f"{SELLERS}-v*"), (PAYOUTS, "release", f"{PAYOUTS}-v*"))
_BEGUN, _FIRST = moment("2025-02-24T10:00"), moment("2025-03-03T08:00")
_CI = Actor("acme-ci", "Bot")
_FOLDERS = {
    SELLERS: ("services/seller-portal/src", "services/seller-portal/tests"),
    PAYOUTS: ("services/payouts/src", "services/payouts/tests"),
    "money": ("libs/money",),
    "docs": ("docs", "docs/services/payouts"),
}
_KINDS: tuple[tuple[tuple[str, ...], bool, int], ...] = (  # folders, whether labelled, weight
    ((SELLERS,), False, 36), ((PAYOUTS,), False, 30), ((SELLERS, PAYOUTS), False, 10), (("money",), False, 8),
    ((SELLERS, "money"), False, 3), (("docs",), False, 8), (("docs",), True, 5),
)  # fmt: skip
_WORDS = ("ledger", "fees", "upload", "listing", "limits", "export", "bank", "profile", "search", "rounding", "audit")
_VENDORED = MOST_FILES + 60


def parts_of(folders: tuple[str, ...], is_labelled: bool) -> truth.Parts:
    """The services that a change of these folders belongs to, from when on."""
    always = {service for service in SERVICES if service in folders} | ({PAYOUTS} if is_labelled else set())
    later = always | ({PAYOUTS} if "money" in folders else set())
    found: truth.Parts = ((date.min, tuple(sorted(always))),)
    return found if later == always else (*found, (MONEY_SINCE, tuple(sorted(later))))


@dataclass(slots=True)
class _Branch:
    """The default branch: when each commit landed, its id and the change it is."""

    times: list[int] = field(default_factory=list)
    oids: list[str] = field(default_factory=list)
    changes: list[truth.PullRequest | truth.DirectPush] = field(default_factory=list)


class _Writer:
    def __init__(self, seed: int, staff: Staff, calendar: WorkCalendar, record: truth.Truth) -> None:
        self.rng = random.Random(f"{seed}:monorepo")
        self.staff, self.calendar, self.record = staff, calendar, record
        self.repository = Repository(ID, NAME, utc(_BEGUN - 600))
        self.branch = _Branch()

    def _oid(self) -> str:
        return f"{self.rng.getrandbits(160):040x}"

    def _land(self, commit: Commit, change: truth.PullRequest | truth.DirectPush) -> None:
        commit.parents = self.branch.oids[-1:]
        self.repository.commits.append(commit)
        self.branch.times.append(int(commit.visible_at.timestamp()))
        self.branch.oids.append(commit.oid)
        self.branch.changes.append(change)

    def push(self, at: int, message: str, author: Actor, *, is_bot: bool) -> None:
        """A commit without a pull request; nobody can tell which paths it touches."""
        oid, when = self._oid(), utc(at)
        change = truth.DirectPush(oid, NAME, None, is_bot, utc(at - 120), when, parts=parts_of((), False))
        self.record.direct_pushes[oid] = change
        self._land(Commit(oid, [], message, author, utc(at - 120), when, when, 20, 4, 3), change)

    def write_changes(self) -> None:
        """Pull requests one after another, merged in the order in which they were opened, and now and then a push."""
        rng = self.rng
        self.push(_BEGUN, "Import", _CI, is_bot=True)
        at, last = _FIRST, _BEGUN
        number = 0
        while at <= END:
            number += 1
            folders, is_labelled, _ = rng.choices(_KINDS, [weight for *_, weight in _KINDS])[0]
            team = "billing" if PAYOUTS in folders or "money" in folders else "storefront"
            author, reviewer = rng.sample(self.staff.developers(team, at), 2)
            pull = PullRequest(f"PR_{PREFIX}{number:05d}", number, f"{rng.choice(_WORDS).title()} {number}", "",
                               author.actor, utc(at), "main", f"feature/market-{number}")  # fmt: skip
            if is_labelled:
                pull.labels.append((PAYOUTS_LABEL, utc(at + 20)))
            self._divide(pull, folders)
            begun = at - rng.randint(2, 40) * HOUR
            pull.commits = [
                Commit(self._oid(), [], rng.choice(_WORDS), author.actor, utc(when), utc(when + 30), utc(at - 5))
                for when in sorted(rng.randint(begun, at - 120) for _ in range(rng.randint(1, 3)))
            ]
            facts = truth.PullRequest(
                pull.id, NAME, number, None, None, False, False, utc(at), pull.commits[0].authored_at, [utc(at)], [],
                parts=parts_of(folders, is_labelled),
            )  # fmt: skip
            last = self._review_and_merge(pull, facts, at, last, reviewer.actor)
            if pull.changed_files > MOST_FILES:
                facts.size_method = "total"
                facts.size_lines = pull.additions + pull.deletions
            else:
                settle_size(pull, facts)
            self.record.pull_requests[pull.id] = facts
            self.repository.pull_requests.append(pull)
            at = self.calendar.after(at, rng.uniform(3, 26))
            if rng.random() < 0.06 and last < at <= END:
                last = self.calendar.after(last, 0.3)
                self.push(last, "Quick fix of the build", author.actor, is_bot=False)
            at = max(at, last + 300)

    def _review_and_merge(
        self, pull: PullRequest, facts: truth.PullRequest, at: int, last: int, reviewer: Actor
    ) -> int:
        """Mostly reviewed; merged unless it lies too near the end. When the branch moved last."""
        rng = self.rng
        reviewed = self.calendar.after(at, rng.lognormvariate(1.0, 0.8)) + 90
        merged = max(reviewed + rng.randint(120, 3 * HOUR), last + 60)
        if rng.random() < 0.9 and reviewed <= END:
            pull.reviews.append(Review(f"PRR_{PREFIX}{pull.number:06d}", reviewer, "APPROVED", utc(reviewed)))
            facts.first_review_at = utc(reviewed)
        if merged > END - 600:
            return last
        when, oid = utc(merged), self._oid()
        pull.merged_at = pull.closed_at = facts.merged_at = facts.closed_at = when
        pull.merge_commit_oid = facts.merge_oid = oid
        pull.merged_by = reviewer
        for kind in ("MergedEvent", "ClosedEvent"):
            id_ = f"{kind[0]}E_{PREFIX}{pull.number:06d}"
            pull.timeline.append(TimelineEvent(id_, kind, when, reviewer, {"commit": oid}))
        message = f"{pull.title} (#{pull.number})"
        self._land(Commit(oid, [], message, pull.author, when, when, when, pull.additions, pull.deletions,
                          pull.changed_files), facts)  # fmt: skip
        return merged

    def _divide(self, pull: PullRequest, folders: tuple[str, ...]) -> None:
        """Files of these folders; some bring a lock file of thousands of lines, one a whole library."""
        rng = self.rng
        for folder in folders:
            for name in rng.sample(_WORDS, rng.randint(1, 4)):
                path = f"{rng.choice(_FOLDERS[folder])}/{name}.{'md' if folder == 'docs' else 'py'}"
                if all(file.path != path for file in pull.files):
                    lines = max(1, int(rng.lognormvariate(2.8, 1.0)))
                    pull.files.append(ChangedFile(path, lines, int(lines * rng.uniform(0, 0.6))))
        if rng.random() < 0.08:
            pull.files.append(ChangedFile("package-lock.json", rng.randint(1500, 9000), rng.randint(100, 4000)))
        if pull.number == 40:
            pull.files += [ChangedFile(f"vendor/bank/part{n:04d}.go", 4, 0, "ADDED") for n in range(_VENDORED)]
        pull.additions = sum(file.additions for file in pull.files)
        pull.deletions = sum(file.deletions for file in pull.files)
        pull.changed_files = len(pull.files)

    def release(self, service: str, method: str) -> None:
        """Release a service every week or two, from wherever the default branch is."""
        rng, shipped, minor = self.rng, -1, 0
        at = _FIRST + (20 if method == "tag" else 27) * DAY
        while at <= END - 3600:
            made = self.calendar.after(at, rng.uniform(0.5, 6))
            position = bisect_right(self.branch.times, made) - 1
            if position > shipped and made <= END - 3600:
                minor += 1
                self._publish(service, method, f"{service}-v1.{minor}.0", position, shipped, made)
                shipped = position
            at += rng.randint(7, 15) * DAY

    def _publish(self, service: str, method: str, tag: str, position: int, shipped: int, made: int) -> None:
        oid, published = self.branch.oids[position], utc(made + (600 if method == "release" else 0))
        committed = self.repository.commits[position].committed_at
        id_ = f"REF_{ID}_refs/tags/{tag}"
        if method == "release":
            id_ = f"RE_{PREFIX}{len(self.repository.releases) + 1:05d}"
            self.repository.releases.append(Release(id_, tag, oid, committed, utc(made), published, author=_CI))
        self.repository.tags.append(Tag(tag, oid, committed, utc(made), is_annotated=True))
        self.record.releases[f"{NAME}@{tag}"] = ReleaseFact(
            id_ if method == "release" else None, NAME, service, tag, oid, utc(made), published, deployment_id=id_
        )
        self.record.deployments[id_] = truth.Deployment(
            id_, NAME, service, "", True, oid, utc(made), "success", published
        )
        for place in range(shipped + 1, position + 1):
            change = self.branch.changes[place]
            is_direct = place == position
            # what the first known release carried, beside its own commit, cannot be told
            if service in truth.parts_at(change.parts or (), _day(published)) and (is_direct or shipped >= 0):
                change.shipments.append((service, published, id_))


def write_monorepo(seed: int, staff: Staff, calendar: WorkCalendar, record: truth.Truth) -> Repository:
    """The repository, its changes and the releases of its services; what happened goes into `record`."""
    writer = _Writer(seed, staff, calendar, record)
    writer.write_changes()
    for service, method, _ in RULES:
        writer.release(service, method)
    return writer.repository


def _day(at: datetime) -> date:
    return at.astimezone(ZONE).date()
