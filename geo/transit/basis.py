"""What a transport gap was counted from and what it lacks: told beside every figure of it.

The year of a gap is that of its people. Timetables have dates of their own, and operators without a published
timetable are missing altogether: people near their stops are counted as out of reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.text import Text

DAY_NAMES: dict[str, Text] = {
    "weekday": {"ja": "平日", "en": "weekday"},
    "saturday": {"ja": "土曜日", "en": "Saturday"},
    "sunday": {"ja": "日曜日", "en": "Sunday"},
}


@dataclass(frozen=True)
class StopsUsed:
    """A source of stops that was in reach, as it was when people were counted.

    Attributes
    ----------
    date : taken from its timetable for the definition's kind of day; None where it has no timetable
    valid_from, valid_to : of its timetable
    """

    id: str
    kind: str
    title_ja: str
    title_en: str
    date: str | None
    valid_from: str | None
    valid_to: str | None


@dataclass(frozen=True)
class MissingOperator:
    """An operator that runs in a prefecture and of which no stops are known here."""

    prefecture: str
    name_ja: str
    name_en: str
    reason_ja: str
    reason_en: str
    as_of: str


@dataclass(frozen=True)
class Basis:
    """What figures of one definition and year follow from.

    Attributes
    ----------
    day : kind of day, of ``geo.transit.calendars.DAYS``
    year : of the people on the grid
    grids : ids
    stops : by their ids
    missing : of the prefectures that were counted
    """

    day: str
    year: str
    grids: tuple[str, ...]
    stops: tuple[StopsUsed, ...]
    missing: tuple[MissingOperator, ...]


def basis_in_words(basis: Basis) -> Text:
    """Return what a figure was counted from and what it lacks, in Japanese and English.

    >>> bus = StopsUsed("a", "gtfs", "", "", "2019-06-03", None, None)
    >>> basis_in_words(Basis("weekday", "2020", ("g",), (bus,), ()))["en"].split(". ")[0]
    'Timetables: 1 (weekday of 2019-06-03)'
    """
    dates = sorted(one.date for one in basis.stops if one.date is not None)
    timeless = len(basis.stops) - len(dates)
    day = DAY_NAMES[basis.day]
    ja, en = [], []
    if dates:
        ja.append(f"時刻表は{len(dates)}件（{day['ja']}として見た日：{_span(dates, '〜')}）。")
        en.append(f"Timetables: {len(dates)} ({day['en']} of {_span(dates, ' to ')}).")
    if timeless:
        ja.append(f"時刻表のない停留所・駅の資料は{timeless}件。")
        en.append(f"Lists of stops or stations without timetable: {timeless}.")
    ja.append(f"{basis.year}年は人口の年で、時刻表の年ではありません。")
    en.append(f"{basis.year} is the year of the people, not of the timetables.")
    if basis.missing:
        ja.append(f"{'、'.join(one.name_ja for one in basis.missing)}の停留所は含まれません。")
        en.append(f"Without the stops of {', '.join(one.name_en for one in basis.missing)}.")
    ja.append("資料に停留所がないことは、交通がないことと同じではありません。")
    en.append("No stop in these data does not mean no service.")
    return {"ja": "".join(ja), "en": " ".join(en)}


def _span(dates: Sequence[str], between: str) -> str:
    return dates[0] if dates[0] == dates[-1] else f"{dates[0]}{between}{dates[-1]}"
