"""The default instrument (`default.yml`) for an organisation without a survey tool: form, table of answers, YAML."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ingestion.validation import ConfigError, Problem, read_document

DEFAULT = Path(__file__).with_name("default.yml")
OPEN_FOR = timedelta(days=14)
COLUMNS = ("Respondent", "Submitted", "Team")


def write_instrument(folder: Path, wave_date: date) -> list[Path]:
    """Write one wave's form (Markdown), its table of answers (CSV, header only) and the YAML that reads the table.

    The wave is named after its quarter and stays open for two weeks. Raises ConfigError, and writes nothing, where one
    of the files is there already or the folder cannot be written.
    """
    instrument = read_document(DEFAULT.read_bytes(), DEFAULT.name).root
    wave = f"{wave_date.year}-Q{(wave_date.month + 2) // 3}"
    name = f"{instrument['survey']}-{wave}"
    files = {
        folder / f"{instrument['survey']}.yml": DEFAULT.read_text() + _wave(wave, f"{name}.csv", wave_date),
        folder / f"{name}.csv": _table(instrument["items"]),
        folder / f"{name}.md": _form(instrument["items"], wave, wave_date + OPEN_FOR),
    }
    existing = next((path for path in files if path.exists()), None)
    if existing is not None:
        message = (
            "is there already and is not overwritten; name another folder with --out, or add the wave by hand: "
            "copy the entry under `waves:` and the table's header"
        )
        raise ConfigError([Problem(str(existing), None, "", message)])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text)
    except OSError as error:
        message = f"cannot be written ({error.strerror}); name a folder of your own with --out"
        raise ConfigError([Problem(str(error.filename or folder), None, "", message)]) from None
    return list(files)


def _wave(wave: str, file: str, wave_date: date) -> str:
    return (
        f"waves:\n  - wave: {wave}\n    wave_date: {wave_date}         # day of the invitation\n"
        f"    closes_on: {wave_date + OPEN_FOR}         # last day for answers; published after it\n"
        f"    file: {file}\n"
        "    # invited: {checkout: 9, payments: 11}   # people asked in each team; without them no response rate\n"
    )


def _table(items: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([*COLUMNS, *(item["text"] for item in items)])
    return text.getvalue()


def _form(items: list[dict[str, Any]], wave: str, closes_on: date) -> str:
    agreed = [item for item in items if "labels" in item]
    labels = list(agreed[0]["labels"])
    lines = [
        f"# How do we work? {wave}",
        "",
        f"Please answer until {closes_on}. Leave out what you do not want to answer. Results are shown for groups,",
        "never for a person or a small group. Your code serves to count you once; only a scrambled form of it is kept.",
        "",
        "Code: ____________  Team: ____________",
        "",
        "|  | " + " | ".join(labels) + " |",
        "|---|" + ":-:|" * len(labels),
        *(f"| {item['text']} |" + " ☐ |" * len(labels) for item in agreed),
        "",
    ]
    for item in items:
        if item not in agreed:
            low, high = item.get("scale", (0, 10))
            ends = " (0 = not at all, 10 = extremely)" if item.get("kind") == "nps" else f" ({low} to {high})"
            lines += [f"{item['text']}{ends}: ______", ""]
    return "\n".join(lines)
