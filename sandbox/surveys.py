"""The quarterly pulse: seven waves of the default instrument, answered by people who live the teams' stories."""

import csv
import io
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox import truth
from sandbox.clock import DAY, ZONE, midnight
from sandbox.people import Staff
from sandbox.teams import REVIEW_EXPERIMENT, TEAMS, Team, pace

SURVEY = "pulse"
AGREEMENT = ("Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree")
WAVES: tuple[tuple[str, date], ...] = (
    ("2025-Q1", date(2025, 3, 3)),
    ("2025-Q2", date(2025, 6, 2)),
    ("2025-Q3", date(2025, 9, 8)),
    ("2025-Q4", date(2025, 12, 1)),
    ("2026-Q1", date(2026, 3, 2)),
    ("2026-Q2", date(2026, 6, 1)),
    ("2026-Q3", date(2026, 9, 7)),
)
_FIRST_WAVE_WITH_HOURS = "2025-Q3"


@dataclass(frozen=True, slots=True)
class Question:
    """A question. kind: likert (1-5), nps (0-10) or number on `scale`; is_reversed: agreeing is bad."""

    item: str
    driver: str
    text: str
    kind: str = "likert"
    is_reversed: bool = False
    scale: tuple[int, int] | None = None


QUESTIONS: tuple[Question, ...] = (
    Question("speed", "speed_of_delivery", "We deliver as fast as our customers need."),
    Question("ease", "ease_of_delivery", "It is easy for me to get work from idea to production."),
    Question("quality", "quality", "I am proud of the quality of what we build."),
    Question("interruptions", "interruptions", "Unplanned work often keeps me from what we planned.", is_reversed=True),
    Question("review", "review_turnaround", "I get a code review as soon as I need it."),
    Question("tooling", "tooling", "Our tools help me to do my work well."),
    Question("safety", "psychological_safety", "I can speak up about problems without fear."),
    Question("autonomy", "autonomy", "My team decides how it does its work."),
    Question("roles", "role_clarity", "I know what is expected of me."),
    Question("load", "cognitive_load", "I have to keep too much in my head to do my work.", is_reversed=True),
    Question("purpose", "clarity_of_purpose", "I know the outcome this work is for."),
    Question("framing", "framing", "I take part in framing the problems that we solve."),
    Question("support", "support_and_belonging", "I feel supported, and I belong to this team."),
    Question("ai", "ai_usefulness", "AI tools help me in my work."),
    Question("ai_hours", "ai_hours_saved", "How many hours did AI tools save you last week?", "number", scale=(0, 40)),
    Question(
        "new_work", "new_capability", "What share of your time went into new capability (%)?", "number", scale=(0, 100)
    ),
    Question("enps", "enps", "How likely are you to recommend Acme as a place to work?", "nps"),
)
_COMMENT = "Anything else?"
_COMMENTS = (
    "", "", "", "", "Fewer meetings please.", "Reviews take ages.", "Mehr Zeit für technische Schulden!",
    "Great quarter.", "{} helps everybody, but who helps {}?", "Too many incidents at night.",
)  # fmt: skip


_OVERLOAD = (
    ("speed_of_delivery", 1.3), ("ease_of_delivery", 1.2), ("quality", 0.8), ("interruptions", 1.6),
    ("cognitive_load", 1.6), ("support_and_belonging", 0.7), ("tooling", 0.4), ("framing", 0.6),
)  # fmt: skip
"""How far each driver falls where a team is wholly overloaded."""


@dataclass(frozen=True, slots=True)
class WaveFile:
    """A file of the survey inbox."""

    name: str
    text: str


def _mood(team: Team, at: int) -> dict[str, float]:
    """Mean answers of a team by driver, 1 to 5, a high value good."""
    now = pace(team, at)
    mood = {question.driver: 3.7 for question in QUESTIONS}
    if team.team_id == "orders":
        burden = (now.waiting - 1) / 2.2
        for driver, drop in _OVERLOAD:
            mood[driver] -= drop * burden
    if team.team_id == "search":
        queue = max(now.review_wait - 1, 0) / 4.5
        mood["review_turnaround"] += -1.7 * queue if at < midnight(REVIEW_EXPERIMENT) else 0.7
        mood["speed_of_delivery"] += -1.0 * queue if at < midnight(REVIEW_EXPERIMENT) else 0.4
    if team.team_id == "returns" and now.coding > 1:
        for driver in ("role_clarity", "support_and_belonging", "clarity_of_purpose"):
            mood[driver] -= 1.0
    if team.operating_model == "em_led":
        mood["autonomy"] -= 0.8
        mood["framing"] -= 0.5
    mood["ai_usefulness"] = 2.6 + 2.0 * now.ai_share
    mood["quality"] -= 0.4 * now.ai_share
    return mood


