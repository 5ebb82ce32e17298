# The installer for Windows around build\package\wink-analytics (python -m installer.build).
# Signing: WINK_SIGN_CERTIFICATE names a .pfx file, WINK_SIGN_PASSWORD its password, WINK_SIGN_TIMESTAMP a timestamp server.
# Without them nothing is signed, and Windows warns whoever starts the installer.
$ErrorActionPreference = "Stop"
$root = (Resolve-Path "$PSScriptRoot\..\..").Path
$package = "$root\build\package"
$bundle = "$package\wink-analytics"

function Find-Tool([string] $name, [string[]] $places) {
    $found = Get-Command $name -ErrorAction SilentlyContinue
    if ($found) { return $found.Source }
    foreach ($place in $places) { if (Test-Path $place) { return (Resolve-Path $place | Select-Object -Last 1).Path } }
    throw "$name was not found; install Inno Setup 6, and for signing the Windows SDK."
}

if (-not (Test-Path $bundle)) { throw "$bundle is missing: run python -m installer.build first." }
$iscc = Find-Tool "iscc.exe" @("${env:ProgramFiles(x86)}\Inno Setup 6\ISCC.exe")
python -m installer.windows.facts "$package\product.iss"
if ($LASTEXITCODE) { throw "the constants of the installer could not be written" }

$options = @("/DFacts=$package\product.iss")
if ($env:WINK_SIGN_CERTIFICATE) {
    $signtool = Find-Tool "signtool.exe" @("${env:ProgramFiles(x86)}\Windows Kits\10\bin\*\x64\signtool.exe")
    $sign = @("sign", "/fd", "sha256", "/td", "sha256", "/tr", $env:WINK_SIGN_TIMESTAMP, "/f", $env:WINK_SIGN_CERTIFICATE, "/p", $env:WINK_SIGN_PASSWORD)
    & $signtool @sign "$bundle\wink-desktop.exe" "$bundle\wink-edge.exe"
    if ($LASTEXITCODE) { throw "signing failed" }
    $quoted = ($sign | ForEach-Object { '$q' + $_ + '$q' }) -join " "
    $options += @("/DSign", "/Ssign=`$q$signtool`$q $quoted `$f")
} else {
    Write-Host "No certificate in WINK_SIGN_CERTIFICATE: programs and installer are not signed."
}
& $iscc @options "$root\installer\windows\wink.iss"
if ($LASTEXITCODE) { throw "Inno Setup ended with $LASTEXITCODE" }
