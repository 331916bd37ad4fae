"""`flowlight check`: what each rule of defect_rules.csv matched lately, and words of severity that mean nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Console

from orchestration.check_output import new_table, plain, print_table
from orchestration.last_night import LastNight

Row = Mapping[str, Any]

DAYS = 90
KEY = ("kind", "connection", "project", "issue_type", "condition_field", "condition_value", "valid_from")
MATCHED = f"""
select rule_key, count(*) from intermediate.int_work_item_defects
where created_date > cast($1 as date) - {DAYS}
group by all
"""
UNKNOWN_WORDS = f"""
select defects.severity, count(*)
from intermediate.int_work_item_defects as defects
inner join intermediate.int_tracker_security_defects as found on defects.item_key = found.item_key
where defects.kind = 'security' and found.severity is null and defects.severity is not null
    and defects.created_date > cast($1 as date) - {DAYS}
group by all
order by count(*) desc, defects.severity
"""


@dataclass(frozen=True, slots=True)
class Matched:
    """What a night knew of the items created in the days before it.

    items: number by rule_key; words: severities of security defects that mean none of the five, with their items.
    """

    items: Mapping[str, int]
    words: Sequence[tuple[str, int]]


def matched(night: LastNight) -> Matched:
    """Count by the last night; raises NotThere where it did not get that far."""
    as_of = night.as_of.replace(tzinfo=None)
    return Matched(
        dict(night.rows(MATCHED, [as_of])), [(word, count) for word, count in night.rows(UNKNOWN_WORDS, [as_of])]
    )


def show_defect_rules(rules: Sequence[Row], on: date, found: Matched | None, console: Console) -> None:
    """Every rule in force on a day with the items it matched, of which a more specific rule of its kind takes some."""
    day = on.isoformat()
    known = [r for r in rules if (r.get("valid_from") or "0001-01-01") <= day < (r.get("valid_to") or "9999-12-31")]
    if not known:
        return
    table = new_table("kind", "which items", "severity", f"last {DAYS} days")
    for row in known:
        count = "known after the next night" if found is None else f"{found.items.get(rule_key(row), 0):,}"
        table.add_row(*plain(row["kind"], _words(row), row.get("severity") or ""), count)
    print_table("items -> incidents and defects", table, console)


def unknown_words(found: Matched | None) -> list[str]:
    """A sentence on every word of severity of security defects that means nothing."""
    return [
        f"security_severities.csv: {count:,} security defects of {DAYS} days have severity '{word}', which means none "
        "of critical, high, medium, low, info; add it to tracker_words"
        for word, count in (found.words if found else ())
    ]


def rule_key(row: Row) -> str:
    """What stg_organization__defect_rules calls a row."""
    return "|".join(row.get(name) or "" for name in KEY)


def _words(row: Row) -> str:
    """`jira: Bug in SHOP with label = security`."""
    what = row.get("issue_type") or "any type"
    where = f" in {row['project']}" if row.get("project") else ""
    condition = f" with {row['condition_field']} = {row['condition_value']}" if row.get("condition_field") else ""
    return f"{row['connection']}: {what}{where}{condition}" if row.get("connection") else f"{what}{where}{condition}"
