"""Checks the proof of one audit event, with nothing but Python's own library: ``python3 verify_audit_proof.py --help``.

For the person an event is about, and for anybody who helps them: it shares no code with the provider. The tree is that
of RFC 9162 §2.1, checkpoints are signed notes (C2SP tlog-checkpoint), signatures Ed25519 (RFC 8032 §5.1.7).
"""

import argparse
import base64
import hashlib
import hmac
import json
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
SIZE = 32
# Origin, size and root lead every checkpoint.
LEAST_LINES = 3
# The hash of a key and 64 bytes, in base64.
SIGNATURE = re.compile("— [^ \n]+ [A-Za-z0-9+/=]{92,}")
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


class Broken(Exception):
    """The proof proves nothing."""


def main() -> int:
    """Check what the command line names. Returns 0 if all of it holds, 1 if not."""
    parser = argparse.ArgumentParser(description="Check that an event is in the audit record of the identity provider.")
    parser.add_argument("proof", type=Path, help="the file you were given")
    parser.add_argument("--key", help="the record's public key (name+hash+key), as its operator publishes it")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint that you, or a witness, kept")
    arguments = parser.parse_args()
    try:
        proof = json.loads(arguments.proof.read_text(encoding="utf-8"))
        kept = arguments.checkpoint.read_text(encoding="utf-8") if arguments.checkpoint else None
        said = check(proof, arguments.key, kept)
    except json.JSONDecodeError:
        sys.stdout.write(f"NOT proven: {arguments.proof} is not a proof: it holds no JSON\n")
        return 1
    except (OSError, KeyError, TypeError, ValueError, Broken) as error:
        sys.stdout.write(f"NOT proven: {error}\n")
        return 1
    sys.stdout.write("\n".join(said) + "\n")
    return 0


def check(proof: dict[str, Any], key: str | None, kept: str | None) -> list[str]:
    """Return what was proven, in sentences. Raises Broken, or what reading nonsense raises."""
    size, root = head(proof["checkpoint"])
    leaf = proof["leaf"].encode()
    if not is_included(digest(b"\x00" + leaf), proof["leaf_index"], size, decoded(proof["inclusion"]), root):
        raise Broken("the path does not lead from this event to the checkpoint")
    event = json.loads(leaf)
    said = [f"The event is leaf {proof['leaf_index']} of {size}:", json.dumps(event, ensure_ascii=False, indent=2)]
    if "opening" in proof:
        salt, network = bytes.fromhex(proof["opening"]["salt"]), proof["opening"]["network"]
        if hmac.digest(salt, network.encode(), "sha256").hex() != event["network_commitment"]:
            raise Broken("the network beside the event is not the one that was recorded")
        said.append(f"It came from the network {network}.")
    for place, (salt, value) in sorted(proof.get("openings", {}).items()):
        if hmac.digest(bytes.fromhex(salt), value.encode(), "sha256").hex() != event["commitments"][place]:
            raise Broken(f"{place} beside the event is not the one that was recorded")
        said.append(f"{place} was {value}.")
    if key is not None:
        check_signature(proof["checkpoint"], key)
        said.append("The checkpoint is signed with the key that you named.")
    else:
        said.append("Whose checkpoint this is was not checked: name the key with --key.")
    said.append(compared(proof, kept, size, root))
    return said


def compared(proof: dict[str, Any], kept: str | None, size: int, root: bytes) -> str:
    """Return how the checkpoint stands to one that somebody else kept. Raises Broken."""
    if kept is None:
        return (
            "Whether everybody is shown the same record was not checked: name a checkpoint you kept with --checkpoint."
        )
    old_size, old_root = head(kept)
    if old_size == size and hmac.compare_digest(old_root, root):
        return "It is the checkpoint that was kept."
    link = proof.get("consistency")
    if link is None or head(link["checkpoint"]) != (old_size, old_root):
        raise Broken("the proof has no path from the checkpoint that was kept; ask for one made with --from")
    if not is_consistent(old_size, size, old_root, root, decoded(link["path"])):
        raise Broken("the record was rewritten since the checkpoint that was kept")
    return f"The record grew out of the checkpoint of {old_size} leaves that was kept; nothing before it was changed."


