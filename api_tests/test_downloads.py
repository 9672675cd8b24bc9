"""Downloads: every format opens in GDAL and pandas, holds what was asked for, and says where it is from."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import random
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import geopandas
import httpx
import numpy as np
import openpyxl
import pandas
import pyarrow.parquet
import pytest
import shapely

from api_tests.conftest import POLL_S, Server, serving
from api_tests.test_peers import ogrinfo
from geo.files.formats import FORMATS
from service.tests.databases import Database

GEOMETRIC = [name for name, one in FORMATS.items() if one.has_geometry]
#: Formats with no place for metadata: the header Link says where they are.
WITHOUT_METADATA = ("csv", "geojsonl")
#: Debian's GDAL has no Parquet driver; geopandas reads it.
BY_GDAL = [name for name in GEOMETRIC if name != "parquet"]


def got(client: httpx.Client, layer: str, suffix: str, folder: Path, **query: object) -> Path:
    answer = client.get(
        f"/v1/layers/{layer}/download.{suffix}", params={k: str(v) for k, v in query.items()}, timeout=120
    )
    assert answer.status_code == 200, answer.text
    path = folder / f"{layer.replace(':', '_')}.{suffix}"
    path.write_bytes(answer.content)
    return path


#: GDAL is loaded with few drivers in the process of other tests; a reader's own has all of them.
READER = """
import pickle, sys, geopandas
frames = [geopandas.read_file(f"zip://{p}" if p.endswith(".zip") else p) for p in sys.argv[1:]]
sys.stdout.buffer.write(pickle.dumps(frames))
"""


def read_all(paths: list[Path]) -> list[pandas.DataFrame]:
    """Return the rows of files of one format, read as an analyst would."""
    suffix = paths[0].suffix
    if suffix in (".csv", ".xlsx"):
        one = pandas.read_csv if suffix == ".csv" else pandas.read_excel
        return [one(path, dtype={"code": str, "prefecture": str, "period": str}) for path in paths]
    if suffix == ".parquet":
        return [geopandas.read_parquet(path) for path in paths]
    plain = {name: value for name, value in os.environ.items() if name != "OGR_SKIP"}
    command = [sys.executable, "-c", READER, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, check=True, env=plain)
    frames: list[geopandas.GeoDataFrame] = pickle.loads(done.stdout)
    return [frame.rename(columns={"Name": "name"}) for frame in frames]  # as KML calls it


def read(path: Path) -> pandas.DataFrame:
    """Return the rows of a file."""
    return read_all([path])[0]


def values_of(client: httpx.Client, layer: str, level: str, period: str) -> dict[str, float | None]:
    told = client.get(f"/v1/layers/{layer}/values.json?level={level}&period={period}").json()
    return dict(zip(told["codes"], told["values"], strict=True))


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_has_every_area_with_its_value_and_name(
    client: httpx.Client, tmp_path: Path, suffix: str
) -> None:
    path = got(client, "population", suffix, tmp_path, level="municipality", periods="2020", detail="low")
    rows = read(path)
    assert len(rows) == 1747
    expected = values_of(client, "population", "municipality", "2020")
    prefecture = "pref" if suffix == "shp.zip" else "prefecture"
    for row in rows.to_dict("records"):
        value = expected[str(row["code"])]
        assert (value is None and pandas.isna(row["value"])) or row["value"] == value
        assert (row["status"] == "ok") == (value is not None)
    maebashi = rows[rows["code"] == "10201"].iloc[0]
    assert (maebashi["name"], maebashi["name_en"], maebashi[prefecture]) == (
        "前橋市",
        "Maebashi-shi",
        "10000",
    )
    assert (maebashi["value"], str(maebashi["period"])) == (332149, "2020")


@pytest.mark.parametrize("suffix", BY_GDAL)
def test_gdal_opens_it(client: httpx.Client, tmp_path: Path, suffix: str) -> None:
    path = got(client, "ageing-rate", suffix, tmp_path, level="prefecture", periods="2020")
    source = f"/vsizip/{path}" if suffix == "shp.zip" else str(path)
    told = ogrinfo("-ro", "-so", "-al", source)
    assert "Feature Count: 47" in told
    assert "value: Real" in told


@pytest.mark.parametrize("suffix", GEOMETRIC)
def test_outlines_are_those_of_the_service(client: httpx.Client, tmp_path: Path, suffix: str) -> None:
    path = got(client, "ageing-rate", suffix, tmp_path, level="prefecture", parent="10", detail="medium")
    frame = read(path)
    assert isinstance(frame, geopandas.GeoDataFrame)
    own = client.get("/v1/layers/ageing-rate/areas.geojson?level=prefecture&parent=10").json()
    outline = shapely.from_geojson(json.dumps(own["features"][0]["geometry"]))
    assert frame.geometry.iloc[0].hausdorff_distance(outline) < 2e-6


@pytest.mark.parametrize(
    "suffix", [name for name, one in FORMATS.items() if one.has_geometry and one.has_crs]
)
def test_coordinates_are_in_the_crs_asked_for(client: httpx.Client, tmp_path: Path, suffix: str) -> None:
    path = got(client, "population", suffix, tmp_path, level="prefecture", crs="EPSG:6677", detail="low")
    frame = read(path)
    assert isinstance(frame, geopandas.GeoDataFrame)
    assert frame.crs is not None
    assert frame.crs.to_epsg() == 6677 or "Zone IX" in frame.crs.name or "CS IX" in frame.crs.name
    west, south, east, north = frame[frame["code"] == "13000"].to_crs(4326).total_bounds
    assert 135 < west < east < 155
    assert 20 < south < north < 36


def test_long_has_a_row_and_wide_a_column_for_each_period(client: httpx.Client, tmp_path: Path) -> None:
    long = read(got(client, "population", "csv", tmp_path, level="municipality", periods="2015,2020"))
    assert len(long) == 2 * 1747
    assert set(long["period"]) == {"2015", "2020"}
    wide = read(got(client, "population", "csv", tmp_path, level="municipality", periods="all", shape="wide"))
    assert len(wide) == 1747
    assert [name for name in wide.columns if name.startswith("value_")] == [
        f"value_{year}" for year in range(1980, 2021, 5)
    ]
    both = long.pivot_table(index="code", columns="period", values="value")
    assert np.allclose(both["2015"], wide.set_index("code")["value_2015"].reindex(both.index), equal_nan=True)


def test_columns_and_areas_are_chosen(client: httpx.Client, tmp_path: Path) -> None:
    rows = read(
        got(client, "population", "xlsx", tmp_path, level="municipality", parent="10", columns="value")
    )
    assert list(rows.columns) == ["code", "name", "value"]
    assert len(rows) == 35


def test_categories_have_their_labels(client: httpx.Client, tmp_path: Path) -> None:
    rows = read(got(client, "deployments:smart-cities", "gpkg", tmp_path, level="municipality", detail="low"))
    known = rows[rows["status"] == "ok"]
    assert set(known["label"]) <= {"申請・構想", "採択・選定", "実施中", "運行・実装中", "終了", "取下げ"}
    assert len(known) == 87


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_a_shapefile_is_in_the_encoding_that_it_names(
    client: httpx.Client, tmp_path: Path, encoding: str
) -> None:
    path = got(
        client,
        "population",
        "shp.zip",
        tmp_path,
        level="municipality",
        encoding=encoding,
        shape="wide",
        periods="2015,2020",
        detail="low",
    )
    with zipfile.ZipFile(path) as archive:
        names = {Path(name).suffix for name in archive.namelist()}
        assert {".shp", ".shx", ".dbf", ".prj", ".cpg", ".txt"} <= names
        dbf = next(name for name in archive.namelist() if name.endswith(".dbf"))
        assert "前橋市".encode(encoding) in archive.read(dbf)
        assert archive.read(dbf)[1:4] == bytes((80, 1, 1))  # not the day on which it was written
        about = next(name for name in archive.namelist() if name.endswith(".txt"))
        assert "国土交通省" in archive.read(about).decode("utf-8-sig")
    frame = read(path)
    assert {"v_2015", "s_2015", "v_2020", "s_2020", "pref"} <= set(frame.columns)
    assert all(len(name) <= 10 for name in frame.columns)
    assert frame[frame["code"] == "10201"].iloc[0]["name"] == "前橋市"


def test_a_csv_for_excel_begins_with_its_mark(client: httpx.Client, tmp_path: Path) -> None:
    query = {"level": "prefecture", "bom": "true"}
    assert got(client, "population", "csv", tmp_path, **query).read_bytes().startswith(b"\xef\xbb\xbf")
    in_jis = got(client, "population", "csv", tmp_path, level="prefecture", encoding="cp932")
    assert "北海道".encode("cp932") in in_jis.read_bytes()


def _said(path: Path) -> str:
    """Return the metadata that a file carries."""
    name = path.name
    if name.endswith((".geojson", ".topojson")):
        return json.dumps(json.loads(path.read_text())["metadata"], ensure_ascii=False)
    if name.endswith(".gpkg"):
        return ogrinfo("-ro", "-so", "-al", str(path))
    if name.endswith(".fgb"):
        return path.read_bytes()[:20_000].decode(errors="replace")
    if name.endswith(".parquet"):
        metadata = pyarrow.parquet.read_schema(path).metadata or {}
        return " ".join(value.decode() for key, value in metadata.items() if key.startswith(b"chiiki:"))
    if name.endswith(".kml"):
        return path.read_text()
    if name.endswith(".xlsx"):
        sheet = openpyxl.load_workbook(path)["metadata"]
        return " ".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)
    if name.endswith(".shp.zip"):
        with zipfile.ZipFile(path) as archive:
            about = next(one for one in archive.namelist() if one.endswith(".txt"))
            return archive.read(about).decode("utf-8-sig")
    raise AssertionError(
        f"Say in _said where {name} has its metadata, or name its format in WITHOUT_METADATA"
    )


@pytest.mark.parametrize("suffix", [name for name in FORMATS if name not in WITHOUT_METADATA])
def test_a_file_says_what_it_is_and_whose(client: httpx.Client, tmp_path: Path, suffix: str) -> None:
    path = got(client, "ageing-rate", suffix, tmp_path, level="municipality", periods="2020", detail="low")
    said = _said(path)
    for words in ("高齢化率", "令和2年国勢調査", "国土数値情報", "2025-01-01", "population-65-plus", "2026-"):
        assert words in said, words


@pytest.mark.parametrize("suffix", ["geojson", "xlsx"])
def test_a_file_says_where_its_series_break(client: httpx.Client, tmp_path: Path, suffix: str) -> None:
    path = got(client, "nurseries", suffix, tmp_path, level="prefecture", periods="2022,2023", detail="low")
    said = _said(path)
    # 30,358 nurseries of 2022 did not become 23,726
    assert "2023年（令和5年）以降は、それより前と比べられません。2022年までは" in said
    assert "全国30,358か所" in said
    assert "Figures from 2023 on are not to be compared with those before." in said


def test_a_file_of_a_gap_says_what_its_figures_lack(client: httpx.Client, tmp_path: Path) -> None:
    layer = "transport-gap:mlit-handbook-rural"
    said = _said(got(client, layer, "geojson", tmp_path, level="municipality", periods="2020", detail="low"))
    assert "日本中央バス、永井運輸の停留所は含まれません。" in said
    assert "2020 is the year of the people, not of the timetables." in said


def test_a_geoparquet_is_of_version_1_1(client: httpx.Client, tmp_path: Path) -> None:
    path = got(client, "population", "parquet", tmp_path, level="prefecture", detail="low")
    geo = json.loads((pyarrow.parquet.read_schema(path).metadata or {})[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["covering"]["bbox"]


def test_a_download_is_resumed_and_kept(server: Server, client: httpx.Client) -> None:
    path = "/v1/layers/population/download.fgb?level=prefecture&detail=low"
    whole = client.get(path)
    assert whole.headers["accept-ranges"] == "bytes"
    rest = client.get(path, headers={"Range": "bytes=1000-", "If-Range": whole.headers["etag"]})
    assert rest.status_code == 206
    assert whole.content[:1000] + rest.content == whole.content
    assert rest.headers["content-range"] == f"bytes 1000-{len(whole.content) - 1}/{len(whole.content)}"
    assert client.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    changed = client.get(path, headers={"Range": "bytes=1000-", "If-Range": '"another"'})
    assert (changed.status_code, changed.content) == (200, whole.content)
    assert "filename*=UTF-8''%E7%B7%8F%E4%BA%BA%E5%8F%A3_" in whole.headers["content-disposition"]
    kept = client.get(f"{path}&rev={whole.headers['chiiki-revision']}")
    assert "immutable" in kept.headers["cache-control"]
    assert client.head(path).headers["content-length"] == str(len(whole.content))


def test_ranges_and_dates_resume_as_well(client: httpx.Client) -> None:
    path = "/v1/layers/population/download.csv?level=prefecture"
    whole = client.get(path)
    head, tail = client.get(path, headers={"Range": "bytes=0-9,100-"}), whole.content[100:]
    assert head.status_code == 206
    assert head.headers["content-type"].startswith("multipart/byteranges")
    assert whole.content[:10] in head.content
    assert tail in head.content
    dated = {"Range": "bytes=100-", "If-Range": whole.headers["last-modified"]}
    assert (client.get(path, headers=dated).status_code, client.get(path, headers=dated).content) == (
        206,
        tail,
    )
    assert client.get(path, headers={"Range": "bytes=99999999-"}).status_code == 416


LOW = "/v1/layers/population/download.geojson?level=municipality&detail=low&periods="
#: Each about a megabyte, so that a folder of one holds one of them.
PATHS = [f"{LOW}{year}" for year in (2000, 2005, 2010, 2015)]


def open_downloads(server: Server, folder: Path) -> list[str]:
    """Return the files of a folder that a server has open."""
    found = []
    for one in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(os.readlink(one))
    return [name for name in found if name.startswith(str(folder))]


def poll(server: Server, found: Callable[[], bool]) -> None:
    """Return when something is so; fail when it takes too long, or the server ends."""
    deadline = time.monotonic() + 30
    while not found():
        assert time.monotonic() < deadline
        with suppress(subprocess.TimeoutExpired):
            server.process.wait(timeout=POLL_S)
            raise AssertionError("The server has ended")


PUBLIC = {"CHIIKI_PUBLIC_URL": "https://chiiki.example"}


@pytest.fixture(scope="module")
def filing(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A service, and the folder of its files."""
    folder = tmp_path_factory.mktemp("filing")
    settings = {"CHIIKI_DOWNLOADS": str(folder / "downloads"), **PUBLIC}
    with serving(database, folder / "log", **settings) as server:
        yield server, folder / "downloads"


