"""Announcements on the sign-in pages: what is out of order, or will be, from one time to another.

Words: a *banner* is one sentence in both languages, about signing in as a whole or about one method. ``Banners`` in
``service.py`` is the door. Each process holds those that are not over in memory (decision 0019), so that a page asks
nothing. A banner is text: it is never a link and never markup.
"""
