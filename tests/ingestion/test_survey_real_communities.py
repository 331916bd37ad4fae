"""Two more recorded surveys by their descriptions alone: counts and means as pandas computes them from the columns."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas
import pytest

from ingestion.sources.survey_files import WaveReading, read_surveys
from tests.ingestion.test_survey_real_files import DESCRIPTIONS, REAL, needs_real_data

KUBERNETES = {
    "2018": REAL / "kubernetes_contributors_2018.csv.gz",
    "2019": REAL / "kubernetes_contributors_2019.csv.gz",
}
OSMI = REAL / "osmi_2016.csv.gz"
# per wave: header rows and each item's column in the file (0-based, read off the files by hand)
COLUMNS = {
    "2018": (1, {"review": 9, "communication": 10, "tests": 14, "environment": 16, "slack": 68}),
    "2019": (2, {"review": 14, "communication": 15, "tests": 19, "environment": 21, "documentation": 23,
                 "understands_ci": 25}),
}  # fmt: skip
MAYBE = {"No": 1, "Maybe": 2, "Yes": 3}
LEAVE = ["Very difficult", "Somewhat difficult", "Neither easy nor difficult", "Somewhat easy", "Very easy"]
OSMI_COLUMNS = {
    "coworkers": (12, MAYBE), "supervisor": (13, MAYBE), "consequences": (10, MAYBE),
    "taken_seriously": (14, {"Yes": 1, "No": 0}), "leave": (9, {text: n for n, text in enumerate(LEAVE, 1)}),
    "tech": (2, {"1": 1, "0": 0}),
}  # fmt: skip


def imported(folder: Path, description: str, *files: Path) -> dict[str, WaveReading]:
    for path in (DESCRIPTIONS / description, *files):
        shutil.copy(path, folder)
    return {reading.wave.wave: reading for reading in read_surveys(folder)}


def found(reading: WaveReading) -> dict[str, tuple[int, float]]:
    """Count and mean of every item, as imported."""
    values = {
        placed.item.item: pandas.Series([a.answers[placed.item.item] for a in reading.answers], dtype=float).dropna()
        for placed in reading.layout.items
    }
    return {item: (len(each), each.mean()) for item, each in values.items()}


def expected(values: dict[str, pandas.Series]) -> dict[str, tuple[int, float]]:
    """The same as pandas has it."""
    return {item: (each.count(), pytest.approx(each.mean(), abs=1e-12)) for item, each in values.items()}


@needs_real_data
@pytest.mark.parametrize("wave", KUBERNETES)
def test_contributor_survey_whose_header_changes_between_years(wave: str, tmp_path: Path) -> None:
    reading = imported(tmp_path, "kubernetes_contributors.yml", *KUBERNETES.values())[wave]
    header_rows, columns = COLUMNS[wave]
    frame = pandas.read_csv(KUBERNETES[wave], header=None, skiprows=header_rows, dtype=str, keep_default_na=False)
    values = {
        item: pandas.to_numeric(frame[column].str.strip().str.split(":").str[0], errors="coerce")
        for item, column in columns.items()
    }
    answered = pandas.DataFrame(values).notna().any(axis=1)
    assert found(reading) == expected(values)
    assert len(reading.answers) == answered.sum() > 100
    assert {row.reason for row in reading.quarantined} == {"no declared item is answered"}
    assert len(reading.quarantined) == (~answered).sum()
    years = {answer.submitted_at.year for answer in reading.answers}
    assert years <= ({2018} if wave == "2018" else {2019, 2020})


@needs_real_data
def test_contributor_survey_has_its_times(tmp_path: Path) -> None:
    reading = imported(tmp_path, "kubernetes_contributors.yml", *KUBERNETES.values())["2018"]
    (first,) = (answer for answer in reading.answers if answer.identity == "10249522900")
    assert first.submitted_at == datetime(2018, 10, 1, 14, 16, 15, tzinfo=UTC)


@needs_real_data
def test_survey_without_respondents_and_times_and_with_answers_that_are_none(tmp_path: Path) -> None:
    reading = imported(tmp_path, "osmi.yml", OSMI)["2016"]
    frame = pandas.read_csv(OSMI, header=0, dtype=str, keep_default_na=False)
    values = {item: frame.iloc[:, column].map(numbers) for item, (column, numbers) in OSMI_COLUMNS.items()}
    assert found(reading) == expected(values)
    assert len(reading.answers) == pandas.DataFrame(values).notna().any(axis=1).sum() == 1146
    assert len(reading.quarantined) == (frame.iloc[:, 0] == "1").sum() == 287  # the self-employed have no employer
    numbers = {type(value) for answer in reading.answers for value in answer.answers.values()}
    assert numbers == {int, type(None)}
