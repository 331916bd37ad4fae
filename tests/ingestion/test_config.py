"""connections.yml: what is accepted, and one line with file, line, place and cure for everything that is not."""

from datetime import date
from pathlib import Path

import pytest

from ingestion.config import ConfigError, GithubConnection, InboxConnection, JiraConnection, load_config
from ingestion.connections import CONNECTION_TYPES, FieldIds
from ingestion.organization_settings import OrganizationSettings

SECRETS = {"JIRA_TOKEN": "jira-s3cret", "GITHUB_TOKEN": "github-s3cret"}
JIRA = """connections:
  - name: jira
    type: jira
    base_url: https://example.atlassian.net
    user: bot@example.com
    token_env: JIRA_TOKEN
    projects: [SHOP, PAY]
    start_date: 2024-01-01
"""
GITHUB = """connections:
  - name: github
    type: github
    token_env: GITHUB_TOKEN
    repositories: [acme/checkout, "acme/*"]
    start_date: 2024-01-01
"""


def write(folder: Path, text: str | bytes) -> Path:
    (folder / "connections.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def problems(folder: Path, text: str | bytes, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_config(write(folder, text), environ=SECRETS | environ)
    return str(error.value).splitlines()


def test_the_issues_example_loads_with_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, JIRA + GITHUB.split("\n", 1)[1]), environ=SECRETS)
    jira, github = config.connections
    assert isinstance(jira, JiraConnection)
    assert isinstance(github, GithubConnection)
    assert (jira.name, jira.type, jira.source, jira.base_url) == (
        "jira",
        "jira",
        "jira",
        "https://example.atlassian.net",
    )
    assert (jira.projects, jira.start_date, jira.user) == (("SHOP", "PAY"), date(2024, 1, 1), "bot@example.com")
    assert (jira.quota_ceiling, jira.overlap_minutes, jira.fields) == (0.8, 10, FieldIds())
    assert jira.token is not None
    assert jira.token.get_secret_value() == "jira-s3cret"
    assert github.repositories == ("acme/checkout", "acme/*")
    assert config.organization == OrganizationSettings()
    assert (config.organization.time_zone, config.organization.schedule) == ("UTC", "0 2 * * *")
    assert (config.organization.min_team_size, config.organization.min_respondents) == (3, 5)
    assert (config.organization.currency, config.organization.workday) == ("EUR", ("09:00", "17:00"))
    assert config.organization.working_days == ("mon", "tue", "wed", "thu", "fri")


def test_secrets_are_in_no_text_of_the_configuration(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, JIRA + GITHUB.split("\n", 1)[1]), environ=SECRETS)
    dumped = [connection.model_dump_json() for connection in config.connections]
    assert "s3cret" not in repr(config) + str(config) + "".join(dumped)


@pytest.mark.parametrize(
    ("base_url", "graphql_url"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://api.github.com/", "https://api.github.com/graphql"),
        ("https://ghe.acme.com/api/v3", "https://ghe.acme.com/api/graphql"),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"),
    ],
)
def test_graphql_address_is_derived(tmp_path: Path, base_url: str, graphql_url: str) -> None:
    text = GITHUB.replace("    token_env", f"    base_url: {base_url}\n    token_env")
    (connection,) = load_config(write(tmp_path, text), environ=SECRETS).connections
    assert isinstance(connection, GithubConnection)
    assert connection.graphql_url == graphql_url


def test_graphql_address_may_be_given(tmp_path: Path) -> None:
    text = GITHUB.replace("    token_env", "    graphql_url: https://proxy.acme.com/graphql\n    token_env")
    (connection,) = load_config(write(tmp_path, text), environ=SECRETS).connections
    assert isinstance(connection, GithubConnection)
    assert connection.graphql_url == "https://proxy.acme.com/graphql"


def test_star_stands_for_all_projects(tmp_path: Path) -> None:
    (connection,) = load_config(write(tmp_path, JIRA.replace("[SHOP, PAY]", '"*"')), environ=SECRETS).connections
    assert isinstance(connection, JiraConnection)
    assert connection.projects == ("*",)


