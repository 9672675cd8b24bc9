"""Indicators: what a figure means, and how derived ones are computed from sums, never from averages."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from geo.codes import NORTHERN_TERRITORIES
from geo.errors import Finding, InvalidRows, NotFound
from geo.figures.breaks import Break, Evacuation, break_between, read_breaks, read_evacuations
from geo.figures.families import FILE as FAMILIES
from geo.figures.families import Family, is_kana, read_families
from geo.periods import PARTS, PeriodKind, newest_not_after, years_later
from geo.text import Text

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Kind = Literal["count", "ratio", "change", "index", "category"]
DenominatorPeriod = Literal["same", "next", "latest"]
DenominatorSource = Literal[
    "", "register", "register-all", "census", "survey", "ssds", "area", "grid", "accounts", "projection"
]
#: Whom a figure counts: those on the register of an area, those who are there, or nobody.
PopulationBase = Literal["", "register", "place"]
Aggregation = Literal["sum", "net_of_moves", "ratio_of_sums", "none"]
OverTime = Literal["flow", "stock", "none"]
PrefectureFigure = Literal["published", "sum", "none", ""]
#: base indicator → its periods, ascending
Available = Mapping[str, Sequence[str]]

TOPICS = {
    "population": ("人口", "Population"),
    "migration": ("人口移動", "Migration"),
    "households": ("世帯", "Households"),
    "economy": ("経済・産業", "Economy and industry"),
    "work": ("労働", "Work"),
    "finance": ("財政", "Public finance"),
    "health": ("医療・福祉", "Health and care"),
    "education": ("教育・文化", "Education and culture"),
    "living": ("暮らし・住まい", "Living and housing"),
    "budget": ("家計", "Household budgets"),
    "safety": ("安全", "Safety"),
    "land": ("土地・区分", "Land and types"),
    "projection": ("将来推計", "Projections"),
    "transport": ("交通", "Transport"),
    "measures": ("施策の展開", "Deployments of measures"),
    "progress": ("KPIの進捗", "Progress of KPIs"),
}

#: What each rate is divided by.
DENOMINATOR_SOURCES: Mapping[str, Text] = {
    "register": {
        "ja": "住民基本台帳の日本人住民（1月1日現在。2013年までは3月31日現在）。外国人住民を含まない。",
        "en": "Japanese residents on the basic resident register (on 1 January; until 2013 on 31 March), "
        "foreign residents not included.",
    },
    "register-all": {
        "ja": "住民基本台帳の人口（社会・人口統計体系。2012年度以降は外国人住民を含む）。",
        "en": "Residents on the basic resident register (System of Social and Demographic Statistics; from "
        "fiscal 2012 on with foreign residents).",
    },
    "census": {
        "ja": "国勢調査（都道府県の間の年は推計人口）。",
        "en": "Population census (for prefectures also the estimates between censuses).",
    },
    "survey": {"ja": "分子と同じ調査。", "en": "The same survey as the numerator."},
    "ssds": {
        "ja": "社会・人口統計体系の基礎データ（同じ年度）。",
        "en": "A basic item of the System of Social and Demographic Statistics, of the same year.",
    },
    "area": {
        "ja": "全国都道府県市区町村別面積調などによる面積（その年以前で最新）。",
        "en": "Official area figures (the newest not after the year).",
    },
    "grid": {
        "ja": "分子と同じ地域メッシュ統計（国勢調査）。",
        "en": "The same grid of the population census as the numerator.",
    },
    "accounts": {"ja": "県民経済計算（分子と同じ基準）。", "en": "Prefectural accounts of the same base."},
    "projection": {"ja": "分子と同じ将来推計。", "en": "The same projection as the numerator."},
}


@dataclass(frozen=True)
class Category:
    """One value of a categorical indicator; ``colour`` is ``#rrggbb``."""

    code: int
    label_ja: str
    label_en: str
    colour: str


