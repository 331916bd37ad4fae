"""Acme's security alerts: vulnerable dependencies, code that a scanner objects to, secrets that were committed.

Most are fixed, the worse the sooner; some are dismissed or were none, some come back. One scanner finds by its CVE what
Dependabot found too. Parcel Hub has no code scanning.
"""

import random
from typing import Any

from sandbox import truth
from sandbox.clock import DAY, HOUR, WorkCalendar, moment, utc
from sandbox.delivery_truth import Finding
from sandbox.teams import END, Repo
from sandbox.world import Alert, Repository

WITHOUT_CODE_SCANNING = "parcel-hub"
SEVERITIES = ("low", "medium", "high", "critical")
_DAYS_TO_FIX = {"low": 55.0, "medium": 32.0, "high": 13.0, "critical": 4.0}
_PACKAGES = (
    ("npm", "lodash"), ("npm", "express"), ("npm", "vite"), ("maven", "org.yaml:snakeyaml"),
    ("maven", "io.netty:netty"), ("pip", "jinja2"), ("pip", "requests"), ("npm", "ws"),
    ("maven", "com.h2database:h2"), ("pip", "sqlalchemy"),
)  # fmt: skip
_RULES = (
    ("js/xss", "high"), ("js/sql-injection", "critical"), ("java/path-injection", "high"), ("py/weak-crypto", "medium"),
    ("js/missing-rate-limiting", "medium"), ("java/log-injection", "low"), ("py/clear-text-logging", "medium"),
)  # fmt: skip
_SECRETS = (("stripe_api_key", "Stripe API Key"), ("aws_access_key_id", "Amazon AWS Access Key ID"),
            ("slack_webhook", "Slack Incoming Webhook URL"))  # fmt: skip
_DISMISSALS = {
    "dependabot": ("tolerable_risk", "no_bandwidth", "not_used", "fix_started"),
    "code_scanning": ("won't fix",),
    "secret_scanning": ("wont_fix",),
}
_FALSE = {
    "dependabot": ("inaccurate",),
    "code_scanning": ("false positive", "used in tests"),
    "secret_scanning": ("false_positive", "used_in_tests"),
}


def write_alerts(
    seed: int, number: int, repo: Repo, repository: Repository, calendar: WorkCalendar, record: truth.Truth
) -> None:
    """Write the alerts of a repository, numbered by kind in order of time."""
    rng = random.Random(f"{seed}:alerts:{repo.name}")
    if repo.name == WITHOUT_CODE_SCANNING:
        repository.switched_off.add("code_scanning")
    start = int(max(repository.commits[0].visible_at.timestamp(), moment("2024-12-30T08:00")))
    found: list[tuple[int, str, str, str | None, dict[str, Any]]] = []
    for _ in range(rng.randint(10, 22)):
        at = rng.randint(start, END)
        severity = rng.choices(SEVERITIES, (3, 4, 3, 1))[0]
        cve, data = _advisory(rng, severity, utc(at - rng.randint(1, 9) * DAY).isoformat()[:19] + "Z")
        advisory = cve or data["security_advisory"]["ghsa_id"]
        found.append((at, "dependabot", severity, advisory, data))
        if cve and rng.random() < 0.3:
            seen = at + rng.randint(1, 30) * HOUR
            found.append((seen, "code_scanning", severity, cve, _rule(cve, severity, "Trivy")))
    for _ in range(rng.randint(6, 16)):
        rule, severity = rng.choice(_RULES)
        found.append((rng.randint(start, END), "code_scanning", severity, None, _rule(rule, severity, "CodeQL")))
    for _ in range(rng.randint(0, 3)):
        kind, name = rng.choice(_SECRETS)
        secret = {"secret_type": kind, "secret_type_display_name": name, "validity": "unknown",
                  "publicly_leaked": False, "push_protection_bypassed": False,
                  "secret": f"{kind}-{rng.getrandbits(96):024x}"}  # fmt: skip
        found.append((rng.randint(start, END), "secret_scanning", "critical", None, secret))
    numbers: dict[str, int] = {}
    for at, kind, severity, advisory, data in sorted(found, key=lambda f: f[:2]):
        changes = _changes(rng, calendar, at, kind, severity)
        if at > END or kind in repository.switched_off:
            continue
        numbers[kind] = numbers.get(kind, 0) + 1
        history = [(utc(when), state, reason) for when, state, reason in changes if when <= END]
        repository.alerts.append(Alert(kind, numbers[kind], utc(at), data, history))
        name = f"{repository.id}:{kind}:{numbers[kind]}"
        record.findings[name] = Finding(
            name, repository.name_with_owner, repo.service, kind, numbers[kind], severity, advisory, utc(at),
            list(history),
        )  # fmt: skip


