"""Clusters, correlations and changes over HTTP, and as layers like any other."""

from __future__ import annotations

import io
import json
import zipfile
from urllib.parse import quote

import httpx
import mapbox_vector_tile
import numpy as np
import pytest
from openpyxl import load_workbook
from PIL import Image
from scipy import stats

from geo.analysis import moran
from geo.files.formats import FORMATS

AT = "period=2020&level=municipality"
CLUSTERS = "clusters:ageing-rate"
CHANGE = "change:population:2015:per-cent"
RESIDUAL = "residual:ageing-rate~population-density"
MADE = [CLUSTERS, CHANGE, RESIDUAL, "change:ageing-rate"]
#: Kawaguchi, young among young; Totsukawa, old among old (census of 2020)
KAWAGUCHI, TOTSUKAWA = "11203", "29449"


def answer(client: httpx.Client, path: str) -> dict[str, object]:
    found = client.get(path)
    assert found.status_code == 200, found.text
    told: dict[str, object] = found.json()
    return told


def refused(client: httpx.Client, path: str, status: int = 422) -> str:
    found = client.get(path)
    assert found.status_code == status, found.text
    assert found.headers["content-type"] == "application/problem+json"
    return json.dumps(found.json(), ensure_ascii=False)


# Clusters


def test_clusters_are_told_with_everything_they_rest_on(client: httpx.Client) -> None:
    told = client.get(f"/v1/layers/ageing-rate/spatial.json?{AT}").json()
    # 1,741 municipalities and the six villages of the Northern Territories, without 1 that lacks the figure
    assert (told["n"], told["missing"], told["alone"]) == (1740, 7, [])
    assert told["moran"]["i"] == pytest.approx(0.578, abs=0.0005)  # as esda: service/tests/analysis
    assert told["moran"]["p"] == 0.002
    assert (told["permutations"], told["moran"]["permutations"]) == (9999, 999)
    assert told["false_discovery_rate"] == 0.05
    assert told["seed"] == moran.SEED
    assert told["neighbours"]["rule"] == "queen"
    bridges = {one["area"]: one for one in told["neighbours"]["bridges"]}
    assert bridges["13421"]["nearest"] == "13402"  # 小笠原村 to 青ヶ島村
    assert 500 < bridges["13421"]["km"] < 650
    of = dict(
        zip(told["codes"], zip(told["clusters"], told["p"], told["adjusted"], strict=True), strict=True)
    )
    assert of[KAWAGUCHI][0] == "LL"
    assert of[TOTSUKAWA][0] == "HH"
    assert of["01695"] == (None, None, None)  # 色丹村
    assert all(
        adjusted <= 0.05 for cluster, _, adjusted in of.values() if cluster in ("HH", "LL", "HL", "LH")
    )
    assert sum(told["counts"].values()) == told["n"]
    assert "モランのIは0.58" in told["text"]["ja"]
    assert told["clusters_layer"] == CLUSTERS


def test_the_same_figures_have_the_same_clusters(client: httpx.Client) -> None:
    path = f"/v1/layers/ageing-rate/spatial.json?{AT}"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_the_map_of_clusters_is_what_is_told(client: httpx.Client) -> None:
    told = client.get(f"/v1/layers/ageing-rate/spatial.json?{AT}").json()
    values = client.get(f"/v1/layers/{CLUSTERS}/values.json?{AT}").json()
    number = {"HH": 1, "LL": 2, "HL": 3, "LH": 4, "not significant": 5, None: None}
    assert values["values"] == [number[cluster] for cluster in told["clusters"]]
    legend = client.get(f"/v1/layers/{CLUSTERS}/legend.json?{AT}").json()
    counts = {entry["label"]["en"]: entry["count"] for entry in legend["classes"]}
    assert counts["High among high (HH)"] == told["counts"]["HH"]
    assert counts["Low among low (LL)"] == told["counts"]["LL"]
    assert legend["no_data"]["count"] == told["missing"]


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        ("population", "Take a rate instead"),
        ("municipality-type", "categories"),
        ("deployment-count:regional-economy", "Take a rate instead"),
        (CLUSTERS, "categories"),
    ],
)
def test_clusters_of_counts_and_categories_are_refused(client: httpx.Client, layer: str, named: str) -> None:
    if layer.startswith("deployment-count"):
        layers = client.get("/v1/layers?topic=measures").json()["layers"]
        layer = next(one["id"] for one in layers if one["kind"] == "count")
    assert named in refused(client, f"/v1/layers/{layer}/spatial.json")


