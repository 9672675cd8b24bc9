"""Tables of e-Stat over HTTP into a real database: whole or not at all, changes told, no key anywhere."""

from __future__ import annotations

import gzip
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from service.cli import app
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.terminal import err, out
from service.tests.databases import Database, DatabaseServer
from service.tests.fetching.replay import KEY, Replay, Reply, replaying

REAL = os.environ.get("CHIIKI_REAL_DATA")
TABLE = "0003433219"
HEAD = "table,indicator,select,area,period,skip_areas,source,boundary_date\n"
MAPPING = (
    HEAD + f"{TABLE},population,tab=2020_01;cat01=0,area,time,,census-2020,2020-10-01\n"
    f"{TABLE},women-20-39,cat01=2,area,time,13100,census-2020,2020-10-01\n"
)


def value(area: str, sex: str, cell: str) -> dict[str, str]:
    return {"@tab": "2020_01", "@cat01": sex, "@area": area, "@time": "2020000000", "$": cell}


def table() -> dict[str, Any]:
    """Return a table of the published shape: men and women of five areas, made up but for the names."""
    areas = {"00000": "全国", "01202": "函館市", "01100": "札幌市", "13100": "特別区部", "15100": "新潟市"}
    values = [
        value(area, sex, str(1000 * (place + 1) + int(sex)))
        for sex in ("0", "1", "2")
        for place, area in enumerate(areas)
        if (area, sex) != ("13100", "0")
    ]
    values[-1]["$"] = "－"
    classes = [
        {"@id": "tab", "@name": "表章事項", "CLASS": {"@code": "2020_01", "@name": "人口", "@unit": "人"}},
        {
            "@id": "cat01",
            "@name": "男女",
            "CLASS": [{"@code": c, "@name": n} for c, n in (("0", "総数"), ("1", "男"), ("2", "女"))],
        },
        {"@id": "area", "CLASS": [{"@code": code, "@name": name} for code, name in areas.items()]},
        {"@id": "time", "CLASS": {"@code": "2020000000", "@name": "2020年"}},
    ]
    inside = {
        "TABLE_INF": {"@id": TABLE, "TITLE": {"@no": "1-1", "$": "男女別人口"}, "UPDATED_DATE": "2024-09-30"},
        "CLASS_INF": {"CLASS_OBJ": classes},
        "DATA_INF": {"NOTE": [{"@char": "－", "$": "数値を秘匿したもの"}], "VALUE": values},
    }
    return {"GET_STATS_DATA": {"RESULT": {"STATUS": 0}, "STATISTICAL_DATA": inside}}


@pytest.fixture
def server() -> Iterator[Replay]:
    with replaying(Replay(table(), part=4)) as replay:
        yield replay


@pytest.fixture
def database(migrated_database: Database) -> Database:
    with migrated_database.begin() as conn:
        load_catalogue(conn, HOME / "data" / "catalog", "tests")
    return migrated_database


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "estat-census.csv"
    path.write_text(MAPPING)
    return path


def values_of(replay: Replay) -> list[dict[str, str]]:
    found: list[dict[str, str]] = replay.document["GET_STATS_DATA"]["STATISTICAL_DATA"]["DATA_INF"]["VALUE"]
    return found


def chiiki(database: Database, replay: Replay, *words: str, **settings: str) -> Result:
    out.width = err.width = 250
    environment = {
        **database.environment,
        "CHIIKI_ESTAT_URL": f"{replay.url}/rest/3.0/app/json",
        "CHIIKI_ESTAT_APP_ID": KEY,
        "CHIIKI_FETCH_WAIT_S": "0",
        "NO_COLOR": "1",
        **settings,
    }
    done = CliRunner().invoke(app, list(words), env=environment)
    if not isinstance(done.exception, SystemExit | None):
        raise done.exception
    assert KEY not in done.output
    return done


def fetch(database: Database, replay: Replay, mapping: Path, *words: str, **settings: str) -> Result:
    return chiiki(database, replay, "fetch", "estat", TABLE, "--mapping", str(mapping), *words, **settings)


