"""Every key of the provider, and everything that is done with one: signing, sealing, column encryption, blind indexes.

``Keyring`` in ``service.py`` is the one door. Signing keys live through pending, active, retained and revoked in the
table ``signing_key``; private keys, master keys and the index key are files in ``IDP_KEYS_DIR`` and never stored with
the database (rule P7). Words: a *master key* is what purpose keys are derived from and what wraps private keys; a
*signer* signs for one key and may be a file or, beside it, a hardware module.
"""
