"""The command line: serve, migrate, ingest, export, keys, status."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from typer.core import TyperGroup

from geo.errors import ChiikiError, InvalidParameter
from service import server
from service.db import schema
from service.db.cluster import Cluster
from service.db.database import running_database, writer_engine, writer_url
from service.http import auth
from service.settings import HOME, Settings, table
from service.terminal import err, out, print_refusal, print_report, print_table, progress_bar


class SchemaOutdated(ChiikiError):
    """The database's tables are not those this version of chiiki works with."""


class Refusing(TyperGroup):
    """A group of commands whose refusals are printed as a table, with exit code 1."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override] # its base has no public name
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ChiikiError as error:
            print_refusal(error)
        except OperationalError as error:
            err.print(f"✗ The database cannot be used: {str(error.orig).strip()}", style="red")
        raise typer.Exit(1)


app = typer.Typer(cls=Refusing, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
ingest = typer.Typer(no_args_is_help=True, help="Load boundaries, figures and the catalogue.")
key = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")
app.add_typer(ingest, name="ingest")
analyze = typer.Typer(no_args_is_help=True, help="Compute figures from what is loaded.")
app.add_typer(analyze, name="analyze")
app.add_typer(key, name="key")

InputFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and report; load nothing.")]


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"chiiki {version('chiiki')}")
        raise typer.Exit


@app.callback()
def chiiki(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """地域: Japan's regional figures and policy measures on maps."""
    # SIGTERM unwinds like an exception, so that transactions roll back and the private cluster stops.
    signal.signal(signal.SIGTERM, _exit_on_signal)


def _exit_on_signal(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


@contextmanager
def open_connection(settings: Settings) -> Iterator[Connection]:
    """Give a connection to the database in a transaction, which an exception undoes."""
    engine = writer_engine(settings)
    try:
        with engine.begin() as conn:
            yield conn
    finally:
        engine.dispose()


@contextmanager
def transaction(settings: Settings, *, dry_run: bool = False) -> Iterator[Connection]:
    """Give a connection to the running, migrated database; a dry run's work is undone at its end."""
    with running_database(settings), open_connection(settings) as conn:
        check_schema(conn)
        yield conn
        if dry_run:
            conn.rollback()


def check_schema(conn: Connection) -> None:
    """Refuse a database whose tables are older or newer than this code."""
    found = schema.revision(conn)
    if found != schema.newest():
        raise SchemaOutdated(
            f"The database has the schema {found or '(none)'}, this chiiki works with {schema.newest()}. "
            "Run: chiiki migrate"
        )
    from service.figures import vectors  # numpy takes a while, which the other commands need not wait for

    if not vectors.is_current(conn):
        raise SchemaOutdated(
            "The values in the database were worked out by another chiiki. Run: chiiki migrate"
        )


def actor() -> str:
    """Return the name under which the audit records what this command does."""
    return f"cli {getpass.getuser()}"


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Serving processes.", min=1, max=64)] = None,
) -> None:
    """Serve the API and the map; Ctrl-C stops. Without DATABASE_URL the private cluster runs meanwhile."""
    settings = Settings()
    host, port = host or settings.host, settings.port if port is None else port
    with running_database(settings):
        with open_connection(settings) as conn:
            check_schema(conn)
        watched = nullcontext() if settings.database_url else Cluster.of(settings).watched()
        with watched:
            out.print(f"chiiki: {settings.public_url or _local_url(host, port)}  (API: /docs, Ctrl-C stops)")
            server.run(settings, host, port, workers or settings.workers)


def _local_url(host: str, port: int) -> str:
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
    return f"http://{'localhost' if everywhere else host}:{port}/"


@app.command()
def migrate() -> None:
    """Bring the database's tables to what this version of chiiki works with."""
    settings = Settings()
    with running_database(settings), open_connection(settings) as conn:
        before = schema.revision(conn)
        schema.upgrade(conn)
    after = schema.newest()
    out.print(f"Schema {after}, as before." if before == after else f"Schema {before or '(none)'} → {after}.")


