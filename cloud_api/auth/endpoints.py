"""``/api/v1/auth``: log-in, renewal, sessions, passwords."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Request
from pydantic import BaseModel, Field, StringConstraints

from cloud_api.auth import tokens
from cloud_api.auth.access import Address, Asker, Data, Mail, Settings, Throttling
from cloud_api.auth.links import link_to, mail_link
from cloud_api.auth.login import log_in
from cloud_api.auth.sessions import Sessions, open_session, renew
from cloud_api.auth.throttle import network_of
from cloud_api.auth.users import change_password, forgotten, redeem
from cloud_api.kit.texts import Secret
from cloud_api.models.base import utc_now
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.principal import Principal, Scope
from cloud_api.tenancy.transactions import scoped

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])
_NOBODY: dict[int | str, dict[str, Any]] = {401: {"description": "Nobody is logged in."}}
_THROTTLED: dict[int | str, dict[str, Any]] = {429: {"description": "Too many tries; see Retry-After."}}
Email = Annotated[str, StringConstraints(max_length=320)]


class LoginForm(BaseModel):
    """E-mail and password."""

    email: Email = Field(examples=["owner@example.com"])
    password: str = Field(max_length=1000)


class LoginAnswer(BaseModel):
    """Send ``access_token`` as ``Authorization: Bearer ...``; it lives ``expires_in`` seconds.

    ``refresh_token`` gets the next pair, once, by ``POST /api/v1/auth/refresh``.
    """

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a scheme, not a secret
    expires_in: int
    refresh_token: str
    role: str


class RefreshForm(BaseModel):
    """The newest refresh token."""

    refresh_token: Secret


class PasswordForm(BaseModel):
    """The present password, and the next."""

    old: Secret
    new: Secret


class RedeemForm(BaseModel):
    """The secret of an invitation or reset link, and the password to set."""

    token: Secret
    password: Secret


class ForgotForm(BaseModel):
    """Whose password was forgotten."""

    email: Email


class Done(BaseModel):
    """What was done, in words."""

    words: str


class Me(BaseModel):
    """Who asks."""

    user_id: UUID
    email: str
    role: str
    org_id: UUID
    store_id: UUID | None


class SessionItem(BaseModel):
    """One log-in. ``is_this``: the one that asks."""

    session_id: UUID
    kind: str
    address: str
    agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_this: bool


class SessionList(BaseModel):
    """Your log-ins."""

    sessions: list[SessionItem]


@router.post("/login", responses={401: {"description": "Unknown e-mail or wrong password."}, **_THROTTLED})
async def login(
    form: LoginForm, request: Request, settings: Settings, database: Data, throttle: Throttling, address: Address
) -> LoginAnswer:
    """Exchange e-mail and password for a token."""
    principal = await log_in(
        database, throttle, email=form.email, password=form.password, address=address, is_demo=settings.demo
    )
    agent = request.headers.get("User-Agent", "")
    opened, refresh_token = await open_session(database, principal, kind="api", address=address, agent=agent)
    return _answer(request, opened, refresh_token)


@router.post("/refresh", responses={401: {"description": "Not to be believed; log in again."}, **_THROTTLED})
async def refresh(
    form: RefreshForm, request: Request, database: Data, throttle: Throttling, address: Address
) -> LoginAnswer:
    """The next pair of tokens. A refresh token that comes a second time ends the log-in it belongs to."""
    place = f"renew:{network_of(address)}"
    await throttle.spend(place)
    principal, refresh_token = await renew(database, form.refresh_token)
    await throttle.give_back(place)
    return _answer(request, principal, refresh_token)


@router.post("/logout", responses=_NOBODY)
async def logout(asker: Asker, database: Data) -> Done:
    """End this log-in."""
    scope = Scope(asker.org_id, None)
    async with scoped(database, scope) as connection:
        if asker.session_id is not None:
            await Sessions(connection, scope).revoke(asker.session_id, user_id=asker.user_id)
    return Done(words="You are logged out.")


@router.get("/me", responses=_NOBODY)
async def me(asker: Asker) -> Me:
    """Who asks."""
    return Me(user_id=asker.user_id, email=asker.email, role=asker.role, org_id=asker.org_id, store_id=asker.store_id)


@router.get("/sessions", responses=_NOBODY)
async def list_sessions(asker: Asker, database: Data) -> SessionList:
    """Your log-ins, newest first."""
    scope = Scope(asker.org_id, None)
    async with scoped(database, scope, is_read=True) as connection:
        found = await Sessions(connection, scope).of_user(asker.user_id, now=utc_now())
    return SessionList(
        sessions=[
            SessionItem(
                session_id=s.id, kind=s.kind, address=s.address, agent=s.agent, created_at=s.created_at,
                last_used_at=s.last_used_at, expires_at=s.expires_at, is_this=s.id == asker.session_id,
            )
            for s in found
        ]
    )  # fmt: skip


@router.delete("/sessions/{session_id}", responses={**_NOBODY, 404: {"description": "You have no such log-in."}})
async def revoke_session(session_id: UUID, asker: Asker, database: Data, address: Address) -> Done:
    """End one of your log-ins."""
    scope = Scope(asker.org_id, None)
    async with scoped(database, scope) as connection:
        await Sessions(connection, scope).revoke(session_id, user_id=asker.user_id)
        await AuditLog(connection, scope).note(
            actor=asker.email, actor_id=asker.user_id, act="log-in revoked", subject=asker.email,
            store_id=asker.store_id, address=address,
        )  # fmt: skip
    return Done(words="That log-in has ended.")


@router.post(
    "/password", responses={**_NOBODY, **_THROTTLED, 403: {"description": "The present password is not that."}}
)
async def new_password(
    form: PasswordForm, asker: Asker, database: Data, throttle: Throttling, address: Address
) -> Done:
    """Change your password. All your other log-ins end."""
    account = f"account:{asker.email}"
    await throttle.spend(account)
    await change_password(database, asker, old=form.old, new=form.new, address=address)
    await throttle.forget(account)
    return Done(words="Your password is changed; your other log-ins have ended.")


@router.post("/redeem", responses={410: {"description": "The link is used up or too old."}, **_THROTTLED})
async def redeem_link(form: RedeemForm, database: Data, throttle: Throttling, address: Address) -> Done:
    """Set a password by the link of an invitation or reset."""
    await throttle.spend(f"address:{network_of(address)}")
    await redeem(database, form.token, form.password, address=address)
    await throttle.give_back(f"address:{network_of(address)}")
    return Done(words="Your password is set; log in with it.")


@router.post("/forgot", status_code=202, responses=_THROTTLED)
async def forgot(
    form: ForgotForm, request: Request, later: BackgroundTasks, database: Data, settings: Settings, mail: Mail,
    throttle: Throttling, address: Address,
) -> Done:  # fmt: skip
    """Have a reset link mailed. The answer is the same whether or not the account exists."""
    email = form.email.strip().lower()
    await throttle.spend(f"forgot:{network_of(address)}", f"forgot:{email}")
    if mail is None:
        return Done(words="This cloud sends no mail; ask your administrator for a link.")

    async def work() -> None:
        secret = await forgotten(database, email, address=address)
        if secret is not None:
            await mail_link(mail, email, purpose="reset", link=link_to(settings, request, secret))

    later.add_task(work)  # after the answer, so that its time tells nothing
    return Done(words="If this account exists, a link is on its way.")


def _answer(request: Request, principal: Principal, refresh_token: str) -> LoginAnswer:
    token, life_s = tokens.issue(principal, key=request.app.state.signing_key, audience=tokens.API_AUDIENCE)
    return LoginAnswer(access_token=token, expires_in=life_s, refresh_token=refresh_token, role=principal.role)
