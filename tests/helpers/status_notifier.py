"""A desktop's half of the tray over D-Bus: a bus of its own, a watcher that items register at, and questions to an item.

The names are those of the StatusNotifierItem specification (freedesktop.org) and of com.canonical.dbusmenu.
"""

from __future__ import annotations

import os
import subprocess
import threading
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_error, new_method_call, new_method_return
from jeepney.io.blocking import DBusConnection, open_dbus_connection

WATCHER, WATCHER_PATH = "org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher"
ITEM, ITEM_PATH, MENU = "org.kde.StatusNotifierItem", "/StatusNotifierItem", "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"
ANSWER_S = 20.0
INTROSPECTION = f"""<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<node><interface name="{WATCHER}">
<method name="RegisterStatusNotifierItem"><arg name="service" type="s" direction="in"/></method>
<property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
<property name="RegisteredStatusNotifierItems" type="as" access="read"/>
<property name="ProtocolVersion" type="i" access="read"/>
</interface></node>"""


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One line of an item's menu; a separator has no words."""

    entry_id: int
    words: str


class StatusNotifierHost:
    """Use as a context; ``address`` is for the environment of a program, ``items`` are the bus names that registered."""

    def __init__(self) -> None:
        self._daemon: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._is_over = threading.Event()
        self.address = ""
        self.items: list[str] = []

    def __enter__(self) -> StatusNotifierHost:
        reader, writer = os.pipe()
        command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--print-address={writer}"]
        self._daemon = subprocess.Popen(command, pass_fds=(writer,), stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as told:
            self.address = told.readline().strip()
        self._asking = open_dbus_connection(self.address)
        serving = open_dbus_connection(self.address)
        bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
        serving.send_and_get_reply(new_method_call(bus, "RequestName", "su", (WATCHER, 4)))
        self._thread = threading.Thread(target=self._serve, args=(serving,), name="status-notifier-watcher")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()
        self._asking.close()
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(10)

    def ask(self, name: str, *, of: str | None = None) -> Any:
        """A property of the item."""
        where = DBusAddress(ITEM_PATH, of or self.items[-1], PROPERTIES)
        return self._told(new_method_call(where, "Get", "ss", (ITEM, name)))[0][1]

    def activate(self) -> None:
        """As a click on the icon."""
        self._told(new_method_call(DBusAddress(ITEM_PATH, self.items[-1], ITEM), "Activate", "ii", (10, 10)))

    def menu(self) -> list[MenuEntry]:
        """The lines of the item's menu, from above."""
        _, (_, _, children) = self._told(new_method_call(self._menu(), "GetLayout", "iias", (0, -1, [])))
        lines = [child[1] for child in children]
        return [MenuEntry(line[0], line[1].get("label", ("s", ""))[1].replace("_", "")) for line in lines]

    def click(self, entry: MenuEntry) -> None:
        """Choose a line of the menu."""
        self._told(new_method_call(self._menu(), "Event", "isvu", (entry.entry_id, "clicked", ("s", ""), 0)))

    def _menu(self) -> DBusAddress:
        return DBusAddress(self.ask("Menu"), self.items[-1], MENU)

    def _told(self, message: Message) -> Any:
        reply = self._asking.send_and_get_reply(message, timeout=ANSWER_S)
        assert reply.header.message_type is MessageType.method_return, reply.body
        return reply.body

    def _serve(self, connection: DBusConnection) -> None:
        while not self._is_over.is_set():
            try:
                message = connection.receive(timeout=0.1)
            except TimeoutError:
                continue
            if message.header.message_type is MessageType.method_call:
                connection.send(self._answer(message))
        connection.close()

    def _answer(self, message: Message) -> Message:
        fields = message.header.fields
        member, sender = fields[HeaderFields.member], fields[HeaderFields.sender]
        values: dict[str, tuple[str, Any]] = {
            "IsStatusNotifierHostRegistered": ("b", True),
            "RegisteredStatusNotifierItems": ("as", list(self.items)),
            "ProtocolVersion": ("i", 0),
        }
        if member == "Introspect":
            return new_method_return(message, "s", (INTROSPECTION,))
        if member == "Get":
            return new_method_return(message, "v", (values[message.body[1]],))
        if member == "GetAll":
            return new_method_return(message, "a{sv}", (values,))
        if member == "RegisterStatusNotifierItem":
            self.items.append(sender)
            return new_method_return(message)
        return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
