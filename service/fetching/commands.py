"""What ``chiiki fetch`` does, with the database running: one transaction for each table and each feed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from geo.errors import ChiikiError, Finding
from geo.figures.mappings import Mapped
from geo.transit.registers import Listed, choice, read_register
from service.commands import open_connection, transaction
from service.db.database import running_database
from service.fetching import feeds, tables
from service.fetching.client import Client, NotFetched
from service.settings import Settings
from service.terminal import Progress, progress_bar

Report = Mapping[str, object]


def fetch_table(
    settings: Settings,
    mapping: Sequence[Mapped],
    *,
    app_id: str | None,
    actor: str,
    withdraw: bool = False,
    dry_run: bool = False,
) -> Report:
    """Fetch a table of e-Stat and load it; no transaction is open while the network is asked."""
    with running_database(settings):
        with transaction(settings) as conn:
            mapping = tables.checked(conn, mapping)
        with progress_bar("e-Stat") as progress:
            answer = tables.read_table(settings, app_id, mapping, progress)
        with transaction(settings, dry_run=dry_run) as conn:
            return tables.load_table(conn, answer, actor=actor, withdraw=withdraw, dry_run=dry_run)


def fetch_feeds(
    settings: Settings,
    register: Path,
    *,
    actor: str,
    licences: Collection[str] = (),
    prefectures: Collection[str] = (),
    ids: Collection[str] = (),
    dry_run: bool = False,
) -> tuple[Report, NotFetched | None]:
    """Fetch the feeds of a register; return what became of them, and the refusal where some failed."""
    chosen = choice(read_register(register), licences=licences, prefectures=prefectures, ids=ids)
    outcome = feeds.Outcome()
    with (
        running_database(settings),
        Client(settings, redirects=True) as client,
        progress_bar("feeds") as progress,
    ):
        _fetch_all(settings, client, chosen.feeds, outcome, actor, dry_run, progress)
        with open_connection(settings) as conn:
            ends = feeds.ending(conn)
    report = {
        "feeds": len(chosen.feeds),
        "new": outcome.new,
        "changed": outcome.changed,
        "unchanged": outcome.unchanged,
        "failed": len(outcome.failures),
        "licence_does_not_allow": dict(chosen.refused),
        "timetables_ended_or_ending": [f"{one['id']} {one['valid_to']} {one['state']}" for one in ends],
        "dry_run": dry_run,
    }
    if not outcome.failures:
        return report, None
    message = f"{len(outcome.failures)} of {len(chosen.feeds)} feeds were not loaded; what they had stays"
    return report, NotFetched(message, outcome.failures)


def _fetch_all(
    settings: Settings,
    client: Client,
    listed: Sequence[Listed],
    outcome: feeds.Outcome,
    actor: str,
    dry_run: bool,
    progress: Progress,
) -> None:
    for done, feed in enumerate(listed):
        progress(done, len(listed), feed.id)
        try:
            with transaction(settings, dry_run=dry_run) as conn:
                feeds.fetch_feed(conn, client, feed, outcome, actor)
        except ChiikiError as error:
            outcome.failures.append(feeds.failure(feed, error))
    progress(len(listed), len(listed), "done")


def fetch_all(
    settings: Settings, *, app_id: str | None, actor: str, dry_run: bool = False
) -> tuple[dict[str, Report], NotFetched | None]:
    """Fetch all that the folder of mappings names; one that fails does not keep the others from it."""
    folder = settings.data / "mappings"
    reports: dict[str, Report] = {}
    failures: list[Finding] = []
    for table, path in tables.mappings(folder).items():
        try:
            mapping = tables.mapping_of(table, path, folder)
            reports[f"estat {table}"] = fetch_table(
                settings, mapping, app_id=app_id, actor=actor, dry_run=dry_run
            )
        except ChiikiError as error:
            failures += [
                Finding(path.name, table, error.message, "a table that can be loaded"),
                *error.findings,
            ]
    for path in sorted(folder.glob("gtfs*.csv")):
        reports[path.name], refusal = fetch_feeds(settings, path, actor=actor, dry_run=dry_run)
        failures += refusal.findings if refusal else ()
    if not reports and not failures:
        finding = Finding("folder", "mappings", str(folder), "estat*.csv or gtfs*.csv")
        return reports, NotFetched("There is nothing to fetch", [finding])
    return reports, NotFetched("Not everything was fetched", failures) if failures else None
