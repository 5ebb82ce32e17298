from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from shared_models.enrolment import CODE_LETTERS
from shared_models.sync import EDGE_KEY_HEADER
from tests.helpers.cloud import CloudUnderTest, crossing

LINE = {"kind": "line", "zone_id": "door", "points": [[0.1, 0.5], [0.9, 0.5]]}
MOVED = {**LINE, "points": [[0.1, 0.6], [0.9, 0.6]]}


async def ask(cloud: CloudUnderTest, method: str, path: str, who: str, json: Any = None) -> Any:
    headers = await cloud.token(f"{who}@acme.example")
    return await cloud.client.request(method, f"/api/v1{path}", headers=headers, json=json)


async def edge(cloud: CloudUnderTest, method: str, path: str, json: Any = None, *, key: str = "") -> Any:
    headers = {EDGE_KEY_HEADER: key or cloud.edge_key}
    return await cloud.client.request(method, f"/api/v1/edge/{path}", headers=headers, json=json)


async def beat(cloud: CloudUnderTest, *, behind_s: float = 0.0, **told: Any) -> Any:
    sent_at = (datetime.now(UTC) - timedelta(seconds=behind_s)).isoformat()
    answer = await edge(cloud, "POST", "heartbeat", {"sent_at": sent_at, **told})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def code_of(cloud: CloudUnderTest, who: str = "owner") -> str:
    answer = await ask(cloud, "POST", f"/stores/{cloud.store_id}/pairing-codes", who)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


async def test_a_laptop_is_enrolled_by_a_code_once(cloud: CloudUnderTest) -> None:
    code = await code_of(cloud)
    assert set(code.replace("-", "")) <= set(CODE_LETTERS)
    assert len(code) == 9
    form = {"code": code.lower().replace("-", " "), "device_name": "Back office", "version": "1.0"}
    answer = await edge(cloud, "POST", "enrol", form)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["store_name"], told["organisation_name"]) == ("High Street", "Acme")
    sent = await cloud.send([crossing(1)], key=told["edge_key"])
    assert sent.json()["results"][0]["status"] == "accepted"
    assert (await edge(cloud, "POST", "enrol", form)).status_code == 404
    devices = (await ask(cloud, "GET", "/devices", "owner")).json()["devices"]
    assert [d["name"] for d in devices] == ["Till laptop", "Back office"]


async def test_of_ten_laptops_that_type_one_code_at_once_one_is_enrolled(cloud: CloudUnderTest) -> None:
    code = await code_of(cloud)
    answers = await asyncio.gather(*(edge(cloud, "POST", "enrol", {"code": code}) for _ in range(6)))
    assert sorted(a.status_code for a in answers) == [201, 404, 404, 404, 404, 404]


async def test_a_newer_code_and_ten_minutes_end_a_code(cloud: CloudUnderTest) -> None:
    older, newer = await code_of(cloud), await code_of(cloud)
    assert (await edge(cloud, "POST", "enrol", {"code": older})).status_code == 404
    async with maintenance(cloud.database) as connection:
        past = "2020-01-01 00:00:00" if cloud.database.is_sqlite else "2020-01-01 00:00:00+00"
        await connection.execute(text(f"UPDATE pairing_codes SET expires_at = '{past}'"))
    assert (await edge(cloud, "POST", "enrol", {"code": newer})).status_code == 404


async def test_guessing_codes_is_slowed_down(cloud: CloudUnderTest) -> None:
    answers = [await edge(cloud, "POST", "enrol", {"code": "AAAA-AAAA"}) for _ in range(12)]
    assert [a.status_code for a in answers] == [404] * 10 + [429] * 2
    assert (await edge(cloud, "POST", "enrol", {"code": await code_of(cloud)})).status_code == 429


async def test_who_may_make_codes(cloud: CloudUnderTest) -> None:
    for who, store, status in (
        ("admin", cloud.store_id, 201), ("owner", cloud.store_id, 201), ("analyst", cloud.store_id, 403),
        ("staff", cloud.store_id, 403), ("owner", cloud.other_store_id, 404), ("admin", cloud.foreign_store_id, 404),
    ):  # fmt: skip
        assert (await ask(cloud, "POST", f"/stores/{store}/pairing-codes", who)).status_code == status


async def test_a_heartbeat_tells_how_cameras_do_and_how_wrong_the_clock_is(cloud: CloudUnderTest) -> None:
    cameras = [
        {"camera_id": "door", "name": "Door", "state": "seeing", "fps": 5.0},
        {"camera_id": "aisle", "state": "refused", "words": "the camera refuses this password"},
    ]
    answer = await beat(cloud, behind_s=3600, cameras=cameras, outbox_depth=17, version="1.2")
    assert 3590 < answer["clock_offset_s"] < 3610
    found = (await ask(cloud, "GET", f"/stores/{cloud.store_id}/cameras", "staff")).json()["cameras"]
    assert [(c["camera_id"], c["state"], c["name"]) for c in found] == [
        ("aisle", "refused", ""),
        ("door", "seeing", "Door"),
    ]
    (device,) = (await ask(cloud, "GET", "/devices", "analyst")).json()["devices"]
    assert (device["outbox_depth"], device["version"], device["clock_offset_s"] > 3590) == (17, "1.2", True)
    assert (
        await edge(cloud, "POST", "heartbeat", {"sent_at": datetime.now(UTC).isoformat()}, key="x" * 40)
    ).status_code == 401


