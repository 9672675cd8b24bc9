"""Did figures move after a measure began: the answer, and what it does not prove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from geo.errors import Finding, NotEnoughData
from geo.figures.effect import CONFIDENCE, LEAST, Estimate
from geo.figures.indicators import Indicator
from geo.strategy.plan import Measure
from service.areas.forms import named
from service.figures.forms import brief
from service.heavy import slowly
from service.http.dependencies import AtlasDep, api_router
from service.http.responses import CSV, JSON, Bom, Told, csv_bytes, encoded, kept, state_of, to_json
from service.layers.views import VintageDate, chosen_vintage
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.effects import Effect, effect
from service.strategy.policy import COVERAGE

router = api_router(prefix="/v1", tags=["planning"])

Years = Annotated[int, Query(ge=1, le=10, description="Years after the start before it is judged")]
Matches = Annotated[int, Query(ge=1, le=5, description="Municipalities matched to each deployed one")]
Outcome = Annotated[
    str | None,
    Query(max_length=120, description="Indicator that is judged; the first that suffices when left out"),
]

CAUTION = {
    "ja": "差の差は因果関係の証明ではありません。実施自治体は無作為に選ばれておらず、"
    "比較自治体も把握されていない同種の取組を行っている可能性があり、"
    "同時期の他の施策や出来事の影響も残ります。実施前の差も併せて見てください。",
    "en": "A difference in differences is no proof of cause. Municipalities were not chosen by lot, those "
    "compared with may run the like unknown to this catalogue, and other measures and events of the same "
    "years remain. Look at the difference before the start as well.",
}
METHOD = {
    "ja": "実施自治体ごとに、開始前の値と基本指標が最も近い未実施自治体を"
    "（重複なく、距離の合計が最小になるよう）割り当て、変化の差を平均した。"
    "区間は実施自治体ごとの差の95%信頼区間（t分布）。",
    "en": "Each deployed municipality is matched with those most alike before its start (none used twice, "
    "the sum of distances least); the differences of the changes are averaged. The interval is Student's t "
    "at 95 %.",
}


NO_EARLIER = {
    "reason": {
        "ja": "開始前の期間の値が足りず、実施前に両者が同じように動いていたかは確かめられない。",
        "en": "There are too few figures from before the start to tell whether both groups moved alike then.",
    }
}


def _estimate(one: Estimate) -> dict[str, object]:
    return {
        "difference_in_differences": one.estimate,
        "low": one.low,
        "high": one.high,
        "n": one.n,
        "confidence": CONFIDENCE,
        "excludes_zero": not one.low <= 0 <= one.high,
    }


def _summary(found: Effect) -> dict[str, str]:
    """Return the estimate as a plain sentence."""
    one, estimate = found.indicator, found.estimate
    told, low, high = (f"{value:+.3g}" for value in (estimate.estimate, estimate.low, estimate.high))
    return {
        "ja": f"実施{estimate.n}市区町村の「{one.name_ja}」の変化は、"
        f"比較{found.compared}市区町村より{told}{one.unit_ja}（95%信頼区間 {low}〜{high}）。",
        "en": f"{one.name_en} in {estimate.n} deployed municipalities changed by {told} {one.unit_en} "
        f"against {found.compared} matched ones (95 % confidence interval {low} to {high}).",
    }


@dataclass(frozen=True)
class Asked:
    """What a request asks for: the effect of a measure, on an indicator or on the first that suffices."""

    measure: Measure
    indicator: Indicator | None
    years: int
    matches: int
    vintage: Vintage


async def asked_effect(
    atlas: AtlasDep,
    measure: str,
    indicator: Outcome = None,
    years: Years = 2,
    matches: Matches = 3,
    vintage: VintageDate = None,
) -> Asked:
    """Return the effect that the parameters ask for."""
    outcome = None if indicator is None else atlas.indicator(indicator)
    found = atlas.catalogue.policy.measure(measure)
    return Asked(found, outcome, years, matches, chosen_vintage(atlas, vintage))


def effect_of(atlas: Atlas, asked: Asked) -> Effect:
    """Return the effect on the indicator asked for, else on the first linked one that suffices.

    One with figures from before the start, which show whether the two groups moved alike anyway, comes first.
    """
    found, chosen, years, matches = asked.measure, asked.vintage, asked.years, asked.matches
    if asked.indicator is not None:
        return effect(atlas, found, asked.indicator, chosen, years, matches)
    reasons: list[Finding] = []
    without: Effect | None = None
    for name in atlas.catalogue.policy.strategy.indicators_of(found.id):
        if name not in atlas.catalogue.indicators:
            continue
        try:
            told = effect(atlas, found, atlas.indicator(name), chosen, years, matches)
        except NotEnoughData as error:
            reasons += error.findings
            continue
        if told.earlier is not None:
            return told
        without = without or told
    if without is not None:
        return without
    raise NotEnoughData(
        f"The effect of {found.id} cannot be told: no linked indicator has {LEAST} municipalities with "
        f"figures before and {years} years after their start",
        reasons or [Finding(found.id, "indicators", "none", "an indicator linked by the logic model")],
    )


AskedDep = Annotated[Asked, Depends(asked_effect)]


@router.get("/measures/{measure}/effect", summary="Did figures move after a measure began?")
async def measure_effect(request: Request, atlas: AtlasDep, asked: AskedDep) -> Response:
    """Return the change in deployed municipalities against matched ones: a difference in differences.

    Before is the newest period before a municipality's start, after the first that is `years` later. The
    estimate is the mean over municipalities of (own change − mean change of the matched), with a 95 %
    confidence interval; `before_start` is the same for as many years before the start, where a difference
    says that the two groups did not move alike anyway. With fewer than eight municipalities it is refused.
    """
    told, state = Told(JSON), state_of(request, atlas.state())
    return await kept(
        request, atlas, state, encoded(lambda: to_json(_body(effect_of(atlas, asked)))), told, slowly
    )


def _body(found: Effect) -> dict[str, object]:
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
        "deployed": [
            named(found.gazetteer.area(one.code))
            | {
                "start": one.start,
                "earlier": one.window.earlier,
                "before": {"period": one.window.before, "value": one.before, "matched": one.matches_before},
                "after": {"period": one.window.after, "value": one.after, "matched": one.matches_after},
                "difference": one.difference,
                "difference_before_start": one.earlier_difference,
                "matched": list(one.matches),
            }
            for one in found.pairs
        ],
        "coverage": COVERAGE,
    }


@router.get("/measures/{measure}/effect.csv", summary="Municipalities behind an effect as CSV")
async def measure_effect_csv(
    request: Request, atlas: AtlasDep, asked: AskedDep, bom: Bom = False
) -> Response:
    """Return one row per deployed municipality: its figures, those of its matches, and the difference."""
    told = Told(CSV, download=f"{asked.measure.id}-effect.csv")

    def make() -> bytes:
        return csv_bytes(*_table(effect_of(atlas, asked)), bom=bom)

    return await kept(request, atlas, state_of(request, atlas.state()), encoded(make), told, slowly)


def _table(found: Effect) -> tuple[list[str], list[list[object]]]:
    header = [
        *("measure", "indicator", "code", "start", "before_period", "before", "after_period", "after"),
        *("matched", "matched_before", "matched_after", "difference", "difference_before_start"),
    ]
    rows: list[list[object]] = [
        [
            *(found.measure.id, found.indicator.id, one.code, one.start),
            *(one.window.before, one.before, one.window.after, one.after),
            *(";".join(one.matches), one.matches_before, one.matches_after),
            *(one.difference, one.earlier_difference),
        ]
        for one in found.pairs
    ]
    return header, rows
