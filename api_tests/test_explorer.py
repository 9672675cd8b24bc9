"""The explorer at ``/`` in a real browser: every view, its address, its words and its colours."""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Response, Route, expect

from api_tests.browser import (
    Visit,
    answered_rows,
    assert_drawn,
    legend_rows,
    likeness,
    shifted,
)
from api_tests.camera import (
    KAGOSHIMA,
    MAEBASHI,
    SAPPORO,
    at_home,
    camera,
    colour_at,
    frame_of,
    pixel_of,
    point_at,
    shows_all_of_japan,
    wheel,
)
from api_tests.conftest import Server, serving
from service.tests.databases import Database

AXE = Path(__file__).parent.parent / "web/node_modules/axe-core/axe.min.js"


def state(visit: Visit) -> dict[str, str]:
    """Return what the address says."""
    return {name: values[0] for name, values in parse_qs(urlsplit(visit.page.url).query).items()}


def violations(visit: Visit) -> list[str]:
    """Return what axe finds against WCAG 2.2 A and AA, and against what it calls best practice."""
    visit.page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = visit.page.evaluate("runOnly => axe.run({ runOnly })", tags)
    return [f"{one['id']}: {[node['html'][:160] for node in one['nodes']]}" for one in found["violations"]]


#: Returns words with Japanese signs, shown or told, that do not say that they are Japanese.
UNMARKED = """() => {
    const japanese = /[\\u3041-\\u30fa\\u30fc-\\u30ff\\u3400-\\u9fff\\uff01-\\uff60]/;
    const found = [];
    const look = (words, element) => {
        if (japanese.test(words) && element.closest("[lang]").lang !== "ja") found.push(words);
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const { data, parentElement } = texts.currentNode;
        if (!parentElement.closest("script, noscript")) look(data, parentElement);
    }
    for (const element of document.body.querySelectorAll("*"))
        for (const name of ["aria-label", "aria-valuetext", "title", "alt", "placeholder"])
            look(element.getAttribute(name) ?? "", element);
    return found;
}"""

VIEWS = {
    "map": "/?lang={lang}&layer=ageing-rate&level=municipality&period=2020",
    "area": "/?lang={lang}&layer=ageing-rate&area=10201",
    "two": "/?lang={lang}&view=two&layer=ageing-rate",
    "bivariate": "/?lang={lang}&view=bivariate&layer=ageing-rate&layer2=population-change",
    "years": "/?lang={lang}&view=years&layer=ageing-rate&level=prefecture&area=10000",
    "ranking": "/?lang={lang}&view=ranking&layer=ageing-rate&level=municipality&period=2020&parent=10000",
    "compare": "/?lang={lang}&view=compare&layer=ageing-rate&areas=10201,10202,10203&more=population",
    "kpi": "/?lang={lang}&view=kpi",
    "logic": "/?lang={lang}&view=logic&area=10201",
    "mergers": "/?lang={lang}&view=mergers&area=15202&year=2005",
    "roadmap": "/?lang={lang}&view=roadmap",
    "deployments": "/?lang={lang}&layer=deployments:smart-cities&overlay=labels,deployments:smart-cities",
    "gap": "/?lang={lang}&layer=transport-gap:mlit-handbook-rural#10/36.38/139.1",
}


FITS_A_PHONE = "() => document.documentElement.scrollWidth <= 390"


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_accessible_light_and_dark_and_fits_a_phone(visit: Visit, view: str) -> None:
    visit.open(VIEWS[view].format(lang="ja"))
    assert violations(visit) == []
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.page.wait_for_function(FITS_A_PHONE)  # a chart is drawn anew in the frame after
    visit.page.emulate_media(color_scheme="dark")
    visit.page.locator("#language").click()
    expect(visit.page.locator("html")).to_have_attribute("lang", "en")
    visit.shown()
    assert violations(visit) == []
    assert visit.page.evaluate(UNMARKED) == []
    visit.page.wait_for_function(FITS_A_PHONE)