def test_clusters_of_few_areas_are_refused(client: httpx.Client) -> None:
    # thirteen municipalities of 群馬県 have a transport gap
    told = refused(client, "/v1/layers/transport-gap:mlit-handbook-rural/spatial.json?level=municipality")
    assert "not-enough-data" in told
    assert "30 areas" in told


def test_clusters_in_words(client: httpx.Client) -> None:
    text = client.get(f"/v1/layers/{CLUSTERS}/summary.json?{AT}").json()["text"]
    assert text["ja"].startswith("2020年（令和2年）の高齢化率：高い地域・低い地域の集まりを")
    assert "低い地域の集まり（LL）が" in text["ja"]
    assert "1,740地域のモランのIは0.58（p ≤ 0.002）で、隣り合う地域は似た値になっています。" in text["ja"]
    assert "Moran’s I of 1,740 areas is 0.58 (p ≤ 0.002): neighbours are alike." in text["en"]


# Layers like any other


@pytest.mark.parametrize("layer", MADE)
@pytest.mark.parametrize(
    "path",
    [
        "tiles/5/28/12.mvt",
        "tiles/5/28/12.mlt",
        "tiles/5/28/12.png",
        "tiles/5/28/12@2x.png",
        "tiles.json",
        "style.json",
        "legend.json",
        "legend.svg",
        "areas.geojson?detail=low",
        "values.json",
        "values.csv",
        "statistics.json",
        "summary.json",
        "map.svg?width=400&height=300",
        "map.png?width=400&height=300",
        "map.svg?area=10000&lang=en",
    ],
)
def test_a_layer_that_is_worked_out_is_shown_as_any_other(
    client: httpx.Client, layer: str, path: str
) -> None:
    found = client.get(f"/v1/layers/{quote(layer)}/{path}{'&' if '?' in path else '?'}level=municipality")
    assert found.status_code == 200, found.text
    assert len(found.content) > 100
    assert found.headers["etag"]


@pytest.mark.parametrize("layer", MADE)
def test_tiles_tell_the_values_and_classes_of_the_list(client: httpx.Client, layer: str) -> None:
    values = client.get(f"/v1/layers/{layer}/values.json?level=prefecture").json()
    rows = zip(values["codes"], values["values"], values["classes"], strict=True)
    expected = {code: (value, place) for code, value, place in rows}
    tile = mapbox_vector_tile.decode(
        client.get(f"/v1/layers/{layer}/tiles/5/28/12.mvt?level=prefecture").content
    )
    poured = [one["properties"] for one in tile["areas"]["features"]]
    assert len(poured) > 20
    for one in poured:
        assert (one.get("value"), one.get("class")) == expected[one["code"]]


@pytest.mark.parametrize("layer", MADE)
@pytest.mark.parametrize("format", FORMATS)
def test_a_layer_that_is_worked_out_is_a_file_as_any_other(
    client: httpx.Client, layer: str, format: str
) -> None:
    found = client.get(f"/v1/layers/{layer}/download.{format}?level=prefecture&detail=low")
    assert found.status_code == 200, found.text
    assert len(found.content) > 1000


