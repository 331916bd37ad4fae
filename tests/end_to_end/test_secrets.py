"""A planted token is in nothing that a night leaves or says, also when vendors and addresses repeat it."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest
import zstandard
from pydantic import SecretStr

from ingestion.connections import GithubConnection, JiraConnection
from sandbox.server import serve
from tests.end_to_end.command import Installation, github_entry, jira_entry, small_installation
from tests.ingestion.nights import Nights
from tests.ingestion.vendor import Answer, Vendor, ok, vendor
from tests.sandbox.tiny_world import CLOCK, tiny_world

JIRA_TOKEN = "zQ7xPlanted_9vXk2Lr8sTq4-jira"
GITHUB_TOKEN = "ghp_wP3planted5yBn1Mc6Hd0-github"
USER = "bot@acme.example"
AS_OF = CLOCK.isoformat()


def marks() -> list[bytes]:
    """The tokens, what Basic authentication makes of them, and their beginnings, should a text be cut off."""
    basic = base64.b64encode(f"{USER}:{JIRA_TOKEN}".encode()).decode()
    texts = [JIRA_TOKEN[:14], GITHUB_TOKEN[:14], basic[24:52], quote(JIRA_TOKEN)[:14]]
    texts += [base64.b64encode(token.encode()).decode()[:20] for token in (JIRA_TOKEN, GITHUB_TOKEN)]
    return [text.encode() for text in dict.fromkeys(texts)]


def contents(path: Path) -> Iterator[bytes]:
    """A file's bytes, unpacked where it is a page, and its rows as text where it is a database or Parquet."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".zst":
        yield zstandard.ZstdDecompressor().stream_reader(content).read()
    if path.suffix == ".parquet":
        yield repr(duckdb.sql(f"select * from read_parquet('{path}')").fetchall()).encode()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall():
                yield repr(connection.execute(f'select * from "{schema}"."{table}"').fetchall()).encode()


