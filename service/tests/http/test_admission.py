from __future__ import annotations

import re
import time

import orjson
import pytest

from service.http import admission
from service.http.admission import Lane, Lanes, Place, asking
from service.http.problems import TooManyRequests
from service.memory.cache import Busy
from service.settings import HOME, Settings


def test_an_address_has_its_share_of_a_minute_and_what_is_refused_takes_none_of_it() -> None:
    lane = Lane("reads", 10, 3)
    assert [lane.counted("a") for _ in range(3)] == [0, 0, 0]
    first, second = lane.counted("a"), lane.counted("a")
    assert 0 < second <= first <= 60 / 3
    assert lane.counted("b") == 0


def test_a_key_is_counted_beside_its_address() -> None:
    lane = Lane("writes", 10, 2)
    assert [lane.counted(address, "key") for address in "ab"] == [0, 0]
    assert lane.counted("c", "key") > 0
    assert lane.counted("c") == 0


def test_without_a_limit_everybody_may_ask_for_any_number() -> None:
    lane = Lane("reads", 10, 0)
    assert not any(lane.counted("a") for _ in range(1000))


def test_no_more_addresses_are_known_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MOST_KNOWN", 5)
    lane = Lane("reads", 10, 1)
    for n in range(100):
        lane.counted("again", n)
        lane.counted(n)
    assert len(lane._paid) == 5


def test_a_refusal_says_what_is_wrong() -> None:
    lane = Lane("heavy", 1, 1)
    assert lane.refused("a") is None  # who is let in takes their place later
    late = lane.refused("a")
    assert isinstance(late, TooManyRequests)
    assert late.headers["RateLimit-Policy"] == '"heavy";q=1;w=60'
    with Place(lane, "c"):
        assert isinstance(lane.refused("b"), Busy)
    assert lane.refused("b") is None


def test_one_address_leaves_half_of_a_lane_to_others() -> None:
    lane = Lane("reads", 4, 0)
    with Place(lane, "a"):
        assert lane.refused("a") is None
        with Place(lane, "a"):
            assert isinstance(lane.refused("a"), Busy)
            assert lane.refused("b") is None
            with Place(lane, "b"), Place(lane, "c"):
                assert isinstance(lane.refused("d"), Busy)
        assert lane.refused("a") is None
    assert not lane._running_of


def test_where_all_wait_for_long_few_are_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    lane = Lane("reads", 16, 0, late_s=0.5)
    with Place(lane, "a"):
        now[0] = 0.4
        with Place(lane, "b"):
            assert lane.refused("c") is None
            now[0] = 0.6
            assert isinstance(lane.refused("c"), Busy)
        assert lane.refused("c") is None  # an eighth is always served
    with Place(lane, "a"), Place(lane, "b"):
        assert lane.refused("c") is None


def test_a_place_is_left_once_and_never_taken_after_that() -> None:
    lane = Lane("reads", 1, 0)
    place = Place(lane, "a")
    place.leave()
    place.take()
    assert lane.running == 0


@pytest.mark.parametrize(
    ("method", "path", "lane"),
    [
        ("GET", "/v1/layers/births/values.json", "reads"),
        ("GET", "/v1/layers/births/map.png", "heavy"),
        ("GET", "/v1/layers/births/download.gpkg", "heavy"),
        ("POST", "/v1/transport-gap/scenario", "heavy"),
        ("POST", "/ogc/joins", "heavy"),
        ("PUT", "/v1/kpis/k/actuals", "writes"),
        ("DELETE", "/v1/deployments/d", "writes"),
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
    ],
)
def test_requests_stand_in_lanes_by_what_they_cost(method: str, path: str, lane: str | None) -> None:
    found = Lanes(Settings()).of(method, path)
    assert (found and found.name) == lane


def test_what_is_heavy_are_routes_that_there_are() -> None:
    paths = orjson.loads((HOME / "openapi/openapi.json").read_bytes())["paths"]
    lanes = Lanes(Settings())
    heavy = {path for path in paths if lanes.of("GET", re.sub(r"{\w+}", "x", path)) is lanes.heavy}
    assert heavy == {
        "/ogc/joins",
        "/v1/areas/{code}/profile.pdf",
        "/v1/correlation",
        "/v1/deployments.xlsx",
        "/v1/layers/{layer}/download.{format}",
        "/v1/layers/{layer}/map.png",
        "/v1/layers/{layer}/map.svg",
        "/v1/layers/{layer}/spatial.json",
        "/v1/measures/{measure}/effect",
        "/v1/measures/{measure}/effect.csv",
        "/v1/stops.geojson",
        "/v1/strategy/{view}.png",
        "/v1/transport-gap/scenario",
        "/v1/transport-gap/{definition}/bands",
        "/v1/transport-gap/{definition}/cells.geojson",
    }


def asked_from(host: str, *headers: tuple[bytes, bytes]) -> list[object]:
    return list(asking({"client": (host, 1), "headers": headers}, with_key=True))


def test_one_who_has_a_network_of_ipv6_is_one_and_a_key_is_not_kept() -> None:
    assert asked_from("2001:db8:0:1::7") == asked_from("2001:db8:0:1:ffff::1")
    assert asked_from("2001:db8:0:1::7") != asked_from("2001:db8:0:2::7")
    assert asked_from("::ffff:192.0.2.1") == asked_from("192.0.2.1")
    assert asked_from("no:address" * 100) == [("no:address" * 100)[:64]]
    key = (b"x-api-key", b"chiiki_secret")
    address, shown = asked_from("192.0.2.1", key)
    assert (address, shown) == ("192.0.2.1", hash(key))
    assert len(asked_from("192.0.2.1", *[(b"authorization", b"%d" % n) for n in range(9)])) == 2
