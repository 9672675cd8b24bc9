"""Views beside the map, each a job from start to end: ranking, comparison, change, years, two indicators."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from urllib.parse import parse_qs, urlsplit

import pypdf
from playwright.sync_api import expect

from api_tests.browser import Visit


def state(visit: Visit) -> dict[str, str]:
    """Return what the address says."""
    return {name: values[0] for name, values in parse_qs(urlsplit(visit.page.url).query).items()}


def test_a_town_is_ranked_among_those_like_it_found_and_saved(visit: Visit) -> None:
    page = visit.page
    visit.open("/?lang=ja&view=table&layer=ageing-rate&level=municipality&period=2020")
    rows = page.locator("#areas-table tbody tr")
    expect(rows.first).to_contain_text("南牧村")  # 65.2 %, the highest of the census of 2020
    expect(rows.first).to_contain_text("65.2%")
    expect(rows.first.locator(".rise")).to_contain_text(
        "▲1"
    )  # of 2015 飯舘村 was first, where few had come back
    page.get_by_label("順位の中で探す").fill("まえばし")
    found = page.locator("#areas-table tr.found")
    expect(found).to_contain_text("前橋市")
    expect(found).to_be_in_viewport()
    page.get_by_label("順位の中で探す").fill("")
    page.get_by_label("種類").select_option("中核市")
    visit.shown()
    expect(page.locator("output[for=rank-find]")).to_have_text("62地域")
    page.get_by_label("種類").select_option("町")
    page.get_by_label("範囲").select_option("福島県")
    visit.shown()
    expect(rows.last).to_contain_text("双葉町")  # where nobody lived
    expect(rows.last).to_contain_text("該当なし")
    page.get_by_label("種類").select_option("村")
    visit.shown()
    expect(rows).to_have_count(15)  # 福島県 has 15 villages
    page.get_by_role("button", name=re.compile("^2020年")).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("西郷村")
    with page.expect_download() as saved:
        page.get_by_role("button", name="表示中の順位をCSVで保存").click()
    lines = list(csv.reader(io.StringIO(saved.value.path().read_text("utf-8-sig"))))
    assert lines[0][:5] == ["順位", "順位 2015年（平成27年）", "コード", "地域", "都道府県"]
    assert len(lines) == 16
    assert lines[1][2:5] == ["07461", "西郷村", "福島県"]
    shown = rows.first.locator("td.measured").inner_text()
    assert f"{float(lines[1][5]):.1f}%" == shown.strip()
    page.get_by_label("比べる期間").select_option("2000年（平成12年）")
    visit.shown()
    assert state(visit)["period2"] == "2000"


def test_areas_and_a_region_are_compared_in_two_indicators_indexed_and_printed(visit: Visit) -> None:
    page = visit.page
    visit.open("/?lang=ja&layer=ageing-rate&area=10201")
    page.get_by_role("button", name="近隣と比べる").click()
    visit.shown()
    assert len(state(visit)["areas"].split(",")) == 5
    page.get_by_role("button", name="比較から外す: 桐生市").click()
    visit.shown()
    page.get_by_role("combobox", name="地域を加える").fill("まつもとし")
    page.locator("#add-area-found [role=option]").filter(has_text="松本市").click()
    visit.shown()
    page.locator("#add-region").select_option("中核市")
    visit.shown()
    assert state(visit)["areas"].split(",")[-2:] == ["20202", "core-cities"]
    page.get_by_role("combobox", name="指標を加える").fill("総人口")
    page.locator("#add-layer-found [role=option]").filter(has=page.get_by_text("総人口", exact=True)).click()
    visit.shown()
    charts = page.locator(".compared")
    expect(charts).to_have_count(2)
    expect(page.locator(".chips li")).to_have_count(8)  # six, the nation, the peers
    rows = page.locator("#comparison tbody tr")
    expect(rows.filter(has_text="前橋市")).to_contain_text("29.0%")  # of the census of 2020
    expect(rows.filter(has_text="全国")).to_contain_text("28.0%")
    expect(rows.filter(has_text="松本市")).to_contain_text("位／1,740")
    page.locator("#base").select_option("2015年（平成27年）を100とする")
    visit.shown()
    expect(charts.nth(1).locator("h3")).to_have_text("総人口（2015年（平成27年）＝100）")
    charts.nth(1).locator(".figures summary").click()
    index = charts.nth(1).locator(".figures tbody tr").filter(has_text="2015年").locator("td")
    expect(index.first).to_have_text("100.0")
    told = page.request.get("/v1/series?indicator=population&areas=10201&from=2015&to=2020").json()["series"]
    before, after = (point["value"] for point in told[0]["points"])
    newest = charts.nth(1).locator(".figures tbody tr").first.locator("td").first
    expect(newest).to_have_text(f"{100 * after / before:.1f}")
    page.locator("#find").fill("完全失業率")
    page.locator("#found [role=option]").filter(has=page.get_by_text("完全失業率", exact=True)).click()
    visit.shown()
    assert state(visit)["view"] == "compare"
    expect(charts.nth(0).locator("h3")).to_contain_text("完全失業率")
    asked = [url for url in visit.requests if "/v1/series" in url]
    assert max(url.count(",") for url in asked) < 20
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4")))
    assert len(printed.pages) <= 2
    # the font's signs are those of radicals
    words = unicodedata.normalize("NFKC", "".join(one.extract_text() for one in printed.pages))
    for name in ("前橋市", "松本市", "中核市", "総人口", "類似地域の中央値", "出典"):
        assert name in words


def test_a_map_tells_the_change_since_a_period_and_the_same_in_years(visit: Visit) -> None:
    page = visit.page
    visit.open("/?lang=en&layer=population&level=prefecture&period=2020")
    page.get_by_label("Change in %").check(force=True)
    visit.shown()
    assert state(visit)["layer"] == "change:population:2015:per-cent"
    expect(page.locator("#title")).to_have_text("Population: change in per cent since 2015 (%)")
    page.locator("#since").select_option("since 2010")
    visit.shown()
    assert state(visit)["period"] == "2020"
    page.locator("#stages [data-stage=ranking]").click()
    visit.shown()
    tokyo = page.locator("#areas-table tbody tr").filter(has_text="Tokyo")
    expect(tokyo).to_contain_text("6.7%")  # census: 13,159,388 in 2010, 14,047,594 in 2020
    page.get_by_label("Value", exact=True).check(force=True)
    visit.shown()
    assert state(visit)["layer"] == "population"
    visit.open("/?lang=en&view=years&layer=ageing-rate&level=municipality&parent=10000&area=10201")
    maps = page.locator(".multiples li")
    expect(maps).to_have_count(9)  # censuses from 1980 to 2020
    expect(maps.last).to_contain_text("Maebashi-shi 29.0%")
    colours = page.locator("#years-legend rect").evaluate_all(
        "all => all.map(one => one.getAttribute('fill'))"
    )
    inked = maps.last.locator("canvas").evaluate(
        """canvas => {
            const seen = new Set();
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            for (let at = 0; at < data.length; at += 4)
                seen.add("#" + [0, 1, 2].map(one => data[at + one].toString(16).padStart(2, "0")).join(""));
            return [...seen];
        }"""
    )
    assert set(colours) & set(inked)
    maps.first.get_by_role("button").click()
    visit.shown()
    assert state(visit)["period"] == "1980"
    expect(page.locator("#legend .when")).to_contain_text("1980")


def test_two_indicators_play_over_their_common_periods_and_tell_how_they_go_together(visit: Visit) -> None:
    page = visit.page
    visit.open(
        "/?lang=ja&view=bivariate&layer=ageing-rate&layer2=population-change&level=municipality&area=10201"
    )
    told = page.request.get(
        "/v1/correlation?y=ageing-rate&x=population-change&period=2020&level=municipality"
    ).json()["plain"]
    fit = page.locator("#fit")
    expect(fit).to_contain_text(f"r = {told['pearson']:.2f}".replace("-", "−"))
    expect(fit).to_contain_text(f"ρ = {told['spearman']:.2f}".replace("-", "−"))
    expect(page.locator(".plotted .far")).to_contain_text("球磨村")
    slider = page.locator("#scatter-period")
    slider.focus()
    slider.press("Home")
    visit.shown()
    assert state(visit)["period"] == "1985"
    expect(page.locator("#legend .key")).to_contain_text("1985年")
    page.locator(".player").get_by_role("button", name="再生").click()
    expect(page.locator("#legend .key")).to_contain_text("1990年")
    page.locator(".player").get_by_role("button", name="止める").click()
    visit.shown()
    assert state(visit)["period"] != "1985"


#: What can be pressed and yet something else lies over its middle, once it is scrolled into sight.
COVERED = """() => [":is(#bar, #stage) :is(button, a[href], select, input, summary)"]
    .flatMap(pressed => [...document.querySelectorAll(pressed)])
    .filter(one => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 2)
    .flatMap(one => {
        one.scrollIntoView({ block: "center", inline: "center" });
        const { left, top, width, height } = one.getBoundingClientRect();
        const found = document.elementFromPoint(left + width / 2, top + height / 2);
        const isSeen = found && (one.contains(found) || found.closest("label")?.control === one);
        return isSeen ? [] : [`${one.outerHTML.slice(0, 90)} under ${found?.outerHTML.slice(0, 90)}`];
    })"""


def test_in_a_low_window_nothing_lies_over_what_can_be_pressed(visit: Visit) -> None:
    page, pair = visit.page, "layer=ageing-rate&layer2=population-change&level=municipality&period=2020"
    for address, width, height in (
        (f"/?lang=en&view=two&{pair}", 1200, 750),
        (f"/?lang=ja&view=bivariate&{pair}&area=20215", 1100, 700),
        ("/?lang=ja&layer=transport-gap:mlit-handbook-rural&area=10201", 1100, 700),
    ):
        page.set_viewport_size({"width": width, "height": height})
        visit.open(address)
        assert page.evaluate(COVERED) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width
