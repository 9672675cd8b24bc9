"""KPIs over HTTP: goal 1 computed, rates and ratings, a town's own KPI on the map."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from api_tests.conftest import serving
from service.http import auth
from service.tests.databases import Database

GOAL_1 = "/v1/kpis/goal-1-productivity-growth/progress"


def series(client: httpx.Client, query: str = "") -> dict[str, dict[str, object]]:
    return {one["indicator"]: one for one in client.get(GOAL_1 + query).json()["series"]}


def points(one: dict[str, object]) -> dict[str, dict[str, Any]]:
    listed = one["points"]
    assert isinstance(listed, list)
    return {point["period"]: point for point in listed}


def test_fiscal_2018_reads_9_43_and_8_26_million_yen(client: httpx.Client) -> None:
    point = points(series(client)["labour-productivity-2011-base"])["2018"]
    assert point["comparator_level"] == pytest.approx(9.43, abs=0.005)
    assert point["level"] == pytest.approx(8.26, abs=0.005)
    assert (point["reference"], point["achieved"]) == (True, None)  # the plan begins with fiscal 2025


def test_each_year_is_told_with_both_growth_rates(client: httpx.Client) -> None:
    told = points(series(client)["labour-productivity-2011-base"])
    assert sorted(told) == [str(year) for year in range(2006, 2019)]
    assert told["2006"]["achieved"] is None  # nothing to grow from
    for period in ("2007", "2012", "2018"):
        before = told[str(int(period) - 1)]
        growth = told[period]["level"] / before["level"] - 1
        assert told[period]["growth"] == pytest.approx(growth)
        other = told[period]["comparator_level"] / before["comparator_level"] - 1
        assert told[period]["difference_points"] == pytest.approx((growth - other) * 100)
        assert (told[period]["reference"], told[period]["achieved"]) == (True, None)


def test_the_verdict_is_told_once_for_the_region_and_not_before_the_plan(client: httpx.Client) -> None:
    body = client.get(GOAL_1).json()
    (verdict,) = body["verdicts"]
    assert (verdict["area"]["id"], verdict["comparator"]["id"]) == ("outside-tokyo-area", "tokyo-area")
    assert (verdict["state"], verdict["period"]) == ("reference", "2018")
    nominal = verdict["growths"][0]
    assert (nominal["series"], nominal["price_basis"]) == ("labour-productivity-2011-base", "nominal")
    # 8.2190 → 8.2622 and 9.4490 → 9.4292 million yen
    assert nominal["growth"] == pytest.approx(0.005263, abs=5e-7)
    assert nominal["comparator_growth"] == pytest.approx(-0.002102, abs=5e-7)
    assert verdict["words"]["ja"].startswith(
        "計画期間（2025〜2029年度）の値はまだなく、達否は判定できない。2018年度は戦略開始前の参考値。"
        "名目の伸び率は東京圏以外が+0.53%、東京圏が−0.21%で、0.74ポイント上回る。"
    )
    assert "no verdict. FY2018 is a reference value before the strategy." in verdict["words"]["en"]
    assert body["reference_label"]["en"] == "reference value before the strategy"


def test_nominal_and_real_stand_side_by_side(client: httpx.Client) -> None:
    (verdict,) = client.get("/v1/kpis/goal-1-gpp-growth/progress").json()["verdicts"]
    assert (verdict["state"], verdict["period"]) == ("reference", "2022")
    told = {
        one["price_basis"]: (round(one["growth"] * 100, 2), round(one["comparator_growth"] * 100, 2))
        for one in verdict["growths"]
    }
    # the accounts of fiscal 2022, trillion yen: outside 384.50 → 394.46 and 194.60 → 201.46;
    # in prices of 2015, 380.05 → 389.63 and 189.20 → 196.02
    assert told == {"nominal": (2.59, 3.53), "real": (2.52, 3.61)}
    assert (
        "実質の伸び率は東京圏以外が+2.52%、東京圏が+3.61%で、1.09ポイント下回る。" in verdict["words"]["ja"]
    )
    (productivity,) = client.get(GOAL_1).json()["verdicts"]
    assert [round(one["difference_points"], 2) for one in productivity["growths"]] == [0.74, 1.14]


def test_bases_are_never_joined_and_a_missing_denominator_is_a_stated_gap(client: httpx.Client) -> None:
    told = series(client)
    assert list(told) == [
        *("labour-productivity-2011-base", "labour-productivity-2015-base"),
        *("labour-productivity-real-2011-base", "published"),
    ]
    assert told["labour-productivity-2015-base"]["points"] == []
    missing = told["labour-productivity-2015-base"]["missing"]
    assert isinstance(missing, list)
    assert [one["indicator"] for one in missing] == ["employed-by-workplace-2015-base"]
    published = points(told["published"])["2022"]
    assert (published["level"], published["comparator_level"], published["growth"]) == (8.53, 10.13, None)


def test_another_growth_basis_can_be_asked_for(client: httpx.Client) -> None:
    told = points(series(client, "?growth=cumulative&since=2012")["labour-productivity-2011-base"])
    assert told["2018"]["growth"] == pytest.approx(told["2018"]["level"] / told["2012"]["level"] - 1)
    assert told["2011"]["growth"] is None
    assert client.get(GOAL_1 + "?growth=weekly").status_code == 422


def test_progress_is_told_as_csv_too(client: httpx.Client) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get(GOAL_1 + ".csv").text)))
    nominal, real = [one for one in rows if one["period"] == "2018"]
    assert float(nominal["level"]) == pytest.approx(8.26, abs=0.005)
    assert [one["price_basis"] for one in (nominal, real)] == ["nominal", "real"]
    assert (nominal["reference"], nominal["achieved"]) == ("True", "")


def test_goal_1_is_a_layer_that_parts_who_grew_less_than_the_tokyo_area(client: httpx.Client) -> None:
    layer = "/v1/layers/kpi-progress:goal-1-productivity-growth"
    legend = client.get(f"{layer}/legend.json?period=2018").json()
    below = [one for one in legend["classes"] if one["upper"] is not None and one["upper"] <= 0]
    assert sum(one["count"] for one in below) == 12
    assert sum(one["count"] for one in legend["classes"]) == 43
    assert legend["no_data"]["count"] == 4
    assert [source["id"] for source in legend["sources"]] == ["accounts-2011-base"]
    words = client.get(f"{layer}/summary.json?period=2018").json()
    assert "佐賀県の6.31ポイント" in words["text"]["ja"]
    assert "熊本県の−4.44ポイント" in words["text"]["ja"]


def test_kpis_that_are_entered_by_hand_tell_that_nothing_is_known(client: httpx.Client) -> None:
    body = client.get("/v1/kpis/goal-2-outlook").json()
    assert (body["targets"], body["actuals"], body["layer"]) == ([], [], None)
    assert "doctors-per-100k" in body["proxies"]
    women = client.get("/v1/kpis/goal-3-women-number").json()
    assert "net-migration-women-15-29" in women["proxies"]
    assert client.get("/v1/kpis?goal=goal-3").json()["total"] == 6
    assert client.get("/v1/kpis/nothing").status_code == 404


@pytest.fixture
def steward(scratch_database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client with a steward's key, on a service of its own."""
    with scratch_database.begin() as conn:
        key = auth.create_key(conn, "釧路市", ["steward"], None, "tests")
    with (
        serving(scratch_database, tmp_path / "server.log") as server,
        httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=30) as client,
    ):
        yield client


