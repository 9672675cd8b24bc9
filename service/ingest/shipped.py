"""The data that ship with chiiki into the database: what is loaded already stays as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from service.ingest.boundaries import ingest_boundaries
from service.ingest.catalog import load_catalogue
from service.ingest.statistics import load_shipped_statistics

Progress = Callable[[int, int, str], None]


def load_shipped(conn: Connection, data: Path, actor: str, progress: Progress) -> dict[str, object]:
    """Load catalogue, boundaries and figures in the caller's transaction; return a report of each."""
    report: dict[str, object] = {"catalogue": load_catalogue(conn, data / "catalog", actor)}
    for folder in sorted((data / "boundaries").iterdir()):
        date = dt.date.fromisoformat(folder.name)
        (file,) = folder.glob("areas.*")
        report[f"boundaries {date}"] = ingest_boundaries(
            conn, file, date, catalog=data / "catalog", actor=actor, progress=progress
        )
    report["figures"] = load_shipped_statistics(conn, data / "statistics", actor, progress)
    return report
