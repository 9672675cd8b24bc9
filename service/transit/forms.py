"""Definitions of the transport gap as JSON."""

from __future__ import annotations

from geo.transit.access import Definition

METHODS = {
    "area_weight": {
        "ja": "メッシュ人口 ×（徒歩圏外の面積 ÷ メッシュの陸地面積）。円弧のまま正確に面積を求める。",
        "en": "People of a cell × (land out of reach ÷ land of the cell), with exact circular arcs.",
    },
    "cell_centroid": {
        "ja": "メッシュの中心点から最寄りの停留所・駅までの楕円体上の直線距離で判定する。",
        "en": "By the straight line on the ellipsoid from a cell's centre to the nearest stop.",
    },
}


def described(one: Definition) -> dict[str, object]:
    """Return a definition as JSON."""
    return {
        "id": one.id,
        "name": {"ja": one.name_ja, "en": one.name_en},
        "distances_m": dict(one.distances),
        "classes": list(one.classes),
        "least_departures": one.least_departures,
        "day": one.day,
        "hours": [one.first, one.last],
        "source": {"title": one.source_title, "url": one.source_url},
        "note": one.note,
        "layers": {
            "area_weight": f"transport-gap:{one.id}",
            "cell_centroid": f"transport-gap-centroid:{one.id}",
            "aged_65": f"transport-gap-65:{one.id}",
            "aged_75": f"transport-gap-75:{one.id}",
            "land": f"transport-gap-land:{one.id}",
        },
    }
