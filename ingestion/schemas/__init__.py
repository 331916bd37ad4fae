"""The published JSON Schemas of what an inbox may hold: one file a kind, printed and checked against as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from ingestion.validation import suggestion

FOLDER = Path(__file__).parent
KINDS = ("deployments", "incidents", "initiatives", "security_findings")
PROBLEMS_SHOWN = 3
FORMATS = FormatChecker(formats=())
WANTED = {
    "string": "text",
    "array": "a list",
    "boolean": "true or false",
    "date-time": "an ISO 8601 time with its offset, such as 2026-07-01T14:05:00Z",
    "http-url": "an address that begins with https:// or http://",
}


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: Any) -> bool:
    """RFC 3339, and what Python reads beyond it; always with an offset. Other types are another rule's concern."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("http-url")
def _is_web_address(value: Any) -> bool:
    return not isinstance(value, str) or (value.startswith(("https://", "http://")) and " " not in value)


@dataclass(frozen=True, slots=True)
class RecordSchema:
    """The schema of one kind of record.

    digest: of its text; what was read by another one is read again.
    """

    kind: str
    digest: str
    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    validator: Any

    def problem(self, record: Any) -> str | None:
        """What is wrong with a record, and the cure, without its values; None if nothing is."""
        errors = sorted(self.validator.iter_errors(record), key=lambda error: list(map(str, error.path)))
        texts = list(dict.fromkeys(self._text(error) for error in errors))
        more = f"; and {len(texts) - PROBLEMS_SHOWN} more" if len(texts) > PROBLEMS_SHOWN else ""
        return "; ".join(texts[:PROBLEMS_SHOWN]) + more if texts else None

    def _text(self, error: ValidationError) -> str:
        name = ".".join(part for part in error.path if isinstance(part, str))
        rule, wanted = error.validator, error.validator_value
        if rule == "additionalProperties":
            known = self.properties if not name else self.properties[name]["items"]["properties"]
            unknown = sorted(set(error.instance) - set(known))
            return f"{unknown[0]!r} is no field{suggestion(unknown[0], known)}"
        if rule == "required":
            field = error.message.split("'")[1]  # jsonschema reports one field at a time
            return f"{field} is required{self._condition(error)}"
        if rule == "dependentRequired":
            return error.message.replace("'", "")
        if rule == "anyOf":
            fields = " or ".join(each["required"][0] for each in wanted)
            return f"{fields} is required"
        if rule == "enum":
            return f"{name} must be one of {', '.join(wanted)}"
        if rule in ("type", "format"):
            return f"{name or 'a record'} must be {WANTED.get(wanted, wanted)}"
        if rule == "pattern":
            return f"{name} does not have the form {wanted}"
        return f"{name} breaks the rule {rule} {wanted}"

    def _condition(self, error: ValidationError) -> str:
        """` where status is failed`, for a rule that holds under a condition."""
        path = list(error.schema_path)
        if "then" not in path:
            return ""
        field = next(iter(self.validator.schema["allOf"][path[1]]["if"]["properties"]))
        return f" where {field} is {error.instance[field]}"


def schema_text(kind: str) -> str:
    """The schema of a kind as it is published."""
    return (FOLDER / f"{kind}.json").read_text(encoding="utf-8")


@cache
def record_schema(kind: str) -> RecordSchema:
    """The schema of a kind, ready to check records."""
    text = schema_text(kind)
    document = orjson.loads(text)
    validator = Draft202012Validator(document, format_checker=FORMATS)
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    properties = document["properties"]
    return RecordSchema(kind, digest, properties, tuple(document["required"]), validator)
