"""Acme's workflow runs: CI of pull requests and default branches, and the deployments of two services.

They follow what is already there (pull requests, branches, deployments) and change nothing of it. CI sometimes fails
and passes when it is run again on the same commit; a push replaces the run before it; some runs are skipped, time out,
or are run again weeks later. Returns and Reverse Logistics deploy by a workflow: one run, several jobs, one deployment.
"""

import random
from typing import TYPE_CHECKING

from sandbox import delivery_truth, truth
from sandbox.clock import DAY, HOUR, utc
from sandbox.delivery_truth import WorkflowRun as RunFact
from sandbox.teams import END, Repo
from sandbox.world import Actor, Job, Repository, RunAttempt, WorkflowRun

if TYPE_CHECKING:
    from sandbox.code import Branch

DEPLOYED_BY_WORKFLOW = ("returns", "reverse-logistics")
WITHOUT_ACTIONS = ("parcel-hub", "toolbox")
CI = ("CI", ".github/workflows/ci.yml")
DEPLOY = ("Deploy", ".github/workflows/deploy.yml")
ROLLBACK = ("Rollback", ".github/workflows/rollback.yml")
_DEPLOYER = Actor("acme-ci", "Bot")
_Step = tuple[str, int, int, str]
"""A job: name, begin, end, conclusion."""


def write_pipelines(
    seed: int, number: int, repo: Repo, repository: Repository, branch: "Branch", record: truth.Truth
) -> None:
    """Write the workflow runs of a repository, in order of time; Parcel Hub has its Actions switched off."""
    if repo.name in WITHOUT_ACTIONS:
        repository.switched_off |= {"actions"} if repo.name == "parcel-hub" else set()
        return
    writer = _Writer(seed, number, repo, repository, branch, record)
    writer.pushes()
    writer.pull_requests()
    if repo.name in DEPLOYED_BY_WORKFLOW:
        writer.deployments()
    writer.finish()


