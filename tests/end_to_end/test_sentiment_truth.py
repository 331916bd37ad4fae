"""The sentiment marts of the simulated company, row by row, against what its people answered."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from sandbox.company import DEFAULT_CLOCK, build_world
from tests.conftest import SandboxNightly
from tests.oracle.company import Rules, first_day, observable
from tests.oracle.organization import Organization
from tests.oracle.periods import Calendar
from tests.oracle.sentiment_marts import SentimentMarts

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def published(sandbox_nightly: SandboxNightly) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect(str(sandbox_nightly.published / "flowlight.duckdb"), read_only=True)) as connection:
        yield connection


@pytest.fixture(scope="module")
def oracle(published: duckdb.DuckDBPyConnection) -> SentimentMarts:
    return true_marts(published)


def true_marts(published: duckdb.DuckDBPyConnection) -> SentimentMarts:
    """What the marts must say, with the cells hidden that fct_sentiment_metrics hides."""
    company, rules = build_world(), Rules()
    truth, zone = observable(company, DEFAULT_CLOCK, rules), ZoneInfo(rules.time_zone)
    calendar = Calendar(zone, first_day(truth, zone), DEFAULT_CLOCK)
    organization = Organization(company.organization, calendar, rules.min_team_size)
    hidden = published.execute(
        "select wave, scope_type, scope_id, driver from sentiment.fct_sentiment_metrics"
        " where data_quality = 'suppressed'"
    ).fetchall()
    return SentimentMarts(truth, organization, calendar, hidden)


def rows(published: duckdb.DuckDBPyConnection, table: str, key: str, values: str) -> dict[Any, tuple[Any, ...]]:
    """A mart as {key: values}."""
    width = len(key.split(","))
    found = published.execute(f"select {key}, {values} from sentiment.{table}").fetchall()
    assert len({row[:width] for row in found}) == len(found)
    return {row[:width]: row[width:] for row in found}


def differences(true: Mapping[Any, tuple[Any, ...]], published: Mapping[Any, tuple[Any, ...]]) -> list[Any]:
    """Rows that differ or that only one side has; numbers are the same to 1e-9."""
    return [
        (key, true.get(key), published.get(key))
        for key in sorted(true.keys() | published.keys())
        if key not in true or key not in published or not all(map(_same, true[key], published[key]))
    ]


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        return left is not None and right is not None and abs(left - right) <= 1e-6
    return left == right


def test_participation_is_who_was_asked_and_answered(published: Any, oracle: SentimentMarts) -> None:
    found = rows(published, "fct_survey_participation", "wave, scope_type, scope_id",
                 "invited_count, responses_count, response_rate, data_quality")  # fmt: skip
    assert len(found) > 80
    assert differences(oracle.participation(), found) == []


def test_enps_and_its_change_are_what_people_answered(published: Any, oracle: SentimentMarts) -> None:
    found = rows(published, "fct_enps", "wave, scope_type, scope_id, driver",
                 "enps, n, previous_wave_key, enps_change, enps_change_error, data_quality")  # fmt: skip
    assert len(found) > 80
    assert sum(row[3] is not None for row in found.values()) > 20
    assert differences(oracle.enps(), found) == []


def test_changes_to_the_last_wave_are_those_of_shown_scores(published: Any, oracle: SentimentMarts) -> None:
    found = rows(published, "fct_sentiment_metrics where driver != 'all'",
                 "wave, scope_type, scope_id, driver",
                 "previous_wave_key, driver_score_change, driver_score_change_error")  # fmt: skip
    assert sum(row[1] is not None for row in found.values()) > 500
    assert differences(oracle.changes(), found) == []


def test_perception_beside_measurement_is_that_of_the_two_quarters(published: Any, oracle: SentimentMarts) -> None:
    measured = {
        row[:4]: row[4:]
        for row in published.execute(
            "select metric, scope_type, scope_id, period_start, value, data_quality, is_complete"
            " from core.fct_metric_values where period_grain = 'quarter' and breakdown = 'all'"
        ).fetchall()
    }
    found = rows(published, "fct_perceived_vs_measured", "wave, scope_type, scope_id, pair, compared_with",
                 "reference_wave_key, driver_score, perceived_change, measured_value, measured_change,"
                 " agreement")  # fmt: skip
    assert differences(oracle.perceived(measured), found) == []
    assert min(Counter(row[-1] for row in found.values())[word] for word in ("agree", "disagree", "too_few_data")) > 20


def test_what_is_hidden_in_one_mart_is_hidden_in_all(published: Any) -> None:
    """No number of a hidden cell, nor a change that starts or ends at one."""
    leaks = published.execute(
        """select count(*) from sentiment.fct_perceived_vs_measured as p
        inner join sentiment.fct_sentiment_metrics as m using (wave_key, scope_type, scope_id, driver)
        where m.data_quality = 'suppressed' and (p.driver_score is not null or p.perceived_change is not null)"""
    ).fetchall()
    assert leaks == [(0,)]
