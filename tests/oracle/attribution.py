"""Whose work something was, and of what kind, at any time: ordered dated rules, with weights."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tests.oracle.jira_history import History, Named
from tests.oracle.mappings import Rule, TypeMappings, dated, edges, fits, is_same
from tests.oracle.organization import ORGANIZATION, UNASSIGNED
from tests.oracle.raw_data import Payload
from tests.oracle.timeline import BEGINNING, LocalTime, Timeline

MULTIPLE = ("component", "label", "team", "epic", "board")
"""Fields of which an item may hold several values, or none."""
Shares = dict[tuple[str, str], float]


class Profile(NamedTuple):
    """All that a rule can see of an item; conditions: (field, value in lower case) that some rule mentions."""

    connection: str
    project: str | None
    issue_type: Named
    conditions: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Identity:
    """What an item was and whose: level and type (None: unmapped), and its weight in each scope, small teams too.

    number: different for different contents, for look-ups.
    """

    number: int
    profile: Profile
    flow_item_type: str | None
    level: str | None
    shares: Mapping[tuple[str, str], float]

    @property
    def is_unmapped(self) -> bool:
        """Whether its type says nothing about it."""
        return self.flow_item_type is None or self.level is None

    def main(self, scope_type: str) -> str:
        """The team or value stream with the largest weight; the last name among equals."""
        found = [(weight, name) for (kind, name), weight in self.shares.items() if kind == scope_type]
        # weights are published with nine decimals
        return max(found, key=lambda entry: (round(entry[0], 9), entry[1]))[1]

    def names(self, scope_type: str) -> set[str]:
        """Teams or value streams it belongs to."""
        return {name for kind, name in self.shares if kind == scope_type}


class Attribution:
    """The organisation's files as one function: history of an item -> its identity from when on.

    boards: (connection, sprint id) -> names by which a rule may call the sprint's board, in lower case.
    """

    def __init__(
        self, tables: Mapping[str, list[Payload]], boards: Mapping[tuple[str, str], set[str]], local: LocalTime
    ) -> None:
        self.types = TypeMappings(tables["type_mappings"], local)
        self.rules = sorted(dated(tables["work_rules"], local), key=lambda rule: int(rule.row["rule_order"]))
        self.teams = dated(tables["teams"], local)
        self.team_streams = dated(tables.get("team_value_streams", []), local)
        self.streams = dated(tables.get("value_streams", []), local)
        self.boards = boards
        mentioned = {(r.row["field"], str(r.row["value"]).lower()) for r in self.rules}
        mentioned |= {
            (r.row["condition_field"], str(r.row["condition_value"]).lower())
            for r in self.types.rules
            if r.row.get("condition_field")
        }
        self.mentioned = {pair for pair in mentioned if pair[0] in MULTIPLE}
        self._known: dict[Profile, Timeline[Identity]] = {}
        self._numbers: dict[object, int] = {}
        self._dates = sorted(edges([*self.rules, *self.teams, *self.team_streams, *self.streams, *self.types.rules]))

    def identities(self, history: History) -> Timeline[Identity]:
        """What an item was from when on, over all time."""
        entries = []
        for start, end, profile in self._profiles(history).pieces():
            known = self._identities(profile)
            entries += [(begin, identity) for begin, _, identity in known.pieces(start, end)]
        return Timeline(entries)

    def sources(self) -> dict[tuple[str, str], set[str]]:
        """By scope, the connections from which work of it ever comes, of the items asked about so far."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for profile, known in self._known.items():
            for identity in known.values:
                for scope in identity.shares:
                    found[scope].add(profile.connection)
        return found

    def _profiles(self, history: History) -> Timeline[Profile]:
        moments = {BEGINNING, *history.project.edges(), *history.issue_type.edges()}
        if self.mentioned:
            for component, timeline in history.components.items():
                if any(("component", str(name).lower()) in self.mentioned for name in component if name):
                    moments.update(timeline.edges())
            for timeline in (history.labels, history.team, history.epic, history.sprints):
                moments.update(timeline.edges())
        entries: list[tuple[int, Profile]] = []
        for moment in sorted(moments):
            profile = Profile(
                history.connection,
                history.project.at(moment),
                history.issue_type.at(moment) or Named(None, None),
                self.conditions(history, moment) & self.mentioned if self.mentioned else frozenset(),
            )
            if not entries or entries[-1][1] != profile:
                entries.append((moment, profile))
        return Timeline(entries)

    def conditions(self, history: History, moment: int) -> frozenset[tuple[str, str]]:
        """(field, value in lower case) of all that an item holds at a moment, of the fields with many values."""
        found: set[tuple[str, str]] = {("label", label) for label in history.labels.at(moment) or ()}
        for component, timeline in history.components.items():
            if timeline.at(moment):
                found |= {("component", name.lower()) for name in component if name}
        for field, value in (("team", history.team.at(moment)), ("epic", history.epic.at(moment))):
            found |= {(field, str(name).lower()) for name in value or () if name}
        for sprint in history.sprints.at(moment) or ():
            found |= {("board", name) for name in self.boards.get((history.connection, sprint), ())}
        return frozenset(found)

    def _identities(self, profile: Profile) -> Timeline[Identity]:
        if profile not in self._known:
            kinds = self.types.kinds(*profile)
            entries: list[tuple[int, Identity]] = []
            for moment in self._dates:
                kind = kinds.at(moment)
                assert kind is not None
                shares = self._shares(profile, moment)
                contents = (profile, kind, tuple(sorted(shares.items())))
                number = self._numbers.setdefault(contents, len(self._numbers))
                if not entries or entries[-1][1].number != number:
                    entries.append((moment, Identity(number, profile, kind.flow_item_type, kind.level, shares)))
            self._known[profile] = Timeline(entries)
        return self._known[profile]

    def owners(self, profile: Profile, moment: int) -> Iterable[tuple[str, str | None, float]]:
        """(team, value stream of its own or None, weight) by the first rule that matches; weights sum to 1."""
        matching = [rule for rule in self.rules if rule.is_in_force(moment) and self._matches(rule, profile)]
        first = [rule for rule in matching if rule.row["rule_order"] == matching[0].row["rule_order"]]
        total = sum(float(rule.row.get("weight") or 1) for rule in first)
        for rule in first:
            team = rule.row.get("team_id")
            exists = any(t.row["team_id"] == team and t.is_in_force(moment) for t in self.teams)
            weight = float(rule.row.get("weight") or 1) / total
            yield team if exists else UNASSIGNED, rule.row.get("value_stream_id"), weight
        if not first:
            yield UNASSIGNED, None, 1.0

    @staticmethod
    def _matches(rule: Rule, profile: Profile) -> bool:
        row = rule.row
        if not fits({**row, "issue_type": None}, profile.connection, profile.project, profile.issue_type):
            return False
        if row["field"] == "project":
            return is_same(row["value"], profile.project)
        if row["field"] == "issue_type":
            return is_same(row["value"], *profile.issue_type)
        return (row["field"], str(row["value"]).lower()) in profile.conditions

    def streams_of(self, team: str, moment: int) -> dict[str, float]:
        """Value streams a team works for; what is nobody's goes to unassigned. Sums to 1."""
        existing = {rule.row["value_stream_id"] for rule in self.streams if rule.is_in_force(moment)}
        found: dict[str, float] = defaultdict(float)
        for rule in self.team_streams:
            if rule.row["team_id"] == team and rule.is_in_force(moment) and rule.row["value_stream_id"] in existing:
                found[rule.row["value_stream_id"]] += float(rule.row.get("weight") or 1)
        rest = 1 - sum(found.values())
        return dict(found) | ({UNASSIGNED: rest} if rest > 1e-6 else {})

    def _shares(self, profile: Profile, moment: int) -> Shares:
        found: Shares = defaultdict(float)
        for team, own_stream, weight in self.owners(profile, moment):
            found["team", team] += weight
            streams = {own_stream: 1.0} if own_stream else self.streams_of(team, moment)
            for stream, share in streams.items():
                found["value_stream", stream] += weight * share
        found[ORGANIZATION, ORGANIZATION] = 1.0
        return dict(found)
