"""The small text files of a Linux installation, made from product.toml and from the programs themselves."""

from __future__ import annotations

import time

import typer.main

from desktop_app.services.autostart import desktop_entry
from installer.product import Version, read_product

CATEGORIES = "Office;"


def menu_entry(program: str) -> str:
    """The desktop file of the menu; ``program`` is the command or its path."""
    product = read_product()
    return (
        f"[Desktop Entry]\nType=Application\nVersion=1.0\nName={product['name']}\nGenericName=People counter\n"
        f"Comment=People counting for shops\nExec={program}\nTryExec={program}\nIcon={product['linux']['desktop_id']}\n"
        f"Terminal=false\nCategories={CATEGORIES}\nKeywords=people;counter;shop;camera;footfall;\n"
        f"StartupNotify=true\nStartupWMClass={product['linux']['desktop_id']}\n"
    )


def autostart_switch(program: str) -> str:
    """For all users of a machine, switched off: who wants it, writes ``Hidden=false``. Each user's own switch goes first."""
    return (
        f"# Start with every user's session: write Hidden=false.\n{desktop_entry((program, '--in-tray'))}Hidden=true\n"
    )


def man_page(name: str, *, summary: str, body: str, version: Version) -> str:
    """A page of section 1."""
    day = time.strftime("%Y-%m-%d", time.gmtime(version.epoch))
    source = f"{read_product()['name']} {version.base}"
    return f'.TH {name.upper()} 1 "{day}" "{source}"\n.SH NAME\n{_plain(name)} \\- {summary}\n{body}'


def edge_page(version: Version) -> str:
    """``wink-edge(1)``, its commands as the program itself lists them."""
    from desktop_app.cli import app

    group = typer.main.get_command(app)
    rows = "".join(f".TP\n.B {_plain(name)}\n{_plain(about)}\n" for name, about in _commands(group))
    body = (
        ".SH SYNOPSIS\n.B wink-edge\n.I COMMAND\n.RI [ OPTIONS ]\n.SH DESCRIPTION\n"
        "Counts people at the cameras of a shop, without a window, and keeps no face.\n"
        "Each command explains itself with\n.BR \\-\\-help .\n"
        f".SH COMMANDS\n{rows}"
        ".SH FILES\n.TP\n.I /etc/wink/config.yaml\nThe cameras and lines of this shop, for the service.\n"
        ".TP\n.I /var/lib/wink-edge\nWhat the service has counted; kept until the package is purged.\n"
        ".SH EXIT STATUS\n2: something in the configuration is wrong; the message says what to write instead.\n"
        ".SH SEE ALSO\n.BR wink\\-desktop (1),\n.BR systemctl (1)\n"
    )
    return man_page("wink-edge", summary="count people at the cameras of a shop", body=body, version=version)


def desktop_page(version: Version) -> str:
    """``wink-desktop(1)``."""
    body = (
        ".SH SYNOPSIS\n.B wink-desktop\n.RB [ \\-\\-in\\-tray ]\n.RB [ \\-\\-config\n.IR FILE ]\n.SH DESCRIPTION\n"
        "The program at the cameras of a shop: a window with the cameras, today's figures and the lines that people cross.\n"
        "Closing the window leaves counting on, in the tray.\n"
        ".SH OPTIONS\n.TP\n.B \\-\\-in\\-tray\nStart as an icon, without the window.\n"
        '.TP\n.BI \\-\\-config " FILE"\nCount by a configuration file instead of the program\'s own store.\n'
        ".SH FILES\n.TP\n.I ~/.local/share/wink\\-analytics\nWhat was counted, and the store's settings.\n"
        ".SH SEE ALSO\n.BR wink\\-edge (1)\n"
    )
    return man_page("wink-desktop", summary="people counting for shops", body=body, version=version)


def _commands(group: object, prefix: str = "") -> list[tuple[str, str]]:
    """(name, first sentence) of each command, those of groups under the group's name."""
    found: list[tuple[str, str]] = []
    for name, command in getattr(group, "commands", {}).items():
        if hasattr(command, "commands"):
            found += _commands(command, f"{prefix}{name} ")
        else:
            found.append((f"{prefix}{name}", (command.help or "").strip().splitlines()[0]))
    return found


def _plain(words: str) -> str:
    """As man's macros want it: hyphens that are minus signs."""
    return words.replace("\\", "\\\\").replace("-", "\\-")
