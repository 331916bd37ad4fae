"""A default branch whose known commits change otherwise than by growing: what is built equals a full build."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ingestion.load import Warehouse
from tests.incremental.comparison import compare
from tests.incremental.nights import Nights, keys, made_from
from tests.incremental.test_nights import without_bookkeeping
from tests.incremental.world import small_world

PUBLISHED = "fct_changes"
COMMITS, PULLS = "raw_github.commits", "raw_github.pull_requests"
OLDEST = f"select id from {COMMITS} order by updated_at limit 5"
LATER = f"select id from {COMMITS} order by updated_at limit 3 offset 9"
NEWEST_PULL = f"select id from {PULLS} where payload::varchar like '%MERGED%' order by updated_at desc limit 1"


def _night(house: Nights, *statements: str) -> None:
    """Change the raw tables by hand, build what fct_changes is made from, and hold it against a full build."""
    with Warehouse(house.built.warehouse) as warehouse:
        for statement in statements:
            warehouse.query(statement)
    models = made_from([PUBLISHED])
    house.build(tuple(sorted(models)))
    house.rebuild(tuple(sorted(models)))
    for built, rebuilt, schemas in (
        (house.built.marts, house.rebuilt.marts, ("quality",)),
        (house.built.warehouse, house.rebuilt.warehouse, ("staging", "intermediate")),
    ):
        told = compare(built, rebuilt, keys(), read=without_bookkeeping, schemas=schemas)
        assert told.counts
        assert not told.different, "\n".join(map(str, told.different))


def test_branches_that_change_otherwise_than_by_growing(tmp_path: Path) -> None:
    world = small_world(7)
    house = Nights(tmp_path, world)
    house.read(world.now)
    _night(
        house,
        f"create table raw_github.kept as from {COMMITS} where id in ({OLDEST})",
        f"delete from {COMMITS} where id in (select id from raw_github.kept)",
    )
    # older history comes
    _night(house, f"insert into {COMMITS} from raw_github.kept")
    # commits vanish, others are of another author, a commit is pushed directly: its pull request was closed
    _night(
        house,
        f"create or replace table raw_github.kept as from {COMMITS} where id in ({LATER})",
        f"delete from {COMMITS} where id in (select id from raw_github.kept)",
        f"""update {COMMITS} set load_id = 1000,
        payload = replace(payload::varchar, '"login":"ann"', '"login":"dependabot"')""",
        f"""update {PULLS} set load_id = 1000, payload = replace(replace(payload::varchar,
        '"state":"MERGED"', '"state":"CLOSED"'), '"mergedAt":"', '"wasMergedAt":"') where id in ({NEWEST_PULL})""",
    )
    world.live(world.now + timedelta(days=2))
    house.read(world.now)
    _night(
        house,
        f"insert into {COMMITS} from raw_github.kept where id not in (select id from {COMMITS})",
        "drop table raw_github.kept",
    )
