"""Wrong clocks, packed bodies, crowds of laptops, crashes: the figures stay those of the events."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlmodel import col

from cloud_api.ingest.admission import Admission, BusyError, Lane, lane_of
from cloud_api.ingest.batch import ReadBatch, TooLargeError, UnreadableError, read_batch, unpack
from cloud_api.ingest.clocks import timed
from cloud_api.ingest.memory import KEY_LIFE_S, IngestMemory
from cloud_api.ingest.service import ingest
from cloud_api.models import Camera, Event
from cloud_api.rollups.proof import rebuild, rollup_differences
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from shared_models.events import EVENT_ADAPTER
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt, ReceiptStatus
from tests.helpers.cloud import START, CloudUnderTest, crossing, running_cloud

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def differences(cloud: CloudUnderTest) -> list[str]:
    async with maintenance(cloud.database) as connection:
        return await rollup_differences(connection)


async def post(cloud: CloudUnderTest, body: bytes, *, encoding: str = "", key: str = "") -> Any:
    headers = {EDGE_KEY_HEADER: key or cloud.edge_key, "Content-Encoding": encoding}
    return await cloud.client.post(EVENTS_PATH, content=body, headers=headers)


def event_at(moment: datetime) -> Any:
    return EVENT_ADAPTER.validate_python(crossing(1, occurred_at=moment.isoformat()))


@pytest.mark.parametrize(
    ("stamped", "sent_at", "counted", "is_marked"),
    [
        (NOW - timedelta(hours=1), NOW, NOW - timedelta(hours=1), False),
        (NOW - timedelta(hours=1), NOW - timedelta(seconds=90), NOW - timedelta(hours=1), False),
        (NOW + timedelta(hours=1), NOW + timedelta(hours=2), NOW - timedelta(hours=1), True),
        (NOW - timedelta(hours=3), NOW - timedelta(hours=2), NOW - timedelta(hours=1), True),
        (
            datetime(2000, 1, 1, 0, 5, tzinfo=UTC),
            datetime(2000, 1, 1, 0, 10, tzinfo=UTC),
            NOW - timedelta(minutes=5),
            True,
        ),
        (NOW + timedelta(days=9), NOW, NOW, True),
        (NOW + timedelta(days=9), None, NOW, True),
        (NOW - timedelta(days=40), None, NOW - timedelta(days=40), False),
    ],
)
def test_a_wrong_clock_is_corrected_and_marked(
    stamped: datetime, sent_at: datetime | None, counted: datetime, is_marked: bool
) -> None:
    (found,) = timed([event_at(stamped)], sent_at=sent_at, now=NOW)
    assert (found.occurred_at, found.stamped_at) == (counted, stamped if is_marked else None)


def test_a_body_that_unpacks_to_gigabytes_is_refused_before_it_does() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(b" " * 200_000_000)
    assert len(bomb) < 50_000
    with pytest.raises(TooLargeError):
        unpack(bomb, encoding="zstd", max_bytes=8_000_000)
    wide = zstandard.ZstdCompressor(compression_params=zstandard.ZstdCompressionParameters(window_log=27)).compressobj()
    with pytest.raises(UnreadableError):
        unpack(wide.compress(b" " * 1_000_000) + wide.flush(), encoding="zstd", max_bytes=8_000_000)


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_zstd_body_that_is_cut_off_is_refused(cut: int) -> None:
    whole = zstandard.compress(b'{"events": []}' * 50)
    assert unpack(whole, encoding="zstd", max_bytes=10_000) == b'{"events": []}' * 50
    with pytest.raises(UnreadableError):
        unpack(whole[:-cut], encoding="zstd", max_bytes=10_000)
    with pytest.raises(UnreadableError):
        unpack(b"no zstd at all", encoding="zstd", max_bytes=10_000)


async def test_zstd_is_taken_like_gzip(cloud: CloudUnderTest) -> None:
    body = json.dumps({"sent_at": datetime.now(UTC).isoformat(), "events": [crossing(1), crossing(2)]}).encode()
    assert (await post(cloud, zstandard.compress(body), encoding="zstd")).json()["contiguous_seq"] == 2
    again = await post(cloud, gzip.compress(body), encoding="gzip")
    assert [r["status"] for r in again.json()["results"]] == ["duplicate"] * 2


async def test_a_laptop_whose_clock_is_wrong_is_counted_in_the_right_hour_once(cloud: CloudUnderTest) -> None:
    now = datetime.now(UTC)
    behind = timedelta(days=300)
    events = [crossing(n, occurred_at=(now - behind - timedelta(minutes=5)).isoformat()) for n in (1, 2)]
    for _ in range(2):  # the second time at another moment: the correction differs, the event does not
        body = {"sent_at": (datetime.now(UTC) - behind).isoformat(), "events": events}
        assert (await post(cloud, json.dumps(body).encode())).status_code == 200
    async with maintenance(cloud.database) as connection:
        rows = (await connection.execute(select(Event.occurred_at, Event.stamped_at))).all()
    assert len(rows) == 2
    assert all(abs(now - timedelta(minutes=5) - row[0]) < timedelta(minutes=1) for row in rows)
    assert all(row[1] is not None for row in rows)
    assert await differences(cloud) == []


async def test_names_that_no_database_keeps_are_refused(cloud: CloudUnderTest) -> None:
    answer = await cloud.send([crossing(1, camera_id="a\x00b"), crossing(2)])
    assert [r["status"] for r in answer.json()["results"]] == ["rejected", "accepted"]


async def test_times_that_no_calendar_has_are_refused(cloud: CloudUnderTest) -> None:
    answer = await cloud.send([crossing(1, occurred_at="0001-01-01T00:00:00Z"), crossing(2)])
    assert [r["status"] for r in answer.json()["results"]] == ["rejected", "accepted"]


async def test_laptops_of_one_store_that_overlap_in_time_never_lock_each_other_out(cloud: CloudUnderTest) -> None:
    keys = [cloud.edge_key]
    async with maintenance(cloud.database) as connection:
        for _ in range(3):
            keys.append((await Administration(connection).create_edge_key("High Street"))[2])
    source = random.Random(5)

    async def laptop(key: str) -> None:
        seqs = list(range(1, 121))
        source.shuffle(seqs)
        for start in range(0, 120, 30):
            batch = [
                crossing(
                    s, minutes=source.uniform(0, 300), camera_id=f"cam{source.randrange(4)}", kind="dwell", value=9.0
                )
                for s in seqs[start : start + 30]
            ]
            for _ in range(20):
                answer = await cloud.send(batch, key=key)
                if answer.status_code != 429:
                    break
                await asyncio.sleep(0.05)
            assert answer.status_code == 200, answer.text

    await asyncio.gather(*(laptop(key) for key in keys))
    async with maintenance(cloud.database) as connection:
        assert (await connection.execute(text("SELECT count(*) FROM events"))).scalar_one() == 480
    assert await differences(cloud) == []


async def test_an_upload_that_dies_in_the_middle_leaves_nothing_behind(cloud: CloudUnderTest, monkeypatch: Any) -> None:
    await cloud.send([crossing(1)])
    edge = await IngestMemory().device_of(cloud.database, cloud.edge_key)
    batch = ReadBatch({0: EVENT_ADAPTER.validate_python(crossing(2, kind="dwell", value=3.0))}, {})

    async def die(*_: object, **__: object) -> None:
        raise ConnectionError("the plug is pulled")

    with monkeypatch.context() as patched:
        patched.setattr("cloud_api.ingest.repository.IngestRepository.advance_seq", die)
        with pytest.raises(ConnectionError):
            await ingest(cloud.database, edge, batch, new_cameras=set())
    assert await differences(cloud) == []
    receipt = await ingest(cloud.database, edge, batch, new_cameras=set())
    assert (receipt.count(ReceiptStatus.ACCEPTED), receipt.contiguous_seq) == (1, 2)
    told = BatchReceipt.model_validate_json(receipt.json())
    assert [(r.index, r.event_id, r.status) for r in told.results] == [(0, batch.events[0].event_id, "accepted")]
    assert await differences(cloud) == []


async def test_figures_made_anew_from_events_are_the_same_figures(cloud: CloudUnderTest) -> None:
    await cloud.send([crossing(n, minutes=n * 7, kind="queue_wait", value=n * 2.0) for n in range(1, 60)])
    async with maintenance(cloud.database) as connection:
        await connection.execute(text("UPDATE rollups_day SET n = n + 1"))
        assert await rollup_differences(connection) != []
        assert await rebuild(connection) == 3
        assert await rollup_differences(connection) == []


KINDS = [
    "footfall_in",
    "footfall_out",
    "dwell",
    "shelf_interaction",
    "queue_wait",
    "occupancy",
    "camera_gap",
    "heatmap",
]
drawn_events = st.lists(
    st.tuples(st.sampled_from(KINDS), st.floats(-3000, 3000), st.floats(0, 90_000), st.integers(0, 2)),
    min_size=1, max_size=25,
)  # fmt: skip


def made(seq: int, kind: str, minutes: float, value: float, camera: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"camera_id": f"cam{camera}"}
    if kind in ("camera_gap", "heatmap"):
        fields |= {"zone_id": None, "zone_revision": None}
    if kind == "heatmap":
        fields["attributes"] = {"grid": [4, 3], "cells": [[int(value) % 12, 2.5]], "seconds": 60}
    elif kind == "occupancy":
        fields |= {"value": value / 1000, "attributes": {"peak": int(value / 900), "seen_s": 57.5}}
    elif kind not in ("footfall_in", "footfall_out"):
        fields["value"] = value
    return crossing(seq, kind=kind, minutes=minutes, **fields)


@pytest.mark.parametrize("is_postgresql", [False, True], ids=["sqlite", "postgresql"])
def test_any_batches_in_any_order_by_any_clock_leave_figures_equal_to_events(
    tmp_path: Path, is_postgresql: bool
) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        drawn_events, st.randoms(use_true_random=False),
        st.lists(st.tuples(st.floats(0, 1), st.sampled_from([None, 0, -7200, 86_400 * 30])), min_size=1, max_size=4),
    )  # fmt: skip
    def check(
        drawn: list[tuple[str, float, float, int]], source: random.Random, uploads: list[tuple[float, Any]]
    ) -> None:
        async def run() -> None:
            async with running_cloud(tmp_path / str(source.random()), is_postgresql=is_postgresql) as cloud:
                events = [made(n, *d) for n, d in enumerate(drawn, 1)]
                for share, offset_s in [*uploads, (1.0, 0)]:
                    batch = source.sample(events, max(1, int(share * len(events))))
                    batch += source.sample(batch, len(batch) // 3)
                    body: dict[str, Any] = {"events": batch}
                    if offset_s is not None:
                        body["sent_at"] = (datetime.now(UTC) + timedelta(seconds=offset_s)).isoformat()
                    answer = await post(cloud, json.dumps(body).encode())
                    assert answer.status_code == 200, answer.text
                assert answer.json()["contiguous_seq"] == len(events)
                assert await differences(cloud) == []

        asyncio.run(run())

    check()


async def test_live_uploads_go_before_backlog_and_nobody_is_kept_waiting_for_ever() -> None:
    admission = Admission(4)
    order: list[str] = []
    stop = asyncio.Event()

    async def hold(lane: Lane, name: str) -> None:
        async with admission.writing(lane):
            order.append(name)
            await stop.wait()

    tasks = [asyncio.create_task(hold(Lane.BACKLOG, f"old{n}")) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError) as told:
        await hold(Lane.BACKLOG, "one too many")
    assert 3 <= told.value.retry_after_s < 23
    tasks += [asyncio.create_task(hold(Lane.LIVE, f"live{n}")) for n in range(2)]
    await asyncio.sleep(0.01)
    assert order == ["old0", "old1", "old2", "live0"]
    with pytest.raises(BusyError):
        await hold(Lane.BACKLOG, "pushes in")
    stop.set()
    await asyncio.gather(*tasks)
    assert order[-1] == "live1"


async def test_a_crowd_is_sent_away_before_its_bodies_are_read() -> None:
    admission = Admission(1)
    inside = [admission.reading() for _ in range(8)]
    for place in inside:
        await place.__aenter__()
    with pytest.raises(BusyError):
        await admission.reading().__aenter__()
    for place in inside:
        await place.__aexit__(None, None, None)
    async with admission.reading():
        pass


def test_what_has_just_happened_is_live() -> None:
    assert lane_of(NOW - timedelta(minutes=3), now=NOW) is Lane.LIVE
    assert lane_of(None, now=NOW) is Lane.LIVE
    assert lane_of(NOW - timedelta(hours=3), now=NOW) is Lane.BACKLOG


async def test_a_busy_cloud_says_when_to_come_back(cloud: CloudUnderTest) -> None:
    admission: Admission = cloud.app.state.admission
    async with asyncio.timeout(10), admission.writing(Lane.BACKLOG), admission.writing(Lane.BACKLOG):
        admission._waiting = 1  # a live upload waits: backlog steps back
        answer = await cloud.send([crossing(1)])
        admission._waiting = 0
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 3
    assert (await cloud.send([crossing(1)])).status_code == 200


async def test_a_revoked_key_is_remembered_for_less_than_a_minute(cloud: CloudUnderTest) -> None:
    now_s = [0.0]
    memory = IngestMemory(now_s=lambda: now_s[0])
    await memory.device_of(cloud.database, cloud.edge_key)
    async with maintenance(cloud.database) as connection:
        await Administration(connection).revoke_edge_key(cloud.edge_key)
    now_s[0] = KEY_LIFE_S + 1
    assert KEY_LIFE_S < 60
    with pytest.raises(Exception, match="not known, or was revoked"):
        await memory.device_of(cloud.database, cloud.edge_key)


async def test_a_camera_has_seen_since_its_first_event_also_where_that_comes_later(cloud: CloudUnderTest) -> None:
    """What is live goes first, then the backlog, all within the minute in which a camera is not looked up again."""
    for seq, minutes in ((3, 60), (1, -600), (2, -590)):
        assert (await cloud.send([crossing(seq, minutes=minutes)])).status_code == 200
    async with maintenance(cloud.database) as connection:
        (first_at,) = (await connection.execute(select(col(Camera.first_seen_at)))).scalars().all()
    assert first_at == START + timedelta(minutes=-600)


def test_one_wrong_event_does_not_lose_the_time_of_the_upload() -> None:
    body = {"sent_at": NOW.isoformat(), "events": [crossing(1), {"nonsense": True}]}
    read = read_batch(json.dumps(body).encode())
    assert (len(read.events), len(read.refused), read.sent_at) == (1, 1, NOW)
    assert START.tzinfo is UTC
