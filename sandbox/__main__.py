"""`python -m sandbox`: serve the simulated company, or write its configuration."""

import json
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path

import click

from sandbox.company import DEFAULT_SEED, build_world


def _clock(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is not a time; write it like 2026-07-01T02:00:00Z") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@click.group()
def main() -> None:
    """Acme, a simulated company with known truth."""


@main.command("serve")
@click.option("--port", default=0, show_default=True, help="Port on 127.0.0.1; 0 = a free one.")
@click.option("--clock", callback=_clock, help="The time to show (ISO 8601; UTC if none given).")
@click.option("--seed", default=DEFAULT_SEED, show_default=True, help="Which company.")
@click.option("--token", default=None, help="The only accepted token; any non-empty one by default.")
@click.option("--faults", type=int, default=None, help="Inject passing faults (429, 5xx, resets, ...) by this seed.")
def serve_command(port: int, clock: datetime | None, seed: int, token: str | None, faults: int | None) -> None:
    """Serve the doubles of Jira, GitHub and PagerDuty until interrupted; prints their addresses as one line of JSON."""
    from sandbox.faults import Faults
    from sandbox.server import serve

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    injected = None if faults is None else Faults(faults)
    with serve(build_world(seed).world, clock=clock, port=port, token=token, faults=injected) as server:
        urls = {
            "jira_url": server.jira_url, "github_url": server.github_url, "graphql_url": server.graphql_url,
            "pagerduty_url": server.pagerduty_url,
        }  # fmt: skip
        click.echo(json.dumps(urls))
        stop.wait()


@main.command("write-config")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", default=DEFAULT_SEED, show_default=True, help="Which company.")
def write_config_command(folder: Path, seed: int) -> None:
    """Write Acme's connections.yml, organisation files and survey inbox into FOLDER."""
    from sandbox.shipped import write_config

    written = write_config(build_world(seed), folder)
    click.echo(f"wrote {len(written)} files to {folder}")


if __name__ == "__main__":
    main()
