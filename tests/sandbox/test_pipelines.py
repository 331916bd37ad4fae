"""Acme's runs, releases, tags and alerts: as their truth says, in agreement with what was there before, messy."""

from collections import Counter
from datetime import timedelta

import pytest

from sandbox.company import Company
from sandbox.delivery_truth import WorkflowRun
from sandbox.pipelines import DEPLOYED_BY_WORKFLOW, WITHOUT_ACTIONS
from sandbox.truth import Truth
from sandbox.world import Repository


def repository(company: Company, name: str) -> Repository:
    return next(r for r in company.world.github.repositories if r.name_with_owner == f"acme/{name}")


def deploy_runs(truth: Truth, name: str) -> list[WorkflowRun]:
    return [r for r in truth.workflow_runs.values() if r.kind == "deploy" and r.repository == f"acme/{name}"]


# --- runs ----------------------------------------------------------------------------------------------------------
def test_runs_are_what_the_truth_says(company: Company) -> None:
    seen = 0
    for place in company.world.github.repositories:
        assert [run.id for run in place.workflow_runs] == sorted(run.id for run in place.workflow_runs)
        for run in place.workflow_runs:
            fact = company.truth.workflow_runs[run.id]
            seen += 1
            assert (place.name_with_owner, run.event, run.head_branch, run.head_oid) == (
                fact.repository, fact.event, fact.branch, fact.head_oid,
            )  # fmt: skip
            assert [(a.started_at, a.completed_at, a.conclusion) for a in run.attempts] == [
                (a.started_at, a.finished_at, a.conclusion) for a in fact.attempts
            ]
            assert [[(j.name, j.started_at, j.completed_at, j.conclusion) for j in a.jobs] for a in run.attempts] == [
                [(j.name, j.started_at, j.finished_at, j.conclusion) for j in a.jobs] for a in fact.attempts
            ]
            for before, after in zip(run.attempts, run.attempts[1:], strict=False):
                assert before.completed_at is not None and before.completed_at <= after.started_at
            for attempt in run.attempts:
                assert attempt.completed_at is None or attempt.completed_at > attempt.started_at
                for job in attempt.jobs:
                    assert attempt.started_at <= job.started_at
                    assert job.completed_at is None or job.started_at <= job.completed_at <= attempt.completed_at
    assert seen == len(company.truth.workflow_runs)
    jobs = [
        j.id for r in company.world.github.repositories for w in r.workflow_runs for a in w.attempts for j in a.jobs
    ]
    assert len(jobs) == len(set(jobs)) > 1000


def test_ci_runs_on_a_commit_that_was_there(company: Company) -> None:
    for place in company.world.github.repositories:
        visible = {c.oid: c.visible_at for c in place.commits}
        heads = {(p.head_ref, c.oid): c.visible_at for p in place.pull_requests for c in p.commits}
        for run in place.workflow_runs:
            if run.event == "pull_request":
                assert heads[run.head_branch, run.head_oid] <= run.created_at
            else:
                assert visible[run.head_oid] <= run.created_at and run.head_branch == "main"


def test_ci_has_every_kind_of_mess(company: Company, now: Truth) -> None:
    runs = [run for run in now.workflow_runs.values() if run.kind == "ci"]
    on_main = [run for run in runs if run.is_default_branch]
    by_commit: dict[str, set[str | None]] = {}
    for run in on_main:
        by_commit.setdefault(run.head_oid, set()).update(a.conclusion for a in run.attempts)
    counts = {
        "flaky on the default branch": sum(run.is_flaky for run in on_main),
        "flaky in a pull request": sum(run.is_flaky for run in runs if not run.is_default_branch),
        "failed for good": sum(run.conclusion == "failure" for run in on_main),
        "run again in vain": sum([a.conclusion for a in run.attempts] == ["failure", "failure"] for run in runs),
        "passed at the third attempt": sum(len(run.attempts) == 3 for run in runs),
        "cancelled": sum(run.conclusion == "cancelled" for run in on_main),
        "skipped": sum(run.conclusion == "skipped" for run in on_main),
        "timed out": sum(run.conclusion == "timed_out" for run in runs),
        "run again after more than a week": sum(
            run.attempts[-1].started_at - run.created_at > timedelta(days=7) for run in runs
        ),
        "another run of the same commit passed": sum(
            {"failure", "success"} <= by_commit[run.head_oid] and run.event == "workflow_dispatch" for run in on_main
        ),
    }
    assert not [name for name, count in counts.items() if count == 0], counts
    assert 0.005 < counts["flaky on the default branch"] / len(on_main) < 0.05
    assert max(run.attempts[-1].started_at - run.created_at for run in runs) < timedelta(days=30), "GitHub's limit"
    assert {name for name in WITHOUT_ACTIONS if repository(company, name).workflow_runs} == set()


# --- deployments by workflow ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", DEPLOYED_BY_WORKFLOW)
def test_each_deployment_to_production_is_one_run_whose_last_production_job_ends_with_it(
    company: Company, name: str
) -> None:
    deployments = {
        d.deployment_id: d
        for d in company.truth.deployments.values()
        if d.repository == f"acme/{name}" and d.is_production
    }
    runs = {run.deployment_id: run for run in deploy_runs(company.truth, name) if run.deployment_id}
    assert runs.keys() == deployments.keys() and len(runs) > 50
    for id_, run in runs.items():
        fact, jobs = deployments[id_], [job for job in run.attempts[0].jobs if job.is_production]
        assert run.head_oid == fact.commit_oid and run.created_at <= fact.created_at
        results = {job.conclusion for job in jobs}
        if fact.outcome == "success":
            assert results == {"success"} and max(j.finished_at for j in jobs) == fact.finished_at
        elif fact.outcome == "failed":
            assert "failure" in results and min(j.started_at for j in jobs) == fact.created_at
        elif fact.outcome == "failed_before":
            assert results == {"skipped"}
        assert not any(j.is_production and j.conclusion == "success" for a in run.attempts[1:] for j in a.jobs)