@app.command()
def status() -> None:
    """Show the database, its schema and what is loaded."""
    settings = Settings()
    with running_database(settings), open_connection(settings) as conn:
        out.print(f"database  {writer_url(settings)!r}", soft_wrap=True)
        out.print(f"server    {conn.scalar(text('show server_version'))}, PostGIS {_postgis(conn)}")
        found = schema.revision(conn)
        out.print(f"schema    {found or '(none)'} of {schema.newest()}")
        if found is None:
            return
        vintages = [row._asdict() for row in conn.execute(text(VINTAGES))]
        print_table(
            vintages,
            ("vintage", "changed", "prefectures", "municipalities", "wards", "tiles"),
            "No boundaries.",
        )
        for what in (
            "indicator",
            "observation",
            "vector",
            "source",
            "area_change",
            "deployment",
            "kpi",
            "stop",
            "cell",
            "api_key",
        ):
            out.print(f"{what:<12}{conn.scalar(text(f'select count(*) from {what}')):>10,}")  # noqa: S608
        out.print(f"memory      {settings.memory_mb:>10,} MiB for each serving process; see /metrics")


@app.command("openapi")
def write_openapi(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = HOME / "openapi" / "openapi.json",
) -> None:
    """Write the OpenAPI document of this version."""
    from service.app import create_api

    document = json.dumps(create_api(Settings()).openapi(), ensure_ascii=False, indent=1, sort_keys=True)
    file.write_text(document + "\n", encoding="utf-8")
    out.print(f"Written: {file}")


@app.command("settings")
def show_settings() -> None:
    """Show every setting as a Markdown table: environment variable, default, meaning."""
    typer.echo(table())


VINTAGES = """
select v.vintage,
       (select date_trunc('second', to_timestamp(n / 1e6)) from revision r
        where r.subject = 'vintage:' || v.vintage) as changed,
       count(*) filter (where a.level = 'prefecture') as prefectures,
       count(*) filter (where a.level = 'municipality') as municipalities,
       count(*) filter (where a.level = 'ward') as wards,
       (select count(*) from encoded_tile t where t.vintage = v.vintage) as tiles
from vintage v left join area a using (vintage) group by v.vintage order by v.vintage
"""


def _postgis(conn: Connection) -> str:
    found = conn.scalar(text("select extversion from pg_extension where extname = 'postgis'"))
    return str(found or "(not installed in this database)")


@ingest.command("boundaries")
def ingest_boundaries(
    file: InputFile,
    vintage: Annotated[
        dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="The date on which these boundaries hold.")
    ],
    code: Annotated[str | None, typer.Option(help="Column of the area code, where it is not N03.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Columns of the name's parts, in order.")] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of a file that does not name its own.")] = None,
    title_ja: Annotated[str | None, typer.Option(help="Title in Japanese, where it is not N03.")] = None,
    title_en: Annotated[str | None, typer.Option(help="Title in English.")] = None,
    source: Annotated[str | None, typer.Option(help="Who published the file.")] = None,
    credit_ja: Annotated[str | None, typer.Option(help="The credit maps must show, in Japanese.")] = None,
    credit_en: Annotated[str | None, typer.Option(help="The credit in English.")] = None,
    licence: Annotated[str | None, typer.Option(help="The terms of use.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Load a boundary file as a dated set: N03 as published, or any GeoPackage, GeoJSON or Shapefile."""
    # The readers of files take half a second to import, which the other commands need not wait for.
    from geo.areas.boundaries import Columns
    from service.areas import load

    settings = Settings()
    given = {"title_ja": title_ja, "title_en": title_en, "source": source}
    given |= {"credit_ja": credit_ja, "credit_en": credit_en, "licence": licence}
    credit = replace(load.N03, **_complete(given, needed=code is not None))
    with transaction(settings, dry_run=dry_run) as conn, progress_bar(file.name) as progress:
        report = load.ingest_boundaries(
            conn,
            file,
            vintage.date(),
            catalog=settings.data / "catalog",
            credit=credit,
            crs=crs,
            columns=Columns(code, tuple(name or ())) if code else None,
            actor=actor(),
            dry_run=dry_run,
            progress=progress,
        )
    print_report(report)


@app.command()
def ship(
    published: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Folder of the published files.")
    ],
) -> None:
    """Make the data that ship with chiiki anew from the published files, into CHIIKI_DATA."""
    from service.shipped import make_shipped

    with progress_bar("shipping") as progress:
        report = make_shipped(published, Settings().data, progress)
    print_report(report)


@app.command()
def export(
    directory: Annotated[
        Path, typer.Argument(file_okay=False, help="Folder to write; an earlier export there is replaced.")
    ],
    levels: Annotated[
        str | None,
        typer.Option(help="Only these levels, comma separated: prefecture,municipality,ward."),
    ] = None,
    layers: Annotated[
        str | None, typer.Option(help="Only these layers, comma separated: population,ageing-rate.")
    ] = None,
) -> None:
    """Write the catalogue as files for a static web server: tiles, values, styles and a page with the map."""
    from service.publish.export import export_catalogue

    settings = Settings()
    with transaction(settings), progress_bar("export") as progress:
        report = export_catalogue(settings, directory, levels, layers, progress)
    print_report(report)


def _complete(given: Mapping[str, str | None], *, needed: bool) -> dict[str, str]:
    """Return what is given; refuse when a file that is not N03 comes without whom to credit."""
    missing = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is None]
    if needed and missing:
        raise InvalidParameter(
            f"Boundaries with columns of their own need their own credit: {', '.join(missing)}"
        )
    return {name: value for name, value in given.items() if value is not None}


