"""The page of an area: what it tells, that it is one sheet on paper and as PDF, and the way there."""

from __future__ import annotations

import io
import re

import httpx
import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect

from api_tests.browser import Visit
from api_tests.conftest import Server
from api_tests.test_explorer import AXE
from service.pages.pdf_writer import written

#: A large city with wards, a village, a prefecture, and a city whose transport gaps are known.
KINDS = {"city": "14100", "village": "13402", "prefecture": "20000", "gaps": "10201"}
A4_PT = (595, 842)


def words_of(page: str) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<main") :]))


def sheets(pdf: bytes) -> list[pypdf.PageObject]:
    return list(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def printed(page: Page) -> bytes:
    """Return a page as a reader prints it."""
    page.emulate_media(media="print", color_scheme="light")
    return page.pdf(prefer_css_page_size=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_accessible_fits_a_phone_and_prints_on_one_sheet(
    browser: Browser, server: Server, kind: str
) -> None:
    for lang, width in (("ja", 1440), ("en", 390)):
        page = browser.new_page(
            viewport={"width": width, "height": 844},
            color_scheme="light" if lang == "ja" else "dark",
            base_url=server.url,
        )
        visit = Visit(page, server.url)
        page.goto(f"/areas/{KINDS[kind]}?lang={lang}")
        page.evaluate(AXE.read_text())  # all rules, those of best practice too
        found = page.evaluate("() => axe.run().then(({violations}) => violations)")
        assert [f"{one['id']}: {[node['html'][:160] for node in one['nodes']]}" for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        (sheet,) = sheets(printed(page))
        told = sheet.extract_text()
        # from the code in its first line to the address in its last
        assert told.count(KINDS[kind]) == 2
        assert f"/areas/{KINDS[kind]}" in told
        assert visit.faults == []
        page.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", ["ja", "en"])
def test_a_page_as_pdf_is_one_sheet_in_letters_of_their_own_size(
    client: httpx.Client, kind: str, lang: str
) -> None:
    page = client.get(f"/areas/{KINDS[kind]}", params={"lang": lang}).text
    files = {f"/{name}": client.get(f"/{name}").text for name in ("page.css", "area.css")}
    (sheet,) = sheets(written(page, f"{client.base_url}/areas", files, sizes=(1.0,)))
    told = sheet.extract_text()
    assert ("似た地域" if lang == "ja" else "Similar areas") in told
    assert told.count(KINDS[kind]) == 2


def test_a_pdf_is_tagged_and_names_its_language_and_its_area(client: httpx.Client) -> None:
    answer = client.get("/v1/areas/10201/profile.pdf", params={"lang": "en"}, timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    document = pypdf.PdfReader(io.BytesIO(answer.content))
    (sheet,) = document.pages
    assert (round(sheet.mediabox.width), round(sheet.mediabox.height)) == A4_PT
    catalog = document.root_object
    assert str(catalog["/Lang"]) == "en"
    assert str(catalog["/MarkInfo"].get_object()) == "{'/Marked': True}"
    assert document.metadata is not None
    assert "Maebashi-shi" in str(document.metadata.title)
    assert "Maebashi-shi" in sheet.extract_text()
    state = {"If-None-Match": answer.headers["etag"]}
    again = client.get("/v1/areas/10201/profile.pdf", params={"lang": "en"}, headers=state)
    assert again.status_code == 304


def test_a_town_and_its_peers_are_on_one_printed_page_in_six_clicks(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=server.url, locale="ja-JP")
    visit = Visit(page, server.url)
    visit.open("/?lang=ja")
    page.locator("#find").click()  # 1
    page.keyboard.type("塩尻")
    page.get_by_role("option", name="塩尻市").first.click()  # 2
    page.locator("#area-page").click()  # 3
    expect(page.get_by_role("heading", level=1)).to_have_text("塩尻市")
    peers = page.locator("#peers tbody tr:not(.self) a").all_inner_texts()
    assert len(peers) == 10
    link = page.get_by_role("link", name="PDF").get_attribute("href")  # 4: the click that loads it
    (sheet,) = sheets(page.request.get(str(link)).body())
    told = sheet.extract_text()
    # 令和2年国勢調査
    assert "67,241" in told
    assert all(peer in told for peer in peers[:5])
    assert visit.faults == []
    page.close()


def section_of(page: str, name: str, after: str) -> str:
    """Return the words of a part of a page, up to another."""
    return words_of("<main" + page[page.index(f'id="{name}"') : page.index(f'id="{after}"')])


def test_what_is_not_the_areas_own_says_whose_it_is(client: httpx.Client) -> None:
    params = {"lang": "ja", "layer": "gpp-2015-base"}
    page = client.get("/areas/20215", params=params).text
    assert "aria-current" not in page  # it is none of the places of the bar
    told = section_of(page, "chosen", "figures")
    assert "長野県の値" in told
    assert "都道府県内順位" not in told


@pytest.mark.parametrize(
    ("code", "said", "heirs"),
    [
        # 2005-04-01 編入: 塩尻市
        ("20424", "楢川村", ["/areas/20215"]),
        # 2006-03-01: divided between 甲府市 and 富士河口湖町
        ("19341", "上九一色村", ["/areas/19201", "/areas/19430"]),
    ],
)
def test_an_old_code_is_answered_with_what_became_of_it(
    client: httpx.Client, code: str, said: str, heirs: list[str]
) -> None:
    answer = client.get(f"/areas/{code}", params={"lang": "ja"})
    assert answer.status_code == 200
    assert f"<h1>{said}</h1>" in answer.text
    assert re.findall(r'href="(/areas/\d{5})', answer.text) == heirs


def test_a_code_with_its_check_digit_leads_to_the_page(client: httpx.Client) -> None:
    answer = client.get("/areas/202151?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (308, "/areas/20215?lang=en")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/areas/20999", 404),
        ("/areas/abc", 422),
        ("/areas/20215?layer=nothing", 404),
        ("/areas/20215?layer=clusters:ageing-rate", 422),
        ("/areas/20215?layer=ageing-rate&period=1850", 422),
        ("/v1/areas/20424/profile.pdf", 404),
        ("/v1/areas/20215/profile.pdf?colour=red", 422),
    ],
)
def test_a_page_that_does_not_exist_is_refused(client: httpx.Client, address: str, status: int) -> None:
    assert client.get(address).status_code == status


def test_a_period_is_told_as_of_then(client: httpx.Client) -> None:
    params = {"lang": "en", "layer": "ageing-rate", "period": "2000"}
    page = client.get("/areas/20215", params=params).text
    told = section_of(page, "chosen", "figures")
    own = client.get("/v1/series", params={"indicator": "ageing-rate", "areas": "20215"}).json()
    value = next(one["value"] for one in own["series"][0]["points"] if one["period"] == "2000")
    assert f"{value:.1f}% 2000" in told


def test_a_measure_is_told_by_its_status(client: httpx.Client) -> None:
    page = client.get("/areas/10201", params={"lang": "ja", "layer": "deployments:smart-cities"})
    assert page.status_code == 200
    assert "採択・選定" in words_of(page.text)


@pytest.mark.parametrize("kind", KINDS)
def test_an_english_page_marks_what_is_japanese(client: httpx.Client, kind: str) -> None:
    page = client.get(f"/areas/{KINDS[kind]}", params={"lang": "en"}).text
    main = page[page.index("<main") : page.index("</footer>")]
    marked = re.sub(r'<(\w+)[^>]* lang="ja"[^>]*>.*?</\1>', "", main, flags=re.DOTALL)
    unlinked = re.sub(r'href="[^"]*"', "", marked)
    assert re.findall(r"[ぁ-んァ-ヶ一-龠].{0,30}", unlinked) == []
