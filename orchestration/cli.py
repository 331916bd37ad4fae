"""The command `flowlight`. Imports what a command needs when it runs, so that small commands are quick."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path

import click

from orchestration import __version__
from orchestration.errors import STOPPED, FlowlightError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Commands(click.Group):
    """Ends every command with one clear text and the exit code of what happened."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; FlowlightError becomes its text on stderr and its exit code, Ctrl-C code 130."""
        try:
            return super().invoke(ctx)
        except FlowlightError as error:
            click.echo(f"flowlight: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("flowlight: stopped; run it again, it goes on where it was", err=True)
            leave(STOPPED)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)


def leave(code: int) -> None:
    """End the process; a stopped nightly does not wait for threads that wait for a vendor."""
    if code != STOPPED:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@click.group(cls=Commands, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="flowlight")
def main() -> None:
    """Software-delivery metrics as a flashlight, from your own trackers, repositories and surveys.

    FLOWLIGHT_CONFIG names the configuration folder (default config/), FLOWLIGHT_DATA the folder for everything
    that is made at run time (default data/).
    """


@main.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--propose", is_flag=True, help="Propose mappings for the configuration that is in FOLDER already.")
def init(folder: Path | None, propose: bool) -> None:
    """Write a commented starter configuration for your own systems into FOLDER (default FLOWLIGHT_CONFIG).

    With --propose, when its connections.yml is complete and the tokens are exported: ask the trackers for their boards,
    statuses and issue types, and write what they may mean into organization/status_mappings.csv.proposed and
    type_mappings.csv.proposed. These are not read: correct them, then rename them.
    """
    from orchestration.errors import InputError
    from orchestration.settings import Settings

    settings = Settings.from_environment()
    target = (folder or settings.config).expanduser().absolute()
    if propose:
        from orchestration.first_mapping import propose_mappings

        paths = propose_mappings(Settings(settings.root, target, settings.data))
        for path in paths:
            click.echo(f"wrote {path}")
        click.echo(
            "\nThese are proposals, valid from the beginning of time, and not read yet. Next: correct them, then"
        )
        for path in paths:
            click.echo(f"mv {path} {path.with_suffix('')}")
        click.echo(f"FLOWLIGHT_CONFIG={target} flowlight check")
        return
    from ingestion.starter import write_starter
    from ingestion.validation import ConfigError

    try:
        written = write_starter(target)
    except ConfigError as error:
        raise InputError(f"{error}; to propose mappings for a configuration: flowlight init --propose") from None
    for path in written:
        click.echo(f"wrote {path}")
    click.echo(
        f"\nNext: edit {target / 'connections.yml'} and the files in {target / 'organization'},"
        f"\nexport the tokens it names, then: FLOWLIGHT_CONFIG={target} flowlight check"
        f"\nA first mapping of your own statuses and issue types: flowlight init --propose {target}"
    )


@main.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Default: surveys/ of FLOWLIGHT_CONFIG.")
@click.option("--wave-date", type=click.DateTime(["%Y-%m-%d"]), help="Day of the invitation; default today.")
def instrument(out: Path | None, wave_date: datetime | None) -> None:
    """Write the default survey: a form to print or copy, a table for its answers, and the YAML that reads the table.

    For organisations without a survey tool. Filled in, the table is read by the next nightly as it is.
    """
    from ingestion.instrument import write_instrument
    from ingestion.validation import ConfigError
    from orchestration.errors import InputError
    from orchestration.settings import Settings

    folder = (out or Settings.from_environment().config / "surveys").expanduser().absolute()
    try:
        written = write_instrument(folder, (wave_date or datetime.now()).date())
    except ConfigError as error:
        raise InputError(str(error)) from None
    for path in written:
        click.echo(f"wrote {path}")


@main.command()
@click.option("--as-of", metavar="T", help="The sandbox's clock (ISO time), where the sandbox is configured.")
def check(as_of: str | None) -> None:
    """Validate configuration and credentials and show what would map to what. Touches no data.

    Every status -> flow state, stage, order and blocked; every issue type -> flow item type and level; every
    repository -> service -> team. Everything that is unmapped, with the number of items behind it and the line to add.
    And what rules that have changed since the last night would do: a dated change leaves the past as it is, the
    correction of a mistake rewrites it; with the number of items that either concerns.
    """
    from orchestration.check import run_check
    from orchestration.settings import Settings

    sys.exit(run_check(Settings.from_environment(), as_of))


@main.command()
@click.option("--as-of", metavar="T", help="The night's clock (ISO time, UTC); default now, or the sandbox's present.")
@click.option("--only", metavar="CONNECTION", multiple=True, help="Read only this connection; may be repeated.")
@click.option("--full", is_flag=True, help="Read everything again from the start date, rebuild every table.")
def nightly(as_of: str | None, only: tuple[str, ...], full: bool) -> None:
    """Extract, load, build, test and publish: the whole night.

    Exit code 0: published, or nothing new. 1: published, but a connection failed. 2: wrong configuration or option.
    3: nothing published. 4: a nightly is running already.
    """
    from orchestration.run import closing_lines, run_nightly
    from orchestration.settings import Settings

    began = time.monotonic()
    record = run_nightly(as_of=as_of, only=only, full=full)
    for line in closing_lines(Settings.from_environment(), record, began):
        click.echo(line)
    leave(record["exit_code"])


@main.command()
@click.option("--as-of", metavar="T", help="The clock it shows (ISO time, UTC); default its own present.")
@click.option("--port", type=int, default=0, show_default="a free one", help="Port on the loopback address.")
def sandbox(as_of: str | None, port: int) -> None:
    """Serve the simulated company's Jira, GitHub and PagerDuty on loopback until stopped; prints their addresses."""
    from orchestration.sandbox_process import default_clock, iso
    from orchestration.settings import PROJECT_ROOT, parse_as_of

    clock = parse_as_of(as_of) if as_of else default_clock()
    os.chdir(PROJECT_ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", "serve", "--port", str(port), "--clock", iso(clock)])


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def dev(options: tuple[str, ...]) -> None:
    """Serve Dagster's page (lineage, checks, runs) and run the nightly schedule until stopped.

    OPTIONS go to `dagster dev`, for example: flowlight dev --port 3001
    """
    from orchestration.settings import PROJECT_ROOT, Settings

    Settings.from_environment().prepare()
    os.chdir(PROJECT_ROOT)
    path = Path(sys.executable).with_name("dagster")
    os.execv(path, [str(path), "dev", "-m", "orchestration.definitions", *options])


@main.command()
def status() -> None:
    """Show the last run, each stream's freshness and rows, and the publication's age."""
    from orchestration.settings import Settings
    from orchestration.status import show_status

    show_status(Settings.from_environment())


@main.command()
@click.argument("query")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV instead of a table.")
def sql(query: str, as_csv: bool) -> None:
    """Run QUERY on the published file and print the rows. Reads only; works while a nightly runs."""
    from orchestration.query import print_query
    from orchestration.settings import Settings

    print_query(Settings.from_environment(), query, as_csv=as_csv)


@main.command()
@click.argument("kind", type=click.Choice(["deployments", "incidents", "initiatives", "security_findings"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of what an inbox may hold: its folders deployments, incidents, initiatives, ..."""
    from ingestion.schemas import schema_text

    click.echo(schema_text(kind), nl=False)


if __name__ == "__main__":
    main()
