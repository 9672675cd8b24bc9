"""A text in both languages of the service: what every noun tells people, and so below all of them."""

from __future__ import annotations

from typing import Literal, Protocol

from typing_extensions import TypedDict

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, Language] = ("ja", "en")


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


def name_of(named: Bilingual) -> Text:
    """Return what something is called."""
    return {"ja": named.name_ja, "en": named.name_en}
