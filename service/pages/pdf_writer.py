"""A page as HTML on standard input to PDF on standard output, in a process of its own.

Nothing is fetched: a page is written of what was handed over with it, whatever its text refers to.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import orjson

#: A page that does not fit its sheet is set anew with letters of these sizes, in shares of their own.
SIZES = (1.0, 0.95, 0.9, 0.85)
#: Their own, as in web/public/area.css.
LETTERS_PT = 7.3


class Order(TypedDict):
    """What is to be written: a page, its address, the files that it may refer to by path, the fonts."""

    html: str
    address: str
    files: dict[str, str]
    fonts: str


def main() -> None:
    """Write the page that is ordered."""
    order: Order = orjson.loads(sys.stdin.buffer.read())
    with TemporaryDirectory() as folder:
        only_fonts_of(Path(order["fonts"]), Path(folder) / "fonts.conf")
        sys.stdout.buffer.write(written(order["html"], order["address"], order["files"]))


def only_fonts_of(folder: Path, told: Path) -> None:
    """Let pages be written with the fonts of a folder alone, so that every machine writes the same.

    Parameters
    ----------
    told : file to be written, in which fontconfig reads it
    """
    kept = told.with_name("known")
    words = f"<fontconfig><dir>{escape(str(folder))}</dir><cachedir>{kept}</cachedir></fontconfig>"
    told.write_text(words, encoding="utf-8")
    os.environ["FONTCONFIG_FILE"] = str(told)


def written(html: str, address: str, files: Mapping[str, str], sizes: Sequence[float] = SIZES) -> bytes:
    """Return a page as a tagged PDF on one sheet, in letters as large as fit.

    Parameters
    ----------
    address : of the page
    files : that it may refer to, by their paths at the same place
    sizes : of its letters that are tried, in shares of their own; the last stands where none fits
    """
    from weasyprint import CSS, HTML  # the fonts must be settled before
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Handed(URLFetcher):  # type: ignore[misc]  # the library has no types
        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
            del headers
            asked = urlsplit(url)
            text = files.get(asked.path) if asked[:2] == urlsplit(address)[:2] else None
            if text is None:
                raise ValueError(f"Not handed over: {url}")
            return URLFetcherResponse(url, BytesIO(text.encode()), {"Content-Type": "text/css"})

    page = HTML(string=html, base_url=address, url_fetcher=Handed())
    for size in sizes:
        sheets = [CSS(string=f":root {{ font-size: {LETTERS_PT * size:g}pt !important }}")]
        document = page.render(stylesheets=sheets)
        if len(document.pages) == 1:
            break
    pdf: bytes = document.write_pdf(pdf_tags=True, pdf_identifier=b"chiiki")
    return pdf
