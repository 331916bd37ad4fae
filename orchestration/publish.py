"""Publishing: a checked copy of the marts, Parquet and a manifest in a folder of their own, then an atomic swap.

    data/publications/<id>/flowlight.duckdb, parquet/<schema>/<table>.parquet, manifest.json
    data/published -> publications/<id>

A kill at any moment leaves the old link or the new one; what an ended attempt left lying is removed by the next.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.errors import GateError
from orchestration.settings import Settings

LOG = logging.getLogger("flowlight")
DATABASE = "marts"
BUILDING = ".building-"
STORAGE = "v1.0"
ALWAYS_FILLED = ("core.metric_catalogue", "core.dim_dates", "core.fct_metric_values")
MAY_EMPTY = (  # lists of problems and of changed values: empty where there are none, or none may be told any more
    "core.fct_data_quality",
    "core.fct_restatements",
)
QUALITY_TABLE = "core.fct_metric_values"


@dataclass(frozen=True, slots=True)
class Table:
    """A mart as its contract has it: `columns` in order."""

    schema: str
    name: str
    columns: tuple[str, ...]
    description: str = ""

    @property
    def title(self) -> str:
        """`flow.fct_flow_items`."""
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """The quoted name."""
        return f'"{self.schema}"."{self.name}"'


def marts_of(manifest: Mapping[str, Any]) -> list[Table]:
    """The published tables: every model, seed and snapshot that dbt's manifest puts into the marts file."""
    return sorted(
        (
            Table(node["schema"], node.get("alias") or node["name"], tuple(node["columns"]), node["description"])
            for node in manifest["nodes"].values()
            if node["resource_type"] in ("model", "seed", "snapshot")
            and node["database"] == DATABASE
            and node["config"]["materialized"] != "ephemeral"
        ),
        key=lambda table: table.title,
    )


