"""Feeds of a register over HTTP into a real database: as licences allow, when they changed, whole or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from geo.tests.transit.feeds import FEED, feed
from service.cli import app
from service.fetching.feeds import ending
from service.terminal import err, out
from service.tests.databases import Database
from service.tests.fetching.replay import Replay, Reply, replaying
from service.transit.load import Credit, load_stops

HEAD = "feed_id,prefcode,label,Management,fixed_current_url,license_name\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Replay]:
    whole = feed(tmp_path).read_bytes()
    with replaying(Replay()) as replay:
        replay.files = {
            "/bus.zip": Reply(whole, headers={"ETag": '"1"'}),
            "/tram.zip": Reply(whole, headers={"Last-Modified": "Mon, 01 Apr 2019 00:00:00 GMT"}),
            "/closed.zip": Reply(whole),
        }
        yield replay


@pytest.fixture
def register(server: Replay, tmp_path: Path) -> Path:
    path = tmp_path / "gtfs.csv"
    path.write_text(
        HEAD + f"f1,10,地域バス,2,{server.url}/mirror.zip,CC BY 4.0\n"
        f"f1,10,地域バス,1,{server.url}/bus.zip,CC BY 4.0\n"
        f"f2,16,路面電車,1,{server.url}/tram.zip,CC 0\n"
        f"f3,10,貸切,1,{server.url}/closed.zip,（利用は問い合わせ）\n"
    )
    return path


def fetch(database: Database, register: Path, *words: str) -> Result:
    out.width = err.width = 250
    environment = {**database.environment, "CHIIKI_FETCH_WAIT_S": "0", "NO_COLOR": "1"}
    done = CliRunner().invoke(app, ["fetch", "gtfs", str(register), *words], env=environment)
    if not isinstance(done.exception, SystemExit | None):
        raise done.exception
    return done


def stops(database: Database) -> dict[str, int]:
    with database.begin() as conn:
        asked = text(
            "select json_object_agg(source, n) from (select source, count(*) n from stop group by 1) s"
        )
        found: dict[str, int] = conn.scalar(asked) or {}
    return found


def test_feeds_are_loaded_whose_licence_allows_it_from_their_first_address(
    migrated_database: Database, server: Replay, register: Path
) -> None:
    told = fetch(migrated_database, register).stdout
    assert stops(migrated_database) == {"f1": 4, "f2": 4}
    assert sorted(path for path, _, _ in server.asked) == ["/bus.zip", "/tram.zip"]
    assert "f1 地域バス: 4 stops, until 2019-06-30" in told
    assert "licence does not allow:\n  （利用は問い合わせ）: 1" in told
    assert "f1 2019-06-30 has ended" in told
    fetch(migrated_database, register, "--licence", "（利用は問い合わせ）", "--feed", "f3")
    assert stops(migrated_database) == {"f1": 4, "f2": 4, "f3": 4}
    with migrated_database.begin() as conn:
        asked = text("select title_en, credit_ja, credit_en from stop_source where id = 'f1'")
        credited = conn.execute(asked).one()
    assert credited == (
        "地域バス",
        "「地域バス」（CC BY 4.0）を加工して作成",
        "Made by processing “地域バス” (CC BY 4.0)",
    )


def test_a_feed_that_is_what_it_was_is_not_loaded_again(
    migrated_database: Database, server: Replay, register: Path
) -> None:
    fetch(migrated_database, register)
    assert "unchanged: 2" in fetch(migrated_database, register).stdout
    known = [headers for path, _, headers in server.asked[2:]]
    assert known[0]["if-none-match"] == '"1"'
    assert known[1]["if-modified-since"] == "Mon, 01 Apr 2019 00:00:00 GMT"
    # a server that knows no conditions sends the same bytes
    server.files["/bus.zip"] = Reply(server.files["/bus.zip"].body)
    assert "unchanged: 2" in fetch(migrated_database, register).stdout


def test_a_feed_comes_back_where_another_file_took_its_place(
    migrated_database: Database, server: Replay, register: Path, tmp_path: Path
) -> None:
    del server
    fetch(migrated_database, register, "--feed", "f1")
    other = feed(tmp_path, calendar_txt=FEED["calendar.txt"].replace("0630", "0930"))
    with migrated_database.begin() as conn:
        load_stops(conn, other, "f1", Credit("題", "t", "出典", "c", "l"), kind="gtfs", actor="tests")
    told = fetch(migrated_database, register, "--feed", "f1").stdout
    assert "f1 地域バス: 4 stops, until 2019-06-30 (4 stops before)" in told


def test_a_changed_feed_takes_the_place_and_a_broken_one_does_not(
    migrated_database: Database, server: Replay, register: Path, tmp_path: Path
) -> None:
    fetch(migrated_database, register)
    fewer = FEED["stops.txt"].replace("X,廃止,36.2,139.2,0,\n", "")
    changed = feed(tmp_path, stops_txt=fewer, calendar_txt=FEED["calendar.txt"].replace("0630", "0930"))
    server.files["/bus.zip"] = Reply(changed.read_bytes())
    whole = server.files["/tram.zip"]
    server.files["/tram.zip"] = Reply(whole.body[:900])
    before = stops(migrated_database)
    assert (
        "f1 地域バス: 4 stops, until 2019-09-30 (4 stops before)"
        in fetch(migrated_database, register, "--dry-run").stdout
    )
    assert stops(migrated_database) == before
    done = fetch(migrated_database, register)
    assert done.exit_code == 1
    assert "1 of 2 feeds were not loaded; what they had stays" in done.stderr
    with migrated_database.begin() as conn:
        ends = [tuple(row) for row in conn.execute(text("select id, valid_to from stop_source order by id"))]
    assert ends == [("f1", dt.date(2019, 9, 30)), ("f2", dt.date(2019, 6, 30))]
    # it was not remembered as the feed that it is not
    server.files["/tram.zip"] = Reply(whole.body)
    assert "unchanged: 2" in fetch(migrated_database, register).stdout


def test_a_feed_that_is_away_or_too_large_is_told_and_the_others_are_loaded(
    migrated_database: Database, server: Replay, register: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/tram.zip"] = Reply(b"gone", 404)
    done = fetch(migrated_database, register)
    assert (done.exit_code, stops(migrated_database)) == (1, {"f1": 4})
    assert "status 404" in done.stderr
    monkeypatch.setattr("service.fetching.feeds.MOST_BYTES", 1000)
    server.files["/tram.zip"] = server.files["/closed.zip"]
    assert "a larger answer" in fetch(migrated_database, register, "--prefecture", "16000").stderr
    assert stops(migrated_database) == {"f1": 4}


def test_a_feed_may_have_moved(migrated_database: Database, server: Replay, register: Path) -> None:
    server.files["/elsewhere.zip"] = server.files["/bus.zip"]
    server.files["/bus.zip"] = Reply(b"", 302, {"Location": "/elsewhere.zip"})
    fetch(migrated_database, register, "--feed", "f1")
    assert stops(migrated_database) == {"f1": 4}


def test_a_register_tells_every_wrong_line(migrated_database: Database, tmp_path: Path) -> None:
    register = tmp_path / "gtfs.csv"
    register.write_text(HEAD + "f/1,48,,0,file:///etc/passwd,\n")
    refused = fetch(migrated_database, register)
    assert refused.exit_code == 1
    for told in ("feed_id", "prefcode", "label", "Management", "http://", "license_name"):
        assert told in refused.stderr


def test_timetables_are_told_from_thirty_days_before_they_end(
    migrated_database: Database, server: Replay, register: Path
) -> None:
    del server
    fetch(migrated_database, register, "--feed", "f1")
    with migrated_database.begin() as conn:
        assert ending(conn, dt.date(2019, 5, 31)) == []
        (soon,) = ending(conn, dt.date(2019, 6, 30))
        (over,) = ending(conn, dt.date(2019, 7, 1))
    assert (soon["id"], soon["state"], over["state"]) == ("f1", "ends soon", "has ended")
