"""Money and objectives of the small world after a re-organisation, worked out again in plain Python."""

import random
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.flow_comparison import Marts, is_close, metric_differences, verdict
from tests.incremental import changes
from tests.incremental.nights import Nights
from tests.incremental.world import small_world
from tests.oracle.flow_world import FlowWorld
from tests.oracle.investment import Investment
from tests.oracle.objectives import Objectives
from tests.oracle.periods import Key, Row

WEEKS_MORE = 5
SEED = 7


@pytest.mark.timeout(600)
def test_a_changed_organisation_pays_to_the_cent_and_knows_its_key_results(tmp_path: Path) -> None:
    world, chance = small_world(SEED), random.Random(SEED)
    world.live(world.now + timedelta(weeks=WEEKS_MORE))
    for change in (changes.reorganisation, changes.corrected_rules, changes.purpose_changed, changes.outcomes_changed,
                   changes.dated_remap, changes.values_changed, changes.goals_changed,
                   changes.goals_changed):  # fmt: skip
        change(world, chance)
    house = Nights(tmp_path, world)
    house.read(world.now)
    house.build()
    marts, investment = Marts(house.built.marts), Investment(FlowWorld.of(house.built.warehouse))
    objectives = Objectives(investment)

    _, rows = marts.query(
        "select scope_type, scope_id, period_grain, period_start, value_stream_id, flow_item_type, objective_id,"
        " work_category, active_item_days, cast(amount * 100 as bigint) from outcomes.fct_investment"
    )
    theirs, ours = {row[:8]: row[8:] for row in rows}, investment.table()
    assert len(rows) > 300 and theirs.keys() == ours.keys()
    assert [key for key in ours if theirs[key][1] != ours[key][1] or not is_close(theirs[key][0], ours[key][0])] == []

    for family, expected in (("investment", investment.new_capability_rows()), ("objectives", objectives.rows())):
        _, rows = marts.query(
            "select metric, scope_type, scope_id, period_grain, period_start, breakdown, value, numerator, denominator,"
            f" coalesce(n, 0), data_quality from core.fct_metric_values where family = '{family}'"
        )
        found = metric_differences(expected, {Key(*row[:6]): Row(*row[6:]) for row in rows})
        assert not found, verdict(found)

    _, rows = marts.query(
        "select key_result_id, period_start, checked_on, value, confidence, progress, expected_pace, data_quality,"
        " initiatives, active_item_days from outcomes.fct_key_results"
    )
    theirs, weeks = {row[:2]: row[2:] for row in rows}, objectives.weeks()
    assert len(rows) > 30 and theirs.keys() == weeks.keys()
    assert [key for key in weeks if not all(map(is_close, theirs[key], weeks[key]))] == []
