"""What stands between clients and the service: browsers that guard other sites, proxies that compress."""

from __future__ import annotations

import re

import httpx
import pytest

ORIGIN = "https://town.example"
#: A tile, an answer that is kept, a small one, a download, features.
ADDRESSES = (
    "/v1/layers/population/tiles/5/28/12.mvt?level=prefecture",
    "/v1/layers/population/areas.geojson?level=prefecture",
    "/v1/layers/population/legend.json?level=prefecture",
    "/v1/layers/population/download.csv?level=prefecture",
    "/ogc/collections/population.prefecture/items?limit=3",
)


def listed(header: str) -> set[str]:
    return {one.strip().lower() for one in header.split(",")}


@pytest.mark.parametrize(
    "header",
    [
        *("range", "if-range", "if-modified-since", "if-none-match", "cache-control"),
        *("x-requested-with", "authorization", "x-api-key", "content-type"),
    ],
)
@pytest.mark.parametrize("address", ["/v1/layers/population/download.fgb", "/ogc/collections", "/tiles.json"])
def test_pages_of_other_sites_may_send_what_their_libraries_send(
    client: httpx.Client, header: str, address: str
) -> None:
    """flatgeobuf and PMTiles ask for ranges, jQuery says who asks, GIS portals add a login that they have."""
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": header,
    }
    answer = client.options(address, headers=asked)
    assert answer.status_code == 200, answer.text
    assert header in listed(answer.headers["access-control-allow-headers"])
    assert answer.headers["access-control-allow-origin"] == "*"


def test_pages_of_other_sites_may_read_what_an_answer_says_of_itself(client: httpx.Client) -> None:
    address = "/v1/layers/population/download.fgb?level=prefecture"
    ranged = client.get(address, headers={"Origin": ORIGIN, "Range": "bytes=0-7"})
    assert (ranged.status_code, len(ranged.content)) == (206, 8)
    told = listed(ranged.headers["access-control-expose-headers"])
    assert {"content-range", "accept-ranges", "etag", "content-disposition", "link"} <= told
    items = client.get("/ogc/collections/population.prefecture/items?limit=1", headers={"Origin": ORIGIN})
    told = listed(items.headers["access-control-expose-headers"])
    assert {"content-crs", "link", "retry-after"} <= told


#: How proxies that compress by themselves write the tag of what they were given.
WRITTEN = (
    '"{}-gzip"',  # Apache
    'W/"{}"',  # nginx
    'W/"{}-gzip"',
    '"{}--gzip"',  # Jetty
    '"{}"-gzip',  # Apache before 2.4
    '"{}-br"',  # Apache with brotli
    '"other", W/"{}-gzip"',
)


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_tag_that_a_proxy_has_changed_is_known(client: httpx.Client, address: str, written: str) -> None:
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert plain.status_code == 200
    bare = re.sub(r'^W/|"', "", plain.headers["etag"])
    known = {"Accept-Encoding": "identity", "If-None-Match": written.format(bare)}
    for _ in range(2):  # the second is answered from what is at hand
        answer = client.get(address, headers=known)
        assert (answer.status_code, answer.content) == (304, b""), written
    unknown = {"Accept-Encoding": "identity", "If-None-Match": written.format(f"{bare}x")}
    assert client.get(address, headers=unknown).status_code == 200
