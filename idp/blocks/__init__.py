"""Block and allow lists: from where nobody may try to sign in, and of which domains no new e-mail address is taken.

Words: an *entry* blocks or allows one *value* of a kind (a network, an operator, a device, a mail domain) until it
expires or is lifted; an allowed value wins over every block. ``Blocks`` in ``service.py`` is the door. Each process
holds the entries in force in memory (decision 0019), so that asking costs no statement. Live sessions and tokens are
never ended from here.
"""
