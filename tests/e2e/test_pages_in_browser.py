"""Head office and a store owner go about their work in a real browser; a broken rule of the page's policy fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.helpers.pages import DEMO, is_too_wide, visiting

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
OWNER = ("owner@leipzig.example", "a password for Leipzig")


def test_head_office_compares_finds_draws_reports_and_invites(browser: Browser, demo_url: str, tmp_path: Path) -> None:
    with visiting(browser, demo_url, DEMO, width=1280) as page:
        page.select_option("#period", "28")
        expect(page.locator("#stores tbody tr")).to_have_count(12)
        expect(page.locator("[data-metric=footfall_in] .value")).not_to_have_text("–")
        expect(page.get_by_role("img", name="Hour by weekday")).to_be_visible()
        page.get_by_role("link", name="Insights").click()
        first = page.locator("article.insight h2").first.inner_text()
        page.locator("article.insight").first.get_by_role("button", name="Put away").click()
        expect(page.locator("article.insight h2").first).not_to_have_text(first)
        page.locator("#dismissed summary").click()
        page.locator("#dismissed").get_by_role("button", name="Bring back").click()
        expect(page.locator("article.insight h2").first).to_have_text(first)
        page.locator("[data-chart]").focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator("#forecast .readout")).to_contain_text("came in")
        page.keyboard.press("Home")
        page.keyboard.press("End")
        expect(page.locator("#forecast .readout")).to_contain_text("between")
        outage = page.locator("[data-kind=coverage]")
        expect(outage).to_contain_text("Cameras missed part of")
        outage.get_by_role("link").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Cologne Hohe Straße")
        page.get_by_role("link", name="Zones").click()
        page.get_by_role("link", name="Entrance").click()
        page.get_by_role("button", name="Draw a line").click()
        frame = page.locator("#frame").bounding_box()
        assert frame is not None
        for x, y in ((0.2, 0.3), (0.5, 0.35), (0.8, 0.3)):
            page.mouse.click(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"])
        page.get_by_role("button", name="Finish shape").click()
        page.fill("#zone-name", "Second door")
        page.get_by_role("button", name="Save as a new revision").click()
        expect(page.get_by_text("Revision 2 counts.")).to_be_visible()
        expect(page.locator("#shapes")).to_contain_text("Second door")
        page.get_by_role("link", name="Reports").click()
        page.select_option("#period", "last-month")
        page.get_by_role("button", name="Show", exact=True).click()
        page.fill("#save-name", "For the board")
        page.get_by_role("button", name="Save what is shown").click()
        expect(page.locator("#saved tbody tr")).to_contain_text("Last month")
        page.get_by_role("link", name="For the board").click()
        with page.expect_download() as download:
            page.locator("#build").get_by_role("link", name="PDF").click()
        file = tmp_path / "report.pdf"
        download.value.save_as(file)
        assert file.read_bytes().startswith(b"%PDF-")
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("link", name="People").click()
        page.fill("#email", OWNER[0])
        page.select_option("#invite-store", label="Leipzig Markt")
        page.get_by_role("button", name="Invite").click()
        link = page.locator("#secret").inner_text()
    new = browser.new_context()
    page = new.new_page()
    page.goto(link)
    page.fill("#password", OWNER[1])
    page.click("button[type=submit]")
    page.wait_for_url("**/login")
    new.close()
    with visiting(browser, demo_url, OWNER, width=360, dark=True) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text("Leipzig Markt")
        for name in ("Dashboard", "Live", "Cameras", "Insights", "Zones", "Reports", "Settings"):
            page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
            expect(page.locator("nav.tabs [aria-current=page]")).to_have_text(name)
            assert not is_too_wide(page), name
        expect(page.get_by_role("link", name="Audit log")).to_have_count(0)
        page.get_by_role("link", name="Laptops").click()
        page.get_by_role("button", name="Make a code").click()
        expect(page.locator(".qr svg")).to_be_visible()
        assert not is_too_wide(page)


def test_zones_are_drawn_by_keyboard_alone_and_nonsense_is_refused_in_words(browser: Browser, demo_url: str) -> None:
    with visiting(browser, demo_url, DEMO, width=1280) as page:
        page.goto(f"{demo_url}/zones")
        page.locator("article", has_text="Hamburg").get_by_role("link", name="Till").click()
        page.get_by_role("button", name="Draw an area").press("Enter")
        for keys in ((), ("ArrowRight",) * 3, ("ArrowDown",) * 3, ("ArrowLeft",) * 3):
            for key in keys:
                page.keyboard.press(f"Shift+{key}")
            page.keyboard.press("Enter")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("Drawn by keys")
        page.keyboard.press("Tab")
        page.get_by_role("button", name="Save as a new revision").press("Enter")
        expect(page.get_by_text("Revision 2 counts.")).to_be_visible()
        page.get_by_role("button", name="Go back to it").press("Enter")
        expect(page.get_by_text("Revision 3 counts.")).to_be_visible()
        expect(page.locator("#shapes")).not_to_contain_text("Drawn by keys")


def test_every_page_fits_a_phone_in_the_dark(browser: Browser, demo_url: str) -> None:
    with visiting(browser, demo_url, DEMO, width=360, dark=True) as page:
        for path in ("/dashboard?period=28", "/live", "/cameras", "/insights", "/zones", "/reports?period=7",
                     "/definitions", "/settings/stores", "/settings/people", "/settings/laptops", "/settings/keys",
                     "/settings/audit", "/settings/privacy", "/settings/profile"):  # fmt: skip
            page.goto(demo_url + path)
            expect(page.get_by_role("heading", level=1).or_(page.locator("#sign")).first).to_be_visible()
            assert not is_too_wide(page), path
