"""A server and empty databases for the tests of the service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.db import schema
from service.memory.atlas import Atlas
from service.tests.atlases import an_atlas
from service.tests.databases import Database, DatabaseServer, running_server


@pytest.fixture(scope="session")
def database_server() -> Iterator[DatabaseServer]:
    """The PostgreSQL server on which tests make their databases."""
    with running_server() as server:
        yield server


@pytest.fixture
def blank_database(database_server: DatabaseServer) -> Iterator[Database]:
    """A database without anything in it."""
    with database_server.new_database() as database:
        yield database


@pytest.fixture
def migrated_database(blank_database: Database) -> Database:
    """A database with the tables, and nothing in them."""
    with blank_database.begin() as conn:
        schema.upgrade(conn)
    return blank_database


@pytest.fixture(scope="session")
def shipped_database(database_server: DatabaseServer) -> Iterator[Database]:
    """A database with the shipped data, which tests only read."""
    with database_server.new_database(database_server.template()) as database:
        yield database


@pytest.fixture(scope="module")
def atlas(shipped_database: Database) -> Iterator[Atlas]:
    """The atlas of the shipped data."""
    with an_atlas(shipped_database) as found:
        yield found
