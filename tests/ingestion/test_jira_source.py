from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.client import Client
from ingestion.sources import jira as source
from ingestion.sources.jira_fields import find_roles
from ingestion.stream import Request
from sandbox.faults import Faults
from sandbox.server import serve
from sandbox.world import History, World
from tests.ingestion.nights import SECRET, Nights, errors, jira_connection
from tests.ingestion.specs import jira as jira_spec
from tests.ingestion.specs import jira_agile as jira_agile_spec
from tests.ingestion.specs import needs_specs
from tests.sandbox.tiny_world import CLOCK, at, issue, jira, many_issues, move

NIGHT = CLOCK


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def world(site: Any = None) -> World:
    return World(CLOCK, site or jira(), None)


def keys(nights: Nights) -> list[tuple]:
    return nights.raw("jira.issues", "id, payload->>'$.key', payload->>'$.fields.status.name'")


def availability(nights: Nights) -> dict[str, tuple]:
    rows = nights.raw("jira.issue_availability", "id, payload->>'$.status', payload->>'$.at'")
    return {id_: (status, at_[:10]) for id_, status, at_ in rows}


def projects(nights: Nights) -> dict[str, tuple]:
    columns = "id, payload->>'$.status', (payload->>'$.known')::int, (payload->>'$.missing')::int"
    return {row[0]: row[1:] for row in nights.raw("jira.project_availability", columns)}


def test_first_load_takes_what_changed_since_the_start_and_what_is_open(nights: Nights) -> None:
    site = jira()
    site.issues += [
        issue("900", "SHOP-90", "01-01", move("290", "01-02T09:00", "To Do", "Done")),
        issue("901", "SHOP-91", "01-01"),
    ]
    with serve(world(site), clock=NIGHT) as server:
        runs = nights.run(jira_connection(server.jira_url, start_date=datetime(2026, 1, 10).date()), NIGHT)
    assert errors(runs) == {}
    assert keys(nights) == [
        ("1001", "SHOP-1", "Done"),
        ("1002", "PAY-2", "In Progress"),
        ("1004", "PAY-1", "In Progress"),
        ("901", "SHOP-91", "To Do"),
    ]


def test_issue_lands_with_its_utc_time_and_only_the_fields_that_were_asked_for(nights: Nights) -> None:
    site = jira()
    for each in site.issues:
        each.fields |= {"assignee": {"displayName": "Ann Example"}, "description": "secret text", "comment": {}}
    with serve(world(site), clock=NIGHT) as server:
        nights.run(jira_connection(server.jira_url), NIGHT)
    (_, updated_at, payload), *_ = nights.raw("jira.issues")
    assert updated_at == datetime(2026, 1, 20, 9)
    fields = json.loads(payload)["fields"]
    assert set(fields) <= {*source.FIELDS, "customfield_10016"} and fields["customfield_10016"] == 3.0
    assert "Ann Example" not in payload and "secret text" not in payload


def test_changelogs_are_complete_one_row_an_issue_without_people(nights: Nights) -> None:
    site = jira()
    person = {"field": "assignee", "fieldtype": "jira", "fieldId": "assignee", "from": None, "fromString": None,
              "to": "user-1", "toString": "Ann Example"}  # fmt: skip
    site.issues[0].histories.append(History("299", at("01-25"), "user-1", [person]))
    with serve(world(site), clock=NIGHT) as server:
        runs = nights.run(jira_connection(server.jira_url), NIGHT)
    assert runs["changelogs"].requests == 1
    found = {id_: (updated, json.loads(payload)) for id_, updated, payload in nights.raw("jira.changelogs")}
    assert sorted(found) == ["1001", "1002", "1004"]
    updated, changelog = found["1001"]
    assert updated == datetime(2026, 1, 25) and changelog["issueId"] == "1001"
    assert [h["id"] for h in changelog["histories"]] == ["201", "202", "299"]
    assert changelog["histories"][2] == {
        "id": "299", "created": int(at("01-25").timestamp() * 1000),
        "items": [{"field": "assignee", "fieldId": "assignee", "fieldtype": "jira"}],
    }  # fmt: skip
    assert "Ann" not in json.dumps(changelog) and "author" not in json.dumps(changelog)
    assert changelog["histories"][0]["items"][0]["toString"] == "In Progress"


