"""The store's window and head office show the same number under the same name: walkways inside are in no sum of people."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlmodel import col

from cloud_api.live.recent import RecentEvents
from cloud_api.models import Store
from cloud_api.rollups.proof import rebuild, rollup_differences
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.transactions import maintenance
from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.services.sync import batch_payload
from desktop_app.services.today_figures import DayFigures, Watch, day_figures, span_of_day
from desktop_app.settings import EdgeSettings
from shared_models.clock import ManualClock
from shared_models.store_time import StoreTime
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt, ReceiptStatus
from shared_models.zones import LineZone
from tests.helpers.cloud import CloudUnderTest, running_cloud
from tests.helpers.counted_camera import DOOR, CountedCamera, inwards, outwards

pytestmark = pytest.mark.contract
DAY = date(2026, 3, 28)
BERLIN = StoreTime(ZoneInfo("Europe/Berlin"))
WALK = LineZone(zone_id="walk", name="To the bakery", points=((0.1, 0.65), (0.9, 0.65)), is_entrance=False)
OUTER = DOOR.model_copy(update={"entrance": "main"})
INNER = LineZone(zone_id="inner", name="Inner door", points=((0.1, 0.58), (0.9, 0.58)), entrance="main")


@pytest.fixture(params=["sqlite", "postgresql"])
async def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CloudUnderTest]:
    async with running_cloud(tmp_path / "cloud", is_postgresql=request.param == "postgresql") as running:
        yield running


def in_the_store(settings: EdgeSettings) -> DayFigures:
    """The day as the store's own window shows it."""
    now = datetime(2026, 3, 30, tzinfo=UTC)
    start, end = span_of_day(DAY, time=BERLIN, now=now)
    events = SqliteEventArchive(settings.outbox_path).events(start_at=start, end_at=end)
    return day_figures(DAY, events, time=BERLIN, now=now, watch=Watch(["cam"], lambda *_: 3600.0))


async def upload(cloud: CloudUnderTest, settings: EdgeSettings) -> None:
    outbox = SqliteOutbox(settings.outbox_path, clock=ManualClock())
    while rows := outbox.claim(limit=500, max_bytes=10**6):
        payload = batch_payload(rows, sent_at=datetime.now(UTC), dead_letter_seqs=[])
        answer = await cloud.client.post(EVENTS_PATH, content=payload, headers={EDGE_KEY_HEADER: cloud.edge_key})
        receipt = BatchReceipt.model_validate_json(answer.content)
        assert all(r.status is ReceiptStatus.ACCEPTED for r in receipt.results)
        outbox.settle(accepted=[str(r.event_id) for r in receipt.results], rejected={})
    outbox.close()


