"""Benchmark of delivery and quality: full build, growth, a night. `make benchmark-delivery`.

A company of 100,000 pull requests with 1,000,000 commits and 50,000 deployments is written in raw form
(delivery_raw.py), at three sizes. dbt builds every model of the quality marts and all they need from the raw JSON
(models only); what the same build costs with hardly a pull request, but with every scope and period, is subtracted from
both. Then a night brings half a percent more and must equal a full build of the same raw tables, row by row. Tables are
printed as Markdown; the exit code is 1 where a limit is missed. `--only` runs a part over a folder, for trying.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from delivery_raw import generate, live_on
from flow import growth_exponent, print_models
from flow_builds import Measured, build, differences, prepare

ROOT = Path(__file__).resolve().parent.parent.parent
FAMILY = "+path:models/marts/quality"
PARTS = ("generate", "build", "night", "fixed")
FEW = 100  # the first of them lies at the beginning, so that every scope and period has its rows


def run(pulls: int, data: Path) -> bool:
    """All measurements, from the smallest size to the largest; whether every limit holds."""
    sizes = [pulls // 10, pulls // 3, pulls]
    fixed, fixed_night = fixed_cost(data / "empty")
    full: dict[int, Measured] = {}
    for size in sizes:
        folder = data / str(size)
        generate(folder, size)
        prepare(folder)
        full[size] = build(folder, select=FAMILY)
        if size < pulls:
            shutil.rmtree(folder)
    folder, again = data / str(pulls), data / "again"
    new_rows = live_on(folder, pulls)
    (again / "warehouse").mkdir(parents=True)
    shutil.copytree(folder / "config", again / "config")
    generate(again, pulls)
    live_on(again, pulls)
    prepare(again)
    night = build(folder, select=FAMILY)
    full_again = build(again, select=FAMILY)
    unequal = {table: rows for table, rows in differences(folder, again).items() if rows}

    print_models(full[pulls])
    print("\n| | seconds | CPU seconds | peak memory MB |\n|---|---|---|---|")
    rows = [(f"full build, {size:,} pull requests", full[size]) for size in sizes]
    rows += [(f"the same with {FEW} pull requests (fixed cost)", fixed)]
    rows += [(f"night that brings {new_rows:,} rows", night), ("a night of those (fixed cost)", fixed_night)]
    rows += [("full build of the night's raw tables", full_again)]
    for name, m in rows:
        print(f"| {name} | {m.seconds:.1f} | {m.cpu_seconds:.1f} | {m.megabytes:,.0f} |")
    net = {size: full[size].seconds - fixed.seconds for size in sizes}
    night_share = (night.seconds - fixed_night.seconds) / (full_again.seconds - fixed.seconds)
    night_cpu_share = (night.cpu_seconds - fixed_night.cpu_seconds) / (full_again.cpu_seconds - fixed.cpu_seconds)
    limits = [
        ("full build, seconds", full[pulls].seconds, 90),
        ("peak memory of the full build, GB", max(full[pulls].megabytes, full_again.megabytes) / 1024, 4),
        ("growth exponent", growth_exponent(net), 1.2),
        ("night / full build", night_share, 0.2),
        ("the same by CPU seconds", night_cpu_share, 0.2),
        ("rows that differ between night and full build", sum(unequal.values()), 0),
    ]
    print("\n| | measured | limit |\n|---|---|---|")
    for name, measured, limit in limits:
        print(f"| {name} | {measured:.2f} | {limit} |")
    for table, count in unequal.items():
        print(f"{table}: {count:,} rows differ")
    return all(measured <= limit for _, measured, limit in limits)


def fixed_cost(folder: Path) -> tuple[Measured, Measured]:
    """What a build costs with hardly a pull request: the first one over new files, and the night after it."""
    generate(folder, FEW)
    prepare(folder)
    first = build(folder, select=FAMILY)
    live_on(folder, FEW)
    return first, build(folder, select=FAMILY)


def run_part(part: str, folder: Path, pulls: int) -> None:
    """One measurement over a folder: `generate`, then `build`, then `night`; `fixed` over a folder of its own."""
    if part == "generate":
        generate(folder, pulls)
        return
    if part == "fixed":
        measured = list(fixed_cost(folder))
    elif part == "night":
        print(f"{live_on(folder, pulls):,} rows are new or changed")
        measured = [build(folder, select=FAMILY)]
    else:
        prepare(folder)
        measured = [build(folder, select=FAMILY)]
    for m in measured:
        print_models(m)
        print(f"\n{m.seconds:.1f} s, {m.cpu_seconds:.1f} s of CPU, {m.megabytes:,.0f} MB")


def main() -> None:
    """Run everything in a folder that is removed at the end, or one part in a folder that stays."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pulls", type=int, default=100_000)
    parser.add_argument("--data", type=Path, help="a folder that stays (default: a temporary one in FLOWLIGHT_DATA)")
    parser.add_argument("--only", choices=PARTS)
    arguments = parser.parse_args()
    if arguments.only:
        if arguments.data is None:
            parser.error("--only needs --data")
        run_part(arguments.only, arguments.data.absolute(), arguments.pulls)
        return
    home = Path(os.environ.get("FLOWLIGHT_DATA", ROOT / "data")).absolute()
    home.mkdir(parents=True, exist_ok=True)
    folder = (
        arguments.data.absolute() if arguments.data else Path(tempfile.mkdtemp(prefix="benchmark-delivery-", dir=home))
    )
    try:
        held = run(arguments.pulls, folder)
    finally:
        if not arguments.data:
            shutil.rmtree(folder)
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
