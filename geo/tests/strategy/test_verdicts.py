"""The verdict of a KPI that compares two regions: told once, by the plan's own years, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geo.strategy.kpis import Series
from geo.strategy.rating import Comparison, Target
from geo.strategy.verdicts import verdict_in_words, verdict_of
from geo.text import Text

PLAN = Target(
    "outside", "not_below_comparator", target_period="2029", comparator="tokyo", plan_from=2025, plan_to=2029
)
REGION: Text = {"ja": "東京圏以外", "en": "Outside the Tokyo area"}
TOKYO: Text = {"ja": "東京圏", "en": "Tokyo area"}
NOMINAL_2011 = Series("gpp-2011-base", "nominal", "2011年基準", "2011 base")
NOMINAL = Series("gpp-2015-base", "nominal", "2015年基準", "2015 base")
REAL = Series("gpp-real-2015-base", "real", "2015年基準", "2015 base")


def year(period: str, own: float | None, other: float | None, plan_from: int = 2025) -> Comparison:
    reference = int(period) < plan_from
    if own is None or other is None:
        return Comparison(period, 1.0, 1.0, None, None, None, reference, None)
    achieved = None if reference else own >= other
    return Comparison(period, 1.0, 1.0, own, other, (own - other) * 100, reference, achieved)


# Gross product, fiscal 2022 of the accounts of 2022: outside of the Tokyo area +2.590 %, in it +3.526 %; real
# +2.519 % and +3.605 %
FY2022 = [
    (NOMINAL_2011, [year("2018", 0.009866, 0.009771)]),
    (NOMINAL, [year("2021", 0.05, 0.03), year("2022", 0.025900, 0.035257)]),
    (REAL, [year("2022", 0.025192, 0.036053)]),
]


def test_a_year_before_the_plan_says_how_things_stood_nominal_and_real() -> None:
    found = verdict_of(FY2022)
    assert (found.state, found.period) == ("reference", "2022")
    assert [each.series for each in found.growths] == [NOMINAL, REAL]
    words = verdict_in_words(found, PLAN, REGION, TOKYO)
    assert words["ja"] == (
        "計画期間（2025〜2029年度）の値はまだなく、達否は判定できない。2022年度は戦略開始前の参考値。"
        "名目の伸び率は東京圏以外が+2.59%、東京圏が+3.53%で、0.94ポイント下回る。"
        "実質の伸び率は東京圏以外が+2.52%、東京圏が+3.61%で、1.09ポイント下回る。"
    )
    assert words["en"] == (
        "There are no figures of the plan (FY2025 to FY2029) yet, so there is no verdict. "
        "FY2022 is a reference value before the strategy. "
        "Growth, nominal: “Outside the Tokyo area” +2.59%, “Tokyo area” +3.53%; 0.94 points below it. "
        "Growth, real: “Outside the Tokyo area” +2.52%, “Tokyo area” +3.61%; 1.09 points below it."
    )


@pytest.mark.parametrize(
    ("own", "state", "ja"), [(0.03, "achieved", "達成"), (0.01, "not_achieved", "未達成")]
)
def test_the_first_year_of_the_plan_brings_the_verdict(own: float, state: str, ja: str) -> None:
    found = verdict_of([(NOMINAL, [year("2024", 0.5, 0.1), year("2025", own, 0.02)])])
    assert (found.state, found.period) == (state, "2025")
    assert verdict_in_words(found, PLAN, REGION, TOKYO)["ja"].startswith(f"2025年度は{ja}。")


def test_the_real_series_stands_beside_and_decides_nothing() -> None:
    found = verdict_of([(NOMINAL, [year("2025", 0.03, 0.02)]), (REAL, [year("2025", 0.01, 0.02)])])
    assert (found.state, len(found.growths)) == ("achieved", 2)
    later = verdict_of([(NOMINAL, [year("2025", 0.03, 0.02)]), (REAL, [year("2026", 0.01, 0.02)])])
    assert (later.period, len(later.growths)) == ("2025", 1)


def test_a_real_series_of_another_base_is_not_set_beside() -> None:
    other = replace(REAL, base_ja="2011年基準")
    assert (
        len(verdict_of([(NOMINAL, [year("2025", 0.03, 0.02)]), (other, [year("2025", 0.01, 0)])]).growths)
        == 1
    )


@pytest.mark.parametrize("series", [[], [(NOMINAL, [year("2022", None, None)])]])
def test_without_growth_there_is_no_verdict(series: list[tuple[Series, list[Comparison]]]) -> None:
    found = verdict_of(series)
    assert (found.state, found.period, found.growths) == ("no_figures", None, ())
    assert "達否は判定できない" in verdict_in_words(found, PLAN, REGION, TOKYO)["ja"]
