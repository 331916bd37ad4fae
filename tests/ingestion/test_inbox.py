"""The inbox: four kinds of records in three formats, what is quarantined and why, which record of an id holds."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ingestion.connections import InboxConnection
from ingestion.schemas import KINDS, record_schema, schema_text
from ingestion.sources import inbox_files
from ingestion.starter import write_starter
from orchestration.cli import main
from tests.ingestion.nights import Nights, errors

NIGHT = datetime(2026, 7, 1, 2, tzinfo=UTC)
DEPLOYMENT = {
    "id": "d-1", "service": "terminals", "environment": "production", "status": "success",
    "started_at": "2026-06-01T10:00:00Z", "finished_at": "2026-06-01T10:07:00+02:00",
}  # fmt: skip
INCIDENT = {"id": "i-1", "service": "terminals", "severity": "high", "started_at": "2026-06-01T11:00:00Z"}
FINDING = {
    "id": "f-1", "repository": "acme/terminals", "scanner": "trivy", "advisory": "CVE-2026-1", "severity": "low",
    "opened_at": "2026-05-01T00:00:00Z", "state": "open",
}  # fmt: skip
IN_UTC = {**DEPLOYMENT, "finished_at": "2026-06-01T08:07:00Z"}
INITIATIVE = {"id": "p-1", "title": "Returns at the till", "state": "active", "created_at": "2026-01-05T00:00:00Z"}
EXAMPLES = {
    "deployments": DEPLOYMENT, "incidents": INCIDENT, "initiatives": INITIATIVE, "security_findings": FINDING,
}  # fmt: skip


class Inbox:
    """An inbox folder and nights over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "inbox"
        self.folder.mkdir()
        self.nights = Nights(folder)
        self.as_of = NIGHT

    def write(self, name: str, content: str | bytes | list[Any], minute: int | None = None) -> Path:
        """A file (a list: JSON lines), last modified at that minute."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(each) + "\n" for each in content) if isinstance(content, list) else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        if minute is not None:
            moment = (NIGHT + timedelta(minutes=minute)).timestamp()
            os.utime(path, (moment, moment))
        return path

    def night(self) -> dict[str, str]:
        connection = InboxConnection(name="inbox", type="inbox", path=self.folder)
        found = errors(self.nights.run(connection, self.as_of))
        self.as_of += timedelta(days=1)
        return found

    def rows(self, kind: str) -> dict[str, Any]:
        return {id_: json.loads(payload) for id_, _, payload in self.nights.raw(f"inbox.{kind}")}

    def quarantine(self) -> list[tuple[Any, ...]]:
        return self.nights.query("select page, line, reason, record from raw_ingestion.quarantine order by all")


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


def as_csv(*records: dict[str, Any], delimiter: str = ",") -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.DictWriter(text, names, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


# --- the schemas ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_the_schema_that_is_printed_is_the_one_that_is_checked_against(kind: str) -> None:
    printed = CliRunner().invoke(main, ["schema", kind])
    assert printed.exit_code == 0 and printed.output == schema_text(kind)
    document = json.loads(printed.output)
    Draft202012Validator.check_schema(document)
    assert record_schema(kind).validator.schema == document
    assert document["additionalProperties"] is False
    assert all("description" in field for field in document["properties"].values())
    assert record_schema(kind).problem(EXAMPLES[kind]) is None


@pytest.mark.parametrize(
    ("kind", "change", "problem"),
    [
        ("deployments", {"id": None}, "id is required"),
        ("deployments", {"id": ""}, "id breaks the rule minLength 1"),
        ("deployments", {"id": 7}, "id must be text"),
        ("deployments", {"finished": "x"}, "'finished' is no field; did you mean 'finished_at'?"),
        ("deployments", {"finished_at": None}, "finished_at is required where status is success"),
        ("deployments", {"finished_at": None, "status": "in_progress"}, None),
        ("deployments", {"started_at": "2026-06-01T10:00:00"},
         "started_at must be an ISO 8601 time with its offset, such as 2026-07-01T14:05:00Z"),
        ("deployments", {"started_at": "yesterday"},
         "started_at must be an ISO 8601 time with its offset, such as 2026-07-01T14:05:00Z"),
        ("deployments", {"sha": "HEAD"}, "sha does not have the form ^[0-9a-f]{7,64}$"),
        ("deployments", {"shas": "abcdef1"}, "shas must be a list"),
        ("deployments", {"url": "javascript:alert(1)"}, "url must be an address that begins with https:// or http://"),
        ("deployments", {"status": "done"}, "status must be one of in_progress, success, failed, failed_before_users, "
         "rolled_back, cancelled, skipped"),
        ("incidents", {"severity": "SEV1"}, "severity must be one of critical, high, medium, low"),
        ("incidents", {"reopened_at": ["2026-06-01T12:00:00Z"]}, "resolved_at is a dependency of reopened_at"),
        ("initiatives", {"state": "implementable"}, "state must be one of new, active, waiting, done, cancelled"),
        ("initiatives", {"state": "done"}, "done_at is required where state is done"),
        ("initiatives", {"state": "cancelled"}, "cancelled_at is required where state is cancelled"),
        ("initiatives", {"actual_outcome": "Calls fell"}, "reviewed_at is a dependency of actual_outcome"),
        ("initiatives", {"created_at": "2026-1-5T00:00:00Z"},
         "created_at must be an ISO 8601 time with its offset, such as 2026-07-01T14:05:00Z"),
        ("initiatives", {"history": [{"field": "owner", "changed_at": "2026-01-05T00:00:00Z"}]},
         "history.field must be one of anticipated_outcome, actual_outcome, verdict, outcome_type, key_result"),
        ("initiatives", {"history": [{"field": "verdict", "changed_at": "2026-01-05T00:00:00Z", "id": "7"}]},
         "'id' is no field; choose from field, value, changed_at"),
        ("initiatives", {"history": [{"field": "verdict", "changed_at": "2026-01-05T00:00:00Z"}]}, None),
        ("security_findings", {"repository": None}, "repository or service is required"),
        ("security_findings", {"repository": None, "service": "terminals"}, None),
        ("security_findings", {"state": "dismissed"}, "closed_at is required where state is dismissed"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_without_its_value(kind: str, change: dict[str, Any], problem: str | None) -> None:
    record = {name: value for name, value in {**EXAMPLES[kind], **change}.items() if value is not None}
    assert record_schema(kind).problem(record) == problem


def test_no_field_can_hold_a_person() -> None:
    for kind in KINDS:
        for name in set(record_schema(kind).properties) - {"title"}:  # of an initiative
            assert not {"author", "name", "user", "email", "title", "assignee"} & set(name.split("_")), name


def test_the_starters_inbox_is_read_and_its_example_fits(tmp_path: Path) -> None:
    write_starter(tmp_path)
    nights = Nights(tmp_path / "data")
    assert errors(nights.run(InboxConnection(name="inbox", type="inbox", path=tmp_path / "inbox"), NIGHT)) == {}
    lines = [line for line in (tmp_path / "inbox" / "README.md").read_text().splitlines() if line.startswith("{")]
    assert len(lines) == 2
    assert [record_schema("deployments").problem(json.loads(line)) for line in lines] == [None, None]


# --- formats -------------------------------------------------------------------------------------------------------
def test_all_kinds_and_formats_land(inbox: Inbox) -> None:
    inbox.write("deployments/2026-06.jsonl", [DEPLOYMENT, {**DEPLOYMENT, "id": "d-2", "shas": ["abcdef1", "abcdef2"]}])
    inbox.write("deployments/run-3.json", json.dumps({**DEPLOYMENT, "id": "d-3"}))
    inbox.write("deployments/old/packed.jsonl.gz", gzip.compress(json.dumps({**DEPLOYMENT, "id": "d-4"}).encode()))
    inbox.write("incidents/all.json", json.dumps([INCIDENT, {**INCIDENT, "id": "i-2", "resolved_at": None}], indent=2))
    flat = {**FINDING, "reopened_at": "2026-05-03T00:00:00Z 2026-05-09T00:00:00Z", "deleted": "no", "url": ""}
    inbox.write("security_findings/scan.csv", "\ufeff" + as_csv(flat, delimiter=";"))
    inbox.write("initiatives/plans.csv", as_csv({**INITIATIVE, "items": "SHOP-1 jira:SHOP-2"}))
    inbox.write("README.md", "how we write it")
    inbox.write("deployments/.hidden", "x")
    assert inbox.night() == {}
    assert sorted(inbox.rows("deployments")) == ["d-1", "d-2", "d-3", "d-4"]
    assert inbox.rows("deployments")["d-2"] == {**IN_UTC, "id": "d-2", "shas": ["abcdef1", "abcdef2"]}
    assert inbox.rows("incidents") == {"i-1": INCIDENT, "i-2": {**INCIDENT, "id": "i-2"}}
    assert inbox.rows("security_findings")["f-1"] == {
        **FINDING, "reopened_at": ["2026-05-03T00:00:00Z", "2026-05-09T00:00:00Z"], "deleted": False,
    }  # fmt: skip
    assert inbox.rows("initiatives")["p-1"] == {**INITIATIVE, "items": ["SHOP-1", "jira:SHOP-2"]}
    assert inbox.quarantine() == []


def test_times_land_in_utc(inbox: Inbox) -> None:
    times = {"resolved_at": "2026-06-01T14:00:00+02:00", "reopened_at": ["2026-06-01T09:00:00.25-05:00"]}
    inbox.write("incidents/a.jsonl", [{**INCIDENT, **times, "updated_at": "2026-06-02T00:30:00+01:00"}])
    assert inbox.night() == {}
    assert inbox.rows("incidents")["i-1"] == {
        **INCIDENT, "resolved_at": "2026-06-01T12:00:00Z", "reopened_at": ["2026-06-01T14:00:00.250000Z"],
        "updated_at": "2026-06-01T23:30:00Z",
    }  # fmt: skip
    assert inbox.nights.query("select updated_at from raw_inbox.incidents") == [(datetime(2026, 6, 1, 23, 30),)]


def test_times_of_a_history_land_in_utc(inbox: Inbox) -> None:
    change = {"field": "key_result", "value": "2026-06-01T10:00:00+02:00", "changed_at": "2026-06-01T10:00:00+02:00"}
    inbox.write("initiatives/a.jsonl", [{**INITIATIVE, "history": [change]}])
    assert inbox.night() == {}
    assert inbox.rows("initiatives")["p-1"]["history"] == [{**change, "changed_at": "2026-06-01T08:00:00Z"}]


def test_bad_rows_are_quarantined_with_file_line_and_reason_and_the_rest_loads(inbox: Inbox) -> None:
    said = {**DEPLOYMENT, "id": "d-3", "status": "Ann said ok"}
    lines = [json.dumps(DEPLOYMENT), "", '{"id": "d-2", ', json.dumps(said), "[1]",
             json.dumps({**DEPLOYMENT, "id": "d-\x005"}), json.dumps({**DEPLOYMENT, "id": "d-6"})]  # fmt: skip
    inbox.write("deployments/a.jsonl", "\n".join(lines))
    good, bad = {**FINDING, "id": "f-2"}, {**FINDING, "id": "f-3", "severity": "9.8"}
    inbox.write("security_findings/b.csv", as_csv(FINDING, bad, good) + "f-4,too,few\n")
    listed = json.dumps([INCIDENT, {"id": "i-2"}, {**INCIDENT, "id": "i-3"}], indent=1)
    inbox.write("incidents/c.json", listed)
    assert inbox.night() == {}
    assert sorted(inbox.rows("deployments")) == ["d-1", "d-6"]
    assert sorted(inbox.rows("security_findings")) == ["f-1", "f-2"]
    assert sorted(inbox.rows("incidents")) == ["i-1", "i-3"]
    found = inbox.quarantine()
    assert [(page, line) for page, line, _, _ in found] == [
        ("deployments/a.jsonl", 3), ("deployments/a.jsonl", 4), ("deployments/a.jsonl", 5), ("deployments/a.jsonl", 6),
        ("incidents/c.json", 8), ("security_findings/b.csv", 3), ("security_findings/b.csv", 5),
    ]  # fmt: skip
    assert listed.splitlines()[7 - 1].strip() == "},"  # the record before ends on line 7
    reasons = [reason for _, _, reason, _ in found]
    assert reasons[0] == "is not valid JSON; write one object a line, in UTF-8"
    assert reasons[1].startswith("status must be one of")
    assert reasons[3] == "holds a NUL character; take it out"
    assert reasons[4].startswith("service is required; severity is required; started_at is required")
    assert reasons[6].startswith("has 3 values, the header has 7")
    assert "Ann" not in str(found), "a value may name a person"


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("a.jsonl", b'{"id": "\xff"}\n', 1, "is not valid JSON"),
        ("a.csv", b"id,service\n", 1, "column 'environment' is missing; add it"),
        ("a.csv", b"id,service,environment,status,started_at,author\n", 1, "column 'author' is no field"),
        ("a.csv", b"id,service,environment,status,started_at\na,\xff,c,d,e\n", 2, "is not UTF-8 from here on"),
        ("a.csv", b'id,service,environment,status,started_at\na,"b,c,d,e\n', 2, "is not valid CSV from here on"),
        ("a.json", b'[{"id": 1}, ', 1, "service is required; environment is required; status is required; and 2 more"),
        ("a.json", b"nothing", 1, "is not valid JSON from here on"),
        ("a.jsonl.gz", b"no gzip", None, "is not a whole gzip file"),
        ("a.xlsx", b"PK", None, "is read by nothing; write one of .jsonl, .ndjson, .json, .csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_quarantined_and_the_others_load(
    inbox: Inbox, name: str, content: bytes, line: int | None, reason: str
) -> None:
    inbox.write(f"deployments/{name}", content)
    inbox.write("deployments/good.jsonl", [DEPLOYMENT])
    assert inbox.night() == {}
    found = inbox.quarantine()[0]
    assert found[:2] == (f"deployments/{name}", line) and found[2].startswith(reason), found
    assert list(inbox.rows("deployments")) == ["d-1"]


def test_what_nothing_would_read_stops_the_connection_with_the_cure(inbox: Inbox) -> None:
    inbox.write("deployment/a.jsonl", [DEPLOYMENT])
    found = inbox.night()
    assert set(found) == set(KINDS)
    assert "deployment: is read by nothing; put it into a folder; did you mean 'deployments'?" in found["deployments"]
    (inbox.folder / "deployment").rename(inbox.folder / "deployments")
    assert inbox.night() == {}
    assert list(inbox.rows("deployments")) == ["d-1"]


# --- which record holds ----------------------------------------------------------------------------------------------
def test_the_record_with_the_latest_update_holds(inbox: Inbox) -> None:
    newer = {**IN_UTC, "updated_at": "2026-06-09T00:00:00Z", "ref": "newer"}
    inbox.write("deployments/a.jsonl", [newer, {**DEPLOYMENT, "updated_at": "2026-06-02T00:00:00Z", "ref": "older"}])
    inbox.write("deployments/b.jsonl", [{**DEPLOYMENT, "updated_at": "2026-06-08T00:00:00Z", "ref": "older"}])
    assert inbox.night() == {}
    assert inbox.rows("deployments")["d-1"] == newer
    inbox.write("deployments/c.jsonl", [{**DEPLOYMENT, "updated_at": "2026-06-07T00:00:00Z", "ref": "late and older"}])
    inbox.night()
    assert inbox.rows("deployments")["d-1"] == newer


def test_without_a_time_the_newer_file_holds_whatever_its_name(inbox: Inbox) -> None:
    inbox.write("deployments/z.jsonl", [{**DEPLOYMENT, "ref": "first"}], minute=-60)
    inbox.write("deployments/a.jsonl", [{**DEPLOYMENT, "ref": "second"}], minute=-30)
    inbox.night()
    assert inbox.rows("deployments")["d-1"]["ref"] == "second"
    inbox.write("deployments/z.jsonl", [{**DEPLOYMENT, "ref": "corrected"}], minute=-10)
    inbox.night()
    assert inbox.rows("deployments")["d-1"]["ref"] == "corrected"


def test_reading_again_changes_nothing_and_a_file_taken_away_takes_nothing_with_it(inbox: Inbox) -> None:
    path = inbox.write("deployments/a.jsonl", [DEPLOYMENT, {**DEPLOYMENT, "id": 2}])
    inbox.night()
    before = inbox.nights.raw("inbox.deployments", "*"), inbox.quarantine()
    inbox.night()
    path.touch()
    inbox.night()
    path.unlink()
    inbox.night()
    assert (inbox.nights.raw("inbox.deployments", "*"), inbox.quarantine()) == before
    inbox.write("deployments/taken_back.jsonl", [{**DEPLOYMENT, "deleted": True}])
    inbox.night()
    assert inbox.rows("deployments")["d-1"]["deleted"] is True


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_of_a_file_that_grows_only_the_new_rows_are_read(inbox: Inbox, form: str) -> None:
    """A bad row is not quarantined again each night; a last line without its end is read again when it has one."""
    records = [DEPLOYMENT, {**DEPLOYMENT, "id": "d-2", "status": "?"}, {**DEPLOYMENT, "id": "d-3"}]
    text = as_csv(*records) if form == "csv" else "".join(json.dumps(each) + "\n" for each in records)
    cut = len(text) - 9
    inbox.write(f"deployments/a.{form}", text[:cut])
    inbox.night()
    assert list(inbox.rows("deployments")) == ["d-1"] and len(inbox.quarantine()) == 2
    inbox.write(f"deployments/a.{form}", text)
    inbox.night()
    assert list(inbox.rows("deployments")) == ["d-1", "d-3"] and len(inbox.quarantine()) == 2
    more = [{**DEPLOYMENT, "id": f"d-{n}"} for n in range(4, 8)]
    text += as_csv(*more).split("\n", 1)[1] if form == "csv" else "".join(json.dumps(each) + "\n" for each in more)
    inbox.write(f"deployments/a.{form}", text)
    inbox.night()
    loads = "select stream, sum(records) from raw_ingestion.loads group by all"
    assert len(inbox.rows("deployments")) == 6 and len(inbox.quarantine()) == 2
    assert inbox.nights.query(loads) == [("deployments", 3 + 1 + 4)]
    inbox.write(f"deployments/a.{form}", text.replace("terminals", "kiosks"))
    inbox.night()
    assert {row["service"] for row in inbox.rows("deployments").values()} == {"kiosks"}


def test_a_night_that_ends_between_two_files_goes_on_with_the_second(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands before a checkpoint is committed with it; what comes after it is lost with the process."""
    inbox.write("deployments/a.jsonl", [DEPLOYMENT])
    inbox.write("deployments/b.jsonl", [{**DEPLOYMENT, "id": "d-2"}, {**DEPLOYMENT, "id": "d-3"}])
    read = inbox_files.read_rows
    asked: list[str] = []

    def dies(path: Path, *more: Any) -> Iterator[Any]:
        asked.append(path.name)
        for number, row in enumerate(read(path, *more)):
            if path.name == "b.jsonl" and number == 1:
                raise KeyboardInterrupt
            yield row

    monkeypatch.setattr(inbox_files, "read_rows", dies)
    with pytest.raises(KeyboardInterrupt):
        inbox.night()
    monkeypatch.setattr(inbox_files, "read_rows", lambda path, *more: asked.append(path.name) or read(path, *more))
    assert inbox.night() == {}
    assert sorted(inbox.rows("deployments")) == ["d-1", "d-2", "d-3"]
    assert asked == ["a.jsonl", "b.jsonl", "b.jsonl"]


