"""Every setting, typed, read from the environment with the prefix ``IDP_``; units are in the names.

A value may come from a file named by ``NAME_FILE`` (for secrets). Unknown ``IDP_`` names are refused, because a
misspelt security setting that is silently ignored is worse than a start that fails. ``docs/settings.md`` is generated
from here.
"""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from idp.foundation.errors import ConfigurationError
from idp.foundation.mail_route import MailRoute, is_mail_address

PREFIX = "IDP_"
_HEADER_NAME = r"^([A-Za-z0-9]+(-[A-Za-z0-9]+)*)?$"
_LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}
_TEN_YEARS = 10 * 365 * 86_400

Environment = Literal["development", "sandbox", "production"]


class Settings(BaseModel):
    """What a deployment decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Environment = Field(
        description="Which deployment this is; registrations and accounts made for another are refused."
    )
    issuer: str = Field(description="The issuer identifier, exactly as it stands in tokens; https outside development.")
    database_url: str = Field(
        description="sqlite:///FILE, or postgresql://… (several hosts need target_session_attrs=read-write)."
    )
    keys_dir: Path = Field(description="Folder of the master, index and signing keys, readable by the service only.")

    database_pool_size: int = Field(
        8, ge=2, le=64, description="Connections kept open by each pool of each worker process."
    )
    database_statement_seconds: float = Field(
        10, ge=1, le=120, description="How long a statement of a request may take; then it is given up (503)."
    )
    trusted_proxies: str = Field(
        "", description="Addresses or networks, comma separated, whose forwarded headers are believed."
    )
    client_certificate_header: str = Field(
        "",
        pattern=_HEADER_NAME,
        description="Header in which trusted proxies hand over a client's TLS certificate, as the urlencoded PEM of "
        "nginx's $ssl_client_escaped_cert; they must drop its spelling with underscores. Empty: mutual TLS is off.",
    )
    client_certificate_verified_header: str = Field(
        "",
        pattern=_HEADER_NAME,
        description="Header in which they say SUCCESS if it comes from a trusted authority (nginx's "
        "$ssl_client_verify); empty: tls_client_auth is not offered.",
    )
    mtls_origin: str = Field(
        "", description="Origin at which the proxy asks for client certificates, published as mtls_endpoint_aliases."
    )
    dpop_nonce_required: bool = Field(
        default=False, description="Every DPoP proof must carry a nonce of ours (RFC 9449 §8); else clients may opt in."
    )
    dpop_nonce_seconds: int = Field(
        300, ge=10, le=3600, description="A DPoP nonce is accepted for this long, and for as long again."
    )
    dpop_proof_seconds: int = Field(60, ge=10, le=300, description="Greatest age of a DPoP proof (RFC 9449 §11.1).")
    ops_bind: str = Field(
        "", description="host:port where /metrics and detailed readiness answer; empty switches them off."
    )
    audit_witness: str = Field(
        "",
        description="Where checkpoints of the audit record are written beside the database: a file to append to, on "
        "storage of others, or an https address to post to; empty: nobody keeps them for us.",
    )
    console_origin: str = Field(
        "", description="Origin of the staff console, another than the issuer's; empty: there is no console."
    )
    officer_acr: Literal["urn:idp:acr:aal2", "urn:idp:acr:aal3"] = Field(
        "urn:idp:acr:aal3",
        description="What the three separate administrators must sign in with; production takes nothing below aal3.",
    )
    mass_ending_threshold: int = Field(
        1000, ge=1, description="Sessions that one officer may end by filters in 24 hours before a second must approve."
    )
    operator_name: str = Field("示例政务数据局", description="Who runs this service, shown in the footer.")
    operator_name_en: str = Field("Example Government Data Office", description="The same in English.")
    hotline: str = Field("12345", description="The telephone number shown on every page.")

    smtp_url: str = Field(
        "",
        description="Where notices are handed over: smtps://user:password@host:465, or smtp://… which must offer "
        "STARTTLS; in development also smtp://localhost:25?tls=none, file:///FOLDER or console:. Empty: none are sent.",
    )
    smtp_from: str = Field("", description="Sender of notices; empty: no-reply@ the issuer's host.")
    smtp_timeout_seconds: float = Field(
        15, gt=0, le=20, description="Whole time in which a mail server must take a notice."
    )
    sms_url: str = Field("", description="Reserved for text messages; accepted, and not read yet: none are sent.")
    outbound_allow: str = Field(
        "", description="host:port=CIDR entries, comma separated, that outbound calls may reach although private."
    )
    outbound_ca_file: Path | None = Field(None, description="A certificate authority file added for outbound calls.")
    outbound_timeout_seconds: float = Field(5, gt=0, le=30, description="Whole time an outbound call may take.")

    code_lifetime_seconds: int = Field(
        60, ge=10, le=600, description="Authorization code (RFC 6749 §4.1.2; RFC 9700 advises short)."
    )
    pushed_request_lifetime_seconds: int = Field(
        90, ge=5, le=599, description="Pushed authorization request, until it is opened (RFC 9126 §2.2)."
    )
    pushed_requests_per_minute: int = Field(
        6000, ge=1, description="How often a client may push a request from one network, at each node (RFC 9126 §2.3)."
    )
    device_code_lifetime_seconds: int = Field(
        600, ge=60, le=1800, description="Codes of the device authorization grant (RFC 8628 §3.2)."
    )
    device_interval_seconds: int = Field(
        5, ge=1, le=60, description="How long a device waits between two polls (RFC 8628 §3.5)."
    )
    access_token_lifetime_seconds: int = Field(600, ge=60, le=3600, description="Access token for our own endpoints.")
    outside_token_lifetime_seconds: int = Field(
        300, ge=60, le=300, description="Access token for another audience, which cannot ask us."
    )
    id_token_lifetime_seconds: int = Field(600, ge=60, le=3600, description="ID token.")
    refresh_idle_seconds: int = Field(
        14 * 86_400, ge=300, le=_TEN_YEARS, description="Refresh token: unused for this long, it ends."
    )
    refresh_total_seconds: int = Field(
        90 * 86_400, ge=300, le=_TEN_YEARS, description="Refresh token family: ends after this long in any case."
    )
    refresh_grace_seconds: int = Field(
        10, ge=0, le=60, description="An honest retry of a refresh gets the same successor for this long."
    )
    logout_token_lifetime_seconds: int = Field(
        120, ge=30, le=120, description="Logout token (Back-Channel Logout §2.4)."
    )
    interaction_lifetime_seconds: int = Field(
        3600, ge=300, le=_TEN_YEARS, description="An authorization request on its way through sign-in and consent."
    )
    attempt_lifetime_seconds: int = Field(
        600, ge=60, le=_TEN_YEARS, description="A sign-in under way, from its first verified factor."
    )
    session_idle_seconds: int = Field(
        3600, ge=60, le=_TEN_YEARS, description="Citizen and enterprise session without use."
    )
    session_total_seconds: int = Field(
        43_200, ge=300, le=_TEN_YEARS, description="Citizen and enterprise session in all."
    )
    staff_session_idle_seconds: int = Field(900, ge=60, le=_TEN_YEARS, description="Staff session without use.")
    staff_session_total_seconds: int = Field(28_800, ge=300, le=_TEN_YEARS, description="Staff session in all.")
    remembered_browser_seconds: int = Field(
        30 * 86_400, ge=0, le=_TEN_YEARS, description="How long a browser spares its owner the second factor."
    )
    consent_lifetime_seconds: int = Field(
        365 * 86_400, ge=86_400, le=_TEN_YEARS, description="After this long consent is asked for again."
    )
    aal2_idle_seconds: int = Field(
        3600, ge=60, le=_TEN_YEARS, description="After this long without use, a second factor no longer counts."
    )
    aal2_total_seconds: int = Field(
        43_200, ge=300, le=_TEN_YEARS, description="After this long, a second factor no longer counts."
    )
    jwks_max_age_seconds: int = Field(300, ge=60, le=3600, description="How long departments may cache the key set.")
    pending_key_seconds: int = Field(
        86_400, ge=0, le=_TEN_YEARS, description="How long a new signing key is published before it signs."
    )
    key_rotation_days: int = Field(90, ge=1, le=3650, description="Age at which a signing key is replaced.")
    retained_key_days: int = Field(
        400, ge=1, le=3650, description="How long a retired public key stays published, for old id_token_hints."
    )

    password_memory_kib: int = Field(
        19_456, ge=8192, le=65_536, description="Argon2id memory (RFC 9106; OWASP's second option)."
    )
    password_iterations: int = Field(2, ge=1, le=4, description="Argon2id passes.")
    password_slots: int = Field(0, ge=0, le=64, description="Password hashes at once in a process; 0: one a core.")
    password_queue_seconds: float = Field(
        2, gt=0, le=10, description="Longest estimated wait for a hash before 503 is answered."
    )
    throttle_slow_after: int = Field(3, ge=1, description="Wrong passwords from one place before it must wait.")
    throttle_lock_after: int = Field(
        10, ge=2, description="Wrong passwords from one place before it is locked out for a while."
    )
    throttle_lock_seconds: int = Field(900, ge=1, le=_TEN_YEARS, description="How long that lock lasts.")
    throttle_network_after: int = Field(
        100, ge=5, description="Wrong passwords from one network, over all accounts, before it must wait."
    )
    throttle_account_after: int = Field(
        100, ge=10, description="Wrong passwords in a row before unknown devices may not try (NIST 800-63B §3.2.2)."
    )
    attestation_roots: str = Field(
        "",
        description="Certificates (PEM, best by _FILE) of makers whose security keys staff may enrol; empty: none.",
    )
    attestation_aaguids: str = Field(
        "", description="The models of theirs that are accepted, as AAGUIDs, comma separated."
    )
    legacy_profile_allowed: bool = Field(
        default=False, description="Production admits registrations of the profile legacy-oidc."
    )

    software_statement_issuers: Path | None = Field(
        None, description="A JSON file of trusted publishers of software and their keys (RFC 7591 §2.3)."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _value_is_text(cls, value: object) -> object:
        # The environment holds bytes; those that are no UTF-8 would fail only where they are written.
        if isinstance(value, str):
            value.encode()
        return value

    @field_validator("issuer")
    @classmethod
    def _issuer_is_an_origin(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if (
            parts.scheme not in {"https", "http"}
            or not parts.hostname
            or parts.port == 0
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ValueError("must be an https URL without query, fragment or user (OpenID Connect Discovery §3)")
        if parts.path not in {"", "/"} or issuer.endswith("/"):
            raise ValueError("must be an origin without a path and without a slash at its end")
        return issuer

    @field_validator("mtls_origin")
    @classmethod
    def _mtls_origin_is_an_origin(cls, origin: str) -> str:
        parts = urlsplit(origin)
        if origin and (parts.scheme != "https" or not parts.hostname or f"https://{parts.netloc}" != origin):
            raise ValueError("must be an https origin without a path and without a slash at its end")
        return origin

    @field_validator("console_origin")
    @classmethod
    def _console_origin_is_an_origin(cls, origin: str) -> str:
        parts = urlsplit(origin)
        if origin and (not parts.hostname or f"{parts.scheme}://{parts.netloc}" != origin):
            raise ValueError("must be an origin: scheme and host, without a path and without a slash at its end")
        return origin

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, text: str) -> str:
        for entry in _entries(text):
            ipaddress.ip_network(entry, strict=False)
        return text

    @field_validator("ops_bind")
    @classmethod
    def _ops_bind_has_a_port(cls, text: str) -> str:
        port = text.rpartition(":")[2]
        if text and not (port.isdecimal() and port.isascii() and int(port) < 2**16):
            raise ValueError("must be HOST:PORT, such as 127.0.0.1:9090")
        return text

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url_is_understood(cls, text: str) -> str:
        MailRoute.parse(text)
        return text

    @field_validator("attestation_aaguids")
    @classmethod
    def _aaguids_are_uuids(cls, text: str) -> str:
        for entry in _entries(text):
            UUID(entry)
        return text

    @model_validator(mode="after")
    def _environment_fits(self) -> Self:
        host = urlsplit(self.issuer).hostname or ""
        if self.environment == "development":
            if host not in _LOOPBACK_HOSTS:
                raise ValueError(
                    "IDP_ENVIRONMENT=development needs an issuer on localhost; this one would be reachable by others"
                )
        elif not self.is_https:
            raise ValueError(f"IDP_ENVIRONMENT={self.environment} needs an https issuer")
        return self

    @model_validator(mode="after")
    def _console_is_apart(self) -> Self:
        if self.environment == "production" and self.officer_acr != "urn:idp:acr:aal3":
            raise ValueError("IDP_OFFICER_ACR below urn:idp:acr:aal3 is refused in production: officers need passkeys")
        if self.console_origin and self.console_origin == self.issuer:
            raise ValueError("IDP_CONSOLE_ORIGIN must not be the issuer: the console has an origin of its own")
        if self.console_origin and not self.is_development and not self.console_origin.startswith("https://"):
            raise ValueError("IDP_CONSOLE_ORIGIN must begin with https://")
        host, above = urlsplit(self.console_origin).hostname or "", urlsplit(self.issuer).hostname or ""
        if self.console_origin and host != above and not host.endswith(f".{above}"):
            raise ValueError(
                f"IDP_CONSOLE_ORIGIN must be on {above} or below it, or no passkey of the officers works there"
            )
        return self

    @model_validator(mode="after")
    def _mail_is_protected(self) -> Self:
        route = self.mail_route
        problem = None if route is None else route.problem(is_development=self.is_development)
        if problem:
            raise ValueError(f"IDP_SMTP_URL {problem}")
        if self.smtp_from and not is_mail_address(self.smtp_from):
            raise ValueError("IDP_SMTP_FROM must be one e-mail address, such as no-reply@id.example.gov.cn")
        return self

    @model_validator(mode="after")
    def _certificates_come_from_somewhere(self) -> Self:
        if self.client_certificate_header and not self.trusted_proxies:
            raise ValueError("IDP_CLIENT_CERTIFICATE_HEADER needs IDP_TRUSTED_PROXIES: nobody else is believed")
        if (self.client_certificate_verified_header or self.mtls_origin) and not self.client_certificate_header:
            raise ValueError(
                "IDP_CLIENT_CERTIFICATE_VERIFIED_HEADER and IDP_MTLS_ORIGIN need IDP_CLIENT_CERTIFICATE_HEADER"
            )
        return self

    @property
    def is_https(self) -> bool:
        return self.issuer.startswith("https://")

    @property
    def is_development(self) -> bool:
        return self.environment == "development"

    @property
    def mail_route(self) -> MailRoute | None:
        return MailRoute.parse(self.smtp_url)

    @property
    def mail_from(self) -> str:
        return self.smtp_from or f"no-reply@{urlsplit(self.issuer).hostname}"

    @property
    def attestation_models(self) -> frozenset[UUID]:
        return frozenset(map(UUID, _entries(self.attestation_aaguids)))

    @property
    def proxy_networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        return tuple(ipaddress.ip_network(entry, strict=False) for entry in _entries(self.trusted_proxies))


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from an environment. Raises ConfigurationError naming all that is wrong at once."""
    values = _with_files({name: value for name, value in environ.items() if name.startswith(PREFIX)})
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ConfigurationError(f"Unknown settings: {', '.join(unknown)}. See docs/settings.md for the names.")
    arguments: dict[str, Any] = {name.removeprefix(PREFIX).lower(): value for name, value in values.items()}
    required = ("environment", "issuer", "database_url", "keys_dir")
    missing = [PREFIX + name.upper() for name in required if not arguments.get(name)]
    if missing:
        raise ConfigurationError(
            f"Missing settings: {', '.join(missing)}. There are no defaults for what only a deployment can know."
        )
    try:
        return Settings(**arguments)
    except ValidationError as error:
        raise ConfigurationError(_in_words(error)) from None


def _with_files(values: dict[str, str]) -> dict[str, str]:
    resolved = {
        name: value for name, value in values.items() if not name.endswith("_FILE") or name == "IDP_OUTBOUND_CA_FILE"
    }
    for name in values.keys() - resolved.keys():
        target = name.removesuffix("_FILE")
        if target in values:
            raise ConfigurationError(f"{target} and {name} are both set; keep one.")
        try:
            resolved[target] = Path(values[name]).read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            raise ConfigurationError(f"{name}: cannot read {values[name]}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"{name}: {values[name]} is not text in UTF-8") from None
    return resolved


def _in_words(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = PREFIX + str(problem["loc"][0]).upper() + ": " if problem["loc"] else ""
        lines.append(f"{name}{problem['msg'].removeprefix('Value error, ')}.")
    return " ".join(lines)


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]
