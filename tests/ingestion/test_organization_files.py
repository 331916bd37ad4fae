"""The organisation's CSV files: what lands, and every mistake named by file and line, all of them at once."""

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

AS_OF = datetime(2026, 7, 1, 2, tzinfo=UTC)
GOOD = {
    "teams": "team_id,team_name,valid_from,valid_to\na,Alpha,,2025-01-01\na,Alpha II,2025-01-01,\nb,Beta,,\n",
    "value_streams": "value_stream_id,value_stream_name\nv,Buying\nw,Paying\n",
    "team_value_streams": "team_id,value_stream_id,weight,valid_from,valid_to\na,v,0.5,,\na,w,0.5,,\nb,v,,,\n",
    "work_rules": "rule_order,connection,project,field,value,team_id,weight\n"
    "1,jira,,project,SHOP,a,0.5\n1,jira,,project,SHOP,b,0.5\n2,,,label,x,a,\n",
    "status_mappings": "status,flow_state\nTo Do,new\nDone,done\n",
    "type_mappings": "issue_type,flow_item_type,item_level\nStory,feature,\nEpic,,initiative\n",
}


def write(folder: Path, **files: str | bytes | None) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in (GOOD | files).items():
        if text is not None:
            (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def problems(tmp_path: Path, **files: str | bytes | None) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read_organization(write(tmp_path / "organization", **files), connections=["jira", "github"])
    return str(error.value).splitlines()


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


def test_mistakes_of_all_files_are_reported_together_in_the_order_of_the_files(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        teams="team_id,team_name,valid_from,valid_to\na,A,2025-13-01,\nb,,01.02.2025,\nc,C,2025-01-01,2024-01-01\n",
        status_mappings="status,flow_state\nTo Do,neu\n",
        calendar="date,kind\n2025-01-01,holliday\n",
    )
    assert found == [
        "organization/teams.csv:2: valid_from: '2025-13-01' is not a date; write YYYY-MM-DD",
        "organization/teams.csv:3: team_name: is blank; it is required (Name as published)",
        "organization/teams.csv:3: valid_from: '01.02.2025' is not a date; write YYYY-MM-DD",
        "organization/teams.csv:4: valid_to: '2024-01-01' is not after valid_from '2025-01-01'; "
        "it is the first day on which the row no longer holds",
        "organization/status_mappings.csv:2: flow_state: 'neu' is not known; did you mean 'new'?",
        "organization/calendar.csv:2: kind: 'holliday' is not known; did you mean 'holiday'?",
    ]


FILES = [
    ("teams", None, "teams.csv: is required and not there; write it with the header team_id,team_name,valid_from"),
    ("teams", "", "teams.csv:1: is empty; its first line must be team_id,team_name,valid_from,valid_to"),
    ("calender", "date,kind\n", "calender.csv: is no organisation file; did you mean 'calendar'?"),
    ("bots", "pattern;note\nx;y\n", "bots.csv:1: is separated by semicolons; save it with commas"),
    ("bots", "pattern\tnote\nx\ty\n", "bots.csv:1: is separated by tabs; save it with commas"),
    ("bots", "patern,note\nx,y\n", "bots.csv:1: unknown column 'patern'; did you mean 'pattern'?"),
    ("bots", "note\ny\n", "bots.csv:1: column 'pattern' is missing; add it (Login, or a glob such as *[bot])"),
    ("bots", "pattern,note,note\nx,y,z\n", "bots.csv:1: column 'note' stands there 2 times; keep one"),
    (
        "bots",
        "pattern,note\nx,y,z\n",
        "bots.csv:2: has 3 values, the header has 2; quote a value that contains a comma",
    ),
    ("bots", "pattern,note\nx\n", "bots.csv:2: has 1 values, the header has 2; write every comma"),
    ("bots", 'pattern,note\nx,y\nz,"open\n', "bots.csv:3: is not valid CSV from here on"),
    ("bots", b"pattern,note\nx,y\nz,Caf\xe9\n", "bots.csv:3: byte 0xe9 is not utf-8; save the file as UTF-8"),
    ("bots", "pattern,note\n".encode("utf-16"), "bots.csv:1: is UTF-16; save it as UTF-8"),
    ("bots", "pattern,note\nx,\nX,\n", "bots.csv:3: repeats line 2 (pattern 'X'); keep one of them"),
    ("teams", GOOD["teams"] + "unassigned,U,,\n", "teams.csv:5: team_id: 'unassigned' is reserved; choose another id"),
    ("teams", GOOD["teams"] + "the team,T,,\n", "teams.csv:5: team_id: 'the team' is not an id; use letters, digits"),
    (
        "team_costs",
        "team_id,month,amount,currency\na,2025-01-02,1,EUR\n",
        "'2025-01-02' is not the first day of a month",
    ),
    (
        "team_costs",
        'team_id,month,amount,currency\na,2025-01-01,"1,5",EUR\n',
        "'1,5' is not a number; write digits with",
    ),
    (
        "security_severities",
        "severity,sla_days,is_counted\nhigh,0,yes\n",
        "security_severities.csv:2: sla_days: 0 is not a number of days; write 1 or more, or leave it blank for",
    ),
    (
        "security_severities",
        "severity,tracker_words,is_counted\ncritical,Highest; SEV1,yes\nhigh,Major;sev1 ,yes\n",
        "security_severities.csv:3: tracker_words: 'sev1' means critical at line 2 already; keep one of them",
    ),
    ("security_severities", "severity,sla_days,is_counted\nhigh,two,yes\n", "'two' is not a whole number"),
    ("security_severities", "severity,sla_days,is_counted\nhihg,2,yes\n", "'hihg' is not known; did you mean 'high'?"),
    ("security_severities", "severity,sla_days,is_counted\nhigh,2,\n", "is_counted: is blank; it is required"),
    (
        "security_severities",
        "severity,sla_days,is_counted,valid_from\nhigh,2,yes,\nhigh,3,yes,2026-01-01\n",
        "security_severities.csv:3: valid_from: overlaps line 2 (severity 'high' always to open)",
    ),
    ("team_costs", "team_id,month,amount,currency\na,2025-01-01,-1,EUR\n", "-1 is negative; write 0 or more"),
    (
        "team_costs",
        "team_id,month,amount,currency\na,2025-01-01,1,Euro\n",
        "'Euro' is not a currency; write its ISO 4217",
    ),
    (
        "team_costs",
        "team_id,month,amount,currency\na,2025-01-01,1,EUR\na,2025-02-01,1,USD\n",
        "team_costs.csv:3: currency: USD is not EUR as at line 2; use one currency",
    ),
    (
        "memberships",
        "member_id,team_id\nx,aa\n",
        "memberships.csv:2: team_id: 'aa' is not in teams.csv; did you mean 'a'?",
    ),
    (
        "service_owners",
        "service_id,team_id\ns,a\n",
        "service_owners.csv:2: service_id: 's' is not in services.csv; add it",
    ),
    (
        "status_mappings",
        "connection,status,flow_state\njra,Done,done\n",
        "status_mappings.csv:2: connection: 'jra' is not in connections.yml; did you mean 'jira'?",
    ),
    (
        "type_mappings",
        "issue_type,flow_item_type\nTask,\n",
        "type_mappings.csv:2: flow_item_type: is blank; an item of level flow_item needs one of feature, defect, risk",
    ),
    (
        "type_mappings",
        "issue_type,condition_field,condition_value,flow_item_type\nTask,label,,debt\n",
        "type_mappings.csv:2: condition_value: is blank; write both condition columns or neither",
    ),
    (
        "deployment_rules",
        "method,workflow_pattern\nworkflow,\n",
        "deployment_rules.csv:2: workflow_pattern: is blank; method workflow needs it",
    ),
    (
        "deployment_rules",
        "method,tag_pattern,environment_pattern\ntag,v*,production\n",
        "deployment_rules.csv:2: environment_pattern: 'production' says nothing where method is tag; leave it blank",
    ),
    (
        "deployment_rules",
        "method,environment_pattern,valid_from,valid_to\n,prod*,,2025-03-01\nmerge,,2025-02-01,\n",
        "deployment_rules.csv:3: method: merge is deployments at line 2 on the same days",
    ),
    (
        "deployment_rules",
        "method,environment_pattern\nreleases,\n",
        "deployment_rules.csv:2: method: 'releases' is not known; did you mean 'release'?",
    ),
    (
        "generated_files",
        "pattern,is_generated\n!src/kept.js,yes\n",
        "generated_files.csv:2: pattern: '!src/kept.js' begins with !; write it without and is_generated no",
    ),
    (
        "generated_files",
        "pattern,is_generated\n*.lock,yes\nweb\\\\dist,yes\n",
        "generated_files.csv:3: pattern: 'web\\\\dist' has a backslash; write / between folders",
    ),
    (
        "generated_files",
        "pattern,is_generated\n./dist,yes\n",
        "generated_files.csv:2: pattern: './dist' is no path from the top of the repository",
    ),
    (
        "generated_files",
        "pattern,is_generated\n*.[ch,yes\n",
        "generated_files.csv:2: pattern: '*.[ch' has a bracket without its partner; close the class",
    ),
    (
        "generated_files",
        "pattern,is_generated,valid_from\nvendor/,yes,\nvendor/,no,2026-01-01\n",
        "generated_files.csv:3: valid_from: overlaps line 2 (pattern 'vendor/' always to open)",
    ),
]


@pytest.mark.parametrize(("name", "text", "expected"), FILES)
def test_a_mistake_gives_one_line_with_file_line_and_cure(
    tmp_path: Path, name: str, text: str | bytes | None, expected: str
) -> None:
    (line,) = problems(tmp_path, **{name: text})
    assert expected in line


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("path,", "condition_value: is blank; write both condition columns or neither"),
        (",cart/", "condition_field: is blank; write both condition columns or neither"),
        ("path,!cart/", "condition_value: '!cart/' begins with !; name the paths that the service has"),
        ("branch,cart/", "condition_field: 'branch' is not known"),
    ],
)
def test_condition_of_a_service_is_complete_and_can_be_met(tmp_path: Path, row: str, expected: str) -> None:
    services = "service_id,service_name\ncart,Cart\n"
    rows = f"repository,service_id,condition_field,condition_value\nacme/mono,cart,path,cart/\nacme/mono,cart,{row}\n"
    (line,) = problems(tmp_path, services=services, repository_services=rows)
    assert "repository_services.csv:3: " + expected in line


