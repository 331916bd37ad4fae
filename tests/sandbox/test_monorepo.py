"""Acme's monorepo: two services of two teams in one repository, told apart by paths and a label."""

from collections import Counter
from datetime import date

import pytest

from sandbox.company import Company
from sandbox.github_state import MOST_FILES
from sandbox.monorepo import MONEY_SINCE, NAME, PAYOUTS, PAYOUTS_LABEL, SELLERS, SERVICES
from sandbox.truth import DirectPush, PullRequest, parts_at
from sandbox.world import Repository


@pytest.fixture(scope="module")
def repository(company: Company) -> Repository:
    assert company.world.github is not None
    return next(each for each in company.world.github.repositories if each.name_with_owner == NAME)


def _changes(company: Company) -> list[PullRequest | DirectPush]:
    every = (*company.truth.pull_requests.values(), *company.truth.direct_pushes.values())
    return [change for change in every if change.repository == NAME]


def test_changes_touch_one_service_both_or_none(company: Company) -> None:
    on = Counter(parts_at(change.parts or (), date(2026, 3, 1)) for change in _changes(company))
    assert set(on) == {(), (PAYOUTS,), (SELLERS,), (PAYOUTS, SELLERS)} and min(on.values()) >= 10
    before = Counter(parts_at(change.parts or (), date(2026, 1, 31)) for change in _changes(company))
    assert before[()] > on[()] and before[(PAYOUTS,)] < on[(PAYOUTS,)]


def test_parts_follow_from_paths_and_labels(company: Company, repository: Repository) -> None:
    for pull in repository.pull_requests:
        folders = {"/".join(file.path.split("/")[:2]) for file in pull.files}
        always = {service for service in SERVICES if f"services/{service}" in folders}
        always |= {PAYOUTS} if any(label == PAYOUTS_LABEL for label, _ in pull.labels) else set()
        later = always | ({PAYOUTS} if "libs/money" in folders else set())
        parts = company.truth.pull_requests[pull.id].parts or ()
        assert parts_at(parts, date(2025, 6, 1)) == tuple(sorted(always))
        assert parts_at(parts, MONEY_SINCE) == tuple(sorted(later))


def test_releases_ship_what_is_theirs_and_no_other(company: Company, repository: Repository) -> None:
    position = {commit.oid: place for place, commit in enumerate(repository.commits)}
    releases = [each for each in company.truth.deployments.values() if each.repository == NAME]
    first = {service: min(position[r.commit_oid] for r in releases if r.service == service) for service in SERVICES}
    shipped = Counter()
    for change in _changes(company):
        oid = change.oid if isinstance(change, DirectPush) else change.merge_oid
        assert len({service for service, _, _ in change.shipments}) == len(change.shipments)
        for service, at, id_ in change.shipments:
            carrying = [r for r in releases if r.service == service and position[r.commit_oid] >= position[oid or ""]]
            earliest = min(carrying, key=lambda r: r.finished_at or at)
            assert (earliest.deployment_id, earliest.finished_at) == (id_, at)
            assert position[oid or ""] >= first[service]
            shipped[service] += 1
    assert min(shipped.values()) > 60 and len(shipped) == 2


def test_one_pull_request_is_larger_than_github_shows(company: Company, repository: Repository) -> None:
    large = [pull for pull in repository.pull_requests if pull.changed_files > MOST_FILES]
    facts = [company.truth.pull_requests[pull.id] for pull in large]
    assert len(large) == 1 and facts[0].size_method == "total" and facts[0].merged_at
    assert any(
        file.additions > 3000 and file.path == "package-lock.json" for p in repository.pull_requests for file in p.files
    )
