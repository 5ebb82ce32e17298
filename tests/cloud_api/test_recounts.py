"""A zone counted anew: the cloud ends in the same figures, however and in whatever order it hears of it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from cloud_api.rollups.proof import rollup_differences
from tests.helpers.cloud import START, CloudUnderTest, crossing


async def differences(cloud: CloudUnderTest) -> list[str]:
    async with cloud.database.begin() as connection:
        return await rollup_differences(connection)


async def in_and_out(cloud: CloudUnderTest) -> tuple[int, int]:
    answer = await cloud.client.get(
        "/api/v1/analytics/footfall",
        params={"store_id": str(cloud.store_id), "from": "2026-03-28", "to": "2026-03-30", "bucket": "day"},
        headers=await cloud.token("admin@acme.example"),
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["totals"]["in"], answer.json()["totals"]["out"]


def recount(seq: int, *, start_min: float, end_min: float, events: int = 0, **fields: Any) -> dict[str, Any]:
    span = {
        "from": (START + timedelta(minutes=start_min)).isoformat(),
        "to": (START + timedelta(minutes=end_min)).isoformat(),
        "events": events,
    }
    return crossing(seq, kind="zone_recounted", minutes=start_min, attributes=span, **fields)


def again(seq: int, *, minutes: float, **fields: Any) -> dict[str, Any]:
    return crossing(seq, minutes=minutes, attributes={"recounted": True}, **fields)


async def test_recounted_events_take_the_place_of_the_earlier_ones_of_their_zone_and_span(
    cloud: CloudUnderTest,
) -> None:
    earlier = [
        crossing(1, minutes=5),
        crossing(2, minutes=20),
        crossing(3, minutes=59.9, kind="footfall_out"),
        crossing(4, minutes=60),
        crossing(5, minutes=30, zone_id="other"),
        crossing(6, minutes=30, camera_id="cam_other"),
        crossing(7, minutes=30, kind="occupancy", value=2.0),
    ]
    await cloud.send(earlier)
    assert await in_and_out(cloud) == (5, 1)
    batch = [recount(8, start_min=0, end_min=60, events=1), again(9, minutes=21)]
    answer = await cloud.send(batch)
    assert [r["status"] for r in answer.json()["results"]] == ["accepted", "accepted"]
    assert answer.json()["contiguous_seq"] == 9
    # Left are the new one, the one at the end of the span, the other zone and the other camera.
    assert await in_and_out(cloud) == (4, 0)
    assert await differences(cloud) == []


async def test_sending_a_recount_twice_changes_nothing(cloud: CloudUnderTest) -> None:
    await cloud.send([crossing(n, minutes=n) for n in range(1, 6)])
    batch = [recount(6, start_min=0, end_min=60, events=2), again(7, minutes=3), again(8, minutes=4)]
    await cloud.send(batch)
    repeated = await cloud.send(batch)
    assert [r["status"] for r in repeated.json()["results"]] == ["duplicate"] * 3
    assert await in_and_out(cloud) == (2, 0)
    assert await differences(cloud) == []


async def test_earlier_events_that_arrive_after_the_recount_are_void(cloud: CloudUnderTest) -> None:
    """A slow upload is overtaken, or its reply was lost and it is sent again."""
    late = [crossing(n, minutes=n) for n in range(1, 4)]
    await cloud.send([recount(4, start_min=0, end_min=60, events=1), again(5, minutes=2)])
    answer = await cloud.send([*late, crossing(6, minutes=30)])
    assert [r["status"] for r in answer.json()["results"]] == ["duplicate"] * 3 + ["accepted"]
    assert answer.json()["contiguous_seq"] == 6, "what is void is no hole"
    assert await in_and_out(cloud) == (2, 0)
    assert await differences(cloud) == []


async def test_a_later_recount_replaces_an_earlier_one_and_peaks_of_stays_fall_too(cloud: CloudUnderTest) -> None:
    stays = [crossing(n, minutes=n, kind="dwell", value=10.0 * n, zone_id="floor") for n in range(1, 5)]
    other = crossing(5, minutes=2, kind="dwell", value=25.0, zone_id="aisle")
    await cloud.send([*stays, other])
    floor = {"zone_id": "floor"}
    await cloud.send(
        [recount(6, start_min=0, end_min=15, events=1, **floor), again(7, minutes=2, kind="dwell", value=12.0, **floor)]
    )
    assert await differences(cloud) == []
    await cloud.send([recount(8, start_min=0, end_min=15, events=0, **floor)])
    assert await differences(cloud) == []
    answer = await cloud.client.get(
        "/api/v1/analytics/zones",
        params={"store_id": str(cloud.store_id), "from": "2026-03-28", "to": "2026-03-30"},
        headers=await cloud.token("admin@acme.example"),
    )
    presences = {z["zone_id"]: z["presences"] for z in answer.json()["zones"]}
    assert presences.get("floor", 0) == 0
    assert presences["aisle"] == 1


async def test_another_store_is_not_touched(cloud: CloudUnderTest) -> None:
    await cloud.send([crossing(1, minutes=1)])
    await cloud.send([recount(5, start_min=0, end_min=60)], key=cloud.foreign_edge_key)
    assert await in_and_out(cloud) == (1, 0)


@pytest.mark.parametrize("attributes", [{}, {"from": "yesterday", "to": "today"}, {"from": 1, "to": 2}])
async def test_a_recount_without_a_span_is_refused_in_words(cloud: CloudUnderTest, attributes: dict[str, Any]) -> None:
    wrong = crossing(1, kind="zone_recounted", attributes=attributes)
    (result,) = (await cloud.send([wrong])).json()["results"]
    assert result["status"] == "rejected"
    assert "'from' and 'to'" in result["reason"]


async def test_whatever_the_order_and_repetition_the_figures_end_the_same(cloud: CloudUnderTest) -> None:
    source = random.Random(7)
    events = [crossing(n, minutes=source.uniform(0, 120)) for n in range(1, 41)]
    events += [
        recount(41, start_min=10, end_min=70, events=4),
        *(again(n, minutes=12 * (n - 40)) for n in range(42, 46)),
    ]
    events += [crossing(n, minutes=source.uniform(0, 120)) for n in range(46, 61)]
    events += [recount(61, start_min=30, end_min=90, events=2), again(62, minutes=31), again(63, minutes=80)]
    for _ in range(12):
        await cloud.send(source.sample(events, source.randint(1, 30)))
    last = await cloud.send(source.sample(events, len(events)))
    assert last.json()["contiguous_seq"] == 63
    assert await differences(cloud) == []
    markers = [e for e in events if e["type"] == "zone_recounted"]
    standing = [
        e
        for e in events
        if e["type"] == "footfall_in"
        and not any(
            e["seq"] < m["seq"] and m["attributes"]["from"] <= e["occurred_at"] < m["attributes"]["to"] for m in markers
        )
    ]
    assert await in_and_out(cloud) == (len(standing), 0)
    assert len(standing) < len(events) - len(markers)
