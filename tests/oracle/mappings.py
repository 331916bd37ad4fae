"""Dated mappings of the organisation: what a status and a type mean, and who owns what, from when to when."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from tests.oracle.jira_history import Named
from tests.oracle.raw_data import Payload
from tests.oracle.timeline import BEGINNING, LocalTime, Timeline


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of a file with the moments between which it is in force."""

    row: Payload
    start: int
    end: int

    def is_in_force(self, moment: int) -> bool:
        """Whether it holds at a moment."""
        return self.start <= moment < self.end


def dated(rows: Iterable[Payload], local: LocalTime) -> list[Rule]:
    """Rows with their local dates as moments."""
    found = []
    for row in rows:
        first, last = row.get("valid_from"), row.get("valid_to")
        start = local.midnight(date.fromisoformat(first) if first else date.min)
        found.append(Rule(row, start, local.midnight(date.fromisoformat(last) if last else date.max)))
    return found


def edges(rules: Iterable[Rule]) -> set[int]:
    """Every moment at which a rule begins or ends, and the beginning of time."""
    return {BEGINNING} | {moment for rule in rules for moment in (rule.start, rule.end)}


def is_same(text: object, *candidates: object) -> bool:
    """Whether a text of a rule names one of the candidates, in any case."""
    return str(text).lower() in {str(c).lower() for c in candidates if c is not None}


def fits(row: Payload, connection: str, project: str | None, issue_type: Named) -> bool:
    """Whether a row that may name a connection, a project and an issue type matches; blank matches all."""
    return (
        row.get("connection") in (None, connection)
        and row.get("project") in (None, project)
        and (row.get("issue_type") is None or is_same(row["issue_type"], *issue_type))
    )


def specificity(row: Payload) -> int:
    """How much a mapping says; the row that says most wins."""
    weights = {"connection": 1, "project": 2, "issue_type": 4, "condition_field": 8}
    return sum(weight for name, weight in weights.items() if row.get(name) is not None)


def _most_specific(rules: Iterable[Rule], ties: Callable[[Payload], tuple[object, ...]]) -> Payload | None:
    ordered = sorted(rules, key=lambda rule: (-specificity(rule.row), -rule.start, *ties(rule.row)))
    return ordered[0].row if ordered else None


class Meaning(NamedTuple):
    """What a status means; state None: nothing is known of it."""

    state: str | None
    stage: str | None
    order: int | None
    is_blocked: bool


class StatusMappings:
    """status_mappings.csv; names: (connection, status id) -> name as the tracker has it now."""

    def __init__(self, rows: Iterable[Payload], names: Mapping[tuple[str, str], str], local: LocalTime) -> None:
        self.rules, self.names = dated(rows, local), names
        self._known: dict[tuple[object, ...], Timeline[Meaning]] = {}

    def meanings(self, connection: str, project: str | None, issue_type: Named, status: Named) -> Timeline[Meaning]:
        """What a status of a workflow meant from when on."""
        name = self.names.get((connection, str(status.id)), status.name)
        key = (connection, project, issue_type, status.id, name)
        if key not in self._known:
            matching = [
                rule
                for rule in self.rules
                if fits(rule.row, connection, project, issue_type) and is_same(rule.row["status"], status.id, name)
            ]
            self._known[key] = Timeline((edge, self._meaning(matching, edge)) for edge in edges(matching))
        return self._known[key]

    @staticmethod
    def _meaning(matching: list[Rule], moment: int) -> Meaning:
        row = _most_specific(
            (rule for rule in matching if rule.is_in_force(moment)),
            lambda row: (int(row.get("stage_order") or 0), row["flow_state"]),
        )
        if row is None:
            return Meaning(None, None, None, False)
        order = row.get("stage_order")
        blocked = str(row.get("is_blocked") or "").lower() in ("yes", "true", "1")
        return Meaning(row["flow_state"], row.get("stage"), None if order is None else int(order), blocked)

    def stages(self) -> set[str]:
        """Stages of statuses in which work is in progress."""
        return {
            r.row["stage"] for r in self.rules if r.row.get("stage") and r.row["flow_state"] in ("active", "waiting")
        }


class Kind(NamedTuple):
    """Flow item type and level of the hierarchy; None where no mapping fits."""

    flow_item_type: str | None
    level: str | None


class TypeMappings:
    """type_mappings.csv."""

    def __init__(self, rows: Iterable[Payload], local: LocalTime) -> None:
        self.rules = dated(rows, local)

    def kinds(
        self, connection: str, project: str | None, issue_type: Named, conditions: frozenset[tuple[str, str]]
    ) -> Timeline[Kind]:
        """What work of a profile was from when on; conditions: (field, value in lower case)."""
        matching = [
            rule
            for rule in self.rules
            if fits(rule.row, connection, project, issue_type)
            and (
                rule.row.get("condition_field") is None
                or (rule.row["condition_field"], str(rule.row["condition_value"]).lower()) in conditions
            )
        ]
        return Timeline((edge, self._kind(matching, edge)) for edge in edges(matching))

    @staticmethod
    def _kind(matching: list[Rule], moment: int) -> Kind:
        row = _most_specific(
            (rule for rule in matching if rule.is_in_force(moment)),
            lambda row: (row.get("item_level") or "flow_item", row["flow_item_type"]),
        )
        return Kind(row["flow_item_type"], row.get("item_level") or "flow_item") if row else Kind(None, None)
