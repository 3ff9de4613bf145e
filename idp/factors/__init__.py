"""Means of sign-in: what an account has enrolled, and whether what was typed is right.

``Factors`` in ``service.py`` is the entry. Words: an *authenticator* is one enrolled means of one account, a *factor*
is its kind; a *verifier* is what is stored of a password; a *place* is the permission to hash. Nothing here counts
tries across networks or decides which factor is needed: that is ``sign_in``. To add a factor, write its module and list
its record in ``FACTORS``.
"""

from idp.factors import passkey, password, recovery_code, totp

FACTORS = (password.FACTOR, passkey.FACTOR, passkey.ATTESTED, totp.FACTOR, recovery_code.FACTOR)
"""Every factor, in the order in which they are offered."""
