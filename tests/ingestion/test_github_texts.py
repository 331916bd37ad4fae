from __future__ import annotations

import pytest

from ingestion.sources.github_texts import co_authors, reverts, scrubbed


def test_trailers_keep_bots_and_lose_people() -> None:
    people = "Co-authored-by: Ann Example <ann@acme.example>"
    message = f"Fix cart\n\nAsk ann@acme.example.\n\n{people}\nCo-authored-by: Copilot <c@github.com>"
    assert scrubbed(message) == "Fix cart\n\nAsk \n\nCo-authored-by: a person\nCo-authored-by: Copilot"


@pytest.mark.parametrize(
    ("author", "kept"),
    [
        ("Copilot <copilot@github.com>", "Copilot"),
        ("GitHub Copilot <x@acme.example>", "GitHub Copilot"),
        ("Claude <noreply@anthropic.com>", "Claude"),
        ("Claude Code <claude@acme.example>", "Claude Code"),
        ("AI Assistant <assistant@ai.example>", "AI Assistant"),
        ("renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>", "renovate[bot]"),
        ("acme-review-bot <x@acme.example>", "acme-review-bot"),
        ("Claude Dubois <claude.dubois@acme.example>", "a person"),
        ("Claude <claude@acme.example>", "a person"),
        ("Devin Moreno <devin@acme.example>", "a person"),
        ("Erika Abbot <abbot@acme.example>", "a person"),
        ("abbot <abbot@acme.example>", "a person"),
        ("Gemini Rossi <gemini@acme.example>", "a person"),
        ("Robot Smith <robot@acme.example>", "a person"),
    ],
)
def test_only_bots_are_named(author: str, kept: str) -> None:
    assert co_authors(f"Fix\n\nCo-authored-by: {author}") == [kept]
    assert scrubbed(f"Fix\n\nCo-authored-by: {author}") == f"Fix\n\nCo-authored-by: {kept}"


def test_reviewers_and_signers_are_no_co_authors() -> None:
    message = "Fix\n\nReviewed-by: Copilot <c@github.com>\nSigned-off-by: Ann <a@b.example>\nAssisted-by: Claude Code"
    assert co_authors(message) == ["Claude Code"]
    assert co_authors(None) == [] and co_authors("Co-authored-by nobody") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Reverts acme/shop#12", ["acme/shop#12"]),
        ("Reverts #12", ["#12"]),
        ("Revert PR #12 and reverts #13", ["#12", "#13"]),
        ("reverts https://github.com/acme/shop/pull/12", ["acme/shop#12"]),
        ("This reverts commit 0123456789ABCDEF0123456789abcdef01234567.", ["0123456789abcdef0123456789abcdef01234567"]),
        ("This reverts commits abcdef0", ["abcdef0"]),
        ("This reverts commit abcdef0.\nThis reverts commit abcdef0.", ["abcdef0"]),
        ("Fixes #12 and reverted the decision of Ann", []),
        ("revert to the old way in #12", []),
        ("Reverts defaced", ["defaced"]),
        ("Reverts the cafe", []),
        (None, []),
    ],
)
def test_references_to_what_is_reverted(text: str | None, found: list[str]) -> None:
    assert reverts(text) == found
