"""``wink-cloud seed-demo``."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from cloud_api.demo_data.drawings import ZONE_SETS, heat_cells
from cloud_api.demo_data.figures import DOOR, FLOOR, TILL, DemoFigures, figures_of
from cloud_api.demo_data.people import DemoPlaces
from cloud_api.demo_data.plan import HOLIDAYS, STORES, DemoStore
from cloud_api.demo_data.writer import write
from cloud_api.kit.errors import ConflictError
from cloud_api.rollups.proof import note_retained_from
from cloud_api.stores.administration import Administration
from cloud_api.stores.opening_hours import DayException, OpeningHoursOf, OpeningTimes, Span
from cloud_api.stores.zone_sets import ZoneSetsOf
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.visible_stores import VisibleStores
from shared_models.zone_sets import ZoneEdit

SEED = 20_260_101
CAMERA_NAMES = {DOOR: "Entrance", FLOOR: "Sales floor", TILL: "Till"}


async def seed(
    connection: AsyncConnection, *, org: str, email: str, password: str, now: datetime, n_days: int
) -> dict[str, int]:
    """Make the organisation ``org`` (or fill the one that ``serve --demo`` has made); rows per table.

    Figures without their events would be called wrong by ``verify-rollups``, so it notes that events begin now.

    Raises:
        ConflictError: the demo is there already, or others use this database.
    """
    office = Administration(connection)
    org_id = await _organisation(connection, office, org)
    with suppress(ConflictError):
        await office.create_user(email, password, role="org_admin", store=None, org=org, is_demo=True)
    scope = Scope(org_id, None)
    rows: dict[str, int] = {}
    for index, store in enumerate(STORES):
        store_id = await _store(connection, scope, office, org, store, now=now, n_days=n_days)
        made = figures_of(index, now=now, n_days=n_days, chance=Random(SEED + index))  # noqa: S311 - no secret
        for table, found in made.rows.items():
            rows[table.name] = rows.get(table.name, 0) + await write(
                connection, table, found, org_id=org_id, store_id=store_id
            )
        await _laptop(connection, scope, store_id, store, made, now=now, is_ill=index == len(STORES) - 1)
    await note_retained_from(connection, now)
    return rows


async def _organisation(connection: AsyncConnection, office: Administration, org: str) -> UUID:
    places = DemoPlaces(connection)
    others = [name for name, is_demo in await places.organisations() if not is_demo]
    if others:
        raise ConflictError(
            f"Others use this database ({', '.join(others[:3])}); make the demo in one of its own, with --data-dir."
        )
    with suppress(ConflictError):
        await office.create_organisation(org, is_demo=True)
    org_id = await places.id_of(org)
    visible = await VisibleStores(connection, Scope(org_id, None)).all()
    if any(store.name == STORES[0].name for store in visible):
        raise ConflictError("The demo is there already; for a new one take another --data-dir.")
    return org_id


async def _store(
    connection: AsyncConnection, scope: Scope, office: Administration, org: str, store: DemoStore, *, now: datetime,
    n_days: int,
) -> UUID:  # fmt: skip
    store_id = await office.create_store(org, store.name, timezone=store.timezone, capacity=store.capacity)
    span = Span(store.opens * 60, store.closes * 60)
    days = range(7 if store.is_open_on_sunday else 6)
    closed = [
        DayException(day, None, "holiday")
        for n in range(n_days + 400)
        if ((day := (now + timedelta(days=30 - n)).date()).month, day.day) in HOLIDAYS
    ]
    times = OpeningTimes(tuple((d, span) for d in days), tuple(closed))
    await OpeningHoursOf(connection, scope).put(store_id, times)
    return store_id


async def _laptop(
    connection: AsyncConnection, scope: Scope, store_id: UUID, store: DemoStore, made: DemoFigures, *, now: datetime,
    is_ill: bool,
) -> None:  # fmt: skip
    zone = ZoneInfo(store.timezone)
    first = min((row[0] for table, rows in made.rows.items() if table.name == "day coverage" for row in rows))
    since = datetime.combine(first, time(), zone)
    places = DemoPlaces(connection)
    device_id = await places.add_laptop(scope.org_id, store_id, since=since, now=now, n_events=len(made.latest))
    for camera_id, name in CAMERA_NAMES.items():
        health: dict[str, Any] = {"state": "seeing", "words": "", "fps": 5.0}
        if is_ill and camera_id == TILL:
            health = {"state": "refused", "words": "The camera refuses this password.", "fps": None}
        await places.add_camera(
            scope.org_id, store_id, camera_id, name=name, device_id=device_id, since=since, now=now, **health
        )
        edit = ZoneEdit(camera_id=camera_id, based_on=0, zones=ZONE_SETS[camera_id])
        await ZoneSetsOf(connection, scope).edit(store_id, edit, author="demo", note="drawn for the demo")
    yesterday = (now.astimezone(zone) - timedelta(days=1)).date()
    for camera_id in CAMERA_NAMES:
        cells = heat_cells(camera_id, person_s=60.0 * store.per_day)
        await places.add_heat(scope.org_id, store_id, camera_id, yesterday, cells=cells, person_s=36_000.0)
    await places.add_events(scope.org_id, store_id, device_id, made.latest, door=(DOOR, "door"), now=now)
