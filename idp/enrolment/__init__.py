"""What a signed-in person changes about their own means of sign-in: the password, authenticator apps, recovery codes.

``Enrolment`` in ``service.py`` is the entry. Every change wants a recent sign-in with all that the account can prove,
and ends every sign-in that is under way elsewhere.
"""
