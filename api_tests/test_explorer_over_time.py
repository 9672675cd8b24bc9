"""The explorer over time in a real browser: boundaries that are chosen, areas of the past, mergers."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import shapely
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert

from api_tests.browser import Visit, visiting
from api_tests.camera import MAEBASHI, camera, point_at, wheel
from api_tests.conftest import serving
from service.db.tables import outline
from service.memory import revisions
from service.tests.boundaries import put_areas
from service.tests.databases import Database

NEWEST, OLDER = "2025-01-01", "2021-01-01"
OLD = dt.date(2000, 10, 1)
NIIGATA = "/?lang=ja&view=mergers&area=15000"


def said(page: Page, name: str) -> str:
    """Return what the address says of one thing."""
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def merged(page: Page, state: str = "now") -> set[str]:
    """Return the codes of the areas that the map of mergers shows in a state."""
    return set(page.locator(f".mergers path.{state}").evaluate_all("all => all.map(one => one.dataset.code)"))


def at_year(page: Page, year: int) -> None:
    """Wait for the view of mergers to show a year."""
    expect(page.locator(f".mergers[data-year='{year}']")).to_be_visible()


def test_the_boundaries_are_chosen_and_everything_follows_but_the_camera(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=municipality&period=2020")
    page, choice = visit.page, visit.page.get_by_label("境界の基準日")
    expect(choice).to_have_value(NEWEST)
    expect(page.locator("#legend time")).to_have_count(0)
    wheel(visit, MAEBASHI)
    put = camera(visit)
    visit.requests.clear()
    choice.select_option("2021年1月1日")
    visit.shown()
    assert said(page, "vintage") == OLDER
    assert camera(visit) == put
    expect(page.locator("#legend time")).to_have_text("2021年1月1日")
    asked = [urlsplit(one) for one in visit.requests if "/v1/layers/" in one]
    assert asked
    tiles = [one for one in asked if "/tiles/" in one.path]
    assert tiles
    assert all(f"vintage={OLDER}" in one.query for one in asked)

    page.get_by_role("button", name="共有").click()
    dialog = page.get_by_role("dialog")
    assert f"vintage={OLDER}" in dialog.get_by_label("ページに埋め込むコード").input_value()
    assert f'vintage="{OLDER}"' in dialog.locator("#share-component").input_value()
    assert f"vintage={OLDER}" in dialog.get_by_label("この画面のAPI").input_value()
    files = [one.get_attribute("href") or "" for one in dialog.locator(".files a").all()]
    assert len(files) == 6
    assert all(f"vintage={OLDER}" in address for address in files)
    page.keyboard.press("Escape")

    page.locator("#stages [data-stage=ranking]").click()
    visit.shown()
    expect(page.locator("output[for=rank-find]")).to_have_text("1,747地域")
    page.reload()
    visit.shown()
    expect(choice).to_have_value(OLDER)
    page.go_back()
    visit.shown()
    page.go_back()
    visit.shown()
    assert said(page, "vintage") == ""
    expect(choice).to_have_value(NEWEST)
    assert camera(visit) == put


def test_estimates_are_offered_where_what_has_merged_has_no_figures(visit: Visit) -> None:
    # six of the wards of 浜松市 became two on 1 January 2024; the boundaries with wards are those of 2021
    page, seen = visit.page, (10, 34.73, 137.75)
    naka = (137.72035, 34.72944)
    visit.open(f"/?lang=ja&layer=register-population&level=ward&period=2024#{'/'.join(map(str, seen))}")
    choice = page.get_by_label("人口で按分した推計も表示")
    expect(choice).not_to_be_checked()
    point_at(visit, naka, seen)
    expect(page.locator("#tip")).to_contain_text("浜松市中区データなし")
    choice.check()
    visit.shown()
    assert said(page, "estimate") == "population"
    assert camera(visit) == seen
    expect(page.locator("#legend h3")).to_contain_text("推計を含む")
    point_at(visit, naka, seen)
    query = "level=ward&period=2024&estimate=population"
    told = page.request.get(f"/v1/layers/register-population/values.json?{query}").json()
    value = told["values"][told["codes"].index("22131")]
    expect(page.locator("#tip")).to_contain_text(f"{value:,.0f}人（推計）")
    page.get_by_role("radio", name="市区町村").check(force=True)
    visit.shown()
    choice.uncheck()
    visit.shown()
    expect(choice).to_have_count(0)
    assert said(page, "estimate") == ""


def test_a_level_of_one_set_has_no_choice_of_boundaries(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=ward")
    expect(visit.page.get_by_label("境界の基準日")).to_have_count(0)
    visit.page.get_by_label("都道府県").check(force=True)
    visit.shown()
    expect(visit.page.get_by_label("境界の基準日")).to_have_value(NEWEST)


def test_an_area_of_the_past_is_found_and_leads_to_what_became_of_it(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate")
    page = visit.page
    page.get_by_role("combobox", name="指標・施策・地域を探す").fill("はまきた")
    page.get_by_role("option", name=re.compile("浜北市.*–2005 → 浜松市")).click()
    visit.shown()
    expect(page.locator("#area-name")).to_have_text("浜北市")
    expect(page.locator("#panel header")).to_contain_text("はまきたし")
    expect(page.locator(".former")).to_contain_text("〜2005年6月30日")
    expect(page.locator("#history li").first).to_contain_text("浜松市が2市8町1村を編入")
    zoom, latitude, longitude = camera(visit)
    assert zoom > 7
    assert (latitude, longitude) == pytest.approx((34.9, 137.8), abs=0.3)
    page.locator(".became").get_by_role("button", name="浜松市").click()
    visit.shown()
    assert said(page, "area") == "22130"
    expect(page.locator("#history time")).to_have_text(["1991年5月1日", "2005年7月1日", "2007年4月1日"])
    page.locator("#history").get_by_role("button", name="龍山村").click()
    expect(page.locator("#area-name")).to_have_text("龍山村")
    page.go_back()
    expect(page.locator("#area-name")).to_have_text("浜松市")
    page.locator("#history").get_by_role("button", name="合併の歩み").click()
    at_year(page, 2005)
    assert "22130" in merged(page)
    expect(page.locator(".mergers .own h4")).to_have_text("浜松市")


def test_the_mergers_of_a_prefecture_are_two_clicks_away_and_play(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate")
    page = visit.page
    page.locator("#stages").get_by_role("tab", name="合併").click()
    page.get_by_role("button", name="新潟県").click()
    at_year(page, 2025)
    expect(page.locator("#mergers-summary")).to_contain_text("1980年の112から、2025年は30に")
    assert len(merged(page, "before")) + len(merged(page, "none")) == 30
    assert merged(page) == set()
    page.get_by_role("button", name="2005").click()
    at_year(page, 2005)
    expect(page.locator(".mergers h3")).to_have_text("2005年42市町村")
    expect(page.locator(".events")).to_contain_text("上越市が6町7村を編入")
    assert {"15222", "15202", "15100"} <= merged(page)
    assert merged(page, "before") == {"15223", "15224", "15225"}  # 阿賀野市, 佐渡市, 魚沼市 of 2004
    expect(page.locator(".ground")).to_contain_text("2005年の境界は取り込まれていません")
    visit.shown()
    assert said(page, "year") == "2005"

    slider = page.get_by_role("slider")
    slider.focus()
    slider.press("End")
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    at_year(page, 2023)
    page.locator(".player").get_by_role("button", name="再生").click()
    at_year(page, 2025)
    expect(page.locator(".player").get_by_role("button", name="再生")).to_be_visible()
    visit.shown()
    assert said(page, "year") == "2025"
    page.reload()
    at_year(page, 2025)
    assert page.title() == "市町村の合併の歩み・新潟県｜chiiki 地域"


def test_another_view_stops_the_mergers_that_play(visit: Visit) -> None:
    visit.open(f"{NIIGATA}&year=1980")
    page = visit.page
    page.locator(".player").get_by_role("button", name="再生").click()
    page.wait_for_selector(".mergers:not([data-year='1980'])")
    page.locator("#stages").get_by_role("tab", name="順位").click()
    visit.shown()
    page.locator("#stages").get_by_role("tab", name="合併").click()
    visit.shown()
    assert said(page, "year") == "1980"
    at_year(page, 1980)


def test_years_are_shown_on_the_outlines_of_their_time_where_they_are_loaded(
    browser: Browser, scratch_database: Database, tmp_path: Path
) -> None:
    # 六日町 and 大和町 became 南魚沼市 on 2004-11-01, which took up 塩沢町 on 2005-10-01; 津南町 stayed
    towns = {"15462": "塩沢町", "15463": "六日町", "15464": "大和町", "15482": "津南町"}
    squares = {code: shapely.box(138.6 + at / 5, 37.0, 138.8 + at / 5, 37.2) for at, code in enumerate(towns)}
    with scratch_database.begin() as conn:
        put_areas(conn, OLD, squares, towns)
        rows = [
            {
                "vintage": OLD,
                "level": "municipality",
                "detail": "medium",
                "position": position,
                "geojson": shapely.to_geojson(shapely.MultiPolygon([squares[code]])),
                "geom": f"SRID=4326;{shapely.MultiPolygon([squares[code]]).wkt}",
            }
            for position, code in enumerate(sorted(squares))
        ]
        conn.execute(insert(outline), rows)
        revisions.changed(conn, revisions.vintage(OLD))
    with serving(scratch_database, tmp_path / "log") as server, visiting(browser, server.url) as visit:
        page = visit.page
        visit.open(f"{NIIGATA}&year=2004")
        at_year(page, 2004)
        expect(page.locator(".ground")).to_have_text("2000年10月1日の境界に重ねています。")
        assert merged(page) == {"15463", "15464"}
        assert merged(page, "none") == {"15462", "15482"}
        page.get_by_role("button", name="2005").click()
        at_year(page, 2005)
        assert merged(page) == {"15462", "15463", "15464"}
        page.locator("path[data-code='15463']").hover()
        expect(page.locator(".mergers .tip")).to_have_text("六日町2005年：南魚沼市")
        page.get_by_role("slider").focus()
        page.get_by_role("slider").press("End")
        at_year(page, 2025)
        expect(page.locator(".mergers .land path")).to_have_count(30)
