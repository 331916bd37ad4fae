"""`flowlight status`: the last run, each stream's freshness and rows, the publication's age. Opens no database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from orchestration.lock import holder_of
from orchestration.publish import current_publication
from orchestration.run import last_night
from orchestration.settings import Settings

ENDS = {
    0: "[green]published[/green]",
    1: "[red]published, but not everything could be read[/red]",
    2: "[red]nothing published: wrong configuration[/red]",
    3: "[red]nothing published[/red]",
    130: "[red]stopped from outside[/red]",
}


def show_status(settings: Settings, console: Console | None = None) -> None:
    """Print the status; reads only small JSON files, so it works while a nightly runs."""
    console = console or Console(highlight=False, soft_wrap=True)
    running = holder_of(settings.lock)
    if running is not None:
        console.print(f"running now: process {running.get('pid')}, since {running.get('since')}")
    record = last_night(settings)
    if record is None:
        console.print(f"no night has ended yet in {settings.data}; run `flowlight nightly`")
    else:
        _show_night(record, console)
    publication = current_publication(settings)
    if publication is None:
        console.print("publication: none")
        return
    rows = sum(table["rows"] for table in publication["tables"].values())
    console.print(
        f"publication: {publication['publication']}, as of {publication['as_of']}, published "
        f"{age(publication['published_at'])} ago, {len(publication['tables'])} tables, {rows:,} rows"
    )
    console.print(f"             {settings.published_file}")


def _show_night(record: dict[str, Any], console: Console) -> None:
    end = "[green]nothing new[/green]" if record["unchanged"] and not record["exit_code"] else ENDS[record["exit_code"]]
    console.print(f"last night:  {end}, as of {record['as_of']}, ended {age(record['finished_at'])} ago")
    if record.get("alert"):
        console.print(record["alert"], markup=False)
    table = Table(box=box.SIMPLE_HEAD)
    for name, justify in (("stream", "left"), ("status", "left"), ("rows", "right"), ("last complete read", "left")):
        table.add_column(name, justify=justify)
    for stream in record["streams"]:
        red = stream["status"] in ("failed", "stale")
        table.add_row(
            f"{stream['connection']}.{stream['stream']}",
            f"[red]{stream['status']}[/red]" if red else stream["status"],
            f"{stream['rows']:,}",
            stream["last_ok"] or "never",
        )
    console.print(table)


def age(moment: str) -> str:
    """The time since an ISO moment, in its largest unit: `3 hours`."""
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= 2 * length or length == 1:
            count = seconds // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "0 seconds"
