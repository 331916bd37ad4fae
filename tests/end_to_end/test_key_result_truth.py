"""Every published number about the simulated company's objectives and key results, worked out again in plain Python."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sandbox.goals import AIMLESS, GIVEN_UP, LOOSE, RAISED
from sandbox.purpose import FORGOTTEN, FORGOTTEN_SINCE, NEVER_CHECKED
from tests.conftest import SandboxNightly
from tests.end_to_end.flow_comparison import Marts, is_close, metric_differences, verdict
from tests.end_to_end.small_world import company
from tests.oracle.flow_world import FlowWorld
from tests.oracle.investment import Investment
from tests.oracle.objectives import Objectives
from tests.oracle.periods import Key, Row

STALE_DAYS = 31
BERLIN = ZoneInfo("Europe/Berlin")
OWNERS = {
    "OKR-1": ["organization", "organization"],
    "OKR-2": ["value_stream", "payments"],
    "OKR-3": ["team", "billing"],
}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def objectives(sandbox_nightly: SandboxNightly) -> Objectives:
    return Objectives(Investment(FlowWorld.of(sandbox_nightly.data / "warehouse" / "warehouse.duckdb")))


@pytest.fixture(scope="module")
def marts(sandbox_nightly: SandboxNightly) -> Marts:
    return Marts(sandbox_nightly.published / "flowlight.duckdb")


def test_every_metric_about_objectives_equals_its_recomputation(marts: Marts, objectives: Objectives) -> None:
    _, rows = marts.query(
        "select metric, scope_type, scope_id, period_grain, period_start, breakdown, value, numerator, denominator,"
        " coalesce(n, 0), data_quality from core.fct_metric_values where family = 'objectives'"
    )
    found = metric_differences(objectives.rows(), {Key(*row[:6]): Row(*row[6:]) for row in rows})
    assert not found, verdict(found)
    assert sum(row[6] is not None and 0 < row[6] < 1 for row in rows) > 500


def test_every_count_of_links_and_gaps_equals_its_recomputation(marts: Marts, objectives: Objectives) -> None:
    _, rows = marts.query(
        "select scope_type, scope_id, period_grain, period_start, coalesce(aligned_company, 0),"
        " coalesce(aligned_value_stream, 0), coalesce(aligned_team, 0), coalesce(without_key_result, 0),"
        " coalesce(unknown_key_result, 0), coalesce(inactive_key_result, 0), key_results, key_results_without_work"
        " from outcomes.fct_okr_alignment where key_results is not null"
    )
    theirs, ours = {row[:4]: row[4:] for row in rows}, objectives.counts()
    wrong = [
        (key, theirs.get(key), ours.get(key)) for key in theirs.keys() | ours.keys() if theirs.get(key) != ours.get(key)
    ]
    assert wrong[:10] == [], f"{len(wrong)} rows"
    assert all(sum(row[place] for row in ours.values()) for place in range(8))


def test_every_week_of_a_key_result_equals_its_recomputation(marts: Marts, objectives: Objectives) -> None:
    _, rows = marts.query(
        "select key_result_id, period_start, checked_on, value, confidence, progress, expected_pace, data_quality,"
        " initiatives, active_item_days from outcomes.fct_key_results"
    )
    theirs, ours = {row[:2]: row[2:] for row in rows}, objectives.weeks()
    assert theirs.keys() == ours.keys() and len(rows) > 400
    wrong = [
        (key, theirs[key], ours[key])
        for key in ours
        if not all(is_close(one, other) for one, other in zip(theirs[key], ours[key], strict=True))
    ]
    assert wrong[:10] == [], f"{len(wrong)} rows"


def test_a_key_result_that_nobody_looks_at_says_so(marts: Marts) -> None:
    _, rows = marts.query("select key_result_id, period_start, data_quality from outcomes.fct_key_results")
    assert {quality for key, _, quality in rows if key == NEVER_CHECKED} == {"no_data"}
    late = {quality for key, week, quality in rows if key == FORGOTTEN and (week - FORGOTTEN_SINCE).days > STALE_DAYS}
    assert late == {"stale"}


def test_broken_links_are_told_with_their_cure(marts: Marts) -> None:
    _, rows = marts.query(
        "select records_count, cure from core.fct_data_quality"
        " where check_name = 'unknown_key_result' and scope_type = 'organization'"
    )
    assert len(rows) == 1 and rows[0][0] > 2 and "organization/key_results.csv" in rows[0][1]


def test_key_results_of_the_tracker_are_what_was_written_there(marts: Marts, sandbox_nightly: SandboxNightly) -> None:
    as_of = datetime.fromisoformat(sandbox_nightly.manifest["as_of"])
    written, today = company().truth.at(as_of).key_results, as_of.astimezone(BERLIN).date()
    _, rows = marts.query(
        "select key_result_id, period_start, objective_id, scope_type, scope_id, baseline, target, starts_on::text,"
        " ends_on::text, checked_on, value, confidence from outcomes.fct_key_results"
        " where key_result_id like 'OKR-%' order by all"
    )
    assert {row[0] for row in rows} == written.keys() - {AIMLESS, LOOSE} and len(rows) > 100
    for key, week, objective, *owner, baseline, target, starts_on, ends_on, checked_on, value, confidence in rows:
        told, evening = written[key], min(week + timedelta(days=6), today)

        def until(entries: list[tuple[datetime, Any]], day: date = evening) -> list[tuple[date, Any]]:
            dated = [(at.astimezone(BERLIN).date(), what) for at, what in entries]
            return [(on, what) for on, what in dated if on <= day]

        assert (objective, baseline) == (told.objective, told.baseline)
        assert target == (until(told.targets) or told.targets)[-1][1]
        assert ends_on == (until(told.last_days) or told.last_days)[-1][1]
        assert starts_on == (told.first_day or told.created_at.astimezone(BERLIN).date().isoformat())
        assert owner == OWNERS[objective]
        checks = [(on, text) for on, text in until(told.values) if text[0].isdigit()]
        assert (checked_on, value) == ((checks[-1][0], float(checks[-1][1])) if checks else (None, None))
        sure = until(told.confidences, checked_on) if checked_on else []
        assert confidence == (sure[-1][1] if sure else None)
    given_up = written[GIVEN_UP].cancelled_at
    assert given_up and max(row[1] for row in rows if row[0] == GIVEN_UP) <= given_up.date() - timedelta(days=7)
    raised = {(row[6], row[8]) for row in rows if row[0] == RAISED}
    assert raised == {(1.5, "2026-06-30"), (1.0, "2026-06-30"), (1.0, "2026-09-30")}


def test_key_results_that_cannot_be_told_are_reported_with_their_issue(marts: Marts) -> None:
    jira = company().world.jira
    assert jira is not None
    ids = {issue.key: f"jira:{issue.id}" for issue in jira.issues}
    _, rows = marts.query(
        "select check_name, subject, examples, cure from core.fct_data_quality where scope_type = 'organization'"
        " and check_name in ('immeasurable_key_result', 'key_result_without_objective', 'unreadable_check_in')"
        " order by check_name"
    )
    assert [(name, subject, list(examples)) for name, subject, examples, _ in rows] == [
        ("immeasurable_key_result", "key results without a target", [ids[AIMLESS]]),
        ("key_result_without_objective", "issues of key results that lie below no objective", [ids[LOOSE]]),
        ("unreadable_check_in", "values that are no number", [ids[RAISED]]),
    ]
    assert all(cure for *_, cure in rows)


def test_goals_are_no_work(marts: Marts) -> None:
    _, rows = marts.query("select count(*) from flow.fct_flow_items where source_url like '%/OKR-%'")
    assert rows == [(0,)]
    _, rows = marts.query("select count(*) from outcomes.fct_initiatives where source_url like '%/OKR-%'")
    assert rows == [(0,)]
