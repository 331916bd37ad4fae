"""The doubles against the vendors' own specifications: paths, requests, answers, GraphQL schema.

Atlassian's documents do not say which values may be null (their own examples hold nulls), so null is let through there.
"""

import gzip
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import requests
from graphql import build_schema, execute, find_breaking_changes, parse, validate
from jsonschema import Draft202012Validator

from ingestion.sources import github_queries
from sandbox.github_graphql import SCHEMA
from sandbox.server import serve
from sandbox.sprints import make_boards
from tests.sandbox.tiny_world import oid, tiny_world

SPECS = Path(__file__).resolve().parents[3] / "shared" / "specs"
JIRA, AGILE = "jira-cloud-v3-openapi.json.gz", "jira-agile-openapi.json.gz"
GITHUB, GRAPHQL = "github-rest-openapi.json.gz", "github-graphql-schema.graphql.gz"

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the vendors' specifications (../shared/specs) are absent")


@lru_cache
def spec(name: str) -> dict[str, Any]:
    return json.loads(gzip.decompress((SPECS / name).read_bytes()))


def validator(name: str, schema: dict[str, Any], *, lenient: bool = False) -> Draft202012Validator:
    """A validator of an OpenAPI 3.0 schema with everything that it refers to."""
    definitions: dict[str, Any] = {}

    def convert(node: Any) -> Any:
        if isinstance(node, list):
            return [convert(entry) for entry in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            target = node["$ref"].rsplit("/", 1)[1]
            if target not in definitions:
                definitions[target] = {}
                definitions[target] = convert(spec(name)["components"]["schemas"][target])
            return {"$ref": f"#/$defs/{target}"}
        plain = {key: convert(value) for key, value in node.items() if key not in ("nullable", "example", "examples")}
        if lenient and isinstance(plain.get("properties"), dict):
            plain["properties"] = {key: _or_null(value) for key, value in plain["properties"].items()}
        return _or_null(plain) if node.get("nullable") is True else plain

    root = convert(schema)
    return Draft202012Validator({**root, "$defs": definitions})


def misfits(checker: Draft202012Validator, value: Any) -> list[str]:
    """What is wrong with a value, each with its place, in a few words."""
    return [f"{error.json_path}: {error.message[:200]}" for error in checker.iter_errors(value)]


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def answer_schema(name: str, path: str, method: str) -> dict[str, Any]:
    return spec(name)["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]


JIRA_CALLS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("get", "/rest/api/3/serverInfo", "", {}),
    ("get", "/rest/api/3/myself", "", {}),
    ("get", "/rest/api/3/project/search", "", {}),
    ("get", "/rest/api/3/project/{projectIdOrKey}", "/rest/api/3/project/SHOP", {}),
    ("get", "/rest/api/3/issuetype", "", {}),
    ("get", "/rest/api/3/status", "", {}),
    ("get", "/rest/api/3/field", "", {}),
    ("get", "/rest/api/3/search/jql", "/rest/api/3/search/jql?jql=updated>=0&fields=summary,status&maxResults=2", {}),
    ("post", "/rest/api/3/search/jql", "", {"jql": "updated >= 0"}),
    ("post", "/rest/api/3/search/jql", "", {
        "jql": "updated >= 0", "fields": ["*all"], "maxResults": 2, "expand": "names,schema,changelog",
        "reconcileIssues": [1001],
    }),
    ("post", "/rest/api/3/search/approximate-count", "", {"jql": "updated >= 0"}),
    ("post", "/rest/api/3/changelog/bulkfetch", "", {"issueIdsOrKeys": ["1001", "PAY-2"], "maxResults": 2}),
    ("post", "/rest/api/3/issue/bulkfetch", "", {"issueIdsOrKeys": ["1001"], "fields": ["status"]}),
    ("get", "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/1001?expand=changelog", {}),
    ("get", "/rest/api/3/issue/{issueIdOrKey}/changelog", "/rest/api/3/issue/1001/changelog", {}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "url", "body"), JIRA_CALLS)
def test_jira_requests_and_answers_fit_the_specification(method, path, url, body):
    if body:
        request_schema = spec(JIRA)["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert misfits(validator(JIRA, request_schema), body) == []
    with serve(tiny_world(), history_created="iso") as server:
        arguments = {"json": body} if body else {}
        answer = requests.request(method, server.jira_url + (url or path), auth=("me", "token"), **arguments)
    assert answer.status_code == 200, answer.text
    assert misfits(validator(JIRA, answer_schema(JIRA, path, method), lenient=True), answer.json()) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rest/api/3/search/jql", {"jql": "updated >= 0", "startAt": 0}),
        ("/rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": []}),
        ("/rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": ["1"] * 1001}),
        ("/rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": ["1"], "maxResults": 10_001}),
        ("/rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": ["1"], "fields": ["status"]}),
        ("/rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": ["1"], "fieldIds": [str(n) for n in range(11)]}),
    ],
)
def test_jira_refuses_what_the_specification_forbids(path, body):
    request_schema = spec(JIRA)["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert not validator(JIRA, request_schema).is_valid(body)
    with serve(tiny_world()) as server:
        answer = requests.post(server.jira_url + path, json=body, auth=("me", "token"))
    assert answer.status_code == 400
    assert misfits(validator(JIRA, {"$ref": "#/components/schemas/ErrorCollection"}), answer.json()) == []


def test_jiras_epoch_times_are_as_in_its_example():
    """The bulk changelog's schema says text, its own example holds an integer: the double can write both."""
    path = "/rest/api/3/changelog/bulkfetch"
    example = spec(JIRA)["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["example"]
    assert isinstance(json.loads(example)["issueChangeLogs"][0]["changeHistories"][0]["created"], int)
    with serve(tiny_world()) as server:
        answer = requests.post(server.jira_url + path, json={"issueIdsOrKeys": ["1001"]}, auth=("me", "token")).json()
    assert isinstance(answer["issueChangeLogs"][0]["changeHistories"][0]["created"], int)


def test_agile_answers_fit_the_specification():
    with serve(tiny_world()) as server:
        boards, sprints, sprint, configuration = (
            requests.get(f"{server.jira_url}/rest/agile/1.0/{path}", auth=("me", "token")).json()
            for path in ("board", "board/1/sprint", "sprint/2", "board/1/configuration")
        )
    schema = answer_schema(AGILE, "/rest/agile/1.0/board", "get")
    assert misfits(validator(AGILE, schema, lenient=True), boards) == []
    example = json.loads(_example(AGILE, "/rest/agile/1.0/board/{boardId}/sprint"))  # described by an example only
    assert set(sprints) <= set(example)
    assert set(sprint) - set(example["values"][0]) <= {"createdDate", "activatedDate"}
    schema = answer_schema(AGILE, "/rest/agile/1.0/board/{boardId}/configuration", "get")
    assert misfits(validator(AGILE, schema, lenient=True), configuration) == []


def test_the_companys_boards_are_configured_as_the_specification_says():
    """The schema of a location contradicts its own example; the double follows the example, which is the real form."""
    path = "/rest/agile/1.0/board/{boardId}/configuration"
    schema, example = answer_schema(AGILE, path, "get"), json.loads(_example(AGILE, path))
    for board in make_boards():
        configuration = board["configuration"]
        assert set(configuration["location"]) <= set(example["location"])
        plain = {name: value for name, value in configuration.items() if name != "location"}
        assert misfits(validator(AGILE, schema), plain) == []


def _example(name: str, path: str) -> str:
    return spec(name)["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"]


ALERTS = ("dependabot", "code-scanning", "secret-scanning")
GITHUB_CALLS = [
    ("/repos/{owner}/{repo}", "/repos/acme/shop"),
    ("/orgs/{org}/repos", "/orgs/acme/repos"),
    ("/users/{username}/repos", "/users/acme/repos"),
    ("/repos/{owner}/{repo}/commits", "/repos/acme/shop/commits?sha=main&since=2026-01-01T00:00:00Z"),
    ("/repos/{owner}/{repo}/commits", "/repos/acme/shop/commits?sha=bump"),
    ("/repos/{owner}/{repo}/commits/{ref}", f"/repos/acme/shop/commits/{oid(2)}"),
    ("/repos/{owner}/{repo}/compare/{basehead}", f"/repos/acme/shop/compare/{oid(1)}...main"),
    ("/repos/{owner}/{repo}/deployments", "/repos/acme/shop/deployments"),
    ("/repos/{owner}/{repo}/deployments/{deployment_id}/statuses", "/repos/acme/shop/deployments/501/statuses"),
    (
        "/repos/{owner}/{repo}/actions/runs",
        "/repos/acme/shop/actions/runs?created=2026-01-01T00:00:00Z..2026-03-02T02:00:00Z",
    ),
    ("/repos/{owner}/{repo}/actions/runs/{run_id}", "/repos/acme/shop/actions/runs/9002"),
    (
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
        "/repos/acme/shop/actions/runs/9002/attempts/1",
    ),
    ("/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", "/repos/acme/shop/actions/runs/9003/jobs?filter=all"),
    *((f"/repos/{{owner}}/{{repo}}/{kind}/alerts", f"/repos/acme/shop/{kind}/alerts?sort=updated") for kind in ALERTS),
    *((f"/orgs/{{org}}/{kind}/alerts", f"/orgs/acme/{kind}/alerts?sort=updated&direction=desc") for kind in ALERTS),
    ("/rate_limit", "/rate_limit"),
]


@pytest.mark.parametrize(("path", "url"), GITHUB_CALLS)
def test_github_rest_answers_fit_the_specification(path, url):
    with serve(tiny_world()) as server:
        answer = requests.get(server.github_url + url, headers={"authorization": "Bearer x"})
    assert answer.status_code == 200
    assert answer.json()
    assert misfits(validator(GITHUB, answer_schema(GITHUB, path, "get")), answer.json()) == []


def test_every_path_of_the_doubles_exists_in_a_specification():
    documented = {_shape(path) for name in (JIRA, AGILE, GITHUB) for path in spec(name)["paths"]}
    with serve(tiny_world()) as server:
        served = {_shape(route.path.removeprefix("/api/v3")) for route in server.jira.routes()}
        served |= {_shape(route.path.removeprefix("/api/v3")) for route in server.github.rest.routes()}
    assert served - documented == set()


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


@pytest.fixture(scope="module")
def github_schema():
    return build_schema(gzip.decompress((SPECS / GRAPHQL).read_bytes()).decode(), assume_valid=True)


def test_what_the_double_accepts_github_accepts(github_schema):
    """From the double's schema to GitHub's nothing is removed, retyped or newly required."""
    assert [change.description for change in find_breaking_changes(SCHEMA, github_schema)] == []


EVERYTHING = """
query All($owner: String!, $name: String!, $at: DateTime!) {
  rateLimit { cost limit nodeCount remaining resetAt used }
  repositoryOwner(login: $owner) { __typename id login url resourcePath
    repositories(first: 5, orderBy: {field: NAME, direction: ASC}) { totalCount edges { cursor node { ...Repo } } } }
  repository(owner: $owner, name: $name) {
    ...Repo
    ref(qualifiedName: "refs/heads/cart") { id name prefix target { __typename oid } repository { id } }
    object(oid: "0000000000000000000000000000000000000002") { __typename id oid abbreviatedOid commitUrl
      ... on Commit { associatedPullRequests(first: 3) { nodes { number } }
        history(first: 2, since: "2026-01-01T00:00:00Z") { totalCount nodes { oid } pageInfo { ...Page } } } }
    pullRequests(first: 10, orderBy: {field: CREATED_AT, direction: ASC}, states: [OPEN, MERGED, CLOSED]) {
      totalCount pageInfo { ...Page }
      nodes {
        id databaseId fullDatabaseId number title body url resourcePath permalink state isDraft closed merged
        createdAt updatedAt closedAt mergedAt baseRefName headRefName headRefOid isCrossRepository additions deletions
        changedFiles author { __typename login url resourcePath } mergedBy { __typename login }
        mergeCommit { ...Hash } repository { id }
        labels(first: 5) { nodes { id name color description } }
        reviews(first: 5, states: [APPROVED, CHANGES_REQUESTED]) { totalCount nodes {
          id state submittedAt createdAt updatedAt publishedAt url resourcePath author { __typename login }
          comments { totalCount } pullRequest { id } repository { id } } }
        commits(first: 5) { nodes { id url resourcePath commit { ...Hash } pullRequest { id } } }
        timelineItems(first: 9, since: $at) { totalCount filteredCount pageCount updatedAt nodes { __typename
          ... on ReadyForReviewEvent { id createdAt actor { __typename login } pullRequest { id } url resourcePath }
          ... on ReviewRequestedEvent { id createdAt requestedReviewer { __typename ... on User { login } } }
          ... on HeadRefForcePushedEvent { id beforeCommit { oid } afterCommit { oid } ref { name } }
          ... on MergedEvent { id createdAt commit { oid } mergeRefName url resourcePath }
          ... on ClosedEvent { id createdAt actor { __typename login } url }
          ... on ReopenedEvent { id createdAt } } } } }
    issues(first: 5, filterBy: {since: $at, states: [OPEN, CLOSED]}) { nodes {
      id databaseId fullDatabaseId number title url resourcePath state closed createdAt updatedAt closedAt
      author { __typename login } repository { id } labels(first: 5) { nodes { name } } } }
    deployments(first: 5) { nodes { id databaseId environment originalEnvironment latestEnvironment description task
      ref { name } commit { oid } commitOid createdAt updatedAt state creator { __typename login } repository { id }
      latestStatus { state } statuses(first: 9) { nodes { id state createdAt updatedAt creator { __typename login }
        deployment { id } description environment } } } }
    releases(first: 5, orderBy: {field: CREATED_AT, direction: DESC}) { totalCount nodes { id databaseId name tagName
      isDraft isPrerelease createdAt publishedAt updatedAt author { __typename login } tagCommit { oid } url
      resourcePath repository { id } } }
    refs(refPrefix: "refs/tags/", first: 5, orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) { totalCount nodes {
      id name prefix repository { id } target { __typename id oid abbreviatedOid commitUrl
        ... on Tag { name message tagger { date } target { __typename oid ... on Commit { committedDate } } } } } }
  }
}
fragment Page on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }
fragment Hash on Commit { id oid abbreviatedOid commitUrl url resourcePath message messageHeadline messageBody
  authoredDate committedDate authoredByCommitter additions deletions changedFilesIfAvailable repository { id }
  author { name email date user { id login name } } committer { date } parents(first: 2) { totalCount nodes { oid } } }
fragment Repo on Repository { id databaseId name nameWithOwner owner { __typename login } url resourcePath isArchived
  isDisabled isEmpty isFork isPrivate visibility createdAt updatedAt pushedAt
  defaultBranchRef { name target { __typename oid } } }
"""


def _our_queries() -> dict[str, str]:
    """Every GraphQL text that ingestion can send."""
    found = {name: value for name, value in vars(github_queries).items() if str(value).strip().startswith("query ")}
    found["named"] = github_queries.named_query(3)
    for parent, children in github_queries.CHILDREN.items():
        found[f"children of {parent}"] = github_queries.children_query(parent, [dict.fromkeys(children, "cursor")] * 2)
    return found


def test_every_query_of_ingestion_is_served_and_accepted_by_github(github_schema):
    queries = _our_queries()
    assert len(queries) >= 10
    for name, query in queries.items():
        document = parse(query)
        assert [error.message for error in validate(SCHEMA, document)] == [], name
        assert [error.message for error in validate(github_schema, document)] == [], name


def test_graphql_answers_fit_githubs_schema(github_schema):
    """GitHub's schema accepts the query, and executing it over the double's answer completes every value unchanged."""
    document = parse(EVERYTHING)
    assert validate(github_schema, document) == []
    variables = {"owner": "acme", "name": "shop", "at": "2026-01-01T00:00:00Z"}
    with serve(tiny_world()) as server:
        answer = requests.post(
            server.graphql_url,
            json={"query": EVERYTHING, "variables": variables},
            headers={"authorization": "Bearer x"},
        ).json()
    assert "errors" not in answer, answer
    completed = execute(
        github_schema,
        document,
        root_value=answer["data"],
        variable_values=variables,
        field_resolver=lambda source, info, **_: source[info.path.key],
        type_resolver=lambda value, *_: value["__typename"],
    )
    assert completed.errors is None
    assert completed.data == answer["data"]
    assert len(answer["data"]["repository"]["pullRequests"]["nodes"]) == 3
