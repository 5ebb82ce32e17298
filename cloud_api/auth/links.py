"""One-time links: where they lead, and the mail that carries them."""

from __future__ import annotations

from fastapi import Request

from cloud_api.kit.mail import MailServer
from cloud_api.settings import CloudSettings

LINK_PATH = "/welcome"
_SUBJECTS = {"invitation": "You are invited to Wink Analytics", "reset": "Set a new password for Wink Analytics"}
_WORDS = {
    "invitation": "You have been invited to Wink Analytics. Choose your password here, within seven days:",
    "reset": "Set a new password here, within two hours. If you did not ask for it, do nothing:",
}


def link_to(settings: CloudSettings, request: Request, secret: str) -> str:
    """The address that sets a password. The secret stands behind '#', which browsers send to no server or log."""
    base = settings.public_url or str(request.base_url)
    return f"{base.rstrip('/')}{LINK_PATH}#{secret}"


async def mail_link(mail: MailServer, to: str, *, purpose: str, link: str) -> bool:
    """Mail it; whether that worked."""
    return await mail.send(to, subject=_SUBJECTS[purpose], words=f"{_WORDS[purpose]}\n\n{link}\n")


def mail_server(settings: CloudSettings) -> MailServer | None:
    """As set, or None where none is."""
    if not settings.smtp_host:
        return None
    return MailServer(
        settings.smtp_host, settings.smtp_port, settings.smtp_user, settings.smtp_password.get_secret_value(),
        settings.smtp_from, settings.smtp_starttls,
    )  # fmt: skip
