"""What an account kind decides. A kind is a file here that ends in its ``KIND`` and a line in ``KINDS``."""

from dataclasses import dataclass
from typing import Final, Literal

from idp.accounts.identifiers import IdentifierKind

NAME_CLAIMS: Final = frozenset({"name", "family_name", "given_name", "preferred_username", "locale", "updated_at"})
CONTACT_CLAIMS: Final = frozenset({"phone_number", "phone_number_verified", "email", "email_verified"})
PERSON_CLAIMS: Final = frozenset({"birthdate", "gender", "id_number", "address", "ial"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """An account kind.

    ``identifiers`` are accepted at sign-in. ``required`` names fields of a new account that must be given, ``possible``
    those of the kind-specific ones (memberships, roles, agency) that may be. ``minimum_factors`` is how many a sign-in
    always needs, ``passkeys`` which it may enrol, ``claims`` what may be told of such an account.
    """

    name: str
    identifiers: frozenset[IdentifierKind]
    required: tuple[str, ...]
    possible: frozenset[str] = frozenset()
    minimum_factors: Literal[1, 2] = 1
    passkeys: Literal["any", "attested"] = "any"
    claims: frozenset[str]
