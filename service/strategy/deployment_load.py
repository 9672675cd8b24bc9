"""Lists of deployments into the database: all of them or none, the same list twice changes nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, select

from geo.areas.lineage import Change, absent
from geo.areas.names import AreaNames
from geo.areas.reach import EVERYWHERE, Author, Reach
from geo.errors import Finding, InvalidRows, NotFound
from geo.strategy.deployment_lists import is_untrusted_binary, read_list, table_lines
from geo.strategy.deployment_mappings import read_mapped, read_mapping
from geo.strategy.deployment_rows import Context, Entry, checked_deployments
from geo.strategy.deployments import Deployment
from geo.strategy.plan import Strategy
from service.areas.former import FormerNames
from service.areas.names import read_names
from service.child import own_folder
from service.db import versions
from service.db.database import Transactions
from service.db.documents import deployment_from_row, deployment_to_body, strategy_from_body
from service.db.tables import area_change, audit, deployment, strategy
from service.figures.vectors import history_of
from service.memory import revisions
from service.strategy import sandbox
from service.strategy.deployment_forms import DeploymentsPut

JST = dt.timezone(dt.timedelta(hours=9), "JST")
#: Who loads what ships. What others have changed or ended is theirs, and a later edition leaves it alone.
SHIPPER = "chiiki"
#: What stands before the name of a town that names its prefecture too.
_PREFECTURE = re.compile(r"^(北海道|東京都|京都府|大阪府|.{2,3}県)")
#: The wards of Tokyo together are listed among the codes and are no body.
_NO_BODIES = frozenset({"13100"})


def newest_strategy(conn: Connection) -> Strategy:
    """Return the newest version of the strategy.

    Raises
    ------
    NotFound : the catalogue has not been loaded
    """
    found = conn.execute(select(strategy.c.body).order_by(strategy.c.id.desc()).limit(1)).scalar()
    if found is None:
        raise NotFound("No strategy is loaded yet: run `chiiki ingest shipped`")
    return strategy_from_body(found)


def context(conn: Connection, catalog: Path, today: dt.date) -> Context:
    """Return what lists are checked against: the measures, and the area names of any date."""
    columns = (area_change.c.date, area_change.c.kind, area_change.c.from_code, area_change.c.to_code)
    rows = conn.execute(select(*columns, area_change.c.from_name).order_by(*columns)).all()
    changes = [Change(*row[:4]) for row in rows]
    renamed = [(row.from_code, row.from_name) for row in rows if row.from_code == row.to_code]
    known = {
        code: (name.ja, name.district) for code, name in read_names(catalog).items() if code not in _NO_BODIES
    }
    policy = newest_strategy(conn)

    @cache
    def names(date: dt.date) -> AreaNames:
        gone = absent(date, changes)
        return AreaNames({code: name for code, name in known.items() if code not in gone}, renamed)

    former = FormerNames(history_of(conn))

    def fate(written: str, date: dt.date) -> str:
        return "; ".join(map(str, former.called(_PREFECTURE.sub("", written), date)))

    return Context(policy.measure_named, tuple(policy.measures_by_id), names, today, today, fate)


def load_deployments(
    conn: Connection,
    entries: Sequence[Entry],
    *,
    catalog: Path,
    actor: str,
    subject: str,
    today: dt.date,
    reach: Reach = EVERYWHERE,
    dry_run: bool = False,
) -> DeploymentsPut:
    """Load the rows of a list in the caller's transaction; return which were added and changed.

    Raises
    ------
    InvalidRows, InvalidFile : nothing has been changed; the findings name line, column, value, expectation
    OutOfReach : a deployment is, or would be, of an area that is not within reach
    """
    checked = checked_deployments(entries, context(conn, catalog, today))
    reach.refuse_beyond(_places(checked))
    if reach.areas is not None:
        reach.refuse_beyond(_places(_stored(conn, [one.id for one in checked])))
    kept = _touched_by_others(conn) if actor == SHIPPER else set()
    found = [one for one in checked if one.id not in kept]
    with conn.begin_nested() as trial:
        change = versions.put(
            conn,
            deployment,
            {one.id: deployment_to_body(one) for one in found},
            geometries={one.id: one.geometry for one in found if one.geometry},
            actor=actor,
            subject=subject,
        )
        if dry_run:
            trial.rollback()
    if change.touched and not dry_run:
        revisions.changed(conn, revisions.DEPLOYMENTS)
    return {
        "rows": len(checked),
        "dry_run": dry_run,
        "added": list(change.added),
        "changed": list(change.changed),
        "unchanged": len(change.unchanged) + len(checked) - len(found),
    }


def _stored(conn: Connection, names: Sequence[str]) -> list[Deployment]:
    """Return what holds now of these deployments; from then on nobody else changes any."""
    versions.take_turn(conn)
    rows = conn.execute(versions.current(deployment).where(deployment.c.id.in_(names))).all()
    return [deployment_from_row(row) for row in rows]


def _places(deployments: Sequence[Deployment]) -> list[tuple[str, str | None]]:
    return [(one.id, place.code) for one in deployments for place in one.areas]


def _touched_by_others(conn: Connection) -> set[str]:
    others = select(deployment.c.id).where(deployment.c.actor != SHIPPER)
    ended = select(audit.c.subject).where(audit.c.action == "delete deployment", audit.c.actor != SHIPPER)
    return {*conn.execute(others).scalars(), *conn.execute(ended).scalars()}


def load_file(
    conn: Connection, path: Path, *, catalog: Path, actor: str, dry_run: bool = False, trusted: bool = False
) -> DeploymentsPut:
    """Load a file in the caller's transaction; see ``load_deployments``.

    Parameters
    ----------
    trusted : costly forms are not parsed in a sandbox
    """
    return load_deployments(
        conn,
        read_list(path) if trusted or not _is_untrusted(path) else sandbox.read_list(path),
        catalog=catalog,
        actor=actor,
        subject=path.name,
        today=dt.datetime.now(JST).date(),
        dry_run=dry_run,
    )


def _is_untrusted(path: Path) -> bool:
    with path.open("rb") as opened:
        return is_untrusted_binary(opened.read(512))


def load_published(
    conn: Connection,
    path: Path,
    mapping: Path,
    *,
    catalog: Path,
    actor: str,
    dry_run: bool = False,
    trusted: bool = False,
) -> tuple[DeploymentsPut, list[Finding]]:
    """Load a published list by a mapping in the caller's transaction; also return the rows it leaves out.

    Parameters
    ----------
    trusted : costly forms are not parsed in a sandbox

    Raises
    ------
    InvalidRows, InvalidFile : nothing has been changed; the findings name lines of the list or of the mapping
    """
    table = table_lines if trusted or not _is_untrusted(path) else sandbox.table_lines
    mapped = read_mapped(table(path), read_mapping(mapping))
    try:
        report = load_deployments(
            conn,
            mapped.entries,
            catalog=catalog,
            actor=actor,
            subject=path.name,
            today=dt.datetime.now(JST).date(),
            dry_run=dry_run,
        )
    except InvalidRows as error:
        raise mapped.explained(error) from None
    return report, mapped.left_out


def put_deployments(
    transactions: Transactions, body: bytes, *, catalog: Path, by: Author, subject: str, dry_run: bool
) -> DeploymentsPut:
    """Load the body of a request in a transaction of its own; costly forms are parsed in a sandbox."""
    with own_folder() as folder:
        path = folder / "list"
        path.write_bytes(body)
        entries = sandbox.read_list(path) if is_untrusted_binary(body) else read_list(path)
    with transactions.begin() as conn:
        return load_deployments(
            conn,
            entries,
            catalog=catalog,
            actor=by.name,
            subject=subject,
            today=dt.datetime.now(JST).date(),
            reach=by.reach,
            dry_run=dry_run,
        )


def end_deployment(transactions: Transactions, name: str, by: Author) -> None:
    """End a deployment in a transaction of its own; its history stays.

    Raises
    ------
    NotFound : there is none of that id
    OutOfReach : it is of an area that the author may not change
    """
    with transactions.begin() as conn:
        if by.reach.areas is not None:
            by.reach.refuse_beyond(_places(_stored(conn, [name])))
        if not versions.end(conn, deployment, name, by.name):
            raise NotFound(f"There is no deployment {name[:80]!r}; see /v1/deployments")
        revisions.changed(conn, revisions.DEPLOYMENTS)
