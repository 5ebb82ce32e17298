"""The Live screen: the wall, and what is drawn over it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedLayout, QToolBar, QToolButton, QWidget

from desktop_app.services.engine_view import EngineStatus
from desktop_app.ui.actions import LIVE_ACTIONS, make_actions
from desktop_app.ui.camera_wall.overlay import OverlayOptions
from desktop_app.ui.camera_wall.wall import WALL_TILES, CameraWall
from desktop_app.ui.furniture_offer import FurnitureOffer
from desktop_app.ui.pieces import Banner, EmptyState, Page, Surroundings


class LivePage(Page):
    """All cameras, or one."""

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(around, parent)
        self.body.setContentsMargins(8, 6, 8, 4)
        self.body.setSpacing(4)
        self.options = OverlayOptions(privacy=around.desk.preferences.are_people_hidden)
        self.wall = CameraWall(parent=self)
        self.wall.help_wanted.connect(lambda camera_id: self.page_wanted.emit("cameras", camera_id))
        self.wall.set_options(self.options)
        self.banner = Banner(self)
        self._add_tools()
        self.body.addWidget(self.banner)
        self.furniture = FurnitureOffer(self.desk, self.ops, self)
        self.body.addWidget(self.furniture)
        self._stack = QStackedLayout()
        self._empty = EmptyState(
            around,
            icon="cameras",
            title=self.tr("No camera yet"),
            words=self.tr("Add a camera and draw a line at the door: people who cross it are counted."),
            button=self.tr("Add a camera"),
            done=lambda: self.page_wanted.emit("cameras", "add"),
        )
        for widget in (self._empty, self.wall):
            self._stack.addWidget(widget)
        self.body.addLayout(self._stack, 1)

    def show_status(self, status: EngineStatus) -> None:
        if self.options.privacy != self.desk.preferences.are_people_hidden:
            # It was switched on another screen.
            self.actions_by_name["privacy"].setChecked(self.desk.preferences.are_people_hidden)
            self._switch("privacy", on=self.desk.preferences.are_people_hidden)
        self.wall.set_cameras([camera.camera_id for camera in status.cameras])
        self._stack.setCurrentWidget(self.wall if status.cameras else self._empty)
        self._tools.setVisible(bool(status.cameras))
        for camera in status.cameras:
            told = replace(camera, furniture=self.desk.furniture_of(camera))
            self.wall.tiles[camera.camera_id].show_status(told, zone=self.desk.zone)
        self.furniture.show_cameras(status.cameras)
        host = self.desk.ports.host
        words = host.trouble or host.warning
        if self.banner.words != words:
            self.banner.say(words, is_trouble=True)

    def show_frame(self, camera_id: str) -> None:
        """A camera has a new view; costs nothing while its tile cannot be seen."""
        tile = self.wall.tiles.get(camera_id)
        if tile is None or not tile.isVisible():
            return
        view = self.desk.latest(camera_id)
        if view is not None:
            tile.show_view(view)

    def _add_tools(self) -> None:
        self._tools = QToolBar(self.tr("What is shown"), self)
        self._tools.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        switches = ("boxes", "trails", "heat", "zones", "figures", "privacy")
        done = {name: lambda on, name=name: self._switch(name, on=on) for name in switches}
        icons = self.around.theme.icons
        self.actions_by_name = make_actions(
            self, LIVE_ACTIONS, {**done, "all_cameras": self.wall.show_all}, icons=icons
        )
        # Short on the buttons: at 200 % a common screen is 960 pixels wide, and this switch must be seen there.
        for name, words in (("trails", self.tr("Trails")), ("privacy", self.tr("Pixelate people"))):
            self.actions_by_name[name].setIconText(words)
        for name, action in self.actions_by_name.items():
            # Single letters are keys of this screen only: elsewhere they are typed into fields.
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            self.addAction(action)
            if name in switches:
                action.setChecked(getattr(self.options, name))
            self._tools.addAction(action)
        # The way back is offered to those who went away.
        self.actions_by_name["all_cameras"].setVisible(False)
        self.wall.alone_changed.connect(self.actions_by_name["all_cameras"].setVisible)
        self._add_pager()
        self.body.addWidget(self._tools)

    def _add_pager(self) -> None:
        """Where there are more cameras than a wall has tiles."""
        spacer = QWidget(self._tools)
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.pager = QLabel(self._tools)
        self.before_button, self.after_button = QToolButton(self._tools), QToolButton(self._tools)
        rows = (
            (self.before_button, "back", -1, self.tr("Cameras before these")),
            (self.after_button, "forward", 1, self.tr("Cameras after these")),
        )
        for button, icon, by, words in rows:
            button.setIcon(self.around.theme.icons.icon(icon))
            button.setToolTip(words)
            button.setAccessibleName(words)
            button.clicked.connect(lambda _=False, by=by: self.wall.turn_page(by))
        parts = (spacer, self.before_button, self.pager, self.after_button)
        self._pager_actions = [self._tools.addWidget(part) for part in parts]
        self.wall.page_changed.connect(self._show_pager)
        self._show_pager()

    def _show_pager(self) -> None:
        page, pages = self.wall.pages
        for action in self._pager_actions:
            action.setVisible(pages > 1)
        count, first = len(self.wall.tiles), page * WALL_TILES
        words = self.tr("{first} to {last} of {all}")
        self.pager.setText(words.format(first=first + 1, last=min(first + WALL_TILES, count), all=count))
        self.before_button.setEnabled(page > 0)
        self.after_button.setEnabled(page + 1 < pages)

    def _switch(self, option: str, *, on: bool) -> None:
        self.options = replace(self.options, **{option: on})
        self.wall.set_options(self.options)
        if option == "privacy" and on != self.desk.preferences.are_people_hidden:
            self.desk.set_preferences(self.desk.preferences.hiding(on))
