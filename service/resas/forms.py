"""Answers in the envelope of the RESAS API; what the old service did not have is under ``meta``."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from geo.resas import LabelledSeries, PopulationSums, PyramidSide, YearValue
from geo.text import Text
from service.figures.forms import CarriedFigure, Source
from service.layers.forms import CarriedAreas

#: Remarks of ``meta.notes``.
NOTES: dict[str, tuple[str, str]] = {
    "projected": (
        "2020年までは国勢調査、2025年からは社人研の推計（平成30年推計、2015年基準）。福島県の市町村と政令市の区に推計はない。",
        "Censuses until 2020; from 2025 the IPSS projection of 2018 (base 2015), which has none for the "
        "municipalities of Fukushima and the wards of designated cities.",
    ),
    "unknown ages": (
        "総人口は年齢不詳を含み、3区分は含まない。rate の分母は総人口で、小数第2位以下は切捨て。",
        "The total has people of unknown age, the three groups have not. rate is of the total, cut after one "
        "decimal.",
    ),
    "pyramid 2020": (
        "2020年は国勢調査ではなく社人研の推計（平成30年推計）。",
        "2020 is not the census but the IPSS projection of 2018.",
    ),
    "pyramid": (
        "割合の分母は年齢不詳を含む総人口。年齢不詳はどの階級にも含まない。",
        "Percentages are of the total, people of unknown age included, who are in no class.",
    ),
    "twice": (
        "政令指定都市とその区の両方がある。bigCityFlag=0,2,3 で絞ると二重に数えない。",
        "Both designated cities and their wards are listed; with bigCityFlag=0,2,3 nothing is counted twice.",
    ),
    "movements": (
        "転入・転出は日本人移動者で、市区町村は県内移動を含み、都道府県は他都道府県との移動のみ。合算した地域の値は、地域間の移動を除いて公表されている場合（三大都市圏、2017年以降）だけを示す。",
        "Migration is of Japanese movers: within the prefecture too for municipalities, only between "
        "prefectures for prefectures. Areas that are added have a figure only where it was published without "
        "the moves between them: the three metropolitan areas since 2017.",
    ),
    "ratio": (
        "ratio は若年女性人口減少率（20〜39歳、2015年比）。旧サービスの年齢と基準年は未確認。",
        "ratio is the decline of women aged 20 to 39 since 2015; ages and base year of the old service are "
        "not verified.",
    ),
    "taxes": (
        "市町村の地方税を国勢調査人口で割ったもの。都道府県は市町村の合計で、都道府県税を含まない。",
        "Municipal tax divided by the census population; a prefecture is the sum of its municipalities, "
        "without the prefecture's own tax.",
    ),
    "private": ("民営事業所のみ（経済センサス）。", "Private establishments only (economic census)."),
    "no figure": ("この値のデータはありません。", "There are no figures of this here."),
    "no industry": ("産業別のデータはありません。", "There are no figures by industry here."),
    "no list": ("この一覧はありません。", "This list is not kept here."),
    "industries": (
        "日本標準産業分類（平成25年10月改定）。",
        "Japan Standard Industrial Classification, revision of October 2013.",
    ),
}


class Boundaries(TypedDict):
    """The boundaries that an answer is on."""

    date: str
    credit: Text
    licence: str


class OriginOfFigure(CarriedFigure):
    """How the figure of a year came to stand on these boundaries: `of` an indicator, or `ages` by class."""

    of: str
    year: int


class OriginOfFigures(OriginOfFigure):
    """The same of several municipalities: `carried` is that of the figure farthest from what was counted.

    `areas` has those whose figures do not stand as they were published.
    """

    areas: CarriedAreas


class ResasMeta(TypedDict):
    """Where the figures are from, how they were carried to the boundaries, and what to know of them."""

    sources: list[Source]
    boundaries: Boundaries
    figures: list[OriginOfFigure | OriginOfFigures]
    notes: list[Text]


class ResasAnswer(TypedDict):
    """The old envelope."""

    message: None
    meta: ResasMeta


class ResasPrefecture(TypedDict):
    """A prefecture."""

    prefCode: int
    prefName: str


class ResasPrefectures(ResasAnswer):
    """The prefectures."""

    result: list[ResasPrefecture]


class ResasCity(TypedDict):
    """A municipality or ward."""

    prefCode: int
    cityCode: str
    cityName: str
    bigCityFlag: str


class ResasCities(ResasAnswer):
    """Municipalities and wards."""

    result: list[ResasCity]


class ResasSeries(ResasAnswer):
    """Labelled series by year."""

    result: LabelledSeries


class Pyramids(TypedDict):
    """The pyramids of two years."""

    yearLeft: PyramidSide
    yearRight: PyramidSide


class ResasPyramids(ResasAnswer):
    """Population pyramids."""

    result: Pyramids


class ResasPopulationSums(ResasAnswer):
    """The population as line and bars."""

    result: PopulationSums


class FutureCity(TypedDict):
    """The projected population of a municipality, and the decline of its young women."""

    cityCode: str
    cityName: str
    value: int
    ratio: float | None


class FutureCities(TypedDict):
    """The municipalities that have a projection."""

    cities: list[FutureCity]


class ResasFutureCities(ResasAnswer):
    """The projected population of municipalities."""

    result: FutureCities


class MunicipalFigure(TypedDict):
    """A figure by year; members of the municipality and of the industry where the old service had them."""

    prefCode: int
    prefName: str
    cityCode: NotRequired[str]
    cityName: NotRequired[str]
    sicCode: NotRequired[str]
    sicName: NotRequired[str]
    simcCode: NotRequired[str]
    simcName: NotRequired[str]
    data: list[YearValue]


class ResasMunicipalFigure(ResasAnswer):
    """A figure of a municipality by year."""

    result: MunicipalFigure


class Division(TypedDict):
    """A division of industries."""

    sicCode: str
    sicName: str


class ResasDivisions(ResasAnswer):
    """The divisions of industries."""

    result: list[Division]


class MajorGroup(TypedDict):
    """A major group of industries."""

    sicCode: str
    simcCode: str
    simcName: str


class ResasMajorGroups(ResasAnswer):
    """Major groups of industries."""

    result: list[MajorGroup]


class ResasEmptyList(ResasAnswer):
    """A list that the old service had and this one has not."""

    result: list[None]


def note(name: str) -> Text:
    """Return a remark of ``meta.notes``."""
    ja, en = NOTES[name]
    return {"ja": ja, "en": en}
