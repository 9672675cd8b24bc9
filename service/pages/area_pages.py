"""The page of an area: a portrait as the words, numbers and charts of its template, in one language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from markupsafe import Markup

from geo.figures.indicators import Indicator
from geo.figures.peers import Peer
from geo.layers import charts
from geo.layers.charts import Pyramid, Spread
from geo.layers.legend import formatted
from geo.layers.words import LEVELS, REASONS, change_in_words, credits_in_words, worded
from geo.periods import period_label
from geo.strategy.deployments import CONFIDENCES, STATUSES, Deployment
from geo.text import Language, Text, name_of
from service.areas.gazetteer import Area
from service.areas.history_forms import ChronicleEntry, history_described, spells_of
from service.figures.forms import credits_of
from service.http.html import Frame, page
from service.memory.atlas import Atlas
from service.planning.portraits import Focus, Portrait
from service.planning.profiles import Card, Rank, words_of
from service.planning.similarity import Trait
from service.strategy.policy import COVERAGE

#: The years of the pyramid: the newest that was counted, and the last that is projected.
PROJECTED = "ipss"
#: Figures of a goal, deployments, peers, neighbours and events that a printed page has; the screen has all.
PRINTED_FIGURES, PRINTED_DEPLOYMENTS, PRINTED_BESIDE, PRINTED_EVENTS = 2, 4, 5, 3
ARROWS = {1: "▲", 0: "＝", -1: "▼"}

WORDS: dict[str, Text] = {
    "nation": {"ja": "全国", "en": "Japan"},
    "rank_nation": {"ja": "全国順位", "en": "Rank in Japan"},
    "rank_prefecture": {"ja": "都道府県内順位", "en": "Rank in the prefecture"},
    "median": {"ja": "全国の中央値", "en": "Median of Japan"},
    "peers_median": {"ja": "似た地域の中央値", "en": "Median of its peers"},
    "people": {"ja": "人口", "en": "Population"},
    "no_people": {"ja": "人口の統計はありません。", "en": "There are no figures of its people."},
    "men": {"ja": "男", "en": "Men"},
    "women": {"ja": "女", "en": "Women"},
    "figures": {"ja": "政策目標ごとの指標", "en": "Figures by policy goal"},
    "deployments": {"ja": "施策の展開", "en": "Deployments of measures"},
    "none_deployed": {
        "ja": "公表資料で把握している展開はありません。",
        "en": "No deployment is known from published sources.",
    },
    "gaps": {"ja": "交通空白", "en": "Transport gaps"},
    "no_gaps": {
        "ja": "この地域の交通空白は計算されていません。",
        "en": "Transport gaps have not been computed here.",
    },
    "peers": {"ja": "似た地域", "en": "Similar areas"},
    "no_peers": {
        "ja": "比べる指標の値がそろわないため、似た地域は求められません。",
        "en": "It has no peers: it lacks figures to be compared by.",
    },
    "around": {"ja": "周辺の地域", "en": "Neighbours"},
    "history": {"ja": "沿革", "en": "History"},
    "no_history": {
        "ja": "1970年4月以降、合併などの変更はありません。",
        "en": "No merger or other change since April 1970.",
    },
    "name": {"ja": "地域", "en": "Area"},
    "differs": {"ja": "最も違う点", "en": "Differs most in"},
    "indicator": {"ja": "指標", "en": "Indicator"},
    "about": {"ja": "この指標の定義・出典・順位", "en": "Definition, source and ranking"},
    "show": {"ja": "表示", "en": "Show"},
    "to_map": {"ja": "地図で見る", "en": "On the map"},
    "to_pdf": {"ja": "PDF（A4・1枚）", "en": "PDF (one A4 page)"},
    "to_compare": {"ja": "似た地域とグラフで比べる", "en": "Compare with its peers"},
    "to_csv": {"ja": "指標の表（CSV）", "en": "Its figures (CSV)"},
    "to_json": {"ja": "データ（JSON）", "en": "Data (JSON)"},
    "print_hint": {
        "ja": "この画面を印刷してもA4の1枚に収まります。",
        "en": "This page itself prints on one A4 sheet as well.",
    },
    "source": {"ja": "出典", "en": "Source"},
    "no_layer": {
        "ja": "この指標の値は、この地域にも都道府県にもありません。",
        "en": "There is no figure of this indicator for the area or its prefecture.",
    },
    "of_all": {"ja": "住民", "en": "All"},
    "of_65": {"ja": "65歳以上", "en": "65+"},
    "of_75": {"ja": "75歳以上", "en": "75+"},
    "of_people": {"ja": "住民の数", "en": "People"},
    "definition": {"ja": "駅・停留所から遠い人の割合", "en": "Share out of reach of"},
    "unchanged": {"ja": "横ばい", "en": "unchanged"},
    "better": {"ja": "改善", "en": "better"},
    "worse": {"ja": "悪化", "en": "worse"},
    "neutral": {"ja": "", "en": ""},
}

BECAME: Text = {"ja": "現在の地域", "en": "What it is part of now"}


@dataclass(frozen=True)
class _Pen:
    """What writes the page of an area in one language."""

    atlas: Atlas
    told: Portrait
    frame: Frame

    @property
    def lang(self) -> Language:
        return self.frame.lang

    def said(self, name: str) -> str:
        return WORDS[name][self.lang]

    def name(self, area: Area) -> str:
        return area.name_ja if self.lang == "ja" else area.name_en

    def page_of(self, code: str) -> str:
        """Return the address of an area's page with the same indicator."""
        return f"/areas/{code}{self.frame.in_lang(self.lang)}"

    def value(self, value: float | None, indicator: Indicator, status: str = "") -> str:
        if value is None:
            return REASONS[status][self.lang] if status in REASONS else "—"
        for category in indicator.categories:
            if category.code == value:
                return category.label_ja if self.lang == "ja" else category.label_en
        return worded(value, indicator)[self.lang]

    def rank(self, rank: Rank) -> str:
        if self.lang == "ja":
            return f"{rank.rank:,}位／{rank.of:,}"
        return f"{rank.rank:,} of {rank.of:,}"

    def whose(self, card: Card) -> str:
        """Return whose figure it is where it is not the area's own."""
        if card.code == self.told.area.code:
            return ""
        area = next(one for one in card.leaf.areas if one.code == card.code)
        return f"{area.name_ja}の値" if self.lang == "ja" else f"figure of {area.name_en}"

    def trend(self, card: Card) -> tuple[str, str] | None:
        """Return the change in words and its verdict."""
        trend = card.trend
        if trend is None or card.value is None:
            return None
        indicator = card.leaf.indicator
        change = change_in_words(trend.before, card.value, indicator)[self.lang]
        since = period_label(trend.since, indicator.period_kind)["en"]
        if self.lang == "ja":
            year = f"{trend.since}年度" if indicator.period_kind == "fiscal_year" else f"{trend.since}年"
            words = f"{year}から {change}"
        else:
            words = f"{change} since {since}"
        verdict = self.said(trend.verdict)
        return f"{words}（{verdict}）" if verdict and self.lang == "ja" else (
            f"{words} ({verdict})" if verdict else words
        ), trend.verdict


