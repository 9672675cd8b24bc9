"""The policy in memory: what is of a goal, where deployments lie, the layers that show them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from geo.areas.lineage import Change
from geo.errors import NotFound
from geo.figures.indicators import Indicator
from geo.strategy.deployments import DeployedArea, Deployment
from service.areas.gazetteer import Area, Gazetteer
from service.figures.values import STATUSES
from service.memory.atlas import Atlas
from service.strategy.policy import Places, Policy, Sites, deployment_vector

ON = dt.date(2021, 1, 1)
#: 札幌市 with its wards, 前橋市 and 上野村 in 群馬県
CODES = ("01100", "10201", "10366")


def gazetteer(*codes: str, level: str = "municipality") -> Gazetteer:
    box = (139.0, 36.0, 140.0, 37.0)
    areas = tuple(
        Area(code, place, "city", f"{code[:2]}000", None, code, "", "", 1.0, 139.5, 36.5, box)
        for place, code in enumerate(codes)
    )
    return Gazetteer(ON, level, areas)


def deployment(
    *codes: str | None, status: str = "operating", fy_start: int = 2022, fy_end: int | None = None
) -> Deployment:
    return Deployment(
        id="dep",
        measures=("bus",),
        programme="",
        title_ja="",
        areas=tuple(DeployedArea(code, "lead", "") for code in codes),
        reference_date=ON,
        status=status,
        source_title="",
        source_url="",
        retrieved_on=dt.date(2025, 3, 31),
        confidence="official",
        fy_start=fy_start,
        fy_end=fy_end,
    )


def layer(id: str) -> Indicator:
    return Indicator(
        id=id, name_ja="", name_en="", description_ja="", description_en="", topic="measures", kind="category"
    )


def vector(
    *deployments: Deployment, year: str = "2024", level: str = "municipality", codes: tuple[str, ...] = CODES
) -> tuple[list[float | None], list[str]]:
    policy = Policy(deployments=deployments)
    areas = gazetteer(*codes, level=level)
    found = deployment_vector(policy, Places([]), layer("deployments:bus"), year, areas)
    values = [None if value != value else value for value in found.values.tolist()]
    return values, [STATUSES[status] for status in found.statuses]


def test_an_area_without_a_known_deployment_has_no_value_and_is_not_called_zero() -> None:
    assert vector() == ([None] * 3, ["none_known"] * 3)
    assert vector(deployment("10201")) == ([None, 4, None], ["none_known", "ok", "none_known"])


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("adopted", "operating", 4),
        ("operating", "adopted", 4),
        ("finished", "proposed", 5),
        ("withdrawn", "planned_none", 7),
    ],
)
def test_of_several_in_an_area_the_most_advanced_state_is_shown(first: str, second: str, shown: int) -> None:
    values, _ = vector(deployment("10201", status=first), deployment("10201", status=second))
    assert values[1] == shown


@pytest.mark.parametrize(("year", "shown"), [("2021", None), ("2022", 4), ("2024", 4), ("2025", 5)])
def test_a_deployment_is_shown_from_its_first_year_and_finished_after_its_last(
    year: str, shown: float | None
) -> None:
    values, _ = vector(deployment("10201", fy_end=2024), year=year)
    assert values[1] == shown


def test_a_ward_stands_for_its_city_and_a_town_for_its_prefecture() -> None:
    one = deployment("01101", "10366", None)
    assert vector(one)[0] == [4, None, 4]
    assert vector(one, level="prefecture", codes=("01000", "10000", "13000"))[0] == [4, 4, None]


def test_a_deployment_of_a_whole_prefecture_colours_none_of_its_towns() -> None:
    assert vector(deployment("10000"))[0] == [None] * 3


def test_deployments_that_run_are_counted_once_in_each_of_their_areas(atlas: Atlas) -> None:
    policy = atlas.catalogue.policy
    measure = policy.strategy.measures[0]
    both = [
        replace(deployment("10201", "10366", "01101", "01102"), measures=(measure.id,)),
        replace(deployment("10201", status="adopted"), measures=(measure.id,)),
        replace(deployment("10201", status="proposed"), measures=(measure.id,)),
        replace(deployment("01100", status="withdrawn"), measures=(measure.id,)),
        replace(deployment("10201"), measures=("another",)),
    ]
    counted = deployment_vector(
        Policy(policy.version, tuple(both)),
        Places([]),
        layer(f"deployment-count:{measure.goal}"),
        "2024",
        gazetteer(*CODES),
    )
    assert counted.values.tolist() == [1, 2, 1]


def test_a_grant_of_one_year_is_counted_in_that_year_and_a_zone_until_it_is_revoked(atlas: Atlas) -> None:
    policy = atlas.catalogue.policy
    measure = policy.strategy.measures[0]

    def counted(
        year: str, programme: str, status: str = "adopted", fy_end: int | None = None
    ) -> float | None:
        one = replace(deployment("10201", status=status, fy_end=fy_end), programme=programme)
        policies = Policy(policy.version, (replace(one, measures=(measure.id,)),))
        count = layer(f"deployment-count:{measure.goal}")
        (value,) = deployment_vector(policies, Places([]), count, year, gazetteer("10201")).values.tolist()
        return None if value != value else float(value)

    grant = "国土交通省スマートシティモデルプロジェクト（先行モデルプロジェクト）"
    assert [counted(year, grant) for year in ("2021", "2022", "2023")] == [None, 1, None]
    # its source stands before the rule
    assert [counted(year, grant, fy_end=2024) for year in ("2024", "2025")] == [1, None]
    assert counted("2030", grant, "operating") == 1
    assert counted("2030", "国家戦略特別区域") == 1
    assert counted("2030", "") == 1


def test_codes_of_another_date_lie_where_they_went() -> None:
    changes = [Change(dt.date(2018, 10, 1), "市制施行", "40305", "40231")]
    places = Places(changes)
    before = replace(deployment("40305"), reference_date=dt.date(2018, 1, 1))
    assert places.on(before, ON) == {"40231"}
    assert places.on(deployment("40231"), ON) == {"40231"}
    assert places.codes(None, ON, ON) == []


@pytest.mark.parametrize(
    ("codes", "wanted", "touched"),
    [
        (["10201"], ["10201"], True),
        (["10201"], ["10000"], True),  # it lies in it
        (["10000"], ["10201"], False),  # a prefecture's is not each town's
        (["01101"], ["01100"], True),  # a ward's is its city's
        (["01100"], ["01101"], True),  # and a ward stands for its city
        (["01101"], ["01102"], True),
        (["10201"], ["10202"], False),
        ([], ["10000"], False),
    ],
)
def test_an_area_is_touched_by_what_lies_in_it_or_in_its_city(
    codes: list[str], wanted: list[str], touched: bool
) -> None:
    one = deployment(*codes)
    assert Sites.of([one], Places([]), None).touching(wanted) == ({one.id} if touched else set())


def test_sites_tell_what_names_an_area_and_what_touches_it_in_the_order_of_deployments() -> None:
    # 那珂川町 (40305) became the city 那珂川市 (40231) on 1 October 2018
    places = Places([Change(dt.date(2018, 10, 1), "市制施行", "40305", "40231")])
    town = replace(deployment("40305"), id="town", reference_date=dt.date(2018, 1, 1))
    ward = replace(deployment("40131"), id="ward")
    whole = replace(deployment("40000"), id="whole")
    sites = Sites.of([town, ward, whole], places, ON)
    assert sites.naming == {"40305": (town,), "40231": (town,), "40131": (ward,), "40000": (whole,)}
    assert sites.around == {
        "40305": (town,),
        "40231": (town,),
        "40131": (ward,),
        "40130": (ward,),
        "40000": (town, ward, whole),
    }
    assert Sites.of([town], places, None).naming == {"40305": (town,)}


def test_years_go_from_the_first_known_to_that_of_the_newest_source() -> None:
    assert Policy().years == []
    # 31 March 2025 is still of the fiscal year 2024
    assert Policy(deployments=(deployment("10201"),)).years == ["2022", "2023", "2024"]
    late = replace(deployment("10201", fy_start=2026), retrieved_on=dt.date(2025, 4, 1))
    assert Policy(deployments=(late,)).years == ["2026"]


def test_the_kpis_of_a_goal_are_national_and_those_of_its_measures_too(atlas: Atlas) -> None:
    policy = atlas.catalogue.policy
    for goal in policy.strategy.goals:
        for kpi in policy.kpis_of(goal.id):
            assert kpi.owner == ""
            assert goal.id in (
                kpi.goal,
                getattr(policy.strategy.measures_by_id.get(kpi.measure), "goal", None),
            )
    owned = replace(policy.kpi("ccrc-sites"), owner="10201", goal="goal-1")
    assert Policy(policy.version, (), {"x": owned}).kpis_of("goal-1") == []


def test_what_does_not_exist_is_refused_with_what_is_spelt_alike(atlas: Atlas) -> None:
    policy = atlas.catalogue.policy
    with pytest.raises(NotFound, match="'goal-9'; near it: goal-1, goal-2, goal-3; /v1/goals lists all 4"):
        policy.goal("goal-9")
    with pytest.raises(NotFound, match="near it: smart-cities; /v1/measures lists all") as refused:
        policy.measure("smart-city")
    assert [one for one, _ in refused.value.near] == ["smart-cities"]
    with pytest.raises(NotFound, match="No measure is called 'x'; /v1/measures lists all"):
        policy.measure("x")
    with pytest.raises(NotFound, match="No KPI is called 'x'; /v1/kpis lists all"):
        policy.kpi("x")
    with pytest.raises(NotFound, match="No strategy is loaded yet"):
        Policy().goal("goal-1")
