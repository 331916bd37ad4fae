"""Money, objectives and filed initiatives of the small world after a re-organisation, worked out again in Python."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.end_to_end.flow_comparison import Marts, is_close, metric_differences, verdict
from tests.incremental import changes
from tests.incremental.nights import Nights
from tests.incremental.world import small_world
from tests.oracle.flow_items import Item
from tests.oracle.flow_world import FlowWorld
from tests.oracle.investment import Investment
from tests.oracle.objectives import Objectives
from tests.oracle.periods import Key, Row

WEEKS_MORE = 10
SEED = 7


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    world, chance = small_world(SEED), random.Random(SEED)
    world.live(world.now + timedelta(weeks=WEEKS_MORE))
    for change in (changes.reorganisation, changes.corrected_rules, changes.purpose_changed, changes.outcomes_changed,
                   changes.dated_remap, changes.values_changed, changes.filed_initiatives_mended,
                   changes.goals_changed, changes.goals_changed):  # fmt: skip
        change(world, chance)
    world.organization.taken_away.clear()
    house = Nights(tmp_path_factory.mktemp("changed"), world)
    house.read(world.now)
    house.build()
    return house


@pytest.mark.timeout(600)
def test_a_changed_organisation_pays_to_the_cent_and_knows_its_key_results(house: Nights) -> None:
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


def test_initiatives_of_files_know_their_items_and_what_was_intended(house: Nights) -> None:
    investment = Investment(FlowWorld.of(house.built.warehouse))
    world, children = investment.world, Counter[str]()
    first_child: dict[str, int] = {}
    for item in world.items:
        if item.identity_at(world.as_of).level == "flow_item" and item.intervals[-1].state != "cancelled":
            children.update(key for key in (_initiative(investment, item, world.as_of),) if key)
        began = item.started_at
        if began is not None and item.identity_at(began).level == "flow_item":
            key = _initiative(investment, item, began)
            if key:
                first_child[key] = min(began, first_child.get(key, began))
    _, rows = Marts(house.built.marts).query(
        "select initiative_key, children_count, epoch_us(first_child_started_at), had_outcome_before_execution"
        " from outcomes.fct_initiatives where connection = 'inbox'"
    )
    expected = []
    for filed in investment.filed:
        begun = min((at for at in (filed.started_at, first_child.get(filed.key)) if at is not None), default=None)
        intended = begun is not None and filed.history.outcome.at(begun) not in (None, "tbd")
        known = intended if filed.has_history and begun is not None else None
        expected.append((filed.key, children[filed.key], first_child.get(filed.key), known))
    assert sorted(rows) == sorted(expected)
    assert {row[3] for row in rows} == {True, False, None} and sum(row[1] > 0 for row in rows) > 5
    assert sum(world.by_key[key].history.epic.at(world.as_of) is not None for key in investment.members) > 5


def _initiative(investment: Investment, item: Item, moment: int) -> str | None:
    """The tracker's initiative above an item, else the one of a file that names the item or its parent."""
    above = list(_parents(investment, item, moment))
    tracked = [each.key for each in above if each.identity_at(moment).level == "initiative"]
    filed = [investment.members[each.key].key for each in (item, *above[:1]) if each.key in investment.members]
    return next(iter([*tracked, *filed]), None)


def _parents(investment: Investment, item: Item, moment: int) -> Iterator[Item]:
    """Its parent, and the parent of that."""
    if parent := investment.parent(item, moment):
        yield parent
        if grandparent := investment.parent(parent, moment):
            yield grandparent
