"""The pages that the service writes: what they tell, where they lead, who can read them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import httpx
import openpyxl
import pytest
from playwright.sync_api import Browser, expect

from api_tests.browser import CHROMIUM, Visit, running_browser
from api_tests.conftest import Server
from api_tests.test_explorer import AXE

in_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium (Debian package chromium) is not installed"
)

PAGES = {
    "indicator": "/indicators/ageing-rate",
    "categories": "/indicators/municipality-type",
    "measure": "/measures/smart-cities",
    "measures": "/measures",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as found:
        yield found


def words_of(page: str) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@in_browser
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits_a_phone(browser: Browser, server: Server, name: str) -> None:
    for lang, width in (("ja", 1440), ("en", 390)):
        page = browser.new_page(
            viewport={"width": width, "height": 844},
            color_scheme="light" if lang == "ja" else "dark",
            base_url=server.url,
        )
        visit = Visit(page, server.url)
        page.goto(f"{PAGES[name]}?lang={lang}")
        page.evaluate(AXE.read_text())  # all rules, those of best practice too
        found = page.evaluate("() => axe.run().then(({violations}) => violations)")
        assert [f"{one['id']}: {[node['html'][:160] for node in one['nodes']]}" for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        expect(page.locator("html")).to_have_attribute("lang", lang)
        assert visit.faults == []
        page.close()


@pytest.mark.parametrize("name", PAGES)
def test_an_english_page_marks_what_is_japanese(client: httpx.Client, name: str) -> None:
    page = client.get(PAGES[name], params={"lang": "en"}).text
    main = page[page.index("<main") :]
    marked = re.sub(r'<(\w+)[^>]* lang="ja"[^>]*>.*?</\1>', "", main, flags=re.DOTALL)
    attributes = re.sub(r'(href|src)="[^"]*"', "", marked)
    assert re.findall(r"[ぁ-んァ-ヶ一-龠].{0,30}", attributes) == []


def test_an_indicator_page_tells_what_the_figure_is_and_how_it_lies(client: httpx.Client) -> None:
    words = words_of(client.get("/indicators/ageing-rate", params={"lang": "ja", "period": "2020"}).text)
    # 令和2年国勢調査 人口等基本集計 結果の概要: the highest rate is that of 南牧村 (群馬県)
    assert "1 南牧村 群馬県 65.2" in words
    assert "65歳以上人口 ÷ 総人口 × 100" in words
    assert "国勢調査（都道府県の間の年は推計人口）。 分子と同じ期間の値で割ります。" in words
    assert "市区町村：1980年（昭和55年）から2020年（令和2年）まで（9期間）" in words
    assert "「令和2年国勢調査」（総務省統計局）を加工して作成" in words
    assert "出典の表示" in words


def test_a_page_of_categories_counts_areas_where_there_is_no_order(client: httpx.Client) -> None:
    words = words_of(client.get(PAGES["categories"], params={"lang": "en"}).text)
    assert "Areas in each category" in words
    assert "Highest" not in words


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/indicators/ageing-rate?level=prefecture&period=2020&lang=en", "47 areas"),
        ("/indicators/ageing-rate?level=prefecture&period=2020", "47地域"),
    ],
)
def test_a_page_shows_the_level_and_period_asked_for(client: httpx.Client, address: str, words: str) -> None:
    page = client.get(address, headers={"Accept-Language": "ja"}).text
    assert words in words_of(page)
    assert "/v1/layers/ageing-rate/download.csv?level=prefecture&amp;periods=2020" in page


def test_what_an_indicator_page_links_to_is_there(client: httpx.Client) -> None:
    page = client.get("/indicators/ageing-rate", params={"lang": "ja"}).text
    links = {link.replace("&amp;", "&") for link in re.findall(r'href="(/[^"#]*)', page)}
    wanted = [
        link for link in sorted(links) if link.startswith(("/v1/", "/indicators/", "/measures/", "/page"))
    ]
    assert {client.get(link).status_code for link in wanted if "download." not in link} == {200}
    assert sum("download." in link for link in wanted) == 21


def test_a_measure_page_lists_where_it_runs_with_since_and_source(client: httpx.Client) -> None:
    page = client.get("/measures/smart-cities", params={"lang": "ja", "prefecture": "20000"}).text
    words = words_of(page)
    # data/catalog/deployments.csv: 未来技術社会実装事業 of 塩尻市, fiscal 2022
    row = re.search(r"未来技術社会実装事業 長野県塩尻市.{0,200}", words)
    assert row is not None
    assert "採択・選定 2022年度（令和4年度）" in row[0]
    assert "2022年度スマートシティ関連事業（51地域・54事業）選定" in row[0]
    assert "北海道札幌市" not in words[words.index("事業費") : words.index("目標までの道筋")]
    assert "差の差は因果関係の証明ではありません" in words


def test_a_list_of_deployments_is_filtered_by_year_and_paged(client: httpx.Client) -> None:
    address = "/measures/smart-cities"
    first = client.get(address, params={"lang": "en"}).text
    total = client.get("/v1/deployments", params={"measure": "smart-cities", "limit": 1}).json()["total"]
    assert f"1–25 of {total}" in first
    further = re.search(r'href="(\?lang=en&amp;offset=25)" rel="next"', first)
    assert further is not None
    assert f"26–50 of {total}" in client.get(address + further[1].replace("&amp;", "&")).text
    asked = {"measure": "smart-cities", "fiscal_year": "2019", "limit": "1"}
    of_2019 = client.get("/v1/deployments", params=asked).json()["total"]
    assert f"of {of_2019}" in client.get(address, params={"lang": "en", "year": "2019"}).text


def test_a_list_of_deployments_is_a_workbook_too(client: httpx.Client) -> None:
    asked = {"measure": "smart-cities", "area": "20000"}
    answer = client.get("/v1/deployments.xlsx", params=asked)
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content))["data"].values)
    listed = client.get("/v1/deployments", params=asked).json()["deployments"]
    assert rows[0][:3] == ("事業ID", "施策", "制度")
    assert [row[0] for row in rows[1:]] == [one["id"] for one in listed]
    again = client.get(
        "/v1/deployments.xlsx", params=asked, headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


def test_a_measure_without_deployments_says_so(client: httpx.Client) -> None:
    measures = client.get("/v1/measures").json()["measures"]
    name = next(one["id"] for one in measures if not one["known_deployments"])
    assert "No deployment of this measure is known" in client.get(f"/measures/{name}?lang=en").text


@in_browser
def test_smart_cities_of_nagano_are_three_clicks_away(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=server.url, locale="ja-JP")
    visit = Visit(page, server.url)
    visit.open("/?lang=ja")
    page.get_by_role("link", name="施策の一覧").click()
    page.get_by_role("link", name="スマートシティの推進").click()
    page.get_by_role("link", name=re.compile(r"長野県 \d+")).click()
    row = page.get_by_role("row").filter(has_text="塩尻市")
    expect(row).to_contain_text("2022年度（令和4年度）")
    expect(row.get_by_role("link", name=re.compile("2022年度スマートシティ関連事業"))).to_have_attribute(
        "href", "https://infrabiz.co.jp/?p=3010"
    )
    assert visit.faults == []
    page.close()
