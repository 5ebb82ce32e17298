"""What the forms of the settings do. Each act calls the operation of the API that does the same, with its checks."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import segno
from fastapi import Request

from cloud_api.auth.access import address_of, database_of, mail_of, settings_of, throttle_of
from cloud_api.auth.endpoints import PasswordForm, new_password, revoke_session
from cloud_api.auth.user_endpoints import (
    ApiKeyForm,
    InviteForm,
    UserForm,
    change_user,
    invite,
    make_api_key,
    reset_link,
    revoke_api_key,
)  # fmt: skip
from cloud_api.devices.endpoints import DeviceForm, make_pairing_code, rename_device, retire_device
from cloud_api.devices.stills import StillSwitches
from cloud_api.kit.errors import InvalidError, NotFoundError
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import mark
from cloud_api.stores.endpoints import (
    OpeningDocument,
    OrganisationForm,
    OtherDay,
    StoreForm,
    WeeklySpan,
    make_store,
    put_opening_hours,
    put_organisation,
    put_store,
)  # fmt: skip
from cloud_api.tenancy.audit import AuditLog
from cloud_api.tenancy.organisations import Organisations
from cloud_api.tenancy.principal import Act, Principal, Role, require, scope_of
from cloud_api.tenancy.transactions import scoped
from cloud_api.tenancy.visible_stores import VisibleStores
from cloud_api.web.reader import Preferences, PreferencesOf
from cloud_api.web.shell import uuid_in

MAX_EXCEPTIONS = 400


@dataclass(frozen=True, slots=True)
class Shown:
    """Something that is shown this once: a link, a key, a pairing code. ``qr``: an SVG."""

    title: str
    words: str
    secret: str
    qr: str = ""
    is_big: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that came: who sent it, and what it holds."""

    request: Request
    principal: Principal
    form: Mapping[str, str]

    def id(self, name: str) -> UUID:
        """An id that must be there.

        Raises:
            NotFoundError
        """
        found = uuid_in(self.form, name)
        if found is None:
            raise NotFoundError(_("Choose one first."))
        return found

    def text(self, name: str) -> str:
        return self.form.get(name, "")

    def administrator(self) -> Principal:
        """Raises: ForbiddenError."""
        require(self.principal, Act.RUN_ORGANISATION)
        return self.principal


Doing = Callable[[Sent], Awaitable[Shown | None]]


async def _rename_organisation(sent: Sent) -> None:
    asker, request = sent.administrator(), sent.request
    await put_organisation(OrganisationForm(name=sent.text("name")), asker, database_of(request), address_of(request))


def _store_form(sent: Sent) -> StoreForm:
    reset = sent.text("reset_hour") or "4"
    if not reset.isdecimal():
        raise InvalidError(_("The reset hour is a whole hour, 0 to 23."))
    room = sent.text("capacity").strip()
    if room and not (room.isdecimal() and int(room) > 0):
        raise InvalidError(_("The capacity is a whole number of people, or empty."))
    return StoreForm(
        name=sent.text("name"), timezone=sent.text("timezone").strip(), reset_hour=int(reset),
        capacity=int(room) if room else None,
    )  # fmt: skip


async def _make_store(sent: Sent) -> None:
    asker, request = sent.administrator(), sent.request
    await make_store(_store_form(sent), asker, database_of(request), address_of(request))


async def _change_store(sent: Sent) -> None:
    request = sent.request
    await put_store(sent.id("store_id"), _store_form(sent), sent.principal, database_of(request), address_of(request))


async def _set_hours(sent: Sent) -> None:
    weekly = [span for weekday in range(7) for span in _spans(weekday, sent.text(f"hours{weekday}"))]
    document = OpeningDocument(weekly=weekly, exceptions=_exceptions(sent.text("exceptions")))
    request = sent.request
    await put_opening_hours(sent.id("store_id"), document, sent.principal, database_of(request), address_of(request))


