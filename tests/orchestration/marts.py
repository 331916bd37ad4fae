"""A small marts file for publishing tests; also run as a program, so that a test can kill it or read beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration import publish as module
from orchestration.settings import Settings

COLUMNS = ("version", "number")
TABLES = [
    module.Table(schema, name, COLUMNS, "One row per number.")
    for schema, name in (("core", "dim_dates"), ("core", "fct_metric_values"), ("core", "metric_catalogue"))
] + [module.Table("flow", "fct_flow_items", COLUMNS, "One row per number.")]


def settings_in(folder: Path) -> Settings:
    """The settings of an installation whose data lie in that folder."""
    return Settings.from_environment({"FLOWLIGHT_DATA": str(folder)})


def write_marts(settings: Settings, version: int, *, rows: int = 100, order: str = "number") -> None:
    """Marts in which every row of every table says the same version."""
    settings.marts.parent.mkdir(parents=True, exist_ok=True)
    settings.marts.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{settings.marts}' as marts (storage_version 'v1.0.0')")
        for table in TABLES:
            quality = ", 'ok' as data_quality" if table.name == "fct_metric_values" else ""
            connection.execute(f"create schema if not exists marts.{table.schema}")
            connection.execute(
                f"create table marts.{table.title} as select {version} as version, range as number{quality} "
                f"from range({rows}) order by {order}"
            )


def tables() -> list[module.Table]:
    """The contract of those marts."""
    return [
        module.Table(t.schema, t.name, (*COLUMNS, "data_quality"), t.description)
        if t.name == "fct_metric_values"
        else t
        for t in TABLES
    ]


def publish_version(settings: Settings, version: int, keep: int = 3, **options: bool) -> dict:
    """Write and publish one version; the manifest."""
    write_marts(settings, version)
    facts = {"as_of": "2026-07-01T02:00:00Z", "run_id": f"run{version:05d}", "fingerprint": str(version)}
    return module.publish(settings, tables(), facts, keep=keep, **options)


def die_at(step: str) -> None:
    """End this process without any clean-up (as kill -9 does) right after a step of publishing."""
    owner, _, name = step.rpartition(".")
    target = {"": module, "os": os, "shutil": module.shutil}[owner]
    original = getattr(target, name)

    def dying(*arguments: object, **named: object) -> None:
        original(*arguments, **named)
        os._exit(9)

    setattr(target, name, dying)


def main(arguments: Sequence[str]) -> None:
    """`publish FOLDER VERSION [STEP TO DIE AT]` or `read FOLDER SECONDS`."""
    command, folder, number, *step = arguments
    settings = settings_in(Path(folder))
    if command == "publish":
        if step:
            write_marts(settings, int(number))
            die_at(step[0])
        publish_version(settings, int(number))
    else:
        read(settings, float(number))


def read(settings: Settings, seconds: float) -> None:
    """Open the published file again and again; prints the versions seen, or exits with 1 where one is a mixture."""
    import time

    seen, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        with duckdb.connect(str(settings.published_file), read_only=True) as connection:
            union = " union all ".join(f"select version from {table.title}" for table in TABLES)
            versions = connection.execute(f"select distinct version from ({union})").fetchall()
            if len(versions) != 1:
                print(f"mixture: {versions}")
                sys.exit(1)
            if versions[0][0] not in seen:
                seen.append(versions[0][0])
        time.sleep(0.01)
    print(*seen)


if __name__ == "__main__":
    main(sys.argv[1:])
