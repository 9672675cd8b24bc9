"""From a published boundary file to areas at three levels and three details that still share borders.

The published form is 国土数値情報 N03 (one row per polygon part, wards of designated cities apart, land
of unassigned ownership without a code) in any of its packagings, or any file with named columns.
"""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod

from geo.archives import unpack
from geo.codes import WARD_CITY, area_code, kind_of, prefecture_of
from geo.errors import Finding, InvalidAreaCode, InvalidFile, InvalidGeometry, InvalidRows
from geo.topojson import Features, read_document, read_features
from geo.vector_files import read_vector_file

Geometries = NDArray[np.object_]

LEVELS = ("ward", "municipality", "prefecture")
#: Simplification tolerance in degrees: half a pixel of a 512-pixel tile at the last zoom that uses it
#: (zoom 5 and 8). ``high`` is the outline as ingested.
TOLERANCES = {"low": 0.01, "medium": 0.0012, "high": 0.0}
UNASSIGNED = "所属未定地"
JAPAN = (122.0, 20.0, 154.5, 46.5)
GRS80 = Geod(ellps="GRS80")


@dataclass(frozen=True)
class Columns:
    """Which columns of a file hold the code and the name parts (joined in order)."""

    code: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Area:
    """One area of one level, its outline in every detail.

    Attributes
    ----------
    area_km2 : on the GRS 80 ellipsoid, from the outline as ingested
    outlines : detail → MultiPolygon in WGS 84, exterior rings counter-clockwise
    """

    code: str
    name: str
    kind: str
    prefecture: str
    parent: str | None
    area_km2: float
    outlines: Mapping[str, shapely.MultiPolygon]


@dataclass(frozen=True)
class Report:
    """What was found and done: counts, repaired codes, unassigned parts, dropped islets."""

    counts: Mapping[str, int]
    parts: int
    unassigned: int
    repaired: tuple[str, ...]
    dropped_islets: Mapping[str, int]


# Reading


def read_boundaries(
    path: Path, *, crs: str | None = None, columns: Columns | None = None
) -> geopandas.GeoDataFrame:
    """Return the parts of a boundary file: ``code`` (None where unassigned), ``name``, ``geometry`` (WGS 84).

    Parameters
    ----------
    path : zip (Shapefile, GeoJSON or the GML package of N03), .tar.gz of one GeoJSON per municipality
        named by its code, .shp, .gpkg, GeoJSON or TopoJSON (also .gz)
    crs : of a file that states none
    columns : of a file that is not N03

    Raises
    ------
    InvalidFile : unreadable, no CRS, missing columns
    InvalidRows : unknown codes, all of them listed
    InvalidGeometry : empty, not areal, or outside Japan
    """
    name = path.name.lower()
    if name.endswith(".zip"):
        with tempfile.TemporaryDirectory() as folder:
            return read_boundaries(_main_member(unpack(path, Path(folder)), path), crs=crs, columns=columns)
    if name.endswith((".tar.gz", ".tgz")):
        return _parts(_tarred(path), columns or Columns("code", ("name",)))
    if name.endswith((".shp", ".gpkg")):
        rows = read_vector_file(path)
        stated = rows.crs or (CRS.from_user_input(crs) if crs else None)
        if stated is None:
            finding = Finding("file", "crs", "none", "a .prj file, or the option --crs EPSG:6668")
            raise InvalidFile(f"{path.name} does not say its coordinate reference system", [finding])
        rows = rows.set_crs(stated, allow_override=True)
        return _parts(rows, columns or _n03_columns(list(rows.columns)))
    if name.removesuffix(".gz").endswith((".geojson", ".json", ".topojson")):
        rows = _frame(read_features(read_document(path), path.name), crs)
        return _parts(rows, columns or _n03_columns(list(rows.columns)))
    finding = Finding(
        "file", "name", path.name[:80], ".zip, .tar.gz, .shp, .gpkg, .geojson, .topojson (or .gz)"
    )
    raise InvalidFile(f"{path.name} is no boundary file by its name", [finding])


