from __future__ import annotations

from pathlib import Path

import pytest

from cloud_api.doctor.findings import Finding, State
from cloud_api.doctor.web_address import examine_address
from tests.helpers.authority import Authority
from tests.helpers.front_door import FrontDoor, opened
from tests.helpers.rtsp_server import free_port


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def look(
    authority: Authority, door: FrontDoor | None = None, plain: FrontDoor | None = None, **issued: object
) -> dict[str, Finding]:
    certificate = authority.issue("server", **issued)  # type: ignore[arg-type]
    plain = plain or FrontDoor(redirect="https://localhost/")
    with opened(door or FrontDoor(), certificate) as port, opened(plain) as http_port:
        found = examine_address(f"https://localhost:{port}", ca=authority.file, http_port=http_port)
    return {finding.what: finding for finding in found}


def test_a_right_address_is_found_right_in_every_line(authority: Authority) -> None:
    found = look(authority)
    assert {f.state for f in found.values()} == {State.OK}, found
    assert set(found) == {"certificate", "TLS", "program", "HSTS", "clock of the web server", "plain HTTP"}
    assert "Test authority" in found["certificate"].words


@pytest.mark.parametrize(
    ("issued", "words"),
    [
        ({"days": -1}, "has expired"),
        ({"host": "elsewhere.example"}, "for another name"),
        ({"is_own_root": True}, "does not end at a known authority"),
        ({"days": 2}, "valid for 2 more days"),
    ],
)
def test_a_wrong_certificate_is_broken_and_its_cure_is_told(
    authority: Authority, issued: dict[str, object], words: str
) -> None:
    found = look(authority, **issued)["certificate"]
    assert found.state is State.BROKEN
    assert words in found.words
    assert found.cure


def test_a_certificate_that_should_have_been_renewed_is_warned_of(authority: Authority) -> None:
    assert look(authority, days=15)["certificate"].state is State.WARNING


def test_an_unknown_authority_is_told_with_the_way_to_name_it(authority: Authority) -> None:
    with opened(FrontDoor(), authority.issue("server")) as port:
        (found, _) = examine_address(f"https://localhost:{port}", http_port=free_port())
    assert found.state is State.BROKEN
    assert "--ca FILE" in found.cure


def test_plain_http_that_serves_pages_is_broken(authority: Authority) -> None:
    found = look(authority, plain=FrontDoor(answers={"/": (200, "a page")}))["plain HTTP"]
    assert found.state is State.BROKEN
    assert "answers 200" in found.words


def test_a_redirect_to_plain_http_is_no_redirect_to_https(authority: Authority) -> None:
    assert look(authority, plain=FrontDoor(redirect="http://localhost/x"))["plain HTTP"].state is State.BROKEN


@pytest.mark.parametrize("header", [{}, {"Strict-Transport-Security": "max-age=60"}])
def test_browsers_that_are_not_told_to_use_https_are_warned_of(authority: Authority, header: dict[str, str]) -> None:
    assert look(authority, FrontDoor(headers=header))["HSTS"].state is State.WARNING


def test_another_program_behind_the_proxy_is_noticed(authority: Authority) -> None:
    found = look(authority, FrontDoor(answers={"/healthz": (200, "Welcome to nginx")}))["program"]
    assert found.state is State.BROKEN
    assert "not as Wink does" in found.words


def test_a_program_without_its_database_is_broken(authority: Authority) -> None:
    door = FrontDoor()
    door.answers["/readyz"] = (503, "{}")
    assert "database does not answer" in look(authority, door)["program"].words


def test_a_web_server_whose_clock_is_wrong_is_noticed(authority: Authority) -> None:
    found = look(authority, FrontDoor(clock_off_s=-600))["clock of the web server"]
    assert found.state is State.BROKEN
    assert "behind" in found.words


def test_a_server_that_is_not_there_is_told_with_what_to_check(authority: Authority) -> None:
    found = examine_address(f"https://localhost:{free_port()}", ca=authority.file, http_port=free_port())
    assert found[0].state is State.BROKEN
    assert "firewall" in found[0].cure


def test_a_port_that_speaks_no_tls_is_told() -> None:
    with opened(FrontDoor()) as port:
        found = examine_address(f"https://localhost:{port}", http_port=free_port())
    assert "does not speak TLS" in found[0].words


@pytest.mark.parametrize("url", ["counts.example.com", "ftp://x", "https://", "https://a:notaport"])
def test_what_is_no_web_address_is_refused_in_words(url: str) -> None:
    (found,) = examine_address(url)
    assert found.state is State.BROKEN
    assert "is no web address" in found.words


def test_plain_http_on_this_machine_is_enough_to_try_it_out() -> None:
    with opened(FrontDoor()) as port:
        found = examine_address(f"http://127.0.0.1:{port}")
    assert [f.state for f in found] == [State.WARNING, State.OK, State.OK]


def test_plain_http_on_the_internet_is_broken_without_being_asked() -> None:
    (found,) = examine_address("http://counts.example.com")
    assert found.state is State.BROKEN


def test_a_file_that_is_no_authority_is_told(tmp_path: Path) -> None:
    (found,) = examine_address("https://localhost:1", ca=tmp_path / "none.pem")
    assert found.what == "authority"
    assert found.state is State.BROKEN
