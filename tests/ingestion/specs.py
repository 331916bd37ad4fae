"""The vendors' specifications, where they are at hand (../shared/specs beside the project)."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SPECS = Path(__file__).resolve().parents[2].parent / "shared" / "specs"
needs_specs = pytest.mark.skipif(not SPECS.exists(), reason="the vendors' specifications are not at ../shared/specs")


@cache
def jira() -> dict[str, Any]:
    """Jira Cloud's OpenAPI document."""
    return json.loads(gzip.open(SPECS / "jira-cloud-v3-openapi.json.gz").read())


@cache
def jira_agile() -> dict[str, Any]:
    """Jira Software Cloud's OpenAPI document."""
    return json.loads(gzip.open(SPECS / "jira-agile-openapi.json.gz").read())


@cache
def pagerduty() -> dict[str, Any]:
    """PagerDuty's OpenAPI document."""
    return json.loads(gzip.open(SPECS / "pagerduty-openapi.json.gz").read())


@cache
def github_schema() -> Any:
    """GitHub's GraphQL schema."""
    from graphql import build_schema

    return build_schema(gzip.open(SPECS / "github-graphql-schema.graphql.gz", "rt").read(), assume_valid=True)


@cache
def github_rest() -> dict[str, Any]:
    """GitHub's OpenAPI document."""
    return json.loads(gzip.open(SPECS / "github-rest-openapi.json.gz").read())
