"""Area codes of JIS X 0401 (prefectures) and JIS X 0402 (municipalities), in every form they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from geo.errors import Finding, InvalidAreaCode

#: The six villages of the Northern Territories: polygons without statistics.
NORTHERN_TERRITORIES = frozenset({"01695", "01696", "01697", "01698", "01699", "01700"})
NATION = "00000"
SPECIAL_WARDS = "13100"
#: Code of a metropolitan bloc (三大都市圏) in the report on internal migration → its region set.
BLOCS = {"51000": "tokyo-area", "52000": "nagoya-area", "53000": "osaka-area"}

#: Designated city → first and last code of its wards, retired ones included. It is a table because the
#: blocks follow no rule (川崎 is 14130, its wards 14131 on); a ward code never belonged to two cities.
_WARD_BLOCKS = {
    "01100": (1101, 1110),
    "04100": (4101, 4105),
    "11100": (11101, 11110),
    "12100": (12101, 12106),
    "14100": (14101, 14118),
    "14130": (14131, 14137),
    "14150": (14151, 14153),
    "15100": (15101, 15108),
    "22100": (22101, 22103),
    "22130": (22131, 22140),
    "23100": (23101, 23116),
    "26100": (26101, 26111),
    "27100": (27101, 27128),
    "27140": (27141, 27147),
    "28100": (28101, 28111),
    "33100": (33101, 33104),
    "34100": (34101, 34108),
    "40100": (40101, 40109),
    "40130": (40131, 40137),
    "43100": (43101, 43105),
}
DESIGNATED_CITIES = frozenset(_WARD_BLOCKS)
WARD_CITY = {
    f"{code:05d}": city for city, (first, last) in _WARD_BLOCKS.items() for code in range(first, last + 1)
}

#: 01100 · 011002 (with check digit) · R01100 (SSDSE) · C01100, C01100-20020401 (statistics LOD)
_FORMS = re.compile(r"(?:[RC])?(\d{5})(\d)?(?:-\d{8})?")
_EXPECTED = (
    "地域のコード（01100、検査数字付きの 011002、R01100、C01100、1100、都道府県の 1） / "
    "an area code such as 01100, 011002 (with check digit), R01100, C01100, 1100 or prefecture 1"
)
#: Numbers that tables of prefectures have beside 1 to 47: the nation, and others from 90 on.
NO_PREFECTURE, OTHERS = 48, 90


def check_digit(code: str) -> int:
    """Return the check digit of a five-digit code (全国地方公共団体コード, sixth digit).

    Examples
    --------
    >>> check_digit("01100"), check_digit("31201"), check_digit("39386")
    (2, 1, 0)
    """
    weighted = sum(weight * int(digit) for weight, digit in zip((6, 5, 4, 3, 2), code, strict=True))
    return (11 - weighted % 11) % 10


def area_code(written: str | int) -> str:
    """Return the five digits of an area code, whatever form it is written in.

    Parameters
    ----------
    written : ``"01100"``, ``"011002"`` (its check digit is verified), ``"R01100"`` (SSDSE), ``"C01100"``
        (statistics LOD, with or without date), an integer that lost its leading zero (1100), or a
        prefecture number 1 to 47 (RESAS); full-width digits are accepted

    Raises
    ------
    InvalidAreaCode : another form, a wrong check digit, or a prefecture above 47

    Examples
    --------
    >>> area_code("011002"), area_code("R01100"), area_code(1100), area_code("1")
    ('01100', '01100', '01100', '01000')
    """
    text = _plain(str(written))
    if text.isdecimal() and len(text) <= 2:
        return _existing(f"{int(text):02d}000", text)
    if text.isdecimal() and len(text) == 4:
        text = "0" + text
    found = _FORMS.fullmatch(text)
    if found is None or not text.isascii():
        raise InvalidAreaCode(f"{text[:80]!r} is no area code", [_finding(text, _EXPECTED)])
    code, digit = found[1], found[2]
    if digit is not None and int(digit) != check_digit(code):
        digit = str(check_digit(code))
        right = f"検査数字 {digit}：{code}{digit} / check digit {digit}: {code}{digit}"
        raise InvalidAreaCode(f"{text!r} has a wrong check digit", [_finding(text, right)])
    return _existing(code, text)


@dataclass(frozen=True)
class _FiveDigits:
    """What five digits may be: a code, or the rest of six whose leading zero a spreadsheet took away."""

    written: str
    whole: str | None
    rest: str | None

    @classmethod
    def of(cls, digits: str, is_area: Callable[[str], bool]) -> _FiveDigits:
        code = f"0{digits[:4]}"
        is_rest = digits[0] != "0" and int(digits[4]) == check_digit(code) and is_area(code)
        return cls(digits, digits if is_area(digits) else None, code if is_rest else None)

    @property
    def codes(self) -> list[str]:
        return [code for code in (self.whole, self.rest) if code]


class Beside(Protocol):
    """What stands beside the codes of a column: names of areas, prefectures, or nothing."""

    def agrees(self, place: int, code: str) -> bool | None:
        """Return whether what stands beside a cell (by its place) is a code's; None where it says nothing."""
        ...

    def written(self, place: int) -> str:
        """Return what stands there."""
        ...

    def called(self, code: str) -> str:
        """Return what the area of a code is called."""
        ...


