"""Mail by SMTP, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage

log = logging.getLogger(__name__)
TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. ``sender``: what stands under From."""

    host: str
    port: int
    user: str
    password: str
    sender: str
    uses_starttls: bool

    async def send(self, to: str, *, subject: str, words: str) -> bool:
        """Send one mail; False (and a line in the log) where that fails."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender or self.user, to, subject
        message.set_content(words)
        try:
            await asyncio.to_thread(self._send, message)
        except (OSError, smtplib.SMTPException) as error:
            log.error("a mail could not be sent by %s: %s", self.host, type(error).__name__)
            return False
        return True

    def _send(self, message: EmailMessage) -> None:
        with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S) as server:
            if self.uses_starttls:
                server.starttls(context=ssl.create_default_context())
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)
