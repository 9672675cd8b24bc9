"""The map that keeps still: its controls, its names, its islands in frames, and the legend that is alive."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from api_tests.browser import Visit, answered_rows, colours, legend_rows
from api_tests.camera import (
    MAEBASHI,
    SAPPORO,
    at_home,
    camera,
    colour_at,
    frame_of,
    point_at,
    wheel,
)

NAHA, CHICHIJIMA = "47201", "13421"


def test_no_control_moves_the_map_and_two_buttons_do(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2020")
    page = visit.page
    wheel(visit, MAEBASHI)
    put = camera(visit)

    def stays(control: str) -> None:
        visit.shown()
        assert urlsplit(page.url).fragment == "/".join(f"{part:g}" for part in put), control

    page.locator("#legend .class").first.click()
    stays("a class of the legend")
    page.get_by_role("button", name="凡例をたたむ").click()
    page.get_by_role("button", name="凡例を開く").click()
    stays("folding the legend")
    page.locator("#tuning summary").click()
    page.get_by_label("区分の方法").select_option("equal-interval")
    stays("the scheme")
    page.get_by_label("区分の数").select_option("4")
    stays("the number of classes")
    page.get_by_label("viridis").check()
    stays("the palette")
    page.get_by_label("全期間で同じ区切り").check()
    stays("breaks over all periods")
    page.get_by_role("button", name="標準に戻す").click()
    stays("what is usual")
    page.get_by_label("境界の基準日").select_option("2021-01-01")
    stays("the boundaries")
    page.get_by_label("地名").uncheck()
    stays("the names")
    page.get_by_label("市区町村").check(force=True)
    stays("the level")
    page.locator("#period").press("Home")
    stays("the period")
    page.get_by_role("button", name="再生").click()
    expect(page.locator("#legend .breaks")).to_be_visible()
    page.get_by_role("button", name="止める").click()
    stays("playing")
    page.locator("#language").click()
    stays("the language")
    page.locator("#share").evaluate("dialog => dialog.showModal()")
    page.keyboard.press("Escape")
    stays("the dialog")
    point_at(visit, MAEBASHI, put)
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#area-name")).to_have_text("Maebashi-shi")
    stays("a click")
    page.set_viewport_size({"width": 1300, "height": 800})
    stays("the window")
    page.reload()
    stays("coming back")
    assert camera(visit) == put

    here = page.url
    page.get_by_role("button", name="Zoom to this area").click()
    expect(page).not_to_have_url(here)
    assert camera(visit)[0] > put[0] + 2
    assert state_of(visit) == "10201"
    page.get_by_role("button", name="Show all of Japan").click()
    expect(page).to_have_url(re.compile("^[^#]*$"))
    visit.shown()
    point_at(visit, SAPPORO, at_home(frame_of(visit)))
    expect(page.locator("#tip")).to_contain_text("Sapporo")


def state_of(visit: Visit) -> str:
    """Return the code of the area that the address names."""
    found = re.search(r"[?&]area=(\d{5})", visit.page.url)
    assert found is not None
    return found.group(1)


def fills(visit: Visit) -> dict[str, str]:
    """Return the colour of each area in the frames of the islands."""
    found: dict[str, str] = visit.page.locator(".insets path").evaluate_all(
        "all => Object.fromEntries(all.map(one => [one.dataset.code, one.getAttribute('fill')]))"
    )
    return found


def told_fills(visit: Visit, layer: str, query: str) -> dict[str, str]:
    """Return the colour that the service tells for each area."""
    legend = visit.page.request.get(f"/v1/layers/{layer}/legend.json?{query}").json()
    values = visit.page.request.get(f"/v1/layers/{layer}/values.json?{query}").json()
    every = [one["colour"] for one in legend["classes"]]
    return {
        code: legend["no_data"]["colour"] if place is None else every[place]
        for code, place in zip(values["codes"], values["classes"], strict=True)
    }


def apart(one: str, other: str) -> int:
    """Return by how much two colours such as #0b5c8a differ in the channel in which they do most."""
    channels = zip(bytes.fromhex(one[1:7]), bytes.fromhex(other[1:7]), strict=True)
    return max(abs(a - b) for a, b in channels)


def test_islands_far_away_stand_in_frames_in_the_colours_of_the_map(visit: Visit) -> None:
    page = visit.page
    visit.open("/?lang=ja&layer=ageing-rate&level=municipality&period=2020")
    query = "level=municipality&period=2020"
    shown, told = fills(visit), told_fills(visit, "ageing-rate", query)
    assert {NAHA, CHICHIJIMA, "46222"} < shown.keys()  # 奄美市
    assert shown == {code: told[code] for code in shown}
    assert len(set(shown.values())) > 3
    isle = page.locator(f'.insets path[data-code="{NAHA}"]')
    drawn = colours(page.locator(".insets .south-west").screenshot())
    # most islands are smaller than a pixel, so that the sea is mixed into their colours
    assert sum(min(apart(one, other) for other in drawn) < 48 for one in visit.legend()[:-1]) > 3
    isle.hover()
    expect(page.locator("#tip")).to_contain_text(re.compile("那覇市22.8%.*全国1,644位／1,740"))
    assert page.locator("#legend li.here span").inner_text() == "27.8 未満"
    page.locator("#period").evaluate(
        "slider => { slider.value = 0; slider.dispatchEvent(new Event('input')); }"
    )
    expect(page.locator("#legend .when")).to_contain_text("1980")
    past = told_fills(visit, "ageing-rate", "level=municipality&period=1980&breaks_over=all")
    # a little later than the map, and all at once
    other = next(code for code in shown if past[code] != shown[code])
    expect(page.locator(f'.insets path[data-code="{other}"]')).to_have_attribute("fill", past[other])
    assert fills(visit) == {code: past[code] for code in shown}
    page.locator("#period").dispatch_event("change")
    visit.shown()
    isle.click()
    expect(page.locator("#area-name")).to_have_text("那覇市")
    visit.shown()
    assert "#" not in page.url
    page.get_by_role("button", name="小笠原: 地図で拡大").click()
    zoom, latitude, longitude = camera(visit)
    assert (zoom > 6, 24 < latitude < 28, 140 < longitude < 143) == (True, True, True)
    expect(page.locator(".insets")).to_be_hidden()


