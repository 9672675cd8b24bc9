"""The catalogue into the database: tables a person edits under ``data/catalog/``."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, Table, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from geo.errors import Finding, InvalidFile, InvalidRows
from geo.figures.indicators import Indicator, read_folder, to_json
from geo.figures.ssds import PREFIX
from geo.periods import is_of
from geo.strategy.kpis import Actual, Kpi, faults, with_actuals
from geo.strategy.plan import Strategy, read_kpis, read_strategy
from geo.transit.access import Definition
from geo.transit.gap_definitions import gap_indicators, read_definitions
from service.db import versions
from service.db.documents import definition_to_body, kpi_from_row, kpi_to_body, strategy_to_body
from service.db.tables import (
    area_change,
    area_history,
    area_share,
    audit,
    gap_definition,
    indicator,
    industry,
    kpi,
    missing_operator,
    observed,
    region_set,
    source,
    strategy,
)
from service.figures.vectors import write_all, write_vectors
from service.memory import revisions
from service.strategy.deployment_load import SHIPPER
from service.strategy.kpi_load import known


def _read(path: Path, table: Table) -> list[dict[str, object]]:
    """Return the rows of a catalogue table; its header must be the columns of the database table."""
    columns = [column.name for column in table.c]
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        if sorted(reader.fieldnames or []) != sorted(columns):
            told = ",".join(reader.fieldnames or [])
            raise InvalidFile(
                f"{path.name} has another header", [Finding("line 1", "header", told, ",".join(columns))]
            )
        return [_typed(path, line, row, table) for line, row in enumerate(reader, 2)]


def _typed(path: Path, line: int, row: dict[str, str], table: Table) -> dict[str, object]:
    typed: dict[str, object] = {}
    for column in table.c:
        written, parsed = row[column.name], _PARSED.get(column.type.python_type)
        if parsed is None:
            typed[column.name] = written
            continue
        read, expected = parsed
        try:
            typed[column.name] = read(written) if written or not column.nullable else None
        except ValueError:
            finding = Finding(f"line {line}", column.name, str(written), expected)
            raise InvalidRows(f"{path.name} has a wrong {column.name}", [finding]) from None
    return typed


#: Type of a column → how a cell of it is read, and what is expected there.
_PARSED: Mapping[type, tuple[Callable[[str], object], str]] = {
    dt.date: (dt.date.fromisoformat, "a date such as 2020-10-01"),
    int: (int, "a whole number"),
}


def _refuse_other_kinds(conn: Connection, catalogue: Mapping[str, Indicator]) -> None:
    """Refuse another kind of period for an indicator than that of its figures in the database."""
    newest = select(observed.c.indicator, func.max(observed.c.period)).group_by(observed.c.indicator)
    findings = [
        Finding(name, "period_kind", catalogue[name].period_kind, f"what {period} is, which is loaded")
        for name, period in conn.execute(newest)
        if name in catalogue and not is_of(period, catalogue[name].period_kind)
    ]
    if findings:
        raise InvalidRows("Figures in the database have periods of another kind", findings)


def load_catalogue(conn: Connection, folder: Path, actor: str) -> dict[str, object]:
    """Load indicators, sources, region sets, changes, industries, strategy and KPIs; return their numbers.

    What follows from an indicator that has changed, or from other municipal changes, is written anew. An
    indicator that left the table is refused, but for items that ``chiiki ingest ssds`` has added.
    """
    definitions = read_definitions(folder / "gap_definitions.csv")
    catalogue = read_folder(folder) | gap_indicators(definitions)
    stored = {row.id: row.definition for row in conn.execute(select(indicator)).all()}
    gone = sorted(name for name in set(stored) - set(catalogue) if not name.startswith(PREFIX))
    if gone:
        findings = [Finding("catalogue", "id", name, "a row in indicators.csv") for name in gone]
        raise InvalidRows("Indicators in the database are missing from the catalogue", findings)
    _refuse_other_kinds(conn, catalogue)
    told = {name: _plain(to_json(one)) for name, one in catalogue.items()}
    changed = [name for name, definition in told.items() if stored.get(name) != definition]
    if changed:
        row = upsert(indicator)
        row = row.on_conflict_do_update(index_elements=["id"], set_={"definition": row.excluded.definition})
        conn.execute(row, [{"id": name, "definition": told[name]} for name in changed])
    subjects = list(map(revisions.indicator, changed))
    sources = _read(folder / "sources.csv", source)
    subjects += map(revisions.source, put_sources(conn, sources))
    report: dict[str, object] = {"indicators": len(catalogue), "changed": changed, "sources": len(sources)}
    replaced = (
        (region_set, "region_sets.csv", revisions.REGION_SETS),
        (area_change, "area_changes.csv", revisions.AREA_CHANGES),
        (area_history, "area_history.csv", revisions.AREA_HISTORY),
        (area_share, "area_shares.csv", revisions.AREA_HISTORY),
        (industry, "industries.csv", revisions.INDUSTRIES),
        (missing_operator, "missing_operators.csv", revisions.MISSING_OPERATORS),
    )
    for table, file, subject in replaced:
        rows = _read(folder / file, table)
        report[table.name] = len(rows)
        subjects += [subject] if _replaced(conn, table, rows) else []
    for loaded, others in (
        _load_definitions(conn, definitions),
        _load_strategy(conn, read_strategy(folder)),
        _load_kpis(conn, folder, catalogue),
    ):
        report |= loaded
        subjects += others
    if not {revisions.AREA_CHANGES, revisions.AREA_HISTORY}.isdisjoint(subjects):
        write_all(conn)
    elif changed:
        write_vectors(conn, dict.fromkeys(changed))
    if subjects:
        conn.execute(
            insert(audit).values(actor=actor, action="load catalogue", subject="catalogue", detail=report)
        )
        revisions.changed(conn, *subjects)
    return report


def put_sources(conn: Connection, sources: Sequence[Mapping[str, object]]) -> list[str]:
    """Store what sources are called; return the ids of those that are new or other than before."""
    stored = {row["id"]: dict(row) for row in conn.execute(select(source)).mappings()}
    others = [entry for entry in sources if stored.get(entry["id"]) != entry]
    for entry in others:
        row = upsert(source).values(entry)
        conn.execute(row.on_conflict_do_update(index_elements=["id"], set_=dict(entry)))
    return [str(entry["id"]) for entry in others]


#: What a step of a load reports, and the subjects that it changed.
Loaded = tuple[dict[str, object], list[str]]


def _load_definitions(conn: Connection, definitions: Sequence[Definition]) -> Loaded:
    stored = {row.id: row.body for row in conn.execute(select(gap_definition)).all()}
    bodies = {one.id: definition_to_body(one) for one in definitions}
    others = [name for name in stored | bodies if stored.get(name) != bodies.get(name)]
    for name in others:
        if name in bodies:
            row = upsert(gap_definition).values(id=name, body=bodies[name])
            conn.execute(row.on_conflict_do_update(index_elements=["id"], set_={"body": bodies[name]}))
    conn.execute(delete(gap_definition).where(gap_definition.c.id.not_in(list(bodies))))
    return {"gap definitions": len(bodies)}, list(map(revisions.gaps, others))


def _load_strategy(conn: Connection, one: Strategy) -> Loaded:
    body = strategy_to_body(one)
    is_other = conn.scalar(select(strategy.c.body).where(strategy.c.id == one.id)) != body
    if is_other:
        row = upsert(strategy).values(id=one.id, body=body)
        conn.execute(row.on_conflict_do_update(index_elements=["id"], set_={"body": body}))
    report: dict[str, object] = {"strategy": one.id, "goals": len(one.goals), "measures": len(one.measures)}
    return report, [revisions.STRATEGY] if is_other else []


def _load_kpis(conn: Connection, folder: Path, catalogue: Mapping[str, Indicator]) -> Loaded:
    """Load the national KPIs; actuals that stewards have entered stay, and win over the catalogue's."""
    kpis = read_kpis(folder)
    context = known(conn, read_strategy(folder), {name: one.period_kind for name, one in catalogue.items()})
    findings = [replace(f, where=f"{one.id}: {f.where}") for one in kpis for f in faults(one, context)]
    if findings:
        raise InvalidRows(f"The KPIs have {len(findings)} faults", findings)
    stored = {row.id: kpi_from_row(row) for row in conn.execute(versions.current(kpi)).all()}
    bodies = {one.id: kpi_to_body(with_actuals(one, _entered(stored.get(one.id)))) for one in kpis}
    change = versions.put(conn, kpi, bodies, actor=SHIPPER, subject="catalogue")
    return {"kpis": len(kpis), "kpis changed": list(change.touched)}, list(map(revisions.kpi, change.touched))


