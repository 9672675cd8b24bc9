"""Profile, peers, candidates and effect: worked against plain arithmetic on the API's own figures."""

from __future__ import annotations

import csv
import io
import statistics

import httpx
import numpy as np
import pytest

SHIOJIRI = "/v1/areas/20215"


def values(client: httpx.Client, layer: str, period: str) -> dict[str, float | None]:
    body = client.get(f"/v1/layers/{layer}/values.json?period={period}&level=municipality").json()
    return dict(zip(body["codes"], body["values"], strict=True))


def test_a_profile_tells_every_goal_with_value_rank_trend_and_peers(client: httpx.Client) -> None:
    body = client.get(f"{SHIOJIRI}/profile").json()
    assert [goal["id"] for goal in body["goals"]] == ["goal-1", "goal-2", "goal-3", "national-role"]
    cards = {card["indicator"]["id"]: card for goal in body["goals"] for card in goal["figures"]}
    card = cards["doctors-per-100k"]
    known = {
        code: value
        for code, value in values(client, "doctors-per-100k", card["period"]).items()
        if value is not None
    }
    assert card["value"] == known["20215"]
    assert card["rank"]["nation"] == {
        "rank": sum(value > known["20215"] for value in known.values()) + 1,
        "of": len(known),
    }
    inside = [value for code, value in known.items() if code.startswith("20")]
    assert card["rank"]["prefecture"] == {
        "rank": sum(v > known["20215"] for v in inside) + 1,
        "of": len(inside),
    }
    peers = [known[peer["code"]] for peer in body["peers"]]
    assert card["peers"] == {"median": pytest.approx(statistics.median(peers)), "n": 10}
    earlier = values(client, "doctors-per-100k", card["trend"]["since"])["20215"]
    assert int(card["trend"]["since"]) <= int(card["period"]) - 5
    assert card["trend"]["change"] == pytest.approx(known["20215"] - (earlier or 0))
    assert card["trend"]["verdict"] == ("better" if card["trend"]["change"] > 0 else "worse")
    unemployment = cards["unemployment-rate"]
    assert unemployment["rank"]["order"] == "lowest first"


def test_a_figure_that_only_prefectures_have_is_told_as_that_of_the_prefecture(client: httpx.Client) -> None:
    body = client.get(f"{SHIOJIRI}/profile").json()
    cards = {card["indicator"]["id"]: card for goal in body["goals"] for card in goal["figures"]}
    card = cards["labour-productivity-2011-base"]
    assert (card["level"], card["area"], card["rank"]["nation"]["of"]) == ("prefecture", "20000", 47)
    verdicts = {one["kpi"]: one for one in body["kpi_progress"]}
    assert len(verdicts) == len(body["kpi_progress"])  # one for each KPI, whatever its series
    of_region = verdicts["goal-1-productivity-growth"]
    assert (of_region["region"], of_region["verdict"]["state"]) == ("outside-tokyo-area", "reference")
    deployed = {one["id"] for goal in body["goals"] for one in goal["deployments"]}
    listed = client.get("/v1/deployments?area=20215").json()["deployments"]
    assert deployed == {one["id"] for one in listed}
    assert body["deployments"] == len(listed)


def test_an_area_without_figures_lists_what_is_missing(client: httpx.Client) -> None:
    body = client.get("/v1/areas/07546/profile").json()  # 双葉町: nobody lived there in 2020
    assert body["peers"] == []
    assert {"indicator": "doctors-per-100k", "status": "base_differs"} in body["missing"]
    assert {"indicator": "unemployment-rate", "status": "not_applicable"} in body["missing"]


def test_a_profile_is_told_for_prefectures_and_as_csv(client: httpx.Client) -> None:
    prefecture = client.get("/v1/areas/39/profile").json()
    assert prefecture["area"]["name"]["ja"] == "高知県"
    assert len(prefecture["peers"]) == 10
    rows = list(csv.DictReader(io.StringIO(client.get(f"{SHIOJIRI}/profile.csv").text)))
    (row,) = [one for one in rows if one["indicator"] == "doctors-per-100k"]
    # 1,741 but for eight of 福島県, whose residents are registered there and live elsewhere
    assert (row["goal"], row["of_nation"]) == ("goal-2", "1733")
    assert client.get("/v1/areas/99999/profile").status_code == 422
    assert client.get("/v1/areas/20999/profile").status_code == 404


def test_the_distance_to_a_peer_is_what_its_parts_say(client: httpx.Client) -> None:
    body = client.get(f"{SHIOJIRI}/peers?k=5&indicators=ageing-rate,population").json()
    assert [one["logarithm"] for one in body["indicators"]] == [False, True]
    population = {code: value for code, value in values(client, "population", "2020").items() if value}
    ageing = {code for code, value in values(client, "ageing-rate", "2020").items() if value is not None}
    logs = np.log([value for code, value in population.items() if code in ageing])
    told = body["indicators"][1]
    low, high = np.quantile(logs, (0.05, 0.95))
    moved = np.clip(logs, low, high)
    assert body["compared"] == len(logs)
    assert (told["low"], told["high"]) == (pytest.approx(low), pytest.approx(high))
    assert (told["mean"], told["deviation"]) == (pytest.approx(moved.mean()), pytest.approx(moved.std()))
    distances = []
    for peer in body["peers"]:
        parts = [part["difference"] for part in peer["differences"]]
        assert peer["distance"] == pytest.approx(float(np.sqrt(np.mean(np.square(parts)))))
        assert parts[1] == pytest.approx(
            (np.log(population["20215"]) - np.log(population[peer["code"]])) / moved.std()
        )
        distances.append(peer["distance"])
    assert distances == sorted(distances)
    assert len(distances) == 5