def head(note: str) -> tuple[int, bytes]:
    """Return size and root of a checkpoint, the last whole one if a file holds several. Raises Broken."""
    blocks = [block.strip("\n") for block in note.split("\n\n")]
    # One that broke off, as on a disk that was full, has no whole signature behind its text.
    signed = [text for text, signature in pairwise(blocks) if SIGNATURE.match(signature)]
    lines = signed[-1].split("\n") if signed else []
    if len(lines) < LEAST_LINES:
        raise Broken("there is no whole checkpoint")
    return int(lines[1]), base64.b64decode(lines[2], validate=True)


def check_signature(note: str, key: str) -> None:
    """Raise Broken unless the note is signed with the key."""
    name, key_hash, encoded = key.strip().split("+", 2)
    public = base64.b64decode(encoded, validate=True)
    if public[:1] != b"\x01" or digest(name.encode() + b"\n" + public)[:4].hex() != key_hash:
        raise Broken("the key is not an Ed25519 key of the form name+hash+key")
    text, _, signatures = note.partition("\n\n")
    for line in signatures.splitlines():
        mark, signer, value = line.split(" ")
        signature = base64.b64decode(value, validate=True)
        is_by_key = (mark, signer, signature[:4].hex()) == ("—", name, key_hash)
        if is_by_key and is_signature(public[1:], signature[4:], f"{text}\n".encode()):
            return
    raise Broken("the checkpoint is not signed with the key that you named")


# The tree (RFC 9162 §2.1.3.2, §2.1.4.2)


def is_included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """Tell whether the path leads from the leaf to the root."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for one in path:
        if last == 0:
            return False
        if place % 2 or place == last:
            found = node(one, found)
            while place and not place % 2:
                place, last = place // 2, last // 2
        else:
            found = node(found, one)
        place, last = place // 2, last // 2
    return last == 0 and hmac.compare_digest(found, root)


def is_consistent(first: int, second: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    """Tell whether the path shows the second tree to begin with the first."""
    if not 0 < first < second or not path:
        return False
    hashes = [old_root, *path] if first & (first - 1) == 0 else path
    place, last = first - 1, second - 1
    while place % 2:
        place, last = place // 2, last // 2
    old = new = hashes[0]
    for one in hashes[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            old, new = node(one, old), node(one, new)
            while place and not place % 2:
                place, last = place // 2, last // 2
        else:
            new = node(new, one)
        place, last = place // 2, last // 2
    return last == 0 and hmac.compare_digest(old, old_root) and hmac.compare_digest(new, new_root)


def node(left: bytes, right: bytes) -> bytes:
    return digest(b"\x01" + left + right)


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def decoded(path: list[str]) -> list[bytes]:
    return [base64.b64decode(one, validate=True) for one in path]


# Ed25519 (RFC 8032 §5.1), for verification only: nothing here is secret, so nothing need take constant time.


def is_signature(public: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether the data was signed by this key."""
    if len(signature) != 2 * SIZE:
        return False
    scalar = int.from_bytes(signature[SIZE:], "little")
    key, nonce = point_of(public), point_of(signature[:SIZE])
    if key is None or nonce is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:SIZE] + public + data).digest(), "little") % ORDER
    return is_same(times(scalar, BASE), added(nonce, times(challenge, key)))


def point_of(encoded: bytes) -> Point | None:
    """Return the point that 32 bytes stand for, None if they stand for none."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number % 2**255
    if len(encoded) != SIZE or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x % 2 != sign:
        x = P - x
    return x, y, 1, x * y % P


def added(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar % 2:
            result = added(result, point)
        point, scalar = added(point, point), scalar // 2
    return result


def is_same(one: Point, other: Point) -> bool:
    return not ((one[0] * other[2] - other[0] * one[2]) % P or (one[1] * other[2] - other[1] * one[2]) % P)


_BASE_Y = (4 * pow(5, -1, P) % P).to_bytes(32, "little")
BASE: Point = point_of(_BASE_Y) or (0, 1, 1, 0)


if __name__ == "__main__":
    sys.exit(main())
