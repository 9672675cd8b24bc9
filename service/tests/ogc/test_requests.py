"""In which form and language a client of the OGC API is answered."""

from __future__ import annotations

import pytest
from fastapi import Request

from geo.errors import InvalidParameter
from service.ogc.requests import is_html, language


def request(**headers: str) -> Request:
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": listed})


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form", "html"),
    [
        (BROWSER, None, True),
        (BROWSER, "json", False),
        ("application/json", None, False),
        ("application/json", "html", True),
        ("application/geo+json, text/html", None, False),
        ("text/html, application/json", None, True),
        ("*/*", None, False),
        ("", None, False),
    ],
)
def test_a_page_is_sent_to_whoever_names_it_first(accept: str, form: str | None, html: bool) -> None:
    assert is_html(request(accept=accept), form) is html


@pytest.mark.parametrize(
    ("accepted", "lang", "told"),
    [
        ("en-GB,en;q=0.9,ja;q=0.8", None, "en"),
        ("EN-us", None, "en"),
        ("ja,en;q=0.5", None, "ja"),
        ("de,en", None, "ja"),
        ("", None, "ja"),
        ("ja", "en", "en"),
        ("en", "ja", "ja"),
    ],
)
def test_titles_are_in_the_language_named_first(accepted: str, lang: str | None, told: str) -> None:
    assert language(request(accept_language=accepted), lang) == told


def test_a_client_that_names_nothing_is_answered_with_json_in_japanese() -> None:
    assert (is_html(request(), None), language(request(), None)) == (False, "ja")


def test_other_forms_and_languages_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="f is not valid"):
        is_html(request(), "xml")
    with pytest.raises(InvalidParameter, match="lang is not valid"):
        language(request(), "fr")
