; Inno Setup 6: installs the bundle for one user or for all. Constants come from installer/facts.py:
;   python -m installer.windows.facts > build\package\product.iss
;   iscc /DFacts=..\..\build\package\product.iss installer\windows\wink.iss
; Without anybody at the screen: wink-analytics-VERSION-setup.exe /VERYSILENT [/ALLUSERS|/CURRENTUSER] [/TASKS="autostart,firewall"]
; and to remove it: unins000.exe /VERYSILENT [/DELETEDATA=yes]
#ifndef Facts
  #define Facts "..\..\build\package\product.iss"
#endif
#include Facts

[Setup]
; Windows knows the program by this; with it an installation over an older version is an upgrade in place.
AppId={{{#AppGuid}}
AppName={#AppName}
AppVersion={#AppVersion}
AppPublisher={#AppPublisher}
AppPublisherURL={#AppUrl}
AppCopyright={#AppCopyright}
VersionInfoVersion={#AppNumbers}
DefaultDirName={autopf}\{#AppFolder}
DefaultGroupName={#AppName}
DisableProgramGroupPage=yes
LicenseFile=..\..\LICENSE
OutputDir=..\..\build\package
OutputBaseFilename={#SetupName}
SetupIconFile=..\..\build\bundle\wink.ico
UninstallDisplayIcon={app}\{#WindowExe}
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern
; For one user unless asked otherwise: no administrator needed.
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog commandline
; An upgrade ends the running program first, so that its files can be replaced, and starts it again.
CloseApplications=yes
RestartApplications=yes
; Signing is arranged by build.ps1, which passes /Ssign=... where there is a certificate.
#ifdef Sign
SignTool=sign
SignedUninstaller=yes
#endif

[Languages]
Name: "english"; MessagesFile: "compiler:Default.isl"

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "autostart"; Description: "Start with the computer, as an icon beside the clock"
Name: "firewall"; Description: "Let Wink look for cameras in the shop's network (Windows firewall)"; Check: IsAdminInstallMode

[InstallDelete]
; What an older version brought and this one does not.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#BundleFolder}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\{#AppName}"; Filename: "{app}\{#WindowExe}"
Name: "{autodesktop}\{#AppName}"; Filename: "{app}\{#WindowExe}"; Tasks: desktopicon

[Registry]
; The same value that the program's own switch in its settings writes.
Root: HKCU; Subkey: "Software\Microsoft\Windows\CurrentVersion\Run"; ValueType: string; ValueName: "{#RunValue}"; \
    ValueData: """{app}\{#WindowExe}"" --in-tray"; Flags: uninsdeletevalue; Tasks: autostart; Check: not IsAdminInstallMode
Root: HKLM; Subkey: "Software\Microsoft\Windows\CurrentVersion\Run"; ValueType: string; ValueName: "{#RunValue}"; \
    ValueData: """{app}\{#WindowExe}"" --in-tray"; Flags: uninsdeletevalue; Tasks: autostart; Check: IsAdminInstallMode

[Run]
; Answers of cameras to a search (ONVIF discovery) come by UDP. A rule of the same name from before is replaced.
Filename: "{sys}\netsh.exe"; Parameters: "advfirewall firewall delete rule name=""{#AppName}"""; Flags: runhidden; Tasks: firewall
Filename: "{sys}\netsh.exe"; Parameters: "advfirewall firewall add rule name=""{#AppName}"" dir=in action=allow protocol=udp \
program=""{app}\{#WindowExe}"" profile=private,domain enable=yes"; Flags: runhidden; Tasks: firewall
Filename: "{app}\{#WindowExe}"; Description: "{cm:LaunchProgram,{#AppName}}"; Flags: nowait postinstall skipifsilent

[UninstallRun]
Filename: "{sys}\netsh.exe"; Parameters: "advfirewall firewall delete rule name=""{#AppName}"""; Flags: runhidden; \
    RunOnceId: "Firewall"; Check: IsAdminInstallMode

[Code]
{ What was counted stays unless somebody says otherwise; without anybody at the screen only by /DELETEDATA=yes. }
function MayDeleteData: Boolean;
begin
  if UninstallSilent then
    Result := ExpandConstant('{param:DELETEDATA|no}') = 'yes'
  else
    Result := MsgBox('Delete what was counted, too, and the settings of this store?' + #13#10 +
      'If you mean to install Wink again, or have not sent everything to head office, answer No.',
      mbConfirmation, MB_YESNO or MB_DEFBUTTON2) = IDYES;
end;

procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
var
  Folder: String;
begin
  if CurUninstallStep <> usPostUninstall then
    Exit;
  Folder := ExpandConstant('{localappdata}\{#DataFolder}');
  if DirExists(Folder) and MayDeleteData then
    DelTree(Folder, True, True, True);
end;
