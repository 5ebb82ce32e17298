"""``/api/v1/stores/...``: stores, opening hours, cameras and their zones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, Field

from cloud_api.auth.access import Address, Admin, Asker, Data, SettingsReader
from cloud_api.kit.texts import Name, ShortText, plain
from cloud_api.stores.cameras import Cameras, CameraView
from cloud_api.stores.opening_hours import DayException, OpeningHoursOf, OpeningTimes, clock_words, parse_span
from cloud_api.stores.stores import Stores
from cloud_api.stores.zone_sets import RevisionView, ZoneSetsOf
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.organisations import Organisations
from cloud_api.tenancy.principal import Act, Principal, require, scope_of
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores
from shared_models.zone_sets import MAX_REVISION, MAX_ZONES, ZoneEdit, ZoneEditAnswer
from shared_models.zones import Zone

router = APIRouter(prefix="/api/v1", tags=["administration"])
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody is logged in."},
    403: {"description": "Your role may not."},
    404: {"description": "There is no such thing, or it is somebody else's."},
}
_CONFLICT: dict[int | str, dict[str, Any]] = {409: {"description": "It exists already, or there are too many."}}
CameraPath = Annotated[str, Path(min_length=1, max_length=100), AfterValidator(plain)]
RevisionPath = Annotated[int, Path(ge=1, le=MAX_REVISION)]


class OrganisationForm(BaseModel):
    """Its name."""

    name: Name


class OrganisationItem(BaseModel):
    """Your organisation."""

    org_id: UUID
    name: str


class StoreForm(BaseModel):
    """A store. ``reset_hour``: when occupancy begins anew, in its own time. ``capacity``: people it has room for."""

    name: Name
    timezone: str = Field(max_length=64, examples=["Europe/Berlin"])
    reset_hour: int = Field(default=4, ge=0, le=23)
    capacity: int | None = Field(default=None, ge=1, le=1_000_000)


class StoreDetails(BaseModel):
    """A store."""

    store_id: UUID
    name: str
    timezone: str
    reset_hour: int
    capacity: int | None
    config_revision: int


class WeeklySpan(BaseModel):
    """``weekday`` 0: Monday. A close at or before the opening is after midnight; ``24:00`` is the day's end."""

    weekday: int = Field(ge=0, le=6)
    opens: str = Field(max_length=5, examples=["09:00"])
    closes: str = Field(max_length=5, examples=["20:00"])


class OtherDay(BaseModel):
    """A day that differs; without ``opens`` and ``closes`` it is closed."""

    day: date
    opens: str | None = Field(default=None, max_length=5)
    closes: str | None = Field(default=None, max_length=5)
    note: ShortText = ""


class OpeningDocument(BaseModel):
    """When a store is open."""

    weekly: Annotated[list[WeeklySpan], Field(max_length=70)] = []
    exceptions: Annotated[list[OtherDay], Field(max_length=400)] = []


class CameraForm(BaseModel):
    """A camera made by hand."""

    camera_id: Annotated[Name, Field(max_length=100)]
    name: ShortText = ""


class CameraChange(BaseModel):
    """What people call it, and whether it is still expected to see."""

    name: ShortText
    is_retired: bool = False


class CameraItem(BaseModel):
    """A camera and how it does."""

    camera_id: str
    name: str
    state: str
    words: str
    fps: float | None
    zone_revision: int
    reported_at: datetime | None
    first_seen_at: datetime
    retired_at: datetime | None


class CameraList(BaseModel):
    """Cameras of a store."""

    cameras: list[CameraItem]


class ZonesForm(BaseModel):
    """Zones of a camera, made from revision ``based_on`` (0: from none)."""

    based_on: int = Field(ge=0, le=MAX_REVISION)
    zones: Annotated[tuple[Zone, ...], Field(max_length=MAX_ZONES)]
    note: ShortText = ""


class RevisionItem(BaseModel):
    """One revision of a camera's zones. ``is_conflict``: it waits for a decision."""

    revision: int
    based_on: int
    is_current: bool
    is_conflict: bool
    author: str
    note: str
    made_at: datetime
    zones: list[dict[str, Any]]


class ZoneHistory(BaseModel):
    """Newest first. ``current``: the revision that counts (0: none)."""

    camera_id: str
    current: int
    has_conflict: bool
    revisions: list[RevisionItem]


@router.get("/organisation", responses=REFUSALS)
async def get_organisation(asker: Asker, database: Data) -> OrganisationItem:
    """Your organisation."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        own = await Organisations(connection, scope).own()
    return OrganisationItem(org_id=own.id, name=own.name)


@router.put("/organisation", responses={**REFUSALS, **_CONFLICT})
async def put_organisation(form: OrganisationForm, asker: Admin, database: Data, address: Address) -> OrganisationItem:
    """Give it another name."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        await Organisations(connection, scope).rename(form.name)
        await _note(AuditLog(connection, scope), asker, address, act="organisation renamed", subject=form.name)
    return OrganisationItem(org_id=asker.org_id, name=form.name)


