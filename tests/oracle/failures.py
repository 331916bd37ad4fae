"""Which deployments failed, how that is known, when it was over (METRICS.md section 2), from what really happened."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.truth import Deployment, DirectPush, Incident, PullRequest, Truth


@dataclass(slots=True)
class Verdict:
    """What became of a deployment. recoveries: when a repair or the end of an incident put it right."""

    finished_at: datetime
    methods: set[str] = field(default_factory=set)
    recoveries: list[datetime] = field(default_factory=list)
    is_rework: bool = False
    is_young: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether anything says so."""
        return bool(self.methods)

    @property
    def is_explicit(self) -> bool:
        """Whether its result or a record that names it says so."""
        return bool(self.methods & {"result", "explicit"})

    @property
    def recovered_at(self) -> datetime | None:
        """The earliest end, not before the deployment itself."""
        return min((at for at in self.recoveries if at >= self.finished_at), default=None)


def verdicts(
    deployments: Iterable[Deployment],
    incidents: Iterable[tuple[Incident, str | None, list[Incident]]],
    truth: Truth,
    window_hours: Mapping[str, int],
    clock: datetime,
) -> dict[str, Verdict]:
    """By id, for deployments that count (they reached users or failed on the way).

    incidents: those that count, with the service they are of and their copies. window_hours: by service; else 24.
    """
    known = {each.deployment_id: each for each in deployments}
    found = {id_: Verdict(_end(each)) for id_, each in known.items()}
    streams: dict[tuple[str, str | None], list[Deployment]] = defaultdict(list)
    services: dict[str | None, list[Deployment]] = defaultdict(list)
    for each in sorted(known.values(), key=_end):
        streams[each.repository, each.service].append(each)
        services[each.service].append(each)
        hours = timedelta(hours=window_hours.get(each.service or "", 24))
        found[each.deployment_id].is_young = clock - _end(each) < hours
    for stream in streams.values():
        _results(stream, found, {d.rollback_of: d for d in truth.inbox_deployments.values() if d.rollback_of})
    for each in known.values():
        if each.rollback_of in found:
            method = "explicit" if each.deployment_id in truth.inbox_deployments else "rollback"
            _repair(found, each.rollback_of, each, method)
    for change in (*truth.pull_requests.values(), *truth.direct_pushes.values()):
        if (change.is_hotfix or change.is_revert) and change.deployed_by and change.deployment_id in known:
            repair = known[change.deployment_id]
            failed = _broken_by(change, truth, streams[repair.repository, repair.service])
            if failed in found:
                _repair(found, failed, repair, "fix")
    for incident, service, copies in incidents:
        _incident(incident, copies, services[service] if service else [], found, truth, window_hours)
    return found


def _end(deployment: Deployment) -> datetime:
    assert deployment.finished_at is not None
    return deployment.finished_at


def _results(stream: list[Deployment], found: dict[str, Verdict], undone: Mapping[str | None, Deployment]) -> None:
    for place, each in enumerate(stream):
        verdict = found[each.deployment_id]
        undoing = undone.get(each.deployment_id)
        if each.outcome == "failed":
            verdict.methods.add("result")
            following = [_end(later) for later in stream[place + 1 :] if later.outcome == "success"]
            verdict.recoveries += following[:1]
        elif undoing and undoing.finished_at:
            verdict.methods.add("result")
            verdict.recoveries.append(undoing.finished_at)


def _repair(found: dict[str, Verdict], failed: str | None, repair: Deployment, method: str) -> None:
    assert failed is not None
    found[failed].methods.add(method)
    found[repair.deployment_id].is_rework = True
    if repair.outcome == "success":
        found[failed].recoveries.append(_end(repair))


def _broken_by(change: PullRequest | DirectPush, truth: Truth, stream: list[Deployment]) -> str | None:
    """The deployment that a hotfix or revert repairs."""
    begun = change.created_at if isinstance(change, PullRequest) else change.authored_at
    place = bisect_left(stream, begun, key=_end) - 1
    latest = stream[place] if place >= 0 else None
    target = truth.pull_requests.get(change.reverts or "") or truth.direct_pushes.get(change.reverts or "")
    if target is None:
        return latest.deployment_id if latest else None
    if target.is_revert:
        return None
    if target.deployed_by and target.deployed_at and change.deployed_at:
        return target.deployment_id if target.deployed_at < change.deployed_at else None
    landed = target.merged_at if isinstance(target, PullRequest) else target.pushed_at
    return latest.deployment_id if latest and landed and landed < _end(latest) else None


def _incident(
    incident: Incident,
    copies: list[Incident],
    of_service: list[Deployment],
    found: dict[str, Verdict],
    truth: Truth,
    window_hours: Mapping[str, int],
) -> None:
    named = next((each.linked_to for each in (incident, *copies) if each.linked_to), None)
    failed, method = named, "explicit"
    if named not in truth.deployments and named not in truth.inbox_deployments:
        place = bisect_right(of_service, incident.started_at, key=_end) - 1
        latest = of_service[place] if place >= 0 else None
        hours = timedelta(hours=window_hours.get(latest.service or "", 24)) if latest else timedelta()
        is_inside = latest is not None and incident.started_at - _end(latest) <= hours
        failed, method = latest.deployment_id if latest and is_inside else None, "window"
    if failed in found:
        found[failed].methods.add(method)
        found[failed].recoveries += incident.resolved_times[:1]