def test_sandbox_needs_no_secret_and_moves_to_its_address(tmp_path: Path) -> None:
    text = JIRA.replace("https://example.atlassian.net", "sandbox").replace("    user: bot@example.com\n", "")
    text = text.replace("    token_env: JIRA_TOKEN\n", "") + GITHUB.split("\n", 1)[1].replace(
        "    token_env: GITHUB_TOKEN", "    base_url: sandbox"
    )
    config = load_config(write(tmp_path, text), environ={})
    assert [connection.is_sandbox for connection in config.connections] == [True, True]
    moved = config.with_base_urls({"jira": "http://127.0.0.1:1/jira/", "github": "http://127.0.0.1:1/api/v3"})
    jira, github = moved.connections
    assert isinstance(github, GithubConnection)
    assert jira.base_url == "http://127.0.0.1:1/jira"
    assert (github.base_url, github.graphql_url) == ("http://127.0.0.1:1/api/v3", "http://127.0.0.1:1/api/graphql")
    assert jira.token is not None
    assert [connection.base_url for connection in config.connections] == ["sandbox", "sandbox"]


def test_pagerduty_and_an_inbox_are_connections(tmp_path: Path) -> None:
    text = """connections:
  - {name: pages, type: pagerduty, token_env: PAGERDUTY_TOKEN, start_date: 2025-01-01}
  - {name: files, type: inbox}
"""
    pages, files = load_config(write(tmp_path, text), environ={"PAGERDUTY_TOKEN": "k3y"}).connections
    assert (pages.source, pages.base_url, pages.start_date) == (
        "pagerduty",
        "https://api.pagerduty.com",
        date(2025, 1, 1),
    )
    assert pages.token is not None and pages.token.get_secret_value() == "k3y"
    assert isinstance(files, InboxConnection) and files.path == tmp_path / "inbox"
    assert problems(tmp_path, text) == [
        "connections.yml:2: connections[0].token_env: environment variable PAGERDUTY_TOKEN is not set; "
        "export it (export PAGERDUTY_TOKEN=...) or name another one"
    ]
    site = text.replace("type: pagerduty", "type: pagerduty, base_url: 'https://acme.pagerduty.com'")
    assert "is the web site; the API is at https://api.pagerduty.com" in problems(tmp_path, site)[0]


def test_with_base_urls_refuses_an_unknown_connection(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, JIRA), environ=SECRETS)
    with pytest.raises(ConfigError, match="has no connection 'jra'; did you mean 'jira'"):
        config.with_base_urls({"jra": "http://127.0.0.1:1"})


def test_file_connections_have_absolute_folders_and_no_http_values(tmp_path: Path) -> None:
    text = "connections:\n  - {name: s, type: survey_files}\n  - {name: o, type: organization_files, path: org}\n"
    surveys, organization = load_config(write(tmp_path, text), environ={}).connections
    assert (surveys.path, organization.path) == (tmp_path / "surveys", tmp_path / "org")
    assert (surveys.source, organization.source) == ("surveys", "organization")
    assert (surveys.base_url, surveys.start_date, surveys.token) == (None, None, None)


def test_check_does_without_secrets(tmp_path: Path) -> None:
    (connection,) = load_config(write(tmp_path, JIRA), environ={}, require_secrets=False).connections
    assert connection.token is None


def test_all_errors_of_a_file_are_reported_together_with_line_and_cure(tmp_path: Path) -> None:
    text = """organization:
  time_zone: Europe/Berln
  schedule: "0 25 * * *"
  min_teamsize: 3
connections:
  - name: jira
    type: jira
    base_url: https://example.atlassian.net
    user: bot@example.com
    token_env: MISSING_TOKEN
    projects: [shop]
    start_date: 2024-13-01
    fields: {storypoints: customfield_1}
  - name: Jira
    type: gihub
"""
    assert problems(tmp_path, text) == [
        "connections.yml:2: organization.time_zone: 'Europe/Berln' is not a time zone; did you mean 'Europe/Berlin'?",
        "connections.yml:3: organization.schedule: '0 25 * * *' is not a cron expression (hour '25' is not within "
        '0-23); write minute hour day month weekday, such as "0 2 * * *"',
        "connections.yml:4: organization.min_teamsize: unknown key 'min_teamsize'; did you mean 'min_team_size'?",
        "connections.yml:10: connections[0].token_env: environment variable MISSING_TOKEN is not set; "
        "export it (export MISSING_TOKEN=...) or name another one",
        "connections.yml:11: connections[0].projects: 'shop' is not a project key (capitals, as before the number in "
        "SHOP-12); did you mean SHOP?",
        "connections.yml:12: connections[0].start_date: '2024-13-01' is not a date; write YYYY-MM-DD",
        "connections.yml:13: connections[0].fields.storypoints: unknown key 'storypoints'; "
        "did you mean 'story_points'?",
        "connections.yml:14: connections[1].name: 'Jira' is already the name at line 6; give each its own",
        "connections.yml:15: connections[1].type: 'gihub' is not known; did you mean 'github'?",
    ]