@router.post("/stores", status_code=201, responses={**REFUSALS, **_CONFLICT})
async def make_store(form: StoreForm, asker: Admin, database: Data, address: Address) -> StoreDetails:
    """A new store."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        store = await Stores(connection, scope).add(
            form.name, timezone=form.timezone, reset_hour=form.reset_hour, capacity=form.capacity
        )
        await _note(AuditLog(connection, scope), asker, address, act="store made", subject=store.name, store=store)
    return _store(store)


@router.get("/stores/{store_id}", responses=REFUSALS)
async def get_store(store_id: UUID, asker: Asker, database: Data) -> StoreDetails:
    """A store."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        return _store(await VisibleStores(connection, scope).one(store_id))


@router.put("/stores/{store_id}", responses={**REFUSALS, **_CONFLICT})
async def put_store(store_id: UUID, form: StoreForm, asker: Asker, database: Data, address: Address) -> StoreDetails:
    """Change a store. Another time zone moves its days."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        await reach(asker, VisibleStores(connection, scope), store_id)
        store = await Stores(connection, scope).change(
            store_id, name=form.name, timezone=form.timezone, reset_hour=form.reset_hour, capacity=form.capacity
        )
        details = {"timezone": store.timezone, "reset_hour": store.reset_hour, "capacity": store.capacity}
        await _note(
            AuditLog(connection, scope), asker, address, act="store changed", subject=store.name, store=store,
            details=details,
        )  # fmt: skip
    return _store(store)


@router.get("/stores/{store_id}/opening-hours", responses=REFUSALS)
async def get_opening_hours(store_id: UUID, asker: Asker, database: Data) -> OpeningDocument:
    """When a store is open; empty: not known."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        await VisibleStores(connection, scope).one(store_id)
        times = (await OpeningHoursOf(connection, scope).of([store_id]))[store_id]
    return _document(times)


@router.put("/stores/{store_id}/opening-hours", responses=REFUSALS)
async def put_opening_hours(
    store_id: UUID, form: OpeningDocument, asker: Asker, database: Data, address: Address
) -> OpeningDocument:
    """Set when a store is open."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        store = await reach(asker, VisibleStores(connection, scope), store_id)
        times = _times(form)
        await OpeningHoursOf(connection, scope).put(store_id, times)
        await _note(
            AuditLog(connection, scope), asker, address, act="opening hours set", subject=store.name, store=store
        )
    return _document(times)


@router.get("/stores/{store_id}/cameras", responses=REFUSALS)
async def get_cameras(store_id: UUID, asker: Asker, database: Data) -> CameraList:
    """Cameras of a store and how they do."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        await VisibleStores(connection, scope).one(store_id)
        return CameraList(cameras=[_camera(c) for c in await Cameras(connection, scope).of(store_id)])


@router.post("/stores/{store_id}/cameras", status_code=201, responses={**REFUSALS, **_CONFLICT})
async def make_camera(store_id: UUID, form: CameraForm, asker: Asker, database: Data, address: Address) -> CameraItem:
    """Make a camera known before it is heard of."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        store = await reach(asker, VisibleStores(connection, scope), store_id)
        camera = await Cameras(connection, scope).add(store_id, form.camera_id, name=form.name)
        await _note(AuditLog(connection, scope), asker, address, act="camera made", subject=camera.label, store=store)
    return _camera(camera)


@router.get("/stores/{store_id}/cameras/{camera_id:path}/zones", responses=REFUSALS)
async def get_zones_of_camera(store_id: UUID, camera_id: CameraPath, asker: Asker, database: Data) -> ZoneHistory:
    """A camera's zones with their history, newest first."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        await VisibleStores(connection, scope).one(store_id)
        return _history(camera_id, await ZoneSetsOf(connection, scope).history(store_id, camera_id))


@router.put("/stores/{store_id}/cameras/{camera_id:path}/zones", responses={**REFUSALS, **_CONFLICT})
async def put_zones_of_camera(
    store_id: UUID, camera_id: CameraPath, form: ZonesForm, asker: Asker, database: Data, address: Address
) -> ZoneEditAnswer:
    """Edit a camera's zones. An edit of an older revision is kept as a conflict, and somebody decides."""
    scope = scope_of(asker)
    edit = ZoneEdit(camera_id=camera_id, based_on=form.based_on, zones=form.zones)
    async with scoped(database, scope) as connection:
        store = await reach(asker, VisibleStores(connection, scope), store_id)
        answer = await ZoneSetsOf(connection, scope).edit(store_id, edit, author=asker.email, note=form.note)
        await _note(
            AuditLog(connection, scope), asker, address, act="zones edited", subject=camera_id, store=store,
            details={"revision": answer.revision, "outcome": answer.outcome},
        )  # fmt: skip
    return answer


