"""`flowlight check` and `flowlight init --propose` against the double of Jira: what a person reads, word for word."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ingestion.sources.organization_files import read_organization
from ingestion.starter import write_starter
from orchestration.cli import main
from orchestration.lock import nightly_lock
from orchestration.settings import Settings
from sandbox.server import serve
from sandbox.world import JiraWorld, World
from tests.ingestion.vendor import vendor
from tests.orchestration.past_night import PastNight
from tests.sandbox.tiny_world import CLOCK, STATUSES, STORY, jira

HEADER = "connection,project,issue_type,status,flow_state,stage,stage_order,is_blocked,valid_from,valid_to"
MAPPED = f"{HEADER}\n,,,To Do,new,backlog,1,,,\n,,,In Progress,active,development,2,,,\n,,,Done,done,done,3,,,\n"
Install = Callable[..., Settings]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A starter configuration connected to a Jira that shows a site."""
    servers: list[Any] = []

    def connected(site: JiraWorld, projects: str = '"*"', statuses: str = MAPPED) -> Settings:
        context = serve(World(CLOCK, site, None), clock=CLOCK)
        server = context.__enter__()
        servers.append(context)
        settings = Settings(tmp_path, tmp_path / "config", tmp_path / "data")
        for name, value in {**settings.environment(), "JIRA_TOKEN": "s3cret"}.items():
            monkeypatch.setenv(name, value)
        write_starter(settings.config)
        (settings.config / "connections.yml").write_text(
            "connections:\n"
            f"  - {{name: jira, type: jira, base_url: '{server.jira_url}', user: a@b.example, token_env: JIRA_TOKEN, "
            f"projects: {projects}, start_date: 2026-01-01}}\n"
            "  - {name: organization, type: organization_files}\n"
        )
        (settings.config / "organization" / "status_mappings.csv").write_text(statuses)
        return settings

    yield connected
    for context in servers:
        context.__exit__(None, None, None)


def site_with(*statuses: tuple[str, str, str], **types: str) -> JiraWorld:
    """The tiny site with more statuses (id, name, category of the status of that name) and issue types (name=id)."""
    site = jira()
    more = [{**STATUSES[like], "id": id_, "name": name} for id_, name, like in statuses]
    site.statuses = [*site.statuses, *more]
    site.issue_types = [*site.issue_types, *({**STORY, "id": id_, "name": name} for name, id_ in types.items())]
    return site


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def lines(result: Result) -> list[str]:
    """The lines that are not blank, without their indentation."""
    return [line.strip() for line in result.output.splitlines() if line.strip()]


def after(result: Result, title: str, count: int) -> list[str]:
    """The lines that follow a line."""
    shown = lines(result)
    start = shown.index(title) + 1
    return shown[start : start + count]


def test_unmapped_is_counted_by_the_vendor_before_the_first_night(install: Install) -> None:
    site = site_with(("6", 'Waiting, for "legal"', "In Progress"), ("7", "Blocked", "In Progress"), Incident="8")
    site.issues[3].histories[0].patch["status"] = site.statuses[3]
    settings = install(site)
    folder = settings.config / "organization"
    found = run("check")
    assert found.exit_code == 0, found.output
    assert not settings.data.exists()
    assert "what changed rules would do is not known: no night has ended yet" in lines(found)
    assert after(found, "statuses unmapped: 2", 5) == [
        'jira: Waiting, for "legal" (In Progress), everywhere: about 1 item now',
        "jira: Blocked (In Progress), everywhere: about 0 items now",
        f"to add to {folder / 'status_mappings.csv'} (proposed from category and name; correct it first):",
        'jira,,,"Waiting, for ""legal""",waiting,development,2,,,',
        "jira,,,Blocked,waiting,development,2,yes,,",
    ]
    assert after(found, "issue types unmapped: 1", 3) == [
        "jira: Incident, everywhere: about 0 items now",
        f"to add to {folder / 'type_mappings.csv'} (proposed from the name; correct it first):",
        "jira,,Incident,,,defect,flow_item,,",
    ]


def test_lines_to_add_make_the_mapping_whole(install: Install) -> None:
    settings = install(site_with(("6", "Peer check", "In Progress"), Incident="8"))
    for title, file in (
        ("statuses unmapped: 1", "status_mappings.csv"),
        ("issue types unmapped: 1", "type_mappings.csv"),
    ):
        path = settings.config / "organization" / file
        path.write_text(path.read_text() + after(run("check"), title, 3)[2] + "\n")
    found = run("check")
    assert found.exit_code == 0
    assert "unmapped" not in found.output
    assert lines(found)[-1] == "everything is mapped"


