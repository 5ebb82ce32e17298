"""The mail server: greeted, and logged in to where a user is set; no mail is sent."""

from __future__ import annotations

import smtplib
import ssl

from cloud_api.doctor.findings import Finding, broken, fine, warned
from cloud_api.settings import CloudSettings

TIMEOUT_S = 10.0
TLS_FROM_THE_START = 465


def examine_mail(settings: CloudSettings, *, context: ssl.SSLContext | None = None) -> list[Finding]:
    """What the mail server says to the settings."""
    if not settings.smtp_host:
        return [fine("mail", "not set: invitations and resets are links that the administrator passes on.")]
    if settings.smtp_port == TLS_FROM_THE_START:
        return [broken("mail", "port 465 speaks TLS from the first byte, which is not supported.",
                       "Use the same server's port 587 with WINK_CLOUD_SMTP_STARTTLS=1.")]  # fmt: skip
    findings = [_try(settings, context or ssl.create_default_context())]
    if not (settings.smtp_from or settings.smtp_user):
        findings.append(warned("mail", "no sender is set.", "Set WINK_CLOUD_SMTP_FROM."))
    return findings


def _try(settings: CloudSettings, context: ssl.SSLContext) -> Finding:
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_S) as server:
            server.ehlo_or_helo_if_needed()
            if settings.smtp_starttls:
                server.starttls(context=context)
                server.ehlo()
            elif settings.smtp_user:
                return broken("mail", f"the password would travel to {where} unprotected.",
                              "Set WINK_CLOUD_SMTP_STARTTLS=1.")  # fmt: skip
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
                return fine("mail", f"{where} accepts the user and its password.")
            return fine("mail", f"{where} answers.")
    except smtplib.SMTPAuthenticationError:
        cure = "Set WINK_CLOUD_SMTP_USER and WINK_CLOUD_SMTP_PASSWORD anew; some services want a password made for programs."
        return broken("mail", f"{where} refuses the user or its password.", cure)
    except smtplib.SMTPNotSupportedError:
        cure = (
            "Use another port (587), or WINK_CLOUD_SMTP_STARTTLS=0 for a server on this machine that asks for no user."
        )
        return broken("mail", f"{where} offers no {'STARTTLS' if settings.smtp_starttls else 'log-in'}.", cure)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason
        return broken("mail", f"the certificate of {where} is refused ({reason}).", "Use the name that is in it.")
    except (OSError, smtplib.SMTPException) as error:
        cure = "Check WINK_CLOUD_SMTP_HOST and _PORT; many hosters block ports 25 and 587 until they are asked."
        return broken("mail", f"{where} gives no proper answer ({getattr(error, 'strerror', None) or error}).", cure)
