"""Nights over a data folder of their own: read the small world, build with dbt in this process, build again in full."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import duckdb

from ingestion.config import Config, load_config
from ingestion.load import Warehouse
from ingestion.sources import SOURCES
from ingestion.sync import sync_connection
from orchestration.dbt_build import QUIET, close_dbt
from orchestration.publish import marts_of, publish
from orchestration.restatements import remember_published
from orchestration.settings import PROJECT_ROOT, Settings
from tests.incremental.killed_build import failures
from tests.incremental.world import World

Models = tuple[str, ...]
BUILD = ("build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test", "--no-write-json", *QUIET)
TOKEN = {"SMALL_TOKEN": "none"}
# another project than the repository's own, for trying whether a broken model is found
DBT_PROJECT_VARIABLE = "FLOWLIGHT_TEST_DBT_PROJECT"


@dataclass
class Nights:
    """The nights of one world in one folder. `models` of a build: the names of those it makes; blank = all of them."""

    folder: Path
    world: World
    runs: list[Any] = field(default_factory=list)
    as_of: datetime | None = None

    @property
    def built(self) -> Settings:
        """Where the nights build."""
        return Settings(PROJECT_ROOT, self.folder / "config", self.folder / "nights")

    @property
    def rebuilt(self) -> Settings:
        """Where a full build of the same raw tables goes."""
        return Settings(PROJECT_ROOT, self.folder / "config", self.folder / "rebuilt")

    def read(self, as_of: datetime) -> None:
        """Extract and load all connections as they are now, with a clock."""
        settings = self.built
        self.world.organization.write(settings.config)
        config = load_config(settings.config, environ=TOKEN).with_data(settings.data)
        with Warehouse(settings.warehouse) as warehouse:
            warehouse.ensure_tables()
            self.runs = self._sync(config, warehouse, as_of)
            warehouse.write_settings(config, as_of)
            remember_published(settings, warehouse)
        self.as_of = as_of

    def _sync(self, config: Config, warehouse: Warehouse, as_of: datetime) -> list[Any]:
        with patch.dict(SOURCES, self.world.sources()):
            return [
                run
                for connection in config.connections
                for run in sync_connection(
                    connection, config=config, data=self.built.data, warehouse=warehouse, as_of=as_of
                )
            ]

    def build(self, models: Models = ()) -> None:
        """dbt over what was read, as the nightly does it, without its tests. Fails on any error."""
        errors = run_dbt(self.built, _build_of(models))
        assert not errors, "\n".join(errors)

    def publish(self) -> None:
        """Publish what the last build, of all models, made."""
        assert self.as_of is not None
        facts = {"as_of": self.as_of.isoformat(), "run_id": "small", "fingerprint": ""}
        publish(self.built, marts_of({"nodes": _nodes()}), facts, keep=2, accept_emptied=True)

    def fail(self, chance: random.Random, models: Models = ()) -> str:
        """A build in which some model fails; its name."""
        model = chance.choice(models or all_models())
        node = next(node for node in manifest().nodes.values() if node.resource_type == "model" and node.name == model)
        with patch.object(node, "raw_code", "select error('this night fails') as failed"):
            errors = run_dbt(self.built, _build_of(models))
        assert errors, f"{model} was to fail"
        return model

    def kill(self, chance: random.Random, models: Models = ()) -> str:
        """A build in a process of its own that is killed at some moment; after which model.

        Half of the kills come after one that keeps something from night to night: these can do harm later.
        """
        last = chance.choice(chance.choice([models or all_models(), incremental_models()]))
        wait = chance.uniform(0, 0.15)
        parsed = self.folder / "manifest.pickle"
        if not parsed.exists():
            # a copy has no lookups yet; pickled ones come back in each other's places (dbt's Manifest.__reduce_ex__)
            parsed.write_bytes(pickle.dumps(manifest().deepcopy()))
        with environment(self.built):
            child = subprocess.Popen(
                [sys.executable, "-m", "tests.incremental.killed_build", str(parsed), *_build_of(models)],
                cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        assert child.stdout is not None
        other = []
        with child:
            for line in child.stdout:
                if not line.startswith("finished "):
                    other.append(line)  # of a model that failed: then the build goes on to its end and says why
                elif line == f"finished {last}\n" and not other:
                    try:
                        child.wait(wait)
                    except subprocess.TimeoutExpired:
                        child.kill()
                    break
        assert child.returncode in (0, -signal.SIGKILL) and not other, "".join(other)
        return last + ("" if child.returncode else ", too late: it was at its end")

    def rebuild(self, models: Models = ()) -> None:
        """A full build of the same raw tables into files of its own."""
        settings = self.rebuilt
        shutil.rmtree(settings.data, ignore_errors=True)
        settings.warehouse.parent.mkdir(parents=True)
        with duckdb.connect(str(settings.warehouse)) as connection:
            connection.execute(f"attach '{self.built.warehouse}' as nights (read_only)")
            tables = connection.execute(
                """select schema_name, table_name from duckdb_tables()
                where database_name = 'nights' and starts_with(schema_name, 'raw_')"""
            ).fetchall()
            assert tables
            for schema in sorted({schema for schema, _ in tables}):
                connection.execute(f"create schema {schema}")
            for schema, table in tables:
                connection.execute(f'create table {schema}."{table}" as from nights.{schema}."{table}"')
        errors = run_dbt(settings, (*_build_of(models), "--full-refresh"))
        assert not errors, "\n".join(errors)


def _build_of(models: Models) -> tuple[str, ...]:
    return (*BUILD, "--select", *models) if models else BUILD


@cache
def _nodes() -> dict[str, Any]:
    """The manifest's models and seeds as they stand in manifest.json."""
    nodes = manifest().nodes.items()
    return {id_: node.to_dict(omit_none=False) for id_, node in nodes if node.resource_type in ("model", "seed")}