async def test_zones_edited_in_the_browser_reach_the_store(cloud: CloudUnderTest) -> None:
    held = [{"camera_id": "door", "state": "seeing", "zone_revision": 0}]
    before = await beat(cloud, cameras=held)
    assert before["zone_sets"] == []
    path = f"/stores/{cloud.store_id}/cameras/door/zones"
    await ask(cloud, "PUT", path, "owner", {"based_on": 0, "zones": [LINE]})
    after = await beat(cloud, cameras=held, config_revision=before["config_revision"])
    assert after["config_revision"] > before["config_revision"]
    assert [(s["camera_id"], s["revision"], s["zones"][0]["zone_id"]) for s in after["zone_sets"]] == [
        ("door", 1, "door")
    ]
    now_held = [{"camera_id": "door", "state": "seeing", "zone_revision": 1}]
    assert (await beat(cloud, cameras=now_held))["zone_sets"] == []
    assert (await edge(cloud, "GET", "zones")).json()["sets"][0]["revision"] == 1


async def test_zones_edited_in_the_store_reach_the_browser(cloud: CloudUnderTest) -> None:
    answer = await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 0, "zones": [LINE]})
    assert answer.json()["outcome"] == "kept"
    history = (await ask(cloud, "GET", f"/stores/{cloud.store_id}/cameras/door/zones", "staff")).json()
    assert history["revisions"][0]["author"] == "laptop Till laptop"


async def test_zones_edited_in_both_are_both_kept_and_somebody_is_asked(cloud: CloudUnderTest) -> None:
    await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 0, "zones": [LINE]})
    path = f"/stores/{cloud.store_id}/cameras/door/zones"
    await ask(cloud, "PUT", path, "owner", {"based_on": 1, "zones": []})
    answer = await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 1, "zones": [MOVED]})
    assert answer.json() == {"outcome": "conflict", "revision": 2, "conflict_revision": 3}
    held = [{"camera_id": "door", "state": "seeing", "zone_revision": 1}]
    waiting = await beat(cloud, cameras=held)
    assert (waiting["conflicts"], waiting["zone_sets"]) == (["door"], [])
    await ask(cloud, "POST", f"{path}/3/choose", "owner")
    decided = await beat(cloud, cameras=held)
    assert decided["conflicts"] == []
    assert [(s["revision"], s["zones"][0]["points"][0]) for s in decided["zone_sets"]] == [(4, [0.1, 0.6])]


async def test_a_conflict_is_decided_at_the_laptop_for_either_side(cloud: CloudUnderTest) -> None:
    path = f"/stores/{cloud.store_id}/cameras/door/zones"
    await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 0, "zones": [LINE]})
    await ask(cloud, "PUT", path, "owner", {"based_on": 1, "zones": []})
    await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 1, "zones": [MOVED]})
    theirs = await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 2, "zones": [], "decides": 3})
    assert theirs.json() == {"outcome": "unchanged", "revision": 2, "conflict_revision": None}
    assert (await beat(cloud))["conflicts"] == []
    await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 1, "zones": [MOVED]})
    other = await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 1, "zones": [LINE], "decides": 4})
    assert other.json()["outcome"] == "conflict", "it was not made from the newest"
    ours = await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 2, "zones": [MOVED], "decides": 5})
    assert (ours.json()["outcome"], (await beat(cloud))["conflicts"]) == ("kept", [])


async def test_a_laptop_does_not_decide_what_somebody_else_brought(cloud: CloudUnderTest) -> None:
    path = f"/stores/{cloud.store_id}/cameras/door/zones"
    await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 0, "zones": [LINE]})
    await ask(cloud, "PUT", path, "owner", {"based_on": 1, "zones": []})
    await ask(cloud, "PUT", path, "owner", {"based_on": 1, "zones": [MOVED]})
    await edge(cloud, "PUT", "zones", {"camera_id": "door", "based_on": 2, "zones": [LINE], "decides": 3})
    assert (await beat(cloud))["conflicts"] == ["door"]


async def test_a_laptop_has_two_live_keys_at_most_and_a_revoked_one_is_refused(cloud: CloudUnderTest) -> None:
    (device,) = (await ask(cloud, "GET", "/devices", "owner")).json()["devices"]
    path = f"/devices/{device['device_id']}"
    second = (await ask(cloud, "POST", f"{path}/keys", "owner")).json()["edge_key"]
    assert (await ask(cloud, "POST", f"{path}/keys", "owner")).status_code == 409
    assert (await edge(cloud, "GET", "zones", key=second)).status_code == 200
    first_id = device["keys"][0]["key_id"]
    assert (await ask(cloud, "DELETE", f"{path}/keys/{uuid4()}", "owner")).status_code == 404
    assert (await ask(cloud, "DELETE", f"{path}/keys/{first_id}", "owner")).status_code == 200
    assert (await edge(cloud, "GET", "zones")).status_code == 401
    assert (await cloud.send([crossing(1)])).status_code == 401
    assert (await edge(cloud, "GET", "zones", key=second)).status_code == 200
    await ask(cloud, "DELETE", path, "owner")
    assert (await edge(cloud, "GET", "zones", key=second)).status_code == 401
    assert (await ask(cloud, "GET", "/devices", "owner")).json()["devices"] == []


async def test_keys_are_rotated_and_revoked_on_the_command_line(cloud: CloudUnderTest) -> None:
    async with maintenance(cloud.database) as connection:
        office = Administration(connection)
        _, _, second = await office.rotate_edge_key("Till laptop")
        await office.revoke_edge_key(cloud.edge_key)
    assert (await edge(cloud, "GET", "zones")).status_code == 401
    assert (await edge(cloud, "GET", "zones", key=second)).status_code == 200
