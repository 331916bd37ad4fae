"""Every published number about the simulated company's objectives and key results, worked out again in plain Python."""

import pytest

from sandbox.purpose import FORGOTTEN, FORGOTTEN_SINCE, NEVER_CHECKED
from tests.conftest import SandboxNightly
from tests.end_to_end.flow_comparison import Marts, is_close, metric_differences, verdict
from tests.oracle.flow_world import FlowWorld
from tests.oracle.investment import Investment
from tests.oracle.objectives import Objectives
from tests.oracle.periods import Key, Row

STALE_DAYS = 31

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
