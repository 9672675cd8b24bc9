"""Stops, population grids and the gaps counted from them, into the database."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from geo.codes import prefecture_of
from geo.errors import Finding, InvalidFile, NotEnoughData, NotFound
from geo.figures.observations import Row
from geo.transit import mesh
from geo.transit.access import Definition
from geo.transit.gaps import PEOPLE, Gap, Partition, gap_of
from geo.transit.grids import Grid, read_grid
from geo.transit.gtfs import read_gtfs
from geo.transit.lines import Line
from geo.transit.point_files import read_bus_stops, read_stations
from geo.transit.stops import UNKNOWN, Stops, of_feed
from service.areas.gazetteer import PREFECTURES
from service.db.documents import definition_from_body
from service.db.tables import audit, gap_basis, gap_definition, grid, source, stop_source
from service.figures.load import Figures, load_observations
from service.memory import revisions
from service.operations.crew import Crew, Job, answers
from service.transit.queries import boundaries_of, extract_of, partition_from


@dataclass(frozen=True)
class Credit:
    """What a dataset is called, whose it is, and what its use asks for; in Japanese and English."""

    title_ja: str
    title_en: str
    credit_ja: str
    credit_en: str
    licence: str


def load_stops(
    conn: Connection,
    path: Path,
    name: str,
    credit: Credit,
    *,
    kind: str,
    actor: str,
    dates: Mapping[str, dt.date] | None = None,
    rail: str = "midpoint",
) -> dict[str, object]:
    """Load the stops of a file as the source ``name``, in place of what it had; return a report.

    Parameters
    ----------
    kind : ``gtfs``, ``p11`` or ``n02``
    dates : kind of day → date to take from a timetable, where not the usual one
    rail : ``midpoint`` or ``line``, for stations

    Raises
    ------
    InvalidFile, InvalidRows : nothing has been changed
    """
    head: dict[str, object] = {"kind": kind}
    notes: Sequence[str] = ()
    if kind == "gtfs":
        feed = read_gtfs(path, dates)
        stops = of_feed(feed)
        told = {day: str(date) if date else None for day, date in feed.dates.items()}
        head |= {"valid_from": feed.valid_from, "valid_to": feed.valid_to, "dates": told}
        notes = feed.notes
    elif kind == "p11":
        stops = read_bus_stops(path)
    elif kind == "n02":
        stops = read_stations(path, rail)
        head |= {"dates": {"rail": rail}}
    else:
        finding = Finding("parameter", "kind", kind, "gtfs, p11 or n02")
        raise InvalidFile("There is no such kind of stops", [finding])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return store_stops(conn, stops, name, credit, head, digest, actor, notes)


def store_stops(
    conn: Connection,
    stops: Stops,
    name: str,
    credit: Credit,
    head: Mapping[str, object],
    digest: str,
    actor: str,
    notes: Sequence[str] = (),
) -> dict[str, object]:
    """Make these the stops of a source; none never take the place of what is there.

    Parameters
    ----------
    notes : what the report tells besides
    """
    if not len(stops):
        raise InvalidFile("There are no stops", [Finding("file", "stops", "none", "at least one stop")])
    conn.execute(delete(stop_source).where(stop_source.c.id == name))
    row = {"dates": {}, **vars(credit), **head, "id": name, "sha256": digest}
    conn.execute(insert(stop_source).values(row))
    points = shapely.to_wkb(
        shapely.set_srid(shapely.points(stops.lon, stops.lat), 4326), hex=True, include_srid=True
    )
    columns = 'source, id, name, mode, classes, "group", departures, geom'
    with conn.connection.cursor().copy(f"copy stop ({columns}) from stdin") as copy:
        for place, point in enumerate(points):
            counts = stops.departures[place]
            copy.write_row(
                (
                    name,
                    stops.ids[place],
                    stops.names[place],
                    stops.modes[place],
                    stops.classes[place],
                    stops.groups[place],
                    None if counts[0, 0] == UNKNOWN else counts.ravel().tolist(),
                    point,
                )
            )
    _store_lines(conn, name, stops)
    conn.execute(text("analyze stop"))  # gaps may be counted before the database does it by itself
    report: dict[str, object] = {"source": name, "stops": len(stops)}
    report |= {key: str(value) if isinstance(value, dt.date) else value for key, value in head.items()}
    if notes:
        report["notes"] = list(notes)
    conn.execute(insert(audit).values(actor=actor, action="load stops", subject=name, detail=report))
    revisions.changed(conn, revisions.stops(name))
    return report


def _store_lines(conn: Connection, name: str, stops: Stops) -> None:
    """Keep the lines of each stop: those of its poles together, each once, in their order."""
    by_group: dict[str, dict[Line, None]] = {}
    for group, lines in zip(stops.groups.tolist(), stops.lines.tolist(), strict=True):
        by_group.setdefault(group, {}).update(dict.fromkeys(lines))
    columns = 'source, "group", place, number, name, mode, departures'
    with conn.connection.cursor().copy(f"copy stop_line ({columns}) from stdin") as copy:
        for group, found in by_group.items():
            for place, one in enumerate(found):
                told = one.departures and list(one.departures)
                copy.write_row((name, group, place, one.number, one.name, one.mode, told))


def load_grid(
    conn: Connection,
    paths: Sequence[Path],
    name: str,
    year: str,
    credit: Credit,
    actor: str,
    *,
    prefectures: Sequence[str] = (),
) -> dict[str, object]:
    """Load a population grid from its files, in place of what it had; return a report.

    Parameters
    ----------
    prefectures : codes, where the files tell the residents of these prefectures alone
    """
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    found = read_grid(paths)
    if not np.isfinite(found.columns["population"]).any():
        told = ", ".join(f"{reason}: {number}" for reason, number in found.without_figure.items())
        finding = Finding(", ".join(path.name for path in paths), "population", told, "counts of people")
        raise InvalidFile("No cell tells its people", [finding])
    report = store_grid(conn, found, name, year, credit, digest, actor)
    if prefectures:
        conn.execute(update(grid).where(grid.c.id == name).values(prefectures=list(prefectures)))
    return report


def store_grid(
    conn: Connection, found: Grid, name: str, year: str, credit: Credit, digest: str, actor: str
) -> dict[str, object]:
    """Make these cells a grid."""
    told = [column for column in PEOPLE if column in found.columns]
    people = found.columns["population"]
    report: dict[str, object] = {
        "grid": name,
        "cells": len(found),
        "size": mesh.NAMES[found.digits],
        "population": float(np.nansum(people)) if np.isfinite(people).any() else None,
        "cells_without_figure": found.without_figure,
        "spread": found.spread,
        "joined": found.joined,
    }
    conn.execute(delete(grid).where(grid.c.id == name))
    row = {**vars(credit), "id": name, "digits": found.digits, "year": year, "columns": told}
    conn.execute(insert(grid).values(row | {"sha256": digest, "report": report}))
    box = mesh.bounds(found.codes.tolist())
    cells = shapely.set_srid(shapely.box(box[:, 1], box[:, 0], box[:, 3], box[:, 2]), 4326)
    outlines = shapely.to_wkb(cells, hex=True, include_srid=True)
    columns = ["population", "population_65_plus", "population_75_plus"]
    values = [found.columns.get(column, np.full(len(found), np.nan)) for column in columns]
    with conn.connection.cursor().copy(
        f"copy cell (grid, code, status, {', '.join(columns)}, geom) from stdin"
    ) as copy:
        listed = zip(found.codes.tolist(), found.statuses.tolist(), outlines, strict=True)
        for place, (code, status, outline) in enumerate(listed):
            counts = [None if np.isnan(column[place]) else float(column[place]) for column in values]
            copy.write_row((name, code, status, *counts, outline))
    conn.execute(text("analyze cell"))
    conn.execute(insert(audit).values(actor=actor, action="load grid", subject=name, detail=report))
    revisions.changed(conn, revisions.grid(name))
    return report


# Counting


def definitions_of(conn: Connection, names: Sequence[str] = ()) -> list[Definition]:
    """Return the definitions of the catalogue, or those named; NotFound lists what exists."""
    rows = conn.execute(select(gap_definition).order_by(gap_definition.c.id)).all()
    found = {row.id: definition_from_body(row.body) for row in rows}
    unknown = [name for name in names if name not in found]
    if unknown:
        raise NotFound(f"No definition is called {unknown[0][:80]!r}; there are: {', '.join(found)}")
    return [found[name] for name in names or found]


_MUNICIPALITIES = text(
    """
    select code, ST_AsBinary(geom) as geom from area
    where vintage = :vintage and level = 'municipality' order by code
    """
)


@dataclass(frozen=True)
class _Counted:
    """Municipalities of a prefecture that are counted together.

    Attributes
    ----------
    sources : of the stops in reach
    editions : the date of the boundaries that each one's outline is of
    """

    codes: Sequence[str]
    partition: Partition
    sources: Collection[str]
    editions: Sequence[dt.date]


def _told(
    conn: Connection, grid_id: str, whole: Sequence[str], date: dt.date, wanted: Sequence[str]
) -> tuple[list[list[str]], bool]:
    """Return the municipalities that a grid tells, by prefecture, and whether all else is sea.

    ``whole`` are prefectures whose residents the grid tells, all of them and no others; none for a grid that
    tells everybody.
    """
    rows = conn.execute(_MUNICIPALITIES, {"vintage": date}).all()
    outlines = {row.code: shapely.from_wkb(row.geom) for row in rows}
    sea = len({code[:2] for code in outlines}) == PREFECTURES
    boxes = shapely.bounds(np.array(list(outlines.values()), object))
    told = _primary_cells(conn, grid_id)
    by_prefecture: dict[str, list[str]] = {}
    for (code, outline), box in zip(outlines.items(), boxes, strict=True):
        if wanted and code not in wanted and code[:2] + "000" not in wanted:
            continue
        if whole:
            is_told = prefecture_of(code) in whole
        else:
            is_told = _primaries(box) <= told or _land_primaries(outline) <= told
        if is_told:
            by_prefecture.setdefault(code[:2], []).append(code)
    return list(by_prefecture.values()), sea


def _counted(conn: Connection, grid_id: str, date: dt.date, codes: Sequence[str], sea: bool) -> _Counted:
    extract = extract_of(conn, grid_id, date, codes)
    editions = [extract.editions[code] for code in codes]
    partition = partition_from(extract, sea=sea)
    return _Counted(codes, partition, set(extract.stop_lists["source"]), editions)


def _gaps(
    counted: Iterable[_Counted], chosen: Sequence[Definition], crew: Crew | None
) -> Iterator[tuple[_Counted, Definition, Gap]]:
    """Yield the gap of each partition under each definition.

    A partition is counted under all of them by one worker, which cuts its cells once. Here few partitions are
    held at a time, because the cut cells of a country take more than a gigabyte.
    """
    handed_out: deque[_Counted] = deque()

    def jobs() -> Iterator[Job]:
        for one in counted:
            handed_out.append(one)
            yield _gaps_of, one.partition, chosen, -1 if crew is None else 1

    for gaps in answers(crew, jobs()):
        one = handed_out.popleft()
        for definition, gap in zip(chosen, gaps, strict=True):
            yield one, definition, gap


def _gaps_of(partition: Partition, chosen: Sequence[Definition], threads: int) -> list[Gap]:
    return [gap_of(partition, definition, workers=threads) for definition in chosen]


def _primary_cells(conn: Connection, grid_id: str) -> set[str]:
    """Return the first meshes (80 km) that a grid has cells in: only areas wholly in them are told."""
    asked = text("select distinct left(code, 4) from cell where grid = :grid")
    return set(conn.execute(asked, {"grid": grid_id}).scalars())


def _primaries(box: np.ndarray[tuple[int], np.dtype[np.float64]]) -> set[str]:
    west, south, east, north = box.tolist()
    return {
        f"{y:02d}{x:02d}"
        for y in range(int(south * 1.5), int(north * 1.5) + 1)
        for x in range(int(west - 100), int(east - 100) + 1)
    }


def _land_primaries(outline: shapely.Geometry) -> set[str]:
    west, south, east, north = shapely.bounds(outline).tolist()
    codes = sorted(_primaries(np.array([west, south, east, north])))
    box = mesh.bounds(codes)
    met = shapely.intersects(outline, shapely.box(box[:, 1], box[:, 0], box[:, 3], box[:, 2]))
    return {code for code, meets in zip(codes, met.tolist(), strict=True) if meets}


def count_gaps(
    conn: Connection,
    names: Sequence[str],
    grid_id: str,
    *,
    actor: str,
    areas: Sequence[str] = (),
    crew: Crew | None = None,
    progress: Callable[[int, int, str], None] = lambda _done, _total, _what: None,
) -> dict[str, object]:
    """Count gaps on the newest whole boundaries and store them as observations and cells; return a report.

    Only municipalities wholly in the grid's first meshes, or in the prefectures whose residents it tells, are
    told: of others the grid may lack cells. A cell without a figure is left out; the report says how many of
    them a municipality has.

    Raises
    ------
    NotFound : no such grid or definition
    NotEnoughData : no municipality lies wholly in the grid, or there are no stops
    """
    chosen = definitions_of(conn, names)
    found = conn.execute(select(grid).where(grid.c.id == grid_id)).first()
    if found is None:
        listed = ", ".join(conn.execute(select(grid.c.id)).scalars()) or "none"
        raise NotFound(f"No grid is called {grid_id[:80]!r}; there are: {listed}")
    date = boundaries_of(conn)
    if date is None or not conn.execute(text("select exists (select from stop)")).scalar():
        raise NotEnoughData("Boundaries and stops are needed first: chiiki ingest stops")
    regions, sea = _told(conn, grid_id, found.prefectures, date, areas)
    if not regions:
        raise NotEnoughData("No municipality asked for lies wholly in the grid")
    total = len(regions) * len(chosen)
    counted = (_counted(conn, grid_id, date, codes, sea) for codes in regions)
    rows: list[Row] = []
    lacking: dict[str, int] = {}
    editions: dict[str, dt.date] = {}
    progress(0, total, "reading")
    for done, (one, definition, told) in enumerate(_gaps(counted, chosen, crew), 1):
        rows += _rows(definition, one.partition, told, found.year, found.columns)
        lacking |= {code: counts["population"].missing for code, counts in told.by_centre.items()}
        editions |= zip(one.codes, one.editions, strict=True)
        _store_cells(conn, definition, grid_id, one.partition, told)
        _store_basis(conn, definition, found, prefecture_of(one.codes[0]), one.sources)
        progress(done, total, f"{definition.id}: {one.codes[0][:2]}")
    conn.execute(text("analyze gap_cell"))
    progress(total, total, "stored")
    _put_source(conn, found)
    figures = Figures(list({(r.indicator, r.area_code): r for r in rows}.values()), "transport-gap", date)
    report = load_observations(conn, [figures], actor=actor, subject=f"transport gap {grid_id}")
    revisions.changed(conn, *(revisions.gaps(one.id) for one in chosen), revisions.source("transport-gap"))
    cut_by = Counter(map(str, editions.values()))
    return {
        "grid": grid_id,
        "vintage": str(date),
        "municipalities": cut_by.total(),
        "outlines": dict(sorted(cut_by.items())),
        "definitions": [one.id for one in chosen],
        "figures": report["rows"],
        "changed": report["added"],
        "cells_without_figure": {code: number for code, number in lacking.items() if number},
    }


def _rows(
    definition: Definition, partition: Partition, told: Gap, year: str, columns: Sequence[str]
) -> list[Row]:
    """Return the figures of a gap; a municipality none of whose cells has a figure has none either."""
    rows: list[Row] = []

    def add(indicator: str, code: str, value: float) -> None:
        is_known = bool(np.isfinite(value))
        status = "ok" if is_known else _reason(partition, told, code)
        rows.append(Row(indicator, code, year, value if is_known else None, status, "", 0))

    parts = {"population": "people", "population_65_plus": "people-65", "population_75_plus": "people-75"}
    for code, counts in told.by_area.items():
        for column, count in counts.items():
            if column in columns:
                add(f"gap-{parts[column]}-{definition.id}", code, count.gap)
                add(f"grid-{parts[column]}", code, count.all)
    for code, counts in told.by_centre.items():
        add(f"gap-people-centroid-{definition.id}", code, counts["population"].gap)
        add("grid-people-centroid", code, counts["population"].all)
    for code, count in told.land.items():
        add(f"gap-land-{definition.id}", code, count.gap / 1e6)
        add("grid-land", code, count.all / 1e6)
    return rows


def _reason(partition: Partition, told: Gap, code: str) -> str:
    """Return why nothing is known of a municipality's cells: suppressed, where one of them is."""
    inside = np.flatnonzero(told.cell_area == partition.areas.index(code))
    reasons = {partition.missing.get(partition.cells[place], "not_available") for place in inside.tolist()}
    return "secret" if "secret" in reasons else min(reasons, default="not_available")


