"""In which figures a measure is expected to show, and whether the strategy says so or this catalogue does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from geo.figures.breaks import break_between
from geo.figures.indicators import Available, Indicator, base_periods, terms
from geo.periods import years_between
from geo.strategy.logic_model import Basis, Link, Node
from geo.strategy.plan import Measure, Strategy
from geo.text import Text

#: How a measure leads to an outcome: by what its weakest link rests on, or not by the logic model at all.
Footing = Literal["stated", "reported", "assumed", "none"]
_FOOTINGS: tuple[Footing, ...] = get_args(Footing)

#: From which register on the day of a denominator is another one, and why.
REGISTER_DAY = "2014"
CHANGED: Text = {
    "ja": "分母の時点や数え方が期間の途中で変わる指標・年は使わない"
    "（住民基本台帳は2013年まで3月31日現在、2014年から1月1日現在）。",
    "en": "No figures are used whose denominator changes within the window (the resident register is of "
    "31 March until 2013, and of 1 January from 2014).",
}


@dataclass(frozen=True)
class Outcome:
    """An indicator in which the logic model expects a measure to show.

    Attributes
    ----------
    node : the outcome that the indicator stands for
    path : the links from the measure to it, those that rest on most where there are several ways
    goal : the link from it to the measure's goal, if there is one
    """

    indicator: str
    node: Node
    path: tuple[Link, ...]
    goal: Link | None

    @property
    def footing(self) -> Footing:
        """What the weakest link from the measure rests on."""
        return weakest(self.path)

    @property
    def goal_footing(self) -> Footing:
        """What the link to the goal rests on."""
        return "none" if self.goal is None else weakest([self.goal])

    @property
    def order(self) -> tuple[int, int]:
        """What is stated comes first: from the measure to the outcome, then from there to the goal."""
        return _FOOTINGS.index(self.footing), _FOOTINGS.index(self.goal_footing)


def weakest(links: Sequence[Link]) -> Footing:
    """Return what the weakest of some links rests on."""
    bases: list[Basis] = [link.basis for link in links]
    return max(bases, key=_FOOTINGS.index)


def outcomes_of(strategy: Strategy, measure: Measure) -> list[Outcome]:
    """Return a measure's outcomes by the logic model, each indicator once; what is stated comes first."""
    leading: dict[str, list[Link]] = {}
    for link in strategy.links:
        leading.setdefault(link.source, []).append(link)
    paths: dict[str, list[tuple[Link, ...]]] = {}
    waiting: list[tuple[Link, ...]] = [(link,) for link in leading.get(measure.id, ())]
    while waiting:
        path = waiting.pop()
        paths.setdefault(path[-1].target, []).append(path)
        waiting += [(*path, link) for link in leading.get(path[-1].target, ())]
    found: dict[str, Outcome] = {}
    for node in strategy.nodes:
        if node.id not in paths:
            continue
        path = min(paths[node.id], key=lambda links: (_FOOTINGS.index(weakest(links)), len(links)))
        goal = next((link for link in leading.get(node.id, ()) if link.target == measure.goal), None)
        for name in node.indicators:
            one = Outcome(name, node, path, goal)
            if name not in found or one.order < found[name].order:
                found[name] = one
    return sorted(found.values(), key=lambda one: one.order)


def counted_alike(indicator: Indicator, available: Available, first: str, last: str) -> bool:
    """Return whether figures of two periods can be set against each other.

    They cannot across a break, nor where the denominator of one is of another day than that of the other.
    """
    if break_between(indicator.breaks, first, last):
        return False
    return _denominator(indicator, first, available) == _denominator(indicator, last, available)


def _denominator(indicator: Indicator, period: str, available: Available) -> Mapping[str, tuple[float, bool]]:
    """Return how long after (before) its figures a denominator is, and since which change of its day."""
    if not indicator.denominator:
        return {}
    under = base_periods(indicator, period, available)[len(terms(indicator.numerator)) :]
    is_register = indicator.denominator_source == "register"
    return {name: (years_between(period, at), is_register and at >= REGISTER_DAY) for name, at in under}
