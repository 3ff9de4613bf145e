"""A country's worth of rows on PostgreSQL: accounts, sessions with what hangs on them, and a sealed audit record.

``seeding`` is the command. Rows go in by COPY, with the values the product itself would make: encrypted under the
deployment's keys, found by its blind indexes, sealed into its tree.
"""
