"""Verifies an export line by line, trusting nobody: not the database it came from, not whoever exported it.

The hashes of the tiles make the tree, whose roots must be those of the checkpoints; every event must be the leaf that
stands in the tiles. So a checkpoint from elsewhere proves all events before it. Memory grows only with what is wrong.
Pure; who checks signatures is passed in.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from idp.audit.events import CheckpointKeyChanged
from idp.audit.leaf import MEMBERS, canonical, commitment
from idp.audit.matching import Claim, Finding, Matching
from idp.audit.notes import Note, VerifierKey, Verify, key_statement, parse_note
from idp.audit.tree import HASH, TILE, Hash, Tree, leaf_hash

_FIRST: Final = 1


@dataclass(slots=True)
class Report:
    """What a verification found. ``proven`` leaves stand under a checkpoint that did not come with the export."""

    leaves: int = 0
    left_out: int = 0
    unsealed: int = 0
    checkpoints: int = 0
    proven: int = 0
    keys: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_consistent(self) -> bool:
        return not self.findings

    @property
    def is_tail_proven(self) -> bool:
        return self.is_consistent and self.proven == self.leaves and not self.unsealed

    @property
    def is_proven(self) -> bool:
        """The whole record: an export may say by itself that it begins later, so that is not taken for granted."""
        return self.is_tail_proven and not self.left_out


class Verification:
    """Takes the lines of an export in their order, and says at the end what it found."""

    def __init__(self, verify: Verify, *, independent: Iterable[Note] = (), trusted: VerifierKey | None = None) -> None:
        self._verify = verify
        self._independent = sorted(independent, key=lambda note: note.checkpoint.size)
        self._trusted = trusted
        self._report = Report()
        self._tree = Tree()
        self._matching = Matching()
        self._first_leaf = 0
        self._keys: list[VerifierKey] = []
        self._unsigned: list[Note] = []
        self._previous = b""
        self._matched = 0
        self._is_rewritten = False
        # The tile under way, the events and the checkpoints beside it.
        self._hashes: list[Hash] = []
        self._claims: list[Claim] = []
        self._notes: list[Note] = []

    def add(self, line: Mapping[str, Any]) -> None:
        """Take one line. Raises ValueError, KeyError or TypeError for what is no line of an export."""
        if "audit_export" in line:
            self._first_leaf = int(line["first_leaf"])
        elif "tile" in line:
            self._finish_tile()
            self._hashes = _split(line["hashes"])
        elif "checkpoint" in line:
            self._notes.append(parse_note(line["checkpoint"]))
        else:
            self._add_event(line)

    def refuse(self, number: int) -> None:
        """Count a line that cannot be read as a finding."""
        self._found("unreadable", None, f"line {number} cannot be read")

    def report(self) -> Report:
        """Return what was found, after the last line."""
        self._finish_tile()
        self._report.findings += self._matching.findings()
        for note in self._unsigned:
            if not self._is_signed(note):
                self._found("checkpoint", None, f"{_named(note)} carries no signature by a key of this log")
        if self._trusted is not None and self._trusted not in self._keys:
            self._found("key", None, f"the key you trust, {self._trusted}, never belonged to this log")
        if self._independent:
            self._found("cut_off", self._tree.size, self._cut_off())
        self._report.leaves = self._tree.size
        self._report.left_out = min(self._first_leaf, self._tree.size)
        self._report.keys = [str(key) for key in self._keys]
        return self._report

    # Events

    def _add_event(self, line: Mapping[str, Any]) -> None:
        leaf = line["leaf_index"]
        name = f"event {line['id']} ({line['action']})"
        self._check_openings(line, name)
        if leaf is None:
            self._report.unsealed += 1
            return
        version = line["version"]
        # A version that this program does not know is no line it can read.
        members = {member: line[member] for member in ("version", *MEMBERS[version])}
        self._claims.append(Claim(int(leaf), leaf_hash(canonical(members)), name))
        if line["action"] == CheckpointKeyChanged.action:
            self._add_key(line["detail"], int(leaf))

    def _check_openings(self, line: Mapping[str, Any], name: str) -> None:
        """Compare the personal values beside an event with the commitments in it; erased ones are not there."""
        if line.get("is_unreadable"):
            self._found("changed", line["leaf_index"], f"what lies beside {name} are not its personal values")
        network, salt, expected = line["network"], line["salt"], line["network_commitment"]
        if network is not None and expected is not None:
            self._check_opening(line, f"the network of {name}", [salt or "", network], expected)
        commitments = line["commitments"] if line["version"] > _FIRST else {}
        for place, opening in line.get("openings", {}).items():
            self._check_opening(line, f"{place} of {name}", opening, commitments.get(place))

    def _check_opening(self, line: Mapping[str, Any], what: str, opening: Sequence[str], expected: str | None) -> None:
        salt, value = opening
        if expected is None or commitment(bytes.fromhex(salt), value).hex() != expected:
            self._found("changed", line["leaf_index"], f"{what} is not the one that was recorded")

    def _finish_tile(self) -> None:
        """Put the tile that ended into the tree, with its events and checkpoints beside it."""
        self._matching.add(self._tree.size, self._hashes, self._claims, self._first_leaf)
        self._check_roots()
        self._tree.append(self._hashes)
        self._hashes, self._claims, self._notes = [], [], []

    # Checkpoints

    def _check_roots(self) -> None:
        end = self._tree.size + len(self._hashes)
        for note in self._notes:
            self._report.checkpoints += 1
            self._check_chain(note)
            self._matched = self._compare(note, self._matched)
        while self._independent and self._independent[0].checkpoint.size <= end:
            self._report.proven = self._compare(self._independent.pop(0), self._report.proven)

    def _compare(self, note: Note, matched: int) -> int:
        """Return the size up to which checkpoints of this kind match the leaves here, ``matched`` until now."""
        start, size = self._tree.size, note.checkpoint.size
        if not self._is_signed(note):
            self._unsigned.append(note)
        is_here = start < size <= start + len(self._hashes)
        if is_here and self._tree.root(self._hashes[: size - start]) == note.checkpoint.root:
            return size
        if not self._is_rewritten:
            # Every later one is over the same rewritten leaves: one finding says it.
            self._is_rewritten = True
            what = f"something among the leaves {matched} to {size - 1} was rewritten"
            self._found("rewritten", matched, f"{_named(note)} is over other leaves: {what}")
        return matched

    def _check_chain(self, note: Note) -> None:
        if note.checkpoint.previous != self._previous:
            self._found("checkpoint", None, f"{_named(note)} does not follow the one before it here")
        self._previous = note.digest

    def _cut_off(self) -> str:
        size, last = self._tree.size, self._independent[-1]
        return f"leaves {size} to {last.checkpoint.size - 1} are cut off: {_named(last)} is over them"

    # Keys

    def _add_key(self, detail: Mapping[str, Any], leaf: int) -> None:
        key = VerifierKey.parse(detail["key"])
        former = None if detail.get("former") is None else VerifierKey.parse(detail["former"])
        statement = key_statement(key, former)
        is_vouched = not self._keys if former is None else former in self._keys
        signatures = (
            [(key, detail["signature"])]
            if former is None
            else [
                (key, detail["signature"]),
                (former, detail["former_signature"]),
            ]
        )
        if is_vouched and all(
            self._verify(one.public, bytes.fromhex(signature), statement) for one, signature in signatures
        ):
            self._keys.append(key)
        else:
            self._found(
                "key", leaf, f"leaf {leaf}: the change of the checkpoint key is not signed by the old and the new"
            )

    def _is_signed(self, note: Note) -> bool:
        return any(note.is_signed_by(key, self._verify) for key in self._keys)

    def _found(self, kind: str, leaf: int | None, text: str) -> None:
        self._report.findings.append(Finding(kind, leaf, text))


def _named(note: Note) -> str:
    return f"the checkpoint of {note.checkpoint.size} leaves of {note.checkpoint.time.isoformat()}"


def _split(text: str) -> list[Hash]:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(data) % HASH or len(data) > TILE * HASH:
        raise ValueError("not the hashes of a tile")
    return [data[start : start + HASH] for start in range(0, len(data), HASH)]
