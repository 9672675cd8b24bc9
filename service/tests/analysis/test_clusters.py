"""Neighbours and clusters of the areas that ship, as libpysal and esda tell them."""

from __future__ import annotations

import datetime as dt
import warnings

import geopandas
import numpy as np
import pytest
import shapely
from esda import Moran, Moran_Local
from esda.crand import vec_permutations
from libpysal.weights import Queen, W, attach_islands
from numpy.typing import NDArray

from geo.analysis import moran
from geo.analysis.neighbours import Neighbours
from geo.errors import InvalidParameter, NotEnoughData
from service.analysis.clusters import DETAIL, Clusters, clusters, neighbours_of
from service.figures.values import NOT_APPLICABLE, OK
from service.memory.atlas import Atlas

VINTAGE = dt.date(2021, 1, 1)


def outlines(atlas: Atlas, level: str) -> NDArray[np.object_]:
    texts, places = atlas.texts(VINTAGE, level, DETAIL)
    return shapely.from_geojson([texts.geometry(int(place)) for place in places])


def weights(graph: Neighbours) -> W:
    beside: dict[int, list[int]] = {at: [] for at in range(graph.n)}
    for one, other in graph.pairs.tolist():
        beside[one].append(other)
        beside[other].append(one)
    return W(beside, silence_warnings=True)


def pairs(w: W) -> set[tuple[int, int]]:
    return {(one, other) for one, others in w.neighbors.items() for other in others if one < other}


@pytest.mark.parametrize("level", ["prefecture", "municipality"])
def test_neighbours_are_those_of_libpysal_with_islands_attached(atlas: Atlas, level: str) -> None:
    found = neighbours_of(atlas, VINTAGE, level)
    areas = geopandas.GeoDataFrame(geometry=outlines(atlas, level), crs=4326)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of islands, which is what is tested
        queen = Queen.from_dataframe(areas, use_index=False)
    assert sorted(queen.islands) == [one.island for one in found.bridges]
    nearest = W({one.island: [one.nearest] for one in found.bridges}, silence_warnings=True)
    assert pairs(attach_islands(queen, nearest, silence_warnings=True)) == set(
        map(tuple, found.pairs.tolist())
    )


@pytest.mark.parametrize(
    ("code", "beside"),
    [
        ("10000", {"07000", "09000", "11000", "15000", "20000"}),  # 群馬: 福島、栃木、埼玉、新潟、長野
        ("20000", {"10000", "11000", "15000", "16000", "19000", "21000", "22000", "23000"}),  # 長野
        ("47000", {"46000"}),  # 沖縄 is joined to 鹿児島
        ("01000", {"02000"}),  # 北海道 to 青森
    ],
)
def test_the_neighbours_of_a_prefecture(atlas: Atlas, code: str, beside: set[str]) -> None:
    found, gazetteer = neighbours_of(atlas, VINTAGE, "prefecture"), atlas.gazetteer(VINTAGE, "prefecture")
    here = gazetteer.position[code]
    places = {place for pair in found.pairs.tolist() if here in pair for place in pair} - {here}
    assert {gazetteer.areas[place].code for place in places} == beside


def test_the_islands_of_municipalities_are_joined_to_what_lies_nearest(atlas: Atlas) -> None:
    found, gazetteer = neighbours_of(atlas, VINTAGE, "municipality"), atlas.gazetteer(VINTAGE, "municipality")
    told = {
        gazetteer.areas[one.island].name_ja: gazetteer.areas[one.nearest].name_ja for one in found.bridges
    }
    assert told["小笠原村"] == "青ヶ島村"
    assert told["佐渡市"] == "新潟市"
    assert told["奥尻町"] == "せたな町"
    assert all(one.km > 0 for one in found.bridges)


@pytest.fixture(scope="module")
def ageing(atlas: Atlas) -> Clusters:
    return clusters(atlas, atlas.layer("ageing-rate"), "2020", "municipality", VINTAGE)


def values_of(atlas: Atlas, found: Clusters) -> NDArray[np.float64]:
    return atlas.vector(atlas.layer("ageing-rate"), "2020", "municipality", VINTAGE).values[found.known]


def test_the_ageing_rate_is_clustered_as_esda_says(atlas: Atlas, ageing: Clusters) -> None:
    theirs = Moran(values_of(atlas, ageing), weights(ageing.graph), permutations=0)
    assert ageing.whole.i == pytest.approx(theirs.I)
    assert ageing.whole.deviation == pytest.approx(theirs.seI_rand)
    assert ageing.whole.z == pytest.approx(theirs.z_rand)
    assert ageing.whole.p == 0.002


