"""Joins: codes and names find their areas, and what finds none is told."""

from __future__ import annotations

import gzip

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.areas.joins import Places, joined
from geo.areas.names import AreaNames
from geo.areas.tables import Table, check_answer, check_cells, read_table, values
from geo.errors import InvalidFile, InvalidParameter
from geo.tests.mutations import mutated_text, proven, refusal

NAMES = AreaNames(
    {
        "01000": ("北海道", ""),
        "10000": ("群馬県", ""),
        "13000": ("東京都", ""),
        "34000": ("広島県", ""),
        "01100": ("札幌市", ""),
        "10201": ("前橋市", ""),
        "13206": ("府中市", ""),
        "34208": ("府中市", ""),
    }
)
PLACES = Places(NAMES, {"01100", "10201", "13206", "34208"})


def test_codes_are_found_without_their_leading_zero_and_with_their_check_digit() -> None:
    table = read_table(b"code,n\n1100,1\n102016,2\n")
    found = joined(table, PLACES)
    assert [code for code, _ in found.matched] == ["01100", "10201"]
    assert found.unmatched == ()


def test_names_are_found_and_one_of_two_needs_its_prefecture() -> None:
    table = read_table("市区町村,n\n前橋市,1\n広島県府中市,2\n府中市,3\n".encode())
    found = joined(table, PLACES)
    assert [code for code, _ in found.matched] == ["10201", "34208"]
    assert [(one.where, one.value) for one in found.unmatched] == [("line 4", "府中市")]
    assert "東京都" in found.unmatched[0].expected


def test_what_lies_nowhere_elsewhere_or_twice_is_told_with_its_line() -> None:
    table = read_table("code,n\n99999,1\n10201,2\n10201,3\n13000,4\nどこか,5\n".encode())
    found = joined(table, PLACES)
    assert [code for code, _ in found.matched] == ["10201"]
    assert [one.where for one in found.unmatched] == ["line 2", "line 4", "line 5", "line 6"]
    assert "line 3 has it" in found.unmatched[1].expected


def test_a_table_in_shift_jis_reads_the_same() -> None:
    text = "地域名,値\n前橋市,1\n"
    assert read_table(text.encode("cp932")) == read_table(text.encode())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no header"),
        (b"a,a\n1,2\n", "no header"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1\n", "2 cells, as the header, not 1"),
        (b"\xff\xfe\x00\x81", "neither UTF-8 nor"),
        (b"a\n" + b"1\n" * 20_001, "at most 20,000 rows"),
    ],
)
def test_what_is_no_table_is_refused(body: bytes, told: str) -> None:
    with pytest.raises(InvalidFile, match=told):
        read_table(body)


WIDEST = ",".join(f"column {n}" for n in range(64))


@pytest.mark.parametrize(
    ("body", "where", "field", "value", "expected"),
    [
        (f"{WIDEST},one more\n", "line 1", "header", WIDEST[:80], "at most 64 columns, not 65"),
        ("," * 1_000_000, "line 1", "header", "," * 79, "at most 64 columns, not 1,000,001"),
        (f"code,{'数' * 201}\n", "line 1", "header", "数" * 80, "a name of at most 200 characters"),
        ('code,"人口\n(人)"\n', "line 1", "header", "人口\n(人)", "a name without line breaks"),
        ("code,a\x1bb\n", "line 1", "header", "a\x1bb", "other control characters"),
        (f"code,n\n10201,{'x' * 2001}\n", "line 2", "n", "x" * 80, "at most 2,000 characters, not 2,001"),
        ('code,n\n10201,"' + "x" * 200_000, "line 2", "cell", "", "at most 2,000 characters"),
        (f"code\n10201,{'x' * 90}\n", "line 2", "row", f"10201,{'x' * 74}", "1 cells, as the header, not 2"),
        (f"{WIDEST}\n" + f"{',' * 63}1\n" * 3907, "line 3908", "rows", "," * 63 + "1", "3,906 rows of 64"),
        ("code\n" + " " * (8 << 20), "file", "size", "more than 8,388,608 bytes", "fewer columns or rows"),
    ],
)
def test_a_table_beyond_its_bounds_is_refused_with_the_place(
    body: str, where: str, field: str, value: str, expected: str
) -> None:
    with pytest.raises(InvalidFile) as refused:
        read_table(body.encode())
    (finding,) = refused.value.findings
    assert (finding.where, finding.field, finding.value) == (where, field, value)
    assert expected in finding.expected