def leaks(folder: Path) -> list[str]:
    """The files that hold a token; AssertionError where there is nothing to look at."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [
        f"{path.relative_to(folder)}: {mark.decode()}"
        for path in files
        for content in contents(path)
        for mark in marks()
        if mark in content
    ]


def said(text: str) -> list[str]:
    """The tokens in a text."""
    return [mark.decode() for mark in marks() if mark.decode() in text]


def test_the_search_finds_a_token_wherever_it_hides(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(f"token {JIRA_TOKEN}")
    (tmp_path / "b.ndjson.zst").write_bytes(zstandard.compress(GITHUB_TOKEN.encode() * 2))
    with duckdb.connect(str(tmp_path / "c.duckdb")) as connection:
        connection.execute("create table t as select ? as a from range(5000)", [f"x {JIRA_TOKEN} x"])
        connection.execute(f"copy t to '{tmp_path}/d.parquet'")
    assert {line.split(":")[0] for line in leaks(tmp_path)} == {"a.log", "b.ndjson.zst", "c.duckdb", "d.parquet"}


def echo(request: dict[str, Any]) -> str:
    """What a careless vendor repeats: the token as it stands in the header, and decoded."""
    authorization = request["headers"].get("Authorization", "")
    scheme, _, value = authorization.partition(" ")
    return f"{authorization} = {base64.b64decode(value).decode() if scheme == 'Basic' else value}"


def html(text: str) -> Answer:
    return 200, {"Content-Type": "text/html"}, f"<html><body>{text}</body></html>".encode()


def refusal(status: int) -> Any:
    """An answer whose words, headers and details repeat the token."""

    def answer(request: dict[str, Any]) -> Answer:
        text = echo(request)
        body = {"message": f"refused {text}", "errorMessages": [f"refused {text}"], "errors": {"token": text}}
        headers = {"WWW-Authenticate": text, "X-Echo": text, "Content-Type": "application/json"}
        return status, headers, json.dumps(body).encode()

    return answer


CARELESS = {
    "400": refusal(400),
    "401": refusal(401),
    "403": refusal(403),
    "404": refusal(404),
    "410": refusal(410),
    "500": refusal(500),
    "html": lambda request: html(echo(request)),
    "no list": lambda request: ok({"said": echo(request)}),
    "broken JSON": lambda request: (200, {"Content-Type": "application/json"}, f'{{"a": "{echo(request)}'.encode()),
    "graphql error": lambda request: ok({"data": None, "errors": [{"message": echo(request)}]}),
    "graphql type": lambda request: ok(
        {"data": {"node": None}, "errors": [{"type": "NOT_FOUND", "message": echo(request), "path": [echo(request)]}]}
    ),
    "redirect": lambda request: (
        302, {"Location": f"/login/{echo(request).split()[-1]}?t={echo(request).split()[-1]}"}, b"",
    ),
    "page token": lambda request: ok(
        {"values": [{"id": "1", "key": "A", "name": "A"}], "startAt": 7, "total": 90, "nextPageToken": echo(request)}
    ),
}  # fmt: skip


def both(double: Vendor, *, in_address: bool = False) -> list[Any]:
    """A Jira and a GitHub connection; in_address: whose addresses hold their own token."""
    of_jira, of_github = (f"/{JIRA_TOKEN}", f"/{GITHUB_TOKEN}") if in_address else ("", "")
    return [
        JiraConnection(
            name="jira", type="jira", base_url=double.url + of_jira, user=USER, projects="*",
            start_date=CLOCK.date(), secret=SecretStr(JIRA_TOKEN),
        ),
        GithubConnection(
            name="github", type="github", base_url=double.url + of_github + "/api/v3", repositories=["acme/*"],
            start_date=CLOCK.date(), secret=SecretStr(GITHUB_TOKEN),
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("careless", CARELESS)
def test_vendor_that_repeats_the_token_does_not_bring_it_into_the_data(
    tmp_path: Path, careless: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    nights = Nights(tmp_path)
    with vendor() as double:
        double.reply = CARELESS[careless]
        runs = [run for connection in both(double) for run in nights.run(connection, CLOCK).values()]
    assert {run.status for run in runs} == {"failed"} or careless in ("page token", "graphql type", "redirect")
    assert said(repr(runs)) == []
    assert leaks(tmp_path) == []
    assert said(caplog.text) == []


def test_address_that_holds_the_token_does_not_bring_it_into_the_data(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    nights = Nights(tmp_path)
    with vendor() as double:
        double.reply = refusal(404)
        runs = [run for connection in both(double, in_address=True) for run in nights.run(connection, CLOCK).values()]
        double.answers, double.reply = ["reset"], None
        runs += [run for connection in both(double, in_address=True) for run in nights.run(connection, CLOCK).values()]
    assert said(repr(runs)) == []
    assert leaks(tmp_path) == []
    assert said(caplog.text) == []


def connect(installation: Installation, url: str) -> None:
    installation.connect(jira_entry(url), github_entry(f"{url}/api/v3"))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return small_installation(tmp_path_factory.mktemp("secrets"))


def run(installation: Installation, *arguments: str) -> Any:
    return installation.flowlight(*arguments, JIRA_TOKEN=JIRA_TOKEN, GITHUB_TOKEN=GITHUB_TOKEN)


@pytest.mark.xdist_group("small_installation")
def test_token_is_in_nothing_that_good_and_failing_nights_leave_or_say(installation: Installation) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        connect(installation, server.url)
        good = run(installation, "nightly", "--as-of", AS_OF)
        assert (good.code, said(good.text)) == (0, []), good.text
    with vendor() as double:
        connect(installation, double.url)
        double.reply = lambda request: refusal(403 if "/rest/" in request["path"] else 401)(request)
        red = run(installation, "nightly", "--as-of", "2026-03-03")
        assert (red.code, said(red.text)) == (1, []), red.text
        checked = run(installation, "check")
        assert (checked.code, said(checked.text)) == (2, []), checked.text
    status = run(installation, "status")
    assert (status.code, said(status.text)) == (0, []), status.text
    kinds = {path.suffix for path in installation.data.rglob("*") if path.is_file()}
    assert {".zst", ".duckdb", ".parquet", ".json", ".log", ".db"} <= kinds
    assert leaks(installation.data) == []


@pytest.mark.xdist_group("small_installation")
@pytest.mark.parametrize(
    "entry",
    [
        jira_entry(f"https://bot:{JIRA_TOKEN}@acme.example"),
        jira_entry(f"https://acme.example/?token={JIRA_TOKEN}"),
        jira_entry(f"http://acme.example/?token={JIRA_TOKEN}"),
        jira_entry(f"{USER}:{JIRA_TOKEN}@acme.example"),
        jira_entry(f"https://acme.example/browse/X?token={JIRA_TOKEN}"),
        github_entry(f"https://x:{GITHUB_TOKEN}@api.github.com"),
        github_entry(
            "https://api.github.com",
            f"repositories: ['https://x:{GITHUB_TOKEN}@github.com/a/b'], start_date: 2026-01-01",
        ),
        jira_entry("https://acme.example", token_env=JIRA_TOKEN),
    ],
)
def test_token_in_the_configuration_is_not_repeated_by_its_errors(installation: Installation, entry: str) -> None:
    installation.connect(entry)
    ended = run(installation, "nightly")
    assert ended.code == 2, ended.text
    assert "connections.yml:4" in ended.err
    assert said(ended.text) == []
