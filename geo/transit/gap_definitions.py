"""Definitions of the transport gap, as a table a person edits, and the indicators that come of each."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from geo.csv_tables import read_table
from geo.errors import Finding, InvalidRows
from geo.figures.indicators import Indicator
from geo.transit.access import Definition
from geo.transit.calendars import DAYS
from geo.transit.gtfs import HOURS
from geo.transit.stops import CLASSES


@dataclass(frozen=True)
class _Row:
    id: str
    name_ja: str
    name_en: str
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
            name: getattr(row, name) for name in ("id", "name_ja", "name_en", "classes", "least_departures")
        }
        texts |= {
            name: getattr(row, name)
            for name in ("day", "first", "last", "source_title", "source_url", "note")
        }
        texts |= {name: getattr(row, name) for name in ("source_title_en", "note_en")}
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
    for name in ("source_title", "source_title_en"):
        if not getattr(row, name):
            faults.append((name, "", "where the definition comes from"))
    return faults


#: What is counted: part of an id → names, unit, decimals, and the indicator it is a share of.
_COUNTED = {
    "people": ("圏外人口", "People in the gap", "人", "persons", "grid-people"),
    "people-centroid": (
        "圏外人口（中心点）",
        "People in the gap (cell centres)",
        "人",
        "persons",
        "grid-people-centroid",
    ),
    "people-65": ("圏外人口（65歳以上）", "People 65 and over in the gap", "人", "persons", "grid-people-65"),
    "people-75": ("圏外人口（75歳以上）", "People 75 and over in the gap", "人", "persons", "grid-people-75"),
    "land": ("圏外面積", "Land in the gap", "km²", "km²", "grid-land"),
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
    found = {
        base: Indicator(
            id=base,
            name_ja=f"{ja.replace('圏外', 'メッシュ')}：分母",
            name_en=f"{en.removesuffix(' in the gap')}: denominator",
            description_ja=f"交通空白の計算の分母。{_HOW_JA}",
            description_en=f"The denominator of transport gaps. {_HOW_EN}",
            topic="transport",
            kind="count",
            unit_ja=unit_ja,
            unit_en=unit_en,
            aggregation="sum",
            over_time="stock",
            prefecture_figure="sum",
            decimals=1 if unit_en == "km²" else 0,
            period_kind="census",
        )
        for ja, en, unit_ja, unit_en, base in _COUNTED.values()
    }
    for one in definitions:
        for what, (ja, en, unit_ja, unit_en, base) in _COUNTED.items():
            name = f"gap-{what}-{one.id}"
            found[name] = Indicator(
                id=name,
                name_ja=f"{ja}：{one.name_ja}",
                name_en=f"{en}: {one.name_en}",
                description_ja=f"{_HOW_JA}{one.note}",
                description_en=f"{_HOW_EN} {one.note_en}".rstrip(),
                topic="transport",
                kind="count",
                unit_ja=unit_ja,
                unit_en=unit_en,
                direction="lower",
                aggregation="sum",
                over_time="stock",
                prefecture_figure="sum",
                decimals=1 if unit_en == "km²" else 0,
                period_kind="census",
            )
            layer = next(key for key, value in LAYERS.items() if value == what)
            found[f"{layer}:{one.id}"] = Indicator(
                id=f"{layer}:{one.id}",
                name_ja=f"{ja.replace('圏外', '交通空白')}の割合：{one.name_ja}",
                name_en=f"Share of {en[0].lower()}{en[1:]}: {one.name_en}",
                description_ja=f"{_HOW_JA}出典：{one.source_title}。{one.note}",
                description_en=f"{_HOW_EN} Definition: {one.source_title_en}. {one.note_en}".rstrip(),
                topic="transport",
                keywords="バス;電車;鉄道;駅;タクシー;公共交通;足の確保;public transport;trains;stations",
                kind="ratio",
                unit_ja="%",
                unit_en="%",
                numerator=name,
                denominator=base,
                denominator_source="grid",
                scale=100,
                direction="lower",
                aggregation="ratio_of_sums",
                decimals=1,
                period_kind="census",
                default_palette="ylorrd",
            )
    return found
