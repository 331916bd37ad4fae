"""Which custom field of a Jira site plays which role: by the vendor's schema marker, then by name, or as configured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MARKERS: dict[str, tuple[str, ...]] = {
    "story_points": ("com.pyxis.greenhopper.jira:jsw-story-points",),
    "sprint": ("com.pyxis.greenhopper.jira:gh-sprint",),
    "epic_link": ("com.pyxis.greenhopper.jira:gh-epic-link",),
    "parent": ("com.atlassian.jpo:jpo-custom-field-parent",),
    "team": (
        "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team",
        "com.atlassian.teams:rm-teams-custom-field-team",
    ),
}
NAMES: dict[str, tuple[str, ...]] = {
    "story_points": ("story points", "story point estimate", "points", "estimate points"),
    "sprint": ("sprint",),
    "epic_link": ("epic link",),
    "parent": ("parent", "parent link"),
    "flagged": ("flagged", "impediment", "blocked"),
    "team": ("team", "delivery team", "squad", "scrum team", "responsible team"),
    "anticipated_outcome": (
        "anticipated outcome",
        "expected outcome",
        "intended outcome",
        "desired outcome",
        "target outcome",
        "outcome hypothesis",
        "business outcome",
        "outcome",
    ),
    "actual_outcome": (
        "actual outcome",
        "achieved outcome",
        "realised outcome",
        "realized outcome",
        "measured outcome",
        "outcome review",
    ),
    "outcome_verdict": (
        "outcome verdict",
        "outcome achieved",
        "outcome status",
        "outcome result",
        "outcome achievement",
        "verdict",
    ),
    "outcome_type": ("outcome type", "type of outcome", "outcome category", "debt reason", "reason for debt"),
    "key_result": ("key result", "key results", "okr", "objective key result", "linked key result"),
    "key_result_baseline": ("baseline", "baseline value", "start value", "starting value"),
    "key_result_target": ("target", "target value", "goal value"),
    "key_result_value": ("current value", "current", "actual value"),
    "key_result_confidence": ("confidence", "confidence level", "confidence score"),
    "key_result_start": ("start date", "target start"),
    "key_result_end": ("due date", "end date", "target end"),
    "cost_of_delay": ("cost of delay", "cost of delay per week", "weekly cost of delay", "cod"),
    "severity": ("severity", "defect severity", "bug severity", "incident severity"),
    "found_in": (
        "found in",
        "found in environment",
        "detected in",
        "discovered in",
        "environment found",
        "defect origin",
        "defect source",
    ),
}
ROLES = tuple(NAMES)


@dataclass(frozen=True, slots=True)
class FieldRole:
    """A role and the field that plays it; found_by: configuration, schema or name; also: further fields that fit."""

    role: str
    field_id: str
    name: str
    found_by: str
    also: tuple[str, ...] = ()


def find_roles(
    fields: Sequence[Mapping[str, Any]], configured: Mapping[str, str | None]
) -> tuple[list[FieldRole], list[str]]:
    """The roles that are played on a site with these fields, and what is wrong with the configured ids.

    fields: as `GET /rest/api/3/field` lists them. configured: field id or name by role; it wins over what is found.
    Fields that hold people are never taken.
    """
    usable = [field for field in fields if not is_person_field(field)]
    roles, errors = [], []
    for role in ROLES:
        wanted = configured.get(role)
        if wanted:
            found = [f for f in usable if wanted in (f["id"], f.get("key")) or _folded(f) == wanted.strip().casefold()]
            if not found:
                errors.append(f"fields.{role}: the site has no usable field {wanted!r}")
                continue
            roles.append(_role(role, found[:1], "configuration"))
            continue
        marked = [f for marker in MARKERS.get(role, ()) for f in usable if _marker(f) == marker]
        named = [f for name in NAMES[role] for f in usable if _folded(f) == name and f not in marked]
        if role == "parent":
            named = [f for f in usable if f["id"] == "parent"] + [f for f in named if f["id"] != "parent"]
            marked, named = [], named + marked
        if marked or named:
            roles.append(_role(role, marked + named, "schema" if marked else "name"))
    return roles, errors


def is_person_field(field: Mapping[str, Any]) -> bool:
    """Whether the values of a field are people."""
    schema = field.get("schema") or {}
    return "user" in (schema.get("type"), schema.get("items"))


def person_field_ids(fields: Iterable[Mapping[str, Any]]) -> set[str]:
    """Ids and names of the fields whose values are people, for dropping them from changelogs."""
    people = [field for field in fields if is_person_field(field)]
    return {str(field["id"]) for field in people} | {str(field.get("name", "")) for field in people}


def _role(role: str, fields: Sequence[Mapping[str, Any]], found_by: str) -> FieldRole:
    first, *others = fields
    return FieldRole(role, first["id"], first.get("name", ""), found_by, tuple(f["id"] for f in others))


def _marker(field: Mapping[str, Any]) -> str:
    return (field.get("schema") or {}).get("custom") or ""


def _folded(field: Mapping[str, Any]) -> str:
    return " ".join(str(field.get("name", "")).split()).casefold()
