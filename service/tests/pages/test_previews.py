"""What a pasted link shows: the address as the page reads it, the title and the words of the view."""

from __future__ import annotations

import pytest

from geo.errors import InvalidAreaCode, InvalidParameter, NotFound
from service.memory.atlas import Atlas
from service.pages.previews import SITE, Address, Preview, preview, site


@pytest.mark.parametrize(
    ("path", "query", "asked"),
    [
        ("/", "layer=a&layer=b", {"layer": "a"}),  # the first counts
        ("/", "utm_source=x&layer=a", {"layer": "a"}),
        ("/", "theme=dark", {}),
        ("/embed/map", "theme=dark&view=two", {"theme": "dark"}),
        ("/", "layer=%E4%BA%BA&areas=1,2", {"layer": "人", "areas": "1,2"}),
    ],
)
def test_an_address_has_what_its_page_reads(path: str, query: str, asked: dict[str, str]) -> None:
    assert Address.of(path, query).asked == asked


def test_a_path_that_is_no_page_is_refused() -> None:
    with pytest.raises(NotFound, match="/embed/chart"):
        Address.of("/embed/film", "")


@pytest.mark.parametrize(
    ("path", "query", "kind"),
    [
        ("/", "", "map"),
        ("/", "view=compare", "chart"),
        ("/", "view=table", "ranking"),
        ("/", "view=two", "map"),
        ("/embed/profile", "view=table", "profile"),
    ],
)
def test_a_view_is_shown_by_the_embed_of_its_kind(path: str, query: str, kind: str) -> None:
    assert Address.of(path, query).kind == kind


@pytest.mark.parametrize(("query", "lang"), [("", "ja"), ("lang=en", "en"), ("lang=fr", "ja")])
def test_a_page_is_in_japanese_unless_english_is_asked_for(query: str, lang: str) -> None:
    assert Address.of("/", query).lang == lang


def test_one_view_has_one_link_in_each_language() -> None:
    one, other = Address.of("/", "layer=a:b&lang=en&areas=1,2"), Address.of("/", "areas=1,2&layer=a:b")
    assert one.link("ja") == other.link("ja") == "/?lang=ja&layer=a:b&areas=1,2"
    assert one.link("") == "/?layer=a:b&areas=1,2"
    assert Address.of("/", "").link("") == "/"


def test_the_embed_of_a_view_keeps_what_embeds_read() -> None:
    address = Address.of("/", "layer=a&view=table&layer2=b&area=10201").embed("map")
    assert (address.path, address.asked) == ("/embed/map", {"layer": "a", "area": "10201"})


def of(atlas: Atlas, query: str, path: str = "/") -> Preview:
    return preview(atlas, Address.of(path, query))


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("layer=population&period=2020", "総人口（人）・2020年（令和2年）"),
        ("layer=population&period=2020&lang=en", "Population (persons), 2020"),
        ("layer=population&period=2020&area=10201", "総人口（人）・2020年（令和2年）・群馬県前橋市"),
        ("layer=population&period=2020&area=10000&lang=en", "Population (persons), 2020, Gunma"),
        ("layer=municipality-type", "市区町村の種類・2021年（令和3年）"),
        (
            "layer=population&period=2020&view=two&period2=2000",
            "総人口（人）・2020年（令和2年） / 2000年（平成12年）",
        ),
        (
            "layer=population&period=2020&view=bivariate&layer2=ageing-rate&period2=2020",
            "総人口（人） × 高齢化率（%）・2020年（令和2年）",
        ),
        (
            "layer=population&view=compare&areas=10201,10202,10203,10204",
            "総人口（人）・前橋市・高崎市・桐生市・ほか",
        ),
        ("layer=population&view=compare&area=10201&lang=en", "Population (persons), Maebashi-shi"),
        ("view=compare&layer=population", "総人口（人）・全国"),
        ("view=table&layer=population&period=2020&lang=en", "Population (persons), 2020"),
    ],
)
def test_a_title_names_layer_period_and_place(atlas: Atlas, query: str, title: str) -> None:
    assert of(atlas, query).title == title


def test_two_maps_are_told_one_after_the_other_and_credited_once(atlas: Atlas) -> None:
    same = of(atlas, "layer=population&period=2020&view=two")
    assert same.words == of(atlas, "layer=population&period=2020").words
    both = of(atlas, "layer=population&period=2020&view=two&layer2=ageing-rate&period2=2020&lang=en")
    first, second = (of(atlas, f"layer={name}&period=2020&lang=en") for name in ("population", "ageing-rate"))
    assert both.words == f"{first.words} {second.words}"


def test_the_picture_names_the_revision_and_the_size_asked_for(atlas: Atlas) -> None:
    found = of(atlas, "layer=population&period=2020&area=102016")
    picture = found.picture_of(300, 200)
    assert picture is not None
    assert picture.startswith("/v1/layers/population/map.png?period=2020&level=municipality")
    assert "&rev=" in picture
    assert picture.endswith("&area=10201&width=300&height=200")
    assert [name for name, _ in found.files] == ["表（CSV）", "画像（PNG）"]


def test_a_ranking_within_a_prefecture_is_of_its_own_areas(atlas: Atlas) -> None:
    found = of(atlas, "layer=population&period=2020&parent=10000", "/embed/ranking")
    assert found.title.endswith("群馬県")
    assert "値のある35地域のうち" in found.words
    assert "parent=10000" in found.files[0][1]


def test_the_explorers_table_of_categories_is_shown_as_a_map(atlas: Atlas) -> None:
    assert of(atlas, "layer=municipality-type&view=table").kind == "map"
    with pytest.raises(InvalidParameter, match="categories, which have no order"):
        of(atlas, "layer=municipality-type", "/embed/ranking")


def test_a_profile_needs_an_area(atlas: Atlas) -> None:
    assert of(atlas, "area=10201", "/embed/profile").title == "群馬県前橋市のすがた"
    with pytest.raises(InvalidParameter, match="needs an area"):
        of(atlas, "", "/embed/profile")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("layer=nothing", NotFound),
        ("layer=population&k=many", InvalidParameter),
        ("layer=population&k=99", InvalidParameter),
        ("layer=population&area=99999", InvalidAreaCode),
        ("layer=population&view=compare&areas=10999", NotFound),
    ],
)
def test_a_view_that_does_not_exist_is_refused(atlas: Atlas, query: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        of(atlas, query)


@pytest.mark.parametrize(
    ("view", "title"), [("kpi", "KPI｜"), ("logic", "ロジックモデル｜"), ("roadmap", "ロードマップ｜")]
)
def test_a_view_of_the_strategy_is_called_after_it(atlas: Atlas, view: str, title: str) -> None:
    found = of(atlas, f"view={view}")
    assert found.title == title + atlas.catalogue.policy.strategy.title_ja


def test_an_address_without_a_view_shows_the_service_without_a_picture() -> None:
    found = site(Address.of("/", "lang=en"))
    assert (found.title, found.picture_of(1, 1), found.files) == (SITE["en"], None, ())
