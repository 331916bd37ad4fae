"""Raw tables of a large simulated company, as ingestion would have loaded them, for the benchmark of the flow family.

`generate` writes issues with about ten status changes each (flow_company.sql, flow_items.sql: DuckDB draws them, by
hashes of the item and the seed), the small tables of a Jira (flow_reference.sql) and the company's configuration: 40
teams in 12 value streams over 30 projects, loaded by ingestion's own reader of organization files. `touch` is a
night's work: it changes a share of the issues.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ingestion.config import load_config
from ingestion.load import Warehouse
from ingestion.sources import SOURCES
from ingestion.stream import StreamRun
from ingestion.sync import sync_connection

HERE = Path(__file__).parent
AS_OF = datetime(2026, 7, 1, 2, tzinfo=UTC)
FIRST_DAY = date(2024, 7, 1)
SEED = 1
ITEMS_PER_STATEMENT = 50_000
FIRST_LOAD, NIGHT_LOAD = 1000, 2000
PROJECTS, TEAMS, VALUE_STREAMS = 30, 40, 12
PROJECTS_OF_ONE_TEAM = 20
WEEKDAY_HOLIDAYS = ("2024-12-25", "2025-01-01", "2025-05-01", "2025-10-03", "2025-12-25", "2026-01-01", "2026-05-01")

CONNECTIONS = """organization:
  name: Benchmark
  time_zone: Europe/Berlin
connections:
  - name: jira
    type: jira
    base_url: https://acme.atlassian.net
    user: benchmark@acme.example
    token_env: BENCHMARK_TOKEN
    projects: "*"
    start_date: 2024-07-01
  - name: organization
    type: organization_files
"""
STATUS_MAPPINGS = [
    ("", "Backlog", "new", "backlog", "0"), ("", "Selected for Development", "waiting", "ready", "10"),
    ("", "In Progress", "active", "development", "20"), ("", "Ready for Review", "waiting", "review", "30"),
    ("", "In Review", "active", "review", "30"), ("", "Ready for Test", "waiting", "test", "40"),
    ("", "In Test", "active", "test", "40"), ("", "Ready for Release", "waiting", "release", "50"),
    ("", "Done", "done", "done", "60"), ("", "Won't Do", "cancelled", "", ""), ("", "On Hold", "ignore", "", ""),
]  # fmt: skip
SMALL_WORKFLOW = [
    ("Inbox", "new", "backlog", "0"), ("Next Up", "waiting", "ready", "10"),
    ("Building", "active", "development", "20"), ("In Review", "waiting", "review", "30"),
    ("Peer Check", "active", "review", "30"), ("Verify", "active", "test", "40"), ("Shipped", "done", "done", "60"),
    ("Dropped", "cancelled", "", ""),
]  # fmt: skip
TYPE_MAPPINGS = [
    ("Epic", "", "", "feature", "initiative"), ("Story", "", "", "feature", "flow_item"),
    ("Task", "", "", "feature", "flow_item"), ("Bug", "", "", "defect", "flow_item"),
    ("Tech Debt", "", "", "debt", "flow_item"), ("Spike", "", "", "debt", "flow_item"),
    ("Security", "", "", "risk", "flow_item"), ("Sub-task", "", "", "feature", "subtask"),
    ("Task", "label", "tech-debt", "debt", "flow_item"), ("Task", "label", "compliance", "risk", "flow_item"),
    ("Bug", "label", "security", "risk", "flow_item"),
]  # fmt: skip


def generate(data: Path, items: int, *, as_of: datetime = AS_OF, seed: int = SEED) -> None:
    """Write DATA/warehouse/warehouse.duckdb with `items` issues and everything else the flow models read.

    0 items make the warehouse of the fixed cost: the same configuration, not one issue. Same arguments, same rows.
    """
    config = write_config(data / "config")
    path = data / "warehouse" / "warehouse.duckdb"
    with Warehouse(path, memory_limit="4GB") as warehouse:
        warehouse.ensure_tables()
        warehouse.write_settings(config, as_of)
        organization = config.connection("organization")
        runs = sync_connection(organization, config=config, data=data, warehouse=warehouse, as_of=as_of)
        assert all(run.status == "ok" for run in runs), {run.error for run in runs}
        _describe_company(warehouse, items, as_of, seed)
        _reference_tables(warehouse)
        draws = statements("flow_items.sql")
        for first in range(1, items + 1, ITEMS_PER_STATEMENT):
            set_variables(warehouse, first_item=first, end_item=min(first + ITEMS_PER_STATEMENT, items + 1))
            for statement in draws:
                warehouse.query(statement)
        _record_runs(warehouse, as_of)


def touch(data: Path, share: float, *, as_of: datetime = AS_OF + timedelta(days=1), seed: int = SEED) -> int:
    """The next night: `share` of all issues, drawn evenly over the whole history, move on; their number.

    A done issue is reopened and finished again, an open one is worked on and finished, all on the last day.
    """
    with Warehouse(data / "warehouse" / "warehouse.duckdb", memory_limit="4GB") as warehouse:
        warehouse.write_settings(load_config(data / "config", require_secrets=False), as_of)
        _describe_company(warehouse, 0, as_of, seed)
        set_variables(warehouse, share=share, night_load=NIGHT_LOAD)
        for statement in statements("flow_night.sql"):
            warehouse.query(statement)
        _record_runs(warehouse, as_of)
        return warehouse.query("select count(*) from touched")[0][0]


def write_config(folder: Path):
    """The company's connections.yml and organization/*.csv; the Config they make."""
    organization = folder / "organization"
    organization.mkdir(parents=True, exist_ok=True)
    (folder / "connections.yml").write_text(CONNECTIONS)
    teams = range(TEAMS)
    write_csv(organization / "teams.csv", "team_id,team_name,valid_from,valid_to",
         [(f"team-{t:02}", f"Team {t:02}", "", "") for t in teams])  # fmt: skip
    write_csv(organization / "value_streams.csv", "value_stream_id,value_stream_name,valid_from,valid_to",
         [(f"stream-{v:02}", f"Stream {v:02}", "", "") for v in range(VALUE_STREAMS)])  # fmt: skip
    write_csv(organization / "team_value_streams.csv", "team_id,value_stream_id,weight,valid_from,valid_to", _streams())
    write_csv(organization / "memberships.csv", "member_id,team_id,role,valid_from,valid_to", _memberships())
    holidays = [(day, "holiday", "Holiday") for day in WEEKDAY_HOLIDAYS]
    write_csv(organization / "calendar.csv", "date,kind,name", holidays)
    write_csv(organization / "work_rules.csv",
         "rule_order,connection,project,field,value,team_id,value_stream_id,weight,valid_from,valid_to",
         _work_rules())  # fmt: skip
    write_csv(organization / "unplanned_rules.csv", "connection,project,field,value,valid_from,valid_to",
         [("jira", "", "label", "interrupt", "", "")])  # fmt: skip
    small = [(_key(p), *row) for p in range(PROJECTS) if p % 10 == 9 for row in SMALL_WORKFLOW]
    write_csv(organization / "status_mappings.csv",
         "connection,project,issue_type,status,flow_state,stage,stage_order,valid_from,valid_to",
         [("jira", project, "", *rest, "", "") for project, *rest in [*STATUS_MAPPINGS, *small]])  # fmt: skip
    write_csv(organization / "type_mappings.csv",
         "connection,project,issue_type,condition_field,condition_value,flow_item_type,item_level,valid_from,valid_to",
         [("jira", "", *row, "", "") for row in TYPE_MAPPINGS])  # fmt: skip
    return load_config(folder, require_secrets=False)