class _Nothing:
    """Nothing stands beside the codes."""

    def agrees(self, place: int, code: str) -> bool | None:
        return None

    def written(self, place: int) -> str:
        return ""

    def called(self, code: str) -> str:
        return code


NOTHING: Beside = _Nothing()


def area_codes(
    written: Sequence[str], is_area: Callable[[str], bool], beside: Beside = NOTHING
) -> list[str | InvalidAreaCode]:
    """Return the five digits of each code of a column, or why a cell is none.

    Whoever reads a column of codes reads it here, so that no figure is shown for another place. Five digits
    are a code, or six whose leading zero a spreadsheet took away: 12203 is 市川市, and 士別市's 012203. What
    stands beside a cell decides; else the column, by its cells that can be read one way only. Where it holds
    both forms, or says nothing, such a cell is refused, and so is one that another area stands beside, and
    every area of a column of which fewer than half are areas (schools have codes of five digits too). A code
    that no area has is returned as it is: what it should be, the caller tells.

    Parameters
    ----------
    written : the cells, in any form of ``area_code``
    is_area : whether an area has or had a code

    Examples
    --------
    >>> is_area = {"12203", "01220", "10201", "01221"}.__contains__
    >>> area_codes(["12203", "102016"], is_area), area_codes(["12203", "10201"], is_area)
    (['01220', '10201'], ['12203', '10201'])
    """
    texts = [_plain(text).removesuffix(".0") for text in written]
    fives = {text: _FiveDigits.of(text, is_area) for text in set(texts) if _is_digits(text, 5)}
    form = _form(set(texts), fives, is_area)
    read = [_code_of(place, text, fives, form, beside) for place, text in enumerate(texts)]
    strange = _strangers(dict(zip(texts, read, strict=True)), is_area)
    if beside is NOTHING and not strange:
        return read
    return [
        _agreed(place, texts[place], code, strange if isinstance(code, str) and is_area(code) else "", beside)
        for place, code in enumerate(read)
    ]


def _agreed(
    place: int, text: str, code: str | InvalidAreaCode, strange: str, beside: Beside
) -> str | InvalidAreaCode:
    """Return a code unless what stands beside it, or the rest of its column, says that it is none."""
    if isinstance(code, InvalidAreaCode):
        return code
    says = beside.agrees(place, code)
    if says is False:
        return another_area(text, beside.called(code), beside.written(place))
    if strange and not says:
        return InvalidAreaCode(f"{text!r} is in a column of other codes", [_finding(text, strange)])
    return code


def another_area(written: str, named: str, beside: str) -> InvalidAreaCode:
    """Return the refusal of what stands for the area ``named`` where another stands beside it."""
    expected = (
        f"1行に1つの地域。これは{named}、横には{beside} / "
        f"one area in a row: this is {named}, and {beside} stands beside it"
    )
    return InvalidAreaCode(f"{written!r} is another area", [_finding(written, expected)])


def _strangers(read: Mapping[str, str | InvalidAreaCode], is_area: Callable[[str], bool]) -> str:
    """Return why the codes of a column are those of something else than areas; empty where they are not."""
    codes = {text: code for text, code in read.items() if code != NATION and text.isdecimal()}
    areas = sum(is_area(code) for code in codes.values() if isinstance(code, str))
    areas += sum(isinstance(code, InvalidAreaCode) and is_area(text) for text, code in codes.items())
    if areas * 2 < len(codes):
        return (
            f"地域のコード：この列の {len(codes):,} 個のうち地域は {areas:,} 個だけ / "
            f"codes of areas; of the {len(codes):,} of this column only {areas:,} are"
        )
    numbers = {int(text) for text in codes if len(text) < 3}
    if any(NO_PREFECTURE < number < OTHERS for number in numbers):
        return (
            f"都道府県の番号 1〜47：この列は {max(numbers)} まである / "
            f"numbers of prefectures, 1 to 47; this column goes to {max(numbers)}"
        )
    return ""


