"""What stands published, brought back into the warehouse: what the next night may change and has to tell of it."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from ingestion.load import META_TABLES, Warehouse
from orchestration.errors import GateError
from orchestration.publish import current_publication
from orchestration.settings import Settings

CELL = {"metric", "scope_type", "scope_id", "period_grain", "period_start", "breakdown"}
BLOCK = {"wave_key", "driver", "scope_type", "scope_id", "n"}
MARTS = {  # table, schema and mart, and the columns without which there is nothing to remember
    "published_metric_values": ("core", "fct_metric_values", CELL),
    "published_restatements": ("core", "fct_restatements", CELL),
    "published_sentiment_versions": ("sentiment", "fct_sentiment_versions", BLOCK),
}

ANSWERS = "raw_ingestion.published_sentiment_answers"
KEEP_ANSWERS = f"""
    insert into {ANSWERS} by name
    select answers.wave_key, answers.driver, answers.scope_type, answers.scope_id, answers.version, answers.answer_hash
    from intermediate.int_sentiment_block_answers as answers
    inner join raw_ingestion.published_sentiment_versions as versions
        on (answers.wave_key, answers.driver, answers.scope_type, answers.scope_id, answers.version, answers.as_of)
            = (versions.wave_key, versions.driver, versions.scope_type, versions.scope_id, versions.version,
                versions.versioned_at)
    anti join {ANSWERS} as kept
        on (answers.wave_key, answers.driver, answers.scope_type, answers.scope_id, answers.version)
            = (kept.wave_key, kept.driver, kept.scope_type, kept.scope_id, kept.version);
    delete from {ANSWERS} where (wave_key, driver, scope_type, scope_id, version) not in
        (select (wave_key, driver, scope_type, scope_id, version) from raw_ingestion.published_sentiment_versions)
"""
"""Hashes of the answers in the blocks of survey waves that stand published, from the build that made them."""


def remember_published(settings: Settings, warehouse: Warehouse) -> None:
    """Make the tables `published_...` of `raw_ingestion` anew from the publication that stands.

    Only what was published counts: after a night that failed or was killed they hold what the last good one said.
    Without a publication they are empty; a column that an older version did not publish is null. What is never
    published, hashes of the answers in each version of a block of a survey wave, is taken over from the build that was
    published; without them the block stands as it is. Raises GateError where the published file cannot be read.
    """
    for table in MARTS:
        warehouse.query(f"create or replace table raw_ingestion.{table} ({META_TABLES[table]})")
    publication = current_publication(settings)
    if publication is None:
        return
    as_of = datetime.fromisoformat(publication["as_of"]).astimezone(UTC).replace(tzinfo=None)
    file = str(settings.published_file.resolve()).replace("'", "''")
    try:
        warehouse.query(f"attach '{file}' as published (read_only)")
        try:
            for table in MARTS:
                _copy(warehouse, table, as_of)
        finally:
            warehouse.query("detach published")
    except duckdb.Error as error:
        raise GateError(
            f"{settings.published_file} cannot be read: {str(error).splitlines()[0]}; move {settings.published} away "
            "and run again: core.fct_restatements then begins anew, and survey waves are published anew"
        ) from error
    if _columns(warehouse, "warehouse", "intermediate", "int_sentiment_block_answers"):
        warehouse.query(KEEP_ANSWERS)


def _copy(warehouse: Warehouse, table: str, as_of: datetime) -> None:
    schema, mart, key = MARTS[table]
    there = _columns(warehouse, "published", schema, mart)
    if not there >= key:
        return
    wanted = _columns(warehouse, "warehouse", "raw_ingestion", table)
    columns = ", ".join(sorted(wanted & there))
    clock = ", $1::timestamp as as_of" if "as_of" in wanted else ""
    warehouse.query(
        f"insert into raw_ingestion.{table} by name select {columns}{clock} from published.{schema}.{mart}",
        [as_of] if clock else [],
    )


def _columns(warehouse: Warehouse, database: str, schema: str, table: str) -> set[str]:
    """The names of a table's columns; none where it is not there."""
    found = warehouse.query(
        "select column_name from duckdb_columns() where (database_name, schema_name, table_name) = ($1, $2, $3)",
        [database, schema, table],
    )
    return {name for (name,) in found}
