"""Static maps: projection, frames, paths and the layout around them."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import pytest
from PIL import ImageFont

from geo.layers.drawing import (
    BOLD,
    DOT,
    LONGEST,
    MAIN,
    OGASAWARA,
    ORIGIN,
    SOUTH_WEST,
    Drawn,
    Frame,
    Layout,
    Row,
    Wording,
    framed,
    largest_radius,
    layout,
    mercator,
    nation,
    paths,
    text_width,
    to_svg,
    window_of,
    wrapped,
)

NOTO = Path("/usr/share/fonts/opentype/noto")
SIZES = [(400, 300), (800, 600), (1200, 630), (1600, 900), (600, 900), (200, 200), (2400, 400)]


def wording(rows: int = 6, heading: str = "高齢化率（%）", lang: str = "ja", note: str = "") -> Wording:
    return Wording(
        lang=lang,
        heading=heading,
        subtitle="2020年（令和2年）　市区町村別",
        rows=tuple(Row("#b10026", f"{10 * row}.0 〜 {10 * row + 9}.9", 1152) for row in range(rows)),
        counted="地域数",
        note=note,
        credit="出典：「令和2年国勢調査」（総務省統計局）を加工して作成、「国土数値情報（行政区域データ）」"
        "（国土交通省）を加工して作成",
        summary="地図です。",
    )


def square(west: float, south: float, side: float) -> bytes:
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return orjson.dumps({"type": "Polygon", "coordinates": [ring]})


def test_the_ordinate_is_that_of_mercator() -> None:
    # ln tan(45° + 60°/2) = ln(2 + √3) = 1.316957897, in degrees 75.4561293
    assert float(mercator(60.0)) == pytest.approx(75.4561293)
    assert float(mercator(0.0)) == pytest.approx(0, abs=1e-12)


def test_a_window_is_shown_whole_and_in_the_middle() -> None:
    frame = framed((139.0, 35.0, 141.0, 36.0), 10, 20, 400, 400)
    assert frame.scale == pytest.approx(200)  # 2 degrees of longitude on 400 pixels
    west, south, east, north = frame.bounds
    assert (west, east) == pytest.approx((139, 141))
    assert south < 35 < 36 < north
    assert float(mercator(35.0)) - float(mercator(south)) == pytest.approx(
        float(mercator(north)) - float(mercator(36.0))
    )


@pytest.mark.parametrize(("width", "height"), [(600.0, 400.0), (580.0, 800.0), (2000.0, 300.0)])
def test_a_map_of_the_nation_has_its_islands_once_and_at_one_scale(width: float, height: float) -> None:
    frames = nation(10, 20, width, height)
    main = frames[""]
    assert main.bounds[1] == pytest.approx(MAIN[1])
    assert main.bounds[0] <= MAIN[0] + 1e-9
    assert main.bounds[2] >= MAIN[2] - 1e-9
    for name, window in (("south-west", SOUTH_WEST), ("ogasawara", OGASAWARA)):
        inset = frames[name]
        assert inset.scale == main.scale
        assert inset.bounds == pytest.approx(window)
        assert window[3] < main.bounds[1]  # what an inset shows is south of the main map
        assert inset.left >= main.left
        assert inset.left + inset.width <= main.left + main.width
        assert inset.top >= main.top
        assert inset.top + inset.height <= main.top + main.height


def test_frames_of_about_one_scale_share_a_grid() -> None:
    frames = [Frame(0, 0, 100, 100, west=10.0, north=1.0, scale=scale) for scale in (33, 64, 65)]
    assert [frame.units for frame in frames] == [640, 640, 1280]  # 10 to 20 to the pixel


def test_a_path_is_on_a_grid_counted_from_its_origin() -> None:
    # at the equator a degree is as high as it is wide, but for 1 part in 20,000
    west, north = ORIGIN
    (found,) = paths([square(west + 0.2, 0.0, 0.5)], 1000)
    assert found == f"M200 {north * 1000:.0f}l500 0 0-500-500 0z"


def test_a_long_step_is_written_whole() -> None:
    west, north = ORIGIN
    longer, (_, found) = LONGEST + 1, paths([square(west, 0.0, 0.5), square(west, 0.0, 1.0)], LONGEST + 1)
    assert found == f"M0 {north * longer:.0f}l{longer} 0 0 -{longer} -{longer} 0z"


def test_an_area_too_small_to_draw_stays_as_a_dot() -> None:
    west, north = ORIGIN
    (found,) = paths([square(west + 0.2, 0.0, 0.01)], 10)
    assert found == f"M{2 - DOT // 2} {north * 10 - DOT // 2:.0f}h{DOT}v{DOT}h-{DOT}z"


def test_islets_are_left_out_of_an_area_that_shows() -> None:
    both = {
        "type": "MultiPolygon",
        "coordinates": [orjson.loads(square(10.0, 0.0, side))["coordinates"] for side in (0.5, 0.001)],
    }
    found = paths([square(11.0, 0.0, 0.5), orjson.dumps(both), square(10.0, 0.0, 0.001)], 100)
    assert [text.count("M") for text in found] == [1, 1, 1]
    assert [text.count("h") for text in found] == [0, 0, 2]


def test_every_point_of_a_path_is_where_it_was() -> None:
    draw = np.random.default_rng(1)
    angles = np.linspace(0, 2 * np.pi, 400)
    rings = []
    for _ in range(5):
        radius = draw.uniform(0.1, 1, 400)
        radius[-1] = radius[0]
        rings.append(np.stack((139 + radius * np.cos(angles), 36 + radius * np.sin(angles)), axis=1))
    shapes = [{"type": "Polygon", "coordinates": [ring.tolist()]} for ring in rings]
    for ring, text in zip(rings, paths([orjson.dumps(shape) for shape in shapes], 640), strict=True):
        x, y, *steps = map(int, re.findall(r"-?\d+", text))
        points = np.cumsum([(x, y), *zip(steps[::2], steps[1::2], strict=True)], axis=0) / 640
        east = points[:, 0] + ORIGIN[0]
        north = np.degrees(np.arctan(np.sinh(np.radians(ORIGIN[1] - points[:, 1]))))
        told = np.stack((east, north), axis=1)
        assert all(np.abs(told - point).max(axis=1).min() < 0.001 for point in ring)


def test_a_window_leaves_out_far_islands_and_keeps_large_ones() -> None:
    def area(*squares: tuple[float, float, float]) -> bytes:
        rings = [orjson.loads(square(*one))["coordinates"] for one in squares]
        return orjson.dumps({"type": "MultiPolygon", "coordinates": rings})

    mainland = (139.0, 35.0, 1.0)
    west, south, east, north = window_of(area(mainland, (142.0, 27.0, 0.2)))  # 4 % of the land
    assert (west, south, east, north) == pytest.approx((138.92, 34.92, 140.08, 36.08))
    assert window_of(area(mainland, (142.0, 27.0, 0.8)))[1] < 27  # 39 % of it


@pytest.mark.skipif(not NOTO.is_dir(), reason="Debian package fonts-noto-cjk is not installed")
@pytest.mark.parametrize(
    "text", ["Made by processing “2020 Population Census” (Statistics Bureau)", "高齢化率（%）30.9 〜 100.0"]
)
def test_a_text_takes_the_room_that_the_font_takes(text: str) -> None:
    regular = ImageFont.truetype(str(NOTO / "NotoSansCJK-Regular.ttc"), 100)
    bold = ImageFont.truetype(str(NOTO / "NotoSansCJK-Bold.ttc"), 100)
    assert text_width(text, 100) == pytest.approx(regular.getlength(text), rel=0.03)
    assert bold.getlength(text) <= text_width(text, 100, bold=True) * 1.005
    assert BOLD > 1


def test_a_line_breaks_between_words_and_never_begins_with_a_full_stop() -> None:
    lines = wrapped("Ageing rate by municipality in Japan", 100, 10)
    assert " ".join(lines) == "Ageing rate by municipality in Japan"
    assert all(text_width(line, 10) <= 100 for line in lines)
    lines = wrapped("地図です。地図、「地図」（地図）。" * 9, 43, 10)
    assert not any(line[0] in "。、）」" or line[-1] in "「（" for line in lines)
    credit = "Made by processing “National Land Numerical Information” (MLIT)"
    assert not any(line.endswith("“") for width in range(60, 300) for line in wrapped(credit, width, 10))


def _boxes(page: Layout) -> list[tuple[float, float, float, float]]:
    texts = [
        (
            one.x - (text_width(one.words, one.size, bold=one.bold) if one.at_end else 0),
            one.y - one.size * 0.88,
            one.x + (0 if one.at_end else text_width(one.words, one.size, bold=one.bold)),
            one.y + one.size * 0.12,
        )
        for one in page.texts
    ]
    left, top, width, height = page.map
    return [
        *texts,
        *((x, y, x + w, y + h) for x, y, w, h, _ in page.swatches),
        (left, top, left + width, top + height),
    ]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rows", [0, 3, 13])
@pytest.mark.parametrize("heading", ["", "高齢化率（%）", "長い題名が続く地図の見出し" * 8])
def test_nothing_overlaps_and_nothing_is_cut(size: tuple[int, int], rows: int, heading: str) -> None:
    page = layout(*size, wording(rows, heading))
    boxes = _boxes(page)
    for left, top, right, bottom in boxes:
        assert -0.01 <= left <= right <= size[0] + 0.01
        assert -0.01 <= top <= bottom <= size[1] + 0.01
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            across = min(one[2], other[2]) - max(one[0], other[0])
            down = min(one[3], other[3]) - max(one[1], other[1])
            assert across <= 0.01 or down <= 0.01, (one, other)
    assert len(page.swatches) == rows
    assert min(page.map[2:]) > 40


NOTE = (
    "注：時刻表は24件（平日として見た日：2018-05-30〜2019-12-16）。"
    + "甲社、乙社の停留所は含まれません。" * 4
)


@pytest.mark.parametrize("size", SIZES)
def test_a_note_stands_whole_between_the_map_and_the_source(size: tuple[int, int]) -> None:
    page = layout(*size, wording(5, note=NOTE))
    texts = [one for one in page.texts if one.words and one.words in NOTE]
    assert "".join(one.words for one in texts) == NOTE
    credit = next(one for one in page.texts if one.words.startswith("出典"))
    assert max(one.y for one in texts) < credit.y
    assert min(one.y - one.size for one in texts) >= page.map[1] + page.map[3]
    for one in texts:
        assert one.x + text_width(one.words, one.size) <= size[0] + 0.01
    assert min(page.map[2:]) > 40


def test_a_long_heading_breaks_after_its_colon() -> None:
    title = (
        "就業者一人当たり年間付加価値労働生産性の伸び率（東京圏以外）：都道府県別、東京圏との差（ポイント）"
    )
    first, second = (one.words for one in layout(1200, 900, wording(5, title)).texts[:2])
    assert (first[-1], second[:5]) == ("：", "都道府県別")
    english = "Growth of gross product outside the Tokyo area: prefectures against “Tokyo area” (points)"
    assert layout(1200, 900, wording(5, english)).texts[0].words == english.partition(" prefectures")[0]


def test_rows_of_a_legend_of_circles_are_as_far_apart_as_the_circles_need() -> None:
    shares = (0.9, 0.4, 0.1)
    rows = tuple(Row("#253494", f"{place}", None, share) for place, share in enumerate(shares))
    radius = largest_radius(1200, 900, 47)
    page = layout(1200, 900, replace(wording(0), rows=rows), radius)
    gaps = [below[1] - above[1] - above[2] - below[2] for above, below in pairwise(page.circles)]
    assert max(gaps) < 0.4 * radius
    assert "地域数" not in {one.words for one in page.texts}  # nothing is counted


def test_names_of_insets_are_of_one_size_and_left_out_where_nobody_could_read_them() -> None:
    def names(width: int, height: int) -> dict[str, float]:
        page = layout(width, height, wording())
        maps = [Drawn(frame, [], inset=name) for name, frame in nation(*page.map).items()]
        found = re.findall(
            r'font-size="([0-9.]+)"[^>]*>(奄美・沖縄|小笠原)<', to_svg(page, wording(), maps, fine=True)
        )
        return {name: float(size) for size, name in found}

    large = names(1200, 900)
    assert large["奄美・沖縄"] == large["小笠原"] > 10
    assert min(names(300, 250).values(), default=9) >= 6


def test_the_legend_stands_beside_a_wide_map_and_under_a_high_one() -> None:
    wide, high = layout(1200, 630, wording()), layout(600, 900, wording())
    assert min(box[0] for box in wide.swatches) > wide.map[0] + wide.map[2]
    assert min(box[1] for box in high.swatches) > high.map[1] + high.map[3]


def test_the_picture_tells_in_words_what_it_shows_and_is_escaped() -> None:
    said = wording(heading='<b>"A & B"</b>')
    page = layout(400, 300, said)
    frame = framed(MAIN, *page.map)
    svg = to_svg(page, said, [Drawn(frame, [("#b10026", "M0 0h9v9z"), (None, "M9 9h9v9z")])], fine=False)
    assert 'role="img" lang="ja"' in svg
    assert "<desc>地図です。</desc>" in svg
    assert "<b>" not in svg
    assert "&lt;b&gt;&quot;A &amp; B&quot;" in svg
    assert re.findall(r'<g fill="(#\w{6})">', svg) == ["#b10026", "#cccccc"]
    assert "style=" not in svg  # a strict content security policy lets no style attribute through


def test_the_same_picture_has_the_same_bytes() -> None:
    frame = framed(MAIN, *layout(400, 300, wording()).map)
    shapes = [(f"#{number:06x}", f"M{number} 0h9v9z") for number in np.arange(50).tolist()]
    drawn = [to_svg(layout(400, 300, wording()), wording(), [Drawn(frame, shapes)], fine=True)]
    drawn += [to_svg(layout(400, 300, wording()), wording(), [Drawn(frame, shapes)], fine=True)]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("size", SIZES)
def test_circles_of_a_legend_are_as_large_as_on_the_map_and_lie_inside_the_picture(
    size: tuple[int, int],
) -> None:
    shares = (0.85, 0.4, 0.1)
    rows = tuple(Row("#253494", f"{10**place:,}", None, share) for place, share in enumerate(shares))
    words = replace(wording(0), rows=(*rows, Row("#cccccc", "データなし", 6)))
    radius = largest_radius(*size, 47)
    page = layout(*size, words, radius)
    assert [circle[2] for circle in page.circles] == pytest.approx([share * radius for share in shares])
    left, top, width, height = page.map
    for x, y, r, _colour in page.circles:
        assert r <= x <= size[0] - r
        assert r <= y <= size[1] - r
        assert x - r >= left + width or y - r >= top + height
    for one, other in pairwise(page.circles):
        apart = ((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5
        assert apart >= (one[2] + other[2]) * 0.98


def test_circles_are_drawn_over_the_areas_in_the_order_given() -> None:
    frame = framed((139.0, 35.0, 140.0, 36.0), 0, 0, 100, 100)
    drawn = Drawn(
        frame, [(None, "M0 0h1v1z")], circles=[(50.0, 50.0, 9.0, "#253494"), (52.0, 50.0, 2.0, "#253494")]
    )
    svg = to_svg(layout(400, 300, wording(0)), wording(0), [drawn], fine=False)
    assert [float(r) for r in re.findall(r'<circle [^>]*r="([0-9.]+)"', svg)] == [9.0, 2.0]
    assert svg.index("<path") < svg.index("<circle")


def test_a_point_lies_where_the_outline_around_it_does() -> None:
    frame = framed((139.0, 35.0, 140.0, 36.0), 0, 0, 100, 100)
    assert frame.place(frame.west, 35.5)[0] == 0
    assert frame.place(139.5, 35.5) == pytest.approx((50, 50), abs=0.5)