def sheet(atlas: Atlas, told: Portrait, frame: Frame) -> dict[str, object]:
    """Return what the template ``area.html`` names; for work in a thread."""
    pen = _Pen(atlas, told, frame)
    lang, area = frame.lang, told.area
    prefecture = told.prefecture
    crumbs = [] if prefecture is None else [(pen.name(prefecture), pen.page_of(prefecture.code))]
    return {
        "said": {name: text[lang] for name, text in WORDS.items()},
        "crumbs": [(pen.said("nation"), frame.link("/")), *crumbs],
        "title": f"{pen.name(area)}のすがた" if lang == "ja" else f"Profile of {pen.name(area)}",
        "name": pen.name(area),
        "others": [area.name_kana, area.name_en] if lang == "ja" else [area.name_ja],
        "code": area.code,
        "facts": _facts(pen),
        "links": _links(pen),
        "choices": _choices(pen),
        "words": words_of(atlas, told.profile)[lang],
        "people": told.people and _focus(pen, told.people),
        "pyramid": _pyramid(pen),
        "chosen": told.chosen and _focus(pen, told.chosen),
        "goals": _goals(pen),
        **_deployments(pen),
        "gaps": _gaps(pen),
        "gap_note": _gap_note(pen),
        "beside": [_heading(pen, one) for one in told.beside] + _chosen_heading(pen),
        "own": _row(pen, area.position, ""),
        "peers": [_peer(pen, one) for one in told.peers],
        "why": _why(pen),
        "around": _around(pen),
        "chronicle": [_event(pen.lang, one) for one in reversed(told.chronicle)],
        "counts": _counts(pen),
        "credit": _credit(pen),
        "more": {
            "deployments": _more(pen, len(told.profile.deployments) - PRINTED_DEPLOYMENTS),
            "events": _more(pen, len(told.chronicle) - PRINTED_EVENTS),
        },
    }


