"""A small installation: three marts over the organisation files, so that a whole night takes seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

from ingestion.starter import write_starter
from orchestration.settings import PROJECT_ROOT

CONNECTIONS = """\
organization:
  name: Mini
connections:
  - name: organization
    type: organization_files
"""

FILES = {
    "dbt_project.yml": """\
name: flowlight
version: 0.1.0
config-version: 2
profile: flowlight
model-paths: [models]
macro-paths: [macros]
models:
  flowlight:
    +materialized: table
    staging:
      +schema: staging
    marts:
      +database: marts
      +contract: {enforced: true}
      core:
        +schema: core
""",
    "models/staging/sources.yml": """\
version: 2
sources:
  - name: organization
    schema: raw_organization
    tables: [{name: teams}]
  - name: ingestion
    schema: raw_ingestion
    tables: [{name: settings}, {name: stream_runs}]
""",
    "models/staging/stg_organization__teams.sql": """\
select payload ->> 'team_id' as team_id, payload ->> 'team_name' as team_name
from {{ source('organization', 'teams') }}
""",
    "models/staging/stg_organization__teams.yml": """\
version: 2
models:
  - name: stg_organization__teams
    columns:
      - name: team_id
        data_tests: [not_null, unique]
      - name: team_name
        data_tests:
          - not_null
          - accepted_values: {arguments: {values: [Checkout, Payments]}, config: {severity: warn}}
""",
    "models/marts/core/dim_dates.sql": """\
select cast(as_of as date) as date from {{ source('ingestion', 'settings') }}
""",
    "models/marts/core/metric_catalogue.sql": "select 'teams' as metric\n",
    "models/marts/core/fct_metric_values.sql": """\
select 'teams' as metric, cast(count(*) as bigint) as value, 'ok' as data_quality
from {{ ref('stg_organization__teams') }}
""",
    "models/marts/core/marts.yml": """\
version: 2
models:
  - name: dim_dates
    description: One row per date.
    columns: [{name: date, data_type: date}]
  - name: metric_catalogue
    description: One row per metric.
    columns: [{name: metric, data_type: varchar}]
  - name: fct_metric_values
    description: One row per metric.
    columns:
      - {name: metric, data_type: varchar, data_tests: [unique]}
      - {name: value, data_type: bigint}
      - {name: data_quality, data_type: varchar}
""",
}


def write_mini(root: Path) -> None:
    """Write `root`/dbt_project and `root`/config."""
    project = root / "dbt_project"
    for name, text in FILES.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("profiles.yml", "macros/generate_schema_name.sql"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT_ROOT / "dbt_project" / name, project / name)
    write_starter(root / "config")
    (root / "config" / "connections.yml").write_text(CONNECTIONS)