def test_service_may_have_several_conditions_of_a_repository_each_once_a_day(tmp_path: Path) -> None:
    services = "service_id,service_name\ncart,Cart\n"
    conditions = ("path,cart/,", "label,cart,", ",,", "path,cart/,2026-01-01")
    header = "repository,service_id,condition_field,condition_value,valid_from\n"
    rows = header + "".join(f"a/m,cart,{condition}\n" for condition in conditions)
    (line,) = problems(tmp_path, services=services, repository_services=rows)
    assert "repository_services.csv:5: valid_from: overlaps line 2" in line


def test_overlap_and_gap_of_a_history_are_errors(tmp_path: Path) -> None:
    teams = "team_id,team_name,valid_from,valid_to\na,A,,2025-01-01\na,AA,2025-02-01,\nb,B,2024-01-01,2025-01-01\n"
    assert problems(tmp_path, teams=teams + "b,BB,2024-06-01,\n") == [
        "organization/teams.csv:3: valid_from: leaves a gap after line 2 (team_id 'a' always to 2025-01-01); "
        "begin on 2025-01-01, or end line 2 on 2025-02-01",
        "organization/teams.csv:5: valid_from: overlaps line 4 (team_id 'b' 2024-01-01 to 2025-01-01); "
        "end one where the next begins",
    ]


