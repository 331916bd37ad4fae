"""Faults by seed: repeatable, bounded, and as nasty on the wire as the real thing."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.faults import KINDS, PASSING, Faults
from sandbox.server import Server, serve
from tests.sandbox.tiny_world import many_issues, many_pull_requests, tiny_world

AUTH = ("reader@acme.example", "secret")
BEARER = {"authorization": "Bearer secret"}


class Broken(Exception):
    """An answer that a client has to ask for again."""


def _json(answer: requests.Response) -> dict[str, Any]:
    if answer.status_code == 429 or (answer.status_code == 403 and "retry-after" in answer.headers):
        raise Broken("rate limited")
    if answer.status_code >= 500 or "html" in answer.headers["content-type"]:
        raise Broken(str(answer.status_code))
    try:
        body = answer.json()
    except ValueError as error:
        raise Broken("cut off") from error
    if "Something went wrong" in str(body.get("errors")):
        raise Broken("graphql")
    return body


def _asked_again(ask: Callable[[], requests.Response], attempts: int = 3) -> dict[str, Any]:
    for left in range(attempts - 1, -1, -1):
        try:
            return _json(ask())
        except (Broken, requests.exceptions.RequestException):
            if not left:
                raise
    raise AssertionError


def _read_issues(server: Server, order: str = "id") -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    with requests.Session() as session:
        session.auth = AUTH
        url = f"{server.jira_url}/rest/api/3/search/jql"
        while True:
            body = {"jql": f"project = SHOP ORDER BY {order}", "maxResults": 10, **token}
            page = _asked_again(lambda body=body: session.post(url, json=body))
            found += [issue["id"] for issue in page["issues"]]
            if page["isLast"]:
                return found
            token = {"nextPageToken": page["nextPageToken"]}


def _read_pull_requests(server: Server) -> list[int]:
    query = """query($after: String) { repository(owner: "acme", name: "shop") {
        pullRequests(first: 10, after: $after) { nodes { number } pageInfo { hasNextPage endCursor } } } }"""
    found: list[int] = []
    after = None
    with requests.Session() as session:
        session.headers.update(BEARER)
        while True:
            body = {"query": query, "variables": {"after": after}}
            answer = _asked_again(lambda body=body: session.post(server.graphql_url, json=body))
            page = answer["data"]["repository"]["pullRequests"]
            found += [node["number"] for node in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("seed", range(6))
def test_a_client_that_asks_again_reads_everything(seed):
    faults = Faults(seed, rate=0.6, slow_seconds=0.02)
    with serve(many_issues(100), faults=faults) as server:
        assert set(_read_issues(server)) == {str(5000 + n) for n in range(1, 101)}
    with serve(many_pull_requests(100), faults=faults) as server:
        assert set(_read_pull_requests(server)) == set(range(1, 101))
    assert faults.injected.total() > 5


def test_the_same_seed_gives_the_same_faults():
    def faults_seen(seed: int) -> list[str | None]:
        with serve(many_issues(60), faults=Faults(seed, rate=0.5, slow_seconds=0)) as server:
            _read_issues(server)
        return [entry["fault"] for entry in server.requests]  # whole only once the server has ended

    assert faults_seen(3) == faults_seen(3)
    assert faults_seen(3) != faults_seen(4)


@pytest.fixture
def served(request):
    with serve(tiny_world(), faults=Faults(1, rate=1, kinds=[request.param], slow_seconds=0.3)) as server:
        yield server


def _ask(server: Server) -> requests.Response:
    return requests.get(f"{server.jira_url}/rest/api/3/status", auth=AUTH, timeout=5)


def _query(server: Server) -> requests.Response:
    return requests.post(server.graphql_url, json={"query": "{ viewer { login } }"}, headers=BEARER, timeout=5)


@pytest.mark.parametrize("served", ["rate_limited"], indirect=True)
def test_a_rate_limit_says_when_to_come_back(served):
    answer = _ask(served)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert _query(served).status_code in (403, 429)


@pytest.mark.parametrize("served", ["server_error"], indirect=True)
def test_a_server_error_is_a_page(served):
    answer = _ask(served)
    assert answer.status_code >= 500
    assert "html" in answer.headers["content-type"]


@pytest.mark.parametrize("served", ["reset", "cut_body"], indirect=True)
def test_a_broken_connection_is_an_error_of_the_client(served):
    with pytest.raises((requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        _ask(served)


@pytest.mark.parametrize("served", ["truncated_json"], indirect=True)
def test_truncated_json_has_a_length_that_fits(served):
    answer = _ask(served)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()


@pytest.mark.parametrize("served", ["html_page"], indirect=True)
def test_a_login_page_comes_as_200(served):
    answer = _ask(served)
    assert answer.status_code == 200
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("served", ["slow_body"], indirect=True)
def test_a_slow_body_is_complete(served):
    began = time.monotonic()
    assert len(_ask(served).json()) == 3
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("served", ["graphql_error", "graphql_unavailable"], indirect=True)
def test_graphql_errors_come_in_a_200(served):
    answer = _query(served)
    assert answer.status_code == 200
    assert answer.json()["errors"]
    assert _ask(served).json()  # only GraphQL is concerned


def test_no_request_fails_more_often_running_than_the_bound():
    with serve(tiny_world(), faults=Faults(1, rate=1, kinds=["server_error"], in_a_row=3)) as server:
        assert [_ask(server).status_code < 500 for _ in range(8)] == [False, False, False, True] * 2


def test_faults_end_at_their_bound():
    with serve(tiny_world(), faults=Faults(1, rate=1, kinds=["server_error"], in_a_row=9, most=2)) as server:
        assert [_ask(server).status_code for _ in range(4)].count(200) == 2


def test_an_expired_token_is_refused_once_for_a_listing():
    with serve(many_issues(30), faults=Faults(1, rate=1, kinds=["expired_token"])) as server:
        url = f"{server.jira_url}/rest/api/3/search/jql"
        body: dict[str, Any] = {"jql": "project = SHOP", "maxResults": 10}
        token = requests.post(url, json=body, auth=AUTH).json()["nextPageToken"]
        answers = [requests.post(url, json={**body, "nextPageToken": token}, auth=AUTH) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [400, 200]


def test_repeated_records_lose_nothing():
    with serve(many_issues(40), faults=Faults(1, rate=1, kinds=["repeated_records"])) as server:
        found = _read_issues(server)
    assert len(found) > 40
    assert len(set(found)) == 40
    with serve(many_pull_requests(40), faults=Faults(1, rate=1, kinds=["repeated_records"])) as server:
        numbers = _read_pull_requests(server)
    assert len(numbers) > 40
    assert set(numbers) == set(range(1, 41))


def test_moving_records_shift_the_pages_of_a_listing_by_updated():
    """Ordered by `updated`, a reader misses what moved up past the border of its page; by id it misses nothing."""
    missed = 0
    for seed in range(5):
        with serve(many_issues(60), faults=Faults(seed, rate=1, kinds=["moving_records"])) as server:
            assert len(set(_read_issues(server, "id"))) == 60
        with serve(many_issues(60), faults=Faults(seed, rate=1, kinds=["moving_records"])) as server:
            missed += 60 - len(set(_read_issues(server, "updated")))
    assert missed > 0


def test_unknown_kinds_are_an_error():
    with pytest.raises(ValueError, match="unknown fault kinds"):
        Faults(1, kinds=["earthquake"])
    assert set(PASSING) < set(KINDS)