def _answer(rng: random.Random, question: Question, mood: dict[str, float], bias: float, ai_share: float) -> int | None:
    if rng.random() < (0.04 if question.kind == "likert" else 0.09):
        return None
    if question.item == "ai_hours":
        return max(0, min(40, round(rng.gauss(0.5 + 6 * ai_share, 1.6))))
    if question.item == "new_work":
        mean = 62 - 12 * (3.7 - mood["interruptions"])
        return 5 * max(0, min(20, round(rng.gauss(mean, 14) / 5)))
    overall = sum(mood.values()) / len(mood)
    if question.kind == "nps":
        return max(0, min(10, round(rng.gauss(7.3 + 2.6 * (overall - 3.6) + 1.2 * bias, 1.7))))
    good = max(1, min(5, round(rng.gauss(mood[question.driver] + bias, 0.85))))
    return 6 - good if question.is_reversed else good


def run_surveys(seed: int, staff: Staff, record: truth.Truth) -> list[WaveFile]:
    """The inbox: one CSV a wave and one YAML that describes them; every answer goes into `record`."""
    people = random.Random(f"{seed}:respondents")
    respondents = {p.member_id: (f"r{people.getrandbits(36):09x}", people.gauss(0, 0.45)) for p in staff.people}
    files: list[WaveFile] = []
    for wave, day in WAVES:
        rng = random.Random(f"{seed}:survey:{wave}")
        closes = day + timedelta(days=14)
        invited: dict[str, int] = {}
        rows: list[tuple[datetime, list[str]]] = []
        for team in TEAMS:
            members = staff.members(team.team_id, day)
            if not members:
                continue
            invited[team.team_id] = len(members)
            mood, now = _mood(team, midnight(day)), pace(team, midnight(day))
            share = 0.8 - 0.08 * max(now.waiting - 1, 0)
            for person in members:
                if rng.random() > share:
                    continue
                respondent, bias = respondents[person.member_id]
                at = (
                    midnight(day)
                    + int(rng.expovariate(1 / 3.2) * DAY) % (13 * DAY) // DAY * DAY
                    + rng.randint(9 * 3600, 19 * 3600)
                )
                submitted = datetime.fromtimestamp(at, UTC)
                answers = {q.item: _answer(rng, q, mood, bias, now.ai_share) for q in QUESTIONS}
                if wave < _FIRST_WAVE_WITH_HOURS:
                    del answers["ai_hours"]
                record.answers.append(truth.Answer(wave, respondent, team.team_id, submitted, dict(answers)))
                comment = rng.choice(_COMMENTS).format(person.name, person.name.split()[0])
                cells = [_cell(q, answers[q.item]) for q in QUESTIONS if q.item in answers]
                when = submitted.astimezone(ZONE).isoformat()
                rows.append((submitted, [respondent, when, team.name, *cells, comment]))
        record.waves[wave] = truth.Wave(wave, day, closes, invited)
        header = ["Respondent", "Submitted", "Team"]
        header += [q.text for q in QUESTIONS if wave >= _FIRST_WAVE_WITH_HOURS or q.item != "ai_hours"]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*header, _COMMENT])
        writer.writerows(row for _, row in sorted(rows))
        files.append(WaveFile(f"{SURVEY}-{wave}.csv", text.getvalue()))
    return [WaveFile(f"{SURVEY}.yml", _description(record)), *files]


def _cell(question: Question, answer: int | None) -> str:
    if answer is None:
        return "" if question.kind != "likert" else "N/A"
    return AGREEMENT[answer - 1] if question.kind == "likert" else str(answer)


def _description(record: truth.Truth) -> str:
    """The YAML beside the CSV files."""
    labels = ", ".join(f"{label}: {value}" for value, label in enumerate(AGREEMENT, 1))
    lines = [
        "# Acme's quarterly pulse. Only what is declared here is read; the free-text column is not.",
        f"survey: {SURVEY}",
        "version: 1",
        "respondent: Respondent",
        "submitted_at: Submitted",
        "team:",
        "  column: Team",
        "  values: {" + ", ".join(f"{team.name}: {team.team_id}" for team in TEAMS) + "}",
        "no_answer: [N/A]",
        "items:",
    ]
    for question in QUESTIONS:
        parts: list[Any] = [f"item: {question.item}", f"driver: {question.driver}", f'column: "{question.text}"',
                            f'text: "{question.text}"', f"kind: {question.kind}"]  # fmt: skip
        if question.is_reversed:
            parts.append("reversed: true")
        if question.scale:
            parts.append(f"scale: [{question.scale[0]}, {question.scale[1]}]")
        if question.item == "ai_hours":
            parts.append("optional: true")
        if question.kind == "likert":
            parts.append("labels: *agreement" if question is not QUESTIONS[0] else f"labels: &agreement {{{labels}}}")
        lines.append(f"  - {parts[0]}")
        lines.extend(f"    {part}" for part in parts[1:])
    lines.append("waves:")
    for wave in record.waves.values():
        invited = ", ".join(f"{team}: {count}" for team, count in wave.invited.items())
        lines += [f"  - wave: {wave.wave}", f"    wave_date: {wave.wave_date}", f"    closes_on: {wave.closes_on}",
                  f"    file: {SURVEY}-{wave.wave}.csv", f"    invited: {{{invited}}}"]  # fmt: skip
    return "\n".join(lines) + "\n"
