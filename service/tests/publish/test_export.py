"""An export is of one state of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.memory import revisions
from service.publish.export import Choice, DataChanged, export_catalogue
from service.tests.databases import DatabaseServer


def test_an_export_during_which_figures_were_loaded_is_none(
    database_server: DatabaseServer, tmp_path: Path
) -> None:
    choice = Choice("prefecture", "population")
    with database_server.new_database(database_server.template()) as database:

        def load_meanwhile(_done: int, _total: int, _what: str) -> None:
            with database.begin() as conn:
                revisions.changed(conn, revisions.indicator("births"))

        with pytest.raises(DataChanged):
            export_catalogue(database.settings, tmp_path / "site", choice, load_meanwhile)
    assert list(tmp_path.iterdir()) == []
