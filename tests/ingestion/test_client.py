from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest

from ingestion.client import ATTEMPTS, Client
from ingestion.errors import IngestionError, NotFound, StopConnection, StopStream, TooExpensive, Unavailable
from ingestion.stream import Endpoint, Request, graphql
from tests.ingestion.vendor import TOKEN, Sleeper, Vendor, client_of, ok, vendor

GET = Request("GET", "/things")
QUERY = graphql("{ viewer { login } }")


@pytest.fixture
def double() -> Iterator[Vendor]:
    with vendor() as running:
        yield running


@pytest.mark.parametrize(
    "fault",
    [
        "reset",
        (500, {}, b"oops"),
        (503, {"Content-Type": "text/html"}, b"<html>down</html>"),
        (200, {"Content-Type": "application/json"}, b'{"a": [1, 2'),
        (200, {"Content-Type": "application/json", "Content-Length": "100"}, b'{"a": 1}'),
        (408, {}, b""),
    ],
    ids=["reset", "500", "503 as HTML", "cut JSON", "cut body", "408"],
)
def test_passing_fault_is_asked_again(double: Vendor, fault) -> None:
    double.answers = [fault, fault, ok({"a": 1})]
    sleeper = Sleeper()
    client = client_of(double, sleeper)
    assert client.send(GET).body == {"a": 1}
    assert client.requests == len(double.seen) == 3
    assert len(sleeper.slept) == 2
    assert 0.5 <= sleeper.slept[0] <= 1.0 <= sleeper.slept[1] <= 2.0


def test_server_that_stays_broken_stops_the_stream(double: Vendor) -> None:
    double.answers = [(500, {}, b"")]
    with pytest.raises(Unavailable, match=f"answers 500 .{ATTEMPTS} attempts"):
        client_of(double).send(GET)
    assert len(double.seen) == ATTEMPTS


def test_unreachable_server_stops_the_connection() -> None:
    client = Client(Endpoint("http://127.0.0.1:9"), sleep=lambda _: None)
    with pytest.raises(StopConnection, match=r"http://127.0.0.1:9/things cannot be reached .*refused"):
        client.send(GET)


def test_silent_server_times_out_and_is_asked_again(double: Vendor) -> None:
    def reply(_):
        if len(double.seen) == 1:
            time.sleep(0.4)
        return ok([1])

    double.reply = reply
    assert client_of(double, timeout=0.15).send(GET).body == [1]


@pytest.mark.parametrize("as_date", [False, True])
def test_pitfall_12_retry_after_is_obeyed(double: Vendor, as_date: bool) -> None:
    sleeper = Sleeper()
    value = formatdate(sleeper.time + 37, usegmt=True) if as_date else "37"
    double.answers = [(429, {"Retry-After": value}, b""), ok({})]
    client_of(double, sleeper).send(GET)
    assert sleeper.slept == [37.0]


def test_rate_limit_of_github_as_403_waits_for_the_reset_by_the_vendors_clock(double: Vendor) -> None:
    sleeper = Sleeper()
    vendor_now = 2_000_000
    headers = {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(vendor_now + 90),
        "Date": formatdate(vendor_now, usegmt=True),
    }
    double.answers = [(403, headers, b'{"message": "API rate limit exceeded"}'), ok({})]
    client_of(double, sleeper).send(GET)
    assert sleeper.slept == [90.0]


def test_pitfall_12_quota_ceiling_pauses_before_the_quota_is_used_up(double: Vendor) -> None:
    sleeper = Sleeper()
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Reset": str(int(sleeper.time) + 50)}
    double.answers = [
        ok({}, **headers, **{"X-RateLimit-Remaining": "21"}),
        ok({}, **headers, **{"X-RateLimit-Remaining": "20"}),
        ok({}),
    ]
    client = client_of(double, sleeper)
    client.send(GET)
    client.send(GET)
    assert sleeper.slept == []
    assert client.quota_left == pytest.approx(0.20)
    client.send(GET)
    assert sleeper.slept == [50.0]