def test_a_file_that_another_process_forgets_is_answered_whole(filing: tuple[Server, Path]) -> None:
    (server, folder), over = filing, threading.Event()

    def forget() -> None:
        while not over.is_set():
            for one in folder.glob("[!.]*"):
                one.unlink(missing_ok=True)

    path = "/v1/layers/population/download.csv?level=prefecture"
    with ThreadPoolExecutor(1) as other:
        expected = httpx.get(f"{server.url}{path}", timeout=60).content
        forgetting = other.submit(forget)
        try:
            answers = [httpx.get(f"{server.url}{path}", timeout=60) for _ in range(10)]
            ranged = httpx.get(f"{server.url}{path}", headers={"Range": "bytes=10-19"}, timeout=60)
        finally:
            over.set()
        forgetting.result()
        assert [answer.status_code for answer in answers] == [200] * 10
        assert {answer.content for answer in answers} == {expected}
        assert (ranged.status_code, ranged.content) == (206, expected[10:20])
        poll(server, lambda: not open_downloads(server, folder))


@pytest.mark.prove("half a minute")
def test_processes_share_a_folder_that_is_too_small(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    settings = {"CHIIKI_DOWNLOADS": str(folder), "CHIIKI_DOWNLOADS_MB": "1", **PUBLIC}
    with (
        serving(database, tmp_path / "log", **settings) as one,
        serving(database, tmp_path / "log2", **settings) as two,
        ThreadPoolExecutor(6) as pool,
    ):

        def ask(number: int) -> tuple[str, int, bytes]:
            # both are asked for the same file at the same time
            path, server = PATHS[number // 2 % len(PATHS)], (one, two)[number % 2]
            answer = httpx.get(f"{server.url}{path}", timeout=120)
            return path, answer.status_code, hashlib.sha256(answer.content).digest()

        answers = list(pool.map(ask, range(16)))
        assert {status for _, status, _ in answers} == {200}
        assert len({(path, digest) for path, _, digest in answers}) == len(PATHS)
        assert len(list(folder.iterdir())) == 1
        poll(one, lambda: not open_downloads(one, folder) + open_downloads(two, folder))
    assert "unforeseen" not in (tmp_path / "log").read_text() + (tmp_path / "log2").read_text()


def test_a_file_written_again_has_the_same_bytes(
    database: Database, filing: tuple[Server, Path], tmp_path: Path
) -> None:
    path = "/v1/layers/ageing-rate/download.{}?level=prefecture&detail=low&periods=2020"
    with serving(database, tmp_path / "log", CHIIKI_DOWNLOADS=str(tmp_path / "again"), **PUBLIC) as again:
        written = [
            {
                answer.headers["etag"]: answer.content
                for answer in (httpx.get(f"{one.url}{path.format(suffix)}", timeout=60) for suffix in FORMATS)
            }
            for one in (filing[0], again)
        ]
    assert len(written[0]) == len(FORMATS)
    assert written[0] == written[1]


def test_an_answer_closes_its_file_however_it_ends(filing: tuple[Server, Path]) -> None:
    server, folder = filing
    path = "/v1/layers/population/download.geojson?level=municipality&periods=all"
    with httpx.Client(base_url=server.url, timeout=120) as client:
        whole = client.get(path)
        assert len(whole.content) > 10_000_000
        client.head(path)
        client.get(path, headers={"Range": "bytes=1-2"})
        client.get(path, headers={"Range": "bytes=1-2,5-6"})
        client.get(path, headers={"Range": "bytes=999999999-"})
        client.get(path, headers={"Range": "lines=1"})
        client.get(path, headers={"If-None-Match": whole.headers["etag"]})
        poll(server, lambda: not open_downloads(server, folder))
    # who takes little at a time: the rest must not fit the buffers on the way
    slow = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)])
    with (
        httpx.Client(base_url=server.url, transport=slow, timeout=60) as client,
        client.stream("GET", path, headers={"Accept-Encoding": "identity"}) as leaving,
    ):
        assert leaving.status_code == 200, leaving.read()
        pieces = leaving.iter_bytes(1000)  # dropped, it would close the connection
        next(pieces)
        poll(server, lambda: open_downloads(server, folder) != [])
    poll(server, lambda: not open_downloads(server, folder))


