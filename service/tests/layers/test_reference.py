"""The reference of all layers: complete, and what is committed is what the data that ship come to."""

from __future__ import annotations

import re

from service.layers.reference import COLUMNS, cells, reference
from service.memory.atlas import Atlas
from service.settings import HOME


def test_the_committed_reference_is_that_of_the_data(atlas: Atlas) -> None:
    committed = (HOME / "docs" / "indicators.md").read_text(encoding="utf-8")
    assert committed == reference(atlas), "with the shipped data loaded, run: .venv/bin/chiiki indicators"


def test_every_layer_says_everything(atlas: Atlas) -> None:
    rows = re.findall(r"^\| `(.*?)`<br>.*$", reference(atlas), re.MULTILINE)
    assert sorted(rows) == sorted(atlas.catalogue.layers)
    assert len(rows) > 200
    for layer in atlas.catalogue.layers.values():
        told = cells(atlas, layer)
        assert len(told) == len(COLUMNS)
        assert all(text.strip(" /") for text in told), layer.id


def test_a_row_tells_how_a_figure_comes_to_be(atlas: Atlas) -> None:
    told = dict(zip(COLUMNS, cells(atlas, atlas.layer("in-migrants")), strict=True))
    assert (told["over areas"], told["over time"]) == ("`net_of_moves`", "`flow`")
    assert "同じ都道府県内の移動を含み" in told["prefectures"]
    assert told["levels and periods"].splitlines()[0].startswith("`prefecture` 1975–2025 (51)")
    assert "`not_additive`" not in told["missing values"]  # no area has merged since
    told = dict(zip(COLUMNS, cells(atlas, atlas.layer("habitable-density")), strict=True))
    assert told["formula, denominator and its source"].startswith("`population` ÷ `habitable-area` × 100")
    assert "`ssds-prefectures`" in told["formula, denominator and its source"]
    # 可住地面積 of 2020 is that of another survey for prefectures
    assert "最大3.9％（沖縄県）" in told["prefectures"]
    told = dict(zip(COLUMNS, cells(atlas, atlas.layer("net-migration")), strict=True))
    assert told["prefectures"] == "この単位で計算 / computed at this level"  # moves inside cancel
    told = dict(zip(COLUMNS, cells(atlas, atlas.layer("municipality-type")), strict=True))
    assert told["unit"].startswith("政令指定都市 / Designated city<br>")
