"""The data that ship with chiiki: into the database, and out of the published files they are made from.

Each part is loaded once, and again only when its files change: a start loads nothing twice, and what an
operator has loaded over it stays.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, insert, select

from service.db.tables import audit

Progress = Callable[[int, int, str], None]
ACTION = "load shipped"


@dataclass(frozen=True)
class Part:
    """A part of the shipped data: its files, and what loads them."""

    name: str
    files: tuple[Path, ...]
    load: Callable[[Connection, str, Progress], Mapping[str, object]]


def load_shipped(conn: Connection, data: Path, actor: str, progress: Progress) -> dict[str, object]:
    """Load what ships in the caller's transaction; return a report of each part."""
    report: dict[str, object] = {}
    for part in _parts(data):
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in part.files)).hexdigest()
        if digest == _loaded(conn, part.name):
            report[part.name] = "as before"
            continue
        report[part.name] = part.load(conn, actor, progress)
        row = {"actor": actor, "action": ACTION, "subject": part.name, "detail": {"sha256": digest}}
        conn.execute(insert(audit).values(row))
    return report


def make_shipped(published: Path, data: Path, progress: Progress) -> dict[str, object]:
    """Write the shipped data anew from the published files in ``published``; return a report of each part."""
    from service.areas.load import ship_boundaries
    from service.areas.names import ship_names
    from service.areas.past import ship_history, ship_shares
    from service.figures.ages import ship_ages
    from service.figures.statistics import ship_statistics
    from service.strategy.catalog_load import ship_changes, ship_regions
    from service.transit.demonstration import ship_transport
    from service.transit.stations import ship_stations

    catalog = data / "catalog"
    steps: dict[str, Callable[[], object]] = {
        "area names": lambda: ship_names(published, catalog),
        "area changes": lambda: ship_changes(published, catalog),
        "area history": lambda: ship_history(published, catalog),
        "area shares": lambda: ship_shares(published, catalog),
        "region sets": lambda: ship_regions(catalog),
        "boundaries": lambda: ship_boundaries(published, data),
        "statistics": lambda: ship_statistics(published, data),
        "ages": lambda: ship_ages(published, data),
        "transport": lambda: ship_transport(published, data),
        "stations": lambda: ship_stations(published, data),
    }
    report: dict[str, object] = {}
    for done, (name, step) in enumerate(steps.items()):
        progress(done, len(steps), name)
        report[name] = step()
    progress(len(steps), len(steps), "done")
    return report


def _parts(data: Path) -> Iterator[Part]:
    catalog = data / "catalog"
    deployments = catalog / "deployments.csv"
    tables = tuple(path for path in sorted(catalog.glob("*.csv")) if path != deployments)
    yield Part("catalogue", tables, partial(_load_catalogue, catalog))
    yield Part("deployments", (deployments,), partial(_load_deployments, deployments))
    for folder in sorted(path for path in (data / "boundaries").iterdir() if path.is_dir()):
        (file,) = folder.glob("areas.*")
        yield Part(f"boundaries {folder.name}", (file,), partial(_load_boundaries, catalog, file))
    statistics = data / "statistics"
    yield Part("figures", tuple(sorted(statistics.glob("*.parquet"))), partial(_load_figures, statistics))
    population = data / "population"
    yield Part("ages", tuple(sorted(population.glob("*.parquet"))), partial(_load_ages, population))
    transport = data / "transport"
    files = (*sorted(transport.glob("*.parquet")), catalog / "gap_definitions.csv")
    yield Part("transport gaps", files, partial(_load_transport, transport))


# What reads the files is imported by what loads them: most starts have nothing to load and need not wait.


def _load_catalogue(folder: Path, conn: Connection, actor: str, _progress: Progress) -> Mapping[str, object]:
    from service.strategy.catalog_load import load_catalogue

    return load_catalogue(conn, folder, actor)


def _load_deployments(file: Path, conn: Connection, _actor: str, _progress: Progress) -> Mapping[str, object]:
    from service.strategy.deployment_load import SHIPPER, load_file

    report = load_file(conn, file, catalog=file.parent, actor=SHIPPER)
    return {name: len(ids) if isinstance(ids, list) else ids for name, ids in report.items()}


def _load_boundaries(
    catalog: Path, file: Path, conn: Connection, actor: str, progress: Progress
) -> Mapping[str, object]:
    from service.areas.load import N03, SHIPPED, ingest_boundaries

    date = dt.date.fromisoformat(file.parent.name)
    credit = SHIPPED[date].credit if date in SHIPPED else N03
    return ingest_boundaries(conn, file, date, catalog=catalog, credit=credit, actor=actor, progress=progress)


def _load_figures(folder: Path, conn: Connection, actor: str, progress: Progress) -> Mapping[str, object]:
    from service.figures.statistics import load_shipped_statistics

    return load_shipped_statistics(conn, folder, actor, progress)


def _load_ages(folder: Path, conn: Connection, actor: str, progress: Progress) -> Mapping[str, object]:
    from service.figures.ages import load_ages

    return load_ages(conn, folder, actor, progress)


def _load_transport(folder: Path, conn: Connection, actor: str, progress: Progress) -> Mapping[str, object]:
    from service.transit.demonstration import load_transport

    return load_transport(conn, folder, actor, progress)


def _loaded(conn: Connection, name: str) -> str | None:
    """Return the digest of the files of a part that were loaded last."""
    newest = select(audit.c.detail["sha256"].astext).order_by(audit.c.id.desc()).limit(1)
    return conn.scalar(newest.where(audit.c.action == ACTION, audit.c.subject == name))