def test_a_table_at_its_bounds_is_read() -> None:
    longest = f"{WIDEST}\n" + "\n".join(",".join(["0.25"] * 64) for _ in range(3906))
    assert len(read_table(longest.encode()).rows) == 3906
    told = read_table(f"{'数' * 200},n\n{'x' * 2000},1\n".encode())
    assert told.rows == ((2, ("x" * 2000, "1")),)


def test_columns_for_more_areas_than_fit_are_refused() -> None:
    table = read_table(f"{WIDEST}\n{',' * 63}1\n".encode())
    check_cells(table, 3906)
    with pytest.raises(InvalidFile, match="at most 63 columns for 3,907 areas, not 64"):
        check_cells(table, 3907)


def test_an_answer_beyond_its_bound_is_refused() -> None:
    check_answer(16 << 20)
    with pytest.raises(InvalidFile, match="at most 16,777,216 bytes of answer"):
        check_answer((16 << 20) + 1)


def test_a_text_longer_than_any_name_is_unmatched_at_once() -> None:
    found = joined(read_table(f"name,n\n{'郡' * 2000},1\n前橋市,2\n".encode()), PLACES)
    assert [code for code, _ in found.matched] == ["10201"]
    (told,) = found.unmatched
    assert (told.where, told.value, told.expected) == (
        "line 2",
        "郡" * 80,
        "80 文字までのコードか名称 / a code or name of at most 80 characters",
    )


def test_a_key_is_named_or_known() -> None:
    table = Table(("x", "y"), ())
    assert joined(table, PLACES, "y").key == 1
    with pytest.raises(InvalidParameter):
        joined(table, PLACES, "z")
    with pytest.raises(InvalidParameter, match="No column names the areas"):
        joined(table, PLACES)


def codes_of(body: str, places: Places = PLACES, asked: str | None = None) -> dict[str, str]:
    """Return what the last column says of each area."""
    found = joined(read_table(body.encode()), places, asked)
    return {code: row[-1] for code, row in found.matched}


EVERYWHERE = AreaNames(
    {
        **NAMES.names,
        **{
            "02000": ("青森県", ""),
            "12000": ("千葉県", ""),
            "39000": ("高知県", ""),
            "20000": ("長野県", ""),
        },
        **{
            "01220": ("士別市", ""),
            "01221": ("名寄市", ""),
            "12203": ("市川市", ""),
            "12211": ("成田市", ""),
        },
        **{
            "10202": ("高崎市", ""),
            "01644": ("池田町", ""),
            "20481": ("池田町", ""),
            "39405": ("梼原町", ""),
        },
        **{"01101": ("札幌市中央区", ""), "13102": ("中央区", "")},
    },
    romans={"10000": "Gunma", "10201": "Maebashi-shi", "10202": "Takasaki-shi", "13000": "Tokyo"},
)
TOWNS = Places(
    EVERYWHERE, {code for code in EVERYWHERE.names if not code.endswith("000") and code != "01101"}, {"10199"}
)
PREFECTURES = Places(EVERYWHERE, {code for code in EVERYWHERE.names if code.endswith("000")})


# Another place's figure


@pytest.mark.parametrize(
    ("body", "read"),
    [
        # whole six digits beside those that lost their zero: 012203 士別市, 012211 名寄市
        ("code,n\n12203,11\n12211,12\n102016,13\n122033,14\n", {"01220": "11", "01221": "12", "12203": "14"}),
        # a name or a prefecture beside the code tells which it is, also alone
        ("code,name,n\n12203,士別市,11\n", {"01220": "11"}),
        ("code,name,n\n12203,市川市,11\n12211,成田市,12\n", {"12203": "11", "12211": "12"}),
        ("code,都道府県,n\n12203,北海道,11\n12211,北海道,12\n", {"01220": "11", "01221": "12"}),
        # nothing tells: neither
        ("code,n\n12203,11\n12211,12\n", {}),
        # prefectures of six digits without zeros
        ("code,n\n10006,11\n20001,12\n", {}),
    ],
)
def test_a_lost_zero_shows_no_other_places_figure(body: str, read: dict[str, str]) -> None:
    assert {code: n for code, n in codes_of(body, TOWNS).items() if code != "10201"} == read