def test_peers_run_measures_that_the_area_does_not(client: httpx.Client) -> None:
    body = client.get(f"{SHIOJIRI}/peers").json()
    own = {
        measure["id"]
        for one in client.get("/v1/deployments?area=20215").json()["deployments"]
        for measure in one["measures"]
        if one["status"] != "proposed"
    }
    assert "smart-cities" in own
    told = {row["measure"]: row for row in body["measures_peers_run"]}
    assert not own & set(told)
    for name, row in told.items():
        running = {peer["code"] for peer in body["peers"] if name in peer["measures"]}
        assert {peer["code"] for peer in row["peers"]} == running


@pytest.mark.parametrize(
    ("query", "status"),
    [("k=0", 422), ("indicators=x", 404), ("indicators=municipality-type", 422), ("x=1", 422)],
)
def test_peers_by_what_does_not_exist_are_refused(client: httpx.Client, query: str, status: int) -> None:
    assert client.get(f"{SHIOJIRI}/peers?{query}").status_code == status


def test_an_area_that_lacks_figures_has_no_peers_and_is_told_which(client: httpx.Client) -> None:
    problem = client.get("/v1/areas/07546/peers").json()
    assert problem["type"] == "/problems/not-enough-data"
    assert "population" in [error["field"] for error in problem["errors"]]


def test_candidates_are_those_worst_off_without_the_measure(client: httpx.Client) -> None:
    body = client.get("/v1/measures/japanese-ccrc/candidates?indicators=doctors-per-100k&limit=2000").json()
    (indicator,) = body["indicators"]
    known = {
        c: v for c, v in values(client, "doctors-per-100k", indicator["period"]).items() if v is not None
    }
    touched = {
        code
        for one in client.get("/v1/deployments?measure=japanese-ccrc&limit=1000").json()["deployments"]
        for code in one["current_codes"]
    }
    assert {one["code"] for one in body["candidates"]} == set(known) - touched
    for one in (body["candidates"][0], body["candidates"][700], body["candidates"][-1]):
        own = known[one["code"]]
        better = sum(value > own for value in known.values())
        same = sum(value == own for value in known.values()) - 1
        assert one["need"] == pytest.approx((better + same / 2) / (len(known) - 1))
    needs = [one["need"] for one in body["candidates"]]
    assert needs == sorted(needs, reverse=True)
    within = client.get("/v1/measures/japanese-ccrc/candidates?parent=39000").json()
    assert {one["prefecture"] for one in within["candidates"]} == {"39000"}


def test_an_effect_is_the_mean_of_its_rows_with_a_students_interval(client: httpx.Client) -> None:
    body = client.get("/v1/measures/smart-cities/effect?indicator=hospitals-per-100k").json()
    differences = [one["difference"] for one in body["deployed"]]
    estimate = body["estimate"]
    assert body["n"] == {"deployed": len(differences), "matched": 3 * len(differences)}
    assert estimate["difference_in_differences"] == pytest.approx(statistics.mean(differences))
    error = statistics.stdev(differences) / len(differences) ** 0.5
    half = (estimate["high"] - estimate["low"]) / 2
    assert 2.0 < half / error < 2.4  # Student's t at 95 % for 8 to 60 degrees of freedom
    matched = [code for one in body["deployed"] for code in one["matched"]]
    assert len(set(matched)) == len(matched)
    touched = {
        code
        for one in client.get("/v1/deployments?measure=smart-cities&limit=1000").json()["deployments"]
        for code in one["current_codes"]
    }
    assert not touched & set(matched)
    row = body["deployed"][0]
    assert int(row["before"]["period"]) < row["start"] <= int(row["after"]["period"]) - 2
    after, before = (
        values(client, "hospitals-per-100k", row[when]["period"]) for when in ("after", "before")
    )
    own = (after[row["code"]] or 0) - (before[row["code"]] or 0)
    others = [(after[code] or 0) - (before[code] or 0) for code in row["matched"]]
    assert row["difference"] == pytest.approx(own - statistics.mean(others))
    assert "no proof of cause" in body["caution"]["en"]
    # none of the years is set against one with the other register
    assert int(row["before"]["period"]) + min(body["before_start"]["years"]) >= 2014
    assert {one["years"] for one in body["event_study"] if one["years"] < 0} == set(
        body["before_start"]["years"]
    )
    assert all(one["n"] >= 8 for one in body["event_study"])


def test_an_effect_says_what_its_outcome_rests_on_before_the_figure(client: httpx.Client) -> None:
    answer = client.get("/v1/measures/smart-cities/effect")
    body = answer.json()
    linked = {one["indicator"]: one for one in body["outcome"]["linked"]}
    assert linked[body["indicator"]["id"]]["goal_basis"] == "stated"
    assert body["outcome"]["basis"] == "assumed"
    assert answer.text.index('"outcome"') < answer.text.index('"estimate"')
    assert body["summary"]["en"].index("assumption") < body["summary"]["en"].index("confidence interval")


def test_an_effect_that_cannot_be_told_is_refused_with_the_reason(client: httpx.Client) -> None:
    problem = client.get("/v1/measures/migration-support/effect").json()
    assert problem["type"] == "/problems/not-enough-data"
    assert {"municipalities", "starts", "periods", "usable"} == {
        error["field"] for error in problem["errors"]
    } - {"earlier"}
    rows = client.get("/v1/measures/smart-cities/effect.csv?indicator=hospitals-per-100k").text.splitlines()
    assert rows[0].startswith("measure,indicator,code,start,before_period,before")
    assert len(rows) > 8