def standing(database: Database) -> dict[tuple[str, str], tuple[float | None, str]]:
    with database.begin() as conn:
        rows = conn.execute(text("select indicator, area_code, value, status from observation")).all()
    return {(name, code): (number, status) for name, code, number, status in rows}


FIRST = {
    ("population", "00000"): (1000.0, "ok"),
    ("population", "01202"): (2000.0, "ok"),
    ("population", "01100"): (3000.0, "ok"),
    ("population", "15100"): (5000.0, "ok"),
    ("women-20-39", "00000"): (1002.0, "ok"),
    ("women-20-39", "01202"): (2002.0, "ok"),
    ("women-20-39", "01100"): (3002.0, "ok"),
    ("women-20-39", "15100"): (None, "secret"),
}


def test_a_table_is_read_in_parts_and_loaded_with_its_own_signs(
    database: Database, server: Replay, mapping: Path
) -> None:
    told = fetch(database, server, mapping).stdout
    assert standing(database) == FIRST
    assert "new: 8" in told
    assert "values: 9" in told
    # men are in no line of the mapping, and were not asked for
    starts = [asked["startPosition"] for path, asked, _ in server.asked if path.endswith("getStatsData")]
    assert starts == ["1", "5", "9"]
    assert {asked.get("cdCat01", "") for _, asked, _ in server.asked[1:]} == {"0,2"}


def test_the_same_table_again_has_nothing_new(database: Database, server: Replay, mapping: Path) -> None:
    fetch(database, server, mapping)
    told = fetch(database, server, mapping).stdout
    assert "new: 0" in told
    assert "changed: 0" in told
    with database.begin() as conn:
        assert conn.scalar(text("select count(*) from superseded")) == 0
        assert conn.scalar(text("select count(*) from figure_change")) == 2


def test_a_revised_value_is_told_before_it_is_loaded_and_the_old_one_is_kept(
    database: Database, server: Replay, mapping: Path
) -> None:
    fetch(database, server, mapping)
    values_of(server)[2]["$"] = "3,001"
    told = fetch(database, server, mapping, "--dry-run").stdout
    assert "population 2020 01100: 3000 → 3001" in told
    assert standing(database) == FIRST
    fetch(database, server, mapping)
    assert standing(database) == FIRST | {("population", "01100"): (3001.0, "ok")}
    with database.begin() as conn:
        kept = conn.execute(text("select area_code, value, status, source from superseded")).all()
    assert [tuple(row) for row in kept] == [("01100", 3000.0, "ok", "census-2020")]


@pytest.mark.parametrize("is_left_out", [True, False])
def test_a_figure_that_is_gone_stays_until_somebody_says_so(
    database: Database, server: Replay, mapping: Path, is_left_out: bool
) -> None:
    fetch(database, server, mapping)
    if is_left_out:
        del values_of(server)[2]
    else:
        values_of(server)[2]["$"] = "***"
    assert (
        "withdrawn: 1\n  population 2020 01100: 3000" in fetch(database, server, mapping, "--dry-run").stdout
    )
    refused = fetch(database, server, mapping)
    assert refused.exit_code == 1
    assert "no longer has 1 figures" in refused.stderr
    assert standing(database) == FIRST
    told = fetch(database, server, mapping, "--withdraw").stdout
    assert "values before: 9" in told
    assert standing(database) == FIRST | {("population", "01100"): (None, "not_available")}


def test_figures_of_others_are_not_taken_for_withdrawn(
    database: Database, server: Replay, mapping: Path
) -> None:
    fetch(database, server, mapping)
    with database.begin() as conn:
        conn.execute(
            text(
                "insert into observation (indicator, period, area_code, value, status, boundary_date, source)"
                " values ('population', '2020', '02000', 7, 'ok', '2020-10-01', 'census-2020')"
            )
        )
    assert "withdrawn: 0" in fetch(database, server, mapping).stdout


def broken_parts() -> list[tuple[str, Reply]]:
    page = {"RESULT_INF": {"TOTAL_NUMBER": 9, "FROM_NUMBER": 5, "TO_NUMBER": 8, "NEXT_KEY": 9}}
    lacking = {"GET_STATS_DATA": {"RESULT": {"STATUS": 0}, "STATISTICAL_DATA": page}}
    return [
        ("cut", Reply(b'{"GET_STATS_DATA": {"RESULT": {"STATUS": 0')),
        ("lacking", Reply(orjson.dumps(lacking))),
        ("html", Reply(b"<html>maintenance</html>")),
    ]


