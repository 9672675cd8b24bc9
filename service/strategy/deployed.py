"""Which deployments an answer tells of, and how one is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from geo.areas.names import plain
from geo.codes import area_code
from geo.eras import fiscal_year
from geo.errors import Finding, InvalidParameter
from geo.strategy.deployments import CONFIDENCES, ROLES, STATUSES, Deployment
from service.figures.lines import codes_of
from service.memory.atlas import Atlas
from service.strategy.policy import touches


@dataclass(frozen=True)
class Selection:
    """What is asked for; None leaves everything in."""

    area: str | None = None
    goal: str | None = None
    measure: str | None = None
    status: str | None = None
    fiscal_year: str | None = None
    programme: str | None = None


def selected(atlas: Atlas, asked: Selection, among: Iterable[Deployment] | None = None) -> list[Deployment]:
    """Return the deployments that a selection means, by id; all that hold now unless others are given.

    An area takes in what lies in it: a prefecture its municipalities, a region set its members; a ward stands
    for its city.

    Raises
    ------
    NotFound, InvalidParameter, InvalidAreaCode : what was asked for does not exist, with what does
    """
    policy = atlas.catalogue.policy
    found = list(policy.deployments if among is None else among)
    if asked.measure is not None:
        measure = policy.measure(asked.measure).id
        found = [one for one in found if measure in one.measures]
    if asked.goal is not None:
        goal = policy.goal(asked.goal).id
        of_goal = {one.id for one in policy.strategy.measures if one.goal == goal}
        found = [one for one in found if of_goal.intersection(one.measures)]
    if asked.status is not None:
        _expect("status", asked.status, STATUSES)
        found = [one for one in found if one.status == asked.status]
    if asked.fiscal_year is not None:
        year = _year(asked.fiscal_year)
        found = [one for one in found if _runs(one, year)]
    if asked.programme is not None:
        wanted = plain(asked.programme).casefold()
        found = [one for one in found if wanted in plain(one.programme).casefold()]
    if asked.area is not None:
        codes = wanted_codes(atlas, asked.area)
        found = [one for one in found if touches(placed(atlas, one), codes)]
    return found


def wanted_codes(atlas: Atlas, area: str) -> list[str]:
    """Return the codes that an area code or the id of a region set stands for."""
    if area in atlas.catalogue.regions or not any(c.isdigit() for c in area):
        return codes_of(atlas, area)
    return [area_code(area)]


def placed(atlas: Atlas, one: Deployment) -> frozenset[str]:
    """Return the codes of a deployment: as reported, and on the newest boundaries."""
    reported = frozenset(area.code for area in one.areas if area.code)
    newest = max(atlas.catalogue.vintages, default=None)
    return reported if newest is None else reported | atlas.catalogue.places.on(one, newest)


def _runs(one: Deployment, year: int) -> bool:
    return one.known_from <= year and (one.fy_end is None or year <= one.fy_end)


def _year(text: str) -> int:
    try:
        return fiscal_year(text)
    except ValueError:
        finding = Finding("query", "fiscal_year", text[:80], "a fiscal year such as 2025 or 令和7年度")
        raise InvalidParameter("fiscal_year is no fiscal year", [finding]) from None


def _expect(name: str, value: str, existing: Iterable[str]) -> None:
    if value not in existing:
        listed = ", ".join(existing)
        finding = Finding("query", name, value[:80], f"one of {listed}")
        raise InvalidParameter(f"{name} {value[:80]!r} does not exist; there are: {listed}", [finding])


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
