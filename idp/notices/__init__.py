"""Notices: short letters to a person that tell of something and lead to a page; none holds a secret, and no link acts
by itself (rule H3).

``Notices.send`` writes a notice into the present transaction, with what it tells of; the worker hands it over
(``jobs.deliver``) at least once. An address stands encrypted, and is shown with a mask. The words are
``templates/notices``; to add a notice, write its template and list it in ``TEMPLATES``.
"""
