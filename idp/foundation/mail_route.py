"""Where e-mail is handed over, as one address says it: a mail server, or in development a folder or the terminal.

``smtps`` is TLS from the first byte, ``smtp`` is TLS by STARTTLS and nothing without it (RFC 8314 §3, RFC 3207). Pure;
the connection is made in ``notices``.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

Kind = Literal["smtp", "file", "console"]
Protection = Literal["tls", "starttls", "none"]

_PORTS: Final = {"smtps": 465, "smtp": 587}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,185}")
_FORMS: Final = "smtps://user:password@host:465, smtp://user:password@host:587, file:///FOLDER or console:"


@dataclass(frozen=True, slots=True)
class MailRoute:
    """How mail leaves: ``host`` and what follows are of a server, ``folder`` of the kind ``file``."""

    kind: Kind
    host: str = ""
    port: int = 0
    protection: Protection = "tls"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    folder: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the route of an address, None for the empty one. Raises ValueError, which never shows the address:
        there is a password in it.
        """
        if not text:
            return None
        if text == "console:":
            return cls("console")
        parts = _split(text)
        if parts.scheme == "file" and not parts.netloc and Path(unquote(parts.path)).is_absolute():
            return cls("file", folder=Path(unquote(parts.path)))
        if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"} or parts.fragment:
            raise ValueError(f"must be one of {_FORMS}")
        return cls(
            "smtp",
            host=parts.hostname,
            port=_port(parts),
            protection=_protection(parts),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    def problem(self, *, is_development: bool) -> str | None:
        """Return why mail may not leave this way here, None if it may."""
        if self.kind == "smtp" and self.protection != "none":
            return None
        if not is_development:
            return {
                "console": "console: is refused outside development: notices would be printed, and nobody gets them",
                "file": "file: is refused outside development: notices would be kept in a folder, and nobody gets them",
                "smtp": "with tls=none is refused outside development: names and password would travel in the clear",
            }[self.kind]
        if self.kind == "smtp" and self.host not in _LOOPBACK:
            return f"with tls=none is for a mail server on this machine; {self.host} is another"
        return None


def is_mail_address(text: str) -> bool:
    """Tell whether a text is one plain e-mail address (RFC 5321 §4.1.2), which no header and no command can leave."""
    return _ADDRESS.fullmatch(text) is not None


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        # Its own words would show the address.
        raise ValueError(f"must be one of {_FORMS}") from None


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise ValueError(f"has no port number where it should; write one of {_FORMS}") from None


def _protection(parts: SplitResult) -> Protection:
    try:
        options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    except ValueError:
        options = {"": [parts.query]}
    if options not in ({}, {"tls": ["none"]}) or (options and parts.scheme == "smtps"):
        raise ValueError("knows no option but tls=none, and that for smtp:// only")
    if options:
        return "none"
    return "tls" if parts.scheme == "smtps" else "starttls"
