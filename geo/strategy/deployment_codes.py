"""The codes of a list of deployments, read as one column."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence

from geo.areas.beside import NamesBeside
from geo.areas.names import AreaNames, listed
from geo.codes import area_codes
from geo.errors import InvalidAreaCode
from geo.strategy.deployments import NO_BODY

Code = str | InvalidAreaCode
Names = Callable[[dt.date], AreaNames]


def written_codes(cells: Mapping[str, str]) -> list[str]:
    """Return the codes that a row lists, as they are written."""
    codes = [part.strip() for part in re.split(r"[;；、,]", cells.get("area_codes", ""))]
    return codes if any(codes) else []


def codes_of(rows: Sequence[tuple[Mapping[str, str], dt.date]], names: Names) -> list[list[Code]]:
    """Return the code of each item that each row lists, or why it is none.

    Parameters
    ----------
    rows : cells, and the date whose codes they are
    names : a date → the areas of that date
    """
    columns = [written_codes(cells) for cells, _ in rows]
    beside: list[tuple[AreaNames, str]] = []
    for (cells, date), codes in zip(rows, columns, strict=True):
        written = listed(cells.get("areas", ""))
        told = written if len(written) == len(codes) else [""] * len(codes)
        beside += [(names(date), name) for name in told]
    existing = {id(areas): areas for areas, _ in beside}.values()
    items = [code for codes in columns for code in codes]
    bodies = [place for place, code in enumerate(items) if code != NO_BODY]
    read = area_codes(
        [items[place] for place in bodies],
        lambda code: any(code in areas.names for areas in existing),
        NamesBeside([beside[place] for place in bodies]),
    )
    whole: list[Code] = [*items]
    for place, code in zip(bodies, read, strict=True):
        whole[place] = code
    left = iter(whole)
    return [[next(left) for _ in codes] for codes in columns]
