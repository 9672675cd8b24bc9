"""Stops and a population grid that ship: eastern Gunma, where published feeds and the census grid meet."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, delete

from geo.transit.calendars import DAYS
from geo.transit.grids import Grid, read_grid
from geo.transit.gtfs import read_gtfs
from geo.transit.lines import Line, Lines
from geo.transit.point_files import read_stations
from geo.transit.stops import UNKNOWN, Stops, column_of_lines, of_feed
from service.db.tables import stop_source
from service.transit.load import Credit, count_gaps, store_grid, store_stops
from service.transit.queries import stops_from

STOPS, GRID = "stops.parquet", "grid.parquet"
GRID_ID, YEAR = "census-2020-500m", "2020"
#: The first mesh whose cells ship, and the prefecture whose feeds do.
PRIMARY, PREFECTURE = "5439", "10000"
#: Stations and stops within reach of those cells: west, south, east, north.
BOX = (138.93, 35.93, 140.07, 36.74)

GUNMA = Credit(
    "群馬県内バス路線情報（標準的なバス情報フォーマット）",
    "Bus routes in Gunma Prefecture (GTFS-JP)",
    "「群馬県内バス路線情報」（群馬県）を加工して作成",
    "Made by processing “Bus Routes in Gunma Prefecture” (Gunma Prefecture)",
    "CC BY 4.0",
)
N02 = Credit(
    "国土数値情報 鉄道 N02-25",
    "National Land Numerical Information, Railways N02-25",
    "「国土数値情報（鉄道データ）」（国土交通省）を加工して作成",
    "Made by processing “National Land Numerical Information (Railways)” "
    "(Ministry of Land, Infrastructure, Transport and Tourism)",
    "CC BY 4.0",
)
#: Stations that shipped before: those of a newer edition take their place.
RETIRED = ("n02-20",)
CENSUS = Credit(
    "令和2年国勢調査 地域メッシュ統計（500mメッシュ、人口総数）",
    "2020 Population Census, grid square statistics (500 m, total population)",
    "「令和2年国勢調査 地域メッシュ統計」（総務省統計局）を加工して作成",
    "Made by processing “2020 Population Census, Grid Square Statistics” (Statistics Bureau of Japan)",
    "e-Stat 利用規約 (terms of use of e-Stat)",
)


def ship_transport(real_data: Path, data: Path) -> dict[str, int]:
    """Write the stops and cells that ship; return their numbers."""
    sources: list[tuple[str, dict[str, object], Stops]] = []
    for path in sorted((real_data / "transit/gtfs-gunma").glob("*.zip")):
        feed = read_gtfs(path)
        head: dict[str, object] = {
            "valid_from": str(feed.valid_from),
            "valid_to": str(feed.valid_to),
            **{day: str(date) if date else "" for day, date in feed.dates.items()},
        }
        words = path.name.removeprefix("gtfs.").removesuffix(".zip").lower()
        sources.append(("gunma-" + re.sub(r"[._]", "-", words), head, of_feed(feed)))
    stations = read_stations(real_data / "transit/rail/N02-25_stations_points_railmap.geojson.gz")
    sources.append(("n02-25", {}, stations))
    columns: dict[str, list[object]] = {name: [] for name in _STOP_SCHEMA.names}
    for name, head, stops in sources:
        west, south, east, north = BOX
        inside = stops.take(
            (stops.lon > west) & (stops.lon < east) & (stops.lat > south) & (stops.lat < north)
        )
        for place in range(len(inside)):
            counts = inside.departures[place]
            columns["source"].append(name)
            for column, plural in _TEXTS.items():
                columns[column].append(getattr(inside, plural)[place])
            columns["lon"].append(round(float(inside.lon[place]), 6))
            columns["lat"].append(round(float(inside.lat[place]), 6))
            columns["departures"].append(None if counts[0, 0] == UNKNOWN else counts.ravel().tolist())
            columns["lines"].append([vars(line) for line in inside.lines[place]])
            for key in _HEAD:
                columns[key].append(head.get(key, ""))
    folder = data / "transport"
    folder.mkdir(exist_ok=True)
    _write(folder / STOPS, pa.table(columns, schema=_STOP_SCHEMA))
    grid = read_grid([real_data / "mesh/pop_grid500m_2020_5primary.csv"])
    kept = np.char.startswith(grid.codes, PRIMARY)
    cells = {
        "code": grid.codes[kept].tolist(),
        "population": grid.columns["population"][kept],
        "status": grid.statuses[kept].tolist(),
    }
    _write(folder / GRID, pa.table(cells))
    return {"stops": len(columns["source"]), "cells": int(kept.sum())}


#: Column of the file → of ``geo.transit.stops.Stops``.
_TEXTS = {"id": "ids", "name": "names", "mode": "modes", "classes": "classes", "group": "groups"}
_HEAD = ("valid_from", "valid_to", *DAYS)
_LINE = pa.struct(
    [*((name, pa.string()) for name in ("number", "name", "mode")), ("departures", pa.list_(pa.int16()))]
)
_STOP_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("source", *_TEXTS)),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
        ("departures", pa.list_(pa.int16())),
        ("lines", pa.list_(_LINE)),
        *((name, pa.string()) for name in _HEAD),
    ]
)


def _lines(rows: Any) -> Lines:
    """Return the lines of a stop as its file has them."""
    return tuple(
        Line(**{**row, "departures": row["departures"] and tuple(row["departures"])}) for row in rows
    )


def _write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd", compression_level=19)


def load_transport(
    conn: Connection, folder: Path, actor: str, progress: Callable[[int, int, str], None]
) -> dict[str, object]:
    """Load what ships and count the gaps of the municipalities that lie wholly in its cells."""
    table = pq.read_table(folder / STOPS).to_pylist()
    digest = hashlib.sha256((folder / STOPS).read_bytes()).hexdigest()
    by_source: dict[str, list[dict[str, object]]] = {}
    for row in table:
        by_source.setdefault(str(row["source"]), []).append(row)
    conn.execute(delete(stop_source).where(stop_source.c.id.in_(RETIRED)))
    head: dict[str, object]
    for name, rows in by_source.items():
        first = rows[0]
        dates = {day: first[day] or None for day in DAYS}
        head = {"kind": "table", "dates": dates if first["valid_from"] else {}}
        for key in ("valid_from", "valid_to"):
            if first[key]:
                head[key] = dt.date.fromisoformat(str(first[key]))
        credit = N02 if name.startswith("n02") else GUNMA
        columns = {column: [row[column] for row in rows] for column in first}
        columns["departures"] = [one and orjson.dumps(one) for one in columns["departures"]]
        stops = replace(stops_from(columns), lines=column_of_lines(map(_lines, columns["lines"])))
        store_stops(conn, stops, name, credit, head, digest, actor)
    cells = pq.read_table(folder / GRID)
    codes = np.array(cells["code"].to_pylist())
    people = {"population": np.array(cells["population"].to_pylist(), float)}
    grid = Grid(len(str(codes[0])), codes, people, np.array(cells["status"].to_pylist()))
    digest = hashlib.sha256((folder / GRID).read_bytes()).hexdigest()
    store_grid(conn, grid, GRID_ID, YEAR, CENSUS, digest, actor)
    report = count_gaps(conn, (), GRID_ID, actor=actor, areas=(PREFECTURE,), progress=progress)
    return {"stop sources": len(by_source), "cells": len(codes), **report}
