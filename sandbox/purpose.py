"""What Acme's work is for and what it costs: objectives, key results with check-ins, team costs, work categories."""

import random
from collections.abc import Iterable
from datetime import date, timedelta

from sandbox.initiatives import KEY_RESULT_IDS
from sandbox.people import Staff
from sandbox.process import ISSUE_TYPES
from sandbox.teams import TEAMS

Row = dict[str, str]
COSTS_SINCE = {"toolsmiths": date(2025, 1, 15)}
"""First days of costs that begin within a month."""
LAST_DAY = date(2026, 9, 30)
NEVER_CHECKED, FORGOTTEN = "KR-09", "KR-08"
"""A key result that nobody has ever looked at, and one that nobody has looked at since FORGOTTEN_SINCE."""
FORGOTTEN_SINCE = date(2026, 2, 1)
COMPANY = "O-4"
# objective, name, level, owner, parent
OBJECTIVES = (
    (COMPANY, "Customers stay", "company", None, None),
    ("O-1", "Buying is effortless", "value_stream", "shopping", COMPANY),
    ("O-2", "Money flows", "value_stream", "payments", COMPANY),
    ("O-3", "Parcels arrive", "value_stream", "fulfilment", COMPANY),
    ("O-1-search", "Everything is found", "team", "search", "O-1"),
    ("O-2-billing", "Invoices explain themselves", "team", "billing", "O-2"),
    ("O-2-returns", "Refunds at once", "team", "returns", "O-2"),
    ("O-3-warehouse", "What is sold is there", "team", "warehouse", "O-3"),
    ("O-3-parcelio", "Nobody asks where the parcel is", "team", "parcelio", "O-3"),
    ("O-3-orders", "Orders run by themselves", "team", "orders", "O-3"),
)
# key result, objective, baseline, target, unit
KEY_RESULTS = (
    ("Abandoned carts", "O-1", 71, 60, "%"),
    ("Mobile conversion", "O-1", 1.9, 3.4, "%"),
    ("Searches with a click on page one", "O-1-search", 55, 80, "%"),
    ("Payments that succeed at the first try", "O-2", 91, 96, "%"),
    ("Invoices questioned", "O-2-billing", 4.2, 1.5, "%"),
    ("Refunds within 24 hours", "O-2-returns", 40, 95, "%"),
    ("Orders delivered on the promised day", "O-3", 86, 95, "%"),
    ("Stock shortages", "O-3-warehouse", 2.4, 1, "%"),
    ("Calls about parcels", "O-3-parcelio", 900, 500, "a week"),
    ("Orders that need a person", "O-3-orders", 7, 2, "%"),
    ("Customers who recommend us", COMPANY, 31, 45, "NPS"),
    ("Customers who buy again", COMPANY, 28, 35, "%"),
)
SPANS = (("2025-01-01", "2025-12-31"), ("2025-07-01", "2026-06-30"), ("2026-01-01", "2026-12-31"))


def rows_of(header: str, *rows: Iterable[object]) -> list[Row]:
    """Rows of a CSV as its people would write them: texts, blank where nothing is known."""
    names = header.split(",")
    return [dict(zip(names, ["" if cell is None else str(cell) for cell in row], strict=True)) for row in rows]


def purpose_rows(staff: Staff) -> dict[str, list[Row]]:
    """Rows by CSV name, in the order of the columns."""
    return {
        "objectives": rows_of(
            "objective_id,objective_name,level,owner_id,parent_objective_id,starts_on,ends_on",
            *((*objective, "2025-01-01", "2026-12-31") for objective in OBJECTIVES),
        ),
        "key_results": _key_results(),
        "key_result_check_ins": _check_ins(),
        "team_costs": _team_costs(staff),
        "work_categories": _work_categories(),
    }


def _key_results() -> list[Row]:
    rows = []
    for place, (key, (name, objective, baseline, target, unit)) in enumerate(
        zip(KEY_RESULT_IDS, KEY_RESULTS, strict=True)
    ):
        direction = "up" if target > baseline else "down"
        rows.append((key, name, objective, baseline, target, direction, unit, *SPANS[place % 3], None, None))
    header = "key_result_id,key_result_name,objective_id,baseline,target,direction,unit,starts_on,ends_on"
    return rows_of(f"{header},valid_from,valid_to", *rows)


def _check_ins() -> list[Row]:
    """Once a month, with some months missing; values wander from the baseline towards the target and beyond."""
    rng = random.Random("check-ins")
    rows: list[tuple[object, ...]] = []
    for place, (key, (_, _, baseline, target, _)) in enumerate(zip(KEY_RESULT_IDS, KEY_RESULTS, strict=True)):
        first, last = (date.fromisoformat(day) for day in SPANS[place % 3])
        speed = rng.uniform(0.4, 1.15)
        day = first + timedelta(days=rng.randint(6, 20))
        while day <= min(last, LAST_DAY):
            share = speed * (day - first).days / (last - first).days + rng.gauss(0, 0.05)
            confidence = round(min(max(0.3 + share, 0.05), 1), 2) if rng.random() < 0.8 else None
            is_missing = rng.random() < 0.2 or key == NEVER_CHECKED or (key == FORGOTTEN and day >= FORGOTTEN_SINCE)
            if not is_missing:
                rows.append((key, day, round(baseline + share * (target - baseline), 2), confidence))
            day += timedelta(days=rng.randint(26, 34))
    return rows_of("key_result_id,date,value,confidence", *rows)


def _team_costs(staff: Staff) -> list[Row]:
    rng = random.Random("costs")
    rows: list[tuple[object, ...]] = []
    for team in TEAMS:
        rate = 8900 + rng.randint(0, 1500)
        month = date(2025, 1, 1)
        while month < date(2026, 10, 1):
            next_month = (month + timedelta(days=32)).replace(day=1)
            people = len(staff.members(team.team_id, month))
            since = COSTS_SINCE.get(team.team_id, month)
            if people and (team.joins is None or month >= team.joins):
                amount = f"{people * rate * (1.03 if month.year > 2025 else 1):.2f}"
                days = (None, since, next_month - timedelta(days=1)) if since > month else (month, None, None)
                rows.append((team.team_id, *days, amount, "EUR"))
            month = next_month
    return rows_of("team_id,month,starts_on,ends_on,amount,currency", *rows)


def _work_categories() -> list[Row]:
    """New capability is capitalised, except where the label says otherwise; the rest keeps the lights on."""
    names = sorted({t.name for t in ISSUE_TYPES if t.level == "flow_item"})
    features = sorted({t.name for t in ISSUE_TYPES if t.level == "flow_item" and t.flow_item_type == "feature"})
    header = "connection,project,issue_type,condition_field,condition_value,work_category,valid_from,valid_to"
    return rows_of(
        header,
        *(("jira", None, name, None, None, "capitalised" if name in features else "maintenance", None, None)
          for name in names),
        ("jira", None, None, "label", "tech-debt", "maintenance", None, None),
        ("jira", "PARC", "Feature", None, None, "integration", None, "2026-01-01"),
    )  # fmt: skip
