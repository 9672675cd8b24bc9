"""Indicators, sources and their periods as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from geo.eras import period_label
from geo.figures.indicators import TOPICS, Indicator
from service.memory.atlas import Atlas


def brief(indicator: Indicator) -> dict[str, object]:
    """Return what is needed to show a figure of an indicator, as JSON."""
    return {
        "id": indicator.id,
        "name": {"ja": indicator.name_ja, "en": indicator.name_en},
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "direction": indicator.direction,
        "decimals": indicator.decimals,
    }


def described(atlas: Atlas, indicator: Indicator) -> dict[str, object]:
    """Return an indicator as JSON: meaning, unit, formula, periods and levels."""
    levels = atlas.levels(indicator)
    return {
        "id": indicator.id,
        "name": {"ja": indicator.name_ja, "en": indicator.name_en},
        "description": {"ja": indicator.description_ja, "en": indicator.description_en},
        "keywords": [word for word in indicator.keywords.split(";") if word],
        "topic": _topic(indicator.topic),
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "kind": indicator.kind,
        "code": indicator.code,
        "numerator": indicator.numerator or None,
        "denominator": indicator.denominator or None,
        "scale": indicator.scale,
        "direction": indicator.direction,
        "aggregation": indicator.aggregation,
        "decimals": indicator.decimals,
        "period_kind": indicator.period_kind,
        "periods": sorted({p for level in levels for p in atlas.periods(indicator, level)}),
        "periods_by_level": {level: atlas.periods(indicator, level) for level in levels},
        "levels": levels,
        "default": {
            "scheme": indicator.default_scheme,
            "k": indicator.default_k,
            "palette": indicator.default_palette,
        },
        "categories": [
            {"code": c.code, "label": {"ja": c.label_ja, "en": c.label_en}, "colour": c.colour}
            for c in indicator.categories
        ],
    }


def sources_described(atlas: Atlas, ids: tuple[str, ...]) -> list[dict[str, object]]:
    """Return sources as JSON, in the order given."""
    rows = [atlas.catalogue.sources[name] for name in ids]
    return [
        {
            "id": r.id,
            "title": {"ja": r.title_ja, "en": r.title_en},
            "publisher": r.publisher,
            "edition": r.edition,
            "url": r.url,
            "licence": r.licence,
            "credit": {"ja": r.credit_ja, "en": r.credit_en},
            "retrieved_on": str(r.retrieved_on),
        }
        for r in rows
    ]


def _topics(layers: Iterable[Indicator]) -> list[dict[str, object]]:
    """Return the topics of layers with how many there are of each."""
    totals = Counter(layer.topic for layer in layers)
    return [{**_topic(id), "total": totals[id]} for id in TOPICS if totals[id]]


def _topic(id: str) -> dict[str, object]:
    ja, en = TOPICS[id]
    return {"id": id, "ja": ja, "en": en}


def _period_labels(atlas: Atlas, layers: Iterable[Indicator]) -> dict[str, dict[str, dict[str, str]]]:
    """Return how people read the periods of layers, by kind of period and period."""
    labels: dict[str, dict[str, dict[str, str]]] = {}
    for one in layers:
        periods = {period for level in atlas.levels(one) for period in atlas.periods(one, level)}
        labels.setdefault(one.period_kind, {}).update(
            {period: period_label(period, one.period_kind) for period in sorted(periods)}
        )
    return labels
