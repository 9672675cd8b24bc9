"""KPIs and their actuals into the database: a steward registers those of an area's own strategy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace

from pydantic import ValidationError
from sqlalchemy import Connection, select

from geo.areas.names import AreaNames
from geo.areas.reach import Author
from geo.codes import NATION
from geo.errors import Finding, Findings, InvalidFile, InvalidParameter, InvalidRows, NotFound
from geo.files.documents import shown
from geo.periods import PARTS, PeriodKind
from geo.strategy.kpi_lists import Areas, json_of, read_actuals, with_codes
from geo.strategy.kpis import Actual, Known, Kpi, faults, with_actuals
from geo.strategy.plan import Strategy
from geo.strategy.rating import Target
from service.db import versions
from service.db.database import Transactions
from service.db.documents import check_actual, check_target, kpi_from_json, kpi_from_row, kpi_to_body
from service.db.tables import area, kpi, region_set, vintage
from service.figures.load import kinds_of_periods, known_codes
from service.memory import revisions
from service.strategy.deployment_load import newest_strategy
from service.strategy.kpi_forms import KpiPut, Result

#: Entries of a KPI: a target for each area, an actual for each area and year.
MOST_ENTRIES = {"series": 100, "proxies": 100, "targets": 5_000, "actuals": 200_000}
MOST_MILESTONES = 300


def known(conn: Connection, policy: Strategy, indicators: Mapping[str, PeriodKind]) -> Known:
    """Return what a KPI may refer to; as its targets are of years, no indicator of months or quarters."""
    areas = known_codes(conn) | {NATION} | set(conn.execute(select(region_set.c.id).distinct()).scalars())
    return Known(
        goals=policy.goals_by_id,
        measures=policy.measures_by_id,
        schemes=policy.schemes_by_id,
        indicators={name for name, kind in indicators.items() if kind not in PARTS},
        is_area=areas.__contains__,
    )


def put_kpi(transactions: Transactions, name: str, body: bytes, *, by: Author, dry_run: bool) -> KpiPut:
    """Register a KPI of an area's own strategy, or replace it; in a transaction of its own.

    Raises
    ------
    InvalidRows : every fault with its place, field, value and what was expected
    InvalidParameter : it is a national KPI, which the catalogue defines
    OutOfReach : it is, or would be, of an area that the author may not change
    """
    document = _document(body)
    try:
        made = kpi_from_json({**document, "id": name})
    except ValidationError as error:
        raise InvalidRows(f"The KPI has {error.error_count()} faults", _findings(error)) from error
    with transactions.begin() as conn:
        before = _stored(conn, name)
        if not made.owner or (before is not None and not before.owner):
            finding = Finding(
                "kpi", "owner", made.owner, "the code of the area whose own strategy it belongs to"
            )
            raise InvalidParameter(
                "National KPIs come from the catalogue; a steward registers those of an area", [finding]
            )
        actuals = tuple(replace(one, entered_by=by.name) for one in made.actuals)
        context = known(conn, newest_strategy(conn), kinds_of_periods(conn))
        made = with_codes(replace(made, actuals=actuals), Areas(context.is_area, _names(conn)))
        made = replace(made, actuals=made.actuals or (before.actuals if before else ()))
        found = Findings(faults(made, context))
        if found:
            raise InvalidRows(f"The KPI has {found.total} faults; nothing was stored", found)
        if before is not None:
            by.reach.refuse_beyond([("owner", before.owner)])
        by.reach.refuse_beyond(_places(made))
        return _put(conn, made, by.name, dry_run=dry_run)


def put_actuals(transactions: Transactions, name: str, body: bytes, *, by: Author, dry_run: bool) -> KpiPut:
    """Enter actuals of any KPI; those it has for the same area and year are replaced, others stay.

    Raises
    ------
    NotFound : no such KPI
    InvalidRows, InvalidFile : nothing has been changed
    OutOfReach : the KPI's owner, or an area of the list, is one that the author may not change
    """
    with transactions.begin() as conn:
        before = _stored(conn, name)
        if before is None:
            raise NotFound(f"There is no KPI {name[:80]!r}; see /v1/kpis")
        context = known(conn, newest_strategy(conn), kinds_of_periods(conn))
        listed = read_actuals(body, Areas(context.is_area, _names(conn)))
        entered = [replace(one, entered_by=by.name) for _, one in listed]
        stood = {f"actual {place}": where for place, (where, _) in enumerate(listed, 1)}
        alone = faults(replace(before, actuals=tuple(entered)), context)
        found = Findings(replace(one, where=stood[one.where]) for one in alone if one.where in stood)
        if found:
            raise InvalidRows(f"The list has {found.total} faults; nothing was stored", found)
        if before.owner:  # a national KPI is everybody's, each for their own area
            by.reach.refuse_beyond([("owner", before.owner)])
        by.reach.refuse_beyond((where, one.area) for where, one in listed)
        return _put(conn, with_actuals(before, entered), by.name, dry_run=dry_run)


def end_kpi(transactions: Transactions, name: str, by: Author) -> None:
    """End a KPI of an area; its history stays.

    Raises
    ------
    NotFound : no such KPI
    InvalidParameter : it is a national one
    OutOfReach : it is of an area that the author may not change
    """
    with transactions.begin() as conn:
        before = _stored(conn, name)
        if before is None:
            raise NotFound(f"There is no KPI {name[:80]!r}; see /v1/kpis")
        if not before.owner:
            raise InvalidParameter("National KPIs come from the catalogue and are ended there")
        by.reach.refuse_beyond([("owner", before.owner)])
        versions.end(conn, kpi, name, by.name)
        revisions.changed(conn, revisions.kpi(name))


def _put(conn: Connection, made: Kpi, actor: str, *, dry_run: bool) -> KpiPut:
    with conn.begin_nested() as trial:
        change = versions.put(conn, kpi, {made.id: kpi_to_body(made)}, actor=actor, subject=made.id)
        if dry_run:
            trial.rollback()
    if change.touched and not dry_run:
        revisions.changed(conn, revisions.kpi(made.id))
    result: Result = "added" if change.added else "changed" if change.changed else "unchanged"
    return {"kpi": made.id, "result": result, "actuals": len(made.actuals), "dry_run": dry_run}


def _places(made: Kpi) -> list[tuple[str, str]]:
    """Return which areas a KPI is of, and where it says so."""
    targets = [(f"target {place}", one.area) for place, one in enumerate(made.targets, 1)]
    actuals = [(f"actual {place}", one.area) for place, one in enumerate(made.actuals, 1)]
    return [("owner", made.owner), *targets, *actuals]


def _stored(conn: Connection, name: str) -> Kpi | None:
    """Return what holds now of a KPI; from then on nobody else changes it."""
    versions.take_turn(conn)
    row = conn.execute(versions.current(kpi).where(kpi.c.id == name)).first()
    return kpi_from_row(row) if row is not None else None


def _names(conn: Connection) -> AreaNames:
    """Return what areas are called on the newest boundaries."""
    newest = select(vintage.c.vintage).order_by(vintage.c.vintage.desc()).limit(1).scalar_subquery()
    rows = conn.execute(select(area.c.code, area.c.name_ja).where(area.c.vintage == newest)).all()
    return AreaNames({row.code: (row.name_ja, "") for row in rows})


def _document(body: bytes) -> dict[str, object]:
    document = json_of(body)
    if not isinstance(document, dict):
        raise InvalidFile(
            "The body is no JSON object", [Finding("body", "json", "", "an object with the fields")]
        )
    for name, most in MOST_ENTRIES.items():
        if isinstance(listed := document.get(name), list) and len(listed) > most:
            finding = Finding("kpi", name, f"{len(listed):,} entries", f"at most {most:,}")
            raise InvalidRows("The KPI has too many entries", [finding])
    findings = Findings(_unknown("kpi", document, Kpi))
    for name, kind in (("targets", Target), ("actuals", Actual)):
        for place, entry in enumerate(_listed(document, name), 1):
            findings += _unknown(f"{name} {place}", entry, kind) if isinstance(entry, dict) else ()
    if findings:
        raise InvalidRows(f"The KPI has {findings.total} unknown fields", findings)
    findings = Findings(_misfits(document))
    if findings:
        raise InvalidRows(f"The KPI has {findings.total} faults", findings)
    return document


def _listed(document: Mapping[str, object], name: str) -> list[object]:
    listed = document.get(name)
    return listed if isinstance(listed, list) else []


def _unknown(where: str, given: Mapping[str, object], kind: type) -> Iterator[Finding]:
    existing = [field.name for field in fields(kind) if field.name != "entered_by"]
    for name in given:
        if name not in existing:
            yield Finding(where, name, shown(given[name]), f"one of the fields {', '.join(existing)}")


def _misfits(document: Mapping[str, object]) -> Iterator[Finding]:
    """Yield what is wrong with entries, one after another: all at once it would be told at length."""
    for name, check in (("targets", check_target), ("actuals", check_actual)):
        for place, entry in enumerate(_listed(document, name)):
            steps = entry.get("milestones") if isinstance(entry, dict) else None
            if isinstance(steps, dict) and len(steps) > MOST_MILESTONES:
                expected = f"at most {MOST_MILESTONES} years"
                yield Finding("kpi", f"{name}.{place}.milestones", f"{len(steps):,}", expected)
                continue
            try:
                check(entry)
            except ValidationError as error:
                yield from _findings(error, f"{name}.{place}.")


def _findings(error: ValidationError, within: str = "") -> Iterator[Finding]:
    for fault in error.errors(include_url=False, include_context=False):
        place = within + ".".join(map(str, fault["loc"]))
        yield Finding("kpi", place.rstrip("."), shown(fault.get("input", "")), str(fault["msg"]))
