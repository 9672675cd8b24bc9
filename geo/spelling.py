"""Words as people type them: one form of what is written in several ways, and names by parts of them."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import jaconv
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

#: Katakana → hiragana; dots, hyphens and brackets → nothing.
_SIGNS = {
    **{sign: sign - 0x60 for sign in range(ord("ァ"), ord("ヶ") + 1)},
    **dict.fromkeys(map(ord, "・()[]「」『』【】〈〉《》〔〕-")),
}
#: A Latin letter with a mark → without: ō, é.
_MARKED = re.compile("[\u0300-\u036f]")
_LATIN = re.compile(r"[a-z]+")
#: What is spelled in two ways in English, and in more than one number → one of them.
_ENGLISH = (
    (re.compile(r"agein"), "agin"),
    (re.compile(r"\b([a-z]{2,})ies\b"), r"\1y"),
    (re.compile(r"\b([a-z]+(?:ss|x|ch|sh)|(?:mini)?bus)es\b"), r"\1"),
    (re.compile(r"\b([a-z]{2,}[^\Ws'u\d])s\b"), r"\1"),
    (re.compile(r"(lab|neighb|fav|col|harb|behavi|hon)our"), r"\1or"),
    (re.compile(r"([a-z])is(e|ed|ing|ation)\b"), r"\1iz\2"),
    (re.compile(r"(cent|met|theat)re\b"), r"\1er"),
    (re.compile(r"programme\b"), "program"),
    (re.compile(r"licence\b"), "license"),
    (re.compile(r"travell"), "travel"),
)
_KANA = re.compile(r"[ぁ-ゖー]+")
#: Letters of one kind: Chinese characters, kana, Latin letters, digits.
_RUNS = re.compile(r"[ぁ-ゖー]+|[a-z]+|[0-9]+|[^ぁ-ゖーa-z0-9]+")
#: How alike a phrase has to be to what was typed, of 100.
_ALIKE = 70
#: How much less alike than the best one another may be.
_NEAR = 5.0
#: So many words are taken for one that is slipped.
_MOST_NEAR = 4


def folded(words: str) -> str:
    """Return a text as it is compared: whatever its width, case, kana, spaces, dots, hyphens, brackets.

    ヶ and ケ, old 鰺 and 鯵 are alike, and in English its two spellings and both numbers.

    >>> folded("ＡＢＣ　「デマンド・バス」") == folded("abcでまんどばす")
    True
    >>> folded("茅ヶ崎市") == folded("茅ケ崎市"), folded("Ageing cities") == folded("aging city")
    (True, True)
    """
    plain = unicodedata.normalize("NFKC", words).casefold()
    if not plain.isascii():
        plain = _without_marks(plain.replace("ヶ", "ケ").replace("鰺", "鯵"))
    return "".join(_one_english(plain).translate(_SIGNS).split())


def _without_marks(words: str) -> str:
    """Return a text with Latin letters for those with marks (Ōsaka, Kōchi); kana keep theirs."""
    return "".join(
        _MARKED.sub("", unicodedata.normalize("NFD", sign)) if "\xc0" <= sign <= "\u024f" else sign
        for sign in words
    )


def _one_english(words: str) -> str:
    if _LATIN.search(words):
        for pattern, spelling in _ENGLISH:
            words = pattern.sub(spelling, words)
    return words


def latin_words(text: str) -> Iterator[str]:
    """Yield the English words of a text, folded.

    >>> list(latin_words("Ageing rate（register）"))
    ['aging', 'rate', 'register']
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return (folded(word) for word in _LATIN.findall(plain) if len(word) > 2)


def kana_of(word: str) -> str | None:
    """Return what a word in Roman letters reads in hiragana; None where it is none of Japanese.

    >>> kana_of("siojiri"), kana_of("shiojiri"), kana_of("elderly")
    ('しおじり', 'しおじり', None)
    """
    if not _LATIN.fullmatch(word):
        return None
    kana = jaconv.alphabet2kana(word)
    return kana if _KANA.fullmatch(kana) and not re.search("っ(?:$|[っらりるれろん])", kana) else None


