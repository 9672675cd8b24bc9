"""What every layer route promises: the same parameters, clear refusals, caching, agreement."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET

import httpx
import mapbox_vector_tile
import pytest
from PIL import Image

LAYER = "/v1/layers/ageing-rate"
TILE = f"{LAYER}/tiles/5/28/12"
SVG = "{http://www.w3.org/2000/svg}"


def get(client: httpx.Client, path: str, **headers: str) -> httpx.Response:
    return client.get(path, headers=headers)


def test_the_default_period_is_the_newest_and_the_answer_says_which(client: httpx.Client) -> None:
    periods = client.get("/v1/indicators/ageing-rate").json()["periods_by_level"]["municipality"]
    assert client.get(f"{LAYER}/values.json").json()["period"] == periods[-1]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("period=1066", "2020"),
        ("level=village", "municipality"),
        ("scheme=magic", "quantiles"),
        ("palette=mud", "viridis"),
        ("breaks_over=never", "period"),
        ("k=1", "2 to 12"),
        ("vintage=1999-01-01", "2021-01-01"),
        ("colour=red", "palette"),
        ("scheme=user", "breaks"),
        ("breaks=3,2,1", "ascend"),
        ("breaks=1,x", "numbers"),
        ("parent=99999", "prefecture"),
    ],
)
def test_an_unknown_value_is_refused_with_what_exists(client: httpx.Client, query: str, named: str) -> None:
    answer = client.get(f"{LAYER}/values.json?{query}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in json.dumps(answer.json(), ensure_ascii=False)


@pytest.mark.parametrize(
    "path",
    [
        "tiles/5/28/12.mvt",
        "tiles/5/28/12.mlt",
        "tiles/5/28/12.png",
        "tiles.json",
        "style.json",
        "legend.json",
        "legend.svg",
        "areas.geojson",
        "values.json",
        "values.csv",
        "statistics.json",
    ],
)
def test_every_route_of_a_layer_takes_the_same_parameters(client: httpx.Client, path: str) -> None:
    query = (
        "period=2020&level=prefecture&vintage=2021-01-01&scheme=user&breaks=20,25,30&k=4"
        "&breaks_over=period&palette=cividis_r&lang=en&rev=0"
    )
    assert client.get(f"{LAYER}/{path}?{query}").status_code == 200


def test_an_unknown_layer_is_not_found_and_the_problem_names_what_is_near(client: httpx.Client) -> None:
    answer = client.get("/v1/layers/ageing-rat/values.json")
    assert answer.status_code == 404
    assert "ageing-rate" in answer.json()["detail"]
    assert len(answer.json()["detail"]) < 300


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1/layers/x", "/v1/areas/99999", f"{LAYER}/tiles/5/28/12.gif"]
)
def test_every_error_is_a_problem(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "title_ja", "status", "detail"} <= set(answer.json())
    kind = client.get(answer.json()["type"])
    assert kind.json()["title"]["en"] == answer.json()["title"]


@pytest.mark.parametrize("address", ["15/0/0", "5/32/0", "5/0/32", "0/1/0"])
def test_a_tile_out_of_range_is_not_found(client: httpx.Client, address: str) -> None:
    for _ in range(2):  # the second one might come through the front door
        assert client.get(f"{LAYER}/tiles/{address}.mvt").status_code == 404


def test_an_empty_tile_is_204_as_mvt_and_transparent_as_png(client: httpx.Client) -> None:
    for _ in range(2):
        assert client.get(f"{LAYER}/tiles/5/0/0.mvt").status_code == 204
        image = Image.open(io.BytesIO(client.get(f"{LAYER}/tiles/5/0/0.png").content)).convert("RGBA")
        assert image.size == (256, 256)
        assert set(image.tobytes()[3::4]) == {0}


@pytest.mark.parametrize("zoom", [0, 4, 8, 12, 13, 14])
def test_there_is_a_tile_of_tokyo_station_at_every_zoom(client: httpx.Client, zoom: int) -> None:
    column, row = int((139.767125 + 180) / 360 * 2**zoom), int(0.393768 * 2**zoom)
    answer = client.get(f"/v1/layers/population/tiles/{zoom}/{column}/{row}.mvt?period=2020&level=prefecture")
    assert answer.status_code == 200
    assert mapbox_vector_tile.decode(answer.content)["areas"]["extent"] == 4096


@pytest.mark.parametrize(
    "path",
    [
        f"{TILE}.mvt",
        f"{TILE}.mlt",
        f"{TILE}.png",
        f"{TILE}@2x.png",
        f"{LAYER}/tiles.json",
        f"{LAYER}/style.json",
        f"{LAYER}/legend.json",
        f"{LAYER}/legend.svg",
        f"{LAYER}/areas.geojson?level=prefecture&detail=low",
        f"{LAYER}/values.json",
        f"{LAYER}/values.csv",
        f"{LAYER}/statistics.json",
        "/v1/areas",
        "/v1/areas.geojson?level=prefecture&detail=low",
        "/v1/indicators",
        "/v1/series?indicator=population&areas=01100",
    ],
)
def test_etag_304_head_and_gzip_hold_for_every_answer(client: httpx.Client, path: str) -> None:
    for _ in range(2):
        whole = get(client, path, **{"Accept-Encoding": "identity"})
        assert whole.status_code == 200
        tag = whole.headers["etag"]
        assert tag.startswith('"')
        assert get(client, path, **{"Accept-Encoding": "identity", "If-None-Match": tag}).status_code == 304
        packed = get(client, path, **{"Accept-Encoding": "gzip"})
        assert packed.content == whole.content
        if "content-encoding" in packed.headers:
            assert packed.headers["etag"] != tag
            assert "Accept-Encoding" in packed.headers["vary"]
        head = client.head(path, headers={"Accept-Encoding": "identity"})
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["etag"] == tag
        assert head.headers["content-length"] == str(len(whole.content))
        assert get(client, path, Origin="https://example.jp").headers["access-control-allow-origin"] == "*"


def test_the_address_in_tilejson_is_immutable_and_the_bare_one_revalidates(client: httpx.Client) -> None:
    description = client.get(f"{LAYER}/tiles.json").json()
    address = description["tiles"][0].format(z=5, x=28, y=12)
    for _ in range(2):
        assert "immutable" in client.get(address).headers["cache-control"]
        assert "must-revalidate" in client.get(f"{TILE}.mvt").headers["cache-control"]
        assert "immutable" not in client.get(f"{TILE}.mvt?rev=000000000000").headers["cache-control"]
    assert "国土数値情報（行政区域データ）" in description["attribution"]
    assert description["tilejson"] == "3.0.0"


def test_breaks_are_those_of_the_period_unless_all_periods_are_asked_for(client: httpx.Client) -> None:
    periods = client.get("/v1/indicators/ageing-rate").json()["periods_by_level"]["municipality"][-3:]

    def uppers(period: str, over: str = "") -> list[float]:
        legend = client.get(f"{LAYER}/legend.json?period={period}{over}").json()
        return [row["upper"] for row in legend["classes"]]

    assert uppers(periods[0]) == uppers(periods[0], "&breaks_over=period")
    assert uppers(periods[0]) != uppers(periods[-1])
    assert uppers(periods[0], "&breaks_over=all") == uppers(periods[-1], "&breaks_over=all")


@pytest.mark.parametrize("layer", ["population-change", "ageing-rate", "population"])
def test_a_layer_as_it_is_first_shown_has_areas_in_every_class(client: httpx.Client, layer: str) -> None:
    legend = client.get(f"/v1/layers/{layer}/legend.json").json()
    counts = [row["count"] for row in legend["classes"]]
    assert sum(counts) > 1700
    for count in counts:
        assert 0.10 <= count / sum(counts) <= 0.35


def test_over_all_periods_most_municipalities_are_in_the_darkest_class_and_so_they_are_not_shown_first(
    client: httpx.Client,
) -> None:
    address = "/v1/layers/ageing-rate/legend.json?period=2020&level=municipality"
    shared = client.get(f"{address}&breaks_over=all").json()["classes"]
    own = client.get(address).json()["classes"]
    # quantiles over the censuses of 1980 to 2020, and of 2020 alone: a fifth of 1,740 in each
    assert shared[-1]["count"] == 1_152
    assert [row["count"] for row in own] == [348] * 5


@pytest.mark.parametrize("query", ["", "?breaks_over=all", "?period=2000&level=prefecture"])
def test_tile_legend_and_picture_of_an_address_have_the_same_classes(
    client: httpx.Client, query: str
) -> None:
    layer = "/v1/layers/population-change"
    legend = client.get(f"{layer}/legend.json{query}").json()
    rows = [(row["upper"], row["label"]["ja"], row["colour"], row["count"]) for row in legend["classes"]]
    uppers, labels, colours, counts = zip(*rows, strict=True)

    tile = mapbox_vector_tile.decode(client.get(f"{layer}/tiles/4/14/6.mvt{query}").content)
    classed = [one["properties"] for one in tile["areas"]["features"] if "value" in one["properties"]]
    assert len(classed) > 20
    for area in classed:
        least = next((place for place, upper in enumerate(uppers) if area["value"] <= upper), len(uppers) - 1)
        assert area["class"] == least

    texts = [
        one.text or "" for one in ET.fromstring(client.get(f"{layer}/map.svg{query}").text).iter(f"{SVG}text")
    ]
    for label, count in zip(labels, counts, strict=True):
        assert texts[texts.index(label) + 1] == f"{count:,}"
    bars = ET.fromstring(client.get(f"{layer}/legend.svg{query}").text).iter(f"{SVG}rect")
    assert [one.get("fill") for one in bars if one.get("width") == "24"][:-1] == list(colours)


@pytest.mark.parametrize("layer", ["population-change", "net-migration-rate", "net-migration-15-29"])
@pytest.mark.parametrize("query", ["", "level=prefecture&", "breaks_over=all&", "scheme=fisher-jenks&k=7&"])
def test_a_diverging_palette_changes_its_colour_at_zero(client: httpx.Client, layer: str, query: str) -> None:
    legend = client.get(f"/v1/layers/{layer}/legend.json?{query}palette=rdylbu").json()
    assert 0 in [row["upper"] for row in legend["classes"]]
    for row in legend["classes"]:
        red, _green, blue = bytes.fromhex(row["colour"][1:])
        assert (red > blue) == (row["upper"] <= 0)


def test_where_all_decline_only_the_colours_of_decline_are_used(client: httpx.Client) -> None:
    address = (
        "/v1/layers/natural-change/legend.json?level=prefecture&period=2023&breaks_over=period&palette=rdylbu"
    )
    for row in client.get(address).json()["classes"]:
        assert row["upper"] < 0
        red, _green, blue = bytes.fromhex(row["colour"][1:])
        assert red > blue


def test_a_person_s_own_breaks_stay_with_a_diverging_palette(client: httpx.Client) -> None:
    query = "scheme=user&palette=rdbu"
    layer = "/v1/layers/population-change/legend.json"
    elsewhere = client.get(f"{layer}?{query}&breaks=-5,5,5000").json()["classes"]
    assert [row["upper"] for row in elsewhere] == [-5, 5, 5000]
    assert [row["colour"] for row in elsewhere] == ["#ef8a62", "#f7f7f7", "#67a9cf"]
    parted = client.get(f"{layer}?{query}&breaks=-5,0,5000").json()["classes"]
    assert [row["colour"] for row in parted] == ["#b2182b", "#ef8a62", "#67a9cf"]


def colours_of(image: bytes) -> set[tuple[int, int, int, int]]:
    pixels = Image.open(io.BytesIO(image)).convert("RGBA").tobytes()
    colours = {tuple(pixels[i : i + 4]) for i in range(0, len(pixels), 4)}
    return {(r, g, b, a) for r, g, b, a in colours if a > 0}


@pytest.mark.parametrize("suffix", [".png", "@2x.png"])
@pytest.mark.parametrize("address", ["5/28/12", "8/227/100"])
def test_the_pixels_have_the_colours_of_the_legend(client: httpx.Client, address: str, suffix: str) -> None:
    query = "period=2020&scheme=fisher-jenks&k=6&palette=viridis_r"
    legend = client.get(f"{LAYER}/legend.json?{query}").json()
    hexes = [row["colour"] for row in legend["classes"]] + [legend["no_data"]["colour"]]
    listed = {(*bytes.fromhex(c[1:]), 255) for c in hexes}
    seen = colours_of(client.get(f"{LAYER}/tiles/{address}{suffix}?{query}").content)
    assert seen
    assert seen <= listed


def test_tile_geojson_values_and_legend_agree(client: httpx.Client) -> None:
    query = "period=2020&k=4&palette=blues"
    values = client.get(f"{LAYER}/values.json?{query}").json()
    by_code = dict(zip(values["codes"], zip(values["values"], values["classes"], strict=True), strict=True))
    for feature in client.get(f"{LAYER}/areas.geojson?{query}&detail=low").json()["features"]:
        properties = feature["properties"]
        assert (properties["value"], properties["class"]) == by_code[properties["code"]]
    tile = mapbox_vector_tile.decode(client.get(f"{TILE}.mvt?{query}").content)
    for feature in tile["areas"]["features"]:
        properties = feature["properties"]
        assert (properties.get("value"), properties.get("class")) == by_code[properties["code"]]
    legend = client.get(f"{LAYER}/legend.json?{query}").json()
    counts = [values["classes"].count(index) for index in range(len(legend["classes"]))]
    assert [row["count"] for row in legend["classes"]] == counts
    assert legend["no_data"]["count"] == values["values"].count(None)


def test_a_missing_value_is_null_with_its_reason(client: httpx.Client) -> None:
    features = client.get(f"{LAYER}/areas.geojson?period=2020&bbox=145,43,149,46&detail=low").json()[
        "features"
    ]
    by_code = {feature["properties"]["code"]: feature["properties"] for feature in features}
    assert by_code["01696"]["value"] is None  # 泊村 in the Northern Territories: no statistics
    assert by_code["01696"]["status"] == "not_available"


def test_a_tile_carries_further_layers(client: httpx.Client) -> None:
    alone = {
        f["properties"]["code"]: f["properties"].get("value")
        for f in mapbox_vector_tile.decode(
            client.get("/v1/layers/population/tiles/5/28/12.mvt?period=2020").content
        )["areas"]["features"]
    }
    for _ in range(2):
        tile = mapbox_vector_tile.decode(client.get(f"{TILE}.mvt?period=2020&with=population").content)
        assert {
            f["properties"]["code"]: f["properties"].get("population") for f in tile["areas"]["features"]
        } == alone
    assert client.get(f"{TILE}.mvt?with=a,b,c,d,e,f,g,h,i").status_code == 422


@pytest.fixture
def pages(client: httpx.Client) -> list[str]:
    """The codes of every page of all municipalities, following the next links."""
    codes: list[str] = []
    address: str | None = "/v1/areas?level=municipality&limit=500"
    while address:
        page = client.get(address).json()
        codes += [area["code"] for area in page["areas"]]
        address = page["next"]
    return codes


def test_pages_join_to_the_whole_list(client: httpx.Client, pages: list[str]) -> None:
    assert len(pages) == len(set(pages)) == client.get("/v1/areas?level=municipality").json()["total"] == 1747


@pytest.mark.parametrize("query", ["札幌市", "sapporo", "さっぽろし", "01100"])
def test_an_area_is_found_by_any_of_its_names(client: httpx.Client, query: str) -> None:
    assert "01100" in [area["code"] for area in client.get("/v1/areas", params={"q": query}).json()["areas"]]


def test_the_categorical_layer_goes_the_same_way(client: httpx.Client) -> None:
    legend = client.get("/v1/layers/municipality-type/legend.json").json()
    assert len(legend["classes"]) >= 4
    hexes = {row["colour"] for row in legend["classes"]}
    seen = colours_of(client.get("/v1/layers/municipality-type/tiles/6/56/25.png").content)
    assert {f"#{r:02x}{g:02x}{b:02x}" for r, g, b, _ in seen} & hexes


def listed(client: httpx.Client, query: str) -> list[str]:
    """Return the ids of the layers that are listed."""
    return [one["id"] for one in client.get(f"/v1/layers?{query}").json()["layers"]]


def test_layers_asked_for_by_id_come_in_that_order_and_the_unknown_ones_are_named(
    client: httpx.Client,
) -> None:
    answer = client.get("/v1/layers?id=population&id=nothing&id=ageing-rate&id=population").json()
    assert [one["id"] for one in answer["layers"]] == ["population", "ageing-rate"]
    assert answer["unknown"] == ["nothing"]
    assert answer["total"] == 2
    assert answer["period_labels"]["census"]["2020"]["ja"] == "2020年（令和2年）"
    one = client.get("/v1/layers/population").json()
    assert answer["layers"][0] == {name: one[name] for name in answer["layers"][0]}


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("q=総人口", "population"),
        ("q=Population", "population"),
        ("q=ﾃﾞﾏﾝﾄﾞバス", "deployments:transport-gap-redesign"),
        ("q=お年寄り&limit=1", "ageing-rate"),
    ],
)
def test_the_layer_that_is_meant_is_found_first(client: httpx.Client, query: str, first: str) -> None:
    assert listed(client, query)[0] == first


def test_topics_count_all_that_matches_whichever_page_is_told(client: httpx.Client) -> None:
    whole = client.get("/v1/layers").json()
    for query in ("limit=0", "limit=7&offset=14"):
        answer = client.get(f"/v1/layers?{query}").json()
        assert answer["topics"] == whole["topics"]
        assert answer["total"] == whole["total"] == sum(one["total"] for one in answer["topics"])
    counted = client.get("/v1/layers?limit=0").json()
    assert counted["layers"] == []
    assert counted["next"] is None
    for topic in counted["topics"]:
        assert len(listed(client, f"topic={topic['id']}")) == topic["total"]
    only = client.get("/v1/layers?topic=migration&limit=0").json()["topics"]
    assert [(one["id"], one["ja"]) for one in only] == [("migration", "人口移動")]


def test_families_count_what_matches_and_list_their_indicators(client: httpx.Client) -> None:
    counted = client.get("/v1/layers?level=any&limit=0").json()["families"]
    assert len({one["id"] for one in counted}) == len(counted)
    by_id = {one["id"]: one for one in counted}
    for name in ("births", "transport-gaps", "municipality-types"):
        told = client.get(f"/v1/layers?level=any&family={name}").json()
        assert told["total"] == by_id[name]["total"] == len(told["layers"])
        assert {one["family"]["id"] for one in told["layers"]} == {name}
        assert {one["topic"]["id"] for one in told["layers"]} == {by_id[name]["topic"]}
        ids = [one["id"] for one in told["layers"]]
        assert by_id[name]["only"] == (ids[0] if len(ids) == 1 else None)
    assert by_id["births"]["name"] == {"ja": "出生", "en": "Births"}
    assert listed(client, "family=nothing") == []
    assert set(listed(client, "q=こうれいか")) >= {"ageing-rate", "projected-ageing-rate"}


def test_layers_are_told_by_level_and_kind(client: httpx.Client) -> None:
    layers = client.get("/v1/layers").json()["layers"]
    for level in ("prefecture", "municipality", "ward"):
        assert listed(client, f"level={level}") == [one["id"] for one in layers if level in one["levels"]]
    assert listed(client, "level=any") == [one["id"] for one in layers if one["levels"]]
    shown = [one["id"] for one in layers if one["kind"] in ("ratio", "change")]
    assert listed(client, "kind=ratio&kind=change") == shown
    assert listed(client, "kind=category&id=population") == []


@pytest.mark.parametrize("query", ["id=", "limit=2001", "limit=-1", "level=village", "kind=number"])
def test_a_list_that_cannot_be_is_a_problem(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/v1/layers?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(query.partition("=")[0])


def test_no_more_than_a_hundred_layers_are_asked_for_by_id(client: httpx.Client) -> None:
    assert client.get("/v1/layers?" + "id=population&" * 100).status_code == 200
    assert client.get("/v1/layers?" + "id=population&" * 101).status_code == 422


def test_counts_are_circles_in_style_legend_and_picture_and_rates_are_areas(client: httpx.Client) -> None:
    query = "level=prefecture&period=2020"
    circles = client.get(f"/v1/layers/population/legend.json?{query}").json()["circles"]
    # 東京都 of the census of 2020, the most people
    assert circles["most"] == 14_047_594
    assert [one["label"]["ja"] for one in circles["examples"]] == ["10,000,000", "2,000,000", "200,000"]
    style = client.get(f"/v1/layers/population/style.json?{query}").json()
    (drawn,) = (layer for layer in style["layers"] if layer["type"] == "circle")
    points = client.get(style["sources"][drawn["source"]]["data"]).json()["features"]
    assert {one["geometry"]["type"] for one in points} == {"Point"}
    values = {one["properties"]["code"]: one["properties"]["value"] for one in points}
    assert len(values) == 47
    assert max(values.values()) == values["13000"] == 14_047_594
    for one in points:
        longitude, latitude = one["geometry"]["coordinates"]
        west, south, east, north = one["bbox"]
        assert west <= longitude <= east
        assert south <= latitude <= north
    svg = ET.fromstring(client.get(f"/v1/layers/population/map.svg?{query}").text)
    largest = max(float(one.get("r", 0)) for one in svg.iter(f"{SVG}circle"))
    smallest = min(float(one.get("r", 0)) for one in svg.iter(f"{SVG}circle"))
    # 鳥取県 553,407; the legend's 200,000 is smaller still
    assert smallest / largest == pytest.approx((200_000 / 14_047_594) ** 0.5, rel=0.03)
    rate = client.get(f"{LAYER}/legend.json?{query}").json()
    assert rate["circles"] is None
    types = {one["type"] for one in client.get(f"{LAYER}/style.json?{query}").json()["layers"]}
    assert "circle" not in types
    assert "<circle" not in client.get(f"{LAYER}/map.svg?{query}").text


def test_the_largest_circle_of_a_part_of_the_nation_is_for_its_own_largest_number(
    client: httpx.Client,
) -> None:
    asked = "/v1/layers/population/map.svg?level=municipality&period=2020&area=31000"
    told = [one.text for one in ET.fromstring(client.get(asked).text).iter(f"{SVG}text")]
    # 鳥取市 188,465, the most in and around 鳥取県; the nation's largest is 横浜市 3,777,491
    assert "100,000" in told
    assert "2,000,000" not in told


def test_an_evacuated_town_has_no_rank_no_colour_and_is_no_extreme(client: httpx.Client) -> None:
    # 飯舘村: 41 in place in 2015, 1,318 in 2020: +3,114.6 % is no growth
    query = "period=2020&level=municipality"
    body = client.get(f"/v1/layers/population-change/values.json?{query}").json()
    at = body["codes"].index("07564")
    assert [body[name][at] for name in ("values", "classes", "statuses")] == [None, None, "base_differs"]
    ranked = client.get(f"/v1/layers/population-change/ranking.json?{query}&limit=2000").json()
    assert {"07543", "07564", "07212"}.isdisjoint({row["code"] for row in ranked["rows"]})
    summary = client.get(f"/v1/layers/population-change/summary.json?{query}").json()
    assert "人口の対象が異なる10" in summary["text"]["ja"]
    assert "10 counted on another population" in summary["text"]["en"]
    assert abs(summary["highest"][0]["value"]) < 60


def test_municipalities_have_at_least_350_indicators_with_figures(client: httpx.Client) -> None:
    body = client.get("/v1/indicators?level=municipality").json()
    assert body["total"] >= 350
    for one in body["indicators"]:
        for field in ("name", "description", "unit"):
            assert set(one[field]) == {"ja", "en"}, one["id"]
        assert one["kana"], one["id"]
        assert one["family"], one["id"]
        assert "municipality" in one["levels"], one["id"]


def test_the_first_map_shows_a_figure_of_2024_or_later(client: httpx.Client) -> None:
    told = client.get("/v1/layers/register-population-change/legend.json").json()
    assert (told["period"], told["level"]) == ("2024", "municipality")
    values = client.get("/v1/layers/register-population-change/values.json").json()
    found = dict(zip(values["codes"], values["values"], strict=True))
    # residents on 1 January 2019 and 2024: 浜松市 780,444 and 760,204, 千代田区 60,639 and 64,897
    assert found["22130"] == pytest.approx((760_204 / 780_444 - 1) * 100)
    assert found["13101"] == pytest.approx((64_897 / 60_639 - 1) * 100)