def test_jira_reset_is_iso_minutes(double: Vendor) -> None:
    sleeper = Sleeper(1_772_366_340.0)  # 2026-03-01T11:59:00Z
    headers = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "2026-03-01T12:00Z"}
    double.answers = [ok({}, **headers), ok({})]
    client = client_of(double, sleeper)
    client.send(GET)
    client.send(GET)
    assert sleeper.slept == [60.0]


def test_rate_limit_of_pagerduty_waits_the_seconds_it_says(double: Vendor) -> None:
    sleeper = Sleeper()
    limits = {"RateLimit-Limit": "960", "RateLimit-Remaining": "0", "RateLimit-Reset": "37"}
    double.answers = [(429, limits, b'{"error": {"message": "Rate Limit Exceeded"}}'), ok([])]
    client_of(double, sleeper).send(GET)
    assert sleeper.slept == [pytest.approx(37, abs=1)]
    double.answers = [ok([], **{**limits, "RateLimit-Remaining": "190"})]
    client = client_of(double, sleeper, ceiling=0.8)
    client.send(GET)
    assert client.quota_left == pytest.approx(190 / 960)
    client.send(GET)
    assert sleeper.slept[1:] == [pytest.approx(37, abs=1)], "more than four fifths of the minute are used"


def test_key_of_pagerduty_is_hidden_and_its_words_are_repeated(double: Vendor) -> None:
    said = {"message": "Invalid Input Provided", "code": 2001, "errors": ["key pl4nted-k3y is odd"]}
    double.answers = [(400, {}, json.dumps({"error": said}).encode())]
    client = Client(Endpoint(double.url, authorization="Token token=pl4nted-k3y"))
    with pytest.raises(StopStream, match=r"Invalid Input Provided; key \*\*\* is odd"):
        client.send(GET)


def test_pitfall_13_limit_zero_means_limits_are_off(double: Vendor) -> None:
    sleeper = Sleeper()
    double.answers = [ok({}, **{"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0"})]
    client = client_of(double, sleeper)
    client.send(GET)
    client.send(GET)
    assert sleeper.slept == [] and client.quota_left is None


def test_wait_beyond_an_hour_stops_the_connection(double: Vendor) -> None:
    double.answers = [(429, {"Retry-After": "7200"}, b"")]
    with pytest.raises(StopConnection, match="quota is used up for another 120 minutes"):
        client_of(double).send(GET)


def test_graphql_error_in_a_200_is_an_error(double: Vendor) -> None:
    double.answers = [ok({"errors": [{"message": "Field 'x' doesn't exist"}]})]
    with pytest.raises(StopStream, match="Field 'x'"):
        client_of(double).send(QUERY)


def test_pitfall_13_graphql_rate_limit_waits(double: Vendor) -> None:
    sleeper = Sleeper()
    limited = ok({"errors": [{"type": "RATE_LIMITED", "message": "limit"}]}, **{"Retry-After": "12"})
    double.answers = [limited, ok({"data": {"viewer": 1}})]
    assert client_of(double, sleeper).send(QUERY).body["data"] == {"viewer": 1}
    assert sleeper.slept == [12.0]


def test_graphql_part_that_cannot_be_read_leaves_the_rest(double: Vendor) -> None:
    errors = [{"type": "NOT_FOUND", "path": ["r1"], "message": "gone"}]
    double.answers = [ok({"data": {"r0": {"id": 1}, "r1": None}, "errors": errors})]
    page = client_of(double).send(QUERY)
    assert page.body["data"]["r0"] == {"id": 1} and page.errors[0]["path"] == ["r1"]
    double.answers = [ok({"data": {"node": None, "rateLimit": {"limit": 5, "remaining": 5}}, "errors": errors})]
    with pytest.raises(NotFound, match="gone"):
        client_of(double).send(QUERY)


