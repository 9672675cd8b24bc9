"""All items of the System of Social and Demographic Statistics, those that do not ship included."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from pathlib import Path

import orjson
from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from geo.errors import Finding, NotFound
from geo.figures.indicators import Indicator, from_json, prefectural, to_json
from geo.figures.ssds import PREFIX, read_items, read_ssds
from service.db.tables import indicator
from service.db.tables import source as sources
from service.figures.load import Figures, load_observations
from service.memory import revisions

#: The boundaries of prefectures have not changed since 1975.
BOUNDARY_DATE = dt.date(2020, 10, 1)

_TOLD_ELSEWHERE = text(
    """
    select distinct indicator, period from observation
    where indicator = any(:names) and source <> :source and right(area_code, 3) = '000'
    """
)


def ingest_ssds(
    conn: Connection,
    path: Path,
    listed: Path | None = None,
    *,
    only: Collection[str] = (),
    source: str,
    actor: str,
    dry_run: bool = False,
) -> Mapping[str, object]:
    """Load the figures of items for prefectures, in the caller's transaction.

    What another source tells of a prefecture and period stays.

    Parameters
    ----------
    listed : list of all items, of which those that no indicator has become indicators
    only : item codes; all where there is none

    Raises
    ------
    NotFound : the source, or an item of ``only``
    InvalidFile, InvalidRows : what is no such table
    """
    if source not in set(conn.scalars(select(sources.c.id))):
        raise NotFound(
            f"No source is called {source[:80]!r}",
            [Finding("parameter", "source", source, "an id of /v1/sources")],
        )
    known = {row.id: from_json(row.definition) for row in conn.execute(select(indicator)).all()}
    catalogue = {name: one for name, one in known.items() if not name.startswith(PREFIX)}
    others = read_items(listed, catalogue) if listed else {}
    items = prefectural({**known, **others})
    if unknown := [code for code in only if code not in items]:
        findings = [Finding("parameter", "item", code, "an item that is loaded as it is") for code in unknown]
        raise NotFound(f"{len(unknown)} items are not known", findings)
    chosen = {code: names for code, names in items.items() if not only or code in only}
    names = [name for listed_as in chosen.values() for name in listed_as]
    added = {name: others[name] for name in names if name in others}
    _define(conn, {name: one for name, one in added.items() if one != known.get(name)})
    told = {
        (row.indicator, row.period)
        for row in conn.execute(_TOLD_ELSEWHERE, {"names": names, "source": source})
    }
    rows = [row for row in read_ssds(path, chosen) if (row.indicator, row.period) not in told]
    part = Figures(rows, source, BOUNDARY_DATE)
    return load_observations(conn, [part], actor=actor, subject=path.name, dry_run=dry_run)


def _define(conn: Connection, added: Mapping[str, Indicator]) -> None:
    """Store the indicators of items."""
    for name, one in added.items():
        definition = orjson.loads(orjson.dumps(to_json(one)))
        row = upsert(indicator).values(id=name, definition=definition)
        conn.execute(row.on_conflict_do_update(index_elements=["id"], set_={"definition": definition}))
    if added:
        revisions.changed(conn, *map(revisions.indicator, added))
