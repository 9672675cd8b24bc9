"""Where a map on a page looks: zoom, latitude and longitude, as its address says them."""

from __future__ import annotations

import math
from urllib.parse import urlsplit

from playwright.sync_api import FloatRect, expect

from api_tests.browser import Visit, colours

#: Longitude and latitude.
Place = tuple[float, float]
Camera = tuple[float, float, float]
Box = tuple[float, float, float, float]

#: What a map of the nation shows at first: without room for frames of the islands far away, and with it.
JAPAN, MAIN = (126.5, 26.0, 149.0, 45.7), (128.4, 30.05, 148.95, 45.65)
ROOMY = (560, 420)
SAPPORO, MAEBASHI, KAGOSHIMA = (141.35, 43.06), (139.06, 36.39), (130.65, 31.75)

FILLS_ITS_FRAME = """name => {
    const map = document.querySelector(name), canvas = map.querySelector("canvas");
    return canvas.clientWidth === map.clientWidth && canvas.clientHeight === map.clientHeight;
}"""

#: A turn of the wheel may come as several, and the map rest in between.
SAYS_THE_SAME = """stands => {
    const {hash} = location, now = performance.now();
    if (window.stood?.hash !== hash) window.stood = {hash, since: now};
    return hash.length > 1 && now - window.stood.since > stands;
}"""
STANDS_MS = 500


def in_plane(place: Place) -> Place:
    """Return a place in Web Mercator, the world 0 to 1."""
    longitude, latitude = place
    return longitude / 360 + 0.5, 0.5 - math.asinh(math.tan(math.radians(latitude))) / (2 * math.pi)


def fitted(box: Box, frame: FloatRect, margin: int = 12) -> Camera:
    """Return the camera that shows a box as large as a frame allows."""
    west, south, east, north = box
    (left, bottom), (right, top) = in_plane((west, south)), in_plane((east, north))
    width, height = frame["width"] - 2 * margin, frame["height"] - 2 * margin
    scale = min(width / (right - left), height / (bottom - top))
    latitude = math.degrees(math.atan(math.sinh(math.pi * (1 - top - bottom))))
    return math.log2(scale / 512), latitude, (west + east) / 2


def at_home(frame: FloatRect, margin: int = 12) -> Camera:
    """Return the camera of a map of the nation that nobody has placed."""
    is_roomy = frame["width"] >= ROOMY[0] and frame["height"] >= ROOMY[1]
    return fitted(MAIN if is_roomy else JAPAN, frame, margin)


def camera(visit: Visit) -> Camera:
    """Return what the address says of the camera, as soon as it goes on saying the same."""
    visit.page.wait_for_function(SAYS_THE_SAME, arg=STANDS_MS)
    zoom, latitude, longitude = map(float, urlsplit(visit.page.url).fragment.split("/"))
    return zoom, latitude, longitude


def frame_of(visit: Visit, name: str = "#map") -> FloatRect:
    """Return where a map is on the page, once it fills its frame."""
    visit.page.wait_for_function(FILLS_ITS_FRAME, arg=name)
    found = visit.page.locator(name).bounding_box()
    assert found is not None
    return found


def pixel_of(visit: Visit, place: Place, seen: Camera, name: str = "#map") -> tuple[float, float]:
    """Return where a place is on the page, if the map looks there."""
    zoom, latitude, longitude = seen
    frame, scale = frame_of(visit, name), 512 * 2**zoom
    (x, y), (middle_x, middle_y) = in_plane(place), in_plane((longitude, latitude))
    return (
        frame["x"] + frame["width"] / 2 + (x - middle_x) * scale,
        frame["y"] + frame["height"] / 2 + (y - middle_y) * scale,
    )


def point_at(visit: Visit, place: Place, seen: Camera, name: str = "#map") -> None:
    """Move the pointer to where a place is, if the map looks there."""
    visit.page.mouse.move(*pixel_of(visit, place, seen, name))


def colour_at(visit: Visit, place: Place, seen: Camera, name: str = "#map") -> str:
    """Return the colour of a place, if the map looks there."""
    x, y = pixel_of(visit, place, seen, name)
    cut = visit.page.screenshot(clip={"x": round(x), "y": round(y), "width": 1, "height": 1})
    (found,) = colours(cut)
    return found


def shows_all_of_japan(visit: Visit, margin: int = 12, tip: str = "#tip") -> None:
    """Fail unless places at both ends of Japan are where they are if it fills a map of prefectures."""
    seen = at_home(frame_of(visit), margin)
    for place, name in ((SAPPORO, "北海道"), (KAGOSHIMA, "鹿児島県")):
        point_at(visit, place, seen)
        expect(visit.page.locator(tip)).to_contain_text(name)


def wheel(visit: Visit, place: Place, name: str = "#map") -> None:
    """Turn the wheel over a place of an untouched map."""
    point_at(visit, place, at_home(frame_of(visit, name)), name)
    visit.page.mouse.wheel(0, -900)
