"""The pages about the site tell whoever runs it, and say so where nobody is named."""

from __future__ import annotations

from service.http.html import Frame
from service.memory.atlas import Atlas
from service.pages.about_page import about_page, terms_page
from service.settings import Settings

FRAME = Frame("en", "https://chiiki.example/about")


def test_the_operator_and_their_address_stand_on_the_page(atlas: Atlas) -> None:
    settings = Settings(operator="〇〇県統計課", contact="mailto:toukei@example.jp")
    page = about_page(atlas, FRAME, settings).decode()
    assert '<span lang="ja">〇〇県統計課</span>' in page
    assert '<a href="mailto:toukei@example.jp">toukei@example.jp</a>' in page
    assert '<span lang="ja">〇〇県統計課</span>' in terms_page(atlas, FRAME, settings).decode()


def test_a_site_without_an_operator_says_that_none_is_named(atlas: Atlas) -> None:
    page = about_page(atlas, FRAME, Settings(operator="", contact="")).decode()
    assert "has published no name" in page
    assert "mailto:" not in page


def test_the_background_map_of_others_is_told_where_it_is_offered(atlas: Atlas) -> None:
    told = about_page(atlas, FRAME, Settings(gsi_tiles=True)).decode()
    assert "Geospatial Information Authority" in told
    assert (
        "Geospatial Information Authority" not in about_page(atlas, FRAME, Settings(gsi_tiles=False)).decode()
    )
