"""Acme's changes: pull requests, commits and deployments are what the truth says."""

from collections import Counter, defaultdict

from sandbox import monorepo
from sandbox.company import Company
from sandbox.world import Commit


def test_pull_requests_are_what_the_truth_says(company: Company) -> None:
    bots = {"dependabot", "acme-ci", "acme-review-bot", "quality-robot"}
    seen = 0
    for repository in company.world.github.repositories:
        on_main = {commit.oid: commit for commit in repository.commits}
        numbers = [p.number for p in repository.pull_requests] + [i.number for i in repository.issues]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        for pull in repository.pull_requests:
            fact = company.truth.pull_requests[pull.id]
            seen += 1
            assert pull.commits and min(c.authored_at for c in pull.commits) == fact.first_commit_authored_at
            assert all(c.authored_at <= c.committed_at <= c.visible_at for c in pull.commits)
            human = [r.submitted_at for r in pull.reviews if r.author.login not in bots and r.author != pull.author]
            assert min(human, default=None) == fact.first_review_at
            ready = [e.created_at for e in pull.timeline if e.type == "ReadyForReviewEvent"]
            assert fact.ready_times == (ready if pull.created_as_draft else [pull.created_at])
            assert fact.requested_times == [e.created_at for e in pull.timeline if e.type == "ReviewRequestedEvent"]
            times = [e.created_at for e in pull.timeline]
            assert times == sorted(times)
            assert (pull.merged_at, pull.merge_commit_oid) == (fact.merged_at, fact.merge_oid)
            last = [r.submitted_at for r in pull.reviews] + [c.visible_at for c in pull.commits]
            if pull.merged_at:
                merge = on_main[pull.merge_commit_oid]
                assert merge.visible_at == pull.merged_at == pull.closed_at >= max(last)
                assert len(merge.parents) in (1, 2)
            if fact.first_review_at:
                assert fact.review_turnaround_from and fact.review_turnaround_from <= fact.first_review_at
    assert seen == len(company.truth.pull_requests)


def test_a_default_branch_is_one_line_of_parents(company: Company) -> None:
    for repository in company.world.github.repositories:
        shown = [commit.visible_at for commit in repository.commits]
        assert shown == sorted(shown)
        known: dict[str, Commit] = {}
        from_pulls = {c.oid for p in repository.pull_requests for c in p.commits}
        head: str | None = None
        for commit in repository.commits:
            assert all(parent in known for parent in commit.parents)
            known[commit.oid] = commit
            if commit.oid not in from_pulls:
                assert commit.parents[:1] == ([head] if head else [])
                head = commit.oid
        merges = {p.merge_commit_oid for p in repository.pull_requests}
        direct = {oid for oid in known if oid not in merges and oid not in from_pulls}
        facts = {
            oid for oid, push in company.truth.direct_pushes.items() if push.repository == repository.name_with_owner
        }
        assert direct == facts


def test_deployed_changes_are_the_ancestors_of_their_deployment(company: Company) -> None:
    changes = defaultdict(list)
    for pull in company.truth.pull_requests.values():
        if pull.deployment_id:
            changes[pull.deployment_id].append((pull.merge_oid, pull.merged_at, pull.deployed_by))
    for push in company.truth.direct_pushes.values():
        if push.deployment_id:
            changes[push.deployment_id].append((push.oid, push.pushed_at, push.deployed_by))
    for repository in company.world.github.repositories:
        if repository.name_with_owner == monorepo.NAME:  # see test_monorepo.py
            continue
        parents = {c.oid: c.parents for c in repository.commits}
        claimed: set[str] = set()
        facts = [d for d in company.truth.deployments.values() if d.repository == repository.name_with_owner]
        good = [d for d in facts if d.is_production and d.outcome == "success"]
        for deployment in sorted(good, key=lambda d: d.finished_at):
            reached, todo = set(), [deployment.commit_oid]
            while todo:
                oid = todo.pop()
                if oid not in claimed and oid not in reached:
                    reached.add(oid)
                    todo += parents.get(oid, [])
            mine = {oid for oid, _, _ in changes[deployment.deployment_id]}
            assert mine <= reached
            heads = {p.merge_commit_oid for p in repository.pull_requests} | set(company.truth.direct_pushes)
            assert mine == reached & heads
            claimed |= reached
            for oid, _, method in changes[deployment.deployment_id]:
                assert (method == "direct") == (oid == deployment.commit_oid)


def test_deployment_statuses_tell_their_outcome(company: Company) -> None:
    outcomes = Counter()
    for repository in company.world.github.repositories:
        for deployment in repository.deployments:
            fact = company.truth.deployments[deployment.id]
            states = [status.state for status in deployment.statuses]
            times = [status.created_at for status in deployment.statuses]
            assert times == sorted(times) and deployment.created_at <= fact.created_at
            if fact.outcome == "success":
                assert states[:3] == ["QUEUED", "IN_PROGRESS", "SUCCESS"] and times[2] == fact.finished_at
                assert set(states[3:]) <= {"INACTIVE"} and len(states) <= 4
            elif fact.outcome == "failed":
                assert states == ["QUEUED", "IN_PROGRESS", "FAILURE"]
            elif fact.outcome == "failed_before":
                assert states == ["QUEUED", "ERROR"]
            outcomes[fact.outcome, bool(fact.rollback_of)] += 1
    assert outcomes["failed", False] and outcomes["failed_before", False] and outcomes["success", True]


def test_ai_trailers_appear_only_in_teams_that_adopted(company: Company) -> None:
    services = {"checkout", "payments", "warehouse"}
    marked = Counter(p.service for p in company.truth.pull_requests.values() if p.is_ai_assisted)
    assert set(marked) == services and all(count > 20 for count in marked.values())
    messages = [c.message for r in company.world.github.repositories for p in r.pull_requests for c in p.commits]
    assert any("Co-authored-by: AI Assistant" in message for message in messages)