@pytest.mark.parametrize("layer", MADE)
def test_all_periods_of_a_layer_that_is_worked_out_are_told_together(
    client: httpx.Client, layer: str
) -> None:
    periods = client.get(f"/v1/layers/{layer}").json()["periods_by_level"]["prefecture"]
    told = client.get(f"/v1/layers/{layer}/periods.json?level=prefecture").json()
    assert [one["period"] for one in told["periods"]] == periods
    rows = client.get(f"/v1/layers/{layer}/download.csv?level=prefecture&periods=all").text.splitlines()
    assert len(rows) == 1 + 47 * len(periods)
    one = client.get(f"/v1/layers/{layer}/values.json?level=prefecture&period={periods[0]}").json()
    assert told["periods"][0]["classes"] == one["classes"]


def test_a_workbook_of_changes_says_what_they_are(client: httpx.Client) -> None:
    body = client.get(f"/v1/layers/{CHANGE}/download.xlsx?level=municipality").content
    book = load_workbook(io.BytesIO(body), read_only=True)
    cells = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    assert "総人口：2015年（平成27年）からの増減率" in cells
    assert any(cell.startswith("-17.06") for cell in cells)  # Yubari-shi


def test_a_shapefile_of_residuals_has_a_name_without_signs(client: httpx.Client) -> None:
    body = client.get(f"/v1/layers/{RESIDUAL}/download.shp.zip?level=prefecture&detail=low").content
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert any(name.endswith(".shp") for name in names)
    assert not any(sign in name for name in names for sign in ":~")


def test_a_map_of_changes_parts_at_nothing(client: httpx.Client) -> None:
    legend = client.get(f"/v1/layers/{CHANGE}/legend.json?{AT}").json()
    bounds = [entry["upper"] for entry in legend["classes"]]
    assert 0 in bounds
    assert any(entry["upper"] > 0 for entry in legend["classes"])
    assert any(entry["upper"] <= 0 for entry in legend["classes"])
    png = client.get(f"/v1/layers/{CHANGE}/tiles/6/56/25.png?{AT}")
    colours = Image.open(io.BytesIO(png.content)).convert("RGB").getcolors() or []
    assert len(colours) > 4


def test_layers_that_are_worked_out_are_found_by_their_ids_and_not_listed(client: httpx.Client) -> None:
    listed = client.get("/v1/layers").json()
    assert not [
        one for one in listed["layers"] if one["id"].split(":")[0] in ("clusters", "change", "residual")
    ]
    asked = "&".join(f"id={quote(layer)}" for layer in [*MADE, "clusters:population"])
    named = client.get(f"/v1/layers?{asked}").json()
    assert [one["id"] for one in named["layers"]] == MADE
    assert named["unknown"] == ["clusters:population"]
    assert client.get(f"/v1/layers?id={CLUSTERS}&q=集まり").json()["total"] == 1


def test_a_layer_names_those_that_are_worked_out_of_it(client: httpx.Client) -> None:
    def named(layer: str) -> list[str]:
        return [one["id"] for one in client.get(f"/v1/layers/{layer}").json()["analyses"]]

    changes = ["change:{0}", "change:{0}:per-cent", "change:{0}:per-year"]
    assert named("ageing-rate") == [CLUSTERS, *(one.format("ageing-rate") for one in changes)]
    assert named("population") == [one.format("population") for one in changes]
    assert named("municipality-type") == []
    assert named(CHANGE) == [f"clusters:{CHANGE}"]


def test_a_map_of_clusters_is_embedded_and_previewed(client: httpx.Client) -> None:
    page = client.get(f"/embed/map?layer={CLUSTERS}&{AT}&lang=en")
    assert page.status_code == 200
    assert "clusters" in page.text
    card = client.get(
        "/oembed", params={"url": f"{client.base_url}/?layer={CLUSTERS}&{AT}", "format": "json"}
    )
    assert card.status_code == 200, card.text
    assert "高い地域・低い地域の集まり" in card.json()["title"]


# Correlation