@pytest.mark.parametrize("form", ["epoch_ms", "epoch_s", "iso"])
def test_histories_split_over_pages_are_put_together_oldest_first(nights: Nights, form: str, monkeypatch) -> None:
    site = jira()
    states = ["To Do", "In Progress"]
    site.issues = [
        issue(str(n), f"SHOP-{n}", "01-01", *(
            move(f"{n}{i:03d}", f"01-{2 + i:02d}T09:00", states[i % 2], states[(i + 1) % 2]) for i in range(20)
        )) for n in range(1, 8)
    ]  # fmt: skip
    changelogs = source.JIRA.stream("changelogs")
    monkeypatch.setitem(changelogs.body, "maxResults", 9)  # type: ignore[arg-type]
    with serve(world(site), clock=NIGHT, history_created=form) as server:
        runs = nights.run(jira_connection(server.jira_url), NIGHT)
    assert errors(runs) == {} and runs["changelogs"].requests > 10 and runs["changelogs"].pages == 1
    for id_, _, payload in nights.raw("jira.changelogs"):
        assert [h["id"] for h in json.loads(payload)["histories"]] == [f"{id_}{i:03d}" for i in range(20)]


@pytest.mark.parametrize("person", ["Sprint", "Flagged", "Cost of Delay", "Story Points", "Link"])
def test_a_field_of_people_silences_its_own_changes_and_no_other_of_the_same_name(nights: Nights, person: str) -> None:
    """What metrics read of a changelog keeps its values, whatever a site calls its user pickers."""
    site = jira()
    changes = {
        "customfield_10020": ("Sprint", "1", "Sprint 1", "1, 2", "Sprint 1, Sprint 2"),
        "customfield_10021": ("Flagged", None, None, "[10019]", "Impediment"),
        "customfield_10064": ("Cost of Delay", None, "1000", None, "2500"),
        "customfield_10016": ("Story Points", None, "3", None, "5"),
        "issuelinks": ("Link", None, None, "PAY-1", "This issue is blocked by PAY-1"),
    }
    names = ("field", "from", "fromString", "to", "toString")
    items = [{"fieldId": id_, **dict(zip(names, values, strict=True))} for id_, values in changes.items()]
    picked = {"field": person, "fieldId": "customfield_10999", "from": None, "fromString": None, "to": "user-1",
              "toString": "Ann Example"}  # fmt: skip
    site.fields += [
        *(
            field(id_, name, "any")
            for id_, (name, *_) in changes.items()
            if id_ not in ("issuelinks", "customfield_10016")
        ),
        field("customfield_10999", person, "user"),
    ]
    site.issues[0].histories.append(History("299", at("01-25"), "user-1", [*items, picked]))
    with serve(world(site), clock=NIGHT) as server:
        assert errors(nights.run(jira_connection(server.jira_url), NIGHT)) == {}
    payload = next(json.loads(row[2]) for row in nights.raw("jira.changelogs") if row[0] == "1001")
    assert payload["histories"][2]["items"] == [
        *items, {"field": person, "fieldId": "customfield_10999"},
    ]  # fmt: skip