def _streams() -> Iterable[Sequence[object]]:
    """Each team works for one value stream; one is shared by two, one moved in mid-2025."""
    for team in range(TEAMS):
        name, stream = f"team-{team:02}", f"stream-{team % VALUE_STREAMS:02}"
        if team == 7:
            yield from ((name, "stream-07", 0.6, "", ""), (name, "stream-08", 0.4, "", ""))
        elif team == 5:
            yield from ((name, "stream-05", 1, "", "2025-07-01"), (name, "stream-06", 1, "2025-07-01", ""))
        else:
            yield name, stream, 1, "", ""


def _memberships() -> Iterable[Sequence[object]]:
    """Five to eleven members a team, two in team 39; a tenth of them joined or left in between."""
    member = 0
    for team in range(TEAMS):
        for _ in range(2 if team == 39 else 5 + team % 7):
            member += 1
            joined = "2025-03-01" if member % 20 == 3 else ""
            left = "2025-11-01" if member % 20 == 13 else ""
            yield f"m{member:04}", f"team-{team:02}", "engineer", joined, left


def _work_rules() -> Iterable[Sequence[object]]:
    """Twenty projects of one team; ten of two teams, by component, and one component that both share."""
    for project in range(PROJECTS_OF_ONE_TEAM, PROJECTS):
        order, key = 10 * project, _key(project)
        first, second = f"team-{project:02}", f"team-{project + 10:02}"
        for component in (3, 4):
            name = f"Component {10200 + project * 6 + component}"
            yield order + component, "jira", key, "component", name, second, "", 1, "", ""
        shared = f"Component {10200 + project * 6 + 5}"
        yield order + 5, "jira", key, "component", shared, first, "", 0.5, "2025-01-01", ""
        yield order + 5, "jira", key, "component", shared, second, "", 0.5, "2025-01-01", ""
    yield 400, "jira", "", "label", "compliance", "team-00", "stream-00", 1, "2025-06-01", ""
    for project in range(PROJECTS):
        yield 500 + project, "jira", "", "project", _key(project), f"team-{project:02}", "", 1, "", ""


def _key(project: int) -> str:
    return f"PR{chr(65 + project // 26)}{chr(65 + project % 26)}"


def write_csv(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    """One organization file."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def _describe_company(warehouse: Warehouse, items: int, as_of: datetime, seed: int) -> None:
    set_variables(warehouse, seed=seed, items=items, first_load=FIRST_LOAD, as_of=as_of.replace(tzinfo=None),
         first_day=FIRST_DAY)  # fmt: skip
    for statement in statements("flow_company.sql"):
        warehouse.query(statement)


def _reference_tables(warehouse: Warehouse) -> None:
    text = (HERE / "flow_reference.sql").read_text()
    for name, query in re.findall(r"^-- (\w+)\n(select.+?);$", text, re.MULTILINE | re.DOTALL):
        warehouse.query(
            f"""insert into raw_jira."{name}" by name
            select 'jira' as connection, getvariable('as_of')::timestamp as fetched_at, 1 as load_id, *
            from ({query})"""
        )


def _record_runs(warehouse: Warehouse, as_of: datetime) -> None:
    names = [stream.name for stream in SOURCES["jira"].streams]
    warehouse.record_runs(StreamRun("jira", "jira", name, as_of, "ok") for name in names)


def set_variables(warehouse: Warehouse, **variables: object) -> None:
    """Session variables of the warehouse's connection, which the statements read."""
    for name, value in variables.items():
        warehouse.query(f"set variable {name} = {value!r}" if isinstance(value, int | float) else
                        f"set variable {name} = '{value}'")  # fmt: skip


def statements(file: str) -> list[str]:
    """A file's statements; none of them holds a semicolon at the end of a line inside."""
    return [part for part in re.split(r";\n", (HERE / file).read_text()) if part.strip()]
