"""Deployments over HTTP, as a reader, a GIS analyst and a new steward meet them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import openpyxl
import pytest
import shapely

from api_tests.conftest import Server, serving
from service.http import auth
from service.tests.databases import Database, DatabaseServer


def test_what_ships_is_told_with_source_confidence_and_coverage(client: httpx.Client) -> None:
    body = client.get("/v1/deployments?limit=1000").json()
    assert (body["total"], len(body["deployments"]), body["next"]) == (446, 446, None)
    assert "partial" in body["coverage"]["en"]
    for one in body["deployments"]:
        assert one["source"]["title"]
        assert one["source"]["url"].startswith("http")
        assert one["confidence"] in ("official", "press", "secondary")
    measures = [each["id"] for one in body["deployments"] for each in one["measures"]]
    assert (measures.count("smart-cities"), measures.count("japanese-ccrc")) == (142, 19)


def test_pages_follow_one_another_to_the_end(client: httpx.Client) -> None:
    seen, path = [], "/v1/deployments?measure=smart-cities&limit=60"
    while path:
        page = client.get(path).json()
        seen += [one["id"] for one in page["deployments"]]
        path = page["next"]
    assert len(seen) == len(set(seen)) == 142


def test_filters_narrow_down(client: httpx.Client) -> None:
    def total(query: str) -> int:
        return int(client.get(f"/v1/deployments?{query}").json()["total"])

    assert total("area=20000") >= total("area=20215") > 0
    assert total("area=20215&measure=スマートシティ") == total("area=202151&measure=smart-cities")
    assert total("goal=goal-2&measure=smart-cities") == 142
    assert total("goal=goal-1&measure=smart-cities") == 0
    assert total("status=proposed&measure=smart-cities") == 31
    assert 0 < total("fiscal_year=令和7年度") == total("fiscal_year=2025") < 446
    assert total("programme=スマートシティ実装化") > 0
    assert total("area=tokyo-area") < total("area=nation") <= 446
    assert total("area=27127") == total("area=27100")  # a ward stands for its city


@pytest.mark.parametrize(
    "query",
    ["measure=x", "goal=x", "status=done", "fiscal_year=soon", "area=999", "as_of=soon", "colour=red"],
)
def test_a_filter_that_does_not_exist_is_refused(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/v1/deployments?{query}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_geojson_has_a_feature_for_each_area_of_each_deployment(client: httpx.Client) -> None:
    body = client.get("/v1/measures/wide-area-region-cooperation/deployments.geojson?detail=low").json()
    assert body["deployments"] == 5
    assert len({feature["id"] for feature in body["features"]}) == len(body["features"]) == 35
    by_code = {feature["properties"]["area_code"]: feature for feature in body["features"]}
    assert by_code[None]["geometry"] is None
    assert by_code[None]["properties"]["area"] == "関西広域連合"
    assert shapely.from_geojson(json.dumps(by_code["23100"]["geometry"])).contains(
        shapely.Point(136.9, 35.15)
    )
    assert by_code["23100"]["properties"]["source_url"].startswith("https://")
    own = client.get("/v1/measures/smart-cities/deployments.geojson?geometry=own").json()
    assert len(own["features"]) == 142


def test_one_deployment_can_be_asked_for(client: httpx.Client) -> None:
    body = client.get("/v1/deployments/dep-148f48a743").json()
    assert body["areas"][0]["code"] == "03201"
    assert body["status_label"] == {"ja": "採択・選定", "en": "Adopted"}
    assert client.get("/v1/deployments/nothing").status_code == 404
    assert client.get("/v1/deployments/nothing/history").status_code == 404


# Layers


def test_layers_of_the_strategy_stand_beside_the_indicators(client: httpx.Client) -> None:
    layers = {one["id"]: one for one in client.get("/v1/layers").json()["layers"]}
    indicators = {one["id"] for one in client.get("/v1/indicators").json()["indicators"]}
    assert indicators < set(layers)
    assert {"deployments:smart-cities", "deployment-count:goal-2", "kpi-progress:goal-1-gpp-growth"} <= set(
        layers
    )
    only = client.get("/v1/layers?topic=progress").json()["layers"]
    assert {one["id"] for one in only} == {
        *("kpi-progress:goal-1-productivity-growth", "kpi-progress:goal-1-gpp-growth")
    }


def test_a_layer_of_deployments_tells_the_state_at_the_end_of_a_year(client: httpx.Client) -> None:
    def state(code: str, period: str) -> tuple[object, object]:
        body = client.get(f"/v1/layers/deployments:smart-cities/values.json?period={period}").json()
        place = body["codes"].index(code)
        return body["values"][place], body["statuses"][place]

    assert state("03201", "2021") == (None, "none_known")  # 盛岡市, adopted in fiscal 2022
    assert state("03201", "2022") == (2.0, "ok")
    body = client.get("/v1/layers/deployments:smart-cities/legend.json").json()
    assert body["no_data"]["label"] == {"ja": "把握なし（網羅ではない）", "en": "None known (partial)"}
    assert [one["label"]["en"] for one in body["classes"]][:2] == ["Proposed", "Adopted"]
    assert body["coverage"]["ja"]
    assert body["sources"][0]["id"] == "deployments"


def test_a_grant_of_one_year_ends_with_it_and_says_by_which_rule(client: httpx.Client) -> None:
    def found(**asked: str) -> list[dict[str, object]]:
        listed = client.get("/v1/deployments", params={"limit": "500", **asked}).json()["deployments"]
        assert isinstance(listed, list)
        return listed

    grants = found(programme="国土交通省スマートシティ実装化支援事業")
    assert len(grants) == 31
    for one in grants:
        assert isinstance(told := one["counted"], dict)
        assert (told["first"], told["last"], told["basis"]) == (one["fy_start"], one["fy_start"], "programme")
        assert "会計年度" in told["reason"]["ja"]
        assert told["rule"]["url"].startswith("https://laws.e-gov.go.jp/")
    adopted = {str(one["id"]) for one in grants if one["fy_start"] == 2023}
    later = {str(one["id"]) for one in found(fiscal_year="2024")}
    assert adopted <= {str(one["id"]) for one in found(fiscal_year="2023")}
    assert not adopted & later
    zones = {str(one["id"]) for one in found(programme="国家戦略特別区域") if one["status"] == "adopted"}
    assert zones <= later
    # of the list as it ships 436 were told to run in fiscal 2026 when none ended that did not say so
    assert len(found(fiscal_year="2026")) == 195


def test_geojson_of_a_categorical_layer_has_labels(client: httpx.Client) -> None:
    body = client.get(
        "/v1/layers/deployments:japanese-ccrc/areas.geojson?level=prefecture&detail=low&period=2026"
    ).json()
    by_code = {feature["properties"]["code"]: feature["properties"] for feature in body["features"]}
    assert by_code["03000"]["label"] == "運行・実装中"
    assert by_code["03000"]["label_en"] == "Operating"
    assert (by_code["05000"]["value"], by_code["05000"]["label"]) == (None, None)
    assert by_code["05000"]["status"] == "none_known"


def test_a_count_is_missing_where_none_is_known_and_never_zero(client: httpx.Client) -> None:
    body = client.get("/v1/layers/deployment-count:goal-2/values.json").json()
    known = [value for value in body["values"] if value is not None]
    assert min(known) == 1
    assert len(known) < len(body["values"])


def test_tiles_of_deployments_are_poured(client: httpx.Client) -> None:
    tile = client.get("/v1/layers/deployments:smart-cities/tiles/5/28/12.mvt")
    assert (tile.status_code, tile.headers["content-type"]) == (200, "application/vnd.mapbox-vector-tile")
    assert client.get("/v1/layers/deployments:smart-cities/tiles/5/28/12.png").content.startswith(b"\x89PNG")


# A new steward


@pytest.fixture(scope="module")
def written_database(database_server: DatabaseServer, template: str) -> Iterator[Database]:
    """A clone of the shipped data, for all tests below."""
    with database_server.new_database(template) as database:
        yield database


@pytest.fixture(scope="module")
def steward(written_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client with a steward's key, on a service of its own."""
    with written_database.begin() as conn:
        key = auth.create_key(conn, "塩尻市 企画課", ["steward"], None, "tests")
    with (
        serving(written_database, tmp_path_factory.mktemp("steward") / "log") as server,
        httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=60) as client,
    ):
        yield client


