"""The strategy over HTTP: counts kept apart, a logic model with reasons, a roadmap by year."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import httpx


def test_stated_and_catalogued_counts_come_per_goal_and_differ(client: httpx.Client) -> None:
    body = client.get("/v1/goals").json()
    assert body["strategy"]["stated_measures"] == 331
    assert body["strategy"]["catalogued_measures"] == 40
    counts = {g["id"]: (g["stated_measures"], g["catalogued_measures"]) for g in body["goals"]}
    assert counts == {
        "goal-1": (132, 13),
        "goal-2": (118, 12),
        "goal-3": (62, 11),
        "national-role": (19, 4),
    }
    assert "網羅ではなく" in body["coverage"]["ja"]


def test_a_goal_tells_its_measures_kpis_and_milestones(client: httpx.Client) -> None:
    body = client.get("/v1/goals/goal-2").json()
    assert len(body["measures"]) == body["catalogued_measures"] == 12
    assert body["kpi"]["ja"].startswith("生活インフラの質の維持")
    assert [pillar["ja"] for pillar in body["pillars"]] == [
        "持続可能な生活インフラの実現",
        "地域の暮らしの満足感向上",
    ]
    assert {one["subject"] for one in body["milestones"]} == {"ccrc-sites"}
    refused = client.get("/v1/goals/goal-9").json()["detail"]
    assert refused == "No goal is called 'goal-9'; near it: goal-1, goal-2, goal-3; /v1/goals lists all 4"


def test_measures_may_be_asked_for_by_goal_and_by_any_of_their_names(client: httpx.Client) -> None:
    body = client.get("/v1/measures?goal=goal-3").json()
    assert (body["total"], body["stated"]) == (11, 62)
    found = client.get("/v1/measures/生涯活躍のまち").json()
    assert (found["id"], found["goal"], found["known_deployments"]) == ("japanese-ccrc", "goal-2", 19)
    assert sum(found["deployments_by_status"].values()) == 19
    assert {link["basis"] for link in found["links"]} == {"stated", "assumed"}
    assert client.get("/v1/measures/x").status_code == 404


def test_the_logic_model_lights_what_runs_in_an_area(client: httpx.Client) -> None:
    body = client.get("/v1/logic-model.json?area=19204").json()  # 都留市
    lit = {node["id"] for node in body["nodes"] if node["deployed"]}
    assert {"japanese-ccrc", "ccrc-sites", "satisfaction-with-life", "goal-2"} <= lit
    assert "watt-bit-coordination" not in lit
    assert all(link["reason"]["ja"] and link["reason"]["en"] for link in body["links"])
    assert not any(node["deployed"] for node in client.get("/v1/logic-model.json").json()["nodes"])
    assert client.get("/v1/logic-model.json?area=99999").status_code == 422


def test_the_logic_model_is_text_and_picture_too(client: httpx.Client) -> None:
    text = client.get("/v1/logic-model.mmd?area=19204&lang=en")
    assert text.headers["content-type"].startswith("text/plain")
    assert text.text.startswith("flowchart LR")
    assert "class n" in text.text
    picture = client.get("/v1/logic-model.svg?lang=ja")
    assert picture.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(picture.text)
    titles = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == "地方創生に関する総合戦略"
    assert "総合戦略がこの目標の柱に掲げる" in titles


def test_the_roadmap_tells_what_is_due_in_each_year_and_how_that_is_known(client: httpx.Client) -> None:
    years = client.get("/v1/roadmap").json()["years"]
    assert [year["fiscal_year"] for year in years] == [2025, 2026, 2027, 2028, 2029]
    due = {one["subject"]: one for year in years for one in year["milestones"]}
    assert (due["migrants-from-tokyo-area"]["fiscal_year"], due["migrants-from-tokyo-area"]["value"]) == (
        2027,
        10_000,
    )
    assert due["goal-1-productivity-growth"]["basis"] == "stated"
    only = client.get("/v1/roadmap?goal=goal-2&kind=kpi").json()["years"]
    assert [one["subject"] for year in only for one in year["milestones"]] == ["ccrc-sites"]


def test_who_moved_into_a_region_is_told_as_published_or_not_at_all(client: httpx.Client) -> None:
    # report on internal migration 2025, table 1, Japanese movers; the prefectures of the Tokyo area add up to
    # 892,384, those who moved between them included
    asked = {"areas": "tokyo-area,kanto,00000", "from": "2025", "to": "2025"}

    def told(indicator: str) -> dict[str, tuple[float | None, str]]:
        body = client.get("/v1/series", params={"indicator": indicator, **asked}).json()
        points = {line["area"]: line["points"][0] for line in body["series"]}
        return {area: (point["value"], point["status"]) for area, point in points.items()}

    untold = {"kanto": (None, "not_additive"), "nation": (None, "not_additive")}
    assert told("in-migrants") == {"tokyo-area": (450_468, "ok"), **untold}
    assert told("out-migrants") == {"tokyo-area": (337_730, "ok"), **untold}
    assert told("net-migration")["tokyo-area"] == (112_738, "ok")
    assert told("net-migration")["nation"] == (0, "ok")
    body = client.get("/v1/series", params={"indicator": "in-migrants", **asked}).json()
    assert "関東の転入者数には値がありません（内訳からは求められない）。" in body["summary"]["ja"]
    assert "migration-report-blocs" in {source["id"] for source in body["sources"]}
    rows = client.get("/v1/series.csv", params={"indicator": "in-migrants", **asked}).text.splitlines()
    assert [row.split(",")[-4:-2] for row in rows[1:]] == [
        ["450468", "ok"],
        ["", "not_additive"],
        ["", "not_additive"],
    ]
    layer = client.get("/v1/layers/in-migrants").json()
    assert (layer["aggregation"], layer["over_time"]) == ("net_of_moves", "flow")
    assert layer["prefecture_figure"] == "published"
    assert "within the prefecture" in layer["prefecture_differs"]["en"]


def test_region_sets_hold_the_wide_area_regions_since_they_were_declared(client: httpx.Client) -> None:
    sets = {one["id"]: one for one in client.get("/v1/region-sets").json()["region_sets"]}
    assert len(sets["wide-chubu"]["areas"]) == 13
    assert {area["from"] for area in sets["wide-chubu"]["areas"]} == {"2025-11-26"}
    line = client.get("/v1/series?indicator=population&areas=wide-chubu&from=2020&to=2020").json()["series"][
        0
    ]
    assert line["level"] == "prefecture"  # 名古屋市, 静岡市 and 浜松市 are in it already
    prefectures = ",".join(f"{number}000" for number in range(16, 26))
    parts = client.get(f"/v1/series?indicator=population&areas={prefectures}&from=2020&to=2020").json()[
        "series"
    ]
    assert line["points"][0]["value"] == sum(part["points"][0]["value"] for part in parts)


def test_core_cities_are_the_62_of_the_cabinet_order(client: httpx.Client) -> None:
    sets = {one["id"]: one for one in client.get("/v1/region-sets").json()["region_sets"]}
    since = {area["code"]: area["from"] for area in sets["core-cities"]["areas"]}
    assert len(since) == 62  # 総務省: since 松本市 and 一宮市 came on 2021-04-01
    assert (since["10201"], since["20202"], since["23203"]) == ("2009-04-01", "2021-04-01", "2021-04-01")
    assert not since.keys() & {"15100", "33100", "43100"}  # core cities once, designated cities today
    areas = client.get("/v1/areas?level=municipality&limit=2000").json()["areas"]
    assert {area["kind"] for area in areas if area["code"] in since} == {"city"}
