"""Beside drawing: trying on past days, counting them anew, the head office's zones, and what never moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop_app.services.desk import Desk
from desktop_app.services.edge_link import LinkError
from desktop_app.services.engine_view import CameraStatus, EngineStatus
from desktop_app.services.not_furniture import NOT_FURNITURE_FILE, NotFurniture
from desktop_app.services.zone_sync import Choice, ZoneNews
from desktop_app.settings import EdgeSettings
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.pieces import Banner
from desktop_app.ui.zone_editor.document import ZoneDocument
from desktop_app.ui.zone_editor.editing import Selection
from desktop_app.ui.zone_editor.inspector import TrySpan
from desktop_app.ui.zone_editor.page import ZonesPage
from shared_models.zones import LineZone, PolygonZone, ZonePurpose
from tests.helpers.counted_camera import DOOR, CountedCamera, inwards, outwards
from tests.helpers.desks import FakeHost, make_desk
from tests.helpers.engine_fakes import FakeEngineView, grey_view

LOWER = LineZone(zone_id="lower", name="Lower", points=((0.1, 0.6), (0.9, 0.6)))
THEIRS = LineZone(zone_id="door", name="Entrance", points=((0.1, 0.4), (0.9, 0.4)))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A camera at which two came in and one went out, two minutes ago."""
    made = make_desk(tmp_path, "cam", "till")
    made.zones.save("cam", (DOOR,), before=())
    start = made.ports.clock.utc_now() - timedelta(seconds=120)
    camera = CountedCamera(EdgeSettings(data_dir=tmp_path), zones=(DOOR,), start=start)
    camera.walk(inwards(), at_s=0)
    camera.walk(outwards(), at_s=20)
    camera.walk(inwards(), at_s=40)
    camera.close()
    return made


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow, engine: FakeHost) -> ZonesPage:
    engine.show(grey_view("cam"))
    window.show_page("zones", "cam")
    qtbot.waitUntil(lambda: window.zones.editing is not None)
    return window.zones


def draw(page: ZonesPage, *zones: LineZone) -> None:
    editing = page.editing
    assert editing is not None
    editing.do("draw", ZoneDocument(zones), select=Selection())


def button(banner: Banner, words: str) -> QPushButton:
    return next(b for b in banner.buttons if b.text() == words)


def try_on(page: ZonesPage, span: TrySpan) -> None:
    inspector = page.editor.inspector
    inspector.try_on.setCurrentIndex(inspector.try_on.findData(span.value))
    inspector.try_button.click()


# -- the past


@pytest.mark.parametrize("span", [TrySpan.TODAY, TrySpan.WEEK, TrySpan.ALL])
def test_a_new_line_is_tried_on_past_days_before_it_is_saved(
    qtbot: QtBot, page: ZonesPage, desk: Desk, span: TrySpan
) -> None:
    draw(page, DOOR, LOWER)
    try_on(page, span)
    inspector = page.editor.inspector
    qtbot.waitUntil(lambda: "Lower" in inspector.tried.text())
    assert "Lower: 2 in, 1 out (counted then: 0 in, 0 out)" in inspector.tried.text()
    assert "Entrance: 2 in, 1 out (counted then: 2 in, 1 out)" in inspector.tried.text()
    assert inspector.try_button.text() == "Try it"
    assert desk.day(desk.today()).in_count == 2, "nothing was changed"


def test_trying_on_days_of_which_nothing_is_kept_says_so(qtbot: QtBot, page: ZonesPage, desk: Desk) -> None:
    desk.past.forget("cam")
    try_on(page, TrySpan.ALL)
    qtbot.waitUntil(lambda: page.editor.inspector.tried.text() != "")
    assert page.editor.inspector.try_button.text() == "Try it"


def test_after_a_save_past_days_are_counted_by_the_new_line_when_the_owner_wants_it(
    qtbot: QtBot, page: ZonesPage, desk: Desk, engine: FakeHost
) -> None:
    draw(page, DOOR, LOWER)
    page.save()
    qtbot.waitUntil(lambda: "Count past days" in page.offer.words)
    button(page.offer, "Count past days...").click()
    dialog = page.past.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.found is not None)
    assert [dialog.table.item(0, column).text() for column in (1, 2)] == ["0 → 2", "0 → 1"]
    assert desk.day(desk.today()).in_count == 2
    dialog.replace_button.click()
    qtbot.waitUntil(lambda: "Past days are counted" in page.offer.words)
    assert desk.day(desk.today()).in_count == 4
    assert engine.followed == ["cam"], "the wall's figures of today follow"
    assert engine.wakings == 1, "the cloud hears of it soon"


