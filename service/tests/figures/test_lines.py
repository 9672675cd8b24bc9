"""Lines: one area, or a region set whose figures are sums first and the formula after."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from geo.errors import NotFound
from service.figures.lines import Member, Point, codes_of, member, points, points_together
from service.memory.atlas import Atlas, Vintage


@pytest.fixture
def vintage(atlas: Atlas) -> Vintage:
    return atlas.catalogue.vintages[dt.date(2021, 1, 1)]


def figure(atlas: Atlas, name: str, line: Member, period: str) -> Point:
    vintage = atlas.catalogue.vintages[dt.date(2021, 1, 1)]
    (found,) = points(atlas, atlas.indicator(name), vintage, line, [period])
    return found


@pytest.mark.parametrize("written", ["01100", "011002"])
def test_an_area_is_found_by_its_code_in_any_form(atlas: Atlas, vintage: Vintage, written: str) -> None:
    found = member(atlas, vintage, written)
    assert (found.id, found.name_ja, found.level) == ("01100", "札幌市", "municipality")


def test_a_name_is_no_code(atlas: Atlas, vintage: Vintage) -> None:
    with pytest.raises(NotFound, match="No region set is called"):
        member(atlas, vintage, "札幌市")


def test_a_code_that_no_area_has_is_refused_with_where_to_look(atlas: Atlas, vintage: Vintage) -> None:
    with pytest.raises(NotFound, match="/v1/areas/01999"):
        member(atlas, vintage, "01999")


def test_the_nation_is_the_sum_of_the_prefectures(atlas: Atlas, vintage: Vintage) -> None:
    nation = member(atlas, vintage, "00000")
    assert (nation.id, nation.level, len(nation.positions)) == ("nation", "prefecture", 47)
    # the census of 2020, final counts
    assert figure(atlas, "population", nation, "2020").value == 126_146_099


def test_a_ratio_of_a_region_is_that_of_its_sums(atlas: Atlas, vintage: Vintage) -> None:
    region = member(atlas, vintage, "tokyo-area")
    assert len(region.positions) == 4
    values = {
        name: figure(atlas, name, region, "2020").value
        for name in ("ageing-rate", "population-65-plus", "population")
    }
    assert all(values.values())
    expected = 100 * (values["population-65-plus"] or 0) / (values["population"] or 1)
    assert values["ageing-rate"] == pytest.approx(expected)
    alone = [
        figure(atlas, "ageing-rate", member(atlas, vintage, code), "2020").value or 0
        for code in codes_of(atlas, "tokyo-area")
    ]
    assert values["ageing-rate"] != pytest.approx(sum(alone) / len(alone))


def test_a_region_without_one_members_figure_has_none_and_says_why(atlas: Atlas, vintage: Vintage) -> None:
    towns = atlas.gazetteer(vintage.date, "municipality").areas
    fukushima = [area.position for area in towns if area.prefecture == "07000"]
    whole = Member("x", "", "", "municipality", tuple(fukushima))
    projected = figure(atlas, "projected-population", whole, "2030")
    assert (projected.value, projected.status) == (None, "not_available")
    assert figure(atlas, "population", whole, "2020").value == 1_833_152  # the census of 2020


def test_what_cannot_be_added_up_is_not_told_by_its_parts(atlas: Atlas) -> None:
    both = Member("x", "", "", "municipality", (0, 1))
    for name, period in (("municipality-type", "2021"), ("real-debt-service-ratio", "2020")):
        found = figure(atlas, name, both, period)
        assert (found.value, found.status) == (None, "not_additive")
    found = figure(atlas, "real-debt-service-ratio", both, "1950")
    assert (found.value, found.status) == (None, "not_loaded")


@pytest.mark.parametrize(
    ("name", "region", "published"),
    [
        # report on internal migration 2025, table 1, Japanese movers
        ("in-migrants", "tokyo-area", 450_468),
        ("out-migrants", "tokyo-area", 337_730),
        ("in-migrants-women", "tokyo-area", 204_880),
        ("in-migrants", "nagoya-area", 107_696),
        ("out-migrants", "nagoya-area", 117_257),
        ("in-migrants", "osaka-area", 196_438),
        ("out-migrants", "osaka-area", 188_935),
        # moves inside cancel in these, and the sum of the prefectures is the published figure
        ("net-migration", "tokyo-area", 112_738),
        ("net-migration-women", "tokyo-area", 61_961),
        ("net-migration", "nagoya-area", -9_561),
        ("net-migration", "osaka-area", 7_503),
        ("net-migration", "nation", 0),
    ],
)
def test_moves_inside_a_region_are_none_of_the_region(
    atlas: Atlas, vintage: Vintage, name: str, region: str, published: float
) -> None:
    found = figure(atlas, name, member(atlas, vintage, region), "2025")
    assert (found.value, found.status) == (published, "ok")


@pytest.mark.parametrize(
    ("region", "period"), [("nation", "2025"), ("kanto", "2025"), ("tokyo-area", "2016"), ("kanto", "2024")]
)
def test_who_moved_into_a_region_is_not_told_by_its_prefectures(
    atlas: Atlas, vintage: Vintage, region: str, period: str
) -> None:
    line = member(atlas, vintage, region)
    for name in ("in-migrants", "out-migrants"):
        found = figure(atlas, name, line, period)
        assert (found.value, found.status) == (None, "not_additive")
    assert figure(atlas, "net-migration", line, period).status == "ok"


def test_figures_of_a_bloc_name_the_source_that_published_them(atlas: Atlas, vintage: Vintage) -> None:
    region = member(atlas, vintage, "tokyo-area")
    assert figure(atlas, "in-migrants", region, "2025").sources == ("migration-report-blocs",)


def test_the_prefectures_of_a_bloc_are_the_bloc_whoever_names_them(atlas: Atlas, vintage: Vintage) -> None:
    named = [member(atlas, vintage, code) for code in ("14000", "13000", "12000", "11000")]
    indicator = atlas.indicator("in-migrants")
    (whole,) = points_together(atlas, indicator, vintage, named, ["2025"])
    (part,) = points_together(atlas, indicator, vintage, named[:3], ["2025"])
    assert (whole.value, part.value, part.status) == (450_468, None, "not_additive")


def test_areas_of_two_levels_are_told_together(atlas: Atlas, vintage: Vintage) -> None:
    # the census of 2020: 前橋市 332,149, and 札幌市中央区 248,680
    both = [member(atlas, vintage, code) for code in ("10201", "01101")]
    assert [line.level for line in both] == ["municipality", "ward"]
    (found,) = points_together(atlas, atlas.indicator("population"), vintage, both, ["2020"])
    assert found.value == 332_149 + 248_680


def test_a_region_set_that_has_ended_is_refused(atlas: Atlas, vintage: Vintage) -> None:
    catalogue = replace(atlas.catalogue, regions={"ended": []})
    with pytest.raises(NotFound, match="no areas any more"):
        member(Atlas(atlas.store, catalogue), vintage, "ended")


def test_a_region_set_that_does_not_exist_is_refused_with_the_nearest(atlas: Atlas) -> None:
    with pytest.raises(NotFound, match="near it: tokyo-area"):
        codes_of(atlas, "tokyo-aria")