def test_links_of_an_issue_land_without_what_the_other_issue_says_of_itself(nights: Nights) -> None:
    site = jira()
    kind = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks", "self": "https://x"}
    other = {"id": "1004", "key": "PAY-1", "self": "https://x", "fields": {"summary": "Ann asked for it"}}
    site.issues[0].fields["issuelinks"] = [{"id": "77", "self": "https://x", "type": kind, "inwardIssue": other}]
    with serve(world(site), clock=NIGHT) as server:
        nights.run(jira_connection(server.jira_url), NIGHT)
    payload = next(json.loads(row[2]) for row in nights.raw("jira.issues") if row[0] == "1001")
    assert payload["fields"]["issuelinks"] == [
        {
            "id": "77",
            "type": {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
            "inwardIssue": {"id": "1004", "key": "PAY-1"},
        }
    ]


def test_changelog_of_an_issue_that_vanished_in_between_stays(nights: Nights) -> None:
    slice_ = source.Slice(
        extra={"updated": {"1": "2026", "2": "2026", "3": "2026"}, "has_history": ["2"], "people": []}
    )
    parts = [{"issueId": "1", "changeHistories": [{"id": "7", "created": 5, "items": []}]}]
    found = source._whole_changelogs(None, parts, slice_)  # type: ignore[arg-type]
    assert [(record["issueId"], len(record["histories"])) for record in found] == [("1", 1), ("3", 0)]


def test_next_night_reads_only_what_changed(nights: Nights) -> None:
    with serve(many_issues(250), clock=NIGHT) as server:
        connection = jira_connection(server.jira_url)
        first = nights.run(connection, NIGHT)
        before = nights.query("select * from raw_jira.issues order by id")
        server.clock = NIGHT + timedelta(days=1)
        second = nights.run(connection, NIGHT + timedelta(days=1))
    assert errors(first) == errors(second) == {}
    assert first["issues"].records == 250
    assert second["changelogs"].records == 0 and second["changelogs"].requests == 0
    assert nights.query("select * from raw_jira.issues order by id") == before
    assert sum(run.requests for run in second.values()) <= 10


def test_first_load_stays_within_its_request_budget(nights: Nights) -> None:
    with serve(many_issues(1000), clock=NIGHT) as server:
        runs = nights.run(jira_connection(server.jira_url), NIGHT)
        assert len(server.requests) == sum(run.requests for run in runs.values()) <= 25
    assert nights.query("select count(*) from raw_jira.changelogs") == [(1000,)]


def test_jql_uses_epoch_milliseconds_an_overlap_and_a_stable_order(nights: Nights) -> None:
    sent: list[str] = []
    send = Client.send

    def spy(self: Client, request: Request, **more: Any):
        if request.path == source.SEARCH and request.json["fields"] != ["id"]:  # type: ignore[index]
            sent.append(request.json["jql"])  # type: ignore[index]
        return send(self, request, **more)

    with serve(world(), clock=NIGHT) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "send", spy)
        connection = jira_connection(server.jira_url, ["SHOP", "PAY"])
        nights.run(connection, NIGHT)
        nights.run(connection, NIGHT + timedelta(days=1))
        nights.run(jira_connection(server.jira_url, ["PAY"]), NIGHT + timedelta(days=2))
    start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    newest = int(at("03-01T23:30").timestamp() * 1000) - 600_000
    order = "ORDER BY created ASC, key ASC"
    assert sent == [
        f'project in ("PAY", "SHOP") AND (updated >= {start} OR statusCategory != Done) {order}',
        f'project in ("PAY", "SHOP") AND updated >= {newest} {order}',
        f'project in ("PAY") AND (updated >= {start} OR statusCategory != Done) {order}',
    ], "other projects: read from the start"


def test_moved_issue_keeps_its_id_and_gets_its_new_key(nights: Nights) -> None:
    with serve(world(), clock=at("02-19")) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, at("02-19"))
        assert ("1002", "SHOP-2", "In Progress") in keys(nights)
        server.clock = at("02-21")
        nights.run(connection, at("02-21"))
    assert ("1002", "PAY-2", "In Progress") in keys(nights)
    assert availability(nights) == {}


def test_issue_that_moved_to_a_project_that_is_not_read_has_moved_out(nights: Nights) -> None:
    site = jira()
    site.issues += [issue(str(2000 + n), f"SHOP-{100 + n}", "01-03") for n in range(40)]
    with serve(world(site), clock=at("02-19")) as server:
        connection = jira_connection(server.jira_url, ["SHOP"])
        nights.run(connection, at("02-19"))
        server.clock = at("02-21")
        runs = nights.run(connection, at("02-21"))
    assert errors(runs) == {}
    assert availability(nights) == {"1002": ("moved_out", "2026-02-21")}


def test_deleted_issue_gets_a_tombstone_at_the_first_census_that_missed_it(nights: Nights) -> None:
    site = jira()
    site.issues += [issue(str(2000 + n), f"SHOP-{100 + n}", "01-03") for n in range(40)]
    with serve(world(site), clock=at("02-24")) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, at("02-24"))
        for day in ("02-26", "02-27"):
            server.clock = at(day)
            assert errors(nights.run(connection, at(day))) == {}
            assert availability(nights) == {"1003": ("deleted", "2026-02-26")}
    assert projects(nights)["SHOP"] == ("available", 41, 0)


