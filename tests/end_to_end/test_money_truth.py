"""Every published amount and item-day of the simulated company, worked out again in plain Python, to the cent."""

from collections import defaultdict
from decimal import Decimal

import pytest

from tests.conftest import SandboxNightly
from tests.end_to_end.flow_comparison import Marts, metric_differences, verdict
from tests.oracle.flow_world import FlowWorld
from tests.oracle.investment import UNALLOCATED, Investment
from tests.oracle.periods import Key, Row

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def investment(sandbox_nightly: SandboxNightly) -> Investment:
    return Investment(FlowWorld.of(sandbox_nightly.data / "warehouse" / "warehouse.duckdb"))


@pytest.fixture(scope="module")
def marts(sandbox_nightly: SandboxNightly) -> Marts:
    return Marts(sandbox_nightly.published / "flowlight.duckdb")


def test_every_row_of_the_investment_equals_its_recomputation_to_the_cent(marts: Marts, investment: Investment) -> None:
    _, rows = marts.query(
        "select scope_type, scope_id, period_grain, period_start, value_stream_id, flow_item_type, objective_id,"
        " work_category, active_item_days, cast(amount * 100 as bigint) from outcomes.fct_investment"
    )
    theirs = {row[:8]: row[8:] for row in rows}
    ours = investment.table()
    assert len(theirs) == len(rows) > 3000
    assert theirs.keys() == ours.keys()
    wrong = [
        (key, theirs[key], ours[key])
        for key in ours
        if theirs[key][1] != ours[key][1] or abs(theirs[key][0] - ours[key][0]) > 1e-6
    ]
    assert wrong[:10] == [], f"{len(wrong)} rows"


def test_every_breakdown_of_a_period_sums_to_the_costs_to_the_cent(marts: Marts, investment: Investment) -> None:
    expected: dict[tuple[str, object], int] = defaultdict(int)
    for (_, day), cents in investment.costs.items():
        for period in investment.world.calendar.periods_of(day):
            expected[period.grain, period.start] += cents
    _, rows = marts.query(
        "select scope_type, period_grain, period_start, sum(amount), sum(cost_share) from outcomes.fct_investment"
        " where scope_type <> 'team' group by all having sum(amount) is not null"
    )
    assert len(rows) > 40
    for scope_type, grain, start, amount, share in rows:
        assert amount == Decimal(expected[grain, start]) / 100
        assert scope_type != "organization" or abs(share - 1) < 1e-9


def test_the_company_has_idle_days_objectives_categories_and_costs_that_begin_within_a_month(
    marts: Marts, investment: Investment
) -> None:
    _, rows = marts.query("select distinct objective_id, work_category, value_stream_id from outcomes.fct_investment")
    objectives, categories, streams = (set(column) for column in zip(*rows, strict=True))
    assert {"none", UNALLOCATED, "O-1", "O-1-search"} <= objectives
    assert {"capitalised", "maintenance", "integration"} <= categories
    assert {"shopping", "payments", "fulfilment"} <= streams
    first = min(day for team, day in investment.costs if team == "toolsmiths")
    assert first.isoformat() == "2025-01-15"


def test_every_share_of_new_capability_equals_its_recomputation(marts: Marts, investment: Investment) -> None:
    _, rows = marts.query(
        "select metric, scope_type, scope_id, period_grain, period_start, breakdown, value, numerator, denominator,"
        " coalesce(n, 0), data_quality from core.fct_metric_values where family = 'investment'"
    )
    found = metric_differences(investment.new_capability_rows(), {Key(*row[:6]): Row(*row[6:]) for row in rows})
    assert not found, verdict(found)
    _, beside = marts.query(
        "select count(*), count(new_capability_share), count(surveyed_new_capability_score),"
        " count(*) filter (where surveyed_new_capability_data_quality = 'suppressed' and"
        " surveyed_new_capability_score is not null) from outcomes.fct_new_capability"
    )
    assert beside[0][0] == len(rows) and beside[0][1] > 1000 and beside[0][2] > 20 and beside[0][3] == 0
