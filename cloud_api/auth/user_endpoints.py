"""``/api/v1/users``, ``/api/v1/api-keys``, ``/api/v1/audit``: people and keys of an organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from cloud_api.auth.access import Address, Admin, Data, Mail, Settings
from cloud_api.auth.api_keys import ApiKeys
from cloud_api.auth.endpoints import Email
from cloud_api.auth.links import link_to, mail_link
from cloud_api.auth.users import Users, UserView
from cloud_api.kit.texts import Name
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.principal import Principal, Role, scope_of
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import VisibleStores

router = APIRouter(prefix="/api/v1", tags=["administration"])
_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody is logged in."},
    403: {"description": "Your role may not."},
    404: {"description": "There is no such thing, or it is somebody else's."},
}


class InviteForm(BaseModel):
    """Whom to invite. ``store_id``: for store_owner and staff."""

    email: Email = Field(examples=["manager@example.com"])
    role: Role
    store_id: UUID | None = None


class UserForm(BaseModel):
    """What a person shall be from now on; their log-ins end."""

    role: Role
    store_id: UUID | None = None
    is_active: bool = True


class UserItem(BaseModel):
    """A person. ``has_password``: the invitation was taken up."""

    user_id: UUID
    email: str
    role: Role
    store_id: UUID | None
    is_active: bool
    has_password: bool
    created_at: datetime


class UserList(BaseModel):
    """People of your organisation."""

    users: list[UserItem]


class Invitation(BaseModel):
    """A one-time link for a person to set a password. ``is_mailed``: it is on its way by mail as well."""

    user: UserItem
    link: str
    is_mailed: bool


class ApiKeyForm(BaseModel):
    """A name for the key, and the one store it may read (none: all)."""

    name: Name
    store_id: UUID | None = None


class ApiKeyItem(BaseModel):
    """A key without its secret."""

    key_id: UUID
    name: str
    hint: str
    store_id: UUID | None
    created_at: datetime
    last_used_at: datetime | None


class ApiKeyList(BaseModel):
    """Keys that live."""

    api_keys: list[ApiKeyItem]


class NewApiKey(BaseModel):
    """The key itself, shown this once; send it as ``X-API-KEY``."""

    key_id: UUID
    api_key: str


class AuditItem(BaseModel):
    """Who did what."""

    at: datetime
    store_id: UUID | None
    actor: str
    act: str
    subject: str
    details: dict[str, Any]
    address: str


class AuditPage(BaseModel):
    """Newest first; ask again with ``before`` = the last ``at`` for older ones."""

    entries: list[AuditItem]


@router.get("/users", responses=_REFUSALS)
async def list_users(asker: Admin, database: Data) -> UserList:
    """People of your organisation."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        return UserList(users=[_item(user) for user in await Users(connection, scope).all()])


@router.post("/users", status_code=201, responses={**_REFUSALS, 409: {"description": "There is such a user already."}})
async def invite(
    form: InviteForm, asker: Admin, request: Request, database: Data, settings: Settings, mail: Mail, address: Address
) -> Invitation:
    """Invite a person. The link sets their password, once, within seven days."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        users = Users(connection, scope)
        user = await users.add(form.email, role=form.role, store_id=form.store_id)
        secret = await users.new_link(user.id, purpose="invitation")
        await AuditLog(connection, scope).note(
            **_by(asker, address), act="user invited", subject=user.email, details={"role": user.role}
        )
    link = link_to(settings, request, secret)
    is_mailed = mail is not None and await mail_link(mail, user.email, purpose="invitation", link=link)
    return Invitation(user=_item(user), link=link, is_mailed=is_mailed)


@router.put("/users/{user_id}", responses={**_REFUSALS, 409: {"description": "Nobody would be left to run it."}})
async def change_user(user_id: UUID, form: UserForm, asker: Admin, database: Data, address: Address) -> UserItem:
    """Change a person's role or store, or shut them out."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        user = await Users(connection, scope).change(
            user_id, role=form.role, store_id=form.store_id, is_active=form.is_active
        )
        details = {"role": user.role, "is_active": user.is_active}
        await AuditLog(connection, scope).note(
            **_by(asker, address), act="user changed", subject=user.email, details=details
        )
    return _item(user)


@router.post("/users/{user_id}/reset-link", status_code=201, responses=_REFUSALS)
async def reset_link(
    user_id: UUID, asker: Admin, request: Request, database: Data, settings: Settings, mail: Mail, address: Address
) -> Invitation:
    """A one-time link with which a person sets a new password, within two hours (an invitation: seven days)."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        users = Users(connection, scope)
        user = await users.one(user_id)
        purpose = "reset" if user.has_password else "invitation"
        secret = await users.new_link(user_id, purpose=purpose)
        await AuditLog(connection, scope).note(**_by(asker, address), act=f"{purpose} link made", subject=user.email)
    link = link_to(settings, request, secret)
    is_mailed = mail is not None and await mail_link(mail, user.email, purpose=purpose, link=link)
    return Invitation(user=_item(user), link=link, is_mailed=is_mailed)


@router.get("/api-keys", responses=_REFUSALS)
async def list_api_keys(asker: Admin, database: Data) -> ApiKeyList:
    """Keys of third parties that live."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        keys = await ApiKeys(connection, scope).all()
    return ApiKeyList(
        api_keys=[
            ApiKeyItem(
                key_id=k.id, name=k.name, hint=k.hint, store_id=k.store_id, created_at=k.created_at,
                last_used_at=k.last_used_at,
            )
            for k in keys
        ]
    )  # fmt: skip


@router.post("/api-keys", status_code=201, responses=_REFUSALS)
async def make_api_key(form: ApiKeyForm, asker: Admin, database: Data, address: Address) -> NewApiKey:
    """A key for somebody else's program: it reads figures and nothing else."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        if form.store_id is not None:
            await VisibleStores(connection, scope).one(form.store_id)
        key_id, secret = await ApiKeys(connection, scope).add(form.name, store_id=form.store_id)
        await AuditLog(connection, scope).note(**_by(asker, address), act="API key made", subject=form.name)
    return NewApiKey(key_id=key_id, api_key=secret)


@router.delete("/api-keys/{key_id}", responses=_REFUSALS)
async def revoke_api_key(key_id: UUID, asker: Admin, database: Data, address: Address) -> ApiKeyList:
    """End a key at once; those that are left."""
    scope = scope_of(asker)
    async with scoped(database, scope) as connection:
        name = await ApiKeys(connection, scope).revoke(key_id)
        await AuditLog(connection, scope).note(**_by(asker, address), act="API key revoked", subject=name)
    return await list_api_keys(asker, database)


@router.get("/audit", responses=_REFUSALS)
async def audit(
    asker: Admin,
    database: Data,
    before: Annotated[AwareDatetime | None, Query(description="Only older entries.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Who did what in your organisation."""
    scope = scope_of(asker)
    async with scoped(database, scope, is_read=True) as connection:
        entries = await AuditLog(connection, scope).page(before=before, limit=limit)
    return AuditPage(
        entries=[
            AuditItem(
                at=e.at, store_id=e.store_id, actor=e.actor, act=e.act, subject=e.subject, details=e.details,
                address=e.address,
            )
            for e in entries
        ]
    )  # fmt: skip


def _by(asker: Principal, address: str) -> dict[str, Any]:
    return {"actor": asker.email, "actor_id": asker.user_id, "address": address}


def _item(user: UserView) -> UserItem:
    return UserItem(
        user_id=user.id, email=user.email, role=user.role, store_id=user.store_id, is_active=user.is_active,
        has_password=user.has_password, created_at=user.created_at,
    )  # fmt: skip
