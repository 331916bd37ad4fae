"""The default survey: what METRICS names is asked, and a filled-in table is read as it is."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from ingestion.instrument import write_instrument
from ingestion.sources.survey_files import read_surveys
from ingestion.validation import ConfigError
from orchestration.cli import main
from sandbox.surveys import QUESTIONS

DAY = date(2026, 9, 7)
DRIVERS = (
    "speed_of_delivery", "ease_of_delivery", "quality", "interruptions", "review_turnaround", "tooling",
    "psychological_safety", "autonomy", "role_clarity", "cognitive_load", "clarity_of_purpose", "framing",
    "support_and_belonging", "ai_usefulness", "ai_hours_saved", "new_capability", "enps",
)  # fmt: skip
"""METRICS.md section 3, in its order."""


def fill(path: Path, *rows: list[str]) -> None:
    with path.open("a", newline="") as file:
        csv.writer(file).writerows(rows)


def test_a_filled_table_is_read_with_no_edits(tmp_path: Path) -> None:
    _, table, _ = write_instrument(tmp_path, DAY)
    texts = ["Agree"] * 14
    texts[3] = "Strongly disagree"
    fill(table, ["ada", "2026-09-08", "Checkout", *texts, "3", "45", "9"], ["bob", "2026-09-09 10:00", "checkout",
         *"12345123451234", "", "", "0"], ["", "", "Checkout", *["N/A"] * 14, "-", "5", ""])  # fmt: skip
    (wave,) = read_surveys(tmp_path, teams={"checkout": "checkout"})
    assert wave.quarantined == ()
    assert [list(answer.answers.values()) for answer in wave.answers] == [
        [4, 4, 4, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 45, 9],
        [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, None, None, 0],
        [None] * 15 + [5, None],
    ]
    assert {answer.team for answer in wave.answers} == {"checkout"}
    assert (wave.wave.wave, wave.wave.wave_date, wave.wave.closes_on) == ("2026-Q3", DAY, date(2026, 9, 21))


def test_an_empty_table_is_a_wave_without_answers(tmp_path: Path) -> None:
    write_instrument(tmp_path, DAY)
    (wave,) = read_surveys(tmp_path)
    assert (wave.answers, wave.quarantined) == ((), ())


def test_it_asks_what_the_metrics_name_and_what_the_sandbox_asks(tmp_path: Path) -> None:
    write_instrument(tmp_path, DAY)
    (wave,) = read_surveys(tmp_path)
    assert tuple(item.driver for item in wave.survey.items) == DRIVERS
    assert [(i.item, i.driver, i.kind, i.reversed) for i in wave.survey.items] == [
        (q.item, q.driver, q.kind, q.is_reversed) for q in QUESTIONS
    ]


def test_the_form_has_every_question_once_with_room_for_its_answer(tmp_path: Path) -> None:
    *_, form = write_instrument(tmp_path, DAY)
    (wave,) = read_surveys(tmp_path)
    text = form.read_text()
    for item in wave.survey.items:
        (line,) = [line for line in text.splitlines() if (item.text or "") in line]
        assert line.count("☐") == (5 if item.kind == "likert" else 0)
        assert line.endswith("______") == (item.kind != "likert")
    assert re.search(r"until 2026-09-21\.", text)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "pulse.yml").write_text("mine")
    with pytest.raises(ConfigError, match=r"pulse\.yml.*is there already"):
        write_instrument(tmp_path, DAY)
    assert [path.name for path in tmp_path.iterdir()] == ["pulse.yml"]


def test_the_command_writes_three_files_and_says_where(tmp_path: Path) -> None:
    command = ["instrument", "--out", str(tmp_path / "surveys"), "--wave-date", "2026-09-07"]
    first, second = (CliRunner().invoke(main, command) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 2)
    names = ("pulse.yml", "pulse-2026-Q3.csv", "pulse-2026-Q3.md")
    assert first.output.splitlines() == [f"wrote {tmp_path / 'surveys' / name}" for name in names]
    assert "is there already" in second.output
