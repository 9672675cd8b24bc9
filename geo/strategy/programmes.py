"""Programmes: how long what one adopts is counted where no source tells its end.

A grant of one fiscal year ends with it; a zone that was designated is one until it is revoked. The rules are
rows of ``data/catalog/programmes.csv``, each with its reason and the source of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from geo.areas.names import plain
from geo.strategy.deployments import Deployment
from geo.text import Text

Basis = Literal["stated", "programme", "open", "operating", "not_known"]

#: Why a deployment is counted as long as it is, where no rule of a programme says it.
REASONS: dict[Basis, Text] = {
    "stated": {"ja": "出典が終了年度を示している。", "en": "Its source tells its last fiscal year."},
    "operating": {
        "ja": "運行・実装中のため、終了が確認されるまで数える。",
        "en": "It is in operation, and counted until its end is told.",
    },
    "not_known": {
        "ja": "終了の時期も制度の期間も確認できていないため、終了が確認されるまで数える。",
        "en": "Neither its end nor how long its programme lasts is known: it counts until its end is told.",
    },
}


@dataclass(frozen=True)
class Programme:
    """The rule of a programme.

    Attributes
    ----------
    name : what the names of its deployments' programmes begin with
    years : how many fiscal years it lasts, the first included; None: until an end is told
    """

    name: str
    years: int | None
    reason_ja: str
    reason_en: str
    source_title: str
    source_url: str


@dataclass(frozen=True)
class Ending:
    """The last fiscal year in which a deployment is counted, None for no end, and why."""

    year: int | None
    basis: Basis
    reason: Text
    programme: Programme | None = None


def ending(one: Deployment, programmes: Sequence[Programme]) -> Ending:
    """Return until when a deployment is counted.

    What its source tells stands before the rule of its programme, of which the longest name wins. What is in
    operation goes on when the grant that began it has ended.

    Examples
    --------
    >>> import datetime as dt
    >>> grant = Programme("実証事業", 1, "単年度。", "One fiscal year.", "", "")
    >>> one = Deployment("a", (), "実証事業（先行）", "", (), dt.date(2024, 4, 1), "adopted", "", "",
    ...                  dt.date(2026, 1, 1), "official", fy_start=2024)
    >>> ending(one, [grant]).year, ending(one, []).basis
    (2024, 'not_known')
    """
    if one.fy_end is not None:
        return Ending(one.fy_end, "stated", REASONS["stated"])
    if one.status == "operating":
        return Ending(None, "operating", REASONS["operating"])
    name = plain(one.programme)
    rules = [rule for rule in programmes if name.startswith(plain(rule.name))]
    if not rules:
        return Ending(None, "not_known", REASONS["not_known"])
    rule = max(rules, key=lambda found: len(found.name))
    reason: Text = {"ja": rule.reason_ja, "en": rule.reason_en}
    if rule.years is None:
        return Ending(None, "open", reason, rule)
    return Ending(one.known_from + rule.years - 1, "programme", reason, rule)
