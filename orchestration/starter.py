"""`flowlight init`: a commented starter configuration for real systems. CSV headers come from ingestion's tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ingestion.sources.organization_tables import TABLES
from orchestration.errors import InputError

CONNECTIONS = """\
# Which systems Flowlight reads. Secrets never stand here: `token_env` names an environment variable.
# After every change: `flowlight check` shows what is wrong and what would map to what.

organization:
  name: Example
  time_zone: UTC            # days, weeks and months begin in it: Europe/Berlin, America/New_York, ...
  schedule: "0 2 * * *"     # the nightly (cron, in time_zone), for Dagster's daemon
  min_team_size: 3          # a smaller team gets no row of its own
  min_respondents: 5        # a survey cell with fewer respondents is never published
  # done_grace_minutes: 0   # an item that leaves Done within these minutes was a misclick
  # publish_titles: false   # whether published items carry their titles
  # keep_publications: 5

connections:
  - name: jira              # becomes part of every key: several Jiras may coexist
    type: jira
    base_url: https://example.atlassian.net
    user: bot@example.com   # the account of the token; it must be able to browse the projects
    token_env: JIRA_TOKEN   # https://id.atlassian.com/manage-profile/security/api-tokens
    projects: [SHOP, PAY]   # or "*"
    start_date: 2025-01-01  # load everything changed since, and what was open then
    # fields:               # custom fields that are not found by themselves, by id or name
    #   story_points: customfield_10016
    #   anticipated_outcome: Anticipated outcome

  - name: github
    type: github
    base_url: https://api.github.com     # Enterprise Server: https://HOST/api/v3
    token_env: GITHUB_TOKEN # read access to contents, pull requests, issues, deployments, metadata
    repositories: [acme/checkout, "acme/*"]
    start_date: 2025-01-01

  - name: surveys           # result files, each described by a YAML file beside it
    type: survey_files
    path: surveys           # relative to this file

  - name: organization      # teams, value streams, services, mappings: dated CSV files
    type: organization_files
    path: organization
"""

# Values by the table's column order without its dates, which are left blank: since ever, until further notice.
EXAMPLE_ROWS: dict[str, list[dict[str, str]]] = {
    "teams": [
        {"team_id": "checkout", "team_name": "Checkout"},
        {"team_id": "payments", "team_name": "Payments"},
    ],
    "value_streams": [{"value_stream_id": "buying", "value_stream_name": "Buying"}],
    "team_value_streams": [
        {"team_id": "checkout", "value_stream_id": "buying", "weight": "1"},
        {"team_id": "payments", "value_stream_id": "buying", "weight": "1"},
    ],
    "services": [{"service_id": "checkout-web", "service_name": "Checkout web"}],
    "service_owners": [{"service_id": "checkout-web", "team_id": "checkout"}],
    "repository_services": [{"repository": "acme/checkout", "service_id": "checkout-web"}],
    "deployment_rules": [{"environment_pattern": "production*"}],
    "work_rules": [
        {"rule_order": "1", "field": "project", "value": "SHOP", "team_id": "checkout", "weight": "1"},
        {"rule_order": "2", "field": "project", "value": "PAY", "team_id": "payments", "weight": "1"},
    ],
    "status_mappings": [
        {"status": status, "flow_state": state, "stage": stage, "stage_order": order}
        for status, state, stage, order in (
            ("Backlog", "new", "backlog", "1"),
            ("To Do", "new", "backlog", "1"),
            ("Selected for Development", "waiting", "development", "2"),
            ("In Progress", "active", "development", "2"),
            ("Blocked", "waiting", "development", "2"),
            ("In Review", "active", "review", "3"),
            ("Done", "done", "done", "4"),
            ("Closed", "done", "done", "4"),
            ("Won't Do", "cancelled", "done", "4"),
        )
    ],
    "type_mappings": [
        {"issue_type": issue_type, "flow_item_type": flow_item_type, "item_level": level}
        for issue_type, flow_item_type, level in (
            ("Story", "feature", "flow_item"),
            ("Task", "feature", "flow_item"),
            ("Bug", "defect", "flow_item"),
            ("Epic", "feature", "initiative"),
            ("Sub-task", "feature", "subtask"),
        )
    ],
    "bots": [{"pattern": "*[bot]", "note": "GitHub apps"}],
}


def write_starter(folder: Path) -> list[Path]:
    """Write connections.yml, organization/*.csv with example rows and an empty surveys/; the files written.

    Raises InputError rather than write over a configuration that is there.
    """
    try:
        if (folder / "connections.yml").exists() or (folder / "organization").exists():
            raise InputError(f"{folder} holds a configuration already; name another folder: flowlight init FOLDER")
        (folder / "organization").mkdir(parents=True)
        (folder / "surveys").mkdir(exist_ok=True)
        written = [folder / "connections.yml"]
        written[0].write_text(CONNECTIONS)
        for table in TABLES:
            path = folder / "organization" / f"{table.name}.csv"
            columns = [column.name for column in table.columns]
            text = io.StringIO()
            writer = csv.DictWriter(text, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(EXAMPLE_ROWS.get(table.name, []))
            path.write_text(text.getvalue())
            written.append(path)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); name a folder of your own") from error
    return written
