"""What the map tells of a place that is clicked: stops, cells of a transport gap, deployments of measures."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from api_tests.browser import Visit
from api_tests.camera import Place, camera, pixel_of, point_at
from api_tests.test_explorer import violations

RURAL, SUBSIDY = "mlit-handbook-rural", "mlit-subsidy-1km"
#: The third pole of the city's buses at the station of Maebashi, of which 57 depart on any day.
POLE: Place = (139.072257, 36.383596)
CHINO: Place = (138.2569, 36.01429)
IS_IN_SIGHT = """dialog => {
    const box = dialog.getBoundingClientRect(), map = document.querySelector("#map").getBoundingClientRect();
    return box.left >= map.left && box.right <= map.right && box.top >= map.top && box.bottom <= map.bottom;
}"""


def test_a_towns_gap_and_a_stops_departures_are_three_clicks_from_the_start(visit: Visit) -> None:
    page = visit.page
    visit.open("/")
    page.locator("#find").fill("交通空白")
    name = "交通空白人口の割合：鉄道・バス 1km（補助要綱）"
    page.locator("#found [role=option]", has_text=name).first.click()  # 1
    visit.shown()
    page.locator("#find").fill("前橋")
    page.locator("#found [role=option]", has_text="前橋市").first.click()  # 2
    visit.shown()
    values = page.request.get(f"/v1/layers/transport-gap:{SUBSIDY}/values.json?level=municipality").json()
    share = values["values"][values["codes"].index("10201")]
    expect(page.locator("#panel")).to_contain_text(f"{share:.1f}%")
    seen = camera(visit)
    point_at(visit, POLE, seen)
    expect(page.locator("#tip")).to_be_hidden()  # nothing lies over a stop
    page.mouse.click(*pixel_of(visit, POLE, seen))  # 3
    told = page.get_by_role("dialog")
    expect(told.locator("caption").first).to_have_text("1日の発車本数（乗り場の合計）")
    first = told.locator("table").first
    lines = "南循環線、新前橋西口線、土屋文明文学館線、金古王塚台線"
    expect(told.locator("dd").first).to_have_text(lines)
    expect(first.locator("tr", has_text="9〜16時")).to_contain_text(re.compile("32.*33.*33"))
    expect(first.locator("tfoot")).to_contain_text(re.compile("合計.*57.*57.*57"))
    expect(told).to_contain_text("2019年5月7日")
    page.locator("#language").click()
    expect(told.locator("dd").first.locator("[lang=ja]")).to_have_text(lines.split("、"))
    assert camera(visit) == seen
    page.keyboard.press("Escape")
    expect(told).to_have_count(0)
    expect(page.locator("#map canvas")).to_be_focused()


def test_a_cell_tells_its_people_and_how_far_the_nearest_stop_is(visit: Visit) -> None:
    page = visit.page
    visit.open(f"/?lang=ja&layer=transport-gap:{RURAL}#11/36.45/139.12")
    cells = page.request.get(f"/v1/transport-gap/{RURAL}/cells.geojson?area=10201").json()["features"]
    cell = next(one for one in cells if one["properties"]["code"] == "543950294")
    (west, south), _, (east, north), *_ = cell["geometry"]["coordinates"][0]
    middle = ((west + east) / 2, (south + north) / 2)
    page.mouse.click(*pixel_of(visit, middle, (11, 36.45, 139.12)))
    told = page.get_by_role("dialog", name="メッシュ 543950294")
    # the census counted 55 people there, and the nearest stop that counts is as far as the service says
    expect(told).to_contain_text("人口55人")
    expect(told).to_contain_text(f"最寄りまで{round(cell['properties']['distance_m']):,}m")
    page.locator("#language").click()
    expect(page.get_by_role("dialog", name="Grid cell 543950294")).to_contain_text("Nearest stop")
    page.get_by_role("button", name="Figures of Maebashi-shi").click()
    expect(page.locator("#panel h2").first).to_contain_text("Maebashi-shi")


@pytest.mark.parametrize(("width", "lang"), [(1440, "ja"), (390, "en")])
def test_marks_that_stand_together_tell_each_deployment_with_its_source(
    visit: Visit, width: int, lang: str
) -> None:
    page, seen = visit.page, (8.5, 36.05, 138.2)
    page.set_viewport_size({"width": width, "height": 900})
    visit.open(f"/?lang={lang}&layer=deployments:smart-cities#{'/'.join(map(str, seen))}")
    page.locator("#map").scroll_into_view_if_needed()
    point_at(visit, CHINO, seen)
    page.mouse.click(*pixel_of(visit, CHINO, seen))
    told = page.get_by_role("dialog")
    listed = told.locator(".deployed")
    known = page.request.get("/v1/deployments?measure=smart-cities&area=20214").json()["deployments"]
    expect(listed).to_have_count(len(known))
    for one in known:
        source = page.get_by_role("link", name=one["source"]["title"], exact=True)
        expect(listed.locator(source)).to_have_attribute("href", one["source"]["url"])
        part = listed.filter(has=source)
        expect(part).to_contain_text({"ja": "長野県茅野市", "en": "Chino-shi, Nagano"}[lang])
    measure = told.get_by_role(
        "link", name={"ja": "施策「スマートシティの推進」", "en": "Measure: "}[lang]
    ).first
    expect(measure).to_have_attribute("href", f"/measures/smart-cities?lang={lang}")
    # since when: the zone was designated in fiscal 2021, the grant was of fiscal 2024 alone
    expect(listed.filter(has_text="デジタル田園健康特区")).to_contain_text(
        {"ja": "2021年度から", "en": "since FY2021"}[lang]
    )
    expect(page.locator("#tip")).to_be_hidden()
    assert told.evaluate(IS_IN_SIGHT)
    assert page.evaluate("document.activeElement.getAttribute('role')") == "dialog"
    assert violations(visit) == []
    told.get_by_role("button", name={"ja": "閉じる", "en": "Close"}[lang]).click()
    expect(told).to_have_count(0)
