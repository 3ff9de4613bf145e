"""A citizen (自然人): signs in as a person, by username, phone number or resident ID number, and for themselves."""

from idp.accounts.kinds.kind import CONTACT_CLAIMS, NAME_CLAIMS, PERSON_CLAIMS, Kind

KIND = Kind(
    name="citizen",
    identifiers=frozenset({"username", "phone", "id_number"}),
    required=("name",),
    claims=NAME_CLAIMS | CONTACT_CLAIMS | PERSON_CLAIMS,
)
