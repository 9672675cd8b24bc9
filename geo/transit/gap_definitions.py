"""Definitions of the transport gap, as a table a person edits, and the indicators that come of each."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypedDict

from geo.csv_tables import read_table
from geo.errors import Finding, InvalidRows
from geo.figures.families import Family, is_kana
from geo.figures.indicators import (
    Aggregation,
    Indicator,
    Kind,
    OverTime,
    PrefectureFigure,
)
from geo.periods import PeriodKind
from geo.transit.access import Definition
from geo.transit.calendars import DAYS
from geo.transit.gtfs import HOURS
from geo.transit.stops import CLASSES


@dataclass(frozen=True)
class _Row:
    id: str
    name_ja: str
    name_en: str
    kana: str
    rail_m: float | None
    bus_m: float | None
    demand_m: float | None
    classes: tuple[str, ...]
    least_departures: int
    day: str
    first: int
    last: int
    source_title: str
    source_title_en: str
    source_url: str
    note: str
    note_en: str


def read_definitions(path: Path) -> list[Definition]:
    """Return the definitions of a table.

    Raises
    ------
    InvalidFile, InvalidRows : wrong cells, all of them listed with line, column, value and what was expected
    """
    findings: list[Finding] = []
    found: list[Definition] = []
    for line, row in read_table(path, _Row):
        distances = {
            mode: metres
            for mode, metres in (("rail", row.rail_m), ("bus", row.bus_m), ("demand", row.demand_m))
            if metres is not None
        }
        findings += [Finding(f"line {line}", *fault) for fault in _faults(row, distances)]
        if any(row.id == before.id for before in found):
            findings.append(Finding(f"line {line}", "id", row.id[:80], "an id that no other line has"))
        texts = {
            field.name: getattr(row, field.name) for field in fields(_Row) if not field.name.endswith("_m")
        }
        found.append(Definition(distances=distances, **texts))
    if findings:
        raise InvalidRows(f"{path.name} has {len(findings)} faults", findings)
    return found


def _faults(row: _Row, distances: dict[str, float]) -> list[tuple[str, str, str]]:
    faults: list[tuple[str, str, str]] = []
    if not distances or not all(0 < metres <= 5000 for metres in distances.values()):
        faults.append(("rail_m, bus_m, demand_m", str(distances), "distances above 0 and up to 5000 metres"))
    if not set(row.classes) <= set(CLASSES):
        faults.append(("classes", ";".join(row.classes), f"of {', '.join(CLASSES)}"))
    if row.least_departures < 0:
        faults.append(("least_departures", str(row.least_departures), "0 or more"))
    if row.day not in DAYS:
        faults.append(("day", row.day, f"one of {', '.join(DAYS)}"))
    if not 0 <= row.first < row.last <= HOURS:
        faults.append(
            ("first, last", f"{row.first}, {row.last}", f"hours from 0 to {HOURS}, first before last")
        )
    if not is_kana(row.kana):
        faults.append(("kana", row.kana[:80], "the reading of name_ja in hiragana"))
    for name in ("source_title", "source_title_en"):
        if not getattr(row, name):
            faults.append((name, "", "where the definition comes from"))
    return faults


#: What all of them are listed under; ``families.csv`` has it too.
FAMILY = Family("transport-gaps", "交通空白", "Transport gaps", "こうつうくうはく")


@dataclass(frozen=True)
class _Counted:
    """What is counted of a gap; ``base`` is the indicator that it is a share of."""

    name_ja: str
    name_en: str
    kana: str
    unit_ja: str
    unit_en: str
    base: str


#: What is counted, by the part of an id.
_COUNTED = {
    "people": _Counted("圏外人口", "People in the gap", "けんがいじんこう", "人", "persons", "grid-people"),
    "people-centroid": _Counted(
        "圏外人口（中心点）",
        "People in the gap (cell centres)",
        "けんがいじんこう（ちゅうしんてん）",
        "人",
        "persons",
        "grid-people-centroid",
    ),
    "people-65": _Counted(
        "圏外人口（65歳以上）",
        "People 65 and over in the gap",
        "けんがいじんこう（65さいいじょう）",
        "人",
        "persons",
        "grid-people-65",
    ),
    "people-75": _Counted(
        "圏外人口（75歳以上）",
        "People 75 and over in the gap",
        "けんがいじんこう（75さいいじょう）",
        "人",
        "persons",
        "grid-people-75",
    ),
    "land": _Counted("圏外面積", "Land in the gap", "けんがいめんせき", "km²", "km²", "grid-land"),
}
#: Layer before the colon → what it is the share of.
LAYERS = {
    "transport-gap": "people",
    "transport-gap-centroid": "people-centroid",
    "transport-gap-65": "people-65",
    "transport-gap-75": "people-75",
    "transport-gap-land": "land",
}


def definition_shown(layer: str, definitions: Container[str]) -> str | None:
    """Return the id of the definition that a layer of gaps is counted by; None for any other layer.

    >>> definition_shown("transport-gap-65:town", ["town"]), definition_shown("gap-land-town", ["town"])
    ('town', 'town')
    """
    kind, _, name = layer.partition(":")
    if kind in LAYERS and name in definitions:
        return name
    names = (layer.removeprefix(f"gap-{what}-") for what in _COUNTED if layer.startswith(f"gap-{what}-"))
    return next((name for name in names if name in definitions), None)


_HOW_JA = "公表された停留所・駅とメッシュ人口から計算。直線距離。"
_HOW_EN = "Computed from published stops, stations and population grids; straight-line distances."


def gap_indicators(definitions: list[Definition]) -> dict[str, Indicator]:
    """Return the indicators of all definitions: counts that are observed, and their shares as layers."""
    found = {each.base: _base(each) for each in _COUNTED.values()}
    for one in definitions:
        for what, each in _COUNTED.items():
            name = f"gap-{what}-{one.id}"
            layer = next(key for key, value in LAYERS.items() if value == what)
            found |= {name: _gap(one, name, each), f"{layer}:{one.id}": _share(one, layer, each, name)}
    return found


def _base(each: _Counted) -> Indicator:
    return Indicator(
        id=each.base,
        name_ja=f"{each.name_ja.replace('圏外', 'メッシュ')}：分母",
        name_en=f"{each.name_en.removesuffix(' in the gap')}: denominator",
        kana=f"{each.kana.replace('けんがい', 'めっしゅ')}：ぶんぼ",
        description_ja=f"交通空白の計算の分母。{_HOW_JA}",
        description_en=f"The denominator of transport gaps. {_HOW_EN}",
        **_counted(each),
    )


def _gap(one: Definition, name: str, each: _Counted) -> Indicator:
    return Indicator(
        id=name,
        name_ja=f"{each.name_ja}：{one.name_ja}",
        name_en=f"{each.name_en}: {one.name_en}",
        kana=f"{each.kana}：{one.kana}",
        description_ja=f"{_HOW_JA}{one.note}",
        description_en=f"{_HOW_EN} {one.note_en}".rstrip(),
        direction="lower",
        **_counted(each),
    )


class _Common(TypedDict):
    """What all counts have in common."""

    family: Family
    topic: str
    kind: Kind
    unit_ja: str
    unit_en: str
    aggregation: Aggregation
    over_time: OverTime
    prefecture_figure: PrefectureFigure
    decimals: int
    period_kind: PeriodKind


def _counted(each: _Counted) -> _Common:
    return {
        "family": FAMILY,
        "topic": "transport",
        "kind": "count",
        "unit_ja": each.unit_ja,
        "unit_en": each.unit_en,
        "aggregation": "sum",
        "over_time": "stock",
        "prefecture_figure": "sum",
        "decimals": 1 if each.unit_en == "km²" else 0,
        "period_kind": "census",
    }


def _share(one: Definition, layer: str, each: _Counted, name: str) -> Indicator:
    counted = f"{each.name_en[0].lower()}{each.name_en[1:]}"
    return Indicator(
        id=f"{layer}:{one.id}",
        name_ja=f"{each.name_ja.replace('圏外', '交通空白')}の割合：{one.name_ja}",
        name_en=f"Share of {counted}: {one.name_en}",
        kana=f"{each.kana.replace('けんがい', 'こうつうくうはく')}のわりあい：{one.kana}",
        family=FAMILY,
        description_ja=f"{_HOW_JA}出典：{one.source_title}。{one.note}",
        description_en=f"{_HOW_EN} Definition: {one.source_title_en}. {one.note_en}".rstrip(),
        topic="transport",
        keywords="バス;電車;鉄道;駅;タクシー;公共交通;足の確保;public transport;trains;stations",
        kind="ratio",
        unit_ja="%",
        unit_en="%",
        numerator=name,
        denominator=each.base,
        denominator_source="grid",
        scale=100,
        direction="lower",
        aggregation="ratio_of_sums",
        decimals=1,
        period_kind="census",
        default_palette="ylorrd",
    )
