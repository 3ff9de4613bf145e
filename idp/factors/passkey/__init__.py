"""Passkeys: key pairs that a device keeps for this site alone (Web Authentication Level 3).

``Passkeys`` in ``service.py`` is the entry. Words: a *ceremony* is what the browser does with a device, to make a key
or to answer with one; a *challenge* is what it signs; an *attestation* is its maker's word for the device. The device
must check its holder every time (user verification), so one passkey is two factors; it answers its own site only, so it
cannot be phished.
"""

from typing import Final

from idp.factors.factor import Factor

KIND: Final = "passkey"
LONGEST_LABEL: Final = 20

# Nobody vouches for where the key is kept, so we say no more than that there is one.
FACTOR = Factor(
    kind=KIND,
    amr=("pop", "swk", "user"),
    proves=frozenset({"knowledge", "possession"}),
)
# No authenticator has this kind: it is what a passkey proves that was attested when it was enrolled.
ATTESTED = Factor(
    kind="attested_passkey",
    amr=("hwk", "pop", "user"),
    proves=frozenset({"knowledge", "possession"}),
    is_attested=True,
)
