"""Recorded data of real systems, served by the doubles, through ingestion and models; every row worked out again."""

import csv
import gzip
import io
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ingestion.config import load_config
from sandbox.recorded import github_world, jira_world
from sandbox.server import serve
from tests.end_to_end.one_night import PROJECT, Night, live_through
from tests.oracle.periods import period_start, quantile

SHARED = PROJECT.parent / "shared"
REAL = SHARED / "real"
DURASPACE = REAL / "jira" / "duraspace_issues_with_changelog.jsonl.gz"
TLS13 = REAL / "github" / "tls13-spec.archive.json.gz"
SURVEYS = REAL / "surveys"
HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.skipif(not REAL.is_dir(), reason="the recorded data of ../shared/real are not beside this checkout"),
    pytest.mark.timeout(600),
]

STATES = {
    "1": "new", "3": "active", "4": "waiting", "5": "done", "6": "done",
    "10000": "new", "10001": "new", "10003": "waiting", "10004": "waiting", "10006": "waiting",
}  # fmt: skip
"""DuraSpace's statuses: Open, In Progress, Reopened, Resolved, Closed, Received (twice), More Details Needed, Volunteer
Needed, Accepted."""
TYPES = {
    "Bug": "defect", "Story": "feature", "Improvement": "feature", "Task": "debt", "Technical task": "debt",
    "New Feature": "feature", "Documentation": "debt", "Code Task": "debt", "Sub-task": "feature",
    "Support Request": "defect",
}  # fmt: skip
REVIEW_BOT = "copilot-pull-request-reviewer"
PROJECTS = (
    "FCREPO", "ISLANDORA", "DURACLOUD", "HYPAT", "DS", "HYDRA", "HYLIBRA", "VIVOONT", "HYDRUS",
    "VIVO", "HCAMPPSU", "HYHULL", "HYARG", "HYDRASIR", "DFR", "DPS", "FUNAPI",
)  # fmt: skip
TEAMS = {
    "teams": "team_id,team_name\ncrew,The crew\n",
    "value_streams": "value_stream_id,value_stream_name\nrepositories,Repositories\n",
    "team_value_streams": "team_id,value_stream_id,weight\ncrew,repositories,1\n",
    "work_rules": "rule_order,field,value,team_id\n1,project,*,crew\n",
    "status_mappings": "connection,project,issue_type,status,flow_state\n",
    "type_mappings": "connection,project,issue_type,flow_item_type,item_level\n",
}


def _configure(folder: Path, connections: str, **tables: str) -> Path:
    (folder / "organization").mkdir(parents=True)
    for name, text in (TEAMS | tables).items():
        (folder / "organization" / f"{name}.csv").write_text(text)
    (folder / "connections.yml").write_text(
        "organization: {name: Recorded, time_zone: UTC}\nconnections:\n"
        "  - {name: organization, type: organization_files}\n" + connections
    )
    return folder