async def ask(cloud: CloudUnderTest, what: str, **more: str) -> Any:
    headers = await cloud.token("admin@acme.example")
    span = {"store_id": str(cloud.store_id), "from": "2026-03-28", "to": "2026-03-29", **more}
    answer = await cloud.client.get(f"/api/v1/analytics/{what}", params=span, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json() if more.get("format") != "csv" else answer.text


async def people(cloud: CloudUnderTest, **more: str) -> tuple[int, int]:
    totals = (await ask(cloud, "footfall", **more))["totals"]
    return totals["in"], totals["out"]


def walked(settings: EdgeSettings, zones: tuple[LineZone, ...], *, n_in: int, n_out: int, start: datetime) -> None:
    camera = CountedCamera(settings, zones=zones, start=start)
    for n in range(n_in + n_out):
        camera.walk(inwards() if n < n_in else outwards(), at_s=60 * n, x=150 if n % 2 else 450)
    camera.close()


async def test_head_office_and_the_store_count_the_same_people(cloud: CloudUnderTest, tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "edge")
    walked(settings, (DOOR, WALK), n_in=5, n_out=2, start=datetime(2026, 3, 28, 9, tzinfo=UTC))
    # No set of zones was ever sent: the events alone say what their line was.
    await upload(cloud, settings)
    own = in_the_store(settings)
    assert (own.in_count, own.out_count, own.drift) == (5, 2, 3)
    for bucket in ("15min", "hour", "day", "month"):
        assert await people(cloud, bucket=bucket) == (own.in_count, own.out_count)
    assert await people(cloud, camera_id="cam") == (5, 2)
    # Of the walkway itself all its crossings are told, as the store does.
    assert {(z.zone_id, z.in_count, z.out_count) for z in own.zones} == {("door", 5, 2), ("walk", 5, 2)}
    for zone in own.zones:
        assert await people(cloud, zone_id=zone.zone_id) == (zone.in_count, zone.out_count)
    zones = {z["zone_id"]: (z["in"], z["walkway_in"], z["walkway_out"]) for z in (await ask(cloud, "zones"))["zones"]}
    assert zones == {"door": (5, 0, 0), "walk": (5, 5, 2)}
    occupancy = await ask(cloud, "occupancy", bucket="day", to="2026-03-30")
    assert occupancy["drifts"][-1] == {"day": "2026-03-28", "people": own.drift}
    assert occupancy["peak"] == 3
    ranking = await ask(cloud, "ranking", first="2026-03-28", last="2026-03-28")
    ranked = next(s for s in ranking["stores"] if s["store_id"] == str(cloud.store_id))
    assert (ranked["footfall_in"], ranked["footfall_out"]) == (5, 2)
    assert (await ask(cloud, "comparison", day="2026-03-28"))["footfall_in"] == 5
    lines = (await ask(cloud, "footfall", bucket="day", format="csv")).splitlines()
    assert lines[1].split(",")[2:4] == ["5", "2"]


async def test_figures_equal_their_events_also_when_they_are_made_anew(cloud: CloudUnderTest, tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "edge")
    walked(settings, (DOOR, WALK), n_in=3, n_out=1, start=datetime(2026, 3, 28, 9, tzinfo=UTC))
    await upload(cloud, settings)
    async with maintenance(cloud.database) as connection:
        assert await rollup_differences(connection) == []
        await rebuild(connection)
        assert await rollup_differences(connection) == []
    assert await people(cloud, bucket="day") == (3, 1)


async def test_a_line_that_becomes_a_walkway_leaves_the_past_as_it_was(cloud: CloudUnderTest, tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "edge")
    walked(settings, (DOOR,), n_in=4, n_out=0, start=datetime(2026, 3, 28, 9, tzinfo=UTC))
    changed = DOOR.model_copy(update={"is_entrance": False, "revision": 2})
    walked(settings, (changed,), n_in=2, n_out=1, start=datetime(2026, 3, 28, 12, tzinfo=UTC))
    await upload(cloud, settings)
    own = in_the_store(settings)
    assert (own.in_count, own.out_count) == (4, 0)
    assert await people(cloud, bucket="day") == (4, 0)
    assert await people(cloud, zone_id="door") == (6, 1)


async def test_two_lines_of_one_entrance_count_a_person_once_on_both_sides(
    cloud: CloudUnderTest, tmp_path: Path
) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "edge")
    walked(settings, (OUTER, INNER), n_in=3, n_out=2, start=datetime(2026, 3, 28, 9, tzinfo=UTC))
    await upload(cloud, settings)
    own = in_the_store(settings)
    assert (own.in_count, own.out_count) == (3, 2)
    assert await people(cloud, bucket="day") == (3, 2)


async def test_nobody_came_in_at_a_walkway(cloud: CloudUnderTest, tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "edge")
    start = datetime(2026, 3, 28, 9, tzinfo=UTC)
    walked(settings, (DOOR, WALK), n_in=1, n_out=0, start=start)
    await upload(cloud, settings)
    async with maintenance(cloud.database) as connection:
        query = select(col(Store.org_id)).where(col(Store.id) == cloud.store_id)
        org_id = (await connection.execute(query)).scalar_one()
        recent = await RecentEvents(connection, Scope(org_id, None)).of(
            [cloud.store_id], now=start.replace(minute=5), limit=10
        )
    assert [(e.type, e.zone_id) for e in recent] == [("footfall_in", "door")]
