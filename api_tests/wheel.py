"""The wheel as somebody installs it: in an empty environment, far from this folder.

    python -m api_tests.wheel dist/*.whl

Everything runs from a folder of its own, without this project's environment and with a home of its own: the
installation, ``chiiki migrate``, ``ingest shipped``, ``export`` and ``serve``, on a database made for it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from api_tests.conftest import serving
from service.tests.databases import running_server

#: What is asked for, and what the answer begins with or holds.
ANSWERS: Mapping[str, tuple[str, bytes]] = {
    "/": ("text/html; charset=utf-8", b"<title>"),
    "/docs": ("text/html; charset=utf-8", b"<html"),
    "/ogc?f=html": ("text/html; charset=utf-8", b"OGC API"),
    "/embed/chiiki.js": ("text/javascript; charset=utf-8", b"chiiki"),
    "/v1/layers/population": ("application/json", "総人口".encode()),
    "/v1/layers/population/values.json?level=prefecture&period=2020": ("application/json", b"5224614"),
    "/v1/layers/population/tiles/5/28/12.mvt": ("application/vnd.mapbox-vector-tile", b"areas"),
    "/v1/layers/population/tiles/5/28/12.png": ("image/png", b"\x89PNG"),
    "/v1/layers/population/map.png": ("image/png", b"\x89PNG"),
    "/v1/layers/population/download.gpkg?level=prefecture": (
        "application/geopackage+sqlite3",
        b"SQLite format 3",
    ),
}
EXPORTED = ("index.html", "assets", "layers.json", "tiles/prefecture.pmtiles", "observations.parquet")


@dataclass(frozen=True)
class Installation:
    """The wheel in an environment of its own, used from an empty folder.

    Attributes
    ----------
    python : the environment's interpreter
    folder : the working directory
    home : the home of whoever runs it
    """

    python: Path
    folder: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process of it sees, the database excepted."""
        return {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}

    @property
    def chiiki(self) -> Path:
        """The command."""
        return self.python.with_name("chiiki")

    def run(self, *words: str, environment: Mapping[str, str]) -> str:
        """Return what ``chiiki`` prints; fail when it refuses."""
        done = subprocess.run(
            [self.chiiki, *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return done.stdout

    def files(self) -> set[Path]:
        """Return every file in the environment but compiled code."""
        return {path for path in self.python.parents[1].rglob("*") if path.suffix != ".pyc"} - set(
            self.python.parents[1].rglob("__pycache__")
        )


def installed(wheel: Path, folder: Path) -> Installation:
    """Return the wheel installed with pip, its dependencies as the package index has them today."""
    environment, work, home = folder / "environment", folder / "work", folder / "home"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel.resolve())]
    subprocess.run([python, *install], check=True, cwd=folder)
    work.mkdir()
    home.mkdir()
    return Installation(python, work, home)


def steps(installation: Installation) -> Iterator[str]:
    """Use the installation from the first command to the last, and yield what was done."""
    before = installation.files()
    with running_server() as server, server.new_database() as database:
        environment = database.environment
        for words in (("--version",), ("migrate",), ("ingest", "shipped")):
            installation.run(*words, environment=environment)
            yield f"chiiki {' '.join(words)}"
        told = installation.run("settings", environment={})
        assert f"`{installation.home}/.cache/chiiki/downloads`" in told, told
        yield "chiiki settings"
        installation.run(
            "export", "site", "--layers", "population", "--levels", "prefecture", environment=environment
        )
        lacking = [name for name in EXPORTED if not (installation.folder / "site" / name).exists()]
        assert not lacking, lacking
        yield "chiiki export site"
        log = installation.folder / "log"
        command = ["env", "-C", str(installation.folder), str(installation.chiiki), "serve"]
        with (
            serving(database, log, command, **installation.environment) as served,
            httpx.Client(base_url=served.url, timeout=60) as client,
        ):
            yield from answers(client)
    assert (installation.home / ".cache/chiiki/downloads").is_dir()
    written = installation.files() - before
    assert not written, sorted(written)
    yield "nothing was written beside the package"


def answers(client: httpx.Client) -> Iterator[str]:
    """Ask for everything that comes out of a file of the package or out of the database."""
    for path, (media_type, content) in ANSWERS.items():
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["content-type"] == media_type, (path, answer.headers)
        assert content in answer.content, path
        yield f"GET {path}: {len(answer.content):,} bytes"
    page = client.get("/").text
    assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert len(assets) > 2, page
    for asset in assets:
        assert client.get(asset).status_code == 200, asset
    yield f"GET /assets/…: {len(assets)} files that the page names"


def main() -> None:
    """Prove the wheel named on the command line."""
    folder = Path(tempfile.mkdtemp(prefix="chiiki-wheel-"))
    try:
        for step in steps(installed(Path(sys.argv[1]), folder)):
            print(f"  {step}")  # noqa: T201 (this is a program)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
