"""Finding in the page: what is typed leads to the map, and a family of the tree to all of its layers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Geolocation, Locator, expect

from api_tests.browser import Visit, visiting
from api_tests.camera import Camera, camera
from api_tests.conftest import Server

MAEBASHI: Geolocation = {"longitude": 139.0634, "latitude": 36.3895}


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    with visiting(browser, server.url, geolocation=MAEBASHI) as made:
        yield made


def option(visit: Visit, words: str, name: str) -> Locator:
    """Type words, and return what is found."""
    visit.page.locator("#find").fill(words)
    return visit.page.locator("#found").get_by_role("option", name=re.compile(name)).first


def flown(visit: Visit, latitude: float, longitude: float) -> Camera:
    """Return the camera, once the map has flown to a place."""
    deadline = time.monotonic() + 30
    while (seen := camera(visit))[1:] != pytest.approx((latitude, longitude), abs=0.1):
        assert time.monotonic() < deadline, seen
    return seen


def state(visit: Visit) -> dict[str, str]:
    """Return what the address says, once all of it is shown."""
    visit.shown()
    return {name: values[0] for name, values in parse_qs(urlsplit(visit.page.url).query).items()}


def test_words_places_and_topics_stations_and_where_one_is_lead_to_the_map(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=population&level=prefecture")
    page = visit.page
    # with a slip, by keyboard
    expect(option(visit, "高令化率", "^高齢化率 %")).to_be_visible()
    page.keyboard.press("Enter")
    assert state(visit)["layer"] == "ageing-rate"
    assert "#" not in page.url  # a figure leaves the map where it is
    # a place and a topic
    option(visit, "長野県 スマートシティ", "長野県 × スマートシティの推進").click()
    told = state(visit)
    expect(page.locator("#area-name")).to_have_text("長野県")
    assert (told["layer"], told["area"], told["level"]) == (
        "deployments:smart-cities",
        "20000",
        "municipality",
    )
    assert 36 < camera(visit)[1] < 36.4
    # a station, a postcode
    option(visit, "松本駅", "松本駅 松本市").click()
    assert state(visit)["area"] == "20202"
    expect(page.locator("#area-name")).to_have_text("松本市")
    zoom, _latitude, _longitude = flown(visit, 36.23, 137.96)  # beside the legend
    assert zoom > 10
    option(visit, "371-0026", "〒371-0026").click()
    assert state(visit)["area"] == "10201"
    # where one is: not told at first
    seen = flown(visit, 36.44, 139.04)
    option(visit, "現在地", "現在地").click()
    expect(page.get_by_text("現在地は分かりませんでした")).to_be_visible()
    assert camera(visit) == seen
    page.context.grant_permissions(["geolocation"])
    option(visit, "現在地", "現在地").click()
    expect(page.locator("#found")).to_be_hidden(timeout=30_000)
    flown(visit, 36.39, 139.06)
    assert state(visit)["area"] == "10201"


def test_a_family_is_one_entry_with_choices_and_what_was_kept_and_seen_stays(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=population&level=prefecture")
    page, tree = visit.page, visit.page.locator("#tree")
    tree.locator("[data-topic=transport] > summary").click()
    gaps = tree.locator("[data-topic=transport] [data-family]")
    expect(gaps).to_have_text(["交通空白", "道路"])
    gaps.first.click()
    expect(gaps.first).to_have_attribute("aria-pressed", "true", timeout=30_000)
    assert state(visit)["layer"] == "transport-gap:mlit-handbook-rural"
    choice = tree.locator(".pickers:visible")
    expect(choice.locator("optgroup")).to_have_attribute("label", "計算の材料")
    choice.get_by_label("定義").select_option("バス 1km")
    assert state(visit)["layer"] == "transport-gap:bus-1km"
    choice.get_by_label("数え方").focus()
    choice.get_by_label("数え方").select_option("人数・面積")
    assert state(visit)["layer"] == "gap-people-bus-1km"
    expect(choice.get_by_label("数え方")).to_be_focused()
    choice.get_by_label("対象").select_option("土地")
    assert state(visit)["layer"] == "gap-land-bus-1km"
    # kept by its star, and found again where nothing is typed
    star = tree.get_by_role("button", name="お気に入り: ")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.reload()
    visit.shown()
    expect(choice.get_by_label("定義")).to_have_value("バス 1km")
    expect(tree.locator("[data-list=kept] .pick")).to_have_count(1)
    page.locator("#find").click()
    kept = page.get_by_role("group", name="お気に入り").get_by_role("option")
    expect(kept).to_contain_text("圏外面積：バス 1km")
    page.get_by_role("group", name="最近見たもの").get_by_role("option", name=re.compile("^総人口")).click()
    assert state(visit)["layer"] == "population"
    assert "seen" not in page.url
    # on a phone all of the list is in sight
    page.set_viewport_size({"width": 390, "height": 844})
    expect(option(visit, "清水", "静岡市清水区")).to_be_visible()
    place = page.locator("#found").bounding_box()
    assert place is not None
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= 390
