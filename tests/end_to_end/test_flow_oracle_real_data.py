"""Every flow number of the recorded DuraSpace tracker, worked out again in plain Python from the raw payloads."""

import pytest

from tests.end_to_end.flow_comparison import (
    TABLES,
    Marts,
    Recomputed,
    bottleneck_differences,
    catalogued,
    metric_differences,
    pivot_differences,
    table_differences,
    verdict,
)
from tests.end_to_end.one_night import Night
from tests.end_to_end.test_real_data import REAL, duraspace  # noqa: F401

pytestmark = [
    pytest.mark.skipif(not REAL.is_dir(), reason="the recorded data of ../shared/real are not beside this checkout"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def recomputed(duraspace: Night) -> Recomputed:  # noqa: F811
    return Recomputed.of(duraspace.warehouse)


@pytest.fixture(scope="module")
def marts(duraspace: Night) -> Marts:  # noqa: F811
    return Marts(duraspace.marts)


def test_every_recorded_issue_is_recomputed(recomputed: Recomputed) -> None:
    assert len(recomputed.world.items) == 2962
    assert sum(item.done_at is not None for item in recomputed.world.items) > 2200


def test_every_published_row_equals_its_recomputation(marts: Marts, recomputed: Recomputed) -> None:
    published = marts.metrics()
    metrics = set(catalogued())
    missing = metrics - {key.metric for key in published}
    # the mapping of this tracker knows no stages
    assert all(metric.startswith(("stage_", "bottleneck_")) for metric in missing)
    ours = {key: row for key, row in recomputed.rows.items() if key.metric in metrics}
    found = metric_differences(ours, published)
    assert not found, verdict(found)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_of_a_table_by_item_or_day_equals_its_recomputation(
    table: str, marts: Marts, recomputed: Recomputed
) -> None:
    if not marts.columns(table):
        pytest.skip(f"flow.{table} is not built")
    found, compared, _ = table_differences(marts, table, recomputed)
    assert not found, verdict(found)
    # this tracker has no boards, no sprints of its own, no links across teams and no cost of delay
    assert compared or table in ("fct_sprints", "fct_dependencies", "fct_cost_of_delay")


def test_the_wide_tables_say_what_the_rows_say(marts: Marts, recomputed: Recomputed) -> None:
    for table in marts.period_tables():
        found, compared = pivot_differences(marts, table, recomputed.rows)
        assert not found, verdict(found)
        assert compared or table == "fct_flow_stages", table


def test_a_constraint_knows_for_how_many_periods_it_has_been_one(marts: Marts, recomputed: Recomputed) -> None:
    if "periods_first" not in marts.columns("fct_flow_stages"):
        pytest.skip("flow.fct_flow_stages is not there")
    assert bottleneck_differences(marts, recomputed) == ([], 0)
