"""A world small enough to work out by hand: two Jira projects, one GitHub organisation with two repositories."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.world import (
    Actor,
    Alert,
    ChangedFile,
    Commit,
    Deployment,
    DeploymentStatus,
    GithubIssue,
    GithubWorld,
    History,
    Issue,
    JiraWorld,
    Job,
    LogEntry,
    PagerdutyIncident,
    PagerdutyWorld,
    PullRequest,
    Release,
    Repository,
    Review,
    RunAttempt,
    Tag,
    TimelineEvent,
    WorkflowRun,
    World,
)

CLOCK = datetime(2026, 3, 2, 2, tzinfo=UTC)
ANN, BEN, BOT = Actor("ann"), Actor("ben"), Actor("dependabot", "Bot")


def at(text: str) -> datetime:
    """A UTC time from `MM-DD` or `MM-DDTHH:MM` of 2026."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def _category(key: str) -> dict[str, Any]:
    id, name = {"new": (2, "To Do"), "indeterminate": (4, "In Progress"), "done": (3, "Done")}[key]
    return {"self": f"https://acme.example/rest/api/3/statuscategory/{id}", "id": id, "key": key, "name": name}


PROJECTS = [
    {"self": f"https://acme.example/rest/api/3/project/{id}", "id": id, "key": key, "name": name, "simplified": False}
    for id, key, name in (("10000", "SHOP", "Shop"), ("10001", "PAY", "Payments"))
]
STATUSES = {
    name: {
        "self": f"https://acme.example/rest/api/3/status/{id}", "id": id, "name": name, "description": "",
        "iconUrl": "", "statusCategory": _category(category),
    }
    for id, name, category in (("1", "To Do", "new"), ("3", "In Progress", "indeterminate"), ("5", "Done", "done"))
}  # fmt: skip
STORY = {"self": "https://acme.example/rest/api/3/issuetype/7", "id": "7", "name": "Story", "subtask": False}


def move(id: str, when: str, old: str, new: str) -> History:
    """A status change."""
    item = {
        "field": "status", "fieldtype": "jira", "fieldId": "status", "from": STATUSES[old]["id"], "fromString": old,
        "to": STATUSES[new]["id"], "toString": new,
    }  # fmt: skip
    return History(id, at(when), "user-1", [item], {"status": STATUSES[new]})


def issue(id: str, key: str, created: str, *histories: History, **more: Any) -> Issue:
    """A story in To Do, with its later changes."""
    project = next(project for project in PROJECTS if project["key"] == key.split("-")[0])
    fields = {
        "summary": f"Summary of {key}", "project": project, "status": STATUSES["To Do"], "issuetype": STORY,
        "labels": [], "customfield_10016": 3.0,
    }  # fmt: skip
    return Issue(id, key, at(created), fields, list(histories), **more)