def test_two_figures_go_together_as_scipy_says(client: httpx.Client) -> None:
    told = client.get("/v1/correlation?x=ageing-rate&y=birth-rate&period=2020").json()
    pairs = [
        (x, y)
        for x, y in zip(told["x_values"], told["y_values"], strict=True)
        if x is not None and y is not None
    ]
    xs, ys = zip(*pairs, strict=True)
    line = stats.linregress(xs, ys)
    assert told["n"] == len(pairs)
    assert told["n"] + told["missing"] == len(told["codes"])
    plain = told["plain"]
    assert plain["pearson"] == pytest.approx(stats.pearsonr(xs, ys).statistic)
    assert plain["spearman"] == pytest.approx(stats.spearmanr(xs, ys).statistic)
    assert (plain["slope"], plain["intercept"]) == pytest.approx((line.slope, line.intercept))
    assert plain["r_squared"] == pytest.approx(line.rvalue**2)
    assert told["weights"]["id"] == "population"
    assert told["weights"]["period"] == "2020"
    assert told["weighted"]["pearson"] != plain["pearson"]
    people = client.get(f"/v1/layers/population/values.json?{AT}").json()["values"]
    columns = zip(told["x_values"], told["y_values"], people, strict=True)
    weighed = np.array([row for row in columns if None not in row and row[2] > 0], float).T
    of_residents = np.cov(weighed[:2], aweights=weighed[2])
    assert told["weighted"]["n"] == weighed.shape[1]
    assert told["weighted"]["pearson"] == pytest.approx(
        of_residents[0, 1] / np.sqrt(of_residents[0, 0] * of_residents[1, 1])
    )
    assert told["weighted"]["slope"] == pytest.approx(of_residents[0, 1] / of_residents[0, 0])
    assert "負の関係" in told["text"]["ja"]


def test_what_a_correlation_leaves_is_the_map_that_it_names(client: httpx.Client) -> None:
    told = client.get("/v1/correlation?x=population-density&y=ageing-rate&level=prefecture").json()
    assert told["residual_layer"] == RESIDUAL
    shown = client.get(
        f"/v1/layers/{told['residual_layer']}/values.json?level=prefecture&period={told['x']['period']}"
    ).json()
    assert shown["values"] == pytest.approx(told["residuals"])
    assert shown["codes"] == told["codes"]


def test_figures_of_two_periods_are_correlated_where_both_are_named(client: httpx.Client) -> None:
    told = client.get("/v1/correlation?x=ageing-rate&y=ageing-rate&x_period=2015&y_period=2020").json()
    assert (told["x"]["period"], told["y"]["period"]) == ("2015", "2020")
    assert told["plain"]["pearson"] > 0.95
    assert told["residual_layer"] is None


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("x=ageing-rate&y=municipality-type", "no indicator of numbers"),
        ("x=ageing-rate&y=ageing-rate&x_period=2015", "go together"),
        ("x=ageing-rate&y=birth-rate&period=1066", "1066"),
        ("x=employees&y=farm-households", "x_period and y_period"),
        ("x=ageing-rate", "y"),
        ("x=ageing-rate&y=gpp-2015-base&level=municipality", "level"),
    ],
)
def test_what_does_not_correlate_is_refused(client: httpx.Client, query: str, named: str) -> None:
    assert named in refused(client, f"/v1/correlation?{query}")


def test_an_unknown_figure_is_not_found(client: httpx.Client) -> None:
    assert "agein-rate" in refused(client, "/v1/correlation?x=agein-rate&y=population", 404)


# Change


def test_the_population_of_yubari_has_changed(client: httpx.Client) -> None:
    told = client.get("/v1/layers/population/change?from=2015&to=2020").json()
    at = told["codes"].index("01209")
    # census: 8,843 persons in 2015, 7,334 in 2020
    assert (told["before"][at], told["after"][at], told["difference"][at]) == (8843, 7334, -1509)
    assert told["per_cent"][at] == pytest.approx(-17.06434, abs=1e-5)
    assert told["per_year"][at] == pytest.approx(-301.8)
    assert told["years"] == 5
    assert told["layers"] == {
        "difference": "change:population:2015",
        "per_cent": CHANGE,
        "per_year": "change:population:2015:per-year",
    }


