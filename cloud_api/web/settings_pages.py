"""Settings: organisation and stores, people, laptops, API keys, audit log, privacy, and one's own profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from cloud_api.auth.access import settings_of
from cloud_api.auth.api_keys import ApiKeys, ApiKeyView
from cloud_api.auth.sessions import Sessions, SessionView
from cloud_api.auth.users import Users, UserView
from cloud_api.devices.devices import Devices, DeviceView
from cloud_api.devices.stills import StillSwitches
from cloud_api.kit.errors import CloudError, NotFoundError
from cloud_api.kit.language import LOCALES, mark, weekday
from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import ngettext as _n
from cloud_api.stores.opening_hours import OpeningHoursOf, OpeningTimes, clock_words
from cloud_api.tenancy.audit import AuditLog, AuditView
from cloud_api.tenancy.organisations import Organisations
from cloud_api.tenancy.principal import Act, Role, Scope, require
from cloud_api.tenancy.visible_stores import StoreView
from cloud_api.web.paging import Paging, paged
from cloud_api.web.reader import THEMES, Preferences, PreferencesOf
from cloud_api.web.settings_acts import DEEDS, Sent, Shown
from cloud_api.web.shell import Visit, posted, show, told, visit
from cloud_api.web.words import ago, duration_words, program_words

router = APIRouter(include_in_schema=False)
AUDIT_PAGE = 100
ROLE_NAMES = {
    Role.ORG_ADMIN: mark("Administrator"), Role.ANALYST: mark("Analyst"), Role.STORE_OWNER: mark("Store owner"),
    Role.STAFF: mark("Staff"),
}  # fmt: skip
ROLE_WORDS = {
    Role.ORG_ADMIN: mark("Administrator: runs the organisation"), Role.ANALYST: mark("Analyst: sees all stores"),
    Role.STORE_OWNER: mark("Store owner: runs one store"),
    Role.STAFF: mark("Staff: sees one store"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the settings, and the act that its reader must be allowed (None: everybody)."""

    name: str
    title: str
    act: Act | None


SECTIONS = (
    Section("stores", mark("Organisation and stores"), Act.READ_SETTINGS),
    Section("people", mark("People"), Act.RUN_ORGANISATION),
    Section("laptops", mark("Laptops"), Act.READ_SETTINGS),
    Section("keys", mark("API keys"), Act.RUN_ORGANISATION),
    Section("audit", mark("Audit log"), Act.RUN_ORGANISATION),
    Section("privacy", mark("Privacy"), Act.READ_SETTINGS),
    Section("profile", mark("Your profile"), None),
)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """A store and its hours, as its form shows them."""

    store: StoreView
    week: list[tuple[str, str]]
    exceptions: str
    hours_words: str


@dataclass(frozen=True, slots=True)
class LaptopLine:
    """A laptop in words."""

    device: DeviceView
    store: str
    seen: str
    is_fresh: bool
    waiting: str
    keys: str


@dataclass(frozen=True, slots=True)
class SettingsContext:
    """What the section shows; lists of other sections stay empty."""

    section: str
    sections: list[Section]
    error: str = ""
    done: str = ""
    shown: Shown | None = None
    typed: dict[str, str] = field(default_factory=dict)
    store_settings: list[StoreSettings] = field(default_factory=list)
    timezones: list[str] = field(default_factory=list)
    users: list[UserView] = field(default_factory=list)
    roles: dict[Role, str] = field(default_factory=dict)
    role_names: dict[Role, str] = field(default_factory=dict)
    laptops: list[LaptopLine] = field(default_factory=list)
    keys: list[ApiKeyView] = field(default_factory=list)
    entries: list[AuditView] = field(default_factory=list)
    older: str = ""
    sessions: list[tuple[SessionView, str, str, bool]] = field(default_factory=list)
    retention: str = ""
    still_stores: set[UUID] = field(default_factory=set)
    hides_people: bool = False
    preferences: Preferences = field(default_factory=Preferences)
    themes: dict[str, str] = field(default_factory=dict)
    locales: dict[str, str] = field(default_factory=dict)
    store_names: dict[UUID, str] = field(default_factory=dict)
    paging: Paging | None = None