def jira() -> JiraWorld:
    """SHOP-1 done; SHOP-2 moves to PAY on 02-20; SHOP-3 deleted on 02-25; PAY-1 open; SHOP-4 in the future."""
    item = {"field": "Key", "fieldtype": "jira", "from": None, "fromString": "SHOP-2", "to": None, "toString": "PAY-2"}
    moved = History("205", at("02-20T10:00"), "user-1", [item], {"key": "PAY-2", "project": PROJECTS[1]})
    return JiraWorld(
        projects=PROJECTS,
        issue_types=[STORY],
        statuses=list(STATUSES.values()),
        fields=[
            {
                "id": id, "key": id, "name": name, "custom": id.startswith("custom"), "navigable": True,
                "orderable": True, "searchable": True, "clauseNames": [id], "schema": {"type": type},
            }
            for id, name, type in (
                ("summary", "Summary", "string"), ("status", "Status", "status"),
                ("customfield_10016", "Story Points", "number"),
            )
        ],
        issues=[
            issue("1001", "SHOP-1", "01-05T09:00", move("201", "01-10T09:00", "To Do", "In Progress"),
                  move("202", "01-20T09:00", "In Progress", "Done")),
            issue("1002", "SHOP-2", "01-06T09:00", move("203", "01-11T09:00", "To Do", "In Progress"), moved),
            issue("1003", "SHOP-3", "01-07T09:00", deleted_at=at("02-25")),
            issue("1004", "PAY-1", "02-01T09:00", move("204", "03-01T23:30", "To Do", "In Progress")),
            issue("1005", "SHOP-4", "03-05T09:00"),
        ],
        users={"user-1": "Ann Example"},
        time_zone="Europe/Berlin",
        boards=[
            {
                "id": 1, "name": "Shop board", "type": "scrum",
                "location": {"projectId": 10000, "projectKey": "SHOP", "displayName": "Shop (SHOP)"},
                "configuration": {
                    "columnConfig": {"columns": [
                        {"name": "To Do", "statuses": [{"id": "1"}]},
                        {"name": "Doing", "statuses": [{"id": "3"}], "max": 3},
                        {"name": "Done", "statuses": [{"id": "5"}]},
                    ], "constraintType": "issueCount"},
                },
            },
            {
                "id": 2, "name": "Support", "type": "kanban",
                "location": {"userId": 7, "displayName": "Ann Example", "name": "Ann Example", "avatarURI": "https://x"},
            },
        ],
        sprints=[
            {
                "id": number, "name": f"Sprint {number}", "originBoardId": 1, "createdDate": created, "goal": "",
                "startDate": start, "activatedDate": start, "endDate": end, "completeDate": end,
            }
            for number, created, start, end in (
                (1, "2026-01-01T09:00:00.000Z", "2026-01-05T09:00:00.000Z", "2026-01-19T09:00:00.000Z"),
                (2, "2026-01-15T09:00:00.000Z", "2026-02-20T09:00:00.000Z", "2026-03-06T09:00:00.000Z"),
                (3, "2026-03-10T09:00:00.000Z", "2026-03-11T09:00:00.000Z", "2026-03-25T09:00:00.000Z"),
            )
        ],
    )  # fmt: skip


def commit(number: int, when: str, *parents: str, author: Actor | None = ANN, visible: str | None = None) -> Commit:
    """A commit whose oid is its number, forty digits long."""
    return Commit(
        f"{number:040d}", list(parents), f"Change {number}\n\nDetails", author, at(when), at(when), at(visible or when)
    )


def oid(number: int) -> str:
    """The oid of `commit(number, ...)`."""
    return f"{number:040d}"


def run(number: int, workflow: str, event: str, branch: str, head: str, *attempts: RunAttempt) -> WorkflowRun:
    """A workflow run with the id 9000 + number."""
    path = f".github/workflows/{workflow.lower()}.yml"
    return WorkflowRun(
        9000 + number, number, workflow, path, event, branch, head, f"{workflow} by Ann", list(attempts), ANN
    )


def attempt(start: str, end: str, conclusion: str, *jobs: tuple[int, str, str, str, str]) -> RunAttempt:
    """An attempt with jobs (id, name, start, end, conclusion)."""
    made = [Job(id, name, at(first), at(last), result) for id, name, first, last, result in jobs]
    return RunAttempt(at(start), at(end), conclusion, made, ANN)


def runs() -> list[WorkflowRun]:
    """CI that failed and passed when run again, CI of a pull request, a deployment, and one still under way."""
    return [
        run(1, "CI", "pull_request", "cart", oid(12), attempt("01-09T09:01", "01-09T09:09", "success")),
        run(2, "CI", "push", "main", oid(2), attempt("01-12T09:01", "01-12T09:11", "failure"),
            attempt("01-12T09:20", "01-12T09:28", "success")),
        run(3, "Deploy", "workflow_dispatch", "main", oid(2),
            attempt("01-13T08:55", "01-13T09:12", "failure",
                    (1, "build", "01-13T08:55", "01-13T08:59", "success"),
                    (2, "deploy (production)", "01-13T09:00", "01-13T09:10", "success"),
                    (3, "smoke test", "01-13T09:10", "01-13T09:12", "failure")),
            attempt("01-13T09:30", "01-13T09:33", "success",
                    (4, "smoke test", "01-13T09:30", "01-13T09:33", "success"))),
        run(4, "Deploy", "workflow_dispatch", "main", oid(3),
            attempt("03-02T01:30", "03-02T04:00", "success",
                    (5, "deploy (production)", "03-02T01:31", "03-02T04:00", "success"))),
    ]  # fmt: skip


