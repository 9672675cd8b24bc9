"""Area codes of JIS X 0401 (prefectures) and JIS X 0402 (municipalities), in every form they are written."""

from __future__ import annotations

import re
import unicodedata

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
_EXPECTED = "an area code such as 01100, 011002 (with check digit), R01100, C01100, 1100 or prefecture 1"


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
    text = unicodedata.normalize("NFKC", str(written)).strip()
    if text.isdecimal() and len(text) <= 2:
        return _existing(f"{int(text):02d}000", text)
    if text.isdecimal() and len(text) == 4:
        text = "0" + text
    found = _FORMS.fullmatch(text)
    if found is None or not text.isascii():
        raise InvalidAreaCode(f"{text[:80]!r} is no area code", [_finding(text, _EXPECTED)])
    code, digit = found[1], found[2]
    if digit is not None and int(digit) != check_digit(code):
        right = f"check digit {check_digit(code)}: {code}{check_digit(code)}"
        raise InvalidAreaCode(f"{text!r} has a wrong check digit", [_finding(text, right)])
    return _existing(code, text)


def _existing(code: str, written: str) -> str:
    if (code != NATION or len(written) < 5) and not 1 <= int(code[:2]) <= 47:
        raise InvalidAreaCode(
            f"{written!r} has no prefecture", [_finding(written, "a code that begins with 01 to 47")]
        )
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
