"""The effect of a measure as JSON, and what it does not prove."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from typing_extensions import TypedDict

from geo.areas.carrying import Carried
from geo.figures.effect import CONFIDENCE, DRAWS, SEED, Estimate
from geo.text import Text
from service.areas.forms import NamedArea, named
from service.figures.carrying import Carrying
from service.figures.forms import Brief, CarriedFigure, boundaries_described, brief
from service.memory.atlas import Atlas
from service.planning import effects
from service.planning.outcomes import CHANGED, Footing, Outcome, outcomes_of
from service.strategy.policy import COVERAGE

CAUTION: Text = {
    "ja": "差の差は因果関係の証明ではありません。実施自治体は無作為に選ばれておらず、"
    "同時期の他の施策や出来事の影響も残ります。開始前の動きに差が検出されないことは、差がないことの証明ではありません"
    "（対象が少ないと検出できません）。つながりのある指標をいくつも試せば、偶然の差も見つかります。",
    "en": "A difference in differences is no proof of cause. Municipalities were not chosen by lot, and "
    "other measures and events of the same years remain. That no difference is found before the start does "
    "not prove that there is none (few municipalities cannot show it). Whoever tries many indicators finds a "
    "difference by chance.",
}
METHOD: Text = {
    "ja": "実施自治体ごとに、開始前の指標の値（直近5時点までの平均）と基本指標が最も近い未実施自治体を"
    "（重複なく、距離の合計が最小になるよう）割り当て、変化の差を平均した。"
    "区間は95%信頼区間（t分布）で、組ごとに独立とみるものと都道府県ごとに相関を許すもののうち広い方。"
    "pは、各組の中で実施自治体を入れ替えた並べ替え検定（両側、スチューデント化）による。" + CHANGED["ja"],
    "en": "Each deployed municipality is matched with those most alike before its start, by the mean of the "
    "indicator’s newest five figures or fewer and by the usual traits (none used twice, the sum of distances "
    "least); the differences of the changes are averaged. The interval is Student’s t at 95 %, by matched "
    "sets or clustered by prefecture, whichever is the wider. p is that of randomisation: within each "
    "matched set another is taken for the deployed one (two-sided, studentised). " + CHANGED["en"],
}
#: What shares of the compared might run the measure unknown to the catalogue.
UNKNOWN_SHARES = (0.1, 0.25, 0.5)
#: Below this, a difference is told to be more than chance.
SIGNIFICANT = 1 - CONFIDENCE


class Compared(TypedDict):
    """How many municipalities are compared."""

    deployed: int
    matched: int


class EffectEstimate(TypedDict):
    """A mean difference with its confidence interval, of ``n`` matched sets in so many prefectures."""

    difference_in_differences: float
    low: float
    high: float
    n: int
    prefectures: int
    confidence: float
    excludes_zero: bool


class Randomisation(TypedDict):
    """The p-value by randomisation within matched sets; ``exact`` where all ways were taken."""

    p: float
    exact: bool
    draws: int | None
    seed: int | None


class TestedEstimate(EffectEstimate):
    """An estimate with its test."""

    randomisation: Randomisation


class Untold(TypedDict):
    """Why something cannot be told."""

    reason: Text


class EventYear(EffectEstimate):
    """How much more the deployed had moved so many years from the period before the start."""

    years: int


class TrendsBefore(Randomisation):
    """Whether both groups moved alike in all years before the start together."""

    years: list[int]
    differ: bool
    words: Text


class PathLink(TypedDict):
    """A link of the logic model."""

    source: str
    target: str
    basis: str
    reason: Text


class LinkedOutcome(TypedDict):
    """An indicator that the logic model links to the measure.

    ``basis`` is what the weakest link from the measure rests on, ``goal_basis`` that from the outcome to the
    measure's goal.
    """

    indicator: str
    outcome: Text
    basis: Footing
    goal_basis: Footing


class ChosenOutcome(TypedDict):
    """Why this indicator is judged; ``stated`` are those whose every link the strategy states."""

    chosen_by: Literal["request", "logic_model"]
    basis: Footing
    goal_basis: Footing
    path: list[PathLink]
    words: Text
    stated: list[LinkedOutcome]
    linked: list[LinkedOutcome]


class IfUnknown(TypedDict):
    """What the difference would be if such a share of the compared ran the measure too."""

    share: float
    difference_in_differences: float


class UnknownAdoption(TypedDict):
    """What is not known of who runs the measure."""

    known: int
    with_start: int
    judged: int
    matched_in_deploying_prefectures: int
    if_unknown: list[IfUnknown]
    words: Text


class Balance(TypedDict):
    """How far the deployed are from the matched in a trait before the start, in deviations."""

    indicator: str
    difference: float


class MeanBeside(CarriedFigure):
    """A municipality's value in a period, and the mean of those matched with it.

    `matched_carried` is of the matched value that is farthest from what was counted.
    """

    period: str
    value: float
    matched: float
    matched_carried: Carried | None


class DeployedPair(NamedArea):
    """A deployed municipality beside its matched ones."""

    start: int
    before: MeanBeside
    after: MeanBeside
    difference: float
    matched: list[str]


class MeasureEffect(TypedDict):
    """The change in deployed municipalities against matched ones."""

    measure: str
    indicator: Brief
    outcome: ChosenOutcome
    vintage: str
    years: int
    matches: int
    n: Compared
    estimate: TestedEstimate
    before_start: TrendsBefore
    event_study: list[EventYear]
    placebo: TestedEstimate | Untold
    adoption: UnknownAdoption
    balance: list[Balance]
    summary: Text
    method: Text
    caution: Text
    deployed: list[DeployedPair]
    coverage: Text


NO_PLACEBO: Untold = {
    "reason": {
        "ja": "開始前の値が足りず、開始がもっと早かったと仮定した比較（プラセボ）はできない。",
        "en": "There are too few figures from before the start to pretend an earlier one (placebo).",
    }
}

NONE_STATED: Text = {
    "ja": "この施策について、総合戦略が述べている成果の指標はない。",
    "en": "The strategy states no outcome of this measure in figures.",
}


def _estimate(one: Estimate) -> EffectEstimate:
    return {
        "difference_in_differences": one.estimate,
        "low": one.low,
        "high": one.high,
        "n": one.n,
        "prefectures": one.clusters,
        "confidence": CONFIDENCE,
        "excludes_zero": not one.low <= 0 <= one.high,
    }


def _randomisation(p: float, *, is_exact: bool) -> Randomisation:
    told = (None, None) if is_exact else (DRAWS, SEED)
    return {"p": p, "exact": is_exact, "draws": told[0], "seed": told[1]}


def _tested(one: effects.Judged) -> TestedEstimate:
    return {**_estimate(one.estimate), "randomisation": _randomisation(one.p, is_exact=one.is_exact)}


def _signed(value: float) -> str:
    """Return a difference with its sign and three digits that tell, all of them before the point."""
    size = abs(value)
    digits = np.format_float_positional(size, precision=3, fractional=False, trim="-")
    return ("−" if value < 0 else "+") + (f"{size:,.0f}" if size >= 100 else digits)


def _chance(p: float) -> str:
    return "p<0.001" if p < 0.001 else f"p={p:.3f}"


_FOOTED: dict[Footing, Text] = {
    "stated": {
        "ja": "この施策からこの指標へのつながりは総合戦略が述べている。",
        "en": "The strategy states that the measure leads to this outcome.",
    },
    "reported": {
        "ja": "この施策からこの指標へのつながりは、総合戦略についての報道などによる。",
        "en": "That the measure leads to this outcome is told by reports about the strategy.",
    },
    "assumed": {
        "ja": "この施策からこの指標へのつながりは本サービスの想定であり、総合戦略は述べていない。",
        "en": "That the measure leads to this outcome is our own assumption; the strategy does not state it.",
    },
    "none": {
        "ja": "この指標は、ロジックモデルではこの施策とつながっていない。",
        "en": "The logic model does not link this indicator to the measure.",
    },
}


def _linked(one: Outcome) -> LinkedOutcome:
    return {
        "indicator": one.indicator,
        "outcome": {"ja": one.node.label_ja, "en": one.node.label_en},
        "basis": one.footing,
        "goal_basis": one.goal_footing,
    }


def _chosen(atlas: Atlas, study: effects.Study, *, is_asked: bool) -> ChosenOutcome:
    """Return why an indicator is judged, and the others that might have been."""
    listed = outcomes_of(atlas.catalogue.policy.strategy, study.measure)
    own = next((one for one in listed if one.indicator == study.indicator.id), None)
    footing: Footing = "none" if own is None else own.footing
    stated = [one for one in listed if one.footing == "stated"]
    words = _FOOTED[footing]
    if footing != "stated":
        ja, en = ("、".join(one.indicator for one in stated), ", ".join(one.indicator for one in stated))
        offer: Text = {"ja": f"総合戦略が述べている指標：{ja}。", "en": f"Stated ones: {en}."}
        if not stated:
            offer = NONE_STATED
        words = {"ja": words["ja"] + offer["ja"], "en": f"{words['en']} {offer['en']}"}
    return {
        "chosen_by": "request" if is_asked else "logic_model",
        "basis": footing,
        "goal_basis": "none" if own is None else own.goal_footing,
        "path": [
            {
                "source": link.source,
                "target": link.target,
                "basis": link.basis,
                "reason": {"ja": link.reason_ja, "en": link.reason_en},
            }
            for link in (() if own is None else (*own.path, *([own.goal] if own.goal else [])))
        ],
        "words": words,
        "stated": [_linked(one) for one in stated],
        "linked": [_linked(one) for one in listed],
    }


def _trends(one: effects.Trends) -> TrendsBefore:
    differ, p = one.p < SIGNIFICANT, _chance(one.p)
    n = len(one.years)
    years_en = "the year" if n == 1 else f"the {n} years"
    return {
        **_randomisation(one.p, is_exact=one.is_exact),
        "years": list(one.years),
        "differ": differ,
        "words": {
            "ja": f"開始前の{n}時点で両者の動きはすでに異なっており（{p}）、この差を施策の効果とは読めない。"
            if differ
            else f"開始前の{n}時点の動きに差は検出されない（{p}）。",
            "en": f"In {years_en} before the start they already moved apart ({p}): the difference cannot be "
            "read as an effect."
            if differ
            else f"In {years_en} before the start no difference is found ({p}).",
        },
    }


def _placebo_words(one: effects.Judged | None) -> Text:
    if one is None:
        return NO_PLACEBO["reason"]
    told, p = _signed(one.estimate.estimate), _chance(one.p)
    if one.p < SIGNIFICANT:
        return {
            "ja": f"開始がもっと早かったと仮定しても差が出る（プラセボ {told}、{p}）ため、"
            "差は施策によるとは言えない。",
            "en": f"A start that never was shows a difference too (placebo {told}, {p}), so the measure need "
            "not be its cause.",
        }
    return {
        "ja": f"開始がもっと早かったと仮定した比較（プラセボ）では差は検出されない（{told}、{p}）。",
        "en": f"A start that never was shows none (placebo {told}, {p}).",
    }


def _adoption(found: effects.Effect) -> UnknownAdoption:
    """Return what is not known of who runs the measure, and what it would do to the estimate.

    Where a share s of the compared has the effect too, the difference is (1 − s) of it.
    """
    told, estimate = found.adoption, found.tested.estimate.estimate
    return {
        "known": told.known,
        "with_start": told.with_start,
        "judged": told.judged,
        "matched_in_deploying_prefectures": told.under_prefecture,
        "if_unknown": [
            {"share": share, "difference_in_differences": estimate / (1 - share)} for share in UNKNOWN_SHARES
        ],
        "words": {
            "ja": f"資料に名の挙がる{told.known}市区町村のうち、開始年度が分かるのは{told.with_start}、"
            f"比較できたのは{told.judged}。比較{found.compared}市区町村が同種の取組を行っていないかは把握できておらず、"
            f"{told.under_prefecture}は都道府県自身が実施する地域にある。行っている自治体が含まれれば、差は小さめに出る。",
            "en": f"Sources name {told.known} municipalities; the start of {told.with_start} is known, and "
            f"{told.judged} could be compared. Whether the {found.compared} compared with run it too is not "
            f"known, and {told.under_prefecture} of them lie in a prefecture that does. If some do, the "
            "difference comes out too small.",
        },
    }


def _summary(found: effects.Effect, outcome: ChosenOutcome) -> Text:
    """Return the estimate as plain sentences: what the link rests on comes before the figure."""
    one, estimate = found.study.indicator, found.tested.estimate
    told, low, high = map(_signed, (estimate.estimate, estimate.low, estimate.high))
    unit_en = one.unit_en if one.unit_en in ("", "%") else f" {one.unit_en}"
    p, trends, placebo = _chance(found.tested.p), _trends(found.trends), _placebo_words(found.placebo)
    return {
        "ja": f"{outcome['words']['ja']}実施{estimate.n}市区町村の「{one.name_ja}」の変化は、"
        f"比較{found.compared}市区町村より{told}{one.unit_ja}"
        f"（95%信頼区間 {low}〜{high}、並べ替え検定 {p}）。{trends['words']['ja']}{placebo['ja']}",
        "en": f"{outcome['words']['en']} {one.name_en} in {estimate.n} deployed municipalities changed by "
        f"{told}{unit_en} against {found.compared} matched ones (95 % confidence interval {low} to {high}; "
        f"randomisation {p}). {trends['words']['en']} {placebo['en']}",
    }


def carryings_of(atlas: Atlas, found: effects.Effect) -> dict[str, Carrying]:
    """Return by period how the figures that are set against each other were carried."""
    study = found.study
    windows = [one.window for one in found.pairs]
    periods = sorted({period for window in windows for period in (window.before, window.after)})
    at = (effects.LEVEL, study.gazetteer.vintage)
    return dict(zip(periods, atlas.carryings(study.indicator, periods, *at), strict=True))


def carried_beside(
    found: effects.Effect, one: effects.Pair, carrying: Carrying
) -> tuple[Carried | None, Carried | None]:
    """Return how a municipality's figure of a period was carried, and that of its matches."""
    position = found.study.gazetteer.position
    return carrying.at(position[one.code]), carrying.farthest([position[code] for code in one.matches])


