"""A picture in words, and what to write under it."""

from __future__ import annotations

from geo.eras import period_label
from geo.errors import NotEnoughData
from geo.layers.words import Named, categories_in_words, citation, map_in_words
from geo.text import Text
from service.analysis.clusters import clusters
from service.analysis.forms import clusters_in_words
from service.analysis.layers import clustered, shows_clusters
from service.figures.forms import credits_of
from service.layers.forms import coverage_of
from service.layers.ranking import category_counts, spread
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
            whole = _whole(atlas, view)
            told = {"ja": told["ja"] + whole["ja"], "en": f"{told['en']} {whole['en']}".rstrip()}
    else:
        told = map_in_words(indicator, period, view.level, spread(atlas, picture, positions), name)
        if lacks := coverage_of(atlas, view):
            told = {"ja": told["ja"] + lacks["ja"], "en": f"{told['en']} {lacks['en']}"}
    credits = credits_of(atlas, picture.vector.sources, view.vintage)
    title = Named(indicator.name_ja, indicator.name_en)
    cited = citation(title, period, view.level, credits, str(view.vintage.date), picture.revision)
    return told, cited


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
