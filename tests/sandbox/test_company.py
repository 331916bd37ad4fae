"""The simulated company: big enough, messy enough, the same every time, and in agreement with its own truth."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from sandbox import monorepo, texts
from sandbox.company import Company, build_world
from sandbox.people import hire
from sandbox.process import kind_of, meaning
from sandbox.shipped import config_files, write_config
from sandbox.teams import FIRST_DAY, TEAMS
from sandbox.truth import Truth, WorkItem
from sandbox.world import Commit

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def company() -> Company:
    return build_world()


@pytest.fixture(scope="module")
def now(company: Company) -> Truth:
    return company.truth.at(company.world.default_clock)


def flow_items(truth: Truth) -> list[WorkItem]:
    return [item for item in truth.work_items.values() if item.level == "flow_item"]


def median_flow_days(truth: Truth, team: str, start: str, end: str) -> float:
    first, last = datetime.fromisoformat(start + "T00:00+00:00"), datetime.fromisoformat(end + "T00:00+00:00")
    return median(
        (i.done_at - i.started_at).total_seconds() / 86400
        for i in flow_items(truth)
        if i.done_at and i.started_at and first <= i.done_at < last
        if team in dict(i.identity_at(i.done_at).teams)
    )


# --- size and sameness -----------------------------------------------------------------------------
def test_company_is_as_big_as_promised(company: Company, now: Truth) -> None:
    assert len(flow_items(now)) >= 6000
    assert len(now.pull_requests) >= 4000
    assert sum(d.is_production and d.outcome == "success" for d in now.deployments.values()) >= 1200
    assert len(now.waves) == 6 and len(company.truth.waves) == 7
    assert len(now.initiatives) >= 60
    assert len(company.world.github.repositories) >= 12
    sizes = {t.team_id: len(company.staff.members(t.team_id, company.world.default_clock.date())) for t in TEAMS}
    assert sizes.pop("toolsmiths") == 2
    assert len(sizes) == 10 and all(8 <= size <= 16 for size in sizes.values())
    assert 110 <= sum(sizes.values()) <= 130


def test_teams_keep_their_size_on_every_day(company: Company) -> None:
    for team in TEAMS:
        for offset in range(0, 640, 7):
            day = FIRST_DAY + timedelta(days=offset)
            size = len(company.staff.members(team.team_id, day))
            if team.size > 2 and (team.joins is None or day >= team.joins):
                assert 8 <= size <= 16, (team.team_id, day, size)


DIGEST = """
import hashlib
from sandbox.company import build_world
company = build_world()
parts = [company.world.jira.issues[::40], [r.pull_requests[::40] for r in company.world.github.repositories],
         [r.deployments[::40] for r in company.world.github.repositories], company.surveys, company.organization,
         [(r.workflow_runs[::40], r.releases, r.tags, r.alerts) for r in company.world.github.repositories],
         company.world.pagerduty, company.inbox, company.truth.incidents, list(company.truth.work_items.values())[::40]]
