"""Zones that were changed at the head office too: what to do is the owner's choice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop_app.services.stories import Way
from desktop_app.services.zone_sync import Choice, ZoneNews
from desktop_app.ui.camera_wall.overlay import picture_of
from desktop_app.ui.pieces import Banner, Page, make_button, size_on_screen
from desktop_app.ui.way_view import WayView
from desktop_app.ui.zone_editor.document import ZoneDocument
from desktop_app.ui.zone_editor.editing import Selection, ZoneEditing
from shared_models.geometry import Size
from shared_models.zones import Zone


class NewsBanner(Banner):
    """Says that there is a choice.

    Signals:
        chosen: carries a ``Choice``.
        look_wanted: show both.
    """

    chosen = Signal(object)
    look_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.news: ZoneNews | None = None

    def show_news(self, news: ZoneNews | None) -> None:
        """Say it, or hide; what is said already stays as it is."""
        if news == self.news:
            return
        self.news = news
        if news is None:
            self.say("")
        elif news.is_dispute:
            self.say(
                self.tr("The head office changed these zones too. Yours count until you choose."),
                buttons=(
                    (self.tr("Look at both"), self.look_wanted.emit),
                    (self.tr("Take theirs"), lambda: self.chosen.emit(Choice.THEIRS)),
                    (self.tr("Keep ours"), lambda: self.chosen.emit(Choice.OURS)),
                ),
            )
        else:
            self.say(
                self.tr("The head office changed these zones. Save yours to compare, or discard them to take theirs."),
                buttons=((self.tr("Look at both"), self.look_wanted.emit),),
            )


class BothDialog(QDialog):
    """Ours and theirs beside each other.

    Signals:
        chosen: carries a ``Choice``.
    """

    chosen = Signal(object)

    def __init__(
        self,
        ours: tuple[Zone, ...],
        news: ZoneNews,
        *,
        frame_wh: Size | None,
        still: QImage | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Ours and theirs"))
        column = QVBoxLayout(self)
        row = QHBoxLayout()
        sides = (
            (self.tr("Ours, drawn here"), ours, self.tr("Keep ours"), Choice.OURS),
            (self.tr("Theirs, drawn at the head office"), news.theirs, self.tr("Take theirs"), Choice.THEIRS),
        )
        self.views: dict[Choice, WayView] = {}
        for title, zones, button, choice in sides:
            side = QVBoxLayout()
            head = QLabel(title, self)
            head.setObjectName("emptyTitle")
            side.addWidget(head)
            view = WayView(self)
            view.setAccessibleName(title)
            words = "" if zones else self.tr("Nothing is drawn.")
            view.show_way(Way((), frame_wh, zones, words), zone_id=None, still=still)
            self.views[choice] = view
            side.addWidget(view, 1)
            if news.is_dispute:
                side.addWidget(make_button(self, button, partial(self._choose, choice)))
            row.addLayout(side, 1)
        column.addLayout(row, 1)
        close = QHBoxLayout()
        close.addStretch(1)
        close.addWidget(make_button(self, self.tr("Decide later"), self.reject))
        column.addLayout(close)
        size_on_screen(self, 900, 420)

    def _choose(self, choice: Choice) -> None:
        self.chosen.emit(choice)
        self.accept()


class HeadOffice(QObject):
    """What the head office did to the zones of the camera that a page shows.

    Args:
        shown: the camera and its editing.
        failed: told why a choice could not be brought to the cloud.
    """

    def __init__(
        self,
        page: Page,
        banner: NewsBanner,
        *,
        shown: Callable[[], tuple[str | None, ZoneEditing | None]],
        failed: Callable[[str], object],
    ) -> None:
        super().__init__(page)
        self._page, self._banner, self._shown, self._failed = page, banner, shown, failed
        self.dialog: BothDialog | None = None
        banner.chosen.connect(self.decide)
        banner.look_wanted.connect(self.look)

    def refresh(self) -> None:
        """Say what there is to say now."""
        camera_id, _ = self._shown()
        news = self._page.desk.ports.host.zone_news()
        self._banner.show_news(next((one for one in news if one.camera_id == camera_id), None))

    def decide(self, choice: Choice) -> None:
        """Ours or theirs."""
        camera_id, editing = self._shown()
        if camera_id is None or editing is None:
            return

        def done(_: object) -> None:
            zones = self._page.desk.zones_of(camera_id)
            if choice is Choice.THEIRS:
                editing.do(self.tr("Take the head office's zones"), ZoneDocument(zones), select=Selection())
                editing.mark_saved(zones)
            self._page.refresh_wanted.emit()

        self._page.ops.start(
            "decide-zones",
            lambda _: self._page.desk.ports.host.decide_zones(camera_id, choice),
            done=done,
            failed=self._failed,
        )

    def look(self) -> None:
        """Ours and theirs beside each other."""
        camera_id, editing = self._shown()
        if camera_id is None or editing is None or self._banner.news is None:
            return
        desk = self._page.desk
        view = desk.latest(camera_id)
        still = picture_of(view, privacy=desk.preferences.are_people_hidden) if view is not None else None
        frame_wh = view.frame.size_wh if view is not None else None
        self.dialog = BothDialog(
            editing.document.zones, self._banner.news, frame_wh=frame_wh, still=still, parent=self._page
        )
        self.dialog.chosen.connect(self.decide)
        self.dialog.finished.connect(self._closed)
        self.dialog.open()

    def close(self) -> None:
        """The window goes."""
        if self.dialog is not None:
            self.dialog.close()

    def _closed(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.deleteLater()
