"""The double of Jira Cloud: what it shows at a clock, and what it refuses as Jira does."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.server import Server, serve
from tests.sandbox.tiny_world import CLOCK, at, many_issues, tiny_world


class Client:
    """A few lines around requests, so that a test reads as what it asks."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.auth = ("reader@acme.example", "secret")

    def get(self, path: str, **params: object) -> requests.Response:
        return self.session.get(self.server.jira_url + path, params=params)

    def post(self, path: str, **body: object) -> requests.Response:
        return self.session.post(self.server.jira_url + path, json=body)

    def search(self, jql: str, **body: object) -> dict:
        answer = self.post("/rest/api/3/search/jql", jql=jql, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def keys(self, jql: str) -> list[str]:
        return [issue["key"] for issue in self.search(jql, fields=["key"])["issues"]]

    def refusal(self, jql: str) -> tuple[int, list[str]]:
        answer = self.post("/rest/api/3/search/jql", jql=jql)
        return answer.status_code, answer.json()["errorMessages"]


@pytest.fixture(scope="module")
def jira():
    with serve(tiny_world()) as server:
        yield Client(server)


def test_a_request_without_credentials_is_refused():
    with serve(tiny_world(), token="right") as server:
        url = server.jira_url + "/rest/api/3/myself"
        assert requests.get(url).status_code == 401
        assert requests.get(url, auth=("me", "wrong")).status_code == 401
        assert requests.get(url, auth=("me", "right")).json()["timeZone"] == "Europe/Berlin"


def test_the_site_says_that_it_is_cloud(jira):
    assert jira.get("/rest/api/3/serverInfo").json()["deploymentType"] == "Cloud"
    assert jira.post("/rest/api/3/search", jql="project = SHOP").status_code == 410


def test_issues_show_the_state_at_the_clock(jira):
    issue = jira.get("/rest/api/3/issue/1001").json()
    assert issue["fields"]["status"]["name"] == "Done"
    assert issue["fields"]["updated"] == "2026-01-20T10:00:00.000+0100"  # 09:00 UTC in the zone of the API user
    jira.server.clock = at("01-15")
    try:
        earlier = jira.get("/rest/api/3/issue/1001").json()
        assert earlier["fields"]["status"]["name"] == "In Progress"
        assert earlier["fields"]["updated"] == "2026-01-10T10:00:00.000+0100"
        assert jira.keys("project in (SHOP, PAY) ORDER BY key") == ["SHOP-1", "SHOP-2", "SHOP-3"]
    finally:
        jira.server.clock = CLOCK


def test_deleted_and_future_issues_are_absent(jira):
    assert jira.keys("project in (SHOP, PAY) ORDER BY key ASC") == ["PAY-1", "PAY-2", "SHOP-1"]
    assert jira.get("/rest/api/3/issue/SHOP-3").status_code == 404


def test_a_moved_issue_keeps_its_id_and_answers_to_its_former_key(jira):
    assert jira.get("/rest/api/3/issue/SHOP-2").json()["key"] == "PAY-2"
    assert jira.search("key = SHOP-2")["issues"] == [{"id": "1002"}]


def test_a_hidden_project_is_gone_with_its_issues():
    world = tiny_world()
    world.jira.hidden_projects = {"PAY": [(at("02-25"), at("03-20"))]}
    with serve(world) as server:
        jira = Client(server)
        assert jira.get("/rest/api/3/project/PAY").status_code == 404
        assert [p["key"] for p in jira.get("/rest/api/3/project/search").json()["values"]] == ["SHOP"]
        assert jira.keys("updated >= 0") == ["SHOP-1"]
        assert jira.refusal("project in (SHOP, PAY)") == (
            400, ["The value 'PAY' does not exist for the field 'project'."],
        )  # fmt: skip
        server.clock = at("03-20")
        assert jira.get("/rest/api/3/project/PAY").status_code == 200


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("project = shop", ["SHOP-1"]),
        ('project = "Payments" ORDER BY id', ["PAY-2", "PAY-1"]),
        ("statusCategory != Done order by key", ["PAY-1", "PAY-2"]),
        ("statusCategory = Done", ["SHOP-1"]),
        ('status in ("In Progress", 5) ORDER BY updated DESC', ["PAY-1", "PAY-2", "SHOP-1"]),
        ("NOT (project = SHOP OR key = PAY-1)", ["PAY-2"]),
        ("id in (1001, 1004) and issuetype = Story ORDER BY created", ["SHOP-1", "PAY-1"]),
        ("updated >= 1772407800000", ["PAY-1"]),  # 2026-03-01T23:30Z
        ("updated > 1772407800000", []),
        ('updated >= "2026-03-02 00:30"', ["PAY-1"]),  # 00:30 in Berlin is 23:30 UTC of the day before
        ('updated >= "2026-03-02 00:31"', []),
        ("updated >= -3h", ["PAY-1"]),
        ("parent is EMPTY and updated < 2026-01-21", ["SHOP-1"]),
        ("project not in (PAY)", ["SHOP-1"]),
    ],
)
def test_jql_is_parsed(jira, jql, keys):
    assert jira.keys(jql) == keys


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("", "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."),
        ("ORDER BY key", "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'."),
        ("sprint = 1", "Field 'sprint' does not exist or you do not have permission to view it."),
        ("project = SHOP ORDER BY rank", "Not able to sort using field 'rank'."),
        ("project = SHOP SHOP", "Error in the JQL Query: Expecting either 'OR' or 'AND' but got 'SHOP'. "
                                "(line 1, character 16)"),
        ("project > SHOP", "The operator '>' is not supported by the 'project' field."),
        ("project in (SHOP", "Error in the JQL Query: Expecting ')' before the end of the query."),
        ("project = SHOP ORDER BY " + ", ".join(["key"] * 8), "JQL can be ordered by at most 7 fields."),
    ],
)  # fmt: skip
def test_bad_jql_is_refused_with_jiras_words(jira, jql, message):
    assert jira.refusal(jql) == (400, [message])


