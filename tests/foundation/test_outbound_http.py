"""Calls that leave the house: where they may go, and what a receiver can do to us (rule P11, OIDC-BCL-ssrf)."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.foundation.errors import ConfigurationError
from idp.foundation.outbound_http import AllowEntry, OutboundFailed, OutboundHTTP, OutboundRefused, kind_of
from idp.foundation.settings import Settings, load_settings
from tests.support.certificates import make_certificate
from tests.support.receiver import NAME, OK, Receiver, receive

__all__ = ["receive"]

pytestmark = pytest.mark.unit

CHUNK = b"FFFF\r\n" + b"x" * 65_535 + b"\r\n"


def settings_of(tmp_path: Path, environment: str = "sandbox", **changes: str) -> Settings:
    issuer = "http://localhost:8000" if environment == "development" else "https://id.gov.example"
    return load_settings(
        {
            "IDP_ENVIRONMENT": environment,
            "IDP_ISSUER": issuer,
            "IDP_DATABASE_URL": f"sqlite:///{tmp_path}/x.db",
            "IDP_KEYS_DIR": str(tmp_path),
            **changes,
        }
    )


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server context for NAME, and the authority file that its certificate is checked with."""
    public, private = make_certificate(tmp_path, NAME)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


def development(tmp_path: Path, **options: Any) -> OutboundHTTP:
    return OutboundHTTP(settings_of(tmp_path, "development"), **options)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("93.184.216.34", "public"),
        ("2606:2800:220:1::1", "public"),
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::127.0.0.1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("198.18.0.1", "private"),
        ("192.0.2.1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::a00:1", "private"),
        ("64:ff9b:1::a00:1", "reserved"),
        ("2002:c0a8:101::", "private"),
        ("2001:0:53aa:64c::1", "private"),
        ("fc00::1", "private"),
        ("fec0::1", "private"),
        ("169.254.169.254", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("168.63.129.16", "metadata"),
        ("100.100.100.200", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "reserved"),  # noqa: S104 - an address to judge, not to bind
        ("::", "reserved"),
        ("255.255.255.255", "reserved"),
        ("240.0.0.1", "reserved"),
    ],
)
def test_every_disguise_of_an_address_is_seen_through(address: str, kind: str):
    assert kind_of(ipaddress.ip_address(address)) == kind


@pytest.mark.parametrize("environment", ["sandbox", "production"])
@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/x",
        "https://printer.local/x",
        "https://id.gov.example/x",
        "http://93.184.216.34/x",
        "ftp://93.184.216.34/x",
        "file:///etc/passwd",
        "https://user@93.184.216.34/x",
        "https://93.184.216.34:notaport/x",
        "//93.184.216.34/x",
        "https:///x",
        "https://税务.example/x",
    ],
)
def test_forbidden_target_is_refused_before_anything_is_sent(tmp_path: Path, environment: str, url: str):
    with pytest.raises(OutboundRefused):
        OutboundHTTP(settings_of(tmp_path, environment)).request("POST", url)


def test_name_that_resolves_to_a_private_address_is_refused(tmp_path: Path):
    outbound = OutboundHTTP(settings_of(tmp_path), resolver=lambda _host, _port: ["10.0.0.5"])
    with pytest.raises(OutboundRefused, match="private address"):
        outbound.request("GET", f"https://{NAME}/")


def test_one_bad_address_among_good_ones_refuses_the_call(tmp_path: Path):
    outbound = OutboundHTTP(settings_of(tmp_path), resolver=lambda _host, _port: ["93.184.216.34", "127.0.0.1"])
    with pytest.raises(OutboundRefused, match="loopback"):
        outbound.request("GET", f"https://{NAME}/")


def test_loopback_is_never_called_in_production_even_when_listed(tmp_path: Path):
    settings = settings_of(tmp_path, "production", IDP_OUTBOUND_ALLOW=f"{NAME}:443=127.0.0.0/8")
    with pytest.raises(OutboundRefused, match="never called in production"):
        OutboundHTTP(settings, resolver=lambda _host, _port: ["127.0.0.1"]).request("GET", f"https://{NAME}/")


def test_listed_network_counts_for_its_host_and_port_only(tmp_path: Path):
    settings = settings_of(tmp_path, IDP_OUTBOUND_ALLOW=f"{NAME}:8443=10.0.0.0/8")
    policy = OutboundHTTP(settings).policy
    assert policy.problem_of_address(NAME, 8443, ipaddress.ip_address("10.1.1.1")) is None
    assert policy.problem_of_address(NAME, 8443, ipaddress.ip_address("::ffff:10.1.1.1")) is None
    assert policy.problem_of_address(NAME, 443, ipaddress.ip_address("10.1.1.1"))
    assert policy.problem_of_address("evil.example", 8443, ipaddress.ip_address("10.1.1.1"))
    assert policy.problem_of_address(NAME, 8443, ipaddress.ip_address("192.168.1.1"))


@pytest.mark.parametrize(
    "text", ["tax.gov.example=10.0.0.0/8", "tax.gov.example:443", "tax:99999=10.0.0.0/8", "tax:1=x", "[=x"]
)
def test_misspelt_allow_entry_stops_the_start(text: str):
    with pytest.raises(ConfigurationError, match="host:port=CIDR"):
        AllowEntry.parse(text)


