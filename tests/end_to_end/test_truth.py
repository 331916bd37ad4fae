"""Every published number of the simulated company equals what really happened there, worked out in plain Python."""

import csv
from collections import Counter
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median

import duckdb
import pytest

from sandbox.company import DEFAULT_CLOCK, Company, build_world
from sandbox.teams import REVIEW_EXPERIMENT, TEAM
from tests.conftest import SandboxNightly
from tests.oracle.company import expected
from tests.oracle.periods import Key, Row, Rows, period_end
from tests.oracle.sentiment import SentimentOracle

CATALOGUE = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "metric_catalogue.csv"
NOTHING = {"suppressed", "not_available", "no_data", "insufficient_sample"}
"""Qualities that go with an empty value; the others say something about a value that is there."""

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def company() -> Company:
    return build_world()


@pytest.fixture(scope="module")
def truth(company: Company) -> tuple[Rows, SentimentOracle]:
    return expected(company, [DEFAULT_CLOCK])


@pytest.fixture(scope="module")
def published_file(sandbox_nightly: SandboxNightly) -> Path:
    return sandbox_nightly.published / "flowlight.duckdb"


@pytest.fixture(scope="module")
def published(published_file: Path) -> Rows:
    """Every row of core.fct_metric_values of the file that the nightly of the simulated company published."""
    with closing(duckdb.connect(str(published_file), read_only=True)) as connection:
        rows = connection.execute(
            "select metric, scope_type, scope_id, period_grain, period_start, breakdown,"
            " value, numerator, denominator, coalesce(n, 0), data_quality from core.fct_metric_values"
        ).fetchall()
    found = {Key(*row[:6]): Row(*row[6:]) for row in rows}
    assert len(found) == len(rows)
    return found


def _families() -> dict[str, list[str]]:
    with CATALOGUE.open(newline="") as file:
        families: dict[str, list[str]] = {}
        for row in csv.DictReader(file):
            families.setdefault(row["family"], []).append(row["metric"])
        return families


