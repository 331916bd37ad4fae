"""Acme's PagerDuty: incidents that deployments cause, soon or days later, and incidents that nothing we see causes.

Some escalate, are merged, are reopened, take days, stay open or are deleted. What happens to the code is written before
(`deployments`); nothing here changes it.
"""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox import truth
from sandbox.clock import DAY, HOUR, moment, utc
from sandbox.people import Staff
from sandbox.replies import iso
from sandbox.teams import ACQUISITION, END, FIRST_DAY, service_owner
from sandbox.world import LogEntry, PagerdutyIncident, PagerdutyWorld

SITE, API = "https://acme.pagerduty.com", "https://api.pagerduty.com"
TOOL_SERVICES: tuple[tuple[str, str, str | None], ...] = (
    ("PCHKAPI", "Checkout API", "checkout"),
    ("PCHKWEB", "Checkout Web", "checkout"),
    ("PSTORE1", "Storefront", "storefront"),
    ("PMOBILE", "Mobile Backend", "mobile-app"),
    ("PSEARCH", "Search", "search"),
    ("PPAYMNT", "Payments", "payments"),
    ("PBILLNG", "Billing", "billing"),
    ("PORDERS", "Orders", "orders"),
    ("PWAREHS", "Warehouse", "warehouse"),
    ("PRETURN", "Returns", "returns"),
    ("PPARCEL", "Parcel Hub", "parcel-hub"),
    ("PTERMNL", "Store Terminals", "store-terminals"),
    ("PWEBSIT", "Corporate Website", None),
)
"""PagerDuty's services: id, name, and the service of ours it watches. Two watch one; one is nobody's; one of ours
(Reverse Logistics) is watched by none."""
PRIORITIES = tuple((f"PRIO00{n}", f"P{n}") for n in range(1, 6))
_QUIET_DAYS = 38.0
_TROUBLES = (
    "Error rate above 5 %", "Latency p95 above 2 s", "Queue keeps growing", "Health check fails", "Disk nearly full",
    "Checks of customers fail", "Database connections exhausted", "Certificate expires soon", "Jobs do not finish",
)  # fmt: skip


@dataclass(slots=True)
class _Trouble:
    """What is about to become an incident. end: None = as long as such things take."""

    at: int
    caused_by: str | None
    end: int | None = None


