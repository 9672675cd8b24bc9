"""What every answer of a layer says of itself."""

from __future__ import annotations

from geo.eras import period_label
from service.layers.views import Picture
from service.strategy.policy import COVERAGE


def about(picture: Picture, sources: list[dict[str, object]]) -> dict[str, object]:
    """Return what every answer says of itself: layer, period, level, boundaries, unit, credit, revision."""
    view, indicator = picture.view, picture.view.indicator
    return {
        "layer": indicator.id,
        "title": {"ja": indicator.name_ja, "en": indicator.name_en},
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "period": view.period,
        "period_label": period_label(view.period, indicator.period_kind),
        "period_kind": indicator.period_kind,
        "level": view.level,
        "vintage": str(view.vintage.date),
        "revision": picture.revision,
        "sources": sources,
        "credit": view.vintage.credit,
        **({"coverage": COVERAGE} if indicator.topic == "measures" else {}),
    }
