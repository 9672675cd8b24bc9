"""Area codes against published ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.codes import DESIGNATED_CITIES, WARD_CITY, area_code, area_codes, check_digit, kind_of, prefecture_of
from geo.errors import InvalidAreaCode

#: 全国地方公共団体コード as published, six digits
PUBLISHED = [
    "010006", "011002", "012025", "012033", "023078", "023213", "024112", "043028",
    "044041", "221384", "312011", "312029", "393860",
]  # fmt: skip


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_have_the_right_check_digit(code: str) -> None:
    assert area_code(code) == code[:5]


@pytest.mark.parametrize(
    ("code", "digit"),
    [("13000", 1), ("04216", 1), ("40231", 1), ("22130", 9), ("22139", 2), ("22140", 6), ("01000", 6)],
)
def test_every_branch_of_the_check_digit(code: str, digit: int) -> None:
    assert check_digit(code) == digit


@pytest.mark.parametrize("wrong", ["011003", "393861"])
def test_a_wrong_check_digit_is_refused_with_the_right_one(wrong: str) -> None:
    with pytest.raises(InvalidAreaCode, match="check digit") as refusal:
        area_code(wrong)
    assert str(check_digit(wrong[:5])) in refusal.value.findings[0].expected


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("01100", "01100"),
        ("R01100", "01100"),
        ("C01100", "01100"),
        ("C47361-20020401", "47361"),
        (1100, "01100"),
        (1, "01000"),
        ("13", "13000"),
        ("０１１００", "01100"),
        (" 13103 ", "13103"),
        ("00000", "00000"),
    ],
)
def test_codes_are_read_in_every_form(written: str | int, code: str) -> None:
    assert area_code(written) == code


@pytest.mark.parametrize(
    "written", ["", "abc", "99999", "48000", "48", "123", "01100 01101", "-1100", "R011002x", "1e4"]
)
def test_what_is_no_code_is_refused(written: str) -> None:
    with pytest.raises(InvalidAreaCode):
        area_code(written)


#: 市川市 12203 and 士別市 01220 (012203), 成田市 12211 and 名寄市 01221 (012211), 流山市 12220 and
#: 三笠市 01222 (012220), 前橋市 10201 (102016), 札幌市 01100 (011002), 青森県 02000 (020001).
AREAS = {"12203", "01220", "12211", "01221", "12220", "01222", "10201", "01100", "02000"}


@pytest.mark.parametrize(
    ("column", "codes"),
    [
        # six digits, of which a spreadsheet took zeros away
        (["12203", "12211", "12220", "102016"], ["01220", "01221", "01222", "10201"]),
        (["12203", "122033"], ["01220", "12203"]),
        (["12203", "11002", "20001"], ["01220", "01100", "02000"]),
        # five digits
        (["12203", "12211", "10201"], ["12203", "12211", "10201"]),
        (["12203", "1100"], ["12203", "01100"]),
        (["12203"], ["12203"]),
        (["12203.0", "1100.0"], ["12203", "01100"]),
        (["１２２０３", "１０２０１６"], ["01220", "10201"]),
        # both, and no cell that could be both
        (["10201", "011002"], ["10201", "01100"]),
        # both forms, or none that tells: 12203 stays open
        (["12203", "10201", "122033"], [None, "10201", "12203"]),
        (["12203", "12211"], [None, None]),
        (["12203", "1100", "102016"], [None, "01100", "10201"]),
        # no area has five digits, and nothing says that a zero is gone
        (["11002"], [None]),
        (["11002", "10201"], [None, "10201"]),
    ],
)
def test_a_lost_zero_never_makes_another_area(column: list[str], codes: list[str | None]) -> None:
    found = area_codes(column, AREAS.__contains__)
    assert [code if isinstance(code, str) else None for code in found] == codes


@dataclass
class Told:
    """What stands beside cells: place and code → whether it is the code's."""

    told: Callable[[int, str], bool | None]

    def agrees(self, place: int, code: str) -> bool | None:
        return self.told(place, code)

    def written(self, place: int) -> str:
        return f"市 {place}"

    def called(self, code: str) -> str:
        return f"{code} 市"


