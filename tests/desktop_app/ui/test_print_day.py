"""A day as PDF: what is on it, and that the hours are drawn as they were."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.services.desk import Desk
from desktop_app.services.today_figures import HourFigures
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.theme import LIGHT
from desktop_app.ui.today.print_day import DayPaper, day_pdf, hours_picture, paper_html
from shared_models.events import EventDraft, EventType

START = datetime(2026, 3, 2, 4, tzinfo=UTC)
HEADS = ("Zone", "Camera", "In", "Out", "Stays", "Half stayed under", "9 of 10 under", "Peak people")


def hour(n: int, went_in: int, went_out: int, coverage: float | None = 1.0) -> HourFigures:
    return HourFigures(START + timedelta(hours=n), went_in, went_out, coverage)


def paper(*, rows: int = 1, hours: tuple[HourFigures, ...] = (hour(0, 4, 2),)) -> DayPaper:
    table = (HEADS, *((f"<Door> {n}", "Front", "4", "2", "", "", "", "") for n in range(rows)))
    return DayPaper("High Street & Sons", "Mon 2 Mar 2026", (("People in", "4"),), hours, table, "Two hours missing.")


def pages_of(pdf: bytes) -> int:
    plain = pdf + b"".join(_inflated(part) for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL))
    return len(re.findall(rb"/Type\s*/Page\b", plain))


def _inflated(part: bytes) -> bytes:
    try:
        return zlib.decompress(part)
    except zlib.error:
        return b""


def share_of(image: QImage, colour: str, left: float, right: float) -> int:
    """How many rows have this colour between two shares of the width."""
    columns = range(int(left * image.width()), int(right * image.width()), 3)
    wanted = QColor(colour)
    return sum(any(image.pixelColor(x, y) == wanted for x in columns) for y in range(image.height()))


def test_the_page_says_what_the_screen_says_and_no_name_is_markup(qtbot: QtBot) -> None:
    html = paper_html(paper())
    for words in ("Mon 2 Mar 2026", "High Street &amp; Sons", "People in", "&lt;Door&gt; 0", "Two hours missing."):
        assert words in html
    assert "<Door>" not in html


def test_a_short_day_is_one_page_and_sixty_zones_are_several(qtbot: QtBot) -> None:
    assert pages_of(day_pdf(paper())) == 1
    assert pages_of(day_pdf(paper(rows=60))) in (2, 3, 4)


def test_bars_are_as_high_as_their_numbers_and_what_was_not_seen_has_none(qtbot: QtBot) -> None:
    image = hours_picture((hour(0, 8, 0), hour(1, 4, 0), hour(2, 0, 0, 0.0), hour(3, 0, 0, None)))
    full, half = share_of(image, LIGHT.accent, 0.05, 0.27), share_of(image, LIGHT.accent, 0.29, 0.5)
    assert full == pytest.approx(2 * half, abs=4)
    assert share_of(image, LIGHT.accent, 0.53, 1.0) == 0
    white = QColor("#ffffff")
    y = image.height() // 3
    unseen = sum(image.pixelColor(x, y) != white for x in range(image.width() * 54 // 100, image.width() * 72 // 100))
    later = sum(image.pixelColor(x, y) != white for x in range(image.width() * 80 // 100, image.width() * 98 // 100))
    assert unseen > 20
    assert later == 0, "an hour that is still to come is not missing"
    assert hours_picture(()).width() == image.width()


def test_the_day_that_is_shown_is_saved_from_its_button(
    qtbot: QtBot, window: MainWindow, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = SqliteOutbox(desk.data_dir / "outbox.sqlite3", clock=desk.ports.clock)
    now = desk.ports.clock.utc_now()
    came = EventDraft(type=EventType.FOOTFALL_IN, camera_id="a", zone_id="door", zone_revision=1, occurred_at=now)
    outbox.append([came], counters={})
    outbox.close()
    window.show_page("today")
    qtbot.waitUntil(lambda: window.today.figures is not None)
    target = tmp_path / "day.pdf"
    proposed: list[str] = []

    def choose(*args: object) -> tuple[str, str]:
        proposed.append(str(args[2]))
        return str(target), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    qtbot.mouseClick(window.today.printer.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "day.pdf" in window.today.banner.words)
    assert proposed[0].endswith(f"wink-{desk.today():%Y-%m-%d}.pdf")
    assert target.read_bytes().startswith(b"%PDF-")
    told = window.today._paper()
    assert told is not None
    assert ("People in", window.today.in_figure.value) in told.figures
    assert told.rows[0] == HEADS


def test_a_day_that_cannot_be_written_says_why(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.show_page("today")
    qtbot.waitUntil(lambda: window.today.figures is not None)
    window.today.printer.save(tmp_path / "no such folder" / "day.pdf")
    qtbot.waitUntil(lambda: "No such file" in window.today.banner.words)
