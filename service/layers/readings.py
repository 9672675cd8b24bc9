"""A picture in words, and what to write under it."""

from __future__ import annotations

from geo.errors import NotEnoughData
from geo.layers.carrying import REMARKABLE, appended, map_carrying_in_words
from geo.layers.words import Named, categories_in_words, citation, map_in_words
from geo.periods import period_label
from geo.text import Text
from service.analysis.clusters import clusters
from service.analysis.forms import clusters_in_words
from service.analysis.layers import clustered, shows_clusters
from service.areas.forms import full_name
from service.figures.forms import credits_of
from service.figures.values import STATUSES
from service.layers.forms import coverage_of
from service.layers.ranking import Positions, category_counts, prefecture_of_area, spread
from service.layers.views import Picture, View
from service.memory.atlas import Atlas


def words_and_citation(atlas: Atlas, picture: Picture, parent: str | None = None) -> tuple[Text, Text]:
    """Return a picture in words, and what to write under it; each in Japanese and English."""
    positions = picture.gazetteer.within(parent)
    view, indicator = picture.view, picture.view.indicator
    period = period_label(view.period, indicator.period_kind)
    name = None
    if parent is not None:
        _level, area = atlas.area(view.vintage, parent)
        name = Named(area.name_ja, area.name_en)
    if indicator.kind == "category":
        counts, without = category_counts(picture, positions)
        coverage = coverage_of(atlas, view)
        told = categories_in_words(indicator, period, view.level, counts, without, coverage, name)
        if shows_clusters(indicator.id):
            told = appended(told, _whole(atlas, view))
    else:
        told = map_in_words(indicator, period, view.level, spread(atlas, picture, positions), name)
        if lacks := coverage_of(atlas, view):
            told = appended(told, lacks)
    told = appended(told, map_carrying_in_words(_remarkable(atlas, picture, positions)))
    credits = credits_of(atlas, picture.vector.sources, view.vintage)
    title = Named(indicator.name_ja, indicator.name_en)
    cited = citation(title, period, view.level, credits, str(view.vintage.date), picture.revision)
    return told, cited


def _remarkable(atlas: Atlas, picture: Picture, positions: Positions) -> list[tuple[Named, str]]:
    """Return the areas whose values are not what was counted, by their status."""
    found = []
    for name in REMARKABLE:
        for position in positions[picture.vector.statuses[positions] == STATUSES.index(name)].tolist():
            area = picture.gazetteer.areas[position]
            found.append((full_name(area, prefecture_of_area(atlas, picture, area)), name))
    return found


def _whole(atlas: Atlas, view: View) -> Text:
    """Return what a map of clusters says of all areas; nothing where too few have a value."""
    layer = atlas.layer(clustered(view.indicator.id))
    try:
        return clusters_in_words(clusters(atlas, layer, view.period, view.level, view.vintage.date))
    except NotEnoughData:
        return {"ja": "", "en": ""}


def words_of(atlas: Atlas, picture: Picture) -> Text:
    """Return a picture in words, in Japanese and English."""
    return words_and_citation(atlas, picture)[0]
