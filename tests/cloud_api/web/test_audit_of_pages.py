"""What is done by a form of a page stands in the audit log; new deeds and doors must say so here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from cloud_api.web.settings_acts import DEEDS
from tests.cloud_api.test_audit import entries
from tests.cloud_api.test_isolation import rows_of_acme, things
from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.helpers.cloud import PASSWORD, CloudUnderTest

# A form of each deed of the settings, with the act that it leaves; None: it is the reader's own taste.
FORMS: dict[tuple[str, str], tuple[str | None, dict[str, str]]] = {
    ("stores", "rename-organisation"): ("organisation renamed", {"name": "Acme"}),
    ("stores", "make-store"): ("store made", {"name": "Third Street", "timezone": "UTC"}),
    ("stores", "change-store"): ("store changed", {"store_id": "{store_id}", "name": "High Street", "timezone": "UTC"}),
    ("stores", "set-hours"): ("opening hours set", {"store_id": "{store_id}", "hours0": "09:00-13:00"}),
    ("people", "invite"): ("user invited", {"email": "new@acme.example", "role": "analyst"}),
    ("people", "link"): ("reset link made", {"user_id": "{user_id}"}),
    ("people", "change"): ("user changed", {"user_id": "{user_id}", "role": "analyst", "is_active": "yes"}),
    ("laptops", "pair"): ("pairing code made", {"store_id": "{store_id}"}),
    ("laptops", "rename"): ("laptop renamed", {"device_id": "{device_id}", "name": "Laptop"}),
    ("laptops", "retire"): ("laptop retired", {"device_id": "{device_id}"}),
    ("keys", "make"): ("API key made", {"name": "Till"}),
    ("keys", "revoke"): ("API key revoked", {"key_id": "{key_id}"}),
    ("privacy", "stills"): ("stills switched on", {"store_id": "{store_id}", "is_on": "yes"}),
    ("privacy", "hide-people"): ("people hidden on screens", {"is_on": "yes"}),
    ("profile", "password"): ("password changed", {"old": PASSWORD, "new": PASSWORD}),
    ("profile", "prefer"): (None, {"theme": "dark", "locale": ""}),
    ("profile", "end"): ("log-in revoked", {"session_id": "{session_id}"}),
}
# Other doors for forms: each leads to an operation above, or is tried where it is named.
OTHER_FORMS = {
    "/login": "stands in the list of log-ins", "/logout": "the same", "/welcome": "test_sessions_and_people",
    "/settings/{section}": "FORMS", "/zones/advice": "changes nothing", "/zones/save": "put_zones_of_camera of the API",
    "/zones/choose": "choose_zones of the API", "/cameras": "make_camera and put_camera of the API",
    "/insights": "test_marks_and_saved_reports", "/reports": "test_marks_and_saved_reports",
}  # fmt: skip


def routes_of(routes: Iterable[Any]) -> Iterator[Any]:
    """All of them, those of included routers too."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from routes_of(inner.routes)


def test_every_deed_of_the_settings_and_every_other_form_is_known_here() -> None:
    assert set(FORMS) == {(section, act) for section, deeds in DEEDS.items() for act in deeds}


async def test_forms_of_pages_are_known_here(empty: CloudUnderTest) -> None:
    doors = {
        route.path
        for route in routes_of(empty.app.routes)
        if isinstance(route, APIRoute) and "GET" not in route.methods and not route.include_in_schema
    }
    assert doors == set(OTHER_FORMS)


@pytest.mark.parametrize(("section", "act"), sorted(FORMS))
async def test_every_deed_of_the_settings_is_noted(empty: CloudUnderTest, section: str, act: str) -> None:
    ids = await things(empty)
    noted, form = FORMS[section, act]
    visitor = await logged_in(empty.client, "admin@acme.example")
    before = await entries(empty)
    page = f"/settings/{section}"
    fields = {name: value.format(**ids) for name, value in form.items()}
    answer = await visitor.send(page, on="/settings/profile", act=act, **fields)
    assert answer.status_code in (200, 303), answer.text
    new = (await entries(empty))[len(before) :]
    assert [line.act for line in new] == ([] if noted is None else [noted])
    assert all(line.actor == "admin@acme.example" and line.address for line in new)


async def test_marks_and_saved_reports_are_noted(demo: Visitor) -> None:
    page = await demo.page("/insights")
    key = page.partition('name="key" value="')[2].partition('"')[0]
    assert (await demo.send("/insights", on="/insights", act="dismiss", key=key)).status_code == 303
    saved = await demo.send("/reports?period=28", on="/reports", act="save", name="For the board")
    assert saved.status_code == 303
    log = await demo.page("/settings/audit")
    assert all(f"<td>{act}</td>" in log for act in ("report saved", "insight dismissed"))


@pytest.mark.parametrize("who", ["admin@rival.example", "staff@acme.example"])
async def test_forms_with_ids_of_others_change_nothing(empty: CloudUnderTest, who: str) -> None:
    """Head office of another organisation, and somebody of the store whose role does not reach."""
    ids = await things(empty)
    visitor = await logged_in(empty.client, who)
    held = await rows_of_acme(empty)
    for (section, act), (_, form) in FORMS.items():
        if any("{" in value for value in form.values()):
            fields = {name: value.format(**ids) for name, value in form.items()}
            answer = await visitor.send(f"/settings/{section}", on="/settings/profile", act=act, **fields)
            expected = (404,) if "rival" in who else (403, 404)
            assert answer.status_code in expected, (section, act, answer.status_code)
    for path, form in (
        ("/cameras", {"act": "retire", "store_id": "{store_id}", "camera_id": "cam_entrance"}),
        ("/cameras", {"act": "add", "store_id": "{store_id}", "camera_id": "new"}),
        ("/zones/choose", {"store_id": "{store_id}", "camera_id": "cam_entrance", "revision": "1"}),
    ):
        fields = {name: value.format(**ids) for name, value in form.items()}
        answer = await visitor.send(path, on="/settings/profile", **fields)
        assert answer.status_code == (404 if "rival" in who else 403), (path, form)
    assert without_sessions(await rows_of_acme(empty)) == without_sessions(held)


def without_sessions(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """A log-in notes when it was used last."""
    return {name: own for name, own in rows.items() if name not in ("sessions", "refresh_tokens")}
