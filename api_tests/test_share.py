"""Sharing a view: what the dialog gives, what a frame of another page shows, what the printer gives out."""

from __future__ import annotations

import datetime as dt
import io
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect

from api_tests.browser import Visit, colours, likeness, visiting
from api_tests.conftest import Server
from api_tests.test_embeds import RELEASED, site
from api_tests.test_explorer import AXE, violations

#: Signs of fonts that no normal form makes those of texts.
SIGNS = str.maketrans("‧⺠⻑⻄⻘", "・民長西青")
#: How the columns of a fiscal year are headed.
YEAR = {"ja": "{}年度", "en": "FY{}"}
#: An embed of each kind, in the language and on the ground that the explorer's own tests leave out.
EMBEDS = {
    "map": "layer=ageing-rate&level=municipality&parent=16000&area=16201",
    "chart": "layer=population&areas=16000,17000",
    "ranking": "layer=ageing-rate&parent=16000&area=16201",
    "profile": "area=16201",
    "kpi": "",
    "logic": "area=16000",
    "roadmap": "area=16000",
}


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    with visiting(browser, server.url, permissions=["clipboard-read", "clipboard-write"]) as made:
        yield made


def opened_share(visit: Visit, name: str = "共有") -> None:
    visit.page.get_by_role("button", name=name, exact=True).click()
    expect(visit.page.get_by_role("dialog")).to_be_visible()


def test_toyama_with_a_town_dark_in_english_is_embedded_in_six_clicks(
    visit: Visit, browser: Browser, tmp_path: Path
) -> None:
    page = visit.page
    visit.open("/")
    page.locator("#find").click()
    page.keyboard.type("富山市")
    page.locator("#found [role=option]", has_text="富山市").first.click()
    visit.shown()
    opened_share(visit)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("暗い", exact=True).click()
    dialog.get_by_label("English", exact=True).click()
    copy = dialog.locator(".copied", has=page.locator("#share-embed")).get_by_role("button")
    copy.click()
    expect(copy).to_have_text("✓ コピーしました")
    code = page.evaluate("navigator.clipboard.readText()")
    preview = page.frame_locator("#share-preview")
    expect(preview.locator("body.dark[data-map=idle]")).to_be_attached(timeout=60_000)

    (tmp_path / "index.html").write_text(f"<!doctype html><title>x</title>{code}", encoding="utf-8")
    other = browser.new_page(viewport={"width": 900, "height": 900})
    with site(tmp_path) as address:
        other.goto(f"{address}/index.html")
        frame = other.frame_locator("iframe")
        expect(frame.locator("body.dark[data-shown=map][data-map=idle]")).to_be_attached(timeout=60_000)
        expect(frame.locator("html")).to_have_attribute("lang", "en")
        expect(frame.locator("header .when")).to_contain_text("Toyama")
        expect(frame.locator(".chosen-area")).to_contain_text("Toyama-shi")
        expect(frame.locator(".chosen-area data")).to_have_count(1)
        # the outline and its casing, on whatever colour the areas have
        assert {"#ffffff", "#000000"} <= colours(frame.locator("#map canvas").first.screenshot())
    other.close()


