"""The subset of JQL that the Jira double understands: really parsed, refused with Jira's own messages.

    project in (SHOP, PAY) AND (updated >= 1767225600000 OR statusCategory != Done) ORDER BY updated ASC, id ASC

Dates are epoch milliseconds, `yyyy-MM-dd[ HH:mm]` read in the API user's time zone (never UTC), or relative (`-5d`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Predicate = Callable[[Any], bool]

UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
TOO_MANY_ORDERS = "JQL can be ordered by at most 7 fields."
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<op>!=|>=|<=|!~|=|>|<|~)|(?P<punct>[(),])"""
    r"""|(?P<word>[^\s()"',=!<>~]+))"""
)
_RELATIVE = re.compile(r"^([+-]?)(\d+)([wdhm]?)$")
_UNITS = {"w": 10_080, "d": 1_440, "h": 60, "m": 1, "": 1}
_FIELDS = {
    "project": "project", "key": "key", "issuekey": "key", "id": "key", "issue": "key",
    "updated": "updated", "updateddate": "updated", "created": "created", "createddate": "created",
    "status": "status", "statuscategory": "statuscategory", "issuetype": "issuetype", "type": "issuetype",
    "parent": "parent", "resolution": "resolution", "labels": "labels",
}  # fmt: skip
_DATES = {"updated", "created"}
_SORTS: dict[str, Callable[[Any], Any]] = {
    "key": lambda issue: issue.key_order,
    "id": lambda issue: issue.number,
    "updated": lambda issue: issue.updated_ms,
    "created": lambda issue: issue.created_ms,
    "project": lambda issue: issue.project_key,
}
_CATEGORIES = {
    "to do": "new", "new": "new", "in progress": "indeterminate", "indeterminate": "indeterminate", "done": "done",
    "complete": "done", "1": "undefined", "2": "new", "3": "done", "4": "indeterminate",
}  # fmt: skip


class JqlError(ValueError):
    """A query that Jira refuses with status 400; `messages` are its errorMessages."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = list(messages)


@dataclass(frozen=True, slots=True)
class JqlContext:
    """What a query is read against: the clock, the API user's zone, and the values that exist for this user."""

    now: datetime
    time_zone: ZoneInfo
    projects: dict[str, str]  # lower-case key, id or name -> project key; hidden projects are absent
    statuses: dict[str, str] = field(default_factory=dict)  # lower-case id or name -> lower-case name
    issue_types: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Jql:
    """A parsed query: a predicate over issues and sort keys, most significant first (key function, descending)."""

    where: Predicate
    order: list[tuple[Callable[[Any], Any], bool]]

    def run(self, issues: list[Any]) -> list[Any]:
        """The matching issues in order; without ORDER BY the newest id first, as Jira does."""
        found = [issue for issue in issues if self.where(issue)]
        if not self.order:
            found.sort(key=_SORTS["id"], reverse=True)
        for key, descending in reversed(self.order):
            found.sort(key=key, reverse=descending)
        return found


def parse_jql(text: str, context: JqlContext) -> Jql:
    """Parse a query. Raises JqlError with Jira's messages; an unbounded query (no restriction) is refused."""
    return _Parser(text, context).query()


