"""The pictures of the README: the explorer as it is, on the data that ship.

    python -m api_tests.pictures docs/pictures

``scripts/pictures`` runs it. Each picture holds the credit that the page shows of what is in view.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize

from api_tests.browser import Visit, running_browser
from api_tests.conftest import serving
from service.tests.databases import running_server

SIZE: ViewportSize = {"width": 1440, "height": 860}
MOST_BYTES = 200_000

#: Address of the explorer by the name of the picture.
VIEWS: Mapping[str, str] = {
    "map-ja": "/?lang=ja&layer=ageing-rate&level=municipality&period=2020&area=20215",
    "two-maps-en": "/?lang=en&view=two&layer=ageing-rate&layer2=population-change&period=2020#4.6/38.5/138.5",
    "kpi-ja": "/?lang=ja&view=kpi&layer=kpi-progress:goal-1-productivity-growth",
}


def webp(png: bytes) -> bytes:
    """Return a picture as WebP, small enough to be read with the text around it."""
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(out, "WEBP", quality=82, method=6)
    assert out.tell() <= MOST_BYTES, out.tell()
    return out.getvalue()


def main() -> None:
    """Write every picture into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as logs,
        running_server() as databases,
        databases.new_database(databases.template()) as database,
        serving(database, Path(logs) / "log") as server,
        running_browser() as browser,
    ):
        for name, address in VIEWS.items():
            page = browser.new_page(viewport=SIZE, locale="ja-JP", reduced_motion="reduce")
            visit = Visit(page, server.url)
            page.goto(server.url + address)
            page.wait_for_selector("body[data-shown]", timeout=60_000)
            page.wait_for_load_state("networkidle")
            if page.locator("#map").is_visible():
                visit.shown()
            (folder / f"{name}.webp").write_bytes(webp(page.screenshot()))
            assert not visit.faults, visit.faults
            page.close()


if __name__ == "__main__":
    main()
