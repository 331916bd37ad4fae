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
COMMITS = "raw_github.commits"
OLDEST = f"select id from {COMMITS} order by updated_at limit 5"
MIDDLE = f"select id from {COMMITS} order by updated_at limit 3 offset 9"
NEWEST = f"select id from {COMMITS} order by updated_at desc limit 4"


def _night(house: Nights, *statements: str) -> None:
    """Change the raw tables by hand, build what fct_changes is made from, and hold it against a full build."""
    with Warehouse(house.built.warehouse) as warehouse:
        for statement in statements:
            warehouse.query(statement)
    house.build(tuple(sorted(made_from([PUBLISHED]))))
    house.rebuild()
    for built, rebuilt, schemas in (
        (house.built.marts, house.rebuilt.marts, ("quality",)),
        (house.built.warehouse, house.rebuilt.warehouse, ("intermediate",)),
    ):
        told = compare(built, rebuilt, keys(), read=without_bookkeeping, schemas=schemas)
        made = [table for table in told.different if table.name.partition(".")[2].split()[0] in made_from([PUBLISHED])]
        assert not made, "\n".join(map(str, made))
        assert told.counts


def test_branches_that_change_otherwise_than_by_growing(tmp_path: Path) -> None:
    """Older history comes, commits vanish and come back, one is told otherwise, a push turns out to be of a pull request."""
    world = small_world(7)
    house = Nights(tmp_path, world)
    house.read(world.now)
    _night(
        house,
        f"create table raw_github.kept as from {COMMITS} where id in ({OLDEST})",
        f"delete from {COMMITS} where id in (select id from raw_github.kept)",
    )
    _night(house, f"insert into {COMMITS} from raw_github.kept")
    _night(
        house,
        f"create or replace table raw_github.kept as from {COMMITS} where id in ({MIDDLE})",
        f"delete from {COMMITS} where id in (select id from raw_github.kept)",
    )
    _night(house, f"insert into {COMMITS} from raw_github.kept")
    _night(
        house,
        f"create or replace table raw_github.kept as from {COMMITS} where id in ({NEWEST})",
        f"delete from {COMMITS} where id in (select id from raw_github.kept)",
        "update raw_github.commits set load_id = 1000, payload = replace(payload::varchar, '\"login\":\"ann\"', '\"login\":\"eve\"')",
    )
    _night(
        house,
        f"insert into {COMMITS} from raw_github.kept",
        "drop table raw_github.kept",
        # the newest merge is taken from its pull request: its commit is a direct push now
        """update raw_github.pull_requests set load_id = 1001,
        payload = replace(payload::varchar, '"state":"MERGED"', '"state":"CLOSED"')
        where id = (select id from raw_github.pull_requests order by updated_at desc limit 1)""",
    )
    world.live(world.now + timedelta(days=2))
    house.read(world.now)
    _night(house)
