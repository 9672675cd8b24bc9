"""The catalogue as files for a static web server: tiles, values, styles, and a page that shows them.

Geometry and values part as they do in the service: one archive of tiles a level, with code and names alone,
and a small file of values a layer and level, for the browser to lay over it.
"""

from __future__ import annotations

import asyncio
import gzip
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from rich.filesize import decimal

from geo.areas.carrying import CARRIED
from geo.errors import ChiikiError, Finding, InvalidParameter, NotFound
from geo.figures.indicators import Indicator
from geo.layers import mlt, mvt
from geo.layers.circles import LAND
from geo.layers.style import Painting, circle_layer, fill_of_codes, maplibre_style
from geo.layers.words import credits_in_words
from geo.periods import period_label
from service.areas import queries as area_queries
from service.areas.forms import described as area_described
from service.areas.gazetteer import LEVELS, Gazetteer
from service.db.database import reader_engine
from service.figures.carrying import Carrying
from service.figures.forms import Labels, boundaries_described, credits_of, described, sources_described
from service.figures.values import STATUSES
from service.http.responses import to_json
from service.kinds import KINDS
from service.layers.forms import about, carried_areas, legend_described
from service.layers.views import (
    MISSING,
    Picture,
    ViewQuery,
    picture,
    pictures_of_periods,
    resolve,
)
from service.memory import revisions
from service.memory.atlas import Atlas
from service.memory.cache import Moved, Store, settled
from service.memory.catalogue import Vintage
from service.memory.news import News
from service.ogc.collections import LEVEL_NAMES
from service.settings import Settings
from service.terminal import Progress

#: What the build of ``web/`` makes for exports.
PAGE = Path(__file__).parents[1] / "export_page"
CATALOGUE = "layers.json"
FIGURES = "observations.parquet"
#: Grows when the files change so that an older page could not read them.
FORMAT = 2
COLUMNS = pa.schema(
    {
        "layer": pa.string(),
        "level": pa.string(),
        "area_code": pa.string(),
        "period": pa.string(),
        "value": pa.float64(),
        "status": pa.string(),
        "carried": pa.string(),
        "boundary_dates": pa.list_(pa.date32()),
    }
)


class DataChanged(ChiikiError):
    """Figures or boundaries were loaded while they were written out."""


@dataclass(frozen=True)
class Sheet:
    """A layer at a level, which is one file of values and one style."""

    indicator: Indicator
    level: str
    periods: tuple[str, ...]

    @property
    def name(self) -> str:
        """Path in the export without its ending; a colon is no letter of a file name everywhere."""
        return f"layers/{self.indicator.id.replace(':', '.')}/{self.level}"

    @property
    def files(self) -> dict[str, str]:
        """The paths of its files."""
        return {"values": f"{self.name}.json", "style": f"{self.name}.style.json"}


class Tiles(NamedTuple):
    """A format that tiles are written in."""

    encoding: str
    tile_type: TileType
    outlines: Callable[[bytes, Gazetteer], bytes]


#: ``--tiles`` → how the stored tiles are written
TILES = {
    "mvt": Tiles("mvt", TileType.MVT, lambda stored, areas: mvt.Tile(stored, areas.attributes).outlines()),
    "mlt": Tiles(
        "mlt",
        TileType.MLT,
        lambda stored, areas: mlt.Tile(mvt.read_skeleton(stored), areas.ids, areas.texts).outlines(),
    ),
}


class Choice(NamedTuple):
    """What is exported, as the options say it; all levels and layers where nothing is said."""

    levels: str | None = None
    layers: str | None = None
    tiles: str = "mvt"


def export_catalogue(
    settings: Settings, directory: Path, choice: Choice, progress: Progress
) -> dict[str, object]:
    """Write the layers on the newest boundaries into a folder, and return what has become how large.

    The files are written beside the folder and take its place when all are there.

    Raises
    ------
    InvalidParameter : no such level, layer or format of tiles; the folder holds something else
    NotFound : the front-end is not built
    DataChanged : something was loaded meanwhile
    """
    directory = directory.absolute()
    _check_replaceable(directory)
    if not (PAGE / "index.html").is_file():
        raise NotFound("The front-end is not built: run scripts/serve")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as beside:
        made = Path(beside) / "made"
        shutil.copytree(PAGE, made)
        count = asyncio.run(_write(settings, made, choice, progress))
        report = {"directory": str(directory), "layers": count, **_sizes(made)}
        _take_place(made, directory, Path(beside) / "before")
    return report


