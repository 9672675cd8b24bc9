"""Population grids: the forms they come in, and cells that give their ages to a neighbour."""

from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from geo.errors import InvalidFile, InvalidRows
from geo.transit.grids import read_grid

REAL = os.environ.get("CHIIKI_REAL_DATA")
ESTAT = (
    "KEY_CODE,HTKSYORI,HTKSAKI,GASSAN,T1,T2,T3,T4\r\n"
    ",,,,　人口（総数）,　６５歳以上人口　総数,　７５歳以上人口　総数,　世帯総数\r\n"
    "5339461131,1,,5339461132;5339461133,50,30,10,20\r\n"
    "5339461132,2,5339461131,,4,*,*,2\r\n"
    "5339461133,2,5339461131,,6,*,*,3\r\n"
    "5339461134,0,,,100,25,5,40\r\n"
)


def file(folder: Path, text: str, name: str = "grid.txt", encoding: str = "cp932") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding, newline="")
    return path


def test_a_cell_that_was_merged_shares_ages_by_total_population(tmp_path: Path) -> None:
    grid = read_grid([file(tmp_path, ESTAT)])
    assert (grid.digits, len(grid), grid.spread) == (10, 4, 3)
    assert grid.columns["population"].tolist() == [50, 4, 6, 100]
    assert grid.columns["population_65_plus"].tolist() == [25, 2, 3, 25]
    assert grid.columns["population_75_plus"].tolist() == pytest.approx([50 / 6, 4 / 6, 1, 5])
    assert grid.columns["households"].tolist() == [20, 2, 3, 40]


def test_parts_of_a_cell_in_two_files_are_added_up(tmp_path: Path) -> None:
    one = file(tmp_path, "KEY_CODE,pop\n533946113,4\n", "a.csv")
    other = file(tmp_path, "KEY_CODE,pop\n533946113,3\n533946114,1\n", "b.csv")
    grid = read_grid([one, other])
    assert (grid.codes.tolist(), grid.columns["population"].tolist(), grid.joined) == (
        ["533946113", "533946114"],
        [7, 1],
        1,
    )


def test_a_population_that_is_not_told_is_missing_for_a_reason_and_not_nobody(tmp_path: Path) -> None:
    rows = (
        "533946111,*,*",
        "533946112,X,",
        "533946113,,2",
        "533946114,…,1",
        "533946121,0,0",
        "533946122,7,*",
    )
    grid = read_grid([file(tmp_path, "\n".join(["code,pop,pop65", *rows]), encoding="utf-8")])
    assert grid.statuses.tolist() == ["secret", "secret", "not_available", "not_available", "ok", "ok"]
    assert np.isnan(grid.columns["population"]).tolist() == [True, True, True, True, False, False]
    assert grid.columns["population"][4:].tolist() == [0, 7]
    assert grid.without_figure == {"not_available": 2, "secret": 2}
    assert np.isnan(grid.columns["population_65_plus"]).tolist() == [True, True, False, False, False, True]


def test_a_cell_of_which_a_part_is_not_told_has_no_total(tmp_path: Path) -> None:
    one = file(tmp_path, "KEY_CODE,pop\n533946113,4\n533946114,*\n", "a.csv")
    other = file(tmp_path, "KEY_CODE,pop\n533946113,*\n533946114,1\n", "b.csv")
    grid = read_grid([one, other])
    assert grid.statuses.tolist() == ["secret", "secret"]
    assert np.isnan(grid.columns["population"]).all()


def test_a_suppressed_total_takes_no_part_of_the_ages_of_its_group(tmp_path: Path) -> None:
    text = ESTAT.replace("5339461132,2,5339461131,,4,", "5339461132,2,5339461131,,*,")
    grid = read_grid([file(tmp_path, text)])
    assert grid.statuses.tolist() == ["ok", "secret", "ok", "ok"]
    aged = grid.columns["population_65_plus"].tolist()
    assert [aged[0], aged[2], aged[3]] == [pytest.approx(30 * 50 / 56), pytest.approx(30 * 6 / 56), 25]
    assert np.isnan(aged[1])
    assert grid.spread == 2