def test_sharing_gives_link_files_citation_and_calls_that_work(visit: Visit, server: Server) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2020&area=10000")
    opened_share(visit)
    dialog = visit.page.get_by_role("dialog")
    assert dialog.get_by_label("この画面へのリンク").input_value() == visit.page.url
    assert "「SSDSE-B-2025」（統計センター）" in dialog.get_by_label("出典の書き方").input_value()
    call = dialog.locator("#share-api").input_value()
    assert len(json.loads(visit.page.request.get(call).text())["codes"]) == 47
    files = {one.inner_text(): one.get_attribute("href") or "" for one in dialog.locator(".files a").all()}
    shown = "period=2020&level=prefecture"
    assert files["画像（PNG）"] == f"/v1/layers/ageing-rate/map.png?{shown}&lang=ja&area=10000"
    assert list(files) == [*("CSV（Excel用）", "画像（PNG）", "図（SVG）", "GeoJSON", "GeoPackage", "Excel")]
    for address in files.values():
        assert visit.page.request.get(address).ok
    # a prefecture among prefectures is outlined on the map of the nation
    expected = (
        f"{server.url}/embed/map?layer=ageing-rate&level=prefecture&period=2020&area=10000&parent=00000"
    )
    assert f'src="{expected.replace("&", "&amp;")}' in dialog.get_by_label("埋め込むコード").input_value()
    dialog.get_by_label("強調：群馬県").click()
    assert "area=" not in dialog.get_by_label("埋め込むコード").input_value()
    visit.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_shared_code_names_the_script_by_version_and_integrity(visit: Visit, server: Server) -> None:
    visit.open(
        "/?lang=ja&view=ranking&layer=ageing-rate&level=prefecture&period=2020&palette=greens&breaks_over=period"
    )
    opened_share(visit)
    name, integrity = list(RELEASED.items())[-1]
    address = f"{server.url}/embed/chiiki-{name}.js"
    script = f'<script src="{address}" integrity="{integrity}" crossorigin="anonymous" async></script>'
    dialog = visit.page.get_by_role("dialog")
    assert dialog.locator("#share-embed").input_value().endswith(f"</iframe>\n{script}")
    assert dialog.locator("#share-component").input_value() == (
        f'{script}\n<chiiki-map kind="ranking" layer="ageing-rate" level="prefecture" period="2020"'
        ' breaks_over="period" palette="greens" lang="ja"></chiiki-map>'
    )


def test_code_of_a_hostile_address_stays_one_element(visit: Visit) -> None:
    visit.open('/?lang=ja&layer=population&areas="><script>alert(1)</script>')
    opened_share(visit)
    code = visit.page.locator("#share-component").input_value()
    assert code.count("<script") == 1
    assert 'areas="&quot;>&lt;script>alert(1)&lt;/script>"' in code


def test_a_view_of_the_strategy_is_shared_as_itself(visit: Visit, server: Server) -> None:
    visit.open("/?lang=ja&view=roadmap&area=20000")
    opened_share(visit)
    dialog = visit.page.get_by_role("dialog")
    source = f"{server.url}/embed/roadmap?area=20000&amp;lang=ja"
    assert f'src="{source}"' in dialog.locator("#share-embed").input_value()
    assert 'title="地方創生に関する総合戦略・ロードマップ"' in dialog.locator("#share-embed").input_value()
    expect(dialog.locator("#share-extent, #share-highlight")).to_have_count(0)
    preview = visit.page.frame_locator("#share-preview")
    expect(preview.locator("#roadmap-area")).to_have_text("長野県", timeout=60_000)
    files = [one.get_attribute("href") or "" for one in dialog.locator(".files a").all()]
    assert [visit.page.request.get(one).status for one in files] == [200, 200]


@pytest.mark.parametrize(("width", "lang", "view"), [(390, "ja", ""), (1280, "en", "&view=kpi")])
def test_the_share_dialog_is_accessible_and_fits(visit: Visit, width: int, lang: str, view: str) -> None:
    visit.page.set_viewport_size({"width": width, "height": 844})
    visit.open(f"/?lang={lang}&layer=ageing-rate&area=10201&palette=greens&scheme=equal-interval&k=4{view}")
    visit.page.locator("#open-share").click()
    dialog = visit.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    visit.page.evaluate(AXE.read_text())
    found = visit.page.evaluate("() => axe.run('#share')")["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []
    assert dialog.evaluate("one => one.scrollWidth <= one.clientWidth")
    for part in dialog.locator(
        "button:visible, input:visible, select, .copied textarea:visible, .files a"
    ).all():
        box = part.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] >= 17


