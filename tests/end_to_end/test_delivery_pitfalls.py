"""Traps of delivery metrics, each lived through from the vendors' doubles to the marts on a world of a few commits.

Where the other pitfalls are says test_pitfalls.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.config import load_config
from sandbox.server import serve
from sandbox.world import (
    Actor,
    Commit,
    Deployment,
    DeploymentStatus,
    GithubWorld,
    PullRequest,
    Repository,
    Review,
    TimelineEvent,
    World,
)
from tests.end_to_end.one_night import Night, live_through, read
from tests.sandbox.tiny_world import ANN, BEN, BOT, at, attempt, commit, incident, oid, pagerduty, run

FIRST_NIGHT, SECOND_NIGHT = at("03-02T02:00"), at("03-03T02:00")
AI_REVIEWER, MACHINE_USER = Actor("coderabbitai", "Bot"), Actor("acme-machine")
MODELS = ("+fct_changes", "+fct_deployments", "+fct_incidents", "+fct_delivery_metrics", "+fct_review_metrics")
SERVICES = ("bots", "legacy", "times", "pipes", "fails", "trunk", "moved")
CONNECTIONS = """\
organization: {name: Tiny, time_zone: UTC}
connections:
  - {name: github, type: github, base_url: 'https://api.example.com', token_env: TOKEN,
     repositories: ["acme/*", "partner/*"], start_date: 2026-01-01}
  - {name: pagerduty, type: pagerduty, base_url: 'https://pd.example.com', token_env: TOKEN, start_date: 2026-01-01}
  - {name: inbox, type: inbox, path: inbox}
  - {name: organization, type: organization_files}
