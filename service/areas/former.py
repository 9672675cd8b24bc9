"""Names and codes that areas had once, and what became of who bore them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from geo.areas.history import History, Spell
from service.areas.gazetteer import searchable

#: So many former areas are told at most.
MOST = 20


@dataclass(frozen=True)
class Former:
    """A name or code of the past: what it was, and the areas that hold its land on a date."""

    spell: Spell
    became: tuple[Spell, ...]

    def __str__(self) -> str:
        heirs = "、".join(f"{heir.code} {heir.ja}" for heir in self.became)
        return f"{self.spell.code} {self.spell.ja} (–{self.spell.until}) → {heirs}"


@dataclass(frozen=True)
class FormerNames:
    """What can be asked of names that areas had once."""

    history: History

    @cached_property
    def _searchable(self) -> list[tuple[Spell, tuple[str, ...]]]:
        return [
            (spell, tuple(searchable(name) for name in (spell.ja, spell.kana, spell.en)))
            for spell in self.history.spells
            if spell.until is not None
        ]

    def search(self, query: str, date: dt.date) -> list[Former]:
        """Return what was called so once and no longer on a date, best match first, as areas are searched.

        A name that the same code still has on the date, under other spells, is not in it.
        """
        wanted = searchable(query)
        ranked = []
        for spell, names in self._searchable:
            rank = _rank(wanted, spell.code, names)
            if rank is not None and self._is_gone(spell, date):
                ranked.append((rank, spell.code, spell.since, spell))
        found: dict[tuple[str, str], Spell] = {}
        for *_, spell in sorted(ranked, key=lambda one: one[:3]):
            found.setdefault((spell.code, spell.ja), spell)
        return [self._former(spell, date) for spell in list(found.values())[:MOST]]

    def called(self, written: str, date: dt.date) -> list[Former]:
        """Return who bore exactly this code or name once, and does no longer on a date."""
        wanted = searchable(written)
        return [
            self._former(spell, date)
            for spell, names in self._searchable
            if (wanted == spell.code or wanted in names) and self._is_gone(spell, date)
        ][:MOST]

    def _is_gone(self, spell: Spell, date: dt.date) -> bool:
        now = self.history.name(spell.code, date)
        return not spell.holds(date) and (now is None or now.ja != spell.ja)

    def _former(self, spell: Spell, date: dt.date) -> Former:
        last = (spell.until or date) - dt.timedelta(1)
        codes = self.history.of(spell.code).heirs(spell.code, last, date)
        return Former(spell, tuple(self._names(codes, date)))

    def _names(self, codes: Collection[str], date: dt.date) -> list[Spell]:
        named = ((code, self.history.name(code, date)) for code in codes)
        return [name if name is not None else Spell(code, date, None, code, "", code) for code, name in named]


def _rank(wanted: str, code: str, names: tuple[str, ...]) -> int | None:
    if code.startswith(wanted):
        return 0
    if wanted in names:
        return 1
    if any(name.startswith(wanted) for name in names):
        return 2
    return 3 if any(wanted in name for name in names) else None
