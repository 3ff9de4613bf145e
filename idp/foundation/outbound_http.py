"""The one client for calls that leave the house (rules 10 and P11; Back-Channel Logout, ``jwks_uri``, gateways).

Names are resolved here, every address is judged, and the connection goes to the judged address with the original name
in SNI and Host, so that a name that changes between check and use gains nothing. Proxy variables are ignored, redirects
are not followed, one deadline covers the whole call, and a body may be neither compressed nor longer than agreed.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from idp.foundation import tracing
from idp.foundation.errors import ConfigurationError, IDPError
from idp.foundation.settings import Settings
from idp.foundation.translation import said

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], list[str]]

LARGEST_BODY = 64 * 1024
_PORTS = {"https": 443, "http": 80}
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".localdomain")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
# Not private by the IANA registry, yet never a department: cloud metadata, relays, tunnels, the old site-local prefix.
_SPECIAL = tuple(
    ipaddress.ip_network(text) for text in ("168.63.129.16/32", "192.88.99.0/24", "2001::/23", "fec0::/10", "5f00::/16")
)
_METADATA = tuple(
    ipaddress.ip_network(text) for text in ("168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::/32")
)


class OutboundRefused(IDPError):
    """The call was not made: where it would have gone is not allowed. The text is safe to show."""


class OutboundFailed(IDPError):
    """The call was made and failed: no connection, no time left, a bad certificate, too much data."""


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """What came back; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class AllowEntry:
    """One ``host:port=CIDR``: this name and port may resolve into this network although it is private."""

    host: str
    port: int
    network: Network

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one entry. Raises ConfigurationError."""
        target, _, cidr = text.partition("=")
        try:
            parts = urlsplit(f"//{target.strip()}")
            host, port, network = parts.hostname, parts.port, ipaddress.ip_network(cidr.strip(), strict=False)
        except ValueError:
            host = port = None
        if host is None or port is None:
            raise ConfigurationError(f"IDP_OUTBOUND_ALLOW: {text.strip()!r} is not host:port=CIDR")
        return cls(host, port, network)


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """Which hosts and addresses may be called from this deployment. Pure."""

    environment: str
    allowed: tuple[AllowEntry, ...] = ()
    issuer_host: str = ""
    issuer_port: int = 443

    @classmethod
    def of(cls, settings: Settings) -> Self:
        entries = tuple(AllowEntry.parse(text) for text in settings.outbound_allow.split(",") if text.strip())
        issuer = urlsplit(settings.issuer)
        return cls(settings.environment, entries, issuer.hostname or "", issuer.port or _PORTS[issuer.scheme])

    def problem_of_host(self, host: str, port: int) -> str | None:
        """Return why a host may not be registered as a receiver, None if it may.

        Addresses behind names are judged at connect time.
        """
        address = _address(host)
        if address is not None:
            return self.problem_of_address(host, port, address)
        if (host, port) == (self.issuer_host, self.issuer_port) and self.environment != "development":
            return said("is this service itself")
        is_local = "." not in host or host.endswith(_LOCAL_SUFFIXES)
        if not is_local or self.is_listed(host, port) or (self.environment == "development" and host == "localhost"):
            return None
        return said("names a host of a private network")

    def problem_of_address(self, host: str, port: int, address: Address) -> str | None:
        """Return why this address of a host may not be called, None if it may."""
        kind = kind_of(address)
        if kind == "public" or (kind == "loopback" and self.environment == "development"):
            return None
        if self.environment == "production" and kind != "private":
            return said("leads to a %(kind)s address, which is never called in production", kind=kind)
        target = _unwrapped(address) or address
        if any(entry.host == host and entry.port == port and target in entry.network for entry in self.allowed):
            return None
        return said("leads to a %(kind)s address that IDP_OUTBOUND_ALLOW does not list", kind=kind)

    def is_listed(self, host: str, port: int) -> bool:
        return any(entry.host == host and entry.port == port for entry in self.allowed)


def kind_of(address: Address) -> str:
    """Return "public", or what keeps an address from being so: loopback, link-local, metadata, multicast, reserved,
    private.
    """
    inner = _unwrapped(address)
    if inner is not None:
        return kind_of(inner)
    for kind, applies in (
        ("metadata", any(address in network for network in _METADATA)),
        ("loopback", address.is_loopback),
        ("link-local", address.is_link_local),
        ("multicast", address.is_multicast),
        ("reserved", address.is_unspecified or address.is_reserved),
        ("private", not address.is_global or any(address in network for network in _SPECIAL)),
    ):
        if applies:
            return kind
    return "public"


def _unwrapped(address: Address) -> Address | None:
    """Return the IPv4 address that an IPv6 address stands for (mapped, compatible, NAT64, 6to4), None if it stands for
    itself.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None or address.sixtofour is not None:
        return address.ipv4_mapped or address.sixtofour
    is_compatible = address in _COMPATIBLE and int(address) > 1
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if is_compatible or address in _NAT64 else None


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def system_resolver(host: str, port: int) -> list[str]:
    """Return every address of a name, as the operating system knows it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class OutboundHTTP:
    """Makes guarded calls. Safe to use from several threads."""

    def __init__(self, settings: Settings, *, resolver: Resolver = system_resolver) -> None:
        self.policy = OutboundPolicy.of(settings)
        self._timeout = settings.outbound_timeout_seconds
        self._ca_file = settings.outbound_ca_file
        self._resolver = resolver
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Lock()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_seconds: float | None = None,
        limit: int = LARGEST_BODY,
    ) -> OutboundResponse:
        """Make one call.

        Raises OutboundRefused before anything is sent, OutboundFailed for whatever goes wrong after that.
        """
        deadline = _Deadline(self._timeout if timeout_seconds is None else timeout_seconds)
        target = _Target.parse(url)
        addresses = self._judged(target, deadline)
        try:
            with (
                tracing.span(method, "client", server_address=target.host, server_port=target.port) as one,
                self._connect(target, addresses, deadline) as connected,
            ):
                answer = _exchange(target, _TimedSocket(connected, deadline), method, headers or {}, body, limit)
                tracing.note_status(one, answer.status)
                return answer
        except ssl.SSLCertVerificationError as error:
            raise OutboundFailed(f"the certificate of {target.host} is not trusted: {error.verify_message}") from None
        except TimeoutError:
            raise OutboundFailed(f"{target.host} did not answer in time") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise OutboundFailed(f"the call to {target.host} failed: {type(error).__name__}") from error

    def _judged(self, target: "_Target", deadline: "_Deadline") -> list[Address]:
        """Return the addresses of the target, all of them allowed. One bad address among good ones refuses the call."""
        problem = self.policy.problem_of_host(target.host, target.port)
        if problem is not None:
            raise OutboundRefused(f"{target.host} {problem}")
        literal = _address(target.host)
        addresses = [literal] if literal is not None else self._resolve(target, deadline)
        for address in addresses:
            problem = self.policy.problem_of_address(target.host, target.port, address)
            if problem is not None:
                raise OutboundRefused(f"{target.host} {problem}")
            self._judge_scheme(target, address)
        return addresses

    def _judge_scheme(self, target: "_Target", address: Address) -> None:
        if target.scheme == "https":
            return
        is_near = kind_of(address) == "loopback" or self.policy.is_listed(target.host, target.port)
        if self.policy.environment != "development" or not is_near:
            raise OutboundRefused(f"{target.host} must be called by https")

    def _resolve(self, target: "_Target", deadline: "_Deadline") -> list[Address]:
        """Resolve in a thread of its own, because the system's resolver knows no deadline."""
        answers: list[list[str] | OSError] = []

        def look_up() -> None:
            try:
                answers.append(self._resolver(target.host, target.port))
            except (OSError, UnicodeError) as error:
                answers.append(error if isinstance(error, OSError) else OSError(str(error)))

        thread = threading.Thread(target=look_up, name="resolve", daemon=True)
        thread.start()
        thread.join(deadline.remaining())
        if not answers:
            raise OutboundFailed(f"the address of {target.host} was not found in time")
        if isinstance(answers[0], OSError) or not answers[0]:
            raise OutboundFailed(f"the address of {target.host} was not found")
        return [ipaddress.ip_address(text) for text in answers[0]]

    def _connect(self, target: "_Target", addresses: list[Address], deadline: "_Deadline") -> socket.socket:
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            try:
                plain = socket.create_connection((str(address), target.port), timeout=deadline.remaining() / left)
            except OSError:
                if left == 1:
                    raise
                continue
            try:
                self._refuse_ourselves(target, plain)
                plain.settimeout(deadline.remaining())
                return (
                    self._tls().wrap_socket(plain, server_hostname=target.host) if target.scheme == "https" else plain
                )
            except BaseException:
                plain.close()
                raise
        raise OutboundFailed(f"{target.host} has no address")

    def _refuse_ourselves(self, target: "_Target", connected: socket.socket) -> None:
        """Refuse a connection that stays on this machine: its two ends have the same address (rule P11)."""
        if connected.getsockname()[0] != connected.getpeername()[0] or self.policy.environment == "development":
            return
        if self.policy.environment == "production" or not self.policy.is_listed(target.host, target.port):
            raise OutboundRefused(f"{target.host} leads to this machine itself")

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = _tls_context(self._ca_file)
            return self._context


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise ConfigurationError(
                f"IDP_OUTBOUND_CA_FILE: {ca_file} cannot be read as certificates ({error})"
            ) from None
    return context


