"""What a restored database answers is what the first one answered."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.conftest import Server, serving
from geo.tests.promises import Promise
from service.tests.databases import Database, DatabaseServer

ANSWERS = 1_000
SEED = 22


def chiiki(database: Database, *words: str) -> str:
    command = [sys.executable, "-m", "service.cli", *words]
    environment = {**os.environ, **database.environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def addresses(layers: list[dict[str, Any]], codes: list[str]) -> Iterator[str]:
    """Addresses of any layer, period, place and area."""
    draw = random.Random(SEED)
    while True:
        layer, code = draw.choice(layers), draw.choice(codes)
        root, period = f"/v1/layers/{layer['id']}", f"period={draw.choice(layer['periods'])}"
        yield draw.choice(
            (
                f"{root}/values.json?{period}",
                f"{root}/legend.json?{period}",
                f"{root}/tiles/{draw.choice(('4/14/6', '5/28/12', '6/56/25', '7/113/50'))}.mvt?{period}",
                f"/v1/areas/{code}/profile",
                f"/v1/areas/{code}",
                f"/v1/series?indicator=population&areas={code}",
            )
        )


@pytest.mark.prove("three minutes")
@pytest.mark.timeout(1_200)
def test_a_restored_database_has_every_revision_and_answers_the_same_bytes(
    database: Database, server: Server, database_server: DatabaseServer, tmp_path: Path, promise: Promise
) -> None:
    file = tmp_path / "whole.dump"
    chiiki(database, "backup", str(file))
    with database_server.new_database() as other:
        assert "Restored and proven" in chiiki(other, "restore", str(file))
        with (
            serving(other, tmp_path / "log") as second,
            httpx.Client(base_url=server.url, timeout=60) as before,
            httpx.Client(base_url=second.url, timeout=60) as after,
        ):
            listed = before.get("/v1/layers?limit=2000").json()["layers"]
            layers = [layer for layer in listed if layer["periods"]]
            assert len(layers) > 300
            for layer in layers:
                told = f"/v1/layers/{layer['id']}/tiles.json"
                assert after.get(told).json()["revision"] == before.get(told).json()["revision"], told
            areas = before.get("/v1/areas?level=municipality&limit=2000").json()["areas"]
            drawn = addresses(layers, [area["code"] for area in areas])
            differing, found = [], 0
            for _ in range(ANSWERS):
                address = next(drawn)
                one, two = before.get(address), after.get(address)
                found += one.status_code == 200
                same = (one.status_code, one.content, one.headers.get("ETag"))
                if same != (two.status_code, two.content, two.headers.get("ETag")):
                    differing.append(address)
            assert found > ANSWERS / 2
            tried = f"{len(layers)} revisions and {ANSWERS:,} answers"
            promise.told(
                f"a restored database answers the same bytes ({tried})",
                tried=len(layers) + ANSWERS,
                failed=len(differing),
                worst=differing[0] if differing else "",
                seed=SEED,
            )
