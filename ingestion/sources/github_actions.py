"""GitHub Actions (REST): workflow runs, an attempt a row, and the jobs of those that may deploy.

Runs come newest first within a window of time. A run changes after its creation (it ends, it is run again), which moves
nothing that a listing could be ordered by. So each night looks back over runs created

- in the three days before the last night,
- since the oldest of our copy that has not ended (at most 35 days, the longest a run can live),
- and once a week in the last 31 days: GitHub runs nothing again that is older than 30.

A run that is run again within three days is seen the next night, later ones within a week. Earlier attempts are asked
for once, when they are new to us; what has ended does not change.

Jobs cost a request a run, so they are read only where a deployment may be found: ended runs of workflows whose name or
file matches `deploy_workflows`, unless a pull request set them off; newest first, at most 1,000 runs a night. What is
still to read is what the runs have and the jobs have not, so a pattern that is added later finds the runs of the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from ingestion.errors import NotFound
from ingestion.pagination import LinkHeader, LinkHeaderInWindow
from ingestion.sources.github_scope import moment, reference, repositories_in_scope, start_of
from ingestion.sources.github_texts import account
from ingestion.stream import Context, Problem, Request, Slice, Stream

LOOK_BACK = timedelta(days=3)
LONG_LOOK_BACK = timedelta(days=31)
LONG_LOOK_BACK_EVERY = timedelta(days=7)
LONGEST_RUN = timedelta(days=35)
RUNS_WITH_JOBS_PER_NIGHT = 1000
OF_PULL_REQUESTS = (
    "pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment", "merge_group",
)  # fmt: skip
RUN_MEMBERS = (
    "id", "name", "path", "workflow_id", "run_number", "run_attempt", "event", "status", "conclusion", "head_branch",
    "head_sha", "created_at", "run_started_at", "updated_at",
)  # fmt: skip
JOB_MEMBERS = (
    "id", "run_id", "run_attempt", "name", "workflow_name", "status", "conclusion", "head_sha", "created_at",
    "started_at", "completed_at",
)  # fmt: skip


def _run_slices(context: Context) -> Sequence[Slice]:
    unended = dict(
        context.known(
            """select payload->>'$.repository.id', min(payload->>'$.created_at') from raw_github.workflow_runs
            where connection = $1 and lower(payload->>'$.status') <> 'completed' group by 1"""
        )
    )
    plan = []
    for repository in repositories_in_scope(context):
        cursor = context.cursors.get(repository["id"]) or {}
        if repository["isArchived"] and cursor.get("read_to"):
            continue
        since, looked_back_at = _since(context, cursor, moment(unended.get(repository["id"])))
        plan.append(
            Slice(
                key=repository["id"],
                request=Request(
                    "GET",
                    f"repos/{repository['nameWithOwner']}/actions/runs",
                    {
                        "created": f"{_second(since)}..{_second(context.as_of)}",
                        "exclude_pull_requests": "true",
                        "per_page": 100,
                    },
                ),
                cursor={
                    "read_to": context.as_of.astimezone(UTC).isoformat(),
                    "looked_back_at": looked_back_at.astimezone(UTC).isoformat(),
                    "start_date": str(context.connection.start_date),
                },
                extra={"repository": reference(repository)},
                label=f"repository {repository['nameWithOwner']}",
            )
        )
    return plan


def _since(context: Context, cursor: dict[str, Any], unended: datetime | None) -> tuple[datetime, datetime]:
    """Since when runs are listed, and when the long look back was made last."""
    start, as_of = start_of(context), context.as_of
    read_to, looked_back_at = moment(cursor.get("read_to")), moment(cursor.get("looked_back_at"))
    if read_to is None or looked_back_at is None or cursor.get("start_date") != str(context.connection.start_date):
        return start, as_of
    since = min(read_to, as_of) - LOOK_BACK
    if as_of - looked_back_at >= LONG_LOOK_BACK_EVERY:
        since, looked_back_at = min(since, as_of - LONG_LOOK_BACK), as_of
    if unended is not None:
        since = min(since, max(unended, as_of - LONGEST_RUN))
    return max(since, start), looked_back_at


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _attempt_key(record: dict[str, Any], _: Slice | None = None) -> str:
    return f"{record['id']}:{record.get('run_attempt') or 1}"


def _with_attempts(context: Context, records: list[dict[str, Any]], slice_: Slice) -> list[dict[str, Any]]:
    """The runs of a page with their earlier attempts, as far as we do not have those; each with the run's creation."""
    earlier = {
        _attempt_key({**run, "run_attempt": number}): (run, number)
        for run in records
        for number in range(1, run.get("run_attempt") or 1)
    }
    if not earlier:
        return records
    known = context.known(
        """select id from raw_github.workflow_runs
        where connection = $1 and list_contains($2, id) and lower(payload->>'$.status') = 'completed'""",
        list(earlier),
    )
    for run, number in (earlier[key] for key in earlier if (key,) not in known):
        path = f"repos/{slice_.extra['repository']['nameWithOwner']}/actions/runs/{run['id']}/attempts/{number}"
        try:
            attempt = context.http.send(Request("GET", path, {"exclude_pull_requests": "true"})).body
        except NotFound:  # an attempt may be deleted by itself
            continue
        records.append({**attempt, "created_at": run["created_at"]})
    return records


