"""Two survey tools with a form each, the YAML that declares them, and nights over both."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import SecretStr

from ingestion.connections import QualtricsConnection, TypeformConnection
from ingestion.landing import read_page
from ingestion.load import Warehouse
from ingestion.organization_settings import OrganizationSettings
from ingestion.stream import StreamRun
from ingestion.sync import sync_connection
from sandbox.server import Server
from sandbox.world import QualtricsSurvey, QualtricsWorld, TypeformForm, TypeformWorld, World
from tests.ingestion.nights import SECRET

CLOCK = datetime(2026, 3, 20, 2, tzinfo=UTC)
CONTRACTS = Path(__file__).resolve().parents[2] / "sandbox"
FREE_TEXT = "Ann helps everybody, but who helps Ann?"
TYPEFORM_YAML = """
survey: pulse
team: {column: team, values: {check-out: checkout}}
respondent: employee
items:
  - {item: speed, driver: speed_of_delivery, column: How fast are we?, labels: {Slow: 1, Fast: 5}}
  - {item: focus, driver: interruptions, column: focus_ref, reversed: true}
  - {item: enps, driver: enps, column: Would you recommend us?, kind: nps}
  - {item: pair, driver: belonging, column: Do you pair?, kind: yes_no, optional: true}
waves:
  - {wave: "2026-Q1", wave_date: 2026-02-02, closes_on: 2026-02-13, file: u6nXL7, invited: {checkout: 9}}
  - {wave: "2026-Q1b", wave_date: 2026-03-02, closes_on: 2026-03-13, file: u6nXL7}
  - {wave: "2026-Q2", wave_date: 2026-05-04, closes_on: 2026-05-15, file: u6nXL7}
"""
QUALTRICS_YAML = """
survey: pulse
team: {column: Team}
items:
  - {item: speed, driver: speed_of_delivery, column: Q1}
  - {item: tools, driver: tooling, column: "Our tools help us."}
waves:
  - {wave: "2026-Q1", wave_date: 2026-02-02, closes_on: 2026-02-13, file: SV_1}
"""
FORM = {
    "id": "u6nXL7", "title": "Pulse", "hidden": ["team", "employee"],
    "fields": [
        {"id": "f1", "ref": "speed_ref", "title": "How fast are we?", "type": "multiple_choice"},
        {"id": "g1", "ref": "group", "title": "Your days", "type": "group", "properties": {"fields": [
            {"id": "f2", "ref": "focus_ref", "title": "Am I interrupted?", "type": "opinion_scale"},
            {"id": "f5", "ref": "words_ref", "title": "Anything else?", "type": "long_text"},
        ]}},
        {"id": "f3", "ref": "enps_ref", "title": "Would you recommend us?", "type": "nps"},
        {"id": "f4", "ref": "pair_ref", "title": "Do you pair?", "type": "yes_no"},
    ],
}  # fmt: skip


def valid(vendor: str, part: str, value: Any) -> Any:
    """The value, once it is held against a part of the vendor's contract."""
    contract = json.loads((CONTRACTS / f"{vendor}_contract.json").read_text())
    Draft202012Validator({**contract, "$ref": f"#/$defs/{part}"}).validate(value)
    return value


def answered(token: str, at: str, team: str | None = "check-out", employee: str | None = None, **values: Any) -> Any:
    """A response: speed (a label), focus, enps (numbers), pair (a boolean), words, other (of speed)."""
    of = {"speed": ("f1", "choice"), "focus": ("f2", "number"), "enps": ("f3", "number"), "pair": ("f4", "boolean"),
          "words": ("f5", "text")}  # fmt: skip
    answers = []
    for name, value in values.items():
        if name == "other":
            answers.append({"field": {"id": "f1", "type": "x"}, "type": "choice", "choice": {"other": value}})
            continue
        id_, type_ = of[name]
        shown = {"label": value} if type_ == "choice" else value
        answers.append({"field": {"id": id_, "type": "x"}, "type": type_, type_: shown})
    hidden = {name: value for name, value in (("team", team), ("employee", employee)) if value is not None}
    return {
        "token": token, "response_id": token, "landed_at": at, "submitted_at": at, "hidden": hidden,
        "metadata": {"user_agent": "Ann's browser", "network_id": "10.0.0.1"}, "answers": answers,
    }  # fmt: skip