def test_each_municipality_is_what_esda_says(atlas: Atlas, ageing: Clusters) -> None:
    values, graph = values_of(atlas, ageing), ageing.graph
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Moran_Local(values, weights(graph), permutations=499, seed=7)
    assert ageing.local.i == pytest.approx(theirs.Is)
    drawn = vec_permutations(int(graph.counts.max()), graph.n, 499, 7).T
    ours = moran.local(moran.standardised(values, graph), graph, drawn)
    several = graph.counts > 1
    assert ours.p[several] == pytest.approx(np.minimum(1, 2 * theirs.p_sim)[several])
    # where the only neighbour is drawn itself, esda counts it on one side, and here it counts on both
    assert (ours.p >= np.minimum(1, 2 * theirs.p_sim) - 1e-6).all()
    assert (ours.p <= 2 * theirs.p_sim + 0.01).all()
    quadrants = np.array([0, moran.HIGH_HIGH, moran.LOW_HIGH, moran.LOW_LOW, moran.HIGH_LOW])[theirs.q]
    told = ageing.local.clusters != moran.NOT_SIGNIFICANT
    assert (ageing.local.clusters == quadrants)[told].all()


def test_where_old_and_young_municipalities_lie_together(atlas: Atlas, ageing: Clusters) -> None:
    # census of 2020: young around Tokyo, Nagoya, Fukuoka and Naha (川口, 江東, 瀬戸, 春日, 浦添), old in
    # the mountains (昭和, 南牧, 十津川, 馬路)
    codes = atlas.gazetteer(VINTAGE, "municipality").codes[ageing.known]
    cluster_of = dict(zip(codes.tolist(), ageing.local.clusters.tolist(), strict=True))
    young, old = ("11203", "13108", "23204", "40218", "47208"), ("07446", "10383", "29449", "39306")
    assert {cluster_of[code] for code in young} == {moran.LOW_LOW}
    assert {cluster_of[code] for code in old} == {moran.HIGH_HIGH}


def test_a_map_of_clusters_says_why_an_area_has_none(atlas: Atlas) -> None:
    layer = atlas.layer("clusters:ageing-rate")
    shown = atlas.vector(layer, "2020", "municipality", VINTAGE)
    of = atlas.vector(atlas.layer("ageing-rate"), "2020", "municipality", VINTAGE)
    assert set(np.unique(shown.values[shown.statuses == OK])) == {1.0, 2.0, 4.0, 5.0}
    silent = shown.statuses != OK
    assert np.isnan(shown.values[silent]).all()
    assert (shown.statuses[silent & (of.statuses != OK)] == of.statuses[silent & (of.statuses != OK)]).all()
    assert (shown.statuses[silent & (of.statuses == OK)] == NOT_APPLICABLE).all()
    assert shown.sources == of.sources


def test_clusters_are_held_and_not_worked_out_again(atlas: Atlas, ageing: Clusters) -> None:
    assert clusters(atlas, atlas.layer("ageing-rate"), "2020", "municipality", VINTAGE) is ageing
    assert neighbours_of(atlas, VINTAGE, "municipality") is neighbours_of(atlas, VINTAGE, "municipality")


def test_too_few_areas_with_a_value_are_refused(atlas: Atlas) -> None:
    layer = atlas.layer("ageing-rate")
    values = atlas.vector(layer, "2020", "prefecture", VINTAGE).values
    assert np.isfinite(values).sum() == 47
    assert len(clusters(atlas, layer, "2020", "prefecture", VINTAGE).known) == 47
    with pytest.raises(NotEnoughData, match="30 areas"):
        clusters(atlas, layer, "1066", "prefecture", VINTAGE)


def test_a_map_of_too_few_areas_has_no_clusters_and_the_others_have_theirs(atlas: Atlas) -> None:
    layer = atlas.layer("clusters:ageing-rate")
    none, some = atlas.vectors(layer, ["1066", "2020"], "prefecture", VINTAGE)
    assert np.isnan(none.values).all()
    assert OK not in none.statuses
    assert np.isfinite(some.values).all()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("clusters:population", "counts"),
        ("clusters:change:population:2015", "counts"),
        ("clusters:residual:population~ageing-rate", "counts"),
        ("clusters:municipality-type", "categories"),
        ("clusters:clusters:ageing-rate", "categories"),
        ("clusters:" * 3000 + "ageing-rate", "categories"),
    ],
)
def test_counts_and_categories_have_no_clusters(atlas: Atlas, name: str, why: str) -> None:
    with pytest.raises(InvalidParameter, match=why):
        atlas.layer(name)
