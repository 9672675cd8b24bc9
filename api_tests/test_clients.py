"""The clients of docs/clients.md: each snippet runs against the service and prints what the page says."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from ast import literal_eval
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb
import duckdb_extensions
import httpx
import pytest
from PIL import Image, ImageColor

from api_tests.client_table import PAGE, Row, compared
from api_tests.conftest import Server

ADDRESS = "http://127.0.0.1:8000"
BLOCK = re.compile(r"^```(.+)\n((?:.*\n)*?)```$", re.MULTILINE)
#: Python of the system, which Debian's QGIS is made for.
SYSTEM_PYTHON = "/usr/bin/python3"
#: How LibreOffice writes a CSV: comma, double quote, UTF-8.
CSV_FILTER = "csv:Text - txt - csv (StarCalc):44,34,76,1"


@dataclass(frozen=True)
class Snippet:
    """A block of the page with what it prints."""

    section: str
    language: str
    code: str
    printed: str


def snippets() -> list[Snippet]:
    """The snippets of the page in its order."""
    found = []
    for part in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        blocks = BLOCK.findall(part)
        for (language, code), (after, text) in pairwise([*blocks, ("", "")]):
            if language != "text":
                found.append(
                    Snippet(part.partition("\n")[0], language, code, text if after == "text" else "")
                )
    return found


PYTHON = [one for one in snippets() if one.language == "python"]


def joined(language: str, section: str) -> tuple[str, str]:
    """The snippets of a section in one language, and all that they print."""
    those = [one for one in snippets() if (one.language, one.section) == (language, section)]
    return "".join(one.code for one in those), "".join(one.printed for one in those)


def run(command: Sequence[str], code: str, server: Server, folder: Path) -> str:
    """What a program prints that is given the code, in an environment as a user has it."""
    told = subprocess.run(
        command,
        input=code.replace(ADDRESS, server.url),
        cwd=folder,
        env={
            **{"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(folder)},
            **{"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder)},
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


def needed(program: str, package: str) -> None:
    """Skip when a program that is installed for these tests alone is not there."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} (Debian package {package}) is not installed: run scripts/test-clients")


def needed_in_system_python(module: str, package: str) -> None:
    """Skip when the system's Python lacks a module that is installed for these tests alone."""
    needed(SYSTEM_PYTHON, "python3")
    if subprocess.run([SYSTEM_PYTHON, "-c", f"import {module}"], capture_output=True).returncode:
        pytest.skip(f"{module} (Debian package {package}) is not installed: run scripts/test-clients")


@pytest.mark.parametrize("snippet", PYTHON, ids=[f"{one.section}-{n}" for n, one in enumerate(PYTHON)])
def test_python(server: Server, tmp_path: Path, snippet: Snippet) -> None:
    assert run([sys.executable, "-I", "-"], snippet.code, server, tmp_path) == snippet.printed


def test_gdal(server: Server, tmp_path: Path) -> None:
    needed("ogr2ogr", "gdal-bin")
    code, printed = joined("sh", "GDAL")
    assert run(["bash", "-e"], code, server, tmp_path) == printed


#: A box about the city hall of Maebashi, and what the API tells of the city.
HALL = ("139.05", "36.38", "139.07", "36.4")
LAYER = "ageing-rate.municipality"


def value_of(server: Server, code: str) -> float:
    """The ageing rate of a municipality by the API."""
    told = httpx.get(f"{server.url}/v1/layers/ageing-rate/values.json?level=municipality").json()
    value: float = told["values"][told["codes"].index(code)]
    return value


def test_gdal_of_debian(server: Server, tmp_path: Path, row: Row) -> None:
    """What lies in a box, and a layer whole in the plane rectangular system of Tokyo."""
    needed("ogr2ogr", "gdal-bin")
    assert f"GDAL {run(['ogrinfo', '--version'], '', server, tmp_path).split()[1]}".rstrip(",") == row.version
    source, file = f"OAPIF:{server.url}/ogc", str(tmp_path / "whole.gpkg")
    pages = ("-oo", "PAGE_SIZE=2000")
    with compared(row, server.url) as taken:
        table = run(
            ["ogr2ogr", "-f", "CSV", "/vsistdout/", source, LAYER, "-spat", *HALL, *pages],
            "",
            server,
            tmp_path,
        )
        run(["ogr2ogr", "-t_srs", "EPSG:6677", file, source, LAYER, *pages], "", server, tmp_path)
        found = list(csv.DictReader(table.splitlines()))
        told = run(["ogrinfo", "-so", "-al", file], "", server, tmp_path)
        taken.features = [len(found), int(re.findall(r"^Feature Count: (\d+)$", told, re.MULTILINE)[0])]
    assert {one["code"]: float(one["value"]) for one in found} == {
        "10201": pytest.approx(value_of(server, "10201"), abs=1e-12)
    }