def advisory(ghsa: str, cve: str | None, severity: str, package: str) -> dict[str, Any]:
    """What a Dependabot alert says of its advisory and dependency, in GitHub's shape."""
    named = {"ecosystem": "npm", "name": package}
    vulnerability = {
        "package": named, "severity": severity, "vulnerable_version_range": "< 2.0.0",
        "first_patched_version": {"identifier": "2.0.0"},
    }  # fmt: skip
    return {
        "dependency": {"package": named, "manifest_path": "web/package.json", "scope": "runtime"},
        "security_vulnerability": vulnerability,
        "security_advisory": {
            "ghsa_id": ghsa, "cve_id": cve, "summary": "A flaw", "description": "Details", "severity": severity,
            "vulnerabilities": [vulnerability], "cvss": {"score": 7.5, "vector_string": None}, "cwes": [],
            "identifiers": [{"type": "GHSA", "value": ghsa}], "references": [], "withdrawn_at": None,
            "published_at": "2025-12-01T00:00:00Z", "updated_at": "2025-12-02T00:00:00Z",
        },
    }  # fmt: skip


def rule(id: str, level: str, tool: str = "CodeQL") -> dict[str, Any]:
    """What a code-scanning alert says of its rule, tool and place, in GitHub's shape."""
    return {
        "rule": {
            "id": id, "name": id, "severity": "error", "security_severity_level": level, "description": id,
            "tags": ["security", "external/cwe/cwe-079"],
        },
        "tool": {"name": tool, "guid": None, "version": "2.0"},
        "most_recent_instance": {
            "ref": "refs/heads/main", "analysis_key": "a", "environment": "{}", "category": "a", "state": "open",
            "commit_sha": oid(2), "message": {"text": "Ann wrote this"}, "classifications": [],
            "location": {"path": "src/cart.ts", "start_line": 1, "end_line": 1, "start_column": 1, "end_column": 2},
        },
    }  # fmt: skip


LEAKED = "planted-secret-literal-4711"


def alerts() -> list[Alert]:
    """Dependabot: fixed; dismissed and opened again. Code scanning: open. Secret: revoked."""
    secret = {"secret_type": "stripe_key", "secret_type_display_name": "Stripe key", "secret": LEAKED}
    return [
        Alert("dependabot", 1, at("01-05"), advisory("GHSA-aaaa-bbbb-cccc", "CVE-2025-0001", "high", "left-pad"),
              [(at("01-20"), "fixed", None)]),
        Alert("dependabot", 2, at("01-06"), advisory("GHSA-dddd-eeee-ffff", None, "low", "right-pad"),
              [(at("01-10"), "dismissed", "tolerable_risk"), (at("02-25"), "open", None)]),
        Alert("code_scanning", 1, at("02-01"), rule("js/xss", "medium")),
        Alert("secret_scanning", 1, at("02-02"), secret, [(at("02-03"), "resolved", "revoked")]),
    ]  # fmt: skip


