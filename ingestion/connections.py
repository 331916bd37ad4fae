"""What may stand in `connections:` of connections.yml: one model per kind of entry, every value checked."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from ingestion.validation import Strict, list_or_star

SANDBOX = "sandbox"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Connection(Strict):
    """What all entries of `connections:` share. `source` names the schema `raw_<source>` that the records land in."""

    source: ClassVar[str] = ""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="Its own name; becomes part of every key, so that two systems of one kind may coexist",
        examples=["jira"],
    )
    type: str = Field(
        description="The kind of system: jira, github, pagerduty, inbox, survey_files, typeform, qualtrics or "
        "organization_files",
        examples=["jira"],
    )

    @field_validator("name", mode="wrap")
    @classmethod
    def _plain_name(cls, value: Any, handler: Any) -> str:
        try:
            return handler(value)
        except ValueError:
            raise ValueError(
                f"'{value}' is no name; use letters, digits, '-', '_' and '.', and begin with a letter or digit"
            ) from None

    if TYPE_CHECKING:  # what HTTP connections have as fields and file connections as constants

        @property
        def base_url(self) -> str | None:
            """Address of the system; None for files."""

        @property
        def start_date(self) -> date | None:
            """First day to load; None for files."""

        @property
        def token(self) -> SecretStr | None:
            """The secret; None for files, and where it is not set and was not required."""


class HttpConnection(Connection):
    """A system that is read over HTTP."""

    example_url: ClassVar[str] = "https://example.atlassian.net"

    base_url: str = Field(description="Its address", examples=["https://example.atlassian.net"])
    token_env: str | None = Field(
        None, description="Name of the environment variable that holds the token", examples=["JIRA_TOKEN"]
    )
    quota_ceiling: float = Field(
        0.8, gt=0, le=1, description="Share of the vendor's quota that may be used", examples=[0.8]
    )
    secret: SecretStr | None = Field(
        None, exclude=True, repr=False, description="Not for the file: set from `token_env`"
    )

    @field_validator("token_env")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,99}", value):
            raise ValueError(
                "must be the NAME of an environment variable, in capitals (such as JIRA_TOKEN); if you wrote the token "
                "itself here, take it out and revoke it"
            )
        return value

    @field_validator("base_url")
    @classmethod
    def _usable_url(cls, value: str) -> str:
        return value if value == SANDBOX else _checked_url(value, cls.example_url)

    @property
    def is_sandbox(self) -> bool:
        """Whether the orchestrator still has to put the simulated company's address in (`base_url: sandbox`)."""
        return self.base_url == SANDBOX

    @property
    def token(self) -> SecretStr | None:
        """The secret, resolved from the environment; None where it is not set and was not required."""
        return self.secret


class HistoryConnection(HttpConnection):
    """A system that is read from a day on, and then what changed since the last night."""

    start_date: date = Field(description="First day to load; what was open then is loaded too", examples=["2024-01-01"])
    overlap_minutes: int = Field(
        10, ge=0, description="How far each night looks back behind the last one", examples=[10]
    )