HEADER = [
    "事業ID",
    "施策",
    "事業名",
    "地域",
    "地域コード",
    "役割",
    "状態",
    "開始年度",
    "事業費（円）",
    "国費（円）",
]
HEADER += ["出典", "出典URL", "確度"]
TOWNS = "塩尻市 松本市 上田市 岡谷市 飯田市 諏訪市 須坂市 小諸市 伊那市 駒ヶ根市 中野市 大町市 飯山市 茅野市"
TOWNS += " 佐久市 千曲市 東御市 安曇野市 小海町 軽井沢町 下諏訪町 辰野町 箕輪町 宮田村 木曽町"


def line(name: str, areas: str, codes: str = "", roles: str = "") -> list[str]:
    told = [
        "採択・選定",
        "令和7年度",
        "39,000,000",
        "19500000",
        "報道資料",
        "https://example.jp/a",
        "公的資料",
    ]
    return [name, "スマートシティ", f"事業{name}", areas, codes, roles, *told]


def list_of_thirty(*, corrected: bool) -> list[list[str]]:
    rows = [line(f"t{number}", f"長野県{town}") for number, town in enumerate(TOWNS.split(), 1)]
    rows += [
        line("t26", "三重県多気町、大台町、明和町、度会町、大紀町、紀北町", roles="lead;" + "member;" * 5),
        line("t27", "神奈川県横須賀市、北海道札幌市、愛媛県松山市"),
        line("t28", "長野県池田町" if corrected else "池田町"),
        line("t29", "", "202151" if corrected else "202150"),
        line("t30" if corrected else "t1", "長野県大町市（一部）"),
    ]
    return rows


