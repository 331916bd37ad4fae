"""No person in what is published: the people of Acme are known, and names of theirs are planted in its free texts."""

import re
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT
from tests.conftest import SandboxNightly
from tests.end_to_end.small_world import company

pytestmark = pytest.mark.timeout(900)


def texts(database: Path, schema: str = "%") -> dict[str, str]:
    """Every text of every table of a file (or of a schema) -> the first column that has it."""
    found: dict[str, str] = {}
    with closing(duckdb.connect(str(database), read_only=True)) as connection:
        columns = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
            " where data_type like '%VARCHAR%' and table_schema like ? order by all",
            [schema],
        ).fetchall()
        for schema, table, column in columns:
            values = connection.execute(f'select distinct "{column}"::varchar from {schema}."{table}"').fetchall()
            for (value,) in values:
                found.setdefault(value or "", f"{schema}.{table}.{column}")
    return found


def naming(found: Iterable[str], words: Iterable[str]) -> list[str]:
    """The texts in which one of the words stands, in any case, as a word of its own."""
    listed = "|".join(re.escape(word.lower()) for word in sorted(words, key=len, reverse=True))
    pattern = re.compile(rf"(?<![a-z0-9])({listed})(?![a-z0-9])")
    return [text for text in found if pattern.search(text.lower())]


@pytest.fixture(scope="module")
def published(sandbox_nightly: SandboxNightly) -> dict[str, str]:
    return texts(sandbox_nightly.published / "flowlight.duckdb")


def test_pitfall_24_no_published_value_is_a_person(published: dict[str, str]) -> None:
    people = company().staff.people
    known = [word for p in people for word in (p.name, p.login, p.account_id, p.member_id, *p.name.split())]
    assert len(published) > 10_000 and len(known) > 500
    assert {text: published[text] for text in naming(published, known)} == {}


def test_pitfall_24_columns_of_every_mart_are_looked_at() -> None:
    """The dbt test that fails a build where a mart has a column of a person waits for all marts."""
    project = PROJECT_ROOT / "dbt_project"
    listed = (project / "tests" / "no_mart_column_names_a_person.sql").read_text().partition("] %}")[0]
    assert set(re.findall(r"'(\w+)'", listed)) == {path.stem for path in (project / "models" / "marts").rglob("*.sql")}


def test_pitfall_30_names_planted_in_free_texts_are_not_published(
    published: dict[str, str], sandbox_nightly: SandboxNightly
) -> None:
    planted = company().truth.planted_names
    assert {p.where for p in planted} == {"title", "branch", "label", "outcome", "incident"}
    assert {text: published[text] for text in naming(published, {p.name for p in planted})} == {}
    assert published.keys() & {p.text for p in planted} == set()
    inside = texts(sandbox_nightly.data / "warehouse" / "warehouse.duckdb", "intermediate")
    found = naming(inside, {p.name for p in planted})
    for where in ("title", "branch", "label"):
        there = any(p.text in text for p in planted if p.where == where for text in found)
        assert there, f"no planted {where} was read: nothing is proven"
