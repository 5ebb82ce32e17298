"""What the zone editor asks the cloud: advice while drawing, and to save; whatever the camera's id looks like."""

from __future__ import annotations

import re
from urllib.parse import quote
from uuid import uuid4

import pytest

from cloud_api.analytics.heat import HeatCell, HeatMap
from cloud_api.web.zone_advice import advise
from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.helpers.cloud import CloudUnderTest

LINE = {"kind": "line", "zone_id": "door", "name": "Door", "points": [[0.2, 0.5], [0.8, 0.5]]}
HEAT = HeatMap(uuid4(), "cam", 10, 10, 3600.0, [HeatCell(5, 5, 5000.0)])


@pytest.mark.parametrize(
    ("zone", "heat", "words", "is_wrong"),
    [(LINE, HEAT, "a good place", False),
     (LINE | {"points": [[0.2, 0.1], [0.8, 0.1]]}, HEAT, "Nobody was seen here", False),
     (LINE | {"points": [[0.2, 0.99], [0.8, 0.99]]}, None, "along the edge", False),
     (LINE | {"points": [[0.2, 0.5]]}, None, "", True),
     ({"kind": "polygon", "zone_id": "a", "points": [[0.4, 0.4], [0.7, 0.4], [0.6, 0.7]]}, HEAT, "a good place", False),
     ({"kind": "polygon", "zone_id": "a", "points": [[0, 0], [1, 1], [1, 0], [0, 1]]}, None, "", True),
     ({"kind": "circle", "zone_id": "a"}, None, "", True)],
)  # fmt: skip
def test_advice_on_one_zone(zone: dict[str, object], heat: HeatMap | None, words: str, is_wrong: bool) -> None:
    (told,) = advise([zone], heat)
    assert words in told.words
    assert told.words
    assert told.is_wrong is is_wrong


def test_a_picture_of_which_little_is_known_is_not_judged() -> None:
    assert advise([LINE], HeatMap(uuid4(), "cam", 10, 10, 60.0, [HeatCell(0, 0, 5.0)])) == []


@pytest.mark.parametrize("camera", ["cam", "front/left", "a b/ä?&#", "x/zones"])
async def test_zones_of_any_camera_are_opened_advised_saved_and_rolled_back(empty: CloudUnderTest, camera: str) -> None:
    visitor = await logged_in(empty.client, "owner@acme.example")
    store = str(empty.store_id)
    added = await visitor.send("/cameras", on="/cameras", act="add", store_id=store, camera_id=camera, name="Door")
    assert added.status_code == 303
    link = re.search(r'href="(/zones/[^"]+)"', await visitor.page("/zones"))
    assert link
    page = await visitor.page(link[1])
    save = re.search(r'data-save="([^"]+)"', page)
    ask = re.search(r'data-advice="([^"]+)"', page)
    assert save
    assert ask
    told = await empty.client.post(ask[1].replace("&amp;", "&"), json={"zones": [LINE | {"points": [[0, 0], [0, 1]]}]})
    assert "along the edge" in told.json()[0]["words"]
    address = save[1].replace("&amp;", "&")
    for n in (0, 1):
        saved = await empty.client.post(address, json={"based_on": n, "zones": [LINE | {"name": f"Door {n}"}]})
        assert saved.status_code == 200, saved.text
        assert saved.json()["revision"] == n + 1
    back = await visitor.send("/zones/choose", on=link[1], store_id=store, camera_id=camera, revision="1")
    assert back.headers["Location"] == f"/zones/{store}/{quote(camera, safe='')}"
    assert "Revision 3 counts." in await visitor.page(back.headers["Location"])


async def test_saving_is_for_who_runs_the_store_from_its_own_page(empty: CloudUnderTest) -> None:
    address = f"/zones/save?store={empty.store_id}&camera=cam"
    body = {"based_on": 0, "zones": [LINE]}
    assert (await empty.client.post(address, json=body)).status_code == 401
    owner = await logged_in(empty.client, "owner@acme.example")
    await owner.send("/cameras", on="/cameras", act="add", store_id=str(empty.store_id), camera_id="cam", name="")
    foreign = await empty.client.post(address, json=body, headers={"Origin": "https://elsewhere.example"})
    assert foreign.status_code == 403
    other = f"/zones/save?store={empty.foreign_store_id}&camera=cam"
    assert (await empty.client.post(other, json=body)).status_code == 404
    wrong = await empty.client.post(address, json={"based_on": 0, "zones": [LINE | {"points": [[0.1, 0.1]]}]})
    assert wrong.status_code == 422
    empty.client.cookies.clear()
    await logged_in(empty.client, "staff@acme.example")
    assert (await empty.client.post(address, json=body)).status_code == 403


async def test_the_demo_shows_where_people_stand(demo: Visitor) -> None:
    link = re.search(r'href="(/zones/[^"]+)"', await demo.page("/zones"))
    assert link
    page = await demo.page(link[1])
    assert page.count('class="warm"') > 50
