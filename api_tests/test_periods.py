"""Months and quarters the whole way: from CSV and e-Stat to series, maps, words, files, OGC and the page."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import mapbox_vector_tile
import orjson
import pytest
from playwright.sync_api import expect

from api_tests.browser import Visit
from api_tests.conftest import Server, serving
from service.figures.load import ingest_file
from service.http import auth
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.databases import Database, DatabaseServer

#: Maebashi, Takasaki, Kiryu, Isesaki, Ota: made up but for their codes.
TOWNS = ("10201", "10202", "10203", "10204", "10205")
MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)][:16]
QUARTERS = {"2024001012": "2024-Q4", "2025000103": "2025-Q1"}
PUT = "source=census-2020&boundary_date=2020-10-01"
LAYER = "/v1/layers/arrivals"


def arrivals(town: str, month: str) -> int:
    """Return a figure that tells where and when it is of: 10201 in 2025-04 has 416."""
    return 100 * (TOWNS.index(town) + 1) + 20 * MONTHS.index(month) + (16 if month == "2025-04" else 0)


#: How people write the months, each line another way.
def written(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    forms = (month, f"{year}{number:02d}", f"{year}年{number}月", f"令和{year - 2018}年{number}月")
    return forms[MONTHS.index(month) % len(forms)]


def catalogue(folder: Path) -> Path:
    """Return a catalogue with what is told by months and quarters beside what ships."""
    made = Path(shutil.copytree(HOME / "data" / "catalog", folder / "catalog"))
    path = made / "indicators.csv"
    header, *_ = csv.reader(io.StringIO(path.read_text("utf-8")))
    common = {
        **{"topic": "migration", "unit_ja": "人", "unit_en": "persons", "default_scheme": "quantiles"},
        **{"default_k": "3", "default_palette": "ylgnbu", "direction": "neutral", "over_time": "none"},
        **{"description_ja": "試験の値。", "description_en": "Made up.", "family": "moves"},
    }
    base = {"kind": "count", "aggregation": "sum", "over_time": "flow", "prefecture_figure": "sum"}
    derived = {"numerator": "arrivals", "aggregation": "ratio_of_sums", "period_kind": "month"}
    rows: list[dict[str, str]] = [
        {
            **{"id": "arrivals", "name_ja": "転入届", "name_en": "Arrivals", "period_kind": "month"},
            **{"kana": "てんにゅうとどけ", **base},
        },
        {
            **{"id": "vacancies", "name_ja": "求人数", "name_en": "Vacancies", "period_kind": "quarter"},
            **{"code": "Z9901", "kana": "きゅうじんすう", **base},
        },
        {
            **{"id": "arrivals-rate", "name_ja": "転入届の率", "name_en": "Arrivals rate", "kind": "ratio"},
            **{"denominator": "population", "denominator_period": "latest", "scale": "1000"},
            **{"denominator_source": "census", "decimals": "4", "kana": "てんにゅうとどけのりつ"},
            **derived,
        },
        {
            **{"id": "arrivals-growth", "name_ja": "転入届の前年同月比", "name_en": "Arrivals, year on year"},
            **{"kind": "change", "lag": "1", "scale": "100", "decimals": "2", **derived},
            "kana": "てんにゅうとどけのぜんねんどうげつひ",
        },
    ]
    with path.open("a", encoding="utf-8", newline="") as opened:
        csv.DictWriter(opened, header).writerows({**common, **row} for row in rows)
    return made


def estat(folder: Path) -> Path:
    """Return a table of e-Stat that tells quarters, and beside them a month and both kinds of year."""
    values = [
        {"@cat01": "Z9901", "@area": town, "@time": time, "$": str(1000 * (at + 1) + int(time[4:]))}
        for time in (*QUARTERS, "2025000404", "2024000000", "2024100000")
        for at, town in enumerate(TOWNS)
    ]
    told = {"RESULT": {"STATUS": 0}, "STATISTICAL_DATA": {"DATA_INF": {"VALUE": values}}}
    path = folder / "quarters.json"
    path.write_bytes(orjson.dumps({"GET_STATS_DATA": told}))
    return path


@pytest.fixture(scope="module")
def database(
    database_server: DatabaseServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A clone of the shipped data with quarters that a table of e-Stat tells."""
    folder = tmp_path_factory.mktemp("periods")
    with database_server.new_database(template) as made:
        with made.begin() as conn:
            load_catalogue(conn, catalogue(folder), "tests")
            ingest_file(conn, estat(folder), source="census-2020", boundary_date="2020-10-01", actor="tests")
        yield made


