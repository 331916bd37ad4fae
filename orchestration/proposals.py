"""A first guess at what a tracker's statuses and issue types mean: by board column, status category and name.

Every guess is a row of status_mappings.csv or type_mappings.csv, valid from the beginning of time, for a person to
correct. The categories are those of Jira's statuses: `new`, `indeterminate`, `done`.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.sources.organization_tables import TABLES

BETWEEN_STAGES = 10
STAGES = ("backlog", "analysis", "ready", "development", "review", "test", "release", "done")
USUAL_ORDERS = {stage: BETWEEN_STAGES * (position + 1) for position, stage in enumerate(STAGES)}

CANCELLED = re.compile(
    r"\b(won['’]?t|cancel\w*|reject\w*|declined?|abandon\w*|dropped|duplicates?|obsolete|invalid|discarded"
    r"|not planned)\b"
)
BLOCKED = re.compile(r"\b(block\w*|impediments?|impeded)\b")
HELD = re.compile(r"\b(hold|paused?|parked|postponed|deferred|suspended)\b")
QUEUED = re.compile(
    r"\b(ready|wait\w*|await\w*|pending|queued?|selected|next|planned|committed|to be|to review|to test|to deploy"
    r"|backlog|triage)\b"
)
FINISHED = re.compile(r"\b(done|complete|completed|finished|resolved|closed|shipped|released|live|deployed)\b")
NOT_BEGUN = re.compile(r"\b(to ?do|open|new|backlog|inbox|icebox|ideas?|triage|funnel|created|submitted|reopened)\b")
COMMITTED = re.compile(r"\b(ready|selected|next|committed|planned)\b")
STAGES_BY_NAME = (
    ("test", re.compile(r"\b(test\w*|qa|quality|verif\w*|validat\w*|uat|acceptance)\b")),
    ("review", re.compile(r"\b(review\w*|peer|approv\w*)\b")),
    ("release", re.compile(r"\b(deploy\w*|releas\w*|ship\w*|staging|rollout|merged?)\b")),
    ("analysis", re.compile(r"\b(analy\w*|refin\w*|design\w*|discover\w*|specif\w*|groom\w*|estimat\w*)\b")),
)
DEFECT = re.compile(r"\b(bugs?|defects?|incidents?|problems?|errors?|faults?|regressions?|hotfix\w*)\b")
RISK = re.compile(r"\b(security|vulnerabilit\w*|risks?|compliance|audit\w*|privacy|legal)\b")
DEBT = re.compile(
    r"\b(debt|refactor\w*|chores?|maintenance|spikes?|upgrades?|technical|infrastructure|tooling|architecture)\b"
)
INITIATIVE = re.compile(r"\b(epics?|initiatives?|themes?)\b")
GOALS = (
    (re.compile(r"(okr )?objectives?"), "objective"),
    (re.compile(r"(okr )?key results?|kr"), "key_result"),
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status may mean; `because` says what the guess went by."""

    flow_state: str
    stage: str | None = None
    stage_order: int | None = None
    is_blocked: bool = False
    because: str = ""

    def cells(self) -> dict[str, str]:
        """The columns of status_mappings.csv that it fills."""
        return {
            "flow_state": self.flow_state,
            "stage": self.stage or "",
            "stage_order": "" if self.stage_order is None else str(self.stage_order),
            "is_blocked": "yes" if self.is_blocked else "",
        }


def meaning_by_name(status: str, category: str | None, orders: Mapping[str, int] | None = None) -> Meaning:
    """What a status means by its category and name.

    category: its key, or None where it is not known (a status that the tracker no longer lists). orders: the stage
    orders in use by stage; a stage that is not among them is left out. None: the usual ones.
    """
    orders = USUAL_ORDERS if orders is None else orders
    name = status.lower()
    state, is_blocked, why = _state(name, category)
    stage = "" if state == "cancelled" else _stage(name, state)
    return Meaning(state, stage if stage in orders else None, orders.get(stage), is_blocked, why)