def test_what_stands_beside_a_code_tells_its_form() -> None:
    names = {0: "01220", 1: "12211"}
    told = Told(lambda place, code: code == names[place])
    assert area_codes(["12203", "12211"], AREAS.__contains__, told) == ["01220", "12211"]
    denied = Told(lambda _, code: None if code == "01220" else False)
    assert area_codes(["12203", "12203"], AREAS.__contains__, denied) == ["01220", "01220"]


def expected(code: str | InvalidAreaCode) -> tuple[str, str]:
    """Return what a refusal expects, in Japanese and in English."""
    assert isinstance(code, InvalidAreaCode)
    ja, _, en = code.findings[0].expected.partition(" / ")
    return ja, en


def test_a_code_that_may_be_two_is_refused_with_both() -> None:
    (error, _) = area_codes(["12203", "12211"], AREAS.__contains__)
    assert expected(error) == (
        "先頭の 0 を落とさず桁をそろえたコード：12203 は 12203 か、0 の落ちた 012203",
        "codes in one form, with their zeros: 12203 is 12203, or 012203 without its zero",
    )


def test_a_code_beside_which_another_area_stands_is_refused_with_both() -> None:
    (error,) = area_codes(["10201"], AREAS.__contains__, Told(lambda _place, _code: False))
    assert expected(error) == (
        "1行に1つの地域。これは10201 市、横には市 0",
        "one area in a row: this is 10201 市, and 市 0 stands beside it",
    )


def test_codes_of_something_else_are_no_areas_where_some_happen_to_be() -> None:
    column = ["10201", "30011", "30012"]
    area, *others = area_codes(column, AREAS.__contains__)
    assert expected(area) == (
        "地域のコード：この列の 3 個のうち地域は 1 個だけ",
        "codes of areas; of the 3 of this column only 1 are",
    )
    assert others == ["30011", "30012"]
    named = Told(lambda place, _code: place == 0 or None)
    assert area_codes(column, AREAS.__contains__, named)[0] == "10201"
    assert expected(area_codes(["2", "60"], AREAS.__contains__)[0]) == (
        "都道府県の番号 1〜47：この列は 60 まである",
        "numbers of prefectures, 1 to 47; this column goes to 60",
    )


@pytest.mark.parametrize(
    ("written", "ja", "en"),
    [
        ("011003", "検査数字 2：011002", "check digit 2: 011002"),
        ("99999", "01〜47 で始まるコード", "a code that begins with 01 to 47"),
        ("県庁", "地域のコード（01100、検査数字付きの", "an area code such as 01100, 011002"),
    ],
)
def test_what_a_code_should_be_is_told_in_both_languages(written: str, ja: str, en: str) -> None:
    told = expected(area_codes([written, "10201", "12203"], AREAS.__contains__)[0])
    assert told[0].startswith(ja)
    assert told[1].startswith(en)


@given(st.lists(st.text("0123456789R.", max_size=8), max_size=8))
def test_any_column_is_codes_or_refusals(column: list[str]) -> None:
    found = area_codes(column, AREAS.__contains__)
    assert len(found) == len(column)
    assert all(isinstance(code, InvalidAreaCode) or len(code) == 5 for code in found)


@given(st.text(max_size=12))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    try:
        assert len(area_code(text)) == 5
    except InvalidAreaCode as refusal:
        assert refusal.findings[0].expected  # noqa: PT017 - both outcomes are right


@pytest.mark.parametrize(
    ("code", "name", "kind"),
    [
        ("01000", "北海道", "prefecture"),
        ("14130", "川崎市", "designated_city"),
        ("27147", "堺市美原区", "ward"),
        ("13123", "江戸川区", "special_ward"),
        ("01202", "函館市", "city"),
        ("01303", "当別町", "town"),
        ("01695", "色丹村", "village"),
        ("00000", "全国", "nation"),
    ],
)
def test_a_code_tells_what_an_area_is(code: str, name: str, kind: str) -> None:
    assert kind_of(code, name) == kind


def test_twenty_designated_cities_have_175_wards_in_2021() -> None:
    # retired: 27101, 27112 (1989), 27105, 27110 … of Osaka are gone; the blocks hold them too
    assert len(DESIGNATED_CITIES) == 20
    assert WARD_CITY["14131"] == "14130"
    assert WARD_CITY["22138"] == "22130"
    assert prefecture_of("22138") == "22000"
