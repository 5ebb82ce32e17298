from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.services.config_document import Document, parse_yaml, read_yaml
from desktop_app.services.config_import import ConfigError, parse_config, parse_zones, read_config
from shared_models.geometry import side_of
from shared_models.zones import CountedDirection, LineZone, PolygonZone, ZonePurpose

EXAMPLE = """\
# The edge file that stores already have. Coordinates are pixels of the camera's frame.
api_url: https://api.example.com
edge_key: edge_store_abc123_xxxxxxxxxxxxxxxx
cameras:
  - camera_id: cam_entrance_001
    name: "Front Door"
    rtsp_url: "rtsp://192.168.1.101:554/stream"
    zones:
      - zone_id: entrance_in
        type: line
        coordinates: [[100, 200], [500, 200]]
        direction: in

      - zone_id: entrance_out
        type: line
        coordinates: [[100, 250], [500, 250]]
        direction: out

  - camera_id: cam_aisle_001
    name: "Aisle 1"
    rtsp_url: "rtsp://192.168.1.102:554/stream"
    zones:
      - zone_id: shelf_snacks
        type: polygon
        coordinates: [[150,100], [400,100], [400,300], [150,300]]
        shelf_category: snacks
"""


def mistakes_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(parse_yaml(text))
    return [str(m) for m in caught.value.mistakes]


def test_the_file_that_stores_have_is_read_as_it_stands() -> None:
    config = parse_config(parse_yaml(EXAMPLE))
    assert config.api_url == "https://api.example.com"
    assert config.edge_key is not None
    assert config.edge_key.get_secret_value() == "edge_store_abc123_xxxxxxxxxxxxxxxx"
    door, aisle = (camera.camera(frame_wh=(640, 480)) for camera in config.cameras)
    assert (door.camera_id, door.name, str(door.source)) == (
        "cam_entrance_001",
        "Front Door",
        "rtsp://192.168.1.101:554/stream",
    )
    line_in, line_out = door.zones
    assert isinstance(line_in, LineZone)
    assert isinstance(line_out, LineZone)
    assert line_in.points == ((100 / 640, 200 / 480), (500 / 640, 200 / 480))
    assert (line_in.counts, line_out.counts) == (CountedDirection.IN, CountedDirection.OUT)
    (shelf,) = aisle.zones
    assert isinstance(shelf, PolygonZone)
    assert (shelf.purpose, shelf.shelf_category) == (ZonePurpose.SHELF, "snacks")


def test_in_is_downwards_for_a_line_drawn_from_left_to_right() -> None:
    line = parse_config(parse_yaml(EXAMPLE)).cameras[0].camera(frame_wh=(640, 480)).zones[0]
    assert side_of(line.points[0], line.points[1], (0.5, 0.9)) > 0


def test_both_directions_are_the_default() -> None:
    (line,) = parse_zones(
        {"zones": [{"zone_id": "a", "type": "line", "coordinates": [[1, 2], [3, 4]]}]}, frame_wh=(9, 9)
    )
    assert isinstance(line, LineZone)
    assert line.counts is CountedDirection.BOTH


def test_every_mistake_is_told_at_once_with_its_place_and_cure() -> None:
    told = mistakes_of(
        """\
api_url: ftp:/x
cameras:
  - camera_id: a
    rtsp_urls: rtsp://x
    zones:
      - zone_id: z
        type: lin
        coordinates: [[1, 2], [3]]
      - zone_id: z
        type: polygon
        coordinates: [[0, 0], [100, 100], [100, 0], [0, 100]]
  - camera_id: a
    rtsp_url: foo://bar
    fps: 99
"""
    )
    expected = [
        "line 1, api_url: 'ftp:/x' is not a web address; write e.g. https://",
        "line 1, edge_key: 'edge_key' is missing",
        "line 3, cameras[0].rtsp_url: 'rtsp_url' is missing; write e.g. rtsp://",
        "line 4, cameras[0].rtsp_urls: 'rtsp_urls' is not known; did you mean 'rtsp_url'?",
        "line 7, cameras[0].zones[0].type: 'lin' is not known; write one of: line, polygon",
        "line 8, cameras[0].zones[0].coordinates[1]: expected two numbers [x, y] in pixels, found [3]",
        "line 9, cameras[0].zones[1].zone_id: 'z' is used by cameras[0].zones[0] already",
        "line 11, cameras[0].zones[1].coordinates: The edges of the area cross each other; move a corner",
        "line 12, cameras[1].camera_id: 'a' is used by cameras[0] already",
        "line 13, cameras[1].rtsp_url: Addresses of the kind foo:// are not known",
        "line 14, cameras[1].fps: expected a number from 1 to 15, found 99",
    ]
    assert len(told) == len(expected), told
    for words in expected:
        assert any(t.startswith(words) for t in told), (words, told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected keys"),
        ("cameras: []", "there is no camera"),
        ("cameras:", "'cameras' is missing"),
        ("cameras: 3", "expected a list"),
        ("cameras: [1]", "expected keys"),
        ("a: [", "not YAML"),
        ("cameras: &a [*a]", "expected keys"),
        ("api_url: https://x\napi_url: https://y\ncameras: []", "said twice"),
        ("api_url: https://u:hunter2@x\nedge_key: k\ncameras: []", "no user name or password"),
        ("edge_key: k\ncameras: [{camera_id: a, rtsp_url: '0'}]", "'api_url' is missing"),
        ("cameras: [{camera_id: a, rtsp_url: '0', source: '1'}]", "either rtsp_url or source"),
        ("cameras: [{camera_id: a, rtsp_url: '0', enabled: maybe}]", "expected true or false"),
    ],
)
def test_a_wrong_file_says_what_to_write(text: str, words: str) -> None:
    told = "\n".join(mistakes_of(text))
    assert words in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ({"direction": "sideways"}, "write one of: in, out, both"),
        ({"coordinates": [[1, 1], [1, 1]]}, "no length"),
        ({"coordinates": [[-1, 1], [1, 1]]}, "outside any picture"),
        ({"coordinates": [[float("nan"), 1], [1, 1]]}, "expected two numbers"),
        ({"coordinates": [[True, 1], [1, 1]]}, "expected two numbers"),
        ({"coordinates": [[1, 1], [900, 1]]}, "picture, which is 640x480 pixels"),
        ({"type": "polygon", "purpose": "area", "shelf_category": "x"}, "write 'shelf' instead of 'area'"),
        ({"zone_id": "x" * 101}, "longer than 100"),
    ],
)
def test_a_wrong_zone_says_what_to_write(zone: dict[str, object], words: str) -> None:
    shape = [[1, 1], [300, 1], [300, 300]]
    document = {"zones": [{"zone_id": "z", "type": "line", "coordinates": shape, **zone}]}
    with pytest.raises(ConfigError, match="zones") as caught:
        parse_zones(document, frame_wh=(640, 480))
    assert words in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read_config(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="this is a folder"):
        read_yaml(tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x9f")
    with pytest.raises(ConfigError, match="not text in UTF-8"):
        read_yaml(tmp_path / "binary.yaml")


def test_the_key_is_shown_nowhere() -> None:
    assert "xxxxxxxxxxxxxxxx" not in repr(parse_config(parse_yaml(EXAMPLE)))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda children: (
            st.lists(children, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["api_url", "cameras", "camera_id", "rtsp_url", "zones", "zone_id", "type", "coordinates"]
                ),
                children,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_value_whatever_gets_past_as_anything_but_words(value: object) -> None:
    reader = Document(value)
    with contextlib.suppress(ConfigError):
        assert parse_config(reader).cameras
