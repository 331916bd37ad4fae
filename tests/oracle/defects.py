"""Which items are incidents, security defects or defects that escaped, and what follows for a scope and period.

An item is judged by the rules in force on the local day of its creation, as what it is as last known.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from sandbox.truth import WorkItem
from tests.oracle.attribution import Attribution
from tests.oracle.flow_items import Item
from tests.oracle.jira_history import Named
from tests.oracle.mappings import dated, fits, specificity
from tests.oracle.periods import Period, Row, ratio_row
from tests.oracle.raw_data import Payload
from tests.oracle.timeline import LocalTime, micros

Conditions = Iterable[tuple[str, str | None]]


class DefectRules:
    """defect_rules.csv."""

    def __init__(self, rows: Iterable[Payload], local: LocalTime) -> None:
        self.local, self.rules = local, dated(rows, local)

    def kinds(
        self, created_at: int, connection: str, project: str | None, issue_type: Named, conditions: Conditions
    ) -> dict[str, Payload]:
        """By kind the most specific rule that fits."""
        midnight = self.local.midnight(self.local.day(created_at))
        held = {(field, value.lower()) for field, value in conditions if value}
        found: dict[str, tuple[tuple[int, int], Payload]] = {}
        for rule in self.rules:
            row = rule.row
            condition = (row.get("condition_field"), str(row.get("condition_value")).lower())
            is_held = condition[0] is None or condition in held
            if rule.is_in_force(midnight) and is_held and fits(row, connection, project, issue_type):
                rank = (specificity(row), rule.start)
                if row["kind"] not in found or rank > found[row["kind"]][0]:
                    found[row["kind"]] = (rank, row)
        return {kind: row for kind, (_, row) in found.items()}

    def kinds_of_item(self, item: Item, attribution: Attribution) -> dict[str, Payload]:
        """The same for an item of the flow family, as of the run."""
        history, now = item.history, item.as_of
        conditions = set(attribution.conditions(history, now))
        timelines = (("priority", history.priority), ("severity", history.severity), ("found_in", history.found_in))
        conditions |= {(field, (timeline.at(now) or Named(None, None)).name or "") for field, timeline in timelines}
        issue_type = history.issue_type.at(now) or Named(None, None)
        return self.kinds(item.created_at, history.connection, history.project.at(now), issue_type, conditions)

    def severity_of(self, kind: str, item: WorkItem, connection: str) -> str | None:
        """How bad a true item is, if it is of a kind: by the rule, else the field, else the priority."""
        severity = item.severities[-1][1] if item.severities else None
        found_in = item.found_in[-1][1] if item.found_in else None
        conditions = [("priority", item.priority), ("severity", severity), ("found_in", found_in)]
        conditions += [("label", label) for label in item.current.labels]
        issue_type = Named(None, item.current.issue_type)
        kinds = self.kinds(micros(item.created_at), connection, item.current.project, issue_type, conditions)
        return kinds[kind].get("severity") or severity or item.priority if kind in kinds else None

    def tells(self, places: Iterable[tuple[str, str | None]], period: Period, today: date) -> bool:
        """Whether a rule in force in a period says what escaped, for one of (connection, project)."""
        begin, end = self.local.midnight(period.start), self.local.midnight(period.end)
        return any(
            rule.row["kind"] == "escaped"
            and rule.start < end
            and rule.end > begin
            and rule.start <= self.local.midnight(today)
            and any(fits({**rule.row, "issue_type": None}, *place, Named(None, None)) for place in places)
            for rule in self.rules
        )


def is_found_defect(item: Item) -> bool:
    """Whether it was a defect among the flow items when it was created, and none that was cancelled."""
    identity = item.identity_at(item.created_at)
    is_dropped = item.cancelled_at is not None and item.done_at is None
    return identity.level == "flow_item" and identity.flow_item_type == "defect" and not is_dropped


def places_of(items: Iterable[Item]) -> Mapping[tuple[str, str], set[tuple[str, str | None]]]:
    """By scope, the (connection, project) of its work; small teams are still themselves."""
    found: dict[tuple[str, str], set[tuple[str, str | None]]] = defaultdict(set)
    for item in items:
        for identity in item.identities.values:
            for scope in identity.shares:
                found[scope].add((identity.profile.connection, identity.profile.project))
    return found


def measures(
    found: tuple[float, int],
    escaped: float,
    completed: tuple[float, int],
    defects: tuple[float, int],
    reopened: float,
    *,
    is_told: bool,
    is_young: bool,
) -> Iterable[tuple[str, Row]]:
    """The metrics of a scope and period. Pairs are (weight, number) of items.

    found, escaped: defects created; completed: items done, of all types; defects: those of them that are defects;
    reopened: within 30 days. is_told: whether a rule says what escaped; is_young: whether 30 days have not passed since
    the period.
    """
    rows = {
        "escaped_defects": Row(escaped, None, None, found[1], "ok"),
        "escaped_defect_rate": ratio_row(escaped, *completed),
        "escaped_defect_share": ratio_row(escaped, *found),
    }
    for metric, row in rows.items():
        n = completed[1] if metric == "escaped_defect_rate" else found[1]
        yield metric, row if is_told else Row(None, None, None, n, "not_available")
    back = ratio_row(reopened, *defects)
    yield "reopened_defect_rate", back._replace(quality="immature") if is_young and back.quality == "ok" else back
