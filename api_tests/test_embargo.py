"""Figures that are held: nobody reads them before their moment, everybody reads them after it."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import text

from api_tests.conftest import serving
from geo.tests.promises import Promise
from service.app import create_api
from service.figures import vectors
from service.http import auth
from service.settings import Settings
from service.tests.databases import Database, DatabaseServer

SEED = 22
#: Both services say that they are reached here, so that their links are the same.
PUBLIC = {"CHIIKI_PUBLIC_URL": "https://chiiki.example", "CHIIKI_NEWS_EVERY_S": "1"}
#: Guards, not promises: a busy machine may be slow.
DEADLINE_S = 120
LATEST_S = 300
PATH = "/v1/indicators/population/observations?source=census-2020&boundary_date=2020-10-01"
#: A figure that is there is revised, one of a period without any is new.
ROWS = """indicator,area_code,period,value,status
population,10201,2020,7654321,
population,10201,2024,8765432,
"""
#: Headers that each answer has of its own.
OWN = {"date", "x-request-id"}
#: What only held figures could have put into an answer.
TELLTALES = (b"7654321", b"7,654,321", b"8765432", b"8,765,432")
#: Where they would be seen, beside the examples of the document.
SEEN = (
    *(
        f"/v1/layers/{layer}/{form}"
        for layer in ("population", "ageing-rate")
        for form in (
            *(
                "tiles/5/28/12.mvt",
                "tiles/8/227/100.mlt",
                "tiles/5/28/12.png",
                "legend.json",
                "values.json",
                "values.csv",
            ),
            *(
                "statistics.json",
                "summary.json",
                "periods.json",
                "tiles.json",
                "style.json",
                "ranking.json",
                "map.svg",
            ),
            *("areas.geojson?parent=10000&detail=low", "download.csv?level=municipality", "spatial.json"),
            "values.json?period=2024",
            "tiles/5/28/12.mvt?period=2024",
        )
    ),
    "/v1/series?indicator=population&areas=10201,10000,nation",
    "/v1/series?indicator=population&areas=10201&as_of=2026-01-01",
    "/v1/series?indicator=population&areas=10201&from=2024&to=2024",
    *(
        "/v1/changes",
        "/v1/changes?indicator=population",
        "/v1/changes.atom",
        "/v1/layers?limit=0",
        "/v1/layers?q=人口",
    ),
    *(
        "/v1/search?q=前橋 人口",
        "/v1/areas/10201/profile",
        "/v1/areas/10201/profile.csv",
        "/v1/areas/10201/peers",
    ),
    *("/areas/10201", "/indicators/population", "/catalog.jsonld", "/?layer=population&area=10201"),
    "/ogc/collections/population.municipality/items?datetime=2024&limit=3&detail=low",
    "/ogc/collections/population.municipality/items/10201-2024",
    "/resas/api/v1/population/sum/perYear?prefCode=10&cityCode=10201",
    "/v1/kpis/goal-1-productivity-growth/progress",
)


def addresses() -> list[str]:
    """An address of each route that anybody may read, of the document's examples, and those of ``SEEN``."""
    found = list(SEEN)
    for path, methods in create_api(Settings()).openapi()["paths"].items():
        asked = methods.get("get")
        if asked is None or asked.get("security") or "operation" in asked["tags"]:
            continue  # what tells how the process is differs from moment to moment
        needed = [one for one in asked.get("parameters", ()) if one.get("required")]
        filled = path.format(**{one["name"]: one["example"] for one in needed if one["in"] == "path"})
        query = urlencode({one["name"]: one["example"] for one in needed if one["in"] == "query"})
        found.append(f"{filled}?{query}" if query else filled)
    return list(dict.fromkeys(found))


@contextmanager
def twins(
    server: DatabaseServer, template: str, folder: Path
) -> Iterator[list[tuple[Database, httpx.Client]]]:
    """Two services with the same data."""
    with ExitStack() as stack:
        made = []
        for name in ("first", "second"):
            database = stack.enter_context(server.new_database(template))
            running = stack.enter_context(serving(database, folder / f"{name}.log", **PUBLIC))
            made.append((database, stack.enter_context(httpx.Client(base_url=running.url, timeout=120))))
        yield made


def key_of(database: Database) -> dict[str, str]:
    with database.begin() as conn:
        return {"X-API-Key": auth.create_key(conn, "tests", ["write"], None, "tests")}


