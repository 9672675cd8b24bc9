"""Families: which layer stands for one, and which are there to compute with."""

from __future__ import annotations

from geo.figures.families import Family
from geo.figures.indicators import Indicator, Kind
from service.figures.families import as_looked_for, ingredients, lead

HOMES = Family("homes", "住宅", "Homes", "じゅうたく")


def layer(id: str, name: str, kind: Kind = "count", denominator: str = "") -> Indicator:
    return Indicator(
        id=id,
        name_ja=name,
        name_en=id,
        description_ja="",
        description_en="",
        topic="living",
        kind=kind,
        family=HOMES,
        numerator="owned" if denominator else "",
        denominator=denominator,
    )


LIVED_IN, OWNED = layer("lived-in", "居住世帯あり住宅数"), layer("owned", "持ち家数")
SHARE, OF_OLD = (
    layer("share", "持ち家比率", "ratio", "lived-in"),
    layer("share-65", "持ち家比率（65歳以上）", "ratio"),
)


def test_the_plainest_rate_stands_for_a_family() -> None:
    layers = [LIVED_IN, OWNED, OF_OLD, SHARE]
    assert lead(layers, [one.id for one in layers]) is SHARE


def test_what_is_told_of_municipalities_comes_before_what_is_not() -> None:
    assert lead([OWNED, SHARE], ["owned"]) is OWNED


def test_what_is_called_as_the_family_stands_for_it() -> None:
    whole = layer("homes", "住宅")
    assert lead([SHARE, whole], ["share", "homes"]) is whole


def test_what_others_are_divided_by_is_there_to_compute_with() -> None:
    assert ingredients([SHARE, LIVED_IN, OWNED, OF_OLD]) == {"lived-in"}


def test_what_is_told_like_the_first_is_there_to_be_looked_at() -> None:
    women = layer("women", "総人口（女）")
    ratio = layer("sex-ratio", "性比", "ratio", "women")
    assert ingredients([layer("people", "総人口"), women, ratio]) == set()


def test_what_people_look_for_comes_before_what_is_read_before_it() -> None:
    ages = Family("five-years", "5歳階級", "Five years", "5さいかいきゅう")
    births = Family("births", "出生", "Births", "しゅっしょう")
    people = Family("population", "総人口", "Population", "そうじんこう")
    assert sorted([ages, births, HOMES, people], key=as_looked_for) == [people, births, ages, HOMES]