def test_every_embed_is_accessible_on_a_dark_page(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 760, "height": 900}, base_url=server.url)
    visit = Visit(page, server.url)
    for kind, asked in EMBEDS.items():
        page.goto(f"/embed/{kind}?{asked}&lang=en&theme=dark")
        expect(page.locator(f"body[data-shown={kind}]")).to_be_attached(timeout=60_000)
        assert violations(visit) == [], kind
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), kind
    assert visit.faults == []
    page.close()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("map?layer=nothing&lang=ja", "この表示のデータは、現在 chiiki にありません。"),
        ("chart?layer=nothing&lang=en&theme=dark", "chiiki does not hold what this shows."),
        ("ranking?layer=ageing-rate&period=1890&lang=en", "There are no figures yet for what this shows."),
    ],
)
def test_an_embed_of_nothing_says_so_in_a_sentence(
    browser: Browser, server: Server, address: str, words: str
) -> None:
    page = browser.new_page(viewport={"width": 600, "height": 300}, base_url=server.url)
    page.goto(f"/embed/{address}")
    expect(page.locator("body[data-shown=failed] #embed")).to_have_text(words)
    assert page.locator("#credit a").get_attribute("href") is not None
    page.close()


def test_one_finger_on_an_embedded_map_scrolls_the_page_around_it(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    source = f"{server.url}/embed/map?layer=ageing-rate&level=prefecture&lang=en"
    frame = f'<iframe src="{source}" width="370" height="560"></iframe><p style="height: 2000px">x</p>'
    text = f'<!doctype html><meta name="viewport" content="width=device-width"><title>x</title>{frame}'
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    context = browser.new_context(viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
    page = context.new_page()
    with site(tmp_path) as address:
        page.goto(f"{address}/index.html")
        inside = page.frame_locator("iframe")
        expect(inside.locator("body[data-map=idle]")).to_be_attached(timeout=60_000)
        before = inside.locator("#map canvas").first.screenshot()
        touch = context.new_cdp_session(page)
        # the protocol's first touch of a frame is lost, wherever in it
        for _swipe in range(2):
            for kind, *points in [
                ("touchStart", 300),
                *(("touchMove", y) for y in (270, 190, 90)),
                ("touchEnd",),
            ]:
                touched = [{"x": 190, "y": y} for y in points]
                touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})
                page.evaluate("new Promise(seen => requestAnimationFrame(() => requestAnimationFrame(seen)))")
        page.wait_for_function("scrollY > 100")
        message = inside.locator(".maplibregl-mobile-message")
        assert message.text_content() == "Use two fingers to move the map"
        page.evaluate("scrollTo(0, 0)")
        # what the map said fades away
        expect(inside.locator(".maplibregl-cooperative-gesture-screen")).to_have_css(
            "opacity", "0", timeout=20_000
        )
        assert likeness(inside.locator("#map canvas").first.screenshot(), before) > 0.98
    context.close()


def test_kpi_1_and_what_is_due_this_year_are_two_clicks_away(visit: Visit) -> None:
    page = visit.page
    visit.open("/")
    page.locator("#stages [data-stage=kpi]").click()
    visit.shown()
    # of fiscal 2018, before the plan: outside the Tokyo area +0.53 %, in it -0.21 %
    line = page.locator("table.state [data-line=goal-1-productivity-growth]")
    assert page.locator("table.state tr.group").first.inner_text().startswith("① 強い経済")
    assert page.locator("table.state tr.group + tr").first.get_attribute("data-line") == (
        "goal-1-productivity-growth"
    )
    expect(line.locator(".newest")).to_contain_text("+0.5%（東京圏 −0.2%） 2018年度")
    expect(line.locator(".newest .before")).to_have_text("戦略開始前")
    expect(line.locator(".needs")).to_contain_text("必要なもの：2025年度（令和7年度）以後の値（県民経済計算")
    missing = page.locator("table.state [data-line=goal-2-outlook]")
    expect(missing.locator(".newest")).to_contain_text("値なし")
    expect(missing.locator(".needs")).to_have_text("必要なもの：実績の公表値、基準値、目標値とその年度")
    baseline = page.locator("table.state [data-line=related-population-municipalities] .newest")
    expect(baseline).to_contain_text("基準 893団体、2020年度")

    today = dt.datetime.now(ZoneInfo("Asia/Tokyo"))
    year = today.year - (today.month < 4)
    years = page.request.get("/v1/roadmap").json()["years"]
    due = [one["label"]["ja"] for each in years if each["fiscal_year"] == year for one in each["milestones"]]
    for label in due:
        expect(page.locator(".due-now")).to_contain_text(label)
    page.locator("#open-roadmap").click()
    visit.shown()
    expect(page.locator("#roadmap th[aria-current=date]")).to_contain_text(f"{year}年度")
    assert violations(visit) == []


