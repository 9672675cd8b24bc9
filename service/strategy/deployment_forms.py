"""A deployment as JSON, and as the cells of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from geo.strategy import deployments
from geo.strategy.deployments import CONFIDENCES, ROLES, STATUSES, DatedStatus, OwnTarget
from geo.strategy.programmes import Basis, Ending
from geo.text import Text
from service.http.forms import Feature, FeatureCollection, Geometry
from service.memory.atlas import Atlas
from service.strategy.kpi_forms import Published


class DeployedMeasure(Text):
    """A measure that a deployment carries out."""

    id: str
    goal: str


class DeployedArea(TypedDict):
    """An area of a deployment; `code` as reported, null for a region that is no body."""

    code: str | None
    name: str
    role: str
    role_label: Text
    part: str


class Retrieved(Published):
    """Where something was published, and when it was read there."""

    retrieved_on: str


class Counted(TypedDict):
    """In which fiscal years a deployment is counted, and why until then; `last` is null for no end.

    `basis` is `stated` (its source tells the end), `programme` (the rule of its programme does), `open` (its
    programme has no end), `operating` or `not_known`; `rule` is the source of a programme's rule.
    """

    first: int
    last: int | None
    basis: Basis
    reason: Text
    rule: RuleSource | None


class RuleSource(TypedDict):
    """Where the rule of a programme is from."""

    programme: str
    title: str
    url: str


class Deployment(TypedDict):
    """A deployment of measures, its source and how sure that is."""

    id: str
    measures: list[DeployedMeasure]
    programme: str
    title: Text
    areas: list[DeployedArea]
    reference_date: str
    current_codes: list[str]
    applicant_or_operator: str
    status: str
    status_label: Text
    statuses: list[DatedStatus]
    fy_start: int | None
    fy_end: int | None
    counted: Counted
    project_cost_yen: int | None
    national_grant_yen: int | None
    grant_type: str
    kpis: list[OwnTarget]
    has_geometry: bool
    source: Retrieved
    confidence: str
    confidence_label: Text
    note: str


class Deployments(TypedDict):
    """A page of deployments; coverage is partial."""

    total: int
    next: str | None
    coverage: Text
    deployments: list[Deployment]


class DeploymentInDetail(Deployment):
    """A deployment with its own geometry, where it has one."""

    geometry: Geometry | None
    coverage: Text


class DeploymentState(TypedDict):
    """What a deployment was, from when to when, and which key made it so."""

    valid_from: str
    valid_to: str | None
    by: str
    deployment: Deployment


class DeploymentHistory(TypedDict):
    """Every state that a deployment had, newest first."""

    id: str
    states: list[DeploymentState]


class DeploymentsPut(TypedDict):
    """What a list of deployments came to: the ids that were added and changed."""

    rows: int
    dry_run: bool
    added: list[str]
    changed: list[str]
    unchanged: int


class DeploymentProperties(TypedDict):
    """A deployment in the columns of a list; `area_code` where each area is a feature, else `area_codes`."""

    deployment_id: str
    area_code: NotRequired[str | None]
    area: NotRequired[str]
    role: NotRequired[str]
    part: NotRequired[str]
    area_codes: NotRequired[str]
    measure_id: str
    programme: str
    title_ja: str
    title_en: str
    reference_date: str
    applicant_or_operator: str
    status: str
    statuses: str
    fy_start: int | None
    fy_end: int | None
    project_cost_yen: int | None
    national_grant_yen: int | None
    grant_type: str
    kpis: str
    source_title: str
    source_url: str
    published_on: str
    retrieved_on: str
    confidence: str
    note: str


class DeploymentFeature(Feature):
    """A deployment in one of its areas, or on its own site or route."""

    id: int
    properties: DeploymentProperties


class DeploymentFeatures(FeatureCollection):
    """Deployments on geometry."""

    vintage: str
    detail: str
    deployments: int
    coverage: Text
    credit: Text
    features: list[DeploymentFeature]


def described(atlas: Atlas, one: deployments.Deployment) -> Deployment:
    """Return a deployment as JSON, its source and confidence with it."""
    names = atlas.catalogue.policy.strategy.measures_by_id
    newest = atlas.catalogue.default
    current = atlas.catalogue.places.on(one, newest) if newest is not None else frozenset()
    state = STATUSES[one.status]
    return {
        "id": one.id,
        "measures": [
            {"id": name, "ja": names[name].name_ja, "en": names[name].name_en, "goal": names[name].goal}
            for name in one.measures
            if name in names
        ],
        "programme": one.programme,
        "title": {"ja": one.title_ja, "en": one.title_en},
        "areas": [
            {
                "code": area.code,
                "name": area.name,
                "role": area.role,
                "role_label": {"ja": ROLES[area.role][0], "en": ROLES[area.role][1]},
                "part": area.part,
            }
            for area in one.areas
        ],
        "reference_date": str(one.reference_date),
        "current_codes": sorted(current),
        "applicant_or_operator": one.applicant_or_operator,
        "status": one.status,
        "status_label": {"ja": state.ja, "en": state.en},
        "statuses": list(one.statuses),
        "fy_start": one.fy_start,
        "fy_end": one.fy_end,
        "counted": counted(one, atlas.catalogue.policy.ending(one)),
        "project_cost_yen": one.project_cost_yen,
        "national_grant_yen": one.national_grant_yen,
        "grant_type": one.grant_type,
        "kpis": list(one.kpis),
        "has_geometry": bool(one.geometry),
        "source": {
            "title": one.source_title,
            "url": one.source_url,
            "published_on": one.published_on,
            "retrieved_on": str(one.retrieved_on),
        },
        "confidence": one.confidence,
        "confidence_label": {"ja": CONFIDENCES[one.confidence][0], "en": CONFIDENCES[one.confidence][1]},
        "note": one.note,
    }


def counted(one: deployments.Deployment, end: Ending) -> Counted:
    """Return in which fiscal years a deployment is counted, as JSON."""
    rule = end.programme
    return {
        "first": one.known_from,
        "last": end.year,
        "basis": end.basis,
        "reason": end.reason,
        "rule": None
        if rule is None
        else {"programme": rule.name, "title": rule.source_title, "url": rule.source_url},
    }


def cells(one: deployments.Deployment) -> dict[str, object]:
    """Return a deployment as a row of a list, in the columns it is imported from."""

    def listed(values: Sequence[object]) -> str:
        return ";".join(str(value) for value in values)

    return {
        "deployment_id": one.id,
        "measure_id": listed(one.measures),
        "programme": one.programme,
        "title_ja": one.title_ja,
        "title_en": one.title_en,
        "areas": listed([area.name for area in one.areas]),
        "area_codes": listed([area.code or "-" for area in one.areas]),
        "roles": listed([area.role for area in one.areas]),
        "reference_date": str(one.reference_date),
        "applicant_or_operator": one.applicant_or_operator,
        "status": one.status,
        "statuses": listed([f"{each.status} {each.since}" for each in one.statuses]),
        "fy_start": one.fy_start,
        "fy_end": one.fy_end,
        "project_cost_yen": one.project_cost_yen,
        "national_grant_yen": one.national_grant_yen,
        "grant_type": one.grant_type,
        "kpis": listed([_target(each) for each in one.kpis]),
        "source_title": one.source_title,
        "source_url": one.source_url,
        "published_on": one.published_on,
        "retrieved_on": str(one.retrieved_on),
        "confidence": one.confidence,
        "note": one.note,
    }


def _target(one: object) -> str:
    parts = [getattr(one, name) for name in ("name", "unit", "baseline", "target", "fiscal_year")]
    # every digit: a list that is exported is imported again
    return "|".join("" if part is None else str(part).removesuffix(".0") for part in parts)
