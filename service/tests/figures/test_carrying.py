"""How values came to stand on their boundaries, as it is stored and combined."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.figures.carrying import Carrying

DATES = (dt.date(2015, 10, 1), dt.date(2020, 10, 1))


@given(st.lists(st.integers(0, 5)))
def test_marks_are_read_as_they_were_stored(marks: list[int]) -> None:
    stored = Carrying(np.array(marks, np.uint8), DATES)
    found = Carrying.of(stored.packed, list(DATES))
    assert (found.marks.tolist(), found.dates) == (marks, DATES)


def test_the_marks_of_all_municipalities_take_a_few_bytes_where_they_are_alike() -> None:
    assert len(Carrying.on(DATES[0], np.full(1_747, True)).packed) < 30


def test_where_nothing_is_told_no_boundaries_are_named() -> None:
    found = Carrying.on(DATES[0], np.array([False, False]))
    assert (found.marks.tolist(), found.dates) == ([0, 0], ())


def test_what_is_computed_names_the_boundaries_of_all_that_it_is_made_of() -> None:
    first = Carrying(np.array([1, 3, 0], np.uint8), DATES[1:])
    second = Carrying(np.array([4, 1, 1], np.uint8), DATES[:1])
    found = Carrying.together([first, second], np.array([True, True, False]))
    assert found.dates == DATES
    assert found.told(np.arange(3)) == ["apportioned", "summed", None]
