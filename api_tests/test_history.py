"""What areas were and became, and weights between the areas of two days, over HTTP."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

HAMAMATSU = "/v1/areas/22130/history"


def problem(response: httpx.Response, status: int) -> str:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    detail: str = response.json()["detail"]
    return detail


def test_a_city_tells_the_towns_that_it_is_made_of(client: httpx.Client) -> None:
    told = client.get(HAMAMATSU).json()
    assert told["name"] == {"ja": "浜松市", "kana": "はままつし", "en": "Hamamatsu-shi"}
    ancestors = {one["code"]: (one["name"]["ja"], one["until"]) for one in told["ancestors"]}
    assert ancestors["22202"] == ("浜松市", "2007-04-01")
    assert ancestors["22218"] == ("浜北市", "2005-07-01")
    assert ancestors["22501"] == ("可美村", "1991-05-01")
    assert len(ancestors) == 13
    assert told["descendants"] == []
    assert [one["kind"]["en"] for one in told["events"]] == ["designated city"]


def test_a_code_of_the_past_tells_what_became_of_it(client: httpx.Client) -> None:
    told = client.get("/v1/areas/22218/history").json()
    assert told["names"] == [
        {
            "name": {"ja": "浜北市", "kana": "はまきたし", "en": "Hamakita-shi"},
            "district": "",
            "from": None,
            "until": "2005-07-01",
        }
    ]
    assert [(one["code"], one["since"]) for one in told["descendants"]] == [
        ("22202", "2005-07-01"),
        ("22130", "2007-04-01"),
    ]
    assert told["became"] == [{"code": "22130", "name": {"ja": "浜松市", "en": "Hamamatsu-shi"}}]


def test_a_divided_village_became_two(client: httpx.Client) -> None:
    told = client.get("/v1/areas/193411/history").json()  # with its check digit
    assert [one["name"]["ja"] for one in told["became"]] == ["甲府市", "富士河口湖町"]
    assert [(one["date"], one["kind"]["ja"], one["to"]["code"]) for one in told["events"]] == [
        ("2006-03-01", "編入合併", "19201"),
        ("2006-03-01", "編入合併", "19430"),
    ]


def test_a_code_that_kept_its_number_has_two_names(client: httpx.Client) -> None:
    told = client.get("/v1/areas/28221/history").json()
    names = [(one["name"]["kana"], one["from"], one["until"]) for one in told["names"]]
    assert names == [
        ("ささやまし", "1999-04-01", "2019-05-01"),
        ("たんばささやまし", "2019-05-01", None),
    ]
    assert client.get("/v1/areas/28221/history?on=2010-01-01").json()["name"]["ja"] == "篠山市"


def test_a_prefecture_has_had_one_name(client: httpx.Client) -> None:
    told = client.get("/v1/areas/10000/history").json()
    assert [one["name"]["ja"] for one in told["names"]] == ["群馬県"]
    assert (told["events"], told["ancestors"], told["descendants"]) == ([], [], [])


def test_history_of_no_code_and_of_another_day_is_refused(client: httpx.Client) -> None:
    assert "22999" in problem(client.get("/v1/areas/22999/history"), 404)
    assert "2007-04-01" in problem(client.get(f"{HAMAMATSU}?on=2000-01-01"), 404)
    problem(client.get(f"{HAMAMATSU}?on=2023-02-29"), 422)
    problem(client.get(f"{HAMAMATSU}?on=1960-01-01"), 422)


def test_history_tells_what_happened_in_sentences(client: httpx.Client) -> None:
    told = client.get(HAMAMATSU).json()["chronicle"]
    assert [(entry["date"], entry["text"]["ja"]) for entry in told] == [
        ("1991-05-01", "浜松市が可美村を編入"),
        ("2005-07-01", "浜松市が2市8町1村を編入"),
        ("2007-04-01", "浜松市が政令指定都市に"),
    ]
    assert ("22218", "浜北市", True) in [
        (old["code"], old["name"]["ja"], old["whole"]) for old in told[1]["from"]
    ]
    village = client.get("/v1/areas/19341/history").json()["chronicle"]
    parts = {old["code"] for entry in village for old in entry["from"] if not old["whole"]}
    assert parts == {"19341"}


@pytest.mark.parametrize(
    ("prefecture", "before", "after"),
    # 平成の合併 (総務省): 31 March 1999 and 2010
    [("15000", 112, 30), ("34000", 86, 23), ("38000", 70, 20), ("42000", 79, 21), ("44000", 58, 18)],
)
def test_a_prefecture_tells_how_many_municipalities_it_had_each_year(
    client: httpx.Client, prefecture: str, before: int, after: int
) -> None:
    years = {one["year"]: one for one in client.get(f"/v1/mergers?prefecture={prefecture}").json()["years"]}
    assert (years[1998]["municipalities"], years[2010]["municipalities"]) == (before, after)
    assert years[2025]["municipalities"] == after
    assert (min(years), max(years)) == (1970, 2025)
    assert all(
        one["cities"] + one["towns"] + one["villages"] == one["municipalities"] for one in years.values()
    )


def test_municipalities_of_all_prefectures_are_those_of_the_country(client: httpx.Client) -> None:
    totals: dict[int, int] = {}
    for number in range(1, 48):
        for one in client.get(f"/v1/mergers?prefecture={number:02d}000").json()["years"]:
            totals[one["year"]] = totals.get(one["year"], 0) + one["municipalities"]
    assert totals[1998] == 3_232 + 23  # and the special wards of Tokyo
    assert totals[2024] == 1_741


def test_a_prefecture_tells_its_mergers(client: httpx.Client) -> None:
    told = client.get("/v1/mergers?prefecture=21000").json()
    assert told["prefecture"] == {"code": "21000", "name": {"ja": "岐阜県", "en": "Gifu"}}
    (joined,) = (
        one for one in told["entries"] if one["date"] == "2005-02-13" and one["to"][0]["code"] == "21206"
    )
    assert joined["kind"] == {"ja": "編入合併", "en": "absorption"}
    assert "山口村" in {old["name"]["ja"] for old in joined["from"]}  # of 長野県
    assert joined in client.get("/v1/mergers?prefecture=20").json()["entries"]


def test_mergers_of_no_prefecture_are_refused(client: httpx.Client) -> None:
    assert "10201" in problem(client.get("/v1/mergers?prefecture=10201"), 422)
    problem(client.get("/v1/mergers?prefecture=48000"), 422)
    problem(client.get("/v1/mergers"), 422)


def rows(client: httpx.Client, query: str) -> dict[tuple[str, str], dict[str, object]]:
    answer = client.get(f"/v1/crosswalk?{query}")
    assert answer.status_code == 200, answer.text
    return {(row["from"]["code"], row["to"]["code"]): row for row in answer.json()["rows"]}


def test_weights_forward_are_exact_but_for_the_village_that_was_divided(client: httpx.Client) -> None:
    told = client.get("/v1/crosswalk?from=2005-01-01&to=2010-03-29").json()
    assert told["counts"]["estimated"] == 0
    refused = {(row["from"]["code"], row["to"]["code"]) for row in told["rows"] if row["weight"] is None}
    assert refused == {("19341", "19201"), ("19341", "19430")}
    assert told["counts"]["refused"] == 2
    (reason,) = {row["reason"]["ja"] for row in told["rows"] if row["weight"] is None}
    assert "2006-03-01" in reason
    found = {(row["from"]["code"], row["to"]["code"]): row for row in told["rows"]}
    assert found["22218", "22130"]["weight"] == 1
    assert found["22202", "22130"]["quality"] == "exact"
    assert ("10201", "10201") in found  # took up 大胡町 and others after 2005-01-01
    assert ("01202", "01202") not in found  # 函館市 merged before


def test_wards_of_2024_are_estimated_by_one_census_where_that_is_asked(client: httpx.Client) -> None:
    query = "from=2020-10-01&to=2024-06-01&level=ward&prefecture=22000"
    asked, not_asked = rows(client, f"{query}&estimate=population"), rows(client, query)
    assert not_asked["22135", "22138"]["weight"] is None
    assert asked["22135", "22138"]["weight"] == pytest.approx(35_398 / 92_688)
    assert asked["22135", "22138"]["basis"] == [{"by": "population", "as_of": "2020-10-01"}]
    assert asked["22137", "22140"]["quality"] == "exact"
    census = {  # 2020, of the wards until 2023
        **{"22131": 235_240, "22132": 129_356, "22133": 108_160, "22134": 99_769},
        **{"22135": 92_688, "22136": 98_779, "22137": 26_726},
    }
    sums: dict[str, float] = {}
    for (old, new), row in asked.items():
        weight = row["weight"]
        assert isinstance(weight, int | float)
        sums[new] = sums.get(new, 0) + census[old] * weight
    assert {code: round(people) for code, people in sums.items()} == {
        "22138": 607_923,
        "22139": 156_069,
        "22140": 26_726,
    }
    assert sum(sums.values()) == pytest.approx(790_718)  # 浜松市 22130


def test_going_back_is_refused_unless_an_estimate_is_asked_for(client: httpx.Client) -> None:
    query = "from=2020-10-01&to=2005-04-01&prefecture=22000"
    assert rows(client, query)["22130", "22202"]["quality"] == "refused"
    told = rows(client, f"{query}&estimate=population")
    assert told["22130", "22202"]["weight"] == pytest.approx(581_162 / 783_748)
    assert sum(row["weight"] for (old, _), row in told.items() if old == "22130") == pytest.approx(1)  # type: ignore[misc] # numbers


def test_all_areas_are_told_once_where_that_is_asked(client: httpx.Client) -> None:
    told = rows(client, "from=2021-01-01&to=2023-01-01&areas=all")
    assert len(told) == 1_741
    assert {row["weight"] for row in told.values()} == {1}
    assert rows(client, "from=2021-01-01&to=2023-01-01") == {}
    assert len(rows(client, "from=2021-01-01&to=2023-01-01&areas=all&level=ward")) == 1_741 + 175


def test_the_table_as_csv_has_the_same_weights(client: httpx.Client) -> None:
    query = "from=2005-01-01&to=2010-03-29&prefecture=19000"
    table = list(csv.DictReader(io.StringIO(client.get(f"/v1/crosswalk.csv?{query}").text)))
    told = rows(client, query)
    assert {(r["from_code"], r["to_code"]) for r in table} == told.keys()
    of_village = {r["to_name"]: (r["weight"], r["quality"]) for r in table if r["from_name"] == "上九一色村"}
    assert of_village == {"甲府市": ("", "refused"), "富士河口湖町": ("", "refused")}


@pytest.mark.parametrize(
    "query", ["from=2005-13-01&to=2010-01-01", "from=1950-01-01&to=2010-01-01", "to=2010-01-01"]
)
def test_days_that_are_none_are_refused(client: httpx.Client, query: str) -> None:
    problem(client.get(f"/v1/crosswalk?{query}"), 422)


@pytest.mark.parametrize("written", ["浜北市", "はまきたし", "22218", "Hamakita-shi"])
def test_an_old_name_or_code_is_found_with_what_became_of_it(client: httpx.Client, written: str) -> None:
    told = client.get("/v1/areas", params={"q": written}).json()
    former = {one["code"]: one for one in told["former"]}
    assert former["22218"]["until"] == "2005-07-01"
    assert [heir["code"] for heir in former["22218"]["became"]] == ["22130"]


def test_names_in_use_and_lists_without_a_search_have_no_former_areas(client: httpx.Client) -> None:
    assert client.get("/v1/areas?q=前橋市").json()["former"] == []
    assert client.get("/v1/areas?limit=1").json()["former"] == []
    assert client.get("/v1/areas?q=浜北市&level=prefecture").json()["former"] == []
    assert client.get("/v1/areas?q=浜北市&parent=10000").json()["former"] == []


def test_a_join_tells_what_became_of_an_old_name_or_code(client: httpx.Client) -> None:
    table = "地域,人口\n浜北市,1\n22202,2\n浜松市,3\nどこにもない市,4\n".encode()
    told = client.post("/ogc/joins?key=地域", content=table, headers={"Content-Type": "text/csv"}).json()
    expected = {one["value"]: one["expected"] for one in told["unmatched"]}
    assert told["matched"] == 1
    assert "22218 浜北市 (–2005-07-01) → 22130 浜松市" in expected["浜北市"]
    assert "22202 浜松市 (–2007-04-01) → 22130 浜松市" in expected["22202"]
    assert "→" not in expected["どこにもない市"]
