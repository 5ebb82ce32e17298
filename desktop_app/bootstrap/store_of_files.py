"""The store's time as commands without a window know it: by the cloud's last word, the configuration, the laptop."""

from __future__ import annotations

import logging
from datetime import tzinfo
from pathlib import Path

from pydantic import SecretStr

from desktop_app.services.config_import import EdgeConfig, read_config
from desktop_app.services.store_document import STORE_FILE, StoreDocumentError, StoreFile
from desktop_app.services.store_times import store_time
from desktop_app.settings import EdgeSettings
from shared_models.enrolment import StoreFacts
from shared_models.store_time import StoreTime

log = logging.getLogger(__name__)


def time_of_store(settings: EdgeSettings, *, config: EdgeConfig | None = None) -> StoreTime:
    """The store's days and reset hour.

    A configuration without a cloud is the only one who says where its store is; beside a cloud, what the cloud said last
    goes first.

    Raises:
        StoreDocumentError: the store's file was written by a newer version, or cannot be read.
    """
    kept = StoreFile(settings.data_dir / STORE_FILE).read()
    if config is None or (config.api_url is not None and kept.time_zone):
        return store_time(kept.time_zone, kept.reset_hour)
    hour = config.reset_hour if config.reset_hour is not None else kept.reset_hour
    return store_time(config.time_zone, hour, otherwise=kept.time_zone)


def remember_store(settings: EdgeSettings, facts: StoreFacts) -> None:
    """Keep how the cloud has set the store, for a start without it. A full disk only means that it is heard again."""
    file = StoreFile(settings.data_dir / STORE_FILE)
    try:
        kept = file.read()
        if kept.told(facts) != kept:
            file.write(kept.told(facts))
    except (StoreDocumentError, OSError) as error:
        log.info("the store's time is not kept: %s", error)


def stores_zone(settings: EdgeSettings, *, config: Path | None = None) -> tzinfo:
    """The zone in which people type moments, and are told them.

    Raises:
        ConfigError, StoreDocumentError
    """
    written = read_config(config, other_edge_key=lambda: SecretStr("not needed here")) if config else None
    return time_of_store(settings, config=written).zone
