"""The job `nightly`, its schedule, and the alert for runs that could not tell their own end."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from ingestion.config import OrganizationSettings
from orchestration import alerts
from orchestration.night import Night, open_night
from orchestration.settings import Settings

JOB = "nightly"
RUNS_KEPT = 100


@dg.resource(
    config_schema={
        "as_of": dg.Field(dg.Noneable(str), is_required=False, default_value=None),
        "only": dg.Field([str], is_required=False, default_value=[]),
        "full": dg.Field(bool, is_required=False, default_value=False),
    },
    description="The night: its clock, its lock on the data folder, what became of its parts, its alert at the end.",
)
@contextmanager
def night_resource(context: dg.InitResourceContext) -> Generator[Night]:
    """One night per run; every step of the run shares it."""
    with open_night(context.resource_config, context.run_id or "no-run") as night:
        if context.instance is not None:
            tidy_runs(context.instance, night.run_id)
        yield night


def tidy_runs(instance: dg.DagsterInstance, running: str) -> None:
    """Mark runs whose process was killed as failed (the lock is ours, so no other is alive); forget the oldest runs."""
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        if run.run_id != running:
            instance.report_run_failed(run, "its process ended without a word: it was killed, or the machine stopped")
    for run in instance.get_runs()[RUNS_KEPT:]:
        instance.delete_run(run.run_id)


def build_job() -> Any:
    """Everything, in one process."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Extract, load, build, test, publish.",
    )


def build_schedule(job: Any, organization: OrganizationSettings) -> dg.ScheduleDefinition:
    """The nightly at the configured time in the organisation's time zone; on as soon as Dagster's daemon runs."""
    return dg.ScheduleDefinition(
        name="nightly_schedule",
        job=job,
        cron_schedule=organization.schedule,
        execution_timezone=organization.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


@dg.run_failure_sensor(
    name="alert_on_lost_run",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends the alert for a run that was killed or could not begin; other red runs send their own.",
)
def alert_on_lost_run(context: dg.RunFailureSensorContext) -> None:
    """A night that ended by itself has written its record and sent its alert."""
    settings = Settings.from_environment()
    run_id = context.dagster_run.run_id
    try:
        if json.loads(settings.last_night.read_bytes())["run_id"] == run_id:
            return
    except (OSError, ValueError, KeyError):
        pass
    reason = context.failure_event.message
    text = f"Flowlight: run {run_id} of {context.dagster_run.job_name} failed and published nothing: {reason}"
    alerts.send(text, {"run_id": run_id, "exit_code": None})
