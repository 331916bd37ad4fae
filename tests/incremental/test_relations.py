"""How numbers must change when the world changes in a known way, and what an earlier clock may see."""

from __future__ import annotations

import copy
import math
import random
import shutil
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.incremental import tracker_changes as changes
from tests.incremental.comparison import Row, compare, rows_of
from tests.incremental.nights import Nights, keys
from tests.incremental.tracker import STATUSES, Tracker
from tests.incremental.world import ORIGIN, World, copied_key, small_world

SEED = "relations"
WITHOUT_DAYLIGHT_SAVING = "Asia/Kolkata"
# these add up over teams and double with the items; a new metric that does so joins them
ADDITIVE = (
    "flow_velocity", "flow_load", "arrivals", "departures", "cancelled_items", "skipped_items", "escaped_defects",
)  # fmt: skip
DOUBLING = (
    *ADDITIVE, "flow_load_active", "flow_load_waiting", "flow_load_per_capita", "flow_load_per_member", "net_flow",
    "cost_of_delay", "dependency_wait_days", "unplanned_items", "outcome_verdicts", "outcome_reviews_overdue",
    "stage_arrivals", "stage_departures", "stage_backlog", "stage_queue_growth",
)  # fmt: skip
# a higher percentile lies between two items, and moves a little when each of them is there twice; ranks need a sample
MOVING = ("_p85_", "aging_items", "bottleneck_rank")


@dataclass(frozen=True, slots=True)
class Built:
    """A world and its build."""

    house: Nights
    world: World

    def values(self, where: str = "true") -> dict[tuple[Any, ...], dict[str, Any]]:
        """core.fct_metric_values by metric, scope, period and breakdown."""
        rows = rows_of(self.house.built.marts, f"select * from core.fct_metric_values where {where}")
        key = keys()["fct_metric_values"]
        return {tuple(row[column] for column in key): row for row in rows}

    def rows(self, query: str) -> list[dict[str, Any]]:
        return rows_of(self.house.built.marts, query)


