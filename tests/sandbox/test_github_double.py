"""The double of GitHub: GraphQL within GitHub's limits, REST pages, and state at a clock."""

from typing import Any

import pytest
import requests

from sandbox.github_graphql import Query
from sandbox.server import Server, serve
from tests.sandbox.tiny_world import CLOCK, at, many_pull_requests, oid, tiny_world


class Client:
    """A few lines around requests, so that a test reads as what it asks."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers["authorization"] = "Bearer secret"

    def graphql(self, query: str, **variables: object) -> dict[str, Any]:
        answer = self.session.post(self.server.graphql_url, json={"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def shop(self, selection: str, **variables: object) -> dict[str, Any]:
        answer = self.graphql(f'{{ repository(owner: "acme", name: "shop") {{ {selection} }} }}', **variables)
        assert "errors" not in answer, answer
        return answer["data"]["repository"]

    def get(self, path: str, **params: object) -> requests.Response:
        return self.session.get(self.server.github_url + path, params=params)


@pytest.fixture(scope="module")
def github():
    with serve(tiny_world()) as server:
        yield Client(server)


def test_a_request_without_a_valid_token_is_refused():
    with serve(tiny_world(), token="right") as server:
        url = server.github_url + "/rate_limit"
        assert requests.get(url).status_code == 401
        assert requests.get(url, headers={"authorization": "Bearer wrong"}).status_code == 401
        assert requests.get(url, headers={"authorization": "Bearer right"}).status_code == 200
        assert requests.post(server.graphql_url, json={"query": "{ viewer { login } }"}).status_code == 401


def _pull_requests(github: Client) -> list[tuple[Any, ...]]:
    answer = github.graphql(
        """{ node(id: "R_1") { ... on Repository {
             pullRequests(first: 10) { nodes { number state isDraft closedAt updatedAt } } } } }"""
    )
    return [tuple(node.values()) for node in answer["data"]["node"]["pullRequests"]["nodes"]]


def test_pull_requests_show_the_state_at_the_clock(github):
    assert _pull_requests(github) == [
        (1, "MERGED", False, "2026-01-12T09:00:00Z", "2026-01-12T09:00:00Z"),
        (3, "OPEN", False, None, "2026-02-03T09:00:00Z"),
        (2, "OPEN", False, None, "2026-02-20T09:00:00Z"),
    ]
    try:
        github.server.clock = at("02-02T12:00")
        assert _pull_requests(github)[1] == (3, "CLOSED", False, "2026-02-02T09:00:00Z", "2026-02-02T09:00:00Z")
        github.server.clock = at("02-15")
        assert _pull_requests(github)[2] == (2, "OPEN", True, None, "2026-02-10T09:00:00Z")
        github.server.clock = at("01-09T12:00")
        assert _pull_requests(github) == [(1, "OPEN", False, None, "2026-01-09T12:00:00Z")]
    finally:
        github.server.clock = CLOCK


def test_children_of_a_pull_request(github):
    pull = github.shop(
        """pullRequest(number: 1) {
             author { __typename login } mergedBy { login } labels(first: 5) { nodes { name } }
             mergeCommit { oid committedDate parents(first: 2) { totalCount } }
             reviews(first: 5) { nodes { state submittedAt author { login } comments { totalCount } } }
             commits(first: 1) { totalCount nodes { commit { oid messageHeadline author { user { login } } } }
               pageInfo { hasNextPage endCursor } }
             timelineItems(first: 9, itemTypes: [REVIEW_REQUESTED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT]) {
               nodes { __typename
                 ... on ReviewRequestedEvent { requestedReviewer { ... on User { login } } }
                 ... on HeadRefForcePushedEvent { beforeCommit { oid } afterCommit { oid } } } } }"""
    )["pullRequest"]
    assert pull["author"] == {"__typename": "User", "login": "ann"}
    assert pull["labels"]["nodes"] == [{"name": "feature"}]
    assert pull["mergeCommit"] == {
        "oid": oid(2), "committedDate": "2026-01-12T09:00:00Z", "parents": {"totalCount": 2},
    }  # fmt: skip
    assert [(r["state"], r["author"]["login"], r["comments"]["totalCount"]) for r in pull["reviews"]["nodes"]] == [
        ("CHANGES_REQUESTED", "ben", 2), ("APPROVED", "ben", 0),
    ]  # fmt: skip
    assert pull["commits"]["totalCount"] == 2
    assert pull["commits"]["nodes"] == [
        {"commit": {"oid": oid(11), "messageHeadline": "Change 11", "author": {"user": {"login": "ann"}}}}
    ]
    assert pull["commits"]["pageInfo"]["hasNextPage"] is True
    assert pull["timelineItems"]["nodes"] == [
        {"__typename": "ReviewRequestedEvent", "requestedReviewer": {"login": "ben"}},
        {"__typename": "HeadRefForcePushedEvent", "beforeCommit": {"oid": oid(11)}, "afterCommit": {"oid": oid(12)}},
    ]


def test_a_deleted_account_is_null_and_a_bot_is_a_bot(github):
    nodes = github.shop("pullRequests(first: 9) { nodes { author { __typename login } } }")["pullRequests"]["nodes"]
    assert [node["author"] for node in nodes][1:] == [None, {"__typename": "Bot", "login": "dependabot"}]


def test_deployments_carry_all_their_statuses(github):
    nodes = github.shop(
        """deployments(first: 5, environments: ["production"]) { totalCount nodes {
             databaseId state ref { name } commitOid updatedAt statuses(first: 9) { nodes { state createdAt } } } }"""
    )["deployments"]
    assert nodes["totalCount"] == 1
    assert nodes["nodes"][0] == {
        "databaseId": 501, "state": "INACTIVE", "ref": {"name": "main"}, "commitOid": oid(2),
        "updatedAt": "2026-02-14T09:10:00Z",
        "statuses": {"nodes": [
            {"state": "IN_PROGRESS", "createdAt": "2026-01-13T09:01:00Z"},
            {"state": "SUCCESS", "createdAt": "2026-01-13T09:10:00Z"},
            {"state": "INACTIVE", "createdAt": "2026-02-14T09:10:00Z"},
        ]},
    }  # fmt: skip


def test_fragments_aliases_directives_and_variables(github):
    answer = github.graphql(
        """query Ask($id: ID!, $with: Boolean!) {
             found: nodes(ids: [$id, "I_1"]) { ...Part ... on Issue { number labels(first: 1) { nodes { name } } } }
           }
           fragment Part on PullRequest { number title @include(if: $with) body @skip(if: $with) }""",
        id="PR_1",
        **{"with": True},
    )
    assert answer["data"]["found"] == [
        {"number": 1, "title": "Add cart"},
        {"number": 4, "labels": {"nodes": [{"name": "bug"}]}},
    ]


def test_what_is_not_found_is_null_with_an_error_in_a_200(github):
    answer = github.graphql('{ repository(owner: "acme", name: "none") { id } viewer { login } }')
    assert answer["data"] == {"repository": None, "viewer": {"login": "flowlight-reader"}}
    assert answer["errors"] == [{
        "type": "NOT_FOUND", "path": ["repository"], "locations": [{"line": 1, "column": 3}],
        "message": "Could not resolve to a Repository with the name 'acme/none'.",
    }]  # fmt: skip
    answer = github.graphql('{ nodes(ids: ["PR_1", "PR_9"]) { id } }')
    assert answer["data"]["nodes"] == [{"id": "PR_1"}, None]
    assert answer["errors"][0]["path"] == ["nodes", 1]


@pytest.mark.parametrize(
    ("selection", "type_", "message"),
    [
        ("pullRequests { nodes { id } }", "MISSING_PAGINATION_BOUNDARIES",
         "You must provide a `first` or `last` value to properly paginate the `pullRequests` connection."),
        ("pullRequests(first: 101) { nodes { id } }", "EXCESSIVE_PAGINATION",
         "Requesting 101 records on the `pullRequests` connection exceeds the `first` limit of 100 records."),
        ("pullRequests(first: 0) { nodes { id } }", "INVALID_PAGINATION",
         "`first` on the `pullRequests` connection cannot be less than 1."),
        ("pullRequests(first: 100) { nodes { reviews(first: 100) { nodes { id } } commits(first: 100) { nodes { "
         "commit { parents(first: 50) { nodes { oid } } } } } } }", "MAX_NODE_LIMIT_EXCEEDED",
         "This query requests up to 520,100 possible nodes which exceeds the maximum limit of 500,000."),
        ('pullRequests(first: 1, after: "made up") { nodes { id } }', "INVALID_CURSOR_ARGUMENTS",
         "`made up` does not appear to be a valid cursor."),
    ],
)  # fmt: skip
def test_limits_are_errors_in_a_200(github, selection, type_, message):
    answer = github.graphql(f'{{ repository(owner: "acme", name: "shop") {{ {selection} }} }}')
    assert not answer.get("data")
    assert answer["errors"][0].get("path", ["repository"])[0] == "repository"
    assert (answer["errors"][0]["type"], answer["errors"][0]["message"]) == (type_, message)


def test_unknown_fields_and_broken_queries_are_errors_in_a_200(github):
    assert "Cannot query field 'nothing'" in github.graphql("{ viewer { nothing } }")["errors"][0]["message"]
    assert "Parse error" in github.graphql("{ viewer ")["errors"][0]["message"]
    assert github.graphql("query($n: Int!) { viewer { login } }")["errors"][0]["message"]


def test_a_count_needs_no_page_size(github):
    assert github.shop("pullRequests { totalCount } open: pullRequests(states: OPEN) { totalCount }") == {
        "pullRequests": {"totalCount": 3}, "open": {"totalCount": 2},
    }  # fmt: skip


def test_the_cost_of_a_query_follows_githubs_formula():
    query = Query(
        """{ viewer { repositories(first: 50) { nodes { issues(first: 60) { nodes {
             labels(first: 60) { nodes { name } } } } } } } }""",
        None,
        None,
    )
    # the documentation's own example shape: 1 + 50 + 50 * 60 = 3051 requests
    assert (query.cost, query.nodes) == (31, 50 + 50 * 60 + 50 * 60 * 60)


def test_the_rate_limit_is_reported_and_enforced():
    query = "{ rateLimit { cost limit remaining used nodeCount } }"
    with serve(tiny_world(), rate_limit=2) as server:
        github = Client(server)
        answer = github.session.post(server.graphql_url, json={"query": query})
        assert answer.json()["data"]["rateLimit"] == {"cost": 1, "limit": 2, "remaining": 1, "used": 1, "nodeCount": 0}
        assert answer.headers["x-ratelimit-remaining"] == "1"
        github.graphql(query)
        assert github.graphql(query)["errors"][0]["type"] == "RATE_LIMITED"
        assert [github.get("/repos/acme/shop").status_code for _ in range(3)] == [200, 200, 403]
    with serve(tiny_world(), rate_limit=0) as server:
        answer = Client(server).session.post(server.graphql_url, json={"query": query})
        assert answer.json()["data"]["rateLimit"]["limit"] == 0
        assert "x-ratelimit-limit" not in answer.headers


def _read_all(github: Client, size: int, order: str) -> list[int]:
    query = """query($after: String, $size: Int!) { repository(owner: "acme", name: "shop") {
        pullRequests(first: $size, after: $after, orderBy: {field: UPDATED_AT, direction: %s}) {
          nodes { number } pageInfo { hasNextPage endCursor } } } }"""
    found, after = [], None
    while True:
        page = github.graphql(query % order, after=after, size=size)["data"]["repository"]["pullRequests"]
        found += [node["number"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("size", [1, 7, 49, 50, 100])
def test_pages_partition_the_pull_requests(size):
    with serve(many_pull_requests(50)) as server:
        assert _read_all(Client(server), size, "ASC") == list(range(1, 51))
        assert _read_all(Client(server), size, "DESC") == list(range(50, 0, -1))


def test_a_pull_request_updated_while_paged_changes_its_place():
    query = """query($after: String) { repository(owner: "acme", name: "shop") {
        pullRequests(first: 2, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
          nodes { number } pageInfo { endCursor } } } }"""
    with serve(many_pull_requests(4)) as server:
        github = Client(server)
        first = github.graphql(query)["data"]["repository"]["pullRequests"]
        server.touch("PR_0002")
        second = github.graphql(query, after=first["pageInfo"]["endCursor"])["data"]["repository"]["pullRequests"]
    assert [node["number"] for node in first["nodes"]] == [4, 3]
    assert [node["number"] for node in second["nodes"]] == [1]  # number 2 is at the front now


def test_last_and_before_page_backwards():
    with serve(many_pull_requests(5)) as server:
        github = Client(server)
        last = github.shop("pullRequests(last: 2) { nodes { number } pageInfo { hasPreviousPage startCursor } }")
        before = last["pullRequests"]["pageInfo"]["startCursor"]
        earlier = github.shop(f'pullRequests(last: 2, before: "{before}") {{ nodes {{ number }} }}')
    assert [node["number"] for node in last["pullRequests"]["nodes"]] == [4, 5]
    assert [node["number"] for node in earlier["pullRequests"]["nodes"]] == [2, 3]


def test_an_empty_repository_has_no_default_branch(github):
    answer = github.graphql('{ repository(owner: "acme", name: "empty") { isEmpty defaultBranchRef { name } } }')
    assert answer["data"]["repository"] == {"isEmpty": True, "defaultBranchRef": None}
    assert github.get("/repos/acme/empty/commits").status_code == 409


def test_a_renamed_repository_answers_to_both_names(github):
    assert github.graphql('{ repository(owner: "acme", name: "store") { nameWithOwner } }')["data"]["repository"] == {
        "nameWithOwner": "acme/shop"
    }
    answer = github.session.get(github.server.github_url + "/repos/acme/store", allow_redirects=False)
    assert (answer.status_code, answer.headers["location"].split("/api/v3")[1]) == (301, "/repos/acme/shop")
    strict = '{ repository(owner: "acme", name: "store", followRenames: false) { id } }'
    assert github.graphql(strict)["errors"][0]["type"] == "NOT_FOUND"
    github.server.clock = at("01-20")
    try:
        assert github.get("/repos/acme/store").json()["full_name"] == "acme/store"
    finally:
        github.server.clock = CLOCK


def test_repositories_of_an_owner(github):
    owner = github.graphql(
        '{ repositoryOwner(login: "acme") { repositories(first: 9) { nodes { nameWithOwner } } } '
        'organization(login: "acme") { login } none: organization(login: "none") { login } }'
    )
    names = [node["nameWithOwner"] for node in owner["data"]["repositoryOwner"]["repositories"]["nodes"]]
    assert names == ["acme/shop", "acme/empty"]
    assert owner["data"]["none"] is None
    assert [r["full_name"] for r in github.get("/orgs/acme/repos").json()] == ["acme/shop", "acme/empty"]
    assert github.get("/orgs/none/repos").status_code == 404


def test_commits_are_newest_first_and_paged_by_link(github):
    first = github.get("/repos/acme/shop/commits", per_page=2)
    assert [commit["sha"] for commit in first.json()] == [oid(3), oid(2)]
    second = github.session.get(first.links["next"]["url"])
    assert [commit["sha"] for commit in second.json()] == [oid(1)]
    assert "next" not in second.links
    since = github.get("/repos/acme/shop/commits", since="2026-01-12T09:00:00Z", until="2026-02-01T00:00:00Z")
    assert [commit["sha"] for commit in since.json()] == [oid(2)]
    branch = github.get("/repos/acme/shop/commits", sha="cart").json()
    assert [commit["sha"] for commit in branch] == [oid(12), oid(11), oid(1)]
    assert github.get("/repos/acme/shop/commits", sha="none").status_code == 404


def test_no_page_holds_more_than_a_hundred():
    world = tiny_world()
    repository = world.github.repositories[0]
    repository.commits = [type(c)(f"{n:040d}", [], "x", None, c.authored_at, c.committed_at, c.visible_at)
                          for n in range(150) for c in repository.commits[:1]]  # fmt: skip
    with serve(world) as server:
        assert len(Client(server).get("/repos/acme/shop/commits", per_page=1000).json()) == 100


def test_compare_lists_what_head_has_and_base_has_not(github):
    ahead = github.get(f"/repos/acme/shop/compare/{oid(1)}...main").json()
    assert (ahead["status"], ahead["ahead_by"], ahead["behind_by"]) == ("ahead", 4, 0)
    assert [commit["sha"] for commit in ahead["commits"]] == [oid(11), oid(12), oid(2), oid(3)]
    diverged = github.get(f"/repos/acme/shop/compare/{oid(3)}...bump").json()
    assert (diverged["status"], diverged["ahead_by"], diverged["behind_by"]) == ("diverged", 1, 1)
    assert diverged["merge_base_commit"]["sha"] == oid(2)
    page = github.get(f"/repos/acme/shop/compare/{oid(1)}...main", per_page=3, page=2)
    assert [commit["sha"] for commit in page.json()["commits"]] == [oid(3)]
    assert github.get(f"/repos/acme/shop/compare/{oid(99)}...main").status_code == 404


def test_deployments_over_rest(github):
    assert [d["id"] for d in github.get("/repos/acme/shop/deployments").json()] == [502, 501]
    statuses = github.get("/repos/acme/shop/deployments/501/statuses").json()
    assert [status["state"] for status in statuses] == ["inactive", "success", "in_progress"]


def test_an_unchanged_answer_is_304_and_free(github):
    first = github.get("/repos/acme/shop/commits")
    again = github.session.get(first.url, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]


def test_a_deleted_repository_is_not_found():
    world = tiny_world()
    world.github.repositories[0].deleted_at = at("02-25")
    with serve(world) as server:
        github = Client(server)
        assert github.get("/repos/acme/shop").status_code == 404
        assert github.graphql('{ node(id: "PR_1") { id } }')["errors"][0]["type"] == "NOT_FOUND"


def test_the_request_log_knows_operation_and_cost():
    with serve(tiny_world()) as server:
        Client(server).graphql("query Who { viewer { login } }")
        assert (server.requests[-1]["operation"], server.requests[-1]["cost"]) == ("Who", 1)
