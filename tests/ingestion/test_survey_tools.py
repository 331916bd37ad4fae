"""Typeform and Qualtrics: what lands of a form, what never does, and what a night says when it cannot read one."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from ingestion.client import Client
from ingestion.connections import QualtricsConnection, TypeformConnection
from ingestion.errors import StopStream
from ingestion.sources import qualtrics, typeform
from ingestion.stream import Page
from ingestion.sync import check_connection
from sandbox import qualtrics_double
from sandbox.server import Server, serve
from sandbox.world import TypeformForm, TypeformWorld, World
from tests.ingestion.nights import SECRET
from tests.ingestion.survey_tools import (
    CLOCK,
    FORM,
    FREE_TEXT,
    QUALTRICS_YAML,
    TYPEFORM_YAML,
    House,
    answered,
    of_qualtrics,
    of_typeform,
    qualtrics_world,
    typeform_world,
    valid,
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def typeform_server() -> Generator[Server]:
    with serve(typeform_world(), clock=CLOCK, token=SECRET) as server:
        yield server


@pytest.fixture
def qualtrics_server() -> Generator[Server]:
    with serve(qualtrics_world(), clock=CLOCK, token=SECRET) as server:
        yield server


def test_typeform_answers_land_by_wave_as_the_yaml_declares(house: House, typeform_server: Server) -> None:
    runs = house.run(of_typeform(house, typeform_server), TYPEFORM_YAML)
    assert {name: (run.status, run.error) for name, run in runs.items()} == {
        "waves": ("ok", None), "answers": ("ok", None),
    }  # fmt: skip
    waves = {wave["wave"]: wave for wave in house.rows("waves")}
    assert list(waves) == ["2026-Q1", "2026-Q1b"], "the third has not begun"
    assert waves["2026-Q1"]["invited"] == {"checkout": 9}
    assert [item["item"] for item in waves["2026-Q1"]["items"]] == ["speed", "focus", "enps", "pair"]
    found = sorted(((a["wave"], a["submitted_at"], a["team"], a["answers"]) for a in house.rows("answers")), key=str)
    assert found == [
        ("2026-Q1", "2026-02-04T09:00:00+00:00", "checkout", {"speed": 1, "focus": 4, "enps": 3, "pair": 0}),
        ("2026-Q1", "2026-02-05T10:00:00+00:00", "checkout", {"speed": None, "focus": 1, "enps": 10, "pair": None}),
        ("2026-Q1b", "2026-03-03T11:00:00+00:00", "checkout", {"speed": 5, "focus": 5, "enps": 7, "pair": 1}),
    ], "e1's last complete answer of each wave before its close; an answer in own words is none"
    assert house.quarantined() == [
        "speed: 'Rather fast' is neither a number nor a declared label; add it to `labels` or `no_answer`"
    ]
    respondents = {a["wave"]: a["respondent"] for a in house.rows("answers") if a["answers"]["pair"] is not None}
    assert respondents["2026-Q1"] == respondents["2026-Q1b"] != "e1"


def test_no_words_address_or_id_of_a_respondent_lands(
    house: House, typeform_server: Server, qualtrics_server: Server
) -> None:
    house.run(of_typeform(house, typeform_server), TYPEFORM_YAML)
    house.run(of_qualtrics(house, qualtrics_server), QUALTRICS_YAML)
    landed = house.landed() + str(house.rows("answers") + house.rows("waves")) + str(house.quarantined())
    assert "checkout" in landed
    for personal in (FREE_TEXT, "Ann", "ann@acme", "10.0.0.1", "browser", "R_1", '"r1"', '"e1"', SECRET):
        assert personal not in landed


def test_typeform_is_asked_as_its_contract_says(house: House, typeform_server: Server) -> None:
    house.run(of_typeform(house, typeform_server), TYPEFORM_YAML)
    asked = [request for request in typeform_server.requests if request["path"].endswith("/responses")]
    queries = [
        dict(part.split("=", 1) for part in requests.utils.unquote(request["query"]).split("&")) for request in asked
    ]
    assert [valid("typeform", "responses_query", query) for query in queries] == [
        {"page_size": "1000", "since": "2026-02-01T23:00:00Z", "until": "2026-03-01T22:59:59Z"},
        {"page_size": "1000", "since": "2026-03-01T23:00:00Z", "until": "2026-05-03T21:59:59Z"},
    ]
    assert len(typeform_server.requests) == 4, "a definition and a page a wave that has begun"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 40), st.integers(1, 7))
def test_every_response_comes_once_whatever_the_pages(
    monkeypatch: pytest.MonkeyPatch, count: int, page_size: int
) -> None:
    monkeypatch.setattr(typeform, "PER_PAGE", page_size)
    start = datetime(2026, 2, 3, tzinfo=UTC)
    times = [f"{start + timedelta(minutes=number // 3):%Y-%m-%dT%H:%M:%SZ}" for number in range(count)]
    form = TypeformForm(FORM, [answered(f"r{n:03}", at, employee=f"e{n}", focus=3) for n, at in enumerate(times)])
    with serve(World(CLOCK, typeform=TypeformWorld({"u6nXL7": form})), clock=CLOCK) as server:
        connection = TypeformConnection(
            name="t", type="typeform", base_url=server.typeform_url, secret=SecretStr(SECRET)
        )
        with Client(typeform.endpoint(connection)) as client:
            table = typeform.download(SimpleNamespace(http=client), "u6nXL7", start, None)
    assert [cells[0] for _, cells in table.rows] == [f"r{number:03}" for number in range(count)]
    assert len(server.requests) == 1 + count // page_size + 1


def test_fewer_responses_than_counted_stop_the_stream() -> None:
    answers = [FORM, {"total_items": 2, "page_count": 1, "items": [answered("r1", "2026-02-03T09:00:00Z")]}]
    client = SimpleNamespace(send=lambda request: Page(answers.pop(0)))
    with pytest.raises(StopStream, match="form u6nXL7: 1 responses came of the 2 that Typeform counts"):
        typeform.download(SimpleNamespace(http=client), "u6nXL7", CLOCK, None)


def test_a_response_that_is_erased_there_is_erased_here(house: House, typeform_server: Server) -> None:
    connection = of_typeform(house, typeform_server)
    house.run(connection, TYPEFORM_YAML)
    before = len(house.rows("answers"))
    form = typeform_server.world.typeform.forms["u6nXL7"]  # type: ignore[union-attr]
    form.responses = [response for response in form.responses if response["token"] != "r4"]
    house.run(connection, TYPEFORM_YAML, CLOCK + timedelta(days=1))
    assert len(house.rows("answers")) == before - 1


def test_an_unknown_form_and_a_missing_question_are_told_together_with_their_place(
    house: House, typeform_server: Server
) -> None:
    yaml = TYPEFORM_YAML.replace("How fast are we?", "How fast are wee?").replace(
        "file: u6nXL7, invited", "file: nope, invited"
    )
    runs = house.run(of_typeform(house, typeform_server), yaml)
    error = runs["waves"].error or ""
    assert runs["waves"].status == "failed" and runs["answers"].status == "failed"
    assert "typeform/pulse.yml:" in error
    assert "the token sees no form nope; correct the id, or share the form with its account" in error
    assert "column 'How fast are wee?' is not in u6nXL7; did you mean 'How fast are we?'" in error


def test_a_question_answered_in_words_is_no_column(house: House, typeform_server: Server) -> None:
    yaml = TYPEFORM_YAML.replace("column: Do you pair?, kind: yes_no, optional: true", "column: Anything else?")
    assert "column 'Anything else?' is not in u6nXL7" in (
        house.run(of_typeform(house, typeform_server), yaml)["waves"].error or ""
    )


def test_refused_credentials_say_which_token_and_which_right(house: House, typeform_server: Server) -> None:
    connection = of_typeform(house, typeform_server, secret=SecretStr("another-token"), token_env="TYPEFORM_TOKEN")
    run = house.run(connection, TYPEFORM_YAML)["waves"]
    assert run.status == "failed" and "another-token" not in f"{run.error}{run.cure}"
    assert "TYPEFORM_TOKEN" in (run.cure or "") and "responses:read" in (run.cure or "")


def test_both_connections_can_be_checked(house: House, typeform_server: Server, qualtrics_server: Server) -> None:
    check_connection(of_typeform(house, typeform_server))
    check_connection(of_qualtrics(house, qualtrics_server))
    assert [r["path"] for r in typeform_server.requests + qualtrics_server.requests] == [
        "/typeform/me", "/qualtrics/API/v3/whoami",
    ]  # fmt: skip


def test_a_qualtrics_export_is_started_waited_for_and_read(house: House, qualtrics_server: Server) -> None:
    runs = house.run(of_qualtrics(house, qualtrics_server), QUALTRICS_YAML)
    assert {run.status for run in runs.values()} == {"ok"}
    assert house.waits == [1, 2, 3]
    assert [(request["method"], request["path"].split("/")[-1]) for request in qualtrics_server.requests] == [
        ("POST", "export-responses"), ("GET", "ES_1"), ("GET", "ES_1"), ("GET", "ES_1"), ("GET", "file"),
    ]  # fmt: skip
    found = sorted((a["submitted_at"], a["team"], a["answers"]) for a in house.rows("answers"))
    assert found == [
        ("2026-02-03T06:00:00+00:00", "checkout", {"speed": 5, "tools": 4}),
        ("2026-02-04T06:00:00+00:00", "checkout", {"speed": 2, "tools": None}),
    ], "previews and spam are no answers, and R_6 came before the wave"
    assert house.quarantined() == [
        "speed: 'fast' is neither a number nor a declared label; add it to `labels` or `no_answer`"
    ]


def test_qualtrics_is_asked_as_its_contract_says(
    house: House, qualtrics_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: list[Any] = []
    zipped = qualtrics_double._zipped
    monkeypatch.setattr(
        qualtrics_double, "_zipped", lambda s, body, clock: bodies.append(body) or zipped(s, body, clock)
    )
    house.run(of_qualtrics(house, qualtrics_server), QUALTRICS_YAML)
    assert [valid("qualtrics", "start_request", body) for body in bodies] == [{
        "format": "csv", "compress": True, "useLabels": False, "startDate": "2026-02-01T23:00:00Z",
        "surveyMetadataIds": ["_recordId", "recordedDate", "status", "finished"],
    }]  # fmt: skip


def test_a_failed_export_keeps_the_last_good_copy(house: House, qualtrics_server: Server) -> None:
    connection = of_qualtrics(house, qualtrics_server)
    house.run(connection, QUALTRICS_YAML)
    before = house.rows("answers")
    qualtrics_server.world.qualtrics.fails = True  # type: ignore[union-attr]
    run = house.run(connection, QUALTRICS_YAML, CLOCK + timedelta(days=1))["waves"]
    assert (run.status, run.error) == ("failed", "survey SV_1: Qualtrics could not export it")
    assert house.rows("answers") == before


def test_an_export_that_is_never_ready_ends(house: House, qualtrics_server: Server) -> None:
    qualtrics_server.world.qualtrics.polls = 10_000  # type: ignore[union-attr]
    run = house.run(of_qualtrics(house, qualtrics_server), QUALTRICS_YAML)["waves"]
    assert run.error == "survey SV_1: its export was not ready after 30 minutes"
    assert sum(house.waits) < qualtrics.LONGEST_EXPORT_SECONDS + 10


@pytest.mark.parametrize(("content", "said"), [
    (b"PK\x03\x04 cut off", "the export is no whole zip file"),
    (b"<html>sign in</html>", "the export is no whole zip file"),
])  # fmt: skip
def test_a_broken_download_says_so(
    house: House, qualtrics_server: Server, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    monkeypatch.setattr(qualtrics_double, "_zipped", lambda *_: content)
    run = house.run(of_qualtrics(house, qualtrics_server), QUALTRICS_YAML)["waves"]
    assert run.error == f"survey SV_1: {said}"


@pytest.mark.parametrize(("model", "url", "said"), [
    (TypeformConnection, "https://acme.typeform.com", "is the web site; the API is at https://api.typeform.com"),
    (QualtricsConnection, "https://fra1.qualtrics.com/API/v3", "is a path of the API; write its host"),
    (QualtricsConnection, "http://fra1.qualtrics.com", "would send the token unencrypted"),
])  # fmt: skip
def test_a_wrong_address_says_what_would_be_right(model: Any, url: str, said: str) -> None:
    kind = "typeform" if model is TypeformConnection else "qualtrics"
    with pytest.raises(ValueError, match=said):
        model(name="s", type=kind, base_url=url)
