"""Figures that must not be told any more: withdrawn, or forgotten too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, select

from geo.codes import area_code
from geo.errors import Finding, NotFound
from geo.figures.observations import Row
from service.db.tables import audit, observation, superseded
from service.figures.embargo import held_of
from service.figures.load import Figures, load_observations

#: Why there is no figure any more.
STATUS = "not_available"


def withdraw_figures(
    conn: Connection,
    indicator: str,
    periods: Sequence[str],
    areas: Sequence[str] | None,
    *,
    actor: str,
    forget: bool = False,
    dry_run: bool = False,
) -> dict[str, object]:
    """Take figures away in the caller's transaction: their areas have no value from now on.

    Parameters
    ----------
    periods : as they are stored, such as ``2024``
    areas : codes as published, in any form; None: all
    forget : what they were is told of no past moment either, and by no list of changes

    Raises
    ------
    NotFound : no such figure; the findings name what there is none of
    """
    codes = None if areas is None else [area_code(text) for text in areas]
    of_them = _of(observation, indicator, periods, codes)
    columns = [observation.c[name] for name in ("area_code", "period", "source", "boundary_date")]
    found = conn.execute(select(*columns).where(of_them).order_by(*columns)).all()
    there = {row.period for row in found}, {row.area_code for row in found}
    missing = [
        Finding("figures", field, name, "what has figures; see /v1/series")
        for field, names, known in (("period", periods, there[0]), ("area", codes or (), there[1]))
        for name in names
        if name not in known
    ]
    if missing:
        raise NotFound(f"There are no such figures of {indicator[:80]!r}; nothing was withdrawn", missing)
    rows: dict[tuple[str, dt.date], list[Row]] = {}
    for one in found:
        gone = Row(indicator, one.area_code, one.period, None, STATUS, "", 0)
        rows.setdefault((one.source, one.boundary_date), []).append(gone)
    parts = [Figures(gone, source, date) for (source, date), gone in rows.items()]
    subject = f"{indicator} {', '.join(periods)}"
    loaded = load_observations(conn, parts, actor=actor, subject=subject, dry_run=dry_run)
    report: dict[str, object] = {
        "figures": loaded["rows"],
        "withdrawn": loaded["changed"],
        "forgotten": 0,
        "still_held": held_of(conn, indicator, periods),
        "dry_run": dry_run,
    }
    if forget and not dry_run:
        before = delete(superseded).where(_of(superseded, indicator, periods, codes))
        report["forgotten"] = conn.execute(before).rowcount
        row = {"actor": actor, "action": "forget figures", "subject": subject, "detail": report}
        conn.execute(insert(audit).values(row))
    return report


def _of(
    table: Table, indicator: str, periods: Sequence[str], codes: Sequence[str] | None
) -> ColumnElement[bool]:
    wanted = and_(table.c.indicator == indicator, table.c.period.in_(periods))
    return wanted if codes is None else and_(wanted, table.c.area_code.in_(codes))
