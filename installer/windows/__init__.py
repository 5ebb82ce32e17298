"""The installer for Windows, made by Inno Setup around the bundle."""
