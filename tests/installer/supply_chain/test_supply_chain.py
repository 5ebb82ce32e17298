from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from installer.supply_chain.audit import EXCEPTIONS, Exemption, ask, judge, read_exemptions
from installer.supply_chain.licences import may_be_passed_on, problems
from installer.supply_chain.sbom import make_sbom
from installer.supply_chain.subset import FROM_SOURCE, PROJECT_DIR, Pin, canonical, pins_of, read_pins, subset

TODAY = date(2026, 11, 23)
CONSTRAINTS = """\
alpha==1.0 ; python_full_version < '3.12' \\
    --hash=sha256:aa
    # via project (pyproject.toml)
alpha==2.0 ; python_full_version >= '3.12' \\
    --hash=sha256:bb
    # via project (pyproject.toml)
beta==3.1 \\
    --hash=sha256:cc
    # via
    #   Alpha
    #   delta
delta==4.0 \\
    --hash=sha256:dd
    # via project (pyproject.toml)
epsilon==5.0 \\
    --hash=sha256:ee
    # via beta
"""


def needs(name: str, extras: set[str]) -> Iterator[tuple[str, set[str]]]:
    """What an installed package needs on this very Python."""
    for line in metadata.requires(name) or []:
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in extras | {""}):
            yield canonical(requirement.name), set(requirement.extras)


@pytest.mark.parametrize("extra", ["cloud", "desktop"])
def test_the_pins_of_a_program_hold_all_that_it_needs_when_installed(extra: str) -> None:
    pinned = {pin.name for pin in pins_of([extra])}
    todo: list[tuple[str, set[str]]] = list(needs("wink-analytics", {extra}))
    seen: set[tuple[str, frozenset[str]]] = set()
    while todo:
        name, extras = todo.pop()
        if (name, frozenset(extras)) in seen or name == "wink-analytics":
            continue
        seen.add((name, frozenset(extras)))
        assert name in pinned
        todo += needs(name, extras)
    assert len(seen) > 20


def test_the_cloud_gets_nothing_of_the_desktop_nor_of_the_developers() -> None:
    cloud = {pin.name for pin in pins_of(["cloud"])}
    assert not cloud & {"pyside6-essentials", "openvino", "opencv-python-headless", "pytest", "mypy", "ruff"}


def test_every_pin_keeps_its_hashes() -> None:
    for pin in pins_of(["desktop", "cloud"]):
        assert any("--hash=sha256:" in line for line in pin.lines), pin.name


def test_pins_for_several_pythons_and_what_needs_them_are_kept_together() -> None:
    pins = read_pins(CONSTRAINTS)
    assert [(p.name, p.version) for p in subset(pins, {"alpha"})] == [
        ("alpha", "1.0"), ("alpha", "2.0"), ("beta", "3.1"), ("epsilon", "5.0"),
    ]  # fmt: skip
    assert [p.name for p in subset(pins, {"delta"}, without={"beta"})] == ["delta"]
    with pytest.raises(ValueError, match="has no pin of zeta; run: make lock"):
        subset(pins, {"zeta"})


def printed(*words: str) -> set[str]:
    command = [sys.executable, "installer/supply_chain/subset.py", *words]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=True, timeout=60)
    return set(read_pins(done.stdout))


def test_what_has_to_be_built_is_kept_apart_and_nothing_is_lost() -> None:
    wheels, source = printed("--wheels", "cloud"), printed("--source", "cloud")
    assert source <= FROM_SOURCE
    assert not wheels & source
    assert wheels | source == printed("cloud") == {pin.name for pin in pins_of(["cloud"])}
    assert {"hatchling", "setuptools"} <= printed("--only-tool", "hatchling", "--only-tool", "setuptools")


def test_the_desktop_needs_nothing_that_has_to_be_built() -> None:
    assert not {pin.name for pin in pins_of(["desktop"])} & FROM_SOURCE


def test_an_unknown_extra_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no extra clowd"):
        pins_of(["clowd"])


def test_nothing_that_ships_stands_under_a_licence_that_reaches_out_for_our_own() -> None:
    assert problems(pins_of(["desktop", "cloud"])) == []


