"""Feeds of a register: those whose licence allows it, when they have changed, each whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from geo.errors import ChiikiError, Finding
from geo.transit.registers import Listed
from service.db.tables import stop, stop_source
from service.fetching import state
from service.fetching.client import Client
from service.figures.known import JAPAN
from service.transit.load import Credit, load_stops

MOST_BYTES = 64 << 20
#: Feeds that end within so many days are told.
SOON_DAYS = 30


@dataclass
class Outcome:
    """What became of the feeds that were asked for, by what each came to."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    failures: list[Finding] = field(default_factory=list)


def fetch_feed(conn: Connection, client: Client, feed: Listed, outcome: Outcome, actor: str) -> None:
    """Load a feed in the caller's transaction, where it is not what it was; note what it came to.

    Raises
    ------
    NotFetched, InvalidFile, InvalidRows : nothing was loaded, and the stops that were there stay
    """
    name = f"gtfs:{feed.id}"
    before = state.last(conn, name)
    standing = conn.scalar(select(stop_source.c.sha256).where(stop_source.c.id == feed.id))
    if standing != before.get("sha256"):  # somebody loaded another file under the same id
        before = {}
    answer = client.get(feed.url, most=MOST_BYTES, headers=_conditions(before, feed.url))
    digest = hashlib.sha256(answer.body).hexdigest()
    if answer.status == 304 or digest == before.get("sha256"):
        outcome.unchanged += 1
        return
    stood = conn.scalar(select(func.count()).select_from(stop).where(stop.c.source == feed.id)) or 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{feed.id}.zip"
        path.write_bytes(answer.body)
        report = load_stops(conn, path, feed.id, _credit(feed), kind="gtfs", actor=actor)
    kept = {"etag": answer.headers.get("etag", ""), "last_modified": answer.headers.get("last-modified", "")}
    state.keep(conn, name, {**kept, "url": feed.url, "sha256": digest})
    stops = f"{feed.id} {feed.label}: {report['stops']} stops, until {report['valid_to']}"
    if stood:
        outcome.changed.append(f"{stops} ({stood} stops before)")
    else:
        outcome.new.append(stops)


def _conditions(before: Mapping[str, Any], url: str) -> dict[str, str]:
    """Return the headers that ask for a feed only where it is not what it was (RFC 9110 13.1)."""
    if before.get("url") != url:
        return {}
    headers = {"If-None-Match": before["etag"], "If-Modified-Since": before["last_modified"]}
    return {name: value for name, value in headers.items() if value}


def _credit(feed: Listed) -> Credit:
    """Return whom to credit; a register has one name of a feed, which stands in both languages."""
    return Credit(
        feed.label,
        feed.label,
        f"「{feed.label}」（{feed.licence}）を加工して作成",
        f"Made by processing “{feed.label}” ({feed.licence})",
        feed.licence,
    )


def failure(feed: Listed, error: ChiikiError) -> Finding:
    """Return that a feed was not loaded, and why."""
    told = error.findings[0] if error.findings else None
    reason = error.message if told is None else f"{error.message} ({told.where}: {told.field})"
    return Finding(f"line {feed.line}", feed.id, feed.label, reason)


def ending(conn: Connection, today: dt.date | None = None) -> Sequence[dict[str, object]]:
    """Return the timetables that have ended, or end soon, the earliest first."""
    today = today or dt.datetime.now(JAPAN).date()
    asked = (
        select(stop_source.c.id, stop_source.c.title_ja.label("title"), stop_source.c.valid_to)
        .where(stop_source.c.kind == "gtfs", stop_source.c.valid_to < today + dt.timedelta(SOON_DAYS))
        .order_by(stop_source.c.valid_to, stop_source.c.id)
    )
    return [
        {**row._mapping, "state": "has ended" if row.valid_to < today else "ends soon"}
        for row in conn.execute(asked)
    ]
