"""Things that keep every state they had: deployments and KPIs, by id and time.

A change ends the current state and begins the next at the same instant; nothing is overwritten. Writers take
turns, so that the times of changes are in the order in which they become visible.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import Connection, Select, Table, and_, func, insert, or_, select, text, update

from service.db.tables import audit

LOCK = 0x76657273

Body = Mapping[str, object]


@dataclass(frozen=True)
class Change:
    """What a write did: the ids it added, changed and left as they were."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def touched(self) -> tuple[str, ...]:
        """The ids whose state is another than before."""
        return self.added + self.changed


def _columns(table: Table) -> list[object]:
    geometry = [func.ST_AsGeoJSON(table.c.geom, 7).label("geometry")] if "geom" in table.c else []
    return [table.c.id, table.c.valid_from, table.c.valid_to, table.c.actor, table.c.body, *geometry]


def current(table: Table) -> Select[tuple[object, ...]]:
    """Return the query for what holds now, ordered by id."""
    return select(*_columns(table)).where(table.c.valid_to.is_(None)).order_by(table.c.id)  # type: ignore[call-overload,no-any-return]  # columns of a table given at run time


def as_of(table: Table, when: dt.datetime) -> Select[tuple[object, ...]]:
    """Return the query for what held at a past instant, ordered by id."""
    held = and_(table.c.valid_from <= when, or_(table.c.valid_to.is_(None), table.c.valid_to > when))
    return select(*_columns(table)).where(held).order_by(table.c.id)  # type: ignore[call-overload,no-any-return]


def history(table: Table, name: str) -> Select[tuple[object, ...]]:
    """Return the query for every state of one thing, newest first."""
    return select(*_columns(table)).where(table.c.id == name).order_by(table.c.valid_from.desc())  # type: ignore[call-overload,no-any-return]


def newest_change(table: Table) -> Select[dt.datetime | None]:
    """Return the query for the instant of the last change."""
    return select(func.max(func.greatest(table.c.valid_from, table.c.valid_to)))


def put(
    conn: Connection,
    table: Table,
    bodies: Mapping[str, Body],
    *,
    actor: str,
    subject: str,
    geometries: Mapping[str, str] = MappingProxyType({}),
) -> Change:
    """Make these the current states, in the caller's transaction; what is as before stays untouched.

    Parameters
    ----------
    bodies : id → JSON
    subject : what the audit calls the write: a file, an id
    geometries : id → GeoJSON text, for a table with geometry
    """
    at = _instant(conn, table)
    wanted = current(table).where(table.c.id.in_(list(bodies)))
    before = {row.id: (row.body, getattr(row, "geometry", None)) for row in conn.execute(wanted).all()}
    added: list[str] = []
    changed: list[str] = []
    unchanged: list[str] = []
    rows: list[dict[str, object]] = []
    for name, body in bodies.items():
        shape = geometries.get(name)
        if name in before and before[name][0] == body and _alike(before[name][1], shape):
            unchanged.append(name)
            continue
        (changed if name in before else added).append(name)
        row: dict[str, object] = {"id": name, "valid_from": at, "actor": actor, "body": body}
        if "geom" in table.c:
            row["geom"] = from_shape(shapely.from_geojson(shape), srid=4326) if shape else None
        rows.append(row)
    _end(conn, table, changed, at)
    if rows:
        conn.execute(insert(table), rows)
    change = Change(tuple(added), tuple(changed), tuple(unchanged))
    if change.touched:
        detail = {"added": added, "changed": changed}
        conn.execute(
            insert(audit).values(actor=actor, action=f"put {table.name}", subject=subject, detail=detail)
        )
    return change


def end(conn: Connection, table: Table, name: str, actor: str) -> bool:
    """End a thing's current state; return whether it had one. What it was stays in its history."""
    ended = _end(conn, table, [name], _instant(conn, table))
    if ended:
        conn.execute(
            insert(audit).values(actor=actor, action=f"delete {table.name}", subject=name, detail={})
        )
    return bool(ended)


def _end(conn: Connection, table: Table, names: list[str], at: dt.datetime) -> int:
    if not names:
        return 0
    ending = update(table).where(table.c.valid_to.is_(None), table.c.id.in_(names)).values(valid_to=at)
    return conn.execute(ending).rowcount


def take_turn(conn: Connection) -> None:
    """Let nobody else change anything here until the transaction ends: what is read now stays so."""
    conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _instant(conn: Connection, table: Table) -> dt.datetime:
    """Return now, or just after the last change where the clock went back since: later is larger."""
    take_turn(conn)
    after = select(
        newest_change(table).scalar_subquery() + text("interval '1 microsecond'")
    ).scalar_subquery()
    at: dt.datetime = conn.execute(select(func.greatest(func.clock_timestamp(), after))).scalar_one()
    return at


def _alike(one: str | None, other: str | None) -> bool:
    """Return whether two GeoJSON geometries are the same, vertex by vertex."""
    if not one or not other:
        return not one and not other
    return bool(shapely.equals_exact(shapely.from_geojson(one), shapely.from_geojson(other), 1e-9))
