"""The one place that says what a red night was about: which connection or test, why, and the cure."""

from __future__ import annotations

import json
import logging
import os
import urllib.request
from collections.abc import Mapping
from typing import Any

LOG = logging.getLogger("flowlight")
WEBHOOK_ENV = "FLOWLIGHT_ALERT_WEBHOOK"
SECONDS_FOR_WEBHOOK = 10


def compose(record: Mapping[str, Any]) -> str:
    """The message of a red night from its record (`Night.record`): a headline, then a line per cause with its cure."""
    if record["publication"] is not None and not record["problems"]:
        end = "was published, but not everything could be read"
    else:
        end = "was NOT published; readers keep the last good one"
    headline = f"Flowlight: {record['organization']}'s night of {record['as_of']} {end}"
    return "\n".join([headline, *causes(record), f"log: {record['log']}"])


def causes(record: Mapping[str, Any]) -> list[str]:
    """One line per cause; streams of a connection that failed for the same reason share a line."""
    lines = [f"- {problem}" for problem in record["problems"]]
    for outcome in record["connections"]:
        if outcome["status"] not in ("failed", "stale"):
            continue
        grouped: dict[tuple[str, str, str], list[str]] = {}
        for error in outcome["errors"]:
            if error["status"] in ("failed", "stale"):
                grouped.setdefault((error["status"], error["error"], error["cure"]), []).append(error["stream"])
        for (status, error, cure), streams in grouped.items():
            cure = f" Cure: {cure}" if cure else ""
            lines.append(f"- {outcome['connection']} ({', '.join(streams)}) {status}: {error.rstrip('.')}.{cure}")
    return lines


def send(text: str, record: Mapping[str, Any]) -> bool:
    """POST {"text", "run_id", "exit_code"} to the address in FLOWLIGHT_ALERT_WEBHOOK, if there is one; never raises.

    Returns whether it was delivered. The address may hold a token of its own, so it is never logged.
    """
    address = os.environ.get(WEBHOOK_ENV)
    if not address:
        return False
    body = json.dumps({"text": text, "run_id": record.get("run_id"), "exit_code": record.get("exit_code")}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="POST")
    try:
        if not address.startswith(("https://", "http://")):
            raise ValueError("the address is neither http nor https")
        with urllib.request.urlopen(request, timeout=SECONDS_FOR_WEBHOOK):
            return True
    except (OSError, ValueError) as error:
        LOG.warning("alert not delivered to the address in %s: %s", WEBHOOK_ENV, type(error).__name__)
        return False