def _event(lang: Language, one: ChronicleEntry) -> tuple[str, str, str]:
    """Return the day of an event, as machines and as people read it, and what happened."""
    return one["date"], _day(lang, one["date"]), one["text"][lang]


def _day(lang: Language, written: str) -> str:
    day = dt.date.fromisoformat(written)
    return f"{day.year}年{day.month}月{day.day}日" if lang == "ja" else f"{day.day} {day:%B} {day.year}"


def _more(pen: _Pen, count: int) -> str:
    return f"ほか{count:,}件" if pen.lang == "ja" else f"{count:,} more"


def _facts(pen: _Pen) -> str:
    told, lang = pen.told, pen.lang
    size = formatted(told.size["km2"], 1)
    inside = told.prefecture and pen.name(told.prefecture)
    if lang == "ja":
        return f"{f'{inside}　' if inside else ''}団体コード {told.area.code}　面積 {size} km²"
    return f"{f'in {inside}' if inside else 'prefecture'}, area code {told.area.code}, {size} km²"


def _links(pen: _Pen) -> list[tuple[str, str]]:
    area, frame = pen.told.area, pen.frame
    asked = dict(frame.query)
    query = {"lang": pen.lang, **asked}
    peers = [pen.told.gazetteer.areas[one.position].code for one in pen.told.peers[:7]]
    links = [("to_pdf", f"/v1/areas/{area.code}/profile.pdf?{urlencode(query)}")]
    links.append(("to_map", f"/?{urlencode({**query, 'area': area.code})}"))
    if peers:
        compared = {"view": "compare", **query, "areas": ",".join([area.code, *peers])}
        links.append(("to_compare", f"/?{urlencode(compared, safe=',')}"))
    links.append(("to_csv", f"/v1/areas/{area.code}/profile.csv?bom=true"))
    links.append(("to_json", f"/v1/areas/{area.code}/profile"))
    return [(pen.said(name), address) for name, address in links]


def _choices(pen: _Pen) -> list[tuple[str, str, bool]]:
    """Return the indicators to choose from: those of the goals, and the one that is shown."""
    shown = {
        card.leaf.indicator.id: card.leaf.indicator
        for cards in pen.told.profile.cards.values()
        for card in cards
    }
    chosen = pen.told.chosen
    if chosen is not None:
        shown = {chosen.indicator.id: chosen.indicator, **shown}
    named = [(one.id, name_of(one)[pen.lang]) for one in shown.values()]
    return [(name, said, chosen is not None and name == chosen.indicator.id) for name, said in named]


# One indicator at length


def _focus(pen: _Pen, focus: Focus) -> dict[str, object]:
    card, indicator = focus.card, focus.indicator
    is_number, is_listed = indicator.kind != "category", indicator.id in pen.atlas.catalogue.indicators
    return {
        "name": name_of(indicator)[pen.lang],
        "layer": indicator.id,
        "about": pen.frame.link(f"/indicators/{indicator.id}") if is_listed else "",
        "value": pen.value(card.value, indicator, card.status),
        "period": card.leaf.label[pen.lang],
        "whose": pen.whose(card),
        "terms": _terms(pen, focus) if is_number else [],
        "trend": pen.trend(card) if is_number else None,
        "line": _line(pen, focus) if is_number else None,
        "line_of": _line_of(pen, indicator),
        "spread": _spread(pen, focus) if is_number else None,
        "coverage": card.coverage and card.coverage[pen.lang],
        "breaks": [one["reason"][pen.lang] for one in card.leaf.breaks],
    }