@pytest.mark.parametrize(
    ("name", "broken"), broken_parts(), ids=lambda one: one if isinstance(one, str) else ""
)
def test_a_broken_part_loads_nothing(
    database: Database, server: Replay, mapping: Path, name: str, broken: Reply
) -> None:
    del name
    fetch(database, server, mapping)
    values_of(server)[2]["$"] = "3,001"
    whole = server.reply

    def reply(path: str, parameters: dict[str, str], headers: dict[str, str]) -> Reply:
        return broken if parameters.get("startPosition") == "5" else whole(path, parameters, headers)

    server.reply = reply  # type: ignore[method-assign, assignment]  # the server of one test
    refused = fetch(database, server, mapping)
    assert refused.exit_code == 1
    assert "from value 5 on" in refused.stderr
    assert standing(database) == FIRST


def test_a_server_that_is_busy_or_breaks_off_is_asked_again(
    database: Database, server: Replay, mapping: Path
) -> None:
    server.faults = [
        ("getMetaInfo", Reply(b"busy", 503)),
        ("getStatsData", Reply(b"x" * 1000, cut=True)),
        ("getStatsData", Reply(b"", 429, {"Retry-After": "0"})),
    ]
    fetch(database, server, mapping)
    assert (server.faults, standing(database)) == ([], FIRST)


