"""The record of a response mode (OAuth 2.0 Multiple Response Types §2.1)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ResponseMode:
    """A mode: the browser is redirected with the parameters in the query or the fragment, or shown a form that posts
    them; a signed one carries them in one JWT.
    """

    name: str
    carrier: Literal["redirect", "fragment", "form"]
    is_signed: bool = False