@dataclass
class House:
    """A data and a configuration folder, and the nights over them."""

    folder: Path
    waits: list[float] = field(default_factory=list)

    def run(self, connection: Any, yaml: str, as_of: datetime = CLOCK) -> dict[str, StreamRun]:
        connection.path.mkdir(exist_ok=True)
        (connection.path / "pulse.yml").write_text(yaml)
        organization = OrganizationSettings(time_zone="Europe/Berlin")
        config = SimpleNamespace(connections=(connection,), organization=organization, data=self.folder)
        config.with_data = lambda data: config
        with Warehouse(self.folder / "warehouse.duckdb") as warehouse:
            warehouse.ensure_tables()
            runs = sync_connection(
                connection, config=config, data=self.folder, warehouse=warehouse, as_of=as_of, sleep=self.waits.append
            )
        return {run.stream: run for run in runs}

    def rows(self, stream: str) -> list[dict[str, Any]]:
        with Warehouse(self.folder / "warehouse.duckdb") as warehouse:
            rows = warehouse.query(f"select payload::varchar from raw_surveys.{stream} order by id")
        return [json.loads(row[0]) for row in rows]

    def quarantined(self) -> list[str]:
        with Warehouse(self.folder / "warehouse.duckdb") as warehouse:
            return [row[0] for row in warehouse.query("select reason from raw_ingestion.quarantine order by 1")]

    def landed(self) -> str:
        return str([list(read_page(page)) for page in self.folder.glob("landing/**/*.zst")])


def typeform_world() -> World:
    """A form of two people who answered, one of them again and again: before, in, between and after two waves."""
    form = TypeformForm(FORM, [
        answered("r1", "2026-02-03T09:00:00Z", employee="e1", speed="Fast", focus=2, enps=9, pair=True,
                 words=FREE_TEXT),
        answered("r2", "2026-02-04T09:00:00Z", employee="e1", speed="Slow", focus=4, enps=3, pair=False),
        answered("r3", "2026-02-05T09:00:00Z", employee="e1", speed="Fast"),
        answered("r4", "2026-02-05T10:00:00Z", employee="e2", other=FREE_TEXT, focus=1, enps=10),
        answered("r5", "2026-02-05T11:00:00Z", team=None, employee="e3", speed="Rather fast", focus=1, enps=10),
        answered("r7", "2026-02-20T09:00:00Z", employee="e1", speed="Fast", focus=1, enps=1, pair=True),
        answered("r6", "2026-03-03T11:00:00Z", employee="e1", speed="Fast", focus=5, enps=7, pair=True),
        answered("r0", "2026-01-30T11:00:00Z", employee="e9", speed="Fast", focus=5, enps=7, pair=True),
    ])  # fmt: skip
    return World(CLOCK, typeform=TypeformWorld({"u6nXL7": form}))


def qualtrics_world() -> World:
    """A survey with two answers, a preview, spam, an unreadable answer and one before the wave."""

    def given_at(day: int, hour: int, id_: str, q1: str, q2: str, status: int = 0, **more: Any) -> dict[str, Any]:
        at = datetime(2026, 2, day, hour, tzinfo=UTC)
        return {"recordedDate": at, "_recordId": id_, "status": status, "finished": 1, "Q1": q1, "Q2": q2,
                "Team": "checkout", "ipAddress": "10.0.0.1", "recipientEmail": "ann@acme.example", **more}  # fmt: skip

    survey = QualtricsSurvey(
        {"Q1": "We are fast.", "Q2": "Our tools help us.", "Q3": "Anything else?", "Team": "Team"},
        [
            given_at(3, 6, "R_1", "5", "4", Q3=FREE_TEXT),
            given_at(4, 6, "R_2", "2", ""),
            given_at(4, 7, "R_3", "5", "5", status=1),
            given_at(4, 8, "R_4", "5", "5", status=8),
            given_at(4, 9, "R_5", "fast", "5", status=16),
            given_at(1, 9, "R_6", "1", "1"),
        ],
    )
    return World(CLOCK, qualtrics=QualtricsWorld({"SV_1": survey}))


def of_typeform(house: House, server: Server, **more: Any) -> TypeformConnection:
    values = {"name": "pulse", "type": "typeform", "base_url": server.typeform_url, "path": house.folder / "typeform"}
    return TypeformConnection(**{**values, "secret": SecretStr(SECRET), **more})


def of_qualtrics(house: House, server: Server, **more: Any) -> QualtricsConnection:
    values = {"name": "q", "type": "qualtrics", "base_url": server.qualtrics_url, "path": house.folder / "qualtrics"}
    return QualtricsConnection(**{**values, "secret": SecretStr(SECRET), **more})
