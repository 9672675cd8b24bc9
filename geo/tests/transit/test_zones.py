"""Zones of a scenario, on squares near Maebashi."""

from __future__ import annotations

import json

import pytest
import shapely

from geo.errors import InvalidParameter
from geo.transit.zones import read_zones

Ring = list[list[float]]
RING: Ring = [[139.1, 36.4], [139.2, 36.4], [139.2, 36.5], [139.1, 36.5], [139.1, 36.4]]


def polygon(*rings: Ring) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


def refused(document: dict[str, object]) -> str:
    with pytest.raises(InvalidParameter) as refusal:
        read_zones([polygon(RING), document])
    (finding,) = refusal.value.findings
    assert (finding.where, finding.field) == ("body", "zones.1")
    return finding.expected


def test_zones_are_read_in_their_order_without_heights() -> None:
    tall = polygon([[*position, 120.5] for position in RING])
    several = {"type": "MultiPolygon", "coordinates": [[RING]]}
    zones = read_zones([polygon(RING), tall, several])
    assert [shapely.has_z(zone) for zone in zones] == [False, False, False]
    assert all(shapely.equals(zone, shapely.box(139.1, 36.4, 139.2, 36.5)) for zone in zones)


@pytest.mark.parametrize(
    "ring",
    [
        [[latitude, longitude] for longitude, latitude in RING],
        [[longitude * 111_200 - 15_000_000, latitude * 111_200] for longitude, latitude in RING],
        [[longitude - 40, latitude] for longitude, latitude in RING],
        [[longitude, latitude - 40] for longitude, latitude in RING],
    ],
    ids=["latitude first", "metres", "another country", "another hemisphere"],
)
def test_a_zone_outside_japan_is_refused_and_not_taken_for_one_that_helps_nobody(ring: Ring) -> None:
    assert "longitude before latitude" in refused(polygon(ring))


@pytest.mark.parametrize(
    "document",
    [
        polygon(),
        polygon([[139.1, 36.4], [139.2, 36.5], [139.2, 36.4], [139.1, 36.5], [139.1, 36.4]]),
        polygon([[139 + place / 10_000, 36 + (place % 2) / 10] for place in range(2001)] + [[139, 36]]),
        {"type": "Point", "coordinates": [139.1, 36.4]},
    ],
    ids=["empty", "crossing itself", "too many vertices", "no polygon"],
)
def test_what_is_no_usable_polygon_is_refused(document: dict[str, object]) -> None:
    assert refused(document)


@pytest.mark.parametrize("text", ['{"type": "Polygon"}', "{}", '{"type": "Polygon", "coordinates": [[[1]]]}'])
def test_what_is_no_geojson_is_refused(text: str) -> None:
    assert refused(json.loads(text)) == "a Polygon of RFC 7946"


def test_a_zone_nested_without_end_is_refused() -> None:
    nested: list[object] = []
    for _ in range(400):
        nested = [nested]
    assert refused({"type": "Polygon", "coordinates": nested}) == "a Polygon of RFC 7946"
