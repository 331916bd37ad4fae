"""What a table of the organisation files is made of, and the columns that many of them share.

Dates are half-open [valid_from, valid_to): a blank valid_from is the beginning of time, a blank valid_to is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "id", "date", "month", "number", "amount", "integer", "weight", "currency"]
# none: no dates. single: at most one row of a key per day. continuous: exactly one on each day from the key's first to
# its last. weights: as single, and the weights of the key's first column sum to 1 on each such day.
History = Literal["none", "single", "continuous", "weights"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `references` names a table whose key it must be in; `default` is what a blank lands as."""

    name: str
    description: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    references: str | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One file `<name>.csv`. `key` identifies what a row is about (without its dates)."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    history: History = "none"
    required: bool = False

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that no two rows may share."""
        return (*self.key, "valid_from") if self.column("valid_from") else self.key


VALIDITY = (
    Column("valid_from", "First day it holds; blank = since the beginning of time", "date"),
    Column("valid_to", "First day it no longer holds; blank = open", "date"),
)
TEAM = Column("team_id", "The team", "id", required=True, references="teams")
SERVICE = Column("service_id", "The service", "id", required=True, references="services")
CONNECTION = Column("connection", "Name in connections.yml; blank = any", references="connections")
PROJECT = Column("project", "Project key; blank = any")
ISSUE_TYPE = Column("issue_type", "Issue type, id or name; blank = any")
WEIGHT = Column("weight", "Share, above 0 and at most 1; blank = 1", "weight", default="1")

# ids that name scopes of their own and therefore no team or value stream
RESERVED_IDS = ("organization", "small_teams", "unassigned")
