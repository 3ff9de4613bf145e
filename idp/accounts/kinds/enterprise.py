"""An enterprise account (法人): one person's login that acts for the organizations it has memberships in.

It signs in by username only: phone and ID number lead to the citizen account of the same human.
"""

from idp.accounts.kinds.kind import CONTACT_CLAIMS, NAME_CLAIMS, PERSON_CLAIMS, Kind

KIND = Kind(
    name="enterprise",
    identifiers=frozenset({"username"}),
    required=("name", "memberships"),
    possible=frozenset({"memberships"}),
    claims=NAME_CLAIMS | CONTACT_CLAIMS | PERSON_CLAIMS | {"organization"},
)
