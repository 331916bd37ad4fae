"""A folder with one survey, its description and its results, and how tests read it."""

from pathlib import Path
from typing import Any

import pytest

from ingestion.config import ConfigError
from ingestion.sources.survey_files import WaveReading, read_surveys

YAML = """survey: pulse
version: 2
respondent: Id
submitted_at: {column: When, time_zone: Europe/Berlin}
team:
  column: Team
  values: {Check-out: checkout, Nobody: null}
items:
  - {item: speed, driver: delivery, column: Speed}
  - {item: tools, driver: tooling, column: Tools, scale: [1, 7], reversed: true}
  - {item: enps, driver: enps, kind: nps, column: Recommend}
waves:
  - wave: 2025-Q1
    wave_date: 2025-03-03
    closes_on: 2025-03-17
    file: pulse.csv
    invited: {checkout: 9, payments: 11}
"""
HEADER = "Id,When,Team,Speed,Tools,Recommend,Comment\n"
GOOD = "1,2025-03-04 10:00:00,Check-out,4,6,9,Bob shouts at me\n2,2025-03-05T11:30,payments,2,,0,\n"
TEAMS = {"checkout": "checkout", "payments": "payments", "the payers": "payments"}


def inbox(tmp_path: Path, csv: str | bytes = HEADER + GOOD, yaml: str = YAML, name: str = "pulse.csv") -> Path:
    folder = tmp_path / "surveys"
    folder.mkdir(exist_ok=True)
    (folder / "pulse.yml").write_text(yaml.replace("pulse.csv", name))
    (folder / name).write_bytes(csv if isinstance(csv, bytes) else csv.encode())
    return folder


def read(tmp_path: Path, *arguments: Any, teams: dict[str, str] | None = TEAMS, **options: Any) -> WaveReading:
    (wave,) = read_surveys(inbox(tmp_path, *arguments, **options), teams=teams)
    return wave


def problems(folder: Path, teams: dict[str, str] | None = TEAMS) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read_surveys(folder, teams=teams)
    return str(error.value).splitlines()


def reasons(wave: WaveReading) -> list[tuple[int | None, str]]:
    return [(row.line, row.reason) for row in wave.quarantined]


def answers(wave: WaveReading) -> list[dict[str, Any]]:
    return [answer.answers for answer in wave.answers]
