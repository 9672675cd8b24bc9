"""Did figures move after a measure began: deployed municipalities against matched ones, before and after.

Each deployed municipality is compared with some that were like it before its own start and are not known to
run the measure, never with one that began earlier or later: starts in different years do no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from geo.errors import Finding, NotEnoughData
from geo.figures.effect import (
    LEAST,
    Draws,
    Estimate,
    chance_of_effect,
    chance_of_trends,
    differences,
    draws,
    matched,
    mean_difference,
)
from geo.figures.indicators import Indicator
from geo.figures.peers import standardised
from geo.strategy.deployments import RUNNING
from geo.strategy.plan import Measure
from service.areas.gazetteer import Gazetteer
from service.figures.values import elsewhere
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.outcomes import counted_alike, outcomes_of
from service.planning.similarity import USUAL, trait

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
#: Whether the figures of two periods can be set against each other.
Alike = Callable[[str, str], bool]

LEVEL = "municipality"
#: An outcome is matched by the mean of its newest figures before a start: one alone may stand out by chance,
#: and what stands out comes back, which would pass for an effect.
MATCHED_YEARS = 5


@dataclass(frozen=True)
class Window:
    """The periods between which a start year is judged; ``earlier`` are all before them, ascending."""

    earlier: tuple[str, ...]
    before: str
    after: str

    @property
    def years(self) -> int:
        """From before to after."""
        return int(self.after) - int(self.before)


@dataclass(frozen=True)
class Study:
    """What is to be judged, and which municipalities can be: those that have figures before and after.

    Attributes
    ----------
    cohorts : start year → its window and the positions of its municipalities
    begun : municipality → its first fiscal year
    alike : of two periods of the indicator
    """

    measure: Measure
    indicator: Indicator
    vintage: Vintage
    gazetteer: Gazetteer
    values: Mapping[str, Floats]
    alike: Alike
    cohorts: Mapping[int, tuple[Window, list[int]]]
    begun: Mapping[str, int]
    years: int
    k: int

    @property
    def n(self) -> int:
        """How many municipalities can be judged."""
        return sum(len(positions) for _, positions in self.cohorts.values())

    @property
    def history(self) -> int:
        """How many figures from before the window there are: what can tell whether groups moved alike."""
        return sum(len(window.earlier) * len(positions) for window, positions in self.cohorts.values())


@dataclass(frozen=True)
class Sets:
    """Matched sets of one start year: deployed municipalities, each with those like it.

    Attributes
    ----------
    members : (n, 1 + k) positions; the deployed one comes first
    traits : what they are matched by, for the columns of ``scores``
    scores : (n, 1 + k, traits)
    """

    start: int
    window: Window
    members: Ints
    traits: tuple[str, ...]
    scores: Floats


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


@dataclass(frozen=True)
class Judged:
    """An estimate, and how often chance alone is as far out."""

    estimate: Estimate
    p: float
    is_exact: bool


@dataclass(frozen=True)
class Year:
    """How much more the deployed had moved so many years from the period before their start."""

    years: int
    estimate: Estimate


@dataclass(frozen=True)
class Trends:
    """Whether both groups moved alike in all years before the start together; ``p`` is of that test."""

    years: tuple[int, ...]
    p: float
    is_exact: bool


@dataclass(frozen=True)
class Adoption:
    """How many are known to run the measure, and what is not known of those compared with.

    Attributes
    ----------
    known : municipalities that a deployment names
    with_start : of them, those whose first year is known
    judged : of them, those that are compared
    under_prefecture : compared ones whose prefecture runs the measure itself
    """

    known: int
    with_start: int
    judged: int
    under_prefecture: int


@dataclass(frozen=True)
class Effect:
    """The estimate for one indicator, with all that speaks for and against it.

    Attributes
    ----------
    placebo : the same as if the start had been so much earlier that it ends before it; None where there are
        too few figures
    balance : trait → how far the deployed are from the matched before the start, in deviations
    """

    study: Study
    tested: Judged
    event: tuple[Year, ...]
    trends: Trends
    placebo: Judged | None
    pairs: tuple[Pair, ...]
    compared: int
    adoption: Adoption
    balance: Mapping[str, float]


@dataclass(frozen=True)
class AskedEffect:
    """What is asked for: the effect of a measure, on an indicator or as the logic model chooses.

    Attributes
    ----------
    years : after the start before it is judged
    matches : municipalities matched to each deployed one
    """

    measure: Measure
    indicator: Indicator | None
    vintage: Vintage
    years: int = 2
    matches: int = 3


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


def window(periods: Sequence[str], start: int, years: int, alike: Alike) -> Window | None:
    """Return the periods to compare for a start year; None where the years do not suffice.

    Before: the newest period before the start. After: the first that is ``years`` after it or later.
    Nothing is compared with what is counted otherwise.

    >>> window(["2010", "2015", "2020", "2025"], 2018, 2, lambda first, last: True)
    Window(earlier=('2010',), before='2015', after='2020')
    >>> window(["2015", "2020"], 2019, 2, lambda first, last: True) is None
    True
    """
    before = max((each for each in periods if int(each[:4]) < start), default=None)
    after = min((each for each in periods if int(each[:4]) >= start + years), default=None)
    if before is None or after is None or not alike(before, after):
        return None
    return Window(tuple(each for each in periods if each < before and alike(each, before)), before, after)


def study_of(
    atlas: Atlas, measure: Measure, indicator: Indicator, vintage: Vintage, years: int, k: int
) -> Study:
    """Return what is to be judged of one indicator for one measure.

    Raises
    ------
    NotEnoughData : fewer than eight municipalities with a start, a before and an after; or no figures from
        before that, which could tell whether the two groups moved alike anyway
    """
    gazetteer = atlas.gazetteer(vintage.date, LEVEL)
    begun = starts(atlas, measure, vintage)
    periods = atlas.periods(indicator, LEVEL)
    vectors = atlas.vectors(indicator, periods, LEVEL, vintage.date)
    values = {at: one.values for at, one in zip(periods, vectors, strict=True)}
    available = atlas.catalogue.observed.get(LEVEL, {})

    def alike(first: str, last: str) -> bool:
        return counted_alike(indicator, available, first, last)

    cohorts: dict[int, tuple[Window, list[int]]] = {}
    for start in sorted(set(begun.values())):
        judged = window(periods, start, years, alike)
        if judged is not None:
            both = np.isfinite(values[judged.after] - values[judged.before])
            both[elsewhere(indicator, gazetteer, judged.before, judged.after)] = False
            positions = [gazetteer.position[code] for code in sorted(begun) if begun[code] == start]
            cohorts[start] = (judged, [position for position in positions if both[position]])
    found = Study(measure, indicator, vintage, gazetteer, values, alike, cohorts, begun, years, k)
    if found.n < LEAST:
        raise NotEnoughData(
            f"{found.n} municipalities with {measure.id} have figures of {indicator.id} before and "
            f"{years} years after their start; at least {LEAST} are needed",
            _reasons(found, periods),
        )
    if not found.history:
        finding = Finding(
            indicator.id, "earlier", ", ".join(periods), "periods before the window, counted alike"
        )
        raise NotEnoughData(
            f"{indicator.id} has no figures from before the window: nobody could tell whether both groups "
            "moved alike before the start",
            [finding],
        )
    return found


def effect(atlas: Atlas, study: Study) -> Effect:
    """Return the difference in differences of a study, and what speaks for and against it.

    Raises
    ------
    NotEnoughData : too few to match, or too few of the matched have figures from before the window
    """
    taken = touched(atlas, study.measure, study.vintage)
    free = np.array([area.code not in taken for area in study.gazetteer.areas])
    sets = _matched(atlas, study, [(start, *each) for start, each in study.cohorts.items()], free)
    n = sum(len(one.members) for one in sets)
    if n < LEAST:
        finding = Finding(study.measure.id, "municipalities", str(n), f"at least {LEAST} with every figure")
        raise NotEnoughData("Too few municipalities have every figure that matching needs", [finding])
    drawn = draws(n, study.k + 1)
    clusters = study.gazetteer.prefectures[np.concatenate([one.members[:, 0] for one in sets])]
    moved = _moved(study, sets)
    event = {years: each for years, each in sorted(moved.items()) if np.isfinite(each[:, 0]).sum() >= LEAST}
    earlier = [years for years in event if years < 0]
    if not earlier:
        finding = Finding(study.indicator.id, "earlier", "none", f"a year that {LEAST} sets have figures of")
        raise NotEnoughData("Too few have figures from before the window", [finding])
    together = np.stack([event[years] for years in earlier], axis=2)
    change = differences(
        np.concatenate([_change(study, one, one.window.before, one.window.after) for one in sets])
    )
    near = study.gazetteer.codes[np.concatenate([one.members[:, 1:].ravel() for one in sets])]
    return Effect(
        study=study,
        tested=_tested(change, clusters, drawn),
        event=tuple(Year(years, _estimate(each, clusters)) for years, each in event.items()),
        trends=Trends(tuple(earlier), chance_of_trends(together, drawn), drawn.is_all),
        placebo=_placebo(atlas, study, free),
        pairs=tuple(pair for one in sets for pair in _pairs(study, one)),
        compared=len(near),
        adoption=Adoption(
            known=sum(code in study.gazetteer.position for code in taken),
            with_start=len(study.begun),
            judged=n,
            under_prefecture=sum(f"{code[:2]}000" in taken for code in near.tolist()),
        ),
        balance=_balance(sets),
    )


def effect_of(atlas: Atlas, asked: AskedEffect) -> Effect:
    """Return the effect on the indicator asked for, else on the linked one that the strategy says most of.

    What is stated comes before what is assumed. Of those that rest on the same, the one with the most figures
    from before the start comes first, then by id: by what can be checked, never by what comes out.

    Raises
    ------
    NotEnoughData : the findings tell of each indicator why its effect cannot be told
    """
    found, chosen, years, matches = asked.measure, asked.vintage, asked.years, asked.matches
    if asked.indicator is not None:
        return effect(atlas, study_of(atlas, found, asked.indicator, chosen, years, matches))
    reasons: list[Finding] = []
    linked = outcomes_of(atlas.catalogue.policy.strategy, found)
    for _, alike in groupby(linked, key=lambda one: one.order):
        studies: list[Study] = []
        for one in alike:
            if one.indicator in atlas.catalogue.indicators:
                indicator = atlas.indicator(one.indicator)
                try:
                    studies.append(study_of(atlas, found, indicator, chosen, years, matches))
                except NotEnoughData as error:
                    reasons += error.findings
        for study in sorted(studies, key=lambda each: (-each.history, each.indicator.id)):
            try:
                return effect(atlas, study)
            except NotEnoughData as error:
                reasons += error.findings
    raise NotEnoughData(
        f"The effect of {found.id} cannot be told: no linked indicator has {LEAST} municipalities with "
        f"figures before and {years} years after their start, and earlier ones to compare trends by",
        reasons or [Finding(found.id, "indicators", "none", "an indicator linked by the logic model")],
    )


def _matched(
    atlas: Atlas, study: Study, cohorts: Sequence[tuple[int, Window, list[int]]], free: NDArray[np.bool_]
) -> list[Sets]:
    """Return the matched sets of each start year; no municipality is in two of them."""
    free = free.copy()
    found: list[Sets] = []
    for start, judged, positions in cohorts:
        names, scores = _scores(atlas, study, judged, start)
        change = _changes(study, judged.before, judged.after)
        known: NDArray[np.bool_] = np.all(np.isfinite(np.column_stack([scores, change])), axis=1)
        own = np.array([position for position in positions if known[position]], np.intp)
        if not len(own):
            continue
        away = np.sqrt(((scores[own][:, None, :] - scores[None, :, :]) ** 2).mean(axis=2))
        try:
            near = matched(np.where(np.isfinite(away), away, 1e6), free & known, study.k)
        except ValueError as error:
            expected = f"{study.k} for each, none of them used twice"
            finding = Finding(f"start {start}", "matches", str(error), expected)
            raise NotEnoughData("There are too few municipalities to compare with", [finding]) from error
        free[near.ravel()] = False
        members = np.column_stack([own, near])
        found.append(Sets(start, judged, members, names, scores[members]))
    return found


def _scores(atlas: Atlas, study: Study, judged: Window, start: int) -> tuple[tuple[str, ...], Floats]:
    """Return what municipalities are matched by: the outcome and the usual traits before a start."""
    newest = [*judged.earlier, judged.before][-MATCHED_YEARS:]
    names, columns = [study.indicator.id], [_mean([study.values[at] for at in newest])]
    for name in USUAL:
        indicator = atlas.indicator(name)
        before = [at for at in atlas.periods(indicator, LEVEL) if int(at) < start]
        if before and name != study.indicator.id:
            vector = atlas.vector(indicator, before[-1], LEVEL, study.vintage.date)
            names.append(name)
            columns.append(trait(indicator, before[-1], vector.values).used)
    return tuple(names), standardised(np.stack(columns, axis=1))


def _mean(columns: Sequence[Floats]) -> Floats:
    """Return the mean of the figures there are; NaN where there are none."""
    values = np.stack(columns)
    known = np.isfinite(values)
    total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    found: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return found


def _changes(study: Study, first: str, last: str) -> Floats:
    """Return the change of every area between two periods; NaN where it cannot be told."""
    changed: Floats = study.values[last] - study.values[first]
    changed[elsewhere(study.indicator, study.gazetteer, first, last)] = np.nan
    return changed


def _change(study: Study, sets: Sets, first: str, last: str) -> Floats:
    changed: Floats = _changes(study, first, last)[sets.members]
    return changed


def _moved(study: Study, sets: Sequence[Sets]) -> dict[int, Floats]:
    """Return years from the period before the start → (n, 1 + k) differences from then; NaN where unknown."""
    first, sizes = 0, [len(one.members) for one in sets]
    found: dict[int, Floats] = {}
    for one, size in zip(sets, sizes, strict=True):
        base = one.window.before
        later = [at for at in study.values if int(at) >= one.start and study.alike(base, at)]
        for at in (*one.window.earlier, *later):
            rows = found.setdefault(int(at) - int(base), np.full((sum(sizes), study.k + 1), np.nan))
            rows[first : first + size] = differences(_change(study, one, base, at))
        first += size
    return found


def _estimate(told: Floats, clusters: Ints) -> Estimate:
    known = np.isfinite(told[:, 0])
    return mean_difference(told[known, 0], clusters[known])


def _tested(told: Floats, clusters: Ints, drawn: Draws) -> Judged:
    return Judged(_estimate(told, clusters), chance_of_effect(told, drawn), drawn.is_all)


def _placebo(atlas: Atlas, study: Study, free: NDArray[np.bool_]) -> Judged | None:
    """Return the estimate of a start that never was, by figures from before the real one alone."""
    cohorts: list[tuple[int, Window, list[int]]] = []
    for start, (judged, positions) in study.cohorts.items():
        earlier = window([*judged.earlier, judged.before], start - judged.years, study.years, study.alike)
        if earlier is not None:
            cohorts.append((start - judged.years, earlier, positions))
    try:
        sets = _matched(atlas, study, cohorts, free)
    except NotEnoughData:
        return None
    n = sum(len(one.members) for one in sets)
    if n < LEAST:
        return None
    told = differences(
        np.concatenate([_change(study, one, one.window.before, one.window.after) for one in sets])
    )
    clusters = study.gazetteer.prefectures[np.concatenate([one.members[:, 0] for one in sets])]
    return _tested(told, clusters, draws(n, study.k + 1))


def _pairs(study: Study, sets: Sets) -> list[Pair]:
    before, after = study.values[sets.window.before], study.values[sets.window.after]
    moved = differences(after[sets.members] - before[sets.members])[:, 0]
    codes = study.gazetteer.codes
    return [
        Pair(
            code=str(codes[own]),
            start=sets.start,
            window=sets.window,
            before=float(before[own]),
            after=float(after[own]),
            matches=tuple(codes[near].tolist()),
            matches_before=float(before[near].mean()),
            matches_after=float(after[near].mean()),
            difference=float(difference),
        )
        for (own, *near), difference in zip(sets.members.tolist(), moved, strict=True)
    ]


def _balance(sets: Sequence[Sets]) -> dict[str, float]:
    """Return trait → the mean distance of the deployed from their matched ones, in deviations."""
    total: dict[str, float] = {}
    count: Counter[str] = Counter()
    for one in sets:
        apart = (one.scores[:, 0] - one.scores[:, 1:].mean(axis=1)).sum(axis=0)
        for name, each in zip(one.traits, apart.tolist(), strict=True):
            total[name] = total.get(name, 0.0) + each
            count[name] += len(one.members)
    return {name: each / count[name] for name, each in total.items()}


def _reasons(study: Study, periods: Sequence[str]) -> list[Finding]:
    told = ", ".join(periods) or "none"
    measure, indicator = study.measure.id, study.indicator.id
    first = [str(year) for year in sorted(set(study.begun.values()))]
    return [
        Finding(
            measure, "municipalities", str(len(study.begun)), f"at least {LEAST} with a known start year"
        ),
        Finding(measure, "starts", ", ".join(first) or "none", f"a period of {indicator} before each"),
        Finding(
            indicator,
            "periods",
            told,
            f"one before each start and one {study.years} years after it, counted alike",
        ),
        Finding(indicator, "usable", str(study.n), f"at least {LEAST} municipalities with both"),
    ]
