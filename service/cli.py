"""The command line: serve, migrate, ingest, export, keys, status.

It answers at once: what a command does is imported when it runs.
"""

from __future__ import annotations

import datetime as dt
import errno
import getpass
import signal
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer.core import TyperGroup

from geo.errors import ChiikiError, Finding, InvalidParameter
from service.terminal import err, out, print_findings, print_refusal, print_report, print_table, progress_bar

if TYPE_CHECKING:
    from service.figures.load import Load

#: What a file system says that is full, or where nothing may be written.
NOWHERE_TO_WRITE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
#: What is raised where the database could not be used; the driver's own comes where rows are copied.
OF_DATABASE = frozenset(
    f"{module}.{name}"
    for module in ("sqlalchemy.exc", "psycopg")
    for name in ("OperationalError", "InterfaceError")
)


class Refusing(TyperGroup):
    """A group of commands whose refusals are printed as a table, with exit code 1."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override] # its base has no public name
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ChiikiError as error:
            print_refusal(error)
        except OSError as error:
            if error.errno not in NOWHERE_TO_WRITE:
                raise
            err.print(f"✗ Nothing can be written: {error}", style="red")
        except Exception as error:
            if not _is_of_database(error):
                raise
            told = " ".join(str(getattr(error, "orig", None) or error).split())
            err.print(f"✗ The database cannot be used: {told}", style="red", soft_wrap=True)
        raise typer.Exit(1)


def _is_of_database(error: Exception) -> bool:
    """Return whether the database could not be used; only a command that asked it has imported its errors."""
    return any(f"{kind.__module__}.{kind.__name__}" in OF_DATABASE for kind in type(error).__mro__)


app = typer.Typer(cls=Refusing, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
ingest = typer.Typer(no_args_is_help=True, help="Load boundaries, figures and the catalogue.")
key = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")
app.add_typer(ingest, name="ingest")
analyze = typer.Typer(no_args_is_help=True, help="Compute figures from what is loaded.")
app.add_typer(analyze, name="analyze")
app.add_typer(key, name="key")
fetch = typer.Typer(no_args_is_help=True, help="Fetch what is published elsewhere, and load what changed.")
app.add_typer(fetch, name="fetch")

audit = typer.Typer(no_args_is_help=True, help="Check the record of all writes.")
app.add_typer(audit, name="audit")
withdraw = typer.Typer(no_args_is_help=True, help="Take away what was loaded.")
app.add_typer(withdraw, name="withdraw")
embargo = typer.Typer(no_args_is_help=True, help="Figures that are held until their moment.")
app.add_typer(embargo, name="embargo")

InputFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and report; load nothing.")]
Embargo = Annotated[
    str | None,
    typer.Option(help="Moment until which nobody reads them: 2026-12-25T08:50+09:00."),
]
DaskAt = Annotated[
    str | None,
    typer.Option(
        help="Dask scheduler whose workers do what is heavy: tcp://host:8786. Default: CHIIKI_DASK."
    ),
]
Trusted = Annotated[
    bool, typer.Option("--trusted", help="Read a Shapefile or GeoPackage of your own without a sandbox.")
]
Title = Annotated[str, typer.Option(help="What the data are called.")]
TitleEn = Annotated[str | None, typer.Option(help="The same in English; as it stands when left out.")]
CreditText = Annotated[str, typer.Option(help="The credit that their use asks for.")]
CreditEn = Annotated[str | None, typer.Option(help="The credit in English; as it stands when left out.")]
Licence = Annotated[str, typer.Option(help="The terms of use.")]


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
    from service import commands

    commands.serve(host, port, workers)


@app.command()
def migrate() -> None:
    """Bring the database's tables to what this version of chiiki works with."""
    from service import commands

    commands.migrate()


@app.command()
def status() -> None:
    """Show the database, its schema and what is loaded."""
    from service import commands

    commands.show_status()


