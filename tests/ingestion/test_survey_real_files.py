"""Recorded surveys, imported by the descriptions in `surveys/` alone and held against pandas over the same files."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pandas
import pytest

from ingestion.sources.survey_files import WaveReading, read_surveys

DESCRIPTIONS = Path(__file__).parent / "surveys"
REAL = Path(__file__).parents[2].parent / "shared" / "real" / "surveys"
needs_real_data = pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real/surveys is not there")

CNCF = {
    "2019-H1": REAL / "cncf_maintainers_2019" / "maintainer-survey-results-2019-h1.csv.gz",
    "2020-H1": REAL / "cncf_maintainers_2020" / "CNCF_Maintainers_Survey_2020_H1.csv.gz",
    "2021-H1": REAL / "cncf_maintainers_2021" / "CNCF_Maintainers_Survey_2021_H1.csv.gz",
}
OSPO = {year: REAL / f"ospo_{year}.csv.gz" for year in (2018, 2020, 2021)}
AGREEMENT = {"strongly disagree": 1, "disagree": 2, "neutral": 3, "agree": 4, "strongly agree": 5}
SATISFACTION = {"very dissatisfied": 1, "somewhat dissatisfied": 2, "neutral": 3, "satisfied": 4, "very satisfied": 5}
# per wave, the item's first column in the file (0-based, read off the files by hand)
ITEM_COLUMNS = {
    "2019-H1": {
        "support": 36, "reached_out": 41, "understanding": 43, "staff_response": 48, "toc_response": 53,
        "documentation": 58, "ci": 64, "security": 70, "automation": 76, "marketing": 82, "recommend": 88,
    },
    "2020-H1": {
        "support": 64, "reached_out": 48, "understanding": 50, "staff_response": 52, "toc_response": 54,
        "documentation": 55, "ci": 56, "security": 58, "automation": 60, "marketing": 62, "recommend": 65,
    },
    "2021-H1": {
        "support": 120, "reached_out": 103, "understanding": 105, "staff_response": 107, "toc_response": 109,
        "documentation": 110, "ci": 112, "security": 114, "automation": 116, "marketing": 118, "recommend": 121,
        "devstats": 123,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def cncf(tmp_path_factory: pytest.TempPathFactory) -> dict[str, WaveReading]:
    """The three waves by the description alone."""
    folder = tmp_path_factory.mktemp("cncf") / "surveys"
    folder.mkdir()
    shutil.copy(DESCRIPTIONS / "cncf_maintainers.yml", folder)
    for path in CNCF.values():
        shutil.copy(path, folder)
    return {reading.wave.wave: reading for reading in read_surveys(folder)}


def by_pandas(wave: str) -> dict[str, pandas.Series]:
    """The answers per item as pandas computes them from the columns, without any of our code."""
    frame = pandas.read_csv(CNCF[wave], header=None, skiprows=2, dtype=str, keep_default_na=False)
    series = {}
    for item, column in ITEM_COLUMNS[wave].items():
        text = frame[column].str.strip().str.lower()
        if wave == "2019-H1" and item == "reached_out":
            value = pandas.Series(float("nan"), index=frame.index)
            value[frame[column] == "Yes"], value[frame[column + 1] == "No"] = 1, 0
        elif wave == "2019-H1":
            value = frame[list(range(column, column + 5))].apply(pandas.to_numeric, errors="coerce").max(axis=1)
        elif item == "reached_out":
            value = text.map(lambda each: 1 if each.startswith("yes") else 0 if each == "no" else float("nan"))
        elif wave == "2020-H1":
            value = text.map(SATISFACTION if item == "support" else AGREEMENT)
        else:
            value = pandas.to_numeric(text, errors="coerce")
        series[item] = value.dropna()
    return series


@needs_real_data
@pytest.mark.parametrize("wave", CNCF)
def test_cncf_waves_with_drifting_columns_equal_an_independent_computation(
    wave: str, cncf: dict[str, WaveReading]
) -> None:
    reading, expected = cncf[wave], by_pandas(wave)
    found = {
        item: [value for answer in reading.answers if (value := answer.answers[item]) is not None] for item in expected
    }
    assert reading.quarantined == ()
    assert [placed.item.item for placed in reading.layout.items] == list(found)
    assert {item: len(values) for item, values in found.items()} == {item: len(s) for item, s in expected.items()}
    assert {item: sum(values) for item, values in found.items()} == {item: s.sum() for item, s in expected.items()}
    assert {item: sorted(values) for item, values in found.items()} == {item: sorted(s) for item, s in expected.items()}


@needs_real_data
def test_cncf_waves_have_their_own_size_scale_and_times(cncf: dict[str, WaveReading]) -> None:
    assert {wave: len(reading.answers) for wave, reading in cncf.items()} == {
        "2019-H1": 64,
        "2020-H1": 79,
        "2021-H1": 93,
    }
    scales = {wave: reading.layout.items[0].place.scale for wave, reading in cncf.items()}
    assert scales == {"2019-H1": (1, 5), "2020-H1": (1, 5), "2021-H1": (1, 10)}
    assert cncf["2019-H1"].answers[0].submitted_at == datetime(2019, 3, 8, 20, 50, 49, tzinfo=UTC)
    assert cncf["2020-H1"].answers[0].submitted_at == datetime(2020, 3, 24, 21, 20, 41, tzinfo=UTC)
    assert cncf["2021-H1"].answers[0].submitted_at == datetime(2021, 4, 1, tzinfo=UTC)
    assert cncf["2021-H1"].record().payload["invited"] == {"maintainers": 400}  # type: ignore[index]


@needs_real_data
def test_nothing_but_declared_numbers_of_the_real_files_lands(cncf: dict[str, WaveReading]) -> None:
    for wave, reading in cncf.items():
        records = list(reading.answer_records(b"s" * 32))
        words = {key for record in records for key in record.payload["answers"]}  # type: ignore[index]
        assert words == set(ITEM_COLUMNS[wave])
        values = [value for record in records for value in record.payload["answers"].values()]  # type: ignore[index]
        assert all(value is None or isinstance(value, int) for value in values)
        assert len({record.id for record in records}) == len(records)


@needs_real_data
@pytest.mark.parametrize("year", OSPO)
def test_drifting_times_and_repeated_headers_of_the_ospo_surveys(year: int, tmp_path: Path) -> None:
    for path in (DESCRIPTIONS / "ospo.yml", *OSPO.values()):
        shutil.copy(path, tmp_path)
    (reading,) = (reading for reading in read_surveys(tmp_path) if reading.wave.wave == str(year))
    frame = pandas.read_csv(OSPO[year], header=1, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    frame = frame[frame.apply(lambda row: row.str.strip().ne("").any(), axis=1)]
    numbers = {"Never": 1, "Rarely": 2, "Sometimes": 3, "Frequently": 4}
    values = frame["Contribute code upstream"].str.strip().map(numbers)
    answered = (
        values.notna()
        | frame["Train developers to contribute to open source projects"].str.strip().map(numbers).notna()
    )
    found = [answer.answers["contributes_upstream"] for answer in reading.answers]
    assert len(reading.answers) == answered.sum()
    assert sorted(value for value in found if value is not None) == sorted(values.dropna())
    assert {row.reason for row in reading.quarantined} == {"no declared item is answered"}
    assert len(reading.answers) + len(reading.quarantined) == len(frame)
    assert {answer.submitted_at.date().year for answer in reading.answers} == {year}


@needs_real_data
def test_three_header_rows_of_qualtrics_and_two_of_its_older_export(tmp_path: Path) -> None:
    shutil.copy(DESCRIPTIONS / "qualtrics.yml", tmp_path)
    for path in REAL.glob("qualtrics_export_sample*.csv.gz"):
        shutil.copy(path, tmp_path)
    found = [(answer, reading.wave.wave) for reading in read_surveys(tmp_path) for answer in reading.answers]
    assert [(a.identity, a.answers, a.line, a.submitted_at.date(), wave) for a, wave in found] == [
        ("R_2YPOQ602ER1jkf1", {"choice": 2}, 4, date(2017, 7, 18), "2017"),
        ("R_2YPOQ602ER1jkf1", {"choice": 2}, 3, date(2017, 7, 18), "2017-legacy"),
    ]
