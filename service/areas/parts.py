"""How divided areas went, by area, where boundary sets of before and after are loaded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from itertools import pairwise

import shapely
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from geo.areas.history import History, Share
from geo.areas.overlaps import flat, overlaps, shares
from service.db.tables import area, area_share, vintage
from service.figures.vectors import history_of
from service.memory import revisions

#: Date of an event → the areas that were divided by it → where their land went.
Divisions = Mapping[dt.date, Mapping[str, frozenset[str]]]


def divisions(history: History, after: dt.date, until: dt.date) -> Divisions:
    """Return the areas that were divided between two dates, wards and municipalities."""
    found: dict[dt.date, dict[str, frozenset[str]]] = {}
    for events in (history, history.municipal):
        for step in events.steps:
            if after < step.date <= until:
                several = {old: codes for old, codes in step.heirs.items() if len(codes) > 1}
                found.setdefault(step.date, {}).update(several)
    return {date: divided for date, divided in found.items() if divided}


def store_parts(conn: Connection, date: dt.date) -> list[str]:
    """Store how much land of divided areas went where, as a boundary set and its neighbours in time have it.

    The nearest sets of before and after an event tell it, if the areas are in the one and all that hold their
    land in the other. Returns what was stored.
    """
    dates = sorted(conn.scalars(select(vintage.c.vintage)))
    history, told = history_of(conn), []
    for before, after in pairwise(dates):
        if date not in (before, after):
            continue
        for share in _shares(conn, history, before, after):
            if _is_known(conn, share):
                continue
            row = upsert(area_share).values(asdict(share))
            key = [column.name for column in area_share.primary_key]
            new = {"amount": share.amount, "as_of": share.as_of}
            conn.execute(row.on_conflict_do_update(index_elements=key, set_=new))
            told.append(f"{share.date} {share.from_code} → {share.to_code}: {share.amount:,} m²")
    if told:
        revisions.changed(conn, revisions.AREA_HISTORY)
    return told


def _is_known(conn: Connection, share: Share) -> bool:
    same = [area_share.c[name] == value for name, value in asdict(share).items()]
    return conn.scalar(select(area_share.c.amount).where(*same)) is not None


def _shares(conn: Connection, history: History, before: dt.date, after: dt.date) -> Iterator[Share]:
    found = divisions(history, before, after)
    olds = {code for divided in found.values() for code in divided}
    old = _outlines(conn, before, olds)
    new = _outlines(conn, after, {code for of in found.values() for codes in of.values() for code in codes})
    for date, divided in found.items():
        day_before = date - dt.timedelta(1)
        heirs = {code for codes in divided.values() for code in codes}
        made = {code for code in heirs & history.names.keys() if history.name(code, day_before) is None}
        drawn = _codes(conn, before, made)  # a map that has them already tells of another day
        whole = {
            code: codes
            for code, codes in divided.items()
            if code in old and codes <= new.keys() and drawn.isdisjoint(codes)
        }
        common = overlaps({code: old[code] for code in whole}, new)
        for share in shares(common, whole, date):
            yield Share(date, share.from_code, share.to_code, "area", share.amount, before)


def _codes(conn: Connection, date: dt.date, codes: Collection[str]) -> set[str]:
    return set(conn.scalars(select(area.c.code).where(area.c.vintage == date, area.c.code.in_(codes))))


def _outlines(conn: Connection, date: dt.date, codes: Collection[str]) -> dict[str, shapely.Geometry]:
    """Return the flat outlines of areas of a vintage, of any level below prefectures."""
    asked = select(area.c.code, area.c.geom.ST_AsBinary()).where(
        area.c.vintage == date, area.c.code.in_(codes), area.c.level != "prefecture"
    )
    rows = conn.execute(asked).all()
    return flat({code: shapely.from_wkb(bytes(outline)) for code, outline in rows}) if rows else {}
