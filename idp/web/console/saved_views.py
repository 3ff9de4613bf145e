"""Saving the filters of a list under a name, opening them by a link, deleting them.

A list's views are changed by posting to the list's own address, so that what is saved is what the address says, once
more checked by the filters of that list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import request
from werkzeug.wrappers import Response

from idp.foundation.errors import UserError
from idp.staff.values import Officer
from idp.web.console.filters import address
from idp.web.shared.forms import read_form, uuid_of
from idp.web.shared.journeys import see_other
from idp.web.shared.pages import Problem
from idp.web.shared.services import services


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A saved view as the page links to it."""

    id: UUID
    name: str
    href: str
    is_current: bool


def view_links(officer: Officer, section: str, path: str, given: Mapping[str, str]) -> list[ViewLink]:
    """Return an officer's views of a list."""
    views = services().saved_views.of(officer, section)
    return [ViewLink(view.id, view.name, address(path, view.filters), view.filters == dict(given)) for view in views]


def change_views(
    officer: Officer,
    section: str,
    path: str,
    given: Mapping[str, str],
    show: Callable[[Officer, Problem], Response],
) -> Response:
    """Save the filters of this address under the name that was typed, or delete the view whose button was pressed.

    ``given`` has been accepted by the list; ``show`` shows the list with what was wrong.
    """
    form = read_form(request)
    forgotten = uuid_of(form.text("forget"))
    if forgotten is not None:
        services().saved_views.forget(officer, forgotten)
        return see_other(address(path, given))
    try:
        services().saved_views.save(officer, section, form.text("view"), given)
    except UserError as error:
        return show(officer, Problem.of(error))
    return see_other(address(path, given))