def test_rules_may_have_gaps_but_no_overlap(tmp_path: Path) -> None:
    header = "environment_pattern,valid_from,valid_to\n"
    gap = "production*,,2025-01-01\nproduction*,2025-03-01,\n"
    read_organization(write(tmp_path / "organization", deployment_rules=header + gap))
    (line,) = problems(tmp_path, deployment_rules=header + "production*,,2025-01-01\nproduction*,2024-03-01,\n")
    assert "deployment_rules.csv:3: valid_from: overlaps line 2" in line


def test_deployment_rules_without_a_method_are_about_deployments_and_a_method_may_follow_another(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "organization", deployment_rules="service_id,environment_pattern\n,production*\n")
    (row,) = read_organization(folder)["deployment_rules"]
    assert (row.values["method"], row.values["environment_pattern"]) == ("deployments", "production*")
    header = "method,environment_pattern,workflow_pattern,job_pattern,tag_pattern,valid_from,valid_to\n"
    rows = (
        ",staging-1,,,,,2025-01-01\nworkflow,,deploy*,,,2025-01-01,2025-02-01\nworkflow,,ship.yml,prod*,,2025-01-01,\n"
    )
    folder = write(tmp_path / "other", deployment_rules=header + rows)
    assert [each.values["method"] for each in read_organization(folder)["deployment_rules"]] == [
        "deployments", "workflow", "workflow",
    ]  # fmt: skip
    others = "release,,,,,,2025-01-01\ntag,,,,v*,2025-01-01,2025-02-01\nmerge,,,,,2025-02-01,\n"
    read_organization(write(tmp_path / "others", deployment_rules=header + others))


