from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from cloud_api.kit.errors import InvalidError
from cloud_api.rollups.proof import rollup_differences
from cloud_api.stores.opening_hours import DayException, OpeningTimes, Span, check, clock_words, parse_span
from cloud_api.tenancy.transactions import maintenance
from tests.helpers.cloud import CloudUnderTest, crossing

BERLIN = ZoneInfo("Europe/Berlin")
LINE = {"kind": "line", "zone_id": "door", "points": [[0.1, 0.5], [0.9, 0.5]]}
AREA = {"kind": "polygon", "zone_id": "till", "points": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]], "purpose": "queue"}


async def ask(cloud: CloudUnderTest, method: str, path: str, who: str, json: Any = None) -> Any:
    headers = await cloud.token(f"{who}@acme.example")
    return await cloud.client.request(method, f"/api/v1{path}", headers=headers, json=json)


def test_a_shop_opens_at_nine_by_its_own_clock_also_on_the_day_the_clocks_change() -> None:
    times = OpeningTimes(weekly=tuple((day, Span(540, 1200)) for day in range(7)))
    spans = list(times.open_spans(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 29, 23, tzinfo=UTC), BERLIN))
    assert [(a.hour, b.hour) for a, b in spans] == [(8, 19), (7, 18)]


def test_a_bar_that_closes_after_midnight_is_open_in_two_days() -> None:
    times = OpeningTimes(weekly=((4, parse_span("20:00", "02:00")),))
    saturday = datetime(2026, 3, 28, tzinfo=BERLIN)
    ((opens, closes),) = times.open_spans(saturday, saturday.replace(hour=12), BERLIN)
    assert (opens.astimezone(BERLIN).hour, closes.astimezone(BERLIN).hour) == (0, 2)
    assert [clock_words(m) for m in (540, 1440, 1560)] == ["09:00", "24:00", "02:00"]


def test_an_exception_stands_before_the_week() -> None:
    day = date(2026, 12, 24)
    times = OpeningTimes(weekly=((3, Span(540, 1200)),), exceptions=(DayException(day, Span(540, 780)),))
    assert times.of_day(day) == [Span(540, 780)]
    assert OpeningTimes(times.weekly, (DayException(day, None),)).of_day(day) == []


@pytest.mark.parametrize("words", ["9:00", "25:00", "09:60", "noon", "", "24:01", "٠٩:٠٠x"])
def test_what_is_no_time_of_day_is_refused_in_words(words: str) -> None:
    with pytest.raises(InvalidError, match="write"):
        parse_span(words, "20:00")


def test_hours_that_overlap_are_refused() -> None:
    with pytest.raises(InvalidError, match="Monday overlap"):
        check(OpeningTimes(weekly=((0, Span(540, 800)), (0, Span(700, 900)))))


async def test_an_administrator_runs_stores_and_an_owner_their_own(cloud: CloudUnderTest) -> None:
    form = {"name": "New Street", "timezone": "Europe/Lisbon"}
    made = await ask(cloud, "POST", "/stores", "admin", form)
    assert made.status_code == 201, made.text
    assert (await ask(cloud, "POST", "/stores", "admin", form)).status_code == 409
    assert (await ask(cloud, "POST", "/stores", "owner", form)).status_code == 403
    wrong = await ask(cloud, "POST", "/stores", "admin", {"name": "x", "timezone": "Europe/Lisbonn"})
    assert "did you mean Europe/Lisbon" in wrong.json()["detail"]
    own = {"name": "High Street 1", "timezone": "Europe/Berlin", "reset_hour": 3}
    assert (await ask(cloud, "PUT", f"/stores/{cloud.store_id}", "owner", own)).json()["reset_hour"] == 3
    for who, status in (("analyst", 403), ("staff", 403), ("owner", 200)):
        assert (await ask(cloud, "PUT", f"/stores/{cloud.store_id}", who, own)).status_code == status
    roomy = await ask(cloud, "PUT", f"/stores/{cloud.store_id}", "owner", {**own, "capacity": 120})
    assert (own.get("capacity"), roomy.json()["capacity"]) == (None, 120)
    assert (await ask(cloud, "GET", f"/stores/{cloud.store_id}", "owner")).json()["capacity"] == 120
    assert (await ask(cloud, "PUT", f"/stores/{cloud.store_id}", "owner", {**own, "capacity": 0})).status_code == 422
    assert (await ask(cloud, "PUT", f"/stores/{cloud.store_id}", "owner", own)).json()["capacity"] is None
    assert (await ask(cloud, "PUT", f"/stores/{cloud.other_store_id}", "owner", own)).status_code == 404
    assert (await ask(cloud, "PUT", f"/stores/{cloud.foreign_store_id}", "admin", own)).status_code == 404


async def test_opening_hours_come_back_as_they_were_set(cloud: CloudUnderTest) -> None:
    path = f"/stores/{cloud.store_id}/opening-hours"
    document = {
        "weekly": [
            {"weekday": 0, "opens": "09:00", "closes": "13:00"},
            {"weekday": 0, "opens": "14:00", "closes": "24:00"},
            {"weekday": 4, "opens": "20:00", "closes": "02:00"},
        ],
        "exceptions": [{"day": "2026-12-25", "opens": None, "closes": None, "note": "Christmas"}],
    }
    assert (await ask(cloud, "PUT", path, "owner", document)).json() == document
    assert (await ask(cloud, "GET", path, "staff")).json() == document
    twice = {"exceptions": document["exceptions"] * 2}
    assert (await ask(cloud, "PUT", path, "owner", twice)).status_code == 422
    assert (await ask(cloud, "GET", path, "staff")).json() == document