@router.get("/settings")
async def settings_home(request: Request) -> Response:
    """To the first section that the reader may see."""
    async with visit(request) as seen:
        first = _sections(seen)[0]
        return RedirectResponse(f"/settings/{first.name}?{seen.query}", status_code=303)


@router.get("/settings/{section}")
async def settings_page(request: Request, section: str) -> Response:
    """One section."""
    async with visit(request) as seen:
        _reach(seen, section)
        deed = DEEDS.get(section, {}).get(request.query_params.get("done", ""))
        context = await _context(seen, section, done=_(deed.done) if deed else "")
        return _show(seen, context)


@router.post("/settings/{section}")
async def settings_form(request: Request, section: str) -> Response:
    """Do what a form asks for."""
    principal, form = await posted(request)
    name = form.pop("act", "")
    deed = DEEDS.get(section, {}).get(name)
    if deed is None:
        raise NotFoundError(_("There is no such form."))
    try:
        shown = await deed.do(Sent(request, principal, form))
    except (CloudError, ValidationError) as error:
        async with visit(request) as seen:
            _reach(seen, section)
            typed = {k: v for k, v in form.items() if k not in ("old", "new")}
            context = await _context(seen, section, error=told(error), typed=typed)
            return _show(seen, context, status=getattr(error, "status", 422))
    if shown is None:
        place = {name: request.query_params[name] for name in ("find", "page") if name in request.query_params}
        own = {"store": form["store"]} if form.get("store") else {}
        return RedirectResponse(f"/settings/{section}?{urlencode({'done': name, **own, **place})}", status_code=303)
    async with visit(request) as seen:
        answer = _show(seen, await _context(seen, section, shown=shown))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _show(seen: Visit, context: SettingsContext, *, status: int = 200) -> Response:
    return show(seen, "settings.html", context, has_period=False, has_stores=False, status=status)


def _sections(seen: Visit) -> list[Section]:
    return [s for s in SECTIONS if s.act is None or seen.may(s.act)]


def _reach(seen: Visit, name: str) -> None:
    section = next((s for s in SECTIONS if s.name == name), None)
    if section is None:
        raise HTTPException(404)
    if section.act is not None:
        require(seen.principal, section.act)


async def _context(
    seen: Visit, section: str, *, error: str = "", done: str = "", shown: Shown | None = None,
    typed: dict[str, str] | None = None,
) -> SettingsContext:  # fmt: skip
    common: dict[str, Any] = {"section": section, "sections": _sections(seen), "error": error, "done": done, "shown": shown,
              "typed": typed or {}, "store_names": {s.id: s.name for s in seen.stores}}  # fmt: skip
    return SettingsContext(**common, **await _LOADERS[section](seen))


async def _stores(seen: Visit) -> dict[str, Any]:
    stores, paging = paged(seen, seen.stores, name_of=lambda s: s.name)
    hours = await OpeningHoursOf(seen.connection, seen.scope).of([s.id for s in stores])
    return {
        "paging": paging,
        "store_settings": [_store_settings(s, hours[s.id]) for s in stores],
        "timezones": sorted(
            z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "posix/", "right/"))
        ),
    }


def _store_settings(store: StoreView, times: OpeningTimes) -> StoreSettings:
    week = [
        (
            weekday(n),
            ", ".join(f"{clock_words(s.opens_min)}-{clock_words(s.closes_min)}" for d, s in times.weekly if d == n),
        )
        for n in range(7)
    ]
    lines = [
        f"{e.day} " + (f"{clock_words(e.span.opens_min)}-{clock_words(e.span.closes_min)}" if e.span else "closed")
        + (f" {e.note}" if e.note else "")
        for e in times.exceptions
    ]  # fmt: skip
    days = hours_in_words([hours for _name, hours in week])
    return StoreSettings(store, week, "\n".join(lines), "; ".join(days) if days else _("not known yet"))


