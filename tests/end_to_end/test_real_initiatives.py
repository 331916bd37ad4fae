"""649 enhancement proposals of a real project as initiatives of an inbox, and every number of them worked out again.

How a proposal becomes a record is said in `record_of`; what does not fit is passed on as it is, to be refused.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml

from ingestion.config import load_config
from ingestion.sources.organization_tables import TABLES
from tests.end_to_end.one_night import PROJECT, Night, live_through

PROPOSALS = PROJECT.parent / "shared" / "real" / "initiatives_k8s_keps.tar.gz"
AS_OF = datetime(2026, 10, 1, tzinfo=UTC)
STATES = {
    "provisional": "new", "implementable": "active", "deferred": "waiting", "implemented": "done",
    "rejected": "cancelled", "withdrawn": "cancelled", "replaced": "cancelled",
}  # fmt: skip
RELEASE_DAYS = """
v1.16 2019-09-18  v1.17 2019-12-07  v1.18 2020-03-25  v1.19 2020-08-26  v1.20 2020-12-08  v1.21 2021-04-08
v1.22 2021-08-04  v1.23 2021-12-07  v1.24 2022-05-03  v1.25 2022-08-23  v1.26 2022-12-08  v1.27 2023-04-11
v1.28 2023-08-15  v1.29 2023-12-13
"""
RELEASED = dict(re.findall(r"(\S+) (\S+)", RELEASE_DAYS))
CONFIG = """organization: {name: Proposals, time_zone: UTC, outcome_min_words: 1}
connections:
  - {name: inbox, type: inbox}
  - {name: organization, type: organization_files}
