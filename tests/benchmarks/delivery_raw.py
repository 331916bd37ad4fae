"""Raw tables of a large simulated company's pull requests, for the benchmark of delivery and quality.

`generate` writes pull requests with about ten commits each, half as many deployments, runs and incidents
(delivery_items.sql: DuckDB draws them) beside the configuration of flow_raw.py with 30 services over 40 repositories.
`live_on` is a night: half a percent more pull requests, and all that became of the open ones in a day.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import flow_raw
from flow_raw import AS_OF, FIRST_DAY, FIRST_LOAD, NIGHT_LOAD, SEED

from ingestion.config import load_config
from ingestion.load import Warehouse
from ingestion.sources import SOURCES
from ingestion.stream import StreamRun
from ingestion.sync import sync_connection

REPOSITORIES, SERVICES = 40, 30
NIGHT_SHARE = 0.005
TABLES = {
    "github": ("repositories", "commits", "pull_requests", "deployments", "workflow_runs"),
    "pagerduty": ("services", "incidents"),
}
FURTHER_CONNECTIONS = """  - name: github
    type: github
    base_url: https://api.github.com
    token_env: BENCHMARK_TOKEN
    repositories: ["acme/*"]
    start_date: 2024-07-01
  - name: pagerduty
    type: pagerduty
    base_url: https://api.pagerduty.com
    token_env: BENCHMARK_TOKEN
    start_date: 2024-07-01
"""


def generate(data: Path, pulls: int, *, as_of: datetime = AS_OF) -> None:
    """Write DATA/warehouse/warehouse.duckdb with `pulls` pull requests and all that delivery and quality read of them.

    Same arguments, same rows.
    """
    config = _write_config(data / "config")
    with Warehouse(data / "warehouse" / "warehouse.duckdb", memory_limit="8GB") as warehouse:
        warehouse.ensure_tables()
        warehouse.write_settings(config, as_of)
        organization = config.connection("organization")
        runs = sync_connection(organization, config=config, data=data, warehouse=warehouse, as_of=as_of)
        assert all(run.status == "ok" for run in runs), {run.error for run in runs}
        _draw(warehouse, pulls, as_of, FIRST_LOAD)


def live_on(data: Path, pulls: int, *, as_of: datetime = AS_OF + timedelta(days=1)) -> int:
    """The same company a day later; the number of rows that are new or changed, which alone carry the night's load."""
    with Warehouse(data / "warehouse" / "warehouse.duckdb", memory_limit="8GB") as warehouse:
        warehouse.write_settings(load_config(data / "config", require_secrets=False), as_of)
        tables = [f"raw_{source}.{name}" for source, names in TABLES.items() for name in names]
        for number, table in enumerate(tables):
            warehouse.query(f"create or replace temp table before_{number} as select id, payload from {table}")
            warehouse.query(f"delete from {table}")
        _draw(warehouse, pulls, as_of, NIGHT_LOAD)
        for number, table in enumerate(tables):
            warehouse.query(
                f"""update {table} as now set load_id = {FIRST_LOAD}
                from before_{number} as before where now.id = before.id and now.payload = before.payload"""
            )
        counts = [warehouse.query(f"select count(*) from {t} where load_id = {NIGHT_LOAD}")[0][0] for t in tables]
        return sum(counts)


def _draw(warehouse: Warehouse, pulls: int, as_of: datetime, load: int) -> None:
    variables: dict[str, object] = {
        "seed": SEED, "pulls": pulls, "night_pulls": round(pulls * NIGHT_SHARE), "first_day": FIRST_DAY,
        "last_day": AS_OF.replace(tzinfo=None), "as_of": as_of.replace(tzinfo=None), "load": load,
    }  # fmt: skip
    flow_raw.set_variables(warehouse, **variables)
    for statement in flow_raw.statements("delivery_items.sql"):
        warehouse.query(statement)
    warehouse.record_runs(
        StreamRun(source, source, stream.name, as_of, "ok")
        for source in ("jira", *TABLES)
        for stream in SOURCES[source].streams
    )


def _write_config(folder: Path):
    """flow_raw's organisation with services, their repositories and owners, and rules; the Config they make."""
    flow_raw.write_config(folder)
    (folder / "connections.yml").write_text(flow_raw.CONNECTIONS + FURTHER_CONNECTIONS)
    organization = folder / "organization"
    services = range(SERVICES)
    tables: dict[str, tuple[str, Iterable[Sequence[object]]]] = {
        "services": ("service_id,service_name,incident_window_hours,valid_from,valid_to",
                     [(f"service-{s:02}", f"Service {s:02}", "", "", "") for s in services]),
        "repository_services": ("connection,repository,service_id,valid_from,valid_to",
                                [("github", f"acme/repository-{r:02}", f"service-{r % SERVICES:02}", "", "")
                                 for r in range(REPOSITORIES)]),
        "service_owners": ("service_id,team_id,valid_from,valid_to",
                           [(f"service-{s:02}", f"team-{s:02}", "", "") for s in services]),
        "deployment_rules": ("service_id,method,environment_pattern,workflow_pattern,job_pattern,tag_pattern,"
                             "valid_from,valid_to", [("", "deployments", "production*", "", "", "", "", "")]),
        "repair_rules": ("connection,kind,field,pattern,valid_from,valid_to",
                         [("", "hotfix", "branch", "hotfix/*", "", "")]),
        "incident_services": ("connection,tool_service,service_id,valid_from,valid_to",
                              [("pagerduty", f"Service {s:02}", f"service-{s:02}", "", "") for s in services]),
        "incident_severities": ("connection,severity,is_incident,valid_from,valid_to",
                                [("pagerduty", "P5", "no", "", "")]),
        "bots": ("pattern,note", [("acme-ci*", "releases")]),
    }  # fmt: skip
    for name, (header, rows) in tables.items():
        flow_raw.write_csv(organization / f"{name}.csv", header, rows)
    return load_config(folder, require_secrets=False)
