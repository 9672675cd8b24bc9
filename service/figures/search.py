"""Finding layers by words: in Japanese, in kana and in English, everyday words included."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from geo.figures.indicators import TOPICS, Indicator
from service.areas.gazetteer import searchable

#: Katakana → hiragana; dots and brackets → nothing.
_SIGNS = {
    **{sign: sign - 0x60 for sign in range(ord("ァ"), ord("ヶ") + 1)},
    **dict.fromkeys(map(ord, "・()[]「」『』【】〈〉《》〔〕")),
}


def folded(words: str) -> str:
    """Return a text as it is compared: as a name of an area is, in hiragana, without dots and brackets.

    >>> folded("ＡＢＣ　「デマンド・バス」") == folded("abcでまんどばす")
    True
    """
    return "".join(searchable(words).translate(_SIGNS).split())


@dataclass(frozen=True)
class Entry:
    """What a layer is found by, folded.

    Attributes
    ----------
    names : its names in both languages first, then its reading, and what else it is called
    about : its names, keywords, description, topic, family, id and code, each on a line
    """

    names: tuple[str, ...]
    keywords: tuple[str, ...]
    about: str

    @classmethod
    def of(cls, layer: Indicator, also_called: Sequence[str] = ()) -> Entry:
        """Return the entry of a layer."""
        readings = filter(None, (layer.kana,))
        names = tuple(map(folded, (layer.name_ja, layer.name_en, *readings, *also_called)))
        keywords = tuple(folded(word) for word in layer.keywords.split(";") if word)
        family = layer.family
        of_family = (family.name_ja, family.name_en, family.kana) if family else ()
        others = (
            *(layer.description_ja, layer.description_en, *TOPICS[layer.topic]),
            *(*of_family, layer.id, layer.code),
        )
        return cls(names, keywords, "\n".join((*names, *keywords, *map(folded, others))))


def _rank(entry: Entry, words: Sequence[str]) -> int | None:
    """Return how well an entry has the words, 0 the best; None where it lacks one of them."""
    if not all(word in entry.about for word in words):
        return None
    whole = "".join(words)
    if whole in entry.names:
        return 0
    if any(name.startswith(whole) for name in entry.names):
        return 1
    if any(all(word in name for word in words) for name in entry.names):
        return 2
    if any(all(word in keyword for word in words) for keyword in entry.keywords):
        return 3
    return 4


def found(entries: Mapping[str, Entry], among: Iterable[str], q: str) -> list[str]:
    """Return which of the layers ``among`` have every word of ``q``, the best first.

    First those called just so, then those whose name begins with the words, holds them, or has them among
    its keywords, then those that have them anywhere: description, topic, family, id, code. Of equals the
    shorter name comes first. No words leave all of them in their order.
    """
    words = [word for word in map(folded, q.split()) if word]
    if not words:
        return list(among)
    ranks = {name: _rank(entries[name], words) for name in among}
    matches = [(rank, len(entries[name].names[0]), name) for name, rank in ranks.items() if rank is not None]
    return [name for *_, name in sorted(matches, key=lambda match: match[:2])]
