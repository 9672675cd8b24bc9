"""The reference of all layers: complete, and what is committed is what the data that ship come to."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from geo.figures.breaks import Break
from geo.figures.indicators import Indicator
from service.layers.reference import AGGREGATIONS, COLUMNS, OVER_TIME, cells, reference
from service.memory.atlas import Atlas
from service.settings import HOME


def test_the_committed_reference_is_that_of_the_data(atlas: Atlas) -> None:
    committed = (HOME / "docs" / "indicators.md").read_text(encoding="utf-8")
    assert committed == reference(atlas), "with the shipped data loaded, run: .venv/bin/chiiki indicators"


def lacking(atlas: Atlas, layer: Indicator) -> set[str]:
    """Return the columns of a layer's row that do not say what they are for, in both languages."""
    told = dict(zip(COLUMNS, cells(atlas, layer), strict=True))
    found = {name for name, text in told.items() if not text.strip(" /`")}
    found |= {
        name for name in ("layer", "definition") if not all(part.strip() for part in told[name].split("<br>"))
    }
    if layer.kind != "category" and not all(part.strip() for part in told["unit"].split(" / ")):
        found.add("unit")
    formula = told["formula, denominator and its source"]
    if layer.denominator and not re.search(r"denominator: `[a-z-]+`, [^/]+ / [^,]+, (`|—)", formula):
        found.add("formula, denominator and its source")
    if told["over areas"] not in {f"`{name}`" for name in AGGREGATIONS}:
        found.add("over areas")
    if told["over time"] not in {f"`{name}`" for name in OVER_TIME}:
        found.add("over time")
    if not re.match(
        r"`(prefecture|municipality|ward)` \d{4}|未取込み / not loaded$", told["levels and periods"]
    ):
        found.add("levels and periods")
    return found | {
        name
        for name, pattern in {
            "breaks": r"(\d{4}: .+。<br>.+\.)+$|—$",
            "missing values": r"`[a-z_]+`(, `[a-z_]+`)*$|—$",
            "boundaries": r"`[a-z]+` \d{4}-.*`[a-z_]+`$|—$",
        }.items()
        if not re.match(pattern, told[name])
    }


def test_every_layer_says_everything(atlas: Atlas) -> None:
    rows = re.findall(r"^\| `(.*?)`<br>.*$", reference(atlas), re.MULTILINE)
    assert sorted(rows) == sorted(atlas.catalogue.layers)
    assert len(rows) > 200
    unsaid = {layer.id: lacking(atlas, layer) for layer in atlas.catalogue.layers.values()}
    assert {name: columns for name, columns in unsaid.items() if columns} == {}


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"name_en": ""}, "layer"),
        ({"description_ja": ""}, "definition"),
        ({"description_en": ""}, "definition"),
        ({"unit_en": ""}, "unit"),
        ({"denominator_source": ""}, "formula, denominator and its source"),
        ({"aggregation": ""}, "over areas"),
        ({"over_time": ""}, "over time"),
        ({"breaks": (Break("x", "2023", "", "Reason.", "s"),)}, "breaks"),
        ({"breaks": (Break("x", "2023", "理由。", "", "s"),)}, "breaks"),
    ],
)
def test_a_row_that_does_not_say_something_is_found(
    atlas: Atlas, changed: dict[str, object], column: str
) -> None:
    layer = atlas.layer("death-rate")
    assert lacking(atlas, layer) == set()
    without = replace(layer, **changed)  # type: ignore[arg-type]  # fields of an indicator
    assert lacking(atlas, without) == {column}


@pytest.mark.parametrize(
    ("layer", "over_areas", "over_time"),
    [
        ("births", "sum", "flow"),
        ("population", "sum", "stock"),
        ("register-population", "sum", "stock"),
        ("out-migrants", "net_of_moves", "flow"),
        ("net-migration", "sum", "flow"),
        ("total-area", "sum", "stock"),
        ("gpp-2015-base", "sum", "flow"),
        ("local-tax", "sum", "flow"),
        ("farm-households", "sum", "stock"),
        ("ageing-rate", "ratio_of_sums", "none"),
        ("population-change", "ratio_of_sums", "none"),
        ("real-debt-service-ratio", "none", "none"),
        ("income-per-head-2015-base", "none", "none"),
        ("total-fertility-rate", "none", "none"),
        ("municipality-type", "none", "none"),
        ("deployments:smart-cities", "none", "none"),
        ("deployment-count:goal-1", "none", "stock"),  # one that lies in two areas is counted in both
        ("kpi-progress:goal-1-gpp-growth", "none", "none"),
        ("transport-gap:mlit-handbook-rural", "ratio_of_sums", "none"),
        ("gap-people-mlit-handbook-rural", "sum", "stock"),
        ("grid-people", "sum", "stock"),
    ],
)
def test_a_row_says_how_areas_and_years_add_up(
    atlas: Atlas, layer: str, over_areas: str, over_time: str
) -> None:
    told = dict(zip(COLUMNS, cells(atlas, atlas.layer(layer)), strict=True))
    assert (told["over areas"], told["over time"]) == (f"`{over_areas}`", f"`{over_time}`")


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
