"""What is shown and logged, and that no secret is in it."""

import logging
from pathlib import Path

from ingestion.stream import ProgressEvent
from orchestration import alerts, progress

RECORD = {
    "organization": "Acme",
    "as_of": "2026-07-01T02:00:00Z",
    "publication": "20260701T020000Z-1",
    "problems": [],
    "log": "/data/logs/n.log",
    "connections": [
        {"connection": "surveys", "status": "ok", "errors": []},
        {
            "connection": "jira",
            "status": "failed",
            "errors": [
                {"stream": stream, "status": "failed", "error": "the credentials are refused (401)", "cure": "check it"}
                for stream in ("projects", "issues")
            ]
            + [{"stream": "changelogs", "status": "stale", "error": "2 of 9 batches", "cure": ""}],
        },
    ],
}


def test_event_says_records_pages_requests_rate_and_quota() -> None:
    event = ProgressEvent("github", "pull_requests", 1200, 24, 31, 240.4, 0.87)
    expected = "github.pull_requests: 1,200 records, 24 pages, 31 requests, 240/s, 87% of the quota left"
    assert progress.describe_event(event) == expected


def test_log_lines_hold_no_secret(tmp_path: Path) -> None:
    redaction = progress.Redaction(["s3cr3t-token"])
    progress.LOG.addFilter(redaction)
    try:
        with progress.night_log(tmp_path / "nightly-1.log"):
            progress.LOG.error("refused: %s", "Bearer s3cr3t-token")
            progress.LOG.info("fine")
    finally:
        progress.LOG.removeFilter(redaction)
    lines = (tmp_path / "nightly-1.log").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["ERROR   refused: Bearer ***", "INFO    fine"]


def test_oldest_logs_go(tmp_path: Path) -> None:
    for number in range(progress.LOGS_KEPT + 5):
        (tmp_path / f"nightly-{number:03d}.log").touch()
    with progress.night_log(tmp_path / "nightly-999.log"):
        logging.getLogger("flowlight").info("begun")
    assert len(list(tmp_path.iterdir())) == progress.LOGS_KEPT


def test_alert_says_what_why_and_the_cure_once_per_cause() -> None:
    assert alerts.compose(RECORD).splitlines() == [
        "Flowlight: Acme's night of 2026-07-01T02:00:00Z was published, but not everything could be read",
        "- jira (projects, issues) failed: the credentials are refused (401). Cure: check it",
        "- jira (changelogs) stale: 2 of 9 batches.",
        "log: /data/logs/n.log",
    ]


def test_alert_of_a_night_that_published_nothing_says_so_first() -> None:
    record = {**RECORD, "publication": None, "problems": ["test t on m found 3 rows"]}
    lines = alerts.compose(record).splitlines()
    assert lines[0].endswith("was NOT published; readers keep the last good one")
    assert lines[1] == "- test t on m found 3 rows"


def test_alert_that_cannot_be_delivered_is_no_error_and_its_address_is_not_logged(caplog, monkeypatch) -> None:
    for address in ("http://127.0.0.1:9/hook?token=s3cr3t", "file:///etc/passwd"):
        monkeypatch.setenv(alerts.WEBHOOK_ENV, address)
        monkeypatch.setattr(alerts.LOG, "propagate", True)
        assert alerts.send("text", RECORD) is False
    assert "s3cr3t" not in caplog.text
    assert "alert not delivered to the address in FLOWLIGHT_ALERT_WEBHOOK" in caplog.text


def test_without_an_address_no_alert_is_sent(monkeypatch) -> None:
    monkeypatch.delenv(alerts.WEBHOOK_ENV, raising=False)
    assert alerts.send("text", RECORD) is False
