"""Static maps: which outlines a picture shows, in which colours, under which words; drawn and held here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from geo.codes import area_code
from geo.layers import drawing
from geo.layers.circles import LAND, Circles, largest_first
from geo.layers.drawing import Box, Circle, Drawn, Frame, Row, Wording
from geo.layers.legend import Legend
from geo.layers.palettes import NO_DATA, to_hex
from geo.layers.words import LEVELS, credits_in_words
from geo.periods import period_label
from geo.text import Language
from service.areas.gazetteer import Area
from service.child import Bounds, answer_of
from service.figures.forms import credits_of
from service.http.problems import FontMissing
from service.layers.forms import note_of
from service.layers.legends import legend_of, part_of
from service.layers.views import MISSING, Picture
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage

FONT_FILES = ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc")
COUNTED = {"ja": "地域数", "en": "Areas"}
NOTE = {"ja": "注：", "en": "Note: "}
#: Pixels to the degree up to which a detail is fine enough: its tolerance is then half a pixel.
FINE_ENOUGH = {"low": 50.0, "medium": 420.0}
#: Areas from which on borders are drawn thin, and those of prefectures over them.
MANY = 100
#: A part of the nation is named by its prefectures where they are no more than these.
MOST_NAMED = 3
#: No picture takes as long; one that does is given up.
MOST_S = 60
#: A picture of 4,000,000 pixels is 16 MB before it is packed.
BOUNDS = Bounds(processor=MOST_S)

#: position of an area → its path on the grid of a frame
Paths = dict[int, str]


@dataclass(frozen=True)
class Sheet:
    """What a static map is to be like; ``area`` and ``bbox`` cut it, one of them at most."""

    width: int
    height: int
    lang: Language
    title: str | None
    legend: bool
    area: str | None
    bbox: Box | None


def svg_of(atlas: Atlas, picture: Picture, sheet: Sheet, summary: str) -> str:
    """Return a static map as SVG."""
    chosen = atlas.area(picture.view.vintage, area_code(sheet.area)) if sheet.area else None
    part = None if chosen or sheet.bbox else part_of(picture)
    circles = _scale(picture, sheet.bbox or part or (chosen[1].bbox if chosen else None))
    legend = legend_of(picture, circles)
    cut = _outlined(chosen[1], sheet.lang) if chosen else _named_part(atlas, picture, part, sheet.lang)
    wording = _wording(atlas, picture, legend, sheet, summary, cut)
    radius = drawing.largest_radius(sheet.width, sheet.height, len(picture.gazetteer))
    page = drawing.layout(sheet.width, sheet.height, wording, radius)
    if sheet.bbox or part:
        frames = {"": drawing.framed(sheet.bbox or part or drawing.MAIN, *page.map)}
    elif chosen:
        frames = {"": drawing.framed(_around(atlas, picture.view.vintage, *chosen), *page.map)}
    else:
        frames = drawing.nation(*page.map)
    maps = [
        replace(
            _drawn(atlas, picture, name, frame, chosen), circles=_circles(picture, circles, frame, radius)
        )
        for name, frame in frames.items()
    ]
    return drawing.to_svg(page, wording, maps, fine=len(picture.gazetteer) > MANY and len(frames) > 1)


def fonts_of(atlas: Atlas) -> list[str]:
    """Return the font files that pictures are written with; FontMissing where they are not there."""
    fonts = [atlas.settings.fonts / name for name in FONT_FILES]
    missing = [str(font) for font in fonts if not font.is_file()]
    if missing:
        raise FontMissing(
            f"Pictures are written with {' and '.join(missing)}: install the Debian package "
            "fonts-noto-cjk, or let CHIIKI_FONTS name the folder; map.svg needs no font here"
        )
    return [str(font) for font in fonts]


def rasterised(svg: str, scale: int, fonts: Sequence[str]) -> bytes:
    """Return an SVG as PNG, ``scale`` pixels to the unit; a process of its own draws it."""
    words = (str(scale), *fonts)
    return answer_of(
        "service.layers.rasterizer",
        *words,
        given=svg.encode(),
        seconds=MOST_S,
        bounds=BOUNDS,
        reads=[Path(font) for font in fonts],
    )


def _named_part(atlas: Atlas, picture: Picture, part: Box | None, lang: Language) -> str:
    """Return what a map that shows a part of the nation says of it."""
    if part is None:
        return ""
    areas, known = picture.gazetteer.areas, np.flatnonzero(picture.classes != MISSING).tolist()
    prefectures = atlas.gazetteer(picture.view.vintage.date, "prefecture")
    found = [prefectures.area(code) for code in dict.fromkeys(areas[one].prefecture for one in known)]
    if len(found) > MOST_NAMED:
        return "　値のある地域とその周辺" if lang == "ja" else "; areas with figures and around"
    if lang == "ja":
        return f"　{'・'.join(one.name_ja for one in found)}とその周辺"
    return f"; {', '.join(one.name_en for one in found)} and around"


def _outlined(area: Area, lang: Language) -> str:
    return f"　太線：{area.name_ja}" if lang == "ja" else f"; outlined: {area.name_en}"


def _rows(picture: Picture, legend: Legend, lang: Language) -> list[Row]:
    """Return the lines of a legend; under circles, which count nothing, the last one counts in words."""
    none = legend.no_data_label[lang]
    if picture.circles is not None:
        rows = [Row(one.colour, one.label[lang], None, one.size) for one in legend.circles]
        if legend.no_data:
            areas = "area" if legend.no_data == 1 else "areas"
            counted = {"ja": f"{none}：{legend.no_data:,}地域", "en": f"{none}: {legend.no_data:,} {areas}"}
            rows.append(Row(to_hex(NO_DATA), counted[lang], None))
        return rows
    rows = [
        Row(entry.colour, entry.label_ja if lang == "ja" else entry.label_en, entry.count)
        for entry in legend.entries
    ]
    if picture.view.indicator.kind != "category":
        rows.reverse()
    if legend.no_data:
        rows.append(Row(to_hex(NO_DATA), none, legend.no_data))
    return rows


def _wording(atlas: Atlas, picture: Picture, legend: Legend, sheet: Sheet, summary: str, cut: str) -> Wording:
    lang, view = sheet.lang, picture.view
    period = period_label(view.period, view.indicator.period_kind)[lang]
    level = LEVELS[view.level][lang]
    credits = credits_of(atlas, picture.vector.sources, view.vintage)
    note = note_of(atlas, view)
    return Wording(
        lang=lang,
        heading=legend.heading(lang) if sheet.title is None else sheet.title.strip(),
        subtitle=(f"{period}　{level}別" if lang == "ja" else f"{period}, by {level}") + cut,
        rows=tuple(_rows(picture, legend, lang)) if sheet.legend else (),
        counted=COUNTED[lang],
        note="" if note is None else f"{NOTE[lang]}{note[lang]}",
        credit=credits_in_words(credits)[lang],
        summary=summary,
    )


def _around(atlas: Atlas, vintage: Vintage, level: str, area: Area) -> Box:
    texts, places = atlas.texts(vintage.date, level, "medium", [area.position])
    return drawing.window_of(texts.geometry(int(places[0])))


def _drawn(
    atlas: Atlas, picture: Picture, inset: str, frame: Frame, chosen: tuple[str, Area] | None
) -> Drawn:
    view = picture.view
    colours = picture.hex_colours
    paths = _in_frame(atlas, view.vintage, view.level, frame)
    areas = [
        (
            None
            if (found := int(picture.classes[position])) == MISSING
            else colours[found]
            if picture.circles is None
            else LAND,
            path,
        )
        for position, path in paths.items()
    ]
    borders = ""
    if view.level != "prefecture":
        borders = "".join(_in_frame(atlas, view.vintage, "prefecture", frame).values())
    outlined = ""
    if chosen is not None:
        level, area = chosen
        outlined = _in_frame(atlas, view.vintage, level, frame).get(area.position, "")
    return Drawn(frame, areas, borders, outlined, inset)


def _scale(picture: Picture, box: Box | None) -> Circles | None:
    """Return how counts are drawn: the largest circle is for the largest number on the map."""
    circles = picture.circles
    if circles is None or box is None:
        return circles
    values = picture.vector.values[picture.gazetteer.overlapping(box)]
    return replace(circles, most=float(np.nanmax(np.abs(values), initial=0)))


def _circles(picture: Picture, circles: Circles | None, frame: Frame, radius: float) -> list[Circle]:
    """Return the circles that a frame shows, none where areas are painted."""
    values = picture.vector.values
    if circles is None:
        return []
    sizes = circles.sizes(values)
    shown = set(picture.gazetteer.overlapping(frame.bounds).tolist())
    return [
        (
            *frame.place(picture.gazetteer.areas[position].lon, picture.gazetteer.areas[position].lat),
            float(sizes[position]) * radius,
            circles.colour(float(values[position])),
        )
        for position in largest_first(sizes)
        if position in shown
    ]


def _in_frame(atlas: Atlas, vintage: Vintage, level: str, frame: Frame) -> Paths:
    """Return the paths of a level's areas that a frame shows, by position."""
    detail = next((name for name, most in FINE_ENOUGH.items() if frame.scale <= most), "high")
    gazetteer = atlas.gazetteer(vintage.date, level)
    positions = gazetteer.overlapping(frame.bounds)
    key = (vintage.date, level, detail, frame.units, positions.tobytes(), atlas.state("vintage"))
    held: Paths | None = atlas.store.paths.get(key)
    if held is not None:
        return held
    texts, places = atlas.texts(vintage.date, level, detail, positions.tolist())
    made = drawing.paths([texts.geometry(place) for place in places.tolist()], frame.units)
    return atlas.store.paths.put(key, dict(zip(positions.tolist(), made, strict=True)))
