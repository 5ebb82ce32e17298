"""All cameras at once, or one of them in the whole window."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from datetime import tzinfo

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from desktop_app.domain.heatmap import GRID, MAX_STEP_S
from desktop_app.services.engine_view import CameraCondition, CameraStatus
from desktop_app.services.live_view import LiveView
from desktop_app.ui.actions import QT_TRANSLATE_NOOP
from desktop_app.ui.camera_wall.overlay import (
    CHIP_COLOUR,
    SMALL_PX,
    OverlayOptions,
    draw_furniture,
    draw_view,
    fitted,
    heat_image,
    picture_of,
)
from desktop_app.ui.key_rows import Key, KeyRow, pressed
from desktop_app.ui.pieces import said
from shared_models.geometry import Point

GROUND = QColor("#161b19")
WALL_TILES = 16
"""More at once are too small to see anybody in; the rest is a page further."""
TRAIL_STEPS = 40
"""Frames of a trail: eight seconds at five a second."""
DOTS = {
    CameraCondition.LIVE: QColor("#6fcf97"),
    CameraCondition.STARTING: QColor("#ffc857"),
    CameraCondition.TROUBLE: QColor("#f08d83"),
    CameraCondition.STOPPED: QColor("#9aa6a1"),
}


def columns_for(count: int, size: QSize) -> int:
    """How many columns make 16:9 tiles largest in an area."""

    def tile_width(columns: int) -> tuple[float, int]:
        rows = math.ceil(count / columns)
        # Of two grids with equal tiles the wider one.
        return round(min(size.width() / columns, size.height() / rows * 16 / 9)), columns

    return max(range(1, max(1, count) + 1), key=tile_width)


class CameraTile(QWidget):
    """One camera. Shows what it is given; knows no rule.

    Signals:
        activated: double click or Enter; carries the camera's id.
        help_wanted: the button on a camera in trouble; carries the camera's id.
        left: an arrow key; carries the camera's id and the key.
    """

    activated = Signal(str)
    help_wanted = Signal(str)
    left = Signal(str, int)

    def __init__(self, camera_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.camera_id = camera_id
        self._view: LiveView | None = None
        self._image: QImage | None = None
        self._status: CameraStatus | None = None
        self._zone: tzinfo | None = None
        self._options = OverlayOptions()
        self._trails: dict[int, deque[Point]] = {}
        self._person_s = np.zeros((GRID[1], GRID[0]), np.float32)
        self._heat_at_s: float | None = None
        self.help_button = QPushButton(self.tr("Look into it"), self)
        self.help_button.clicked.connect(lambda: self.help_wanted.emit(self.camera_id))
        self.help_button.hide()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 90)

    def show_view(self, view: LiveView) -> None:
        """Show a new frame with its overlay."""
        self._view = view
        self._image = picture_of(view, privacy=self._options.privacy)
        self._follow(view)
        self.update()

    def show_status(self, status: CameraStatus, *, zone: tzinfo | None = None) -> None:
        """Show name, rate and state. ``zone``: the store's; None: the computer's own."""
        self._status, self._zone = status, zone
        self.setAccessibleName(f"{status.label}: {status.words}")
        self.setToolTip(status.words)
        is_down = status.condition is CameraCondition.TROUBLE
        if is_down is self.help_button.isHidden():
            self.help_button.setVisible(is_down)
            self._place_button()
        self.update()

    def resizeEvent(self, _event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        self._place_button()

    def _place_button(self) -> None:
        self.help_button.adjustSize()
        self.help_button.move((self.width() - self.help_button.width()) // 2, self.height() - 46)

    def _follow(self, view: LiveView) -> None:
        """Remember the last steps of those who are in the picture."""
        width, height = view.frame.size_wh
        here: dict[int, deque[Point]] = {}
        for (left, _, right, bottom), track_id in zip(
            view.tracked.xyxy.tolist(), view.tracked.tracker_id.tolist(), strict=True
        ):
            trail = self._trails.get(track_id) or deque(maxlen=TRAIL_STEPS)
            trail.append(((left + right) / 2 / width, min(1.0, bottom / height)))
            here[track_id] = trail
        self._trails = here
        self._warm(view, [trail[-1] for trail in here.values()])

    def _warm(self, view: LiveView, feet: list[Point]) -> None:
        """Add the seconds since the last picture to the cells where people stand."""
        at_s, last_s = view.frame.at_s, self._heat_at_s
        self._heat_at_s = at_s
        if last_s is None or not 0.0 < at_s - last_s <= MAX_STEP_S:
            return
        for x, y in feet:
            row, column = min(GRID[1] - 1, max(0, int(y * GRID[1]))), min(GRID[0] - 1, max(0, int(x * GRID[0])))
            self._person_s[row, column] += at_s - last_s

    def set_options(self, options: OverlayOptions) -> None:
        """Switch overlays."""
        self._options = options
        if self._view is not None:
            self._image = picture_of(self._view, privacy=options.privacy)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        area = QRectF(self.rect())
        painter.fillRect(area, GROUND)
        is_live = self._status is None or self._status.condition is CameraCondition.LIVE
        if self._view is not None and self._image is not None and is_live:
            heat = heat_image(self._person_s) if self._options.heat else None
            draw_view(painter, self._view, self._image, area, self._options, list(self._trails.values()), heat)
            if self._status is not None and self._status.furniture:
                size_wh = self._view.frame.size_wh
                draw_furniture(painter, self._status.furniture, size_wh, fitted(size_wh, area))
        elif self._status is not None:
            self._draw_words(painter, area, self._status)
        if self._status is not None:
            self._draw_name(painter, area, self._status)
        if self.hasFocus():
            painter.setPen(QPen(QColor("#4fc0b2"), 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area.adjusted(1.5, 1.5, -1.5, -1.5))
        painter.end()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self.activated.emit(self.camera_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not pressed(TILE_KEYS, self, Key(event.key())):
            super().keyPressEvent(event)

    def activate(self) -> bool:
        """As a double click."""
        self.activated.emit(self.camera_id)
        return True

    def go(self, key: Key) -> bool:
        """To the neighbour on that side of the wall."""
        self.left.emit(self.camera_id, key.code)
        return True

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusOutEvent(event)
        self.update()

    def _draw_words(self, painter: QPainter, area: QRectF, status: CameraStatus) -> None:
        painter.setPen(QColor("#e8ece9"))
        words = said(status.words)
        if status.condition is CameraCondition.TROUBLE:
            since = self.tr("Not seen since {time}").format(time=f"{status.since_at.astimezone(self._zone):%H:%M}")
            words = f"{since}\n{words}"
        painter.drawText(
            area.adjusted(24, 36, -24, -48), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words
        )

    def _draw_name(self, painter: QPainter, area: QRectF, status: CameraStatus) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_small = area.height() < SMALL_PX
        font = QFont(painter.font())
        font.setPixelSize(11 if is_small else 14)
        font.setBold(True)
        painter.setFont(font)
        metrics, gap = painter.fontMetrics(), 4 if is_small else 8
        rate = f"  {status.analysed_fps:.1f}/s" if status.condition is CameraCondition.LIVE else ""
        dot_px = metrics.height() + gap / 2
        room = area.width() - 4 * gap - dot_px - metrics.horizontalAdvance(rate)
        text = metrics.elidedText(status.label, Qt.TextElideMode.ElideRight, max(0, int(room))) + rate
        width, height = metrics.horizontalAdvance(text) + dot_px + 1.5 * gap, metrics.height() + gap
        chip = QRectF(area.left() + gap, area.top() + gap, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(CHIP_COLOUR)
        painter.drawRoundedRect(chip, 5, 5)
        painter.setBrush(DOTS[status.condition])
        radius = 3.5 if is_small else 4.5
        painter.drawEllipse(QPointF(chip.left() + dot_px / 2 + 1, chip.center().y()), radius, radius)
        painter.setPen(QColor("#f2f5f3"))
        painter.drawText(chip.adjusted(dot_px, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)


TILE_KEYS: tuple[KeyRow, ...] = (
    KeyRow(
        (Qt.Key.Key_Return, Qt.Key.Key_Enter),
        QT_TRANSLATE_NOOP("Keys", "fill the window with this camera, and back"),
        lambda tile, _: tile.activate(),
        QT_TRANSLATE_NOOP("Keys", "Enter"),
    ),
    KeyRow(
        (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
        QT_TRANSLATE_NOOP("Keys", "another camera"),
        lambda tile, key: tile.go(key),
        QT_TRANSLATE_NOOP("Keys", "Arrow keys"),
    ),
    KeyRow(
        (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown),
        QT_TRANSLATE_NOOP("Keys", "sixteen other cameras, where there are more"),
        lambda tile, key: tile.go(key),
    ),
)
"""What keys do at a camera that has the keyboard."""


class CameraWall(QWidget):
    """Tiles in the grid that makes them largest.

    Signals:
        help_wanted: a camera is in trouble and its owner asks what to do; carries its id.
        alone_changed: whether one camera fills the window.
        page_changed: other cameras are shown, or there are more or less pages.
    """

    help_wanted = Signal(str)
    alone_changed = Signal(bool)
    page_changed = Signal()

    def __init__(self, camera_ids: Sequence[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(6, 6, 6, 6)
        self._grid.setSpacing(6)
        self._alone: str | None = None
        self._columns = 0
        self._page = 0
        self._options = OverlayOptions()
        self.tiles: dict[str, CameraTile] = {}
        self.set_cameras(camera_ids)

    def set_cameras(self, camera_ids: Sequence[str]) -> None:
        """Show these cameras, in this order; tiles of cameras that stay keep their picture."""
        if list(self.tiles) == list(camera_ids):
            return
        for camera_id in set(self.tiles) - set(camera_ids):
            tile = self.tiles.pop(camera_id)
            self._grid.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self.tiles = {camera_id: self.tiles.get(camera_id) or self._new_tile(camera_id) for camera_id in camera_ids}
        if self._alone is not None and self._alone not in self.tiles:
            self._alone = None
            self.alone_changed.emit(False)
        self._columns = 0
        self.turn_page(0)

    @property
    def pages(self) -> tuple[int, int]:
        """(which page is shown, from 0, how many there are)."""
        return self._page, max(1, math.ceil(len(self.tiles) / WALL_TILES))

    def turn_page(self, by: int) -> None:
        """To the cameras after or before those that are shown; no further than there are any."""
        self._page = max(0, min(self._page + by, self.pages[1] - 1))
        self._columns = 0
        self._arrange()
        if by and self._shown():
            self._shown()[0].setFocus(Qt.FocusReason.OtherFocusReason)
        self.page_changed.emit()

    def set_options(self, options: OverlayOptions) -> None:
        """Switch overlays on all tiles."""
        self._options = options
        for tile in self.tiles.values():
            tile.set_options(options)

    def _new_tile(self, camera_id: str) -> CameraTile:
        tile = CameraTile(camera_id, self)
        tile.set_options(self._options)
        tile.activated.connect(self.toggle_alone)
        tile.help_wanted.connect(self.help_wanted)
        tile.left.connect(self._go)
        return tile

    @property
    def alone(self) -> str | None:
        """The camera that fills the window, or None."""
        return self._alone

    def toggle_alone(self, camera_id: str) -> None:
        """Let one camera fill the window, or show all again."""
        self._alone = None if self._alone == camera_id else camera_id
        self.alone_changed.emit(self._alone is not None)
        self._columns = 0
        self._arrange()

    def show_all(self) -> None:
        """Back to the wall."""
        if self._alone is not None:
            self.toggle_alone(self._alone)

    def _go(self, camera_id: str, code: int) -> None:
        """The keyboard goes to the tile beside, above or below."""
        shown = self._shown()
        if Qt.Key(code) in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self.turn_page(1 if Qt.Key(code) == Qt.Key.Key_PageDown else -1)
            return
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -self._columns}.get(
            Qt.Key(code), self._columns
        )
        place = shown.index(self.tiles[camera_id]) + step
        if 0 <= place < len(shown):
            shown[place].setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        del event
        self._arrange()

    def _shown(self) -> list[CameraTile]:
        """The tiles of this page, or the one that fills the window."""
        if self._alone is not None:
            return [self.tiles[self._alone]]
        return list(self.tiles.values())[self._page * WALL_TILES : (self._page + 1) * WALL_TILES]

    def _arrange(self) -> None:
        if not self.tiles:
            return
        shown = self._shown()
        columns = columns_for(len(shown), self.size())
        if columns == self._columns:
            return
        self._columns = columns
        for tile in self.tiles.values():
            self._grid.removeWidget(tile)
            tile.setVisible(tile in shown)
        for number, tile in enumerate(shown):
            self._grid.addWidget(tile, number // columns, number % columns)
