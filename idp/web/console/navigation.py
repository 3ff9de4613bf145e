"""The menu of the console: an officer sees the pages that their power opens, and no others."""

from dataclasses import dataclass
from typing import Final

from flask import request

from idp.foundation.translation import marked
from idp.staff.powers import Permission
from idp.staff.values import Officer


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the menu and the permission that opens it. ``also``: where else its pages stand, because no id of
    something listed may hide them.
    """

    path: str
    text: str
    permission: Permission
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MenuLink:
    """A link of the menu as it is shown."""

    href: str
    text: str
    is_current: bool


SECTIONS: Final = (
    Section("/console", marked("Overview"), Permission.SEE_OVERVIEW),
    Section("/console/accounts", marked("Accounts"), Permission.SEE_ACCOUNTS),
    Section(
        "/console/clients",
        marked("Services"),
        Permission.SEE_CLIENTS,
        also=("/console/new-client", "/console/initial-tokens"),
    ),
    Section("/console/sessions", marked("Sessions"), Permission.SEE_SESSIONS),
    Section("/console/grants", marked("Tokens and consents"), Permission.SEE_SESSIONS),
    Section("/console/events", marked("Events"), Permission.SEE_EVENTS),
    Section("/console/integrity", marked("Proof of the record"), Permission.SEE_INTEGRITY),
    Section("/console/hunts", marked("Hunts"), Permission.SEE_HUNTS),
    Section("/console/blocks", marked("Block list"), Permission.CHANGE_BLOCKS),
    Section("/console/holds", marked("Legal holds"), Permission.HOLD_ACCOUNTS),
    Section("/console/requests", marked("Requests"), Permission.APPROVE_REQUESTS),
    Section("/console/deliveries", marked("Deliveries"), Permission.SEE_DELIVERIES),
    Section("/console/messages", marked("Messages"), Permission.SEE_DELIVERIES),
    Section("/console/keys", marked("Keys"), Permission.SEE_KEYS),
    Section("/console/banners", marked("Banners"), Permission.CHANGE_BANNERS),
    Section("/console/health", marked("Health"), Permission.SEE_HEALTH),
    Section("/console/policies", marked("Policies"), Permission.SEE_POLICIES),
    Section("/console/break-glass", marked("Break-glass"), Permission.SEE_BREAK_GLASS),
    Section("/console/staff", marked("Staff"), Permission.SEE_STAFF),
)


def menu(officer: Officer) -> list[MenuLink]:
    """Return the menu for an officer."""
    shown = [section for section in SECTIONS if officer.may(section.permission)]
    here = max((one for one in shown if any(map(_is_at, (one.path, *one.also)))), key=_depth, default=None)
    return [MenuLink(one.path, one.text, one == here) for one in shown]


def _depth(section: Section) -> int:
    return len(section.path)


def _is_at(path: str) -> bool:
    return request.path == path or request.path.startswith(path + "/")
