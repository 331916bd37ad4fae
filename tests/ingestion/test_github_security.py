from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from ingestion.sources.github import GITHUB
from ingestion.stream import Slice
from sandbox.server import Server, serve
from sandbox.world import Alert
from tests.ingestion.nights import Nights, errors, github_connection
from tests.sandbox.tiny_world import CLOCK, LEAKED, advisory, at, rule, tiny_world

DAY = timedelta(days=1)
KINDS = ("dependabot_alerts", "code_scanning_alerts", "secret_scanning_alerts")


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def payloads(nights: Nights, stream: str) -> dict[str, dict]:
    return {id_: json.loads(payload) for id_, _, payload in nights.raw(f"github.{stream}")}


def asked(server: Server) -> list[str]:
    found = [r["path"].removeprefix("/api/v3/") for r in server.requests if r["path"].endswith("/alerts")]
    server.requests.clear()
    return found


def test_alerts_land_with_state_reason_severity_and_advisory(nights: Nights) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        runs = nights.run(github_connection(server), CLOCK)
    assert errors(runs) == {}
    fixed, reopened = (payloads(nights, "dependabot_alerts")[f"R_1:{n}"] for n in (1, 2))
    assert (fixed["state"], fixed["fixed_at"], fixed["severity"]) == ("fixed", "2026-01-20T00:00:00Z", "high")
    assert (fixed["advisory"]["ghsa_id"], fixed["advisory"]["cve_id"]) == ("GHSA-aaaa-bbbb-cccc", "CVE-2025-0001")
    assert (fixed["package"], fixed["manifest_path"]) == ({"ecosystem": "npm", "name": "left-pad"}, "web/package.json")
    assert (reopened["state"], reopened["dismissed_at"], reopened["created_at"]) == (
        "open", None, "2026-01-06T00:00:00Z",
    )  # fmt: skip
    scanned = payloads(nights, "code_scanning_alerts")["R_1:1"]
    assert (scanned["rule"]["id"], scanned["rule"]["security_severity_level"]) == ("js/xss", "medium")
    assert (scanned["tool"], scanned["path"], scanned["state"]) == ("CodeQL", "src/cart.ts", "open")
    leaked = payloads(nights, "secret_scanning_alerts")["R_1:1"]
    assert (leaked["state"], leaked["resolution"], leaked["secret_type"]) == ("resolved", "revoked", "stripe_key")


def test_no_secret_comment_or_person_reaches_the_landing_zone(nights: Nights) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        nights.run(github_connection(server), CLOCK)
    landed = b"".join(
        zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
        for path in (nights.folder / "landing").rglob("*_alerts/*.zst")
    )
    assert b"stripe_key" in landed
    for planted in (LEAKED.encode(), b"Kowalska", b"security-champion", b"Ann wrote this"):
        assert planted not in landed
    assert all(LEAKED.encode() not in path.read_bytes() for path in nights.folder.rglob("*") if path.is_file())


def test_what_is_kept_of_a_secret_is_listed_by_name() -> None:
    stream = GITHUB.stream("secret_scanning_alerts")
    sent = {"number": 1, "secret": LEAKED, "new_member_of_the_vendor": LEAKED, "resolution_comment": LEAKED}
    kept = stream.shape(sent, Slice(extra={"repository": {"id": "R_1", "nameWithOwner": "acme/shop"}}))
    assert LEAKED not in json.dumps(kept) and kept["number"] == 1
    assert GITHUB.stream("secret_scanning_alerts").slices is not None


def test_a_part_that_is_switched_off_is_not_available_and_the_rest_goes_on(nights: Nights) -> None:
    with serve(tiny_world(), clock=CLOCK) as server:
        runs = nights.run(github_connection(server), CLOCK)
    assert errors(runs) == {}
    found = {id_: (row["status"], row["at"][:10]) for id_, row in payloads(nights, "availabilities").items()}
    assert found == {
        f"{repository}:{stream}": ("available", "2026-03-02")
        for repository in ("R_1", "R_2")
        for stream in ("workflow_runs", *KINDS)
    } | {"R_2:code_scanning_alerts": ("not_available", "2026-03-02")}
    before = payloads(nights, "availabilities")
    reason = before["R_2:code_scanning_alerts"]["reason"]
    assert reason.startswith("GET /repos/acme/") and "is not enabled" in reason
    with serve(tiny_world(), clock=CLOCK) as elsewhere:
        nights.run(github_connection(elsewhere), CLOCK + timedelta(days=1))
    assert payloads(nights, "availabilities") == before