@router.post("/stores/{store_id}/cameras/{camera_id:path}/zones/{revision}/choose", responses=REFUSALS)
async def choose_zones(
    store_id: UUID, camera_id: CameraPath, revision: RevisionPath, asker: Asker, database: Data, address: Address
) -> ZoneEditAnswer:
    """Make an older revision the newest again, or decide a conflict for it."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        store = await reach(asker, VisibleStores(connection, scope), store_id)
        answer = await ZoneSetsOf(connection, scope).choose(store_id, camera_id, revision, author=asker.email)
        await _note(
            AuditLog(connection, scope), asker, address, act="zones chosen", subject=camera_id, store=store,
            details={"revision": answer.revision, "as_in": revision},
        )  # fmt: skip
    return answer


# After those of its zones: an id may hold slashes.
@router.put("/stores/{store_id}/cameras/{camera_id:path}", responses=REFUSALS)
async def put_camera(
    store_id: UUID, camera_id: CameraPath, form: CameraChange, asker: Asker, database: Data, address: Address
) -> CameraItem:
    """Rename a camera, retire it or take it back."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        store = await reach(asker, VisibleStores(connection, scope), store_id)
        cameras = Cameras(connection, scope)
        before = await cameras.one(store_id, camera_id, is_locked=True)
        await cameras.rename(store_id, camera_id, form.name)
        if form.is_retired != (before.retired_at is not None):
            await cameras.retire(store_id, camera_id, is_retired=form.is_retired)
        camera = await cameras.one(store_id, camera_id)
        await _note(
            AuditLog(connection, scope), asker, address, act="camera changed", subject=camera.label, store=store,
            details={"is_retired": form.is_retired},
        )  # fmt: skip
    return _camera(camera)


@router.get("/stores/{store_id}/zone-conflicts", responses=REFUSALS)
async def zone_conflicts(store_id: UUID, asker: SettingsReader, database: Data) -> list[str]:
    """Cameras on whose zones somebody must decide."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        await VisibleStores(connection, scope).one(store_id)
        return await ZoneSetsOf(connection, scope).conflicts(store_id)


async def reach(asker: Principal, stores: VisibleStores, store_id: UUID) -> StoreView:
    """The store, if it is in sight (else 404) and the role may change it (else 403).

    Raises:
        NotFoundError, ForbiddenError
    """
    store = await stores.one(store_id)
    require(asker, Act.RUN_STORE)
    return store


async def _note(
    audit: AuditLog, asker: Principal, address: str, *, act: str, subject: str, store: StoreView | None = None,
    details: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    await audit.note(
        actor=asker.email, actor_id=asker.user_id, act=act, subject=subject, store_id=store.id if store else None,
        details=details, address=address,
    )  # fmt: skip


def _store(store: StoreView) -> StoreDetails:
    return StoreDetails(
        store_id=store.id, name=store.name, timezone=store.timezone, reset_hour=store.reset_hour,
        capacity=store.capacity, config_revision=store.config_revision,
    )  # fmt: skip


def _camera(c: CameraView) -> CameraItem:
    return CameraItem(
        camera_id=c.camera_id, name=c.name, state=c.state, words=c.words, fps=c.fps, zone_revision=c.zone_revision,
        reported_at=c.reported_at, first_seen_at=c.first_seen_at, retired_at=c.retired_at,
    )  # fmt: skip


def _history(camera_id: str, revisions: list[RevisionView]) -> ZoneHistory:
    return ZoneHistory(
        camera_id=camera_id,
        current=next((r.revision for r in revisions if r.is_current), 0),
        has_conflict=any(r.is_conflict for r in revisions),
        revisions=[
            RevisionItem(
                revision=r.revision, based_on=r.based_on, is_current=r.is_current, is_conflict=r.is_conflict,
                author=r.author, note=r.note, made_at=r.made_at, zones=list(r.zones),
            )
            for r in revisions
        ],
    )  # fmt: skip


def _times(form: OpeningDocument) -> OpeningTimes:
    return OpeningTimes(
        weekly=tuple((w.weekday, parse_span(w.opens, w.closes)) for w in form.weekly),
        exceptions=tuple(
            DayException(e.day, parse_span(e.opens, e.closes) if e.opens and e.closes else None, e.note)
            for e in form.exceptions
        ),
    )


def _document(times: OpeningTimes) -> OpeningDocument:
    return OpeningDocument(
        weekly=[
            WeeklySpan(weekday=day, opens=clock_words(s.opens_min), closes=clock_words(s.closes_min))
            for day, s in times.weekly
        ],
        exceptions=[
            OtherDay(
                day=e.day, note=e.note, opens=clock_words(e.span.opens_min) if e.span else None,
                closes=clock_words(e.span.closes_min) if e.span else None,
            )
            for e in times.exceptions
        ],
    )  # fmt: skip