def test_a_server_that_stays_away_is_told_without_the_key(
    database: Database, server: Replay, mapping: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults = [("getMetaInfo", Reply(KEY.encode(), 503))] * 4
    refused = fetch(database, server, mapping)
    assert refused.exit_code == 1
    assert "/getMetaInfo was not fetched: status 503, 4 times; nothing was loaded" in refused.stderr
    assert KEY not in caplog.text


def test_an_expired_key_is_told_and_not_repeated(
    database: Database, server: Replay, mapping: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.key = "another"
    refused = fetch(database, server, mapping)
    assert refused.exit_code == 1
    assert "e-Stat answered status 100: 認証に失敗しました" in refused.stderr
    assert "(***)" in refused.stderr
    assert KEY not in caplog.text
    assert standing(database) == {}


def test_without_a_key_nobody_is_asked(database: Database, server: Replay, mapping: Path) -> None:
    refused = fetch(database, server, mapping, CHIIKI_ESTAT_APP_ID="")
    assert refused.exit_code == 1
    assert "CHIIKI_ESTAT_APP_ID" in refused.stderr
    assert server.asked == []


def test_an_answer_from_another_address_is_refused_for_the_key_would_go_there(
    database: Database, server: Replay, mapping: Path
) -> None:
    server.faults = [("getMetaInfo", Reply(b"", 302, {"Location": f"{server.url}/elsewhere"}))]
    refused = fetch(database, server, mapping)
    assert (refused.exit_code, len(server.asked)) == (1, 1)
    assert "status 302" in refused.stderr


def test_a_mapping_that_does_not_fit_is_told_line_by_line(
    database: Database, server: Replay, mapping: Path
) -> None:
    row = ",area,time,,census-2020,2020-10-01\n"
    mapping.write_text(
        HEAD + f"{TABLE},population,cat01=9{row}{TABLE},births,cat02=1;cat01=0{row}{TABLE},deaths,{row[1:]}"
    )
    mapping.write_text(mapping.read_text().replace(",deaths,area", ",deaths,,area"))
    refused = fetch(database, server, mapping).stderr
    for told in ("line 2", "cat01=9", "0 総数, 1 男, 2 女", "line 3", "cat02", "line 4", "a code of cat01"):
        assert told in refused
    mapping.write_text(HEAD + f"{TABLE},nothing,cat01=0,area,time,,nobody,2020-10-01\n")
    refused = fetch(database, server, mapping).stderr
    assert "nothing" in refused
    assert "nobody" in refused
    assert standing(database) == {}


def test_a_table_without_the_kind_of_period_is_refused_before_it_is_read(
    database: Database, server: Replay, mapping: Path
) -> None:
    told = server.document["GET_STATS_DATA"]["STATISTICAL_DATA"]
    told["CLASS_INF"]["CLASS_OBJ"][-1]["CLASS"] = {"@code": "2025000404", "@name": "2025年4月"}
    refused = fetch(database, server, mapping).stderr
    assert "2025000404 2025年4月" in refused
    assert "the year of a census such as 2020" in refused
    assert not [path for path, _, _ in server.asked if path.endswith("getStatsData")]


def test_figures_of_other_kinds_of_period_stand_beside_and_are_left_out(
    database: Database, server: Replay, mapping: Path
) -> None:
    times = [{"@code": "2020000000", "@name": "2020年"}, {"@code": "2025000404", "@name": "2025年4月"}]
    told = server.document["GET_STATS_DATA"]["STATISTICAL_DATA"]
    told["CLASS_INF"]["CLASS_OBJ"][-1]["CLASS"] = times
    values_of(server).extend({**one, "@time": "2025000404", "$": "9"} for one in values_of(server)[:4])
    fetch(database, server, mapping)
    assert standing(database) == FIRST


def test_areas_that_are_none_are_told_and_load_nothing(
    database: Database, server: Replay, mapping: Path
) -> None:
    mapping.write_text(MAPPING.replace(",time,13100,", ",time,,"))
    values_of(server)[4]["@area"] = "01999"
    refused = fetch(database, server, mapping)
    assert refused.exit_code == 1
    assert "skip_areas" in refused.stderr
    assert standing(database) == {}


def test_everything_that_the_folder_maps_is_fetched_and_a_failure_is_told(
    database: Database, server: Replay, tmp_path: Path
) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "estat-census.csv").write_text(MAPPING)
    (folder / "estat-other.csv").write_text(
        MAPPING.replace(TABLE, "0000000001").replace("cat01=2", "cat01=7")
    )
    done = chiiki(database, server, "fetch", "all", CHIIKI_DATA=str(tmp_path))
    assert done.exit_code == 1
    assert "does not fit the table" in done.stderr
    assert standing(database) == FIRST
    assert "fetched" in chiiki(database, server, "status").stdout


def test_nothing_to_fetch_is_told(database: Database, server: Replay, tmp_path: Path) -> None:
    done = chiiki(database, server, "fetch", "all", CHIIKI_DATA=str(tmp_path))
    assert done.exit_code == 1
    assert "There is nothing to fetch" in done.stderr


@pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
def test_a_published_table_comes_whole_out_of_its_parts(
    database_server: DatabaseServer, server: Replay, tmp_path: Path
) -> None:
    published = Path(str(REAL)) / f"api-samples/estat/statsData_{TABLE}.json.gz"
    server.document, server.part = orjson.loads(gzip.decompress(published.read_bytes())), 700
    mapping = tmp_path / "estat.csv"
    # 13100 is 特別区部: the wards together, no area
    mapping.write_text(HEAD + f"{TABLE},population,cat01=0,area,time,13100,census-2020,2020-10-01\n")
    figure = "where (indicator, period, area_code) = ('population', '2020', :code)"
    standing, kept = (text(f"select value from {table} {figure}") for table in ("observation", "superseded"))
    with database_server.new_database(database_server.template()) as shipped:
        told = fetch(shipped, server, mapping, "--dry-run").stdout
        # the preliminary counts of the table, in place of the final ones that ship
        assert "values: 1965" in told
        assert "figures: 1964" in told
        assert "population 2020 01000: 5224614 → 5228885" in told
        # 双葉町 has a sign in this table, and 0 residents in the final counts
        assert "withdrawn: 1\n  population 2020 07546: 0" in told
        assert fetch(shipped, server, mapping).exit_code == 1
        fetch(shipped, server, mapping, "--withdraw")
        with shipped.begin() as conn:
            assert conn.scalar(standing, {"code": "00000"}) == 126_226_568.0
            assert [conn.scalar(one, {"code": "01000"}) for one in (standing, kept)] == [5_228_885, 5_224_614]
            assert [conn.scalar(one, {"code": "07546"}) for one in (standing, kept)] == [None, 0]