@pytest.fixture(scope="module")
def server(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(database, tmp_path_factory.mktemp("periods") / "log") as found:
        yield found


@pytest.fixture(scope="module")
def client(database: Database, server: Server) -> Iterator[httpx.Client]:
    """A client of a service whose months were put as CSV."""
    with database.begin() as conn:
        key = auth.create_key(conn, "tests", ["write"], None, "tests")
    with httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=60) as found:
        places = [(town, month) for town in TOWNS for month in MONTHS]
        rows = [f"arrivals,{town},{written(month)},{arrivals(town, month)}," for town, month in places]
        answer = put(found, "arrivals", rows)
        assert (answer.status_code, answer.json()["added"]) == (200, len(TOWNS) * len(MONTHS))
        yield found


def put(client: httpx.Client, name: str, rows: list[str]) -> httpx.Response:
    body = "\n".join(["indicator,area_code,period,value,status", *rows])
    told = {"Content-Type": "text/csv"}
    return client.put(f"/v1/indicators/{name}/observations?{PUT}", content=body.encode(), headers=told)


def figures(client: httpx.Client, query: str) -> list[tuple[str, float | None]]:
    (line,) = client.get(f"/v1/series?{query}").raise_for_status().json()["series"]
    return [(point["period"], point["value"]) for point in line["points"]]


def test_a_series_of_months_tells_each_in_order_and_in_words(client: httpx.Client) -> None:
    asked = "indicator=arrivals&areas=10201"
    assert figures(client, asked) == [(month, arrivals("10201", month)) for month in MONTHS]
    told = client.get(f"/v1/series?{asked}").json()
    assert told["period_kind"] == "month"
    assert told["period_labels"]["2025-04"] == {"ja": "2025年4月（令和7年）", "en": "April 2025"}
    assert "2024年1月（令和6年）の100人から2025年4月（令和7年）の416人" in told["summary"]["ja"]
    assert "in January 2024" in told["summary"]["en"]
    assert "in April 2025" in told["summary"]["en"]


def test_a_year_holds_its_months_where_a_series_is_cut(client: httpx.Client) -> None:
    asked = "indicator=arrivals&areas=10201"
    assert [one for one, _ in figures(client, f"{asked}&from=2025")] == MONTHS[12:]
    assert [one for one, _ in figures(client, f"{asked}&to=2024")] == MONTHS[:12]
    assert [one for one, _ in figures(client, f"{asked}&from=2024-Q4&to=2025-01")] == MONTHS[9:13]
    answer = client.get(f"/v1/series?{asked}&from=soon")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "from")


def test_of_a_table_of_e_stat_only_the_quarters_are_quarters(client: httpx.Client) -> None:
    assert figures(client, "indicator=vacancies&areas=10201") == [("2024-Q4", 2012.0), ("2025-Q1", 1103.0)]
    told = client.get("/v1/layers/vacancies").json()
    assert told["period_labels"]["quarter"]["2025-Q1"] == {
        "ja": "2025年1〜3月期（令和7年）",
        "en": "January–March 2025",
    }


def test_a_map_is_asked_for_as_people_write_the_month(client: httpx.Client) -> None:
    newest = client.get(f"{LAYER}/legend.json?level=municipality")
    told = newest.json()
    assert (told["period"], told["period_kind"]) == ("2025-04", "month")
    for asked in ("2025-04", "202504", "令和7年4月", "2025年4月"):
        answer = client.get(f"{LAYER}/legend.json?level=municipality&period={quote(asked)}")
        assert (answer.json(), answer.headers["etag"]) == (told, newest.headers["etag"])


