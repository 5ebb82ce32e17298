"""A zone counted anew: the cloud ends in the same figures, however and in whatever order it hears of it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from cloud_api.rollups.proof import note_retained_from, rollup_differences
from cloud_api.tenancy.transactions import maintenance
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


async def test_a_recount_that_reaches_before_the_events_that_are_kept_is_refused_with_its_new_events(
    cloud: CloudUnderTest,
) -> None:
    """Its figures could not be lowered by what is gone: the new ones would be added to them."""
    await cloud.send([crossing(n, minutes=n) for n in range(1, 6)])
    async with maintenance(cloud.database) as connection:
        await note_retained_from(connection, START - timedelta(hours=3))
    batch = [recount(6, start_min=0, end_min=60, events=1), again(7, minutes=3), crossing(8, minutes=90)]
    results = (await cloud.send(batch)).json()["results"]
    assert [r["status"] for r in results] == ["rejected", "rejected", "accepted"]
    assert "from 29 March 2026 on" in results[0]["reason"]
    assert results[1]["reason"] == results[0]["reason"]
    (late,) = (await cloud.send([again(9, minutes=4)])).json()["results"]
    assert late["status"] == "rejected", "also without its marker"
    assert await in_and_out(cloud) == (6, 0)
    day = 24 * 60
    later = [crossing(10, minutes=day), recount(11, start_min=day - 60, end_min=day + 60, events=0)]
    answer = await cloud.send(later)
    assert [r["status"] for r in answer.json()["results"]] == ["duplicate", "accepted"]
    assert answer.json()["contiguous_seq"] == 11
    assert await differences(cloud) == []


async def test_a_recount_goes_by_the_clock_of_the_store_also_where_the_cloud_has_corrected_it(
    cloud: CloudUnderTest,
) -> None:
    behind = timedelta(days=100)
    now = datetime.now(UTC)
    stamp = now - behind - timedelta(minutes=30)

    def at(minutes: float) -> str:
        return (stamp + timedelta(minutes=minutes)).isoformat()

    first = [crossing(n, occurred_at=at(n)) for n in range(1, 6)]
    await cloud.send(first, sent_at=(now - behind).isoformat())
    marker = crossing(6, kind="zone_recounted", occurred_at=at(0), attributes={"from": at(2), "to": at(4), "events": 0})
    # By now the clock of the laptop is right; the marker speaks of the time as it was stamped then.
    answer = await cloud.send([marker], sent_at=datetime.now(UTC).isoformat())
    assert answer.json()["results"][0]["status"] == "accepted"
    async with maintenance(cloud.database) as connection:
        query = text("SELECT seq FROM events WHERE type = 'footfall_in' ORDER BY seq")
        assert list((await connection.execute(query)).scalars()) == [1, 4, 5]
    assert await differences(cloud) == []
    # One of the void ones comes again, its correction a little different.
    (late,) = (await cloud.send([first[2]], sent_at=(datetime.now(UTC) - behind).isoformat())).json()["results"]
    assert late["status"] == "duplicate"
    assert await differences(cloud) == []
