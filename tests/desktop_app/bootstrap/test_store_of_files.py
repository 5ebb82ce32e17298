"""Whose word counts for the time of a store that is counted without a window."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from desktop_app.bootstrap.store_of_files import remember_store, stores_zone, time_of_store
from desktop_app.services.config_document import ConfigError, parse_yaml
from desktop_app.services.config_import import EdgeConfig, parse_config
from desktop_app.services.store_document import STORE_FILE, StoreDocument, StoreFile
from desktop_app.services.store_times import LaptopZone
from desktop_app.settings import EdgeSettings
from shared_models.enrolment import StoreFacts
from shared_models.store_time import StoreTime

CAMERAS = "cameras:\n  - {camera_id: cam, source: virtual-store://entrance}\n"
CLOUD = "api_url: https://c.example\nedge_key: edge_x\n"
BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.fixture
def settings(tmp_path: Path) -> EdgeSettings:
    return EdgeSettings(data_dir=tmp_path)


def config(text: str) -> EdgeConfig:
    return parse_config(parse_yaml(text + CAMERAS))


def test_a_file_may_say_where_its_store_is_and_old_files_say_nothing(settings: EdgeSettings) -> None:
    assert time_of_store(settings, config=config("")) == StoreTime(LaptopZone())
    told = config("time_zone: Asia/Tokyo\nreset_hour: 2\n")
    assert time_of_store(settings, config=told) == StoreTime(TOKYO, 2)
    StoreFile(settings.data_dir / STORE_FILE).write(StoreDocument(time_zone="Europe/Berlin", reset_hour=6))
    assert time_of_store(settings, config=told) == StoreTime(TOKYO, 2)
    assert time_of_store(settings, config=config("")) == StoreTime(BERLIN, 6)
    assert time_of_store(settings) == StoreTime(BERLIN, 6)


def test_the_clouds_last_word_goes_before_the_files(settings: EdgeSettings) -> None:
    asked = config(CLOUD + "time_zone: Asia/Tokyo\n")
    assert time_of_store(settings, config=asked) == StoreTime(TOKYO)
    remember_store(settings, StoreFacts(name="High Street", time_zone="Europe/Berlin", reset_hour=3))
    assert time_of_store(settings, config=asked) == StoreTime(BERLIN, 3)
    assert stores_zone(settings) == BERLIN
    assert StoreFile(settings.data_dir / STORE_FILE).read().store_name == "High Street"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("time_zone: Europe/Berln", "did you mean Europe/Berlin"),
        ("reset_hour: 24", "write a whole number from 0 to 23"),
        ("reset_hour: true", "no hour of the day"),
    ],
)
def test_a_wrong_zone_or_hour_is_a_mistake_with_its_line(line: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        config(f"{line}\n")
    assert caught.value.mistakes[0].line == 1
