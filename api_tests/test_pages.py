"""The pages that the service writes: what they tell, where they lead, who can read them."""

from __future__ import annotations

import html
import io
import re
import unicodedata

import httpx
import openpyxl
import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from api_tests.browser import Visit
from api_tests.conftest import Server
from api_tests.test_explorer import AXE
from service.http.problem_pages import WORDS
from service.http.problems import TITLES

PAGES = {
    "indicator": "/indicators/ageing-rate",
    "categories": "/indicators/municipality-type",
    "measure": "/measures/smart-cities",
    "measures": "/measures",
    "catalog": "/catalog",
    "topic": "/catalog?topic=health",
    "nothing found": "/catalog?q=xyzzy",
    "no figures": "/indicators/grid-people-75",
    "about": "/about",
    "terms": "/terms",
    "what a problem means": "/problems/not-enough-data",
}
#: As a browser asks for pages.
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def words_of(page: str) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_and_fits_a_phone(browser: Browser, server: Server, name: str) -> None:
    for lang, width in (("ja", 1440), ("en", 390)):
        page = browser.new_page(
            viewport={"width": width, "height": 844},
            color_scheme="light" if lang == "ja" else "dark",
            base_url=server.url,
        )
        visit = Visit(page, server.url)
        address = PAGES[name]
        page.goto(f"{address}{'&' if '?' in address else '?'}lang={lang}")
        page.evaluate(AXE.read_text())  # all rules, those of best practice too
        found = page.evaluate("() => axe.run().then(({violations}) => violations)")
        assert [f"{one['id']}: {[node['html'][:160] for node in one['nodes']]}" for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        expect(page.locator("html")).to_have_attribute("lang", lang)
        assert visit.faults == []
        page.close()


def test_an_indicator_is_two_printed_pages_with_nothing_cut(browser: Browser, server: Server) -> None:
    page = browser.new_page(base_url=server.url)
    for lang, last in (("ja", "数値の変更"), ("en", "Revisions")):
        page.goto(f"/indicators/ageing-rate?lang={lang}")
        printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
        assert len(printed) == 2
        assert last in unicodedata.normalize("NFKC", printed[1].extract_text())
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_an_english_page_marks_what_is_japanese(client: httpx.Client, name: str) -> None:
    page = client.get(PAGES[name], headers={**BROWSER, "Accept-Language": "en"}).text
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


def test_the_catalogue_lists_every_topic_and_finds_by_words(client: httpx.Client) -> None:
    overview = client.get("/catalog", params={"lang": "ja"}).text
    topics = client.get("/v1/layers", params={"limit": 0}).json()["topics"]
    shown = re.findall(r'href="/catalog\?topic=([a-z]+)&amp;lang=ja"', overview)
    assert shown == [one["id"] for one in topics if one["id"] not in ("measures", "progress")]
    found = words_of(client.get("/catalog", params={"lang": "ja", "q": "高齢化率"}).text)
    assert found.index("高齢化率 （%）") < found.index("将来推計高齢化率")
    measure = client.get("/catalog", params={"lang": "en", "q": "スマートシティ"}).text
    assert 'href="/measures/smart-cities?lang=en"' in measure


def test_the_catalogue_is_paged_and_keeps_what_was_asked(client: httpx.Client) -> None:
    first = client.get("/catalog", params={"lang": "en", "topic": "health"}).text
    total = client.get("/v1/layers", params={"topic": "health", "level": "any", "limit": 0}).json()["total"]
    assert f"1–30 of {total}" in first
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following is not None
    second = client.get("/catalog" + following[1].replace("&amp;", "&")).text
    assert f"31–60 of {total}" in second
    names = [re.findall(r'<h2><a href="/indicators/([a-z0-9-]+)', page) for page in (first, second)]
    assert len({*names[0], *names[1]}) == 60


def test_a_page_is_in_the_language_of_its_reader(client: httpx.Client) -> None:
    for accepted, lang in (("en-GB,en;q=0.9", "en"), ("ja", "ja"), ("fr-FR", "en"), ("*", "ja")):
        for path in ("/about", "/"):
            answer = client.get(path, headers={"Accept-Language": accepted})
            assert f'<html lang="{lang}">' in answer.text
            assert "Accept-Language" in answer.headers["vary"]


def test_the_explorer_says_what_it_shows_before_its_program_has_come(client: httpx.Client) -> None:
    page = client.get("/", params={"lang": "en", "layer": "population"}).text
    told = client.get("/v1/layers/population").json()
    assert f'<h1 id="title">{told["name"]["en"]} ({told["unit"]["en"]})</h1>' in page
    assert f'<p id="description">{html.escape(told["description"]["en"])}</p>' in page
    assert '<h1 id="title"></h1>' in client.get("/", params={"layer": "nonsense"}).text


def test_a_page_has_a_switch_of_its_language(client: httpx.Client) -> None:
    switch = re.search(r'<a class="language" href="([^"]+)"', client.get("/catalog?q=a+b&lang=en").text)
    assert switch is not None
    assert switch[1] == "?lang=ja&amp;q=a+b"


def test_the_terms_of_every_source_stand_on_one_page(client: httpx.Client) -> None:
    sources = client.get("/v1/sources").json()["sources"]
    for lang in ("ja", "en"):
        words = html.unescape(words_of(client.get("/terms", params={"lang": lang}).text))
        assert [one["id"] for one in sources if one["credit"][lang] not in words] == []


def test_the_explorer_tells_what_is_not_there_in_the_readers_language(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page(base_url=server.url, locale="ja-JP")
    page.goto("/?lang=ja&layer=agein-rate")
    told = page.get_by_role("alert").first
    expect(told).to_contain_text("見つかりません")
    expect(told.get_by_role("link", name="指標の一覧")).to_have_attribute("href", "/catalog?lang=ja")
    detail = told.locator("p[lang=en]")  # what programs are told is folded away
    expect(detail).to_be_hidden()
    told.get_by_text("プログラムへの説明").click()
    expect(detail).to_contain_text("near it: ageing-rate")
    for empty in ("#maps", "#timeline", "#panel"):
        expect(page.locator(empty)).to_be_hidden()
    page.close()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nothing/here", 404),
        ("/indicators/agein-rate", 404),
        ("/measures/none", 404),
        ("/measures/smart-cities?prefecture=99", 422),
        ("/indicators/ageing-rate?period=1900", 422),
        ("/catalog?topic=none", 404),
        ("/problems/none", 404),
    ],
)
def test_what_is_wrong_is_a_page_with_ways_on_for_browsers(
    client: httpx.Client, address: str, status: int
) -> None:
    for lang, ways in (("ja", "指標の一覧"), ("en", "Indicators")):
        answer = client.get(address, headers={**BROWSER, "Accept-Language": lang})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert f'<html lang="{lang}">' in answer.text
        assert f'href="/catalog?lang={lang}">{ways}</a>' in answer.text
        assert '<meta name="robots" content="noindex">' in answer.text
    told = client.get(address)
    assert (told.status_code, told.headers["content-type"]) == (status, "application/problem+json")