def test_prefectures_of_six_digits_are_read_without_their_zeros() -> None:
    assert codes_of("code,n\n10006,11\n20001,12\n100005,13\n", PREFECTURES) == {
        "01000": "11",
        "02000": "12",
        "10000": "13",
    }


@pytest.mark.parametrize(
    "beside", ["name,n\n10201,高崎市", "県名,n\n10201,長野", "都道府県コード,n\n10201,20"]
)
def test_a_code_that_another_column_contradicts_is_told(beside: str) -> None:
    found = joined(read_table(f"code,{beside},5\n".encode()), TOWNS, "code")
    assert found.matched == ()
    (told,) = found.unmatched
    assert (told.where, told.value) == ("line 2", "10201")
    ja, _, en = told.expected.partition(" / ")
    assert ja.startswith("1行に1つの地域。これは10201 群馬県前橋市、横には")
    assert en.startswith("one area in a row: this is 10201 群馬県前橋市, and")


def test_a_name_in_another_prefecture_than_the_column_beside_it_is_told() -> None:
    found = joined(read_table("都道府県名,市区町村名,n\n長野県,前橋市,5\n".encode()), TOWNS)
    assert (found.matched, found.unmatched[0].value) == ((), "前橋市")
    assert "長野県" in found.unmatched[0].expected


def test_the_name_of_a_ward_without_its_city_does_not_contradict_its_code() -> None:
    wards = Places(EVERYWHERE, EVERYWHERE.names)
    assert codes_of("code,都道府県,name,n\n01101,北海道,中央区,5\n", wards) == {"01101": "5"}


@pytest.mark.parametrize(
    "body",
    [
        # 4 of 10 happen to be areas
        "code,n\n" + "".join(f"{code},1\n" for code in (10201, 10202, 12203, 12211, *range(30001, 30007))),
        # schools
        "code,n\n10201,1\n30011,1\n30012,1\n",
    ],
)
def test_codes_of_something_else_show_no_figure_where_some_happen_to_be_areas(body: str) -> None:
    found = joined(read_table(body.encode()), TOWNS)
    assert found.matched == ()
    ja, _, en = found.unmatched[0].expected.partition(" / ")
    assert ja.startswith("地域のコード：この列の")
    assert en.startswith("codes of areas; of the")


def test_numbers_beyond_47_are_none_of_prefectures() -> None:
    assert codes_of("code,n\n1,a\n13,b\n60,c\n", PREFECTURES) == {}
    assert codes_of("code,n\n1,a\n13,b\n99,c\n", PREFECTURES) == {"01000": "a", "13000": "b"}


def test_a_number_of_rows_is_no_code_where_prefectures_stand_beside_it() -> None:
    body = "code,都道府県名,n\n1,群馬県,5\n2,東京都,6\n"
    assert codes_of(body, PREFECTURES) == {"10000": "5", "13000": "6"}


def test_a_former_code_is_that_of_an_area_that_is_not_there() -> None:
    found = joined(read_table(b"code,n\n10199,1\n10201,2\n"), TOWNS)
    assert [code for code, _ in found.matched] == ["10201"]
    assert found.unmatched[0].expected == "結合先の単位の地域 / an area of the level that is joined to"


# Names


@pytest.mark.parametrize(
    "header", ["都道府県名", "都道府県", "県名", "Prefecture", "pref_name", "都道府県コード"]
)
def test_a_column_of_prefectures_tells_places_of_one_name_apart(header: str) -> None:
    rows = "東京都,府中市,1\n広島,府中市,2\n01,池田町,3\n200000,池田町,4\n,前橋市,5\n"
    body = f"{header},市区町村名,n\n{rows}"
    assert codes_of(body, TOWNS) == {
        **{"13206": "1", "34208": "2", "01644": "3", "20481": "4", "10201": "5"},
    }


def test_names_are_found_by_radicals_variants_and_in_roman_letters() -> None:
    assert codes_of("市町村,n\n檮原町,1\n⾼崎市,2\n", TOWNS) == {"39405": "1", "10202": "2"}
    assert codes_of("name_en,n\nMaebashi-shi,1\nTakasaki-shi,2\n", TOWNS) == {"10201": "1", "10202": "2"}
    assert codes_of("prefecture,n\nGunma,1\nTokyo-to,2\n", PREFECTURES) == {"10000": "1", "13000": "2"}
    assert codes_of("県名,n\n群馬,1\n東京,2\n北海道,3\n", PREFECTURES) == {
        **{"10000": "1", "13000": "2", "01000": "3"}
    }