def shop() -> Repository:
    """acme/shop: PR 1 merged on 01-12, PR 2 an open draft made ready, PR 3 closed and reopened; two deployments."""
    first = PullRequest(
        "PR_1", 1, "Add cart", "", ANN, at("01-08T09:00"), "main", "cart", commits=[
            commit(11, "01-07T09:00", oid(1), visible="01-08T09:00"), commit(12, "01-09T09:00", oid(11)),
        ],
        reviews=[
            Review("PRR_1", BEN, "CHANGES_REQUESTED", at("01-09T12:00"), comments=2),
            Review("PRR_2", BEN, "APPROVED", at("01-12T08:00")),
        ],
        timeline=[
            TimelineEvent("E_1", "ReviewRequestedEvent", at("01-08T09:05"), ANN, {"requestedReviewer": "ben"}),
            TimelineEvent("E_2", "HeadRefForcePushedEvent", at("01-09T09:00"), ANN,
                          {"beforeCommit": oid(11), "afterCommit": oid(12)}),
            TimelineEvent("E_3", "MergedEvent", at("01-12T09:00"), ANN),
            TimelineEvent("E_4", "ClosedEvent", at("01-12T09:00"), ANN),
        ],
        labels=[("feature", at("01-08T09:00"))], additions=10, deletions=2, changed_files=3,
        files=[
            ChangedFile("src/cart.py", 6, 2), ChangedFile("tests/test_cart.py", 1, 0, "ADDED"),
            ChangedFile("uv.lock", 3, 0),
        ],
        closed_at=at("01-12T09:00"), merged_at=at("01-12T09:00"), merge_commit_oid=oid(2), merged_by=ANN,
    )  # fmt: skip
    second = PullRequest(
        "PR_2", 2, "Bump left-pad", "", BOT, at("02-10T09:00"), "main", "bump", created_as_draft=True,
        commits=[commit(21, "02-10T08:00", oid(2), author=BOT)],
        timeline=[TimelineEvent("E_5", "ReadyForReviewEvent", at("02-20T09:00"), BOT)],
    )  # fmt: skip
    third = PullRequest(
        "PR_3",
        3,
        "Try again",
        "",
        None,
        at("02-01T09:00"),
        "main",
        "retry",
        closed_at=at("02-02T09:00"),
        timeline=[
            TimelineEvent("E_6", "ClosedEvent", at("02-02T09:00"), ANN),
            TimelineEvent("E_7", "ReopenedEvent", at("02-03T09:00"), ANN),
        ],
    )
    deployments = [
        Deployment("DE_1", 501, "production", "main", oid(2), at("01-13T09:00"), [
            DeploymentStatus("DS_1", "IN_PROGRESS", at("01-13T09:01")),
            DeploymentStatus("DS_2", "SUCCESS", at("01-13T09:10")),
            DeploymentStatus("DS_3", "INACTIVE", at("02-14T09:10")),
        ], creator=BOT),
        Deployment("DE_2", 502, "staging", oid(3), oid(3), at("02-14T09:00"), [
            DeploymentStatus("DS_4", "FAILURE", at("02-14T09:05")),
        ], creator=ANN),
    ]  # fmt: skip
    return Repository(
        "R_1", "acme/shop", at("01-01"),
        commits=[commit(1, "01-02T09:00"), commit(2, "01-12T09:00", oid(1), oid(12)), commit(3, "02-13T09:00", oid(2))],
        pull_requests=[first, second, third],
        issues=[
            GithubIssue("I_1", 4, "Cart is slow", BEN, at("01-15"), closed_at=at("02-15"), labels=["bug"]),
            GithubIssue("I_2", 5, "Later", BEN, at("03-15")),
        ],
        deployments=deployments, renamed_from=[("acme/store", at("02-01"))],
        releases=[
            Release("RE_1", "v1.0", oid(2), at("01-12T09:00"), at("01-13T09:00"), at("01-13T09:30"), author=ANN),
            Release("RE_2", "v1.1-rc.1", oid(3), at("02-13T09:00"), at("02-14"), at("02-14"), True, ANN),
            Release("RE_3", "v1.1", oid(3), at("02-13T09:00"), at("02-20"), at("03-05"), author=ANN),
        ],
        tags=[
            Tag("v1.0", oid(2), at("01-12T09:00"), at("01-13T09:00"), True),
            Tag("v1.1-rc.1", oid(3), at("02-13T09:00"), at("02-14")),
        ],
        workflow_runs=runs(), alerts=alerts(),
    )  # fmt: skip


def github() -> GithubWorld:
    """acme/shop, and acme/empty without a commit or code scanning."""
    return GithubWorld([shop(), Repository("R_2", "acme/empty", at("01-01"), switched_off={"code_scanning"})])


