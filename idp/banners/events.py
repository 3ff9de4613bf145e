"""Audit events of banners."""

from dataclasses import dataclass
from typing import ClassVar

from idp.audit.events import Changed, Facts


@dataclass(frozen=True, kw_only=True)
class Announced(Facts):
    """What a banner says, about what, and when."""

    text_zh: str
    text_en: str
    about: str
    starts: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class BannerScheduled(Changed):
    action: ClassVar[str] = "banner.scheduled"

    banner: str
    before: None = None
    after: Announced


@dataclass(frozen=True, kw_only=True)
class BannerChanged(Changed):
    action: ClassVar[str] = "banner.changed"

    banner: str
    before: Announced
    after: Announced


@dataclass(frozen=True, kw_only=True)
class BannerWithdrawn(Changed):
    action: ClassVar[str] = "banner.withdrawn"

    banner: str
    before: Announced
    after: None = None
