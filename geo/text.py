"""A text in both languages of the service: what every noun tells people, and so below all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, Protocol

from typing_extensions import TypedDict

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, Language] = ("ja", "en")


#: What neither a workbook nor XML can hold (XML 1.0, 2.2).
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def has_control(text: str) -> bool:
    r"""Return whether a text has a character that no workbook and no XML can hold.

    >>> has_control("社会増減\n"), has_control("a\x0bb")
    (False, True)
    """
    return _CONTROL.search(text) is not None


def without_controls(text: str) -> str:
    """Return a text with a sign for each character that no workbook and no XML can hold."""
    return _CONTROL.sub("\ufffd", text)


#: What formulas begin with for a spreadsheet, or with a sign that it passes over before one; also wide ones.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: What stands before such a text in a CSV table, and is no part of it.
INERT = re.compile(f"'(?=[{re.escape(''.join(_FORMULA))}])")


def inert(text: str) -> str:
    r"""Return a text of which no spreadsheet that opens a CSV table makes a formula.

    >>> inert('=HYPERLINK(1)'), inert("-"), inert("－1")
    ("'=HYPERLINK(1)", '-', "'－1")
    """
    return f"'{text}" if len(text) > 1 and text.startswith(_FORMULA) else text


class Text(TypedDict):
    """A text in Japanese and English."""

    ja: str
    en: str


class Bilingual(Protocol):
    """What has a name in both languages."""

    @property
    def name_ja(self) -> str:
        """The name in Japanese."""

    @property
    def name_en(self) -> str:
        """The name in English."""


#: Kana, Chinese characters and the marks that stand among them, but for the bar between credits.
_SIGN = "[\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff5b\uff5d-\uffee]"
#: What stands in Japanese brackets, or right before such a sign, belongs to the same words.
_JAPANESE = re.compile(rf"(?:「[^「」]*」|（[^（）]*）|[0-9A-Za-z.+-]{{1,40}}(?={_SIGN})|{_SIGN})+")


def by_language(words: str) -> Iterator[tuple[str, Language | None]]:
    """Yield the parts of a text, and ``ja`` for those that are Japanese; the others may be of any language.

    >>> list(by_language("Made from 「地域バス」（CC BY 4.0）; of 2019"))
    [('Made from ', None), ('「地域バス」（CC BY 4.0）', 'ja'), ('; of 2019', None)]
    """
    end = 0
    for found in _JAPANESE.finditer(words):
        if found.start() > end:
            yield words[end : found.start()], None
        yield found.group(), "ja"
        end = found.end()
    if end < len(words):
        yield words[end:], None


def name_of(named: Bilingual) -> Text:
    """Return what something is called."""
    return {"ja": named.name_ja, "en": named.name_en}
