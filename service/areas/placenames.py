"""Names of the areas of a date as people type them: with and without what they end in, in all scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from geo.spelling import Names, folded, kana_of, nearest_phrases, nearest_words
from service.areas.gazetteer import Area, Gazetteer

#: What names end in, in the three scripts.
_ENDS = (
    re.compile(r"(?<=..)[都府県市区町村]$"),
    re.compile(r"(?<=..)(?:けん|ふ|と|し|く|ちょう|まち|むら|そん)$"),
    re.compile(r"(?<=...)(?:ken|fu|to|shi|ku|cho|machi|mura|son)$"),
)
#: 北海道 and 東京都 lose nothing, and nothing but the sign for 道.
_NO_END = {"北海道", "ほっかいどう"}
#: What follows a place in English.
_ENGLISH_ENDS = re.compile(r"(?:prefecture|city|town|village|ward)$")

#: Kinds of areas, that first which most people mean by a name.
_KINDS = ("prefecture", "designated_city", "special_ward", "city", "ward", "town", "village")

#: An area, and the level it is listed at.
Place = tuple[Area, str]


def _plain(name: str, end: re.Pattern[str]) -> str:
    return name if name in _NO_END else end.sub("", name)


def _named(area: Area, prefecture: Area | None) -> Iterator[str]:
    """Yield everything that an area is called, folded, the whole names first."""
    own_en = area.name_en.split(",")[0]
    written = (area.name_ja, area.name_kana, "".join(own_en.lower().split()))
    for name, end in zip(written, _ENDS, strict=True):
        yield folded(name)
        yield folded(_plain(name.replace("-", ""), end))
    if prefecture is not None:
        yield folded(prefecture.name_ja + area.name_ja)
        yield folded(area.name_en)
    if area.kind == "ward" and "市" in area.name_ja:
        own = area.name_ja.partition("市")[2]
        yield folded(own)
        yield folded(_plain(own, _ENDS[0]))


class PlaceNames:
    """The areas of a date by their names and codes, each once."""

    def __init__(self, gazetteers: Mapping[str, Gazetteer]) -> None:
        listed = (
            (area, level)
            for level, gazetteer in gazetteers.items()
            for area in gazetteer.areas
            if level != "ward" or area.kind == "ward"
        )
        # of areas that are called alike, the larger kind is meant
        self.places: list[Place] = sorted(listed, key=lambda place: _KINDS.index(place[0].kind))
        self.prefectures = {area.code: area for area, level in self.places if level == "prefecture"}

    @cached_property
    def _names(self) -> Names:
        of = self.prefectures
        return Names(
            _named(area, None if level == "prefecture" else of.get(area.prefecture))
            for area, level in self.places
        )

    @cached_property
    def _codes(self) -> Names:
        return Names([area.code] for area, _ in self.places)

    def coded(self, code: str) -> Place | None:
        """Return the area with a code; None where there is none of it."""
        return next((self.places[place] for place in self._codes.called(code)), None)

    def called(self, word: str) -> list[Place]:
        """Return the areas that are called just so, whole or without what their names end in."""
        wanted = folded(word)
        tried = (wanted, _ENGLISH_ENDS.sub("", wanted), kana_of(wanted) or "")
        found = next((places for name in tried if len(name) > 1 and (places := self._names.called(name))), [])
        return [self.places[place] for place in found]

    def parted(self, word: str) -> tuple[list[Place], str]:
        """Return the areas whose whole Japanese name a word begins with, and the rest of it."""
        for end in range(len(word) - 1, 2, -1):
            if word[end - 1] in "都道府県市区町村":
                found = self._names.called(folded(word[:end]))
                if found:
                    return [self.places[place] for place in found], word[end:]
        return [], word

    def search(self, q: str) -> tuple[list[Place], int]:
        """Return the areas with the words in their names, the best first, and how well the first has them.

        Codes are found by how they begin. 0: called just so; 1: begins so; 2: holds it; 3: nearly so.
        """
        wanted = folded(q)
        if wanted.isdigit():
            matches = [match for match in self._codes.find(wanted) if match.rank < 2]
        else:
            matches = self._names.find(wanted) or self._names.find(_ENGLISH_ENDS.sub("", wanted))
            if not matches:  # read as kana, a word of another language may be a part of any name
                read = self._names.find(kana_of(wanted) or "")
                matches = [match for match in read if match.rank < 2]
        return [self.places[match.place] for match in matches], matches[0].rank if matches else 3

    def nearest(self, q: str) -> list[Place]:
        """Return the areas whose names are nearly what was typed."""
        wanted = folded(q)
        near: Sequence[str] = nearest_words(wanted, self._names.plain) if wanted.isascii() else []
        near = near or nearest_phrases(kana_of(wanted) or wanted, self._names.plain)
        return [self.places[place] for name in near for place in self._names.called(name)]