def test_a_town_registers_its_kpi_enters_actuals_and_sees_them_rated_on_the_map(
    steward: httpx.Client,
) -> None:
    kpi = {
        "owner": "01206",
        "goal": "goal-3",
        "name_ja": "社会減の縮小",
        "name_en": "Smaller net out-migration",
        "definition_ja": "転出者数 − 転入者数",
        "definition_en": "Out-migrants less in-migrants",
        "unit_ja": "人",
        "unit_en": "persons",
        "decimals": 0,
        "direction": "decrease",
        "source_title": "総合戦略",
        "source_url": "https://example.jp",
        "targets": [
            {
                "area": "01206",
                "type": "number",
                "baseline": 200,
                "baseline_period": "2024",
                "target": 150,
                "target_period": "2029",
                "plan_from": 2025,
                "plan_to": 2029,
            }
        ],
    }
    assert steward.put("/v1/kpis/kushiro-migration?dry_run=true", json=kpi).json()["result"] == "added"
    assert steward.get("/v1/kpis/kushiro-migration").status_code == 404
    assert steward.put("/v1/kpis/kushiro-migration", json=kpi).status_code == 200
    rows = "area,period,value,source_title\n01206,2025,210,統計\n01206,2026,180,統計\n".encode()
    assert steward.put("/v1/kpis/kushiro-migration/actuals", content=rows).json()["actuals"] == 2
    body = steward.get("/v1/kpis/kushiro-migration/progress").json()
    first, second = body["areas"][0]["points"]
    assert (first["progress_rate"], first["rating"]) == (pytest.approx(-0.2), "D")
    assert (second["progress_rate"], second["expected"]) == (pytest.approx(0.4), pytest.approx(0.4))
    assert (second["carried"], second["boundary_dates"]) == ("as_published", [])
    assert (second["year_adjusted"], second["rating"]) == (pytest.approx(1.0), "A")
    assert second["sources"][0]["title"] == "統計"
    values = steward.get("/v1/layers/kpi-progress:kushiro-migration/values.json?period=2026").json()
    assert values["level"] == "municipality"
    assert values["values"][values["codes"].index("01206")] == 1.0
    assert steward.get("/v1/kpis?owner=01206").json()["total"] == 1
    profile = steward.get("/v1/areas/01206/profile").json()
    own = [one for one in profile["kpi_progress"] if one["kpi"] == "kushiro-migration"]
    assert own[0]["course"]["points"][-1]["rating"] == "A"
    for entries, told in (
        ({"targets": [1] * 4000}, (100, 4000)),
        ({"targets": [{"x": 1}] * 4000}, (100, 4000)),
        ({"actuals": [{"area": "01206", "period": "2025", "value": 1e308}] * 300}, (100, 899)),
        ({"targets": [1] * 5001}, (1, 1)),
        ({"name_ja": "a\x0bb"}, (1, 1)),
        ({"note_ja": [[]]}, (1, 1)),
    ):
        refused = steward.put("/v1/kpis/kushiro-migration", json=kpi | entries)
        problem = refused.json()
        assert (refused.status_code, (len(problem["errors"]), problem["errors_total"])) == (422, told)
    for body in (
        b"[" * 900 + b"]" * 900,
        b'{"targets":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"name_ja":"\\ud800"}',
    ):
        assert steward.put("/v1/kpis/kushiro-migration", content=body).status_code == 422
    formula = '=HYPERLINK("https://example.jp")'
    named = kpi | {"name_ja": formula, "name_en": "-1+1"}
    assert steward.put("/v1/kpis/kushiro-migration", json=named).status_code == 200
    file = steward.get("/v1/layers/kpi-progress:kushiro-migration/download.xlsx?periods=2026")
    book = openpyxl.load_workbook(io.BytesIO(file.content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any(formula in str(cell.value) for cell in cells)
    assert "f" not in {cell.data_type for cell in cells}
    assert steward.delete("/v1/kpis/kushiro-migration").status_code == 204
    assert steward.get("/v1/layers/kpi-progress:kushiro-migration/legend.json").status_code == 404


# SSDSE-E-2026, C1121: gross prefectural product of fiscal 2021, million yen
TOKYO_AREA = {"11000": 23_733_625, "12000": 20_806_994, "13000": 113_685_917, "14000": 35_287_752}


@pytest.mark.skipif("CHIIKI_REAL_DATA" not in os.environ, reason="fiscal 2023 is in CHIIKI_REAL_DATA")
def test_a_year_that_lacks_prefectures_is_never_totalled(scratch_database: Database, tmp_path: Path) -> None:
    path = Path(os.environ["CHIIKI_REAL_DATA"]) / "accounts/gpp_nominal_fy2023_ed2023_42prefs_retyped.csv"
    with path.open(encoding="utf-8-sig", newline="") as opened:
        product = {row["pref_code"] + "000": row["gpp_nominal_mil_yen"] for row in csv.DictReader(opened)}
    assert len(product) == 42
    assert {"17000", "29000", "36000", "37000", "45000"}.isdisjoint(product)
    rows = "".join(f"gpp-2015-base,{code},2023,{value},\n" for code, value in product.items())
    with scratch_database.begin() as conn:
        key = auth.create_key(conn, "figures", ["write"], None, "tests")
    with (
        serving(scratch_database, tmp_path / "server.log") as server,
        httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=30) as client,
    ):
        put = client.put(
            "/v1/indicators/gpp-2015-base/observations?source=accounts-2015-base&boundary_date=2020-10-01",
            content=f"indicator,area_code,period,value,status\n{rows}".encode(),
            headers={"Content-Type": "text/csv"},
        )
        assert put.status_code == 200
        told = client.get("/v1/kpis/goal-1-gpp-growth/progress").json()
        assert told["verdicts"][0]["period"] == "2022"
        assert all(point["period"] < "2023" for one in told["series"] for point in one["points"])
        values = client.get("/v1/layers/kpi-progress:goal-1-gpp-growth/values.json?period=2023").json()
        by_code = dict(zip(values["codes"], values["values"], strict=True))
        statuses = dict(zip(values["codes"], values["statuses"], strict=True))
        assert sum(value is not None for value in by_code.values()) == 38  # 42 less the Tokyo area
        assert (statuses["17000"], statuses["13000"]) == ("not_available", "not_applicable")


@pytest.mark.skipif("CHIIKI_REAL_DATA" not in os.environ, reason="the 47 prefectures are in CHIIKI_REAL_DATA")
def test_regions_are_sums_of_their_prefectures(scratch_database: Database, tmp_path: Path) -> None:
    path = Path(os.environ["CHIIKI_REAL_DATA"]) / "stats/ssdse-e/SSDSE-E-2026_gdp_subset.csv"
    with path.open(encoding="utf-8-sig", newline="") as opened:
        product = {row["code"][1:]: int(row["C1121_2021"]) for row in csv.DictReader(opened)}
    nation = product.pop("00000")
    product |= TOKYO_AREA  # the retyped file has 千葉県 one less than published
    rows = "".join(f"gpp-2015-base,{code},2021,{value},\n" for code, value in product.items())
    with scratch_database.begin() as conn:
        key = auth.create_key(conn, "figures", ["write"], None, "tests")
    with (
        serving(scratch_database, tmp_path / "server.log") as server,
        httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=30) as client,
    ):
        body = f"indicator,area_code,period,value,status\n{rows}".encode()
        asked = "source=accounts-2015-base&boundary_date=2020-10-01"
        put = client.put(
            f"/v1/indicators/gpp-2015-base/observations?{asked}",
            content=body,
            headers={"Content-Type": "text/csv"},
        )
        assert put.status_code == 200
        told = client.get("/v1/kpis/goal-1-gpp-growth/progress").json()["series"]
        (point,) = [
            one
            for each in told
            for one in each["points"]
            if each["indicator"] == "gpp-2015-base" and one["period"] == "2021"
        ]
        assert (point["comparator_level"], point["level"]) == (193_514_288, 383_837_001)
        # the published nation is rounded by itself
        assert nation == 577_351_288 == point["comparator_level"] + point["level"] - 1
