"""Deployments: which measure runs where, since when, for how much, and who says so.

One deployment is one project, designation or service in one or more areas. A list of them is read from a
table (CSV, Excel, GeoJSON, GeoPackage or JSON) whose columns are ``COLUMNS``; every fault is told at once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from geo.eras import fiscal_year_of
from geo.figures.indicators import Category


@dataclass(frozen=True)
class Column:
    """A column of a list of deployments: its names, and what stands in it."""

    name_ja: str
    meaning_ja: str
    meaning_en: str


COLUMNS = {
    "deployment_id": Column(
        "事業ID",
        "同じIDを再び取り込むと更新。空なら内容から作る",
        "Importing it again updates. Empty: made from the content",
    ),
    "measure_id": Column(
        "施策", "施策のID・名称・別名。複数は ; 区切り", "Id, name or alias of the measure; several with ;"
    ),
    "programme": Column("制度", "国の制度・公募名", "Programme of the ministry"),
    "title_ja": Column("事業名", "事業名", "Title"),
    "title_en": Column("事業名（英語）", "事業名（英語）", "Title in English"),
    "areas": Column(
        "地域",
        "都道府県・市区町村名。、・; で列挙、一部は（一部）（○○地区）",
        "Names with their prefecture; lists with 、 ・ ; and parts in brackets",
    ),
    "area_codes": Column(
        "地域コード",
        "areas と同じ順の5桁・6桁コード。団体でない圏域は -",
        "Codes of five or six digits in the order of areas; - for a region that is no body",
    ),
    "roles": Column("役割", "lead・member・part を同じ順に", "lead, member or part in the same order"),
    "reference_date": Column(
        "コード基準日", "地域名・コードの基準日", "The date whose names and codes these are"
    ),
    "applicant_or_operator": Column("実施主体", "代表提案団体・運営主体", "Applicant or operator"),
    "status": Column(
        "状態",
        "proposed 申請・構想, adopted 採択・選定, in_progress 実施中, operating 運行・実装中, "
        "finished 終了, withdrawn 取下げ, planned_none 予定なし",
        "proposed, adopted, in_progress, operating, finished, withdrawn or planned_none",
    ),
    "statuses": Column(
        "状態の履歴",
        "「adopted 2024-06-21; operating 2025-04」",
        "Dated: “adopted 2024-06-21; operating 2025-04”",
    ),
    "fy_start": Column("開始年度", "2024、令和6年度", "First fiscal year: 2024 or 令和6年度"),
    "fy_end": Column("終了年度", "最後の年度", "Last fiscal year"),
    "project_cost_yen": Column("事業費（円）", "交付対象事業費", "Cost of the project, yen"),
    "national_grant_yen": Column("国費（円）", "国費・支援額（事業費とは別）", "National share, yen"),
    "grant_type": Column("交付金の種類", "TYPE1、第2世代交付金（ソフト）等", "Kind of grant"),
    "kpis": Column(
        "KPI", "「名称|単位|基準値|目標値|目標年度; …」", "“name|unit|baseline|target|fiscal year; …”"
    ),
    "source_title": Column("出典", "出典の題名（必須）", "Title of the source (required)"),
    "source_url": Column("出典URL", "http(s) の URL（必須）", "Its address, http(s) (required)"),
    "published_on": Column("公表日", "YYYY、YYYY-MM、YYYY-MM-DD", "YYYY, YYYY-MM or YYYY-MM-DD"),
    "retrieved_on": Column("確認日", "出典を確認した日。空なら取込日", "The day it was read; empty: today"),
    "confidence": Column(
        "確度",
        "official 公的, press 報道, secondary 二次資料（必須）",
        "official, press or secondary (required)",
    ),
    "note": Column("備考", "備考", "Note"),
}
#: Other headers for a column.
HEADER_ALIASES = {"measure_ids": "measure_id", "measures": "measure_id", "applicant": "applicant_or_operator"}


@dataclass(frozen=True)
class Status:
    """What a deployment's state is called, its colour on maps, and how much it says (higher wins)."""

    code: int
    ja: str
    en: str
    colour: str
    weight: int