@dataclass(frozen=True)
class Indicator:
    """One row of the catalogue, a column for each attribute.

    Attributes
    ----------
    kana : how ``name_ja`` is read, in hiragana
    family : what it is listed under; in the table the id of a row of ``families.csv``, which fills the
        columns that the indicator leaves empty (see ``SHARED``)
    topic : one of ``TOPICS``
    keywords : everyday words that people search it by, in both languages, apart by semicolons
    kind : ``count`` (observed, or a sum of observed ones), ``ratio``, ``change`` (over ``lag`` years),
        ``index`` (published as it is, cannot be summed), ``category``
    code : item of the System of Social and Demographic Statistics, where the figures have one
    numerator, denominator : signed sums of base indicators, ``"births - deaths"``; empty when observed
    scale : what the quotient is multiplied by: 100 for per cent
    denominator_period : ``same``, ``latest``: the newest that is not after the period, or ``next``: that of
        the year after, for the register of 1 January within a fiscal year. A month or quarter is divided by
        its own; by what is told for years only with ``latest``
    denominator_source : one of ``DENOMINATOR_SOURCES`` for a ratio
    population_base : of an observed one: whether it counts those on the register (births of people who
        live elsewhere for now), or those who are there (census, shops)
    direction : which figures are the better ones
    aggregation : how areas are told together. ``sum``: they are added up. ``net_of_moves``: their sum counts
        the moves between them, which are none of the whole; what the whole has is published or not known.
        ``ratio_of_sums``: the formula, of the sums of its components. ``none``: the parts do not tell it
    over_time : ``flow``: years may be added up; ``stock``: as it stood at one time; ``none``: neither
    prefecture_figure : of an observed one, what a prefecture is shown with: the figure ``published`` for it
        (a year that has none is summed where the indicator can be), the ``sum`` of its municipalities, or
        ``none``; empty for a derived one, which is computed at each level
    differs_ja, differs_en : why the figure published for a prefecture is not the sum of its municipalities;
        empty where they are equal
    categories : in the table ``code:label_ja:label_en:#rrggbb``, apart by semicolons
    breaks : of it and of what it is computed from, ascending; see ``read_folder``
    period_kind : of all its figures: no year is made of months, no months of a year
    evacuations : areas and periods for which it cannot be told, because the people of its parts are others
    absences : of what a census counts: areas and periods without those who live elsewhere for now; their
        figures are not set against those of other periods
    """

    id: str
    name_ja: str
    name_en: str
    description_ja: str
    description_en: str
    topic: str
    kind: Kind
    kana: str = ""
    family: Family | None = None
    keywords: str = ""
    unit_ja: str = ""
    unit_en: str = ""
    code: str = ""
    numerator: str = ""
    denominator: str = ""
    scale: float = 1.0
    lag: int = 0
    denominator_period: DenominatorPeriod = "same"
    denominator_source: DenominatorSource = ""
    population_base: PopulationBase = ""
    direction: Literal["higher", "lower", "neutral"] = "neutral"
    aggregation: Aggregation = "none"
    over_time: OverTime = "none"
    prefecture_figure: PrefectureFigure = ""
    differs_ja: str = ""
    differs_en: str = ""
    decimals: int = 0
    period_kind: PeriodKind = "calendar_year"
    default_scheme: str = "quantiles"
    default_k: int = 5
    default_palette: str = "ylgnbu"
    categories: tuple[Category, ...] = ()
    breaks: tuple[Break, ...] = ()
    evacuations: tuple[Evacuation, ...] = ()
    absences: tuple[Evacuation, ...] = ()

    @cached_property
    def components(self) -> tuple[str, ...]:
        """The base indicators that a derived one is computed from; none for an observed one."""
        if not self.numerator:
            return ()
        both = [*terms(self.numerator), *(terms(self.denominator) if self.denominator else [])]
        return tuple(dict.fromkeys(name for _, name in both))

    def base_differs(self, period: str) -> list[str]:
        """Return the areas whose figure of a period would set people against others, by their codes."""
        ends = [period, years_later(period, -self.lag)] if self.lag else [period]
        return [one.area_code for one in self.evacuations if any(map(one.holds, ends))]

    def absent_at(self, first: str, last: str) -> list[Evacuation]:
        """Return where a change between two periods would set people against others."""
        return [one for one in self.absences if one.holds(first) or one.holds(last)]


# The catalogue

