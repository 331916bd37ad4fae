"""Flowlight in the extraction benchmark: the Jira source's own issue stream, from first page to merged raw table.

Run by the benchmark: `python with_flowlight.py URL FOLDER`. Two things differ from a night: the plan is one listing of
everything, and the payload is kept whole, as the alternative keeps it (a night lands only the fields it asks for).
"""

import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

from pydantic import SecretStr

from ingestion import sync
from ingestion.load import Warehouse
from ingestion.sources import SOURCES
from ingestion.stream import Slice


def main(url: str, folder: str) -> None:
    """Extract every page of `url`, land it, load and merge it into FOLDER/warehouse.duckdb."""
    as_of = datetime(2026, 7, 1, tzinfo=UTC)
    connection = SimpleNamespace(
        name="jira", type="jira", base_url=url, user="bot@example.com", token=SecretStr("benchmark"), token_env="TOKEN",
        projects=("SHOP",), start_date=date(2024, 1, 1), quota_ceiling=0.8, overlap_minutes=10, fields={},
    )  # fmt: skip
    source = SOURCES["jira"]
    listing = Slice(key="", values={"jql": "project = SHOP", "maxResults": 100, "fields": ["*all"]})
    stream = replace(source.stream("issues"), slices=lambda context: [listing], again=None, requires=(), shape=None)
    sync.SOURCES = {"jira": replace(source, streams=(stream,))}
    with Warehouse(Path(folder) / "warehouse.duckdb") as warehouse:
        warehouse.ensure_tables()
        runs = sync.sync_connection(connection, config=None, data=Path(folder), warehouse=warehouse, as_of=as_of)
        assert [run.status for run in runs] == ["ok"], runs
        print(warehouse.query("select count(*) from raw_jira.issues")[0][0])


if __name__ == "__main__":
    main(*sys.argv[1:])
