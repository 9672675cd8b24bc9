"""What happened to municipalities, in sentences: mergers of the published list, as they are known."""

from __future__ import annotations

import datetime as dt

import pytest

from geo.areas.chronicle import Entry, entries, touching, words
from geo.areas.history import History
from geo.areas.lineage import Change
from geo.tests.areas.test_history import TODAY, day, shipped
from geo.text import Text


def called(code: str, date: dt.date) -> Text:
    spell = shipped().name(code, date)
    assert spell is not None, (code, date)
    return {"ja": spell.ja, "en": spell.en}


def told(code: str, on: dt.date = TODAY, history: History | None = None) -> list[tuple[str, str, str]]:
    found = touching((history or shipped().municipal).chronicle, code, on)
    sentences = [(str(entry.date), words(entry, called)) for entry in found]
    return [(date, text["ja"], text["en"]) for date, text in sentences]


@pytest.mark.parametrize(
    ("code", "date", "ja", "en"),
    [
        ("22130", "2005-07-01", "浜松市が2市8町1村を編入", "Hamamatsu-shi took in 11 municipalities"),
        ("22130", "2007-04-01", "浜松市が政令指定都市に", "Hamamatsu-shi became a designated city"),
        (
            "15226",
            "2004-11-01",
            "六日町と大和町が合併して南魚沼市に",
            "Muika-machi and Yamato-machi merged into Minamiuonuma-shi",
        ),
        (
            "11100",
            "2001-05-01",
            "浦和市・大宮市・与野市が合併してさいたま市に",
            "Urawa-shi, Omiya-shi and Yono-shi merged into Saitama-shi",
        ),
        (
            "19201",
            "2006-03-01",
            "甲府市が中道町と上九一色村の一部を編入",
            "Kofu-shi took in Nakamichi-machi and part of Kamikuishiki-mura",
        ),
        (
            "08222",
            "1995-09-01",
            "鹿島町が大野村を編入し、鹿嶋市に",
            "Kashima-machi took in Ono-mura, becoming Kashima-shi",
        ),
        ("21206", "2005-02-13", "中津川市が3町4村を編入", "Nakatsugawa-shi took in 7 municipalities"),
        (
            "04216",
            "2016-10-10",
            "富谷町が市制を施行し、富谷市に",
            "Tomiya-machi gained city status as Tomiya-shi",
        ),
        (
            "27231",
            "1987-10-01",
            "狭山町が市制を施行し、大阪狭山市に",
            "Sayama-cho gained city status as Osakasayama-shi",
        ),
        (
            "28221",
            "2019-05-01",
            "篠山市が丹波篠山市に名称変更",
            "Sasayama-shi was renamed Tambasasayama-shi",
        ),
        (
            "11238",
            "2011-01-04",
            "蓮田市が名称の表記を変更",
            "Hasuda-shi changed how its name is written",
        ),
        ("01472", "2010-04-01", "幌加内町の属する郡が変わる", "Horokanai-cho moved to another district"),
    ],
)
def test_what_happened_is_told_in_a_sentence(code: str, date: str, ja: str, en: str) -> None:
    assert (date, ja, en) in told(code)


def test_changes_of_wards_are_told_of_wards() -> None:
    assert told("22138", history=shipped())[-1] == (
        "2024-01-01",
        "5区が再編されて浜松市中央区に",
        "5 wards were reorganised into Chuo-ku, Hamamatsu-shi",
    )
    assert ("2024-01-01", "浜松市天竜区が再編されて新しい浜松市天竜区に") in [
        sentence[:2] for sentence in told("22140", history=shipped())
    ]
    (divided,) = (entry for entry in shipped().chronicle if entry.origins == ("40102",))
    assert words(divided, called)["ja"] == "北九州市小倉区が北九州市小倉北区と北九州市小倉南区に分かれる"
    (parted,) = (entry for entry in shipped().chronicle if entry.origins == ("40135",))
    assert words(parted, called)["ja"] == "福岡市西区から福岡市城南区と福岡市早良区が分かれる"


def test_a_town_of_the_past_is_told_what_became_of_it() -> None:
    assert [date for date, *_ in told("22218", day("2005-06-30"))] == ["2005-07-01", "2007-04-01"]


def test_a_divided_village_has_both_its_ways_and_no_others() -> None:
    found = touching(shipped().municipal.chronicle, "19341", day("2006-02-28"))
    assert [entry.targets for entry in found if entry.date == day("2006-03-01")] == [("19201",), ("19430",)]
    assert all("19341" in entry.parts for entry in found if entry.date == day("2006-03-01"))
    # 甲府市 does not take part in what else 富士河口湖町 is made of
    assert "19430" not in {
        code for entry in touching(shipped().municipal.chronicle, "19201", TODAY) for code in entry.targets
    }


def test_every_change_between_municipalities_is_in_an_entry_of_its_day() -> None:
    municipal = shipped().municipal
    in_entries = {(entry.date, code) for entry in municipal.chronicle for code in entry.origins}
    assert {(change.date, change.from_code) for change in municipal.changes} <= in_entries


def test_a_day_with_one_event_into_another_is_one_entry() -> None:
    on = dt.date(2000, 1, 1)
    chained = [Change(on, "編入合併", "00001", "00002"), Change(on, "市制施行", "00002", "00003")]
    assert entries(chained) == (Entry(on, "編入合併", ("00001", "00002"), ("00003",), frozenset(), "00002"),)
