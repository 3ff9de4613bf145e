"""The error tree. Whatever is not one of these is a bug, and answers 500 with a reference number.

IDPError
├── ConfigurationError   the deployment is set up wrongly; the text is for its operator
├── UserError            a person or a command can correct this; the text is translatable
└── ProtocolError        an OAuth error (RFC 6749 §5.2 and §4.1.2.1); defined here so that every layer can raise it
"""

from typing import ClassVar


class IDPError(Exception):
    """Root of every error this product raises on purpose."""


class ConfigurationError(IDPError):
    """The deployment cannot run like this. The message says what to set, and to what."""


class UserError(IDPError):
    """Something the person can correct.

    ``message`` is a translatable English sentence whose ``%(name)s`` places are filled from ``values``; ``field`` names
    the input it belongs to, if any. Never holds a secret or a personal value.
    """

    def __init__(self, message: str, *, field: str | None = None, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.field = field
        self.values = values


class ProtocolError(IDPError):
    """An OAuth or OpenID Connect error answer.

    ``error`` is the registered code, ``description`` is safe to show to the developer of the client (RFC 6749 limits it
    to printable ASCII without quotes), ``detail`` goes to the log only.
    """

    status: ClassVar[int] = 400

    def __init__(self, error: str, description: str, *, status: int | None = None, detail: str | None = None) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.http_status = status or self.status
        self.detail = detail
