"""Signing and verifying our own tokens by the key set of this moment.

Which key signs is the clock's matter; which keys verify is everything published. Nothing is parsed twice: headers are
made once for a key and type, and a header whose token once proved right is recognised by its text.
"""

from collections.abc import Mapping
from typing import Any

from idp.foundation.clock import Clock
from idp.foundation.errors import ConfigurationError
from idp.keyring import jws
from idp.keyring.errors import TokenInvalid
from idp.keyring.key_set import KeySet, KeySetCache, Turn, Verify
from idp.keyring.signers import Signer, SignerSource


class Tokens:
    """Signs and verifies without a lock."""

    def __init__(self, keys: KeySetCache, source: SignerSource, clock: Clock) -> None:
        self._keys = keys
        self._source = source
        self._clock = clock

    def sign(self, claims: Mapping[str, Any], typ: str, alg: str) -> str:
        turn, signer = self._turn(alg)
        head = turn.heads.get(typ)
        if head is None:
            head = turn.heads[typ] = jws.head(turn.kid, alg, typ)
        return jws.compact(head, claims, signer)

    def signer(self, alg: str) -> Signer:
        return self._turn(alg)[1]

    def verify(self, token: str, typ: str) -> dict[str, Any]:
        """Return the claims of a token of ours. Raises TokenInvalid."""
        keys = self._keys.at(self._clock.now())
        segment, signed, signature = jws.split(token)
        known = keys.known_heads.get(segment)
        verify, found = known or _verifier_of(keys, segment)
        if found != typ:
            raise TokenInvalid("the token is of another type")
        if not verify(jws.parse_signature(signature), signed):
            raise TokenInvalid("the signature is wrong")
        if known is None:
            # Only headers that we have signed are kept, so nobody else can fill this.
            keys.known_heads[segment] = (verify, found)
        return jws.parse_claims(signed)

    def problem(self, kid: str, alg: str) -> str | None:
        """Return why a key cannot sign on this node, in a sentence for the operator; None if it can."""
        try:
            return None if self._source.load(kid, alg) else _missing(kid)
        except ConfigurationError as error:
            return str(error)

    def can_sign(self, alg: str) -> bool:
        """Tell whether this node has the key whose turn it is."""
        try:
            self._turn(alg)
        except ConfigurationError:
            return False
        return True

    def _turn(self, alg: str) -> tuple[Turn, Signer]:
        turn = self._turn_now(alg)
        signer = self._source.load(turn.kid, alg)
        if signer is None:
            # It may have been revoked and destroyed since we last asked.
            self._keys.forget()
            turn = self._turn_now(alg)
            signer = self._source.load(turn.kid, alg)
        if signer is None:
            raise ConfigurationError(_missing(turn.kid))
        return turn, signer

    def _turn_now(self, alg: str) -> Turn:
        now = self._clock.now()
        return self._keys.at(now).turn(alg, now)


def _missing(kid: str) -> str:
    return (
        f"IDP_KEYS_DIR: the private key signing/{kid}.pem is missing on this node. Copy it from another node or the "
        "backup; if it is lost everywhere, run: idp key rotate --emergency"
    )


def _verifier_of(keys: KeySet, segment: bytes) -> tuple[Verify, str]:
    kid, alg, typ = jws.parse_header(segment)
    key = keys.verifiers.get(kid)
    if key is None or key[0] != alg:
        raise TokenInvalid("no published key has this id and algorithm")
    return key[1], typ