def _terms(pen: _Pen, focus: Focus) -> list[tuple[str, str]]:
    """Return what stands beside a figure: its ranks, and the figures of others in the same unit."""
    card, indicator = focus.card, focus.indicator
    terms = []
    if card.nation:
        terms.append((pen.said("rank_nation"), pen.rank(card.nation)))
    if card.prefecture:
        terms.append((pen.said("rank_prefecture"), pen.rank(card.prefecture)))
    for line in (focus.nation, focus.prefecture):
        value = None if line is None else line.at(card.leaf.period)
        if line is not None and value is not None:
            name = pen.said("nation") if line is focus.nation else line.name[pen.lang]
            terms.append((name, pen.value(value, indicator)))
    if card.peers_median is not None:
        terms.append((pen.said("peers_median"), pen.value(card.peers_median, indicator)))
    return terms


def _line(pen: _Pen, focus: Focus) -> Markup | None:
    card, indicator = focus.card, focus.indicator
    if len(card.series) < 2:
        return None
    own = next(one for one in card.leaf.areas if one.code == card.code)
    lines = [charts.Line(pen.name(own), card.series)]
    if indicator.kind != "count":  # those of all others together are of another size
        for line, name in ((focus.prefecture, None), (focus.nation, pen.said("nation"))):
            if line is not None and len(line.points) > 1:
                lines.append(charts.Line(name or line.name[pen.lang], line.points))
    first, last = card.series[0], card.series[-1]
    label = f"{name_of(indicator)[pen.lang]}: " if pen.lang == "en" else f"{name_of(indicator)['ja']}："
    label += f"{first[0]} {pen.value(first[1], indicator)} → {last[0]} {pen.value(last[1], indicator)}"
    breaks = [one["period"] for one in card.leaf.breaks]
    return Markup(charts.trend(lines, breaks, indicator.decimals, label))  # noqa: S704 (written by charts)


def _line_of(pen: _Pen, indicator: Indicator) -> str:
    """Return what a line is of, and in which unit."""
    name = name_of(indicator)[pen.lang]
    if pen.lang == "ja":
        return f"{name}の推移" + (f"（{indicator.unit_ja}）" if indicator.unit_ja else "")
    return f"{name} over time" + (f" ({indicator.unit_en})" if indicator.unit_en else "")


def _spread(pen: _Pen, focus: Focus) -> tuple[Markup, str] | None:
    """Return where the area lies among all, and what the chart shows."""
    card, values = focus.card, focus.values[np.isfinite(focus.values)]
    if card.value is None or len(values) < 3 or values.min() == values.max():
        return None
    told = Spread(values, card.value, focus.beside)
    level = LEVELS[card.leaf.level][pen.lang]
    unit = focus.indicator.unit_ja if pen.lang == "ja" else focus.indicator.unit_en
    if pen.lang == "ja":
        words = f"全国{len(values):,}の{level}の分布（{unit or '値'}）。濃い棒がこの地域を含む階級"
        words += "、下の線は同じ都道府県の地域" if len(focus.beside) else ""
        words += "。横軸は対数" if told.is_lopsided else ""
        words += "。"
    else:
        words = f"{len(values):,} areas ({level}) by value{f', {unit}' if unit else ''}. "
        words += "Dark bar: this area" + ("; ticks: the same prefecture." if len(focus.beside) else ".")
        words += " Logarithmic scale." if told.is_lopsided else ""
    drawn = charts.spread(told, focus.indicator.decimals, "中央値" if pen.lang == "ja" else "median", words)
    return Markup(drawn), words  # noqa: S704 (written by charts)


def _pyramid(pen: _Pen) -> tuple[Markup, str] | None:
    """Return the pyramid of the newest year that was counted and of the last that is projected."""
    ages = pen.told.ages
    counted = [year for year, one in ages.items() if not one.ages.source.startswith(PROJECTED)]
    if not counted or not ages[counted[-1]].ages.total:
        return None
    year, last = counted[-1], max(ages)
    now = ages[year].ages
    later = ages[last].ages if last > year else None
    if pen.lang == "ja":
        words = (
            f"塗り：{year}年国勢調査" + (f"、線：{last}年の将来推計" if later else "") + "（人、5歳階級）。"
        )
        words += f"年齢不詳{now.unknown:,}人を除く。" if now.unknown else ""
    else:
        words = f"Filled: census of {year}" + (f"; line: projection for {last}" if later else "")
        words += " (persons, by five years of age)."
        words += f" Without {now.unknown:,} of unknown age." if now.unknown else ""
    drawn = charts.pyramid(Pyramid(now, later, pen.said("men"), pen.said("women")), words)
    return Markup(drawn), words  # noqa: S704 (written by charts)


