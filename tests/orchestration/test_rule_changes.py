"""A dated change of a rule and the correction of a mistake are different acts; each says which items it concerns."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestration.last_night import NotThere, last_night
from orchestration.lock import nightly_lock
from orchestration.rule_changes import FIRST, LAST, Change, differences, preview
from orchestration.settings import Settings
from tests.orchestration.past_night import PastNight

BERLIN = ZoneInfo("Europe/Berlin")
Rules = list[dict[str, Any]]


def mapping(state: str = "active", status: str = "In Progress", **more: str) -> dict[str, Any]:
    return {"connection": "jira", "status": status, "flow_state": state, **more}


def stretches(old: Rules, new: Rules, table: str = "status_mappings") -> list[tuple[date, date, bool]]:
    """Start, end and whether it is a dated change."""
    return [(change.start, change.end, change.is_dated) for change in differences(table, old, new)]


def test_rules_that_say_the_same_do_not_differ() -> None:
    split = [mapping(valid_to="2026-01-01"), mapping(valid_from="2026-01-01")]
    assert differences("status_mappings", [mapping()], split) == []
    assert differences("status_mappings", [mapping()], [mapping(status="in progress")]) == []


def test_row_that_begins_on_a_new_day_is_a_dated_change() -> None:
    new = [mapping(valid_to="2026-02-01"), mapping("waiting", valid_from="2026-02-01")]
    assert stretches([mapping()], new) == [(date(2026, 2, 1), LAST, True)]
    assert stretches([], [mapping(valid_from="2026-02-01")]) == [(date(2026, 2, 1), LAST, True)]
    assert stretches([mapping()], [mapping(valid_to="2026-02-01")]) == [(date(2026, 2, 1), LAST, True)]


@pytest.mark.parametrize(
    ("old", "new", "start", "end"),
    [
        ([mapping()], [mapping("waiting")], FIRST, LAST),
        ([], [mapping()], FIRST, LAST),
        ([mapping()], [], FIRST, LAST),
        ([mapping(valid_from="2026-01-01")], [mapping("waiting", valid_from="2026-01-01")], date(2026, 1, 1), LAST),
        ([mapping(valid_from="2026-01-01")], [], date(2026, 1, 1), LAST),
        ([mapping(valid_from="2026-01-01")], [mapping(valid_from="2026-02-01")], date(2026, 1, 1), date(2026, 2, 1)),
        ([mapping(valid_from="2026-02-01")], [mapping(valid_from="2026-01-01")], date(2026, 1, 1), date(2026, 2, 1)),
    ],
    ids=["in place", "added", "removed", "dated row in place", "dated row removed", "moved later", "moved earlier"],
)
def test_row_without_date_or_changed_where_it_stands_is_a_correction(
    old: Rules, new: Rules, start: date, end: date
) -> None:
    assert stretches(old, new) == [(start, end, False)]


def test_a_rule_of_teams_is_one_with_all_the_teams_that_share_by_it() -> None:
    rule = {"rule_order": "10", "field": "project", "value": "SHOP"}
    old = [{**rule, "team_id": "checkout", "weight": "1"}]
    new = [{**rule, "team_id": "checkout", "weight": "0.5"}, {**rule, "team_id": "search", "weight": "0.5"}]
    (change,) = differences("work_rules", old, new)
    assert change.old == (("checkout", "", "1"),)
    assert change.new == (("checkout", "", "0.5"), ("search", "", "0.5"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path / "config", tmp_path / "data")


@pytest.fixture
def past(settings: Settings) -> PastNight:
    """Four items: SHOP-1 done on 01-20, SHOP-2 in progress since 02-10, PAY-1 a bug, PAY-2 never begun."""
    night = PastNight(settings)
    night.item(
        "SHOP-1", ("2026-01-05", "1"), ("2026-01-10", "3"), ("2026-01-20", "5"), done="2026-01-20", label="security ui"
    )
    night.item("SHOP-2", ("2026-01-06", "1"), ("2026-02-10", "3"), component="Cart")
    night.item("PAY-1", ("2026-01-07", "3"), issue_type=("8", "Bug"))
    night.item("PAY-2", ("2026-01-08", "1"))
    return night


def previewed(settings: Settings, table: str, old: Rules, new: Rules, past: PastNight) -> list[Change]:
    past.rules(**{table: old})
    past.finish()
    with last_night(settings) as night:
        return preview(night, {table: [{**row, "_line": line} for line, row in enumerate(new, 2)]}, BERLIN)


def counts(changes: list[Change]) -> list[tuple[int, datetime | None, bool, bool]]:
    """Items, the first moment, dated or not, unmapped before or not."""
    return [(change.items, change.since, change.is_dated, change.was_unmapped) for change in changes]


def test_correction_counts_items_that_were_ever_in_the_status(settings: Settings, past: PastNight) -> None:
    found = previewed(settings, "status_mappings", [mapping()], [mapping("waiting")], past)
    assert found[0].line == 2
    assert counts(found) == [(3, datetime(2026, 1, 7), False, False)]


def test_dated_change_counts_items_in_the_status_from_that_local_day_on(settings: Settings, past: PastNight) -> None:
    new = [mapping(valid_to="2026-02-01"), mapping("waiting", valid_from="2026-02-01")]
    found = previewed(settings, "status_mappings", [mapping()], new, past)
    assert found[0].line == 3
    assert counts(found) == [(2, datetime(2026, 1, 31, 23), True, False)]


def test_change_dated_before_the_first_item_rewrites_everything(settings: Settings, past: PastNight) -> None:
    new = [mapping(valid_to="2026-01-05"), mapping("waiting", valid_from="2026-01-05")]
    found = previewed(settings, "status_mappings", [mapping()], new, past)
    assert counts(found) == [(3, datetime(2026, 1, 7), False, False)]


def test_more_specific_row_hides_a_change_from_its_items(settings: Settings, past: PastNight) -> None:
    bugs = mapping(issue_type="bug")
    found = previewed(settings, "status_mappings", [mapping(), bugs], [mapping("waiting"), bugs], past)
    assert counts(found) == [(2, datetime(2026, 1, 10), False, False)]


def test_row_that_says_what_a_wider_one_says_changes_nothing(settings: Settings, past: PastNight) -> None:
    found = previewed(settings, "status_mappings", [mapping()], [mapping(), mapping(project="PAY")], past)
    assert counts(found) == [(0, None, False, False)]


def test_first_mapping_of_a_status_by_id(settings: Settings, past: PastNight) -> None:
    found = previewed(settings, "status_mappings", [mapping()], [mapping(), mapping("new", status="1")], past)
    assert counts(found) == [(3, datetime(2026, 1, 5), False, True)]


def test_closed_item_is_not_concerned_by_a_later_change_of_done(settings: Settings, past: PastNight) -> None:
    done = mapping("done", status="Done")
    new = [{**done, "valid_to": "2026-02-01"}, mapping("done", status="Done", stage="live", valid_from="2026-02-01")]
    assert counts(previewed(settings, "status_mappings", [done], new, past)) == [(0, None, True, False)]


def test_type_with_a_condition_counts_items_that_meet_it(settings: Settings, past: PastNight) -> None:
    story = {"issue_type": "Story", "flow_item_type": "feature", "item_level": "flow_item"}
    secure = {"condition_field": "label", "condition_value": "Security", "flow_item_type": "risk"}
    new = [story, {**secure, "item_level": "flow_item"}]
    assert counts(previewed(settings, "type_mappings", [story], new, past)) == [(1, datetime(2026, 1, 5), False, False)]


def test_team_rules_count_items_by_the_first_rule_that_matches(settings: Settings, past: PastNight) -> None:
    cart = {"rule_order": "10", "field": "component", "value": "Cart", "team_id": "cart", "weight": "1"}
    shop = {"rule_order": "20", "field": "project", "value": "SHOP", "team_id": "checkout", "weight": "1"}
    new = [cart, {**shop, "team_id": "web"}]
    found = previewed(settings, "work_rules", [cart, shop], new, past)
    assert counts(found) == [(1, datetime(2026, 1, 5), False, False)]
    assert found[0].key == ("20", "", "", "project", "SHOP")


def test_items_of_a_board_are_those_in_a_sprint_of_it(settings: Settings, past: PastNight) -> None:
    past.run("""insert into raw_jira.boards values ('jira', '4', '{"name": "Web board"}')""")
    past.run("""insert into raw_jira.sprints values ('jira', '41', '{"originBoardId": 4}')""")
    past.run(
        "insert into intermediate.int_work_item_sprints values ('jira:PAY-1', 'jira:41', '2026-01-09', '2026-01-12')"
    )
    named, by_id = (
        {"rule_order": "10", "field": "board", "value": value, "team_id": "web", "weight": "1"}
        for value in ("web board", "4")
    )
    one = (1, datetime(2026, 1, 9), False, True)
    assert counts(previewed(settings, "work_rules", [], [named], past)) == [one]
    assert counts(previewed(settings, "work_rules", [], [by_id], past)) == [one]


def test_items_behind_statuses_and_types_are_counted_once(settings: Settings, past: PastNight) -> None:
    past.item("SHOP-3", ("2026-01-09", "3"), ("2026-01-10", "9"), ("2026-01-11", "3"))
    past.finish()
    story, bug = ({"connection": "jira", "issue_type_id": id_} for id_ in ("7", "8"))
    with last_night(settings) as night:
        assert night.as_of == datetime(2026, 3, 2, 2, tzinfo=UTC)
        in_progress = [{**kind, "project": key, "status_id": "3"} for kind in (story, bug) for key in ("SHOP", "PAY")]
        assert night.items_in_statuses([in_progress, in_progress[:1], [{**story, "project": "X"}]]) == [4, 3, 0]
        assert night.items_of_types([[{**bug, "project": "PAY"}], [{**story, "project": "SHOP"}]]) == [1, 3]
        assert night.unlisted_statuses() == [
            {"connection": "jira", "project": "SHOP", "status_id": "9", "status": "Old Review"}
        ]


def test_warehouse_is_left_alone_while_a_nightly_runs_and_where_none_ended(settings: Settings, past: PastNight) -> None:
    past.finish()
    with (
        nightly_lock(settings.lock),
        pytest.raises(NotThere, match=r"a nightly is already running \(process \d+, since"),
        last_night(settings),
    ):
        pass
    settings.warehouse.unlink()
    with pytest.raises(NotThere, match="no night has ended yet"), last_night(settings):
        pass
