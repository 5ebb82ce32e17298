"""Packages for Linux: a Debian package, and an archive that installs itself for one user."""
