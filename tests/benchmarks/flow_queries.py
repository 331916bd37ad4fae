"""Twenty dashboard queries over a publication of the flow marts, alone and while dbt builds beside them."""

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from flow_builds import settings_of, start_build

ROUNDS = 25


@dataclass
class Answers:
    """Milliseconds of every execution, by query."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The queries' names, in the file's order."""
        return list(self.milliseconds)

    @property
    def p95(self) -> float:
        """95th percentile over all executions of all queries."""
        return self.of("all")[1]

    def of(self, name: str) -> tuple[float, float]:
        """Median and 95th percentile of a query, or of `all`."""
        values = self.milliseconds.get(name) or [v for each in self.milliseconds.values() for v in each]
        ordered = sorted(values)
        return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def queries() -> dict[str, str]:
    """The statements of flow_queries.sql by name."""
    text = Path(__file__).with_name("flow_queries.sql").read_text()
    return dict(re.findall(r"^-- (.+?)\n(select.+?);$", text, re.MULTILINE | re.DOTALL))


def answer(folder: Path) -> Answers:
    """Every query ROUNDS times over a publication of the folder's marts; nothing else runs."""
    rounds = iter(range(ROUNDS))
    return _ask(folder, lambda: next(rounds, None) is not None)


def answer_while_building(folder: Path, writing: Path) -> Answers:
    """The same until a build in another folder, begun before, has ended."""
    writer = start_build(writing)
    try:
        answers = _ask(folder, lambda: writer.poll() is None)
    finally:
        code = writer.wait()
    if code:
        raise SystemExit(f"the build beside the queries failed: {code}")
    return answers


def _ask(folder: Path, again: Callable[[], bool]) -> Answers:
    """Publish as the nightly does (a copy, renamed into place) and ask in turn, as long as `again` says so."""
    published = folder / "published.duckdb"
    shutil.copyfile(settings_of(folder).marts, published.with_suffix(".new"))
    os.replace(published.with_suffix(".new"), published)
    answers = Answers({name: [] for name in queries()})
    with duckdb.connect(str(published), read_only=True) as connection:
        while again():
            for name, query in queries().items():
                began = time.perf_counter()
                connection.execute(query).fetchall()
                answers.milliseconds[name].append((time.perf_counter() - began) * 1000)
    return answers
