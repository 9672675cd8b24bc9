"""The clients of docs/clients.md: each snippet runs against the service and prints what the page says."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import duckdb_extensions
import httpx
import pytest
from PIL import Image, ImageColor

from api_tests.conftest import Server

PAGE = Path(__file__).parent.parent / "docs" / "clients.md"
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
        for (language, code), (after, text) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
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


def test_qgis(server: Server, tmp_path: Path) -> None:
    """QGIS lists, filters, identifies, and draws the tiles in the colours of the style that it was given."""
    needed_in_system_python("qgis", "python3-qgis")
    code, printed = joined("python qgis", "QGIS")
    assert run([SYSTEM_PYTHON, "-"], code, server, tmp_path) == printed
    legend = httpx.get(f"{server.url}/v1/layers/ageing-rate/legend.json").json()
    with Image.open(tmp_path / "ageing-rate.png") as drawn:
        seen = {colour for _, colour in drawn.convert("RGB").getcolors(1 << 24) or ()}
    drawn_classes = [one["colour"] for one in legend["classes"] if one["count"] > 100]
    assert len(drawn_classes) == 3
    assert {ImageColor.getrgb(one) for one in drawn_classes} <= seen


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
