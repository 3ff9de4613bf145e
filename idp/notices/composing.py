"""From a template and its details to an e-mail in the recipient's language (RFC 5322, RFC 2045).

Nothing from data can become a header, a recipient or a template. Headers go through ``email.message``; what stands in
one is a single line without encoded words, because that library would decode them, line breaks and all. Templates are
files of ours (rule A8).
"""

import hashlib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from idp.foundation.settings import Settings
from idp.foundation.translation import Translator
from idp.notices.values import StoredNotice

_PACKAGE = Path(__file__).parent.parent
_LONGEST_SUBJECT = 150


class Composer:
    """Writes the letters of one deployment."""

    def __init__(self, settings: Settings, translator: Translator) -> None:
        self._settings = settings
        self._translator = translator
        self._host = urlsplit(settings.issuer).hostname or ""
        packaged = _PACKAGE / "templates"
        self._templates = Environment(
            loader=FileSystemLoader(packaged if packaged.is_dir() else _PACKAGE.parent / "templates"),
            # A letter (.txt) is no markup: an entity in it would be read as it stands.
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def compose(self, notice: StoredNotice, address: str) -> EmailMessage:
        """Return the letter. Its Message-ID stays the same at each attempt, so that a mailbox knows it again."""
        subject, body = self._texts(notice)
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address(_header_text(self._operator(notice.locale)), addr_spec=self._settings.mail_from)
        mail["To"] = Address(addr_spec=address)
        mail["Subject"] = subject
        mail["Date"] = notice.created_at
        mail["Message-ID"] = f"<{hashlib.sha256(notice.id.bytes).hexdigest()[:32]}@{self._host}>"
        # RFC 3834 §5: no answering machine answers it.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(body, cte="base64")
        mail["Content-Language"] = notice.locale
        return mail

    def _texts(self, notice: StoredNotice) -> tuple[str, str]:
        """Return subject and body."""
        template = self._templates.get_template(f"notices/{notice.template}.txt")
        context = template.new_context(
            {
                **notice.details,
                "_": partial(self._translator.gettext, notice.locale),
                "day": partial(self._day, notice.locale),
                "moment": partial(self._moment, notice.locale),
                "operator": self._operator(notice.locale),
                "console": self._settings.console_origin,
                "issuer": self._settings.issuer,
                "hotline": self._settings.hotline,
            }
        )
        subject = _header_text("".join(template.blocks["subject"](context)))
        return subject[:_LONGEST_SUBJECT], "".join(template.root_render_func(context)).strip() + "\n"

    def _operator(self, locale: str) -> str:
        return self._settings.operator_name_en if locale == "en" else self._settings.operator_name

    def _day(self, locale: str, text: str) -> str:
        return self._translator.date(locale, datetime.fromisoformat(text))

    def _moment(self, locale: str, text: str) -> str:
        return self._translator.moment(locale, datetime.fromisoformat(text))


def _header_text(text: str) -> str:
    """Return a text as one line that holds no encoded word (RFC 2047) and no control character."""
    line = " ".join(text.split()).replace("=?", "= ?")
    return "".join(sign for sign in line if sign.isprintable())


def details_of(**values: str | int | datetime) -> dict[str, str | int]:
    """Return details as they are stored: times as ISO 8601."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
