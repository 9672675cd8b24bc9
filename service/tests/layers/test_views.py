"""What a request wants to see, resolved; and the picture of it."""

from __future__ import annotations

import numpy as np
import pytest

from geo.errors import InvalidParameter, NotFound
from service.layers.views import MISSING, Picture, ViewQuery, is_usual, picture, resolve
from service.memory.atlas import Atlas


def drawn(atlas: Atlas, layer: str, **asked: object) -> Picture:
    return picture(atlas, resolve(atlas, layer, ViewQuery(**asked)))  # type: ignore[arg-type]


def test_what_is_left_out_is_the_newest_period_of_the_municipalities(atlas: Atlas) -> None:
    view = resolve(atlas, "population", ViewQuery())
    assert view.level == "municipality"
    assert view.period == atlas.periods(view.indicator, "municipality")[-1]
    assert (view.scheme, view.k, view.breaks, view.breaks_over) == (
        view.indicator.default_scheme,
        view.indicator.default_k,
        None,
        "period",
    )
    assert is_usual(view)


def test_a_view_is_asked_for_again_by_its_parameters(atlas: Atlas) -> None:
    asked = ViewQuery(period="2020", level="prefecture", breaks="10,20.5,30", palette="viridis_r")
    view = resolve(atlas, "ageing-rate", asked)
    again = view.parameters
    assert again["breaks"] == "10,20.5,30"
    assert again["scheme"] == "user"
    assert resolve(atlas, "ageing-rate", ViewQuery(**{**again, "k": int(again["k"])})) == view  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (ViewQuery(period="1066"), "period"),
        (ViewQuery(level="village"), "level"),
        (ViewQuery(vintage="1066-01-01"), "vintage"),
        (ViewQuery(scheme="natural"), "scheme"),
        (ViewQuery(k=1), "k"),
        (ViewQuery(k=13), "k"),
        (ViewQuery(palette="mauve"), "palette"),
        (ViewQuery(breaks_over="decade"), "breaks_over"),
        (ViewQuery(scheme="user"), "scheme"),
        (ViewQuery(breaks="3,2,1"), "breaks"),
        (ViewQuery(breaks="1,x"), "breaks"),
        (ViewQuery(breaks="1,nan"), "breaks"),
        (ViewQuery(breaks=",".join(map(str, range(13)))), "breaks"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused_by_its_name(
    atlas: Atlas, asked: ViewQuery, field: str
) -> None:
    with pytest.raises(InvalidParameter) as refused:
        resolve(atlas, "ageing-rate", asked)
    assert field in refused.value.message
    assert [finding.where for finding in refused.value.findings] == ["query"]


def test_an_unknown_layer_is_refused_with_some_that_exist(atlas: Atlas) -> None:
    with pytest.raises(NotFound, match="ageing-rate"):
        resolve(atlas, "agein-rate", ViewQuery())


def test_a_picture_has_a_class_for_each_value_and_none_for_missing_ones(atlas: Atlas) -> None:
    found = drawn(atlas, "ageing-rate", period="2020")
    values, classes = found.vector.values, found.classes
    assert ((classes == MISSING) == np.isnan(values)).all()
    known = classes[classes != MISSING]
    assert set(known.tolist()) == set(range(len(found.bounds)))
    for place, bound in enumerate(found.bounds):
        assert values[classes == place].max() <= bound
    assert len(found.hex_colours) == len(found.bounds)


def test_breaks_over_all_periods_are_the_same_for_each(atlas: Atlas) -> None:
    periods = ("2000", "2010", "2020")
    own = [drawn(atlas, "ageing-rate", period=period).bounds.tolist() for period in periods]
    shared = [
        drawn(atlas, "ageing-rate", period=period, breaks_over="all").bounds.tolist() for period in periods
    ]
    assert own[0] != own[1] != own[2]
    assert shared[0] == shared[1] == shared[2]


def test_breaks_made_at_load_are_those_made_on_request(atlas: Atlas) -> None:
    usual = drawn(atlas, "ageing-rate", period="2020")
    other = drawn(atlas, "ageing-rate", period="2020", k=usual.view.k + 1)
    assert is_usual(usual.view)
    assert not is_usual(other.view)
    asked = drawn(
        atlas, "ageing-rate", period="2020", breaks=",".join(repr(float(bound)) for bound in usual.bounds)
    )
    assert not is_usual(asked.view)
    assert asked.classes.tolist() == usual.classes.tolist()
    assert len(other.bounds) == len(usual.bounds) + 1


def test_the_parts_of_a_diverging_layer_part_at_nothing(atlas: Atlas) -> None:
    found = drawn(atlas, "population-change", period="2020")
    assert 0.0 in found.bounds
    below = found.classes[found.vector.values < 0]
    above = found.classes[found.vector.values > 0]
    assert below.max() < above.min()


@pytest.mark.parametrize(
    "bounds", ["1234567,12345678", "0.1,0.30000000000000004", "1e-07,1e+22", "-1000000.5,0"]
)
def test_a_view_keeps_every_digit_of_its_breaks(atlas: Atlas, bounds: str) -> None:
    view = resolve(atlas, "population", ViewQuery(breaks=bounds))
    assert view.parameters["breaks"] == bounds
    again = resolve(atlas, "population", ViewQuery(**{**view.parameters, "k": view.k}))  # type: ignore[arg-type]
    assert again.breaks == view.breaks == tuple(map(float, bounds.split(",")))


def test_breaks_that_differ_in_the_seventh_digit_are_two_pictures(atlas: Atlas) -> None:
    one, other = (
        drawn(atlas, "population", level="prefecture", period="2020", breaks=bounds)
        for bounds in ("1000000,5000000", "1000001,5000000")
    )
    assert (one.bounds[0], other.bounds[0]) == (1_000_000, 1_000_001)
    assert one.etag != other.etag
