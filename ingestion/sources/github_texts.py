"""What stays of people and of free text in GitHub's records: accounts, bots that co-author, what is undone.

A trailer that ends in `-by:` keeps the name of a bot and says "a person" for everybody else. A name is a bot's by its
whole form (`Copilot`, `renovate[bot]`, `AI Assistant`) or by the address that its maker uses; a first name alone
("Claude", "Devin") is not enough.
"""

from __future__ import annotations

import re
from typing import Any

PERSON = "a person"
_TRAILER = re.compile(r"^([A-Za-z][A-Za-z-]*-by): *(.*)$", re.MULTILINE)
_AUTHORS = ("co-authored-by", "assisted-by", "generated-by")
_MAIL = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")
_BOT_NAME = re.compile(
    r"""(github[ ])?copilot([ ].*)?|(openai[ ])?codex([ ].*)?|cursor([ ](agent|ai))?|gemini[ -](code|cli|\d).*
    |claude[ ](code|opus|sonnet|haiku|\d).*|devin[ ]ai|windsurf|aider([ ]\(.*\))?|amazon[ ]q([ ].*)?
    |ai([ -](assistant|agent))|dependabot|renovate|\S+\[bot\]|(\S+[-_])bot""",
    re.IGNORECASE | re.VERBOSE,
)
_BOT_ADDRESS = re.compile(
    r"<(noreply@anthropic\.com|copilot@github\.com|cursoragent@cursor\.com|[^@>]*(\[bot\]|\+copilot)@users\.noreply\.github\.com)>",
    re.IGNORECASE,
)
_REVERT = re.compile(
    r"""\brevert(?:s|ed|ing)?\s+(?:(?:commit|changeset|pull[ ]request|pr)s?\s+)?
    (?:(?P<oid>[0-9a-f]{7,40})\b
    |(?:https?://[^/\s]+/)?(?P<repository>[\w.-]+/[\w.-]+)?(?:\#|/pull/)(?P<number>\d+))""",
    re.IGNORECASE | re.VERBOSE,
)


def account(value: Any) -> dict[str, Any] | None:
    """Login and type of a REST account; None where there is none."""
    return {"login": value["login"], "type": value.get("type")} if value and value.get("login") else None


def scrubbed(message: str) -> str:
    """A commit message without e-mail addresses, and with the names of bots only in its `...-by:` trailers."""
    return _MAIL.sub("", _TRAILER.sub(lambda match: f"{match[1]}: {_bot_or_person(match[2])}", message))


def co_authors(message: str | None) -> list[str]:
    """Who wrote a commit beside its author, in order and once: names of bots, and "a person"."""
    found = (match for match in _TRAILER.finditer(message or "") if match[1].lower() in _AUTHORS)
    return list(dict.fromkeys(_bot_or_person(match[2]) for match in found))


def reverts(text: str | None) -> list[str]:
    """What a message or description says it reverts, in order and once: commit ids, `#12`, `owner/name#12`."""
    found = []
    for match in _REVERT.finditer(text or ""):
        oid, repository, number = match["oid"], match["repository"], match["number"]
        found.append(oid.lower() if oid else f"{repository or ''}#{number}")
    return list(dict.fromkeys(found))


def _bot_or_person(text: str) -> str:
    name = _MAIL.sub("", text).strip()
    return name if _BOT_NAME.fullmatch(name) or _BOT_ADDRESS.search(text) else PERSON