def as_csv(rows: list[list[str]], encoding: str = "utf-8-sig") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode(encoding)


def as_excel(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [HEADER, *rows]:
        book.active.append([int(cell) if cell.isdecimal() and len(cell) > 6 else cell for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(("make", "where"), [(as_csv, "line"), (as_excel, "row")])
def test_a_list_of_thirty_with_three_faults_is_refused_with_a_report_that_says_all(
    steward: httpx.Client, make: object, where: str
) -> None:
    assert callable(make)
    answer = steward.post("/v1/deployments", content=make(list_of_thirty(corrected=False)))
    assert answer.status_code == 422
    problem = answer.json()
    assert "3 faults in 3 of 30 rows; nothing was loaded" in problem["detail"]
    ambiguous, wrong, twice = problem["errors"]
    assert (ambiguous["where"], ambiguous["field"], ambiguous["value"]) == (f"{where} 29", "areas", "池田町")
    for candidate in (
        "01644 北海道中川郡池田町",
        "18382 福井県今立郡池田町",
        "20481 長野県北安曇郡池田町",
        "21404",
    ):
        assert candidate in ambiguous["expected"]
    assert (wrong["where"], wrong["field"], wrong["value"]) == (f"{where} 30", "area_codes", "202150")
    assert "202151" in wrong["expected"]
    assert (twice["where"], twice["field"], twice["value"]) == (f"{where} 31", "deployment_id", "t1")
    assert f"{where} 2" in twice["expected"]
    assert steward.get("/v1/deployments?limit=1").json()["total"] == 446


def test_the_corrected_list_is_tried_loaded_and_loaded_again(steward: httpx.Client) -> None:
    content = as_excel(list_of_thirty(corrected=True))
    tried = steward.post("/v1/deployments?dry_run=true", content=content).json()
    assert (tried["rows"], len(tried["added"]), tried["dry_run"]) == (30, 30, True)
    assert steward.get("/v1/deployments/t26").status_code == 404
    loaded = steward.post("/v1/deployments", content=content).json()
    assert (len(loaded["added"]), loaded["changed"]) == (30, [])
    consortium = steward.get("/v1/deployments/t26").json()
    assert [(area["code"], area["role"]) for area in consortium["areas"]] == [
        *(("24441", "lead"), ("24443", "member"), ("24442", "member")),
        *(("24470", "member"), ("24471", "member"), ("24543", "member")),
    ]
    assert (consortium["project_cost_yen"], consortium["national_grant_yen"]) == (39_000_000, 19_500_000)
    assert steward.get("/v1/deployments/t30").json()["areas"][0]["part"] == "一部"
    again = steward.post("/v1/deployments", content=as_csv(list_of_thirty(corrected=True), "cp932")).json()
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], 30)


def test_what_is_downloaded_can_be_sent_back(steward: httpx.Client) -> None:
    everything = steward.get("/v1/deployments.csv?bom=true")
    assert everything.headers["content-type"] == "text/csv; charset=utf-8"
    answer = steward.post("/v1/deployments", content=everything.content).json()
    assert (answer["added"], answer["changed"]) == ([], [])
    assert answer["unchanged"] == answer["rows"] >= 446


def test_a_change_keeps_its_history_and_past_states_can_be_asked_for(steward: httpx.Client) -> None:
    row = {
        "measure_id": "japanese-ccrc",
        "areas": "長野県塩尻市",
        "status": "proposed",
        "fy_start": 2024,
        "source_title": "構想",
        "source_url": "https://example.jp/b",
        "confidence": "official",
    }
    assert steward.put("/v1/deployments/site", json=row).json()["added"] == ["site"]
    before = steward.get("/v1/deployments/site/history").json()["states"][0]["valid_from"]
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [137.9537, 36.115]},
        "properties": row | {"status": "operating", "retrieved_on": "2026-11-20"},
    }
    assert steward.put("/v1/deployments/site", json=feature).json()["changed"] == ["site"]
    now = steward.get("/v1/deployments/site").json()
    assert (now["status"], now["geometry"]["coordinates"]) == ("operating", [137.9537, 36.115])
    states = steward.get("/v1/deployments/site/history").json()["states"]
    assert [state["deployment"]["status"] for state in states] == ["operating", "proposed"]
    assert all(state["by"].startswith("key ") and "塩尻" not in state["by"] for state in states)
    then = steward.get(
        "/v1/deployments", params={"measure": "japanese-ccrc", "area": "20215", "as_of": before}
    )
    assert [(one["id"], one["status"]) for one in then.json()["deployments"]] == [("site", "proposed")]
    own = steward.get("/v1/deployments.geojson?geometry=own&area=20215&measure=japanese-ccrc").json()
    assert [feature["geometry"]["type"] for feature in own["features"]] == ["Point"]
    values = steward.get("/v1/layers/deployments:japanese-ccrc/values.json?period=2026").json()
    assert values["values"][values["codes"].index("20215")] == 4.0
    assert steward.delete("/v1/deployments/site").status_code == 204
    assert steward.get("/v1/deployments/site").status_code == 404
    assert len(steward.get("/v1/deployments/site/history").json()["states"]) == 2
    assert steward.delete("/v1/deployments/site").status_code == 404


