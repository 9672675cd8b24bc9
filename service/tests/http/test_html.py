"""Words of another language than the page's say which one they are of."""

from __future__ import annotations

import pytest

from service.http.html import filled, in_language


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Source: “Census” (MIC)", "Source: “Census” (MIC)"),
        (
            "Made by processing “地域バス” (CC BY 4.0); “Census”",
            'Made by processing “<span lang="ja">地域バス</span>” (CC BY 4.0); “Census”',
        ),
        ("「甲」（CC BY 4.0）を加工して作成", '<span lang="ja">「甲」（CC BY 4.0）を加工して作成</span>'),
        ("令和2年GTFS", '<span lang="ja">令和2年</span>GTFS'),
        ("<b>駅</b>", '&lt;b&gt;<span lang="ja">駅</span>&lt;/b&gt;'),
        (7, "7"),
    ],
)
def test_japanese_words_are_marked_on_an_english_page_and_escaped(words: object, told: str) -> None:
    assert in_language(words, "en") == told


def test_nothing_is_marked_on_a_japanese_page() -> None:
    assert in_language("「甲」<A>", "ja") == "「甲」&lt;A&gt;"


def test_the_citation_under_an_english_page_without_script_is_marked() -> None:
    page = filled(
        "unscripted.html",
        lang="en",
        title="Bus",
        picture=None,
        words="",
        citation="Source: 「地域バス」を加工して作成",
        files=(),
    )
    assert 'Source: <span lang="ja">「地域バス」を加工して作成</span></p>' in page