def current_publication(settings: Settings) -> dict[str, Any] | None:
    """The manifest of what is published, or None where nothing (or nothing whole) is."""
    try:
        manifest = json.loads((settings.published / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return None
    return manifest if settings.published_file.exists() else None


def publish(
    settings: Settings, tables: Sequence[Table], facts: Mapping[str, Any], *, keep: int, accept_emptied: bool = False
) -> dict[str, Any]:
    """Publish the marts file and return the manifest.

    facts: {"as_of": ISO text, "run_id", "fingerprint", ...}, copied into the manifest. keep: how many publications
    stay. accept_emptied: a table may have lost all its rows. dbt must have closed its files. Raises GateError, with
    every reason, where the marts are not fit to be published; the old publication then stands.
    """
    previous = current_publication(settings)
    settings.publications.mkdir(parents=True, exist_ok=True)
    remove_leftovers(settings)
    name = _publication_id(settings, facts)
    building = settings.publications / f"{BUILDING}{name}"
    building.mkdir()
    try:
        with _disk_errors(settings):
            _drop_leftover_tables(settings.marts, tables)
            target = building / "flowlight.duckdb"
            shutil.copyfile(settings.marts, target)
            contents = _check_and_export(target, tables, previous, building / "parquet", accept_emptied)
            manifest = {
                "publication": name,
                "published_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "previous": previous and previous["publication"],
                **facts,
                "duckdb_version": duckdb.__version__,
                **contents,
            }
            (building / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
            _sync_tree(building)
            os.rename(building, settings.publications / name)
            _sync(settings.publications)
            _swap(settings, name)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    _remove_old(settings, keep)
    return manifest


def remove_leftovers(settings: Settings) -> None:
    """Remove what killed attempts left: half-built folders, links, and whole folders that were never published."""
    published = published_chain(settings)
    for path in settings.publications.iterdir():
        if path.name not in published:
            shutil.rmtree(path, ignore_errors=True)
    for link in settings.data.glob(".published-*"):
        link.unlink(missing_ok=True)


def published_chain(settings: Settings) -> list[str]:
    """Names of the publications that stand, newest first: the current one, the one it replaced, and so on."""
    chain: list[str] = []
    try:
        name: str | None = Path(os.readlink(settings.published)).name
    except OSError:
        return chain
    while name and name not in chain and (settings.publications / name).is_dir():
        chain.append(name)
        try:
            name = json.loads((settings.publications / name / "manifest.json").read_bytes())["previous"]
        except (OSError, ValueError, KeyError):
            break
    return chain


def _publication_id(settings: Settings, facts: Mapping[str, Any]) -> str:
    moment = datetime.fromisoformat(facts["as_of"]).astimezone(UTC)
    name = f"{moment:%Y%m%dT%H%M%SZ}-{facts['run_id'][:8]}"
    number = 1
    while (settings.publications / name).exists():
        number += 1
        name = f"{moment:%Y%m%dT%H%M%SZ}-{facts['run_id'][:8]}-{number}"
    return name


def _drop_leftover_tables(marts: Path, tables: Sequence[Table]) -> None:
    """Tables of models that are no more, and temporary ones of a killed build, do not get published."""
    if not marts.exists():
        raise GateError(f"{marts} is not there: dbt built no marts; run `flowlight nightly --full`")
    wanted = {table.title for table in tables}
    with duckdb.connect(str(marts)) as connection:
        found = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables where table_catalog = $1",
            [marts.stem],
        ).fetchall()
        for schema, name, kind in found:
            if f"{schema}.{name}" not in wanted:
                connection.execute(f'drop {"view" if kind == "VIEW" else "table"} "{schema}"."{name}" cascade')
                LOG.info("%s.%s is no mart any more and was dropped", schema, name)
        connection.execute("checkpoint")


def _check_and_export(
    file: Path, tables: Sequence[Table], previous: Mapping[str, Any] | None, parquet: Path, accept_emptied: bool
) -> dict[str, Any]:
    """Check the copy, write its tables as Parquet; {"storage_version", "tables", "data_quality"} for the manifest."""
    problems: list[str] = []
    contents: dict[str, Any] = {}
    before = previous["tables"] if previous else {}
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        storage = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where not internal"
        ).fetchone()
        storage_version = str(storage[0]) if storage else "unknown"
        if not storage_version.startswith(STORAGE):
            problems.append(
                f"its storage version is {storage_version}, which older clients cannot open; remove {file.name} of "
                "the warehouse folder and run again"
            )
        for table in tables:
            columns = [
                row[0]
                for row in connection.execute(
                    "select column_name from information_schema.columns where table_schema = $1 and table_name = $2 "
                    "order by ordinal_position",
                    [table.schema, table.name],
                ).fetchall()
            ]
            problem = _table_problem(table, columns)
            if problem:
                problems.append(problem)
                continue
            hashed = ", ".join(f'"{column}"' for column in sorted(columns))
            counted = connection.execute(f"select count(*), sum(hash({hashed})::hugeint) from {table.sql}").fetchone()
            rows, checksum = counted if counted else (0, None)
            if not rows and table.title in ALWAYS_FILLED:
                problems.append(f"{table.title} has no rows")
            elif (
                not rows
                and before.get(table.title, {}).get("rows")
                and not (accept_emptied or table.title in MAY_EMPTY)
            ):
                problems.append(
                    f"{table.title} had {before[table.title]['rows']:,} rows in the last publication and has none now; "
                    "if that is right, run `flowlight nightly --full`"
                )
            contents[table.title] = {
                "rows": rows,
                "checksum": str(checksum or 0),
                "columns": columns,
                "description": table.description,
                "parquet": f"parquet/{table.schema}/{table.name}.parquet",
            }
        if not tables:
            problems.append("the dbt project has no marts")
        if problems:
            raise GateError("the marts are not fit to be published: " + "; ".join(problems))
        for table in tables:
            path = parquet / table.schema / f"{table.name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy {table.sql} to '{_escaped(path)}' (format parquet, compression zstd)")
        quality = _data_quality(connection) if QUALITY_TABLE in contents else {}
    return {"storage_version": storage_version, "data_quality": quality, "tables": contents}


def _table_problem(table: Table, columns: Sequence[str]) -> str:
    """Why a table is not what its contract says, or ''."""
    if not columns:
        return f"{table.title} is missing"
    lacking, unknown = sorted(set(table.columns) - set(columns)), sorted(set(columns) - set(table.columns))
    if lacking or unknown:
        parts = [f"lacks {', '.join(lacking)}"] if lacking else []
        parts += [f"has {', '.join(unknown)} beside it"] if unknown else []
        return f"{table.title} departs from its contract: {' and '.join(parts)}"
    return ""


def _data_quality(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = connection.execute(
        f"select data_quality, count(*) from {QUALITY_TABLE} group by all order by 2 desc, 1"
    ).fetchall()
    return dict(rows)


def _swap(settings: Settings, name: str) -> None:
    """Point `published` at a publication in one step."""
    if settings.published.is_dir() and not settings.published.is_symlink():
        raise GateError(f"{settings.published} is a folder, not the link that publishing swaps; move it away")
    link = settings.data / f".published-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(settings.publications.name) / name)
    os.replace(link, settings.published)
    _sync(settings.data)


def _remove_old(settings: Settings, keep: int) -> None:
    for name in published_chain(settings)[max(keep, 1) :]:
        shutil.rmtree(settings.publications / name, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for path in _files_first(folder):
        _sync(path)


def _files_first(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _files_first(path)
        else:
            yield path
    yield folder


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk_errors(settings: Settings) -> Generator[None]:
    """A full or read-only disk, in one line."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise GateError(
            f"publishing into {settings.publications} failed: {reason}; the last publication stands, free space or "
            "rights there and run again"
        ) from error


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
