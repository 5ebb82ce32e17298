from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from cloud_api.kit.histogram import bin_of
from cloud_api.models import Event
from cloud_api.rollups.proof import rollup_differences
from cloud_api.tenancy.transactions import maintenance
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH
from tests.helpers.cloud import START, CloudUnderTest, crossing


async def differences(cloud: CloudUnderTest) -> list[str]:
    async with maintenance(cloud.database) as connection:
        return await rollup_differences(connection)


async def in_and_out(cloud: CloudUnderTest) -> tuple[int, int]:
    answer = await cloud.client.get(
        "/api/v1/analytics/footfall",
        params={"store_id": str(cloud.store_id), "from": "2026-03-28", "to": "2026-03-30", "bucket": "day"},
        headers=await cloud.token("admin@acme.example"),
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["totals"]["in"], answer.json()["totals"]["out"]


async def test_a_batch_is_accepted_counted_and_answered_event_by_event(cloud: CloudUnderTest) -> None:
    events = [crossing(1), crossing(2, kind="footfall_out"), crossing(3, minutes=20)]
    answer = await cloud.send(events)
    assert answer.status_code == 200
    assert [r["status"] for r in answer.json()["results"]] == ["accepted"] * 3
    assert [r["event_id"] for r in answer.json()["results"]] == [e["event_id"] for e in events]
    assert answer.json()["contiguous_seq"] == 3
    assert await in_and_out(cloud) == (2, 1)
    assert await differences(cloud) == []


async def test_sending_twice_changes_nothing(cloud: CloudUnderTest) -> None:
    events = [crossing(1), crossing(2)]
    await cloud.send(events)
    again = await cloud.send(events, packed=False)
    assert [r["status"] for r in again.json()["results"]] == ["duplicate", "duplicate"]
    assert await in_and_out(cloud) == (2, 0)
    assert await differences(cloud) == []


async def test_one_event_twice_in_a_batch_is_counted_once(cloud: CloudUnderTest) -> None:
    event = crossing(1)
    answer = await cloud.send([event, event])
    assert [r["status"] for r in answer.json()["results"]] == ["accepted", "duplicate"]
    assert await in_and_out(cloud) == (1, 0)


async def test_a_bad_event_is_refused_with_its_reason_and_its_neighbours_are_taken(cloud: CloudUnderTest) -> None:
    bad = crossing(2, kind="dwell", value=-4)
    answer = await cloud.send([crossing(1), bad, {"nonsense": True}, crossing(3)])
    statuses = [r["status"] for r in answer.json()["results"]]
    assert statuses == ["accepted", "rejected", "rejected", "accepted"]
    assert "greater than or equal to 0" in answer.json()["results"][1]["reason"]
    assert answer.json()["results"][1]["event_id"] == bad["event_id"]
    assert answer.json()["results"][2]["event_id"] is None
    assert answer.json()["contiguous_seq"] == 3, "a refused event is no hole"
    assert await differences(cloud) == []


async def test_a_hole_in_the_sequence_is_seen_until_it_is_filled(cloud: CloudUnderTest) -> None:
    events = [crossing(n) for n in range(1, 6)]
    assert (await cloud.send([events[0], events[3], events[4]])).json()["contiguous_seq"] == 1
    assert (await cloud.send([events[2]])).json()["contiguous_seq"] == 1
    assert (await cloud.send([events[1]])).json()["contiguous_seq"] == 5


async def test_a_refused_event_that_the_edge_keeps_as_a_dead_letter_is_no_hole_for_ever(cloud: CloudUnderTest) -> None:
    events = [crossing(n) for n in range(1, 8)]
    late = {**events[4], "type": "levitation"}
    assert (await cloud.send([late])).json()["results"][0]["status"] == "rejected"
    # Refused before its forerunners came: the cloud does not remember it, the edge does.
    assert (await cloud.send(events[:4])).json()["contiguous_seq"] == 4
    assert (await cloud.send([events[5]], dead_letter_seqs=[5])).json()["contiguous_seq"] == 6
    # A person sends the dead letter again, mended: it counts, once.
    again = await cloud.send([events[4], events[6]])
    assert [r["status"] for r in again.json()["results"]] == ["accepted", "accepted"]
    assert again.json()["contiguous_seq"] == 7
    assert await in_and_out(cloud) == (7, 0)
    assert await differences(cloud) == []


async def test_dead_letters_do_not_hide_a_real_hole_and_nonsense_among_them_is_overlooked(
    cloud: CloudUnderTest,
) -> None:
    assert (await cloud.send([crossing(1), crossing(5)], dead_letter_seqs=[2, 4])).json()["contiguous_seq"] == 2
    answer = await cloud.send([crossing(6)], dead_letter_seqs=["4", None, True, -1, 4.0, 10**30, [3]])
    assert answer.status_code == 200
    assert answer.json()["contiguous_seq"] == 2
    assert (await cloud.send([crossing(3)], dead_letter_seqs=[4])).json()["contiguous_seq"] == 6


async def test_a_sequence_number_used_for_another_event_is_refused(cloud: CloudUnderTest) -> None:
    await cloud.send([crossing(1)])
    (result,) = (await cloud.send([crossing(1)])).json()["results"]
    assert result["status"] == "rejected"
    assert "seq 1 was used" in result["reason"]


async def test_two_stores_with_the_same_event_id_swallow_nothing_of_each_other(cloud: CloudUnderTest) -> None:
    event = crossing(1)
    for key in (cloud.edge_key, cloud.foreign_edge_key):
        (result,) = (await cloud.send([event], key=key)).json()["results"]
        assert result["status"] == "accepted"


async def test_an_unknown_key_is_refused(cloud: CloudUnderTest) -> None:
    for key in ("edge_highst_" + "x" * 43, "x", " "):
        answer = await cloud.send([crossing(1)], key=key)
        assert answer.status_code == 401
    assert (await cloud.client.post(EVENTS_PATH, content=b"{}")).status_code == 401
    assert await in_and_out(cloud) == (0, 0)


async def test_a_body_that_is_no_batch_is_refused_in_words(cloud: CloudUnderTest) -> None:
    headers = {EDGE_KEY_HEADER: cloud.edge_key}
    for body, encoding, status in (
        (b"<html>", "", 422),
        (b"[]", "", 422),
        (b'{"events": 3}', "", 422),
        (b"not gzip", "gzip", 422),
        (gzip.compress(b'{"events": []}')[:-6], "gzip", 422),
        (gzip.compress(b" " * 20_000_000), "gzip", 413),
        (b" " * 9_000_000, "", 413),
        (b"{}", "br", 422),
    ):
        answer = await cloud.client.post(EVENTS_PATH, content=body, headers={**headers, "Content-Encoding": encoding})
        assert answer.status_code == status, (body[:20], encoding, answer.text)
        assert answer.json()["detail"]


async def test_an_empty_batch_is_a_sign_of_life(cloud: CloudUnderTest) -> None:
    answer = await cloud.send([])
    assert answer.json() == {"results": [], "contiguous_seq": 0}


async def test_events_from_the_future_happened_now_at_the_latest_and_old_ones_when_they_say(
    cloud: CloudUnderTest,
) -> None:
    answer = await cloud.send([crossing(1, occurred_at="2131-01-01T00:00:00Z"), crossing(2, minutes=-60 * 24 * 200)])
    assert [r["status"] for r in answer.json()["results"]] == ["accepted", "accepted"]
    async with maintenance(cloud.database) as connection:
        rows = (await connection.execute(select(Event.seq, Event.occurred_at, Event.stamped_at))).all()
    by_seq = {seq: (occurred_at, stamped_at) for seq, occurred_at, stamped_at in rows}
    assert abs(by_seq[1][0] - datetime.now(UTC)) < timedelta(minutes=1)
    assert by_seq[1][1] == datetime(2131, 1, 1, tzinfo=UTC)
    assert by_seq[2] == (START - timedelta(days=200), None)
    assert await differences(cloud) == []


async def test_batches_in_any_order_and_number_leave_rollups_equal_to_events(cloud: CloudUnderTest) -> None:
    source = random.Random(4)
    kinds = [("footfall_in", None), ("footfall_out", None), ("dwell", 12.5), ("queue_wait", 60.0)]
    events = []
    for seq in range(1, 121):
        kind, value = source.choice(kinds)
        events.append(crossing(seq, minutes=source.uniform(-600, 600), kind=kind, value=value))
    for _ in range(25):
        batch = source.sample(events, source.randint(1, 40))
        assert (await cloud.send(batch)).status_code == 200
    last = await cloud.send(source.sample(events, len(events)))
    assert last.json()["contiguous_seq"] == 120
    assert await differences(cloud) == []
    went_in, went_out = await in_and_out(cloud)
    assert went_in <= sum(e["type"] == "footfall_in" for e in events)
    assert went_in + went_out > 0


async def test_footfall_is_bucketed_in_the_stores_own_time_on_the_day_the_clocks_change(cloud: CloudUnderTest) -> None:
    # 2026-03-29 has 23 hours in Berlin: 01:30 UTC is 03:30 there.
    await cloud.send([crossing(1, occurred_at="2026-03-29T00:30:00Z"), crossing(2, occurred_at="2026-03-29T01:30:00Z")])
    answer = await cloud.client.get(
        "/api/v1/analytics/footfall",
        params={"store_id": str(cloud.store_id), "from": "2026-03-29", "to": "2026-03-30", "bucket": "hour"},
        headers=await cloud.token("owner@acme.example"),
    )
    rows = answer.json()["rows"]
    assert len(rows) == 23
    assert [r["start"] for r in rows if r["in"]] == ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"]
    assert [r["has_data"] for r in rows].count(True) == 2


async def test_another_tenants_store_and_no_store_look_the_same(cloud: CloudUnderTest) -> None:
    admin, owner = await cloud.token("admin@acme.example"), await cloud.token("owner@acme.example")
    for path in ("/api/v1/analytics/footfall?from=2026-03-28&to=2026-03-29&bucket=day", "/api/v1/analytics/zones?x=1"):
        for headers, store_id, status in (
            ({}, cloud.store_id, 401),
            ({"Authorization": "Bearer nonsense"}, cloud.store_id, 401),
            (admin, cloud.store_id, 200),
            (admin, cloud.other_store_id, 200),
            (owner, cloud.store_id, 200),
            (owner, cloud.other_store_id, 404),
            (admin, cloud.foreign_store_id, 404),
            (admin, uuid4(), 404),
        ):
            answer = await cloud.client.get(f"{path}&store_id={store_id}", headers=headers)
            assert answer.status_code == status, (path, store_id, answer.text)
    names = (await cloud.client.get("/api/v1/stores", headers=owner)).json()["stores"]
    assert [s["name"] for s in names] == ["High Street"]


async def test_of_two_events_with_one_id_the_first_is_kept_and_counted(cloud: CloudUnderTest) -> None:
    first = crossing(1)
    await cloud.send([first, {**first, "seq": 2, "type": "footfall_out"}])
    assert await in_and_out(cloud) == (1, 0)
    assert await differences(cloud) == []


async def test_values_no_database_takes_are_refused_and_not_called_busy(cloud: CloudUnderTest) -> None:
    nan = crossing(3, attributes={"x": float("nan")})
    answer = await cloud.send([crossing(1, zone_revision=2**31), crossing(2, track_id=2**63), nan, crossing(4)])
    assert [r["status"] for r in answer.json()["results"]] == ["rejected"] * 3 + ["accepted"]


async def test_a_tampered_rollup_is_found_in_each_of_its_figures(cloud: CloudUnderTest) -> None:
    await cloud.send([crossing(1), crossing(2, kind="dwell", value=12.0)])
    for change in ("n = n + 1", "total = total + 1", "peak = peak + 1"):
        async with maintenance(cloud.database) as connection:
            await connection.execute(text(f"UPDATE rollups_coarse SET {change} WHERE type = 'dwell'"))
        assert len(await differences(cloud)) == 1, change
        async with maintenance(cloud.database) as connection:
            undone = change.replace("+", "-")
            await connection.execute(text(f"UPDATE rollups_coarse SET {undone} WHERE type = 'dwell'"))
        assert await differences(cloud) == []


@pytest.mark.parametrize("change", ["n = n + 1", "total = total + 1", "peak = peak + 1", "stays = :other"])
async def test_a_tampered_hour_is_found_in_each_of_its_figures(cloud: CloudUnderTest, change: str) -> None:
    await cloud.send([crossing(1), crossing(2, kind="dwell", value=12.0)])
    query = text(f"UPDATE rollups_hour SET {change} WHERE type = 'dwell'")
    async with maintenance(cloud.database) as connection:
        await connection.execute(query, {"other": bytes([bin_of(13.5)])} if ":other" in change else {})
    (told,) = await differences(cloud)
    assert told.startswith(f"hour rollup {cloud.store_id} ")


async def test_an_hour_in_which_the_camera_was_blind_has_no_data(cloud: CloudUnderTest) -> None:
    gap = crossing(1, kind="camera_gap", value=3600.0, zone_id=None, zone_revision=None)
    await cloud.send([gap, crossing(2, minutes=60)])
    answer = await cloud.client.get(
        "/api/v1/analytics/footfall",
        params={
            "store_id": str(cloud.store_id),
            "from": "2026-03-28T10:00",
            "to": "2026-03-28T12:00",
            "bucket": "hour",
        },
        headers=await cloud.token("owner@acme.example"),
    )
    assert [(r["in"], r["has_data"]) for r in answer.json()["rows"]] == [(0, False), (1, True)]


async def test_years_by_month_are_answered_and_impossible_spans_are_refused_in_words(cloud: CloudUnderTest) -> None:
    headers = await cloud.token("owner@acme.example")
    for start, end, bucket, status in (
        ("2020-01-01", "2026-01-01", "month", 200),
        ("2020-01-01", "2026-01-01", "15min", 422),
        ("2026-01-02", "2026-01-01", "day", 422),
        ("9999-12-31", "9999-12-31T05:00", "day", 422),
        ("0001-01-01", "2026-01-01", "month", 422),
        ("yesterday", "2026-01-01", "day", 422),
    ):
        answer = await cloud.client.get(
            "/api/v1/analytics/footfall",
            params={"store_id": str(cloud.store_id), "from": start, "to": end, "bucket": bucket},
            headers=headers,
        )
        assert answer.status_code == status, (start, end, bucket, answer.text)
