"""Matches the events of an export with the leaves of its tree, and tells apart what was changed, removed, inserted and
reordered. An event is known by its hash, whatever place it claims. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from idp.audit.tree import Hash


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was sealed. ``leaf`` is where, None if it is about no single leaf."""

    kind: str
    leaf: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """An event as it stands in the export: the leaf it says it is, its hash, and how to speak of it."""

    leaf: int
    hash: Hash
    name: str


class Matching:
    """Takes tiles and their events in order. Memory grows only with what does not match."""

    def __init__(self) -> None:
        self._missing: dict[Hash, int] = {}
        self._strays: dict[Hash, Claim] = {}
        self._repeated: list[Claim] = []
        self._moved: list[tuple[Claim, int]] = []
        self._last_claim = -1

    def add(self, start: int, hashes: Sequence[Hash], claims: Sequence[Claim], first_leaf: int) -> None:
        """Take leaves and the events beside them; before ``first_leaf`` events may be left out."""
        leaves = list(enumerate(hashes, start))
        if [(claim.leaf, claim.hash) for claim in claims] == leaves and start >= first_leaf:
            self._last_claim = start + len(hashes) - 1
            return
        given = {claim.hash for claim in claims}
        for leaf, one in leaves:
            if leaf >= first_leaf or one in given:
                self._missing[one] = leaf
        for one in [one for one in self._strays if one in self._missing]:
            self._moved.append((self._strays.pop(one), self._missing.pop(one)))
        for claim in claims:
            self._place(claim)

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong, after the last tile."""
        missing = set(self._missing.values())
        for claim in (*self._strays.values(), *self._repeated):
            if claim.leaf in missing:
                missing.remove(claim.leaf)
                yield Finding("changed", claim.leaf, f"leaf {claim.leaf}: {claim.name} is not what was sealed")
            else:
                yield Finding("inserted", claim.leaf, f"leaf {claim.leaf}: {claim.name} was never sealed there")
        for first, last in _runs(sorted((leaf, leaf) for leaf in missing)):
            text = (
                f"leaf {first}: its event is missing"
                if first == last
                else f"leaves {first} to {last}: their events are missing"
            )
            yield Finding("removed", first, text)
        shifts = sorted((sealed_at, claim.leaf) for claim, sealed_at in self._moved)
        for first, last in _runs(shifts):
            text = f"leaf {first} stands" if first == last else f"leaves {first} to {last} stand"
            yield Finding("reordered", first, f"{text} out of the order in which they were sealed")

    def _place(self, claim: Claim) -> None:
        sealed_at = self._missing.pop(claim.hash, None)
        if sealed_at is None:
            # The same event twice: once at its place, or twice at none.
            self._repeated.append(claim) if claim.hash in self._strays else self._strays.update({claim.hash: claim})
            return
        if sealed_at != claim.leaf or claim.leaf < self._last_claim:
            self._moved.append((claim, sealed_at))
        self._last_claim = max(self._last_claim, claim.leaf)


def _runs(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the first and last leaf of each run of leaves that follow one another, moved by the same distance."""
    run: list[int] = []
    distance = 0
    for leaf, stands_at in places:
        if run and (leaf != run[-1] + 1 or stands_at - leaf != distance):
            yield run[0], run[-1]
            run = []
        distance = stands_at - leaf
        run.append(leaf)
    if run:
        yield run[0], run[-1]