def test_statuses_show_stage_order_and_block(install: Install) -> None:
    install(site_with(("7", "Blocked", "In Progress")), statuses=MAPPED + ",PAY,,Blocked,waiting,development,2,yes,,\n")
    shown = [line.split() for line in lines(run("check")) if line.startswith("jira: Blocked")]
    assert shown[:2] == [
        ["jira:", "Blocked", "In", "Progress", "waiting", "development", "2", "yes", "PAY"],
        ["jira:", "Blocked", "In", "Progress", "unmapped", "SHOP"],
    ]


def test_type_mappings_show_their_conditions_on_labels_and_boards(install: Install) -> None:
    settings = install(jira())
    with (settings.config / "organization" / "type_mappings.csv").open("a") as file:
        file.write(",,Story,board,Shop board,debt,flow_item,,\n,,Story,label,security,risk,flow_item,,\n")
    shown = [" ".join(line.split()) for line in lines(run("check")) if line.startswith("jira: Story")]
    assert shown == [
        "jira: Story board = shop board debt flow_item everywhere",
        "jira: Story label = security risk flow_item everywhere",
        "jira: Story feature flow_item everywhere",
    ]


def test_only_projects_that_are_read_are_asked_for(install: Install) -> None:
    install(jira(), projects="[PAY]", statuses=MAPPED.replace(",,,Done", ",SHOP,,Done"))
    found = run("check")
    assert after(found, "statuses unmapped: 1", 1) == ["jira: Done (Done), everywhere: about 0 items now"]


def test_items_come_from_the_last_night(install: Install) -> None:
    settings = install(site_with(("6", "Peer check", "In Progress")), statuses=MAPPED.replace(",,,Done", ",SHOP,,Done"))
    past = PastNight(settings)
    past.item("SHOP-1", ("2026-01-05", "1"), ("2026-01-06", "9"), ("2026-01-07", "5"))
    past.item("SHOP-2", ("2026-01-05", "9"), ("2026-01-07", "5"))
    past.item("PAY-1", ("2026-01-05", "1"), ("2026-01-07", "5"))
    past.finish()
    before = settings.warehouse.read_bytes()
    found = run("check")
    assert after(found, "statuses unmapped: 3", 7) == [
        "jira: Done (Done), PAY: 1 item was ever in it",
        "jira: Peer check (In Progress), everywhere: 0 items were ever in it",
        "jira: Old Review (no longer listed), everywhere: 2 items were ever in it",
        "to add to " + str(settings.config / "organization" / "status_mappings.csv")
        + " (proposed from category and name; correct it first):",
        "jira,PAY,,Done,done,done,3,,,",
        "jira,,,Peer check,active,,,,,",
        "jira,SHOP,,Old Review,active,,,,,",
    ]  # fmt: skip
    assert settings.warehouse.read_bytes() == before


def test_preview_tells_a_dated_change_from_a_correction(install: Install) -> None:
    row = {"flow_state": "active", "stage": "development", "stage_order": "2"}
    was = [
        {"status": "To Do", "flow_state": "new", "stage": "backlog", "stage_order": "1"},
        {"status": "In Progress", **row},
        {"status": "Done", "flow_state": "done", "stage": "done", "stage_order": "3"},
    ]
    settings = install(
        jira(),
        statuses=f"{HEADER}\n,,,To Do,waiting,backlog,1,,,\n,,,In Progress,active,development,2,,,2026-02-01\n"
        ",,,In Progress,waiting,review,2,,2026-02-01,\n,,,Done,done,done,3,,,\n",
    )
    files = read_organization(settings.config / "organization")
    past = PastNight(settings)
    past.rules(
        status_mappings=was,
        **{table: [each.values for each in files[table]] for table in ("type_mappings", "work_rules")},
    )
    past.item("SHOP-1", ("2026-01-05", "1"), ("2026-01-10", "3"))
    past.item("SHOP-2", ("2026-01-07", "1"))
    past.finish()
    found = run("check")
    assert after(found, "what the rules that have changed since the night of 2026-03-02T02:00:00Z would do:", 5) == [
        "status_mappings.csv:2: To Do: new, backlog, 1 -> waiting, backlog, 1",
        "correction of a mistake (no valid_from): rewrites the past of 2 items, from 2026-01-05 on",
        "status_mappings.csv:4: In Progress: active, development, 2 -> waiting, review, 2",
        "dated change: 1 item, from 2026-02-01 on; what is before stays",
        "If a correction was meant as a change from a day on: leave the old row, end it on that day (valid_to), and "
        "add a row that begins on it (valid_from).",
    ]


def test_preview_says_when_nothing_has_changed(install: Install) -> None:
    settings = install(jira())
    files = read_organization(settings.config / "organization")
    past = PastNight(settings)
    tables = ("status_mappings", "type_mappings", "work_rules")
    past.rules(**{table: [each.values for each in files[table]] for table in tables})
    past.finish()
    assert (
        "the rules of statuses, types and teams are those of the night of 2026-03-02T02:00:00Z" in run("check").output
    )


