"""The record of what happened. An event is a row inserted in the transaction it records, never queued in memory.

Events are dataclasses in the ``events.py`` of the feature that causes them; they hold identifiers and decisions, never
a secret and never a personal value (those are looked up, with a reason, by whoever may).
"""