def test_a_part_that_no_repository_has_is_not_available(nights: Nights) -> None:
    world = tiny_world()
    for repository in world.github.repositories:
        repository.switched_off = {"secret_scanning", "actions"}
    with serve(world, clock=CLOCK) as server:
        runs = nights.run(github_connection(server), CLOCK)
    missing = {"workflow_runs", "workflow_jobs", "secret_scanning_alerts"}
    assert {name: run.status for name, run in runs.items() if run.status != "ok"} == dict.fromkeys(
        missing, "not_available"
    )
    assert len(payloads(nights, "dependabot_alerts")) == 2


def test_an_unchanged_night_asks_once_an_owner(nights: Nights) -> None:
    world = tiny_world()
    with serve(world, clock=CLOCK) as server:
        connection = github_connection(server)
        nights.run(connection, CLOCK)
        first = asked(server)
        assert len(first) == 6 and all(path.startswith("repos/") for path in first)
        nights.run(connection, CLOCK + timedelta(hours=6))
        assert sorted(asked(server)) == [
            "orgs/acme/code-scanning/alerts", "orgs/acme/dependabot/alerts", "orgs/acme/secret-scanning/alerts",
        ]  # fmt: skip
        shop = world.github.repositories[0]
        shop.alerts.append(Alert("dependabot", 3, CLOCK + timedelta(hours=7), advisory("GHSA-x", None, "low", "pad")))
        server.clock = CLOCK + timedelta(hours=8)
        server.refresh()
        nights.run(connection, server.clock)
        assert "repos/acme/shop/dependabot/alerts" in asked(server)
    assert len(payloads(nights, "dependabot_alerts")) == 3


def test_without_the_organisations_listing_every_repository_is_asked(nights: Nights) -> None:
    world = tiny_world()
    world.github.is_security_manager = False
    with serve(world, clock=CLOCK) as server:
        connection = github_connection(server)
        nights.run(connection, CLOCK)
        asked(server)
        world.github.repositories[0].alerts[2].changes.append(
            (CLOCK + timedelta(hours=1), "dismissed", "false positive")
        )
        server.clock = CLOCK + timedelta(hours=2)
        server.refresh()
        assert errors(nights.run(connection, server.clock)) == {}
        paths = asked(server)
    assert [path for path in paths if path.startswith("repos/")] == [
        "repos/acme/shop/dependabot/alerts", "repos/acme/empty/dependabot/alerts",
        "repos/acme/shop/code-scanning/alerts",
        "repos/acme/shop/secret-scanning/alerts", "repos/acme/empty/secret-scanning/alerts",
    ]  # fmt: skip
    assert payloads(nights, "code_scanning_alerts")["R_1:1"]["dismissed_reason"] == "false positive"


def live(nights: Nights, server: Server, connection: object, days: int) -> list[dict]:
    """Nights one after another; the runs of each."""
    found = []
    for _ in range(days):
        server.clock += DAY
        found.append(nights.run(connection, server.clock))
    return found


def test_within_two_weeks_it_shows_that_a_part_was_switched_on_or_off(nights: Nights) -> None:
    world = tiny_world()
    shop, empty = world.github.repositories
    with serve(world, clock=CLOCK) as server:
        connection = github_connection(server)
        nights.run(connection, CLOCK)
        empty.switched_off = set()
        shop.switched_off = {"code_scanning"}
        runs = live(nights, server, connection, 14)
        said = payloads(nights, "availabilities")
        assert said["R_2:code_scanning_alerts"]["status"] == "available"
        assert said["R_1:code_scanning_alerts"]["status"] == "not_available"
        told = [run["code_scanning_alerts"].status for run in runs]
        assert sorted(set(told)) == ["ok", "stale"], "our copy has alerts that nobody can look at"
        shop.switched_off = set()
        live(nights, server, connection, 14)
        assert payloads(nights, "availabilities")["R_1:code_scanning_alerts"]["status"] == "available"
    assert len(payloads(nights, "code_scanning_alerts")) == 1


def test_alerts_are_paged_by_the_link_headers_cursor(nights: Nights) -> None:
    world = tiny_world()
    shop = world.github.repositories[0]
    shop.alerts = [
        Alert("code_scanning", n, at("01-05") + timedelta(minutes=n), rule("js/xss", "low")) for n in range(1, 251)
    ]
    with serve(world, clock=CLOCK) as server:
        runs = nights.run(github_connection(server), CLOCK)
        assert errors(runs) == {} and runs["code_scanning_alerts"].requests == 4
    assert len(payloads(nights, "code_scanning_alerts")) == 250
