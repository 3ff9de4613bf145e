"""Sessions and what hangs on them.

An ``op_session`` is a browser's finished login (its cookie holds a random value, the row its digest). A
``client_session`` is one site's part of it, with a ``sid`` of its own. An ``authorization_grant`` is what tokens hang
on. A ``device`` is a browser that has signed an account in before. There is one way out for all of them:
``Sessions.terminate``.
"""
