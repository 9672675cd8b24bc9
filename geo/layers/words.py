"""Maps, charts and profiles in plain words, in Japanese and English.

They tell what, where, when, highest, lowest and missing: for screen readers, for council papers, for
search engines. Pure: names and numbers in, sentences out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geo.figures.breaks import Break, break_between
from geo.figures.indicators import Indicator
from geo.layers.legend import formatted
from geo.periods import period_label
from geo.text import LANGUAGES, Language, Text

LEVELS: dict[str, Text] = {
    "prefecture": {"ja": "都道府県", "en": "prefecture"},
    "municipality": {"ja": "市区町村", "en": "municipality"},
    "ward": {"ja": "市区町村（政令指定都市は区）", "en": "municipality (designated cities by ward)"},
}
#: Why an area has no value.
REASONS: dict[str, Text] = {
    "not_available": {"ja": "公表なし", "en": "not available"},
    "not_applicable": {"ja": "該当なし", "en": "not applicable"},
    "secret": {"ja": "秘匿", "en": "suppressed"},
    "below_unit": {"ja": "単位未満", "en": "below the unit"},
    "unknown": {"ja": "不詳", "en": "unknown"},
    "none_known": {"ja": "把握なし", "en": "none known"},
    "base_differs": {"ja": "人口の対象が異なる", "en": "counted on another population"},
    "not_loaded": {"ja": "未取込み", "en": "not loaded"},
    "boundary_changed": {"ja": "境界変更で換算不可", "en": "not convertible to these boundaries"},
    "not_at_level": {"ja": "この単位の値なし", "en": "not told at this level"},
    "not_additive": {"ja": "内訳からは求められない", "en": "not told by its parts"},
    "merged": {"ja": "合併後の地域の値のみ", "en": "told of what it has merged into alone"},
}
LONGEST_UNIT = 6
#: What the most and the least of values are called: a rate is high, people are many, land or a gain is large.
HIGH: tuple[Text, Text] = ({"ja": "高い", "en": "highest"}, {"ja": "低い", "en": "lowest"})
MANY: tuple[Text, Text] = ({"ja": "多い", "en": "largest"}, {"ja": "少ない", "en": "smallest"})
LARGE: tuple[Text, Text] = ({"ja": "大きい", "en": "largest"}, {"ja": "小さい", "en": "smallest"})
UNITS_OF_LAND = ("ha", "km²")


@dataclass(frozen=True)
class Named:
    """A name in both languages."""

    ja: str
    en: str


@dataclass(frozen=True)
class Extreme:
    """The areas that share the highest or the lowest value: the first by code, and how many more."""

    name: Named
    others: int
    value: float


@dataclass(frozen=True)
class Spread:
    """What the values of a map come to; the extremes are None where no area has a value."""

    n: int
    missing: Mapping[str, int]
    highest: Extreme | None
    lowest: Extreme | None
    median: float | None


def worded(value: float, indicator: Indicator) -> Text:
    """Return a value with its unit, in full; a long unit stands in brackets."""
    number = formatted(value, indicator.decimals)
    ja, en = indicator.unit_ja, indicator.unit_en
    return {
        "ja": number + (f"（{ja}）" if len(ja) > LONGEST_UNIT else ja),
        "en": number + (en if en in ("", "%") else f" {en}"),
    }


def _missing(missing: Mapping[str, int], lang: Language) -> str:
    total = sum(missing.values())
    told = [(REASONS[status][lang], count) for status, count in missing.items()]
    if lang == "ja":
        return f"{total:,}地域には値がありません（{'、'.join(f'{why}{n:,}' for why, n in told)}）。"
    has = "area has" if total == 1 else "areas have"
    return f"{total:,} {has} no value ({', '.join(f'{n:,} {why}' for why, n in told)})."


def _extreme(extreme: Extreme, indicator: Indicator, lang: Language) -> str:
    value = worded(extreme.value, indicator)[lang]
    if lang == "ja":
        others = f"など{extreme.others + 1:,}地域" if extreme.others else ""
        return f"{extreme.name.ja}{others}の{value}"
    others = f" and {extreme.others:,} more" if extreme.others else ""
    return f"{extreme.name.en}{others} ({value})"


def _ends(indicator: Indicator, lowest: float) -> tuple[Text, Text]:
    """Return what the most and the least of an indicator's values are called."""
    if indicator.kind != "count":
        return HIGH
    return LARGE if lowest < 0 or indicator.unit_en in UNITS_OF_LAND else MANY


def _scope(level: str, parent: Named | None, lang: Language) -> str:
    name = LEVELS[level][lang]
    if lang == "ja":
        return f"{parent.ja}内の{name}別" if parent else f"全国の{name}別"
    return f"by {name} in {parent.en if parent else 'Japan'}"


