"""The simulated company: big enough, messy enough, the same every time, and in agreement with its own truth."""

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sandbox.company import Company
from sandbox.people import hire
from sandbox.shipped import config_files, write_config
from sandbox.teams import FIRST_DAY, TEAMS
from sandbox.truth import Truth
from tests.sandbox.conftest import flow_items

ROOT = Path(__file__).resolve().parents[2]


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