#: What stands in tables of its own, not in the columns of the catalogue.
APART = ("breaks", "evacuations", "absences")

#: Columns that a family fills for those of its indicators that leave them empty.
SHARED = (
    *("description_ja", "description_en", "keywords", "topic", "unit_ja", "unit_en", "kind"),
    *("denominator", "scale", "denominator_period", "denominator_source", "population_base", "direction"),
    *("aggregation", "over_time", "prefecture_figure", "decimals", "period_kind", "default_palette"),
)

_TERM = re.compile(r"([+-]?)\s*([a-z0-9][a-z0-9-]*[a-z0-9])\s*(?=$|\s[+-]\s)")


def terms(formula: str) -> list[tuple[int, str]]:
    """Return the signed base indicators of a formula.

    Raises
    ------
    ValueError : the text is no sum of indicator ids

    Examples
    --------
    >>> terms("births - deaths")
    [(1, 'births'), (-1, 'deaths')]
    """
    found = _TERM.findall(formula)
    if "".join(f"{sign}{name}" for sign, name in found) != formula.replace(" ", ""):
        raise ValueError(f"{formula!r} is no sum of indicators")
    return [(-1 if sign == "-" else 1, name) for sign, name in found]


def items(indicators: Mapping[str, Indicator]) -> dict[str, list[str]]:
    """Return item code of the System of Social and Demographic Statistics → observed indicators."""
    found: dict[str, list[str]] = {}
    for one in indicators.values():
        if one.code and not one.numerator:
            found.setdefault(one.code, []).append(one.id)
    return found


def prefectural(indicators: Mapping[str, Indicator]) -> dict[str, list[str]]:
    """Return ``items`` that are published for prefectures as well.

    Of the others a prefecture's own figure means something else (its own budget is not that of its
    municipalities), or counts otherwise.
    """
    return items({name: one for name, one in indicators.items() if one.prefecture_figure == "published"})


def to_json(indicator: Indicator) -> dict[str, object]:
    """Return the indicator as plain JSON."""
    return asdict(indicator)


_LISTED = {"categories": Category, "breaks": Break, "evacuations": Evacuation, "absences": Evacuation}


def from_json(definition: Mapping[str, object]) -> Indicator:
    """Return the indicator that ``to_json`` wrote."""
    plain = dict(definition)
    family = plain.get("family")
    plain["family"] = Family(**family) if isinstance(family, Mapping) else None
    for name, kind in _LISTED.items():
        listed = plain.get(name, ())
        plain[name] = tuple(kind(**entry) for entry in listed) if isinstance(listed, Sequence) else ()
    return Indicator(**plain)  # type: ignore[arg-type]  # checked when the catalogue was read


_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "period_kind": get_args(PeriodKind),
    "topic": tuple(TOPICS),
    "direction": ("higher", "lower", "neutral"),
    "aggregation": get_args(Aggregation),
    "over_time": get_args(OverTime),
    "prefecture_figure": get_args(PrefectureFigure),
    "denominator_period": get_args(DenominatorPeriod),
    "denominator_source": get_args(DenominatorSource),
    "population_base": get_args(PopulationBase),
}


#: What a family has for rates alone, and for observed figures alone.
_OF_RATES = ("denominator", "denominator_period", "denominator_source")
_OF_OBSERVED = ("population_base", "prefecture_figure")


