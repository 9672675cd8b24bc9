"""Areas, boundary sets and region sets as JSON."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Row
from typing_extensions import TypedDict

from geo.areas.history import BEGIN, Spell
from geo.areas.lineage import Change
from geo.codes import NORTHERN_TERRITORIES
from geo.layers.words import Named
from geo.text import Text, name_of
from service.areas.former import Former
from service.areas.gazetteer import Area, Gazetteer
from service.figures.forms import CarriedFigure, origin_described
from service.figures.lines import Origin
from service.http.forms import Feature, FeatureCollection
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage

HOKKAIDO = "01000"
#: Degrees to a metre.
PLACES = 5


class AreaName(TypedDict):
    """A name in kanji, kana and Roman letters."""

    ja: str
    kana: str
    en: str


class NamedArea(TypedDict):
    """What an area is called, and the code of the prefecture it lies in."""

    code: str
    name: Text
    prefecture: str


class AreaOfLevel(TypedDict):
    """An area; `centre` is longitude and latitude, `bbox` west, south, east, north.

    `area_km2` is computed from the outline: it is not the published area, which `total-area` holds.
    """

    code: str
    level: str
    kind: str
    name: AreaName
    prefecture: str
    parent: str | None
    area_km2: float
    centre: tuple[float, float]
    bbox: tuple[float, float, float, float]
    vintage: str


class ChildArea(TypedDict):
    """An area by its code and name."""

    code: str
    name: Text


#: A name or code of the past; ``from`` is a word of Python.
FormerArea = TypedDict(
    "FormerArea",
    {"code": str, "name": AreaName, "from": str | None, "until": str | None, "became": list[ChildArea]},
)


class Areas(TypedDict):
    """A page of areas; `former` has those that were called so once, and what became of them."""

    total: int
    next: str | None
    areas: list[AreaOfLevel]
    former: list[FormerArea]


#: ``from`` is a word of Python.
MunicipalChange = TypedDict("MunicipalChange", {"date": str, "kind": str, "from": str, "to": str})


class AreaSize(CarriedFigure):
    """How large an area is: as published where that is known (`period`), else as its outline has it."""

    km2: float
    source: Literal["official", "outline"]
    period: str | None
    outline_km2: float
    note: Text | None


class AreaInDetail(AreaOfLevel):
    """An area with the areas inside it and the municipal changes its code took part in."""

    size: AreaSize
    levels: list[str]
    children: list[ChildArea]
    vintages: list[str]
    changes: list[MunicipalChange]
    credit: Text


class Neighbour(NamedArea):
    """An area beside another; `distance_km` is that between their borders."""

    touching: bool
    distance_km: float


class Neighbours(TypedDict):
    """The areas around an area."""

    area: NamedArea
    level: str
    vintage: str
    neighbours: list[Neighbour]


class BoundarySet(TypedDict):
    """The boundaries of a date; `areas` is their number by level, `default` says they are shown unasked."""

    vintage: str
    default: bool
    title: Text
    source: str
    credit: Text
    licence: str
    areas: dict[str, int]


#: ``from`` is a word of Python.
RegionArea = TypedDict("RegionArea", {"code": str, "from": str, "to": str | None})


class RegionSet(TypedDict):
    """A named set of areas, each from when to when it belongs to it."""

    id: str
    name: Text
    areas: list[RegionArea]


class RegionSets(TypedDict):
    """All region sets."""

    region_sets: list[RegionSet]


class AreaProperties(TypedDict):
    """What an outline belongs to."""

    code: str
    name: str
    name_en: str
    kind: str
    parent: str | None
    area_km2: float


class AreaFeature(Feature):
    """The outline of an area."""

    id: int
    bbox: list[float]
    properties: AreaProperties


class AreaFeatures(FeatureCollection):
    """Outlines of areas."""

    level: str
    vintage: str
    detail: str
    credit: Text
    features: list[AreaFeature]


def name_described(spell: Spell) -> AreaName:
    """Return a name in kanji, kana and Roman letters as JSON."""
    return {"ja": spell.ja, "kana": spell.kana, "en": spell.en}


def since_of(spell: Spell) -> str | None:
    """Return since when a name holds; None where the lists begin with it."""
    return None if spell.since == BEGIN else str(spell.since)


def until_of(spell: Spell) -> str | None:
    """Return the first day on which a name no longer holds; None where it does."""
    return None if spell.until is None else str(spell.until)


def former_described(former: Former) -> FormerArea:
    """Return a name or code of the past as JSON."""
    spell = former.spell
    return {
        "code": spell.code,
        "name": name_described(spell),
        "from": since_of(spell),
        "until": until_of(spell),
        "became": [{"code": heir.code, "name": {"ja": heir.ja, "en": heir.en}} for heir in former.became],
    }


def named(area: Area) -> NamedArea:
    """Return what an area is called, and where it lies, as JSON."""
    return {
        "code": area.code,
        "name": {"ja": area.name_ja, "en": area.name_en},
        "prefecture": area.prefecture,
    }


def full_name(area: Area, prefecture: Area | None) -> Named:
    """Return a name that stands alone: 群馬県前橋市, Maebashi-shi in Gunma."""
    if prefecture is None:
        return Named(area.name_ja, area.name_en)
    return Named(prefecture.name_ja + area.name_ja, f"{area.name_en} in {prefecture.name_en}")


def described(area: Area, level: str, vintage: Vintage) -> AreaOfLevel:
    """Return an area as JSON."""
    west, south, east, north = area.bbox
    return {
        "code": area.code,
        "level": level,
        "kind": area.kind,
        "name": {"ja": area.name_ja, "kana": area.name_kana, "en": area.name_en},
        "prefecture": area.prefecture,
        "parent": area.parent,
        "area_km2": round(area.area_km2, 3),
        "centre": (round(area.lon, PLACES), round(area.lat, PLACES)),
        "bbox": (round(west, PLACES), round(south, PLACES), round(east, PLACES), round(north, PLACES)),
        "vintage": str(vintage.date),
    }


#: The published areas, in hectares.
OFFICIAL, HECTARES = "total-area", 100
WITHOUT_NORTH: Text = {
    "ja": "公式の面積は北方地域を除く。地図の輪郭と、輪郭から計算した面積は北方地域を含む。",
    "en": "The official area leaves out the Northern Territories; the outline and the area computed from it "
    "have them.",
}
NORTH_ONLY: Text = {
    "ja": "北方地域の村。公式の面積の統計に含まれないため、地図の輪郭から計算した面積を示す。",
    "en": "A village of the Northern Territories, which the published areas leave out: the area is that of "
    "the outline.",
}


def size_described(atlas: Atlas, area: Area, level: str, vintage: Vintage) -> AreaSize:
    """Return how large an area is as JSON: by the newest official area, else by its outline."""
    outline = round(area.area_km2, 3)
    told: AreaSize = {
        "km2": outline,
        "source": "outline",
        "period": None,
        "outline_km2": outline,
        "note": NORTH_ONLY if area.code in NORTHERN_TERRITORIES else None,
        **origin_described(Origin("as_published", (vintage.date,))),
    }
    indicator = atlas.catalogue.indicators.get(OFFICIAL)
    periods = atlas.periods(indicator, level) if indicator else []
    if indicator is None or not periods:
        return told
    hectares = float(atlas.vector(indicator, periods[-1], level, vintage.date).values[area.position])
    if math.isnan(hectares):
        return told
    (carrying,) = atlas.carryings(indicator, periods[-1:], level, vintage.date)
    return {
        **told,
        "km2": hectares / HECTARES,
        "source": "official",
        "period": periods[-1],
        "note": WITHOUT_NORTH if area.code == HOKKAIDO else None,
        **origin_described(Origin(carrying.at(area.position), carrying.dates)),
    }


def children_described(gazetteer: Gazetteer, parent: str) -> list[ChildArea]:
    """Return the areas inside another as JSON."""
    return [{"code": a.code, "name": name_of(a)} for a in gazetteer.areas if a.parent == parent]


def changes_described(changes: Sequence[Change]) -> list[MunicipalChange]:
    """Return municipal changes as JSON."""
    return [{"date": str(c.date), "kind": c.kind, "from": c.from_code, "to": c.to_code} for c in changes]


def neighbours_described(gazetteer: Gazetteer, area: Area, rows: Sequence[Row[Any]]) -> Neighbours:
    """Return an area and those around it (code, touching, distance_km) as JSON."""
    return {
        "area": named(area),
        "level": gazetteer.level,
        "vintage": str(gazetteer.vintage),
        "neighbours": [
            {
                **named(gazetteer.area(row.code)),
                "touching": row.touching,
                "distance_km": round(row.distance_km, 1),
            }
            for row in rows
        ],
    }


def vintage_described(vintage: Vintage, default: dt.date | None) -> BoundarySet:
    """Return a boundary set as JSON: its source, credit and licence."""
    return {
        "vintage": str(vintage.date),
        "default": vintage.date == default,
        "title": vintage.title,
        "source": vintage.source,
        "credit": vintage.credit,
        "licence": vintage.licence,
        "areas": vintage.own.sizes,
    }


def region_set_described(name: str, rows: Sequence[Row[Any]]) -> RegionSet:
    """Return a region set (name_ja, name_en, area_code, valid_from, valid_to) as JSON."""
    return {
        "id": name,
        "name": {"ja": rows[0].name_ja, "en": rows[0].name_en},
        "areas": [
            {"code": r.area_code, "from": str(r.valid_from), "to": r.valid_to and str(r.valid_to)}
            for r in rows
        ],
    }