# Figures of the goals


def _goals(pen: _Pen) -> list[dict[str, object]]:
    policy = pen.atlas.catalogue.policy
    told = pen.told
    shown = {focus.indicator.id for focus in (told.people, told.chosen) if focus is not None}
    goals = []
    for goal in policy.strategy.goals:
        cards = told.profile.cards[goal.id]
        ranked = sorted(cards, key=lambda card: (card.value is None, card.code != told.area.code))
        # what stands above is not printed twice
        printed = [card for card in ranked if card.value is not None and card.leaf.indicator.id not in shown]
        kept = {card.leaf.indicator.id for card in printed[:PRINTED_FIGURES]}
        shown |= kept
        if cards:
            figures = [_figure(pen, card, is_printed=card.leaf.indicator.id in kept) for card in ranked]
            goals.append({"name": name_of(goal)[pen.lang], "figures": figures, "is_printed": bool(kept)})
    return goals


def _figure(pen: _Pen, card: Card, *, is_printed: bool) -> dict[str, object]:
    indicator = card.leaf.indicator
    terms = []
    if card.nation:
        terms.append((pen.said("rank_nation"), pen.rank(card.nation)))
    if card.peers_median is not None:
        terms.append((pen.said("peers_median"), pen.value(card.peers_median, indicator)))
    is_line = len(card.series) > 2
    breaks = [one["period"] for one in card.leaf.breaks]
    return {
        "name": name_of(indicator)[pen.lang],
        "href": f"/areas/{pen.told.area.code}?{urlencode({'lang': pen.lang, 'layer': indicator.id})}",
        "value": pen.value(card.value, indicator, card.status),
        "period": card.leaf.label[pen.lang].partition("（")[0],  # without the era
        "whose": pen.whose(card),
        "terms": terms,
        "trend": pen.trend(card),
        "line": Markup(charts.sparkline(card.series, breaks)) if is_line else None,  # noqa: S704 (of charts)
        "is_printed": is_printed,
    }


# What runs there


def _deployments(pen: _Pen) -> dict[str, object]:
    told = pen.told
    own = sorted(
        told.profile.deployments, key=lambda one: (-STATUSES[one.status].weight, -one.known_from, one.id)
    )
    around: Sequence[Deployment] = ()
    if told.prefecture is not None:
        ids = {one.id for one in own}
        naming = pen.atlas.catalogue.sites.naming.get(told.prefecture.code, ())
        around = [one for one in naming if one.id not in ids]
    name = told.prefecture and pen.name(told.prefecture)
    return {
        "deployments": [_deployment(pen, one) for one in own],
        "deployments_around": [_deployment(pen, one) for one in around],
        "around_of": (f"{name}が県内全体で行う事業" if pen.lang == "ja" else f"Those of the whole of {name}"),
        "deployment_note": COVERAGE[pen.lang],
        "printed": {
            "deployments": PRINTED_DEPLOYMENTS,
            "beside": PRINTED_BESIDE,
            "events": PRINTED_EVENTS,
        },
    }


def _deployment(pen: _Pen, one: Deployment) -> dict[str, str]:
    lang = pen.lang
    measures = pen.atlas.catalogue.policy.strategy.measures_by_id
    named = [name_of(measures[name])[lang] for name in one.measures if name in measures]
    title = (one.title_en if lang == "en" else "") or one.title_ja or one.programme or "・".join(named)
    state = STATUSES[one.status]
    if one.fy_start is None:
        since = f"{one.known_from}年度に把握" if lang == "ja" else f"known since FY{one.known_from}"
    elif lang == "ja":
        since = f"{one.fy_start}年度" + (f"〜{one.fy_end}年度" if one.fy_end else "から")
    else:
        since = f"FY{one.fy_start}–FY{one.fy_end}" if one.fy_end else f"since FY{one.fy_start}"
    confidence = CONFIDENCES[one.confidence][lang == "en"]
    return {
        "title": title,
        "measures": ("・" if lang == "ja" else ", ").join(named) if title not in named else "",
        "status": one.status,
        "state": state.ja if lang == "ja" else state.en,
        "since": since,
        "programme": one.programme if one.programme != title else "",
        "source": one.source_title or one.source_url,
        "url": one.source_url,
        "confidence": confidence,
    }


