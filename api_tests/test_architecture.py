"""The house is as docs/architecture.md says: its nouns, its circles, the way from an address to the code."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from pathlib import Path
from types import FrameType

import grimp
import orjson
import pytest

from service.app import create_app
from service.http.front_door import FrontDoor
from service.settings import Settings
from service.tests.databases import Database

HOME = Path(__file__).parents[1]
PAGE = HOME / "docs" / "architecture.md"
MOST_FILES = 12

TILE = "/v1/layers/ageing-rate/tiles/8/227/100.mvt"


@dataclass(frozen=True)
class Walk:
    """An address, what was answered before it, and how many files it may cross at most.

    Attributes
    ----------
    after : paths and queries of other answers that need much of the same
    most : None where the number is told only
    """

    name: str
    path: str
    query: str = ""
    body: bytes = b""
    is_asked_before: bool = False
    after: Sequence[str] = ()
    most: int | None = None


GEOJSON = "/v1/layers/ageing-rate/areas.geojson"
SCENARIO = orjson.dumps(
    {"definition": "mlit-subsidy-1km", "area": "10205", "add": [{"lat": 36.3, "lon": 139.37}]}
)
NEXT_SCENARIO = orjson.dumps(
    {"definition": "mlit-subsidy-1km", "area": "10205", "add": [{"lat": 36.29, "lon": 139.38}]}
)
#: Asked in this order: a tile's outline is in memory from its second time on, the outlines of a level from
#: its first GeoJSON on, what is said of a map from its legend and its table on, the cells of a prefecture
#: from its first scenario on, and the book of profiles from the first profile of a level on.
WALKS = (
    Walk("a tile, again", TILE, "period=2020&level=municipality", is_asked_before=True, most=6),
    Walk("a tile of another period", TILE, "period=2015&level=municipality", most=13),
    Walk("the first GeoJSON of a level", GEOJSON, "level=prefecture"),
    Walk(
        "GeoJSON of a map that was shown, after that of another period",
        GEOJSON,
        "period=2015&level=municipality",
        after=(
            f"{GEOJSON}?period=2020&level=municipality",
            "/v1/layers/ageing-rate/legend.json?period=2015&level=municipality",
            "/v1/layers/ageing-rate/values.json?period=2015&level=municipality",
        ),
        most=16,
    ),
    Walk("the first scenario in a prefecture", "/v1/transport-gap/scenario", body=SCENARIO),
    Walk("another scenario there", "/v1/transport-gap/scenario", body=NEXT_SCENARIO, most=18),
    Walk("a profile of another area", "/v1/areas/10201/profile", after=["/v1/areas/20203/profile"], most=19),
)


#: They work by the clock, whatever is asked meanwhile.
BACKGROUND = {"news.py", "pulse.py", "metrics.py"}


class Files:
    """The files of this project that are entered, in this order, whichever thread enters them."""

    def __init__(self) -> None:
        self.entered: dict[str, None] = {}

    def hear(self, frame: FrameType, event: str, _argument: object) -> None:
        """Note the file of a call; what the process does by itself is not the request's."""
        code = frame.f_code
        if event != "call" or code.co_name == "<module>" or not code.co_filename.startswith(str(HOME)):
            return
        name = Path(code.co_filename).relative_to(HOME)
        if name.parts[0] in ("geo", "service") and name.name not in BACKGROUND:
            self.entered.setdefault(str(name))

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Note the calls of this thread meanwhile."""
        self.entered.clear()
        sys.setprofile(self.hear)
        try:
            yield
        finally:
            sys.setprofile(None)


async def asked(app: FrontDoor, walk: Walk) -> None:
    """Ask for an address, as a server does."""
    status: list[int] = []

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            status.append(int(str(message["status"])))

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": walk.body, "more_body": False}

    headers = [(b"content-type", b"application/json")] if walk.body else []
    scope: dict[str, object] = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST" if walk.body else "GET",
        "path": walk.path,
        "raw_path": walk.path.encode(),
        "query_string": walk.query.encode(),
        "root_path": "",
        "headers": headers,
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "state": {},
    }
    await app(scope, receive, send)  # type: ignore[arg-type] # the messages of ASGI are plain dicts
    assert status == [200], walk


async def crossed(settings: Settings) -> dict[str, Sequence[str]]:
    """Return the files that each walk crosses."""
    app = create_app(settings)
    assert isinstance(app, FrontDoor)
    files = Files()
    found: dict[str, Sequence[str]] = {}
    threading.setprofile(files.hear)  # for the threads that are made from now on
    try:
        async with app.api.router.lifespan_context(app.api):
            for walk in WALKS:
                if walk.is_asked_before:
                    await asked(app, walk)
                for other in walk.after:
                    path, _, query = other.partition("?")
                    await asked(app, replace(walk, path=path, query=query))
                with files.hearing():
                    await asked(app, walk)
                found[walk.name] = list(files.entered)
    finally:
        threading.setprofile(None)
    return found


def told(found: dict[str, Sequence[str]]) -> str:
    """Return the walks as the page tells them."""
    lines = ["| address | files | which |", "|---|---:|---|"]
    for walk in WALKS:
        files = sorted(found[walk.name])
        query = f"?{walk.query}" if walk.query else ""
        method = "POST " if walk.body else ""
        which = " ".join(f"`{name.removesuffix('.py')}`" for name in files)
        lines.append(f"| {walk.name}: `{method}{walk.path}{query}` | {len(files)} | {which} |")
    return "\n".join(lines)


def test_the_files_that_an_address_crosses_are_those_of_the_page(database: Database) -> None:
    settings = database.settings.model_copy(update={"news_every_s": 3600})
    found = asyncio.run(crossed(settings))
    written = re.search("<!-- walks -->\n(.*)\n<!-- /walks -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert written is not None
    assert written[1] == told(found), f"docs/architecture.md should say:\n{told(found)}"
    numbers = {walk.name: len(found[walk.name]) for walk in WALKS if walk.most is not None}
    assert not {
        walk.name: numbers[walk.name] for walk in WALKS if walk.most and numbers[walk.name] > walk.most
    }


def test_modules_do_not_go_round_in_circles() -> None:
    graph = grimp.build_graph("geo", "service", exclude_type_checking_imports=True)
    modules = {one for one in graph.modules if ".tests" not in one}
    imported = {one: graph.find_modules_directly_imported_by(one) & modules for one in modules}
    TopologicalSorter(imported).prepare()  # CycleError names them


@pytest.mark.parametrize("folder", ["geo", "service"])
def test_few_files_lie_flat(folder: str) -> None:
    assert len(list((HOME / folder).glob("*.py"))) <= MOST_FILES


def test_the_linter_knows_every_module_of_routes() -> None:
    contracts = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (routes,) = [one for one in contracts["contracts"] if one["type"] == "protected"]
    existing = {f"service.*.{path.stem}" for path in (HOME / "service").glob("*/*routes.py")}
    assert set(routes["protected_modules"]) == existing


def test_the_page_names_what_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:geo|service|web|api_tests|scripts|bench)/[\w/.]+)`", text):
        assert any((HOME / name).parent.glob(Path(name).name + "*")), name
