"""A picture on tiles: its colours, what names a tile's state, and that a tile holds the picture's values."""

from __future__ import annotations

import gzip

import mapbox_vector_tile
import numpy as np
import pytest

from geo.errors import InvalidParameter
from geo.layers import mlt
from geo.layers.palettes import NO_DATA
from service.http.responses import IMMUTABLE, REVALIDATE
from service.layers.tile_sources import TileSource, is_lean, tile_source
from service.layers.views import MISSING, View, ViewQuery, resolve
from service.memory.atlas import Atlas

#: Kanto, and the ocean south of it.
LAND, OCEAN = (6, 56, 25), (6, 60, 30)


def view(atlas: Atlas, layer: str = "ageing-rate", period: str = "2020") -> View:
    return resolve(atlas, layer, ViewQuery(period=period, level="prefecture"))


@pytest.fixture(scope="module")
def source(atlas: Atlas) -> TileSource:
    return tile_source(atlas, view(atlas), [], None)


@pytest.fixture(scope="module")
def both(atlas: Atlas) -> TileSource:
    return tile_source(atlas, view(atlas), [view(atlas, "population")], None)


def features(body: bytes) -> dict[str, dict[str, object]]:
    areas = mapbox_vector_tile.decode(body)["areas"]["features"]
    return {one["properties"]["code"]: one["properties"] for one in areas}


def test_an_area_has_the_colour_of_its_class_and_a_missing_one_that_of_no_data(source: TileSource) -> None:
    for place, number in enumerate(source.picture.classes.tolist()):
        expected = NO_DATA if number == MISSING else tuple(source.picture.colours[number].tolist())
        assert tuple(source.palette[source.shown[place]].tolist()) == (*expected, 255)


def test_a_tile_holds_the_values_and_classes_of_its_picture(atlas: Atlas, source: TileSource) -> None:
    held = features(source.body(atlas, LAND, "mvt", gzipped=False))
    assert "10000" in held
    for code, properties in held.items():
        place = source.picture.gazetteer.position[code]
        assert properties["value"] == pytest.approx(source.picture.vector.values[place])
        assert properties["class"] == source.picture.classes[place]


def test_a_further_layer_stands_in_the_same_tile_under_its_id(atlas: Atlas, both: TileSource) -> None:
    held = features(both.body(atlas, LAND, "mvt", gzipped=False))
    # the census of 2020: 群馬県
    assert held["10000"]["population"] == 1_939_110
    assert both.keys == ("population",)
    assert both.values.shape == both.classes.shape == (2, 47)


@pytest.mark.parametrize("suffix", ["mvt", "mlt"])
def test_a_tile_says_the_same_compressed(atlas: Atlas, both: TileSource, suffix: str) -> None:
    plain, packed = (both.body(atlas, LAND, suffix, gzipped=gzipped) for gzipped in (False, True))
    assert gzip.decompress(packed) == plain


def test_a_maplibre_tile_says_the_same_by_column(atlas: Atlas, both: TileSource) -> None:
    (layer,) = mlt.decode(both.body(atlas, LAND, "mlt", gzipped=False))
    names, columns = list(layer.columns), zip(*layer.columns.values(), strict=True)
    rows = [dict(zip(names, row, strict=True)) for row in columns]
    assert {row["code"]: row for row in rows} == features(both.body(atlas, LAND, "mvt", gzipped=False))
    assert [one.kind for one in both.numbers] == [mlt.DOUBLE, mlt.UINT32]  # a rate, and people


def test_a_lean_tile_has_the_numbers_and_the_id_alone(atlas: Atlas, source: TileSource) -> None:
    lean = tile_source(atlas, view(atlas), [], None, lean=True)
    (whole,) = mlt.decode(source.body(atlas, LAND, "mlt", gzipped=False))
    (layer,) = mlt.decode(lean.body(atlas, LAND, "mlt", gzipped=False))
    assert (layer.ids, layer.geometries) == (whole.ids, whole.geometries)
    assert layer.columns == {name: whole.columns[name] for name in ("value", "class")}
    told = mapbox_vector_tile.decode(lean.body(atlas, LAND, "mvt", gzipped=False))["areas"]["features"]
    assert [one["properties"] for one in told] == [
        dict(zip(layer.columns, row, strict=True)) for row in zip(*layer.columns.values(), strict=True)
    ]
    assert [one["id"] for one in told] == layer.ids
    assert source.tile_headers(LAND, "mlt", gzipped=True) != lean.tile_headers(LAND, "mlt", gzipped=True)


@pytest.mark.parametrize("fields", ["value", "value,class,colour", "", "code,value,class", "VALUE,CLASS"])
def test_attributes_that_no_tile_has_are_refused(fields: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        is_lean(fields)
    assert [(one.field, one.value) for one in refused.value.findings] == [("fields", fields)]


def test_where_nothing_is_to_draw_a_vector_tile_is_empty_and_a_picture_transparent(
    atlas: Atlas, source: TileSource
) -> None:
    assert source.body(atlas, OCEAN, "mvt", gzipped=False) == b""
    assert source.body(atlas, OCEAN, "mlt", gzipped=True) == b""
    assert source.body(atlas, OCEAN, "png", gzipped=False).startswith(b"\x89PNG")
    assert len(source.body(atlas, OCEAN, "png", gzipped=False)) < 1_000


def test_every_tile_format_and_encoding_has_a_tag_of_its_own(source: TileSource, both: TileSource) -> None:
    tags = [
        one.tile_headers(address, suffix, gzipped=gzipped)["ETag"]
        for one in (source, both)
        for address in (LAND, OCEAN)
        for suffix, gzipped in (
            *(("mvt", False), ("mvt", True), ("mlt", False), ("mlt", True)),
            *(("png", False), ("@2x.png", False)),
        )
    ]
    assert len(set(tags)) == len(tags) == 24
    assert all(tag.startswith('"') and tag.endswith('"') for tag in tags)


def test_only_vector_tiles_vary_with_the_encoding(source: TileSource) -> None:
    for suffix in ("mvt", "mlt"):
        assert source.tile_headers(LAND, suffix, gzipped=False)["Vary"] == "Accept-Encoding"
        assert source.tile_headers(LAND, suffix, gzipped=True)["Content-Encoding"] == "gzip"
    assert "Vary" not in source.tile_headers(LAND, "png", gzipped=False)


def test_an_address_that_names_the_revision_may_be_kept_for_ever(atlas: Atlas, source: TileSource) -> None:
    revision = source.picture.revision
    assert source.headers == {"Cache-Control": REVALIDATE, "Chiiki-Revision": revision}
    for rev, kept in ((revision, IMMUTABLE), ("another", REVALIDATE)):
        assert tile_source(atlas, view(atlas), [], rev).headers["Cache-Control"] == kept


def test_a_source_of_one_layer_copies_nothing(source: TileSource, both: TileSource) -> None:
    assert np.shares_memory(source.values, source.picture.vector.values)
    assert both.nbytes > 2 * (both.picture.nbytes + both.further[0].nbytes)