def test_a_text_that_a_spreadsheet_would_compute_is_made_inert(steward: httpx.Client) -> None:
    row = dict(zip(HEADER, line("inert", "長野県塩尻市"), strict=True)) | {"備考": "=HYPERLINK(1)"}
    assert steward.post("/v1/deployments", json=[row]).status_code == 200
    assert steward.get("/v1/deployments/inert").json()["note"] == "=HYPERLINK(1)"
    rows = list(csv.DictReader(io.StringIO(steward.get("/v1/deployments.csv?area=20215").text)))
    assert [one["note"] for one in rows if one["deployment_id"] == "inert"] == ["'=HYPERLINK(1)"]


def test_the_template_has_every_column(steward: httpx.Client) -> None:
    japanese, english = (
        steward.get(f"/v1/deployments/template.csv?lang={lang}")
        .content.decode("utf-8-sig")
        .strip()
        .split(",")
        for lang in ("ja", "en")
    )
    assert len(japanese) == len(english) == 24
    assert set(HEADER) < set(japanese)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "columns"),
        ("施策,地域\n".encode(), "status"),
        (b'{"measure_id": 1', "JSON"),
        (b"PK\x03\x04 nothing", "Excel"),
        (b"SQLite format 3\0 nothing", "cannot be read"),
    ],
)
def test_what_is_no_list_is_refused(steward: httpx.Client, content: bytes, told: str) -> None:
    answer = steward.post("/v1/deployments", content=content)
    assert answer.status_code == 422
    assert told in answer.text


def test_two_workbooks_are_read_at_once_four_wait_and_the_next_comes_again(steward: httpx.Client) -> None:
    def send(number: int) -> httpx.Response:  # each from another address
        address = {"X-Forwarded-For": f"192.0.2.{number}"}
        return steward.post("/v1/deployments", content=b"PK\x03\x04 nothing", headers=address)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(1, 17)))
    refused = [one for one in answers if one.status_code == 503]
    assert {one.status_code for one in answers} == {422, 503}
    assert len(refused) <= 10
    assert {one.json()["type"] for one in refused} == {"/problems/busy"}
    assert any("Too many wait for such an answer" in one.text for one in refused)
    assert all(int(one.headers["retry-after"]) > 0 for one in refused)


def test_an_id_that_is_not_that_of_the_address_is_refused(steward: httpx.Client) -> None:
    answer = steward.put("/v1/deployments/a", json={"deployment_id": "b"})
    assert answer.json()["errors"][0]["field"] == "deployment_id"


def test_only_a_steward_may_write(server: Server, steward: httpx.Client, written_database: Database) -> None:
    with written_database.begin() as conn:
        key = auth.create_key(conn, "figures", ["write"], None, "tests")
    for method, path in (
        ("POST", "/v1/deployments"),
        ("PUT", "/v1/deployments/a"),
        ("DELETE", "/v1/deployments/a"),
    ):
        refused = httpx.request(method, server.url + path)
        assert refused.status_code == 401, path
        refused = steward.request(method, path, headers={"X-API-Key": key})
        assert refused.status_code == 403, path