def map_in_words(
    indicator: Indicator, period: Text, level: str, spread: Spread, parent: Named | None = None
) -> Text:
    """Return a map of numbers in words.

    Parameters
    ----------
    period : label of the period in each language
    level : what the areas are
    spread : what their values come to
    parent : the area that the map is cut to; the nation without it
    """
    scopes = {lang: _scope(level, parent, lang) for lang in LANGUAGES}
    ja = [f"{period['ja']}の{indicator.name_ja}を{scopes['ja']}に示した地図です。"]
    en = [f"{indicator.name_en} {scopes['en']}, {period['en']}."]
    if spread.highest and spread.lowest and spread.median is not None:
        median = worded(spread.median, indicator)
        highest = {lang: _extreme(spread.highest, indicator, lang) for lang in LANGUAGES}
        lowest = {lang: _extreme(spread.lowest, indicator, lang) for lang in LANGUAGES}
        most, least = _ends(indicator, spread.lowest.value)
        if spread.n == 1:
            ja.append(f"値があるのは{spread.highest.name.ja}だけで、{median['ja']}です。")
            en.append(f"Only {spread.highest.name.en} has a value: {median['en']}.")
        elif spread.highest.value == spread.lowest.value:
            same = worded(spread.median, indicator)
            ja.append(f"値のある{spread.n:,}地域はすべて{same['ja']}です。")
            en.append(f"All {spread.n:,} areas with a value have {same['en']}.")
        else:
            ja.append(
                f"値のある{spread.n:,}地域のうち、最も{most['ja']}のは{highest['ja']}、最も{least['ja']}のは{lowest['ja']}、"
                f"中央値は{median['ja']}です。"
            )
            en.append(
                f"Of {spread.n:,} areas with a value, the {most['en']} is {highest['en']}, the "
                f"{least['en']} {lowest['en']}; the median is {median['en']}."
            )
    if spread.missing:
        ja.append(_missing(spread.missing, "ja"))
        en.append(_missing(spread.missing, "en"))
    return {"ja": "".join(ja), "en": " ".join(en)}


def categories_in_words(
    indicator: Indicator,
    period: Text,
    level: str,
    counts: Sequence[tuple[Named, int]],
    without: int,
    coverage: Text | None,
    parent: Named | None = None,
) -> Text:
    """Return a map of categories in words: how many areas are in each, and in none."""
    present = [(name, count) for name, count in counts if count]
    scopes = {lang: _scope(level, parent, lang) for lang in LANGUAGES}
    ja = [f"{period['ja']}の{indicator.name_ja}を{scopes['ja']}に示した地図です。"]
    en = [f"{indicator.name_en} {scopes['en']}, {period['en']}."]
    if present:
        ja.append("、".join(f"{name.ja}が{count:,}地域" for name, count in present) + "です。")
        en.append("; ".join(f"{name.en}: {count:,}" for name, count in present) + ".")
    if without:
        ja.append(f"{without:,}地域{'は把握していません' if coverage else 'には値がありません'}。")
        en.append(f"{'None known' if coverage else 'No value'}: {without:,}.")
    if coverage:
        ja.append(coverage["ja"])
        en.append(coverage["en"])
    return {"ja": "".join(ja), "en": " ".join(en)}


def change_in_words(before: float, after: float, indicator: Indicator) -> Text:
    """Return a change: of per cent in points, of what is counted in per cent, else in the unit."""
    change = after - before
    if indicator.unit_ja == "%":
        points = _signed(change, indicator.decimals)
        return {"ja": f"{points}ポイント", "en": f"{points} points"}
    if indicator.kind == "count" and before > 0:
        per_cent = f"{_signed(change / before * 100, 1)}%"
        return {"ja": per_cent, "en": per_cent}
    sign, unit = _signed(change, indicator.decimals)[0], worded(abs(change), indicator)
    return {"ja": sign + unit["ja"], "en": sign + unit["en"]}


def _signed(change: float, decimals: int) -> str:
    """Return a change with its sign, ± where it rounds to nothing."""
    amount = formatted(abs(change), decimals)
    sign = "±" if float(amount.replace(",", "")) == 0 else "+" if change > 0 else "−"
    return sign + amount


