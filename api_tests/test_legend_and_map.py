"""What a legend on the page says of a colour is what the map shows: by pixels, for every kind of layer.

One page goes from view to view, as links and the back button do.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from api_tests.browser import Visit, legend_rows, visiting
from api_tests.camera import Camera, Place, frame_of, in_plane
from api_tests.conftest import Server
from geo.layers.circles import OPACITY

GO = """address => {
    history.pushState(null, "", address);
    dispatchEvent(new PopStateEvent("popstate"));
}"""
#: Pixels around a place that have to be of one colour, so that no line and no name lies there.
AROUND = 2
RURAL = "mlit-handbook-rural"
MAEBASHI, MATSUMOTO = "10201", "20202"
#: Prefectures of which the middle lies in themselves, from north to south.
EVERYWHERE: Camera = (4.6, 38.2, 137.6)
KANTO: Camera = (8, 36.2, 139.6)
GUNMA: Camera = (10, 36.38, 139.12)


@pytest.fixture(scope="module")
def shared(chromium: Browser, server: Server) -> Iterator[Visit]:
    with visiting(chromium, server.url) as visit:
        visit.open("/?lang=ja&overlay=")
        yield visit


class Picture:
    """The pixels of a map, by place."""

    def __init__(self, visit: Visit, seen: Camera) -> None:
        frame = frame_of(visit)
        self.size, self.seen = (frame["width"], frame["height"]), seen
        self.pixels = np.asarray(Image.open(io.BytesIO(visit.picture())).convert("RGB"))

    def at(self, place: Place) -> tuple[int, int] | None:
        """Return the column and row of a place; None where it lies outside, or near the edge."""
        zoom, latitude, longitude = self.seen
        (x, y), (middle_x, middle_y) = in_plane(place), in_plane((longitude, latitude))
        scale = 512 * 2**zoom
        column = round(self.size[0] / 2 + (x - middle_x) * scale)
        row = round(self.size[1] / 2 + (y - middle_y) * scale)
        height, width, _ = self.pixels.shape
        is_inside = AROUND < column < width - AROUND and AROUND < row < height - AROUND
        return (column, row) if is_inside else None

    def colour(self, place: Place) -> str | None:
        """Return the colour of a place; None outside the map and where there are several."""
        at = self.at(place)
        if at is None:
            return None
        column, row = at
        block = self.pixels[row - AROUND : row + AROUND + 1, column - AROUND : column + AROUND + 1]
        one = np.unique(block.reshape(-1, 3), axis=0)
        return f"#{bytes(one[0]).hex()}" if len(one) == 1 else None


def shown(visit: Visit, query: str, seen: Camera) -> Picture:
    """Go to a view without names, look somewhere, and return the picture of the map."""
    zoom, latitude, longitude = seen
    visit.page.evaluate(GO, f"/?lang=ja&overlay=&{query}#{zoom}/{latitude}/{longitude}")
    visit.shown()
    return Picture(visit, seen)


def told(visit: Visit, layer: str, query: str) -> dict[str, Any]:
    """Return what the service tells of each area, with the labels of its classes."""
    values = visit.page.request.get(f"/v1/layers/{layer}/values.json?{query}").json()
    legend = visit.page.request.get(f"/v1/layers/{layer}/legend.json?{query}").json()
    labels = [one["label"]["ja"] for one in legend["classes"]]
    no_data = legend["no_data"]["label"]["ja"]
    classes = [no_data if one is None else labels[one] for one in values["classes"]]
    return {
        "labels": dict(zip(values["codes"], classes, strict=True)),
        "values": dict(zip(values["codes"], values["values"], strict=True)),
        "circles": legend.get("circles"),
    }


def middles(visit: Visit, level: str) -> dict[str, Place]:
    areas = visit.page.request.get(f"/v1/areas?level={level}&limit=2000").json()["areas"]
    return {one["code"]: (one["centre"][0], one["centre"][1]) for one in areas}


def agreeing(picture: Picture, expected: Mapping[Place, str]) -> set[str]:
    """Fail where a place has another colour than expected; return the colours that were met."""
    seen = {place: picture.colour(place) for place in expected}
    plain = {place: colour for place, colour in seen.items() if colour is not None}
    wrong = {place: (colour, expected[place]) for place, colour in plain.items() if colour != expected[place]}
    assert wrong == {}
    return set(plain.values())


@pytest.mark.parametrize(
    ("layer", "level", "seen", "least"),
    [
        ("ageing-rate", "prefecture", EVERYWHERE, 5),  # a ratio
        ("kpi-progress:goal-1-productivity-growth", "prefecture", EVERYWHERE, 2),  # a rating
        ("change:ageing-rate:2015", "prefecture", EVERYWHERE, 4),
        ("clusters:ageing-rate", "municipality", KANTO, 3),
    ],
)
def test_areas_have_the_colours_that_the_legend_has_for_them(
    shared: Visit, layer: str, level: str, seen: Camera, least: int
) -> None:
    picture = shown(shared, f"layer={layer}&level={level}", seen)
    rows = {label: colour for colour, label, _ in legend_rows(shared.page)}
    labels = told(shared, layer, f"level={level}")["labels"]
    expected = {place: rows[labels[code]] for code, place in middles(shared, level).items()}
    assert len(agreeing(picture, expected)) >= least


@pytest.mark.parametrize(
    ("layer", "apart", "signs"),
    [
        # prefectures into whose circles no other reaches
        ("population", ("01000", "05000", "39000"), {"above"}),
        ("net-migration", ("01000", "07000"), {"above", "below"}),
    ],
)
def test_circles_have_the_colours_that_the_legend_has_for_gains_and_losses(
    shared: Visit, layer: str, apart: tuple[str, ...], signs: set[str]
) -> None:
    query = "level=prefecture&period=2023"
    picture = shown(shared, f"layer={layer}&{query}", EVERYWHERE)
    answer = told(shared, layer, query)
    key = shared.page.locator("#legend li.circle")
    colours = {
        "below" if "−" in row.inner_text() else "above": row.locator("circle").get_attribute("fill") or ""
        for row in key.all()
    }
    assert colours == {sign: answer["circles"][sign] for sign in signs}
    for code in apart:
        sign = "below" if answer["values"][code] < 0 else "above"
        found = picture.colour(middles(shared, "prefecture")[code])
        blend = OPACITY * channels(colours[sign]) + (1 - OPACITY) * channels(answer["circles"]["land"])
        assert found is not None
        assert abs(channels(found) - blend).max() <= 3, (code, found, colours[sign])


def channels(colour: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(list(bytes.fromhex(colour[1:])), float)


def test_cells_have_the_colours_that_the_legend_has_for_their_people(shared: Visit) -> None:
    query = f"layer=transport-gap:{RURAL}&level=municipality"
    shown(shared, query, (8, *GUNMA[1:]))
    assert shared.page.locator("#legend .gap .near").is_hidden()  # from afar there are municipalities
    picture = shown(shared, query, GUNMA)
    key = shared.page.locator("#legend .gap .near")
    assert key.is_visible()
    assert shared.page.locator("#legend li:has(data)").first.is_hidden()  # one scale at a time
    rows = key.locator("li:has(rect)").evaluate_all(
        "all => all.map(one => [one.querySelector('rect').getAttribute('fill'), one.textContent])"
    )
    bounds = {colour: numbers for colour, label in rows if (numbers := numbers_of(label))}
    cells = shared.page.request.get(f"/v1/transport-gap/{RURAL}/cells.geojson?area={MAEBASHI}").json()
    expected = {
        middle(cell["geometry"]["coordinates"][0]): colour_for(
            round(cell["properties"]["gap_population"], 1), bounds
        )  # as tiles tell it
        for cell in cells["features"]
        if cell["properties"]["gap_population"] is not None
    }
    assert agreeing(picture, expected) == set(bounds)


def middle(ring: list[Place]) -> Place:
    longitudes, latitudes = zip(*ring, strict=True)
    return (min(longitudes) + max(longitudes)) / 2, (min(latitudes) + max(latitudes)) / 2


def numbers_of(label: str) -> tuple[float, float] | None:
    """Return from how many people to how many a row of the key goes; None for one of something else."""
    found = [float(one) for one in re.findall(r"\d+", label)]
    if not found:
        return None
    if "未満" in label:
        return (found[0], found[1]) if len(found) == 2 else (0.0, found[0])
    return found[0], float("inf")


def colour_for(people: float, bounds: Mapping[str, tuple[float, float]]) -> str:
    (found,) = [colour for colour, (first, last) in bounds.items() if first <= people < last]
    return found


def test_a_measure_has_its_marks_by_status_on_quiet_areas(shared: Visit) -> None:
    layer = "deployments:smart-cities"
    there = longitude, latitude = middles(shared, "municipality")[MATSUMOTO]
    picture = shown(shared, f"layer={layer}&level=municipality", (9.5, latitude, longitude))
    (label,) = {told(shared, layer, "level=municipality")["labels"][MATSUMOTO]}
    row = shared.page.locator("#legend li", has=shared.page.get_by_text(label, exact=True))
    mark, area = (row.locator(one).get_attribute("fill") for one in ("path", "rect"))
    column, line = picture.at(there) or (0, 0)
    assert f"#{bytes(picture.pixels[line, column]).hex()}" == mark
    beside = picture.pixels[line, column + 24]  # the city is more than ten times as wide
    assert f"#{bytes(beside).hex()}" == area
