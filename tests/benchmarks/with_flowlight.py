"""Flowlight in the extraction benchmark: the Jira source's own issue stream, from the first page to the merged raw table.

Run by the benchmark: `python with_flowlight.py URL FOLDER`. Two things differ from a night: the plan is one listing of everything,
and the payload is kept whole, as the alternative keeps it (a night asks for the fields it needs and lands no others).
"""

import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

from pydantic import SecretStr

from ingestion.client import Client
from ingestion.extract import Progress, extract
from ingestion.landing import LandingZone
from ingestion.load import Warehouse
from ingestion.sources import SOURCES
from ingestion.stream import Context, Slice


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
    zone = LandingZone(Path(folder) / "landing").stream(stream.name)
    with Warehouse(Path(folder) / "warehouse.duckdb") as warehouse, Client(source.endpoint(connection)) as client:
        warehouse.ensure_tables()
        extract(stream, Context(connection, None, as_of, warehouse, client), zone, Progress())
        warehouse.load(zone, connection="jira", source="jira", stream="issues", as_of=as_of)
        print(warehouse.query("select count(*) from raw_jira.issues")[0][0])


if __name__ == "__main__":
    main(*sys.argv[1:])