def _is_close(metric: str, ours: float | None, theirs: float | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    is_time = any(word in metric for word in ("days", "hours", "efficiency"))
    return abs(ours - theirs) <= (1e-6 if is_time else 1e-9) * max(1.0, abs(ours))


def differences(truth: Rows, published: Rows, metrics: list[str]) -> list[str]:
    """Every disagreement about the metrics, in words; a row that only one side has is one."""
    found = []
    ours = {key: row for key, row in truth.items() if key.metric in metrics}
    theirs = {key: row for key, row in published.items() if key.metric in metrics}
    for key in sorted(ours.keys() | theirs.keys()):
        name = "/".join(map(str, key))
        if key not in theirs:
            found.append(f"{name}: not published, truth {tuple(ours[key])}")
        elif key not in ours:
            found.append(f"{name}: published {tuple(theirs[key])}, not in truth")
        elif what := _disagreement(key.metric, ours[key], theirs[key]):
            found.append(f"{name}: {what}: truth {tuple(ours[key])}, published {tuple(theirs[key])}")
    return found


def _disagreement(metric: str, ours: Row, theirs: Row) -> str:
    is_judged = theirs.quality != "unmapped" or ours.quality == "suppressed"
    if is_judged and NOTHING & {ours.quality, theirs.quality} and ours.quality != theirs.quality:
        return "quality"
    names = ("value",) if ours.quality == "no_data" else ("value", "numerator", "denominator", "n")
    for name in names:
        if not _is_close(metric, getattr(ours, name), getattr(theirs, name)):
            return name
    return ""


def _verdict(found: list[str]) -> str:
    kinds = Counter(line.split("/")[0] for line in found)
    some = found[:: max(1, len(found) // 25)]
    return "\n".join([f"{len(found)} differences, by metric {dict(kinds)}; for example:", *some])


@pytest.mark.parametrize("family", ["flow", "delivery", "security", "outcomes", "ci"])
def test_every_published_number_is_what_really_happened(
    family: str, truth: tuple[Rows, SentimentOracle], published: Rows
) -> None:
    metrics = _families()[family]
    assert metrics
    found = differences(truth[0], published, metrics)
    assert not found, _verdict(found)


def test_every_metric_of_the_catalogue_is_published_and_known_to_the_oracle(
    truth: tuple[Rows, SentimentOracle], published: Rows
) -> None:
    catalogue = {metric for metrics in _families().values() for metric in metrics}
    assert {key.metric for key in published} == catalogue
    elsewhere = {*_families()["investment"], *_families()["objectives"]}  # test_money_truth, test_key_result_truth
    assert catalogue - elsewhere <= {key.metric for key in truth[0]}


def test_every_shown_survey_cell_is_what_people_answered(truth: tuple[Rows, SentimentOracle], published: Rows) -> None:
    metrics = _families()["sentiment"]
    rows, sentiment = truth
    hidden = {
        key for key, row in published.items()
        if key.metric in metrics and row.quality == "suppressed" and key in rows and rows[key].quality != "suppressed"
    }  # fmt: skip
    for key in hidden:
        if key.metric == "experience_index":  # hidden with any of its drivers
            scores = [row for k, row in published.items() if k[1:5] == key[1:5] and k.metric == "driver_score"]
            assert any(row.quality == "suppressed" for row in scores), f"needless: {key}"
            continue
        scope, driver = (key.scope_type, key.scope_id), key.breakdown.removeprefix("driver:")
        driver = {"enps": "enps", "response_rate": "all"}.get(key.metric, driver)
        period = next(p for p in sentiment.waves if p.start == key.period_start)
        around = [*sentiment.siblings(period, scope), *sentiment.siblings(period, sentiment.parents[period, scope])]
        assert any(sentiment.is_forced(period, s, d) for s in around for d in (driver, "all")), f"needless: {key}"
    found = differences({k: r for k, r in rows.items() if k not in hidden},
                        {k: r for k, r in published.items() if k not in hidden}, metrics)  # fmt: skip
    assert not found, _verdict(found)


def test_no_survey_cell_under_k_can_be_read_or_subtracted(truth: tuple[Rows, SentimentOracle], published: Rows) -> None:
    _, sentiment = truth
    checked = 0
    for period in sentiment.waves:
        drivers = {driver for (p, _, driver) in sentiment.cells if p == period}
        for driver in drivers:

            def is_shown(scope: tuple[str, str], driver: str = driver) -> bool:
                key = Key("driver_score", *scope, "quarter", period.start, f"driver:{driver}")  # noqa: B023
                return published[key].value is not None

            def people(scope: tuple[str, str], driver: str = driver) -> int:
                return len(sentiment.cells[period, scope, driver].scores)  # noqa: B023

            scopes = [scope for (p, scope) in sentiment.parents if p == period]
            for scope in scopes:
                assert not is_shown(scope) or people(scope) >= sentiment.k
            for parent in {sentiment.parents[period, scope] for scope in scopes}:
                secret = sum(people(s) for s in scopes if sentiment.parents[period, s] == parent and not is_shown(s))
                is_safe = secret == 0 or secret >= sentiment.k
                assert is_safe or not is_shown(parent), (period.start, driver, parent, secret)
                checked += secret > 0
    assert checked


def test_a_suppressed_row_says_nothing(published: Rows) -> None:
    suppressed = [row for row in published.values() if row.quality == "suppressed"]
    assert {row for row in suppressed if tuple(row[:4]) != (None, None, None, 0)} == set()
    assert {key.metric for key, row in published.items() if row.quality == "suppressed"} >= {
        "driver_score",
        "flow_load",
    }


def test_the_two_people_of_the_small_team_have_no_row_anywhere(published_file: Path) -> None:
    with closing(duckdb.connect(str(published_file), read_only=True)) as connection:
        columns = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
            " where column_name in ('team_id', 'scope_id') and table_schema != 'information_schema'"
            " and table_name not like 'dim_%'"
        ).fetchall()
        assert {schema for schema, _, _ in columns} >= {"core", "flow", "quality", "sentiment"}
        for schema, table, column in columns:
            query = f'select count(*) from {schema}."{table}" where {column} = ?'
            assert connection.execute(query, ["toolsmiths"]).fetchall() == [(0,)], (schema, table, column)
        shown = connection.execute(
            "select count(*) from core.fct_metric_values where scope_id = 'small_teams' and scope_type = 'team'"
            " and (value is not null or numerator is not null or denominator is not null or n > 0)"
        ).fetchall()
    assert shown == [(0,)]


def test_nothing_after_the_clock_is_visible(published_file: Path) -> None:
    clock = DEFAULT_CLOCK.replace(tzinfo=None)
    seen = 0
    with closing(duckdb.connect(str(published_file), read_only=True)) as connection:
        columns = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
            " where data_type = 'TIMESTAMP' and table_schema in ('core', 'flow', 'quality', 'sentiment', 'outcomes')"
            " and column_name not in ('end_at', 'valid_to', 'ends_at', 'planned_end_at', 'due_at', 'review_due_at')"
        ).fetchall()
        for schema, table, column in columns:
            (latest,) = connection.execute(f'select max({column}) from {schema}."{table}"').fetchall()[0]
            seen += latest is not None
            assert latest is None or latest <= clock, (schema, table, column, latest)
        (last,) = connection.execute("select max(period_start) from core.fct_metric_values").fetchall()[0]
        waves = connection.execute("select distinct wave from sentiment.fct_sentiment_metrics").fetchall()
    assert seen >= 5
    assert last <= DEFAULT_CLOCK.date()
    # the inbox holds the file of 2026-Q3 already
    assert {wave for (wave,) in waves} == {"2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2"}


def test_periods_that_began_before_the_history_are_partial(published: Rows) -> None:
    starts = date(2024, 12, 1)
    # failures are partial too where no incident tool watches, sizes where files of a pull request are not known
    partial_anyway = ("change_fail_rate", "failed_deployment", "pr_size")
    metrics = {
        metric
        for family in ("flow", "delivery")
        for metric in _families()[family]
        if not metric.startswith(partial_anyway)
    }
    cut = {row.quality for key, row in published.items() if key.metric in metrics and key.period_start < starts}
    whole = {row.quality for key, row in published.items() if key.metric in metrics and key.period_start >= starts}
    assert "ok" not in cut and "partial" in cut
    assert "ok" in whole and "partial" not in whole


def _months(published: Rows, metric: str, team: str, first: date, last: date) -> list[float]:
    values = []
    while first < last:
        value = published[Key(metric, "team", team, "month", first, "all")].value
        values += [value] if value is not None else []
        first = period_end("month", first)
    return values


def test_the_review_experiment_of_search_shortens_its_flow_time(published: Rows) -> None:
    before = _months(published, "flow_time_p50_days", "search", date(2025, 10, 1), REVIEW_EXPERIMENT.replace(day=1))
    after = _months(published, "flow_time_p50_days", "search", date(2026, 3, 1), date(2026, 7, 1))
    assert median(after) < 0.7 * median(before)
    waited = _months(published, "review_turnaround_p50_hours", "search", date(2025, 10, 1), date(2026, 2, 1))
    waits = _months(published, "review_turnaround_p50_hours", "search", date(2026, 3, 1), date(2026, 7, 1))
    assert median(waits) < 0.5 * median(waited)


def test_teams_that_adopt_ai_code_faster_and_wait_longer_for_review(published: Rows) -> None:
    coding = {}
    for team in ("checkout", "payments"):
        adopted = TEAM[team].ai_from
        assert adopted is not None
        settled = (adopted + timedelta(days=105)).replace(day=1)
        before = _months(published, "coding_p50_hours", team, date(2025, 1, 1), adopted.replace(day=1))
        after = _months(published, "coding_p50_hours", team, settled, date(2026, 7, 1))
        coding[team] = median(after) / median(before)
    assert all(change < 0.95 for change in coding.values()), coding


def test_the_overloaded_team_carries_ever_more_per_member(company: Company, published: Rows) -> None:
    def per_member(team: str, first: date, last: date) -> float:
        people = len(company.staff.members(team, first))
        return median(_months(published, "flow_load", team, first, last)) / people

    early = per_member("orders", date(2025, 2, 1), date(2025, 5, 1))
    late = per_member("orders", date(2026, 4, 1), date(2026, 7, 1))
    assert late > 1.5 * early
    others = [per_member(team, date(2026, 4, 1), date(2026, 7, 1)) for team in ("checkout", "storefront", "payments")]
    assert late > 1.3 * max(others)


def test_the_comparison_sees_a_wrong_number_a_missing_row_and_a_row_too_many(
    truth: tuple[Rows, SentimentOracle],
) -> None:
    rows = {key: row for key, row in truth[0].items() if key.metric == "flow_velocity" and key.period_grain == "month"}
    assert differences(rows, dict(rows), ["flow_velocity"]) == []
    key = next(key for key, row in rows.items() if row.value)
    wrong = rows | {key: rows[key]._replace(value=(rows[key].value or 0) + 1e-6)}
    assert [line.split(": ")[1] for line in differences(rows, wrong, ["flow_velocity"])] == ["value"]
    hidden = rows | {key: Row(None, None, None, 0, "no_data")}
    assert [line.split(": ")[1] for line in differences(rows, hidden, ["flow_velocity"])] == ["quality"]
    fewer = {k: row for k, row in rows.items() if k != key}
    assert len(differences(rows, fewer, ["flow_velocity"])) == len(differences(fewer, rows, ["flow_velocity"])) == 1
    later = key._replace(period_start=datetime.max.date())
    assert len(differences(rows, rows | {later: rows[key]}, ["flow_velocity"])) == 1
