"""Mail to staff: one-time links, by the operator's server, sent beside the request so that its time tells nothing."""

from __future__ import annotations

import logging
import smtplib
import ssl
import threading
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from web.settings import Settings

__all__ = ["beside", "can_send", "send"]

_TIMEOUT_S = 20
_log = logging.getLogger(__name__)


def can_send(settings: Settings) -> bool:
    """Tell whether mail can be sent: there is a server, and the links have an address that no request can forge."""
    return settings.smtp_url is not None and settings.public_url is not None


def send(settings: Settings, to: str, subject: str, text: str) -> None:
    """Send a mail of plain text. Raises OSError and smtplib.SMTPException where the server does not take it."""
    server = urlsplit(settings.smtp_url or "")
    host = server.hostname or ""
    message = EmailMessage()
    message["From"] = settings.mail_from or f"yizhan@{urlsplit(settings.public_url or '').hostname}"
    message["To"] = to
    message["Subject"] = subject
    message.set_content(text)
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            host, server.port or 465, timeout=_TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        connection = smtplib.SMTP(host, server.port or 587, timeout=_TIMEOUT_S)
    with connection:
        connection.ehlo()
        if server.scheme == "smtp" and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
        elif server.username and server.scheme == "smtp":
            raise smtplib.SMTPException(f"{host} offers no STARTTLS, so the password is not sent to it")
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def beside(work: Callable[[], None]) -> None:
    """Do something beside the request that asked for it; what goes wrong is logged."""

    def run() -> None:
        try:
            work()
        except Exception:
            _log.exception("work beside a request failed")

    threading.Thread(target=run, name="mail", daemon=True).start()