"""
TABLES = {
    "teams": "team_id,team_name\ncrew,The crew\n",
    "value_streams": "value_stream_id,value_stream_name\nall,Everything\n",
    "team_value_streams": "team_id,value_stream_id,weight\ncrew,all,1\n",
    "work_rules": "rule_order,field,value,team_id\n1,project,*,crew\n",
    "status_mappings": "connection,project,issue_type,status,flow_state\n",
    "type_mappings": "connection,project,issue_type,flow_item_type,item_level\n",
    "services": "service_id,service_name\n" + "".join(f"{name},{name}\n" for name in SERVICES),
    "service_owners": "service_id,team_id\n" + "".join(f"{name},crew\n" for name in SERVICES),
    "repository_services": "connection,repository,service_id\n"
    + "".join(f"github,acme/{name},{name}\n" for name in SERVICES),
    "bots": "pattern,note\nacme-machine,Signs in as a person\n",
    "deployment_rules": "service_id,method,environment_pattern,workflow_pattern,job_pattern\n"
    ",deployments,production*,,\npipes,workflow,,Deploy,deploy*\n",
    "incident_services": "connection,tool_service,service_id\npagerduty,Shop,fails\n",
}
REPORTED = """\
{"id": "I-1", "service": "fails", "severity": "high", "started_at": "2026-02-10T11:10:00Z"}
{"id": "I-2", "service": "fails", "severity": "high", "started_at": "2026-02-10T16:30:00Z", "deployment_id": "DE_701"}
{"id": "I-3", "service": "fails", "severity": "high", "started_at": "2026-02-08T09:00:00Z"}
{"id": "I-4", "service": "fails", "severity": "high", "started_at": "2026-02-19T09:00:00Z"}
"""


def line(first: int, *times: str) -> list[Commit]:
    """Commits on a branch, each on top of the one before."""
    return [commit(first + n, when, *([oid(first + n - 1)] if n else [])) for n, when in enumerate(times)]


def pull(
    number: int, created: str, merged: str | None, merge: int | None, *commits: Commit, **more: Any
) -> PullRequest:
    """A pull request by Ann against main, merged as the commit with the number `merge`."""
    end = at(merged) if merged else None
    values = {"author": ANN, "base_ref": "main", "head_ref": f"branch-{number}"} | more
    return PullRequest(
        f"PR_{number}", number, f"Change {number}", "", created_at=at(created), commits=list(commits),
        closed_at=end, merged_at=end, merge_commit_oid=oid(merge) if merge else None, merged_by=ANN if end else None,
        **values,
    )  # fmt: skip


def review(id: str, who: Actor, when: str) -> Review:
    """An approval."""
    return Review(id, who, "APPROVED", at(when))


def deployed(number: int, head: int, *statuses: tuple[str, str], environment: str = "production") -> Deployment:
    """A deployment that was made a minute before its first status (state, time)."""
    shown = [DeploymentStatus(f"DS_{number}_{n}", state, at(when)) for n, (state, when) in enumerate(statuses)]
    made = shown[0].created_at - timedelta(minutes=1)
    return Deployment(f"DE_{number}", number, environment, oid(head), oid(head), made, shown, creator=BOT)


def repository(name: str, commits: list[Commit], *pulls: PullRequest, **more: Any) -> Repository:
    """acme/name, with ids of its own for its pull requests."""
    own = [replace(each, id=f"{each.id}_{name}") for each in pulls]
    return Repository(f"R_{name}", f"acme/{name}", at("01-01"), commits=commits, pull_requests=own, **more)


def bots() -> Repository:
    """Reviewers that are no people: an account of type Bot, one that bots.csv names; and a bot that opens changes."""
    return repository(
        "bots",
        line(100, "01-02", "02-03T20:00", "02-04T20:00", "02-05T20:00"),
        pull(1, "02-03T09:00", "02-03T20:00", 101, commit(111, "02-03T08:00"), reviews=[
            review("B_1", AI_REVIEWER, "02-03T09:01"), review("B_2", MACHINE_USER, "02-03T09:02"),
            review("B_3", BEN, "02-03T19:00"),
        ]),
        pull(2, "02-04T09:00", "02-04T20:00", 102, commit(112, "02-04T08:00"), reviews=[
            review("B_4", AI_REVIEWER, "02-04T09:01"), review("B_5", MACHINE_USER, "02-04T09:02"),
        ]),
        pull(3, "02-05T09:00", "02-05T20:00", 103, commit(113, "02-05T08:00", author=BOT), author=BOT,
             reviews=[review("B_6", BEN, "02-05T15:00")]),
    )  # fmt: skip


def legacy() -> Repository:
    """Twenty changes before anybody recorded a deployment."""
    days = [f"01-{day:02d}T09:00" for day in range(2, 22)]
    return repository(
        "legacy",
        line(200, *days, "02-21T09:00", "02-22T09:00"),
        deployments=[deployed(601, 219, ("SUCCESS", "02-20T10:00")), deployed(602, 221, ("SUCCESS", "02-23T10:00"))],
    )


def times() -> Repository:
    """A deployment that goes inactive when the next replaces it, one that broke, one to another environment."""
    return repository(
        "times",
        line(300, "02-01", "02-02"),
        deployments=[
            deployed(611, 300, ("IN_PROGRESS", "02-03T10:00"), ("SUCCESS", "02-03T10:10"), ("INACTIVE", "02-17T10:05")),
            deployed(612, 301, ("IN_PROGRESS", "02-17T09:00"), ("FAILURE", "02-17T09:30")),
            deployed(613, 301, ("QUEUED", "02-17T09:40"), ("ERROR", "02-17T09:41")),
            deployed(614, 301, ("IN_PROGRESS", "02-17T10:00"), ("SUCCESS", "02-17T10:05")),
            deployed(615, 301, ("SUCCESS", "02-17T08:00"), environment="staging"),
        ],
    )


def pipes() -> Repository:
    """Runs: green though the production job failed; two production jobs; red, but production passed."""
    day = "02-{:02d}T{}".format
    return repository(
        "pipes",
        line(400, "02-01", "02-02", "02-03"),
        workflow_runs=[
            run(1, "Deploy", "push", "main", oid(400), attempt(day(4, "09:00"), day(4, "09:30"), "success",
                (21, "deploy", day(4, "09:10"), day(4, "09:20"), "failure"))),
            run(2, "Deploy", "push", "main", oid(401), attempt(day(5, "09:00"), day(5, "09:40"), "success",
                (22, "deploy (eu)", day(5, "09:10"), day(5, "09:20"), "success"),
                (23, "deploy (us)", day(5, "09:10"), day(5, "09:30"), "success"))),
            run(3, "Deploy", "push", "main", oid(402), attempt(day(6, "09:00"), day(6, "09:30"), "failure",
                (24, "deploy", day(6, "09:10"), day(6, "09:20"), "success"),
                (25, "smoke test", day(6, "09:20"), day(6, "09:30"), "failure"))),
        ],
    )  # fmt: skip


def fails() -> Repository:
    """Two deployments; the trouble of the first was reported four times, by two tools."""
    return repository(
        "fails",
        line(500, "02-01", "02-02"),
        deployments=[deployed(701, 500, ("SUCCESS", "02-10T10:00")), deployed(702, 501, ("SUCCESS", "02-17T10:00"))],
    )


def trunk() -> Repository:
    """Squash, direct commits, rebase, merge queue; a release branch, a fork, a reopened and a co-written change."""
    rebased = [commit(811, "02-05T08:00"), commit(812, "02-05T09:00", oid(811))]
    co_written = replace(
        commit(815, "02-12T08:00"), message="Pair on it\n\nCo-authored-by: Ben Example <ben@acme.example>"
    )
    merge = replace(commit(610, "02-12T18:00", oid(609), oid(815)), message="Merge pull request #8")
    main = line(
        600, "02-01T08:00", "02-02T18:00", "02-03T09:00", "02-04T09:00", "02-05T18:00", "02-05T18:00",
        "02-09T18:00", "02-09T18:01", "02-10T18:00", "02-11T18:00",
    )  # fmt: skip
    main[4] = replace(main[4], message=rebased[0].message, authored_at=rebased[0].authored_at)
    main[5] = replace(main[5], message=rebased[1].message, authored_at=rebased[1].authored_at)
    reopened = [
        TimelineEvent("T_1", "ClosedEvent", at("02-07T09:00"), ANN),
        TimelineEvent("T_2", "ReopenedEvent", at("02-08T09:00"), ANN),
    ]
    return repository(
        "trunk",
        [*main, co_written, merge],
        pull(1, "02-02T12:00", "02-02T18:00", 601, *line(801, "01-30T08:00", "01-31T08:00", "02-02T08:00")),
        pull(2, "02-05T12:00", "02-05T18:00", 605, *rebased),
        pull(3, "02-09T12:00", "02-09T18:00", 606, commit(821, "02-09T08:00")),
        pull(4, "02-09T12:30", "02-09T18:01", 607, commit(822, "02-09T08:30")),
        pull(5, "02-06T12:00", "02-10T18:00", 608, commit(813, "02-06T08:00"), timeline=reopened),
        pull(6, "02-11T12:00", "02-11T18:00", 609, commit(814, "02-11T08:00"), is_cross_repository=True,
             head_ref="main"),
        pull(7, "02-11T12:00", "02-11T19:00", 699, commit(699, "02-11T08:00"), base_ref="release/1"),
        pull(8, "02-12T12:00", "02-12T18:00", 610, co_written),
        pull(9, "02-01T12:00", None, None, commit(816, "02-01T09:00"), timeline=[
            TimelineEvent("T_3", "ClosedEvent", at("02-02T09:00"), ANN),
            TimelineEvent("T_4", "ReopenedEvent", at("02-20T09:00"), ANN),
        ]),
        deployments=[
            deployed(801, 600, ("SUCCESS", "02-01T10:00")), deployed(802, 605, ("SUCCESS", "02-06T10:00")),
            deployed(803, 607, ("SUCCESS", "02-09T20:00")), deployed(804, 610, ("SUCCESS", "02-13T10:00")),
        ],
    )  # fmt: skip


def moved() -> Repository:
    """partner/old until the first night, then acme/moved; its branch was called master until then."""
    return repository(
        "moved",
        line(900, "02-01", "02-02T12:00"),
        pull(1, "02-02T09:00", "02-02T12:00", 901, commit(911, "02-02T08:00"), base_ref="master"),
        deployments=[deployed(901, 900, ("SUCCESS", "02-01T12:00")), deployed(902, 901, ("SUCCESS", "02-03T12:00"))],
        renamed_from=[("partner/old", FIRST_NIGHT + timedelta(hours=6))],
        default_branch="master",
    )


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """After the second night. Between the two, the branch of `moved` was renamed and a change merged to it."""
    folder = tmp_path_factory.mktemp("delivery_pitfalls")
    _configure(folder)
    account = pagerduty()
    account.incidents = [
        incident(1, "02-10T11:00", ("resolve", "02-10T12:00")),
        incident(2, "02-10T15:00", ("resolve", "02-10T15:30")),
    ]
    renamed = moved()
    other = Repository("R_other", "partner/other", at("01-01"))
    github = GithubWorld([bots(), legacy(), times(), pipes(), fails(), trunk(), renamed, other])
    with serve(World(SECOND_NIGHT, github=github, pagerduty=account), clock=FIRST_NIGHT) as server:
        urls = {"github": server.github_url, "pagerduty": server.pagerduty_url}
        config = load_config(folder, environ={"TOKEN": "x"}).with_base_urls(urls)
        read(config, folder / "data", FIRST_NIGHT)
        renamed.default_branch = "main"
        renamed.commits.append(commit(902, "03-02T12:00", oid(901)))
        renamed.pull_requests.append(
            replace(pull(2, "03-02T09:00", "03-02T12:00", 902, commit(912, "03-02T08:00")), id="PR_2_moved")
        )
        renamed.deployments.append(deployed(903, 902, ("SUCCESS", "03-02T13:00")))
        server.clock = SECOND_NIGHT
        server.refresh()
        return live_through(config, folder / "data", SECOND_NIGHT, MODELS)


def _configure(folder: Path) -> None:
    (folder / "connections.yml").write_text(CONNECTIONS)
    (folder / "organization").mkdir()
    for name, text in TABLES.items():
        (folder / "organization" / f"{name}.csv").write_text(text)
    (folder / "inbox" / "incidents").mkdir(parents=True)
    (folder / "inbox" / "incidents" / "february.jsonl").write_text(REPORTED)


def changes(night: Night, service: str, *columns: str) -> dict[str, tuple[Any, ...]]:
    """Columns of the published changes of a service: by `#number`, or by the end of a pushed commit."""
    rows = night.query(
        f"select source_url, {', '.join(columns)} from marts.quality.fct_changes where service_id = ?", [service]
    )
    found = {}
    for row in rows:
        kind, _, name = row.pop("source_url").rpartition("/")
        found["#" + name if kind.endswith("pull") else name[-3:]] = tuple(row.values())
    return found


def deployments(night: Night, service: str, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of the published deployments of a service, in order of time."""
    rows = night.query(
        f"""select {", ".join(columns)} from marts.quality.fct_deployments
        where service_id = ? order by coalesce(deployed_at, failed_at)""",
        [service],
    )
    return [tuple(row.values()) for row in rows]


