"""What the site is, who runs it, and under which terms its figures may be used."""

from __future__ import annotations

from importlib.metadata import version

from geo.text import Text
from service.figures.forms import sources_described
from service.http.html import Frame, page
from service.memory.atlas import Atlas
from service.settings import Settings
from service.strategy.policy import COVERAGE

ABOUT: Text = {"ja": "このサイトについて", "en": "About this site"}
TERMS: Text = {"ja": "利用条件", "en": "Terms of use"}


def terms_of(licence: str) -> Text:
    """Return the terms of a source, which are written in Japanese and then in English, apart.

    >>> terms_of("出典不要。 No credit required."), terms_of("CC BY 4.0")
    ({'ja': '出典不要。', 'en': 'No credit required.'}, {'ja': 'CC BY 4.0', 'en': 'CC BY 4.0'})
    """
    ja, mark, en = licence.partition("。 ")
    return {"ja": ja + mark.strip(), "en": en or ja}


def about_page(atlas: Atlas, frame: Frame, settings: Settings) -> bytes:
    """Return what the site is, what it has, who runs it and how to reach them."""
    catalogue = atlas.catalogue
    told = [one for one in catalogue.indicators.values() if atlas.levels(one)]
    policy = catalogue.policy
    return page(
        "about.html",
        frame,
        ABOUT[frame.lang],
        indicators=f"{len(told):,}",
        sources=len(catalogue.sources),
        measures=len(policy.version.measures) if policy.version else 0,
        deployments=f"{len(policy.deployments):,}",
        coverage=COVERAGE,
        operator=settings.operator,
        contact=settings.contact,
        shown_contact=settings.contact.removeprefix("mailto:"),
        has_background=settings.gsi_tiles,
        is_logged=settings.access_log,
        version=version("chiiki"),
    )


def terms_page(atlas: Atlas, frame: Frame, settings: Settings) -> bytes:
    """Return under which terms figures, maps and the API may be used, source by source."""
    sources = sources_described(atlas, tuple(atlas.catalogue.sources))
    boundaries = sorted(atlas.catalogue.vintages.values(), key=lambda one: one.date, reverse=True)
    return page(
        "terms.html",
        frame,
        TERMS[frame.lang],
        sources=[{**one, "terms": terms_of(one["licence"])} for one in sources],
        credit=boundaries[0].credit if boundaries else None,
        outlines=[(one.date, one.title, terms_of(one.licence)) for one in boundaries],
        operator=settings.operator,
    )
