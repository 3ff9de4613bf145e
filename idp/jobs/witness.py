"""Hands the checkpoints of the audit record to the witness: somebody whose copy we cannot rewrite (rule A5).

A witness that cannot be reached is complained about and never waited for: its next checkpoint stands for all before.
"""

import errno
import os
from http import HTTPStatus
from pathlib import Path
from typing import Final

from idp.audit.notes import Note
from idp.foundation.logging import get_logger
from idp.foundation.outbound_http import OutboundFailed, OutboundHTTP, OutboundRefused
from idp.wiring import Services

_BLANK_LINE: Final = b"\n\n"
_log = get_logger(__name__)


def publish(services: Services, note: Note) -> None:
    """Write a checkpoint to the witness of the settings, if there is one."""
    witness = services.settings.audit_witness
    try:
        if witness.startswith(("https://", "http://")):
            _post(services.outbound, witness, note)
        elif witness:
            _append(Path(witness), note)
    except (OSError, OutboundFailed, OutboundRefused) as error:
        _log.error("audit_witness_failed", size=note.checkpoint.size, reason=str(error))


def _append(path: Path, note: Note) -> None:
    """Write a checkpoint behind the others, after a blank line: a full disk may have cut off the last one, and the
    medium may be one that only grows.
    """
    with path.open("ab+", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - len(_BLANK_LINE), 0))
        joint = b"" if file.read() in {b"", _BLANK_LINE} else _BLANK_LINE
        data = joint + f"{note}\n".encode()
        if file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file.fileno())


def _post(outbound: OutboundHTTP, address: str, note: Note) -> None:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    response = outbound.request("POST", address, headers=headers, body=str(note).encode())
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise OutboundFailed(f"the witness answered {response.status}")
