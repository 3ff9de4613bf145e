"""The tree against the published vectors of Certificate Transparency (RFC 6962, the same tree as RFC 9162), and against
the definition of the RFC written down naively.
"""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.audit import tree

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = [
    (
        (0, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        (7, 8),
        [
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    ((2, 3), ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        (1, 5),
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    ((1, 1), []),
    (
        (1, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        (6, 8),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        (2, 5),
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
# Two full tiles and a bit more: 256 is where a level begins.
SIZES = st.one_of(st.integers(1, 40), st.integers(250, 262), st.integers(505, 700))


class Stored:
    """A tree of numbered leaves and the tiles that it was written as."""

    def __init__(self, leaves: Sequence[bytes], *, steps: Sequence[int] = ()) -> None:
        self.leaves = [tree.leaf_hash(leaf) for leaf in leaves]
        self.tree = tree.Tree()
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        start = 0
        for end in (*sorted(steps), len(leaves)):
            self._tiles |= self.tree.append(self.leaves[start:end])
            start = end

    def tiles(self, level: int, index: int) -> list[bytes]:
        return self._tiles.get((level, index), [])


def numbered(size: int) -> list[bytes]:
    return [str(number).encode() for number in range(size)]


def naive_root(hashes: Sequence[bytes]) -> bytes:
    """MTH as RFC 9162 §2.1.1 writes it."""
    if len(hashes) < 2:
        return hashes[0] if hashes else tree.EMPTY_ROOT
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return tree.node_hash(naive_root(hashes[:split]), naive_root(hashes[split:]))


def flipped(value: bytes, bit: int) -> bytes:
    place, shift = divmod(bit % (len(value) * 8), 8)
    return value[:place] + bytes([value[place] ^ 1 << shift]) + value[place + 1 :]


def test_roots_are_those_of_the_published_vectors():
    """RFC 9162 §2.1.1; the vectors of the Certificate Transparency reference implementations."""
    assert tree.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for size, root in enumerate(ROOTS, start=1):
        assert Stored(INPUTS[:size]).tree.root().hex() == root


@pytest.mark.parametrize(("place", "path"), PATHS)
def test_inclusion_paths_are_those_of_the_published_vectors(place: tuple[int, int], path: list[str]):
    """RFC 9162 §2.1.3."""
    index, size = place
    stored = Stored(INPUTS)
    found = tree.inclusion_path(index, size, stored.tiles)
    assert [one.hex() for one in found] == path
    assert tree.is_included(stored.leaves[index], index, size, found, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("sizes", "path"), CONSISTENCY)
def test_consistency_paths_are_those_of_the_published_vectors(sizes: tuple[int, int], path: list[str]):
    """RFC 9162 §2.1.4."""
    first, second = sizes
    found = tree.consistency_path(first, second, Stored(INPUTS).tiles)
    assert [one.hex() for one in found] == path
    assert tree.is_consistent(first, second, bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[second - 1]), found)


@given(size=SIZES, data=st.data())
def test_root_does_not_depend_on_how_the_leaves_came(size: int, data: st.DataObject):
    steps = data.draw(st.lists(st.integers(0, size), max_size=4))
    stored = Stored(numbered(size), steps=steps)
    assert stored.tree.size == size
    assert stored.tree.root() == naive_root(stored.leaves)
    earlier = data.draw(st.integers(0, size))
    assert tree.Tree(tree.edge_at(earlier, stored.tiles)).root() == naive_root(stored.leaves[:earlier])


@given(size=SIZES, data=st.data())
def test_every_leaf_is_proven_and_no_other(size: int, data: st.DataObject):
    stored = Stored(numbered(size))
    index = data.draw(st.integers(0, size - 1))
    leaf, root = stored.leaves[index], stored.tree.root()
    path = tree.inclusion_path(index, size, stored.tiles)
    bit = data.draw(st.integers(0, 255))
    assert tree.is_included(leaf, index, size, path, root)
    assert not tree.is_included(flipped(leaf, bit), index, size, path, root)
    assert not tree.is_included(leaf, index, size, path, flipped(root, bit))
    assert not tree.is_included(leaf, index, size, [*path, leaf], root)
    for wrong in {index - 1, index + 1, size} - {index}:
        assert not tree.is_included(leaf, wrong, size, path, root)
    for place in range(len(path)):
        assert not tree.is_included(
            leaf, index, size, [*path[:place], flipped(path[place], bit), *path[place + 1 :]], root
        )
        assert not tree.is_included(leaf, index, size, [*path[:place], *path[place + 1 :]], root)


@given(size=SIZES, data=st.data())
def test_every_growth_is_proven_and_no_other(size: int, data: st.DataObject):
    stored = Stored(numbered(size))
    first = data.draw(st.integers(1, size))
    old, new = naive_root(stored.leaves[:first]), stored.tree.root()
    path = tree.consistency_path(first, size, stored.tiles)
    bit = data.draw(st.integers(0, 255))
    assert tree.is_consistent(first, size, old, new, path)
    assert not tree.is_consistent(first, size, flipped(old, bit), new, path)
    assert not tree.is_consistent(first, size, old, flipped(new, bit), path)
    for place in range(len(path)):
        mutated = [*path[:place], flipped(path[place], bit), *path[place + 1 :]]
        assert not tree.is_consistent(first, size, old, new, mutated)
        assert not tree.is_consistent(first, size, old, new, [*path[:place], *path[place + 1 :]])


@given(size=st.integers(2, 300), data=st.data())
def test_a_rewritten_past_is_not_consistent(size: int, data: st.DataObject):
    leaves = numbered(size)
    first = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, first - 1))
    forged = Stored([*leaves[:changed], b"forged", *leaves[changed + 1 :]])
    old = naive_root([tree.leaf_hash(leaf) for leaf in leaves[:first]])
    path = tree.consistency_path(first, size, forged.tiles)
    assert not tree.is_consistent(first, size, old, forged.tree.root(), path)