def test_a_name_spelt_nearly_right_leads_to_what_was_meant(client: httpx.Client) -> None:
    page = client.get("/indicators/agein-rate", headers={**BROWSER, "Accept-Language": "ja"}).text
    assert '<a href="/indicators/ageing-rate?lang=ja">高齢化率</a>' in page
    assert 'value="agein rate"' in page
    measure = client.get("/measures/smart-city", headers={**BROWSER, "Accept-Language": "en"}).text
    assert '<a href="/measures/smart-cities?lang=en">' in measure
    detail = client.get("/v1/layers/agein-rate/legend.json", headers=BROWSER).json()["detail"]
    total = client.get("/v1/layers", params={"limit": 0}).json()["total"]
    near = r"near it: ageing-rate(, [a-z-]+){1,4}"
    assert re.fullmatch(f"No layer is called 'agein-rate'; {near}; /v1/layers lists all {total}", detail)


def test_what_a_problem_means_is_told_to_people_and_to_programs(client: httpx.Client) -> None:
    page = client.get("/problems/unavailable", headers={**BROWSER, "Accept-Language": "ja"})
    assert "少し待ってから、もう一度お試しください。" in page.text
    assert client.get("/problems/unavailable").json()["title"]["ja"] == "データベースに接続できません"


def test_every_problem_has_words_for_people() -> None:
    assert TITLES.keys() <= WORDS.keys()
