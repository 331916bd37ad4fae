"""Acme's inbox: Store Terminals are released by their maker's tool, which has no connector and writes files instead.

Deployments and incidents come as JSON lines (one line when something begins, another when it ends), findings of two
scanners as CSV. The shipped files say what was known at the company's default clock.
"""

import csv
import io
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import orjson

from sandbox import truth
from sandbox.clock import DAY, HOUR, WorkCalendar, is_frozen, moment, utc
from sandbox.replies import iso
from sandbox.teams import END, FIRST_DAY, LAST_DAY

SERVICE, REPOSITORY, SITE = "store-terminals", "acme/store-terminals", "https://terminals.example"
SEVERITIES = {"P1": "critical", "P2": "high", "P3": "medium", "P4": "low", "P5": "low"}
SCANNERS = ("trivy", "vendor-audit")
_STATUS = {"failed_before": "failed_before_users", None: "in_progress"}


class _Releases:
    """Store Terminals' deployments: an evening a week, after a trial in one store; some fail, some are undone."""

    def __init__(self, seed: int, record: truth.Truth) -> None:
        self.rng = random.Random(f"{seed}:inbox:deployments")
        self.record = record
        self.live: str | None = None

    def release(
        self, at: int, environment: str, outcome: str, *, sha: str, undoes: str | None = None
    ) -> tuple[str, int]:
        """Enter one deployment; its id and when it ended."""
        end = at + (self.rng.randint(20, 90) if outcome == "failed_before" else self.rng.randint(600, 5400))
        id_ = f"st-{len(self.record.inbox_deployments) + 1:04d}"
        if at <= END:
            is_over = end <= END
            self.record.inbox_deployments[id_] = truth.Deployment(
                id_, REPOSITORY, SERVICE, environment, environment == "production", sha, utc(at),
                outcome if is_over else None, utc(end) if is_over else None, undoes,
            )  # fmt: skip
        return id_, end

    def run(self, calendar: WorkCalendar) -> None:
        """All evenings."""
        rng, day = self.rng, FIRST_DAY
        while (day := day + timedelta(days=1)) <= LAST_DAY:
            if day.weekday() != 2 or not calendar.is_workday(day) or is_frozen(day) or rng.random() < 0.12:
                continue
            sha, at = f"{rng.getrandbits(160):040x}", moment(f"{day.isoformat()}T19:00") + rng.randint(0, HOUR)
            self.release(at - 4 * HOUR, "pilot", "success", sha=sha)
            draw = rng.random()
            outcome = "failed" if draw < 0.07 else "failed_before" if draw < 0.1 else "success"
            outcome = "cancelled" if draw > 0.96 else outcome
            id_, end = self.release(at, "production", outcome, sha=sha)
            if outcome == "failed" or (outcome == "success" and rng.random() < 0.08):
                if self.live:
                    self.release(end + rng.randint(900, 4 * HOUR), "production", "success", sha=self.live, undoes=id_)
            elif outcome == "success":
                self.live = sha


def run_releases(seed: int, calendar: WorkCalendar, record: truth.Truth) -> None:
    """Enter Store Terminals' deployments into `record`."""
    _Releases(seed, record).run(calendar)


def run_findings(seed: int, record: truth.Truth) -> None:
    """Enter what two scanners found; they find some advisories both, close some late, and one comes back."""
    rng = random.Random(f"{seed}:inbox:findings")
    first, last = moment(FIRST_DAY.isoformat()), END
    for number in range(26):
        opened = rng.randint(first, last)
        advisory = f"CVE-{utc(opened).year}-{rng.randint(10_000, 49_999)}"
        severity = rng.choices(("critical", "high", "medium", "low", "info"), (2, 6, 9, 6, 3))[0]
        days = {"critical": 6, "high": 25, "medium": 60, "low": 150, "info": 200}[severity]
        closed = opened + int(DAY * days * rng.lognormvariate(-0.2, 0.7))
        state = rng.choices(("fixed", "dismissed", "false_positive", "open"), (14, 3, 3, 5))[0]
        back = utc(closed + 20 * DAY) if state == "fixed" and rng.random() < 0.15 else None
        for scanner in SCANNERS[:2] if rng.random() < 0.3 else (rng.choice(SCANNERS),):
            seen = opened + (rng.randint(0, 9) * DAY if scanner == SCANNERS[1] else 0)
            ended = closed + (40 * DAY if back else 0)
            is_closed = state != "open" and ended <= END
            found = truth.InboxFinding(
                f"{scanner}-{number + 1:03d}", SERVICE, REPOSITORY, scanner, advisory, severity, utc(min(seen, closed)),
                state if is_closed else "open", utc(ended) if is_closed else None,
                [back] if back and back <= utc(END) else [],
            )  # fmt: skip
            record.inbox_findings[found.finding_id] = found


