"""Definitions of the transport gap, as a table that a person edits, and the indicators of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo.errors import InvalidRows
from geo.transit.access import Definition
from geo.transit.gap_definitions import LAYERS, gap_indicators, read_definitions

CELLS = {
    "id": "town",
    "name_ja": "町",
    "name_en": "Town",
    "kana": "まち",
    "rail_m": "1000",
    "bus_m": "300.5",
    "demand_m": "",
    "classes": "1;2",
    "least_departures": "3",
    "day": "saturday",
    "first": "6",
    "last": "22",
    "source_title": "計画",
    "source_title_en": "Plan",
    "source_url": "https://example.jp",
    "note": "注",
    "note_en": "Note.",
}
TOWN = Definition(
    id="town",
    name_ja="町",
    name_en="Town",
    distances={"rail": 1000.0, "bus": 300.5},
    classes=("1", "2"),
    least_departures=3,
    day="saturday",
    first=6,
    last=22,
    source_title="計画",
    source_title_en="Plan",
    source_url="https://example.jp",
    note="注",
    note_en="Note.",
    kana="まち",
)


def table(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "gap_definitions.csv"
    lines = [",".join(CELLS), *(",".join((CELLS | row).values()) for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_mode_without_a_distance_does_not_count(tmp_path: Path) -> None:
    assert read_definitions(table(tmp_path, {})) == [TOWN]


@pytest.mark.parametrize(
    "row",
    [
        {"rail_m": "5000"},
        {"rail_m": "0.1"},
        {"rail_m": "", "bus_m": "", "demand_m": "100"},
        {"classes": ""},
        {"first": "0", "last": "30"},
        {"least_departures": "0"},
    ],
)
def test_what_lies_on_the_edge_is_taken(tmp_path: Path, row: dict[str, str]) -> None:
    assert len(read_definitions(table(tmp_path, row))) == 1


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"rail_m": "", "bus_m": ""}, "rail_m, bus_m, demand_m"),
        ({"rail_m": "0"}, "rail_m, bus_m, demand_m"),
        ({"bus_m": "5000.1"}, "rail_m, bus_m, demand_m"),
        ({"bus_m": "nan"}, "rail_m, bus_m, demand_m"),
        ({"classes": "1;6"}, "classes"),
        ({"day": "holiday"}, "day"),
        ({"first": "-1"}, "first, last"),
        ({"first": "22"}, "first, last"),
        ({"last": "31"}, "first, last"),
        ({"least_departures": "-1"}, "least_departures"),
        ({"source_title": ""}, "source_title"),
        ({"source_title_en": ""}, "source_title_en"),
    ],
)
def test_a_wrong_cell_is_told_with_its_line_and_column(
    tmp_path: Path, row: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidRows, match="has 1 faults") as refused:
        read_definitions(table(tmp_path, {"id": "first"}, row))
    assert [(one.where, one.field) for one in refused.value.findings] == [("line 3", field)]


def test_two_definitions_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRows) as refused:
        read_definitions(table(tmp_path, {}, {"id": "other"}, {}))
    assert [(one.where, one.field, one.value) for one in refused.value.findings] == [("line 4", "id", "town")]


def test_each_definition_brings_its_counts_and_their_shares() -> None:
    found = gap_indicators([TOWN])
    denominators = {"grid-people", "grid-people-centroid", "grid-people-65", "grid-people-75", "grid-land"}
    counts = {f"gap-{what}-town" for what in LAYERS.values()}
    assert set(found) == denominators | counts | {f"{layer}:town" for layer in LAYERS}
    assert all(name == one.id for name, one in found.items())


@pytest.mark.parametrize(
    ("layer", "numerator", "denominator", "names"),
    [
        (
            "transport-gap:town",
            "gap-people-town",
            "grid-people",
            ("交通空白人口の割合：町", "Share of people in the gap: Town"),
        ),
        (
            "transport-gap-65:town",
            "gap-people-65-town",
            "grid-people-65",
            ("交通空白人口（65歳以上）の割合：町", "Share of people 65 and over in the gap: Town"),
        ),
        (
            "transport-gap-land:town",
            "gap-land-town",
            "grid-land",
            ("交通空白面積の割合：町", "Share of land in the gap: Town"),
        ),
    ],
)
def test_a_layer_is_the_share_of_what_lies_in_the_gap_in_per_cent(
    layer: str, numerator: str, denominator: str, names: tuple[str, str]
) -> None:
    found = gap_indicators([TOWN])[layer]
    assert (found.numerator, found.denominator, found.scale) == (numerator, denominator, 100)
    assert (found.name_ja, found.name_en) == names
    assert (found.direction, found.unit_ja) == ("lower", "%")
    assert "出典：計画。注" in found.description_ja


def test_land_is_told_with_a_decimal_and_people_without() -> None:
    found = gap_indicators([TOWN])
    assert [found[name].decimals for name in ("grid-land", "gap-land-town")] == [1, 1]
    assert [found[name].decimals for name in ("grid-people", "gap-people-town")] == [0, 0]


def test_without_definitions_there_is_only_what_shares_are_of() -> None:
    assert all(name.startswith("grid-") for name in gap_indicators([]))
