"""Pages as PDF: nothing is fetched, what does not fit is set smaller, and the queue has an end."""

from __future__ import annotations

import asyncio
import io
import threading
from pathlib import Path

import pypdf
import pytest

from service.memory.cache import Busy
from service.pages import printer
from service.pages.pdf_writer import written

ADDRESS = "https://chiiki.example/areas/20215"
PAGE = (
    '<!doctype html><html lang="ja"><head><title>t</title><link rel="stylesheet" href="{}"></head>{}</html>'
)


def test_nothing_is_read_but_what_was_handed_over(tmp_path: Path) -> None:
    picture = tmp_path / "secret.svg"
    picture.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>secret</text></svg>'
    )
    body = f'<p>told</p><img src="{picture.as_uri()}" alt=""><object data="{picture.as_uri()}"></object>'
    pdf = written(PAGE.format("/page.css", body), ADDRESS, {"/page.css": "p::after { content: 'styled' }"})
    told = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "told" in told
    assert "styled" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "address", ["https://other.example/page.css", "file:///page.css", "//other.example/page.css"]
)
def test_a_style_of_another_place_is_not_that_which_was_handed_over(address: str) -> None:
    pdf = written(
        PAGE.format(address, "<p>told</p>"), ADDRESS, {"/page.css": "p::after { content: 'styled' }"}
    )
    assert "styled" not in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


def test_what_does_not_fit_a_sheet_is_set_in_smaller_letters() -> None:
    style = "@page { size: A4; margin: 10mm } body { margin: 0; line-height: 1; font-size: 1rem }"

    def pages(lines: int) -> int:
        body = "".join(f"<div>{line}</div>" for line in range(lines))
        return len(
            pypdf.PdfReader(
                io.BytesIO(written(PAGE.format("/s.css", body), ADDRESS, {"/s.css": style}))
            ).pages
        )

    # 277 mm are 785 pt: 107 lines of 7.3 pt, and 126 of 85 % of it
    assert (pages(107), pages(120), pages(140)) == (1, 1, 2)


def test_who_comes_when_many_wait_is_told_so() -> None:
    began, goes_on = threading.Event(), threading.Event()

    def work(_gzipped: bool) -> bytes:
        began.set()
        goes_on.wait(10)
        return b"made"

    async def ask() -> list[bytes]:
        waiting = [asyncio.create_task(printer.in_turn(work, False)) for _ in range(1 + printer.MOST_WAITING)]
        await asyncio.to_thread(began.wait, 10)
        with pytest.raises(Busy):
            await printer.in_turn(work, False)
        goes_on.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(ask()) == [b"made"] * (1 + printer.MOST_WAITING)
