"""What a pasted link shows: the heads of the pages, their text without JavaScript, and oEmbed."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from defusedxml import ElementTree
from PIL import Image
from playwright.sync_api import Browser, expect

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
        ("/?view=mergers&area=15202&year=2005", "市町村の合併の歩み・新潟県｜chiiki 地域"),
        ("/?view=mergers&area=22218&lang=en", "Municipal mergers, Shizuoka | chiiki"),
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
        ("/?view=kpi&layer=births", "① 強い経済：東京圏以外における就業者一人当たり年間付加価値労働生産性"),
        (
            "/embed/roadmap?lang=en",
            "FY2027: Yearly review and revision (usually December); 10,000 migrants a year",
        ),
        ("/?view=logic&lang=en", "Strong economy: Measures 13 →"),
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
        "vintage": "2025-01-01",
        "scheme": "equal-interval",
        "k": "4",
        "breaks_over": "period",
        "palette": "greens",
        "lang": "ja",  # the first of two counts, as in the page
        "rev": revision,
        "area": "10000",
        "width": "1200",
        "height": "630",
    }
    assert (meta["og:image:width"], meta["og:image:height"]) == ("1200", "630")
    picture = client.get(meta["og:image"])
    assert picture.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(picture.content)).size == (1200, 630)
    assert meta["twitter:card"] == "summary_large_image"
    assert meta["twitter:image"] == meta["og:image"]
    assert meta["og:image:alt"] == meta["twitter:image:alt"] == meta["description"]


@pytest.mark.parametrize(
    "address",
    [
        AGEING,
        f"{AGEING}&area=10201&lang=en",
        f"{AGEING}&view=compare&areas=10201,10202",
        "/?view=logic",
        "/embed/kpi?lang=en",
        "/?layer=deployments:smart-cities",
        "/embed/ranking?layer=ageing-rate&parent=10&scheme=user&breaks=20,30,40",
        "/embed/profile?area=10201",
    ],
)
def test_the_picture_of_a_preview_is_drawn_in_the_size_it_names(client: httpx.Client, address: str) -> None:
    meta = head_of(client, address).meta
    drawn = client.get(meta["og:image"])
    assert drawn.headers["content-type"] == meta["og:image:type"]
    assert Image.open(io.BytesIO(drawn.content)).size == (1200, 630)


def test_a_canonical_address_keeps_only_what_the_page_reads(client: httpx.Client, server: Server) -> None:
    found = head_of(client, "/?utm_source=mail&period=2020&fbclid=abc&layer=ageing-rate&token=secret")
    assert found.link(rel="canonical") == found.meta["og:url"] == server.url + AGEING
    assert "secret" not in str(found)


def test_a_view_of_the_strategy_is_told_without_the_layer_behind_it(
    client: httpx.Client, server: Server
) -> None:
    found = head_of(client, "/?lang=ja&view=kpi&layer=births&level=prefecture")
    assert found.link(rel="canonical") == f"{server.url}/?lang=ja&view=kpi"
    assert "/v1/strategy/kpi.png?" in found.meta["og:image"]
    assert "births" not in found.text
    assert "人口" not in found.title + found.text


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
    assert [one for one in found.links if "oembed" in one.get("type", "")] == []
    assert found.addresses == ["/?lang=ja"]


def test_links_begin_with_the_address_that_the_operator_names(database: Database, tmp_path: Path) -> None:
    with (
        serving(database, tmp_path / "log", CHIIKI_PUBLIC_URL="https://town.example/chiiki/") as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        found = head_of(client, AGEING)
        assert found.link(rel="canonical") == f"https://town.example/chiiki{AGEING}"
        assert found.meta["og:image"].startswith("https://town.example/chiiki/v1/layers/ageing-rate/map.png?")
        asked = {"url": f"https://town.example/chiiki{AGEING}"}
        assert client.get("/oembed", params=asked).json()["title"] == AGEING_TITLE
        assert client.get("/oembed", params={"url": f"https://town.example{AGEING}"}).status_code == 404


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


@pytest.mark.parametrize("width", [390, 1280])
def test_without_scripts_only_what_can_be_read_is_shown(browser: Browser, server: Server, width: int) -> None:
    with browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 844}) as context:
        page = context.new_page()
        page.goto(server.url + AGEING.replace("lang=ja", "lang=en"))
        expect(page.get_by_role("heading", name="Ageing rate (%), 2020")).to_be_visible()
        words = page.locator("#unscripted")
        expect(words).to_contain_text("the highest is Nammoku-mura in Gunma (65.2%)")
        expect(page.get_by_role("link", name="Table (CSV)")).to_be_visible()
        for control in ("#board", "#finder", "#open-share", "#skips", "#site"):
            expect(page.locator(control)).to_be_hidden()
        box = words.bounding_box()
        assert box is not None
        assert box["width"] <= width


# oEmbed


def oembed(client: httpx.Client, server: Server, address: str, **more: str) -> dict[str, Any]:
    """Return the oEmbed of an address of the service."""
    answer = client.get("/oembed", params={"url": server.url + address, **more})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def frame_of(told: dict[str, Any]) -> dict[str, str]:
    """Return the attributes of the one element that an oEmbed shows."""
    root = ElementTree.fromstring(told["html"])
    assert root.tag == "iframe"
    return dict(root.attrib)


def test_a_page_tells_where_its_oembed_is(client: httpx.Client, server: Server) -> None:
    found = head_of(client, AGEING)
    told = client.get(found.link(type="application/json+oembed")).json()
    assert told | {"html": "", "thumbnail_url": ""} == {
        "type": "rich",
        "version": "1.0",
        "title": AGEING_TITLE,
        "provider_name": "chiiki 地域",
        "provider_url": f"{server.url}/",
        "cache_age": 3600,
        "width": 800,
        "height": 600,
        "html": "",
        "thumbnail_url": "",
        "thumbnail_width": 1200,
        "thumbnail_height": 630,
    }
    assert told["thumbnail_url"] == found.meta["og:image"]
    assert frame_of(told) == {
        "src": server.url + AGEING.replace("/?", "/embed/map?"),
        "title": AGEING_TITLE,
        "width": "800",
        "height": "600",
        "loading": "lazy",
        "style": "border:0;max-width:100%",
    }


def test_oembed_as_xml_says_the_same(client: httpx.Client, server: Server) -> None:
    address = head_of(client, f"{AGEING}&area=10201").link(type="text/xml+oembed")
    answer = client.get(address)
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)
    assert root.tag == "oembed"
    told = oembed(client, server, f"{AGEING}&area=10201")
    assert {one.tag: one.text for one in root} == {name: str(value) for name, value in told.items()}


@pytest.mark.parametrize(
    ("address", "page", "query"),
    [
        ("/", "map", {}),
        ("/?view=roadmap&layer=births&area=10000", "roadmap", {"area": "10000"}),
        ("/?layer=births&area=10201&overlay=labels,gsi", "map", {"layer": "births", "area": "10201"}),
        ("/?view=compare&layer=births&areas=10,13", "chart", {"layer": "births", "areas": "10,13"}),
        ("/?view=table&layer=births&level=prefecture", "ranking", {"layer": "births", "level": "prefecture"}),
        ("/?view=ranking&layer=births", "ranking", {"layer": "births"}),
        ("/?view=table&layer=deployments:smart-cities", "map", {"layer": "deployments:smart-cities"}),
        ("/embed/profile?area=10201&theme=dark", "profile", {"area": "10201", "theme": "dark"}),
    ],
)
def test_a_view_is_shown_by_the_embed_that_sharing_writes(
    client: httpx.Client, server: Server, address: str, page: str, query: dict[str, str]
) -> None:
    source = frame_of(oembed(client, server, address))["src"]
    assert source.startswith(f"{server.url}/embed/{page}?")
    assert said(source) == {"lang": "ja", **query}


@pytest.mark.parametrize("written", ["&amp;", "&AMP;", "&amp;amp;", "&#38;", "&#038;", "&#x26;"])
def test_oembed_reads_an_address_copied_from_the_source_of_a_page(
    client: httpx.Client, server: Server, written: str
) -> None:
    copied = AGEING.replace("&", written)
    assert oembed(client, server, copied) == oembed(client, server, AGEING)


@pytest.mark.parametrize(
    ("most", "frame", "picture"),
    [
        ({"maxwidth": "480"}, (480, 600), (480, 252)),
        ({"maxheight": "315"}, (800, 315), (600, 315)),
        ({"maxwidth": "480", "maxheight": "300"}, (480, 300), (480, 252)),
        ({"maxwidth": "5000", "maxheight": "5000"}, (800, 600), (1200, 630)),
    ],
)
def test_oembed_keeps_within_the_maxima(
    client: httpx.Client,
    server: Server,
    most: dict[str, str],
    frame: tuple[int, int],
    picture: tuple[int, int],
) -> None:
    told = oembed(client, server, AGEING, **most)
    assert (told["width"], told["height"]) == frame
    assert (frame_of(told)["width"], frame_of(told)["height"]) == tuple(map(str, frame))
    assert (told["thumbnail_width"], told["thumbnail_height"]) == picture
    drawn = client.get(told["thumbnail_url"])
    assert Image.open(io.BytesIO(drawn.content)).size == picture


@pytest.mark.parametrize(
    "more", [{"maxwidth": ""}, {"maxwidth": "", "maxheight": ""}, {"format": "JSON"}, {"format": ""}]
)
def test_oembed_takes_a_field_that_was_left_empty(
    client: httpx.Client, server: Server, more: dict[str, str]
) -> None:
    assert oembed(client, server, AGEING, **more) == oembed(client, server, AGEING)


def test_oembed_takes_its_formats_in_capitals(client: httpx.Client, server: Server) -> None:
    asked = {"url": server.url + AGEING, "format": "XML"}
    assert client.get("/oembed", params=asked).headers["content-type"] == "text/xml; charset=utf-8"


@pytest.mark.parametrize("most", [{"maxwidth": "150"}, {"maxheight": "199"}])
def test_oembed_has_no_picture_too_small_to_be_drawn(
    client: httpx.Client, server: Server, most: dict[str, str]
) -> None:
    told = oembed(client, server, AGEING, **most)
    assert not {"thumbnail_url", "thumbnail_width", "thumbnail_height"} & set(told)


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ({"url": "https://elsewhere.example/?layer=ageing-rate"}, 404, "not-found"),
        ({"url": "{here}/docs"}, 404, "not-found"),
        ({"url": "{here}/v1/layers/ageing-rate/legend.json"}, 404, "not-found"),
        ({"url": "{here}.elsewhere.example/"}, 404, "not-found"),
        ({"url": "javascript:alert(1)"}, 404, "not-found"),
        ({"url": "http://[::1/"}, 404, "not-found"),
        ({"url": "{here}/?layer=no-such-layer"}, 404, "not-found"),
        ({"url": "{here}/?layer=ageing-rate&period=1066"}, 404, "not-found"),
        ({"url": "{here}/?layer=ageing-rate&k=many"}, 404, "not-found"),
        ({"url": "{here}/embed/map?layer=ageing-rate&area=99999"}, 404, "not-found"),
        ({"url": "{here}/", "format": "yaml"}, 501, "unknown-format"),
        ({"url": "{here}/", "maxwidth": "0"}, 422, "invalid-parameter"),
        ({}, 422, "invalid-parameter"),
    ],
)
def test_oembed_refuses_with_a_problem(
    client: httpx.Client, server: Server, query: dict[str, str], status: int, slug: str
) -> None:
    asked = {name: told.format(here=server.url) for name, told in query.items()}
    answer = client.get("/oembed", params=asked)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{slug}"


def test_oembed_names_the_parameter_at_fault(client: httpx.Client, server: Server) -> None:
    asked = {"url": f"{server.url}/?layer=ageing-rate&level=village"}
    (fault,) = client.get("/oembed", params=asked).json()["errors"]
    assert fault["field"] == "level"
    assert fault["expected"] == "one of prefecture, municipality, ward"


def test_oembed_is_open_to_every_origin_and_to_its_parameters(client: httpx.Client, server: Server) -> None:
    asked = {"url": server.url + AGEING, "dnt": "1"}  # WordPress adds it
    answer = client.get("/oembed", params=asked, headers={"Origin": "https://town.example"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
