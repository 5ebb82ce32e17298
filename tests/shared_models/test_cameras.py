from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared_models.cameras import Camera, SourceAddress, SourceKind, redact
from shared_models.zones import LineZone

SECRETS = [
    "rtsp://admin:hunter2@192.168.1.101:554/stream",
    "rtsp://admin:hun@ter2@192.168.1.101:554/stream",
    "rtsp://admin:hunter2/hunter2@192.168.1.101/stream",
    "http://192.168.1.101/video.cgi?user=admin&pwd=hunter2",
    "http://cam/mjpg?token=hunter2&size=1",
    "could not open 'RTSPS://admin:hunter2@cam/1': refused",
]


@pytest.mark.parametrize("text", SECRETS)
def test_no_secret_survives_redaction(text: str) -> None:
    assert "hunter2" not in redact(text)
    assert "admin" not in redact(text)
    assert "***" in redact(text)


@given(
    st.text(
        st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), blacklist_characters="'\"<>"), min_size=4
    )
)
def test_no_password_survives_redaction(password: str) -> None:
    shown = redact(f"rtsp://u:{password}@camera-host:554/s")
    assert shown == "rtsp://***@camera-host:554/s"


def test_an_address_shows_itself_without_its_password() -> None:
    address = SourceAddress("rtsp://admin:hunter2@192.168.1.101:554/stream")
    camera = Camera(camera_id="c", source=address)
    for shown in (str(address), repr(address), f"{address}", repr(camera), camera.model_dump_json()):
        assert "hunter2" not in shown
        assert "192.168.1.101:554" in shown
    assert address.reveal() == "rtsp://admin:hunter2@192.168.1.101:554/stream"
    assert address.host == "192.168.1.101:554"


def test_credentials_are_quoted_into_an_address() -> None:
    address = SourceAddress("rtsp://cam/1").with_credentials(user="shop owner", password="p@ss/word")
    assert address.reveal() == "rtsp://shop%20owner:p%40ss%2Fword@cam/1"
    assert "p%40ss" not in str(address)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("rtsp://cam/1", SourceKind.RTSP),
        ("RTSPS://cam/1", SourceKind.RTSP),
        ("http://cam/mjpg", SourceKind.HTTP),
        ("https://cam/mjpg", SourceKind.HTTP),
        ("0", SourceKind.USB),
        ("usb://2", SourceKind.USB),
        ("film.mp4", SourceKind.FILE),
        ("file:///tmp/film.mp4", SourceKind.FILE),
        ("virtual-store://entrance?seed=7", SourceKind.VIRTUAL_STORE),
    ],
)
def test_the_kind_of_an_address_is_recognised(text: str, kind: SourceKind) -> None:
    assert SourceAddress(text).kind is kind


@pytest.mark.parametrize("text", ["", "   ", "ftp://cam/1"])
def test_an_address_of_no_known_kind_is_refused_with_a_cure(text: str) -> None:
    with pytest.raises(ValueError, match="rtsp://"):
        SourceAddress(text)


def test_two_zones_with_one_id_are_refused() -> None:
    line = LineZone(zone_id="door", points=((0, 0), (1, 0)))
    with pytest.raises(ValidationError, match="door is used more than once"):
        Camera(camera_id="c", source=SourceAddress("0"), zones=(line, line))
