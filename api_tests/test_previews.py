"""What a pasted link shows: the heads of the pages, and their text without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, expect

from api_tests.browser import CHROMIUM, running_browser
from api_tests.conftest import Server, serving
from service.tests.databases import Database

AGEING = "/?lang=ja&layer=ageing-rate&period=2020"
AGEING_TITLE = "高齢化率（%）・2020年（令和2年）"
SITE_TITLE = "chiiki 地域｜地方創生を地図で見る"


@dataclass
class Head:
    """What a page says of itself."""

    title: str = ""
    language: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    links: list[dict[str, str]] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    text: str = ""

    def link(self, **wanted: str) -> str:
        """Return where the one link with these attributes leads."""
        (found,) = [one["href"] for one in self.links if wanted.items() <= one.items()]
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.head = Head()
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.head.elements.append(tag)
        if tag == "html":
            self.head.language = said["lang"]
        elif tag == "meta":
            self.head.meta[said.get("property", said.get("name", ""))] = said.get("content", "")
        elif tag == "link":
            self.head.links.append(said)
        elif tag == "a" and "noscript" in self.inside:
            self.head.addresses.append(said["href"])
        if tag in ("title", "noscript"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside[-1:] == [tag]:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if self.inside[-1:] == ["title"]:
            self.head.title += data
        elif self.inside:
            self.head.text += data


def head_of(client: httpx.Client, address: str) -> Head:
    """Return what the page at an address says of itself."""
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    reader = _Reader()
    reader.feed(answer.text)
    return reader.head


def said(address: str) -> dict[str, str]:
    """Return the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.mark.parametrize(
    ("address", "title"),
    [
        (AGEING, f"{AGEING_TITLE}｜chiiki 地域"),
        (AGEING.replace("lang=ja", "lang=en"), "Ageing rate (%), 2020 | chiiki"),
        (f"{AGEING}&area=10201", f"{AGEING_TITLE}・群馬県前橋市｜chiiki 地域"),
        (f"{AGEING}&view=compare&areas=10201,10202", "高齢化率（%）・前橋市・高崎市｜chiiki 地域"),
        (f"{AGEING}&view=two&period2=2015", f"{AGEING_TITLE} / 2015年（平成27年）｜chiiki 地域"),
        (
            f"{AGEING}&view=bivariate&layer2=population&period2=2020",
            "高齢化率（%） × 総人口（人）・2020年（令和2年）｜chiiki 地域",
        ),
        ("/?view=roadmap&lang=en", "Roadmap: Comprehensive strategy for regional revitalisation | chiiki"),
        ("/embed/ranking?layer=ageing-rate&period=2020&parent=10", f"{AGEING_TITLE}・群馬県｜chiiki 地域"),
        ("/embed/profile?area=10201", "群馬県前橋市のすがた｜chiiki 地域"),
        ("/embed/profile?area=10201&lang=en", "Profile of Maebashi-shi in Gunma | chiiki"),
    ],
)
def test_a_page_is_titled_by_its_view(client: httpx.Client, address: str, title: str) -> None:
    found = head_of(client, address)
    assert found.title == title
    assert found.language == ("en" if "lang=en" in address else "ja")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (AGEING, "2020年（令和2年）の高齢化率を全国の市区町村別に示した地図です。値のある1,740地域のうち、"),
        (AGEING.replace("lang=ja", "lang=en"), "Ageing rate by municipality in Japan, 2020. Of 1,740 areas"),
        ("/embed/ranking?layer=ageing-rate&period=2020&parent=10", "高齢化率を群馬県内の市区町村別に示した"),
        ("/embed/chart?layer=population&areas=10201", "前橋市の総人口は、1980年（昭和55年）の311,121人から"),
        ("/embed/profile?area=10201", "群馬県前橋市について、全国順位が上位の指標は、"),
    ],
)
def test_the_description_is_the_view_in_words(client: httpx.Client, address: str, words: str) -> None:
    meta = head_of(client, address).meta
    assert words in meta["description"]
    assert meta["description"] == meta["og:description"] == meta["twitter:description"]


