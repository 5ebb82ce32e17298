"""What was said of many stores is said again for ten minutes; what is silent is told at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlmodel import col

from cloud_api.insights.memory import KEPT, Insights, InsightsMemory
from cloud_api.insights.statements import insights_of
from cloud_api.models import Store
from cloud_api.stores.opening_hours import OpeningTimes, Span
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.transactions import maintenance, scoped
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores
from tests.cloud_api.auth.test_guessing import statements_of
from tests.helpers.cloud import CloudUnderTest, crossing

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


async def asked(
    cloud: CloudUnderTest, stores: list[StoreView], memory: InsightsMemory, *, now: datetime = NOW,
    times: OpeningTimes | None = None,
) -> tuple[int, Insights]:  # fmt: skip
    """How many questions the database was asked, and what was said."""
    async with scoped(cloud.database, Scope(stores[0].org_id, None), is_read=True) as connection:
        with statements_of(cloud) as seen:
            hours = {s.id: times for s in stores} if times else {}
            said = await insights_of(connection, stores, hours, now=now, memory=memory)
    # Whatever else the program asks at that moment is none of ours.
    own = [
        words
        for words in seen
        if words.startswith(("SELECT coverage_", "SELECT rollup", "SELECT cameras", "SELECT edge_"))
    ]
    return len(own), said


async def both_stores(cloud: CloudUnderTest) -> list[StoreView]:
    async with maintenance(cloud.database) as connection:
        org = select(col(Store.org_id)).where(col(Store.id) == cloud.store_id)
        scope = Scope((await connection.execute(org)).scalar_one(), None)
        return await VisibleStores(connection, scope).all()


async def test_of_many_stores_what_was_said_is_said_again_for_a_while(cloud: CloudUnderTest) -> None:
    stores, memory = await both_stores(cloud), InsightsMemory()
    await cloud.send([crossing(1)])
    whole, first = await asked(cloud, stores, memory)
    again, second = await asked(cloud, stores, memory, now=NOW + KEPT - timedelta(seconds=1))
    assert again == 1 < whole, "only when each store was heard last"
    assert [s.words for s in second.statements] == [s.words for s in first.statements]
    assert (await asked(cloud, stores, memory, now=NOW + KEPT))[0] == whole
    for other in (
        [replace(stores[0], name="Renamed"), stores[1]],
        [replace(stores[0], timezone="Asia/Tokyo"), stores[1]],
        stores[::-1],
    ):
        assert (await asked(cloud, other, memory))[0] >= whole
    open_all_day = OpeningTimes(weekly=tuple((day, Span(0, 1440)) for day in range(7)))
    assert (await asked(cloud, stores, memory, times=open_all_day))[0] == whole
    assert (await asked(cloud, stores, memory, now=NOW + timedelta(days=1)))[0] == whole


async def test_of_one_store_nothing_is_remembered(cloud: CloudUnderTest) -> None:
    (store, _), memory = await both_stores(cloud), InsightsMemory()
    assert (await asked(cloud, [store], memory))[0] == (await asked(cloud, [store], memory))[0] > 1


async def test_a_store_that_has_just_fallen_silent_is_told_at_once(cloud: CloudUnderTest) -> None:
    stores, memory = await both_stores(cloud), InsightsMemory()
    await cloud.send([crossing(1)])
    heard_at = datetime.now(UTC)
    _, before = await asked(cloud, stores, memory, now=heard_at + timedelta(minutes=29))
    n, after = await asked(cloud, stores, memory, now=heard_at + timedelta(minutes=32))
    told = [s.words for s in after.statements if s.words.startswith("Silent since")]
    assert (n, len(told), [s for s in before.statements if s.words.startswith("Silent since")]) == (1, 1, [])
