"""The people of the bench: a deterministic list of accounts, each with a password, a network and, where asked, an
authenticator. One-time codes are the generator's own RFC 6238, and each step of an authenticator is used once.
"""

import base64
import hashlib
import hmac
import struct
import time
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from tests.bench.errors import BenchError

PASSWORD = "bench-lantern-harbour-27"
STEP_SECONDS = 30
# Public addresses, because servers rightly ignore private ones behind a proxy; one /24 network for each person. They
# only ever travel as header text.
FIRST_NETWORK = (59 << 24) | (64 << 16)


@dataclass(frozen=True, slots=True)
class Person:
    """One account and where its owner sits. `totp_secret` is base32, None when the account has no authenticator."""

    number: int
    username: str
    password: str
    totp_secret: str | None
    address: str


def address_of_network(number: int) -> str:
    """Return an address in the /24 network of that number."""
    value = FIRST_NETWORK + (number << 8) + 7
    return ".".join(str(byte) for byte in value.to_bytes(4, "big"))


def people(count: int, *, with_authenticator: bool = True) -> list[Person]:
    """Return the first `count` people; the same ones in every run."""
    return [
        Person(
            number=number,
            username=f"bench-{number:05d}",
            password=PASSWORD,
            totp_secret=totp_secret(number) if with_authenticator else None,
            address=address_of_network(number),
        )
        for number in range(count)
    ]


def totp_secret(number: int) -> str:
    """Return the base32 secret (160 bits) of that person's authenticator."""
    return base64.b32encode(hashlib.sha256(f"bench authenticator {number}".encode()).digest()[:20]).decode()


def one_time_code(secret: str, step: int) -> str:
    """Return the six digits of RFC 6238 for a time step."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), "sha1").digest()
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


class Authenticators:
    """What the authenticators of all people show, remembering which step each has spent."""

    def __init__(self) -> None:
        self._spent: dict[int, int] = {}

    def is_ready(self, person: Person) -> bool:
        """Say whether that person can give a fresh code now."""
        return person.totp_secret is None or self._spent.get(person.number, 0) < current_step()

    def code(self, person: Person) -> Generator[float, None, str]:
        """Return a code never given before, waiting for the next step where needed."""
        if person.totp_secret is None:
            raise BenchError(f"{person.username} was asked for a one-time code but has no authenticator")
        while not self.is_ready(person):
            yield next_step_at()
        step = current_step()
        self._spent[person.number] = step
        return one_time_code(person.totp_secret, step)


def next_step_at() -> float:
    """Return when the next time step begins, on the performance counter."""
    return time.perf_counter() + STEP_SECONDS - time.time() % STEP_SECONDS + 0.05


def current_step() -> int:
    """Return the time step of RFC 6238 section 4."""
    return int(time.time()) // STEP_SECONDS


class Rota:
    """People taking turns to sign in, so that no authenticator is asked twice in one step."""

    def __init__(self, waiting: Sequence[Person], authenticators: Authenticators) -> None:
        self._waiting = deque(waiting)
        self._authenticators = authenticators

    def __len__(self) -> int:
        """Return how many people take turns."""
        return len(self._waiting)

    def take(self) -> Person:
        """Return whose turn it is. Raises BenchError when everyone has spent this step's code."""
        person = self._waiting[0]
        if not self._authenticators.is_ready(person):
            raise BenchError("every account has already used its one-time code of this half minute: seed more accounts")
        self._waiting.rotate(-1)
        return person

    def everyone_ready(self) -> Generator[float, None, None]:
        """Wait until everyone can give a fresh code."""
        while not all(self._authenticators.is_ready(person) for person in self._waiting):
            yield next_step_at()