class _Writer:
    """Writes the incidents of one service of ours."""

    def __init__(self, seed: int, service: str | None, staff: Staff, record: truth.Truth) -> None:
        self.rng = random.Random(f"{seed}:incidents:{service}")
        self.service, self.staff, self.record = service, staff, record
        self.tools = [(id_, name) for id_, name, ours in TOOL_SERVICES if ours == service]
        self.incidents: list[tuple[PagerdutyIncident, truth.Incident]] = []

    def _id(self, letter: str, length: int) -> str:
        return letter + "".join(self.rng.choices("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=length - 1))

    def _responder(self, at: int) -> str | None:
        team = service_owner(self.service, at)
        members = self.staff.members(team, utc(at).date()) if team else []
        return self.rng.choice(members).name if members else None

    def troubles(self) -> list[_Trouble]:
        """What goes wrong: after releases of the service, and by itself."""
        found, rng = [], self.rng
        of_service = [
            d
            for d in (*self.record.deployments.values(), *self.record.inbox_deployments.values())
            if d.service == self.service and d.is_production and d.finished_at is not None and self.service
        ]
        undone = {d.rollback_of: d.finished_at for d in of_service if d.rollback_of}
        for deployment in sorted(of_service, key=lambda d: (d.finished_at or d.created_at, d.deployment_id)):
            at = int((deployment.finished_at or deployment.created_at).timestamp())
            end, draw = undone.get(deployment.deployment_id), rng.random()
            if end is not None and deployment.outcome in ("success", "failed"):
                if draw < 0.75:
                    last = int(end.timestamp())
                    begun = at + rng.randint(60, max(61, (last - at) // 2))
                    found.append(_Trouble(begun, deployment.deployment_id, last + rng.randint(60, 900)))
            elif deployment.outcome == "failed":
                if draw < 0.6:
                    found.append(_Trouble(at + rng.randint(30, 1200), deployment.deployment_id))
            elif deployment.outcome == "success" and deployment.rollback_of is None:
                if draw < 0.022:
                    found.append(_Trouble(at + int(HOUR * rng.uniform(0.2, 22)), deployment.deployment_id))
                elif draw < 0.03:
                    found.append(_Trouble(at + int(HOUR * rng.uniform(26, 80)), deployment.deployment_id))
        at = moment((ACQUISITION if self.service == "parcel-hub" else FIRST_DAY).isoformat())
        while (at := at + int(DAY * rng.expovariate(1 / _QUIET_DAYS))) < END:
            found.append(_Trouble(at, None))
        return sorted((t for t in found if t.at < END), key=lambda trouble: trouble.at)

    def write(self, trouble: _Trouble, same_as: truth.Incident | None = None) -> None:
        """One incident with its log, and perhaps a second one of the same trouble that is merged into it."""
        rng, at = self.rng, trouble.at
        tool_id, tool_name = rng.choice(self.tools)
        weights = (10, 30, 35, 10, 3, 12) if trouble.caused_by else (4, 12, 30, 24, 12, 18)
        place = rng.choices(range(6), weights)[0]
        priority = PRIORITIES[place] if place < 5 else None
        urgency = "high" if place < 3 or (place == 5 and rng.random() < 0.4) else "low"
        fact = truth.Incident(self._id("Q", 14), "pagerduty", tool_name, self.service, priority and priority[1],
                              urgency, utc(at), caused_by=trouble.caused_by)  # fmt: skip
        title = f"{tool_name}: {rng.choice(_TROUBLES)}"
        shown = PagerdutyIncident(fact.incident_id, 0, title, tool_id, utc(at), urgency, priority and priority[0])
        self.incidents.append((shown, fact))
        if same_as is not None:
            self._merge(shown, fact, same_as, trouble)
            return
        self._live(shown, fact, trouble)
        if rng.random() < 0.07 and len(fact.resolved_times) == 1 and fact.resolved_times[0] > utc(at + 900):
            end = at + rng.randint(420, 840)
            self.write(_Trouble(at + rng.randint(20, 300), trouble.caused_by, end), fact)

    def _log(
        self, shown: PagerdutyIncident, kind: str, at: int, agent: str | None, channel: str = "auto"
    ) -> datetime | None:
        """A log entry, unless it lies after the end or the incident was deleted before."""
        if at > END or (shown.deleted_at and utc(at) >= shown.deleted_at):
            return None
        shown.entries.append(LogEntry(self._id("R", 26), f"{kind}_log_entry", utc(at), agent, channel))
        return utc(at)

    def _merge(self, shown: PagerdutyIncident, fact: truth.Incident, into: truth.Incident, trouble: _Trouble) -> None:
        self._log(shown, "trigger", trouble.at, None, "api")
        person = self._responder(trouble.at)
        resolved = self._log(shown, "resolve", trouble.end or trouble.at + 600, person, "website")
        if resolved:
            shown.entries[-1].into = fact.merged_into = into.incident_id
            fact.resolved_times.append(resolved)
        fact.same_as = into.incident_id

    def _live(self, shown: PagerdutyIncident, fact: truth.Incident, trouble: _Trouble) -> None:
        rng, at, fate = self.rng, trouble.at, self.rng.random()
        person = self._responder(at)
        self._log(shown, "trigger", at, None, "api")
        self._log(shown, "assign", at + 1, None)
        self._log(shown, "notify", at + 2, None)
        took = at + 60 + int(60 * rng.lognormvariate(1.6, 0.9))
        if fact.urgency == "low":
            took += int(HOUR * rng.lognormvariate(0.5, 0.8))
        if rng.random() < 0.14:
            escalated = at + rng.choice((900, 1800))
            took = max(took, escalated + rng.randint(60, 1500))
            fact.escalated_at = self._log(shown, "escalate", escalated, None, "timeout")
            self._log(shown, "notify", escalated + 1, None)
        fact.acknowledged_at = self._log(shown, "acknowledge", took, person, "website")
        if fate < 0.015:
            shown.deleted_at = fact.deleted_at = utc(took + 5 * DAY) if took + 5 * DAY < END else None
            return
        if fate < 0.03:
            return
        days = rng.uniform(3, 12) * DAY if fate < 0.06 else 0
        end = max(trouble.end or 0, took + 120 + int(60 * rng.lognormvariate(3.4, 0.9)) + int(days))
        if rng.random() < 0.2:
            self._log(shown, "annotate", (took + end) // 2, person, "note")
        resolved = self._log(shown, "resolve", end, person, "website")
        if resolved:
            fact.resolved_times.append(resolved)
        if rng.random() < 0.06:
            back = end + rng.randint(600, 5 * HOUR)
            again = self._log(shown, "trigger", back, person, "website")
            if again:
                fact.reopened_times.append(again)
                last = self._log(shown, "resolve", back + rng.randint(1200, 4 * HOUR), person, "website")
                fact.resolved_times += [last] if last else []


def run_incidents(seed: int, staff: Staff, record: truth.Truth) -> PagerdutyWorld:
    """Acme's PagerDuty account; every incident goes into `record`."""
    found: list[tuple[PagerdutyIncident, truth.Incident]] = []
    for service in dict.fromkeys(ours for _, _, ours in TOOL_SERVICES):
        writer = _Writer(seed, service, staff, record)
        for trouble in writer.troubles():
            writer.write(trouble)
        found += writer.incidents
    found.sort(key=lambda pair: (pair[0].created_at, pair[0].id))
    for number, (shown, fact) in enumerate(found, 1):
        shown.number = number
        record.incidents[fact.incident_id] = fact
        if shown.service_id == "PORDERS" and number % 9 == 0:
            name = staff.people[number % len(staff.people)].name
            shown.title = f"{shown.title}, {name} knows more"
            record.planted_names.append(truth.Planted(name, shown.title, "incident", shown.id))
    services = [_service(id_, name) for id_, name, _ in TOOL_SERVICES]
    return PagerdutyWorld(services, [_priority(*each) for each in PRIORITIES], [shown for shown, _ in found])


def _service(id_: str, name: str) -> dict[str, Any]:
    created = ACQUISITION if name == "Parcel Hub" else FIRST_DAY
    return {
        "id": id_, "type": "service", "summary": name, "name": name, "description": "", "status": "active",
        "self": f"{API}/services/{id_}", "html_url": f"{SITE}/service-directory/{id_}",
        "created_at": iso(utc(moment(created.isoformat()))), "auto_resolve_timeout": None,
        "acknowledgement_timeout": 1800, "alert_creation": "create_alerts_and_incidents",
        "teams": [{"id": "PTEAM01", "type": "team_reference", "summary": "Engineering", "self": f"{API}/teams/PTEAM01",
                   "html_url": f"{SITE}/teams/PTEAM01"}],
        "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference", "summary": "Default",
                              "self": f"{API}/escalation_policies/PPOLICY",
                              "html_url": f"{SITE}/escalation_policies/PPOLICY"},
    }  # fmt: skip


def _priority(id_: str, name: str) -> dict[str, Any]:
    return {"id": id_, "type": "priority", "summary": name, "name": name, "description": "",
            "self": f"{API}/priorities/{id_}"}  # fmt: skip