def copy_incidents(seed: int, record: truth.Truth) -> None:
    """The maker's own list of incidents: some that PagerDuty has too, some that it has not, most with their cause."""
    rng = random.Random(f"{seed}:inbox:incidents")
    known = [i for i in record.incidents.values() if i.service == SERVICE and i.same_as is None]
    for number, paged in enumerate(known, 1):
        if rng.random() < 0.45:
            continue
        at = paged.started_at + timedelta(seconds=rng.randint(-120, 600))
        resolved = paged.resolved_times[:1]
        record_ = truth.Incident(
            f"sti-{number:03d}", "inbox", SERVICE, SERVICE, SEVERITIES[paged.severity or "P3"], "high", at,
            paged.acknowledged_at, paged.escalated_at, list(paged.resolved_times), list(paged.reopened_times),
            paged.caused_by, paged.caused_by if rng.random() < 0.6 else None, paged.incident_id,
            paged.incident_id if rng.random() < 0.5 else None,
        )  # fmt: skip
        if resolved and resolved[0] <= at:
            continue
        if record_.acknowledged_at and record_.acknowledged_at < at:
            record_.acknowledged_at = None
        record.incidents[record_.incident_id] = record_
    failures = [d for d in record.inbox_deployments.values() if d.is_production and d.outcome == "failed"]
    for number, failed in enumerate(failures, len(known) + 1):
        if rng.random() < 0.5 and failed.finished_at:
            at = failed.finished_at + timedelta(seconds=rng.randint(30, 900))
            end = at + timedelta(minutes=rng.randint(20, 300))
            record.incidents[f"sti-{number:03d}"] = truth.Incident(
                f"sti-{number:03d}", "inbox", SERVICE, SERVICE, rng.choice(("high", "medium")), "high", at,
                at + timedelta(minutes=5), None, [end] if end <= utc(END) else [], [], failed.deployment_id,
                failed.deployment_id if rng.random() < 0.7 else None,
            )  # fmt: skip


def inbox_files(record: truth.Truth, clock: datetime) -> dict[str, str]:
    """Text by path below the inbox, as the maker's tool had written it by a clock."""
    now = record.at(clock)
    deployments = [line for each in now.inbox_deployments.values() for line in _deployment_lines(each, now)]
    incidents = [line for each in now.incidents.values() if each.source == "inbox" for line in _incident_lines(each)]
    return {
        f"deployments/{SERVICE}.jsonl": _lines(deployments),
        f"incidents/{SERVICE}.jsonl": _lines(incidents),
        f"security_findings/{SERVICE}.csv": _csv(map(_finding, now.inbox_findings.values())),
    }


def _lines(records: list[dict[str, Any]]) -> str:
    """One object a line, in the order in which they were written."""
    records.sort(key=lambda record: (record["updated_at"], record["id"]))
    return "".join(orjson.dumps(record).decode() + "\n" for record in records)


def _deployment_lines(deployment: truth.Deployment, now: truth.Truth) -> list[dict[str, Any]]:
    begun: dict[str, Any] = {
        "id": deployment.deployment_id, "service": SERVICE, "environment": deployment.environment,
        "repository": REPOSITORY, "sha": deployment.commit_oid, "started_at": iso(deployment.created_at),
        "url": f"{SITE}/releases/{deployment.deployment_id}",
    }  # fmt: skip
    if deployment.rollback_of:
        begun |= {"is_rollback": True, "repairs_deployment_id": deployment.rollback_of}
        linked = [i.incident_id for i in now.incidents.values() if i.source == "inbox" and i.linked_to]
        ended = [id_ for id_ in linked if now.incidents[id_].linked_to == deployment.rollback_of]
        begun |= {"repairs_incident_id": ended[0]} if ended else {}
    lines = [{**begun, "status": "in_progress", "updated_at": iso(deployment.created_at)}]
    if deployment.finished_at is None:
        return lines
    end = iso(deployment.finished_at)
    status = _STATUS.get(deployment.outcome, deployment.outcome)
    lines.append({**begun, "status": status, "finished_at": end, "updated_at": end})
    undone = next((d for d in now.inbox_deployments.values() if d.rollback_of == deployment.deployment_id), None)
    if undone and undone.finished_at and status == "success":
        at = iso(undone.finished_at)
        lines.append({**lines[-1], "status": "rolled_back", "rolled_back_at": at, "updated_at": at})
    return lines


def _incident_lines(incident: truth.Incident) -> list[dict[str, Any]]:
    begun = {
        "id": incident.incident_id, "service": SERVICE, "severity": incident.severity,
        "started_at": iso(incident.started_at), "url": f"{SITE}/incidents/{incident.incident_id}",
    }  # fmt: skip
    links = {"deployment_id": incident.linked_to, "duplicate_of": incident.merged_into}
    times = {"acknowledged_at": incident.acknowledged_at, "escalated_at": incident.escalated_at}
    ended = {**begun, **{k: v for k, v in links.items() if v}, **{k: iso(v) for k, v in times.items() if v}}
    last = incident.started_at
    if incident.resolved_times:
        last = incident.resolved_times[-1]
        ended["resolved_at"] = iso(incident.resolved_times[0])
    if incident.reopened_times:
        ended["reopened_at"] = [iso(at) for at in incident.reopened_times]
        last = max(last, incident.reopened_times[-1])
        if not incident.is_open:
            ended["last_resolved_at"] = iso(incident.resolved_times[-1])
    return [
        {**begun, "updated_at": iso(incident.started_at)},
        {**ended, "updated_at": iso(last + timedelta(minutes=1))},
    ]


def _finding(finding: truth.InboxFinding) -> dict[str, str]:
    last = max([finding.opened_at, *finding.reopened_times, *([finding.closed_at] if finding.closed_at else [])])
    return {
        "id": finding.finding_id, "service": finding.service, "repository": finding.repository,
        "scanner": finding.scanner, "advisory": finding.advisory, "severity": finding.severity,
        "state": finding.state, "opened_at": iso(finding.opened_at) or "", "closed_at": iso(finding.closed_at) or "",
        "reopened_at": " ".join(iso(at) or "" for at in finding.reopened_times), "updated_at": iso(last) or "",
    }  # fmt: skip


def _csv(rows: Iterable[dict[str, str]]) -> str:
    found = sorted(rows, key=lambda row: (row["opened_at"], row["id"]))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(found[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue()
