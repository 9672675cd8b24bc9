"""The shapes of the RESAS API, which ended on 2025-03-24: figures into the objects its clients read.

Labels, their order and the keys are those of the old service; its clients find them by text or by position.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired

from typing_extensions import TypedDict

from geo.errors import Finding, InvalidParameter
from geo.figures.ages import Ages, class_name

#: The last census; what is later is projected.
BOUNDARY_YEAR = 2020
CENSUS_YEARS = tuple(range(1980, BOUNDARY_YEAR + 1, 5))
PROJECTED_YEARS = tuple(range(BOUNDARY_YEAR + 5, 2046, 5))

TOTAL = "総人口"
AGE_GROUPS = ("年少人口", "生産年齢人口", "老年人口")
#: Label → what moves a population in a year; after the total, in the order of the old service.
MOVEMENTS = ("転入数", "転出数", "出生数", "死亡数")
WHOLE = "-"
MAX_ADDED = 10

#: Kind of a municipality → ``bigCityFlag``; ordinary ones have 0.
BIG_CITY_FLAGS = {"ward": "1", "designated_city": "2", "special_ward": "3"}
ORDINARY = "0"


@dataclass(frozen=True)
class Counts:
    """People of a year in three age groups; the total has those of unknown age too."""

    total: int
    young: int
    working: int
    old: int

    @property
    def groups(self) -> tuple[int, int, int]:
        """The three age groups, youngest first."""
        return self.young, self.working, self.old


def _refused(name: str, value: str, ja: str, en: str) -> InvalidParameter:
    finding = Finding("query", name, value, f"{ja} / {en}")
    return InvalidParameter(f"{name} {value[:80]!r} is not valid", [finding])


def number_of(name: str, text: str, allowed: Sequence[int]) -> int:
    """Return a number that a parameter writes, with or without leading zeros.

    Raises
    ------
    InvalidParameter : it is missing, no number, or none of the allowed ones
    """
    if re.fullmatch(r"[0-9]{1,4}", text) and int(text) in allowed:
        return int(text)
    step = allowed[1] - allowed[0] if len(allowed) > 1 else 1
    span = f"{allowed[0]}〜{allowed[-1]}" if len(allowed) > 1 else str(allowed[0])
    ja = f"{span}の整数" + (f"（{step}刻み）" if step > 1 else "")
    en = f"an integer from {allowed[0]} to {allowed[-1]}" + (f" in steps of {step}" if step > 1 else "")
    raise _refused(name, text, ja, en)


def prefecture_code(text: str) -> str:
    """Return the area code of a prefecture number.

    >>> prefecture_code("1"), prefecture_code("01"), prefecture_code("13")
    ('01000', '01000', '13000')
    """
    return f"{number_of('prefCode', text, range(1, 48)):02d}000"


def city_code(text: str, name: str = "cityCode") -> str | None:
    """Return the area code of a municipality, or None for the whole prefecture (``-`` or nothing).

    >>> city_code("1100"), city_code("13101"), city_code("-"), city_code("")
    ('01100', '13101', None, None)
    """
    if text in (WHOLE, ""):
        return None
    if re.fullmatch(r"[0-9]{4,5}", text):
        return text.zfill(5)
    raise _refused(
        name,
        text,
        "5桁の市区町村コード、または -（都道府県全体）",
        "a code of five digits, or - for the whole",
    )


def added_areas(text: str, *, whole: bool) -> list[tuple[str, str | None]]:
    """Return (prefecture, municipality) of each area that ``addArea`` adds: ``1_,13_13101``.

    Parameters
    ----------
    whole : whether the figures are those of a whole prefecture; whole prefectures are added then

    Raises
    ------
    InvalidParameter : another form, more than ten areas, or no municipality beside a municipality
    """
    items = [item.strip() for item in text.split(",") if item.strip() not in ("", WHOLE)]
    form = (
        "都道府県コード_市区町村コード を , で10個まで",
        "up to ten of prefCode_cityCode, comma separated",
    )
    if len(items) > MAX_ADDED:
        raise _refused("addArea", text, *form)
    areas: list[tuple[str, str | None]] = []
    for item in items:
        prefecture, joined, city = item.partition("_")
        if not joined or not re.fullmatch(r"[0-9]{1,2}", prefecture):
            raise _refused("addArea", item, *form)
        found = city_code(city, "addArea")
        if found is None and not whole:
            raise _refused("addArea", item, *form)
        areas.append((prefecture_code(prefecture), None if whole else found))
    return areas


def flags_of(text: str) -> frozenset[str]:
    """Return the ``bigCityFlag`` values that a list asks for; nothing asks for all.

    >>> sorted(flags_of("0,2,3"))
    ['0', '2', '3']
    """
    known = {ORDINARY, *BIG_CITY_FLAGS.values()}
    asked = frozenset(part.strip() for part in text.split(",") if part.strip())
    if asked <= known:
        return asked or frozenset(known)
    raise _refused("bigCityFlag", text, "0、1、2、3 を , で区切ったもの", "0, 1, 2 or 3, comma separated")


class YearValue(TypedDict):
    """The value of a year; a share has its ``rate`` in per cent."""

    year: int
    value: int
    rate: NotRequired[float | None]


class LabelledValues(TypedDict):
    """Values by year under a label."""

    label: str
    data: list[YearValue]


class LabelledSeries(TypedDict):
    """Series of values; those after ``boundaryYear`` are projected."""

    boundaryYear: int
    data: list[LabelledValues]


class TotalLine(TypedDict):
    """Totals by year."""

    boundaryYear: int
    data: list[YearValue]


class BarClass(TypedDict):
    """A part of a bar."""

    label: str
    value: int


#: ``class`` is a word of Python.
Bar = TypedDict("Bar", {"year": int, "sum": int, "class": list[BarClass]})


class Bars(TypedDict):
    """Bars by year."""

    data: list[Bar]


class PopulationSums(TypedDict):
    """A line of totals, and bars of the age groups."""

    line: TotalLine
    bar: Bars


PyramidClass = TypedDict(
    "PyramidClass",
    {"class": str, "man": int, "manPercent": float, "woman": int, "womanPercent": float},
)


class PyramidSide(TypedDict):
    """One side of a pyramid."""

    year: int
    oldAgeCount: int
    oldAgePercent: int
    middleAgeCount: int
    middleAgePercent: int
    newAgeCount: int
    newAgePercent: int
    data: list[PyramidClass]


def rate(part: int, whole: int) -> float | None:
    """Return a share in percent, cut (not rounded) after one decimal, as the old service did.

    The whole is the total population, people of unknown age included. Of nobody there is no share.

    >>> rate(2906, 12817), rate(2019, 12602), rate(0, 0)
    (22.6, 16.0, None)
    """
    return part * 1000 // whole / 10 if whole else None


def population_series(counts: Mapping[int, Counts]) -> LabelledSeries:
    """Return ``population/composition/perYear``: four labels in order, ``rate`` in the last three."""
    years = sorted(counts)
    total: LabelledValues = {
        "label": TOTAL,
        "data": [{"year": year, "value": counts[year].total} for year in years],
    }
    groups: list[LabelledValues] = [
        {
            "label": label,
            "data": [
                {
                    "year": year,
                    "value": counts[year].groups[place],
                    "rate": rate(counts[year].groups[place], counts[year].total),
                }
                for year in years
            ],
        }
        for place, label in enumerate(AGE_GROUPS)
    ]
    return {"boundaryYear": BOUNDARY_YEAR, "data": [total, *groups]}


def population_sums(counts: Mapping[int, Counts]) -> PopulationSums:
    """Return ``population/sum/perYear``: a line of totals, and bars stacked of the age groups."""
    years = sorted(counts)
    return {
        "line": {
            "boundaryYear": BOUNDARY_YEAR,
            "data": [{"year": year, "value": counts[year].total} for year in years],
        },
        "bar": {
            "data": [
                {
                    "year": year,
                    "sum": counts[year].total,
                    "class": [
                        {"label": label, "value": value}
                        for label, value in zip(AGE_GROUPS, counts[year].groups, strict=True)
                    ],
                }
                for year in years
            ]
        },
    }


def labelled_series(series: Mapping[str, Mapping[int, int]]) -> LabelledSeries:
    """Return ``population/sum/estimate``: label → year → value, in the order given."""
    data: list[LabelledValues] = [
        {"label": label, "data": values_by_year(values)} for label, values in series.items()
    ]
    return {"boundaryYear": BOUNDARY_YEAR, "data": data}


def values_by_year(values: Mapping[int, int]) -> list[YearValue]:
    """Return the points of a series, oldest first."""
    return [{"year": year, "value": values[year]} for year in sorted(values)]


def pyramid_side(year: int, ages: Ages) -> PyramidSide:
    """Return one side of ``population/composition/pyramid``.

    Percentages are of the total, people of unknown age included: integers for the three groups, one
    decimal for the classes. People of unknown age are in no class.
    """
    old, middle, new = ages.between(65, None), ages.between(15, 64), ages.between(0, 14)
    classes: list[PyramidClass] = [
        {
            "class": class_name(place),
            "man": man,
            "manPercent": round(_percent(man, ages.total), 1),
            "woman": woman,
            "womanPercent": round(_percent(woman, ages.total), 1),
        }
        for place, (man, woman) in enumerate(zip(ages.men[:-1], ages.women[:-1], strict=True))
    ]
    return {
        "year": year,
        "oldAgeCount": old,
        "oldAgePercent": _whole_percent(old, ages.total),
        "middleAgeCount": middle,
        "middleAgePercent": _whole_percent(middle, ages.total),
        "newAgeCount": new,
        "newAgePercent": _whole_percent(new, ages.total),
        "data": classes,
    }


def _whole_percent(part: int, whole: int) -> int:
    return int(_percent(part, whole) + 0.5)


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def decline(before: float, after: float) -> float | None:
    """Return how much of ``before`` is gone, as a fraction with two decimals; None of nothing.

    >>> decline(200, 156), decline(0, 0)
    (0.22, None)
    """
    return round(1 - after / before, 2) if before else None


def industry_of(
    industries: Sequence[tuple[str, str, str, str]], division: str, group: str
) -> dict[str, str] | None:
    """Return the industry that ``sicCode`` and ``simcCode`` name, or None for all industries.

    Parameters
    ----------
    industries : (code, name, division, name of the division) of each major group
    division, group : as written; ``-`` or nothing is all

    Raises
    ------
    InvalidParameter : no such division, or no such group in it
    """
    divisions = {row[2]: row[3] for row in industries}
    if division in (WHOLE, "") and group in (WHOLE, ""):
        return None
    groups = {row[0]: row for row in industries if division in (WHOLE, "", row[2])}
    if division not in (WHOLE, "", *divisions):
        raise _refused("sicCode", division, "A〜T または -", "a letter from A to T, or -")
    if group in (WHOLE, ""):
        return {"sicCode": division, "sicName": divisions[division], "simcCode": WHOLE, "simcName": ""}
    if group.zfill(2) not in groups:
        listed = f"{min(groups)}〜{max(groups)}"
        raise _refused("simcCode", group, f"{listed} または -", f"{listed.replace('〜', ' to ')}, or -")
    code, name, of, of_name = groups[group.zfill(2)]
    return {"sicCode": of, "sicName": of_name, "simcCode": code, "simcName": name}


def chosen_divisions(known: Collection[str], text: str) -> frozenset[str]:
    """Return the division that ``sicCode`` names, or all for ``-``.

    Raises
    ------
    InvalidParameter : it is missing or no division
    """
    if text == WHOLE:
        return frozenset(known)
    if text in known:
        return frozenset({text})
    raise _refused("sicCode", text, "A〜T または -", "a letter from A to T, or -")