class _Writer:
    def __init__(
        self, seed: int, number: int, repo: Repo, repository: Repository, branch: "Branch", record: truth.Truth
    ) -> None:
        self.rng = random.Random(f"{seed}:pipelines:{repo.name}")
        self.number, self.repo, self.repository, self.branch, self.record = number, repo, repository, branch, record
        self.minutes = 4 + 10 * random.Random(f"{seed}:minutes:{repo.name}").random()
        self.made: list[tuple[WorkflowRun, RunFact]] = []

    # --- CI ----------------------------------------------------------------------------------------------------------
    def pushes(self) -> None:
        """A run for every push to the default branch; the next push cancels one that still runs."""
        rng, times = self.rng, self.branch.times
        commits = {commit.oid: commit for commit in self.repository.commits}
        for place in range(1, len(times)):
            oid, at = self.branch.oids[place], times[place] + rng.randint(3, 15)
            if commits[oid].message.startswith("chore"):
                self._run(CI, "push", "main", oid, [(at, at + 2, "skipped")], "ci", commits[oid].author)
                continue
            attempts = self._attempts(at, 0.035)
            following = times[place + 1] if place + 1 < len(times) else END
            if len(attempts) == 1 and following < attempts[0][1]:
                attempts = [(at, max(at, following) + 4, "cancelled")]
            self._run(CI, "push", "main", oid, attempts, "ci", commits[oid].author)
            if attempts[-1][2] == "failure" and rng.random() < 0.15:
                again = attempts[-1][1] + rng.randint(10, 90) * 60
                self._run(CI, "workflow_dispatch", "main", oid, [(again, again + self._seconds(), "success")], "ci",
                          commits[oid].author)  # fmt: skip

    def pull_requests(self) -> None:
        """A run for the last head of each pull request."""
        for pull in self.repository.pull_requests:
            if pull.commits:
                head = pull.commits[-1]
                at = int(max(head.visible_at, pull.created_at).timestamp()) + self.rng.randint(5, 40)
                event = "pull_request"
                self._run(CI, event, pull.head_ref, head.oid, self._attempts(at, 0.11), "ci", pull.author)

    def _seconds(self) -> int:
        return int(60 * self.minutes * self.rng.lognormvariate(0, 0.25))

    def _attempts(self, at: int, failing: float) -> list[tuple[int, int, str]]:
        """Begin, end and conclusion of each attempt."""
        rng = self.rng
        draw, seconds = rng.random(), self._seconds()
        end = at + seconds
        if draw < 0.016:  # flaky
            again = end + rng.randint(2, 100) * 60
            attempts = [(at, at + int(seconds * rng.uniform(0.4, 1)), "failure"), (again, again + seconds, "success")]
            if draw < 0.003:
                third = again + seconds + rng.randint(2, 30) * 60
                attempts[1] = (again, again + seconds // 2, "failure")
                attempts.append((third, third + seconds, "success"))
            return attempts
        if draw < 0.016 + failing:
            attempts = [(at, at + int(seconds * rng.uniform(0.2, 1)), "failure")]
            if rng.random() < 0.06:
                again = attempts[0][1] + rng.randint(2, 60) * 60
                attempts.append((again, again + seconds, "failure"))
            return attempts
        if draw > 0.997:
            return [(at, at + HOUR, "timed_out")]
        if draw > 0.995:  # run again after weeks, to see whether it still passes
            again = at + rng.randint(8, 26) * DAY
            return [(at, end, "success"), (again, again + seconds, rng.choice(("success", "failure")))]
        return [(at, end, "success")]

    # --- deployments -------------------------------------------------------------------------------------------------
    def deployments(self) -> None:
        """A run for each deployment to production, and a few that were cancelled before they changed anything."""
        rng = self.rng
        staging: truth.Deployment | None = None
        facts = [d for d in self.record.deployments.values() if d.repository == self.repository.name_with_owner]
        for fact in facts:
            if fact.environment == "staging":
                staging = fact
            elif fact.is_production:
                self._deploy(fact, None if fact.rollback_of else staging)
                if rng.random() < 0.06 and fact.finished_at:
                    at = int(fact.finished_at.timestamp()) + rng.randint(2, 5) * HOUR
                    steps = [("build", at, at + 150, "success"), ("deploy-staging", at + 160, at + 200, "cancelled")]
                    steps += [(name, at + 200, at + 200, "cancelled") for name in _PRODUCTION]
                    self._deploy_run(DEPLOY, "push", fact.commit_oid, [steps], ["cancelled"], None)

    def _deploy(self, fact: truth.Deployment, staging: truth.Deployment | None) -> None:
        rng = self.rng
        begun = int(fact.created_at.timestamp())
        ended = int(fact.finished_at.timestamp()) if fact.finished_at else END + HOUR
        steps: list[_Step] = []
        if staging is not None and staging.finished_at is not None:
            first, last = (int(at.timestamp()) for at in (staging.created_at, staging.finished_at))
            built = first + int((last - first) * rng.uniform(0.3, 0.6))
            steps = [("build", first, built, "success"), ("deploy-staging", built, last, "success")]
        smoke = ended + rng.randint(3, 9)
        outcome = fact.outcome or "success"
        if outcome == "failed_before":
            steps.append(("checks", begun, ended, "failure"))
            steps += [(name, ended, ended, "skipped") for name in (*_PRODUCTION, "smoke-test")]
            conclusions, attempts = ["failure"], [steps]
        elif outcome == "failed":
            steps.append((_PRODUCTION[0], begun, ended, "failure"))
            steps.append((_PRODUCTION[1], begun, ended, "cancelled"))
            steps.append(("smoke-test", ended, ended, "skipped"))
            # a job that may fail does not fail its run
            conclusions, attempts = ["success" if rng.random() < 0.35 else "failure"], [steps]
            if rng.random() < 0.4:
                again = ended + rng.randint(4, 20) * 60
                attempts.append([(name, again + 9, again + 9, "skipped") for name in _PRODUCTION])
                conclusions.append("cancelled")
        else:
            steps.append((_PRODUCTION[0], begun, ended - rng.randint(0, min(20, ended - begun - 1)), "success"))
            steps.append((_PRODUCTION[1], begun + rng.randint(0, 4), ended, "success"))
            failing = rng.random() < 0.07
            steps.append(("smoke-test", smoke, smoke + rng.randint(40, 160), "failure" if failing else "success"))
            conclusions, attempts = ["failure" if failing else "success"], [steps]
            if failing and rng.random() < 0.7:
                again = steps[-1][2] + rng.randint(3, 40) * 60
                attempts.append([("smoke-test", again, again + rng.randint(40, 160), "success")])
                conclusions.append("success")
        workflow = ROLLBACK if fact.rollback_of else DEPLOY
        event = "workflow_dispatch" if fact.rollback_of or rng.random() < 0.3 else "push"
        self._deploy_run(workflow, event, fact.commit_oid, attempts, conclusions, fact.deployment_id)

    def _deploy_run(
        self, workflow: tuple[str, str], event: str, oid: str, attempts: list[list[_Step]], conclusions: list[str],
        deployment_id: str | None,
    ) -> None:  # fmt: skip
        spans = [
            (min(step[1] for step in steps), max(step[2] for step in steps) + 2, conclusion)
            for steps, conclusion in zip(attempts, conclusions, strict=True)
        ]
        self._run(workflow, event, "main", oid, spans, "deploy", _DEPLOYER, attempts, deployment_id)

    # --- both --------------------------------------------------------------------------------------------------------
    def _run(
        self, workflow: tuple[str, str], event: str, branch: str, oid: str, spans: list[tuple[int, int, str]],
        kind: str, actor: Actor | None, steps: list[list[_Step]] | None = None, deployment_id: str | None = None,
    ) -> None:  # fmt: skip
        """Enter a run; what lies after the end has not happened."""
        attempts, facts = [], []
        for place, (begun, ended, conclusion) in enumerate(spans):
            if begun > END:
                break
            done = utc(ended) if ended <= END else None
            jobs = [
                (name, utc(first), utc(last) if last <= END else None, result if last <= END else None)
                for name, first, last, result in (steps[place] if steps else ())
                if first <= END
            ]
            result = conclusion if done else None
            attempts.append(RunAttempt(utc(begun), done, result, [Job(0, *job) for job in jobs], actor))
            facts.append(
                delivery_truth.Attempt(
                    utc(begun), done, result, [delivery_truth.Job(*job, job[0] in _PRODUCTION) for job in jobs]
                )
            )
        if attempts:
            run = WorkflowRun(0, 0, *workflow, event, branch, oid, f"{workflow[0]} of {oid[:7]}", attempts, actor)
            fact = RunFact(0, self.repository.name_with_owner, self.repo.service, kind, event, branch, oid,
                           branch == "main", facts, deployment_id)  # fmt: skip
            self.made.append((run, fact))

    def finish(self) -> None:
        """Number runs and jobs in order of time."""
        self.made.sort(key=lambda pair: (pair[0].created_at, pair[0].workflow, pair[0].head_oid))
        numbers: dict[str, int] = {}
        for serial, (run, fact) in enumerate(self.made, 1):
            run.id = fact.run_id = self.number * 1_000_000 + serial
            run.number = numbers[run.workflow] = numbers.get(run.workflow, 0) + 1
            jobs = [job for attempt in run.attempts for job in attempt.jobs]
            for place, job in enumerate(jobs, 1):
                job.id = run.id * 100 + place
            self.repository.workflow_runs.append(run)
            self.record.workflow_runs[run.id] = fact


_PRODUCTION = ("deploy-production (eu)", "deploy-production (us)")
