"""What departments are told when something ends: logout tokens, their delivery, and the ledger that people read.

Messages wait in the outbox, written by the transaction that made them true. A worker delivers them (``jobs``); this
package knows what a message says, whom it is for, and whether deliveries are under way at all (heartbeat and
readiness).
"""
