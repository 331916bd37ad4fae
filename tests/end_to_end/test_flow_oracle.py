"""Every published flow number of the simulated company, worked out again in plain Python from the raw payloads."""

from datetime import date

import pytest

from tests.conftest import SandboxNightly
from tests.end_to_end.flow_comparison import (
    TABLES,
    Marts,
    Recomputed,
    bottleneck_differences,
    by_metric,
    catalogued,
    is_complete_differences,
    metric_differences,
    pivot_differences,
    table_differences,
    verdict,
)
from tests.oracle.periods import Key, Row, Rows

SECONDS_OF_ONE_CORE = 60

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def recomputed(sandbox_nightly: SandboxNightly) -> Recomputed:
    return Recomputed.of(sandbox_nightly.data / "warehouse" / "warehouse.duckdb")


@pytest.fixture(scope="module")
def marts(sandbox_nightly: SandboxNightly) -> Marts:
    return Marts(sandbox_nightly.published / "flowlight.duckdb")


@pytest.fixture(scope="module")
def both(marts: Marts, recomputed: Recomputed) -> tuple[dict[str, Rows], dict[str, Rows]]:
    return by_metric(recomputed.rows), by_metric(marts.metrics())


def test_every_flow_metric_of_the_catalogue_is_published_and_recomputed(
    both: tuple[dict[str, Rows], dict[str, Rows]],
) -> None:
    ours, theirs = both
    metrics = set(catalogued())
    assert metrics - ours.keys() == set()
    assert metrics == theirs.keys()


@pytest.mark.parametrize("metric", catalogued())
def test_every_published_row_of_a_metric_equals_its_recomputation(
    metric: str, both: tuple[dict[str, Rows], dict[str, Rows]]
) -> None:
    ours, theirs = both
    assert ours[metric]
    found = metric_differences(ours[metric], theirs[metric])
    assert not found, verdict(found)


def test_every_row_knows_whether_it_is_complete_and_what_was_before(marts: Marts, recomputed: Recomputed) -> None:
    found = is_complete_differences(marts, recomputed)
    assert not found, verdict(found)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_of_a_table_by_item_or_day_equals_its_recomputation(
    table: str, marts: Marts, recomputed: Recomputed
) -> None:
    if not marts.columns(table):
        pytest.skip(f"flow.{table} is not published")
    found, compared, columns = table_differences(marts, table, recomputed)
    assert not found, verdict(found)
    assert compared and columns


def test_the_wide_tables_say_what_the_rows_say(marts: Marts, recomputed: Recomputed) -> None:
    tables = marts.period_tables()
    assert {"fct_flow_metrics", "fct_flow_distribution"} <= set(tables)
    for table in tables:
        found, compared = pivot_differences(marts, table, recomputed.rows)
        assert not found, verdict(found)
        assert compared, table


def test_a_constraint_knows_for_how_many_periods_it_has_been_one(marts: Marts, recomputed: Recomputed) -> None:
    if "periods_first" not in marts.columns("fct_flow_stages"):
        pytest.skip("flow.fct_flow_stages is not there")
    found, compared = bottleneck_differences(marts, recomputed)
    assert not found, verdict(found)
    assert compared


def test_the_recomputation_takes_less_than_a_minute(recomputed: Recomputed) -> None:
    assert len(recomputed.rows) > 200_000
    assert recomputed.seconds < SECONDS_OF_ONE_CORE


def test_the_comparison_sees_a_wrong_number_a_missing_row_and_a_row_too_many(recomputed: Recomputed) -> None:
    rows = by_metric(recomputed.rows)["flow_velocity"]
    assert metric_differences(rows, dict(rows)) == []
    key, row = next((key, row) for key, row in rows.items() if row.value)
    for wrong, what in (
        (row._replace(value=(row.value or 0) * 1.00001), "value"),
        (row._replace(n=row.n + 1), "n"),
        (row._replace(quality="immature"), "quality"),
    ):
        assert [line.split(": ")[1] for line in metric_differences(rows, rows | {key: wrong})] == [what]
    fewer = {k: row for k, row in rows.items() if k != key}
    assert len(metric_differences(rows, fewer)) == 1
    later = Key(*key[:4], date.max, key.breakdown)
    assert len(metric_differences(rows, rows | {later: Row(1, None, None, 1, "ok")})) == 1
