"""The simulated company, made once a file of tests."""

import pytest

from sandbox.company import Company, build_world
from sandbox.truth import Truth, WorkItem


@pytest.fixture(scope="module")
def company() -> Company:
    return build_world()


@pytest.fixture(scope="module")
def now(company: Company) -> Truth:
    return company.truth.at(company.world.default_clock)


def flow_items(truth: Truth) -> list[WorkItem]:
    return [item for item in truth.work_items.values() if item.level == "flow_item"]
