"""The explorer under a thumb, in few colours, in the dark, and enlarged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from api_tests.browser import Visit, visiting
from api_tests.conftest import Server

PHONE = {"width": 390, "height": 844}
MAEBASHI = "/?lang={lang}&layer=ageing-rate&level=municipality#9.5/36.41/139.08"


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Visit]:
    with visiting(browser, server.url, viewport=PHONE, has_touch=True, is_mobile=True) as made:
        yield made


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    with visiting(browser, server.url, viewport={"width": 1100, "height": 760}) as made:
        yield made


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_town_is_tapped_read_and_followed_through_the_years(phone: Visit, lang: str) -> None:
    page = phone.page
    phone.open(MAEBASHI.format(lang=lang))
    expect(page.locator("#map")).to_be_in_viewport(ratio=1)
    expect(page.locator("#period")).to_be_in_viewport(ratio=1)
    page.locator("#map").tap()
    brief = page.locator("#brief")
    expect(brief).to_be_in_viewport(ratio=1)
    # the census of 2020: Maebashi is the 1,293rd oldest of the 1,740 municipalities that have a rate
    name, rank = {"ja": ("前橋市", "1,293位／1,740"), "en": ("Maebashi-shi", "1,293 of 1,740")}[lang]
    expect(brief).to_contain_text(name)
    expect(brief.locator("data")).to_have_text("29.0%")
    expect(brief).to_contain_text(rank)
    # the period is changed with the area and the map in sight
    slider = page.locator("#period")
    slider.focus()
    slider.press("ArrowLeft")
    expect(brief.locator("data")).to_have_text("27.1%")  # the census of 2015
    expect(slider).to_be_in_viewport(ratio=1)
    expect(page.locator("#map")).to_be_in_viewport(ratio=0.8)
    phone.shown()
    # drawn up, the sheet holds all that is known; drawn down, the map is there again
    opener = page.locator("#open-sheet")
    box = opener.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 90, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] - 200, steps=3)
    page.mouse.up()
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#area-name")).to_be_in_viewport()
    opener.tap()
    expect(page.locator("#area-name")).not_to_be_in_viewport()
    # one finger scrolls the page: the browser keeps it for itself
    touched = page.locator("#map canvas").evaluate("one => getComputedStyle(one).touchAction")
    assert touched == "pan-x pan-y"
    page.locator("#brief .leave").tap()
    expect(brief).to_be_hidden()


def test_views_tools_and_choices_are_under_a_thumb(phone: Visit) -> None:
    page = phone.page
    phone.open("/?lang=en&layer=ageing-rate&level=prefecture")
    for control in page.locator(
        "#bar :is(button, input, [role=tab]), #heading button, #timeline button"
    ).all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 43.9, control.evaluate("one => one.outerHTML")
    page.locator("#open-choose").tap()
    expect(page.locator("#close-choose")).to_be_focused()
    page.locator("#tree [data-goal] > summary").first.tap()
    expect(page.locator("#choose")).to_be_in_viewport(ratio=0.9)
    page.keyboard.press("Escape")
    expect(page.locator("#choose")).to_be_hidden()
    page.locator("#stages [data-stage=roadmap]").tap()
    phone.shown()
    expect(page.locator("#stages [data-stage=roadmap]")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_all_views_are_named_in_the_bar(visit: Visit, lang: str) -> None:
    visit.open(f"/?lang={lang}&layer=ageing-rate&level=prefecture")
    for tab in visit.page.get_by_role("tab").all():
        expect(tab).to_be_in_viewport(ratio=1)
    expect(visit.page.locator("h1")).to_have_count(1)
    expect(visit.page.locator("h1")).to_contain_text({"ja": "高齢化率", "en": "Ageing rate"}[lang])


def test_twice_as_large_the_map_has_half_the_height(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 720, "height": 450})
    visit.open("/?lang=en&layer=ageing-rate&level=prefecture")
    seen = visit.page.locator("#map").evaluate(
        """one => {
            const { top, bottom } = one.getBoundingClientRect();
            return Math.min(bottom, innerHeight - document.getElementById("dock").offsetHeight) - top;
        }"""
    )
    assert seen >= 225
    expect(visit.page.locator("#period")).to_be_in_viewport(ratio=1)


def test_what_is_chosen_is_told_in_the_systems_colours(visit: Visit) -> None:
    visit.page.emulate_media(forced_colors="active")
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    highlight = visit.page.evaluate(
        """() => {
            const one = document.createElement("p");
            one.style.cssText = "forced-color-adjust: none; color: Highlight";
            document.body.append(one);
            return getComputedStyle(one).color;
        }"""
    )
    for chosen in ("#stages [aria-selected=true]", "#levels :checked + span", "#tree [aria-pressed=true]"):
        shown = visit.page.locator(chosen).first
        assert shown.evaluate("one => getComputedStyle(one).backgroundColor") == highlight, chosen
    other = visit.page.locator("#stages [aria-selected=false]").first
    assert other.evaluate("one => getComputedStyle(one).backgroundColor") != highlight
    assert set(visit.legend()[:-1]) <= visit.colours()  # what the map means by a colour stays


def test_the_page_is_dark_as_the_system_or_as_the_reader_wishes(visit: Visit) -> None:
    page = visit.page

    def paper() -> str:
        found: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        return found

    light, dark = "rgb(255, 255, 255)", "rgb(20, 27, 34)"
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    assert paper() == light
    page.emulate_media(color_scheme="dark")
    assert paper() == dark
    visit.shown()
    assert "#202b36" in visit.colours()  # the sea
    page.locator("#theme").select_option("light")
    assert paper() == light
    page.reload()
    visit.shown()
    assert paper() == light
    assert "theme" not in page.url
    page.emulate_media(color_scheme="light")
    page.locator("#theme").select_option("dark")
    assert paper() == dark
    page.locator("#theme").select_option("auto")
    assert paper() == light


def test_the_maps_program_is_loaded_where_there_is_a_map(visit: Visit) -> None:
    visit.open("/?lang=ja&view=table&layer=ageing-rate&level=prefecture")
    for stage in ("compare", "kpi", "logic", "mergers", "roadmap"):
        visit.page.locator(f"#stages [data-stage={stage}]").click()
        visit.page.wait_for_selector("body[data-shown]")
    assert [url for url in visit.requests if "/assets/map-" in url] == []
    visit.page.locator("#stages [data-stage=map]").click()
    visit.shown()
    assert [url for url in visit.requests if "/assets/map-worker-" in url] != []
    assert set(visit.legend()[:-1]) <= visit.colours()