@app.command()
def doctor() -> None:
    """Look at settings, disk, clocks, versions, roles, schema, audit, keys and embargo; tell what to do."""
    from service.commands import show_findings

    if not show_findings():
        raise typer.Exit(1)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; nothing may be there yet.")],
) -> None:
    """Write the database to a file, with digests beside it (FILE.json)."""
    from service.operations.backup import write_backup
    from service.settings import Settings

    with err.status(f"{file.name}: writing"):
        made = write_backup(Settings(), file)
    out.print(
        f"Written: {file}, {made['bytes']:,} bytes, {len(made['tables'])} tables; digests in {file}.json"
    )


@app.command()
def restore(file: InputFile) -> None:
    """Restore a backup into an empty database, and prove that it is what was backed up."""
    from service.operations.backup import restore_backup
    from service.settings import Settings

    with err.status(f"{file.name}: restoring"):
        told = restore_backup(Settings(), file)
    rows = sum(table["rows"] for table in told["tables"].values())
    out.print(
        f"Restored and proven: {len(told['tables'])} tables, {rows:,} rows,"
        f" {len(told['subjects'])} subjects, audit {told['audit'].partition(':')[0]} rows."
    )


@app.command("openapi")
def write_openapi(
    file: Annotated[
        Path | None, typer.Argument(help="Where to write it. Default: openapi/openapi.json of the project.")
    ] = None,
) -> None:
    """Write the OpenAPI document of this version."""
    from service import commands

    out.print(f"Written: {commands.write_openapi(file)}")


@app.command("indicators")
def write_indicators(
    file: Annotated[
        Path | None, typer.Argument(help="Where to write it. Default: docs/indicators.md of the project.")
    ] = None,
) -> None:
    """Write the reference of all layers in the database: what each is, how it adds up, where it is told."""
    from service import commands

    out.print(f"Written: {commands.write_indicators(file)}")


@app.command("settings")
def show_settings() -> None:
    """Show every setting as a Markdown table: environment variable, default, meaning."""
    from service.settings import table

    typer.echo(table())


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
    trusted: Trusted = False,
    dask: DaskAt = None,
    dry_run: DryRun = False,
) -> None:
    """Load a boundary file as a dated set: N03 as published, or any GeoPackage, GeoJSON or Shapefile."""
    from dataclasses import replace

    from geo.areas.boundaries import Columns
    from service.areas import load, vector_files
    from service.commands import transaction
    from service.operations.crew import crew_of
    from service.settings import Settings

    settings = Settings()
    given = {"title_ja": title_ja, "title_en": title_en, "source": source}
    given |= {"credit_ja": credit_ja, "credit_en": credit_en, "licence": licence}
    credit = replace(load.N03, **_complete(given, needed=code is not None))
    with (
        crew_of(dask or settings.dask) as crew,
        transaction(settings, dry_run=dry_run) as conn,
        progress_bar(file.name) as progress,
        vector_files.shut_in(trusted=trusted),
    ):
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
            crew=crew,
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
    from service.settings import FOLDERS, Settings
    from service.shipped import make_shipped

    data = Settings().data
    if data == FOLDERS.data and not FOLDERS.is_checkout:
        raise InvalidParameter(
            f"{data} belongs to the installed package. Copy it and set CHIIKI_DATA to the copy."
        )
    with progress_bar("shipping") as progress:
        report = make_shipped(published, data, progress)
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
    tiles: Annotated[str, typer.Option(help="Format of the vector tiles: mvt, or mlt (MapLibre).")] = "mvt",
) -> None:
    """Write the catalogue as files for a static web server: tiles, values, styles and a page with the map."""
    from service.commands import transaction
    from service.publish.export import Choice, export_catalogue
    from service.settings import Settings

    settings = Settings()
    with transaction(settings), progress_bar("export") as progress:
        report = export_catalogue(settings, directory, Choice(levels, layers, tiles), progress)
    print_report(report)


def _complete(given: Mapping[str, str | None], *, needed: bool) -> dict[str, str]:
    """Return what is given; refuse when a file that is not N03 comes without whom to credit."""
    missing = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is None]
    if needed and missing:
        raise InvalidParameter(
            f"Boundaries with columns of their own need their own credit: {', '.join(missing)}"
        )
    return {name: value for name, value in given.items() if value is not None}


