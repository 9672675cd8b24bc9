"""KPIs, and how far they have come, as JSON."""

from __future__ import annotations

from geo.strategy.kpis import Actual, Kpi, Series
from geo.strategy.rating import Assessment, RatingScheme, Target
from service.figures.forms import sources_described
from service.figures.lines import member
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.strategy.progress import Course, Level, Race


def target_described(one: Target) -> dict[str, object]:
    """Return a target as JSON."""
    return {
        "area": one.area,
        "type": one.type,
        "baseline": one.baseline,
        "baseline_period": one.baseline_period,
        "target": one.target,
        "target_period": one.target_period,
        "comparator": one.comparator or None,
        "plan_from": one.plan_from,
        "plan_to": one.plan_to,
        "milestones": [
            {"fiscal_year": year, "value": value} for year, value in sorted(one.milestones.items())
        ],
    }


def actual_described(one: Actual) -> dict[str, object]:
    """Return an entered actual as JSON."""
    return {
        "area": one.area,
        "period": one.period,
        "value": one.value,
        "status": one.status,
        "source": {"title": one.source_title, "url": one.source_url, "published_on": one.published_on},
        "note": one.note,
        "entered_by": one.entered_by.partition(" (")[0],
    }


def series_described(one: Series) -> dict[str, object]:
    """Return a series as JSON."""
    return {
        "indicator": one.indicator,
        "price_basis": one.price_basis,
        "base": {"ja": one.base_ja, "en": one.base_en},
    }


def scheme_described(one: RatingScheme) -> dict[str, object]:
    """Return a rating scheme as JSON, its bands from the best to the worst."""
    return {
        "id": one.id,
        "name": {"ja": one.name_ja, "en": one.name_en},
        "bands": [
            {
                "code": band.code,
                "quantity": band.quantity,
                "lower": band.lower,
                "above": band.above,
                "label": {"ja": band.label_ja, "en": band.label_en},
                "colour": band.colour,
            }
            for band in one.bands
        ],
        "source": {"title": one.source_title, "url": one.source_url},
    }


def described(atlas: Atlas, one: Kpi) -> dict[str, object]:
    """Return a KPI as JSON, without its actuals."""
    layer = f"kpi-progress:{one.id}"
    return {
        "id": one.id,
        "name": {"ja": one.name_ja, "en": one.name_en},
        "definition": {"ja": one.definition_ja, "en": one.definition_en},
        "unit": {"ja": one.unit_ja, "en": one.unit_en},
        "decimals": one.decimals,
        "direction": one.direction,
        "formula": one.formula,
        "rating": one.rating,
        "goal": one.goal or None,
        "measure": one.measure or None,
        "owner": one.owner or None,
        "relative": one.is_relative,
        "growth_basis": one.growth_basis if one.is_relative else None,
        "series": [series_described(each) for each in one.series],
        "proxies": list(one.proxies),
        "targets": [target_described(each) for each in one.targets],
        "layer": layer if layer in atlas.catalogue.layers else None,
        "note": {"ja": one.note_ja, "en": one.note_en},
        "source": {"title": one.source_title, "url": one.source_url},
    }


def _name(atlas: Atlas, vintage: Vintage, area: str) -> dict[str, str]:
    line = member(atlas, vintage, area)
    return {"ja": line.name_ja, "en": line.name_en}


def race_described(atlas: Atlas, vintage: Vintage, one: Race) -> dict[str, object]:
    """Return a comparison of two regions as JSON."""
    return {
        **series_described(one.series),
        "area": {"id": one.target.area, "name": _name(atlas, vintage, one.target.area)},
        "comparator": {"id": one.target.comparator, "name": _name(atlas, vintage, one.target.comparator)},
        "points": [vars(each) for each in one.comparisons],
        "missing": [
            {
                "indicator": name,
                "name": {"ja": atlas.indicator(name).name_ja, "en": atlas.indicator(name).name_en},
                "reason": {
                    "ja": "公表表が取り込まれていない。他の値で代えない。",
                    "en": "The published table is not loaded; nothing is put in its place.",
                },
            }
            for name in one.missing
        ],
        "sources": sources_described(atlas, one.sources),
    }


def course_described(atlas: Atlas, vintage: Vintage, one: Course) -> dict[str, object]:
    """Return the course of one area as JSON."""
    return {
        "name": _name(atlas, vintage, one.target.area),
        **target_described(one.target),
        "points": [point_described(atlas, level, assessment) for level, assessment in one.points],
    }


def point_described(atlas: Atlas, level: Level, assessment: Assessment) -> dict[str, object]:
    """Return one year of a course as JSON."""
    source: object = sources_described(atlas, level.sources)
    if level.actual is not None:
        source = [actual_described(level.actual)["source"]]
    return {"period": level.period, "status": level.status, **vars(assessment), "sources": source}
