"""The account kinds. To add one, write its file, ending in ``KIND``, and list it here."""

from typing import Final

from idp.accounts.kinds import citizen, enterprise, staff
from idp.accounts.kinds.kind import Kind

KINDS: Final[tuple[Kind, ...]] = (citizen.KIND, enterprise.KIND, staff.KIND)
KINDS_BY_NAME: Final = {kind.name: kind for kind in KINDS}