def _check_replaceable(directory: Path) -> None:
    """Refuse a folder that holds anything but an earlier export."""
    try:
        earlier = orjson.loads((directory / CATALOGUE).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        earlier = None
    is_ours = isinstance(earlier, dict) and "chiiki_export" in earlier
    if directory.exists() and not is_ours and any(directory.iterdir()):
        finding = Finding("command line", "DIRECTORY", str(directory), "a new, empty or exported folder")
        raise InvalidParameter(f"{directory} holds other files", [finding])


def _take_place(made: Path, directory: Path, before: Path) -> None:
    """Put the new folder where the old one is; the old one comes back where that fails."""
    if directory.exists():
        directory.rename(before)
    try:
        made.rename(directory)
    except OSError:
        if before.exists():
            before.rename(directory)
        raise


def _sizes(folder: Path) -> dict[str, object]:
    files = {path.relative_to(folder): path.stat().st_size for path in folder.rglob("*") if path.is_file()}

    def size(*tops: str) -> str:
        return decimal(sum(bytes_ for path, bytes_ in files.items() if not tops or path.parts[0] in tops))

    return {
        "files": len(files),
        "tiles": {path.stem: decimal(n) for path, n in sorted(files.items()) if path.suffix == ".pmtiles"},
        "values and styles": size("layers"),
        FIGURES: size(FIGURES),
        "catalogue": size(CATALOGUE, "sources.json", "areas"),
        "page": size("index.html", "assets"),
        "total": size(),
    }


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[News]:
    """Give what tells of the catalogue as it is now."""
    store = Store(reader_engine(settings), settings, KINDS)
    try:
        yield News(store)
    finally:
        await store.close()


async def _write(settings: Settings, folder: Path, choice: Choice, progress: Progress) -> int:
    """Write every file, and return the number of layers.

    Raises
    ------
    DataChanged : the files would not be of one moment
    """
    async with _reading(settings) as news:
        atlas = await news.refresh()
        try:
            count = await _write_all(atlas, folder, choice, progress)
            same = await news.refresh() is atlas
        except Moved:
            same = False
        if not same:
            raise DataChanged("Data were loaded meanwhile, so nothing is exported. Run it again")
    return count


async def _write_all(atlas: Atlas, folder: Path, choice: Choice, progress: Progress) -> int:
    vintage = atlas.vintage(None)
    if choice.tiles not in TILES:
        finding = Finding("command line", "--tiles", choice.tiles, f"one of {', '.join(TILES)}")
        raise InvalidParameter("--tiles names what does not exist", [finding])
    tiles = TILES[choice.tiles]
    sheets = _sheets(atlas, vintage, choice.levels, choice.layers)
    wanted = [level for level in LEVELS if any(sheet.level == level for sheet in sheets)]
    total = len(wanted) + len(sheets)
    described_levels = []
    for done, level in enumerate(wanted):
        progress(done, total, f"tiles: {level}")
        described_levels.append(await _write_level(atlas, atlas.at(vintage, level), level, tiles, folder))
    used = dict[str, None]()
    with pq.ParquetWriter(folder / FIGURES, COLUMNS, compression="zstd") as figures:
        for done, sheet in enumerate(sheets, len(wanted)):
            progress(done, total, sheet.indicator.id)
            view = resolve(atlas, sheet.indicator.id, ViewQuery(level=sheet.level))
            pictures = await settled(partial(pictures_of_periods, atlas, view))
            shared = await settled(partial(picture, atlas, replace(view, breaks_over="all")))
            used |= dict.fromkeys(source for one in pictures for source in one.vector.sources)
            carried = await settled(partial(_carried, atlas, pictures))
            figures.write_table(pa.Table.from_batches(list(map(_rows, pictures, carried))))
            _put(folder / sheet.files["values"], _values(atlas, pictures, carried, shared))
            _put(folder / sheet.files["style"], _style(atlas, pictures[-1], tiles))
    _put(folder / CATALOGUE, _catalogue(atlas, vintage, sheets, described_levels))
    _put(folder / "sources.json", _sources(atlas, vintage, tuple(used)))
    progress(total, total, "")
    return len({sheet.indicator.id for sheet in sheets})


def _listed(option: str, said: str | None, existing: Sequence[str]) -> list[str]:
    """Return what an option names, all when it is left out; InvalidParameter tells what there is."""
    if said is None:
        return list(existing)
    names = list(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))
    unknown = [name for name in names if name not in existing]
    if unknown or not names:
        listed = ", ".join(existing)
        expected = f"one of {listed}"
        findings = [Finding("command line", option, name, expected) for name in unknown or [said]]
        raise InvalidParameter(f"{option} names what does not exist", findings)
    return names


