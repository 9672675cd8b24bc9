"""Clusters and correlations in plain words, in Japanese and English."""

from __future__ import annotations

from geo.analysis.correlation import Correlation
from geo.analysis.moran import FALSE_DISCOVERIES, Whole
from geo.layers.legend import formatted
from geo.layers.words import Named
from geo.text import Text

#: Correlations from which on they are called so, weakest first.
STRENGTHS: tuple[tuple[float, str, str], ...] = (
    (0.2, "ほとんど関係がありません", "hardly go together"),
    (0.4, "弱い{}の関係があります", "go together weakly ({})"),
    (0.7, "中程度の{}の関係があります", "go together moderately ({})"),
    (1.01, "強い{}の関係があります", "go together strongly ({})"),
)


def _p(p: float, least: float) -> str:
    return f"p ≤ {least:g}" if p <= least else f"p = {p:.2g}"


def whole_in_words(found: Whole, n: int, bridged: int, least_p: float) -> Text:
    """Return Moran's I of a map in words.

    Parameters
    ----------
    n : areas that took part
    bridged : those of them that touch no other and were joined to the nearest
    least_p : the least p-value that the permutations can tell
    """
    i, p = formatted(found.i, 2), _p(found.p, least_p)
    if found.p > FALSE_DISCOVERIES:
        ja, en = "隣り合う地域が似ているとは言えません", "neighbours are no more alike than others"
    elif found.i > found.expected:
        ja, en = "隣り合う地域は似た値になっています", "neighbours are alike"
    else:
        ja, en = "隣り合う地域は異なる値になっています", "neighbours differ"
    told: Text = {
        "ja": f"{n:,}地域のモランのIは{i}（{p}）で、{ja}。",
        "en": f"Moran’s I of {n:,} areas is {i} ({p}): {en}.",
    }
    if bridged:
        told["ja"] += f"どこにも接しない{bridged:,}地域は最も近い地域の隣としています。"
        told["en"] += f" {bridged:,} that touch no other area are taken to be next to the nearest one."
    return told


def correlation_in_words(x: Named, y: Named, found: Correlation) -> Text:
    """Return how two figures go together in words; no word of cause."""
    r, rho = formatted(found.pearson, 2), formatted(found.spearman, 2)
    _, ja, en = next(one for one in STRENGTHS if abs(found.pearson) < one[0])
    sign_ja, sign_en = ("正", "positive") if found.pearson > 0 else ("負", "negative")
    return {
        "ja": f"{x.ja}と{y.ja}には{ja.format(sign_ja)}"
        f"（{found.n:,}地域、ピアソンの相関係数{r}、スピアマンの順位相関係数{rho}）。因果関係を示すものではありません。",
        "en": f"{x.en} and {y.en} {en.format(sign_en)} over {found.n:,} areas (Pearson {r}, Spearman {rho}). "
        "It says nothing of cause.",
    }
