"""Where the next page is."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request

from service.http.addresses import base_url, next_page
from service.settings import Settings


def request(query: str, public_url: str = "") -> Request:
    app = FastAPI()
    app.state.settings = Settings(public_url=public_url)
    return Request(
        {
            "type": "http",
            "app": app,
            "scheme": "http",
            "server": ("example.jp", 8000),
            "path": "/v1/areas",
            "root_path": "",
            "query_string": query.encode(),
            "headers": [],
        }
    )


@pytest.mark.parametrize(
    ("offset", "limit", "total", "query", "following"),
    [
        (0, 10, 25, "q=%E5%B8%82&limit=10", "/v1/areas?q=%E5%B8%82&limit=10&offset=10"),
        (10, 10, 25, "offset=10&limit=10", "/v1/areas?limit=10&offset=20"),
        (20, 10, 25, "offset=20", None),
        (15, 10, 25, "offset=15", None),  # the last one is on this page
        (30, 10, 25, "offset=30", None),
        (0, 10, 0, "", None),
        (0, 0, 25, "limit=0", None),
    ],
)
def test_the_next_page_begins_where_this_one_ends(
    offset: int, limit: int, total: int, query: str, following: str | None
) -> None:
    assert next_page(request(query), offset, limit, total) == following


@pytest.mark.parametrize(
    ("public", "base"),
    [("", "http://example.jp:8000"), ("https://chiiki.example.jp/", "https://chiiki.example.jp")],
)
def test_links_begin_with_the_operators_address_where_there_is_one(public: str, base: str) -> None:
    assert base_url(request("", public)) == base
