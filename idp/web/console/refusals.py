"""What an officer sees where their power ends: their own menu, what is missing, and who has it; and what stands around
every other error of the console.
"""

from dataclasses import replace
from typing import Any, Final

from werkzeug.wrappers import Response

from idp.foundation.logging import get_logger
from idp.staff.powers import NAMES, PERMISSIONS
from idp.web.console.guards import PermissionMissing, officer_here
from idp.web.console.pages import console_page, frame_of
from idp.web.console.words import PERMISSION_WORDS
from idp.web.shared.journeys import current_session

_LAYOUT: Final = "layouts/console.html"
_log = get_logger(__name__)


def refused(error: PermissionMissing) -> Response:
    """Answer with the page of a missing permission."""
    return console_page(
        error.officer,
        "refused.html",
        403,
        permission=PERMISSION_WORDS[error.permission],
        permission_name=error.permission.value,
        holders=[name for power, name in NAMES.items() if power in PERMISSIONS[error.permission]],
    )


def error_frame(*, is_ours: bool) -> dict[str, Any]:
    """Return what the page of an error shows around it in the console. Nothing is looked up for a fault of ours, which
    may be the database's; nor may a look-up that fails take the page away.
    """
    bare = frame_of(None) | {"layout": _LAYOUT}
    if is_ours:
        return bare
    try:
        frame = frame_of(officer_here())
        # Where nothing is, none of the menu's pages is the present one.
        links = [replace(link, is_current=False) for link in frame.get("console_menu", ())]
        return bare | frame | {"console_menu": links, "nobody_here": current_session() is None}
    except Exception as error:  # noqa: BLE001 - the error itself must be shown all the same
        _log.warning("error_frame_failed", error_type=type(error).__name__)
        return bare