def test_circles_of_islands_in_frames_are_as_large_as_the_map_s(visit: Visit) -> None:
    visit.open("/?lang=en&layer=population&level=prefecture&period=2020")
    query = "level=prefecture&period=2020"
    scale = visit.page.request.get(f"/v1/layers/population/legend.json?{query}").json()["circles"]
    isle = visit.page.locator('.insets circle[data-code="47000"]')
    box = isle.bounding_box()
    assert box is not None
    # 1,467,480 people in the census of 2020; a legend's circles are the map's at its zoom
    example = visit.page.locator("#legend li.circle").first
    people = int(example.inner_text().replace(",", ""))
    radius = float(example.locator("circle").get_attribute("r") or "nan")
    assert box["width"] / 2 == pytest.approx(radius * (1_467_480 / people) ** 0.5, abs=1)
    assert isle.get_attribute("fill") == scale["above"]
    visit.page.set_viewport_size({"width": 390, "height": 844})
    expect(visit.page.locator(".insets")).to_be_hidden()


def test_the_legend_and_the_map_point_at_each_other(visit: Visit) -> None:
    page = visit.page
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2020&overlay=")
    seen = at_home(frame_of(visit))
    legend = visit.legend()
    own = colour_at(visit, SAPPORO, seen)
    assert colour_at(visit, MAEBASHI, seen) in {*legend} - {own}
    rows = page.locator("#legend .class")
    rows.nth(legend.index(own)).focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#map canvas")).to_have_css("opacity", "0")  # its plate is shown instead
    assert colour_at(visit, SAPPORO, seen) == own
    assert colour_at(visit, MAEBASHI, seen) not in legend  # pale
    page.keyboard.press("Enter")
    page.locator("#find").focus()
    expect(rows.nth(legend.index(own))).to_have_attribute("aria-pressed", "true")
    assert not {one for one in legend if one != own} & visit.colours()
    rows.nth(legend.index(own)).press("Enter")
    page.locator("#find").focus()
    expect(page.locator("#map canvas")).to_have_css("opacity", "1")
    point_at(visit, SAPPORO, seen)
    expect(page.locator("#tip")).to_contain_text("北海道")
    mark = page.locator("#legend .histogram .mark").bounding_box()
    drawn = page.locator("#legend .histogram").bounding_box()
    assert mark is not None
    assert drawn is not None
    told = page.request.get("/v1/layers/ageing-rate/values.json?level=prefecture&period=2020").json()
    lower = sum(one < told["values"][0] for one in told["values"])
    share = (mark["x"] + mark["width"] / 2 - drawn["x"]) / drawn["width"]
    # 47 values: the 1st and the 99th hundredth are the lowest and the highest
    low, high = min(told["values"]), max(told["values"])
    assert share == pytest.approx((told["values"][0] - low) / (high - low), abs=0.02)
    expect(page.locator("#tip")).to_contain_text(f"全国{47 - lower}位／47")


def test_breaks_of_one_s_own_are_typed_and_a_folded_legend_stays_so(visit: Visit) -> None:
    page = visit.page
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2020")
    page.locator("#tuning summary").press("Enter")
    page.get_by_label("区分の方法").select_option("自分の区切り")
    visit.shown()
    box, fault = page.get_by_label("区切りの値"), page.locator("#bounds-fault")
    for typed, words in (
        ("30, 28", "小さい順に並べてください：30 の次に 28 があります。"),
        ("28, 三十", "「三十」は数として読めません。"),
        ("", "区切りの値を一つ以上入れてください。"),
    ):
        box.fill(typed)
        box.press("Enter")
        expect(fault).to_have_text(words)
        expect(box).to_have_attribute("aria-invalid", "true")
        expect(box).to_be_focused()
    box.fill("２６、２８ 30")
    box.press("Enter")
    expect(page).to_have_url(re.compile("scheme=user&breaks=26,28,30"))
    visit.shown()
    expect(box).to_be_focused()
    query = "level=prefecture&period=2020&scheme=user&breaks=26,28,30"
    assert legend_rows(page) == answered_rows(page, "ageing-rate", query)
    assert set(visit.legend()[:-1]) <= visit.colours()
    page.get_by_role("button", name="凡例をたたむ").press("Enter")
    expect(page.locator("#legend ul")).to_be_hidden()
    page.reload()
    visit.shown()
    expect(page.locator("#legend ul")).to_be_hidden()
    page.get_by_role("button", name="凡例を開く").press("Enter")
    expect(page.locator("#legend ul")).to_be_visible()
