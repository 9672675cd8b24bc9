"""Series: areas or region sets × periods of one indicator, and the same in words."""

from __future__ import annotations

from collections.abc import Sequence

from geo.errors import Finding, InvalidParameter
from geo.figures.indicators import Indicator
from geo.layers.carrying import appended, series_carrying_in_words
from geo.layers.words import Named, series_in_words
from geo.periods import EXPECTED, canonical, is_period, within
from geo.text import Text
from service.figures.lines import Member, Point, member, points
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage

MAX_AREAS = 200


def _members(atlas: Atlas, vintage: Vintage, areas: str) -> list[Member]:
    asked = list(dict.fromkeys(part.strip() for part in areas.split(",") if part.strip()))
    if not 1 <= len(asked) <= MAX_AREAS:
        finding = Finding("query", "areas", areas, f"1 to {MAX_AREAS} codes or region sets, comma separated")
        raise InvalidParameter(f"areas must hold 1 to {MAX_AREAS} items", [finding])
    return [member(atlas, vintage, text) for text in asked]


def _bound(indicator: Indicator, name: str, asked: str | None) -> str | None:
    """Return a first or last period: one of the indicator's kind, or a year that holds several."""
    written = asked and canonical(asked, indicator.period_kind)
    if written and not is_period(written):
        finding = Finding("query", name, written, EXPECTED[indicator.period_kind])
        raise InvalidParameter(f"{name} {written[:20]!r} is no period", [finding])
    return written or None


def _line(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, line: Member, first: str | None, last: str | None
) -> list[Point]:
    told = atlas.periods(indicator, line.level) or _periods_elsewhere(atlas, indicator)
    periods = within(told, first, last)
    return points(atlas, indicator, vintage, line, periods)


def _periods_elsewhere(atlas: Atlas, indicator: Indicator) -> list[str]:
    """Return the periods of all levels: a line of another one is empty and says that its level has none."""
    return sorted({period for level in atlas.levels(indicator) for period in atlas.periods(indicator, level)})


def lines_of(
    atlas: Atlas,
    indicator: Indicator,
    vintage: Vintage,
    areas: str,
    first: str | None = None,
    last: str | None = None,
) -> list[tuple[Member, list[Point]]]:
    """Return each area or region set of a comma separated list, and its figures."""
    first, last = _bound(indicator, "from", first), _bound(indicator, "to", last)
    return [
        (line, _line(atlas, indicator, vintage, line, first, last))
        for line in _members(atlas, vintage, areas)
    ]


def lines_in_words(indicator: Indicator, lines: Sequence[tuple[Member, list[Point]]]) -> Text:
    """Return a chart of the lines in words, in Japanese and English."""
    known = [
        (Named(line.name_ja, line.name_en), [p for p in told if p.value is not None]) for line, told in lines
    ]
    chart = series_in_words(
        indicator,
        [(name, [(p.period, p.value) for p in told if p.value is not None]) for name, told in known],
        # the newest tells best why nothing is known
        [told[-1].status if told else None for _, told in lines],
        [line.id for line, _ in lines],
    )
    statuses = [(name, [(p.period, p.status) for p in told]) for name, told in known]
    return appended(chart, series_carrying_in_words(indicator, statuses))