def test_a_date_that_is_none_is_refused(jira):
    status, messages = jira.refusal("updated >= yesterday")
    assert status == 400
    assert messages[0].startswith("Date value 'yesterday' for field 'updated' is invalid.")


def test_search_gives_ids_only_unless_fields_are_asked(jira):
    assert jira.search("project = SHOP")["issues"] == [{"id": "1001"}]
    issue = jira.search("project = SHOP", fields=["status", "nothing"])["issues"][0]
    assert set(issue["fields"]) == {"status"}
    everything = jira.search("project = SHOP", fields=["*all", "-labels"])["issues"][0]["fields"]
    assert "summary" in everything
    assert "labels" not in everything


def test_the_last_page_has_no_token_and_no_page_has_a_total(jira):
    page = jira.search("project = SHOP")
    assert page["isLast"] is True
    assert not {"nextPageToken", "total", "startAt"} & set(page)
    assert jira.post("/rest/api/3/search/approximate-count", jql="updated >= 0").json() == {"count": 3}


def test_pages_shrink_when_fields_are_asked():
    with serve(many_issues(250)) as server:
        jira = Client(server)
        assert len(jira.search("project = SHOP")["issues"]) == 50
        assert len(jira.search("project = SHOP", maxResults=5000)["issues"]) == 250
        assert len(jira.search("project = SHOP", maxResults=5000, fields=["summary"])["issues"]) == 100


def _read_all(jira: Client, jql: str, **body: object) -> list[str]:
    found, token = [], {}
    while True:
        page = jira.search(jql, **body, **token)
        found += [issue["id"] for issue in page["issues"]]
        if page["isLast"]:
            return found
        token = {"nextPageToken": page["nextPageToken"]}


@settings(max_examples=15, deadline=None)
@given(size=st.integers(1, 130), count=st.integers(0, 120))
def test_pages_partition_the_result(size, count):
    with serve(many_issues(count)) as server:
        found = _read_all(Client(server), "project = SHOP ORDER BY id ASC", maxResults=size)
    assert found == [str(5000 + n) for n in range(1, count + 1)]