def test_weights_of_a_team_sum_to_one_on_each_day(tmp_path: Path) -> None:
    weights = (
        "team_id,value_stream_id,weight,valid_from,valid_to\na,v,0.5,,\na,w,0.6,,2025-01-01\na,w,0.4,2025-01-01,\n"
    )
    assert problems(tmp_path, team_value_streams=weights + "b,v,1,,2024-01-01\nb,v,1,2025-01-01,\n") == [
        "organization/team_value_streams.csv:2: weight: weights of team_id 'a' sum to 1.1; "
        "they must sum to 1 on each day",
        "organization/team_value_streams.csv:2: weight: weights of team_id 'a' sum to 0.9 from 2025-01-01; "
        "they must sum to 1 on each day",
        "organization/team_value_streams.csv:5: valid_to: team_id 'b' has no row from 2024-01-01 on, but again later; "
        "close the gap",
    ]


def test_thirds_are_close_enough_to_one(tmp_path: Path) -> None:
    streams = GOOD["value_streams"] + "x,Third\n"
    thirds = "team_id,value_stream_id,weight\na,v,0.3333\na,w,0.3333\na,x,0.3334\n"
    read_organization(write(tmp_path / "organization", value_streams=streams, team_value_streams=thirds))


def test_weights_of_a_work_rule_sum_to_one(tmp_path: Path) -> None:
    rules = "rule_order,field,value,team_id,weight\n1,project,SHOP,a,0.5\n1,project,SHOP,b,0.4\n"
    (line,) = problems(tmp_path, work_rules=rules)
    assert "work_rules.csv:2: weight: weights of rule_order '1', field 'project', value 'SHOP' sum to 0.9" in line


def test_one_rule_order_is_one_condition_at_a_time(tmp_path: Path) -> None:
    header = "rule_order,field,value,team_id,valid_from,valid_to\n"
    (line,) = problems(tmp_path, work_rules=header + "1,label,x,a,,\n1,label,y,b,,\n")
    assert "work_rules.csv:3: rule_order: 1 is another condition at line 2; give each its own" in line
    later = "1,label,x,a,,2025-01-01\n1,label,y,b,2025-01-01,\n"
    read_organization(write(tmp_path / "organization", work_rules=header + later))


def test_a_wrong_value_is_one_problem_and_not_a_gap_too(tmp_path: Path) -> None:
    weights = "team_id,value_stream_id,weight\na,v,0.5\na,w,5\n"
    assert problems(tmp_path, team_value_streams=weights) == [
        "organization/team_value_streams.csv:3: weight: 5 is not a share; write a number above 0 and at most 1"
    ]


