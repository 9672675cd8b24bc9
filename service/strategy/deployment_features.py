"""Deployments as GeoJSON features: on the areas they lie in, or with their own geometry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import orjson

from geo.strategy.deployments import COLUMNS, Deployment
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.strategy.deployment_forms import cells

#: Where a region that is no prefecture or municipality lies.
NOWHERE: list[str | None] = [None]


def by_area(atlas: Atlas, found: Sequence[Deployment], detail: str, vintage: Vintage) -> Iterator[bytes]:
    """Yield a feature for each area of each deployment, on the boundaries of the vintage."""
    levels = [level for level in ("prefecture", "municipality") if level in vintage.levels]
    gazetteers = {level: atlas.gazetteer(vintage.date, level) for level in levels}
    located: list[tuple[Deployment, str | None, str, str, str]] = []
    for one in found:
        for area in one.areas:
            codes = atlas.catalogue.places.codes(area.code, one.reference_date, vintage.date)
            located += [(one, code, area.name, area.role, area.part) for code in codes or NOWHERE]
    outlines: dict[str, bytes] = {}
    for gazetteer in gazetteers.values():
        wanted = {code for _, code, *_ in located if code in gazetteer.position}
        positions = sorted(gazetteer.position[code] for code in wanted if code is not None)
        texts, places = atlas.texts(vintage.date, gazetteer.level, detail, positions)
        for position, place in zip(positions, places.tolist(), strict=True):
            outlines[gazetteer.areas[position].code] = texts.geometry(place)
    for number, (one, code, area_name, role, part) in enumerate(located, 1):
        own = {"area_code": code, "area": area_name, "role": role, "part": part}
        yield _feature(number, outlines.get(code or "", b"null"), one, own)


def by_own(found: Sequence[Deployment]) -> Iterator[bytes]:
    """Yield a feature for each deployment with its own geometry, or null."""
    for number, one in enumerate(found, 1):
        codes = {"area_codes": ";".join(area.code or "-" for area in one.areas)}
        yield _feature(number, one.geometry.encode() or b"null", one, codes)


def _feature(number: int, geometry: bytes, one: Deployment, own: Mapping[str, str | None]) -> bytes:
    row = cells(one)
    properties = {
        "deployment_id": one.id,
        **own,
        **{
            name: row[name]
            for name in COLUMNS
            if name not in ("deployment_id", "areas", "area_codes", "roles")
        },
    }
    return b'{"type":"Feature","id":%d,"geometry":%b,"properties":%b}' % (
        number,
        geometry,
        orjson.dumps(properties),
    )
