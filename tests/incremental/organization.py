"""The small organisation's files (CSV tables, connections.yml, a survey) as rows that tests change and write again."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion.sources.organization_tables import TABLES
from tests.incremental import portfolio

Row = dict[str, Any]
SCALE = {"Strongly disagree": 1, "Disagree": 2, "Neither": 3, "Agree": 4, "Strongly agree": 5}
SIZES = {"alpha": 6, "beta": 5, "gamma": 4, "delta": 2, "epsilon": 2}
SERVICES, TEAMS_OF_SERVICES = ("web", "ledger", "till"), ("alpha", "beta", "gamma")  # till has no repository
ITEMS = {"speed": "speed_of_delivery", "quality": "quality", "interruptions": "interruptions"}  # with their drivers
RECOMMENDS = "enps"
ONE_FILE = "till.jsonl"

STATES = (  # status id, flow state, stage, order
    ("1", "new", "backlog", 0), ("2", "waiting", "ready", 10), ("3", "active", "development", 20),
    ("4", "waiting", "review", 30), ("5", "active", "test", 40), ("6", "done", "done", 60),
    ("7", "cancelled", None, None), ("8", "ignore", None, None),
)  # fmt: skip
TYPE_LEVELS = (
    ("100", "feature", "initiative"), ("101", "feature", "flow_item"), ("102", "defect", "flow_item"),
    ("103", "debt", "flow_item"), ("104", "risk", "flow_item"), ("105", "feature", "subtask"),
    ("107", None, "objective"), ("108", None, "key_result"),
)  # fmt: skip
WORK_RULES = (  # order, project, field, value, team, value stream, weight
    (10, "APP", "component", "Web", "alpha", None, "0.5"), (10, "APP", "component", "Web", "beta", None, "0.5"),
    (20, "PAY", "label", "payout", "gamma", None, None), (22, None, "label", "goal-alpha", "alpha", None, None),
    (25, None, "label", "shared", None, "money", None),
    (30, None, "team", "Delta", "delta", None, None), (40, None, "team", "Epsilon", "epsilon", None, None),
    (50, None, "project", "APP", "alpha", None, None), (60, None, "project", "PAY", "beta", None, None),
)  # fmt: skip


@dataclass
class Organization:
    """What its people write into files. `settings`: the part `organization:` of connections.yml.

    taken_away: files of initiatives that are not there any more.
    """

    start: date
    settings: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    waves: list[Row] = field(default_factory=list)
    answers: dict[str, list[Row]] = field(default_factory=dict)
    inbox: dict[str, dict[str, Row]] = field(
        default_factory=lambda: {"deployments": {}, "incidents": {}, "initiatives": {}, "security_findings": {}}
    )
    taken_away: set[str] = field(default_factory=set)

    def remap(
        self, table: str, of: Callable[[Row], bool], on: date | None, *, keep: bool = False, **values: Any
    ) -> list[Row]:
        """Change the rows in force that `of` names: from a day on (a dated change), or with None always so.

        keep: the old row goes on; only new ones are added. Returns the rows that hold the new values.
        """
        changed = []
        for row in [row for row in self.tables[table] if of(row) and not row.get("valid_to")]:
            if on is None:
                row |= values
                changed.append(row)
            elif not row.get("valid_from") or row["valid_from"] < on.isoformat():
                new = {**row, **values, "valid_from": on.isoformat()}
                if not keep:
                    row["valid_to"] = on.isoformat()
                self.tables[table].append(new)
                changed.append(new)
        return changed

    def write(self, folder: Path) -> None:
        """Write connections.yml, organization/*.csv and surveys/* into a configuration folder."""
        (folder / "organization").mkdir(parents=True, exist_ok=True)
        (folder / "surveys").mkdir(exist_ok=True)
        for table in TABLES:
            if table.name in self.tables:
                columns = [column.name for column in table.columns]
                _write(folder / "organization" / f"{table.name}.csv", columns, self.tables[table.name])
        _write_if_new(folder / "connections.yml", self._connections())
        _write_if_new(folder / "surveys" / "pulse.yml", self._survey())
        for wave, rows in self.answers.items():
            _write(folder / "surveys" / f"pulse-{wave}.csv", ["Who", "When", "Team", *ITEMS, RECOMMENDS], rows)
        for kind, records in self.inbox.items():
            place = folder / "inbox" / kind
            place.mkdir(parents=True, exist_ok=True)
            for name in portfolio.FILES if kind == "initiatives" else (ONE_FILE,):
                told = [each for id_, each in records.items() if name == ONE_FILE or portfolio.file_of(id_) == name]
                _write_if_new(place / name, "".join(json.dumps(record) + "\n" for record in told))
                if name in self.taken_away:
                    (place / name).unlink()

    def _connections(self) -> str:
        settings = "".join(f"  {name}: {value}\n" for name, value in self.settings.items())
        start = self.start.isoformat()
        return f"""organization:
{settings}connections:
  - {{name: jira, type: jira, base_url: https://small.atlassian.net, user: bot@example.com, token_env: SMALL_TOKEN,
     projects: "*", start_date: {start}}}
  - {{name: github, type: github, token_env: SMALL_TOKEN, repositories: ["small/*"], start_date: {start}}}
  - {{name: inbox, type: inbox}}
  - {{name: surveys, type: survey_files}}
  - {{name: organization, type: organization_files}}
"""

    def _survey(self) -> str:
        labels = "{" + ", ".join(f"{text}: {value}" for text, value in SCALE.items()) + "}"
        items = "".join(
            f"  - {{item: {name}, driver: {driver}, column: {name}, kind: likert, labels: {labels}}}\n"
            for name, driver in ITEMS.items()
        )
        items += f"  - {{item: {RECOMMENDS}, driver: enps, column: {RECOMMENDS}, kind: nps}}\n"
        waves = "".join(
            f"  - {{wave: {wave['wave']}, wave_date: {wave['wave_date']}, closes_on: {wave['closes_on']}, "
            f"file: pulse-{wave['wave']}.csv, invited: {wave['invited']}}}\n"
            for wave in self.waves
        )
        return (
            f"survey: pulse\nversion: 1\nrespondent: Who\nsubmitted_at: When\nteam: {{column: Team}}\n"
            f"items:\n{items}waves:\n{waves}"
        )

    def open_wave(self, name: str, on: date, closes_on: date) -> None:
        """Declare a wave of the survey, without answers."""
        invited = "{" + ", ".join(f"{team}: {size}" for team, size in SIZES.items()) + "}"
        wave = {"wave": name, "wave_date": on.isoformat(), "closes_on": closes_on.isoformat(), "invited": invited}
        self.waves.append(wave)
        self.answers[name] = []

    def answer(self, wave: str, who: str, team: str, at: datetime, scores: list[int]) -> None:
        """Put a response into a wave's file; one that a respondent gave before is replaced. The happier recommend."""
        texts = {value: text for text, value in SCALE.items()}
        row = {"Who": who, "When": f"{at:%Y-%m-%dT%H:%M:%SZ}", "Team": team}
        row |= {item: texts[score] for item, score in zip(ITEMS, scores, strict=True)}
        row[RECOMMENDS] = sum(scores) * 2 // 3
        self.answers[wave] = [each for each in self.answers[wave] if each["Who"] != who] + [row]


def small_organization(start: date) -> Organization:
    """Five teams (two of them small) in two value streams, three services, and the mappings of the small tracker."""
    streams = {"alpha": "shop", "beta": "money", "gamma": "money", "delta": "shop", "epsilon": "shop"}
    rules = [
        dict(zip(("rule_order", "project", "field", "value", "team_id", "value_stream_id", "weight"), row, strict=True))
        for row in WORK_RULES
    ]
    tables: dict[str, list[Row]] = {
        "teams": [{"team_id": team, "team_name": team.title()} for team in SIZES],
        "value_streams": [{"value_stream_id": id_, "value_stream_name": id_.title()} for id_ in ("shop", "money")],
        "team_value_streams": [{"team_id": team, "value_stream_id": stream} for team, stream in streams.items()],
        "operating_models": [{"team_id": "alpha", "operating_model": "em_led"}],
        "memberships": [
            {"member_id": f"{team}-{number}", "team_id": team} for team, size in SIZES.items() for number in range(size)
        ],
        "services": [{"service_id": id_, "service_name": id_.title()} for id_ in SERVICES],
        "service_owners": [
            {"service_id": service, "team_id": team} for service, team in zip(SERVICES, TEAMS_OF_SERVICES, strict=True)
        ],
        "repair_rules": [{"kind": "hotfix", "field": "branch", "pattern": "hotfix/*"}],
        "incident_severities": [{"severity": "low", "is_incident": "no"}],
        "security_severities": [
            {"severity": "high", "sla_days": "7", "is_counted": "yes"}, {"severity": "low", "is_counted": "no"},
        ],
        "repository_services": [
            {"repository": "small/web", "service_id": "web"}, {"repository": "small/ledger", "service_id": "ledger"},
        ],
        "generated_files": [
            {"pattern": "*.lock", "is_generated": "yes"},
            {"repository": "small/ledger", "pattern": "docs/", "is_generated": "no"},
        ],
        "deployment_rules": [{"environment_pattern": "production*"}],
        "work_rules": rules,
        "status_mappings": [
            {"status": id_, "flow_state": state, "stage": stage, "stage_order": order}
            for id_, state, stage, order in STATES
        ] + [{"project": "OPS", "status": "2", "flow_state": "waiting", "stage": "ready", "stage_order": 10,
              "is_blocked": "yes"}],
        "type_mappings": [
            {"issue_type": id_, "flow_item_type": type_, "item_level": level} for id_, type_, level in TYPE_LEVELS
        ] + [{"issue_type": "101", "condition_field": "label", "condition_value": "security",
              "flow_item_type": "risk", "item_level": "flow_item"}],
        "unplanned_rules": [{"field": "label", "value": "interrupt"}],
        "incident_services": [
            {"connection": "jira", "tool_service": "Web", "service_id": "web"},
            {"tool_service": "payout", "service_id": "ledger"},
            {"connection": "jira", "tool_service": "Ledger", "service_id": "ledger"},
            {"connection": "jira", "tool_service": "OPS", "service_id": "till"},
        ],
        "defect_rules": [
            {"kind": "incident", "issue_type": "103", "condition_field": "component", "condition_value": "Web"},
            {"kind": "incident", "issue_type": "103", "condition_field": "label", "condition_value": "payout"},
            {"kind": "security", "issue_type": "104"},
            {"kind": "security", "condition_field": "label", "condition_value": "security", "severity": "high"},
            {"kind": "escaped", "issue_type": "102", "condition_field": "found_in", "condition_value": "production"},
        ],
        "bots": [{"pattern": "dependabot*", "note": "updates"}],
        **_purpose(start),
        "calendar": [{"date": start.isoformat(), "kind": "holiday", "name": "First day"}],
    }  # fmt: skip
    settings = {"name": "Small", "time_zone": "Europe/Berlin", "min_team_size": 3, "done_grace_minutes": 0}
    return Organization(start, settings, tables)


def _purpose(start: date) -> dict[str, list[Row]]:
    """Three key results, one of a small team, with check-ins into the time to come; costs of four teams; categories."""

    def day(number: int) -> str:
        return (start + timedelta(days=number)).isoformat()

    spans = {"starts_on": day(0), "ends_on": day(364)}
    owners = (("O-1", "company", None), ("O-2", "team", "alpha"), ("O-3", "team", "delta"))
    key_results = (("KR-1", "O-1", 1, 2, 0), ("KR-2", "O-2", 40, 10, 30), ("KR-3", "O-3", 0, 5, 0),
                   ("OKR-7", "O-2", 1, 3, 0))  # fmt: skip
    costs = (("alpha", 0, 60, "60000.01"), ("alpha", 61, 200, "150000"), ("beta", 10, 200, "99999.99"),
             ("gamma", 0, 200, "77777.77"), ("delta", 0, 200, "1000.10"))  # fmt: skip
    return {
        "objectives": [
            {"objective_id": id_, "objective_name": id_, "level": level, "owner_id": owner, **spans,
             "parent_objective_id": None if id_ == "O-1" else "O-1"}
            for id_, level, owner in owners
        ],
        "key_results": [
            {"key_result_id": id_, "key_result_name": f"Result {id_}", "objective_id": objective, "baseline": baseline,
             "target": target, "starts_on": day(first), "ends_on": day(364)}
            for id_, objective, baseline, target, first in key_results
        ],
        "key_result_check_ins": [
            {"key_result_id": "KR-1", "date": day(number), "value": 1 + number / 200, "confidence": "0.5"}
            for number in range(20, 300, 23)
        ] + [{"key_result_id": "KR-2", "date": day(35), "value": 31}],
        "team_costs": [
            {"team_id": team, "starts_on": day(first), "ends_on": day(last), "amount": amount, "currency": "EUR"}
            for team, first, last, amount in costs
        ],
        "work_categories": [
            {"issue_type": "101", "work_category": "capitalised"},
            {"issue_type": "101", "condition_field": "label", "condition_value": "security", "work_category": "upkeep"},
            {"issue_type": "103", "work_category": "upkeep", "valid_from": day(40)},
        ],
    }  # fmt: skip


def _write(path: Path, columns: list[str], rows: list[Row]) -> None:
    lines = [[("" if row.get(column) is None else str(row[column])) for column in columns] for row in rows]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *lines])


def _write_if_new(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
