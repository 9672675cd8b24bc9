"""The catalogue into the database: tables a person edits under ``data/catalog/``."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Table, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from geo.codes import prefecture_of
from geo.errors import Finding, InvalidFile, InvalidRows
from geo.indicators import read_catalogue, to_json
from service.database import notify
from service.tables import area_change, audit, indicator, region_set, source


def _read(path: Path, table: Table) -> list[dict[str, object]]:
    """Return the rows of a catalogue table; its header must be the columns of the database table."""
    columns = [column.name for column in table.c]
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        if sorted(reader.fieldnames or []) != sorted(columns):
            told = ",".join(reader.fieldnames or [])[:80]
            raise InvalidFile(
                f"{path.name} has another header", [Finding("line 1", "header", told, ",".join(columns))]
            )
        return [_typed(path, line, row, table) for line, row in enumerate(reader, 2)]


def _typed(path: Path, line: int, row: dict[str, str], table: Table) -> dict[str, object]:
    typed: dict[str, object] = {}
    for column in table.c:
        written = row[column.name]
        if column.type.python_type is not dt.date:
            typed[column.name] = written
            continue
        try:
            typed[column.name] = dt.date.fromisoformat(written) if written or not column.nullable else None
        except ValueError:
            finding = Finding(f"line {line}", column.name, str(written)[:80], "a date such as 2020-10-01")
            raise InvalidRows(f"{path.name} has a wrong date", [finding]) from None
    return typed


def load_catalogue(conn: Connection, folder: Path, actor: str) -> dict[str, object]:
    """Load indicators, sources, region sets and municipal changes; return their numbers.

    An indicator that has changed gets a new revision; one that left the table is removed with its figures
    only when it has none, and refused otherwise.
    """
    catalogue = read_catalogue(folder / "indicators.csv")
    stored = {row.id: row.definition for row in conn.execute(select(indicator)).all()}
    gone = sorted(set(stored) - set(catalogue))
    if gone:
        findings = [Finding("catalogue", "id", name, "a row in indicators.csv") for name in gone]
        raise InvalidRows("Indicators in the database are missing from the catalogue", findings)
    changed = []
    for name, one in catalogue.items():
        definition = _plain(to_json(one))
        if stored.get(name) == definition:
            continue
        changed.append(name)
        row = upsert(indicator).values(id=name, definition=definition, revision=1)
        grown = {"definition": definition, "revision": indicator.c.revision + 1}
        conn.execute(row.on_conflict_do_update(index_elements=["id"], set_=grown))
    sources = _read(folder / "sources.csv", source)
    for entry in sources:
        row = upsert(source).values(entry)
        conn.execute(row.on_conflict_do_update(index_elements=["id"], set_=entry))
    report: dict[str, object] = {"indicators": len(catalogue), "changed": changed, "sources": len(sources)}
    for table, file in ((region_set, "region_sets.csv"), (area_change, "area_changes.csv")):
        report[table.name] = _replaced(conn, table, _read(folder / file, table))
    if changed:
        conn.execute(
            insert(audit).values(actor=actor, action="load catalogue", subject="catalogue", detail=report)
        )
        notify(conn, "catalogue:")
    return report


def _plain(definition: dict[str, object]) -> dict[str, object]:
    categories = definition["categories"]
    return definition | {"categories": list(categories) if isinstance(categories, Sequence) else []}


def _replaced(conn: Connection, table: Table, rows: list[dict[str, object]]) -> int:
    conn.execute(delete(table))
    if rows:
        conn.execute(insert(table), rows)
    return len(rows)


REGIONS = {
    "tokyo-area": ("東京圏", "Tokyo area", (11, 12, 13, 14)),
    "outside-tokyo-area": (
        "東京圏以外",
        "Outside the Tokyo area",
        tuple(set(range(1, 48)) - {11, 12, 13, 14}),
    ),
    "nation": ("全国", "Japan", tuple(range(1, 48))),
    "hokkaido": ("北海道", "Hokkaido", (1,)),
    "tohoku": ("東北", "Tohoku", (2, 3, 4, 5, 6, 7)),
    "kanto": ("関東", "Kanto", (8, 9, 10, 11, 12, 13, 14)),
    "chubu": ("中部", "Chubu", (15, 16, 17, 18, 19, 20, 21, 22, 23)),
    "kinki": ("近畿", "Kinki", (24, 25, 26, 27, 28, 29, 30)),
    "chugoku": ("中国", "Chugoku", (31, 32, 33, 34, 35)),
    "shikoku": ("四国", "Shikoku", (36, 37, 38, 39)),
    "kyushu-okinawa": ("九州・沖縄", "Kyushu and Okinawa", (40, 41, 42, 43, 44, 45, 46, 47)),
}


def ship_regions(catalog: Path) -> int:
    """Write ``region_sets.csv``: the Tokyo area, what lies outside it, and the eight regions of Japan."""
    rows = [
        (name, prefecture_of(f"{number:02d}000"), "1970-04-01", "", ja, en)
        for name, (ja, en, members) in REGIONS.items()
        for number in sorted(members)
    ]
    with (catalog / "region_sets.csv").open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened, lineterminator="\n")
        table.writerow(["id", "area_code", "valid_from", "valid_to", "name_ja", "name_en"])
        table.writerows(rows)
    return len(rows)


def ship_changes(real_data: Path, catalog: Path) -> int:
    """Write ``area_changes.csv`` from the municipal changes since 1970 (e-Stat 廃置分合等情報)."""
    with (real_data / "codes/absorption_separation.csv").open(encoding="utf-8", newline="") as opened:
        rows = sorted(
            {
                (
                    row["date"],
                    row["type"],
                    row["from_city_code"],
                    row["to_city_code"],
                    row["from_city_name"] or row["from_city_desig_name"],
                    row["to_city_name"] or row["to_city_desig_name"],
                )
                for row in csv.DictReader(opened)
                if row["from_city_code"] and row["to_city_code"]  # 郡 have none
            }
        )
    with (catalog / "area_changes.csv").open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened, lineterminator="\n")
        table.writerow(["date", "kind", "from_code", "to_code", "from_name", "to_name"])
        table.writerows(rows)
    return len(rows)
