"""Items of the System of Social and Demographic Statistics into a real database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from geo.errors import NotFound
from geo.tests.figures.test_ssds import CELLS, LIST, table
from service.db.tables import indicator, observation
from service.figures.items import ingest_ssds
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.databases import Database

CATALOG = HOME / "data" / "catalog"


def test_all_years_of_known_items_and_the_others_by_their_codes(
    migrated_database: Database, tmp_path: Path
) -> None:
    file = table(tmp_path / "items.csv", ["I5101", "1975", *CELLS], ["I9999", "1980", *CELLS])
    listed = tmp_path / "list.csv"
    listed.write_text(f"{LIST}I5101,basic,I,病院数,施設,1975,2023,49\n", "utf-8")
    with migrated_database.begin() as conn:
        load_catalogue(conn, CATALOG, "tests")
        for source, only, told in (("nobody", [], "source"), ("ssds-prefectures", ["I9"], "item")):
            with pytest.raises(NotFound) as refused:
                ingest_ssds(conn, file, listed, only=only, source=source, actor="tests")
            assert refused.value.findings[0].field == told
        report = ingest_ssds(conn, file, listed, only=["I5101"], source="ssds-prefectures", actor="tests")
        assert (report["added"], report["indicators"]) == (2, ["item-i5101"])
        again = ingest_ssds(conn, file, listed, source="ssds-prefectures", actor="tests")
        assert again["added"] == 0
        rows = conn.execute(
            select(observation.c.indicator, observation.c.area_code, observation.c.value)
        ).all()
        assert {tuple(one) for one in rows} == {("item-i5101", "01000", 564.0), ("item-i5101", "47000", 89.0)}
        # the catalogue is loaded again without them, and they stay
        assert load_catalogue(conn, CATALOG, "tests")["changed"] == []
        assert conn.scalar(select(indicator.c.id).where(indicator.c.id == "item-i5101")) == "item-i5101"
