"""The explorer over time in a real browser: boundaries that are chosen, areas of the past."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from api_tests.browser import CHROMIUM, Visit, running_browser
from api_tests.camera import MAEBASHI, camera, wheel
from api_tests.conftest import Server

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium (Debian package chromium) is not installed"
)

NEWEST, OLDER = "2025-01-01", "2021-01-01"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as found:
        yield found


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=server.url, locale="ja-JP")
    made = Visit(page, server.url)
    yield made
    assert made.faults == []
    page.close()


def said(page: Page, name: str) -> str:
    """Return what the address says of one thing."""
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


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

    page.locator("#stages [data-stage=table]").click()
    visit.shown()
    expect(page.locator("#areas-table tbody tr")).to_have_count(1747)
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
    assert (latitude, longitude) == (pytest.approx(34.9, abs=0.3), pytest.approx(137.8, abs=0.3))
    page.locator(".became").get_by_role("button", name="浜松市").click()
    visit.shown()
    assert said(page, "area") == "22130"
    expect(page.locator("#history time")).to_have_text(["1991年5月1日", "2005年7月1日", "2007年4月1日"])
    page.locator("#history").get_by_role("button", name="龍山村").click()
    expect(page.locator("#area-name")).to_have_text("龍山村")
    page.go_back()
    expect(page.locator("#area-name")).to_have_text("浜松市")