def all_models() -> tuple[str, ...]:
    """The names of all models."""
    return tuple(sorted(node.name for node in manifest().nodes.values() if node.resource_type == "model"))


def incremental_models() -> tuple[str, ...]:
    """The names of the models that keep something from night to night."""
    nodes = manifest().nodes.values()
    return tuple(sorted(n.name for n in nodes if n.resource_type == "model" and n.config.materialized == "incremental"))


def models_with_memory() -> tuple[str, ...]:
    """The models that keep something from night to night, and those they are made from; the others are made anew."""
    return tuple(sorted(made_from(incremental_models())))


def made_from(models: Collection[str]) -> set[str]:
    """These models and all those they are made from, by name."""
    nodes = {node.unique_id: node for node in manifest().nodes.values() if node.resource_type == "model"}
    wanted = {id_ for id_, node in nodes.items() if node.name in models}
    open_ = list(wanted)
    while open_:
        above = [id_ for id_ in nodes[open_.pop()].depends_on.nodes if id_ in nodes and id_ not in wanted]
        wanted.update(above)
        open_ += above
    return {nodes[id_].name for id_ in wanted}


def build_order() -> dict[str, int]:
    """How many steps each model or seed stands behind its first source, by name."""
    nodes, found = manifest().nodes, {}

    def steps(id_: str) -> int:
        if id_ not in found:
            parents = [above for above in getattr(nodes[id_].depends_on, "nodes", ()) if above in nodes]
            found[id_] = 1 + max(map(steps, parents), default=0)
        return found[id_]

    built = [id_ for id_, node in nodes.items() if node.resource_type in ("model", "seed")]
    return {nodes[id_].alias: steps(id_) for id_ in built}


def keys() -> dict[str, list[str]]:
    """The key columns of the published tables, by name, from their tests."""
    found: dict[str, list[str]] = {}
    for node in manifest().nodes.values():
        metadata = getattr(node, "test_metadata", None)
        if metadata is None or metadata.name not in ("unique", "unique_together"):
            continue
        model = manifest().nodes.get(node.attached_node)
        if model is not None:
            columns = metadata.kwargs.get("columns") or [metadata.kwargs["column_name"]]
            found[model.alias] = list(columns)
    return found


def dbt_project() -> Path:
    """The dbt project that is built."""
    return Path(os.environ.get(DBT_PROJECT_VARIABLE) or PROJECT_ROOT / "dbt_project").resolve()


@contextmanager
def environment(settings: Settings) -> Generator[None]:
    """dbt's variables for these settings, with folders that exist."""
    for folder in (settings.warehouse.parent, settings.dbt_target, settings.logs):
        folder.mkdir(parents=True, exist_ok=True)
    project = str(dbt_project())
    with patch.dict(os.environ, {**settings.environment(), "DBT_PROJECT_DIR": project, "DBT_PROFILES_DIR": project}):
        yield


@cache
def manifest() -> Any:
    """dbt's manifest of the project, parsed once a process and given to every build."""
    from dbt.cli.main import dbtRunner

    with TemporaryDirectory() as folder, environment(Settings(PROJECT_ROOT, Path(folder), Path(folder))):
        result = dbtRunner().invoke(["parse", "--no-partial-parse", "--no-write-json", *QUIET])
    assert result.success, result.exception
    return result.result


def run_dbt(settings: Settings, arguments: tuple[str, ...]) -> list[str]:
    """A dbt command in this process, its files closed afterwards; what failed, a line each."""
    from dbt.cli.main import dbtRunner

    parsed = manifest()
    with environment(settings):
        try:
            return failures(dbtRunner(manifest=parsed).invoke(list(arguments)))
        finally:
            close_dbt(settings)
