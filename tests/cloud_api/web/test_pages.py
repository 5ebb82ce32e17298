"""Every page: empty, normal, huge; who may see it; and what its forms do."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import openpyxl
import pytest

from cloud_api.models.base import utc_now
from cloud_api.tenancy.transactions import maintenance
from cloud_api.web.definitions import DEFINITIONS
from shared_models.metrics import METRICS
from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.helpers.cloud import PASSWORD, CloudUnderTest, crossing

PAGES = [
    "/dashboard", "/dashboard?period=yesterday", "/dashboard?period=7", "/dashboard?period=28",
    "/dashboard?period=custom&from=2026-03-01&to=2026-03-29", "/live", "/cameras", "/insights", "/zones", "/reports",
    "/reports?part=summary&part=days&part=stores&part=stays&part=zones", "/definitions", "/settings/stores",
    "/settings/people", "/settings/laptops", "/settings/keys", "/settings/audit", "/settings/privacy",
    "/settings/profile",
]  # fmt: skip
ONLY_ADMINS = ["/settings/people", "/settings/keys", "/settings/audit"]
ONLY_RUNNERS = ["/settings/stores", "/settings/laptops", "/settings/privacy"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_without_figures_says_what_to_do(empty: CloudUnderTest, path: str) -> None:
    page = await (await logged_in(empty.client, "admin@acme.example")).page(path)
    assert "<h1>" in page
    assert "None" not in re.sub(r"<script.*?</script>", "", page).replace("None yet", "")
    assert 'style="' not in page
    assert "<script>" not in page


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_with_figures_is_marked_as_a_demo(demo: Visitor, path: str) -> None:
    page = await demo.page(path)
    assert "these shops and the people counted in them do not exist" in page
    assert "nan" not in page.lower().split()
    assert 'aria-current="page"' in page or path == "/definitions"


async def test_an_organisation_without_stores_is_told_to_make_one(empty: CloudUnderTest) -> None:
    async with maintenance(empty.database) as connection:
        from cloud_api.stores.administration import Administration

        await Administration(connection).create_organisation("New")
        await Administration(connection).create_user(
            "new@new.example", PASSWORD, role="org_admin", store=None, org="New"
        )
    visitor = await logged_in(empty.client, "new@new.example")
    for path in PAGES:
        page = await visitor.page(path)
        if path == "/dashboard":
            assert "Make a store" in page


async def test_hundreds_of_stores_are_all_listed(empty: CloudUnderTest) -> None:
    async with maintenance(empty.database) as connection:
        from cloud_api.stores.administration import Administration

        for n in range(300):
            await Administration(connection).create_store(
                "Acme", f"Branch {n:03d} with a name that is long enough to be a nuisance in any table", timezone="UTC"
            )
    visitor = await logged_in(empty.client, "admin@acme.example")
    for path in ("/dashboard?period=28", "/live?page=7", "/cameras?page=7", "/insights", "/zones?page=7", "/reports"):
        assert "Branch 299" in await visitor.page(path)


async def test_live_holds_occupancy_against_the_room_there_is(demo: Visitor) -> None:
    page = await demo.page("/live")
    told = [int(share) for share in re.findall(r"(\d+) % of [\d,]+ places", page)]
    inside = [int(n.replace(",", "")) for n in re.findall(r'data-live="inside">([\d,]+)<', page)]
    room = [int(n.replace(",", "")) for n in re.findall(r'<meter min="0" max="(\d+)"', page)]
    assert len(told) == len(inside) == len(room) == 12
    assert all(abs(share - 100 * n / of) <= 0.5 for share, n, of in zip(told, inside, room, strict=True))
    assert page.count("too full") == sum(n > of for n, of in zip(inside, room, strict=True))


async def test_a_walkway_is_told_from_an_entrance_in_the_table_of_zones(empty: CloudUnderTest) -> None:
    at = utc_now().isoformat()
    inner = {"zone_id": "aisle_line", "attributes": {"walkway": True}, "occurred_at": at}
    sent = [crossing(1, zone_id="door", occurred_at=at), crossing(2, **inner), crossing(3, **inner)]
    assert (await empty.send(sent)).status_code == 200
    page = await (await logged_in(empty.client, "admin@acme.example")).page(f"/dashboard?store={empty.store_id}")
    rows = dict(re.findall(r'<tr data-zone="(\w+)">(.*?)</tr>', page))
    assert [("walkway inside" in rows[zone]) for zone in ("aisle_line", "door")] == [True, False]
    assert '<td class="n">2</td>' in rows["aisle_line"]


async def test_a_report_marks_walkways_with_the_words_of_the_dashboard(empty: CloudUnderTest) -> None:
    at = utc_now().isoformat()
    inner = {"zone_id": "aisle_line", "attributes": {"walkway": True}, "occurred_at": at}
    await empty.send([crossing(1, zone_id="door", occurred_at=at), crossing(2, **inner), crossing(3, **inner)])
    visitor = await logged_in(empty.client, "admin@acme.example")
    query = f"store={empty.store_id}&part=zones&period=today"
    dashboard = await visitor.page(f"/dashboard?store={empty.store_id}")
    found = re.search(r'data-zone="aisle_line"><td>[^<]+ <span[^>]*>(.+?)</span>', dashboard)
    assert found is not None
    words = found[1]
    rows = list(csv.reader((await visitor.client.get(f"/reports/file.csv?{query}")).text.splitlines()))
    assert [(row[2:5], row[-1]) for row in rows if row[1:2] == ["cam_entrance"]] == [
        (["aisle_line", "2", "0"], words),
        (["door", "1", "0"], ""),
    ]
    book = openpyxl.load_workbook(io.BytesIO((await visitor.client.get(f"/reports/file.xlsx?{query}")).content))
    told = {row[2]: row[-1] for row in book["Zones"].iter_rows(min_row=2, values_only=True)}
    assert told == {"aisle_line": words, "door": None}
    preview = (await visitor.page(f"/reports?{query}")).partition("Zones</h2>")[2]
    assert preview.count(f">{words}</td>") == 1
    assert (await visitor.client.get(f"/reports/file.pdf?{query}")).content.startswith(b"%PDF-")


async def test_the_room_of_a_store_is_set_on_the_page_and_a_wrong_one_is_refused_in_words(
    empty: CloudUnderTest,
) -> None:
    visitor, page = await logged_in(empty.client, "admin@acme.example"), "/settings/stores"
    form = {"act": "change-store", "store_id": str(empty.store_id), "name": "High Street", "timezone": "Europe/Berlin"}
    assert (await visitor.send(page, on=page, **form, capacity="80")).status_code == 303
    assert 'name="capacity" type="number" min="1" max="1000000" value="80"' in await visitor.page(page)
    wrong = await visitor.send(page, on=page, **form, capacity="many")
    assert "whole number of people" in wrong.text
    assert 'value="80"' in await visitor.page(page)


@pytest.mark.parametrize("path", ONLY_ADMINS)
async def test_settings_of_the_organisation_are_for_who_runs_it(empty: CloudUnderTest, path: str) -> None:
    for email in ("analyst@acme.example", "owner@acme.example", "staff@acme.example"):
        empty.client.cookies.clear()
        await (await logged_in(empty.client, email)).page(path, status=403)


@pytest.mark.parametrize("path", ONLY_RUNNERS)
async def test_staff_see_no_settings_but_their_own(empty: CloudUnderTest, path: str) -> None:
    visitor = await logged_in(empty.client, "staff@acme.example")
    await visitor.page(path, status=403)
    profile = await visitor.page("/settings/profile")
    assert "Audit log" not in profile
    assert (await empty.client.get("/settings")).headers["Location"].startswith("/settings/profile")


async def test_nobody_and_strangers_see_nothing(empty: CloudUnderTest) -> None:
    for path in PAGES:
        assert (await empty.client.get(path)).headers["Location"] == "/login"
    visitor = await logged_in(empty.client, "admin@acme.example")
    for path in ("/dashboard", "/live", "/cameras", "/insights", "/zones"):
        await visitor.page(f"{path}?store={empty.foreign_store_id}", status=404)
    await visitor.page(f"/reports?stores={empty.foreign_store_id}", status=404)
    await visitor.page(f"/zones/{empty.foreign_store_id}/cam", status=404)
    await visitor.page("/settings/nothing", status=404)


async def test_a_store_owner_sees_one_store(demo_owner: Visitor) -> None:
    for path in ("/dashboard?period=28", "/live", "/cameras", "/insights", "/zones", "/reports", "/settings/laptops"):
        page = await demo_owner.page(path)
        assert "Berlin" not in page.replace("Europe/Berlin", "")
        assert "Leipzig Markt" in page


@pytest.mark.parametrize(
    "query", ["period=custom&from=nonsense", "period=custom&from=2026-03-29&to=2026-03-01",
              "period=custom&from=2020-01-01&to=2026-01-01", "period=custom&from=9999-12-31&to=9999-12-31"],
)  # fmt: skip
async def test_impossible_days_are_refused_in_words(empty: CloudUnderTest, query: str) -> None:
    page = await (await logged_in(empty.client, "admin@acme.example")).page(f"/dashboard?{query}", status=422)
    assert "Error 422" in page


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
async def test_a_form_without_its_token_changes_nothing(empty: CloudUnderTest, token: str) -> None:
    await logged_in(empty.client, "admin@acme.example")
    form = {"csrf": token, "act": "make-store", "name": "Stolen", "timezone": "UTC"}
    assert (await empty.client.post("/settings/stores", data=form)).status_code == 403
    assert "Stolen" not in (await empty.client.get("/settings/stores")).text


async def test_a_store_is_made_opened_and_changed(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "admin@acme.example")
    page = "/settings/stores"
    made = await visitor.send(page, on=page, act="make-store", name="<b>New</b> & Co", timezone="Europe/Paris")
    assert made.headers["Location"] == "/settings/stores?done=make-store"
    assert "&lt;b&gt;New&lt;/b&gt; &amp; Co" in await visitor.page("/settings/stores?done=make-store")
    wrong = await visitor.send(page, on=page, act="make-store", name="Other", timezone="Europe/Berlinn")
    assert wrong.status_code == 422
    assert "did you mean Europe/Berlin" in wrong.text
    store = str(empty.store_id)
    hours = {
        "hours0": "09:00-13:00, 15:00 – 18:30",
        "exceptions": "2026-12-25 closed Christmas\n2026-12-24 09:00-14:00",
    }
    done = await visitor.send(page, on=page, act="set-hours", store_id=store, **hours)
    assert done.status_code == 303, done.text
    shown = await visitor.page(page)
    assert "Mon 09:00-13:00, 15:00-18:30" in shown
    assert 'name="hours0" value="09:00-13:00, 15:00-18:30"' in shown  # saving what is shown keeps both
    assert "2026-12-25 closed Christmas" in shown
    bad = await visitor.send(page, on=page, act="set-hours", store_id=store, exceptions="Christmas closed")
    assert "does not begin with a date" in bad.text
    half = await visitor.send(page, on=page, act="set-hours", store_id=store, hours1="09:00")
    assert "are no opening hours" in half.text


async def test_an_invitation_is_shown_once_and_lets_somebody_in(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "admin@acme.example")
    page = "/settings/people"
    form = {"email": "late@acme.example", "role": "store_owner", "store_id": str(empty.store_id)}
    made = await visitor.send(page, on=page, act="invite", **form)
    link = re.search(r'id="secret">([^<]+)<', made.text)
    assert link is not None
    assert made.headers["Cache-Control"] == "no-store"
    secret = link[1].partition("#")[2]
    assert (await empty.client.get("/welcome")).status_code == 200
    chosen = await empty.client.post("/api/v1/auth/redeem", json={"token": secret, "password": "a new long password"})
    assert chosen.status_code == 200, chosen.text
    empty.client.cookies.clear()
    await logged_in(empty.client, "late@acme.example", "a new long password")


async def test_laptops_are_in_the_order_of_their_stores_the_unheard_first(demo: Visitor) -> None:
    shown = await demo.page("/settings/laptops")
    laptops = re.findall(r'<span class="quiet">in ([^<]+)</span></h2><p><span class="dot (\w+)">', shown)
    assert len(laptops) == 12
    assert laptops == sorted(laptops, key=lambda laptop: (laptop[1] == "fresh", laptop[0]))


async def test_roles_have_names_not_codes(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "admin@acme.example")
    people, profile = await visitor.page("/settings/people"), await visitor.page("/settings/profile")
    for page, name in ((people, "Administrator"), (people, "Store owner"), (profile, "Administrator")):
        assert name in page
    shown = re.sub(r"<[^>]+>", " ", people + profile)
    assert not re.search("org_admin|store_owner", shown)


async def test_a_pairing_code_comes_with_a_qr_code(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "owner@acme.example")
    page = "/settings/laptops"
    made = await visitor.send(page, on=page, act="pair", store_id=str(empty.store_id))
    assert re.search(r'id="secret">[A-Z0-9]{4}-[A-Z0-9]{4}<', made.text)
    assert "<svg" in made.text.partition('class="qr"')[2]
    foreign = await visitor.send(page, on=page, act="pair", store_id=str(empty.foreign_store_id))
    assert foreign.status_code == 404


async def test_keys_sessions_and_passwords(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "admin@acme.example")
    key = await visitor.send("/settings/keys", on="/settings/keys", act="make", name="Till system")
    assert "wink_api_" in key.text
    shown = await visitor.page("/settings/keys")
    key_id = re.search(r'name="key_id" value="([^"]+)"', shown)
    assert key_id is not None
    await visitor.send("/settings/keys", on="/settings/keys", act="revoke", key_id=key_id[1])
    assert "Till system" not in await visitor.page("/settings/keys")
    wrong = await visitor.send(
        "/settings/profile", on="/settings/profile", act="password", old="not this one", new="another long password"
    )
    assert wrong.status_code == 403
    assert "not this one" not in wrong.text
    done = await visitor.send(
        "/settings/profile", on="/settings/profile", act="password", old=PASSWORD, new="another long password"
    )
    assert done.status_code == 303
    audit = await visitor.page("/settings/audit")
    assert "API key revoked" in audit
    assert "password changed" in audit


async def test_a_camera_is_made_renamed_retired_and_taken_back(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "owner@acme.example")
    store = str(empty.store_id)

    async def act(what: str, **more: str) -> int:
        fields = {"act": what, "store_id": store, "camera_id": "cam 1 ä", **more}
        return (await visitor.send("/cameras", on="/cameras", **fields)).status_code

    assert await act("add", name="Door") == 303
    assert await act("add", name="Door") == 409
    assert await act("rename", name="Back door") == 303
    assert "Back door" in await visitor.page("/cameras")
    assert "Zones of Back door" in await visitor.page(f"/zones/{store}/cam%201%20%C3%A4")
    assert await act("retire", name="Back door") == 303
    assert "1 retired" in await visitor.page("/cameras")
    assert await act("back", name="Back door") == 303
    empty.client.cookies.clear()
    staff = await logged_in(empty.client, "staff@acme.example")
    assert 'name="csrf"' not in await staff.page("/cameras")


async def test_zones_are_edited_rolled_back_and_a_conflict_is_decided(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "owner@acme.example")
    store = str(empty.store_id)
    await visitor.send("/cameras", on="/cameras", act="add", store_id=store, camera_id="cam", name="Door")
    api, page = f"/api/v1/stores/{store}/cameras/cam/zones", f"/zones/{store}/cam"

    async def put(based_on: int, y: float) -> dict[str, object]:
        line = {"kind": "line", "zone_id": "door", "points": [[0.1, y], [0.9, y]], "name": f"</script>{y}"}
        answer = await empty.client.put(api, json={"based_on": based_on, "zones": [line]})
        assert answer.status_code == 200, answer.text
        told: dict[str, object] = answer.json()
        return told

    await put(0, 0.5)
    await put(1, 0.6)
    assert (await put(1, 0.7))["outcome"] == "conflict"
    shown = await visitor.page(page)
    assert "Changed in two places" in shown
    assert "</script>0" not in shown
    assert "somebody must decide" in await visitor.page("/zones")
    chosen = await visitor.send("/zones/choose", on=page, store_id=store, camera_id="cam", revision="3")
    assert chosen.headers["Location"] == page
    after = await visitor.page(page)
    assert "Changed in two places" not in after
    assert "Revision 4 counts" in after


async def test_a_report_has_the_same_numbers_in_every_form(demo: Visitor) -> None:
    query = "period=28&part=summary&part=stores&part=days"
    page = await demo.page(f"/reports?{query}")
    sheet_file = await demo.client.get(f"/reports/file.xlsx?{query}")
    book = openpyxl.load_workbook(io.BytesIO(sheet_file.content))
    went_in = next(row[1] for row in book["Summary"].iter_rows(values_only=True) if row[0] == "People in")
    assert went_in > 10_000
    assert f"{went_in:,}" in page
    tile = (
        (await demo.page("/dashboard?period=28")).partition('data-metric="footfall_in"')[2].partition("</article>")[0]
    )
    assert f'<p class="value">{went_in:,}</p>' in tile
    assert sum(row[2] for row in book["Stores"].iter_rows(min_row=2, values_only=True)) == went_in
    assert sum(row[2] for row in book["Day by day"].iter_rows(min_row=2, values_only=True)) == went_in
    text = (await demo.client.get(f"/reports/file.csv?{query}")).content.decode("utf-8-sig")
    assert f"People in,{went_in},crossings" in text
    assert "do not exist" in text
    pdf = (await demo.client.get(f"/reports/file.pdf?{query}&title=%E2%82%AC%20%E4%BD%A0")).content
    assert pdf.startswith(b"%PDF-")
    await demo.page("/reports/file.doc", status=404)


async def test_the_days_of_the_demo_tell_its_stories(demo: Visitor) -> None:
    page = await demo.page("/insights")
    assert "Cameras missed part of 1 of the last 14 days" in page
    assert "Cologne Hohe Straße" in page
    assert "had 7" in page or "had 8" in page or "had 9" in page or "had 1" in page
    assert "Tried on" in page


async def test_too_little_data_is_said_and_nothing_is_claimed(empty: CloudUnderTest) -> None:
    page = await (await logged_in(empty.client, "admin@acme.example")).page("/insights")
    assert "A forecast needs 42 days of all stores; 0 are there." in page
    assert "Unusual days need 6 weeks of data; 0 are there." in page
    assert 'data-kind="' not in page


async def test_the_definitions_are_those_that_all_programs_share() -> None:
    by_name = {d.name: d for d in DEFINITIONS}
    assert {m.name: m.definition for m in METRICS} == {m.name: by_name[m.name].words for m in METRICS}


async def test_every_definition_that_a_page_links_to_is_there(demo: Visitor) -> None:
    names = {d.name for d in DEFINITIONS}
    linked: set[str] = set()
    for path in PAGES:
        linked |= set(re.findall(r"/definitions#(\w+)", await demo.page(path)))
    assert linked
    assert linked <= names


def test_the_scripts_stay_small() -> None:
    static = Path("cloud_api/web/static")
    assert (static / "zones.js").stat().st_size < 30_000
    assert sum(f.stat().st_size for f in static.glob("*.js")) < 40_000  # ADR 0020; promised are 150 kB