def _filled(row: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return a row with what its family gives where it says nothing and can say it.

    A ratio and a change are told of sums and of no year but their own, whatever their family is.
    """
    kind, is_derived = row["kind"] or given.get("kind", ""), bool(row["numerator"])
    unfit = {*(() if kind == "ratio" else _OF_RATES), *(_OF_OBSERVED if is_derived else ())}
    unfit |= set() if kind in ("ratio", "change") else {"scale"}
    if kind in ("ratio", "change"):
        given = {**given, "aggregation": "ratio_of_sums", "over_time": "none"}
    own = {name: text for name, text in row.items() if (text or "").strip()}
    return {**row, **{name: text for name, text in given.items() if name not in unfit}, **own}


def _converted(row: Mapping[str, str]) -> dict[str, object]:
    numbers = {"scale": float, "lag": int, "decimals": int, "default_k": int}
    plain: dict[str, object] = {}
    for field in fields(Indicator):
        if field.name in APART:
            continue
        text = (row.get(field.name) or "").strip()
        if field.name not in ("categories", "family") and text:
            plain[field.name] = numbers.get(field.name, str)(text)
    texts = [entry.split(":") for entry in (row.get("categories") or "").split(";") if entry]
    plain["categories"] = [
        {"code": int(code), "label_ja": ja, "label_en": en, "colour": colour}
        for code, ja, en, colour in texts
    ]
    return plain


def _faults(indicator: Indicator, known: Mapping[str, Indicator]) -> list[tuple[str, str, str]]:
    """Return field, value and expectation of what is wrong with a row."""
    faults: list[tuple[str, str, str]] = []

    def expect(fits: bool, field: str, expected: str) -> None:
        if not fits:
            faults.append((field, str(getattr(indicator, field)), expected))

    expect(_ID.fullmatch(indicator.id) is not None, "id", "words of a-z and 0-9 with hyphens between")
    for field, choices in _CHOICES.items():
        expect(getattr(indicator, field) in choices, field, f"one of {', '.join(choices)}")
    for field in ("name_ja", "name_en", "description_ja", "description_en"):
        expect(bool(getattr(indicator, field)), field, "a text")
    expect(is_kana(indicator.kana), "kana", "the reading of name_ja in hiragana")
    counted = indicator.kind in ("count", "ratio", "change")
    for field in ("unit_ja", "unit_en"):
        expect(bool(getattr(indicator, field)) or not counted, field, f"the unit of a {indicator.kind}")
    both = counted or bool(indicator.unit_ja) == bool(indicator.unit_en)
    expect(both, "unit_en", "a unit in both languages, or in none")
    derived = indicator.kind in ("ratio", "change")
    expect(bool(indicator.numerator) or not derived, "numerator", f"the formula of a {indicator.kind}")
    is_ratio = indicator.kind == "ratio"
    expect(bool(indicator.denominator) == is_ratio, "denominator", "a formula for a ratio")
    expect(bool(indicator.denominator_source) == is_ratio, "denominator_source", "the source for a ratio")
    expect(not (indicator.population_base and indicator.numerator), "population_base", "none for a formula")
    expect((indicator.lag > 0) == (indicator.kind == "change"), "lag", "years for a change, nothing else")
    expect(0 <= indicator.decimals <= 6, "decimals", "0 to 6")
    expect(2 <= indicator.default_k <= 12, "default_k", "2 to 12")
    expect(indicator.scale > 0, "scale", "a number above 0")
    expect(
        bool(indicator.categories) == (indicator.kind == "category"), "categories", "the list of a category"
    )
    colours = [entry.colour for entry in indicator.categories]
    expect(all(map(_COLOUR.fullmatch, colours)), "categories", "colours such as #1b9e77")
    codes = [entry.code for entry in indicator.categories]
    expect(len(set(codes)) == len(codes), "categories", "each code once")
    return (
        faults
        + (_formula_faults(indicator, known) or _period_faults(indicator, known))
        + _sum_faults(indicator, known)
    )


def _sum_faults(indicator: Indicator, known: Mapping[str, Indicator]) -> list[tuple[str, str, str]]:
    """Return what is wrong with what a row says of sums."""
    faults: list[tuple[str, str, str]] = []
    field, told = "aggregation", indicator.aggregation
    if (told == "ratio_of_sums") > bool(indicator.denominator or indicator.lag):
        faults.append((field, told, "a ratio or a change, to be a ratio of sums"))
    parts = [known[name] for name in _named(indicator) if name in known]
    if told == "ratio_of_sums" and any(one.kind == "index" for one in parts):
        faults.append((field, told, "none, where a part of the formula cannot be added up"))
    if told == "sum" and indicator.kind != "count":
        faults.append((field, told, "a count, to be added up"))
    if told in ADDED and not moves_cancel(indicator, known):
        faults.append((field, told, "as many that enter as leave, where moves are added up"))
    if bool(indicator.prefecture_figure) == bool(indicator.numerator):
        expected = "nothing of a derived one" if indicator.numerator else "published, sum or none"
        faults.append(("prefecture_figure", indicator.prefecture_figure, expected))
    if bool(indicator.differs_ja) != bool(indicator.differs_en):
        faults.append(("differs_en", indicator.differs_en, "a text in both languages, or in none"))
    return faults


def _named(indicator: Indicator) -> tuple[str, ...]:
    """Return the indicators of a formula; none of one that cannot be read, which another fault tells."""
    try:
        return indicator.components
    except ValueError:
        return ()


#: Where an indicator adds up so, the sums of its areas tell it.
ADDED = ("sum", "ratio_of_sums")


def moves_cancel(indicator: Indicator, known: Mapping[str, Indicator]) -> bool:
    """Return whether moves inside leave a formula as it is: whoever enters one part leaves another.

    Figures ``net_of_moves`` must be added and taken away as often, and not be divided by.
    """

    def balance(formula: str) -> list[int]:
        try:
            listed = terms(formula) if formula else []
        except ValueError:  # told by another fault
            return []
        return [sign for sign, name in listed if name in known and known[name].aggregation == "net_of_moves"]

    return sum(balance(indicator.numerator)) == 0 and not balance(indicator.denominator)


def _formula_faults(indicator: Indicator, known: Mapping[str, Indicator]) -> list[tuple[str, str, str]]:
    faults: list[tuple[str, str, str]] = []
    for field in ("numerator", "denominator"):
        formula = getattr(indicator, field)
        try:
            names = [name for _, name in terms(formula)] if formula else []
        except ValueError:
            faults.append((field, formula, "a sum like births - deaths"))
            continue
        for name in names:
            if name not in known:
                faults.append((field, name, "the id of an observed indicator"))
            elif known[name].numerator or known[name].kind not in ("count", "index"):
                faults.append((field, name, "an observed indicator, not a derived one"))
    return faults


def _period_faults(indicator: Indicator, known: Mapping[str, Indicator]) -> list[tuple[str, str, str]]:
    """Return where a formula would make months or quarters of something else, or the other way round."""
    faults: list[tuple[str, str, str]] = []
    for field in ("numerator", "denominator"):
        formula = getattr(indicator, field)
        for _, name in terms(formula) if formula else []:
            kind, other = indicator.period_kind, known[name].period_kind
            if kind == other or (kind not in PARTS and other not in PARTS):
                continue
            expected = f"an indicator of the period_kind {kind}, as this one"
            if field == "denominator" and kind in PARTS:
                # of a fiscal year its text does not tell that it ends in March
                if indicator.denominator_period == "latest" and other != "fiscal_year":
                    continue
                expected += "; or the denominator_period latest, of another kind than fiscal_year"
            faults.append((field, name, expected))
    return faults


def _named_twice(found: Mapping[str, Indicator], lines: Mapping[str, int]) -> list[Finding]:
    """Return the names that two indicators have: nobody could tell them apart."""
    findings = []
    for field in ("name_ja", "name_en"):
        first: dict[str, str] = {}
        for name, one in found.items():
            told = " ".join(getattr(one, field).casefold().split())
            if told and first.setdefault(told, name) != name:
                expected = f"a name that {first[told]} does not have"
                findings.append(Finding(f"line {lines[name]}", field, getattr(one, field), expected))
    return findings


def read_catalogue(path: Path) -> dict[str, Indicator]:
    """Return the indicators of a catalogue table by id; ``families.csv`` stands beside it.

    Raises
    ------
    InvalidRows : wrong rows, all of them listed with line, field, value and what was expected; a header
        that lacks a column or has another
    """
    found: dict[str, Indicator] = {}
    lines: dict[str, int] = {}
    findings: list[Finding] = []
    families, given = read_families(path.with_name(FAMILIES), SHARED)
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        columns = [field.name for field in fields(Indicator) if field.name not in APART]
        if sorted(reader.fieldnames or []) != sorted(columns):
            told = ",".join(reader.fieldnames or [])
            header = Finding("line 1", "header", told, ",".join(columns))
            raise InvalidRows(f"{path.name} has another header", [header])
        for line, written in enumerate(reader, 2):
            row = _filled(written, given.get(written["family"], {}))
            try:
                indicator = replace(from_json(_converted(row)), family=families.get(row["family"]))
            except (TypeError, ValueError) as error:
                findings.append(Finding(f"line {line}", "row", str(row.get("id")), str(error)[:120]))
                continue
            if indicator.id in found:
                findings.append(Finding(f"line {line}", "id", indicator.id, "an id used once"))
            findings += [
                Finding(f"line {line}", field, "", f"one of {', '.join(_CHOICES[field])}")
                for field in ("aggregation", "over_time")
                if not row[field].strip()
            ]
            if indicator.family is None:
                told = str(row["family"] or "")
                findings.append(Finding(f"line {line}", "family", told, "the id of a row of families.csv"))
            found[indicator.id], lines[indicator.id] = indicator, line
    for name, indicator in found.items():
        findings += [Finding(f"line {lines[name]}", *fault) for fault in _faults(indicator, found)]
    findings += _named_twice(found, lines)
    if findings:
        raise InvalidRows(f"{path.name} has {len(findings)} faults", findings)
    return found


def read_folder(folder: Path) -> dict[str, Indicator]:
    """Return the indicators of a catalogue with their breaks, and where their people are not the same.

    A derived indicator breaks where one of its components does. A rate whose numerator counts those on the
    register and whose denominator counts those who are there (or the other way round) cannot be told for
    areas whose people live elsewhere, nor a change of those whom a census found there.

    Parameters
    ----------
    folder : holds ``indicators.csv``, ``breaks.csv``, whose rows name an indicator or all of a family
        (``family:shops``), and ``evacuations.csv``

    Raises
    ------
    InvalidFile, InvalidRows : wrong rows of a table, all of them listed
    """
    catalogue = read_catalogue(folder / "indicators.csv")
    breaks = read_breaks(folder / "breaks.csv")
    evacuations = tuple(read_evacuations(folder / "evacuations.csv"))
    named = catalogue.keys() | {_family_of(one) for one in catalogue.values()}
    unknown = [one.indicator for one in breaks if one.indicator not in named]
    if unknown:
        expected = "a row in indicators.csv, or family: and the id of a family that has rows"
        findings = [Finding("breaks.csv", "indicator", name, expected) for name in unknown]
        raise InvalidRows("Breaks of indicators that the catalogue does not have", findings)
    found = {}
    for name, one in catalogue.items():
        parts = (name, *one.components)
        broken = {*parts, *(_family_of(catalogue[part]) for part in parts)}
        # what breaks two of its parts for the same reason is told once
        own = {(each.period, each.reason_ja): each for each in breaks if each.indicator in broken}
        found[name] = replace(
            one,
            breaks=tuple(own[key] for key in sorted(own)),
            evacuations=evacuations if _mixes_people(one, catalogue) else (),
            absences=evacuations if _is_of_census(one, catalogue) else (),
        )
    return found


def _family_of(one: Indicator) -> str:
    """Return what a table calls all rows of a family by."""
    return f"family:{one.family.id}" if one.family else ""


def _mixes_people(one: Indicator, catalogue: Mapping[str, Indicator]) -> bool:
    bases = {catalogue[name].population_base for name in one.components} - {""}
    return len(bases) > 1 or (one.kind == "change" and bases == {"place"})


def _is_of_census(one: Indicator, catalogue: Mapping[str, Indicator]) -> bool:
    """Return whether an indicator is made of those whom a census found in a place, and of nobody else."""
    parts = [catalogue[name] for name in one.components or (one.id,)]
    kinds = {(part.population_base, part.period_kind) for part in parts if part.population_base}
    return kinds == {("place", "census")}


# Periods


def _common(names: Sequence[str], available: Available) -> list[str]:
    sets = [set(available.get(name, ())) for name in names]
    return sorted(set.intersection(*sets)) if sets else []


def _denominator_at(indicator: Indicator, period: str, under: Sequence[str]) -> str | None:
    """Return the period of the denominator among those that there are; None where it has none."""
    if indicator.denominator_period == "latest":
        return newest_not_after(under, period)
    wanted = years_later(period, 1) if indicator.denominator_period == "next" else period
    return wanted if wanted in under else None


def periods(indicator: Indicator, available: Available) -> list[str]:
    """Return the periods an indicator can be told for, ascending.

    Parameters
    ----------
    available : periods of each base indicator at the level in question
    """
    if not indicator.numerator:
        return sorted(available.get(indicator.id, ()))
    over = _common([name for _, name in terms(indicator.numerator)], available)
    if indicator.kind == "change":
        pairs = [(years_later(period, -indicator.lag), period) for period in over]
        return [now for then, now in pairs if then in over and not break_between(indicator.breaks, then, now)]
    if not indicator.denominator:
        return over
    under = _common([name for _, name in terms(indicator.denominator)], available)
    return [period for period in over if _denominator_at(indicator, period, under)]


def base_periods(indicator: Indicator, period: str, available: Available) -> list[tuple[str, str]]:
    """Return which base figures a derived one is computed from: (base indicator, period).

    Raises
    ------
    NotFound : the indicator has no such period
    """
    if not indicator.numerator:
        return []
    if period not in periods(indicator, available):
        raise NotFound(f"{indicator.id} has no period {period}")
    over = [(name, period) for _, name in terms(indicator.numerator)]
    if indicator.kind == "change":
        return over + [(name, years_later(period, -indicator.lag)) for name, _ in over]
    if not indicator.denominator:
        return over
    names = [name for _, name in terms(indicator.denominator)]
    at = _denominator_at(indicator, period, _common(names, available))
    return over + [(name, at) for name in names if at is not None]


# Values


def _sum(formula: str, values: Callable[[str], Floats]) -> Floats:
    parts = [sign * values(name) for sign, name in terms(formula)]
    total: Floats = np.sum(parts, axis=0)
    return total


def evaluate(
    indicator: Indicator, period: str, available: Available, vector: Callable[[str, str], Floats]
) -> Floats:
    """Return a derived indicator's values from those of its base indicators.

    Parameters
    ----------
    vector : base indicator and period → (n,) values, for areas or for sums over region sets alike

    Returns
    -------
    (n,) NaN where a component is missing or the denominator is zero
    """
    at = dict(base_periods(indicator, period, available))
    if indicator.kind == "change":
        now = _sum(indicator.numerator, lambda name: vector(name, period))
        before = _sum(indicator.numerator, lambda name: vector(name, years_later(period, -indicator.lag)))
        return _quotient(now - before, before, indicator.scale)
    over = _sum(indicator.numerator, lambda name: vector(name, period))
    if not indicator.denominator:
        return over * indicator.scale
    denominators = dict(base_periods(indicator, period, available)[len(terms(indicator.numerator)) :])
    under = _sum(indicator.denominator, lambda name: vector(name, denominators.get(name, at[name])))
    return _quotient(over, under, indicator.scale)


def _quotient(over: Floats, under: Floats, scale: float) -> Floats:
    """Return ``over / under * scale``; a place without residents has no rate, not a rate of zero."""
    known = np.isfinite(under) & (under != 0)
    quotient: Floats = np.divide(over * scale, under, out=np.full(len(over), np.nan), where=known)
    return quotient


def aggregated(values: Floats, groups: Ints, n: int, codes: NDArray[np.str_]) -> Floats:
    """Return the sums of areas by group.

    Parameters
    ----------
    values : (m,) NaN where missing
    groups : (m,) index of each area's group, negative for none
    n : number of groups
    codes : (m,) area codes; the Northern Territories, which have no statistics, do not count as missing

    Returns
    -------
    (n,) NaN for a group that has no area or misses the value of one
    """
    counted = (groups >= 0) & ~(np.isin(codes, list(NORTHERN_TERRITORIES)) & np.isnan(values))
    totals: Floats = np.bincount(groups[counted], weights=values[counted], minlength=n).astype(np.float64)
    members = np.bincount(groups[counted], minlength=n)
    totals[members == 0] = np.nan
    return totals


def own_or_sum(own: Floats, summed: Floats) -> Floats:
    """Return the figure published for an area itself where there is one, else the sum of its parts."""
    return np.where(np.isfinite(own), own, summed)
