"""Names as people write them, against the table of names that ships."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from geo.areas.lineage import Change, absent
from geo.areas.names import AreaNames, Place, listed
from geo.errors import UnmatchedName

CATALOG = Path(__file__).parents[3] / "data" / "catalog"


def names_on(date: dt.date) -> AreaNames:
    with (CATALOG / "area_names.csv").open(encoding="utf-8", newline="") as opened:
        names = {row["code"]: (row["name_ja"], row["district"]) for row in csv.DictReader(opened)}
    with (CATALOG / "area_changes.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    changes = [
        Change(dt.date.fromisoformat(r["date"]), r["kind"], r["from_code"], r["to_code"]) for r in rows
    ]
    gone = absent(date, changes)
    former = [(r["from_code"], r["from_name"]) for r in rows if r["from_code"] == r["to_code"]]
    return AreaNames({code: name for code, name in names.items() if code not in gone}, former)


@pytest.fixture(scope="module")
def names() -> AreaNames:
    return names_on(dt.date(2024, 10, 1))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("北海道", "01000"),
        ("神奈川県茅ヶ崎市", "14207"),
        ("神奈川県茅ケ崎市", "14207"),
        ("茅が崎市", "14207"),
        ("神奈川県 茅ｹ崎市", "14207"),
        ("青森県鰺ヶ沢町", "02321"),
        ("青森県鯵ヶ沢町", "02321"),
        ("青森県西津軽郡鰺ヶ沢町", "02321"),
        ("岩手県金ケ崎町", "03381"),
        ("七ヶ宿町", "04302"),
        ("長野県北安曇郡池田町", "20481"),
        ("長野県池田町", "20481"),
        ("北海道池田町", "01644"),
        ("古宇郡泊村", "01403"),
        ("北海道国後郡泊村", "01696"),
        ("東京都府中市", "13206"),
        ("広島県府中市", "34208"),
        ("兵庫県丹波篠山市", "28221"),
        ("浜松市", "22130"),
        ("浜松市中央区", "22138"),
        ("大阪府大阪市北区", "27127"),
        ("福岡県那珂川市", "40231"),
    ],
)
def test_a_name_is_found(names: AreaNames, written: str, code: str) -> None:
    assert names.place(written).code == code


def test_a_former_name_of_the_same_code_is_found(names: AreaNames) -> None:
    assert names.place("兵庫県篠山市").code == "28221"


@pytest.mark.parametrize(
    ("written", "candidates"),
    [
        ("池田町", ["01644", "18382", "20481", "21404"]),
        ("府中市", ["13206", "34208"]),
        ("北海道泊村", ["01403", "01696"]),
    ],
)
def test_an_ambiguous_name_is_refused_with_the_candidates_and_their_codes(
    names: AreaNames, written: str, candidates: list[str]
) -> None:
    with pytest.raises(UnmatchedName) as refusal:
        names.place(written)
    (finding,) = refusal.value.findings
    assert [code for code in candidates if code in finding.expected] == candidates
    assert finding.expected.count("、") == len(candidates) - 1


def test_a_name_that_lies_elsewhere_is_refused_with_where_it_lies(names: AreaNames) -> None:
    with pytest.raises(UnmatchedName, match="elsewhere") as refusal:
        names.place("北海道茅ヶ崎市")
    assert "14207 神奈川県茅ヶ崎市" in refusal.value.findings[0].expected


@pytest.mark.parametrize("written", ["塩尻", "スマート市", "志摩地域", "川崎市横須賀市"])
def test_a_name_is_never_matched_by_likeness(names: AreaNames, written: str) -> None:
    with pytest.raises(UnmatchedName, match="no area"):
        names.place(written)


def test_a_name_holds_on_its_date() -> None:
    assert names_on(dt.date(2018, 1, 1)).place("福岡県那珂川町").code == "40305"
    with pytest.raises(UnmatchedName):
        names_on(dt.date(2024, 10, 1)).place("静岡県浜松市中区")
    assert names_on(dt.date(2023, 1, 1)).place("静岡県浜松市中区").code == "22131"


def test_a_part_of_a_place_is_kept_in_words(names: AreaNames) -> None:
    assert names.place("鳥取県米子市（一部）") == Place("31202", "鳥取県米子市（一部）", "一部")


def test_lists_are_split_outside_brackets() -> None:
    assert listed("三重県多気町、大台町・明和町; 度会町\n玉城町（田丸、外城田）") == [
        *("三重県多気町", "大台町", "明和町", "度会町", "玉城町(田丸、外城田)")
    ]


def test_a_prefecture_holds_for_the_names_after_it(names: AreaNames) -> None:
    found = dict(names.places("三重県多気町、大台町、明和町、北海道札幌市、池田町"))
    codes = [place.code if isinstance(place, Place) else "" for place in found.values()]
    assert codes == ["24441", "24443", "24442", "01100", "01644"]