def test_lost_permission_is_not_a_deletion(nights: Nights) -> None:
    site = jira()
    site.hidden_projects = {"SHOP": [(at("02-10"), at("02-12"))]}
    with serve(world(site), clock=at("02-09")) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, at("02-09"))
        for day in ("02-10", "02-11"):
            server.clock = at(day)
            runs = nights.run(connection, at(day))
            assert runs["project_availability"].status == "stale"
            assert "project SHOP: the project cannot be seen (3 of 3 issues)" in (
                runs["project_availability"].error or ""
            )
            assert projects(nights)["SHOP"] == ("stale", 3, 3) and projects(nights)["PAY"][0] == "available"
        server.clock = at("02-12")
        assert errors(nights.run(connection, at("02-12"))) == {}
    assert availability(nights) == {} and projects(nights)["SHOP"] == ("available", 3, 0)


def test_many_missing_issues_are_deleted_only_when_a_later_night_confirms(nights: Nights) -> None:
    site = jira()
    site.issues = [
        issue(str(n), f"SHOP-{n}", "01-03", deleted_at=at("02-10") if n <= 10 else None) for n in range(1, 101)
    ]
    with serve(world(site), clock=at("02-09")) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, at("02-09"))
        server.clock = at("02-11")
        for _ in range(2):  # the same night again confirms nothing
            assert nights.run(connection, at("02-11"))["project_availability"].status == "stale"
            assert {status for status, _ in availability(nights).values()} == {"available"}
            assert projects(nights)["SHOP"] == ("stale", 100, 10)
        server.clock = at("02-12")
        assert errors(nights.run(connection, at("02-12"))) == {}
    assert availability(nights) == {str(n): ("deleted", "2026-02-11") for n in range(1, 11)}
    assert projects(nights)["SHOP"][0] == "available"


def test_issue_that_is_listed_again_is_available_again(nights: Nights) -> None:
    site = jira()
    site.issues = [issue(str(n), f"SHOP-{n}", "01-03") for n in range(1, 101)]
    site.issues[0].deleted_at = at("02-10")
    with serve(world(site), clock=at("02-09")) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, at("02-09"))
        server.clock = at("02-11")
        nights.run(connection, at("02-11"))
        assert availability(nights) == {"1": ("deleted", "2026-02-11")}
        site.issues[0].deleted_at = None
        server.refresh()
        server.clock = at("02-12")
        nights.run(connection, at("02-12"))
    assert availability(nights) == {"1": ("available", "2026-02-12")}


def test_census_finds_issues_that_the_reading_missed(nights: Nights) -> None:
    site = jira()
    with serve(world(site), clock=NIGHT) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, NIGHT)
        site.issues.insert(0, issue("777", "SHOP-77", "01-02"))  # became visible later, unchanged since
        server.refresh()
        server.clock = NIGHT + timedelta(days=1)
        assert errors(nights.run(connection, NIGHT + timedelta(days=1))) == {}
    assert ("777", "SHOP-77", "To Do") in keys(nights)
    assert ("777",) in nights.raw("jira.changelogs", "id")


def test_unknown_project_is_told_and_the_others_are_read(nights: Nights) -> None:
    with serve(world(), clock=NIGHT) as server:
        runs = nights.run(jira_connection(server.jira_url, ["SHOP", "SHOPP"]), NIGHT)
        assert errors(runs) == {"project_availability": "failed: project SHOPP cannot be seen"}
        assert "the account sees PAY, SHOP" in (runs["project_availability"].cure or "")
        assert runs["issues"].records == 1
        runs = nights.run(jira_connection(server.jira_url, ["NOPE"]), NIGHT)
    assert "none of the projects NOPE can be seen" in (runs["issues"].error or "")
    assert runs["changelogs"].error and runs["changelogs"].requests == 0


