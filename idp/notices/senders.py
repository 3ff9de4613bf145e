"""Who hands a letter over: a mail server, or in development the terminal or a folder. Chosen by ``IDP_SMTP_URL``."""

import os
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from idp.foundation.outbox import DELIVERED, Attempt
from idp.foundation.settings import Settings
from idp.notices.smtp import SMTPSender


class Sender(Protocol):
    """Hands over one letter at a time, from any thread."""

    def send(self, mail: EmailMessage) -> Attempt:
        """Hand a letter over; what went wrong is in words that name nobody."""

    def examine(self) -> Attempt:
        """Try everything but a letter. An error says what to correct."""


class ConsoleSender:
    """Prints letters on the terminal of the worker."""

    def send(self, mail: EmailMessage) -> Attempt:
        text = f"{mail['Subject']}\n\n{mail.get_content()}"
        sys.stdout.write(f"\n--- to {mail['To']}: {text}---\n")
        sys.stdout.flush()
        return DELIVERED

    def examine(self) -> Attempt:
        return DELIVERED


class FileSender:
    """Keeps letters in a folder, each a file that mail programs open; the second attempt of one replaces the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: EmailMessage) -> Attempt:
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        draft = self._folder / f".{name}.{os.getpid()}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(mail.as_bytes())
            draft.rename(self._folder / f"{name}.eml")
        except OSError as error:
            return Attempt("retry", f"the folder of IDP_SMTP_URL cannot be written: {error.strerror}")
        return DELIVERED

    def examine(self) -> Attempt:
        parent = next(one for one in (self._folder, *self._folder.parents) if one.exists())
        if os.access(parent, os.W_OK):
            return DELIVERED
        return Attempt("retry", f"the folder of IDP_SMTP_URL cannot be written: {parent} is not ours")


def sender_of(settings: Settings) -> Sender | None:
    """Return the sender that the settings choose, None if notices are not sent."""
    route = settings.mail_route
    if route is None:
        return None
    if route.kind == "smtp":
        return SMTPSender(route, settings)
    return ConsoleSender() if route.folder is None else FileSender(route.folder)
