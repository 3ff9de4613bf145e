"""Accounts: who can sign in, the human behind each login, and the organizations that human acts for.

An ``account`` (citizen, enterprise, staff) is a login and has exactly one ``natural_person``; a ``membership`` joins it
with an ``organization``. ``service.Accounts`` is the entry point, ``claims`` is for whoever joins these tables in a
statement of its own. Personal data is encrypted and bound to its row; it is found again by keyed digests only; one
human is one row of natural_person.
"""
