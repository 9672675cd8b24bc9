"""Every answer with figures names the boundaries they were published on, and how they came to those shown."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import httpx
import pytest

from api_tests.test_downloads import WITHOUT_METADATA, got, read
from geo.files.formats import FORMATS

#: The census by the codes of 2015. On 2006-03-01 上九一色村 19341 was split between 甲府市 and 富士河口湖町.
KOFU, LAKE, FUJIYOSHIDA, TOMIYA = "19201", "19430", "19202", "04216"
OF_2005 = {KOFU: "apportioned", LAKE: "apportioned", FUJIYOSHIDA: "as_published", TOMIYA: "renumbered"}
ON_2015 = ["2015-10-01"]


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_series_tells_it_for_each_area_and_period(client: httpx.Client) -> None:
    query = f"indicator=population&areas={','.join(OF_2005)}&from=2005&to=2010"
    told = client.get(f"/v1/series?{query}").json()
    found = {line["area"]: {point["period"]: point for point in line["points"]} for line in told["series"]}
    assert {code: points["2005"]["carried"] for code, points in found.items()} == OF_2005
    assert found[KOFU]["2005"] == {
        **{"period": "2005", "value": 200_096.0, "status": "apportioned"},
        **{"carried": "apportioned", "boundary_dates": ON_2015},
    }
    assert found[KOFU]["2010"]["status"] == "ok"
    assert "甲府市の2005年（平成17年）の値は、" in told["summary"]["ja"]
    lines = rows(client.get(f"/v1/series.csv?{query}"))
    assert {row["area_code"]: row["carried"] for row in lines if row["period"] == "2005"} == OF_2005
    assert list(lines[0])[-2:] == ["carried", "boundary_dates"]
    assert {row["boundary_dates"] for row in lines} == {"2015-10-01"}


def test_a_figure_that_is_missing_was_carried_nowhere(client: httpx.Client) -> None:
    told = client.get(f"/v1/series?indicator=register-population&areas={KOFU}&to=1995").json()
    assert told["series"][0]["points"] == [
        {
            **{"period": "1995", "value": None, "status": "boundary_changed"},
            **{"carried": None, "boundary_dates": ["1995-03-31"]},
        }
    ]


def test_geojson_and_tables_of_a_layer_tell_it_for_each_area(client: httpx.Client) -> None:
    layer = "/v1/layers/population"
    told = client.get(f"{layer}/areas.geojson?period=2005&level=municipality&detail=point").json()
    found = {one["properties"]["code"]: one["properties"] for one in told["features"]}
    assert {code: found[code]["carried"] for code in OF_2005} == OF_2005
    assert (found[KOFU]["status"], found["01696"]["carried"]) == ("apportioned", None)
    assert told["boundary_dates"] == ON_2015
    values = client.get(f"{layer}/values.json?period=2005&level=municipality").json()
    by_code = dict(zip(values["codes"], values["carried"], strict=True))
    assert {code: by_code[code] for code in OF_2005} == OF_2005
    assert values["boundary_dates"] == ON_2015
    assert [how is None for how in values["carried"]] == [value is None for value in values["values"]]
    table = {
        row["code"]: row for row in rows(client.get(f"{layer}/values.csv?period=2005&level=municipality"))
    }
    assert {code: table[code]["carried"] for code in OF_2005} == OF_2005
    assert (table[KOFU]["boundary_dates"], table["01696"]["carried"]) == ("2015-10-01", "")


def test_a_profile_tells_it_of_each_figure(client: httpx.Client) -> None:
    told = client.get(f"/v1/areas/{KOFU}/profile").json()
    figures = [figure for goal in told["goals"] for figure in goal["figures"]]
    assert figures
    for figure in figures:
        assert (figure["carried"] is None) == (figure["value"] is None)
        assert all(point["carried"] for point in figure["series"])
    women = next(one for one in figures if one["indicator"]["id"] == "women-20-39-rate")
    by_period = {point["period"]: point["carried"] for point in women["series"]}
    assert (by_period["2005"], by_period["2010"]) == ("apportioned", "as_published")
    # of two towns that became cities the people of 2015 are those that SSDSE tells under their new codes
    assert (women["period"], women["carried"]) == ("2015", "as_published")
    assert women["boundary_dates"] == [*ON_2015, "2019-10-01"]
    lines = rows(client.get(f"/v1/areas/{KOFU}/profile.csv"))
    (row,) = [one for one in lines if one["indicator"] == "women-20-39-rate"]
    assert (row["carried"], row["boundary_dates"]) == ("as_published", "2015-10-01 2019-10-01")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_has_it_in_a_column(client: httpx.Client, tmp_path: Path, suffix: str) -> None:
    asked = {"level": "municipality", "periods": "2005", "parent": "19"}
    found = {
        str(row["code"]): row
        for row in read(got(client, "population", suffix, tmp_path, detail="low", **asked)).to_dict("records")
    }
    assert {code: found[code]["carried"] for code in (KOFU, LAKE, FUJIYOSHIDA)} == {
        code: OF_2005[code] for code in (KOFU, LAKE, FUJIYOSHIDA)
    }
    assert found[KOFU]["status"] == "apportioned"


def test_a_wide_table_has_it_at_the_right_end(client: httpx.Client, tmp_path: Path) -> None:
    asked = {"level": "municipality", "periods": "2005,2010", "shape": "wide", "parent": "19"}
    for suffix, names in (("csv", ("carried_2005", "carried_2010")), ("shp.zip", ("c_2005", "c_2010"))):
        found = read(got(client, "population", suffix, tmp_path, detail="low", **asked))
        (kofu,) = found[found["code"] == KOFU].to_dict("records")
        assert [kofu[name] for name in names] == ["apportioned", "as_published"]
        columns = [name for name in found.columns if name != "geometry"]
        assert tuple(columns[-2:]) == names


def test_the_metadata_of_a_file_name_the_boundaries_of_each_period(client: httpx.Client) -> None:
    assert "geojson" not in WITHOUT_METADATA
    query = "level=municipality&periods=2015,2020&parent=19&detail=low"
    told = client.get(f"/v1/layers/population/download.geojson?{query}").json()["metadata"]
    assert told["boundaries"] == "2025-01-01"
    assert told["boundary_dates"].startswith("2015: ")
    assert told["boundary_dates"].endswith("2020: 2020-10-01")
    assert "apportioned: " in told["carried"]
    assert "apportioned by its publisher" in told["carried_en"]


def test_what_is_worked_out_of_figures_was_carried_as_they_were(client: httpx.Client) -> None:
    change = "change:population:2005"
    query = "level=municipality&period=2010"
    told = client.get(f"/v1/layers/{change}/values.json?{query}").json()
    by_code = dict(zip(told["codes"], told["carried"], strict=True))
    assert {code: by_code[code] for code in OF_2005} == OF_2005
    statuses = dict(zip(told["codes"], told["statuses"], strict=True))
    assert (statuses[KOFU], statuses[FUJIYOSHIDA]) == ("apportioned", "ok")


def test_what_is_located_by_chiiki_itself_is_on_the_boundaries_shown(client: httpx.Client) -> None:
    told = client.get("/v1/layers/deployments:smart-cities/values.json?level=municipality").json()
    assert told["boundary_dates"] == ["2025-01-01"]
    assert set(told["carried"]) == {"as_published", None}


def test_a_map_in_words_names_the_areas(client: httpx.Client) -> None:
    told = client.get("/v1/layers/population/summary.json?period=2005&level=municipality").json()
    assert "山梨県甲府市、山梨県富士河口湖町の値は、" in told["text"]["ja"]
    assert "Kofu-shi in Yamanashi" in told["text"]["en"]
    none = client.get("/v1/layers/population/summary.json?period=2010&level=municipality").json()
    assert "apportioned" not in none["text"]["en"]