def _spans(weekday: int, text: str) -> list[WeeklySpan]:
    """Spans like ``09:00-13:00, 15:00-20:00``; empty: closed."""
    spans = []
    for part in text.replace("–", "-").split(","):
        if not part.strip():
            continue
        opens, dash, closes = (p.strip() for p in part.partition("-"))
        if not dash or not opens or not closes or len(opens) > 5 or len(closes) > 5:
            raise InvalidError(
                _("'%(part)s' are no opening hours; write e.g. 09:00-13:00, 15:00-20:00.", part=part.strip()[:40])
            )
        spans.append(WeeklySpan(weekday=weekday, opens=opens, closes=closes))
    return spans


def _exceptions(text: str) -> list[OtherDay]:
    """Lines like ``2026-12-24 09:00-14:00 Christmas Eve`` or ``2026-12-25 closed``."""
    days = []
    for line in text.splitlines()[:MAX_EXCEPTIONS]:
        if not line.strip():
            continue
        day, _space, rest = line.strip().partition(" ")
        hours, _space, note = rest.strip().partition(" ")
        try:
            on = date.fromisoformat(day)
        except ValueError:
            raise InvalidError(
                _("'%(line)s' does not begin with a date; write e.g. 2026-12-25 closed.", line=line[:40])
            ) from None
        opens, dash, closes = hours.partition("-")
        if hours.lower() != "closed" and not dash:
            raise InvalidError(
                _(
                    "'%(line)s' has no hours; write e.g. %(day)s 09:00-14:00, or %(day)s closed.",
                    line=line[:40],
                    day=day,
                )
            )
        is_closed = hours.lower() == "closed"
        days.append(
            OtherDay(day=on, opens=None if is_closed else opens, closes=None if is_closed else closes, note=note)
        )
    return days


async def _invite(sent: Sent) -> Shown:
    request = sent.request
    form = InviteForm(email=sent.text("email"), role=Role(_role(sent)), store_id=uuid_in(sent.form, "store_id"))
    made = await invite(
        form, sent.administrator(), request, database_of(request), settings_of(request), mail_of(request),
        address_of(request),
    )  # fmt: skip
    return _link(made.user.email, made.link, is_mailed=made.is_mailed)


async def _new_link(sent: Sent) -> Shown:
    request = sent.request
    made = await reset_link(
        sent.id("user_id"), sent.administrator(), request, database_of(request), settings_of(request),
        mail_of(request), address_of(request),
    )  # fmt: skip
    return _link(made.user.email, made.link, is_mailed=made.is_mailed)


def _link(email: str, link: str, *, is_mailed: bool) -> Shown:
    how = _("It is on its way by mail as well.") if is_mailed else _("This cloud sends no mail: hand it over yourself.")
    return Shown(_("Link for %(email)s", email=email), _("With it they choose a password, once.") + " " + how, link)


async def _change_user(sent: Sent) -> None:
    request = sent.request
    form = UserForm(
        role=Role(_role(sent)), store_id=uuid_in(sent.form, "store_id"), is_active=sent.text("is_active") == "yes"
    )
    await change_user(sent.id("user_id"), form, sent.administrator(), database_of(request), address_of(request))


def _role(sent: Sent) -> str:
    if sent.text("role") not in tuple(Role):
        raise InvalidError(_("Choose a role: %(roles)s.", roles=", ".join(Role)))
    return sent.text("role")


async def _pair(sent: Sent) -> Shown:
    request = sent.request
    made = await make_pairing_code(sent.id("store_id"), sent.principal, database_of(request), address_of(request))
    address = (settings_of(request).public_url or str(request.base_url)).rstrip("/")
    picture = io.BytesIO()
    segno.make(f"{address} {made.code}", error="m").save(
        picture, kind="svg", xmldecl=False, svgns=True, scale=4, border=2, svgclass=None, lineclass=None
    )
    words = _(
        "Type it at the store's laptop within ten minutes. The laptop also asks for this cloud's address: %(address)s",
        address=address,
    )
    return Shown(_("Pairing code"), words, made.code, picture.getvalue().decode(), is_big=True)


async def _rename_laptop(sent: Sent) -> None:
    request, form = sent.request, DeviceForm(name=sent.text("name"))
    await rename_device(sent.id("device_id"), form, sent.principal, database_of(request), address_of(request))


async def _retire_laptop(sent: Sent) -> None:
    await retire_device(sent.id("device_id"), sent.principal, database_of(sent.request), address_of(sent.request))


