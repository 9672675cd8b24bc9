"""The names that ship: Roman letters against kana, kana against two code lists."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest

from service.areas.names import read_names
from service.settings import HOME

CATALOG = HOME / "data" / "catalog"
#: As the places themselves write a long vowel.
THEIR_OWN = {
    "01454": "Tohma-cho",
    "09210": "Ohtawara-shi",
    "18483": "Ohi-cho",
    "27220": "Minoh-shi",
    "37303": "Ohchi-cho",
}
ROWS = {
    **{"": "あいうえお", "k": "かきくけこ", "s": "さしすせそ", "t": "たちつてと", "n": "なにぬねの"},
    **{"h": "はひふへほ", "m": "まみむめも", "r": "らりるれろ", "g": "がぎぐげご", "z": "ざじずぜぞ"},
    **{"d": "だぢづでど", "b": "ばびぶべぼ", "p": "ぱぴぷぺぽ"},
}
LETTERS = {kana: row + vowel for row, five in ROWS.items() for vowel, kana in zip("aiueo", five, strict=True)}
LETTERS |= {"し": "shi", "ち": "chi", "つ": "tsu", "ふ": "fu", "じ": "ji", "ぢ": "ji", "づ": "zu"}
LETTERS |= {"や": "ya", "ゆ": "yu", "よ": "yo", "わ": "wa", "を": "o", "ん": "n", "ー": ""}
SMALL = {"ゃ": "a", "ゅ": "u", "ょ": "o"}


def romanised(kana: str) -> str:
    """Return kana in Hepburn's letters, long vowels in full."""
    hiragana = "".join(chr(ord(one) - 0x60) if "ァ" <= one <= "ヶ" else one for one in kana)
    found, doubled = "", False
    for one in hiragana:
        if one == "っ":
            doubled = True
            continue
        if one in SMALL:
            found = found[:-1] + ("" if found.endswith(("shi", "chi", "ji")) else "y") + SMALL[one]
            continue
        letters = LETTERS[one]
        found += ("t" if letters.startswith("ch") else letters[:1]) * doubled + letters
        doubled = False
    return found


def plain(name: str) -> str:
    """Return letters in which long vowels are short, and m before b, m and p is n."""
    letters = re.sub("m(?=[bmp])", "n", re.sub("[^a-z]", "", name.lower()))
    while (shorter := letters.replace("ou", "o").replace("oo", "o").replace("uu", "u")) != letters:
        letters = shorter
    return letters


def test_the_romaniser_of_this_test_reads_kana() -> None:
    assert romanised("たんばささやまし") == "tanbasasayamashi"
    assert romanised("さっぽろしちゅうおうく") == "sapporoshichuuouku"
    assert romanised("ニセコちょう") == "nisekochou"
    assert plain("Tambasasayama-shi") == plain("tanbasasayamashi") == "tanbasasayamashi"


def test_every_english_name_reads_as_its_kana() -> None:
    others = {}
    for code, name in read_names(CATALOG).items():
        ward, _, city = name.en.partition(", ")
        if not code.endswith("000") and plain(romanised(name.kana)) != plain(city + ward):
            others[code] = name.en
    assert others == THEIR_OWN


@pytest.mark.parametrize(
    ("code", "name"),
    [("28221", "Tambasasayama-shi"), ("46223", "Minamikyushu-shi"), ("40231", "Nakagawa-shi")],
)
def test_a_place_has_its_present_name(code: str, name: str) -> None:
    assert read_names(CATALOG)[code].en == name


@pytest.mark.skipif("CHIIKI_REAL_DATA" not in os.environ, reason="CHIIKI_REAL_DATA is not set")
def test_kana_are_those_of_two_code_lists() -> None:
    codes = Path(os.environ["CHIIKI_REAL_DATA"]) / "codes"
    names = read_names(CATALOG)
    with (codes / "localgovjp-utf8.csv").open(encoding="utf-8-sig", newline="") as opened:
        of_one = {row["lgcode"][:5]: row["citykana"].replace(" ", "") for row in csv.DictReader(opened)}
    with (codes / "areacode_end.csv").open(encoding="utf-8-sig", newline="") as opened:
        of_other = {  # subprefectures stand in the place of districts in some prefectures
            row["city_code"]: row["city_name_kana"]
            if row["city_desig_name"].endswith(("郡", "局", "支庁"))
            else row["city_desig_name_kana"] + row["city_name_kana"]
            for row in csv.DictReader(opened)
            if not row["city_code"].endswith("000")
        }
    assert len(of_one) == 1_916
    for listed in (of_one, of_other):
        shared = listed.keys() & names.keys()
        assert len(shared) > 1_900
        assert {code: listed[code] for code in shared} == {code: names[code].kana for code in shared}