def test_another_schema_reads_the_files_again(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox.write("deployments/a.jsonl", [{**DEPLOYMENT, "colour": "blue"}])
    inbox.night()
    assert inbox.rows("deployments") == {}
    text = schema_text("deployments").replace('"additionalProperties": false', '"additionalProperties": true')
    monkeypatch.setattr("ingestion.schemas.schema_text", lambda kind: text)
    record_schema.cache_clear()
    try:
        inbox.night()
    finally:
        record_schema.cache_clear()
    assert list(inbox.rows("deployments")) == ["d-1"]


versions = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 9), st.booleans()), min_size=1, max_size=12
)


@settings(max_examples=25, deadline=None)
@given(versions, st.permutations(range(4)))
def test_night_by_night_gives_what_one_night_over_all_files_gives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, bool]], order: list[int]
) -> None:
    """Files arrive in any order; the records that hold are those of one night that sees all of them."""
    files: dict[int, list[dict[str, Any]]] = {}
    for number, (file, key, hour, is_timed) in enumerate(rows):
        updated = {"updated_at": f"2026-06-01T{hour:02d}:{number:02d}:00Z"} if is_timed else {}
        files.setdefault(file, []).append({**DEPLOYMENT, "id": f"d-{key}", "ref": f"version {number}", **updated})
    minutes = {file: file - 60 * 24 * 40 if file % 2 else file for file in files}
    slowly, at_once = (Inbox(tmp_path_factory.mktemp(name)) for name in ("slowly", "at_once"))
    for file in [each for each in order if each in files]:
        slowly.write(f"deployments/{file}.jsonl", files[file], minute=minutes[file])
        assert slowly.night() == {}
        at_once.write(f"deployments/{file}.jsonl", files[file], minute=minutes[file])
    assert at_once.night() == {}
    assert slowly.rows("deployments") == at_once.rows("deployments")


@pytest.mark.soak
def test_a_million_rows_take_minutes(inbox: Inbox) -> None:
    with (inbox.folder / "deployments.tmp").open("wb") as file:
        for number in range(1_000_000):
            record = {**DEPLOYMENT, "id": f"d-{number}", "sha": f"{number:040x}"}
            file.write(json.dumps(record).encode() + b"\n")
    (inbox.folder / "deployments").mkdir()
    (inbox.folder / "deployments.tmp").rename(inbox.folder / "deployments" / "all.jsonl")
    began = time.monotonic()
    assert inbox.night() == {}
    assert inbox.nights.query("select count(*) from raw_inbox.deployments") == [(1_000_000,)]
    assert time.monotonic() - began < 600
    began = time.monotonic()
    assert inbox.night() == {}
    assert time.monotonic() - began < 10
