"""Registers of feeds: which feeds may be taken, and from where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from geo.errors import InvalidFile, InvalidRows
from geo.transit.registers import choice, read_register

REAL = os.environ.get("CHIIKI_REAL_DATA")
HEAD = "feed_id,prefcode,label,Management,fixed_current_url,license_name,note\n"


def written(folder: Path, rows: str, head: str = HEAD) -> Path:
    path = folder / "register.csv"
    path.write_text("\ufeff" + head + rows)
    return path


def test_a_feed_is_taken_at_its_first_address_whose_licence_allows_it(tmp_path: Path) -> None:
    rows = (
        "f1,10,市バス,2,https://b.example/1.zip,CC BY 4.0,\n"
        "f1,10,市バス,1,https://a.example/1.zip,GTFS Responsible Use License (GTFS-RU),\n"
        "f2,16,鉄道,1,http://a.example/2.zip,CC 0,\n"
        "f3,16,船,1,https://a.example/3.zip,(オープンデータとして公開),\n"
    )
    register = read_register(written(tmp_path, rows))
    chosen = choice(register)
    assert [(one.id, one.url) for one in chosen.feeds] == [
        ("f1", "https://b.example/1.zip"),
        ("f2", "http://a.example/2.zip"),
    ]
    assert dict(chosen.refused) == {"(オープンデータとして公開)": 1}
    wider = choice(register, licences=["(オープンデータとして公開)"], prefectures=["16"])
    assert [one.id for one in wider.feeds] == ["f2", "f3"]
    assert [one.id for one in choice(register, ids=["f2"]).feeds] == ["f2"]


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a.example/1.zip", "https:///1.zip", "https://u:p@a/1"]
)
def test_an_address_that_is_not_of_the_web_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidRows) as refused:
        read_register(written(tmp_path, f"f1,10,市バス,1,{url},CC 0,\n"))
    assert [(one.where, one.field) for one in refused.value.findings] == [("line 2", "fixed_current_url")]


def test_a_table_without_the_columns_is_no_register(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="no register"):
        read_register(written(tmp_path, "f1,x\n", "feed_id,url\n"))


@pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
def test_the_published_register_is_read(tmp_path: Path) -> None:
    register = read_register(Path(str(REAL)) / "transit" / "GTFS_fixedURL.csv")
    chosen = choice(register)
    # 1,080 rows, 789 feeds; of ten no address has an open licence
    assert (len(register), len({one.id for one in register}), len(chosen.feeds)) == (1_080, 789, 779)
    assert sum(chosen.refused.values()) == 10
