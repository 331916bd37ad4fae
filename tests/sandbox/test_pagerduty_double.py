"""The double of PagerDuty: its answers fit the vendor's specification, and it is as strict as the vendor says it is."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from sandbox.pagerduty_double import REACH, ROOT
from sandbox.server import Server, serve
from sandbox.world import World
from tests.ingestion.specs import SPECS, needs_specs
from tests.sandbox.tiny_world import CLOCK, at, many_incidents, pagerduty

HEADERS = {"Authorization": "Token token=secret", "Accept": "application/vnd.pagerduty+json;version=2"}
UNSAID_NULLS = {"resolved_at", "priority", "resolve_reason", "html_url", "total"}


def ask(server: Server, path: str, headers: dict[str, str] | None = None, **params: Any) -> requests.Response:
    return requests.get(server.pagerduty_url + path, params=params, headers=HEADERS if headers is None else headers)


@cache
def spec() -> dict[str, Any]:
    return json.loads(gzip.open(SPECS / "pagerduty-openapi.json.gz").read())


def validator(path: str) -> Draft202012Validator:
    """A validator of a path's answer; what the specification's own examples hold as null may be null."""

    def convert(node: Any) -> Any:
        if isinstance(node, list):
            return [convert(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return {"$ref": node["$ref"].replace("#/components/", "#/$defs/")}
        if node.get("enum") == ["acknowledgement_log_entry"]:
            return {"enum": ["acknowledge_log_entry"]}  # the specification's own list of types, and what is recorded
        plain = {key: convert(value) for key, value in node.items() if key not in ("nullable", "example", "examples")}
        properties = plain.get("properties")
        if isinstance(properties, dict):
            plain["properties"] = {k: _or_null(v) if k in UNSAID_NULLS else v for k, v in properties.items()}
        if "oneOf" in plain:  # the kinds of a reference overlap, so more than one may fit
            plain["anyOf"] = plain.pop("oneOf")
        return _or_null(plain) if node.get("nullable") is True else plain

    schema = spec()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return Draft202012Validator({**convert(schema), "$defs": convert(spec()["components"])})


def _or_null(schema: Any) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("/services", "", {"limit": 1}),
    ("/priorities", "", {}),
    ("/incidents", "", {"date_range": "all", "statuses[]": ["triggered", "acknowledged"]}),
    ("/incidents", "", {"since": "2026-01-01T00:00:00Z", "until": "2026-03-10T00:00:00Z", "sort_by": "created_at:asc"}),
    ("/incidents/{id}", "/incidents/Q005", {}),
    ("/incidents/{id}/log_entries", "/incidents/Q001/log_entries", {}),
    ("/log_entries", "", {"since": "2026-01-01T00:00:00Z", "until": "2026-03-10T00:00:00Z", "limit": 100}),
]


@needs_specs
@pytest.mark.parametrize(("path", "url", "params"), CALLS)
def test_answers_fit_the_specification(path: str, url: str, params: dict[str, Any]) -> None:
    known = {each["name"] for each in spec()["paths"][path]["get"]["parameters"] if "name" in each}
    known |= {spec()["components"]["parameters"][each["$ref"].rsplit("/", 1)[1]]["name"]
              for each in spec()["paths"][path]["get"]["parameters"] if "$ref" in each}  # fmt: skip
    assert set(params) <= known
    with serve(World(CLOCK, pagerduty=pagerduty())) as server:
        answer = ask(server, url or path, **params)
    assert answer.status_code == 200, answer.text
    errors = [f"{e.json_path}: {e.message[:200]}" for e in validator(path).iter_errors(answer.json())]
    assert errors == []
    assert answer.headers["ratelimit-limit"] == "960"


@needs_specs
def test_every_path_exists_in_the_specification() -> None:
    with serve(World(CLOCK, pagerduty=pagerduty())) as server:
        assert server.pagerduty is not None
        served = {re.sub(r"\{[^}]*\}", "{id}", route.path.removeprefix(ROOT)) for route in server.pagerduty.routes()}
    assert served <= set(spec()["paths"])


@pytest.mark.parametrize(
    ("path", "params", "headers", "status", "said"),
    [
        ("/services", {}, {}, 401, "Unauthorized"),
        ("/services", {}, {**HEADERS, "Authorization": "Bearer secret"}, 401, "Unauthorized"),
        ("/services", {}, {**HEADERS, "Accept": "application/json"}, 400, "Invalid Input Provided"),
        ("/incidents", {"limit": 101}, HEADERS, 400, "Invalid Input Provided"),
        ("/incidents", {"limit": 100, "offset": REACH - 99}, HEADERS, 400, "Invalid Input Provided"),
        ("/incidents", {"since": "2025-01-01", "until": "2026-01-01"}, HEADERS, 400, "Invalid Input Provided"),
        ("/incidents", {"page": 2}, HEADERS, 400, "Invalid Input Provided"),
        ("/incidents/Q999", {}, HEADERS, 404, "Not Found"),
    ],
)
def test_refuses_what_the_vendor_refuses(
    path: str, params: dict[str, Any], headers: dict[str, str], status: int, said: str
) -> None:
    with serve(World(CLOCK, pagerduty=pagerduty())) as server:
        answer = ask(server, path, headers, **params)
    assert answer.status_code == status
    assert answer.json()["error"]["message"] == said


def test_an_incident_is_what_its_log_says_at_the_clock() -> None:
    expected = {
        "02-01T10:02": ("triggered", None),
        "02-01T10:06": ("acknowledged", None),
        "02-01T10:40": ("triggered", None),
        "02-01T12:00": ("resolved", "2026-02-01T11:00:00Z"),
    }
    with serve(World(CLOCK, pagerduty=pagerduty())) as server:
        for clock, wanted in expected.items():
            server.clock = at(clock)
            found = ask(server, "/incidents/Q001").json()["incident"]
            assert (found["status"], found["resolved_at"]) == wanted
        server.clock = at("02-10T13:30")
        assert ask(server, "/incidents/Q002").json()["incident"]["status"] == "triggered", "it was reopened"
        server.clock = CLOCK
        merged = ask(server, "/incidents/Q005").json()["incident"]
        assert (merged["status"], merged["resolve_reason"]["incident"]["id"]) == ("resolved", "Q003")
        assert ask(server, "/incidents", since="2026-02-28T10:01:00Z").json()["incidents"] == [merged]


def test_log_entries_come_newest_first_in_pages() -> None:
    with serve(many_incidents(60)) as server:
        window = {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z", "limit": 100}
        pages = [ask(server, "/log_entries", offset=offset, **window).json() for offset in (0, 100)]
    times = [entry["created_at"] for page in pages for entry in page["log_entries"]]
    assert len(times) == 180 and times == sorted(times, reverse=True)
    assert [page["more"] for page in pages] == [True, False]
    assert [page["total"] for page in pages] == [None, None]
