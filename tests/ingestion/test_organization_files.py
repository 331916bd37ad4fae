"""The organisation's CSV files: what lands, members as hashes, and the starter."""

import csv
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.config import Config, ConfigError, load_config
from ingestion.errors import StopConnection
from ingestion.salt import hashed, load_salt
from ingestion.sources.files import ORGANIZATION
from ingestion.sources.organization_files import read_organization, team_names
from ingestion.sources.organization_tables import TABLES
from ingestion.starter import write_starter
from ingestion.stream import Quarantined, Record
from tests.ingestion.organization_folder import GOOD, write

AS_OF = datetime(2026, 7, 1, 2, tzinfo=UTC)


def config_of(tmp_path: Path) -> Config:
    text = "connections:\n  - {name: jira, type: jira, base_url: sandbox, projects: '*', start_date: 2025-01-01}\n"
    (tmp_path / "connections.yml").write_text(text + "  - {name: files, type: organization_files}\n")
    return load_config(tmp_path, environ={}).with_data(tmp_path / "data")


def landed(tmp_path: Path, stream: str) -> list[Record]:
    config = config_of(tmp_path)
    reader = ORGANIZATION.stream(stream).reader
    assert reader is not None
    found = list(reader(config.connection("files"), config, AS_OF))
    return [record for record in found if not isinstance(record, Quarantined)]


def test_every_file_is_a_snapshot_stream_in_the_tables_order() -> None:
    assert [stream.name for stream in ORGANIZATION.streams] == [table.name for table in TABLES]
    assert {stream.mode for stream in ORGANIZATION.streams} == {"snapshot"}


def test_rows_land_as_text_with_their_line_and_every_column(tmp_path: Path) -> None:
    write(tmp_path / "organization")
    records = landed(tmp_path, "team_value_streams")
    assert [record.payload for record in records] == [
        {"team_id": "a", "value_stream_id": "v", "weight": "0.5", "valid_from": None, "valid_to": None, "_line": 2},
        {"team_id": "a", "value_stream_id": "w", "weight": "0.5", "valid_from": None, "valid_to": None, "_line": 3},
        {"team_id": "b", "value_stream_id": "v", "weight": "1", "valid_from": None, "valid_to": None, "_line": 4},
    ]
    assert len({record.id for record in records}) == 3
    assert {record.updated_at for record in records} == {None}


def test_a_rows_id_is_its_key_and_survives_a_change_of_its_values(tmp_path: Path) -> None:
    write(tmp_path / "organization")
    before = {record.id for record in landed(tmp_path, "teams")}
    write(
        tmp_path / "organization",
        teams=GOOD["teams"].replace("Beta", "Bee").replace(",2025-01-01\n", ",2025-01-01\n\n"),
    )
    assert {record.id for record in landed(tmp_path, "teams")} == before


def test_optional_files_that_are_absent_are_empty_tables(tmp_path: Path) -> None:
    tables = read_organization(write(tmp_path / "organization"))
    assert set(tables) == {table.name for table in TABLES}
    assert (tables["services"], tables["calendar"]) == ((), ())


def test_members_land_only_as_salted_hashes(tmp_path: Path) -> None:
    write(
        tmp_path / "organization", memberships="member_id,team_id,role\nada@example.com,a,dev\nbob@example.com,a,dev\n"
    )
    records = landed(tmp_path, "memberships")
    again = landed(tmp_path, "memberships")
    assert "example.com" not in str(records)
    assert [(r.id, r.payload) for r in again] == [(r.id, r.payload) for r in records]
    salt = load_salt(tmp_path / "data")
    assert [r.payload["member_id"] for r in records] == [  # type: ignore[index]
        hashed(salt, "member", "ada@example.com"),
        hashed(salt, "member", "bob@example.com"),
    ]