def _main_member(files: Sequence[Path], archive: Path) -> Path:
    """Return the file of an N03 package to read: the Shapefile, else the GeoJSON; never prefectures alone."""
    municipal = [f for f in files if "prefecture" not in f.stem.lower()]
    for suffix in (".shp", ".gpkg", ".geojson", ".topojson", ".json"):
        found = [f for f in municipal if f.suffix.lower() == suffix]
        if found:
            return found[0]
    listed = ", ".join(f.name for f in files)[:80]
    finding = Finding("archive", "members", listed, "a .shp, .gpkg, .geojson or .topojson file")
    raise InvalidFile(f"{archive.name} holds no boundary file", [finding])


def _frame(features: Features, crs: str | None) -> geopandas.GeoDataFrame:
    if not features.properties:
        raise InvalidFile("The file has no features")
    rows = pd.DataFrame(features.properties)
    return geopandas.GeoDataFrame(
        rows, geometry=np.array(features.geometries, object), crs=crs or features.crs
    )


def _tarred(path: Path) -> geopandas.GeoDataFrame:
    """Return the features of one GeoJSON per municipality, each with the code its file is named by."""
    frames = []
    try:
        with tarfile.open(path, "r:gz") as archive, tempfile.TemporaryDirectory() as folder:
            for member in archive:
                if not (member.isfile() and member.name.endswith(".json")):
                    continue
                target = Path(folder) / "member.json"
                opened = archive.extractfile(member)
                target.write_bytes(opened.read() if opened else b"")
                frame = _frame(read_features(read_document(target), member.name), None)
                frames.append(frame.assign(code=Path(member.name).stem))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InvalidFile(f"{path.name} is no whole archive: {error}") from error
    if not frames:
        raise InvalidFile(f"{path.name} holds no GeoJSON file")
    joined = pd.concat(frames, ignore_index=True)
    return geopandas.GeoDataFrame(joined, geometry="geometry", crs=frames[0].crs)


def _n03_columns(columns: Sequence[str]) -> Columns:
    """Return the columns of an N03 file of either edition (with or without N03_005), or of our own."""
    if "N03_007" in columns and "N03_004" in columns:
        # Without N03_005 (to about 2023) N03_003 is the 郡 or the designated city; 郡 is no part of a name.
        last = ("N03_004", "N03_005") if "N03_005" in columns else ("N03_003", "N03_004")
        return Columns("N03_007", last)
    if "N03_007" in columns:
        return Columns("N03_007", tuple(c for c in ("name",) if c in columns))
    if "code" in columns:
        return Columns("code", tuple(c for c in ("name",) if c in columns))
    listed = ", ".join(columns)[:80]
    finding = Finding("file", "columns", listed, "N03_007 and N03_004, or code and name, or named columns")
    raise InvalidFile("The file has no column with area codes", [finding])


def _name(parts: Iterable[object], code: str | None) -> str:
    """Return the name of an area: 郡 left out, the designated city before its ward."""
    told = [part for part in parts if isinstance(part, str) and part]
    if code is not None and code not in WARD_CITY:
        told = [part for part in told if not part.endswith("郡")][-1:] or told[-1:]
    return "".join(told)


def _parts(rows: geopandas.GeoDataFrame, columns: Columns) -> geopandas.GeoDataFrame:
    missing = [name for name in (columns.code, *columns.names) if name not in rows.columns]
    if missing:
        listed = ", ".join(map(str, rows.columns))[:80]
        raise InvalidFile(
            "Columns are missing",
            [Finding("file", name, "missing", f"a column of {listed}") for name in missing],
        )
    codes: list[str | None] = []
    findings: list[Finding] = []
    for number, written in enumerate(rows[columns.code], 1):
        if written is None or (isinstance(written, float) and np.isnan(written)):
            codes.append(None)
            continue
        try:
            code = area_code(str(written))
            if code.endswith("000"):
                raise InvalidAreaCode("", [Finding("", columns.code, str(written), "a municipality or ward")])
            codes.append(code)
        except InvalidAreaCode as error:
            expected = error.findings[0].expected
            findings.append(Finding(f"feature {number}", columns.code, str(written)[:80], expected))
    if findings:
        raise InvalidRows(f"{len(findings)} features have no valid area code", findings)
    names = [_name((rows[column].iloc[i] for column in columns.names), code) for i, code in enumerate(codes)]
    prefectures = _prefectures(rows, codes)
    # RFC 7946 wants WGS 84; the source is JGD2011. They differ by far less than the source's accuracy.
    geometries = rows.geometry.to_crs(4326).array
    told = {"code": codes, "name": names, "prefecture": prefectures}
    frame = geopandas.GeoDataFrame(pd.DataFrame(told, dtype=object), geometry=geometries, crs=4326)
    return _checked(_one_name_each(frame))