def built(folder: Path, world: World) -> Built:
    world.organization.settings["time_zone"] = WITHOUT_DAYLIGHT_SAVING
    house = Nights(folder, world)
    house.read(world.now)
    assert [run for run in house.runs if run.status != "ok"] == []
    house.build()
    return Built(house, world)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The small world as it is."""
    return built(tmp_path_factory.mktemp("base"), small_world(SEED))


def test_team_and_value_stream_values_add_up_to_the_organisations(base: Built) -> None:
    metrics = ", ".join(f"'{metric}'" for metric in ADDITIVE)
    totals: dict[tuple[Any, ...], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    scopes = set()
    for row in base.rows(f"select * from core.fct_metric_values where metric in ({metrics}) and value is not null"):
        place = (row["metric"], row["period_grain"], row["period_start"], row["breakdown"])
        totals[place][row["scope_type"]] += row["value"]
        scopes.add(row["scope_id"])
    assert scopes == {"alpha", "beta", "gamma", "small_teams", "unassigned", "shop", "money", "organization"}
    assert sum(total["organization"] > 0 for total in totals.values()) > 300
    wrong = [
        (place, dict(total))
        for place, total in totals.items()
        for scope_type in ("team", "value_stream")
        if not math.isclose(total[scope_type], total["organization"], abs_tol=1e-6)
    ]
    assert wrong == []


def test_doubling_all_items_doubles_counts_and_leaves_medians_and_shares(base: Built, tmp_path: Path) -> None:
    world = small_world(SEED)
    world.copies = 2
    plans = world.organization.inbox["initiatives"]
    for id_, plan in list(plans.items()):
        keys_of_copies = [copied_key(name, 1) for name in plan.get("items", ())]
        plans[f"copy-{id_}"] = plan | {"id": f"copy-{id_}", "items": keys_of_copies}
    double = built(tmp_path, world)
    of_items = "family in ('flow', 'outcomes', 'investment', 'objectives')"
    before, after = (
        {place: row for place, row in side.values(of_items).items() if not any(word in place[0] for word in MOVING)}
        for side in (base, double)
    )
    assert before.keys() == after.keys()
    wrong, compared = [], 0
    for place, row in before.items():
        value, now = row["value"], after[place]["value"]
        if value is None:
            continue
        expected = 2 * value if place[0] in DOUBLING else value
        compared += 1
        if now is None or not math.isclose(now, expected, rel_tol=1e-9, abs_tol=1e-9):
            wrong.append((place, value, now))
    assert compared > 5000
    assert wrong[:10] == [], f"{len(wrong)} values"
    assert _percentiles_out_of_place(base, double) == []
    assert _money(base) == _money(double) and _money(base)
    assert _item_days(double) == {key: 2 * days for key, days in _item_days(base).items()} and _item_days(base)
    progress = "select * exclude (initiatives, active_item_days) from outcomes.fct_key_results order by all"
    assert base.rows(progress) == double.rows(progress) and base.rows(progress)


INVESTMENT_KEY = (
    "scope_type", "scope_id", "period_grain", "period_start", "value_stream_id", "flow_item_type", "objective_id",
    "work_category",
)  # fmt: skip


def _money(side: Built) -> dict[tuple[Any, ...], Any]:
    return _investment(side, "amount")


def _item_days(side: Built) -> dict[tuple[Any, ...], Any]:
    return _investment(side, "active_item_days")


def _investment(side: Built, column: str) -> dict[tuple[Any, ...], Any]:
    rows = side.rows(f"select * from outcomes.fct_investment where {column} is not null")
    return {tuple(row[name] for name in INVESTMENT_KEY): row[column] for row in rows}


def _percentiles_out_of_place(base: Built, double: Built) -> list[Any]:
    """The organisation's p85 flow times of the doubled items that do not lie between the items beside theirs."""
    times: dict[tuple[str, date], list[float]] = defaultdict(list)
    zone = f"timezone('{WITHOUT_DAYLIGHT_SAVING}', timezone('UTC', done_at))"
    for row in base.rows(
        f"""select item_level, cast(date_trunc('month', {zone}) as date) as month, flow_time_days
        from flow.fct_flow_items where flow_time_days is not null"""
    ):
        times[row["item_level"], row["month"]].append(row["flow_time_days"])
    wrong, checked = [], 0
    for row in double.rows(
        "select * from core.fct_metric_values where metric = 'flow_time_p85_days' and value is not null"
    ):
        if row["scope_id"] == "organization" and row["period_grain"] == "month" and row["breakdown"] == "all":
            ordered = sorted(times["flow_item", row["period_start"]])
            place, checked = 0.85 * (len(ordered) - 1), checked + 1
            low, high = ordered[math.floor(place)], ordered[min(len(ordered) - 1, math.ceil(place + 0.5))]
            if not low - 1e-9 <= row["value"] <= high + 1e-9:
                wrong.append((row["period_start"], low, row["value"], high))
    assert checked >= 2
    return wrong


class Weeks:
    """Reads tables without what depends on months, and with all times put back by `back`."""

    def __init__(self, back: timedelta) -> None:
        self.back = back
        self.first = (ORIGIN + timedelta(weeks=1)).date()

    def __call__(self, table: str, columns: Sequence[str], rows: list[Row]) -> list[Row]:
        if table.startswith("sentiment.") or table in ("core.dim_dates", "core.metric_catalogue"):
            return []
        key = [columns.index(column) for column in keys().get(table.partition(".")[2], ()) if column in columns]
        shifted = [tuple(self._shifted(value) for value in row) for row in rows]
        return [
            row for row in shifted if self._is_compared(dict(zip(columns, row, strict=True)), [row[i] for i in key])
        ]

    def _shifted(self, value: Any) -> Any:
        return value - self.back if isinstance(value, date) and value.year > 1 else value

    def _is_compared(self, row: dict[str, Any], key: list[Any]) -> bool:
        if row.get("period_grain", "week") != "week" or row.get("family") == "sentiment":
            return False
        days = [value.date() if isinstance(value, datetime) else value for value in key if isinstance(value, date)]
        return all(day >= self.first for day in days)


