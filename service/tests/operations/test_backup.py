from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, insert, select, text

from geo.tests.promises import Promise
from service.db import schema
from service.db.audit import verified
from service.db.tables import audit, embargo, indicator, observation, source
from service.http import auth
from service.operations.backup import connecting, manifest_of, read_manifest
from service.settings import Settings
from service.tests.boundaries import ANYWHERE, put_areas
from service.tests.databases import Database, DatabaseServer
from service.tests.disks import fill, make_room, others, small_disk
from service.tests.test_cli import chiiki

DATE = dt.date(2020, 10, 1)
#: Figures that nobody may read yet are backed up too.
HELD = {
    "id": "00000000feed",
    "release_at": dt.datetime(2099, 12, 24, 23, 50, tzinfo=dt.UTC),
    **{"actor": "甲", "subject": "births", "indicators": ["births"], "periods": ["2021"], "areas": ["10201"]},
    **{"rows": 1, "document": b"\x1f\x8b\x00'"},
}


@pytest.fixture(scope="module")
def kept(database_server: DatabaseServer) -> Iterator[Database]:
    """A database with areas, a key, an audit, and a figure that a careless copy would round."""
    with database_server.new_database() as database:
        with database.begin() as conn:
            schema.upgrade(conn)
        with database.begin() as conn:
            put_areas(conn, DATE, {"10201": ANYWHERE})
            texts = {column.name: "x" for column in source.c}
            conn.execute(insert(source).values({**texts, "id": "s", "retrieved_on": DATE}))
            conn.execute(insert(indicator).values(id="births", definition={"名": "出生数"}))
            row = {"indicator": "births", "period": "2020", "area_code": "10201", "value": 0.1 + 0.2}
            conn.execute(
                insert(observation).values({**row, "status": "ok", "source": "s", "boundary_date": DATE})
            )
            conn.execute(insert(embargo).values(HELD))
            auth.create_key(conn, "前橋市", ["write"], None, "tests")
            conn.execute(insert(audit).values(actor="甲", action="put kpi", subject="乙", detail={"n": 0.1}))
            conn.execute(
                text("insert into revision values ('indicator:births', 1764300000000001), ('kpi:乙', 7)")
            )
        yield database