def _state(name: str, category: str | None) -> tuple[str, bool, str]:
    if CANCELLED.search(name):
        return "cancelled", False, "name"
    if category == "done" or (category is None and FINISHED.search(name)):
        return "done", False, "status category" if category else "name"
    if BLOCKED.search(name):
        return "waiting", True, "name"
    if HELD.search(name):
        return "waiting", False, "name"
    if category == "new" or (category is None and NOT_BEGUN.search(name)):
        committed = COMMITTED.search(name)
        return ("waiting" if committed else "new"), False, "name" if committed or not category else "status category"
    if QUEUED.search(name) or FINISHED.search(name):
        return "waiting", False, "name"
    return "active", False, "status category" if category == "indeterminate" else "name"


def _stage(name: str, state: str) -> str:
    if state in ("new", "done"):
        return "backlog" if state == "new" else "done"
    found = next((stage for stage, words in STAGES_BY_NAME if words.search(name)), None)
    if found:
        return found
    return "ready" if state == "waiting" and COMMITTED.search(name) else "development"


def meanings_by_board(
    configuration: Mapping[str, Any], statuses: Mapping[str, Mapping[str, Any]]
) -> dict[str, Meaning]:
    """What the statuses on a board mean, by status id: the column is the stage, its position the order.

    configuration: a record of `jira.board_configurations`. statuses: {"name", "category"} by id. The last column that
    has a status of category done is done; a status of that category in an earlier column waits for what follows.
    """
    columns = (configuration.get("columnConfig") or {}).get("columns") or []
    placed = [
        (position, column["name"], str(status["id"]))
        for position, column in enumerate(columns)
        for status in column.get("statuses") or ()
        if str(status["id"]) in statuses
    ]
    last = max((position for position, _, id_ in placed if statuses[id_]["category"] == "done"), default=None)
    found = {}
    for position, column, id_ in placed:
        status = statuses[id_]
        guess = meaning_by_name(status["name"], status["category"])
        state = guess.flow_state
        if state == "done" and position != last:
            state = "waiting"
        because = f"board {configuration.get('name')}, column {column}; {guess.because}"
        if state == "cancelled":
            found[id_] = Meaning(state, because=because)
        else:
            order = BETWEEN_STAGES * (position + 1)
            found[id_] = Meaning(state, column.strip().lower(), order, guess.is_blocked, because)
    return found


def type_cells(issue_type: str, hierarchy_level: Any = None, is_subtask: Any = None) -> tuple[dict[str, str], str]:
    """The columns of type_mappings.csv for an issue type, and what the guess went by.

    hierarchy_level: as Jira gives it (-1 sub-task, 0 base, above: epics and what holds them), as number or text.
    """
    name = issue_type.lower()
    goal = next((level for pattern, level in GOALS if pattern.fullmatch(name.strip())), None)
    if goal:
        return {"flow_item_type": "", "item_level": goal}, "name"
    words = ((DEFECT, "defect"), (RISK, "risk"), (DEBT, "debt"))
    kind, because = next(((kind, "name") for pattern, kind in words if pattern.search(name)), ("feature", "default"))
    level = "flow_item"
    depth = int(hierarchy_level) if str(hierarchy_level).lstrip("-").isdigit() else None
    if str(is_subtask).lower() == "true" or depth == -1:
        level, because = "subtask", f"{because}; sub-task"
    elif (depth or 0) > 0 or (depth is None and INITIATIVE.search(name)):
        level, because = "initiative", f"{because}; above stories"
    return {"flow_item_type": kind, "item_level": level}, because


def orders_in_use(rows: Iterable[Mapping[str, str | None]]) -> dict[str, int] | None:
    """The most common stage order of each stage of status_mappings.csv; None where it has none."""
    counts: dict[str, Counter[int]] = {}
    for row in rows:
        if row.get("stage") and row.get("stage_order"):
            counts.setdefault(str(row["stage"]).lower(), Counter())[int(str(row["stage_order"]))] += 1
    return {stage: found.most_common(1)[0][0] for stage, found in counts.items()} or None


def columns_of(folder: Path, table: str) -> list[str]:
    """The columns of an organisation file in the file's own order; all there are where it cannot be read."""
    try:
        with (folder / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
            names = [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError, csv.Error):
        names = []
    return names or [column.name for column in next(t for t in TABLES if t.name == table).columns]


def csv_line(columns: Sequence[str], cells: Mapping[str, str | None]) -> str:
    """One complete line of a CSV file, quoted where it must be."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([cells.get(column) or "" for column in columns])
    return text.getvalue()
