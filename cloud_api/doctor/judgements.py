"""Pure judgements over what was found."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from cloud_api.auth.signing_key import MIN_LENGTH
from cloud_api.doctor.findings import Finding, broken, fine, warned

CLOCK_SLACK_S, CLOCK_WRONG_S = 5.0, 60.0
"""Log-ins carry times; a minute off, fresh ones are refused as not valid yet."""
RENEWED_DAYS, URGENT_DAYS = 21.0, 5.0
"""certbot and Caddy renew 30 days ahead: with three weeks left that has failed for over a week."""
LITTLE_BYTES, TOO_LITTLE_BYTES = 2_000_000_000, 200_000_000
BACKUP_LATE_H, BACKUP_TOO_LATE_H = 26.0, 24.0 * 7
HSTS_LEAST_S = 15_768_000
"""Half a year."""
FEW_DIFFERENT = 10
_PLACEHOLDERS = ("change", "secret", "password", "example", "12345", "xxxx")
_EVERY_WORKER_ADDS = 3
"""Connections of a worker beside its pool: two of the owner's, one that listens."""
OVERFLOW = 10
"""What SQLAlchemy opens beyond a pool when it is busy."""


def judge_certificate(*, days_left: float, issuer: str) -> Finding:
    """A certificate that is valid today."""
    words = f"valid for {days_left:.0f} more days, issued by {issuer}."
    cure = "Renew it: see 'systemctl status certbot.timer', or the log of your proxy."
    if days_left < URGENT_DAYS:
        return broken("certificate", words, cure)
    if days_left < RENEWED_DAYS:
        return warned("certificate", f"{words} It should have been renewed by now.", cure)
    return fine("certificate", words)


def judge_untrusted(reason: str) -> Finding:
    """A certificate that was refused; ``reason`` in OpenSSL's words."""
    told = reason.lower()
    if "expired" in told:
        return broken("certificate", "has expired.", "Renew it: certbot renew; then reload the proxy.")
    if "mismatch" in told or "not valid for" in told:
        return broken(
            "certificate", f"is for another name ({reason}).", "Ask for one for the name of the public address."
        )
    if "local issuer" in told or "self-signed" in told or "self signed" in told:
        cure = "Let the proxy send the whole chain (fullchain.pem). With an authority of your own, name its file: --ca FILE."
        return broken("certificate", f"its chain does not end at a known authority ({reason}).", cure)
    if "not yet valid" in told:
        return broken("certificate", "is not valid yet.", "Check the clock of this machine and of the server.")
    return broken("certificate", f"is refused ({reason}).", "Put a valid certificate into the proxy.")


def judge_hsts(header: str) -> Finding:
    """``Strict-Transport-Security``, which keeps browsers from trying plain HTTP again."""
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() == "max-age" and value.strip('"').isdigit():
            seconds = int(value.strip('"'))
            if seconds >= HSTS_LEAST_S:
                return fine("HSTS", f"browsers use HTTPS only, for {seconds // 86400} days.")
    cure = "Set WINK_CLOUD_COOKIE_SECURE=1 (the program then sends the header), and let the proxy pass it on."
    return warned("HSTS", "browsers are not told to use HTTPS only.", cure)


def judge_redirect(*, status: int, location: str, port: int) -> Finding:
    """What plain HTTP answers."""
    if status in (301, 302, 307, 308) and location.startswith("https://"):
        return fine("plain HTTP", f"is sent on to HTTPS ({status}).")
    return broken(
        "plain HTTP", f"port {port} answers {status} instead of sending people on to HTTPS.",
        "Let the proxy answer plain HTTP with a redirect (301) to https://, and with nothing else.",
    )  # fmt: skip


def judge_clock(other: str, *, offset_s: float, slack_s: float = CLOCK_SLACK_S) -> Finding:
    """How far another clock is from this machine's."""
    what = f"clock of {other}"
    if abs(offset_s) <= slack_s:
        return fine(what, "agrees with this machine's.")
    words = f"is {abs(offset_s):.0f} s {'ahead of' if offset_s > 0 else 'behind'} this machine's."
    cure = "Let both be set by NTP: timedatectl set-ntp true."
    if abs(offset_s) > CLOCK_WRONG_S:
        return broken(what, words, cure)
    return warned(what, words, cure)