def _entered(before: Kpi | None) -> list[Actual]:
    return [one for one in before.actuals if one.entered_by] if before else []


def _plain(definition: dict[str, object]) -> dict[str, object]:
    """Return a definition as the database tells it: with lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in definition.items()}


def _replaced(conn: Connection, table: Table, rows: list[dict[str, object]]) -> bool:
    """Make these the rows of a table; return whether it had others."""
    key = [column.name for column in table.primary_key]
    stored = {tuple(row[name] for name in key): dict(row) for row in conn.execute(select(table)).mappings()}
    given = {tuple(row[name] for name in key): row for row in rows}
    if table is area_share:  # what outlines have told (``service.areas.parts``) stays
        rows = [*rows, *(row for way, row in stored.items() if row["basis"] == "area" and way not in given)]
        given = {tuple(row[name] for name in key): row for row in rows}
    if stored == given:
        return False
    conn.execute(delete(table))
    if rows:
        conn.execute(insert(table), rows)
    return True


#: id → names and prefecture numbers.
REGIONS: dict[str, tuple[str, str, tuple[int, ...]]] = {
    "tokyo-area": ("東京圏", "Tokyo area", (11, 12, 13, 14)),
    "outside-tokyo-area": (
        "東京圏以外",
        "Outside the Tokyo area",
        tuple(set(range(1, 48)) - {11, 12, 13, 14}),
    ),
    "nation": ("全国", "Japan", tuple(range(1, 48))),
    "nagoya-area": ("名古屋圏", "Nagoya area", (21, 23, 24)),
    "osaka-area": ("大阪圏", "Osaka area", (26, 27, 28, 29)),
    "hokkaido": ("北海道", "Hokkaido", (1,)),
    "tohoku": ("東北", "Tohoku", (2, 3, 4, 5, 6, 7)),
    "kanto": ("関東", "Kanto", (8, 9, 10, 11, 12, 13, 14)),
    "chubu": ("中部", "Chubu", (15, 16, 17, 18, 19, 20, 21, 22, 23)),
    "kinki": ("近畿", "Kinki", (24, 25, 26, 27, 28, 29, 30)),
    "chugoku": ("中国", "Chugoku", (31, 32, 33, 34, 35)),
    "shikoku": ("四国", "Shikoku", (36, 37, 38, 39)),
    "kyushu-okinawa": ("九州・沖縄", "Kyushu and Okinawa", (40, 41, 42, 43, 44, 45, 46, 47)),
}

#: Wide-area regions (広域リージョン) as declared: since when, names, members. 関西 has declared one too,
#: without naming its prefectures.
WIDE_REGIONS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "wide-chugoku": (
        "2025-09-03",
        "中国地域広域リージョン",
        "Wide-area region of Chugoku",
        ("31000", "32000", "33000", "34000", "35000"),
    ),
    "wide-kyushu": (
        "2025-10-20",
        "九州・沖縄・山口広域リージョン",
        "Wide-area region of Kyushu, Okinawa and Yamaguchi",
        ("35000", "40000", "41000", "42000", "43000", "44000", "45000", "46000", "47000"),
    ),
    "wide-chubu": (
        "2025-11-26",
        "中部広域リージョン",
        "Wide-area region of Chubu",
        (
            *(f"{number}000" for number in range(16, 26)),
            *("22100", "22130", "23100"),
        ),
    ),
    "wide-tohoku-niigata": (
        "2025-11-27",
        "東北・新潟広域リージョン",
        "Wide-area region of Tohoku and Niigata",
        ("02000", "03000", "04000", "05000", "06000", "07000", "15000"),
    ),
}


#: Core cities (中核市) of today, by the day on which each became one. Those that have become designated
#: cities since are not among them.
CORE_CITIES = {
    "1996-04-01": "09201 16201 17201 21201 28201 46201",
    "1997-04-01": "05201 07203 30201 42201 44201",
    "1998-04-01": "23211 34207 39201 45201",
    "1999-04-01": "07204 20201 23201 37201",
    "2000-04-01": "01204 38201",
    "2001-04-01": "14201",
    "2002-04-01": "29201 33202",
    "2003-04-01": "11201 12204 23202 27207",
    "2005-04-01": "27227",
    "2005-10-01": "01202 35201",
    "2006-10-01": "02201",
    "2008-04-01": "03201 12217 28204 40203",
    "2009-04-01": "10201 25201 28202",
    "2011-04-01": "10202",
    "2012-04-01": "27203",
    "2013-04-01": "47201",
    "2014-04-01": "27210",
    "2015-04-01": "11222 13201",
    "2016-04-01": "34202 42202",
    "2017-01-01": "02203",
    "2018-04-01": "07201 11203 27212 28203 31201 32201",
    "2019-04-01": "06201 18201 19201 27215",
    "2020-04-01": "08201 27205",
    "2021-04-01": "20202 23203",
}


def ship_regions(catalog: Path) -> int:
    """Write ``region_sets.csv``: metropolitan areas, blocs, wide regions, core cities."""
    rows = [
        (name, f"{number:02d}000", "1970-04-01", "", ja, en)
        for name, (ja, en, members) in REGIONS.items()
        for number in sorted(members)
    ]
    rows += [
        (name, code, since, "", ja, en)
        for name, (since, ja, en, codes) in WIDE_REGIONS.items()
        for code in sorted(codes)
    ]
    rows += [
        ("core-cities", code, since, "", "中核市", "Core cities")
        for since, codes in CORE_CITIES.items()
        for code in codes.split()
    ]
    with (catalog / "region_sets.csv").open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened, lineterminator="\n")
        table.writerow(["id", "area_code", "valid_from", "valid_to", "name_ja", "name_en"])
        table.writerows(rows)
    return len(rows)


#: A change of districts (郡): the towns and villages in them stay what they are, under other codes.
OF_DISTRICTS = "郡の区域変更"


def ship_changes(real_data: Path, catalog: Path) -> int:
    """Write ``area_changes.csv`` from the municipal changes since 1970 (e-Stat 廃置分合等情報).

    Where towns change their district together, the list pairs each of them with all: 穴水町 with 門前町.
    """
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
                if row["from_city_code"]
                and row["to_city_code"]  # 郡 have none
                and (row["type"] != OF_DISTRICTS or row["from_city_name"] == row["to_city_name"])
            }
        )
    with (catalog / "area_changes.csv").open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened, lineterminator="\n")
        table.writerow(["date", "kind", "from_code", "to_code", "from_name", "to_name"])
        table.writerows(rows)
    return len(rows)
