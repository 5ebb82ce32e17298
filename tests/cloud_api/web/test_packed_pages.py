"""Pages are packed, and what they hold cannot be found by their lengths."""

from __future__ import annotations

import re

from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.helpers.cloud import CloudUnderTest


async def test_pages_scripts_and_figures_are_packed_and_a_kept_file_is_still_known(empty: CloudUnderTest) -> None:
    visitor = await logged_in(empty.client, "admin@acme.example")
    for path in ("/dashboard", "/static/wink.css", "/openapi.json"):
        answer = await visitor.client.get(path)
        assert answer.headers["content-encoding"] == "gzip", path
        assert "accept-encoding" in answer.headers["vary"].lower()
    tag = (await visitor.client.get("/static/wink.css")).headers["etag"]
    assert (await visitor.client.get("/static/wink.css", headers={"If-None-Match": tag})).status_code == 304


async def test_the_token_of_a_form_reads_differently_in_each_page_and_works_each_time(demo: Visitor) -> None:
    page = "/settings/profile"
    found = [re.search(r'name="csrf" value="([0-9a-f]+)"', await demo.page(page)) for _ in range(3)]
    tokens = [f[1] for f in found if f is not None]
    halves = {token[start : start + 64] for token in tokens for start in (0, 64)}
    assert len(halves) == 6
    form = {"act": "prefer", "theme": "dark", "locale": ""}
    for token in tokens:
        assert (await demo.client.post(page, data={**form, "csrf": token})).status_code == 303
    bent = tokens[0][:-1] + ("0" if tokens[0][-1] != "0" else "1")
    for wrong in (bent, "", "0" * 128, tokens[0][:64], "nonsense", tokens[0] + "00", tokens[0][:64] + tokens[1][64:]):
        assert (await demo.client.post(page, data={**form, "csrf": wrong})).status_code == 403, wrong
