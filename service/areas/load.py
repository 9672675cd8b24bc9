"""Boundary files into the database: areas, outlines, tiles; all of a vintage or none of it."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy import Connection, func, insert, select, update

from geo.areas.boundaries import COLLAPSED, WHOLES, WITHOUT_OUTLINE, Columns, read_boundaries
from geo.areas.history import History
from geo.areas.lineage import absent
from geo.areas.outlines import TOLERANCES, Area, areas_of
from geo.codes import DESIGNATED_CITIES, SPECIAL_WARDS, WARD_CITY, prefecture_of
from geo.errors import Finding, InvalidParameter, InvalidRows, NotFound
from geo.files.topojson import read_document, regrouped
from service.areas.names import Name, read_names
from service.areas.parts import store_parts
from service.areas.tiles import TOP_ZOOM, encode_tiles
from service.db.tables import area, audit, vector, vintage
from service.figures.vectors import changes_of, history_of, take_turn, write_all
from service.memory import revisions
from service.operations.crew import Crew

#: Decimals of a coordinate in GeoJSON: about a tenth of the detail's tolerance.
DIGITS = {"low": 4, "medium": 5, "high": 7}

#: Of so many areas of a file the dates may be wrong: a list may have a ward that the map has not.
TOLERATED = 0.005

#: The texts of so many outlines are held at a time.
OUTLINES_AT_ONCE = 100

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Credit:
    """Who made the boundaries and what their use asks for."""

    title_ja: str
    title_en: str
    source: str
    credit_ja: str
    credit_en: str
    licence: str


#: N03 of any edition. The wording is the one the Ministry of Land asks for.
N03 = Credit(
    title_ja="行政区域",
    title_en="Administrative areas",
    source="国土数値情報（行政区域データ）（国土交通省）",
    credit_ja="「国土数値情報（行政区域データ）」（国土交通省）を加工して作成",
    credit_en="Made by processing “National Land Numerical Information (Administrative Areas)” "
    "(Ministry of Land, Infrastructure, Transport and Tourism)",
    licence="国土情報利用約款 (terms of use of National Land Numerical Information)",
)

#: N03 of 2025, whose licence is another, as the Digital Agency hands it out.
N03_2025 = replace(
    N03,
    source=f"{N03.source}（デジタル庁が簡素化）",
    licence="CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/legalcode.ja)",
)


@dataclass(frozen=True)
class Shipped:
    """Boundaries that ship: their published file, the column of codes, what else is kept, whom to credit."""

    file: str
    code: str
    kept: tuple[str, ...]
    credit: Credit


SHIPPED = {
    dt.date(2021, 1, 1): Shipped(
        "smartnews-n03-2021/N03-21_210101.s0010.topojson", "N03_007", ("N03_001", "N03_003", "N03_004"), N03
    ),
    dt.date(2025, 1, 1): Shipped(
        "n03-2025-digital-agency/ja_municipality_area.json", "lg_code_5", ("city_name",), N03_2025
    ),
}


def ingest_boundaries(  # noqa: PLR0913 (an option of the command each)
    conn: Connection,
    path: Path,
    date: dt.date,
    *,
    catalog: Path,
    credit: Credit = N03,
    crs: str | None = None,
    columns: Columns | None = None,
    actor: str = "command line",
    dry_run: bool = False,
    crew: Crew | None = None,
    progress: Progress = lambda _done, _total, _what: None,
) -> dict[str, object]:
    """Load a boundary file as the vintage of ``date``, in the caller's transaction; return a report.

    The same file again changes nothing. Another file for the same date replaces the vintage: who reads
    meanwhile gets the areas, outlines and values of before. Where it lies on the other side of a division
    than another vintage, the two tell the parts by area (``service.areas.parts``).

    Raises
    ------
    InvalidFile, InvalidRows, InvalidGeometry : nothing has been changed; the findings name the features
    """
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if conn.execute(select(vintage.c.sha256).where(vintage.c.vintage == date)).scalar() == sha256:
        return {"vintage": str(date), "unchanged": True}
    steps = 4 + TOP_ZOOM
    progress(0, steps, "reading")
    history = history_of(conn)
    names = _on(date, read_names(catalog), history)
    parts = read_boundaries(path, crs=crs, columns=columns)
    codes = {code for code in parts["code"] if code is not None}
    _refuse_unknown(codes, names)
    _refuse_misdated(codes, date, history)
    progress(1, steps, "simplifying")
    levels, found = areas_of(parts)
    report: dict[str, object] = {"vintage": str(date), "unchanged": False, **asdict(found)}
    report |= {name: parts.attrs[name] for name in (COLLAPSED, WITHOUT_OUTLINE, WHOLES)}
    lowest = next(iter(levels))
    report |= _completeness(conn, date, lowest, [found.code for found in levels[lowest]], names)
    if dry_run:
        return report
    progress(2, steps, "storing outlines")
    _replace_vintage(conn, date, credit, sha256, report)
    for level, areas in levels.items():
        _store_areas(conn, date, level, areas, names)
    for detail in TOLERANCES:
        _store_outlines(conn, date, detail, levels)
    report["tiles"] = encode_tiles(conn, date, lambda z: progress(3 + z, steps, f"tiles: zoom {z}"))
    report["divided"] = store_parts(conn, date)
    report |= write_all(conn, None if report["divided"] else [date], crew)
    conn.execute(update(vintage).where(vintage.c.vintage == date).values(report=report))
    conn.execute(
        insert(audit).values(actor=actor, action="ingest boundaries", subject=str(date), detail=report)
    )
    revisions.changed(conn, revisions.vintage(date))
    progress(steps, steps, "done")
    return report


def withdraw_boundaries(conn: Connection, date: dt.date, *, actor: str = "command line") -> dict[str, object]:
    """Take a vintage away with all that follows from it, in the caller's transaction; return a report.

    Whoever reads gets it until the transaction ends; after that its date is refused, and what names no date
    is of the set that is the default then. Figures stay as they were published.

    Raises
    ------
    NotFound : there is none of that date
    InvalidParameter : it is the only one, without which there are no maps
    """
    dates = sorted(conn.scalars(select(vintage.c.vintage)))
    if date not in dates:
        raise NotFound(
            f"No boundaries of {date} are loaded; there are: {', '.join(map(str, dates)) or 'none'}"
        )
    if dates == [date]:
        finding = Finding("argument", "DATE", str(date), "one of several: load another first")
        raise InvalidParameter("Without any boundaries there are no maps", [finding])
    take_turn(conn)
    vectors = conn.scalar(select(func.count()).select_from(vector).where(vector.c.vintage == date))
    conn.execute(vintage.delete().where(vintage.c.vintage == date))
    report: dict[str, object] = {
        "vintage": str(date),
        "vectors": vectors,
        "left": [str(one) for one in dates if one != date],
    }
    row = {"actor": actor, "action": "withdraw boundaries", "subject": str(date), "detail": report}
    conn.execute(insert(audit).values(row))
    revisions.changed(conn, revisions.vintage(date))
    return report


def _on(date: dt.date, names: Mapping[str, Name], history: History) -> dict[str, Name]:
    """Return the names of codes as they were on a date, where that is known."""
    spells = {code: history.name(code, date) for code in names}
    return {
        code: name
        if (spell := spells[code]) is None
        else Name(spell.ja, spell.kana, spell.en, spell.district)
        for code, name in names.items()
    }


def _refuse_misdated(codes: Collection[str], date: dt.date, history: History) -> None:
    """Refuse a file whose areas were never together on its date, and were on others."""
    strange = sorted(code for code in codes if code in history.names and history.name(code, date) is None)
    together = history.together(codes)
    if together is None or len(strange) <= TOLERATED * len(codes):
        return
    since, until = together
    days = f"from {since}" if until is None else f"from {since} to {until - dt.timedelta(1)}"
    told = ", ".join(strange[:5])
    finding = Finding("file", "--vintage", str(date), f"a day {days}, on which all its areas were there")
    raise InvalidRows(f"{len(strange)} of its areas were not there on {date}: {told} …", [finding])


def _refuse_unknown(codes: Collection[str], names: Mapping[str, Name]) -> None:
    unknown = sorted(set(codes) - set(names))
    if unknown:
        findings = [
            Finding(f"area {c}", "code", c, "a code of JIS X 0402 in use since 1970") for c in unknown
        ]
        raise InvalidRows(f"{len(unknown)} area codes do not exist", findings)


def _completeness(
    conn: Connection, date: dt.date, level: str, codes: Sequence[str], names: Mapping[str, Name]
) -> dict[str, object]:
    """Return what a file lacks or has too much of, by the municipal changes in the catalogue.

    A file of a few prefectures is a vintage too: areas are missed only in the prefectures it has; and so is
    one of municipalities alone (``level``), which lacks no ward.
    """
    changes = changes_of(conn)
    prefectures = {prefecture_of(code) for code in codes}
    lacking = [code for code in (f"{number:02d}000" for number in range(1, 48)) if code not in prefectures]
    if not changes:
        return {"missing_prefectures": lacking}
    gone = absent(date, changes)
    wholes = {SPECIAL_WARDS, *(DESIGNATED_CITIES if level == "ward" else WARD_CITY)}
    existing = {c for c in names if not c.endswith("000")} - wholes - gone
    return {
        "missing_prefectures": lacking,
        "missing": sorted(c for c in existing - set(codes) if prefecture_of(c) in prefectures),
        "not_in_use": sorted(gone.intersection(codes)),
    }


def _replace_vintage(
    conn: Connection, date: dt.date, credit: Credit, sha256: str, report: Mapping[str, object]
) -> None:
    conn.execute(vintage.delete().where(vintage.c.vintage == date))
    row = {**asdict(credit), "vintage": date, "sha256": sha256, "report": report}
    conn.execute(insert(vintage).values(row))


def _store_areas(
    conn: Connection, date: dt.date, level: str, areas: Sequence[Area], names: Mapping[str, Name]
) -> None:
    columns = [column.name for column in area.c]
    with conn.connection.cursor().copy(f"copy area ({', '.join(columns)}) from stdin") as copy:
        for position, found in enumerate(areas):
            copy.write_row(_area_row(date, level, position, found, names.get(found.code)))


def _store_outlines(
    conn: Connection, date: dt.date, detail: str, levels: Mapping[str, Sequence[Area]]
) -> None:
    """Store the outlines of a detail; one that levels share is written as text once."""
    outlines: dict[int, shapely.MultiPolygon] = {}
    users: dict[int, list[tuple[str, int]]] = {}
    for level, areas in levels.items():
        for position, found in enumerate(areas):
            outline = found.outlines[detail]
            outlines[id(outline)] = outline
            users.setdefault(id(outline), []).append((level, position))
    columns = "vintage, level, detail, position, geojson, geom"
    with conn.connection.cursor().copy(f"copy outline ({columns}) from stdin") as copy:
        for start in range(0, len(outlines), OUTLINES_AT_ONCE):
            some = [*outlines][start : start + OUTLINES_AT_ONCE]
            shapes = np.array([outlines[number] for number in some], object)
            for number, text, shape in zip(some, _geojson_texts(shapes, DIGITS[detail]), shapes, strict=True):
                encoded = _ewkb(shape)
                for level, position in users[number]:
                    copy.write_row((date, level, detail, position, text, encoded))


def _area_row(date: dt.date, level: str, position: int, found: Area, name: Name | None) -> tuple[object, ...]:
    high = found.outlines["high"]
    islands = shapely.get_parts(high)
    inside = shapely.point_on_surface(islands[np.argmax(shapely.area(islands))])
    # A file that has only a joined name (prefecture, district, municipality), or of a ward its own alone,
    # says less than the table.
    is_said_better = name is not None and (
        not found.name or name.ja in found.name or (found.code in WARD_CITY and name.ja.endswith(found.name))
    )
    ja = name.ja if name is not None and is_said_better else found.name
    return (
        date,
        level,
        found.code,
        position,
        found.kind,
        found.prefecture,
        found.parent,
        ja,
        name.kana if name else "",
        name.en if name else "",
        found.area_km2,
        inside.x,
        inside.y,
        list(high.bounds),
        _ewkb(high),
    )


def _ewkb(geometry: shapely.Geometry) -> str:
    return shapely.to_wkb(shapely.set_srid(geometry, 4326), hex=True, include_srid=True)


def _geojson_texts(outlines: np.ndarray[tuple[int], np.dtype[np.object_]], digits: int) -> list[str]:
    """Return GeoJSON texts with rounded coordinates; where rounding breaks an outline, it stays as it is."""
    rounded = shapely.transform(outlines, lambda vertices: vertices.round(digits))
    sound = shapely.is_valid(rounded)
    return [shapely.to_geojson(r if ok else o) for r, o, ok in zip(rounded, outlines, sound, strict=True)]


def ship_boundaries(real_data: Path, data: Path) -> list[str]:
    """Write the nationwide boundaries that ship, one feature per code; return their files."""
    return [str(_ship(real_data / "boundaries", data, date, one)) for date, one in SHIPPED.items()]


def _ship(published: Path, data: Path, date: dt.date, one: Shipped) -> Path:
    document = regrouped(read_document(published / one.file), one.code, (*one.kept, one.code))
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    target = data / "boundaries" / str(date) / "areas.topojson.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(body.encode(), 9, mtime=0))
    return target