def series_in_words(
    indicator: Indicator,
    lines: Sequence[tuple[Named, Sequence[tuple[str, float]]]],
    missing: Sequence[str | None] = (),
    codes: Sequence[str] = (),
) -> Text:
    """Return a chart in words: for each line where it begins, where it ends, and the change.

    No change is told across a break, nor of a place whose people lived elsewhere at either end; the reason is
    told instead.

    Parameters
    ----------
    lines : name, and the period and value of each figure, oldest first
    missing : for each line, why it has no value
    codes : for each line, the code of its area
    """
    ja, en = [], []
    reasons: dict[str, str] = {}
    for place, (name, points) in enumerate(lines):
        if not points:
            reason = REASONS.get(missing[place] or "") if place < len(missing) else None
            ja_why, en_why = (f"（{reason['ja']}）", f" ({reason['en']})") if reason else ("", "")
            ja.append(f"{name.ja}の{indicator.name_ja}には値がありません{ja_why}。")
            en.append(f"{name.en}: no figures of {indicator.name_en}{en_why}.")
            continue
        (start, before), (end, after) = points[0], points[-1]
        first, last = (period_label(period, indicator.period_kind) for period in (start, end))
        was, now = worded(before, indicator), worded(after, indicator)
        if len(points) == 1:
            ja.append(f"{name.ja}の{indicator.name_ja}は、{last['ja']}に{now['ja']}です。")
            en.append(f"{indicator.name_en} of {name.en}: {now['en']} in {last['en']}.")
            continue
        code = codes[place] if place < len(codes) else ""
        apart = _why_apart(indicator, name, code, (start, end))
        if apart:
            reasons[apart["ja"]] = apart["en"]
            ja.append(
                f"{name.ja}の{indicator.name_ja}は、{first['ja']}に{was['ja']}、{last['ja']}に{now['ja']}です。"
            )
            en.append(
                f"{indicator.name_en} of {name.en}: {was['en']} in {first['en']}, "
                f"{now['en']} in {last['en']}."
            )
            continue
        change = change_in_words(before, after, indicator)
        ja.append(
            f"{name.ja}の{indicator.name_ja}は、{first['ja']}の{was['ja']}から{last['ja']}の{now['ja']}に"
            f"なりました（{change['ja']}）。"
        )
        en.append(
            f"{indicator.name_en} of {name.en} went from {was['en']} in {first['en']} to {now['en']} in "
            f"{last['en']} ({change['en']})."
        )
    return {"ja": "".join([*ja, *reasons]), "en": " ".join([*en, *reasons.values()])}


def _why_apart(indicator: Indicator, name: Named, code: str, ends: tuple[str, str]) -> Text | None:
    """Return why no change is told between two periods of a line; None where it is."""
    crossed = break_between(indicator.breaks, *ends)
    if crossed:
        return break_in_words(crossed, indicator)
    absence = next((one for one in indicator.absent_at(*ends) if one.area_code == code), None)
    if absence is None:
        return None
    return {
        "ja": f"{name.ja}は、数えた人々が両年で異なるため、増減を示しません。{absence.reason_ja}",
        "en": f"No change is told of {name.en}: the people counted are not the same. {absence.reason_en}",
    }


def break_in_words(one: Break, indicator: Indicator) -> Text:
    """Return where a series breaks, and why, as sentences."""
    at = period_label(one.period, indicator.period_kind)
    return {
        "ja": f"{at['ja']}以降は、それより前と比べられません。{one.reason_ja}",
        "en": f"Figures from {at['en']} on are not to be compared with those before. {one.reason_en}",
    }


def profile_in_words(
    name: Named,
    best: Sequence[tuple[Named, int, int]],
    worst: Sequence[tuple[Named, int, int]],
    deployed: int,
) -> Text:
    """Return a profile in words: where the area stands well, where not, and how much runs there.

    Parameters
    ----------
    best, worst : indicator, rank and of how many, where higher or lower is better
    deployed : known deployments
    """
    ja, en = [], []
    for told, good_ja, good_en in (
        (best, "全国順位が上位の指標は、", "Ranks well in "),
        (worst, "下位の指標は、", "Ranks low in "),
    ):
        if told:
            ja.append(
                good_ja + "、".join(f"{one.ja}（{rank:,}位／{of:,}）" for one, rank, of in told) + "です。"
            )
            en.append(good_en + ", ".join(f"{one.en} ({rank:,} of {of:,})" for one, rank, of in told) + ".")
    ja.append(f"公表資料で把握している施策の展開は{deployed:,}件です。")
    en.append(f"Known deployments of measures: {deployed:,}.")
    return {"ja": f"{name.ja}について、" + "".join(ja), "en": f"{name.en}. " + " ".join(en)}


def credits_in_words(credits: Sequence[Text]) -> Text:
    """Return the sources' required wordings in one line, each of them once."""
    unique = list({credit["ja"]: credit for credit in credits}.values())
    return {
        "ja": f"出典：{'、'.join(one['ja'] for one in unique)}",
        "en": f"Source: {'; '.join(one['en'] for one in unique)}",
    }


def citation(
    title: Named, period: Text, level: str, credits: Sequence[Text], vintage: str, revision: str
) -> Text:
    """Return what to write under a map or table: the sources' required wording, then what was shown.

    Parameters
    ----------
    credits : of the figures and of the boundaries, as their publishers want them
    vintage, revision : of the boundaries and of the data, so that it can be found again
    """
    sources = credits_in_words(credits)
    return {
        "ja": f"{sources['ja']}。chiiki「{title.ja}」{period['ja']}、"
        f"{LEVELS[level]['ja']}別（{vintage}の境界、データ版 {revision}）。",
        "en": f"{sources['en']}. chiiki, “{title.en}”, {period['en']}, by "
        f"{LEVELS[level]['en']} (boundaries of {vintage}, data revision {revision}).",
    }