def judge_secret(key: str, *, is_needed: bool) -> Finding:
    """The key that signs log-ins, as set in the environment."""
    cure = "Make one: openssl rand -base64 48; put it into WINK_SECRET_KEY of all workers. Everybody logs in anew."
    if not key:
        if is_needed:
            return broken("secret key", "WINK_SECRET_KEY is not set.", cure)
        return fine("secret key", "not set: the program has made one and keeps it.")
    if len(key) < MIN_LENGTH:
        return broken("secret key", f"has {len(key)} characters; {MIN_LENGTH} are the least.", cure)
    if len(set(key)) < FEW_DIFFERENT or any(word in key.lower() for word in _PLACEHOLDERS):
        return broken("secret key", "can be guessed.", cure)
    return fine("secret key", f"set, {len(key)} characters.")


def judge_mode(what: str, *, mode: int, cure: str) -> Finding:
    """Who may read a file or folder; ``mode``: its permission bits."""
    words = f"has the permissions {mode & 0o777:o}"
    if mode & 0o007:
        return broken(what, f"{words}: everybody on this machine may read it.", cure)
    if mode & 0o020:
        return warned(what, f"{words}: its group may write it.", cure)
    return fine(what, f"{words}.")


def judge_disk(*, free_bytes: int, place: str) -> Finding:
    """The disk of the data folder."""
    words = f"{free_bytes / 1e9:.1f} GB are free at {place}."
    if free_bytes < TOO_LITTLE_BYTES:
        return broken("disk", words, "Free some space: a full disk stops the database.")
    if free_bytes < LITTLE_BYTES:
        return warned("disk", words, "Free some space, or shorten WINK_CLOUD_RETENTION_DAYS.")
    return fine("disk", words)


def judge_backup(*, age_h: float | None, place: str) -> Finding:
    """The newest backup; ``age_h`` None: there is none."""
    cure = "Look at 'systemctl status wink-cloud-backup.timer', or run: wink-cloud backup FILE."
    if age_h is None:
        return broken("backup", f"there is none in {place}.", cure)
    words = f"the newest in {place} is {age_h:.0f} hours old."
    if age_h > BACKUP_TOO_LATE_H:
        return broken("backup", words, cure)
    if age_h > BACKUP_LATE_H:
        return warned("backup", words, cure)
    return fine("backup", words)


def judge_workers(*, workers: int, cores: int, is_sqlite: bool) -> Finding:
    """Processes against cores."""
    words = f"{workers} on {cores} core{'s' if cores > 1 else ''}."
    if is_sqlite:
        if workers > 1:
            return broken("workers", f"{words} SQLite serves one.", "Start one, or set DATABASE_URL to PostgreSQL.")
        return fine("workers", words)
    if workers > 2 * cores:
        return warned("workers", words, f"Start no more than {2 * cores}: more of them only wait for each other.")
    if workers == 1 and cores >= 4:
        return warned("workers", words, f"Start more: wink-cloud serve --workers {cores // 2}.")
    return fine("workers", words)


@dataclass(frozen=True, slots=True)
class ConnectionLimit:
    """How many connections a database grants.

    Attributes:
        total: all that it has, for everybody.
        reserved: kept for superusers.
        of_role: for the application's role; -1: no limit of its own.
        used: open now, by whomever.
    """

    total: int
    reserved: int
    of_role: int
    used: int

    @property
    def usable(self) -> int:
        """For the application."""
        free = self.total - self.reserved
        return free if self.of_role < 0 else min(free, self.of_role)


def judge_connections(limit: ConnectionLimit, *, workers: int, pool_size: int) -> Finding:
    """What all workers may open at once against what the database grants."""
    usual = workers * (pool_size + _EVERY_WORKER_ADDS)
    most = usual + workers * OVERFLOW
    words = f"workers open {usual}, at most {most}; the database grants {limit.usable} ({limit.used} are open now)."
    cure = "Lower WINK_CLOUD_POOL_SIZE or --workers, raise max_connections, or put a pooler between."
    if usual > limit.usable:
        return broken("connections", words, cure)
    if most > limit.usable:
        return warned("connections", words, cure)
    return fine("connections", words)


def is_near(host: str) -> bool:
    """Whether a host is this machine or on a private network, to judge by its name alone."""
    if not host or host.startswith("/") or host == "localhost" or ("." not in host and ":" not in host):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host.endswith((".internal", ".local", ".lan"))