def test_check_while_a_nightly_runs_says_what_is_left_out(install: Install) -> None:
    settings = install(jira())
    PastNight(settings).finish()
    with nightly_lock(settings.lock):
        found = run("check")
    assert found.exit_code == 0
    assert "what changed rules would do is not known: a nightly is already running (process" in found.output


def proposed(settings: Settings, table: str) -> list[str]:
    return (settings.config / "organization" / f"{table}.csv.proposed").read_text().splitlines()


def test_first_mapping_follows_the_board_then_categories_and_names(install: Install) -> None:
    site = site_with(("6", "Blocked", "In Progress"), ("7", "Won't Do", "Done"), Bug="8", Epic="9")
    site.issue_types[-1]["hierarchyLevel"] = 1
    other = {**site.boards[0], "id": 3, "name": "Pay board", "location": {"projectId": 10001, "projectKey": "PAY"}}
    names = ["Open", "Doing", "Check", "Done"]
    ids = [["1"], [], ["3"], ["5", "7"]]
    other["configuration"] = {
        "columnConfig": {
            "columns": [{"name": n, "statuses": [{"id": i} for i in of]} for n, of in zip(names, ids, strict=True)]
        }
    }
    site.boards.append(other)
    settings = install(site)
    before = (settings.config / "organization" / "status_mappings.csv").read_text()
    found = run("init", "--propose")
    assert found.exit_code == 0, found.output
    assert not settings.data.exists()
    assert proposed(settings, "status_mappings") == [
        HEADER,
        "jira,,,To Do,new,to do,10,,,",
        "jira,,,In Progress,active,doing,20,,,",
        "jira,,,Done,done,done,30,,,",
        "jira,,,Blocked,waiting,,,yes,,",
        "jira,,,Won't Do,cancelled,,,,,",
        "jira,PAY,,To Do,new,open,10,,,",
        "jira,PAY,,In Progress,active,check,30,,,",
        "jira,PAY,,Done,done,done,40,,,",
    ]
    assert proposed(settings, "type_mappings") == [
        "connection,project,issue_type,condition_field,condition_value,flow_item_type,item_level,valid_from,valid_to",
        "jira,,Story,,,feature,flow_item,,",
        "jira,,Bug,,,defect,flow_item,,",
        "jira,,Epic,,,feature,initiative,,",
    ]
    shown = [" ".join(line.split()) for line in lines(found)]
    assert "jira: In Progress PAY active check 30 board Pay board, column Check; status category" in shown
    path = settings.config / "organization" / "status_mappings.csv"
    assert f"mv {path}.proposed {path}" in shown
    assert path.read_text() == before


def test_proposals_are_not_read_until_they_are_renamed(install: Install) -> None:
    settings = install(site_with(("6", "Peer check", "In Progress")), statuses=f"{HEADER}\n")
    run("init", "--propose")
    folder = settings.config / "organization"
    found = run("check")
    assert "statuses unmapped: 4" in lines(found)
    waiting = "is not read: correct it and rename it to status_mappings.csv, or delete it"
    assert f"{folder / 'status_mappings.csv.proposed'} {waiting}" in lines(found)
    for table in ("status_mappings", "type_mappings"):
        (folder / f"{table}.csv.proposed").rename(folder / f"{table}.csv")
    assert lines(run("check"))[-1] == "everything is mapped"


def test_site_without_boards_is_proposed_by_category_and_name(install: Install) -> None:
    site = jira()
    site.has_agile = False
    settings = install(site)
    found = run("init", "--propose")
    assert found.exit_code == 0, found.output
    assert "connection jira: no boards (" in found.output
    assert proposed(settings, "status_mappings")[1:] == [
        "jira,,,To Do,new,backlog,10,,,",
        "jira,,,In Progress,active,development,40,,,",
        "jira,,,Done,done,done,80,,,",
    ]


def test_nothing_to_propose_from_is_said_with_its_cure(install: Install) -> None:
    settings = install(jira())
    connections = settings.config / "connections.yml"
    connections.write_text("connections:\n  - {name: organization, type: organization_files}\n")
    ended = run("init", "--propose")
    assert ended.exit_code == 2
    assert "connections.yml: no connection is of type jira, so there is nothing to propose from" in ended.output
    connections.unlink()
    ended = run("init", "--propose")
    assert ended.exit_code == 2
    assert "connections.yml: is not in" in ended.output


def test_system_that_cannot_be_read_is_named_with_its_cure(install: Install) -> None:
    settings = install(jira())
    connections = settings.config / "connections.yml"
    with vendor() as double:
        double.answers = [(401, {}, b"{}")]
        connections.write_text(re.sub(r"http://[^']*", double.url, connections.read_text()))
        ended = run("init", "--propose")
    assert ended.exit_code == 2
    assert ended.output.startswith("flowlight: connection jira: ")
    assert "check `user` and the API token in JIRA_TOKEN" in ended.output
    assert list((settings.config / "organization").glob("*.proposed")) == []
