"""Boards, their columns and sprints: what lands, when it is read again, and sites that have none."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Server, serve
from sandbox.world import History, JiraWorld, World
from tests.ingestion.nights import Nights, errors, jira_connection
from tests.sandbox.tiny_world import CLOCK, at, jira

SPRINT_FIELD = {
    "id": "customfield_10020", "key": "customfield_10020", "name": "Sprint", "custom": True, "navigable": True,
    "schema": {"type": "array", "items": "json", "custom": "com.pyxis.greenhopper.jira:gh-sprint"},
}  # fmt: skip


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def world(site: JiraWorld | None = None) -> World:
    return World(CLOCK, site or jira(), None)


def rows(nights: Nights, stream: str) -> dict[str, Any]:
    return {id_: json.loads(payload) for id_, _, payload in nights.raw(f"jira.{stream}")}


def asked(server: Server) -> list[str]:
    """What was asked of the agile API since the last look."""
    found = [request["path"].split("/1.0/")[1] for request in server.requests if "/agile/" in request["path"]]
    server.requests.clear()
    return sorted(found)


def many_boards(count: int) -> JiraWorld:
    """Boards 1 to `count`, each with one closed sprint of its own."""
    site = jira()
    board, sprint = site.boards[0], site.sprints[0]
    site.boards = [{**board, "id": n, "name": f"Board {n}"} for n in range(1, count + 1)]
    site.sprints = [{**sprint, "id": 100 + n, "originBoardId": n} for n in range(1, count + 1)]
    return site


def test_boards_columns_and_sprints_land_without_people_and_goals(nights: Nights) -> None:
    site = jira()
    site.sprints[0]["goal"] = "Ann ships the cart"
    site.boards[0]["admins"] = {"users": [{"accountId": "user-1", "displayName": "Ann Example"}]}
    with serve(world(site), clock=CLOCK) as server:
        runs = nights.run(jira_connection(server.jira_url), CLOCK)
        assert asked(server) == ["board", "board/1/configuration", "board/1/sprint", "board/2/configuration"]
    assert errors(runs) == {}
    assert rows(nights, "boards") == {
        "1": {"id": 1, "name": "Shop board", "type": "scrum", "location": {"projectId": 10000, "projectKey": "SHOP"}},
        "2": {"id": 2, "name": "Support", "type": "kanban", "location": {}},
    }
    configuration = rows(nights, "board_configurations")["1"]
    assert configuration["columnConfig"]["columns"][1] == {"name": "Doing", "statuses": [{"id": "3"}], "max": 3}
    assert rows(nights, "sprints") == {
        "1": {
            "id": 1, "name": "Sprint 1", "state": "closed", "originBoardId": 1,
            "createdDate": "2026-01-01T09:00:00.000Z", "startDate": "2026-01-05T09:00:00.000Z",
            "activatedDate": "2026-01-05T09:00:00.000Z", "endDate": "2026-01-19T09:00:00.000Z",
            "completeDate": "2026-01-19T09:00:00.000Z",
        },
        "2": {
            "id": 2, "name": "Sprint 2", "state": "active", "originBoardId": 1,
            "createdDate": "2026-01-15T09:00:00.000Z", "startDate": "2026-02-20T09:00:00.000Z",
            "activatedDate": "2026-02-20T09:00:00.000Z", "endDate": "2026-03-06T09:00:00.000Z",
        },
    }  # fmt: skip
    assert "Ann" not in str([nights.raw(f"jira.{s}") for s in ("boards", "board_configurations", "sprints")])


def test_quiet_nights_list_the_boards_and_read_open_sprints_only(nights: Nights) -> None:
    with serve(world(), clock=CLOCK) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, CLOCK)
        asked(server)
        before = nights.raw("jira.sprints", "*"), nights.raw("jira.boards", "*")
        server.clock = CLOCK + timedelta(days=1)
        nights.run(connection, server.clock)
        assert asked(server) == ["board", "board/1/sprint"], "a sprint is active"
        assert (nights.raw("jira.sprints", "*"), nights.raw("jira.boards", "*")) == before
        server.clock = at("03-07")  # sprint 2 was closed on 03-06, sprint 3 is created on 03-10
        nights.run(connection, server.clock)
        assert asked(server) == ["board", "board/1/sprint"]
        assert rows(nights, "sprints")["2"]["completeDate"] == "2026-03-06T09:00:00.000Z"
        server.clock = at("03-08")
        nights.run(connection, server.clock)
        assert asked(server) == ["board"], "none is open any more"


def test_a_week_later_everything_is_read_again_ten_boards_a_night(nights: Nights) -> None:
    with serve(world(many_boards(13)), clock=CLOCK) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, CLOCK)
        assert len(asked(server)) == 1 + 2 * 13
        found = []
        for day in (6, 7, 8, 9, 14):
            server.clock = CLOCK + timedelta(days=day)
            assert errors(nights.run(connection, server.clock)) == {}
            found.append(len(asked(server)))
    assert found == [1, 1 + 2 * 10, 1 + 2 * 3, 1, 1 + 2 * 10]


def test_a_board_that_is_listed_differently_is_read_at_once(nights: Nights) -> None:
    site = many_boards(3)
    with serve(world(site), clock=CLOCK) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, CLOCK)
        asked(server)
        site.boards[1]["name"] = "Renamed"
        site.boards.append({"id": 9, "name": "New", "type": "kanban"})
        del site.boards[0]
        server.clock = CLOCK + timedelta(days=1)
        nights.run(connection, server.clock)
        assert asked(server) == ["board", "board/2/configuration", "board/2/sprint", "board/9/configuration"]
    assert sorted(rows(nights, "boards")) == ["2", "3", "9"]
    assert "1" in rows(nights, "board_configurations"), "what a board was stays known"


def test_an_issue_in_an_unknown_sprint_brings_its_board(nights: Nights) -> None:
    site = jira()
    site.fields.append(SPRINT_FIELD)
    site.sprints = site.sprints[:1]
    with serve(world(site), clock=CLOCK) as server:
        connection = jira_connection(server.jira_url)
        nights.run(connection, CLOCK)
        asked(server)
        new = {**site.sprints[0], "id": 5, "createdDate": "2026-03-02T09:00:00.000Z"}
        del new["completeDate"], new["activatedDate"]
        site.sprints.append({**new, "startDate": None, "endDate": None})
        value = [{"id": 5, "name": "Sprint 5", "state": "future", "boardId": 1}]
        item = {"field": "Sprint", "fieldId": "customfield_10020", "from": "", "fromString": "", "to": "5",
                "toString": "Sprint 5"}  # fmt: skip
        site.issues[0].histories.append(History("299", at("03-02T10:00"), "u", [item], {"customfield_10020": value}))
        server.refresh()
        server.clock = at("03-03")
        nights.run(connection, server.clock)
        assert asked(server) == ["board", "board/1/sprint"]
    assert rows(nights, "sprints")["5"]["state"] == "future"


def test_named_projects_list_their_own_boards(nights: Nights) -> None:
    with serve(world(), clock=CLOCK) as server:
        runs = nights.run(jira_connection(server.jira_url, ["SHOP", "PAY"]), CLOCK)
    assert errors(runs) == {} and runs["boards"].requests == 2
    assert sorted(rows(nights, "boards")) == ["1"]


def test_a_sprint_on_two_boards_is_one_row(nights: Nights) -> None:
    site = jira()
    site.boards[1] = {**site.boards[0], "id": 2, "sprints": site.sprints[:2]}
    with serve(world(site), clock=CLOCK) as server:
        assert errors(nights.run(jira_connection(server.jira_url), CLOCK)) == {}
    assert {id_: row["originBoardId"] for id_, row in rows(nights, "sprints").items()} == {"1": 1, "2": 1}


def test_a_site_without_jira_software_is_no_failure_until_it_has_it(nights: Nights) -> None:
    site = jira()
    site.has_agile = False
    with serve(world(site), clock=CLOCK) as server:
        connection = jira_connection(server.jira_url)
        for day in range(2):
            server.clock = CLOCK + timedelta(days=day)
            runs = nights.run(connection, server.clock)
            streams = ("boards", "board_configurations", "sprints")
            assert {name: runs[name].status for name in runs if runs[name].status != "ok"} == dict.fromkeys(
                streams, "not_available"
            )
            assert asked(server) == ["board"]
            assert "answers 403" in (runs["sprints"].error or "") and "nothing, if this" in (runs["boards"].cure or "")
        assert len(rows(nights, "issues")) == 3 and rows(nights, "boards") == {}
        site.has_agile = True
        server.clock = CLOCK + timedelta(days=2)
        assert errors(nights.run(connection, server.clock)) == {}
        assert sorted(rows(nights, "sprints")) == ["1", "2"]
        site.has_agile = False
        server.clock = CLOCK + timedelta(days=3)
        runs = nights.run(connection, server.clock)
    assert runs["boards"].status == "stale", "what was there once is missed"
    assert sorted(rows(nights, "boards")) == ["1", "2"]


def test_a_board_that_refuses_is_left_out_and_not_asked_every_night(nights: Nights) -> None:
    site = many_boards(2)
    site.boards[0] |= {"type": "simple", "sprints": None}
    with serve(world(site), clock=CLOCK) as server:
        connection = jira_connection(server.jira_url)
        assert errors(nights.run(connection, CLOCK)) == {}
        assert sorted(rows(nights, "sprints")) == ["102"]
        assert "board/1/sprint" in asked(server)
        server.clock = CLOCK + timedelta(days=1)
        assert errors(nights.run(connection, server.clock)) == {}
        assert asked(server) == ["board"]
