"""Small charts: what they draw, read back from their SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from geo.figures.ages import Ages
from geo.layers.charts import Line, Pyramid, Spread, marks_between, pyramid, sparkline, spread, trend

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str, element: str, kind: str) -> list[dict[str, str]]:
    """Return the attributes of the elements of a class."""
    found = ElementTree.fromstring(svg).iter(f"{SVG}{element}")
    return [dict(one.attrib) for one in found if one.get("class") == kind]


def words(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0, 1, [0, 0.5, 1]),
        (-0.4, 0.4, [-0.4, -0.2, 0, 0.2, 0.4]),
        (1_980_000, 2_230_000, [2e6, 2.1e6, 2.2e6]),
    ],
)
def test_an_axis_has_a_few_round_marks(low: float, high: float, marks: list[float]) -> None:
    assert marks_between(low, high) == pytest.approx(marks)


def test_a_line_of_time_is_open_where_its_series_breaks() -> None:
    points = [("2000", 1.0), ("2005", 2.0), ("2010", 5.0), ("2015", 4.0)]
    (path,) = drawn(sparkline(points, ["2010"]), "path", "own")
    assert re.findall("[ML]", path["d"]) == ["M", "L", "M", "L"]


def test_a_year_stands_where_its_share_of_the_time_is() -> None:
    (path,) = drawn(sparkline([("2000", 0.0), ("2005", 10.0), ("2020", 0.0)]), "path", "own")
    first, middle, last = (float(x) for x in re.findall(r"[ML]([\d.]+)", path["d"]))
    assert (middle - first) / (last - first) == pytest.approx(0.25, abs=0.005)


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other() -> None:
    ends = [Line(name, [("2000", 1.0), ("2020", 2.0)]) for name in ("塩尻市", "長野県", "全国")]
    svg = trend(ends, [], 1, "label")
    places = [float(drawn(svg, "text", kind)[0]["y"]) for kind in ("own", "second", "third")]
    assert min(abs(one - other) for one in places for other in places if one != other) >= 10.9
    assert {"塩尻市", "長野県", "全国"} <= set(words(svg))


def test_a_spread_shows_the_bar_that_holds_the_area_and_tells_what_lies_beyond() -> None:
    values = np.arange(1000.0)
    svg = spread(Spread(values, 450.0, np.array([10.0, 600.0])), 0, "median", "label")
    (own,) = drawn(svg, "rect", "own")
    # between 10 and 989 it has come 44.9 % of the way from 8 to 252
    assert float(own["x"]) <= 117.7 <= float(own["x"]) + float(own["width"])
    assert len(drawn(svg, "path", "second")) == 2
    assert {"≤ 10", "≥ 989", "median 500", "450"} <= set(words(svg))


def test_an_area_far_out_stands_where_it_is() -> None:
    values = np.append(np.arange(1.0, 1000.0), 100_000.0)
    svg = spread(Spread(values, 100_000.0, np.empty(0)), 0, "median", "label")
    (own,) = drawn(svg, "rect", "own")
    assert float(own["x"]) + float(own["width"]) == pytest.approx(251.5, abs=0.1)
    assert "100,000" in words(svg)


def test_a_lopsided_spread_is_told_in_powers_of_ten() -> None:
    towns = Spread(np.array([0.0, 10, 100, 10_000]), 10.0, np.empty(0))
    assert towns.is_lopsided
    assert towns.moved(towns.values).tolist() == [0, 1, 2, 4]  # nobody stands where one does
    assert not Spread(np.array([-1.0, 10, 100, 10_000]), 10.0, np.empty(0)).is_lopsided
    assert not Spread(np.array([1.0, 2, 3, 4]), 2.0, np.empty(0)).is_lopsided


def test_bars_of_a_pyramid_are_as_long_as_people_are_many() -> None:
    men, women = (*[10] * 18, 5, 99), (*[20] * 18, 40, 7)
    svg = pyramid(Pyramid(Ages(men, women, "x"), None, "男", "女"), "label")
    left, right = drawn(svg, "rect", "men"), drawn(svg, "rect", "women")
    assert (len(left), len(right)) == (19, 19)
    longest = float(right[-1]["width"])  # 40 people; those of unknown age are left out
    assert float(right[0]["width"]) == pytest.approx(longest / 2, abs=0.1)
    assert float(left[-1]["width"]) == pytest.approx(longest / 8, abs=0.1)
    assert float(left[0]["y"]) > float(left[-1]["y"])  # the youngest below
