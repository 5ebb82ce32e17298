"""News of changed figures reaches pages that hang on another worker."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import text

from tests.helpers.cloud import CloudUnderTest, crossing, running_cloud


async def heard_within(other: CloudUnderTest, *, seconds: float) -> bool:
    with other.app.state.broadcaster.listen() as listener:
        changes = listener.changes(heartbeat_s=seconds, visible={other.store_id})
        return await anext(changes) == {other.store_id}


async def test_an_upload_at_one_worker_is_heard_at_the_other_also_after_its_line_was_cut(tmp_path: Path) -> None:
    async with running_cloud(tmp_path, is_postgresql=True) as one:
        settings = one.app.state.settings
        urls = {"database_url": settings.database_url, "database_direct_url": settings.database_direct_url}
        async with running_cloud(tmp_path, is_postgresql=True, **urls) as other:
            await asyncio.sleep(0.5)
            hearing = asyncio.create_task(heard_within(other, seconds=5))
            await asyncio.sleep(0.05)
            await one.send([crossing(1)])
            assert await hearing

            cut = text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' "
                "AND datname = current_database()"
            )
            hearing = asyncio.create_task(heard_within(other, seconds=5))
            await asyncio.sleep(0.05)
            async with one.database.begin(is_direct=True) as connection:
                assert (await connection.execute(cut)).scalar_one() >= 1
            # What was told while nobody listened is lost: every page is told to ask anew.
            assert await hearing
            hearing = asyncio.create_task(heard_within(other, seconds=5))
            await asyncio.sleep(0.05)
            await one.send([crossing(2)])
            assert await hearing
