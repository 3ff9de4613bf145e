"""Staff of this service: their powers, what each power may do, and changes that need more than one of them.

``Staff`` in ``service.py`` says who has which power, ``Changes`` in ``changes.py`` keeps what waits for others. Words:
a *power* is what a human is trusted with, a *permission* one thing that a power includes, a *change* what one officer
asks for and others approve. What a change does is not known here: features hand in a ``ChangeKind``.
"""
