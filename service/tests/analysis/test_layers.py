"""Layers that are worked out of others: their ids, what they are, their values."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy import stats

from geo.errors import InvalidParameter, NotFound
from service.figures.values import BASE_DIFFERS, NOT_APPLICABLE, OK
from service.memory.atlas import Atlas

VINTAGE = dt.date(2021, 1, 1)


def at(atlas: Atlas, name: str, code: str, period: str = "2020", level: str = "municipality") -> float:
    vector = atlas.vector(atlas.layer(name), period, level, VINTAGE)
    return float(vector.values[atlas.gazetteer(VINTAGE, level).position[code]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # Yubari-shi, census: 8,843 persons in 2015 and 7,334 in 2020
        ("change:population", -1509),
        ("change:population:2015", -1509),
        ("change:population:2015:per-cent", -1509 / 8843 * 100),
        ("change:population:2015:per-year", -301.8),
        ("change:population:per-year", -301.8),
    ],
)
def test_the_population_of_yubari_has_changed(atlas: Atlas, name: str, value: float) -> None:
    assert at(atlas, name, "01209") == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "palette"),
    [
        ("change:population", "rdylbu"),  # a loss is red
        ("change:ageing-rate:2000", "rdylbu_r"),  # painted from yellow to red: more of it is red
        ("residual:ageing-rate~births", "rdylbu_r"),
    ],
)
def test_a_change_has_the_warm_colours_where_the_layer_has_them(
    atlas: Atlas, name: str, palette: str
) -> None:
    assert atlas.layer(name).default_palette == palette


def test_a_change_since_long_ago_is_not_that_since_the_period_before(atlas: Atlas) -> None:
    steps = [at(atlas, "change:population", "01209", period) for period in ("2005", "2010", "2015", "2020")]
    assert at(atlas, "change:population:2000", "01209") == pytest.approx(sum(steps))


def test_what_a_layer_of_changes_is(atlas: Atlas) -> None:
    layer = atlas.layer("change:ageing-rate:2015")
    assert layer.name_ja == "高齢化率：2015年（平成27年）からの増減"
    assert layer.name_en == "Ageing rate: change since 2015"
    assert (layer.unit_ja, layer.unit_en, layer.kind) == ("ポイント", "points", "change")
    assert atlas.periods(layer, "municipality") == ["2020"]
    assert layer.id not in atlas.catalogue.layers
    yearly = atlas.layer("change:ageing-rate:2015:per-year")
    assert (yearly.unit_ja, yearly.unit_en) == ("ポイント/年", "points a year")
    assert yearly.decimals == layer.decimals + 1
    assert atlas.layer("change:population:per-cent").name_ja == "総人口：前の期からの増減率"
    assert (
        atlas.periods(atlas.layer("change:population"), "municipality")
        == (atlas.periods(atlas.layer("population"), "municipality")[1:])
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("change:population:2015", "count"),
        ("change:population:2015:per-year", "count"),
        ("change:population:2015:per-cent", "change"),
        ("change:ageing-rate", "change"),
        ("residual:population~ageing-rate", "count"),
        ("residual:ageing-rate~population", "change"),
    ],
)
def test_what_grows_with_the_size_of_an_area_is_drawn_as_a_count(atlas: Atlas, name: str, kind: str) -> None:
    assert atlas.layer(name).kind == kind


def test_an_area_that_had_none_has_no_growth_in_per_cent(atlas: Atlas) -> None:
    before, after = (
        atlas.vector(atlas.layer("births"), period, "municipality", VINTAGE) for period in ("2020", "2023")
    )
    shown = atlas.vector(atlas.layer("change:births:2020:per-cent"), "2023", "municipality", VINTAGE)
    none = (before.values == 0) & (after.statuses == OK)
    assert none.any()
    assert (shown.statuses[none] == NOT_APPLICABLE).all()
    assert np.isnan(shown.values[none]).all()


@pytest.mark.parametrize(
    "name",
    [
        *("change:population:2015", "change:population:2015:per-cent", "change:population:2010:per-year"),
        *("change:population", "change:population-65-plus", "change:ageing-rate"),
        "change:population-density",
        "clusters:change:population:2015:per-cent",
    ],
)
def test_people_in_place_are_not_set_against_those_before_an_evacuation(atlas: Atlas, name: str) -> None:
    # 飯舘村: 41 in place in 2015, 1,318 in 2020: +3,114.6 % is no growth; nobody in 浪江町 in 2015
    shown = atlas.vector(atlas.layer(name), "2020", "municipality", VINTAGE)
    position = atlas.gazetteer(VINTAGE, "municipality").position
    for code in ("07564", "07547", "07546"):
        assert np.isnan(shown.values[position[code]])
        assert shown.statuses[position[code]] == BASE_DIFFERS
    assert np.isfinite(shown.values[position["07561"]])  # 相馬市
    assert "07564" in {one.area_code for one in atlas.layer("change:population").evacuations}


def test_changes_before_an_evacuation_and_of_those_on_the_register_are_told(atlas: Atlas) -> None:
    # the censuses of 2005 and 2010: 飯舘村 6,722 and 6,209
    assert at(atlas, "change:population:2005", "07564", "2010") == 6_209 - 6_722
    assert np.isfinite(at(atlas, "change:register-population:2010", "07564", "2020"))


def test_residuals_are_those_of_scipy(atlas: Atlas) -> None:
    y, x = (
        atlas.vector(atlas.layer(name), "2020", "municipality", VINTAGE).values
        for name in ("population-change", "ageing-rate")
    )
    known = np.isfinite(x) & np.isfinite(y)
    line = stats.linregress(x[known], y[known])
    layer = atlas.layer("residual:population-change~ageing-rate")
    shown = atlas.vector(layer, "2020", "municipality", VINTAGE)
    assert shown.values[known] == pytest.approx((y - line.intercept - line.slope * x)[known])
    assert np.isnan(shown.values[~known]).all()
    assert layer.name_en.startswith("Population change")
    assert layer.unit_en == "points"


def test_clusters_of_changes_and_of_residuals_can_be_asked_for(atlas: Atlas) -> None:
    for name in ("clusters:change:ageing-rate:2000", "clusters:residual:ageing-rate~population-density"):
        shown = atlas.vector(atlas.layer(name), "2020", "municipality", VINTAGE)
        assert {1.0, 2.0, 5.0} <= set(np.unique(shown.values[shown.statuses == OK]))


@pytest.mark.parametrize(
    ("name", "error", "why"),
    [
        ("clusters:agein-rate", NotFound, "agein-rate"),
        ("change:agein-rate", NotFound, "agein-rate"),
        ("change:population:1066", NotFound, "its periods are"),
        ("change:municipality-type", InvalidParameter, "no indicator of numbers"),
        ("change:change:population", NotFound, "change:population"),
        ("change:", NotFound, "No layer"),
        ("residual:population", NotFound, "No layer"),
        ("residual:population~agein-rate", NotFound, "agein-rate"),
        ("residual:population~population", InvalidParameter, "no period in common"),
        ("residual:population~municipality-type", InvalidParameter, "no indicator of numbers"),
    ],
)
def test_what_cannot_be_worked_out_is_refused(
    atlas: Atlas, name: str, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        atlas.layer(name)


def test_a_layer_has_another_revision_when_what_it_is_worked_out_of_has(atlas: Atlas) -> None:
    names = ("ageing-rate", "clusters:ageing-rate", "change:ageing-rate", "residual:ageing-rate~population")
    layers = [atlas.layer(name) for name in names]
    followed = [atlas._inputs(layer) for layer in layers]
    assert followed[0] == followed[1] == followed[2]
    assert followed[0] < followed[3] or "indicator:population" in followed[0]
    assert len({atlas.revision(layer, VINTAGE) for layer in layers}) == len(layers)


def test_however_many_layers_are_asked_for_few_are_remembered(
    atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.memory.atlas.MOST_REMEMBERED", 3)
    for period in atlas.periods(atlas.layer("ageing-rate"), "municipality")[:-1]:
        layer = atlas.layer(f"change:ageing-rate:{period}")
        atlas.revision(layer, VINTAGE)
        assert atlas.periods(layer, "municipality")
        assert len(atlas._defined) <= 3
