"""The record of what happened. An event is a row inserted in the transaction it records, never queued in memory.

Events are dataclasses in the ``events.py`` of the feature that causes them; they hold identifiers and decisions, never
a secret and never a personal value (those are looked up, with a reason, by whoever may).

The record proves itself: the sealer (``sealer``) puts every committed event into a Merkle tree (``tree``) and signs
checkpoints (``notes``); an export (``export``) is verified without us (``verification``), a single event too
(``proofs``). docs/operations/audit.md says what is proven and what is not.
"""