def test_the_roadmap_counts_what_is_deployed_in_the_chosen_area(visit: Visit) -> None:
    page = visit.page
    visit.open("/?lang=ja&view=roadmap&area=20000")
    cities = page.locator("#roadmap [data-line=smart-cities]")
    # Shiojiri's zone (2021), one of 2022 without a known end; two have ended, two were only proposed
    expect(cities.locator("td").first.locator("b")).to_have_text("2件")
    expect(cities.locator("th")).to_contain_text("期間前に終了 2件")
    expect(page.locator("#roadmap caption")).to_contain_text("（長野県）")
    page.locator("#roadmap-clear").click()
    visit.shown()
    expect(cities.locator("td").first.locator("b")).to_have_text("32件")
    assert "area=" not in page.url


def printed(page: Page) -> list[str]:
    """Return the text of each page that comes out of the printer, without its spaces."""
    return [plain(one.extract_text()) for one in sheets(page)]


def sheets(page: Page) -> list[pypdf.PageObject]:
    """Return the pages that come out of the printer."""
    return [*pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True))).pages]


def plain(words: str) -> str:
    """Return words as a page has them: without spaces, the signs of fonts as those of texts."""
    return "".join(unicodedata.normalize("NFKC", words).translate(SIGNS).split())


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_the_views_of_the_strategy_are_printed_whole_on_two_pages(visit: Visit, lang: str) -> None:
    page = visit.page
    visit.open(f"/?lang={lang}&view=kpi")
    state, growth = printed(page)
    names = page.locator("table.state [data-line] th").all_inner_texts()
    assert len(names) == 10
    for name in names:
        assert plain(name)[:10] in state  # a name that takes two lines is told line by line
    assert {"ja": "戦略開始前の参考値", "en": "referencevaluebeforethestrategy"}[lang] in state
    # the newest and the oldest year of both bases
    for year in (2018, 2007, 2022, 2012):
        assert YEAR[lang].format(year) in growth

    visit.open(f"/?lang={lang}&view=roadmap")
    pages = printed(page)
    assert len(pages) == 2
    for each in pages:
        for year in range(2025, 2030):
            assert YEAR[lang].format(year) in each
    names = page.locator("#roadmap [data-line] th[scope=row] > :nth-child(2)").all_inner_texts()
    assert len(names) > 20
    for word in {word for name in names for word in name.split()}:
        assert plain(word)[:8] in "".join(pages)


def test_maps_and_rankings_are_printed_on_one_page_with_title_legend_and_source(visit: Visit) -> None:
    visit.open("/?lang=ja&layer=ageing-rate&level=prefecture&period=2020")
    labels = visit.page.locator("#legend li span").all_inner_texts()
    (page,) = printed(visit.page)
    for words in ["高齢化率（%）", "2020年", "「SSDSE-B-2025」（統計センター）", *labels]:
        assert plain(words) in page
    (sheet,) = sheets(visit.page)
    drawn = set().union(*(colours(one.data) for one in sheet.images))
    assert set(visit.legend()[:-1]) <= drawn  # the map too, of which a browser keeps nothing after its frame
    for view in ("view=two&period2=2000", "view=bivariate&layer2=population", "view=ranking"):
        visit.open(f"/?lang=ja&{view}&layer=ageing-rate&level=prefecture&period=2020")
        (page,) = printed(visit.page)
        assert plain("「SSDSE-B-2025」（統計センター）") in page
    visit.open("/?lang=ja&view=logic")
    (model,) = printed(visit.page)
    assert "地域における高付加価値型産業の創出" in model