def _gaps(pen: _Pen) -> dict[str, object]:
    """Return a table of the shares that are told, a row for each definition."""
    gaps = pen.told.gaps
    heads = (pen.said("of_all"), pen.said("of_65"), pen.said("of_75"))
    told = [at for at in range(len(heads)) if any(gap.cards[at] for gap in gaps)]
    return {
        "heads": [heads[at] for at in told],
        "rows": [
            {
                "name": gap.name[pen.lang],
                "shares": [_share(pen, gap.cards[at]) for at in told],
                "people": _share(pen, gap.people),
                "whose": next((pen.whose(one) for one in gap.cards if one), ""),
            }
            for gap in gaps
        ],
    }


def _share(pen: _Pen, card: Card | None) -> str:
    return pen.value(card.value, card.leaf.indicator) if card else "—"


def _gap_note(pen: _Pen) -> str:
    """Return what the gaps were counted from, and of when."""
    card = next((one for gap in pen.told.gaps for one in gap.cards if one), None)
    return "" if card is None or card.coverage is None else card.coverage[pen.lang]


# What is no more


def former_sheet(atlas: Atlas, code: str, frame: Frame) -> bytes:
    """Return the page of a code that is no longer in use: what it was called, and what became of it."""
    history, newest, lang = atlas.catalogue.history, atlas.vintage(None).date, frame.lang
    told = history_described(history, spells_of(atlas, code), history.last_day(code, newest), newest)
    name, until = (
        told["name"],
        next((one["until"] for one in reversed(told["names"]) if one["until"] is not None), None),
    )
    if until is None:  # in use, but on no map
        what = (
            "この地域の境界と統計はありません。"
            if lang == "ja"
            else "There is no outline and no figure of it."
        )
    elif lang == "ja":
        what = f"このコードは{_day(lang, until)}から使われていません。"
    else:
        what = f"This code has not been in use since {_day(lang, until)}."
    became = [
        (one["name"][lang], f"/areas/{one['code']}{frame.in_lang(lang)}")
        for one in told["became"]
        if one["code"] != code
    ]
    return page(
        "former_area.html",
        frame,
        name[lang],
        name=name[lang],
        others=[name["kana"], name["en"]] if lang == "ja" else [name["ja"]],
        code=code,
        what=what,
        became=became,
        chronicle=[_event(lang, one) for one in reversed(told["chronicle"])],
        said={"became": BECAME[lang], "history": WORDS["history"][lang]},
    )


# Areas beside it


def _heading(pen: _Pen, trait: Trait) -> tuple[str, str]:
    unit = trait.indicator.unit_ja if pen.lang == "ja" else trait.indicator.unit_en
    year = period_label(trait.period, trait.indicator.period_kind)["en"].removeprefix("FY")
    return name_of(trait.indicator)[pen.lang], ", ".join(filter(None, (unit, year)))


def _chosen_beside(pen: _Pen) -> Focus | None:
    """Return the chosen indicator where it is told of areas beside this one, and not among the traits."""
    chosen = pen.told.chosen
    if chosen is None or chosen.leaf.level != pen.told.gazetteer.level:
        return None
    return None if chosen.indicator.id in {one.indicator.id for one in pen.told.beside} else chosen


def _chosen_heading(pen: _Pen) -> list[tuple[str, str]]:
    chosen = _chosen_beside(pen)
    if chosen is None:
        return []
    unit = chosen.indicator.unit_ja if pen.lang == "ja" else chosen.indicator.unit_en
    year = period_label(chosen.leaf.period, chosen.indicator.period_kind)["en"].removeprefix("FY")
    return [(name_of(chosen.indicator)[pen.lang], ", ".join(filter(None, (unit, year))))]