@pytest.mark.parametrize("asked", ["2025", "2025-05", "2025-13", "2025-Q1", "FY2024"])
def test_a_period_that_there_is_none_of_is_refused_with_those_that_are_near(
    client: httpx.Client, asked: str
) -> None:
    answer = client.get(f"{LAYER}/legend.json?level=municipality&period={asked}")
    assert answer.status_code == 422
    told, _, rest = answer.json()["errors"][0]["expected"].removeprefix("one of ").partition(" and others, ")
    assert set(told.split(", ")) < set(MONTHS)
    assert rest == f"{len(MONTHS)} in all"


def test_features_and_tiles_have_the_figures_of_a_month(client: httpx.Client) -> None:
    asked = "?level=municipality&period=2024-11"
    areas = client.get(f"{LAYER}/areas.geojson{asked}").raise_for_status().json()
    assert areas["period"] == "2024-11"
    values = {one["properties"]["code"]: one["properties"]["value"] for one in areas["features"]}
    assert {code: value for code, value in values.items() if value is not None} == {
        town: arrivals(town, "2024-11") for town in TOWNS
    }
    tile = client.get(f"{LAYER}/tiles/7/113/50.mvt{asked}").raise_for_status()
    found = mapbox_vector_tile.decode(tile.content)["areas"]["features"]
    assert {
        one["properties"]["code"]: one["properties"]["value"] for one in found if "value" in one["properties"]
    } == {town: arrivals(town, "2024-11") for town in TOWNS}
    again = client.get(f"{LAYER}/tiles/7/113/50.mvt{asked}", headers={"If-None-Match": tile.headers["etag"]})
    assert again.status_code == 304


def test_every_period_of_a_slider_has_its_label(client: httpx.Client) -> None:
    told = client.get(f"{LAYER}/periods.json?level=municipality").raise_for_status().json()
    assert [one["period"] for one in told["periods"]] == MONTHS
    assert told["periods"][0]["label"] == {"ja": "2024年1月（令和6年）", "en": "January 2024"}


def test_a_map_is_read_out_with_its_month(client: httpx.Client) -> None:
    told = client.get(f"{LAYER}/summary.json?level=municipality&period=2025-03").raise_for_status().json()
    assert told["text"]["ja"].startswith("2025年3月（令和7年）の転入届を")
    assert told["text"]["en"].startswith("Arrivals")
    assert "March 2025" in told["text"]["en"]


def test_files_hold_months_in_the_long_and_the_wide_form(client: httpx.Client) -> None:
    answer = client.get(f"{LAYER}/download.csv?level=municipality&periods=all&columns=code,period,value")
    rows = list(csv.DictReader(io.StringIO(answer.raise_for_status().text)))
    assert {(one["code"], one["period"]): one["value"] for one in rows if one["value"]} == {
        (town, month): str(arrivals(town, month)) for town in TOWNS for month in MONTHS
    }
    assert quote("転入届_2024-01〜2025-04_municipality.csv") in answer.headers["content-disposition"]
    asked = f"periods={quote('2025年3月')},2025-04&shape=wide"
    wide = client.get(f"{LAYER}/download.csv?level=municipality&{asked}").raise_for_status()
    (town,) = (one for one in csv.DictReader(io.StringIO(wide.text)) if one["code"] == "10201")
    assert (town["value_2025-03"], town["value_2025-04"]) == ("380", "416")