def test_runs_of_deployments_disagree_with_their_jobs(company: Company) -> None:
    runs = [run for name in DEPLOYED_BY_WORKFLOW for run in deploy_runs(company.truth, name)]

    def production(run: WorkflowRun) -> set[str | None]:
        return {job.conclusion for job in run.attempts[0].jobs if job.is_production}

    traps = {
        "job failed, run green": sum(
            r.attempts[0].conclusion == "success" and "failure" in production(r) for r in runs
        ),
        "job passed, run red": sum(r.conclusion == "failure" and production(r) == {"success"} for r in runs),
        "only the smoke test again": sum(
            len(r.attempts) > 1 and {j.name for j in r.attempts[1].jobs} == {"smoke-test"} for r in runs
        ),
        "cancelled before production": sum(r.deployment_id is None and r.conclusion == "cancelled" for r in runs),
        "rolled back": sum(
            company.truth.deployments[r.deployment_id].rollback_of is not None for r in runs if r.deployment_id
        ),
    }
    assert not [name for name, count in traps.items() if count == 0], traps


# --- releases ------------------------------------------------------------------------------------------------------
def test_releases_and_tags_stand_for_deployments(company: Company) -> None:
    for name, has_objects in (("mobile-app", True), ("search-engine", False)):
        shipped = {
            d.deployment_id: d
            for d in company.truth.deployments.values()
            if d.repository == f"acme/{name}"
            and d.is_production and d.outcome == "success" and d.rollback_of is None
        }  # fmt: skip
        releases = {
            r.deployment_id: r
            for r in company.truth.releases.values()
            if r.repository == f"acme/{name}" and r.deployment_id
        }
        assert releases.keys() == shipped.keys() and len(releases) > 50
        for id_, release in releases.items():
            assert (release.commit_oid, release.published_at) == (shipped[id_].commit_oid, shipped[id_].finished_at)
            assert (release.release_id is not None) == has_objects and not release.is_prerelease


def test_every_release_has_a_tag_and_some_are_gone(company: Company, now: Truth) -> None:
    for place in company.world.github.repositories:
        tags = {tag.name: tag for tag in place.tags}
        assert len(tags) == len(place.tags)
        for release in place.releases:
            if release.published_at:
                assert tags[release.tag_name].commit_oid == release.commit_oid
                assert tags[release.tag_name].deleted_at == release.deleted_at
    found = now.releases.values()
    assert sum(r.published_at is None for r in found) == 1, "a draft"
    assert sum(r.is_prerelease for r in found) > 20 and sum(r.deleted_at is not None for r in found) > 3
    assert any(r.deleted_at and r.deployment_id for r in found), "one that was rolled back"
    assert any(r.service is None for r in found), "a repository that is deployed nowhere"


# --- alerts --------------------------------------------------------------------------------------------------------
def test_alerts_are_what_the_truth_says(company: Company) -> None:
    seen = 0
    for place in company.world.github.repositories:
        for alert in place.alerts:
            fact = company.truth.findings[f"{place.id}:{alert.kind}:{alert.number}"]
            seen += 1
            assert (alert.created_at, alert.changes) == (fact.created_at, fact.changes)
            times = [alert.created_at, *(at for at, _, _ in alert.changes)]
            assert times == sorted(times) and len(set(times)) == len(times)
            if alert.kind == "dependabot":
                advisory = alert.data["security_advisory"]
                assert fact.advisory in (advisory["cve_id"], advisory["ghsa_id"])
                assert fact.severity == advisory["severity"]
    assert seen == len(company.truth.findings)


def test_alerts_have_every_kind_of_mess(company: Company, now: Truth) -> None:
    found = now.findings.values()
    states = Counter((f.kind, f.state) for f in found)
    assert states.keys() >= {
        ("dependabot", "open"), ("dependabot", "fixed"), ("dependabot", "dismissed"), ("code_scanning", "open"),
        ("code_scanning", "fixed"), ("code_scanning", "dismissed"), ("secret_scanning", "resolved"),
    }  # fmt: skip
    assert any(state == "auto_dismissed" for f in found for _, state, _ in f.changes)
    same = Counter((f.repository, f.advisory) for f in found if f.advisory)
    counts = {
        "false positives": sum(f.is_false_positive for f in found),
        "opened again": sum(f.is_reopened for f in found),
        "seen by two scanners": sum(count > 1 for count in same.values()),
        "critical and open": sum(f.severity == "critical" and f.state == "open" for f in found),
    }
    assert not [name for name, count in counts.items() if count == 0], counts
    hub = repository(company, "parcel-hub")
    assert hub.switched_off == {"actions", "code_scanning"} and not any(a.kind == "code_scanning" for a in hub.alerts)


def test_truth_at_a_moment_knows_no_later_one(company: Company) -> None:
    clock = company.world.default_clock
    now = company.truth.at(clock)
    for run in now.workflow_runs.values():
        assert all(a.started_at <= clock and (a.finished_at is None or a.finished_at <= clock) for a in run.attempts)
    assert all(at <= clock for f in now.findings.values() for at, _, _ in f.changes)
    assert all(r.published_at is None or r.published_at <= clock for r in now.releases.values())
    assert 0 < len(now.workflow_runs) < len(company.truth.workflow_runs)
