"""Today is the same day in the store's window and at head office, and so are the people inside: by the store's clock."""

from __future__ import annotations

import os
import time as clocks
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import VisibleStores
from cloud_api.web.levels import levels_of
from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.services.running_figures import written_drift
from desktop_app.services.sync import batch_payload
from desktop_app.services.today_figures import DayFigures, Watch, day_figures, span_of_day
from desktop_app.settings import EdgeSettings
from shared_models.clock import ManualClock
from shared_models.enrolment import StoreFacts
from shared_models.heartbeat import HEARTBEAT_PATH, Heartbeat, HeartbeatAnswer
from shared_models.store_time import StoreTime
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt, ReceiptStatus
from tests.helpers.cloud import CloudUnderTest, running_cloud
from tests.helpers.counted_camera import CountedCamera, inwards, outwards

pytestmark = pytest.mark.contract
STORE = StoreTime(ZoneInfo("America/New_York"), reset_hour=3)
FRIDAY, SATURDAY = date(2026, 3, 27), date(2026, 3, 28)


def there(day: date, hour: int, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=STORE.zone).astimezone(UTC)


WALKS = (
    (there(FRIDAY, 23, 30), True),
    (there(SATURDAY, 0, 30), True),
    (there(SATURDAY, 0, 50), False),
    (there(SATURDAY, 2, 40), True),
    (there(SATURDAY, 3, 30), True),
)


@pytest.fixture
def _laptop_elsewhere() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    clocks.tzset()
    yield
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    clocks.tzset()


@pytest.fixture(params=["sqlite", "postgresql"])
async def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CloudUnderTest]:
    async with running_cloud(tmp_path / "cloud", is_postgresql=request.param == "postgresql") as running:
        headers = await running.token("admin@acme.example")
        form = {"name": "High Street", "timezone": "America/New_York", "reset_hour": STORE.reset_hour}
        answer = await running.client.put(f"/api/v1/stores/{running.store_id}", json=form, headers=headers)
        assert answer.status_code == 200, answer.text
        yield running


def counted(settings: EdgeSettings) -> list[tuple[int, int]]:
    """In and out on the live tile after each walk."""
    camera, tiles = CountedCamera(settings, start=WALKS[0][0], time=STORE), []
    for at, is_in in WALKS:
        camera.walk(inwards() if is_in else outwards(), at_s=(at - WALKS[0][0]).total_seconds())
        (tile,) = camera.pipeline.counts()
        tiles.append((tile.in_count, tile.out_count))
    camera.close()
    return tiles


async def uploaded(cloud: CloudUnderTest, settings: EdgeSettings) -> None:
    outbox = SqliteOutbox(settings.outbox_path, clock=ManualClock())
    rows = outbox.claim(limit=500, max_bytes=10**6)
    payload = batch_payload(rows, sent_at=datetime.now(UTC), dead_letter_seqs=[])
    answer = await cloud.client.post(EVENTS_PATH, content=payload, headers={EDGE_KEY_HEADER: cloud.edge_key})
    receipt = BatchReceipt.model_validate_json(answer.content)
    assert all(r.status is ReceiptStatus.ACCEPTED for r in receipt.results)
    outbox.close()


def in_the_window(settings: EdgeSettings, day: date, *, now: datetime) -> DayFigures:
    """Today, as the store's window showed it at ``now``."""
    start, end = span_of_day(day, time=STORE, now=now)
    events = SqliteEventArchive(settings.outbox_path).events(start_at=start, end_at=min(end, now))
    return day_figures(day, events, time=STORE, now=now, watch=Watch(["cam"], lambda *_: 3600.0))


async def asked(cloud: CloudUnderTest, what: str, **more: str) -> Any:
    headers = await cloud.token("admin@acme.example")
    span = {"store_id": str(cloud.store_id), "from": "2026-03-27", "to": "2026-03-30", **more}
    answer = await cloud.client.get(f"/api/v1/analytics/{what}", params=span, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def live_level(cloud: CloudUnderTest, org_id: UUID, *, now: datetime) -> tuple[int, bool]:
    """People inside, as Live and the dashboard showed them at ``now``."""
    async with scoped(cloud.database, Scope(org_id, None), is_read=True) as connection:
        store = await VisibleStores(connection, Scope(org_id, None)).one(cloud.store_id)
        repository, day = AnalyticsRepository(connection, [store]), STORE.day_of(now)
        level = (await levels_of(repository, [store], first=day, last=day, now=now))[store.id]
    return level.now, level.is_known


@pytest.mark.usefixtures("_laptop_elsewhere")
async def test_both_have_the_same_days_and_the_same_people_inside(cloud: CloudUnderTest, tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "edge")
    assert counted(settings) == [(1, 0), (1, 0), (1, 1), (2, 1), (3, 1)], "a tile begins anew at the store's midnight"
    await uploaded(cloud, settings)
    headers = await cloud.token("admin@acme.example")
    org_id = UUID((await cloud.client.get("/api/v1/auth/me", headers=headers)).json()["org_id"])

    late = there(SATURDAY, 23, 59)
    days = {
        row["start"][:10]: (row["in"], row["out"]) for row in (await asked(cloud, "footfall", bucket="day"))["rows"]
    }
    for day, expected in ((FRIDAY, (1, 0)), (SATURDAY, (3, 1))):
        own = in_the_window(settings, day, now=late)
        assert (own.in_count, own.out_count) == expected == days[day.isoformat()]

    quarters = {r["start"]: r["level"] for r in (await asked(cloud, "occupancy", bucket="15min"))["rows"]}
    for (at, _), inside in zip(WALKS, (1, 2, 1, 2, 1), strict=True):
        now = at + timedelta(minutes=14)
        own = in_the_window(settings, STORE.day_of(now), now=now)
        quarter = at.astimezone(STORE.zone)
        quarter = quarter.replace(minute=quarter.minute // 15 * 15)
        assert own.inside == inside == quarters[quarter.isoformat()]
        assert await live_level(cloud, org_id, now=now) == (inside, True)

    drifts = {d["day"]: d["people"] for d in (await asked(cloud, "occupancy", bucket="day"))["drifts"]}
    counters = SqliteEventArchive(settings.outbox_path).counters()
    assert (
        drifts["2026-03-27"] == in_the_window(settings, FRIDAY, now=late).drift == written_drift(counters, FRIDAY) == 2
    )


async def test_the_edge_is_told_how_its_store_is_set(cloud: CloudUnderTest) -> None:
    beat = Heartbeat(sent_at=datetime.now(UTC)).model_dump_json()
    headers = {EDGE_KEY_HEADER: cloud.edge_key, "Content-Type": "application/json"}
    answer = await cloud.client.post(HEARTBEAT_PATH, content=beat, headers=headers)
    told = HeartbeatAnswer.model_validate_json(answer.content)
    assert told.store == StoreFacts(name="High Street", time_zone="America/New_York", reset_hour=3)
    # A cloud of before tells nothing of it, and an edge of before asks nothing.
    former = HeartbeatAnswer.model_validate({"now": told.now, "clock_offset_s": 0.0, "config_revision": 1})
    assert former.store is None
