#!/usr/bin/env bash
# The disk image for macOS around "build/package/Wink Analytics.app" (python -m installer.build), signed and notarised where it can be.
#   WINK_MAC_IDENTITY   "Developer ID Application: ..." in the key chain; without it nothing is signed
#   WINK_MAC_PROFILE    a profile kept by `xcrun notarytool store-credentials`; without it nothing is notarised
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
package=build/package
app="$package/Wink Analytics.app"
version=$(python -c 'from installer.product import read_version; print(read_version().full)')
image="$package/wink-analytics-$version-macos-$(uname -m).dmg"
entitlements=installer/macos/entitlements.plist

[ -d "$app" ] || { echo "$app is missing: run python -m installer.build first" >&2; exit 1; }

if [ -n "${WINK_MAC_IDENTITY:-}" ]; then
    codesign --force --deep --options runtime --timestamp --entitlements "$entitlements" --sign "$WINK_MAC_IDENTITY" "$app"
    codesign --verify --deep --strict "$app"
else
    echo "No identity in WINK_MAC_IDENTITY: the program is not signed, and macOS asks whoever opens it to allow it." >&2
fi

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -R "$app" "$stage/"
ln -s /Applications "$stage/Applications"
cp LICENSE "$package/wink-analytics/THIRD_PARTY_LICENCES.txt" "$stage/"
rm -f "$image"
hdiutil create -volname "Wink Analytics" -srcfolder "$stage" -fs HFS+ -format UDZO "$image"

if [ -n "${WINK_MAC_IDENTITY:-}" ] && [ -n "${WINK_MAC_PROFILE:-}" ]; then
    codesign --timestamp --sign "$WINK_MAC_IDENTITY" "$image"
    xcrun notarytool submit "$image" --keychain-profile "$WINK_MAC_PROFILE" --wait
    xcrun stapler staple "$image"
else
    echo "Not notarised: that takes WINK_MAC_IDENTITY and WINK_MAC_PROFILE." >&2
fi
echo "$image"
