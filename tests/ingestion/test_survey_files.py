"""Survey files described by YAML: what lands, what is quarantined, what never lands; every mistake with its cure."""

import gzip
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest

from ingestion.config import ConfigError, load_config
from ingestion.salt import hashed, load_salt
from ingestion.sources.files import SURVEYS
from ingestion.sources.survey_answers import parse_moment
from ingestion.sources.survey_files import WaveReading, read_surveys
from ingestion.stream import Quarantined, Record

AS_OF = datetime(2026, 7, 1, 2, tzinfo=UTC)

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


# --- what lands ------------------------------------------------------------------------------------------------------


def streams(tmp_path: Path) -> tuple[list[Record], list[Record], list[Quarantined]]:
    """The records of both streams and what was quarantined, as a run reads them."""
    (tmp_path / "connections.yml").write_text(
        "organization: {time_zone: Europe/Berlin}\nconnections:\n  - {name: s, type: survey_files}\n"
    )
    config = load_config(tmp_path, environ={}).with_data(tmp_path / "data")
    waves_reader, answers_reader = (SURVEYS.stream(name).reader for name in ("waves", "answers"))
    assert waves_reader is not None
    assert answers_reader is not None
    waves = list(waves_reader(config.connection("s"), config, AS_OF))
    found = list(answers_reader(config.connection("s"), config, AS_OF))
    quarantined = [row for row in found if isinstance(row, Quarantined)]
    return waves, [row for row in found if isinstance(row, Record)], quarantined  # type: ignore[return-value]


def test_waves_and_answers_land_as_declared(tmp_path: Path) -> None:
    inbox(tmp_path)
    waves, records, quarantined = streams(tmp_path)
    assert quarantined == [
        Quarantined(
            "team 'payments' is not known; add it to `values` of the team in the YAML",
            "surveys/pulse.csv",
            3,
            '{"wave": "2025-Q1", "answers": {"speed": 2, "tools": null, "enps": 0}}',
        )
    ]
    (wave,) = waves
    assert (wave.id, wave.updated_at) == ("pulse:2025-Q1", None)
    assert wave.payload == {
        "survey": "pulse",
        "version": 2,
        "wave": "2025-Q1",
        "wave_date": "2025-03-03",
        "closes_on": "2025-03-17",
        "items": [
            {
                "item": "speed",
                "driver": "delivery",
                "scale_min": 1,
                "scale_max": 5,
                "kind": "likert",
                "reversed": False,
            },
            {"item": "tools", "driver": "tooling", "scale_min": 1, "scale_max": 7, "kind": "likert", "reversed": True},
            {"item": "enps", "driver": "enps", "scale_min": 0, "scale_max": 10, "kind": "nps", "reversed": False},
        ],
        "invited": {"checkout": 9, "payments": 11},
        "file": "pulse.csv",
    }
    (answer,) = records
    respondent = hashed(load_salt(tmp_path / "data"), "respondent", "1")
    assert answer.id == f"pulse:2025-Q1:{respondent}"
    assert answer.updated_at == datetime(2025, 3, 4, 9, tzinfo=UTC)
    assert answer.payload == {
        "survey": "pulse",
        "wave": "2025-Q1",
        "respondent": respondent,
        "team": "checkout",
        "value_stream": None,
        "submitted_at": "2025-03-04T09:00:00+00:00",
        "answers": {"speed": 4, "tools": 6, "enps": 9},
    }


def test_undeclared_columns_and_respondents_land_nowhere(tmp_path: Path) -> None:
    inbox(tmp_path, HEADER + "ada@example.com,x,Check-out,4,6,9,Bob shouts\nbob@example.com,,Check-out,9,1,1,Bob\n")
    inbox(tmp_path, HEADER + GOOD.replace("1,2025", "ada@example.com,2025") + "bob@example.com,,Check-out,9,1,1,Bob\n")
    landed = orjson.dumps(
        [
            [row.payload if isinstance(row, Record) else [row.reason, row.record] for row in part]
            for part in streams(tmp_path)
        ]
    )
    assert b"checkout" in landed
    assert b"Bob" not in landed
    assert b"example.com" not in landed