def test_refused_credentials_stop_the_connection_after_one_request(nights: Nights) -> None:
    with serve(world(), clock=NIGHT, token="another") as server:
        runs = nights.run(jira_connection(server.jira_url, token_env="JIRA_TOKEN"), NIGHT)
        assert len(server.requests) == 1
    assert {run.status for run in runs.values()} == {"failed"}
    assert "refused (401)" in (runs["issues"].error or "") and "JIRA_TOKEN" in (runs["issues"].cure or "")
    recorded = nights.query("select distinct status, error, cure from raw_ingestion.stream_runs")
    assert recorded == [("failed", runs["issues"].error, runs["issues"].cure)]
    assert SECRET not in str(runs)


def test_faults_change_no_row(tmp_path: Path) -> None:
    plain = Nights(tmp_path / "plain")
    with serve(many_issues(230), clock=NIGHT) as server:
        plain.run(jira_connection(server.jira_url), NIGHT)
    tables = ("issues", "changelogs", "projects", "statuses", "field_roles")
    expected = [plain.raw(f"jira.{table}", "id, payload->>'$.key'") for table in tables]
    for seed in range(3):
        shaken = Nights(tmp_path / f"seed{seed}")
        faults = Faults(seed, rate=0.4, slow_seconds=0.01)
        with serve(many_issues(230), clock=NIGHT, faults=faults) as server:
            runs = shaken.run(jira_connection(server.jira_url), NIGHT)
        assert errors(runs) == {} and faults.injected.total() > 0
        assert [shaken.raw(f"jira.{table}", "id, payload->>'$.key'") for table in tables] == expected


@needs_specs
def test_every_request_keeps_to_jiras_specification(nights: Nights) -> None:
    from jsonschema import Draft202012Validator

    sent: list[Request] = []
    send = Client.send
    site = jira()
    site.issues += [issue(str(2000 + n), f"SHOP-{100 + n}", "01-03") for n in range(40)]
    with serve(world(site), clock=at("02-24")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Client, "send", lambda self, request, **more: (sent.append(request), send(self, request, **more))[1]
        )
        connection = jira_connection(server.jira_url)
        nights.run(connection, at("02-24"))
        site.issues.insert(0, issue("777", "SHOP-77", "01-02"))
        server.refresh()
        server.clock = at("02-26")
        nights.run(connection, at("02-26"))
    spec = jira_spec()
    documented = spec["paths"] | jira_agile_spec()["paths"]
    paths = {re.sub(r"/board/\d+/", "/board/{boardId}/", request.path) for request in sent}
    assert len(paths) == 10
    for request in sent:
        path = re.sub(r"/board/\d+/", "/board/{boardId}/", request.path)
        operation = documented[path][request.method.lower()]
        assert not operation.get("deprecated"), request.path
        allowed = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
        assert set(request.params) <= allowed
        if request.json is not None:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            Draft202012Validator({**schema, "components": spec["components"]}).validate(dict(request.json))


def field(id_: str, name: str, type_: str = "string", custom: str = "", items: str = "") -> dict[str, Any]:
    return {"id": id_, "name": name, "schema": {"type": type_, "custom": custom, "items": items}}


def test_roles_are_found_by_marker_then_name_and_the_configuration_wins() -> None:
    fields = [
        field("cf1", "Sprints of ours", "array", "com.pyxis.greenhopper.jira:gh-sprint"),
        field("cf2", "Story Points", "number"),
        field("cf3", "Story point estimate", "number", "com.pyxis.greenhopper.jira:jsw-story-points"),
        field("cf4", "Team", "user"),
        field("cf5", "Expected  Outcome"),
        field("cf6", "Why we do it"),
        field("parent", "Parent"),
        field("cf7", "Parent Link", "any", "com.atlassian.jpo:jpo-custom-field-parent"),
    ]
    roles, wrong = find_roles(fields, {"key_result": "why we do it", "flagged": "cf99", "team": None})
    assert [(r.role, r.field_id, r.found_by, r.also) for r in roles] == [
        ("story_points", "cf3", "schema", ("cf2",)),
        ("sprint", "cf1", "schema", ()),
        ("parent", "parent", "name", ("cf7",)),
        ("anticipated_outcome", "cf5", "name", ()),
        ("key_result", "cf6", "configuration", ()),
    ]
    assert wrong == ["fields.flagged: the site has no usable field 'cf99'"]
