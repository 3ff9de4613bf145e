"""Digests and base64url (RFC 4648 §5, unpadded, as JOSE writes it). High-entropy secrets are stored as SHA-256."""

import base64
import binascii
import hashlib


def sha256(value: str | bytes) -> bytes:
    """Return the 32-byte SHA-256 of a value; text is taken as UTF-8."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).digest()


def b64url(value: bytes) -> str:
    """Return unpadded base64url."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def unb64url(text: str) -> bytes:
    """Return the bytes of unpadded base64url. Raises ValueError for anything that is not its one canonical form."""
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url") from error
    if b64url(value) != text:
        raise ValueError("not canonical base64url")
    return value
