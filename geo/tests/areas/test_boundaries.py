"""Boundary files of every packaging, and what must be refused."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import geopandas
import pytest
import shapely

from geo.areas.boundaries import Columns, read_boundaries
from geo.areas.outlines import areas_of
from geo.errors import ChiikiError, InvalidFile, InvalidGeometry, InvalidRows
from geo.files.vector_files import ALLOWED_DRIVERS, read_vector_file

SHIPPED = Path(__file__).parents[3] / "data/boundaries/2021-01-01/areas.topojson.gz"
REAL = os.environ.get("CHIIKI_REAL_DATA")
needs_real_data = pytest.mark.skipif(
    REAL is None, reason="CHIIKI_REAL_DATA names no folder of published files"
)


def box(x: float, y: float, size: float = 0.1) -> dict[str, object]:
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def n03(code: str | None, name: str, city: str | None, geometry: dict[str, object]) -> dict[str, object]:
    """A feature of the edition without N03_005."""
    told = {"N03_001": "北海道", "N03_002": None, "N03_003": city, "N03_004": name, "N03_007": code}
    return {"type": "Feature", "properties": told, "geometry": geometry}


FEATURES = [
    n03("01101", "中央区", "札幌市", box(141.0, 43.0)),
    n03("01102", "北区", "札幌市", box(141.1, 43.0)),
    n03("01202", "函館市", None, box(140.0, 42.0)),
    n03("01202", "函館市", None, box(140.5, 42.0, 0.02)),
    n03("01303", "当別町", "石狩郡", box(141.2, 43.0)),
    n03(None, "所属未定地", None, box(141.3, 43.0)),
]


def written(
    folder: Path, features: list[dict[str, object]], name: str = "areas.geojson", **members: object
) -> Path:
    path = folder / name
    path.write_text(
        json.dumps({"type": "FeatureCollection", **members, "features": features}, ensure_ascii=False)
    )
    return path


def frame(*, new_edition: bool = False) -> geopandas.GeoDataFrame:
    rows = []
    for feature in FEATURES:
        told = dict(feature["properties"]) if isinstance(feature["properties"], Mapping) else {}
        if new_edition and told["N03_003"] == "札幌市":
            told |= {"N03_003": None, "N03_004": "札幌市", "N03_005": told["N03_004"]}
        rows.append(told | {"geometry": shapely.from_geojson(json.dumps(feature["geometry"]))})
    columns = ["N03_001", "N03_002", "N03_003", "N03_004", *(["N03_005"] if new_edition else []), "N03_007"]
    return geopandas.GeoDataFrame(rows, crs="EPSG:6668")[[*columns, "geometry"]]


def shapefile(folder: Path, encoding: str, *, new_edition: bool = False, crs: bool = True) -> Path:
    read_vector_file_is_loaded()
    path = folder / "N03-21_01_210101.shp"
    frame(new_edition=new_edition).to_file(path, encoding=encoding)
    if encoding == "cp932":
        path.with_suffix(".cpg").unlink(missing_ok=True)
    return path


def read_vector_file_is_loaded() -> None:
    """GDAL must be loaded by geo.files.vector_files first, or its other drivers stay."""
    with pytest.raises((InvalidFile, FileNotFoundError)):
        read_vector_file(Path("/nonexistent.gpkg"))


def zipped(path: Path, folder: str = "N03-20210101_01_GML/") -> Path:
    archive = path.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for part in path.parent.glob(path.stem + ".*"):
            if part != archive:
                target.write(part, folder + part.name)
        target.writestr(folder + "KS-META-N03.xml", "<meta/>")
    return archive


def names_of(path: Path) -> dict[str, str]:
    levels, _ = areas_of(read_boundaries(path))
    return {area.code: area.name for level in levels.values() for area in level}


EXPECTED = {
    "01000": "",
    "01100": "札幌市",
    "01101": "札幌市中央区",
    "01102": "札幌市北区",
    "01202": "函館市",
    "01303": "当別町",
}


@pytest.mark.parametrize(
    "make",
    [
        lambda f: written(f, FEATURES),
        lambda f: zipped(written(f, FEATURES)),
        lambda f: shapefile(f, "utf-8"),
        lambda f: shapefile(f, "cp932"),
        lambda f: shapefile(f, "cp932", new_edition=True),
        lambda f: zipped(shapefile(f, "utf-8", new_edition=True)),
    ],
    ids=["geojson", "zip", "shp", "shp cp932", "N03_005", "GML package"],
)
def test_every_packaging_of_n03_reads_alike(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    assert names_of(make(tmp_path)) == EXPECTED


def test_named_columns_of_any_file_are_read(tmp_path: Path) -> None:
    read_vector_file_is_loaded()
    path = tmp_path / "areas.gpkg"
    frame().rename(columns={"N03_007": "jis", "N03_004": "label"}).to_file(path, layer="areas")
    parts = read_boundaries(path, columns=Columns("jis", ("label",)))
    assert set(parts["code"].dropna()) == {"01101", "01102", "01202", "01303"}


def test_a_folder_of_municipal_files_is_read_by_file_names(tmp_path: Path) -> None:
    member = written(
        tmp_path, [{"type": "Feature", "properties": {"name": "北海道函館市"}, "geometry": box(140, 42)}]
    )
    archive = tmp_path / "n03.tar.gz"
    with tarfile.open(archive, "w:gz") as target:
        target.add(member, "docs/01/01202.json")
    assert read_boundaries(archive)["code"].tolist() == ["01202"]


def test_levels_and_parents_come_from_the_parts(tmp_path: Path) -> None:
    levels, report = areas_of(read_boundaries(written(tmp_path, FEATURES)))
    assert [a.code for a in levels["ward"]] == ["01101", "01102", "01202", "01303"]
    assert [a.code for a in levels["municipality"]] == ["01100", "01202", "01303"]
    assert {a.code: a.parent for a in levels["ward"]}["01101"] == "01100"
    assert levels["municipality"][0].kind == "designated_city"
    assert report.unassigned == 1
    hokkaido = levels["prefecture"][0].outlines["high"]
    assert hokkaido.contains(shapely.Point(141.35, 43.05))  # the unassigned land is the prefecture's


def test_the_area_is_that_on_the_ellipsoid(tmp_path: Path) -> None:
    # a box of 0.1° × 0.1° at 43.0–43.1° N on GRS 80: PostGIS ST_Area(geography) gives 90.5134 km²
    levels, _ = areas_of(read_boundaries(written(tmp_path, FEATURES[:1])))
    assert levels["ward"][0].area_km2 == pytest.approx(90.51337868771363, rel=1e-7)


@pytest.fixture(scope="module")
def japan() -> dict[str, list[shapely.MultiPolygon]]:
    levels, _ = areas_of(read_boundaries(SHIPPED))
    found: dict[str, list[shapely.MultiPolygon]] = {}
    for level, areas in levels.items():
        for detail in ("low", "medium", "high"):
            found[f"{level} {detail}"] = [area.outlines[detail] for area in areas]
    return found


@pytest.mark.parametrize("detail", ["low", "medium", "high"])
@pytest.mark.parametrize(("level", "count"), [("ward", 1902), ("municipality", 1747), ("prefecture", 47)])
def test_no_area_vanishes_and_neighbours_share_their_borders(
    japan: dict[str, list[shapely.MultiPolygon]], level: str, count: int, detail: str
) -> None:
    outlines = japan[f"{level} {detail}"]
    assert len(outlines) == count
    assert all(outline.area > 0 for outline in outlines)
    assert shapely.is_valid(outlines).all()
    assert shapely.coverage_is_valid(outlines)


def ring(*points: tuple[float, float]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [[list(p) for p in points]]}


def test_a_self_intersection_is_repaired_and_reported(tmp_path: Path) -> None:
    bow_tie = ring((140, 42), (140.1, 42.1), (140.1, 42), (140, 42.1), (140, 42))
    _, report = areas_of(read_boundaries(written(tmp_path, [n03("01202", "函館市", None, bow_tie)])))
    assert report.repaired == ("01202",)


def vrt_at(canary: Path) -> str:
    layer = f'<OGRVRTLayer name="x"><SrcDataSource>{canary}</SrcDataSource></OGRVRTLayer>'
    return f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"


def hostile_zip(folder: Path, name: str, body: bytes = b"x", mode: int = 0o100644) -> Path:
    path = folder / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        member.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(member, body)
    return path


def cut(path: Path, keep: float = 0.6) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def binary(folder: Path, name: str, body: bytes) -> Path:
    (folder / name).write_bytes(body)
    return folder / name


HOSTILE: dict[str, tuple[Callable[[Path], Path], type[ChiikiError], str]] = {
    "unknown code": (lambda f: written(f, [n03("99999", "?", None, box(140, 42))]), InvalidRows, "01 to 47"),
    "wrong check digit": (
        lambda f: written(f, [n03("012026", "?", None, box(140, 42))]),
        InvalidRows,
        "check digit 5",
    ),
    "prefecture code": (
        lambda f: written(f, [n03("01000", "北海道", None, box(140, 42))]),
        InvalidRows,
        "ward",
    ),
    "one code, two names": (
        lambda f: written(
            f, [n03("01202", "函館市", None, box(140, 42)), n03("01202", "小樽市", None, box(141, 43))]
        ),
        InvalidRows,
        "01202 is 函館市",
    ),
    "a name without code": (
        lambda f: written(f, [n03(None, "函館市", None, box(140, 42))]),
        InvalidRows,
        "only 所属未定地 and the like have none",
    ),
    "a city beside its ward": (
        lambda f: written(f, [FEATURES[0], n03("01100", "札幌市", None, box(141, 43))]),
        InvalidRows,
        "01101 is in it",
    ),
    "no code column": (
        lambda f: written(f, [{"type": "Feature", "properties": {"id": 1}, "geometry": box(140, 42)}]),
        InvalidFile,
        "N03_007",
    ),
    "no crs": (lambda f: without_projection(shapefile(f, "utf-8")), InvalidFile, "--crs"),
    "wrong encoding": (
        lambda f: binary(f, "a.geojson", json.dumps({"a": "函館"}, ensure_ascii=False).encode("cp932")),
        InvalidFile,
        "UTF-8",
    ),
    "wrong shapefile encoding": (lambda f: eucjp_shapefile(f), InvalidFile, "cp932"),
    "truncated zip": (lambda f: cut(zipped(written(f, FEATURES))), InvalidFile, "no whole zip"),
    "truncated gzip": (
        lambda f: cut(binary(f, "a.geojson.gz", gzip.compress(b"{}" * 999))),
        InvalidFile,
        "gzip",
    ),
    "truncated json": (lambda f: cut(written(f, FEATURES)), InvalidFile, "no JSON"),
    "path traversal": (lambda f: hostile_zip(f, "../../outside.shp"), InvalidFile, "relative path"),
    "absolute path": (lambda f: hostile_zip(f, "/etc/outside.shp"), InvalidFile, "relative path"),
    "windows path": (lambda f: hostile_zip(f, "..\\outside.shp"), InvalidFile, "relative path"),
    "symbolic link": (lambda f: hostile_zip(f, "a.shp", b"/etc/passwd", 0o120777), InvalidFile, "plain file"),
    "zip bomb": (lambda f: hostile_zip(f, "a.shp", bytes(400 << 20)), InvalidFile, "200 times"),
    "empty archive": (lambda f: hostile_zip(f, "readme.txt"), InvalidFile, ".shp"),
    "empty file": (lambda f: binary(f, "a.geojson", b""), InvalidFile, "no JSON"),
    "no features": (lambda f: written(f, []), InvalidFile, "no features"),
    "a list": (lambda f: binary(f, "a.json", b"[]"), InvalidFile, "FeatureCollection"),
    "no geometry": (
        lambda f: written(f, [n03("01202", "函館市", None, {}) | {"geometry": None}]),
        InvalidGeometry,
        "Polygon",
    ),
    "a point": (
        lambda f: written(f, [n03("01202", "函館市", None, {"type": "Point", "coordinates": [140, 42]})]),
        InvalidGeometry,
        "Polygon",
    ),
    "not in Japan": (
        lambda f: written(f, [n03("01202", "函館市", None, box(42, 140))]),
        InvalidGeometry,
        "degrees within",
    ),
    "a vrt named shp": (
        lambda f: binary(f, "a.shp", vrt_at(f / "canary.geojson").encode()),
        InvalidFile,
        "Shapefile",
    ),
    "a vrt named gpkg": (
        lambda f: binary(f, "a.gpkg", vrt_at(f / "canary.geojson").encode()),
        InvalidFile,
        "Shapefile",
    ),
    "a vrt named geojson": (
        lambda f: binary(f, "a.geojson", vrt_at(f / "canary").encode()),
        InvalidFile,
        "no JSON",
    ),
    "a vrt in a zip": (
        lambda f: hostile_zip(f, "a.shp", vrt_at(f / "canary.geojson").encode()),
        InvalidFile,
        "Shapefile",
    ),
    "another kind of file": (lambda f: binary(f, "a.pdf", b"%PDF"), InvalidFile, ".zip"),
}


def without_projection(path: Path) -> Path:
    path.with_suffix(".prj").unlink()
    return path


def eucjp_shapefile(folder: Path) -> Path:
    path = shapefile(folder, "utf-8")
    path.with_suffix(".cpg").unlink()
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace("函".encode(), b"\xff\xfe\xfd"))
    return path


@pytest.mark.parametrize("case", list(HOSTILE))
def test_a_malformed_file_is_refused_with_what_was_expected(tmp_path: Path, case: str) -> None:
    canary = written(tmp_path, FEATURES, "canary.geojson")
    make, kind, expected = HOSTILE[case]
    path = make(tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(kind) as refusal:
        areas_of(read_boundaries(path))
    assert expected in str(refusal.value)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    assert canary in before


def test_gdal_has_only_the_drivers_that_are_meant() -> None:
    read_vector_file_is_loaded()
    import pyogrio

    assert set(pyogrio.list_drivers()) == ALLOWED_DRIVERS


@needs_real_data
@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("n03-2024-ibaraki-original/N03-20240101_08.shp", (44, 44, 1)),
        ("n03-2024-ibaraki-original/N03-20240101_08.geojson", (44, 44, 1)),
        ("n03-2022-fullres/n03_20220101_pref31.tar.gz", (19, 19, 1)),
        ("n03-2022-fullres/n03_20220101_pref16.tar.gz", (15, 15, 1)),
        ("smartnews-n03-2021/N03-21_210101.s0010.topojson", (1902, 1747, 47)),
        ("n03-2025-digital-agency/ja_municipality_area.json", (None, 1747, 47)),
    ],
)
def test_published_files_are_whole(path: str, counts: tuple[int | None, int, int]) -> None:
    _, report = areas_of(read_boundaries(Path(REAL or "") / "boundaries" / path))
    assert tuple(report.counts.get(level) for level in ("ward", "municipality", "prefecture")) == counts


@pytest.mark.parametrize(
    "crs", ["urn:ogc:def:crs:EPSG::6668", "urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4612", "epsg:4326"]
)
def test_the_crs_a_geojson_names_is_taken(tmp_path: Path, crs: str) -> None:
    member = {"type": "name", "properties": {"name": crs}}
    parts = read_boundaries(written(tmp_path, FEATURES[:1], crs=member))
    assert parts.total_bounds == pytest.approx([141.0, 43.0, 141.1, 43.1], abs=1e-4)


def test_metres_become_degrees(tmp_path: Path) -> None:
    # Plane rectangular zone XII (EPSG:6680) has its origin at 44° N 142.25° E.
    square: dict[str, object] = {
        "type": "Polygon",
        "coordinates": [[[0, 0], [1000, 0], [1000, 1000], [0, 1000], [0, 0]]],
    }
    path = written(tmp_path, [n03("01202", "函館市", None, square)])
    parts = read_boundaries(path, crs="EPSG:6680")
    assert parts.total_bounds[:2] == pytest.approx([142.25, 44.0], abs=1e-4)


@pytest.mark.parametrize(
    "crs", ["+proj=longlat +nadgrids=/etc/passwd", "EPSG:999999", "/etc/passwd", "PROJCS[]"]
)
def test_a_crs_that_is_no_known_code_is_refused(tmp_path: Path, crs: str) -> None:
    path = written(tmp_path, FEATURES[:1], crs={"type": "name", "properties": {"name": crs}})
    with pytest.raises(InvalidFile, match="EPSG:6668, or OGC:CRS84"):
        read_boundaries(path)


def test_codes_that_were_read_as_numbers_are_codes(tmp_path: Path) -> None:
    features: list[dict[str, object]] = [
        {"type": "Feature", "properties": {"code": code, "name": "所属未定地"}, "geometry": box(140 + n, 42)}
        for n, code in enumerate([1202, None, 13101])
    ]
    assert read_boundaries(written(tmp_path, features))["code"].tolist() == ["01202", None, "13101"]


def test_heights_are_left_out(tmp_path: Path) -> None:
    solid: dict[str, object] = {
        "type": "Polygon",
        "coordinates": [[[140, 42, 5], [141, 42, 5], [141, 43, 5], [140, 42, 5]]],
    }
    parts = read_boundaries(written(tmp_path, [n03("01202", "函館市", None, solid)]))
    assert not parts.geometry.has_z.any()


def test_of_a_national_package_the_municipalities_are_read(tmp_path: Path) -> None:
    inner = written(tmp_path, FEATURES).read_bytes()
    archive = tmp_path / "N03-20240101_GML.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("__MACOSX/._N03-20240101.geojson", b"\0")
        target.writestr("N03-20240101_prefecture.geojson", b"{}")
        target.writestr("N03-20240101_subprefecture.geojson", b"{}")
        target.writestr("N03-20240101.geojson", inner)
    assert len(read_boundaries(archive)) == 6


@needs_real_data
def test_many_files_of_n03_in_one_archive_are_one_country() -> None:
    path = Path(REAL or "") / "boundaries/smartnews-n03-2021/N03-21_by_prefecture.s0010.geojson.tar.gz"
    assert read_boundaries(path)["code"].dropna().nunique() == 1902


def test_a_file_without_any_area_is_refused_rather_than_loaded_as_nothing(tmp_path: Path) -> None:
    path = tmp_path / "areas.geojson"
    square = shapely.geometry.mapping(shapely.box(139, 36, 139.1, 36.1))
    land = {"type": "Feature", "properties": {"code": None, "name": None}, "geometry": square}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [land]}))
    with pytest.raises(InvalidRows, match="no area"):
        read_boundaries(path)


def test_a_zip_of_two_files_is_refused_with_their_names(tmp_path: Path) -> None:
    square = shapely.geometry.mapping(shapely.box(139, 36, 139.1, 36.1))
    path = tmp_path / "areas.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for code in ("10201", "10202"):
            feature = {"type": "Feature", "properties": {"code": code}, "geometry": square}
            archive.writestr(
                f"{code}.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]})
            )
    with pytest.raises(InvalidFile, match="several files") as refused:
        read_boundaries(path)
    assert refused.value.findings[0].value == "10201.geojson, 10202.geojson"


def test_names_that_windows_has_packed_are_read(tmp_path: Path) -> None:
    read_vector_file_is_loaded()
    folder = tmp_path / "shapefile"
    folder.mkdir()
    told = {"code": ["10201"], "name": ["前橋市"]}
    geopandas.GeoDataFrame(told, geometry=[shapely.box(139, 36, 139.1, 36.1)], crs=6668).to_file(
        folder / "x.shp"
    )
    path = tmp_path / "areas.zip"
    name = "一覧表".encode("cp932")  # its last byte alone is a backslash
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, "x" * len(name) + file.suffix)
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name))
    assert read_boundaries(path)["code"].tolist() == ["10201"]


def bare(code: str | None, name: str) -> dict[str, object]:
    return {**n03(code, name, None, {}), "geometry": None}


def test_a_feature_without_an_outline_is_told_where_it_is_no_area_or_its_area_has_another(
    tmp_path: Path,
) -> None:
    features = [*FEATURES, bare("01202", "函館市"), bare(None, "所属未定地"), bare(None, "")]
    found = read_boundaries(written(tmp_path, features))
    assert len(found) == len(FEATURES)
    told = ["feature 7 (函館市)", "feature 8 (所属未定地)", "feature 9 (所属未定地)"]
    assert found.attrs["without_outline"] == told
    with pytest.raises(InvalidGeometry, match=r"feature 7 \(小樽市\).*01203 has none"):
        read_boundaries(written(tmp_path, [*FEATURES, bare("01203", "小樽市")]))


def test_land_between_wards_whose_border_is_not_settled_has_no_code(tmp_path: Path) -> None:
    unsettled = n03(None, "区界未確定", "札幌市", box(141.2, 43.1))
    found = read_boundaries(written(tmp_path, [*FEATURES, unsettled]))
    assert found["code"].isna().sum() == 2


def test_an_archive_may_have_cities_and_their_wards_in_files_of_their_own(tmp_path: Path) -> None:
    def feature(code: str, name: str, x: float, size: float) -> dict[str, object]:
        told = {"code": code, "name": name}
        return {"type": "Feature", "properties": told, "geometry": box(x, 43.0, size)}

    files = {
        "hokkaido": [feature("01100", "札幌市", 141.0, 0.2), feature("01303", "当別町", 141.2, 0.1)],
        "hokkaido_wards": [feature("01101", "中央区", 141.0, 0.1), feature("01102", "北区", 141.1, 0.1)],
        "prefectures": [feature("01", "北海道", 141.0, 0.3)],
    }
    path = tmp_path / "many.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, features in files.items():
            archive.add(written(tmp_path, features, f"{name}.geojson"), f"{name}.geojson")
    found = read_boundaries(path)
    assert sorted(found["code"]) == ["01101", "01102", "01303"]
    assert found.attrs["wholes"] == ["01", "01100"]


@needs_real_data
@pytest.mark.parametrize(
    ("name", "parts", "without"),
    [
        ("historical-codh/jp_city_20050101.c.topojson.gz", 2_209, ["feature 607 (深谷市)"]),
        ("historical-codh/jp_city_20100329.c.topojson.gz", 1_910, ["feature 522 (深谷市)"]),
        # 1,747 municipalities, of 20 cities their 171 wards
        ("n03-2024-kurashimap/kurashimap_n03_20240101_public_geojson.tar.gz", 1_747 - 20 + 171, []),
    ],
)
def test_published_files_of_other_makers_are_read(name: str, parts: int, without: list[str]) -> None:
    found = read_boundaries(Path(str(REAL)) / "boundaries" / name)
    assert len(found) == parts
    assert found.attrs["without_outline"] == without
