"""What was known then, and what changed when: a corrected figure (佐賀県, gross product of FY2022)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from xml.etree import ElementTree

import httpx
import pytest

from api_tests.conftest import serving
from service.http import auth
from service.tests.databases import DatabaseServer

#: Of 佐賀県 in FY2022, in million yen, before and after its correction (県民経済計算, 平成27年基準).
BEFORE, AFTER = 3_148_889.0, 3_279_773.0
#: As if they had been 400,000; no figure ships.
EMPLOYED = 400_000.0
SERIES = "/v1/series?indicator=gpp-2015-base&areas=41000&from=2021&to=2022"
ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture(scope="module")
def revised(
    database_server: DatabaseServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A service on which the figure was loaded as it was, and then corrected."""
    with database_server.new_database(template) as database:
        with database.begin() as conn:
            key = auth.create_key(conn, "tests", ["write"], None, "tests")
        log = tmp_path_factory.mktemp("changes") / "log"
        with (
            serving(database, log) as server,
            httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=30) as client,
        ):
            employed = "employed-by-workplace-2015-base"
            put(client, employed, f"{employed},41000,2022,{EMPLOYED},")
            for value in (BEFORE, AFTER):
                put(client, "gpp-2015-base", f"gpp-2015-base,41000,2022,{value},")
            yield client


