"""Readers see what was published, byte for byte, while it is published again and again."""

from __future__ import annotations

import hashlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from api_tests.conftest import serving
from api_tests.test_faults import furnish
from geo.tests.promises import Promise
from service.tests.databases import DatabaseServer

#: What of a layer that is published again and again is read meanwhile.
PUBLISHED = (
    *(
        f"/v1/layers/libraries/{form}"
        for form in ("legend.json", "values.json", "values.csv", "summary.json")
    ),
    *(f"/v1/layers/libraries/tiles/6/56/25.{form}" for form in ("mvt", "mlt", "png")),
    *(
        f"/v1/layers/libraries/{form}"
        for form in ("areas.geojson", "periods.json", "tiles.json", "statistics.json")
    ),
    *("/v1/indicators/libraries", "/v1/series?indicator=libraries&areas=10201,10202"),
    *("/v1/layers/libraries/download.csv", "/indicators/libraries", "/v1/changes"),
)
CODINGS = ("gzip", "identity")


def digest_of(client: httpx.Client, address: str, coding: str) -> tuple[int, str]:
    """Return the status and a digest of an answer, byte for byte as it was sent."""
    with client.stream("GET", address, headers={"Accept-Encoding": coding}) as answer:
        return answer.status_code, hashlib.sha256(b"".join(answer.iter_raw())).hexdigest()


@pytest.mark.prove("minutes")
def test_every_answer_is_byte_for_byte_that_of_a_version_that_was_published(
    database_server: DatabaseServer, tmp_path: Path, promise: Promise
) -> None:
    """Who publishes reads what they published; two workers answer others meanwhile."""
    publishes, seed = promise.times(3, 200), 22
    told = {"CHIIKI_PUBLIC_URL": "https://chiiki.example", "CHIIKI_READS_PER_MINUTE": "0"}
    told |= {"CHIIKI_HEAVY_PER_MINUTE": "0", "CHIIKI_WRITES_PER_MINUTE": "0"}
    published: dict[tuple[str, str], set[str]] = {}
    seen: list[tuple[str, str, str]] = []
    refused: list[tuple[str, int]] = []
    over = threading.Event()

    def keep_reading(url: str, seed: int) -> None:
        draw = random.Random(seed)
        with httpx.Client(base_url=url, timeout=60) as client:
            while not over.is_set():
                address, coding = draw.choice(PUBLISHED), draw.choice(CODINGS)
                status, digest = digest_of(client, address, coding)
                if status == 200:
                    seen.append((address, coding, digest))
                else:
                    refused.append((address, status))

    def keep(client: httpx.Client) -> None:
        for address in PUBLISHED:
            for coding in CODINGS:
                status, digest = digest_of(client, address, coding)
                assert status == 200, address
                published.setdefault((address, coding), set()).add(digest)

    with ExitStack() as stack:
        database = stack.enter_context(database_server.new_database())
        key, _ = furnish(database, tmp_path)
        publisher = stack.enter_context(serving(database, tmp_path / "publishes", **told))
        readers = stack.enter_context(serving(database, tmp_path / "reads", CHIIKI_WORKERS="2", **told))
        client = stack.enter_context(httpx.Client(base_url=publisher.url, timeout=60, headers=key))
        pool = stack.enter_context(ThreadPoolExecutor(3))
        keep(client)
        reading = [pool.submit(keep_reading, readers.url, number) for number in range(3)]
        try:
            draw = random.Random(seed)
            path = "/v1/indicators/libraries/observations?source=ssdse-a-2026&boundary_date=2024-10-01"
            for _ in range(publishes):
                rows = [
                    f"libraries,{code},2020,{draw.randrange(1, 999)},\n"
                    for code in ("10201", "10202", "10000")
                ]
                body = ("indicator,area_code,period,value,status\n" + "".join(rows)).encode()
                answer = client.put(path, content=body, headers={"Content-Type": "text/csv"})
                assert answer.status_code == 200, answer.text
                keep(client)
            enough = len(seen) + 20
            while len(seen) < enough and not any(
                one.done() for one in reading
            ):  # each look is a reader's turn
                over.wait(0.05)
        finally:
            over.set()
            for one in reading:
                one.result()
    mixed = [(address, coding) for address, coding, one in seen if one not in published[address, coding]]
    assert refused == []
    promise.told(
        "readers during publishes get a published version, byte for byte",
        tried=len(seen),
        failed=len(mixed),
        worst=f"{publishes} publishes",
        seed=seed,
    )
