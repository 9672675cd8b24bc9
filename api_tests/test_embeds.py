"""Embeds in a page of another origin: frames, the element, its messages and its words."""

from __future__ import annotations

import base64
import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from api_tests.browser import (
    Visit,
    answered_rows,
    assert_drawn,
    legend_rows,
)
from api_tests.camera import (
    MAEBASHI,
    SAPPORO,
    at_home,
    fitted,
    frame_of,
    pixel_of,
    point_at,
    shows_all_of_japan,
)
from api_tests.conftest import Server
from service.tests.databases import Database

KATASHINA = (139.23, 36.78)
HOME = Path(__file__).parents[1]
#: Every script of embeds that was ever released, oldest first. Pages name these values: none may change.
RELEASED = {
    "1.0.0": "sha384-d0HBRIvFuAizNAdWjAFGpNWaG0AAb0QmfXUR/CaOhQPbKKlVRJ4CAlT7lnV4Vkqq",
    "1.1.0": "sha384-3KYW3trsHsKDPPWyaXP5tVCP9O7bw581DkbOS03KR3eI3LCuaHpEAuff5zcUTfad",
}
SCRIPTED = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>町のページ</title><body>
<script src="{chiiki}/embed/chiiki-1.0.0.js" integrity="{integrity}" crossorigin="anonymous"></script>
<script src="{chiiki}/embed/chiiki-1.0.0.js" integrity="{integrity}" crossorigin="anonymous"></script>
<chiiki-map layer="population" level="prefecture" period="2020" lang="ja"></chiiki-map>
<p id="said"></p><script src="page.js"></script></body></html>
"""
COUNTING = """
let told = 0;
addEventListener("chiiki-select", () => (document.getElementById("said").textContent = `told ${++told}`));
"""
PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>町のページ</title><body>
<script src="{chiiki}/embed/chiiki.js" async></script>
<chiiki-map layer="population" level="prefecture" period="2020" lang="ja"></chiiki-map>
<iframe id="map" title="地図" src="{chiiki}/embed/map?layer=ageing-rate&level=prefecture&lang=ja"></iframe>
<iframe id="chart" title="線" src="{chiiki}/embed/chart?layer=population&areas=10201,10202&lang=ja"></iframe>
<iframe id="ranking" title="順位" src="{chiiki}/embed/ranking?layer=ageing-rate&parent=10&lang=ja"></iframe>
<iframe id="profile" title="姿" src="{chiiki}/embed/profile?area=10201&lang=en&theme=dark"></iframe>
<img id="picture" alt="" src="{chiiki}/v1/layers/ageing-rate/map.png?level=prefecture&width=400&height=300">
<p id="said"></p><script src="page.js"></script></body></html>
"""
SCRIPT = """
addEventListener("chiiki-select", (event) => {
  document.getElementById("said").textContent = JSON.stringify(event.detail);
});
"""


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """Serve a folder on an origin of its own meanwhile."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)  # type: ignore[arg-type]  # as called

        def log_message(self, *_args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as served:
        thread = threading.Thread(target=served.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{served.server_address[1]}"
        finally:
            served.shutdown()
            thread.join()


@pytest.fixture
def page(browser: Browser, server: Server, tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "index.html").write_text(PAGE.format(chiiki=server.url), encoding="utf-8")
    (tmp_path / "page.js").write_text(SCRIPT, encoding="utf-8")
    with site(tmp_path) as address:
        opened = browser.new_page(viewport={"width": 900, "height": 900})
        visit = Visit(opened, server.url, address)
        opened.goto(f"{address}/index.html")
        yield opened
        opened.close()
    assert [fault for fault in visit.faults if "favicon" not in fault and "404" not in fault] == []


def test_frames_of_another_origin_show_all_four_and_fit_their_height(page: Page) -> None:
    chart, ranking = page.frame_locator("#chart"), page.frame_locator("#ranking")
    expect(chart.locator(".plot canvas")).to_be_visible(timeout=90_000)
    expect(chart.locator("h1")).to_have_text("総人口（人）")
    expect(chart.locator("#summary")).to_contain_text("前橋市の総人口は、1980年（昭和55年）の311,121人から")
    expect(ranking.locator(".ranking li")).to_have_count(10)
    expect(ranking.locator(".ranking li").first).to_contain_text("南牧村")
    profile = page.frame_locator("#profile")
    expect(profile.locator(".card").first).to_be_visible(timeout=90_000)
    expect(profile.locator("body")).to_have_class("embed dark")
    expect(page.frame_locator("#map").locator("body[data-map=idle]")).to_be_attached(timeout=90_000)
    for name in ("#map", "#chart", "#ranking", "#profile"):
        # a browser lays out a frame of another origin only once it comes into sight
        page.locator(name).scroll_into_view_if_needed()
        content = page.locator(name).element_handle().content_frame()
        assert content is not None
        content.wait_for_function(
            "() => Math.abs(document.documentElement.getBoundingClientRect().height - innerHeight) < 1.5"
        )
        assert "出典" in content.locator("#credit").inner_text() or name == "#profile"
    picture = page.locator("#picture")
    picture.scroll_into_view_if_needed()
    picture.evaluate("image => image.decode()")
    assert picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [400, 300]


def test_the_element_tells_what_is_chosen_and_follows_its_attributes(page: Page) -> None:
    frame = page.frame_locator("chiiki-map iframe")
    expect(frame.locator("body[data-map=idle][data-shown=map]")).to_be_attached(timeout=90_000)
    page.locator("chiiki-map").evaluate("element => element.select('01000')")
    expect(page.locator("#said")).to_have_text(
        '{"code":"01000","name":{"ja":"北海道","en":"Hokkaido"},"value":5224614,"period":"2020"}'
    )
    page.locator("chiiki-map").evaluate("element => element.setAttribute('lang', 'en')")
    expect(frame.locator("h1")).to_have_text("Population (persons)", timeout=90_000)


def test_a_map_in_a_frame_shows_all_of_its_place_until_the_reader_moves_it(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page(
        viewport={"width": 900, "height": 900}, base_url=server.url, reduced_motion="reduce"
    )
    visit = Visit(page, server.url)
    visit.open("/embed/map?layer=ageing-rate&level=prefecture&lang=ja")
    shows_all_of_japan(visit, margin=4, tip=".tip")
    page.set_viewport_size({"width": 560, "height": 900})
    shows_all_of_japan(visit, margin=4, tip=".tip")
    sapporo = pixel_of(visit, SAPPORO, at_home(frame_of(visit), margin=4))
    for _zoomed_in in range(4):
        page.mouse.dblclick(*sapporo)
    page.locator("#period").press("ArrowLeft")
    expect(page.locator("#embed .when").first).to_contain_text("2023")
    page.set_viewport_size({"width": 800, "height": 900})
    frame = frame_of(visit)
    page.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    expect(page.locator(".tip")).to_contain_text("北海道")
    assert visit.faults == []
    page.close()


def test_a_map_of_a_place_in_a_frame_shows_that_place_whatever_becomes_of_the_frame(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 900}, base_url=server.url)
    visit = Visit(page, server.url)
    visit.open("/embed/map?layer=ageing-rate&level=municipality&area=10000&lang=ja")
    gunma = page.request.get("/v1/areas/10000").json()["bbox"]
    for width in (900, 420):
        page.set_viewport_size({"width": width, "height": 900})
        seen = fitted(gunma, frame_of(visit), margin=24)
        for place, name in ((MAEBASHI, "前橋市"), (KATASHINA, "片品村")):
            point_at(visit, place, seen)
            expect(page.locator(".tip")).to_contain_text(name)
    page.close()


@pytest.mark.parametrize("asked", ["", "&breaks_over=all"])
def test_the_legend_in_a_frame_is_the_service_s_and_says_when_its_breaks_are_of_all_periods(
    browser: Browser, server: Server, asked: str
) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 900}, base_url=server.url)
    visit = Visit(page, server.url)
    visit.open(f"/embed/map?layer=population-change&lang=ja{asked}")
    query = f"period=2020{asked}"
    assert legend_rows(page) == answered_rows(page, "population-change", query)
    note, height = page.locator("#legend .breaks"), page.evaluate("document.body.scrollHeight")
    at_rest = ["全期間で同じ区切り"] if asked else []
    expect(note).to_have_text(at_rest)
    slider = page.locator("#period")
    slider.evaluate("slider => { slider.value = 2; slider.dispatchEvent(new Event('input')); }")
    expect(note).to_have_text(at_rest or ["動かす間は、全期間で同じ区切り"])
    expect(page.locator("#embed .when").first).to_contain_text("1995")
    moving = answered_rows(page, "population-change", "period=1995&breaks_over=all")
    assert [row[:2] for row in legend_rows(page)] == [row[:2] for row in moving]
    assert page.evaluate("document.body.scrollHeight") == height
    slider.dispatch_event("change")
    expect(note).to_have_text(at_rest)
    own = answered_rows(page, "population-change", f"period=1995{asked}")
    expect(page.locator("#legend li data").first).to_have_text(f"{own[0][2]:,}")
    assert legend_rows(page) == own
    # the words beside the map are of the period that it shows
    told = page.request.get(
        f"/v1/layers/population-change/summary.json?{query.replace('2020', '1995')}"
    ).json()
    assert "1995年" in told["text"]["ja"]
    expect(page.locator("#summary")).to_have_text(told["text"]["ja"])
    assert visit.faults == []
    page.close()


def test_a_frame_of_a_gap_says_what_its_figures_lack(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 900}, base_url=server.url)
    visit = Visit(page, server.url)
    for lang, words in (
        ("ja", "日本中央バス、永井運輸の停留所は含まれません。"),
        ("en", "Nihon Chuo Bus, Nagai Unyu."),
    ):
        visit.open(f"/embed/map?layer=transport-gap:mlit-handbook-rural&lang={lang}")
        expect(page.locator("#legend .lacks")).to_contain_text(words)
        expect(page.locator("#summary")).to_contain_text(words)
    page.close()


def test_a_chart_in_a_frame_is_open_where_its_series_breaks(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 900}, base_url=server.url)
    for lang, words in (
        ("ja", "2023年（令和5年）から系列が切れています。"),
        ("en", "2023: the series breaks."),
    ):
        page.goto(f"/embed/chart?layer=nurseries&areas=00000&lang={lang}")
        expect(page.locator("p.break")).to_have_count(1)
        expect(page.locator("p.break")).to_contain_text(words)
        # 30,358 nurseries of 2022 did not become 23,726
        expect(page.locator("p.break")).to_contain_text("30,358")
        expect(page.locator("#summary")).not_to_contain_text("%")
    page.close()


def test_a_frame_of_counts_has_circles(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 900}, base_url=server.url)
    visit = Visit(page, server.url)
    visit.open("/embed/map?layer=net-migration&level=prefecture&period=2023&lang=ja")
    circles = page.request.get("/v1/layers/net-migration/legend.json?level=prefecture&period=2023").json()[
        "circles"
    ]
    fills = page.locator("#legend li.circle circle").evaluate_all(
        "all => all.map(one => one.getAttribute('fill'))"
    )
    assert set(fills) == {circles["above"], circles["below"]}
    assert_drawn(visit.colours(), circles)
    assert_drawn(visit.colours(), circles, "below")
    page.close()


def integrity_of(script: bytes) -> str:
    """Return what `integrity` names a script by."""
    return f"sha384-{base64.b64encode(hashlib.sha384(script).digest()).decode()}"


@pytest.mark.parametrize("version", RELEASED)
def test_a_released_script_never_changes(client: httpx.Client, version: str) -> None:
    answer = client.get(f"/embed/chiiki-{version}.js")
    assert integrity_of(answer.content) == RELEASED[version]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_every_script_of_embeds_is_a_released_one() -> None:
    found = {file.name for file in (HOME / "web" / "public" / "embed").iterdir()}
    assert found == {f"chiiki-{version}.js" for version in RELEASED}


def test_the_script_without_a_version_is_the_newest_and_asked_for_anew(client: httpx.Client) -> None:
    answer = client.get("/embed/chiiki.js")
    assert integrity_of(answer.content) == list(RELEASED.values())[-1]
    assert answer.headers["cache-control"].startswith("public, max-age=0, must-revalidate")


@pytest.mark.parametrize("name", ["chiiki.js", "chiiki-1.1.0.js"])
@pytest.mark.parametrize("sent", [{}, {"Origin": "https://town.example"}])
def test_the_script_is_for_pages_of_every_origin(
    client: httpx.Client, name: str, sent: dict[str, str]
) -> None:
    answer = client.get(f"/embed/{name}", headers=sent)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


def test_the_documentation_shows_the_newest_script_and_its_integrity() -> None:
    written = (HOME / "docs" / "embedding.md").read_text(encoding="utf-8")
    version, integrity = list(RELEASED.items())[-1]
    script = r'/embed/chiiki-(\S+)\.js"\s+integrity="([^"]+)"\s+crossorigin="anonymous"'
    assert set(re.findall(script, written)) == {(version, integrity)}


def test_a_script_with_its_integrity_runs_once_however_often_it_is_pasted(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    text = SCRIPTED.format(chiiki=server.url, integrity=RELEASED["1.0.0"])
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    (tmp_path / "page.js").write_text(COUNTING, encoding="utf-8")
    page = browser.new_page()
    with site(tmp_path) as address:
        page.goto(f"{address}/index.html")
        frame = page.frame_locator("chiiki-map iframe")
        expect(frame.locator("body[data-map=idle][data-shown=map]")).to_be_attached(timeout=90_000)
        page.locator("chiiki-map").evaluate("element => element.select('01000')")
        expect(page.locator("#said")).to_have_text("told 1")
        page.locator("chiiki-map").evaluate("element => element.select('13000')")
        expect(page.locator("#said")).to_have_text("told 2")
    page.close()


def test_a_script_of_another_integrity_is_refused(browser: Browser, server: Server, tmp_path: Path) -> None:
    text = SCRIPTED.format(chiiki=server.url, integrity=integrity_of(b"another script"))
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    (tmp_path / "page.js").write_text(COUNTING, encoding="utf-8")
    page = browser.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    with site(tmp_path) as address:
        page.goto(f"{address}/index.html")
        assert page.evaluate("() => customElements.get('chiiki-map') === undefined")
        assert any("integrity" in fault for fault in faults)
    page.close()


def test_what_oembed_gives_shows_the_map_on_another_page(
    client: httpx.Client, browser: Browser, server: Server, tmp_path: Path
) -> None:
    shown = f"{server.url}/?lang=en&layer=population&level=prefecture&period=2020"
    html = client.get("/oembed", params={"url": shown, "maxwidth": "500"}).json()["html"]
    (tmp_path / "index.html").write_text(f"<!doctype html><title>x</title>{html}", encoding="utf-8")
    page = browser.new_page(viewport={"width": 900, "height": 900})
    with site(tmp_path) as address:
        page.goto(f"{address}/index.html")
        frame = page.frame_locator("iframe[title='Population (persons), 2020']")
        expect(frame.locator("h1")).to_have_text("Population (persons)", timeout=90_000)
        expect(frame.locator("body[data-map=idle]")).to_be_attached(timeout=90_000)
        box = page.locator("iframe").bounding_box()
        assert box is not None
        assert box["width"] == 500
    page.close()


def test_only_embeds_may_be_framed(client: httpx.Client) -> None:
    def framers(path: str) -> str:
        return client.get(path).headers["content-security-policy"].rpartition("frame-ancestors ")[2]

    assert framers("/embed/map?layer=population") == "*"
    assert framers("/") == framers("/v1/layers/population/legend.json") == framers("/docs") == "'none'"


def test_the_operator_says_who_may_frame(database: Database, tmp_path: Path) -> None:
    from api_tests.conftest import serving

    with serving(database, tmp_path / "log", CHIIKI_FRAME_ANCESTORS="https://town.example") as server:
        answer = httpx.get(f"{server.url}/embed/chart")
        assert answer.headers["content-security-policy"].endswith(
            "frame-ancestors 'self' https://town.example"
        )


def test_the_build_is_sent_compressed_and_kept_for_ever(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["cache-control"].startswith("public, max-age=0")
    script = page.text.partition('src="/assets/')[2].partition('"')[0]
    plain = client.get(f"/assets/{script}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    sizes = [len(plain.content)]
    for coding, accepted in (("gzip", "gzip"), ("br", "gzip, deflate, br")):
        with client.stream("GET", f"/assets/{script}", headers={"Accept-Encoding": accepted}) as answer:
            assert answer.headers["content-encoding"] == coding
            assert "Accept-Encoding" in answer.headers["vary"]
            assert answer.headers["content-type"].startswith("text/javascript")
            assert "immutable" in answer.headers["cache-control"]
            sizes.append(sum(len(part) for part in answer.iter_raw()))
    assert sizes == sorted(sizes, reverse=True)
    unpacked = client.get(f"/assets/{script}", headers={"Accept-Encoding": "br;q=0.1, gzip"})
    assert unpacked.headers["content-encoding"] == "gzip"
    assert unpacked.content == plain.content


def test_the_first_view_is_small(client: httpx.Client, browser: Browser, server: Server) -> None:
    page = browser.new_page(base_url=server.url)
    visit = Visit(page, server.url)
    visit.open("/?lang=ja&layer=ageing-rate")
    files = {url for url in visit.requests if "/assets/" in url or url.split("?")[0] == f"{server.url}/"}

    def sent(accepted: str) -> int:
        total = 0
        for url in files:
            with client.stream("GET", url, headers={"Accept-Encoding": accepted}) as answer:
                total += sum(len(part) for part in answer.iter_raw())
        return total

    # MapLibre GL JS 6 and its worker are three quarters of it
    assert 250_000 < sent("gzip") <= 330_000
    assert 200_000 < sent("gzip, br") <= 285_000
    page.close()
