"""connections.yml: which systems to read, and the organisation's settings; every error says what, where and the cure.

Secrets stand in no file: `token_env` names the environment variable that holds one. This room does not know the
sandbox; `base_url: sandbox` is left for the orchestrator to replace (`Config.with_base_urls`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ingestion.connections import (
    CONNECTION_TYPES,
    SANDBOX,
    Connection,
    FieldIds,
    FilesConnection,
    GithubConnection,
    HttpConnection,
    InboxConnection,
    JiraConnection,
    OrganizationFilesConnection,
    PagerdutyConnection,
    SurveyFilesConnection,
    SurveyToolConnection,
    derived_graphql_url,
)
from ingestion.organization_settings import OrganizationSettings
from ingestion.validation import ConfigError, Document, Location, Problem, parse, read_yaml, suggestion

__all__ = [
    "SANDBOX",
    "Config",
    "ConfigError",
    "Connection",
    "FieldIds",
    "GithubConnection",
    "HttpConnection",
    "InboxConnection",
    "JiraConnection",
    "OrganizationFilesConnection",
    "OrganizationSettings",
    "PagerdutyConnection",
    "SurveyFilesConnection",
    "load_config",
]

FILE = "connections.yml"
TOP_LEVEL = ("organization", "connections")


@dataclass(frozen=True)
class Config:
    """A configuration that passed every check. The connections keep the file's order.

    `folder` is the configuration folder; `data` the data folder, which file connections need for the salt of hashed
    identities (the orchestrator sets it by `with_data`).
    """

    folder: Path
    organization: OrganizationSettings
    connections: tuple[Connection, ...]
    data: Path | None = None

    def connection(self, name: str) -> Connection:
        """The connection of that name; ConfigError with a suggestion where there is none."""
        for connection in self.connections:
            if connection.name == name:
                return connection
        hint = suggestion(name, [connection.name for connection in self.connections])
        raise ConfigError([Problem(FILE, None, "", f"has no connection '{name}'{hint}")])

    def with_data(self, data: Path) -> Config:
        """The same configuration for a run over that data folder."""
        return replace(self, data=data)

    def with_base_urls(self, urls: Mapping[str, str]) -> Config:
        """The same configuration with other addresses, by connection name (the orchestrator's sandbox).

        GitHub's GraphQL address follows the new one. ConfigError for a name there is not.
        """
        for name in urls:
            self.connection(name)
        return replace(
            self, connections=tuple(_moved(c, urls[c.name]) if c.name in urls else c for c in self.connections)
        )


def load_config(folder: Path, *, environ: Mapping[str, str] = os.environ, require_secrets: bool = True) -> Config:
    """Read and check `connections.yml` of a configuration folder.

    Secrets come from `environ` by the names in `token_env`; with `require_secrets=False` (`flowlight check`) one that
    is not set is no error and stays None. Raises ConfigError with every problem of the file, each with line and cure.
    """
    path = folder / FILE
    if not path.is_file():
        cure = f"write one with `flowlight init {folder}`, or set FLOWLIGHT_CONFIG to the folder that has it"
        raise ConfigError([Problem(FILE, None, "", f"is not in {folder}; {cure}")])
    document = read_yaml(path, FILE)
    problems = [
        document.problem((key,), f"unknown key '{key}'{suggestion(str(key), TOP_LEVEL)}")
        for key in document.root
        if key not in TOP_LEVEL
    ]
    organization: OrganizationSettings | None = OrganizationSettings()
    if document.root.get("organization") is not None:
        organization, found = parse(OrganizationSettings, document, ("organization",))
        problems += found
    connections, found = _read_connections(document, folder, environ, require_secrets)
    problems += found
    if problems or organization is None:
        raise ConfigError(sorted(problems, key=lambda problem: problem.line or 0))
    return Config(folder, organization, connections)


def _read_connections(
    document: Document, folder: Path, environ: Mapping[str, str], require_secrets: bool
) -> tuple[tuple[Connection, ...], list[Problem]]:
    """All entries of `connections:`, and what is wrong with them."""
    entries = document.root.get("connections")
    if not isinstance(entries, list):
        return (), [
            document.problem(
                ("connections",), "is required; a list of the systems to read ('connections:' with '- name: ...' below)"
            )
        ]
    connections: list[Connection] = []
    problems: list[Problem] = []
    names: dict[str, int] = {}
    for index in range(len(entries)):
        location: Location = ("connections", index)
        connection, found = _read_connection(document, location, folder, environ, require_secrets)
        problems += found
        name = entries[index].get("name") if isinstance(entries[index], dict) else None
        if isinstance(name, str):
            first = names.setdefault(name.lower(), index)
            if first != index:
                line = document.line(("connections", first, "name"))
                problems.append(
                    document.problem(
                        (*location, "name"), f"'{name}' is already the name at line {line}; give each its own"
                    )
                )
        if connection is not None:
            connections.append(connection)
    organizations = [i for i, e in enumerate(entries) if isinstance(e, dict) and e.get("type") == "organization_files"]
    problems += [
        document.problem(
            ("connections", index, "type"), "only one connection may be organization_files; put all files in its folder"
        )
        for index in organizations[1:]
    ]
    return tuple(connections), problems


def _read_connection(
    document: Document, location: Location, folder: Path, environ: Mapping[str, str], require_secrets: bool
) -> tuple[Connection | None, list[Problem]]:
    """One entry of `connections:`, with its secret resolved and its path made absolute."""
    entry = document.plain(location)
    if not isinstance(entry, dict):
        return None, [document.problem(location, "must be '- name: ...' with the connection's keys below it")]
    misplaced = [
        document.problem(
            (*location, key),
            f"no secret may stand in this file; take '{key}' out, revoke it, and name a variable: `token_env: NAME`",
        )
        for key in entry
        if str(key).lower() in ("token", "secret", "password", "api_key", "api_token", "apikey")
    ]
    kind = entry.get("type")
    if kind not in CONNECTION_TYPES:
        what = "is required" if kind is None else f"'{kind}' is not known"
        choice = suggestion(str(kind or ""), CONNECTION_TYPES)
        return None, [*misplaced, document.problem((*location, "type"), what + choice)]
    connection, problems = parse(CONNECTION_TYPES[kind], document, location)
    hidden = {problem.where for problem in misplaced}
    problems = misplaced + [problem for problem in problems if problem.where not in hidden]
    if isinstance(entry, dict):
        problems += _secret_problems(document, location, entry, environ, require_secrets)
    if connection is None or problems:
        return None, problems
    if isinstance(connection, FilesConnection):
        return connection.model_copy(update={"path": folder / connection.path}), []
    if isinstance(connection, HttpConnection):
        token = environ.get(connection.token_env or "", "").strip()
        if not token and connection.is_sandbox:
            token = SANDBOX
        user = (
            {"user": "sandbox@example.com"}
            if isinstance(connection, JiraConnection) and connection.user is None
            else {}
        )
        folders = {"path": folder / connection.path} if isinstance(connection, SurveyToolConnection) else {}
        update = {"secret": SecretStr(token) if token else None, **user, **folders}
        return connection.model_copy(update=update), []
    return connection, []


def _secret_problems(
    document: Document, location: Location, entry: Mapping[str, Any], environ: Mapping[str, str], require_secrets: bool
) -> list[Problem]:
    """What is missing of an HTTP connection's credentials. The sandbox needs none."""
    if not issubclass(CONNECTION_TYPES[entry["type"]], HttpConnection) or entry.get("base_url") == SANDBOX:
        return []
    problems = []
    if entry["type"] == "jira" and not entry.get("user"):
        problems.append(
            document.problem(
                (*location, "user"), "is required; the e-mail address of the account that the token belongs to"
            )
        )
    variable = entry.get("token_env")
    if variable is None:
        problems.append(
            document.problem(
                (*location, "token_env"),
                "is required; the name of the environment variable that holds the token, such as JIRA_TOKEN",
            )
        )
    elif (
        require_secrets
        and isinstance(variable, str)
        and re.fullmatch(r"[A-Z_][A-Z0-9_]*", variable)
        and not environ.get(variable, "").strip()
    ):
        state = "is empty" if variable in environ else "is not set"
        problems.append(
            document.problem(
                (*location, "token_env"),
                f"environment variable {variable} {state}; export it (export {variable}=...) or name another one",
            )
        )
    return problems


def _moved(connection: Connection, url: str) -> Connection:
    """A connection at another address."""
    update: dict[str, Any] = {"base_url": url.rstrip("/")}
    if isinstance(connection, GithubConnection):
        update["graphql_url"] = derived_graphql_url(url)
    return connection.model_copy(update=update)
