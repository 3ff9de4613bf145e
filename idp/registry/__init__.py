"""The register of clients: who may ask for sign-ins, where their people are sent back, and under which policy.

A ``client`` is the party and its state (active, suspended, ``not_before``); a ``client_version`` is its reviewed
content, of which at most one is published. ``Registry.get`` gives the published ``Client`` value from a cache that
every node trusts for at most a second.
"""