@withdraw.command("vintage")
def withdraw_vintage(
    date: Annotated[dt.datetime, typer.Argument(metavar="DATE", formats=["%Y-%m-%d"])],
    dry_run: DryRun = False,
) -> None:
    """Take a boundary set away, with its outlines, tiles and values; the figures themselves stay."""
    from service.areas.load import withdraw_boundaries
    from service.commands import transaction
    from service.settings import Settings

    with transaction(Settings(), dry_run=dry_run) as conn:
        report = withdraw_boundaries(conn, date.date(), actor=actor())
    print_report(report)


@withdraw.command("figures")
def withdraw_figures(
    indicator: Annotated[str, typer.Argument(metavar="INDICATOR", help="Id of an indicator with figures.")],
    period: Annotated[list[str], typer.Option(help="Period as it is stored, such as 2024; repeated.")],
    areas: Annotated[
        str | None, typer.Option(help="Only these, comma separated: 10201,10202. All when left out.")
    ] = None,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="Also tell of no past moment what they were: it cannot be undone."),
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Take figures away: their areas have no value from now on, in every answer."""
    from service.commands import transaction
    from service.figures import withdrawal
    from service.settings import Settings

    with transaction(Settings(), dry_run=dry_run) as conn:
        report = withdrawal.withdraw_figures(
            conn, indicator, period, _words(areas), actor=actor(), forget=forget, dry_run=dry_run
        )
    print_report(report)


@embargo.command("list")
def list_embargoes() -> None:
    """List what is held, the next to be published first."""
    from service.commands import transaction
    from service.figures.embargo import held
    from service.settings import Settings

    with transaction(Settings()) as conn:
        rows = held(conn)
    columns = ("id", "release_at", "by", "subject", "indicators", "periods", "areas", "rows", "refused")
    print_table([{**row} for row in rows], columns, "Nothing is held.")


@embargo.command("show")
def show_embargo(name: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Print held figures as CSV."""
    from service.commands import transaction
    from service.figures.embargo import held_table
    from service.settings import Settings

    with transaction(Settings()) as conn:
        table = held_table(conn, name)
    typer.echo(table, nl=False)