def _plain(text: str) -> str:
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def _is_digits(text: str, count: int) -> bool:
    return len(text) == count and text.isascii() and text.isdigit()


def _form(texts: Collection[str], fives: Mapping[str, _FiveDigits], is_area: Callable[[str], bool]) -> int:
    """Return which form five digits of a column have: 5, 6 (one was lost) or, where that is open, 0."""
    both = [one for one in fives.values() if one.whole and one.rest]
    rests = sum(one.whole is None and one.rest is not None for one in fives.values())
    # the nation is written 00000 beside codes of either form
    wholes = sum(
        one.whole is not None and one.rest is None for one in fives.values() if one.written != NATION
    )
    wholes += sum(_is_digits(text, 4) and is_area(f"0{text}") for text in texts)
    sixes = sum(_is_digits(text, 6) and is_area(text[:5]) for text in texts)
    if not wholes and (sixes or rests > 1):
        return 6
    return 5 if not sixes and not rests and (wholes or len(both) < 2) else 0


def _code_of(
    place: int,
    text: str,
    fives: Mapping[str, _FiveDigits],
    form: int,
    beside: Beside,
) -> str | InvalidAreaCode:
    digits = fives.get(text)
    if digits is not None and digits.whole and not digits.rest:
        return digits.whole
    if digits is None or not digits.codes:
        try:
            return area_code(text)
        except InvalidAreaCode as error:
            return error
    if not digits.whole and form == 6:
        return digits.codes[0]
    told = {code: beside.agrees(place, code) for code in digits.codes}
    said = [code for code, says in told.items() if says]
    left = said or [code for code, says in told.items() if says is None]
    if len(left) == 1 and (said or len(told) > 1):
        return left[0]
    if code := {5: digits.whole, 6: digits.rest}.get(form):
        return code
    expected = (
        f"先頭の 0 を落とさず桁をそろえたコード：{text} は {text} か、0 の落ちた 0{text} / "
        f"codes in one form, with their zeros: {text} is {text}, or 0{text} without its zero"
    )
    return InvalidAreaCode(f"{text!r} may be two codes", [_finding(text, expected)])


def _existing(code: str, written: str) -> str:
    if (code != NATION or len(written) < 5) and not 1 <= int(code[:2]) <= 47:
        expected = "01〜47 で始まるコード / a code that begins with 01 to 47"
        raise InvalidAreaCode(f"{written!r} has no prefecture", [_finding(written, expected)])
    return code


def _finding(written: str, expected: str) -> Finding:
    return Finding("value", "area_code", written, expected)


def prefecture_of(code: str) -> str:
    """Return the code of the prefecture an area lies in.

    >>> prefecture_of("13103")
    '13000'
    """
    return code[:2] + "000"


def city_of(code: str) -> str:
    """Return the code of the designated city that a ward lies in; any other code is its own.

    >>> city_of("01101"), city_of("13103")
    ('01100', '13103')
    """
    return WARD_CITY.get(code, code)


def kind_of(code: str, name: str = "") -> str:
    """Return what an area is.

    Returns
    -------
    ``nation``, ``prefecture``, ``designated_city``, ``ward`` (of a designated city), ``special_ward``
    (of Tokyo), ``city``, ``town`` or ``village``. Towns and villages share their code range, so the last
    character of the name (町, 村) decides.

    Examples
    --------
    >>> kind_of("14130"), kind_of("14131"), kind_of("13103"), kind_of("01695", "色丹村")
    ('designated_city', 'ward', 'special_ward', 'village')
    """
    if code == NATION:
        return "nation"
    if code.endswith("000"):
        return "prefecture"
    if code in DESIGNATED_CITIES:
        return "designated_city"
    if code in WARD_CITY:
        return "ward"
    if "13101" <= code <= "13123":
        return "special_ward"
    if code[2] == "2":
        return "city"
    return "village" if name.endswith("村") else "town"