class FieldIds(Strict):
    """Custom fields of Jira by id (customfield_10016) or name, for what is not found by schema marker or usual name."""

    story_points: str | None = Field(None, description="Size of an item", examples=["customfield_10016"])
    sprint: str | None = Field(None, description="Sprints of an item", examples=["customfield_10020"])
    epic_link: str | None = Field(
        None, description="The epic of an item in company-managed projects", examples=["customfield_10014"]
    )
    parent: str | None = Field(None, description="The parent of an item", examples=["parent"])
    flagged: str | None = Field(None, description="Impediment flag", examples=["customfield_10021"])
    team: str | None = Field(None, description="The team that works on an item", examples=["customfield_10001"])
    anticipated_outcome: str | None = Field(
        None, description="The outcome an initiative is for", examples=["Anticipated outcome"]
    )
    actual_outcome: str | None = Field(None, description="What came of an initiative", examples=["Actual outcome"])
    outcome_verdict: str | None = Field(
        None, description="Whether an initiative achieved its outcome", examples=["Outcome verdict"]
    )
    outcome_type: str | None = Field(
        None,
        description="Whom it is for: customer, business, platform; of debt: reliability, scalability, risk, cost",
        examples=["Outcome type"],
    )
    key_result: str | None = Field(None, description="The key result an initiative serves", examples=["Key result"])
    key_result_baseline: str | None = Field(
        None, description="Issues that are key results: the value at the start", examples=["Baseline"]
    )
    key_result_target: str | None = Field(None, description="The value to reach", examples=["Target"])
    key_result_value: str | None = Field(
        None, description="The value now; each change of it is a check-in", examples=["Current value"]
    )
    key_result_confidence: str | None = Field(
        None, description="How sure its owners are to reach the target, above 0 and at most 1", examples=["Confidence"]
    )
    key_result_start: str | None = Field(None, description="The first day", examples=["Start date"])
    key_result_end: str | None = Field(
        None, description="The day by which the target is to be reached", examples=["Due date"]
    )
    cost_of_delay: str | None = Field(None, description="Cost of delay per week", examples=["Cost of delay"])
    severity: str | None = Field(None, description="How bad a defect or incident is", examples=["Severity"])
    found_in: str | None = Field(None, description="Where a defect was found", examples=["Found in"])


class JiraConnection(HistoryConnection):
    """A Jira Cloud site."""

    source: ClassVar[str] = "jira"

    type: Literal["jira"] = Field(description="jira", examples=["jira"])
    user: str | None = Field(
        None, description="E-mail address of the account the token belongs to", examples=["bot@example.com"]
    )
    projects: tuple[str, ...] = Field(
        description='Project keys, or "*" for every project the account sees', examples=["[SHOP, PAY]"]
    )
    fields: FieldIds = Field(
        FieldIds(), description="Custom fields by id or name where they are not found by themselves"
    )

    @field_validator("base_url")
    @classmethod
    def _site_root(cls, value: str) -> str:
        if re.search(r"/(rest|browse|projects|issues|secure)(/|$)|/jira/", urlsplit(value).path + "/"):
            raise ValueError(
                f"'{_public(value)}' is a page of the site; write its root, such as https://example.atlassian.net"
            )
        return value

    @field_validator("projects", mode="before")
    @classmethod
    def _project_keys(cls, value: Any) -> Any:
        keys = list_or_star(value, "project keys", "[SHOP, PAY]")
        for key in keys:
            if key != "*" and not re.fullmatch(r"[A-Z][A-Z0-9_]+", key):
                hint = f"; did you mean {key.upper()}?" if re.fullmatch(r"[A-Z][A-Z0-9_]+", key.upper()) else ""
                raise ValueError(f"'{key}' is not a project key (capitals, as before the number in SHOP-12){hint}")
        return keys


