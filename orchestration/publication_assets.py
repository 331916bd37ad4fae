"""The last steps of a night: publish, and end red where a connection failed."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import dagster as dg

from orchestration import alerts, progress
from orchestration.dbt_assets import remember_fingerprint
from orchestration.night import Night, connection_outcomes
from orchestration.publish import Table, marts_of, publish
from orchestration.sandbox_process import iso

PUBLICATION = dg.AssetKey(["publication", "flowlight"])
LAST_STEP = -10


def build_publication_assets(manifest: Mapping[str, Any]) -> list[dg.AssetsDefinition]:
    """The published file, downstream of every mart, and the night's end."""
    tables = marts_of(manifest)

    @dg.asset(
        key=PUBLICATION,
        deps=[dg.AssetKey([table.schema, table.name]) for table in tables],
        group_name="publication",
        kinds={"duckdb", "parquet"},
        required_resource_keys={"night"},
        description="The published file, Parquet and manifest that analysts and BI tools open. One per night.",
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=50), warn_window=timedelta(hours=26)
        ),
    )
    def flowlight(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        night: Night = context.resources.night
        with night.part("publish"):
            publish_night(night, tables)
        assert night.publication is not None
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(night.settings.published_file)),
                "as_of": night.publication["as_of"],
                "rows": {title: table["rows"] for title, table in night.publication["tables"].items()},
                "data_quality": night.publication["data_quality"],
            }
        )

    # After everything else, whether it went well or not: steps that are ready run in the order of their priority.
    @dg.asset(
        key=["publication", "night"],
        deps=[["ingestion", "stream_runs"]],
        group_name="publication",
        required_resource_keys={"night"},
        op_tags={"dagster/priority": str(LAST_STEP)},
        description="The end of a night: fails where a connection could not be read, after the others were published.",
    )
    def night_end(context: dg.AssetExecutionContext) -> None:
        night: Night = context.resources.night
        if night.failed_runs:
            raise dg.Failure("\n".join(alerts.causes(night.record())), allow_retries=False)

    return [flowlight, night_end]


def publish_night(night: Night, tables: list[Table]) -> None:
    """Publish the marts of this night; sets `publication`."""
    if not night.fingerprint:
        remember_fingerprint(night)
    progress.reporter().phase("publishing")
    night.publication = publish(
        night.settings,
        tables,
        {
            "as_of": iso(night.as_of),
            "run_id": night.run_id,
            "organization": night.config.organization.name,
            "time_zone": night.config.organization.time_zone,
            "fingerprint": night.fingerprint,
            "connections": list(_published_connections(night)),
            "tests": night.tests,
        },
        keep=night.config.organization.keep_publications,
        accept_emptied=night.full,
    )


def _published_connections(night: Night) -> Iterator[dict[str, Any]]:
    """What readers may know of the connections: name, status, and the causes."""
    for outcome in connection_outcomes(night):
        yield {key: outcome[key] for key in ("connection", "status", "errors")}