def _store_cells(
    conn: Connection, definition: Definition, grid_id: str, partition: Partition, told: Gap
) -> None:
    own = np.flatnonzero((told.cell_area >= 0) & partition.own[told.cell_area])
    codes = [partition.cells[place] for place in own.tolist()]
    conn.execute(
        text("delete from gap_cell where definition = :definition and grid = :grid and code = any(:codes)"),
        {"definition": definition.id, "grid": grid_id, "codes": codes},
    )
    columns = "definition, grid, code, area, distance_m, covered, covered_share"
    with conn.connection.cursor().copy(f"copy gap_cell ({columns}) from stdin") as copy:
        for place, code in zip(own.tolist(), codes, strict=True):
            distance = float(told.distance_m[place])
            copy.write_row(
                (
                    definition.id,
                    grid_id,
                    code,
                    partition.areas[told.cell_area[place]],
                    distance if np.isfinite(distance) else None,
                    bool(told.covered[place]),
                    min(float(told.covered_share[place]), 1.0),
                )
            )


def _store_basis(
    conn: Connection, definition: Definition, counted: Any, prefecture: str, sources: Iterable[str]
) -> None:
    """Keep what the gap of a prefecture was counted from: it may be loaded anew before it is."""
    rows = conn.execute(select(stop_source).where(stop_source.c.id.in_(list(sources)))).all()
    stops = [
        {
            "id": row.id,
            "kind": row.kind,
            "title_ja": row.title_ja,
            "title_en": row.title_en,
            "date": row.dates.get(definition.day),
            "valid_from": row.valid_from and str(row.valid_from),
            "valid_to": row.valid_to and str(row.valid_to),
        }
        for row in rows
    ]
    body = {"year": counted.year, "stops": stops}
    key = {"definition": definition.id, "grid": counted.id, "prefecture": prefecture}
    made = upsert(gap_basis).values(**key, body=body)
    conn.execute(made.on_conflict_do_update(index_elements=list(key), set_={"body": body}))


def _put_source(conn: Connection, found: Any) -> None:
    """Name what the gaps were counted from: the grid's edition and those of the stops."""
    used = conn.execute(select(stop_source).order_by(stop_source.c.id)).all()
    row = {
        "id": "transport-gap",
        "title_ja": "交通空白の計算（停留所・駅とメッシュ人口）",
        "title_en": "Transport gaps (stops, stations and population grids)",
        "publisher": "chiiki",
        "edition": f"{found.id}; stops: {', '.join(one.id for one in used)}"[:4000],
        "url": "/v1/transport-gap",
        "licence": "各データの利用条件による。 The terms of the data used apply; see /v1/transport-gap.",
        "credit_ja": "、".join(dict.fromkeys(one.credit_ja for one in (found, *used))),
        "credit_en": "; ".join(dict.fromkeys(one.credit_en for one in (found, *used))),
        "retrieved_on": dt.date.today(),
    }
    made = upsert(source).values(row)
    conn.execute(made.on_conflict_do_update(index_elements=["id"], set_=row))
