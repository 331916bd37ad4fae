"""Pull requests: drafts, commits, rounds of review by people and bots, force pushes, merges."""

import random
from dataclasses import dataclass

from sandbox import truth
from sandbox.clock import DAY, HOUR, WorkCalendar, utc
from sandbox.people import Person, Staff
from sandbox.teams import END, TEAM, Repo, pace, service_owner
from sandbox.work import Build, Round
from sandbox.world import Actor, Commit, PullRequest, Review, TimelineEvent

DEPENDENCY_BOT = Actor("dependabot", "Bot")
BOT_MERGER = Actor("acme-ci", "Bot")
REVIEW_BOT = Actor("acme-review-bot", "Bot")
ROBOT = Actor("quality-robot", "User")
"""A bot that GitHub shows as a user."""
AI_TRAILER = "\n\nCo-authored-by: AI Assistant <assistant@ai.example>"
_VERBS = ("Add", "Use", "Move", "Handle", "Test", "Simplify", "Rename", "Guard", "Log", "Cover")
_NOUNS = ("handler", "mapping", "edge case", "validation", "query", "config", "retry", "view", "event", "fixture")


@dataclass(slots=True)
class Draft:
    """A pull request under way with its truth; moments in epoch seconds."""

    pull: PullRequest
    truth: truth.PullRequest
    begun: int
    created: int
    merged: int | None
    is_ai: bool


