"""A staff account (工作人员): a civil servant of one agency, known by ID number, always with a second factor.

A passkey of theirs is of a model that the deployment has listed (rule A2).
"""

from idp.accounts.kinds.kind import CONTACT_CLAIMS, NAME_CLAIMS, Kind

KIND = Kind(
    name="staff",
    identifiers=frozenset({"username"}),
    required=("name", "id_number", "agency"),
    possible=frozenset({"agency", "roles"}),
    minimum_factors=2,
    passkeys="attested",
    claims=NAME_CLAIMS | CONTACT_CLAIMS | {"ial"},
)
