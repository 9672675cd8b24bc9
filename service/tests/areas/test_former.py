"""Names and codes of the past, and what became of who bore them."""

from __future__ import annotations

import datetime as dt

import pytest

from geo.areas.history import BEGIN, History, Spell
from geo.areas.lineage import Change
from service.areas.former import FormerNames

MERGED, DIVIDED, TODAY = dt.date(2005, 7, 1), dt.date(2006, 3, 1), dt.date(2025, 1, 1)
NAMES = FormerNames(
    History(
        (
            Change(MERGED, "編入合併", "22218", "22202"),
            Change(dt.date(2007, 4, 1), "政令指定都市施行", "22202", "22130"),
            Change(DIVIDED, "編入合併", "19341", "19201"),
            Change(DIVIDED, "編入合併", "19341", "19430"),
            Change(dt.date(2019, 5, 1), "名称変更", "28221", "28221"),
        ),
        (
            Spell("22218", BEGIN, MERGED, "浜北市", "はまきたし", "Hamakita-shi"),
            Spell("22202", BEGIN, dt.date(2007, 4, 1), "浜松市", "はままつし", "Hamamatsu-shi"),
            Spell("22130", dt.date(2007, 4, 1), None, "浜松市", "はままつし", "Hamamatsu-shi"),
            Spell("19341", BEGIN, DIVIDED, "上九一色村", "かみくいしきむら", "Kamikuishiki-mura", "西八代郡"),
            Spell("19201", BEGIN, None, "甲府市", "こうふし", "Kofu-shi"),
            Spell("19430", BEGIN, None, "富士河口湖町", "ふじかわぐちこまち", "Fujikawaguchiko-machi"),
            Spell("28221", BEGIN, dt.date(2019, 5, 1), "篠山市", "ささやまし", "Sasayama-shi"),
            Spell("28221", dt.date(2019, 5, 1), None, "丹波篠山市", "たんばささやまし", "Tambasasayama-shi"),
        ),
    )
)


@pytest.mark.parametrize("written", ["浜北", "はまきた", "hamakita", "22218"])
def test_a_name_of_the_past_is_found_by_its_beginning_with_what_became_of_it(written: str) -> None:
    (found,) = NAMES.search(written, TODAY)
    assert str(found) == "22218 浜北市 (–2005-07-01) → 22130 浜松市"


def test_what_it_became_is_told_as_of_the_day() -> None:
    (found,) = NAMES.search("浜北市", dt.date(2006, 1, 1))
    assert [heir.code for heir in found.became] == ["22202"]
    assert NAMES.search("浜北市", dt.date(2005, 6, 30)) == []  # it is there


def test_a_divided_village_became_two() -> None:
    (found,) = NAMES.called("上九一色村", TODAY)
    assert [heir.ja for heir in found.became] == ["甲府市", "富士河口湖町"]


def test_the_old_name_of_a_code_in_use_is_of_the_past_and_its_new_one_is_not() -> None:
    assert [one.spell.ja for one in NAMES.search("篠山", TODAY)] == ["篠山市"]
    assert NAMES.called("丹波篠山市", TODAY) == []


def test_exactly_what_is_written_is_looked_for_in_a_table() -> None:
    assert NAMES.called("浜北", TODAY) == []
    assert [one.spell.code for one in NAMES.called("浜松市", TODAY)] == ["22202"]
