"""`flowlight check`: what a deployment of each service is, and how many deployments that matched lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from rich.console import Console

from ingestion.sources.github_actions import may_deploy
from orchestration.check_output import UNMAPPED, new_table, plain, print_table
from orchestration.last_night import LastNight
from orchestration.sandbox_process import iso

Row = Mapping[str, Any]

DAYS = 90
COUNTED = f"""
    deployments.is_production and deployments.outcome in ('success', 'failure')
    and deployments.occurred_at > $1::timestamp - interval {DAYS} day
"""
BY_SERVICE = f"""
select service_id, count(distinct deployment_key) from intermediate.int_deployments as deployments
where {COUNTED}
group by all
"""
BY_REPOSITORY = f"""
select repositories.name_with_owner, count(distinct deployments.deployment_key)
from intermediate.int_repositories as repositories
left join intermediate.int_deployments as deployments
    on repositories.repository_key = deployments.repository_key and {COUNTED}
where not repositories.is_archived
group by all
order by all
"""
WORKFLOWS = """
select distinct connection, workflow_name, workflow_path from staging.stg_github__workflow_runs order by all
"""


@dataclass(frozen=True, slots=True)
class Matched:
    """What the rules of the night of `as_of` matched in the days before it.

    services, repositories: number of deployments. workflows: (connection, name, file) of all that ever ran.
    """

    as_of: datetime
    rules: Sequence[Row]
    services: Mapping[str | None, int]
    repositories: Mapping[str, int]
    workflows: Sequence[tuple[str, str | None, str | None]]


def matched(night: LastNight) -> Matched:
    """Count by the last night; raises NotThere where it did not get that far."""
    as_of = night.as_of.replace(tzinfo=None)
    return Matched(
        night.as_of,
        night.organization("deployment_rules"),
        dict(night.rows(BY_SERVICE, [as_of])),
        dict(night.rows(BY_REPOSITORY, [as_of])),
        [(connection, name, path) for connection, name, path in night.rows(WORKFLOWS)],
    )


def show_deployment_rules(
    organization: Mapping[str, Sequence[Row]], on: date, found: Matched | None, console: Console
) -> None:
    """Every service with its rule of a day and the deployments it matched; the repositories without any."""
    services = _in_force(organization.get("services", ()), on)
    if not services:
        return
    rules = organization.get("deployment_rules", ())
    table = new_table("service", "what a deployment is", f"last {DAYS} days")
    for service in services:
        count = "known after the first night" if found is None else f"{found.services.get(service['service_id'], 0):,}"
        rule = _words(rules_of(service["service_id"], rules, on))
        table.add_row(*plain(service["service_name"]), *(plain(rule) if rule else [UNMAPPED]), count)
    print_table("service -> deployments", table, console)
    if found is None:
        return
    if _bare(found.rules) != _bare(rules):
        console.print(f"deployment_rules.csv has changed since the night of {iso(found.as_of)}: the counts are its own")
    silent = [name for name, count in found.repositories.items() if not count]
    if silent:
        console.print(f"repositories without a deployment in {DAYS} days: {', '.join(silent)}", markup=False)
    console.print()


def unread_workflows(
    rules: Sequence[Row], on: date, connections: Sequence[Any], found: Matched | None
) -> list[str]:  # fmt: skip
    """A sentence on every rule that names a workflow whose jobs are not read, or one that never ran.

    connections: those of GitHub. Before the first night a pattern is taken for a name.
    """
    sentences = []
    for row in _in_force(rules, on):
        if row["method"] != "workflow":
            continue
        place, pattern = f"deployment_rules.csv:{row['_line']}", row["workflow_pattern"].lower()
        known = [(each.name, pattern, pattern) for each in connections] if found is None else found.workflows
        named = [each for each in known if may_deploy([pattern], *each[1:]) or found is None]
        if not named:
            sentences.append(f"{place}: no workflow '{row['workflow_pattern']}' has run yet")
        unread = {
            (connection.name, name if found is None else (path or name or "").split("@")[0].rsplit("/", 1)[-1])
            for connection in connections
            for owner, name, path in named
            if owner == connection.name
            and not may_deploy([each.lower() for each in connection.deploy_workflows], name, path)
        }
        if row["job_pattern"] and unread and (found is not None or len(unread) == len(connections)):
            names = ", ".join(f"{file} to deploy_workflows of {connection}" for connection, file in sorted(unread))
            sentences.append(f"{place}: the jobs of what it names are not read; add {names} in connections.yml")
    return sentences


def rules_of(service: str | None, rules: Sequence[Row], on: date) -> list[Row]:
    """The rules that hold for a service on a day: its own, else those for any service."""
    known = _in_force(rules, on)
    own = [row for row in known if row["service_id"] == service]
    return own or [row for row in known if row["service_id"] is None]


def _in_force(rows: Sequence[Row], on: date) -> list[Row]:
    day = on.isoformat()
    return [r for r in rows if (r.get("valid_from") or "0001-01-01") <= day < (r.get("valid_to") or "9999-12-31")]


def _words(rules: Sequence[Row]) -> str:
    """`records in production*`, `jobs deploy-* of ship.yml`, `tags v*`."""
    shown = []
    for row in rules:
        match row["method"]:
            case "deployments":
                shown.append(f"records in {row['environment_pattern']}")
            case "workflow" if row["job_pattern"]:
                shown.append(f"jobs {row['job_pattern']} of {row['workflow_pattern']}")
            case "workflow":
                shown.append(f"runs of {row['workflow_pattern']}")
            case "merge":
                shown.append("merges to the default branch")
            case method:
                shown.append(f"{method}s {row['tag_pattern'] or '*'}")
    return ", ".join(shown)


def _bare(rules: Sequence[Row]) -> list[dict[str, Any]]:
    """The rules without their lines; a night from before there were methods had records only."""
    bare = [{"method": "deployments"} | {k: v for k, v in row.items() if v and k != "_line"} for row in rules]
    return sorted(bare, key=str)