def test_a_renamed_and_a_reworded_question_say_so(tmp_path: Path) -> None:
    """Where a question is written in two ways, each place may have its own wording."""
    yaml = YAML.replace("driver: delivery, column: Speed", "driver: delivery, column: Speed, formerly: pace").replace(
        "driver: tooling, column: Tools, scale: [1, 7]",
        "driver: tooling, any_of: [{column: Utensils}, {column: Tools, wording: 2}], scale: [1, 7]",
    )
    wave = read(tmp_path, yaml=yaml)
    items = wave.record().payload["items"]  # type: ignore[index]
    assert [(item.get("first_item"), item.get("wording")) for item in items] == [
        ("pace", None),
        (None, 2),
        (None, None),
    ]


def test_an_unchanged_inbox_gives_the_same_records(tmp_path: Path) -> None:
    inbox(tmp_path)
    assert streams(tmp_path) == streams(tmp_path)


# --- malformed rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("3,2025-03-04,Check-out,9,1,1,", "speed: 9 is outside the scale 1 to 5"),
        ("3,2025-03-04,Check-out,3.5,1,1,", "speed: 3.5 is not a whole number"),
        (
            "3,2025-03-04,Check-out,good,1,1,",
            "speed: 'good' is neither a number nor a declared label; add it to `labels`",
        ),
        ("3,2025-03-04,Check-out,9,8,1,", "speed: 9 is outside the scale 1 to 5; tools: 8 is outside the scale 1 to 7"),
        ("3,2025-03-04,Shipping,3,1,1,", "team 'Shipping' is not known; add it to `values` of the team in the YAML"),
        ("3,04.03.2025,Check-out,3,1,1,", "submitted_at: '04.03.2025' is not a time (iso, excel); add its pattern"),
        ("3,2025-03-04,Check-out,3,1", "too few columns: 5 of 7; check commas and quotes in this row"),
        ("3,2025-03-04,Check-out,3,1,1,a,b", "too many columns: 8 of 7; check commas and quotes in this row"),
        ("3,2025-03-04,Check-out,,N/A,,", "no declared item is answered"),
        ("3,2025-03-04,Check-out," + "long " * 20 + ",1,1,", "speed: a text of 99 characters is neither a number nor"),
    ],
)
def test_a_malformed_row_is_quarantined_with_its_line_and_the_good_ones_load(
    tmp_path: Path, row: str, reason: str
) -> None:
    wave = read(tmp_path, HEADER + GOOD.replace("\n2", f"\n{row}\n2"))
    assert len(wave.answers) == 2
    ((line, found),) = reasons(wave)
    assert line == 3
    assert reason in found
    assert wave.quarantined[0].file == "surveys/pulse.csv"


def test_line_of_a_row_is_right_behind_cells_with_line_breaks_and_blank_lines(tmp_path: Path) -> None:
    wave = read(tmp_path, HEADER + '1,,Check-out,4,6,9,"two\nlines"\n\n2,,Check-out,99,6,9,\n')
    assert reasons(wave) == [(5, "speed: 99 is outside the scale 1 to 5")]


def test_a_file_of_which_no_row_can_be_read_is_an_error_of_its_description(tmp_path: Path) -> None:
    (line,) = problems(
        inbox(tmp_path, HEADER + GOOD.replace("Check-out,4", "Check-out,40").replace("payments,2", "payments,20"))
    )
    assert line == (
        "surveys/pulse.csv:2: none of its 2 rows can be read; line 2: speed: 40 is outside the scale 1 to 5"
    )


def test_last_complete_answer_of_a_respondent_wins(tmp_path: Path) -> None:
    rows = (
        "1,2025-03-04,Check-out,1,1,1,\n"
        "1,2025-03-06,Check-out,3,3,3,complete and last\n"
        "1,2025-03-05,Check-out,2,2,2,\n"
        "1,2025-03-07,Check-out,4,,4,not complete\n"
        "2,2025-03-04,Check-out,1,,,\n"
        "2,2025-03-04,Check-out,2,,,last of two that are not complete\n"
    )
    wave = read(tmp_path, HEADER + rows)
    assert answers(wave) == [{"speed": 3, "tools": 3, "enps": 3}, {"speed": 2, "tools": None, "enps": None}]
    assert wave.quarantined == ()