@pytest.mark.parametrize(
    "answer",
    [
        (502, {}, b""),
        (504, {}, b""),
        ok({"errors": [{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": "nodes"}]}),
        ok({"data": None, "errors": [{"message": "Something went wrong while executing your query."}]}),
    ],
)
def test_page_that_is_too_big_is_told_to_the_caller_at_once(double: Vendor, answer) -> None:
    double.answers = [answer, ok({"data": {}})]
    with pytest.raises(TooExpensive):
        client_of(double).send(QUERY, may_shrink=True)
    assert len(double.seen) == 1
    double.answers = [answer, ok({"data": {}})]
    assert client_of(double).send(QUERY).body == {"data": {}}


def test_html_in_place_of_json_names_the_address_and_the_cure(double: Vendor) -> None:
    double.answers = [(200, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title>")]
    with pytest.raises(StopConnection) as caught:
        client_of(double).send(GET)
    assert f"GET {double.url}/things answers with an HTML page" in caught.value.error
    assert "base_url" in caught.value.cure


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, StopConnection), (403, StopStream), (404, NotFound), (410, StopStream), (400, StopStream)],
)
def test_refusals_are_classed_by_recovery_and_give_the_vendors_words(double: Vendor, status: int, kind: type) -> None:
    double.answers = [(status, {}, b'{"errorMessages": ["The value \'X\' does not exist"], "errors": {}}')]
    with pytest.raises(kind) as caught:
        client_of(double).send(GET)
    assert len(double.seen) == 1 and caught.value.cure
    assert status == 401 or "The value 'X' does not exist" in caught.value.error


def test_redirect_to_another_host_carries_no_token(double: Vendor) -> None:
    with vendor() as other:
        other.answers = [ok({"from": "other"})]
        double.answers = [(302, {"Location": other.url + "/elsewhere"}, b"")]
        assert client_of(double).send(GET).body == {"from": "other"}
        assert "Authorization" not in other.seen[0]["headers"]
    assert double.seen[0]["headers"]["Authorization"] == TOKEN


def test_redirect_on_the_same_host_keeps_the_token(double: Vendor) -> None:
    double.answers = [(301, {"Location": "/renamed"}, b""), ok({})]
    client_of(double).send(GET)
    assert double.seen[1]["path"] == "/renamed" and double.seen[1]["headers"]["Authorization"] == TOKEN


def test_redirected_post_is_an_error_and_not_a_get(double: Vendor) -> None:
    double.answers = [(302, {"Location": "/login?token=x"}, b"")]
    with pytest.raises(StopConnection, match="points to http"):
        client_of(double).send(Request("POST", "/search", json={}))


def test_redirect_circle_ends(double: Vendor) -> None:
    double.answers = [(302, {"Location": "/things"}, b"")]
    with pytest.raises(StopConnection, match="redirects more than"):
        client_of(double).send(GET)


def test_next_page_on_another_host_carries_no_token(double: Vendor) -> None:
    with vendor() as other:
        other.answers = [ok([])]
        client_of(double).send(Request("GET", other.url + "/page2"))
        assert "Authorization" not in other.seen[0]["headers"]


def test_token_is_in_no_error_and_no_repr(double: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    client = client_of(double)
    texts = [repr(client), repr(client.endpoint), str(client.__dict__.get("endpoint"))]
    for answer in ["reset", (401, {}, b""), (500, {}, b""), (200, {}, b"<html>"), (403, {}, b"{}")]:
        double.answers = [answer]
        with pytest.raises(IngestionError) as caught:
            client.send(Request("GET", "/things", {"q": "1"}))
        texts += [str(caught.value), repr(caught.value), caught.value.cure]
    assert "s3cret" not in " ".join(texts) + caplog.text


def test_lone_surrogates_do_not_stop_a_page(double: Vendor) -> None:
    double.answers = [(200, {"Content-Type": "application/json"}, b'{"title": "half \\ud83d emoji", "n": [1.5]}')]
    body = client_of(double).send(GET).body
    assert body["n"] == [1.5] and body["title"].startswith("half ") and json.dumps(body).isascii()
