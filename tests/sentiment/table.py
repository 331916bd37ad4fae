"""The table of PRIVACY.md: what an adversary derives with suppression and without, and what it costs in hidden cells.

`python -m tests.sentiment.table`; Markdown on standard output, some minutes for 500 hierarchies.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.sentiment.hierarchies import organization
from tests.sentiment.models import House
from tests.sentiment.reading import attack
from tests.sentiment.test_attack import HIERARCHIES, K, ten_nights


def main() -> None:
    """Print the table."""
    waves = [organization(f"h{number}", random.Random(number)) for number in range(HIERARCHIES)]
    print("| publication | hierarchies | derived | team cells hidden (median of hierarchies) |\n|---|---|---|---|")
    for name, complementary in (("as published", True), ("only cells under k hidden", False)):
        with TemporaryDirectory() as folder:
            rows = defaultdict(list)
            for row in House(Path(folder), K).night(waves, complementary=complementary):
                rows[row["wave_key"]].append(row)
        found: Counter[str] = Counter()
        hidden = []
        for wave in waves:
            found += attack(rows[wave.key], wave, K, programmes=False)
            cells = [row["n"] is None for row in rows[wave.key] if row["scope_type"] == "team"]
            hidden.append(sum(cells) / len(cells))
        told = ", ".join(f"{count:,} {way}" for way, count in sorted(found.items())) or "0"
        print(f"| {name} | {len(waves)} | {told} | {median(hidden):.0%} |")
    with TemporaryDirectory() as folder:
        found, moved = Counter(), 0
        for each, moves in ten_nights(Path(folder), range(2000, 2020)):
            found += each
            moved += moves
    told = ", ".join(f"{count:,} {way}" for way, count in sorted(found.items())) or "0"
    print(
        f"| ten nights with late answers, erasures, corrections, re-orgs; {moved:,} blocks told anew | 20 | {told} | |"
    )


if __name__ == "__main__":
    main()
