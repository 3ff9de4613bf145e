"""Is this stream configuration, or this subject, acceptable? (SSF 1.0 §8.1.1, RFC 9493.) Pure: what a receiver sent
becomes a ``Wish``.

Members that the transmitter supplies may be sent back on an update; they must then say what we said.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.foundation.outbound_http import OutboundPolicy
from idp.registry.uris import Place, problem_of_receiver
from idp.signals.ssf.values import METHODS, POLL_METHOD, PUSH_METHOD

RECEIVER_MEMBERS: Final = ("events_requested", "delivery", "description")
# The formats of RFC 9493 §3.2 for one subject, with the members that each must have.
_SUBJECT_FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("uri",),
    "did": ("url",),
    "email": ("email",),
    "iss_sub": ("iss", "sub"),
    "jwt_id": ("iss", "jti"),
    "opaque": ("id",),
    "phone_number": ("phone_number",),
    "saml_assertion_id": ("issuer", "assertion_id"),
    "uri": ("uri",),
}
_MOST_EVENTS = 50
_LONGEST_TYPE = 300
_LONGEST_DESCRIPTION = 200
_AUTHORIZATION = re.compile(r"[\x20-\x7e]{1,2000}\Z")


class Unacceptable(ValueError):
    """The configuration cannot be taken. The text is safe to show to the receiver's developer."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the receiver decides of its stream."""

    events_requested: list[str]
    method: str = "poll"
    push_url: str | None = None
    push_authorization: str | None = field(default=None, repr=False)
    description: str | None = None


def wish_of(body: Mapping[str, Any], *, place: Place, outbound: OutboundPolicy) -> Wish:
    """Return what a receiver wants. Without a delivery it polls (SSF 1.0 §8.1.1.1). Raises Unacceptable."""
    delivery = body.get("delivery", {"method": POLL_METHOD})
    if not isinstance(delivery, Mapping) or str(delivery.get("method")) not in METHODS:
        raise Unacceptable(f"delivery.method must be {PUSH_METHOD} or {POLL_METHOD}.")
    events, description = _events(body.get("events_requested", [])), _description(body.get("description"))
    if METHODS[delivery["method"]] == "poll":
        return Wish(events, description=description)
    url = _push_url(delivery.get("endpoint_url"), place, outbound)
    return Wish(events, "push", url, _authorization(delivery.get("authorization_header")), description)


def check_supplied(body: Mapping[str, Any], configuration: Mapping[str, Any]) -> None:
    """Refuse members that are ours to decide and say something else than we do (SSF 1.0 §8.1.1.3). Raises
    Unacceptable.
    """
    for name, value in body.items():
        if name not in RECEIVER_MEMBERS and name in configuration and configuration[name] != value:
            raise Unacceptable(f"{name} is supplied by the transmitter and has another value.")


def sub_of(subject: Any, issuer: str) -> str | None:  # noqa: ANN401 - comes from a receiver
    """Return the ``sub`` that a subject names; None if it names somebody in a way that nobody is known by here. Raises
    Unacceptable.
    """
    if isinstance(subject, Mapping) and subject.get("format") == "complex":
        subject = subject.get("user")
    members = _SUBJECT_FORMATS.get(str(subject.get("format"))) if isinstance(subject, Mapping) else None
    if members is None:
        raise Unacceptable("subject must be a subject identifier with a known format (RFC 9493).")
    if not all(isinstance(subject.get(name), str) and subject[name] for name in members):
        raise Unacceptable(f"subject of this format needs {' and '.join(members)}.")
    is_ours = subject["format"] == "iss_sub" and subject["iss"] == issuer
    return str(subject["sub"]) if is_ours else None


def _events(value: Any) -> list[str]:  # noqa: ANN401 - comes from a receiver
    is_list = isinstance(value, list) and len(value) <= _MOST_EVENTS
    if not is_list or not all(isinstance(entry, str) and 0 < len(entry) <= _LONGEST_TYPE for entry in value):
        raise Unacceptable(f"events_requested must be a list of at most {_MOST_EVENTS} event types.")
    return list(dict.fromkeys(value))


def _description(value: Any) -> str | None:  # noqa: ANN401 - comes from a receiver
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_DESCRIPTION or not value.isprintable():
        raise Unacceptable(f"description must be a text of at most {_LONGEST_DESCRIPTION} characters.")
    return value


def _push_url(value: Any, place: Place, outbound: OutboundPolicy) -> str:  # noqa: ANN401 - comes from a receiver
    if not isinstance(value, str):
        raise Unacceptable("delivery.endpoint_url is missing.")
    problem = problem_of_receiver(value, place, outbound)
    if problem is not None:
        raise Unacceptable(f"delivery.endpoint_url {problem}.")
    return value


def _authorization(value: Any) -> str | None:  # noqa: ANN401 - comes from a receiver
    if value is None:
        return None
    if not isinstance(value, str) or not _AUTHORIZATION.match(value) or value != value.strip():
        raise Unacceptable("delivery.authorization_header must be the value of an HTTP header, in printable ASCII.")
    return value
