"""The n-th statement of every load fails, for n = 1, 2, 3 …: all of it is there, or nothing.

The fault is a real one: the server ends the connection before the n-th statement, copy or commit.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import text

from geo.tests.figures.test_accounts import workbook
from geo.tests.figures.test_ssds import CELLS, LIST
from geo.tests.figures.test_ssds import table as items
from geo.tests.promises import Promise
from geo.tests.transit.feeds import FEED, feed
from service.db import schema
from service.tests.areas.test_load import HAKODATE, SAPPORO, TOBETSU
from service.tests.areas.test_load import written as boundaries
from service.tests.databases import Database, DatabaseServer
from service.tests.faults import Faults, contents, faulty
from service.tests.fetching.replay import KEY, Replay, Reply, replaying
from service.tests.fetching.test_tables import MAPPING, TABLE, table
from service.tests.figures.test_load import FINANCE
from service.tests.strategy.test_deployment_load import ROW
from service.tests.test_cli import chiiki

ROWS = "indicator,area_code,period,value,status\n"
CREDIT = ("--title", "題", "--credit", "出典", "--licence", "licence")
CENSUS = ("--source", "census-2020", "--boundary-date", "2020-10-01")
#: A cell of 500 m in the squares that the boundaries are.
CELL = "644140641"

Words = Sequence[str]


def figures(folder: Path, *values: int) -> Path:
    path = folder / f"figures-{len(values)}.csv"
    codes = ("01101", "01102", "01202", "01303")
    lines = [f"births,{code},2020,{value},\n" for code, value in zip(codes, values, strict=False)]
    path.write_text(ROWS + "".join(lines))
    return path


def northern(folder: Path) -> Path:
    told = FEED["stops.txt"].replace("36.", "43.").replace("139.", "141.")
    return feed(folder, stops_txt=told)


def _boundaries(folder: Path) -> Words:
    path = boundaries(folder, *SAPPORO, HAKODATE, TOBETSU)
    return ("ingest", "boundaries", str(path), "--vintage", "2021-01-01")


def _other_boundaries(folder: Path) -> Words:
    moved = json.loads(json.dumps(TOBETSU).replace("43.1", "43.15"))
    path = boundaries(folder, *SAPPORO, HAKODATE, moved)
    return ("ingest", "boundaries", str(path), "--vintage", "2021-01-01")


def _observations(folder: Path) -> Words:
    return ("ingest", "observations", str(figures(folder, 1, 2, 3, 4)), *CENSUS)


def _revised(folder: Path) -> Words:
    return ("ingest", "observations", str(figures(folder, 5, 6)), *CENSUS)


def _as_json(folder: Path) -> Words:
    path = folder / "figures.json"
    row = {"indicator": "births", "area_code": "01202", "period": "2021", "value": 13}
    path.write_text(json.dumps([row]))
    return ("ingest", "observations", str(path), *CENSUS)


def _accounts(folder: Path) -> Words:
    path = workbook(folder / "accounts.xlsx")
    told = ("--source", "accounts-2011-base", "--boundary-date", "2018-10-01")
    return ("ingest", "observations", str(path), "--indicator", "employed-2011-base", *told)


def _table(folder: Path) -> Words:
    path = folder / "municipal_fiscal_indices_fy2005_2021.csv"
    path.write_text(FINANCE + "2005,,静岡県,浜松市,0.92,84.6,13.1,,12.3,100.1", encoding="utf-8")
    return ("ingest", "table", str(path))


def _ssds(folder: Path) -> Words:
    path = items(folder / "items.csv", ["I5101", "1975", *CELLS])
    listed = folder / "list.csv"
    listed.write_text(f"{LIST}I5101,basic,I,病院数,施設,1975,2023,49\n", "utf-8")
    return ("ingest", "ssds", str(path), "--items", str(listed))


def _deployments(folder: Path) -> Words:
    path = folder / "list.csv"
    path.write_text(",".join(ROW) + "\n" + ",".join(ROW.values()) + "\n", "utf-8")
    return ("ingest", "deployments", str(path))


def _deployments_as_workbook(folder: Path) -> Words:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(list(ROW))
    book.active.append(list({**ROW, "fy_start": "2026"}.values()))
    book.save(folder / "list.xlsx")
    return ("ingest", "deployments", str(folder / "list.xlsx"))


def _stops(folder: Path) -> Words:
    return ("ingest", "stops", str(northern(folder)), "--source", "bus", "--kind", "gtfs", *CREDIT)


def _grid(folder: Path) -> Words:
    path = folder / "grid.csv"
    path.write_text(f"code,pop\n{CELL},7\n")
    return ("ingest", "grid", str(path), "--name", "grid", "--year", "2020", *CREDIT)


def _gaps(_: Path) -> Words:
    return ("analyze", "transport-gap", "--grid", "grid")


def _catalogue(_: Path) -> Words:
    return ("ingest", "catalog")


def _withdrawn(_: Path) -> Words:
    return ("withdraw", "figures", "births", "--period", "2020", "--areas", "01202", "--forget")


def _without_vintage(_: Path) -> Words:
    return ("withdraw", "vintage", "2021-01-01")


def _second_boundaries(folder: Path) -> Words:
    return (*_boundaries(folder)[:-1], "2022-01-01")


def _key(_: Path) -> Words:
    return ("key", "create", "札幌市", "--scope", "write")


def _migrate(_: Path) -> Words:
    return ("migrate",)


def _statistics(folder: Path) -> Words:
    path = folder / "estat.csv"
    path.write_text(MAPPING)
    return ("fetch", "estat", TABLE, "--mapping", str(path))


def _feeds(folder: Path) -> Words:
    url = os.environ["CHIIKI_ESTAT_URL"].partition("/rest")[0]
    path = folder / "gtfs.csv"
    head = "feed_id,prefcode,label,Management,fixed_current_url,license_name\n"
    path.write_text(f"{head}f1,10,地域バス,1,{url}/bus.zip,CC BY 4.0\n")
    return ("fetch", "gtfs", str(path))


Kind = Callable[[Path], Words]
#: A load, and those that have to come before it.
KINDS: dict[str, tuple[Kind, ...]] = {
    "schema": (_migrate,),
    "catalogue": (_catalogue,),
    "boundaries": (_boundaries, _catalogue, _observations),
    "boundaries in place of others": (
        _other_boundaries,
        _catalogue,
        _boundaries,
        _observations,
        _deployments,
    ),
    "figures": (_observations, _catalogue, _boundaries),
    "figures revised": (_revised, _catalogue, _boundaries, _observations),
    "figures as JSON": (_as_json, _catalogue, _boundaries),
    "accounts": (_accounts, _catalogue, _boundaries),
    "published table": (_table, _catalogue),
    "social and demographic statistics": (_ssds, _catalogue),
    "deployments": (_deployments, _catalogue),
    "deployments as a workbook": (_deployments_as_workbook, _catalogue, _deployments),
    "stops": (_stops, _catalogue),
    "stops in place of others": (_stops, _catalogue, _stops),
    "grid": (_grid, _catalogue, _boundaries),
    "transport gaps": (_gaps, _catalogue, _boundaries, _stops, _grid),
    "catalogue over figures": (_catalogue, _catalogue, _boundaries, _observations),
    "figures withdrawn": (_withdrawn, _catalogue, _boundaries, _observations, _revised),
    "boundaries withdrawn": (_without_vintage, _catalogue, _boundaries, _second_boundaries, _observations),
    "key": (_key, _catalogue),
    "table of e-Stat": (_statistics, _catalogue, _boundaries),
    "feeds of a register": (_feeds, _catalogue),
}
#: Kinds that are tried by ``scripts/test`` too, at so many places.
QUICK, QUICK_PLACES = ("figures revised",), 4


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    """A server that publishes a table and a feed."""
    with replaying(Replay(table(), part=4)) as replay:
        replay.files = {"/bus.zip": Reply(feed(tmp_path).read_bytes())}
        monkeypatch.setenv("CHIIKI_ESTAT_URL", f"{replay.url}/rest/3.0/app/json")
        monkeypatch.setenv("CHIIKI_ESTAT_APP_ID", KEY)
        monkeypatch.setenv("CHIIKI_FETCH_WAIT_S", "0")
        yield replay


def state(database: Database, *, of_any_run: bool = False) -> dict[str, str]:
    with database.begin() as conn:
        return contents(conn, of_any_run=of_any_run)


def idle(database: Database) -> bool:
    """Return whether nobody but who asks is connected, and no lock of a load is held."""
    asked = text(
        "select (select count(*) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and backend_type = 'client backend')"
        " + (select count(*) from pg_locks where locktype = 'advisory'"
        " and database = (select oid from pg_database where datname = current_database()))"
    )
    with database.begin() as conn:
        return bool(conn.scalar(asked) == 0)


class Tried:
    """What came of the faults of one load."""

    def __init__(self) -> None:
        self.places = 0
        self.failed: list[str] = []

    def hold(self, what: str, *, is_so: bool) -> None:
        if not is_so:
            self.failed.append(what)


def broken_at_every_place(server: DatabaseServer, folder: Path, kind: str, most: int | None) -> Tried:
    """Let a load fail at each place, or at ``most`` of them, and compare what is there each time."""
    load, *before = KINDS[kind]
    tried = Tried()
    with ExitStack() as stack:
        database = stack.enter_context(server.new_database())
        if load is not _migrate:
            with database.begin() as conn:
                schema.upgrade(conn)
        for one in before:
            done = chiiki(database, *one(folder))
            assert done.exit_code == 0, (kind, one.__name__, done.stderr, done.exception)
        words = load(folder)
        twin = stack.enter_context(server.new_database(str(database.writer.database)))
        counted = Faults(lambda: "count")
        with faulty(counted):
            done = chiiki(twin, *words)
        assert done.exit_code == 0, (kind, done.stderr, done.exception)
        whole, untouched = state(twin, of_any_run=True), state(database)
        step = 1 if most is None else max(1, counted.seen // most)
        for n in range(1, counted.seen + 1, step):
            with faulty(Faults(lambda n=n: str(n))):  # type: ignore[misc]  # mypy has no name for it
                done = chiiki(database, *words)
            tried.places += 1
            tried.hold(
                f"{kind} {n}: told", is_so=done.exit_code == 1 and "database cannot be used" in done.stderr
            )
            tried.hold(f"{kind} {n}: nothing half loaded", is_so=state(database) == untouched)
            tried.hold(f"{kind} {n}: tidy", is_so=soon(lambda: idle(database)))
        done = chiiki(database, *words)
        tried.hold(f"{kind}: goes through", is_so=done.exit_code == 0)
        tried.hold(f"{kind}: as undisturbed", is_so=state(database, of_any_run=True) == whole)
        if load is not _migrate:
            tried.hold(f"{kind}: audit", is_so=chiiki(database, "audit", "verify").exit_code == 0)
    return tried


def soon(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Ask until it holds, for so long at most."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
    return True


def prove(promise: Promise, kinds: Sequence[str], tried: Sequence[Tried]) -> None:
    failed = [what for one in tried for what in one.failed]
    assert failed == [], failed[:20]
    most = max(range(len(kinds)), key=lambda place: tried[place].places)
    promise.told(
        "a load that fails at its n-th statement leaves nothing, and goes through afterwards",
        tried=sum(one.places for one in tried),
        failed=len(failed),
        worst=f"{len(kinds)} kinds, {tried[most].places} statements in {kinds[most]}",
    )


def test_a_load_whose_nth_statement_fails_leaves_nothing(
    database_server: DatabaseServer, tmp_path: Path, promise: Promise
) -> None:
    kinds = QUICK
    prove(
        promise, kinds, [broken_at_every_place(database_server, tmp_path, one, QUICK_PLACES) for one in kinds]
    )


@pytest.mark.prove("ten minutes")
@pytest.mark.timeout(3_600)
@pytest.mark.usefixtures("publisher")
def test_every_load_fails_at_every_statement_and_leaves_nothing(
    database_server: DatabaseServer, tmp_path: Path, promise: Promise
) -> None:
    tried = []
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        tried.append(broken_at_every_place(database_server, folder, kind, None))
    prove(promise, list(KINDS), tried)