def _pair(found: effects.Effect, one: effects.Pair, carryings: Mapping[str, Carrying]) -> DeployedPair:
    def beside(period: str, value: float, matched: float) -> MeanBeside:
        own, theirs = carried_beside(found, one, carryings[period])
        return {
            "period": period,
            "value": value,
            "carried": own,
            "matched": matched,
            "matched_carried": theirs,
            **boundaries_described(carryings[period]),
        }

    return {
        **named(found.study.gazetteer.area(one.code)),
        "start": one.start,
        "before": beside(one.window.before, one.before, one.matches_before),
        "after": beside(one.window.after, one.after, one.matches_after),
        "difference": one.difference,
        "matched": list(one.matches),
    }


def effect_described(atlas: Atlas, found: effects.Effect, *, is_asked: bool) -> MeasureEffect:
    """Return the effect of a measure as JSON; ``is_asked``: the request names the indicator."""
    study = found.study
    outcome, carryings = _chosen(atlas, study, is_asked=is_asked), carryings_of(atlas, found)
    return {
        "measure": study.measure.id,
        "indicator": brief(study.indicator),
        "outcome": outcome,
        "vintage": str(study.gazetteer.vintage),
        "years": study.years,
        "matches": study.k,
        "n": {"deployed": found.tested.estimate.n, "matched": found.compared},
        "estimate": _tested(found.tested),
        "before_start": _trends(found.trends),
        "event_study": [{**_estimate(one.estimate), "years": one.years} for one in found.event],
        "placebo": NO_PLACEBO if found.placebo is None else _tested(found.placebo),
        "adoption": _adoption(found),
        "balance": [{"indicator": name, "difference": each} for name, each in found.balance.items()],
        "summary": _summary(found, outcome),
        "method": METHOD,
        "caution": CAUTION,
        "deployed": [_pair(found, one, carryings) for one in found.pairs],
        "coverage": COVERAGE,
    }