def _run(record: dict[str, Any], slice_: Slice) -> dict[str, Any]:
    """Without titles, commits and names."""
    return {name: record.get(name) for name in RUN_MEMBERS} | {
        "run_attempt": record.get("run_attempt") or 1,
        "actor": account(record.get("actor")),
        "triggering_actor": account(record.get("triggering_actor")),
        "repository": {"id": slice_.extra["repository"]["id"]},
    }


def _job_slices(context: Context) -> Sequence[Slice]:
    repositories = {repository["id"]: repository for repository in repositories_in_scope(context)}
    waiting = [run for run in _runs_without_jobs(context) if run[1] in repositories]
    if len(waiting) > RUNS_WITH_JOBS_PER_NIGHT:
        left = len(waiting) - RUNS_WITH_JOBS_PER_NIGHT
        cure = "nothing, the next nights go on; or narrow deploy_workflows to what deploys"
        context.problems.append(Problem(f"{left} runs wait for their jobs to be read", cure, stale=True))
    plan = []
    for run, repository, attempts in waiting[:RUNS_WITH_JOBS_PER_NIGHT]:
        name = repositories[repository]["nameWithOwner"]
        missing = [{"id": None, "run_id": int(run), "run_attempt": int(attempt)} for attempt in attempts]
        plan.append(
            Slice(
                key=run,
                request=Request("GET", f"repos/{name}/actions/runs/{run}/jobs", {"filter": "all", "per_page": 100}),
                absent={"jobs": []},
                extra={"repository": reference(repositories[repository]), "missing": missing},
                label=f"run {run} of {name}",
            )
        )
    return plan


def _runs_without_jobs(context: Context) -> list[tuple[str, str, list[str]]]:
    """(run, repository, attempts without jobs) of ended runs that may deploy, newest first."""
    workflows = context.known(
        """select distinct payload->>'$.name', payload->>'$.path' from raw_github.workflow_runs
        where connection = $1"""
    )
    patterns = [pattern.lower() for pattern in context.connection.deploy_workflows]
    deploying = [f"{name}\n{path}" for name, path in workflows if may_deploy(patterns, name, path)]
    if not deploying:
        return []
    return context.known(
        """select run.payload->>'$.id', run.payload->>'$.repository.id',
            list(run.payload->>'$.run_attempt' order by (run.payload->>'$.run_attempt')::integer)
        from raw_github.workflow_runs as run
        where run.connection = $1 and lower(run.payload->>'$.status') = 'completed'
            and list_contains($2, coalesce(run.payload->>'$.name', 'None') || chr(10)
                || coalesce(run.payload->>'$.path', 'None'))
            and not list_contains($3, run.payload->>'$.event')
            and not exists (
                select 1 from raw_github.workflow_jobs as job
                where job.connection = run.connection
                    and run.id = (job.payload->>'$.run_id') || ':' || (job.payload->>'$.run_attempt')
            )
        group by 1, 2
        order by max(run.payload->>'$.created_at') desc, 1""",
        deploying,
        list(OF_PULL_REQUESTS),
    )


def may_deploy(patterns: Sequence[str], name: str | None, path: str | None) -> bool:
    """Whether the name of a workflow, or the name of its file, matches one of the patterns (in lower case)."""
    names = ((name or "").lower(), (path or "").lower().split("@")[0].rsplit("/", 1)[-1])
    return any(fnmatchcase(each, pattern) for each in names for pattern in patterns)


def _with_empty_attempts(context: Context, records: list[dict[str, Any]], slice_: Slice) -> list[dict[str, Any]]:
    """A row without job for each attempt that has none, so that it is not asked for again."""
    del context
    found = {(job.get("run_id"), job.get("run_attempt") or 1) for job in records}
    return [*records, *(row for row in slice_.extra["missing"] if (row["run_id"], row["run_attempt"]) not in found)]


def _job(record: dict[str, Any], slice_: Slice) -> dict[str, Any]:
    """Without steps and runners."""
    return {name: record.get(name) for name in JOB_MEMBERS} | {
        "run_attempt": record.get("run_attempt") or 1,
        "repository": {"id": slice_.extra["repository"]["id"]},
    }


def _job_key(record: dict[str, Any], _: Slice) -> str:
    return str(record["id"]) if record["id"] is not None else f"{record['run_id']}:{record['run_attempt']}"


ACTIONS = (
    Stream(
        name="workflow_runs",
        optional=True,
        requires=("repositories",),
        paginator=LinkHeaderInWindow("workflow_runs"),
        records="workflow_runs",
        id=_attempt_key,
        updated_at="updated_at",
        shape=_run,
        complete=_with_attempts,
        slices=_run_slices,
    ),
    Stream(
        name="workflow_jobs",
        requires=("workflow_runs",),
        paginator=LinkHeader(),
        records="jobs",
        id=_job_key,
        updated_at=lambda record: record.get("completed_at"),
        shape=_job,
        complete=_with_empty_attempts,
        whole_slice=True,
        slices=_job_slices,
    ),
)