def put(client: httpx.Client, key: dict[str, str], rows: str = ROWS, until: str = "") -> dict[str, Any]:
    query = "&" + urlencode({"embargo": until}) if until else ""
    answer = client.put(PATH + query, content=rows.encode(), headers={**key, "Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def told(client: httpx.Client, address: str) -> tuple[object, ...]:
    """Return all that an answer tells but the time of day."""
    answer = client.get(address, headers={"Accept-Encoding": "identity"})
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in OWN)
    own = answer.headers.get("x-request-id", "-").encode()  # of a problem, which tells it
    return answer.status_code, headers, answer.content.replace(own, b"")


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline


def revision(client: httpx.Client) -> object:
    return client.get("/v1/layers/population/tiles.json").json()["revision"]


def is_published(client: httpx.Client, value: float = 8765432) -> bool:
    series = client.get("/v1/series?indicator=population&areas=10201&from=2024&to=2024").json()["series"]
    return bool(series[0]["points"]) and series[0]["points"][0]["value"] == value


def as_told_by(first: Database, second: Database) -> None:
    """Give the changes of the first the moments of those of the second."""
    copied = {
        "figure_change": ("select id, at from figure_change order by id desc limit 1", "at"),
        "revision": ("select subject, n from revision", "n"),
    }
    with second.begin() as conn:
        ((change, at),) = conn.execute(text(copied["figure_change"][0])).all()
        numbers = [row._asdict() for row in conn.execute(text(copied["revision"][0]))]
    with first.begin() as conn:
        before = conn.scalar(text("select at from figure_change where id = :id"), {"id": change})
        assert before is not None  # no number was spent on what was held
        conn.execute(
            text("update superseded set until = :at where until = :before"), {"at": at, "before": before}
        )
        conn.execute(text("update figure_change set at = :at where id = :id"), {"at": at, "id": change})
        conn.execute(text("update revision set n = :n where subject = :subject"), numbers)


@pytest.mark.timeout(600)
def test_before_its_moment_nothing_tells_of_it_and_after_it_all_is_as_if_loaded_then(
    database_server: DatabaseServer, template: str, tmp_path: Path, promise: Promise
) -> None:
    every = addresses()
    assert len(every) > 150
    draw = random.Random(SEED)
    chosen = draw.sample(every, promise.times(25, len(every)))
    chosen += (
        [] if set(SEEN) <= set(chosen) else ["/v1/changes", "/v1/series?indicator=population&areas=10201"]
    )
    with twins(database_server, template, tmp_path) as ((plain, first), (holding, second)):
        own, key = key_of(plain), key_of(holding)
        held = put(second, key, until="2028-12-25T08:50+09:00")["embargo"]
        before = {address: told(first, address) for address in chosen}
        leaks = [
            address
            for address, answer in before.items()
            if (seen := told(second, address)) != answer or any(one in seen[2] for one in TELLTALES)  # type: ignore[operator]
        ]
        promise.told(
            "embargo: leaks", tried=len(chosen), failed=len(leaks), worst=", ".join(leaks[:3]), seed=SEED
        )
        with holding.begin() as conn:
            moved = text("update embargo set release_at = clock_timestamp() where id = :id")
            conn.execute(moved, {"id": held["id"]})
        wait_until(lambda: is_published(second))
        put(first, own)
        as_told_by(plain, holding)
        wait_until(lambda: revision(first) == revision(second))
        after = {address: told(first, address) for address in chosen}
        differing = [address for address, answer in after.items() if told(second, address) != answer]
        promise.told(
            "embargo: answers after the moment as after a load",
            tried=len(chosen),
            failed=len(differing),
            worst=", ".join(differing[:3]),
        )
        assert sum(after[address] != before[address] for address in chosen) > len(chosen) // 5


@pytest.mark.prove("half a minute")
def test_held_figures_are_published_at_their_moment_by_whoever_serves_then(
    scratch_database: Database, tmp_path: Path, promise: Promise
) -> None:
    key = key_of(scratch_database)
    times = promise.times(1, 10)
    early, late = 0, []
    with (
        serving(scratch_database, tmp_path / "log", CHIIKI_WORKERS="2") as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        for value in range(1, times + 1):
            until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=2)
            put(client, key, ROWS.replace("8765432", str(value)), until.isoformat())
            while not is_published(client, value):
                assert dt.datetime.now(dt.UTC) < until + dt.timedelta(seconds=LATEST_S)
            seen = (dt.datetime.now(dt.UTC) - until).total_seconds()
            early += seen < 0
            late.append(seen)
        assert client.get("/v1/embargoes", headers=key).json() == {"embargoes": []}
        feed = client.get("/v1/changes?indicator=population&limit=1").json()["items"]
        assert feed[0]["_chiiki"]["periods"] == (["2024"] if times > 1 else ["2020", "2024"])
    promise.told(
        "embargo: published at its moment, never before it",
        tried=times,
        failed=early,
        worst=f"{max(late):.1f} s",
    )


@pytest.mark.prove("half a minute")
def test_what_became_due_while_nobody_served_is_published_once_whoever_was_killed_at_it(
    scratch_database: Database, tmp_path: Path, promise: Promise
) -> None:
    key = key_of(scratch_database)
    changes = text("select count(*) from figure_change")
    there = text("select count(*) from observation where value = 8765432")
    waiting = text(
        "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    with (
        serving(scratch_database, tmp_path / "log", **PUBLIC) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        put(client, key, until="2028-12-25T08:50+09:00")
    with scratch_database.begin() as conn:
        before = conn.scalar(changes)
        conn.execute(text("update embargo set release_at = now() - interval '1 day'"))
    kills, halves = promise.times(1, 30), 0
    draw = random.Random(SEED)
    for kill in range(kills):
        command = [sys.executable, "-m", "service.cli", "embargo", "release"]
        environment = {**scratch_database.environment, "PATH": "/usr/bin:/bin"}
        with scratch_database.begin() as looking, scratch_database.begin() as turn:
            vectors.take_turn(turn)
            process = subprocess.Popen(command, env=environment)
            wait_until(lambda: bool(looking.scalar(waiting)))
            if kill == 0:  # in the middle of its transaction for sure; the others at any moment after
                process.kill()
                process.wait()
        if process.returncode is None:
            try:
                process.wait(timeout=draw.uniform(0, 0.2))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        with scratch_database.begin() as conn:
            is_there, is_held = conn.scalar(there), conn.scalar(text("select count(*) from embargo"))
            halves += is_there == is_held
            if is_there:
                break
    with (
        serving(scratch_database, tmp_path / "log", **PUBLIC) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        wait_until(lambda: is_published(client))
    with scratch_database.begin() as conn:
        assert conn.scalar(changes) == (before or 0) + 1
    promise.told("embargo: killed while published, half of it seen", tried=kill + 1, failed=halves, seed=SEED)
