"""Where the next page is."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Request

from service.http.addresses import base_url, next_page
from service.settings import Settings


def request(query: str, public_url: str = "", host: str = "", server: str = "192.0.2.1") -> Request:
    app = FastAPI()
    app.state.settings = Settings(public_url=public_url)
    return Request(
        {
            "type": "http",
            "app": app,
            "scheme": "http",
            "server": (server, 8000),
            "path": "/v1/areas",
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", host.encode())] if host else [],
        }
    )


@pytest.mark.parametrize(
    ("offset", "limit", "total", "query", "following"),
    [
        (0, 10, 25, "q=%E5%B8%82&limit=10", "/v1/areas?limit=10&offset=10&q=%E5%B8%82"),
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
    [("", "http://192.0.2.1:8000"), ("https://chiiki.example.jp/", "https://chiiki.example.jp")],
)
def test_links_begin_with_the_operators_address_where_there_is_one(public: str, base: str) -> None:
    assert base_url(request("", public)) == base


@pytest.mark.parametrize(
    ("server", "host", "base"),
    [
        ("127.0.0.1", "127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("127.0.0.1", "localhost:8000", "http://localhost:8000"),
        ("::1", "LOCALHOST:8000", "http://localhost:8000"),
        ("::1", "[::1]:8000", "http://[::1]:8000"),
        ("127.0.0.1", "localhost:8001", "http://127.0.0.1:8000"),
        ("127.0.0.1", "evil.example:8000", "http://127.0.0.1:8000"),
        ("127.0.0.1", "localhost:8000@evil.example", "http://127.0.0.1:8000"),
        ("192.0.2.1", "localhost:8000", "http://192.0.2.1:8000"),
    ],
)
def test_no_link_begins_with_what_a_client_made_up(server: str, host: str, base: str) -> None:
    assert base_url(request("", host=host, server=server)) == base
