"""The crossings behind a number: each with its why, its way, and a mark for those that are wrong."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QTabBar,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from desktop_app.services.desk_ports import KNOWN_ERRORS
from desktop_app.services.stories import Question, Stories, Story, Way
from desktop_app.services.wrong_marks import WrongMark
from desktop_app.ui.camera_wall.overlay import picture_of
from desktop_app.ui.pieces import Surroundings, make_button, size_on_screen
from desktop_app.ui.today.story_words import short_words, when_words, why_words
from desktop_app.ui.way_view import WayView
from desktop_app.workers.background_op import BackgroundOps
from shared_models.geometry import Size

MAX_ROWS = 2000
WRONG = "✗ "


class Part(StrEnum):
    """Which stories are listed."""

    COUNTED = "counted"
    NOT_COUNTED = "not counted"
    WRONG = "wrong"


class StoriesDialog(QDialog):
    """Not modal: the numbers behind it go on moving.

    Args:
        first: the story that is shown first, by (camera, zone, track), if it is there.

    Signals:
        loaded: the list is there.
    """

    loaded = Signal()

    def __init__(
        self,
        around: Surroundings,
        title: str,
        question: Question,
        *,
        first: tuple[str, str | None, int | None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._around, self._desk = around, around.desk
        self._question, self._first = question, first
        self._ops = BackgroundOps(self, known=KNOWN_ERRORS)
        self.stories: Stories | None = None
        self._marks: dict[str, WrongMark] = {}
        self._make(title)
        size_on_screen(self, 940, 580)
        self._load()

    @property
    def story(self) -> Story | None:
        """The selected one."""
        item = self.list.currentItem()
        story: Story | None = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        return story

    def show_part(self, part: Part) -> None:
        """List these."""
        self.parts.setCurrentIndex(list(Part).index(part))

    def toggle_mark(self) -> None:
        """Mark the selected story as wrong, or take the mark back."""
        story = self.story
        if story is None:
            return
        is_marked = story.story_id in self._marks
        work = self._desk.past.unmark if is_marked else self._desk.past.mark
        self.mark_button.setEnabled(False)
        self._ops.start(
            "mark-wrong",
            lambda _: (work(story), self._desk.past.marks())[1],
            done=self._marked,
            failed=self.note.setText,
            finished=lambda: self.mark_button.setEnabled(self.story is not None),
        )

    def done(self, result: int) -> None:
        self._ops.close()
        super().done(result)

    # -- making

    def _make(self, title: str) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 12)
        head = QLabel(title, self)
        head.setObjectName("pageTitle")
        head.setWordWrap(True)
        column.addWidget(head)
        self.parts = QTabBar(self)
        self.parts.setAccessibleName(self.tr("Which people"))
        self.parts.setDrawBase(False)
        self.parts.setExpanding(False)
        for _ in Part:
            self.parts.addTab("")
        self.parts.currentChanged.connect(lambda _: self._fill())
        column.addWidget(self.parts)
        row = QHBoxLayout()
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("People"))
        self.list.setMinimumWidth(230)
        self.list.setUniformItemSizes(True)
        self.list.currentItemChanged.connect(lambda *_: self._show_story())
        row.addWidget(self.list, 2)
        row.addLayout(self._make_right(), 5)
        column.addLayout(row, 1)
        self.note = QLabel(self)
        self.note.setObjectName("soft")
        self.note.setWordWrap(True)
        column.addWidget(self.note)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText(self.tr("Close"))
        close.setIcon(QIcon())
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self._name_parts()

    def _make_right(self) -> QVBoxLayout:
        right = QVBoxLayout()
        self.view = WayView(self)
        right.addWidget(self.view, 1)
        self.why = QLabel(self)
        self.why.setWordWrap(True)
        self.why.setMinimumHeight(52)
        self.why.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.why.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        right.addWidget(self.why)
        row = QHBoxLayout()
        self.mark_button = make_button(self, self.tr("This is wrong"), self.toggle_mark)
        self.mark_button.setShortcut(QKeySequence("Ctrl+W"))
        self.mark_button.setEnabled(False)
        marks = QLabel(self.tr("Marks change no figure; they go into the report for support."), self)
        marks.setObjectName("soft")
        marks.setWordWrap(True)
        row.addWidget(self.mark_button)
        row.addWidget(marks, 1)
        right.addLayout(row)
        return right

    # -- loading

    def _load(self) -> None:
        self.note.setText(self.tr("Looking..."))
        self._ops.start(
            "read-stories",
            lambda _: (self._desk.past.stories(self._question), self._desk.past.marks()),
            done=self._loaded,
            failed=self.note.setText,
        )

    def _loaded(self, found: tuple[Stories, tuple[WrongMark, ...]]) -> None:
        self.stories, marks = found
        self._marks = {mark.story_id: mark for mark in marks}
        self.note.setText(self.stories.words)
        self._name_parts()
        if self.stories.not_counted and not self.stories.counted and self.parts.currentIndex() == 0:
            self.parts.setCurrentIndex(1)
        else:
            self._fill()
        self.loaded.emit()

    def _listed(self, part: Part) -> list[Story]:
        """Newest first."""
        if self.stories is None:
            return []
        both = {
            Part.COUNTED: self.stories.counted,
            Part.NOT_COUNTED: self.stories.not_counted,
            Part.WRONG: tuple(
                s for s in (*self.stories.counted, *self.stories.not_counted) if s.story_id in self._marks
            ),
        }
        return sorted(both[part], key=lambda story: story.occurred_at, reverse=True)

    def _name_parts(self) -> None:
        names = {
            Part.COUNTED: self.tr("Counted ({n})"),
            Part.NOT_COUNTED: self.tr("Came near, not counted ({n})"),
            Part.WRONG: self.tr("Marked as wrong ({n})"),
        }
        for index, part in enumerate(Part):
            self.parts.setTabText(index, names[part].format(n=len(self._listed(part))))

    def _fill(self) -> None:
        listed = self._listed(list(Part)[self.parts.currentIndex()])
        blocker = QSignalBlocker(self.list)
        self.list.clear()
        wanted = 0
        for story in listed[:MAX_ROWS]:
            item = QListWidgetItem(self._row_words(story), self.list)
            item.setData(Qt.ItemDataRole.UserRole, story)
            if self._first == (story.camera_id, story.zone_id, story.track_id):
                wanted = self.list.row(item)
        self.list.setCurrentRow(wanted if listed else -1)
        del blocker
        if len(listed) > MAX_ROWS:
            self.note.setText(self.tr("Only the newest {n} of {all} are listed.").format(n=MAX_ROWS, all=len(listed)))
        self._show_story()

    def _row_words(self, story: Story) -> str:
        mark = WRONG if story.story_id in self._marks else ""
        where = self._desk.label(story.camera_id, story.zone_id)
        return f"{mark}{when_words(story, zone=self._desk.zone)}  {short_words(story)} · {where}"

    # -- one story

    def _show_story(self) -> None:
        story = self.story
        self.mark_button.setEnabled(story is not None)
        if story is None:
            self.why.setText(self._nothing_words() if self.stories is not None else "")
            self.view.show_way(Way((), None, ()), zone_id=None)
            return
        self.why.setText(why_words(story))
        is_marked = story.story_id in self._marks
        self.mark_button.setText(self.tr("Take the mark back") if is_marked else self.tr("This is wrong"))
        self._ops.start("read-way", lambda _: self._desk.past.way(story), done=lambda way: self._show_way(story, way))

    def _nothing_words(self) -> str:
        words = {
            Part.COUNTED: self.tr("Nobody was counted here in this time."),
            Part.NOT_COUNTED: self.tr("Nobody came near without being counted, or it is too long ago to be known."),
            Part.WRONG: self.tr("Nothing is marked as wrong here."),
        }
        return words[list(Part)[self.parts.currentIndex()]]

    def _show_way(self, story: Story, way: Way) -> None:
        if self.story is story:
            still = self._still(story.camera_id, way.frame_wh)
            self.view.show_way(way, zone_id=story.zone_id, still=still)
            self.view.setToolTip(self.tr("The picture is of now: pictures are never kept.") if still else "")

    def _still(self, camera_id: str, frame_wh: Size | None) -> QImage | None:
        """The camera's picture of now, to know the place by; none of another shape, and no person's face for sure."""
        view = self._desk.latest(camera_id)
        if view is None or frame_wh is None:
            return None
        (width, height), (w, h) = view.frame.size_wh, frame_wh
        if abs(width / height - w / h) > 0.01:
            return None
        return picture_of(view, privacy=True)

    def _marked(self, marks: tuple[WrongMark, ...]) -> None:
        self._marks = {mark.story_id: mark for mark in marks}
        self._name_parts()
        item, story = self.list.currentItem(), self.story
        if item is not None and story is not None:
            item.setText(self._row_words(story))
            is_marked = story.story_id in self._marks
            self.mark_button.setText(self.tr("Take the mark back") if is_marked else self.tr("This is wrong"))
