"""Names of places, as people write them, and the area codes they stand for.

Names are matched exactly, then with variant characters folded (ヶ and ケ, 鰺 and 鯵, 梼 and 檮); never by
similarity. A name that fits several areas is refused with all of them: a guess would put a project in the
wrong town.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from geo.areas.variants import FOLDED, seen
from geo.codes import area_code, prefecture_of
from geo.errors import Finding, InvalidAreaCode, UnmatchedName

_DISTRICT = re.compile(r"(.+?郡)(.+[町村])")
_PART = re.compile(r"(.*?)\((.*)\)")
_SEPARATORS = frozenset("、,;・/\n")
_ROMAN = re.compile("[A-Za-z]")
_ROMAN_GAPS = re.compile(r"[-‐‑–.'’`]")
#: What the Roman name of a prefecture may end in beside its own (Gunma-ken).
_ROMAN_KINDS = ("", "ken", "to", "fu", "prefecture", "pref")


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
    """Return a name in NFKC without spaces and what is not seen.

    >>> plain("茅ｹ崎　市"), plain("⻄尾市")
    ('茅ケ崎市', '西尾市')
    """
    return re.sub(r"\s", "", seen(name))


def folded(name: str) -> str:
    """Return a name with variant characters made alike.

    >>> folded("鰺ヶ沢町") == folded("鯵が澤町"), folded("檮原町") == folded("梼原町")
    (True, True)
    """
    return plain(name).translate(FOLDED)


def roman(name: str) -> str:
    """Return a name in Roman letters as it is compared: without case, long marks, hyphens and spaces.

    >>> roman("Sapporo-shi Chūō-ku")
    'sapporoshichuoku'
    """
    letters = unicodedata.normalize("NFD", plain(name).casefold())
    return _ROMAN_GAPS.sub("", "".join(sign for sign in letters if not unicodedata.combining(sign)))


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
    romans : area code → its name in Roman letters, where those count too
    """

    def __init__(
        self,
        names: Mapping[str, tuple[str, str]],
        former: Iterable[tuple[str, str]] = (),
        romans: Mapping[str, str] | None = None,
    ) -> None:
        self.names = names
        self._romans = romans or {}
        self._by_name: dict[str, set[str]] = {}
        self._by_folded: dict[str, set[str]] = {}
        self._folded = {code: folded(name) for code, (name, _) in names.items()}
        for code, (name, _) in names.items():
            self._by_name.setdefault(plain(name), set()).add(code)
            self._by_folded.setdefault(self._folded[code], set()).add(code)
        for code, name in former:
            if code in names:
                self._by_name.setdefault(plain(name), set()).add(code)
                self._by_folded.setdefault(folded(name), set()).add(code)

    @cached_property
    def _by_roman(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for code, name in self._romans.items():
            found.setdefault(roman(name), set()).add(code)
        return found

    @cached_property
    def _prefectures(self) -> dict[str, str]:
        return {folded(name): code for code, (name, _) in self.names.items() if code.endswith("000")}

    @cached_property
    def _beginning(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self._prefectures)) or r"(?!)")

    @cached_property
    def _prefectures_alone(self) -> dict[str, str]:
        """What a prefecture may be called where nothing but a prefecture can stand: 群馬, Gunma-ken."""
        called = dict(self._prefectures)
        for name, code in self._prefectures.items():
            if not name.endswith("道"):  # 北海 is no name of 北海道
                called[name[:-1]] = code
        for code, name in self._romans.items():
            if code.endswith("000"):
                called |= dict.fromkeys([roman(name) + kind for kind in _ROMAN_KINDS], code)
        return called

    def prefecture(self, written: str) -> str | None:
        """Return the code of the prefecture that a cell of a column of prefectures names, or None.

        It is written with or without 都道府県, in Roman letters, as its number or as its code.
        """
        called = self._prefectures_alone
        found = called.get(folded(written)) or called.get(roman(written))
        if found is None:
            try:
                found = area_code(written)
            except InvalidAreaCode:
                return None
        return found if found in self.names and found.endswith("000") else None

    def agrees(self, code: str, written: str) -> bool | None:
        """Return whether a name is that of an area; None where it may be, or names no place at all.

        >>> names = AreaNames({"01000": ("北海道", ""), "01101": ("札幌市中央区", "")})
        >>> names.agrees("01101", "中央区"), names.agrees("01101", "札幌市"), names.agrees("01101", "本庁")
        (True, True, None)
        """
        if code not in self.names:
            return None
        named, rest = self._without_prefecture(_PART.sub(r"\1", plain(written)))
        if named is not None and named != prefecture_of(code):
            return False
        rest = folded(rest)
        own = self._folded[code]
        if len(rest) > 1 and (own.startswith(rest) or own.endswith(rest) or rest.endswith(own)):
            return True
        there = self._candidates(rest)
        return code in there if there else None

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
        wanted = named or prefecture
        candidates = self._candidates(rest, wanted)
        within = {code for code in candidates if prefecture_of(code) == wanted}
        left = within if named or within else candidates
        if len(left) != 1:
            raise _unmatched(written, [self.area(code) for code in sorted(left or candidates)])
        return Place(left.pop(), written, part)

    def _without_prefecture(self, text: str) -> tuple[str | None, str]:
        """Return the code of the prefecture a text begins with, and the rest."""
        found = self._beginning.match(text.translate(FOLDED))
        return (self._prefectures[found[0]], text[found.end() :]) if found else (None, text)

    def _candidates(self, name: str, prefecture: str | None = None) -> set[str]:
        """Return the areas of a name as it is written, or folded where none of those is in the prefecture."""
        district = ""
        found = self._called(name, prefecture)
        if not found and (split := _DISTRICT.fullmatch(name)):
            district, name = split[1], split[2]
            found = self._called(name, prefecture)
        there = {code for code in found if not code.endswith("000")}
        if district:
            in_district = {c for c in there if folded(self.names[c][1]) == folded(district)}
            return in_district or {c for c in there if not self.names[c][1]}
        return there

    def _called(self, name: str, prefecture: str | None) -> set[str]:
        exact = self._by_name.get(name, set())
        alike = self._by_folded.get(folded(name), set())
        if not alike and self._romans and _ROMAN.search(name):
            alike = self._by_roman.get(roman(name), set())
        there = {prefecture_of(code) for code in exact}
        return exact if exact and (prefecture is None or prefecture in there) else exact | alike


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
