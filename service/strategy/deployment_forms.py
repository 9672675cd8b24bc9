"""A deployment as JSON, and as the cells of a table."""

from __future__ import annotations

from collections.abc import Sequence

from geo.strategy.deployments import CONFIDENCES, ROLES, STATUSES, Deployment
from service.memory.atlas import Atlas


def described(atlas: Atlas, one: Deployment) -> dict[str, object]:
    """Return a deployment as JSON, its source and confidence with it."""
    names = atlas.catalogue.policy.strategy.measures_by_id
    newest = max(atlas.catalogue.vintages, default=None)
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
        "statuses": [{"status": each.status, "since": each.since} for each in one.statuses],
        "fy_start": one.fy_start,
        "fy_end": one.fy_end,
        "project_cost_yen": one.project_cost_yen,
        "national_grant_yen": one.national_grant_yen,
        "grant_type": one.grant_type,
        "kpis": [vars(each) for each in one.kpis],
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


def cells(one: Deployment) -> dict[str, object]:
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
    return "|".join(
        "" if part is None else f"{part:g}" if isinstance(part, float) else str(part) for part in parts
    )
