"""Whether anything changed since the last publication: raw rows, settings and clock, dbt project, version."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import orchestration

# Counters of a run differ although nothing changed, and no row of theirs is news; nor is what is published already.
LEFT_OUT = {
    "raw_ingestion.loads": None,
    "raw_ingestion.stream_runs": "connection, source, stream, as_of, status",
    "raw_ingestion.quarantine": "connection, source, stream, line, reason, record",
    "raw_ingestion.settings": "t",
    "raw_ingestion.connections": "t",
    "raw_ingestion.published_metric_values": None,
    "raw_ingestion.published_restatements": None,
    "raw_ingestion.published_sentiment_versions": None,
    "raw_ingestion.published_sentiment_answers": None,
}
IGNORED_FOLDERS = {"target", "logs", "dbt_packages", "__pycache__"}


def raw_fingerprint(warehouse: Any) -> str:
    """A hash of which rows stand in the raw tables at which load: order-independent, without reading a payload."""
    tables = warehouse.query(
        """
        select table_schema || '.' || table_name
        from information_schema.tables
        where starts_with(table_schema, 'raw_')
        order by 1
        """
    )
    parts = []
    for (table,) in tables:
        columns = LEFT_OUT.get(table, "connection, id, load_id")
        if columns is not None:
            schema, name = table.split(".")
            query = f'select count(*), sum(hash({columns})::hugeint) from "{schema}"."{name}" as t'
            parts.append((table, *map(str, warehouse.query(query)[0])))
    return _digest(parts)


def project_fingerprint(dbt_project: Path) -> str:
    """A hash of the dbt project's files."""
    files = sorted(
        path
        for path in dbt_project.rglob("*")
        if path.is_file()
        and path.name != ".user.yml"
        and not IGNORED_FOLDERS.intersection(path.relative_to(dbt_project).parts)
    )
    return _digest(
        [(path.relative_to(dbt_project).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    )


def night_fingerprint(raw: str, dbt_project: Path) -> str:
    """What a publication was made from; equal fingerprints make equal publications."""
    return _digest([raw, project_fingerprint(dbt_project), orchestration.__version__])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
