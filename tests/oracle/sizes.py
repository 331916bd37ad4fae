"""How large a pull request is (METRICS.md section 2, pr_size), from its files and the rows of generated_files.csv."""

from collections.abc import Iterable, Mapping
from datetime import date
from fnmatch import fnmatchcase

from sandbox.world import PullRequest


def size_lines(pull: PullRequest, repository: str, merged: date, rules: Iterable[Mapping[str, str]]) -> int:
    """Changed lines without generated files, by the rules in force on the (local) day of the merge."""
    in_force = [
        rule
        for rule in rules
        if (rule["valid_from"] or "") <= merged.isoformat() < (rule["valid_to"] or "9999-12-31")
        and (not rule["repository"] or fnmatchcase(repository.lower(), rule["repository"].lower()))
    ]
    return sum(file.additions + file.deletions for file in pull.files if not _is_generated(file.path, in_force))


def _is_generated(path: str, rules: list[Mapping[str, str]]) -> bool:
    found = [rule for rule in rules if _matches(path.split("/"), rule["pattern"])]
    own = [rule for rule in found if rule["repository"]]
    return bool(found) and all(rule["is_generated"] == "yes" for rule in own or found)


def _matches(path: list[str], pattern: str) -> bool:
    """As in .gitignore, over the parts of a path: also what lies below a folder that matches."""
    is_folder, parts = pattern.endswith("/"), pattern.strip("/").split("/")
    if "/" not in pattern.rstrip("/"):
        parts = ["**", *parts]
    return any(_fits(path[:end], parts) for end in range(1, len(path) + (not is_folder)))


def _fits(path: list[str], parts: list[str]) -> bool:
    if not parts:
        return not path
    if parts[0] == "**":
        return (len(parts) > 1 or bool(path)) and any(_fits(path[n:], parts[1:]) for n in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], parts[0]) and _fits(path[1:], parts[1:])
