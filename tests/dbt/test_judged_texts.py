"""What counts as an outcome: texts judged by hand against the SQL that judges them."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from tests.dbt.rendered import PROJECT, rendered

JUDGED = list(csv.DictReader((Path(__file__).parent / "judged_texts.csv").open(encoding="utf-8", newline="")))
MACROS = ("portable/texts.sql", "effective_dates.sql")
RULES = {"", "blank", "emoji_only", "placeholder", "template", "link_only", "copy_of_title", "too_short"}


def judged_by_sql(texts: list[dict[str, str]], template: str, min_words: int = 2) -> list[str]:
    """The rule that rejects each text ('' for none), as int_outcome_texts and int_initiative_outcomes say."""
    with duckdb.connect() as sql:
        sql.execute(
            "create table int_settings as select ? as outcome_min_words, ? as outcome_template", [min_words, template]
        )
        seed = PROJECT / "seeds" / "placeholder_texts.csv"
        sql.execute(f"create table placeholder_texts as from read_csv('{seed}', all_varchar = true, header = true)")
        sql.execute(
            "create table int_initiative_field_versions (item_key varchar, field varchar, version_ordinal integer,"
            " value_text varchar, valid_from timestamp, valid_to timestamp)"
        )
        sql.execute(
            "create table int_work_item_values (item_key varchar, field varchar, value_text varchar,"
            " valid_from timestamp, valid_to timestamp)"
        )
        sql.execute("create table int_filed_initiatives (item_key varchar, title varchar)")
        span = "timestamp '0001-01-01', timestamp '9999-12-31'"
        for number, text in enumerate(texts):
            value = text["text"] or None
            sql.execute(
                f"insert into int_initiative_field_versions values (?, 'anticipated_outcome', 0, ?, {span})",
                [str(number), value],
            )
            sql.execute(
                f"insert into int_work_item_values values (?, 'title', ?, {span})", [str(number), text["title"]]
            )
        sql.execute(f"create table int_outcome_texts as {rendered('int_outcome_texts', MACROS)}")
        sql.execute(f"create table judged as {rendered('int_initiative_outcomes', MACROS)}")
        rows = sql.execute("select coalesce(rejected_by, '') from judged order by cast(item_key as integer)").fetchall()
    return [rule for (rule,) in rows]


def test_texts_are_judged_as_people_judge_them() -> None:
    wrong = []
    for template in {text["template"] for text in JUDGED}:
        texts = [text for text in JUDGED if text["template"] == template]
        found = judged_by_sql(texts, template)
        assert len(found) == len(texts)
        wrong += [
            f"{text['text']!r}: {rule or 'accepted'}, by hand {text['expected'] or 'accepted'}"
            for text, rule in zip(texts, found, strict=True)
            if rule != text["expected"]
        ]
    assert wrong == []


def test_the_table_is_large_and_speaks_many_languages() -> None:
    assert len(JUDGED) >= 120
    assert {text["expected"] for text in JUDGED} == RULES
    assert len({text["language"] for text in JUDGED if text["expected"] == ""}) >= 8
    assert len({text["language"] for text in JUDGED if text["expected"] == "placeholder"}) >= 8


@pytest.mark.parametrize(
    ("min_words", "expected"), [(0, ["", "", ""]), (2, ["too_short", "", ""]), (4, ["too_short"] * 3)]
)
def test_how_many_words_are_enough_is_configured(min_words: int, expected: list[str]) -> None:
    texts = [{"text": text, "title": ""} for text in ("Revenue", "Fewer calls", "提高转化率")]
    assert judged_by_sql(texts, "", min_words) == expected