def february(night: Night, mart: str, service: str, *columns: str) -> tuple[Any, ...]:
    """Columns of a service's row for February 2026."""
    (row,) = night.query(
        f"""select {", ".join(columns)} from marts.quality.{mart} where scope_type = 'service' and scope_id = ?
        and period_grain = 'month' and period_start = '2026-02-01'""",
        [service],
    )
    return tuple(row.values())


def plain(when: str) -> datetime:
    return at(when).replace(tzinfo=None)


def test_pitfall_14_bots_never_review_and_their_changes_are_marked(night: Night) -> None:
    assert changes(night, "bots", "is_automated", "is_reviewed", "first_reviewed_at") | {"100": None} == {
        "#1": (False, True, plain("02-03T19:00")),
        "#2": (False, False, None),
        "#3": (True, True, plain("02-05T15:00")),
        "100": None,
    }
    reviewed = february(
        night, "fct_review_metrics", "bots", "unreviewed_merge_rate_numerator", "unreviewed_merge_rate_denominator",
        "review_turnaround_p50_hours_n",
    )  # fmt: skip
    assert reviewed == (1, 3, 2)


def test_pitfall_15_first_known_deployment_claims_its_own_commit_only(night: Night) -> None:
    found = changes(night, "legacy", "deployment_method", "deployment_confidence", "change_lead_time_hours")
    before = {name: row for name, row in found.items() if name < "219"}
    assert len(before) == 19 and set(before.values()) == {("unknown", None, None)}
    first = (plain("02-20T10:00") - plain("01-21T09:00")).total_seconds() / 3600
    assert {name: row for name, row in found.items() if name >= "219"} == {
        "219": ("direct", "certain", first),
        "220": ("default_branch_range", "high", 49.0),
        "221": ("direct", "certain", 25.0),
    }
    january = night.query(
        """select undeployed_changes, change_lead_time_p50_hours, merge_to_deploy_p50_hours
        from marts.quality.fct_delivery_metrics where scope_type = 'service' and scope_id = 'legacy'
        and period_grain = 'quarter' and period_start = '2026-01-01'"""
    )
    assert [tuple(row.values()) for row in january] == [(19, None, None)], "three deployed changes are no median"