def test_previews_have_a_title_a_site_an_address_and_a_language(client: httpx.Client, server: Server) -> None:
    meta = head_of(client, AGEING).meta
    assert meta["og:type"] == "website"
    assert meta["og:site_name"] == "chiiki 地域"
    assert meta["og:title"] == meta["twitter:title"] == AGEING_TITLE
    assert meta["og:url"] == server.url + AGEING
    assert (meta["og:locale"], meta["og:locale:alternate"]) == ("ja_JP", "en_GB")


def test_the_picture_of_a_preview_is_the_map_of_that_very_view(client: httpx.Client, server: Server) -> None:
    address = f"{AGEING}&level=prefecture&scheme=equal-interval&k=4&palette=greens&area=10000&lang=en"
    meta = head_of(client, address).meta
    assert meta["og:image"].startswith(f"{server.url}/v1/layers/ageing-rate/map.png?")
    revision = client.get("/v1/layers/ageing-rate/legend.json").json()["revision"]
    assert said(meta["og:image"]) == {
        "period": "2020",
        "level": "prefecture",
        "vintage": "2021-01-01",
        "scheme": "equal-interval",
        "k": "4",
        "breaks_over": "all",
        "palette": "greens",
        "lang": "ja",  # the first of two counts, as in the page
        "rev": revision,
        "area": "10000",
        "width": "1200",
        "height": "630",
    }
    assert (meta["og:image:width"], meta["og:image:height"]) == ("1200", "630")
    assert meta["twitter:card"] == "summary_large_image"
    assert meta["twitter:image"] == meta["og:image"]
    assert meta["og:image:alt"] == meta["twitter:image:alt"] == meta["description"]


def test_a_canonical_address_keeps_only_what_the_page_reads(client: httpx.Client, server: Server) -> None:
    found = head_of(client, "/?utm_source=mail&period=2020&fbclid=abc&layer=ageing-rate&api_key=secret")
    assert found.link(rel="canonical") == found.meta["og:url"] == server.url + AGEING.replace("&api_key", "")
    assert "secret" not in str(found)


def test_a_page_names_its_other_language(client: httpx.Client, server: Server) -> None:
    found = head_of(client, AGEING)
    assert found.link(hreflang="ja") == server.url + AGEING
    assert found.link(hreflang="en") == server.url + AGEING.replace("lang=ja", "lang=en")
    assert found.link(hreflang="x-default") == server.url + AGEING.replace("lang=ja&", "")


@pytest.mark.parametrize("page", ["/", "/embed/map", "/embed/chart", "/embed/ranking", "/embed/profile"])
@pytest.mark.parametrize(
    "hostile",
    [
        '"><script>alert(1)</script>',
        "</title><script>alert(1)</script>",
        "</noscript><img src=x onerror=alert(1)>",
        "'\" onload=alert(1) x='",
        "\x00\ud7ff\N{RIGHT-TO-LEFT OVERRIDE}",
    ],
)
def test_a_hostile_query_adds_no_element(client: httpx.Client, page: str, hostile: str) -> None:
    told = quote(hostile)
    harmless = f"{page}?layer=ageing-rate&area=10201&areas=10201&overlay=x&theme=x&limit=x"
    for address in (
        f"{harmless}&overlay={told}",
        f"{page}?layer=ageing-rate&area=10201&overlay={told}&theme={told}&limit={told}",
    ):
        found = head_of(client, address)
        assert found.elements == head_of(client, harmless).elements
        assert hostile not in found.text + found.title + "".join(found.meta)
    for name in ("layer", "area", "areas", "period", "k", "lang", "view", "parent"):
        body = client.get(f"{page}?{name}={told}").text
        assert hostile not in body
        assert body.count("<script") == client.get(page).text.count("<script")


