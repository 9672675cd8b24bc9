"""One box finds what people type: each line as it was typed, and what has to be among the first three."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

#: What is typed → the group that comes first, and what has to be among its first three.
QUERIES = [
    # the twelve that found nothing, or the wrong thing
    ("こうれいか", "layers", "ageing-rate"),
    ("ひとりぐらし", "layers", "single-household-share"),
    ("aging", "layers", "ageing-rate"),
    ("smart city", "layers", "deployments:smart-cities"),
    ("alderly", "layers", "ageing-rate"),
    ("agein rate", "layers", "ageing-rate"),
    ("siojiri", "places", "20215"),
    ("人口へんか", "layers", "population-change"),
    ("長野県 スマートシティ", "together", "20000 deployments:smart-cities"),
    ("松本駅", "stations", "松本 20202"),
    ("380-0000", "postcodes", "380 20201"),
    ("財政力指数", "layers", "fiscal-strength-index"),
    # figures and measures
    ("人口", "layers", "population"),
    ("population", "layers", "population"),
    ("ｺｳﾚｲｶﾘﾂ", "layers", "ageing-rate"),
    ("高令化率", "layers", "ageing-rate"),
    ("koureika", "layers", "ageing-rate"),
    ("空き家", "layers", "vacancy-rate"),
    ("vacant houses", "layers", "vacancy-rate"),
    ("待機児童", "layers", "waitlist-children"),
    ("labor force", "layers", "labour-force"),
    ("失業率", "layers", "unemployment-rate"),
    ("birthrate", "layers", "birth-rate"),
    ("foreigners", "layers", "foreign-population"),
    ("交通空白", "layers", "transport-gap:mlit-handbook-rural"),
    ("デマンドバス", "layers", "deployments:transport-gap-redesign"),
    ("スマートシティー", "layers", "deployments:smart-cities"),
    ("移住", "layers", "net-migration-rate"),
    # places
    ("まえばし", "places", "10201"),
    ("長野県松本市", "places", "20202"),
    ("大阪 堺", "places", "27140"),
    ("Ōsaka", "places", "27000"),
    ("Yokohma", "places", "14100"),
    ("10201", "places", "10201"),
    ("浜北市", "former", "22218"),
    # a place and a topic, stations, postcodes
    ("前橋市高齢化率", "together", "10201 ageing-rate"),
    ("Toyama ageing", "together", "16000 ageing-rate"),
    ("子育て 前橋", "together", "10201 nurseries"),
    ("Matsumoto station", "stations", "松本 20202"),
    ("〒100-0001", "postcodes", "1000001 13101"),
]


def told(group: str, found: dict[str, Any]) -> str:
    """Return what a line of a group is known by."""
    if group == "together":
        return f"{found['area']['code']} {found['layer']['id']}"
    if group in ("stations", "postcodes"):
        return f"{found['name' if group == 'stations' else 'code']} {found['area']['code']}"
    return str(found["id" if group == "layers" else "code"])


@pytest.mark.parametrize(("q", "group", "wanted"), QUERIES, ids=[q for q, *_ in QUERIES])
def test_what_people_type_is_found(client: httpx.Client, q: str, group: str, wanted: str) -> None:
    found = client.get("/v1/search", params={"q": q}).json()
    assert found["order"][0] == group
    assert wanted in [told(group, one) for one in found[group][:3]]


def test_what_was_found_tells_where_it_is(client: httpx.Client) -> None:
    found = client.get("/v1/search", params={"q": "松本駅"}).json()
    (station,) = found["stations"]
    assert (station["name"], station["lines"]) == ("松本", ["上高地線", "大糸線", "篠ノ井線"])
    assert station["point"] == pytest.approx([137.9638, 36.2311], abs=0.001)
    assert station["area"]["prefecture_name"] == {"ja": "長野県", "en": "Nagano"}
    (layer,) = client.get("/v1/search", params={"q": "smart city"}).json()["layers"]
    assert (layer["measure"], layer["topic"]["en"]) == ("smart-cities", "Deployments of measures")


def test_layers_without_figures_are_not_found(client: httpx.Client) -> None:
    for q in ("進捗", "人口", "目標"):
        assert all(one["levels"] for one in client.get("/v1/search", params={"q": q}).json()["layers"])


@pytest.mark.parametrize("q", ["", "　", "・", "ぬぬぬぬぬ", "qqqqqq", "\n"])
def test_what_nothing_has_finds_nothing(client: httpx.Client, q: str) -> None:
    found = client.get("/v1/search", params={"q": q}).json()
    assert found["order"] == []
    assert not any(
        found[name] for name in ("together", "places", "former", "layers", "stations", "postcodes")
    )


def test_a_line_is_bounded(client: httpx.Client) -> None:
    assert client.get("/v1/search", params={"q": "あ" * 101}).status_code == 422
    refused = client.get("/v1/search", params={"q": "あ い う え お か き く け"})
    assert refused.status_code == 422
    assert "at most 8" in refused.json()["detail"]
    assert client.get("/v1/search", params={"q": "あ い う え お か き く"}).status_code == 200


def test_a_family_begins_with_what_stands_for_it_and_tells_what_is_to_compute_with(
    client: httpx.Client,
) -> None:
    gaps = client.get("/v1/families/transport-gaps").json()
    assert gaps["layers"][0]["id"] == "transport-gap:mlit-handbook-rural"
    assert {one["id"] for one in gaps["layers"] if one["ingredient"]} >= {"grid-people", "grid-land"}
    ages = client.get("/v1/families/register-age-classes-both").json()["layers"]
    names = [one["name"]["ja"].partition("（")[0] for one in ages[1:3]]
    assert names == ["住民基本台帳5〜9歳人口", "住民基本台帳10〜14歳人口"]
    assert client.get("/v1/families/nothing").status_code == 404


def test_a_topic_has_thirty_entries_at_most_each_with_figures(client: httpx.Client) -> None:
    listed = client.get("/v1/layers", params={"limit": 0, "level": "any"}).json()
    entries: dict[str, int] = {}
    for family in listed["families"]:
        assert family["total"] > 0
        entries[family["topic"]] = entries.get(family["topic"], 0) + 1
    assert max(entries.values()) <= 30
    assert sum(family["total"] for family in listed["families"]) == sum(
        topic["total"] for topic in listed["topics"] if topic["id"] not in ("measures", "progress")
    )
