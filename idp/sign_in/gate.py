"""Whether a browser may try to sign in at all, asked before anything else: before a name is read, so that the answer is
the same whichever account is meant (rule S4).

Sign-ins to the console are never stopped, by whatever entry: no officer may lock the others out, and who signs in there
has a passkey that cannot be phished. Sessions that are open go on; only what would open or raise one is stopped, in
``web.sign_in`` and where means of sign-in are set up.
"""

from idp.blocks.service import Blocks
from idp.blocks.values import Entry
from idp.sessions.values import CONSOLE


class Gate:
    """Asks the block list."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    def stopping(self, address: str, device: str | None, surface: str) -> Entry | None:
        """Return what stops a sign-in to a surface from a whole address, by a browser with this device cookie; None if
        nothing does. Asks memory only.
        """
        return None if surface == CONSOLE else self._blocks.stopping(address, device)