"""
TEAMS = ("sig-node", "sig-network")
EMPTY = ("value_streams", "team_value_streams", "work_rules", "status_mappings", "type_mappings")
GIVEN_UP = ("cancelled", True)
LABELS = re.compile(r"\{[^}]*\}?")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
pytestmark = [
    pytest.mark.skipif(not PROPOSALS.is_file(), reason="the data of ../shared/real are not beside this checkout"),
    pytest.mark.timeout(600),
]


def proposals() -> Iterator[tuple[str, dict[str, Any]]]:
    """Folder and content of every proposal, each value as it is written."""
    with tarfile.open(PROPOSALS) as archive:
        for member in archive:
            if member.name.endswith("/kep.yaml") and (file := archive.extractfile(member)):
                folder = member.name.removeprefix("./keps/").removesuffix("/kep.yaml")
                yield folder, yaml.load(file, Loader=yaml.BaseLoader)  # makes nothing but text


def record_of(folder: str, proposal: dict[str, Any]) -> dict[str, Any]:
    """A proposal as a record.

    Its milestones are releases: it is done on the day of the release in which it was stable (the project's own release
    days, those that are sure), else when it was last updated; one that was given up says no more than that. None says
    when work began. None has a field for an outcome; the names of the metrics by which its operators can tell whether
    it works (without their labels in braces, which a rule takes for a template's) are taken for one, so that there are
    texts to judge.
    """
    at = {
        "created_at": proposal.get("creation-date"),
        "done_at": _done_on(proposal),
        "cancelled_at": proposal.get("last-updated"),
    }
    state = STATES.get(proposal["status"], proposal["status"])
    wanted = {"created_at", *({"done": ["done_at"], "cancelled": ["cancelled_at"]}.get(state, ()))}
    metrics = proposal.get("metrics")
    outcome = LABELS.sub("", " ".join(metrics)).strip() if isinstance(metrics, list) else None
    return {
        "id": folder, "title": proposal["title"], "team": proposal["owning-sig"], "state": state,
        **{name: f"{day}T00:00:00Z" for name, day in at.items() if name in wanted and day},
        **({"anticipated_outcome": outcome} if outcome else {}),
    }  # fmt: skip


def _done_on(proposal: dict[str, Any]) -> str | None:
    """The day on which an implemented proposal was done, as it is written."""
    stable = (proposal.get("milestone") or {}).get("stable", "")
    return RELEASED.get(stable) or proposal.get("last-updated")


def expected(proposal: dict[str, Any]) -> tuple[str, dict[str, date]]:
    """How a proposal is to be read: its state or why it has none, and its dates, straight from its file."""
    status, created = proposal["status"], proposal.get("creation-date") or ""
    if not DAY.fullmatch(created):
        return "quarantined", {}
    try:
        begun = date.fromisoformat(created)
    except ValueError:
        return "quarantined", {}
    if status in ("provisional", "implementable", "deferred"):
        state = {"provisional": "new", "implementable": "active"}.get(status, "waiting")
        return ("not yet" if begun > AS_OF.date() else state), {"created": begun}
    end = _done_on(proposal) if status == "implemented" else proposal.get("last-updated")
    if status not in STATES or not end or not DAY.fullmatch(end):
        return "quarantined", {}
    ended = date.fromisoformat(end)
    if begun > AS_OF.date():
        return "not yet", {}
    if ended < begun:
        return "contradictory", {}
    if ended > AS_OF.date():
        return "new", {"created": begun}
    return ("done" if status == "implemented" else "cancelled"), {"created": begun, "ended": ended}


@pytest.fixture(scope="module")
def real() -> dict[str, dict[str, Any]]:
    return dict(proposals())


@pytest.fixture(scope="module")
def night(real: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("proposals")
    config, inbox = folder / "config", folder / "config" / "inbox" / "initiatives"
    inbox.mkdir(parents=True)
    (config / "organization").mkdir()
    (config / "connections.yml").write_text(CONFIG)
    rows = "".join(f"{team},{team}\n" for team in TEAMS)
    (config / "organization" / "teams.csv").write_text(f"team_id,team_name\n{rows}")
    for table in TABLES:
        if table.name in EMPTY:
            header = ",".join(column.name for column in table.columns)
            (config / "organization" / f"{table.name}.csv").write_text(f"{header}\n")
    lines = (json.dumps(record_of(name, proposal)) for name, proposal in real.items())
    (inbox / "proposals.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return live_through(
        load_config(config, environ={}), folder / "data", AS_OF, ["+int_initiatives", "+int_outcomes_metric_values",
                                                                  "+int_filed_initiative_findings"],
    )  # fmt: skip


def test_every_proposal_is_an_initiative_or_is_reported_with_a_reason(
    night: Night, real: dict[str, dict[str, Any]]
) -> None:
    counts = Counter(expected(proposal)[0] for proposal in real.values())
    quarantined = night.query("select page, line, reason from raw_ingestion.quarantine")
    assert len(quarantined) == counts["quarantined"] > 50
    assert all(row["page"] == "initiatives/proposals.jsonl" and row["line"] and row["reason"] for row in quarantined)
    contradictions = night.query(
        """select subject, records_count as n from intermediate.int_filed_initiative_findings
        where check_name = 'contradictory_initiative'"""
    )
    assert sum(row["n"] for row in contradictions) == counts["contradictory"]
    assert {row["subject"] for row in contradictions} <= {"started, done or cancelled before it was created"}
    initiatives = night.query("select count(*) as n from intermediate.int_initiatives")[0]["n"]
    assert initiatives + sum(counts[name] for name in ("quarantined", "contradictory", "not yet")) == len(real) == 649


def test_states_and_dates_are_those_of_the_proposals(night: Night, real: dict[str, dict[str, Any]]) -> None:
    rows = night.query(
        """select item_number, flow_state, team_id, created_at, started_at, coalesce(cancelled_at, done_at) as ended_at
        from intermediate.int_initiatives"""
    )
    read = {name: expected(proposal) for name, proposal in real.items()}
    assert {row["item_number"]: row["flow_state"] for row in rows} == {
        name: state for name, (state, _) in read.items() if state not in ("quarantined", "contradictory", "not yet")
    }
    for row in rows:
        dates = read[row["item_number"]][1]
        assert row["created_at"].date() == dates["created"] and row["started_at"] is None
        assert (row["ended_at"].date() if row["ended_at"] else None) == dates.get("ended")
        team = real[row["item_number"]]["owning-sig"]
        assert row["team_id"] == (team if team in TEAMS else "unassigned")


def test_the_feature_factory_ratio_is_that_of_the_proposals(night: Night, real: dict[str, dict[str, Any]]) -> None:
    nothing, read = {"", "n/a", "tbd", "none"}, [(proposal, *expected(proposal)) for proposal in real.values()]
    rows = night.query(
        """select period_start, data_quality, numerator, denominator, value from intermediate.int_outcomes_metric_values
        where metric = 'feature_factory_ratio' and scope_type = 'organization' and period_grain = 'quarter'"""
    )
    mixed = 0
    for row in rows:
        first = row["period_start"]
        end = date(first.year + (first.month + 2) // 12, (first.month + 2) % 12 + 1, 1)
        total = lacking = 0
        for proposal, state, dates in read:
            ended = dates.get("ended")
            if not dates or dates["created"] >= end or (ended and (ended < first or (state, ended < end) == GIVEN_UP)):
                continue
            metrics = proposal.get("metrics")
            total += 1
            lacking += not isinstance(metrics, list) or all(text.strip().lower() in nothing for text in metrics)
        assert (row["numerator"], row["denominator"]) == (lacking, total), first
        assert row["value"] == pytest.approx(100 * lacking / total)
        mixed += 0 < lacking < total
    assert mixed >= 20


def test_nobody_knows_what_was_intended_before_they_began(night: Night) -> None:
    rows = night.query(
        """select distinct data_quality, value from intermediate.int_outcomes_metric_values
        where metric = 'intent_before_execution_rate' and scope_type = 'organization'"""
    )
    assert rows and all(row["value"] is None for row in rows)
    assert night.query("select distinct has_history as known from intermediate.int_initiatives") == [{"known": False}]
