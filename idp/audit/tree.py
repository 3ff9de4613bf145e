"""The Merkle tree of RFC 9162 §2.1 over SHA-256: leaf and node hashes, roots, and the proofs that a leaf is in a tree
and that a tree grew out of another.

Pure. A tree is kept as tiles (C2SP tlog-tiles): tile ``(level, index)`` holds up to 256 hashes, each the root of
256^level leaves, so that appending and proving touch a handful of rows, whatever the size.
"""

import hmac
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

HASH = 32
TILE = 256
EMPTY_ROOT = sha256(b"").digest()

Hash = bytes
Tiles = Callable[[int, int], Sequence[Hash]]
"""Return the hashes of tile (level, index)."""


def leaf_hash(data: bytes) -> Hash:
    """Return the hash of a leaf (§2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Return the hash of an inner node (§2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[Hash]) -> Hash:
    """Return the root of a tree whose leaf hashes these are (§2.1.1). Works up level by level."""
    level = list(hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        paired = [node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
        # The last of an odd number rises as it is, which is what splitting at the largest power of two comes to.
        level = paired + level[len(paired) * 2 :]
    return level[0]


class Tree:
    """A growing tree, of which only the unfinished tile of each level is kept."""

    def __init__(self, edge: Sequence[Sequence[Hash]] = ()) -> None:
        self._edge = [list(hashes) for hashes in edge]
        self.size = sum(len(hashes) * TILE**level for level, hashes in enumerate(self._edge))

    def append(self, hashes: Sequence[Hash]) -> dict[tuple[int, int], list[Hash]]:
        """Add leaf hashes. Returns the tiles that changed, each whole."""
        changed: dict[tuple[int, int], list[Hash]] = {}
        for one in hashes:
            self._add(0, one, changed)
            self.size += 1
        for level, tile in enumerate(self._edge):
            if tile:
                changed[level, self.size // TILE ** (level + 1)] = list(tile)
        return changed

    def _add(self, level: int, one: Hash, changed: dict[tuple[int, int], list[Hash]]) -> None:
        if level == len(self._edge):
            self._edge.append([])
        tile = self._edge[level]
        tile.append(one)
        if len(tile) == TILE:
            changed[level, self.size // TILE ** (level + 1)] = tile
            self._edge[level] = []
            self._add(level + 1, root_of(tile), changed)

    def root(self, more: Sequence[Hash] = ()) -> Hash:
        """Return the root; with ``more``, as if these leaf hashes, which must fit the unfinished tile, were added."""
        carried: list[Hash] = list(more)
        for tile in self._edge:
            row = tile + carried
            carried = [root_of(row)] if row else []
        return carried[0] if len(carried) == 1 else root_of(carried)


def edge_tiles(size: int) -> Iterator[tuple[int, int]]:
    """Yield the address of the unfinished tile of each level, up to the highest level that has any hash."""
    level = 0
    while size >> (8 * level):
        yield level, size >> (8 * (level + 1))
        level += 1


def edge_at(size: int, tiles: Tiles) -> list[list[Hash]]:
    """Return the unfinished tiles of a tree of this size, read from one that may have grown since."""
    edge = []
    for level, index in edge_tiles(size):
        width = (size >> (8 * level)) % TILE
        edge.append(list(tiles(level, index)[:width]) if width else [])
    return edge


def inclusion_path(index: int, size: int, tiles: Tiles) -> list[Hash]:
    """Return the path that proves leaf ``index`` in the tree of ``size`` leaves (§2.1.3.1)."""
    return _path(index, 0, size, tiles)


def _path(index: int, start: int, end: int, tiles: Tiles) -> list[Hash]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, tiles), _range_root(middle, end, tiles)]
    return [*_path(index, middle, end, tiles), _range_root(start, middle, tiles)]


def consistency_path(first: int, second: int, tiles: Tiles) -> list[Hash]:
    """Return the path that proves that the tree of ``second`` leaves begins with that of ``first`` (§2.1.4.1)."""
    return _subproof(first, 0, second, tiles, is_whole=True) if 0 < first < second else []


def _subproof(first: int, start: int, end: int, tiles: Tiles, *, is_whole: bool) -> list[Hash]:
    if first == end:
        return [] if is_whole else [_range_root(start, end, tiles)]
    middle = start + _split(end - start)
    if first <= middle:
        return [*_subproof(first, start, middle, tiles, is_whole=is_whole), _range_root(middle, end, tiles)]
    return [*_subproof(first, middle, end, tiles, is_whole=False), _range_root(start, middle, tiles)]


def _split(count: int) -> int:
    """Return the largest power of two below count."""
    return 1 << (count - 1).bit_length() - 1


def _range_root(start: int, end: int, tiles: Tiles) -> Hash:
    """Return the root over leaves ``start`` to ``end``, a range that the tree's own splits lead to."""
    count = end - start
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        level, rest = divmod(height, 8)
        index, offset = divmod(start >> (8 * level), TILE)
        return root_of(tiles(level, index)[offset : offset + (1 << rest)])
    middle = start + _split(count)
    return node_hash(_range_root(start, middle, tiles), _range_root(middle, end, tiles))


def is_included(leaf: Hash, index: int, size: int, path: Sequence[Hash], root: Hash) -> bool:
    """Tell whether the path proves the leaf at this place (§2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for one in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(one, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, one)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(found, root)


def is_consistent(first: int, second: int, first_root: Hash, second_root: Hash, path: Sequence[Hash]) -> bool:
    """Tell whether the path proves that the second tree begins with the first (§2.1.4.2)."""
    if first == second:
        return not path and hmac.compare_digest(first_root, second_root)
    if not 0 < first < second or not path:
        return False
    hashes = [first_root, *path] if first & (first - 1) == 0 else list(path)
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = hashes[0]
    for one in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(one, old), node_hash(one, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, one)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(old, first_root) and hmac.compare_digest(new, second_root)