def test_no_map_shows_a_change_across_a_break(client: httpx.Client) -> None:
    # nurseries of 2023 are another count than before: the nation's 30,358 did not become 23,726
    told = client.get("/v1/layers/change:nurseries").json()["periods_by_level"]
    assert {periods[-1] for periods in told.values()} == {"2022"}
    answer = client.get("/v1/layers/change:nurseries/values.json?period=2023")
    assert answer.status_code == 422
    for layer in ("change:nurseries:2022", "change:nurseries:2022:per-cent"):
        assert client.get(f"/v1/layers/{layer}/values.json").status_code == 404


def test_those_in_place_are_not_set_against_those_before_an_evacuation(client: httpx.Client) -> None:
    # 飯舘村: 41 in place in 2015, 1,318 in 2020
    told = client.get("/v1/layers/population/change?from=2015&to=2020").json()
    at = told["codes"].index("07564")
    assert (told["before"][at], told["after"][at], told["statuses"][at]) == (41, 1318, "base_differs")
    assert [told[name][at] for name in ("difference", "per_cent", "per_year")] == [None] * 3
    shown = client.get(f"/v1/layers/{CHANGE}/summary.json?{AT}").json()
    assert "人口の対象が異なる10" in shown["text"]["ja"]
    assert "10 counted on another population" in shown["text"]["en"]
    assert abs(shown["highest"][0]["value"]) < 60
    series = client.get("/v1/series?indicator=population&areas=07564&from=2015").json()
    assert "2015年（平成27年）に41人、2020年（令和2年）に1,318人です。" in series["summary"]["ja"]
    assert "%" not in series["summary"]["en"]


@pytest.mark.parametrize("measure", ["difference", "per_cent", "per_year"])
def test_the_maps_of_a_change_show_what_is_told(client: httpx.Client, measure: str) -> None:
    told = client.get("/v1/layers/population/change?from=2000&to=2020").json()
    shown = client.get(f"/v1/layers/{told['layers'][measure]}/values.json?{AT}").json()
    assert shown["values"] == told[measure]


def test_the_newest_change_is_told_where_nothing_is_asked_for(client: httpx.Client) -> None:
    told = client.get("/v1/layers/ageing-rate/change").json()
    periods = client.get("/v1/layers/ageing-rate").json()["periods_by_level"]["municipality"]
    assert [told["from"], told["to"]] == periods[-2:]


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("population/change?from=2020&to=2015", "earlier"),
        ("population/change?from=2020&to=2020", "earlier"),
        ("population/change?from=1066", "1066"),
        ("population/change?to=1066", "1066"),
        ("municipality-type/change", "no indicator of numbers"),
        # nurseries of 2023 are another count than before
        ("nurseries/change?from=2022&to=2023", "breaks at 2023"),
        ("nurseries/change", "breaks at 2023"),
        ("nurseries-per-1000-children/change?from=2019", "breaks at 2023"),
        ("establishments/change?from=2016&to=2021", "breaks at 2021"),
        (f"{CLUSTERS}/change", "clusters:ageing-rate"),
    ],
)
def test_what_cannot_change_is_refused(client: httpx.Client, path: str, named: str) -> None:
    status = 404 if path.startswith("clusters") else 422
    assert named in refused(client, f"/v1/layers/{path}", status)


def test_clusters_of_a_layer_with_estimates_are_those_of_the_layer_where_nothing_is_estimated(
    client: httpx.Client,
) -> None:
    asked = "/v1/layers/{}/spatial.json?level=prefecture"
    plain = client.get(asked.format("ageing-rate")).json()
    with_estimates = client.get(asked.format("ageing-rate") + "&estimate=population")
    assert with_estimates.status_code == 200
    assert with_estimates.json()["clusters"] == plain["clusters"]
    tile = client.get("/v1/layers/clusters:estimated:ageing-rate/legend.json?level=prefecture")
    assert tile.status_code == 200
    refused = client.get(asked.format("population") + "&estimate=population")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "invalid-parameter")
