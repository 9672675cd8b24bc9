"""Published boundary files as rows of code, name and outline, whatever their packaging.

The published form is 国土数値情報 N03 (one row per polygon part, wards of designated cities apart, land
of unassigned ownership without a code) in any of its packagings, or any file with named columns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import geopandas
import numpy as np
import pandas as pd
import shapely
from pyproj.exceptions import ProjError

from geo.codes import SPECIAL_WARDS, WARD_CITY, area_code, prefecture_of
from geo.crs import JAPAN, crs_by_code
from geo.errors import Finding, InvalidAreaCode, InvalidFile, InvalidGeometry, InvalidRows
from geo.files.archives import tarred, unpack
from geo.files.topojson import Features, features_of, read_feature_file
from geo.files.vector_files import read_vector_file

#: Land that no municipality owns yet, or where the border of wards is not settled; it has no code.
UNASSIGNED, UNSETTLED = "所属未定地", ("未定", "未確定")
#: Names of attributes of rows: rings that were left out, features without an outline, and areas beside their
#: parts.
COLLAPSED, WITHOUT_OUTLINE, WHOLES = "collapsed_rings", "without_outline", "wholes"


#: Digits of the code of a municipality.
FIVE = 5


@dataclass(frozen=True)
class Columns:
    """Which columns of a file hold the code and the name parts (joined in order)."""

    code: str
    names: tuple[str, ...]


def read_boundaries(
    path: Path, *, crs: str | None = None, columns: Columns | None = None
) -> geopandas.GeoDataFrame:
    """Return the parts of a boundary file: ``code`` (None where unassigned), ``name``, ``geometry`` (WGS 84).

    Its ``attrs`` tell what was left out: rings that had collapsed (``collapsed_rings``, their number),
    features without an outline (``without_outline``), and, of an archive of many files, prefectures and
    designated cities beside their parts (``wholes``).

    Parameters
    ----------
    path : zip (Shapefile, GeoJSON or the GML package of N03), .tar.gz of many GeoJSON or TopoJSON files
        (N03, or one municipality each, named by its code), .shp, .gpkg, GeoJSON or TopoJSON (also .gz)
    crs : of a file that states none
    columns : of a file that is not N03

    Raises
    ------
    InvalidFile : unreadable, no CRS, missing columns
    InvalidRows : unknown codes, all of them listed
    InvalidGeometry : empty, not areal, or outside Japan
    """
    rows = read_layer(path, crs=crs)
    parts = _parts(rows, columns or _n03_columns(list(rows.columns)))
    parts.attrs[COLLAPSED] = rows.attrs.get(COLLAPSED, 0)
    parts.attrs[WHOLES] = rows.attrs.get(WHOLES, [])
    return parts


def read_layer(path: Path, *, crs: str | None = None, named: str = "") -> geopandas.GeoDataFrame:
    """Return the features of a published vector file as they stand, with their CRS.

    Parameters
    ----------
    named : of an archive with several files, only those whose name holds this

    Raises
    ------
    InvalidFile : unreadable, another packaging, no CRS
    """
    name = path.name.lower()
    if name.endswith(".zip"):
        with tempfile.TemporaryDirectory() as folder:
            files = [file for file in unpack(path, Path(folder)) if named in file.name]
            return read_layer(_main_member(files, path), crs=crs)
    if name.endswith((".tar.gz", ".tgz")):
        return _tarred(path)
    if name.endswith((".shp", ".gpkg")):
        rows = read_vector_file(path)
        stated = rows.crs or (crs_by_code(crs) if crs else None)
        if stated is None:
            finding = Finding("file", "crs", "none", "a .prj file, or the option --crs EPSG:6668")
            raise InvalidFile(f"{path.name} does not say its coordinate reference system", [finding])
        return rows.set_crs(stated, allow_override=True)
    if name.removesuffix(".gz").endswith((".geojson", ".json", ".topojson")):
        return _frame(read_feature_file(path), crs, path.name)
    finding = Finding("file", "name", path.name, ".zip, .tar.gz, .shp, .gpkg, .geojson, .topojson (or .gz)")
    raise InvalidFile(f"{path.name} is no vector file by its name", [finding])


def in_wgs_84(rows: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Return rows with their geometry in longitude and latitude.

    Raises
    ------
    InvalidFile : from their CRS there is no way to it
    """
    try:
        return rows.to_crs(4326)
    except ProjError as error:
        finding = Finding("file", "crs", str(rows.crs), "a coordinate reference system of the Earth")
        raise InvalidFile("The coordinates cannot be turned into degrees", [finding]) from error


