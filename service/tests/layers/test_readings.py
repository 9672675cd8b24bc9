"""A picture in words and what to write under it; its legend."""

from __future__ import annotations

import re

import numpy as np
import pytest

from geo.errors import NotFound
from geo.layers.legend import NO_DATA_LABEL, NONE_KNOWN_LABEL
from service.layers.legends import legend_of, part_of
from service.layers.readings import words_and_citation, words_of
from service.layers.tile_answers import address_of
from service.layers.views import MISSING
from service.memory.atlas import Atlas
from service.strategy.policy import COVERAGE
from service.tests.layers.pictures import drawn, with_values


def test_a_map_of_the_nation_is_told_with_its_missing_areas(atlas: Atlas) -> None:
    shown = with_values(
        drawn(atlas, "ageing-rate", level="prefecture", period="2020"), {9: 30.16}, {0: "secret"}
    )
    assert words_of(atlas, shown)["ja"] == (
        "2020年（令和2年）の高齢化率を全国の都道府県別に示した地図です。値があるのは群馬県だけで、30.2%です。"
        "46地域には値がありません（公表なし45、秘匿1）。"
    )


def test_a_map_cut_to_a_prefecture_names_it_and_counts_its_own_areas(atlas: Atlas) -> None:
    shown = drawn(atlas, "population", period="2020")
    told, cited = words_and_citation(atlas, shown, "10000")
    # the census of 2020: 前橋市 332,149 is less than 高崎市 372,973; 上野村 has 1,128
    assert "群馬県内の市区町村別" in told["ja"]
    assert (
        "値のある35地域のうち、最も多いのは群馬県高崎市の372,973人、最も少ないのは群馬県上野村の1,128人"
        in told["ja"]
    )
    assert "Of 35 areas with a value" in told["en"]
    assert "chiiki「総人口」2020年（令和2年）、市区町村別（2025-01-01の境界、データ版" in cited["ja"]
    assert shown.revision in cited["en"]


def test_a_map_names_the_areas_whose_values_were_apportioned(atlas: Atlas) -> None:
    told = words_of(atlas, drawn(atlas, "ageing-rate", level="municipality", period="2005"))
    assert told["ja"].endswith(
        "山梨県甲府市、山梨県富士河口湖町の値は、分割された地域の値を、公表元が配分したものです。"
    )
    assert told["en"].endswith(
        "Kofu-shi in Yamanashi and Fujikawaguchiko-machi in Yamanashi: apportioned by its publisher after "
        "an area was split."
    )
    shown = drawn(atlas, "ageing-rate", level="municipality", period="2005")
    assert words_and_citation(atlas, shown, "19000")[0]["ja"].endswith("公表元が配分したものです。")
    assert "公表元" not in words_and_citation(atlas, shown, "10000")[0]["ja"]
    newer = drawn(atlas, "ageing-rate", level="municipality", period="2010")
    assert "公表元" not in words_of(atlas, newer)["ja"]


def test_a_map_of_deployments_says_that_what_is_not_known_may_be_there(atlas: Atlas) -> None:
    measure = next(one for one in atlas.catalogue.layers if one.startswith("deployments:"))
    shown = drawn(atlas, measure, level="prefecture")
    empty = with_values(shown, {}, {})
    assert words_of(atlas, empty)["ja"].endswith(f"47地域は把握していません。{COVERAGE['ja']}")
    assert legend_of(empty).no_data_label == NONE_KNOWN_LABEL


def test_a_map_of_types_has_no_value_where_it_has_none(atlas: Atlas) -> None:
    shown = drawn(atlas, "municipality-type")
    told = words_of(atlas, with_values(shown, {}, {}))
    assert told["en"].endswith(f"No value: {len(shown.gazetteer):,}.")


def test_a_legend_of_losses_shows_none_larger_than_there_are(atlas: Atlas) -> None:
    # 2024: 大阪市 +17,626 to 那覇市 −1,741
    told = legend_of(drawn(atlas, "net-migration", period="2024", level="municipality")).circles
    assert [one.label["ja"] for one in told] == ["10,000", "2,000", "200", "−1,000"]
    assert told[-1].size == pytest.approx((1_000 / 17_626) ** 0.5)


def test_areas_without_a_value_are_called_by_their_reason_where_they_have_one(atlas: Atlas) -> None:
    # the growth of the four prefectures of 東京圏 is what the others are compared with
    against = drawn(atlas, "kpi-progress:goal-1-gpp-growth", level="prefecture")
    assert legend_of(against).no_data == 4
    assert legend_of(against).no_data_label == {"ja": "該当なし", "en": "Not applicable"}
    mixed = with_values(against, {0: 1.0}, {1: "secret"})
    assert legend_of(mixed).no_data_label == NO_DATA_LABEL