def test_call_reaches_the_checked_address_under_the_original_name(
    tmp_path: Path, receive: Callable[..., Receiver], authority: tuple[ssl.SSLContext, Path]
):
    """A name that changes between check and use gains nothing: it is asked once."""
    receiver = receive(OK, authority[0])
    asked: list[str] = []

    def resolver(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    settings = settings_of(
        tmp_path,
        IDP_OUTBOUND_ALLOW=f"{NAME}:{receiver.port}=127.0.0.0/8",
        IDP_OUTBOUND_CA_FILE=str(authority[1]),
    )
    response = OutboundHTTP(settings, resolver=resolver).request(
        "POST", f"https://{NAME}:{receiver.port}/bcl?x=1", headers={"Content-Type": "text/plain"}, body=b"hello"
    )
    assert (response.status, response.body, response.headers["x-who"]) == (200, b"ok", "tax")
    assert asked == [NAME]
    assert receiver.names == [NAME]
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /bcl?x=1 HTTP/1.1\r\n")
    assert f"Host: {NAME}:{receiver.port}".encode() in head
    assert b"Accept-Encoding: identity" in head
    assert body == b"hello"


def test_untrusted_certificate_fails_the_call(
    tmp_path: Path, receive: Callable[..., Receiver], authority: tuple[ssl.SSLContext, Path]
):
    receiver = receive(OK, authority[0])
    settings = settings_of(tmp_path, IDP_OUTBOUND_ALLOW=f"{NAME}:{receiver.port}=127.0.0.0/8")
    with pytest.raises(OutboundFailed, match="certificate"):
        OutboundHTTP(settings, resolver=lambda _host, _port: ["127.0.0.1"]).request(
            "GET", f"https://{NAME}:{receiver.port}/"
        )
    assert receiver.requests == []


def test_certificate_of_another_name_fails_the_call(
    tmp_path: Path, receive: Callable[..., Receiver], authority: tuple[ssl.SSLContext, Path]
):
    receiver = receive(OK, authority[0])
    settings = settings_of(
        tmp_path,
        IDP_OUTBOUND_ALLOW=f"other.example:{receiver.port}=127.0.0.0/8",
        IDP_OUTBOUND_CA_FILE=str(authority[1]),
    )
    with pytest.raises(OutboundFailed, match="certificate"):
        OutboundHTTP(settings, resolver=lambda _host, _port: ["127.0.0.1"]).request(
            "GET", f"https://other.example:{receiver.port}/"
        )


def test_loopback_passes_in_development(tmp_path: Path, receive: Callable[..., Receiver]):
    receiver = receive()
    assert development(tmp_path).request("GET", f"http://localhost:{receiver.port}/").status == 200


def test_body_that_ends_with_the_connection_is_read_whole(tmp_path: Path, receive: Callable[..., Receiver]):
    receiver = receive(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000)
    assert len(development(tmp_path).request("GET", f"http://127.0.0.1:{receiver.port}/").body) == 10_000


def test_proxy_variables_are_ignored(tmp_path: Path, receive: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch):
    receiver = receive()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert development(tmp_path).request("GET", f"http://127.0.0.1:{receiver.port}/").status == 200


def test_redirect_is_an_answer_and_not_followed(tmp_path: Path, receive: Callable[..., Receiver]):
    receiver = receive(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
    assert development(tmp_path).request("GET", f"http://127.0.0.1:{receiver.port}/").status == 302
    assert len(receiver.requests) == 1


def test_receiver_that_trickles_is_given_up_at_the_deadline(tmp_path: Path, receive: Callable[..., Receiver]):
    def trickle(stream: socket.socket) -> None:
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            stream.sendall(b"x")
            time.sleep(0.05)

    receiver = receive(trickle)
    started = time.monotonic()
    with pytest.raises(OutboundFailed, match="in time"):
        development(tmp_path).request("GET", f"http://127.0.0.1:{receiver.port}/", timeout_seconds=0.4)
    assert time.monotonic() - started < 1.5


def test_slow_name_server_is_given_up_at_the_deadline(tmp_path: Path):
    def resolver(_host: str, _port: int) -> list[str]:
        time.sleep(3)
        return []

    started = time.monotonic()
    with pytest.raises(OutboundFailed, match="not found in time"):
        OutboundHTTP(settings_of(tmp_path), resolver=resolver).request("GET", f"https://{NAME}/", timeout_seconds=0.2)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + b"x" * 999_999, "more than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK * 2 + b"0\r\n\r\n", "more than"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx", "compressed"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", "failed"),
        (b"SSH-2.0-OpenSSH\r\n", "failed"),
        (b"", "failed"),
    ],
)
def test_unreasonable_answer_fails_the_call(
    tmp_path: Path, receive: Callable[..., Receiver], answer: bytes, words: str
):
    receiver = receive(answer)
    with pytest.raises(OutboundFailed, match=words):
        development(tmp_path).request("GET", f"http://127.0.0.1:{receiver.port}/")


def test_nobody_listening_fails_the_call(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(OutboundFailed, match="ConnectionRefusedError"):
        development(tmp_path).request("GET", f"http://127.0.0.1:{port}/")


def test_line_breaks_cannot_be_smuggled_into_the_request(tmp_path: Path, receive: Callable[..., Receiver]):
    receiver = receive()
    with pytest.raises((OutboundFailed, OutboundRefused)):
        development(tmp_path).request("GET", f"http://127.0.0.1:{receiver.port}/", headers={"X-A": "1\r\nX-B: 2"})
    with pytest.raises((OutboundFailed, OutboundRefused)):
        development(tmp_path).request("GET", f"http://127.0.0.1:{receiver.port}/a b")
