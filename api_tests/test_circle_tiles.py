"""PNG tiles of counts over HTTP: circles of the legend's sizes, whole across the borders of tiles."""

from __future__ import annotations

import io
from dataclasses import dataclass

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

QUERY = "level=prefecture&period=2020"
#: Two by two tiles whose common corner lies in Tokyo Bay: 139.92 east, 35.46 north.
ZOOM, COLUMN, ROW = 8, 226, 100
PAPER = (0xF3, 0xF0, 0xE8)


@dataclass(frozen=True)
class Circles:
    """Where circles lie on four tiles together, in pixels of them, and their radii."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    radii: NDArray[np.float64]


def tile(client: httpx.Client, layer: str, column: int, row: int, suffix: str = ".png") -> Image.Image:
    answer = client.get(f"/v1/layers/{layer}/tiles/{ZOOM}/{column}/{row}{suffix}?{QUERY}")
    assert answer.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(answer.content)).convert("RGBA")


def mosaic(client: httpx.Client, layer: str) -> NDArray[np.int64]:
    rows = [
        np.concatenate([np.asarray(tile(client, layer, COLUMN + dx, ROW + dy)) for dx in (0, 1)], axis=1)
        for dy in (0, 1)
    ]
    return np.concatenate(rows).astype(np.int64)


def told_circles(client: httpx.Client, layer: str) -> Circles:
    """Return the circles as the legend, the values and the points of the areas tell them."""
    scale = client.get(f"/v1/layers/{layer}/legend.json?{QUERY}").json()["circles"]
    body = client.get(f"/v1/layers/{layer}/areas.geojson?{QUERY}&detail=point").json()
    lon, lat = np.array([one["geometry"]["coordinates"] for one in body["features"]]).T
    values = np.array([one["properties"]["value"] for one in body["features"]], float)
    # A tile of 256 pixels is half of one by which MapLibre counts its zooms.
    (low, small), (high, large) = scale["sizes"][1:3]
    assert low < ZOOM - 1 < high
    growth = scale["growth"]
    share = (growth ** (ZOOM - 1 - low) - 1) / (growth ** (high - low) - 1)
    side = 256 * 2**ZOOM
    south = np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / np.pi
    return Circles(
        (lon + 180) / 360 * side - COLUMN * 256,
        (1 - south) / 2 * side - ROW * 256,
        np.sqrt(np.abs(values) / scale["most"]) * (small + (large - small) * share),
    )


def distances(circles: Circles) -> NDArray[np.float64]:
    """Return how far each pixel lies outside the nearest circle's line, negative inside."""
    y, x = np.mgrid[0:512, 0:512] + 0.5
    nearest = np.full(x.shape, np.inf)
    for cx, cy, radius in zip(circles.x, circles.y, circles.radii, strict=True):
        nearest = np.minimum(nearest, np.hypot(x - cx, y - cy) - radius)
    return nearest


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    return {(r, g, b) for r, g, b in np.asarray(image)[:, :, :3].reshape(-1, 3).tolist()}


@pytest.mark.parametrize("layer", ["population", "net-migration"])
def test_circles_are_where_the_legend_and_the_points_say_across_all_borders(
    client: httpx.Client, layer: str
) -> None:
    pixels, outside = mosaic(client, layer), distances(told_circles(client, layer))
    is_ground = (pixels[:, :, 3] == 0) | (pixels[:, :, :3] == PAPER).all(axis=2)
    assert not is_ground[outside < -1].any()
    assert is_ground[outside > 2].all()
    # circles cross the border between the columns and that between the rows
    assert (outside[:, 255:257] < -2).all(axis=1).any()
    assert (outside[255:257] < -2).all(axis=0).any()


def test_a_circle_reaches_into_a_tile_without_land(client: httpx.Client) -> None:
    # 139.92 to 141.33 east, 34.31 to 35.46 north; further east there is sea alone
    population = np.asarray(tile(client, "population", 227, 101))
    rate = np.asarray(tile(client, "ageing-rate", 227, 101))
    over_sea = (population[:, :, 3] > 0) & (rate[:, :, 3] == 0)
    assert set(np.unique(population[over_sea][:, 3]).tolist()) >= {184}  # 0.72 of 255


def test_a_tile_for_dense_screens_shows_the_same_twice_as_large(client: httpx.Client) -> None:
    plain = tile(client, "population", COLUMN, ROW)
    dense = tile(client, "population", COLUMN, ROW, "@2x.png")
    assert dense.size == (512, 512)
    halved = np.asarray(dense.convert("RGBa").resize((256, 256), Image.Resampling.BOX), np.int64)
    apart = np.abs(halved - np.asarray(plain.convert("RGBa"), np.int64)).max(axis=2)
    assert (apart < 48).mean() > 0.98  # but for the coasts


def test_rates_are_areas_and_gis_clients_see_the_same_circles(client: httpx.Client) -> None:
    assert PAPER not in colours(tile(client, "ageing-rate", COLUMN, ROW))
    assert PAPER in colours(tile(client, "population", COLUMN, ROW))
    query = "datetime=2020"
    answer = client.get(
        f"/ogc/collections/population.prefecture/map/tiles/WebMercatorQuad/{ZOOM}/{ROW}/{COLUMN}?{query}"
    )
    own = client.get(f"/v1/layers/population/tiles/{ZOOM}/{COLUMN}/{ROW}.png?{QUERY}")
    assert answer.content == own.content


def test_a_tile_is_drawn_once_and_told_by_its_tag(client: httpx.Client) -> None:
    address = f"/v1/layers/population/tiles/{ZOOM}/{COLUMN}/{ROW}.png?{QUERY}"
    first = client.get(address)
    assert client.get(address).content == first.content
    assert client.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
