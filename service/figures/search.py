"""Finding layers by words: in Japanese, kana, Roman letters and English, with everyday words and slips."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, product

from geo.figures.indicators import TOPICS, Indicator
from geo.spelling import folded, kana_of, latin_words, nearest_phrases, nearest_words, parted
from service.figures.everyday import READINGS, SYNONYMS

#: So many ways to write all words together are looked at.
_MOST_WHOLE = 16
#: So many layers may share a keyword that tells them as well as a name.
_FEW = 3
#: What stands in brackets, or after a colon, tells one of several alike.
_VARIANT = re.compile(r"（[^）]*）|：.*")

#: What a rate is told for, folded: it is what nobody looks for.
_PER_HEAD = re.compile(r"(?:人口|じんこう)[0-9千万せんまん]*(?:人当たり|にんあたり)")

#: A word, and what stands for it.
Alternatives = tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """What a layer is found by, folded.

    Attributes
    ----------
    names : its names in both languages first, then its reading, and what else it is called
    about : its names, keywords, description, topic, family, id and code, each on a line
    variant : of how many alike it is one, by what its name says in brackets
    words : the English words of its names and keywords
    """

    names: tuple[str, ...]
    keywords: tuple[str, ...]
    about: str
    variant: int = 0
    words: frozenset[str] = frozenset()

    @classmethod
    def of(cls, layer: Indicator, also_called: Sequence[str] = ()) -> Entry:
        """Return the entry of a layer."""
        readings = (layer.kana, *filter(None, map(READINGS.get, also_called)))
        names = tuple(map(folded, (layer.name_ja, layer.name_en, *filter(None, readings), *also_called)))
        told = [word for word in layer.keywords.split(";") if word]
        keywords = tuple(folded(word) for word in (*told, *filter(None, map(READINGS.get, told))))
        family = layer.family
        of_family = (family.name_ja, family.name_en, family.kana) if family else ()
        others = (
            *(layer.description_ja, layer.description_en, *TOPICS[layer.topic]),
            *(*of_family, layer.id, layer.code),
        )
        english = (layer.name_en, *also_called, *told)
        return cls(
            names,
            keywords,
            "\n".join((*names, *keywords, *map(folded, others))),
            len(_VARIANT.findall(layer.name_ja)),
            frozenset(word for text in english for word in latin_words(text)),
        )


class Index:
    """The entries of layers, and what is made of them once to read words by.

    Attributes
    ----------
    first : ids of those that come first of equals
    """

    def __init__(self, entries: Mapping[str, Entry], first: Collection[str] = ()) -> None:
        self.entries = entries
        self.first = frozenset(first)

    @cached_property
    def _text(self) -> str:
        lines = (line for one in self.entries.values() for line in one.about.split("\n"))
        return "\n".join(dict.fromkeys([*lines, *SYNONYMS]))

    @cached_property
    def _own_keywords(self) -> frozenset[str]:
        """Keywords that few have: those of a whole family tell its layers less than their names do."""
        counted = Counter(keyword for one in self.entries.values() for keyword in set(one.keywords))
        return frozenset(keyword for keyword, count in counted.items() if count <= _FEW)

    @cached_property
    def _vocabulary(self) -> list[str]:
        return sorted(frozenset().union(*(one.words for one in self.entries.values())))

    @cached_property
    def _phrases(self) -> list[str]:
        listed = (phrase for one in self.entries.values() for phrase in (*one.names, *one.keywords))
        return list(dict.fromkeys(listed))

    def read(self, q: str, *, slips: bool = True) -> list[Alternatives]:
        """Return the words of a text, each with what stands for it in the entries.

        What is in them is taken as it is, with its synonyms. Of what is not, Roman letters are read as kana,
        words that were written together are parted, and slips are put right, whichever of these is the first
        to lead anywhere.
        """
        words = [word for word in map(folded, q.split()) if word]
        return [one for word in words for one in self._read(word, slips)]

    def _read(self, word: str, slips: bool) -> list[Alternatives]:
        if word in self._text:
            return [(word, *SYNONYMS.get(word, ()))]
        kana = kana_of(word)
        if kana and kana in self._text:
            return [(kana, *SYNONYMS.get(kana, ()))]
        for written in filter(None, (word, kana)):
            parts = parted(written, self._text)
            if parts and (written is word or len(parts) == 1):
                return [(part, *SYNONYMS.get(part, ())) for part in parts]
        if not slips:
            return [(word,)]
        near = nearest_words(word, self._vocabulary) if word.isascii() else []
        near = near or nearest_phrases(kana or word, self._phrases)
        return [tuple(near)] if near else [(word,)]

    def found(self, among: Iterable[str], q: str) -> list[str]:
        """Return which of the layers ``among`` have every word of ``q``, the best first.

        First those called just so, then those with just such a keyword that few have, then those whose name
        begins with the words, holds them, or has them among its keywords, then those that have them anywhere:
        description, topic, family, id, code. Of equals the one comes first whose name has them, then those
        that are named to come first, then the one that is no variant of others, then the shorter name. No
        words leave all of them in their order.
        """
        return [name for _, name in self.ranked(among, q)]

    def ranked(self, among: Iterable[str], q: str, *, slips: bool = True) -> list[tuple[int, str]]:
        """Return the same, each with how well it has the words, 0 the best."""
        words = self.read(q, slips=slips)
        if not words:
            return [(0, name) for name in among]
        wholes = ["".join(one) for one in islice(product(*words), _MOST_WHOLE)]
        own = self._own_keywords.intersection(wholes)
        matches = []
        for name in among:
            entry = self.entries[name]
            rank = _rank(entry, words, wholes, own)
            if rank is not None:
                is_unnamed = not any(_holds(one, words) for one in entry.names)
                order = (rank, is_unnamed, name not in self.first, entry.variant, len(entry.names[0]))
                matches.append((order, name))
        return [(order[0], name) for order, name in sorted(matches, key=lambda match: match[0])]


def _rank(
    entry: Entry, words: Sequence[Alternatives], wholes: Sequence[str], own: Collection[str]
) -> int | None:
    """Return how well an entry has the words, 0 the best; None where it lacks one of them."""
    if not all(any(word in entry.about for word in one) for one in words):
        return None
    if any(whole in entry.names for whole in wholes):
        return 0
    if any(keyword in entry.keywords for keyword in own):
        return 1
    if any(_begins(name, whole) for name in entry.names for whole in wholes):
        return 2
    if any(_holds(name, words) for name in entry.names):
        return 3
    if any(_holds(keyword, words) for keyword in entry.keywords):
        return 4
    return 5


def _begins(name: str, whole: str) -> bool:
    """Return whether a name begins so; by how many people it is told for, none does."""
    per_head = _PER_HEAD.match(name)
    return name.startswith(whole) and (per_head is None or len(whole) >= per_head.end())


def _holds(text: str, words: Sequence[Alternatives]) -> bool:
    return all(any(word in text for word in one) for one in words)
