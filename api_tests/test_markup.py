"""Names, titles and texts that are markup stay words: on every page, in every frame, in every file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page
from sqlalchemy import Connection, text

from api_tests.conftest import Server, serving
from api_tests.test_export import serving as files_of
from geo.tests.promises import PROVING, Promise
from service.tests.databases import Database, DatabaseServer

#: Runs wherever it becomes an element, an attribute's end or a script's.
MARKUP = '\'"></title></script><img src="x:" onerror="canary()"><svg onload="canary()"></svg>'
#: Tables with columns of words, and those that hold documents.
WORDS = {
    "area": ("name_ja", "name_kana", "name_en"),
    "area_change": ("from_name", "to_name"),
    "area_history": ("name_ja", "name_kana", "name_en", "district"),
    "industry": ("name_ja", "division_ja"),
    "region_set": ("name_ja", "name_en"),
    "source": ("title_ja", "title_en", "publisher", "edition", "licence", "credit_ja", "credit_en"),
    "vintage": ("title_ja", "title_en", "source", "credit_ja", "credit_en", "licence"),
}
DOCUMENTS = {"indicator": "definition", "strategy": "body", "deployment": "body", "kpi": "body"}
FOUND = "document.querySelectorAll('img[onerror], svg[onload], [onmouseover]').length"

STAGES = ("map", "two", "bivariate", "years", "ranking", "compare", "mergers", "kpi", "logic", "roadmap")
FRAMES = ("map", "chart", "kpi", "logic", "profile", "ranking", "roadmap")
CHOSEN = "layer=ageing-rate&layer2=population&area=10201&areas=10201,10202&level=municipality"
PAGES = (
    *("/areas/10201", "/areas/13000", "/catalog", "/catalog?q=%E4%BA%BA%E5%8F%A3", "/indicators/population"),
    *(
        "/indicators/ageing-rate",
        "/measures",
        "/measures/smart-cities",
        "/about",
        "/terms",
        "/problems/not-found",
    ),
    *("/ogc?f=html", "/ogc/collections?f=html", "/ogc/collections/population.municipality?f=html"),
    *("/ogc/collections/population.municipality/items?f=html&limit=5", "/ogc/conformance?f=html"),
    *("/ogc/collections/deployments/items?f=html&limit=5", "/ogc/tileMatrixSets?f=html", "/nothing<b>"),
    *(
        "/v1/logic-model.svg",
        "/v1/layers/population/legend.svg",
        "/v1/layers/population/map.svg?level=prefecture",
    ),
)


def marked(value: Any, name: str = "") -> Any:
    """Return a document in which every text that people read ends in markup; ids and formulas stay."""
    if isinstance(value, dict):
        return {inner: marked(told, inner) for inner, told in value.items()}
    if isinstance(value, list):
        return [marked(inner, name) for inner in value]
    is_read = isinstance(value, str) and (name.endswith("_en") or not value.isascii())
    return value + MARKUP if is_read else value


def mark(conn: Connection) -> None:
    """Put markup into all texts that people read."""
    for table, columns in WORDS.items():
        changed = ", ".join(f"{one} = {one} || :markup" for one in columns)
        conn.execute(text(f"update {table} set {changed}"), {"markup": MARKUP})
    for table, column in DOCUMENTS.items():
        for row, document in conn.execute(text(f"select ctid::text, {column} from {table}")).all():
            told = json.dumps(marked(document))
            change = text(
                f"update {table} set {column} = cast(:told as jsonb) where ctid = cast(:row as tid)"
            )
            conn.execute(change, {"told": told, "row": row})


@pytest.fixture(scope="module")
def marked_database(database_server: DatabaseServer, request: pytest.FixtureRequest) -> Iterator[Database]:
    with database_server.new_database(request.getfixturevalue("template")) as database:
        with database.begin() as conn:
            mark(conn)
        yield database


@pytest.fixture(scope="module")
def marked_server(marked_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(marked_database, tmp_path_factory.mktemp("marked") / "log") as server:
        yield server


def addresses() -> list[str]:
    """Return all pages, frames and views, in both languages."""
    plain = [
        *(f"/?view={stage}&{CHOSEN}" for stage in STAGES),
        *(f"/embed/{frame}?{CHOSEN}&parent=10" for frame in FRAMES),
        *PAGES,
    ]
    both = [f"{one}{'&' if '?' in one else '?'}lang={lang}" for one in plain for lang in ("ja", "en")]
    few = [
        one
        for one in both
        if "lang=ja" in one
        and any(part in one for part in ("view=map", "embed/profile", "/areas/10201", "/catalog?lang"))
    ]
    return both if PROVING else few


def look(page: Page, address: str, ran: list[str]) -> tuple[str, int, bool]:
    """Use a page as a reader does; return what ran, how many elements came of it, whether it shows."""
    ran.clear()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    if "/?view=map" in address:
        page.wait_for_selector("body[data-shown][data-map=idle]", timeout=60_000)
        canvas = page.locator("#map canvas").first
        box = canvas.bounding_box()
        assert box is not None
        for part in (0.45, 0.5, 0.55):  # the tip of an area, then its panel
            page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] * 0.5)
        page.mouse.down()
        page.mouse.up()
        page.fill("#find", "前橋")
        page.wait_for_selector("#found:not([hidden]) [role=option]", timeout=30_000)
    found = int(page.evaluate(FOUND))
    shown = "onerror=" in (page.evaluate("document.documentElement.textContent") or "")
    return "; ".join(ran), found, shown


def test_markup_in_texts_is_shown_and_never_run(
    marked_server: Server, browser: Browser, promise: Promise
) -> None:
    faults, shown, ran = [], 0, list[str]()
    # without the policy of pages, which would stop it a second time
    context = browser.new_context(bypass_csp=True, base_url=marked_server.url, locale="ja-JP")
    context.expose_function("canary", lambda: ran.append("canary"))
    page = context.new_page()

    def dismiss(dialog: Dialog) -> None:
        ran.append("dialog")
        dialog.dismiss()

    page.on("dialog", dismiss)
    every = addresses()
    for address in every:
        told, elements, words = look(page, address, ran)
        shown += words
        if told or elements:
            faults.append(f"{address}: {told} {elements} elements")
    context.close()
    assert shown > len(every) / 3  # the texts do reach the pages
    try:
        promise.told(
            "markup in names, titles and texts is shown and never run",
            tried=len(every),
            failed=len(faults),
            worst=f"{shown} pages show it",
        )
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), *faults])) from None


@pytest.mark.prove("a minute")
def test_markup_in_an_export_is_shown_and_never_run(
    marked_database: Database, browser: Browser, tmp_path: Path, promise: Promise
) -> None:
    command = [sys.executable, "-m", "service.cli", "export", str(tmp_path / "site")]
    chosen = ["--layers", "population,ageing-rate,deployments:smart-cities", "--levels", "prefecture"]
    subprocess.run([*command, *chosen], env={**os.environ, **marked_database.environment}, check=True)
    ran, faults = list[str](), list[str]()
    context = browser.new_context(bypass_csp=True)
    context.expose_function("canary", lambda: ran.append("canary"))
    with files_of(tmp_path / "site") as site:
        page = context.new_page()
        pages = [
            f"{site}/?layer={layer}&lang={lang}"
            for layer in ("population", "ageing-rate")
            for lang in ("ja", "en")
        ]
        for address in pages:
            told, elements, words = look(page, address, ran)
            assert words, address
            if told or elements:
                faults.append(address)
    context.close()
    promise.told("markup in an export is shown and never run", tried=len(pages), failed=len(faults))