def _main_member(files: Sequence[Path], archive: Path) -> Path:
    """Return the file of a package to read: the Shapefile, else the GeoJSON; never prefectures alone.

    The national package of N03 has other forms of the same areas beside them, whose names begin alike.
    Several files of other names are refused: one of them would be left out.
    """
    # The national package also has prefectures and subprefectures; macOS adds "._" files.
    plain = [f for f in files if not f.name.startswith(".")]
    municipal = [f for f in plain if "prefecture" not in f.stem.lower()]
    for suffix in (".shp", ".gpkg", ".geojson", ".topojson", ".json"):
        found = [f for f in municipal if f.suffix.lower() == suffix]
        if found:
            chosen = min(found, key=lambda f: (len(f.stem), f))
            if all(f.stem.startswith(chosen.stem) for f in found):
                return chosen
            told = ", ".join(f.name for f in found)
            finding = Finding(archive.name, "members", told, "one file: make a zip of each")
            raise InvalidFile(f"{archive.name} holds several files", [finding])
    listed = ", ".join(f.name for f in files)
    finding = Finding("archive", "members", listed, "a .shp, .gpkg, .geojson or .topojson file")
    raise InvalidFile(f"{archive.name} holds no boundary file", [finding])


def _frame(features: Features, crs: str | None, name: str) -> geopandas.GeoDataFrame:
    if not features.properties:
        raise InvalidFile(f"{name} has no features", [Finding(name, "features", "none", "at least one")])
    rows = pd.DataFrame(features.properties)
    frame = geopandas.GeoDataFrame(
        rows,
        geometry=np.array(features.geometries, object),
        crs=crs_by_code(crs or features.crs or "EPSG:4326"),
    )
    frame.attrs[COLLAPSED] = features.collapsed
    return frame


def _tarred(path: Path) -> geopandas.GeoDataFrame:
    """Return the features of many files together; where they have no code, their file is named by it."""
    frames = []
    for name, text in tarred(path):
        member = PurePosixPath(name)
        if member.suffix not in (".json", ".geojson", ".topojson") or member.name.startswith("."):
            continue
        frame = _frame(features_of(text, name), None, name)
        has_codes = not {"N03_007", "code"}.isdisjoint(frame.columns)
        frames.append(frame if has_codes else frame.assign(code=member.stem))
    if not frames:
        finding = Finding(path.name, "members", "none", ".geojson, .json or .topojson files")
        raise InvalidFile(f"{path.name} holds no GeoJSON file", [finding])
    collapsed = sum(frame.attrs[COLLAPSED] for frame in frames)
    joined = pd.concat(frames, ignore_index=True)
    rows = geopandas.GeoDataFrame(joined, geometry="geometry", crs=frames[0].crs)
    wholes = _wholes(frames)
    if wholes:
        rows = rows[~rows["code"].isin(wholes)].reset_index(drop=True)
    rows.attrs = {COLLAPSED: collapsed, WHOLES: wholes}
    return rows


def _wholes(frames: Sequence[geopandas.GeoDataFrame]) -> list[str]:
    """Return the codes of prefectures and designated cities whose parts are in other files of an archive."""
    told = [set(frame["code"].dropna().astype(str)) for frame in frames if "code" in frame.columns]
    found = set()
    for own in told:
        others = set().union(*(codes for codes in told if codes is not own))
        cities = {WARD_CITY[code] for code in others if code in WARD_CITY}
        prefectures = {prefecture_of(code) for code in others if len(code) == FIVE and code[2:] != "000"}
        found |= own & (cities | prefectures | {code[:2] for code in prefectures})
    return sorted(found)


