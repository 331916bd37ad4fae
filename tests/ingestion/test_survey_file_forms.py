"""How survey files may be written, and what is said about mistakes of a description or a file."""

import gzip
import io
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ingestion.sources.survey_files import read_surveys
from tests.ingestion.survey_folder import GOOD, HEADER, TEAMS, YAML, answers, inbox, problems, read, reasons

# --- how files are written -------------------------------------------------------------------------------------------


def test_columns_by_position_pair_beginning_and_alternatives(tmp_path: Path) -> None:
    csv = "Title of the export,,,\nHow do you rate,,Would you recommend us to others?,\n"
    csv += "Speed,Tools,Answer,Why?\n4,6,9,x\n"
    yaml = (
        YAML.split("respondent")[0]
        + (
            "read: {skip_rows: 1, header_rows: 2}\n"
            "items:\n"
            "  - {item: first, driver: d, column: 1}\n"
            "  - {item: tools, driver: d, column: [How do you rate, Tools], scale: [1, 7]}\n"
            "  - {item: enps, driver: d, kind: nps, column: {any_of: [Recommendation, Would you recommend...]}}\n"
            "  - {item: later, driver: d, column: Not asked yet, optional: true}\n"
        )
        + "waves"
        + YAML.split("waves")[1]
    )
    wave = read(tmp_path, csv, yaml)
    assert answers(wave) == [{"first": 4, "tools": 6, "enps": 9}]
    assert wave.answers[0].line == 4


def test_one_column_per_answer_with_one_and_with_two_header_rows(tmp_path: Path) -> None:
    rows = "1,,2,,,\n2,,,,x,\n3,1,,3,,\n"
    items = "items:\n  - {item: speed, driver: d, one_hot: Speed, scale: [1, 4]}\nwaves"
    for header, count in (
        ("Id,Speed - 1,Speed - 2,Speed - 3,Speed - 4,Speed other\n", 1),
        ("Id,Speed,,,,\n,- 1,- 2,- 3,- 4,Other\n", 2),
    ):
        yaml = f"survey: pulse\nrespondent: Id\nread: {{header_rows: {count}}}\n{items}" + YAML.split("waves")[1]
        wave = read(tmp_path, header + rows, yaml)
        assert [answer["speed"] for answer in answers(wave)] == [2, 4]
        assert reasons(wave) == [(count + 3, "speed: 2 answers are chosen; one is possible")]


def test_a_wave_may_declare_places_anew_or_take_them_away(tmp_path: Path) -> None:
    wave = "  - {wave: two, wave_date: 2025-06-01, closes_on: 2025-06-02, file: two.tsv, respondent: null,"
    yaml = YAML + wave + " submitted_at: null, team: payments, read: {format: csv, delimiter: ';', encoding: cp1252}}\n"
    folder = inbox(tmp_path, yaml=yaml)
    (folder / "two.tsv").write_bytes("Größe;Speed;Tools;Recommend\nü;5;5;5\n".encode("cp1252"))
    first, second = read_surveys(folder, teams=TEAMS)
    assert (len(first.answers), answers(second)) == (2, [{"speed": 5, "tools": 5, "enps": 5}])
    assert (second.answers[0].team, second.answers[0].identity.split("\x1f")[0]) == ("payments", "pulse:two")


def test_several_files_of_a_wave_with_a_team_each(tmp_path: Path) -> None:
    files = "files: [{file: pulse.csv, team: checkout}, {file: more.csv, team: payments}]"
    yaml = YAML.replace("file: pulse.csv", files).replace(
        "team:\n  column: Team\n  values: {Check-out: checkout, Nobody: null}\n", ""
    )
    folder = inbox(tmp_path, yaml=yaml)
    (folder / "more.csv").write_text(HEADER + "3,,?,1,1,1,\n")
    (wave,) = read_surveys(folder, teams=TEAMS)
    assert [answer.team for answer in wave.answers] == ["checkout", "checkout", "payments"]


