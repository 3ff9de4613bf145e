"""What the registry raises. A refused registration is a value (``Refused``), not an exception.

IDPError
├── RegistryUnavailable     the cache may no longer be trusted and the database does not answer: 503
└── RegistrationUnreadable  a registration file is not TOML or JSON, or cannot be read
"""

from idp.foundation.errors import IDPError


class RegistryUnavailable(IDPError):
    """Neither the database nor a cache younger than a second could say what is registered.

    Answer 503 and let them retry.
    """


class RegistrationUnreadable(IDPError):
    """The file cannot be read as a registration. The text names the file and, where there is one, the line."""
