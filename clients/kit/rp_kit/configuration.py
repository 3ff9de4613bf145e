"""What a site must say about itself and its provider, checked once at start.

Four values are enough (issuer, client id, client secret or key, origin); each may come from the environment. http is
accepted on loopback hosts only, so that a development setting cannot reach production unnoticed.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rp_kit.client_key import ClientKey
from rp_kit.errors import ConfigurationError
from rp_kit.signature import SUPPORTED_ALGORITHMS

_LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_NEEDED = ("issuer", "client_id", "client_secret", "origin")
_FROM_ENVIRONMENT = ("issuer", "client_id", "client_secret", "origin", "session_file", "ca_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One site's registration as the site sees it."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)
    """Instead of a secret: a private key on P-256 (PEM), for a client registered with private_key_jwt."""
    origin: str
    """Where people reach this site: scheme, host and port. Callback and logout addresses are made from it."""
    scope: str = "openid profile"
    id_token_algorithm: str = "ES256"
    """``id_token_signed_response_alg`` of the registration; nothing else is accepted for ID and logout tokens."""
    access_token_algorithm: str = "ES256"
    session_file: str | None = None
    """SQLite file for the sign-ins of this site; None keeps them in memory, for one process only."""
    session_idle_seconds: int = 3600
    session_total_seconds: int = 43_200
    clock_skew_seconds: int = 10
    http_timeout_seconds: float = 5.0
    ca_file: str | None = None
    """A certificate authority trusted besides the system's, for a provider with a private one."""
    notice_template: str | None = None
    """A template of the site that shows ``notice.title`` and ``notice.html``; None shows the kit's own pages."""

    def __post_init__(self) -> None:
        """Raise ConfigurationError for anything that could only fail later, or fail insecurely."""
        self._require_all()
        if not _CLIENT_ID.fullmatch(self.client_id):
            raise ConfigurationError(
                "client_id may hold letters, digits, dots, hyphens, underscores and tildes only: it names cookies"
            )
        _require_secure(self.issuer, "issuer")
        _require_secure(self.origin, "origin")
        if urlsplit(self.origin).path:
            raise ConfigurationError(
                "origin must be scheme://host[:port] without a path, and without a slash at its end"
            )
        if "openid" not in self.scope.split():
            raise ConfigurationError("scope must contain openid")
        if self.ca_file:
            _require_certificates(self.ca_file)
        _require_supported(self.id_token_algorithm, "id_token_algorithm")
        _require_supported(self.access_token_algorithm, "access_token_algorithm")

    def _require_all(self) -> None:
        if self.client_key and self.client_secret:
            raise ConfigurationError("client_secret and client_key are both set; keep the one that is registered")
        if self.client_key:
            ClientKey(self.client_key)
        for name in ("issuer", "client_id", "origin") if self.client_key else _NEEDED:
            if not getattr(self, name):
                raise ConfigurationError(
                    f"{name} is not set: give it to the kit, or set {name.upper()} in the environment"
                )

    @property
    def redirect_uri(self) -> str:
        """The registered redirect URI."""
        return f"{self.origin}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        """The registered address people come back to after signing out."""
        return f"{self.origin}/"

    @property
    def is_https(self) -> bool:
        """Whether cookies can be Secure and carry the __Host- prefix."""
        return self.origin.startswith("https://")

    def cookie_name(self, purpose: str) -> str:
        """Return a name no other site of the same host uses: cookies ignore ports."""
        name = f"{self.client_id}_{purpose}"
        return f"__Host-{name}" if self.is_https else name


def configuration_from(environ: Mapping[str, str], **given: Any) -> Configuration:
    """Return the given values, and the rest from ISSUER, CLIENT_ID, CLIENT_SECRET, ORIGIN… A secret or key may also
    come from the file that CLIENT_SECRET_FILE or CLIENT_KEY_FILE names.
    """
    values = {name: value for name, value in given.items() if value is not None}
    for name in _FROM_ENVIRONMENT:
        found = environ.get(name.upper())
        if name not in values and found:
            values[name] = found
    for name in ("client_secret", "client_key"):
        file = environ.get(f"{name.upper()}_FILE")
        if name not in values and file:
            values[name] = _text_of(file, f"{name.upper()}_FILE")
    for name in _NEEDED:
        values.setdefault(name, "")
    return Configuration(**values)


def _text_of(file: str, setting: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{setting} {file} cannot be read: {error}") from None


def _require_certificates(file: str) -> None:
    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:
        raise ConfigurationError(f"ca_file {file} cannot be read as certificates: {error}") from None


def _require_supported(algorithm: str, name: str) -> None:
    if algorithm not in SUPPORTED_ALGORITHMS:
        raise ConfigurationError(f"{name} must be one of {', '.join(SUPPORTED_ALGORITHMS)}")


def _require_secure(url: str, name: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ConfigurationError(f"{name} must be an https URL without user, query or fragment")
    try:
        parts.port  # noqa: B018 - read to be checked
    except ValueError:
        raise ConfigurationError(f"{name} has no such port as a number from 0 to 65535") from None
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK_HOSTS:
        raise ConfigurationError(f"{name} must be https; http is for localhost only")