def _n03_columns(columns: Sequence[str]) -> Columns:
    """Return the columns of an N03 file of either edition (with or without N03_005), or of our own."""
    if "N03_007" in columns and "N03_004" in columns:
        # Without N03_005 (to about 2023) N03_003 is the 郡 or the designated city; 郡 is no part of a name.
        last = ("N03_004", "N03_005") if "N03_005" in columns else ("N03_003", "N03_004")
        return Columns("N03_007", last)
    if "N03_007" in columns:
        return Columns("N03_007", tuple(c for c in ("name",) if c in columns))
    if "lg_code_5" in columns and "city_name" in columns:  # as the Digital Agency hands N03 out
        return Columns("lg_code_5", ("city_name",))
    if "code" in columns:
        return Columns("code", tuple(c for c in ("name",) if c in columns))
    listed = ", ".join(columns)
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
    rows, without = _with_outlines(rows, columns)
    codes: list[str | None] = []
    findings: list[Finding] = []
    for number, written in enumerate(rows[columns.code], 1):
        text = _code_text(written)
        if not text:
            codes.append(None)
            parts = [
                part for column in columns.names if isinstance(part := rows[column].iloc[number - 1], str)
            ]
            if parts and not any(word in part for part in parts for word in UNSETTLED):
                expected = f"a code: only {UNASSIGNED} and the like have none"
                findings.append(
                    Finding(f"feature {number} ({''.join(parts)})", columns.code, "missing", expected)
                )
            continue
        try:
            code = area_code(text)
            if code.endswith("000"):
                raise InvalidAreaCode("", [Finding("", columns.code, str(written), "a municipality or ward")])
            codes.append(code)
        except InvalidAreaCode as error:
            expected = error.findings[0].expected
            findings.append(Finding(f"feature {number}", columns.code, str(written), expected))
    if findings:
        raise InvalidRows(f"{len(findings)} features have no valid area code", findings)
    if not any(codes):
        finding = Finding("file", columns.code, f"none in {len(codes)} features", "codes of areas")
        raise InvalidRows("The file has no area", [finding])
    names = [_name((rows[column].iloc[i] for column in columns.names), code) for i, code in enumerate(codes)]
    prefectures = _prefectures(rows, codes)
    # RFC 7946 wants WGS 84; the source is JGD2011. They differ by far less than the source's accuracy.
    geometries = shapely.force_2d(in_wgs_84(rows).geometry.to_numpy())
    told = {"code": codes, "name": names, "prefecture": prefectures}
    frame = geopandas.GeoDataFrame(pd.DataFrame(told, dtype=object), geometry=geometries, crs=4326)
    checked = _checked(_one_name_each(_without_wholes(frame)))
    checked.attrs[WITHOUT_OUTLINE] = without
    return checked


def _with_outlines(
    rows: geopandas.GeoDataFrame, columns: Columns
) -> tuple[geopandas.GeoDataFrame, list[str]]:
    """Return the features that have a geometry, and what the others are called.

    Those are land without a code, or parts of areas that have an outline beside them.

    Raises
    ------
    InvalidGeometry : an area has no outline
    """
    is_bare = rows.geometry.isna().to_numpy()
    drawn = {_code_text(written) for written in rows[columns.code][~is_bare]}
    findings, told = [], []
    for place in np.flatnonzero(is_bare).tolist():
        row = rows.iloc[place]
        name = "".join(part for column in columns.names if isinstance(part := row[column], str))
        code = _code_text(row[columns.code])
        where = f"feature {place + 1} ({name or code or UNASSIGNED})"
        if code and code not in drawn:
            findings.append(Finding(where, "geometry", "none", f"a Polygon or MultiPolygon: {code} has none"))
        told.append(where)
    if findings:
        raise InvalidGeometry(f"{len(findings)} areas have no outline", findings[:100])
    return (rows[~is_bare].reset_index(drop=True) if told else rows), told


def _code_text(written: object) -> str:
    """Return a code as its author wrote it; empty where there is none.

    A column of integers in which one is missing arrives as floating point.
    """
    if written is None or (isinstance(written, float) and np.isnan(written)):
        return ""
    if isinstance(written, float) and written.is_integer():
        return str(int(written))
    return str(written).strip()


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


def _without_wholes(frame: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Refuse a designated city beside its wards, and 特別区部 always: they would lie on each other."""
    cities = {WARD_CITY[code]: code for code in frame["code"] if code in WARD_CITY}
    findings = [
        Finding(
            f"feature {number} ({code})",
            "code",
            code,
            f"wards or their city: {cities.get(code, '13101')} is in it",
        )
        for number, code in enumerate(frame["code"], 1)
        if code in cities or code == SPECIAL_WARDS
    ]
    if findings:
        raise InvalidRows("The file has areas that hold others of it", findings[:100])
    return frame


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
    vertices, owners = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    # GEOS leaves NaN out of a geometry's bounds
    unreal = set(owners[~np.isfinite(vertices).all(axis=1)].tolist())
    for place, (code, kind, box) in enumerate(zip(frame["code"], kinds, bounds, strict=True)):
        where = f"feature {place + 1} ({code or 'without a code'})"
        if kind not in ("Polygon", "MultiPolygon"):
            findings.append(Finding(where, "geometry", str(kind), "a Polygon or MultiPolygon"))
        elif place in unreal or not np.isfinite(box).all():
            findings.append(Finding(where, "geometry", "empty or not finite", "finite coordinates"))
        elif box[0] < west or box[1] < south or box[2] > east or box[3] > north:
            findings.append(Finding(where, "geometry", str(box.round(3).tolist()), f"degrees within {JAPAN}"))
    if findings:
        raise InvalidGeometry(f"{len(findings)} features have no usable geometry", findings[:100])
    return frame