print(hashlib.sha256(repr(parts).encode()).hexdigest())
"""


def test_same_seed_gives_the_same_company_in_every_process(company: Company) -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            check=True, capture_output=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }  # fmt: skip
    assert len(digests) == 1
    assert [p.name for p in hire(8).people] != [p.name for p in company.staff.people]


def test_committed_configuration_is_what_the_simulator_writes(company: Company, tmp_path: Path) -> None:
    write_config(company, tmp_path)
    committed = ROOT / "config"
    names = {str(p.relative_to(committed)) for p in committed.rglob("*") if p.is_file()}
    assert names == set(config_files(company)), "run `python -m sandbox write-config config`"
    for name in sorted(names):
        assert (committed / name).read_bytes() == (tmp_path / name).read_bytes(), name


# --- Jira ------------------------------------------------------------------------------------------
def test_every_changelog_is_a_chain_that_ends_in_the_truth(company: Company) -> None:
    assert company.world.jira is not None
    numbers: list[int] = []
    for issue in company.world.jira.issues:
        item = company.truth.work_items[issue.id]
        assert issue.created == item.created_at
        numbers += [int(history.id) for history in issue.histories]
        times = [history.created for history in issue.histories]
        assert times == sorted(times) and (not times or times[0] >= issue.created)
        current: dict[str, object] = {
            "status": issue.fields["status"]["name"],
            "issuetype": issue.fields["issuetype"]["name"],
            "project": issue.fields["project"]["name"],
            "labels": " ".join(issue.fields["labels"]),
            "Key": issue.key,
        }
        moves = [(issue.created, issue.fields["status"]["name"])]
        for history in issue.histories:
            for entry in history.items:
                if entry["field"] in current:
                    assert entry["fromString"] == current[entry["field"]], (issue.key, entry)
                    current[entry["field"]] = entry["toString"]
                if entry["field"] == "status":
                    moves.append((history.created, entry["toString"]))
                    assert history.patch["status"]["id"] == entry["to"]
        assert moves == [(e.from_at, e.status) for e in item.episodes if e.is_entry]
        assert current["Key"] == item.current.key and current["issuetype"] == item.current.issue_type
        assert issue.deleted_at == item.deleted_at
    assert len(numbers) == len(set(numbers))


def test_ids_and_keys_are_given_once_in_order_of_time(company: Company) -> None:
    issues = company.world.jira.issues
    # incident and security tickets and goals came to this company later, each kind in a series of its own
    tickets = ("Incident", "Vulnerability", "Objective", "Key Result")
    for types in (None, *tickets):
        names = [(i.created, i.fields["issuetype"]["name"]) for i in issues]
        times = [created for created, name in names if (name if name in tickets else None) == types]
        assert times and times == sorted(times)
    assert [int(i.id) for i in issues] == sorted({int(i.id) for i in issues})
    keys = [i.key for i in issues] + [h.patch["key"] for i in issues for h in i.histories if "key" in h.patch]
    assert len(keys) == len(set(keys))


def test_episodes_follow_one_another_and_mean_what_the_process_says(company: Company) -> None:
    for item in company.truth.work_items.values():
        assert item.episodes[0].from_at == item.created_at
        for before, after in zip(item.episodes, item.episodes[1:], strict=False):
            assert before.to_at == after.from_at > before.from_at
        assert item.episodes[-1].to_at is None
        held = "new"
        for episode in item.episodes:
            state, _ = meaning(
                item.identity_at(episode.from_at).project, episode.status_id, int(episode.from_at.timestamp())
            )
            held = held if state == "ignore" else state
            assert episode.state == held
        for identity in item.identities:
            for shares in (identity.teams, identity.value_streams):
                assert not shares or abs(sum(weight for _, weight in shares) - 1) < 1e-9


def test_company_has_every_kind_of_mess(company: Company, now: Truth) -> None:
    items = flow_items(now)
    created_started = [i for i in items if i.started_at == i.created_at]
    counts = {
        "done directly": sum(bool(i.done_at and not i.started_at) for i in items),
        "reopened": sum(bool(i.reopened_times) for i in items),
        "cancelled": sum(bool(i.cancelled_at) for i in items),
        "cancelled after start": sum(bool(i.cancelled_at and i.started_at) for i in items),
        "deleted open": sum(bool(i.deleted_at and not i.done_at) for i in items),
        "deleted done": sum(bool(i.deleted_at and i.done_at) for i in items),
        "moved": sum(len({x.project for x in i.identities}) > 1 for i in items),
        "retyped": sum(len({x.issue_type for x in i.identities}) > 1 for i in items),
        "blocked": sum(bool(i.blocked) for i in items),
        "created started": len(created_started),
        "shared": sum(len(i.current.teams) > 1 for i in items),
        "nobody's": sum(not i.current.teams for i in items),
        "back to new": sum(
            any(b.state == "new" and a.state in ("active", "waiting") for a, b in pairs(i)) for i in items
        ),
        "on hold": sum(any(e.status == "On Hold" for e in i.episodes) for i in items),
        "remapped": sum(any(not e.is_entry for e in i.episodes) for i in items),
        "sub-tasks": sum(i.level == "subtask" for i in now.work_items.values()),
        "re-organised": sum(
            any(x.teams == (("orders", 1.0),) and x.project == "RET" for x in i.identities) for i in items
        ),
        "carried sprints": sum(len(i.sprints) > 1 for i in items),
        "taken out of a sprint": sum(any(removed for _, _, removed in i.sprints) for i in items),
        "blocked by status": sum(any(e.is_blocked for e in i.episodes) for i in items),
        "estimated again": sum(len(i.points) > 1 for i in items),
        "costly": sum(bool(i.costs_of_delay) for i in items),
        "dearer than thought": sum(len(i.costs_of_delay) > 1 for i in items),
        "labelled too late": sum(
            "interrupt" in i.current.labels and "interrupt" not in i.identity_at(i.started_at).labels
            for i in items
            if i.started_at
        ),
        "linked for a while": sum(any(removed for _, _, removed in i.links) for i in items),
        "linked for ever": sum(any(removed is None for _, _, removed in i.links) for i in items),
    }
    assert not [name for name, count in counts.items() if count == 0], counts
    late = [s for s in now.sprints.values() if s.closed_at and s.closed_at.date() > s.planned_end_at.date()]
    assert len(late) > 10


def pairs(item: WorkItem) -> list[tuple]:
    return list(zip(item.episodes, item.episodes[1:], strict=False))


def test_unmapped_things_exist_and_stay_under_five_percent(now: Truth) -> None:
    items = [i for i in now.work_items.values() if i.level in ("flow_item", None)]
    unmapped = [i for i in items if i.level is None or any(e.state is None for e in i.episodes)]
    assert 0 < len(unmapped) / len(items) < 0.05


def test_dated_facts_change_identity_at_midnight_in_berlin(company: Company) -> None:
    day = datetime(2025, 8, 31, 22, tzinfo=UTC)
    moved = [
        (before, after)
        for item in company.truth.work_items.values()
        for before, after in zip(item.identities, item.identities[1:], strict=False)
        if after.from_at == day and before.project == "RET"
    ]
    assert moved and {(b.value_streams, a.value_streams) for b, a in moved} >= {
        ((("fulfilment", 1.0),), (("payments", 1.0),)),
        ((("fulfilment", 1.0),), (("fulfilment", 1.0),)),
    }


def test_labels_change_what_an_item_is() -> None:
    assert kind_of("10002", ()) == ("feature", "flow_item")
    assert kind_of("10002", ("ops", "tech-debt")) == ("debt", "flow_item")
    assert kind_of("10003", ("security",)) == ("risk", "flow_item")
    assert kind_of("10008", ()) == (None, None)


# --- initiatives -----------------------------------------------------------------------------------
def test_outcomes_are_messy_and_judged_by_rule(company: Company, now: Truth) -> None:
    latest = Counter(i.outcomes[-1].rule for i in now.initiatives.values())
    assert set(latest) == {None, "blank", "placeholder", "template", "copy_of_title", "link_only"}
    assert 0.4 < latest[None] / sum(latest.values()) < 0.75
    fields = {i.id: i.fields for i in company.world.jira.issues}
    values = [fields[i]["customfield_10061"] for i in company.truth.initiatives]
    assert {type(value) for value in values} == {dict, str, type(None)}
    rules = dict.fromkeys(texts.PLACEHOLDER_OUTCOMES, "placeholder") | {texts.TEMPLATE_OUTCOME: "template"}
    for initiative in company.truth.initiatives.values():
        for version in initiative.outcomes:
            assert version.rule == rules.get(version.text, version.rule)
    after_done = [
        i
        for i in company.truth.initiatives.values()
        if (done := company.truth.work_items[i.item_id].done_at)
        and i.outcomes[-1].rule is None
        and i.outcome_at(done).rule is not None
    ]
    assert after_done
    assert any(i.actual_outcomes for i in now.initiatives.values())


def test_an_initiative_belongs_to_one_team_and_one_value_stream(company: Company) -> None:
    for key, initiative in company.truth.initiatives.items():
        for identity in company.truth.work_items[key].identities:
            assert identity.teams == ((initiative.team, 1.0),) and len(identity.value_streams) == 1


# --- GitHub ----------------------------------------------------------------------------------------
def test_pull_requests_are_what_the_truth_says(company: Company) -> None:
    bots = {"dependabot", "acme-ci", "acme-review-bot", "quality-robot"}
    seen = 0
    for repository in company.world.github.repositories:
        on_main = {commit.oid: commit for commit in repository.commits}
        numbers = [p.number for p in repository.pull_requests] + [i.number for i in repository.issues]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        for pull in repository.pull_requests:
            fact = company.truth.pull_requests[pull.id]
            seen += 1
            assert pull.commits and min(c.authored_at for c in pull.commits) == fact.first_commit_authored_at
            assert all(c.authored_at <= c.committed_at <= c.visible_at for c in pull.commits)
            human = [r.submitted_at for r in pull.reviews if r.author.login not in bots and r.author != pull.author]
            assert min(human, default=None) == fact.first_review_at
            ready = [e.created_at for e in pull.timeline if e.type == "ReadyForReviewEvent"]
            assert fact.ready_times == (ready if pull.created_as_draft else [pull.created_at])
            assert fact.requested_times == [e.created_at for e in pull.timeline if e.type == "ReviewRequestedEvent"]
            times = [e.created_at for e in pull.timeline]
            assert times == sorted(times)
            assert (pull.merged_at, pull.merge_commit_oid) == (fact.merged_at, fact.merge_oid)
            last = [r.submitted_at for r in pull.reviews] + [c.visible_at for c in pull.commits]
            if pull.merged_at:
                merge = on_main[pull.merge_commit_oid]
                assert merge.visible_at == pull.merged_at == pull.closed_at >= max(last)
                assert len(merge.parents) in (1, 2)
            if fact.first_review_at:
                assert fact.review_turnaround_from and fact.review_turnaround_from <= fact.first_review_at
    assert seen == len(company.truth.pull_requests)


def test_a_default_branch_is_one_line_of_parents(company: Company) -> None:
    for repository in company.world.github.repositories:
        shown = [commit.visible_at for commit in repository.commits]
        assert shown == sorted(shown)
        known: dict[str, Commit] = {}
        from_pulls = {c.oid for p in repository.pull_requests for c in p.commits}
        head: str | None = None
        for commit in repository.commits:
            assert all(parent in known for parent in commit.parents)
            known[commit.oid] = commit
            if commit.oid not in from_pulls:
                assert commit.parents[:1] == ([head] if head else [])
                head = commit.oid
        merges = {p.merge_commit_oid for p in repository.pull_requests}
        direct = {oid for oid in known if oid not in merges and oid not in from_pulls}
        facts = {
            oid for oid, push in company.truth.direct_pushes.items() if push.repository == repository.name_with_owner
        }
        assert direct == facts


def test_deployed_changes_are_the_ancestors_of_their_deployment(company: Company) -> None:
    changes = defaultdict(list)
    for pull in company.truth.pull_requests.values():
        if pull.deployment_id:
            changes[pull.deployment_id].append((pull.merge_oid, pull.merged_at, pull.deployed_by))
    for push in company.truth.direct_pushes.values():
        if push.deployment_id:
            changes[push.deployment_id].append((push.oid, push.pushed_at, push.deployed_by))
    for repository in company.world.github.repositories:
        if repository.name_with_owner == monorepo.NAME:  # see test_monorepo.py
            continue
        parents = {c.oid: c.parents for c in repository.commits}
        claimed: set[str] = set()
        facts = [d for d in company.truth.deployments.values() if d.repository == repository.name_with_owner]
        good = [d for d in facts if d.is_production and d.outcome == "success"]
        for deployment in sorted(good, key=lambda d: d.finished_at):
            reached, todo = set(), [deployment.commit_oid]
            while todo:
                oid = todo.pop()
                if oid not in claimed and oid not in reached:
                    reached.add(oid)
                    todo += parents.get(oid, [])
            mine = {oid for oid, _, _ in changes[deployment.deployment_id]}
            assert mine <= reached
            heads = {p.merge_commit_oid for p in repository.pull_requests} | set(company.truth.direct_pushes)
            assert mine == reached & heads
            claimed |= reached
            for oid, _, method in changes[deployment.deployment_id]:
                assert (method == "direct") == (oid == deployment.commit_oid)


def test_deployment_statuses_tell_their_outcome(company: Company) -> None:
    outcomes = Counter()
    for repository in company.world.github.repositories:
        for deployment in repository.deployments:
            fact = company.truth.deployments[deployment.id]
            states = [status.state for status in deployment.statuses]
            times = [status.created_at for status in deployment.statuses]
            assert times == sorted(times) and deployment.created_at <= fact.created_at
            if fact.outcome == "success":
                assert states[:3] == ["QUEUED", "IN_PROGRESS", "SUCCESS"] and times[2] == fact.finished_at
                assert set(states[3:]) <= {"INACTIVE"} and len(states) <= 4
            elif fact.outcome == "failed":
                assert states == ["QUEUED", "IN_PROGRESS", "FAILURE"]
            elif fact.outcome == "failed_before":
                assert states == ["QUEUED", "ERROR"]
            outcomes[fact.outcome, bool(fact.rollback_of)] += 1
    assert outcomes["failed", False] and outcomes["failed_before", False] and outcomes["success", True]


def test_ai_trailers_appear_only_in_teams_that_adopted(company: Company) -> None:
    services = {"checkout", "payments", "warehouse"}
    marked = Counter(p.service for p in company.truth.pull_requests.values() if p.is_ai_assisted)
    assert set(marked) == services and all(count > 20 for count in marked.values())
    messages = [c.message for r in company.world.github.repositories for p in r.pull_requests for c in p.commits]
    assert any("Co-authored-by: AI Assistant" in message for message in messages)


# --- stories ---------------------------------------------------------------------------------------
def test_review_bottleneck_grows_and_the_experiment_relieves_it(now: Truth) -> None:
    before = median_flow_days(now, "search", "2025-09-01", "2026-02-01")
    after = median_flow_days(now, "search", "2026-04-01", "2026-07-01")
    assert after < 0.75 * before


def test_overloaded_team_gets_slower_and_unhappier(now: Truth) -> None:
    first = median_flow_days(now, "orders", "2025-01-01", "2025-04-01")
    last = median_flow_days(now, "orders", "2026-04-01", "2026-07-01")
    assert last > 1.6 * first

    def speed(wave: str) -> float:
        return median(a.answers["speed"] or 3 for a in now.answers if a.wave == wave and a.team == "orders")

    assert speed("2026-Q2") < speed("2025-Q1")


def test_acquired_team_begins_when_it_joins(company: Company) -> None:
    joined = datetime(2025, 9, 30, 22, tzinfo=UTC)
    parcelio = [i for i in company.truth.work_items.values() if i.identities[0].project == "PARC"]
    assert parcelio and min(i.created_at for i in parcelio) >= joined
    assert {e.status for i in parcelio for e in i.episodes} >= {"Inbox", "Building", "Shipped"}


def test_names_of_people_are_planted_everywhere(company: Company) -> None:
    places = Counter(p.where for p in company.truth.planted_names)
    assert set(places) == {"title", "branch", "label", "outcome", "incident"} and min(places.values()) >= 5
    assert all(p.name in p.text for p in company.truth.planted_names)


# --- clock and files -------------------------------------------------------------------------------
def test_truth_at_a_clock_knows_nothing_later(company: Company) -> None:
    clock = datetime(2025, 10, 15, 12, tzinfo=UTC)
    then = company.truth.at(clock)
    assert then.at(clock) == then
    assert 0 < len(then.work_items) < len(company.truth.work_items)
    for item in then.work_items.values():
        assert all(e.from_at <= clock and (e.to_at is None or e.to_at <= clock) for e in item.episodes)
    for pull in then.pull_requests.values():
        assert all(
            t is None or t <= clock for t in (pull.first_review_at, pull.merged_at, pull.closed_at, pull.deployed_at)
        )
    assert all(d.finished_at is None or d.finished_at <= clock for d in then.deployments.values())
    for incident in then.incidents.values():
        times = [incident.acknowledged_at, incident.escalated_at, *incident.resolved_times, *incident.reopened_times]
        assert all(at is None or incident.started_at <= at <= clock for at in times)
    assert all(d.finished_at is None or d.finished_at <= clock for d in then.inbox_deployments.values())
    assert all(f.closed_at is None or f.closed_at <= clock for f in then.inbox_findings.values())
    assert set(then.waves) == {"2025-Q1", "2025-Q2", "2025-Q3"}


def test_nothing_happens_outside_the_simulated_time(company: Company) -> None:
    first, last = datetime(2024, 12, 29, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    for issue in company.world.jira.issues:
        assert first < issue.created < last
        assert all(first < history.created < last for history in issue.histories)
    for repository in company.world.github.repositories:
        for pull in repository.pull_requests:
            assert first < pull.created_at < last
            assert all(r.submitted_at < last for r in pull.reviews)
            assert all(e.created_at < last for e in pull.timeline)


def test_organisation_files_and_surveys_are_accepted_by_their_readers(company: Company, tmp_path: Path) -> None:
    from ingestion.config import load_config
    from ingestion.sources.organization_files import read_organization
    from ingestion.sources.survey_files import read_surveys

    write_config(company, tmp_path)
    config = load_config(tmp_path, environ={"SANDBOX_TOKEN": "x"})
    names = [connection.name for connection in config.connections]
    tables = read_organization(tmp_path / "organization", connections=names)
    assert len(tables["teams"]) == 11
    teams = {team.team_id: team.team_id for team in TEAMS} | {team.name.lower(): team.team_id for team in TEAMS}
    readings = read_surveys(tmp_path / "surveys", time_zone="Europe/Berlin", teams=teams)
    assert {reading.wave.wave for reading in readings} == set(company.truth.waves)
    answers = {(r.wave.wave, a.identity): a for r in readings for a in r.answers}
    assert not [bad for reading in readings for bad in reading.quarantined]
    assert len(answers) == len(company.truth.answers)
    for fact in company.truth.answers:
        read = answers[fact.wave, fact.respondent]
        assert (read.team, read.submitted_at) == (fact.team, fact.submitted_at)
        assert {k: v for k, v in read.answers.items() if v is not None} == {
            k: v for k, v in fact.answers.items() if v is not None
        }