def _prefectures(rows: geopandas.GeoDataFrame, codes: Sequence[str | None]) -> list[str | None]:
    """Return the prefecture of each part; one without a code is told by the name of its prefecture."""
    if "N03_001" not in rows.columns:
        return [None if code is None else prefecture_of(code) for code in codes]
    known = {
        name: prefecture_of(code)
        for name, code in zip(rows["N03_001"], codes, strict=True)
        if code is not None
    }
    pairs = zip(rows["N03_001"], codes, strict=True)
    return [known.get(name) if code is None else prefecture_of(code) for name, code in pairs]


def _one_name_each(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Refuse a code that two names share: one of them has the wrong code."""
    names: dict[str, str] = {}
    findings = []
    for number, (code, name) in enumerate(zip(frame["code"], frame["name"], strict=True), 1):
        if code is not None and names.setdefault(code, name) != name:
            finding = Finding(
                f"feature {number} ({name})", "code", code, f"another code: {code} is {names[code]}"
            )
            findings.append(finding)
    if findings:
        raise InvalidRows("Codes are used twice", findings[:100])
    return frame


def _checked(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Refuse what is empty, not areal, not finite or not in Japan, naming the features."""
    findings = []
    west, south, east, north = JAPAN
    bounds = frame.geometry.bounds.to_numpy()
    kinds = frame.geometry.geom_type
    for number, (code, kind, box) in enumerate(zip(frame["code"], kinds, bounds, strict=True), 1):
        where = f"feature {number} ({code})"
        if kind not in ("Polygon", "MultiPolygon"):
            findings.append(Finding(where, "geometry", str(kind), "a Polygon or MultiPolygon"))
        elif not np.isfinite(box).all():
            findings.append(Finding(where, "geometry", "empty or not finite", "finite coordinates"))
        elif box[0] < west or box[1] < south or box[2] > east or box[3] > north:
            findings.append(Finding(where, "geometry", str(box.round(3).tolist()), f"degrees within {JAPAN}"))
    if findings:
        raise InvalidGeometry(f"{len(findings)} features have no usable geometry", findings[:100])
    return frame


# Levels and details


def areas_of(parts: geopandas.GeoDataFrame) -> tuple[dict[str, list[Area]], Report]:
    """Return the areas of every level, ordered by code, and a report.

    Parts are joined by code; municipalities are their wards joined, prefectures their municipalities
    and the land that belongs to none. Every level is cut from ONE simplified coverage, so that neighbours
    share their borders, across levels too. No area vanishes: the largest part of each is kept.

    Raises
    ------
    InvalidGeometry : a geometry that cannot be repaired
    """
    repaired: list[str] = []
    joined = parts.assign(key=[code or f"none {i}" for i, code in enumerate(parts["code"])])
    keys: list[str] = []
    outlines: list[shapely.Geometry] = []
    for key, group in joined.groupby("key", sort=True):
        geometry, was_repaired = _repaired(group.geometry.array, str(key))
        keys.append(str(key))
        outlines.append(geometry)
        if was_repaired:
            repaired.append(str(key))
    names = dict(zip(joined["key"], joined["name"], strict=True))
    prefectures = dict(zip(joined["key"], joined["prefecture"], strict=True))
    details: dict[str, Geometries] = {}
    dropped: dict[str, int] = {}
    for detail, tolerance in TOLERANCES.items():
        details[detail], dropped[detail] = _simplified(np.array(outlines, object), tolerance)
    levels = {level: _level(level, keys, names, prefectures, details) for level in LEVELS}
    counts = {level: len(areas) for level, areas in levels.items()}
    unassigned = sum(key.startswith("none") for key in keys)
    return levels, Report(counts, len(parts), unassigned, tuple(repaired), dropped)


def _repaired(parts: Iterable[shapely.Geometry], key: str) -> tuple[shapely.Geometry, bool]:
    """Return the parts of one area as one valid geometry, and whether a part had to be repaired."""
    polygons = shapely.get_parts(np.array(list(parts), object))
    valid = shapely.is_valid(polygons)
    if not valid.all():
        # "structure" is bounded in time where "linework" is not, and keeps holes as holes
        polygons = np.where(
            valid, polygons, shapely.make_valid(polygons, method="structure", keep_collapsed=False)
        )
        polygons = shapely.get_parts(polygons)
    whole = shapely.multipolygons(polygons[shapely.get_type_id(polygons) == 3])
    apart = bool(shapely.is_valid(whole))
    if not apart:  # parts that touch along a line, or overlap
        whole = shapely.union_all(polygons)
    if shapely.is_empty(whole) or not shapely.area(whole) > 0:
        finding = Finding(f"area {key}", "geometry", "self-intersecting", "a polygon with an inside")
        raise InvalidGeometry(f"The geometry of {key} cannot be repaired", [finding])
    return whole, not (apart and bool(valid.all()))


def _simplified(outlines: Geometries, tolerance: float) -> tuple[Geometries, int]:
    """Return the coverage simplified as one, without islets below the tolerance, and how many those were."""
    if tolerance == 0:
        return outlines, 0
    simple = shapely.coverage_simplify(outlines, tolerance)
    dropped = 0
    kept: list[shapely.Geometry] = []
    for outline in simple:
        islands = shapely.get_parts(outline)
        sizes = shapely.area(islands)
        large = sizes >= tolerance**2
        large[np.argmax(sizes)] = True
        dropped += int((~large).sum())
        kept.append(shapely.MultiPolygon(list(islands[large])))
    return np.array(kept, object), dropped


def _level(
    level: str,
    keys: Sequence[str],
    names: Mapping[str, str],
    prefectures: Mapping[str, str | None],
    details: Mapping[str, Geometries],
) -> list[Area]:
    groups: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        whole = _whole(level, key, prefectures[key])
        if whole is not None:
            groups.setdefault(whole, []).append(place)
    areas = []
    for code in sorted(groups):
        members = groups[code]
        outlines = {detail: _united(outlines[members]) for detail, outlines in details.items()}
        name = names[keys[members[0]]]
        if code != keys[members[0]]:
            name = name.split("市", 1)[0] + "市" if level == "municipality" else ""
        areas.append(
            Area(
                code=code,
                name=name,
                kind=kind_of(code, name),
                prefecture=prefecture_of(code),
                parent=_parent(level, code),
                area_km2=abs(GRS80.geometry_area_perimeter(outlines["high"])[0]) / 1e6,
                outlines=outlines,
            )
        )
    return areas


def _whole(level: str, key: str, prefecture: str | None) -> str | None:
    """Return the area of a level that a part belongs to; unassigned land belongs to a prefecture alone."""
    if level == "prefecture":
        return prefecture
    if key.startswith("none"):
        return None
    return key if level == "ward" else WARD_CITY.get(key, key)


def _parent(level: str, code: str) -> str | None:
    if level == "prefecture":
        return None
    return WARD_CITY.get(code, prefecture_of(code)) if level == "ward" else prefecture_of(code)


def _united(members: Geometries) -> shapely.MultiPolygon:
    """Return neighbours as one outline, exterior rings counter-clockwise (RFC 7946, 3.1.6)."""
    if len(members) == 1:
        whole = members[0]
    else:
        whole = shapely.coverage_union_all(members)
        if not shapely.is_valid(whole):
            whole = shapely.union_all(members)
    polygons = shapely.get_parts(whole)
    united: shapely.MultiPolygon = shapely.orient_polygons(
        shapely.multipolygons(polygons[shapely.get_type_id(polygons) == 3]), exterior_cw=False
    )
    return united