STATUSES = {
    "proposed": Status(1, "申請・構想", "Proposed", "#fdae61", 3),
    "adopted": Status(2, "採択・選定", "Adopted", "#74add1", 5),
    "in_progress": Status(3, "実施中", "In progress", "#4575b4", 6),
    "operating": Status(4, "運行・実装中", "Operating", "#313695", 7),
    "finished": Status(5, "終了", "Finished", "#8073ac", 4),
    "withdrawn": Status(6, "取下げ", "Withdrawn", "#d73027", 1),
    "planned_none": Status(7, "予定なし", "Not planned", "#fee090", 2),
}
#: In these states somebody runs the measure or is about to.
ACTIVE = frozenset({"adopted", "in_progress", "operating"})
#: In these somebody does, or did.
RUNNING = ACTIVE | {"finished"}
ROLES = {"lead": ("代表", "lead"), "member": ("構成", "member"), "part": ("一部", "part of the area")}
CONFIDENCES = {
    "official": ("公的資料", "official"),
    "press": ("報道", "press"),
    "secondary": ("二次資料", "secondary"),
}
#: A region that is named in a source and is no prefecture or municipality (志摩地域).
NO_BODY = "-"

MAX_TEXT = 2000
MAX_VERTICES = 200_000
#: Japan with its territorial sea, degrees.
EXTENT = (122.0, 20.0, 154.5, 46.0)


@dataclass(frozen=True)
class DeployedArea:
    """An area of a deployment: ``code`` as reported, None for a region that is no body."""

    code: str | None
    role: str
    name: str
    part: str = ""


@dataclass(frozen=True)
class DatedStatus:
    """A state and since when: YYYY, YYYY-MM or YYYY-MM-DD."""

    status: str
    since: str


@dataclass(frozen=True)
class OwnTarget:
    """What a deployment itself wants to reach."""

    name: str
    unit: str
    baseline: float | None
    target: float | None
    fiscal_year: int | None


@dataclass(frozen=True)
class Deployment:
    """One deployment as it is known.

    Attributes
    ----------
    measures : ids of the measures it carries out
    areas : with the codes as reported; they hold on ``reference_date``
    status : the newest known; ``statuses`` are those with a date, oldest first
    fy_start, fy_end : first and last fiscal year (April to March), None where the source tells none
    project_cost_yen, national_grant_yen : cost and the nation's share of it are two figures
    geometry : GeoJSON text of its own site, route or district in WGS 84; empty: the areas'
    """

    id: str
    measures: tuple[str, ...]
    programme: str
    title_ja: str
    areas: tuple[DeployedArea, ...]
    reference_date: dt.date
    status: str
    source_title: str
    source_url: str
    retrieved_on: dt.date
    confidence: str
    title_en: str = ""
    applicant_or_operator: str = ""
    statuses: tuple[DatedStatus, ...] = ()
    fy_start: int | None = None
    fy_end: int | None = None
    project_cost_yen: int | None = None
    national_grant_yen: int | None = None
    grant_type: str = ""
    kpis: tuple[OwnTarget, ...] = ()
    published_on: str = ""
    note: str = ""
    geometry: str = ""

    @property
    def known_from(self) -> int:
        """The first fiscal year it is known for: its own start, else that in which its source tells of it."""
        if self.fy_start is not None:
            return self.fy_start
        return fiscal_year_of(self.published_on or self.retrieved_on.isoformat())

    def status_in(self, year: int, last: int | None) -> str | None:
        """Return the state at the end of a fiscal year as far as it is known; None before it was known.

        Dated states tell it; otherwise the one state there is holds from the start, and after the last
        fiscal year (``geo.strategy.programmes.ending``) what was adopted or running has finished.
        """
        if year < self.known_from:
            return None
        dated = [one.status for one in self.statuses if fiscal_year_of(one.since) <= year]
        now = dated[-1] if dated else (self.statuses[0].status if self.statuses else self.status)
        ended = last is not None and year > last
        return "finished" if ended and now in RUNNING else now


def categories() -> tuple[Category, ...]:
    """Return the states as categories of a map layer."""
    return tuple(Category(s.code, s.ja, s.en, s.colour) for s in STATUSES.values())
