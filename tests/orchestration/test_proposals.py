"""What a status or an issue type may mean, by board column, category and name."""

from pathlib import Path

import pytest

from orchestration.proposals import (
    columns_of,
    csv_line,
    meaning_by_name,
    meanings_by_board,
    orders_in_use,
    type_cells,
)


@pytest.mark.parametrize(
    ("status", "category", "state", "stage"),
    [
        ("Backlog", "new", "new", "backlog"),
        ("To Do", "new", "new", "backlog"),
        ("Selected for Development", "new", "waiting", "ready"),
        ("Ready for dev", "new", "waiting", "ready"),
        ("In Progress", "indeterminate", "active", "development"),
        ("Code review", "indeterminate", "active", "review"),
        ("Ready for Review", "indeterminate", "waiting", "review"),
        ("Waiting for approval", "indeterminate", "waiting", "review"),
        ("To be tested", "indeterminate", "waiting", "test"),
        ("QA", "indeterminate", "active", "test"),
        ("Dev Done", "indeterminate", "waiting", "development"),
        ("On Hold", "indeterminate", "waiting", "development"),
        ("Ready to deploy", "indeterminate", "waiting", "release"),
        ("Refinement", "indeterminate", "active", "analysis"),
        ("Erledigt", "done", "done", "done"),
        ("Won't Do", "done", "cancelled", None),
        ("Rejected", "indeterminate", "cancelled", None),
        ("Closed", None, "done", "done"),
        ("Open", None, "new", "backlog"),
        ("Tinkering", None, "active", "development"),
    ],
)
def test_state_and_stage_follow_from_category_and_name(
    status: str, category: str | None, state: str, stage: str | None
) -> None:
    found = meaning_by_name(status, category)
    assert (found.flow_state, found.stage, found.is_blocked) == (state, stage, False)


@pytest.mark.parametrize("status", ["Blocked", "Blocked by vendor", "Impediment"])
def test_a_blocked_status_waits_and_blocks(status: str) -> None:
    found = meaning_by_name(status, "indeterminate")
    assert (found.flow_state, found.is_blocked) == ("waiting", True)


def test_only_stages_in_use_are_proposed_with_the_order_they_have() -> None:
    rows = [
        {"stage": "Review", "stage_order": "30"},
        {"stage": "review", "stage_order": "30"},
        {"stage": "review", "stage_order": "31"},
        {"stage": None, "stage_order": None},
    ]
    orders = orders_in_use(rows)
    assert orders == {"review": 30}
    assert meaning_by_name("In Review", "indeterminate", orders).stage_order == 30
    building = meaning_by_name("Building", "indeterminate", orders)
    assert (building.stage, building.stage_order) == (None, None)
    assert orders_in_use([]) is None


def test_a_boards_columns_are_the_stages_and_its_last_done_column_is_done() -> None:
    statuses = {
        "1": {"name": "To Do", "category": "new"},
        "2": {"name": "Coding", "category": "indeterminate"},
        "3": {"name": "Coded", "category": "done"},
        "4": {"name": "Live", "category": "done"},
        "5": {"name": "Cancelled", "category": "done"},
    }
    columns = [("To Do", "1"), ("Build", "2", "3"), ("Empty",), ("Live", "4", "5"), ("Archive", "99")]
    board = {
        "name": "Team",
        "columnConfig": {"columns": [{"name": n, "statuses": [{"id": i} for i in ids]} for n, *ids in columns]},
    }
    found = meanings_by_board(board, statuses)
    assert {id_: (m.flow_state, m.stage, m.stage_order) for id_, m in found.items()} == {
        "1": ("new", "to do", 10),
        "2": ("active", "build", 20),
        "3": ("waiting", "build", 20),
        "4": ("done", "live", 40),
        "5": ("cancelled", None, None),
    }
    assert found["4"].because == "board Team, column Live; status category"


@pytest.mark.parametrize(
    ("issue_type", "level", "is_subtask", "expected"),
    [
        ("Story", 0, False, ("feature", "flow_item")),
        ("Bug", 0, False, ("defect", "flow_item")),
        ("Production Incident", "0", "false", ("defect", "flow_item")),
        ("Security finding", 0, False, ("risk", "flow_item")),
        ("Tech Debt", 0, False, ("debt", "flow_item")),
        ("Epic", 1, False, ("feature", "initiative")),
        ("Saga", "2", "false", ("feature", "initiative")),
        ("Epic", None, None, ("feature", "initiative")),
        ("Objective", 3, False, ("", "objective")),
        ("Key Result", 2, False, ("", "key_result")),
        ("Sub-bug", -1, True, ("defect", "subtask")),
        ("Sub-task", None, "true", ("feature", "subtask")),
    ],
)
def test_type_and_level_follow_from_name_and_hierarchy(
    issue_type: str, level: object, is_subtask: object, expected: tuple[str, str]
) -> None:
    cells, _ = type_cells(issue_type, level, is_subtask)
    assert (cells["flow_item_type"], cells["item_level"]) == expected


def test_lines_have_the_columns_of_the_file_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "status_mappings.csv").write_bytes(b"\xef\xbb\xbfstatus, flow_state,connection\n")
    columns = columns_of(tmp_path, "status_mappings")
    assert columns == ["status", "flow_state", "connection"]
    assert csv_line(columns, {"connection": "jira", "status": 'Wait, "now"', "stage": "x"}) == '"Wait, ""now""",,jira'
    assert columns_of(tmp_path, "type_mappings")[:3] == ["connection", "project", "issue_type"]