class GithubConnection(HistoryConnection):
    """GitHub: github.com, Enterprise Server (.../api/v3) or Enterprise Cloud of its own (api.<name>.ghe.com)."""

    source: ClassVar[str] = "github"
    example_url: ClassVar[str] = "https://api.github.com"

    type: Literal["github"] = Field(description="github", examples=["github"])
    base_url: str = Field(
        "https://api.github.com", description="Root of the REST API", examples=["https://api.github.com"]
    )
    graphql_url: str = Field(
        "",
        description="GraphQL address; derived from base_url when left out",
        examples=["https://api.github.com/graphql"],
    )
    repositories: tuple[str, ...] = Field(
        description="owner/name, or a glob such as acme/*", examples=['[acme/checkout, "acme/*"]']
    )
    deploy_workflows: tuple[str, ...] = Field(
        ("*deploy*", "*release*", "*publish*", "*promote*", "*rollout*", "*rollback*"),
        description="Workflows whose jobs are read, as they may deploy: globs of their names or files' names",
        examples=['["*deploy*", "ship.yml"]'],
    )

    @field_validator("base_url")
    @classmethod
    def _api_root(cls, value: str) -> str:
        parts = urlsplit(value)
        host = parts.hostname or ""
        if host in ("github.com", "www.github.com"):
            raise ValueError(f"'{value}' is the web site; the API is at https://api.github.com")
        if value != SANDBOX and not (host in LOOPBACK or host.startswith("api.") or parts.path.endswith("/api/v3")):
            raise ValueError(f"'{value}' is not an API root; GitHub Enterprise Server has it at https://{host}/api/v3")
        return value

    @field_validator("graphql_url")
    @classmethod
    def _usable_graphql_url(cls, value: str) -> str:
        return _checked_url(value, "https://api.github.com/graphql") if value else value

    @field_validator("deploy_workflows", mode="before")
    @classmethod
    def _workflow_names(cls, value: Any) -> Any:
        return list_or_star(value, "workflows", '["*deploy*"]')

    @field_validator("repositories", mode="before")
    @classmethod
    def _repository_names(cls, value: Any) -> Any:
        names = list_or_star(value, "repositories", '[acme/checkout, "acme/*"]')
        for name in names:
            page = re.match(r"https?://[^/]+/([^/]+/[^/]+?)(\.git)?/?$", name)
            if page:
                raise ValueError(f"'{_public(name)}' is an address; write {page[1]}")
            if not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.*?\[\]-]+", name):
                raise ValueError(f"'{_public(name)}' is not a repository; write owner/name or owner/*")
        return names

    def model_post_init(self, context: Any, /) -> None:
        """Derive what was left out."""
        if not self.graphql_url and not self.is_sandbox:
            object.__setattr__(self, "graphql_url", derived_graphql_url(self.base_url))


class PagerdutyConnection(HistoryConnection):
    """A PagerDuty account."""

    source: ClassVar[str] = "pagerduty"
    example_url: ClassVar[str] = "https://api.pagerduty.com"

    type: Literal["pagerduty"] = Field(description="pagerduty", examples=["pagerduty"])
    base_url: str = Field(
        "https://api.pagerduty.com",
        description="Root of the REST API; https://api.eu.pagerduty.com for accounts in the EU",
        examples=["https://api.pagerduty.com"],
    )

    @field_validator("base_url")
    @classmethod
    def _api_root(cls, value: str) -> str:
        host = urlsplit(value).hostname or ""
        if host.endswith(".pagerduty.com") and not host.startswith("api."):
            raise ValueError(f"'{value}' is the web site; the API is at https://api.pagerduty.com")
        return value


class FilesConnection(Connection):
    """A folder of files inside the configuration."""

    path: Path = Field(description="The folder, relative to the configuration folder")

    base_url: ClassVar[str | None] = None
    start_date: ClassVar[date | None] = None
    token: ClassVar[SecretStr | None] = None
    is_sandbox: ClassVar[bool] = False


class SurveyToolConnection(HttpConnection):
    """A survey tool: a folder of YAML files declares which of its forms are read, and what their questions mean."""

    source: ClassVar[str] = "surveys"

    path: Path = Field(description="Folder of the YAML files")

    start_date: ClassVar[date | None] = None  # a wave has its own day


class TypeformConnection(SurveyToolConnection):
    """A Typeform account."""

    example_url: ClassVar[str] = "https://api.typeform.com"

    type: Literal["typeform"] = Field(description="typeform", examples=["typeform"])
    base_url: str = Field(
        "https://api.typeform.com",
        description="Root of the API; https://api.eu.typeform.com for accounts in the EU",
        examples=["https://api.typeform.com"],
    )
    path: Path = Field(
        Path("typeform"),
        description="Folder of the YAML files, relative to the configuration folder; `file` of a wave is a form's id",
        examples=["typeform"],
    )

    @field_validator("base_url")
    @classmethod
    def _api_root(cls, value: str) -> str:
        host = urlsplit(value).hostname or ""
        if host.endswith("typeform.com") and not host.startswith("api."):
            raise ValueError(f"'{_public(value)}' is the web site; the API is at https://api.typeform.com")
        return value