@ingest.command("observations")
def ingest_observations(
    file: InputFile,
    source: Annotated[
        str, typer.Option(help="Id of the source of these figures, as in data/catalog/sources.csv.")
    ],
    boundary_date: Annotated[str, typer.Option(help="The date whose area codes the file uses, YYYY-MM-DD.")],
    indicator: Annotated[
        str | None,
        typer.Option(help="Of a workbook of the prefectural accounts (総括表): the indicator it holds."),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Load figures: indicator, area_code, period, value, status as CSV, JSON or XLSX; all rows or none."""
    from service.figures.load import ingest_accounts, ingest_file

    given = {"source": source, "boundary_date": boundary_date, "actor": actor()}
    with transaction(Settings(), dry_run=dry_run) as conn, err.status(f"{file.name}: checking and loading"):
        if indicator is not None:
            report = ingest_accounts(conn, file, indicator, **given, dry_run=dry_run)
        else:
            report = ingest_file(conn, file, **given, dry_run=dry_run)
    print_report(report)


@ingest.command("deployments")
def ingest_deployments(file: InputFile, dry_run: DryRun = False) -> None:
    """Load a list of deployments: CSV, Excel, JSON, GeoJSON or GeoPackage; all rows or none."""
    from service.strategy.deployment_load import load_file

    settings = Settings()
    with transaction(settings, dry_run=dry_run) as conn:
        report = load_file(conn, file, catalog=settings.data / "catalog", actor=actor(), dry_run=dry_run)
    print_report(report)


@ingest.command("stops")
def ingest_stops(
    file: InputFile,
    source: Annotated[str, typer.Option(help="Id under which these stops are kept, such as a feed's name.")],
    kind: Annotated[str, typer.Option(help="gtfs, p11 or n02.")],
    title: Annotated[str, typer.Option(help="What the data are called.")],
    credit: Annotated[str, typer.Option(help="The credit that their use asks for.")],
    licence: Annotated[str, typer.Option(help="The terms of use.")],
    weekday: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Date to take as a weekday.")
    ] = None,
    saturday: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Date to take as a Saturday.")
    ] = None,
    sunday: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Date to take as a Sunday.")
    ] = None,
    rail: Annotated[
        str, typer.Option(help="Stations: midpoint, or line (points along the platform).")
    ] = "midpoint",
    dry_run: DryRun = False,
) -> None:
    """Load stops: a GTFS-JP feed, bus stops of P11 or stations of N02, as published."""
    from service.transit.load import Credit, load_stops

    given = {"weekday": weekday, "saturday": saturday, "sunday": sunday}
    dates = {day: date.date() for day, date in given.items() if date is not None}
    with transaction(Settings(), dry_run=dry_run) as conn:
        report = load_stops(
            conn,
            file,
            source,
            Credit(title, credit, licence),
            kind=kind,
            actor=actor(),
            dates=dates,
            rail=rail,
        )
    print_report(report)


@ingest.command("grid")
def ingest_grid(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)],
    name: Annotated[str, typer.Option(help="Id under which the grid is kept, such as census-2020-500m.")],
    year: Annotated[str, typer.Option(help="Year of the census.")],
    title: Annotated[str, typer.Option(help="What the data are called.")],
    credit: Annotated[str, typer.Option(help="The credit that their use asks for.")],
    licence: Annotated[str, typer.Option(help="The terms of use.")],
    dry_run: DryRun = False,
) -> None:
    """Load a population grid: mesh statistics of e-Stat (tblT…), or tables of code and population."""
    from service.transit.load import Credit, load_grid

    with transaction(Settings(), dry_run=dry_run) as conn:
        report = load_grid(conn, files, name, year, Credit(title, credit, licence), actor())
    print_report(report)


@analyze.command("transport-gap")
def analyze_transport_gap(
    grid: Annotated[str, typer.Option(help="Id of the population grid.")],
    definition: Annotated[
        list[str] | None, typer.Option(help="Id of a definition; all when left out.")
    ] = None,
    area: Annotated[
        list[str] | None, typer.Option(help="Only these municipalities or prefectures (five digits).")
    ] = None,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:port.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Count who lives out of reach of public transport, and store it as layers transport-gap:…."""
    from service.transit.load import cluster_of, count_gaps

    with (
        transaction(Settings(), dry_run=dry_run) as conn,
        cluster_of(dask) as executor,
        progress_bar("transport gaps") as progress,
    ):
        report = count_gaps(
            conn,
            definition or (),
            grid,
            actor=actor(),
            areas=area or (),
            executor=executor,
            progress=progress,
        )
    print_report(report)


@ingest.command("catalog")
def ingest_catalog(
    folder: Annotated[
        Path | None, typer.Argument(exists=True, file_okay=False, help="Default: the catalogue that ships.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Load the catalogue: indicators, sources, region sets, municipal changes, strategy, KPIs."""
    from service.strategy.catalog_load import load_catalogue

    settings = Settings()
    with transaction(settings, dry_run=dry_run) as conn:
        report = load_catalogue(conn, folder or settings.data / "catalog", actor())
    print_report(report)


@ingest.command("shipped")
def ingest_shipped() -> None:
    """Load all that ships with chiiki: catalogue, deployments, boundaries, figures; what is loaded stays."""
    from service.shipped import load_shipped

    settings = Settings()
    with transaction(settings) as conn, progress_bar("shipped data") as progress:
        report = load_shipped(conn, settings.data, actor(), progress)
    print_report(report)


@key.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is, for the list and the audit.")],
    scope: Annotated[list[str], typer.Option(help=f"What it allows: {', '.join(auth.SCOPES)}.")],
    expires: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day it no longer holds.")
    ] = None,
) -> None:
    """Make an API key and print it: the only time it is shown."""
    expires_at = expires.replace(tzinfo=dt.UTC) if expires else None
    with transaction(Settings()) as conn:
        made = auth.create_key(conn, name, scope, expires_at, actor())
    typer.echo(made)
    err.print("Keep it: only its hash is stored.")


@key.command("list")
def list_keys() -> None:
    """List the API keys, without their secrets."""
    with transaction(Settings()) as conn:
        rows = [{**row._asdict(), "scopes": ", ".join(row.scopes)} for row in auth.keys(conn)]
    print_table(
        rows, ("id", "name", "scopes", "created_at", "expires_at", "revoked_at"), "There are no keys."
    )


@key.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Make an API key worthless from now on."""
    with transaction(Settings()) as conn:
        auth.revoke_key(conn, key_id, actor())
    out.print(f"Key {key_id} is revoked.")


if __name__ == "__main__":
    app()
