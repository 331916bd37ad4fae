"""The doubles of Typeform and Qualtrics answer as the contracts beside them say, and refuse what the vendors refuse."""

from __future__ import annotations

from collections.abc import Generator

import pytest
import requests

from sandbox.server import Server, serve
from tests.ingestion.nights import SECRET
from tests.ingestion.survey_tools import CLOCK, qualtrics_world, typeform_world, valid


@pytest.fixture
def typeform_server() -> Generator[Server]:
    with serve(typeform_world(), clock=CLOCK, token=SECRET) as server:
        yield server


@pytest.fixture
def qualtrics_server() -> Generator[Server]:
    with serve(qualtrics_world(), clock=CLOCK, token=SECRET) as server:
        yield server


def test_typeform_answers_as_its_contract_says(typeform_server: Server) -> None:
    bearer = {"Authorization": f"Bearer {SECRET}"}
    form = f"{typeform_server.typeform_url}/forms/u6nXL7"
    valid("typeform", "me", requests.get(f"{typeform_server.typeform_url}/me", headers=bearer, timeout=5).json())
    valid("typeform", "form", requests.get(form, headers=bearer, timeout=5).json())
    page = valid("typeform", "responses", requests.get(f"{form}/responses", headers=bearer, timeout=5).json())
    assert (page["total_items"], [item["token"] for item in page["items"]][:2]) == (8, ["r6", "r7"])
    for url, headers, status in (
        (f"{form}x", bearer, 404), (form, {}, 403), (f"{form}/responses?page_size=1001", bearer, 400),
        (f"{form}/responses?before=r1&after=r2", bearer, 400), (f"{form}/responses?page=2", bearer, 400),
    ):  # fmt: skip
        answer = requests.get(url, headers=headers, timeout=5)
        assert answer.status_code == status
        valid("typeform", "error", answer.json())


def test_qualtrics_answers_as_its_contract_says(qualtrics_server: Server) -> None:
    token = {"X-API-TOKEN": SECRET}
    api = f"{qualtrics_server.qualtrics_url}/API/v3"
    exports = f"{api}/surveys/SV_1/export-responses"
    valid("qualtrics", "whoami", requests.get(f"{api}/whoami", headers=token, timeout=5).json())
    started = requests.post(exports, json={"format": "csv"}, headers=token, timeout=5).json()
    job = valid("qualtrics", "started", started)["result"]["progressId"]
    for _ in range(3):
        progress = requests.get(f"{exports}/{job}", headers=token, timeout=5).json()
        valid("qualtrics", "progress", progress)
    assert requests.get(f"{exports}/{progress['result']['fileId']}/file", headers=token, timeout=5).content[:2] == b"PK"
    for method, url, headers, status in (
        ("GET", f"{api}/whoami", {}, 401), ("POST", f"{api}/surveys/SV_9/export-responses", token, 404),
        ("POST", exports, token, 400), ("GET", f"{exports}/ES_9", token, 404),
    ):  # fmt: skip
        answer = requests.request(method, url, json={"format": "pdf"}, headers=headers, timeout=5)
        assert answer.status_code == status
        valid("qualtrics", "error", answer.json())
