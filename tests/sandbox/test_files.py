"""Files of Acme's pull requests, and their sizes by Acme's own rules."""

from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from sandbox.company import Company
from sandbox.world import PullRequest
from tests.oracle.sizes import size_lines

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def pulls(company: Company) -> list[tuple[str, PullRequest]]:
    assert company.world.github is not None
    return [(each.name_with_owner, pull) for each in company.world.github.repositories for pull in each.pull_requests]


def test_files_sum_up_to_their_pull_request(pulls: list[tuple[str, PullRequest]]) -> None:
    for _, pull in pulls:
        assert len({file.path for file in pull.files}) == len(pull.files) == pull.changed_files
        assert sum(file.additions for file in pull.files) == pull.additions
        assert sum(file.deletions for file in pull.files) == pull.deletions
        assert all(file.additions >= 0 and file.deletions >= 0 for file in pull.files)


def test_sizes_follow_from_the_rules(company: Company, pulls: list[tuple[str, PullRequest]]) -> None:
    rules = company.organization["generated_files"]
    sizes, different = Counter(), 0
    for repository, pull in pulls:
        if pull.merged_at is None:
            continue
        facts = company.truth.pull_requests[pull.id]
        expected = pull.additions + pull.deletions
        if facts.size_method == "files":
            expected = size_lines(pull, repository, pull.merged_at.astimezone(BERLIN).date(), rules)
        assert facts.size_lines == expected, pull.id
        sizes[facts.size_method] += 1
        different += facts.size_lines != pull.additions + pull.deletions
    assert sizes["files"] > 3000 and 300 < different < sizes["files"] / 2


def test_company_has_large_lock_files_and_files_that_only_look_generated(pulls: list[tuple[str, PullRequest]]) -> None:
    files = [(repository, file) for repository, pull in pulls for file in pull.files]
    locks = [file.additions + file.deletions for _, file in files if "lock" in file.path]
    assert sum(lines > 500 for lines in locks) >= 5
    assert any(repository == "acme/storefront" and "vendor/acme-theme/" in file.path for repository, file in files)
    snapshots = [pull.merged_at for _, pull in pulls for file in pull.files if file.path.endswith(".snap")]
    days = [f"{at:%Y-%m-%d}" for at in snapshots if at]
    assert min(days) < "2026-01-01" < max(days)
