"""Benchmark of the flow family: full build, a night, growth, floor and dashboard queries. `make benchmark-flow`.

A company of 1,000,000 issues with ten status changes each is written in raw form (flow_raw.py), at four sizes. dbt
builds every model of the flow family from the raw JSON (models only; other families stand empty); what the same build
costs over a warehouse without issues is subtracted. Then a night changes 0.5 % of the issues and is built, and must
equal a full build of the same raw tables, row by row. The floor makes the same marts by bare DuckDB statements
(flow_floor/). Tables are printed as Markdown; the exit code is 1 where a limit is missed. `--only` runs a part over a
folder, for trying.
"""

import argparse
import math
import os
import shutil
import sys
import tempfile
from pathlib import Path

from flow_builds import FLOW_FAMILY, Measured, build, differences, fixed_cost, measure, prepare, settings_of
from flow_queries import Answers, answer, answer_while_building
from flow_raw import generate, touch

ROOT = Path(__file__).resolve().parent.parent.parent
NIGHT_SHARE = 0.005
LARGEST_MODELS = 15
PARTS = ("generate", "build", "night", "queries", "floor", "fixed")


def run(items: int, data: Path, select: str) -> bool:
    """All measurements, from the smallest size to the largest; whether every limit holds."""
    sizes = [items // 10, items // 5, items // 2, items]
    fixed, fixed_night = fixed_cost(data / "empty", select=select)
    full: dict[int, Measured] = {}
    for size in sizes:
        folder = data / str(size)
        generate(folder, size)
        if size == items:
            shutil.copytree(folder, data / "again")
        prepare(folder, only_flow=select == FLOW_FAMILY)
        full[size] = build(folder, select=select, full=True)
        if size < items:
            shutil.rmtree(folder)
    folder, again = data / str(items), data / "again"
    floor = run_floor(folder)
    touched = touch(folder, NIGHT_SHARE)
    night = build(folder, select=select)
    touch(again, NIGHT_SHARE)
    prepare(again, only_flow=select == FLOW_FAMILY)
    full_again = build(again, select=select, full=True)
    unequal = {table: rows for table, rows in differences(folder, again).items() if rows}
    quiet, busy = answer(folder), answer_while_building(folder, again)

    print_models(full[items])
    print("\n| | seconds | CPU seconds | peak memory MB |\n|---|---|---|---|")
    rows = [(f"full build, {size:,} items", full[size]) for size in sizes]
    rows += [("the same without items (fixed cost)", fixed), ("floor: bare statements", floor)]
    rows += [(f"night that touches {touched:,} items", night), ("a night without items (fixed cost)", fixed_night)]
    rows += [("full build of the night's raw tables", full_again)]
    for name, m in rows:
        print(f"| {name} | {m.seconds:.1f} | {m.cpu_seconds:.1f} | {m.megabytes:,.0f} |")
    net = {size: full[size].seconds - fixed.seconds for size in sizes}
    night_share = (night.seconds - fixed_night.seconds) / (full_again.seconds - fixed.seconds)
    limits = [
        ("full build / floor", net[items] / floor.seconds, 2),
        ("peak memory of the full build, GB", max(full[items].megabytes, full_again.megabytes) / 1024, 6),
        ("night / full build", night_share, 0.2),
        ("rows that differ between night and full build", sum(unequal.values()), 0),
        ("growth exponent", growth_exponent(net), 1.1),
        ("queries, p95 ms", quiet.p95, 50),
        ("queries beside a writer, p95 ms", busy.p95, 50),
    ]
    print_answers(quiet, busy)
    print("\n| | measured | limit |\n|---|---|---|")
    for name, measured, limit in limits:
        print(f"| {name} | {measured:.2f} | {limit} |")
    for table, count in unequal.items():
        print(f"{table}: {count:,} rows differ")
    return all(measured <= limit for _, measured, limit in limits)


def run_floor(folder: Path) -> Measured:
    """The floor's statements over the folder's raw tables, in a process of their own; its marts go to floor.duckdb."""
    target = folder / "warehouse" / "floor.duckdb"
    target.unlink(missing_ok=True)
    command = [sys.executable, str(Path(__file__).with_name("flow_floor.py"))]
    return measure([*command, str(settings_of(folder).warehouse), str(target)])


def growth_exponent(seconds: dict[int, float]) -> float:
    """Slope of log(seconds) over log(items), by least squares; below a tenth of a second there is nothing to see."""
    points = [(math.log(size), math.log(max(value, 0.1))) for size, value in seconds.items()]
    x_mean, y_mean = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / sum((x - x_mean) ** 2 for x, _ in points)


def print_models(measured: Measured) -> None:
    """The models that took longest; two run at a time, so the sum is above the wall clock."""
    print("\n| model | seconds |\n|---|---|")
    for name, seconds in sorted(measured.models.items(), key=lambda pair: -pair[1])[:LARGEST_MODELS]:
        print(f"| {name} | {seconds:.1f} |")
    print(f"| all {len(measured.models)} | {sum(measured.models.values()):.1f} |")


def print_answers(quiet: Answers, busy: Answers | None = None) -> None:
    """Milliseconds of each dashboard query, alone and beside a writer."""
    print("\n| query | p50 ms | p95 ms | p50 beside a writer | p95 beside a writer |\n|---|---|---|---|---|")
    for name in [*quiet.names, "all"]:
        one, other = quiet.of(name), busy.of(name) if busy else (math.nan, math.nan)
        print(f"| {name} | {one[0]:.1f} | {one[1]:.1f} | {other[0]:.1f} | {other[1]:.1f} |")


def run_part(part: str, folder: Path, items: int, select: str) -> None:
    """One measurement over a folder: `generate`, then `build`, then the others in any order."""
    if part == "generate":
        generate(folder, items)
    elif part == "build":
        prepare(folder, only_flow=select == FLOW_FAMILY)
        _print_build(build(folder, select=select, full=True))
    elif part == "night":
        print(f"{touch(folder, NIGHT_SHARE):,} items touched")
        _print_build(build(folder, select=select))
    elif part == "fixed":
        for measured in fixed_cost(folder, select=select):
            _print_build(measured)
    elif part == "floor":
        _print_build(run_floor(folder))
    else:
        print_answers(answer(folder))


def _print_build(measured: Measured) -> None:
    if measured.models:
        print_models(measured)
    print(f"\n{measured.seconds:.1f} s, {measured.cpu_seconds:.1f} s of CPU, {measured.megabytes:,.0f} MB")


def main() -> None:
    """Run everything in a folder that is removed at the end, or one part in a folder that stays."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="a folder that stays (default: a temporary one in FLOWLIGHT_DATA)")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--select", default=FLOW_FAMILY, help="dbt's selection of models")
    arguments = parser.parse_args()
    if arguments.only:
        if arguments.data is None:
            parser.error("--only needs --data")
        run_part(arguments.only, arguments.data.absolute(), arguments.items, arguments.select)
        return
    home = Path(os.environ.get("FLOWLIGHT_DATA", ROOT / "data")).absolute()
    home.mkdir(parents=True, exist_ok=True)
    folder = arguments.data.absolute() if arguments.data else Path(tempfile.mkdtemp(prefix="benchmark-flow-", dir=home))
    try:
        held = run(arguments.items, folder, arguments.select)
    finally:
        if not arguments.data:
            shutil.rmtree(folder)
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
