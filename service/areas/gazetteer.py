"""The areas of one vintage and level, in the order of every value vector."""

from __future__ import annotations

import datetime as dt
import unicodedata
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Row

from geo.errors import NotFound
from geo.layers import mvt
from geo.layers.circle_tiles import world_places

LEVELS = ("prefecture", "municipality", "ward")
#: How many there are.
PREFECTURES = 47


@dataclass(frozen=True)
class Area:
    """One area as the API describes it; ``bbox`` is west, south, east, north in degrees."""

    code: str
    position: int
    kind: str
    prefecture: str
    parent: str | None
    name_ja: str
    name_kana: str
    name_en: str
    area_km2: float
    lon: float
    lat: float
    bbox: tuple[float, float, float, float]


#: The fields of an area, as they are packed.
FIELDS = tuple(field.name for field in fields(Area))


def searchable(name: str) -> str:
    """Return a name as it is compared: NFKC, lower case, ヶ and ケ alike, old 鰺 as 鯵.

    >>> searchable("茅ヶ崎市") == searchable("茅ケ崎市")
    True
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return plain.replace("ヶ", "ケ").replace("鰺", "鯵").replace("-", "").replace(" ", "")


@dataclass(frozen=True)
class Gazetteer:
    """All areas of one (vintage, level)."""

    vintage: dt.date
    level: str
    areas: tuple[Area, ...]

    @classmethod
    def from_rows(cls, vintage: dt.date, level: str, rows: Sequence[Row[Any]]) -> Gazetteer:
        """Return the gazetteer of rows that are ordered by position."""
        return cls(vintage, level, tuple(_area([getattr(row, name) for name in FIELDS]) for row in rows))

    def __len__(self) -> int:
        return len(self.areas)

    @cached_property
    def codes(self) -> NDArray[np.str_]:
        """The five-digit codes, ascending."""
        return np.array([area.code for area in self.areas], "U5")

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """The codes as integers: the feature ids."""
        return self.codes.astype(np.int64)

    @cached_property
    def divided(self) -> NDArray[np.bool_]:
        """Which areas have parts at the level below: prefectures and designated cities."""
        return np.array([area.kind in ("prefecture", "designated_city") for area in self.areas])

    @cached_property
    def prefectures(self) -> NDArray[np.intp]:
        """Which prefecture each area lies in: its place among those that there are."""
        return np.unique([area.prefecture for area in self.areas], return_inverse=True)[1]

    @cached_property
    def breadth(self) -> int:
        """Of how many prefectures it has areas."""
        return len({area.prefecture for area in self.areas})

    @property
    def is_whole(self) -> bool:
        """Whether it has areas of all prefectures."""
        return self.breadth == PREFECTURES

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of all areas in degrees."""
        west, south, east, north = zip(*(area.bbox for area in self.areas), strict=True)
        return min(west), min(south), max(east), max(north)

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Longitude and latitude of a point inside each area."""
        return np.array([(area.lon, area.lat) for area in self.areas], np.float64).reshape(-1, 2)

    @cached_property
    def places(self) -> NDArray[np.float64]:
        """The same points over the world of Web Mercator."""
        return world_places(self.points)

    @cached_property
    def position(self) -> dict[str, int]:
        """Code → position."""
        return {area.code: area.position for area in self.areas}

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """What every tile says of each area, whatever is poured."""
        return {
            "code": [area.code for area in self.areas],
            "name": [area.name_ja for area in self.areas],
            "name_en": [area.name_en for area in self.areas],
        }

    @cached_property
    def columns(self) -> dict[str, tuple[Any, ...]]:
        """What features tell of each area, name by name."""
        return {
            "code": tuple(area.code for area in self.areas),
            "name": tuple(area.name_ja for area in self.areas),
            "name_kana": tuple(area.name_kana for area in self.areas),
            "name_en": tuple(area.name_en for area in self.areas),
            "kind": tuple(area.kind for area in self.areas),
            "prefecture": tuple(area.prefecture for area in self.areas),
            "parent": tuple(area.parent for area in self.areas),
            "area_km2": tuple(area.area_km2 for area in self.areas),
        }

    @cached_property
    def attributes(self) -> mvt.Attributes:
        """Ids and texts of all areas as they stand in vector tiles."""
        return mvt.Attributes.of(self.ids, self.texts)

    @cached_property
    def bare(self) -> mvt.Attributes:
        """The same without the texts."""
        return mvt.Attributes.of(self.ids, {})

    @cached_property
    def _searchable(self) -> list[tuple[str, ...]]:
        return [
            tuple(searchable(name) for name in (area.name_ja, area.name_kana, area.name_en))
            for area in self.areas
        ]

    @cached_property
    def _groups(self) -> dict[str, tuple[Gazetteer, NDArray[np.intp]]]:
        return {}

    def groups(self, into: Gazetteer) -> NDArray[np.intp]:
        """Return for each area the place of the area of a level above that it is a part of."""
        held = self._groups.get(into.level)
        if held is None or held[0] is not into:
            parents = [
                a.prefecture if into.level == "prefecture" else (a.parent or a.code) for a in self.areas
            ]
            places = np.array([into.position.get(parent, -1) for parent in parents], np.intp)
            held = self._groups[into.level] = (into, places)
        return held[1]

    def area(self, code: str) -> Area:
        """Return one area; NotFound names the vintage and level that were searched."""
        position = self.position.get(code)
        if position is None:
            raise NotFound(f"No {self.level} has the code {code} on {self.vintage}")
        return self.areas[position]

    def within(self, parent: str | None) -> NDArray[np.intp]:
        """Return the positions of all areas, or of those inside a prefecture or designated city."""
        if parent is None:
            return np.arange(len(self))
        inside = [a.position for a in self.areas if parent in (a.prefecture, a.parent, a.code)]
        if not inside:
            raise NotFound(f"No {self.level} lies in {parent} on {self.vintage}")
        return np.array(inside, np.intp)

    def overlapping(self, bbox: tuple[float, float, float, float]) -> NDArray[np.intp]:
        """Return the positions of the areas whose bounding box meets ``bbox``."""
        west, south, east, north = bbox
        boxes = np.array([area.bbox for area in self.areas])
        meets = (
            (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        )
        return np.flatnonzero(meets)

    def search(self, query: str) -> NDArray[np.intp]:
        """Return the positions whose code starts with the query or whose name holds it, best first.

        Names are compared in kanji, kana and Roman letters; an exact name comes before a name that
        starts with the query, and that before one that holds it.
        """
        wanted = searchable(query)
        ranked: list[tuple[int, int]] = []
        for position, (area, names) in enumerate(zip(self.areas, self._searchable, strict=True)):
            if area.code.startswith(wanted):
                ranked.append((0, position))
            elif wanted in names:
                ranked.append((1, position))
            elif any(name.startswith(wanted) for name in names):
                ranked.append((2, position))
            elif any(wanted in name for name in names):
                ranked.append((3, position))
        return np.array([position for _, position in sorted(ranked)], np.intp)


def _area(values: Sequence[Any]) -> Area:
    *told, bbox = values
    return Area(*[*told, tuple(bbox)])


class Gazetteers(Mapping[str, Gazetteer]):
    """The gazetteers of a boundary set by level, each packed until somebody asks for it.

    Unpacked, those of a set take 2 to 6 MB; a process holds those that are asked for.
    """

    def __init__(self, vintage: dt.date, rows: Mapping[str, Sequence[Row[Any] | Area]]) -> None:
        self.vintage = vintage
        self.sizes = {level: len(rows[level]) for level in LEVELS if level in rows}
        #: of how many prefectures they have areas
        self.breadth = max((len({row.prefecture for row in of}) for of in rows.values()), default=0)
        codes = {row.code for of in rows.values() for row in of}
        self._codes = np.array(sorted(codes), "S5")
        self._packed = {level: _packed(rows[level]) for level in self.sizes}
        self._open: dict[str, Gazetteer] = {}
        self._lock = Lock()

    def __getitem__(self, level: str) -> Gazetteer:
        with self._lock:
            if level not in self._open:
                areas = tuple(map(_area, orjson.loads(zlib.decompress(self._packed.pop(level)))))
                self._open[level] = Gazetteer(self.vintage, level, areas)
        return self._open[level]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sizes)

    def __len__(self) -> int:
        return len(self.sizes)

    def __contains__(self, level: object) -> bool:
        return level in self.sizes

    def has(self, code: str) -> bool:
        """Return whether a code is that of an area of any level."""
        written = np.bytes_(code.encode())
        place = int(np.searchsorted(self._codes, written))
        return place < len(self._codes) and bool(self._codes[place] == written)


def _packed(rows: Sequence[Row[Any] | Area]) -> bytes:
    return zlib.compress(orjson.dumps([[getattr(row, name) for name in FIELDS] for row in rows]), 1)
