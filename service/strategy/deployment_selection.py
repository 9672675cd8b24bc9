"""Which deployments an answer tells of, and how one is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from geo.areas.names import plain
from geo.codes import area_code, city_of
from geo.eras import fiscal_year
from geo.errors import Finding, InvalidParameter
from geo.strategy.deployments import RUNNING, STATUSES, Deployment
from geo.unknown import offered
from service.figures.lines import codes_of
from service.memory.atlas import Atlas
from service.strategy.policy import Sites


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
        found = [one for one in found if _runs(one, year, policy.ending(one).year)]
    if asked.programme is not None:
        wanted = plain(asked.programme).casefold()
        found = [one for one in found if wanted in plain(one.programme).casefold()]
    if asked.area is not None:
        catalogue = atlas.catalogue
        sites = catalogue.sites if among is None else Sites.of(found, catalogue.places, catalogue.default)
        here = sites.touching(wanted_codes(atlas, asked.area))
        found = [one for one in found if one.id in here]
    return found


def wanted_codes(atlas: Atlas, area: str) -> list[str]:
    """Return the codes that an area code or the id of a region set stands for."""
    if area in atlas.catalogue.regions or not any(c.isdigit() for c in area):
        return codes_of(atlas, area)
    return [area_code(area)]


def _runs(one: Deployment, year: int, last: int | None) -> bool:
    return one.known_from <= year and (last is None or year <= last)


def _year(text: str) -> int:
    try:
        return fiscal_year(text)
    except ValueError:
        finding = Finding("query", "fiscal_year", text, "a fiscal year such as 2025 or 令和7年度")
        raise InvalidParameter("fiscal_year is no fiscal year", [finding]) from None


def _expect(name: str, value: str, existing: Collection[str]) -> None:
    if value not in existing:
        told = offered(value, existing)
        finding = Finding("query", name, value, f"one of {told}")
        raise InvalidParameter(f"{name} {value[:80]!r} does not exist; there are: {told}", [finding])


def running(atlas: Atlas, code: str) -> dict[str, list[str]]:
    """Return measure → ids of the deployments that run it in an area, as far as is known."""
    found: dict[str, list[str]] = {}
    for one in atlas.catalogue.sites.around.get(city_of(code), ()):
        if one.status in RUNNING:
            for name in one.measures:
                found.setdefault(name, []).append(one.id)
    return found
