"""What a transport gap was counted from and what it lacks, in words."""

from __future__ import annotations

from geo.transit.basis import Basis, MissingOperator, StopsUsed, basis_in_words
from geo.transit.gap_definitions import definition_shown

TIMETABLES = (
    StopsUsed("a", "gtfs", "甲", "A", "2019-12-16", "2019-10-01", "2020-03-31"),
    StopsUsed("b", "gtfs", "乙", "B", "2018-05-30", "2018-04-01", "2018-09-30"),
)
STATIONS = StopsUsed("n02", "n02", "駅", "N02", None, None, None)
OPERATOR = MissingOperator("10000", "永井運輸", "Nagai Unyu", "", "", "2026-11-27")


def test_timetables_are_told_with_their_first_and_last_date_and_kind_of_day() -> None:
    told = basis_in_words(Basis("saturday", "2020", ("g",), (*TIMETABLES, STATIONS), (OPERATOR,)))
    assert told["ja"].startswith("時刻表は2件（土曜日として見た日：2018-05-30〜2019-12-16）。")
    assert "時刻表のない停留所・駅の資料は1件。2020年は人口の年で" in told["ja"]
    assert "永井運輸の停留所は含まれません。" in told["ja"]
    assert told["en"].startswith("Timetables: 2 (Saturday of 2018-05-30 to 2019-12-16). Lists of stops")
    assert "Without the stops of Nagai Unyu. No stop" in told["en"]


def test_nothing_is_told_of_timetables_or_operators_where_there_are_none() -> None:
    told = basis_in_words(Basis("weekday", "2020", ("g",), (STATIONS,), ()))
    assert told["ja"].startswith("時刻表のない停留所・駅の資料は1件。2020年は人口の年で")
    assert "含まれません" not in told["ja"]
    assert "Timetables:" not in told["en"]


def test_layers_and_counts_of_gaps_are_told_by_their_definition_and_nothing_else() -> None:
    known = {"town", "town-10"}
    for layer in (
        "transport-gap:town",
        "transport-gap-75:town",
        "gap-people-town",
        "gap-people-centroid-town",
    ):
        assert definition_shown(layer, known) == "town"
    assert definition_shown("gap-people-town-10", known) == "town-10"
    for layer in (
        "grid-people",
        "transport-gap-declared",
        "transport-gap:city",
        "ageing-rate",
        "change:town",
    ):
        assert definition_shown(layer, known) is None
