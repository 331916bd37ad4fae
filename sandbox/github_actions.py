"""Workflow runs, their attempts and jobs of the GitHub double (REST), at the host's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sandbox.github_state import WEB, RepositoryState, moment, number_of
from sandbox.github_words import API, Refused, page_of
from sandbox.replies import iso, reply
from sandbox.world import Job, RunAttempt, WorkflowRun

if TYPE_CHECKING:
    from sandbox.github_rest import RestReplies

MOST_RESULTS = 1000
DEFAULT_PAGE = 30


class ActionReplies:
    """The endpoints of GitHub Actions that the double serves."""

    def __init__(self, rest: RestReplies) -> None:
        self.rest = rest

    def paths(self) -> dict[str, Callable[[Request], Response]]:
        """Handlers by path."""
        runs = "/repos/{owner}/{name}/actions/runs"
        return {
            runs: self.runs,
            runs + "/{run:int}": self.run,
            runs + "/{run:int}/attempts/{attempt:int}": self.attempt,
            runs + "/{run:int}/jobs": self.jobs,
        }

    def runs(self, request: Request) -> Response:
        """GET actions/runs: newest first; of a filtered listing only the first 1,000 can be paged to."""
        state, query = self._state(request), request.query_params
        first, last = _window(query.get("created"))
        found = [
            run
            for run in state.repository.workflow_runs
            if run.created_at <= state.clock
            and (first is None or run.created_at >= first)
            and (last is None or run.created_at <= last)
        ]
        for name, member in (("branch", "head_branch"), ("event", "event"), ("head_sha", "head_oid")):
            if query.get(name):
                found = [run for run in found if getattr(run, member) == query[name]]
        wanted = query.get("status")
        if wanted:
            found = [run for run in found if wanted in _result(_attempts_at(run, state.clock)[-1], state.clock)]
        found.sort(key=lambda run: (run.created_at, run.id), reverse=True)
        filters = ("actor", "branch", "check_suite_id", "created", "event", "head_sha", "status")
        shown = found[:MOST_RESULTS] if any(query.get(name) for name in filters) else found
        page, links = page_of(request, shown, DEFAULT_PAGE)
        repository = self._repository(state)
        answer = {"total_count": len(found), "workflow_runs": [self._run(state, run, None, repository) for run in page]}
        return reply(answer, headers={"link": links} if links else None)

    def run(self, request: Request) -> Response:
        """GET actions/runs/{id}: as its latest attempt is."""
        state = self._state(request)
        return reply(self._run(state, self._found(request, state), None, self._repository(state)))

    def attempt(self, request: Request) -> Response:
        """GET actions/runs/{id}/attempts/{n}: dated by the attempt, also its creation."""
        state = self._state(request)
        run, number = self._found(request, state), request.path_params["attempt"]
        if not 1 <= number <= len(_attempts_at(run, state.clock)):
            raise Refused(404, "Not Found")
        return reply(self._run(state, run, number, self._repository(state)))

    def jobs(self, request: Request) -> Response:
        """GET actions/runs/{id}/jobs?filter: of the latest attempt, or of all."""
        state = self._state(request)
        run = self._found(request, state)
        attempts = list(enumerate(_attempts_at(run, state.clock), 1))
        if request.query_params.get("filter", "latest") == "latest":
            attempts = attempts[-1:]
        found = [
            (number, job)
            for number, attempt in attempts
            for job in _jobs(run, number, attempt)
            if job.started_at <= state.clock
        ]
        page, links = page_of(request, found, DEFAULT_PAGE)
        answer = {"total_count": len(found), "jobs": [self._job(state, run, number, job) for number, job in page]}
        return reply(answer, headers={"link": links} if links else None)

    def _state(self, request: Request) -> RepositoryState:
        state = self.rest.state_of(request)
        if "actions" in state.repository.switched_off:
            raise Refused(403, "Resource not accessible by personal access token")
        return state

    def _found(self, request: Request, state: RepositoryState) -> WorkflowRun:
        wanted = request.path_params["run"]
        for run in state.repository.workflow_runs:
            if run.id == wanted and run.created_at <= state.clock:
                return run
        raise Refused(404, "Not Found")

    def _repository(self, state: RepositoryState) -> orjson.Fragment:
        return orjson.Fragment(orjson.dumps(self.rest.repository(state, full=False)))

    def _run(
        self, state: RepositoryState, run: WorkflowRun, number: int | None, repository: orjson.Fragment
    ) -> dict[str, Any]:
        attempts = _attempts_at(run, state.clock)
        attempt = attempts[(number or len(attempts)) - 1]
        status, conclusion = _result(attempt, state.clock)
        ended = attempt.completed_at if status == "completed" else attempt.started_at
        url, workflow = f"{API}/repos/{state.name}/actions", number_of(run.path)
        own, actor = f"{url}/runs/{run.id}", self.rest.double.host.actor
        shown = number or len(attempts)
        commit = state.known_commits.get(run.head_oid)
        person = {"name": commit.author.login if commit and commit.author else "unknown", "email": "x@example.com"}
        return {
            "id": run.id, "name": run.workflow, "node_id": f"WFR_{run.id}", "head_branch": run.head_branch,
            "head_sha": run.head_oid, "path": run.path, "display_title": run.title, "run_number": run.number,
            "event": run.event, "status": status, "conclusion": conclusion, "workflow_id": workflow,
            "check_suite_id": run.id, "check_suite_node_id": f"CS_{run.id}", "url": own,
            "html_url": f"{WEB}/{state.name}/actions/runs/{run.id}", "pull_requests": [],
            "created_at": iso(run.created_at if number is None else attempt.started_at),
            "updated_at": iso(ended), "actor": self.rest.user(actor(run.actor)), "run_attempt": shown,
            "referenced_workflows": [], "run_started_at": iso(attempt.started_at),
            "triggering_actor": self.rest.user(actor(attempt.actor or run.actor)), "jobs_url": f"{own}/jobs",
            "logs_url": f"{own}/logs", "check_suite_url": f"{API}/repos/{state.name}/check-suites/{run.id}",
            "artifacts_url": f"{own}/artifacts", "cancel_url": f"{own}/cancel", "rerun_url": f"{own}/rerun",
            "previous_attempt_url": f"{own}/attempts/{shown - 1}" if shown > 1 else None,
            "workflow_url": f"{url}/workflows/{workflow}",
            "head_commit": {
                "id": run.head_oid, "tree_id": run.head_oid, "message": commit.message if commit else "",
                "timestamp": iso(commit.committed_at if commit else run.created_at), "author": person,
                "committer": person,
            },
            "repository": repository, "head_repository": repository,
        }  # fmt: skip

    def _job(self, state: RepositoryState, run: WorkflowRun, number: int, job: Job) -> dict[str, Any]:
        status, conclusion = _result(job, state.clock)
        own = f"{API}/repos/{state.name}/actions/jobs/{job.id}"
        return {
            "id": job.id, "run_id": run.id, "run_url": f"{API}/repos/{state.name}/actions/runs/{run.id}",
            "run_attempt": number, "node_id": f"CR_{job.id}", "head_sha": run.head_oid, "url": own,
            "html_url": f"{WEB}/{state.name}/actions/runs/{run.id}/job/{job.id}", "status": status,
            "conclusion": conclusion, "created_at": iso(job.started_at), "started_at": iso(job.started_at),
            "completed_at": iso(job.completed_at) if status == "completed" else None, "name": job.name, "steps": [],
            "check_run_url": f"{API}/repos/{state.name}/check-runs/{job.id}", "labels": ["ubuntu-latest"],
            "runner_id": 1, "runner_name": "Hosted Agent", "runner_group_id": 1, "runner_group_name": "Default",
            "workflow_name": run.workflow, "head_branch": run.head_branch,
        }  # fmt: skip


def _window(created: str | None) -> tuple[datetime | None, datetime | None]:
    """The bounds of `A..B` (each may be `*`), `>=A` or `<=B`."""
    if not created:
        return None, None
    if ".." in created:
        first, last = (None if text == "*" else moment(text) for text in created.split("..", 1))
        return first, last
    if created[:2] in (">=", "<="):
        at = moment(created[2:])
        return (at, None) if created[0] == ">" else (None, at)
    raise ValueError(f"created: {created}")


def _attempts_at(run: WorkflowRun, clock: datetime) -> list[RunAttempt]:
    return [attempt for attempt in run.attempts if attempt.started_at <= clock]


def _result(part: RunAttempt | Job, clock: datetime) -> tuple[str, str | None]:
    """Status and conclusion at the clock."""
    if part.completed_at is None or part.completed_at > clock:
        return "in_progress", None
    return "completed", part.conclusion


def _jobs(run: WorkflowRun, number: int, attempt: RunAttempt) -> list[Job]:
    if attempt.jobs or attempt.conclusion == "startup_failure":
        return attempt.jobs
    return [Job(run.id * 1000 + number, "build", attempt.started_at, attempt.completed_at, attempt.conclusion)]
