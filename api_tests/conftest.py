"""A running service with the shipped data, for tests that speak HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from api_tests.browser import SHELL, WITHOUT_CARD, Visit, running_browser, visiting
from api_tests.client_table import Row, row_of
from service.tests.databases import Database, DatabaseServer, running_server

START_DEADLINE_S = 150.0
POLL_S = 0.05


@dataclass(frozen=True)
class Server:
    """A serving process."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


SERVE = (sys.executable, "-m", "service.cli", "serve")


@contextmanager
def serving(
    database: Database, log: Path, command: Sequence[str] = SERVE, **settings: str
) -> Iterator[Server]:
    """Run ``chiiki serve`` on a database meanwhile; ``settings`` are further environment variables."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHIIKI_")}
    environment = {**kept, **database.environment, "CHIIKI_PORT": str(port)}
    environment |= {"CHIIKI_WORKERS": "1", **settings}  # one: tests look at the process that serves
    with open(log, "ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}", process, log)
    try:
        wait_until_ready(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(server: Server) -> None:
    """Return when the server is ready; fail with its log when it ends or takes too long."""
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/readyz").json()["status"] == "ready":
                return
        with suppress(subprocess.TimeoutExpired):
            server.process.wait(timeout=POLL_S)
            break
    raise AssertionError(f"The server did not get ready. Its log:\n{server.log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    """The PostgreSQL server on which tests make their databases."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def template(database_server: DatabaseServer) -> str:
    """The name of a database that holds the shipped data, to be cloned."""
    return database_server.template()


@pytest.fixture(scope="session")
def database(database_server: DatabaseServer, template: str) -> Iterator[Database]:
    """The database with the shipped data, for every test that only reads."""
    with database_server.new_database(template) as database:
        yield database


@pytest.fixture(scope="session")
def database_url(database: Database) -> str:
    """The address of the database with the shipped data."""
    return database.environment["DATABASE_URL"]


@pytest.fixture(scope="session")
def server(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service on the shipped data, for every test that only reads."""
    with serving(database, tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of the service on the shipped data."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def scratch_database(database_server: DatabaseServer, template: str) -> Iterator[Database]:
    """A clone of the shipped data, for one test that writes."""
    with database_server.new_database(template) as database:
        yield database


@pytest.fixture
def scratch_server(scratch_database: Database, tmp_path: Path) -> Iterator[Server]:
    """A service of its own, for one test that writes."""
    with serving(scratch_database, tmp_path / "server.log") as server:
        yield server


@pytest.fixture
def scratch_client(scratch_server: Server) -> Iterator[httpx.Client]:
    """A client of the service of its own."""
    with httpx.Client(base_url=scratch_server.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium, one for all tests of a worker: ``conftest.py`` above puts those that need it last.

    Playwright keeps an event loop in this thread, in which ``asyncio.run`` starts no other.
    """
    if SHELL is None:
        pytest.skip("Chromium (Debian package chromium-headless-shell) is not installed")
    with running_browser(SHELL, WITHOUT_CARD) as found:
        yield found


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Chromium, in which no page of the test is left open, whatever becomes of it."""
    before = chromium.contexts
    yield chromium
    for context in chromium.contexts:
        if context not in before:
            context.close()


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """A page of a desktop on which nothing may go wrong."""
    with visiting(browser, server.url) as made:
        yield made


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Row:
    """The row of docs/clients.md that the test is."""
    return row_of(request.node)