def _changes(
    rng: random.Random, calendar: WorkCalendar, at: int, kind: str, severity: str
) -> list[tuple[int, str, str | None]]:
    """What became of an alert: (when, state, reason)."""
    closed = "resolved" if kind == "secret_scanning" else "dismissed"
    fixed = ("resolved", "revoked") if kind == "secret_scanning" else ("fixed", None)

    def later(since: int, days: float) -> int:
        return calendar.after(since, 8.5 * days * rng.lognormvariate(0, 0.8)) + rng.randint(0, HOUR)

    days = _DAYS_TO_FIX[severity] * 5 / 7
    first, draw = later(at, days), rng.random()
    if draw < 0.58:
        return [(first, *fixed)]
    if draw < 0.68:
        return [(first, closed, rng.choice(_DISMISSALS[kind]))]
    if draw < 0.78:
        return [(later(at, 2), closed, rng.choice(_FALSE[kind]))]
    again = later(first, 12)
    if draw < 0.84:  # dismissed, then taken seriously
        return [(first, closed, rng.choice(_DISMISSALS[kind])), (again, "open", None), (later(again, days), *fixed)]
    if draw < 0.90:  # fixed, and brought back by another change
        return [(first, *fixed), (again, "open", None), (later(again, days), *fixed)]
    if draw < 0.94 and kind == "dependabot":
        return [(at + 120, "auto_dismissed", None), (later(at, 20), "open", None)]
    return []


def _advisory(rng: random.Random, severity: str, published: str) -> tuple[str | None, dict[str, Any]]:
    """A CVE (None: it has none) and the constant part of a Dependabot alert."""
    letters = "23456789cfghjmpqrvwx"
    ghsa = "GHSA-" + "-".join("".join(rng.choice(letters) for _ in range(4)) for _ in range(3))
    cve = f"CVE-{published[:4]}-{rng.randint(1000, 59999)}" if rng.random() < 0.85 else None
    ecosystem, package = rng.choice(_PACKAGES)
    named = {"ecosystem": ecosystem, "name": package}
    vulnerability = {
        "package": named, "severity": severity, "vulnerable_version_range": "< 9.0.0",
        "first_patched_version": {"identifier": "9.0.0"},
    }  # fmt: skip
    score = {"low": 3.1, "medium": 5.6, "high": 7.8, "critical": 9.4}[severity]
    manifest = {"npm": "package.json", "maven": "pom.xml", "pip": "requirements.txt"}[ecosystem]
    return cve, {
        "dependency": {"package": named, "manifest_path": manifest, "scope": rng.choice(("runtime", "development"))},
        "security_vulnerability": vulnerability,
        "security_advisory": {
            "ghsa_id": ghsa, "cve_id": cve, "summary": f"Flaw in {package}", "description": f"Flaw in {package}",
            "severity": severity, "vulnerabilities": [vulnerability], "cvss": {"score": score, "vector_string": None},
            "cwes": [], "identifiers": [{"type": "GHSA", "value": ghsa}], "references": [], "withdrawn_at": None,
            "published_at": published, "updated_at": published,
        },
    }  # fmt: skip


def _rule(rule: str, severity: str, tool: str) -> dict[str, Any]:
    """The constant part of a code-scanning alert."""
    level = {"low": "note", "medium": "warning"}.get(severity, "error")
    return {
        "rule": {
            "id": rule, "name": rule, "severity": level, "security_severity_level": severity, "description": rule,
            "tags": ["security", "vulnerability" if tool == "Trivy" else "external/cwe/cwe-079"],
        },
        "tool": {"name": tool, "guid": None, "version": "2.20.1"},
        "most_recent_instance": {
            "ref": "refs/heads/main", "analysis_key": ".github/workflows/scan.yml:scan", "environment": "{}",
            "category": "scan", "state": "open", "commit_sha": "0" * 40, "message": {"text": rule},
            "location": {"path": "src/main", "start_line": 1, "end_line": 1, "start_column": 1, "end_column": 2},
            "classifications": [],
        },
    }  # fmt: skip