def test_pitfall_16_deployed_at_the_success_status_whatever_comes_after(night: Night) -> None:
    assert deployments(night, "times", "outcome", "deployed_at", "failed_at") == [
        ("success", plain("02-03T10:10"), None),
        ("failure", None, plain("02-17T09:30")),
        ("aborted", None, plain("02-17T09:41")),
        ("success", plain("02-17T10:05"), None),
    ]
    names = ("deployment_frequency_numerator", "aborted_deployments", "failed_deployments")
    assert february(night, "fct_delivery_metrics", "times", *names) == (3, 1, 1)


def test_pitfall_16_production_jobs_decide_over_their_run_and_count_once(night: Night) -> None:
    assert deployments(night, "pipes", "outcome", "deployed_at", "failed_at") == [
        ("failure", None, plain("02-04T09:20")),
        ("success", plain("02-05T09:30"), None),
        ("success", plain("02-06T09:20"), None),
    ]
    assert february(night, "fct_delivery_metrics", "pipes", "deployment_frequency_numerator") == (3,)


def test_pitfall_17_many_incidents_fail_a_deployment_once(night: Night) -> None:
    """Two of PagerDuty and one of the inbox after the first deployment (one a copy), and two of nobody's making."""
    incidents = night.query(
        """select regexp_extract(incident_key, '[^:]*$') as id, is_counted, failed_deployment_key is not null as fails
        from marts.quality.fct_incidents where service_id = 'fails'"""
    )
    assert {row["id"]: (row["is_counted"], row["fails"]) for row in incidents} == {
        "Q001": (True, True), "I-1": (False, False), "Q002": (True, True), "I-2": (True, True),
        "I-3": (True, False), "I-4": (True, False),
    }  # fmt: skip
    assert deployments(night, "fails", "is_failed", "failure_method") == [(True, "explicit"), (False, None)]
    names = ("failed_deployments", "change_fail_rate_numerator", "change_fail_rate_denominator", "change_fail_rate")
    assert february(night, "fct_delivery_metrics", "fails", *names) == (1, 1, 2, 0.5)
    above = night.query(
        """select * from marts.core.fct_metric_values
        where metric in ('change_fail_rate', 'change_fail_rate_explicit', 'deployment_rework_rate') and value > 1"""
    )
    assert above == []


