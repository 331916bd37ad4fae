"""Benchmark of outcomes: initiatives with twenty changes of their outcome fields each. `make benchmark-outcomes`.

50,000 initiatives with 1,000,000 changes and 100,000 stories below them, in raw form, at three sizes. dbt builds the
outcome marts and all they need from the raw JSON (models only), in one process. The limits are on the models of
outcomes alone; those of work items before them are printed beside. Growth is that of what a build without a single
initiative does not cost. The exit code is 1 where a limit is missed.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import flow_raw
from flow import growth_exponent
from flow_builds import Measured, build, prepare
from flow_raw import AS_OF, FIRST_LOAD

from ingestion.load import Warehouse

INITIATIVES = 50_000
FAMILY = "+fct_initiatives +fct_outcome_metrics +fct_outcome_breakdowns +fct_outcome_review_queue"
MEASURED = (
    "int_initiative",
    "int_filed_initiative",
    "int_outcome",
    "int_item_initiatives",
    "fct_initiatives",
    "fct_outcome",
)
LIMIT_SECONDS, LIMIT_EXPONENT = 30, 1.1


def generate(folder: Path, initiatives: int) -> None:
    """Write FOLDER/warehouse/warehouse.duckdb with the initiatives, their stories and the history of both."""
    flow_raw.generate(folder, 0)
    with Warehouse(folder / "warehouse" / "warehouse.duckdb", memory_limit="4GB") as warehouse:
        flow_raw.set_variables(
            warehouse, seed=flow_raw.SEED, items=0, initiatives=initiatives, first_load=FIRST_LOAD,
            as_of=AS_OF.replace(tzinfo=None), first_day=flow_raw.FIRST_DAY,
        )  # fmt: skip
        for file in ("flow_company.sql", "outcomes_items.sql"):
            for statement in flow_raw.statements(file):
                warehouse.query(statement)


def seconds_of(measured: Measured) -> dict[str, float]:
    """Seconds of the models of outcomes."""
    return {name: seconds for name, seconds in measured.models.items() if name.startswith(MEASURED)}


def run(folder: Path, initiatives: int) -> bool:
    """Generate and build all sizes, print; whether the limits hold."""
    totals: dict[int, float] = {}
    for size in (0, initiatives // 10, initiatives // 3, initiatives):
        home = folder / str(size)
        generate(home, size)
        prepare(home)
        whole = build(home, select=FAMILY)
        models = seconds_of(whole)
        totals[size] = sum(models.values())
        shutil.rmtree(home)
    print("| model | seconds |\n|---|---|")
    for name, seconds in sorted(models.items(), key=lambda item: -item[1])[:12]:
        print(f"| {name} | {seconds:.1f} |")
    print("\n| | measured | limit |\n|---|---|---|")
    fixed = totals.pop(0)
    exponent = growth_exponent({size: total - fixed for size, total in totals.items()})
    for size, total in totals.items():
        print(f"| models of outcomes, {size:,} initiatives, seconds | {total:.1f} | {LIMIT_SECONDS} |")
    print(f"| the same without initiatives (fixed cost) | {fixed:.1f} | |")
    print(f"| growth exponent | {exponent:.2f} | {LIMIT_EXPONENT} |")
    print(f"| whole `dbt run`, seconds (work items, staging and start included) | {whole.seconds:.1f} | |")
    print(f"| CPU seconds, peak memory MB | {whole.cpu_seconds:.1f}, {whole.megabytes:,.0f} | |")
    return totals[initiatives] <= LIMIT_SECONDS and exponent <= LIMIT_EXPONENT


def main() -> int:
    """0 where the limits hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--initiatives", type=int, default=INITIATIVES)
    with tempfile.TemporaryDirectory() as folder:
        return not run(Path(folder), parser.parse_args().initiatives)


if __name__ == "__main__":
    sys.exit(main())
