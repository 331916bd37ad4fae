"""Serves a world over loopback: one HTTP server with the doubles of Jira, GitHub, PagerDuty, Typeform and Qualtrics.

Use: `with serve(world) as server: requests.get(f"{server.jira_url}/rest/api/3/myself", auth=("me", "token"))`.
"""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette

from sandbox.faults import FaultMiddleware, Faults, service_of
from sandbox.github_double import GithubDouble
from sandbox.jira_double import JiraDouble
from sandbox.pagerduty_double import ROOT as PAGERDUTY_ROOT
from sandbox.pagerduty_double import PagerdutyDouble
from sandbox.qualtrics_double import ROOT as QUALTRICS_ROOT
from sandbox.qualtrics_double import QualtricsDouble
from sandbox.replies import Settings
from sandbox.typeform_double import ROOT as TYPEFORM_ROOT
from sandbox.typeform_double import TypeformDouble
from sandbox.world import World

Double = JiraDouble | GithubDouble | PagerdutyDouble | TypeformDouble | QualtricsDouble


class Server:
    """A running sandbox server.

    url: of the server; jira_url, github_url (REST root, as on Enterprise Server `.../api/v3`), graphql_url,
    pagerduty_url, typeform_url, qualtrics_url.
    requests: one dict per answered request: service, method, path, query, operation, status, bytes, seconds, cost
    (GraphQL points), fault. clock may be set at any time.
    """

    def __init__(self, world: World, settings: Settings, faults: Faults | None) -> None:
        self.world = world
        self.settings = settings
        self.faults = faults
        self.requests: list[dict[str, Any]] = []
        self.url = settings.url
        self.jira_url = settings.url
        self.github_url = f"{settings.url}/api/v3"
        self.graphql_url = f"{settings.url}/api/graphql"
        self.pagerduty_url = f"{settings.url}{PAGERDUTY_ROOT}"
        self.typeform_url = f"{settings.url}{TYPEFORM_ROOT}"
        self.qualtrics_url = f"{settings.url}{QUALTRICS_ROOT}"
        self.jira = JiraDouble(world.jira, settings) if world.jira else None
        self.github = GithubDouble(world.github, settings) if world.github else None
        self.pagerduty = PagerdutyDouble(world.pagerduty, settings) if world.pagerduty else None
        self.typeform = TypeformDouble(world.typeform, settings) if world.typeform else None
        self.qualtrics = QualtricsDouble(world.qualtrics, settings) if world.qualtrics else None

    @property
    def doubles(self) -> list[Double]:
        """Those that the world has something for."""
        doubles = (self.jira, self.github, self.pagerduty, self.typeform, self.qualtrics)
        return [double for double in doubles if double]

    @property
    def clock(self) -> datetime:
        """The time that the doubles show (aware, UTC)."""
        return self.settings.clock

    @clock.setter
    def clock(self, at: datetime) -> None:
        self.settings.clock = at

    def touch(self, id: str, at: datetime | None = None) -> None:
        """Let an issue or pull request (by its id) have been updated at `at` (default: the clock), nothing else."""
        self.settings.touched[id] = at or self.settings.clock
        self.settings.version += 1

    def refresh(self) -> None:
        """Show changes that a test made to the world itself."""
        for double in self.doubles:
            double.forget()
        self.settings.version += 1

    def app(self) -> Any:
        """The ASGI application: doubles, then faults, then the request log."""
        routes = [route for double in self.doubles for route in double.routes()]
        return _Log(FaultMiddleware(Starlette(routes=routes), self.faults), self.requests)


class _Log:
    """ASGI wrapper that writes down every request with its answer."""

    def __init__(self, app: Any, log: list[dict[str, Any]]) -> None:
        self.app = app
        self.log = log

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        entry: dict[str, Any] = {
            "service": service_of(path), "method": scope["method"], "path": path,
            "query": scope["query_string"].decode("latin-1"), "operation": path, "status": None, "bytes": 0,
            "seconds": 0.0, "cost": None, "fault": None,
        }  # fmt: skip
        scope["sandbox.log"] = entry
        began = time.perf_counter()

        async def record(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            else:
                entry["bytes"] += len(message.get("body", b""))
            await send(message)

        record.__dict__["__wrapped__"] = send
        try:
            await self.app(scope, receive, record)
        finally:
            entry["seconds"] = time.perf_counter() - began
            entry["fault"] = scope.get("sandbox.fault")
            self.log.append(entry)


@contextmanager
def serve(
    world: World,
    *,
    clock: datetime | None = None,
    port: int = 0,
    token: str | None = None,
    faults: Faults | None = None,
    history_created: str = "epoch_ms",
    rate_limit: int = 10_000,
) -> Generator[Server]:
    """Serve `world` on 127.0.0.1 until the block ends.

    clock: the time to show, default the world's. port: 0 for a free one. token: the only accepted secret, default any
    non-empty one. faults: what goes wrong. history_created: how Jira's bulk changelog writes times (`epoch_ms`,
    `epoch_s`, `iso`). rate_limit: GitHub points an hour (default: an Enterprise Cloud user's), 0 for none. Raises
    OSError when the port is taken.
    """
    listener = socket.create_server(("127.0.0.1", port))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(url, clock or world.default_clock, token, history_created, rate_limit)
    server = Server(world, settings, faults)
    config = uvicorn.Config(
        server.app(), log_config=None, access_log=False, proxy_headers=False, server_header=False, lifespan="off",
        timeout_keep_alive=30, timeout_graceful_shutdown=1, log_level="critical",
    )  # fmt: skip
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
    thread.start()
    while not running.started:
        if not thread.is_alive():
            raise RuntimeError("the sandbox server did not start")
        time.sleep(0.005)
    try:
        yield server
    finally:
        running.should_exit = True
        thread.join(timeout=5)
        listener.close()
