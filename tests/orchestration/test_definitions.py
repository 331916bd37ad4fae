"""What Dagster sees: every asset, in one graph from raw to published, without network and without data."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import build_definitions
from orchestration.settings import PROJECT_ROOT, Settings

SNAPSHOT = Path(__file__).with_name("asset_keys.txt")
UPDATE = "FLOWLIGHT_UPDATE_SNAPSHOTS"
SOURCES = ("jira", "github", "pagerduty", "inbox", "surveys", "organization")
SECONDS_TO_LOAD = 3.0  # of CPU; the imports of dagster and dbt take another three


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(PROJECT_ROOT, PROJECT_ROOT / "config", tmp_path_factory.mktemp("definitions") / "data")


@pytest.fixture(scope="module")
def definitions(settings: Settings):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.environment().items():
            patch.setenv(name, value)
        yield build_definitions(settings)


def test_asset_keys_are_the_pinned_ones(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.materializable_asset_keys}
    if UPDATE in os.environ:
        SNAPSHOT.write_text("\n".join(sorted(keys)) + "\n")
    pinned = set(SNAPSHOT.read_text().split())
    assert (sorted(keys - pinned), sorted(pinned - keys)) == ([], []), f"set {UPDATE}=1 if the change is meant"


def test_lineage_leads_from_every_configured_source_to_the_publication(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    above = {key.path[0] for key in graph.get_ancestor_asset_keys(dg.AssetKey(["publication", "flowlight"]))}
    assert {"jira", "github", "surveys", "organization", "ingestion", "staging", "intermediate", "core"} <= above
    marts = graph.get(dg.AssetKey(["publication", "flowlight"])).parent_keys
    assert {key.path[0] for key in marts} == {"core", "flow", "quality", "sentiment", "outcomes"}
    external = {key for key in graph.external_asset_keys if key.path[0] in SOURCES}
    assert not external, "a source of dbt that no connection's stream makes"


def test_every_tested_model_has_one_check_and_every_connection_has_one(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    names = [key.name for key in graph.asset_check_keys]
    assert {name for name in names if name != "tests"} == {f"read_{source}" for source in SOURCES}
    assert len(graph.asset_check_keys) == len(set(graph.asset_check_keys))


def test_job_runs_everything_in_one_process_at_the_configured_time(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("nightly_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Europe/Berlin")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    job = definitions.resolve_job_def("nightly")
    assert job.executor_def is dg.in_process_executor
    assert {node.name for node in job.nodes} == {
        "extract_and_load",
        "dbt_build",
        "publication__flowlight",
        "publication__night",
    }


PROGRAM = """
import resource, socket
def used():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime
def refuse(*_, **__):
    raise AssertionError("no network while loading")
socket.socket.connect = refuse
import dagster, dagster_dbt, dbt.cli.main
before = used()
from orchestration.definitions import defs
defs()
print(used() - before)
"""


def test_definitions_load_without_network_and_data_and_cost_little_beside_the_imports(
    settings: Settings, definitions: dg.Definitions
) -> None:
    del definitions  # its manifest is prepared
    environment = {**os.environ, "FLOWLIGHT_CONFIG": str(settings.config), "FLOWLIGHT_DATA": str(settings.data)}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=PROJECT_ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert float(ended.stdout.split()[-1]) <= SECONDS_TO_LOAD
    assert not settings.warehouse.exists()
