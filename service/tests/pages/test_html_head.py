from __future__ import annotations

from pathlib import Path

import pytest

from geo.errors import NotFound
from service.pages.html_head import template


def test_a_front_end_that_is_not_built_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="run scripts/serve"):
        template(tmp_path / "index.html")


def test_a_built_page_has_a_place_for_language_head_and_text(tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    file.write_text(
        '<html lang="ja"><head><title>x</title>\n<!-- chiiki:head --></head>'
        "<body><!-- chiiki:body --></body></html>"
    )
    filled = template(file).filled("en", "HEAD", "BODY")
    assert filled == b'<html lang="en"><head>HEAD</head><body>BODY</body></html>'