def _read(path: Path) -> Iterator[Any]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from file


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def duraspace(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("duraspace")
    config = _configure(
        folder / "config",
        "  - {name: duraspace, type: jira, base_url: 'http://127.0.0.1', token_env: TOKEN, user: a@b.example,"
        " projects: '*', start_date: 2000-01-01}\n",
        status_mappings=TEAMS["status_mappings"] + "".join(f"duraspace,,,{k},{v}\n" for k, v in STATES.items()),
        type_mappings=TEAMS["type_mappings"]
        + "".join(f"duraspace,,{name},{kind},flow_item\n" for name, kind in TYPES.items())
        + "duraspace,,Epic,feature,initiative\n",
        work_rules="rule_order,field,value,team_id\n"
        + "".join(f"{n},project,{key},crew\n" for n, key in enumerate(PROJECTS, 1)),
    )
    world = jira_world(DURASPACE)
    with serve(world) as server:
        loaded = load_config(config, environ={"TOKEN": "x"}).with_base_urls({"duraspace": server.jira_url})
        return live_through(loaded, folder / "data", world.default_clock)


@pytest.fixture(scope="module")
def issues() -> list[dict[str, Any]]:
    return [json.loads(line) for line in _read(DURASPACE)]


def _moves(issue: dict[str, Any]) -> list[tuple[datetime, str, str]]:
    """Status moves of an issue, oldest first: when, from, to."""
    return sorted(
        (_moment(history["created"]), item["from"], item["to"])
        for history in issue["changelog"]["histories"]
        for item in history["items"]
        if item["field"] == "status"
    )


def _life(issue: dict[str, Any]) -> dict[str, Any]:
    """Lead time, first start to first and to last Done (seconds), and how often Done was left, from the file alone."""
    created, moves = _moment(issue["fields"]["created"]), _moves(issue)
    first = moves[0][1] if moves else issue["fields"]["status"]["id"]
    path = [(created, None, STATES[first]), *((at, STATES[old], STATES[new]) for at, old, new in moves)]
    done = [at for at, old, new in path if new == "done" and old != "done"]
    started = [at for at, _, new in path if new in ("active", "waiting") and (not done or at < done[0])]
    return {
        "lead_seconds": (done[0] - created).total_seconds() if done else None,
        "flow_seconds": (done[0] - started[0]).total_seconds() if done and started else None,
        "flow_final_seconds": (done[-1] - started[0]).total_seconds() if done and started else None,
        "reopened_count": sum(old == "done" != new for _, old, new in path),
    }


def test_every_recorded_issue_and_history_arrives(duraspace: Night) -> None:
    counts = duraspace.query(
        "select (select count(*) from raw_jira.issues) as issues,"
        " (select count(*) from intermediate.int_work_items) as items,"
        " (select count(*) from intermediate.int_work_item_transitions) as moves,"
        " (select sum(json_array_length(payload, '$.histories')) from raw_jira.changelogs) as histories"
    )
    assert counts == [{"issues": 2962, "items": 2962, "moves": 4988, "histories": 14423}]


def test_every_chain_of_statuses_is_continuous_and_ends_in_the_current_status(
    duraspace: Night, issues: list[dict[str, Any]]
) -> None:
    rows = duraspace.query(
        "select split_part(item_key, ':', 2) as id, changed_at, from_status_id, to_status_id"
        " from intermediate.int_work_item_transitions order by item_key, transition_ordinal"
    )
    found: dict[str, list[tuple[datetime, str, str]]] = {}
    for row in rows:
        found.setdefault(row["id"], []).append((row["changed_at"], row["from_status_id"], row["to_status_id"]))
    assert found == {issue["id"]: _moves(issue) for issue in issues if _moves(issue)}
    assert all(a[2] == b[1] for chain in found.values() for a, b in pairwise(chain))
    ends = duraspace.query(
        "select split_part(item_key, ':', 2) as id, max_by(status_id, interval_ordinal) as status,"
        " count(*) filter (where is_entry) as entries,"
        " count(*) filter (where next_from is not null and next_from != valid_to) as gaps"
        " from (select *, lead(valid_from) over (partition by item_key order by interval_ordinal) as next_from"
        " from intermediate.int_work_item_state_intervals) group by item_key"
    )
    assert {row["id"]: row["status"] for row in ends} == {i["id"]: i["fields"]["status"]["id"] for i in issues}
    assert {row["id"]: row["entries"] for row in ends} == {i["id"]: 1 + len(_moves(i)) for i in issues}
    assert not [row for row in ends if row["gaps"]]


def test_lead_time_first_start_to_last_done_and_reopens_equal_a_computation_over_the_file(
    duraspace: Night, issues: list[dict[str, Any]]
) -> None:
    rows = duraspace.query(
        "select split_part(item_key, ':', 2) as id, lead_seconds, flow_seconds, flow_final_seconds, reopened_count"
        " from intermediate.int_work_item_facts"
    )
    expected = {issue["id"]: _life(issue) for issue in issues}
    assert {row.pop("id"): row for row in rows} == expected
    assert sum(life["lead_seconds"] is not None for life in expected.values()) > 2200
    assert sum(life["reopened_count"] > 0 for life in expected.values()) > 50


def test_published_item_facts_equal_the_same_computation(duraspace: Night, issues: list[dict[str, Any]]) -> None:
    rows = duraspace.query(
        "select split_part(item_key, ':', 2) as id, lead_time_days, flow_time_days, flow_time_final_days"
        " from marts.flow.fct_flow_items where done_at is not null"
    )
    expected = {issue["id"]: _life(issue) for issue in issues}
    finished = {key: life for key, life in expected.items() if life["lead_seconds"] is not None}
    assert {row["id"] for row in rows} == set(finished)
    for row in rows:
        life = finished[row["id"]]
        for column, seconds in (
            ("lead_time_days", "lead_seconds"),
            ("flow_time_days", "flow_seconds"),
            ("flow_time_final_days", "flow_final_seconds"),
        ):
            wanted = None if life[seconds] is None else pytest.approx(life[seconds] / 86400, abs=1e-9)
            assert row[column] == wanted, (row, column)


@pytest.fixture(scope="module")
def tls13(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("tls13")
    config = _configure(
        folder / "config",
        "  - {name: github, type: github, base_url: 'http://127.0.0.1/api/v3', token_env: TOKEN, "
        "repositories: [tlswg/tls13-spec], start_date: 2000-01-01}\n",
    )
    world = github_world(TLS13)
    with serve(world) as server:
        loaded = load_config(config, environ={"TOKEN": "x"}).with_base_urls({"github": server.github_url})
        return live_through(loaded, folder / "data", world.default_clock, ["+fct_changes", "+fct_review_metrics"])


@pytest.fixture(scope="module")
def pulls() -> list[dict[str, Any]]:
    with gzip.open(TLS13, "rt", encoding="utf-8") as file:
        return json.load(file)["pulls"]


def test_time_to_merge_and_to_first_review_by_another_person_equal_a_computation_over_the_file(
    tls13: Night, pulls: list[dict[str, Any]]
) -> None:
    rows = tls13.query(
        "select number, date_diff('second', created_at, merged_at) as to_merge,"
        " date_diff('second', created_at, first_reviewed_at) as to_review from intermediate.int_pull_requests"
    )
    expected = {}
    for pull in pulls:
        created = _moment(pull["createdAt"])
        expected[pull["number"]] = (
            (_moment(pull["mergedAt"]) - created).total_seconds() if pull["mergedAt"] else None,
            (seen - created).total_seconds() if (seen := _reviewed_at(pull)) else None,
        )
    assert {row["number"]: (row["to_merge"], row["to_review"]) for row in rows} == expected
    assert len(expected) == 998
    reviews_counted = tls13.query("select count(*) as n from intermediate.int_pull_request_reviews")
    assert reviews_counted == [{"n": 979}] == [{"n": sum(len(pull["reviews"]) for pull in pulls)}]
    merged = tls13.query("select count(*) as n from marts.quality.fct_changes where change_kind = 'pull_request'")
    assert merged == [{"n": sum(pull["state"] == "MERGED" for pull in pulls)}]


def _reviewed_at(pull: dict[str, Any]) -> datetime | None:
    others = {review["author"] for review in pull["reviews"]} - {pull["author"], REVIEW_BOT}
    return min((_moment(r["createdAt"]) for r in pull["reviews"] if r["author"] in others), default=None)


def _hours(begun: datetime | None, ended: datetime | None) -> float | None:
    return (ended - begun).total_seconds() / 3600 if begun and ended else None


def test_published_changes_equal_a_computation_over_the_file(tls13: Night, pulls: list[dict[str, Any]]) -> None:
    """The branch was called master until it was renamed; 131 old merges have no merge commit."""
    rows = tls13.query(
        "select regexp_extract(source_url, '[0-9]+$')::int as number, is_default_branch, is_reviewed, is_automated,"
        " created_at, first_reviewed_at, merged_at, pickup_hours, review_hours, deployment_method"
        " from marts.quality.fct_changes where change_kind = 'pull_request'"
    )
    expected = {}
    for pull in (pull for pull in pulls if pull["mergedAt"]):
        created, merged, seen = _moment(pull["createdAt"]), _moment(pull["mergedAt"]), _reviewed_at(pull)
        before = seen if seen and seen <= merged else None
        expected[pull["number"]] = (
            pull["baseRefName"] in ("master", "main"), before is not None, False, created, before, merged,
            _hours(created, before), _hours(before, merged), "unknown",
        )  # fmt: skip
    assert {row.pop("number"): tuple(row.values()) for row in rows} == expected
    assert (len(expected), sum(is_main for is_main, *_ in expected.values())) == (725, 720)


def test_published_review_metrics_equal_a_computation_over_the_file(tls13: Night, pulls: list[dict[str, Any]]) -> None:
    """Of the organisation, by week, month and quarter. Nothing is known of requested reviews: due when opened."""
    turnarounds, merges, unreviewed = defaultdict(list), Counter(), Counter()
    for pull in (pull for pull in pulls if pull["baseRefName"] in ("master", "main")):
        created, seen = _moment(pull["createdAt"]), _reviewed_at(pull)
        for period in _periods(seen) if seen else ():
            turnarounds[period].append(_hours(created, seen))
        merged = _moment(pull["mergedAt"]) if pull["mergedAt"] else None
        for period in _periods(merged) if merged and not pull["title"].startswith('Revert "') else ():
            merges[period] += 1
            unreviewed[period] += seen is None or seen > merged
    rows = tls13.query(
        "select * from marts.quality.fct_review_metrics where scope_type = 'organization'"
        " and review_turnaround_p50_hours_n + unreviewed_merge_rate_n > 0"
    )
    assert {(row["period_grain"], row["period_start"]) for row in rows} == turnarounds.keys() | merges.keys()
    for row in rows:
        hours, count = turnarounds[period := (row["period_grain"], row["period_start"])], merges[period]
        assert row["review_turnaround_p50_hours_n"] == len(hours), period
        for share, floor, name in ((0.5, 5, "p50"), (0.85, 10, "p85")):
            wanted = pytest.approx(quantile(hours, share), abs=1e-9) if len(hours) >= floor else None
            assert row[f"review_turnaround_{name}_hours"] == wanted, period
        found = (row["unreviewed_merge_rate_numerator"], row["unreviewed_merge_rate_denominator"])
        assert found == ((unreviewed[period], count) if count else (None, None)), period
        assert row["unreviewed_merge_rate"] == (pytest.approx(unreviewed[period] / count) if count else None), period
    assert sum(len(hours) >= 10 for hours in turnarounds.values()) > 15


def _periods(at: datetime) -> list[tuple[str, date]]:
    return [(grain, period_start(grain, at.date())) for grain in ("week", "month", "quarter")]


WAVES = {
    "maintainer-survey-results-2019-h1.csv.gz": "cncf_maintainers_2019",
    "CNCF_Maintainers_Survey_2020_H1.csv.gz": "cncf_maintainers_2020",
    "CNCF_Maintainers_Survey_2021_H1.csv.gz": "cncf_maintainers_2021",
}


@pytest.fixture(scope="module")
def maintainers(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("maintainers")
    config = _configure(folder / "config", "  - {name: surveys, type: survey_files, path: inbox}\n")
    (config / "inbox").mkdir()
    organization = config / "organization"
    (organization / "teams.csv").write_text("team_id,team_name\nmaintainers,Maintainers\n")
    (organization / "team_value_streams.csv").write_text("team_id,value_stream_id,weight\nmaintainers,repositories,1\n")
    (organization / "work_rules.csv").write_text("rule_order,field,value,team_id\n1,project,*,maintainers\n")
    shutil.copy(HERE.parent / "ingestion" / "surveys" / "cncf_maintainers.yml", config / "inbox")
    for name, below in WAVES.items():
        shutil.copy(SURVEYS / below / name, config / "inbox")
    as_of = datetime(2022, 1, 1, tzinfo=UTC)
    return live_through(load_config(config, environ={}), folder / "data", as_of, ["+fct_sentiment_metrics"])


def _column(rows: list[list[str]], title: str, read: Callable[[str], float | None]) -> list[float]:
    """Answers of the column whose heading begins with `title`, without blanks."""
    place = next(n for n, heading in enumerate(rows[0]) if heading.startswith(title))
    return [answer for row in rows[2:] if (answer := read(row[place])) is not None]


def test_survey_waves_whose_columns_drift_arrive_through_their_description_alone(maintainers: Night) -> None:
    rows = maintainers.query(
        "select payload ->> '$.wave' as wave, payload ->> '$.answers.support' as support from raw_surveys.answers"
    )
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["support"] is not None:
            found.setdefault(row["wave"], []).append(float(row["support"]))
    files = {
        name: list(csv.reader(io.StringIO("".join(_read(SURVEYS / below / name))))) for name, below in WAVES.items()
    }
    words = {"Very dissatisfied": 1, "Somewhat dissatisfied": 2, "Neutral": 3, "Satisfied": 4, "Very Satisfied": 5}
    title = "Are you satisfied with the overall support"
    wanted = {
        "2020-H1": _column(files["CNCF_Maintainers_Survey_2020_H1.csv.gz"], title, words.get),
        "2021-H1": _column(
            files["CNCF_Maintainers_Survey_2021_H1.csv.gz"], title, lambda text: float(text) if text.isdigit() else None
        ),
    }
    first = files["maintainer-survey-results-2019-h1.csv.gz"]
    place = next(n for n, heading in enumerate(first[0]) if heading.startswith("What is your feeling with respect"))
    wanted["2019-H1"] = [float(row[place + n]) for row in first[2:] for n in range(5) if row[place + n].isdigit()]
    assert {wave: sorted(answers) for wave, answers in found.items()} == {w: sorted(a) for w, a in wanted.items()}
    scores = maintainers.query(
        "select wave, driver_score from marts.sentiment.fct_sentiment_metrics"
        " where scope_type = 'organization' and driver = 'support'"
    )
    assert {row["wave"] for row in scores} == set(wanted)
