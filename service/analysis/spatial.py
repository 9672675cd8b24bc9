"""Whether areas next to each other are alike, of every map of a level at once: Moran's I and clusters."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, Row, select, text

from geo.analysis import moran
from geo.analysis.neighbours import Neighbours, neighbours
from geo.errors import Finding, InvalidParameter, NotEnoughData, NotFound
from geo.figures.indicators import from_json
from service.analysis.clusters import OUTLINES, clusters_among
from service.areas.gazetteer import LEVELS
from service.db.tables import indicator, vintage
from service.operations.crew import Crew, Job, Promised, answers
from service.transit.queries import boundaries_of

#: Whose values neighbours can be alike in: a large area has much of everything that is counted.
SIZES = ("category", "count")
HEADER = (
    *("layer", "level", "period", "areas", "alone", "i", "expected", "deviation", "z", "p"),
    *("high_high", "low_low", "high_low", "low_high", "not_significant"),
)
_MAPS = text(
    """
    select layer, period, "values" from vector
    where vintage = :vintage and level = :level and layer = any(:layers) order by layer, period
    """
)
_ROWS_AT_ONCE = 100

Progress = Callable[[int, int, str], None]
#: The cells of a row from ``areas`` on; None where too few areas have a value.
Told = tuple[float | int, ...] | None


def write_spatial(
    conn: Connection,
    path: Path,
    *,
    date: dt.date | None = None,
    level: str = "municipality",
    layers: Sequence[str] = (),
    crew: Crew | None = None,
    progress: Progress = lambda _done, _total, _what: None,
) -> dict[str, object]:
    """Write a row for each layer and period of a level as CSV; return a report.

    Layers of counts and of categories are left out, and maps of which too few areas have a value. The numbers
    are those of ``/v1/layers/{layer}/spatial.json``: the seeds of permutations are fixed.

    Parameters
    ----------
    date : of the boundaries; the newest that have all prefectures without
    layers : ids; all without

    Raises
    ------
    NotFound, InvalidParameter : no such boundaries, level or layer; a layer that cannot be told
    """
    chosen, on = _chosen(conn, layers), _boundaries(conn, date)
    asked = {"vintage": on, "level": level, "layers": chosen}
    if level not in LEVELS:
        finding = Finding("option", "--level", level, f"one of {', '.join(LEVELS)}")
        raise InvalidParameter("There is no such level", [finding])
    counted = text(f"select count(*) from ({_MAPS.text}) maps")  # noqa: S608 (our own text)
    total = conn.execute(counted, asked).scalar_one()
    outlines = [bytes(row.wkb) for row in conn.execute(OUTLINES, {**asked, "detail": "medium"})]
    graph = neighbours_among(outlines) if crew is None else crew.submit(neighbours_among, outlines)
    told, few = 0, 0
    unfinished = path.with_name(f"{path.name}.unfinished")
    with open(unfinished, "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(HEADER)
        for done, (row, cells) in enumerate(_maps(conn, asked, graph, crew), 1):
            progress(done, total, f"{row.layer} {row.period}")
            few += cells is None
            if cells is not None:
                told += 1
                lines.writerow((row.layer, level, row.period, *cells))
    unfinished.replace(path)
    return {"boundaries": str(on), "level": level, "layers": len(chosen), "maps": told, "too_few_values": few}


def _chosen(conn: Connection, names: Sequence[str]) -> list[str]:
    rows = conn.execute(select(indicator).order_by(indicator.c.id)).all()
    known = {row.id: from_json(row.definition) for row in rows}
    for name in names:
        if name not in known:
            raise NotFound(f"No indicator is called {name[:80]!r}; see /v1/indicators")
        if known[name].kind in SIZES:
            finding = Finding("option", "--layer", name, "a rate, a density or an index")
            raise InvalidParameter("Neighbours are not compared by counts or categories", [finding])
    return list(names) or [name for name, one in known.items() if one.kind not in SIZES]


def _boundaries(conn: Connection, date: dt.date | None) -> dt.date:
    found = boundaries_of(conn) if date is None else date
    dates = list(conn.scalars(select(vintage.c.vintage).order_by(vintage.c.vintage)))
    if found is None or found not in dates:
        raise NotFound(f"There are no such boundaries; there are: {', '.join(map(str, dates)) or 'none'}")
    return found


def _maps(
    conn: Connection, asked: dict[str, object], graph: Neighbours | Promised, crew: Crew | None
) -> Iterator[tuple[Row[Any], Told]]:
    """Give each map and what is told of it."""
    handed_out: deque[Row[Any]] = deque()

    def jobs() -> Iterator[Job]:
        with conn.execute(_MAPS.execution_options(yield_per=_ROWS_AT_ONCE), asked) as rows:
            for row in rows:
                handed_out.append(row)
                yield told_of, bytes(row.values), graph

    for cells in answers(crew, jobs()):
        yield handed_out.popleft(), cells


def neighbours_among(outlines: Sequence[bytes]) -> Neighbours:
    """Return which areas are next to each other, of their outlines as WKB."""
    return neighbours(shapely.from_wkb(np.array(outlines, object)))


def told_of(values: bytes, graph: Neighbours) -> Told:
    """Return the cells of a map's row from ``areas`` on; None where it has too few values.

    Parameters
    ----------
    values : of all areas, little-endian doubles
    """
    try:
        found = clusters_among(np.frombuffer(values, "<f8"), graph)
    except NotEnoughData:
        return None
    whole, counts = found.whole, Counter(found.local.clusters.tolist())
    kinds = (moran.HIGH_HIGH, moran.LOW_LOW, moran.HIGH_LOW, moran.LOW_HIGH, moran.NOT_SIGNIFICANT)
    return (
        *(len(found.known), len(found.alone), whole.i, whole.expected, whole.deviation, whole.z, whole.p),
        *(counts[kind] for kind in kinds),
    )