@embargo.command("cancel")
def cancel_embargo(name: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Take held figures away: they are never published."""
    from geo.areas.reach import Author
    from service.commands import transaction
    from service.figures.embargo import cancel
    from service.settings import Settings

    with transaction(Settings()) as conn:
        cancel(conn, name, Author(actor()))
    out.print(f"Embargo {name} is cancelled.")


@embargo.command("release")
def release_embargoes() -> None:
    """Publish what is due, for a timer where no service may write; what was refused is tried again."""
    from service.commands import release_held

    released = release_held(actor())
    columns = ("id", "loaded", "refused")
    print_table([{**one} for one in released], columns, "Nothing is due, or a service is publishing it.")
    if any(one["refused"] for one in released):
        raise typer.Exit(1)


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
    embargo: Embargo = None,
    dry_run: DryRun = False,
) -> None:
    """Load figures: indicator, area_code, period, value, status as CSV, JSON or XLSX; all rows or none."""
    from service.commands import transaction
    from service.figures.load import ingest_accounts, ingest_file
    from service.settings import Settings

    given = {"source": source, "boundary_date": boundary_date, "actor": actor()}
    load = _loading(embargo)
    with transaction(Settings(), dry_run=dry_run) as conn, err.status(f"{file.name}: checking and loading"):
        if indicator is not None:
            report = ingest_accounts(conn, file, indicator, **given, dry_run=dry_run, load=load)
        else:
            report = ingest_file(conn, file, **given, dry_run=dry_run, load=load)
    print_report(report)


def _loading(embargo: str | None) -> Load:
    """Return what becomes of the figures of a file: loaded now, or held until a moment."""
    from functools import partial

    from service.figures.embargo import hold_observations, release_moment
    from service.figures.load import load_observations

    return load_observations if embargo is None else partial(hold_observations, until=release_moment(embargo))


@ingest.command("table")
def ingest_table(
    file: InputFile,
    layout: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Which columns are which indicator. Default: mappings/tables.csv of CHIIKI_DATA.",
        ),
    ] = None,
    embargo: Embargo = None,
    dry_run: DryRun = False,
) -> None:
    """Load a published table (CSV, also gzipped) whose columns a layout names; all rows or none."""
    from geo.figures.layouts import LAYOUT, read_layout
    from service.areas.past import finder
    from service.commands import transaction
    from service.figures import load
    from service.settings import Settings

    settings = Settings()
    lines = read_layout(layout or settings.data / "mappings" / LAYOUT)
    find = finder(settings.data / "catalog")
    with transaction(settings, dry_run=dry_run) as conn, err.status(f"{file.name}: checking and loading"):
        report = load.ingest_table(
            conn, file, lines, find, actor=actor(), dry_run=dry_run, load=_loading(embargo)
        )
    print_report(report)


@ingest.command("deployments")
def ingest_deployments(
    file: InputFile,
    mapping: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Of a list as published: which of its columns tell what."
        ),
    ] = None,
    trusted: Annotated[
        bool, typer.Option("--trusted", help="Read a workbook or GeoPackage of your own without a sandbox.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Load a list of deployments: CSV, Excel, JSON, GeoJSON or GeoPackage; all rows or none."""
    from service.commands import transaction
    from service.settings import Settings
    from service.strategy.deployment_load import load_file, load_published

    settings, by = Settings(), actor()
    catalog = settings.data / "catalog"
    left_out: list[Finding] = []
    with transaction(settings, dry_run=dry_run) as conn:
        if mapping is None:
            report = load_file(conn, file, catalog=catalog, actor=by, dry_run=dry_run, trusted=trusted)
        else:
            report, left_out = load_published(
                conn, file, mapping, catalog=catalog, actor=by, dry_run=dry_run, trusted=trusted
            )
    print_report(report)
    if mapping is not None:
        print_findings(f"left out: {len(left_out)}", left_out)


@ingest.command("stops")
def ingest_stops(
    file: InputFile,
    source: Annotated[str, typer.Option(help="Id under which these stops are kept, such as a feed's name.")],
    kind: Annotated[str, typer.Option(help="gtfs, p11 or n02.")],
    title: Title,
    credit: CreditText,
    licence: Licence,
    title_en: TitleEn = None,
    credit_en: CreditEn = None,
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
    trusted: Trusted = False,
    dry_run: DryRun = False,
) -> None:
    """Load stops: a GTFS-JP feed, bus stops of P11 or stations of N02, as published."""
    from service.areas import vector_files
    from service.commands import transaction
    from service.settings import Settings
    from service.transit.load import Credit, load_stops

    given = {"weekday": weekday, "saturday": saturday, "sunday": sunday}
    dates = {day: date.date() for day, date in given.items() if date is not None}
    with transaction(Settings(), dry_run=dry_run) as conn, vector_files.shut_in(trusted=trusted):
        report = load_stops(
            conn,
            file,
            source,
            Credit(title, title_en or title, credit, credit_en or credit, licence),
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
    title: Title,
    credit: CreditText,
    licence: Licence,
    title_en: TitleEn = None,
    credit_en: CreditEn = None,
    prefecture: Annotated[
        list[str] | None,
        typer.Option(help="Of a file of one prefecture: its code (34000); it tells its residents alone."),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Load a population grid: mesh statistics of e-Stat (tblT…), or tables of code and population."""
    from geo.codes import area_code, prefecture_of
    from service.commands import transaction
    from service.settings import Settings
    from service.transit.load import Credit, load_grid

    whole = [prefecture_of(area_code(code)) for code in prefecture or ()]
    with transaction(Settings(), dry_run=dry_run) as conn:
        about = Credit(title, title_en or title, credit, credit_en or credit, licence)
        report = load_grid(conn, files, name, year, about, actor(), prefectures=whole)
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
    dask: DaskAt = None,
    dry_run: DryRun = False,
) -> None:
    """Count who lives out of reach of public transport, and store it as layers transport-gap:…."""
    from service.commands import transaction
    from service.operations.crew import crew_of
    from service.settings import Settings
    from service.transit.load import count_gaps

    settings = Settings()
    with (
        crew_of(dask or settings.dask) as crew,
        transaction(settings, dry_run=dry_run) as conn,
        progress_bar("transport gaps") as progress,
    ):
        report = count_gaps(
            conn,
            definition or (),
            grid,
            actor=actor(),
            areas=area or (),
            crew=crew,
            progress=progress,
        )
    print_report(report)


@analyze.command("spatial")
def analyze_spatial(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Table to write (CSV).")],
    level: Annotated[str, typer.Option(help="prefecture, municipality or ward.")] = "municipality",
    layer: Annotated[list[str] | None, typer.Option(help="Only this layer; repeated.")] = None,
    vintage: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Date of the boundaries. Default: the newest of the nation."),
    ] = None,
    dask: DaskAt = None,
) -> None:
    """Tell of all layers and periods whether neighbours are alike: Moran's I and clusters, a row a map."""
    from service.analysis.spatial import write_spatial
    from service.commands import transaction
    from service.operations.crew import crew_of
    from service.settings import Settings

    settings = Settings()
    with (
        crew_of(dask or settings.dask) as crew,
        transaction(settings) as conn,
        progress_bar("spatial statistics") as progress,
    ):
        report = write_spatial(
            conn,
            file,
            date=vintage and vintage.date(),
            level=level,
            layers=layer or (),
            crew=crew,
            progress=progress,
        )
    print_report(report)


@ingest.command("ssds")
def ingest_ssds_items(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Item, year and 47 cells a row.")],
    items: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="List of all items: those of no indicator come too."),
    ] = None,
    item: Annotated[list[str] | None, typer.Option(help="Only this item; repeated.")] = None,
    source: Annotated[str, typer.Option(help="Id of the source, see /v1/sources.")] = "ssds-prefectures",
    dry_run: DryRun = False,
) -> None:
    """Load the System of Social and Demographic Statistics for prefectures: all years and items of a file."""
    from service.commands import transaction
    from service.figures.items import ingest_ssds
    from service.settings import Settings

    with transaction(Settings(), dry_run=dry_run) as conn:
        report = ingest_ssds(
            conn, file, items, only=item or (), source=source, actor=actor(), dry_run=dry_run
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
    from service.commands import transaction
    from service.settings import Settings
    from service.strategy.catalog_load import load_catalogue

    settings = Settings()
    with transaction(settings, dry_run=dry_run) as conn:
        report = load_catalogue(conn, folder or settings.data / "catalog", actor())
    print_report(report)


@ingest.command("shipped")
def ingest_shipped() -> None:
    """Load all that ships with chiiki: catalogue, deployments, boundaries, figures; what is loaded stays."""
    from service.commands import transaction
    from service.settings import Settings
    from service.shipped import load_shipped

    settings = Settings()
    with transaction(settings) as conn, progress_bar("shipped data") as progress:
        report = load_shipped(conn, settings.data, actor(), progress)
    print_report(report)


AppId = Annotated[
    str | None, typer.Option(help="Application id of the e-Stat API. Default: CHIIKI_ESTAT_APP_ID.")
]


@fetch.command("estat")
def fetch_estat(
    stats_data_id: Annotated[str, typer.Argument(metavar="STATS_DATA_ID", help="Ten digits of the table.")],
    app_id: AppId = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="What its values are. Default: data/mappings/estat*.csv."
        ),
    ] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take away figures that the table no longer has.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Fetch a table of e-Stat, tell what is new, changed and withdrawn in it, load all of it or nothing."""
    from service.fetching.commands import fetch_table
    from service.fetching.tables import mapping_of
    from service.settings import Settings

    settings = Settings()
    lines = mapping_of(stats_data_id, mapping, settings.data / "mappings")
    report = fetch_table(settings, lines, app_id=app_id, actor=actor(), withdraw=withdraw, dry_run=dry_run)
    print_report(report)


@fetch.command("gtfs")
def fetch_gtfs(
    register: InputFile,
    prefecture: Annotated[
        list[str] | None, typer.Option(help="Only feeds of these prefectures (10000).")
    ] = None,
    feed: Annotated[list[str] | None, typer.Option(help="Only these feeds, by their ids.")] = None,
    licence: Annotated[
        list[str] | None,
        typer.Option(help="A licence that you have read and that allows it, besides CC BY and CC 0."),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Fetch the GTFS feeds of a register that have changed, where their licence allows it."""
    from geo.codes import area_code
    from service.fetching.commands import fetch_feeds
    from service.settings import Settings

    report, refusal = fetch_feeds(
        Settings(),
        register,
        actor=actor(),
        licences=licence or (),
        prefectures=[area_code(code)[:2] for code in prefecture or ()],
        ids=feed or (),
        dry_run=dry_run,
    )
    print_report(report)
    if refusal:
        raise refusal


@fetch.command("all")
def fetch_everything(app_id: AppId = None, dry_run: DryRun = False) -> None:
    """Fetch every table and feed that data/mappings names (estat*.csv, gtfs*.csv), for a timer to run."""
    from service.fetching.commands import fetch_all
    from service.settings import Settings

    reports, refusal = fetch_all(Settings(), app_id=app_id, actor=actor(), dry_run=dry_run)
    print_report(reports)
    if refusal:
        raise refusal


@key.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose key it is, for the list and the audit.")],
    scope: Annotated[
        list[str], typer.Option(help="What it allows: write (figures), steward (deployments and KPIs).")
    ],
    expires: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day it no longer holds.")
    ] = None,
    areas: Annotated[
        str | None,
        typer.Option(help="Only these and what lies in them, comma separated: 10201,10202."),
    ] = None,
    indicators: Annotated[
        str | None, typer.Option(help="Only figures of these, comma separated: births,libraries.")
    ] = None,
) -> None:
    """Make an API key and print it: the only time it is shown."""
    from service.commands import transaction
    from service.http import auth
    from service.settings import Settings

    expires_at = expires.replace(tzinfo=dt.UTC) if expires else None
    with transaction(Settings()) as conn:
        made = auth.create_key(
            conn,
            name,
            scope,
            expires_at,
            actor(),
            areas=_words(areas),
            indicators=_words(indicators),
        )
    typer.echo(made)
    err.print("Keep it: only its hash is stored.")