@pytest.mark.parametrize(
    ("expression", "is_right"),
    [
        ("MIT", True), ("Apache-2.0 OR GPL-3.0-only", True), ("LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", True),
        ("BSD-3-Clause AND MIT", True), ("MIT AND GPL-3.0-only", False), ("AGPL-3.0", False), ("", False),
        ("GNU Affero General Public License v3", False), ("GPL-3.0-only OR AGPL-3.0-only", False),
    ],
)  # fmt: skip
def test_a_licence_is_understood_or_refused(expression: str, is_right: bool) -> None:
    assert may_be_passed_on(expression) is is_right


def test_the_extra_under_agpl_is_seen_to_be_caught() -> None:
    ultralytics = Pin("ultralytics", "8", (), frozenset())
    assert problems([ultralytics]) == ["ultralytics: no licence is told"]


def test_a_bill_of_materials_is_valid_whole_and_the_same_each_time() -> None:
    pins = pins_of(["cloud"])
    bill = make_sbom(pins)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    assert {canonical(c["name"]) for c in bill["components"]} == {pin.name for pin in pins}
    fastapi = next(c for c in bill["components"] if c["name"] == "fastapi")
    assert fastapi["licenses"] == [{"expression": "MIT"}]
    assert fastapi["purl"].startswith("pkg:pypi/fastapi@")
    assert "hashes" in json.dumps(fastapi)
    assert make_sbom(pins) == bill


@contextmanager
def advisories(known: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """An OSV service on this machine; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the library's name
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"vulns": known.get(asked["package"]["name"], [])}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="advisories")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


WEAKNESS = {
    "id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "summary": "a hole", "details": "a hole",
    "modified": "2026-01-01T00:00:00Z",
    "affected": [{"package": {"name": "beta", "ecosystem": "PyPI"},
                  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.2"}]}]}],
}  # fmt: skip


def asked_of(url: str) -> Any:
    pins = [Pin("alpha", "1.0", (), frozenset()), Pin("beta", "3.1", (), frozenset())]
    return ask(pins, service=["--vulnerability-service", "osv", "--osv-url", url])


def test_pip_audit_finds_a_weakness_that_no_exception_covers() -> None:
    with advisories({"beta": [WEAKNESS]}) as url:
        verdict = judge(asked_of(url), [], today=TODAY)
    assert verdict.is_asked
    assert not verdict.is_clean
    assert verdict.lines == ("WEAKNESS  beta 3.1: PYSEC-2026-1, mended in 3.2.",)


def test_an_exception_covers_a_weakness_by_any_of_its_names_and_is_told() -> None:
    with advisories({"beta": [WEAKNESS]}) as url:
        report = asked_of(url)
    verdict = judge(report, [Exemption("CVE-2026-1", "never called", date(2026, 12, 31))], today=TODAY)
    assert verdict.is_clean
    assert "Lived with until 2026-12-31: never called" in verdict.lines[0]


def test_an_exception_that_has_ended_fails_even_where_nothing_is_found() -> None:
    report = {"dependencies": [{"name": "alpha", "version": "1.0", "vulns": []}]}
    verdict = judge(report, [Exemption("CVE-2026-1", "never called", date(2026, 11, 22))], today=TODAY)
    assert not verdict.is_clean
    assert "ended on 2026-11-22" in verdict.lines[0]


def test_a_service_that_cannot_be_asked_is_told_and_nothing_is_called_clean_by_it() -> None:
    report = asked_of("http://127.0.0.1:9/v1/query")
    verdict = judge(report, [], today=TODAY)
    assert not verdict.is_asked
    assert "NOTHING was audited" in verdict.lines[0]


def test_packages_of_which_the_service_knows_nothing_are_counted() -> None:
    report = {"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}]}
    verdict = judge(report, [], today=TODAY)
    assert not verdict.is_asked
    assert "about 1 of 2 packages" in verdict.lines[0]


@pytest.mark.parametrize("missing", ["id", "why", "until"])
def test_an_exception_without_a_word_is_refused(missing: str) -> None:
    words = {"id": 'id = "CVE-1"', "why": 'why = "x"', "until": "until = 2026-12-31"}
    del words[missing]
    with pytest.raises(ValueError, match="needs id, why and until"):
        read_exemptions("[[exception]]\n" + "\n".join(words.values()))


def test_the_list_of_exceptions_can_be_read_and_none_has_ended_unseen() -> None:
    assert all(len(e.why) > 20 for e in read_exemptions(EXCEPTIONS.read_text()))