async def _make_key(sent: Sent) -> Shown:
    request, form = sent.request, ApiKeyForm(name=sent.text("name"), store_id=uuid_in(sent.form, "store_id"))
    made = await make_api_key(form, sent.administrator(), database_of(request), address_of(request))
    return Shown(_("API key"), _("It reads figures and nothing else. Keep it: it is shown this once."), made.api_key)


async def _revoke_key(sent: Sent) -> None:
    request = sent.request
    await revoke_api_key(sent.id("key_id"), sent.administrator(), database_of(request), address_of(request))


async def _change_password(sent: Sent) -> None:
    request = sent.request
    form = PasswordForm(old=sent.text("old"), new=sent.text("new"))
    await new_password(form, sent.principal, database_of(request), throttle_of(request), address_of(request))


async def _prefer(sent: Sent) -> None:
    chosen = Preferences(sent.text("theme"), sent.text("locale"))
    scope = scope_of(sent.principal)
    async with scoped(database_of(sent.request), scope) as connection:
        await PreferencesOf(connection, scope).put(sent.principal, chosen)


async def _switch_stills(sent: Sent) -> None:
    request, store_id, is_on = sent.request, sent.id("store_id"), sent.text("is_on") == "yes"
    require(sent.principal, Act.RUN_STORE)
    scope = scope_of(sent.principal)
    async with scoped(database_of(request), scope) as connection:
        store = await VisibleStores(connection, scope).one(store_id)
        await StillSwitches(connection, scope).switch(store_id, is_on=is_on)
        await AuditLog(connection, scope).note(
            actor=sent.principal.email, actor_id=sent.principal.user_id, store_id=store_id, subject=store.name,
            act="stills switched on" if is_on else "stills switched off", address=address_of(request),
        )  # fmt: skip
    if not is_on:
        request.app.state.stills.forget(store_id)


async def _hide_people(sent: Sent) -> None:
    request, is_on = sent.request, sent.text("is_on") == "yes"
    require(sent.principal, Act.RUN_ORGANISATION)
    scope = scope_of(sent.principal)
    async with scoped(database_of(request), scope) as connection:
        await Organisations(connection, scope).hide_people(is_on=is_on)
        await AuditLog(connection, scope).note(
            actor=sent.principal.email, actor_id=sent.principal.user_id,
            act="people hidden on screens" if is_on else "people shown on screens", address=address_of(request),
        )  # fmt: skip


async def _end_session(sent: Sent) -> None:
    request = sent.request
    await revoke_session(sent.id("session_id"), sent.principal, database_of(request), address_of(request))


@dataclass(frozen=True, slots=True)
class Deed:
    """A form's act: what it does, and what is said when it is done."""

    do: Doing
    done: str


DEEDS: dict[str, dict[str, Deed]] = {
    "stores": {
        "rename-organisation": Deed(_rename_organisation, mark("The organisation has its new name.")),
        "make-store": Deed(_make_store, mark("The store is made. Set its opening hours, then pair its laptop.")),
        "change-store": Deed(_change_store, mark("The store is changed.")),
        "set-hours": Deed(_set_hours, mark("The opening hours are set.")),
    },
    "people": {
        "invite": Deed(_invite, mark("Invited.")),
        "link": Deed(_new_link, mark("A new link is made.")),
        "change": Deed(_change_user, mark("Changed. Their log-ins have ended; they log in again.")),
    },
    "laptops": {
        "pair": Deed(_pair, mark("A code is made.")),
        "rename": Deed(_rename_laptop, mark("The laptop has its new name.")),
        "retire": Deed(_retire_laptop, mark("The laptop is retired: its keys have ended, its figures stay.")),
    },
    "keys": {
        "make": Deed(_make_key, mark("A key is made.")),
        "revoke": Deed(_revoke_key, mark("The key is revoked.")),
    },
    "privacy": {
        "stills": Deed(_switch_stills, mark("The switch is set.")),
        "hide-people": Deed(_hide_people, mark("Laptops hear of it within a minute.")),
    },
    "profile": {
        "password": Deed(_change_password, mark("Your password is changed; your other log-ins have ended.")),
        "prefer": Deed(_prefer, mark("Pages look as you chose.")),
        "end": Deed(_end_session, mark("That log-in has ended.")),
    },
}
