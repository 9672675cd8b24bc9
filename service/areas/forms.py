"""An area as JSON."""

from __future__ import annotations

from service.areas.gazetteer import Area
from service.memory.catalogue import Vintage

#: Degrees to a metre.
PLACES = 5


def named(area: Area) -> dict[str, object]:
    """Return what an area is called, and where it lies, as JSON."""
    return {
        "code": area.code,
        "name": {"ja": area.name_ja, "en": area.name_en},
        "prefecture": area.prefecture,
    }


def described(area: Area, level: str, vintage: Vintage) -> dict[str, object]:
    """Return an area as JSON."""
    return {
        "code": area.code,
        "level": level,
        "kind": area.kind,
        "name": {"ja": area.name_ja, "kana": area.name_kana, "en": area.name_en},
        "prefecture": area.prefecture,
        "parent": area.parent,
        "area_km2": round(area.area_km2, 3),
        "centre": [round(area.lon, PLACES), round(area.lat, PLACES)],
        "bbox": [round(edge, PLACES) for edge in area.bbox],
        "vintage": str(vintage.date),
    }