def _exchange(
    target: "_Target",
    connected: "_TimedSocket",
    method: str,
    headers: Mapping[str, str],
    body: bytes | None,
    limit: int,
) -> OutboundResponse:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.auto_open = 0
    connection.sock = connected  # it has all that http.client calls
    connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
    own = {"Host": target.authority, "Accept-Encoding": "identity", "Connection": "close", "User-Agent": "idp/1"}
    for name, value in (own | dict(headers)).items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    with connection.getresponse() as response:
        if response.getheader("Content-Encoding", "identity").lower() != "identity":
            raise OutboundFailed(f"{target.host} answered with a compressed body although none was asked for")
        answer = response.read(limit + 1)
        if len(answer) > limit:
            raise OutboundFailed(f"{target.host} answered with more than {limit} bytes")
        return OutboundResponse(response.status, {name.lower(): value for name, value in response.getheaders()}, answer)


@dataclass(frozen=True, slots=True)
class _Target:
    """A parsed URL."""

    scheme: str
    host: str
    port: int
    authority: str
    path: str

    @classmethod
    def parse(cls, url: str) -> Self:
        try:
            parts: SplitResult = urlsplit(url)
            port = parts.port
        except ValueError:
            raise OutboundRefused("the address is not a valid URL") from None
        if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or not url.isascii():
            raise OutboundRefused("the address must be an https URL without a user name")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.netloc, path)


class _Deadline:
    """The moment by which everything must be over."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left. Raises TimeoutError when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _TimedSocket:
    """The part of a socket that http.client uses; every step gets only what is left until the deadline."""

    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._deadline.remaining())
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - http.client asks for "rb"
        return io.BufferedReader(_TimedReader(self._socket, self._deadline))

    def close(self) -> None:
        """Close nothing: http.client would close it before it reads a body that ends with the connection."""


class _TimedReader(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        self._socket.settimeout(self._deadline.remaining())
        return self._socket.recv_into(buffer)