def test_codes_that_excel_keeps_as_texts_are_codes() -> None:
    assert codes_of('code,n\n"=""01220""",1\n\'10201,2\n', TOWNS) == {"01220": "1", "10201": "2"}


# Which column is the key


@pytest.mark.parametrize(
    ("body", "key", "others"),
    [
        (
            "行政コード,都道府県,市郡,人口\n10201,群馬県,前橋市,300\n10202,群馬県,高崎市,400\n",
            "行政コード",
            ("市郡",),
        ),
        ("都道府県コード,市区町村名,人口\n10,前橋市,300\n10,高崎市,400\n", "市区町村名", ()),
        ("都道府県,場所,人口\n群馬県,前橋市,300\n群馬県,高崎市,400\n", "場所", ()),
        ("団体コード（６桁）,団体名,n\n102016,前橋市,1\n", "団体コード（６桁）", ("団体名",)),
        ("N03_007,n\n10201,1\n", "N03_007", ()),
        ("全国地方公共団体コード,n\n102016,1\n", "全国地方公共団体コード", ()),
        ("code,市区町村名,n\nA1,前橋市,1\nA2,高崎市,2\n", "市区町村名", ()),
        ("id,n\n10201,1\n10202,2\n12203,3\n12211,4\n13206,5\n", "id", ()),
    ],
)
def test_the_key_is_the_column_whose_cells_are_areas_of_the_level(
    body: str, key: str, others: tuple[str, ...]
) -> None:
    table = read_table(body.encode())
    found = joined(table, TOWNS)
    assert (table.header[found.key], found.other_keys) == (key, others)
    assert len(found.matched) == len(table.rows)


def test_counts_that_happen_to_be_codes_are_no_key() -> None:
    with pytest.raises(InvalidParameter, match="No column names the areas"):
        joined(read_table("町丁,人口\n本町,10201\n栄町,12203\n".encode()), TOWNS)


def test_a_table_of_another_level_tells_so_row_by_row() -> None:
    found = joined(read_table("都道府県名,n\n群馬県,1\n".encode()), TOWNS)
    assert [(one.value, one.expected) for one in found.unmatched] == [
        ("群馬県", "結合先の単位の地域 / an area of the level that is joined to")
    ]


# Lines that are no rows


def test_titles_notes_and_rows_of_another_length_are_told_and_the_rest_is_read() -> None:
    body = (
        '表１　人口\n\n団体コード,市区町村名,人口\n102016,前橋市,"300,001"\n102024,高崎市,400,002\n'
        "012203,士別市\n122033,市川市,5\n出典：例\n注：,例による\n"
    )
    table = read_table(body.encode())
    assert table.header == ("団体コード", "市区町村名", "人口")
    found = joined(table, TOWNS)
    assert [(code, row[-1]) for code, row in found.matched] == [("10201", "300,001"), ("12203", "5")]
    assert [(one.where, one.value) for one in found.unmatched] == [
        ("line 1", "表１　人口"),
        ("line 5", "102024,高崎市,400,002"),
        ("line 6", "012203,士別市"),
        ("line 8", "出典：例"),
        ("line 9", "注：,例による"),
    ]


def test_columns_without_name_and_cells_are_left_out_and_others_get_a_name() -> None:
    assert read_table(b"code,v,\n10201,1,\n10202,2,\n") == read_table(b"code,v\n10201,1\n10202,2\n")
    assert read_table(b"code,v,,,\n10201,1\n").rows == ((2, ("10201", "1")),)
    assert read_table(b",code,v,\n0,10201,1,x\n").header == ("column 1", "code", "v", "column 4")
    assert read_table(b"column 2,,code\nx,y,10201\n").header == ("column 2", "column 2_", "code")


def test_a_table_of_one_column_has_no_title() -> None:
    assert read_table("市区町村\n前橋市\n".encode()).header == ("市区町村",)


def test_a_quote_that_is_not_closed_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidFile, match="Line 3 cannot be read") as refused:
        read_table(b'code,n\n10201,1\n10202,"300')
    assert refused.value.findings[0].field == "cell"


def test_a_table_may_be_gzipped_and_is_refused_when_it_is_cut_or_too_large() -> None:
    body = b"code,n\n10201,1\n"
    assert read_table(gzip.compress(body)) == read_table(body)
    with pytest.raises(InvalidFile, match="no whole gzip file"):
        read_table(gzip.compress(body)[:-9])
    with pytest.raises(InvalidFile, match="too large"):
        read_table(gzip.compress(b"\n" * (9 << 20)))


