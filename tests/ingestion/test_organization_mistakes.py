"""Mistakes in the organisation's CSV files: every one named by file and line with its cure, all of them at once."""

from pathlib import Path

import pytest

from ingestion.sources.organization_files import read_organization
from tests.ingestion.organization_folder import GOOD, problems, write


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