def test_a_table_without_header_is_code_and_population(tmp_path: Path) -> None:
    grid = read_grid([file(tmp_path, "623927494,26,8,18,8\n")])
    assert {name: column.tolist() for name, column in grid.columns.items()} == {
        "population": [26.0],
        "households": [8.0],
    }


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("", InvalidFile, "empty"),
        ("a,b\n1,2\n", InvalidFile, "no mesh codes"),
        ("code,area\n533946113,1\n", InvalidFile, "no population"),
        ("code,pop\n533946115,1\n", InvalidRows, "line 2"),
        ("code,pop\n533946113,many\n", InvalidRows, "a count of people"),
        ("code,pop\n533946113,1\n53394611,1\n", InvalidFile, "one size"),
    ],
)
def test_what_is_no_grid_is_refused(tmp_path: Path, text: str, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        read_grid([file(tmp_path, text)])


@pytest.mark.skipif(REAL is None, reason="the published grids are in CHIIKI_REAL_DATA")
def test_the_published_grids_keep_their_sums() -> None:
    folder = Path(str(REAL)) / "mesh"
    estat = read_grid([folder / "tblT001102Q5240.txt"])
    assert (len(estat), estat.digits) == (4397, 10)
    assert [np.nansum(estat.columns[name]) for name in ("population", "population_65_plus")] == [
        115_588,
        pytest.approx(49_863),
    ]
    assert len(read_grid([folder / "population_mesh_third_half_hokkaido_2010.csv"])) == 45_723


# Files as they are handed out, and as they arrive


def zipped(folder: Path, *texts: str) -> Path:
    path = folder / "tblT001101H5439.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in enumerate(texts):
            archive.writestr(f"{place or ''}tblT001101H5439.txt", text.encode("cp932"))
    return path


def test_a_zip_of_one_text_is_read_as_the_text(tmp_path: Path) -> None:
    packed, plain = read_grid([zipped(tmp_path, ESTAT)]), read_grid([file(tmp_path, ESTAT)])
    assert packed.codes.tolist() == plain.codes.tolist()
    assert packed.columns["population"].tolist() == plain.columns["population"].tolist()


def test_a_gzipped_table_is_read_as_the_table(tmp_path: Path) -> None:
    path = tmp_path / "grid.csv.gz"
    path.write_bytes(gzip.compress(b"code,pop\n533946113,7\n"))
    assert read_grid([path]).columns["population"].tolist() == [7]


def test_a_zip_of_several_texts_is_refused_with_their_names(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="holds 2 files") as refused:
        read_grid([zipped(tmp_path, ESTAT, ESTAT)])
    assert refused.value.findings[0].value == "1tblT001101H5439.txt, tblT001101H5439.txt"


def test_a_fault_in_a_zip_is_told_by_the_name_of_its_text(tmp_path: Path) -> None:
    with pytest.raises(InvalidRows) as refused:
        read_grid([zipped(tmp_path, ESTAT.replace("5339461134,0", "5339461139,0"))])
    assert refused.value.findings[0].where == "tblT001101H5439.zip tblT001101H5439.txt line 6"


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        (ESTAT.removesuffix(",25,5,40\r\n"), "line 6", "row"),
        (ESTAT.removesuffix("5,40\r\n") + "5,4,0\r\n", "line 6", "row"),
        (ESTAT + "5339461134,0,,,100,25,5,40\r\n", "line 7", "row"),
        ("623927494,26,8,18,8\n623927591,181\n", "line 2", "row"),
        ("code,pop,pop65\n533946113,1,234\n533946114,1,234,10\n", "line 3", "row"),
        ('code,pop\n533946113,1\n533946114,"2\n533946121,3\n', "line 3", "row"),
    ],
    ids=["cut off", "a cell too many", "told twice", "without header", "a comma too many", "open quote"],
)
def test_a_row_that_is_not_whole_is_refused_by_its_line(
    tmp_path: Path, text: str, line: str, field: str
) -> None:
    with pytest.raises((InvalidRows, InvalidFile)) as refused:
        read_grid([file(tmp_path, text)])
    assert [(one.where, one.field) for one in refused.value.findings] == [(f"grid.txt {line}", field)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [("HTKSAKI", "SAKI", "gathered"), (ESTAT[ESTAT.index(",,,,") :], "", "no population")],
    ids=["no receivers", "no labels"],
)
def test_mesh_statistics_without_what_they_all_have_are_refused(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(InvalidFile, match=told):
        read_grid([file(tmp_path, ESTAT.replace(old, new))])


def test_a_file_given_twice_is_refused_and_not_added_up(tmp_path: Path) -> None:
    one, other = file(tmp_path, ESTAT, "a.txt"), file(tmp_path, ESTAT, "b.txt")
    with pytest.raises(InvalidFile, match=r"b\.txt is given twice"):
        read_grid([one, other])


def test_counts_with_full_width_digits_and_thousands_are_read(tmp_path: Path) -> None:
    grid = read_grid([file(tmp_path, 'code,pop\n533946113,"1,234"\n533946114,１２\n')])
    assert grid.columns["population"].tolist() == [1234, 12]


# Whole prefectures of the 2020 census

#: As in Hiroshima's file: a cell of 45 people holds the ages of its neighbour's 3 as well.
WITHOUT_LABELS = (
    "KEY_CODE,HTKSYORI,HTKSAKI,GASSAN," + ",".join(f"T001101{number:03}" for number in range(1, 25)) + "\r\n"
    "513204612,1,,513204614,45," + "0," * 17 + "27,13,14,18,6,12\r\n"
    "513204614,2,513204612,,3,1,2" + ",*" * 21 + "\r\n"
)


def test_columns_without_labels_are_told_by_their_numbers(tmp_path: Path) -> None:
    grid = read_grid([file(tmp_path, WITHOUT_LABELS)])
    assert grid.columns["population"].tolist() == [45, 3]
    assert grid.columns["population_65_plus"].tolist() == pytest.approx([27 * 45 / 48, 27 * 3 / 48])
    assert grid.columns["population_75_plus"].tolist() == pytest.approx([18 * 45 / 48, 18 * 3 / 48])


def test_ages_are_shared_with_a_cell_of_another_file(tmp_path: Path) -> None:
    head = "".join(ESTAT.splitlines(keepends=True)[:2])
    one = file(tmp_path, head + "5339461131,1,,5339471132,50,30,10,20\r\n", "5339.txt")
    other = file(tmp_path, head + "5339471132,2,5339461131,,10,*,*,2\r\n", "5340.txt")
    for order in ([one, other], [other, one]):
        grid = read_grid(order)
        assert grid.columns["population_65_plus"].tolist() == [25, 5]
        assert (grid.spread, grid.joined) == (2, 0)


def test_a_cell_that_two_prefectures_share_keeps_the_ages_of_both(tmp_path: Path) -> None:
    head = "".join(ESTAT.splitlines(keepends=True)[:2])
    rows = "5339461131,1,,5339461132,50,30,10,20\r\n5339461132,2,5339461131,,10,*,*,2\r\n"
    one = file(tmp_path, head + rows, "34.txt")
    other = file(tmp_path, head + "5339461132,0,,,7,3,1,2\r\n", "35.txt")
    for order in ([one, other], [other, one]):
        grid = read_grid(order)
        assert grid.columns["population"].tolist() == [50, 17]
        assert grid.columns["population_65_plus"].tolist() == [25, 5 + 3]


#: Prefecture → files, cells, and people, 65+ and 75+ as the census has them (SSDSE-A: 広島県, 和歌山県).
CENSUS = {
    "hiroshima": ("hiroshima-2020/tblT001101H34.csv.gz", 13_975, (2_799_702, 811_931, 422_028)),
    "wakayama": ("wakayama-2020/tblT001100S30.txt.gz", 2_237, (922_584, 305_500, 162_676)),
}


@pytest.mark.skipif(REAL is None, reason="the published grids are in CHIIKI_REAL_DATA")
@pytest.mark.parametrize("prefecture", CENSUS)
def test_the_ages_of_a_whole_prefecture_are_those_of_the_census(prefecture: str) -> None:
    name, cells, sums = CENSUS[prefecture]
    grid = read_grid([Path(str(REAL)) / "mesh" / name])
    columns = ("population", "population_65_plus", "population_75_plus")
    assert len(grid) == cells
    assert [grid.columns[column].sum() for column in columns] == pytest.approx(sums)


@pytest.mark.skipif(REAL is None, reason="the published grids are in CHIIKI_REAL_DATA")
def test_the_four_first_meshes_around_fukuoka_are_one_grid() -> None:
    grid = read_grid(sorted((Path(str(REAL)) / "mesh/fukuoka-2020").glob("*.txt.gz")))
    assert (len(grid), grid.columns["population"].sum()) == (26_954, 7_961_116)
    assert not np.isnan(grid.columns["population_75_plus"]).any()
