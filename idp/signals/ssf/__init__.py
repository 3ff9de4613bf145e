"""The OpenID Shared Signals transmitter (SSF 1.0): a receiver's stream of security events, by push or poll.

A stream belongs to one client. Its events are rows of the outbox in a lane of its own, written by the transaction that
made them true, so they are durable, in order, and a receiver that hangs delays nobody else. ``Streams`` is what
receivers manage, ``Announcer`` turns what happens here into events, ``Push`` and ``Poll`` hand them over.
"""
