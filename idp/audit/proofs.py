"""A proof for one event, to be handed to the person it is about: the leaf, its path, the checkpoint above it
(RFC 9162 §2.1.3, §2.1.4). ``clients/verify_audit_proof.py`` checks it with nothing of ours.
"""

import base64
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from idp.audit import store
from idp.audit.details import Details
from idp.audit.export import events, openings_of
from idp.audit.leaf import canonical, members_of
from idp.audit.models import AuditEvent
from idp.audit.notes import Note
from idp.audit.tree import Hash, consistency_path, inclusion_path
from idp.foundation.database import Database
from idp.foundation.translation import said

FORMAT: Final = 1


class NotProvable(Exception):
    """There is no such event, or no checkpoint is over it yet. The text says which."""


def prove(database: Database, details: Details, event_id: UUID, *, kept: Note | None = None) -> dict[str, Any]:
    """Return the proof of an event under the newest checkpoint; with ``kept``, also that this one grew out of that.

    Raises NotProvable.
    """
    with database.read() as connection:
        row = connection.execute(events().where(AuditEvent.id == event_id)).mappings().one_or_none()
        note = store.newest_checkpoint(connection)
        if row is None:
            raise NotProvable(said("there is no event %(event)s", event=event_id))
        index = row["leaf_index"]
        if note is None or index is None or index >= note.checkpoint.size:
            raise NotProvable(said("no checkpoint is over this event yet; the worker makes one every ten seconds"))
        proof = {
            "audit_proof": FORMAT,
            "leaf": canonical(members_of(dict(row))).decode(),
            "leaf_index": index,
            "inclusion": _encoded(inclusion_path(index, note.checkpoint.size, store.tiles_of(connection))),
            "checkpoint": str(note),
        }
        opening = openings_of(dict(row), details)
        if opening["salt"] is not None:
            proof["opening"] = {"network": opening["network"], "salt": opening["salt"]}
        if "openings" in opening:
            proof["openings"] = opening["openings"]
        if kept is not None:
            proof["consistency"] = _consistency(connection, kept, note)
    return proof


def _consistency(connection: Connection, kept: Note, note: Note) -> dict[str, Any]:
    if kept.checkpoint.size > note.checkpoint.size:
        raise NotProvable(f"that checkpoint is over {kept.checkpoint.size} leaves, more than the log has now")
    path = consistency_path(kept.checkpoint.size, note.checkpoint.size, store.tiles_of(connection))
    return {"checkpoint": str(kept), "path": _encoded(path)}


def _encoded(path: Sequence[Hash]) -> list[str]:
    return [base64.b64encode(one).decode() for one in path]
