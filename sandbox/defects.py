"""What Acme's people say of its bugs: where they were found, how bad they are, and which advisory they are about."""

import random
from collections.abc import Sequence

from sandbox.card import Card
from sandbox.clock import DAY, HOUR, utc
from sandbox.people import Person, Staff
from sandbox.process import FOUND_IN, ISSUE_TYPE, SEVERITY
from sandbox.teams import TEAMS
from sandbox.truth import Truth

SEVERITIES = ("Critical", "High", "Medium", "Low")
_PLACES = ("Production", "Test", "Development", None)
_REPOSITORIES = {
    team.project: {f"acme/{name}" for other in TEAMS if other.project == team.project for name in other.repositories}
    for team in TEAMS
}


def find_defects(seed: int, cards: Sequence[Card], staff: Staff, record: Truth) -> None:
    """Fill in the fields Found in and Severity of bugs, and the advisories of security work as labels.

    Most of it is said when the item is created, the rest when somebody looks at it; some is corrected weeks later.
    Findings must have been recorded; truths of the cards must not have been closed.
    """
    rng = random.Random(f"{seed}:defects")
    team = {team.project: team.team_id for team in TEAMS}
    for card in cards:
        type_name = ISSUE_TYPE[card.type_id].name
        if type_name not in ("Bug", "Security"):
            continue
        who = staff.developers(team[card.project], card.created)[0]
        is_security = type_name == "Security" or "security" in card.labels
        if type_name == "Bug":
            _find(rng, card, who)
        if is_security or rng.random() < 0.4:
            card.choose(
                _moment(rng, card), SEVERITY, rng.choices(SEVERITIES, (1, 3, 5, 3))[0], who, card.truth.severities
            )
            if rng.random() < 0.1:
                later = card.created + 5 * DAY + rng.randint(0, 20 * DAY)
                card.choose(later, SEVERITY, rng.choice(SEVERITIES), who, card.truth.severities)
        if is_security:
            advisory = _advisory(rng, card, record)
            is_free = not any(item["field"] == "labels" for _, _, items, _ in card.history for item in items)
            if advisory and is_free:
                at = _moment(rng, card)
                if card.tag(at, advisory, who):
                    card.truth.advisories.append((utc(at), advisory))


def _moment(rng: random.Random, card: Card) -> int:
    """When it is said: mostly at once, else within two days."""
    return card.created if rng.random() < 0.7 else card.created + rng.randint(300, 2 * DAY)


def _find(rng: random.Random, card: Card, who: Person) -> None:
    place = rng.choices(_PLACES, (26, 38, 12, 24))[0]
    if place is None:
        return
    card.choose(_moment(rng, card), FOUND_IN, place, who, card.truth.found_in)
    if rng.random() < 0.05:
        other = "Test" if place == "Production" else "Production"
        card.choose(card.created + 3 * DAY + rng.randint(0, 30 * DAY), FOUND_IN, other, who, card.truth.found_in)


def _advisory(rng: random.Random, card: Card, record: Truth) -> str | None:
    """The advisory it is about: often one that a scanner of the team's repositories reported shortly before."""
    draw = rng.random()
    known = [
        (finding.created_at, finding.advisory)
        for finding in record.findings.values()
        if finding.advisory
        and finding.repository in _REPOSITORIES[card.project]
        and finding.created_at <= utc(card.created + HOUR)
    ]
    if draw < 0.55 and known:
        return max(known)[1]
    return f"CVE-{utc(card.created).year}-{rng.randint(60_000, 69_999)}" if draw < 0.75 else None
