"""Static maps through HTTP: their size, their colours, their words and their bytes."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from PIL import Image

from api_tests.conftest import Server, serving
from geo.layers.drawing import INK
from service.tests.databases import Database

SVG = "{http://www.w3.org/2000/svg}"
PREFECTURES = "/v1/layers/ageing-rate/map.png?level=prefecture&period=2020"


def image(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


def colours(picture: Image.Image) -> set[str]:
    counted = picture.getcolors(maxcolors=1 << 24)
    assert counted is not None
    return {"#{:02x}{:02x}{:02x}".format(*colour) for _, colour in counted if isinstance(colour, tuple)}


def insets(svg: str) -> dict[str, ElementTree.Element]:
    """Return the maps of an SVG: the main one, then the south-western islands, then Ogasawara."""
    found = ElementTree.fromstring(svg).findall(f"{SVG}svg")
    return dict(zip(("main", "south-west", "ogasawara"), found, strict=False))


def test_a_picture_has_the_size_and_the_colours_asked_for(client: httpx.Client) -> None:
    shown = image(client.get(f"{PREFECTURES}&width=640&height=480"))
    assert shown.size == (640, 480)
    legend = client.get("/v1/layers/ageing-rate/legend.json?level=prefecture&period=2020").json()
    drawn = {one["colour"] for one in legend["classes"] if one["count"]}
    assert drawn
    assert drawn <= colours(shown)


def test_a_dense_screen_gets_twice_the_pixels(client: httpx.Client) -> None:
    assert image(client.get(f"{PREFECTURES}&width=400&height=300&scale=2")).size == (800, 600)


def test_okinawa_is_drawn_in_its_frame(client: httpx.Client) -> None:
    query = "level=prefecture&period=2020&k=2&scheme=user&breaks=24,100"
    svg = client.get(f"/v1/layers/ageing-rate/map.svg?{query}").text
    frame = insets(svg)["south-west"]
    box = [float(frame.get(name) or 0) for name in ("x", "y", "width", "height")]
    shown = image(client.get(f"/v1/layers/ageing-rate/map.png?{query}"))
    cut = shown.crop((int(box[0]), int(box[1]), int(box[0] + box[2]), int(box[1] + box[3])))
    values = client.get(f"/v1/layers/ageing-rate/values.json?{query}").json()
    legend = client.get(f"/v1/layers/ageing-rate/legend.json?{query}").json()
    okinawa = legend["classes"][values["classes"][values["codes"].index("47000")]]["colour"]
    kagoshima = legend["classes"][values["classes"][values["codes"].index("46000")]]["colour"]
    assert okinawa != kagoshima
    assert {okinawa, kagoshima} <= colours(cut)
    assert "奄美・沖縄" in svg


def test_every_area_is_on_the_map_of_the_nation_small_islands_too(client: httpx.Client) -> None:
    svg = client.get("/v1/layers/population/map.svg?level=municipality&period=2020").text
    drawn = [len(frame.findall(f".//{SVG}g/{SVG}g/{SVG}path")) for frame in insets(svg).values()]
    assert drawn[1] > 41  # the municipalities of Okinawa, and Amami
    assert sum(drawn) >= 1747


def test_where_few_areas_of_one_region_have_a_value_the_map_shows_that_region(client: httpx.Client) -> None:
    address = "/v1/layers/transport-gap:mlit-handbook-rural/map.svg?level=municipality&period=2020"
    svg = client.get(address).text
    assert list(insets(svg)) == ["main"]
    assert "群馬県とその周辺" in svg
    assert "Gunma and around" in client.get(f"{address}&lang=en").text
    # asked for, the nation is shown: 139.7 east, 35.7 north is Tokyo
    nation = client.get(f"{address}&bbox=128,30,149,46").text
    assert nation.count("<path") > svg.count("<path") > 100


def test_what_a_map_was_worked_out_by_stands_under_it(client: httpx.Client) -> None:
    for layer, ja, en in (
        ("clusters:ageing-rate", "偽発見率5%", "false discovery rate 5%"),
        ("kpi-progress:goal-1-gpp-growth", "戦略開始前の参考値", "reference value before the strategy"),
        ("change:ageing-rate:2000", "どちらの期も同じ境界", "on the same boundaries"),
    ):
        for lang, words, gap in (("ja", ja, ""), ("en", en, " ")):
            told = client.get(f"/v1/layers/{layer}/map.svg?level=prefecture&lang={lang}&width=1200").text
            lines = [one.text or "" for one in ElementTree.fromstring(told).iter(f"{SVG}text")]
            assert words in gap.join(lines)


def test_the_words_are_real_letters(client: httpx.Client) -> None:
    written = image(client.get(f"{PREFECTURES}&title=%E9%AB%98%E9%BD%A2"))  # 高齢
    other = image(client.get(f"{PREFECTURES}&title=%E9%BD%A2%E9%AB%98"))  # 齢高: no boxes for want of a font
    heading = (0, 0, 120, 40)
    assert written.crop(heading).tobytes() != other.crop(heading).tobytes()
    assert "#17212b" in colours(written.crop(heading))


def test_a_picture_names_its_source_its_period_and_says_all_of_it_in_words(client: httpx.Client) -> None:
    root = ElementTree.fromstring(client.get("/v1/layers/ageing-rate/map.svg?period=2020").text)
    said = "".join(root.itertext())
    assert "2020年（令和2年）" in said
    assert "「国土数値情報（行政区域データ）」（国土交通省）を加工して作成" in re.sub(r"\s", "", said)
    assert "最も高いのは群馬県南牧村の65.2%" in (root.findtext(f"{SVG}desc") or "")
    english = client.get("/v1/layers/ageing-rate/map.svg?period=2020&lang=en").text
    assert "the highest is Nammoku-mura in Gunma" in english
    assert 'lang="en"' in english


def test_a_map_is_cut_to_an_area_and_outlines_it(client: httpx.Client) -> None:
    svg = client.get("/v1/layers/ageing-rate/map.svg?area=10000&level=municipality&period=2020").text
    assert list(insets(svg)) == ["main"]
    assert svg.count(f'fill="none" stroke="{INK}"') == 1
    assert "太線：群馬県" in svg
    drawn = len(insets(svg)["main"].findall(f".//{SVG}g/{SVG}g/{SVG}path"))
    assert 35 < drawn < 300  # the municipalities of Gunma and those around it


def test_the_same_address_gives_the_same_bytes_on_every_server(
    client: httpx.Client, database: Database, tmp_path: Path
) -> None:
    address = "/v1/layers/population/map.png?level=municipality&period=2020&width=400&height=300"
    first = client.get(address)
    assert client.get(address).content == first.content
    with serving(database, tmp_path / "log") as another:
        assert httpx.get(f"{another.url}{address}").content == first.content
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_an_address_with_its_revision_is_kept_for_ever(client: httpx.Client) -> None:
    revision = client.get(PREFECTURES).headers["chiiki-revision"]
    assert "immutable" in client.get(f"{PREFECTURES}&rev={revision}").headers["cache-control"]
    assert "must-revalidate" in client.get(f"{PREFECTURES}&rev=0").headers["cache-control"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("width=100", "width"),
        ("height=100000", "height"),
        ("scale=3", "scale"),
        ("scale=2&width=2400&height=1000", "scale"),
        ("bbox=140,36,139,35", "bbox"),
        ("bbox=139,35,139,36", "bbox"),
        ("bbox=139,35,140,36&area=10000", "bbox"),
        ("colour=red", "colour"),
    ],
)
def test_a_wrong_wish_is_refused_with_what_is_right(client: httpx.Client, query: str, field: str) -> None:
    answer = client.get(f"/v1/layers/ageing-rate/map.png?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert answer.json()["errors"][0]["expected"]


def test_an_area_that_does_not_exist_is_not_found(client: httpx.Client) -> None:
    assert client.get("/v1/layers/ageing-rate/map.svg?area=10999").status_code == 404


def test_without_its_font_a_picture_says_what_to_install(database: Database, tmp_path: Path) -> None:
    with serving(database, tmp_path / "log", CHIIKI_FONTS=str(tmp_path)) as server:
        answer = httpx.get(f"{server.url}{PREFECTURES}")
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/font-missing"
        assert "fonts-noto-cjk" in answer.json()["detail"]
        assert httpx.get(f"{server.url}{PREFECTURES.replace('.png', '.svg')}").status_code == 200


def test_pages_of_other_origins_may_show_it(server: Server) -> None:
    answer = httpx.get(f"{server.url}{PREFECTURES}", headers={"Origin": "https://town.example"})
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["access-control-allow-origin"] == "*"
