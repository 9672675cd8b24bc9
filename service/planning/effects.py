"""Did figures move after a measure began: deployed municipalities against matched ones, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.errors import Finding, NotEnoughData
from geo.figures.breaks import Break, break_between
from geo.figures.effect import LEAST, Estimate, differences, matched, mean_difference
from geo.figures.indicators import Indicator
from geo.figures.peers import standardised
from geo.strategy.deployments import RUNNING
from geo.strategy.plan import Measure
from service.areas.gazetteer import Gazetteer
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.similarity import USUAL, trait

Floats = NDArray[np.float64]

LEVEL = "municipality"


@dataclass(frozen=True)
class Window:
    """The periods between which a start year is judged.

    ``earlier`` to ``before`` is as long as ``before`` to ``after`` or nearly, and shows whether both groups
    moved alike before the start; None where there is no such period.
    """

    earlier: str | None
    before: str
    after: str


@dataclass(frozen=True)
class Pair:
    """A deployed municipality beside its matched ones."""

    code: str
    start: int
    window: Window
    before: float
    after: float
    matches: tuple[str, ...]
    matches_before: float
    matches_after: float
    difference: float
    earlier_difference: float | None


@dataclass(frozen=True)
class Effect:
    """The estimate for one indicator; ``earlier`` is the same comparison for the years before the start."""

    measure: Measure
    indicator: Indicator
    gazetteer: Gazetteer
    estimate: Estimate
    earlier: Estimate | None
    pairs: tuple[Pair, ...]
    compared: int
    years: int
    k: int


def starts(atlas: Atlas, measure: Measure, vintage: Vintage) -> dict[str, int]:
    """Return municipality → the first fiscal year in which a measure is known to run there."""
    gazetteer = atlas.gazetteer(vintage.date, LEVEL)
    found: dict[str, int] = {}
    for one in atlas.catalogue.policy.of_measure(measure.id):
        if one.status not in RUNNING or one.fy_start is None:
            continue
        for code in atlas.catalogue.places.on(one, vintage.date):
            if code in gazetteer.position:
                found[code] = min(found.get(code, one.fy_start), one.fy_start)
    return found


def touched(atlas: Atlas, measure: Measure, vintage: Vintage) -> set[str]:
    """Return every code that any deployment of a measure names, prefectures too: none of them may compare."""
    return {
        code
        for one in atlas.catalogue.policy.of_measure(measure.id)
        for code in atlas.catalogue.places.on(one, vintage.date)
    }


def window(periods: Sequence[str], start: int, years: int, breaks: Sequence[Break] = ()) -> Window | None:
    """Return the periods to compare for a start year; None where the years do not suffice.

    Before: the newest period before the start. After: the first that is ``years`` after it or later.
    Nothing is compared across a break of the series.

    >>> window(["2010", "2015", "2020", "2025"], 2018, 2)
    Window(earlier='2010', before='2015', after='2020')
    >>> window(["2015", "2020"], 2019, 2) is None
    True
    """
    before = max((each for each in periods if int(each) < start), default=None)
    after = min((each for each in periods if int(each) >= start + years), default=None)
    if before is None or after is None or break_between(breaks, before, after):
        return None
    length = int(after) - int(before)
    earlier = max((each for each in periods if int(each) <= int(before) - length), default=None)
    if earlier is not None and break_between(breaks, earlier, before):
        earlier = None
    return Window(earlier, before, after)


def effect(
    atlas: Atlas, measure: Measure, indicator: Indicator, vintage: Vintage, years: int, k: int
) -> Effect:
    """Return the difference in differences of one indicator for one measure.

    Raises
    ------
    NotEnoughData : fewer than eight municipalities with a start, a before and an after; or too few to match
    """
    gazetteer = atlas.gazetteer(vintage.date, LEVEL)
    begun = starts(atlas, measure, vintage)
    periods = atlas.periods(indicator, LEVEL)
    vectors = atlas.vectors(indicator, periods, LEVEL, vintage.date)
    values = {at: one.values for at, one in zip(periods, vectors, strict=True)}
    cohorts = _cohorts(gazetteer, begun, values, years, indicator.breaks)
    deployed = sum(len(positions) for _, positions in cohorts.values())
    if deployed < LEAST:
        raise NotEnoughData(
            f"{deployed} municipalities with {measure.id} have figures of {indicator.id} before and "
            f"{years} years after their start; at least {LEAST} are needed",
            _reasons(measure, indicator, begun, periods, deployed, years),
        )
    taken = touched(atlas, measure, vintage)
    free = np.array([area.code not in taken for area in gazetteer.areas])
    pairs: list[Pair] = []
    for start, (judged, positions) in sorted(cohorts.items()):
        scores = _scores(atlas, vintage, gazetteer, values[judged.before], start)
        needed = (judged.before, judged.after, *([judged.earlier] if judged.earlier else []))
        known: NDArray[np.bool_] = np.all(
            np.isfinite(np.column_stack([scores, *(values[at] for at in needed)])), axis=1
        )
        own = np.array([position for position in positions if known[position]], np.intp)
        if not len(own):
            continue
        away = np.sqrt(((scores[own][:, None, :] - scores[None, :, :]) ** 2).mean(axis=2))
        try:
            distant = np.where(np.isfinite(away), away, 1e6)
            near = matched(distant, free & known, k)
        except ValueError as error:
            finding = Finding(
                f"start {start}", "matches", str(error), f"{k} for each, none of them used twice"
            )
            raise NotEnoughData("There are too few municipalities to compare with", [finding]) from error
        free[near.ravel()] = False
        pairs += _pairs(gazetteer, values, judged, start, own, near)
    if len(pairs) < LEAST:
        finding = Finding(
            measure.id, "municipalities", str(len(pairs)), f"at least {LEAST} with every figure"
        )
        raise NotEnoughData("Too few municipalities have every figure that matching needs", [finding])
    earlier = np.array([one.earlier_difference for one in pairs if one.earlier_difference is not None])
    return Effect(
        measure=measure,
        indicator=indicator,
        gazetteer=gazetteer,
        estimate=mean_difference(np.array([one.difference for one in pairs])),
        earlier=mean_difference(earlier) if len(earlier) >= LEAST else None,
        pairs=tuple(pairs),
        compared=sum(len(one.matches) for one in pairs),
        years=years,
        k=k,
    )


def _cohorts(
    gazetteer: Gazetteer,
    begun: Mapping[str, int],
    values: Mapping[str, Floats],
    years: int,
    breaks: Sequence[Break],
) -> dict[int, tuple[Window, list[int]]]:
    """Return start year → its window and the positions of the municipalities that have both figures."""
    found: dict[int, tuple[Window, list[int]]] = {}
    for start in sorted(set(begun.values())):
        judged = window(sorted(values), start, years, breaks)
        if judged is None:
            continue
        both = np.isfinite(values[judged.before]) & np.isfinite(values[judged.after])
        positions = [gazetteer.position[code] for code in sorted(begun) if begun[code] == start]
        found[start] = (judged, [position for position in positions if both[position]])
    return found


def _scores(atlas: Atlas, vintage: Vintage, gazetteer: Gazetteer, outcome: Floats, start: int) -> Floats:
    """Return what municipalities are matched by: the outcome and the usual traits before a start."""
    columns = [outcome]
    for name in USUAL:
        indicator = atlas.indicator(name)
        before = [at for at in atlas.periods(indicator, LEVEL) if int(at) < start]
        if before:
            vector = atlas.vector(indicator, before[-1], LEVEL, vintage.date)
            columns.append(trait(indicator, before[-1], vector.values).used)
    return standardised(np.stack(columns, axis=1))


def _pairs(
    gazetteer: Gazetteer,
    values: Mapping[str, Floats],
    judged: Window,
    start: int,
    own: NDArray[np.intp],
    near: NDArray[np.intp],
) -> list[Pair]:
    before, after = values[judged.before], values[judged.after]
    moved = differences(before[own], after[own], before[near], after[near])
    earlier: list[float | None] = [None] * len(own)
    if judged.earlier is not None:
        past = values[judged.earlier]
        earlier = list(differences(past[own], before[own], past[near], before[near]))
    codes = gazetteer.codes
    return [
        Pair(
            code=str(codes[own[row]]),
            start=start,
            window=judged,
            before=float(before[own[row]]),
            after=float(after[own[row]]),
            matches=tuple(codes[near[row]].tolist()),
            matches_before=float(before[near[row]].mean()),
            matches_after=float(after[near[row]].mean()),
            difference=float(moved[row]),
            earlier_difference=None if (each := earlier[row]) is None else float(each),
        )
        for row in range(len(own))
    ]


def _reasons(
    measure: Measure,
    indicator: Indicator,
    begun: Mapping[str, int],
    periods: Sequence[str],
    deployed: int,
    years: int,
) -> list[Finding]:
    told = ", ".join(periods) or "none"
    first = [str(year) for year in sorted(set(begun.values()))]
    return [
        Finding(measure.id, "municipalities", str(len(begun)), f"at least {LEAST} with a known start year"),
        Finding(measure.id, "starts", ", ".join(first) or "none", f"a period of {indicator.id} before each"),
        Finding(indicator.id, "periods", told, f"one before each start and one {years} years after it"),
        Finding(indicator.id, "usable", str(deployed), f"at least {LEAST} municipalities with both"),
    ]
