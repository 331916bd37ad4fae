"""Whole nights of a small installation: what is published when, what ends red, and what is said."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration import alerts
from orchestration.errors import InputError
from orchestration.publish import current_publication, published_chain
from orchestration.run import closing_lines
from orchestration.schedules import alert_on_lost_run
from orchestration.settings import Settings

Run = Callable[..., dict[str, Any]]


def add_surveys(mini: Settings, folder: str) -> None:
    """Configure a survey inbox beside the organisation files."""
    path = mini.config / "connections.yml"
    path.write_text(f"{path.read_text()}  - name: surveys\n    type: survey_files\n    path: {folder}\n")


def teams_published(mini: Settings) -> int:
    with duckdb.connect(str(mini.published_file), read_only=True) as connection:
        found = connection.execute("select value from core.fct_metric_values").fetchone()
    assert found is not None
    return found[0]


def test_what_has_not_changed_is_not_built_again_and_what_has_is(mini: Settings, night: Run) -> None:
    first = night()
    assert (first["exit_code"], first["unchanged"]) == (0, False)
    assert teams_published(mini) == 2
    checksums = {title: table["checksum"] for title, table in (current_publication(mini) or {})["tables"].items()}

    again = night()
    assert (again["exit_code"], again["unchanged"]) == (0, True)
    assert again["publication"] == first["publication"]
    assert published_chain(mini) == [first["publication"]]
    assert "Nothing changed since it was published" in "\n".join(closing_lines(mini, again, 0))

    teams = mini.config / "organization" / "teams.csv"
    teams.write_text(teams.read_text() + "search,Search,,\n")
    with_new_row = night()
    assert with_new_row["unchanged"] is False
    assert teams_published(mini) == 3
    assert with_new_row["tests"]["warned"] == [
        {
            "test": "accepted_values_stg_organization__teams_team_name__Checkout__Payments",
            "model": "stg_organization__teams",
            "rows": 1,
        }
    ]

    assert night(as_of="2026-07-02")["unchanged"] is False

    model = mini.dbt_project / "models" / "marts" / "core" / "metric_catalogue.sql"
    model.write_text("select 'groups' as metric\n")
    assert night(as_of="2026-07-02")["unchanged"] is False
    changed = {
        title
        for title, table in (current_publication(mini) or {})["tables"].items()
        if table["checksum"] != checksums[title]
    }
    assert changed == {"core.dim_dates", "core.metric_catalogue", "core.fct_metric_values"}
    assert not list(mini.data.glob("**/*.wal"))


def test_failing_test_stops_before_publishing_and_says_which_and_where_the_rows_are(mini: Settings, night: Run) -> None:
    first = night()
    rule = mini.dbt_project / "models" / "marts" / "core" / "marts.yml"
    good = rule.read_text()
    rule.write_text(
        good.replace(
            "data_type: varchar, data_tests: [unique]",
            "data_type: varchar, data_tests: [unique, {accepted_values: {arguments: {values: [people]}}}]",
        )
    )
    record = night()
    assert record["exit_code"] == 3
    (problem,) = record["problems"]
    assert "test accepted_values_fct_metric_values_metric__people on fct_metric_values found 1 row" in problem
    rows = mini.logs / "failing_rows" / "accepted_values_fct_metric_values_metric__people.csv"
    assert f"first rows: {rows}" in problem
    assert rows.read_text().splitlines() == ["value_field,n_records", "teams,1"]
    assert current_publication(mini)["publication"] == first["publication"]  # ty: ignore[not-subscriptable]
    assert "was NOT published; readers keep the last good one" in record["alert"]
    lines = "\n".join(closing_lines(mini, record, 0))
    assert problem in lines
    assert f"Still published: {mini.published_file}" in lines


def test_model_that_cannot_be_built_stops_before_publishing(mini: Settings, night: Run) -> None:
    model = mini.dbt_project / "models" / "marts" / "core" / "metric_catalogue.sql"
    model.write_text("select cast('x' as integer)::varchar as metric\n")
    record = night()
    assert record["exit_code"] == 3
    assert "model metric_catalogue failed: Runtime Error" in record["problems"][0]
    assert current_publication(mini) is None


def test_connection_that_fails_ends_the_night_red_and_the_others_are_published(mini: Settings, night: Run) -> None:
    add_surveys(mini, "not_there")
    received: list[dict[str, Any]] = []
    with webhook(received) as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLOWLIGHT_ALERT_WEBHOOK", address)
        record = night()
    assert record["exit_code"] == 1
    assert teams_published(mini) == 2
    status = {each["connection"]: each["status"] for each in record["connections"]}
    assert status == {"organization": "ok", "surveys": "failed"}
    assert "was published, but not everything could be read" in record["alert"]
    assert "- surveys (" in record["alert"]
    assert "Cure: " in record["alert"]
    assert [each["text"] for each in received] == [record["alert"]]
    published = {each["connection"]: each["status"] for each in current_publication(mini)["connections"]}  # ty: ignore[not-subscriptable]
    assert published == status

    again = night()
    assert (again["exit_code"], again["unchanged"]) == (1, True)

    with dg.DagsterInstance.get() as instance:
        runs = [run.status for run in instance.get_runs(limit=2)]
        assert runs == [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.FAILURE]
        keys = {name: dg.AssetCheckKey(dg.AssetKey(key), f"read_{name}") for name, key in STREAMS.items()}
        outcomes = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys.values()))
        evaluations = {name: outcomes[key].event.dagster_event for name, key in keys.items()}
        passed = {name: event.asset_check_evaluation_data.passed for name, event in evaluations.items()}
        assert passed == {"organization": True, "surveys": False}
    (mini.config / "not_there").mkdir()
    assert night()["exit_code"] == 0


STREAMS = {"organization": ["organization", "teams"], "surveys": ["surveys", "waves"]}


class webhook:
    """A server that keeps the JSON bodies that are posted to it."""

    def __init__(self, received: list[dict[str, Any]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_wrong_organisation_file_stops_a_first_night_and_later_the_last_good_copy_is_used(
    mini: Settings, night: Run
) -> None:
    teams = mini.config / "organization" / "teams.csv"
    good = teams.read_text()
    teams.write_text(good + "search,Search,2026-13-01,\n")
    record = night()
    assert record["exit_code"] == 2
    assert record["problems"] == ["organization/teams.csv:4: valid_from: '2026-13-01' is not a date; write YYYY-MM-DD"]
    assert current_publication(mini) is None
    teams.write_text(good)
    assert night()["exit_code"] == 0
    teams.write_text(good + "search,Search,2026-13-01,\n")
    record = night()
    assert record["exit_code"] == 1
    assert "organization/teams.csv:4: valid_from" in record["alert"]
    assert teams_published(mini) == 2


def test_error_that_nobody_expected_fails_its_connection_only(
    mini: Settings, night: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_surveys(mini, "surveys")
    from orchestration import reading

    original = reading.sync_connection

    def broken(connection: Any, **named: Any) -> Any:
        if connection.name == "surveys":
            raise ZeroDivisionError("no vendor said this")
        return original(connection, **named)

    monkeypatch.setattr(reading, "sync_connection", broken)
    record = night()
    assert record["exit_code"] == 1
    assert "- surveys (waves, answers) failed: unexpected ZeroDivisionError: no vendor said this." in record["alert"]
    assert teams_published(mini) == 2


def test_only_reads_the_connections_it_names(mini: Settings, night: Run) -> None:
    add_surveys(mini, "not_there")
    record = night(only=["organization"])
    assert [each["connection"] for each in record["connections"]] == ["organization"]
    assert record["exit_code"] == 0
    with pytest.raises(InputError, match=r"--only: .*has no connection 'survey'; did you mean 'surveys'"):
        night(only=["survey"])


def test_leftovers_of_a_killed_publication_are_gone_after_the_next(mini: Settings, night: Run) -> None:
    (mini.publications / ".building-x").mkdir(parents=True)
    night()
    shutil.rmtree(mini.published.resolve())  # somebody removed it: it is published again
    record = night()
    assert (record["exit_code"], record["unchanged"]) == (0, False)
    assert [path.name for path in Path(mini.publications).iterdir()] == published_chain(mini)


def test_warehouse_that_another_program_has_open_is_named_with_the_cure(mini: Settings, night: Run) -> None:
    assert night()["exit_code"] == 0
    program = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, str(mini.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        record = night()
        other.kill()
    assert record["exit_code"] == 3
    (problem,) = record["problems"]
    assert problem.startswith(f"{mini.warehouse} cannot be opened: Could not set lock on file")
    assert problem.endswith("close it in the other program and run again")


def test_lost_run_is_told_by_the_daemon_and_other_red_runs_are_not_told_twice(
    mini: Settings, night: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_surveys(mini, "not_there")
    record = night(only=["surveys"])
    assert record["exit_code"] in (1, 2, 3)
    sent: list[str] = []
    monkeypatch.setattr(alerts, "send", lambda text, _: sent.append(text) or True)
    with dg.DagsterInstance.get() as instance:
        lost = instance.create_run_for_job(_nothing, status=dg.DagsterRunStatus.STARTED)
        instance.report_run_failed(lost, "its process ended without a word")
        for run_id in (record["run_id"], lost.run_id):
            run = instance.get_run_by_id(run_id)
            (event,) = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
            context = dg.build_run_status_sensor_context(
                sensor_name="alert_on_lost_run",
                dagster_event=event.dagster_event,
                dagster_instance=instance,
                dagster_run=run,
            ).for_run_failure()
            alert_on_lost_run(context)
    (text,) = sent
    assert text.startswith(f"Flowlight: run {lost.run_id} of _nothing failed and published nothing:")


def test_run_that_was_killed_is_marked_failed_by_the_next(mini: Settings, night: Run) -> None:
    mini.prepare()
    with dg.DagsterInstance.get() as instance:
        lost = instance.create_run_for_job(_nothing, status=dg.DagsterRunStatus.STARTED)
    assert night()["exit_code"] == 0
    with dg.DagsterInstance.get() as instance:
        statuses = {run.run_id == lost.run_id: run.status for run in instance.get_runs()}
    assert statuses == {True: dg.DagsterRunStatus.FAILURE, False: dg.DagsterRunStatus.SUCCESS}


@dg.job
def _nothing() -> None:
    """A job of another time."""
