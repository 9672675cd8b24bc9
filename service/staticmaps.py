"""Static maps: which outlines a picture shows, in which colours, under which words; drawn and held here."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
from fastapi.concurrency import run_in_threadpool
from numpy.typing import NDArray

from geo import staticmap
from geo.codes import area_code
from geo.eras import period_label
from geo.geojson import FeatureTexts
from geo.palettes import NO_DATA, to_hex
from geo.plain_language import LEVELS, credits_in_words
from geo.staticmap import Box, Drawn, Frame, Row, Wording
from service.atlas import MEGABYTE, Atlas, Vintage
from service.gazetteer import Area
from service.legends import legend_of
from service.memo import Memo
from service.problems import FontMissing
from service.profiles import level_of
from service.views import MISSING, Language, Picture

#: Grows when pictures of the same data come out otherwise.
DRAWING = 1
FONT_FILES = ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc")
COUNTED = {"ja": "地域数", "en": "areas"}
#: Pixels to the degree up to which a detail is fine enough: its tolerance is then half a pixel.
FINE_ENOUGH = {"low": 50.0, "medium": 420.0}
#: Areas from which on borders are drawn thin, and those of prefectures over them.
MANY = 100
#: No picture takes as long; one that does is given up.
MOST_S = 60

Ints = NDArray[np.intp]
#: position of an area → its path in a frame
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


class StaticMaps:
    """The static maps of one serving process, and the paths they are made of."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self._paths: Memo[tuple[object, ...], Paths] = Memo(24 * MEGABYTE, _cost)
        self._pngs: Memo[str, bytes] = Memo(24 * MEGABYTE, len)
        # a picture takes all of a core and up to 200 MB while it is drawn
        self._drawing = asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))

    async def svg(self, picture: Picture, sheet: Sheet, summary: str) -> str:
        """Return a static map as SVG."""
        chosen = level_of(self.atlas, picture.view.vintage, area_code(sheet.area)) if sheet.area else None
        wording = self._wording(picture, sheet, summary, chosen[1] if chosen else None)
        page = staticmap.layout(sheet.width, sheet.height, wording)
        if sheet.bbox:
            frames = {"": staticmap.framed(sheet.bbox, *page.map)}
        elif chosen:
            frames = {"": staticmap.framed(await self._around(picture.view.vintage, *chosen), *page.map)}
        else:
            frames = staticmap.nation(*page.map)
        maps = [await self._drawn(picture, name, frame, chosen) for name, frame in frames.items()]
        is_fine = len(picture.gazetteer) > MANY and len(frames) > 1
        return await run_in_threadpool(staticmap.to_svg, page, wording, maps, fine=is_fine)

    async def png(self, picture: Picture, sheet: Sheet, summary: str, scale: int, state: str) -> bytes:
        """Return a static map as PNG, ``scale`` pixels to the unit; ``state`` names all that it shows."""
        fonts = [self.atlas.settings.fonts / name for name in FONT_FILES]
        missing = [str(font) for font in fonts if not font.is_file()]
        if missing:
            raise FontMissing(
                f"Pictures are written with {' and '.join(missing)}: install the Debian package "
                "fonts-noto-cjk, or let CHIIKI_FONTS name the folder; map.svg needs no font here"
            )

        async def draw() -> bytes:
            svg = await self.svg(picture, sheet, summary)
            async with self._drawing:
                return await run_in_threadpool(_rasterised, svg, scale, [str(font) for font in fonts])

        return await self._pngs.fetch(state, draw)

    def _wording(self, picture: Picture, sheet: Sheet, summary: str, chosen: Area | None) -> Wording:
        lang, view, legend = sheet.lang, picture.view, legend_of(picture)
        period = period_label(view.period, view.indicator.period_kind)[lang]
        level = LEVELS[view.level][lang]
        rows = [
            Row(entry.colour, entry.label_ja if lang == "ja" else entry.label_en, entry.count)
            for entry in legend.entries
        ]
        if view.indicator.kind != "category":
            rows.reverse()
        if legend.no_data:
            rows.append(Row(to_hex(NO_DATA), legend.no_data_label[lang], legend.no_data))
        sources = [self.atlas.catalogue.sources[name] for name in picture.vector.sources]
        credits = [
            *({"ja": one.credit_ja, "en": one.credit_en} for one in sources),
            dict(view.vintage.credit),
        ]
        outlined = ""
        if chosen:
            outlined = f"　太線：{chosen.name_ja}" if lang == "ja" else f"; outlined: {chosen.name_en}"
        return Wording(
            lang=lang,
            heading=legend.heading(lang) if sheet.title is None else sheet.title.strip(),
            subtitle=(f"{period}　{level}別" if lang == "ja" else f"{period}, by {level}") + outlined,
            rows=tuple(rows) if sheet.legend else (),
            counted=COUNTED[lang],
            credit=credits_in_words(credits)[lang],
            summary=summary,
        )

    async def _around(self, vintage: Vintage, level: str, area: Area) -> Box:
        texts, places = await self.atlas.texts(vintage.date, level, "medium", [area.position])
        return await run_in_threadpool(staticmap.window_of, texts.geometry(int(places[0])))

    async def _drawn(
        self, picture: Picture, inset: str, frame: Frame, chosen: tuple[str, Area] | None
    ) -> Drawn:
        view = picture.view
        colours = picture.hex_colours
        paths = await self._in_frame(view.vintage, view.level, frame)
        areas = [
            (None if (found := int(picture.classes[position])) == MISSING else colours[found], path)
            for position, path in paths.items()
        ]
        borders = ""
        if view.level != "prefecture":
            borders = "".join((await self._in_frame(view.vintage, "prefecture", frame)).values())
        outlined = ""
        if chosen is not None:
            level, area = chosen
            outlined = (await self._in_frame(view.vintage, level, frame)).get(area.position, "")
        return Drawn(frame, areas, borders, outlined, inset)

    async def _in_frame(self, vintage: Vintage, level: str, frame: Frame) -> Paths:
        """Return the paths of a level's areas that a frame shows, by position."""
        detail = next((name for name, most in FINE_ENOUGH.items() if frame.scale <= most), "high")
        gazetteer = self.atlas.gazetteer(vintage.date, level)

        async def make() -> Paths:
            positions = gazetteer.overlapping(frame.bounds)
            texts, places = await self.atlas.texts(vintage.date, level, detail, positions.tolist())
            return await run_in_threadpool(_paths, texts, positions, places, frame)

        return await self._paths.fetch((vintage.date, vintage.revision, level, detail, frame), make)


def _rasterised(svg: str, scale: int, fonts: list[str]) -> bytes:
    command = [sys.executable, "-I", "-m", "service.rasterizer", str(scale), *fonts]
    done = subprocess.run(  # noqa: S603 (our own interpreter and module; the SVG is no argument)
        command,
        input=svg.encode(),
        stdout=subprocess.PIPE,
        env={"LANG": "C.UTF-8"},
        timeout=MOST_S,
        check=True,
    )
    return done.stdout


def _paths(texts: FeatureTexts, positions: Ints, places: Ints, frame: Frame) -> Paths:
    pairs = zip(positions.tolist(), places.tolist(), strict=True)
    return {position: staticmap.path(texts.geometry(place), frame) for position, place in pairs}


def _cost(paths: Paths) -> int:
    return 200 + sum(map(len, paths.values()))
