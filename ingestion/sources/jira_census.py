"""Census of a Jira connection: which of the issues we know are still there, and what became of the others.

A permission that was lost looks like a deletion. So where a night misses a whole project, or more than 5 % of one,
nothing
is declared deleted: the project is `stale`, and only a later night that still misses an issue, while the project can be
seen, confirms it. An issue is then deleted at the first census that missed it. One that turns up in a project that is
not read has moved out; one that is listed again is available again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MASS_SHARE = 0.05
GONE = ("deleted", "moved_out")


@dataclass(slots=True)
class Judgement:
    """Payloads of the issue_availability rows that change, and of one project_availability row per project."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    projects: list[dict[str, Any]] = field(default_factory=list)


def judge(
    *,
    known: Mapping[str, str],
    listed: set[str],
    visible: set[str],
    in_scope: Callable[[str], bool],
    issues_before: Mapping[str, Mapping[str, Any]],
    projects_before: Mapping[str, Mapping[str, Any]],
    at: str,
    find: Callable[[Sequence[str]], Mapping[str, str]],
) -> Judgement:
    """What a census says.

    known: project key by issue id, of our copy. listed: ids of the census. visible: keys of the projects the account
    sees.
    in_scope: whether a project is to be read. issues_before, projects_before: payloads of the earlier census by id and
    key.
    at: this night's as_of (ISO). find: project key by id of those issues that can be read by id.
    """
    result = Judgement()
    by_project: dict[str, list[str]] = defaultdict(list)
    for issue, project in known.items():
        if in_scope(project):
            by_project[project].append(issue)
    for project in sorted(by_project.keys() | {p for p in visible if in_scope(p)}):
        _judge_project(
            project, by_project[project], listed, visible, in_scope, issues_before, projects_before, at, find, result
        )
    return result


def _judge_project(
    project: str,
    known: Sequence[str],
    listed: set[str],
    visible: set[str],
    in_scope: Callable[[str], bool],
    before: Mapping[str, Mapping[str, Any]],
    projects_before: Mapping[str, Mapping[str, Any]],
    at: str,
    find: Callable[[Sequence[str]], Mapping[str, str]],
    result: Judgement,
) -> None:
    def say(issue: str, status: str, since: str, reason: str, **more: Any) -> None:
        result.issues.append(
            {"issue_id": issue, "project_key": project, "status": status, "at": since, "reason": reason, **more}
        )

    for issue in sorted(issue for issue in known if issue in listed and _is_marked(before.get(issue))):
        say(issue, "available", at, "listed again")
    candidates = [issue for issue in known if before.get(issue, {}).get("status") not in GONE]
    missing = sorted(issue for issue in candidates if issue not in listed)
    unconfirmed: list[str] = []
    reason = ""
    if project not in visible:
        unconfirmed, reason = missing, "the project cannot be seen"
    elif missing:
        since = {issue: str(before.get(issue, {}).get("missing_since") or at) for issue in missing}
        is_mass = len(missing) == len(candidates) or len(missing) > MASS_SHARE * len(candidates)
        unconfirmed = [issue for issue in missing if is_mass and since[issue] >= at]
        judged = [issue for issue in missing if issue not in set(unconfirmed)]
        found = find(judged) if judged else {}
        for issue in judged:
            if issue not in found:
                say(issue, "deleted", since[issue], "no longer listed, and not found by id")
            elif not in_scope(found[issue]):
                say(issue, "moved_out", since[issue], f"moved to project {found[issue]}, which is not read")
            elif _is_marked(before.get(issue)):
                say(issue, "available", at, "found by id")
        for issue in unconfirmed:
            say(issue, "available", since[issue], "not listed; to be confirmed", missing_since=since[issue])
        reason = "many issues at once are no longer listed"
    status = "stale" if unconfirmed or project not in visible else "available"
    previous = projects_before.get(project, {})
    result.projects.append(
        {
            "project_key": project,
            "status": status,
            "known": len(candidates),
            "missing": len(unconfirmed),
            "at": previous["at"] if previous.get("status") == status else at,
            "reason": reason if status == "stale" else "",
        }
    )


def _is_marked(row: Mapping[str, Any] | None) -> bool:
    """Whether an earlier census said anything but plainly available."""
    return row is not None and (row.get("status") in GONE or bool(row.get("missing_since")))