def test_where_all_values_lie_in_a_small_part_of_the_nation_that_part_is_told(atlas: Atlas) -> None:
    # thirteen municipalities of 群馬県: みどり市 in the north-west, 板倉町 in the south-east
    part = part_of(drawn(atlas, "transport-gap:mlit-handbook-rural", level="municipality"))
    assert part is not None
    west, south, east, north = part
    assert 138.4 < west < 138.9 < 139.7 < east < 140.2
    assert 35.7 < south < 36.2 < 36.7 < north < 37.2
    for everywhere in ("population", "deployments:smart-cities", "municipality-type"):
        assert part_of(drawn(atlas, everywhere, level="municipality")) is None
    far_apart = with_values(drawn(atlas, "ageing-rate", level="prefecture"), {0: 30.0, 39: 31.0}, {})
    assert part_of(far_apart) is None
    assert part_of(with_values(far_apart, {}, {})) is None


def test_no_english_text_of_a_layer_is_left_in_japanese_or_has_typewriter_quotes(atlas: Atlas) -> None:
    for layer in atlas.catalogue.layers.values():
        categories = [one.label_en for one in layer.categories]
        for words in (layer.name_en, layer.description_en, layer.unit_en, *categories):
            assert not re.search("[\u3000-\u9fff\uff00-\uffef'\"]", words), (layer.id, words)


def test_a_legend_names_the_reason_of_missing_values_beside_values_that_were_apportioned(
    atlas: Atlas,
) -> None:
    prefectures = drawn(atlas, "ageing-rate", level="prefecture", period="2020")
    n = len(prefectures.gazetteer)
    whole = with_values(prefectures, dict.fromkeys(range(n), 30.0), {0: "apportioned"})
    assert legend_of(whole).no_data_label == NO_DATA_LABEL
    lacking = with_values(prefectures, dict.fromkeys(range(n - 1), 30.0), {0: "apportioned", n - 1: "secret"})
    assert legend_of(lacking).no_data_label == {"ja": "秘匿", "en": "Suppressed"}


def test_a_legend_counts_every_area_once(atlas: Atlas) -> None:
    shown = drawn(atlas, "ageing-rate", level="municipality", period="2020")
    found = legend_of(shown)
    assert sum(entry.count for entry in found.entries) + found.no_data == len(shown.gazetteer)
    assert found.no_data == int((shown.classes == MISSING).sum()) > 0
    assert found.no_data_label == NO_DATA_LABEL
    assert [entry.upper for entry in found.entries] == shown.bounds.tolist()
    assert (found.title_ja, found.unit_ja, found.period) == ("高齢化率", "%", "2020")


def test_a_legend_of_whole_numbers_is_told_by_them_and_one_of_shares_by_bounds(atlas: Atlas) -> None:
    people = legend_of(
        drawn(atlas, "population", level="prefecture", period="2020", breaks="1000000,2000000")
    )
    # 鳥取県 553,407, the least; 東京都 lies above the last bound
    assert [entry.label_en for entry in people.entries] == [
        "under 1,000,000",
        "1,000,000 to under 2,000,000",
        "2,000,000 or more",
    ]
    shares = legend_of(drawn(atlas, "ageing-rate", level="prefecture", period="2020", breaks="30,40"))
    assert shares.entries[0].label_en == "under 30.0"


def test_a_legend_of_categories_has_their_names_and_no_bounds(atlas: Atlas) -> None:
    found = legend_of(drawn(atlas, "municipality-type"))
    assert [entry.label_ja for entry in found.entries] == ["政令指定都市", "特別区", "市", "町", "村"]
    # 20 designated cities, 23 special wards of Tokyo
    assert [entry.count for entry in found.entries][:2] == [20, 23]
    assert {(entry.lower, entry.upper) for entry in found.entries} == {(None, None)}


def test_a_legend_of_nothing_has_no_classes(atlas: Atlas) -> None:
    shown = drawn(atlas, "ageing-rate", level="prefecture")
    nothing = with_values(shown, {}, {})
    empty = legend_of(type(shown)(**{**vars(nothing), "lowest": np.nan, "bounds": np.empty(0)}))
    assert (empty.entries, empty.no_data) == ((), 47)


@pytest.mark.parametrize("address", [(0, 0, 0), (1, 1, 1), (5, 28, 12)])
def test_a_tile_within_the_grid_has_an_address(address: tuple[int, int, int]) -> None:
    assert address_of(*address) == address


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ((-1, 0, 0), "zoom 0 to"),
        ((99, 0, 0), "zoom 0 to"),
        ((0, 1, 0), "tiles 0 to 0 in x and y, not 1/0"),
        ((3, 0, 8), "tiles 0 to 7 in x and y, not 0/8"),
        ((3, -1, 0), "tiles 0 to 7"),
    ],
)
def test_a_tile_outside_is_refused_with_what_there_is(address: tuple[int, int, int], told: str) -> None:
    with pytest.raises(NotFound, match=told):
        address_of(*address)
