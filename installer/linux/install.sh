#!/bin/sh
# Installs Wink Analytics for this user, without root; again over an older version to upgrade it.
#   sh install.sh               programs, menu entry, icons
#   sh install.sh --uninstall   takes them away; what was counted stays
#   sh install.sh --uninstall --with-data
set -eu

here=$(cd "$(dirname "$0")" && pwd)
target=$HOME/.local/opt/wink-analytics
commands=$HOME/.local/bin
data=${XDG_DATA_HOME:-$HOME/.local/share}
settings=${XDG_CONFIG_HOME:-$HOME/.config}
menu=$data/applications/wink-analytics.desktop
icons=$data/icons/hicolor
service=$settings/systemd/user/wink-edge.service

is_running() {
    for name in wink-desktop wink-edge; do
        for link in /proc/[0-9]*/exe; do
            [ "$(readlink "$link" 2>/dev/null || true)" = "$target/$name" ] && return 0
        done
    done
    return 1
}

missing_libraries() {
    known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null || true)
    while read -r library; do
        case $known in
            *"$library "*) ;;
            *) echo "$library" ;;
        esac
    done <"$here/needs.txt"
}

uninstall() {
    rm -rf "$target"
    rm -f "$commands/wink-desktop" "$commands/wink-edge" "$menu" "$service" "$settings/autostart/wink-analytics.desktop"
    find "$icons" -name 'wink-analytics.*' -delete 2>/dev/null || true
    if [ "${1:-}" = --with-data ]; then
        rm -rf "$data/wink-analytics" "$data/wink-edge" "$settings/wink"
        echo "Wink Analytics is removed, and all that it had counted."
    else
        echo "Wink Analytics is removed. What it had counted is still in $data/wink-analytics."
    fi
}

install_all() {
    missing=$(missing_libraries)
    if [ -n "$missing" ]; then
        echo "This system lacks libraries that a window needs. Install the packages that bring:" >&2
        echo "$missing" | sed 's/^/    /' >&2
        echo "wink-edge, which has no window, may work all the same." >&2
    fi
    mkdir -p "$target.new" "$commands" "$data/applications" "$icons" "$(dirname "$service")"
    cp -R "$here/wink-analytics/." "$target.new/"
    rm -rf "$target"
    mv "$target.new" "$target"
    ln -sf "$target/wink-desktop" "$commands/wink-desktop"
    ln -sf "$target/wink-edge" "$commands/wink-edge"
    cp -R "$here/icons/." "$icons/"
    sed "s|@PROGRAM@|$target/wink-desktop|" "$here/menu.desktop" >"$menu"
    cp "$here/wink-edge.service" "$service"
    echo "Wink Analytics is installed: look for it in the menu, or run $commands/wink-desktop."
    echo "Without a window: write $settings/wink/config.yaml, then: systemctl --user enable --now wink-edge"
}

if is_running; then
    echo "Wink Analytics is running: quit it first (in the tray: Quit; or: systemctl --user stop wink-edge)." >&2
    exit 1
fi
case ${1:-} in
    "") install_all ;;
    --uninstall) uninstall "${2:-}" ;;
    *)
        echo "usage: sh install.sh [--uninstall [--with-data]]" >&2
        exit 2
        ;;
esac