def test_pitfall_22_squash_direct_rebase_and_queue_ship_once_each(night: Night) -> None:
    found = changes(
        night, "trunk", "change_kind", "commits_count", "first_commit_at", "deployed_at", "deployment_method"
    )
    second, third = plain("02-06T10:00"), plain("02-09T20:00")
    assert {name: row for name, row in found.items() if name not in ("#5", "#6", "#7", "#8")} == {
        "600": ("direct_push", 1, plain("02-01T08:00"), plain("02-01T10:00"), "direct"),
        "#1": ("pull_request", 3, plain("01-30T08:00"), second, "default_branch_range"),
        "602": ("direct_push", 1, plain("02-03T09:00"), second, "default_branch_range"),
        "603": ("direct_push", 1, plain("02-04T09:00"), second, "default_branch_range"),
        "#2": ("pull_request", 2, plain("02-05T08:00"), second, "direct"),
        "#3": ("pull_request", 1, plain("02-09T08:00"), third, "default_branch_range"),
        "#4": ("pull_request", 1, plain("02-09T08:30"), third, "direct"),
    }
    # 600 and the two of the trunk beside seven pull requests; what went to the release branch is none of them
    assert february(night, "fct_delivery_metrics", "trunk", "merged_changes_n") == (10,)


def test_reopened_pull_request_waits_since_it_was_ready_and_merges_once(night: Night) -> None:
    found = changes(night, "trunk", "ready_at", "merged_at", "coding_hours")
    assert found["#5"] == (plain("02-06T12:00"), plain("02-10T18:00"), 4.0)
    assert "#9" not in found
    still_open = night.query("select state, closed_at from intermediate.int_pull_requests where number = 9")
    assert still_open == [{"state": "open", "closed_at": None}]
    assert february(night, "fct_review_metrics", "trunk", "open_pull_requests_n") == (1,)