def _sheets(atlas: Atlas, vintage: Vintage, levels: str | None, layers: str | None) -> list[Sheet]:
    """Return what to write; a layer that is named and has no figures at any of the levels is refused."""
    wanted = _listed("--levels", levels, vintage.levels)
    found = []
    for name in _listed("--layers", layers, list(atlas.catalogue.layers)):
        indicator = atlas.layer(name)
        at = [level for level in atlas.levels(indicator) if level in wanted]
        if not at and layers is not None:
            has = ", ".join(level for level in atlas.levels(indicator) if level in vintage.levels)
            finding = Finding("command line", "--levels", ",".join(wanted), f"one of {has or '(none)'}")
            raise InvalidParameter(f"{name} has no figures at these levels", [finding])
        found += [Sheet(indicator, level, tuple(atlas.periods(indicator, level))) for level in at]
    return found


def _put(file: Path, told: Mapping[str, object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(to_json(told))


async def _write_level(
    atlas: Atlas, vintage: Vintage, level: str, tiles: Tiles, folder: Path
) -> dict[str, object]:
    """Write the areas of a level and their tiles, and return where they are."""
    gazetteer = atlas.gazetteer(vintage.date, level)
    files = {"areas": f"areas/{level}.json", "tiles": f"tiles/{level}.pmtiles"}
    listed = [area_described(area, level, vintage) for area in gazetteer.areas]
    _put(folder / files["areas"], {"level": level, "vintage": str(vintage.date), "areas": listed})
    (folder / "tiles").mkdir(exist_ok=True)
    top_zoom = await _write_tiles(atlas, vintage, gazetteer, tiles, folder / files["tiles"])
    told = {"id": level, "name": LEVEL_NAMES[level], "count": len(gazetteer), "files": files}
    return told | {
        "encoding": tiles.encoding,
        "minzoom": 0,
        "maxzoom": top_zoom,
        "bounds": list(gazetteer.bounds),
    }


async def _write_tiles(atlas: Atlas, vintage: Vintage, gazetteer: Gazetteer, tiles: Tiles, file: Path) -> int:
    """Write the stored tiles as one archive, and return the highest zoom."""
    date, level = vintage.date, gazetteer.level
    async with atlas.reading(subjects=(revisions.vintage(date),)) as conn:
        _count, top_zoom = await area_queries.encoded_tile_count(conn, date, level)
        zooms = [await area_queries.encoded_tiles_of_zoom(conn, date, level, z) for z in range(top_zoom + 1)]
    with file.open("wb") as output:
        archive = Writer(output)
        for z, rows in enumerate(zooms):
            # in the order of their ids a map's neighbouring tiles lie side by side in the file
            for number, row in sorted((zxy_to_tileid(z, row.x, row.y), row) for row in rows):
                body = tiles.outlines(row.mvt, gazetteer)
                archive.write_tile(number, gzip.compress(body, 9, mtime=0))
        west, south, east, north = (round(edge * 1e7) for edge in gazetteer.bounds)
        header = {
            "tile_type": tiles.tile_type,
            "tile_compression": Compression.GZIP,
            "min_lon_e7": west,
            "min_lat_e7": south,
            "max_lon_e7": east,
            "max_lat_e7": north,
            "center_zoom": 5,
        }
        fields = {
            "code": "String: area code, five digits",
            "name": "String: name in Japanese",
            "name_en": "String: name in English",
        }
        layer = {"id": mvt.LAYER_NAME, "description": level, "minzoom": 0, "maxzoom": top_zoom}
        metadata = {
            "name": f"{vintage.title['ja']} {level}",
            "attribution": vintage.credit["ja"],
            "version": f"{date}-{atlas.catalogue.numbers[revisions.vintage(vintage.date)]}",
            "type": "overlay",
            "encoding": tiles.encoding,
            "vector_layers": [layer | {"fields": fields}],
        }
        archive.finalize(header, metadata)
    return top_zoom


def _carried(atlas: Atlas, pictures: Sequence[Picture]) -> list[Carrying]:
    """Return how the values of each period came to stand on the boundaries."""
    periods, view = [one.view.period for one in pictures], pictures[0].view
    return atlas.carryings(view.indicator, periods, view.level, view.vintage.date)


def _rows(picture: Picture, carrying: Carrying) -> pa.RecordBatch:
    """Return the values of one period in the long form; a missing one is null and its status says why."""
    n, view, vector = len(picture.gazetteer), picture.view, picture.vector
    columns = [
        pa.array([view.indicator.id] * n),
        pa.array([view.level] * n),
        pa.array(picture.gazetteer.codes.tolist()),
        pa.array([view.period] * n),
        pa.array(vector.values, from_pandas=True),
        pa.array([STATUSES[status] for status in vector.statuses]),
        pa.array([CARRIED[mark] for mark in carrying.marks], pa.string()),
        pa.array([carrying.dates] * n, pa.list_(pa.date32())),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=COLUMNS)


def _values(
    atlas: Atlas, pictures: Sequence[Picture], carried: Sequence[Carrying], shared: Picture
) -> dict[str, object]:
    """Return a layer at a level: values and classes of every period in columns, each with its legend.

    The legend of the whole is the newest period's; ``shared`` has the breaks of all periods, for a slider
    that moves: a value's class there is the first whose upper bound it does not exceed.
    """
    newest = pictures[-1]
    sources = tuple(dict.fromkeys(source for one in pictures for source in one.vector.sources))
    return {
        **legend_described(newest),
        **about(atlas, newest, sources),
        **boundaries_described(*carried),
        "shared_legend": legend_described(shared)["classes"],
        "codes": newest.gazetteer.codes.tolist(),
        "periods": list(map(_period, pictures, carried)),
    }


def _period(picture: Picture, carrying: Carrying) -> dict[str, object]:
    codes, statuses = picture.gazetteer.codes, picture.vector.statuses
    return {
        "period": picture.view.period,
        "label": period_label(picture.view.period, picture.view.indicator.period_kind),
        "legend": legend_described(picture)["classes"],
        "values": picture.vector.values,
        "classes": [None if one == MISSING else one for one in picture.classes.tolist()],
        "missing": {
            STATUSES[status]: codes[statuses == status].tolist()
            for status in np.unique(statuses[np.isnan(picture.vector.values)]).tolist()
        },
        **boundaries_described(carrying),
        "carried": carried_areas(carrying, codes),
    }


def _style(atlas: Atlas, picture: Picture, tiles: Tiles) -> dict[str, object]:
    """Return a MapLibre style of a layer's newest period; the tiles have no values, so it has the codes."""
    view = picture.view
    credit = credits_in_words(credits_of(atlas, picture.vector.sources, view.vintage))["ja"]
    return maplibre_style(
        name=f"{view.indicator.name_ja} {view.period}",
        source={
            "type": "vector",
            "url": f"pmtiles://tiles/{view.level}.pmtiles",
            "attribution": credit,
            **({} if tiles.encoding == "mvt" else {"encoding": tiles.encoding}),
        },
        painting=_painting(picture),
        lang="ja",
        credit=credit,
    )


def _painting(picture: Picture) -> Painting:
    codes, circles = picture.gazetteer.codes, picture.circles
    if circles is None:
        listed = [codes[picture.classes == index].tolist() for index in range(len(picture.colours))]
        return Painting(fill_of_codes(picture.hex_colours, listed))
    known = np.flatnonzero(np.isfinite(picture.vector.values)).tolist()
    features = [
        {
            "type": "Feature",
            "properties": {"code": area.code, "value": float(picture.vector.values[area.position])},
            "geometry": {"type": "Point", "coordinates": [round(area.lon, 5), round(area.lat, 5)]},
        }
        for area in (picture.gazetteer.areas[position] for position in known)
    ]
    return Painting(
        fill_of_codes([LAND], [codes[known].tolist()]),
        {"type": "FeatureCollection", "features": features},
        [circle_layer(circles, len(picture.gazetteer))],
    )


def _catalogue(
    atlas: Atlas, vintage: Vintage, sheets: Sequence[Sheet], levels: Sequence[Mapping[str, object]]
) -> dict[str, object]:
    """Return what there is to choose from, as ``/v1/layers`` tells it, and which files hold it."""
    labels: dict[str, Labels] = {}
    layers: dict[str, dict[str, object]] = {}
    for name in dict.fromkeys(sheet.indicator.id for sheet in sheets):
        own = [sheet for sheet in sheets if sheet.indicator.id == name]
        kind = own[0].indicator.period_kind
        periods = sorted({period for sheet in own for period in sheet.periods})
        labels.setdefault(kind, {}).update({period: period_label(period, kind) for period in periods})
        layers[name] = {
            **described(atlas, own[0].indicator),
            "levels": [sheet.level for sheet in own],
            "periods": periods,
            "periods_by_level": {sheet.level: sheet.periods for sheet in own},
            "files": {sheet.level: sheet.files for sheet in own},
        }
    return {
        "chiiki_export": FORMAT,
        "vintage": str(vintage.date),
        "title": vintage.title,
        "credit": vintage.credit,
        "observations": FIGURES,
        "sources": "sources.json",
        "levels": list(levels),
        "period_labels": labels,
        "layers": list(layers.values()),
    }


def _sources(atlas: Atlas, vintage: Vintage, used: tuple[str, ...]) -> dict[str, object]:
    """Return whom to credit for what, and the terms of use."""
    boundaries = {
        "vintage": str(vintage.date),
        "title": vintage.title,
        "publisher": vintage.source,
        "licence": vintage.licence,
        "credit": vintage.credit,
    }
    return {"boundaries": boundaries, "sources": sources_described(atlas, used)}