@key.command("list")
def list_keys() -> None:
    """List the API keys, without their secrets: what each may do, when it was used last, when it ends."""
    from service.commands import transaction
    from service.http import auth
    from service.settings import Settings

    with transaction(Settings()) as conn:
        rows = auth.described(conn)
    print_table(
        rows,
        ("id", "name", "scopes", "areas", "indicators", "created_at", "last_used_at", "ends"),
        "There are no keys.",
    )


def _words(listed: str | None) -> list[str] | None:
    """Return the words of a list with commas; None is none at all."""
    return None if listed is None else [word for part in listed.split(",") if (word := part.strip())]


@key.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Make an API key worthless from now on."""
    from service.commands import transaction
    from service.http import auth
    from service.settings import Settings

    with transaction(Settings()) as conn:
        auth.revoke_key(conn, key_id, actor())
    out.print(f"Key {key_id} is revoked.")


@audit.command("verify")
def verify_audit(
    head: Annotated[
        str | None, typer.Option(help="A head that was printed before; the audit must go on from it.")
    ] = None,
) -> None:
    """Check that no row of the audit was changed, taken out or put in; else tell the first."""
    from service.commands import transaction
    from service.db.audit import Head, verified
    from service.settings import Settings

    noted = Head.read(head) if head is not None else None
    with transaction(Settings()) as conn:
        found = verified(conn, noted)
    out.print(f"Whole: {found.n:,} rows. Its head, to be kept elsewhere and given as --head:")
    typer.echo(str(found))


if __name__ == "__main__":
    app()
