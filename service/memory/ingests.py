"""When loads last changed something, as ``/metrics`` tells it; a load that failed has changed nothing."""

from __future__ import annotations

from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

#: So many changes are looked through, the newest first, and so many sources told.
MOST_CHANGES, MOST_SOURCES = 20_000, 200

WHEN = Gauge(
    "chiiki_ingest_last_change_timestamp_seconds", "When a load last changed what is of a source", ["source"]
)
ROWS = Gauge(
    "chiiki_ingest_last_change_rows", "Figures that this load added, changed or withdrew", ["source"]
)

_LAST = text(
    """
    with newest as (select * from figure_change order by id desc limit :changes),
    each as (select unnest(sources) as source, at, added + changed + withdrawn as n from newest),
    last as (select source, max(at) as at from each group by source)
    (
        select source, at, sum(n) as n from each join last using (source, at) group by source, at
        order by at desc limit :sources
    )
    union all select 'boundaries', max(loaded_at), null from vintage having count(*) > 0
    union all select 'stops', max(loaded_at), null from stop_source having count(*) > 0
    """
)


async def tell_last_changes(conn: AsyncConnection) -> None:
    """Tell in the metrics of each source when a load last changed something."""
    found = await conn.execute(_LAST, {"changes": MOST_CHANGES, "sources": MOST_SOURCES})
    for source, at, rows in found:
        WHEN.labels(source).set(at.timestamp())
        if rows is not None:
            ROWS.labels(source).set(rows)
