"""An RTSP camera, run by the system's python3 (which has GStreamer's bindings): arguments are one JSON object.

Feeds access units of an H.264 file through appsrc with stamps of its own, for ever. Prints "ready" when it listens.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - versions first

REALM = "camera"


def access_units(stream: bytes) -> list[bytes]:
    """Split an Annex B stream at its access unit delimiters (NAL type 9)."""
    starts = [match.start() for match in re.finditer(rb"\x00\x00\x00\x01\x09", stream)]
    return [stream[a:b] for a, b in zip(starts, [*starts[1:], len(stream)], strict=True)]


class FilmFactory(GstRtspServer.RTSPMediaFactory):
    """One film for all clients."""

    def __init__(self, units: list[bytes], fps: int) -> None:
        super().__init__()
        self.units, self.step_ns = units, Gst.SECOND // fps
        self.set_shared(True)

    def do_create_element(self, _url: Any) -> Any:
        return Gst.parse_launch(
            "( appsrc name=film is-live=true format=time caps=video/x-h264,stream-format=byte-stream,alignment=au"
            " ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
        )

    def do_configure(self, media: Any) -> None:
        film = media.get_element().get_by_name("film")
        timer = GLib.timeout_add(self.step_ns // 1_000_000, self._push, film, [0])
        media.connect("unprepared", lambda _: GLib.source_remove(timer))

    def _push(self, film: Any, count: list[int]) -> bool:
        buffer = Gst.Buffer.new_wrapped(self.units[count[0] % len(self.units)])
        buffer.pts = buffer.dts = count[0] * self.step_ns
        buffer.duration = self.step_ns
        count[0] += 1
        film.emit("push-buffer", buffer)
        return True


def protect(server: Any, factory: Any, *, user: str, password: str) -> None:
    """Ask for digest authentication."""
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.set_realm(REALM)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(user, password, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


def main(options: dict[str, Any]) -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options["port"]))
    factory = FilmFactory(access_units(Path(options["film"]).read_bytes()), options["fps"])
    if options["password"]:
        protect(server, factory, user=options["user"], password=options["password"])
    server.get_mount_points().add_factory("/live", factory)
    if not server.attach(None):
        sys.exit(f"port {options['port']} cannot be had")
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
