"""What became of somebody, in the words of a shop."""

from __future__ import annotations

from datetime import tzinfo

from PySide6.QtCore import QCoreApplication

from desktop_app.domain.explanation import Reason
from desktop_app.services.stories import Outcome, Story
from desktop_app.ui.actions import QT_TRANSLATE_NOOP
from desktop_app.ui.today.event_table import seconds_words

OUTCOMES: dict[Outcome, str] = {
    Outcome.WENT_IN: QT_TRANSLATE_NOOP("Stories", "Came in"),
    Outcome.WENT_OUT: QT_TRANSLATE_NOOP("Stories", "Went out"),
    Outcome.STAYED: QT_TRANSLATE_NOOP("Stories", "Stayed"),
    Outcome.NOT_COUNTED: QT_TRANSLATE_NOOP("Stories", "Not counted"),
}
REASONS: dict[Reason, tuple[str, str]] = {
    Reason.COUNTED_IN: (
        QT_TRANSLATE_NOOP("Stories", "Came in"),
        QT_TRANSLATE_NOOP("Stories", "Counted: the feet crossed the line to its inner side and stayed there."),
    ),
    Reason.COUNTED_OUT: (
        QT_TRANSLATE_NOOP("Stories", "Went out"),
        QT_TRANSLATE_NOOP("Stories", "Counted: the feet crossed the line to its outer side and stayed there."),
    ),
    Reason.TURNED_BACK: (
        QT_TRANSLATE_NOOP("Stories", "Turned back"),
        QT_TRANSLATE_NOOP("Stories", "Not counted: this person stepped onto the line and went back to the same side."),
    ),
    Reason.PASSED_BEYOND_END: (
        QT_TRANSLATE_NOOP("Stories", "Passed beside the line"),
        QT_TRANSLATE_NOOP(
            "Stories",
            "Not counted: this person went past the end of the line. If that is part of the door, draw the line longer.",
        ),
    ),
    Reason.DIRECTION_NOT_COUNTED: (
        QT_TRANSLATE_NOOP("Stories", "Crossed the other way"),
        QT_TRANSLATE_NOOP("Stories", "Not counted: this line does not count that direction (Zones, Counts)."),
    ),
    Reason.ENTRANCE_COUNTED_ALREADY: (
        QT_TRANSLATE_NOOP("Stories", "Counted at the other door"),
        QT_TRANSLATE_NOOP(
            "Stories", "Not counted again: another line of the same entrance has counted this person already."
        ),
    ),
    Reason.NEVER_CONFIRMED: (
        QT_TRANSLATE_NOOP("Stories", "Seen too briefly"),
        QT_TRANSLATE_NOOP("Stories", "Not counted: it was seen too briefly or too faintly to be sure of a person."),
    ),
    Reason.FEET_NOT_VISIBLE: (
        QT_TRANSLATE_NOOP("Stories", "Feet not visible"),
        QT_TRANSLATE_NOOP(
            "Stories",
            "Not counted: the feet were never visible near the line. Draw the line where feet can be seen.",
        ),
    ),
    Reason.STAYED_ON_ITS_SIDE: (
        QT_TRANSLATE_NOOP("Stories", "Came near"),
        QT_TRANSLATE_NOOP("Stories", "Not counted: this person came near the line and stayed on the same side."),
    ),
    Reason.CUT: (
        QT_TRANSLATE_NOOP("Stories", "Cut off"),
        QT_TRANSLATE_NOOP("Stories", "Not counted: the camera stopped before it was decided."),
    ),
}
UNKNOWN = QT_TRANSLATE_NOOP("Stories", "Counted. Why is not kept any more: explanations are kept for some days only.")
RECOUNTED = QT_TRANSLATE_NOOP("Stories", "Counted later, when the kept ways were counted by a newly drawn line.")
STAYED = QT_TRANSLATE_NOOP("Stories", "Counted: the feet were inside the area for {time}.")


def story_word(words: str) -> str:
    """One of the words above in the owner's language."""
    return QCoreApplication.translate("Stories", words)


def short_words(story: Story) -> str:
    """For a list: what happened, in two or three words."""
    if story.outcome is Outcome.STAYED and story.value is not None:
        return f"{story_word(OUTCOMES[Outcome.STAYED])} {seconds_words(story.value)}"
    if story.reason in REASONS:
        return story_word(REASONS[story.reason][0])
    return story_word(OUTCOMES[story.outcome])


def why_words(story: Story) -> str:
    """Why it was counted, or was not; what else is known of it."""
    parts = [_reason(story)]
    if not story.is_counted and (story.nearest_heights or 0.0) >= 0.01:
        near = story_word(QT_TRANSLATE_NOOP("Stories", "It came within {n} of its own height."))
        parts.append(near.format(n=f"{story.nearest_heights or 0.0:.0%}"))
    if story.is_estimated and story.reason is not Reason.FEET_NOT_VISIBLE:
        parts.append(story_word(QT_TRANSLATE_NOOP("Stories", "The feet were hidden then; their place was estimated.")))
    if story.other_track_id is not None:
        parts.append(story_word(QT_TRANSLATE_NOOP("Stories", "Lost from sight and found again: taken for one person.")))
    return " ".join(parts)


def when_words(story: Story, *, zone: tzinfo) -> str:
    """In the store's time."""
    return f"{story.occurred_at.astimezone(zone):%H:%M:%S}"


def _reason(story: Story) -> str:
    if story.outcome is Outcome.STAYED:
        return story_word(STAYED).format(time=seconds_words(story.value or 0.0))
    if story.reason in REASONS:
        return story_word(REASONS[story.reason][1])
    return story_word(RECOUNTED if story.is_recounted else UNKNOWN)