SERVICES = [
    {
        "id": id, "type": "service", "summary": name, "name": name, "status": "active",
        "self": f"https://api.pagerduty.com/services/{id}",
        "html_url": f"https://acme.pagerduty.com/service-directory/{id}", "created_at": "2025-01-01T00:00:00Z",
        "description": "Ask Ann", "teams": [],
        "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference", "summary": "Ann first"},
    }
    for id, name in (("PSHOP01", "Shop"), ("PPAY001", "Payments"))
]  # fmt: skip
PRIORITIES = [
    {
        "id": f"PRIO0{n}", "type": "priority", "summary": f"P{n}", "name": f"P{n}", "description": "",
        "self": f"https://api.pagerduty.com/priorities/PRIO0{n}",
    }
    for n in (1, 2, 3)
]  # fmt: skip


def incident(number: int, created: str, *entries: tuple[str, str], **more: Any) -> PagerdutyIncident:
    """A PagerDuty incident with its trigger and further log entries (kind, time), done by Ann unless kind ends in !."""
    steps = [("trigger!", created), *entries]
    log = [
        LogEntry(f"R{number:03d}{n}", f"{kind.rstrip('!')}_log_entry", at(when), None if kind.endswith("!") else "Ann")
        for n, (kind, when) in enumerate(steps)
    ]
    values = {"service_id": "PSHOP01", "priority_id": "PRIO02", **more}
    title, begun = f"Trouble {number}", at(created)
    return PagerdutyIncident(f"Q{number:03d}", number, title, created_at=begun, entries=log, **values)


def pagerduty() -> PagerdutyWorld:
    """Two services and five incidents: resolved, reopened, acknowledged, open since long ago, merged."""
    merged = incident(5, "02-28T10:05", ("resolve", "02-28T10:20"))
    merged.entries[-1].into = "Q003"
    return PagerdutyWorld(
        list(SERVICES),
        list(PRIORITIES),
        [
            incident(1, "02-01T10:00", ("notify!", "02-01T10:01"), ("acknowledge", "02-01T10:05"),
                     ("escalate", "02-01T10:30"), ("resolve", "02-01T11:00")),
            incident(2, "02-10T10:00", ("resolve", "02-10T12:00"), ("trigger!", "02-10T13:00"),
                     ("resolve", "02-10T14:00"), urgency="low", priority_id=None, service_id="PPAY001"),
            incident(3, "02-28T10:00", ("acknowledge", "02-28T10:15"), ("resolve", "03-03T08:00")),
            incident(4, "01-05T09:00", ("acknowledge", "01-05T09:10"), ("resolve", "03-04T08:00")),
            merged,
        ],
    )  # fmt: skip


def many_incidents(count: int) -> World:
    """A world with `count` incidents a minute apart from 2026-01-01, each resolved after half an hour."""
    account = pagerduty()
    account.incidents = []
    for number in range(1, count + 1):
        one = incident(number, "01-01", ("acknowledge", "01-01T00:10"), ("resolve", "01-01T00:30"))
        one.created_at += timedelta(minutes=number)
        for entry in one.entries:
            entry.created_at += timedelta(minutes=number)
        account.incidents.append(one)
    return World(CLOCK, pagerduty=account)


def tiny_world() -> World:
    """A new tiny world."""
    return World(CLOCK, jira(), github(), pagerduty())


def many_issues(count: int) -> World:
    """A world with one project of `count` issues, created a minute apart from 2026-01-01, none changed since."""
    site = jira()
    site.issues = [issue(str(5000 + n), f"SHOP-{n}", "01-01") for n in range(1, count + 1)]
    for number, one in enumerate(site.issues):
        one.created += timedelta(minutes=number)
    return World(CLOCK, site)


def many_pull_requests(count: int) -> World:
    """A world with one repository of `count` open pull requests, created a minute apart from 2026-01-01."""
    repository = shop()
    repository.pull_requests = [
        PullRequest(
            f"PR_{n:04d}", n, f"Change {n}", "", ANN, at("01-01T12:00") + timedelta(minutes=n), "main", f"branch-{n}"
        )
        for n in range(1, count + 1)
    ]
    return World(CLOCK, github=GithubWorld([repository]))
