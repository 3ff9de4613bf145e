"""Where networks are and who runs them, from a table that operators load; nobody outside is asked.

Words: a *range* is one network of the table with its *place* (country, region, position, operator, autonomous
system); a *load* is one version of the whole table. ``Networks`` in ``service.py`` is the door. Exactly one load is in
force, and readers never see half of one.
"""
