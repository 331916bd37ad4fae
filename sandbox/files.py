"""Files of Acme's pull requests: what people wrote, and what tools wrote for them.

The lines and the number of files of a pull request are settled before; they are divided here.
"""

import random
from collections.abc import Sequence
from datetime import datetime

from sandbox import truth
from sandbox.clock import moment, utc
from sandbox.world import ChangedFile, PullRequest, Repository

SNAPSHOTS_SINCE = "2026-01-01"
"""Before this day Acme wrote the snapshots of its tests by hand."""
OWN_VENDORED = ("storefront", "vendor/acme-theme/")
"""A folder that looks vendored but is written by hand."""
GENERATED: tuple[tuple[str | None, str, str, str | None], ...] = (
    *((None, pattern, "yes", None) for pattern in (
        "package-lock.json", "*.lock", "go.sum", "vendor/", "node_modules/", "*.min.js", "*.min.css", "*.pb.go",
        "*_pb2.py", "/web/dist/**",
    )),
    (None, "*.snap", "yes", SNAPSHOTS_SINCE),
    ("acme/storefront", "/vendor/acme-theme/", "no", None),
)  # fmt: skip
"""What Acme's people wrote into generated_files.csv: repository, pattern, is_generated, valid_from."""
_FOLDERS = ("cart", "pricing", "events", "rules", "storage", "api", "views", "jobs", "reports", "search")
_NAMES = ("handler", "model", "query", "client", "routes", "config", "mapper", "limits", "cache", "errors", "parser")
_GENERATED_FILES = (
    "package-lock.json", "poetry.lock", "go.sum", "vendor/lib/core.go", "vendor/lib/util.go", "web/dist/app.js",
    "assets/site.min.js", "gen/events.pb.go", "gen/orders_pb2.py", "tests/__snapshots__/cart.snap",
)  # fmt: skip
_LOCK_FILES = ("package-lock.json", "poetry.lock", "web/yarn.lock")


def write_files(seed: int, repository: Repository, record: truth.Truth) -> None:
    """Divide the lines of every pull request over files, and enter the sizes."""
    name = repository.name_with_owner.split("/")[1]
    rng = random.Random(f"{seed}:files:{name}")
    for pull in repository.pull_requests:
        facts = record.pull_requests[pull.id]
        paths = _paths(rng, name, pull, facts.is_bot)
        weights = [rng.lognormvariate(0, 1.2) * (30 if path in _LOCK_FILES else 1) for path in paths]
        added, deleted = _divide(pull.additions, weights), _divide(pull.deletions, weights)
        pull.files = [
            ChangedFile(path, plus, minus, "ADDED" if plus and not minus and rng.random() < 0.4 else "MODIFIED")
            for path, plus, minus in zip(paths, added, deleted, strict=True)
        ]
        settle_size(pull, facts)


def settle_size(pull: PullRequest, facts: truth.PullRequest) -> None:
    """Enter how large a pull request with its files is."""
    written = (each for each in pull.files if not is_generated(each.path, facts.merged_at))
    facts.size_lines = sum(each.additions + each.deletions for each in written)


def is_generated(path: str, merged_at: datetime | None) -> bool:
    """Whether a tool wrote a file of Acme's."""
    if path.endswith(".snap"):
        return merged_at is not None and merged_at >= utc(moment(SNAPSHOTS_SINCE))
    return path in _GENERATED_FILES or path in _LOCK_FILES


def _paths(rng: random.Random, repository: str, pull: PullRequest, is_bot: bool) -> list[str]:
    """As many different paths as the pull request changes files."""
    if is_bot:
        return ["package.json", "package-lock.json", "README.md"][: pull.changed_files]
    found: list[str] = []
    if pull.additions + pull.deletions > 800 and rng.random() < 0.7:
        found.append(rng.choice(_LOCK_FILES))
    elif rng.random() < 0.2:
        found.append(rng.choice(_GENERATED_FILES))
    own, folder = OWN_VENDORED
    if repository == own and rng.random() < 0.1:
        found.append(f"{folder}theme.css")
    found = found[: pull.changed_files]
    while len(found) < pull.changed_files:
        where, what = rng.choice(_FOLDERS), rng.choice(_NAMES)
        path = rng.choice((f"src/{where}/{what}.py", f"tests/{where}/test_{what}.py", f"web/{where}/{what}.ts"))
        found.append(path if path not in found else f"src/{where}/{what}_{len(found)}.py")
    return found


def _divide(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in about these proportions that sum to the total."""
    if not weights:
        return []
    parts, so_far, given = [], 0.0, 0
    for weight in weights:
        so_far += weight
        upto = round(total * so_far / sum(weights))
        parts.append(upto - given)
        given = upto
    return parts