def put(client: httpx.Client, name: str, row: str) -> None:
    answer = client.put(
        f"/v1/indicators/{name}/observations?source=accounts-2015-base&boundary_date=2020-10-01",
        content=f"indicator,area_code,period,value,status\n{row}\n".encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 200, answer.text


def values(client: httpx.Client, address: str) -> list[tuple[str, float | None, str]]:
    (line,) = client.get(address).raise_for_status().json()["series"]
    return [(point["period"], point["value"], point["status"]) for point in line["points"]]


def changes(client: httpx.Client, **asked: str | int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (
        client.get("/v1/changes", params=asked).raise_for_status().json()["items"]
    )
    return found


def moments(client: httpx.Client) -> list[str]:
    """Return when the figure was loaded as it ships, as it was, and corrected."""
    return [str(one["date_published"]) for one in reversed(changes(client, indicator="gpp-2015-base"))]


def test_a_series_is_told_as_it_was_known(revised: httpx.Client) -> None:
    shipped, wrong, right = moments(revised)
    assert values(revised, SERIES)[-1] == ("2022", AFTER, "ok")
    assert values(revised, f"{SERIES}&as_of={quoted(right)}")[-1] == ("2022", AFTER, "ok")
    assert values(revised, f"{SERIES}&as_of={quoted(wrong)}")[-1] == ("2022", BEFORE, "ok")
    assert values(revised, f"{SERIES}&as_of={quoted(shipped)}")[-1] == ("2022", AFTER, "ok")
    # only the figure that was revised is another
    assert values(revised, f"{SERIES}&as_of={quoted(wrong)}")[0] == values(revised, SERIES)[0]


def quoted(moment: str) -> str:
    return moment.replace("+", "%2B")


def test_before_the_first_load_nothing_was_known(revised: httpx.Client) -> None:
    answer = revised.get(f"{SERIES}&as_of=2020-01-01").json()
    assert answer["as_of"] == "2020-01-02T00:00:00+09:00"
    assert answer["series"][0]["points"] == []


def test_moves_inside_a_region_were_none_of_it_then_either(revised: httpx.Client) -> None:
    moment = quoted(moments(revised)[-1])
    # report on internal migration 2025: into the Tokyo area, and not what its four prefectures add up to
    for region, expected in (("tokyo-area", (450_468.0, "ok")), ("kanto", (None, "not_additive"))):
        asked = f"/v1/series?indicator=in-migrants&areas={region}&from=2025&as_of={moment}"
        assert [told[1:] for told in values(revised, asked)] == [expected]


def test_sums_and_formulas_follow_from_what_was_known(revised: httpx.Client) -> None:
    _, wrong, right = moments(revised)
    nation = "/v1/series?indicator=gpp-2015-base&areas=nation&from=2022"
    (then,), (now,) = (values(revised, f"{nation}&as_of={quoted(one)}") for one in (wrong, right))
    # Σ47 as the two editions have it, to the last million: 595,788,788 and 595,919,672
    assert (then[1], now[1]) == (595_788_788.0, 595_919_672.0)
    ratio = "/v1/series?indicator=labour-productivity-2015-base&areas=41000"
    told = [values(revised, f"{ratio}&as_of={quoted(one)}") for one in moments(revised)]
    assert told == [[], [("2022", BEFORE / EMPLOYED, "ok")], [("2022", AFTER / EMPLOYED, "ok")]]


def test_the_table_as_csv_is_of_the_same_moment(revised: httpx.Client) -> None:
    _, wrong, _ = moments(revised)
    told = revised.get(f"{SERIES.replace('series', 'series.csv')}&as_of={quoted(wrong)}").text
    assert told.splitlines()[-1].endswith("2022,3148889,ok,as_published,2020-10-01")


@pytest.mark.parametrize("written", ["yesterday", "2025-13-01", "2025-01-01T00:00:00", "9999-12-31"])
def test_a_moment_that_is_none_is_refused(client: httpx.Client, written: str) -> None:
    answer = client.get(f"{SERIES}&as_of={written}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "as_of")


def test_the_feed_tells_the_correction_before_and_after(revised: httpx.Client) -> None:
    answer = revised.get("/v1/changes?indicator=gpp-2015-base&limit=1")
    assert answer.headers["content-type"] == "application/feed+json"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    (item,) = feed["items"]
    told = item["_chiiki"]
    assert (told["added"], told["changed"], told["withdrawn"], told["periods"]) == (0, 1, 0, ["2022"])
    assert told["revised"] == [
        {
            "area": "41000",
            "period": "2022",
            "before": BEFORE,
            "before_status": "ok",
            "after": AFTER,
            "after_status": "ok",
        }
    ]
    assert "41000 2022: 3148889 → 3279773" in item["content_text"]
    assert item["title"] == "県内総生産（名目、2015年基準）（2022）：追加0件、修正1件、うち取り下げ0件"
    (earlier,) = revised.get(feed["next_url"]).json()["items"]
    assert earlier["_chiiki"]["revised"][0]["after"] == BEFORE
    (same,) = revised.get(item["id"]).json()["items"]
    assert same == item


def test_integrators_ask_for_what_is_new_to_them(revised: httpx.Client) -> None:
    _, wrong, right = moments(revised)
    assert len(changes(revised, since=right)) == 1
    assert len(changes(revised, since=wrong)) == 2
    assert changes(revised, since="2100-01-01") == []
    etag = revised.get("/v1/changes").headers["etag"]
    assert revised.get("/v1/changes", headers={"If-None-Match": etag}).status_code == 304
    put(revised, "libraries", "libraries,01100,2025,12,")
    after = revised.get("/v1/changes?limit=1", headers={"If-None-Match": etag}).json()["items"]
    assert after[0]["tags"] == ["libraries"]


def test_the_same_as_atom(revised: httpx.Client) -> None:
    answer = revised.get("/v1/changes.atom?indicator=gpp-2015-base")
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = ElementTree.fromstring(answer.content)
    entries = feed.findall("a:entry", ATOM)
    json_items = changes(revised, indicator="gpp-2015-base")
    assert [one.findtext("a:title", "", ATOM) for one in entries] == [one["title"] for one in json_items]
    assert feed.findtext("a:updated", "", ATOM) == json_items[0]["date_published"]
    for name in ("id", "title", "updated"):
        assert all(one.findtext(f"a:{name}", "", ATOM) for one in [feed, *entries])
    assert dt.datetime.fromisoformat(feed.findtext("a:updated", "", ATOM)).tzinfo is not None


def test_an_indicator_that_there_is_none_of_has_no_changes(client: httpx.Client) -> None:
    assert client.get("/v1/changes?indicator=nothing").status_code == 404
