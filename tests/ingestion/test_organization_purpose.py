"""Mistakes in the files on objectives, key results, check-ins and costs: named by file and line with their cure."""

from pathlib import Path

import pytest

from ingestion.sources.organization_files import read_organization
from tests.ingestion.organization_folder import problems, write

OBJECTIVES = "objective_id,objective_name,level,owner_id,parent_objective_id,starts_on,ends_on\n"
KEY_RESULTS = (
    "key_result_id,key_result_name,objective_id,baseline,target,direction,starts_on,ends_on,valid_from,valid_to\n"
)
CHECK_INS = "key_result_id,date,value,confidence\n"
COSTS = "team_id,month,starts_on,ends_on,amount,currency\n"
COMPANY = "O,Grow,company,,,2025-01-01,2025-12-31\n"
RESULT = "K,Orders,O,1,2,up,2025-01-01,2025-06-30,,\n"
SOME = {"objectives": OBJECTIVES + COMPANY, "key_results": KEY_RESULTS + RESULT}


def test_a_hierarchy_with_key_results_check_ins_and_costs_is_accepted(tmp_path: Path) -> None:
    tables = read_organization(
        write(
            tmp_path / "organization",
            objectives=OBJECTIVES
            + COMPANY
            + "V,v,value_stream,v,O,2025-01-01,2025-12-31\nT,t,team,a,V,2025-02-01,2025-03-31\n",
            key_results=KEY_RESULTS + RESULT + "L,Errors,T,9,1,,2025-02-01,2025-03-31,,\n",
            key_result_check_ins=CHECK_INS + "K,2025-01-01,1,\nK,2025-06-30,1.5,0.5\n",
            team_costs=COSTS + "a,,2025-01-15,2025-01-31,5,EUR\na,2025-02-01,,,10,EUR\nb,2025-02-01,,,0,EUR\n",
        )
    )
    assert [len(tables[name]) for name in ("objectives", "key_results", "key_result_check_ins", "team_costs")] == [
        3, 2, 2, 3,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("X,x,team,z,,2025-01-01,2025-12-31", "owner_id: 'z' is not in teams.csv; add it there or correct it here"),
        ("X,x,team,,,2025-01-01,2025-12-31", "owner_id: is blank; write an id of teams.csv"),
        ("X,x,value_stream,a,,2025-01-01,2025-12-31", "owner_id: 'a' is not in value_streams.csv; add it there"),
        ("X,x,company,a,,2025-01-01,2025-12-31", "owner_id: 'a' must be blank for level company"),
        ("X,x,company,,P,2025-01-01,2025-12-31", "parent_objective_id: 'P' is not in objectives.csv"),
        ("X,x,company,,X,2025-01-01,2025-12-31", "parent_objective_id: 'X' leads back to this objective"),
        ("X,x,company,,,2025-01-02,2025-01-01", "ends_on: '2025-01-01' is before starts_on"),
        ("O,again,company,,,2025-01-01,2025-12-31", "repeats line 2 (objective_id 'O'); keep one of them"),
    ],
)
def test_mistakes_in_objectives(tmp_path: Path, row: str, problem: str) -> None:
    found = problems(tmp_path, objectives=OBJECTIVES + COMPANY + row + "\n")
    assert len(found) == 1 and found[0].startswith(f"organization/objectives.csv:3: {problem}")