def test_features_of_the_ogc_api_have_the_days_of_their_month(client: httpx.Client) -> None:
    collection = "/ogc/collections/arrivals.municipality"
    told = client.get(f"{collection}?f=json").raise_for_status().json()
    assert told["extent"]["temporal"]["interval"] == [["2024-01-01T00:00:00Z", "2025-04-30T23:59:59Z"]]
    asked = f"{collection}/items?f=json&limit=2000&datetime=2024-02-15"
    found = client.get(asked).raise_for_status().json()["features"]
    (town,) = (one for one in found if one["properties"]["code"] == "10201")
    assert town["id"] == "10201-2024-02"
    assert [town["properties"][name] for name in ("period", "start", "end", "value")] == [
        *("2024-02", "2024-02-01", "2024-02-29", 120)
    ]
    one = client.get(f"{collection}/items/10201-2024-02?f=json").raise_for_status().json()
    assert one["properties"]["value"] == 120
    quarter = client.get("/ogc/collections/vacancies.municipality?f=json").raise_for_status().json()
    assert quarter["extent"]["temporal"]["interval"] == [["2024-10-01T00:00:00Z", "2025-03-31T23:59:59Z"]]


def test_a_month_is_divided_by_the_newest_census_that_the_catalogue_names(client: httpx.Client) -> None:
    # Maebashi had 332,149 residents on 1 October 2020
    (last,) = figures(client, "indicator=arrivals-rate&areas=10201&from=2025-04")
    assert last[0] == "2025-04"
    assert last[1] == pytest.approx(416 / 332_149 * 1000, rel=1e-12)
    assert len(figures(client, "indicator=arrivals-rate&areas=10201")) == len(MONTHS)


def test_a_change_over_months_is_told_by_the_year(client: httpx.Client) -> None:
    told = client.get(f"{LAYER}/change?from=2024-10&to=2025-04").raise_for_status().json()
    assert (told["years"], told["from_label"]["en"], told["to_label"]["en"]) == (
        *(0.5, "October 2024", "April 2025"),
    )
    at = told["codes"].index("10201")
    # from 280 to 416 in half a year
    assert (told["difference"][at], told["per_year"][at]) == (136.0, 272.0)
    layer = quote(told["layers"]["per_year"])
    assert layer == "change%3Aarrivals%3A2024-10%3Aper-year"
    mapped = client.get(f"/v1/layers/{layer}/values.json?level=municipality&period=2025-04")
    values = mapped.raise_for_status().json()
    assert values["values"][values["codes"].index("10201")] == 272.0
    # from 100 in January 2024 to 340 a year later
    assert figures(client, "indicator=arrivals-growth&areas=10201&to=2025-01") == [("2025-01", 240.0)]


def test_a_figure_of_another_kind_is_refused_with_its_line(client: httpx.Client) -> None:
    refused = put(client, "arrivals", ["arrivals,10201,2025-04,416,", "arrivals,10201,2024,5,"])
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["where"], error["field"], error["value"]) == ("line 3", "period", "2024")
    assert error["expected"].endswith("令和7年4月; 2024 is a calendar year")
    (told,) = put(client, "libraries", ["libraries,10201,FY2024,5,"]).json()["errors"]
    assert re.fullmatch("a .+ year such as .+; FY2024 is a fiscal year", told["expected"])


def test_the_page_slides_over_months_and_draws_them_where_they_stand(
    client: httpx.Client, visit: Visit
) -> None:
    del client  # the months are there
    page = visit.page
    visit.open("/?lang=ja&layer=arrivals&level=municipality&area=10201")
    expect(page.locator("#legend .when")).to_contain_text("2025年4月（令和7年）")
    slider = page.locator("#period")
    assert slider.get_attribute("max") == str(len(MONTHS) - 1)
    slider.focus()
    slider.press("ArrowLeft")
    expect(page.locator("#legend .when")).to_contain_text("2025年3月（令和7年）")
    expect(page).to_have_url(re.compile(r"[?&]period=2025-03(&|#|$)"))
    chart = page.locator("#current .plot canvas")
    expect(chart).to_be_visible()
    table = page.locator("#current details.figures")
    table.locator("summary").click()
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(len(MONTHS))
    expect(rows.first).to_contain_text("2025年4月（令和7年）")
    expect(rows.last).to_contain_text("2024年1月（令和6年）")
    page.locator("#current .plot .u-over").hover(position={"x": 2, "y": 60})
    expect(page.locator("#current .tip b")).to_have_text("2024年1月（令和6年）")
    page.locator("#language").click()
    expect(page.locator("#legend .when")).to_contain_text("March 2025")