def hours_in_words(week: Sequence[str]) -> list[str]:
    """``["9-20"] * 6 + [""]`` -> ``["Mon to Sat 9-20"]``: days in a row that open alike are told once."""
    told, n = [], 0
    while n < len(week):
        last = n
        while last + 1 < len(week) and week[last + 1] == week[n]:
            last += 1
        first_name, last_name = weekday(n, "abbreviated"), weekday(last, "abbreviated")
        if week[n]:
            days = first_name if n == last else _("%(first)s to %(last)s", first=first_name, last=last_name)
            told.append(f"{days} {week[n]}")
        n = last + 1
    return told


async def _people(seen: Visit) -> dict[str, Any]:
    return {
        "users": await Users(seen.connection, seen.scope).all(),
        "roles": {role: _(words) for role, words in ROLE_WORDS.items()},
        "role_names": {role: _(name) for role, name in ROLE_NAMES.items()},
    }


async def _laptops(seen: Visit) -> dict[str, Any]:
    devices = Devices(seen.connection, seen.scope)
    names = {s.id: s.name for s in seen.stores}
    hints: dict[UUID, list[str]] = defaultdict(list)
    for key in await devices.keys():
        hints[key.device_id].append(key.hint)
    found = sorted(await devices.all(), key=lambda d: (_is_fresh(seen, d), names.get(d.store_id, ""), d.name))
    shown, paging = paged(seen, found, name_of=lambda d: names.get(d.store_id, ""))
    return {"laptops": [_laptop(seen, d, names, hints[d.id]) for d in shown], "paging": paging}


def _laptop(seen: Visit, device: DeviceView, names: dict[UUID, str], hints: list[str]) -> LaptopLine:
    keys = ", ".join(hints) or _("none")
    waiting = "–" if device.outbox_depth is None else _n("%(n)s event waits", "%(n)s events wait", device.outbox_depth)
    if device.clock_offset_s is not None and abs(device.clock_offset_s) > 60:
        waiting += "; " + _("its clock is %(duration)s wrong", duration=duration_words(abs(device.clock_offset_s)))
    seen_words = ago(device.last_seen_at, now=seen.now)
    return LaptopLine(device, names.get(device.store_id, "–"), seen_words, _is_fresh(seen, device), waiting, keys)


def _is_fresh(seen: Visit, device: DeviceView) -> bool:
    return device.last_seen_at is not None and (seen.now - device.last_seen_at).total_seconds() < 300


async def _keys(seen: Visit) -> dict[str, Any]:
    return {"keys": await ApiKeys(seen.connection, seen.scope).all()}


async def _audit(seen: Visit) -> dict[str, Any]:
    asked = seen.request.query_params.get("before", "")
    try:
        before = datetime.fromisoformat(asked.replace(" ", "+")) if asked else None
    except ValueError:
        before = None
    if before is not None and before.tzinfo is None:
        before = None
    entries = await AuditLog(seen.connection, seen.scope).page(before=before, limit=AUDIT_PAGE)
    older = entries[-1].at.isoformat().replace("+", "%2B") if len(entries) == AUDIT_PAGE else ""
    return {"entries": entries, "older": older}


async def _privacy(seen: Visit) -> dict[str, Any]:
    days = settings_of(seen.request).retention_days
    on = await StillSwitches(seen.connection, seen.scope).on()
    return {
        "still_stores": on,
        "hides_people": await Organisations(seen.connection, seen.scope).hides_people(),
        "retention": _n("%(n)s day", "%(n)s days", days) if days else _("without end"),
    }


async def _profile(seen: Visit) -> dict[str, Any]:
    sessions = Sessions(seen.connection, Scope(seen.principal.org_id, None))
    found = await sessions.of_user(seen.principal.user_id, now=seen.now)
    mine = seen.principal.session_id
    return {
        "sessions": [(s, ago(s.last_used_at, now=seen.now), program_words(s.agent), s.id == mine) for s in found],
        "preferences": await PreferencesOf(seen.connection, seen.scope).get(seen.principal),
        "themes": {name: _(words) for name, words in THEMES.items()},
        "locales": LOCALES,
        "roles": {seen.principal.role: _(ROLE_WORDS[seen.principal.role])},
    }


_LOADERS = {
    "stores": _stores, "people": _people, "laptops": _laptops, "keys": _keys, "audit": _audit, "privacy": _privacy,
    "profile": _profile,
}  # fmt: skip
