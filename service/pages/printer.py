"""Pages as PDF: written one after another by a process each; time, memory and the queue have bounds."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import orjson
from anyio import CapacityLimiter, to_thread

from geo.errors import ChiikiError, NotFound
from service.child import Bounds, ChildFailed, ChildKilled, answer_of
from service.http.responses import Produce
from service.memory.cache import expect_place, tell_queue
from service.pages.pdf_writer import Order

#: So many requests wait for their turn; what comes then is told to come again.
MOST_WAITING = 4
#: No page takes as long; one that does is given up.
MOST_S = 30
#: What it writes besides its answer is what fontconfig knows of the fonts.
BOUNDS = Bounds(processor=MOST_S)
#: The built styles that pages refer to.
STYLES = ("page.css", "area.css")
_STATIC = Path(__file__).parent.parent / "static"

_turn = CapacityLimiter(1)
tell_queue("pdf", _turn)


class PageNotWritten(ChiikiError):
    """The process that writes a page ended without one."""


@cache
def styles() -> dict[str, str]:
    """Return the styles of pages by their paths; they are read once.

    Raises
    ------
    NotFound : the front-end is not built
    """
    files = {f"/{name}": _STATIC / name for name in STYLES}
    if not all(file.is_file() for file in files.values()):
        raise NotFound("The front-end is not built: run scripts/serve. /openapi.json describes the API")
    return {path: file.read_text(encoding="utf-8") for path, file in files.items()}


async def in_turn(work: Produce, gzipped: bool) -> bytes:
    """Return what ``work`` returns, done in a thread after those that wait already.

    Raises
    ------
    Busy : too many wait
    """
    expect_place(_turn, MOST_WAITING)
    return await to_thread.run_sync(partial(work, gzipped), limiter=_turn)


def printed(html: bytes, address: str, fonts: Path) -> bytes:
    """Return a page as PDF.

    Parameters
    ----------
    address : of the page, which its links are relative to
    fonts : folder of the fonts that it is written with
    """
    order: Order = {"html": html.decode(), "address": address, "files": styles(), "fonts": str(fonts)}
    try:
        return answer_of(
            "service.pages.pdf_writer",
            given=orjson.dumps(order),
            seconds=MOST_S,
            bounds=BOUNDS,
            reads=[fonts],
        )
    except ChildKilled:
        raise
    except ChildFailed as error:
        raise PageNotWritten(str(error)) from error