def test_fork_is_a_change_of_the_repository_it_goes_to(night: Night) -> None:
    found = changes(night, "trunk", "is_default_branch", "deployed_at", "first_commit_at")
    assert found["#6"] == (True, plain("02-13T10:00"), plain("02-11T08:00"))


def test_other_branch_ships_nothing(night: Night) -> None:
    found = changes(night, "trunk", "is_default_branch", "deployed_at", "deployment_method")
    assert found["#7"] == (False, None, "unknown")


def test_co_written_change_is_one_change(night: Night) -> None:
    """Its commit came in by a merge commit: neither it nor the merge is a direct push."""
    found = changes(night, "trunk", "change_kind", "commits_count", "deployed_at", "deployment_method")
    assert found["#8"] == ("pull_request", 1, plain("02-13T10:00"), "direct")
    assert "815" not in found and "610" not in found
    helpers = night.query("select co_authors from staging.stg_github__commits where oid = ?", [oid(815)])
    assert helpers == [{"co_authors": ["a person"]}]


def test_transferred_repository_and_renamed_branch_keep_their_changes_and_service(night: Night) -> None:
    names = night.query("select name_with_owner, default_branch from staging.stg_github__repositories "
                        "where repository_key = 'github:R_moved'")  # fmt: skip
    assert names == [{"name_with_owner": "acme/moved", "default_branch": "main"}]
    found = changes(night, "moved", "repository_name", "is_default_branch", "deployed_at", "deployment_method")
    assert found == {
        "900": ("acme/moved", True, plain("02-01T12:00"), "direct"),
        "#1": ("acme/moved", True, plain("02-03T12:00"), "direct"),
        "#2": ("acme/moved", True, plain("03-02T13:00"), "direct"),
    }
    assert len(deployments(night, "moved", "deployment_key")) == 3
