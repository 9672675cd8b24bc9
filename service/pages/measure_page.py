"""The page of a measure: what it is for, where it runs and who says so, who may need it, and what moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson

from geo.codes import prefecture_of
from geo.errors import NotEnoughData
from geo.figures.indicators import Indicator
from geo.layers.legend import formatted
from geo.periods import period_label
from geo.strategy.deployments import CONFIDENCES, ROLES, STATUSES, DeployedArea, Deployment
from geo.strategy.logic_model import KINDS, Basis, downstream
from geo.strategy.plan import Measure, Milestone
from geo.text import Language, Text, name_of
from service.http.html import Frame, page
from service.layers.readings import words_and_citation
from service.layers.views import Picture
from service.memory.atlas import Atlas
from service.pages.previews import map_picture
from service.planning.candidates import AskedCandidates, candidates_of
from service.planning.effect_forms import effect_described
from service.planning.effects import AskedEffect, effect_of
from service.strategy.deployment_selection import Selection, selected
from service.strategy.policy import COVERAGE

#: Deployments of a page, and areas that are told of one at once.
LISTED = 25
AREAS = 8
CANDIDATES = 10
BASES: Mapping[Basis, Text] = {
    "stated": {"ja": "戦略の記述", "en": "stated by the strategy"},
    "reported": {"ja": "報道", "en": "reported"},
    "assumed": {"ja": "本サービスの想定", "en": "our assumption"},
}
NO_CANDIDATES: Text = {
    "ja": "この施策の成果を市区町村ごとに見る指標がないため、候補は示していません。",
    "en": "No indicator of municipalities shows the outcomes of this measure, so no candidates are told.",
}
NO_EFFECT: Text = {
    "ja": "実施前後の値がそろう市区町村が足りないため、数値の動きは比べられません。",
    "en": "Too few municipalities have figures from before and after their start to compare how they moved.",
}


@dataclass(frozen=True)
class AskedMeasure:
    """Which measure, and which of its deployments are listed.

    Attributes
    ----------
    prefecture : code of the prefecture that they touch
    year : fiscal year in which they run
    """

    measure: Measure
    prefecture: str | None
    year: str | None
    offset: int

    @property
    def selection(self) -> Selection:
        """The deployments."""
        return Selection(area=self.prefecture, measure=self.measure.id, fiscal_year=self.year)


def measure_page(
    atlas: Atlas, frame: Frame, base: str, asked: AskedMeasure, shown: Picture | None, effect: bytes
) -> bytes:
    """Return the page of a measure.

    Parameters
    ----------
    shown : the map of its deployments, where it has some
    effect : what ``effect_told`` returns
    """
    lang, one, policy = frame.lang, asked.measure, atlas.catalogue.policy
    goal = policy.goal(one.goal)
    found = sorted(selected(atlas, asked.selection), key=_place)
    listed = found[asked.offset : asked.offset + LISTED]
    known = policy.of_measure(one.id)
    names = name_of(one)
    query = {"measure": one.id, "area": asked.prefecture, "fiscal_year": asked.year}
    following = asked.offset + LISTED
    return page(
        "measure.html",
        frame,
        names[lang],
        description=_about(names, name_of(goal), len(known))[lang],
        base=base,
        one=one,
        names=names,
        goal=goal,
        kpi={"ja": goal.kpi_ja, "en": goal.kpi_en},
        explorer=f"/?layer=deployments:{one.id}",
        picture=map_picture(shown, lang) if shown else None,
        words=words_and_citation(atlas, shown)[0][lang] if shown else "",
        chain=_chain(atlas, one),
        indicators=_indicators(atlas, one),
        known=len(known),
        states=_states(known),
        prefectures=_prefectures(atlas, known),
        prefecture=asked.prefecture,
        years=[(year, period_label(year, "fiscal_year")) for year in reversed(policy.years)],
        year=asked.year,
        total=len(found),
        first=asked.offset + 1,
        last=asked.offset + len(listed),
        before=max(asked.offset - LISTED, 0) if asked.offset else None,
        after=following if following < len(found) else None,
        rows=[_row(atlas, each, lang) for each in listed],
        files=urlencode({name: value for name, value in query.items() if value}),
        coverage=COVERAGE,
        effect=orjson.loads(effect),
        no_effect=NO_EFFECT,
        milestones=[
            _milestone(each) for each in policy.strategy.milestones if each.subject in (one.id, one.goal)
        ],
        strategy=policy.strategy,
        **_candidates(atlas, asked, lang),
    )


def effect_told(atlas: Atlas, measure: Measure) -> bytes:
    """Return as JSON whether figures moved where a measure runs; ``null`` where that cannot be told."""
    try:
        found = effect_of(atlas, AskedEffect(measure, None, atlas.vintage(None)))
    except NotEnoughData:
        return b"null"
    told = effect_described(atlas, found, is_asked=False)
    return orjson.dumps(
        {name: told[name] for name in ("indicator", "n", "summary", "adoption", "caution", "method")}
    )


def _about(name: Text, goal: Text, known: int) -> Text:
    return {
        "ja": f"「{name['ja']}」の目標とロジックモデル、把握している展開{known}件の地域・時期・出典、効果。",
        "en": f"{name['en']}: its goal ({goal['en']}) and logic model, the {known} deployments known with "
        "place, time and source, and its effect.",
    }


def _chain(atlas: Atlas, one: Measure) -> list[dict[str, object]]:
    """Return what a measure is thought to lead to: a column for each kind, each box with what leads to it."""
    strategy = atlas.catalogue.policy.strategy
    reached = downstream([one.id], strategy.links)
    labels: dict[str, Text] = {box.id: {"ja": box.label_ja, "en": box.label_en} for box in strategy.boxes}
    columns: list[dict[str, object]] = []
    for kind, (ja, en) in KINDS.items():
        boxes = [box for box in strategy.boxes if box.kind == kind and box.id in reached | {one.id}]
        told = [
            {
                "label": labels[box.id],
                "links": [
                    {
                        "source": labels[link.source],
                        "reason": {"ja": link.reason_ja, "en": link.reason_en},
                        "basis": BASES[link.basis],
                    }
                    for link in strategy.links
                    if link.target == box.id and link.source in reached | {one.id}
                ],
            }
            for box in boxes
        ]
        if told:
            columns.append({"kind": {"ja": ja, "en": en}, "boxes": told})
    return columns if len(columns) > 1 else []


def _indicators(atlas: Atlas, one: Measure) -> list[Indicator]:
    named = atlas.catalogue.policy.strategy.indicators_of(one.id)
    return [atlas.indicator(name) for name in named if name in atlas.catalogue.indicators]


def _states(known: Sequence[Deployment]) -> list[tuple[Text, int]]:
    counts = Counter(each.status for each in known)
    return [
        ({"ja": state.ja, "en": state.en}, counts[name]) for name, state in STATUSES.items() if counts[name]
    ]


def _prefectures(atlas: Atlas, known: Sequence[Deployment]) -> list[tuple[str, Text, int]]:
    """Return the prefectures that deployments touch, with how many do."""
    ids = {each.id for each in known}
    around = atlas.catalogue.sites.around
    areas = atlas.gazetteer(atlas.catalogue.whole, "prefecture").areas
    counted = ((area, sum(each.id in ids for each in around.get(area.code, ()))) for area in areas)
    return [(area.code, name_of(area), count) for area, count in counted if count]


def _row(atlas: Atlas, one: Deployment, lang: Language) -> dict[str, object]:
    areas = [_area(atlas, each, one, lang) for each in one.areas]
    state, confidence = STATUSES[one.status], CONFIDENCES[one.confidence]
    return {
        "id": one.id,
        "title": {"ja": one.title_ja or one.programme, "en": one.title_en or one.title_ja or one.programme},
        "programme": one.programme if one.title_ja else "",
        "grant": one.grant_type,
        "areas": areas[:AREAS],
        "others": areas[AREAS:],
        "state": {"ja": state.ja, "en": state.en},
        "colour": state.colour,
        "since": _since(one),
        "dated": [
            ({"ja": STATUSES[each.status].ja, "en": STATUSES[each.status].en}, each.since)
            for each in one.statuses
        ],
        "cost": _yen(one.project_cost_yen),
        "grant_yen": _yen(one.national_grant_yen),
        "source_title": one.source_title,
        "source_url": one.source_url,
        "published_on": one.published_on,
        "retrieved_on": str(one.retrieved_on),
        "confidence": {"ja": confidence[0], "en": confidence[1]},
    }


def _place(one: Deployment) -> tuple[str, int]:
    """Return where a deployment stands in a list: by its area from north to south, then the newest first."""
    return min((area.code or "99999" for area in one.areas), default="99999"), -(one.fy_start or 0)


def _area(atlas: Atlas, area: DeployedArea, one: Deployment, lang: Language) -> dict[str, object]:
    """Return an area of a deployment: as its source writes it, in English by its code of today."""
    codes = atlas.catalogue.places.codes(area.code, one.reference_date, atlas.catalogue.whole)
    names = [name for code in codes if (name := _name_in_english(atlas, code))] if lang == "en" else []
    role = ROLES[area.role] if area.role != "lead" else ("", "")
    return {
        "code": codes[0] if len(codes) == 1 else None,
        "name": " / ".join(names) or area.name,
        "part": area.part,
        "role": {"ja": role[0], "en": role[1]},
    }


def _name_in_english(atlas: Atlas, code: str) -> str:
    vintage = atlas.vintage(None)
    for gazetteer in vintage.gazetteers.values():
        if code in gazetteer.position:
            own = gazetteer.area(code).name_en
            whole = prefecture_of(code)
            return (
                own
                if whole == code
                else f"{own}, {atlas.gazetteer(vintage.date, 'prefecture').area(whole).name_en}"
            )
    return ""


def _since(one: Deployment) -> Text | None:
    """Return since when a deployment runs, as far as its source tells."""
    if one.fy_start is not None:
        return period_label(str(one.fy_start), "fiscal_year")
    if one.statuses:
        return {"ja": one.statuses[0].since, "en": one.statuses[0].since}
    return None


def _yen(yen: int | None) -> Text | None:
    if yen is None:
        return None
    return {"ja": f"{yen:,}円", "en": f"¥{yen:,}"}


def _milestone(one: Milestone) -> dict[str, object]:
    return {
        "year": period_label(str(one.fiscal_year), "fiscal_year"),
        "label": {"ja": one.label_ja, "en": one.label_en},
        "value": one.value,
        "basis": BASES[one.basis],
        "source_title": one.source_title,
        "source_url": one.source_url,
    }


def _candidates(atlas: Atlas, asked: AskedMeasure, lang: Language) -> dict[str, object]:
    wanted = AskedCandidates(asked.measure, None, asked.prefecture, atlas.vintage(None))
    try:
        found = candidates_of(atlas, wanted)
    except NotEnoughData:
        return {"candidates": [], "no_candidates": NO_CANDIDATES, "traits": [], "candidates_total": 0}
    prefectures = atlas.gazetteer(wanted.vintage.date, "prefecture")
    return {
        "no_candidates": NO_CANDIDATES,
        "candidates_total": len(found.rows),
        "traits": [
            (each.indicator, period_label(each.period, each.indicator.period_kind)) for each in found.traits
        ],
        "candidates": [
            {
                "rank": each.rank,
                "code": each.area.code,
                "name": name_of(each.area)[lang],
                "prefecture": name_of(prefectures.area(each.area.prefecture))[lang],
                "need": formatted(each.need * 100, 0),
                "values": [
                    formatted(value, trait.indicator.decimals) if value == value else "—"
                    for value, trait in zip(each.values, found.traits, strict=True)
                ],
                "prefecture_deploys": each.prefecture_deploys,
            }
            for each in found.rows[:CANDIDATES]
        ],
    }


def measures_page(atlas: Atlas, frame: Frame) -> bytes:
    """Return the list of all measures, by goal; those with the most deployments first."""
    policy = atlas.catalogue.policy
    strategy, lang = policy.strategy, frame.lang
    goals = []
    for goal in strategy.goals:
        own = [(one, len(policy.of_measure(one.id))) for one in strategy.measures if one.goal == goal.id]
        goals.append((goal, sorted(own, key=lambda each: -each[1])))
    return page(
        "measures.html",
        frame,
        {"ja": "施策の一覧", "en": "Measures"}[lang],
        strategy=strategy,
        total=len(strategy.measures),
        stated=strategy.stated_measures,
        goals=goals,
        coverage=COVERAGE,
    )
