"""Boundary sets as they are asked for: the newest by default, wards of the newest set that has them."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import httpx
import pytest
import shapely
from shapely.geometry import mapping

from service.tests.databases import Database
from service.tests.test_cli import chiiki

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


# A set of a few areas, put in the place of another and taken away while others read

#: Newer than all that ships, and of one prefecture.
SMALL = "2025-06-01"


def written(folder: Path, size: float) -> Path:
    """A file of two cities of 群馬県, as large as is said."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": name},
            "geometry": mapping(shapely.box(x, 36.0, x + size, 36.0 + size)),
        }
        for code, name, x in (("10201", "前橋市", 139.0), ("10202", "高崎市", 139.5))
    ]
    path = folder / f"{size}.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.mark.prove("a minute")
def test_a_set_comes_is_replaced_and_goes_while_others_read(
    scratch_database: Database, scratch_client: httpx.Client, tmp_path: Path
) -> None:
    outlines = f"/v1/areas.geojson?level=municipality&vintage={SMALL}&detail=low"
    answers: list[tuple[int, str]] = []
    stop = threading.Event()

    def load(size: float) -> None:
        file = str(written(tmp_path, size))
        done = chiiki(scratch_database, "ingest", "boundaries", file, "--vintage", SMALL)
        assert done.exit_code == 0, done.output[-1000:]

    def read() -> None:
        with httpx.Client(base_url=scratch_client.base_url, timeout=60) as client:
            while not stop.is_set():
                shapes = client.get(outlines)
                values = client.get(f"/v1/layers/population/values.json?vintage={SMALL}&level=municipality")
                told = shapes.json()["features"][0]["bbox"][2] if shapes.status_code == 200 else None
                answers.extend([(shapes.status_code, str(told)), (values.status_code, "")])

    load(0.1)
    while scratch_client.get(outlines).status_code != 200:
        pass  # the news is on its way
    newest = scratch_client.get("/v1/vintages").json()["vintages"][-1]
    assert (newest["vintage"], newest["default"]) == (SMALL, False)
    told = scratch_client.get("/v1/layers/population/values.json?level=municipality").json()
    assert (told["vintage"], len(told["codes"])) == (NEWEST, 1_747)
    reader = threading.Thread(target=read)
    reader.start()
    load(0.2)
    while scratch_client.get(outlines).json()["features"][0]["bbox"][2] != pytest.approx(139.2):
        pass
    replaced = len(answers)
    done = chiiki(scratch_database, "withdraw", "vintage", SMALL)
    assert done.exit_code == 0, done.output
    while scratch_client.get(outlines).status_code == 200:
        pass
    stop.set()
    reader.join()
    assert {status for status, _ in answers[:replaced]} == {200}
    assert {told for status, told in answers if status == 200 and told} <= {"139.1", "139.2"}
    assert {status for status, _ in answers} <= {200, 422}
    left = scratch_client.get("/v1/vintages").json()["vintages"]
    assert [one["vintage"] for one in left if one["default"]] == [NEWEST]
    assert SMALL not in {one["vintage"] for one in left}


def test_the_sets_that_ship_have_the_same_municipalities(client: httpx.Client) -> None:
    told = client.get(f"/v1/vintages?from={OF_WARDS}").json()["compared"]
    assert (told["from"], told["to"], told["level"]) == (OF_WARDS, NEWEST, "municipality")
    assert (told["kept"], told["gone"], told["come"], told["renamed"]) == (1_747, [], [], [])
    assert client.get(f"/v1/vintages?from={OF_WARDS}&level=block").status_code == 422


def test_collections_may_be_of_a_set(client: httpx.Client) -> None:
    dated = f"/ogc/collections/population.municipality.{OF_WARDS}"
    assert OF_WARDS in client.get(dated).json()["title"]
    item = client.get(f"{dated}/items?code=10201&detail=low").json()["features"][0]["properties"]
    plain = client.get("/ogc/collections/population.municipality/items?code=10201&detail=low").json()
    assert item["value"] == plain["features"][0]["properties"]["value"]
    assert client.get(f"{dated}/tiles/WebMercatorQuad/8/100/227?f=mvt").status_code == 200


@pytest.mark.parametrize("layer", ["population", "ageing-rate"])
def test_with_estimates_nothing_changes_where_nothing_has_merged_since(
    client: httpx.Client, layer: str
) -> None:
    query = f"level=municipality&vintage={OF_WARDS}"
    plain = client.get(f"/v1/layers/{layer}/values.json?{query}").json()
    told = client.get(f"/v1/layers/{layer}/values.json?{query}&estimate=population").json()
    assert told["layer"] == f"estimated:{layer}"
    assert told["values"] == plain["values"]
    assert told["carried"] == plain["carried"]
    assert client.get(f"/v1/layers/{layer}/values.json?{query}&estimate=area").status_code == 422
    places = client.get(f"/v1/layers/deployments:smart-cities/values.json?{query}&estimate=population")
    assert places.json()["layer"] == "deployments:smart-cities"
