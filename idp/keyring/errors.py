"""What can be wrong with a key or with something made by one. No message holds the value, so that none reaches a log.

IDPError
├── SealBroken          a sealed value is forged, expired, or made for another purpose or context
├── TokenInvalid        a token is not one that a published key of ours signed, or not of the wanted type
├── KeyUnknown          no such master key, signing key or algorithm
└── CiphertextBroken    an encrypted column does not belong to this column and row, or its key is gone
"""

from idp.foundation.errors import IDPError


class SealBroken(IDPError):
    """The sealed value cannot be used. Why is not told, because only an attacker would like to know."""

    def __init__(self) -> None:
        super().__init__("the sealed value is broken, expired or meant for something else")


class TokenInvalid(IDPError):
    """The token was not signed by a published key of ours, or is of another type. ``reason`` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyUnknown(IDPError):
    """No key with this id, or no key of this algorithm, can be used here."""


class CiphertextBroken(IDPError):
    """The ciphertext was changed or moved from another row or column, or its key is gone. Names the column only."""

    def __init__(self, column: str) -> None:
        super().__init__(f"a value of {column} cannot be decrypted")
        self.column = column
