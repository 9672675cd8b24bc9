from __future__ import annotations

from pathlib import Path

import pytest

from geo.errors import NotFound
from service.pages.html_head import template


def test_a_front_end_that_is_not_built_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="run scripts/serve"):
        template(tmp_path / "index.html")


def test_a_built_page_has_places_for_language_head_and_text(tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    file.write_text(
        '<html lang="ja"><head><title>x</title>\n<!-- chiiki:head --></head><!-- others stay -->'
        "<body><!-- chiiki:body --><h1><!-- chiiki:title --></h1><p><!-- chiiki:credit --></p></body></html>"
    )
    filled = template(file).filled("en", head="HEAD", body="BODY", title="TITLE")
    assert filled == (
        b'<html lang="en"><head>HEAD</head><!-- others stay --><body>BODY<h1>TITLE</h1><p></p></body></html>'
    )