def test_the_map_has_the_colours_of_its_legend(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2020")
    legend = visit.legend()
    counts = visit.page.locator("#legend li data").evaluate_all("all => all.map(one => Number(one.value))")
    assert sum(counts) == 47
    drawn = {colour for colour, count in zip(legend, counts, strict=True) if count}
    assert drawn <= visit.colours()
    assert "国土数値情報（行政区域データ）" in visit.page.locator("#credit").inner_text()


def test_a_period_recolours_the_map_without_new_tiles(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2024")
    seen = at_home(frame_of(visit))
    assert colour_at(visit, SAPPORO, seen) == visit.legend()[1]  # 33.3 %, the second class from above
    tiles = [url for url in visit.requests if ".mvt" in url]
    slider = visit.page.locator("#period")
    slider.focus()
    slider.press("Home")
    expect(visit.page.locator("#legend .when")).to_contain_text("1975")
    visit.shown()
    assert state(visit)["period"] == "1975"
    assert [url for url in visit.requests if ".mvt" in url] == tiles
    query = "level=prefecture&period=1975"
    assert legend_rows(visit.page) == answered_rows(visit.page, "ageing-rate", query)
    assert colour_at(visit, SAPPORO, seen) == visit.legend()[-2]  # 6.9 %, the lowest


def slide(visit: Visit, place: int) -> None:
    """Move the slider without letting it go."""
    visit.page.locator("#period").evaluate(
        "(slider, place) => { slider.value = place; slider.dispatchEvent(new Event('input')); }", place
    )


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_first_map_has_areas_in_every_class(visit: Visit, lang: str) -> None:
    visit.open(f"/?lang={lang}")
    rows = legend_rows(visit.page)
    assert rows == answered_rows(visit.page, "register-population-change", "", lang)
    counts = [count for _colour, _label, count in rows[:-1]]
    assert sum(counts) > 1700
    told = visit.page.request.get("/v1/layers/register-population-change/values.json").json()
    grown = sum(value is not None and value > 0 for value in told["values"])
    # those that grew are too few for a second class, and those that shrank are shared out evenly
    assert counts[0] == grown
    assert max(counts[1:]) - min(counts[1:]) <= 1
    for count in counts:
        assert 0.09 <= count / sum(counts) <= 0.25


def test_colours_are_of_all_periods_while_the_slider_moves_and_of_the_period_where_it_rests(
    visit: Visit,
) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2024")
    seen = at_home(frame_of(visit))
    note = visit.page.locator("#legend .breaks")
    expect(note).to_have_count(0)
    shared = answered_rows(visit.page, "ageing-rate", "level=prefecture&period=1980&breaks_over=all")
    slide(visit, 0)
    slide(visit, 5)
    expect(note).to_have_text("動かす間は、全期間で同じ区切り")
    expect(visit.page.locator("#legend .when")).to_contain_text("1980")
    assert legend_rows(visit.page) == shared
    assert colour_at(visit, SAPPORO, seen) == shared[-2][0]  # 8.1 %, the lowest class of all periods
    visit.page.locator("#period").dispatch_event("change")
    expect(note).to_have_count(0)
    visit.shown()
    own = answered_rows(visit.page, "ageing-rate", "level=prefecture&period=1980")
    assert legend_rows(visit.page) == own
    assert own != shared
    slide(visit, 6)
    expect(note).to_be_visible()
    assert len([url for url in visit.requests if "/periods.json" in url]) == 1
    visit.page.locator("#period").dispatch_event("change")
    visit.shown()
    visit.page.locator("#language").click()
    visit.shown()
    slide(visit, 7)
    expect(note).to_have_text("Same breaks for all periods while the period moves")


def test_a_slider_let_go_where_it_was_taken_up_rests(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    box = visit.page.locator("#period").bounding_box()
    assert box is not None
    right, y = box["x"] + box["width"] - 8, box["y"] + box["height"] / 2
    visit.page.mouse.move(right, y)
    visit.page.mouse.down()
    visit.page.mouse.move(right - 200, y, steps=4)
    expect(visit.page.locator("#legend .breaks")).to_be_visible()
    visit.page.mouse.move(right, y, steps=4)
    visit.page.mouse.up()
    expect(visit.page.locator("#legend .breaks")).to_have_count(0)
    visit.shown()
    query = "level=prefecture"
    assert legend_rows(visit.page) == answered_rows(visit.page, "ageing-rate", query)


def test_breaks_of_all_periods_stay_where_they_are_asked_for(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2020&breaks_over=all")
    note = visit.page.locator("#legend .breaks")
    expect(note).to_have_text("全期間で同じ区切り")
    slider = visit.page.locator("#period")
    slider.focus()
    slider.press("ArrowLeft")
    visit.shown()
    assert state(visit)["breaks_over"] == "all"
    query = "level=prefecture&period=2019&breaks_over=all"
    assert legend_rows(visit.page) == answered_rows(visit.page, "ageing-rate", query)
    slide(visit, 3)
    expect(note).to_have_text("全期間で同じ区切り")
    slider.dispatch_event("change")
    visit.shown()
    visit.page.locator("#tuning summary").click()
    choice = visit.page.get_by_label("全期間で同じ区切り")
    expect(choice).to_be_checked()
    choice.uncheck()
    expect(note).to_have_count(0)
    visit.shown()
    assert "breaks_over" not in state(visit)
    visit.page.get_by_label("全期間で同じ区切り").check()
    expect(note).to_have_text("全期間で同じ区切り")
    visit.shown()
    assert state(visit)["breaks_over"] == "all"


def test_a_moving_slider_colours_the_map_and_tells_the_period(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2024#6/43.4/142.8")
    tiles = [url for url in visit.requests if ".mvt" in url]
    slide(visit, 0)
    expect(visit.page.locator("#legend .when")).to_contain_text("1975")
    # above 11.5 %: Shimane, Kochi and Kagoshima, the oldest of the census of 1975
    expect(visit.page.locator("#legend li data")).to_have_text(["0", "0", "0", "3", "44", "0"])
    assert visit.legend()[-2] in visit.colours()
    visit.page.locator("#map canvas").hover()
    expect(visit.page.locator("#tip")).to_contain_text("北海道6.9%")
    assert [url for url in visit.requests if ".mvt" in url] == tiles
    assert state(visit)["period"] == "2024"


def test_the_map_moved_under_a_moving_slider_keeps_its_colours(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2024")
    slide(visit, 0)
    expect(visit.page.locator("#legend .when")).to_contain_text("1975")
    visit.page.locator("#map").get_by_role("button", name="拡大", exact=True).click()
    expect(visit.page.locator(".plate").last).to_be_hidden()
    visit.shown()
    assert visit.legend()[-2] in visit.colours()


def test_a_moving_slider_shows_what_the_map_shows_at_rest(visit: Visit) -> None:
    visit.open(
        "/?lang=ja&layer=ageing-rate&level=municipality&period=2020&overlay=&breaks_over=all"
    )  # else the classes differ
    slide(visit, 0)
    expect(visit.page.locator("#legend .when")).to_contain_text("1980")
    expect(visit.page.locator(".plate").last).to_be_visible()
    moving = visit.picture()
    visit.page.locator("#period").dispatch_event("change")
    expect(visit.page.locator(".plate").last).to_be_hidden()
    visit.shown()
    assert likeness(moving, visit.picture()) > 0.9  # edges are smooth at rest


def test_the_first_map_is_there_before_the_map_program(visit: Visit) -> None:
    held: list[Route] = []
    visit.page.route("**/assets/map-*.js", lambda route: held.append(route))
    address = "/?lang=ja&layer=ageing-rate&level=municipality&period=2020&overlay="
    visit.page.goto(address, wait_until="commit")
    expect(visit.page.locator("#sketch")).to_be_visible()
    expect(visit.page.locator("#legend li")).to_have_count(6)
    first = visit.picture()
    for one in held:
        one.continue_()
    visit.page.unroute_all()
    visit.shown()
    expect(visit.page.locator("#sketch")).to_have_count(0)
    last = visit.picture()
    # which has outlines and borders too, and soft edges
    assert likeness(first, last) > 0.75
    for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        assert likeness(first, last) > likeness(first, shifted(last, across, down))


def test_the_slider_plays_to_its_end(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=local-tax-per-head&level=prefecture")
    last = visit.page.locator("#period").input_value()
    assert int(last) > 1
    visit.page.locator("#period").focus()
    visit.page.locator("#period").press("ArrowLeft")
    visit.shown()
    visit.page.get_by_role("button", name="再生").click()
    expect(visit.page.get_by_role("button", name="再生")).to_be_visible(timeout=15_000)
    assert visit.page.locator("#period").input_value() == last
    expect(visit.page.locator("#legend .breaks")).to_have_count(0)
    visit.shown()
    assert legend_rows(visit.page) == answered_rows(visit.page, "local-tax-per-head", "level=prefecture")


def test_a_playing_slider_plays_on_in_the_other_language_and_stops_for_another_layer(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=1975")
    note = visit.page.locator("#legend .breaks")
    visit.page.get_by_role("button", name="再生").click()
    expect(note).to_have_text("動かす間は、全期間で同じ区切り")
    visit.page.locator("#language").click()
    expect(note).to_have_text("Same breaks for all periods while the period moves")
    visit.shown()
    expect(visit.page.locator("#period")).not_to_have_value("0")
    visit.page.get_by_role("button", name="Pause").click()
    expect(note).to_have_count(0)
    visit.shown()
    rested = state(visit)["period"]
    assert int(rested) > 1975
    visit.page.get_by_role("button", name="Play").click()
    expect(note).to_be_visible()
    visit.page.locator("#find").fill("Share of under-15s")
    visit.page.locator("#found [role=option]").first.click()
    expect(visit.page.get_by_role("button", name="Play")).to_be_visible()
    expect(note).to_have_count(0)
    visit.shown()
    query = f"level=prefecture&period={rested}"
    assert legend_rows(visit.page) == answered_rows(visit.page, "child-rate", query, "en")


def take_of_family(visit: Visit, family: str, name: str) -> None:
    """Take a family in the tree, which shows the layer that stands for it."""
    visit.page.locator("#tree [data-family]").get_by_text(family, exact=True).click()
    expect(visit.page.locator("#title")).to_contain_text(name)


def test_another_layer_of_a_level_asks_for_no_tiles(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    tiles = [url for url in visit.requests if ".mvt" in url]
    take_of_family(visit, "総人口", "総人口")
    expect(visit.page.locator("#title")).to_have_text("総人口（人）")
    visit.shown()
    assert [url for url in visit.requests if ".mvt" in url] == tiles
    circles = visit.page.request.get("/v1/layers/population/legend.json?level=prefecture").json()["circles"]
    assert_drawn(visit.colours(), circles)


def test_back_goes_back_and_an_address_shows_the_same(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate")
    first = visit.page.url
    visit.page.get_by_label("都道府県").check(force=True)
    expect(visit.page).to_have_url(re.compile("level=prefecture"))
    visit.shown()
    visit.page.locator("#tuning summary").click()
    visit.page.get_by_label("区分の数").select_option("7")
    expect(visit.page.locator("#legend li")).to_have_count(8)
    visit.shown()
    link = visit.page.url
    visit.page.go_back()
    expect(visit.page.locator("#legend li")).to_have_count(6)
    visit.page.go_back()
    visit.shown()
    assert visit.page.url.split("#")[0] == first.split("#")[0]
    visit.open(link)
    expect(visit.page.locator("#legend li")).to_have_count(8)
    assert visit.page.get_by_label("都道府県").is_checked()


def test_a_scheme_that_finds_its_classes_leaves_no_number_to_choose(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2020")
    visit.page.locator("#tuning summary").click()
    scheme, count = visit.page.get_by_label("区分の方法"), visit.page.get_by_label("区分の数")
    names = ["等量（分位数）", "等間隔", "自然な切れ目", "べき分布（head/tail）", "標準偏差", "自分の区切り"]
    expect(scheme).to_be_visible()
    assert scheme.locator("option").all_inner_texts() == names
    expect(count).to_be_enabled()
    scheme.select_option("head-tail")
    expect(visit.page).to_have_url(re.compile("scheme=head-tail"))
    visit.shown()
    expect(count).to_be_disabled()
    query = "level=prefecture&period=2020&scheme=head-tail"
    assert legend_rows(visit.page) == answered_rows(visit.page, "ageing-rate", query)


def test_counts_are_circles_whose_legend_follows_the_zoom(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=population&level=prefecture&period=2020")
    labels = visit.page.locator("#legend li.circle span")
    assert labels.all_inner_texts() == ["5,000,000", "1,000,000", "200,000"]
    circles = visit.page.request.get("/v1/layers/population/legend.json?level=prefecture&period=2020").json()
    assert_drawn(visit.colours(), circles["circles"])
    visit.open("/?lang=ja&layer=population&level=prefecture&period=2020#9/36.3/139.1")
    expect(labels.first).to_have_text("500,000")
    take_of_family(visit, "年齢別人口", "高齢化率")
    expect(labels).to_have_count(0)
    visit.shown()
    assert legend_rows(visit.page) == answered_rows(visit.page, "ageing-rate", "level=prefecture&period=2020")


def test_net_losses_are_circles_of_their_own_colour(visit: Visit) -> None:
    visit.open("/?lang=en&layer=net-migration&level=prefecture&period=2023")
    told = visit.page.request.get("/v1/layers/net-migration/legend.json?level=prefecture&period=2023")
    circles = told.json()["circles"]
    fills = visit.page.locator("#legend li.circle circle").evaluate_all(
        "all => all.map(one => one.getAttribute('fill'))"
    )
    assert set(fills) == {circles["above"], circles["below"]}
    assert_drawn(visit.colours(), circles)
    assert_drawn(visit.colours(), circles, "below")


def test_pointing_tells_name_and_value_and_a_click_opens_the_area(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=population&level=prefecture&period=2020#6/43.4/142.8")
    visit.page.locator("#map canvas").hover()
    expect(visit.page.locator("#tip")).to_contain_text("北海道5,224,614人")
    visit.page.locator("#map canvas").click()
    expect(visit.page.locator("#area-name")).to_have_text("北海道")
    assert state(visit)["area"] == "01000"
    expect(visit.page.locator("#current .big data")).to_have_text("5,224,614人")


FRAMES = """() => {
    window.frames_drawn = 0;
    const ask = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = draw => ask(now => { window.frames_drawn += 1; draw(now); });
}"""
RESTS = """() => new Promise(told => {
    const before = window.frames_drawn;
    setTimeout(() => told(window.frames_drawn === before), 300);
})"""


def test_a_resting_pointer_is_told_what_comes_to_lie_under_it(visit: Visit) -> None:
    visit.page.add_init_script(f"({FRAMES})()")
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2024#6/43.4/142.8")
    tip = visit.page.locator("#tip")
    visit.page.locator("#map canvas").hover()
    expect(tip).to_contain_text("北海道")
    slider = visit.page.locator("#period")
    slider.focus()
    slider.press("Home")
    expect(tip).to_contain_text("北海道6.9%")
    visit.page.evaluate("() => { location.hash = '#9/31.75/130.65'; }")
    expect(tip).to_contain_text("鹿児島県")
    level = visit.page.get_by_label("市区町村")
    level.focus()
    level.press("Space")
    expect(tip).not_to_contain_text("鹿児島県")
    expect(tip).to_be_visible()
    visit.page.locator("#language").press("Enter")
    expect(tip).to_have_text(re.compile("^[A-Z]"))
    visit.page.wait_for_function(RESTS)  # telling it draws nothing that is told again
    visit.page.mouse.move(2, 2)
    expect(tip).to_be_hidden()


def test_a_finger_leaves_no_tip_behind(browser: Browser, server: Server) -> None:
    page = browser.new_page(
        viewport={"width": 820, "height": 1180}, has_touch=True, base_url=server.url, locale="ja-JP"
    )
    visit = Visit(page, server.url)
    visit.open("/embed/map?layer=ageing-rate&level=prefecture&period=2020&lang=ja")
    page.touchscreen.tap(*pixel_of(visit, SAPPORO, at_home(frame_of(visit), margin=4)))
    expect(page.locator(".tip")).to_contain_text("北海道")
    page.touchscreen.tap(410, 4)
    expect(page.locator(".tip")).to_be_hidden()
    assert visit.faults == []
    page.close()


def test_the_area_panel_has_figures_deployments_neighbours_and_peers(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&area=10201")
    panel = visit.page.locator("#panel")
    expect(panel.locator("header.area")).to_contain_text("まえばしし")
    expect(panel.locator("#current .plot canvas")).to_be_visible()
    expect(panel.locator("#nearby tbody tr")).not_to_have_count(0)
    expect(panel.locator("#nearby")).to_contain_text("高崎市")
    expect(panel.locator("#deployed .deployment")).to_have_count(5)
    expect(panel.locator("#deployed a").first).to_have_attribute("href", re.compile("^https://"))
    expect(panel.locator("#peers li")).to_have_count(10)
    expect(panel.locator(".card .sparkline").first).to_be_visible()
    expect(panel).to_contain_text("交通空白人口の割合")


def test_a_search_finds_in_kana_and_english(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate")
    box = visit.page.get_by_role("combobox", name="指標・施策・地域を探す")
    box.fill("まえばし")
    expect(visit.page.get_by_role("option", name=re.compile("前橋市"))).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(visit.page.locator("#area-name")).to_have_text("前橋市")
    box.fill("unemployment")
    first = visit.page.get_by_role("option").first  # those of men and of women come after it
    expect(first.get_by_text("完全失業率", exact=True)).to_be_visible()
    first.click()
    expect(visit.page.locator("#title")).to_have_text("完全失業率（%）")
    visit.shown()
    assert state(visit)["area"] == "10201"


def find(visit: Visit, words: str, found: str) -> None:
    """Search, and take what is found."""
    visit.page.get_by_role("combobox", name="指標・施策・地域を探す").fill(words)
    visit.page.get_by_role("option", name=re.compile(found)).first.click()


def test_an_untouched_map_shows_all_of_japan_whatever_becomes_of_its_frame(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    shows_all_of_japan(visit)
    visit.page.locator("#stages [data-stage=two]").click()
    visit.shown()
    shows_all_of_japan(visit)
    visit.page.locator("#stages [data-stage=ranking]").click()
    visit.shown()
    visit.page.set_viewport_size({"width": 1100, "height": 640})
    visit.page.locator("#stages [data-stage=map]").click()
    visit.shown()
    shows_all_of_japan(visit)
    assert "#" not in visit.page.url


def test_the_map_stays_where_the_reader_put_it(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    wheel(visit, MAEBASHI)
    put = camera(visit)
    assert put[0] > at_home(frame_of(visit))[0] + 0.5
    slider = visit.page.locator("#period")
    slider.focus()
    slider.press("ArrowLeft")
    visit.shown()
    assert camera(visit) == put
    visit.page.locator("#language").click()
    visit.shown()
    assert camera(visit) == put
    visit.page.locator("#language").click()
    visit.shown()
    assert camera(visit) == put
    point_at(visit, MAEBASHI, put)
    expect(visit.page.locator("#tip")).to_contain_text("群馬県")
    visit.page.get_by_label("市区町村").check(force=True)
    visit.shown()
    assert camera(visit) == put
    point_at(visit, MAEBASHI, put)
    expect(visit.page.locator("#tip")).to_contain_text("前橋市")
    visit.page.mouse.down()
    visit.page.mouse.up()
    expect(visit.page.locator("#area-name")).to_have_text("前橋市")
    visit.shown()
    assert camera(visit) == put
    visit.page.set_viewport_size({"width": 1180, "height": 700})
    point_at(visit, MAEBASHI, put)
    expect(visit.page.locator("#tip")).to_contain_text("前橋市")
    for stage in ("ranking", "two", "map"):
        visit.page.locator(f"#stages [data-stage={stage}]").click()
        visit.shown()
        assert camera(visit) == put
    point_at(visit, MAEBASHI, put)
    expect(visit.page.locator("#tip")).to_contain_text("前橋市")


@pytest.mark.parametrize("how", ["wheel", "drag", "key", "button", "double click"])
def test_however_the_reader_moves_the_map_it_is_placed(visit: Visit, how: str) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    mouse, canvas = visit.page.mouse, visit.page.locator("#map canvas")
    if how == "wheel":
        wheel(visit, MAEBASHI)
    elif how == "drag":
        canvas.hover()
        mouse.down()
        mouse.move(700, 500, steps=5)
        mouse.up()
    elif how == "key":
        canvas.press("ArrowRight")
    elif how == "button":
        visit.page.locator("#map").get_by_role("button", name="縮小").click()
    else:
        canvas.dblclick()
    put = camera(visit)
    visit.shown()
    take_of_family(visit, "総人口", "総人口")
    expect(visit.page.locator("#title")).to_have_text("総人口（人）")
    visit.shown()
    put = camera(visit)
    visit.page.locator("#language").click()
    visit.shown()
    assert camera(visit) == put


@pytest.mark.parametrize("stage", ["map", "two", "bivariate", "ranking", "compare"])
def test_a_search_flies_to_the_place_found(visit: Visit, stage: str) -> None:
    visit.open(f"/?lang=ja&view={stage}&layer=ageing-rate&level=prefecture")
    find(visit, "まえばし", "前橋市")
    if stage in ("ranking", "compare"):  # which have no map: the next one shows it
        visit.shown()
        visit.page.locator("#stages [data-stage=map]").click()
        visit.shown()
    zoom, latitude, longitude = camera(visit)
    area = visit.page.request.get("/v1/areas/10201").json()
    west, south, east, north = area["bbox"]
    assert west < longitude < east
    assert south < latitude < north
    assert zoom > 7.5
    visit.page.locator("#stages [data-stage=map]").click()
    visit.page.get_by_label("市区町村").check(force=True)
    visit.shown()
    point_at(visit, MAEBASHI, (zoom, latitude, longitude))
    expect(visit.page.locator("#tip")).to_contain_text("前橋市")
    assert camera(visit) == (zoom, latitude, longitude)
    if stage != "map":  # from here on all of them show the same page
        return
    visit.page.reload()
    visit.shown()
    assert camera(visit) == (zoom, latitude, longitude)
    point_at(visit, MAEBASHI, (zoom, latitude, longitude))
    expect(visit.page.locator("#tip")).to_contain_text("前橋市")


def test_back_and_forward_move_the_map_too(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    find(visit, "01100", "札幌市")
    found = camera(visit)
    visit.page.go_back()
    visit.shown()
    shows_all_of_japan(visit)
    assert "#" not in visit.page.url
    visit.page.go_forward()
    visit.shown()
    assert camera(visit) == found
    point_at(visit, SAPPORO, found)
    expect(visit.page.locator("#tip")).to_contain_text("札幌市")


def test_an_address_changed_by_hand_moves_the_map_and_a_place_on_the_page_does_not(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture#9/43.06/141.35")
    visit.page.evaluate("() => { location.hash = '#9/31.75/130.65'; }")
    point_at(visit, KAGOSHIMA, (9, 31.75, 130.65))
    expect(visit.page.locator("#tip")).to_contain_text("鹿児島県")
    visit.page.evaluate("() => { location.hash = '#stage'; }")
    expect(visit.page).to_have_url(re.compile(re.escape("#9/31.75/130.65")))
    visit.page.evaluate("() => { location.hash = '#9/99/999'; }")
    expect(visit.page).to_have_url(re.compile(re.escape("#9/31.75/130.65")))


@pytest.mark.parametrize("stage", ["two", "bivariate"])
def test_the_sources_of_both_layers_are_named(visit: Visit, client: httpx.Client, stage: str) -> None:
    visit.open(f"/?lang=ja&view={stage}&layer=ageing-rate&layer2=total-fertility-rate&level=prefecture")
    credit = visit.page.locator("#credit")
    names = [
        source["credit"]["ja"]
        for layer in ("ageing-rate", "total-fertility-rate")
        for source in client.get(f"/v1/layers/{layer}/legend.json?level=prefecture").json()["sources"]
    ]
    for name in names:
        expect(credit).to_contain_text(name)


def test_either_of_two_maps_places_both(visit: Visit) -> None:
    visit.open("/?lang=ja&view=two&layer=ageing-rate&level=prefecture")
    wheel(visit, MAEBASHI, "#map2")
    put = camera(visit)
    visit.page.locator("#period2").select_option("1990")
    visit.shown()
    assert camera(visit) == put
    visit.page.set_viewport_size({"width": 1200, "height": 800})
    visit.page.locator("#language").click()
    visit.shown()
    assert camera(visit) == put
    for name, tip in (("#map", "#tip"), ("#map2", "#beside .tip")):
        point_at(visit, MAEBASHI, put, name)
        expect(visit.page.locator(tip)).to_contain_text("Gunma")


def choose_second(visit: Visit, words: str, name: str) -> None:
    """Search in the box of the second layer, and take the one of this name."""
    visit.page.locator("#layer2").fill(words)
    visit.page.locator("#layer2-found").get_by_role("option").filter(
        has=visit.page.get_by_text(name, exact=True)
    ).click()


def test_two_maps_show_two_periods_and_move_as_one(visit: Visit) -> None:
    visit.open("/?lang=ja&view=two&layer=ageing-rate&level=prefecture")
    expect(visit.page.locator("#legend .when")).to_contain_text("2024")
    expect(visit.page.locator("#legend2 .when")).to_contain_text("1975")
    assert visit.legend()[0] in visit.colours("#map")
    assert visit.legend("#legend2")[-2] in visit.colours("#map2")
    shared = answered_rows(visit.page, "ageing-rate", "level=prefecture&period=1975&breaks_over=all")
    assert legend_rows(visit.page, "#legend2") == shared
    labels = [label for _colour, label, _count in shared]
    assert [label for _colour, label, _count in legend_rows(visit.page)] == labels
    expect(visit.page.locator(".breaks")).to_have_text(["全期間で同じ区切り"] * 2)
    choose_second(visit, "総人口", "総人口")
    expect(visit.page.locator("#legend2 h3")).to_have_text("総人口（人）")
    assert state(visit)["layer2"] == "population"
    expect(visit.page.locator(".breaks")).to_have_count(0)
    visit.page.locator("#map").get_by_role("button", name="拡大", exact=True).click()
    visit.shown()


def test_a_bivariate_map_has_nine_colours_and_a_linked_scatter_plot(visit: Visit) -> None:
    visit.open(
        "/?lang=ja&view=bivariate&layer=ageing-rate&layer2=population-change&level=prefecture#6/43.4/142.8"
    )
    key = visit.page.locator("#legend .key rect").evaluate_all(
        "all => all.map(one => one.getAttribute('fill'))"
    )
    assert len(set(key)) == 9
    assert set(key) & visit.colours()
    visit.page.locator("#map canvas").hover()
    expect(visit.page.locator(".scatter .tip")).to_contain_text("北海道")


def test_the_second_layer_is_chosen_by_keyboard_from_what_belongs_with_the_first(visit: Visit) -> None:
    visit.open("/?lang=en&view=two&layer=ageing-rate&level=ward")
    box = visit.page.get_by_role("combobox", name="The other indicator")
    expect(box).to_have_value("Ageing rate")
    box.focus()
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press("ArrowDown")
    found = visit.page.locator("#layer2-found")
    expect(found.get_by_role("option").first).to_have_text("Ageing rateagainst another period")
    expect(found.get_by_role("group", name="Population")).to_be_visible()
    assert violations(visit) == []
    offered = found.get_by_role("option").all_inner_texts()
    assert len(offered) <= 20
    box.press("ArrowDown")
    box.press("ArrowDown")
    chosen = found.locator("[aria-selected=true] b")
    expect(box).to_have_attribute("aria-activedescendant", re.compile("^layer2-found-1$"))
    name = chosen.inner_text()
    box.press("Enter")
    expect(visit.page.locator("#legend2 h3")).to_contain_text(name)
    visit.shown()
    expect(box).to_be_focused()
    expect(box).to_have_value(name)
    expect(found).to_be_hidden()
    second = visit.page.request.get(f"/v1/layers/{state(visit)['layer2']}").json()
    assert "ward" in second["levels"]
    box.fill("zzzz")
    expect(found).to_have_text("Nothing found. Try other words.")
    box.press("Tab")
    expect(found).to_be_hidden()
    expect(box).to_have_value(name)


def test_the_second_layer_of_a_bivariate_map_has_numbers(visit: Visit) -> None:
    visit.open("/?lang=ja&view=bivariate&layer=ageing-rate&level=prefecture")
    box, found = visit.page.locator("#layer2"), visit.page.locator("#layer2-found")
    box.fill("スマートシティ")
    expect(found).to_contain_text("見つかりません")
    choose_second(visit, "失業", "完全失業率")
    expect(visit.page.locator("#legend .key dd").nth(1)).to_contain_text("完全失業率")


def test_a_layer_without_figures_where_it_is_shown_follows_one_that_has_them(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=population&level=prefecture")
    find(visit, "富山市", "交通空白人口の割合：.*富山市")
    expect(visit.page.locator("#title")).to_contain_text("富山市")
    visit.shown()
    rows = legend_rows(visit.page)
    assert [count for _colour, _label, count in rows] == [47]
    assert rows[0][0] in visit.colours()
    find(visit, "総人口", "総人口")
    expect(visit.page.locator("#title")).to_have_text("総人口（人）")
    visit.shown()
    assert set(visit.legend()[:-1]) <= visit.colours()


def test_a_goal_opens_to_its_layers(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    goal = visit.page.locator("#tree [data-goal=goal-2]")
    goal.locator("summary").first.click()
    expect(goal.locator("details > summary")).to_have_text(["KPIの進捗", "指標", "施策の展開"])
    expect(goal.get_by_text("KPIの進捗")).to_be_hidden()  # no figures of them yet
    goal.get_by_text("施策の展開", exact=True).click()
    measures = visit.page.request.get("/v1/measures?goal=goal-2").json()["measures"]
    picks = goal.locator("details", has_text="施策の展開").locator(".pick")
    expect(picks).to_have_count(len(measures) + 1)
    most = max(measures, key=lambda one: one["known_deployments"])
    expect(picks.nth(1)).to_have_text(f"{most['name']['ja']}{most['known_deployments']}")
    picks.nth(1).click()
    expect(picks.nth(1)).to_have_attribute("aria-pressed", "true")
    visit.shown()
    assert state(visit)["layer"] == most["layer"]


def test_a_layer_not_heard_of_yet_is_shown_at_a_level_that_it_has(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=municipality&area=10201")
    card = visit.page.locator("#figures .card button", has_text="県内総生産").first
    visit.page.locator("#figures details:not([open]) summary").evaluate_all(
        "all => all.map(one => one.click())"
    )
    card.click()
    expect(visit.page.locator("#title")).to_contain_text("県内総生産")
    visit.shown()
    assert state(visit)["level"] == "prefecture"


def test_the_explorer_asks_for_the_layers_that_it_shows_and_for_no_list_of_all(visit: Visit) -> None:
    listings: list[Response] = []
    is_listing = re.compile(r"/v1/layers(\?|$)")
    visit.page.on("response", lambda one: listings.append(one) if is_listing.search(one.url) else None)
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&area=10000")
    tree = visit.page.locator("#tree")
    tree.get_by_text("将来推計", exact=True).click()
    tree.locator("[data-family]").get_by_text("将来推計人口", exact=True).click()
    expect(tree.locator(".pickers:visible select").first).to_be_visible()
    find(visit, "完全失業率", "完全失業率")
    expect(visit.page.locator("#title")).to_have_text("完全失業率（%）")
    visit.shown()
    for stage, other in (("two", "総人口"), ("bivariate", "出生率")):
        visit.page.locator(f"#stages [data-stage={stage}]").click()
        visit.shown()
        choose_second(visit, other, other)
        visit.shown()
    for stage in ("compare", "kpi", "logic", "roadmap"):
        visit.page.locator(f"#stages [data-stage={stage}]").click()
        visit.shown()
    assert len(listings) > 5
    for answer in listings:
        asked = parse_qs(urlsplit(answer.url).query)
        assert asked.keys() & {"id", "q", "topic"} or asked.get("limit") == ["0"], answer.url
        assert len(answer.body()) < 60_000, answer.url


def test_deployments_are_laid_over_another_map_as_numbers_where_they_are_many(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture")
    assert "#2f3a46" not in visit.colours()
    visit.page.locator("#overlay").select_option("deployments:japanese-ccrc")
    visit.shown()
    assert "#2f3a46" in visit.colours()
    assert state(visit)["overlay"] == "labels,deployments:japanese-ccrc"


def test_credits_are_in_english_on_an_english_page_and_what_has_none_says_that_it_is_japanese(
    visit: Visit,
) -> None:
    visit.open("/?lang=en&layer=transport-gap:mlit-handbook-rural")
    credit = visit.page.locator("#credit")
    expect(credit).to_contain_text("Made by processing “Bus Routes in Gunma Prefecture” (Gunma Prefecture)")
    assert re.search("[ぁ-ヿ一-鿿]", credit.inner_text()) is None
    expect(credit.locator("[lang=ja]")).to_have_count(0)
    visit.open("/?lang=en&view=kpi")
    sources = visit.page.locator("p.sources", has_text="時事通信（nippon.com）").first
    expect(sources.locator("[lang=ja]").first).to_have_text("時事通信（nippon.com）")


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_year_before_the_plan_is_a_reference_on_the_page(visit: Visit, lang: str) -> None:
    # the gross product of fiscal 2022, outside the Tokyo area and in it; the plan begins with 2025
    reference, growths = {
        "ja": ("戦略開始前の参考値", "+2.6% 名目・東京圏 +3.5% +2.5% 実質・東京圏 +3.6% 2022年度"),
        "en": (
            "reference value before the strategy",
            "+2.6% nominal, Tokyo area +3.5% +2.5% real, Tokyo area +3.6% FY2022",
        ),
    }[lang]
    visit.open(f"/?lang={lang}&view=kpi")
    facts = visit.page.locator("dl.facts", has=visit.page.locator("b", has_text=reference))
    expect(facts).to_have_count(2)
    told = [" ".join(one.split()) for one in facts.all_inner_texts()]
    assert sum(growths in one for one in told) == 1
    marks = visit.page.locator("dl.facts dd > :first-child").all_inner_texts()
    assert not {"達成", "未達成", "Achieved", "Not achieved"} & {one.strip() for one in marks}


def test_the_title_follows_the_view(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&period=2020")
    assert visit.page.title() == "高齢化率（%）・2020年（令和2年）｜chiiki 地域"
    visit.page.get_by_role("button", name="English").click()
    visit.shown()
    assert visit.page.title() == "Ageing rate (%), 2020 | chiiki"


def test_the_background_of_the_survey_authority_is_not_offered_by_default(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=population&level=prefecture&overlay=labels,gsi")
    expect(visit.page.locator("#overlays")).to_contain_text("地名")
    expect(visit.page.locator("#overlays")).not_to_contain_text("地理院タイル")
    expect(visit.page.locator("#credit")).not_to_contain_text("地理院タイル")
    assert "cyberjapandata" not in str(visit.page.request.get("/").headers)


def test_the_operator_may_offer_the_background_of_the_survey_authority(
    browser: Browser, database: Database, tmp_path: Path
) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (256, 256), "#40c0a0").save(drawn, "PNG")
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(body=drawn.getvalue(), content_type="image/png", headers=headers)

    with serving(database, tmp_path / "log", CHIIKI_GSI_TILES="on") as server:
        page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=server.url, locale="ja-JP")
        page.route("https://cyberjapandata.gsi.go.jp/**", answer)
        visit = Visit(page, server.url, "https://cyberjapandata.gsi.go.jp/xyz/pale/")
        visit.open("/?lang=ja&layer=population&level=prefecture#5/36/138")
        assert asked == []
        page.get_by_label("地理院タイル").check()
        expect(page.locator("#credit a")).to_have_text("地理院タイル（国土地理院）")
        visit.shown()
        assert asked
        assert "#40c0a0" in visit.colours()
        assert visit.faults == []
        policy = page.request.get("/").headers["content-security-policy"]
        assert "img-src 'self' data: blob: https://cyberjapandata.gsi.go.jp; " in policy
        assert "connect-src 'self' https://cyberjapandata.gsi.go.jp; " in policy
        assert "gsi" not in page.request.get("/embed/map").headers["content-security-policy"]
        page.close()


def focused(visit: Visit) -> str:
    """Return the id of what has the focus, its view or its class."""
    found: str = visit.page.evaluate(
        "() => document.activeElement.id || document.activeElement.dataset.stage"
        " || document.activeElement.className || document.activeElement.tagName"
    )
    return found


def test_everything_is_reached_by_keyboard_and_the_map_by_ten_tabs(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture#6/43.4/142.8")
    keyboard = visit.page.keyboard
    reached: list[str] = []
    for _step in range(150):
        keyboard.press("Tab")
        reached.append(focused(visit))
    assert reached[:2] == ["skip", "skip-panel"]
    assert reached.index("maplibregl-canvas") < 10
    assert {"find", "map", "open-share", "language", "period", "theme", "pick"} <= set(reached)
    # the views are one Tab stop, and the arrow keys go along them
    tab = visit.page.locator("#stages [data-stage=map]")
    tab.focus()
    keyboard.press("ArrowRight")
    assert focused(visit) == "two"
    keyboard.press("End")
    assert focused(visit) == "roadmap"
    keyboard.press("ArrowRight")
    assert focused(visit) == "map"
    keyboard.press("End")
    keyboard.press("Enter")
    expect(visit.page.locator("#stages [aria-selected=true]")).to_have_text("ロードマップ")
    visit.shown()
    assert focused(visit) == "roadmap"
    visit.page.go_back()
    visit.shown()
    for skip, target in (("skip-panel", "panel"), ("skip", "maplibregl-canvas")):
        visit.page.locator(f"#{skip}").press("Enter")
        assert focused(visit) == target
    keyboard.press("Enter")
    expect(visit.page.locator("#area-name")).to_have_text("北海道")


def test_a_view_that_does_not_exist_says_what_does(visit: Visit) -> None:
    visit.page.goto("/?lang=ja&layer=no-such-layer")
    expect(visit.page.get_by_role("alert")).to_contain_text("表示できませんでした")
    visit.page.get_by_role("button", name="最初の地図に戻る").click()
    visit.shown()
    assert len(visit.faults) == len([one for one in visit.faults if "404" in one])
    visit.faults.clear()  # what the page told of


def test_the_language_is_switched_and_kept_in_the_address(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=population&level=prefecture&period=2020")
    visit.page.get_by_role("button", name="English").click()
    expect(visit.page.locator("#title")).to_have_text("Population (persons)")
    assert state(visit)["lang"] == "en"
    assert visit.page.locator("html").get_attribute("lang") == "en"


def test_motion_is_reduced_where_asked(browser: Browser, server: Server) -> None:
    page = browser.new_page(base_url=server.url, reduced_motion="reduce")
    visit = Visit(page, server.url)
    visit.open("/?lang=ja&layer=ageing-rate&area=10201")
    visit.page.locator("#zoom-to").click()
    expect(page).to_have_url(re.compile(r"#(9|10)\."))
    assert visit.faults == []
    page.close()


def test_the_reference_lists_every_route(visit: Visit) -> None:
    visit.page.goto("/docs")
    visit.page.get_by_text("/v1/layers/{layer}/legend.svg").wait_for()
    visit.page.set_viewport_size({"width": 390, "height": 844})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
