"""Links between issues: who waits for whom, within a team and across teams, made and removed while they live."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.card import Card
from sandbox.clock import DAY, HOUR, utc
from sandbox.people import Staff
from sandbox.process import BLOCKS, RELATES, Relation
from sandbox.teams import END, TEAMS

DEPENDS_ON: dict[str, tuple[str, ...]] = {
    "orders": ("warehouse", "payments"), "checkout": ("payments",), "storefront": ("checkout", "search"),
    "mobile": ("checkout",), "returns": ("orders", "payments"), "parcelio": ("warehouse", "orders"),
}  # fmt: skip
"""Whose items a team's items mostly wait for, beside their own."""
FLAGGED_SHARE, WAITING_SHARE, RELATED_SHARE = 0.24, 0.023, 0.012
LONG_WAIT = 2 * DAY
TRIES = 400


@dataclass(frozen=True, slots=True)
class _Act:
    """A link between two cards that is made or removed; `card` is the one that is blocked or related."""

    at: int
    link_id: str
    relation: Relation
    card: Card
    other: Card
    is_made: bool


def link_items(seed: int, cards: Sequence[Card], staff: Staff) -> None:
    """Link some of the flow items. Keys must have been given; truths must not have been closed.

    An item is linked as blocked when it is flagged or begins a long wait, by an item that is open then: half the time
    one of another team. Most links stay for ever, some are removed when the blocked item goes on.
    """
    rng = random.Random(f"{seed}:links")
    by_team: dict[str | None, list[Card]] = defaultdict(list)
    for card in cards:
        if card.truth.level == "flow_item" and card.deleted_at is None:
            by_team[_team(card)].append(card)
    every = [card for team in (*(team.team_id for team in TEAMS), None) for card in by_team[team]]
    acts: list[_Act] = []
    for card in every:
        moment = _moment(rng, card)
        related = rng.random() < RELATED_SHARE
        if moment is None and not related:
            continue
        at, until = moment or (card.created + rng.randint(HOUR, 2 * DAY), END)
        relation = BLOCKS if moment else RELATES
        other = _other(rng, card, at, by_team)
        if other is None or at > END:
            continue
        link_id = str(20_000 + len(acts) * 3)
        acts.append(_Act(at, link_id, relation, card, other, True))
        is_removed = relation is BLOCKS and until <= END and rng.random() < 0.35
        if is_removed:
            acts.append(_Act(until, link_id, relation, card, other, False))
        if relation is BLOCKS:
            card.truth.links.append((other.id, utc(at), utc(until) if is_removed else None))
    for act in sorted(acts, key=lambda act: (act.at, act.link_id)):
        _perform(act, staff)


def _moment(rng: random.Random, card: Card) -> tuple[int, int] | None:
    """When an item turns out to be blocked by another, and when it goes on; None for most."""
    flags = [(a, b) for a, b in card.truth.blocked if b]
    if flags and rng.random() < FLAGGED_SHARE:
        start, end = flags[0]
        at = int(start.timestamp()) + rng.randint(60, 900)
        return at, max(int(end.timestamp()), at) + rng.randint(60, 900)
    waits = [
        (int(e.from_at.timestamp()), int(e.to_at.timestamp()))
        for e in card.truth.episodes
        if e.state == "waiting" and e.to_at and (e.to_at - e.from_at).total_seconds() > LONG_WAIT
    ]
    if waits and rng.random() < WAITING_SHARE * 2:
        start, end = rng.choice(waits)
        return start + rng.randint(HOUR, LONG_WAIT // 2), end + rng.randint(60, 7200)
    return None


def _other(rng: random.Random, card: Card, at: int, by_team: dict[str | None, list[Card]]) -> Card | None:
    """An item that is open at a moment: of the same team, or of one that the team depends on."""
    team = _team(card)
    if team is None or rng.random() < 0.5:
        choice = by_team[team]
    else:
        others = DEPENDS_ON.get(team) or tuple(other.team_id for other in TEAMS if other.team_id != team)
        choice = by_team[rng.choice(others)]
    for _ in range(TRIES if choice else 0):
        other = rng.choice(choice)
        ended = other.truth.done_at or other.truth.cancelled_at
        if other is not card and other.created < at - HOUR and (ended is None or ended > utc(at + HOUR)):
            return other
    return None


def _perform(act: _Act, staff: Staff) -> None:
    """Write a link down on both sides."""
    team = _team(act.card) or "storefront"
    author = staff.developers(team, act.at)[0]
    for card, other, inward in ((act.card, act.other, True), (act.other, act.card, False)):
        write = card.link if act.is_made else card.unlink
        write(act.at, act.link_id, act.relation, other, author, inward=inward)


def _team(card: Card) -> str | None:
    """The first team of an item as it is at last."""
    teams = card.truth.identities[-1].teams
    return teams[0][0] if teams else None
