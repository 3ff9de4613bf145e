"""From a template and its details to an e-mail in the recipient's language (RFC 5322, RFC 2045).

Nothing from data can become a header, a recipient or a template. Headers go through ``email.message``; what stands in
one is a single line without encoded words, because that library would decode them, line breaks and all. Templates are
files of ours (rule A8).
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from idp.foundation.settings import Settings
from idp.foundation.translation import LOCALES, Translator
from idp.notices.values import EVERY_LOCALE, StoredNotice

_PACKAGE = Path(__file__).parent.parent
_LONGEST_SUBJECT = 150
_IN_ENGLISH = "_en"
_BETWEEN = "\n" + "=" * 20 + "\n\n"


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
        locales = LOCALES if notice.locale == EVERY_LOCALE else (notice.locale,)
        texts = [self._texts(notice, locale) for locale in locales]
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address(_header_text(self._operator(locales[0])), addr_spec=self._settings.mail_from)
        mail["To"] = Address(addr_spec=address)
        mail["Subject"] = " / ".join(subject for subject, _ in texts)
        mail["Date"] = notice.created_at
        mail["Message-ID"] = f"<{hashlib.sha256(notice.id.bytes).hexdigest()[:32]}@{self._host}>"
        # RFC 3834 §5: no answering machine answers it.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(_BETWEEN.join(body for _, body in texts), cte="base64")
        mail["Content-Language"] = ", ".join(locales)
        return mail

    def _texts(self, notice: StoredNotice, locale: str) -> tuple[str, str]:
        """Return subject and body in one language."""
        template = self._templates.get_template(f"notices/{notice.template}.txt")
        context = template.new_context(
            {
                **_details_in(locale, notice.details),
                "_": partial(self._translator.gettext, locale),
                "day": partial(self._day, locale),
                "moment": partial(self._moment, locale),
                "operator": self._operator(locale),
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


def _details_in(locale: str, details: Mapping[str, str | int]) -> dict[str, str | int]:
    """Return details with those that have an English wording of their own, ``x_en``, in the reader's language."""
    english = {name.removesuffix(_IN_ENGLISH): value for name, value in details.items() if name.endswith(_IN_ENGLISH)}
    return {**details, **(english if locale == "en" else {})}


def _header_text(text: str) -> str:
    """Return a text as one line that holds no encoded word (RFC 2047) and no control character."""
    line = " ".join(text.split()).replace("=?", "= ?")
    return "".join(sign for sign in line if sign.isprintable())


def details_of(**values: str | int | datetime) -> dict[str, str | int]:
    """Return details as they are stored: times as ISO 8601."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
