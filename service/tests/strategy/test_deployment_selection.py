"""Which deployments a selection means."""

from __future__ import annotations

import pytest

from geo.errors import InvalidParameter, NotFound
from geo.strategy.deployments import Deployment
from service.memory.atlas import Atlas
from service.strategy.deployment_selection import Selection, selected, wanted_codes


def ids(found: list[Deployment]) -> set[str]:
    return {one.id for one in found}


def test_nothing_asked_for_leaves_everything_in(atlas: Atlas) -> None:
    assert selected(atlas, Selection()) == list(atlas.catalogue.policy.deployments)


def test_a_goal_takes_in_the_deployments_of_its_measures(atlas: Atlas) -> None:
    policy = atlas.catalogue.policy
    for goal in policy.strategy.goals:
        of_goal = [one.id for one in policy.strategy.measures if one.goal == goal.id]
        by_measure: set[str] = set().union(*(ids(selected(atlas, Selection(measure=m))) for m in of_goal))
        assert ids(selected(atlas, Selection(goal=goal.id))) == by_measure
        assert by_measure


def test_a_prefecture_takes_in_what_lies_in_it_and_a_municipality_only_what_names_it(atlas: Atlas) -> None:
    naming = atlas.catalogue.sites.naming
    town = next(code for code in naming if not code.endswith("000"))
    inside = ids(selected(atlas, Selection(area=town)))
    assert inside == ids(list(naming[town]))
    assert inside <= ids(selected(atlas, Selection(area=town[:2] + "000")))


def test_a_region_set_takes_in_its_members(atlas: Atlas) -> None:
    codes = wanted_codes(atlas, "tokyo-area")
    assert set(codes) == {"11000", "12000", "13000", "14000"}
    by_member: set[str] = set().union(*(ids(selected(atlas, Selection(area=code))) for code in codes))
    assert ids(selected(atlas, Selection(area="tokyo-area"))) == by_member


@pytest.mark.parametrize("written", ["2024", "令和6年度", "R6"])
def test_a_year_is_read_as_people_write_it(atlas: Atlas, written: str) -> None:
    found = selected(atlas, Selection(fiscal_year=written))
    assert found
    assert all(one.known_from <= 2024 and (one.fy_end is None or one.fy_end >= 2024) for one in found)


def test_a_programme_is_found_by_a_part_of_its_name_in_any_width(atlas: Atlas) -> None:
    name = next(one.programme for one in selected(atlas, Selection()) if one.programme)
    found = ids(selected(atlas, Selection(programme=name[:4])))
    assert found
    assert ids(selected(atlas, Selection(programme=name[:4].upper()))) == found


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        (Selection(measure="nothing"), NotFound, "nothing"),
        (Selection(goal="nothing"), NotFound, "nothing"),
        (Selection(status="nothing"), InvalidParameter, "status"),
        (Selection(fiscal_year="soon"), InvalidParameter, "fiscal_year"),
        (Selection(area="atlantis"), NotFound, "atlantis"),
    ],
)
def test_what_does_not_exist_is_refused(
    atlas: Atlas, asked: Selection, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        selected(atlas, asked)