def test_a_recount_that_changes_nothing_cannot_be_pressed(qtbot: QtBot, page: ZonesPage, desk: Desk) -> None:
    since = desk.past.known_since("cam")
    assert since is not None
    page.past.open_recount("cam", (DOOR,), frozenset({"door"}), since)
    dialog = page.past.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.found is not None)
    assert not dialog.replace_button.isEnabled()
    assert "counted already" in dialog.words.text()
    dialog.span.setCurrentIndex(0)
    dialog.look()
    dialog.reject()
    assert page.past.dialog is None


def test_a_new_name_asks_for_no_recount(qtbot: QtBot, page: ZonesPage) -> None:
    editing = page.editing
    assert editing is not None
    editing.select(Selection("door"))
    page.editor.inspector.name.setText("Front door")
    page.editor.inspector.name.editingFinished.emit()
    assert editing.document.zones[0].name == "Front door"
    page.save()
    qtbot.waitUntil(lambda: not editing.is_changed)
    qtbot.wait(50)
    assert page.offer.words == ""


def test_a_line_that_becomes_a_walkway_leaves_the_day_as_it_was_until_it_is_counted_anew(
    qtbot: QtBot, page: ZonesPage, desk: Desk
) -> None:
    editing = page.editing
    assert editing is not None
    editing.select(Selection("door"))
    page.editor.inspector.entrance.click()
    assert not editing.document.zones[0].is_entrance  # type: ignore[union-attr]
    page.save()
    qtbot.waitUntil(lambda: "Count past days" in page.offer.words)
    assert desk.day(desk.today()).in_count == 2, "they came in by an entrance then"
    button(page.offer, "Count past days...").click()
    dialog = page.past.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.found is not None)
    dialog.replace_button.click()
    qtbot.waitUntil(lambda: "Past days are counted" in page.offer.words)
    assert desk.day(desk.today()).in_count == 0, "a walkway inside is not people in"
    assert desk.day(desk.today()).zones[0].in_count == 2


# -- the head office


@pytest.mark.parametrize(("words", "choice"), [("Take theirs", Choice.THEIRS), ("Keep ours", Choice.OURS)])
def test_zones_that_were_changed_in_both_places_are_a_choice(
    qtbot: QtBot, window: MainWindow, page: ZonesPage, engine: FakeHost, words: str, choice: Choice
) -> None:
    engine.news = [ZoneNews("cam", (THEIRS,), True)]
    qtbot.waitUntil(lambda: "head office changed these zones too" in page.news.words)
    button(page.news, words).click()
    qtbot.waitUntil(lambda: engine.decided == [("cam", choice)])
    qtbot.waitUntil(lambda: page.news.words == "")


def test_both_are_shown_beside_each_other_and_chosen_there(qtbot: QtBot, page: ZonesPage, engine: FakeHost) -> None:
    engine.news = [ZoneNews("cam", (THEIRS,), True)]
    qtbot.waitUntil(lambda: page.news.words != "")
    button(page.news, "Look at both").click()
    dialog = page.head_office.dialog
    assert dialog is not None
    assert dialog.views[Choice.OURS].way.zones == (DOOR,)
    assert dialog.views[Choice.THEIRS].way.zones == (THEIRS,)
    next(b for b in dialog.findChildren(QPushButton) if b.text() == "Take theirs").click()
    qtbot.waitUntil(lambda: engine.decided == [("cam", Choice.THEIRS)])
    assert page.head_office.dialog is None


def test_a_cloud_that_is_away_leaves_the_choice_open(
    qtbot: QtBot, page: ZonesPage, engine: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_camera_id: str, _choice: Choice) -> None:
        raise LinkError("The cloud cannot be reached; is this machine online?")

    monkeypatch.setattr(engine, "decide_zones", away)
    engine.news = [ZoneNews("cam", (THEIRS,), True)]
    qtbot.waitUntil(lambda: page.news.words != "")
    button(page.news, "Keep ours").click()
    qtbot.waitUntil(lambda: "is this machine online" in page.banner.words)
    assert [b.text() for b in page.news.buttons] == ["Look at both", "Take theirs", "Keep ours"]


