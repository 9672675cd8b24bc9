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
        ("愛知県⻄尾市", "23213"),
        ("愛知県⻑久⼿市", "23238"),
        ("⻑野県⻑野市", "20201"),
        ("⻘森県⿊⽯市", "02204"),
        ("⾭森県五所川原市", "02205"),
        ("埼⽟県⼾⽥市", "11224"),
        ("岩⼿県⼀関市", "03209"),
        ("⻤北町", "38488"),
        ("奈良県葛\U000e0100城市", "29211"),
        ("前橋\u200b市\ufeff", "10201"),
        ("高知県高岡郡檮原町", "39405"),
        ("高知県梼原町", "39405"),
        ("宮城県塩釜市", "04203"),
        ("宮城県鹽竈市", "04203"),
        ("東京都檜原村", "13307"),
        ("桧原村", "13307"),
        ("廣島縣吳市", "34202"),
        ("京都府与謝郡與謝野町", "26465"),
        ("茨城県鹿島市", "08222"),
        ("佐賀県鹿島市", "41207"),
        ("岐阜県飛驒市", "21217"),
        ("函舘市", "01202"),
        ("冨山県氷見市", "16205"),
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


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *(("群馬", "10000"), ("群馬県", "10000"), ("東京", "13000"), ("京都", "26000"), ("北海道", "01000")),
        *(("⻑崎", "42000"), ("縣", None), ("北海", None), ("前橋市", None), ("", None), ("関東", None)),
        *(("10", "10000"), ("100005", "10000"), ("10000", "10000"), ("48", None), ("Gunma-ken", "10000")),
        *(("gunma", "10000"), ("Tōkyō-to", "13000"), ("Hokkaido", "01000"), ("Maebashi-shi", None)),
    ],
)
def test_a_prefecture_alone_has_short_names_and_numbers(written: str, code: str | None) -> None:
    prefectures = {"01000": "Hokkaido", "10000": "Gunma", "13000": "Tokyo"}
    names = AreaNames(names_on(dt.date(2024, 10, 1)).names, romans=prefectures)
    assert names.prefecture(written) == code


def test_names_in_roman_letters_are_found_where_they_are_given(names: AreaNames) -> None:
    romans = {
        "10201": "Maebashi-shi",
        "13206": "Fuchu-shi",
        "34208": "Fuchu-shi",
        "01101": "Sapporo-shi Chuo-ku",
    }
    found = AreaNames(names.names, romans=romans)
    assert found.place("Maebashi-shi").code == "10201"
    assert found.place("maebashi shi").code == "10201"
    assert found.place("Sapporo-shi Chūō-ku").code == "01101"
    assert found.place("Fuchū-shi", "34000").code == "34208"
    with pytest.raises(UnmatchedName, match="names 2 areas"):
        found.place("Fuchu-shi")
    with pytest.raises(UnmatchedName, match="names no area"):
        names.place("Maebashi-shi")


@pytest.mark.parametrize(
    ("code", "written", "agrees"),
    [
        *(("10201", "前橋市", True), ("10201", "群馬県前橋市", True), ("10201", "長野県前橋市", False)),
        *(("10201", "高崎市", False), ("10201", "前橋市役所", None), ("10201", "群馬県", None)),
        *(("12203", "士別市", False), ("01220", "士別市", True), ("13206", "府中市", True)),
        *(
            ("01101", "中央区", True),
            ("01101", "札幌市", True),
            ("13102", "札幌市", False),
            ("99999", "前橋市", None),
        ),
    ],
)
def test_a_name_beside_a_code_agrees_or_not_or_says_nothing(
    names: AreaNames, code: str, written: str, agrees: bool | None
) -> None:
    assert names.agrees(code, written) is agrees


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
