"""The stories behind numbers, told from a day that was really counted."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.history_reader import HistoryReader
from desktop_app.adapters.storage.recount_writer import SqliteRecountBook
from desktop_app.domain.explanation import Reason
from desktop_app.services.past_desk import Cancelled, PastDesk, PastPorts, worth_recounting
from desktop_app.services.stories import Outcome, Question, Story
from desktop_app.services.trajectories import Span
from desktop_app.services.wrong_marks import Verdict, WrongMarks
from desktop_app.settings import EdgeSettings
from shared_models.clock import ManualClock
from shared_models.store_time import StoreTime
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose
from tests.helpers.counted_camera import DOOR, START, CountedCamera, inwards, outwards

BOTH = frozenset({Outcome.WENT_IN, Outcome.WENT_OUT})
DAY = Span(START - timedelta(hours=1), START + timedelta(hours=1))


@pytest.fixture
def settings(tmp_path: Path) -> EdgeSettings:
    return EdgeSettings(data_dir=tmp_path)


@pytest.fixture
def counted(settings: EdgeSettings) -> EdgeSettings:
    """Somebody comes in, somebody goes out, and somebody turns back at the line."""
    camera = CountedCamera(settings)
    camera.walk(inwards(), at_s=0)
    camera.walk(outwards(), at_s=20)
    camera.walk([90.0 + 10 * n for n in range(10)] + [180.0 - 10 * n for n in range(10)], at_s=40)
    camera.close()
    return settings


def past_of(settings: EdgeSettings, *, zones: tuple[Zone, ...] = (DOOR,)) -> PastDesk:
    clock = ManualClock(START + timedelta(minutes=10))
    return PastDesk(
        PastPorts(HistoryReader(settings.history_path), SqliteRecountBook(settings.outbox_path)),
        archive=SqliteEventArchive(settings.outbox_path),
        marks_path=settings.data_dir / "wrong.json",
        clock=clock,
        zones_of=lambda _: zones,
        camera_ids=lambda: ["cam"],
        time=lambda: StoreTime(UTC),
    )


def question(**fields: object) -> Question:
    return Question(**{"from_at": DAY.from_at, "to_at": DAY.to_at, "outcomes": BOTH, **fields})  # type: ignore[arg-type]


def test_each_counted_person_has_a_reason_and_each_who_turned_back_too(counted: EdgeSettings) -> None:
    told = past_of(counted).stories(question())
    assert [(s.outcome, s.reason) for s in told.counted] == [
        (Outcome.WENT_IN, Reason.COUNTED_IN),
        (Outcome.WENT_OUT, Reason.COUNTED_OUT),
    ]
    assert [s.reason for s in told.not_counted] == [Reason.TURNED_BACK]
    assert told.not_counted[0].nearest_heights is not None
    assert told.words == ""
    assert [s.outcome for s in past_of(counted).stories(question(outcomes=frozenset({Outcome.WENT_OUT}))).counted] == [
        Outcome.WENT_OUT
    ]


def test_another_zone_or_time_has_other_stories(counted: EdgeSettings) -> None:
    past = past_of(counted)
    assert past.stories(question(zone_id="elsewhere")).counted == ()
    assert past.stories(question(from_at=START + timedelta(minutes=5))).not_counted == ()


def test_stories_of_people_in_go_by_what_a_line_was_then_and_not_by_what_it_is_now(settings: EdgeSettings) -> None:
    hall = DOOR.model_copy(update={"is_entrance": False})
    for minute, zones in ((0, (hall,)), (5, (DOOR,))):
        camera = CountedCamera(settings, zones=zones, start=START + timedelta(minutes=minute))
        camera.walk(inwards(), at_s=0)
        camera.walk([90.0 + 10 * n for n in range(10)] + [180.0 - 10 * n for n in range(10)], at_s=20)
        camera.close()
    # Today the line is a walkway again: that changes neither the figure of that day nor the stories behind it.
    told = past_of(settings, zones=(hall,)).stories(question(is_at_doors=True))
    assert [s.occurred_at >= START + timedelta(minutes=5) for s in told.counted] == [True]
    assert [s.occurred_at >= START + timedelta(minutes=5) for s in told.not_counted] == [True]
    everywhere = past_of(settings, zones=(hall,)).stories(question())
    assert (len(everywhere.counted), len(everywhere.not_counted)) == (2, 2)


def test_the_way_of_a_person_crosses_the_line_where_it_was_decided(counted: EdgeSettings) -> None:
    past = past_of(counted)
    came_in = past.stories(question()).counted[0]
    way = past.way(came_in)
    assert way.words == ""
    assert way.frame_wh == (640, 360)
    assert way.zones == (DOOR,)
    assert way.steps[0].y < 0.5 < way.steps[-1].y
    assert any(abs(step.from_decision_s) < 0.01 for step in way.steps)


def test_without_a_history_counts_are_told_and_the_why_is_said_to_be_missing(counted: EdgeSettings) -> None:
    counted.history_path.unlink()
    past = past_of(counted)
    told = past.stories(question())
    assert [s.reason for s in told.counted] == [None, None]
    assert "Nothing is kept" in told.words
    assert "Nothing is kept" in past.way(told.counted[0]).words


def test_a_moment_of_which_no_way_is_kept_says_so(counted: EdgeSettings) -> None:
    past = past_of(counted)
    story = past.stories(question()).counted[0]
    early = Story("cam", "door", START - timedelta(days=3), 1, Outcome.WENT_IN)
    assert "not kept" in past.way(early).words
    stranger = Story("cam", "door", story.occurred_at, 999, Outcome.WENT_IN)
    assert "not kept" in past.way(stranger).words
    brief = Story("cam", "door", story.occurred_at, 999, Outcome.NOT_COUNTED, Reason.NEVER_CONFIRMED)
    assert "never confirmed" in past.way(brief).words


def test_a_mark_is_remembered_and_taken_back(counted: EdgeSettings) -> None:
    past = past_of(counted)
    told = past.stories(question())
    past.mark(told.counted[0])
    past.mark(told.not_counted[0])
    past.mark(told.counted[0])
    again = WrongMarks(counted.data_dir / "wrong.json").all()
    assert [m.verdict for m in again] == [Verdict.MISSED, Verdict.NOT_RIGHT]
    assert again[1].story_id == told.counted[0].story_id
    past.unmark(told.counted[0])
    assert [m.story_id for m in past.marks()] == [told.not_counted[0].story_id]


@pytest.mark.expected_log("was damaged")
def test_a_damaged_file_of_marks_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_text("{")
    assert WrongMarks(tmp_path / "wrong.json").all() == ()
    assert (tmp_path / "wrong.json.damaged-1").is_file()


LOWER = LineZone(zone_id="lower", name="Lower", points=((0.1, 0.6), (0.9, 0.6)))


def test_a_line_drawn_now_is_tried_on_past_days_and_changes_nothing(counted: EdgeSettings) -> None:
    past = past_of(counted, zones=(DOOR, LOWER))
    count = past.count("cam", (DOOR, LOWER), span=DAY)
    assert [(c.zone.zone_id, c.before.went_in, c.after.went_in) for c in count.zones] == [
        ("door", 1, 1),
        ("lower", 0, 1),
    ]
    assert count.missing_s > 0
    assert [d.after.went_out for d in count.days] == [2]
    assert len(past.stories(question()).counted) == 2


def test_what_is_applied_stands_in_the_figures_and_is_told_as_recounted(counted: EdgeSettings) -> None:
    past = past_of(counted, zones=(DOOR, LOWER))
    count = past.count("cam", (DOOR, LOWER), span=DAY, only=frozenset({"lower"}))
    assert past.apply(count) == 0
    told = past.stories(question(zone_id="lower"))
    assert [(s.outcome, s.is_recounted) for s in told.counted] == [(Outcome.WENT_IN, True), (Outcome.WENT_OUT, True)]
    assert past.way(told.counted[0]).zones == (DOOR, LOWER), "the line was not drawn yet at that time"
    again = past.count("cam", (DOOR, LOWER), span=DAY, only=frozenset({"lower"}))
    assert again.pieces == (), "exactly this was counted already"
    assert past.apply(again) == 0


def test_a_recount_that_replaces_counts_leaves_no_void_event_in_any_figure(counted: EdgeSettings) -> None:
    flipped = DOOR.flipped().model_copy(update={"revision": 2})
    past = past_of(counted, zones=(flipped,))
    count = past.count("cam", (flipped,), span=DAY)
    assert [(c.after.went_in - c.before.went_in) for c in count.zones] == [0]
    assert past.apply(count) == 2
    assert [s.outcome for s in past.stories(question()).counted] == [Outcome.WENT_OUT, Outcome.WENT_IN]


def test_a_count_that_nobody_wants_any_more_ends(counted: EdgeSettings) -> None:
    with pytest.raises(Cancelled):
        past_of(counted).count("cam", (DOOR,), span=DAY, progress=lambda _: False)


def test_what_is_kept_of_a_camera_is_forgotten_on_demand(counted: EdgeSettings) -> None:
    past = past_of(counted)
    assert past.known_since("cam") is not None
    past.forget("cam")
    assert past.known_since("cam") is None
    assert past.stories(question()).not_counted == ()


def test_only_edits_that_count_otherwise_are_worth_a_recount() -> None:
    poster = PolygonZone(zone_id="poster", points=((0, 0), (0.2, 0), (0.2, 0.2)), purpose=ZonePurpose.IGNORE)
    renamed = DOOR.model_copy(update={"name": "Door", "revision": 2})
    assert worth_recounting((DOOR,), (renamed,)) == frozenset()
    assert worth_recounting((DOOR,), (DOOR.model_copy(update={"is_entrance": False}),)) == {"door"}
    assert worth_recounting((DOOR,), (DOOR, LOWER)) == {"lower"}
    assert worth_recounting((DOOR,), (DOOR.flipped(),)) == {"door"}
    assert worth_recounting((DOOR, LOWER), (DOOR, LOWER, poster)) == {"door", "lower"}
    assert worth_recounting((DOOR,), ()) == frozenset()