def test_without_a_respondent_every_row_is_one(tmp_path: Path) -> None:
    wave = read(tmp_path, HEADER + GOOD + ",,Check-out,5,5,5,\n,,Check-out,5,5,5,\n")
    assert len({answer.identity for answer in wave.answers}) == 4
    none = read(tmp_path, HEADER + GOOD, YAML.replace("respondent: Id\n", ""))
    first, second = [answer.identity for answer in none.answers]
    rows = GOOD.splitlines(keepends=True)
    more = read(
        tmp_path, HEADER + rows[0] + ",,Check-out,1,1,1,\n" + "".join(rows), YAML.replace("respondent: Id\n", "")
    )
    assert len({answer.identity for answer in more.answers}) == 4
    assert {first, second} < {answer.identity for answer in more.answers}, "a new row made another of those after it"


# --- how values are written ------------------------------------------------------------------------------------------


def test_teams_are_known_by_value_id_and_name(tmp_path: Path) -> None:
    rows = "1,,check-OUT,4,6,9,\n2,,Payments,4,6,9,\n3,,The  Payers,4,6,9,\n4,,,4,6,9,\n5,,Nobody,4,6,9,\n"
    wave = read(tmp_path, HEADER + rows)
    assert [answer.team for answer in wave.answers] == ["checkout", "payments", "payments", None, None]


@pytest.mark.parametrize(
    ("invited", "team", "expected"),
    [
        ("40", "{column: Team, values: {Check-out: checkout}}", {"organization": 40}),
        ("12", "checkout", {"checkout": 12}),
        ("{The Payers: 3}", "checkout", {"payments": 3}),
    ],
)
def test_invited_people_are_counted_by_team(tmp_path: Path, invited: str, team: str, expected: dict[str, int]) -> None:
    yaml = YAML.replace("{checkout: 9, payments: 11}", invited)
    yaml = yaml.replace("team:\n  column: Team\n  values: {Check-out: checkout, Nobody: null}\n", f"team: {team}\n")
    wave = read(tmp_path, HEADER + GOOD, yaml)
    payload = wave.record().payload
    assert isinstance(payload, dict)
    assert payload["invited"] == expected


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("2025-03-04", "iso", datetime(2025, 3, 4)),
        ("2019-03-08 8:58:35", "iso", datetime(2019, 3, 8, 8, 58, 35)),
        ("2025-03-04T10:00:00Z", "iso", datetime(2025, 3, 4, 10, tzinfo=UTC)),
        ("03/04/2025", "iso", None),
        ("43290.53487", "excel", datetime(2018, 7, 9, 12, 50, 13)),
        ("10580280324", "excel", None),
        ("03/24/2020 9:20:41 PM", "%m/%d/%Y %I:%M:%S %p", datetime(2020, 3, 24, 21, 20, 41)),
    ],
)
def test_times_are_read_by_format(text: str, pattern: str, expected: datetime | None) -> None:
    assert parse_moment(text, pattern) == expected


def test_a_blank_time_is_the_waves_date_in_the_organisations_zone(tmp_path: Path) -> None:
    folder = inbox(tmp_path, HEADER + "1,,Check-out,4,6,9,\n", YAML.replace(", time_zone: Europe/Berlin", ""))
    (wave,) = read_surveys(folder, time_zone="America/New_York", teams=TEAMS)
    assert wave.answers[0].submitted_at == datetime(2025, 3, 3, 5, tzinfo=UTC)


def test_labels_ignore_case_and_may_mean_no_answer(tmp_path: Path) -> None:
    yaml = YAML.replace("column: Speed}", "column: Speed, labels: {Strongly agree: 5, Agree: 4, Not sure: null}}")
    wave = read(tmp_path, HEADER + "1,,,strongly  AGREE,1,1,\n2,,,not sure,1,1,\n3,,,3,1,1,\n4,,,n/a,1,1,\n", yaml)
    assert [answer["speed"] for answer in answers(wave)] == [5, None, 3, None]


def test_yes_no_and_number_need_no_labels_nor_scale(tmp_path: Path) -> None:
    yaml = YAML.replace("column: Speed}", "column: Speed, kind: yes_no}")
    yaml = yaml.replace("column: Tools, scale: [1, 7], reversed: true}", "column: Tools, kind: number}")
    wave = read(tmp_path, HEADER + "1,,,Yes,12.5,1,\n2,,,no,1000,1,\n3,,,maybe,1,1,\n", yaml)
    assert [(answer["speed"], answer["tools"]) for answer in answers(wave)] == [(1, 12.5), (0, 1000)]
    assert [placed.place.scale for placed in wave.layout.items][:2] == [(0, 1), None]
    assert reasons(wave)[0][0] == 4


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