def test_key_results_are_checked_against_their_scope(tmp_path: Path) -> None:
    header = "key_result_id,key_result_name,objective_id,objective_name,scope_type,scope_id,"
    header += "baseline,target,starts_on,ends_on\n"
    rows = "K1,k,O,o,team,z,1,2,2025-01-01,2025-04-01\nK2,k,O,o,value_stream,v,1,1,2025-01-01,2024-04-01\n"
    assert problems(tmp_path, key_results=header + rows + "K3,k,O,o,organization,a,1,2,2025-01-01,2025-04-01\n") == [
        "organization/key_results.csv:2: scope_id: 'z' is not in teams.csv; add it there or correct it here",
        "organization/key_results.csv:3: ends_on: '2024-04-01' is not after starts_on",
        "organization/key_results.csv:3: target: is the same as baseline, so progress cannot be computed; "
        "correct one of them",
        "organization/key_results.csv:4: scope_id: 'a' must be blank for scope_type organization",
    ]


def test_boards_blocked_statuses_and_unplanned_rules_are_accepted(tmp_path: Path) -> None:
    found = read_organization(
        write(
            tmp_path / "organization",
            work_rules="rule_order,field,value,team_id\n1,board,Alpha board,a\n",
            type_mappings="issue_type,condition_field,condition_value,flow_item_type\nTask,board,12,debt\n",
            status_mappings="status,flow_state,is_blocked\nBlocked,waiting,yes\nDone,done,\nDoing,active,no\n",
            unplanned_rules="connection,project,field,value,valid_from\njira,SHOP,label,interrupt,\n,,priority,Highest,2026-01-01\n",
        ),
        connections=["jira"],
    )
    assert [row.values["is_blocked"] for row in found["status_mappings"]] == ["yes", None, "no"]
    assert [row.values["field"] for row in found["unplanned_rules"]] == ["label", "priority"]


def test_defect_rules_name_a_kind_and_a_whole_condition_and_do_not_overlap(tmp_path: Path) -> None:
    header = "kind,project,issue_type,condition_field,condition_value,severity,valid_from,valid_to\n"
    file = "organization/defect_rules.csv"
    fine = "escaped,A,Bug,found_in,Production,,,\nsecurity,A,Bug,found_in,Production,high,,\nincident,,Incident,,,,,\n"
    assert len(read_organization(write(tmp_path / "organization", defect_rules=header + fine))["defect_rules"]) == 3
    assert problems(tmp_path, defect_rules=header + "outage,A,Bug,,,,,\nescaped,A,Bug,sprint,x,,,\n") == [
        f"{file}:2: kind: 'outage' is not known; choose from incident, security, escaped",
        f"{file}:3: condition_field: 'sprint' is not known; choose from label, component, priority, severity, found_in",
    ]
    assert problems(tmp_path, defect_rules=header + "escaped,A,Bug,label,,,,\nescaped,A,,,,,,\n") == [
        f"{file}:2: condition_value: is blank; write both condition columns or neither",
        f"{file}:3: issue_type: is blank like condition_field, so every item would be of kind escaped; name one",
    ]
    twice = "escaped,A,Bug,label,x,,,2026-01-01\nescaped,A,Bug,label,X,,2025-06-01,\n"
    assert "overlaps line 2" in "".join(problems(tmp_path, defect_rules=header + twice))


def test_unplanned_rules_name_what_they_compare_and_do_not_overlap(tmp_path: Path) -> None:
    header, file = "project,field,value,valid_from,valid_to\n", "organization/unplanned_rules.csv"
    assert problems(tmp_path, unplanned_rules=header + "A,status,Doing,,\nA,label,,,\n") == [
        f"{file}:2: field: 'status' is not known; choose from label, issue_type, component, priority",
        f"{file}:3: value: is blank; it is required (What it must be when the item starts; an issue type: id or name)",
    ]
    assert problems(tmp_path, unplanned_rules=header + "A,label,x,,2026-01-01\nA,label,X,2025-06-01,\n") == [
        f"{file}:3: valid_from: overlaps line 2 (project 'A', field 'label', value 'X' always to 2026-01-01); "
        "end one where the next begins",
    ]
    wrong = problems(tmp_path, status_mappings="status,flow_state,is_blocked\nBlocked,waiting,true\n")
    assert wrong[0].startswith("organization/status_mappings.csv:2: is_blocked: 'true' is not known")


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
