"""Boundary sets as they are asked for: the newest by default, wards of the newest set that has them."""

from __future__ import annotations

import httpx
import pytest

NEWEST, OF_WARDS = "2025-01-01", "2021-01-01"


def test_the_sets_that_ship_tell_their_own_levels_and_terms(client: httpx.Client) -> None:
    told = {one["vintage"]: one for one in client.get("/v1/vintages").json()["vintages"]}
    assert told[NEWEST]["areas"] == {"prefecture": 47, "municipality": 1747}
    assert told[OF_WARDS]["areas"] == {"prefecture": 47, "municipality": 1747, "ward": 1902}
    assert "CC BY 4.0" in told[NEWEST]["licence"]
    assert "国土情報利用約款" in told[OF_WARDS]["licence"]


@pytest.mark.parametrize(
    ("level", "vintage"), [("prefecture", NEWEST), ("municipality", NEWEST), ("ward", OF_WARDS)]
)
@pytest.mark.parametrize("asked", ["", f"&vintage={NEWEST}"])
def test_every_answer_about_a_level_names_the_set_its_areas_are_of(
    client: httpx.Client, level: str, vintage: str, asked: str
) -> None:
    for address in ("tiles.json", "legend.json", "values.json", "areas.geojson", "statistics.json"):
        told = client.get(f"/v1/layers/population/{address}?level={level}{asked}").json()
        assert (told["level"], told["vintage"]) == (level, vintage), address
    assert client.get(f"/v1/areas.geojson?level={level}&detail=low{asked}").json()["vintage"] == vintage
    listed = client.get(f"/v1/areas?level={level}&limit=3{asked}").json()["areas"]
    assert {one["vintage"] for one in listed} == {vintage}


def test_a_ward_and_its_city_are_found_though_the_newest_set_has_no_wards(client: httpx.Client) -> None:
    ward, city = (client.get(f"/v1/areas/{code}").json() for code in ("14101", "14100"))
    assert (ward["vintage"], ward["vintages"]) == (OF_WARDS, [OF_WARDS])
    assert (city["vintage"], city["vintages"]) == (NEWEST, [OF_WARDS, NEWEST])
    assert len(city["children"]) == 18  # 横浜市 has 18 wards
    assert client.get("/v1/areas/14101/profile").json()["area"]["code"] == "14101"
    near = client.get("/v1/areas/14101/neighbours").json()["neighbours"]
    assert "14102" in {one["code"] for one in near}


def test_tiles_of_wards_have_the_wards(client: httpx.Client) -> None:
    tile = "/v1/layers/population/tiles/9/454/202.mvt"
    with_wards, without = (client.get(f"{tile}?level={level}") for level in ("ward", "municipality"))
    assert "横浜市" in without.content.decode("utf-8", "ignore")
    assert "鶴見区" in with_wards.content.decode("utf-8", "ignore")
    assert "鶴見区" not in without.content.decode("utf-8", "ignore")


def test_figures_of_municipalities_are_the_same_on_both_sets(client: httpx.Client) -> None:
    for layer in ("population", "ageing-rate", "local-tax-per-head", "net-migration"):
        new, old = (
            client.get(f"/v1/layers/{layer}/values.json?level=municipality&vintage={date}").json()
            for date in (NEWEST, OF_WARDS)
        )
        assert new["codes"] == old["codes"]
        assert new["values"] == old["values"], layer


def test_the_collections_of_wards_are_of_the_set_that_has_them(client: httpx.Client) -> None:
    told = client.get("/ogc/collections/areas.ward").json()
    assert OF_WARDS in told["description"]
    assert NEWEST in client.get("/ogc/collections/areas.municipality").json()["description"]
    items = client.get("/ogc/collections/population.ward/items?code=14101").json()
    assert items["numberMatched"] == 1


def test_a_series_names_the_set_of_each_line(client: httpx.Client) -> None:
    told = client.get("/v1/series?indicator=population&areas=14000,14100,14101").json()
    assert {one["area"]: one["vintage"] for one in told["series"]} == {
        "14000": NEWEST,
        "14100": NEWEST,
        "14101": OF_WARDS,
    }
