"""Checkpoints as signed notes (C2SP signed-note and tlog-checkpoint): text that people can read, mail and keep.

The text is origin, size and root, then two extension lines, the time and the digest of the checkpoint before it
(rule A5). Signatures are Ed25519. Who signs and who verifies is passed in, because keys belong to the keyring.
"""

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Self

from idp.audit.tree import HASH

_ED25519: Final = b"\x01"
_KEY_HASH: Final = 4
_NOTE: Final = re.compile(r"(?P<text>(?:[^\n]+\n)+)\n(?P<signatures>(?:— [^ \n]+ [A-Za-z0-9+/=]+\n)+)")
_KEY: Final = re.compile(r"(?P<name>[^ +\n]+)\+(?P<hash>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/=]+)")
_MOST_DIGITS: Final = 19
# The hash of a key and a signature of 64 bytes, in base64.
_SIGNATURE_DIGITS: Final = 92
# The dash, or what is left of it when it broke off within.
_BEGINS_SIGNATURE: Final = "—\N{REPLACEMENT CHARACTER}"


Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, data) -> is it that key's signature."""


class NoteMalformed(ValueError):
    """A text is not what it should be: a note, a checkpoint, a key."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public key of a log, written ``name+hash+key`` as signed-note does."""

    name: str
    public: bytes

    @property
    def hash(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_KEY_HASH]

    def __str__(self) -> str:
        return f"{self.name}+{self.hash.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises NoteMalformed."""
        match = _KEY.fullmatch(text.strip())
        encoded = _decoded(match["key"]) if match else b""
        if match is None or len(encoded) != HASH + 1 or encoded[:1] != _ED25519:
            raise NoteMalformed("not an Ed25519 key in the form name+hash+key")
        key = cls(match["name"], encoded[1:])
        if key.hash.hex() != match["hash"]:
            raise NoteMalformed("the hash in the key is not that of the key")
        return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes
    time: datetime
    previous: bytes

    def text(self) -> str:
        time = self.time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return (
            f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
            f"time {time}\nprevious {base64.b64encode(self.previous).decode()}\n"
        )


@dataclass(frozen=True, slots=True)
class Note:
    """A signed checkpoint: ``signatures`` are (key name, key hash and signature)."""

    checkpoint: Checkpoint
    text: str
    signatures: tuple[tuple[str, bytes], ...]

    def __str__(self) -> str:
        lines = (f"— {name} {base64.b64encode(value).decode()}\n" for name, value in self.signatures)
        return f"{self.text}\n{''.join(lines)}"

    @property
    def digest(self) -> bytes:
        """What the next checkpoint calls ``previous``."""
        return sha256(self.text.encode()).digest()

    def is_signed_by(self, key: VerifierKey, verify: Verify) -> bool:
        """Tell whether one of the signatures is this key's."""
        return any(
            name == key.name
            and value[:_KEY_HASH] == key.hash
            and verify(key.public, value[_KEY_HASH:], self.text.encode())
            for name, value in self.signatures
        )


def signed(checkpoint: Checkpoint, key: VerifierKey, sign: Sign) -> Note:
    """Return the checkpoint with its signature."""
    text = checkpoint.text()
    return Note(checkpoint, text, ((key.name, key.hash + sign(text.encode())),))


def key_statement(key: VerifierKey, former: VerifierKey | None) -> bytes:
    """Return what both keys sign when one takes the place of the other."""
    return f"audit checkpoint key\n{key}\n{former or ''}\n".encode()


def parse_note(text: str) -> Note:
    """Return the one note of a text. Raises NoteMalformed."""
    match = _NOTE.fullmatch(text)
    if match is None:
        raise NoteMalformed("not a signed note")
    return _note(match)


def parse_notes(text: str) -> tuple[list[Note], int]:
    """Return the checkpoints of a file in which a witness kept them, one after the other, and how many there broke off,
    as on a disk that was full. Raises NoteMalformed for anything else.
    """
    notes, between, end = [], [], 0
    for match in _NOTE.finditer(text):
        between.append(text[end : match.start()])
        end = match.end()
        if _is_whole(match):
            notes.append(_note(match))
        else:
            between.append(match[0])
    blocks = [
        block.strip("\n") for piece in (*between, text[end:]) for block in piece.split("\n\n") if block.strip("\n")
    ]
    # The signatures stand apart from the text that they sign.
    texts = [block for block in blocks if block[0] not in _BEGINS_SIGNATURE]
    origins = {note.checkpoint.origin for note in notes}
    if len(texts) < len(blocks) / 2 or any(not _begins_one(block, origins) for block in texts):
        raise NoteMalformed("something between the checkpoints is not a signed note")
    return notes, len(texts)


def _is_whole(match: re.Match[str]) -> bool:
    """Tell whether the last signature of a note is as long as any is."""
    value = match["signatures"].rsplit(" ", 1)[1].strip()
    return len(value) >= _SIGNATURE_DIGITS


def _begins_one(block: str, origins: Collection[str]) -> bool:
    """Tell whether a text is how a checkpoint of one of these logs begins."""
    first, *more = block.split("\n", 1)
    return first in origins if more else any(origin.startswith(first) for origin in origins)


def _note(match: re.Match[str]) -> Note:
    signatures = []
    for line in match["signatures"].splitlines():
        _, name, value = line.split(" ")
        signatures.append((name, _decoded(value)))
    return Note(_checkpoint(match["text"]), match["text"], tuple(signatures))


def _checkpoint(text: str) -> Checkpoint:
    origin, size, root, *more = [*text.split("\n"), "", ""]
    extensions: Mapping[str, str] = dict(line.split(" ", 1) for line in more if " " in line)
    if not re.fullmatch(rf"0|[1-9][0-9]{{0,{_MOST_DIGITS - 1}}}", size, re.ASCII) or len(_decoded(root)) != HASH:
        raise NoteMalformed("not a checkpoint: origin, size and root must lead it")
    try:
        time = datetime.fromisoformat(extensions["time"])
    except (KeyError, ValueError):
        raise NoteMalformed("the checkpoint has no time") from None
    return Checkpoint(origin, int(size), _decoded(root), time, _decoded(extensions.get("previous", "")))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteMalformed("not base64") from None