@pytest.mark.prove("half a minute")
def test_the_draft_of_a_process_that_is_killed_goes_at_the_next_start(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "downloads"
    settings = {"CHIIKI_DOWNLOADS": str(folder)}
    path = "/v1/layers/population/download.gpkg?level=municipality&periods=all"
    with serving(database, tmp_path / "log", **settings) as server, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(httpx.get, f"{server.url}{path}", timeout=60)
        poll(server, lambda: any(folder.glob(".draft-*")))
        server.process.kill()
        assert isinstance(asking.exception(), httpx.TransportError)
    (left,) = folder.iterdir()
    os.utime(left, (1, 1))
    with serving(database, tmp_path / "log", **settings):
        assert list(folder.iterdir()) == []


def test_the_folder_stays_within_its_size(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    with serving(database, tmp_path / "log", CHIIKI_DOWNLOADS=str(folder), CHIIKI_DOWNLOADS_MB="1") as server:
        for period in ("2000", "2005", "2010", "2015"):
            path = f"/v1/layers/population/download.geojson?level=municipality&periods={period}&detail=low"
            assert httpx.get(f"{server.url}{path}", timeout=120).status_code == 200
        files = list(folder.iterdir())
        assert len(files) == 1
        assert not files[0].name.startswith(".")


@pytest.mark.parametrize(
    ("path", "field", "allowed"),
    [
        ("download.gpkg?periods=1900", "periods", "1980"),
        ("download.gpkg?columns=colour", "columns", "code, name"),
        ("download.gpkg?crs=EPSG:2154", "crs", "EPSG:6668"),
        ("download.geojson?crs=EPSG:6677", "crs", "gpkg"),
        ("download.csv?encoding=utf-16", "encoding", "cp932"),
        ("download.geojson?precision=20", "precision", "9"),
        ("download.csv?shape=round", "shape", "wide"),
        ("download.csv?level=street", "level", "municipality"),
        ("download.csv?colour=red", "colour", "periods"),
    ],
)
def test_a_wrong_choice_is_refused_with_what_there_is(
    client: httpx.Client, path: str, field: str, allowed: str
) -> None:
    answer = client.get(f"/v1/layers/population/{path}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert allowed in answer.json()["errors"][0]["expected"]


def test_a_format_that_is_not_written_is_not_found(client: httpx.Client) -> None:
    answer = client.get("/v1/layers/population/download.dwg")
    assert answer.status_code == 404
    assert all(name in answer.json()["detail"] for name in FORMATS)


def _random_choices(suffix: str, layers: list[dict[str, Any]]) -> list[tuple[str, dict[str, str], int]]:
    """Return ten downloads of a format: layer, parameters and how many rows they are to have."""
    drawn = random.Random(suffix)
    counts = {"prefecture": 47, "municipality": 1747, "ward": 1902}
    found = []
    for _ in range(10):
        layer = drawn.choice(layers)
        level = drawn.choice(layer["levels"])
        periods = drawn.sample(
            layer["periods_by_level"][level], min(2, len(layer["periods_by_level"][level]))
        )
        shape = drawn.choice(["long", "wide"])
        query = {"level": level, "periods": ",".join(periods), "shape": shape, "detail": "low"}
        found.append((layer["id"], query, counts[level] * (len(periods) if shape == "long" else 1)))
    return found


@pytest.mark.parametrize("suffix", FORMATS)
def test_ten_random_downloads_open_and_hold_what_they_should(
    client: httpx.Client, tmp_path: Path, suffix: str
) -> None:
    layers = [one for one in client.get("/v1/layers").json()["layers"] if one["levels"]]
    drawn = _random_choices(suffix, layers)
    paths = []
    for place, (layer, query, _) in enumerate(drawn):
        folder = tmp_path / str(place)
        folder.mkdir()
        paths.append(got(client, layer, suffix, folder, **query))
    for (layer, query, count), path, rows in zip(drawn, paths, read_all(paths), strict=True):
        assert len(rows) == count, (layer, query)
        for period in query["periods"].split(","):
            expected = values_of(client, layer, query["level"], period)
            if query["shape"] == "long":
                own = rows[rows["period"].astype(str) == period].set_index("code")["value"]
            else:
                name = f"{'v_' if suffix == 'shp.zip' else 'value_'}{period}"
                own = rows.set_index("code")[name]
            told = pandas.to_numeric(own).reindex(list(expected)).to_numpy(np.float64)
            wanted = np.array([np.nan if v is None else v for v in expected.values()], np.float64)
            np.testing.assert_allclose(told, wanted, rtol=1e-12)
        if suffix in BY_GDAL:
            source = f"/vsizip/{path}" if suffix == "shp.zip" else str(path)
            assert f"Feature Count: {count}" in ogrinfo("-ro", "-so", "-al", source)


def test_a_workbook_has_numbers_as_numbers(client: httpx.Client, tmp_path: Path) -> None:
    path = got(client, "population", "xlsx", tmp_path, level="prefecture", periods="2020")
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    assert book.sheetnames == ["data", "metadata"]
    assert book["data"]["A2"].value == "01000"
    assert book["data"]["F2"].value == 5224614
