"""The recomputation itself, on a handful of items whose numbers can be told by hand.

Two teams, `red` and `blue`, in projects of the same names; UTC; the run is on Monday, 2 March 2026, at noon. The 1st of
January is a holiday. All times are January's unless they say more.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.flow_rows import FlowRows
from tests.oracle.flow_tables import cumulative_flow, flow_item_states, flow_items, work_in_progress, work_item_age
from tests.oracle.flow_world import FlowWorld
from tests.oracle.periods import Key, Row, Rows
from tests.oracle.raw_data import Payload, RawData, Settings
from tests.oracle.timeline import micros

AS_OF = "2026-03-02T12:00:00"
STATUSES = {
    "Backlog": ("new", "backlog", 0), "Next": ("waiting", "ready", 10), "Doing": ("active", "development", 20),
    "Review": ("waiting", "review", 30), "Stuck": ("ignore", None, None), "Done": ("done", "done", 60),
    "Dropped": ("cancelled", None, None),
}  # fmt: skip
Moves = Sequence[tuple[str, str]]


def at(text: str) -> str:
    """`05 09:30` is 9:30 on 5 January 2026; `02-05 09:30` on 5 February."""
    day, _, clock = text.partition(" ")
    return f"2026-{day if '-' in day else f'01-{day}'}T{clock or '00:00'}:00+00:00"


def issue(number: int, created: str, moves: Moves, **more: Any) -> tuple[Payload, Payload]:
    """An issue and its changelog. moves: (when, status), the first one being the status at creation.

    more: project, labels, sprints, cost, changes [(when, field, from, to)], blocked_by [keys].
    """
    project = more.get("project", "RED")
    steps = [step for _, step in moves]
    entries = [
        (at(when), {"field": "status", "from": old, "fromString": old, "to": new, "toString": new})
        for (when, new), old in zip(moves[1:], steps, strict=False)
    ]
    for when, field, old, new in more.get("changes", ()):
        entries.append((at(when), {"field": field, "from": old, "fromString": old, "to": new, "toString": new}))
    fields = {
        "created": at(created),
        "project": {"key": project},
        "issuetype": {"id": "1", "name": "Story"},
        "status": {"id": steps[-1], "name": steps[-1]},
        "labels": more.get("labels", []),
        "cf_sprint": [{"id": sprint} for sprint in more.get("sprints", ())],
        "cf_cost": more.get("cost"),
        "issuelinks": [
            {"type": {"inward": "is blocked by"}, "inwardIssue": {"key": key}} for key in more.get("blocked_by", ())
        ],
    }
    histories = [
        {"id": str(n), "created": when, "items": [item]}
        for n, (when, item) in enumerate(sorted(entries, key=lambda e: e[0]))
    ]
    return {"id": str(number), "key": f"{project}-{number}", "fields": fields}, {"histories": histories}


def world(*issues: tuple[Payload, Payload], **tables: list[Payload]) -> FlowWorld:
    """Issues with the organisation described above; tables: rows of further files, or of the stream `sprints`."""
    rows: dict[str, list[Payload]] = {
        "teams": [{"team_id": "red"}, {"team_id": "blue"}],
        "value_streams": [{"value_stream_id": "all"}],
        "team_value_streams": [{"team_id": team, "value_stream_id": "all"} for team in ("red", "blue")],
        "memberships": [{"team_id": team, "member_id": f"{team}{n}"} for team in ("red", "blue") for n in range(4)],
        "work_rules": [
            {"rule_order": "1", "field": "project", "value": "RED", "team_id": "red"},
            {"rule_order": "2", "field": "project", "value": "BLUE", "team_id": "blue"},
        ],
        "type_mappings": [{"issue_type": "Story", "flow_item_type": "feature"}],
        "status_mappings": [
            {"status": status, "flow_state": state, "stage": stage, "stage_order": order and str(order)}
            for status, (state, stage, order) in STATUSES.items()
        ],
        "calendar": [{"date": "2026-01-01", "kind": "holiday"}],
    }
    sprints = tables.pop("sprints", [])
    streams: dict[str, list[tuple[str, str, Payload]]] = {
        "issues": [("jira", str(payload["id"]), payload) for payload, _ in issues],
        "changelogs": [("jira", str(payload["id"]), log) for payload, log in issues],
        "field_roles": [
            ("jira", role, {"role": role, "field_id": field})
            for role, field in (("sprint", "cf_sprint"), ("cost_of_delay", "cf_cost"), ("flagged", "cf_flag"))
        ],
        "sprints": [("jira", str(sprint["id"]), sprint) for sprint in sprints],
    }
    settings = Settings(micros(AS_OF), ZoneInfo("UTC"), 3, 0)
    first = min(micros(payload["fields"]["created"]) for payload, _ in issues)
    raw = RawData(settings, streams, rows | tables, {"jira": "jira"}, {"jira": date(2025, 1, 1)}, {"jira": first})
    return FlowWorld(raw)


def month(rows: Rows, metric: str, breakdown: str = "all", team: str = "red", start: date = date(2026, 1, 1)) -> Row:
    """A row of a team and month."""
    return rows[Key(metric, "team", team, "month", start, breakdown)]


def short(row: Row) -> tuple[float | None, int, str]:
    """Value, n and quality."""
    return row.value, row.n, row.quality


PLAIN = issue(1, "05 00:00", [("", "Backlog"), ("06 09:00", "Doing"), ("07 09:00", "Review"), ("08 09:00", "Done")])


def test_times_of_a_plain_item() -> None:
    one = world(PLAIN)
    row = flow_items(one)[("jira:1",)]
    assert (row["started_at"], row["done_at"]) == (datetime(2026, 1, 6, 9), datetime(2026, 1, 8, 9))
    assert (row["flow_time_days"], row["lead_time_days"], row["active_days"], row["waiting_days"]) == (2, 3.375, 1, 1)
    # Monday whole (5 January), then Tuesday and Wednesday; the 8th begins at nine
    assert (row["flow_time_working_days"], row["lead_time_working_days"]) == (2, 3)
    rows = FlowRows(one).rows()
    assert short(month(rows, "flow_velocity")) == (1, 1, "ok")
    assert short(month(rows, "flow_time_p50_days")) == (None, 1, "insufficient_sample")
    # at the end of the 6th active, of the 7th waiting
    assert month(rows, "flow_load")[:3] == (2 / 31, 2, 31)
    assert month(rows, "flow_load_per_capita")[:3] == (2 / 124, 2, 124)
    assert month(rows, "flow_efficiency")[:3] == (0.5, 1, 2)
    assert month(rows, "flow_load", team="blue").value == 0


def test_five_working_hours_over_a_holiday_and_a_weekend() -> None:
    over = issue(1, "01 10:00", [("", "Doing"), ("05 12:00", "Done")])
    # the 1st is a holiday, the 2nd a Friday, the 3rd and 4th a weekend
    assert flow_items(world(over))[("jira:1",)]["flow_time_working_days"] == 1 + 3 / 8


def test_reopen_within_thirty_days_and_later() -> None:
    soon = issue(1, "05", [("", "Doing"), ("06", "Done"), ("02-05", "Doing"), ("02-06", "Done")])
    late = issue(2, "05", [("", "Doing"), ("06", "Done"), ("02-05 00:01", "Doing")])
    family = FlowRows(world(soon, late))
    rows = family.rows()
    assert month(rows, "reopen_rate")[:4] == (0.5, 1, 2, 2)
    assert month(rows, "reopen_rate", start=date(2026, 2, 1)).quality == "no_data"
    assert flow_items(family.world)[("jira:1",)]["flow_time_final_days"] == 32
    # only the second one is open, in its second episode
    age = work_item_age(family.world)
    assert {key: row["age_days"] for key, row in age.items()} == {
        ("jira:2",): pytest.approx((micros(AS_OF) - micros(at("02-05 00:01"))) / 86_400_000_000)
    }


def test_a_young_cohort_is_immature() -> None:
    rows = FlowRows(world(issue(1, "02-05", [("", "Doing"), ("02-06", "Done")]))).rows()
    assert short(month(rows, "reopen_rate", start=date(2026, 2, 1))) == (0, 1, "immature")


def test_backflow_is_a_move_to_an_earlier_stage_between_start_and_done() -> None:
    back = issue(1, "05", [("", "Doing"), ("06", "Review"), ("07", "Doing"), ("08", "Done")])
    parked = issue(2, "05", [("", "Review"), ("06", "Stuck"), ("07", "Doing"), ("08", "Done")])
    ahead = issue(3, "05", [("", "Doing"), ("06", "Stuck"), ("07", "Review"), ("08", "Done")])
    later = issue(4, "05", [("", "Doing"), ("06", "Done"), ("07", "Doing"), ("08", "Done")])
    one = world(back, parked, ahead, later)
    assert {key: row["has_backflow"] for (key,), row in flow_items(one).items()} == {
        "jira:1": True, "jira:2": True, "jira:3": False, "jira:4": False,
    }  # fmt: skip
    assert month(FlowRows(one).rows(), "backflow_rate")[:4] == (0.5, 2, 4, 4)


def test_blocked_time_counts_once_and_only_between_start_and_done() -> None:
    flags = [("05 06:00", "cf_flag", "", "Impediment"), ("07", "cf_flag", "Impediment", ""),
             ("08 12:00", "cf_flag", "", "Impediment")]  # fmt: skip
    moves = [("", "Backlog"), ("06", "Doing"), ("06 12:00", "Stuck"), ("07 12:00", "Doing"), ("09", "Done")]
    mappings = [
        {"status": status, "flow_state": state, "is_blocked": "yes" if status == "Stuck" else None}
        for status, (state, _, _) in STATUSES.items()
    ]
    rows = FlowRows(world(issue(1, "05", moves, changes=flags), status_mappings=mappings)).rows()
    # flagged 6th 0:00 to 7th 0:00, stuck until 12:00, flagged again the last 12 hours: 2 of 3 days
    assert month(rows, "blocked_share")[:4] == (pytest.approx(2 / 3), 2, 3, 1)


SPRINT = {"id": 7, "state": "closed", "startDate": at("05 08:00"), "activatedDate": at("05 10:00"),
          "completeDate": at("16 10:00"), "originBoardId": 3}  # fmt: skip


def test_say_do_counts_what_was_in_the_sprint_at_its_actual_start() -> None:
    def planned(number: int, when: str, done: str | None, *changes: tuple[str, str, str, str]) -> Any:
        moves = [("", "Backlog"), *([(done, "Done")] if done else [])]
        return issue(number, "02", moves, sprints=[7], changes=[(when, "cf_sprint", "", "7"), *changes])

    kept = planned(1, "05 09:00", "10")
    late = planned(2, "05 09:30", "16 10:01")
    added = planned(3, "05 10:01", "10")
    removed = planned(4, "05 09:00", "10", ("09", "cf_sprint", "7", ""))
    before = planned(5, "02 09:00", "03")
    rows = FlowRows(world(kept, late, added, removed, before, sprints=[SPRINT])).rows()
    assert month(rows, "sprint_say_do_rate")[:4] == (pytest.approx(1 / 3), 1, 3, 3)


def test_a_defect_escaped_by_the_rule_of_its_day_and_its_mark_of_today() -> None:
    early = issue(1, "05", [("", "Backlog")], labels=["customer"])
    told = issue(2, "12", [("", "Backlog")], labels=["customer"], changes=[("02-10 09:00", "labels", "", "customer")])
    plain = issue(3, "13", [("", "Backlog")])
    dropped = issue(4, "14", [("", "Backlog"), ("15", "Dropped")], labels=["customer"])
    back = issue(5, "12", [("", "Doing"), ("13", "Done"), ("20", "Doing"), ("21", "Done")])
    other = issue(6, "12", [("", "Doing"), ("13", "Done")], project="BLUE", labels=["customer"])
    rule = {
        "kind": "escaped", "project": "RED", "issue_type": "Story", "condition_field": "label",
        "condition_value": "Customer", "valid_from": "2026-01-10",
    }  # fmt: skip
    types = [{"issue_type": "Story", "flow_item_type": "defect"}]
    tables = {"type_mappings": types, "defect_rules": [rule]}
    rows = FlowRows(world(early, told, plain, dropped, back, other, **tables)).rows()
    assert short(month(rows, "escaped_defects")) == (1, 4, "ok")
    assert month(rows, "escaped_defect_rate")[:4] == (1, 1, 1, 1)
    assert month(rows, "escaped_defect_share")[:4] == (0.25, 1, 4, 4)
    assert short(month(rows, "reopened_defect_rate")) == (1, 1, "immature")
    february = date(2026, 2, 1)
    assert short(month(rows, "escaped_defects", start=february)) == (0, 0, "ok")
    assert short(month(rows, "escaped_defect_rate", start=february)) == (None, 0, "no_data")
    assert short(month(rows, "escaped_defects", start=date(2026, 1, 1), team="blue")) == (None, 1, "not_available")


def test_unplanned_is_what_a_rule_names_or_what_came_into_a_running_sprint() -> None:
    named = issue(1, "06", [("", "Doing")], labels=["interrupt"])
    before = issue(2, "02", [("", "Doing")], labels=["interrupt"])
    pulled = issue(3, "06", [("", "Backlog"), ("06 11:00", "Doing")], sprints=[7],
                   changes=[("06 15:00", "cf_sprint", "", "7")])  # fmt: skip
    agreed = issue(4, "02", [("", "Backlog"), ("06 11:00", "Doing")], sprints=[7],
                   changes=[("04 15:00", "cf_sprint", "", "7")])  # fmt: skip
    tomorrow = issue(5, "02", [("", "Backlog"), ("06 11:00", "Doing")], sprints=[7],
                     changes=[("07 00:00", "cf_sprint", "", "7")])  # fmt: skip
    rules = [{"field": "label", "value": "Interrupt", "valid_from": "2026-01-03"}]
    rows = FlowRows(world(named, before, pulled, agreed, tomorrow, sprints=[SPRINT], unplanned_rules=rules)).rows()
    assert short(month(rows, "unplanned_items")) == (2, 5, "ok")
    assert month(rows, "unplanned_share")[:4] == (0.4, 2, 5, 5)


def test_a_stage_has_visits_and_time_and_a_backlog() -> None:
    moves = [("", "Doing"), ("06", "Review"), ("07", "Doing"), ("09", "Done")]
    family = FlowRows(world(issue(1, "05", moves), issue(2, "30", [("", "Review")])))
    rows = family.rows()
    assert month(rows, "stage_time_share", "stage:development")[:4] == (0.75, 3, 4, 1)
    assert month(rows, "stage_time_share", "stage:review")[:4] == (0.25, 1, 4, 1)
    found = {m: month(rows, f"stage_{m}", "stage:development").value for m in ("arrivals", "departures", "backlog")}
    assert found == {"arrivals": 2, "departures": 2, "backlog": 0}
    assert month(rows, "stage_queue_growth", "stage:review").value == 1
    assert month(rows, "stage_backlog", "stage:review").value == 1
    assert flow_item_states(family.world)["jira:1", "active", "development", "Doing"] == {"days": 3, "entries": 2}


def test_a_dated_remap_splits_a_stay_but_starts_and_ends_nothing() -> None:
    remapped: list[Payload] = [
        {"status": "Backlog", "flow_state": "new", "stage": "backlog", "valid_to": "2026-01-10"},
        {"status": "Backlog", "flow_state": "waiting", "stage": "ready", "valid_from": "2026-01-10"},
        {"status": "Done", "flow_state": "done"},
    ]
    one = world(issue(1, "05", [("", "Backlog"), ("20", "Done")]), status_mappings=remapped)
    row = flow_items(one)[("jira:1",)]
    assert (row["started_at"], row["is_skipped"], row["waiting_days"]) == (None, True, 10)
    rows = FlowRows(one).rows()
    assert month(rows, "arrivals").value == 0
    assert month(rows, "flow_load")[:3] == (10 / 31, 10, 31)


def test_the_cumulative_flow_counts_a_second_entry_not_again() -> None:
    family = FlowRows(world(issue(1, "05", [("", "Doing"), ("06", "Review"), ("07", "Doing"), ("08", "Done")])))
    table = cumulative_flow(family.days)

    def stock(day: int, state: str) -> tuple[float, float]:
        row = table["team", "red", date(2026, 1, day), "flow_item", state]
        return row["items"], row["entered_items"]

    assert [stock(day, "active") for day in (4, 5, 6, 7, 8)] == [(0, 0), (1, 1), (0, 1), (1, 1), (0, 1)]
    assert [stock(day, "done") for day in (7, 8, 9)] == [(0, 0), (1, 1), (1, 1)]
    wip = work_in_progress(family.days)
    assert wip["team", "red", date(2026, 1, 6), "flow_item", "waiting", "feature"] == {"items": 1}


def test_dependencies_wait_only_while_linked_open_and_of_another_team() -> None:
    blocker = issue(9, "02", [("", "Doing"), ("07", "Done")], project="BLUE")
    friend = issue(8, "02", [("", "Doing"), ("07", "Done")])
    moves = [("", "Next"), ("06 12:00", "Doing"), ("09", "Done")]
    link = ("05 12:00", "Link", "", "BLUE-9")
    held = issue(1, "05", moves, blocked_by=["BLUE-9", "RED-8"])
    payload, log = held
    told = {"field": link[1], "to": link[3], "toString": "This issue is blocked by BLUE-9"}
    log["histories"].append({"id": "99", "created": at(link[0]), "items": [told]})
    rows = FlowRows(world((payload, log), blocker, friend)).rows()
    # waiting from the 5th 12:00 (linked) to the 6th 12:00 (work goes on)
    assert short(month(rows, "dependency_wait_days")) == (1, 1, "ok")
    assert month(rows, "cross_team_dependency_share")[:3] == (0.5, 1, 2)


def test_cost_of_delay_counts_waiting_weeks_and_is_nothing_without_the_field() -> None:
    costed = issue(1, "05", [("", "Next"), ("12", "Doing"), ("14", "Done")], cost=500)
    rows = FlowRows(world(costed, issue(2, "05", [("", "Next"), ("12", "Done")]))).rows()
    assert short(month(rows, "cost_of_delay")) == (500, 1, "ok")
    assert short(month(rows, "cost_of_delay", team="blue")) == (None, 0, "no_data")


def test_age_and_aging_are_taken_at_the_end_of_the_period() -> None:
    done = [issue(n, "05", [("", "Doing"), ("07", "Done")]) for n in range(1, 11)]
    open_items = [issue(20 + n, "05", [("", "Doing")]) for n in range(5)]
    parked = issue(30, "05", [("", "Doing"), ("10", "Backlog")])
    rows = FlowRows(world(*done, *open_items, parked)).rows()
    assert short(month(rows, "work_item_age_p50_days")) == (27, 5, "ok")
    assert short(month(rows, "work_item_age_p85_days")) == (None, 5, "insufficient_sample")
    assert short(month(rows, "aging_items")) == (None, 5, "not_available")
    # load of January: 10 x 2 days, 6 items over the 5th to the 9th and 5 of them until the 31st; 10 done in 2 days each
    load = (20 + 6 * 5 + 5 * 22) / 31
    assert month(rows, "flow_stability_ratio")[:3] == (pytest.approx(load / (10 / 31 * 2)), load, 10 / 31 * 2)
