"""The effect of a measure as JSON, and what it does not prove."""

from __future__ import annotations

import numpy as np
from typing_extensions import TypedDict

from geo.figures.effect import CONFIDENCE, Estimate
from geo.text import Text
from service.areas.forms import NamedArea, named
from service.figures.forms import Brief, brief
from service.planning import effects
from service.strategy.policy import COVERAGE

CAUTION: Text = {
    "ja": "差の差は因果関係の証明ではありません。実施自治体は無作為に選ばれておらず、"
    "比較自治体も把握されていない同種の取組を行っている可能性があり、"
    "同時期の他の施策や出来事の影響も残ります。実施前の差も併せて見てください。",
    "en": "A difference in differences is no proof of cause. Municipalities were not chosen by lot, those "
    "compared with may run the like unknown to this catalogue, and other measures and events of the same "
    "years remain. Look at the difference before the start as well.",
}
METHOD: Text = {
    "ja": "実施自治体ごとに、開始前の値と基本指標が最も近い未実施自治体を"
    "（重複なく、距離の合計が最小になるよう）割り当て、変化の差を平均した。"
    "区間は実施自治体ごとの差の95%信頼区間（t分布）。",
    "en": "Each deployed municipality is matched with those most alike before its start (none used twice, "
    "the sum of distances least); the differences of the changes are averaged. The interval is Student's t "
    "at 95 %.",
}


class Compared(TypedDict):
    """How many municipalities are compared."""

    deployed: int
    matched: int


class EffectEstimate(TypedDict):
    """A mean difference with its confidence interval."""

    difference_in_differences: float
    low: float
    high: float
    n: int
    confidence: float
    excludes_zero: bool


class Untold(TypedDict):
    """Why something cannot be told."""

    reason: Text


class MeanBeside(TypedDict):
    """A municipality's value in a period, and the mean of those matched with it."""

    period: str
    value: float
    matched: float


class DeployedPair(NamedArea):
    """A deployed municipality beside its matched ones."""

    start: int
    earlier: str | None
    before: MeanBeside
    after: MeanBeside
    difference: float
    difference_before_start: float | None
    matched: list[str]


class MeasureEffect(TypedDict):
    """The change in deployed municipalities against matched ones."""

    measure: str
    indicator: Brief
    vintage: str
    years: int
    matches: int
    n: Compared
    estimate: EffectEstimate
    before_start: EffectEstimate | Untold
    summary: Text
    method: Text
    caution: Text
    deployed: list[DeployedPair]
    coverage: Text


NO_EARLIER: Untold = {
    "reason": {
        "ja": "開始前の期間の値が足りず、実施前に両者が同じように動いていたかは確かめられない。",
        "en": "There are too few figures from before the start to tell whether both groups moved alike then.",
    }
}


def _estimate(one: Estimate) -> EffectEstimate:
    return {
        "difference_in_differences": one.estimate,
        "low": one.low,
        "high": one.high,
        "n": one.n,
        "confidence": CONFIDENCE,
        "excludes_zero": not one.low <= 0 <= one.high,
    }


def _signed(value: float) -> str:
    """Return a difference with its sign and three digits that tell, all of them before the point."""
    size = abs(value)
    digits = np.format_float_positional(size, precision=3, fractional=False, trim="-")
    return ("−" if value < 0 else "+") + (f"{size:,.0f}" if size >= 100 else digits)


def _summary(found: effects.Effect) -> Text:
    """Return the estimate as a plain sentence."""
    one, estimate = found.indicator, found.estimate
    told, low, high = map(_signed, (estimate.estimate, estimate.low, estimate.high))
    unit_en = one.unit_en if one.unit_en in ("", "%") else f" {one.unit_en}"
    return {
        "ja": f"実施{estimate.n}市区町村の「{one.name_ja}」の変化は、"
        f"比較{found.compared}市区町村より{told}{one.unit_ja}（95%信頼区間 {low}〜{high}）。",
        "en": f"{one.name_en} in {estimate.n} deployed municipalities changed by {told}{unit_en} "
        f"against {found.compared} matched ones (95 % confidence interval {low} to {high}).",
    }


def _pair(found: effects.Effect, one: effects.Pair) -> DeployedPair:
    return {
        **named(found.gazetteer.area(one.code)),
        "start": one.start,
        "earlier": one.window.earlier,
        "before": {"period": one.window.before, "value": one.before, "matched": one.matches_before},
        "after": {"period": one.window.after, "value": one.after, "matched": one.matches_after},
        "difference": one.difference,
        "difference_before_start": one.earlier_difference,
        "matched": list(one.matches),
    }


def effect_described(found: effects.Effect) -> MeasureEffect:
    """Return the effect of a measure as JSON."""
    return {
        "measure": found.measure.id,
        "indicator": brief(found.indicator),
        "vintage": str(found.gazetteer.vintage),
        "years": found.years,
        "matches": found.k,
        "n": {"deployed": found.estimate.n, "matched": found.compared},
        "estimate": _estimate(found.estimate),
        "before_start": NO_EARLIER if found.earlier is None else _estimate(found.earlier),
        "summary": _summary(found),
        "method": METHOD,
        "caution": CAUTION,
        "deployed": [_pair(found, one) for one in found.pairs],
        "coverage": COVERAGE,
    }