def test_a_record_updated_while_paged_shifts_pages_ordered_by_updated():
    with serve(many_issues(6)) as server:
        jira = Client(server)
        jql = "project = SHOP ORDER BY updated ASC"
        first = jira.search(jql, maxResults=3)
        server.touch("5001")
        second = jira.search(jql, maxResults=3, nextPageToken=first["nextPageToken"])
        assert [issue["id"] for issue in first["issues"]] == ["5001", "5002", "5003"]
        assert [issue["id"] for issue in second["issues"]] == ["5005", "5006", "5001"]  # 5004 was never shown


def test_a_page_token_expires_and_belongs_to_its_query():
    with serve(many_issues(6)) as server:
        jira = Client(server)
        token = jira.search("project = SHOP", maxResults=3)["nextPageToken"]
        other = jira.post("/rest/api/3/search/jql", jql="updated >= 0", maxResults=3, nextPageToken=token)
        damaged = jira.post("/rest/api/3/search/jql", jql="project = SHOP", maxResults=3, nextPageToken=token + "x")
        server.clock = CLOCK + timedelta(days=7)
        still_good = jira.post("/rest/api/3/search/jql", jql="project = SHOP", maxResults=3, nextPageToken=token)
        server.clock = CLOCK + timedelta(days=7, seconds=1)
        expired = jira.post("/rest/api/3/search/jql", jql="project = SHOP", maxResults=3, nextPageToken=token)
    assert [a.status_code for a in (other, damaged, still_good, expired)] == [400, 400, 200, 400]


def test_an_unknown_request_property_is_refused(jira):
    assert jira.post("/rest/api/3/search/jql", jql="project = SHOP", startAt=0).status_code == 400


def test_bulk_changelogs_are_complete_oldest_first_and_may_split_an_issue(jira):
    ids = ["1004", "1001", "SHOP-2", "1003", "9999"]
    pages, token = [], {}
    while True:
        page = jira.post("/rest/api/3/changelog/bulkfetch", issueIdsOrKeys=ids, maxResults=2, **token).json()
        pages.append([
            (log["issueId"], [history["id"] for history in log["changeHistories"]]) for log in page["issueChangeLogs"]
        ])  # fmt: skip
        if "nextPageToken" not in page:
            break
        token = {"nextPageToken": page["nextPageToken"]}
    assert pages == [
        [("1001", ["201"]), ("1002", ["203"])],
        [("1001", ["202"]), ("1002", ["205"])],
        [("1004", ["204"])],
    ]


@pytest.mark.parametrize(
    ("form", "created"),
    [("epoch_ms", 1768035600000), ("epoch_s", 1768035600), ("iso", "2026-01-10T10:00:00.000+0100")],
)
def test_bulk_changelogs_write_times_in_the_chosen_form(form, created):
    with serve(tiny_world(), history_created=form) as server:
        page = Client(server).post("/rest/api/3/changelog/bulkfetch", issueIdsOrKeys=["1001"]).json()
    history = page["issueChangeLogs"][0]["changeHistories"][0]
    assert history["created"] == created
    assert history["author"]["displayName"] == "Ann Example"


@pytest.mark.parametrize(
    "body",
    [
        {"issueIdsOrKeys": []},
        {"issueIdsOrKeys": ["1"] * 1001},
        {"issueIdsOrKeys": ["1001"], "maxResults": 10_001},
        {"issueIdsOrKeys": ["1001"], "maxResults": 0},
        {"issueIdsOrKeys": ["1001"], "fieldIds": [str(n) for n in range(11)]},
        {"issueIdsOrKeys": ["1001"], "nextPageToken": "made up"},
    ],
)
def test_bulk_changelogs_beyond_their_limits_are_refused(jira, body):
    assert jira.post("/rest/api/3/changelog/bulkfetch", **body).status_code == 400


def test_bulk_changelogs_can_be_filtered_by_field(jira):
    page = jira.post("/rest/api/3/changelog/bulkfetch", issueIdsOrKeys=["1002"], fieldIds=["status"]).json()
    assert [history["id"] for history in page["issueChangeLogs"][0]["changeHistories"]] == ["203"]


