"""Lines: one area, or a region set whose figures are sums first and the formula after."""

from __future__ import annotations

import datetime as dt

import pytest

from geo.errors import NotFound
from service.figures.lines import Member, Point, codes_of, member, points
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


def test_what_cannot_be_added_up_is_not_applicable(atlas: Atlas) -> None:
    found = figure(atlas, "municipality-type", Member("x", "", "", "municipality", (0, 1)), "2021")
    assert (found.value, found.status) == (None, "not_applicable")


def test_a_region_set_that_does_not_exist_is_refused_with_those_that_do(atlas: Atlas) -> None:
    with pytest.raises(NotFound, match="tokyo-area"):
        codes_of(atlas, "atlantis")
