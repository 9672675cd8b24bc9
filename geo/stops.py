"""Where public transport can be boarded: GTFS poles, P11 bus stops and N02 stations, as columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.boundaries import read_layer
from geo.errors import Finding, InvalidFile
from geo.gtfs import DAYS, HOURS, Feed

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

MODES = ("rail", "bus", "demand", "ferry", "other")
#: Classes of P11 (P11_004).
CLASSES = {
    "1": ("路線バス（民間）", "private bus"),
    "2": ("路線バス（公営）", "public bus"),
    "3": ("コミュニティバス", "community bus"),
    "4": ("デマンドバス", "demand bus"),
    "5": ("その他", "other"),
}
UNKNOWN = -1


@dataclass(frozen=True)
class Stops:
    """n stops as columns.

    Attributes
    ----------
    modes : each of ``MODES``
    classes : class codes of P11, joined by ``;``, else empty
    groups : poles of one stop share it
    departures : (n, 3, 30) of the group, by kind of day and hour; -1 where no timetable is known
    """

    ids: Texts
    names: Texts
    modes: Texts
    classes: Texts
    groups: Texts
    lon: Floats
    lat: Floats
    departures: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Stops:
        """Return some of the stops."""
        return Stops(**{name: column[which] for name, column in vars(self).items()})


def joined(parts: Sequence[Stops]) -> Stops:
    """Return the stops of several sources together."""
    return Stops(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def departures_between(stops: Stops, day: str, first: int, last: int) -> NDArray[np.int64]:
    """Return the departures of each stop's group on a kind of day from hour ``first`` to before ``last``.

    Returns
    -------
    (n,) -1 where no timetable is known
    """
    chosen = stops.departures[:, list(DAYS).index(day), first:last]
    total: NDArray[np.int64] = chosen.sum(axis=1)
    return np.where(stops.departures[:, 0, 0] == UNKNOWN, UNKNOWN, total)


def of_feed(feed: Feed) -> Stops:
    """Return the poles of a GTFS feed."""
    n = len(feed.stops)
    counts = np.stack([stop.departures for stop in feed.stops]) if n else np.zeros((0, 3, HOURS), np.int32)
    return Stops(
        ids=_texts(stop.id for stop in feed.stops),
        names=_texts(stop.name for stop in feed.stops),
        modes=_texts(stop.mode for stop in feed.stops),
        classes=_texts("" for _ in feed.stops),
        groups=_texts(stop.group for stop in feed.stops),
        lon=np.array([stop.lon for stop in feed.stops]),
        lat=np.array([stop.lat for stop in feed.stops]),
        departures=counts,
    )


def read_p11(path: Path) -> Stops:
    """Return the bus stops of 国土数値情報 P11 (2022), as published: zip, Shapefile or GeoJSON.

    Routes and classes stand in 35 slots of comma lists, which are joined before they are split. A stop whose
    lines are all demand buses (class 4) has the mode ``demand``. There is no timetable in it.

    Raises
    ------
    InvalidFile : other columns, or geometry that is no point
    """
    rows = read_layer(path, named="P11").to_crs(4326)
    _expect(path, rows.columns, ("P11_001", "P11_002", "P11_004_01"))
    rows = rows[~(rows.geometry.is_empty | rows.geometry.isna())]
    points = rows.geometry.to_numpy()
    if not (shapely.get_type_id(points) == 0).all():
        raise InvalidFile(f"{path.name} has stops that are no points")
    slots = sorted(name for name in rows.columns if re.fullmatch(r"P11_004_\d{2}", name))
    listed = [
        sorted({code for cell in cells if isinstance(cell, str) for code in cell.split(",") if code})
        for cells in rows[slots].to_numpy()
    ]
    names, operators = rows["P11_001"].fillna("").tolist(), rows["P11_002"].fillna("").tolist()
    return _points(
        [f"p11-{place}" for place in rows.index],
        names,
        ["demand" if codes == ["4"] else "bus" for codes in listed],
        [";".join(codes) for codes in listed],
        [f"{name}/{operator}" for name, operator in zip(names, operators, strict=True)],
        points,
    )


#: A platform is told by points this far apart, degrees of latitude (about 20 m).
ALONG = 20 / 111_000


def read_n02(path: Path, geometry: str = "midpoint") -> Stops:
    """Return the stations of 国土数値情報 N02, as published: zip, Shapefile or GeoJSON.

    Stations are lines, one for each railway line. ``midpoint`` takes the middle of each, ``line`` points
    along it every 20 m; a platform of 200 m makes a difference of 100 m at its ends.

    Raises
    ------
    InvalidFile : other columns
    """
    rows = read_layer(path, named="Station").to_crs(4326)
    _expect(path, rows.columns, ("N02_003", "N02_004", "N02_005"))
    lines = shapely.line_merge(rows.geometry.to_numpy())
    if geometry == "midpoint":
        points: NDArray[np.object_] = shapely.line_interpolate_point(
            np.array([max(shapely.get_parts(line), key=shapely.length) for line in lines], object),
            0.5,
            normalized=True,
        )
        of_row = np.arange(len(rows))
    else:
        dense = shapely.segmentize(lines, ALONG)
        coordinates, of_row = shapely.get_coordinates(dense, return_index=True)
        points = np.asarray(shapely.points(coordinates), object)
    names = rows["N02_005"].fillna("").to_numpy()[of_row].tolist()
    operators = rows["N02_004"].fillna("").to_numpy()[of_row].tolist()
    kinds = rows["N02_001"].fillna("").astype(str).to_numpy()[of_row].tolist()
    return _points(
        [f"n02-{row}-{place}" for place, row in enumerate(of_row)],
        names,
        ["rail"] * len(names),
        kinds,
        [f"{name}/{operator}" for name, operator in zip(names, operators, strict=True)],
        points,
    )


def _points(
    ids: Sequence[str],
    names: Sequence[str],
    modes: Sequence[str],
    classes: Sequence[str],
    groups: Sequence[str],
    points: NDArray[np.object_],
) -> Stops:
    return Stops(
        ids=_texts(ids),
        names=_texts(names),
        modes=_texts(modes),
        classes=_texts(classes),
        groups=_texts(groups),
        lon=shapely.get_x(points),
        lat=shapely.get_y(points),
        departures=np.full((len(ids), len(DAYS), HOURS), UNKNOWN, np.int32),
    )


def _texts(values: object) -> Texts:
    listed = list(values)  # type: ignore[call-overload]  # any iterable of texts
    found = np.empty(len(listed), object)
    found[:] = listed
    return found


def _expect(path: Path, columns: object, needed: Sequence[str]) -> None:
    existing = list(columns)  # type: ignore[call-overload]  # an index of names
    lacking = [name for name in needed if name not in existing]
    if lacking:
        told = ", ".join(map(str, existing))[:80]
        finding = Finding(path.name, "columns", told, f"the columns {', '.join(needed)}")
        raise InvalidFile(f"{path.name} is another dataset", [finding])