def test_a_circle_of_objectives_and_one_that_serves_a_lower_level_are_told(tmp_path: Path) -> None:
    circle = "A,a,team,a,B,2025-01-01,2025-12-31\nB,b,team,b,A,2025-01-01,2025-12-31\n"
    lower = "V,v,value_stream,v,T,2025-01-01,2025-12-31\nT,t,team,a,,2025-01-01,2025-12-31\n"
    assert problems(tmp_path, objectives=OBJECTIVES + circle + lower) == [
        "organization/objectives.csv:2: parent_objective_id: 'B' leads back to this objective; take one of them out",
        "organization/objectives.csv:3: parent_objective_id: 'A' leads back to this objective; take one of them out",
        "organization/objectives.csv:4: parent_objective_id: 'T' (line 5) is of level team, below value_stream; "
        "an objective serves one of its own level or a higher one",
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("X,x,Q,1,2,,2025-01-01,2025-06-30,,", "objective_id: 'Q' is not in objectives.csv"),
        ("X,x,O,1,1,,2025-01-01,2025-06-30,,", "target: is the same as baseline, so progress cannot be computed"),
        ("X,x,O,1,2,down,2025-01-01,2025-06-30,,", "direction: down is not the way from baseline 1 to target 2"),
        ("X,x,O,1,2,,2025-01-01,2024-06-30,,", "ends_on: '2024-06-30' is not after starts_on"),
        ("X,x,O,1,2,,2024-12-31,2025-06-30,,", "starts_on: '2024-12-31' is outside objective 'O' (2025-01-01 to"),
        ("X,x,O,1,2,,2025-01-01,2026-01-01,,", "ends_on: '2026-01-01' is outside objective 'O' (2025-01-01 to"),
        ("K,x,O,1,2,,2025-01-01,2025-06-30,2025-02-01,", "valid_from: overlaps line 2 (key_result_id 'K' always"),
    ],
)
def test_mistakes_in_key_results(tmp_path: Path, row: str, problem: str) -> None:
    found = problems(tmp_path, **SOME | {"key_results": KEY_RESULTS + RESULT + row + "\n"})
    assert len(found) == 1 and found[0].startswith(f"organization/key_results.csv:3: {problem}")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("k9,2025-01-01,1,", "key_result_id: 'k9' is not in key_results.csv"),
        ("K,2025-07-01,1,", "date: '2025-07-01' is outside key result 'K' (2025-01-01 to 2025-06-30); write a day of"),
        ("K,2025-01-01,9,", "repeats line 2 (key_result_id 'K', date '2025-01-01'); keep one of them"),
        ("K,2025-01-02,1,80", "confidence: 80 is not a share; write a number above 0 and at most 1"),
    ],
)
def test_mistakes_in_check_ins(tmp_path: Path, row: str, problem: str) -> None:
    found = problems(tmp_path, **SOME, key_result_check_ins=f"{CHECK_INS}K,2025-01-01,1,\n{row}\n")
    assert len(found) == 1 and found[0].startswith(f"organization/key_result_check_ins.csv:3: {problem}")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a,2025-01-01,,,2,EUR", "month: overlaps line 2 (team 'a'); a day of a team has one cost"),
        ("a,,2025-01-31,2025-02-27,2,EUR", "starts_on: overlaps line 2 (team 'a')"),
        ("a,2025-03-01,,,2,EUR", "month: leaves 2025-02-01 to 2025-02-28 without a cost after line 2 (team 'a')"),
        ("a,,2025-02-01,,2,EUR", "month: is blank; write either month, or starts_on and ends_on"),
        ("a,2025-02-01,2025-02-01,2025-02-02,2,EUR", "month: is not alone; write either month, or starts_on and"),
        ("a,,2025-02-02,2025-02-01,2,EUR", "ends_on: '2025-02-01' is before starts_on"),
    ],
)
def test_mistakes_in_costs(tmp_path: Path, row: str, problem: str) -> None:
    found = problems(tmp_path, team_costs=f"{COSTS}a,,2025-01-01,2025-01-31,1,EUR\n{row}\n")
    assert len(found) == 1 and found[0].startswith(f"organization/team_costs.csv:3: {problem}")


def test_a_condition_of_a_category_is_complete(tmp_path: Path) -> None:
    header = "issue_type,condition_field,condition_value,work_category\n"
    assert problems(tmp_path, work_categories=f"{header}Story,label,,upkeep\n") == [
        "organization/work_categories.csv:2: condition_value: is blank; write both condition columns or neither"
    ]
