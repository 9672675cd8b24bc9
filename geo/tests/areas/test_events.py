"""Two published lists of municipal changes, and the code lists at both ends of them."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from geo.areas.events import (
    ONLY_LINKED,
    ONLY_PUBLISHED,
    TWO_EVENTS,
    UNEXPLAINED,
    Event,
    Unexplained,
    changes_of,
    differences,
    read_codes,
    read_linked,
    read_published,
    unexplained,
)
from geo.areas.lineage import Change

REAL = os.environ.get("CHIIKI_REAL_DATA")
real = pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
DAY = dt.date(2006, 3, 1)


def an_event(
    from_code: str, to_code: str, kind: str = "編入合併", names: tuple[str, str] = ("", "")
) -> Event:
    return Event(DAY, from_code, to_code, kind, *names)


@pytest.fixture(scope="module")
def published() -> tuple[Event, ...]:
    return read_published(Path(str(REAL)) / "codes/absorption_separation.csv")


@pytest.fixture(scope="module")
def linked() -> tuple[Event, ...]:
    return read_linked(Path(str(REAL)) / "codes/municipal_changes.json")


@real
def test_two_independent_lists_agree_but_for_differences_of_known_reason(
    published: tuple[Event, ...], linked: tuple[Event, ...]
) -> None:
    told = Counter(difference.reason for difference in differences(published, linked))
    one_sided, keeps, separates, across, divides = (reason for reason, _ in ONLY_PUBLISHED)
    assert told == {
        one_sided: 350,  # 199 ends of districts, 86 new wards and districts, 59 of Okinawa, 6 of the north
        keeps: 355,  # 187 mergers into the code of one of them, 131 town statuses, 37 names
        separates: 23,
        across: 3,  # 鳳至郡, 2005-03-01
        divides: 1,  # 小倉区 40104, 1974-04-01: the linked list has 小倉北区 only
        ONLY_LINKED[0][0]: 170,
        TWO_EVENTS: 1,
    }


@real
def test_the_lists_agree_on_every_merger_that_changes_a_code(
    published: tuple[Event, ...], linked: tuple[Event, ...]
) -> None:
    kinds = {"新設合併", "編入合併", "政令指定都市施行", "区の再編"}
    moved = {event.pair for event in published if event.kind in kinds and event.from_code != event.to_code}
    assert len(moved) == 1472 + 447 + 14 + 8
    assert moved <= {event.pair for event in linked}


@real
def test_every_code_in_force_since_1970_is_explained(published: tuple[Event, ...]) -> None:
    codes = Path(str(REAL)) / "codes"
    start, end = read_codes(codes / "areacode_start.csv"), read_codes(codes / "areacode_end.csv")
    assert (len(start), len(end)) == (3376, 1919)
    assert unexplained(start, end, published, dt.date(2024, 5, 26)) == []


@real
def test_a_change_that_a_list_lacks_leaves_codes_unexplained(published: tuple[Event, ...]) -> None:
    codes = Path(str(REAL)) / "codes"
    start, end = read_codes(codes / "areacode_start.csv"), read_codes(codes / "areacode_end.csv")
    without = [event for event in published if event.from_code != "40305"]  # 那珂川町 → 那珂川市
    until = dt.date(2024, 5, 26)
    assert unexplained(start, end, without, until) == [
        Unexplained("40305", until, "in force by the events only"),
        Unexplained("40231", until, "in force by the code list only"),
    ]


def test_a_code_that_changes_without_being_in_force_is_told() -> None:
    told = unexplained(["19201"], ["19201"], [an_event("19341", "19201")], dt.date(2010, 1, 1))
    assert told == [Unexplained("19341", DAY, "changes and was not in force")]


def test_a_merger_that_one_list_has_alone_is_unexplained() -> None:
    ours = [an_event("19341", "19201"), an_event("19326", "19201")]
    theirs = [an_event("19326", "19201")]
    assert [(one.event.from_code, one.reason) for one in differences(ours, theirs)] == [
        ("19341", UNEXPLAINED)
    ]
    assert [(one.event.from_code, one.reason) for one in differences(theirs, ours)] == [
        ("19341", UNEXPLAINED)
    ]


def test_a_pair_of_another_kind_is_a_difference() -> None:
    (told,) = differences([an_event("1", "2", "分割")], [an_event("1", "2", "編入合併")])
    assert (told.other_kind, told.reason) == ("編入合併", UNEXPLAINED)


def test_districts_and_rows_of_one_side_are_no_changes_between_municipalities() -> None:
    events = [
        an_event("17420", "17462", "郡の区域変更", ("鳳至郡", "門前町")),
        an_event("17421", "17462", "郡の区域変更", ("穴水町", "門前町")),
        an_event("17422", "17462", "郡の区域変更", ("門前町", "門前町")),
        an_event("", "17460", "郡の新設", ("", "鳳珠郡")),
        an_event("17440", "17463", "郡の廃止", ("珠洲郡", "能登町")),
        an_event("01390", "01390", "名称変更", ("後志支庁", "後志総合振興局")),
    ]
    assert changes_of(events) == [Change(DAY, "郡の区域変更", "17422", "17462")]


def test_a_linked_list_is_read_with_the_words_of_the_published_one(tmp_path: Path) -> None:
    change = {
        "date": "1974-04-01",
        "reason": "divisionIntoSeveralMunicipalities",
        "old": {"code": "40102", "name": "八幡区"},
        "new": {"code": "40107", "name": "八幡東区"},
    }
    path = tmp_path / "changes.json"
    path.write_text(json.dumps({"changes": [change, change]}), encoding="utf-8")
    assert read_linked(path) == (Event(dt.date(1974, 4, 1), "40102", "40107", "分割", "八幡区", "八幡東区"),)