# Values


@pytest.mark.parametrize(
    "cells",
    [
        ["1001_01", "1001_02"],
        ["3,11", "4,11"],
        ["1,2,3", "4"],
        ["01202", "10201"],
        ["００１", "２"],
        ["12E5", "13E5"],
        ["nan", "1"],
        ["inf", "1"],
        ["12345678901234567890", "1"],
        ["1.2.3", "1"],
        ["2024-04", "1"],
        ["3/11", "1"],
        ["12:30", "1"],
        ["１−２", "3"],
        ["1.", "2."],
        ["-", "X"],
        ["+81-3", "1"],
        ["-01", "1"],
    ],
)
def test_texts_that_look_like_numbers_stay_texts(cells: list[str]) -> None:
    table = Table(("a",), ())
    assert values(table, [(cell,) for cell in cells]) == {"a": cells}


def test_a_text_that_excel_keeps_stays_a_text() -> None:
    assert values(Table(("a",), ()), [('="12"',), ("13",)]) == {"a": ["12", "13"]}


def test_signs_of_statistics_are_missing_figures_and_kept_beside_them() -> None:
    table = Table(("n", "n_as_written"), ())
    rows = [
        ("1,234", "a"),
        ("-", ""),
        ("Ｘ", ""),
        ("…", ""),
        ("***", ""),
        ("△120", ""),
        ("▲0.5", ""),
        ("", ""),
    ]
    assert values(table, rows) == {
        "n": [1234, None, None, None, None, -120, -0.5, None],
        "n_as_written_": [None, "-", "Ｘ", "…", "***", "△120", "▲0.5", None],
        "n_as_written": ["a", None, None, None, None, None, None, None],
    }


GOOD = (
    '団体コード,都道府県名,市区町村名,人口,率(%)\n102016,群馬県,前橋市,"300,001",27.5\n'
    "012203,北海道,士別市,△5,0.5\n132063,東京都,府中市,…,1e-07\n342084,広島県,府中市,-,\n合計,,,300006,\n出典：例\n"
)


@given(mutated_text(GOOD), st.sampled_from([TOWNS, PREFECTURES]))
@proven
def test_a_mutated_table_is_joined_or_refused_with_its_place(data: bytes, places: Places) -> None:
    def answer() -> bytes:
        table = read_table(data)
        found = joined(table, places)
        assert {code for code, _ in found.matched} <= set(places.codes)
        assert len(found.matched) + found.unmatched_total == len(table.rows) + len(table.strays)
        return orjson.dumps(values(table, [row for _, row in found.matched]))

    refusal(answer)


def test_columns_of_numbers_are_numbers_and_codes_stay_texts() -> None:
    table = Table(("a", "b", "c"), ())
    rows = [("1,234", "01100", "12.5"), ("−2", "10201", ""), ("", "13206", "some 3")]
    assert values(table, rows) == {
        "a": [1234, -2, None],
        "b": ["01100", "10201", "13206"],
        "c": ["12.5", None, "some 3"],
    }


def test_a_number_too_large_for_an_integer_stays_a_number() -> None:
    told = values(Table(("a",), ()), [("1e+300",), ("9007199254740991",), ("−1e+19",)])["a"]
    assert told == [1e300, 9007199254740991, -1e19]
    assert orjson.loads(orjson.dumps(told)) == told


def test_a_row_of_the_past_is_told_what_became_of_it_and_no_other_row() -> None:
    fates = {
        "大胡町": "10304 大胡町 (–2004-12-05) → 10201 前橋市",
        "10304": "10304 → 10201",
        "前橋市": "never asked",
    }
    places = Places(NAMES, {"10201"}, {"10304"}, lambda written: fates.get(written, ""))
    table = read_table("地域,n\n大胡町,1\n10304,2\n前橋市,3\n前橋市,4\nどこか,5\n".encode())
    found = joined(table, places)
    expected = {one.where: one.expected for one in found.unmatched}
    assert expected["line 2"].endswith("; 10304 大胡町 (–2004-12-05) → 10201 前橋市")
    assert expected["line 3"].endswith("an area of the level that is joined to; 10304 → 10201")
    assert expected["line 5"].endswith("each area once; line 4 has it")
    assert "→" not in expected["line 6"]
