"""What requests prove about their sender: DPoP proofs (RFC 9449 §5 and §7) and client certificates (RFC 8705 §3).

At the token endpoint the proof decides what the new token is bound to; at a resource it must be what the presented
token is bound to, and a bound token never passes for a plain one (RFC 9449 §7.2).
"""

from dataclasses import dataclass
from datetime import timedelta

from idp.foundation.clock import Clock
from idp.foundation.errors import ProtocolError
from idp.foundation.settings import Settings
from idp.protocol.artefacts.used_jti import UsedJTIs
from idp.protocol.binding.http_uri import normalized
from idp.protocol.binding.nonces import Nonces
from idp.protocol.binding.proof import Expected, Proof, read_proof
from idp.protocol.binding.resource import PresentedToken
from idp.protocol.binding.values import UNBOUND, Binding
from idp.protocol.messages import Request
from idp.registry.client import Client

HEADER = "dpop"
_NOT_PROVED = "The client did not prove that it may use this access token."


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a request proved. Whoever acts on it spends the proof first."""

    binding: Binding
    proof: Proof | None = None


_NOTHING = Evidence(UNBOUND)


class SenderConstraints:
    """Examines proofs and certificates."""

    def __init__(self, settings: Settings, clock: Clock, nonces: Nonces, used: UsedJTIs) -> None:
        self._clock = clock
        self._nonces = nonces
        self._used = used
        self._origins = [origin for origin in (settings.issuer, settings.mtls_origin) if origin]
        self._longest_age = timedelta(seconds=settings.dpop_proof_seconds)
        self._is_nonce_required = settings.dpop_nonce_required

    def examine(self, request: Request, client: Client) -> Evidence:
        """Return what a request for tokens proves. Raises ProtocolError: invalid_dpop_proof, use_dpop_nonce,
        invalid_request.
        """
        proof = self._proof(request, client, None)
        if proof is None and client.dpop_bound_access_tokens:
            raise ProtocolError("invalid_dpop_proof", "This client must send a DPoP proof.")
        certificate = request.certificate if client.tls_client_certificate_bound_access_tokens else None
        if certificate is None and client.tls_client_certificate_bound_access_tokens:
            raise ProtocolError("invalid_request", "This client must present its TLS certificate.")
        if proof is None and certificate is None:
            return _NOTHING
        binding = Binding(proof.jkt if proof else None, certificate.thumbprint if certificate else None)
        return Evidence(binding, proof)

    def spend(self, evidence: Evidence, *, status: int = 400) -> None:
        """Spend the proof, for good whatever becomes of the request. Raises ProtocolError if it was used before."""
        proof = evidence.proof
        if proof is not None and not self._used.spend(f"dpop:{proof.jkt}", proof.jti, proof.useful_until):
            raise ProtocolError("invalid_dpop_proof", "The DPoP proof was used before.", status=status)

    def admit(self, request: Request, presented: PresentedToken, bound_to: Binding, client: Client) -> None:
        """Return if the sender of a request to a resource may use the token. Raises ProtocolError with the status 401.

        ``bound_to`` is what the token itself says.
        """
        if (presented.scheme == "DPoP") != (bound_to.jkt is not None):
            raise ProtocolError("invalid_token", _NOT_PROVED, status=401)
        proof = self._proof(request, client, presented.text) if bound_to.jkt is not None else None
        if bound_to.jkt is not None and proof is None:
            raise ProtocolError("invalid_dpop_proof", "The DPoP proof is missing.", status=401)
        certificate = request.certificate
        proved = Binding(proof.jkt if proof else None, certificate.thumbprint if certificate else None)
        if not bound_to.allows(proved):
            raise ProtocolError("invalid_token", _NOT_PROVED, status=401)
        self.spend(Evidence(proved, proof), status=401)

    def pushed_key(self, request: Request, client: Client, asked: str | None) -> str | None:
        """Return the dpop_jkt of a pushed authorization request, from its header or its parameter (RFC 9449 §10.1).
        Raises ProtocolError when the two differ.
        """
        proof = self._proof(request, client, None)
        if proof is None:
            return asked
        if asked not in {None, proof.jkt}:
            raise ProtocolError("invalid_dpop_proof", "The dpop_jkt is not the key of the DPoP proof.")
        self.spend(Evidence(Binding(proof.jkt), proof))
        return proof.jkt

    def nonce_header(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return the header with the nonce for the next proof of whoever sent one (RFC 9449 §8.2)."""
        return (("DPoP-Nonce", self._nonces.current()),) if HEADER in request.headers else ()

    def _proof(self, request: Request, client: Client, access_token: str | None) -> Proof | None:
        text = request.headers.get(HEADER)
        if text is None:
            return None
        uris = frozenset(normalized(origin + request.path) for origin in self._origins)
        expected = Expected(request.method, uris, self._clock.now(), self._longest_age, access_token)
        proof = read_proof(text, expected)
        is_required = self._is_nonce_required or client.dpop_nonce_required
        is_good = not is_required if proof.nonce is None else self._nonces.is_fresh(proof.nonce)
        if not is_good:
            status = 400 if access_token is None else 401
            raise ProtocolError("use_dpop_nonce", "The DPoP proof needs the nonce that comes with this.", status=status)
        return proof
