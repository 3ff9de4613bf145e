"""How far the record can be proven now, for those who watch it: its newest checkpoint, and whether this says what is
true of the tree here (rule A5). Verifying every event is for ``verification``; here it is the edge of the tree alone.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from idp.audit import store
from idp.audit.events import CheckpointKeyChanged
from idp.audit.models import AuditEvent, AuditHead, is_uncommon
from idp.audit.notes import Note, VerifierKey, Verify
from idp.audit.tree import Tree
from idp.foundation.database import Database

# The newest checkpoint may still be by the key before the present one.
_KEY_CHANGES: Final = (
    select(AuditEvent.detail)
    .where(AuditEvent.action == CheckpointKeyChanged.action, is_uncommon())
    .order_by(AuditEvent.id.desc())
    .limit(2)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """``sealed`` events have a leaf; the newest checkpoint, if there is one, is over the first of them:
    ``is_signed`` by a key of the log, and ``is_of_tree``, for its root is that of the leaves here.
    """

    sealed: int
    note: Note | None = None
    key: VerifierKey | None = None
    is_signed: bool = False
    is_of_tree: bool = False


def standing_of(database: Database, verify: Verify, *, origin: str) -> Standing:
    """Return how far the record can be proven: a few statements, however long it is."""
    with database.read() as connection:
        # The checkpoint first: what is sealed after it only adds to the tiles it is over.
        note = store.newest_checkpoint(connection)
        size, public = connection.execute(select(AuditHead.size, AuditHead.public_key)).one()
        if note is None or public is None:
            return Standing(size)
        root = Tree(store.read_edge(connection, note.checkpoint.size)).root()
        changes = connection.scalars(_KEY_CHANGES).all()
    keys = [VerifierKey(origin, public), *(VerifierKey.parse(one["key"]) for one in changes)]
    is_signed = any(note.is_signed_by(key, verify) for key in keys)
    return Standing(size, note, keys[0], is_signed, root == note.checkpoint.root)
