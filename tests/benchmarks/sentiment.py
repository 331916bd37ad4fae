"""Benchmark of sentiment: suppression and all sentiment marts over large surveys. `make benchmark-sentiment`.

200 teams in 20 value streams, 20 waves, 60 items (a driver each, one of them eNPS), 40 respondents a team, in raw form.
dbt builds every sentiment mart and all it needs (models only), in one process. The limit is on that whole process,
which also reads the raw JSON and places ten million answers; the exit code is 1 where it is missed.
"""

import argparse
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from flow_builds import build, prepare
from flow_raw import AS_OF, CONNECTIONS, FIRST_LOAD, write_csv

from ingestion.config import load_config
from ingestion.load import Warehouse
from ingestion.sync import sync_connection

TEAMS, VALUE_STREAMS, WAVES, ITEMS, RESPONDENTS = 200, 20, 20, 60, 40
FAMILY = "+path:models/marts/sentiment"
LIMIT_SECONDS = 60
MEASURED = ("int_sentiment_", "fct_sentiment", "fct_enps", "fct_survey", "fct_perceived")
REQUIRED = {
    "work_rules": "rule_order,connection,project,field,value,team_id,value_stream_id,weight,valid_from,valid_to",
    "status_mappings": "connection,project,issue_type,status,flow_state,stage,stage_order,is_blocked,valid_from,"
    "valid_to",
    "type_mappings": "connection,project,issue_type,condition_field,condition_value,flow_item_type,item_level,"
    "valid_from,valid_to",
}
"""Organisation files that have to be there, of what this benchmark has nothing of."""


def generate(data: Path) -> None:
    """Write DATA/warehouse/warehouse.duckdb: an organisation, and what all of it answered in every wave."""
    config = _write_config(data / "config")
    with Warehouse(data / "warehouse" / "warehouse.duckdb", memory_limit="8GB") as warehouse:
        warehouse.ensure_tables()
        warehouse.write_settings(config, AS_OF)
        organization = config.connection("organization")
        runs = sync_connection(organization, config=config, data=data, warehouse=warehouse, as_of=AS_OF)
        assert all(run.status == "ok" for run in runs), {run.error for run in runs}
        fetched_at = AS_OF.replace(tzinfo=None)
        items = ",".join(
            f'{{"item":"i{item}","driver":"d{item}","kind":"{"likert" if item else "nps"}",'
            f'"scale_min":{1 if item else 0},"scale_max":{5 if item else 10},"reversed":{str(item % 7 == 6).lower()}}}'
            for item in range(ITEMS)
        )
        invited = ",".join(f'"team-{team:03}":{RESPONDENTS + 10}' for team in range(TEAMS))
        for wave in range(WAVES):
            day = AS_OF.date() - timedelta(days=30 + 80 * wave)
            payload = (
                f'{{"survey":"pulse","version":"1","wave":"w{wave:02}","wave_date":"{day}",'
                f'"closes_on":"{day + timedelta(days=10)}","items":[{items}],"invited":{{{invited}}}}}'
            )
            warehouse.query(
                "insert into raw_surveys.waves by name select 'surveys' as connection, $1 as id, $2::json as payload,"
                " $3::timestamp as fetched_at, $4 as load_id",
                [f"pulse:w{wave:02}", payload, fetched_at, FIRST_LOAD],
            )
            warehouse.query(
                f"""
                insert into raw_surveys.answers by name
                select
                    'surveys' as connection,
                    'pulse:w{wave:02}:' || team || '-' || person as id,
                    $1::timestamp as updated_at,
                    $2::timestamp as fetched_at,
                    $3 as load_id,
                    ('{{"survey":"pulse","wave":"w{wave:02}","team":"team-' || lpad(team::varchar, 3, '0')
                    || '","value_stream":null,"answers":{{' || string_agg(
                        '"i' || item || '":' || case
                            when hash(team, person, item, {wave}, 1) % 25 = 0 then 'null'
                            when item = 0 then (hash(team, person, item, {wave}) % 11)::varchar
                            else (1 + (hash(team, person, item, {wave}) % 25) ** 0.5)::integer::varchar
                        end, ','
                    ) || '}}}}')::json as payload
                from range({TEAMS}) as t (team), range({RESPONDENTS}) as p (person), range({ITEMS}) as i (item)
                group by team, person
                """,
                [day + timedelta(days=1), fetched_at, FIRST_LOAD],
            )


def _write_config(folder: Path):
    """The organisation alone: teams, value streams and who belongs to which; the Config they make."""
    organization = folder / "organization"
    organization.mkdir(parents=True, exist_ok=True)
    (folder / "connections.yml").write_text(CONNECTIONS)
    write_csv(organization / "teams.csv", "team_id,team_name,valid_from,valid_to",
              [(f"team-{t:03}", f"Team {t:03}", "", "") for t in range(TEAMS)])  # fmt: skip
    write_csv(organization / "value_streams.csv", "value_stream_id,value_stream_name,valid_from,valid_to",
              [(f"stream-{v:02}", f"Stream {v:02}", "", "") for v in range(VALUE_STREAMS)])  # fmt: skip
    write_csv(organization / "team_value_streams.csv", "team_id,value_stream_id,weight,valid_from,valid_to",
              [(f"team-{t:03}", f"stream-{t % VALUE_STREAMS:02}", 1, "", "") for t in range(TEAMS)])  # fmt: skip
    for name, header in REQUIRED.items():
        write_csv(organization / f"{name}.csv", header, [])
    return load_config(folder, require_secrets=False)


def run(data: Path) -> bool:
    """Generate, build, print; whether the limit holds."""
    generate(data)
    prepare(data)
    whole = build(data, select=FAMILY)
    measured = {name: seconds for name, seconds in whole.models.items() if name.startswith(MEASURED)}
    print("| model | seconds |\n|---|---|")
    for name, seconds in sorted(measured.items(), key=lambda item: -item[1]):
        print(f"| {name} | {seconds:.1f} |")
    total = sum(measured.values())
    print(f"| **suppression and sentiment marts** | {total:.1f} |")
    rest = sum(whole.models.values()) - total
    print(f"| the rest of the build: reading the raw JSON, placing the answers | {rest:.1f} |")
    print(f"| **whole `dbt run`**, {whole.megabytes:,.0f} MB at most (limit {LIMIT_SECONDS}) | {whole.seconds:.1f} |")
    return whole.seconds <= LIMIT_SECONDS


def main() -> int:
    """0 where the limit holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keep the data here (default: a temporary folder)")
    folder = parser.parse_args().folder
    if folder:
        return not run(folder)
    with tempfile.TemporaryDirectory() as temporary:
        return not run(Path(temporary))


if __name__ == "__main__":
    sys.exit(main())
