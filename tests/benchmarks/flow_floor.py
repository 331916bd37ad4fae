"""The floor of the flow family: its marts by bare DuckDB statements. `python flow_floor.py WAREHOUSE TARGET`.

flow_floor/*.sql is written for speed on exactly this company (numeric ids, one connection, no status mapping that
changes): JSON parsed once, one window over the status changes, item facts, sums of daily events, grouping sets. It
makes less than the marts do (no data quality, few counts beside the values), which makes the limit stricter.
"""

import re
import sys
import time
from pathlib import Path

import duckdb

FORECAST_DRAWS, FORECAST_DAYS, SAMPLE_DAYS = 10_000, 90, 60


def statements() -> list[tuple[str, str]]:
    """The parts of the files in flow_floor/: name, statements."""
    text = "".join(path.read_text() for path in sorted(Path(__file__).with_suffix("").glob("*.sql")))
    totals = (
        f"(select *, 0.0::double as total_0 from throughput cross join (select number // {FORECAST_DAYS} as draw, "
        f"list((hash(number) % {SAMPLE_DAYS} + 1)::integer) as picks from range({FORECAST_DRAWS * FORECAST_DAYS}) "
        "as numbers (number) group by draw) as draws) as day_0"
    )
    for day in range(1, FORECAST_DAYS + 1):
        totals = f"(select *, total_{day - 1} + items[picks[{day}]] as total_{day} from {totals}) as day_{day}"
    days = range(1, FORECAST_DAYS + 1)
    quantiles = ", ".join(f"quantile_cont(total_{day}, [0.05, 0.15, 0.5]) as items_{day}" for day in days)
    text = text.replace("{day_totals}", totals).replace("{day_quantiles}", quantiles)
    parts = re.split(r"^-- (\w+):", text, flags=re.MULTILINE)[1:]
    return [(name, part.partition("\n")[2]) for name, part in zip(parts[::2], parts[1::2], strict=True)]


def main(warehouse: str, target: str) -> None:
    """Write the marts to TARGET; seconds of each part on standard error."""
    with duckdb.connect(target, config={"threads": 2, "memory_limit": "6GB"}) as connection:
        connection.execute("set TimeZone = 'UTC'").fetchall()
        connection.execute("set preserve_insertion_order = false").fetchall()
        connection.execute(f"attach '{warehouse}' as raw (read_only)").fetchall()
        for name, part in statements():
            began = time.perf_counter()
            for statement in re.split(r";\n", part):
                if statement.strip():
                    connection.execute(statement).fetchall()
            print(f"{time.perf_counter() - began:7.2f} s  {name}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