def test_expanded_changelogs_show_only_the_latest_changes():
    world = tiny_world()
    template = world.jira.issues[0].histories[0]
    world.jira.issues[0].histories = [
        type(template)(str(n), at("01-10") + timedelta(minutes=n), "user-1", template.items) for n in range(120)
    ]
    with serve(world) as server:
        jira = Client(server)
        searched = jira.search("key = SHOP-1", expand="changelog")["issues"][0]["changelog"]
        single = jira.get("/rest/api/3/issue/1001", expand="changelog").json()["changelog"]
        paged = jira.get("/rest/api/3/issue/1001/changelog", startAt=100, maxResults=1000).json()
    assert (searched["total"], len(searched["histories"]), searched["histories"][0]["id"]) == (120, 40, "119")
    assert len(single["histories"]) == 100
    assert [history["id"] for history in paged["values"]] == [str(n) for n in range(100, 120)]
    assert paged["isLast"] is True


def test_bulk_issues_leave_out_what_cannot_be_seen(jira):
    answer = jira.post("/rest/api/3/issue/bulkfetch", issueIdsOrKeys=["1004", "SHOP-1", "1003"], fields=["project"])
    assert [(issue["id"], issue["fields"]["project"]["key"]) for issue in answer.json()["issues"]] == [
        ("1001", "SHOP"), ("1004", "PAY"),
    ]  # fmt: skip
    assert jira.post("/rest/api/3/issue/bulkfetch", issueIdsOrKeys=["1001"] * 101).status_code == 400


def test_project_search_is_paged(jira):
    page = jira.get("/rest/api/3/project/search", maxResults=1, startAt=1).json()
    assert (page["total"], page["isLast"], [p["key"] for p in page["values"]]) == (2, True, ["SHOP"])


def test_sprints_follow_the_clock(jira):
    sprints = jira.get("/rest/agile/1.0/board/1/sprint").json()["values"]
    assert [(sprint["id"], sprint["state"]) for sprint in sprints] == [(1, "closed"), (2, "active")]
    assert "completeDate" not in sprints[1]
    assert jira.get("/rest/agile/1.0/board/9/sprint").status_code == 404
    assert jira.get("/rest/agile/1.0/board/2/sprint").status_code == 400, "a kanban board"


def test_boards_are_those_of_the_visible_projects(jira):
    def boards(**query: object) -> list[int]:
        return [board["id"] for board in jira.get("/rest/agile/1.0/board", **query).json()["values"]]

    assert (boards(), boards(projectKeyOrId="SHOP"), boards(projectKeyOrId="PAY")) == ([1, 2], [1], [])
    assert jira.get("/rest/agile/1.0/board", projectKeyOrId="NOPE").status_code == 400
    columns = jira.get("/rest/agile/1.0/board/1/configuration").json()["columnConfig"]["columns"]
    assert [column["name"] for column in columns] == ["To Do", "Doing", "Done"]
    jira.server.world.jira.hidden_projects = {"SHOP": [(at("01-01"), None)]}
    jira.server.refresh()
    assert boards() == [2]
    assert jira.get("/rest/agile/1.0/board/1/configuration").status_code == 404


def test_a_site_without_jira_software_has_no_agile_api(jira):
    jira.server.world.jira.has_agile = False
    for path in ("board", "board/1/sprint", "board/1/configuration", "sprint/1"):
        assert jira.get(f"/rest/agile/1.0/{path}").status_code == 403


def test_the_request_log_names_every_request():
    with serve(tiny_world()) as server:
        Client(server).search("project = SHOP")
        entry = server.requests[-1]
    assert (entry["service"], entry["method"], entry["path"], entry["status"]) == (
        "jira", "POST", "/rest/api/3/search/jql", 200,
    )  # fmt: skip


def test_refresh_shows_what_a_test_changed_in_the_world():
    with serve(tiny_world()) as server:
        jira = Client(server)
        assert jira.keys("project = SHOP") == ["SHOP-1"]
        server.world.jira.issues[0].deleted_at = datetime(2026, 1, 1, tzinfo=UTC)
        server.refresh()
        assert jira.keys("project = SHOP") == []
