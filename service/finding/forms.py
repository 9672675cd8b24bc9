"""What was found for words as JSON."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from geo.figures.indicators import Indicator, Kind
from geo.text import Text, name_of
from service.areas.forms import AreaOfLevel, FormerArea, described
from service.areas.gazetteer import Area
from service.figures.forms import FamilyOf, Topic, family_described, topic_described
from service.finding.postcodes import Postcode
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.strategy import policy
from service.transit.stations import Station

Group = Literal["together", "places", "former", "layers", "stations", "postcodes"]


class FoundArea(AreaOfLevel):
    """An area, and what the prefecture is called that it lies in."""

    prefecture_name: Text


class FoundLayer(TypedDict):
    """A layer by what a list tells of it; `measure` is the id of the measure whose deployments it shows."""

    id: str
    name: Text
    unit: Text
    kind: Kind
    topic: Topic
    family: FamilyOf | None
    levels: list[str]
    measure: str | None


class FoundTogether(TypedDict):
    """A place and a topic that were asked for in one line."""

    area: FoundArea
    layer: FoundLayer


class FoundStation(TypedDict):
    """A railway station: names and lines are Japanese; `area` holds it, null where it is another by now."""

    name: str
    lines: list[str]
    point: tuple[float, float]
    area: FoundArea | None


class FoundPostcode(TypedDict):
    """A postcode, or how several begin, and the municipality that it is of; the address is Japanese."""

    code: str
    address: str
    area: FoundArea | None


class Found(TypedDict):
    """What words lead to; `order` names the groups that have something, the likeliest first."""

    q: str
    order: list[Group]
    together: list[FoundTogether]
    places: list[FoundArea]
    former: list[FormerArea]
    layers: list[FoundLayer]
    stations: list[FoundStation]
    postcodes: list[FoundPostcode]


def area_described(atlas: Atlas, vintage: Vintage, area: Area, level: str) -> FoundArea:
    """Return an area with the name of its prefecture as JSON."""
    prefecture = vintage.place_names.prefectures.get(area.prefecture, area)
    return {**described(area, level, atlas.at(vintage, level)), "prefecture_name": name_of(prefecture)}


def layer_described(atlas: Atlas, layer: Indicator) -> FoundLayer:
    """Return what a list tells of a layer as JSON."""
    what, _, measure = layer.id.partition(":")
    return {
        "id": layer.id,
        "name": name_of(layer),
        "unit": {"ja": layer.unit_ja, "en": layer.unit_en},
        "kind": layer.kind,
        "topic": topic_described(layer.topic),
        "family": family_described(layer),
        "levels": atlas.levels(layer),
        "measure": measure if what == policy.DEPLOYMENTS else None,
    }


def station_described(station: Station, area: FoundArea | None) -> FoundStation:
    """Return a station as JSON."""
    return {
        "name": station.name,
        "lines": list(station.lines),
        "point": (station.lon, station.lat),
        "area": area,
    }


def postcode_described(postcode: Postcode, area: FoundArea | None) -> FoundPostcode:
    """Return a postcode as JSON."""
    return {"code": postcode.code, "address": postcode.address, "area": area}
