"""The verdict on a KPI that compares two regions: one for the whole, told once and in words.

Which of its years counts is told by the plan. A year before it says how things stood (``REFERENCE``), not
whether a plan that had not begun was achieved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from geo.layers.legend import formatted
from geo.strategy.kpis import PriceBasis, Series
from geo.strategy.rating import REFERENCE, Comparison, Target
from geo.text import Text

State = Literal["achieved", "not_achieved", "reference", "no_figures"]
BASES: dict[PriceBasis, Text] = {
    "": {"ja": "", "en": ""},
    "nominal": {"ja": "名目", "en": "nominal"},
    "real": {"ja": "実質", "en": "real"},
}


@dataclass(frozen=True)
class Compared:
    """A series with one of its years."""

    series: Series
    year: Comparison


@dataclass(frozen=True)
class Verdict:
    """What is said of a KPI, by which year, and the growth of that year by price basis side by side."""

    state: State
    period: str | None
    growths: tuple[Compared, ...]


def verdict_of(series: Sequence[tuple[Series, Sequence[Comparison]]]) -> Verdict:
    """Return the verdict of the newest year with growth, by the price basis of the first series.

    Where two series have that year, the later one counts, which has the newer base. Beside it stands the
    series of the same base and year on the other price basis, which decides nothing.
    """
    if not series:
        return Verdict("no_figures", None, ())
    told = [Compared(each, year) for each, years in series for year in years if year.growth is not None]
    counting = [each for each in told if each.series.price_basis == series[0][0].price_basis]
    if not counting:
        return Verdict("no_figures", None, ())
    newest = max(each.year.period for each in counting)
    main = [each for each in counting if each.year.period == newest][-1]
    beside = [
        each
        for each in told
        if each.year.period == newest
        and each.series.base_ja == main.series.base_ja
        and each.series.price_basis != main.series.price_basis
    ]
    state: State = (
        "reference" if main.year.reference else "achieved" if main.year.achieved else "not_achieved"
    )
    return Verdict(state, newest, (main, *beside))


def verdict_in_words(verdict: Verdict, target: Target, region: Text, comparator: Text) -> Text:
    """Return the verdict in a few sentences: whether it is achieved, and by which growth.

    Parameters
    ----------
    region, comparator : names of the two
    """
    ja, en = _opening(verdict, target)
    for each in verdict.growths:
        year, basis = each.year, BASES[each.series.price_basis]
        if year.growth is None or year.comparator_growth is None or year.difference_points is None:
            continue
        own, other = _per_cent(year.growth), _per_cent(year.comparator_growth)
        than = _than(year.difference_points)
        ja.append(
            f"{basis['ja']}の伸び率は{region['ja']}が{own}、{comparator['ja']}が{other}で、{than['ja']}。"
        )
        en.append(
            f"Growth, {basis['en']}: “{region['en']}” {own}, “{comparator['en']}” {other}; {than['en']}."
        )
    return {"ja": "".join(ja), "en": " ".join(en)}


def _opening(verdict: Verdict, target: Target) -> tuple[list[str], list[str]]:
    plan = {"ja": "計画期間", "en": "the plan"}
    if target.plan_from is not None:
        plan["ja"] += f"（{target.plan_from}〜{target.plan_to}年度）"
        plan["en"] += f" (FY{target.plan_from} to FY{target.plan_to})"
    if verdict.state == "no_figures":
        return ["伸び率を計算できる値がなく、達否は判定できない。"], [
            "No growth can be told, so there is no verdict."
        ]
    if verdict.state == "reference":
        return [
            f"{plan['ja']}の値はまだなく、達否は判定できない。{verdict.period}年度は{REFERENCE['ja']}。"
        ], [
            f"There are no figures of {plan['en']} yet, so there is no verdict. "
            f"FY{verdict.period} is a {REFERENCE['en']}."
        ]
    met = verdict.state == "achieved"
    return [f"{verdict.period}年度は{'達成' if met else '未達成'}。"], [
        f"FY{verdict.period}: {'achieved' if met else 'not achieved'}."
    ]


def _than(points: float) -> Text:
    told = formatted(abs(points), 2)
    if told == "0.00":
        return {"ja": "差は0.01ポイントに満たない", "en": "less than 0.01 points apart"}
    if points > 0:
        return {"ja": f"{told}ポイント上回る", "en": f"{told} points above it"}
    return {"ja": f"{told}ポイント下回る", "en": f"{told} points below it"}


def _per_cent(growth: float) -> str:
    """Return a growth rate with its sign.

    >>> _per_cent(-0.00210), _per_cent(0.00526)
    ('−0.21%', '+0.53%')
    """
    text = f"{formatted(growth * 100, 2)}%"
    return text if text.startswith("−") else f"+{text}"
