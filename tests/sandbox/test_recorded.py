"""Recorded data of real systems, served by the doubles: nothing is lost on the way, and histories are unbroken."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.recorded import github_world, jira_world
from sandbox.server import Server, serve

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the recorded data (../shared/real) are absent")


def _pages(server: Server, path: str, **body: Any) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    with requests.Session() as session:
        session.auth = ("me", "token")
        while True:
            answer = session.post(server.jira_url + path, json={**body, **token})
            assert answer.status_code == 200, answer.text
            yield answer.json()
            if not answer.json().get("nextPageToken"):
                return
            token = {"nextPageToken": answer.json()["nextPageToken"]}


def test_duraspace_is_served_whole_with_unbroken_histories():
    with serve(jira_world(REAL / "jira" / "duraspace_issues_with_changelog.jsonl.gz")) as server:
        issues = {
            issue["id"]: issue["fields"]["status"]["id"]
            for page in _pages(
                server, "/rest/api/3/search/jql", jql="updated >= 0 ORDER BY id", fields=["status"], maxResults=100
            )
            for issue in page["issues"]
        }
        ids = list(issues)
        moves: dict[str, list[tuple[str, str]]] = {}
        histories = 0
        for start in range(0, len(ids), 1000):
            batch = ids[start : start + 1000]
            for page in _pages(server, "/rest/api/3/changelog/bulkfetch", issueIdsOrKeys=batch, maxResults=3000):
                for log in page["issueChangeLogs"]:
                    histories += len(log["changeHistories"])
                    items = [item for history in log["changeHistories"] for item in history["items"]]
                    of_issue = moves.setdefault(log["issueId"], [])
                    of_issue += [(i["from"], i["to"]) for i in items if i.get("fieldId") == "status"]
        names = {field["name"] for field in requests.get(
            f"{server.jira_url}/rest/api/3/field", auth=("me", "token")).json()}  # fmt: skip
    assert (len(issues), histories, sum(map(len, moves.values()))) == (2962, 14423, 4988)
    assert {"Story Points", "Sprint"} <= names
    for id, chain in moves.items():
        assert [after for _, after in chain[:-1]] == [before for before, _ in chain[1:]], id
        assert not chain or chain[-1][1] == issues[id]


def test_tls13_is_served_whole():
    world = github_world(REAL / "github" / "tls13-spec.archive.json.gz")
    query = """query($after: String) { repository(owner: "tlswg", name: "tls13-spec") {
        issues { totalCount } deployments { totalCount }
        pullRequests(first: 100, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes {
          number state mergedAt reviews(first: 100) { totalCount } commits { totalCount } mergeCommit { oid } } } } }"""
    found: list[dict[str, Any]] = []
    with serve(world) as server, requests.Session() as session:
        session.headers["authorization"] = "Bearer token"
        after = None
        while True:
            body = {"query": query, "variables": {"after": after}}
            answer = session.post(server.graphql_url, json=body).json()["data"]["repository"]
            found += answer["pullRequests"]["nodes"]
            if not answer["pullRequests"]["pageInfo"]["hasNextPage"]:
                break
            after = answer["pullRequests"]["pageInfo"]["endCursor"]
    assert (len(found), answer["issues"]["totalCount"], answer["deployments"]["totalCount"]) == (998, 446, 0)
    assert sum(pull["reviews"]["totalCount"] for pull in found) == 979
    assert [sum(pull["state"] == state for pull in found) for state in ("MERGED", "CLOSED", "OPEN")] == [725, 273, 0]
    assert all((pull["mergedAt"] is None) == (pull["state"] != "MERGED") for pull in found)
    assert sum(pull["mergeCommit"] is not None for pull in found) == 594
