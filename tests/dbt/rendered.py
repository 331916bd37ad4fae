"""SQL of models as dbt renders it, for tests that run a model alone over rows of their own."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


def rendered(model: str, macros: tuple[str, ...]) -> str:
    """The SQL of a model under dbt_project/models, its references as plain table names.

    macros: files under dbt_project/macros that it needs.
    """
    environment = Environment(extensions=["jinja2.ext.do"], keep_trailing_newline=True)
    source = "".join((PROJECT / "macros" / name).read_text() for name in macros)
    path = next((PROJECT / "models").rglob(f"{model}.sql"))
    return environment.from_string(source + path.read_text()).render(ref=lambda name: name)