JIRA_MISTAKES = [
    (
        "    token_env: JIRA_TOKEN\n",
        "",
        ":2: connections[0].token_env: is required; the name of the environment variable",
    ),
    ("    start_date: 2024-01-01\n", "", ":2: connections[0].start_date: is required; first day to load"),
    ("    user: bot@example.com\n", "", ":2: connections[0].user: is required; the e-mail address"),
    ("projects: [SHOP, PAY]", "projects: []", ":7: connections[0].projects: must be a list of project keys"),
    ("projects: [SHOP, PAY]", "projects: 12", ":7: connections[0].projects: must be a list of project keys"),
    (
        "https://ex",
        "http://ex",
        ":4: connections[0].base_url: 'http://example.atlassian.net' would send the token unenc",
    ),
    (
        "https://ex",
        "ex",
        ":4: connections[0].base_url: 'example.atlassian.net' is not an address; write it with https://",
    ),
    (
        ".net",
        ".net/rest/api/3",
        ":4: connections[0].base_url: 'https://example.atlassian.net/rest/api/3' is a page of the",
    ),
    (".net", ".net/?a=b", ":4: connections[0].base_url: 'https://example.atlassian.net/' has a query"),
    ("name: jira", "name: a b", ":2: connections[0].name: 'a b' is no name; use letters, digits"),
    (
        "    start_date",
        "    quota_ceiling: 80\n    start_date",
        ":8: connections[0].quota_ceiling: 80 must be at most 1",
    ),
    (
        "    start_date",
        "    overlap_minutes: x\n    start_date",
        ":8: connections[0].overlap_minutes: 'x' is not a whole",
    ),
    (
        "    start_date",
        "    start-date: 2024-01-01\n    start_date",
        "unknown key 'start-date'; did you mean 'start_date'?",
    ),
    ("connections:", "conections:", ":1: conections: unknown key 'conections'; did you mean 'connections'?"),
    (
        "    type: jira\n",
        "",
        ":2: connections[0].type: is required; choose from jira, github, pagerduty, inbox, survey_files",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), JIRA_MISTAKES)