def parted(word: str, holds: str) -> list[str] | None:
    """Return parts of two letters and more that all stand somewhere in a text; None where there are none.

    A word is parted where its letters change kind, and Japanese then into the longest parts that there are.

    >>> parted("人口へんか", "総人口 じんこうのへんか"), parted("人口甲乙", "人口")
    (['人口', 'へんか'], None)
    """
    parts: list[str] = []
    for run in _RUNS.findall(word):
        if run.isascii() and run not in holds:
            return None
        start = 0
        while start < len(run):
            ends = range(len(run), min(start + 2, len(run)) - 1, -1)
            end = next((end for end in ends if run[start:end] in holds and end - start > 1), None)
            if end is None:
                return None
            parts.append(run[start:end])
            start = end
    return parts if len(parts) > 1 else None


def nearest_words(word: str, vocabulary: Sequence[str]) -> list[str]:
    """Return the words that a word with a slip or two may stand for, the nearest first.

    >>> nearest_words("alderly", ["elderly", "orderly", "rate"])
    ['elderly']
    """
    slips = 0 if len(word) < 4 else 1 if len(word) < 7 else 2
    if not slips:
        return []
    near = process.extract(word, vocabulary, scorer=OSA.distance, score_cutoff=slips, limit=_MOST_NEAR)
    return [found for found, distance, _ in near if distance == near[0][1]]


def nearest_phrases(phrase: str, phrases: Sequence[str]) -> list[str]:
    """Return the phrases that are most like one with slips, the nearest first.

    >>> nearest_phrases("高令化率", ["高齢化率", "死亡率"])
    ['高齢化率']
    """
    if len(phrase) < 3:
        return []
    near = process.extract(phrase, phrases, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=_MOST_NEAR)
    return [found for found, alike, _ in near if alike >= near[0][1] - _NEAR]


class Match(NamedTuple):
    """How well a name has what is looked for (0: is it, 1: begins so, 2: holds it), and whose it is."""

    rank: int
    place: int


class Names:
    """Names of many things, each with some, found by what they are, begin with or hold.

    Attributes
    ----------
    plain : all of them, each once
    """

    def __init__(self, names: Iterable[Iterable[str]]) -> None:
        lines = [(name, place) for place, own in enumerate(names) for name in dict.fromkeys(own) if name]
        self._owners = [place for _, place in lines]
        self._starts: list[int] = []
        at = 1
        for name, _ in lines:
            self._starts.append(at)
            at += len(name) + 1
        self._text = "\n" + "".join(f"{name}\n" for name, _ in lines)
        self.plain = tuple(dict.fromkeys(name for name, _ in lines))

    def called(self, name: str) -> list[int]:
        """Return who is called just so, in their order."""
        return list(dict.fromkeys(self._at(f"\n{name}\n", 1))) if name and "\n" not in name else []

    def find(self, wanted: str) -> list[Match]:
        """Return those that have a name with ``wanted`` in it, each once with its best, the best first."""
        if not wanted or "\n" in wanted:
            return []
        ranks: dict[int, int] = {}
        for rank, text in enumerate((f"\n{wanted}\n", f"\n{wanted}", wanted)):
            for place in self._at(text, 1 if rank < 2 else 0):
                ranks.setdefault(place, rank)
        return sorted(Match(rank, place) for place, rank in ranks.items())

    def _at(self, text: str, shift: int) -> Iterator[int]:
        found = self._text.find(text)
        while found >= 0:
            yield self._owners[bisect_right(self._starts, found + shift) - 1]
            found = self._text.find(text, found + 1)


def near(name: str, among: Iterable[str], most: int = 5) -> list[str]:
    """Return the names most like one, the nearest first.

    >>> near("agein-rate", ["population", "ageing-rate", "birth-rate"])
    ['ageing-rate']
    """
    found = process.extract(name, list(among), scorer=fuzz.ratio, limit=most, score_cutoff=_ALIKE)
    return [other for other, _, _ in found]