@pytest.mark.parametrize(
    "address",
    [
        "/?layer=no-such-layer",
        "/?layer=ageing-rate&period=1066",
        "/?layer=ageing-rate&k=many",
        "/?layer=ageing-rate&k=99",
        "/?layer=ageing-rate&area=nowhere",
        "/?view=bivariate&layer2=no-such-layer",
        "/embed/map?vintage=yesterday",
        "/embed/chart?layer=ageing-rate&areas=99999",
        "/embed/ranking?layer=deployments:smart-cities",
        "/embed/profile",
    ],
)
def test_a_view_that_does_not_exist_is_a_page_of_the_site(client: httpx.Client, address: str) -> None:
    found = head_of(client, address)
    assert found.title == SITE_TITLE
    assert "og:image" not in found.meta
    assert found.meta["twitter:card"] == "summary"
    assert found.addresses == ["/?lang=ja"]


def test_links_begin_with_the_address_that_the_operator_names(database: Database, tmp_path: Path) -> None:
    with (
        serving(database, tmp_path / "log", CHIIKI_PUBLIC_URL="https://town.example/chiiki/") as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        found = head_of(client, AGEING)
        assert found.link(rel="canonical") == f"https://town.example/chiiki{AGEING}"
        assert found.meta["og:image"].startswith("https://town.example/chiiki/v1/layers/ageing-rate/map.png?")


def test_a_page_is_small_compressed_and_asked_for_anew(client: httpx.Client) -> None:
    with client.stream("GET", AGEING, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert len(b"".join(answer.iter_raw())) < 5_000
    assert answer.headers["cache-control"].startswith("public, max-age=0, must-revalidate")
    known = {"Accept-Encoding": "gzip", "If-None-Match": answer.headers["etag"]}
    assert client.get(AGEING, headers=known).status_code == 304
    assert client.get(f"{AGEING}&area=10201", headers=known).status_code == 200


def test_without_scripts_a_page_has_the_words_the_citation_and_the_files(client: httpx.Client) -> None:
    found = head_of(client, AGEING)
    assert found.text.startswith(AGEING_TITLE)
    assert found.meta["description"] in found.text
    assert "出典：「令和2年国勢調査」（総務省統計局）を加工して作成" in found.text
    table, picture = found.addresses
    assert "南牧村" in client.get(table).text
    assert picture == urlsplit(found.meta["og:image"])._replace(scheme="", netloc="").geturl()


@pytest.mark.parametrize(
    ("address", "row"),
    [
        ("/embed/ranking?layer=ageing-rate&period=2020&parent=10", "10383,南牧村,"),
        ("/embed/chart?layer=population&areas=10201", "population,10201,前橋市,"),
        ("/embed/profile?area=10201", "goal-1,local-tax-per-head,"),
    ],
)
def test_the_table_of_an_embed_is_the_one_it_shows(client: httpx.Client, address: str, row: str) -> None:
    assert row in client.get(head_of(client, address).addresses[0]).text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as found:
        yield found


@pytest.mark.skipif(CHROMIUM is None, reason="chromium (Debian package chromium) is not installed")
@pytest.mark.parametrize("width", [390, 1280])
def test_without_scripts_only_what_can_be_read_is_shown(browser: Browser, server: Server, width: int) -> None:
    with browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 844}) as context:
        page = context.new_page()
        page.goto(server.url + AGEING.replace("lang=ja", "lang=en"))
        expect(page.get_by_role("heading", name="Ageing rate (%), 2020")).to_be_visible()
        words = page.locator("#unscripted")
        expect(words).to_contain_text("the highest is Nammoku-mura in Gunma (65.2%)")
        expect(page.get_by_role("link", name="Table (CSV)")).to_be_visible()
        for control in ("#board", "#finder", "#open-share", ".skip"):
            expect(page.locator(control)).to_be_hidden()
        box = words.bounding_box()
        assert box is not None
        assert box["width"] <= width