class PullWriter:
    """Writes the pull requests of one repository."""

    def __init__(self, rng: random.Random, repository_number: int, repo: Repo, staff: Staff, calendar: WorkCalendar,
                 record: truth.Truth) -> None:  # fmt: skip
        self.rng, self.repo, self.staff, self.calendar, self.record = rng, repo, staff, calendar, record
        self.prefix = f"kwDOK{repository_number:03d}"
        self._serial = 0

    def oid(self) -> str:
        """A fresh commit id."""
        return f"{self.rng.getrandbits(160):040x}"

    def _id(self, kind: str) -> str:
        self._serial += 1
        return f"{kind}_{self.prefix}{self._serial:06d}"

    def number(self, draft: Draft, number: int) -> None:
        """Give a pull request its number and id, and enter its truth."""
        draft.pull.number = draft.truth.number = number
        draft.pull.id = draft.truth.pull_request_id = f"PR_{self.prefix}{number:05d}"
        self.record.pull_requests[draft.pull.id] = draft.truth
        draft.pull.timeline.sort(key=lambda event: event.created_at)
        branch = draft.pull.head_ref
        if "/" in branch and not branch.startswith(("feature/", "fix/", "dependabot/")):
            self.record.planted_names.append(truth.Planted(branch.split("/")[0], branch, "branch", draft.pull.id))

    # --- by people ---------------------------------------------------------------------------------------------------
    def from_build(self, build: Build) -> list[Draft]:
        """The pull requests for a build: now and then a first attempt that is closed, then the one that is merged."""
        rng = self.rng
        if build.begun > END or not build.rounds:
            return []
        drafts = []
        span = build.rounds[0].ready - build.begun
        if span > 3 * DAY and rng.random() < 0.14:
            half = build.begun + span // 2
            attempt = self._pull(build, build.begun, [], build.begun + span // 4, is_abandoned=True)
            self._close(attempt, half + rng.randint(0, HOUR), build.developer.actor)
            drafts.append(attempt)
        drafts.append(self._pull(build, build.begun, build.rounds, build.rounds[0].ready))
        return drafts

    def _pull(self, build: Build, begun: int, rounds: list[Round], ready: int, *, is_abandoned: bool = False) -> Draft:
        rng, card, developer = self.rng, build.card, build.developer
        ready = max(ready - rng.randint(0, 240), begun + 600)
        authored = begun + int((ready - begun) * rng.uniform(0.03, 0.55))
        created = ready
        as_draft = rng.random() < 0.3 and ready - authored > 2 * HOUR and not is_abandoned
        if as_draft:
            created = authored + int((ready - authored) * rng.uniform(0.1, 0.8))
        key = card.key_at(created)
        branch, title = self._names(card.summary, key, card.type_id, developer)
        owner = service_owner(self.repo.service, begun) or "toolsmiths"
        is_ai = rng.random() < pace(TEAM[owner], begun).ai_share
        pull = PullRequest("", 0, title, f"Closes {key}." if rng.random() < 0.3 else "", developer.actor, utc(created),
                           "main", branch, as_draft)  # fmt: skip
        lines = rng.lognormvariate(3.9 + 0.25 * is_ai, 1.1)
        self._commits(pull, key, authored, created, ready, is_ai, developer)
        facts = truth.PullRequest(
            "",
            f"acme/{self.repo.name}",
            0,
            self.repo.service,
            card.id,
            False,
            is_ai,
            utc(created),
            utc(authored),
            [],
            [],
        )
        draft = Draft(pull, facts, begun, created, None, is_ai)
        if as_draft:
            self.event(pull, "ReadyForReviewEvent", ready, developer.actor)
            if rng.random() < 0.12 and rounds and rounds[0].begun - ready > 3 * HOUR:
                self.event(pull, "ConvertToDraftEvent", ready + HOUR, developer.actor)
                self.event(pull, "ReadyForReviewEvent", ready + 2 * HOUR, developer.actor)
                facts.ready_times = [utc(t) for t in (ready, ready + 2 * HOUR) if t <= END]
        if not facts.ready_times and ready <= END:
            facts.ready_times = [utc(ready)]
        if is_ai and rng.random() < 0.5:
            self._label(pull, "ai-assisted", created + 30, developer.actor)
        if rng.random() < 0.15:
            self._label(pull, rng.choice(("bug", "enhancement", "needs-docs")), created + 90, developer.actor)
        if rounds:
            merged = self._review(draft, rounds, developer, key)
            self._merge(draft, merged, developer.actor if rng.random() < 0.8 else rounds[-1].reviewer.actor)
        total = sum(commit.additions for commit in pull.commits)
        pull.additions = max(int(lines), 1)
        pull.deletions = int(lines * rng.uniform(0.05, 0.8))
        pull.changed_files = max(1, int(lines**0.45))
        for commit in pull.commits:
            commit.additions = max(1, int(pull.additions * commit.additions / max(total, 1)))
        return draft

    def _names(self, summary: str, key: str, type_id: str, developer: Person) -> tuple[str, str]:
        rng = self.rng
        slug = "-".join(summary.lower().replace(",", "").replace("(", "").replace(")", "").split()[:4])
        draw = rng.random()
        owner = developer.login if rng.random() < 0.25 else "fix" if type_id in ("10003", "10042") else "feature"
        branch = f"{owner}/{key}-{slug}" if draw < 0.86 else f"{owner}/{slug}"
        title = summary.split(" (reported")[0].split(" as asked")[0].split(", see mail")[0]
        if draw > 0.86 or draw < 0.55:
            title = f"{key}: {title}" if rng.random() < 0.85 or draw < 0.55 else title
        return branch, title

    def _commits(
        self, pull: PullRequest, key: str, authored: int, created: int, ready: int, is_ai: bool, who: Person
    ) -> None:
        rng = self.rng
        count = min(1 + int(rng.expovariate(0.55)), 12)
        times = sorted([authored] + [rng.randint(authored, ready - 60) for _ in range(count - 1)])
        for at in times:
            rebased = at + int(rng.expovariate(1 / (2 * HOUR))) if rng.random() < 0.2 else at + rng.randint(0, 40)
            committed = min(max(rebased, at), max(ready - 30, at))
            shown = max(committed + rng.randint(5, 600), created if committed < created else 0)
            self._commit(pull, key, at, committed, min(shown, max(ready, committed)), is_ai, who)

    def _commit(
        self, pull: PullRequest, key: str, authored: int, committed: int, pushed: int, is_ai: bool, who: Person
    ) -> None:
        rng = self.rng
        message = f"{rng.choice(_VERBS)} {rng.choice(_NOUNS)}"
        if rng.random() < 0.6:
            message = f"{key} {message}"
        if is_ai and rng.random() < 0.85:
            message += AI_TRAILER
        author = who.actor if rng.random() > 0.02 else None
        pull.commits.append(Commit(self.oid(), [], message, author, utc(authored), utc(committed), utc(pushed),
                                   rng.randint(1, 60), rng.randint(0, 20), rng.randint(1, 5)))  # fmt: skip

    def event(self, pull: PullRequest, kind: str, at: int, actor: Actor, **data: str) -> None:
        """Add a timeline item, unless it lies after the end."""
        if at <= END:
            pull.timeline.append(TimelineEvent(self._id(f"{kind[0]}{kind[-6]}E"), kind, utc(at), actor, dict(data)))

    def _label(self, pull: PullRequest, name: str, at: int, actor: Actor) -> None:
        if at <= END:
            pull.labels.append((name, utc(at)))
            self.event(pull, "LabeledEvent", at, actor, label=name)

    def _review(self, draft: Draft, rounds: list[Round], developer: Person, key: str) -> int:
        """Write the rounds of review; returns when it was ready to be merged."""
        rng, pull, facts = self.rng, draft.pull, draft.truth
        last_ready = int((facts.ready_times or [utc(draft.created)])[-1].timestamp())
        if rng.random() < 0.45 and self.repo.name in (
            "checkout-api",
            "payments-core",
            "warehouse",
            "storefront",
            "orders-api",
        ):
            bot = REVIEW_BOT if rng.random() < 0.7 else ROBOT
            self._submit(pull, bot, "COMMENTED", last_ready + rng.randint(60, 500), rng.randint(0, 4))
        if rng.random() < 0.045:
            return max(rounds[-1].ended - 60, last_ready + 90)
        at = last_ready
        for place, spell in enumerate(rounds):
            reviewer = spell.reviewer.actor
            begun, ended = max(spell.begun, at + 60), max(spell.ended - 120, at + 240)
            begun = min(begun, ended - 120)
            if place:
                self._rework(draft, rounds[place - 1].ended, spell.ready, key, developer)
            if rng.random() < (0.9 if place == 0 else 0.6):
                asked = min((last_ready if place == 0 else spell.ready) + rng.randint(20, 500), begun - 5)
                if asked > draft.created:
                    self.event(
                        pull, "ReviewRequestedEvent", asked, developer.actor, requestedReviewer=spell.reviewer.login
                    )
                    if asked <= END:
                        facts.requested_times.append(utc(asked))
            submitted = rng.randint(begun + (ended - begun) // 3, ended - 60)
            is_last = place == len(rounds) - 1
            if not is_last:
                self._submit(pull, reviewer, "CHANGES_REQUESTED", submitted, rng.randint(1, 9), facts)
            elif rng.random() < 0.35:
                self._submit(pull, reviewer, "COMMENTED", submitted, rng.randint(1, 6), facts)
                if rng.random() < 0.4:
                    self._submit(pull, developer.actor, "COMMENTED", submitted + (ended - submitted) // 3, 1)
                self._submit(pull, reviewer, "APPROVED", submitted + (ended - submitted) // 2, 0, facts)
            else:
                self._submit(pull, reviewer, "APPROVED", submitted, rng.choice((0, 0, 1, 2)), facts)
            at = ended
        return at

    def _rework(self, draft: Draft, since: int, ready: int, key: str, developer: Person) -> None:
        """Commits that answer a review; sometimes the last one replaces another by a force push."""
        rng, pull = self.rng, draft.pull
        ready = max(ready, since + 200)
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randint(since + 20, ready - 100)
            if at <= END:
                self._commit(pull, key, at, at + rng.randint(0, 30), at + rng.randint(31, 90), draft.is_ai, developer)
        pull.commits.sort(key=lambda commit: (commit.visible_at, commit.authored_at))
        if rng.random() < 0.25 and ready <= END and len(pull.commits) > 1:
            tip = pull.commits[-1]
            before, tip.oid = tip.oid, self.oid()
            tip.committed_at, tip.visible_at = utc(ready - 40), utc(ready - 20)
            self.event(
                pull, "HeadRefForcePushedEvent", ready - 20, developer.actor, beforeCommit=before, afterCommit=tip.oid
            )

    def _submit(self, pull: PullRequest, author: Actor, state: str, at: int, comments: int,
                facts: truth.PullRequest | None = None) -> None:  # fmt: skip
        if at > END:
            return
        pull.reviews.append(Review(self._id("PRR"), author, state, utc(at), comments))
        if facts and facts.first_review_at is None:
            facts.first_review_at = utc(at)

    def _merge(self, draft: Draft, at: int, by: Actor) -> None:
        """Mark as merged; the default branch settles the exact moment later."""
        if at <= END - 600:
            draft.merged = at
            draft.pull.merged_by = by

    def _close(self, draft: Draft, at: int, by: Actor) -> None:
        if at <= END:
            draft.pull.closed_at = draft.truth.closed_at = utc(at)
            self.event(draft.pull, "ClosedEvent", at, by)

    # --- by bots -----------------------------------------------------------------------------------------------------
    def from_bot(self, at: int, package: str, bump: str, people: list[Person]) -> Draft:
        """A dependency update: merged after an approval, merged unseen, superseded, or left open."""
        rng = self.rng
        pull = PullRequest("", 0, f"Bump {package} to {bump}", f"Bumps {package}.", DEPENDENCY_BOT, utc(at), "main",
                           f"dependabot/{package}-{bump}", additions=rng.randint(1, 40), deletions=rng.randint(1, 40),
                           changed_files=rng.randint(1, 2))  # fmt: skip
        pull.commits.append(
            Commit(self.oid(), [], pull.title, DEPENDENCY_BOT, utc(at - 60), utc(at - 60), utc(at - 30), 3, 3, 1)
        )
        facts = truth.PullRequest("", f"acme/{self.repo.name}", 0, self.repo.service, None, True, False, utc(at),
                                  utc(at - 60), [utc(at)], [])  # fmt: skip
        draft = Draft(pull, facts, at, at, None, False)
        self._label(pull, "dependencies", at + 5, DEPENDENCY_BOT)
        seen = self.calendar.after(at, rng.lognormvariate(2.2, 1.1))
        draw = rng.random()
        if draw < 0.55:
            person = rng.choice(people).actor
            self._submit(pull, person, "APPROVED", seen, 0, facts)
            self._merge(draft, seen + rng.randint(30, 900), person)
        elif draw < 0.75:
            self._merge(draft, at + rng.randint(900, 5000), BOT_MERGER)
        elif draw < 0.93:
            self._close(draft, seen + rng.randint(2, 20) * DAY, DEPENDENCY_BOT)
        return draft


def write_merge(
    rng: random.Random, repo: Repo, draft: Draft, at: int, parent: list[str], writer: PullWriter
) -> list[Commit]:
    """Land a pull request on the default branch at `at`: one squashed commit, or its commits and a merge commit."""
    pull, facts = draft.pull, draft.truth
    by = pull.merged_by or BOT_MERGER
    moment_ = utc(at)
    landed: list[Commit] = []
    pull.commits = [commit for commit in pull.commits if commit.visible_at <= moment_] or pull.commits[:1]
    if repo.merge_commits and rng.random() < 0.75:
        landed = [
            Commit(
                c.oid,
                c.parents,
                c.message,
                c.author,
                c.authored_at,
                c.committed_at,
                moment_,
                c.additions,
                c.deletions,
                c.changed_files,
            )
            for c in pull.commits
        ]
        message = f"Merge pull request #{pull.number} from acme/{pull.head_ref}\n\n{pull.title}"
        parents = [*parent, pull.commits[-1].oid]
    else:
        message = f"{pull.title} (#{pull.number})" + (AI_TRAILER if draft.is_ai else "")
        parents = list(parent)
    author = pull.author if not repo.merge_commits else by
    merge = Commit(
        writer.oid(),
        parents,
        message,
        author,
        moment_,
        moment_,
        moment_,
        pull.additions,
        pull.deletions,
        pull.changed_files,
    )
    pull.merged_at = pull.closed_at = facts.merged_at = facts.closed_at = moment_
    pull.merge_commit_oid = facts.merge_oid = merge.oid
    writer.event(pull, "MergedEvent", at, by, commit=merge.oid)
    writer.event(pull, "ClosedEvent", at, by)
    pull.timeline.sort(key=lambda event: event.created_at)
    return [*landed, merge]
