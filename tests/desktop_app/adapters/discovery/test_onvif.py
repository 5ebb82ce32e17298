"""Finding cameras and asking them for their streams, against played cameras: real multicast on loopback, real HTTP."""

from __future__ import annotations

import base64
import time

import pytest

from desktop_app.adapters.discovery import onvif_device
from desktop_app.adapters.discovery.local_discovery import LocalDiscovery
from desktop_app.adapters.discovery.onvif_device import ask_streams, password_digest
from desktop_app.adapters.discovery.onvif_probe import ask_network, parse_answer
from desktop_app.services.camera_discovery import CameraQuestionError, CameraStreams, FoundCamera
from tests.helpers.onvif_camera import JPEG, MAIN, SUB, TINY, OnvifCamera
from tests.helpers.rtsp_server import free_port


def search(seconds: float = 0.6) -> list[FoundCamera]:
    return ask_network(seconds=seconds, is_cancelled=lambda: False, interfaces=("lo",))


def asked(camera: OnvifCamera, password: str | None = None) -> CameraStreams:
    return LocalDiscovery().streams(
        camera.service,
        user=camera.user,
        password=camera.password if password is None else password,
        is_cancelled=lambda: False,
    )


def test_several_cameras_are_found_by_one_multicast_question_each_once() -> None:
    with OnvifCamera(), OnvifCamera(host="127.0.0.2", name="Till"), OnvifCamera(host="127.0.0.3", name="") as third:
        found = search()
    assert [(c.name, c.address, c.model) for c in found] == [
        ("127.0.0.3", "rtsp://127.0.0.3:554/", "WK-200"),
        ("Front Door", "rtsp://127.0.0.1:554/", "WK-200"),
        ("Till", "rtsp://127.0.0.2:554/", "WK-200"),
    ]
    assert found[0].service == third.service
    assert all(camera.is_guess for camera in found)


def test_a_camera_that_believes_to_be_in_another_network_is_asked_where_it_answered() -> None:
    with OnvifCamera(host="127.0.0.2", told_host="192.168.1.64") as camera:
        (found,) = search()
        assert found.service == camera.service
        streams = ask_streams(found.service, user=camera.user, password=camera.password)
    assert streams.source == "rtsp://127.0.0.2:8554/stream1?a=1&b=2"


def test_an_answer_for_several_cameras_is_believed_as_it_is() -> None:
    one = "<m:ProbeMatch xmlns:m='m'><m:XAddrs>http://192.168.1.{n}/x</m:XAddrs></m:ProbeMatch>"
    both = parse_answer(f"<a>{one.format(n=4)}{one.format(n=5)}</a>".encode(), sender="192.168.1.1")
    assert [camera.name for camera in both] == ["192.168.1.4", "192.168.1.5"]


@pytest.mark.parametrize("answer", [b"garbage", b"<", b"<ProbeMatch/>", b"\x00" * 60_000, b"<a>" * 9000])
def test_a_camera_that_answers_nonsense_does_not_hide_the_others(answer: bytes) -> None:
    with OnvifCamera(answers={"Probe": answer}), OnvifCamera(host="127.0.0.2", name="Till"):
        assert [camera.name for camera in search()] == ["Till"]


@pytest.mark.parametrize("address", ["http://[bad", "http://a:99999/", "ftp://1.2.3.4/", "", "javascript:x"])
def test_addresses_that_are_none_are_no_camera(address: str) -> None:
    answer = f"<a><ProbeMatch><XAddrs>{address}</XAddrs></ProbeMatch></a>"
    assert parse_answer(answer.encode(), sender="127.0.0.1") == []


def test_an_interface_that_is_not_there_is_no_trouble_and_a_search_ends_on_its_word() -> None:
    began_s = time.monotonic()
    ask_network(seconds=0.3, is_cancelled=lambda: False, interfaces=("no-such-interface", "lo"))
    assert time.monotonic() - began_s < 5
    assert ask_network(seconds=60, is_cancelled=lambda: True) == []


@pytest.mark.parametrize("auth", ["wsse", "http", "none"])
def test_a_camera_tells_its_streams_and_shows_a_picture(auth: str) -> None:
    with OnvifCamera(auth=auth, profiles=(SUB, MAIN, TINY)) as camera:
        streams = asked(camera)
    assert streams.source == "rtsp://127.0.0.1:8554/stream1?a=1&b=2", "the largest; no user and password in it"
    assert streams.substream == "rtsp://127.0.0.1:8554/stream0?a=1&b=2", "not the tiny one: people are too small in it"
    assert streams.picture == JPEG
    assert abs(streams.clock_offset_s) < 2.0
    everything = b"".join(camera.sent)
    assert camera.password.encode() not in everything
    assert b"Basic " not in everything