def test_shifting_all_times_by_whole_weeks_shifts_the_periods(base: Built, tmp_path: Path) -> None:
    shift = timedelta(weeks=4)
    later = built(tmp_path, small_world(SEED, origin=ORIGIN + shift))
    marts = base.house.built.marts, later.house.built.marts
    result = compare(*marts, keys(), read=Weeks(timedelta(0)), read_right=Weeks(shift))
    assert result.counts["flow.fct_flow_items"] > 150 and result.counts["core.fct_metric_values"] > 8000
    assert not result.different, str(result)


def test_renaming_statuses_with_their_mapping_changes_nothing(base: Built, tmp_path: Path) -> None:
    names = {id_: f"{name} renamed" for id_, (name, _) in STATUSES.items()}
    world = small_world(SEED, tracker=Tracker(status_names=names))
    for row in world.organization.tables["status_mappings"]:
        row["status"] = names[row["status"]].upper()
    renamed = built(tmp_path, world)

    def without_suffix(table: str, columns: Sequence[str], rows: list[Row]) -> list[Row]:
        del table, columns
        return [tuple(v.replace(" renamed", "") if isinstance(v, str) else v for v in row) for row in rows]

    result = compare(base.house.built.marts, renamed.house.built.marts, keys(), read_right=without_suffix)
    assert [table for table, count in result.counts.items() if not count] == ["core.fct_restatements"]  # one night
    assert not result.different, str(result)


def test_an_earlier_clock_sees_nothing_that_happened_after_it(base: Built, tmp_path: Path) -> None:
    """The world goes on for four weeks, then a night is run with the clock of the first: the first night's tables."""
    shutil.copytree(base.house.folder, tmp_path / "later")
    world, chance = copy.deepcopy(base.world), random.Random(SEED)
    house, then = Nights(tmp_path / "later", world), world.now
    for weeks in range(4):
        world.live(world.now + timedelta(weeks=1))
        _change_the_organization(world, chance, weeks)
        for change in (changes.deletions, changes.moves, changes.reopened, changes.values_changed,
                       changes.outcomes_changed, changes.links_changed):  # fmt: skip
            change(world, chance)
        world.organization.answer("W1", f"late-{weeks}", "alpha", world.now - timedelta(hours=1), [5, 5, 5])
    house.read(world.now)
    house.read(then)
    house.build()
    result = compare(base.house.built.marts, house.built.marts, keys())
    assert not result.different, str(result)


def _change_the_organization(world: World, chance: random.Random, weeks: int) -> None:
    """Dated changes of mappings, rules, teams and memberships, none in force before now."""
    on, remap = world.now.date(), world.organization.remap

    def of(**values: Any) -> Any:
        return lambda row: all(row.get(name) == value for name, value in values.items())

    match weeks:
        case 0:
            remap("status_mappings", of(status="4"), on, flow_state="active", stage="check", stage_order=35)
            remap("type_mappings", of(issue_type="103"), on, flow_item_type="risk")
        case 1:
            remap("work_rules", of(field="project", value="PAY"), on, team_id="gamma")
            remap("teams", of(team_id="beta"), on, team_name="Beta, renamed")
            remap("team_value_streams", of(team_id="gamma"), on, value_stream_id="shop")
            remap("key_results", of(key_result_id="KR-1"), on, target="4")
            remap("work_categories", of(issue_type="101"), on, work_category="upkeep")
        case 2:
            check_in = {"key_result_id": "KR-2", "date": on.isoformat(), "value": "12", "confidence": "0.7"}
            world.organization.tables["key_result_check_ins"].append(check_in)
            remap("memberships", of(member_id=f"alpha-{chance.randint(0, 5)}"), on, team_id="delta")
            remap("service_owners", of(service_id="ledger"), on, team_id="alpha")
            remap("repository_services", of(repository="small/web"), on, service_id="ledger")
