"""The two ceremonies, by py_webauthn: what the browser is asked, and whether its answer is right (Web Authentication
Level 3 §7.1 and §7.2).

Added to the library's checks: the answer comes from no frame of another site, a new key is of an algorithm and size of
ours, and its attestation is one that we read. The challenge and the counter are the caller's. The library is imported
nowhere else. Pure.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import orjson
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography, parse_attestation_object
from webauthn.helpers.cose import COSECRV, COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedEC2PublicKey, DecodedRSAPublicKey
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from idp.factors.passkey.attestation import AttestationPolicy, forget_openssl_errors
from idp.factors.passkey.challenges import LIFETIME
from idp.factors.passkey.values import NewPasskey, PasskeyRefused, RelyingParty, Use
from idp.foundation.digests import unb64url

T = TypeVar("T")

ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
"""ES256, EdDSA and RS256, as they are preferred."""

LONGEST_CREDENTIAL_ID: Final = 1023
_RSA_BYTES: Final = range(256, 513)
_TRANSPORTS: Final = frozenset(transport.value for transport in AuthenticatorTransport)
_TIMEOUT_MILLISECONDS: Final = int(LIFETIME.total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser sent, taken apart as far as is needed to know what it answers. Nothing of it is verified yet."""

    credential: dict[str, Any]
    challenge: bytes
    credential_id: bytes
    user_handle: bytes | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose key is to be made: a handle that means nothing elsewhere, and the name that the device shows."""

    handle: bytes
    name: str


def creation_options(
    party: RelyingParty,
    challenge: bytes,
    holder: Holder,
    known: Iterable[tuple[bytes, Iterable[str]]],
    *,
    needs_attestation: bool,
) -> str:
    """Return, as JSON, the question for a new key on a device that has none of the ``known`` ones."""
    conveyance = AttestationConveyancePreference
    return options_to_json(
        generate_registration_options(
            rp_id=party.id,
            rp_name=party.name,
            user_id=holder.handle,
            user_name=holder.name,
            challenge=challenge,
            timeout=_TIMEOUT_MILLISECONDS,
            attestation=conveyance.DIRECT if needs_attestation else conveyance.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=one, transports=[AuthenticatorTransport(name) for name in transports])
                for one, transports in known
            ],
            supported_pub_key_algs=ALGORITHMS,
        )
    )


def request_options(party: RelyingParty, challenge: bytes) -> str:
    """Return, as JSON, the question for any key of this site. It names none, so it tells nothing (rule S4)."""
    return options_to_json(
        generate_authentication_options(
            rp_id=party.id,
            challenge=challenge,
            timeout=_TIMEOUT_MILLISECONDS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def read(text: str) -> Answer | None:
    """Take apart what a browser sent; None if it is no answer of ``navigator.credentials``, or came from a frame."""
    try:
        credential = orjson.loads(text)
        response = credential["response"]
        client_data = orjson.loads(unb64url(response["clientDataJSON"]))
        if client_data.get("crossOrigin"):
            return None
        handle = response.get("userHandle")
        return Answer(
            credential,
            unb64url(client_data["challenge"]),
            unb64url(credential["rawId"]),
            None if handle is None else unb64url(handle),
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def register(party: RelyingParty, answer: Answer, policy: AttestationPolicy) -> NewPasskey | PasskeyRefused:
    """Verify a new key. One that nobody vouches for is returned too, and says so."""
    return _judged(lambda: _registered(party, answer, policy))


def verify(party: RelyingParty, answer: Answer, public_key: bytes) -> Use | PasskeyRefused:
    """Verify an answer with the public key of its credential."""
    return _judged(lambda: _used(party, answer, public_key))


def _judged(judge: Callable[[], T]) -> T | PasskeyRefused:
    try:
        return judge()
    except Exception:  # noqa: BLE001 - the libraries take apart hostile bytes; whatever breaks there is a refusal
        forget_openssl_errors()
        return PasskeyRefused("wrong")


def _registered(party: RelyingParty, answer: Answer, policy: AttestationPolicy) -> NewPasskey:
    attestation = parse_attestation_object(unb64url(answer.credential["response"]["attestationObject"]))
    if attestation.fmt not in {AttestationFormat.NONE, AttestationFormat.PACKED}:
        raise ValueError(attestation.fmt)
    certificates = attestation.att_stmt.x5c or []
    is_attested = bool(certificates) and policy.accepts(certificates[0], _aaguid_of(attestation))
    verified = verify_registration_response(
        credential=answer.credential,
        expected_challenge=answer.challenge,
        expected_rp_id=party.id,
        expected_origin=party.origin,
        require_user_verification=True,
        supported_pub_key_algs=ALGORITHMS,
        # Whom we do not trust vouches for nothing, but their users may still come.
        pem_root_certs_bytes_by_fmt={AttestationFormat.PACKED: list(policy.roots)} if is_attested else None,
    )
    _check_key(verified.credential_public_key)
    if len(verified.credential_id) > LONGEST_CREDENTIAL_ID or verified.credential_id != answer.credential_id:
        raise ValueError("credential id")
    is_backup_eligible = verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return NewPasskey(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        UUID(verified.aaguid),
        _transports_of(answer),
        is_attested=is_attested and not is_backup_eligible,
        is_backup_eligible=is_backup_eligible,
        is_backed_up=verified.credential_backed_up,
    )


def _used(party: RelyingParty, answer: Answer, public_key: bytes) -> Use:
    verified = verify_authentication_response(
        credential=answer.credential,
        expected_challenge=answer.challenge,
        expected_rp_id=party.id,
        expected_origin=party.origins,
        credential_public_key=public_key,
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    return Use(
        verified.new_sign_count,
        verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        verified.credential_backed_up,
    )


def _aaguid_of(attestation: Any) -> UUID:  # noqa: ANN401 - the library's structure, whose parts are optional
    return UUID(bytes=attestation.auth_data.attested_credential_data.aaguid)


def _check_key(public_key: bytes) -> None:
    """Raise ValueError for a key that could not be used, or is too weak or too long to be."""
    decoded = decode_credential_public_key(public_key)
    if isinstance(decoded, DecodedEC2PublicKey) and decoded.crv != COSECRV.P256:
        raise ValueError("curve")
    if isinstance(decoded, DecodedRSAPublicKey) and len(decoded.n) not in _RSA_BYTES:
        raise ValueError("size")
    decoded_public_key_to_cryptography(decoded)


def _transports_of(answer: Answer) -> tuple[str, ...]:
    told = answer.credential["response"].get("transports")
    names = told if isinstance(told, list) else []
    return tuple(sorted(_TRANSPORTS.intersection(name for name in names if isinstance(name, str))))