def test_salt_is_made_once_with_rights_of_the_owner_only(tmp_path: Path) -> None:
    salts: list[bytes] = []
    threads = [threading.Thread(target=lambda: salts.append(load_salt(tmp_path / "data"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(salts), len(set(salts)), len(salts[0])) == (16, 1, 32)
    assert stat.S_IMODE((tmp_path / "data" / "salt").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["salt"]


def test_a_damaged_salt_stops_and_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "salt").write_bytes(b"short")
    with pytest.raises(StopConnection, match="holds 5 bytes"):
        load_salt(tmp_path)
    assert (tmp_path / "salt").read_bytes() == b"short"


def test_hash_of_a_member_is_not_the_hash_of_a_respondent() -> None:
    assert hashed(b"s" * 32, "member", "x") != hashed(b"s" * 32, "respondent", "x")
    assert hashed(b"s" * 32, "member", "x") != hashed(b"t" * 32, "member", "x")
    assert len(hashed(b"s" * 32, "member", "x")) == 32


def test_one_mistake_in_one_file_lands_nothing_of_any(tmp_path: Path) -> None:
    write(tmp_path / "organization", bots="pattern,note\n,x\n")
    with pytest.raises(StopConnection) as error:
        landed(tmp_path, "teams")
    assert (
        error.value.error
        == "organization/bots.csv:2: pattern: is blank; it is required (Login, or a glob such as *[bot])"
    )
    assert "correct organization/bots.csv and run again" in error.value.cure


def test_files_as_spreadsheets_write_them_are_read(tmp_path: Path) -> None:
    text = '\ufeffteam_id , team_name\r\na,Alpha\r\n,\r\nb,"Beta, the second"\r\n'
    rows = read_organization(write(tmp_path / "organization", teams=text))["teams"]
    assert [(row.line, row.values["team_id"], row.values["team_name"]) for row in rows] == [
        (2, "a", "Alpha"),
        (4, "b", "Beta, the second"),
    ]


def test_an_edited_file_is_read_anew(tmp_path: Path) -> None:
    folder = write(tmp_path / "organization")
    assert len(read_organization(folder)["teams"]) == 3
    write(folder, teams=GOOD["teams"] + "c,Gamma,,\n")
    assert len(read_organization(folder)["teams"]) == 4


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"organization: there is no folder .*; write it with `flowlight init`"):
        read_organization(tmp_path / "organization")


def test_teams_are_known_by_id_and_by_every_name(tmp_path: Path) -> None:
    assert team_names(write(tmp_path / "organization")) == {
        "a": "a", "alpha": "a", "alpha ii": "a", "b": "b", "beta": "b",
    }  # fmt: skip


def test_starter_is_a_valid_configuration(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "config")
    assert tmp_path / "config" / "organization" / "README.md" in written
    config = load_config(tmp_path / "config", environ={"JIRA_TOKEN": "x", "GITHUB_TOKEN": "x"})
    assert [connection.type for connection in config.connections] == [
        "jira",
        "github",
        "inbox",
        "organization_files",
        "survey_files",
    ]
    tables = read_organization(config.connection("organization").path, connections=[c.name for c in config.connections])
    assert all(tables[table.name] for table in TABLES if table.required)


def test_starter_has_every_file_with_every_column_in_order_and_its_explanation(tmp_path: Path) -> None:
    write_starter(tmp_path)
    readme = (tmp_path / "organization" / "README.md").read_text()
    for table in TABLES:
        with (tmp_path / "organization" / f"{table.name}.csv").open(newline="") as file:
            assert next(csv.reader(file)) == [column.name for column in table.columns]
        part = readme.split(f"## {table.name}.csv")[1].split("\n## ")[0]
        columns = [column.name for column in table.columns if column.name not in ("valid_from", "valid_to")]
        assert [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("| ")][1:] == columns


def test_starter_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "connections.yml").write_text("mine")
    with pytest.raises(ConfigError, match="is there already and is not overwritten"):
        write_starter(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["connections.yml"]
    assert (tmp_path / "connections.yml").read_text() == "mine"
