"""Survey files described by YAML: what lands, what is quarantined, what never lands; how values are written."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ingestion.config import load_config
from ingestion.salt import hashed, load_salt
from ingestion.sources.files import SURVEYS
from ingestion.sources.survey_answers import parse_moment
from ingestion.sources.survey_files import read_surveys
from ingestion.stream import Quarantined, Record
from tests.ingestion.survey_folder import GOOD, HEADER, TEAMS, YAML, answers, inbox, problems, read, reasons

AS_OF = datetime(2026, 7, 1, 2, tzinfo=UTC)


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


def test_an_answer_after_the_close_takes_the_place_of_none_that_came_in_time(tmp_path: Path) -> None:
    """The wave closes with the 17th in Berlin: 23:30 UTC is already the 18th there."""
    rows = (
        "1,2025-03-17T22:30:00Z,Check-out,1,,,the last in time\n"
        "1,2025-03-17T23:30:00Z,Check-out,5,5,5,late\n"
        "2,2025-03-18T10:00:00Z,Check-out,2,2,2,late and complete\n"
        "2,2025-03-19T10:00:00Z,Check-out,3,,,later\n"
    )
    (wave,) = read_surveys(inbox(tmp_path, HEADER + rows), teams=TEAMS, time_zone="Europe/Berlin")
    assert answers(wave) == [{"speed": 1, "tools": None, "enps": None}, {"speed": 2, "tools": 2, "enps": 2}]


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