@pytest.fixture(scope="module")
def whole(kept: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    file = tmp_path_factory.mktemp("backup") / "日 次.dump"
    done = chiiki(kept, "backup", str(file))
    assert done.exit_code == 0, done.stderr
    return file


@pytest.fixture
def file(whole: Path, tmp_path: Path) -> Path:
    """A copy of the backup, and of its digests."""
    for path in (whole, manifest_of(whole)):
        shutil.copy(path, tmp_path)
    return tmp_path / whole.name


@pytest.fixture
def other(database_server: DatabaseServer) -> Iterator[Database]:
    with database_server.new_database() as database:
        yield database


def tables(database: Database) -> list[str]:
    found = text("select tablename from pg_tables where schemaname = 'public'")
    with database.begin() as conn:
        return [name for name in conn.scalars(found) if name != "spatial_ref_sys"]


def test_a_backup_is_restored_whole_and_goes_on_as_the_first_would(
    whole: Path, file: Path, other: Database
) -> None:
    told = json.loads(manifest_of(file).read_text("utf-8"))
    assert told["subjects"] == {"kpi:乙": 7, "indicator:births": 1764300000000001} | told["subjects"]
    assert (told["tables"]["observation"]["rows"], told["tables"]["audit"]["rows"]) == (1, 2)
    assert sorted(path.name for path in whole.parent.iterdir()) == [file.name, f"{file.name}.json"]
    restored = chiiki(other, "restore", str(file))
    assert restored.exit_code == 0, restored.stderr
    assert "audit 2 rows" in restored.stdout
    with other.begin() as conn:
        assert conn.scalar(text("select value from observation")) == 0.30000000000000004
        held = conn.execute(select(embargo)).one()._asdict()
        assert {name: held[name] for name in HELD} == HELD
        assert str(verified(conn)) == told["audit"]
        assert schema.revision(conn) == schema.newest()
        assert conn.scalar(text("select has_table_privilege('chiiki_reader', 'area', 'select')")) is True
        conn.execute(insert(audit).values(actor="甲", action="put kpi", subject="丙", detail={}))
    with other.begin() as conn:
        assert verified(conn).n == 3
    assert chiiki(other, "audit", "verify", "--head", told["audit"]).exit_code == 0


def test_neither_a_file_nor_a_database_is_ever_overwritten(
    kept: Database, file: Path, other: Database, tmp_path: Path
) -> None:
    before = file.read_bytes()
    again = chiiki(kept, "backup", str(file))
    assert (again.exit_code, file.read_bytes()) == (1, before)
    assert "exists already" in again.stderr
    full = chiiki(kept, "restore", str(file))
    assert full.exit_code == 1
    assert "not empty" in full.stderr
    empty = chiiki(other, "backup", str(tmp_path / "b.dump"))
    assert (empty.exit_code, len(list(tmp_path.iterdir()))) == (1, 2)


@pytest.mark.parametrize("damage", ["a bit", "the end", "no digests", "another file"])
def test_a_file_that_is_not_what_was_backed_up_restores_nothing(
    file: Path, other: Database, damage: str
) -> None:
    whole = file.read_bytes()
    middle = len(whole) // 2
    if damage == "a bit":
        file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    elif damage == "the end":
        file.write_bytes(whole[:-100])
    elif damage == "no digests":
        manifest_of(file).unlink()
    else:
        file.write_bytes(b"PGDMP")
    refused = chiiki(other, "restore", str(file))
    assert refused.exit_code == 1
    assert "digest" in refused.stderr or "not the file" in refused.stderr
    assert tables(other) == []


def test_a_restore_that_brings_other_rows_is_found(file: Path, other: Database) -> None:
    told = json.loads(manifest_of(file).read_text("utf-8"))
    told["tables"]["observation"]["digest"] = "1"
    told["subjects"]["kpi:乙"] = 8
    manifest_of(file).write_text(json.dumps(told), "utf-8")
    refused = chiiki(other, "restore", str(file))
    assert refused.exit_code == 1
    for word in ("do not use this database", "table observation", "subject kpi:乙"):
        assert word in refused.stderr


def test_a_backup_onto_a_full_disk_is_refused_and_leaves_nothing(
    kept: Database, whole: Path, tmp_path: Path, promise: Promise
) -> None:
    size, page = whole.stat().st_size, 4096
    pages = -(-size // page)
    # no room, a page, a half, all but a page of it, and all of it but none for the digests
    rooms = sorted({0, 1, pages // 2, pages - 1, pages})
    if promise.times(0, 1):
        rooms = list(range(pages + 1))
    with small_disk(tmp_path / "disk", 16 << 10) as disk:
        for room in rooms:
            fill(disk, room * page)
            refused = chiiki(kept, "backup", str(disk / "b.dump"))
            assert refused.exit_code == 1, room
            assert "No space left" in refused.stderr, (room, refused.stderr)
            assert others(disk) == [], room
            make_room(disk)
        done = chiiki(kept, "backup", str(disk / "b.dump"))
        assert done.exit_code == 0, done.stderr
        assert others(disk) == ["b.dump", "b.dump.json"]
        assert read_manifest(disk / "b.dump")["bytes"] > 0
    promise.told("a backup onto a full disk is refused and leaves nothing", tried=len(rooms), failed=0)


def test_the_password_is_on_no_command_line() -> None:
    secret = URL.create("postgresql", "chiiki", "geheim", "db.example", database="regions")
    words, environment = connecting(Settings(database_url=SecretStr(secret.render_as_string(False))))
    assert words == ["--dbname=postgresql://chiiki@db.example/regions"]
    assert environment["PGPASSWORD"] == "geheim"
