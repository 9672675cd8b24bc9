"""Boundary sets as tests need them: municipalities and their outlines, without tiles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import shapely
from sqlalchemy import Connection, insert

from service.db.tables import area, vintage

#: What an area is that no test looks at.
ANYWHERE = shapely.box(139, 36, 139.01, 36.01)


def put_areas(
    conn: Connection,
    date: dt.date,
    outlines: Mapping[str, shapely.Geometry],
    names: Mapping[str, str] | None = None,
) -> None:
    """Store a boundary set of prefectures (codes that end in 000) and municipalities.

    Parameters
    ----------
    names : what areas are called, where not by their codes
    """
    texts = dict.fromkeys(("title_ja", "title_en", "source", "credit_ja", "credit_en", "licence"), "")
    conn.execute(insert(vintage).values(vintage=date, sha256="", report={}, **texts))
    rows = [
        {
            "vintage": date,
            "level": "prefecture" if code.endswith("000") else "municipality",
            "code": code,
            "position": position,
            "kind": "prefecture" if code.endswith("000") else "town",
            "prefecture": code[:2] + "000",
            "name_ja": (names or {}).get(code, code),
            "area_km2": 1.0,
            "lon": 0.0,
            "lat": 0.0,
            "bbox": shapely.bounds(outline).tolist(),
            "geom": f"SRID=4326;{shapely.to_wkt(_whole(outline), rounding_precision=12)}",
        }
        for position, (code, outline) in enumerate(sorted(outlines.items()))
    ]
    conn.execute(insert(area), rows)


def _whole(outline: shapely.Geometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(shapely.get_parts(outline)))