def test_theirs_wait_while_something_here_is_not_saved(qtbot: QtBot, page: ZonesPage, engine: FakeHost) -> None:
    engine.news = [ZoneNews("cam", (THEIRS,), False)]
    qtbot.waitUntil(lambda: "Save yours to compare" in page.news.words)
    engine.news = [ZoneNews("till", (THEIRS,), True)]
    qtbot.waitUntil(lambda: page.news.words == "")


def test_zones_that_the_cloud_changed_appear_by_themselves_and_never_over_a_drawing(
    qtbot: QtBot, page: ZonesPage, desk: Desk
) -> None:
    editing = page.editing
    assert editing is not None
    desk.zones.save("cam", (THEIRS,), before=(DOOR,))
    qtbot.waitUntil(lambda: editing.document.zones[0].points == THEIRS.points)
    assert not editing.is_changed
    draw(page, LOWER)
    desk.zones.save("cam", (DOOR,), before=(THEIRS,))
    qtbot.wait(700)
    assert editing.document.zones == (LOWER,)


# -- what never moves


def with_furniture(engine: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something stands at (320, 180) of camera ``cam`` until it is ignored."""
    area = ((310.0, 170.0), (330.0, 170.0), (330.0, 190.0), (310.0, 190.0))

    def status() -> EngineStatus:
        plain = FakeEngineView.status(engine)
        is_ignored = any(
            isinstance(z, PolygonZone) and z.purpose is ZonePurpose.IGNORE
            for _, zones in engine.applied[-1:]
            for z in zones
        )

        def standing(camera: CameraStatus) -> CameraStatus:
            return replace(
                camera, furniture=() if is_ignored or camera.camera_id != "cam" else (area,), frame_wh=(640, 360)
            )

        return EngineStatus(tuple(map(standing, plain.cameras)), plain.cloud)

    monkeypatch.setattr(engine, "status", status)


@pytest.mark.parametrize("screen", ["live", "zones"])
def test_what_never_moves_is_offered_ignored_by_one_click_and_counted_again_by_another(
    qtbot: QtBot, window: MainWindow, page: ZonesPage, desk: Desk, engine: FakeHost, screen: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with_furniture(engine, monkeypatch)
    window.show_page(screen)
    offer = window.live.furniture if screen == "live" else page.furniture
    qtbot.waitUntil(lambda: "never moves" in offer.words)
    assert desk.zones_of("cam") == (DOOR,), "nothing is ignored silently"
    button(offer, "Ignore it").click()
    qtbot.waitUntil(lambda: "nobody is counted" in offer.words)
    ignored = desk.zones_of("cam")[-1]
    assert isinstance(ignored, PolygonZone)
    assert ignored.purpose is ZonePurpose.IGNORE
    assert ignored.points[0] == (310 / 640, 170 / 360)
    button(offer, "Undo").click()
    qtbot.waitUntil(lambda: desk.zones_of("cam") == (DOOR,))
    qtbot.wait(700)
    assert offer.words == "", "who said no is not asked again"


def test_a_person_who_stands_still_is_left_in_peace_on_every_screen_and_after_a_restart(
    qtbot: QtBot, window: MainWindow, page: ZonesPage, desk: Desk, engine: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_furniture(engine, monkeypatch)
    qtbot.waitUntil(lambda: "never moves" in page.furniture.words)
    tile, canvas = window.wall.tiles["cam"], page.editor.canvas
    qtbot.waitUntil(lambda: tile._status is not None and len(tile._status.furniture) == 1)
    assert len(canvas.furniture) == 1
    button(page.furniture, "It is a person").click()
    qtbot.waitUntil(lambda: not canvas.furniture)
    qtbot.waitUntil(lambda: tile._status is not None and not tile._status.furniture)
    window.show_page("live")
    qtbot.wait(700)
    assert window.live.furniture.words == ""
    (camera,) = (camera for camera in engine.status().cameras if camera.camera_id == "cam")
    assert NotFurniture(desk.data_dir / NOT_FURNITURE_FILE).holds("cam", camera.furniture[0], frame_wh=(640, 360))


def test_nothing_is_ignored_over_a_drawing_that_is_not_saved(
    qtbot: QtBot, page: ZonesPage, desk: Desk, engine: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.zones.keep_draft("cam", (LOWER,))
    with_furniture(engine, monkeypatch)
    qtbot.waitUntil(lambda: "never moves" in page.furniture.words)
    button(page.furniture, "Ignore it").click()
    qtbot.waitUntil(lambda: "not saved yet" in page.furniture.words)
    assert desk.zones_of("cam") == (DOOR,)
    assert desk.zones.draft_of("cam") == (LOWER,)