def as_xlsx(rows: list[list[Any]]) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.active.append(["not here"])
    sheet = workbook.create_sheet("Answers")
    for row in rows:
        sheet.append(row)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def test_workbook_json_and_gzip_give_the_same_answers_as_csv(tmp_path: Path) -> None:
    expected = read(tmp_path, HEADER + GOOD)
    rows = [
        ["Id", "When", "Team", "Speed", "Tools", "Recommend", "Comment"],
        [1, datetime(2025, 3, 4, 10), "Check-out", 4.0, 6, 9, "Bob shouts at me"],
        [2, datetime(2025, 3, 5, 11, 30), "payments", 2, None, 0],
    ]
    objects = {"data": {"rows": [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]}}
    written = {
        "pulse.xlsx": (as_xlsx(rows), "read: {sheet: Answers}\n"),
        "pulse.json": (json.dumps(objects, default=str).encode(), "read: {records: data.rows}\n"),
        "pulse.csv.gz": (gzip.compress((HEADER + GOOD).encode()), ""),
        "pulse.tsv": ((HEADER + GOOD).replace(",", "\t").encode("utf-8-sig"), ""),
    }
    for name, (data, options) in written.items():
        shutil.rmtree(tmp_path / "surveys")
        wave = read(tmp_path, data, options + YAML, name)
        assert [(a.identity, a.submitted_at, a.team, a.answers) for a in wave.answers] == [
            (a.identity, a.submitted_at, a.team, a.answers) for a in expected.answers
        ], name


# --- mistakes of a description or a file -----------------------------------------------------------------------------


def test_mistakes_of_a_description_are_reported_together_with_line_and_cure(tmp_path: Path) -> None:
    yaml = YAML.replace("version: 2", "verison: 2").replace("driver: tooling", "drivr: tooling")
    yaml = yaml.replace("kind: nps", "kind: npss").replace("wave_date: 2025-03-03", "wave_date: 03.03.2025")
    assert problems(inbox(tmp_path, yaml=yaml)) == [
        "surveys/pulse.yml:2: verison: unknown key 'verison'; did you mean 'version'?",
        "surveys/pulse.yml:10: items[1].driver: is required; the driver it belongs to, for example "
        "`driver: speed_of_delivery`",
        "surveys/pulse.yml:10: items[1].drivr: unknown key 'drivr'; did you mean 'driver'?",
        "surveys/pulse.yml:11: items[2].kind: 'npss' is not known; did you mean 'nps'?",
        "surveys/pulse.yml:14: waves[0].wave_date: '03.03.2025' is not a date; write YYYY-MM-DD",
    ]


DESCRIPTION_MISTAKES = [
    ("column: Speed", "column: Sped", ":9: items[0]: column 'Sped' is not in surveys/pulse.csv; did you mean 'Speed'?"),
    ("column: Speed", "column: 99", ":9: items[0]: column number 99 is not in surveys/pulse.csv"),
    ("column: Speed", "column: 0", ":9: items[0].column: is no column; write its header text, its position"),
    ("column: Speed", "one_hot: Speed", ":9: items[0]: column 'Speed' is not in surveys/pulse.csv"),
    ("column: Speed", "text: x", ":9: items[0]: item 'speed' needs exactly one of column, one_hot and any_of"),
    ("item: tools", "item: speed", "item 'speed' stands there twice; give each its own name"),
    ("respondent: Id", "respondent: ID of you", ":3: respondent: column 'ID of you' is not in surveys/pulse.csv"),
    (
        "column: When",
        "column: Whan",
        ":4: submitted_at: column 'Whan' is not in surveys/pulse.csv; did you mean 'When'?",
    ),
    ("Europe/Berlin", "Mars", ":4: submitted_at.time_zone: 'Mars' is not a time zone"),
    (
        "Check-out: checkout",
        "Check-out: chekout",
        ":5: team: team 'chekout' is not in teams.csv; did you mean 'checkout'?",
    ),
    (
        "{checkout: 9",
        "{chekout: 9",
        ":17: waves[0].invited: team 'chekout' is not in teams.csv; did you mean 'checkout'?",
    ),
    ("{checkout: 9", "{checkout: nine", ":17: waves[0].invited: must be a number of people, or such numbers by team"),
    (
        "file: pulse.csv",
        "file: plse.csv",
        ":16: waves[0].file: there is no file plse.csv beside this one; did you mean 'pulse.csv'?",
    ),
    (
        "closes_on: 2025-03-17",
        "closes_on: 2025-03-01",
        ":13: waves[0]: wave '2025-Q1' closes on 2025-03-01, before its",
    ),
    ("    closes_on: 2025-03-17\n", "", ":13: waves[0].closes_on: is required; last day for answers"),
    ("wave: 2025-Q1", "wave: 2025", ":13: waves[0].wave: must be text; put it in quotes"),
    ("scale: [1, 7]", "scale: [7, 1]", ":10: items[1].scale: must be [lowest, highest]; use `reversed: true`"),
    ("kind: nps", "kind: nps, scale: [1, 10]", ":11: items[2]: item 'enps' is nps, whose scale is [0, 10]"),
    ("version: 2", "read: {encoding: latn}", ":2: read.encoding: 'latn' is not an encoding"),
    (
        "version: 2",
        "read: {header_row: 2}",
        ":2: read.header_row: unknown key 'header_row'; did you mean 'header_rows'?",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), DESCRIPTION_MISTAKES)
