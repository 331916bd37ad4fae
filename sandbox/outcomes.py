"""What became of Acme's initiatives: texts edited to please, reviews and verdicts after Done, and why debt was paid."""

import random
from collections.abc import Sequence

from sandbox import texts, truth
from sandbox.card import Card
from sandbox.clock import DAY, utc
from sandbox.people import Person, Staff
from sandbox.process import ACTUAL, ANTICIPATED, ISSUE_TYPE, OUTCOME_TYPE, VERDICT, document
from sandbox.teams import END, TEAMS

VERDICTS = {
    "Achieved": "achieved", "Erreicht": "achieved", "Partly achieved": "partly", "Teilweise erreicht": "partly",
    "Not achieved": "not_achieved", "No logrado": "not_achieved", "Too early": "too_early",
    "Not measurable": "not_measurable", "Hooray": "unknown",
}  # fmt: skip
"""What can be chosen in the field Outcome Verdict, and what it means."""
OUTCOME_TYPES = {
    "Customer": "customer", "Business": "business", "Platform": "platform", "Reliability": "reliability",
    "Scalability": "scalability", "Risk": "risk", "Cost": "cost", "Strategic": "unknown",
}  # fmt: skip
"""What can be chosen in the field Outcome Type, and what it means."""
_REASONS = ("Reliability", "Scalability", "Risk", "Cost", "Customer")


def live_on(
    seed: int, initiatives: Sequence[tuple[Card, truth.Initiative]], cards: Sequence[Card], staff: Staff
) -> None:
    """Let people edit outcomes, look back at them, judge them, and say what debt is for.

    Lives of the cards must have been told; their truths must not have been closed.
    """
    rng = random.Random(f"{seed}:outcomes")
    team = {team.project: team.team_id for team in TEAMS}
    for card, record in initiatives:
        who = card.author
        _state_type(rng, card, who, is_debt="tech-debt" in card.labels)
        started, done = _entered(card, ("active", "waiting")), _entered(card, ("done",))
        if started is not None and rng.random() < 0.15:
            _edit(rng, card, record, who, started + rng.randint(2, 12) * DAY)
        if done is not None:
            if rng.random() < 0.2:
                _edit(rng, card, record, who, done + rng.randint(1, 9) * DAY)
            _look_back(rng, card, record, who, done)
    for card in cards:
        if ISSUE_TYPE[card.type_id].name in ("Tech Debt", "Chore") and rng.random() < 0.55:
            _state_type(rng, card, staff.developers(team[card.project], card.created)[0], is_debt=True)


def _entered(card: Card, states: tuple[str, ...]) -> int | None:
    """When a card first entered one of these states."""
    times = (episode.from_at for episode in card.truth.episodes if episode.state in states and episode.is_entry)
    first = next(times, None)
    return None if first is None else int(first.timestamp())


def _state_type(rng: random.Random, card: Card, who: Person, *, is_debt: bool) -> None:
    draw = rng.random()
    if draw < 0.2:
        return
    name = rng.choice(_REASONS) if is_debt else rng.choices(tuple(OUTCOME_TYPES), (30, 20, 12, 4, 3, 4, 4, 1))[0]
    at = card.created if draw < 0.75 else card.created + rng.randint(2, 30) * DAY
    card.choose(at, OUTCOME_TYPE, name, who, card.truth.outcome_types)
    if draw > 0.95:
        card.choose(at + rng.randint(20, 60) * DAY, OUTCOME_TYPE, rng.choice(_REASONS), who, card.truth.outcome_types)


def _edit(rng: random.Random, card: Card, record: truth.Initiative, who: Person, at: int) -> None:
    """Write another text over a real one: what came, rather than what was promised."""
    last = record.outcomes[-1]
    text = rng.choice(texts.PLEASING_OUTCOMES)
    is_edited = last.rule is None and last.from_at < utc(at) and text != last.text
    if is_edited and card.write(at, who, "Anticipated Outcome", ANTICIPATED, last.text, text, document(text)):
        record.outcomes.append(truth.OutcomeText(utc(at), text, None))


def _look_back(rng: random.Random, card: Card, record: truth.Initiative, who: Person, done: int) -> None:
    if not record.actual_outcomes and rng.random() < 0.5:
        at = done + rng.randint(3, 50) * DAY
        text, rule = rng.choice(
            (("TBD", "placeholder"), ("🎉", "emoji_only"), ("https://acme.example/okr", "link_only"))
        )
        if card.write(at, who, "Actual Outcome", ACTUAL, None, text, document(text)):
            record.actual_outcomes.append(truth.OutcomeText(utc(at), text, rule))
            if rng.random() < 0.5:
                later = at + rng.randint(15, 70) * DAY
                real = rng.choice(texts.ACTUAL_OUTCOMES)
                if card.write(later, who, "Actual Outcome", ACTUAL, text, real, document(real)):
                    record.actual_outcomes.append(truth.OutcomeText(utc(later), real, None))
    looked = [outcome.from_at for outcome in record.actual_outcomes if outcome.rule is None]
    if looked and rng.random() < 0.85:
        at = int(looked[0].timestamp()) + rng.randint(0, 3) * DAY + 60
    elif rng.random() < 0.12:
        at = done - 2 * DAY
    else:
        return
    name = rng.choices(tuple(VERDICTS), (20, 8, 16, 6, 12, 5, 16, 8, 2))[0]
    if at > card.created:
        card.choose(at, VERDICT, name, who, record.verdicts)
        later = at + rng.randint(30, 70) * DAY
        if name == "Too early" and rng.random() < 0.6 and later <= END:
            card.choose(
                later, VERDICT, rng.choice(("Achieved", "Partly achieved", "Not achieved")), who, record.verdicts
            )
