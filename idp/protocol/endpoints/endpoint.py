"""The record of a machine endpoint (RFC 8414 §2 names its metadata member)."""

from collections.abc import Callable
from dataclasses import dataclass

from idp.protocol.endpoints.parts import EndpointParts
from idp.protocol.messages import Answer, Request


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint: path, methods, the metadata member that names it, if one does, and the function that answers.

    One that ``takes_json`` gets the body unread.
    """

    path: str
    methods: frozenset[str]
    metadata_member: str | None
    answer: Callable[[Request, EndpointParts], Answer]
    allows_cors: bool = False
    takes_json: bool = False
