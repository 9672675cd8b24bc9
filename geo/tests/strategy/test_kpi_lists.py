"""Lists of what KPIs have reached: read, or refused by line and field; no code is another place's."""

from __future__ import annotations

import pytest
from hypothesis import given

from geo.areas.names import AreaNames
from geo.errors import InvalidFile, InvalidRows
from geo.strategy.kpi_lists import Areas, read_actuals
from geo.tests.mutations import mutated_text, proven, refusal

#: 12203 is 市川市, and what a spreadsheet leaves of 士別市's 012203; 12211 成田市 and 名寄市.
NAMES = {
    **{"01000": "北海道", "10000": "群馬県", "12000": "千葉県", "01100": "札幌市", "01101": "札幌市中央区"},
    **{"01220": "士別市", "01221": "名寄市", "10201": "前橋市", "12203": "市川市", "12211": "成田市"},
}
AREAS = Areas({"00000", "tokyo-area", *NAMES}.__contains__, AreaNames({c: (n, "") for c, n in NAMES.items()}))
HEAD = "area,area_name,period,value,source_title\n"


def listed(*rows: tuple[str, str]) -> bytes:
    return (HEAD + "".join(f"{code},{name},2025,5,統計\n" for code, name in rows)).encode()


def codes_of(body: bytes) -> list[str]:
    return [one.area for _, one in read_actuals(body, AREAS)]


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        # whole six digits in the list: the others lost their zeros
        ([("12203", ""), ("12211", ""), ("102016", "")], ["01220", "01221", "10201"]),
        ([("12203", ""), ("10201", "")], ["12203", "10201"]),
        # the name beside decides, whatever the rest of the list says
        ([("12203", "士別市"), ("10201", "")], ["01220", "10201"]),
        ([("12203", "千葉県市川市"), ("102016", "")], ["12203", "10201"]),
        ([("1100", "札幌市中央区")], ["01100"]),
        # the nation, a region set and a prefecture's number are no codes that could be others
        ([("00000", ""), ("tokyo-area", ""), ("12", "")], ["00000", "tokyo-area", "12000"]),
        ([("12203", ""), ("00000", ""), ("102016", "")], ["01220", "00000", "10201"]),
    ],
)
def test_a_code_that_lost_its_zero_is_no_other_places(rows: list[tuple[str, str]], codes: list[str]) -> None:
    assert codes_of(listed(*rows)) == codes


def test_json_says_the_same_as_csv() -> None:
    body = '[{"area": 12203, "period": 2025, "value": 5}, {"area": "102016", "period": "2025", "value": 6}]'
    assert codes_of(body.encode()) == ["01220", "10201"]


MAY_BE_TWO = (
    "先頭の 0 を落とさず桁をそろえたコード：12203 は 12203 か、0 の落ちた 012203",
    "codes in one form, with their zeros: 12203 is 12203, or 012203 without its zero",
)


@pytest.mark.parametrize(
    ("rows", "line", "ja", "en"),
    [
        ([("12203", ""), ("12211", "")], "line 2", *MAY_BE_TWO),
        (
            [("012203", "市川市")],
            "line 2",
            "1行に1つの地域。これは01220 北海道士別市、横には12203 千葉県市川市",
            "one area in a row: this is 01220 北海道士別市, and 12203 千葉県市川市 stands beside it",
        ),
        ([("10201", ""), ("012204", "")], "line 3", "検査数字 3：012203", "check digit 3: 012203"),
        # schools, of which one number happens to be 前橋市's code
        (
            [("30011", ""), ("30012", ""), ("10201", "")],
            "line 4",
            "地域のコード：この列の 3 個のうち地域は 1 個だけ",
            "codes of areas; of the 3 of this column only 1 are",
        ),
    ],
)
def test_a_code_that_cannot_be_is_told_with_its_line_in_both_languages(
    rows: list[tuple[str, str]], line: str, ja: str, en: str
) -> None:
    with pytest.raises(InvalidRows) as refused:
        read_actuals(listed(*rows), AREAS)
    finding = refused.value.findings[0]
    assert (finding.where, finding.field) == (line, "area")
    assert finding.expected == f"{ja} / {en}"


@pytest.mark.parametrize(
    ("body", "where", "field"),
    [
        ("area,period,value\n01206,2025,about 5\n", "line 2", "value"),
        ("area,period,value,colour\n01206,2025,5,red\n", "line 1", "colour"),
        ("area,area,value\n01206,2025,5\n", "line 1", "area"),
        ("area,value\n01206,5\n", "line 1", "period"),
        ("area,period,value\n01206,2025,5,6\n", "line 2", "row"),
        ('area,period,value\n01206,2025,"5\n', "line 2", "row"),
        ("area,period,value\n", "file", "rows"),
        ('[{"area":"01206","period":"2025","value":5}, 7]', "entry 2", "entry"),
        ('[{"area":"01206","period":"2025","value":5,"color":1}]', "entry 1", "color"),
        ('[{"area":"01206","period":"2025","value":5,"note":"\\u0000"}]', "body", "text"),
        ('[{"area":"01206","period":"2025","value":5,"note":"\\u0007"}]', "entry 1", "note"),
        ("[{", "line 1", "json"),
    ],
)
def test_a_wrong_list_is_refused_by_place_and_field(body: str, where: str, field: str) -> None:
    with pytest.raises((InvalidFile, InvalidRows)) as refused:
        read_actuals(body.encode(), AREAS)
    assert (where, field) in [(one.where, one.field) for one in refused.value.findings]


GOOD = (
    HEAD + '10201,前橋市,2025,"1,080",統計\n012203,,2026,…,統計\n'
    "tokyo-area,,2025,7,統計\n00000,,2025,8,統計\n"
)


@given(mutated_text(GOOD))
@proven
def test_a_mutated_list_is_read_or_refused_with_its_place(data: bytes) -> None:
    refusal(lambda: read_actuals(data, AREAS))


@given(
    mutated_text(
        '[{"area":"10201",\n"period":"2025","value":1080},\n{"area":12203,\n"period":2026,"value":null}]'
    )
)
@proven
def test_a_mutated_json_list_is_read_or_refused_with_its_place(data: bytes) -> None:
    refusal(lambda: read_actuals(data, AREAS))