def test_a_newcomers_mistake_gives_its_line_and_cure(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert any(expected in line for line in problems(tmp_path, JIRA.replace(old, new, 1)))


GITHUB_MISTAKES = [
    ("[acme/checkout", "[checkout", "'checkout' is not a repository; write owner/name or owner/*"),
    ("[acme/checkout", "[https://github.com/acme/checkout", "is an address; write acme/checkout"),
    ("    token_env", "    base_url: https://github.com/acme\n    token_env", "the API is at https://api.github.com"),
    (
        "    token_env",
        "    base_url: https://ghe.acme.com\n    token_env",
        "Server has it at https://ghe.acme.com/api/v3",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), GITHUB_MISTAKES)
def test_a_wrong_repository_or_address_gives_the_right_one(tmp_path: Path, old: str, new: str, expected: str) -> None:
    (line,) = problems(tmp_path, GITHUB.replace(old, new, 1))
    assert expected in line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("token_env: JIRA_TOKEN", "token_env: ghp_pasted0s3cret"),
        ("token_env: JIRA_TOKEN", "token: pasted0s3cret"),
        ("token_env: JIRA_TOKEN", "token_env: JIRA_TOKEN\n    password: pasted0s3cret"),
        ("https://example", "https://bot:pasted0s3cret@example"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, old: str, new: str) -> None:
    text = "\n".join(problems(tmp_path, JIRA.replace(old, new)))
    assert "pasted0s3cret" not in text
    assert "token_env" in text


def test_an_empty_variable_is_not_a_secret(tmp_path: Path) -> None:
    assert "environment variable JIRA_TOKEN is empty" in problems(tmp_path, JIRA, JIRA_TOKEN=" ")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "connections.yml:1: is empty"),
        ("- jira\n", "connections.yml:1: holds no 'key: value' lines"),
        ("organization: {}\n", "connections.yml:1: connections: is required"),
        ("connections:\n\t- name: jira\n", "connections.yml:2: is not valid YAML: a tab stands where"),
        ("connections:\n  - {name: a,\nx: 1\n", "is not valid YAML"),
        (
            "connections: []\nconnections: []\n",
            'connections.yml:2: is not valid YAML: found duplicate key "connections"',
        ),
        ("connections:\n  - jira\n", "connections.yml:2: connections[0]: must be '- name: ...'"),
        ("# Caf\xe9\n".encode("latin-1"), "connections.yml:1: byte 0xe9 is not utf-8; save the file as UTF-8"),
        ("connections: []\n".encode("utf-16"), "connections.yml:1: is UTF-16; save it as UTF-8"),
        (
            "connections:\n  - {name: a, type: organization_files}\n  - {name: b, type: organization_files}\n",
            "connections.yml:3: connections[1].type: only one connection may be organization_files",
        ),
        ("organization:\n  publish_titles: perhaps\nconnections: []\n", "'perhaps' is neither true nor false"),
        (
            "organization:\n  min_respondents: 1\nconnections: []\n",
            "organization.min_respondents: 1 must be at least 3",
        ),
    ],
)
def test_a_broken_file_gives_one_clear_line(tmp_path: Path, text: str | bytes, expected: str) -> None:
    (line,) = problems(tmp_path, text)
    assert expected in line


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="flowlight init"):
        load_config(tmp_path, environ={})


@pytest.mark.parametrize("schedule", ["0 2 * * *", "*/15 0-6 1,15 jan-mar mon", "30 22 * * 1-5", "0 2 * * 7"])
def test_cron_expressions_are_accepted(schedule: str) -> None:
    assert OrganizationSettings(schedule=schedule).schedule == schedule


@pytest.mark.parametrize(
    "schedule", ["2am", "0 2 * *", "60 2 * * *", "0 2 0 * *", "0 5-2 * * *", "*/0 2 * * *", "0 2 * * foo"]
)
def test_wrong_cron_expressions_are_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match="is not a cron expression"):
        OrganizationSettings(schedule=schedule)


def test_every_field_is_documented() -> None:
    for model in (OrganizationSettings, FieldIds, *CONNECTION_TYPES.values()):
        assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_working_time_and_currency_may_be_given(tmp_path: Path) -> None:
    text = 'organization: {currency: CHF, working_hours: "08:30-17:00", working_days: [sun, mon, tue, mon]}\n'
    organization = load_config(write(tmp_path, text + JIRA), environ=SECRETS).organization
    assert (organization.currency, organization.workday) == ("CHF", ("08:30", "17:00"))
    assert organization.working_days == ("mon", "tue", "sun"), "in the order of the week"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("currency: Euro", "currency: 'Euro' is not a currency; write its ISO 4217 code, such as EUR"),
        ('working_hours: "9-5"', "'9-5' are no hours; write begin and end of one day, such as \"09:00-17:00\""),
        ('working_hours: "09:00-24:30"', "'09:00-24:30' are no hours"),
        ('working_hours: "17:00-09:00"', "'17:00-09:00' end before they begin"),
        ('working_hours: "09:00-09:00"', "'09:00-09:00' end before they begin"),
        ("working_days: [mon, tus]", "working_days: 'tus' is not a day; did you mean 'tue'?"),
        ("working_days: []", "must be a list of days as text, such as [mon, tue, wed, thu, fri]"),
    ],
)
def test_wrong_working_time_is_named_with_the_cure(tmp_path: Path, line: str, problem: str) -> None:
    (found,) = problems(tmp_path, f"organization:\n  {line}\n{JIRA}")
    assert found.startswith("connections.yml:2: organization.") and problem in found, found