async def test_another_time_zone_moves_the_days_and_figures_still_equal_events(cloud: CloudUnderTest) -> None:
    stay = crossing(3, kind="dwell", value=40.0, occurred_at="2026-03-28T22:30:00Z")
    await cloud.send(
        [crossing(1, occurred_at="2026-03-28T22:30:00Z"), crossing(2, occurred_at="2026-03-28T09:00:00Z"), stay]
    )
    form = {"name": "High Street", "timezone": "Asia/Kathmandu"}
    assert (await ask(cloud, "PUT", f"/stores/{cloud.store_id}", "admin", form)).status_code == 200
    async with maintenance(cloud.database) as connection:
        assert await rollup_differences(connection) == []


async def test_cameras_are_known_since_they_were_heard_of_and_can_be_retired(cloud: CloudUnderTest) -> None:
    path = f"/stores/{cloud.store_id}/cameras"
    await cloud.send([crossing(1), crossing(2, camera_id="aisle")])
    assert [c["camera_id"] for c in (await ask(cloud, "GET", path, "staff")).json()["cameras"]] == [
        "aisle",
        "cam_entrance",
    ]
    by_hand = {"camera_id": "back", "name": "Back door"}
    assert (await ask(cloud, "POST", path, "owner", by_hand)).status_code == 201
    assert (await ask(cloud, "POST", path, "owner", by_hand)).status_code == 409
    change = {"name": "Aisle 1", "is_retired": True}
    retired = await ask(cloud, "PUT", f"{path}/aisle", "owner", change)
    assert retired.json()["retired_at"] is not None
    assert (await ask(cloud, "PUT", f"{path}/nowhere", "owner", change)).status_code == 404


async def test_zones_have_revisions_and_any_can_be_brought_back(cloud: CloudUnderTest) -> None:
    await cloud.send([crossing(1)])
    path = f"/stores/{cloud.store_id}/cameras/cam_entrance/zones"
    first = await ask(cloud, "PUT", path, "owner", {"based_on": 0, "zones": [LINE]})
    assert first.json() == {"outcome": "kept", "revision": 1, "conflict_revision": None}
    same = await ask(cloud, "PUT", path, "owner", {"based_on": 1, "zones": [LINE]})
    assert same.json()["outcome"] == "unchanged"
    second = await ask(cloud, "PUT", path, "admin", {"based_on": 1, "zones": [LINE, AREA], "note": "a queue"})
    assert second.json()["revision"] == 2
    back = await ask(cloud, "POST", f"{path}/1/choose", "owner")
    assert back.json()["revision"] == 3
    history = (await ask(cloud, "GET", path, "staff")).json()
    assert [(r["revision"], r["author"], len(r["zones"])) for r in history["revisions"]] == [
        (3, "owner@acme.example", 1), (2, "admin@acme.example", 2), (1, "owner@acme.example", 1)
    ]  # fmt: skip
    assert history["current"] == 3
    assert (await ask(cloud, "PUT", path, "staff", {"based_on": 3, "zones": []})).status_code == 403
    crossed = {**AREA, "points": [[0.1, 0.1], [0.4, 0.4], [0.4, 0.1], [0.1, 0.4]]}
    assert (await ask(cloud, "PUT", path, "owner", {"based_on": 3, "zones": [crossed]})).status_code == 422
    assert (await ask(cloud, "POST", f"{path}/9/choose", "owner")).status_code == 404


async def test_an_edit_of_an_older_revision_waits_until_somebody_decides(cloud: CloudUnderTest) -> None:
    await cloud.send([crossing(1)])
    path = f"/stores/{cloud.store_id}/cameras/cam_entrance/zones"
    await ask(cloud, "PUT", path, "owner", {"based_on": 0, "zones": [LINE]})
    late = await ask(cloud, "PUT", path, "admin", {"based_on": 0, "zones": [AREA]})
    assert late.json() == {"outcome": "conflict", "revision": 1, "conflict_revision": 2}
    again = await ask(cloud, "PUT", path, "admin", {"based_on": 0, "zones": [AREA]})
    assert again.json() == late.json()
    waiting = await ask(cloud, "GET", f"/stores/{cloud.store_id}/zone-conflicts", "analyst")
    assert waiting.json() == ["cam_entrance"]
    await ask(cloud, "POST", f"{path}/2/choose", "owner")
    history = (await ask(cloud, "GET", path, "owner")).json()
    assert (history["current"], history["has_conflict"]) == (3, False)
    assert history["revisions"][0]["zones"][0]["zone_id"] == "till"


async def test_cameras_whose_ids_hold_slashes_can_be_made_and_changed(cloud: CloudUnderTest) -> None:
    admin = await cloud.token("admin@acme.example")
    path = f"/api/v1/stores/{cloud.store_id}/cameras"
    await cloud.send([crossing(1, camera_id="shop/door"), crossing(2, camera_id="shop/zones of love")])
    for camera_id in ("shop/door", "shop/zones of love"):
        for written in (camera_id, quote(camera_id, safe="")):
            answer = await cloud.client.put(f"{path}/{written}", json={"name": f"The {written}"[:50]}, headers=admin)
            assert (answer.status_code, answer.json()["camera_id"]) == (200, camera_id), answer.text
            line = {"kind": "line", "zone_id": "door", "points": [[0.1, 0.5], [0.9, 0.5]]}
            based_on = (await cloud.client.get(f"{path}/{written}/zones", headers=admin)).json()["revisions"]
            edit = {
                "based_on": len(based_on),
                "zones": [{**line, "points": [[0.1, 0.1 + len(based_on) / 9], [0.9, 0.5]]}],
            }
            kept = await cloud.client.put(f"{path}/{written}/zones", json=edit, headers=admin)
            assert kept.status_code == 200, kept.text
    made = await cloud.client.post(path, json={"camera_id": "a/b"}, headers=admin)
    assert made.status_code == 201
