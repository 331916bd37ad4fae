"""Everything Dagster knows of Flowlight, in one explicit place. Loads without network and without data."""

from __future__ import annotations

import warnings

import dagster as dg

warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

from orchestration.dbt_assets import build_dbt_assets  # noqa: E402 - dagster warns at definition time
from orchestration.dbt_build import prepared_manifest  # noqa: E402
from orchestration.ingestion_assets import build_ingestion_assets  # noqa: E402
from orchestration.night import read_config  # noqa: E402
from orchestration.publication_assets import build_publication_assets  # noqa: E402
from orchestration.schedules import alert_on_lost_run, build_job, build_schedule, night_resource  # noqa: E402
from orchestration.settings import Settings  # noqa: E402


def build_definitions(settings: Settings) -> dg.Definitions:
    """The definitions of a configuration. Raises InputError or GateError where it or the dbt project cannot be read."""
    settings.prepare()
    config = read_config(settings, require_secrets=False)
    manifest = prepared_manifest(settings)
    job = build_job()
    return dg.Definitions(
        assets=[
            build_ingestion_assets(config),
            build_dbt_assets(manifest),
            *build_publication_assets(manifest),
        ],
        jobs=[job],
        schedules=[build_schedule(job, config.organization)],
        sensors=[alert_on_lost_run],
        resources={"night": night_resource},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster` loads: the definitions of FLOWLIGHT_CONFIG and FLOWLIGHT_DATA."""
    return build_definitions(Settings.from_environment())
