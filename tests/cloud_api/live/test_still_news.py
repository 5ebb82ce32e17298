"""Who looks at one worker sees what a laptop sent to another; nothing else of it is anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from cloud_api.devices.stills import ASK_LIFE, STILL_LIFE, Asked, Came, Forgotten, News, StillBox
from cloud_api.kit.errors import ConflictError
from cloud_api.live.still_news import MOST_PARTLY, StillNews, Unpacking, packed
from cloud_api.tenancy.transactions import maintenance
from shared_models.stills import MAX_STILL_BYTES
from tests.cloud_api.devices.test_edge_api import beat
from tests.cloud_api.devices.test_stills import jpeg, looked, sent, switch
from tests.cloud_api.web.conftest import logged_in
from tests.helpers.cloud import CloudUnderTest, running_cloud

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
STORE, OTHER = uuid4(), uuid4()


def two_boxes() -> tuple[StillBox, StillBox, list[News]]:
    """Two that hear of each other at once, and all that was told."""
    told: list[News] = []

    def to_second(news: News) -> None:
        told.append(news)
        second.hear(news, now=NOW)

    def to_first(news: News) -> None:
        told.append(news)
        first.hear(news, now=NOW)

    first, second = StillBox(tell=to_second), StillBox(tell=to_first)
    return first, second, told


def test_a_look_here_lets_a_still_come_there() -> None:
    here, there, _ = two_boxes()
    with pytest.raises(ConflictError):
        there.put(STORE, "cam", jpeg(), now=NOW)
    assert here.ask(STORE, "cam", now=NOW)
    assert not there.ask(STORE, "cam", now=NOW), "one look, one line in the audit log"
    assert there.wanted(STORE, now=NOW) == ("cam",)
    assert there.wanted(OTHER, now=NOW) == ()
    there.put(STORE, "cam", jpeg(), now=NOW)
    held = here.get(STORE, "cam", now=NOW)
    assert held is not None
    assert held.jpeg == jpeg()


def test_a_picture_is_told_only_while_somebody_looks_elsewhere() -> None:
    here, there, told = two_boxes()
    here.ask(STORE, "cam", now=NOW)
    here.put(STORE, "cam", jpeg(), now=NOW)
    assert [type(news) for news in told] == [Asked], "who looks here needs nobody else"
    late = NOW + ASK_LIFE + timedelta(seconds=1)
    with pytest.raises(ConflictError):
        there.put(STORE, "cam", jpeg(), now=late)
    there.ask(STORE, "cam", now=late)
    there.put(STORE, "cam", jpeg(), now=late)
    assert Came not in {type(news) for news in told}


def test_switched_off_here_is_forgotten_there() -> None:
    here, there, _ = two_boxes()
    here.ask(STORE, "cam", now=NOW)
    here.ask(OTHER, "cam", now=NOW)
    for store in (STORE, OTHER):
        there.put(store, "cam", jpeg(), now=NOW)
    here.forget(STORE)
    for box in (here, there):
        assert box.get(STORE, "cam", now=NOW) is None
        assert box.wanted(STORE, now=NOW) == ()
        assert box.get(OTHER, "cam", now=NOW) is not None


def test_what_another_worker_sends_unasked_is_not_held() -> None:
    box = StillBox()
    box.hear(Came(STORE, "cam", jpeg()), now=NOW)
    assert box.get(STORE, "cam", now=NOW) is None


async def test_what_is_too_old_goes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_api.devices.stills.SWEEP_S", 0.01)
    box, long_ago = StillBox(), datetime.now(UTC) - STILL_LIFE - timedelta(seconds=1)
    box.ask(STORE, "cam", now=long_ago)
    box.put(STORE, "cam", jpeg(), now=long_ago)
    assert box._held
    async with box.running():
        await asyncio.sleep(0.1)
    assert not box._held


@pytest.mark.parametrize("size", [0, 1, 5_249, 5_250, 5_251, MAX_STILL_BYTES])
def test_notices_are_small_and_whole_again_in_any_order(size: int) -> None:
    news = Came(STORE, "till/\u00e4" * 40, bytes(n % 251 for n in range(size)) + b"!")
    notices = packed(news, picture="a")
    assert max(len(notice.encode()) for notice in notices) < 7_900
    reading = Unpacking()
    read = [reading.read(notice) for notice in reversed(notices)]
    assert read == [None] * (len(notices) - 1) + [news]


@pytest.mark.parametrize("news", [Asked(STORE, "cam"), Forgotten(STORE)])
def test_short_news_are_one_notice(news: News) -> None:
    (notice,) = packed(news, picture="a")
    assert Unpacking().read(notice) == news


def test_pictures_that_never_become_whole_do_not_pile_up_and_news_of_a_newer_program_are_passed_over() -> None:
    reading = Unpacking()
    for n in range(MOST_PARTLY + 20):
        first, *_ = packed(Came(STORE, "cam", bytes(20_000)), picture=str(n))
        assert reading.read(first) is None
    assert len(reading._partly) == MOST_PARTLY
    assert reading.read('["invented later", 1]') is None


async def test_of_a_camera_only_the_newest_picture_is_told() -> None:
    news = StillNews()
    news.box.hear(Asked(STORE, "cam"), now=NOW)
    for width in (100, 200, 320):
        news.box.put(STORE, "cam", jpeg(width), now=NOW)
    reading = Unpacking()
    assert [reading.read(notice) for notice in await news.notices()][-1] == Came(STORE, "cam", jpeg(320))


async def eventually(ask: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(100):
        if await ask():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to pass within five seconds")


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[tuple[CloudUnderTest, CloudUnderTest]]:
    """Two on one PostgreSQL, each with a memory of its own."""
    async with running_cloud(tmp_path / "one", is_postgresql=True) as one:
        settings = one.app.state.settings
        urls = {"database_url": settings.database_url, "database_direct_url": settings.database_direct_url}
        async with running_cloud(tmp_path / "other", is_postgresql=True, **urls) as other:
            other.store_id, other.edge_key, other.foreign_edge_key = one.store_id, one.edge_key, one.foreign_edge_key
            await asyncio.sleep(0.3)  # until both listen
            yield one, other


async def test_the_browser_hangs_on_one_worker_and_the_laptop_on_the_other(
    workers: tuple[CloudUnderTest, CloudUnderTest],
) -> None:
    browsers, laptops = workers
    await beat(laptops, cameras=[{"camera_id": "a/b", "state": "seeing"}])
    owner = await logged_in(browsers.client, "owner@acme.example")
    assert (await sent(laptops, jpeg())).status_code == 403, "off unless somebody switched it on"
    await switch(owner, browsers, is_on=True)
    assert (await sent(laptops, jpeg())).status_code == 409, "nobody looks"
    assert (await looked(browsers)).status_code == 204

    async def is_wanted() -> bool:
        return bool((await beat(laptops))["stills"] == ["a/b"])

    async def is_seen() -> bool:
        return (await looked(browsers)).status_code == 200

    await eventually(is_wanted)
    assert (await sent(laptops, jpeg())).status_code == 204
    await eventually(is_seen)
    assert (await looked(browsers)).content == jpeg()
    async with maintenance(browsers.database) as connection:
        names = (
            await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        ).scalars()
        for name in names:
            told = "t::text LIKE '%ffd8ffe0%' OR t::text LIKE '%/9j/%'"
            rows = await connection.execute(text(f"SELECT count(*) FROM {name} t WHERE {told}"))
            assert rows.scalar_one() == 0, name

    await switch(owner, browsers, is_on=False)

    async def is_forgotten() -> bool:
        return laptops.app.state.stills.get(laptops.store_id, "a/b", now=datetime.now(UTC)) is None

    await eventually(is_forgotten)
    assert (await looked(browsers)).status_code == 403
    assert (await beat(laptops))["stills"] == []
