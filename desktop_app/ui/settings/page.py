"""The Settings screen: shop, cloud, counting, privacy, this computer, appearance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop_app.services.engine_view import EngineStatus
from desktop_app.services.own_version import own_version
from desktop_app.services.preferences import Appearance, DetectionProfile
from desktop_app.ui.pairing import PairingForm
from desktop_app.ui.pieces import FIELD_PX, LABEL_PX, Banner, Page, Surroundings, said
from desktop_app.ui.settings.licences import LicencesDialog
from desktop_app.ui.settings.shop_card import ShopCard


class SettingsPage(Page):
    """Cards below each other; what is changed holds at once.

    Signals:
        appearance_wanted: carries an Appearance's value.
        setup_wanted: go through the first-run wizard again.
    """

    appearance_wanted = Signal(str)
    setup_wanted = Signal()

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(around, parent)
        self._shown = around.desk.preferences
        setup = self.button(self.tr("Set up step by step..."), self.setup_wanted.emit, icon="forward")
        setup.setVisible(self.desk.is_editable)
        self.add_head(self.tr("Settings"), setup)
        self.banner = Banner(self)
        self.body.addWidget(self.banner)
        holder = QWidget(self)
        self._cards = QVBoxLayout(holder)
        self._cards.setContentsMargins(0, 0, 10, 0)
        self._cards.setSpacing(12)
        self._add_shop()
        self._add_cloud()
        self._add_counting()
        self._add_privacy()
        self._add_computer()
        self._cards.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setWidget(holder)
        self.body.addWidget(scroll, 1)
        self.show_preferences()
        self._show_cloud()

    def show_status(self, status: EngineStatus) -> None:
        self.cloud_words.setText(said(status.cloud.words))
        self._show_cloud()
        if self._shown is not self.desk.preferences:
            self.show_preferences()
        self.secrets_words.setText(said(self.desk.ports.secrets.words))
        self.shop.show_store()

    def show_preferences(self) -> None:
        """Show what holds now."""
        preferences = self._shown = self.desk.preferences
        self.appearance.setCurrentIndex(self.appearance.findData(preferences.appearance.value))
        self.profile.setCurrentIndex(self.profile.findData(preferences.profile.value))
        self.keep.setCurrentIndex(self.keep.findData(preferences.keep_days))
        self.keep_alone.setCurrentIndex(self.keep_alone.findData(preferences.keep_alone_days))
        self.hide_people.setChecked(preferences.are_people_hidden)
        self.autostart.setChecked(self.desk.ports.autostart.is_on())

    # -- cards

    def _card(self, title: str) -> QFormLayout:
        card = QFrame(self)
        card.setObjectName("card")
        form = QFormLayout(card)
        form.setContentsMargins(16, 12, 16, 14)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(9)
        head = QLabel(title, card)
        head.setObjectName("emptyTitle")
        form.addRow(head)
        self._cards.addWidget(card)
        return form

    def _add_shop(self) -> None:
        form = self._card(self.tr("Shop"))
        self.shop = ShopCard(self.around, self.ops, form, self)
        self.shop.said.connect(lambda words, is_trouble: self.banner.say(words, is_trouble=is_trouble))
        self.shop.hide()

    def _add_cloud(self) -> None:
        form = self._card(self.tr("Cloud"))
        self.cloud_words = self._soft("")
        self.cloud_address = self._soft("")
        form.addRow(self.cloud_words)
        form.addRow(self.cloud_address)
        self.pairing = PairingForm(self.around, self.ops, self)
        self.pairing.paired.connect(self._show_cloud)
        self.leave_button = self.button(self.tr("Disconnect from the cloud..."), self.leave_cloud)
        form.addRow(self.pairing)
        self._button_row(form, self.leave_button)

    def _add_counting(self) -> None:
        form = self._card(self.tr("Counting"))
        self.profile = self._combo(
            [
                (self.tr("Gentle: 3 looks a second, for slow computers"), DetectionProfile.GENTLE.value),
                (self.tr("Normal: 5 looks a second"), DetectionProfile.NORMAL.value),
                (self.tr("Thorough: 8 looks a second, for busy doors"), DetectionProfile.THOROUGH.value),
            ],
            self._set_profile,
        )
        self._row(form, self.tr("Detection"), self.profile)
        self.profile.setEnabled(self.desk.is_editable)
        self.keep = self._combo([(self.tr("{n} days").format(n=days), days) for days in (7, 14, 30)], self._set_keep)
        self._row(form, self.tr("Keep events here"), self.keep)
        self.keep_alone = self._combo(
            [
                (self.tr("three months"), 92), (self.tr("thirteen months"), 400), (self.tr("three years"), 1100),
                (self.tr("ten years"), 3660),
            ],
            self._set_keep_alone,
        )  # fmt: skip
        self._row(form, self.tr("Keep events for"), self.keep_alone)
        self.keep_words = self._soft("")
        form.addRow(self.keep_words)
        self._counting = form

    def _add_privacy(self) -> None:
        form = self._card(self.tr("Privacy"))
        self.hide_people = QCheckBox(self.tr("Make people unrecognisable on the screen"), self)
        self.hide_people.clicked.connect(self._set_hidden)
        form.addRow(self.hide_people)
        form.addRow(
            self._soft(
                self.tr(
                    "Pictures are never stored. None leaves this computer, unless stills are switched on for this shop in "
                    "the browser: then a small one, with people in blocks, while somebody looks."
                )
            )
        )
        self.secrets_words = self._soft(said(self.desk.ports.secrets.words))
        form.addRow(self.secrets_words)

    def _add_computer(self) -> None:
        form = self._card(self.tr("This computer"))
        self.autostart = QCheckBox(self.tr("Start counting when I log in"), self)
        self.autostart.clicked.connect(self._set_autostart)
        form.addRow(self.autostart)
        self.appearance = self._combo(
            [
                (self.tr("As the system is"), Appearance.SYSTEM.value),
                (self.tr("Light"), Appearance.LIGHT.value),
                (self.tr("Dark"), Appearance.DARK.value),
            ],
            self._set_appearance,
        )
        self._row(form, self.tr("Appearance"), self.appearance)
        form.addRow(self._soft(self.tr("Wink Analytics {version}").format(version=own_version())))
        self._button_row(form, self.button(self.tr("Licences..."), lambda: LicencesDialog(self).open()))

    def _button_row(self, form: QFormLayout, button: QWidget) -> None:
        row = QHBoxLayout()
        row.addWidget(button)
        row.addStretch(1)
        form.addRow(row)

    def _soft(self, words: str) -> QLabel:
        label = QLabel(words, self)
        label.setObjectName("soft")
        label.setWordWrap(True)
        return label

    def _row(self, form: QFormLayout, words: str, field: QWidget) -> None:
        field.setAccessibleName(words)
        field.setMaximumWidth(FIELD_PX)
        label = QLabel(words, self)
        label.setMinimumWidth(LABEL_PX)
        label.setBuddy(field)
        form.addRow(label, field)

    def _combo(self, rows: Sequence[tuple[str, Any]], done: Any) -> QComboBox:
        combo = QComboBox(self)
        for words, value in rows:
            combo.addItem(words, value)
        combo.activated.connect(lambda _: done())
        return combo

    # -- changes

    def leave_cloud(self) -> None:
        """Disconnect, after asking."""
        title = self.tr("Disconnect from the cloud?")
        words = self.tr("Counting goes on, on this computer alone. What waits is kept and sent after pairing again.")
        if not self.around.ask(self, title, words, self.tr("Disconnect")):
            return
        self.leave_button.setEnabled(False)
        self.ops.start(
            "leave-cloud",
            lambda _: self.desk.leave_cloud(),
            failed=lambda said_: self.banner.say(said_, is_trouble=True),
            finished=self._left,
        )

    def _left(self) -> None:
        self.leave_button.setEnabled(True)
        self._show_cloud()

    def _show_cloud(self) -> None:
        url = self.desk.document.cloud_url
        is_paired = url is not None
        self.cloud_address.setText(url or "")
        self.cloud_address.setVisible(is_paired)
        self.shop.show_store()
        self.leave_button.setVisible(is_paired and self.desk.is_editable)
        self.pairing.setVisible(not is_paired and self.desk.is_editable)
        self._counting.setRowVisible(self.keep, is_paired)
        self._counting.setRowVisible(self.keep_alone, not is_paired)
        alone = self.tr("Without a cloud this computer is the only place where they are.")
        shared = self.tr("Only what the cloud has is forgotten; what waits for it stays.")
        self.keep_words.setText(shared if is_paired else alone)

    def _set_appearance(self) -> None:
        self.appearance_wanted.emit(self.appearance.currentData())

    def _set_profile(self) -> None:
        chosen = DetectionProfile(self.profile.currentData())
        if self.desk.set_preferences(self.desk.preferences.model_copy(update={"profile": chosen})):
            self.ops.start(
                "change-profile",
                lambda _: self.desk.start(),
                done=lambda _: self.banner.say(
                    self.tr("All cameras go on at the new rate; no stream was interrupted.")
                ),
                failed=lambda words: self.banner.say(words, is_trouble=True),
            )

    def _set_keep(self) -> None:
        days = int(self.keep.currentData())
        self.desk.set_preferences(self.desk.preferences.model_copy(update={"keep_days": days}))
        self.ops.start(
            "prune", lambda _: self.desk.prune(), failed=lambda words: self.banner.say(words, is_trouble=True)
        )

    def _set_keep_alone(self) -> None:
        days = int(self.keep_alone.currentData())
        title = self.tr("Forget older events?")
        words = self.tr("This computer is the only place where these events are. Older ones are gone for good.")
        is_shorter = days < self.desk.preferences.keep_alone_days
        if is_shorter and not self.around.ask(self, title, words, self.tr("Forget older ones")):
            self.show_preferences()
            return
        self.desk.set_preferences(self.desk.preferences.model_copy(update={"keep_alone_days": days}))
        self.ops.start(
            "prune", lambda _: self.desk.prune(), failed=lambda words: self.banner.say(words, is_trouble=True)
        )

    def _set_hidden(self) -> None:
        hidden = self.hide_people.isChecked()
        self.desk.set_preferences(self.desk.preferences.hiding(hidden))

    def _set_autostart(self) -> None:
        try:
            self.desk.ports.autostart.set_on(self.autostart.isChecked())
        except OSError as error:
            self.banner.say(self.tr("This could not be changed: {why}").format(why=error), is_trouble=True)
        self.autostart.setChecked(self.desk.ports.autostart.is_on())