@pytest.mark.parametrize("auth", ["wsse", "http"])
def test_a_wrong_password_is_said_and_not_tried_over_and_over(auth: str) -> None:
    with OnvifCamera(auth=auth) as camera:
        with pytest.raises(CameraQuestionError, match="refuses this user name or password"):
            asked(camera, "wrong")
        assert len(camera.asked) <= 4, "cameras lock accounts"
        with pytest.raises(CameraQuestionError, match="refuses this user name or password"):
            ask_streams(camera.service)


@pytest.mark.parametrize("offset_s", [-3 * 365 * 86_400.0, 7200.0, 40.0])
def test_a_camera_whose_clock_is_wrong_is_asked_by_its_own_clock(offset_s: float) -> None:
    with OnvifCamera(clock_offset_s=offset_s) as camera:
        assert asked(camera).clock_offset_s == pytest.approx(offset_s, abs=2.0)


def test_a_camera_that_does_not_tell_its_time_is_taken_to_be_right() -> None:
    for answer in (b"<a><UTCDateTime><Year>99999999</Year></UTCDateTime></a>", b"<a/>"):
        with OnvifCamera(answers={"GetSystemDateAndTime": answer}) as camera:
            assert asked(camera).clock_offset_s == 0.0


def test_a_camera_with_one_small_profile_and_no_picture_is_enough() -> None:
    with OnvifCamera(profiles=(TINY,), has_snapshot=False) as camera:
        streams = asked(camera)
    assert (streams.source, streams.substream, streams.picture) == (
        "rtsp://127.0.0.1:8554/stream0?a=1&b=2", None, None,
    )  # fmt: skip


def test_a_camera_without_video_says_so() -> None:
    with OnvifCamera(profiles=()) as camera, pytest.raises(CameraQuestionError, match="no video stream"):
        asked(camera)


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">]><a>&b;&b;</a>'


@pytest.mark.parametrize("question", ["GetSystemDateAndTime", "GetCapabilities", "GetProfiles", "GetStreamUri"])
@pytest.mark.parametrize(
    "answer",
    [b"", b"<", b"\xff\xfe\x00", b"<html>log in</html", BOMB, b"<a>" + b"x" * 2_000_000],
    ids=["empty", "cut", "bytes", "html", "bomb", "huge"],
)
def test_nonsense_is_told_in_words(question: str, answer: bytes) -> None:
    with (
        OnvifCamera(answers={question: answer}) as camera,
        pytest.raises(CameraQuestionError, match="not as one with ONVIF"),
    ):
        asked(camera)


def test_a_stream_of_another_kind_is_refused() -> None:
    answer = b"<a><Uri>file:///etc/passwd</Uri></a>"
    with (
        OnvifCamera(answers={"GetStreamUri": answer}) as camera,
        pytest.raises(CameraQuestionError, match="type the address"),
    ):
        asked(camera)


def test_a_slow_camera_is_waited_for_and_one_that_never_ends_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with OnvifCamera(slow_s=0.3) as camera:
        assert asked(camera).substream is not None
    monkeypatch.setattr(onvif_device, "WHOLE_S", 0.5)
    with OnvifCamera(drips=True) as camera, pytest.raises(CameraQuestionError, match="in time"):
        asked(camera)
    monkeypatch.setattr(onvif_device, "READ_TIMEOUT_S", 0.2)
    with OnvifCamera(slow_s=30.0) as camera, pytest.raises(CameraQuestionError, match="in time"):
        asked(camera)


def test_nobody_there_and_a_question_that_nobody_wants_any_more() -> None:
    with pytest.raises(CameraQuestionError, match="switched on"):
        ask_streams(f"http://127.0.0.1:{free_port()}/onvif/device_service")
    with OnvifCamera() as camera, pytest.raises(CameraQuestionError):
        ask_streams(camera.service, is_cancelled=lambda: True)


def test_the_digest_is_that_of_the_specification() -> None:
    """The worked example of the ONVIF Application Programmer's Guide, section 6.1.1.3."""
    nonce = base64.b64decode("LKqI6G/AikKCQrN0zqZFlg==")
    assert password_digest(nonce, "2010-09-16T07:50:45Z", "userpassword") == "tuOSpGlFlIXsozq4HFNeeGeFLEI="