class _Parser:
    def __init__(self, text: str, context: JqlContext) -> None:
        self.context = context
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if not match or match.lastgroup is None:
                raise JqlError(f"Error in the JQL Query: The character '{text[position]}' is a reserved JQL character.")
            kind = match.lastgroup
            value = match.group(kind)
            if kind == "quoted":
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            self.tokens.append((kind, value, match.start(kind)))
            position = match.end()
        self.index = 0

    def query(self) -> Jql:
        where = None if self._at("order") or self.index >= len(self.tokens) else self._or()
        order = self._order()
        if self.index < len(self.tokens):
            raise self._expecting("either 'OR' or 'AND'")
        if where is None:
            raise JqlError(UNBOUNDED)
        return Jql(where, order)

    def _or(self) -> Predicate:
        terms = [self._and()]
        while self._take("or"):
            terms.append(self._and())
        return terms[0] if len(terms) == 1 else lambda issue: any(term(issue) for term in terms)

    def _and(self) -> Predicate:
        terms = [self._not()]
        while self._take("and"):
            terms.append(self._not())
        return terms[0] if len(terms) == 1 else lambda issue: all(term(issue) for term in terms)

    def _not(self) -> Predicate:
        if self._take("not"):
            term = self._not()
            return lambda issue: not term(issue)
        if self._take("("):
            term = self._or()
            if not self._take(")"):
                raise self._expecting("')'")
            return term
        return self._clause()

    def _clause(self) -> Predicate:
        kind, name, _ = self._next("a field name")
        known = _FIELDS.get(name.lower())
        if kind == "op" or kind == "punct":
            raise self._expecting("a field name", back=1)
        if known is None:
            raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")
        if self._take("is"):
            negated = self._take("not")
            if not (self._take("empty") or self._take("null")):
                raise self._expecting("'EMPTY'")
            return _negate(_is_empty(known), negated)
        if self._take("not"):
            if not self._take("in"):
                raise self._expecting("'IN'")
            return _negate(self._membership(known, name), True)
        if self._take("in"):
            return self._membership(known, name)
        kind, operator, _ = self._next("an operator")
        if kind != "op":
            raise self._expecting("an operator", back=1)
        value = self._value()
        if known in _DATES:
            return self._compare_date(known, operator, value, name)
        if operator not in ("=", "!="):
            raise JqlError(f"The operator '{operator}' is not supported by the '{name}' field.")
        return _negate(self._equals(known, name, [value]), operator == "!=")

    def _membership(self, known: str, name: str) -> Predicate:
        if known in _DATES:
            raise JqlError(f"The operator 'in' is not supported by the '{name}' field.")
        if not self._take("("):
            raise self._expecting("'('")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        if not self._take(")"):
            raise self._expecting("')'")
        return self._equals(known, name, values)

    def _equals(self, known: str, name: str, values: list[str]) -> Predicate:
        if known == "project":
            return _in("project_key", self._known(self.context.projects, name, values))
        if known == "statuscategory":
            return _in("category", self._known(_CATEGORIES, name, values))
        if known == "status":
            return _in("status", self._known(self.context.statuses, name, values))
        if known == "issuetype":
            return _in("issue_type", self._known(self.context.issue_types, name, values))
        wanted = {value.lower() for value in values}
        if known == "key":
            return lambda issue: issue.id in wanted or issue.key.lower() in wanted or any(
                old.lower() in wanted for old in issue.old_keys
            )  # fmt: skip
        if known == "parent":
            return lambda issue: any(
                str((issue.fields.get("parent") or {}).get(part, "")).lower() in wanted for part in ("id", "key")
            )
        if known == "labels":
            return lambda issue: any(label.lower() in wanted for label in issue.fields.get("labels") or ())
        return lambda issue: str((issue.fields.get("resolution") or {}).get("name", "")).lower() in wanted

    def _known(self, existing: dict[str, str], name: str, values: list[str]) -> set[str]:
        missing = [value for value in values if value.lower() not in existing]
        if missing:
            raise JqlError(*(f"The value '{value}' does not exist for the field '{name}'." for value in missing))
        return {existing[value.lower()] for value in values}

    def _compare_date(self, known: str, operator: str, value: str, name: str) -> Predicate:
        limit = self._date(value, name)
        attribute = f"{known}_ms"
        compare: dict[str, Callable[[int], bool]] = {
            ">=": lambda at: at >= limit, ">": lambda at: at > limit, "<=": lambda at: at <= limit,
            "<": lambda at: at < limit, "=": lambda at: at == limit, "!=": lambda at: at != limit,
        }  # fmt: skip
        if operator not in compare:
            raise JqlError(f"The operator '{operator}' is not supported by the '{name}' field.")
        test = compare[operator]
        return lambda issue: test(getattr(issue, attribute))

    def _date(self, value: str, name: str) -> int:
        """Epoch milliseconds of a date literal."""
        relative = _RELATIVE.match(value)
        if relative and (relative[1] or relative[3]):
            minutes = int(relative[2]) * _UNITS[relative[3]] * (-1 if relative[1] == "-" else 1)
            return round((self.context.now + timedelta(minutes=minutes)).timestamp() * 1000)
        if relative:
            return int(value)
        for pattern in ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d"):
            try:
                local = datetime.strptime(value, pattern).replace(tzinfo=self.context.time_zone)
            except ValueError:
                continue
            return round(local.timestamp() * 1000)
        raise JqlError(
            f"Date value '{value}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
            "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
        )

    def _order(self) -> list[tuple[Callable[[Any], Any], bool]]:
        if not self._take("order"):
            return []
        if not self._take("by"):
            raise self._expecting("'BY'")
        order: list[tuple[Callable[[Any], Any], bool]] = []
        while True:
            _, name, _ = self._next("a field name")
            sort = _SORTS.get("id" if name.lower() == "id" else _FIELDS.get(name.lower(), ""))
            if sort is None:
                raise JqlError(f"Not able to sort using field '{name}'.")
            descending = self._take("desc")
            if not descending:
                self._take("asc")
            order.append((sort, descending))
            if not self._take(","):
                break
        if len(order) > 7:
            raise JqlError(TOO_MANY_ORDERS)
        return order

    def _value(self) -> str:
        kind, value, _ = self._next("either a value, list or function")
        if kind not in ("quoted", "word"):
            raise self._expecting("either a value, list or function", back=1)
        return value

    def _at(self, word: str) -> bool:
        if self.index >= len(self.tokens):
            return False
        kind, value, _ = self.tokens[self.index]
        return kind in ("word", "punct") and value.lower() == word

    def _take(self, word: str) -> bool:
        if self._at(word):
            self.index += 1
            return True
        return False

    def _next(self, expected: str) -> tuple[str, str, int]:
        if self.index >= len(self.tokens):
            raise self._expecting(expected)
        self.index += 1
        return self.tokens[self.index - 1]

    def _expecting(self, expected: str, back: int = 0) -> JqlError:
        at = self.index - back
        if at >= len(self.tokens):
            return JqlError(f"Error in the JQL Query: Expecting {expected} before the end of the query.")
        _, value, position = self.tokens[at]
        return JqlError(
            f"Error in the JQL Query: Expecting {expected} but got '{value}'. (line 1, character {position + 1})"
        )


def _negate(term: Predicate, negated: bool) -> Predicate:
    return (lambda issue: not term(issue)) if negated else term


def _in(attribute: str, values: set[str]) -> Predicate:
    return lambda issue: getattr(issue, attribute) in values


def _is_empty(known: str) -> Predicate:
    if known in ("parent", "resolution", "labels"):
        return lambda issue: not issue.fields.get(known)
    return lambda issue: False
