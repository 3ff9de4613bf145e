"""The record of a response mode (OAuth 2.0 Multiple Response Types §2.1)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ResponseMode:
    """A mode: the browser is redirected with the parameters in the URL, or shown a form that posts them."""

    name: str
    carrier: Literal["redirect", "form"]