def _row(pen: _Pen, position: int, note: str) -> dict[str, object]:
    """Return an area in the table of those beside: its name, its page, its figures without units."""
    area = pen.told.gazetteer.areas[position]
    figures = [(float(one.values[position]), one.indicator) for one in pen.told.beside]
    chosen = _chosen_beside(pen)
    if chosen is not None:
        figures.append((float(chosen.values[position]), chosen.indicator))
    home = pen.told.area.prefecture
    where = "" if area.prefecture == home or pen.told.prefecture is None else _prefecture_name(pen, area)
    return {
        "name": pen.name(area),
        "where": where,
        "href": pen.page_of(area.code),
        "figures": [_plain(pen, value, indicator) for value, indicator in figures],
        "note": note,
    }


def _plain(pen: _Pen, value: float, indicator: Indicator) -> str:
    if np.isnan(value):
        return "—"
    if indicator.categories:
        return pen.value(value, indicator)
    return formatted(value, indicator.decimals)


def _prefecture_name(pen: _Pen, area: Area) -> str:
    return pen.name(pen.atlas.area(pen.told.profile.vintage, area.prefecture)[1])


def _peer(pen: _Pen, peer: Peer) -> dict[str, object]:
    traits = pen.told.traits
    at = int(np.argmax(np.abs(peer.differences)))
    difference = -peer.differences[at]  # differences are this area less the other
    arrow = ARROWS[int(np.sign(round(difference, 1)))]
    return _row(pen, peer.position, f"{arrow} {name_of(traits[at].indicator)[pen.lang]}")


def _why(pen: _Pen) -> str:
    names = [name_of(one.indicator)[pen.lang] for one in pen.told.traits]
    if pen.lang == "ja":
        return (
            f"{'・'.join(names)}の{len(names)}指標の違いを標準化し、小さい順に選びました。"
            "▲はその地域のほうが大きく、▼は小さいことを示します。"
        )
    return (
        f"The areas that differ least in {len(names)} standardised indicators: {', '.join(names)}. "
        "▲ means that the other area has the larger figure, ▼ the smaller."
    )


def _around(pen: _Pen) -> list[dict[str, object]]:
    rows = []
    for one in pen.told.around:
        area = pen.told.gazetteer.area(one.code)
        note = "" if one.touching else f"{one.distance_km:,.0f} km"
        rows.append(_row(pen, area.position, note))
    return rows


def _counts(pen: _Pen) -> str:
    """Return how many municipalities a prefecture had, as a sentence."""
    counts = pen.told.counts
    if not counts:
        return ""
    first, last = counts[0], counts[-1]
    if pen.lang == "ja":
        return (
            f"市町村は{first['year']}年末の{first['municipalities']:,}から{last['year']}年末の"
            f"{last['municipalities']:,}になりました（市{last['cities']:,}、町{last['towns']:,}、"
            f"村{last['villages']:,}）。"
        )
    return (
        f"{first['municipalities']:,} municipalities at the end of {first['year']}, "
        f"{last['municipalities']:,} at the end of {last['year']} ({last['cities']:,} cities, "
        f"{last['towns']:,} towns, {last['villages']:,} villages)."
    )


def _credit(pen: _Pen) -> str:
    """Return the credits of all figures of the page, each once."""
    told, date = pen.told, pen.told.profile.vintage.date
    cards: Iterable[Card] = [
        *(focus.card for focus in (told.people, told.chosen) if focus is not None),
        *(card for cards in told.profile.cards.values() for card in cards),
        *(card for gap in told.gaps for card in gap.cards if card is not None),
    ]
    told_cards = [card for card in cards if card.value is not None]
    leaves = {(card.leaf.indicator.id, card.leaf.level): card.leaf for card in told_cards}.values()
    sources = [
        source
        for leaf in leaves
        for source in pen.atlas.vector(leaf.indicator, leaf.period, leaf.level, date).sources
    ]
    sources += [one.ages.source for one in told.ages.values()]
    known = [one for one in dict.fromkeys(sources) if one in pen.atlas.catalogue.sources]
    return credits_in_words(credits_of(pen.atlas, known, told.profile.vintage))[pen.lang]
