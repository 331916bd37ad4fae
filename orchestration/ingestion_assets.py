"""Extract and load as Dagster assets: one per stream, keyed [source, stream], and a check per connection.

All are made in one step with a thread per connection: steps of a one-process run follow each other, and a slow Jira
should not keep GitHub waiting. A connection that fails fails its own check; the step succeeds, so that the others are
published.
"""

import re
from collections.abc import Iterator
from typing import Any

import dagster as dg

from ingestion.config import Config
from ingestion.sources import SOURCES
from orchestration.night import Night

LEDGER = {
    "settings": "The run, its as-of clock and the organisation's settings. One row.",
    "connections": "Configured connections, and past ones. One row per connection.",
    "stream_runs": "What each night did per stream, with cause and cure. One row per connection, stream and as_of.",
    "loads": "Ledger of loaded pages. One row per load and page.",
    "quarantine": "Records that could not be loaded, with the reason. One row per record.",
    "published_metric_values": "core.fct_metric_values of the publication that stands. One row per row of it.",
    "published_restatements": "core.fct_restatements of the publication that stands. One row per row of it.",
    "published_sentiment_versions": "sentiment.fct_sentiment_versions of the publication that stands. One row per row.",
    "published_sentiment_answers": "Hashes of the answers in its blocks. One row per version of a block and answer.",
}


def build_ingestion_assets(config: Config) -> dg.AssetsDefinition:
    """The raw assets of every configured source and of ingestion's own ledger, with a check per connection."""
    sources = {connection.type: SOURCES[connection.type] for connection in config.connections}
    streams = {(source.name, stream.name): source for source in sources.values() for stream in source.streams}
    specs = [
        dg.AssetSpec(
            [name, stream],
            group_name=name,
            kinds={name if source.endpoint else "file", "duckdb"},
            description=f"Raw records of {name} {stream}, merged by connection and id. One row per record.",
        )
        for (name, stream), source in streams.items()
    ]
    specs += [
        dg.AssetSpec(["ingestion", table], group_name="ingestion", kinds={"duckdb"}, description=description)
        for table, description in LEDGER.items()
    ]
    checks = [
        dg.AssetCheckSpec(
            read_check_name(connection.name),
            asset=[connection.source, sources[connection.type].streams[0].name],
            description=f"Connection {connection.name} could be read completely.",
        )
        for connection in config.connections
    ]

    @dg.multi_asset(name="extract_and_load", specs=specs, check_specs=checks, required_resource_keys={"night"})
    def extract_and_load(context: dg.AssetExecutionContext) -> Iterator[Any]:
        from orchestration.reading import read_connections

        night: Night = context.resources.night
        with night.part("extract and load"):
            read_connections(night)
        yield from _materializations(night, specs)
        yield from _check_results(night, config)

    return extract_and_load


def read_check_name(connection: str) -> str:
    """Name of the asset check that shows whether a connection could be read."""
    return "read_" + re.sub(r"[^A-Za-z0-9]", "_", connection)


def _materializations(night: Night, specs: list[dg.AssetSpec]) -> Iterator[dg.MaterializeResult]:
    by_stream: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for state in night.streams:
        by_stream.setdefault((state["source"], state["stream"]), []).append(state)
    for spec in specs:
        source, stream = spec.key.path
        states = by_stream.get((source, stream), [])
        metadata: dict[str, Any] = {"as_of": night.as_of.isoformat()}
        if states:
            metadata["dagster/row_count"] = sum(state["rows"] for state in states)
            metadata["connections"] = {state["connection"]: state["status"] for state in states}
        yield dg.MaterializeResult(asset_key=spec.key, metadata=metadata)


def _check_results(night: Night, config: Config) -> Iterator[dg.AssetCheckResult]:
    from orchestration.night import connection_outcomes

    outcomes = {outcome["connection"]: outcome for outcome in connection_outcomes(night)}
    for connection in config.connections:
        outcome = outcomes.get(connection.name)
        key = [connection.source, SOURCES[connection.type].streams[0].name]
        if outcome is None:
            text, passed = "not read this night (--only)", True
        else:
            passed = outcome["status"] in ("ok", "not_available")
            text = "; ".join(f"{e['stream']}: {e['error']} {e['cure']}" for e in outcome["errors"]) or "read completely"
        yield dg.AssetCheckResult(
            check_name=read_check_name(connection.name),
            asset_key=key,
            passed=passed,
            severity=dg.AssetCheckSeverity.ERROR,
            description=text,
            metadata={"requests": outcome["requests"], "records": outcome["records"]} if outcome else {},
        )
