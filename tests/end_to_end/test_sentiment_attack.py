"""The adversary of tests/sentiment over the published file of the simulated company, who knows all its people."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import duckdb
import pytest

from tests.conftest import SandboxNightly
from tests.end_to_end.test_sentiment_truth import true_marts
from tests.oracle.sentiment_marts import QUESTIONS, SentimentMarts
from tests.sentiment.adversary import OPEN, Told, derived_groups, openness

pytestmark = pytest.mark.timeout(900)
K = 5
KINDS = {  # ranges of scores that published counts tell apart
    "likert": ((0, 50), (75, 100)),
    "nps": ((0, 60), (70, 80), (90, 100)),
}


@pytest.fixture(scope="module")
def published(sandbox_nightly: SandboxNightly) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect(str(sandbox_nightly.published / "flowlight.duckdb"), read_only=True)) as connection:
        yield connection


@pytest.fixture(scope="module")
def oracle(published: duckdb.DuckDBPyConnection) -> SentimentMarts:
    return true_marts(published)


def dicts(published: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = published.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_no_sum_of_shown_rows_is_of_fewer_than_k_people(
    published: duckdb.DuckDBPyConnection, oracle: SentimentMarts
) -> None:
    tables: dict[tuple[str, str], list[Told]] = defaultdict(list)
    shown = dicts(
        published,
        """select wave, scope_type, scope_id, driver, n from sentiment.fct_sentiment_metrics where n is not null
        union all
        select wave, scope_type, scope_id, 'all', responses_count from sentiment.fct_survey_participation
        where responses_count is not null""",
    )
    for row in shown:
        wave, driver, scope = row["wave"], row["driver"], (row["scope_type"], row["scope_id"])
        people = oracle.people[wave, *scope] if driver == "all" else oracle.cells[wave, *scope, driver].scores
        assert row["n"] == len(people) >= K, row
        tables[wave, driver].append(Told(frozenset(people), row["n"]))
    assert len(tables) > 80 and len(shown) > 500
    for key, table in tables.items():
        everybody = dict.fromkeys(frozenset().union(*(told.people for told in table)), 1)
        assert derived_groups(table, everybody, K) == [], key


def test_every_published_block_leaves_its_people_open(published: duckdb.DuckDBPyConnection) -> None:
    kinds = {question.driver: question.kind for question in QUESTIONS}
    compared = 0
    for block in dicts(published, "select * from sentiment.fct_sentiment_versions where n > 0"):
        assert block["n"] >= K, block
        if block["driver"] == "all":
            continue
        favourable, n = block["favourable_count"], block["n"]
        counts = {
            "likert": (n - favourable, favourable),
            "nps": (block["detractors_count"], block["passives_count"], block["promoters_count"]),
        }.get(kind := kinds[block["driver"]], ())
        assert sum(counts) in (0, n) and all(counts), block
        told = Told(frozenset(range(n)), n, block["score_sum"], tuple(zip(KINDS.get(kind, ()), counts, strict=True)))
        assert openness(told, K - 1, 100) >= OPEN, block
        compared += 1
    assert compared > 200


def test_shown_rows_are_sums_of_blocks(published: duckdb.DuckDBPyConnection) -> None:
    differing = dicts(
        published,
        """
        with standing as (
            from sentiment.fct_sentiment_versions
            qualify row_number() over (partition by wave_key, driver, scope_type, scope_id order by version desc) = 1
        )
        select cells.wave_key, cells.driver, cells.scope_type, cells.scope_id, any_value(cells.n) as shown_n,
            sum(blocks.n)
        from sentiment.fct_sentiment_metrics as cells
        inner join standing as blocks
            on cells.wave_key = blocks.wave_key and cells.driver = blocks.driver
            and (cells.scope_type = 'organization'
                or (cells.scope_type, cells.scope_id) in
                    ((blocks.scope_type, blocks.scope_id), ('value_stream', blocks.value_stream_id)))
        where cells.n is not null
        group by all
        having shown_n != sum(blocks.n)
            or abs(any_value(cells.driver_score) * shown_n - sum(blocks.score_sum)) > 1e-6
        """,
    )
    assert differing == []
