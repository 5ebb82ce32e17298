"""What the editor says: purposes and advice, by the context ``ZoneEditor``."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from desktop_app.ui.actions import QT_TRANSLATE_NOOP
from desktop_app.ui.zone_editor.advice import Advice
from shared_models.zones import CountedDirection, ZonePurpose

PURPOSES: dict[ZonePurpose, tuple[str, str]] = {
    ZonePurpose.AREA: (
        QT_TRANSLATE_NOOP("ZoneEditor", "Area"),
        QT_TRANSLATE_NOOP("ZoneEditor", "How many people are here, and how long they stay."),
    ),
    ZonePurpose.SHELF: (
        QT_TRANSLATE_NOOP("ZoneEditor", "Shelf"),
        QT_TRANSLATE_NOOP("ZoneEditor", "Who stops here for some seconds looks at the goods."),
    ),
    ZonePurpose.QUEUE: (
        QT_TRANSLATE_NOOP("ZoneEditor", "Queue"),
        QT_TRANSLATE_NOOP("ZoneEditor", "How many wait, and how long."),
    ),
    ZonePurpose.IGNORE: (
        QT_TRANSLATE_NOOP("ZoneEditor", "Ignore"),
        QT_TRANSLATE_NOOP("ZoneEditor", "Nobody in here is counted: mannequins, posters, mirrors, the street."),
    ),
}
DIRECTIONS: dict[CountedDirection, str] = {
    CountedDirection.BOTH: QT_TRANSLATE_NOOP("ZoneEditor", "In and out"),
    CountedDirection.IN: QT_TRANSLATE_NOOP("ZoneEditor", "Only in"),
    CountedDirection.OUT: QT_TRANSLATE_NOOP("ZoneEditor", "Only out"),
}
ADVICE: dict[Advice, str] = {
    Advice.NEAR_EDGE: QT_TRANSLATE_NOOP(
        "ZoneEditor", "The line lies at the edge of the picture, where people are cut off. Move it towards the middle."
    ),
    Advice.FEET_HIDDEN: QT_TRANSLATE_NOOP(
        "ZoneEditor", "Feet often cannot be seen here. Move it to where people are seen from head to foot."
    ),
    Advice.PEOPLE_SMALL: QT_TRANSLATE_NOOP(
        "ZoneEditor", "People are small here and some will be missed. Move it nearer to the camera."
    ),
    Advice.BORN_HERE: QT_TRANSLATE_NOOP(
        "ZoneEditor",
        "Many people are first seen right on this line. Move it a step to where they are seen on both sides.",
    ),
    Advice.NOBODY_HERE: QT_TRANSLATE_NOOP(
        "ZoneEditor", "In the last minutes nobody walked here; the faint trails show where people do."
    ),
    Advice.GOOD: QT_TRANSLATE_NOOP("ZoneEditor", "Well placed: people are seen on both sides."),
}


def in_words(words: str) -> str:
    """One of the sentences above in the owner's language."""
    return QCoreApplication.translate("ZoneEditor", words)
