"""Signing in, from a name and a password to a finished session.

``SignIn`` in ``service.py`` is the entry. Words: a *visit* is a browser with its cookies; a *standing* is what its
person has proved so far; a *step* is what comes next; an *attempt* is a sign-in under way, kept from its first verified
factor on. What the client asked travels in the interaction, what the person proved never leaves the server (rule S1).
"""