def test_a_mistake_in_a_description_gives_its_line_and_cure(tmp_path: Path, old: str, new: str, expected: str) -> None:
    folder = inbox(tmp_path)
    (folder / "pulse.yml").write_text(YAML.replace(old, new, 1))
    found = [line for line in problems(folder) if "no YAML file here" not in line]
    assert [expected in line for line in found] == [True], found


FILE_MISTAKES: list[tuple[bytes, str, str]] = [
    (b"Id;When;Team;Speed;Tools;Recommend\n1;;;1;1;1\n", "pulse.csv", 'csv:1: is separated by ";"; declare it: `read:'),
    ((HEADER + '1,,"x,1,1,1,\n').encode(), "pulse.csv", "csv:2: is not valid CSV from here on"),
    ((HEADER + "1,,x,1,1,1,Gr\xfc\xdfe\n").encode("latin-1"), "pulse.csv", "csv:2: byte 0xfc is not utf-8"),
    (b"", "pulse.csv", "csv: has no 1 header rows"),
    (b"PK", "pulse.xlsx", "xlsx: is not an XLSX workbook"),
    (b"{", "pulse.json", "json:1: is not valid JSON"),
    (b'{"a": 1}', "pulse.json", "json: has no list of objects at its top level"),
    (b"x", "pulse.csv.gz", "csv.gz: is not a whole gzip file"),
    (b"x", "pulse.xls", "xls: '.xls' files are not read; save it as CSV (UTF-8) or XLSX"),
]


@pytest.mark.parametrize(("data", "name", "expected"), FILE_MISTAKES)
def test_a_file_that_cannot_be_read_gives_one_clear_line(tmp_path: Path, data: bytes, name: str, expected: str) -> None:
    (line,) = problems(inbox(tmp_path, data, name=name))
    assert expected in line


def test_an_ambiguous_header_is_not_guessed(tmp_path: Path) -> None:
    (line,) = problems(inbox(tmp_path, HEADER.replace("Comment", "Speed") + GOOD))
    assert "items[0]: column 'Speed' is ambiguous (columns 4, 7); name all its header rows or its position" in line


def test_results_without_description_and_waves_declared_twice_are_named(tmp_path: Path) -> None:
    folder = inbox(tmp_path)
    (folder / "other.csv").write_text(HEADER)
    (folder / "again.yaml").write_text(YAML)
    (folder / "notes.md").write_text("nothing to read here")
    (folder / ".~lock.pulse.csv#").write_text("")
    assert problems(folder) == [
        "surveys/pulse.yml:13: waves[0].wave: wave '2025-Q1' of survey 'pulse' is already declared in again.yaml",
        "surveys/other.csv: no YAML file here declares it; write other.yml (see the example of `flowlight init`)",
    ]


def test_a_corrected_file_is_read_anew(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEADER + GOOD).answers) == 2
    assert len(read(tmp_path, HEADER + GOOD + "3,,Check-out,1,1,1,\n").answers) == 3


def test_the_starters_example_reads_its_own_results(tmp_path: Path) -> None:
    from ingestion.starter import TEMPLATES

    for path in (TEMPLATES / "surveys").iterdir():
        (tmp_path / path.name.removesuffix(".example")).write_bytes(path.read_bytes())
    (wave,) = read_surveys(tmp_path, teams=TEAMS)
    assert answers(wave) == [
        {"speed": 4, "interruptions": 2, "tools": 6, "recommend": 9},
        {"speed": 3, "interruptions": 5, "tools": 3, "recommend": 6},
        {"speed": 5, "interruptions": None, "tools": 7, "recommend": 10},
    ]