class QualtricsConnection(SurveyToolConnection):
    """A Qualtrics brand."""

    example_url: ClassVar[str] = "https://fra1.qualtrics.com"

    type: Literal["qualtrics"] = Field(description="qualtrics", examples=["qualtrics"])
    base_url: str = Field(
        description="Address of the data centre (Account Settings, Qualtrics IDs)",
        examples=["https://fra1.qualtrics.com"],
    )
    path: Path = Field(
        Path("qualtrics"),
        description="Folder of the YAML files, relative to the configuration folder; `file` of a wave is a survey's id",
        examples=["qualtrics"],
    )

    @field_validator("base_url")
    @classmethod
    def _data_centre(cls, value: str) -> str:
        if "/API/" in urlsplit(value).path + "/":
            raise ValueError(f"'{_public(value)}' is a path of the API; write its host, such as {cls.example_url}")
        return value


class SurveyFilesConnection(FilesConnection):
    """An inbox of survey results, each described by a YAML file beside it."""

    source: ClassVar[str] = "surveys"

    type: Literal["survey_files"] = Field(description="survey_files", examples=["survey_files"])
    path: Path = Field(
        Path("surveys"), description="The inbox, relative to the configuration folder", examples=["surveys"]
    )


class OrganizationFilesConnection(FilesConnection):
    """The organisation's dated facts as CSV files."""

    source: ClassVar[str] = "organization"

    type: Literal["organization_files"] = Field(description="organization_files", examples=["organization_files"])
    path: Path = Field(
        Path("organization"), description="The folder, relative to the configuration folder", examples=["organization"]
    )


class InboxConnection(FilesConnection):
    """Deployments, incidents, initiatives and findings of tools that have no connector, as files in a folder."""

    source: ClassVar[str] = "inbox"

    type: Literal["inbox"] = Field(description="inbox", examples=["inbox"])
    path: Path = Field(
        Path("inbox"),
        description="The inbox, relative to the configuration folder: deployments/, incidents/, initiatives/, ...",
        examples=["inbox"],
    )


CONNECTION_TYPES: dict[str, type[Connection]] = {
    "jira": JiraConnection,
    "github": GithubConnection,
    "pagerduty": PagerdutyConnection,
    "inbox": InboxConnection,
    "survey_files": SurveyFilesConnection,
    "typeform": TypeformConnection,
    "qualtrics": QualtricsConnection,
    "organization_files": OrganizationFilesConnection,
}


def derived_graphql_url(base_url: str) -> str:
    """GitHub's GraphQL address by its REST root: `/api/v3` -> `/api/graphql` (Enterprise), else `<root>/graphql`."""
    root = base_url.rstrip("/")
    return root.removesuffix("/v3") + "/graphql" if root.endswith("/api/v3") else root + "/graphql"


def _checked_url(value: str, example: str) -> str:
    """An address without its last slash; ValueError (without credentials in it) if no request should go there."""
    parts = urlsplit(value)
    if parts.username or parts.password:
        raise ValueError(f"holds a user name or password; write it without, such as {example}, and use `token_env`")
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", value):
        raise ValueError(f"'{_public(value)}' is not an address; write it with https://, such as {example}")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(f"'{_public(value)}' would send the token unencrypted; write https://")
    if parts.query or parts.fragment:
        raise ValueError(f"'{_public(value)}' has a query or fragment; write only the address, such as {example}")
    return value.rstrip("/")


def _public(address: str) -> str:
    """An address without what may be a secret in it: user and password, query, fragment."""
    return re.sub(r"[?#].*", "", re.sub(r"^([A-Za-z]+://)?[^/]*@", r"\1", address))