#: Run by itself: the service's own GDAL has two drivers, for the whole process.
NEWEST_GDAL = """
import json, sys
import pyogrio
address, layer, *corners = sys.argv[1:]
box = tuple(map(float, corners))
near = pyogrio.read_dataframe(f"OAPIF:{address}/ogc", layer=layer, bbox=box)
whole = pyogrio.read_dataframe(f"OAPIF:{address}/ogc", layer=layer)
ranges = pyogrio.read_dataframe(
    f"/vsicurl/{address}/v1/layers/ageing-rate/download.fgb", bbox=box, columns=["code", "value"]
)
print(json.dumps({
    "version": f"pyogrio {pyogrio.__version__} (GDAL {'.'.join(map(str, pyogrio.__gdal_version__))})",
    "near": dict(zip(near["code"], near["value"])),
    "ranges": dict(zip(ranges["code"], ranges["value"])),
    "features": [len(near), len(whole), len(ranges)],
    "crs": whole.crs.to_authority(),
}))
"""


def test_the_newest_gdal(server: Server, tmp_path: Path, row: Row) -> None:
    """The same with the GDAL that pyogrio brings, and what lies in the box out of a FlatGeobuf by ranges."""
    with compared(row, server.url) as taken:
        asked = [sys.executable, "-I", "-c", NEWEST_GDAL, server.url, LAYER, *HALL]
        told = json.loads(run(asked, "", server, tmp_path))
        taken.features = told["features"]
    assert told["version"] == row.version
    figures = {"10201": value_of(server, "10201")}
    assert (told["near"], told["ranges"], told["crs"]) == (figures, figures, ["OGC", "CRS84"])


def test_duckdb(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extension comes from a Python package instead of DuckDB's own server."""
    run(["bash", "-e"], joined("sh", "DuckDB")[0], server, tmp_path)
    monkeypatch.chdir(tmp_path)
    code, printed = joined("sql", "DuckDB")
    duckdb_extensions.import_extension("spatial")
    assert str(duckdb.sql(code)).strip() == printed.strip()


def test_r(server: Server, tmp_path: Path) -> None:
    needed("Rscript", "r-cran-sf")
    code, printed = joined("r", "R")
    assert run(["Rscript", "--vanilla", "-"], code, server, tmp_path) == printed


def test_qgis(server: Server, tmp_path: Path, row: Row) -> None:
    """QGIS lists, filters, identifies, and draws the tiles in the colours of the style that it was given."""
    needed_in_system_python("qgis", "python3-qgis")
    version = "from qgis.core import Qgis; print(Qgis.version().partition('-')[0])"
    assert f"QGIS {run([SYSTEM_PYTHON, '-'], version, server, tmp_path)}".strip() == row.version
    code, printed = joined('python title="QGIS"', "QGIS")
    with compared(row, server.url) as taken:
        told = run([SYSTEM_PYTHON, "-"], code, server, tmp_path)
        count, aged, near = told.splitlines()
        taken.features = [int(count.split()[0]), len(literal_eval(aged)), len(literal_eval(near))]
    assert told == printed
    assert literal_eval(near) == [f"前橋市 {value_of(server, '10201'):.1f}"]
    legend = httpx.get(f"{server.url}/v1/layers/ageing-rate/legend.json").json()
    with Image.open(tmp_path / "ageing-rate.png") as drawn:
        seen = {colour for _, colour in drawn.convert("RGB").getcolors(1 << 24) or ()}
    classes = {ImageColor.getrgb(one["colour"]) for one in legend["classes"]}
    assert len(classes) == 5
    assert classes <= seen


def test_a_geopackage_is_one(server: Server, tmp_path: Path) -> None:
    """The validator of GDAL goes through the requirements of GeoPackage."""
    needed_in_system_python("osgeo_utils", "python3-gdal")
    file = tmp_path / "population.gpkg"
    address = f"{server.url}/v1/layers/population/download.gpkg?level=prefecture&periods=2015,2020"
    file.write_bytes(httpx.get(address).content)
    told = run(
        [SYSTEM_PYTHON, "-m", "osgeo_utils.samples.validate_gpkg", "-k", str(file)], "", server, tmp_path
    )
    assert told == ""


def test_libreoffice(server: Server, tmp_path: Path) -> None:
    """A spreadsheet opens the workbook: all figures, whole Japanese names, codes with their zero."""
    needed("soffice", "libreoffice-calc-nogui")
    address = f"{server.url}/v1/layers/population/download"
    query = "level=prefecture&periods=2015,2020"
    file, made = tmp_path / "download.xlsx", tmp_path / "made"
    file.write_bytes(httpx.get(f"{address}.xlsx?{query}").content)
    command = ["soffice", "--headless", "--convert-to", CSV_FILTER, "--outdir", str(made), str(file)]
    run(command, "", server, tmp_path)
    rows = list(csv.reader((made / "download.csv").read_text().splitlines()))
    assert rows == list(csv.reader(httpx.get(f"{address}.csv?{query}").text.splitlines()))
