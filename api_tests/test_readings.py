"""Layers read out: in words, in order, over their periods; and the areas around an area."""

from __future__ import annotations

import httpx
import pytest


def test_a_map_is_summed_up_with_citation(client: httpx.Client) -> None:
    told = client.get("/v1/layers/ageing-rate/summary.json?level=municipality&period=2020").json()
    assert "最も高いのは群馬県南牧村の65.2%" in told["text"]["ja"]
    assert "「令和2年国勢調査」（総務省統計局）を加工して作成" in told["citation"]["ja"]
    assert told["period_label"] == {"ja": "2020年（令和2年）", "en": "2020"}
    assert (told["n"], told["missing"]) == (1740, 7)
    assert [row["rank"] for row in told["highest"]] == [1, 2, 3]


def test_a_ranking_is_paged_and_puts_the_better_first(client: httpx.Client) -> None:
    address = "/v1/layers/unemployment-rate/ranking.json?level=prefecture&limit=2"
    first = client.get(address).json()
    assert first["order"] == "lowest first"
    assert first["n"] == 47
    assert first["rows"][0]["value"] <= first["rows"][1]["value"]
    second = client.get(first["next"]).json()
    assert second["rows"][0]["rank"] >= 2
    assert len({row["code"] for row in first["rows"] + second["rows"]}) == 4


def test_a_ranking_of_categories_is_refused(client: httpx.Client) -> None:
    answer = client.get("/v1/layers/deployments:smart-cities/ranking.json")
    assert answer.status_code == 422
    assert "statistics.json" in answer.text


def test_periods_have_the_classes_of_their_tiles(client: httpx.Client) -> None:
    address = "/v1/layers/ageing-rate/{}?level=prefecture"
    told = client.get(address.format("periods.json")).json()
    assert len(told["periods"]) == 50
    assert told["periods"][0]["label"] == {"ja": "1975年（昭和50年）", "en": "1975"}
    one = told["periods"][-5]
    values = client.get(address.format("values.json") + f"&period={one['period']}").json()
    assert one["classes"] == values["classes"]
    assert told["codes"] == values["codes"]
    assert one["values"] == pytest.approx([round(value, 3) for value in values["values"]])


def test_nagano_borders_on_eight_prefectures(client: httpx.Client) -> None:
    told = client.get("/v1/areas/20000/neighbours").json()
    touching = {one["name"]["ja"] for one in told["neighbours"] if one["touching"]}
    assert touching == {"群馬県", "埼玉県", "新潟県", "富山県", "山梨県", "岐阜県", "静岡県", "愛知県"}


def test_an_island_has_its_neighbours_across_the_sea(client: httpx.Client) -> None:
    told = client.get("/v1/areas/47381/neighbours?limit=1").json()
    assert told["neighbours"][0]["name"]["ja"] == "石垣市"
    assert told["neighbours"][0]["touching"] is False
    assert told["neighbours"][0]["distance_km"] > 0
    assert client.get("/v1/areas/10999/neighbours").status_code == 404
