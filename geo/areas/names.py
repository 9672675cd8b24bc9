"""Names of places, as people write them, and the area codes they stand for.

Names are matched exactly, then with variant characters folded (ヶ and ケ, 鰺 and 鯵); never by similarity. A
name that fits several areas is refused with all of them: a guess would put a project in the wrong town.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from geo.codes import prefecture_of
from geo.errors import Finding, UnmatchedName

#: Characters written alike in municipal names; each stands for the first of its group.
_VARIANTS = (
    "ケヶガがヵ のノ之 鯵鰺 竜龍 桧檜 条條 崎﨑嵜 沢澤 浜濱濵 広廣 辺邊邉 瀬瀨 恵惠 円圓 "
    "国國 蔵藏 桜櫻 滝瀧 島嶋嶌 釜竈竃 鴎鷗 巌巖 騨驒 館舘 曽曾 弥彌 祢禰 槙槇 薮藪 篭籠 "
    "芦蘆 与與 万萬 高髙 渕淵 塩鹽 真眞 豊豐 斎齋 栄榮 "
    "壱壹 黒黑 来來 戸戶 徳德 緑綠 静靜 宝寶 焼燒 鉄鐵 会會 県縣"
)
_FOLDED = str.maketrans({other: group[0] for group in _VARIANTS.split() for other in group[1:]})
_DISTRICT = re.compile(r"(.+?郡)(.+[町村])")
_PART = re.compile(r"(.*?)\((.*)\)")
_SEPARATORS = frozenset("、,;・/\n")


@dataclass(frozen=True)
class Area:
    """A name in the list: where it is and what it is called there; ``district`` is its 郡."""

    code: str
    prefecture: str
    name: str
    district: str

    def __str__(self) -> str:
        return (
            f"{self.code} {self.prefecture}{self.district}{self.name if self.name != self.prefecture else ''}"
        )


@dataclass(frozen=True)
class Place:
    """One item of a list of places: its code, the text it was written with, and which part is meant."""

    code: str
    written: str
    part: str


def plain(name: str) -> str:
    """Return a name in NFKC without spaces.

    >>> plain("茅ｹ崎　市")
    '茅ケ崎市'
    """
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name))


def folded(name: str) -> str:
    """Return a name with variant characters made alike.

    >>> folded("鰺ヶ沢町") == folded("鯵が澤町")
    True
    """
    return plain(name).translate(_FOLDED)


def listed(text: str) -> list[str]:
    """Return the items of a list of places, split at 、 ・ ; , / and line ends outside brackets.

    >>> listed("鳥取県大山町、伯耆町、米子市（淀江町、大和）")
    ['鳥取県大山町', '伯耆町', '米子市(淀江町、大和)']
    """
    items, depth, item = [], 0, ""
    for character in unicodedata.normalize("NFKC", text):
        depth += (character == "(") - (character == ")")
        if character in _SEPARATORS and depth <= 0:
            items.append(item)
            item = ""
        else:
            item += character
    return [plain(item) for item in (*items, item) if plain(item)]


class AreaNames:
    """The names by which areas that exist on a date may be called.

    Parameters
    ----------
    names : area code → (name, 郡 or empty), prefectures included; only codes that exist on the date
    former : (code, name) pairs by which an area was called before
    """

    def __init__(self, names: Mapping[str, tuple[str, str]], former: Iterable[tuple[str, str]] = ()) -> None:
        self.names = names
        self._by_name: dict[str, set[str]] = {}
        self._by_folded: dict[str, set[str]] = {}
        spelt = [(code, name) for code, (name, _) in names.items()]
        for code, name in [*spelt, *((code, name) for code, name in former if code in names)]:
            self._by_name.setdefault(plain(name), set()).add(code)
            self._by_folded.setdefault(folded(name), set()).add(code)

    @cached_property
    def _prefectures(self) -> dict[str, str]:
        return {name: code for code, (name, _) in self.names.items() if code.endswith("000")}

    def area(self, code: str) -> Area:
        """Return what a code is called."""
        name, district = self.names[code]
        return Area(code, self.names[prefecture_of(code)][0], name, district)

    def places(self, text: str) -> Iterator[tuple[str, Place | UnmatchedName]]:
        """Yield each item of a list with its place, or with why it names none.

        A prefecture named once is where the items after it are looked for first.
        """
        prefecture: str | None = None
        for item in listed(text):
            named, _ = self._without_prefecture(item)
            prefecture = named or prefecture
            try:
                yield item, self.place(item, prefecture)
            except UnmatchedName as error:
                yield item, error

    def place(self, written: str, prefecture: str | None = None) -> Place:
        """Return the place that one item names; ``prefecture`` is where it is looked for first.

        Raises
        ------
        UnmatchedName
        """
        text = plain(written)
        part = ""
        if bracket := _PART.fullmatch(text):
            text, part = bracket[1], bracket[2]
        named, rest = self._without_prefecture(text)
        if not rest and named:
            return Place(named, written, part)
        candidates = self._candidates(rest)
        within = {code for code in candidates if prefecture_of(code) == (named or prefecture)}
        left = within if named or within else candidates
        if len(left) != 1:
            raise _unmatched(written, [self.area(code) for code in sorted(left or candidates)])
        return Place(left.pop(), written, part)

    def _without_prefecture(self, text: str) -> tuple[str | None, str]:
        """Return the code of the prefecture a text begins with, and the rest."""
        for name, code in self._prefectures.items():
            if text.startswith(name):
                return code, text.removeprefix(name)
        return None, text

    def _candidates(self, name: str) -> set[str]:
        district = ""
        found = self._by_name.get(name) or self._by_folded.get(folded(name))
        if found is None and (split := _DISTRICT.fullmatch(name)):
            district, name = split[1], split[2]
            found = self._by_name.get(name) or self._by_folded.get(folded(name))
        there = {code for code in found or () if not code.endswith("000")}
        if district:
            in_district = {c for c in there if folded(self.names[c][1]) == folded(district)}
            return in_district or {c for c in there if not self.names[c][1]}
        return there


def _unmatched(written: str, candidates: list[Area]) -> UnmatchedName:
    if candidates:
        told = "、".join(map(str, candidates))
        expected = f"都道府県・郡を付けるかコードで / tell apart by prefecture, 郡 or code: {told}"
        several = len(candidates) > 1
        message = f"{written!r} names {len(candidates)} areas" if several else f"{written!r} lies elsewhere"
    else:
        expected = (
            "その日に存在する都道府県・市区町村 / a prefecture or municipality that existed on that date"
        )
        message = f"{written!r} names no area"
    return UnmatchedName(message, [Finding("value", "areas", written, expected)])
