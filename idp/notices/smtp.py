"""Handing a letter to a mail server (RFC 5321; TLS as RFC 8314 §3 and RFC 3207 have it).

Certificates are checked, and without TLS nothing is said, not even who we are, but in development to this machine. One
deadline bounds the whole conversation, also with a server that answers a byte at a time. What the server said is never
repeated: it may name the recipient.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from idp.foundation.mail_route import MailRoute
from idp.foundation.outbox import DELIVERED, Attempt
from idp.foundation.settings import Settings

_PERMANENT = 500


class SMTPSender:
    """Opens a connection for each letter: notices are few, and an idle connection is one that breaks."""

    def __init__(self, route: MailRoute, settings: Settings) -> None:
        self._route = route
        self._seconds = settings.smtp_timeout_seconds
        self._authorities = settings.outbound_ca_file
        # Else smtplib would ask the name service who we are.
        self._name = urlsplit(settings.issuer).hostname or "localhost"

    def send(self, mail: EmailMessage) -> Attempt:
        """Hand a letter over. Only a server's final word about this letter makes it hopeless."""
        sender, recipient = (mail[name].addresses[0].addr_spec for name in ("From", "To"))
        return self._attempt(lambda server: server.send_message(mail, sender, [recipient]))

    def examine(self) -> Attempt:
        """Connect, protect the connection and sign in, without a letter."""
        return self._attempt(lambda server: server.noop())

    def _attempt(self, act: Callable[[smtplib.SMTP], object]) -> Attempt:
        where = f"{self._route.host}:{self._route.port}"
        try:
            with self._conversation() as server:
                self._begin(server)
                act(server)
        except smtplib.SMTPRecipientsRefused as error:
            return _refused(where, "the recipient", next(iter(error.recipients.values()))[0])
        except smtplib.SMTPDataError as error:
            return _refused(where, "the letter", error.smtp_code)
        except (smtplib.SMTPException, OSError) as error:
            return Attempt("retry", f"{where} {_reason(error)}")
        return DELIVERED

    @contextmanager
    def _conversation(self) -> Iterator["_Conversation"]:
        server = _Conversation(self._route, self._context, self._seconds, self._name)
        try:
            yield server
            # The letter is handed over by now: how the parting goes changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        except (smtplib.SMTPException, OSError):
            if server.is_late:
                raise TimeoutError from None
            raise
        finally:
            server.close()

    def _begin(self, server: smtplib.SMTP) -> None:
        if self._route.protection == "starttls":
            # Refused by smtplib where the server does not offer it: nobody can talk us out of TLS.
            server.starttls(context=self._context)
        if self._route.user:
            server.login(self._route.user, self._route.password)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._authorities is not None:
            context.load_verify_locations(cafile=self._authorities)
        return context


class _Conversation(smtplib.SMTP):
    """A connection that is cut at its deadline, whatever it is doing then."""

    def __init__(self, route: MailRoute, context: ssl.SSLContext, seconds: float, name: str) -> None:
        self.is_late = False
        self._tls = context if route.protection == "tls" else None
        self._twin: socket.socket | None = None
        self._alarm = threading.Timer(seconds, self._cut)
        self._alarm.daemon = True
        self._alarm.start()
        try:
            # The alarm comes first, so that it is known why a step failed.
            super().__init__(route.host, route.port, local_hostname=name, timeout=seconds + 1)
        except (smtplib.SMTPException, OSError):
            self.close()
            if self.is_late:
                raise TimeoutError from None
            raise

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connect, as smtplib asks to; with TLS from the first byte where the route says so."""
        plain = socket.create_connection((host, port), timeout)
        # Wrapping takes the descriptor away from its socket; a twin still reaches the same connection.
        self._twin = plain.dup()
        if self.is_late:
            plain.close()
            raise TimeoutError
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=host)

    def _cut(self) -> None:
        self.is_late = True
        if self._twin is not None:
            with suppress(OSError):
                self._twin.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._alarm.cancel()
        super().close()
        if self._twin is not None:
            self._twin.close()


def _refused(where: str, what: str, code: int) -> Attempt:
    if code >= _PERMANENT:
        return Attempt("hopeless", f"{where} refused {what} ({code})")
    return Attempt("retry", f"{where} does not take {what} now ({code})")


def _reason(error: Exception) -> str:
    """Return what went wrong, in words that a person can act on and that hold nothing of the letter."""
    for kind, describe in _REASONS:
        if isinstance(error, kind):
            return describe(error)
    return f"cannot be reached ({getattr(error, 'strerror', None) or type(error).__name__})"


# The narrower kinds first.
_REASONS: Final[tuple[tuple[type[Exception], Callable[[Any], str]], ...]] = (
    (TimeoutError, lambda _: "did not answer in time"),
    (
        ssl.SSLCertVerificationError,
        lambda error: f"has a certificate that is not trusted: {error.verify_message}",
    ),
    (ssl.SSLError, lambda error: f"did not agree on TLS ({error.reason})"),
    (
        smtplib.SMTPAuthenticationError,
        lambda error: f"did not accept the user and password of IDP_SMTP_URL ({error.smtp_code})",
    ),
    (smtplib.SMTPSenderRefused, lambda error: f"refused the sender of IDP_SMTP_FROM ({error.smtp_code})"),
    (
        smtplib.SMTPNotSupportedError,
        lambda _: "does not offer what IDP_SMTP_URL needs: STARTTLS, or AUTH after it",
    ),
    (smtplib.SMTPResponseException, lambda error: f"is not ready ({error.smtp_code})"),
    (smtplib.SMTPServerDisconnected, lambda _: "broke off the connection"),
)
