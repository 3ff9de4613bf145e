"""What an officer sees where their power ends: their own menu, what is missing, and who has it."""

from werkzeug.wrappers import Response

from idp.staff.powers import NAMES, PERMISSIONS
from idp.web.console.guards import PermissionMissing
from idp.web.console.pages import console_page
from idp.web.console.words import PERMISSION_WORDS


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
